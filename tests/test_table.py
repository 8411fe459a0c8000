"Properties of tables that no lesson can show: identity under any layout, round trips of many dtypes, growth of a file under edits"
import bz2, datetime as dt, decimal, gzip, io, lzma, subprocess, sys
import numpy as np, pandas as pd, pyarrow as pa, pyarrow.feather, pyarrow.parquet as pq, pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings, strategies as st
from pandas.testing import assert_frame_equal
from dvnb.table import TableError, is_frame, to_frame, to_tables
from dvnb.tablebytes import frame_digest
from dvnb.tablefile import read_parquet, row_cuts, write_table
from dvnb.tableopen import read_table, table_reader

quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

def table(obj): return to_tables(obj)['data']
def digest(obj): return frame_digest(table(obj))
def written(t):
    f = io.BytesIO()
    write_table(t, f)
    return f.getvalue()

# --- identity

i64, text = st.integers(-2**63, 2**63-1), st.text(st.characters(exclude_categories=['Cs']), max_size=12)
kinds = {pa.int64(): i64, pa.uint8(): st.integers(0, 255), pa.bool_(): st.booleans(), pa.float64(): st.floats(), pa.float32(): st.floats(width=32),
    pa.string(): text, pa.large_string(): text, pa.string_view(): text, pa.binary(): st.binary(max_size=9), pa.binary(3): st.binary(min_size=3, max_size=3),
    pa.decimal128(10, 2): st.decimals(-10**6, 10**6, places=2), pa.date32(): st.dates(), pa.timestamp('us', 'UTC'): st.datetimes(),
    pa.time64('us'): st.times(), pa.duration('us'): st.timedeltas(dt.timedelta(-9999), dt.timedelta(9999)), pa.list_(pa.string()): st.lists(text, max_size=3),
    pa.large_list(pa.int64()): st.lists(i64, max_size=3), pa.list_(pa.int8(), 2): st.lists(st.integers(-9, 9), min_size=2, max_size=2),
    pa.struct([('a', pa.int64()), ('b', pa.string())]): st.fixed_dictionaries(dict(a=st.none() | i64, b=st.none() | text)),
    pa.map_(pa.string(), pa.int64()): st.dictionaries(text, i64, max_size=3).map(lambda d: list(d.items())),
    pa.dictionary(pa.int8(), pa.string()): st.sampled_from('abc'), pa.null(): st.none()}

@st.composite
def arrow_tables(draw):
    n, types = draw(st.integers(0, 12)), draw(st.lists(st.sampled_from(list(kinds)), min_size=1, max_size=4))
    return pa.table({f'c{i}': pa.array(draw(st.lists(st.none() | kinds[t], min_size=n, max_size=n)), t) for i,t in enumerate(types)})

@quick
@given(arrow_tables(), st.lists(st.integers(0, 12), max_size=4))
def test_digest_ignores_chunks_and_offsets(t, cuts):
    t = table(t)
    cuts = [0, *sorted(min(o, t.num_rows) for o in cuts), t.num_rows]
    pieces = pa.concat_tables([t[a:b] for a,b in zip(cuts, cuts[1:])])
    padded = pa.concat_tables([t[:1], t, t[:1]]).combine_chunks()[min(1, t.num_rows):][:t.num_rows]
    assert frame_digest(pieces) == frame_digest(t) == frame_digest(padded)

@quick
@given(arrow_tables())
def test_file_gives_back_the_same_table(t):
    t = table(t)
    back = read_parquet(io.BytesIO(written(t)))
    assert frame_digest(back) == frame_digest(t)
    assert back.schema.types == t.schema.types and written(back) == written(t)

@quick
@given(arrow_tables(), st.data())
def test_any_other_value_is_another_digest(t, data):
    t = table(t)
    rows = t.to_pylist()
    if not rows: return
    i, f = data.draw(st.integers(0, len(rows)-1)), data.draw(st.sampled_from(list(t.schema)))
    if pa.types.is_dictionary(f.type) or pa.types.is_null(f.type): return
    was = rows[i][f.name]
    now = data.draw((st.none() | next(s for k,s in kinds.items() if table(pa.table({'a': pa.array([], k)})).schema.types[0] == f.type)))
    cols = {o.name: t[o.name] for o in t.schema}
    cols[f.name] = pa.array([now if j == i else r[f.name] for j,r in enumerate(rows)], f.type)
    new = pa.table(cols, schema=t.schema)
    same = repr(new[f.name][i].as_py()) == repr(was)
    assert (frame_digest(new) == frame_digest(t)) == same

def test_types_are_part_of_identity():
    arrays = [pa.array([1], o) for o in (pa.int8(), pa.int64(), pa.uint8(), pa.float16(), pa.float32(), pa.float64(), pa.date32(), pa.time32('s'),
        pa.timestamp('s'), pa.timestamp('us'), pa.timestamp('s', 'UTC'), pa.timestamp('s', 'Asia/Tokyo'), pa.duration('s'))]
    arrays += [pa.array([decimal.Decimal(1)], o) for o in (pa.decimal128(5, 0), pa.decimal128(6, 0), pa.decimal256(5, 0))]
    arrays += [pa.array([o]) for o in (True, None, '1', b'1', [1], ['1'], [[1]], {'a': 1}, {'b': 1})]
    arrays += [pa.array([[1]], pa.list_(pa.int64(), 1)), pa.array([[('1', 1)]], pa.map_(pa.string(), pa.int64())), pa.array([b'1'], pa.binary(1))]
    arrays += [pa.array(['1']).dictionary_encode(), pa.array([None], pa.int64()), pa.array([''])]
    digests = [digest(pa.table({'a': o})) for o in arrays]
    assert len(set(digests)) == len(digests)

def test_layouts_are_not():
    def same(*arrays): assert len({digest(pa.table({'a': o})) for o in arrays}) == 1
    for vals in ['x', None, 'yy'], ['x', '', 'yy']:
        same(*(pa.array(vals, o) for o in (pa.string(), pa.large_string(), pa.string_view())))
        same(*(pa.array([o and o.encode() for o in vals], t) for t in (pa.binary(), pa.large_binary(), pa.binary_view())))
    same(pa.array([[1], None]), pa.array([[1], None], pa.large_list(pa.int64())))
    same(*(pa.array(['a', 'b', 'a']).dictionary_encode().cast(pa.dictionary(o, pa.string())) for o in (pa.int8(), pa.int32(), pa.uint16())))
    assert len({digest(pa.table({'a': pa.array(o, pa.string())})) for o in (['', None], [None, ''], ['a', None], [None, 'a'])}) == 4
    assert digest(pa.table({'a': ['ab', 'c']})) != digest(pa.table({'a': ['a', 'bc']}))

def test_rubbish_under_nulls_is_not_seen():
    valid = pa.py_buffer(b'\x05')
    for t,v1,v2 in (pa.int32(), np.array([1, 2, 3], 'i4'), np.array([1, 9, 3], 'i4')), (pa.float64(), np.array([1, np.nan, 3]), np.array([1, 0, 3.])):
        a,b = (pa.Array.from_buffers(t, 3, [valid, pa.py_buffer(o)]) for o in (v1, v2))
        assert digest(pa.table({'a': a})) == digest(pa.table({'a': b})) == digest(pa.table({'a': pa.array([1, None, 3], t)}))
    rubbish = pa.Array.from_buffers(pa.string(), 3, [valid, pa.py_buffer(np.array([0, 1, 3, 4], 'i4')), pa.py_buffer(b'aXXb')])
    assert digest(pa.table({'a': rubbish})) == digest(pa.table({'a': ['a', None, 'b']}))
    inner = pa.ListArray.from_arrays(pa.array([0, 1, 3, 4], pa.int32()), pa.array([1, 7, 7, 2]), mask=pa.array([False, True, False]))
    assert digest(pa.table({'a': inner})) == digest(pa.table({'a': [[1], None, [2]]}))
    struct = pa.StructArray.from_arrays([pa.array([1, 7, 2])], ['x'], mask=pa.array([False, True, False]))
    assert digest(pa.table({'a': struct})) == digest(pa.table({'a': [{'x': 1}, None, {'x': 2}]}))

def test_floats():
    def d(*bits, dtype='u8'): return digest(pa.table({'a': pa.array(np.array(bits, dtype).view(dtype.replace('u', 'f')))}))
    assert d(0x7ff8000000000000) == d(0xfff8000000000001) == d(0x7ff0000000000007)
    assert d(0x7e00, dtype='u2') == d(0xfe01, dtype='u2')
    assert len({d(0), d(1 << 63), d(0x7ff8000000000000), digest(pa.table({'a': pa.array([None], pa.float64())}))}) == 4

def test_a_digest_stays():
    "A change here is a new version of every frame in every repo"
    df = pd.DataFrame({'i': [1, None, 3], 's': ['a', None, 'ü'], 'c': pd.Categorical(['x', 'y', 'x'], ['z', 'x', 'y']), 'b': [True, False, True]})
    assert digest(df).hex() == '7241c58a4a6b2513c1279c7cc752c5bc9a46c6ccae6f3e07dcec5243e5bfa422'

# --- round trips

frames = {
    'range': pd.DataFrame({'a': [1, 2, 3]}, index=pd.RangeIndex(5, 11, 2, name='k')),
    'multi index': pd.DataFrame({'a': [1, 2, 3]}, index=pd.MultiIndex.from_tuples([(1, 'x'), (1, 'y'), (2, 'x')], names=['i', None])),
    'ordered': pd.DataFrame({'a': pd.Categorical(['lo', 'hi', None], ['hi', 'mid', 'lo'], ordered=True)}),
    'int categories': pd.DataFrame({'a': pd.Categorical([3, 1, 3], [9, 3, 1])}),
    'float categories': pd.DataFrame({'a': pd.Categorical([.5, 1.5], [1.5, .5])}),
    'time categories': pd.DataFrame({'a': pd.Categorical(pd.to_datetime(['2020-01-01', '2021-01-01']))}),
    'bool categories': pd.DataFrame({'a': pd.Categorical([True, False], [True, False])}),
    'categorical index': pd.DataFrame({'a': [1, 2]}, index=pd.CategoricalIndex(['b', 'a'], ['z', 'b', 'a'])),
    'zone': pd.DataFrame({'a': pd.date_range('2020', '2021', periods=3, tz='Europe/Paris')}, index=pd.date_range('2020', periods=3, tz='UTC', freq=None)._with_freq(None)),
    'seconds': pd.DataFrame({'a': pd.date_range('2020', periods=3).astype('datetime64[s]'), 'd': pd.to_timedelta([1, 2, None], 's').astype('timedelta64[s]')}),
    'masked': pd.DataFrame({'a': pd.array([1, None, 3], 'Int64'), 'b': pd.array([True, None, False], 'boolean'), 'f': pd.array([1.5, None, 2], 'Float32')}),
    'text': pd.DataFrame({'a': pd.array(['x', None], 'string'), 'b': ['x', None]}),
    'objects': pd.DataFrame({'s': ['x', None], 'i': [2**60+1, None], 'b': [True, None], 'y': [b'x', b''], 'l': [[1, 2], []], 'd': [dt.date(2020, 1, 1), None],
        'm': [decimal.Decimal('1.20'), decimal.Decimal(3)]}, dtype=object),
    'backed by arrow': pd.DataFrame({'a': pd.array([1, None], 'int64[pyarrow]'), 's': pd.array(['x', None], pd.ArrowDtype(pa.string())),
        'l': pd.array([[1], None], pd.ArrowDtype(pa.list_(pa.int64())))}),
    'period, interval': pd.DataFrame({'a': pd.period_range('2020', periods=2, freq='M'), 'b': pd.interval_range(0, 2)}),
    'small': pd.DataFrame({'a': np.array([1, 2], 'f2'), 'b': np.array([1, 2**63], 'u8'), 'c': np.array([-1, 1], 'i1')}),
    'no rows': pd.DataFrame({'a': np.array([], 'i8'), 'b': pd.Series([], dtype='str'), 'o': pd.Series([], dtype=object), 'c': pd.Categorical([], ['x'])}),
    'no columns': pd.DataFrame(index=range(5)), 'nothing': pd.DataFrame(), 'index only': pd.DataFrame(index=['a', 'b']),
    'int labels': pd.DataFrame(np.arange(6).reshape(2, 3)), 'tuple labels': pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([('a', 1), ('a', 2)], names=['u', 'v'])),
    'time labels': pd.DataFrame([[1, 2]], columns=pd.date_range('2020', periods=2)), 'named labels': pd.DataFrame({'a': [1]}).rename_axis(columns='f'),
    'repeated index': pd.DataFrame({'a': pd.array([1, 2], pd.ArrowDtype(pa.int64())), 'o': ['x', 'y']}, index=pd.Index([7, 7], name='k')).astype({'o': object}),
    'numbers inside, beside nulls': pd.DataFrame({'l': [[2**60+1, None], [3]], 'd': [{'x': 2**60+1}, None], 'dl': [[{'x': 2**60+1}, {'x': None}], []]}),
    'index of objects': pd.DataFrame({'a': [1, 2]}, index=pd.Index(['x', 'y'], dtype=object)), 'index of objects that are numbers': pd.DataFrame({'a': [1, 2]}, index=pd.Index([1, 2], dtype=object)),
    'multi index of objects': pd.DataFrame({'a': [1, 2]}, index=pd.MultiIndex.from_arrays([pd.Index(['x', 'y'], dtype=object), [1, 2]])),
    'every day': pd.DataFrame({'a': [1., 2., 3.]}, index=pd.date_range('2020', periods=3, name='day')), 'every second month, in Paris': pd.DataFrame({'a': [1, 2]}, index=pd.date_range('2020', periods=2, freq='2MS', tz='Europe/Paris')),
    'every hour': pd.DataFrame({'a': range(9)}, index=pd.timedelta_range('0h', periods=9, freq='h')),
    'dots': pd.DataFrame({'a.b': [1, 2], 'a': ['x', 'y']}), 'attrs': pd.DataFrame({'a': [1]}),
}
frames['attrs'].attrs['unit'] = 'm'

@pytest.mark.parametrize('name', frames)
def test_frame_comes_back_equal(name, tmp_path):
    df, f = frames[name], tmp_path/'year=2024'/'data.parquet'
    f.parent.mkdir()
    t = table(df)
    write_table(t, f)
    back = read_table(f)
    assert_frame_equal(back, df)
    assert back.attrs == df.attrs and frame_digest(read_parquet(f)) == frame_digest(t) == digest(back)

def test_a_frequency_is_no_part_of_the_data():
    "It comes back as far as the rows still have it, and makes no version of itself"
    df = pd.DataFrame({'a': range(9)}, index=pd.date_range('2020', periods=9, freq='D'))
    bare, t = df.set_axis(pd.DatetimeIndex([*df.index])), table(df)
    assert digest(bare) == digest(df) and bare.index.freq is None
    assert to_frame(t[2:5]).index.freq == 'D' and to_frame(t.take([0, 1, 5])).index.freq is None
    odd = df.set_axis(pd.date_range('2020', periods=9, freq=pd.DateOffset(days=2)))
    assert_frame_equal(to_frame(table(odd)), odd, check_freq=False)

def test_numbers_inside_values_of_other_libraries_keep_their_digits():
    big = 2**60+1
    t = table(pa.table({'l': [[big, None]], 's': [{'x': big, 'y': None}], 'm': pa.array([[('k', big), ('n', None)]], pa.map_(pa.string(), pa.int64()))}))
    df = to_frame(t)
    assert [*df.l[0]] == [big, None] and df.s[0] == {'x': big, 'y': None} and df.m[0] == [('k', big), ('n', None)]

def test_frames_have_their_own_digests():
    digests = [digest(o) for o in frames.values()]
    assert len(set(digests)) == len(digests)

def test_details_of_pandas_frames_count():
    base = pd.DataFrame({'a': ['x', 'y', 'x']})
    cat = lambda *cats, **kw: base.astype({'a': pd.CategoricalDtype(cats, **kw)})
    variants = [base, base.astype('string'), cat('x', 'y'), cat('y', 'x'), cat('x', 'y', 'z'), cat('x', 'y', ordered=True), base.set_axis([1, 2, 3]),
        base.rename_axis('i'), base.rename_axis(columns='c'), base.set_axis(range(0, 6, 2)), base.rename(columns={'a': 'b'})]
    digests = [digest(o) for o in variants]
    assert len(set(digests)) == len(digests)
    assert digest(base.astype(object)) == digest(base) == digest(pa.table({'a': ['x', 'y', 'x']}))

def test_notes_of_other_versions_do_not_count():
    t = table(pd.DataFrame({'a': ['x'], 'b': [1]}))
    old = t.schema.metadata[b'pandas'].replace(pd.__version__.encode(), b'2.2.3').replace(pa.__version__.encode(), b'17.0.0')
    old = old.replace(b'"pandas_type": "object", "numpy_type": "str"', b'"pandas_type": "unicode", "numpy_type": "object"').replace(b'"str"', b'"object"')
    t2 = t.set_column(0, 'a', t['a'].cast(pa.string())).replace_schema_metadata({b'pandas': old})
    assert old != t.schema.metadata[b'pandas'] and frame_digest(t2) == frame_digest(t)

@pytest.mark.parametrize('df,says', [
    (pd.DataFrame({'a': [1, 'x']}), "Column 'a' mixes"), (pd.DataFrame({'a': [{1}, {2}]}), "Column 'a' holds sets"), (pd.DataFrame({'a': [frozenset('x'), None]}), "Column 'a' holds sets"),
    (pd.DataFrame({'a': pd.Series(['caf\udce9'], dtype=object)}), 'is no text'), (pd.DataFrame([[1]], columns=pd.Index(['\udce9'], dtype=object)), 'is no text'), (pd.DataFrame({'a': [b'x', 'x']}), "Column 'a' mixes bytes and str"),
    (pd.DataFrame({'a': [dt.date(2020, 1, 1), dt.datetime(2020, 1, 1, 5)]}, dtype=object), "Column 'a' mixes date and datetime"),
    (pd.DataFrame([[1, 2]], columns=['a', 'a']), "named 'a'"), (pd.DataFrame([[1, 2]], columns=[1, '1']), "named '1'"),
    (pd.DataFrame([[1, 2]], columns=[1, 'b']), 'column labels'), (pd.DataFrame({'a': [1j]}), 'column a'),
    (pd.DataFrame({'a': [2**70, 1]}, dtype=object), 'change its type'), (pd.DataFrame({'a': pd.arrays.SparseArray([0, 1])}), 'column a'),
    (pd.DataFrame({'a': pd.cut([1, 5, 9], 3)}), 'astype'), (pd.Series([1]), 'to_frame'), (pa.table([[1], [2]], ['a', 'a']), "named 'a'"),
    (pa.table({'a': pa.array([(1, 2, 3)], pa.month_day_nano_interval())}), "Column 'a'"), (pd.DataFrame({'a': [{}]}), "Column 'a'")])
def test_what_cannot_be_kept_is_refused(df, says):
    with pytest.raises(TableError, match=says): to_tables(df)

def test_splits():
    df = pd.DataFrame({'a': [1]})
    assert list(to_tables({'train': df, 'test.clean': df})) == ['train', 'test.clean']
    for bad in '', '.', '..', 'a/b', 'a\\b', '-x', 'nul', 'CON.x', 'x'*101, 'a ', 'a\n', 'é':
        with pytest.raises(TableError): to_tables({bad: df})
    with pytest.raises(TableError, match='case'): to_tables({'A': df, 'a': df})
    assert not is_frame({}) and not is_frame({'a': {'b': df}}) and not is_frame('x') and not is_frame(np.zeros(3))

def test_hugging_face_by_shape():
    t = pa.table({'label': [0, 1]}).replace_schema_metadata({'huggingface': '{"info": {"features": {"label": {"names": ["cat", "dog"]}}}}'})
    class Dataset:
        data = t
        def with_format(self, kind): return t if kind == 'arrow' else None
    assert is_frame({'train': Dataset()}) and to_tables({'train': Dataset()})['train'].equals(t)
    renamed = t.replace_schema_metadata({'huggingface': t.schema.metadata[b'huggingface'].replace(b'dog', b'cow')})
    assert digest(renamed) != digest(t) == digest(Dataset())

def test_polars():
    pl = pytest.importorskip('polars')
    df = pl.DataFrame({'i': [1, None, 2**53+1], 's': ['a', None, 'bb'], 'c': pl.Series(['x', 'y', 'x'], dtype=pl.Categorical),
        'e': pl.Series(['x', 'y', 'x'], dtype=pl.Enum(['z', 'y', 'x'])), 'l': [['a'], [], None],
        'ar': pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int64, 2)), 'st': [{'a': 'u'}, {'a': None}, None], 't': pl.Series([1000, 2000, 3000]).cast(pl.Time)})
    t = table(df)
    assert frame_digest(read_parquet(io.BytesIO(written(t)))) == frame_digest(t) == digest(pl.concat([df[:1], df[1:]], rechunk=False))
    with pytest.raises(TableError, match="'lc'"): to_tables(pl.DataFrame({'lc': pl.Series([['x']], dtype=pl.List(pl.Categorical))}))
    back = to_frame(t)
    assert back.i[2] == 2**53+1 and list(back.e.cat.categories) == ['z', 'y', 'x'] and list(back.c.cat.categories) == ['x', 'y']

# --- blocks and growth

def sales(n, seed=0):
    r = np.random.default_rng(seed)
    return pd.DataFrame({'id': np.arange(n), 'qty': r.integers(0, 1000, n), 'city': pd.Series(r.integers(0, 500, n)).map(lambda i: f'city {i:03}'),
        'price': r.random(n).round(3), 'score': r.normal(size=n)})

@pytest.fixture(scope='module')
def base():
    df = sales(200_000)
    return df, chunks(written(table(df)))

def chunks(data):
    from pyfastcdc import FastCDC
    return {blake3(bytes(c.data)).digest(): c.length for c in FastCDC(avg_size=1 << 16, min_size=1 << 14, max_size=1 << 18).cut_buf(data)}

@pytest.mark.parametrize('edit', ['insert', 'append', 'delete', 'cell'])
def test_a_small_edit_stores_little(base, edit):
    df, old = base
    new = {'insert': lambda: pd.concat([df[:100_000], sales(1, 1), df[100_000:]], ignore_index=True),
        'append': lambda: pd.concat([df, sales(1000, 1)], ignore_index=True), 'delete': lambda: df.drop(index=70_000).reset_index(drop=True),
        'cell': lambda: df.assign(price=df.price.where(df.id != 99_999, 7.))}[edit]()
    grown = sum(n for k,n in chunks(written(table(new))).items() if k not in old)
    assert grown < .25*sum(old.values()), (grown, sum(old.values()))

def test_blocks_keep_their_bounds():
    for t in table(sales(150_000)), table(pd.DataFrame({'a': np.zeros(300_000, 'i8')})), table(pd.DataFrame({'v': [[i, 0.] for i in range(50_000)]})):
        cuts = row_cuts(t)
        sizes = np.diff(cuts)
        assert (cuts[0], cuts[-1]) == (0, t.num_rows) and sizes.max() <= 1 << 17 and (sizes[:-1] >= 1 << 10).all()
        assert row_cuts(pa.concat_tables([t[:7], t[7:70_000], t[70_000:]])) == cuts

def test_chunks_do_not_show_in_the_file():
    t = table(pd.DataFrame({'i': np.arange(40_000), 's': [f'{i*i} some rather long text to fill more than one page with' for i in range(40_000)]}))
    pieces = pa.concat_tables([t[:7], t[7:1500], t[1500:30_001], t[30_001:]])
    assert written(pieces) == written(t)

def test_cuts_stay():
    "A change here stores every frame anew"
    t = pa.table({'a': np.arange(100_000)*7919 % 99_991, 's': [f'{i*i % 1009} and some more' for i in range(100_000)]})
    assert row_cuts(t) == [0, 41802, 77939, 100000]

# --- readers

def test_text_formats(tmp_path):
    df = pd.DataFrame({'a': ['007x', 'b'], 'b': [0.1+0.2, 3.0], 'c': [2**60+1, 2]})
    csv, jsonl = df.to_csv(index=False).encode(), df.to_json(orient='records', lines=True, double_precision=15).encode()
    packings = {'': bytes, '.gz': gzip.compress, '.bz2': bz2.compress, '.xz': lzma.compress, '.zst': lambda b: pa.compress(b, 'zstd', asbytes=True)}
    for end,pack in packings.items():
        (tmp_path/f'my.data.CSV{end}').write_bytes(pack(csv))
        assert_frame_equal(read_table(tmp_path/f'my.data.CSV{end}'), df)
        assert_frame_equal(read_table(io.BytesIO(pack(csv.replace(b',', b'\t'))), f'.tsv{end}'), df)
        assert_frame_equal(read_table(io.BytesIO(pack(jsonl)), f'x.jsonl{end}'), df, rtol=1e-15)
    old = read_table(io.BytesIO(b'[{"code": "007", "date": "2020"}, {"code": "8", "date": "1"}]'), '.json')
    assert old.code.tolist() == ['007', '8'] and old.date.tolist() == ['2020', '1']

def test_arrow_formats(tmp_path):
    df = pd.DataFrame({'a': [1, 2], 'b': pd.Categorical(['x', 'y'])})
    pa.feather.write_feather(df, tmp_path/'a.feather')
    t = pa.Table.from_pandas(df)
    with pa.ipc.new_stream(tmp_path/'s.arrow', t.schema) as w: w.write_table(t)
    with pa.ipc.new_file(tmp_path/'f.arrow', t.schema) as w: w.write_table(t)
    for f in 'a.feather', 's.arrow', 'f.arrow':
        assert_frame_equal(read_table(tmp_path/f), df)
        assert_frame_equal(read_table(io.BytesIO((tmp_path/f).read_bytes()), f), df)

def test_unknown_and_broken_files(tmp_path):
    for name in 'a.pkl', 'csv', 'a.parquet.gz', '.gitignore', 'a.gz', '': assert table_reader(name) is None
    with pytest.raises(TableError, match=r'No reader for .*known are \.parquet'): read_table(tmp_path/'a.pkl')
    for name,data in {'a.csv': b'', 'a.json': b'{"lr": 1}', 'a.parquet': b'PAR1 no', 'b.arrow': b'nothing of the kind', 'a.csv.gz': gzip.compress(b'a\n1\n'*99)[:-9], 'c.csv.gz': b'a,b\n',
            'a.csv.xz': b'a,b\n', 'a.csv.zst': b'a,b\n', 'a.csv.bz2': b'a,b\n'}.items():
        (tmp_path/name).write_bytes(data)
        with pytest.raises(TableError, match=name): read_table(tmp_path/name)
    with pytest.raises(FileNotFoundError): read_table(tmp_path/'none.csv')

def test_foreign_parquet_keeps_large_integers():
    f = io.BytesIO()
    pq.write_table(pa.table({'id': pa.array([2**53+1, None]), 'ok': [True, None], 'u': pa.array([1, None], pa.uint16())}), f)
    df = read_table(f, '.parquet')
    assert df.id[0] == 2**53+1 and [str(o) for o in df.dtypes] == ['Int64', 'boolean', 'UInt16']

def test_import_is_light():
    code = "import sys, dvnb.tableopen, dvnb.tableprofile; print([m for m in ('pandas', 'numpy', 'pyarrow') if m in sys.modules])"
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout.strip() == '[]'

def test_dates_are_the_same_moments_whichever_file_holds_them(tmp_path):
    text = 'day,n\n2024-02-29,1\n,2\n1969-12-01,3\n'
    (tmp_path/'x.csv').write_text(text)
    want = pd.read_csv(io.StringIO(text), parse_dates=['day'])
    days = pa.table({'day': pa.array([dt.date(2024, 2, 29), None, dt.date(1969, 12, 1)]), 'n': [1, 2, 3]})
    pq.write_table(days, tmp_path/'x.parquet')
    want.to_parquet(tmp_path/'pandas.parquet')
    pa.feather.write_feather(days, tmp_path/'x.feather')
    for name in 'x.csv', 'x.parquet', 'pandas.parquet', 'x.feather': assert_frame_equal(read_table(tmp_path/name), want)
    pq.write_table(pa.table({'day': days['day'].cast(pa.date64()), 'n': days['n']}), tmp_path/'x64.parquet')
    assert_frame_equal(read_table(tmp_path/'x64.parquet'), want)
    with open(tmp_path/'x.parquet', 'rb') as f: assert_frame_equal(read_table(io.BytesIO(f.read()), '.parquet'), want)

def test_a_frame_that_was_kept_with_date_objects_has_them_again(tmp_path):
    objects = pd.DataFrame({'day': pd.Series([dt.date(2024, 2, 29), None], dtype=object)})
    for o in objects, pa.table({'day': pa.array([dt.date(2024, 2, 29), None])}):
        write_table(to_tables(o)['data'], tmp_path/'x.parquet')
        back = read_table(tmp_path/'x.parquet')
        assert_frame_equal(back, objects)
        assert to_tables(back)['data'].equals(to_tables(objects)['data'])
    objects.to_parquet(tmp_path/'p.parquet')
    assert_frame_equal(read_table(tmp_path/'p.parquet'), objects)

def test_dates_beyond_nanoseconds_are_read(tmp_path):
    (tmp_path/'x.csv').write_text('day\n0001-01-01\n9999-12-31\n')
    found = read_table(tmp_path/'x.csv').day
    assert found.dtype.kind=='M' and [*found.dt.year]==[1, 9999]
