"""What dvnb costs beside the tools that people use, on the same work in one run

    python bench/storage.py [--only files,tables,small,growth,import,million] [--peers cp,restic,borg,dvc]
                            [--runs 3] [--dir DIR] [--write]

Makes the workloads below DIR if they are not there (`workloads.py`; 4 GB, and 5 GB more for `million`), runs every
tool in turn on each of them, `--runs` times, and prints a table of medians and whether each goal was met. A goal that
is missed is told, never an error. All runs are kept in DIR/results.json: groups that are not in `--only` are shown as
they were measured last. `--write` puts the page into bench/results.md. DIR needs room for 24 GB and 5 million files.

DIR should lie on a file system with a journal. ext4 without one (a virtual machine's disk may be) passes over every
inode that was freed in the last minutes, one by one: 50,000 new files after 50,000 deleted ones then take ten times the
system time, whoever makes them. So nothing is deleted here while many files are made: what a tool is done with is emptied,
and `sweep` deletes it in the end and waits.

On a loop device, turn direct I/O on (`losetup --direct-io=on`): without it each byte goes through the cache of the file
system below too, which a tool that syncs what it wrote waits for, and one that does not never sees.

Each figure is of a process of its own: CPU is user and system time with all children, RSS the peak of the largest
process, "beyond the imports" (see `job.py`) what dvnb takes once its modules are loaded.
"""
import argparse, json, os, platform, shutil, subprocess, sys, time
from pathlib import Path
from statistics import median

os.environ.pop('PYTHONDONTWRITEBYTECODE', None)  # modules are compiled once, as those of an installed package are
HERE = Path(__file__).resolve().parent
STEPS = dict(
    first='first snapshot', again='nothing changed', second='version 2', after='restore, as a snapshot leaves it', empty='restore, store in memory', cold='restore, store on disk', back='v1 over v2')

# Measuring

def measure(*cmd, cwd=None, env=None, log=None):
    "What a command takes, as a dict; `RuntimeError` if it fails"
    os.sync()
    time.sleep(.5)  # a virtual disk works on for a moment
    cmd,env,start = [*map(str, cmd)],os.environ | (env or {}),time.perf_counter()
    with open(log or os.devnull, 'ab') as err:
        p = subprocess.Popen(cmd, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=err)
    out = p.stdout.read()
    _,status,use = os.wait4(p.pid, 0)
    p.returncode,wall = os.waitstatus_to_exitcode(status),time.perf_counter()-start
    if p.returncode: raise RuntimeError(f'{" ".join(cmd)} failed with {p.returncode}: see {log}')
    user,sys = use.ru_utime,use.ru_stime
    return dict(user=user, sys=sys, cpu=user+sys, wall=wall, rss=use.ru_maxrss*1024, out=out.decode())

def commit():
    "The commit of dvnb that is measured, with a `+` if the package differs from it"
    def git(*args): return subprocess.run(['git', *args], cwd=HERE, capture_output=True, text=True).stdout.strip()
    return git('rev-parse', '--short', 'HEAD')+'+'*bool(git('status', '--porcelain', '-uno', '--', '../dvnb'))

def size(folder):
    "Bytes in the files below `folder`"
    def one(e): return size(e.path) if e.is_dir(follow_symlinks=False) else e.stat(follow_symlinks=False).st_size
    with os.scandir(folder) as entries: return sum(map(one, entries))

def clear(path):
    if os.path.lexists(path): shutil.rmtree(path)

def hollow(folder):
    "Empty all files below `folder`: their room is free again, their inodes are not"
    for d,_,names in os.walk(folder):
        for p in (os.path.join(d, name) for name in names):
            if os.path.islink(p) or not os.path.isfile(p): continue
            os.chmod(p, 0o600)
            os.truncate(p, 0)

def sweep(top):
    "Delete what was left by runs, and wait until ext4 uses its inodes again"
    if not (top/'run').exists(): return
    clear(top/'run')
    os.sync()
    time.sleep(65)

def same(a, b): return subprocess.run(['diff', '-rq', a, b], stdout=subprocess.DEVNULL).returncode==0

class Notes(list):
    "All that was measured: a dict for each step of each run"
    def __init__(self, file):
        self.file,self.commit = Path(file),commit()
        super().__init__(json.loads(self.file.read_text()) if self.file.exists() else [])

    def add(self, load, tool, step, run, cost):
        cost = {k: v for k,v in cost.items() if k!='out'}
        self.append(dict(load=load, tool=tool, step=step, run=run, commit=self.commit, **cost))
        shown = (f'{k} {v:.3f}' if isinstance(v, float) else f'{k} {v:,}' for k,v in cost.items() if v is not None)
        print(f'{load} {run} {tool} {step}: {"  ".join(shown)}', flush=True)
        self.file.write_text(json.dumps(self, indent=1))

    def forget(self, load, tools):
        self[:] = [n for n in self if n['load']!=load or n['tool'] not in tools]

    def get(self, load, tool, step, what):
        "The median of a figure; None if it was not measured"
        mine = [n for n in self if (n['load'], n['tool'], n['step'])==(load, tool, step)]
        found = [n[what] for n in mine if n.get(what) is not None]
        return median(found) if found else None

# Tools: each keeps versions of `work` in `repo`

class Tool:
    "What keeps versions of a folder in `place`; each step gives what it took"
    needs = None
    def __init__(self, place):
        self.place,self.repo,self.log = Path(place),Path(place)/'repo',Path(place)/'log'
        self.place.mkdir(parents=True)
    def run(self, *cmd, cwd=None): return measure(*cmd, cwd=cwd, env=self.env(), log=self.log)
    def env(self): return {}
    def init(self, work): pass
    def back(self, version, work): return None
    @classmethod
    def missing(cls, top):
        "Why it cannot run, or None"
        return None if cls.needs is None or shutil.which(cls.needs) else f'{cls.needs} is not installed'

class Cp(Tool):
    def init(self, work): self.repo.mkdir()
    def keep(self, work, version): return self.run('cp', '-r', work, self.repo/version)
    def restore(self, version, out): return self.run('cp', '-r', self.repo/version, out)
    def durable(self, work): return self.run('sh', '-c', 'cp -r "$0" "$1" && sync', work, self.place/'durable')

class Restic(Tool):
    needs = 'restic'
    def env(self):
        return dict(RESTIC_PASSWORD='bench', RESTIC_REPOSITORY=str(self.repo), RESTIC_CACHE_DIR=str(self.place/'cache'))
    def init(self, work): self.run('restic', 'init', '-q')
    def keep(self, work, version): return self.run('restic', 'backup', '-q', '--tag', version, '.', cwd=work)
    def restore(self, version, out):
        return self.run('restic', 'restore', '-q', 'latest', '--tag', version, '--target', out)
    back = restore

class Borg(Tool):
    needs = 'borg'
    def env(self): return dict(BORG_BASE_DIR=str(self.place/'base'), BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK='yes')
    def init(self, work): self.run('borg', 'init', '-e', 'none', self.repo)
    def keep(self, work, version): return self.run('borg', 'create', f'{self.repo}::{version}', '.', cwd=work)
    def back(self, version, work): return self.run('borg', 'extract', f'{self.repo}::{version}', cwd=work)
    def restore(self, version, out):
        out.mkdir()
        return self.back(version, out)

class Dvc(Tool):
    "In a virtual environment of its own below DIR; `work` moves into its folder while it is at work"
    needs = 'uv'
    bin = None
    @classmethod
    def missing(cls, top):
        cls.bin = top/'dvc/bin/dvc'
        if cls.bin.exists(): return None
        if lack := super().missing(top): return f'dvc: {lack}'
        for cmd in ['uv', 'venv', '-q', top/'dvc'],['uv', 'pip', 'install', '-q', '-p', top/'dvc', 'dvc']:
            made = subprocess.run(cmd, capture_output=True, text=True)
            if made.returncode: return f'dvc could not be installed: {made.stderr.strip()[-200:]}'
    def env(self):
        who = {f'GIT_{w}_{k}': 'bench@example.org' for w in ('AUTHOR', 'COMMITTER') for k in ('NAME', 'EMAIL')}
        return who | dict(DVC_NO_ANALYTICS='1', DVC_SITE_CACHE_DIR=str(self.place/'site'))
    def init(self, work):
        self.repo.mkdir()
        self.git('init', '-q')
        self.run(self.bin, 'init', '-q', cwd=self.repo)
    def git(self, *args): self.run('git', *args, cwd=self.repo)
    def keep(self, work, version):
        os.rename(work, self.repo/'work')
        cost = self.run(self.bin, 'add', '-q', 'work', cwd=self.repo)
        os.rename(self.repo/'work', work)
        self.git('add', '-A')
        self.git('commit', '-q', '--allow-empty', '-m', version)
        self.git('tag', version)
        return cost
    def restore(self, version, out):
        self.git('checkout', '-q', version, '--', 'work.dvc')
        if out.exists(): os.rename(out, self.repo/'work')
        cost = self.run(self.bin, 'checkout', '-q', '-f', 'work.dvc', cwd=self.repo)
        os.rename(self.repo/'work', out)
        return cost
    back = restore

class Dvnb(Tool):
    def env(self): return dict(DVNB_CACHE=str(self.place/'cache'), PYTHONPATH=str(HERE.parent))
    def init(self, work):
        self.job('init', self.repo)
        if work and 'tables' in Path(work).name: self.job('by_bytes', self.repo)
    def job(self, *args):
        cost = self.run(sys.executable, HERE/'job.py', *args, cwd=self.place)
        inside = json.loads(cost['out'].splitlines()[-1])
        return cost | dict(beyond_cpu=inside['cpu'], beyond=inside['wall'], late=inside['late'][0])
    def keep(self, work, version): return self.job('snapshot', self.repo, work)
    def restore(self, version, out): return self.job('restore', self.repo, 'bench:1.0.0', out)
    back = restore

TOOLS = dict(dvnb=Dvnb, cp=Cp, restic=Restic, borg=Borg, dvc=Dvc)

# Workloads

class Load:
    "A workload below `top`: version 1 as `work`, which can be edited into version 2 and set back"
    def __init__(self, name, top):
        self.name,self.data,self.work = name,top/'data'/name,top/'run'/name
        if not (self.data/'done').exists():
            print(f'making {self.name} in {self.data}', flush=True)
            clear(self.data)
            self.data.mkdir(parents=True)
            subprocess.run([sys.executable, HERE/'workloads.py', name, self.data], check=True)
        self.v1,self.v2 = self.data/'v1',self.data/'v2'
        self.news = [p.relative_to(self.v2) for p in self.v2.rglob('*') if p.is_file()] if self.v2.exists() else []
        self.large,listed = name=='tables',self.data/'removed'
        self.removed = listed.read_text().split() if listed.exists() else []

    def start(self):
        self.work.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(['cp', '-r', self.v1, self.work], check=True)

    def edit(self):
        for p in self.news: shutil.copyfile(self.v2/p, self.work/p)
        for p in self.removed: (self.work/p).unlink()

    def reset(self):
        "Version 1 again, whatever a restore left"
        for p in self.news:
            if (self.v1/p).exists(): shutil.copyfile(self.v1/p, self.work/p)
            else: (self.work/p).unlink(missing_ok=True)
        for p in self.removed: shutil.copyfile(self.v1/p, self.work/p)

def life(notes, tool, load, run):
    "All steps of one tool on one workload"
    name,work = type(tool).__name__.lower(),load.work
    def note(step, cost, **more):
        if cost: notes.add(load.name, name, step, run, cost | more)
    tool.init(work)
    note('first', tool.keep(work, 'v1'), size=size(tool.repo))
    note('again', tool.keep(work, 'v1again'))
    if hasattr(tool, 'durable'): note('durable', tool.durable(work))
    if load.news:
        before = size(tool.repo)
        load.edit()
        note('second', tool.keep(work, 'v2'), size=size(tool.repo)-before)
    for step in ('after', 'empty', 'cold') if load.name=='files' else ('after',):  # what was just copied is in memory, and a pack that was written past the cache is not
        if step!='after': have(tool.repo, step=='empty')
        cost = tool.restore('v1', out := tool.place/step)
        note(step, cost, exact=same(load.v1, out))
    if load.news and (cost := tool.back('v1', work)): note('back', cost, exact=same(load.v1, work))
    load.reset()

def have(folder, in_memory):
    "Have the files below `folder` in the cache of the system, or only on the disk"
    os.sync()
    for d,_,names in os.walk(folder):
        for name in names:
            with open(os.path.join(d, name), 'rb', buffering=0) as f:
                if not in_memory: os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                while in_memory and f.read(8<<20): pass

def floor(notes, load, run):
    for verb in 'walk','hash':
        cost = measure(sys.executable, HERE/'job.py', verb, load.work)
        inside = json.loads(cost['out'].splitlines()[-1])
        notes.add(load.name, 'floor', verb, run, cost | dict(beyond_cpu=inside['cpu'], beyond=inside['wall']))

def warm(tool, place, work):
    "Run a tool on one small file and read `work`, so that neither its program nor what it keeps first need come from the disk"
    small,tool = place/'small',TOOLS[tool](place)
    small.mkdir()
    (small/'text').write_text('some text\n'*1000)
    tool.init(small)
    tool.keep(small, 'v1')
    tool.restore('v1', place/'out')
    subprocess.run([sys.executable, HERE/'job.py', 'hash', work], check=True, capture_output=True)

def compare(notes, a, name, peers, runs):
    "Every tool on a workload, in turn; each run begins with another tool, since a disk is slower after much was written"
    load = Load(name, a.dir)
    notes.forget(name, {*peers, 'floor'})
    load.start()
    for run in range(runs):
        floor(notes, load, run)
        first = run%len(peers)
        for tool in [*peers[first:], *peers[:first]]:
            place = a.dir/f'run/{name}-{tool}-{run}'
            warm(tool, place.with_name(f'{place.name}-warm'), load.work)
            life(notes, TOOLS[tool](place), load, run)
            if load.large: clear(place)
            else: hollow(place)
    sweep(a.dir)

# Groups

def files(notes, a): compare(notes, a, 'files', a.tools, a.runs)
def tables(notes, a):
    "Large tables, kept as peers keep them: as bytes. What it takes to judge version 2 by its rows is measured apart"
    compare(notes, a, 'tables', a.tools, a.runs)
    load,tool = Load('tables', a.dir),Dvnb(a.dir/'run/judged')
    notes.forget('judged', {'dvnb'})
    tool.init(None)
    for v,step in (load.v1, 'first'),(load.v2, 'judged'): notes.add('judged', 'dvnb', step, 0, tool.job('snapshot', tool.repo, v))
    sweep(a.dir)

def small(notes, a): compare(notes, a, 'small', a.tools, max(a.runs, 5))

def growth(notes, a):
    "What the store of dvnb grows by after small edits of a CSV and of a DataFrame"
    load = Load('tables', a.dir)
    notes.forget('growth', {'dvnb'})
    for what,t in dict(append=0, insert=1).items():
        for kind,verb,end in ('csv', 'snapshot', 'csv'),('frame', 'frame', 'parquet'):
            place = a.dir/f'run/{kind}-{what}'
            tool = Dvnb(place)
            tool.init(None)
            for v,step in (load.v1, 'first'),(load.v2, 'second'):
                before = size(tool.repo)
                cost = tool.job(verb, tool.repo, v/f'tables/t{t}.{end}')
                notes.add('growth', 'dvnb', f'{kind} {what} {step}', 0, cost | dict(size=size(tool.repo)-before))
            clear(place)

def million(notes, a):
    "A million small files, once"
    load = Load('million', a.dir)
    notes.forget('million', {'dvnb', 'floor'})
    notes.add('million', 'floor', 'walk', 0, measure(sys.executable, HERE/'job.py', 'walk', load.v1))
    place,edit = a.dir/'run/million',load.news[0]
    tool = Dvnb(place)
    tool.init(None)
    def note(step, *args, **more):
        before = size(tool.repo)
        notes.add('million', 'dvnb', step, 0, tool.job(*args) | dict(size=size(tool.repo)-before) | more)
    note('first', 'snapshot', tool.repo, load.v1)
    note('again', 'snapshot', tool.repo, load.v1)
    note('status', 'status', tool.repo, load.v1)
    old = (load.v1/edit).read_bytes()
    shutil.copyfile(load.v2/edit, load.v1/edit)
    note('second', 'snapshot', tool.repo, load.v1)
    (load.v1/edit).write_bytes(old)
    out = place/'out'
    note('empty', 'restore', tool.repo, 'bench:1.0.0', out)
    notes[-1]['exact'] = same(load.v1, out)
    notes.add('million', 'dvnb', 'status of the restored', 0, tool.job('status', tool.repo, out))
    sweep(a.dir)

def imports(notes, a):
    "What `import dvnb` takes over bare Python, and what the first verb loads"
    notes.forget('import', {'python', 'dvnb'})
    verbs = 'import dvnb.repo, dvnb.snapshots, dvnb.folder, dvnb.values, dvnb.upkeep'
    env = dict(PYTHONPATH=str(HERE.parent))
    for run in range(9):
        for step,code in dict(bare='pass', dvnb='import dvnb', repo=verbs).items():
            notes.add('import', 'dvnb', step, run, measure(sys.executable, '-c', code, env=env))

GROUPS = dict(files=files, tables=tables, small=small, growth=growth, **{'import': imports}, million=million)

# Telling

def mb(n): return f'{n/1e6:,.{0 if n>=1e8 else 1 if n>=1e6 else 2}f}'

def cell(notes, load, tool, step, cpu='cpu', wall='wall'):
    c,w = (notes.get(load, tool, step, k) for k in (cpu, wall))
    if c is None: return '-'
    mark = '' if notes.get(load, tool, step, 'exact') in (None, True) else ' *'
    return f'{c:.2f} / {w:.2f}{mark}'

def markdown(head, rows):
    lines = [head, ['---']+['--:']*(len(head)-1), *rows]
    return '\n'.join('| '+' | '.join(r)+' |' for r in lines)

def tool_rows(notes, load, steps):
    "A row a tool, and one for what dvnb takes beyond the imports"
    for tool in TOOLS:
        first = notes.get(load, tool, 'first', 'size')
        if first is None: continue
        grown = notes.get(load, tool, 'second', 'size')
        peak = max(n['rss'] for n in notes if (n['load'], n['tool'])==(load, tool))
        store = mb(first) + (f' (+{mb(grown)})' if grown is not None else '')
        yield [tool, *(cell(notes, load, tool, s) for s in steps), store, f'{peak/1e6:.0f}']
        if tool!='dvnb': continue
        yield ['dvnb, beyond the imports', *(cell(notes, load, tool, s, 'beyond_cpu', 'beyond') for s in steps), '', '']

EDIT = '1,000 rows appended, 1 row inserted, 1% of the cells of one column changed'
TITLES = dict(
    files='50,000 files, 871 MB; version 2: 500 changed, 250 added, 250 removed',
    tables=f'4 CSV of 248 MB and 4 Parquet, 1,505 MB; version 2: {EDIT}',
    small='200 files, 3.3 MB')

def floor_line(notes, load):
    "What any tool has to take, in words"
    look,read = (notes.get(load, 'floor', s, 'beyond_cpu') or 0 for s in ('walk', 'hash'))
    synced = notes.get(load, 'cp', 'durable', 'wall')
    more = f'; `cp -r` and `sync` {synced:.2f} wall s' if synced else ''
    runs = {t: k for t in TOOLS if (k := len({n['run'] for n in notes if (n['load'], n['tool'])==(load, t)}))}
    most = max(runs.values())
    fewer = ', '.join(f'{t} {k}' for t,k in runs.items() if k<most)
    plain = f'scandir and stat {look:.2f}, read and BLAKE3 {read:.2f} CPU s'
    return f'Medians of {most}{f" ({fewer})"*bool(fewer)}. Floor in plain Python: {plain}{more}.'

def tables_of_tools(notes):
    for load,title in TITLES.items():
        steps = [s for s in STEPS if any((n['load'], n['step'])==(load, s) for n in notes)]
        if not steps: continue
        head = ['CPU s / wall s', *(STEPS[s] for s in steps), 'store MB (growth)', 'peak RSS MB']
        yield f'**{title}**'
        yield markdown(head, tool_rows(notes, load, steps))
        yield floor_line(notes, load)
        if load=='tables' and (c := notes.get('judged', 'dvnb', 'judged', 'beyond_cpu')):
            yield f'dvnb keeps the tables as bytes here, as its peers do. Judging version 2 by its rows, which dvnb does by default, takes {c:.0f} CPU s the first time: all eight files are decoded on both sides, and summed up in profiles that later versions use again.'

def step_row(n):
    "A step of dvnb as a row"
    new = mb(n['size']) if 'size' in n else ''
    return [n['step'], *(f'{n[k]:.2f}' for k in ('cpu', 'wall', 'beyond_cpu', 'beyond')), new, f"{n['rss']/1e6:.0f}"]

def other_tables(notes):
    head = ['dvnb', 'CPU s', 'wall s', 'CPU beyond the imports', 'wall beyond the imports', 'new MB', 'peak RSS MB']
    for load,title in dict(growth='New bytes for an edit', million='A million files of 10-80 bytes').items():
        mine = [n for n in notes if (n['load'], n['tool'])==(load, 'dvnb')]
        if mine: yield from (f'**{title}**', markdown(head, map(step_row, mine)))
        if mine and load=='growth': yield 'The second version is compared with the first, cell by cell: what that takes has a limit of its own, a quarter of the memory or `DVNB_MEMORY`.'
    if notes.get('import', 'dvnb', 'repo', 'cpu') is None: return
    bare,light,all = (cell(notes, 'import', 'dvnb', s) for s in ('bare', 'dvnb', 'repo'))
    yield f'**Imports**, CPU s / wall s: bare Python {bare}, `import dvnb` {light}, all that the verbs use {all}.'

# Goals: each a function of the notes that gives (text, what was measured, was it met) or nothing

def at_most(text, value, limit, unit=' s'):
    if value is not None and limit is not None: yield text,f'{value:.3g}{unit}, at most {limit:.3g}{unit}',value<=limit

def ratio(a, b): return a/b if a is not None and b else None

def file_goals(notes):
    def of(step, what, tool='dvnb', load='files'): return notes.get(load, tool, step, what)
    def over(step, what, peer): return ratio(of(step, what), of(step, what, peer))
    yield from at_most("50,000 files, first snapshot: CPU over restic's", over('first', 'cpu', 'restic'), .5, '')
    yield from at_most("50,000 files, first snapshot: wall over `cp -r`'s", over('first', 'wall', 'cp'), 1, '')
    for step,limit in dict(again=.3, second=.8, back=.6).items():
        yield from at_most(f'50,000 files, {STEPS[step]}: CPU beyond the imports', of(step, 'beyond_cpu'), limit)
    for step in 'after','empty','cold':
        yield from at_most(f'50,000 files, {STEPS[step]}: user time', of(step, 'user'), 2)
        yield from at_most(f"50,000 files, {STEPS[step]}: wall over `cp -r`'s", over(step, 'wall', 'cp'), 1, '')
    yield from at_most('200 files, a snapshot: CPU beyond the imports', of('first', 'beyond_cpu', load='small'), .15)
    yield from at_most('200 files, a snapshot: wall beyond the imports', of('first', 'beyond', load='small'), .15)

def table_goals(notes):
    cost = {t: [notes.get('tables', t, 'first', k) for k in ('wall', 'cpu', 'size')] for t in TOOLS}
    cost = {t: c for t,c in cost.items() if None not in c}
    if 'dvnb' not in cost: return
    wall,cpu,store = cost['dvnb']
    for i,what in enumerate(('wall', 'CPU')):
        better = [t for t,c in cost.items() if t!='dvnb' and c[i]<cost['dvnb'][i] and c[2]<store]
        text = f'tables, first snapshot: no peer is both faster ({what}) and smaller'
        yield text,', '.join(better) or 'none is',not better
    if 'restic' not in cost: return
    yield from at_most("tables: store over restic's", store/cost['restic'][2], 1.1, '')
    yield from at_most("tables: CPU over restic's", cpu/cost['restic'][1], 1/3, '')

def growth_goals(notes):
    limits = {'csv append': .5, 'csv insert': .5, 'frame append': 2, 'frame insert': 1}
    for what,limit in limits.items():
        grown = notes.get('growth', 'dvnb', f'{what} second', 'size')
        yield from at_most(f'growth, {what}', ratio(grown, 1e6), limit, ' MB')
    grown = notes.get('million', 'dvnb', 'second', 'size')
    yield from at_most('growth, one file in a million', ratio(grown, 1e6), .2, ' MB')

def memory_goals(notes):
    for load,n in dict(files=50_000, tables=8, million=1_000_000).items():
        mine = [x['rss'] for x in notes if (x['load'], x['tool'])==(load, 'dvnb')]
        if mine: yield from at_most(f'{load}: peak memory', max(mine)/1e6, 400+200*n/1e6, ' MB')

def million_goals(notes):
    took = {s: notes.get('million', 'dvnb', s, 'wall') for s in ('first', 'status', 'empty')}
    if None in took.values(): return
    exact,told = notes.get('million', 'dvnb', 'empty', 'exact'),', '.join(f'{s} {t:.1f} s' for s,t in took.items())
    yield 'a million files: snapshot, status and restore work',told,bool(exact)
    yield from at_most('a million files: status, wall time', took['status'], 10)

def import_goals(notes):
    for k in 'cpu','wall':
        dvnb,bare = (notes.get('import', 'dvnb', s, k) for s in ('dvnb', 'bare'))
        if None not in (dvnb, bare): yield from at_most(f'`import dvnb` over bare Python: {k}', dvnb-bare, .25)

def exact_goals(notes):
    mine = [n['exact'] for n in notes if n['tool']=='dvnb' and n.get('exact') is not None]
    if mine: yield 'all restores are exact',f'{sum(mine)} of {len(mine)}',all(mine)

def goals(notes):
    for some in (file_goals, table_goals, growth_goals, memory_goals, million_goals, import_goals, exact_goals):
        yield from some(notes)

def machine():
    def of(*cmd):
        if not shutil.which(cmd[0]): return None
        return subprocess.run(cmd, capture_output=True, text=True).stdout.splitlines()[0]
    found = [f'Python {platform.python_version()}', of('restic', 'version'), of('borg', '--version')]
    return f'{os.cpu_count()} cores, {platform.system()} {platform.release()}; ' + ', '.join(filter(None, found))

FLOOR,RESTIC = .14,8.9 # CPU s of scandir and stat, and of restic's first snapshot, of `files` on the machine on which the goals were set

def speed(notes):
    "How fast the machine was, in words"
    look,first = notes.get('files', 'floor', 'walk', 'beyond_cpu'),notes.get('files', 'restic', 'first', 'cpu')
    if not look: return
    def beside(there, here): return f'{there} CPU s there and {here:.2f} here'
    restic = f", restic's first snapshot {beside(RESTIC, first)}" if first else ''
    yield f'The goals in seconds were set on another machine: `scandir` and `stat` of the 50,000 files took {beside(FLOOR, look)}{restic}.'

def page(notes):
    told = [[text, value, 'met' if ok else '**missed**'] for text,value,ok in goals(notes)]
    commits = ', '.join(sorted({n.get('commit', 'unknown') for n in notes if n['tool']=='dvnb'}))
    about = f'{machine()}; dvnb at commit {commits}. `*`: the restored folder was not exactly version 1.'
    foot = [about, *speed(notes), markdown(['goal', 'measured', ''], told)]
    return '\n\n'.join(['# What storing costs', *tables_of_tools(notes), *other_tables(notes), *foot])+'\n'

def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--only', default=','.join(GROUPS))
    ap.add_argument('--peers', default='cp,restic,borg,dvc')
    ap.add_argument('--runs', type=int, default=3)
    ap.add_argument('--dir', type=Path, default=Path('/tmp/dvnb-bench'))
    ap.add_argument('--write', action='store_true')
    a = ap.parse_args()
    a.dir = a.dir.resolve()
    a.dir.mkdir(parents=True, exist_ok=True)
    notes,a.tools = Notes(a.dir/'results.json'),['dvnb']
    sweep(a.dir)
    for t in filter(None, a.peers.split(',')):
        why = TOOLS[t].missing(a.dir)
        if why: print(why)
        else: a.tools.append(t)
    for g in filter(None, a.only.split(',')): GROUPS[g](notes, a)
    text = page(notes)
    print(text)
    if a.write: (HERE/'results.md').write_text(text)

if __name__=='__main__': main()
