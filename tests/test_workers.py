"Where many small files are read and made by several processes, the outcome is what one process gives"
import signal, subprocess, sys, time
from hard import *
import dvnb.worker as worker
from dvnb.diskfiles import Writer
from dvnb.readers import Readers
from dvnb.scan import ScanError

@pytest.fixture(autouse=True)
def always(monkeypatch):
    monkeypatch.setattr(worker, 'MANY_FILES', 1)
    if not worker.n_workers(1): pytest.skip('one processor')

@pytest.fixture
def data(tmp_path):
    "Files of all kinds: many small ones in some folders, text that compresses, empty, twins, links, long ones"
    r = random.Random(1)
    files = {f'c{i%3}/{i}.bin': r.randbytes(r.randrange(1, 30_000)) for i in range(500)}
    files |= {f'text/{i}.csv': 'id,fare\n'+f'{i},9.5\n'*500 for i in range(500)} | {'empty': '', 'twin 1': 'same', 'twin 2': 'same', 'long': r.randbytes(3<<20), 'hollow': None}
    out = fill(tmp_path/'taxi', files)
    (out/'link').symlink_to('c0/0.bin')
    (out/'secret').write_text('mine')
    (out/'secret').chmod(0o600)
    return out

@pytest.fixture
def asked(monkeypatch):
    "How often workers answered"
    n,hear = [],worker.Worker.hear
    monkeypatch.setattr(worker.Worker, 'hear', lambda self: n.append(1) or hear(self))
    return n

def children(pid=None):
    "Workers of a process that live"
    out = []
    for p in Path('/proc').glob('[0-9]*'):
        try: state,ppid = (p/'stat').read_text().rpartition(')')[2].split()[:2]
        except OSError: continue
        if state!='Z' and int(ppid)==(pid or os.getpid()) and b'dvnb.worker' in (p/'cmdline').read_bytes(): out.append(p)
    return out

def test_same_version_and_same_files(repo, data, tmp_path, asked, monkeypatch):
    monkeypatch.chdir(tmp_path)
    v = repo.snapshot('taxi')
    assert len(asked)>1 and not children()
    repo.restore(v, 'out')
    assert picture(tmp_path/'out')==picture(data) and not children()
    assert 'no difference' in repo.status(tmp_path/'out').summary()
    assert not repo.check(read_data=True).problems
    monkeypatch.setattr(worker, 'MANY_FILES', 10**9)
    n,other = len(asked),Repo.init(tmp_path/'other')
    assert other.snapshot(data).digest==v.digest and len(asked)==n

def test_over_a_working_folder(repo, data, tmp_path):
    v = repo.snapshot(data)
    was = picture(data)
    for p in sorted(data.rglob('*.bin'))[::2]: p.write_bytes(b'edited')
    edited = picture(data)
    repo.restore(v, data)
    assert work(picture(data))==work(was)
    repo.undo()
    assert work(picture(data))==work(edited)

def test_a_file_that_changes_or_goes(repo, data, tmp_path, monkeypatch):
    "A worker finds it changed, and this process reads it until it holds still, or says that it is gone"
    start = Readers.__init__
    def late(self, top, n):
        (data/'c1'/'1.bin').write_bytes(b'changed')
        start(self, top, n)
    monkeypatch.setattr(Readers, '__init__', late)
    v = repo.snapshot(data)
    repo.restore(v, tmp_path/'out')
    assert contents(picture(tmp_path/'out'))==contents(picture(data))
    def gone(self, top, n):
        (data/'c1'/'4.bin').unlink()
        start(self, top, n)
    monkeypatch.setattr(Readers, '__init__', gone)
    shutil.rmtree(os.environ['DVNB_CACHE'])
    with pytest.raises(ScanError, match='4.bin'): repo.snapshot(data)
    assert len(repo.log())==1 and not children()

def killing(monkeypatch, after):
    "A worker dies after some answers"
    hear,n = worker.Worker.hear,[0]
    def broken(self):
        n[0] += 1
        if n[0]==after: self.p.kill()
        return hear(self)
    monkeypatch.setattr(worker.Worker, 'hear', broken)

@pytest.mark.parametrize('after', [1, 2, 4])
def test_workers_that_die(repo, data, tmp_path, monkeypatch, after):
    killing(monkeypatch, after)
    v = repo.snapshot(data)
    killing(monkeypatch, after)
    repo.restore(v, tmp_path/'out')
    assert picture(tmp_path/'out')==picture(data) and not children()

def test_no_worker_can_be_started(repo, data, tmp_path, monkeypatch):
    def refuse(*_, **__): raise OSError(12, 'Cannot allocate memory')
    monkeypatch.setattr(subprocess, 'Popen', refuse)
    v = repo.snapshot(data)
    repo.restore(v, tmp_path/'out')
    assert picture(tmp_path/'out')==picture(data)

def test_damage_is_named(repo, data, tmp_path):
    v = repo.snapshot(data)
    pack = max((tmp_path/'repo'/'packs').rglob('*'), key=lambda p: p.stat().st_size if p.is_file() else 0)
    raw = bytearray(pack.read_bytes())
    raw[len(raw)//3] ^= 1
    pack.chmod(0o644)
    pack.write_bytes(raw)
    with pytest.raises(DvnbError, match='damaged'): again(repo).restore(v, tmp_path/'out')
    assert not (tmp_path/'out').exists()
    again(repo).restore(v, tmp_path/'out', keep_going=True)
    was,now = contents(picture(data)),contents(picture(tmp_path/'out'))
    assert 0<len(was)-len(now)<3 and now.items()<=was.items()

def test_a_disk_that_is_full(repo, data, tmp_path):
    v = repo.snapshot(data)
    small = tmp_path/'small'
    small.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'none', small], capture_output=True).returncode: pytest.skip('cannot mount a small disk')
    try:
        with pytest.raises(DvnbError, match='No space left'): repo.restore(v, small/'out')
        assert not (small/'out').exists() and not children()
    finally: subprocess.run(['umount', '-l', small], check=True)

@pytest.mark.parametrize('what', ['snapshot', 'restore'])
def test_interrupt(repo, data, tmp_path, monkeypatch, what):
    "Workers are gone with the call that started them"
    if what=='restore': repo.snapshot(data)
    hear,n = worker.Worker.hear,[]
    def stop(self):
        n.append(children())
        if len(n)==2: os.kill(os.getpid(), signal.SIGINT)
        return hear(self)
    monkeypatch.setattr(worker.Worker, 'hear', stop)
    with pytest.raises(KeyboardInterrupt):
        repo.snapshot(data) if what=='snapshot' else repo.restore('taxi', tmp_path/'out')
    assert n[0] and not children() and not (tmp_path/'out').exists()

def test_a_killed_parent_leaves_no_worker(data, tmp_path):
    code = f'''import time, dvnb.worker as w, dvnb.readers as r
w.MANY_FILES,read = 1,r.Readers.read
def slow(self, asks):
    for o in read(self, asks):
        print("reading", flush=True)
        time.sleep(60)
        yield o
r.Readers.read = slow
import dvnb.snapshots
from dvnb.repo import Repo
Repo.init({str(tmp_path/"r")!r}).snapshot({str(data)!r})'''
    p = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True, cwd=root)
    assert p.stdout.readline()=='reading\n'
    mine = children(p.pid)
    p.kill()
    p.wait()
    assert mine
    for _ in range(100):
        if not any(o.exists() for o in mine): return
        time.sleep(.1)
    pytest.fail('a worker lives on')

def test_an_error_in_advance_comes_with_its_answer(tmp_path):
    (tmp_path/'pack').write_bytes(b'')
    whole = str(tmp_path/'pack'), 0, 0, []
    with worker.Worker('dvnb.disk', 'FromPacks', os.fsencode(tmp_path)) as w:
        for ask in whole, ('pack',), whole: w.ask(*ask)
        assert w.hear() == b''
        with pytest.raises(TypeError, match='missing 3 required'): w.hear()
        assert w.hear() == b''
