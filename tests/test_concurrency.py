"Writers, readers and collectors at once: none loses another's version, none fails for another's sake"
import os, subprocess, sys, threading, time
from datetime import datetime, timezone
from hard import *
import dvnb.store
from dvnb.objects import LocalObjects, NoObject, StoreError
from dvnb.pack import Index

head = '''
import sys, time, os, pyarrow
from pathlib import Path
import dvnb.snapshots, dvnb.folder, dvnb.checkup, dvnb.upkeep, dvnb.values
from dvnb.chunk import DvnbError
from dvnb.repo import Repo
me, *args = sys.argv[1:]
print('ready', flush=True)
sys.stdin.readline()
'''

write = '''
for k in range(3):
    d = Path(args[1])/f'd{me}'
    (d/'k').write_text(f'{me} {k}')
    print(Repo(args[0]).snapshot(d, 'd').ref)
'''

def processes(n, code, *args):
    "Run `code` in `n` processes that begin together; what each printed. `me` is its number, `args` are its own"
    def start(i):
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root)
        return subprocess.Popen([sys.executable, '-c', head+code, str(i), *map(str, args)], **pipes)
    ps = [start(i) for i in range(n)]
    for p in ps: assert p.stdout.readline() == 'ready\n', p.stderr.read()
    for p in ps:
        p.stdin.write('go\n')
        p.stdin.flush()
    outs = [p.communicate(timeout=120) for p in ps]
    assert not any(p.returncode for p in ps), '\n'.join(e for _, e in outs if e)
    return [o.split() for o, _ in outs]

@pytest.mark.parametrize('n', [2, 8])
def test_writers_of_one_dataset(repo, tmp_path, n):
    for i in range(n): fill(tmp_path/f'd{i}', {'mine': str(i)*100, 'same': 'x'*1000})
    said = processes(n, write, repo.url, tmp_path)
    refs = [r for rs in said for r in rs]
    assert len({*refs}) == 3*n == len(repo.log())
    last = {rs[-1]: picture(tmp_path/f'd{i}') for i, rs in enumerate(said)}
    is_sound(repo.url, last, tmp_path)

def test_writers_of_equal_data_share_one_version(repo, tmp_path):
    src = fill(tmp_path/'d', {'f': 'x'*1000})
    said = processes(4, 'print(Repo(args[0]).snapshot(args[1], "d").ref)', repo.url, src)
    assert {r for rs in said for r in rs} == {v.ref for v in repo.log()} == {'d:1.0.0'}
    is_sound(repo.url, {'d:1.0.0': picture(src)}, tmp_path)

def test_readers_beside_writers_and_collectors(repo, tmp_path):
    src = fill(tmp_path/'d', {'f': '0'*1000})
    made = {repo.snapshot(src).ref: picture(src)}
    code = '''
r, end = Repo(args[0]), time.time()+4
while time.time() < end:
    if me == '0':
        d = Path(args[1])/'w'
        d.mkdir(exist_ok=True)
        (d/'f').write_text(str(time.time()))
        print(Repo(args[0]).snapshot(d, 'w').ref)
    elif me == '1':
        if len(r.log('w') if 'w' in r.catalog.names() else []) > 2: r.forget('w', keep_last=2)
        r.gc()
    elif me == '2':
        found = Repo(args[0]).check().problems
        assert not found, found
    else:
        r.log(), r.load('d'), r.status()
        assert Repo(args[0]).store.get_many([bytes.fromhex(Repo(args[0]).load('d').root)])
'''
    processes(5, code, repo.url, tmp_path)
    is_sound(repo.url, made, tmp_path)

def test_copies_handed_out_to_many_processes(repo, tmp_path):
    "The workers of a data loader all ask at once"
    src = fill(tmp_path/'d', {f'{i%7}/{i}': str(i)*2000 for i in range(150)})
    repo.snapshot(src)
    code = 'p = Repo(args[0]).path("d")\nprint(p)\nfor i in range(150): assert (p/f"{i%7}/{i}").stat().st_size'
    said = processes(4, code, repo.url)
    top = Path(said[0][0])
    assert contents(picture(top)) == contents(picture(src))

def test_restores_into_one_new_folder(repo, tmp_path):
    src = fill(tmp_path/'d', {f'{i}': str(i)*2000 for i in range(50)})
    repo.snapshot(src)
    code = 'try: Repo(args[0]).restore("d", args[1])\nexcept DvnbError as e: print(e)\n'
    processes(4, code, repo.url, tmp_path/'out')
    assert picture(tmp_path/'out') == picture(src)
    assert {p.name for p in tmp_path.iterdir()} == {'repo', 'd', 'out', 'cache'}

def test_tags_by_many(repo, tmp_path):
    repo.snapshot(fill(tmp_path/'d', {'f': '1'}))
    processes(4, 'for k in range(5): Repo(args[0]).tag("d:1.0.0", f"t{me}_{k}")', repo.url)
    assert len(repo.catalog.tags('d')) == 20

def test_threads_share_one_line_of_progress(monkeypatch, capsys):
    from concurrent.futures import ThreadPoolExecutor
    from dvnb.progress import Progress
    opened, real = [], Progress.open
    def slow(self):
        opened.append(1)
        time.sleep(.05)
        real(self)
    monkeypatch.setattr(Progress, 'open', slow)
    monkeypatch.setattr(dvnb.progress, 'looked_on', lambda: True)
    with Progress('restoring', 8000) as tell:
        tell.start -= 2
        with ThreadPoolExecutor(8) as pool: [*pool.map(lambda _: tell(10), range(800))]
        assert tell.n == tell.bar.n == 8000
    tell(1)
    assert len(opened) == 1 and tell.bar is None

def test_threads_of_one_repo(repo, tmp_path):
    for i in range(4): fill(tmp_path/f'd{i}', {'f': str(i)*1000, 'g': 'same'})
    found = []
    def go(i):
        try: found.append(repo.snapshot(tmp_path/f'd{i}'))
        except BaseException as e: found.append(e)
    ts = [threading.Thread(target=go, args=(i,)) for i in range(4)]
    for t in ts: t.start()
    for t in ts: t.join()
    assert not [o for o in found if isinstance(o, BaseException)]
    is_sound(repo.url, {f'd{i}:1.0.0': picture(tmp_path/f'd{i}') for i in range(4)}, tmp_path)

@pytest.mark.parametrize('own_repo', [False, True], ids=['one Repo', 'a Repo each'])
def test_threads_of_one_kernel_and_one_dataset(repo, tmp_path, own_repo):
    "All of them make their version, each is judged on the one before, and no number is given twice"
    n = 4
    for i in range(n): fill(tmp_path/f'd{i}', {'f': str(i)*1000, 'g.csv': f'a,b\n1,{i}\n'})
    found, start = [], threading.Barrier(n)
    def go(i):
        r = again(repo) if own_repo else repo
        start.wait()
        try: found.append(r.snapshot(tmp_path/f'd{i}', 'd', message=f'thread {i}'))
        except BaseException as e: found.append(e)
    ts = [threading.Thread(target=go, args=(i,)) for i in range(n)]
    for t in ts: t.start()
    for t in ts: t.join()
    assert not [o for o in found if isinstance(o, BaseException)]
    assert sorted(v.ref for v in found) == [f'd:{i}.0.0' for i in range(1, n+1)] and all(v.is_new for v in found)
    assert [v.parent for v in sorted(found, key=lambda v: v.version)] == [None, *(f'd:{i}.0.0' for i in range(1, n))]
    is_sound(repo.url, {v.ref: picture(tmp_path/f'd{v.message[-1]}') for v in found}, tmp_path)

def test_threads_of_one_kernel_that_name_the_same_number(repo, tmp_path):
    "One has it, the other is told"
    for i in range(2): fill(tmp_path/f'd{i}', {'f': str(i)*1000})
    found, start = [], threading.Barrier(2)
    def go(i):
        start.wait()
        try: found.append(repo.snapshot(tmp_path/f'd{i}', 'd', version='1.0.0'))
        except DvnbError as e: found.append(e)
    ts = [threading.Thread(target=go, args=(i,)) for i in range(2)]
    for t in ts: t.start()
    for t in ts: t.join()
    assert sorted(type(o).__name__ for o in found) == ['Snapshot', 'VersionTaken']

# A clock that goes back

@pytest.fixture
def clock(monkeypatch):
    "Sets the clock by which records are dated"
    def at(text): monkeypatch.setattr('dvnb.snapshots.now', lambda: datetime.fromisoformat(text).replace(tzinfo=timezone.utc))
    return at

def two_versions(repo, folder, clock, first, second):
    "The second, taken when the clock says `second`"
    clock(first)
    repo.snapshot(fill(folder, {'f': 'one'}))
    clock(second)
    return repo.snapshot(fill(folder, {'f': 'two'}))

def test_a_clock_that_goes_back_between_two_versions(repo, tmp_path, clock):
    "It is dated just after the one that it follows, so that the order of times is that of the numbers"
    late = two_versions(repo, tmp_path/'d', clock, '2026-03-02T12:00:00', '2026-03-02T09:00:00')
    assert late.ref == 'd:2.0.0' and late.parent == 'd:1.0.0'
    assert repo.load('d').ref == 'd:2.0.0' and repo.diff('d').new.label == 'd:2.0.0'
    assert [v.ref for v in repo.log('d')] == ['d:2.0.0', 'd:1.0.0']
    assert [v.ref for v in repo.log()] == ['d:2.0.0', 'd:1.0.0']
    assert late.notes == ['dated as d:1.0.0 is, since the clock of this machine is behind']
    for o in '2026-03-05', '2026-03-02T12:00:01', 'version_20260302_120000': assert repo.load(f'd@{o}').ref == 'd:2.0.0'
    assert repo.load('d@2026-03-02T12:00:00').ref == 'd:1.0.0'
    with pytest.raises(DvnbError, match='as old as'): repo.load('d@2026-03-02T10:00')

def test_a_clock_that_is_wrong_by_years(repo, tmp_path, clock):
    "No later version takes over a date from the future; both are told apart by their numbers"
    v = two_versions(repo, tmp_path/'d', clock, '2036-01-01T00:00:00', '2026-01-01T00:00:00')
    assert v.created.year == 2026 and 'a clock was wrong' in v.notes[0]
    assert repo.load('d').ref == repo.load('d@2030-01-01').ref == 'd:2.0.0'

def test_gc_after_a_clock_went_back(repo, tmp_path, clock):
    "What a version names is kept whenever it says it was made; what was forgotten goes"
    d = fill(tmp_path/'d', {'f': os.urandom(5000)})
    clock('2030-01-01T00:00:00')
    first, pic = repo.snapshot(d), picture(d)
    fill(d, {'f': os.urandom(5000)})
    clock('2020-01-01T00:00:00')
    second, new = repo.snapshot(d), picture(d)
    for _ in range(2): again(repo).gc()
    is_sound(repo.url, {first.ref: pic, second.ref: new}, tmp_path)
    repo.forget('d', keep_last=1)
    for _ in range(2): again(repo).gc()
    assert [v.ref for v in repo.log('d')] == ['d:2.0.0']
    is_sound(repo.url, {second.ref: new}, tmp_path)

def race(repo, monkeypatch, src, step, other):
    "What a snapshot of `src` makes if `other` is taken just before its `step`"
    Before(monkeypatch, Repo, step, lambda: again(repo).snapshot(other, 'd'))
    return again(repo).snapshot(src, 'd')

steps = 'keep_draft', 'diff_draft', 'new_record'

@pytest.mark.parametrize('step', steps)
def test_first_versions_of_two_writers(repo, tmp_path, monkeypatch, step):
    src, other = fill(tmp_path/'d', {'f': 'mine'}), fill(tmp_path/'o', {'f': 'theirs'})
    v = race(repo, monkeypatch, src, step, other)
    assert [o.ref for o in repo.log()] == ['d:2.0.0', 'd:1.0.0'] and v.ref == 'd:2.0.0' and v.parent == 'd:1.0.0'

@pytest.mark.parametrize('step', steps)
def test_the_second_of_two_writers_is_judged_on_what_the_first_made(repo, tmp_path, monkeypatch, step):
    "Else it would get a number below, or one whose promise nobody proved"
    src = fill(tmp_path/'d', {'f': '1'})
    repo.snapshot(src)
    other, mine = fill(tmp_path/'o', {'f': '1', 'g': 'theirs'}), fill(tmp_path/'m', {'f': 'mine'})
    v = race(repo, monkeypatch, mine, step, other)
    first = repo.log('d')[1]
    assert v.parent == first.ref and v.version > first.version and repo.load('d').ref == v.ref

@pytest.mark.parametrize('step', steps)
def test_two_writers_of_equal_data_make_one_version(repo, tmp_path, monkeypatch, step):
    src, other = fill(tmp_path/'d', {'f': 'same'}), fill(tmp_path/'o', {'f': 'same'})
    v = race(repo, monkeypatch, src, step, other)
    assert [o.ref for o in repo.log()] == ['d:1.0.0'] and not v.is_new

# What comes and goes while somebody lists it

class Before:
    "Lets `act` happen once, at a given moment"
    def __init__(self, monkeypatch, cls, method, act, when=lambda *_: True, after=False):
        real, self.done = getattr(cls, method), False
        def inner(me, *args, **kw):
            def now():
                if not self.done and when(*args):
                    self.done = True
                    act()
            if not after: now()
            out = real(me, *args, **kw)
            if after: now()
            return out
        monkeypatch.setattr(cls, method, inner)

def test_a_file_that_is_gone_before_it_is_looked_at(repo, tmp_path, monkeypatch):
    repo.snapshot(fill(tmp_path/'d', {'f': '1'}))
    gone = fill(Path(repo.url)/'datasets'/'d'/'_', {'.tmp-0': 'x'})/'.tmp-0'
    real = os.scandir
    def scandir(d='.'):
        found = [*real(d)]
        if gone.exists() and os.fsdecode(d) == str(gone.parent): gone.unlink()
        return _closing(found)
    monkeypatch.setattr(os, 'scandir', scandir)
    assert [v.ref for v in repo.log()] == ['d:1.0.0']

class _closing(list):
    def __enter__(self): return iter(self)
    def __exit__(self, *_): pass

def test_a_mark_that_is_gone_before_it_is_read(repo, tmp_path, monkeypatch):
    "Another `gc` reads the store's clock, or takes its marks off"
    src = fill(tmp_path/'d', {'f': '1'})
    v, mark = repo.snapshot(src), 'gc/.clock-00000000'
    fill(src, {'f': '2'})
    def is_gc(prefix=''): return prefix == 'gc'
    calls = [lambda r: r.restore(v, tmp_path/'out'), Repo.gc, Repo.check, lambda r: r.snapshot(src, 'd')]
    for call in calls:
        repo.store.objs.put(mark, b'{"packs": []}')
        with monkeypatch.context() as m:
            Before(m, LocalObjects, 'list', lambda: repo.store.objs.delete(mark), is_gc, after=True)
            call(again(repo))

def test_two_writers_merge_index_objects_at_once(repo, tmp_path, monkeypatch):
    src, other = fill(tmp_path/'d', {'f': '1'}), again(repo)
    monkeypatch.setattr(dvnb.store, 'MANY', 3)
    for i in range(3): again(repo).snapshot(fill(src, {'f': str(i)}), 'd')
    other.store.index
    Before(monkeypatch, dvnb.store.Store, 'reindex', lambda: again(repo).store.reindex())
    v = other.snapshot(fill(src, {'f': 'last'}), 'd')
    is_sound(repo.url, {v.ref: picture(src)}, tmp_path)

def test_index_objects_go_while_they_are_merged(repo, tmp_path, monkeypatch):
    src = fill(tmp_path/'d', {'f': '1'})
    for i in range(3): v = again(repo).snapshot(fill(src, {'f': str(i)}), 'd')
    other = again(repo)
    Before(monkeypatch, LocalObjects, 'get', lambda: again(repo).store.reindex(), lambda key: key.startswith('index/'))
    other.store.reindex()
    assert n_objects(repo, 'index') >= 1
    is_sound(repo.url, {v.ref: picture(src)}, tmp_path)

def test_a_reader_with_an_old_index(repo, tmp_path):
    src = fill(tmp_path/'d', {'f': 'a'*1000, 'keep': 'k'*3000})
    v = repo.snapshot(src)
    w = repo.snapshot(fill(src, {'f': 'b'*1000, 'g': 'c'}))
    pic, reader = picture(src), again(repo)
    reader.store.index
    repo.forget(v.ref)
    for _ in range(2): again(repo).gc(grace=at_once)
    reader.restore(w, tmp_path/'out')
    assert picture(tmp_path/'out') == pic

# Invariant 4: gc deletes nothing that anybody may need

@pytest.fixture
def dead(repo, tmp_path):
    "A dataset of which a version was forgotten, the folder as it was in that version, and its picture"
    src = fill(tmp_path/'d', {'f': 'dead'*500, 'g': 'alive'})
    v = repo.snapshot(src)
    fill(src, {'f': 'new'})
    repo.snapshot(src)
    repo.forget(v.ref)
    fill(src, {'f': 'dead'*500})
    return src

def held(repo, v): return again(repo).lacking(as_tree(v, again(repo)).manifest) == []

def test_a_writer_builds_on_nothing_that_is_condemned(repo, dead, tmp_path):
    repo.gc()
    v = again(repo).snapshot(dead, 'd')
    assert v.is_new and held(repo, v)
    for _ in range(2): repo.gc(grace=at_once)
    is_sound(repo.url, {v.ref: picture(dead)}, tmp_path)

def test_a_writer_with_an_old_index_builds_on_nothing_that_is_condemned(repo, dead, tmp_path):
    writer = again(repo)
    writer.store.index
    again(repo).gc()
    v = writer.snapshot(dead, 'd')
    assert held(repo, v)

def test_a_reader_that_met_condemned_packs_writes_none_of_them(repo, dead, tmp_path):
    writer, name = again(repo), blake(b'dead'*500)
    again(repo).gc()
    assert writer.store.get(name) == b'dead'*500
    v = writer.snapshot(dead, 'd')
    assert held(repo, v)

def blake(data):
    from dvnb.chunk import digest
    return digest(data)

def test_packs_are_condemned_while_a_writer_reads(repo, dead, tmp_path, monkeypatch):
    writer = again(repo)
    Before(monkeypatch, Repo, 'commit', lambda: again(repo).gc())
    v = writer.snapshot(dead, 'd')
    assert held(repo, v)

def test_packs_are_condemned_just_before_the_record(repo, dead, tmp_path, monkeypatch):
    "The next `gc` sees who needs them after all"
    from dvnb.catalog import Catalog
    Before(monkeypatch, Catalog, 'add', lambda: again(repo).gc())
    v = again(repo).snapshot(dead, 'd')
    monkeypatch.undo()
    for _ in range(3): Repo(repo.url).gc(grace=at_once)
    is_sound(repo.url, {v.ref: picture(dead)}, tmp_path)

def gone_meanwhile(repo, monkeypatch, step):
    "A writer sleeps before `step` until all that was dead is deleted"
    from dvnb.catalog import Catalog
    monkeypatch.setattr(dvnb.snapshots, 'SAFE', 0)
    def collect():
        for _ in range(2): again(repo).gc(grace=at_once)
    Before(monkeypatch, Catalog if step == 'add' else Repo, step, collect)

def test_a_writer_that_slept_takes_its_version_back_and_makes_another(repo, dead, tmp_path, monkeypatch):
    gone_meanwhile(repo, monkeypatch, 'add')
    v = again(repo).snapshot(dead, 'd')
    monkeypatch.undo()
    assert held(repo, v)
    is_sound(repo.url, {v.ref: picture(dead)}, tmp_path)

def test_a_writer_that_slept_lost_only_its_manifest(repo, tmp_path, monkeypatch):
    "Its files are held by another version; the list of them was in the pack that is gone"
    src = fill(tmp_path/'d', {'f': 'x'*1000, 'g': 'y'})
    repo.snapshot(src)
    (src/'f').chmod(0o600)
    v = repo.snapshot(src, bump='patch')
    repo.forget(v.ref)
    gone_meanwhile(repo, monkeypatch, 'add')
    w = again(repo).snapshot(src, bump='patch')
    monkeypatch.undo()
    is_sound(repo.url, {w.ref: picture(src)}, tmp_path)

def test_a_clock_that_stands_still_while_the_machine_sleeps_is_not_trusted(repo, dead, tmp_path, monkeypatch):
    "A laptop is closed between the last look and the record: CLOCK_MONOTONIC does not count that"
    from dvnb.catalog import Catalog
    real = time.clock_gettime
    asleep = [0]
    monkeypatch.setattr(time, 'time', lambda t=time.time: t()+asleep[0])
    monkeypatch.setattr(time, 'time_ns', lambda t=time.time_ns: t()+asleep[0]*10**9)
    counts = getattr(time, 'CLOCK_BOOTTIME', None)
    monkeypatch.setattr(time, 'clock_gettime', lambda c: real(c)+(asleep[0] if c == counts else 0))
    def sleep():
        for _ in range(2): again(repo).gc(grace=at_once)
        asleep[0] = 3*86400
    Before(monkeypatch, Catalog, 'add', sleep)
    v = again(repo).snapshot(dead, 'd')
    monkeypatch.undo()
    is_sound(repo.url, {v.ref: picture(dead)}, tmp_path)

def test_safety_copies_build_on_nothing_that_is_condemned(repo, dead, tmp_path, monkeypatch):
    was = picture(dead)
    Before(monkeypatch, Repo, '_save_aside', lambda: again(repo).gc())
    repo.restore('d', dead)
    monkeypatch.undo()
    for _ in range(3): Repo(repo.url).gc(grace=at_once)
    Repo(repo.url).undo(dead)
    assert work(picture(dead)) == work(was)

def test_safety_copies_are_kept_for_thirty_days_and_no_longer(repo, dead, monkeypatch):
    from datetime import timedelta
    repo.restore('d', dead)
    def n_needed(): return sum(map(len, again(repo).needed(again(repo).roots())))
    before = n_needed()
    monkeypatch.setattr(dvnb.upkeep, 'now', lambda real=dvnb.upkeep.now: real()+timedelta(days=31))
    assert n_needed() < before
    again(repo).gc(dry_run=True)
    assert n_objects(repo, 'saved') == 2  # the record, and that its restore ended
    for o in repo.store.objs.list('saved'): os.utime(Path(repo.url)/o.key, (0, time.time()-31*86400))
    again(repo).gc()
    assert n_objects(repo, 'saved') == 0 and again(repo).check(read_data=True).ok

def test_collecting_twice_at_once(repo, dead, tmp_path):
    made = {v.ref: brought_back(repo.url, v.ref, tmp_path) for v in repo.log()}
    for _ in range(3): processes(3, 'from datetime import timedelta\nRepo(args[0]).gc(grace=timedelta(0))', repo.url)
    is_sound(repo.url, made, tmp_path)
    for _ in range(3): again(repo).gc(grace=at_once)
    is_sound(repo.url, made, tmp_path)
    assert str(again(repo).gc(dry_run=True, grace=at_once)) == 'nothing to collect'

def test_two_collectors_that_prefer_different_copies(repo, tmp_path, monkeypatch):
    "One chunk lies in two packs, both condemned, and is needed after all: one copy must stay, whoever looks"
    one, two = again(repo), again(repo)
    one.store.index, two.store.index
    a = one.snapshot(fill(tmp_path/'a', {'f': 'x'*3000, 'p': 'only a'*300}))
    b = two.snapshot(fill(tmp_path/'b', {'f': 'x'*3000, 'q': 'only b'*300}))
    for v in a, b: repo.forget(v.ref)
    repo.gc(grace=at_once)
    late = fill(tmp_path/'c', {'f': 'x'*3000})
    monkeypatch.setattr(dvnb.store.Store, 'condemned', lambda self: set())
    v, pic = again(repo).snapshot(late), picture(late)
    monkeypatch.undo()
    def reverse(rows, n_packs, names, *more, real=dvnb.upkeep._weigh):
        size, live, keep = real(rows[::-1], n_packs, names, *more)
        return size, live, keep[::-1]
    first = again(repo)
    def other():
        monkeypatch.setattr(dvnb.upkeep, '_weigh', reverse)
        again(repo).gc(grace=at_once)
    Before(monkeypatch, Repo, '_delete', other)
    first.gc(grace=at_once)
    monkeypatch.undo()
    assert contents(brought_back(repo.url, v, tmp_path)) == contents(pic)

def test_merging_index_objects_while_packs_are_deleted(repo, dead, tmp_path, monkeypatch):
    "The merged index names deleted packs again: nobody believes it, and it is cleaned"
    repo.gc(grace=at_once)
    merger = again(repo)
    old = [o.key for o in repo.store.objs.list('index')]
    datas = {k: repo.store.objs.get(k) for k in old}
    deleted = {o.key for o in repo.store.objs.list('packs')}
    again(repo).gc(grace=at_once)
    deleted -= {o.key for o in repo.store.objs.list('packs')}
    assert deleted
    parts = [dvnb.pack.load_index(datas[k], k) for k in old]
    idx = Index(parts)
    repo.store.objs.put('index/ffff', dvnb.pack.dump_index(idx.packs, idx.rows))
    v = again(repo).snapshot(dead, 'd')
    is_sound(repo.url, {v.ref: picture(dead)}, tmp_path)
    for _ in range(3): again(repo).gc(grace=at_once)
    is_sound(repo.url, {v.ref: picture(dead)}, tmp_path)
    left = Index([dvnb.pack.load_index(repo.store.objs.get(o.key), o.key) for o in repo.store.objs.list('index')])
    assert not {pack_key(p) for p in left.packs} & deleted

def test_a_pack_that_is_written_and_in_no_index_is_not_deleted_too_soon(repo, tmp_path):
    from datetime import timedelta
    writer = again(repo)
    writer.store.put_many([b'slow'*100])
    writer.store.seal()
    [o.result() for o in writer.store._writing]
    packs = n_objects(repo, 'packs')
    for _ in range(3): again(repo).gc(grace=timedelta(hours=1))
    assert n_objects(repo, 'packs') == packs
    writer.store.flush()
    assert again(repo).store.get(blake(b'slow'*100)) == b'slow'*100

def test_a_gc_that_was_stopped_leaves_no_clock_behind(repo, dead, tmp_path):
    repo.store.objs.put('gc/.clock-deadbeef', b'{"packs": []}')
    os.utime(Path(repo.url)/'gc'/'.clock-deadbeef', (time.time()-90_000,)*2)
    for _ in range(3): again(repo).gc(grace=at_once)
    assert n_objects(repo, 'gc') <= 1 and not [o for o in repo.store.objs.list('gc') if 'clock' in o.key]
