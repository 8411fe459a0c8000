"Whatever a folder holds comes back bit for bit, from every version ever made of it"
import subprocess, sys
import hypothesis.strategies as st
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hard import *
import dvnb.scanfiles
from dvnb.ref import RefError

quick = settings(max_examples=12, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck))
long = settings(quick, max_examples=150)

@contextmanager
def place():
    "A folder with a repo in it and a cache of its own"
    tmp = Path(tempfile.mkdtemp())
    was = os.environ['DVNB_CACHE']
    os.environ['DVNB_CACHE'] = str(tmp/'cache')
    try: yield tmp, Repo.init(tmp/'repo')
    finally:
        os.environ['DVNB_CACHE'] = was
        shutil.rmtree(tmp, ignore_errors=True)

# Trees

odd = [b'a', b'a.b', b'a-', b'a0', b'A', b'\xff\xfe', b'new\nline', b' ', b'-rf', b'*', b'[x]', b'#', b'!',
    b'\\', b'~', b'\x01', b'.x', b'..x', b'x'*255, b'con', b'a ', b'{}', b'%s', b'x.csv', b'.hidden', b'<script>"&',
    'é'.encode(), 'e\u0301'.encode(), '\u202etxt.exe'.encode()]
def is_name(o): return not {0, 47} & {*o} and o not in (b'.', b'..') and o[:5] != b'.dvnb'
any_name = st.binary(min_size=1, max_size=40).filter(is_name)
names = st.sampled_from(odd) | any_name
special_times = [0, 1, 999_999_999, -1_000_000_000, -2_000_000_000_000_000_001, 2**31*10**9, 4_000_000_000_123_456_789]
whens = st.sampled_from(special_times) | st.integers(0, 2**62)
file_modes = st.sampled_from([0o644, 0o600, 0o755, 0o444, 0o666] + [0o000, 0o4755, 0o2644, 0o200]*is_root)
dir_modes = st.sampled_from([0o755, 0o700, 0o777] + [0o555, 0o000, 0o1777, 0o2755]*is_root)
sizes = st.sampled_from([0, 1, 4095, WHOLE-1, WHOLE, WHOLE+1, 2*WHOLE, 3*WHOLE+7]) | st.integers(0, 300)

@st.composite
def bodies(draw):
    n, seed = draw(sizes), draw(st.integers(0, 3))
    return bytes(n) if not seed else random.Random(seed).randbytes(n)

files = st.tuples(st.just('f'), bodies(), file_modes, whens)
targets = [b'.', b'..', b'/', b'/etc/passwd', b'nowhere', b'a', b'\xff', b'x'*300, b'a/../..', b'loop']
links = st.tuples(st.just('l'), st.sampled_from(targets), whens)
def deeper(o): return st.dictionaries(names, files | links | st.tuples(st.just('d'), o, dir_modes, whens), max_size=5)
folders = st.recursive(st.just({}), deeper, max_leaves=12)

def plant(top, tree):
    for name, (kind, body, *how) in tree.items():
        path = os.path.join(top, name)
        if kind == 'l': os.symlink(body, path)
        elif kind == 'd':
            os.mkdir(path)
            plant(path, body)
        else:
            with open(path, 'wb') as f: f.write(body)
        if kind != 'l': os.chmod(path, how[0])
        os.utime(path, ns=(how[-1], how[-1]), follow_symlinks=False)
    return Path(os.fsdecode(top))

def digest_by_the_book(pic):
    "The digest of a version as the page `manifest` describes it"
    h = blake3()
    for path in sorted(pic):
        mode, _, data = pic[path]
        kind = b'l' if stat.S_ISLNK(mode) else b'd' if stat.S_ISDIR(mode) else b'f'
        h.update(kind + len(data or b'').to_bytes(8, 'little'))
        h.update(blake3(data).digest() if data is not None else bytes(32))
        h.update(len(path).to_bytes(4, 'little') + path)
    return h.hexdigest()

def any_tree(tree):
    with place() as (tmp, repo):
        src = tmp/'src'
        src.mkdir()
        was = picture(plant(os.fsencode(src), tree))
        v = repo.snapshot(src)
        assert v.is_new and v.digest == digest_by_the_book(was)
        again(repo).restore(v, tmp/'out')
        assert picture(tmp/'out') == was
        assert picture(src) == was
        same = again(repo).snapshot(tmp/'out', v.dataset)
        assert not same.is_new and same.ref == v.ref
        assert repo.check(read_data=True).ok

@quick
@given(folders)
def test_any_tree_comes_back_bit_for_bit(tree): any_tree(tree)

@pytest.mark.slow
@long
@given(folders)
def test_many_trees_come_back_bit_for_bit(tree): any_tree(tree)

@pytest.mark.parametrize('n', [WHOLE-1, WHOLE, WHOLE+1, 8<<20, (8<<20)+1, (16<<20)+5])
def test_sizes_around_every_limit(repo, tmp_path, n):
    src = fill(tmp_path/'d', {'zeros': bytes(n), 'random': random.Random(n).randbytes(n)})
    v = repo.snapshot(src)
    assert brought_back(repo.url, v, tmp_path) == picture(src)

def test_a_deep_and_a_wide_folder(repo, tmp_path):
    deep = '/'.join(['n'*200]*15)
    src = fill(tmp_path/'d', {f'{deep}/f': 'deep', **{f'w/{i}': str(i) for i in range(3000)}})
    v = repo.snapshot(src)
    assert brought_back(repo.url, v, tmp_path) == picture(src)

def test_an_empty_folder(repo, tmp_path):
    v = repo.snapshot(fill(tmp_path/'d', {}))
    assert v.is_new and brought_back(repo.url, v, tmp_path) == {}

def test_one_file(repo, tmp_path):
    src = fill(tmp_path, {'sales.csv': 'a,b\n1,2\n'})
    v = repo.snapshot(src/'sales.csv')
    assert v.ref == 'sales:1.0.0'
    assert {p: o[2] for p, o in brought_back(repo.url, v, tmp_path).items()} == {b'sales.csv': b'a,b\n1,2\n'}

def test_a_restored_folder_is_clean_and_no_file_is_read_to_know_it(repo, tmp_path, monkeypatch):
    v = repo.snapshot(fill(tmp_path/'d', {'a': 'x', 'b/c': 'y'*WHOLE*2, 'b/d': ''}))
    repo.restore(v, tmp_path/'out')
    reads = []
    monkeypatch.setattr(dvnb.scanfiles, '_open', reads.append)
    monkeypatch.setattr(dvnb.scanfiles.SmallFiles, 'open', lambda self, path: reads.append(path))
    assert again(repo).status(tmp_path/'out').clean and reads == []

def test_equal_bytes_never_get_a_second_number(repo, tmp_path):
    src = fill(tmp_path/'d', {'a': 'one'})
    first = repo.snapshot(src)
    fill(src, {'a': 'two'})
    second = repo.snapshot(src)
    fill(src, {'a': 'one'})
    back = repo.snapshot(src)
    assert (back.ref, back.is_new) == (first.ref, False) and first.ref != second.ref
    assert [v.ref for v in repo.log('d')] == [second.ref, first.ref]

# Sequences of edits

pool = [b'a', b'a.b', b'a-', b'a/x', b'a/x/y', b'a/z', b'b\xff', b'c\n', b'b/a', b'.h']

def clear(path):
    if os.path.isdir(path) and not os.path.islink(path): shutil.rmtree(path)
    elif os.path.lexists(path): os.unlink(path)

def make_room(top, rel):
    "Let `rel` and the folders above it be free to be made"
    for i in range(rel.count(b'/')):
        up = os.path.join(top, b'/'.join(rel.split(b'/')[:i+1]))
        if os.path.islink(up) or not os.path.isdir(up):
            clear(up)
            os.mkdir(up)
    clear(os.path.join(top, rel))

def same_look(path, rng):
    "Other bytes of the same length, under the same mtime"
    st = os.lstat(path)
    if not stat.S_ISREG(st.st_mode): return
    with open(path, 'r+b') as f: f.write(rng.randbytes(st.st_size))
    os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))

def scramble(folder, rng, n=4):
    "Edit `folder` at random"
    top = os.fsencode(folder)
    for _ in range(n):
        rel, what = rng.choice(pool), rng.choice('file file file same folder link gone mode big move'.split())
        path = os.path.join(top, rel)
        if what in ('file', 'big', 'folder', 'link'): make_room(top, rel)
        if what == 'folder': os.mkdir(path)
        elif what == 'link': os.symlink(rng.choice([b'a', b'nowhere', b'/']), path)
        elif what in ('file', 'big'):
            small, large = rng.randbytes(rng.choice([0, 1, 5, 5])), rng.randbytes(1)*(WHOLE+rng.randrange(3))
            with open(path, 'wb') as f: f.write(small if what == 'file' else large)
        elif not os.path.lexists(path) or os.path.islink(os.path.dirname(path)): continue
        elif what == 'gone': clear(path)
        elif what == 'same': same_look(path, rng)
        elif what == 'mode' and not os.path.islink(path): os.chmod(path, rng.choice([0o755, 0o700]))
        elif what == 'move':
            to = rng.choice([o for o in pool if b'/' not in o])
            if not rel.startswith(to+b'/') and to != rel:
                clear(os.path.join(top, to))
                if os.path.lexists(path): os.rename(path, os.path.join(top, to))

def different(old, new):
    "What differs between two pictures, thought out anew: paths gone, come and modified"
    def kind(pic, p): return stat.S_IFMT(pic[p][0])
    def leaf(pic, p): return not stat.S_ISDIR(pic[p][0]) or not any(o.startswith(p+b'/') for o in pic)
    def lone(a, b): return {p for p in a if leaf(a, p) and (p not in b or kind(a, p) != kind(b, p))}
    both = {p for p in old if p in new and kind(old, p) == kind(new, p)}
    return lone(old, new), lone(new, old), {p for p in both if old[p][2] != new[p][2]}

def diff_is_right(d, old, new):
    gone, come, modified = different(old, new)
    f = d.files
    def raw(paths): return [os.fsencode(p) for p in paths]
    pairs = [(os.fsencode(o), os.fsencode(n)) for o, n in f.renamed]
    assert sorted(raw(f.removed)+[o for o, _ in pairs]) == sorted(gone)
    assert sorted(raw(f.added)+[n for _, n in pairs]) == sorted(come)
    assert sorted(raw(f.modified)) == sorted(modified)
    for o, n in pairs: assert old[o][2] == new[n][2] and old[o][2]
    def bodies(pic, paths): return {pic[p][2] for p in raw(paths) if stat.S_ISREG(pic[p][0]) and pic[p][2]}
    assert not bodies(old, f.removed) & bodies(new, f.added), 'a rename was missed'

def any_edits(seed):
    rng = random.Random(seed)
    with place() as (tmp, repo):
        src, made = fill(tmp/'d', {}), {}
        for _ in range(5):
            scramble(src, rng)
            pic = picture(src)
            same = next((r for r, o in made.items() if contents(o) == contents(pic)), None)
            v = repo.snapshot(src)
            assert v.is_new == (same is None) and (same is None or v.ref == same)
            made.setdefault(v.ref, pic)
            assert v.digest == digest_by_the_book(pic)
        is_sound(repo.url, made, tmp)
        refs = list(made)
        for a, b in zip(refs, refs[1:]): diff_is_right(repo.diff(a, b), made[a], made[b])
        diff_is_right(repo.diff(refs[0], src), made[refs[0]], picture(src))

def undo_is_the_way_back(seed):
    rng = random.Random(seed)
    with place() as (tmp, repo):
        src, made = fill(tmp/'d', {}), {}
        for _ in range(3):
            scramble(src, rng)
            v = repo.snapshot(src)
            if v.is_new: made[v.ref] = picture(src)
        for ref, pic in made.items():
            scramble(src, rng)
            dirty = picture(src)
            plan = again(repo).restore(ref, src)
            assert contents(picture(src)) == contents(pic) and repo.status(src).clean
            if not plan: continue
            again(repo).undo(src)
            assert picture(src) == dirty
            again(repo).undo(src)
            assert contents(picture(src)) == contents(pic)

@quick
@given(st.integers(0, 10**6))
def test_every_version_of_a_history_restores_and_every_diff_is_right(seed): any_edits(seed)

@quick
@given(st.integers(0, 10**6))
def test_undo_takes_back_a_restore_over_unsaved_work(seed): undo_is_the_way_back(seed)

@pytest.mark.slow
@long
@given(st.integers(0, 10**6))
def test_long_histories(seed):
    any_edits(seed)
    undo_is_the_way_back(seed)

def test_restoring_a_file_that_was_deleted(repo, tmp_path):
    "Nothing is overwritten: there is nothing to save, and something to undo"
    src = fill(tmp_path/'d', {'a': '1', 'b': '2'})
    v, was = repo.snapshot(src), picture(src)
    (src/'a').unlink()
    repo.restore(v, src)
    assert work(picture(src)) == work(was)
    repo.undo(src)
    assert sorted(os.listdir(src)) == ['b']

def test_undo_of_a_restore_into_a_folder_that_was_emptied(repo, tmp_path):
    "It takes back this restore, and not the one before it"
    src = fill(tmp_path/'d', {'a': '1'})
    old = repo.snapshot(src)
    clear(src/'a')
    fill(src, {'a/x': '2'})
    new = repo.snapshot(src)
    repo.restore(old, src)
    clear(src/'a')
    repo.restore(new, src)
    full = picture(src)
    repo.undo(src)
    assert os.listdir(src) == []
    repo.undo(src)
    assert contents(picture(src)) == contents(full)

def test_restoring_an_empty_folder_that_was_deleted(repo, tmp_path):
    src = fill(tmp_path/'d', {'a': '1', 'empty': None})
    v = repo.snapshot(src)
    (src/'empty').rmdir()
    repo.restore(v, src)
    assert (src/'empty').is_dir() and repo.status(src).clean
    repo.undo(src)
    assert not (src/'empty').exists()

# Parts of a version

cat, dog, other = 'train/cat/1.png', 'train/dog/1.png', 'test/cat/1.png'
table = {cat: 'c1', dog: 'd1', other: 't1', 'labels.csv': 'l', 'test/notes.csv': 'n', 'empty': None}

@pytest.mark.parametrize('patterns, want', [
    ('*.csv', {'labels.csv', 'test/notes.csv'}), ('/*.csv', {'labels.csv'}), ('train/', {cat, dog}), ('empty/', set()),
    (['*.png', '!test/**'], {cat, dog}), ('cat', {cat, other}), ('*', {*table}-{'empty'})])
def test_only_some_files(repo, tmp_path, patterns, want):
    src = fill(tmp_path/'d', table)
    v = repo.snapshot(src)
    repo.restore(v, tmp_path/'out', files=patterns)
    assert {str(p.relative_to(tmp_path/'out')) for p in (tmp_path/'out').rglob('*') if p.is_file()} == want
    fill(src, {**{k: 'edited' for k, o in table.items() if o}, 'mine': 'kept'})
    repo.restore(v, src, files=patterns)
    assert {k for k, o in table.items() if o and (src/k).read_text() == o} == want and (src/'mine').exists()

def test_relative_places(repo, tmp_path, monkeypatch):
    src = fill(tmp_path/'d', table)
    monkeypatch.chdir(tmp_path)
    repo.restore(repo.snapshot('d'), 'out')
    assert contents(picture(tmp_path/'out')) == contents(picture(src))

def test_patterns_that_mean_nothing(repo, tmp_path):
    v = repo.snapshot(fill(tmp_path/'d', table))
    refuses(lambda: repo.restore(v, tmp_path/'out', files='*.tif'), 'matches', '*.tif')
    assert not (tmp_path/'out').exists()

def test_what_is_new_is_read_once(repo, tmp_path, monkeypatch):
    src, opened = fill(tmp_path/'d', {'small': 'a'*1000, 'large': 'b'*600_000}), []
    small, large = dvnb.scanfiles.SmallFiles.open, dvnb.scanfiles._open
    monkeypatch.setattr(dvnb.scanfiles.SmallFiles, 'open', lambda self, path: opened.append(path) or small(self, path))
    monkeypatch.setattr(dvnb.scanfiles, '_open', lambda path: opened.append(path) or large(path))
    repo.snapshot(src)
    assert len(opened) == len(set(opened)) == 2

def in_another_process(tmp, body, before=()):
    "Run `body` with a repo and a folder `tmp`, in a process that `before` starts"
    head = f'import sys; sys.path.insert(0, {str(root/"tests")!r})\nfrom hard import *\nimport dvnb.worker\ntmp = Path({str(tmp)!r})\nrepo = Repo.init(tmp/"repo")\n'
    done = subprocess.run([*before, sys.executable, '-c', head+body], cwd=root, capture_output=True, text=True)
    assert not done.returncode, done.stderr

@pytest.mark.parametrize('least', [1, 10**9])
def test_modes_of_an_ordinary_user(tmp_path, least):
    "The system takes setuid and setgid from a file that somebody without privileges writes to"
    drop = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] if is_root else []
    if drop and not shutil.which(drop[0]): pytest.skip('no setpriv')
    in_another_process(tmp_path, f'''dvnb.worker.MANY_FILES = {least}
modes = 0o4755, 0o2755, 0o6755, 0o4700, 0o1644, 0o400, 0o777, 0o666, 0o664, 0o600
d = fill(tmp/'d', {{f'{{m:o}}': f'{{m}}' for m in modes}})
for m in modes: (d/f'{{m:o}}').chmod(m)
was, v = picture(d), repo.snapshot(d)
assert {{o[0] & 0o7777 for o in was.values()}} == {{*modes}}
repo.restore(v, tmp/'out')
assert picture(tmp/'out') == was
for p in d.iterdir():
    p.chmod(0o600)
    p.write_text('edited')
repo.restore(v, d)
assert picture(d) == was''', drop)

@pytest.mark.parametrize('least', [1, 10**9])
def test_more_folders_than_a_process_may_open(tmp_path, least):
    "256 descriptors are what macOS gives a program"
    in_another_process(tmp_path, f'''import resource
dvnb.worker.MANY_FILES = {least}
d = fill(tmp/'d', {{f'{{i//20}}/{{i}}/{{k}}': f'{{i*k}}' for i in range(600) for k in range(2)}})
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
was, v = work(picture(d)), repo.snapshot(d)
repo.restore(v, tmp/'out')
assert work(picture(tmp/'out')) == was
shutil.rmtree(d/'3')
for p in d.rglob('1'):
    if p.is_file(): p.write_text('edited')
edited = work(picture(d))
repo.restore(v, d)
assert work(picture(d)) == was
repo.undo(d)
assert work(picture(d)) == edited''')

def test_what_was_deleted_comes_back_to_where_it_was(repo, tmp_path):
    src,f = fill(tmp_path/'d', {'a': '1', 'b/c': '2'}),tmp_path/'f.csv'
    f.write_text('x\n')
    was = picture(src)
    v,w = repo.snapshot(src),repo.snapshot(f)
    shutil.rmtree(src)
    f.unlink()
    Path(tmp_path/'g.csv').write_text('mine')
    assert repo.restore(v).target == src and picture(src) == was and repo.status(src).clean
    repo.restore(w)
    assert f.read_text() == 'x\n' and (tmp_path/'g.csv').read_text() == 'mine' and repo.status(f).clean
    f.unlink()
    f.mkdir()
    assert Path(repo.restore(w).target) == f and (f/'f.csv').read_text() == 'x\n'

def test_one_folder_of_several_and_a_place_that_is_gone(repo, tmp_path):
    src = fill(tmp_path/'p/d', {'a': '1'})
    v,other = repo.snapshot(src, 'd'),fill(tmp_path/'e', {'a': '1'})
    repo.snapshot(other, 'd')
    with pytest.raises(RefError, match='2 folders here'): repo.restore(v)
    shutil.rmtree(other)
    assert repo.restore(v).target == src
    shutil.rmtree(src)
    with pytest.raises(RefError, match='2 folders here: .*say which'): repo.restore(v)
    shutil.rmtree(tmp_path/'p')
    assert repo.restore(v).target == other and not (tmp_path/'p').exists()
