"Every case of the rules for PATCH, MINOR and MAJOR, on real files through `Repo.snapshot`, and what must hold for all data"
import gzip, io, json, os, string, tempfile
from pathlib import Path
import numpy as np, pandas as pd, pyarrow as pa, pyarrow.feather, pyarrow.parquet as pq, pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image
from hard import *
from dvnb.changes import diff_trees
from dvnb.verdict import Level, Policy, verdict

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
    "`folder` with exactly `files`"
    if folder.exists(): shutil.rmtree(folder)
    return fill(folder, files)

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
