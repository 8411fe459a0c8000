"""What the verdict on a new version of a large table costs beside one profile of the new file

    python bench/verdict.py [--rows 5000000] [--tables DIR] [--dir DIR] [--runs 3] [--only edit,cells] [--write]

Makes the tables of bench/tablediff.py below `--tables` (unless they are there) and a repo below `--dir` whose only version
is the first of them, with its profile. Then, in a process of its own each time: the profile of a new file alone, and the
verdict on that file as the next version, its profile included. Told are CPU time, wall time and the bytes that the process
read, each the median of the runs. The new file has been hashed before, as a snapshot does anyway. `--write` puts the table
into bench/verdict.md. Remove both folders afterwards (5 GB).
"""
import argparse, json, os, platform, shutil, subprocess, sys, time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
CASES = dict(patch='recompressed', column='a column added', append='1,000 rows appended', edit='100 adjacent rows edited', insert='10 rows inserted in the middle',
    cells='1% of two columns edited in place', all='every row changed', general='1% of two columns edited, 0.5% of rows removed and added', shuffle='the same, shuffled')

def n_read():
    "Bytes that this process has read so far"
    return next(int(o.split()[1]) for o in Path('/proc/self/io').read_text().splitlines() if o.startswith('rchar'))

def measured(f):
    at = time.process_time(),time.perf_counter(),n_read()
    said = f()
    return dict(cpu=time.process_time()-at[0], wall=time.perf_counter()-at[1], read=n_read()-at[2], said=said)

def repo_at(top):
    from dvnb.inuse import repo_class
    return repo_class()(top/'repo')

def drafted(repo, folder):
    from dvnb.scanfiles import Hasher
    return repo.draft(repo.source(folder, 'sales'), [], Hasher())

def named(tables, top, case):
    "The table under the one name that the dataset has for it"
    p = top/'in'/case/'sales.parquet'
    p.parent.mkdir(parents=True, exist_ok=True)
    if not p.exists(): shutil.copy(tables/f'{case}.parquet', p) if os.stat(tables).st_dev!=os.stat(top).st_dev else os.link(tables/f'{case}.parquet', p)
    return p.parent

def set_up(tables, top):
    "A repo with one version, and its profile"
    if (top/'kept').exists(): return
    from blake3 import blake3
    from dvnb.inuse import repo_class
    from dvnb.tableprofile import profile_key
    repo = repo_class().init(top/'repo')
    repo.snapshot(named(tables, top, 'old'), 'sales')
    v,draft = repo.latest('sales'),drafted(repo, named(tables, top, 'patch'))
    repo.diff_draft(v, draft).verdict
    (top/'kept').write_text(json.dumps([profile_key(blake3((tables/'old.parquet').read_bytes()).hexdigest(), 'sales.parquet')]))

def profiles(top): return [o for d in (top/'repo'/'derived', top/'cache') for o in d.rglob('profile/*')]

def job(tables, top, case, what):
    from dvnb.tableopen import open_table
    from dvnb.tableprofile import profile
    repo,folder = repo_at(top),named(tables, top, case)
    if what=='profile': return measured(lambda: profile(open_table(folder/'sales.parquet')).n_rows)
    known,v,draft = {*json.loads((top/'kept').read_text())},repo.latest('sales'),drafted(repo, folder)
    for o in profiles(top):
        if o.name not in known: o.unlink()
    def judge():
        diff = repo.diff_draft(v, draft)
        return str(diff.verdict)+' (and a hint)'*bool(repo.hints(diff))
    return measured(judge)

def measure(a, case, what):
    cmd = [sys.executable, str(HERE/'verdict.py'), '--tables', str(a.tables), '--dir', str(a.dir), '--job', f'{case},{what}']
    r = subprocess.run(cmd, capture_output=True, text=True, env=os.environ | dict(PYTHONPATH=str(HERE.parent), DVNB_CACHE=str(a.dir/'cache')))
    if r.returncode: raise RuntimeError(f'{what} failed on {case}:\n{r.stderr[-2000:]}')
    res = json.loads(r.stdout.splitlines()[-1])
    print(f'{case} {what}: cpu {res["cpu"]:.2f}  wall {res["wall"]:.2f}  read {res["read"]/1e6:,.0f} MB  {res["said"]}', flush=True)
    return res

def page(found, n):
    head = ['new version', 'verdict, CPU s', 'profile alone, CPU s', 'beside the profile', 'verdict, s', 'profile, s', 'verdict read, MB', 'profile read, MB', 'what it says']
    def row(case):
        v,p = found[case]['verdict'],found[case]['profile']
        def mid(runs, k): return median(o[k] for o in runs)
        more = mid(v, 'cpu')-mid(p, 'cpu')
        nums = f'{mid(v, "cpu"):.2f} | {mid(p, "cpu"):.2f} | {more:+.2f} | {mid(v, "wall"):.2f} | {mid(p, "wall"):.2f} | {mid(v, "read")/1e6:,.0f} | {mid(p, "read")/1e6:,.0f}'
        return f'| {CASES[case]} | {nums} | {v[0]["said"].splitlines()[0]} |'
    return '\n'.join([f'{n:,} rows, 12 columns, Parquet; Python {platform.python_version()}, {os.cpu_count()} cores. Made with `python bench/verdict.py --write`.', '',
        '| '+' | '.join(head)+' |', '|---'+'|--:'*7+'|---|', *map(row, found)])+'\n'

def main():
    import tablediff
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--rows', type=int, default=5_000_000)
    p.add_argument('--tables', type=Path, default=Path('/var/tmp/dvnb-tables'))
    p.add_argument('--dir', type=Path, default=Path('/var/tmp/dvnb-verdict'))
    p.add_argument('--runs', type=int, default=3)
    p.add_argument('--only', default=','.join(CASES))
    p.add_argument('--write', action='store_true')
    p.add_argument('--job')
    a = p.parse_args()
    os.environ['DVNB_CACHE'] = str(a.dir/'cache')
    if a.job: return print(json.dumps(job(a.tables, a.dir, *a.job.split(','))))
    tablediff.make(a.tables, a.rows)
    set_up(a.tables, a.dir)
    found = {case: {what: [measure(a, case, what) for _ in range(a.runs)] for what in ('profile', 'verdict')} for case in a.only.split(',')}
    print(text := page(found, a.rows))
    if a.write: (HERE/'verdict.md').write_text(text)

if __name__=='__main__': main()
