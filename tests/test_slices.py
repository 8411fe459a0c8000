"Slices of splits: every row of the rules, the library whose grammar it is, an oracle of our own, and what is read of a file"
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import accumulate
import re
import pandas as pd, pyarrow as pa, pyarrow.parquet as pq, pytest
from hypothesis import example, given, settings, strategies as st
from dvnb.chunk import DvnbError
from dvnb.ref import RefError
from dvnb.slices import SliceError, file_spans, spans
from dvnb.stream import StoredFile
from dvnb.table import TableError
from hard import own_cache, repo

ten = dict(train=[10], test=[4, 3, 3], none=[0])

def rows(text, splits=ten): return [(name, lo, hi) for name, lo, hi in spans(text, splits)]

# What the rules name

@pytest.mark.parametrize('text, want', {
    'train': (0, 10), 'train[:25%]': (0, 2), 'train[:35%]': (0, 4), 'train[:45%]': (0, 4), 'train[25%:75%]': (2, 8), 'train[5:5]': (5, 5), 'train[50%:50%]': (5, 5),
    'train[-3:]': (7, 10), 'train[:-3]': (0, 7), 'train[-30%:]': (7, 10), 'train[:-100%]': (0, 0), 'train[10:]': (10, 10), 'train[-10:]': (0, 10), 'train[:100%]': (0, 10),
    'train[1_0:]': (10, 10), 'train[:12.5%]': (0, 1), 'train[:.5%]': (0, 0), 'train[5.%:]': (0, 10), 'train[-0:]': (0, 10), 'train[-0%:]': (0, 10),
    'train[10:50%]': (1, 5), 'train[10%:50]': (1, 5), 'test[1shard]': (4, 7), 'test[-1shard]': (7, 10), 'test[:2shard]': (0, 7), 'test[1shard:]': (4, 10), 'test[:-1shard]': (0, 7),
    'test[-2shard:-1shard]': (4, 7), 'none': (0, 0), 'none[:50%]': (0, 0), 'none[-50%:]': (0, 0), 'none[:0]': (0, 0)}.items())
def test_spans_of_one_split(text, want): assert rows(text) == [(text.split('[')[0], *want)]

def test_sums_keep_order_and_repeat():
    assert rows('train[:10%]+train[-10%:]') == [('train', 0, 1), ('train', 9, 10)]
    assert rows('test + train[:5]  +train[:5]') == [('test', 0, 10), ('train', 0, 5), ('train', 0, 5)]
    assert rows('all') == [(k, 0, sum(o)) for k, o in ten.items()]
    assert rows('train[:1]+all') == [('train', 0, 1), *rows('all')]

@pytest.mark.parametrize('text', '''train[:200%] train[-101%:] train[3] train[-1] train[50%] foo foo[:5] train[11:] train[:11] train[-11:] train[:] train[] train[5:10:2] train[7:3] train[60%:50%] train[1.5:]
    train[:_1] train[:1_] train[:1__0] train[:-] train[:.] train[%:] train[shard] train[1%:2shard] train[--1:] train[1e1:] train[٣:] train[:5 train]:5[ train[:5]x train[:5][:2] train+ +train
    all[:5] all[:50%] test[3shard] test[-4shard] test[:4shard] test[:0shard] test[-5shard:] test[0.5shard] test[2shard:1shard] train[-1%:] train[:-4%] none[1:] none[0shard:2shard]'''.split() +
    ['', ' train', 'train ', 'train\n', 'train[ :5]', 'train[:5 ]', 'train[:5%\n]', 'train[:'+'9'*5000+']', 'train[:'+'9'*400+'%]'])
def test_refused(text):
    with pytest.raises(SliceError): rows(text)

def test_an_error_names_the_split_its_length_and_what_is_allowed():
    with pytest.raises(SliceError, match=re.escape('train[3]: a slice has a colon; train has 10 rows: bounds go from -10 to 10, or from -100% to 100%, as in train[:25%] or train[-10:]')): rows('train[3]')
    with pytest.raises(SliceError, match='test has 10 rows in 3 shards: .* 0shard to 3shard'): rows('train+test[9shard]')
    with pytest.raises(SliceError, match=r"there is no split 'trian'; there are train, test, none; did you mean train\?"): rows('trian[:5]')
    with pytest.raises(SliceError, match='none has no rows'): rows('none[1:]')
    assert issubclass(SliceError, (RefError, ValueError, DvnbError))

def test_a_name_wins_over_the_grammar(): assert rows('a+b', {'a+b': [3], 'a': [1], 'b': [1]}) == [('a+b', 0, 3)] and rows('all', {'all': [2], 'x': [1]}) == [('all', 0, 2)]

def test_only_what_is_named_is_asked_for():
    class Asked(dict):
        def __getitem__(self, k): return asked.append(k) or dict.__getitem__(self, k)
    asked = []
    rows('train[:5]+train[5:]', Asked(ten))
    assert {*asked} == {'train'}

# An oracle: exact decimals and Python's own slices

lengths = st.lists(st.integers(0, 40), min_size=1, max_size=5)
halves = st.integers(-210, 210).map(lambda o: Decimal(o)/2)

def at(percent, n): return int((percent*n/100).quantize(Decimal(1), ROUND_HALF_EVEN))

def picked(text, shards): return [i for _, lo, hi in spans(text, {'s': shards}) for i in range(lo, hi)]

@given(lengths, st.none() | st.integers(-210, 210), st.none() | st.integers(-210, 210))
def test_rows_are_those_of_a_python_slice(shards, lo, hi):
    n, text = sum(shards), f"s[{'' if lo is None else lo}:{'' if hi is None else hi}]"
    want = [*range(n)][lo:hi]
    beyond = any(o is not None and abs(o) > n for o in (lo, hi))
    a, b, _ = slice(lo, hi).indices(n)
    if beyond or lo is hi is None or a > b:
        with pytest.raises(SliceError): picked(text, shards)
    else: assert picked(text, shards) == want

@given(lengths, st.none() | halves, st.none() | halves)
@example([10], Decimal(25), None)
@example([10], Decimal(-1), None)
def test_percents_are_rounded_half_to_even(shards, lo, hi):
    n, text = sum(shards), f"s[{'' if lo is None else f'{lo}%'}:{'' if hi is None else f'{hi}%'}]"
    ends = [default if o is None else at(o, n)+(n if o < 0 else 0) for o, default in ((lo, 0), (hi, n))]
    flips = any(o is not None and o < 0 and at(o, n) == 0 and n for o in (lo, hi))
    if any(o is not None and abs(o) > 100 for o in (lo, hi)) or lo is hi is None or flips or ends[0] > ends[1]:
        with pytest.raises(SliceError): picked(text, shards)
    else: assert picked(text, shards) == [*range(*ends)]

@given(lengths, st.integers(1, 12))
def test_parts_by_percent_make_the_whole(shards, k):
    "Without a gap and without a row twice, as cross-validation needs it"
    cuts = [round(100*i/k) for i in range(k+1)]
    text = '+'.join(f's[{a}%:{b}%]' for a, b in zip(cuts, cuts[1:]))
    assert picked(text, shards) == [*range(sum(shards))]

@given(lengths, st.data())
def test_rows_in_files_are_the_same_rows(shards, data):
    n = sum(shards)
    lo = data.draw(st.integers(0, n))
    hi = data.draw(st.integers(lo, n))
    starts = [0, *accumulate(shards)]
    assert [starts[i]+first+j for i, first, k in file_spans(lo, hi, shards) for j in range(k)] == [*range(lo, hi)]
    assert all(k > 0 for *_, k in file_spans(lo, hi, shards))

# The library whose grammar it is

good = {'': st.integers(-40, 40).map(str), '%': st.integers(-100, 100).map(str) | st.integers(-1000, 1000).map(lambda o: str(o/10)), 'shard': st.integers(-5, 5).map(str)}
sides = st.sampled_from([(0, 1), (1, 0), (1, 1)])

def a_slice(unit):
    "Mostly one that is right: bounds of one unit"
    return st.builds(lambda a, b, s: f"[{(a+unit)*s[0]}:{(b+unit)*s[1]}]", good[unit], good[unit], sides) | (good[unit].map(lambda o: f'[{o}shard]') if unit == 'shard' else st.nothing())

odd = st.sampled_from('0 -0 1_0 00 007 .5 5. - _1 1_ 1__0 ٣ +1 101 -101 1.5'.split())
bound = st.just('') | st.builds(str.__add__, good[''] | good['%'] | odd, st.sampled_from(['', '', '%', 'shard']))
wild = st.lists(bound, min_size=1, max_size=3).map(lambda o: f"[{':'.join(o)}]") | st.text('0123456789%:.-[]shard ', max_size=8)
slices = st.one_of(st.just(''), *map(a_slice, good), *map(a_slice, good), wild)
part = st.builds(str.__add__, st.sampled_from('train test none'.split()), slices) | st.just('all')
sums = st.lists(part, min_size=2, max_size=3).flatmap(lambda o: st.sampled_from(['+', ' + ', '+ ']).map(lambda sep: sep.join(o)))
texts = st.one_of(part, part, part, sums, sums, slices.map(lambda o: 'nope'+o), slices.map(lambda o: 'all'+o))

def theirs(text, splits):
    "{text: spans} by TFDS itself; what its readers take when a slice is turned round is not what anybody means"
    from tensorflow_datasets.core import splits as tfds
    infos = {k: tfds.SplitInfo(name=k, shard_lengths=o, num_bytes=0) for k, o in splits.items()}
    found = tfds.ReadInstruction.from_spec(text).to_absolute(infos)
    return [(o.splitname, o.from_ or 0, sum(splits[o.splitname]) if o.to is None else o.to) for o in found]

@given(texts, st.fixed_dictionaries(dict(train=lengths, test=lengths, none=st.just([0]))))
@settings(max_examples=400, deadline=None)
@example('train[:25%]', ten)
@example('train[:45%]+train[-35%:]', ten)
@example('train[-1%:]', ten)
def test_an_answer_is_the_answer_of_tfds(text, splits):
    "Never other rows; and what only one of the two refuses is known by name"
    pytest.importorskip('tensorflow_datasets')
    try: want = theirs(text, splits)
    except (ValueError, NotImplementedError): want = None
    try: got = spans(text, splits)
    except SliceError as e: got = str(e)
    if isinstance(got, list): assert got == want
    elif want is not None: assert any(o in got for o in known) or text != text.strip() or not text.isascii(), (got, want)

def test_every_percent_and_row_of_short_splits_is_as_in_tfds():
    pytest.importorskip('tensorflow_datasets')
    checked = 0
    for n in range(31):
        for text in (f's[{a}{o}{unit}{b}]' for a, b in ((':', ''), ('', ':')) for unit, k in (('%', 100), ('', n)) for o in range(-k, k+1)):
            try: got = spans(text, {'s': [n]})
            except SliceError as e: assert 'rounds to none' in str(e) and '-' in text
            else:
                assert got == theirs(text, {'s': [n]}), (text, n)
                checked += 1
    assert checked > 10_000

known = 'rounds to none', 'it ends at row', 'two units', 'no shard ends at 0', 'there is no'

# On stored tables

@pytest.fixture
def frames():
    df = pd.DataFrame({'i': range(20_000), 'kind': pd.Categorical(['a', 'b']*10_000), 'rank': pd.Categorical(['lo', 'hi']*10_000, ['lo', 'mid', 'hi'], ordered=True),
        'text': [f'row {i}' for i in range(20_000)], 'n': pd.array([None, 1]*10_000, dtype='Int64')})
    return {'train': df, 'test': df[:100]}

def same(got, want): pd.testing.assert_frame_equal(got, want.reset_index(drop=True))

@pytest.mark.parametrize('text', ['train[:25%]', 'train[7999:8002]', 'train[-3:]', 'train[5:5]', 'train[:100%]', 'test+train[:10]', 'all', 'train[-1:]+test[:1]+train[:1]'])
def test_read_gives_those_rows_with_their_types(repo, frames, text):
    v = repo.snapshot(frames, 'digits')
    want = [frames[s][lo:hi] for s, lo, hi in spans(text, {k: [len(frames[k])] for k in ('test', 'train')})]
    same(repo.read(v, split=text), pd.concat(want))

def test_an_index_of_its_own_is_kept(repo, frames):
    df = frames['train'].set_index('text')
    pd.testing.assert_frame_equal(repo.read(repo.snapshot(df, 'named'), split='data[100:103]'), df[100:103])

@pytest.fixture
def shards(tmp_path, frames):
    folder, df = tmp_path/'shards', frames['train'][['i', 'text']]
    (folder/'more').mkdir(parents=True)
    for k in range(4): df[k*5000:(k+1)*5000].to_parquet(folder/f'train-{k:05d}-of-00004.parquet', index=False, row_group_size=500)
    (folder/'more'/'test.csv').write_text('i,text\n1,x\n2,y\n')
    (folder/'both.csv').write_text('i\n1\n')
    (folder/'both.json').write_text('[{"i": 1}, {"i": 2}]')
    return folder

def test_shards_are_one_split(repo, shards, frames):
    v, df = repo.snapshot(shards, 'sh'), frames['train'][['i', 'text']]
    same(repo.read(v, split='train'), df)
    same(repo.read(v, split='train[4990:5010]'), df[4990:5010])
    same(repo.read(v, split='train[2shard]'), df[10_000:15_000])
    assert repo.read(v, split='train[:1]+test').i.tolist() == [0, 1, 2]
    assert repo.read(v, split='more/test[1:]').text.tolist() == ['y']

def test_a_version_of_one_sharded_table_is_read_without_naming_it(repo, tmp_path, shards, frames):
    for p in [*shards.glob('both*'), *shards.glob('more/*')]: p.unlink()
    same(repo.read(repo.snapshot(shards, 'sh')), frames['train'][['i', 'text']])

@pytest.mark.parametrize('text, error', {'both': 'holds 2 tables for both: name one', 'both[:1]': 'holds 2 tables for both', 'all': 'cannot be one frame', 'train+both.csv': 'cannot be one frame',
    'test[3:]': 'test has 2 rows', 'valid[:5]': "no split 'valid'"}.items())
def test_bad_slices_of_a_version(repo, shards, text, error):
    with pytest.raises(DvnbError, match=error): repo.read(repo.snapshot(shards, 'sh'), split=text)

def test_text_of_two_files_gets_types_that_fit_both(repo, tmp_path):
    folder = tmp_path/'t'
    folder.mkdir()
    (folder/'a.csv').write_text('x\n1\n2\n')
    (folder/'b.csv').write_text('x\n007\n')
    v = repo.snapshot(folder)
    assert repo.read(v, split='a+b').x.tolist() == ['1', '2', '007']
    assert repo.read(v, split='a[:1]').x.tolist() == [1]

def test_splits_that_differ_are_not_glued(repo):
    v = repo.snapshot({'a': pd.DataFrame({'x': [1]}), 'b': pd.DataFrame({'y': [1]}), 'c': pd.DataFrame({'x': ['z']}), 'd': pd.DataFrame({'x': [2]}, index=['k'])}, 'odd')
    for text in 'a+b', 'a+c', 'a+d':
        with pytest.raises(TableError, match='cannot be one frame'): repo.read(v, split=text)

def test_categories_that_differ_are_read_as_their_values(repo):
    v = repo.snapshot({'a': pd.DataFrame({'x': pd.Categorical(['p', 'q'])}), 'b': pd.DataFrame({'x': pd.Categorical(['r'])})}, 'cats')
    assert repo.read(v, split='a+b').x.tolist() == ['p', 'q', 'r']

def test_only_the_row_groups_that_are_needed_are_read(repo, tmp_path, monkeypatch):
    "A hundredth of the rows costs a few hundredths of the bytes"
    import numpy as np
    folder, rng = tmp_path/'big', np.random.default_rng(0)
    folder.mkdir()
    n = 400_000
    pq.write_table(pa.table({'x': rng.random(n), 'y': rng.random(n)}), folder/'train.parquet', row_group_size=n//100, compression='none')
    v, read = repo.snapshot(folder), []
    old = StoredFile.readinto
    monkeypatch.setattr(StoredFile, 'readinto', lambda self, buf: read.append(len(buf)) or old(self, buf))
    assert len(repo.read(v, split='train[50%:51%]')) == n//100
    assert sum(read) < v.n_bytes*.05
