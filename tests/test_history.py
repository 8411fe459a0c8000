"""A real history, six releases of vega-datasets, judged twice: by `DatasetDiff.levels`, and here, with pandas, json and the
standard library, by three plain rules. They agree on all 41 files; a difference would have to be listed here, with its rule."""
import hashlib, json, os, re, sys
from pathlib import Path
import pandas as pd, pyarrow as pa, pyarrow.parquet as pq, pytest

root = Path(__file__).parent.parent
sys.path.insert(0, str(root/'tools'))
import dvnb as dv
from data import DataError, vega

releases = ['1.31.1', '2.1.0', '2.8.1', '2.11.0', '3.0.1', '3.2.1']
steps = [*zip(releases, releases[1:])]
LEVELS = 'NONE PATCH MINOR MAJOR'.split()

@pytest.fixture(scope='module')
def folders():
    try: return {v: vega(v) for v in releases}
    except DataError as e: pytest.skip(f'vega-datasets cannot be fetched: {e}')

@pytest.fixture(scope='module')
def judged(folders, tmp_path_factory):
    "{step: its `levels`}, by path"
    old, os.environ['DVNB_CACHE'] = os.environ.get('DVNB_CACHE'), str(tmp_path_factory.mktemp('cache'))
    try: yield {(a, b): dv.diff(str(folders[a]), str(folders[b])).levels().set_index('path') for a, b in steps}
    finally:
        if old is None: del os.environ['DVNB_CACHE']
        else: os.environ['DVNB_CACHE'] = old

# The second judgement

def frame(path):
    "The table in a file, as pandas reads it; every CSV field as the text that it is"
    if path.suffix == '.csv': return pd.read_csv(path, dtype=str, keep_default_na=False)
    if path.suffix == '.parquet': return pq.read_table(path).to_pandas()
    if path.suffix == '.arrow':
        try: return pa.ipc.open_file(path).read_all().to_pandas()
        except pa.ArrowInvalid: return pa.ipc.open_stream(path).read_all().to_pandas()
    records = json.loads(path.read_text('utf-8'))
    return pd.DataFrame(records) if isinstance(records, list) and all(isinstance(o, dict) for o in records) else records

def same(a, b):
    "Are two tables equal, where a number may be written in another way?"
    for k in a:
        x, y = a[k].reset_index(drop=True), b[k].reset_index(drop=True)
        if x.equals(y): continue
        u, v = (pd.to_numeric(o, errors='coerce') if o.dtype.kind in 'OU' or str(o.dtype).startswith('str') else o for o in (x, y))
        if u.isna().any() or v.isna().any() or not (u == v).all(): return False
    return True

def judge(old, new):
    "The level of a file that was modified: equal values are at most PATCH, columns added only are MINOR, else MAJOR"
    a, b = frame(old), frame(new)
    if not isinstance(a, pd.DataFrame) or not isinstance(b, pd.DataFrame): return 'PATCH' if a is not b and a == b else 'MAJOR'
    if len(a) != len(b) or not set(a) <= set(b) or [k for k in b if k in set(a)] != list(a): return 'MAJOR'
    if not same(a, b): return 'MAJOR'
    return 'MINOR' if set(b)-set(a) else 'PATCH'

def digests(folder):
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob('*') if p.is_file()}

def second(old, new):
    "{path: level} of a step, of files by what became of them"
    a, b = digests(old), digests(new)
    gone, come, found = a.keys()-b.keys(), b.keys()-a.keys(), {}
    for p in a.keys() & b.keys():
        if a[p] != b[p]: found[p] = judge(old/p, new/p)
    for p in come:
        was = [o for o in gone if a[o] == b[p]] or [o for o in gone if o.rpartition('.')[0] == p.rpartition('.')[0]]
        if not was: found[p] = 'MINOR'
        else:
            found[p] = 'MAJOR' if a[was[0]] == b[p] else judge(old/was[0], new/p)
            gone = gone-{was[0]}
    return found | {p: 'MAJOR' for p in gone}

# Where the two differ by a rule: {(release, path): (level here, level of dvnb)}, with the rule's number beside it. None do.
DIFFER = {}

@pytest.mark.slow
def test_every_file_of_every_step_is_judged_alike_twice(folders, judged):
    seen, differ = 0, {}
    for a, b in steps:
        mine, its = second(folders[a], folders[b]), judged[a, b].level
        assert sorted(mine) == sorted(its.index)
        for p, level in mine.items():
            seen += 1
            if level != its[p]: differ[b, p] = level, its[p]
    assert seen == 41
    assert differ == DIFFER

def test_the_second_judgement_can_tell(tmp_path):
    "It would be worth nothing if it called everything MAJOR, or nothing"
    def level(old, new, name='t.json'):
        for d, o in ('a', old), ('b', new):
            (tmp_path/d).mkdir(exist_ok=True)
            (tmp_path/d/name).write_text(o)
        return judge(tmp_path/'a'/name, tmp_path/'b'/name)
    rows = [dict(x=1, y='a'), dict(x=2, y='b')]
    assert level(json.dumps(rows), json.dumps(rows, indent=1)) == 'PATCH'
    assert level(json.dumps(rows), json.dumps([o | dict(z=0) for o in rows])) == 'MINOR'
    assert level(json.dumps(rows), json.dumps(rows[::-1])) == level(json.dumps(rows), json.dumps(rows[:1])) == 'MAJOR'
    assert level('x,y\n1,a\n', 'x,y\n1.0,a\n', 't.csv') == 'PATCH'
    assert level('x,y\n1,a\n', 'x,y\n2,a\n', 't.csv') == level('x,y\n1,a\n', 'y,x\na,1\n', 't.csv') == 'MAJOR'
    assert level('{"a": [1, 2]}', '{"a": [1,2]}') == 'PATCH' and level('{"a": [1, 2]}', '{"a": [1, 3]}') == 'MAJOR'

# The numbers in the evidence

@pytest.mark.slow
def test_evidence_of_changed_cells(folders, judged):
    "Numbers of cells, where rows stand in the same places"
    seen = []
    for (a, b), df in judged.items():
        for p, r in df[df.kind == 'cells_changed'].iterrows():
            if r.old_path or 'rows removed' in r.reason or 'rows inserted' in r.reason or 'more columns' in r.reason: continue
            old, new = frame(folders[a]/p), frame(folders[b]/p)
            old, n = old[[k for k in old if k in new]], min(len(old), len(new))
            for k in old:
                x, y = old[k][:n], new[k][:n]
                u, v = (pd.to_numeric(o, errors='coerce') for o in (x, y))
                if not (u.isna() & x.ne('') & x.notna()).any() and not (v.isna() & y.ne('') & y.notna()).any(): x, y = u, v  # rule 31
                c = int((x.ne(y) & ~(x.isna() & y.isna())).sum())
                assert (f'{k} differs in {c:,}' in r.reason) == (c > 0), (b, p, k, c, r.reason)
            seen.append(p)
    assert {*seen} >= {'co2-concentration.csv', 'seattle-weather.csv', 'weather.csv', 'flights-2k.json', 'flights-20k.json', 'monarchs.json', 'crimea.json', 'us-state-capitals.json'}

@pytest.mark.slow
def test_evidence_of_rows_without_a_key(folders, judged):
    "Rows of flights that stayed, as a multiset"
    a, b = '2.11.0', '3.0.1'
    for p in 'flights-2k.json', 'flights-5k.json', 'flights-10k.json', 'flights-20k.json', 'flights-200k.arrow':
        old, new = (frame(folders[v]/p).astype(str).value_counts() for v in (a, b))
        stay = int(old.combine(new, min, fill_value=0).sum())
        removed = re.search(r'([0-9,]+) rows removed', judged[a, b].reason[p])[1]
        kept = int(old.sum())-int(removed.replace(',', ''))
        assert abs(kept-stay) <= 4, (p, stay, kept)  # up to two changed rows were paired

@pytest.mark.slow
def test_files_of_equal_path_size_and_time(folders, judged):
    a, b = '2.8.1', '2.11.0'
    both = [p.name for p in folders[a].iterdir() if (folders[b]/p.name).exists()]
    stats = {p: [(s.st_size, s.st_mtime_ns) for s in ((folders[v]/p).stat() for v in (a, b))] for p in both}
    hidden = {p for p in both if len({*stats[p]}) == 1 and (folders[a]/p).read_bytes() != (folders[b]/p).read_bytes()}
    assert hidden >= {f'flights-{n}k.json' for n in (2, 5, 10, 20)}
    assert {judged[a, b].level[p] for p in hidden} == {'MAJOR'}

@pytest.mark.slow
def test_the_level_of_a_step_is_that_of_its_files(judged):
    assert [str(judged[o].level.max()) if len(judged[o]) else 'NONE' for o in steps] == ['MAJOR', 'MINOR', 'MAJOR', 'MAJOR', 'NONE']
    assert all(df.level.cat.ordered and [*df.level.cat.categories] == LEVELS for df in judged.values())

@pytest.mark.slow
def test_no_evidence_is_a_page_long(judged):
    "What is read in a row of a table"
    for df in judged.values():
        for p, o in df.reason.items(): assert 5 < len(o) < 700, (p, o)
