"Packs that are written and read past the cache of the system: the same bytes, whatever the file system makes of it"
import ctypes, errno, fcntl, mmap
from hard import *
import dvnb.direct as direct, dvnb.objects as objects
from dvnb.objects import StoreError
from dvnb.pack import PACK_SIZE

@pytest.fixture
def data(tmp_path):
    "More than a pack of bytes that do not compress"
    r = random.Random(1)
    return fill(tmp_path/'taxi', {f'{i}.bin': r.randbytes(700_000+i) for i in range(PACK_SIZE//700_000+20)})

@pytest.fixture
def refuse(monkeypatch):
    "Make a system that does not go past its cache, in one of the ways in which that is told"
    def make(how):
        def no(*_): raise OSError(errno.EINVAL, 'Invalid argument')
        real = direct._switch, os.write
        def is_direct(fd): return fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_DIRECT
        if how == 'switch': monkeypatch.setattr(direct, '_switch', lambda fd, on: no() if on else real[0](fd, on))
        if how == 'write': monkeypatch.setattr(os, 'write', lambda fd, b: no() if is_direct(fd) else real[1](fd, b))
        if how == 'flag': monkeypatch.delattr(os, 'O_DIRECT')
        if how == 'short': monkeypatch.setattr(os, 'write', lambda fd, b: real[1](fd, b[:4096] if is_direct(fd) else b[:-(-len(b)//2)]))
    return make

@pytest.mark.parametrize('how', ['', 'switch', 'write', 'flag', 'short'])
def test_snapshot_and_restore(repo, data, tmp_path, monkeypatch, refuse, how):
    refuse(how)
    rests, real = [], direct.write_direct
    monkeypatch.setattr(objects, 'write_direct', lambda fd, b: rests.append((len(b), len(rest := real(fd, b)))) or rest)
    v = repo.snapshot(data)
    assert rests and (how in ('', 'short') or all(n == left for n, left in rests))
    monkeypatch.undo()
    assert repo.check(read_data=True).ok
    assert brought_back(repo.url, v, tmp_path) == picture(data)

def test_a_disk_that_is_full(repo, data, tmp_path, monkeypatch):
    "Half of a pack is written past the cache when the disk is full"
    n, real = [], os.write
    def write(fd, b):
        if len(b) == direct.STEP:
            n.append(1)
            if len(n) > 3: raise OSError(errno.ENOSPC, 'No space left on device')
        return real(fd, b)
    monkeypatch.setattr(os, 'write', write)
    with pytest.raises(StoreError, match='No space left'): repo.snapshot(data)
    monkeypatch.undo()
    assert repo.check(read_data=True).ok
    v = repo.snapshot(data)
    assert v.is_new and brought_back(repo.url, v, tmp_path) == picture(data)

@pytest.mark.parametrize('cached', [True, False])
@pytest.mark.parametrize('how', ['', 'switch', 'flag'])
def test_any_part_of_a_file(tmp_path, refuse, how, cached):
    r, file = random.Random(2), tmp_path/'pack'
    file.write_bytes(data := r.randbytes(5*direct.PAGE+123))
    with open(file, 'rb') as f:
        os.fsync(f.fileno())
        if not cached: os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    refuse(how)
    with direct.DirectReader() as files:
        for _ in range(200):
            start, size = r.randrange(len(data)+10), r.randrange(1, 3*direct.PAGE)
            assert bytes(files.read(file, start, size)) == data[start:start+size]

def in_cache(file):
    "How many pages of a file are in the cache of the system"
    libc, n = ctypes.CDLL(None, use_errno=True), -(-file.stat().st_size//direct.PAGE)
    with open(file, 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
        there, first = (ctypes.c_ubyte*n)(), ctypes.c_char.from_buffer(m)
        assert libc.mincore(ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(len(m)), there) == 0
        del first
    return sum(o & 1 for o in there)

def test_what_is_read_does_not_fill_the_cache(tmp_path):
    file, part = tmp_path/'pack', 1<<20
    file.write_bytes(data := random.Random(3).randbytes(8*part))
    with open(file, 'rb') as f:
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if in_cache(file): pytest.skip('this file system keeps its files in memory')
    with direct.DirectReader() as files:
        for s in range(0, len(data), part): assert files.read(file, s, part) == data[s:s+part]
    assert in_cache(file) <= 2*len(data)//part
