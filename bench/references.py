"""What it takes to find out which version a reference means, among 10,000 versions of 1,000 datasets.

    python bench/references.py          # on this disk
    python bench/references.py --s3     # beside it on a server that speaks S3 on this machine (moto), with the requests counted

Each figure is the median over 100 datasets. First: nothing of the dataset was read before; warm: asked again. The records are real but name no
data: only the catalog is at work.
"""
import argparse, os, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault('DVNB_CACHE', tempfile.mkdtemp())
from dvnb.catalog import dump_record, record_key
from dvnb.repo import Repo

refs = dict(latest='{}', wildcard='{}:1.*.*', exact='{}:1.3.0', word='{}:experimental_latest', tag='{}@prod', time='{}@2026-02-03', digest='{}@{digest}')

def record(name, i):
    "The record of version 1.i.0, as large as one is"
    return dict(format=1, name=name, config=None, version=f'1.{i}.0', digest=f'{hash((name, i))&(1<<63)-1:016x}'*4, root='ab'*32, kind='folder', frames={}, n_files=3, n_bytes=10**6, new_bytes=10**4,
        parent=None, base=None, level='MINOR', reasons=['MINOR: 1 column added: data.parquet (x)']*4, policy={}, ignore=['.git/']*8, inputs=[], created=f'2026-01-{i+1:02}T00:00:00+00:00',
        provenance={'python': '3.11'}, token='00'*16, message='a message of some words', experimental=False, experiments=[], schemas={}, forced='')

def objects_of(names, n):
    "(key, bytes) of all records, and of a revision of tags for each dataset"
    for name in names:
        yield from ((record_key(name, f'1.{i}.0'), dump_record(record(name, i))) for i in range(n))
        yield f'datasets/{name}/_/tags/00000001', dump_record({'prod': '1.3.0'})

def write_local(root, items):
    for key, data in items:
        (root/key).parent.mkdir(parents=True, exist_ok=True)
        (root/key).write_bytes(data)

class Counted:
    "Objects that count what is asked of them"
    def __init__(self, objs): self.objs, self.n = objs, dict(list=0, get=0)
    def __getattr__(self, k): return getattr(self.objs, k)
    def list(self, prefix=''):
        self.n['list'] += 1
        return self.objs.list(prefix)
    def get(self, key):
        self.n['get'] += 1
        return self.objs.get(key)

def timed(f):
    start = time.perf_counter()
    f()
    return (time.perf_counter()-start)*1000

def measure(url, names):
    "A line for each kind of reference: ms and requests for the first time and for the second"
    print(f'{"":10}{"first ms":>10}{"warm ms":>10}{"lists":>8}{"gets":>6}   the second time')
    for kind, form in refs.items():
        repo = Repo(url)
        counted = repo.catalog.objs = Counted(repo.catalog.objs)
        asked = [form.format(o, digest=record(o, 2)['digest'][:12]) for o in names]
        first = [timed(lambda: repo.load(o)) for o in asked]
        before = dict(counted.n)
        warm = [timed(lambda: repo.load(o)) for o in asked]
        lists, gets = before['list']/len(names), before['get']/len(names)
        again = {k: (counted.n[k]-before[k])/len(names) for k in before}
        print(f'{kind:10}{median(first):10.2f}{median(warm):10.2f}{lists:8.1f}{gets:6.1f}   {again["list"]:.1f} lists, {again["get"]:.1f} gets')
    repo = Repo(url)
    print(f'{"all names":10}{timed(repo.catalog.names):10.1f}{timed(repo.catalog.names):10.1f}')

def on_s3(items, names):
    import boto3, logging
    from moto.server import ThreadedMotoServer
    logging.getLogger('werkzeug').setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    end = f'http://{host}:{port}'
    os.environ |= dict(AWS_ENDPOINT_URL=end, AWS_ENDPOINT=end, AWS_ACCESS_KEY_ID='x', AWS_SECRET_ACCESS_KEY='y', AWS_DEFAULT_REGION='us-east-1', AWS_REGION='us-east-1')
    boto3.client('s3', endpoint_url=end).create_bucket(Bucket='bench')
    repo = Repo.init('s3://bench/repo')
    with ThreadPoolExecutor(8) as ex: list(ex.map(lambda o: repo.store.objs.put(*o), items))
    measure(repo.url, names)
    server.stop()

def main():
    p = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    p.add_argument('--s3', action='store_true', help='measure a server on this machine too')
    p.add_argument('--datasets', type=int, default=1000)
    p.add_argument('--versions', type=int, default=10)
    args = p.parse_args()
    names = [f'set_{i:05}' for i in range(args.datasets)]
    some = names[::max(args.datasets//100, 1)][:100]
    print(f'{args.datasets:,} datasets of {args.versions} versions, on this disk')
    with tempfile.TemporaryDirectory() as d:
        repo = Repo.init(Path(d)/'repo')
        write_local(Path(repo.url), objects_of(names, args.versions))
        measure(repo.url, some)
    if args.s3:
        print('on a server that speaks S3, on this machine')
        on_s3(objects_of(names, args.versions), some[:20])

if __name__ == '__main__': main()
