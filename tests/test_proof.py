"Promises that are proved again: what is kept, broken, forced, withdrawn, forgotten or damaged, and an audit that is stopped"
import pandas as pd, pytest
from hard import *
import dvnb.proof
from dvnb.catalog import dump_record, load_record, record_key
from dvnb.objects import LocalObjects
from dvnb.ref import RefError, VersionNotFound
from dvnb.policies import Policy
from dvnb.verdict import Level

df = pd.DataFrame({'id': range(40), 'x': [o*.5 for o in range(40)]})
def put(df, row, x): return df.assign(x=[x if i == row else o for i, o in enumerate(df.x)])
def csv(df): return {'t.csv': df.to_csv(index=False)}

@pytest.fixture
def history(repo, tmp_path):
    "1.0.0, 1.1.0 (a column), 1.1.1 (forced), 2.0.0 (a row less), 2.0.1 (a readme)"
    src = tmp_path/'d'
    def take(df, **kw): return repo.snapshot(fill(src, csv(df)), **kw)
    take(df), take(df.assign(a=1)), take(put(df.assign(a=1), 7, 9.), bump='patch', force='only a typo'), take(put(df.assign(a=1), 7, 9.)[1:])
    repo.snapshot(fill(src, {'README': 'x'}))
    assert [v.ref for v in repo.log('d')][::-1] == ['d:1.0.0', 'd:1.1.0', 'd:1.1.1', 'd:2.0.0', 'd:2.0.1']
    return repo

@pytest.mark.parametrize('old,new,promised,found,kept', [('1.0.0', '1.1.0', 'MINOR', 'MINOR', True), ('1.0.0', '1.1.1', 'MINOR', 'MAJOR', False), ('1.1.0', '1.1.1', 'PATCH', 'MAJOR', False),
    ('1.1.1', '2.0.0', 'MAJOR', 'MAJOR', True), ('2.0.0', '2.0.1', 'PATCH', 'PATCH', True), ('1.0.0', '2.0.1', 'MAJOR', 'MAJOR', True), ('1.0.0', '1.0.0', 'NONE', 'NONE', True)])
def test_any_two_versions(history, old, new, promised, found, kept):
    p = again(history).promise(f'd:{old}', f'd:{new}')
    assert (str(p.promised), str(p.found), p.kept, bool(p)) == (promised, found, kept, kept)
    assert f'd:{old} -> {new} promises {promised}' in str(p) and ('kept' in str(p)) == kept
    if not kept: assert 'x differs in 1 of 40 rows (id 7: 3.5 -> 9.0)' in str(p) and p.forced == 'only a typo' and 'only a typo' in str(p) and str(p.honest) == '2.0.0'
    assert p.diff().level == p.found

def test_what_cannot_be_promised(history):
    history.snapshot(df, 'other')
    refuses(lambda: history.promise('d:1.0.0', 'other'), 'd:1.0.0 and other:1.0.0 are of two datasets', error=RefError)
    refuses(lambda: history.promise('d', 'd:1.0.0'), 'd:2.0.1 comes after d:1.0.0', "dv.promise('d:1.0.0', 'd:2.0.1')", error=RefError)
    refuses(lambda: history.promise('d:1.0.0', 'd:9'), 'no version matches', error=VersionNotFound)
    refuses(lambda: history.audit('e'), 'no dataset e', error=VersionNotFound)

def test_an_audit(history):
    a = again(history).audit('d')
    assert [(p.old.ref, p.new.ref, p.state()) for p in a][::-1] == [('d:1.0.0', 'd:1.1.0', 'kept'), ('d:1.1.0', 'd:1.1.1', 'forced'), ('d:1.1.1', 'd:2.0.0', 'kept'), ('d:2.0.0', 'd:2.0.1', 'kept')]
    assert a.ok and not a.broken and len(a.forced) == 1 and 'only a typo' in str(a) and str(a).startswith('d: 4 steps proved, 1 forced') and [v.ref for v in a.first] == ['d:1.0.0']
    assert a.to_pandas().state.tolist() == ['kept', 'kept', 'forced', 'kept'] and a.to_pandas().forced.tolist()[2] == 'only a typo'
    page = a.to_html()
    assert 'only a typo' in page and page.count('<tr>') == 5 and 'only a typo' in a.forced[0].to_html() and '<script' not in page

def rewrite(repo, v, **changes):
    "A record as a careless hand, or an older judge, would have left it"
    file = Path(repo.url)/record_key(v.dataset, v.version)
    file.write_bytes(dump_record(load_record(file.read_bytes(), '') | changes))

def test_a_broken_promise(history):
    rewrite(history, history.load('d:1.1.1'), forced='', level='PATCH', reasons=[])
    a = again(history).audit('d')
    assert not a.ok and [p.new.ref for p in a.broken] == ['d:1.1.1'] and '1 broken' in a.headline() and 'id 7: 3.5 -> 9.0' in str(a)
    assert again(history).promise('d:1.1.0', 'd:1.1.1').state() == 'broken'

def test_each_step_is_judged_by_its_own_policy(repo):
    repo.policy('d', append='minor')
    repo.snapshot(df, 'd'), repo.snapshot(pd.concat([df, df[:3].assign(id=[90, 91, 92])], ignore_index=True), 'd')
    repo.policy('d', append='major')
    repo.snapshot(pd.concat([df, df[:9].assign(id=range(90, 99))], ignore_index=True), 'd')
    a = repo.audit('d')
    assert a.ok and [p.found for p in a] == [Level.MAJOR, Level.MINOR] and a[1].policy == Policy(append='minor') and "append='minor'" in str(a[1])
    rewrite(repo, repo.load('d:1.1.0'), policy={})
    assert not again(repo).audit('d').ok

def test_withdrawn_and_experimental_versions_have_their_own_step(repo):
    one, two, three = repo.snapshot(df, 'd'), repo.snapshot(df.assign(a=1), 'd', experimental=True), repo.snapshot(df.assign(b=1), 'd')
    four = repo.snapshot(df.assign(b=1, c=1), 'd')
    repo.yank(four, 'c was wrong')
    five = repo.snapshot(df.assign(b=1, d=1), 'd')
    a = repo.audit('d')
    assert a.ok and [(p.old, p.new) for p in a][::-1] == [(one, two), (one, three), (three, four), (three, five)]

def test_forgotten_versions_are_left_out_and_said(history):
    history.forget('d:1.1.0')
    a = again(history).audit('d')
    assert a.forgotten == ['d:1.1.0'] and '1 forgotten version left out' in a.headline() and [(p.old.ref, p.new.ref) for p in a][-1] == ('d:1.0.0', 'd:1.1.1')

def test_damaged_data_spoil_their_own_step(repo, tmp_path):
    noise = [random.Random(i).randbytes(3000) for i in range(3)]
    vs = [repo.snapshot(fill(tmp_path/'d', {'a.bin': o, 'README': str(i)})) for i, o in enumerate([noise[0], noise[0], noise[1]])]
    vs.append(repo.snapshot(fill(tmp_path/'d', {'t.csv': 'a\n1\n'})))
    vs.append(repo.snapshot(fill(tmp_path/'d', {'t.csv': 'a\n2\n'})))
    damage(repo, bytes.fromhex(vs[4].root))
    a = again(repo).audit('d')
    assert [p.state() for p in a] == ['unread', 'kept', 'kept', 'kept'] and not a.ok and a.unread[0].error and 'not known' in str(a.unread[0]) and '1 could not be read' in str(a)
    assert 'unread' in a.to_html() and a.unread[0].to_html() and a.to_pandas().found[0] == ''

def test_every_config_of_a_name(repo):
    for c in 'x', 'y': repo.snapshot(df, f'd/{c}'), repo.snapshot(df.assign(**{f'new_{c}': 1}), f'd/{c}')
    assert {p.new.ref for p in repo.audit('d')} == {'d/x:1.1.0', 'd/y:1.1.0'} and len(repo.audit('d/x')) == 1

def test_one_version_has_nothing_to_prove(repo):
    repo.snapshot(df, 'd')
    a = repo.audit('d')
    assert a.ok and not a and 'every promise is kept' in str(a) and a.to_html() and len(a.to_pandas()) == 0

def test_an_audit_that_is_stopped_goes_on_where_it_was(history, monkeypatch):
    repo, done, was = again(history), [], Repo._prove
    def prove(self, a, b, first=None):
        if len(done) == 2: raise KeyboardInterrupt
        done.append(b.ref)
        return was(self, a, b, first)
    monkeypatch.setattr(Repo, '_prove', prove)
    with pytest.raises(KeyboardInterrupt): repo.audit('d')
    more = []
    monkeypatch.setattr(Repo, '_prove', lambda self, a, b, first=None: (more.append(b.ref), was(self, a, b, first))[1])
    assert len(repo.audit('d')) == 4 and done == ['d:1.1.0', 'd:1.1.1'] and more == ['d:2.0.0', 'd:2.0.1']
    assert repo.check(read_data=True).ok

def test_a_drift_within_the_tolerance_of_each_step(repo):
    repo.policy('d', atol=.1)
    for i in range(2): repo.snapshot(put(df, 3, 1.5+.08*i), 'd')
    v = repo.snapshot(put(df, 3, 1.5+.16), 'd', bump='patch', force='a test')
    assert [p.state() for p in repo.audit('d')] == ['forced', 'kept'] and 'since d:1.0.0' in str(repo.audit('d'))
    assert repo.promise('d:1.0.1', v).kept and not repo.promise('d:1.0.0', v).kept

profiled = dict(recompressed=lambda df: df, column=lambda df: df.assign(n=1), removed=lambda df: df[['id', 'x']], renamed=lambda df: df.rename(columns={'x': 'width'}), shuffled=lambda df: df.sample(frac=1, random_state=0))

@pytest.mark.parametrize('what', profiled)
def test_a_verdict_where_profiles_are_there_reads_no_data(repo, tmp_path, monkeypatch, what):
    df = pd.DataFrame({'id': range(400_000), **{k: np.random.default_rng(i).normal(size=400_000) for i, k in enumerate('xyzuvw')}})
    sizes, read = [], []
    for o, how in (df, 'snappy'), (profiled[what](df), 'zstd'):
        o.to_parquet(tmp_path/'t.parquet', compression=how, index=False)
        sizes.append((tmp_path/'t.parquet').stat().st_size)
        v = repo.snapshot(tmp_path/'t.parquet', 't')
    was = LocalObjects.read
    def seen(self, key, *a, **kw):
        data = was(self, key, *a, **kw)
        if key.startswith('packs'): read.append(len(data))
        return data
    monkeypatch.setattr(LocalObjects, 'read', seen)
    p = again(repo).promise('t:1.0.0', v)
    assert p.kept and str(p.found) == dict(recompressed='PATCH', column='MINOR').get(what, 'MAJOR')
    assert sum(read) < sum(sizes)/20, (sum(read), sizes)

def test_in_a_bucket(tmp_path):
    repo = Repo.init(f'memory://{tmp_path.name}')
    repo.snapshot(df, 'd'), repo.snapshot(df.assign(a=1), 'd')
    assert again(repo).audit('d').ok and again(repo).promise('d:1.0.0', 'd').kept
