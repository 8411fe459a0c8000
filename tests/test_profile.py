"Profiles: values hash alike in every layout, parts add up to the whole, and what is kept today can be read by the next release."
import datetime as dt, decimal, json, math, random
from pathlib import Path
import numpy as np, pyarrow as pa, pyarrow.parquet as pq, pytest
from hypothesis import given, settings, strategies as st
from dvnb import tableprint, tableprofile
from dvnb.table import TableError
from dvnb.tablegroups import TableSource, value_type
from dvnb.tablehash import row_hashes, value_hashes
from dvnb.tablemeasure import Histogram, _add, histograms
from dvnb.tableopen import open_table
from dvnb.tableprint import column_prints, fingerprint, join_prints
from dvnb.tableprofile import TableProfile, profile, profile_key

data = Path(__file__).parent/'data'
D = decimal.Decimal

# --- values

def h(values, t=None): return value_hashes(values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values, t)).tolist()

noon,text = [dt.datetime(2024, 2, 29, 12, 30, 1, 250_000), None],['a', None, '', 'ünï', 'eight ch', 'and some more than eight', 'x'*300]
lists = [[1, 2], None, [], [None], [3, 4, 5]]
structs = [{'a': 1, 'b': 'x'}, None, {'a': None, 'b': 'x'}]
zone = lambda t: t.replace(tzinfo=dt.timezone.utc) if t else t
equal = {
    'int widths': [pa.array([1, 2, None, 5], o) for o in ('int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64')],
    'negative ints': [pa.array([-1, -128, None], o) for o in ('int8', 'int16', 'int32', 'int64')],
    'float widths': [pa.array([1.5, None, np.nan, np.inf], o) for o in ('float16', 'float32', 'float64')],
    'zeros': [pa.array([-0.0, 0.0]), pa.array([0.0, -0.0])],
    'NaNs': [pa.array(np.array([0x7ff8000000000001, 0xfff8000000000000], 'u8').view('f8')), pa.array([np.nan, np.nan])],
    'texts': [pa.array(text, o) for o in (pa.string(), pa.large_string(), pa.string_view())] + [pa.array(text).dictionary_encode(), pa.chunked_array([text[:2], text[2:]])],
    'bytes': [pa.array([b'abc', b'\0\0\0', None], o) for o in (pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(3))],
    'nulls in a dictionary': [pa.array(['x', None, 'y']), pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), pa.array(['x', None, 'y'])),
        pa.DictionaryArray.from_arrays(pa.array([1, None, 0]), pa.array(['y', 'x']))],
    'units': [pa.array(noon, pa.timestamp(o)) for o in ('ms', 'us', 'ns')],
    'zones': [pa.array(map(zone, noon), pa.timestamp('us', o)) for o in ('UTC', 'Europe/Paris', 'Asia/Tokyo')],
    'dates': [pa.array([dt.date(1960, 1, 1), dt.date(2024, 2, 29), None], o) for o in (pa.date32(), pa.date64())],
    'times': [pa.array([dt.time(1, 2, 3), None], o) for o in (pa.time32('s'), pa.time32('ms'), pa.time64('us'), pa.time64('ns'))],
    'durations': [pa.array([dt.timedelta(seconds=-3), None], pa.duration(o)) for o in ('s', 'ms', 'us', 'ns')],
    'decimals': [pa.array([D('1.50'), D('0'), D('-12'), None, D('100')], o) for o in (pa.decimal32(9, 2), pa.decimal64(18, 3), pa.decimal128(20, 2), pa.decimal128(38, 9), pa.decimal256(60, 30))],
    'wide decimals': [pa.array([D('1234567890123456789012345.25'), D('10000000000000000000000000')], o) for o in (pa.decimal128(38, 2), pa.decimal256(60, 9))],
    'lists': [pa.array(lists, o) for o in (pa.list_(pa.int64()), pa.large_list(pa.int8()), pa.list_view(pa.int16()), pa.large_list_view(pa.int64()))],
    'fixed lists': [pa.array([[1, 2], None, [3, None]], o) for o in (pa.list_(pa.int64(), 2), pa.list_(pa.int32()))],
    'structs': [pa.array(structs, pa.struct([('a', a), ('b', b)])) for a,b in ((pa.int64(), pa.string()), (pa.int8(), pa.large_string()))],
    'maps': [pa.array([[('a', 1)], None, []], pa.map_(pa.string(), o)) for o in (pa.int64(), pa.int16())],
    'bools': [pa.array([True, False, None])]*2,
    'nulls': [pa.nulls(3), pa.array([None]*3, 'int64'), pa.array([None]*3, pa.string()), pa.array([None]*3, pa.list_(pa.int64()))],
    'intervals': [pa.array([(1, 2, 3), None], pa.month_day_nano_interval())]*2,
    'runs': [pa.RunEndEncodedArray.from_arrays([2, 3], ['a', 'b']), pa.array(['a', 'a', 'b'])],
}

@pytest.mark.parametrize('what', equal)
def test_equal_values_have_equal_hashes(what):
    first,*more = map(h, equal[what])
    assert all(o == first for o in more)

different = {
    'null and empty': (['a', None], ['a', '']), 'ab c and a bc': (['ab', 'c'], ['a', 'bc']), 'zero bytes': (['a'], ['a\0']), 'int and float': ([1], [1.0]),
    'int and bool': ([1], [True]), 'null and zero': ([None, 1], [0, 1]), 'NaN and null': ([np.nan], pa.array([None], 'float64')), 'text and int': (['1'], [1]),
    'float32 of 0.1': (pa.array([.1], 'float32'), pa.array([.1])), 'uint64 and -1': (pa.array([2**64-1], 'uint64'), [-1]), 'uint64 and int64': (pa.array([2**63], 'uint64'), [-2**63]),
    'naive and zoned': (pa.array(noon[:1], pa.timestamp('us')), pa.array([zone(noon[0])], pa.timestamp('us', 'UTC'))), 'date and moment': ([dt.date(2024, 1, 1)], [dt.datetime(2024, 1, 1)]),
    'nanoseconds': (pa.array([1], pa.timestamp('ns')), pa.array([0], pa.timestamp('us'))), 'decimal and its tenth': ([D('1.5')], [D('15')]), 'wide decimals': ([D(10**30+1)], [D(10**30+2)]),
    'list and null in it': ([[None]], [[]]), 'null list': (pa.array([None], pa.list_(pa.int64())), pa.array([[]], pa.list_(pa.int64()))), 'order in a list': ([[1, 2]], [[2, 1]]), 'nested split': ([[[1], [2]]], [[[1, 2]]]),
    'intervals': (pa.array([(1, 2, 3)], pa.month_day_nano_interval()), pa.array([(1, 3, 2)], pa.month_day_nano_interval())), 'fields': ([{'a': 1, 'b': 2}], [{'a': 2, 'b': 1}]), 'field names': ([{'a': 1}], [{'b': 1}]), 'null struct': (pa.array([None], pa.struct([('a', pa.int64())])), [{'a': None}]),
    'date64 beside midnight': (pa.array([86_400_001], pa.int64()).cast(pa.timestamp('ms')).view(pa.date64()), pa.array([86_400_000], pa.int64()).view(pa.date64())),
}

@pytest.mark.parametrize('what', different)
def test_different_values_have_different_hashes(what):
    x,y = map(h, different[what])
    assert x != y

def test_layout_does_not_show():
    a = pa.array(list(range(10)))
    assert h(a.slice(3, 4)) == h([3, 4, 5, 6])
    for o in (pa.array(text*3), pa.array(lists*3), pa.array(structs*3), pa.array(text*3).dictionary_encode(), pa.array([True, None, False]*9), pa.array([D('1.5'), None, D(3)]*5)):
        assert h(o.slice(2, 7)) == h(pa.array(o.slice(2, 7).to_pylist(), o.type)) == h(o)[2:9]
    garbage = pa.Array.from_buffers(pa.int64(), 2, [pa.py_buffer(b'\1'), pa.py_buffer(np.array([5, 999]).tobytes())])
    assert h(garbage) == h([5, None])
    behind = pa.Array.from_buffers(pa.string(), 2, [pa.py_buffer(b'\1'), pa.py_buffer(np.array([0, 1, 4], 'i4').tobytes()), pa.py_buffer(b'axyz')])
    assert h(behind) == h(['a', None])

def test_unions_are_refused():
    with pytest.raises(TableError, match='cannot be compared'): h(pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]))

def mix(x):
    m = 2**64-1
    x = (x ^ x >> 30)*0xbf58476d1ce4e5b9 & m
    x = (x ^ x >> 27)*0x94d049bb133111eb & m
    return x ^ x >> 31

def slow_text(s):
    "The hash of a text, word by word"
    from dvnb.tablehash import _golden, _odd, salt
    b,m = s.encode(),2**64-1
    words = [int.from_bytes(b[i:i+8], 'little') for i in range(0, max(len(b), 1), 8)]
    total = sum(mix(w + _golden*(i+1) & m) for i,w in enumerate(words))
    return mix(len(b)*_golden + total*_odd + salt('text') & m)

def test_text_hash_is_what_it_says():
    rng = random.Random(3)
    texts = [''.join(rng.choices('abcxyz', k=rng.choice([0, 1, 7, 8, 9, 16, 40, 127, 128, 129, 136, 200]))) for _ in range(500)] + ['y'*100_001, '', 'z'*5_000_000]
    assert h(texts) == [slow_text(o) for o in texts]

def test_no_collisions_where_simple_hashes_have_them():
    n = np.arange(1_000_000)
    assert len(np.unique(value_hashes(pa.array(n)))) == len(n)
    assert len(np.unique(value_hashes(pa.array([f'{i:08}' for i in range(300_000)])))) == 300_000
    ends = [bytes(7)+bytes([i])+bytes(7)+bytes([j]) for i in range(256) for j in range(256)]
    assert len(np.unique(value_hashes(pa.array(ends)))) == 65_536
    grid = pa.table({'a': np.repeat(np.arange(500), 500), 'b': np.tile(np.arange(500), 500)})
    assert len(np.unique(row_hashes(grid))) == 250_000
    assert row_hashes(grid).tolist() == row_hashes(grid.select(['b', 'a'])).tolist()

# --- fingerprints

def slow_print(hashes):
    lanes = [sum(x*pow(b, i, tableprint._prime) for i,x in enumerate(hashes)) % tableprint._prime for b in tableprint._bases[:2]]
    return (len(hashes), *lanes)

u64 = st.integers(0, 2**64-1) | st.sampled_from([0, 1, 2**61-2, 2**61-1, 2**61, 2**64-1])

@settings(max_examples=60, deadline=None)
@given(st.lists(u64, max_size=700), st.lists(st.integers(0, 700), max_size=4))
def test_fingerprint_is_a_polynomial_and_joins(xs, cuts):
    x = np.array(xs, 'u8')
    assert fingerprint(x) == slow_print(xs)
    at = [0, *sorted(min(o, len(xs)) for o in cuts), len(xs)]
    assert join_prints(*(fingerprint(x[i:j]) for i,j in zip(at, at[1:]))) == fingerprint(x)

@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(u64, u64), min_size=1, max_size=20))
def test_arithmetic_modulo_the_prime(pairs):
    p = tableprint._prime
    x,y = (np.array([o % p for o in col], 'u8') for col in zip(*pairs))
    assert tableprint._times(x, y).tolist() == [int(a)*int(b) % p for a,b in zip(x, y)]
    assert tableprint._running(x).tolist() == [sum(map(int, x[:i])) % p for i in range(len(x)+1)]
    assert tableprint._residue(np.array([a for a,_ in pairs], 'u8')).tolist() == [a % p for a,_ in pairs]

def test_order_and_place_show():
    x = value_hashes(pa.array(np.arange(5000)))
    prints = {fingerprint(o) for o in (x, x[::-1].copy(), np.roll(x, 1), np.delete(x, 17), np.insert(x, 17, x[16]))}
    assert len(prints) == 5
    for far in (1, 2, 256, 1024, 2048, 4096):
        y = x.copy()
        y[[3, 3+far]] = y[[3+far, 3]]
        assert fingerprint(y) != fingerprint(x)

# --- profiles

def sample(n=20_000):
    rng = np.random.default_rng(5)
    words = np.array(['alpha', 'beta', 'gamma', 'ünï', ''])
    some = lambda x: pa.array(x, mask=rng.random(n) < .05)
    return pa.table({'id': np.arange(n)*3, 'f': rng.normal(100, 15, n), 'g': some(rng.random(n)), 'i': some(rng.integers(-1000, 1000, n)), 's': some(words[rng.integers(0, 5, n)]),
        'u': [f'u-{o}' for o in rng.permutation(n)], 't': pa.array(1_700_000_000_000_000+rng.integers(0, 10**13, n), pa.timestamp('us', 'UTC')), 'b': rng.random(n) < .5,
        'd': some(rng.integers(10_000, 20_000, n).astype('i4')).cast(pa.date32()), 'l': [[int(o)]*(o % 4) for o in rng.integers(0, 9, n)]})

class Batches(TableSource):
    "A table in batches of a given size"
    def __init__(self, table, rows): self.t,self.n,self.schema,self.reader,self.notes,self.retyped = table,rows,table.schema,'test',[],{}
    def _group_rows(self): return [self.t.num_rows]
    def _read(self, g, names): yield from self.t.select(names).to_batches(max_chunksize=self.n)

@pytest.fixture(scope='module')
def table(): return sample()

@pytest.mark.parametrize('rows', [1, 7, 1000, 65_536])
@pytest.mark.parametrize('threads', [1, 2, 3, 4])
def test_batches_and_threads_do_not_show(table, rows, threads, monkeypatch):
    t = table[:300 if rows < 1000 else None]
    whole = profile(t)
    assert profile(Batches(t, rows), threads=threads) == whole
    monkeypatch.setattr(tableprofile, '_piece_rows', rows)
    monkeypatch.setattr(tableprofile, '_least_piece_rows', 1)
    assert profile(Batches(t, rows), threads=threads) == whole

def test_shards_do_not_show(table):
    shards = [table[:1], table[1:7000], table[7000:7000], table[7000:]]
    assert profile(open_table(shards)) == profile(table)

def test_facts_are_true(table):
    p,df = profile(table),table.to_pandas()
    for c in p.columns.values():
        assert (c.n, c.nulls) == (len(df), int(df[c.name].isna().sum()))
        if c.name in 'fgi': assert (c.min, c.max) == (df[c.name].min(), df[c.name].max())
        if c.unique is not None: assert c.unique == (df[c.name].nunique() == len(df) and not c.nulls)
        if c.name != 'l': assert c.increasing == (not c.nulls and df[c.name].is_monotonic_increasing and df[c.name].is_unique)
        assert c.hist.kind is None or sum(c.hist.counts.values()) == c.n-c.nulls-c.nans
        assert (c.n, *c.print) == column_prints(table.select([c.name]).to_batches())[c.name]
    assert p.columns['id'].unique and p.columns['u'].unique is not False and p.columns['s'].unique is False
    assert (p.columns['s'].min, p.columns['s'].max, p.columns['b'].min, p.columns['d'].type) == ('', 'ünï', False, 'date32')

def test_uniqueness_is_exact():
    rng = np.random.default_rng(1)
    x = rng.permutation(100_000)
    y = x.copy()
    y[99_999] = y[70_000]
    p = profile(pa.table({'a_id': x, 'b_id': y}))
    assert (p.columns['a_id'].unique, p.columns['b_id'].unique) == (True, False)

def test_blocks_move_only_where_rows_change(table):
    t = pa.concat_tables([table]*1)
    p = profile(t)
    keys = set(p.block_keys().tolist())
    one = t.slice(9000, 1).set_column(0, 'id', pa.array([-5]))
    inserted,removed = pa.concat_tables([t[:5000], one, t[5000:]]),pa.concat_tables([t[:5000], t[5001:]])
    for new in (inserted, removed): assert len(keys - set(profile(new, p.cut).block_keys().tolist())) <= 2
    wider = profile(t.append_column('new', pa.array(range(len(t)))), p.cut)
    assert wider.rows.tolist() == p.rows.tolist() and wider.block_keys(p.columns).tolist() == p.block_keys().tolist()
    assert profile(t.select(t.column_names[::-1]), p.cut).row_sum == p.row_sum
    grown = profile(pa.concat_tables([t, t[:100]]), p.cut)
    assert grown.block_keys()[:len(p.rows)-1].tolist() == p.block_keys()[:-1].tolist()

def test_blocks_have_bounds():
    for t in (pa.table({'x': np.zeros(100_000, 'i8')}), pa.table({'x': np.arange(100_000)}), pa.table({'x': np.arange(100_000) % 3})):
        p = profile(t)
        assert p.rows.sum() == 100_000 and p.rows.max() <= 2*tableprint._most and (p.rows[:-1] >= tableprint._fewest).all()

def test_reordered_rows_have_equal_sums(table):
    mixed = table.take(np.random.default_rng(2).permutation(len(table)))
    p,q = profile(table),profile(mixed)
    assert p.row_sum == q.row_sum and all(p.columns[k].sum == q.columns[k].sum and p.columns[k].print != q.columns[k].print for k in p.columns)
    twice,other = pa.concat_tables([table, table[:2]]),pa.concat_tables([table, table[2:4]])
    assert profile(twice).row_sum != profile(other).row_sum

def test_kept_and_loaded(table):
    p = profile(table)
    kept = p.dumps()
    q = TableProfile.loads(kept)
    assert q == p and q.columns == p.columns and q.first.tolist() == p.first.tolist() and q.reader == p.reader
    for bad in (b'', kept[:-9], b'x'+kept, kept[:40]+b'\0\0\0'+kept[43:], kept[:13]+b'\xff'*8+kept[21:]):
        with pytest.raises(TableError, match='make it again'): TableProfile.loads(bad)

@pytest.mark.parametrize('t', [pa.table({}), pa.table({'a': pa.array([], 'int64')}), pa.table({'a': pa.nulls(5)}), pa.table({'a': [None, 'x']}), pa.table({'a': [np.nan]*3}), pa.table({'a': [[]]*3}),
    pa.table({'a': pa.array(['x'], pa.string()).dictionary_encode()}), pa.table({'a': pa.array([2**64-1], 'uint64')}), pa.table({'a': pa.array([10**18, -10**18], pa.timestamp('s'))}), pa.table({'a': [D('1e20')]}),
    pa.table({'a': pa.array([b'\xff\xfe'])}), pa.table({'a': pa.array(['x'*1000])}), pa.table({'a': pa.array([{'x': 1}])}), pa.table({'"; DROP TABLE': [1]}), pa.table({'a': pa.array([b'ab'], pa.binary(2))}),
    pa.table({'a': pa.array([float('inf'), -float('inf')])}), pa.table({'a': pa.array([None]*8, pa.string()).dictionary_encode()}), pa.table({'a': [D('-1.5'), None]})])
def test_edges(t):
    p = profile(t)
    assert TableProfile.loads(p.dumps()) == p and p.n_rows == t.num_rows and list(p.columns) == t.column_names

def test_invalid_utf8_in_parquet_is_no_obstacle():
    bad = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(np.array([0, 2], 'i4').tobytes()), pa.py_buffer(b'\xff\xfe')])
    assert profile(pa.table({'a': bad})).columns['a'].min == '\\xff\\xfe'

def test_types_as_read():
    same = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
    assert len({json.dumps(value_type(o)) for o in same}) == 1
    assert value_type(pa.list_(pa.dictionary(pa.int8(), pa.string()))) == value_type(pa.large_list(pa.string()))
    assert value_type(pa.int32()) != value_type(pa.int64()) and value_type(pa.date32()) != value_type(pa.date64())

def test_codes_do_not_show(tmp_path):
    n = 50_000
    t = pa.table({'c': [f'category_{i*i % 20}' for i in range(n)], 'n': [None if i % 7 == 0 else 'xyz'[i % 3] for i in range(n)], 'u': [f'{i*7919}' for i in range(n)]})
    pq.write_table(t, tmp_path/'coded.parquet', row_group_size=9000)
    pq.write_table(t, tmp_path/'plain.parquet', use_dictionary=False)
    s = open_table(tmp_path/'coded.parquet')
    assert any(str(b.schema.field('c').type).startswith('dictionary') for b in s.batches(coded=True))
    assert profile(s) == profile(open_table(tmp_path/'plain.parquet')) == profile(t)

# --- what was kept stays readable

def many_types():
    d,n = dt.datetime(2024, 2, 29, 12, 30, 1, 250_000),300
    return pa.table({'id': pa.array(range(n), 'int32'), 'u8': pa.array([2**64-1-i for i in range(n)], 'uint64'), 'f4': pa.array([i/7 for i in range(n)], 'float32'), 'f8': [None if i % 9 == 0 else -0.0 if i % 5 == 0 else float('nan') if i % 7 == 0 else 1/(i+1) for i in range(n)],
        's': [None if i % 11 == 0 else 'wörd '*(i % 30) for i in range(n)], 'cat': pa.array(['abc'[i % 3] for i in range(n)]).dictionary_encode(), 'bin': [bytes([i % 256])*(i % 20) for i in range(n)],
        'b': [i % 3 == 0 for i in range(n)], 'day': [dt.date(1969, 12, 1)+dt.timedelta(days=i) for i in range(n)], 'ts': pa.array([d+dt.timedelta(hours=i) for i in range(n)], pa.timestamp('us')),
        'tz': pa.array([d+dt.timedelta(minutes=i*i) for i in range(n)], pa.timestamp('ms', 'UTC')), 'time': pa.array([dt.time(i % 24, i % 60) for i in range(n)], pa.time64('us')), 'dur': pa.array([dt.timedelta(seconds=i-100) for i in range(n)], pa.duration('ms')),
        'dec': pa.array([D(i*i-500)/4 for i in range(n)], pa.decimal128(12, 2)), 'wide': pa.array([D(10)**25+i for i in range(n)], pa.decimal128(38, 0)), 'list': [[i, None]*(i % 3) for i in range(n)],
        'struct': [None if i % 13 == 0 else {'x': i, 'y': [str(i)]} for i in range(n)], 'map': pa.array([[('k', i)] for i in range(n)], pa.map_(pa.string(), pa.int64())), 'null': pa.nulls(n)})

def test_golden():
    "A change here makes every profile that was ever kept useless: raise `_format` if it must be"
    with pa.ipc.open_file(data/'profile.arrow') as f: t = f.read_all()
    golden = json.loads((data/'profile.json').read_text())
    p = profile(t)
    assert t.schema.equals(many_types().schema) and profile(many_types()) == p
    assert {k: [c.type, *c.print, c.sum, c.min, c.max, c.unique] for k,c in p.columns.items()} == {k: [o[0], *o[1:]] for k,o in golden['columns'].items()}
    assert p._body().hex() == golden['body']
    assert TableProfile.loads(bytes.fromhex(golden['kept'])) == p

def test_golden_from_text_and_parquet(tmp_path):
    "Of the types that CSV has, a table is the same in every format"
    t = many_types().select(['id', 'f8', 's', 'b', 'day', 'ts', 'tz'])
    t = t.set_column(0, 'id', t['id'].cast('int64'))
    df = t.to_pandas()
    pq.write_table(t, tmp_path/'x.parquet', row_group_size=70)
    import pyarrow.csv
    pyarrow.csv.write_csv(t, tmp_path/'x.csv')
    text = (tmp_path/'x.csv').read_text().replace('.250000', '.250')
    (tmp_path/'x.csv').write_text(text)
    with pa.ipc.new_file(tmp_path/'x.arrow', t.schema) as w: w.write_table(t, max_chunksize=33)
    with pa.ipc.new_stream(tmp_path/'s.arrow', t.schema) as w: w.write_table(t, max_chunksize=33)
    t = t.set_column(5, 'ts', t['ts'].cast(pa.timestamp('ms')))
    want = profile(t)
    assert profile(tmp_path/'x.csv') == want and len(df) == want.n_rows
    for o in ('x.parquet', 'x.arrow', 's.arrow'):
        p = profile(tmp_path/o)
        assert {k: c.print for k,c in p.columns.items()} == {k: c.print for k,c in want.columns.items()} and p.row_sum == want.row_sum

def test_key_follows_what_counts():
    base = profile_key(b'x'*32, 'a.csv')
    assert base == profile_key((b'x'*32).hex(), 'dir/b.csv') and len(base) == 64
    others = [profile_key(b'y'*32, 'a.csv'), profile_key(b'x'*32, 'a.tsv.gz'), profile_key(b'x'*32, 'a.parquet'), profile_key(b'x'*32, 'a.csv', dict(columns={'a': 'text'})), profile_key(b'x'*32, 'a.csv', None, ('a',))]
    assert len({base, *others}) == 6

@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False) | st.integers(-100, 100).map(float), min_size=1, max_size=60), st.lists(st.floats(allow_nan=False), max_size=40), st.integers(4, 40))
def test_histograms_have_every_value_in_its_bin(xs, ys, bins):
    x,y = (profile(pa.table({'v': pa.array(o, 'float64')})).columns['v'].hist for o in (xs, ys))
    if not ys: y = Histogram('number', {})
    labels,m,n = histograms(x, y, bins)
    assert len(labels) <= bins and (sum(m), sum(n)) == (len(xs), len(ys)) and labels == sorted(labels)
    for values,counts in ((xs, m), (ys, n)):
        for i,((lo,hi),k) in enumerate(zip(labels, counts)):
            def within(v):
                if math.isinf(v): return i == (0 if v < 0 else len(labels)-1)
                return lo <= v < hi if hi > 0 else lo < v <= hi and v < 0
            assert k == sum(map(within, values))

@settings(max_examples=60, deadline=None)
@given(st.lists(st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(3000, 1, 1)), min_size=1, max_size=40), st.integers(0, 40))
def test_histograms_of_time_add_up(whens, cut):
    col = lambda o: profile(pa.table({'t': pa.array(o, pa.timestamp('us'))})).columns['t'].hist
    a,b,whole = col(whens[:cut]),col(whens[cut:]),col(whens)
    if whens[:cut] and whens[cut:]: assert _add(a, b) == whole
    labels,m,n = histograms(whole, whole)
    assert labels == sorted(labels) and m == n and sum(m) == len(whens) and len(labels) <= 24
    assert labels[0] <= min(whens).isoformat() and max(whens).isoformat() >= labels[-1]

@pytest.mark.parametrize('n', [100, 100_000])
def test_a_unique_text_is_known_whatever_its_name_and_beside_a_rising_column(n):
    from dvnb.tablediff import diff_tables
    at = np.random.default_rng(0).permutation(n)
    t = pa.table({'n': np.arange(n), 'title': [f'title {i}' for i in at], 'twice': [f'{i}' for i in at[:-1]]+['0']})
    found = {k: c.unique for k,c in profile(t).columns.items()}
    assert found == {'n': True, 'title': True, 'twice': False}
    moved = t.take(np.random.default_rng(1).permutation(n)).set_column(0, 'n', [np.arange(n)+10**9])
    assert diff_tables(t, moved, memory='1GB').key == ['title']
