"A table diff says what a few lines of plain Python say, whichever way it took to find out; and it says so where there is nothing to be sure of."
import datetime as dt, decimal, math, os, re, signal, subprocess, sys, threading, time
from collections import Counter
from pathlib import Path
import numpy as np, pandas as pd, pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq, pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from dvnb import prefilter, tableprint, tableprofile
from dvnb.align import increasing
from dvnb.classify import DiffError, type_change
from dvnb.duck import Duck, memory_bytes
from dvnb.joins import count_moved, row_runs
from dvnb.order import align_rows, surplus
from dvnb.rowdiff import RowDiff
from dvnb.tablediff import diff_tables
from dvnb.tableopen import open_table

def examples(n): return settings(max_examples=n, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    "Blocks of a few rows, so that small tables have many"
    for k,n in dict(_fewest=2, _usual=4, _most=8).items(): monkeypatch.setattr(tableprint, k, n)

def diff(old, new, *, plan=None, memory='1GB', **kw):
    d = diff_tables(old, new, memory=memory, **kw)
    d._plan = plan or {}
    return d

@pytest.mark.parametrize('guess', [[], [0], [3], [0, 4], 'keys'])
@pytest.mark.parametrize('fmt', ['frame', 'file'])
def test_a_guess_that_misses_costs_time_and_nothing_else(monkeypatch, tmp_path, guess, fmt):
    "Guesses that name no column, or some of those that differ, and hashes of keys that are not unique"
    n, real, looked = 400, prefilter._numbered, []
    old = pa.table(dict(id=np.arange(n), a=np.zeros(n), b=np.zeros(n), c=np.zeros(n), d=np.zeros(n), s=['x']*n))
    new = {k: c.to_pylist() for k, c in zip(old.column_names, old.columns)}
    for k, i, v in ('a', 3, 1.), ('d', 3, 2.), ('s', 5, 'y'): new[k][i] = v
    new = pa.table(new).take(np.random.default_rng(0).permutation(n)[7:])
    if guess=='keys': monkeypatch.setattr(prefilter, '_numbered', lambda *args: [o.replace('select i, h,', 'select i, h & 7 h,') for o in real(*args)])
    else: monkeypatch.setattr(prefilter, '_guess', lambda d, n: guess)
    look = prefilter._look
    monkeypatch.setattr(prefilter, '_look', lambda *args: looked.append(args[4]) or look(*args))
    d = diff(as_file(old, fmt, tmp_path, 0), as_file(new, fmt, tmp_path, 1), plan=dict(whole=True, few=-1))
    check_keyed(d, old, new, old.column_names)
    assert looked=={'[]': [[0, 1, 2, 3, 4]], '[0]': [[0], [1, 2, 3, 4]], '[3]': [[3], [0, 1, 2, 4]], '[0, 4]': [[0, 4], [1, 2, 3]], 'keys': []}[str(guess)]

def test_what_columns_do_not_account_for_is_looked_at_whole(monkeypatch):
    "Nothing rests on a hash that says what the values do not"
    old, paired = pa.table(dict(id=np.arange(90), a=np.zeros(90), b=np.zeros(90))), prefilter._paired
    new = old.set_column(1, 'a', pa.array((np.arange(90)%9==0)*1.)).take(pa.array(np.arange(90)[::-1]))
    def wrong(*args):
        pairs, d, *rest = paired(*args)
        return pairs, d ^ np.uint64(8), *rest
    monkeypatch.setattr(prefilter, '_paired', wrong)
    check_keyed(diff(old, new, key='id', plan=dict(whole=True, few=-1, read=True)), old, new, old.column_names)

@pytest.mark.parametrize('fmt', ['frame', 'file'])
@pytest.mark.parametrize('kind', ['int64', 'string'])
def test_columns_that_swap_or_change_alike_do_not_hide_each_other(tmp_path, kind, fmt):
    "The hash of a row is made of those of its columns: swapped values, and equal ones that change alike, leave their sum as it was"
    n, rng = 300, np.random.default_rng(5)
    for k in 2, 3, 16:
        cols = {f'c{j}': [(i+j) % 7 for i in range(n)] for j in range(k)}
        if k%2: cols = {c: [i%7 for i in range(n)] for c in cols}
        new = {c: v.copy() for c,v in cols.items()}
        for i in range(0, n, 11):
            p, q = rng.choice(k, 2, replace=False)
            a, b = f'c{p}', f'c{q}'
            new[a][i], new[b][i] = (new[b][i], new[a][i]) if i%2 and k%2==0 else (8, 8)
        def typed(t): return pa.table(dict(id=np.arange(n)) | {c: pa.array([o%2==0 for o in v] if kind=='bool' else v).cast(kind) for c,v in t.items()})
        old, late = typed(cols), typed(new).take(pa.array(rng.permutation(n)))
        files = [as_file(t, fmt, tmp_path, i) for i,t in enumerate((old, late))]
        check_keyed(diff(*files, key='id', plan=dict(whole=True, few=-1, read=True)), old, late, old.column_names)

# --- the oracle

def canon(v):
    "A value that is equal to another if and only if the two are the same to a reader"
    if isinstance(v, (float, np.floating)): return ('f', 'nan') if math.isnan(v) else ('f', float(v)+0.)
    if isinstance(v, dict): return tuple((k, canon(o)) for k,o in v.items())
    if isinstance(v, (list, tuple)): return ('l', *map(canon, v))
    if isinstance(v, decimal.Decimal): return 'd',v
    return type(v).__name__,v

def rows_of(t, names): return [tuple(canon(r[k]) for k in names) for r in t.to_pylist()]

def lis(xs):
    best = []
    for i,x in enumerate(xs): best.append(1+max((b for b,y in zip(best, xs) if y<x), default=0))
    return max(best, default=0)

def keyed(old, new, key, names):
    "What differs, by key: (removed rows, added rows, {(new row, column)}, moved)"
    ko,kn = rows_of(old, key),rows_of(new, key)
    at = {k: i for i,k in enumerate(ko)}
    here = {k: i for i,k in enumerate(kn)}
    assert len(at)==len(ko) and len(here)==len(kn)
    ro,rn = rows_of(old, names),rows_of(new, names)
    cells = {(i, c) for i,k in enumerate(kn) if k in at for c,x,y in zip(names, ro[at[k]], rn[i]) if x!=y}
    both = [here[k] for k in ko if k in here]
    return [i for k,i in at.items() if k not in here],[i for k,i in here.items() if k not in at],cells,len(both)-lis(both)

def check_keyed(d, old, new, names):
    removed,added,hit,moved = keyed(old, new, d.key, [k for k in names if k not in d.key])
    r = d.rows
    assert (r.removed, r.added, r.changed, r.moved)==(len(removed), len(added), len({i for i,_ in hit}), moved)
    assert d.removed().index.tolist()==removed and d.added().index.tolist()==added
    assert d.changed_cells()==dict(Counter(c for _,c in hit))
    rest = [k for k in names if k not in d.key]
    keys = rows_of(new, d.key)
    back = {k: i for i,k in enumerate(keys)}
    was,now = old.to_pylist(),new.to_pylist()
    place = {k: i for i,k in enumerate(rows_of(old, d.key))}
    seen = []
    for *k,c,o,n in cells(d, old, new):
        i = back[tuple(canon(norm(v, new.schema.field(f).type)) for v,f in zip(k, d.key))]
        assert canon(o)==canon(was[place[keys[i]]][c]) and canon(n)==canon(now[i][c])
        seen.append((i, c))
    assert set(seen)==hit and len(seen)==len(hit)
    order = {c: j for j,c in enumerate(rest)}
    assert seen==sorted(seen, key=lambda o: ([sortable(now[o[0]][k]) for k in d.key], order[o[1]]))
    assert r.appended==(not removed and not hit and not moved and bool(added) and min(added)>=old.num_rows)

def sortable(v): return v.encode() if isinstance(v, str) else v

def cells(d, old, new):
    "The cells of a difference, with dates as Python has them: `cells` gives them as `read` does"
    def day(v, t, c): return v.date() if isinstance(v, pd.Timestamp) and pa.types.is_date(t.schema.field(c).type) else v
    for *k,c,o,n in d.cells(10**6).itertuples(index=False, name=None): yield *k,c,day(o, old, c),day(n, new, c)

def norm(v, t):
    "A key as pandas gives it, as Python gives it"
    if isinstance(v, np.generic): v = v.item()
    return pa.array([v], t).to_pylist()[0]

def check_unkeyed(d, old, new, names):
    "The difference applied to the old table gives the new one"
    ro,rn = rows_of(old, names),rows_of(new, names)
    a,b = Counter(ro),Counter(rn)
    gone,come = sum((a-b).values()),sum((b-a).values())
    r = d.rows
    assert r.added-r.removed==len(rn)-len(ro) and r.added>=come-r.changed and r.removed>=gone-r.changed
    assert 2*r.changed+r.removed+r.added<=2*(gone+come)
    removed,added = d.removed(10**6).index.tolist(),d.added(10**6).index.tolist()
    assert (len(removed), len(added))==(r.removed, r.added)
    if not r.changed: assert Counter([o for i,o in enumerate(ro) if i not in removed]+[rn[i] for i in added])==b
    if r.moved or r.moved is None: return
    kept = iter(o for i,o in enumerate(old.to_pylist()) if i not in removed)
    made = [new.slice(i, 1).to_pylist()[0] if i in added else dict(next(kept)) for i in range(len(rn))]
    assert next(kept, None) is None
    for row,c,o,n in cells(d, old, new):
        assert canon(made[row][c])==canon(o)
        made[row][c] = n
    assert [tuple(canon(o[k]) for k in names) for o in made]==rn

def check(d, old, new, names=None):
    names = names or [k for k in new.column_names if k in old.column_names]
    (check_keyed if d.key else check_unkeyed)(d, old, new, names)
    counts = Counter(k for k,*_ in d.kinds())
    assert max(counts.values(), default=1)==1
    assert ('cells_changed' in counts)==(d.rows.changed>0) and ('rows_removed' in counts)==(d.rows.removed>0)
    assert bool({'rows_inserted', 'rows_appended', 'rows_appended_reordered'} & {*counts})==(d.rows.added>0)
    assert d.summary() and isinstance(d.stats, pd.DataFrame)
    d.close()

# --- tables

text = st.text(st.sampled_from('aÄ�😀b"\'\x01 '), max_size=4)
values = {pa.int64(): st.sampled_from([0, 1, -1, 2**53+1, 2**63-1]), pa.uint64(): st.sampled_from([0, 1, 2**64-1]), pa.int8(): st.integers(-2, 2),
    pa.float64(): st.sampled_from([0., -0., 1.5, math.nan, math.inf, 1e300]), pa.float32(): st.sampled_from([0., -0., 1.5, math.nan]),
    pa.string(): text, pa.large_string(): text, pa.binary(): st.binary(max_size=2), pa.bool_(): st.booleans(), pa.decimal128(10, 2): st.decimals(-3, 3, places=2),
    pa.decimal256(50, 2): st.decimals(-3, 3, places=2), pa.date32(): st.sampled_from([dt.date(2024, 1, 1), dt.date(1, 1, 1)]), pa.date64(): st.sampled_from([dt.date(2024, 1, 1), dt.date(1970, 1, 2)]),
    pa.timestamp('us'): st.sampled_from([dt.datetime(2024, 1, 1), dt.datetime(9999, 12, 31)]), pa.timestamp('s', 'Europe/Paris'): st.sampled_from([dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2)]),
    pa.timestamp('ns', 'UTC'): st.sampled_from([0, 1, 999]), pa.timestamp('us', 'UTC'): st.sampled_from([0, 1, 10**15]), pa.time64('ns'): st.sampled_from([0, 1000]), pa.duration('ns'): st.sampled_from([0, 1, 2]),
    pa.list_(pa.int64()): st.lists(st.none() | st.integers(0, 2), max_size=2), pa.list_(pa.int8(), 2): st.lists(st.integers(0, 1), min_size=2, max_size=2),
    pa.list_(pa.float64()): st.lists(st.sampled_from([0., -0., math.nan]), max_size=2), pa.struct([('a', pa.int64()), ('A', pa.string())]): st.fixed_dictionaries(dict(a=st.none() | st.integers(0, 1), A=text)),
    pa.map_(pa.string(), pa.int64()): st.dictionaries(st.sampled_from('ab'), st.integers(0, 1), max_size=2).map(lambda o: sorted(o.items())),
    pa.list_(pa.timestamp('ns')): st.lists(st.integers(0, 2), max_size=2), pa.dictionary(pa.int8(), pa.string()): st.sampled_from('xyz'), pa.float16(): st.sampled_from([0., 1.5]), pa.null(): st.none()}
names = ['v', 'V', 'file_row_number', '"; DROP TABLE x', 'i', 'c0', 'old', 'x y', 'Ünï']
keys = {pa.int64(): st.integers(-9, 60), pa.string(): text, pa.timestamp('us', 'UTC'): st.integers(0, 60), pa.date32(): st.integers(0, 60), pa.timestamp('ns'): st.integers(0, 60)}

@st.composite
def pairs_of_tables(draw, types=tuple(values), most=24, key=None):
    "(old, new, key columns or None): the new table is the old one with a few edits"
    how = key or draw(st.sampled_from(['one', 'two', 'none', 'none']))
    ts = draw(st.lists(st.sampled_from(types), min_size=1, max_size=3))
    cols = dict(zip(draw(st.permutations(names)), ts))
    kt = {'one': [draw(st.sampled_from(list(keys)))], 'two': [pa.int64(), pa.string()], 'none': []}[how]
    kcols = dict(zip(('id', 'id2'), kt))
    def value(t): return draw(st.none() | values[t])
    def fresh(taken):
        k = tuple(draw(keys[t]) for t in kt)
        if kt and k in taken: return None
        taken.add(k)
        return [*k, *(value(t) for t in ts)]
    taken = set()
    old = [r for _ in range(draw(st.integers(0, most))) if (r := fresh(taken)) is not None]
    new = [list(r) for r in old]
    for edit in draw(st.lists(st.sampled_from(['cell', 'cell', 'delete', 'insert', 'append', 'shuffle', 'swap', 'repeat']), max_size=4)):
        i = draw(st.integers(0, len(new)-1)) if new else 0
        j = draw(st.integers(0, len(ts)-1))
        if edit=='cell' and new: new[i][len(kt)+j] = value(ts[j])
        if edit=='delete' and new: del new[i]
        if edit in ('insert', 'append') and (r := fresh(taken)): new.insert(i if edit=='insert' else len(new), r)
        if edit=='shuffle': new = draw(st.permutations(new))
        if edit=='swap' and new: new = new[i:]+new[:i]
        if edit=='repeat' and new and not kt: new.insert(i, list(new[i]))
    def table(rows): return pa.table([pa.array([r[j] for r in rows], t) for j,t in enumerate([*kt, *ts])], names=[*kcols, *cols])
    return table(old),table(new),list(kcols) or None

plans = [{}, dict(few=-1), dict(few=-1, sift=False), dict(few=-1, copy=True), dict(few=-1, whole=True), dict(few=-1, whole=True, many=1), dict(few=-1, whole=True, copy=True), dict(whole=True), dict(read=True),
    dict(few=-1, many=-1, whole=True, sift=False), dict(few=-1, many=-1, whole=True), dict(whole=True, most=1)]

def as_file(t, fmt, folder, i):
    if fmt=='frame': return t
    path = Path(folder)/f't{i} [x];*\'".parquet'
    pq.write_table(t, path, row_group_size=5)
    return path

def compare(case, plan, fmts, memory, folder):
    old,new,key = case
    try: files = [as_file(t, f, folder, i) for i,(t,f) in enumerate(zip((old, new), fmts))]
    except pa.ArrowNotImplementedError: files = [old, new]
    srcs = [open_table(f) for f in files]
    tables = [pa.concat_tables([s.table()]) for s in srcs]
    check(diff(*srcs, key=key, plan=plan, memory=memory), *tables)

fmts = st.sampled_from([('frame', 'frame'), ('file', 'file'), ('frame', 'file'), ('file', 'frame')])

@examples(60)
@given(pairs_of_tables(), st.sampled_from(plans), fmts)
def test_any_two_tables(tmp_path_factory, case, plan, how): compare(case, plan, how, '256MB', tmp_path_factory.getbasetemp())

@pytest.mark.slow
@examples(4000)
@given(pairs_of_tables(most=60), st.sampled_from(plans), fmts, st.sampled_from(['256MB', '4GB']))
def test_any_two_tables_at_length(tmp_path_factory, case, plan, how, memory): compare(case, plan, how, memory, tmp_path_factory.getbasetemp())

# --- the same from every format

@examples(15)
@given(pairs_of_tables(types=(pa.int64(), pa.string(), pa.bool_(), pa.date32())))
def test_equal_from_csv_and_parquet(tmp_path_factory, case):
    folder = tmp_path_factory.mktemp('formats')
    old,new,key = case
    texts = []
    for i,t in enumerate((old, new)):
        t.to_pandas(types_mapper=pd.ArrowDtype).to_csv(folder/f'{i}.csv', index=False)
        texts.append(open_table(folder/f'{i}.csv', read_schema=texts[0].read_schema if texts else None))
        pq.write_table(texts[-1].table(), folder/f'{i}.parquet', row_group_size=3)
    a,b = diff(*texts, key=key, memory='256MB'),diff(folder/'0.parquet', folder/'1.parquet', key=key, memory='4GB')
    assert str(a.rows)==str(b.rows) and [k[:2] for k in a.kinds()]==[k[:2] for k in b.kinds()] or a.kinds()[0][0]=='type_changed'
    pd.testing.assert_frame_equal(a.cells(), b.cells())

def test_shards_are_one_table(tmp_path):
    t = pa.table(dict(id=range(100), v=[i/2 for i in range(100)]))
    parts = [tmp_path/f'x-{i}.parquet' for i in range(3)]
    for p,(lo,n) in zip(parts, ((0, 30), (30, 1), (31, 69))): pq.write_table(t[lo:lo+n], p)
    new = t.set_column(1, 'v', pa.array([-1. if i in (29, 30, 99) else i/2 for i in range(100)]))
    for plan in plans: assert diff(parts, new, plan=plan).cells().id.tolist()==[29, 30, 99]

# --- what each case of the levels shows

shop = pd.DataFrame(dict(id=range(40), item=[f'i{i%7}' for i in range(40)], price=[i/4 for i in range(40)]))

def cat(*parts): return pd.concat(parts, ignore_index=True)

def kinds(old, new, **kw): return {k: n for k,n,_ in diff(old, new, **kw).kinds()}

def test_columns():
    assert kinds(shop, shop.assign(tax=1))==dict(column_added=1)
    assert kinds(shop, shop.drop(columns='item'))==dict(column_removed=1)
    assert kinds(shop, shop.rename(columns=dict(item='thing')))==dict(column_renamed=1)
    assert kinds(shop, shop[['price', 'id', 'item']])==dict(columns_reordered=1)
    both = shop.rename(columns=dict(item='thing')).assign(price=[i/4+(i==3) for i in range(40)], tax=2)
    d = diff(shop, both)
    assert (d.columns.added, d.columns.removed, d.columns.renamed, d.columns.reordered)==(['tax'], [], [('item', 'thing')], [])
    assert {k: n for k,n,_ in d.kinds()}==dict(column_added=1, column_renamed=1, cells_changed=1)

def test_a_column_is_renamed_though_cells_changed_and_rows_came():
    new = cat(shop.assign(item=[f'i{i%7}'+'!'*(i==3) for i in range(40)]), shop[:1].assign(id=90)).rename(columns=dict(item='thing'))
    d = diff(shop, new)
    assert d.columns.renamed==[('item', 'thing')] and {k: n for k,n,_ in d.kinds()}==dict(column_renamed=1, cells_changed=1, rows_appended=1)

def test_rows():
    more = pd.DataFrame(dict(id=[90, 91], item=['x', 'y'], price=[1., 2.]))
    assert kinds(shop, cat(shop, more))==dict(rows_appended=2)
    assert kinds(shop, cat(shop[:9], more, shop[9:]))==dict(rows_inserted=2)
    assert kinds(shop, cat(shop, more).sample(frac=1, random_state=0, ignore_index=True))==dict(rows_appended_reordered=2)
    assert kinds(shop, cat(shop.drop(index=5)))==dict(rows_removed=1)
    assert set(kinds(shop, shop.sample(frac=1, random_state=0, ignore_index=True)))=={'rows_reordered'}
    assert kinds(shop, cat(shop.drop(index=0), shop[:1]))==dict(rows_reordered=1)

def test_rows_without_a_key():
    bare = shop[['item', 'price']].assign(price=[i//3/2 for i in range(40)])
    twice = cat(bare, bare[4:5])
    assert kinds(bare, twice)==dict(rows_appended=1) and kinds(twice, bare)==dict(rows_removed=1)
    assert kinds(bare, cat(bare[3:], bare[:3]))==dict(rows_reordered=3)
    fixed = bare.assign(price=[-1. if i==7 else p for i,p in enumerate(bare.price)])
    d = diff(bare, fixed)
    assert d.key is None and d.cells().values.tolist()==[[7, 'price', 1., -1.]]
    mixed = fixed.sample(frac=1, random_state=1, ignore_index=True)
    d = diff(bare, mixed)
    assert (d.rows.added, d.rows.removed, d.rows.changed)==(1, 1, 0) and 'another order' in d.notes[0]

def test_evidence():
    d = diff(shop, shop.assign(price=[i/4+(i==34) for i in range(40)]))
    assert d.kinds()==[('cells_changed', 1, 'price differs in 1 of 40 rows (id 34: 8.5 -> 9.5)')]

def test_same_values(tmp_path):
    pq.write_table(pa.table(dict(id=range(40))), tmp_path/'a.parquet')
    pq.write_table(pa.table(dict(id=range(40))), tmp_path/'b.parquet', compression='none')
    d = diff(tmp_path/'a.parquet', tmp_path/'b.parquet')
    assert d.same and [k for k,*_ in d.kinds()]==['table_recoded']
    assert diff(tmp_path/'a.parquet', tmp_path/'a.parquet', digests=('x', 'x')).kinds()==[]
    assert 'duck' not in d._made, 'equal tables need no connection'

def test_profiles_answer_alone(monkeypatch):
    srcs = open_table(shop),open_table(shop.assign(price=0., tax=1))
    profs = [tableprofile.profile(o, ['id']) for o in srcs]
    for o in srcs: monkeypatch.setattr(o, '_read', None)
    d = diff(*srcs, profiles=profs)
    assert [k for k,*_ in d.kinds(rows=False)]==['column_added', 'rows_changed']

# --- types

def one(a, b): return diff(pa.table(dict(id=range(len(a)), v=a)), pa.table(dict(id=range(len(b)), v=b)))

def test_widened_types_are_compared_by_value():
    for a,b in ((pa.int32(), pa.int64()), (pa.uint8(), pa.int16()), (pa.int64(), pa.decimal128(30, 2))):
        d = one(pa.array([1, 2, None], a), pa.array([1, 3, None], b))
        assert [k for k,*_ in d.kinds()]==['type_widened', 'cells_changed'] and d.cells().id.tolist()==[1]
    d = one(pa.array([1.5, .1], pa.float32()), pa.array([1.5, .1], pa.float64()))
    assert d.cells().id.tolist()==[1], '0.1 is another number in 32 bits'

@pytest.mark.parametrize('narrow', ['float16', 'float32'])
def test_a_narrow_float_shows_its_own_digits(narrow):
    d = one(np.array([3, .1, np.nan, 7], narrow), np.array([3.1, .1, 5, np.nan], narrow))
    digits = str(np.array(3.1, narrow))
    assert all(f'3.0 -> {digits}' in o for o in (str(d), str(d.kinds())))
    page = d._repr_html_()
    assert digits in page and str(float(np.array(3.1, narrow))) not in page
    assert d.cells().new.map(str).tolist() == [digits, '5.0', 'nan'] and d.cells().new[0] == np.array(3.1, narrow)

odd = {'views of text': (pa.string_view(), ['a', None, 'b'], ['a', None, 'c']), 'views of bytes': (pa.binary_view(), [b'a', None, b'\0'], [b'a', None, b'\1']),
    'views in a list': (pa.list_(pa.string_view()), [['a'], None, []], [['a'], None, ['c']]), 'narrow decimals': (pa.decimal32(5, 2), [1, None, 2], [1, None, 3]),
    'decimals of 64 bits': (pa.decimal64(12, 2), [1, None, 2], [1, None, 3]), 'hundreds': (pa.decimal128(5, -2), [100, None, 200], [100, None, 300]),
    'intervals': (pa.month_day_nano_interval(), [(1, 2, 3), None, (1, 0, 0)], [(1, 2, 3), None, (0, 30, 0)]),
    'runs': (pa.run_end_encoded(pa.int32(), pa.string()), ['a', 'a', 'b'], ['a', 'a', 'c']), 'nanoseconds of a day': (pa.time64('ns'), [0, None, 1], [0, None, 2])}

@pytest.mark.parametrize('key', ['id', None])
@pytest.mark.parametrize('what', odd)
def test_values_in_any_layout(what, key, tmp_path):
    "polars writes views of text; DuckDB takes a month for 30 days, and no interval to the nanosecond"
    t, *sides = odd[what]
    files = [tmp_path/'old.arrow', tmp_path/'new.arrow']
    for f,vs in zip(files, sides):
        a = pc.run_end_encode(pa.array(vs)) if 'run_end' in str(t) else pa.array([None if o is None else decimal.Decimal(o) for o in vs], t) if 'decimal' in str(t) else pa.array(vs, t)
        table = pa.table({'id': [1, 2, 3], 'v': a})
        with pa.ipc.new_file(f, table.schema) as w: w.write_table(table)
    d = diff_tables(*files, key=key)
    assert (d.rows.changed, d.changed_cells())==(1, {'v': 1})
    (old, new), = d.cells()[['old', 'new']].values
    assert str(old)!=str(new) and [k for k,*_ in d.kinds()]==['cells_changed']
    assert diff_tables(files[0], files[0], key=key).same

def test_how_a_decimal_is_stored_is_no_type():
    "Nor does a zero of many places, which Python writes as 0E-10, differ from one of few"
    D = decimal.Decimal
    def prices(vs, t): return pa.table(dict(id=[1, 2], v=pa.array(vs, t)))
    assert diff(prices([D('1.5'), None], pa.decimal128(10, 2)), prices([D('1.5'), None], pa.decimal256(10, 2))).kinds()==[]
    d = diff(prices([D(0), D('1E-9')], pa.decimal128(20, 10)), prices([D(0), D('2E-9')], pa.decimal256(50, 10)))
    assert d.columns.retyped==[('v', 'decimal(20, 10)', 'decimal(50, 10)')] and d.changed_cells()=={'v': 1} and d.cells().id.tolist()==[2]

def test_what_fingerprints_tell_apart_is_never_called_equal(monkeypatch):
    old,new = (pa.table(dict(id=[1, 2], v=vs)) for vs in ([1, 2], [1, 3]))
    d = diff(old, new, key='id')
    monkeypatch.setattr(type(d), '_row_facts', lambda self: iter(()))
    (kind,_,why), = d.kinds()
    assert kind=='rows_changed' and 'v differ by their fingerprints' in why and not d.same
    near = diff(old.set_column(1, 'v', [[1., 2.]]), old.set_column(1, 'v', [[1., 2.1]]), key='id', atol=.5)
    assert near.kinds()==[]

def test_common_types_are_exact():
    big = 2**53
    d = one(pa.array([1, big, big+1]), pa.array([1., big, big]))
    assert d.cells().id.tolist()==[2]
    d = one(pa.array([1, 2**63, 5], pa.uint64()), pa.array([1, -2**63, 5]))
    assert d.cells().id.tolist()==[1]
    d = one(pa.array([7, 8]), pa.array(['007', '8']))
    assert d.cells().new.tolist()==['007']
    d = one(pa.array([1, 2], pa.timestamp('s')), pa.array([1000, 2001], pa.timestamp('ms')))
    assert d.cells().id.tolist()==[1]
    d = one(pa.array([1, 2], pa.timestamp('s')), pa.array([10**9, 2*10**9+1], pa.timestamp('ns')))
    assert d.cells().id.tolist()==[1]
    d = one(pa.array([decimal.Decimal('1.50'), decimal.Decimal('2.25')]), pa.array([decimal.Decimal('1.5'), decimal.Decimal('2.2')]))
    assert d.cells().id.tolist()==[1]
    d = one(pa.array([None, None]), pa.array([None, 'x']))
    assert d.cells().id.tolist()==[1]
    d = one(pa.array([[1], [2]], pa.list_(pa.int32())), pa.array([[1], [3]], pa.list_(pa.int64())))
    assert d.cells().id.tolist()==[1]
    d = one(pa.array(['a', 'b']), pa.array([b'a', b'c']))
    assert d.cells().id.tolist()==[1]
    d = one(pa.array([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], pa.date32()), pa.array([dt.date(2024, 1, 1), dt.date(2024, 1, 3)], pa.date64()))
    assert d.cells().id.tolist()==[1]

def test_type_changes():
    wide = [('int8', 'int16'), ('uint8', 'int16'), ('int32', 'float64'), ('int16', 'float32'), ('float32', 'float64'), ('uint64', 'decimal128(20, 0)'), ('null', 'text')]
    for a,b in wide: assert (type_change(a, b), type_change(b, a))==('widened', 'narrowed')
    for a,b in (('int64', 'float64'), ('int64', 'uint64'), ('text', 'int64'), ('timestamp[s]', 'timestamp[ms]'), ('bool', 'int8')): assert type_change(a, b) in ('other', 'narrowed')
    assert type_change('int64', 'float64')=='other' and type_change('int8', 'uint8')=='other'

def test_values_that_duckdb_hashes_alike():
    def many(a, b, t): return diff(pa.table(dict(id=range(2), v=pa.array(a, t))), pa.table(dict(id=range(2), v=pa.array(b, t))), plan=dict(whole=True, read=True))
    wide = pa.decimal128(38, 2)
    assert many([0, 5], [decimal.Decimal('-0.01'), 5], wide).rows.changed==1
    for a,b in (([0.], [0., 0.]), ([], [None]), ([], None), ([None], None)): assert many([a, [1.]], [b, [1.]], pa.list_(pa.float64())).rows.changed==1
    assert many([dict(a=None), None], [None, None], pa.struct([('a', pa.int8())])).rows.changed==1
    assert many([[-0.], [math.nan]], [[0.], [-math.nan]], pa.list_(pa.float64())).same

def test_nan_null_and_zero():
    d = one(pa.array([0., math.nan, None, 1.]), pa.array([-0., math.nan, math.nan, None]))
    assert d.cells().id.tolist()==[2, 3] and d.cells().old[0] is None and math.isnan(d.cells().new[0])

def test_names_may_be_anything(tmp_path):
    odd = ['"; DROP TABLE x', 'a.b', 'A.B', "it's", ' ', 'file_row_number', 'new (key)', 'old', 'column']
    t = pa.table({k: [f'{k}{i}' for i in range(5)] for k in odd})
    u = t.set_column(1, 'a.b', pa.array(['x', *t['a.b'].to_pylist()[1:]]))
    path = tmp_path/'x=1'/"o'; [1]*?.parquet"
    path.parent.mkdir()
    pq.write_table(t, path)
    for key in ('old', 'column', odd[0]):
        d = diff(path, u, key=key)
        assert d.cells().iloc[0, 1:].tolist()==['a.b', 'a.b0', 'x'] and d.cells().columns[0]==(f'{key} (key)' if key in ('old', 'column') else key)

@pytest.mark.parametrize('name', ['i', 'R', 'k', 'p0', 'p1', 'v', 'w', 't', 'a', 'c0'])
@pytest.mark.parametrize('plan', [{}, dict(few=-1)], ids=['plain', 'prefilter'])
def test_a_name_that_queries_use(tmp_path, name, plan):
    n = 2000
    t = pa.table({'id': range(n), name: pa.array(range(n), pa.float64()), 'z': ['x']*n})
    order = np.random.default_rng(0).permutation(n)
    u = t.set_column(1, name, pa.array([-1. if i%500==3 else float(i) for i in range(n)])).take(order)
    paths = []
    for k,o in dict(old=t, new=u).items():
        paths.append(tmp_path/f'{k}.parquet')
        pq.write_table(o, paths[-1], row_group_size=300)
    d = diff(*paths, key='id', plan=plan)
    found = d.cells()
    assert {*found.id}=={3, 503, 1003, 1503} and found.old.tolist()==found.id.tolist() and {*found.new}=={-1.} and {*found.column}=={name}

def test_nothing_in_common():
    a,b = pa.table(dict(x=[1, 2, 3])),pa.table(dict(y=['a', 'b']))
    d = diff(a, b)
    assert [k for k,*_ in d.kinds()]==['column_added', 'column_removed', 'rows_removed'] and 'No column in common' in d.notes[0]
    assert d.summary() and len(d.cells())==0 and len(d.stats)==2
    none = pa.table({})
    for x,y in ((a, none), (none, a), (none, none), (a[:0], a), (a, a[:0]), (a[:0], a[:0])):
        d = diff(x, y)
        assert d.summary() and d.rows.added-d.rows.removed==y.num_rows-x.num_rows

# --- keys

def test_a_key_that_repeats_or_lacks_values_is_told():
    a = shop.assign(k=[i//2 for i in range(40)])
    b = a.drop(index=[3])
    d = diff(a, b, key='k')
    assert d.key is None and d.rows.removed==1 and '20 values of k occur more than once in the old table (such as 0)' in d.notes[0]
    d = diff(a, b.assign(price=[p+(i==39) for i,p in b.price.items()]), key='k', pair='occurrence')
    assert (d.key, d.rows.removed, d.rows.added, d.rows.changed)==(['k'], 1, 0, 1) and 'order in which they come' in d.notes[0]
    n = a.assign(k=pd.array([None]+[*range(39)], 'Int64'))
    assert '1 row of the old table has no k' in diff(n, a, key='k').notes[0]
    with pytest.raises(DiffError, match='no column of both'): diff(a, b, key='z')
    with pytest.raises(DiffError, match='each once'): diff(a, b, key=['k', 'k'])
    with pytest.raises(DiffError, match='occurrence'): diff(a, b, key='k', pair='x')

def test_a_renamed_or_retyped_key():
    new = shop.rename(columns=dict(id='ID')).assign(price=[-1.]+[*shop.price[1:]])
    for key in ('id', 'ID'): assert diff(shop, new, key=key).cells().values.tolist()==[[0, 'price', 0., -1.]]
    texts = shop.assign(id=shop.id.astype(str), price=new.price)[::-1]
    assert diff(shop, texts, key='id').cells().values.tolist()==[['0', 'price', 0., -1.]]

def test_keys_by_chance_are_not_taken():
    r = np.random.default_rng(0)
    a = pd.DataFrame(dict(year=np.tile(np.arange(1950, 2000, 5), 30), country=np.repeat([f'c{i}' for i in range(30)], 10), pop=r.permutation(300)))
    b = a.assign(pop=r.permutation(300)+1000).drop(index=range(10, 20))
    d = diff(a, b)
    assert d.key==['year', 'country'] and (d.rows.removed, d.rows.added, d.rows.changed)==(10, 0, 290)
    assert 'year and country' in d.notes[0]
    survey = pd.DataFrame(dict(name=[f'n{i%50}' for i in range(300)], income=r.permutation(300)//2))
    assert diff(survey, survey.assign(income=survey.income[::-1].values)).key is None

def _with(a, **edits): # column=(row, value)
    b = a.copy()
    for k,(i,v) in edits.items(): b.loc[i, k] = v
    return b

def _fresh(a): return a.reset_index(drop=True)

_sales = pd.DataFrame(dict(store=['A', 'A', 'B', 'B'], day=['2026-03-01', '2026-03-02']*2, sales=[10, 11, 12, 13]))
_more = pd.DataFrame(dict(store=['A', 'B'], day=['2026-03-03']*2, sales=[19, 20]))
_depts = pd.DataFrame(dict(dept=['A', 'A', 'B', 'B', 'C'], sales=[110, 91, 82, 213, 7]))
_years = pd.DataFrame(dict(year=range(2000, 2010), pop=np.linspace(1, 2, 10)))
_people = pd.DataFrame(dict(id=range(1, 6), name=['Ann', 'Bob', 'Cid', 'Dan', 'Eve'], age=[31, 25, 47, 52, 29]))
_top = pd.DataFrame(dict(rank=range(1, 11), name=list('abcdefghij'), score=range(100, 0, -10)))
_notes = pd.DataFrame(dict(no=range(1, 9), text=[f'note {i}' for i in range(8)], v=[1, 1, 2, 2, 3, 3, 4, 4]))
_visits = pd.DataFrame(dict(date=pd.date_range('2026-01-01', periods=20), visits=[(i*37)%101 for i in range(20)]))
_lines = pd.DataFrame(dict(order_id=np.repeat([101, 102, 103], [3, 2, 3]), line=[1, 2, 3, 1, 2, 1, 2, 3], amount=[55, 20, 37, 81, 12, 99, 41, 23]))
_stock = pd.DataFrame(dict(code=['x1', 'x2', 'x3'], qty=[5, 6, 7]))
_accounts = pd.DataFrame(dict(account=[(i*7919)%100_003 for i in range(1, 51)], flag=[i%2 for i in range(50)], balance=[(i*31%997)/4 for i in range(50)]))
_iris = pd.DataFrame(dict(length=[5.1, 4.9, 4.7, 5.1, 4.9]*10, width=[3.5, 3., 3.2, 3.5, 3.1]*10, species=np.repeat(['setosa', 'virginica'], 25)))
_small = { # name: (old, new, key, (removed, added, changed))
    'a measure that is unique by chance': (_sales, _with(_sales, sales=(3, 14)), ['store', 'day'], (0, 0, 1)),
    'the same, of floats': (_sales.assign(sales=_sales.sales/4), _with(_sales.assign(sales=_sales.sales/4), sales=(3, 9.5)), ['store', 'day'], (0, 0, 1)),
    'a measure edited, and days appended': (_sales, _fresh(pd.concat([_with(_sales, sales=(0, 14)), _more])), ['store', 'day'], (0, 2, 1)),
    'all measures revised but one': (_sales, _sales.assign(sales=[10, 21, 22, 23]), ['store', 'day'], (0, 0, 3)),
    'a measure edited where nothing else names a row': (_depts, _with(_depts, sales=(2, 99)), None, (0, 0, 1)),
    'years revised': (_years, _years.assign(pop=_years['pop']*1.01), ['year'], (0, 0, 10)),
    'a window of years': (_years, _fresh(pd.concat([_years.assign(pop=_years['pop']*1.01)[1:], pd.DataFrame(dict(year=[2010], pop=[2.2]))])), ['year'], (1, 1, 9)),
    'an id, a row gone': (_people, _fresh(_people.drop(index=[2])), ['id'], (1, 0, 0)),
    'an id, a row replaced': (_people, _with(_people, id=(2, 33), name=(2, 'Zoe'), age=(2, 88)), ['id'], (1, 1, 0)),
    'an id corrected': (_people, _with(_people, id=(2, 33)), ['name'], (0, 0, 1)),
    'an id, rows sorted and a measure edited': (_people, _fresh(_with(_people, age=(0, 77)).sort_values('age')), ['id'], (0, 0, 1)),
    'names': (_people[['name', 'age']], _with(_people[['name', 'age']], age=(1, 26)), ['name'], (0, 0, 1)),
    'ranks that names swapped': (_top, _top.assign(name=list('abdcefghij'), score=[100, 90, 80, 79, 60, 50, 40, 30, 20, 10]), ['name'], (0, 0, 2)),
    'a text corrected in numbered rows': (_notes, _with(_notes, text=(3, 'other')), ['no'], (0, 0, 1)),
    'dates': (_visits, _with(_visits, visits=(3, 4444)), ['date'], (0, 0, 1)),
    'lines of orders': (_lines, _with(_lines, amount=(4, 13)), ['order_id', 'line'], (0, 0, 1)),
    'codes': (_stock, _with(_stock, qty=(0, 9)), ['code'], (0, 0, 1)),
    'accounts in another order': (_accounts, _fresh(_with(_accounts, balance=(3, 1.)).iloc[::-1]), ['account'], (0, 0, 1)),
    'accounts closed and opened': (_accounts, _fresh(pd.concat([_accounts[5:], pd.DataFrame(dict(account=[1, 2], flag=[0, 1], balance=[.5, .3]))])), ['account'], (5, 2, 0)),
    'no key': (_iris, _with(_iris, width=(3, 9.)), None, (0, 0, 1))}

@pytest.mark.parametrize('what', _small)
@pytest.mark.parametrize('fmt', ['frame', 'csv'])
def test_the_key_of_a_small_table_is_that_which_leaves_least_to_tell(what, fmt, tmp_path):
    *sides,key,rows = _small[what]
    if fmt=='csv':
        for i,o in enumerate(sides): o.to_csv(tmp_path/f'{i}.csv', index=False)
        sides = tmp_path/'0.csv',tmp_path/'1.csv'
    d = diff(*sides)
    assert (d.key, (d.rows.removed, d.rows.added, d.rows.changed))==(key, rows)

def test_keys_of_large_tables_are_not_tried_out(monkeypatch):
    n = 10_001
    a = pd.DataFrame(dict(store=[f's{i%101}' for i in range(n)], day=[i//101 for i in range(n)], sales=np.arange(n)))
    monkeypatch.setattr(RowDiff, '_weigh', None)
    assert diff(a, _with(a, sales=(5, 99_999))).key==['sales']

# --- tolerance

def test_tolerance():
    a = pd.DataFrame(dict(id=range(6), v=[1., 2., math.nan, math.inf, 100., -3.], w=[1.]*6))
    b = a.assign(v=[1.0005, 2.1, math.nan, 5., 100.05, -3.], w=[1.0005]*6)
    def ids(**kw): return diff(a, b, **kw).cells().query('column=="v"').id.tolist()
    assert ids()==[0, 1, 3, 4] and ids(atol=.001)==[1, 3, 4] and ids(rtol=.001)==[1, 3] and ids(atol=dict(v=1))==[3]
    assert diff(a, b, atol=dict(v=1)).rows.changed==6 and diff(a, b, rtol=.01, atol=1).rows.changed==1
    for plan in plans: assert diff(a, b[::-1], rtol=.001, plan=plan).cells().id.tolist()==[1, 3]
    bare = diff(a.drop(columns='id'), b.drop(columns='id'), atol=.001)
    assert bare.cells().row.tolist()==[1, 3, 4]
    with pytest.raises(DiffError, match='0 or more'): diff(a, b, atol=-1).rows
    with pytest.raises(DiffError, match='no column'): diff(a, b, atol=dict(z=1))

# --- order

@examples(200)
@given(st.lists(st.integers(0, 12), unique=True, max_size=9))
def test_in_order_keeps_most(xs): assert len(increasing(xs))==lis(xs) and [xs[i] for i in increasing(xs)]==sorted(xs[i] for i in increasing(xs))

@examples(200)
@given(st.lists(st.integers(0, 3), max_size=9), st.lists(st.integers(0, 3), max_size=9))
def test_aligned_rows_are_in_order_and_surplus_is_a_multiset(x, y):
    pairs = align_rows(np.array(x, 'i8'), np.array(y, 'i8'))
    assert (np.diff(pairs, axis=0)>0).all()
    assert Counter(np.array(x, 'i8')[surplus(np.array(x, 'i8'), np.array(y, 'i8'))].tolist())==Counter(x)-Counter(y)

@examples(100)
@given(st.permutations(range(9)))
def test_moved_rows_are_the_fewest(xs): assert count_moved(row_runs(np.arange(9), np.array(xs)))==9-lis(xs)

# --- limits

def test_memory_is_an_amount():
    assert [memory_bytes(o) for o in ('256MB', '1.5 GiB', 10**6, '7kb')]==[256*10**6, 3<<29, 10**6, 7000]
    for o in ('much', '', -1, '1.2.3GB'):
        with pytest.raises(DiffError, match='no amount'): memory_bytes(o)

def big(n, seed=0):
    r = np.random.default_rng(seed)
    return pa.table(dict(id=np.arange(n), **{f'f{i}': r.random(n) for i in range(4)}, s=pa.array(r.integers(0, 2**62, n)).cast('string')))

def test_temporary_files_go_where_told_and_are_removed(tmp_path):
    t = big(20_000)
    d = diff(t, t.take(pa.array(np.random.default_rng(1).permutation(20_000))), memory='64MB', temp=tmp_path/'spill')
    assert d.rows.moved>19_000 and len([*(tmp_path/'spill').iterdir()])==1
    d.close()
    assert not [*(tmp_path/'spill').iterdir()]
    with pytest.raises(DiffError, match='closed'): duck_closed(tmp_path).con

def duck_closed(folder):
    duck = Duck(temp=folder)
    duck.close()
    return duck

def test_nothing_is_left_at_the_end(tmp_path):
    code = f"""import pandas as pd
from dvnb.tablediff import diff_tables
a = pd.DataFrame(dict(id=range(9), v=range(9)))
d = diff_tables(a, a.assign(v=0), temp={str(tmp_path)!r})
print(d.rows.changed)"""
    r = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, env=os.environ|dict(PYTHONPATH=os.getcwd()))
    assert (r.stdout, r.stderr)==('8\n', '') and not [*tmp_path.iterdir()]

def test_ctrl_c_stops_a_query():
    duck = Duck('1GB')
    timer = threading.Timer(.7, signal.raise_signal, [signal.SIGINT])
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt): duck.table('select sum(a.range*b.range) from range(10000000) a, range(10000000) b')
    assert time.monotonic()-start<30
    assert duck.one('select 1 x')==dict(x=1)
    duck.close()

@pytest.mark.slow
def test_little_memory_is_enough(tmp_path):
    t = big(2_000_000)
    u = big(2_000_000, 1).take(pa.array(np.random.default_rng(1).permutation(2_000_000)))
    for i,o in enumerate((t, u)): pq.write_table(o, tmp_path/f'{i}.parquet')
    d = diff(tmp_path/'0.parquet', tmp_path/'1.parquet', memory='256MB', temp=tmp_path/'spill', key='id')
    assert d.rows.changed==2_000_000 and d.changed_cells()['f0']==2_000_000 and len(d.cells(10))==10

def test_hashes_of_added_and_removed_rows_meet():
    d,e = diff(shop, shop.drop(index=[3, 5])),diff(shop.drop(index=[3, 5]), shop)
    assert set(d.row_hashes('removed').tolist())==set(e.row_hashes('added').tolist()) and len(d.row_hashes('removed'))==2
    assert len(d.row_hashes('added'))==0 and d.row_hashes('removed', most=1) is None

def test_rows_are_counted_twice_only_where_the_counts_differ():
    old = pd.DataFrame(dict(id=[1, 2, 3], x=[1., 2, 3]))
    assert diff(old, old.assign(x=[1., 2, 4])).summary().startswith('frame -> frame: 3 rows, key id')
    assert diff(old, old[:2]).summary().startswith('frame -> frame: 3 -> 2 rows')

@pytest.mark.parametrize('index,names', [(pd.Index([10, 20, 30]), ['index']), (pd.Index(list('abc')), ['index']), (pd.Index([10, 20, 30], name='no'), ['no']),
    (pd.MultiIndex.from_arrays([[1, 1, 2], list('xyz')]), ['level_0', 'level_1']), (pd.MultiIndex.from_arrays([[1, 1, 2], list('xyz')], names=['year', None]), ['year', 'level_1'])])
def test_an_index_without_a_name_is_called_as_reset_index_calls_it(index, names, tmp_path):
    from dvnb.render import html
    old = pd.DataFrame(dict(x=[1., 2, 3]), index=index)
    assert [o for o in old.reset_index() if o!='x']==names
    new = old.assign(x=[1., 2, 4])[1:]
    for o in old,new: o.to_parquet(tmp_path/f'{len(o)}.parquet')
    for a,b in (old, new),(tmp_path/'3.parquet', tmp_path/'2.parquet'):
        d = diff(a, b, key=names)
        shown = [repr(d), html(d), str(d.cells()), str(d.removed()), str(d.stats), str(d.kinds()), str(d.notes), str(d.columns.renamed), str(diff(a, b).notes)]
        assert d.key==names and [*d.cells()[names].iloc[0]]==[*new.reset_index()[names].iloc[-1]] and set(names)<={*d.stats['column']} and not any('__index_level' in o for o in shown)
        bare = diff(a, pd.DataFrame(dict(x=[1.])))
        assert set(names)=={*bare.columns.removed} and '__index_level' not in repr(bare)

def test_an_index_without_a_name_beside_a_column_of_its_word():
    old = pd.DataFrame(dict(index=list('abc')), index=[5, 6, 7])
    assert {*diff(old, old[:2]).removed()}=={'index', 'level_0'}
    import pyarrow as pa
    plain = pa.table({'__index_level_0__': [1, 2, 3]})
    assert [*diff(plain, plain[:2]).removed()]==['__index_level_0__']

@pytest.mark.parametrize('module', ['tablediff', 'tablefacts'])
def test_whoever_can_make_a_table_diff_has_all_of_it(module):
    code = f"""import sys, dvnb.{module} as m
missing = [o for o in 'columns rows key cells added removed row_hashes notes stats kinds summary changed_cells other_slice same'.split() if not hasattr(m.TableDiff, o) and o not in ('columns',)]
assert not missing and m.TableDiff.__repr__ is not object.__repr__ and 'pandas' not in sys.modules, missing"""
    subprocess.run([sys.executable, '-c', code], check=True)

def test_a_summary_shows_some_cells_and_counts_the_rest():
    "Whether or not both tables have as many rows"
    old = pa.table(dict(id=range(100), v=[0.]*100))
    for new in pa.table(dict(id=range(100), v=[1.]*100)), pa.table(dict(id=range(90), v=[1.]*90)):
        d = diff(old, new)
        for n in 1, 5:
            cells = [o for o in d.summary(n).splitlines() if '->' in o and o.startswith('    id')]
            assert len(cells)==n and d.summary(n).splitlines()[-1].strip()==f'... and {new.num_rows-n:,} more cells'
        assert '5' not in d.summary(1).splitlines()[0] and len(repr(d).splitlines())<12

def test_no_cells_of_tables_without_rows(tmp_path):
    "pandas compares nothing with an empty column of text"
    none = pa.table(dict(id=pa.array([], 'int64'), name=pa.array([], 'string'), v=pa.array([], 'int64')))
    compare((none, none, ['id', 'name']), {}, ('frame', 'frame'), '256MB', tmp_path)
