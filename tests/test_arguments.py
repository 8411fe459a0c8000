"Every word meets values of every wrong kind with one clear line"
import inspect
import numpy as np, pandas as pd, pytest
from hard import *
import dvnb as dv
from dvnb.chunk import DvnbError
from dvnb.commands import COMMANDS
from dvnb.shell import main

BAD = [None, '', 3, 3.5, True, b'iris', Path('iris'), np.int64(3), np.float64('nan'), ['iris'], [], {}, {'a': 1}, object(), '\0', 'x'*300, '한글', '../x', ':', '@', (), -1, print, 'iris:9',
    '\ud800', {'iris'}, float('inf'), pd.DataFrame({'a': [1]}), np.array(['iris', 'b'])]
WORDS = {**COMMANDS, 'builder': dv.builder}

@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('DVNB_REPO', raising=False)
    monkeypatch.setitem(dv.inuse.session, 'url', None) if hasattr(dv, 'inuse') else None
    dv.init(tmp_path/'.dvnb')
    dv.snapshot(fill(tmp_path/'p', {'a.csv': 'a\n1\n'}), 'iris')
    return tmp_path

def call(word, k, value, place):
    good = dict(source='p', name='iris', old='iris:1.0.0', new='iris:1.0.0', ref='iris:1.0.0', tag='paper', folder='p', to=str(place/'o'), refs='iris', url=str(place/'.dvnb'), data_dir='p')
    needed = {n: good[n] for n, p in inspect.signature(WORDS[word]).parameters.items() if p.default is p.empty}
    made = WORDS[word](**needed | {k: value})
    if word=='builder': made(lambda config, version: None)
    return repr(made)

@pytest.mark.parametrize('word', WORDS)
def test_a_value_of_the_wrong_kind_is_one_clear_line(place, word):
    for k, value in [(k, o) for k in inspect.signature(WORDS[word]).parameters for o in BAD]:
        try: call(word, k, value, place)
        except DvnbError as e: assert str(e).strip() and len(str(e))<2000
        os.chdir(place)
        dv.use(place/'.dvnb')

@pytest.mark.parametrize('make, words', [
    (lambda: dv.copy(3, 'o'), 'copy what?'), (lambda: dv.copy('iris', None), 'to=None'), (lambda: dv.about('iris', authors=3), 'authors=3 is not a text, or a list of texts'),
    (lambda: dv.snapshot('p', ignore=3), 'ignore=3'), (lambda: dv.git_track(None), 'folder=None is not a folder or file'), (lambda: dv.git_track(''), 'folder=\'\' is empty'),
    (lambda: dv.snapshot('p', mesage='x'), 'did you mean message=?'), (lambda: dv.yank('iris:1', 3), 'reason=3'), (lambda: dv.snapshot('p', dry_run='no'), "dry_run='no' is not True or False")])
def test_what_is_wrong_and_what_to_give(place, make, words):
    with pytest.raises(DvnbError) as e: make()
    assert words in str(e.value)
    assert isinstance(e.value, (TypeError, ValueError))

def test_a_copy_goes_to_a_repo_or_to_its_address(place):
    to = Repo.init(place/'o')
    assert [v.ref for v in dv.copy('iris', to)] == ['iris:1.0.0'] and not dv.copy('iris', place/'o') and not dv.copy('iris', str(place/'o'))

@pytest.mark.parametrize('line', [['git_track', ''], ['copy', 'iris', ''], ['snapshot', ''], ['restore', 'iris', ''], ['import_tfds', ''], ['import_folders', ''], ['use', ''], ['init', '']])
def test_an_empty_text_in_a_shell(place, capsys, line):
    assert main(line) in (1, 2)
    err = capsys.readouterr().err
    assert err.count('\n')<=2 and 'Traceback' not in err and 'empty' in err

def test_a_wrong_value_changes_nothing(place):
    def held(): return sorted((str(o), o.stat().st_size) for o in (place/'.dvnb').rglob('*') if o.is_file())
    before = held()
    for word, k, value in [('yank', 'reason', 3), ('tag', 'tag', 3), ('about', 'authors', 3), ('snapshot', 'message', 3), ('policy', 'append', 3), ('forget', 'keep_last', 'x')]:
        with pytest.raises(DvnbError): call(word, k, value, place)
    assert held() == before
