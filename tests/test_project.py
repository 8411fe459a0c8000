"The project's files agree with each other, the notebooks with the package, and the package with what it says it needs."
import ast, json, os, re, shlex, shutil, subprocess, sys, tarfile, tomllib, zipfile
from configparser import ConfigParser
from importlib.metadata import version
from pathlib import Path
import pytest, yaml
from tools import nb

root = Path(__file__).resolve().parent.parent
nbs = root/'nbs'
notebooks = [p for p in sorted(nbs.rglob('*.ipynb')) if not any(o[0] in '._' for o in p.relative_to(nbs).parts)]
pages = [p for p in notebooks if p.parent.name == 'api']
most_lines = 300  # of exported code on a page

def name(p): return p.relative_to(nbs).as_posix()

def sh(*args, cwd=root, **env):
    "What `args` print; a failure shows all of it. This checkout is imported, whatever is installed"
    inherited = {k: v for k, v in os.environ.items() if k not in ('IN_TEST', 'DVNB_REPO')}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']])  # uv, where no environment is on
    env = {**inherited, 'PATH': path, 'PYTHONPATH': str(cwd), **env}
    r = subprocess.run([str(o) for o in args], cwd=cwd, capture_output=True, text=True, env=env)
    assert r.returncode == 0, f"{' '.join(map(str, args))}\n{r.stdout}{r.stderr}"
    return r.stdout

def py(*args, **kw): return sh(sys.executable, *args, **kw)

def committed():
    "Paths of the files that git tracks, or would take"
    if not shutil.which('git') or not (root/'.git').exists(): pytest.skip('not a git checkout')
    out = sh('git', '-c', 'safe.directory=*', 'ls-files', '-co', '--exclude-standard', '-z')
    return [o for o in sorted(out.split('\0')) if o and (root/o).exists()]

def code_cells(fn):
    "Pairs of a cell's id and its source"
    cells = json.loads(fn.read_text(encoding='utf-8'))['cells']
    return [(c.get('id'), ''.join(c['source'])) for c in cells if c['cell_type'] == 'code']

def is_export(src): return bool(re.search(r'^#\|\s*exports?i?\b', src, re.M))

def is_magic(src): return bool(re.search(r'^\s*[%!]|^\w[\w, ]*=\s*[%!]', src, re.M))

# Metadata

@pytest.fixture(scope='module')
def settings():
    parser = ConfigParser(delimiters=['='], interpolation=None)
    parser.read(root/'settings.ini', encoding='utf-8')
    return parser['DEFAULT']

@pytest.fixture(scope='module')
def site(): return yaml.safe_load((root/'_quarto.yml').read_text(encoding='utf-8'))

def listed(o):
    "Every page below the sidebar entry `o`, in order"
    if isinstance(o, str): return [o]
    return [p for e in (o if isinstance(o, list) else o.get('contents', [])) for p in listed(e)]

def test_name_and_version_are_the_same_everywhere(settings):
    project = tomllib.loads((root/'pyproject.toml').read_text(encoding='utf-8'))['project']
    said = py('-c', 'import dvnb; print(dvnb.__version__)').strip()
    assert project['name'] == settings['lib_name'] == 'dvnb'
    assert said == settings['version'] == version('dvnb')
    assert f"## {settings['version']}" in (root/'CHANGELOG.md').read_text(encoding='utf-8')

def test_site_says_what_the_package_says(settings, site):
    web, nbdev = site['website'], tomllib.loads((root/'pyproject.toml').read_text(encoding='utf-8'))['tool']['nbdev']
    assert (web['title'], web['description']) == (settings['lib_name'], settings['description'])
    assert site['project']['output-dir'] == nbdev['doc_path']

def test_quarto_yml_is_one_file():
    link = nbs/'_quarto.yml'
    assert link.is_symlink() and os.readlink(link) == '../_quarto.yml'

def sections(o, path=()):
    "The sections below the sidebar entry `o`, as (their titles from the outermost on, the pages that stand right in them)"
    if isinstance(o, str): return
    inner = o if isinstance(o, list) else o.get('contents', [])
    if 'section' in o: path = (*path, o['section'])
    yield path,[e for e in inner if isinstance(e, str)]
    for e in inner: yield from sections(e, path)

def test_sidebar_lists_every_notebook_by_subject(site):
    contents = site['website']['sidebar']['contents']
    assert sorted(listed(contents)) == sorted([*map(name, notebooks), 'changelog.md'])
    groups = {path[1:]: pages for path,pages in sections(contents) if path[:1] == ('Reference',)}
    assert groups.pop(()) == [] and all(len(o) == 1 for o in groups)
    for pages in groups.values():
        assert pages and pages == sorted(pages) and all(p.startswith('api/') for p in pages)
        assert len(pages) <= 16, f'{pages}: a list this long is not read'

def test_the_changelog_is_a_page_of_the_site(site):
    link = nbs/'changelog.md'
    assert link.is_symlink() and os.readlink(link) == '../CHANGELOG.md'
    assert 'changelog.md' in [o['href'] for o in site['website']['navbar']['left']]

def test_the_demo_shows_commands_that_can_be_pasted():
    code = (root/'tools/demo.sh').read_text(encoding='utf-8')
    own = code[code.index('as_typed()'):code.index('data()')]
    words = ['true', 'dver', 'snapshot', './vega', '-m', 'release 2.8.1', '', "it's", 'a*b', '$HOME', 'line\nbreak', 'pets:1.0.0', '\\']
    said = sh('bash', '-c', own+'run "$@"', 'demo', *words)
    assert said.startswith("\n$ true dver snapshot ./vega -m 'release 2.8.1' ''")
    assert shlex.split(said[3:]) == words

def test_readme_comes_from_the_index():
    assert 'unchanged' in py('tools/readme.py', '--check')

def test_readme_offers_one_command_to_see_it_work_and_one_to_test_it():
    text = (root/'README.md').read_text(encoding='utf-8')
    for o in 'bash tools/demo.sh', 'bash tools/test.sh': assert o in text

# Notebooks and package

def test_export_and_clean_change_nothing(tmp_path):
    for o in committed():
        (tmp_path/o).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root/o, tmp_path/o, follow_symlinks=False)
    def state():
        files = (p for p in tmp_path.rglob('*') if p.is_file() and p.name not in ('.last_checked', 'llms.txt'))
        return {str(p.relative_to(tmp_path)): p.read_bytes() for p in files if p.suffix != '.pyc'}
    before = state()
    for o in 'nbdev_export', 'nbdev_clean': py('-c', f'from nbdev.cli import {o}; {o}.__wrapped__()', cwd=tmp_path)
    after = state()
    assert [o for o in before | after if before.get(o) != after.get(o)] == []

@pytest.mark.parametrize('fn', notebooks, ids=name)
def test_cells_that_import_do_nothing_else(fn):
    "Building the site executes every cell with an import in it, however deep, and few others: mixed cells fail there"
    for id, src in code_cells(fn):
        if is_export(src) or is_magic(src) or re.search(r'^#\|\s*eval:\s*false', src, re.M): continue
        tree = ast.parse(src)
        imports = (ast.Import, ast.ImportFrom)
        if not any(isinstance(o, imports) for o in ast.walk(tree)): continue
        assert all(isinstance(o, imports) for o in tree.body), f'cell {id}: give its imports a cell of their own'

def imported(src):
    "Modules of dvnb that `src` imports"
    for o in ast.walk(ast.parse(src)):
        if isinstance(o, ast.Import): yield from (a.name.split('.')[1] for a in o.names if a.name.startswith('dvnb.'))
        elif isinstance(o, ast.ImportFrom):
            full = f"dvnb.{o.module or ''}".rstrip('.') if o.level == 1 else o.module
            if full == 'dvnb': yield from (a.name for a in o.names if a.name != '__version__')
            elif full.startswith('dvnb.'): yield full.split('.')[1]

@pytest.mark.parametrize('fn', pages, ids=name)
def test_a_notebook_imports_only_lower_numbers(fn):
    number = {p.stem.split('_', 1)[1]: p.stem for p in pages}
    own = fn.stem
    for id, src in code_cells(fn):
        if not is_export(src) or is_magic(src): continue
        for o in imported(src): assert number.get(o, '~') < own, f'{name(fn)}, cell {id} imports {o}'

def test_no_module_takes_the_name_of_a_word():
    "Importing `dvnb.restore` would put a module where `dv.restore(...)` is expected"
    from dvnb.commands import COMMANDS
    assert not {p.stem.split('_', 1)[1] for p in pages} & {*COMMANDS}

@pytest.mark.parametrize('fn', pages, ids=name)
def test_a_page_is_not_too_long(fn):
    lines = [o for _, src in code_cells(fn) if is_export(src) for o in src.splitlines() if re.match(r'\s*(?!#\|)\S', o)]
    assert len(lines) <= most_lines, f'{name(fn)} exports {len(lines)} lines: split it where a noun separates'

@pytest.mark.parametrize('fn', notebooks, ids=name)
def test_notebook_is_tidy(fn):
    cells = json.loads(fn.read_text(encoding='utf-8'))['cells']
    assert ''.join(cells[-1]['source']).strip(), 'its last cell is empty'
    title = next(''.join(c['source']) for c in cells if c['cell_type'] == 'markdown')
    assert re.fullmatch(r'# .+(\n+> .+)?\s*', title), 'the site drops what follows title and subtitle in their cell'
    assert 'widget-view+json' not in fn.read_text(encoding='utf-8'), 'store the static picture of a widget'

@pytest.fixture(scope='module')
def kernel(): nb.start()

@pytest.mark.parametrize('fn', notebooks, ids=name)
def test_lessons_pass(fn, kernel, capsys):
    "In CI, with the versions that are pinned, what they show is what is stored"
    ok = nb.settle('check' if os.environ.get('CI') else 'test', *nb.alone(nb.execute, str(fn)))
    assert ok, capsys.readouterr().out

# What is published

hosts = re.compile(r'pypi[.]org|pythonhosted[.]org|npmjs[.](?:org|com)|yarnpkg[.]com|anaconda[.]org|index[-_]url', re.I)
places = re.compile(r'(?<![\w.~<>*-])/(?:home|root|Users|work)/\w+|/tmp/tmp[a-z0-9_]{8}\b')

def test_no_registry_hosts_and_no_places_of_one_machine():
    bad = []
    for o in committed():
        if not (root/o).is_file(): continue
        try: text = (root/o).read_text(encoding='utf-8')
        except UnicodeDecodeError: continue
        bad += [f'{o}: {m[0]}' for pat in (hosts, places) for m in pat.finditer(text)]
    assert bad == []

@pytest.fixture(scope='module')
def dist(tmp_path_factory):
    "A folder with the sdist, made from what git would take, and the wheel, made from that sdist"
    tmp = tmp_path_factory.mktemp('dist')
    for o in committed():
        (tmp/'src'/o).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root/o, tmp/'src'/o, follow_symlinks=False)
    sh('uv', 'build', '--quiet', '--out-dir', tmp/'dist', tmp/'src')
    return tmp/'dist'

def test_sdist_and_wheel_hold_what_they_should(dist, settings):
    v = settings['version']
    sdist = {o.partition('/')[2] for o in tarfile.open(dist/f'dvnb-{v}.tar.gz').getnames()}
    wheel = zipfile.ZipFile(dist/f'dvnb-{v}-py3-none-any.whl')
    modules = {p.relative_to(root).as_posix() for p in (root/'dvnb').rglob('*.py')}
    assert {'settings.ini', 'setup.py', 'LICENSE', 'README.md', 'nbs/index.ipynb'} <= sdist
    assert modules <= sdist and modules <= set(wheel.namelist())
    assert {o.split('/')[0] for o in wheel.namelist()} == {'dvnb', f'dvnb-{v}.dist-info'}
    meta = wheel.read(f'dvnb-{v}.dist-info/METADATA').decode()
    for o in 'License-Expression: Apache-2.0', f"Requires-Python: >={settings['min_python']}": assert o in meta

def try_wheel(dist, tmp, *options):
    "Install the wheel where nothing else is, and take a folder through a version and back with it"
    venv, data = tmp/'venv', tmp/'taxi'
    sh('uv', 'venv', '--quiet', '--python', sys.executable, venv)
    sh('uv', 'pip', 'install', '--quiet', '--python', venv/'bin'/'python', *options, *dist.glob('*.whl'))
    data.mkdir()
    (data/'jan.csv').write_text('id,fare\n1,9.5\n2,7.0\n')
    env = dict(HOME=str(tmp), XDG_CACHE_HOME=str(tmp/'cache'), PYTHONPATH='')
    def dver(*args): return sh(venv/'bin'/'dver', *args, cwd=tmp, **env)
    assert 'snapshot' in dver('--help')
    dver('snapshot', './taxi', '-m', 'first')
    dver('restore', 'taxi:1.0.0', 'out')
    assert 'taxi:1.0.0' in dver('log', 'taxi')
    assert (tmp/'out'/'jan.csv').read_bytes() == (data/'jan.csv').read_bytes()

def test_wheel_works_where_nothing_else_is(dist, tmp_path):
    try_wheel(dist, tmp_path, '--constraint', root/'constraints.txt')

@pytest.mark.slow
def test_wheel_works_with_the_oldest_requirements_it_admits(dist, tmp_path, settings):
    direct = settings['requirements'].split()  # of the wheel alone they would be indirect, and come at their newest
    try_wheel(dist, tmp_path, '--resolution', 'lowest-direct', *direct)
