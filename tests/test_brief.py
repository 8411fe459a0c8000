"A verdict that reads little gives the level of one that reads all, and says how much it knows"
from functools import partial
import numpy as np, pandas as pd, pytest
from hard import *
import dvnb.changes, dvnb.proof, dvnb.rowdiff
from dvnb import tableprofile
from dvnb.tablebrief import brief

n = 20_000
base = pd.DataFrame(dict(id=np.arange(n)*3, price=np.arange(n)%97*.25, shop=np.array(['north', 'south', 'east'])[np.arange(n)%3]))
r = np.random.default_rng(0)
few, many = base.id==3*34, r.random(n)<.01
CASES = dict(
    cell=base.assign(price=base.price.where(~few, 9.)), cells=base.assign(price=base.price.where(~many, 9.)),
    two=base.assign(price=base.price.where(~many, 9.), shop=base.shop.where(r.random(n)>.01, 'west')),
    shuffled=base.sample(n, random_state=0), removed=base[~many], appended=pd.concat([base, base.assign(id=base.id+3*n)[:500]]),
    inserted=pd.concat([base[:999], base.assign(id=base.id+3*n)[:9], base[999:]]), mixed=base[~many].sample(frac=1, random_state=1),
    wider=base.assign(price=base.price.astype('f4')), text=base.assign(price=base.price.astype(str)), column=base.assign(tax=1.), gone=base.drop(columns='shop'),
    both=base.assign(tax=1., price=base.price.where(~many, 9.)), same=base.copy(), nokey=base.assign(id=7), renamed=base.rename(columns={'price': 'fare'}))

@pytest.fixture
def stingy(monkeypatch):
    "Only tables of fewer than 4,000 values are compared whole, and no more is compared of others"
    monkeypatch.setattr(dvnb.changes, 'brief', partial(brief, most=4000))

def put(folder, df):
    folder.mkdir(exist_ok=True)
    df.to_parquet(folder/'sales.parquet', index=False, row_group_size=2000)
    return folder

@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('policy', [{}, dict(append='minor'), dict(order='ignore'), dict(widen='minor'), dict(atol=100.), dict(key='id')], ids=str)
def test_the_level_is_that_of_the_whole_difference(repo, tmp_path, stingy, case, policy):
    v = repo.snapshot(put(tmp_path/'sales', base))
    if policy: repo.policy('sales', **policy)
    put(tmp_path/'sales', CASES[case])
    whole = repo.snapshot(tmp_path/'sales', dry_run=True)
    new = repo.snapshot(tmp_path/'sales')
    assert new.level == str(whole.level) if new.is_new else whole.clean
    if new.is_new and whole.policy.reads_rows: assert new.reasons == whole.verdict.reasons

@pytest.mark.parametrize('case, words', [
    ('cells', "price differs in some of 20,000 rows, first in id"), ('two', 'price, shop differ in some of 20,000 rows'), ('mixed', 'rows, more than the number differs'),
    ('shuffled', 'rows stand in another order')])
def test_what_is_not_read_is_not_counted_and_the_reason_says_so(repo, tmp_path, stingy, case, words):
    repo.snapshot(put(tmp_path/'sales', base))
    v = repo.snapshot(put(tmp_path/'sales', CASES[case]))
    (why,) = v.reasons
    assert v.level == 'MAJOR' and words in why and ('not counted' in why or case=='shuffled')

def test_the_example_is_a_cell_that_differs(repo, tmp_path, stingy):
    repo.snapshot(put(tmp_path/'sales', base))
    for case in 'cells', 'two':
        (why,) = repo.snapshot(put(tmp_path/'sales', CASES[case])).reasons
        row = int(why.partition(' id ')[2].partition(':')[0].replace(',', ''))//3
        old, new = base.iloc[row], CASES[case].iloc[row]
        assert any(f'{k} {old[k]!r} -> {new[k]!r}' in why.replace('np.float64', '') or f'{k} {old[k]} -> {new[k]}' in why for k in ('price', 'shop') if old[k]!=new[k])
        assert f'sales[{row//10*10}:{row//10*10+10}]' in why
        put(tmp_path/'sales', base)
        repo.snapshot(tmp_path/'sales', bump='major')

@pytest.mark.parametrize('case', ['cells', 'two'])
def test_one_cell_is_named_without_looking_for_the_others(repo, tmp_path, stingy, monkeypatch, case):
    def no(*_): raise AssertionError('all rows were compared')
    monkeypatch.setattr(dvnb.rowdiff.RowDiff, '_find', no)
    repo.snapshot(put(tmp_path/'sales', base))
    (why,) = repo.snapshot(put(tmp_path/'sales', CASES[case])).reasons
    assert 'not counted' in why and ' -> ' in why

def test_few_rows_are_counted_as_ever(repo, tmp_path):
    repo.snapshot(put(tmp_path/'sales', base))
    v = repo.snapshot(put(tmp_path/'sales', CASES['cell']))
    assert v.reasons == ['MAJOR: price differs in 1 of 20,000 rows (id 102: 8.5 -> 9.0) in sales.parquet; a slice such as sales[30:40] returns other records']

def test_a_history_is_profiled_once_a_version(repo, tmp_path, monkeypatch):
    made = []
    was = tableprofile.profile
    import dvnb.tablediff
    monkeypatch.setattr(dvnb.tablediff, 'profile', lambda source, *args: made.append(source.name) or was(source, *args))
    for i in range(5): repo.snapshot(put(tmp_path/'sales', base.assign(price=base.price+i)))
    assert len(made) == 5

def test_profiles_that_exist_answer_without_the_data(repo, tmp_path, stingy):
    a = repo.snapshot(put(tmp_path/'sales', base))
    b = repo.snapshot(put(tmp_path/'sales', CASES['mixed']))
    read = []
    def reads(v):
        tree = dvnb.repo.as_tree(v, repo)
        was = tree.open
        def opened(p):
            f = was(p)
            take = f.read
            f.read = lambda *n: (lambda data: read.append(len(data)) or data)(take(*n))
            return f
        tree.open = opened
        return tree
    level = dvnb.changes.diff_trees(reads(a), reads(b), derived=repo.derived, in_brief=True).level
    assert str(level) == 'MAJOR' and sum(read) <= 2*(1<<16)  # the end of each file, where Parquet says what it holds

@pytest.mark.parametrize('policy', [{}, dict(kind='opaque'), dict(append='minor')], ids=str)
def test_files_of_other_bytes_are_judged_by_their_beginning(repo, tmp_path, policy):
    folder = tmp_path/'scans'
    (folder/'x').mkdir(parents=True)
    def write(salt):
        for i in range(6): (folder/f'x/{i}.bin').write_bytes(np.random.default_rng(i+salt).bytes(70_000))
        for name, data in {'note': b'as it is', 'empty.bin': b'', 'array.bin': b'\x93NUMPY\1\0', 'cut.bin': b'GIF89a'}.items(): (folder/'x'/name).write_bytes(data*(salt+1))
    write(0)
    old = repo.snapshot(folder)
    if policy: repo.policy('scans', **policy)
    write(9)
    whole = repo.snapshot(folder, dry_run=True)
    read = []
    def noted(store, row, f=dvnb.tree.read_file): return read.append(row.path) or f(store, row)
    with pytest.MonkeyPatch.context() as m:
        m.setattr(dvnb.tree, 'read_file', noted)
        new = repo.snapshot(folder)
    assert new.level == str(whole.level) and new.reasons == whole.verdict.reasons
    assert len([p for p in read if p[2:].split(b'.')[0].isdigit()]) <= 1
    assert new.diff_to_parent.contents.keys() == whole.contents.keys()
