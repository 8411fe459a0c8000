"""What a table diff costs beside reading both tables once

    python bench/tablediff.py [--rows 5000000] [--dir DIR] [--runs 3] [--only append,shuffle] [--peers] [--write]

Makes a table of 12 columns and its variants below DIR (4 GB for 5 million rows), profiles each once, and compares every
variant with the first in a process of its own. A process warms up on the same pair, then counts the CPU time of
`rows`, `kinds()` and `cells(1000)` together, with the profiles in memory. The floor is measured there too: DuckDB decodes
and hashes both files. Each figure is the median of the runs. `--peers` also runs what is installed of datacompy, polars, oxen and
pandas, on the variants that need a join. A goal that is missed is told, never an error. All runs are kept in
DIR/results.json; `--write` puts the table into its section of bench/tablediff.md.

    python bench/tablediff.py --rows 100000000 --stream [--memory 2GB] [--only append,edit,cells,general]

`--stream` is for tables that no memory holds: it writes them a row group at a time, with three columns (a key, a float, a
text), about 1.3 GB a file for 100 million rows, and only those variants that `--only` names. There is no warm-up then, and
no full join beside it; the wall time is told too, and what the profiles cost. Remove DIR afterwards.
"""
import argparse, importlib.util, json, os, platform, subprocess, sys, time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
COLS = 'f1 f2 f3 f4 i1 i2 s1 s2 cat ts b'.split()
CASES = dict( # what, (goal, times what)
    none=('the same file', (.1, 'floor')), patch=('recompressed', (.1, 'floor')), column=('a column added', (.1, 'floor')), rename=('a column renamed', (.1, 'floor')),
    append=('1,000 rows appended', (.1, 'floor')), edit=('100 adjacent rows edited', (.1, 'floor')), insert=('10 rows inserted in the middle', (.1, 'floor')),
    cells=('1% of two columns edited in place', (.5, 'floor')), general=('the same, 0.5% of rows removed and added', None),
    shuffle=('the same, shuffled', (2, 'floor')), all=('every row changed', (1.2, 'join')), small=('the shuffled one in 256 MB', None))

# Data

def table(n, seed, first=0):
    import numpy as np, pyarrow as pa, pyarrow.compute as pc
    r = np.random.default_rng(seed)
    words = pa.array('alpha beta gamma delta eps zeta eta theta iota kappa lam mu nu xi omi pi rho sig tau ups phi chi psi omega'.split())
    text = [words.take(pa.array(r.integers(0, 24, n))) for _ in range(4)]
    def some(a, part): return pa.array(a, mask=r.random(n)<part)
    f3 = r.normal(size=n)
    f3[r.random(n)<.01] = np.nan
    s1 = pc.binary_join_element_wise(pa.scalar('u'), pa.array(r.integers(0, 2**62, n)).cast('string'), '-')
    s2 = pc.if_else(pa.array(r.random(n)<.01), pa.scalar(None, 'string'), pc.binary_join_element_wise(*text, ' '))
    return pa.table(dict(id=first+np.arange(n)*3, f1=r.normal(100, 15, n), f2=some(r.exponential(5, n), .03), f3=f3, f4=r.random(n).astype('f4'),
        i1=r.integers(0, 1000, n).astype('i4'), i2=some(r.integers(0, 10**9, n), .05), s1=s1, s2=s2,
        cat=pa.array([f'category_{i}' for i in range(20)]).take(pa.array(r.integers(0, 20, n))),
        ts=pa.array(1_700_000_000_000_000+r.integers(0, 10**13, n)*7, pa.timestamp('us', 'UTC')), b=r.random(n)<.5))

def variants(n):
    "Yield (name, table, options of the writer); the first is the old one"
    import numpy as np, pyarrow as pa, pyarrow.compute as pc
    t,r,half = table(n, 1),np.random.default_rng(2),n//2
    def with_f1(f): return t.set_column(1, 'f1', pa.array(f(t['f1'].to_numpy().copy())))
    yield 'old',t,{}
    yield 'patch',t,dict(compression='zstd', row_group_size=1 << 17)
    yield 'column',t.append_column('tax', pa.array(r.random(n))),{}
    yield 'rename',t.rename_columns([dict(f2='second').get(k, k) for k in t.column_names]),{}
    yield 'append',pa.concat_tables([t, table(1000, 3, 3*n)]),{}
    at = (np.arange(n)>=half) & (np.arange(n)<half+100)
    yield 'edit',with_f1(lambda x: np.where(at, x+1, x)),{}
    yield 'insert',pa.concat_tables([t[:half], table(10, 4, 3*n), t[half:]]),{}
    one,two = r.random(n)<.01,r.random(n)<.01
    s2 = t['s2'].combine_chunks()
    cells = with_f1(lambda x: np.where(one, x+1.5, x)).set_column(8, 's2', pc.if_else(pa.array(two), pc.binary_join_element_wise(pc.fill_null(s2, 'none'), 'CHG', '-'), s2))
    yield 'cells',cells,{}
    general = pa.concat_tables([cells.filter(pa.array(r.random(n)>=.005)), table(n//200, 5, 3*n)]).combine_chunks()
    yield 'general',general,{}
    yield 'shuffle',general.take(pa.array(r.permutation(general.num_rows))),{}
    yield 'all',with_f1(lambda x: x+1),{}

STREAMED,GROUP = 'append edit cells general'.split(),1 << 20

def part(first, n):
    "Rows of the narrow table from `first` on: the same whenever they are made"
    import numpy as np, pyarrow as pa
    r = np.random.default_rng([1, first])
    words = pa.array([f'category_{i}' for i in range(20)])
    return pa.table(dict(id=(first+np.arange(n))*3, f1=r.normal(100, 15, n), cat=words.take(pa.array(r.integers(0, 20, n)))))

def edited(t, first):
    "1% of two columns of `t` changed"
    import numpy as np, pyarrow as pa, pyarrow.compute as pc
    r = np.random.default_rng([2, first])
    one,two = (r.random(t.num_rows)<.01 for _ in range(2))
    f1 = t['f1'].to_numpy()
    return t.set_column(1, 'f1', pa.array(np.where(one, f1+1.5, f1))).set_column(2, 'cat', pc.if_else(pa.array(two), pa.scalar('changed'), t['cat']))

def parts(name, n):
    "The variant `name` of `n` rows, piece by piece"
    import numpy as np, pyarrow as pa
    for first in range(0, n, GROUP):
        t = part(first, min(GROUP, n-first))
        row = first+np.arange(t.num_rows)
        if name=='edit': t = t.set_column(1, 'f1', pa.array(t['f1'].to_numpy()+((row>=n//2) & (row<n//2+100))))
        if name in ('cells', 'general'): t = edited(t, first)
        yield t.filter(pa.array(np.random.default_rng([3, first]).random(t.num_rows)>=.005)) if name=='general' else t
    if more := dict(append=1000, general=n//200).get(name, 0): yield part(n, more)

def stream(top, n, names):
    "Write variants that memory does not hold; those that are there stay"
    import pyarrow.parquet as pq
    top.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = top/f'{name}.parquet'
        if path.exists(): continue
        print(f'making {path}', flush=True)
        with pq.ParquetWriter(path.with_suffix('.part'), part(0, 1).schema) as w:
            for t in parts(name, n): w.write_table(t, row_group_size=GROUP)
        path.with_suffix('.part').rename(path)

def make(top, n):
    import pyarrow.parquet as pq
    if (top/'done').exists() and (top/'done').read_text()==str(n): return
    print(f'making {n:,} rows in {top}', flush=True)
    top.mkdir(parents=True, exist_ok=True)
    for name,t,how in variants(n): pq.write_table(t, top/f'{name}.parquet', **dict(compression='snappy', row_group_size=1 << 19) | how)
    (top/'done').write_text(str(n))

def profiles(top, names):
    from dvnb.tableopen import open_table
    from dvnb.tableprofile import TableProfile, profile
    base = None
    for name in names:
        f = top/f'{name}.profile'
        if not f.exists():
            took = cpu(lambda: f.write_bytes(profile(open_table(top/f'{name}.parquet'), base and list(base.cut), 2).dumps()))
            print(f'profile of {name}: cpu {took:.1f}  rss {rss()//10**6:,} MB', flush=True)
        base = base or TableProfile.loads(f.read_bytes())

# Measuring: `job` runs in a process of its own

def cpu(f):
    start = time.process_time()
    f()
    return time.process_time()-start

def rss():
    "The most memory this process had; `ru_maxrss` would count the parent's too"
    status = Path('/proc/self/status')
    if status.exists(): return next(int(o.split()[1]) for o in status.read_text().splitlines() if o.startswith('VmHWM'))*1024
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss*1024

def floor(con, paths):
    def one(p):
        cols = ', '.join(r[0] for r in con.execute('describe select * from read_parquet(?)', [str(p)]).fetchall())
        con.execute(f'select sum(hash({cols})) from read_parquet(?)', [str(p)]).fetchall()
    return sum(cpu(lambda: one(p)) for p in paths)

def full_join(con, paths):
    differ = ', '.join(f'count(*) filter (a.{k} is distinct from b.{k})' for k in COLS)
    rows = 'count(*) filter (a.id is null), count(*) filter (b.id is null)'
    return cpu(lambda: con.execute(f'select {rows}, {differ} from read_parquet(?) a full join read_parquet(?) b using (id)', [*map(str, paths)]).fetchall())

def job(top, case, tool, memory='1GB', warm=True):
    import duckdb
    paths = [top/'old.parquet', top/f"{dict(none='old', small='shuffle').get(case, case)}.parquet"]
    if tool=='dvnb': return ours(top, case, paths, memory, warm)
    if tool in ('floor', 'join'):
        con,f = duckdb.connect(config=dict(preserve_insertion_order=False)),dict(floor=floor, join=full_join)[tool]
        if warm: f(con, paths)
        return dict(cpu=f(con, paths), rss=rss())
    return dict(cpu=cpu(lambda: PEERS[tool](*map(str, paths))), rss=rss())

def ours(top, case, paths, memory, warm):
    from dvnb.tablediff import TableDiff
    from dvnb.tableopen import open_table
    from dvnb.tableprofile import TableProfile
    memory,sources = '256MB' if case=='small' else memory,[open_table(p) for p in paths]
    profs = [TableProfile.loads(p.with_suffix('.profile').read_bytes()) for p in paths]
    def once():
        d = TableDiff(sources, profs, same_bytes=case=='none', memory=memory, temp=top/'tmp')
        if not d.kinds(): return
        said.append(f'{d.rows} {[k for k,*_ in d.kinds()]}')
        d.cells(1000)
        d.close()
    said = []
    if warm: once()
    start = time.perf_counter()
    return dict(cpu=cpu(once), rss=rss(), wall=time.perf_counter()-start, said=(said or ['nothing'])[-1])

def datacompy(a, b):
    import datacompy, pandas as pd
    getattr(datacompy, "Compare", datacompy.PandasCompare)(pd.read_parquet(a), pd.read_parquet(b), join_columns='id').report()

def pandas(a, b):
    import pandas as pd
    m = pd.read_parquet(a).merge(pd.read_parquet(b), on='id', how='outer', suffixes=('', '_new'), indicator=True)
    return [((m[k]!=m[f'{k}_new']) & ~(m[k].isna() & m[f'{k}_new'].isna())).sum() for k in COLS]

def polars(a, b):
    import polars as pl
    m = pl.scan_parquet(a).join(pl.scan_parquet(b), on='id', how='full', suffix='_new')
    return m.select([pl.col(k).ne_missing(pl.col(f'{k}_new')).sum() for k in COLS]).collect(engine='streaming')

def oxen(a, b):
    from oxen.diff.diff import diff
    return diff(a, to=b, keys=['id'], compares=[k for k in COLS if k!='id'])

PEERS = dict(datacompy=datacompy, pandas=pandas, polars=polars, oxen=oxen)

def measure(top, case, tool, log, *how):
    cmd = [sys.executable, str(HERE/'tablediff.py'), '--dir', str(top), '--job', f'{case},{tool}', *how]
    r = subprocess.run(cmd, capture_output=True, text=True, env=os.environ | dict(PYTHONPATH=str(HERE.parent)))
    if r.returncode: raise RuntimeError(f'{tool} failed on {case}:\n{r.stderr[-2000:]}')
    res = json.loads(r.stdout.splitlines()[-1])
    print(f'{case} {tool}: '+'  '.join(f'{k} {v:.3f}' if k in ('cpu', 'wall') else f'{k} {v//10**6:,} MB' if k=='rss' else v for k,v in res.items()), flush=True)
    log.append(dict(case=case, tool=tool, **res))

# Telling

def value(log, case, tool, what='cpu'):
    found = [o[what] for o in log if (o['case'], o['tool'])==(case, tool)]
    return median(found) if found else None

def row(log, case, peers):
    what,goal = CASES[case]
    mine,base = value(log, case, 'dvnb'),value(log, case, 'floor')
    if mine is None: return None
    against = value(log, case, goal[1]) if goal else None
    verdict = '' if not goal else f'at most {goal[0]} x {goal[1]}: {"met" if mine<=goal[0]*against else "missed"} ({mine/against:.2f})'
    others = [f'{v:.2f}' if (v := value(log, case, p)) is not None else '-' for p in peers]
    return f'| {what} | {mine:.3f} | {base:.2f} | {mine/base:.2f} | {value(log, case, "dvnb", "rss")/1e6:,.0f} | {verdict} | {" | ".join(others)} |'

def page(log, n):
    peers = ['join', *(p for p in PEERS if any(o['tool']==p for o in log))]
    head = ['change', 'dvnb, CPU s', 'floor, CPU s', 'dvnb / floor', 'dvnb, RSS MB', 'goal', *(dict(join='DuckDB full join').get(p, p)+', CPU s' for p in peers)]
    rows = [r for case in CASES if (r := row(log, case, peers))]
    return '\n'.join([f'{n:,} rows, {len(COLS)+1} columns, Parquet; Python {platform.python_version()}, {os.cpu_count()} cores. The floor: DuckDB decodes and hashes both files.', '',
        '| '+' | '.join(head)+' |', '|'.join(['', '---', *['--:']*4, '---', *['--:']*len(peers), '']), *rows])

def stream_page(log, n, memory):
    head = ['change', 'dvnb, CPU s', 'wall s', 'floor, CPU s', 'dvnb / floor', 'dvnb, RSS MB']
    rows = []
    for case in (c for c in CASES if value(log, c, 'dvnb') is not None):
        cpu,wall,base,most = value(log, case, 'dvnb'),value(log, case, 'dvnb', 'wall'),value(log, case, 'floor'),value(log, case, 'dvnb', 'rss')
        rows.append(f'| {CASES[case][0]} | {cpu:.1f} | {wall:.1f} | {base:.1f} | {cpu/base:.2f} | {most/1e6:,.0f} |')
    said = f'{n:,} rows, 3 columns, Parquet, made with `--stream`; joins may take {memory}; Python {platform.python_version()}, {len(os.sched_getaffinity(0))} of {os.cpu_count()} cores. No warm-up.'
    return '\n'.join([said, '', '| '+' | '.join(head)+' |', '|---'+'|--:'*(len(head)-1)+'|', *rows])

def write(title, text, file=HERE/'tablediff.md'):
    "Put `text` into the section `title` of `file`, other sections left alone"
    parts = dict(o.split('\n', 1) for o in ('\n'+file.read_text()).split('\n## ')[1:]) if file.exists() else {}
    parts[title] = f'\n{text}\n'
    file.write_text('\n'.join(f'## {k}\n{o.rstrip()}\n' for k,o in parts.items()))

def streamed(a):
    "Make, profile and measure with `--stream`"
    cases = [c for c in a.only.split(',') if c in STREAMED]
    stream(a.dir, a.rows, ['old', *cases])
    sys.path.insert(0, str(HERE.parent))
    profiles(a.dir, ['old', *cases])
    log = []
    for case in cases:
        for tool in ('floor', 'dvnb'): measure(a.dir, case, tool, log, '--memory', a.memory, '--stream')
    print(text := stream_page(log, a.rows, a.memory))
    if a.write: write('More than memory holds', text)

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--rows', type=int, default=5_000_000)
    p.add_argument('--dir', type=Path, default=Path('/var/tmp/dvnb-tables'))
    p.add_argument('--runs', type=int, default=3)
    p.add_argument('--only', default=','.join(CASES))
    p.add_argument('--memory', default='1GB')
    for o in 'peers','write','stream': p.add_argument(f'--{o}', action='store_true')
    p.add_argument('--job')
    a = p.parse_args()
    if a.job: return print(json.dumps(job(a.dir, *a.job.split(','), a.memory, not a.stream)))
    if a.stream: return streamed(a)
    make(a.dir, a.rows)
    sys.path.insert(0, str(HERE.parent))
    profiles(a.dir, ['old', *(c for c in CASES if c not in ('none', 'small'))])
    file,cases,log = a.dir/'results.json',a.only.split(','),[]
    if file.exists(): log = [o for o in json.loads(file.read_text()) if o['case'] not in cases]
    for _ in range(a.runs):
        for case in cases:
            for tool in ['floor', 'dvnb', *['join']*(case in ('general', 'shuffle', 'all'))]: measure(a.dir, case, tool, log, '--memory', a.memory)
    if a.peers:
        for tool in (k for k in PEERS if importlib.util.find_spec(k)):
            for case in {'general', 'shuffle'} & {*cases}: measure(a.dir, case, tool, log)
    file.write_text(json.dumps(log, indent=1))
    print(text := page(log, a.rows))
    if a.write: write('In memory', text)

if __name__=='__main__': main()
