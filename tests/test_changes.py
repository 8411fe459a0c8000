"What a diff of datasets says about what is inside files: pairs of any kind, bad input, leaks, and what is kept"
import json, os
import pandas as pd, pytest
from hard import *
import dvnb as dv
from dvnb import tableopen
from dvnb.changes import diff_trees
from dvnb.chunk import DvnbError
from dvnb.repo import as_tree
from dvnb.scan import ScanError
from dvnb.policies import Policy
from dvnb.verdict import Level

iris = pd.DataFrame({'id': range(150), 'width': [.2]*150, 'species': ['setosa']*50+['versicolor']*50+['virginica']*50})
fixed = iris.assign(width=[.1 if i == 34 else .2 for i in range(150)])

def diff(old, new, policy=Policy()): return diff_trees(as_tree(old), as_tree(new), policy)
def kinds(d): return {c.kind: c.n for c in d.facts()}

def as_file(df, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    getattr(df, {'.csv': 'to_csv', '.parquet': 'to_parquet', '.json': 'to_json'}[path.suffix])(path, **{'orient': 'records'} if path.suffix == '.json' else {'index': False})
    return path

@pytest.mark.parametrize('old', ['frame', '.csv', '.parquet', '.json'])
@pytest.mark.parametrize('new', ['frame', '.csv', '.parquet', '.json'])
def test_a_table_is_compared_with_a_table_whatever_holds_it(old, new, tmp_path):
    a, b = (df if kind == 'frame' else as_file(df, tmp_path/f'{side}{kind}') for df, kind, side in ((iris, old, 'old'), (fixed, new, 'new')))
    d = diff(a, b)
    assert kinds(d) == {'cells_changed': 1}
    t = d.tables[next(iter(d.tables))]
    assert t.cells(5)[['id', 'column', 'old', 'new']].values.tolist() == [[34, 'width', .2, .1]]
    assert d.level == Level.MAJOR and 'width' in str(d)

@pytest.mark.parametrize('kind', ['.csv', '.parquet', '.json'])
def test_another_format_of_the_same_table(kind, tmp_path):
    d = diff(as_file(iris, tmp_path/'old/iris.csv').parent, as_file(iris, tmp_path/f'new/iris{kind}').parent)
    assert (kinds(d), d.level) == (({'table_recoded': 1}, Level.PATCH) if kind != '.csv' else ({'file_touched': 1}, Level.NONE))

def test_versions_and_folders(repo, tmp_path):
    src = as_file(iris, tmp_path/'iris/iris.csv').parent
    one = repo.snapshot(src)
    as_file(fixed, src/'iris.csv')
    assert kinds(repo.diff(one, src)) == kinds(repo.status(src)) == {'cells_changed': 1}
    two = repo.snapshot(src)
    assert (two.ref, two.level) == ('iris:2.0.0', 'MAJOR') and 'row' in two.reasons[0] and '34' in two.reasons[0]
    assert kinds(repo.diff(one, two)) == {'cells_changed': 1} and repo.diff(one, two) is repo.diff(one, two)
    assert kinds(repo.diff(one, iris)) == {'split_renamed': 1, 'table_recoded': 1}
    as_file(iris.assign(wild=True), src/'iris.csv')
    assert repo.status(src).tables['iris.csv'].columns.added == ['wild']

def test_a_snapshot_is_judged_by_rows_and_columns(repo, tmp_path):
    src = as_file(iris, tmp_path/'iris/iris.csv').parent
    repo.snapshot(src)
    as_file(iris.assign(wild=True), src/'iris.csv')
    assert repo.snapshot(src).ref == 'iris:1.1.0'
    os.remove(src/'iris.csv')
    as_file(iris.assign(wild=True), src/'iris.parquet')
    assert repo.snapshot(src).ref == 'iris:1.1.1'
    as_file(pd.concat([iris, iris[:1].assign(id=150)]).assign(wild=True), src/'iris.parquet')
    repo.policy('iris', append='minor')
    v = repo.snapshot(src)
    assert v.ref == 'iris:1.2.0' and "append='minor'" in v.reasons[0]

def test_types_of_text_stay_those_of_the_version(repo, tmp_path):
    src = fill(tmp_path/'d', {'t.csv': 'id,code\n1,10\n2,11\n3,12\n'})
    repo.snapshot(src)
    fill(src, {'t.csv': 'id,code\n1,10\n2,11\n3,013\n'})
    d = repo.status(src)
    assert 'type_changed' in kinds(d) and [o[0] for o in d.tables['t.csv'].columns.retyped] == ['code']
    fill(src, {'t.csv': 'id,code\n1,10\n2,11\n3,13\n'})
    v = repo.snapshot(src)
    assert v.record['schemas']['t.csv']['columns']['code'] == 'int64'

bad = {'ragged': ('a,b\n1,2\n3,4,5\n', 'line 3'), 'empty': ('', ''), 'twice': ('a,a\n1,2\n', "'a'"), 'latin': (b'a,b\ncaf\xe9,1\n', '')}

@pytest.mark.parametrize('what', bad)
def test_a_file_that_cannot_be_read_is_a_note(what, tmp_path):
    data, said = bad[what]
    src = fill(tmp_path/'old', {'x.csv': 'a,b\n1,2\n', 'good.csv': 'a\n1\n'})
    new = fill(tmp_path/'new', {'good.csv': 'a\n2\n'})
    (new/'x.csv').write_bytes(data if isinstance(data, bytes) else data.encode())
    d = diff(src, new)
    assert d.level == Level.MAJOR and d.tables['good.csv'].rows.changed+d.tables['good.csv'].rows.added == 1
    if 'x.csv' in d.notes: assert said in d.notes['x.csv'] and 'compared as bytes' in d.notes['x.csv'] and 'x.csv' in d.to_html()

def test_a_damaged_parquet_and_a_name_that_lies(tmp_path):
    old = as_file(iris, tmp_path/'old/a.parquet').parent
    new = fill(tmp_path/'new', {'a.parquet': (old/'a.parquet').read_bytes()[:-9]+b'x'*9})
    (old/'b.csv').write_bytes(b'a\n1\n')
    (new/'b.csv').write_bytes(b'\x89PNG\r\n\x1a\n'+bytes(100))
    d = diff(old, new)
    assert d.level == Level.MAJOR and set(d.notes) == {'a.parquet', 'b.csv'} and 'compared as bytes' in str(d)

def test_json_that_is_no_table(tmp_path):
    doc = {'kind': 'FeatureCollection', 'features': [{'id': 1, 'at': [1.5, 2]}], 'deep': {'a': {'b': [1, 2, {'c': 3}]}}}
    old = fill(tmp_path/'old', {'map.json': json.dumps(doc), 'same.json': json.dumps(doc)})
    doc['features'][0]['at'][0] = 1.25
    new = fill(tmp_path/'new', {'map.json': json.dumps(doc), 'same.json': json.dumps(json.loads((old/'same.json').read_text()), indent=2)})
    d = diff(old, new)
    assert kinds(d) == {'table_modified': 1, 'table_recoded': 1} and '1.25' in repr(d.contents['map.json'])

def test_one_table_under_another_name_and_changed(tmp_path):
    d = diff(as_file(iris, tmp_path/'old/weather.csv').parent, as_file(fixed, tmp_path/'new/weekly.csv').parent)
    assert kinds(d) == {'split_renamed': 1, 'cells_changed': 1}
    other = diff(as_file(iris, tmp_path/'old/weather.csv').parent, fill(tmp_path/'third', {'x.csv': 'a\n1\n'}))
    assert kinds(other) == {'split_removed': 1, 'split_added': 1}

def test_a_leak_between_splits(tmp_path):
    def parts(train, test, at):
        as_file(iris[train], tmp_path/at/'train.csv')
        return as_file(iris[test], tmp_path/at/'test.csv').parent
    d = diff(parts(iris.id < 100, iris.id >= 100, 'old'), parts((iris.id < 100) & (iris.id != 7), (iris.id >= 100) | (iris.id == 7), 'new'))
    assert kinds(d)['rows_leaked'] == 1 and 'train.csv -> test.csv' in str(d) and d.level == Level.MAJOR

def test_shards_are_one_table(tmp_path):
    old = as_file(iris, tmp_path/'old/x.parquet').parent
    for i, part in enumerate((fixed[:70], fixed[70:])): as_file(part, tmp_path/f'new/x-0000{i}-of-00002.parquet')
    d = diff(old, tmp_path/'new')
    assert kinds(d) == {'cells_changed': 1} and list(d.tables) == ['x']

def in_shards(df, name, n=2):
    for i in range(n): path = as_file(df[i*len(df)//n:(i+1)*len(df)//n], name.with_name(f'{name.name}-{i:05}-of-{n:05}.parquet'))
    return path.parent

@pytest.mark.parametrize('n', [1, 2, 3])
def test_shards_under_another_name(tmp_path, n):
    old = in_shards(iris, tmp_path/'old/train')
    d = diff(old, in_shards(fixed, tmp_path/'new/training', n))
    assert kinds(d) == {'split_renamed': 1, 'cells_changed': 1} and d.level == Level.MAJOR and len(d.tables) == 1
    assert kinds(diff(old, in_shards(iris, tmp_path/'same/training', n)))['split_renamed'] == 1

def test_shards_under_another_name_unchanged_or_of_other_columns(tmp_path):
    old = in_shards(iris, tmp_path/'old/train')
    assert kinds(diff(old, in_shards(iris, tmp_path/'new/training'))) == {'split_renamed': 1}
    assert kinds(diff(old, in_shards(iris.assign(wild=1), tmp_path/'other/training'))) == {'split_removed': 1, 'split_added': 1}

def test_two_formats_of_one_name_are_two_tables(tmp_path):
    for at in 'old', 'new': as_file(iris, tmp_path/at/'weather.csv')
    as_file(fixed, tmp_path/'old/weather.json')
    as_file(fixed, tmp_path/'new/weekly-weather.json')
    assert kinds(diff(tmp_path/'old', tmp_path/'new')) == {'split_renamed': 1, 'file_touched': 1}
    as_file(iris, tmp_path/'new/weather.json')
    assert kinds(diff(tmp_path/'old', tmp_path/'new')) == {'split_added': 1, 'cells_changed': 1, 'file_touched': 1}

def test_a_file_that_changes_while_it_is_compared(tmp_path):
    old, new = fill(tmp_path/'old', {'x.csv': 'a\n1\n'}), fill(tmp_path/'new', {'x.csv': 'a\n2\n'})
    d = diff(old, new)
    assert d.files.modified == ['x.csv']
    (new/'x.csv').write_text('a\n3\n4\n')
    with pytest.raises(ScanError, match='changed while'): d.level
    t = diff(old, new).tables['x.csv']
    assert (t.rows.old, t.rows.new) == (1, 2)

def test_nothing_is_read_that_nobody_asked_for(tmp_path, monkeypatch):
    old = fill(tmp_path/'old', {f'{i}.csv': 'a\n1\n' for i in range(5)} | {'notes.txt': 'old'})
    new = fill(tmp_path/'new', {f'{i}.csv': 'a\n2\n' for i in range(5)} | {'notes.txt': 'new'})
    d = diff(old, new)
    read = []
    monkeypatch.setattr('dvnb.changes.open_table', lambda f, name, *a, _open=dv.changes.open_table, **k: (read.append(name), _open(f, name, *a, **k))[1])
    assert len(d.files) == 6 and list(d.tables) and list(d.contents) == ['notes.txt'] and not read
    d.tables['3.csv']
    assert set(read) == {'3.csv'}

def test_images_and_documents(tmp_path):
    from PIL import Image
    def picture_at(path, colour, **kw):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (40, 30), colour).save(path, **kw)
    for side, kw in ('old', dict(compress_level=0)), ('new', dict(compress_level=9)):
        picture_at(tmp_path/side/'cat/1.png', 'red', **kw)
        picture_at(tmp_path/side/'cat/2.png', 'red' if side == 'old' else 'blue')
    d = diff(tmp_path/'old', tmp_path/'new')
    assert kinds(d) == {'file_recoded': 1, 'file_modified': 1} and d.contents['cat/1.png'].same is True
    assert 'data:image/png' in d.to_html()

def test_many_rows_that_leak_are_found(tmp_path):
    old, new = ({k: pd.DataFrame(dict(id=range(*o))) for k,o in side.items()} for side in (dict(train=(0, 2_200_000), test=(2_200_000, 2_300_000)), dict(train=(0, 1_000_000), test=(1_000_000, 2_300_000))))
    for at, side in ('old', old), ('new', new):
        for k, df in side.items(): as_file(df, tmp_path/at/f'{k}.parquet')
    d = diff(tmp_path/'old', tmp_path/'new')
    assert kinds(d)['rows_leaked'] == 1_200_000 and 'train.parquet -> test.parquet' in str(d)

def test_files_that_leak(tmp_path):
    old = fill(tmp_path/'old', {f'{s}/cat/{i}.jpg': f'{s} {i}' for s in ('train', 'val') for i in range(4)} | {'train/cat/empty.jpg': '', 'train/cat/d.jpg': 'twice', 'val/cat/d.jpg': 'twice'})
    files = {f'{s}/cat/{i}.jpg': f'{s} {i}' for s in ('train', 'val') for i in range(4)} | {'train/cat/empty.jpg': '', 'val/cat/empty.jpg': '', 'train/cat/d.jpg': 'twice', 'val/cat/d.jpg': 'twice', 'train/dog/1.jpg': 'train 1'}
    assert 'files_leaked' not in kinds(diff(old, fill(tmp_path/'same', files)))
    files['val/cat/9.jpg'] = files.pop('train/cat/3.jpg')
    files['val/cat/8.jpg'], files['train/cat/0.jpg'] = 'train 2', 'val 0'
    d = diff(old, fill(tmp_path/'new', files))
    assert d.changes['files_leaked'] == 3 and d.level == Level.MAJOR and '3 files that came into a split from another, which is a leak: train/cat/0.jpg and 2 others (val/cat/0.jpg is the same)' in str(d)
    assert [*d.levels().query("path=='val/cat/9.jpg'").kind] == ['file_renamed']

def test_a_key_that_no_table_has_is_said(tmp_path):
    df = pd.DataFrame(dict(a=[3, 1, 2], v=[1., 2., 3.]), index=[7, 8, 9])
    new = df.assign(v=[1., 5., 3.]).iloc[[2, 0, 1]]
    for old, later in ((df, new), (dict(x=df, y=df[['a']]), dict(x=new, y=new[['a']]))):
        d = dv.diff(old, later, key='index')
        d.facts()
        assert all(t.key == ['index'] for t in d.tables.made.values()) and 'note' not in str(d)
        d = dv.diff(old, later, key='Indx')
        assert "note: key 'Indx' is no column of both tables (did you mean 'index'?): they share 'a'" in str(d) and 'compared as bytes' not in str(d)

def test_dates_of_a_diff_are_those_of_read(tmp_path):
    for at, days in ('old', ['2020-01-01', '2020-01-02', '2020-01-03']), ('new', ['2020-01-01', '2021-02-03', '2020-01-03', '2020-01-09']): fill(tmp_path/at, {'a.csv': 'id,d\n' + ''.join(f'{i},{o}\n' for i, o in enumerate(days))})
    t = diff(tmp_path/'old', tmp_path/'new').tables['a.csv']
    assert t.added().d.dtype == dv.read_table(tmp_path/'new/a.csv').d.dtype if hasattr(dv, 'read_table') else t.added().d.dtype.kind == 'M'
    assert t.cells().new[0] == pd.Timestamp('2021-02-03') and '2020-01-02 -> 2021-02-03' in t.summary()

def workbook(f, **sheets):
    f.parent.mkdir(exist_ok=True)
    with pd.ExcelWriter(f) as w:
        for k,df in sheets.items(): df.to_excel(w, sheet_name=k, index=False)
    return f

@pytest.mark.parametrize('where', ['', 'more/'])
def test_a_sheet_of_a_workbook_is_a_table(where, tmp_path):
    pytest.importorskip('openpyxl')
    a = pd.DataFrame(dict(id=[1, 2], a=['x', 'y']))
    for side,b in ('old', a),('new', a.assign(a=['x', 'z'])):
        (tmp_path/side/where).mkdir(parents=True)
        workbook(tmp_path/side/where/'book.xlsx', first=b, same=a, **{side: a})
        workbook(tmp_path/side/where/'saved_again.xlsx', only=a, **{'p': a}) if side=='old' else workbook(tmp_path/side/where/'saved_again.xlsx', p=a, only=a)
        workbook(tmp_path/side/where/'one.xlsx', **{side: b})
    d = dv.diff(tmp_path/'old', tmp_path/'new')
    assert [*d.tables]==[where+o for o in ('book.xlsx#first', 'book.xlsx#same', 'one.xlsx', 'saved_again.xlsx#p', 'saved_again.xlsx#only')] and not {*d.contents}
    found = {(c.kind, c.path) for c in d.facts()}
    assert found=={(k, where+p) for k,p in {'cells_changed': 'book.xlsx#first', 'split_added': 'book.xlsx#new', 'split_removed': 'book.xlsx#old', 'table_recoded': 'saved_again.xlsx'}.items()} | {('cells_changed', where+'one.xlsx')}
    assert d.tables[where+'book.xlsx#first'].cells().values.tolist()==[[2, 'a', 'y', 'z']] and d.tables[where+'book.xlsx#same'].same
    assert f"#first\n    ~ 1 row: a 1\n      id 2  a  'y' -> 'z'" in d.summary() and 'book.xlsx#first' in d._repr_html_()
    assert {*d.levels().path}=={where+o for o in ('book.xlsx#first', 'book.xlsx#new', 'book.xlsx#old', 'saved_again.xlsx', 'one.xlsx')}

def test_a_workbook_beside_what_is_none(tmp_path, monkeypatch):
    pytest.importorskip('openpyxl')
    a = pd.DataFrame(dict(id=[1, 2], a=['x', 'y']))
    one,two = workbook(tmp_path/'one.xlsx', s=a),workbook(tmp_path/'two.xlsx', s=a, t=a)
    b = a.assign(a=['x', 'z'])
    b.to_csv(tmp_path/'b.csv', index=False)
    for old,new in (one, b),(b, one),(one, tmp_path/'b.csv'),(tmp_path/'b.csv', one): assert next(iter(dv.diff(old, new).tables.values())).changed_cells()=={'a': 1}
    assert 'holds 2 sheets: name one' in dv.diff(b, two).summary()
    (tmp_path/'bad.xlsx').write_bytes(one.read_bytes()[:900])
    d = dv.diff(one, tmp_path/'bad.xlsx')
    assert 'bad.xlsx could not be read as Excel' in d.summary() and d.notes['bad.xlsx'].endswith('; compared as bytes') and [*d.contents]==['bad.xlsx']
    (kind,), = [[c.kind for c in diff(one, workbook(tmp_path/'c.xlsx', s=b), Policy(kind='*.xlsx=opaque')).facts()]]
    assert kind=='opaque_modified'
    monkeypatch.delitem(tableopen.table_formats, '.xlsx')
    d = dv.diff(one, two)
    assert d.level==Level.MAJOR and "pip install 'dvnb[excel]'" in d.notes['two.xlsx'] and "pip install" in d.summary()

def test_what_spills_goes_to_the_repo_and_memory_can_be_set(repo, tmp_path, monkeypatch):
    "`/tmp` may be memory, and what a killed process left is removed"
    data = tmp_path/'data'
    as_file(iris, data/'iris.csv')
    v = repo.snapshot(data, 'iris')
    as_file(fixed, data/'iris.csv')
    temp = repo.local.root/'temp'
    (temp/'diff-old').mkdir(parents=True)
    os.utime(temp/'diff-old', (0, 0))
    monkeypatch.setenv('DVNB_MEMORY', '300MB')
    t = repo.diff(v, data).tables['iris.csv']
    assert t.rows.changed == 1 and os.path.dirname(t.duck.folder) == str(temp) and t.duck.limit == 300_000_000 and not (temp/'diff-old').exists()
    t.close()
    assert not [*temp.iterdir()]
    monkeypatch.setenv('DVNB_MEMORY', 'much')
    with pytest.raises(DvnbError, match="'much' is no amount"): diff(iris, fixed).tables['data.parquet'].rows

def test_rows_that_were_swapped_or_got_a_column_are_leaks_too(tmp_path):
    rows = pd.DataFrame(dict(width=[i/7 for i in range(60)], kind=['a', 'b', 'c']*20))
    train,test = rows[:40].reset_index(drop=True),rows[40:].reset_index(drop=True)
    a,b = train.copy(),test.copy()
    a.loc[5],b.loc[7] = test.loc[7],train.loc[5]
    swapped = [(c.path, c.n) for c in diff(dict(train=train, test=test), dict(train=a, test=b)).facts() if c.kind == 'rows_leaked']
    assert swapped == [('test.parquet -> train.parquet', 1), ('train.parquet -> test.parquet', 1)]
    moved = train.drop(index=[3, 4]).assign(fold=1),pd.concat([test, train.loc[[3, 4]]]).assign(fold=1)
    assert kinds(diff(dict(train=train, test=test), dict(train=moved[0], test=moved[1])))['rows_leaked'] == 2
    other = pd.DataFrame(dict(kind=['a']*3+['b']))
    assert 'rows_leaked' not in kinds(diff(dict(train=train, kinds=other), dict(train=train[1:], kinds=pd.concat([other, train[['kind']][:1]]))))

def test_the_rest_of_a_difference_works_beside_a_file_that_cannot_be_read(tmp_path):
    for side,last in ('old', 'x'),('new', 'y'):
        as_file(iris if side == 'old' else fixed, tmp_path/side/'iris.csv')
        (tmp_path/side/'bad.csv').write_text(f'a,b\n1,2\n3,4,5\n6,{last}\n')
        (tmp_path/side/'bad.parquet').write_bytes(b'PAR1'+b'\x0f\n'*9+last.encode()+b'\x10\0\0\0PAR1')
        (tmp_path/side/'blank.csv').write_text(f'id,\n1,{last}\n2,z\n')
    d = diff(tmp_path/'old', tmp_path/'new')
    d.facts()
    assert {k: t.changed_cells() for k,t in d.tables.items()} == {'iris.csv': {'width': 1}, 'blank.csv': {'': 1}} and len(d.tables) == 2
    with pytest.raises(DvnbError, match='line 3 has 3 fields, 2 expected'): d.tables['bad.csv']
    assert {*d.contents} == {'bad.csv', 'bad.parquet'} and '-6,x' in repr(d.contents['bad.csv'])
    assert "'' differs in 1 of 2 rows" in d.summary()
    assert d.notes['bad.csv'] == 'bad.csv could not be read as CSV: line 3 has 3 fields, 2 expected; compared as bytes' and d.notes['bad.parquet'].isprintable()
    assert 'line 3 has 3 fields' in d._repr_html_()

def test_a_picture_says_too_that_no_table_has_the_key():
    d = diff(iris, fixed, Policy(key='idd'))
    assert "key 'idd' is no column of both tables" in d.summary() and 'is no column of both tables' in d._repr_html_()
