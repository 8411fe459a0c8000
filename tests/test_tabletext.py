"Text tables: types that stay, and bad files that say where they are bad."
import bz2, gzip, io, json, lzma, subprocess, sys
import numpy as np, pandas as pd, pyarrow as pa, pyarrow.feather, pyarrow.parquet as pq, pytest
from dvnb import tablekeep
from dvnb.table import TableError
from dvnb.tablecsv import longest_line
from dvnb.tableopen import open_table, table_format, table_formats
from dvnb.tableprofile import profile

def opened(data, name='x.csv', **kw): return open_table(data.encode() if isinstance(data, str) else data, name, **kw)
def column(*fields, name='x.csv'):
    s = opened('a,b\n' + ''.join(f'{o},\n' for o in fields), name)
    return str(s.schema.field('a').type),s.table()['a'].to_pylist()

@pytest.mark.parametrize('fields, t, values', [
    (('1', '-20', ''), 'int64', [1, -20, None]), (('7', '007'), 'string', ['7', '007']), (('1', '+1'), 'string', ['1', '+1']), (('1', '1e3'), 'double', [1, 1000]), (('0', '-0'), 'double', [0, -0.0]),
    (('1', '1.50'), 'double', [1, 1.5]), (('1.5', '007'), 'string', ['1.5', '007']), (('-07.5', '1.5'), 'string', ['-07.5', '1.5']), (('0.5', '-0.5', '0'), 'double', [.5, -.5, 0]), (('1.5', '+2.5'), 'string', ['1.5', '+2.5']),
    ((str(2**63), '1'), 'uint64', [2**63, 1]), ((str(2**63), '-1'), 'string', [str(2**63), '-1']), ((str(2**64), '1'), 'string', [str(2**64), '1']), ((str(2**53+1), '1.5'), 'string', [str(2**53+1), '1.5']), (('1e400', '1.5'), 'string', ['1e400', '1.5']),
    (('0x1F',), 'string', ['0x1F']), ((' 1',), 'string', [' 1']), (('1_000',), 'string', ['1_000']), (('true', 'False', ''), 'bool', [True, False, None]), (('true', '1'), 'string', ['true', '1']), (('0', '1'), 'int64', [0, 1]),
    (('NA', '5'), 'int64', [None, 5]), (('NA', 'CH'), 'string', ['NA', 'CH']), (('NA', ''), 'null', [None, None]), (('inf', '-inf', '1'), 'double', [np.inf, -np.inf, 1]), (('""', 'x'), 'string', ['', 'x']),
    (('2020-01-01', ''), 'date32[day]', None), (('2020-01-01', '2020-1-2'), 'string', None), (('2020-01-01 10:00:00',), 'timestamp[ms]', None), (('2020-01-01T10:00:00.25', '2020-01-01'), 'timestamp[ms]', None),
    (('2020-01-01T10:00:00Z', '2020-01-01T10:00:00+02:00'), 'timestamp[ms, tz=UTC]', None), (('2020-01-01T10:00:00Z', '2020-01-01T10:00:00'), 'string', None), (('2020-02-30',), 'string', None), (('', ''), 'null', [None, None])])
def test_types_of_fields(fields, t, values):
    got,found = column(*fields)
    assert got == t and (values is None or found == values)
    assert column(*fields[::-1])[0] == t

def test_types_do_not_follow_blocks(monkeypatch):
    "Whatever stands in the first block, the type takes every field"
    rows = ['1']*3000 + ['2.5'] + ['3']*3000 + ['x'] + ['4']*3000
    for end,t in ((3000, 'int64'), (6001, 'double'), (9002, 'string')):
        text = 'id,v\n' + ''.join(f'{i},{o}\n' for i,o in enumerate(rows[:end]))
        whole = opened(text)
        monkeypatch.setattr(tablekeep._Csv, 'block', 500)
        parts = opened(text)
        monkeypatch.undo()
        assert str(whole.schema.field('v').type) == t and parts.schema == whole.schema and profile(parts) == profile(whole)

def test_frozen_types_stay_until_a_field_forces_them():
    base = opened('id,zip,x\n1,a,1.5\n2,b,2\n').read_schema
    assert base['columns'] == dict(id='int64', zip='text', x='float64')
    same = opened('id,zip,x\n1,007,1\n2,8,2\n', read_schema=base)
    assert same.read_schema == base and same.retyped == {} and same.table()['zip'].to_pylist() == ['007', '8']
    forced = opened('id,zip,x\n1,"a\nb",1\n\n007,b,2\n', read_schema=base)
    assert forced.retyped == dict(id=dict(line=5, text='007', old='int64', new='text'))
    assert forced.notes == ["column id was int64: line 5 holds '007', so it is read as text"] and forced.table()['id'].to_pylist() == ['1', '007']
    more = opened('new,id\n5,1\n', read_schema=base)
    assert list(more.read_schema['columns']) == ['new', 'id'] and more.schema.field('new').type == pa.int64()
    json.dumps(base)

@pytest.mark.parametrize('text, rows', [('a,b\n1,"x\ny"\n', [(1, 'x\ny')]), ('\ufeffa,b\r\n1,"x\r\ny"\r\n', [(1, 'x\r\ny')]), ('a,b\r1,x\r', [(1, 'x')]), ('a,b\n\n1,x\n\n', [(1, 'x')]), ('a,b\n1,"he said ""hi"""', [(1, 'he said "hi"')]),
    ('a,b\n1,5" wide\n', [(1, '5" wide')]), ('"a","b"\n1,x', [(1, 'x')]), ('a,b\n1,"ends so\n"\n', [(1, 'ends so\n')]), ('a,b\n', []), ('a,b', []), ('a,b\n1,\0\n', [(1, '\0')])])
def test_csv_as_it_comes(text, rows):
    s = opened(text)
    assert s.schema.names == ['a', 'b'] and [tuple(o.values()) for o in s.table().to_pylist()] == rows and s.n_rows == len(rows)

@pytest.mark.parametrize('name, text, says', [
    ('x.csv', 'a,b,c,d\n'+'1,2,3,4\n'*15+'1,2,3,4,5\n', 'could not be read as CSV: line 17 has 5 fields, 4 expected'), ('x.csv', 'a,b\n1\n', 'line 2 has 1 field, 2 expected'), ('x.csv', 'a,b\n"x\ny",2\n3\n', 'line 4 has 1 field'),
    ('x.csv', 'a,b\n1,"x\n2,y\n', 'record at line 2 has a quote that is not closed'), ('x.csv', '', 'is empty'), ('x.csv', '\n\n', 'is empty'), ('x.csv', 'a,a\n1,2\n', "'a'"), ('x.csv', 'a,b\n1,é\n'.encode('latin1'), 'line 2, byte 3 is 0xe9'),
    ('x.csv', 'é,b\n1,2\n'.encode('latin1'), 'line 1, byte 1 is 0xe9'), ('x.csv', 'a\nx\n'.encode('utf-16'), 'UTF-16'), ('x.json', '{"a": 1}', 'one object'), ('x.json', '[1]', 'no record'), ('x.json', '[{"a": 1},\n{"a": }]', 'line 2'),
    ('x.json', '[{"a": 1}', 'the end'), ('x.json', '[{"a": 1}] x', 'after the last'), ('x.json', '', 'the end'), ('x.jsonl', '{"a": 1}\n[2]\n', 'line 2'), ('x.jsonl', '{"a": 1}\n{"a"\n', 'line 2'), ('x.jsonl', b'{"a": "\xe9"}\n', 'line 1'),
    ('x.json', b'[{"a": 1},\n{"a": "\xe9"}]', 'line 2'), ('x.parquet', 'PAR1 no', 'Parquet'), ('x.parquet', '', 'Parquet'), ('x.arrow', 'nothing of the kind', 'Arrow'), ('x.csv.gz', 'a,b\n', 'could not be read as gzip'),
    ('x.csv.gz', gzip.compress(b'a\n1\n'*9999, mtime=0)[:-9], 'could not be read as gzip'), ('x.csv.zst', 'a,b\n', 'read as zstd|ZSTD'), ('x.csv.xz', 'a,b\n', 'read as xz'), ('x.csv.bz2', 'a,b\n', 'read as bzip2'), ('x.pkl', 'a', 'No reader')])
def test_bad_files_say_where(name, text, says):
    with pytest.raises(TableError, match=says) as e: opened(text, name)
    assert name in str(e.value)

def test_a_line_without_end_is_refused():
    for text in (b'x'*(longest_line+9), b'a,b\n1,2\n3,'+b'x'*(longest_line+9), b'a,b\n1,2\n3,"'+(b'x'*1023+b'\n')*((longest_line>>10)+9)):
        with pytest.raises(TableError, match='longer than 64 MB|not closed'): opened(text)
    with pytest.raises(TableError, match='longer than 64 MB'): opened(b'{"a": "'+b'x'*(longest_line+9), 'x.jsonl')
    with pytest.raises(TableError, match='longer than 64 MB'): opened(b'[{"a": "'+b'x'*(longest_line+(8<<20)), 'x.json')
    assert opened(b'a,b\n1,2\n3,'+b'x'*(20<<20)+b'\n').n_rows == 2

def test_damaged_parquet(tmp_path):
    f = io.BytesIO()
    pq.write_table(pa.table({'a': range(10_000)}), f)
    good = f.getvalue()
    for bad in (good[:-20], good[:-8]+b'\xff\xff\xff\x7fPAR1', good[:100]+b'\0'*2000+good[2100:]):
        with pytest.raises(TableError, match='x.parquet'): opened(bad, 'x.parquet').table()
    twice = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ['a', 'a']), twice)
    with pytest.raises(TableError, match="named 'a'"): opened(twice.getvalue(), 'x.parquet')

records = [{'a': 1, 'b': 'x', 'c': None}, {'b': 'y', 'a': 2.5, 'd': [1, None]}, {'a': None, 'd': [2**40], 'e': {'k': True}}]
def test_json_forms_agree():
    lines = ''.join(json.dumps(o)+'\n' for o in records)
    forms = {'x.json': json.dumps(records), 'y.json': json.dumps(records, indent=2), 'z.json': lines, 'x.jsonl': lines, 'x.ndjson': lines.replace('\n', '\n\n'), 'w.json': '\ufeff'+json.dumps(records)}
    got = [opened(o, k) for k,o in forms.items()]
    assert all(o.table().equals(got[0].table()) and profile(o) == profile(got[0]) for o in got)
    assert {f.name: str(f.type) for f in got[0].schema} == {'a': 'double', 'b': 'string', 'c': 'null', 'd': 'list<element: int64>', 'e': 'struct<k: bool>'}

@pytest.mark.parametrize('values, t, back', [([1, 2], 'int64', None), ([1, 2.5], 'double', None), ([2**53+1, 2.5], 'string', ['9007199254740993', '2.5']), ([2**63, 1], 'uint64', None), ([2**63, -1], 'string', ['9223372036854775808', '-1']),
    ([2**64], 'string', ['18446744073709551616']), ([1, 'x'], 'string', ['1', '"x"']), ([True, 1], 'string', ['true', '1']), (['2020-01-01', '007'], 'string', None), ([True, None], 'bool', None), ([None], 'null', None), ([[1], ['x']], 'list<element: string>', [['1'], ['"x"']]), ([{}, {}], 'string', ['{}', '{}'])])
def test_types_of_json(values, t, back):
    s = opened(json.dumps([{'v': o} for o in values]), 'x.json')
    assert str(s.schema.field('v').type).replace('item', 'element') == t and s.table()['v'].to_pylist() == (back or values)

def test_frozen_json():
    base = opened('[{"v": 1, "w": "a"}]', 'x.json').read_schema
    s = opened('[{"v": 2, "w": "a"},\n{"v": 2.5, "w": null}]', 'x.json', read_schema=base)
    assert s.retyped == dict(v=dict(line=2, text='2.5', old='int64', new='float64')) and s.read_schema['columns'] == dict(v='float64', w='text')

def test_packings_and_names(tmp_path):
    text = b'a;b\tc\n007\t\n'
    packings = {'': bytes, '.gz': gzip.compress, '.bz2': bz2.compress, '.xz': lzma.compress, '.zst': lambda b: pa.compress(b, 'zstd', asbytes=True)}
    for end,pack in packings.items():
        (tmp_path/f'x.tsv{end}').write_bytes(pack(text))
        assert open_table(tmp_path/f'x.tsv{end}').table().to_pylist() == opened(pack(text), f'x.TSV{end}').table().to_pylist() == [{'a;b': '007', 'c': None}]
    assert table_format('a.parquet.gz') is None and table_format('x.CSV.gz') is table_formats['.csv'] and table_format('csv') is None

def test_shards_are_one_table():
    s = open_table([b'a,b\n1,x\n', b'b,a\ny,1.5\n', b'a,b\n'], 'x.csv')
    assert s.table().to_pylist() == [{'a': 1.0, 'b': 'x'}, {'a': 1.5, 'b': 'y'}] and s.read_schema['columns'] == dict(a='float64', b='text')
    assert [n for _,n in s.groups if n] == [1, 1]
    assert open_table([b'a\n1\n', b'a\n007\n'], 'x.csv').table()['a'].to_pylist() == ['1', '007']
    base = open_table([b'a\n1\n', b'a\n2\n'], 'x.csv').read_schema
    r = open_table([b'a\n1\n', b'a\n007\n'], 'x.csv', read_schema=base)
    assert r.retyped == dict(a=dict(line=2, text='007', old='int64', new='text')) and r.table()['a'].to_pylist() == ['1', '007']
    with pytest.raises(TableError, match='no shards of one table'): open_table([b'a\n1\n', b'b\n1\n'], 'x.csv')
    with pytest.raises(TableError, match='no shards'): open_table([], 'x.csv')

class Cache(dict):
    gets = puts = 0
    def get(self, kind, key):
        self.gets += 1
        return super().get((kind, key))
    def put(self, kind, key, data):
        self.puts += 1
        self[kind, key] = data

def test_text_is_parsed_once(monkeypatch):
    cache,text = Cache(),'a,b\n1,x\n2,\n'
    first = opened(text, cache=cache)
    runs = []
    monkeypatch.setattr(tablekeep, '_decode', lambda *args: runs.append(args) or 1/0)
    again = opened(text, 'other name.csv', cache=cache)
    assert (cache.gets, cache.puts, runs) == (2, 1, []) and profile(again) == profile(first) and again.read_schema == first.read_schema
    with pytest.raises(ZeroDivisionError): opened(text, cache=cache, read_schema=dict(columns={'a': 'text'}))
    monkeypatch.undo()
    for k in cache: cache[k] = b'damaged'
    assert opened(text, cache=cache).table().to_pylist() == first.table().to_pylist() and cache.puts == 2

class Folder:
    "A cache of files"
    def __init__(self, folder): self.folder = folder
    def file(self, kind, key): return p if (p := self.folder/f'{kind}-{key}').exists() else None
    def keep(self, kind, key, path): return path.rename(self.folder/f'{kind}-{key}')

def test_cache_of_files(tmp_path):
    s = opened('a\n1\n', cache=Folder(tmp_path))
    assert [str(o) for o in tmp_path.iterdir()] == s.parquet and pq.read_table(s.parquet[0]).to_pylist() == [{'a': 1}]

class Lazy(io.BytesIO):
    "A file that counts what is read of it"
    n = 0
    def read(self, n=-1):
        data = super().read(n)
        self.n += len(data)
        return data

def test_only_what_is_needed_is_read():
    rng,f = np.random.default_rng(0),io.BytesIO()
    t = pa.table({'b': np.arange(100_000) % 2 == 0, **{f'c{i}': rng.random(100_000) for i in range(8)}})
    for write,name in ((lambda: pq.write_table(t, f, row_group_size=10_000), 'x.parquet'), (lambda: pa.feather.write_feather(t, f, chunksize=10_000), 'x.feather')):
        f.seek(0)
        f.truncate()
        write()
        lazy = Lazy(f.getvalue())
        s = open_table(lazy, name)
        lazy.n = 0
        assert s.rows(42_000, 5, ['c3']).equals(t.select(['c3'])[42_000:42_005]) and lazy.n < len(f.getvalue())/20
        assert s.take([3, 99_999], ['c1']).to_pylist() == t.select(['c1']).take([3, 99_999]).to_pylist()

def test_wrong_questions():
    s = opened('a,b\n1,2\n')
    with pytest.raises(TableError, match="no column 'c': it has a, b"): s.table(['c'])
    with pytest.raises(TableError, match='no row 5'): s.take([5])
    assert s.rows(0, 1, []).num_rows == 1 and s.table(['b', 'a']).column_names == ['b', 'a'] and s.table(groups=[]).num_rows == 0

def test_excel(tmp_path):
    pytest.importorskip('openpyxl')
    with pd.ExcelWriter(tmp_path/'x.xlsx') as w:
        pd.DataFrame({'a': [1, 2], 'b': ['x', None]}).to_excel(w, sheet_name='one', index=False)
        pd.DataFrame({'c': [1.5]}).to_excel(w, sheet_name='two', index=False)
    assert open_table(tmp_path/'x.xlsx', str(tmp_path/'x.xlsx')+'#one').table().to_pylist() == [{'a': 1, 'b': 'x'}, {'a': 2, 'b': None}]
    with pytest.raises(TableError, match='holds 2 sheets'): open_table(tmp_path/'x.xlsx')
    with pytest.raises(TableError, match="no sheet 'three'"): open_table(tmp_path/'x.xlsx', 'x.xlsx#three')

@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='reads /proc')
def test_memory_stays_bounded(tmp_path):
    "Reading a long file takes no more room than a short one"
    code = "import sys; from dvnb import tablekeep; from dvnb.tableopen import open_table; tablekeep._Csv.block = 1 << 18; n = open_table(sys.argv[1]).n_rows; print(n, [o for o in open('/proc/self/status') if 'VmHWM' in o][0].split()[1])"
    used = []
    for n in (400_000, 2_400_000):
        (tmp_path/'x.csv').write_bytes(b'a,b,c\n' + b''.join(b'%d,some text that is the same everywhere,%d.5\n' % (i, i) for i in range(n)))
        rows,peak = map(int, subprocess.run([sys.executable, '-c', code, tmp_path/'x.csv'], capture_output=True, text=True, check=True).stdout.split())
        assert rows == n
        used.append(peak)
    assert used[1]-used[0] < 80_000

def test_columns_that_come_late():
    n = 40_000
    text = ''.join(json.dumps({'a': i, **({'b': i} if i > n-5 else {})})+'\n' for i in range(n))
    s = opened(text, 'x.jsonl')
    assert s.schema.names == ['a', 'b'] and s.table(['b'])['b'].null_count == n-4 and s.n_rows == n

@pytest.mark.parametrize('name, x, y, t', [('x.csv', 'a\ntrue\n', 'a\n1\n', 'text'), ('x.csv', 'a\n1\n', 'a\n2020-01-01\n', 'text'), ('x.csv', 'a\n2020-01-01\n', 'a\n2020-01-01T10:00\n', 'timestamp[ms]'), ('x.csv', 'a\nNA\n', 'a\n5\n', 'int64'),
    ('x.json', '[{"a": true}]', '[{"a": 1}]', 'json'), ('x.json', '[{"a": 1}]', '[{"a": 1.5}]', 'float64'), ('x.json', '[{"a": "x"}]', '[{"a": [1]}]', 'json'), ('x.json', '[{"a": null}]', '[{"a": {"b": 1}}]', {'struct': {'b': 'int64'}})])
def test_types_of_shards(name, x, y, t):
    for pair in ((x, y), (y, x)):
        s = open_table([o.encode() for o in pair], name)
        assert s.read_schema['columns'] == {'a': t} and s.n_rows == 2 == s.table().num_rows

def test_shards_of_typed_files():
    def parquet(t):
        f = io.BytesIO()
        pq.write_table(pa.table({'a': t}), f)
        return f.getvalue()
    ints,texts,none = pa.array([1, 2]), pa.array(['x']), pa.nulls(2)
    assert open_table([parquet(none), parquet(ints)], 'x.parquet').table()['a'].to_pylist() == [None, None, 1, 2]
    assert open_table([parquet(texts), parquet(texts.cast(pa.large_string()))], 'x.parquet').n_rows == 2
    with pytest.raises(TableError, match='column a is int64 and string'): open_table([parquet(ints), parquet(texts)], 'x.parquet')

def test_names_with_odd_characters(tmp_path):
    f = tmp_path/'run#1.xlsx, or so'/'a#b.csv'
    f.parent.mkdir()
    f.write_text('a\n1\n')
    assert open_table(f).n_rows == open_table(str(f)).n_rows == 1

def test_an_index_comes_back_from_feather(tmp_path):
    df = pd.DataFrame({'a': [1, 2]}, index=pd.Index(['x', 'y'], name='k'))
    pa.feather.write_feather(pa.Table.from_pandas(df), str(tmp_path/'x.feather'))
    from dvnb.tableopen import read_table
    pd.testing.assert_frame_equal(read_table(tmp_path/'x.feather'), df)

def test_two_processes_never_keep_a_table_under_one_name(tmp_path, monkeypatch):
    "Each moves what it decoded beside its place first, which takes long where that is another disk"
    from dvnb import derived
    d, seen, real = derived.Derived(tmp_path/'derived'), [], derived.shutil.move
    monkeypatch.setattr(derived.shutil, 'move', lambda a, b: seen.append(b) or real(a, b))
    for k in 'ab':
        f = tmp_path/k/'0.tmp'
        f.parent.mkdir()
        f.write_text(k)
        assert d.keep('table', k, f).read_text() == k
    assert len({*seen}) == 2

@pytest.mark.parametrize('name,head,what', [('x.csv', b'\x89PNG\r\n\x1a\n\0', 'a PNG picture'), ('x.tsv', b'PK\3\4\x14\0', 'a zip file or a workbook'), ('x.csv', b'\x1f\x8b\x08\0', 'gzip-packed: name it .csv.gz')])
def test_a_name_that_lies_is_told(name, head, what, tmp_path):
    (tmp_path/name).write_bytes(head+b'a,b\n1,2\n')
    with pytest.raises(TableError, match=f'could not be read as CSV: it is {what}'): open_table(tmp_path/name)

@pytest.mark.parametrize('head', ['PAR1,PAR2', '%PDF,n', 'GIF8,x', 'ARROW1,y'])
def test_columns_may_be_called_like_the_head_of_a_format(head, tmp_path):
    (tmp_path/'x.csv').write_text(head+'\n1,2\n')
    assert open_table(tmp_path/'x.csv').schema.names == head.split(',')
