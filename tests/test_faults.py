"A kill, an error or a power cut at any instant leaves the old state or the new one, and doing it again succeeds"
import re, signal, subprocess, sys, time, traceback
from hard import *

strace = shutil.which('strace')
needs_strace = pytest.mark.skipif(not strace, reason='strace is not installed')
reading = 'pread64', 'read', 'getdents64'
calls = '''openat write writev fsync rename renameat renameat2 mkdir mkdirat unlink unlinkat rmdir link linkat symlinkat
    utimensat fchmod fchmodat'''.split() + [*reading]

# A child under strace

def traced(work, log, *options):
    "How a child under strace ended that did `work`: killed (negative), well (0), with a clear error (3), a raw one (4)"
    pid = os.fork()
    if not pid:
        code = 4
        try:
            os.kill(os.getpid(), signal.SIGSTOP)
            work()
            code = 0
        except DvnbError: code = 3
        except BaseException: Path(f'{log}.error').write_text(traceback.format_exc())
        finally: os._exit(code)
    os.waitpid(pid, os.WUNTRACED)
    args = [strace, '-f', '-qq', '-y', '-s', '0', '-o', log, '-e', 'signal=none', *options, '-p', str(pid)]
    tracer = subprocess.Popen(args, stderr=subprocess.DEVNULL)
    while 'TracerPid:\t0' in Path(f'/proc/{pid}/status').read_text(): time.sleep(.001)
    os.kill(pid, signal.SIGCONT)
    _, status = os.waitpid(pid, 0)
    tracer.wait()
    return os.waitstatus_to_exitcode(status)

def points(work, log, places, reads=False):
    "`(call, n)`: the calls of `work` that touch `places`, each as the nth of its kind in its thread"
    assert traced(work, log, '-e', f'trace={",".join(calls)}') == 0
    seen, out = {}, {}
    for line in Path(log).read_text().splitlines():
        m = re.match(r'(\d+)\s+(\w+)\((.*)', line)
        if not m or m[2] not in calls: continue
        seen[m[1], m[2]] = n = seen.get((m[1], m[2]), 0)+1
        is_read = m[2] in reading or m[2] == 'openat' and 'O_CREAT' not in line
        if any(p in m[3] for p in places) and is_read == reads: out[m[2], n] = None
    return [*out]

class Scene:
    "A state to begin from, made once, and copies of it to spoil"
    def __init__(self, tmp):
        self.tmp, self.base, self.at = tmp, tmp/'base', tmp/'at'
        os.environ['DVNB_CACHE'] = str(self.at/'cache')
        self.base.mkdir()
        self.at.mkdir()
        self.made = {}
        self.make()
        self.at.rename(self.tmp/'made')
        self.fresh()

    def fresh(self):
        shutil.rmtree(self.at, ignore_errors=True)
        subprocess.run(['cp', '-a', self.tmp/'made', self.at], check=True)

    repo = property(lambda self: Repo(self.at/'repo'))
    data = property(lambda self: self.at/'d')
    places = property(lambda self: [str(self.at/'repo'), str(self.at/'d'), str(self.at/'out'), '.out.', '.dvnb'])

    def keep(self, **files):
        fill(self.data, files)
        v = self.repo.snapshot(self.data)
        self.made[v.ref] = picture(self.data)
        return v

    def make(self):
        Repo.init(self.at/'repo')
        self.keep(a='one', b='b'*500, big=random.Random(0).randbytes(WHOLE*2))
        (self.data/'b').unlink()
        self.keep(a='two', **{'sub/c': 'c'})

    def sound(self, *more):
        for extra in more: self.made |= extra
        is_sound(self.at/'repo', self.made, self.tmp)

def campaign(scene, inject='signal=KILL', every=1, reads=False, start=0):
    "Spoil each call of `scene.work` in turn, and look with `scene.after`"
    log, ends = scene.tmp/'log', []
    every_point = points(scene.work, log, scene.places, reads)
    assert len(every_point) > (0 if reads else 5)
    for call, n in every_point[start::every]:
        scene.fresh()
        Path(f'{log}.error').unlink(missing_ok=True)
        end = traced(scene.work, log, '-e', f'trace={call}', '-e', f'inject={call}:{inject}:when={n}')
        try:
            assert end != 4, Path(f'{log}.error').read_text()
            assert end in ((-9, 0) if 'KILL' in inject else (0, 3)), end
            scene.after(end)
        except BaseException as e:
            e.add_note(f'{inject} at {call} {n}: ended with {end}') if hasattr(e, 'add_note') else None
            raise
        ends.append(end)
    return ends

class Snapshot(Scene):
    "A third version is taken"
    def make(self):
        super().make()
        fill(self.data, {'a': 'three', 'new': random.Random(1).randbytes(WHOLE+5)})
        self.last = picture(self.data)
    def work(self): self.repo.snapshot(self.data)
    def after(self, end):
        refs = [v.ref for v in self.repo.log()]
        assert len(refs) == (3 if end == 0 else len(refs)) and set(self.made) <= set(refs) and len(refs) <= 3
        third = {r: self.last for r in refs if r not in self.made}
        is_sound(self.at/'repo', self.made | third, self.tmp)
        v = self.repo.snapshot(self.data)
        assert third in ({}, {v.ref: self.last})
        is_sound(self.at/'repo', self.made | {v.ref: self.last}, self.tmp)
        self.repo.gc(grace=at_once)
        self.repo.gc(grace=at_once)
        is_sound(self.at/'repo', self.made | {v.ref: self.last}, self.tmp)

class First(Snapshot):
    "A repo is made, and its first version"
    def make(self):
        fill(self.data, {'a': 'one', 'sub/c': 'c'})
        self.last = picture(self.data)
    def work(self): Repo.init(self.at/'repo').snapshot(self.data)
    def after(self, end):
        v = Repo.init(self.at/'repo').snapshot(self.data)
        assert v.ref == 'd:1.0.0' and not (end == 0 and v.is_new)
        is_sound(self.at/'repo', {v.ref: self.last}, self.tmp)

class IntoNew(Scene):
    "The first version is restored into a new folder"
    def work(self): self.repo.restore('d:1.0.0', self.at/'out')
    def after(self, end):
        if end == 0: assert picture(self.at/'out')
        if (self.at/'out').exists(): assert picture(self.at/'out') in ({}, self.made['d:1.0.0'])
        self.repo.restore('d:1.0.0', self.at/'out')
        assert picture(self.at/'out') == self.made['d:1.0.0']
        assert self.repo.status(self.at/'out', 'd:1.0.0').clean
        assert {p.name for p in self.at.iterdir()} == {'repo', 'd', 'cache', 'out'}

class InPlace(Scene):
    "The first version is restored over unsaved work, and the restore is done again"
    def make(self):
        super().make()
        fill(self.data, {'a': 'unsaved', 'mine/x': 'mine', 'b/is/a/folder': 'now'})
        os.utime(self.data/'big', ns=(7, 7))
        (self.data/'sub'/'c').unlink()
        self.dirty = picture(self.data)
    def work(self): self.repo.restore('d:1.0.0', self.data)
    def after(self, end):
        self.repo.restore('d:1.0.0', self.data)
        assert contents(picture(self.data)) == contents(self.made['d:1.0.0']) and self.repo.status(self.data).clean
        assert not [*self.data.glob('.dvnb*')]
        self.repo.undo(self.data)
        self.as_before()
    def as_before(self):
        assert work(picture(self.data)) == work(self.dirty)
        is_sound(self.at/'repo', self.made, self.tmp)

class TakenBack(InPlace):
    "The first version is restored over unsaved work, and that is taken back"
    def after(self, end):
        try: self.repo.undo(self.data)
        except DvnbError as e: assert end and 'nothing to undo' in str(e)
        shutil.rmtree(next(self.data.glob('.dvnb-restore-*'), self.at/'none'), ignore_errors=True)
        self.as_before()

class Undone(InPlace):
    "A restore is taken back, and that is done again where it was stopped"
    def make(self):
        super().make()
        self.repo.restore('d:1.0.0', self.data)
    def work(self): self.repo.undo(self.data)
    def after(self, end):
        if work(picture(self.data)) != work(self.dirty): self.repo.undo(self.data)
        if work(picture(self.data)) != work(self.dirty): self.repo.undo(self.data)
        self.as_before()

class Collect(Scene):
    "The first version is forgotten, and packs are condemned and copied"
    def make(self):
        super().make()
        self.repo.forget('d:1.0.0')
        del self.made['d:1.0.0']
    def work(self): self.repo.gc(grace=at_once)
    def after(self, end):
        is_sound(self.at/'repo', self.made, self.tmp)
        for _ in range(3): self.repo.gc(grace=at_once)
        is_sound(self.at/'repo', self.made, self.tmp)
        assert str(self.repo.gc(dry_run=True, grace=at_once)) == 'nothing to collect'
        v = self.repo.snapshot(fill(self.data, {'a': 'after gc'}))
        is_sound(self.at/'repo', self.made | {v.ref: picture(self.data)}, self.tmp)

class Delete(Collect):
    "Packs that were condemned are deleted"
    def make(self):
        super().make()
        self.repo.gc(grace=at_once)

class Repair(Scene):
    "The index is built anew"
    def make(self):
        super().make()
        for p in (self.at/'repo'/'index').iterdir(): flip(p, 30)
    def work(self): self.repo.check(repair=True)
    def after(self, end):
        self.repo.check(repair=True)
        is_sound(self.at/'repo', self.made, self.tmp)

scenes = Snapshot, First, IntoNew, InPlace, TakenBack, Undone, Collect, Delete, Repair

@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setenv('DVNB_CACHE', 'set by the scene')
    return tmp_path

@needs_strace
@pytest.mark.parametrize('scene', scenes)
def test_killed_at_some_calls(stage, scene):
    campaign(scene(stage), every=9, start=scenes.index(scene) % 9)

@needs_strace
@pytest.mark.parametrize('scene', scenes)
def test_an_error_at_some_calls(stage, scene):
    campaign(scene(stage), 'error=ENOSPC', every=13, start=scenes.index(scene) % 13)

@needs_strace
@pytest.mark.slow
@pytest.mark.parametrize('scene', scenes)
def test_killed_at_every_call(stage, scene): campaign(scene(stage))

@needs_strace
@pytest.mark.slow
@pytest.mark.parametrize('error', ['ENOSPC', 'EIO'])
@pytest.mark.parametrize('scene', scenes)
def test_an_error_at_every_call(stage, scene, error): campaign(scene(stage), inject=f'error={error}')

@needs_strace
@pytest.mark.slow
@pytest.mark.parametrize('scene', scenes)
def test_an_error_at_every_read(stage, scene): campaign(scene(stage), inject='error=EIO', reads=True)

# Killed at random times

def forked(work):
    pid = os.fork()
    if pid: return pid
    try:
        work()
        os._exit(0)
    except BaseException: traceback.print_exc()
    finally: os._exit(1)

def kill_loop(scene, n, longest=.12):
    rng = random.Random(5)
    for _ in range(n):
        scene.fresh()
        pid = forked(scene.work)
        time.sleep(rng.uniform(.005, longest))
        os.kill(pid, signal.SIGKILL)
        end = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert end in (-9, 0), end
        scene.after(end)

@pytest.mark.parametrize('scene', [Snapshot, InPlace, Collect])
def test_killed_at_random_times(stage, scene): kill_loop(scene(stage), 5)

@pytest.mark.slow
@pytest.mark.parametrize('scene', scenes)
def test_killed_at_random_times_often(stage, scene): kill_loop(scene(stage), 100)

def test_a_killed_process_leaves_no_lock_and_no_lasting_rubbish(stage):
    scene = Snapshot(stage)
    def stuck():
        scene.repo.store.objs.__class__.put = lambda *a, **k: time.sleep(600)
        scene.work()
    pid = forked(stuck)
    time.sleep(.3)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    start = time.time()
    v = scene.repo.snapshot(scene.data)
    assert v.is_new and time.time()-start < 40

def test_temporary_files_of_killed_writers_are_swept_a_day_later(repo, tmp_path):
    v = repo.snapshot(fill(tmp_path/'d', {'a': '1'}))
    old, young = (fill(Path(repo.url)/'packs'/'aa', {n: 'x'})/n for n in ('.tmp-1', '.tmp-2'))
    os.utime(old, (time.time()-90_000,)*2)
    repo.gc()
    assert not old.exists() and young.exists() and repo.check().ok and repo.load('d') == v

# Power cuts

@pytest.fixture
def disk(tmp_path):
    "An ext4 disk in a file, and a way to cut its power"
    image, at = tmp_path/'image', tmp_path/'disk'
    at.mkdir()
    try:
        with open(image, 'wb') as f: f.truncate(64<<20)
        subprocess.run(['mkfs.ext4', '-q', image], check=True, capture_output=True)
        subprocess.run(['mount', '-o', 'loop', image, at], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as e: pytest.skip(f'no loop devices here: {e}')
    def cut():
        import fcntl, struct
        fd = os.open(at, os.O_RDONLY)
        fcntl.ioctl(fd, 0x8004587d, struct.pack('I', 2))
        os.close(fd)
        subprocess.run(['umount', at], check=True)
        subprocess.run(['mount', '-o', 'loop', image, at], check=True)
    yield at, cut
    subprocess.run(['umount', '-l', at])

def test_what_was_reported_survives_a_power_cut(disk, tmp_path):
    at, cut = disk
    src, made = fill(tmp_path/'d', {'a': '1', 'big': random.Random(0).randbytes(WHOLE*3)}), {}
    repo = Repo.init(at/'deep'/'folder'/'repo')
    for i in range(3):
        fill(src, {'a': str(i), f'new{i}/x': 'x'*i})
        made[repo.snapshot(src).ref] = picture(src)
        cut()
        is_sound(repo.url, made, tmp_path)
        repo = again(repo)
    repo.tag('d:1.0.0', 'prod')
    cut()
    assert again(repo).load('d@prod').ref == 'd:1.0.0'

def test_unsaved_work_survives_a_power_cut_in_a_restore(disk, tmp_path, monkeypatch):
    at, cut = disk
    repo = Repo.init(at/'repo')
    src = fill(tmp_path/'d', {'a': '1'})
    v = repo.snapshot(src)
    fill(src, {'a': 'precious', 'b': 'too'})
    was = picture(src)
    repo.restore(v, src)
    cut()
    again(repo).undo(src)
    assert work(picture(src)) == work(was)

@pytest.mark.slow
def test_power_cuts_at_random_times(disk, tmp_path):
    at, cut = disk
    src, made, rng = fill(tmp_path/'d', {}), {}, random.Random(3)
    repo = Repo.init(at/'repo')
    for i in range(40):
        fill(src, {f'f{i%7}': rng.randbytes(rng.choice([10, 1000, 400_000]))})
        log = tmp_path/'said'
        def go(): log.write_text(again(repo).snapshot(src, 'd').ref)
        pid = forked(go)
        time.sleep(rng.uniform(.01, .25))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if log.exists(): made[log.read_text()] = picture(src)
        log.unlink(missing_ok=True)
        cut()
        is_sound(repo.url, made, tmp_path)
        if i % 8 == 7:
            for _ in range(2): again(repo).gc(grace=at_once)
            cut()
            is_sound(repo.url, made, tmp_path)

@pytest.mark.slow
def test_power_cuts_in_a_collection(disk, tmp_path):
    at, cut = disk
    src, made = fill(tmp_path/'d', {}), {}
    repo = Repo.init(at/'repo')
    for i in range(20):
        fill(src, {f'f{i%5}': random.Random(i).randbytes(200_000)})
        v = again(repo).snapshot(src, 'd')
        made[v.ref] = picture(src)
        if len(made) > 2:
            gone = next(iter(made))
            again(repo).forget(gone)
            del made[gone]
        pid = forked(lambda: again(repo).gc(grace=at_once))
        time.sleep(random.Random(i).uniform(.005, .1))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        cut()
        is_sound(repo.url, made, tmp_path)
