"The words of dvnb do the same from Python, a cell and a shell, say plainly what went wrong, and lose nothing when they are interrupted."
import inspect, json, logging, os, random, re, resource, shlex, signal, subprocess, sys, threading, time
from pathlib import Path
import pandas as pd, pytest
from hypothesis import given, settings, strategies as st
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
import dvnb as dv
from dvnb import commands, inputs, inuse, shell
from dvnb.chunk import DvnbError
from dvnb.commands import COMMANDS, GROUPS
from dvnb.magic import complete
from dvnb.shell import UsageError, as_line, main, parser, split_line, usage

root = Path(__file__).resolve().parent.parent
DVER = [sys.executable, '-c', 'import sys; from dvnb.shell import main; sys.exit(main())']

def new_session(monkeypatch):
    session = {}
    for page in inuse, commands: monkeypatch.setattr(page, 'session', session)

@pytest.fixture
def place(tmp_path, monkeypatch):
    "An empty folder to work in, far from any repo"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('DVNB_CACHE', str(tmp_path/'.cache'))
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setenv('PYTHONPATH', str(root))
    monkeypatch.delenv('DVNB_REPO', raising=False)
    new_session(monkeypatch)
    return tmp_path

def make_taxi(**files):
    Path('taxi').mkdir(exist_ok=True)
    for k, o in (files or dict(jan='id,fare\n1,9.5\n2,7.0\n')).items(): Path(f'taxi/{k}.csv').write_text(o)

@pytest.fixture
def taxi(place):
    make_taxi()
    return place/'taxi'

@pytest.fixture
def ip():
    InteractiveShell.clear_instance()
    ip = InteractiveShell.instance(config=Config(HistoryManager=dict(enabled=False)))
    ip.run_line_magic('load_ext', 'dvnb')
    yield ip
    ip.run_line_magic('unload_ext', 'dvnb')
    InteractiveShell.clear_instance()

def run(*args, **kw):
    return subprocess.run([*DVER, *args], capture_output=True, text=True, timeout=180, **kw)

# One table

signatures = '''
init(url='.dvnb')
use(url)
snapshot(source, name=None, *, message='', version=None, bump=None, force='', experimental=False, ignore=None, dry_run=False)
status(folder=None, ref=None)
log(name=None)
diff(old, new=None, *, key=None)
panel(old=None, new=None)
pick(name)
restore(ref=None, target=None, *, files=None, dry_run=False, keep_going=False)
undo(folder=None)
load(ref)
read(ref, file=None, *, split=None)
path(ref, files=None)
tag(ref, tag, *, move=False)
yank(ref, reason='', *, undo=False)
forget(ref, *, keep_last=None, dry_run=False)
gc(*, dry_run=False)
check(*, read_data=False, repair=False)
policy(name, *, append=None, order=None, column_order=None, widen=None, nullable=None, split_added=None, atol=None, rtol=None, key=None, kind=None)
digest(folder)
promise(old, new)
audit(name)
about(name, *, title=None, authors=None, license=None, source=None, doi=None)
cite(ref=None)
used()
git_track(folder, *, name=None, email=None, no_gitignore=False)
copy(refs, to, *, name=None)
import_tfds(data_dir)
import_folders(folder, name=None)
build(ref)
default_config(name, config=None)
'''.strip().splitlines()

def bare(f):
    "The signature of `f` without types"
    sig = inspect.signature(f)
    ps = [p.replace(annotation=p.empty) for p in sig.parameters.values()]
    return f.__name__ + str(sig.replace(parameters=ps, return_annotation=sig.empty))

def test_signatures_are_those_of_the_design(): assert sorted(map(bare, COMMANDS.values())) == sorted(signatures)

def test_every_word_is_in_one_group_and_at_hand_in_python():
    assert sum(map(len, GROUPS.values())) == len(COMMANDS)
    for k, f in COMMANDS.items(): assert getattr(dv, k) is f

def test_no_page_has_the_name_of_a_word():
    "Importing the page would put the module where the word is"
    assert {p.stem for p in (root/'dvnb').glob('*.py')} & {*COMMANDS} == set()

@pytest.mark.parametrize('word', COMMANDS)
def test_every_parameter_has_help(word):
    for a in parser(word)._actions:
        if a.dest not in ('pdb', 'xtra'): assert a.help, a.dest
    said = ' '.join(usage(word).split())  # lines are as long as the terminal is wide
    assert COMMANDS[word].__doc__ in said and f'  {word} ' in usage()

def test_short_options_are_those_of_git():
    assert '-m' in usage('snapshot') and '-n' in usage('snapshot') and '-n' in usage('gc')
    assert all('-m, ' not in usage(w) for w in COMMANDS if w != 'snapshot')

# Three entrances

steps = [
    ('snapshot taxi -m january', lambda: dv.snapshot('taxi', message='january')),
    ('snapshot taxi', lambda: dv.snapshot('taxi')),
    ('init', lambda: dv.init()),
    (dict(feb='id,fare\n3,12.0\n'), None),
    ('status taxi', lambda: dv.status('taxi')),
    ('status', lambda: dv.status()),
    ('snapshot --dry-run ./taxi', lambda: dv.snapshot('./taxi', dry_run=True)),
    ('snapshot -n ./taxi', lambda: dv.snapshot('./taxi', dry_run=True)),
    ('policy taxi --atol 0.5 --key id --key fare', lambda: dv.policy('taxi', atol=.5, key=['id', 'fare'])),
    ('policy taxi', lambda: dv.policy('taxi')),
    ('snapshot ./taxi taxi --message "two months" --bump major', lambda: dv.snapshot('./taxi', 'taxi', message='two months', bump='major')),
    ('log', lambda: dv.log()),
    ('log taxi', lambda: dv.log('taxi')),
    ('diff taxi:1.0.0 taxi:2.0.0', lambda: dv.diff('taxi:1.0.0', 'taxi:2.0.0')),
    ('diff taxi:1 --key id ./taxi', lambda: dv.diff('taxi:1', './taxi', key=['id'])),
    ('diff taxi:latest', lambda: dv.diff('taxi:latest')),
    ('tag taxi:1 paper', lambda: dv.tag('taxi:1', 'paper')),
    ('tag taxi:2 paper --move', lambda: dv.tag('taxi:2', 'paper', move=True)),
    ('load taxi@paper', lambda: dv.load('taxi@paper')),
    ('digest taxi:2.0.0', lambda: dv.digest('taxi:2.0.0')),
    ('digest ./taxi', lambda: dv.digest('./taxi')),
    ('restore taxi:1 out', lambda: dv.restore('taxi:1', 'out')),
    ('restore taxi:2 part --files feb.csv', lambda: dv.restore('taxi:2', 'part', files='feb.csv')),
    ('restore taxi:2 out -n', lambda: dv.restore('taxi:2', 'out', dry_run=True)),
    ('restore taxi:2 out', lambda: dv.restore('taxi:2', 'out')),
    ('undo out', lambda: dv.undo('out')),
    ('read taxi:1', lambda: dv.read('taxi:1')),
    ('read taxi:2 *', lambda: dv.read('taxi:2', '*')),
    ('read taxi:2 --split feb', lambda: dv.read('taxi:2', split='feb')),
    ('path taxi:2', lambda: dv.path('taxi:2')),
    ('path taxi:2 feb.csv', lambda: dv.path('taxi:2', ['feb.csv'])),
    ('yank taxi:2 "wrong month"', lambda: dv.yank('taxi:2', 'wrong month')),
    ('load taxi:2.0.0', lambda: dv.load('taxi:2.0.0')),
    ('yank taxi:2.0.0 --undo', lambda: dv.yank('taxi:2.0.0', undo=True)),
    ('forget taxi --keep-last 1 -n', lambda: dv.forget('taxi', keep_last=1, dry_run=True)),
    ('forget taxi:1.0.0', lambda: dv.forget('taxi:1.0.0')),
    ('gc --dry-run', lambda: dv.gc(dry_run=True)),
    ('gc', lambda: dv.gc()),
    ('check --read-data', lambda: dv.check(read_data=True)),
    ('snapshot ./taxi --experiment new_split --experiment fewer', lambda: dv.snapshot('./taxi', experimental=['new_split', 'fewer'])),
    ('promise taxi:2.0.0 taxi', lambda: dv.promise('taxi:2.0.0', 'taxi')),
    ('audit taxi', lambda: dv.audit('taxi')),
    ('about taxi --title "Taxi rides" --authors "A B" --authors C', lambda: dv.about('taxi', title='Taxi rides', authors=['A B', 'C'])),
    ('about taxi', lambda: dv.about('taxi')),
    ('cite taxi', lambda: dv.cite('taxi')),
    ('cite', lambda: dv.cite()),
    ('used', lambda: dv.used()),
    ('git_track taxi', lambda: dv.git_track('taxi')),
    ('git-track taxi', lambda: dv.git_track('taxi')),
    ('copy taxi other', lambda: dv.copy('taxi', 'other')),
    ('import_folders dated', lambda: dv.import_folders('dated')),
    ('import-tfds tfds', lambda: dv.import_tfds('tfds')),
    ('build made', lambda: dv.build('made')),
    ('default-config taxi', lambda: dv.default_config('taxi')),
    ('use .dvnb', lambda: dv.use('.dvnb')),
]
changing = 'repo', 'first', 'moved', 'source', 'created', 'token', 'root', 'provenance', 'id', 'new_bytes', 'wait', 'n_bytes', 'deleted', 'condemned', 'copied'

def make_places():
    "A git repo with a repo, dated folders, and what TensorFlow Datasets has made"
    for o in ('git', 'init', '-q'), ('git', 'config', 'user.email', 'a@b'), ('git', 'config', 'user.name', 'a'): subprocess.run(o, check=True)
    dv.Repo.init('.dvnb'), dv.Repo.init('other')
    Path('dated/version_20210101_000000').mkdir(parents=True)
    Path('dated/version_20210101_000000/a.csv').write_text('a\n1\n')
    Path('tfds/ds/1.0.0').mkdir(parents=True)
    Path('tfds/ds/1.0.0/dataset_info.json').write_text(json.dumps(dict(name='ds', version='1.0.0', fileFormat='parquet', splits=[])))

def scrubbed(x, top):
    "`x` without what differs between two runs"
    if isinstance(x, dict): return {k: scrubbed(o, top) for k, o in x.items() if k not in changing}
    if isinstance(x, list): return [scrubbed(o, top) for o in x]
    if isinstance(x, str) and '.cache' in x: return '<a copy>'
    if isinstance(x, str): x = re.sub('dvnb repo [0-9a-f]+', 'dvnb repo ...', x)
    return x.replace(str(top), '<top>') if isinstance(x, str) else x

def each_step(say, top):
    make_taxi()
    make_places()
    dv.builder('made', version='1.0.0', replace=True)(lambda config, version: pd.DataFrame(dict(a=[1])))
    for line, call in steps:
        if isinstance(line, dict): make_taxi(**line)
        else: yield line, scrubbed(say(line, call), top)

def test_a_word_gives_the_same_from_python_a_cell_and_a_shell(tmp_path_factory, place, monkeypatch, ip, capsys):
    def said(line, call):
        capsys.readouterr()
        assert main([*shlex.split(line), '--json']) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)
    def in_python(line, call): return shell.plain(call())
    def in_cell(line, call): return shell.plain(ip.run_line_magic('dver', line))
    got = {}
    for say in in_python, in_cell, said:
        top = tmp_path_factory.mktemp(say.__name__)
        monkeypatch.chdir(top)
        new_session(monkeypatch)
        monkeypatch.setattr(inputs, '_uses', {})  # as in a new kernel
        got[say.__name__] = [*each_step(say, top)]
    for a, b, c in zip(*got.values()):
        assert a == b
        assert a == c
    assert len(got['said']) == len(steps)-1 and {l.split()[0].replace('-', '_') for l, _ in got['said']} == {*COMMANDS}-{'pick', 'panel'}

def test_panels_need_a_notebook(taxi, capsys):
    dv.snapshot('taxi')
    assert main(['panel', 'taxi:1']) == 2
    assert 'needs a notebook' in capsys.readouterr().err

@pytest.mark.parametrize('line', ['pick taxi', 'panel', 'panel taxi:1 ./taxi'])
def test_panels_are_widgets(taxi, ip, line):
    live = pytest.importorskip('dvnb.livepanel')
    dv.snapshot('taxi')
    make_taxi(feb='id,fare\n3,12.0\n')
    dv.snapshot('taxi')
    assert type(ip.run_line_magic('dver', line)).__mro__[1] is live.Panel

# Which repo

def test_only_init_and_snapshot_make_a_repo(taxi):
    for f in dv.log, dv.status, lambda: dv.load('taxi'), lambda: dv.restore('taxi', 'out'), dv.gc, dv.check, lambda: dv.policy('taxi', append='minor'):
        with pytest.raises(dv.StoreError, match='no dvnb repo in .*dv.snapshot'): f()
    assert not Path('.dvnb').exists()
    assert dv.init().url == str(taxi.parent/'.dvnb')

def test_a_policy_before_the_first_snapshot_says_how_to_begin(taxi):
    with pytest.raises(dv.StoreError, match=r'no dvnb repo in .*or dv\.init\(\), if something'): dv.policy('sales', append='minor')
    dv.init()
    dv.policy('sales', append='minor')
    df = pd.DataFrame(dict(a=[1, 2]))
    assert [dv.snapshot(o, 'sales').ref for o in (df, pd.concat([df, df]))] == ['sales:1.0.0', 'sales:1.1.0']

@pytest.mark.parametrize('args', [('texi',), ('taxi', '1bad'), (pd.DataFrame(dict(a=[1])),), ('taxi', 'taxi:2')])
def test_a_snapshot_that_fails_makes_no_repo(taxi, args):
    with pytest.raises(DvnbError): dv.snapshot(*args)
    assert not Path('.dvnb').exists()

def test_a_dry_run_makes_no_repo(taxi):
    d = dv.snapshot('taxi', dry_run=True)
    assert d.files.added == ['jan.csv'] and not Path('.dvnb').exists()
    assert [*d.levels().reason] == ['table added']

def test_a_new_repo_lies_beside_git_and_says_so(taxi):
    (taxi.parent/'.git').mkdir()
    os.chdir(taxi)
    v = dv.snapshot('.')
    assert v.notes[0] == f'made a repo in {taxi.parent/".dvnb"}' and dv.in_use().url == str(taxi.parent/'.dvnb')
    assert dv.snapshot('.').notes == ['nothing changed since taxi:1.0.0']

def test_use_beats_the_variable_which_beats_the_folder(taxi, monkeypatch):
    here, other, third = (dv.Repo.init(o).url for o in ('.dvnb', 'other', 'third'))
    assert dv.in_use().url == here
    monkeypatch.setenv('DVNB_REPO', other)
    assert dv.in_use().url == other
    dv.use('third')
    assert dv.in_use().url == third
    with pytest.raises(dv.StoreError, match='no dvnb repo at'): dv.use('fourth')
    assert dv.in_use().url == third

def test_a_repo_that_was_made_elsewhere_is_in_use(place):
    assert dv.init('memory://test_commands').url == dv.in_use().url == 'memory://test_commands'
    dv.snapshot(pd.DataFrame(dict(a=[1])), 'sales')
    assert [str(v) for v in dv.log()] == ['sales:1.0.0']

def test_the_repo_is_one_object_until_it_is_another_repo(taxi):
    import shutil
    dv.snapshot('taxi')
    r = dv.in_use()
    assert dv.in_use() is r
    shutil.rmtree('.dvnb')
    dv.init()
    assert dv.in_use() is not r and dv.log() == []

def test_threads_do_not_share_a_store(place):
    for i in range(4):
        Path(f'd{i}').mkdir()
        for k in range(20): Path(f'd{i}/{k}.bin').write_bytes(random.Random(i*20+k).randbytes(100_000))
    dv.init()
    errors = []
    def work(i):
        try: dv.snapshot(f'd{i}')
        except BaseException as e: errors.append(e)
    ts = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in ts: t.start()
    for t in ts: t.join()
    assert errors == [] and len(dv.log()) == 4 and dv.check(read_data=True).ok

@pytest.mark.skipif(not hasattr(os, 'fork'), reason='no fork')
def test_a_forked_child_can_read(place):
    "As the workers of a torch DataLoader do"
    Path('d').mkdir()
    for k in range(40): Path(f'd/{k}.bin').write_bytes(random.Random(k).randbytes(200_000))
    dv.snapshot('d')
    code = 'import os, dvnb as dv\ndv.digest("d:1")\ndv.restore("d:1", "a")\npid = os.fork()\nif not pid: dv.restore("d:1", "b"); os._exit(0)\nos._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))'
    assert subprocess.run([sys.executable, '-W', 'ignore', '-c', code], timeout=120).returncode == 0
    assert len(os.listdir('b')) == 40

# Without a repo

def test_diff_and_digest_need_no_repo(taxi, ip):
    make_taxi()
    Path('feb').mkdir()
    Path('feb/jan.csv').write_text('id,fare\n1,9.5\n')
    df = pd.read_csv('feb/jan.csv')
    assert dv.diff('taxi', 'feb').files.modified == ['jan.csv']
    assert dv.diff(Path('taxi/jan.csv'), 'feb/jan.csv').files.modified == ['jan.csv']
    assert dv.diff(df, df.copy()).clean and not dv.diff(df, df+1).clean
    ip.user_ns['df'] = df
    assert ip.run_line_magic('dver', 'diff df df').clean
    assert len(dv.digest('taxi')) == 64 and not Path('.dvnb').exists()
    with pytest.raises(dv.StoreError, match='taxi:1 is no file or folder here, and there is no dvnb repo'): dv.diff('taxi:1', 'taxi')
    with pytest.raises(dv.StoreError, match='with what'): dv.diff('taxi')

def test_a_digest_knows_what_was_left_out(taxi):
    (taxi/'x.tmp').write_text('scratch')
    v = dv.snapshot('taxi', ignore='*.tmp')
    assert dv.digest('./taxi') == dv.digest('taxi:1') == v.digest
    with pytest.raises(dv.DvnbError, match='a DataFrame is not a folder or file'): dv.digest(pd.DataFrame(dict(a=[1])))

# Notes

def test_notes_are_logged_outside_notebooks(taxi, caplog):
    with caplog.at_level(logging.INFO, 'dvnb'): dv.snapshot('taxi')
    assert [r.getMessage().split(' in ')[0] for r in caplog.records] == ['made a repo']

def test_notes_are_not_logged_where_cards_are(taxi, ip, caplog):
    with caplog.at_level(logging.INFO, 'dvnb'): v = dv.snapshot('taxi')
    assert v.notes and not caplog.records

def test_notes_go_to_stderr_in_a_shell(taxi, capsys):
    assert main(['snapshot', 'taxi']) == 0
    out, err = capsys.readouterr()
    assert 'made a repo' in err and 'made a repo' not in out and out.startswith('taxi:1.0.0  first version\n')
    assert logging.getLogger('dvnb').handlers == []

@pytest.mark.parametrize('line', ['read taxi:1.0.0', 'path taxi:1.0.0', 'restore taxi:1.0.0 out', 'restore taxi:1.0.0 out -n', 'load taxi:1.0.0'])
def test_whoever_takes_a_withdrawn_version_hears_why_once(taxi, capsys, line):
    dv.snapshot('taxi')
    dv.yank('taxi:1.0.0', 'two fares are wrong')
    assert main(shlex.split(line)) == 0
    said = capsys.readouterr()
    assert (said.out + said.err).count('taxi:1.0.0 was withdrawn: two fares are wrong') == 1 and 'withdrawn: two' in said.err

def test_a_notebook_hears_it_too_where_no_card_is(taxi, ip, caplog):
    v = dv.snapshot('taxi')
    dv.yank('taxi:1.0.0', 'two fares are wrong')
    said = 'taxi:1.0.0 was withdrawn: two fares are wrong'
    for take in lambda r: dv.read(r), lambda r: dv.path(r):
        caplog.clear()
        take('taxi:1.0.0')
        assert [(r.levelname, r.getMessage()) for r in caplog.records] == [('WARNING', said)]
    caplog.clear()
    assert dv.restore('taxi:1.0.0', 'out').notes == [said]  # a value with a card
    v = dv.load('taxi:1.0.0')
    dv.read(v)  # which has said so already
    assert v.notes == [said] and not caplog.records

def test_a_changed_copy_is_said(taxi, capsys):
    dv.snapshot('taxi')
    f = dv.path('taxi')/'jan.csv'
    os.chmod(f, 0o644)
    f.write_text('mine')
    assert main(['path', 'taxi']) == 0 and 'jan.csv had been changed in the copy' in capsys.readouterr().err

def test_what_stderr_says_is_not_said_again_on_stdout(place, capsys):
    Path('d/version_20210101_000000').mkdir(parents=True)
    Path('d/version_20210101_000000/a.csv').write_text('a\n1\n')
    Path('d/readme').write_text('x')
    assert main(['import_folders', 'd']) == 0
    said = capsys.readouterr()
    assert 'left alone: readme' in said.err and 'left alone' not in said.out and said.out.startswith('d:1.0.0')

# What a program reads

def answer(*args): return shell.plain(shell.answer([*args]))

@pytest.fixture
def broken(place):
    "A dataset whose second number promises more than its data keep"
    dv.snapshot(pd.DataFrame(dict(a=[1, 2])), 'sales')
    v = dv.snapshot(pd.DataFrame(dict(a=[1, 3])), 'sales')
    r = dv.in_use()
    r.catalog.add(v.record | dict(version='1.0.1', level='PATCH'))
    dv.forget(v)

def test_a_broken_promise_ends_with_1(broken, capsys):
    for line in ['audit', 'sales'], ['promise', 'sales:1.0.0', 'sales:1.0.1']: assert main(line) == 1
    assert main(['promise', 'sales:1.0.0', 'sales:1.0.0']) == 0

def test_promises_and_audits_as_json(broken):
    p = answer('promise', 'sales:1.0.0', 'sales:1.0.1')
    assert {k: p[k] for k in ('old', 'new', 'promised', 'found', 'kept', 'state', 'forced')} == dict(old='sales:1.0.0', new='sales:1.0.1',
        promised='PATCH', found='MAJOR', kept=False, state='broken', forced='') and 'row' in p['reasons'][0]
    a = answer('audit', 'sales')
    assert a == dict(name='sales', ok=False, steps=[p], first=['sales:1.0.0'], forgotten=['sales:2.0.0'])

def test_versions_that_came_or_went_as_json(taxi):
    dv.snapshot('taxi')
    dv.Repo.init('other')
    c = answer('copy', 'taxi', 'other')
    assert [o['ref'] for o in c['new']] == ['taxi:1.0.0'] and c['held'] == c['notes'] == [] and c['to'] == str(taxi.parent/'other') and c['moved'] > 0
    assert answer('copy', 'taxi', 'other')['held'] == ['taxi:1.0.0']
    Path('d/version_20210101_000000').mkdir(parents=True)
    Path('d/version_20210101_000000/a.csv').write_text('a\n1\n')
    Path('d/version_20210102_000000').mkdir()
    i = answer('import_folders', 'd')
    assert [o['ref'] for o in i['new']] == ['d:1.0.0'] and i['skipped'] == {'version_20210102_000000': 'it holds no file'}

def test_a_restore_and_what_was_read_as_json(taxi, monkeypatch):
    monkeypatch.setattr(inputs, '_uses', {})
    dv.snapshot('taxi')
    p = answer('restore', 'taxi', 'out')
    assert (p['label'], p['write'], p['remove'], p['notes'], p['lost']) == ('taxi:1.0.0', ['jan.csv'], [], [], {})
    [u] = answer('used')
    assert (u['ref'], u['by'], u['asked']) == ('taxi:1.0.0', ['restore'], {'taxi': 'highest of 1'}) and 'v' not in u

def test_a_folder_that_stems_from_nothing_any_more_as_json(taxi):
    dv.forget(dv.snapshot('taxi'))
    [s] = answer('status')
    assert s['folder'] == str(taxi) and 'were forgotten' in s['error']

def test_a_policy_that_decides_nothing_says_so(taxi, capsys):
    dv.snapshot('taxi')
    assert main(['policy', 'taxi']) == 0 and 'nothing was decided' in capsys.readouterr().out

# Completion

def offered(line): return complete(line)[1]

def test_configs_and_labels_are_offered(taxi):
    v = dv.snapshot('taxi', 'taxi/a')
    dv.tag(v, 'paper')
    assert offered('log ta') == ['taxi/a'] and offered('load taxi:') == ['taxi:1.0.0', 'taxi:latest'] and offered('copy taxi@') == ['taxi@paper']
    assert offered('load taxi@v') == [f'taxi@{v.label}'] and dv.load(f'taxi@{v.label}') == v
    dv.snapshot('taxi', 'taxi/b')
    assert offered('log ta') == ['taxi', 'taxi/a', 'taxi/b']

def test_what_code_makes_is_offered(place):
    dv.builder('digits', version='1.0.0', configs=dict(small=dv.Config(n=1), big=dv.Config(n=2)))(lambda config, version: None)
    assert offered('build di') == ['digits', 'digits/big', 'digits/small'] and offered('load digits:') == []

def test_words_and_places_of_exchange_are_offered(taxi):
    assert offered('git-track ta') == offered('git_track ta') == offered('import_folders ta') == offered('import-tfds ta') == offered('copy x ta') == ['taxi/']
    assert '--experiment' in offered('snapshot taxi --exp')

def test_a_table_as_json_keeps_every_digit(place, capsys):
    df = pd.DataFrame(dict(x=[.1+.2, float('nan')], n=[2**62+1, -1], b=[b'\xff\0', None], t=pd.to_datetime(['2020-01-01', None]), l=[[1, 2], [3, 4]], i=pd.array([1, None], 'Int64')))
    dv.snapshot(df, 'sales')
    assert main(['read', 'sales', '--json']) == 0
    assert json.loads(capsys.readouterr().out) == [dict(x=.1+.2, n=2**62+1, b='ff00', t='2020-01-01T00:00:00', l=[1, 2], i=1), dict(x=None, n=-1, b=None, t=None, l=[3, 4], i=None)]
    dv.snapshot(df[:0], 'none')
    assert answer('read', 'none') == []

def test_what_people_wrote_stays_in_its_line(taxi, capsys):
    "A message may come from a repo of somebody else"
    evil = 'first\nsecond \x1b[31mred'
    dv.snapshot('taxi', message=evil)
    dv.snapshot('taxi', bump='patch', force=evil)
    dv.yank('taxi:1.0.1', evil)
    for line in 'log', 'load taxi:1.0.0', 'load taxi:1.0.1', 'audit taxi', 'promise taxi:1.0.0 taxi:1.0.1':
        main(line.split())
        said = capsys.readouterr()
        assert '\x1b' not in said.out+said.err and '\nsecond' not in said.out+said.err
    assert 'first second \\x1b[31mred' in str(dv.log())

# The whole dataset

@pytest.mark.parametrize('word', ['log', 'audit', 'policy', 'about'])
@pytest.mark.parametrize('ref', ['taxi:1.0.0', 'taxi:1', 'taxi@paper', 'taxi:latest'])
def test_a_version_is_not_taken_for_its_dataset(taxi, word, ref):
    dv.tag(dv.snapshot('taxi'), 'paper')
    with pytest.raises(dv.RefError, match='names a version.*write taxi$'): getattr(dv, word)(ref)

def test_forget_keeps_the_last_of_what_was_named(taxi):
    for i in 1, 2:
        make_taxi(jan=f'id,fare\n1,{i}\n')
        for c in 'a', 'b': dv.snapshot('taxi', f'taxi/{c}')
    with pytest.raises(dv.RefError, match='names a version'): dv.forget('taxi/a:1', keep_last=1)
    with pytest.raises(dv.VersionNotFound): dv.forget('texi', keep_last=1)
    assert [v.ref for v in dv.forget('taxi', keep_last=1, dry_run=True)] == ['taxi/a:1.0.0', 'taxi/b:1.0.0']

def test_options_are_not_dropped_from_a_name(taxi):
    with pytest.raises(dv.RefError, match='options, which only a dataset with a builder takes'): dv.snapshot('taxi', 'taxi/year=2020')
    assert not Path('.dvnb').exists()

# Marks in words

def test_a_log_says_what_is_withdrawn_and_what_is_tried_out(taxi, capsys):
    dv.snapshot('taxi')
    make_taxi(jan='id,fare\n1,1.0\n')
    dv.snapshot('taxi', experimental=['new_split', 'b'])
    dv.yank('taxi:1.0.0', 'wrong')
    lines = str(dv.log('taxi')).splitlines()
    assert lines[0].endswith('experimental (b, new_split)') and lines[1].endswith('withdrawn')
    main(['load', 'taxi:2.0.0'])
    assert 'experimental (b, new_split)' in capsys.readouterr().out
    assert 'experimental (b, new_split)' in dv.log('taxi')._repr_html_()

def test_a_withdrawal_can_be_explained_again(taxi):
    dv.snapshot('taxi')
    for reason in 'wrong', 'two fares are wrong', '': dv.yank('taxi:1.0.0', reason)
    assert dv.load('taxi:1.0.0').notes == ['taxi:1.0.0 was withdrawn: two fares are wrong']

# The same data

def test_a_number_for_the_same_data_has_no_reasons(taxi):
    dv.snapshot('taxi')
    v = dv.snapshot('taxi', bump='minor')
    assert (v.ref, v.level, v.reasons) == ('taxi:1.1.0', 'NONE', [])

def test_a_folder_stays_at_its_own_version(taxi):
    "Others with the same data are a withdrawn one, an experiment, a later one"
    dv.snapshot('taxi')
    dv.snapshot('taxi', bump='minor')
    dv.snapshot('taxi', bump='major', experimental=True)
    dv.restore('taxi:1.0.0', 'taxi')
    assert dv.snapshot('taxi').ref == 'taxi:1.0.0'
    dv.yank('taxi:1.0.0', 'wrong')
    assert dv.snapshot('taxi').ref == 'taxi:1.1.0'

# The line

@settings(deadline=None)
@given(st.lists(st.text(st.characters(blacklist_categories=['Cs'], blacklist_characters='\0'))))
def test_a_line_holds_any_word(words): assert split_line(shlex.join(words)) == words

@pytest.mark.parametrize('line,words', [('', []), ('  ', []), ('# only', []), ('a #b c', ['a']), ('a#b', ['a#b']), ("a '#b' ; ", ['a', '#b']), ('diff a b;', ['diff', 'a', 'b']),
    (r'a\ b \#c', ['a b', '#c']), ('a;b', ['a;b']), ("snapshot x # don't", ['snapshot', 'x']), ('x -m "say \\"a\\" # b"', ['x', '-m', 'say "a" # b'])])
def test_lines(line, words): assert split_line(line) == words

@pytest.mark.parametrize('line,says', [
    ('dif a', 'did you mean diff'), ('frobnicate', 'dver help lists'), ('snapshot', 'required: source'), ('log a b', 'unrecognized arguments: b'),
    ('forget taxi --keep-last two', "invalid int value: 'two'"), ('snapshot a --dryrun', 'did you mean --dry-run?'), ('snapshot a --mess x', 'unrecognized'), ('help frobnicate', 'no word'),
    ('tag "a', 'no closing quotation')])
def test_a_line_that_is_not_understood(place, line, says):
    with pytest.raises(UsageError, match=says.replace('?', '[?]')) as e: shell.answer(split_line(line))
    assert '\n' not in str(e.value)

@pytest.mark.parametrize('python,line', [
    ("dv.snapshot(...) makes one, dv.use('s3://team/data') takes another", 'dver snapshot ... makes one, dver use s3://team/data takes another'),
    ("say which, dv.restore('a:1.0.0', FOLDER)", 'say which, dver restore a:1.0.0 FOLDER'), ("dv.diff('my data', 'b')", "dver diff 'my data' b"),
    ('`check(repair=True)` mends', '`dver check --repair` mends'), ('`nothing(repair=True)` mends', '`nothing(repair=True)` mends'), ('check(repair=True)', 'check(repair=True)'),
    ("dv.forget('a', keep_last=3)", 'dver forget a --keep-last 3'), ('keep_going=True brings back', '--keep-going brings back'), ("or ignore='my data'", "or --ignore 'my data'"),
    ("version='2.0.0', force='so it is'", "--version 2.0.0, --force 'so it is'"), ('write append= one of', 'write --append one of'), ('x.bump=3, bump==3, frob=True', 'x.bump=3, bump==3, frob=True'),
    *((o, o) for o in ('/data/version=3: gone', 'version=3/part.csv', 'name=1a b.csv', 'key=in doubt', 'version=007')), ('dv.x(', 'dv.x('), ('dv.x(a b)', 'dv.x(a b)'),
    ("dv.snapshot('data (1)', 'NAME')", "dver snapshot 'data (1)' NAME"), ('''dv.log("it's (2)")''', '''dver log 'it'"'"'s (2)' ''' .strip())])
def test_advice_is_given_in_the_words_of_the_shell(python, line): assert as_line(python) == line

def test_a_shell_shows_data_as_it_is(place, capsys):
    for name,end in dict(a=2, b=3).items(): (place/f'{name}.csv').write_text(f'id,code\n1,"dv.diff(1, {end})"\n')
    assert main(['diff', 'a.csv', 'b.csv'])==0 and "'dv.diff(1, 2)' -> 'dv.diff(1, 3)'" in capsys.readouterr().out
    (place/'d').mkdir()
    for name,message in dict(a="dv.diff('a', 'b') shows it", b='bump=True').items():
        (place/'d/t.csv').write_bytes((place/f'{name}.csv').read_bytes())
        assert main(['snapshot', './d', '-m', message])==0
    out = capsys.readouterr().out
    assert "'dv.diff(1, 2)' -> 'dv.diff(1, 3)'" in out and 'dver diff d:1.0.0 d:2.0.0' in out
    assert main(['log', 'd'])==0 and "dv.diff('a', 'b') shows it" in (out := capsys.readouterr().out) and 'bump=True' in out

# The cell

def test_a_word_may_name_a_frame(place, ip):
    ip.user_ns.update(df=pd.DataFrame(dict(a=[1, 2])), n=3)
    v = ip.run_line_magic('dver', 'snapshot df sales -m first # a remark')
    assert (v.ref, v.message) == ('sales:1.0.0', 'first')
    assert ip.run_line_magic('dver', 'diff sales df').clean
    ip.user_ns['both'] = dict(train=ip.user_ns['df'], test=ip.user_ns['df'])
    assert ip.run_line_magic('dver', 'snapshot both splits').n_files == 2
    with pytest.raises(DvnbError): ip.run_line_magic('dver', 'snapshot n sales')
    ip.user_ns['sales'] = ip.user_ns['df']
    with pytest.raises(UsageError, match='a DataFrame and a dataset here: write sales:latest'): ip.run_line_magic('dver', 'diff sales df')
    with pytest.raises(UsageError, match='a DataFrame and a dataset here: write sales:latest'): ip.run_line_magic('dver', 'panel sales')
    assert ip.run_line_magic('dver', 'pick sales').value == 'sales:1.0.0' and ip.run_line_magic('dver', 'load sales').ref == 'sales:1.0.0'
    assert 'even if a folder or a variable has the same name' in str(usage('pick')) and 'which may be a variable' in str(usage('panel'))
    assert not ip.run_line_magic('dver', 'snapshot sales sales').is_new
    Path('df').mkdir()
    with pytest.raises(UsageError, match='a DataFrame and a folder here: write ./df'): ip.run_line_magic('dver', 'diff sales:1 df')

def test_a_cell_fills_in_variables_and_gets_the_value(taxi, ip):
    res = ip.run_cell('v = %dver snapshot taxi\nw = %dver load {v.ref}  # again;\nw == v')
    res.raise_error()
    assert res.result is True and ip.user_ns['w'].ref == 'taxi:1.0.0'
    ip.run_cell('home = %dver digest ~/taxi').raise_error()
    assert ip.user_ns['home'] == ip.user_ns['v'].digest

def test_an_error_is_one_line_and_stops_the_cell(place, ip, capsys):
    for line, kind in ('%dver log', 'StoreError: no dvnb repo'), ('%dver lgo', 'UsageError: %dver has no word lgo; did you mean log?'):
        res = ip.run_cell(f'{line}\nreached = 1')
        out, err = capsys.readouterr()
        assert isinstance(res.error_in_exec, DvnbError) and 'reached' not in ip.user_ns
        assert len((out+err).strip().splitlines()) == 1 and kind in out+err

def test_the_state_has_text_and_picture(taxi, ip):
    s = ip.run_line_magic('dver', '')
    assert 'no repo here' in repr(s) and '%dver snapshot' in s._repr_html_() and not Path('.dvnb').exists()
    dv.snapshot('taxi')
    (taxi/'feb.csv').write_text('id,fare\n3,12.0\n')
    s = ip.run_line_magic('dver', '')
    assert 'taxi:1.0.0' in repr(s) and '1 added' in repr(s) and s.next[0] == '%dver diff ./taxi' and len(s.next) == 3
    assert 'taxi:1.0.0' in s._repr_html_() and str(taxi) in s._repr_html_()
    for o in s.next[:1]: ip.run_line_magic('dver', o.removeprefix('%dver '))

def test_the_state_outlives_a_version_that_was_forgotten(taxi):
    dv.snapshot('taxi')
    dv.forget('taxi:1.0.0')
    s = shell.state()
    assert 'forgotten' in repr(s) and 'forgotten' in s._repr_html_()

def test_help_is_the_same_three_times(ip, capsys):
    assert str(ip.run_line_magic('dver', 'help diff')) == str(ip.run_line_magic('dver', 'diff --help')) == usage('diff', '%dver')
    assert main(['help', 'diff']) == main(['diff', '-h']) == 0
    assert capsys.readouterr().out == (usage('diff')+'\n')*2
    assert 'iris:1 ' in usage() and '*' not in usage()

def test_loading_twice_is_loading_once(ip):
    def n(): return sum(getattr(o, 'matcher_identifier', '') == 'dvnb.dver' for o in ip.Completer.custom_matchers)
    ip.run_line_magic('reload_ext', 'dvnb')
    assert n() == 1
    ip.run_line_magic('unload_ext', 'dvnb')
    assert n() == 0 and 'dver' not in ip.magics_manager.magics['line']
    ip.run_line_magic('load_ext', 'dvnb')

# Completion

@pytest.fixture
def full(taxi, ip):
    "A shell in a folder with versions, tags, frames and files"
    dv.snapshot('taxi')
    make_taxi(feb='id,fare\n3,12.0\n')
    dv.snapshot('taxi')
    dv.tag('taxi:1', 'paper')
    dv.snapshot('taxi/feb.csv', 'digits/small')
    Path('my data').mkdir()
    ip.user_ns.update(df=pd.DataFrame(dict(a=[1])), dn=1)
    return ip

cases = [
    ('%dver sn', ['snapshot']), ('x = %dver sn', ['snapshot']), ('dver sn', ['snapshot']), ('%dver he', ['help']), ('%dver help sn', ['snapshot']),
    ('%dver snapshot taxi --d', ['--dry-run']), ('%dver forget t --', ['--dry-run', '--help', '--keep-last']),
    ('%dver load ta', ['taxi']), ('%dver load taxi:', ['taxi:1.1.0', 'taxi:1.0.0', 'taxi:latest']), ('%dver load taxi:1.0', ['taxi:1.0.0']), ('%dver load taxi@', ['taxi@paper']),
    ('%dver load digits/small:', ['digits/small:1.0.0', 'digits/small:latest']), ('%dver tag taxi:1.1', ['taxi:1.1.0']), ('%dver log ', ['digits/small', 'taxi']),
    ('%dver snapshot d', ['df']), ('%dver diff d', ['df', 'digits/small']), ('%dver diff taxi:1 ./ta', ['./taxi/']), ('%dver diff -k x ./taxi/j', ['./taxi/jan.csv']),
    ('%dver status my', ["'my data/'"]), ("%dver status 'my", ["'my data/'"]), ('%dver restore taxi:1 my', ["'my data/'"]), ('%dver restore taxi:1 taxi/', []), ('%dver diff a b c', []), ('%dver frob ', []),
    ('%dver snapshot taxi --bump m', ['minor', 'major']), ('%dver policy taxi --order ', ['ignore', 'major']), ('%dver policy ta', ['taxi']),
]

@pytest.mark.parametrize('line,found', cases, ids=[o[0] for o in cases])
def test_completion(full, line, found):
    if not found:
        assert complete(line.partition('dver ')[2], full.user_ns)[1] == []
        return
    with provisionalcompleter(): got = [*full.Completer.completions(line, len(line))]
    assert [o.text for o in got] == found
    assert {line[:o.start] for o in got} == {line[:len(line)-len(complete(line.partition('dver ')[2], full.user_ns)[0])]}

def tab(ip, code, at=None):
    "What Tab offers"
    with provisionalcompleter(): return [o.text for o in ip.Completer.completions(code, len(code) if at is None else at)]

def test_completion_is_of_the_line_with_the_cursor(full):
    code = 'x = 1\n%dver load taxi:1.0\ny = 2'
    assert tab(full, code, code.index('\ny')) == ['taxi:1.0.0']

def test_completion_leaves_other_lines_alone_and_never_fails(full, monkeypatch):
    full.user_ns['dverse'] = 1
    assert tab(full, 'dvers') == ['dverse'] and tab(full, 'print(dvers') == ['dverse']
    monkeypatch.setenv('DVNB_REPO', '/nowhere')
    for line in '%dver load ta', '%dver diff taxi:', "%dver snapshot 'a", '%dver load taxi:1@', '%dver --': tab(full, line)

def test_completion_makes_no_repo(taxi, ip):
    assert tab(ip, '%dver diff ta') == ['taxi/'] and not Path('.dvnb').exists()

# The shell

def test_exit_codes(taxi):
    assert run('--help').returncode == run().returncode == run('--version').returncode == 0
    r = run('log')
    assert (r.returncode, r.stdout) == (1, '') and len(r.stderr.splitlines()) == 1 and r.stderr.startswith('dver: no dvnb repo in ') and 'dver snapshot ...' in r.stderr
    r = run('lgo')
    assert (r.returncode, r.stdout, r.stderr) == (2, '', 'dver: has no word lgo; did you mean log?\n')
    assert run('snapshot', 'taxi', '-m', 'january').returncode == 0
    r = run('diff', './taxi', '--json')
    assert r.returncode == 0 and json.loads(r.stdout)['clean'] is True
    for p in Path('.dvnb/packs').rglob('*'):
        if p.is_file(): p.write_bytes(b'broken')
    r = run('check')
    assert r.returncode == 1 and r.stdout

def test_a_restore_that_lost_files_ends_with_1(place):
    Path('d').mkdir()
    for i in range(3): Path(f'd/{i}').write_bytes(random.Random(i).randbytes(9000))
    v = dv.snapshot('d')
    pack = max(Path('.dvnb/packs').glob('*/*'), key=lambda p: p.stat().st_size)
    data = bytearray(pack.read_bytes())
    data[4000] ^= 1
    pack.write_bytes(data)
    r = run('restore', 'd:1', 'out', '--keep-going')
    assert r.returncode == 1 and '2 written' in r.stdout and 'lost: ' in r.stdout and len(os.listdir('out')) == 2
    r = json.loads(run('restore', 'd:1', 'out2', '--keep-going', '--json').stdout)
    assert sorted([*r['write'], *r['lost']]) == v.files == ['0', '1', '2'] and len(r['write']) == 2

def test_use_in_a_shell_says_how_to_make_it_last(place, capsys):
    dv.Repo.init('other')
    assert main(['use', 'other']) == 0
    out, err = capsys.readouterr()
    assert out == f'{place/"other"}\n' and f'export DVNB_REPO={place/"other"}' in err

def test_an_error_of_the_system_is_one_line(taxi, monkeypatch, capsys):
    def full(*a, **kw): raise OSError(28, 'No space left on device')
    monkeypatch.setitem(COMMANDS, 'log', full)
    monkeypatch.setattr(shell, 'understand', lambda args, prog: (full, {}))
    assert main(['log']) == 1 and capsys.readouterr().err == 'dver: [Errno 28] No space left on device\n'

def test_a_reader_that_leaves_early_is_no_error(taxi):
    r = subprocess.run(f'{shlex.join(DVER)} --help | true; exit ${{PIPESTATUS[0]}}', shell=True, executable='/bin/bash', capture_output=True, text=True)
    assert 'Traceback' not in r.stderr and r.returncode in (0, 141)

def test_names_that_are_no_text_are_printed(place):
    os.mkdir(b'd')
    Path(os.fsdecode(b'd/\xff.csv')).write_text('a\n1\n')
    dv.snapshot('d')
    assert run('read', 'd:1').returncode == run('diff', 'd:1', './d').returncode == run('read', 'd:1', '*', '--json').returncode == 0

def test_names_that_are_no_text_can_be_typed(place, ip):
    os.mkdir(b'd')
    csv, other = os.fsdecode(b'd/\xff.csv'), os.fsdecode(b'\xff.csv')
    Path(csv).write_text('a\n1\n')
    Path('d/b.csv').write_text('a\n2\n')
    dv.snapshot('d')
    assert dv.read('d:1', other).a[0] == dv.read('d:1', split=other[0]).a[0] == 1 and [p.name for p in dv.path('d:1', [other]).iterdir()] == [other]
    assert run('restore', 'd:1', 'out', '--files', other).returncode == run('read', 'd:1', other, '--json').returncode == 0 and os.listdir('out') == [other]
    ip.user_ns['other'] = other
    assert ip.run_line_magic('dver', f'read d:1 {other}').a[0] == 1
    Path(csv).write_text('a\n3\n')
    d = dv.diff('d:1', './d')
    assert [*d.to_pandas().path] == [*d.levels().path] == [other] and str(d.to_pandas().old_size.dtype) == 'Int64'
    assert dv.snapshot('d', ignore=[other]).n_files == 1
    assert os.fsencode(other) in subprocess.run([sys.executable, '-c', 'from dvnb.shell import main; main()', 'status', csv], capture_output=True, cwd=place).stderr

def test_import_and_help_load_nothing_heavy():
    heavy = 'pandas pyarrow obstore IPython ipywidgets numpy duckdb'.split()
    def loaded(code): return subprocess.run([sys.executable, '-c', f'import sys\n{code}\nprint(*(o for o in {heavy} if o in sys.modules), file=sys.stderr)'], capture_output=True, text=True, cwd=root).stderr.split()
    assert loaded('import dvnb') == []
    assert loaded('import dvnb as dv; dir(dv); dv.snapshot; dv.StoreError') == []
    assert loaded('from dvnb.shell import main; main(["--help"]); main(["help", "snapshot"]); main(["dif"])')[-1:] in ([], ['diff?'])

def test_import_is_quick():
    def best(code): return min(_took([sys.executable, '-c', code]) for _ in range(3))
    bare = best('pass')
    assert best('import dvnb')-bare < .25

def _took(cmd):
    "CPU seconds: what else the machine does counts for little"
    def spent(): return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    start = spent()
    subprocess.run(cmd, cwd=root, stdout=subprocess.DEVNULL, check=True)
    return spent()-start

# Ctrl-C

@pytest.mark.skipif(os.name == 'nt', reason='signals')
@pytest.mark.parametrize('word', ['log', 'help'])
def test_ctrl_c_at_any_moment_is_one_line(taxi, word):
    "Also while modules load, and while Python takes them down"
    dv.snapshot('taxi')
    code = 'import sys; from dvnb import program as p; load = p._load; p._load = lambda: print("up", flush=True) or load(); sys.exit(p.main())'
    stopped, line = 0, 'dver: interrupted; nothing is lost, run it again to go on\n'
    for wait in range(0, 400, 40):
        p = subprocess.Popen([sys.executable, '-c', code, word], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        assert p.stdout.readline() == 'up\n'
        time.sleep(wait/1000)
        p.send_signal(signal.SIGINT)
        out, err = p.communicate(timeout=120)
        done = p.returncode in (0, -signal.SIGINT) and err == '' and out  # Python itself has no handler in its last moments
        assert done or (p.returncode, err) == (130, line), (wait, p.returncode, err)
        stopped += p.returncode == 130
    assert stopped

def test_an_error_that_hides_ctrl_c_does_not(place):
    "argparse's own `finally` fails if it is interrupted early"
    code = '''if True:
        import sys
        from dvnb import program as p
        def run():
            try: raise KeyboardInterrupt
            finally: None.missing
        p._load = lambda: run
        sys.exit(p.main())'''
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, 'dver: interrupted; nothing is lost, run it again to go on\n')

@pytest.mark.skipif(os.name == 'nt', reason='signals')
def test_ctrl_c_that_is_ignored_stays_ignored(place):
    code = 'import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); from dvnb.program import main; print("up", flush=True); sys.exit(main())'
    p = subprocess.Popen([sys.executable, '-c', code, 'help'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    p.stdout.readline()
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=120)
    assert (p.returncode, err) == (0, '') and 'usage: dver' in out

@pytest.mark.skipif(os.name == 'nt', reason='signals')
@pytest.mark.parametrize('n,size', [(8000, 2000), (40, 4<<20)], ids=['many small files', 'large files'])
def test_ctrl_c_leaves_the_old_state(place, n, size):
    rng = random.Random(n)
    Path('big').mkdir()
    Path('big/0').write_text('first')
    dv.snapshot('big')
    for i in range(1, n): Path(f'big/{i}').write_bytes(rng.randbytes(size))
    stopped = 0
    for wait in .4, .6, .8:
        p = subprocess.Popen([*DVER, 'snapshot', './big', '-m', 'all'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        time.sleep(wait)
        p.send_signal(signal.SIGINT)
        start = time.monotonic()
        out, err = p.communicate(timeout=120)
        if p.returncode == 0: break
        if p.returncode != 130: continue
        stopped += 1
        assert time.monotonic()-start < 30, 'it takes a second where nothing else runs'
        assert 'Traceback' not in err and err.strip().endswith('dver: interrupted; nothing is lost, run it again to go on') and out == ''
        assert dv.check().ok
        if len(dv.log('big')) == 2: break  # it came after the record was written
    if not stopped: pytest.skip('this machine is too fast or too slow to be interrupted in time')
    r = run('snapshot', './big', '-m', 'all')
    assert r.returncode == 0, r.stderr
    assert dv.check(read_data=True).ok and dv.load('big').n_files == n and dv.diff('big:latest', './big').clean

LONG = '''
from dvnb.progress import Progress
with Progress('reading taxi', 100) as tell:
    tell.start -= 2  # it took two seconds already
    for _ in range(5): tell(20)
print('done')
'''

def test_progress_is_no_heap_of_bars_in_a_log():
    p = subprocess.run([sys.executable, '-c', LONG], capture_output=True, text=True)
    assert (p.stdout, p.stderr)==('done\n', '')

def test_progress_is_drawn_in_a_terminal_and_wiped():
    import fcntl, pty, struct, termios
    master,slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('4H', 24, 80, 0, 0))
    with subprocess.Popen([sys.executable, '-c', LONG], stdout=subprocess.PIPE, stderr=slave) as p:
        os.close(slave)
        drawn = b''
        try:
            while some := os.read(master, 1<<16): drawn += some
        except OSError: pass  # so ends a terminal that nobody holds any more
        assert p.stdout.read()==b'done\n'
    os.close(master)
    lines = drawn.decode().split('\r')
    assert any('reading taxi' in l and '20.0/100' in l for l in lines), drawn
    assert not lines[-1].strip() and not lines[-2].strip(), drawn
