"""The workloads of the benchmark: the same bytes for the same seed, on every machine

    python bench/workloads.py NAME DIR [--scale F]

`DIR/v1` is version 1, `DIR/v2` holds the files of version 2 that are new or changed, `DIR/removed` names those that
version 2 lacks. NAME is one of

files    50,000 files of 4-30 kB that do not compress; 1% rewritten, 0.5% added, 0.5% removed
tables   4 CSV of 250 MB, each also as Parquet; 1,000 rows appended, 1 row inserted after the tenth, 1% of the cells of
         one column changed, 1 table as it was
small    200 of the files
million  1,000,000 files of 10-80 bytes in 1,000 folders; one rewritten
"""
import argparse
from pathlib import Path
import numpy as np

SEED,N_FILES,N_ROWS,N_TINY = 20260101,50_000,2_200_000,1_000_000

def rng(*key): return np.random.Generator(np.random.PCG64([SEED, *key]))

def put(path, data):
    with open(path, 'wb') as f: f.write(data)

def image(i, version):
    r = rng(version, i)
    return r.bytes(int(r.integers(4*1024, 30*1024)))

def put_images(folder, places, version, classes=100):
    "Files that look like a data set of images in classes"
    for c in {i%classes for i in places}: (folder/f'images/class_{c:03d}').mkdir(parents=True, exist_ok=True)
    for i in places: put(folder/image_path(i, classes), image(i, version))

def image_path(i, classes=100): return f'images/class_{i%classes:03d}/img_{i:05d}.bin'

def files(top, scale=1.):
    n = int(N_FILES*scale)
    mixed = rng(99).permutation(n).tolist()
    changed,removed = mixed[:n//100],mixed[n//100:n//100+n//200]
    put_images(top/'v1', range(n), 1)
    put_images(top/'v2', [*changed, *range(n, n+n//200)], 2)
    (top/'removed').write_text('\n'.join(map(image_path, removed)))

def small(top, scale=1.):
    put_images(top/'v1', range(int(200*scale)), 1, classes=10)

def words():
    r,letters = rng(7),np.frombuffer(b'abcdefghijklmnopqrstuvwxyz', 'u1')
    return np.array([letters[r.integers(0, 26, r.integers(4, 12))].tobytes().decode() for _ in range(20000)])

def columns(t, n):
    "The columns of table `t`, of `n` rows"
    r,w = rng(1000+t),words()
    cats = np.array(['red', 'green', 'blue', 'yellow', 'violet'])
    return {
        'id': np.arange(n, dtype='i8'),
        'i1': r.integers(0, 1_000_000, n),
        'i2': r.integers(0, 100, n),
        'f1': np.round(r.normal(size=n), 6),
        'f2': np.round(r.random(n)*1000, 3),
        'f3': r.normal(size=n),
        'cat': cats[r.integers(0, 5, n)],
        'name': w[r.integers(0, 20000, n)],
        'city': w[r.integers(0, 500, n)],
        'text': np.char.add(np.char.add(w[r.integers(0, 20000, n)], ' '), w[r.integers(0, 20000, n)]),
        'ts': 1_600_000_000+np.arange(n, dtype='i8')*7}

def put_table(folder, t, cols):
    import pyarrow as pa, pyarrow.csv as pc, pyarrow.parquet as pq
    table = pa.table({k: pa.array(v) for k,v in cols.items()})
    folder.mkdir(parents=True, exist_ok=True)
    pc.write_csv(table, folder/f't{t}.csv')
    pq.write_table(table, folder/f't{t}.parquet')

def appended(n):
    old,new = columns(0, n),columns(40, 1000)
    new['id'] += n
    new['ts'] = 1_600_000_000+new['id']*7
    return {k: np.concatenate([old[k], new[k]]) for k in old}

def inserted(n):
    old,new = columns(1, n),columns(41, 1)
    new['id'] += 10*n
    return {k: np.concatenate([old[k][:10], new[k], old[k][10:]]) for k in old}

def edited(n):
    cols,r = columns(2, n),rng(98)
    at = r.choice(n, n//100, replace=False)
    cols['f1'][at] = np.round(r.normal(size=len(at)), 6)
    return cols

def tables(top, scale=1.):
    n = int(N_ROWS*scale)
    for t in range(4): put_table(top/'v1/tables', t, columns(t, n))
    for t,make in enumerate((appended, inserted, edited)): put_table(top/'v2/tables', t, make(n))

def tiny(i, version): return b'%010d' % (i*2_654_435_761*version%10**10)*(1+i%8)

def million(top, scale=1.):
    n = int(N_TINY*scale)
    for d in range(0, n, 1000):
        folder = top/f'v1/{d//1000:03d}'
        folder.mkdir(parents=True)
        for i in range(d, min(d+1000, n)): put(f'{folder}/{i:06d}.txt', tiny(i, 1))
    (top/f'v2/{n//2000:03d}').mkdir(parents=True)
    put(top/f'v2/{n//2000:03d}/{n//2:06d}.txt', tiny(n//2, 2))

WORKLOADS = {f.__name__: f for f in (files, tables, small, million)}

def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('name', choices=WORKLOADS)
    ap.add_argument('dir', type=Path)
    ap.add_argument('--scale', type=float, default=1.)
    a = ap.parse_args()
    WORKLOADS[a.name](a.dir, a.scale)
    (a.dir/'done').touch()

if __name__=='__main__': main()
