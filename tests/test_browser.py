"The cards and panels as people see them: in a real JupyterLab, in a real browser."
import contextlib, json, os, secrets, shutil, signal, socket, subprocess, sys, time, urllib.request
from pathlib import Path
import pytest

pytest.importorskip('jupyterlab', reason='JupyterLab is not installed')
nbformat = pytest.importorskip('nbformat', reason='nbformat is not installed')
playwright = pytest.importorskip('playwright.sync_api', reason='playwright is not installed')
playwright.expect.set_options(timeout=60_000)  # a machine may have more to do than this
chromium = os.environ.get('CHROMIUM') or shutil.which('chromium') or shutil.which('chromium-browser')
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not chromium, reason='chromium is not installed')]

root = Path(__file__).resolve().parent.parent
shots = os.environ.get('DVNB_SHOTS')  # a folder for screenshots, for those who want to look
light, dark = 'JupyterLab Light', 'JupyterLab Dark'

# A server with nothing of this machine in it: every folder that Jupyter reads is new

def settings(folder):
    "Nothing pops up, nothing phones out, and every cell is in the page"
    each = {'apputils-extension/notification': {'fetchNews': 'false', 'checkForUpdates': False},
        'apputils-extension/themes': {'theme': light, 'adaptive-theme': False},
        'docmanager-extension/plugin': {'autosave': False},
        'notebook-extension/tracker': {'windowingMode': 'none'}}
    for name, value in each.items():
        p = folder/'@jupyterlab'/f'{name}.jupyterlab-settings'
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_text(json.dumps(value))

class Server:
    "JupyterLab on a free port of this machine"
    def __init__(self, home):
        self.work, self.token, self.log = home/'work', secrets.token_hex(16), home/'lab.log'
        self.work.mkdir()
        settings(home/'settings')
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            port = s.getsockname()[1]
        self.url = f'http://127.0.0.1:{port}'
        gone = 'JUPYTER_PREFER_ENV_PATH', 'http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'DVNB_REPO', 'TQDM_DISABLE'
        env = {k: v for k, v in os.environ.items() if k not in gone}
        places = dict(HOME='', JUPYTER_CONFIG_DIR='cfg', JUPYTER_DATA_DIR='data', JUPYTER_RUNTIME_DIR='run', IPYTHONDIR='ipy',
            JUPYTERLAB_SETTINGS_DIR='settings', JUPYTERLAB_WORKSPACES_DIR='ws', DVNB_CACHE='cache')
        env |= {k: str(home/v) for k, v in places.items()}
        env |= dict(PYTHONPATH=str(root), JUPYTER_PLATFORM_DIRS='1', PYDEVD_DISABLE_FILE_VALIDATION='1')
        options = ['--expose-app-in-browser', '--no-browser', '--allow-root', '--ip=127.0.0.1', f'--port={port}',
            '--ServerApp.port_retries=0', f'--IdentityProvider.token={self.token}', f'--ServerApp.root_dir={self.work}',
            '--ServerApp.terminals_enabled=False', '--KernelSpecManager.ensure_native_kernel=True']
        self.process = subprocess.Popen([sys.executable, '-m', 'jupyterlab', *options], env=env, cwd=self.work,
            stdout=self.log.open('wb'), stderr=subprocess.STDOUT, start_new_session=True)
        self.wait()

    def wait(self, seconds=180):
        for _ in range(seconds*10):
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(f'{self.url}/api/status?token={self.token}', timeout=2).read()
            time.sleep(.1)
        raise TimeoutError(self.log.read_text()[-3000:])

    def stop(self):
        "End the server and its kernels: a process group of our own"
        for sig, patience in (signal.SIGTERM, 8), (signal.SIGKILL, 3):
            if self.process.poll() is not None: return
            with contextlib.suppress(ProcessLookupError): os.killpg(self.process.pid, sig)
            with contextlib.suppress(subprocess.TimeoutExpired): self.process.wait(patience)

class Notebook:
    "A notebook that is open in the browser"
    def __init__(self, server, context, path):
        self.path, self.trouble, self.page = path, [], context.new_page()
        page = self.page
        page.set_default_timeout(60_000)
        page.on('console', lambda m: m.type=='error' and self.trouble.append(m.text))
        page.on('pageerror', lambda e: self.trouble.append(str(e)))
        page.on('dialog', lambda d: (self.trouble.append(f'dialog {d.message}'), d.dismiss()))
        page.route(lambda u: not u.startswith((server.url, 'data:', 'blob:')), self.refuse)
        page.goto(f'{server.url}/doc/tree/{path.name}?token={server.token}&reset')
        page.wait_for_selector('.jp-Notebook .jp-Cell', timeout=180_000)
        page.wait_for_function('() => !!window.jupyterapp && !document.getElementById("jupyterlab-splash")')

    def refuse(self, route):
        self.trouble.append(f'request to {route.request.url}')
        route.abort()

    def app(self, js, arg=None):
        "Run JavaScript that knows Lab's `app` and the notebook `nb`"
        return self.page.evaluate(f'async a => {{ const app = window.jupyterapp, nb = app.shell.currentWidget; {js} }}', arg)

    def run(self):
        "Run all cells, and wait until all they show is there"
        self.idle(running=False)
        self.app("await app.commands.execute('notebook:run-all-cells')")
        self.idle()

    def idle(self, running=True):
        marks = '''[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every(e => /\\[\\d+\\]/.test(e.textContent))
            && !document.querySelector('.jupyter-widgets-loading')'''
        status = "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
        self.page.wait_for_function(f"() => {status}{' && ' + marks if running else ''}", timeout=180_000)

    def theme(self, name):
        self.app("await app.commands.execute('apputils:change-theme', {theme: a})", name)
        self.page.wait_for_function('n => document.body.dataset.jpThemeName === n', arg=name)
        self.page.wait_for_function('() => !document.getElementById("jupyterlab-splash")')

    def save(self):
        self.app("await app.commands.execute('docmanager:save')")
        return nbformat.read(self.path, 4)

    def output(self, i): return self.page.locator('.jp-Cell').nth(i).locator('.jp-Cell-outputArea')

    def shot(self, name):
        if shots: self.page.screenshot(path=Path(shots)/f'{name}.png')

def write(path, cells):
    meta = dict(kernelspec=dict(name='python3', display_name='Python 3', language='python'))
    nbformat.write(nbformat.v4.new_notebook(metadata=meta, cells=[nbformat.v4.new_code_cell(o) for o in cells]), path)
    return path

@pytest.fixture(scope='module')
def server(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp('lab'))
    yield s
    s.stop()

@pytest.fixture(scope='module')
def context(tmp_path_factory):
    args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--force-color-profile=srgb']
    with playwright.sync_playwright() as p:
        c = p.chromium.launch_persistent_context(str(tmp_path_factory.mktemp('profile')), executable_path=chromium, headless=True,
            args=args, viewport=dict(width=1280, height=1000), reduced_motion='reduce')
        yield c
        c.close()

# One notebook, opened and run once, shared by all tests

hostile = '<img src=x onerror=alert(1)>\u202egpj.exe'
make = f'''
import time
import dvnb as dv
from dvnb.progress import Progress
from pathlib import Path
%load_ext dvnb
data = Path('taxi')
def write(p, s):
    (data/p).parent.mkdir(parents=True, exist_ok=True)
    (data/p).write_text(s)
write('jan.csv', 'id,fare\\n1,9.5\\n')
first = dv.snapshot(data, message='first month')
write('feb.csv', 'id,fare\\n1,7.0\\n')
write('photos/cab.jpg', 'yellow')
second = dv.snapshot(data, message='second <b>month</b>')
write('jan.csv', 'id,fare\\n1,9.9\\n')
write({hostile!r}, 'x')
third = dv.snapshot(data, message='a fare corrected')
write('mar.csv', 'id,fare\\n1,8.0\\n')
'''
work = '''
with Progress('reading taxi', 16*10**6) as tell:
    for _ in range(16):
        time.sleep(.1)
        tell(10**6)
'''
cells = [make, 'third', '%dver log', '%dver diff taxi:1.0.0 taxi:3.0.0', 'picker = %dver pick taxi\npicker', 'panel = dv.panel()\npanel',
    'print(picker.value, panel.old, panel.new)', work]
CARD, LOG, DIFF, PICKER, PANEL, STATE, WORK = range(1, 8)

@pytest.fixture(scope='module')
def shared(server, context):
    nb = Notebook(server, context, write(server.work/'taxi.ipynb', cells))
    nb.run()
    return nb

@pytest.fixture
def nb(shared):
    "The shared notebook; a test fails if the browser had anything to complain of"
    yield shared
    assert shared.trouble == []

def state(nb):
    "What the traits say, asked of the kernel"
    nb.app('nb.content.activeCellIndex = a; await app.commands.execute("notebook:run-cell")', STATE)
    return nb.output(STATE).inner_text().split()

def comes_to(nb, i, ref):
    "Does trait `i` come to be `ref`? A page holds a message back while the kernel is busy with the last one"
    for _ in range(80):
        if state(nb)[i] == ref: return True
        time.sleep(.25)

def test_values_show_themselves(nb):
    card = nb.output(CARD).inner_text()
    for o in 'taxi:3.0.0', 'MAJOR', 'since taxi:2.0.0', 'a fare corrected', "dv.diff('taxi:2.0.0', 'taxi:3.0.0')": assert o in card
    assert nb.output(LOG).locator('tbody tr').count() == 3
    assert 'second <b>month</b>' in nb.output(LOG).inner_text()
    diff = nb.output(DIFF)
    assert '+3 added ~1 modified' in diff.inner_text().replace('\xa0', ' ')
    assert r'<img src=x onerror=alert(1)>\u202egpj.exe' in diff.inner_text()
    assert diff.locator('img').count() == 0
    nb.shot('cards')

def test_a_version_is_picked_with_mouse_and_keys(nb):
    options = nb.output(PICKER).locator('.dv-list select')
    cells = nb.page.locator('.jp-Cell').count()
    options.select_option(index=1)
    nb.page.wait_for_function("() => document.querySelector('.dv-live').textContent.includes('second <b>month</b>')")
    options.focus()
    nb.page.keyboard.press('ArrowDown')
    assert comes_to(nb, 0, 'taxi:1.0.0')
    options.focus()
    for k in 'abdd': nb.page.keyboard.press(k)
    assert nb.page.locator('.jp-Cell').count() == cells, 'keys meant for the list reached the notebook'

def test_the_list_is_searched(nb):
    picker = nb.output(PICKER)
    picker.get_by_placeholder('search versions').fill('corrected')
    nb.page.wait_for_function("() => document.querySelector('.dv-list select').options.length === 1")
    nb.shot('picker_search')
    picker.get_by_placeholder('search versions').fill('')
    nb.page.wait_for_function("() => document.querySelector('.dv-list select').options.length === 3")

def test_another_version_shows_another_difference(nb):
    panel = nb.output(PANEL).locator('.dv-live')
    assert 'jan.csv' in panel.inner_text() and 'feb.csv' not in panel.inner_text()
    panel.get_by_label('From').select_option(index=3)
    panel.locator('ins', has_text='feb.csv').wait_for()
    playwright.expect(panel).to_contain_text('taxi:1.0.0 → taxi:3.0.0')
    panel.get_by_role('button', name='Later').click()
    panel.locator('ins', has_text='mar.csv').wait_for()
    playwright.expect(panel.get_by_role('button', name='Later')).to_be_disabled()
    nb.shot('panel')
    panel.get_by_role('button', name='Swap').click()
    panel.locator('del', has_text='mar.csv').wait_for()
    panel.get_by_role('button', name='Swap').click()
    panel.locator('ins', has_text='mar.csv').wait_for()
    assert comes_to(nb, 1, 'taxi:3.0.0')

def test_only_the_live_panel_is_seen(nb):
    for i in PICKER, PANEL:
        assert nb.output(i).locator('.dv-live').is_visible()
        assert nb.output(i).locator('.dv-still').count() == 1
        assert not nb.output(i).locator('.dv-still').is_visible()

contrast = '''sel => {
    const rgb = c => c.match(/[\\d.]+/g).map(Number);
    const lum = c => c.slice(0, 3).map(v => (v /= 255) <= .03928 ? v/12.92 : ((v+.055)/1.055)**2.4).reduce((s, v, i) => s + v*[.2126, .7152, .0722][i], 0);
    const over = (top, below) => { const a = top[3] ?? 1; return below.map((v, i) => top[i]*a + v*(1-a)) };
    const ground = e => { const c = rgb(getComputedStyle(e).backgroundColor), a = c[3] ?? 1;
        return a === 1 ? c.slice(0, 3) : over(c, e.parentElement ? ground(e.parentElement) : [255, 255, 255]) };
    const worst = [...document.querySelectorAll(sel)].filter(e => e.offsetParent && e.innerText.trim()).map(e => {
        let fade = 1; for (let o = e; o; o = o.parentElement) fade *= getComputedStyle(o).opacity;
        const back = ground(e), ink = over([...rgb(getComputedStyle(e).color).slice(0, 3), fade], back);
        const [x, y] = [lum(back), lum(ink)].sort((p, q) => q - p); return (x+.05)/(y+.05) });
    return [worst.length, Math.min(...worst)] }'''

def test_text_is_readable_in_light_and_dark(nb):
    for theme in dark, light:
        nb.theme(theme)
        n, least = nb.page.evaluate(contrast, '.dv, .dv *:not(style)')
        nb.page.locator('.jp-Cell').nth(CARD).scroll_into_view_if_needed()
        nb.shot(f'cards_{theme.split()[1].lower()}')
        nb.page.locator('.jp-Cell').nth(STATE).scroll_into_view_if_needed()
        nb.shot(f'panels_{theme.split()[1].lower()}')
        assert n > 100 and least >= 4.5, f'{theme}: contrast {least:.1f}'

def test_progress_is_seen_and_leaves_nothing(nb):
    nb.app('nb.content.activeCellIndex = a; app.commands.execute("notebook:run-cell")', WORK)
    nb.output(WORK).get_by_text('reading taxi:').wait_for()
    nb.page.locator('.jp-Cell').nth(WORK).scroll_into_view_if_needed()
    nb.shot('progress')
    nb.idle()
    assert nb.output(WORK).inner_text().strip() == ''
    assert [(o.get('text'), o.get('data')) for o in nb.save().cells[WORK].outputs] in ([], [(None, {})])

def test_a_saved_notebook_shows_what_was_seen_last(nb, server, context):
    nb.save()
    assert len(nb.path.read_text()) < 120_000
    nb.app('await nb.sessionContext.shutdown()')
    again = Notebook(server, context, nb.path)
    again.output(PANEL).locator('.dv-still').wait_for()
    still = again.output(PANEL).locator('.dv-still')
    assert still.is_visible() and 'mar.csv' in still.inner_text()
    assert again.output(PICKER).locator('.dv-still').is_visible()
    again.output(PANEL).get_by_text('Loading widget').wait_for(state='hidden')
    again.output(PANEL).get_by_text('model not found').wait_for(state='attached')
    assert not again.output(PANEL).get_by_text('model not found').is_visible()
    again.page.locator('.jp-Cell').nth(STATE).scroll_into_view_if_needed()
    again.shot('reopened')
    assert [o for o in again.trouble if 'widget model not found' not in o] == []
    again.page.close()

def test_it_reads_without_styles(nb, server, context):
    "A notebook from elsewhere is not trusted: Lab strips styles and scripts from it"
    saved = nbformat.read(nb.path, 4)
    saved.cells[DIFF].source += '  # edited elsewhere'
    for o in saved.cells[DIFF].outputs: o['data']['text/html'] += ' '
    nbformat.write(saved, server.work/'foreign.ipynb')
    foreign = Notebook(server, context, server.work/'foreign.ipynb')
    diff = foreign.output(DIFF)
    diff.locator('ins', has_text='feb.csv').wait_for()
    assert diff.locator('style').count() == 0
    assert '+3 added ~1 modified' in diff.inner_text()
    assert diff.locator('ins', has_text='feb.csv').count() == 1
    assert diff.locator('details', has_text='photos/').count() == 1 and diff.locator('details', has_text='figures of').count() == 1
    assert '9.5 9.9' in diff.inner_text(), 'the old value and the new one run together'
    diff.scroll_into_view_if_needed()
    foreign.shot('untrusted')
    foreign.page.close()
