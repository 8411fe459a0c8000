"Whatever is wrong, one clear line says so, and what was there stays as it was"
import errno, re, subprocess, sys, time, traceback
from contextlib import nullcontext
from hard import *
from dvnb import folder
from dvnb.catalog import VersionTaken, dump_record
from dvnb.disk import RestoreError
from dvnb.manifest import Manifest, _dump_node, leaves, save
from dvnb.objects import StoreError
from dvnb.pack import ROW, dump_index
from dvnb.ref import RefError, VersionNotFound
from dvnb.repodraft import inside
from dvnb.scan import ScanError
from dvnb.stream import ITEM

@pytest.fixture
def data(tmp_path):
    rows = {'jan.csv': '1,9.5', 'feb.csv': '2,7.0', 'sub/mar.csv': '3,1.0'}
    return fill(tmp_path/'taxi', {k: f'id,fare\n{o}\n' for k, o in rows.items()})

@pytest.fixture
def taxi(repo, data):
    "Two versions; the folder is as the second"
    v = repo.snapshot(data)
    (data/'jan.csv').write_text('id,fare\n1,9.6\n')
    return v, repo.snapshot(data)

@contextmanager
def nobody():
    "A user without rights, in every thread of this process, until the end: a fork would lose the threads of libraries"
    groups = os.getgroups()
    os.setgroups([])
    os.setresgid(65534, 65534, 0)
    os.setresuid(65534, 65534, 0)
    try: yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(groups)

def as_nobody(f):
    "What `f` returns, or the error that it gives, for a user without rights"
    with nobody() if is_root else nullcontext(): return _outcome(f)

def _outcome(f):
    try: return ['done', str(f())]
    except DvnbError as e: return ['clear', str(e)]
    except BaseException: return ['raw', traceback.format_exc()]

@pytest.fixture(scope='module')
def loaded(tmp_path_factory):
    "What dvnb loads when it is needed: nobody may be kept from the folders that it comes from"
    tmp = tmp_path_factory.mktemp('loaded')
    with pytest.MonkeyPatch.context() as m:
        m.setenv('DVNB_CACHE', str(tmp/'cache'))
        repo, src = Repo.init(tmp/'repo'), fill(tmp/'d', {'f': '1', 'sub/g': '1'})
        v = repo.snapshot(src)
        fill(src, {'f': '2'})
        repo.snapshot(src)
        repo.restore(v, src)
        repo.restore(v, tmp/'out')
        repo.status(src), repo.log()

@pytest.fixture
def open_tmp(loaded, monkeypatch):
    "A folder that every user can reach"
    tmp = Path(tempfile.mkdtemp())
    tmp.chmod(0o777)
    monkeypatch.setenv('DVNB_CACHE', str(tmp/'cache'))
    was = os.umask(0)
    yield tmp
    os.umask(was)
    shutil.rmtree(tmp)

@contextmanager
def mounted(folder, size):
    folder.mkdir()
    r = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size}', 'none', folder], capture_output=True, text=True)
    if r.returncode: pytest.skip(f'cannot mount a small disk: {r.stderr.strip()}')
    try: yield folder
    finally: subprocess.run(['umount', '-l', folder], check=True)

# Sources

def test_source_missing(repo, tmp_path):
    refuses(lambda: repo.snapshot(tmp_path/'nowhere'), 'nowhere', 'not there', error=ScanError)
    assert repo.log() == []

def test_source_inside_the_repo(repo, tmp_path):
    for path in tmp_path/'repo', fill(tmp_path/'repo'/'datasets', {}):
        refuses(lambda: repo.snapshot(path, 'x'), 'repo', error=ScanError)

def test_repo_inside_the_source_is_left_out_and_that_is_said(tmp_path):
    src = fill(tmp_path/'d', {'a': '1'})
    repo = Repo.init(src/'.store')
    v = repo.snapshot(src)
    assert brought_back(repo.url, v, tmp_path).keys() == {b'a'} and any('.store' in o for o in v.notes)
    assert not repo.snapshot(src).is_new

def test_link_to_a_file(repo, tmp_path):
    fill(tmp_path, {'june.csv': 'a\n1\n'})
    (tmp_path/'latest.csv').symlink_to('june.csv')
    v = repo.snapshot(tmp_path/'latest.csv')
    assert brought_back(repo.url, v, tmp_path)[b'latest.csv'][2] == b'a\n1\n'

def test_pipe_as_source(repo, tmp_path):
    "Reading one would wait for ever"
    os.mkfifo(tmp_path/'pipe')
    assert 'pipe' in subprocess_says(f'repo.snapshot({str(tmp_path/"pipe")!r})', repo.url)

def subprocess_says(code, url):
    "The error of a call in a process that is given a minute"
    head = f'import dvnb.snapshots\nfrom dvnb.repo import Repo\nfrom dvnb.chunk import DvnbError\nrepo = Repo({url!r})\n'
    code = head + f'try: {code}\nexcept DvnbError as e: print(e)'
    try: r = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60, cwd=root)
    except subprocess.TimeoutExpired: pytest.fail('it waits for ever')
    assert r.returncode == 0, r.stderr
    return r.stdout

def test_unreadable_file_and_folder(open_tmp):
    def go(): return Repo.init(open_tmp/'repo').snapshot(open_tmp/'d')
    src = fill(open_tmp/'d', {'fine': '1', 'secret': '2', 'closed/f': '3'})
    (src/'secret').chmod(0)
    how, text = as_nobody(go)
    assert how == 'clear' and 'secret' in text and 'Permission' in text, text
    (src/'secret').chmod(0o644)
    (src/'closed').chmod(0)
    how, text = as_nobody(go)
    assert how == 'clear' and 'closed' in text, text
    (src/'closed').chmod(0o755)
    assert as_nobody(go) == ['done', 'd:1.0.0']

def test_folder_and_rules_that_one_may_not_look_into(open_tmp):
    def go(): return Repo.init(open_tmp/'repo').snapshot(open_tmp/'d')
    src = fill(open_tmp/'d', {'f': '1', '.dvnbignore': 'g\n'})
    for path in src, src/'.dvnbignore':
        path.chmod(0)
        how, text = as_nobody(go)
        path.chmod(0o755)
        assert how == 'clear' and '.dvnbignore' in text and 'Permission' in text, text
    assert as_nobody(go)[0] == 'done'

def test_a_repo_upwards_that_one_may_not_look_into(open_tmp, monkeypatch):
    Repo.init(open_tmp/'.dvnb')
    (open_tmp/'.dvnb').chmod(0o700)
    monkeypatch.chdir(open_tmp)
    how, text = as_nobody(lambda: Repo.find().log())
    assert how == 'clear' and '.dvnb' in text and 'Permission' in text, text

def test_places_that_one_may_not_write_to(open_tmp, monkeypatch):
    repo = Repo.init(open_tmp/'repo')
    v = repo.snapshot(fill(open_tmp/'d', {'f': '1'}))
    out, closed = fill(open_tmp/'p'/'out', {}), fill(open_tmp/'closed', {})
    for d in out, out.parent: d.chmod(0o755)
    how, text = as_nobody(lambda: repo.restore(v, out))
    assert how == 'clear' and str(out) in text, text
    closed.chmod(0o700)
    monkeypatch.setenv('DVNB_CACHE', str(closed/'cache'))
    how, text = as_nobody(lambda: again(repo).path(v.ref))
    assert how == 'clear' and str(closed) in text and 'DVNB_CACHE' in text, text
    (open_tmp/'d'/'f').write_text('2')
    assert as_nobody(lambda: again(repo).snapshot(open_tmp/'d', 'd').ref) == ['done', 'd:2.0.0']
    assert as_nobody(lambda: again(repo).restore(v, open_tmp/'new'))[0] == 'done'

def test_working_folder_that_one_may_not_look_into(open_tmp, monkeypatch):
    "A record names the commit that is checked out there, where that can be known"
    src, here = fill(open_tmp/'d', {'f': '1'}), fill(open_tmp/'closed'/'project', {})
    monkeypatch.chdir(here)
    here.parent.chmod(0)
    try: assert as_nobody(lambda: Repo.init(open_tmp/'repo').snapshot(src)) == ['done', 'd:1.0.0']
    finally: here.parent.chmod(0o755)

def test_special_files_are_skipped_and_named(repo, data, tmp_path):
    os.mkfifo(data/'pipe')
    import socket
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(data/'sock'))
        v = repo.snapshot(data)
    note = ' '.join(v.notes)
    assert 'pipe' in note and 'sock' in note
    assert brought_back(repo.url, v, tmp_path).keys() == {b'jan.csv', b'feb.csv', b'sub', b'sub/mar.csv'}

def after_reads(monkeypatch, act):
    "Call `act` with what each read of a file gave"
    read, readv = os.read, os.readv
    def whole(fd, size):
        out = read(fd, size)
        act(out)
        return out
    def into(fd, bufs):
        n = readv(fd, bufs)
        act(bytes(bufs[0][:n]))
        return n
    monkeypatch.setattr(os, 'read', whole)
    monkeypatch.setattr(os, 'readv', into)

def test_file_that_changes_while_it_is_read(repo, data, monkeypatch):
    n = iter(range(10**6))
    def act(out):
        if out.startswith(b'id,fare\n1'): (data/'jan.csv').write_text(f'id,fare\n1,{next(n)}\n')
    after_reads(monkeypatch, act)
    refuses(lambda: repo.snapshot(data), 'jan.csv', 'written to', error=ScanError)
    monkeypatch.undo()
    assert repo.log() == []

def test_file_that_grows_once_while_it_is_read(repo, tmp_path, monkeypatch):
    src, grown = fill(tmp_path/'log', {'f': 'a'*(WHOLE-1)}), []
    def act(out):
        if not grown and out.startswith(b'aaa'):
            grown.append(1)
            with open(src/'f', 'a') as f: f.write('b'*10)
    after_reads(monkeypatch, act)
    v = repo.snapshot(src)
    monkeypatch.undo()
    assert brought_back(repo.url, v, tmp_path) == picture(src)

@pytest.mark.parametrize('what', ['f', 'l', 'deep/g', 'deep'])
def test_file_that_vanishes_before_it_is_read(repo, tmp_path, monkeypatch, what):
    "A dangling list of files is an error, or they are left out: never a traceback"
    src, real = fill(tmp_path/'d', {'f': '1', 'deep/g': '2', 'z': '3'}), dvnb.scanfiles.read_in
    (src/'l').symlink_to('f')
    def read_in(*args, **kw):
        clear = shutil.rmtree if what == 'deep' else os.unlink
        if os.path.lexists(src/what): clear(src/what)
        return real(*args, **kw)
    monkeypatch.setattr(dvnb.scanfiles, 'read_in', read_in)
    try: v = repo.snapshot(src)
    except DvnbError: v = None
    monkeypatch.undo()
    if v: assert brought_back(repo.url, v, tmp_path).keys() == picture(src).keys()
    assert repo.snapshot(src).n_files == sum(p.is_file() or p.is_symlink() for p in src.rglob('*'))

def test_a_folder_in_which_files_come_and_go(repo, tmp_path, monkeypatch):
    "As in `/proc`, or where a program keeps temporary files: each listing names one that is gone when it is looked at"
    src, real, listed = fill(tmp_path/'d', {'f': '1', 'lock0': 'x'}), os.listdir, []
    def listdir(d='.'):
        names = real(d)
        if not os.path.samestat(os.stat(d), os.stat(src)): return names
        (src/f'lock{len(listed)}').rename(src/f'lock{len(listed)+1}')
        listed.append(d)
        return names
    monkeypatch.setattr(os, 'listdir', listdir)
    v = repo.snapshot(src)
    monkeypatch.undo()
    assert len(listed) > 1 and v.n_files == 1

def test_ignored_file_that_vanishes_is_no_error(repo, tmp_path, monkeypatch):
    src, real = fill(tmp_path/'d', {'f': '1', '.DS_Store': 'x', '.git/index.lock': 'x'}), Repo.commit
    def commit(*args, **kw):
        (src/'.DS_Store').unlink()
        return real(*args, **kw)
    monkeypatch.setattr(Repo, 'commit', commit)
    assert repo.snapshot(src).is_new

def test_a_list_of_chunks_that_is_lacking_and_a_file_that_shrank(repo, tmp_path, monkeypatch):
    "What is read again may be shorter: then it has no list of chunks any more"
    src = fill(tmp_path/'d', {'f': random.Random(1).randbytes(2*WHOLE), 'g': '1'})
    os.utime(src/'f', ns=(1, 1))
    time.sleep(.1)  # else the last change is too fresh to be believed, and the file is read again
    repo.snapshot(src)
    other, real = Repo.init(tmp_path/'other'), Repo.keep_draft
    os.rename(repo.local.root, other.local.root)
    def shrink(self, draft, parent):
        (src/'f').write_text('short')
        return real(self, draft, parent)
    monkeypatch.setattr(Repo, 'keep_draft', shrink)
    v = other.snapshot(src, 'd')
    monkeypatch.undo()
    assert brought_back(other.url, v, tmp_path)[b'f'][2] == b'short'

# Repos

def test_format_of_another_release(repo):
    (Path(repo.url)/'format.json').write_text('{"format": 9, "other": 1}')
    refuses(lambda: Repo(repo.url), repo.url, 'pip install', error=StoreError)

@pytest.mark.parametrize('text', ['', '{', '{}', '[]', '{"format": "1"}', '{"format": 1}',
    '{"format": 1, "id": "../x"}', '{"format": 1, "id": 5}'])
def test_format_that_is_damaged(repo, text):
    (Path(repo.url)/'format.json').write_text(text)
    refuses(lambda: Repo(repo.url), repo.url, 'damaged', error=StoreError)

def test_no_repo(tmp_path): refuses(lambda: Repo(tmp_path/'none'), 'no dvnb repo', 'init', error=StoreError)

def test_no_permission_to_the_repo(open_tmp):
    src = fill(open_tmp/'d', {'f': '1'})
    repo = Repo.init(open_tmp/'repo')
    repo.snapshot(src)
    for p in (open_tmp/'repo').rglob('*'):
        if p.is_dir(): p.chmod(0o755)
    (open_tmp/'repo').chmod(0o755)
    fill(src, {'f': '2'})
    how, text = as_nobody(lambda: again(repo).snapshot(src, 'd'))
    assert how == 'clear' and 'Permission denied' in text and 'repo' in text, text
    assert as_nobody(lambda: again(repo).restore('d', open_tmp/'out'))[0] == 'done'
    (open_tmp/'repo').chmod(0o700)
    how, text = as_nobody(lambda: again(repo).log())
    assert how == 'clear' and 'ermission' in text, text

def test_cache_that_cannot_be_written(repo, data, tmp_path, monkeypatch):
    "It may be deleted at any time, so it may as well be missing"
    monkeypatch.setenv('DVNB_CACHE', str(fill(tmp_path, {'file': 'x'})/'file'/'cache'))
    r = again(repo)
    assert r.snapshot(data).is_new
    r.restore('taxi', tmp_path/'out')
    assert contents(picture(tmp_path/'out')) == contents(picture(data))

@pytest.mark.parametrize('junk', [b'', b'{', b'null', b'[]', b'{}', b'\xff', b'{"name": 1}'])
def test_cache_that_is_damaged(repo, data, tmp_path, junk):
    repo.snapshot(data)
    for p in repo.local.root.rglob('*'):
        if p.is_file(): p.write_bytes(junk)
    fill(data, {'jan.csv': 'new'})
    assert again(repo).snapshot(data, 'taxi').version > '1.0.0'
    again(repo).status()

def test_disk_full_while_a_version_is_stored(tmp_path):
    with mounted(tmp_path/'disk', '3m') as disk:
        repo = Repo.init(disk/'repo')
        src = fill(tmp_path/'d', {'f': random.Random(1).randbytes(100_000)})
        made = {repo.snapshot(src).ref: picture(src)}
        fill(src, {'big': random.Random(2).randbytes(5<<20)})
        refuses(lambda: repo.snapshot(src), 'No space', error=StoreError)
        assert [v.ref for v in again(repo).log()] == [*made]
        is_sound(repo.url, made, tmp_path)
        (src/'big').unlink()
        fill(src, {'g': '1'})
        v = repo.snapshot(src)
        is_sound(repo.url, made | {v.ref: picture(src)}, tmp_path)

def test_disk_full_where_a_version_is_restored(repo, tmp_path):
    v = repo.snapshot(fill(tmp_path/'d', {'f': random.Random(1).randbytes(2<<20), 'g': '1'}))
    with mounted(tmp_path/'disk', '1m') as disk:
        refuses(lambda: repo.restore(v, disk/'out'), 'No space left', 'out', 'nothing was changed', 'needs 2.1 MB, and 1.0 MB are free: free space, and run it again', error=DvnbError)
        assert os.listdir(disk) == []

@pytest.mark.parametrize('code', [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_what_a_restore_is_refused_is_told_with_what_was_changed(repo, data, tmp_path, monkeypatch, code):
    "Nothing while hidden files are written; only later is there something to finish or to take back"
    v, out = repo.snapshot(data), tmp_path/'out'
    def broken(*a, **kw): raise OSError(code, os.strerror(code))
    def said(): return refuses(lambda: repo.restore(v, out))
    for name in 'write_files', 'finish_dirs':
        with monkeypatch.context() as m:
            m.setattr(folder, name, broken)
            assert os.strerror(code) in said() and 'nothing was changed' in said() and 'undo' not in said()
            assert (f'{v.ref} needs' in said() and 'run it again' in said()) == (code == errno.ENOSPC) and not out.exists() and not [*tmp_path.glob('.dvnb-*')]
    repo.restore(v, out)
    fill(out, {'jan.csv': 'mine'})
    was = picture(out)
    with monkeypatch.context() as m:
        m.setattr(folder, 'write_files', broken)
        assert 'nothing was changed' in said() and work(picture(out)) == work(was)
    with monkeypatch.context() as m:
        m.setattr(folder, 'finish_dirs', broken)
        assert 'finished by doing it again, or taken back by `undo`' in said()


def test_disk_full_where_a_version_is_restored_in_place(repo, tmp_path):
    with mounted(tmp_path/'disk', '1m') as disk:
        src = fill(disk/'d', {'g': '1', 'f': random.Random(1).randbytes(600_000)})
        v = repo.snapshot(src)
        fill(src, {'g': 'mine', 'f': 'mine too'})
        fill(disk, {'filler': random.Random(1).randbytes(700_000)})
        was = picture(src)
        refuses(lambda: repo.restore(v, src), 'No space left', 'nothing was changed', 'free space, and run it again', error=DvnbError)
        assert work(picture(src)) == work(was)

def test_disk_full_while_unsaved_work_is_kept(tmp_path):
    "Nothing is overwritten that could not be saved, and the next snapshot stores what the failed try did not"
    with mounted(tmp_path/'disk', '3m') as disk:
        repo = Repo.init(disk/'repo')
        src = fill(tmp_path/'d', {'f': '1'})
        v = repo.snapshot(src)
        fill(src, {'f': random.Random(3).randbytes(4<<20)})
        was = picture(src)
        refuses(lambda: repo.restore(v, src), 'No space', error=StoreError)
        assert work(picture(src)) == work(was)
        fill(src, {'f': random.Random(3).randbytes(4<<20)[:200_000]})
        w = repo.snapshot(src)
        is_sound(repo.url, {w.ref: picture(src)}, tmp_path)

# Damage

def test_flipped_bit_names_the_file_and_the_version(repo, data, taxi, tmp_path):
    damage(repo, row(taxi[1], 'sub/mar.csv').digest)
    r = again(repo)
    refuses(lambda: r.restore('taxi', tmp_path/'out'), 'taxi:', 'sub/mar.csv', 'keep_going', error=RestoreError)
    assert not (tmp_path/'out').exists()
    plan = r.restore('taxi', tmp_path/'out', keep_going=True)
    assert not plan.ok and 'sub/mar.csv' not in plan.write and f'{len(plan.write)} written' in repr(plan), plan
    rest = {p: o for p, o in contents(picture(data)).items() if p != b'sub/mar.csv'}
    assert {*plan.lost} == {'sub/mar.csv'} and contents(picture(tmp_path/'out')) == rest
    found = r.check(read_data=True)
    assert not found.ok and all('sub/mar.csv' in p for p in found.problems) and len(found.hits) == 2
    fill(data, {'sub/mar.csv': 'mine'})
    refuses(lambda: r.restore('taxi', data), 'sub/mar.csv')
    assert (data/'sub/mar.csv').read_text() == 'mine'

def test_damage_is_named_for_every_version_that_it_hits(repo, tmp_path):
    "A manifest that cannot be read must not hide what else is lost"
    a, b = (repo.snapshot(fill(tmp_path/n, {'f': n*1000})) for n in ('aa', 'bb'))
    damage(repo, bytes.fromhex(a.root))
    damage(repo, row(b, 'f').digest)
    assert again(repo).check(read_data=True).hits.keys() == {a.ref, b.ref}

def test_missing_pack(repo, data, taxi, tmp_path):
    file, _, _ = chunk_place(repo, row(taxi[0], 'jan.csv').digest)
    file.unlink()
    r = again(repo)
    refuses(lambda: r.restore(taxi[0], tmp_path/'out'), 'missing')
    found = r.check()
    assert not found.ok and file.name[:12] in str(found) and taxi[0].ref in str(found)
    assert again(repo).check(repair=True).ok is False

def test_truncated_pack_costs_only_what_was_cut_off(repo, tmp_path):
    src = fill(tmp_path/'d', {str(i): random.Random(i).randbytes(3000) for i in range(5)})
    v = repo.snapshot(src)
    places = sorted((chunk_place(repo, o.digest)[1], os.fsdecode(o.path)) for o in as_tree(v).manifest)
    file = chunk_place(repo, as_tree(v).manifest.digests[0].ljust(32, b'\0'))[0]
    fill(src, {'extra': 'x'})
    w = repo.snapshot(src)
    with open(file, 'r+b') as f: f.truncate(places[3][0]+10)
    gone = {p for _, p in places[3:]}
    def left(v): return {os.fsdecode(p) for p in brought_back_partly(repo, v, tmp_path)}
    assert left(v) == {*map(str, range(5))} - gone and left(w) == {*map(str, range(5)), 'extra'} - gone
    os.rename(src, tmp_path/'away')
    found = again(repo).check()
    assert not found.ok and {*found.hits[w.ref]} == {*found.hits[v.ref]} == gone
    again(repo).check(repair=True)
    assert left(v) == {*map(str, range(5))} - gone and left(w) == {*map(str, range(5)), 'extra'} - gone

def apart(repo):
    "Does no pack hold both data and lists?"
    idx, lists = again(repo).store.index, again(repo).needed(again(repo).roots())[1]
    kinds = {(int(r['pack']), b) for r, b in zip(idx.rows, np.isin(idx.rows['digest'], lists).tolist())}
    return len(kinds) == len({p for p, _ in kinds})

def test_lists_of_files_share_no_pack_with_data(repo, tmp_path):
    "Neither after a snapshot, nor after gc copied what is needed, nor in a copy of the repo, nor after a repair"
    src = fill(tmp_path/'d', {str(i): random.Random(i).randbytes(9000) for i in range(9)} | {'large': random.Random(9).randbytes(3*WHOLE)})
    v = repo.snapshot(src)
    fill(src, {str(i): random.Random(-i).randbytes(9000) for i in range(5, 9)} | {'large': 'x'})
    w = repo.snapshot(src)
    assert apart(repo)
    copy = Repo.init(tmp_path/'copy')
    repo.copy(w.dataset, copy)
    assert apart(copy)
    repo.forget(v.ref)
    for _ in range(2): again(repo).gc(grace=timedelta(0))
    assert apart(repo) and again(repo).check(read_data=True).ok
    for file in [*(tmp_path/'copy'/'packs').rglob('*')]:
        if file.is_file(): file.write_bytes(file.read_bytes()[:-1]+b'?')
    again(copy).check(read_data=True, repair=True)
    for _ in range(2): again(copy).gc(grace=timedelta(0))
    assert apart(copy) and again(copy).check(read_data=True).ok
    for r in repo, copy: assert brought_back(r.url, w.ref, tmp_path) == picture(src)

def brought_back_partly(repo, v, tmp):
    with tempfile.TemporaryDirectory(dir=tmp) as d:
        again(repo).restore(v, Path(d)/'out', keep_going=True)
        return picture(Path(d)/'out')

def test_repair_does_not_lose_a_pack_whose_end_is_damaged(repo, tmp_path):
    "The index knows what the footer has forgotten"
    src = fill(tmp_path/'d', {str(i): random.Random(i).randbytes(3000) for i in range(5)})
    v, pic = repo.snapshot(src), picture(src)
    file, _, _ = chunk_place(repo, bytes.fromhex(v.root))
    flip(file, -10)
    stray = again(repo).store
    stray.put_many([b'of a writer that died'])
    stray.seal()
    [o.result() for o in stray._writing]
    os.rename(src, tmp_path/'away')
    again(repo).check(repair=True)
    assert brought_back(repo.url, v.ref, tmp_path) == pic
    again(repo).check(read_data=True, repair=True)
    is_sound(repo.url, {v.ref: pic}, tmp_path)

def test_missing_index_is_built_anew(repo, data, taxi, tmp_path):
    shutil.rmtree(Path(repo.url)/'index')
    refuses(lambda: again(repo).restore('taxi', tmp_path/'out'), 'missing')
    assert not again(repo).check().ok
    os.rename(data, tmp_path/'away')
    assert again(repo).check(repair=True).ok
    assert contents(brought_back(repo.url, taxi[1], tmp_path)) == contents(picture(tmp_path/'away'))

def test_damaged_index_is_built_anew(repo, data, taxi, tmp_path):
    for p in (Path(repo.url)/'index').iterdir(): flip(p, 30)
    refuses(lambda: again(repo).restore('taxi', tmp_path/'out'), 'index', 'repair', error=StoreError)
    os.rename(data, tmp_path/'away')
    assert again(repo).check(repair=True).ok
    is_sound(repo.url, {taxi[1].ref: picture(tmp_path/'away')}, tmp_path)

def test_a_good_copy_is_used_where_another_is_damaged(repo, tmp_path):
    "Two writers that do not see each other store the same chunk twice"
    one, two = again(repo), again(repo)
    one.store.index, two.store.index
    src = fill(tmp_path/'a', {'f': 'x'*5000})
    v = one.snapshot(src)
    shutil.copytree(src, tmp_path/'b')
    w = two.snapshot(tmp_path/'b')
    pic = contents(picture(src))
    damage(again(repo), row(v, 'f').digest)
    shutil.rmtree(src)
    shutil.rmtree(tmp_path/'b')
    assert contents(brought_back(repo.url, v, tmp_path)) == pic
    again(repo).check(read_data=True, repair=True)
    assert contents(brought_back(repo.url, w, tmp_path)) == pic and again(repo).check(read_data=True).ok

def test_a_disk_that_stumbles_during_a_repair(repo, data, taxi, tmp_path, monkeypatch):
    "Bytes that cannot be read now are not damaged: to strike them from the index would lose them"
    from dvnb.objects import LocalObjects
    real = LocalObjects.read
    os.rename(data, tmp_path/'away')
    def read(self, key, *args):
        if key.startswith('packs'): raise StoreError('cannot read: Input/output error')
        return real(self, key, *args)
    monkeypatch.setattr(LocalObjects, 'read', read)
    try: again(repo).check(read_data=True, repair=True)
    except DvnbError: pass
    monkeypatch.undo()
    is_sound(repo.url, {taxi[1].ref: picture(tmp_path/'away')}, tmp_path)

@pytest.mark.parametrize('junk', [b'', b'{', b'{}', b'[]', b'\xff\xfe', b'{"packs": 1}'])
def test_damaged_mark_of_gc(repo, data, taxi, tmp_path, junk):
    (Path(repo.url)/'gc').mkdir(exist_ok=True)
    (Path(repo.url)/'gc'/'20260101T000000000000-00000000').write_bytes(junk)
    try: assert brought_back(repo.url, taxi[1], tmp_path)
    except DvnbError as e: assert 'gc/' in str(e)
    assert not again(repo).check().ok
    refuses(lambda: again(repo).gc(), 'gc/')

def record_file(repo, v): return Path(repo.url)/'datasets'/v.name/'_'/str(v.version)

def test_damaged_record(repo, data, taxi, tmp_path):
    good = record_file(repo, taxi[0]).read_bytes()
    for junk in b'', b'{}', good[:-5], good.replace(b'taxi', b'text'):
        record_file(repo, taxi[0]).write_bytes(junk)
        r = again(repo)
        refuses(lambda: r.restore(taxi[0].ref, tmp_path/'out'), 'datasets/taxi/_/1.0.0', 'damaged', error=StoreError)
        assert not r.check().ok and taxi[0].ref in str(r.check())
        refuses(r.gc, 'damaged', error=StoreError)
        assert contents(brought_back(repo.url, taxi[1].ref, tmp_path)) == contents(picture(data))

def test_record_copied_to_another_place(repo, taxi, tmp_path):
    shutil.copy(record_file(repo, taxi[0]), record_file(repo, taxi[0]).with_name('9.0.0'))
    refuses(lambda: again(repo).restore('taxi:9.0.0', tmp_path/'out'), 'taxi:1.0.0', 'copied', error=StoreError)
    assert 'taxi:9.0.0' in str(again(repo).check())

@pytest.mark.parametrize('name', ['.DS_Store', 'desktop.ini', 'taxi/.DS_Store', 'taxi/_/.DS_Store', 'taxi/_/1.0.0~',
    'taxi/_/notes.txt', 'taxi/_/tags/.DS_Store'])
def test_files_that_are_none_of_ours(repo, data, taxi, name, tmp_path):
    "File managers and synchronisers drop such things everywhere"
    fill(Path(repo.url)/'datasets', {name: 'x'})
    r = again(repo)
    assert [v.ref for v in r.log()] == [taxi[1].ref, taxi[0].ref] and r.load('taxi').ref == taxi[1].ref
    r.tag('taxi', 'prod')
    assert r.load('taxi@prod').ref == taxi[1].ref and r.check().ok

# Words

def test_no_name_of_a_dataset(repo, data):
    for name in '1st', 'a b', 'a/b/c', '../x', 'taxi:1.0.0', 'taxi@x', 'x'*300, 'é', 'a\nb', '.':
        refuses(lambda: repo.snapshot(data, name), error=RefError)
    assert repo.log() == []

def test_version_that_is_not_there(repo, taxi):
    refuses(lambda: repo.load('taxi:1.0.7'), '1.0.0', error=VersionNotFound)
    refuses(lambda: repo.load('taxy'), 'did you mean taxi', error=VersionNotFound)
    refuses(lambda: repo.load('taxi@prod'), 'prod', error=VersionNotFound)

def test_a_word_that_is_a_folder_and_a_dataset(repo, taxi, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refuses(lambda: repo.diff('taxi', 'taxi:1.0.0'), 'taxi:latest', './taxi', error=RefError)

@pytest.mark.parametrize('how', ['yank', 'forget', 'experimental'])
def test_next_number_where_no_version_is_in_force(repo, data, how):
    "The number that was given is taken, so the next one is"
    v = repo.snapshot(data, experimental=how == 'experimental')
    if how != 'experimental': getattr(repo, how)(v.ref)
    fill(data, {'jan.csv': 'right at last'})
    w = repo.snapshot(data)
    assert w.is_new and w.version > v.version and repo.load('taxi').ref == w.ref

def test_number_that_is_taken(repo, data, taxi):
    fill(data, {'jan.csv': 'x'})
    refuses(lambda: repo.snapshot(data, version='1.0.0'), '1.0.0')
    assert len(repo.log()) == 2

# Targets

def test_foreign_folder(repo, taxi, tmp_path):
    out = fill(tmp_path/'out', {'thesis.tex': 'my work'})
    was = picture(out)
    refuses(lambda: repo.restore('taxi', out), 'out', 'empty', error=RestoreError)
    assert picture(out) == was

def test_target_and_repo_in_each_other(repo, taxi, tmp_path):
    for target in tmp_path/'repo'/'x', tmp_path/'repo', tmp_path:
        refuses(lambda: repo.restore('taxi', target), error=RestoreError)
    assert repo.check().ok

def test_target_is_a_file_or_a_dangling_link(repo, taxi, tmp_path):
    fill(tmp_path, {'file': 'x'})
    (tmp_path/'link').symlink_to('nowhere')
    for name in 'file', 'link', 'file/out': refuses(lambda: repo.restore('taxi', tmp_path/name), name.split('/')[0])
    assert (tmp_path/'file').read_text() == 'x' and not (tmp_path/'nowhere').exists()

def test_empty_target_behind_a_link(repo, data, taxi, tmp_path):
    (tmp_path/'big').mkdir()
    (tmp_path/'out').symlink_to('big')
    repo.restore('taxi', tmp_path/'out')
    assert picture(tmp_path/'big') == picture(data) and (tmp_path/'out').is_symlink()

def test_empty_target_that_is_a_disk(repo, data, taxi, tmp_path):
    with mounted(tmp_path/'disk', '1m') as disk:
        repo.restore('taxi', disk)
        assert contents(picture(disk)) == contents(picture(data))

def test_empty_target_in_a_folder_of_somebody_else(open_tmp):
    repo = Repo.init(open_tmp/'repo')
    repo.snapshot(fill(open_tmp/'d', {'f': '1'}))
    (open_tmp/'scratch'/'mine').mkdir(parents=True)
    (open_tmp/'scratch').chmod(0o755)
    how, text = as_nobody(lambda: again(repo).restore('d', open_tmp/'scratch'/'mine'))
    assert how == 'done', text

def test_target_that_may_not_be_made(open_tmp):
    repo = Repo.init(open_tmp/'repo')
    repo.snapshot(fill(open_tmp/'d', {'f': '1'}))
    (open_tmp/'closed').mkdir()
    (open_tmp/'closed').chmod(0o755)
    if is_root:
        how, text = as_nobody(lambda: again(repo).restore('d', open_tmp/'closed'/'out'))
        assert how == 'clear' and 'closed' in text and 'ermission' in text, text

def test_names_of_targets_as_long_as_they_may_be(repo, data, taxi, tmp_path):
    repo.restore('taxi', tmp_path/('n'*255))
    assert picture(tmp_path/('n'*255)) == picture(data)

def test_some_files_into_a_new_folder_twice(repo, taxi, tmp_path):
    "A notebook is run again"
    for _ in range(2): repo.restore('taxi', tmp_path/'out', files='*.csv')
    assert (tmp_path/'out'/'jan.csv').exists()

def test_renameat2_is_not_known_everywhere(repo, data, taxi, tmp_path, monkeypatch):
    "NFS says EINVAL"
    def refuse(src, dst): raise OSError(22, 'Invalid argument', str(dst))
    monkeypatch.setattr(dvnb.folder, 'rename_new', refuse, raising=False)
    repo.restore('taxi', tmp_path/'out')
    assert picture(tmp_path/'out') == picture(data)

def test_unsaved_work_is_kept(repo, data, taxi):
    fill(data, {'jan.csv': 'mine', 'new.csv': 'mine too'})
    (data/'feb.csv').unlink()
    was = picture(data)
    repo.restore(taxi[0], data)
    assert not (data/'new.csv').exists()
    repo.undo(data)
    assert work(picture(data)) == work(was)

def test_undo_brings_back_modes_and_times_of_folders(repo, tmp_path):
    src = fill(tmp_path/'d', {'a/x': '1', 'a/b/y': '1', 'still/z': '1'})
    v = repo.snapshot(src)
    fill(src, {'a/x': 'mine', 'a/b/new': 'mine too', 'gone/w': '2'})
    for d, mode in ('a/b', 0o700), ('a', 0o511), ('still', 0o750), ('gone', 0o711):
        os.chmod(src/d, mode)
        os.utime(src/d, ns=(10**18, 10**18))
    was = picture(src)
    repo.restore(v, src)
    assert picture(src) != was and not (src/'gone').exists()
    again(repo).undo(src)
    assert picture(src) == was
    again(repo).undo(src)
    assert contents(picture(src)) == contents(picture(repo.restore(v, tmp_path/'out').target))

def test_unsaved_work_is_kept_when_the_index_is_old(repo, data, taxi):
    "A notebook that is open for days believes in packs that were collected long ago"
    old = again(repo)
    old.store.index
    first = brought_back(repo.url, taxi[0], data.parent)[b'jan.csv'][2]
    repo.forget(taxi[0].ref)
    repo.gc(grace=at_once)
    repo.gc(grace=at_once)
    (data/'jan.csv').write_bytes(first)
    old.restore(taxi[1], data)
    again(repo).undo(data)
    assert (data/'jan.csv').read_bytes() == first

# Trees that unfold without end

def in_little_memory(f, most=60<<20):
    import tracemalloc
    tracemalloc.start()
    start = time.process_time()
    try: return f()
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < most and time.process_time()-start < 20, f'{peak>>20} MiB'

def manifest_bomb(store, leaf, wide):
    "A root whose nodes name the same nodes again and again"
    names = [leaf]
    for i in range(6):
        nodes = [_dump_node([b'%d' % k]*wide, [names[0]]*wide) for k in range(3)]
        names = store.put_many(nodes, 'manifest')
    store.flush()
    return names[0]

@pytest.mark.parametrize('wide', [2, 8000])
def test_a_manifest_that_repeats_itself(repo, taxi, tmp_path, wide):
    v = taxi[0]
    root = manifest_bomb(repo.store, bytes.fromhex(v.root), wide)
    in_little_memory(lambda: refuses(lambda: leaves(repo.store, root), 'has its place already', error=StoreError))
    key = Path(repo.url)/'datasets/taxi/_'/str(v.version)
    key.write_bytes(dump_record(v.record | {'root': root.hex()}))
    for f in (lambda r: r.restore(v.ref, tmp_path/'out'), lambda r: r.diff(v.ref, taxi[1].ref).files, lambda r: r.gc()):
        in_little_memory(lambda: refuses(lambda: f(again(repo)), 'has its place already', error=StoreError))
    assert not in_little_memory(lambda: again(repo).check()).ok

def list_bomb(store, levels, size, claim=lambda n: n):
    "The root of a list that names one chunk 8,192 times, that node 8,192 times ..."
    name, = store.put_many([b'x'*100])
    for level in range(levels):
        name, = store.put_many([b'DVNBLN1'+bytes([level])+np.array([(name, claim(size))]*8192, ITEM).tobytes()])
        size *= 8192
    store.flush()
    return name

@pytest.mark.parametrize('levels, size, claim, why', [(2, 100, None, 'not that of its file'), (3, 16<<20, None, 'not that of its file'),
    (2, 17<<20, None, 'sizes'), (6, 0, None, 'sizes'), (5, 100, lambda n: 100, 'sizes'), (5, 100, None, 'not that of its file'), (6, 100, lambda n: n & (1<<63)-1, 'sizes')])
def test_a_list_that_repeats_itself(repo, levels, size, claim, why):
    root = list_bomb(repo.store, levels, size, claim or (lambda n: n))
    in_little_memory(lambda: refuses(lambda: repo.store.get_list(root), why, error=StoreError))
    nodes = set()
    try: assert len(in_little_memory(lambda: repo.store.list_chunks([root], nodes))) == 8192 and len(nodes) == levels
    except StoreError as e: assert why == 'sizes' and 'sizes' in str(e)

def test_a_node_too_wide_for_a_list_is_not_even_read(repo, monkeypatch):
    name, = repo.store.put_many([b'DVNBLN1\0'+bytes(8193*ITEM.itemsize)])
    repo.store.flush()
    monkeypatch.setattr(Store, 'get_many', None)
    refuses(lambda: repo.store.get_list(name), 'no list of chunks', error=StoreError)

def test_a_list_of_another_file(repo, tmp_path):
    src = fill(tmp_path/'d', {'zeros': bytes(60<<20), 'big': os.urandom(1<<20)})
    v = repo.snapshot(src)
    r = row(v, 'zeros')
    assert sum(in_little_memory(lambda: repo.store.get_list(r.list, r.size))['size']) == r.size
    refuses(lambda: repo.store.get_list(r.list, r.size-1), 'not that of its file', error=StoreError)
    assert brought_back(repo.url, v.ref, tmp_path) == picture(src)

def test_a_folder_under_two_names(repo, tmp_path):
    src = tmp_path/'d'
    for i, name in enumerate(['one', 'two', 'one', 'two', 'one']):
        v = repo.snapshot(fill(src, {'f': str(i)}), name)
        assert v.base == v.parent and not [o for o in v.notes if 'based on' in o]
    repo.restore('one:1.0.0', src)
    v = repo.snapshot(fill(src, {'f': 'from the first'}))
    assert v.base == 'one:1.0.0' and 'based on one:1.0.0, not on one:3.0.0' in v.notes[0]

@pytest.mark.parametrize('harm', [-1, -20, -60, 'short chunk too'])
def test_a_pack_that_is_damaged_at_its_end(repo, data, taxi, tmp_path, harm):
    "Its data are good, but an index that is lost could not be built again"
    file = chunk_place(repo, row(taxi[0], 'sub/mar.csv').digest)[0]
    key = os.path.relpath(file, repo.url)
    made = {v.ref: brought_back(repo.url, v.ref, tmp_path) for v in taxi}
    flip(file, harm if isinstance(harm, int) else -1)
    if not isinstance(harm, int): flip(file, 12)
    assert again(repo).check().ok
    report = again(repo).check(read_data=True)
    assert any(key.rpartition('/')[2][:12] in p and 'damaged at its end' in p for p in report.problems)
    report = again(repo).check(read_data=True, repair=True)
    assert report.ok and any('copied' in o for o in report.repaired)
    for _ in range(2): again(repo).gc(grace=at_once)
    assert not file.exists()
    for o in repo.store.objs.list('index'): repo.store.objs.delete(o.key)
    assert again(repo).check(repair=True).ok
    is_sound(repo.url, made, tmp_path)

# Edits beside a restore that leave size and time of a file as they were

@pytest.fixture(params=['this disk', 'whole seconds'])
def any_disk(request, tmp_path):
    "A folder here, and one on a disk whose clock only knows whole seconds"
    if request.param == 'this disk':
        yield fill(tmp_path/'here', {})
        return
    image, at = tmp_path/'image', fill(tmp_path/'disk', {})
    try:
        with open(image, 'wb') as f: f.truncate(16<<20)
        subprocess.run(['mkfs.ext2', '-q', '-I', '128', image], check=True, capture_output=True)
        subprocess.run(['mount', '-o', 'loop', image, at], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as e: pytest.skip(f'no loop devices here: {e}')
    yield fill(at/'work', {})
    subprocess.run(['umount', '-l', at])

def edit_unseen(path):
    "Other bytes in the same file, with the same size and time"
    st = os.stat(path)
    with open(path, 'r+b') as f: f.write(b'~')
    os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))

def new_second(): time.sleep(1-time.time()%1+.01)

def sees(repo, src, file): assert [o.path for o in again(repo).status(src).files] == [file]

def test_an_edit_right_after_a_restore_is_seen(repo, any_disk):
    src = fill(any_disk/'d', {'a': '1', 'b': '1'})
    v = repo.snapshot(src)
    fill(src, {'b': '2'})
    repo.restore(v, src)
    edit_unseen(src/'b')
    sees(repo, src, 'b')

@pytest.mark.parametrize('step, after', [('_into_working', False), ('_switch', True)])
def test_an_edit_during_a_restore_of_a_file_that_it_leaves_alone_is_seen(repo, any_disk, monkeypatch, step, after):
    new_second()
    src = fill(any_disk/'d', {'a': '1', 'b': '1'})
    v = repo.snapshot(src)
    fill(src, {'b': '2'})
    meanwhile(monkeypatch, step, lambda: edit_unseen(src/'a'), after)
    repo.restore(v, src)
    sees(repo, src, 'a')

def test_an_edit_during_a_restore_of_a_file_that_it_wrote_is_seen(repo, tmp_path, monkeypatch):
    src = fill(tmp_path/'d', {'a': '1', 'b': '1', 'c': '1'})
    v = repo.snapshot(src)
    fill(src, {'b': '2'})
    os.utime(src/'c', ns=(5, 5))
    def act():
        time.sleep(.05)
        for o in 'bc': edit_unseen(src/o)
    meanwhile(monkeypatch, '_switch', act, after=True)
    repo.restore(v, src)
    assert [o.path for o in again(repo).status(src).files] == ['b', 'c']

@pytest.mark.parametrize('to', ['in place', 'copy'])
def test_what_a_restore_wrote_is_not_read_again(repo, tmp_path, monkeypatch, to):
    src = fill(tmp_path/'d', {f'{i}': f'{i}' for i in range(20)})
    v = repo.snapshot(src)
    fill(src, {'3': 'other', '4': 'another'})
    time.sleep(.05)
    top = repo.restore(v, src).target if to == 'in place' else repo.path(v)
    monkeypatch.setattr(dvnb.scanfiles, '_open', None)
    monkeypatch.setattr(dvnb.scanfiles.SmallFiles, 'open', None)
    look_at_it = dvnb.scanfiles.manifest_of(dvnb.scan.look(top), dvnb.scan.StatCache(repo.local.stat_file(top)))
    assert look_at_it.n_files == 20

# Safety copies

def spoil_newest(repo):
    "Damage what the last restore put aside; its key"
    o = [o for o in repo.store.objs.list('saved') if '.' not in o.key][-1]
    flip(Path(repo.url)/o.key, o.size//2)
    return o.key

def test_a_damaged_safety_copy_is_named_and_frees_nothing(repo, data, taxi, tmp_path):
    mine = os.urandom(9000)
    for i in range(2):
        fill(data, {'jan.csv': mine+b'%d' % i})
        repo.restore(taxi[0], data)
    key = spoil_newest(repo)
    for _ in range(2): refuses(lambda: again(repo).gc(grace=at_once), key, 'nothing is collected', 'check(repair=True)', error=StoreError)
    report = again(repo).check()
    assert [key in p for p in report.problems] == [True]
    plan = again(repo).undo(data)
    assert key in repr(plan) and (data/'jan.csv').read_bytes() == mine+b'0'
    report = again(repo).check(repair=True)
    assert report.ok and any(key in o and 'set aside' in o for o in report.repaired)
    assert again(repo).undo(data).notes == [] and again(repo).check().ok
    for _ in range(2): again(repo).gc(grace=at_once)
    assert (Path(repo.url)/f'{key}.damaged').exists() and again(repo).check(read_data=True).ok

def test_the_only_safety_copy_is_damaged(repo, data, taxi):
    fill(data, {'jan.csv': 'mine'})
    repo.restore(taxi[0], data)
    key = spoil_newest(repo)
    refuses(lambda: again(repo).undo(data), 'nothing to undo', key, 'check(repair=True)', error=RefError)
    repo.check(repair=True)
    refuses(lambda: again(repo).undo(data), 'nothing to undo', error=RefError)

def test_an_old_damaged_safety_copy_keeps_nothing(repo, data, taxi, monkeypatch):
    fill(data, {'jan.csv': 'mine'})
    repo.restore(taxi[0], data)
    spoil_newest(repo)
    monkeypatch.setattr(dvnb.upkeep, 'KEEP_SAVED', timedelta(0))
    again(repo).gc(grace=at_once)

def test_a_repair_of_the_index_sets_no_safety_copy_aside(repo, data, taxi):
    fill(data, {'jan.csv': 'mine'})
    repo.restore(taxi[0], data)
    for o in repo.store.objs.list('index'): flip(Path(repo.url)/o.key, o.size//2)
    assert again(repo).check(repair=True).ok and not [o for o in repo.store.objs.list('saved') if o.key.endswith('.damaged')]
    again(repo).undo(data)
    assert (data/'jan.csv').read_bytes() == b'mine'

def meanwhile(monkeypatch, step, act, after=False):
    "Let `act` happen just before (or after) the `step` of a restore"
    real = getattr(Repo, step)
    def inner(self, *args):
        if not after: act()
        out = real(self, *args)
        if after: act()
        return out
    monkeypatch.setattr(Repo, step, inner)

@pytest.mark.parametrize('file, why', [('touched', 'only its time would be set'), ('other', 'it would be written'),
    ('extra', 'it would be removed'), ('came', 'it would be added')])
def test_work_done_while_a_version_is_restored(repo, tmp_path, monkeypatch, file, why):
    src = fill(tmp_path/'d', {'touched': 'same', 'other': '1', 'came': '1'})
    v = repo.snapshot(src)
    os.utime(src/'touched', ns=(5, 5))
    (src/'came').unlink()
    fill(src, {'other': '2', 'extra': 'x'})
    meanwhile(monkeypatch, '_switch', lambda: fill(src, {file: 'MINE'}))
    with pytest.raises(DvnbError, match=file): repo.restore(v, src)
    monkeypatch.undo()
    assert (src/file).read_text() == 'MINE'
    repo.restore(v, src)
    again(repo).undo(src)
    assert (src/file).read_text() == 'MINE', why

def test_work_done_as_soon_as_a_version_is_restored_is_seen(repo, tmp_path, monkeypatch):
    src = fill(tmp_path/'d', {'f': 'one', 'g': '1'})
    v = repo.snapshot(src)
    fill(src, {'f': 'two'})
    meanwhile(monkeypatch, '_switch', lambda: fill(src, {'f': 'six'}), after=True)
    repo.restore(v, src)
    monkeypatch.undo()
    assert again(repo).status(src).files.modified == ['f']

def test_work_between_a_restore_that_was_interrupted_and_the_next(repo, tmp_path, monkeypatch):
    src = fill(tmp_path/'d', {'f': 'one', 'g': '1'})
    v = repo.snapshot(src)
    fill(src, {'f': 'two', 'g': '2'})
    def stop(*_): raise KeyboardInterrupt
    monkeypatch.setattr(Repo, '_switch', stop)
    with pytest.raises(KeyboardInterrupt): repo.restore(v, src)
    monkeypatch.undo()
    fill(src, {'f': 'precious'})
    repo.restore(v, src)
    repo.undo(src)
    assert ((src/'f').read_text(), (src/'g').read_text()) == ('precious', '2')

def test_folder_that_keeps_an_ignored_file_where_the_version_has_a_file(repo, tmp_path):
    src = fill(tmp_path/'d', {'x': 'file', 'y': '1'})
    v = repo.snapshot(src)
    (src/'x').unlink()
    fill(src, {'x/z': '1', 'x/.DS_Store': 'ignored', 'y': '2'})
    was = picture(src)
    refuses(lambda: repo.restore(v, src), 'x', error=RestoreError)
    assert work(picture(src)) == work(was)

@pytest.mark.parametrize('rule, first', [('logs/', 'logs/a'), ('logs', 'logs'), ('b', 'a/b/c')])
def test_what_is_ignored_since(repo, tmp_path, rule, first):
    "Refused before anything is touched, or done; not left half way"
    src = fill(tmp_path/'d', {first: '1', 'k': '1'})
    v = repo.snapshot(src)
    fill(src, {'.dvnbignore': rule+'\n', first: 'mine', 'k': '2'})
    was = picture(src)
    try: repo.restore(v, src)
    except DvnbError: assert work(picture(src)) == work(was)
    assert (src/first).read_text() == 'mine'

def test_pipe_where_the_version_has_a_folder(repo, tmp_path):
    src = fill(tmp_path/'d', {'x/y': '1', 'k': '1'})
    v = repo.snapshot(src)
    shutil.rmtree(src/'x')
    os.mkfifo(src/'x')
    fill(src, {'k': '2'})
    refuses(lambda: repo.restore(v, src), 'x', error=RestoreError)
    assert (src/'k').read_text() == '2'

def test_folder_that_may_not_be_written(open_tmp):
    "Half a restore would be the worst of all"
    src = open_tmp/'d'
    def make():
        repo = Repo.init(open_tmp/'repo')
        fill(src, {'closed/f': '1', 'g': '1'})
        (src/'closed').chmod(0o555)
        v = repo.snapshot(src)
        fill(src, {'g': '2'})
        (src/'closed'/'f').write_text('2')
        repo.restore(v, src)
        return (src/'g').read_text() + (src/'closed'/'f').read_text()
    how, text = as_nobody(make)
    assert (how, text) == ('done', '11') or how == 'clear' and (src/'g').read_text() == '2', text
    (src/'closed').chmod(0o755)

# Copies handed out

def test_a_changed_copy_is_set_aside_each_time(repo, taxi):
    p = repo.path('taxi')
    for text in 'mine 1', 'mine 2':
        (p/'jan.csv').chmod(0o644)
        (p/'jan.csv').write_text(text)
        repo.path('taxi')
    texts = {o.read_text() for o in p.iterdir() if o.is_file()}
    assert {'mine 1', 'mine 2'} <= texts and (p/'jan.csv').read_text() == 'id,fare\n1,9.6\n'

def test_a_changed_copy_with_the_longest_name(repo, tmp_path):
    v = repo.snapshot(fill(tmp_path/'d', {'n'*255: 'x'}))
    p = repo.path(v)
    (p/('n'*255)).chmod(0o644)
    (p/('n'*255)).write_text('mine')
    assert (repo.path(v)/('n'*255)).read_text() == 'x'
    assert 'mine' in {o.read_text() for o in p.iterdir()}

# Hostile repos

def rows_of(store, paths, kinds):
    "A manifest of files and links that hold `evil`, and of folders"
    name, = store.put_many([b'evil'])
    look = {'f': (0o644, 4, name), 'l': (0o777, 4, name), 'd': (0o755, 0, bytes(32))}
    modes, sizes, names = zip(*(look[k] for k in kinds))
    return Manifest(list(paths), [*kinds.encode()], modes, sizes, [0]*len(paths), as_array(names))

def plant(repo, man, root=None):
    "Make the record of a version that lists `man`"
    store = repo.store
    root = root or save(man, store)
    store.flush()
    rec = repo.load('taxi').record | dict(name='evil', version='1.0.0', root=root.hex())
    return again(repo).catalog.add(rec).ref

evil = [([b'../x'], 'f'), ([b'/etc/x'], 'f'), ([b'a/../../x'], 'f'), ([b'a//x'], 'f'), ([b'./x'], 'f'),
    ([b'a\0b'], 'f'), ([b''], 'f'), ([b'.'], 'd'), ([b'..'], 'd'), ([b'a', b'a/x'], 'lf'), ([b'a', b'a/x'], 'ff'),
    ([b'a/x'], 'f'), ([b'a', b'a'], 'lf'), ([b'b', b'a'], 'ff'), ([b'..', b'../x'], 'df'), ([b'a/'], 'd')]

@pytest.mark.parametrize('paths, kinds', evil)
def test_hostile_paths(repo, taxi, tmp_path, paths, kinds):
    ref = plant(repo, rows_of(repo.store, paths, kinds))
    where = fill(tmp_path/'where', {'inner/keep': '1'})
    was = picture(where)
    refuses(lambda: again(repo).restore(ref, where/'inner'/'out'), error=DvnbError)
    refuses(lambda: again(repo).path(ref), error=DvnbError)
    assert picture(where) == was and again(repo).check().ok is False

@pytest.mark.parametrize('junk', [b'', b'DVNBML1\n', b'DVNBML1\n'+b'\xff'*12, b'DVNBMN1\n', b'DVNBMN1\n'+b'\xff'*40,
    b'nonsense'*10, b'DVNBMN1\n'+bytes(8)])
def test_hostile_manifest(repo, taxi, tmp_path, junk):
    root, = repo.store.put_many([junk])
    ref = plant(repo, None, root)
    refuses(lambda: again(repo).restore(ref, tmp_path/'out'), error=DvnbError)
    assert not again(repo).check().ok

@pytest.mark.parametrize('junk', [b'', b'DVNBLN1', b'DVNBLN1\0'+b'x'*39, b'DVNBLN1\x07'+b'\xff'*40,
    b'DVNBLN1\0'+b'\xff'*40])
def test_hostile_list_of_chunks(repo, taxi, tmp_path, junk):
    man = rows_of(repo.store, [b'x'], 'f')
    man.lists[b'x'], = repo.store.put_many([junk])
    ref = plant(repo, man)
    refuses(lambda: again(repo).restore(ref, tmp_path/'out'), error=DvnbError)
    assert not (tmp_path/'out').exists() and not again(repo).check().ok

@pytest.mark.parametrize('field, value', [('offset', 2**64-1), ('offset', 2**63), ('offset', 2**40), ('stored', 0),
    ('stored', 2**32-1), ('raw', 0), ('raw', 2**32-1), ('codec', 7), ('pack', 99), ('pack', 2**32-1)])
def test_hostile_index(repo, taxi, tmp_path, field, value):
    packs, rows = repo.store.index.packs, repo.store.index.rows.copy()
    rows[field] = value
    shutil.rmtree(Path(repo.url)/'index')
    fill(Path(repo.url), {'index/00': dump_index(packs, rows)})
    refuses(lambda: again(repo).restore('taxi', tmp_path/'out'), error=DvnbError)
    again(repo).check()
    assert not (tmp_path/'out').exists()

def test_bomb(repo, taxi, tmp_path):
    "A few bytes that say they are many: what is allocated is bounded before anything is unpacked"
    import pyarrow as pa
    name = row(taxi[1], 'jan.csv').digest
    file, at, n = chunk_place(repo, name)
    frame = pa.Codec('zstd').compress(bytes(64<<20), asbytes=True)
    packs, rows = repo.store.index.packs, repo.store.index.rows.copy()
    me = rows['digest'] == as_array([name])[0]
    for k, o in dict(codec=1, raw=16<<20, stored=len(frame), offset=file.stat().st_size).items(): rows[k][me] = o
    with open(file, 'ab') as f: f.write(frame)
    shutil.rmtree(Path(repo.url)/'index')
    fill(Path(repo.url), {'index/00': dump_index(packs, rows)})
    refuses(lambda: again(repo).restore('taxi', tmp_path/'out'), 'damaged', 'jan.csv')

def test_folder_swapped_for_a_link_meanwhile(repo, tmp_path, monkeypatch):
    outside = fill(tmp_path/'outside', {'f': 'theirs', 'g': 'theirs'})
    src = fill(tmp_path/'d', {'sub/f': '1', 'sub/g': '1', 'k': '1'})
    v, was = repo.snapshot(src), picture(outside)
    fill(src, {'sub/f': '2', 'k': '2'})
    def swap():
        os.rename(src/'sub', src/'moved')
        (src/'sub').symlink_to(outside)
    meanwhile(monkeypatch, '_switch', swap)
    with pytest.raises(DvnbError): repo.restore(v, src)
    assert picture(outside) == was

def test_file_swapped_for_a_link_meanwhile(repo, tmp_path, monkeypatch):
    "Setting a mode follows links"
    outside = fill(tmp_path/'outside', {'secret': 'theirs'})
    (outside/'secret').chmod(0o600)
    src = fill(tmp_path/'d', {'f': '1', 'k': '1'})
    v, was = repo.snapshot(src), picture(outside)
    (src/'f').chmod(0o640)
    fill(src, {'k': '2'})
    def swap():
        (src/'f').unlink()
        (src/'f').symlink_to(outside/'secret')
    meanwhile(monkeypatch, '_switch', swap)
    with pytest.raises(DvnbError, match='f changed'): repo.restore(v, src)
    assert picture(outside) == was

def test_the_top_of_the_disk_holds_every_folder(tmp_path):
    assert inside(tmp_path, '/') and inside('/', '/') and inside(tmp_path/'a'/'..', tmp_path)
    assert not inside('/', tmp_path) and not inside(f'{tmp_path}x', tmp_path)
    (tmp_path/'link').symlink_to(tmp_path/'a')
    assert inside(tmp_path/'link'/'b', tmp_path/'a')

def test_restore_to_the_top_of_the_disk(repo, tmp_path):
    v = repo.snapshot(fill(tmp_path/'d', {'f': '1'}))
    with pytest.raises(DvnbError, match='and the repo .* lie in'): repo.restore(v, '/', dry_run=True)

# What damage is called, and what a folder can mend

def test_damage_is_told_by_version_and_file_wherever_it_is_met(repo, data, taxi):
    v = taxi[1]
    (data/'a.txt').write_text('new')
    w = repo.snapshot(data)
    damage(repo, row(w, 'a.txt').digest)
    refuses(lambda: as_tree(w, again(repo)).read(b'a.txt'), 'a.txt', w.ref, 'check(repair=True)', error=StoreError)
    damage(repo, bytes.fromhex(v.root))
    for f in (lambda r: r.restore(v.ref, data.parent/'out'), lambda r: r.diff(v.ref, w.ref), lambda r: r.status(data, v.ref), lambda r: r.path(v.ref)):
        refuses(lambda: repr(f(again(repo))), v.ref, 'list of files', 'check(repair=True)', error=StoreError)

@pytest.mark.parametrize('how', ['gone', 'cut'])
def test_a_folder_that_is_as_it_was_mends_a_pack_with_its_list_of_files(repo, tmp_path, how):
    r = random.Random(1)
    d = fill(tmp_path/'d', {'a/f': 'one', 'long': r.randbytes(1<<20), 'b': None})
    v, was = repo.snapshot(d), picture(d)
    for p in (tmp_path/'repo'/'packs').rglob('*'):
        if p.is_file(): p.unlink() if how == 'gone' else os.truncate(p, p.stat().st_size//3)
    refuses(lambda: again(repo).restore(v.ref, tmp_path/'out'), v.ref, 'list of files', 'check(repair=True)')
    found = again(repo).check(read_data=True, repair=True)
    assert found.ok and any(f'list of files of {v.ref}' in o for o in found.repaired), found
    assert brought_back(repo.url, v, tmp_path) == was

# Numbers

def test_one_of_a_kind_is_not_told_in_the_plural(repo, tmp_path):
    import pandas as pd
    v = repo.snapshot(fill(tmp_path/'one', {'jan.csv': 'id,fare\n1,9.5\n'}))
    foreign = fill(tmp_path/'foreign', {'note': 'mine'})
    refuses(lambda: repo.restore(v, foreign), 'holds 1 file or folder that is no part of one:')
    fill(foreign, {'more': 'mine'})
    refuses(lambda: repo.restore(v, foreign), 'holds 2 files or folders that are no part of one:')
    d = repo.diff(pd.DataFrame({'id': [1], 'fare': [9.5]}), pd.DataFrame({'id': [1], 'fare': [8.]}))
    assert 'differs in 1 of 1 row ' in d.verdict.reasons[0]
    assert re.match('1 version, 1 chunk, ', re.sub('[23] chunks', '1 chunk', repr(repo.check()))), repr(repo.check())
