"The same in a bucket, and what a network does to it"
import http.server, logging, threading, time
from hard import *
from dvnb.objects import BucketObjects, KeyTaken, NoObject, StoreError
from test_concurrency import processes, write

boto3 = pytest.importorskip('boto3')
moto = pytest.importorskip('moto.server')

@pytest.fixture(scope='module')
def server():
    logging.getLogger('werkzeug').setLevel(logging.ERROR)
    s = moto.ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
    s.start()
    host, port = s.get_host_and_port()
    yield f'http://{host}:{port}'
    s.stop()

def use_endpoint(monkeypatch, url):
    here = 'us-east-1'
    values = dict(ENDPOINT_URL=url, ACCESS_KEY_ID='x', SECRET_ACCESS_KEY='y', DEFAULT_REGION=here, REGION=here)
    for k, v in values.items(): monkeypatch.setenv(f'AWS_{k}', v)
    for k in 'http_proxy', 'https_proxy', 'all_proxy':
        for name in k, k.upper(): monkeypatch.delenv(name, raising=False)

@pytest.fixture
def bucket(server, monkeypatch, tmp_path):
    use_endpoint(monkeypatch, server)
    name = 'b'+os.urandom(4).hex()
    boto3.client('s3', endpoint_url=server).create_bucket(Bucket=name)
    return f's3://{name}/team/data'

@pytest.fixture(params=['s3', 'memory'])
def url(request, tmp_path):
    return request.getfixturevalue('bucket') if request.param == 's3' else f'memory://{tmp_path.name}'

def test_versions_in_a_bucket(url, tmp_path):
    repo = Repo.init(url)
    src, made = fill(tmp_path/'d', {'a': '1', 'big': random.Random(0).randbytes(WHOLE*5), 'sub/b': ''}), {}
    for i in range(4):
        fill(src, {'a': str(i)})
        made[again(repo).snapshot(src, 'd').ref] = picture(src)
    is_sound(url, made, tmp_path)
    assert not again(repo).snapshot(src).is_new
    fill(src, {'a': 'unsaved'})
    was = picture(src)
    again(repo).restore('d:1.0.0', src)
    again(repo).undo(src)
    assert work(picture(src)) == work(was)
    gone = next(iter(made))
    again(repo).forget(gone)
    del made[gone]
    for _ in range(4): again(repo).gc(grace=at_once)
    is_sound(url, made, tmp_path)
    assert contents(picture(again(repo).path([*made][-1]))) == contents(made[[*made][-1]])
    again(repo).tag([*made][0], 'prod')
    assert again(repo).load('d@prod').ref == [*made][0]

def test_opening_twice_makes_one_repo(url): assert Repo.init(url).store.id == Repo.init(url).store.id

def test_damage_in_a_bucket(url, tmp_path):
    repo = Repo.init(url)
    src = fill(tmp_path/'d', {'a': 'x'*1000, 'b': 'y'*1000})
    v = repo.snapshot(src)
    objs = repo.store.objs
    found, rows = repo.store.index.find(as_array([row(v, 'b').digest]))
    key = pack_key(repo.store.index.packs[rows['pack'][0]])
    data = objs.get(key)
    objs.put(key, data[:int(rows['offset'][0])+2], replace=True)
    assert {*again(repo).check(read_data=True).hits} == {v.ref}
    objs.put(key, data, replace=True)
    objs.delete(objs.list('index')[0].key)
    shutil.move(src, tmp_path/'away')
    assert not again(repo).check().ok and again(repo).check(repair=True).ok
    is_sound(url, {v.ref: picture(tmp_path/'away')}, tmp_path)

def test_a_truncated_pack_in_a_bucket_costs_only_what_was_cut_off(url, tmp_path):
    repo = Repo.init(url)
    v = repo.snapshot(fill(tmp_path/'d', {str(i): random.Random(i).randbytes(3000) for i in range(5)}))
    w = repo.snapshot(fill(tmp_path/'d', {'extra': 'x'}))
    found, rows = repo.store.index.find(as_array([o.digest for o in as_tree(v).manifest]))
    cut = sorted(rows['offset'].tolist())[3]
    key = pack_key(repo.store.index.packs[rows['pack'][0]])
    repo.store.objs.put(key, repo.store.objs.get(key)[:cut+10], replace=True)
    plan = again(repo).restore(w, tmp_path/'out', keep_going=True)
    assert len(plan.lost) == 2 and len(picture(tmp_path/'out')) == 4

def test_writers_of_one_dataset_in_a_bucket(bucket, tmp_path):
    repo = Repo.init(bucket)
    for i in range(4): fill(tmp_path/f'd{i}', {'mine': str(i)*100, 'same': 'x'*1000})
    said = processes(4, write, bucket, tmp_path)
    refs = [r for rs in said for r in rs]
    assert len({*refs}) == 12 == len(repo.log())
    is_sound(bucket, {rs[-1]: picture(tmp_path/f'd{i}') for i, rs in enumerate(said)}, tmp_path)

def test_collectors_beside_writers_in_a_bucket(bucket, tmp_path):
    repo = Repo.init(bucket)
    fill(tmp_path/'w', {'f': '0'})
    repo.snapshot(tmp_path/'w')
    code = '''
r = Repo(args[0])
for k in range(6):
    if me == '0':
        (Path(args[1])/'w'/'f').write_text(str(k))
        print(Repo(args[0]).snapshot(args[1]+'/w', 'w').ref)
    elif me == '1': r.gc()
    else: assert Repo(args[0]).check().problems == []
'''
    said = processes(3, code, bucket, tmp_path)
    is_sound(bucket, {said[0][-1]: picture(tmp_path/'w')}, tmp_path)

# What a machine keeps of a bucket

class Server:
    "Answers by `answer(method, path, headers, body)`: status, headers, body; or None to pass on to `behind`"
    def __init__(self, answer, behind=None):
        import http.client
        outer = self
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *_): pass
            def any(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                got = answer(self.command, self.path, self.headers, body)
                if callable(got): got = got(lambda: outer.forward(behind, self, body))
                if got is None: got = outer.forward(behind, self, body)
                if got == 'drop':
                    self.close_connection = True
                    return self.connection.shutdown(2)
                status, headers, data = got
                self.send_response(status)
                for k, v in headers.items(): self.send_header(k, v)
                if 'Content-Length' not in headers: self.send_header('Content-Length', str(len(data)))
                self.end_headers()
                if self.command != 'HEAD': self.wfile.write(data)
            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = any
        self.http = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f'http://127.0.0.1:{self.http.server_port}'
    def forward(self, behind, handler, body):
        import http.client
        c = http.client.HTTPConnection(behind.removeprefix('http://'))
        c.request(handler.command, handler.path, body, dict(handler.headers.items()))
        r = c.getresponse()
        data = r.read()
        ours = 'transfer-encoding', 'connection', 'content-length', 'date', 'server'
        keep = {k: v for k, v in r.getheaders() if k.lower() not in ours}
        if handler.command == 'HEAD': keep['Content-Length'] = r.getheader('Content-Length') or '0'
        return r.status, keep, data
    def stop(self):
        self.http.shutdown()
        self.http.server_close()

def error(code): return f'<Error><Code>{code}</Code><Message>no</Message></Error>'.encode()

@pytest.fixture
def serve():
    made = []
    def start(*args):
        made.append(Server(*args))
        return made[-1]
    yield start
    for s in made: s.stop()

look_around = '''
r = Repo(args[0])
print(len(r.log('t')), len(r.status(args[1]).files), len(r.diff('t:1.0.0', 't:2.0.0').files), len(r.read('t:1.0.0')), len(r.load('t@best').tags))
'''

@pytest.fixture
def seen(serve, server, bucket, monkeypatch, tmp_path):
    "A repo with a table in two versions and a folder of 600 files, and the requests for it that are not listings"
    log = []
    def answer(method, path, *_):
        key = path.partition('?')[0].partition('/team/data/')[2]
        if method != 'GET' or key: log.append((method, key))
    repo = Repo.init(bucket)
    src = fill(tmp_path/'t', {'data.csv': 'x,y\n'+''.join(f'{i},{i%7}\n' for i in range(40_000)), **{f'{i}.txt': str(i) for i in range(300)}})
    repo.tag(repo.snapshot(src), 'best')
    repo.snapshot(fill(src, {'3.txt': 'other'}))
    use_endpoint(monkeypatch, serve(answer, server).url)
    def ask(code=look_around):
        log.clear()
        said, = processes(1, code, bucket, src)
        return said, [key for _, key in log]
    ask.repo, ask.cache = repo, tmp_path/'cache'/repo.store.id/'reads'
    shutil.rmtree(ask.cache, ignore_errors=True)
    return ask

def kept(ask): return [p for p in ask.cache.rglob('*') if p.is_file()]

def test_a_second_process_fetches_nothing_again(seen):
    said, first = seen()
    assert said == ['2', '0', '1', '40000', '1'] and {k.split('/')[0] for k in first} > {'packs', 'index', 'datasets'}
    assert seen() == (said, ['format.json'])

def test_only_what_is_new_is_fetched(seen, tmp_path):
    said, _ = seen()
    seen.repo.snapshot(fill(tmp_path/'t', {'4.txt': 'new'}))
    now, keys = seen()
    assert now[0] == '3' and 0 < sum(k.startswith('datasets/') for k in keys) <= 1 and len(keys) < 8, keys

def test_damage_in_the_cache_is_a_miss(seen):
    said, first = seen()
    harms = [lambda p: p.unlink(), lambda p: flip(p, 3), lambda p: os.truncate(p, 5), lambda p: p.write_bytes(b'')]
    for i, p in enumerate(sorted(kept(seen))): harms[i%4](p)
    assert seen() == (said, first) and seen() == (said, ['format.json'])

def test_a_cache_that_cannot_be_written(seen):
    said, _ = seen()
    shutil.rmtree(seen.cache)
    seen.cache.write_text('in the way')
    assert seen()[0] == seen()[0] == said

def test_what_another_machine_collected_is_not_missed(seen, monkeypatch, tmp_path):
    said, first = seen()
    with monkeypatch.context() as m:
        m.setenv('DVNB_CACHE', str(tmp_path/'another'))
        other = again(seen.repo)
        other.snapshot(fill(tmp_path/'t', {f'{i}.txt': f'{i} other' for i in range(250)}))
        other.forget('t:2.0.0')
        for _ in range(3): other.gc(grace=at_once)
    now, _ = seen("""
r = Repo(args[0])
try: r.load('t:2.0.0')
except Exception as e: print('forgotten' in str(e))
print(len(r.log('t')), r.check(read_data=True).ok)
v = r.snapshot(args[1], bump='major')
r.restore(v, args[1]+'.out')
print(Repo(args[0]).check(read_data=True).ok)
""")
    assert now == ['True', '2', 'True', 'True']
    assert contents(picture(tmp_path/'t.out')) == contents(picture(tmp_path/'t'))

def test_a_check_does_not_believe_the_cache(seen):
    said, _ = seen()
    objs = seen.repo.store.objs
    for o in objs.list('packs'): objs.put(o.key, b'x'*o.size, replace=True)
    code = 'print(Repo(args[0]).check(read_data=True).ok, Repo(args[0]).check().ok)'
    assert seen(code)[0] == ['False', 'False']

def test_a_damaged_object_is_not_kept(seen):
    objs, answers = seen.repo.store.objs, []
    o, = [o for o in objs.list('datasets/t/_') if o.key.endswith('1.0.0')]
    good = objs.get(o.key)
    objs.put(o.key, good[:-9], replace=True)
    try_it = """
try: print(len(Repo(args[0]).log('t')))
except Exception as e: print('damaged' in str(e))
"""
    assert seen(try_it)[0] == ['True']
    objs.put(o.key, good, replace=True)
    assert seen(try_it)[0] == ['2']

def test_the_cache_of_a_bucket_has_a_limit(seen, monkeypatch):
    seen('import dvnb.readcache as c\nc.ReadCache.__init__.__defaults__ = 200_000,' + look_around)
    assert 0 < sum(p.stat().st_size for p in kept(seen)) <= 200_000

def test_two_processes_fill_one_cache(seen, bucket, tmp_path):
    said, _ = seen()
    shutil.rmtree(seen.cache)
    assert processes(3, look_around, bucket, tmp_path/'t') == [said]*3
    assert seen() == (said, ['format.json'])

def test_a_restore_does_not_fill_the_cache(seen, tmp_path):
    seen("Repo(args[0]).restore('t:1.0.0', args[1]+'.out')")
    assert sum(p.stat().st_size for p in kept(seen)) < 200_000

# Servers that say no

@pytest.mark.parametrize('status, code', [(403, 'AccessDenied'), (401, 'Unauthorized'), (403, 'InvalidAccessKeyId')])
def test_wrong_credentials(serve, monkeypatch, tmp_path, status, code):
    s = serve(lambda *_: (status, {'Content-Type': 'application/xml'}, error(code)))
    use_endpoint(monkeypatch, s.url)
    for f in Repo, Repo.init: refuses(lambda: f('s3://b/x'), 's3://b/x', 'credentials', error=StoreError)

def test_reading_is_allowed_and_writing_is_not(serve, server, bucket, monkeypatch, tmp_path):
    repo = Repo.init(bucket)
    src = fill(tmp_path/'d', {'a': '1'})
    v = repo.snapshot(src)
    s = serve(lambda method, *_: None if method in ('GET', 'HEAD') else (403, {}, error('AccessDenied')), server)
    use_endpoint(monkeypatch, s.url)
    refuses(lambda: again(repo).snapshot(fill(src, {'a': '2'})), 'credentials', error=StoreError)
    again(repo).restore(v, tmp_path/'out')
    assert again(repo).check(read_data=True).ok and len(again(repo).log()) == 1

def test_no_bucket(bucket):
    for f in Repo, Repo.init: refuses(lambda: f('s3://no-such-bucket-here/x'), 'no bucket', 's3://no-such-bucket-here/x', error=StoreError)

def test_address_that_is_none():
    for url in 's3://', 'ftp://x/y', 'nonsense://x', 'http://[': refuses(lambda: Repo(url), error=StoreError)

def test_server_that_is_not_there(monkeypatch):
    use_endpoint(monkeypatch, 'http://127.0.0.1:9')
    start = time.time()
    refuses(lambda: Repo('s3://b/x'), 's3://b/x', error=StoreError)
    assert time.time()-start < 120

def test_server_gone_in_the_middle(serve, server, bucket, monkeypatch, tmp_path):
    repo = Repo.init(bucket)
    src = fill(tmp_path/'d', {'a': '1'})
    made = {repo.snapshot(src).ref: picture(src)}
    up = [3]
    def answer(method, path, *_):
        if method == 'PUT': up[0] -= 1
        return None if up[0] > 1 else 'drop'
    s = serve(answer, server)
    use_endpoint(monkeypatch, s.url)
    start, writer = time.time(), again(repo)
    refuses(lambda: writer.snapshot(fill(src, {'a': '2'})), bucket, error=StoreError)
    assert time.time()-start < 120
    up[0] = 10**6
    is_sound(bucket, made, tmp_path)
    v = writer.snapshot(src)
    is_sound(bucket, made | {v.ref: picture(src)}, tmp_path)

@pytest.mark.parametrize('what', ['restore', 'keep_going', 'path', 'copy', 'snapshot', 'check'])
def test_a_server_that_is_gone_is_not_asked_for_each_file(serve, server, bucket, monkeypatch, tmp_path, what):
    import dvnb.transfer
    files = {f'{i}.bin': random.Random(i).randbytes(WHOLE+1) for i in range(40)}
    v, down, asked = Repo.init(bucket).snapshot(fill(tmp_path/'d', files)), [False], []
    def answer(method, path, *_):
        if down[0]: asked.append(path)
        return 'drop' if down[0] else None
    use_endpoint(monkeypatch, serve(answer, server).url)
    monkeypatch.setenv('DVNB_CACHE', str(tmp_path/'other'))
    here = Repo(bucket)
    v, read = here.load(v.ref), BucketObjects.read
    as_tree(v).manifest
    def gone(self, key, *args):
        down[0] |= key.startswith('packs')
        return read(self, key, *args)
    monkeypatch.setattr(BucketObjects, 'read', gone)
    out = tmp_path/'out'
    f = dict(restore=lambda: here.restore(v, out), keep_going=lambda: here.restore(v, out, keep_going=True), path=lambda: here.path(v), snapshot=lambda: here.snapshot(tmp_path/'d', 'e'), copy=lambda: here.copy(v, Repo.init(tmp_path/'there')), check=lambda: here.check(read_data=True))[what]
    refuses(f, bucket, 'did not answer', error=StoreError)
    assert 0 < len(asked) < 30 and not out.exists()

def test_a_server_that_stumbles_is_asked_again(serve, server, bucket, monkeypatch, tmp_path):
    repo, n = Repo.init(bucket), [0]
    def answer(*_):
        n[0] += 1
        return (503, {}, error('SlowDown')) if n[0] % 5 == 0 else None
    s = serve(answer, server)
    use_endpoint(monkeypatch, s.url)
    src = fill(tmp_path/'d', {'a': '1', 'b': 'x'*1000})
    v = again(repo).snapshot(src)
    is_sound(bucket, {v.ref: picture(src)}, tmp_path)

def test_a_write_whose_answer_was_lost(serve, server, bucket, monkeypatch, tmp_path):
    "It is sent again and finds itself: 412 on its own object"
    repo, lost = Repo.init(bucket), set()
    def answer(method, path, *_):
        if method != 'PUT' or path in lost: return None
        lost.add(path)
        def swallow(forward):
            forward()
            return 500, {}, error('InternalError')
        return swallow
    s = serve(answer, server)
    use_endpoint(monkeypatch, s.url)
    src = fill(tmp_path/'d', {'a': '1'})
    v = again(repo).snapshot(src)
    assert v.ref == 'd:1.0.0' and [o.ref for o in repo.log()] == ['d:1.0.0']
    is_sound(bucket, {v.ref: picture(src)}, tmp_path)

def test_a_conflict_of_two_writes(serve, server, bucket, monkeypatch, tmp_path):
    "409 says: try again. The object need not be there"
    repo, told = Repo.init(bucket), set()
    def answer(method, path, *_):
        if method != 'PUT' or path in told: return None
        told.add(path)
        return 409, {}, error('ConditionalRequestConflict')
    s = serve(answer, server)
    use_endpoint(monkeypatch, s.url)
    src = fill(tmp_path/'d', {'a': '1'})
    v = again(repo).snapshot(src)
    is_sound(bucket, {v.ref: picture(src)}, tmp_path)

def test_a_key_that_is_taken(url):
    objs = BucketObjects(url)
    objs.put('datasets/x', b'1')
    objs.put('datasets/x', b'1')
    with pytest.raises(KeyTaken): objs.put('datasets/x', b'2')
    assert objs.get('datasets/x') == b'1'
    with pytest.raises(NoObject): objs.get('datasets/y')
    objs.delete('datasets/y')
    assert [o.key for o in objs.list('datasets')] == ['datasets/x'] and objs.list('data') == []
    assert objs.read('datasets/x', 0, 0) == b''
