"Every rule of references and versions as a case, beside what TensorFlow Datasets does where it is installed"
import itertools
from datetime import datetime, timezone
import pandas as pd, pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from hard import *
import dvnb.proof
from dvnb.catalog import Catalog, dump_record, record_key
from dvnb.objects import objects
from dvnb.ref import ConfigNotFound, Ref, RefError, Version, VersionNotFound, dataset_name, near

quick = settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))

@pytest.fixture(scope='module')
def tfds(): return pytest.importorskip('tensorflow_datasets')

@pytest.fixture(scope='module')
def parse(tfds):
    "What TFDS reads in a reference"
    def parse(text):
        name, kwargs = tfds.core.naming.parse_builder_name_kwargs(text)
        return str(name), kwargs
    return parse

# Grammar

@pytest.mark.parametrize('text,normal', [('3', '3.*.*'), ('3.1', '3.1.*'), ('3.*', '3.*.*'), ('*', '*.*.*'), ('1.2.3', '1.2.3'), ('*.1.*', '*.1.*')])
def test_G1_fewer_parts_are_a_pattern(text, normal):
    assert str(Version(text)) == normal and str(Ref.parse(f'ds:{text}')) == f'ds:{normal}'

bad_versions = ['01.0.0', '-1.0.0', 'v1.0.0', '1.0.0 ', ' 1.0.0', '1.0.0-rc1', '1.0.0+b', '', '1..0', '1.0.0.0', '+1.0.0', '1,0,0', '1.0.0*', '**']
@pytest.mark.parametrize('text', bad_versions)
def test_G2_one_error_at_parse(text):
    for f in (lambda: Version(text)), (lambda: Ref('ds', version=text)), (lambda: Ref.parse(f'ds:{text}')): refuses(f, error=RefError)

@pytest.mark.parametrize('text', ['1.0.0\n', '٣.0.0', '1.0.٣', '１.0.0', '1.0.0\r', '1.0.0\0'])
def test_G3_ascii_and_the_whole_string(text):
    refuses(lambda: Version(text), error=RefError)
    refuses(lambda: Ref.parse(f'ds:{text}'), error=RefError)

@pytest.mark.parametrize('text', ['ds\n', 'ds\n:1.0.0', 'ds:1.0.0\n', '\nds', 'ds/c\n'])
def test_G3_no_line_ends(text): refuses(lambda: Ref.parse(text), error=RefError)

def test_G4_numbers_of_any_size():
    big = '999999999999999999999.0.0'
    assert str(Version(big)) == big and Version(big) > '1.0.0' and str(Ref.parse(f'ds:{big}')) == f'ds:{big}'

@pytest.mark.parametrize('text,name', [('MyDs', 'my_ds'), ('myDs', 'my_ds'), ('DS', 'ds'), ('my_ds', 'my_ds'), ('MNIST', 'mnist'), ('Cifar10', 'cifar10'), ('TFDSLike', 'tfds_like')])
def test_G5_one_name_at_every_entrance(text, name, repo):
    assert dataset_name(text) == Ref.parse(text).name == Ref(text).name == Ref.parse(f'{text}/c:1.0.0').name == name
    v = repo.snapshot(pd.DataFrame({'a': [1]}), text)
    assert v.ref == f'{name}:1.0.0' == repo.load(text).ref and not repo.snapshot(pd.DataFrame({'a': [1]}), name).is_new
    assert repo.policy(text, append='minor') == repo.policy(name) and repo.log(text) == repo.log(name) and repo.audit(text).name

def test_G5_a_folder_whose_name_is_taken_is_refused(repo, tmp_path):
    one, two = fill(tmp_path/'my_ds', {'a.csv': 'a\n1\n'}), fill(tmp_path/'x'/'MyDs', {'a.csv': 'a\n2\n'})
    repo.snapshot(one)
    refuses(lambda: repo.snapshot(two), 'MyDs makes the name my_ds', str(one), "dv.snapshot(", "'NAME')", error=RefError)
    assert repo.snapshot(two, 'other').ref == 'other:1.0.0' and len(repo.log('my_ds')) == 1

bad_names = ['1ds', '_ds', 'my-ds', '한글', '', 'ds /c', 'a:b:c', 'ds/c/d:1.0.0', 'ds:1.0.0:2.0.0', '/c', 'ds:', 'ds@', 'ds//1.0.0', 'ds c', 'a'*201]
@pytest.mark.parametrize('text', bad_names)
def test_G6_bad_names(text): refuses(lambda: Ref.parse(text), error=RefError)

@pytest.mark.parametrize('config', ['한글', 'größe', 'a+b', 'v1.2', '2023', 'x.y', '1.0', 'a-b_c.d'])
def test_G6_a_config_may_be_unicode(config, repo):
    v = repo.snapshot(pd.DataFrame({'a': [1]}), f'ds/{config}')
    assert v.config == config and again(repo).load(f'ds/{config}:1.0.0') == v and again(repo).load('ds') == v and repo.catalog.names() == [f'ds/{config}']

@pytest.mark.parametrize('text,same', [('my_ds/small/2.0.0', 'my_ds/small:2.0.0'), ('my_ds/2.0.0', 'my_ds:2.0.0'), ('MyDs/2.0.0/n=3', 'my_ds:2.0.0/n=3')])
def test_G7_a_full_name_is_a_reference(text, same): assert Ref.parse(text) == Ref.parse(same)

def test_G7_a_config_like_a_version_is_refused(repo):
    refuses(lambda: Ref('ds', '1.0.0'), '1.0.0 is a version, not a config', 'NAME:1.0.0', error=RefError)
    refuses(lambda: repo.snapshot(pd.DataFrame({'a': [1]}), 'ds/1.0.0'), 'names a version', 'write ds', error=RefError)

def test_G7_configs_that_differ_in_case_only(repo):
    repo.snapshot(pd.DataFrame({'a': [1]}), 'ds/Small')
    refuses(lambda: repo.snapshot(pd.DataFrame({'a': [2]}), 'ds/small'), 'only in case', 'write Small', error=RefError)

def test_G8_kwargs():
    r = Ref.parse('ds:1.0.0/n=3,b=True,c=False,x=.5,e=1e-3,s=word,neg=-4')
    assert r.kwargs == dict(n=3, b=True, c=False, x=.5, e=1e-3, s='word', neg=-4) and Ref.parse(str(r)) == r
    assert Ref.parse('ds/config=small,version=2.0.0') == Ref.parse('ds/small:2.0.0')
    for o in 'ds/small/config=full', 'ds:1.0.0/version=2.0.0', 'ds/n=1,n=2', 'ds/=1', 'ds/n=': refuses(lambda: Ref.parse(o), error=RefError)

def test_G9_version_words():
    assert [Ref.parse(f'ds:{o}').version for o in ('latest', 'experimental_latest')] == ['latest', 'experimental_latest']
    refuses(lambda: Ref.parse('ds:lates'), 'did you mean ds:latest?', error=RefError)
    refuses(lambda: Ref.parse('ds:prod'), 'prod is a tag: write ds@prod', error=RefError)
    refuses(lambda: Ref.parse('ds@1.0.0'), 'write ds:1.0.0', error=RefError)

# Versions

def test_V1_numbers_are_ordered():
    vs = [Version(o) for o in ('10.0.0', '1.1.0', '2.0.0', '1.10.0', '1.9.9')]
    assert [*map(str, sorted(vs))] == ['1.1.0', '1.9.9', '1.10.0', '2.0.0', '10.0.0'] and Version('1.1.0') < '2.0.0' < Version('10.0.0')

def test_V2_compare():
    v = Version('1.2.3')
    assert v == '1.2.3' and v != 'foo' and (v == 5) is False and v != None and hash(v) == hash(Version('1.2.3'))
    for rubbish in 'foo', 5, None, [1]:
        with pytest.raises(TypeError): v < rubbish
        with pytest.raises(TypeError): v >= rubbish
    with pytest.raises(TypeError): v < Version('1.*.*')

@pytest.mark.parametrize('pattern,yes,no', [('*.1.*', '2.1.7', '2.2.1'), ('1.*.*', '1.0.0', '2.0.0'), ('*.*.3', '9.9.3', '9.9.4'), ('1.2.3', '1.2.3', '1.2.4')])
def test_V3_match(pattern, yes, no):
    for o in pattern, Version(pattern):
        assert Version(yes).matches(o) and not Version(no).matches(o)

def test_V4_experiments(repo):
    v = Version('1.0.0', experiments={'x': True, 'y': False})
    assert v.implements('x') and not v.implements('y') and not v.implements('z')
    assert v == Version('1.0.0') and hash(v) == hash(Version('1.0.0')) and not v < Version('1.0.0') and not v > Version('1.0.0')

@pytest.mark.parametrize('given_,flags', [(True, []), ('new_split', ['new_split']), (['b', 'a', 'b'], ['a', 'b']), ({'a': True, 'b': False}, ['a'])])
def test_V4_flags_are_kept_in_the_record(repo, given_, flags):
    df = pd.DataFrame({'a': [1]})
    repo.snapshot(df, 'ds')
    v = repo.snapshot(df.assign(b=1), 'ds', experimental=given_)
    w = again(repo).load(v.ref)
    assert w.record['experiments'] == flags and w.experimental and all(map(w.version.implements, flags)) and not w.version.implements('other')
    trial = f'experimental ({", ".join(flags)})' if flags else 'experimental'
    assert trial in v.summary() and trial in v._repr_html_() and trial in str(repo.log('ds'))
    assert repo.load('ds').ref == 'ds:1.0.0' and repo.load('ds:experimental_latest').ref == 'ds:1.1.0'

@pytest.mark.parametrize('o', ['', 'two words', ['a', ''], [1], 5, ['a,b'], '1st'])
def test_V4_a_flag_that_nobody_could_ask_for(repo, o): refuses(lambda: repo.snapshot(pd.DataFrame({'a': [1]}), 'ds', experimental=o), 'write True, or names', error=RefError)

# What a reference means

@pytest.fixture
def made(repo):
    "ds: 1.0.0, 1.1.0, 1.2.0 (withdrawn), 2.0.0, 2.1.0 (experimental), 3.0.0 (experimental), and half a record"
    df = pd.DataFrame({'a': range(4)})
    def take(df, **kw): return repo.snapshot(df, 'ds', **kw)
    take(df), take(df.assign(b=1)), take(df.assign(b=1, c=2)), take(df[:3]), take(df[:3].assign(e=1), experimental=True), take(df[:2], experimental=['new_split'])
    repo.yank('ds:1.2.0', 'c was in cents')
    (Path(repo.url)/'datasets/ds/_/.tmp-4.0.0').write_bytes(b'half')
    return repo

def test_R2_default(made):
    v = made.load('ds')
    assert v.ref == 'ds:2.0.0' == made.load('ds:latest').ref and 'highest of 6' in v.picked_by and '3.0.0 is experimental; 2.1.0 is experimental' in v.picked_by
    made.yank('ds:2.0.0')
    assert made.load('ds').ref == 'ds:1.1.0' and made.load('ds').picked_by.endswith('2.0.0 is withdrawn; ...')

def test_R2_only_experiments(repo):
    repo.snapshot(pd.DataFrame({'a': [1]}), 'ds', experimental=True)
    refuses(lambda: repo.load('ds'), 'neither withdrawn nor experimental', '1.0.0', error=VersionNotFound)
    assert repo.load('ds:1.0.0').experimental and repo.load('ds:1').picked_by.endswith('experimental or withdrawn')

def test_R4_exact_however_old(made):
    for o in '1.0.0', '2.1.0', '3.0.0': assert made.load(f'ds:{o}').picked_by == 'exact' and len(made.read(f'ds:{o}'))

def test_R6_not_there(made):
    text = refuses(lambda: made.load('ds:1.1.1'), '1.0.0', '1.2.0 (withdrawn)', 'did you mean', error=VersionNotFound)
    assert 'did you mean 1.1.0?' in text
    assert issubclass(VersionNotFound, LookupError)
    made.forget('ds:1.1.0')
    refuses(lambda: made.load('ds:1.1.0'), 'was forgotten', error=VersionNotFound)
    refuses(lambda: made.load('dss'), 'no dataset dss', 'did you mean ds?', error=VersionNotFound)
    refuses(lambda: made.load('ds:7'), 'no version matches ds:7.*.*', '2.0.0', error=VersionNotFound)

@pytest.mark.parametrize('ref,number', [('1.*.*', '1.1.0'), ('1', '1.1.0'), ('*.0.*', '2.0.0'), ('2.*.*', '2.0.0'), ('3.*.*', '3.0.0'), ('2.1.*', '2.1.0'), ('*.1.0', '1.1.0'), ('*', '2.0.0')])
def test_R7_wildcard(made, ref, number):
    v = made.load(f'ds:{ref}')
    assert str(v.version) == number and f'match {Version(ref)}' in v.picked_by

def test_R7_only_withdrawn(made): refuses(lambda: made.load('ds:1.2.*'), '1.2.0 (withdrawn)', error=VersionNotFound)

def test_R9_experimental_latest(made):
    assert made.load('ds:experimental_latest').ref == 'ds:3.0.0'
    made.yank('ds:3.0.0')
    assert made.load('ds:experimental_latest').ref == 'ds:2.1.0'
    made.catalog.mark(made.load('ds:2.0.0'), 'experimental')
    assert made.load('ds').ref == 'ds:1.1.0', 'the mark beside a record counts as well'

def test_B3_withdrawn(made):
    v = made.load('ds:1.2.0')
    assert v.notes == ['ds:1.2.0 was withdrawn: c was in cents'] and v.yanked
    assert made.load(v.digest[:12] and f'ds@{v.digest[:12]}').notes == v.notes
    made.tag('ds:1.2.0', 'paper')
    assert made.load('ds@paper').notes == v.notes
    assert made.yank('ds:1.2.0', undo=True).notes == [] and made.load('ds:1').ref == 'ds:1.2.0'

# Labels: a tag, else a second, else a time, else a digest

@pytest.fixture
def dated(tmp_path):
    "Four versions: one in 2020, two in one second of 2021, one in 2022 that is withdrawn"
    cat = Catalog(objects(tmp_path/'objs'))
    when = '2020-05-01T10:00:00', '2021-12-31T12:00:00.1', '2021-12-31T12:00:00.7', '2022-03-01T00:00:00'
    for i, t in enumerate(when):
        cat.add(dict(name='ds', config=None, version=f'1.{i}.0', digest=f'{i}{"abcdef01"*8}'[:64], created=t+'+00:00', experiments=[], message=''))
    cat.mark(cat.get('ds', '1.3.0'), 'yanked', reason='')
    return cat

@pytest.mark.parametrize('label,number', [('2021-12-31', '1.0.0'), ('2021-12-31T12:00:01', '1.2.0'), ('2021-12-31T13:00:00+02:00', '1.0.0'), ('2021-12-31T14:00:01+02:00', '1.2.0'),
    ('2030-01-01', '1.2.0'), ('version_20211231_120000', '1.2.0'), ('version_20220101_000000', '1.2.0'), ('version_20220301_000000', '1.3.0'), ('2abcdef0', '1.2.0'), ('2ABCDEF01A', '1.2.0'), ('3abcdef0', '1.3.0')])
def test_labels(dated, label, number): assert str(dated.resolve(f'ds@{label}').version) == number

def test_labels_that_mean_nothing(dated):
    refuses(lambda: dated.resolve('ds@2019-01-01'), 'as old as 2019-01-01', 'the first is ds:1.0.0', '2020-05-01', error=VersionNotFound)
    refuses(lambda: dated.resolve('ds@ffffffff'), 'no tag, time or digest', error=VersionNotFound)
    dated.tag(dated.get('ds', '1.0.0'), 'paper')
    refuses(lambda: dated.resolve('ds@papre'), 'did you mean paper?', error=VersionNotFound)
    refuses(lambda: dated.tag(dated.get('ds', '1.0.0'), '2021-12-31'), 'choose a word', error=RefError)
    refuses(lambda: dated.tag(dated.get('ds', '1.0.0'), '1.0.0'), error=RefError)

def test_a_digest_that_could_be_two(dated):
    dated.add(dict(name='ds', config=None, version='2.0.0', digest='2abcdef01f'+'0'*54, created='2023-01-01T00:00:00+00:00', experiments=[], message=''))
    refuses(lambda: dated.resolve('ds@2abcdef0'), 'ds:1.2.0, ds:2.0.0', 'write more of the digest', error=RefError)
    assert str(dated.resolve('ds@2abcdef01f').version) == '2.0.0'

def test_a_tag_comes_first(dated):
    dated.tag(dated.get('ds', '1.1.0'), 'prod')
    assert dated.resolve('ds@prod').picked_by == 'tag prod' and dated.resolve('ds@2abcdef0').picked_by == 'digest 2abcdef0' and dated.resolve('ds@2030-01-01').picked_by == 'newest at 2030-01-01'

# Configs

def two(repo, **kw): return [repo.snapshot(pd.DataFrame({'a': range(n)}), f'digits/{c}') for c, n in (('full', 9), ('small', 3))]

def test_C1_the_sole_config(repo):
    v = repo.snapshot(pd.DataFrame({'a': [1]}), 'digits/small')
    for o in 'digits', 'digits:1', 'digits:1.0.0', 'digits:latest', f'digits@{v.digest[:10]}': assert repo.load(o) == v and 'the only config' in repo.load(o).picked_by
    repo.tag('digits', 'prod')
    assert repo.load('digits@prod') == v and len(repo.read('digits')) == 1 and [*repo.log('digits')] == [v]

def test_C1_a_named_default(repo):
    full, small = two(repo)
    text = refuses(lambda: repo.load('digits:1.0.0'), 'digits/full:1.0.0 or digits/small:1.0.0', "dv.default_config('digits', 'full')", error=ConfigNotFound)
    assert issubclass(ConfigNotFound, LookupError) and repo.default_config('digits') is None
    repo.default_config('Digits', 'small')
    assert again(repo).load('digits:1') == small and 'the default config' in again(repo).load('digits').picked_by and repo.default_config('digits') == 'small'
    assert repo.load('digits/full:1') == full and {v.config for v in repo.log('digits')} == {'full', 'small'} and again(repo).check().ok
    repo.forget('digits/small:1.0.0')
    assert repo.load('digits') == full, 'a default without versions is none'

def test_C1_versions_without_a_config_are_meant_first(repo):
    two(repo)
    plain = repo.snapshot(pd.DataFrame({'a': [5]}), 'digits')
    assert plain.ref == 'digits:1.0.0' and plain.parent is None, 'it follows no version of a config'
    assert repo.load('digits') == plain and repo.catalog.configs('digits') == [None, 'full', 'small']
    refuses(lambda: repo.default_config('digits', 'full'), 'digits means these', error=RefError)

def test_C3_unknown_config(repo):
    two(repo)
    refuses(lambda: repo.load('digits/smal'), 'digits has no config smal', 'full, small', 'did you mean small?', error=ConfigNotFound)
    refuses(lambda: repo.load('digits/Small:1.0.0'), 'did you mean small?', error=ConfigNotFound)
    refuses(lambda: repo.default_config('digits', 'tiny'), 'full, small', error=ConfigNotFound)

def test_C3_a_config_or_options_where_there_are_none(repo):
    repo.snapshot(pd.DataFrame({'a': [1]}), 'iris')
    refuses(lambda: repo.load('iris/big'), 'iris has no config big; its versions have none: write iris', error=ConfigNotFound)
    refuses(lambda: repo.load('iris:1.0.0/n=3,word=x'), 'nothing of iris is stored that was made with n=3,word=x', 'no builder', error=ConfigNotFound)
    refuses(lambda: repo.load('nothing/n=3'), 'no dataset nothing/n.3', error=VersionNotFound)

def test_C4_config_and_version_are_two_keys(repo):
    df = pd.DataFrame({'a': [1, 2]})
    for c in 'x', 'y':
        for i in range(3): repo.snapshot(df.assign(**{f'{c}{k}': 1 for k in range(i)}), f'ds/{c}')
    table = {(v.config, str(v.version)) for v in repo.log()}
    assert table == {*itertools.product('xy', ['1.0.0', '1.1.0', '1.2.0'])}
    for c, n in table: assert repo.load(f'ds/{c}:{n}').ref == f'ds/{c}:{n}' and repo.load(f'ds/{c}/{n}').config == c

# Reading what is written

names, configs = st.from_regex('[A-Za-z][A-Za-z0-9_]{0,8}', fullmatch=True), st.none() | st.from_regex('[a-zé0-9][a-z0-9+._-]{0,8}', fullmatch=True)
parts = st.integers(0, 10**12).map(str) | st.just('*')
versions = st.none() | st.sampled_from(['latest', 'experimental_latest']) | st.tuples(parts, parts, parts).map('.'.join)

@quick
@given(names, configs, versions, st.dictionaries(st.from_regex('[a-z]{3,6}', fullmatch=True), st.booleans() | st.integers() | st.from_regex('[a-z]{1,5}', fullmatch=True), max_size=2))
def test_a_reference_that_is_printed_is_read_back(name, config, version, kwargs):
    try: r = Ref(name, config, version, kwargs=kwargs)
    except RefError: return
    assert Ref.parse(str(r)) == r and Ref.parse(r) is r and str(Ref.parse(str(r))) == str(r)

@quick
@given(st.text(max_size=20) | st.from_regex(r'[a-z]{1,3}[/:@.=,*0-9a-z]{0,12}', fullmatch=True))
def test_any_text_is_a_reference_or_one_error(text):
    try: r = Ref.parse(text)
    except RefError as e: assert '\n' not in str(e) or '\n' in text
    else: assert Ref.parse(str(r)) == r

# What it costs

@pytest.mark.parametrize('ref', ['ds', 'ds:latest', 'ds:1.*.*', 'ds:1.1.0', 'ds:experimental_latest', 'ds@prod', 'ds@2099-01-01', 'ds@{digest}', 'sole', 'sole:1', 'sole/small:1.0.0'])
def test_a_reference_costs_one_listing_of_its_own_dataset(made, ref):
    made.snapshot(pd.DataFrame({'x': [1]}), 'sole/small')
    made.tag('ds:1.1.0', 'prod')
    ref, repo = ref.format(digest=made.load('ds:1.1.0').digest[:12]), again(made)
    repo.catalog.objs = objs = Counted(repo.catalog.objs)
    repo.load(ref)
    assert len(objs.listed) == 1 and objs.listed[0].startswith(f'datasets/{Ref.parse(ref).name}')

# Beside TensorFlow Datasets

@quick
@given(st.text('0123456789.*v- +', max_size=8) | st.tuples(parts, parts, parts).map('.'.join))
def test_T_versions_are_read_alike(tfds, text):
    "Everything TFDS takes we take, and mean the same; what we take more is fewer parts"
    theirs = ours = None
    try: theirs = tfds.core.Version(text)
    except (ValueError, AssertionError): pass
    try: ours = Version(text)
    except RefError: pass
    if '*' in text: return  # there a pattern is text for `match`
    assert (theirs is None) == (ours is None or text.count('.') < 2)
    if theirs: assert str(ours) == str(theirs)

@quick
@given(*[st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12)).map(lambda o: '.'.join(map(str, o)))]*2, st.tuples(*[st.integers(0, 3).map(str) | st.just('*')]*3).map('.'.join))
def test_T_order_and_match(tfds, a, b, pattern):
    A, B, V = tfds.core.Version(a), tfds.core.Version(b), Version
    assert ((A < B), (A == B), (A >= B)) == (V(a) < V(b), V(a) == V(b), V(a) >= V(b)) and (A < b) == (V(a) < b)
    assert A.match(pattern) == V(a).matches(pattern)

def test_T_where_it_differs(tfds, parse):
    "The rows in which we do otherwise, so that a change there is seen here"
    V = tfds.core.Version
    for text in '1.0.0\n', '٣.0.0': V(text)
    for text in '1', '1.*', 'v1.0.0', '01.0.0', '1.0.0 ':
        with pytest.raises(ValueError): V(text)
    with pytest.raises(ValueError): V('1.0.0') == 'foo'
    assert parse('my_ds:latest')[0] == 'my_ds:latest' and parse('ds\n')[0] == 'ds'
    with pytest.raises(ValueError): parse('my_ds/small/2.0.0')

def test_T_experiments(tfds):
    E = tfds.core.Experiment
    theirs, ours = tfds.core.Version('1.0.0', experiments={E.DUMMY: True}), Version('1.0.0', experiments={E.DUMMY: True})
    assert theirs.implements(E.DUMMY) and ours.implements(E.DUMMY) and ours == Version('1.0.0') and theirs == tfds.core.Version('1.0.0')

@pytest.mark.parametrize('text', ['MyDs', 'myDs', 'DS', 'my_ds', 'MNIST', 'Cifar10', 'TFDSLike', 'DsV2Small', 'iris2', 'aB1C'])
def test_T_names(tfds, parse, text):
    assert dataset_name(text) == tfds.core.naming.camelcase_to_snakecase(text) == parse(text)[0]

@pytest.mark.parametrize('text', ['ds', 'MyDs/small', 'ds:1.0.0', 'ds/small:1.0.0', 'ds:1.*.*', 'ds/small:1.*.*/n=3,b=True,x=.5,s=word', 'ds/n=3', 'ds/a-b+c.d:2.0.0', 'ds/config=small,version=2.0.0'])
def test_T_references(parse, text):
    name, kwargs = parse(text)
    r = Ref.parse(text)
    mine = dict(r.kwargs) | {k: str(o) for k, o in (('config', r.config), ('version', r.version)) if o is not None}
    assert (r.name, mine) == (name, kwargs)

@pytest.mark.parametrize('text', bad_names[:-1]+['ds:1', 'ds:v1.0.0', 'ds/small/config=full', 'ds:1.0.0/version=2.0.0'])
def test_T_what_it_refuses(parse, text):
    with pytest.raises(ValueError): parse(text)
