"What the hard tests share: trees to keep, pictures to compare them by, and what must hold after anything went wrong"
import os, random, shutil, stat, tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
import numpy as np, pyarrow, pytest
import dvnb.snapshots, dvnb.folder, dvnb.checkup, dvnb.transfer, dvnb.upkeep, dvnb.values
from dvnb.chunk import WHOLE, DvnbError
from dvnb.pack import as_array, as_names, pack_key
from dvnb.repo import Repo, as_tree
from dvnb.store import Store

root = Path(dvnb.__file__).resolve().parent.parent
at_once = timedelta(0)
is_root = os.geteuid() == 0

@pytest.fixture(autouse=True)
def own_cache(tmp_path):
    "Apart from `monkeypatch`, which a test may undo"
    with pytest.MonkeyPatch.context() as m:
        m.setenv('DVNB_CACHE', str(tmp_path/'cache'))
        m.delenv('DVNB_REPO', raising=False)
        yield

@pytest.fixture
def repo(tmp_path): return Repo.init(tmp_path/'repo')

def again(repo): return Repo(repo.url)  # as another process sees it

def fill(folder, files):
    "Write `{path: text, bytes or None for a folder}`"
    for name, data in files.items():
        path = Path(folder)/name
        (path if data is None else path.parent).mkdir(parents=True, exist_ok=True)
        if data is not None: path.write_bytes(data.encode() if isinstance(data, str) else data)
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)

def _content(path, st):
    if stat.S_ISLNK(st.st_mode): return os.readlink(path)
    if stat.S_ISDIR(st.st_mode): return None
    with open(path, 'rb') as f: return f.read()

def picture(folder):
    "`{path: (file mode with type, mtime, bytes or target)}` of all below `folder`, without dvnb's own eyes"
    top, out = os.fsencode(folder), {}
    for d, dirs, files in os.walk(top):
        for name in dirs+files:
            path = os.path.join(d, name)
            st = os.lstat(path)
            out[os.path.relpath(path, top)] = st.st_mode, st.st_mtime_ns, _content(path, st)
    return out

def contents(pic): return {p: (stat.S_IFMT(m), data) for p, (m, _, data) in pic.items()}

def work(pic):
    "What a person made: everything but modes and times of folders, which the system changes too"
    return {p: (stat.S_IFDIR,) if stat.S_ISDIR(o[0]) else o for p, o in pic.items()}

def chunk_place(repo, name):
    "The file that holds a chunk, where it begins there and how long it is"
    idx = repo.store.load()
    found, rows = idx.find(as_array([name]))
    assert found[0]
    return Path(repo.url)/pack_key(idx.packs[rows['pack'][0]]), int(rows['offset'][0]), int(rows['stored'][0])

def row(v, path):
    man = as_tree(v).manifest
    return next(iter(man.take([man.find(os.fsencode(path))])))

def flip(file, at):
    data = bytearray(Path(file).read_bytes())
    data[at] ^= 1
    Path(file).write_bytes(data)

def damage(repo, name):
    file, at, n = chunk_place(repo, name)
    flip(file, at+n//2)

def is_sound(url, made, tmp):
    "The oracle: nothing is damaged, and every version that was reported as made comes back bit for bit"
    report = Repo(url).check(read_data=True)
    assert report.ok, report
    for ref, pic in made.items(): assert brought_back(url, ref, tmp) == pic, ref

def brought_back(url, ref, tmp):
    with tempfile.TemporaryDirectory(dir=tmp) as d:
        Repo(url).restore(ref, Path(d)/'out')
        return picture(Path(d)/'out')

def refuses(f, *words, error=DvnbError):
    "`f()` fails with one clear line that holds `words`"
    with pytest.raises(error) as e: f()
    text = str(e.value)
    assert '\n' not in text and len(text) < 600, text
    for o in words: assert o in text
    return text

def n_objects(repo, prefix): return len(repo.store.objs.list(prefix))

class Counted:
    "Objects that note what is listed"
    def __init__(self, objs): self.objs, self.listed = objs, []
    def __getattr__(self, k): return getattr(self.objs, k)
    def list(self, prefix=''):
        self.listed.append(prefix)
        return self.objs.list(prefix)
