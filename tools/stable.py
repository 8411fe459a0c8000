"""Execute a notebook so that the same sources give the same bytes.

A stored output is worth reviewing only if it changes when its meaning does. Chance is seeded before the notebook runs;
what the run still brings along (addresses, today's time, temporary folders, this machine's paths) is replaced after it.
"""
import datetime as dt, json, os, random, re, subprocess, sys, tempfile, uuid
from pathlib import Path

root = Path(__file__).resolve().parent.parent

# Read by the interpreter or by a library when it starts: the parent sets them before it starts the process
ENV = dict(PYTHONHASHSEED='0', SOURCE_DATE_EPOCH='315532800', TZ='UTC', LC_ALL='C.UTF-8', COLUMNS='100', NO_COLOR='1',
    TQDM_DISABLE='1', MPLBACKEND='agg')
skip_flags = ['notest', 'slow']
view_mime = 'application/vnd.jupyter.widget-view+json'

def notebooks():
    "Every notebook of the project, in the order of their paths"
    nbs = root/'nbs'
    return [p for p in sorted(nbs.rglob('*.ipynb')) if not any(o[0] in '._' for o in p.relative_to(nbs).parts)]

def seed(n=42):
    "Make chance repeat itself: `random`, `secrets`, `os.urandom`, `uuid4` and numpy's global generator"
    rng = random.Random(n)
    random.seed(n)
    os.urandom = random._urandom = rng.randbytes  # `secrets` draws from `random._urandom`
    uuid.uuid4 = lambda: uuid.UUID(int=rng.getrandbits(128), version=4)
    try: import numpy
    except ImportError: return
    numpy.random.seed(n)

# What varies, and what stands for it

_ansi = re.compile(r'\x1b\[[0-9;]*m')
_overwritten = re.compile(r'^.*\r(?!\n)', re.M)
_address = re.compile(r'( at)? 0x[0-9a-fA-F]{8,}')
_took = re.compile(r'\b(in|took) (about )?\d+(\.\d+)? ?(ns|us|µs|ms|s|seconds?|min|minutes?)\b')
_ago = re.compile(r'\b(\d+|an?) (seconds?|minutes?|s|min) ago\b')
_timing = re.compile(r'^(CPU times|Wall time): .*$', re.M)
_time = re.compile(r'\b(\d{4}-\d\d-\d\d)(?:([T \u00a0\u2007])(\d\d:\d\d)(:\d\d)?([.,]\d{1,9})?)?')

def _today_only(m):
    "A moment of this run becomes noon of a fixed day; any other date is data, and stays"
    now = dt.datetime.now(dt.timezone.utc).date()
    if m[1] not in {str(now + dt.timedelta(days=o)) for o in (-1, 0, 1)}: return m[0]
    if not m[3]: return '2001-01-01'
    return f"2001-01-01{m[2]}12:00{':00' if m[4] else ''}{re.sub('[0-9]', '0', m[5] or '')}"

def _cited_today():
    "Pairs of a pattern that names this year in a citation, or this month in its BibTeX entry, and what is written for it"
    now = dt.datetime.now(dt.timezone.utc)
    bibtex = rf'(\byear += )\{{{now.year}\}}(,\s+month += ){now:%b}\b'
    return [(re.compile(bibtex, re.I), r'\1{2001}\2jan'), (re.compile(rf'\({now.year}\)(?=\. [^\n]*\[Data set\])'), '(2001)')]

def _paths():
    "Pairs of a pattern that names a place of this machine and what is written for it, longest places first"
    tmps = {tempfile.gettempdir(), os.path.realpath(tempfile.gettempdir())}
    res = [(re.escape(o) + r'/tmp[a-z0-9_]{8}\b', '/tmp/tmp') for o in sorted(tmps, key=len, reverse=True)]
    res.append((re.escape(str(root)) + r'(?=/|\b)', '~/dvnb'))
    home = os.path.expanduser('~')
    if len(home) > 1: res.append((r'(?<![\w/.-])' + re.escape(home) + r'(?=/|\b)', '~'))
    return [(re.compile(a), b) for a, b in res]

def _commit():
    "The commit that is checked out, or None"
    r = subprocess.run(['git', 'rev-parse', 'HEAD'], cwd=root, capture_output=True, text=True)
    return r.stdout.strip() if r.returncode == 0 else None

def stable_text():
    "A function from text to the same text without what differs between two runs or two machines"
    subs = [(_ansi, ''), (_overwritten, ''), (_address, ''), (_took, r'\1 0.1 s'), (_ago, '1 s ago'),
        (_timing, r'\1: 0.1 s'), (_time, _today_only), *_cited_today(), *_paths()]
    if commit := _commit():
        subs.append((re.compile(rf'\b{commit[:7]}[0-9a-f]{{0,33}}\b'), lambda m: 'c' + '0'*(len(m[0])-1)))
    def f(s):
        for pat, by in subs: s = pat.sub(by, s)
        return s
    return f

def _apply(f, o): return f(o) if isinstance(o, str) else f(''.join(o)).splitlines(True)

def _stable_output(o, f):
    "Make the output `o` stable in place; False if nothing of it can be stored"
    kind = o['output_type']
    if kind == 'stream': o['text'] = _apply(f, o['text'])
    if kind == 'error': o['traceback'], o['evalue'] = [f(t) for t in o['traceback']], f(o['evalue'])
    data = o.get('data')
    if data is None: return bool(kind != 'stream' or ''.join(o['text']))
    if data.pop(view_mime, None) and not set(data) - {'text/plain'}: return False
    for k, v in data.items():
        if k.startswith('text/') or k == 'image/svg+xml': data[k] = _apply(f, v)
    return True

def stabilise(nb):
    """Drop from `nb` what differs between two runs

    A live widget needs a kernel, so its view and state are dropped too: what is stored is the static picture beside it.
    """
    f = stable_text()
    nb['metadata'].pop('widgets', None)
    for c in nb['cells']:
        if c['cell_type'] != 'code': continue
        outs = []
        for o in c['outputs']:
            if not _stable_output(o, f): continue
            last = outs[-1] if outs else {}
            if o['output_type'] == 'stream' and last.get('name') == o['name']:  # however the shell cut the stream up
                last['text'] = (''.join(last['text']) + ''.join(o['text'])).splitlines(True)
            else: outs.append(o)
        c['outputs'] = outs

def execute(fn):
    "Run the notebook `fn` top to bottom in this process: `fn`, its new text, and the error if one stopped it"
    sys.path.insert(0, str(root))
    from execnb.shell import CaptureShell
    from fastcore.nbio import nb2str, read_nb
    from fastcore.xtras import working_directory
    from nbdev.clean import clean_nb
    from nbdev.test import nb_test_cells
    os.environ['IN_TEST'] = '1'
    nb, runs = read_nb(fn), {c.id for c in nb_test_cells(fn, skip_flags)}
    seed()
    shell = CaptureShell(fn)
    try:
        with working_directory(Path(fn).parent):
            shell.run_all(nb, exc_stop=True, preproc=lambda c: c.id not in runs, cell_timeout=300)
    except Exception as e: return fn, None, shell.prettytb(fname=fn) or repr(e)
    nb = json.loads(nb2str(nb))
    stabilise(nb)
    clean_nb(nb)
    return fn, nb2str(nb), None
