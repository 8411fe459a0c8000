"Datasets that code makes: every row of the rules, what is refused, and that a failure leaves nothing"
import json, os, re, sqlite3, subprocess, sys, tempfile, textwrap, threading
from pathlib import Path
import pandas as pd, pytest
from dvnb.builders import Builder, BuilderError, Config, source_of
from dvnb.building import BuildFailed, scratch
import dvnb.citation, dvnb.loading, dvnb.proof
from dvnb.resolve import options_config
from dvnb.chunk import DvnbError
from dvnb.ref import ConfigNotFound, RefError, Version, VersionNotFound
from dvnb.repo import Repo
from hard import Counted, again, fill, own_cache, picture, repo

def kept(repo):
    "All that is in a repo, what can be computed again too"
    return picture(repo.url)

def frame(n, start=0): return pd.DataFrame({'label': range(start, start+n)})

@pytest.fixture
def calls(): return []

@pytest.fixture
def digits(repo, calls):
    "A builder with all that there is: versions, configs of their own ways, experiments"
    @repo.builder('digits', version='2.0.0', supported=['3.0.0', '1.1.0', '1.0.0'], release_notes={'2.0.0': 'Two labels fixed', '3.0.0': 'A new split'},
        configs={'small': Config(n=4), 'full': Config(n=9, version='2.1.0', supported=['4.0.0'], release_notes={'2.1.0': 'All of it'}, experiments={'4.0.0': ['all']})}, experiments={'3.0.0': ['new_split']})
    def digits(config, version):
        calls.append((config.name, str(version)))
        df = pd.DataFrame({'label': range(version.major, version.major+config.n)})
        return {'train': df, 'valid': df[:2]} if version.implements('new_split') else {'train': df}
    return repo.builders['digits']

def ref(repo, text):
    v = repo.load(text)
    return str(v), v.picked_by

def store(repo, name, *versions):
    "Versions made by hand, each with its own data"
    for i, o in enumerate(versions): repo.snapshot(frame(3, 100+i), name, version=o, force='made by hand')

# R: which version a reference means

def test_R1_stored_first_if_a_version_is_given_code_first_if_none_is(repo, digits, calls):
    store(repo, 'digits/small', '1.0.0', '1.5.0')
    assert ref(repo, 'digits:1.*.*') == ('digits/small:1.5.0', 'highest stored of 2 that match 1.*.*') and calls == []
    assert ref(repo, 'digits') == ('digits/small:2.0.0', 'canonical version of the code') and calls == [('small', '2.0.0')]

def test_R1_a_config_that_the_code_does_not_know_is_read_as_stored(repo, digits, calls):
    store(repo, 'digits/old', '7.0.0')
    assert ref(repo, 'digits/old') == ('digits/old:7.0.0', 'highest of 1') and calls == []

def test_R2_without_code_the_highest_that_is_neither_withdrawn_nor_an_experiment(repo, digits):
    for o in 'digits:2.0.0', 'digits:3.0.0': repo.load(o)
    repo.builders.clear()
    assert ref(repo, 'digits/small')[0] == 'digits/small:2.0.0'
    repo.yank('digits/small:2.0.0', 'labels')
    with pytest.raises(VersionNotFound): repo.load('digits/small')

def test_R3_canonical_even_if_a_higher_one_is_stored(repo, digits):
    store(repo, 'digits/small', '5.0.0')
    assert ref(repo, 'digits/small') == ref(repo, 'digits/small:latest') == ('digits/small:2.0.0', 'canonical version of the code; 5.0.0 is stored, too')

def test_R4_what_is_stored_is_read_however_old(repo, digits, calls):
    store(repo, 'digits/small', '0.1.0')
    assert ref(repo, 'digits/small:0.1.0') == ('digits/small:0.1.0', 'exact') and calls == []
    repo.load('digits/small:2.0.0')
    repo.builders.clear()
    assert again(repo).load('digits/small:2.0.0').read(split='train').label.tolist() == [2, 3, 4, 5]

def test_R4_versions_from_before_there_were_configs_are_read_by_their_number(repo, digits):
    store(repo, 'digits', '0.2.0')
    assert str(repo.load('digits:0.2.0')) == 'digits:0.2.0'

def test_R5_exact_in_the_lists_is_made_on_load_and_once(repo, digits, calls):
    v = repo.load('digits/small:3.0.0')
    assert (str(v), v.is_new, v.picked_by, v.experimental) == ('digits/small:3.0.0', True, 'exact, made by the code', True)
    assert not repo.load('digits/small:3.0.0').is_new and calls == [('small', '3.0.0')]

def test_R6_neither_stored_nor_in_the_lists(repo, digits):
    store(repo, 'digits/small', '0.1.0')
    with pytest.raises(VersionNotFound, match=re.escape('no digits/small:2.0.1; stored: 0.1.0; the code makes: 2.0.0, 3.0.0 (it knows 1.1.0, 1.0.0, too old to be made); did you mean 2.0.0?')): repo.load('digits/small:2.0.1')

def test_R6_the_list_says_what_is_withdrawn_or_experimental(repo, digits):
    def refused(ref):
        with pytest.raises(VersionNotFound) as e: repo.load(ref)
        return str(e.value)
    store(repo, 'digits/small', '0.1.0', '0.2.0')
    repo.yank('digits/small:0.1.0', 'wrong labels')
    repo.load('digits/small:3.0.0')
    listed = 'stored: 0.1.0 (withdrawn), 0.2.0, 3.0.0 (experimental: new_split); the code makes: 2.0.0, 3.0.0'
    assert listed in refused('digits/small:2.0.1')
    assert refused('digits/small:0.1.9').endswith('did you mean 0.1.0 (withdrawn)?')
    assert 'stored: 0.1.0 (withdrawn), 0.2.0, 3.0.0 (exp' in refused('digits/small:1.*.*')
    repo.builder('digits', version='3.0.0', supported=['2.0.0'], configs=repo.builders['digits'].configs, replace=True)(lambda config, version: None)
    assert '0.2.0, 3.0.0; the code makes: 3.0.0' in refused('digits/small:2.0.1')

def test_R7_highest_stored_match_experiments_only_if_nothing_else_matches(repo, digits, calls):
    repo.load('digits/small:3.0.0')
    store(repo, 'digits/small', '1.2.0', '1.10.0')
    assert ref(repo, 'digits/small:1.*.*')[0] == 'digits/small:1.10.0'
    assert ref(repo, 'digits/small:3.*.*')[0] == 'digits/small:3.0.0'
    assert ref(repo, 'digits/small:*.0.0') == ('digits/small:2.0.0', 'canonical version of the code that matches *.0.0')
    assert ref(repo, 'digits/small:*.*.*') == ('digits/small:2.0.0', 'highest stored of 3 that match *.*.*')

def test_R7_says_what_else_the_code_would_make(repo, digits):
    store(repo, 'digits/full', '2.0.0')
    assert ref(repo, 'digits/full:2.*.*') == ('digits/full:2.0.0', 'highest stored of 1 that match 2.*.*; the code makes 2.1.0, too')

def test_R8_wildcard_in_code_only_canonical_else_the_highest(repo, digits):
    assert ref(repo, 'digits/small:*.0.*') == ('digits/small:2.0.0', 'canonical version of the code that matches *.0.*')
    assert ref(repo, 'digits/small:3') == ('digits/small:3.0.0', 'highest version of the code that matches 3.*.*')
    with pytest.raises(VersionNotFound, match='1.1.0 is not stored, and too old to be made'): repo.load('digits/small:1.*.*')
    with pytest.raises(VersionNotFound, match=re.escape('no digits/small:9.*.*')): repo.load('digits/small:9.*.*')

def test_R9_experimental_latest_is_the_highest_of_all(repo, digits):
    assert ref(repo, 'digits/small:experimental_latest')[0] == 'digits/small:3.0.0'
    repo.snapshot(frame(3, 50), 'digits/small', version='3.5.0', experimental=True)
    assert ref(repo, 'digits/small:experimental_latest') == ('digits/small:3.5.0', 'highest of 5, experiments among them')
    repo.builders.clear()
    assert ref(repo, 'digits/small:experimental_latest')[0] == 'digits/small:3.5.0'

# C: configs

def test_C1_default_config_is_the_first_or_the_one_named_also_without_code(repo, digits):
    assert str(repo.load('digits')) == 'digits/small:2.0.0'
    repo.load('digits/full')
    repo.builders.clear()
    assert str(again(repo).load('digits')) == 'digits/small:2.0.0'
    assert len(repo.log('digits')) == 2
    @repo.builder('pets', version='1.0.0', configs={'a': Config(), 'b': Config()}, default='b')
    def pets(config, version): return frame(2)
    assert str(repo.load('pets')) == 'pets/b:1.0.0'

def test_C1_the_sole_config_if_there_is_one(repo):
    store(repo, 'iris/only', '1.0.0')
    assert str(repo.load('iris')) == 'iris/only:1.0.0' and repo.latest('iris') is None
    store(repo, 'iris/other', '1.0.0')
    with pytest.raises(ConfigNotFound): repo.load('iris')
    store(repo, 'iris', '3.0.0')
    assert str(repo.load('iris')) == 'iris:3.0.0'

def test_C2_what_a_config_says_counts_instead(repo, digits):
    v = repo.load('digits/full')
    assert (str(v), v.message) == ('digits/full:2.1.0', 'All of it')
    assert [str(o) for o in digits.offer('full').versions] == ['2.1.0', '4.0.0'] and [str(o) for o in digits.offer('small').versions] == ['2.0.0', '3.0.0', '1.1.0', '1.0.0']
    assert repo.load('digits/full:4.0.0').version.implements('all')

def test_C3_unknown_config(repo, digits):
    store(repo, 'digits/old', '1.0.0')
    with pytest.raises(ConfigNotFound, match='digits has no config smal; there are small, full, old; did you mean small?'): repo.load('digits/smal')
    assert issubclass(ConfigNotFound, LookupError)
    repo.builders.clear()
    with pytest.raises(ConfigNotFound, match='digits has no config odl; there is old; did you mean old'): repo.load('digits/odl:1.0.0')

def test_C4_configs_and_versions_are_a_table_with_two_keys(repo, digits):
    refs = [f'digits/{c}:{v}' for c, vs in dict(small=['2.0.0', '3.0.0'], full=['2.1.0', '4.0.0']).items() for v in vs]
    assert [str(repo.load(o)) for o in refs] == refs
    assert sorted(str(v) for v in repo.log()) == sorted(refs)

def test_what_was_asked_of_a_builder_is_cited(repo, digits):
    for text in 'digits', 'digits:2.*.*': assert f'asked     {text}, which meant digits/small:2.0.0 (' in str(repo.cite(text))
    assert repo.load('digits/full:latest').asked == 'digits/full:latest'

def test_words_about_a_dataset_reach_what_options_made(repo):
    @repo.builder('counts', version='1.0.0')
    def counts(config, version, n=2): return frame(n)
    repo.load('counts/n=5')
    assert [str(v) for v in repo.log('counts/n=5')] == ['counts/n.5:1.0.0']
    repo.policy('counts/n=5', append='minor')
    assert repo.policy('counts').append is None and repo.policy('counts/n=5').append == 'minor'
    assert repo.audit('counts/n=5').first == [repo.load('counts/n=5')] and repo.about('counts/n=5', title='Five').dataset == 'counts/n.5'

# B: builds

def test_B1_only_canonical_and_the_newest_can_be_made(repo, digits, calls):
    with pytest.raises(VersionNotFound, match='digits/small:1.0.0 is not stored, and too old to be made: the code makes 2.0.0 and 3.0.0'): repo.load('digits/small:1.0.0')
    with pytest.raises(VersionNotFound, match='the code makes 2.0.0 and 3.0.0 only'): repo.build('digits/small:1.1.0')
    assert calls == []

def declare(repo, version, data, **kw):
    def digits(config, version): return data
    return repo.builder('digits', version=version, **kw)(digits)

def test_B2_made_again_the_same_is_no_new_version(repo):
    declare(repo, '1.0.0', frame(3))
    v = repo.build('digits')
    same = repo.build('digits:1.0.0')
    assert (v.is_new, same.is_new, same, same.notes) == (True, False, v, ['made again: the same data as digits:1.0.0'])

@pytest.mark.parametrize('data, level, honest', [(frame(2), 'MAJOR', '2.0.0'), (frame(3).assign(more=1), 'MINOR', '1.1.0')])
def test_B2_made_again_with_other_data_is_refused_with_the_number_it_needs(repo, data, level, honest):
    declare(repo, '1.0.0', frame(3))
    v = repo.load('digits')
    declare(repo, '1.0.0', data)
    assert repo.load('digits') == v
    before = kept(repo)
    with pytest.raises(BuilderError, match=f'are {level}; give them version {honest}'): repo.build('digits')
    assert kept(repo) == before

@pytest.mark.parametrize('version, data, ok', [('1.0.1', frame(3), True), ('1.0.1', frame(3).assign(more=1), False), ('1.1.0', frame(3).assign(more=1), True), ('1.1.0', frame(4), False), ('2.0.0', frame(4), True), ('2.0.0', frame(3), True)])
def test_B2_a_number_is_held_to_the_version_below(repo, version, data, ok):
    declare(repo, '1.0.0', frame(3))
    repo.load('digits')
    declare(repo, version, data)
    before = kept(repo)
    if ok: assert str(repo.load('digits')) == f'digits:{version}'
    else:
        with pytest.raises(BuilderError, match='does not keep what its number promises'): repo.load('digits')
        assert kept(repo) == before

@pytest.mark.parametrize('data, ok', [(frame(3), True), (frame(4), False)])
def test_B2_a_number_is_held_to_the_version_above(repo, data, ok):
    store(repo, 'digits', '1.0.9')
    repo.forget('digits:1.0.9')
    repo.snapshot(frame(3), 'digits', version='1.1.0')
    declare(repo, '1.0.10', data)
    if ok: assert str(repo.load('digits:1.0.10')) == 'digits:1.0.10'
    else:
        with pytest.raises(BuilderError, match='compared with digits:1.1.0'): repo.load('digits:1.0.10')

def test_B2_the_policy_of_the_dataset_counts(repo):
    repo.policy('digits', append='minor')
    declare(repo, '1.0.0', frame(3))
    repo.load('digits')
    declare(repo, '1.1.0', frame(5))
    assert repo.load('digits').level == 'MINOR'

def test_B3_withdrawn_versions_are_passed_over_and_had_by_number_with_the_reason(repo, digits):
    repo.load('digits/small')
    store(repo, 'digits/small', '2.0.5')
    repo.yank('digits/small:2.0.0', 'labels shifted')
    assert ref(repo, 'digits/small') == ('digits/small:2.0.5', 'highest of 1; 2.0.0, the version of the code, was withdrawn')
    assert ref(repo, 'digits/small:2.*.*')[0] == 'digits/small:2.0.5'
    assert repo.load('digits/small:2.0.0').notes[0] == 'digits/small:2.0.0 was withdrawn: labels shifted'

def test_B4_release_notes_are_kept_and_shown_in_the_log(repo, digits):
    v = repo.load('digits/small:3.0.0')
    assert v.record['release_notes'] == {'2.0.0': 'Two labels fixed', '3.0.0': 'A new split'}
    repo.load('digits/small')
    repo.builders.clear()
    assert repo.load('digits/small:2.0.0').record['release_notes'] == {'2.0.0': 'Two labels fixed'}
    assert 'Two labels fixed' in repr(again(repo).log('digits'))

def test_B5_a_failed_build_leaves_nothing(repo, tmp_path):
    @repo.builder('digits', version='1.0.0')
    def digits(config, version, folder):
        (folder/'half.csv').write_text('a\n1\n')
        raise RuntimeError('no more disk')
    before = kept(repo)
    with pytest.raises(BuildFailed): repo.load('digits')
    assert kept(repo) == before and [*(repo.local.root/'builds').iterdir()] == []

def test_B5_an_interrupt_leaves_nothing_and_passes_through(repo):
    @repo.builder('digits', version='1.0.0')
    def digits(config, version, folder):
        (folder/'half.csv').write_text('a\n1\n')
        os.chmod(folder, 0o500)
        raise KeyboardInterrupt
    before = kept(repo)
    with pytest.raises(KeyboardInterrupt): repo.load('digits')
    assert kept(repo) == before and [*(repo.local.root/'builds').iterdir()] == []

killed = '''
import os, signal, sys
import pandas as pd
import dvnb.loading
from dvnb.repo import Repo
repo = Repo(sys.argv[1])
@repo.builder('digits', version='1.0.0')
def digits(config, version, folder):
    (folder/'half.csv').write_text('a')
    os.kill(os.getpid(), signal.SIGKILL)
repo.load('digits')
'''

def test_B5_what_a_killed_build_left_is_swept_by_the_next(repo):
    before = kept(repo)
    r = subprocess.run([sys.executable, '-c', killed, str(repo.url)], capture_output=True, text=True)
    assert r.returncode == -9, r.stderr
    assert kept(repo) == before
    (left,) = (repo.local.root/'builds').iterdir()
    with scratch(repo): assert left.exists()  # so young, it may be one that is about to take its lock
    os.utime(left, (0, 0))
    with scratch(repo) as mine:
        os.utime(mine.parent, (0, 0))
        with scratch(repo): assert mine.exists() and not left.exists()

# What is kept, and V4, G7, G8

def test_source_hash_values_and_environment_are_kept(repo, digits):
    made = repo.load('digits/small:3.0.0').record
    b = made['builder']
    assert b['source'].startswith('def digits(config, version):') and 'repo.builder' not in b['source'] and b['hash'] == digits.hash
    assert (b['config'], b['values'], b['options']) == ('small', {'n': 4}, {}) and 'pandas' in b['packages'] and made['provenance']['python']
    assert b['function'].endswith('digits')

def test_V4_versions_say_what_they_try_out(repo, digits):
    v = repo.load('digits/small:3.0.0')
    assert v.version.implements('new_split') and not repo.load('digits/small').version.implements('new_split')
    assert v.version == Version('3.0.0') and again(repo).catalog.resolve('digits/small:3.0.0').version.implements('new_split')

def test_an_experiment_that_is_promoted_is_one_no_longer_also_without_code(repo, digits):
    for o in 'digits/small', 'digits/small:3.0.0': repo.load(o)
    @repo.builder('digits', version='3.0.0', configs={'small': Config(n=4)}, replace=True)
    def digits(config, version): raise AssertionError('it is stored')
    assert str(repo.load('digits')) == 'digits/small:3.0.0'
    repo.builders.clear()
    assert str(again(repo).load('digits')) == 'digits/small:3.0.0'

def test_G7_a_full_name_is_read_back(repo, digits): assert str(repo.load('digits/small/2.0.0')) == 'digits/small:2.0.0'

def test_G8_options_are_values_of_the_config_and_make_other_data(repo, digits, calls):
    v = repo.load('digits/small/n=7')
    assert (str(v), len(v.read(split='train')), v.record['builder']['options']) == ('digits/small+n.7:2.0.0', 7, {'n': 7})
    assert not repo.load('digits/small:2.0.0/n=7').is_new and str(repo.load('digits/small/n=4')) == 'digits/small:2.0.0'
    assert len(repo.load('digits/small').read(split='train')) == 4 and len(calls) == 2
    with pytest.raises(RefError, match='digits takes no option m; it takes n'): repo.load('digits/small/m=1')
    repo.builders.clear()
    for o in 'digits/small/n=7', 'digits/small+n.7:2.0.0': assert str(again(repo).load(o)) == 'digits/small+n.7:2.0.0'
    with pytest.raises(ConfigNotFound): repo.load('digits/small/n=8')

def test_G8_options_are_arguments_of_the_function(repo):
    @repo.builder('drawn', version='1.0.0')
    def drawn(config, version, n=3, *, upper=False): return frame(n).assign(name='A' if upper else 'a')
    assert str(repo.load('drawn')) == str(repo.load('drawn/n=3')) == 'drawn:1.0.0'
    v = repo.load('drawn/upper=True,n=5')
    assert (str(v), v.read().name.tolist()) == ('drawn/n.5+upper.true:1.0.0', ['A']*5)
    with pytest.raises(RefError, match='takes no option folder'): repo.load('drawn/folder=x')

def test_options_never_share_a_name():
    values = [5, '5x', True, False, 'true', 'false', 'True ', 'a/b', 'A', 'a', 1.5, 'x+n.1', '-', 'é', 'x'*60]
    names = [options_config('c', {'n': o}) for o in values]
    assert len({o.casefold() for o in names}) == len(values)
    assert options_config('c', {'a': 1, 'b': 2}) == options_config('c', {'b': 2, 'a': 1}) != options_config('c', {'a': '1+b.2'})

# Folders and frames

def test_a_folder_that_was_given(repo):
    @repo.builder('digits', version='1.0.0')
    def digits(config, version, folder):
        (folder/'out'/'train').mkdir(parents=True)
        (folder/'raw.bin').write_text('what it needed on the way')
        (folder/'out'/'train'/'a.txt').write_text('one')
        return folder/'out'
    v = repo.load('digits')
    assert [*picture(v.path())] == [b'train', b'train/a.txt'] and repo.local.folders() == []

@pytest.mark.parametrize('kind', [str, Path])
def test_a_folder_made_elsewhere_is_kept_and_stays(repo, tmp_path, kind):
    (tmp_path/'made').mkdir()
    (tmp_path/'made'/'jan.csv').write_text('id\n1\n')
    declare(repo, '1.0.0', kind(tmp_path/'made'))
    assert repo.load('digits').read().id.tolist() == [1]
    assert (tmp_path/'made'/'jan.csv').exists() and repo.local.folders() == [] and not list((repo.local.root).glob('stat/*'))

def test_one_frame_is_one_table(repo):
    declare(repo, '1.0.0', frame(3))
    pd.testing.assert_frame_equal(repo.read('digits'), frame(3))

# Bad input: a clear error, and the repo as it was

def broken_link(folder, tmp):
    (tmp/'outside').write_text('x')
    (folder/'in').symlink_to(tmp/'outside')
    return folder

def outside(folder, tmp):
    (folder/'a').write_text('x')
    return folder.parent

results = {'nothing': (lambda folder, tmp: None, 'returned nothing: return a DataFrame'), 'list': (lambda folder, tmp: [1], 'returned a list'), 'series': (lambda folder, tmp: frame(2).label, 'Series'),
    'empty dict': (lambda folder, tmp: {}, 'a dict of nothing'), 'dict of other': (lambda folder, tmp: {'train': [1], 'test': 2}, 'a dict of int, list'),
    'other columns': (lambda folder, tmp: {'a': frame(2), 'b': frame(2).assign(more=1)}, 'splits a and b have different columns, more'),
    'an index': (lambda folder, tmp: {'a': frame(4), 'b': frame(4).iloc[[0, 3, 1]]}, '.reset_index(drop=True)'),
    'other order': (lambda folder, tmp: {'a': frame(2).assign(x=1), 'b': frame(2).assign(x=1)[['x', 'label']]}, 'different orders'),
    'other types': (lambda folder, tmp: {'a': frame(2), 'b': frame(2).astype(float)}, 'column label is int64 in split a and double in b'),
    'bad split name': (lambda folder, tmp: {'a/b': frame(2)}, 'no file name everywhere'), 'mixed column': (lambda folder, tmp: pd.DataFrame({'x': [1, 'a']}), "mixes"),
    'missing folder': (lambda folder, tmp: folder/'nope', 'which is not there'), 'empty folder': (lambda folder, tmp: folder, 'which is empty'), 'file': (lambda folder, tmp: str(Path(__file__)), 'which is a file'),
    'link out': (broken_link, 'lead out of it'), 'around its folder': (outside, 'lies around the folder that it was given'), 'root': (lambda folder, tmp: '/', 'around'),
    'the repo': (lambda folder, tmp: tmp/'repo'/'datasets', 'which is in the repo'), 'around the repo': (lambda folder, tmp: tmp, 'around')}

@pytest.mark.parametrize('make, error', results.values(), ids=results)
def test_bad_results_are_refused_and_leave_the_repo_as_it_was(repo, tmp_path, make, error):
    store(repo, 'other', '1.0.0')
    @repo.builder('digits', version='1.0.0')
    def digits(config, version, folder): return make(folder, tmp_path)
    before = kept(repo)
    with pytest.raises(BuilderError, match=re.escape(error)): repo.load('digits')
    assert kept(repo) == before and [*(repo.local.root/'builds').iterdir()] == []

def test_a_builder_that_raises_shows_its_own_traceback(repo):
    @repo.builder('digits', version='1.0.0')
    def digits(config, version):
        def deep(): return {}['labels']
        return deep()
    with pytest.raises(BuildFailed, match=r"digits:1.0.0 could not be made: KeyError: 'labels' \(line \d+ of deep: def deep") as e: repo.load('digits')
    assert isinstance(e.value.__cause__, KeyError)
    shown = e.value._render_traceback_()
    assert 'Traceback (most recent call last):' in shown[0] and any('in deep' in o for o in shown) and shown[-1].startswith('BuildFailed: digits:1.0.0 could not be made')

def test_what_appears_in_the_working_folder_is_said(repo, tmp_path, monkeypatch):
    (tmp_path/'work').mkdir()
    monkeypatch.chdir(tmp_path/'work')
    @repo.builder('digits', version='1.0.0')
    def digits(config, version):
        Path('stray.csv').write_text('x')
        return frame(2)
    assert repo.load('digits').notes == ['written outside its folder meanwhile, and not kept: stray.csv']

def f(config, version): return frame(1)

@pytest.mark.parametrize('declared, error', [(dict(version='1.*.*'), 'is a pattern'), (dict(version='1.0'), 'is a pattern'), (dict(version='v1'), 'is no version'), ({}, "write version='1.0.0'"), (dict(version='1.0.0', supported='2.0.0'), 'write a list'),
    (dict(version='1.0.0', supported=['2.*.*']), 'is a pattern'), (dict(version='1.0.0', release_notes=['x']), 'is no dict'), (dict(version='1.0.0', release_notes={'x': 'y'}), 'is no version'), (dict(version='1.0.0', experiments={'2.0.0': ['x']}), 'experiments of 2.0.0, which is neither'),
    (dict(version='1.0.0', configs={'1.0.0': Config()}), 'is a version, not a config'), (dict(version='1.0.0', configs={'a': Config(), 'A': Config()}), 'differs from a only in case'), (dict(version='1.0.0', configs={'a': 5}), 'write Config'),
    (dict(version='1.0.0', configs=['a']), 'is no dict'), (dict(version='1.0.0', configs={'a b': Config()}), 'is no config'), (dict(version='1.0.0', configs={'a': Config()}, default='b'), 'has no config b'), (dict(configs={'a': Config(version='1.0.0'), 'b': Config()}), 'digits/b has no version')])
def test_bad_declarations(repo, declared, error):
    with pytest.raises(DvnbError, match=re.escape(error)): repo.builder('digits', **declared)(f)
    assert repo.builders == {}

def wrong_arguments(config): pass
async def wrong_async(config, version): pass
def wrong_yield(config, version): yield 1

@pytest.mark.parametrize('fn, error', [(wrong_arguments, 'is called with (config, version)'), (wrong_async, 'is async'), (wrong_yield, 'yields'), (7, 'is no function'), (dict, 'is no function')])
def test_bad_functions(repo, fn, error):
    with pytest.raises(BuilderError, match=re.escape(error)): repo.builder('digits', version='1.0.0')(fn)

def test_a_decorator_without_its_arguments(repo):
    with pytest.raises(BuilderError, match="say which dataset it makes: @repo.builder\\('f', version='1.0.0'\\)"): repo.builder(f)

def test_bad_configs():
    for k in 'name', 'values', '_x':
        with pytest.raises(BuilderError, match='is no value of a config'): Config(**{k: 1})
    with pytest.raises(AttributeError, match='has no m; it has n'): Config(n=1).m

def test_running_a_cell_again_replaces_and_another_function_does_not(repo):
    cell = "@repo.builder('digits', version='1.0.0')\ndef digits(config, version): return frame({})"
    space = dict(repo=repo, frame=frame, __name__='__main__')
    for n in 2, 3: exec(cell.format(n), space)
    assert len(repo.load('digits').read()) == 3
    with pytest.raises(BuilderError, match='digits is made by __main__.digits already: give f another name, or replace=True'): repo.builder('digits', version='1.0.0')(f)
    repo.builder('digits', version='1.0.0', replace=True)(f)
    assert repo.builders['digits'].fn is f

def test_other_code_is_noted_and_stored_data_are_read(repo):
    def first():
        def digits(config, version): return frame(3)
        return digits
    def second():
        def digits(config, version): return frame(1+2)
        return digits
    repo.builder('digits', version='1.0.0')(first())
    repo.load('digits')
    repo.builder('digits', version='1.0.0', replace=True)(second())
    assert repo.load('digits').notes == ["made by other code than is registered now: repo.build('digits:1.0.0') compares"]
    assert not repo.build('digits').is_new

# What holds beside that

def test_registering_is_of_this_process_and_repo_and_survives_opening_it_again(repo, digits, tmp_path):
    assert again(repo).builders is repo.builders
    assert Repo.init(tmp_path/'two').builders == {}
    code = 'import sys, dvnb.loading; from dvnb.repo import Repo; print(Repo(sys.argv[1]).builders)'
    repo.load('digits')
    assert subprocess.run([sys.executable, '-c', code, repo.url], capture_output=True, text=True).stdout == '{}\n'

def test_nothing_is_made_by_words_that_only_look(repo, digits, calls):
    for look in lambda: repo.yank('digits:2.0.0'), lambda: repo.forget('digits:2.0.0'), lambda: repo.log('digits'):
        with pytest.raises(VersionNotFound): look()
    assert repo.latest('digits/small') is None and calls == []

@pytest.mark.parametrize('asked', ['digits', 'digits/small:2.*.*', 'digits/small:2.0.0', 'digits:experimental_latest', 'digits/full', 'digits/full:2'])
def test_what_is_stored_costs_one_listing(repo, digits, calls, asked):
    want = repo.load(asked).ref
    repo.catalog.objs = objs = Counted(repo.catalog.objs)
    assert repo.load(asked).ref == want and len(calls) == 1 and len(objs.listed) == 1, objs.listed

def test_a_forgotten_number_is_not_made_again(repo, digits, calls):
    repo.forget(repo.load('digits/small'))
    for o in 'digits/small:2.0.0', 'digits/small:2.*.*', 'digits/small':
        with pytest.raises(VersionNotFound): repo.load(o)
    with pytest.raises(VersionNotFound, match='was forgotten, and a number is used once'): repo.build('digits/small')
    assert len(calls) == 1

def test_build_asks_for_what_the_code_has(repo, digits):
    with pytest.raises(BuilderError, match='iris has no builder in this process; there are digits'): repo.build('iris')
    with pytest.raises(ConfigNotFound): repo.build('digits/x')
    with pytest.raises(RefError): repo.build('digits@paper')
    with pytest.raises(VersionNotFound): repo.build('digits:9.*.*')
    assert [str(repo.build(o)) for o in ('digits', 'digits:experimental_latest', 'digits/full:2')] == ['digits/small:2.0.0', 'digits/small:3.0.0', 'digits/full:2.1.0']

def test_labels_mean_what_is_stored(repo, digits, calls):
    repo.tag('digits', 'paper')
    assert ref(repo, 'digits@paper') == ('digits/small:2.0.0', 'tag paper') and len(calls) == 1

def test_diff_reads_and_makes(repo, digits):
    assert repo.diff('digits/small:2.0.0', 'digits/small:3.0.0').level == 2+1
    assert str(repo.meaning('digits')) == 'digits/small:2.0.0'

def test_a_builder_may_use_another_and_not_itself(repo):
    @repo.builder('raw', version='1.0.0')
    def raw(config, version): return frame(3)
    @repo.builder('clean', version='1.0.0')
    def clean(config, version): return repo.read('raw')[:2]
    @repo.builder('loop', version='1.0.0')
    def loop(config, version): return repo.read('loop')
    assert len(repo.read('clean')) == 2
    with pytest.raises(BuildFailed, match='loop:1.0.0 needs itself'): repo.load('loop')

def test_two_at_once_make_one_version(repo):
    gate, got = threading.Barrier(2), []
    @repo.builder('digits', version='1.0.0')
    def digits(config, version):
        gate.wait(20)
        return frame(3)
    def load(): got.append(again(repo).load('digits'))
    ts = [threading.Thread(target=load) for _ in range(2)]
    for t in ts: t.start()
    for t in ts: t.join()
    assert [str(v) for v in got] == ['digits:1.0.0']*2 and sorted(v.is_new for v in got) == [False, True]
    assert [str(v) for v in repo.catalog.versions('digits')] == ['digits:1.0.0']

def test_an_older_number_is_made_beside_a_newer_one(repo, digits):
    repo.load('digits/small:3.0.0')
    v = repo.load('digits/small')
    assert (str(v), v.parent) == ('digits/small:2.0.0', None)
    assert repo.latest('digits/small') == v

def test_source_of_is_the_function_alone(tmp_path):
    (tmp_path/'made.py').write_text(textwrap.dedent('''
        def deco(*a): return lambda fn: fn
        class Box:
            @deco(1,
                  2)
            def make(config, version):  # kept
                return 1
        '''))
    sys.path.insert(0, str(tmp_path))
    try: import made
    finally: sys.path.remove(str(tmp_path))
    assert source_of(made.Box.make) == 'def make(config, version):  # kept\n    return 1\n'
    assert source_of(eval('lambda config, version: 1')) == ''

def test_values_are_kept_as_declared_whatever_the_function_does_to_them(repo):
    @repo.builder('digits', version='1.0.0', configs={'a': Config(words=['x'], when=pd.Timestamp('2026-01-02'))})
    def digits(config, version):
        config.words.append('y')
        return frame(2)
    assert repo.load('digits').record['builder']['values'] == {'words': ['x'], 'when': "Timestamp('2026-01-02 00:00:00')"}

def test_a_refused_build_leaves_the_repo_as_it_was_profiles_too(repo):
    "A version of the same MAJOR is compared, so tables are profiled before the refusal"
    declare(repo, '1.0.0', frame(3))
    repo.build('digits')
    before = kept(repo)
    declare(repo, '1.1.0', frame(3, 7), replace=True)
    with pytest.raises(BuilderError, match='does not keep what its number promises'): repo.build('digits')
    declare(repo, '1.0.0', frame(4), replace=True)
    with pytest.raises(BuilderError): repo.build('digits:1.0.0')
    assert kept(repo) == before

def test_inputs_are_what_the_builder_read_while_it_ran(repo):
    for o in 'a', 'b', 'c': repo.snapshot(frame(3, ord(o)), o)
    repo.read('a'), repo.read('b')
    @repo.builder('made', version='1.0.0')
    def made(config, version): return pd.concat([repo.read('b'), repo.read('c')], ignore_index=True)
    assert sorted(o['ref'] for o in repo.load('made').inputs) == ['b:1.0.0', 'c:1.0.0']
    later = repo.snapshot(frame(9), 'later')
    assert {'a:1.0.0', 'b:1.0.0', 'c:1.0.0'} <= {o['ref'] for o in later.inputs}

def test_what_a_builder_writes_over_in_the_working_folder_is_said(repo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('there.csv').write_text('a')
    @repo.builder('made', version='1.0.0')
    def made(config, version):
        Path('there.csv').write_text('other')
        return frame(2)
    assert repo.load('made').notes == ['written outside its folder meanwhile, and not kept: there.csv']

def strays(repo, write, **kw):
    "What is said of a builder that does `write(folder)` before it returns a frame"
    @repo.builder('made', version='1.0.0', **kw)
    def made(config, version, folder):
        write(folder)
        return frame(2)
    head = 'written outside its folder meanwhile, and not kept: '
    notes = repo.load('made').notes
    assert all(o.startswith(head) for o in notes)
    return [o[len(head):] for o in notes]

def link(folder, to):
    (folder/'there').write_text('1')
    os.link(folder/'there', to)

writes = dict(
    beside=lambda folder, out: (folder.parent/'evil.csv').write_text('x'), upwards=lambda folder, out: (folder/'..'/'evil.csv').write_text('x'), far=lambda folder, out: (out/'a.csv').write_text('x'),
    as_text=lambda folder, out: open(str(out/'a.csv'), 'a').write('x'), as_bytes=lambda folder, out: open(os.fsencode(out/'a.csv'), 'wb').close(), low=lambda folder, out: os.close(os.open(out/'a.csv', os.O_CREAT | os.O_WRONLY)),
    moved=lambda folder, out: ((folder/'a').write_text('x'), os.rename(folder/'a', out/'a.csv')), linked=lambda folder, out: link(folder, out/'a.csv'), symlink=lambda folder, out: os.symlink('x', out/'a.csv'), folder=lambda folder, out: (out/'a.csv').mkdir(),
    table=lambda folder, out: frame(2).to_csv(out/'a.csv'), base=lambda folder, out: sqlite3.connect(out/'a.csv').execute('create table a (b)'), thread=lambda folder, out: [t := threading.Thread(target=lambda: (out/'a.csv').write_text('x')), t.start(), t.join()])

@pytest.mark.parametrize('how', writes)
def test_what_is_written_anywhere_else_is_said(repo, tmp_path, how):
    (out := tmp_path/'out').mkdir()
    said, = strays(repo, lambda folder: writes[how](folder, out))
    assert said == ('../evil.csv' if how in ('beside', 'upwards') else str(out/'a.csv')) and not [*(repo.local.root/'builds').iterdir()]

def test_what_a_program_may_write_is_not_said(repo, tmp_path, monkeypatch):
    (work := tmp_path/'work').mkdir()
    monkeypatch.chdir(work)
    (work/'helper.py').write_text('x = 1')
    monkeypatch.syspath_prepend(str(work))
    def write(folder):
        monkeypatch.setattr(sys, 'dont_write_bytecode', False)
        __import__('helper')
        (folder/'draft').write_text('1')
        tempfile.mkstemp(), (Path(tempfile.mkdtemp())/'a').write_text('1'), tempfile.NamedTemporaryFile('w', delete=False).write('x')
        Path('.cache').mkdir(), Path('.cache/a').write_text('1'), open(os.devnull, 'w').close()
        Path('gone').write_text('1'), os.remove('gone'), open('helper.py', 'a').close(), Path('helper.py').read_text()
        again(repo).snapshot(frame(9), 'other')
    assert strays(repo, write) == []
    assert (work/'__pycache__').exists()

def test_many_strays_are_counted_and_a_new_folder_is_one(repo, tmp_path):
    def write(folder):
        for i in range(9): fill(tmp_path/'out', {f'{i}': '1'})
        for i in range(7): (tmp_path/f's{i}').write_text('1')
    said, = strays(repo, write)
    assert said.endswith(' and 3 more') and said.startswith(f'{tmp_path}/out, {tmp_path}/s0, ')

def test_a_folder_that_is_returned_is_no_stray_nor_are_those_around_it(repo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    @repo.builder('made', version='1.0.0')
    def made(config, version):
        fill('out/v1', {'a/b.csv': 'x\n1\n'}), fill('out', {'notes.txt': '1'})
        return 'out/v1'
    v = repo.load('made')
    assert v.notes == ['written outside its folder meanwhile, and not kept: out/notes.txt'] and v.n_files == 1

def test_a_working_folder_that_is_gone(repo, tmp_path, monkeypatch):
    (tmp_path/'gone').mkdir()
    monkeypatch.chdir(tmp_path/'gone')
    os.rmdir(tmp_path/'gone')
    try: assert strays(repo, lambda folder: (tmp_path/'a').write_text('1')) == [f'{tmp_path}/a']
    finally: os.chdir(tmp_path)

def test_a_great_many_files_elsewhere(repo, tmp_path, monkeypatch):
    from dvnb import astray
    monkeypatch.setattr(astray, 'MOST', 90)
    (tmp_path/'out').mkdir()
    said, = strays(repo, lambda folder: fill(tmp_path/'out', {f'{i:03}': '' for i in range(200)}))
    assert said.startswith(f'{tmp_path}/out/000, ') and ' and ' in said

def test_listening_ends_with_the_build(repo, tmp_path):
    from dvnb import astray
    def f(config, version): raise KeyError
    repo.builder('digits', version='1.0.0')(f)
    with pytest.raises(BuildFailed): repo.load('digits')
    assert not astray._listeners
    with astray.watch() as o: pass
    (tmp_path/'later').write_text('1')
    assert o.left() == []
