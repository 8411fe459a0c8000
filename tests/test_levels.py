"Every case of the rules for PATCH, MINOR and MAJOR, on real files through `Repo.snapshot`, and what must hold for all data"
import gzip, io, json, os, string, tempfile
from pathlib import Path
import numpy as np, pandas as pd, pyarrow as pa, pyarrow.feather, pyarrow.parquet as pq, pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image
from hard import *
import dvnb.proof
from dvnb.changes import diff_trees
from dvnb.policies import Policy
from dvnb.verdict import Level, file_changes, verdict

# What files hold

def csv(df, **kw): return df.to_csv(index=False, **kw).encode()
def tsv(df): return csv(df, sep='\t')
def jsonl(df): return df.to_json(orient='records', lines=True).encode()

def parquet(df, schema=None, **kw):
    out = io.BytesIO()
    pq.write_table(df if isinstance(df, pa.Table) else pa.Table.from_pandas(df, schema, preserve_index=False), out, **kw)
    return out.getvalue()

def feather(table):
    out = io.BytesIO()
    pa.feather.write_feather(table, out)
    return out.getvalue()

def shards(df, n, write=csv, name='train', ext='csv'):
    cuts = np.array_split(np.arange(len(df)), n)
    return {f'{name}-{i:05}-of-{n:05}.{ext}': write(df.iloc[c]) for i, c in enumerate(cuts)}

def picture_of(seed=0, fmt='PNG', **kw):
    pixels = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype='u1')
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, fmt, **kw)
    return out.getvalue()

iris = pd.DataFrame({'width': np.round(np.arange(150)/100, 2), 'species': ['setosa']*50+['versicolor']*50+['virginica']*50})
keyed = iris.assign(id=range(1, 151))[['id', 'width', 'species']]

def put(df, **cells):
    "`df` with `{column: (row, value)}` replaced"
    df = df.copy()
    for k, (i, o) in cells.items(): df.loc[i, k] = o
    return df

def table(**cols): return pa.table({k: pa.array(*o) if isinstance(o, tuple) else o for k, o in cols.items()})

cats = {f'{c}/{i}.png': picture_of(10*j+i) for j, c in enumerate(('cat', 'dog')) for i in (1, 2, 3)}

# The cases: number, what happens, old files, new files, the level, words of the evidence, policy

CASES = []
def case(row, what, old, new, level, *words, **policy): CASES.append(pytest.param(old, new, level, words, policy, id=f'{row} {what}'))

one, ten = {'train.csv': csv(iris)}, [f'{i}' for i in range(10)]
case(1, 'nothing', one, one, 'NONE')
case(2, 'recompressed', one, {'train.csv.gz': gzip.compress(csv(iris))}, 'PATCH', 'train')
case(2, 'recompressed inside', {'train.parquet': parquet(iris, compression='snappy')}, {'train.parquet': parquet(iris, compression='zstd')}, 'PATCH', 'same values')
case(3, 'CSV -> Parquet', {'train.csv': csv(keyed)}, {'train.parquet': parquet(keyed)}, 'PATCH', 'csv -> parquet')
case(3, 'CSV -> Parquet, types change', {'train.csv': csv(keyed)}, {'train.parquet': parquet(keyed.astype({'id': str}))}, 'MAJOR', 'id: int64 -> text')
case(4, 'JSON re-indented', {'train.json': keyed.to_json(orient='records').encode()}, {'train.json': keyed.to_json(orient='records', indent=2).encode()}, 'PATCH')
case(4, 'JSON that is no table re-indented', {'map.json': b'{"a": {"b": [1, {"c": 2}]}}'}, {'map.json': b'{\n "a": {"b": [1, {"c": 2}]}}'}, 'PATCH')
case(5, 'resharded', shards(iris, 2), shards(iris, 5), 'PATCH', 'train')
case(5, 'one file cut into shards', one, shards(iris, 3), 'PATCH')
case(5, 'other row groups', {'train.parquet': parquet(iris, row_group_size=10)}, {'train.parquet': parquet(iris, row_group_size=100)}, 'PATCH')
for doc in 'README.md', 'LICENSE', 'CITATION.cff', 'release notes.txt': case(6, doc, one | {doc: b'one'}, one | {doc: b'two'}, 'PATCH', doc)
case(6, 'a document added', one, one | {'README': b'new'}, 'PATCH', 'README (added)')
case(6, 'a document removed', one | {'README': b'new'}, one, 'PATCH', 'README (removed)')
case(6, 'a document renamed', one | {'README': b'some words'}, one | {'README.md': b'some words'}, 'PATCH', 'README -> README.md')
case(7, 'data file renamed, split kept', {'train.csv': csv(iris)}, {'train-00000-of-00001.csv': csv(iris)}, 'PATCH', 'same split')
case(7, 'a folder file renamed', {'scan/1.dat': b'abc', 'scan/2.dat': b'x'}, {'scan/1.bin': b'abc', 'scan/2.dat': b'x'}, 'MAJOR', 'scan/1.dat -> scan/1.bin')
case(7, 'an opaque file renamed', {'model.bin': b'abc', 'x.bin': b'x'}, {'weights.bin': b'abc', 'x.bin': b'x'}, 'MAJOR', 'opaque file renamed')
case(8, 'column added at the end', one, {'train.csv': csv(iris.assign(wild=True))}, 'MINOR', '1 column added', 'wild')
case(8, 'column added in front', one, {'train.csv': csv(iris.assign(wild=1)[['wild', 'width', 'species']])}, 'MINOR', 'wild')
case(9, 'column added and a cell fixed', one, {'train.csv': csv(put(iris, width=(34, .1)).assign(wild=True))}, 'MAJOR', 'width differs in 1 of 150 rows', 'wild')
case(10, 'column added and rows appended', one, {'train.csv': csv(pd.concat([iris, iris[:2]]).assign(wild=True))}, 'MAJOR', '2 rows appended', 'wild')
case(10, "column added and rows appended, append='minor'", one, {'train.csv': csv(pd.concat([iris, iris[:2]]).assign(wild=True))}, 'MINOR', "append='minor'", append='minor')
case(11, 'column removed', one, {'train.csv': csv(iris[['width']])}, 'MAJOR', 'column removed', 'species')
case(12, 'column renamed', one, {'train.csv': csv(iris.rename(columns={'width': 'petal_width'}))}, 'MAJOR', 'width -> petal_width')
for pol, level in ({}, 'MAJOR'), (dict(column_order='major'), 'MAJOR'), (dict(column_order='ignore'), 'PATCH'):
    case(13, f'columns reordered {pol}', one, {'train.csv': csv(iris[['species', 'width']])}, level, 'in another place', *map(lambda o: f'{o[0]}={o[1]!r}', pol.items()), **pol)
more = pd.concat([iris, iris[:4].assign(species='new')])
for pol, level in ({}, 'MAJOR'), (dict(append='major'), 'MAJOR'), (dict(append='minor'), 'MINOR'):
    case(14, f'rows appended {pol}', one, {'train.csv': csv(more)}, level, '4 rows appended', 'after row 150', **pol)
case(14, "rows appended, the old no prefix, append='minor'", one, {'train.csv': csv(put(more.reset_index(drop=True), width=(3, 9.)))}, 'MAJOR', 'width', append='minor')
dump = pd.concat([keyed[75:], keyed[:75].assign(id=range(200, 275))]).sort_values('width', ascending=False)
dump = pd.concat([keyed, keyed[:4].assign(id=range(200, 204))]).sort_values('width', ascending=False)
for pol, level in ({}, 'MAJOR'), (dict(append='minor'), 'MAJOR'), (dict(order='ignore'), 'MAJOR'), (dict(append='minor', order='ignore'), 'MINOR'):
    case('14b', f'rows appended and old ones reordered {pol}', {'train.csv': csv(keyed)}, {'train.csv': csv(dump)}, level, 'in another order', **pol)
    if len(pol)==2: case('14b', 'old rows lack', {'train.csv': csv(keyed)}, {'train.csv': csv(dump[dump.id!=7])}, 'MAJOR', 'removed', **pol)
inserted = pd.concat([keyed[:70], keyed[:1].assign(id=999), keyed[70:]])
for pol in {}, dict(append='minor'): case(15, f'row inserted {pol}', {'train.csv': csv(keyed)}, {'train.csv': csv(inserted)}, 'MAJOR', '1 row inserted', 'row 70', **pol)
case(16, 'row removed', {'train.csv': csv(keyed)}, {'train.csv': csv(keyed.drop(33))}, 'MAJOR', '1 row removed', 'row 33')
twice = pd.concat([iris[:50], iris[49:50], iris[50:]])
case(17, 'exact duplicate removed', {'train.csv': csv(twice)}, one, 'MAJOR', '1 row removed')
shuffled = keyed.sample(frac=1, random_state=0)
for pol, level in ({}, 'MAJOR'), (dict(order='major'), 'MAJOR'), (dict(order='ignore'), 'PATCH'):
    case(18, f'rows reordered {pol}', {'train.csv': csv(keyed)}, {'train.csv': csv(shuffled)}, level, 'in another order', **pol)
    case(18, f'rows without a key reordered {pol}', one, {'train.csv': csv(iris.sample(frac=1, random_state=0))}, level, 'in another order', **pol)
case(18, "rows reordered and one fixed, order='ignore'", {'train.csv': csv(keyed)}, {'train.csv': csv(put(shuffled, width=(34, .5)))}, 'MAJOR', 'width', order='ignore')
case(19, 'label fixed', one, {'train.csv': csv(put(iris, species=(34, 'virginica')))}, 'MAJOR', "species differs in 1 of 150 rows (row 34: 'setosa' -> 'virginica') in train.csv; a slice such as train[30:40] returns")
case(20, 'one value fixed', {'train.csv': csv(put(iris, width=(34, .1)))}, {'train.csv': csv(put(iris, width=(34, .2)))}, 'MAJOR',
     'MAJOR: width differs in 1 of 150 rows (row 34: 0.1 -> 0.2) in train.csv; a slice such as train[30:40] returns other records')
for pol, level in ({}, 'MINOR'), (dict(split_added='minor'), 'MINOR'), (dict(split_added='major'), 'MAJOR'):
    case(21, f'split added {pol}', one, one | {'test.csv': csv(iris[:9])}, level, 'split added', 'test.csv', **pol)
case(22, 'split removed', one | {'test.csv': csv(iris[:9])}, one, 'MAJOR', 'split removed', 'test.csv')
case(23, 'split renamed', one, {'learn.csv': csv(iris)}, 'MAJOR', 'split renamed', 'train.csv -> learn.csv')
two = {'train.csv': csv(keyed[:100]), 'test.csv': csv(keyed[100:])}
case(24, 'row moved train -> test', two, {'train.csv': csv(keyed[:100].drop(7)), 'test.csv': csv(pd.concat([keyed[100:], keyed[7:8]]))}, 'MAJOR', 'leak', 'train.csv -> test.csv')
case(25, 'splits merged', two, {'train.csv': csv(keyed)}, 'MAJOR', 'split removed')
for old, new in ('int32', 'int64'), ('float32', 'float64'):
    a, b = (table(x=([1, 2, 3], t)) for t in (old, new))
    for pol, level in ({}, 'MAJOR'), (dict(widen='major'), 'MAJOR'), (dict(widen='minor'), 'MINOR'):
        case(26, f'{old} -> {new} {pol}', {'t.parquet': parquet(a)}, {'t.parquet': parquet(b)}, level, 'of a wider type', {'float32': 'float', 'float64': 'double'}.get(old, old), **pol)
        case(26, f'{new} -> {old} {pol}', {'t.parquet': parquet(b)}, {'t.parquet': parquet(a)}, 'MAJOR', 'of another type', **pol)
    case(26, f'{old} -> {new}, not exact', {'t.parquet': parquet(table(id=[1, 2, 3], x=([1, 2, 3], old)))},
         {'t.parquet': parquet(table(id=[1, 2, 3], x=([1, 2, 4], new)))}, 'MAJOR', 'x differs in 1 of 3 rows', widen='minor')
case(27, 'type narrowed', {'t.parquet': parquet(table(x=([1, 2], 'int64')))}, {'t.parquet': parquet(table(x=([1, 2], 'int16')))}, 'MAJOR', 'int64 -> int16')
case(27, 'text for a number', {'t.csv': b'id,code\n1,10\n2,11\n'}, {'t.csv': b'id,code\n1,10\n2,011\n'}, 'MAJOR', 'code')
words = pa.array(['a', 'b', 'a'])
for t in 'large_string', 'string_view', 'dictionary': case(28, f'string -> {t}', {'t.arrow': feather(pa.table({'x': words}))},
    {'t.arrow': feather(pa.table({'x': words.dictionary_encode() if t=='dictionary' else words.cast(getattr(pa, t)())}))}, 'PATCH')
case(28, 'list -> large list', {'t.parquet': parquet(table(x=([[1], [2, 3]], pa.list_(pa.int32()))))}, {'t.parquet': parquet(table(x=([[1], [2, 3]], pa.large_list(pa.int32()))))}, 'PATCH')
case(28, 'list -> list of a fixed length', {'t.parquet': parquet(table(x=([[1, 4], [2, 3]], pa.list_(pa.int32()))))}, {'t.parquet': parquet(table(x=([[1, 4], [2, 3]], pa.list_(pa.int32(), 2))))}, 'MAJOR', 'x: list<int32> -> list<int32>[2]')
links = cats | {'cat/again.png': Path('1.png')}
case('files', 'link beside tables', one, one | {'latest': Path('train.csv')}, 'PATCH', 'link', 'latest')
case('files', 'link that is named as a table', one, one | {'latest.csv': Path('train.csv')}, 'MAJOR', 'link', 'latest.csv')
case('files', 'link beside images', cats, links, 'MAJOR', 'link', 'cat/again.png')
case('files', 'link that leads elsewhere', links, links | {'cat/again.png': Path('2.png')}, 'MAJOR', 'cat/again.png')
hard_ = pa.schema([pa.field('x', pa.int64(), nullable=False)])
for pol, level in ({}, 'PATCH'), (dict(nullable='patch'), 'PATCH'), (dict(nullable='major'), 'MAJOR'):
    case(29, f'int -> nullable int {pol}', {'t.parquet': parquet(pa.table({'x': [1, 2]}, hard_))}, {'t.parquet': parquet(table(x=([1, 2],)))}, level, 'may hold nulls', **pol)
    case(29, f'a null appears {pol}', {'t.parquet': parquet(pa.table({'x': [1, 2]}, hard_))}, {'t.parquet': parquet(table(x=([1, None],)))}, 'MAJOR', 'x differs in 1', **pol)
case(29, 'a null appears where it may', {'t.parquet': parquet(table(x=([1, 2],)))}, {'t.parquet': parquet(table(x=([1, None],)))}, 'MAJOR', '2 -> null')
noisy = iris.assign(width=iris.width+1e-9)
for pol, level in ({}, 'MAJOR'), (dict(atol=1e-6), 'PATCH'), (dict(rtol=1e-3, atol=1e-8), 'PATCH'), (dict(atol=1e-12), 'MAJOR'):
    case(30, f'float rounding {pol}', {'t.parquet': parquet(iris)}, {'t.parquet': parquet(noisy)}, level, *(f'{k}={o!r}' for k, o in pol.items()), **pol)
case(31, '315.7 -> 315.70 as a number', {'t.csv': b'id,w\n1,315.7\n2,1.25\n'}, {'t.csv': b'id,w\n1,315.70\n2,1.25\n'}, 'PATCH')
case(31, '315.7 -> 315.70 as text', {'t.csv': b'id,w\n1,315.7\n2,about 3\n'}, {'t.csv': b'id,w\n1,315.70\n2,about 3\n'}, 'MAJOR', "'315.7' -> '315.70'")
nans = [np.frombuffer(np.uint64(o).tobytes(), 'f8')[0] for o in (0x7ff8000000000000, 0x7ff8000000000001)]
case(32, 'NaN kept, bytes differ', {'t.parquet': parquet(table(x=(np.array([1, nans[0]]),)))}, {'t.parquet': parquet(table(x=(np.array([1, nans[1]]),)))}, 'PATCH')
case(33, 'NaN filled', {'t.parquet': parquet(table(x=(np.array([1, np.nan]),)))}, {'t.parquet': parquet(table(x=([1., 0.],)))}, 'MAJOR', 'nan -> 0.0')
case(33, 'null filled', {'t.csv': b'id,w\n1,2.5\n2,\n'}, {'t.csv': b'id,w\n1,2.5\n2,0.5\n'}, 'MAJOR', 'null -> 0.5')
case(33, 'null made NaN', {'t.parquet': parquet(table(x=([1., None],)))}, {'t.parquet': parquet(table(x=([1., np.nan],)))}, 'MAJOR', 'null -> nan')
case(34, '0.0 -> -0.0', {'t.parquet': parquet(table(x=([1., 0.],)))}, {'t.parquet': parquet(table(x=([1., -0.],)))}, 'PATCH')
when = pd.to_datetime(['2026-01-01', '2026-07-01'])
def times(kind): return {'t.parquet': parquet(pa.table({'t': pa.array(when, pa.timestamp(*kind))}))}
case(35, 'unit', times(['ms']), times(['us']), 'MAJOR', 'timestamp')
case(35, 'time zone given', times(['us']), times(['us', 'UTC']), 'MAJOR', 'timestamp')
case(35, 'another time zone', times(['us', 'UTC']), times(['us', 'Europe/Berlin']), 'MAJOR', 'Europe/Berlin')
case(35, 'date32 -> date64', {'t.arrow': feather(table(t=([1, 2], pa.date32())))}, {'t.arrow': feather(pa.table({'t': pa.array([1, 2], pa.date32()).cast(pa.date64())}))}, 'MAJOR', 'date')

def hf(names): # As the datasets library writes its schema
    feature = {'info': {'features': {'label': {'names': names, '_type': 'ClassLabel'}}}}
    schema = pa.schema([('label', pa.int64())], {'huggingface': json.dumps(feature)})
    return {'t.parquet': parquet(pa.table({'label': [0, 1, 0]}, schema))}
case(36, 'class name of an integer label', hf(['cat', 'dog']), hf(['cat', 'hound']), 'MAJOR', 'label', 'dog -> hound')
case(36, 'class names swapped', hf(['cat', 'dog']), hf(['dog', 'cat']), 'MAJOR', 'label')
case(36, 'class names given up', hf(['cat', 'dog']), {'t.parquet': parquet(table(label=([0, 1, 0],)))}, 'MAJOR', 'label')
case(37, 'unused class appended', hf(['cat', 'dog']), hf(['cat', 'dog', 'hound']), 'MINOR', 'label', 'hound')
again_ = Image.open(io.BytesIO(cats['cat/1.png']))
def saved(img, fmt='PNG', **kw):
    out = io.BytesIO()
    img.save(out, fmt, **kw)
    return out.getvalue()
case(38, 'image re-encoded losslessly', cats, cats | {'cat/1.png': saved(again_, compress_level=0)}, 'PATCH', 'cat/1.png', 'decoded the same')
case(38, 'no decoder', {'x/1.raw': b'abc'}, {'x/1.raw': b'abd'}, 'MAJOR', 'x/1.raw')
jpg = {'cat/1.jpg': saved(again_, 'JPEG', quality=95)}
case(39, 'image re-encoded lossily', jpg, {'cat/1.jpg': saved(again_, 'JPEG', quality=60)}, 'MAJOR', 'cat/1.jpg', 'image')
case(40, 'image extension changed', jpg, {'cat/1.jpeg': jpg['cat/1.jpg']}, 'MAJOR', 'cat/1.jpg -> cat/1.jpeg')
for pol, level in ({}, 'MAJOR'), (dict(append='major'), 'MAJOR'), (dict(append='minor'), 'MINOR'):
    case(41, f'file added that sorts last {pol}', cats, cats | {'dog/4.png': picture_of(99)}, level, 'after all others', 'dog/4.png', **pol)
    case(41, f'file added in between {pol}', cats, cats | {'cat/4.png': picture_of(99)}, 'MAJOR', 'between others', 'cat/4.png', **pol)
without = {k: o for k, o in cats.items() if k!='cat/2.png'}
case(42, 'file renamed', cats, without | {'cat/two.png': cats['cat/2.png']}, 'MAJOR', 'cat/2.png -> cat/two.png')
case(42, 'file moved to another class', cats, without | {'dog/2b.png': cats['cat/2.png']}, 'MAJOR', 'cat/2.png -> dog/2b.png')
case(43, 'file deleted', cats, without, 'MAJOR', 'file removed', 'cat/2.png')
case(45, 'ignored file', one, one | {'.DS_Store': b'x', '__pycache__/a.pyc': b'y', 'export.pkl': b'z', 'models/best.pth': b'z'}, 'NONE')
meta = lambda **kw: pa.schema([pa.field('x', pa.int64(), metadata=kw)])
case(48, 'schema metadata only', {'t.parquet': parquet(pa.table({'x': [1, 2]}, meta(comment='old')))}, {'t.parquet': parquet(pa.table({'x': [1, 2]}, meta(comment='new')))}, 'PATCH')

# From files to readers

case('files', 'opaque added', {'a.bin': b'1'}, {'a.bin': b'1', 'b.bin': b'2'}, 'MAJOR', 'opaque file added')
case('files', 'opaque removed', {'a.bin': b'1', 'b.bin': b'2'}, {'a.bin': b'1'}, 'MAJOR', 'opaque file removed')
case('files', 'opaque modified', {'a.bin': b'1'}, {'a.bin': b'2'}, 'MAJOR', 'opaque file modified')
case('files', 'empty folder beside tables', one, one | {'logs': None}, 'PATCH', 'logs')
case('files', 'empty folder beside images', cats, cats | {'bird': None}, 'MAJOR', 'bird')
case('files', 'the step is the maximum', one | cats | {'README': b'1'}, {'train.csv': csv(iris.assign(wild=1)), **cats, 'README': b'2'}, 'MINOR', 'MINOR: 1 column added', 'PATCH: 1 document changed')
mixed = {'scans/1.dat': b'a', 'raw/log.csv': b'a\n1\n', 'train.csv': csv(iris)}
case('kind', 'a table as found', mixed, mixed | {'raw/log.csv': b'a\n1\n2\n'}, 'MINOR', 'row', append='minor')
case('kind', 'a table read as bytes', mixed, mixed | {'raw/log.csv': b'a\n1\n2\n'}, 'MAJOR', 'opaque file modified', "kind='raw/*=opaque'", append='minor', kind={'raw/*': 'opaque'})
case('kind', 'the others stay', mixed, mixed | {'train.csv': csv(iris.assign(wild=1))}, 'MINOR', 'wild', kind='raw/*=opaque')
case('kind', 'tables in a folder of files', {'a/1.csv': b'x\n1\n', 'a/2.csv': b'x\n2\n'}, {'a/1.csv': b'x\n1\n', 'a/2.csv': b'x\n2\n', 'a/3.csv': b'x\n'}, 'MAJOR', 'after all others', "kind='folder'", kind='folder')
case('kind', 'pictures at the top as a folder', {'1.png': picture_of(1)}, {'1.png': saved(Image.open(io.BytesIO(picture_of(1))), compress_level=0)}, 'PATCH', 'decoded the same', kind='*.png=folder')

def lay(folder, files):
    "`folder` with exactly `files`; a `Path` is a link to there"
    if folder.exists(): shutil.rmtree(folder)
    fill(folder, {k: o for k, o in files.items() if not isinstance(o, Path)})
    for k, o in files.items():
        if isinstance(o, Path): os.symlink(o, folder/k)
    return folder

def step(repo, folder, old, new, **policy):
    "The version that follows when a folder of `old` files becomes one of `new` ones"
    repo.snapshot(lay(folder, old), 'd')
    if policy: repo.policy('d', **policy)
    return repo.snapshot(lay(folder, new), 'd')

@pytest.mark.parametrize('old,new,level,words,policy', CASES)
def test_case(old, new, level, words, policy, repo, tmp_path):
    v = step(repo, tmp_path/'d', old, new, **policy)
    assert (v.level if v.is_new else 'NONE') == level, v.reasons
    assert v.ref == {'NONE': 'd:1.0.0', 'PATCH': 'd:1.0.1', 'MINOR': 'd:1.1.0', 'MAJOR': 'd:2.0.0'}[level]
    text = '\n'.join([*v.reasons, str(repo.diff('d:1.0.0', v))] if v.is_new else [])
    for o in words: assert o in text, text
    if v.is_new: assert v.reasons[0].startswith(level) and str(Policy(**v.record['policy'])) == str(Policy(**policy))

# What files cannot show in one step

def test_iris_as_scikit_learn_corrected_it(repo, tmp_path):
    "Rows 34 and 37, three cells: scikit-learn 0.19.2 -> 0.20.4"
    df = pd.DataFrame({'sepal length': [4.9]*150, 'sepal width': [3.1]*150, 'petal length': [1.5]*150, 'petal width': [.1]*150, 'species': [0]*50+[1]*50+[2]*50})
    new = put(put(df, **{'petal width': (34, .2)}), **{'sepal width': (37, 3.6), 'petal length': (37, 1.4)})
    v = step(repo, tmp_path/'d', {'iris.csv': csv(df)}, {'iris.csv': csv(new)})
    assert v.ref == 'd:2.0.0' and repo.diff('d').tables['iris.csv'].rows.changed == 2
    assert 'in 1 of 150 rows' in v.reasons[0] and 'row 34: petal width 0.1 -> 0.2' in v.reasons[0] and 'iris[30:40]' in v.reasons[0]

def test_30_a_tolerance_is_not_transitive(repo, tmp_path):
    def week(add, i=0): return {'d.parquet': parquet(iris.assign(width=iris.width+add, n=i))}
    repo.policy('d', atol=.1)
    made = [repo.snapshot(lay(tmp_path/'d', week(add)), 'd') for add in (0, .08, .16)]
    assert [v.ref for v in made] == ['d:1.0.0', 'd:1.0.1', 'd:2.0.0'] and 'since d:1.0.0' in made[2].reasons[0] and 'atol=0.1' in made[2].reasons[0]
    made = [repo.snapshot(lay(tmp_path/'d', week(add)), 'd') for add in (.24, .2, .05)]
    assert [v.ref for v in made] == ['d:2.0.1', 'd:2.0.2', 'd:3.0.0'], 'measured from 2.0.0 now'
    assert repo.diff('d:1.0.1', 'd:2.0.0').level == Level.MAJOR and repo.audit('d').ok

def test_44_times_modes_and_owners_make_no_version(repo, tmp_path):
    src = lay(tmp_path/'d', one)
    repo.snapshot(src)
    os.utime(src/'train.csv', (1, 1))
    os.chmod(src/'train.csv', 0o600)
    assert not repo.snapshot(src).is_new and repo.status(src).level == Level.NONE and repo.status(src).clean
    fill(src, {'README': b'x'})
    v = repo.snapshot(src)
    assert v.ref == 'd:1.0.1' and row(v, 'train.csv').mode & 0o777 == 0o600 and row(v, 'train.csv').mtime == 10**9

def test_45_the_list_of_what_is_ignored_is_kept(repo, tmp_path):
    src = lay(tmp_path/'d', one | {'.dvnbignore': b'*.tmp\n', 'a.tmp': b'1'})
    v = repo.snapshot(src, ignore='*.log')
    assert {'*.tmp', '*.log', '.DS_Store'} <= {*v.ignore} and 'left out 1 file' in '\n'.join(v.notes)
    fill(src, {'b.tmp': b'2', 'c.log': b'3', 'models/best.pth': b'4'})
    assert not repo.snapshot(src).is_new

@pytest.mark.parametrize('name', ['dataset_info.json', 'train/dataset_info.json'])
def test_46_metadata_beside_the_same_data(repo, tmp_path, name):
    v = step(repo, tmp_path/'d', one | {name: b'{"homepage": "http://old"}'}, one | {name: b'{"homepage": "https://new", "more": [1]}'})
    assert v.level == 'PATCH' and name in v.reasons[0]

def test_47_a_withdrawal_is_no_level(repo, tmp_path):
    v = step(repo, tmp_path/'d', one, {'train.csv': csv(iris.assign(wild=1))})
    repo.yank(v, 'wild was guessed')
    assert repo.load('d').ref == 'd:1.0.0' and repo.load(v.ref).record == v.record and repo.audit('d').ok
    assert repo.snapshot(lay(tmp_path/'d', {'train.csv': csv(iris.assign(tame=1))}), 'd').ref == 'd:1.2.0', 'judged against the latest that stands; 1.1.0 stays taken'

def test_36_class_names_beside_tfds_files(repo, tmp_path):
    def made(names): return {'label.labels.txt': '\n'.join(names).encode(), 'features.json': json.dumps({'featuresDict': {'features': {'label': {'classLabel': {'numClasses': str(len(names))}}}}}).encode(),
        'd-train.parquet-00000-of-00001': parquet(table(label=[0, 1]))}
    assert step(repo, tmp_path/'d', made(['cat', 'dog']), made(['cat', 'dog', 'hound'])).level == 'MINOR'
    v = repo.snapshot(lay(tmp_path/'d', made(['cat', 'wolf', 'hound'])), 'd')
    assert v.level == 'MAJOR' and '1: dog -> wolf' in v.reasons[0]

# Frames

FRAMES = []
def frames(row, what, old, new, level, *words, **policy): FRAMES.append(pytest.param(old, new, level, words, policy, id=f'{row} {what}'))
frames(1, 'nothing', keyed, keyed.copy(), 'NONE')
frames(1, 'nothing, as arrow', pa.table({'x': [1]}), pa.table({'x': [1]}), 'NONE')
frames(8, 'column added', keyed, keyed.assign(wild=1), 'MINOR', 'wild')
frames(9, 'column added and a cell fixed', keyed, put(keyed.assign(wild=1), width=(34, 9.)), 'MAJOR', 'width', 'data[30:40]')
frames(11, 'column removed', keyed, keyed[['id', 'width']], 'MAJOR', 'species')
frames(13, 'columns reordered', keyed, keyed[['width', 'id', 'species']], 'MAJOR')
frames(13, "columns reordered, column_order='ignore'", keyed, keyed[['width', 'id', 'species']], 'PATCH', column_order='ignore')
frames(14, 'rows appended', keyed, pd.concat([keyed, keyed[:2].assign(id=[999, 1000])], ignore_index=True), 'MAJOR')
frames(14, "rows appended, append='minor'", keyed, pd.concat([keyed, keyed[:2].assign(id=[999, 1000])], ignore_index=True), 'MINOR', 'after row 150', append='minor')
frames(16, 'row removed', keyed, keyed.drop(5).reset_index(drop=True), 'MAJOR')
frames(21, 'split added', {'train': keyed}, {'train': keyed, 'test': keyed[:4]}, 'MINOR', 'test')
frames(24, 'row moved', {'train': keyed[:100], 'test': keyed[100:].reset_index(drop=True)}, {'train': keyed[1:100].reset_index(drop=True), 'test': pd.concat([keyed[100:], keyed[:1]], ignore_index=True)}, 'MAJOR', 'leak')
frames(26, 'wider', pa.table({'x': pa.array([1, 2], 'int32')}), pa.table({'x': pa.array([1, 2], 'int64')}), 'MAJOR', 'wider')
frames(26, "wider, widen='minor'", pa.table({'x': pa.array([1, 2], 'int32')}), pa.table({'x': pa.array([1, 2], 'int64')}), 'MINOR', widen='minor')
frames(33, 'null filled', pa.table({'x': [1, None]}), pa.table({'x': [1, 2]}), 'MAJOR')
frames(34, '0.0 -> -0.0', pa.table({'x': [1., 0.]}), pa.table({'x': [1., -0.]}), 'PATCH')
frames(36, 'class renamed', pa.table({'label': [0, 1]}).replace_schema_metadata(pq.read_schema(io.BytesIO(hf(['cat', 'dog'])['t.parquet'])).metadata),
    pa.table({'label': [0, 1]}).replace_schema_metadata(pq.read_schema(io.BytesIO(hf(['cat', 'hound'])['t.parquet'])).metadata), 'MAJOR', 'dog -> hound')

@pytest.mark.parametrize('old,new,level,words,policy', FRAMES)
def test_frames(old, new, level, words, policy, repo):
    repo.policy('d', **policy)
    repo.snapshot(old, 'd')
    v = repo.snapshot(new, 'd')
    assert (v.level if v.is_new else 'NONE') == level, v.reasons
    for o in words: assert o in '\n'.join(v.reasons)

# The append hint, and policies

def test_the_append_hint_comes_once_a_dataset(repo, tmp_path):
    v = step(repo, tmp_path/'d', one, {'train.csv': csv(more)})
    said = [o for o in v.notes if "append='minor'" in o]
    assert said == ["MAJOR: 4 rows appended after row 150; the old rows are unchanged, but train[:50%] now returns other records. Does d only grow? dv.policy('d', append='minor'): such a step is then MINOR."]
    assert again(repo).load('d').notes == []
    v = again(repo).snapshot(lay(tmp_path/'d', {'train.csv': csv(pd.concat([more, more[:9]]))}), 'd')
    assert v.ref == 'd:3.0.0' and not [o for o in v.notes if 'append' in o]

@pytest.mark.parametrize('new,policy', [({'train.csv': csv(put(more.reset_index(drop=True), width=(3, 9.)))}, {}), ({'train.csv': csv(more)}, dict(append='major')), ({'train.csv': csv(iris[:9])}, {})])
def test_no_hint_where_append_is_not_what_it_takes(repo, tmp_path, new, policy):
    v = step(repo, tmp_path/'d', one, new, **policy)
    assert v.level == 'MAJOR' and not [o for o in v.notes if 'append' in o]

def test_the_append_hint_for_files(repo, tmp_path):
    v = step(repo, tmp_path/'d', cats, cats | {'dog/4.png': picture_of(99), 'dog/5.png': picture_of(98)})
    assert '2 files added after all others; the old files are unchanged' in v.notes[0]

def test_a_policy_before_the_first_version_and_one_after(repo, tmp_path):
    assert repo.policy('Grown/small', append='minor').append == repo.policy('grown/small').append == 'minor'
    repo.policy('grown', atol=.5)
    assert str(again(repo).policy('grown/small')) == "append='minor', atol=0.5"
    repo.policy('grown/small', atol=.25)
    assert repo.policy('grown/small').atol == .25 and repo.policy('grown/large').atol == .5

def test_each_version_keeps_the_policy_it_was_judged_by(repo, tmp_path):
    repo.policy('d', append='minor')
    v = step(repo, tmp_path/'d', one, {'train.csv': csv(more)})
    repo.policy('d', append='major')
    w = repo.snapshot(lay(tmp_path/'d', {'train.csv': csv(pd.concat([more, more[:9]]))}), 'd')
    assert (v.ref, w.ref) == ('d:1.1.0', 'd:2.0.0')
    assert [o.record['policy'] for o in repo.catalog.versions('d')] == [{'append': 'minor'}, {'append': 'minor'}, {'append': 'major'}]
    d = again(repo).diff('d:1.0.0', 'd:1.1.0')
    assert d.level == Level.MINOR and "append='minor'" in str(d) and "append=&#x27;minor&#x27;" in d.to_html().replace("'", '&#x27;')

bad = dict(append='yes', order='minor', column_order=True, widen=['minor'], nullable='ignore', split_added=1, atol=-1, rtol=float('nan'), key=5, kind='pictures')
@pytest.mark.parametrize('name', bad)
def test_a_policy_that_means_nothing(repo, name):
    refuses(lambda: repo.policy('d', **{name: bad[name]}), f'{name}={bad[name]!r}', 'write')
    assert repo.policy('d') == Policy()

@pytest.mark.parametrize('kind', ['raw/*', 'raw/*=', '=table', 'a=b', 'x=table,y', {'a,b': 'table'}, {'a': 'picture'}, [1], [], True, 'image'])
def test_a_kind_that_means_nothing(kind): refuses(lambda: Policy(kind=kind), 'kind=', "'raw/*.csv=opaque'")

def test_more_that_means_nothing(repo):
    refuses(lambda: repo.policy('d', apend='minor'), 'apend', 'did you mean append?')
    refuses(lambda: repo.policy('d:1.0.0', append='minor'), 'write d')
    for o in True, '1', [1]: refuses(lambda: Policy(atol=o), 'a number, 0 or more')
    for o in ['a', 'a'], [1], {}: refuses(lambda: Policy(key=o), 'key=')
    assert Policy(key='') == Policy(key=()) == Policy(kind='') == Policy(), 'how to take it back'

# Numbers

def test_a_number_that_promises_more_than_the_data_keep(repo, tmp_path):
    src = lay(tmp_path/'d', one)
    repo.snapshot(src)
    lay(src, {'train.csv': csv(put(iris, width=(34, 9.)))})
    for ask in dict(bump='minor'), dict(bump='PATCH'), dict(version='1.0.1'), dict(version='1.7.0'):
        with pytest.raises(DvnbError) as e: repo.snapshot(src, **ask)
        for o in 'promises more than the data keep', 'honest is 2.0.0', "force='why'", 'width differs in 1 of 150 rows (row 34: 0.34 -> 9.0)': assert o in str(e.value)
    assert len(repo.log('d')) == 1
    v = repo.snapshot(src, bump='patch', force='one typo')
    assert (v.ref, v.level, v.forced) == ('d:1.0.1', 'MAJOR', 'one typo') and 'one typo' in again(repo).load('d').to_html()

def test_more_may_be_asked_for(repo, tmp_path):
    src = lay(tmp_path/'d', one)
    repo.snapshot(src)
    assert repo.snapshot(lay(src, one | {'README': b'1'}), version='5.2.7').ref == 'd:5.2.7'
    assert repo.snapshot(lay(src, one | {'README': b'2'}), bump='major').ref == 'd:6.0.0'
    assert repo.snapshot(src, bump='minor').ref == 'd:6.1.0', 'the same data may be given another number'

asks = [(dict(version='1.0'), 'pattern'), (dict(version='v2.0.0'), '2.0.0'), (dict(version='1.0.0'), 'given before'), (dict(bump='huge'), 'major, minor'), (dict(version='2.0.0', bump='major'), 'one of them'), (dict(bump='patch', force=True), "force='why'")]
@pytest.mark.parametrize('ask,said', asks)
def test_a_number_that_means_nothing(repo, tmp_path, ask, said):
    repo.snapshot(lay(tmp_path/'d', one), 'd')
    refuses(lambda: repo.snapshot(lay(tmp_path/'d', one | {'README': b'1'}), 'd', **ask), said)

def test_a_number_below_the_latest_is_proved_on_both_sides(repo, tmp_path):
    def take(df, **kw): return repo.snapshot(lay(tmp_path/'d', {'train.csv': csv(df)}), 'd', **kw)
    take(keyed), take(keyed.assign(a=1), version='1.2.0'), take(keyed.drop(columns='width'))
    assert [v.ref for v in repo.log('d')][::-1] == ['d:1.0.0', 'd:1.2.0', 'd:2.0.0']
    with pytest.raises(DvnbError, match='honest is 1.1.0') as e: take(keyed.assign(z=1), version='1.0.1')
    assert 'MINOR: 1 column added' in str(e.value)
    with pytest.raises(DvnbError, match='1.1.0 would stand below d:1.2.0') as e: take(keyed.assign(z=1), version='1.1.0')
    assert 'MAJOR: 1 column renamed: train.csv (z -> a)' in str(e.value)
    v = take(keyed.assign(a=1, b=2), version='1.3.0')
    assert (v.parent, v.level) == ('d:1.2.0', 'MINOR') and 'below d:2.0.0' in '\n'.join(v.notes) and repo.load('d').ref == 'd:2.0.0'
    assert take(keyed.assign(a=1).iloc[::-1], version='0.9.0').parent is None
    assert repo.audit('d').ok and repo.load('d:1.*.*').ref == 'd:1.3.0'

def beaten(monkeypatch, repo, other):
    "A list of the version that another writer makes of `other` while the next snapshot is at its record"
    was, met = Repo.new_record, []
    def record(self, *a, **kw):
        if not met:
            met.append(None)
            met[0] = again(repo).snapshot(other, 'd')
        return was(self, *a, **kw)
    monkeypatch.setattr(Repo, 'new_record', record)
    return met

def test_the_loser_of_a_race_is_judged_on_what_the_winner_made(repo, tmp_path, monkeypatch):
    "Alone it were a MINOR; after the winner's new column it takes one away"
    src = lay(tmp_path/'d', one)
    repo.snapshot(src)
    lay(src, {'train.csv': csv(iris.assign(a=1))})
    met = beaten(monkeypatch, repo, fill(tmp_path/'o', {'train.csv': csv(iris.assign(b=1))}))
    v = again(repo).snapshot(src)
    assert (met[0].ref, v.ref, v.parent, v.level) == ('d:1.1.0', 'd:2.0.0', 'd:1.1.0', 'MAJOR') and 'b -> a' in '\n'.join(v.reasons)

def test_the_loser_of_a_race_that_asked_for_too_little_is_refused(repo, tmp_path, monkeypatch):
    src = lay(tmp_path/'d', one)
    repo.snapshot(src)
    lay(src, {'train.csv': csv(iris.assign(a=1))})
    beaten(monkeypatch, repo, fill(tmp_path/'o', {'train.csv': csv(iris.assign(b=[*range(150)]))}))
    with pytest.raises(DvnbError, match='honest is 2.0.0'): again(repo).snapshot(src, bump='minor')
    assert len(repo.log('d')) == 2

# For all data

quick = settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
columns = {'int': st.integers(-2**40, 2**40), 'float': st.floats(allow_nan=True, width=64), 'text': st.text(string.ascii_letters+' ,"é', max_size=6), 'flag': st.booleans()}
types = dict(int=pa.int64(), float=pa.float64(), text=pa.string(), flag=pa.bool_())

@st.composite
def tables(draw, rows=st.integers(1, 30), nulls=True):
    kinds, n = draw(st.lists(st.sampled_from([*columns]), min_size=1, max_size=4)), draw(rows)
    def cell(k): return st.none() | columns[k] if nulls else columns[k]
    return pa.table({f'{k}{i}': pa.array(draw(st.lists(cell(k), min_size=n, max_size=n)), types[k]) for i, k in enumerate(kinds)})

def level_of(old, new, policy=Policy()):
    with tempfile.TemporaryDirectory() as d: return diff_trees(as_tree(fill(Path(d)/'old', old)), as_tree(fill(Path(d)/'new', new)), policy).level

def encoded(t, draw, name='train'):
    "`t` in some binary form, as files"
    n = draw(st.integers(1, min(4, t.num_rows)))
    write = draw(st.sampled_from([lambda o: parquet(o, compression='zstd'), lambda o: parquet(o, compression='none', use_dictionary=False), lambda o: parquet(o, row_group_size=3), feather]))
    ext = 'arrow' if write is feather else 'parquet'
    if n==1: return {f'{name}.{ext}': write(t)}
    at = [0, *sorted(draw(st.lists(st.integers(0, t.num_rows), min_size=n-1, max_size=n-1))), t.num_rows]
    return {f'{name}-{i:05}-of-{n:05}.{ext}': write(t[a:b]) for i, (a, b) in enumerate(zip(at, at[1:]))}

@quick
@given(tables(), st.data())
def test_how_it_is_stored_is_never_more_than_a_patch(t, data):
    assert level_of(encoded(t, data.draw), encoded(t, data.draw)) <= Level.PATCH

@quick
@given(tables(nulls=False), st.data())
def test_how_text_is_stored_is_never_more_than_a_patch(t, data):
    df = t.to_pandas()
    def some():
        n = data.draw(st.integers(1, 3))
        files = {'train.csv': csv(df)} if n==1 or len(df)<n else shards(df, n)
        return {f'{k}.gz': gzip.compress(o) for k, o in files.items()} if data.draw(st.booleans()) else files
    assert level_of(some(), some()) <= Level.PATCH

def alike(a, b): return a is None and b is None or a is not None and b is not None and (a == b or a != a and b != b)

@quick
@given(tables(), st.data())
def test_any_single_cell_is_major(t, data):
    name, i = data.draw(st.sampled_from(t.column_names)), data.draw(st.integers(0, t.num_rows-1))
    values = t[name].to_pylist()
    new = data.draw((st.none() | columns[name.rstrip(string.digits)]).filter(lambda o: not alike(o, values[i])))
    other = t.set_column(t.column_names.index(name), name, pa.array(values[:i]+[new]+values[i+1:], t[name].type))
    for policy in Policy(), Policy(append='minor', column_order='ignore', widen='minor'): assert level_of(encoded(t, data.draw), encoded(other, data.draw), policy) == Level.MAJOR

@quick
@given(tables(), tables(rows=st.just(30)), st.data())
def test_columns_that_are_only_added_are_minor(t, more, data):
    other = t
    for k in more.column_names: other = other.add_column(data.draw(st.integers(0, other.num_columns)), f'new_{k}', more[k][:t.num_rows])
    assert level_of(encoded(t, data.draw), encoded(other, data.draw)) == Level.MINOR

base = pa.table({'id': range(20), 'x': [o*.5 for o in range(20)], 'word': [str(o%7) for o in range(20)]})

def change(state, op, k):
    "A step that undoes none before it: `state` is the table, the splits beside it, and the readme"
    t, splits, readme = state
    if op == 'document': return t, splits, readme+1
    if op == 'split': return t, splits+1, readme
    if op == 'column': return t.append_column(f'c{k}', pa.array([k]*t.num_rows)), splits, readme
    if op == 'append': return pa.concat_tables([t, pa.table([pa.array([{'id': 100+k}.get(c, t[c][0].as_py())], t[c].type) for c in t.column_names], t.column_names)]), splits, readme
    if op == 'cell': return t.set_column(1, 'x', pa.array([o+100*(i==k%20) for i, o in enumerate(t['x'].to_pylist())])), splits, readme
    return t.filter(pa.array([i != k%5 for i in range(t.num_rows)])), splits, readme

def files_of(state, draw):
    t, splits, readme = state
    return {**encoded(t, draw), 'README': str(readme).encode()} | {f's{i}.csv': b'a\n1\n' for i in range(splits)}

@settings(quick, max_examples=25)
@given(st.lists(st.sampled_from(['document', 'split', 'column', 'append', 'cell', 'row']), min_size=2, max_size=4), st.sampled_from([Policy(), Policy(append='minor')]), st.data())
def test_a_chain_is_the_maximum_of_its_steps(ops, policy, data):
    states = [(base, 0, 0)]
    for k, op in enumerate(ops): states.append(change(states[-1], op, k))
    made = [files_of(o, data.draw) for o in states]
    steps = [level_of(a, b, policy) for a, b in zip(made, made[1:])]
    assert level_of(made[0], made[-1], policy) == max(steps)

# What tables are called

@pytest.mark.parametrize('files, said', [(['test.csv'], '1 split added: test.csv'), (['val/a.parquet'], '1 split added: val/a.parquet'), (['feb.csv'], '1 table added: feb.csv'),
    (['test.json'], '1 split added: test.json'), (['labels.json'], '1 file added: labels.json'), (['feb.csv', 'test.csv'], '2 tables added: feb.csv and 1 other'),
    (['labels.json', 'test.csv'], '2 files added: labels.json and 1 other'), (['test-00000-of-00002.csv', 'test-00001-of-00002.csv'], '1 split added: test')])
def test_only_what_is_a_split_is_called_one(files, said):
    reasons = verdict(file_changes(['jan.csv'], sorted(['jan.csv', *files]), added=files)).reasons
    assert reasons == [f'MINOR: {said}']
    assert verdict(file_changes(sorted(['jan.csv', *files]), ['jan.csv'], removed=files)).reasons == [f'MAJOR: {said.replace("added", "removed")}']

def test_a_json_that_holds_no_table_is_no_table():
    assert verdict(file_changes(['labels.json'], ['labels.json'], modified=['labels.json'])).reasons[0].startswith('MAJOR: 1 file modified: labels.json')
    assert verdict(file_changes(['a.csv'], ['a.csv'], modified=['a.csv'])).reasons[0].startswith('MAJOR: 1 table modified: a.csv')
    assert verdict(file_changes(['train.csv'], ['learn.csv'], renamed=[('train.csv', 'learn.csv')])).reasons == ['MAJOR: 1 split renamed: train.csv -> learn.csv']
