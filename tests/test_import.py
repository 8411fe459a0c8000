"Versions made elsewhere: folders of TensorFlow Datasets, and copies made by hand"
import json, subprocess, sys
from hard import *
import dvnb.datedfolders, dvnb.tfdsimport
from dvnb.adopt import AdoptError

data = root/'tests'/'data'

def unpack(fmt, folder):
    shutil.unpack_archive(data/f'tfds_{fmt}.tgz', folder)
    return folder

@pytest.fixture
def tfds(tmp_path):
    pytest.importorskip('google.protobuf')
    return unpack('parquet', tmp_path/'tfds')

def objects_in(repo): return [(o.key, o.size) for o in repo.store.objs.list('')]

def unchanged(repo, f):
    "`f()`, which must leave the repo as it is"
    was = objects_in(repo)
    out = f()
    assert objects_in(repo) == was
    return out

# TensorFlow Datasets

expected = ['plain:1.0.0', 'tiny_flowers/small:1.0.0', 'tiny_flowers/small:1.1.0', 'tiny_flowers/small:2.0.0']

@pytest.mark.parametrize('fmt', ['parquet', 'array_record'])
def test_all_versions_of_tfds(repo, tmp_path, fmt):
    pytest.importorskip('google.protobuf')
    if fmt == 'array_record': pytest.importorskip('array_record')
    src = unpack(fmt, tmp_path/'tfds')
    was = picture(src)
    got = repo.import_tfds(src)
    assert [v.ref for v in got] == expected and not got.skipped
    assert [v.level for v in got] == ['NONE', 'NONE', 'MINOR', 'MAJOR']
    df = repo.read('tiny_flowers/small:2.0.0', split='train').sort_values('id', ascending=False, ignore_index=True)
    assert df['id'].tolist() == [0, -1, -2, -3, -4, -5] and df['name'][1] == 'flöwer 1'
    assert df['petal'].tolist() == [np.float32(x) for x in (0, 1.5, 3.1, 4.5, 6, 7.5)] and str(df['petal'].dtype) == 'float32'
    assert df['ok'].tolist() == [True, False]*3 and df['u'].tolist() == [5, 6, 7, 8, 9, 10]
    assert [list(o) for o in df['seq']] == [list(range(i)) for i in range(6)] and [list(o) for o in df['box']] == [[i, i+1, i+2] for i in range(6)]
    assert all(o.startswith(b'\x89PNG') for o in df['img'])
    v = repo.load('tiny_flowers/small:1.1.0')
    assert v.message == 'a third class is named' and v.imported['tfds']['citation'] == '@misc{flowers}'
    says = repo.catalog.revised('tiny_flowers/small', 'about')[1]
    assert says == dict(description='Flowers measured', citation='@misc{flowers}', license='CC0', source='https://example.org/flowers')
    assert repo.catalog.revised('tiny_flowers', 'default')[1] == {'config': 'small'}
    again_ = unchanged(repo, lambda: again(repo).import_tfds(src))
    assert not again_ and [v.ref for v in again_.held] == expected
    assert picture(src) == was
    is_sound(repo.url, {}, tmp_path)

def test_one_version_has_one_digest_whatever_holds_its_records(tmp_path):
    pytest.importorskip('google.protobuf')
    pytest.importorskip('array_record')
    frames = []
    for fmt in 'parquet', 'array_record':
        repo = Repo.init(tmp_path/f'r{fmt}')
        frames.append([v.frames for v in repo.import_tfds(unpack(fmt, tmp_path/fmt))])
    assert frames[0] == frames[1]

def test_the_same_records_in_another_format_are_the_same_versions(tfds, tmp_path, repo):
    pytest.importorskip('array_record')
    repo.import_tfds(tfds)
    other = repo.import_tfds(unpack('array_record', tmp_path/'other'))
    assert not other and len(other.held) == len(expected)

@pytest.mark.slow
@pytest.mark.parametrize('fmt', ['parquet', 'array_record'])
def test_what_tfds_makes_today(repo, tmp_path, fmt):
    pytest.importorskip('tensorflow_datasets')
    subprocess.run([sys.executable, data/'make_tfds.py', fmt, tmp_path/'d'], check=True, capture_output=True)
    got = repo.import_tfds(tmp_path/'d')
    assert {*expected} < {v.ref for v in got} and not got.skipped

def edit(file, **changes): file.write_text(json.dumps(json.loads(file.read_text()) | changes))

def test_class_names_decide_the_level(tfds, repo):
    one, two = (tfds/'tiny_flowers'/'small'/v for v in ('1.0.0', '1.1.0'))
    shutil.rmtree(tfds/'plain')
    shutil.rmtree(tfds/'tiny_flowers'/'small'/'2.0.0')
    (two/'label.labels.txt').write_text('iris setosa\nversicolor\nvirginica\n')
    v = repo.import_tfds(tfds)[-1]
    assert v.level == 'MAJOR' and 'setosa -> iris setosa' in v.reasons[0] and v.forced

def without(d, name):
    (d/name).unlink()

def half_made(d): without(d, 'tiny_flowers-test.parquet-00000-of-00001')
def no_info(d): without(d, 'dataset_info.json')
def cut_json(d): (d/'dataset_info.json').write_text('{"name": "tiny_')
def odd_json(d): (d/'dataset_info.json').write_text('[1]')
def other_dataset(d): edit(d/'dataset_info.json', name='other')
def odd_format(d):
    edit(d/'dataset_info.json', fileFormat='zarr')
    for f in d.glob('*.parquet-*'): f.rename(d/f.name.replace('.parquet-', '.zarr-'))
def no_format(d): edit(d/'dataset_info.json', fileFormat=['parquet'])
def odd_splits(d): edit(d/'dataset_info.json', splits=[{'name': 'train', 'shardLengths': ['many']}])
def evil_split(d): edit(d/'dataset_info.json', splits=[{'name': '../../x', 'shardLengths': ['6'], 'numBytes': '1'}])
def wrong_count(d): edit(d/'dataset_info.json', splits=[{'name': 'train', 'shardLengths': ['7'], 'numBytes': '1'}])
def no_parquet(d): (d/'tiny_flowers-train.parquet-00000-of-00001').write_bytes(b'PAR1'+bytes(100)+b'PAR1')

def rewrite(d, change):
    import pyarrow.parquet as pq
    file = d/'tiny_flowers-train.parquet-00000-of-00001'
    pq.write_table(change(pq.read_table(file)), file)

def no_example(d): rewrite(d, lambda t: pyarrow.table({'data': [b'\x0a\xff\xff\xff']*6}))
def lacks_feature(d): rewrite(d, lambda t: pyarrow.table({'data': [b'']*6}))
def other_columns(d): rewrite(d, lambda t: pyarrow.table({'x': [1]*6}))
def no_text(d): (d/'label.labels.txt').write_bytes(b'\xff\xfe\xfa')
def odd_notes(d): edit(d/'dataset_info.json', releaseNotes=['first'])
def null_record(d): rewrite(d, lambda t: pyarrow.table({'data': pyarrow.array([None]*6, pyarrow.binary())}))
def number_record(d): rewrite(d, lambda t: pyarrow.table({'data': [1]*6}))

bad = [no_text, odd_notes, null_record, number_record, half_made, no_info, cut_json, odd_json, other_dataset, odd_format, no_format, odd_splits, evil_split, wrong_count, no_parquet, no_example, lacks_feature, other_columns]

@pytest.mark.parametrize('spoil', bad, ids=lambda f: f.__name__)
def test_a_version_that_cannot_be_read_is_named_and_left_out(tfds, repo, spoil, tmp_path):
    spoil(tfds/'tiny_flowers'/'small'/'1.1.0')
    (tfds/'tiny_flowers'/'small'/'incomplete.AB12CD_3.0.0').mkdir()
    got = repo.import_tfds(tfds)
    assert {*got.skipped} == {'tiny_flowers/small/1.1.0', 'tiny_flowers/small/incomplete.AB12CD_3.0.0'}
    assert [v.ref for v in got] == [o for o in expected if '1.1.0' not in o]
    assert all('\n' not in why and len(why) < 300 for why in got.skipped.values())
    assert str(tfds/'tiny_flowers') not in repr(got.skipped)
    is_sound(repo.url, {}, tmp_path)
    shutil.rmtree(tfds)
    unpack('parquet', tfds)
    assert [v.ref for v in repo.import_tfds(tfds)] == ['tiny_flowers/small:1.1.0']

def test_what_is_no_table_is_kept_as_files(tfds, repo, tmp_path):
    for d in sorted((tfds/'tiny_flowers'/'small').iterdir()): edit(d/'dataset_info.json', fileFormat='tfrecord')
    for d in sorted((tfds/'tiny_flowers'/'small').iterdir()):
        for f in d.glob('*.parquet-*'): f.rename(d/f.name.replace('.parquet-', '.tfrecord-'))
    got = repo.import_tfds(tfds)
    assert [v.kind for v in got] == ['frames', 'folder', 'folder', 'folder']
    assert 'tfrecord is not decoded' in got[1].notes[-1]
    made = {v.ref: picture(tfds/'tiny_flowers'/'small'/str(v.version)) for v in got[1:]}
    is_sound(repo.url, made, tmp_path)
    assert not unchanged(repo, lambda: again(repo).import_tfds(tfds))

def test_features_that_no_table_shows(tfds, repo):
    d = tfds/'plain'/'1.0.0'
    said = json.loads((d/'features.json').read_text())
    said['featuresDict']['features']['x'] = {'video': {}}
    (d/'features.json').write_text(json.dumps(said))
    v = repo.import_tfds(tfds)[0]
    assert v.kind == 'folder' and 'feature x: video is no plain value' in v.notes[-1]

def test_two_folders_that_mean_one_dataset_are_not_mixed(tfds, repo):
    "TFDS writes snake_case only; a folder renamed by hand, and its files with it"
    d = tfds/'TinyFlowers'/'small'/'1.5.0'
    shutil.copytree(tfds/'tiny_flowers'/'small'/'1.0.0', d)
    for p in d.glob('tiny_flowers-*'): p.rename(d/p.name.replace('tiny_flowers', 'TinyFlowers'))
    edit(d/'dataset_info.json', name='TinyFlowers', version='1.5.0')
    got = repo.import_tfds(tfds)
    assert [v.ref for v in got] == expected and {*got.skipped} == {'TinyFlowers'} and 'so does tiny_flowers, which is taken' in got.skipped['TinyFlowers']
    shutil.rmtree(tfds/'tiny_flowers')
    assert [v.ref for v in Repo.init(tfds.parent/'o').import_tfds(tfds)] == ['tiny_flowers/small:1.5.0', 'plain:1.0.0'], 'alone it is taken'

def test_no_data_dir(repo, tmp_path):
    for d in tmp_path/'none', fill(tmp_path/'empty', {}), fill(tmp_path/'other', {'a/1.0.0.txt': 'x', 'b/c': 'y'}):
        unchanged(repo, lambda: refuses(lambda: repo.import_tfds(d), 'data_dir' if d.name == 'none' else 'holds no dataset of TFDS', error=AdoptError))

def test_inside_of_a_data_dir_says_so(tfds, repo):
    unchanged(repo, lambda: refuses(lambda: repo.import_tfds(tfds/'plain'), 'lies inside one', error=AdoptError))

def test_without_its_reader_nothing_is_taken_in(tmp_path, repo, monkeypatch):
    "As files on one machine and as tables on the next, one number would mean two things"
    src = unpack('array_record', tmp_path/'tfds')
    monkeypatch.setitem(sys.modules, 'array_record.python.array_record_module', None)
    monkeypatch.setitem(sys.modules, 'array_record', None)
    unchanged(repo, lambda: refuses(lambda: repo.import_tfds(src), "pip install 'dvnb[tfds]'", error=AdoptError))

def test_a_forgotten_version_stays_forgotten(tfds, repo):
    repo.import_tfds(tfds)
    repo.forget('tiny_flowers/small:1.1.0')
    got = repo.import_tfds(tfds)
    assert not got and 'was forgotten' in got.skipped['tiny_flowers/small/1.1.0']

def test_large_splits_keep_their_shards(tfds, repo, monkeypatch):
    monkeypatch.setattr(dvnb.tfdsimport, 'WHOLE_SPLIT', 0)
    got = repo.import_tfds(tfds)
    assert [*got[-1].frames] == ['train-00000-of-00001.parquet', 'test-00000-of-00001.parquet']
    assert [v.level for v in got] == ['NONE', 'NONE', 'MINOR', 'MAJOR']

def interrupted(f, module, name, nth):
    "Call `f()`, and be interrupted at the `nth` call of `module.name`"
    real, calls = getattr(module, name), []
    def stop(*args, **kw):
        calls.append(0)
        if len(calls) == nth: raise KeyboardInterrupt
        return real(*args, **kw)
    with pytest.MonkeyPatch.context() as m:
        m.setattr(module, name, stop)
        with pytest.raises(KeyboardInterrupt): f()

@pytest.mark.parametrize('nth', [1, 3, 6])
def test_an_interrupted_import_is_finished_by_doing_it_again(tfds, repo, tmp_path, nth):
    interrupted(lambda: repo.import_tfds(tfds), dvnb.tfdsimport, 'write_table', nth)
    is_sound(repo.url, {}, tmp_path)
    repo.import_tfds(tfds)
    assert sorted(v.ref for v in again(repo).log()) == sorted(expected)
    is_sound(repo.url, {}, tmp_path)

# Copies made by hand

def stamp(day, rest=''): return f'version_202101{day:02d}_120000{rest}'

@pytest.fixture
def top(tmp_path): return fill(tmp_path/'flowers', {f'{stamp(1)}/rose/{i}.txt': f'{i}'*100 for i in range(9)})

def copy(top, old, new, **changes):
    shutil.copytree(top/old, top/new)
    fill(top/new, {k.replace('__', '/'): v for k, v in changes.items()})

def test_each_folder_is_found_by_its_name(top, repo, tmp_path):
    copy(top, stamp(1), stamp(2), rose__10='new')
    copy(top, stamp(2), stamp(3))
    copy(top, stamp(1), stamp(4))
    fill(top, {'readme.txt': 'x', '.git/config': 'y', 'version_20219999_120000/a': 'no such day', 'version_20210105_120000': 'a file'})
    was = picture(top)
    got = repo.import_folders(top)
    assert [v.ref for v in got] == ['flowers:1.0.0', 'flowers:2.0.0', 'flowers:3.0.0'] and len(got.held) == 1
    assert 'left alone: readme.txt, version_20210105_120000, version_20219999_120000' in got.notes
    for d in range(1, 5): assert contents(picture(repo.path(f'flowers@{stamp(d)}'))) == contents(picture(top/stamp(d))), d
    assert [f'{v.created:version_%Y%m%d_%H%M%S}' for v in got] == [stamp(1), stamp(2), stamp(4)]
    assert not unchanged(repo, lambda: again(repo).import_folders(top))
    assert picture(top) == was
    assert not repo.local.folders()
    copy(top, stamp(4), stamp(5, '.5'), notes__x='later')
    assert [v.ref for v in repo.import_folders(top)] == ['flowers:4.0.0']
    is_sound(repo.url, {}, tmp_path)

def test_two_in_one_second(top, repo):
    for i, rest in enumerate(('_2', '_10', ' (copy)')): copy(top, stamp(1), stamp(1, rest), rose__a=str(i))
    copy(top, stamp(1), stamp(1, '_3'))
    got = repo.import_folders(top)
    order = [v.message for v in got]
    assert order == [stamp(1), stamp(1, ' (copy)'), stamp(1, '_2'), stamp(1, '_3'), stamp(1, '_10')]
    for name in stamp(1), stamp(1, '_2'), stamp(1, '_3'), stamp(1, '_10'): assert contents(picture(repo.path(f'flowers@{name}'))) == contents(picture(top/name)), name
    assert not unchanged(repo, lambda: again(repo).import_folders(top))

def test_the_first_of_two_in_one_second_that_brings_nothing_new(top, repo):
    copy(top, stamp(1), stamp(2))
    copy(top, stamp(1), stamp(2, '_2'), rose__a='other')
    repo.import_folders(top)
    for name in stamp(1), stamp(2), stamp(2, '_2'): assert contents(picture(repo.path(f'flowers@{name}'))) == contents(picture(top/name)), name
    assert not unchanged(repo, lambda: again(repo).import_folders(top))

def test_half_copies_are_kept_and_withdrawn(top, repo):
    copy(top, stamp(1), stamp(3), rose__new='n')
    fill(top, {f'{stamp(2)}/rose/0.txt': '0'*100, f'{stamp(2)}/rose/1.txt': '1'*40})
    got = repo.import_folders(top)
    half = repo.load('flowers:2.0.0')
    assert half.yanked and half.message == stamp(2)
    assert contents(picture(repo.path(half))) == contents(picture(top/stamp(2)))
    assert [v.parent for v in got] == [None, 'flowers:1.0.0', 'flowers:1.0.0']
    assert repo.load('flowers').message == stamp(3)
    repo.yank(half, undo=True)
    assert not unchanged(repo, lambda: again(repo).import_folders(top))
    assert not again(repo).load('flowers:2.0.0').yanked

def test_files_that_were_really_deleted_are_no_half_copy(top, repo):
    copy(top, stamp(1), stamp(2))
    (top/stamp(2)/'rose'/'0.txt').unlink()
    copy(top, stamp(2), stamp(3), rose__new='n')
    assert not [v for v in repo.import_folders(top) if v.yanked]

def test_a_last_folder_that_is_half_is_said_and_kept(top, repo):
    fill(top, {f'{stamp(2)}/rose/0.txt': '0'*100})
    v = repo.import_folders(top)[-1]
    assert not v.yanked and 'half a copy?' in v.notes[-1]

def test_what_is_not_taken_in_is_named(top, repo):
    (top/stamp(2)).mkdir()
    copy(top, stamp(1), stamp(4), rose__a='4')
    got = repo.import_folders(top)
    assert got.skipped == {stamp(2): 'it holds no file'}
    fill(top/stamp(4), {'rose/a': 'edited'})
    copy(top, stamp(1), stamp(3), rose__b='late')
    got = unchanged(repo, lambda: again(repo).import_folders(top))
    assert 'it was changed since' in got.skipped[stamp(4)] and 'older than' in got.skipped[stamp(3)]
    repo.tag('flowers:1.0.0', 'first')
    repo.forget('flowers:2.0.0')
    assert 'forgotten' in again(repo).import_folders(top).skipped[stamp(4)]

def test_times_that_a_copy_lost(top, repo, tmp_path):
    for p in (top/stamp(1)/'rose').iterdir(): os.utime(p, (1_600_000_000, 1_600_000_000))
    shutil.copytree(top/stamp(1), top/stamp(2), copy_function=shutil.copyfile)
    fill(top/stamp(2), {'rose/new': 'x'})
    repo.import_folders(top)
    repo.restore('flowers:2.0.0', tmp_path/'out')
    times = {p.name: p.stat().st_mtime for p in (tmp_path/'out'/'rose').iterdir()}
    assert {v for k, v in times.items() if k != 'new'} == {1_600_000_000}
    assert times['new'] == repo.load('flowers:2.0.0').created.timestamp()

def test_no_dated_folder(repo, tmp_path):
    for d, word in (tmp_path/'none', 'is no folder'), (fill(tmp_path/'empty', {}), 'holds no folder named'), (fill(tmp_path/'deep', {f'a/{stamp(1)}/x': '1'}), 'a in it does'):
        unchanged(repo, lambda: refuses(lambda: repo.import_folders(d), word, error=AdoptError))

def test_another_folder_whose_name_makes_the_same_dataset_is_refused(top, repo, tmp_path):
    repo.import_folders(top)
    other = fill(tmp_path/'Flowers', {f'{stamp(9)}/tulip/1': 'another dataset'})
    said = unchanged(repo, lambda: refuses(lambda: repo.import_folders(other), 'flowers holds versions that were not made of', 'name this one'))
    assert "'NAME'" in said
    assert [v.ref for v in repo.import_folders(other, 'tulips')] == ['tulips:1.0.0']
    assert [v.ref for v in repo.import_folders(other, 'flowers')] == ['flowers:2.0.0'], 'said, it follows'
    copy(top, stamp(1), stamp(10), rose__a='ours')
    assert [v.ref for v in repo.import_folders(top)] == ['flowers:3.0.0']

def test_names_with_every_byte(top, repo, tmp_path):
    (top/stamp(2)).mkdir()
    for name in b'\xff\xfe', 'ü\n'.encode(), b'a"<b>': open(os.path.join(os.fsencode(top/stamp(2)), name), 'wb').close()
    v = repo.import_folders(top)[-1]
    assert contents(picture(repo.path(v))) == contents(picture(top/stamp(2)))

@pytest.mark.parametrize('nth', [1, 2, 3])
def test_an_interrupted_row_is_finished_by_doing_it_again(top, repo, tmp_path, nth):
    for d in 2, 3: copy(top, stamp(d-1), stamp(d), **{f'rose__{d}': 'x'})
    interrupted(lambda: repo.import_folders(top), dvnb.datedfolders, 'older_times', nth)
    is_sound(repo.url, {}, tmp_path)
    repo.import_folders(top)
    assert [v.message for v in reversed(again(repo).log())] == [stamp(1), stamp(2), stamp(3)]

# What a cell shows

def test_an_import_shows_its_versions_and_says_where_it_made_a_repo(tmp_path, monkeypatch):
    import dvnb as dv
    monkeypatch.setattr('dvnb.inuse.session', {})
    monkeypatch.delenv('DVNB_REPO', raising=False)
    monkeypatch.chdir(tmp_path)
    (old := tmp_path/'copies'/'version_20211231_120000').mkdir(parents=True)
    (old/'a.csv').write_text('x\n<b>\n')
    (tmp_path/'copies'/'notes').mkdir()
    got = dv.import_folders('copies')
    assert got.notes[0].startswith('made a repo in ') and 'left alone: notes' in got.notes[1]
    page = got._repr_html_()
    assert all(o in page for o in ('copies:1.0.0', '2021-12-31 12:00', 'made a repo in', 'left alone: notes'))
    assert 'Nothing new in' in dv.import_folders('copies')._repr_html_()
