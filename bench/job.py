"""One verb of dvnb in a process of its own; its last line says what it took beyond the imports

The clock starts when the modules of dvnb are loaded; what `pyarrow` (compression) and `tqdm` (a progress bar) take to
load, when they are first needed, is taken off again. CPU is that of all threads, and of the processes that were started.
"""
import builtins, json, sys, time
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

def clock():
    use = [getrusage(o) for o in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(o.ru_utime+o.ru_stime for o in use),time.perf_counter()

def since(start): return [now-was for now,was in zip(clock(), start)]

class Late:
    "What it takes to load modules that are loaded when they are first needed"
    def __init__(self, *names): self.names,self.load,self.took = set(names),builtins.__import__,[0., 0.]
    def __enter__(self): builtins.__import__ = self
    def __exit__(self, *_): builtins.__import__ = self.load

    def __call__(self, name, *args, **kw):
        top = name.partition('.')[0]
        if top not in self.names: return self.load(name, *args, **kw)
        self.names.discard(top)
        start = clock()
        try: return self.load(name, *args, **kw)
        finally: self.took = [a+b for a,b in zip(self.took, since(start))]

def repo(url):
    from dvnb.repo import Repo
    return Repo(url)

def init(url):
    from dvnb.repo import Repo
    return Repo.init(url)

def by_bytes(url): return repo(url).policy('bench', kind='opaque')
def snapshot(url, folder): return repo(url).snapshot(folder, 'bench')
def restore(url, ref, folder): return repo(url).restore(ref, folder)
def status(url, folder): return repo(url).status(folder).summary(3)
def diff(url, old, new): return repo(url).diff(old, new).summary(3)
def nothing(*_): pass

def frame(url, df): return repo(url).snapshot(df, 'bench')

def walk(folder):
    "The floor of looking at a folder"
    import os
    def count(d):
        with os.scandir(d) as entries: return sum(count(e.path) if e.is_dir() else e.stat().st_size>=0 for e in entries)
    return count(folder)

def hash(folder):
    "The floor of reading and hashing a folder"
    import os
    from blake3 import blake3
    n = 0
    for d,_,names in os.walk(folder):
        for f in names:
            h = blake3()
            with open(f'{d}/{f}', 'rb', buffering=0) as file:
                while data := file.read(8<<20): h.update(data)
            n += 1
    return n

def main(verb, *args):
    if verb in (walk, hash): import blake3
    else: import dvnb.repo, dvnb.snapshots, dvnb.folder, dvnb.values, dvnb.upkeep
    if verb is frame:
        import pandas
        args = args[0],pandas.read_parquet(args[1])
    late,start = Late('pyarrow', 'tqdm'),clock()
    with late: result = verb(*args)
    cpu,wall = (max(0, t-l) for t,l in zip(since(start), late.took))
    print(repr(result)[:2000], file=sys.stderr)
    print(json.dumps(dict(cpu=cpu, wall=wall, late=late.took)))

if __name__=='__main__': main(globals()[sys.argv[1]], *sys.argv[2:])
