"Git says which data a commit was written for: a pointer file that moves with them, in commits that hold nothing else"
import shlex, subprocess, sys, threading, time
from hard import *
import dvnb.gitpointer
from dvnb.gitpointer import GitError, git, ignore_line
from dvnb.pointer import Pointer, PointerError, find_pointers, parse_pointer, pointer_file, read_pointer
from dvnb.ref import RefError

pytestmark = pytest.mark.skipif(not shutil.which('git'), reason='no git here')
ada = dict(name='Ada', email='ada@example.org')

@pytest.fixture(autouse=True)
def plain_git(tmp_path):
    "Git with no configuration but this"
    with pytest.MonkeyPatch.context() as m:
        for k in [k for k in os.environ if k.startswith('GIT_')]: m.delenv(k)
        m.setenv('GIT_CONFIG_GLOBAL', str(tmp_path/'gitconfig'))
        m.setenv('GIT_CONFIG_NOSYSTEM', '1')
        m.setenv('HOME', str(tmp_path))
        (tmp_path/'gitconfig').write_text('[init]\ndefaultBranch = main\n[protocol "file"]\nallow = always\n')
        yield

@pytest.fixture
def proj(tmp_path):
    git(fill(tmp_path/'proj', {}), 'init', '-q')
    return tmp_path/'proj'

@pytest.fixture
def repo(proj): return Repo.init(proj/'.dvnb')

@pytest.fixture
def iris(repo, proj):
    fill(proj/'iris', {'iris.csv': 'sepal,petal\n5.1,0.2\n', 'img/a.bin': bytes(range(256))})
    repo.snapshot(proj/'iris', message='one flower')
    return proj/'iris'

def out(folder, *args): return git(folder, *args).stdout.decode('utf-8', 'surrogateescape').strip()
def subjects(folder): return out(folder, 'log', '--format=%s').splitlines()
def held(folder, rev='HEAD'): return {*filter(None, git(folder, 'ls-tree', '-rz', '--name-only', rev).stdout.split(b'\0'))}
def dirt(folder): return out(folder, 'status', '--porcelain')
def state(folder): return git(folder, 'status', '--porcelain', '-z').stdout, git(folder, 'log', '--all', ok=(0, 128)).stdout
def user(folder, *args): return git(folder, '-c', 'user.name=Bob', '-c', 'user.email=bob@example.org', *args)
def more(iris, text='7.0,1.4\n'):
    with open(iris/'iris.csv', 'a') as f: f.write(text)

def hook(folder, name, code):
    file = Path(out(folder, 'rev-parse', '--path-format=absolute', '--git-path', 'hooks'))/name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f'#!/bin/sh\n{code}\n')
    file.chmod(0o755)
    return file

# The story

def test_checkout_and_restore_bring_back_the_data_of_a_commit(repo, proj, iris):
    (proj/'train.py').write_text('a')
    user(proj, 'add', 'train.py'), user(proj, 'commit', '-qm', 'A')
    repo.git_track(iris, **ada)
    first, a = picture(iris), out(proj, 'rev-parse', 'HEAD')
    more(iris)
    (iris/'img/a.bin').unlink()
    (proj/'train.py').write_text('b')
    v = repo.snapshot(iris, message='two flowers')
    user(proj, 'commit', '-qam', 'B')
    second, b = picture(iris), out(proj, 'rev-parse', 'HEAD')
    assert subjects(proj) == ['B', 'iris is iris:2.0.0', 'iris is iris:1.0.0', 'A'] and v.ref == 'iris:2.0.0'
    for rev, want in (a, first), (b, second), (a, first):
        git(proj, 'checkout', '-q', rev)
        r = subprocess.run([sys.executable, '-c', 'import sys; from dvnb.shell import main; sys.exit(main())', 'restore'], cwd=proj, capture_output=True, text=True, env={**os.environ, 'PYTHONPATH': str(root)})
        assert r.returncode == 0 and str(iris) in r.stdout, r.stderr
        assert work(picture(iris)) == work(want)
        assert out(proj, 'rev-parse', 'HEAD') == rev and dirt(proj) == ''

def test_a_hook_brings_the_data_along(repo, proj, iris):
    repo.git_track(iris, **ada)
    more(iris)
    repo.snapshot(iris)
    code = 'import sys; from dvnb.shell import main; sys.exit(main(["restore"]))'
    hook(proj, 'post-checkout', f'PYTHONPATH={shlex.quote(str(root))} exec {shlex.join([sys.executable, "-c", code])}')
    git(proj, 'checkout', '-q', 'HEAD~1')
    assert (iris/'iris.csv').read_text() == 'sepal,petal\n5.1,0.2\n'
    git(proj, 'checkout', '-q', 'main')
    assert (iris/'iris.csv').read_text() == 'sepal,petal\n5.1,0.2\n7.0,1.4\n' and dirt(proj) == ''

def test_a_clone_on_another_machine_gets_the_data(repo, proj, iris, tmp_path, monkeypatch):
    repo.git_track(iris, **ada)
    more(iris)
    repo.snapshot(iris)
    git(tmp_path, 'clone', '-q', proj, tmp_path/'clone')
    monkeypatch.setenv('DVNB_CACHE', str(tmp_path/'other cache'))
    there = Repo(repo.url)
    monkeypatch.chdir(tmp_path/'clone')
    plans = there.restore()
    assert work(picture('iris')) == work(picture(iris)) and [p.label for p in plans] == ['iris:2.0.0'] and 'iris:2.0.0' in repr(plans)
    git('.', 'checkout', '-q', 'HEAD~1')
    there.restore()
    assert (Path('iris')/'iris.csv').read_text() == 'sepal,petal\n5.1,0.2\n' and dirt('.') == ''
    git('.', 'checkout', '-q', 'main')
    more(Path('iris'), '1,1\n')
    refuses(lambda: there.snapshot('iris'), 'iris is', 'user.', 'git_track', error=GitError)
    assert dirt('.') == '' and there.latest('iris').ref == 'iris:3.0.0'
    there.git_track('iris', name='Eve', email='eve@example.org')
    assert out('.', 'log', '-1', '--format=%an <%ae> %cn: %s') == 'Eve <eve@example.org> Eve: iris is iris:3.0.0'

def test_a_notebook_some_folders_down_means_its_project(repo, proj, iris, monkeypatch):
    repo.git_track(iris, **ada)
    fill(proj/'nbs/deep', {'x.txt': ''})
    shutil.rmtree(iris)
    monkeypatch.chdir(proj/'nbs/deep')
    assert [p.label for p in repo.restore()] == ['iris:1.0.0'] and (iris/'iris.csv').exists()
    more(iris)
    assert repo.restore(dry_run=True)[0].write == ['iris.csv'] and repo.status(iris).files
    (iris/'img/a.bin').unlink()
    assert repo.restore(files='img/')[0].write == ['img/a.bin'] and repo.status(iris).files.modified

def test_undo_moves_the_pointer_back(repo, proj, iris):
    repo.git_track(iris, **ada)
    more(iris)
    repo.snapshot(iris)
    repo.restore('iris:1.0.0', iris)
    assert read_pointer(pointer_file(iris)).ref == 'iris:1.0.0'
    repo.undo(iris)
    assert read_pointer(pointer_file(iris)).ref == 'iris:2.0.0' and dirt(proj) == ''
    assert subjects(proj) == [f'iris is iris:{v}.0.0' for v in '2121']

def test_nothing_new_is_no_commit(repo, proj, iris):
    repo.git_track(iris, **ada)
    repo.snapshot(iris), repo.restore(target=iris), repo.git_track(iris, **ada)
    repo.restore('iris:1.0.0', proj/'elsewhere')
    assert len(subjects(proj)) == 1

# Names

names = [b'a b', b'new\nline', b'-rf', b'--', b'\xff\xfe', b'*', b'[x]', b'a?b', b'#x', b'!x', b'end ', b'back\\slash', 'é中'.encode(), b':(top)x', b':x', b'"q"', b"it's", b'cr\r', b'{a}', b'$HOME', b'x.dver', b'~', b'.hid']

@pytest.mark.parametrize('name', names, ids=ascii)
def test_any_name(proj, repo, monkeypatch, name):
    top = fill(proj/'sub dir', {})
    folder = top/os.fsdecode(name)
    fill(folder, {'a.txt': 'one'})
    fill(top/(os.fsdecode(name)+'2'), {'other.txt': 'seen by git'})
    repo.snapshot(folder, 'data')
    repo.git_track(folder, **ada)
    assert held(proj) == {b'sub dir/.gitignore', b'sub dir/'+name+b'.dver'}
    assert git(proj, 'status', '--porcelain', '-z').stdout == b'?? sub dir/'+name+b'2/\0'
    (folder/'a.txt').write_text('two')
    repo.snapshot(folder)
    git(proj, 'checkout', '-q', 'HEAD~1')
    monkeypatch.chdir(top)
    repo.restore()
    assert (folder/'a.txt').read_text() == 'one' and len(find_pointers()) == 1

def test_an_ignore_line_means_one_name():
    assert ignore_line('iris') == b'/iris\n' and ignore_line('a [1]*') == b'/a\\ \\[1]\\*\n' and ignore_line('x\ny') == b'/x?y\n'

# What git is left with

def test_what_is_staged_stays_staged_and_is_not_committed(repo, proj, iris):
    fill(proj, {'a.py': '1', 'b.py': '1', 'gone.py': '1'})
    user(proj, 'add', '.'), user(proj, 'reset', '-q', '--', 'iris'), user(proj, 'commit', '-qm', 'A')
    fill(proj, {'a.py': 'staged', 'new.py': 'staged'})
    user(proj, 'add', 'a.py', 'new.py'), user(proj, 'rm', '-q', 'gone.py')
    fill(proj, {'a.py': 'and changed since', 'b.py': 'changed'})
    was = dirt(proj).replace('?? iris/', '').strip()
    repo.git_track(iris, **ada)
    more(iris)
    repo.snapshot(iris)
    assert dirt(proj) == was and out(proj, 'show', ':a.py') == 'staged'
    assert out(proj, 'show', '--format=', '--name-only', 'HEAD') == 'iris.dver'
    assert {*out(proj, 'show', '--format=', '--name-only', 'HEAD~1').split()} == {'iris.dver', '.gitignore'}

def test_a_repo_with_no_commit_yet(repo, proj, iris):
    fill(proj, {'a.py': '1'})
    git(proj, 'add', 'a.py')
    repo.git_track(iris, **ada)
    assert held(proj) == {b'.gitignore', b'iris.dver'} and dirt(proj) == 'A  a.py'

def test_a_detached_head(repo, proj, iris):
    repo.git_track(iris, **ada)
    git(proj, 'checkout', '-q', '--detach')
    more(iris)
    repo.snapshot(iris)
    assert len(subjects(proj)) == 2 and len(out(proj, 'log', '--format=%s', 'main').splitlines()) == 1

def test_a_worktree_and_a_submodule(repo, proj, tmp_path):
    user(proj, 'commit', '-q', '--allow-empty', '-m', 'A')
    git(proj, 'worktree', 'add', '-q', tmp_path/'tree', '-b', 'side')
    git(fill(tmp_path/'lib', {}), 'init', '-q'), user(tmp_path/'lib', 'commit', '-q', '--allow-empty', '-m', 'lib')
    user(proj, 'submodule', '--quiet', 'add', tmp_path/'lib', 'lib'), user(proj, 'commit', '-qm', 'with lib')
    for top, name in (tmp_path/'tree', 'a'), (proj/'lib', 'b'):
        d = fill(top/'data', {'x.txt': name})
        repo.snapshot(d, name), repo.git_track(d, **ada)
        more_of = d/'x.txt'
        more_of.write_text('more')
        repo.snapshot(d)
        assert subjects(top)[:2] == [f'data is {name}:2.0.0', f'data is {name}:1.0.0'] and dirt(top) == ''
    assert subjects(proj) == ['with lib', 'A']

@pytest.mark.parametrize('name', ['pre-commit', 'commit-msg', 'prepare-commit-msg'])
def test_a_hook_that_fails_leaves_the_old_state(repo, proj, iris, name):
    fill(proj, {'a.py': '1'})
    git(proj, 'add', 'a.py')
    h = hook(proj, name, 'echo not on a Friday >&2; exit 1')
    was = state(proj)
    refuses(lambda: repo.git_track(iris, **ada), 'not on a Friday', error=GitError)
    assert state(proj) == was and {*os.listdir(proj)} == {'.git', '.dvnb', 'iris', 'a.py'}
    h.unlink()
    repo.git_track(iris, **ada)
    old = (proj/'iris.dver').read_bytes()
    hook(proj, name, 'echo not on a Friday >&2; exit 1')
    more(iris)
    refuses(lambda: repo.snapshot(iris), 'not on a Friday', 'iris is iris:2.0.0 now', 'dv.git_track', error=GitError)
    assert (proj/'iris.dver').read_bytes() == old and dirt(proj) == 'A  a.py'
    assert repo.latest('iris').ref == 'iris:2.0.0' and repo.status(iris).clean
    h.unlink()
    repo.git_track(iris, **ada)
    assert read_pointer(proj/'iris.dver').ref == 'iris:2.0.0' and dirt(proj) == 'A  a.py'

def test_a_commit_that_landed_is_not_taken_back(repo, proj, iris):
    repo.git_track(iris, **ada)
    more(iris)
    hook(proj, 'post-commit', 'kill -9 $PPID')
    refuses(lambda: repo.snapshot(iris), error=GitError)
    assert read_pointer(proj/'iris.dver').ref == 'iris:2.0.0' and out(proj, 'show', 'HEAD:iris.dver').splitlines()[2] == 'ref iris:2.0.0'

def test_no_identity_is_an_error_and_leaves_nothing(repo, proj, iris):
    was = state(proj)
    text = refuses(lambda: repo.git_track(iris), error=GitError)
    assert 'user.' in text and state(proj) == was and not (proj/'iris.dver').exists()
    (proj.parent/'gitconfig').write_text('[user]\nname = Grace\nemail = grace@example.org\n')
    repo.git_track(iris, email='other@example.org')
    assert out(proj, 'log', '--format=%an <%ae>') == 'Grace <other@example.org>'

def test_the_identity_is_remembered_and_may_be_forgotten(repo, proj, iris, monkeypatch):
    repo.git_track(iris, **ada)
    more(iris)
    repo.snapshot(iris)
    assert out(proj, 'log', '-1', '--format=%an') == 'Ada'
    shutil.rmtree(repo.local.root/'git')
    more(iris)
    (proj.parent/'gitconfig').write_text('[user]\nname = Grace\nemail = grace@example.org\n')
    repo.snapshot(iris)
    assert out(proj, 'log', '-1', '--format=%an') == 'Grace'

def test_within_a_hook_the_folder_decides_which_git_is_meant(repo, proj, iris, tmp_path, monkeypatch):
    git(fill(tmp_path/'lib', {}), 'init', '-q')
    for k, o in dict(DIR=tmp_path/'lib/.git', WORK_TREE=tmp_path/'lib', INDEX_FILE=tmp_path/'lib/.git/index', PREFIX='x/', GLOB_PATHSPECS=1).items(): monkeypatch.setenv(f'GIT_{k}', str(o))
    repo.git_track(iris, **ada)
    assert subjects(proj) == ['iris is iris:1.0.0']

def test_another_git_at_work_is_waited_for(repo, proj, iris):
    repo.git_track(iris, **ada)
    lock = proj/'.git/index.lock'
    lock.touch()
    threading.Timer(.5, lock.unlink).start()
    more(iris)
    repo.snapshot(iris)
    assert len(subjects(proj)) == 2 and not lock.exists()

def test_a_lock_that_stays_is_an_error_and_the_old_state(repo, proj, iris, monkeypatch):
    repo.git_track(iris, **ada)
    monkeypatch.setattr(time, 'sleep', lambda s: None)
    (proj/'.git/index.lock').touch()
    more(iris)
    refuses(lambda: repo.snapshot(iris), 'index.lock', error=GitError)
    assert read_pointer(proj/'iris.dver').ref == 'iris:1.0.0'

# Git is optional

def test_without_git_git_track_says_so_and_the_rest_goes_on(repo, proj, iris, monkeypatch):
    other = fill(proj/'other', {'a.txt': 'a'})
    repo.snapshot(other)
    repo.git_track(iris, **ada)
    monkeypatch.setenv('PATH', '/nowhere')
    refuses(lambda: repo.git_track(other), 'no git on this machine', error=GitError)
    assert not (proj/'other.dver').exists()
    more(iris)
    repo.policy('iris', append='major')  # so that nothing is hinted at
    v = repo.snapshot(iris)
    assert v.ref == 'iris:2.0.0' and not any('git' in o for o in v.notes) and read_pointer(proj/'iris.dver').ref == 'iris:2.0.0'

def test_outside_a_work_tree(tmp_path):
    repo, d = Repo.init(tmp_path/'out/.dvnb'), fill(tmp_path/'out/data', {'a.txt': 'a'})
    refuses(lambda: repo.git_track(d), 'stems from no version', error=RefError)
    repo.snapshot(d)
    refuses(lambda: repo.git_track(d), 'in no git work tree', error=GitError)
    git(tmp_path/'out', 'init', '-q'), repo.git_track(d, **ada)
    shutil.rmtree(tmp_path/'out/.git')
    (d/'a.txt').write_text('b')
    assert repo.snapshot(d).notes == [] and read_pointer(tmp_path/'out/data.dver').ref == 'data:2.0.0'

def test_a_folder_that_nobody_tracks_never_asks_git(repo, proj, iris, monkeypatch):
    monkeypatch.setattr(dvnb.gitpointer, 'git', lambda *a, **k: pytest.fail('git was asked'))
    more(iris)
    repo.snapshot(iris), repo.restore('iris:1.0.0', iris), repo.undo(iris)

# .gitignore

def test_data_are_kept_out_of_git(repo, proj, iris):
    (proj/'.gitignore').write_text('*.pyc')
    user(proj, 'add', '.gitignore'), user(proj, 'commit', '-qm', 'A')
    repo.git_track(iris, **ada)
    git(proj, 'add', '.')
    assert (proj/'.gitignore').read_text() == '*.pyc\n/iris\n' and dirt(proj) == ''

def test_a_gitignore_with_changes_of_ones_own_is_refused(repo, proj, iris):
    (proj/'.gitignore').write_text('secret\n')
    refuses(lambda: repo.git_track(iris, **ada), '.gitignore', 'not committed', error=GitError)
    assert not (proj/'iris.dver').exists()
    repo.git_track(iris, no_gitignore=True, **ada)
    assert held(proj) == {b'iris.dver'} and (proj/'.gitignore').read_text() == 'secret\n'

def test_a_folder_that_git_ignores_already(repo, proj, iris):
    (proj/'.gitignore').write_text('iris*\n')
    user(proj, 'add', '.gitignore'), user(proj, 'commit', '-qm', 'A')
    repo.git_track(iris, **ada)
    assert out(proj, 'show', '--format=', '--name-only') == 'iris.dver'

def test_data_that_are_in_git_already_are_refused(repo, proj, iris):
    user(proj, 'add', 'iris'), user(proj, 'commit', '-qm', 'A')
    refuses(lambda: repo.git_track(iris, **ada), 'holds 2 files of iris', 'git rm -r --cached', error=GitError)
    git(proj, 'rm', '-rq', '--cached', 'iris')
    repo.git_track(iris, **ada)
    assert repo.status(iris).clean

# Pointers that cannot be obeyed

def test_a_pointer_of_another_repo_names_both(repo, proj, iris, tmp_path, monkeypatch):
    repo.git_track(iris, **ada)
    other = Repo.init(tmp_path/'other')
    monkeypatch.chdir(proj)
    refuses(other.restore, repo.store.id, other.store.id, 'iris.dver', error=PointerError)
    old = (proj/'iris.dver').read_bytes()
    v = other.snapshot(iris, 'iris')
    assert any('was left as it is' in n and repo.store.id in n for n in v.notes) and (proj/'iris.dver').read_bytes() == old
    other.git_track(iris, **ada)
    assert read_pointer(proj/'iris.dver').repo == other.store.id and dirt(proj) == ''

def test_a_merge_conflict(repo, proj, iris, monkeypatch):
    repo.git_track(iris, **ada)
    git(proj, 'checkout', '-qb', 'side')
    more(iris), repo.snapshot(iris)
    git(proj, 'checkout', '-q', 'main')
    repo.restore(target=iris)
    more(iris, '9,9\n'), repo.snapshot(iris)
    git(proj, '-c', 'user.name=B', '-c', 'user.email=b@x', 'merge', '-q', 'side', ok=(1,))
    monkeypatch.chdir(proj)
    refuses(repo.restore, 'iris.dver is in conflict', 'iris:2.0.0', 'iris:3.0.0', 'git checkout --ours', error=PointerError)
    more(iris)
    refuses(lambda: repo.snapshot(iris), 'is in conflict', 'iris:4.0.0 now', error=GitError)
    git(proj, 'checkout', '--theirs', '--', 'iris.dver'), user(proj, 'add', 'iris.dver'), user(proj, 'commit', '-qm', 'merged')
    repo.restore()
    assert (iris/'iris.csv').read_text() == 'sepal,petal\n5.1,0.2\n7.0,1.4\n' and dirt(proj) == ''

def test_a_merge_under_way_is_not_cut_in_two(repo, proj, iris):
    repo.git_track(iris, **ada)
    git(proj, 'checkout', '-qb', 'side'), fill(proj, {'a.py': 'side'}), user(proj, 'add', 'a.py'), user(proj, 'commit', '-qm', 'side')
    git(proj, 'checkout', '-q', 'main'), fill(proj, {'a.py': 'main'}), user(proj, 'add', 'a.py'), user(proj, 'commit', '-qm', 'main')
    git(proj, '-c', 'user.name=B', '-c', 'user.email=b@x', 'merge', '-q', 'side', ok=(1,))
    more(iris)
    refuses(lambda: repo.snapshot(iris), 'merge', error=GitError)
    assert read_pointer(proj/'iris.dver').ref == 'iris:1.0.0' and (proj/'.git/MERGE_HEAD').exists()

def test_the_digest_proves_the_version(repo, proj, iris, monkeypatch):
    p = repo.git_track(iris, **ada)
    monkeypatch.chdir(proj)
    for old, new, words in [(p.digest, 'ab'*32, 'digest abababababab'), (b'iris:1.0.0', b'iris:7.0.0', 'iris:7.0.0'), (b'iris:1', b'pets:1', 'no dataset pets')]:
        old, new = (o if isinstance(o, bytes) else o.encode() for o in (old, new))
        (proj/'iris.dver').write_bytes(bytes(p).replace(old, new))
        refuses(repo.restore, 'iris.dver', words, error=PointerError)

def test_no_pointer_is_understood_unless_all_are(repo, proj, iris, monkeypatch):
    repo.git_track(iris, **ada)
    fill(proj, {'z/broken.dver': 'dvnb pointer 1\n'})
    more(iris)
    was = picture(iris)
    monkeypatch.chdir(proj)
    refuses(repo.restore, 'broken.dver', error=PointerError)
    assert picture(iris) == was

def test_without_any_pointer(repo, proj, iris, monkeypatch):
    monkeypatch.chdir(proj)
    refuses(repo.restore, 'restore what?', '*.dver', error=RefError)

good = bytes(Pointer('x.dver', '0c5f8e6d7a1b2c3d', 'digits/größe:2.0.0', '3f'*32))

def test_the_format_byte_by_byte():
    assert good == 'dvnb pointer 1\nrepo 0c5f8e6d7a1b2c3d\nref digits/größe:2.0.0\ndigest '.encode()+b'3f'*32+b'\n'
    assert parse_pointer(good, 'x.dver') == parse_pointer(good.replace(b'\n', b'\r\n'), 'x.dver')

bad = [b'', good[:-1], good+b'\n', b'\n'+good, b'\xef\xbb\xbf'+good, good.replace(b'repo ', b'repo  '), good.replace(b'3f'*32, b'3F'*32), good.replace(b':2.0.0', b':2.*.*'), good.replace(b':2.0.0', b'@paper'),
    good.replace(b':2.0.0', b':2.0.0/k=1'), good.replace(b'digits', b'Digits'), good.replace(b'repo 0c5f8e6d7a1b2c3d', b'repo ../x'), good+good, good.replace(b'digest', b'ref a:1.0.0\ndigest'), good.replace(b'\n', b'\r'), b'\x00'*200]

@pytest.mark.parametrize('data', bad, ids=range(len(bad)))
def test_what_is_no_pointer_is_not_guessed_at(data): refuses(lambda: parse_pointer(data, 'x.dver'), 'x.dver', error=PointerError)

def test_every_cut_and_every_later_format_is_noticed():
    for i in range(len(good)): refuses(lambda: parse_pointer(good[:i], 'x.dver'), error=PointerError)
    refuses(lambda: parse_pointer(good.replace(b'pointer 1', b'pointer 2'), 'x.dver'), 'pip install -U', error=PointerError)

def test_files_and_links_in_the_way(repo, proj, iris, tmp_path):
    repo.snapshot(fill(proj, {'a.csv': 'x\n1\n'})/'a.csv')
    refuses(lambda: repo.git_track(proj/'a.csv', **ada), 'is a file', error=GitError)
    (proj/'iris.dver').mkdir()
    refuses(lambda: repo.git_track(iris, **ada), 'move it away', error=GitError)

def test_a_folder_behind_a_link_has_its_pointer_beside_the_link(repo, proj, tmp_path):
    big = fill(tmp_path/'big disk', {'a.txt': 'one'})
    (proj/'data').symlink_to(big)
    repo.snapshot(proj/'data', 'data'), repo.git_track(proj/'data', **ada)
    assert held(proj) == {b'.gitignore', b'data.dver'} and dirt(proj) == ''
    (big/'a.txt').write_text('two')
    repo.snapshot(big)
    assert subjects(proj) == ['data is data:2.0.0', 'data is data:1.0.0']
    git(proj, 'checkout', '-q', 'HEAD~1')
    repo.restore(target=proj/'data')
    assert (big/'a.txt').read_text() == 'one' and (proj/'data').is_symlink()

def test_a_gitignore_without_a_last_line_end_and_one_that_is_a_link(repo, proj, iris):
    d = fill(proj/'deep/data', {'a.txt': 'a'})
    repo.snapshot(d)
    (proj/'deep/.gitignore').write_bytes(b'x\\')
    user(proj, 'add', '-f', 'deep/.gitignore'), user(proj, 'commit', '-qm', 'A')
    repo.git_track(d, **ada)
    assert (proj/'deep/.gitignore').read_bytes() == b'x\\\n/data\n' and 'data' not in dirt(proj)
    (proj/'.gitignore').symlink_to('deep/.gitignore')
    refuses(lambda: repo.git_track(iris, **ada), 'no plain file', error=GitError)

def test_a_line_that_does_not_keep_the_data_out_is_noticed(repo, proj, iris, monkeypatch):
    monkeypatch.setattr(dvnb.gitpointer, 'ignore_line', lambda name: b'/something else\n')
    was = state(proj)
    refuses(lambda: repo.git_track(iris, **ada), 'would still see', error=GitError)
    assert state(proj) == was and not (proj/'.gitignore').exists()
