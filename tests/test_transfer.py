"Versions on their way from one repo to another: what arrives, what is refused, and what a broken journey leaves"
import subprocess, sys, threading
from hard import *
import dvnb.transfer
from dvnb.catalog import Catalog
from dvnb.objects import LocalObjects, StoreError
from dvnb.readcache import CachedObjects
from dvnb.transfer import CopyError
from test_concurrency import processes
from test_s3 import bucket, server

@pytest.fixture
def src(tmp_path): return Repo.init(tmp_path/'src')

@pytest.fixture
def to(tmp_path): return Repo.init(tmp_path/'to')

def grow(repo, folder, n=3, name='d'):
    "`n` versions of a folder with small files, a large one, a link and an empty folder; pictures of them"
    rnd, made = random.Random(7), {}
    fill(folder, {'big': rnd.randbytes(WHOLE*6), 'sub/same': 'x'*5000, 'none': None})
    if not (folder/'link').is_symlink(): os.symlink('sub/same', folder/'link')
    for i in range(n):
        fill(folder, {f'sub/{i}': rnd.randbytes(4000), 'a': f'{i}'*300})
        with open(folder/'big', 'ab') as f: f.write(rnd.randbytes(70_000))
        made[repo.snapshot(folder, name, message=f'step {i}').ref] = picture(folder)
    return made

def records(repo): return {v.ref: {k: o for k, o in v.record.items() if k != 'copied'} for v in repo.log()}

def n_stored(repo): return sum(o.size for o in repo.store.objs.list('packs'))

@pytest.mark.parametrize('way', ['local', 'memory', 's3'])
def test_there_and_back(src, tmp_path, request, way):
    url = {'local': lambda: tmp_path/'to', 'memory': lambda: f'memory://{tmp_path.name}', 's3': lambda: request.getfixturevalue('bucket')}[way]()
    made = grow(src, tmp_path/'d')
    src.tag('d:1.0.0', 'paper')
    src.yank('d:2.0.0', 'two files were swapped')
    src.policy('d', append='minor')
    to = Repo.init(url)
    got = src.copy('d', to)
    assert [v.ref for v in got] == [*made] and got.moved > 0
    assert records(again(to)) == records(src)
    is_sound(to.url, made, tmp_path)
    v = again(to).load('d:2.0.0')
    assert v.yanked and to.catalog.read_mark(v, 'yanked') == src.catalog.read_mark(v, 'yanked')
    assert again(to).load('d@paper').ref == 'd:1.0.0' and again(to).policy_of('d').append == 'minor'
    assert not to.store.objs.list('derived')
    once = src.copy('d', to)
    assert not once and once.moved == 0 and [v.ref for v in once.held] == [*made]
    back = Repo.init(tmp_path/'back')
    again(to).copy('d', str(back.url))
    assert records(back) == records(src) and [v.record['copied'] for v in back.log()] == [v.record['copied'] for v in again(to).log()]
    is_sound(back.url, made, tmp_path)

def test_what_a_reference_means(src, to, tmp_path):
    made = grow(src, tmp_path/'d', 4)
    for c in 'small', 'large': src.snapshot(fill(tmp_path/c, {'f': c}), f'digits/{c}')
    refs = [*made]
    def fresh(refs):
        r = Repo.init(tmp_path/os.urandom(4).hex())
        return sorted(v.ref for v in src.copy(refs, r))
    assert fresh('d:2.0.0') == ['d:2.0.0'] and fresh('d:latest') == [refs[-1]]
    assert fresh('d:*.0.0') == refs and fresh('d:3.*.*') == ['d:3.0.0']
    assert fresh(['d:1.0.0', 'digits']) == ['d:1.0.0', 'digits/large:1.0.0', 'digits/small:1.0.0']
    assert fresh(src.load('d:2.0.0')) == ['d:2.0.0'] and fresh(src.log()) == sorted([*refs, 'digits/large:1.0.0', 'digits/small:1.0.0'])
    refuses(lambda: fresh('nothing'), 'no dataset nothing')
    refuses(lambda: fresh('d:9.*.*'), 'd:9.*.*')
    refuses(lambda: fresh('d:1.0.1'), 'there are')

def test_a_version_without_its_parent_does_not_name_it(src, to, tmp_path):
    made = grow(src, tmp_path/'d')
    v, = src.copy('d:2.0.0', to)
    old = src.load('d:2.0.0')
    assert (v.parent, v.base) == (None, None)
    assert v.copied == dict(repo=src.store.id, ref='d:2.0.0', parent='d:1.0.0', parent_digest=src.load('d:1.0.0').digest)
    assert (v.level, v.reasons, v.digest) == (old.level, old.reasons, old.digest) and 'd:1.0.0 is not there' in v.notes[0]
    src.copy('d:3.0.0', to)
    assert to.load('d:3.0.0').parent == 'd:2.0.0'
    src.copy('d:1.0.0', to)
    is_sound(to.url, made, tmp_path)

def test_another_name(src, to, tmp_path):
    made = grow(src, tmp_path/'d')
    src.tag('d:1.0.0', 'paper')
    got = src.copy('d', to, name='Garden/big')
    assert [v.ref for v in got] == ['garden/big:1.0.0', 'garden/big:2.0.0', 'garden/big:3.0.0']
    assert [v.parent for v in got] == [None, 'garden/big:1.0.0', 'garden/big:2.0.0'] and got[0].copied['ref'] == 'd:1.0.0'
    is_sound(to.url, {r.replace('d:', 'garden/big:'): p for r, p in made.items()}, tmp_path)
    stored = n_stored(src)
    src.copy('d', src.url, name='e')
    assert n_stored(src) == stored and src.load('e@paper').digest == src.load('d:1.0.0').digest
    refuses(lambda: src.copy('d', src.url), 'name=')
    refuses(lambda: src.copy(['d', 'e'], to, name='f'), 'one dataset')
    refuses(lambda: src.copy('d', to, name='f:1.0.0'), 'names a version')

def test_other_content_under_one_number_is_refused(src, to, tmp_path):
    grow(src, tmp_path/'d')
    mine = to.snapshot(fill(tmp_path/'e', {'f': 'mine'}), 'd')
    was = [(o.key, o.size) for o in to.store.objs.list('')]
    for ref in 'd', 'd:3.0.0':
        refuses(lambda: src.copy(ref, to), mine.digest[:12], src.load('d:1.0.0').digest[:12], error=CopyError)
    assert [(o.key, o.size) for o in to.store.objs.list('')] == was

def test_versions_made_on_both_sides_keep_their_promises_to_each_other(src, tmp_path, to):
    d = fill(tmp_path/'d', {'t.csv': 'a\n1\n2\n'})
    src.snapshot(d, 'd')
    src.copy('d', to)
    to.snapshot(fill(tmp_path/'d', {'readme.md': 'x'}), 'd')
    (d/'readme.md').unlink()
    src.snapshot(fill(d, {'t.csv': 'a,b\n1,1\n2,1\n'}), 'd')
    assert [v.ref for v in to.log('d')] == ['d:1.0.1', 'd:1.0.0'] and src.load('d').ref == 'd:1.1.0'
    assert [v.ref for v in src.copy('d', to)] == ['d:1.1.0']
    other = Repo.init(tmp_path/'other')
    src.copy('d:1.0.0', other)
    fill(d, {'t.csv': 'a\n1\n7\n'})
    other.snapshot(d, 'd', version='1.0.5', force='small')
    refuses(lambda: src.copy('d', other), 'd:1.0.5', 'd:1.1.0', 'MAJOR', error=CopyError)
    assert len(other.log()) == 2

def test_what_was_forgotten_stays_so(src, to, tmp_path):
    grow(src, tmp_path/'d')
    src.forget('d:1.0.0')
    assert [v.ref for v in src.copy('d', to)] == ['d:2.0.0', 'd:3.0.0']
    to.forget('d:2.0.0')
    out = again(src).copy('d', again(to))
    assert not out and 'd:2.0.0 was forgotten there' in out.notes[0]
    assert [v.ref for v in to.log()] == ['d:3.0.0']

def test_what_is_decided_there_stays(src, to, tmp_path):
    grow(src, tmp_path/'d')
    src.copy('d', to)
    src.tag('d:1.0.0', 'prod')
    src.policy('d', append='minor')
    to.tag('d:2.0.0', 'prod')
    to.policy('d', order='ignore')
    notes = src.copy('d', to).notes
    assert '@prod is d:2.0.0 there, and stays so' in notes and 'policy of d is another there, and stays so' in notes
    assert to.load('d@prod').ref == 'd:2.0.0' and to.policy_of('d').append is None

def test_later_marks_follow(src, to, tmp_path):
    grow(src, tmp_path/'d')
    src.copy('d', to)
    src.yank('d:1.0.0', 'bad')
    src.copy('d', to)
    assert to.load('d:1.0.0').yanked

def test_chunks_that_are_there_are_not_moved(src, to, tmp_path):
    made = grow(src, tmp_path/'d')
    to.snapshot(tmp_path/'d', 'mine')
    was = n_stored(to)
    assert src.copy('d:3.0.0', to).moved < 2000
    assert src.copy('d', to).moved < .2*n_stored(src)
    is_sound(to.url, made, tmp_path)

def test_stored_bytes_are_moved_as_they_are(src, to, tmp_path):
    "Compressed once, not again: of equal length on both sides"
    src.snapshot(fill(tmp_path/'d', {'t': 'one two three '*20_000, 'r': os.urandom(3000)}), 'd')
    src.copy('d', to)
    def frames(r):
        idx = r.store.load()
        return sorted(zip(as_names(idx.rows['digest']), idx.rows['stored'].tolist(), idx.rows['codec'].tolist()))
    assert frames(src) == frames(to)

def test_each_part_of_a_pack_is_read_once(src, to, tmp_path, monkeypatch):
    rnd = random.Random(3)
    for i in range(4): src.snapshot(fill(tmp_path/'d', {f'{i}/{k}': rnd.randbytes(30_000) for k in range(300)}), 'd')
    reads, real = [], LocalObjects.read
    def read(self, key, offset=0, size=None):
        if key.startswith('packs/') and str(self.root) == src.url and size and size > 100_000: reads.append((key, offset, size))
        return real(self, key, offset, size)
    monkeypatch.setattr(LocalObjects, 'read', read)
    src.copy('d', to)
    spans = sorted(reads)
    assert all(a[0] != b[0] or a[1]+a[2] <= b[1] for a, b in zip(spans, spans[1:]))
    assert sum(s for *_, s in reads) <= n_stored(src) and max(s for *_, s in reads) < 10 << 20

# What a network, a disk or a person does to it

class Broken(Exception): pass

def breaking(monkeypatch, error, nth, root):
    "Let the `nth` write below `root` fail; the count of writes"
    real, calls = LocalObjects.put, []
    def put(self, key, data, replace=False):
        if str(self.root) == root:
            calls.append(key)
            if len(calls) == nth: raise error
        return real(self, key, data, replace)
    monkeypatch.setattr(LocalObjects, 'put', put)
    return calls

@pytest.mark.parametrize('error', [KeyboardInterrupt(), StoreError('disk full')], ids=['interrupt', 'full'])
def test_a_copy_broken_off_at_any_write_is_finished_by_the_next(src, tmp_path, error, monkeypatch):
    monkeypatch.setattr(dvnb.pack, 'PACK_SIZE', 1 << 18)
    made = grow(src, tmp_path/'d')
    src.tag('d:1.0.0', 'paper')
    src.yank('d:2.0.0', 'bad')
    for nth in range(1, 60):
        to = Repo.init(tmp_path/f'to{nth}')
        with monkeypatch.context() as m:
            calls = breaking(m, error, nth, to.url)
            try: src.copy('d', to)
            except (KeyboardInterrupt, StoreError): pass
        report = again(to).check(read_data=True)
        assert report.ok, (nth, report)
        assert {v.ref for v in again(to).log()} <= {*made}
        src.copy('d', again(to))
        assert records(again(to)) == records(src) and again(to).load('d@paper').ref == 'd:1.0.0' and again(to).load('d:2.0.0').yanked
        if nth > len(calls): break
    else: assert False, 'it never came to an end'
    is_sound(to.url, made, tmp_path)
    assert nth > 10

def test_what_was_moved_is_not_moved_again(src, to, tmp_path, monkeypatch):
    monkeypatch.setattr(dvnb.pack, 'PACK_SIZE', 1 << 18)
    grow(src, tmp_path/'d', 1)
    with monkeypatch.context() as m:
        breaking(m, KeyboardInterrupt(), 5, to.url)
        with pytest.raises(KeyboardInterrupt): src.copy('d', to)
    kept = n_stored(again(to))
    assert kept > 1 << 18
    assert src.copy('d', again(to)).moved <= n_stored(src)-kept*.9

def test_kill_minus_nine(src, tmp_path):
    made = grow(src, tmp_path/'d')
    code = 'import sys, dvnb.transfer\nfrom dvnb.repo import Repo\nimport dvnb.pack\ndvnb.pack.PACK_SIZE = 1<<18\nprint("on", flush=True)\nRepo(sys.argv[1]).copy("d", sys.argv[2])'
    to = Repo.init(tmp_path/'to')
    for wait in 0, .01, .02, .03, .05, .08:
        p = subprocess.Popen([sys.executable, '-c', code, src.url, to.url], stdout=subprocess.PIPE, cwd=root)
        p.stdout.readline()
        try: p.wait(wait)
        except subprocess.TimeoutExpired: p.kill()
        p.wait()
        assert again(to).check(read_data=True).ok
    again(src).copy('d', again(to))
    assert records(again(to)) == records(src)
    is_sound(to.url, made, tmp_path)

def test_a_damaged_chunk_costs_only_the_versions_that_need_it(src, to, tmp_path):
    made = grow(src, tmp_path/'d')
    damage(src, row(src.load('d:2.0.0'), 'a').digest)
    text = refuses(lambda: again(src).copy('d', to), 'd:2.0.0', 'damaged', 'check', error=StoreError)
    assert 'd:3.0.0' not in text
    assert {v.ref for v in again(to).log()} == {'d:1.0.0', 'd:3.0.0'}
    assert to.load('d:3.0.0').parent is None
    is_sound(to.url, {r: made[r] for r in ('d:1.0.0', 'd:3.0.0')}, tmp_path)

def test_a_record_that_names_another_manifest_is_not_copied(src, to, tmp_path):
    grow(src, tmp_path/'d')
    v, w = src.load('d:1.0.0'), src.load('d:2.0.0')
    src.catalog.add({**v.record, 'name': 'e', 'root': w.root, 'parent': None})
    refuses(lambda: again(src).copy('e', to), 'is not what its record says', error=CopyError)
    assert not again(to).log()

def test_a_collector_at_work_there(src, to, tmp_path, monkeypatch):
    made, real, left = grow(src, tmp_path/'d'), Store.flush, [2]
    def flush(self):
        real(self)
        if self.url == to.url and left[0]:
            left[0] -= 1
            again(to).gc(grace=at_once)
            again(to).gc(grace=at_once)
    monkeypatch.setattr(Store, 'flush', flush)
    src.copy('d', to)
    is_sound(to.url, made, tmp_path)

def test_copiers_at_once(src, to, tmp_path):
    made = grow(src, tmp_path/'d')
    said = processes(3, 'import dvnb.transfer\nprint(*[v.ref for v in Repo(args[0]).copy("d", args[1])])', src.url, to.url)
    assert {r for o in said for r in o} == {*made}
    assert records(again(to)) == records(src)
    is_sound(to.url, made, tmp_path)

def test_no_repo_there(src, tmp_path):
    grow(src, tmp_path/'d', 1)
    refuses(lambda: src.copy('d', tmp_path/'nowhere'), 'no dvnb repo', error=StoreError)
    assert not (tmp_path/'nowhere').exists()

def test_a_stranger_of_the_same_name_is_not_taken_for_ours(src, to, tmp_path):
    grow(src, tmp_path/'d', 1)
    v = to.snapshot(fill(tmp_path/'e', {'f': 'x'}), 'd')
    refuses(lambda: src.copy(v, Repo.init(tmp_path/'third')), 'another repo', error=CopyError)

def test_frames_of_equal_values_are_one_version(src, to, tmp_path):
    import pandas as pd
    df = pd.DataFrame({'x': [1, 2, 3]})
    src.snapshot(df, 't')
    src.snapshot(df.assign(x=[1, 2, 4]), 't')
    to.snapshot(df, 't')
    assert [v.ref for v in src.copy('t', to)] == ['t:2.0.0']
    assert to.read('t')['x'].tolist() == [1, 2, 4]
