"What no lesson can show of content: properties of each kind, hostile and broken files, limits, encodings of images"
import difflib, io, json, os, random, re, struct, subprocess, sys, time, zipfile, zlib
from decimal import Decimal
from importlib.util import find_spec
import numpy as np, pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from dvnb.align import align, increasing, runs, same_end, same_start, sorted_places
from dvnb.content import READERS, ContentDiff, content_kind, content_reader, diff_content, file_type
from dvnb.jsondiff import Numbers, diff_json, read_json
from dvnb.jsonlarge import Parts, compact, diff_documents, same_value
from dvnb.linediff import hunks, words
from dvnb.numpydiff import cells_differ
from dvnb.render import html, to_html

Image = pytest.importorskip('PIL.Image')
quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

def took(f, *args):
    "A result, and the CPU seconds that it took: a bound far above what is usual, to tell a hang"
    t = time.process_time()
    return f(*args), time.process_time()-t

# --- alignment

few = st.lists(st.integers(0, 5), max_size=30)

@quick
@given(few, few)
def test_runs_cover_both_sides_and_equal_ones_are_equal(a, b):
    pairs, exact = align(a, b)
    assert exact and all(a[i]==b[j] for i,j in pairs)
    i = j = 0
    for tag,i1,i2,j1,j2 in runs(pairs, len(a), len(b)):
        assert (i1, j1)==(i, j)
        assert (tag=='equal')==(a[i1:i2]==b[j1:j2]) or tag=='replace'
        i, j = i2, j2
    assert (i, j)==(len(a), len(b))

@quick
@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=9), st.binary(max_size=9))
def test_equal_ends_of_bytes(head, tail, x, y):
    a, b = head+x+tail, head+y+tail
    p = same_start(a, b)
    z = same_end(a, b, p)
    assert a[:p]==b[:p] and a[len(a)-z:]==b[len(b)-z:] and p>=len(head) and p+z<=min(len(a), len(b))
    n = min(len(a), len(b))
    assert p==n or a[p]!=b[p]
    assert p+z==n or a[-z-1]!=b[-z-1]

def test_equal_ends_across_the_blocks_they_are_read_in():
    a = bytearray(random.Random(1).randbytes(3<<20))
    for at in 0, 1, (1<<20)-1, 1<<20, (2<<20)+5, (3<<20)-1:
        b = bytearray(a)
        b[at] ^= 1
        assert (same_start(bytes(a), bytes(b)), same_end(bytes(a), bytes(b), at))==(at, len(a)-at-1)
        assert same_end(bytes(a), bytes(b[:at]+b[at+1:]), at)==len(a)-at-1

@quick
@given(st.permutations(range(12)))
def test_longest_increasing(xs):
    got = [xs[i] for i in increasing(xs)]
    best = []
    for x in xs: best.append(1+max((n for n,y in zip(best, xs) if y<x), default=0))
    assert got==sorted(got) and len(got)==max(best)

@given(st.sets(st.integers(0, 3000)), st.sets(st.integers(0, 3000)), st.integers(0, 4000), st.sets(st.integers(0, 4000)))
def test_places_in_sorted_lists(a, b, shared, but):
    both = set(range(shared))
    a, b = sorted((a|both)-but), sorted(b|both)
    at = {x: i for i, x in enumerate(a)}
    assert sorted_places(a, b).tolist() == [at.get(x, -1) for x in b]
    assert sorted_places(a[::2], b).tolist() == [i//2 if i>=0 and i%2==0 else -1 for i in sorted_places(a, b).tolist()]

def test_alignment_of_hard_sequences_ends_in_time():
    r = random.Random(0)
    for k in 2, 3, 1000:
        a, b = ([r.randrange(k) for _ in range(100_000)] for _ in range(2))
        (pairs, exact), t = took(align, a, b)
        assert not exact and t<3 and all(a[i]==b[j] for i,j in pairs[:100])

# --- anything at all

suffixes = sorted({s for r in READERS.values() for s in r.suffixes.split()}|{'', '.bin'})
heads = [b'', b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR', b'\xff\xd8\xff\xe0', b'GIF89a', b'RIFF\x10\0\0\0WEBPVP8L', b'II*\0\x08\0\0\0', b'\x93NUMPY\x01\0v\0{', b'PK\x03\x04', b'{"nbformat": 4, "cells": [',
    b'[[1, 2', b'a: &a [*a', b'\xff\xfe', b'\xef\xbb\xbf', b'BM', b'\0\0\0\x0cjP  \r\n\x87\n', b'\0\0\0 ftypavif']

@settings(quick, max_examples=300)
@given(st.sampled_from(suffixes), st.sampled_from(heads), st.sampled_from(heads), st.binary(max_size=60), st.binary(max_size=60))
def test_no_bytes_under_any_name_are_an_error(suffix, h1, h2, a, b):
    d = diff_content(f'x{suffix}', h1+a, h2+b)
    assert d.kind in READERS and '\n' not in d.summary() and repr(d) and html(d)
    if h1+a==h2+b: assert d.same is True

@settings(quick, max_examples=30)
@given(st.data())
def test_cut_or_flipped_files_are_no_error(data):
    path, whole = data.draw(st.sampled_from([('a.png', png(taxi())), ('a.jpg', saved(taxi(), 'JPEG')), ('a.gif', saved(taxi(), 'GIF')), ('a.webp', saved(taxi(), 'WEBP')),
        ('a.tif', saved(taxi(), 'TIFF')), ('a.npy', npy(np.arange(50))), ('a.npz', npz(a=np.arange(50), b=np.eye(3))), ('a.ipynb', notebook('a', 'b')), ('a.json', b'{"a": [1, 2, {"b": null}]}')]))
    i = data.draw(st.integers(0, len(whole)-1))
    broken = data.draw(st.sampled_from([whole[:i], whole[:i]+bytes([whole[i]^data.draw(st.integers(1, 255))])+whole[i+1:]]))
    for pair in (whole, broken), (broken, whole): assert repr(diff_content(path, *pair))

@pytest.mark.parametrize('suffix', suffixes)
def test_empty_files(suffix):
    d = diff_content(f'x{suffix}', b'', b'')
    assert d.same is True
    for pair in (b'', b'x\n'), (b'x\n', b''): assert diff_content(f'x{suffix}', *pair).same is not True

def test_paths_may_be_bytes_and_sides_may_be_files():
    d = diff_content(b'caf\xe9.txt', io.BytesIO(b'a\n'), bytearray(b'b\n'), b'old.txt')
    assert d.kind=='text' and 'old.txt -> caf\\xe9.txt' in d.summary()

def test_what_is_shown_holds_no_control_characters():
    d = diff_content('x\x1b[31m.txt', 'a \x1b[2J b\n'.encode(), 'a \u202e b\n'.encode())
    assert '\x1b' not in repr(d) and '\u202e' not in repr(d) and '\x1b' not in html(d) and '\u202e' not in html(d)

def test_kind_is_by_head_then_suffix_then_looks():
    assert content_kind('a.txt', png(taxi()), png(taxi()))=='image'
    assert content_kind('a.png', b'hello', b'hullo')=='image'
    d = diff_content('a.png', b'hello\n', b'hullo\n')
    assert (d.kind, d.same)==('bytes', None) and 'could not be read' in d.notes[0]
    assert content_kind('b.json', b'1', b'2', 'a.csv')=='text' and content_kind('noname', b'\0', b'a')=='bytes'
    assert diff_content('b.png', png(taxi()), saved(taxi(), 'BMP')).same is True

def test_other_packages_can_add_readers(monkeypatch):
    monkeypatch.setattr('dvnb.content.READERS', dict(READERS))
    import dvnb.content as c
    class Point:
        name, value = 'gram', 'scale:reader'
        def load(self): return c.Reader('any', lambda p, a, b: ContentDiff(p, 'gram', False, 'weighed'), '.gram')
    class Broken(Point):
        name = 'bad'
        def load(self): raise ImportError('no scale')
    monkeypatch.setattr(c, '_plugged', {})
    monkeypatch.setattr(c, 'plugins', lambda group: [Point(), Broken()] if group=='dvnb.content' else [])
    d = diff_content('a.gram', b'1', b'2')
    assert (d.kind, d.words)==('gram', 'weighed') and 'no scale' in d.notes[0]
    @content_reader('fail', '.fail', instead='text')
    def fail(p, a, b): raise KeyError('what')
    assert diff_content('a.fail', b'1', b'2').kind=='text'

# --- text

line = st.text(st.characters(exclude_categories=['Cs', 'Cc']), max_size=8)
texts = st.lists(st.sampled_from(['a', 'b', 'b c', 'x = 1', '']) | line, max_size=25)

def patched(old, parts):
    "`old` after the hunks were applied; checks that they fit"
    out, at = [], 0
    for h in parts:
        first = next((o.old for o in h.items if o.old), None)
        start = first-1 if first else at+(h.items[0].new-1-len(out))
        out, at = out+old[at:start], start
        for o in h.items:
            if o.sign in ' -':
                assert old[at]==o.text and o.old==at+1
                at += 1
            if o.sign in ' +':
                out.append(o.text)
                assert o.new==len(out)
    return out+old[at:]

@quick
@given(texts, texts, st.integers(0, 4))
def test_hunks_turn_old_into_new(a, b, context):
    parts, gone, come, exact, cut = hunks(a, b, context)
    assert patched(a, parts)==b and exact and not cut
    assert (gone, come)==tuple(sum(o.sign==s for h in parts for o in h.items) for s in '-+')

@quick
@given(texts, texts, texts, texts)
def test_hunks_of_files_carry_the_numbers_of_their_lines(head, a, b, tail):
    old, new = [*head, 'q', *a, 'w', *tail, 'e'], [*head, 'q', *b, 'w', *tail, 'e']
    d = diff_content('a.txt', '\n'.join(old+['']).encode(), '\n'.join(new+['']).encode())
    assert patched(old, d.parts)==new

@quick
@given(line, line)
def test_words_are_the_line(a, b):
    left, right, share = words(a, b)
    assert (''.join(t for t,_ in left), ''.join(t for t,_ in right))==(a, b) and 0<=share<=1

@pytest.mark.parametrize('new,only', [(b'a b\r\nc\r\n', 'line endings'), (b'a  b\nc\n', 'white space'), (b'a b\nc', 'end of the last line'), ('a b\nc\n'.encode('utf-16'), 'encoding'),
    (b'\xef\xbb\xbfa b\nc\n', 'encoding'), (b'a b\rc\r', 'line endings'), (b'a c\nc\n', None), (b'\xef\xbb\xbfa b\r\nc\r\n', 'encoding and line endings')])
def test_what_alone_differs_is_named(new, only):
    d = diff_content('a.txt', b'a b\nc\n', new)
    assert (d.kind, d.same, d.facts['only'])==('text', False, only)

def test_three_lines_around_a_change():
    old = [f'line {i}' for i in range(20)]
    for i in 0, 2, 9, 18, 19:
        new = [*old[:i], old[i]+'x', *old[i+1:]]
        (h,) = diff_content('a.txt', '\n'.join(old).encode(), '\n'.join(new).encode()).parts
        assert [o.old for o in h.items if o.old]==[*range(max(i-2, 1), min(i+4, 20)+1)], i
        assert [o.pieces for o in h.items if o.sign=='+']==[[('line ', False), (f'{i}x', True)]]

def test_encodings():
    d = diff_content('a.txt', 'Größe\n'.encode('latin-1'), 'Größer\n'.encode())
    assert (d.facts['old_encoding'], d.facts['new_encoding'])==('Latin-1', 'UTF-8') and 'Latin-1' in d.notes[0]
    assert diff_content('a.txt', 'x\ud800'.encode('utf-16', 'surrogatepass'), 'y'.encode('utf-16')).kind=='bytes'
    assert diff_content('a.txt', b'a\0b', b'a\0c').kind=='bytes'

def test_large_texts_cost_what_changed():
    log = b'GET /index.html 200 in 9 ms\n'*3_500_000
    assert len(log)>90e6
    d, t = took(diff_content, 'a.log', log, log+b'the end\n')
    assert t<4 and d.facts['lines_added']==1 and d.parts[0].items[-1].new==3_500_001
    r = random.Random(0)
    other = r.randbytes(25_000_000).hex().encode()
    d, t = took(diff_content, 'a.txt', other, other[::-1])
    assert t<4 and 'larger than' in d.notes[0]
    many = [b'\n'.join(b'%d' % r.randrange(1000) for _ in range(150_000)) for _ in range(2)]
    d, t = took(diff_content, 'a.txt', *many)
    assert t<4 and len(d.notes)==2 and sum(len(h.items) for h in d.parts)<10_000

def test_many_short_lines_are_not_waited_for():
    r = random.Random(0)
    a, b = (b'\n'.join(r.randbytes(900_000).hex(' ').encode().split()) for _ in range(2))
    d, t = took(diff_content, 'a.txt', a, b)
    assert t<4 and 'not aligned' in d.notes[0]

def test_one_very_long_line():
    js = ('var a=[' + ','.join(map(str, range(300_000))) + '];').encode()
    d, t = took(diff_content, 'a.js', js, js.replace(b',150000,', b',x,'))
    assert t<3 and max(len(o.text) for o in d.parts[0].items)<3000 and 'x' in d.parts[0].items[1].text
    assert len(repr(d))<9000

# --- JSON

scalars = st.none() | st.booleans() | st.integers(-2**70, 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
docs = st.recursive(scalars, lambda o: st.lists(o, max_size=5) | st.dictionaries(st.text(max_size=4), o, max_size=5), max_leaves=25)

def mixed(x, r):
    if isinstance(x, dict):
        items = [(k, mixed(v, r)) for k,v in x.items()]
        r.shuffle(items)
        return dict(items)
    return [mixed(o, r) for o in x] if isinstance(x, list) else x

@quick
@given(docs, st.randoms(), st.sampled_from([None, 0, 3]), st.booleans())
def test_layout_and_order_of_keys_are_the_same(x, r, indent, plain):
    old, new = json.dumps(x).encode(), json.dumps(mixed(x, r), indent=indent, ensure_ascii=plain).encode(errors='surrogatepass')
    d = diff_content('a.json', old, new)
    if d.kind=='json': assert d.same is True and not d.parts
    else: assert old==new or b'\\ud' in old  # half a surrogate pair cannot be written in UTF-8

def strict(x):
    "Text that tells types apart; floats by value"
    if isinstance(x, dict): return {k: strict(v) for k,v in x.items()}
    if isinstance(x, list): return [strict(o) for o in x]
    return f'{type(x).__name__} {0.0 if x==0 else x!r}' if isinstance(x, float) else f'{type(x).__name__} {x!r}'

@quick
@given(docs, docs)
def test_same_only_if_equal(x, y):
    d = diff_content('a.json', json.dumps(x).encode(), json.dumps(y).encode())
    assert d.kind=='json' and (d.same is True)==(strict(x)==strict(y)) and bool(d.parts)==(strict(x)!=strict(y))

@pytest.mark.parametrize('a,b,same', [('0.1', '0.1000000000000000055', False), ('1', '1.0', False), ('1', 'true', False), ('0', 'false', False), ('1.0', '1.00', True), ('1e3', '1000.0', True), ('1e400', '1e401', False),
    ('NaN', 'NaN ', True), ('NaN', '"NaN"', False), ('NaN', 'null', False), ('0.0', '-0.0', True), ('9007199254740993', '9007199254740992', False), ('1'*5000, '1'*4999+'2', False), ('1'*5000, '1'*5000+' ', True),
    ('{"a":1,"a":2}', '{"a":2}', False), ('{"a":1,"a":2}', '{"a":1, "a":2}', True), ('{"a":1,"a":2}', '{"a":[1,2]}', False), ('"\\u00e9"', '"é"', True), ('1e999999999999999999999', '1', False)])
def test_numbers_and_keys_are_exact(a, b, same):
    d = diff_content('a.json', a.encode(), b.encode())
    assert (d.kind, d.same)==('json', same)

def test_repeated_keys_and_nan_are_said():
    assert any('more than once' in o for o in diff_content('a.json', b'{"a":1}', b'{"a":1,"a":2}').notes)
    assert any('NaN' in o for o in diff_content('a.json', b'[1]', b'[NaN]').notes)

def test_paths():
    def paths(a, b): return [(e.what, e.path) for e in diff_content('a.json', json.dumps(a).encode(), json.dumps(b).encode()).parts]
    assert paths([1, 2, 3], [1, 9, 2, 3])==[('added', '$[1]')]
    assert paths({'a b': {'c': [0, {'d': 1}]}}, {'a b': {'c': [0, {'d': 2}]}})==[('changed', '$["a b"].c[1].d')]
    assert paths([dict(id=1, x=1), dict(id=2, x=2), dict(id=3, x=3)], [dict(id=2, x=2), dict(id=3, x=4), dict(id=1, x=1)])==[('changed', '$[1].x'), ('moved', '$[2]')]
    assert paths([dict(id=1), dict(id=1, a=2)], [dict(id=1), dict(id=1, a=3)])==[('changed', '$[1].a')]
    assert paths({'a': 1}, [1])==[('changed', '$')]

def test_counts_are_whole_where_parts_are_not():
    d = diff_content('a.json', json.dumps(list(range(3000))).encode(), json.dumps([-i-1 for i in range(3000)]).encode())
    assert d.facts['changed']==3000 and len(d.parts)==200 and '200 of 3,000' in d.notes[-1]

@pytest.mark.parametrize('open,close', ['[]', ('{"a":', '}')])
def test_deep_nesting_is_no_error(open, close):
    for n in 300, 990, 5000, 100_000:
        a, b = ((open*n+o+close*n).encode() for o in '12')
        d, t = took(diff_content, 'a.json', a, b)
        assert d.kind in ('json', 'text') and d.same is False and t<3
        repr(d), html(d)

# --- JSON in parts

def walked(a, b):
    walk = Parts()
    walk.parts(compact(a), compact(b))
    return walk

@quick
@given(docs, docs, st.randoms(), st.sampled_from([None, 0, 3]))
def test_parts_are_equal_exactly_where_values_are(x, y, r, indent):
    a, b = json.dumps(x, ensure_ascii=False), json.dumps(mixed(y, r), indent=indent)
    if '\\ud' in b or any(0xd800<=ord(c)<0xe000 for c in a): return
    a, b = a.encode(), b.encode()
    assert (same_value(compact(a))==same_value(compact(b)))==(strict(x)==strict(y))==(not walked(a, b).counts)

edits = st.sampled_from([lambda o, r: o.pop(r.randrange(len(o))), lambda o, r: o.insert(r.randrange(len(o)+1), dict(a=r.random(), b=[r.randrange(9)]*900)),
    lambda o, r: o[r.randrange(len(o))].update(a=7), lambda o, r: r.shuffle(o), lambda o, r: o[r.randrange(len(o))].update({'é"': 1.50}), lambda o, r: o[r.randrange(len(o))].pop('b', 0)])

@quick
@given(st.lists(edits, max_size=4), st.randoms(), st.booleans(), st.booleans())
def test_parts_tell_what_a_whole_document_tells(changes, r, named, ascii):
    old = [dict(a=i/8, b=[i]*900) | (dict(id=i) if named else {}) for i in range(12)]
    new = json.loads(json.dumps(old))
    for change in changes: change(new, r)
    if named and not all('id' in o for o in new): new = [o for o in new if 'id' in o]
    a, b = json.dumps(dict(x=1, rows=old)).encode(), json.dumps(mixed(dict(rows=new, x=1), r), ensure_ascii=ascii, indent=1).encode()
    whole, parts = diff_json('a.json', a, b), walked(a, b)
    assert {k: whole.facts[k] for k in parts.counts}==parts.counts and bool(parts.counts)==(whole.same is False)
    if named: assert [str(e) for e in whole.parts]==[str(e) for e in parts.edits]

pad = '"pad":"' + 'x'*70_000 + '",'

@pytest.mark.parametrize('a,b,same', [('0.1', '0.1000000000000000055', False), ('1', '1.0', False), ('1', 'true', False), ('1.0', '1.00', True), ('1e3', '1000.0', True), ('1E-7', '0.0000001', True),
    ('1e400', '1e401', False), ('NaN', '"NaN"', False), ('NaN', 'null', False), ('[NaN, -Infinity]', '[NaN,-Infinity]', True), ('Infinity', '-Infinity', False), ('0.0', '-0.0', True),
    ('9007199254740993', '9007199254740992', False), ('1'*5000, '1'*4999+'2', False), ('{"a":1,"a":2}', '{"a":2}', False), ('{"a":1,"a":2}', '{"a":1, "a":2}', True), ('{"a":1,"a":2}', '{"a":[1,2]}', False),
    ('{"a":1,"a":2}', '{"a":2,"a":1}', False), ('"\\u00e9"', '"é"', True), ('{"\\u00e9":1}', '{"é":1}', True), ('1e999999999999999999999', '1', False), ('0.123456789012345678901234567890123', '0.12345678901234567890123456789012', False)])
def test_numbers_and_keys_of_large_documents_are_exact(a, b, same):
    d = diff_content('a.json', f'{{{pad}"v":{a}}}'.encode(), f'{{{pad} "v":{b}}}'.encode())
    assert (d.kind, d.same)==('json', same)
    assert any('NaN' in o for o in d.notes)==('NaN' in a or 'Inf' in a) and any('more than once' in o for o in d.notes)==(not same and '"a":1,"a"' in a)

def test_what_alone_differs_in_a_large_document_is_named():
    x = dict(rows=[dict(a=i, b='é', c=[1.5]*300) for i in range(300)])
    old = json.dumps(x).encode()
    for new, only in (json.dumps(x, indent=1).encode(), 'layout'), (json.dumps(x, ensure_ascii=False).encode(), 'layout'), (old.replace(b'1.5', b'1.50'), 'layout'),  \
            (json.dumps(dict(rows=[dict(reversed(o.items())) for o in x['rows']])).encode(), 'order of keys'), (old.decode().encode('utf-16'), 'encoding'):
        d = diff_content('a.json', old, new)
        assert (d.kind, d.same, d.facts['only'])==('json', only!='encoding', only), d

def test_large_documents_cost_what_changed():
    r = random.Random(0)
    rows = [dict(segmentation=[[round(r.uniform(0, 640), 2) for _ in range(32)]], area=r.uniform(10, 1e5), image_id=i//7, id=i) for i in range(60_000)]
    old = json.dumps(dict(info='x', annotations=rows)).encode()
    for i in range(0, 60_000, 600): rows[i]['area'] += 1
    new = json.dumps(dict(info='x', annotations=rows), indent=1).encode()
    assert len(old)>18e6
    d, t = took(diff_content, 'a.json', old, new)
    assert t<4 and (d.kind, d.facts['changed'])==('json', 100)
    for o in rows: del o['id']
    d, t = took(diff_content, 'a.json', old, json.dumps(dict(info='x', annotations=rows[::-1])).encode())
    assert t<25 and d.kind=='text' and 'too much of it differs to be compared as JSON; compared as text' in d.notes[0]

def test_long_lists_of_numbers_have_a_limit_that_is_said():
    old = b'[' + b'1.5,'*3_100_000 + b'2]'
    d, t = took(diff_content, 'a.json', old, old[:-2]+b'3]')
    assert t<8 and d.kind=='text' and 'more than 3,000,000 values' in d.notes[0]

def test_large_documents_that_are_none_say_where():
    old = ('{\n' + pad*400 + '"a":1}').encode()
    d = diff_content('a.json', old, old[:-1]+b',\n "b": tru}')
    assert d.kind=='text' and 'the new file could not be read as JSON: line 3, column' in d.notes[0]

yaml = pytest.importorskip('yaml')

def test_yaml():
    d = diff_content('a.yaml', b'a: 1\nb: [1, 2]\n', b'# note\nb:\n- 1\n- 2\na: 1\n')
    assert (d.kind, d.same, d.facts['format'])==('json', True, 'YAML')
    assert [e.path for e in diff_content('a.yml', b'a: {b: 1}\n', b'a: {b: 2}\n').parts]==['$.a.b']
    for bad in b'a: &x [*x]\n', b'!!python/object/apply:os.system ["true"]\n', b'a: 1\na: 2\n', b'? [1]\n: 2\n', b'\t- a', b'&a [' + b'1,'*9 + b']\n':
        assert repr(diff_content('a.yaml', b'a: 0\n', bad))
    bomb = 'a0: &a0 [1, 1]\n' + ''.join(f'a{i}: &a{i} [*a{i-1}, *a{i-1}, *a{i-1}]\n' for i in range(1, 40))
    d, t = took(diff_content, 'a.yaml', bomb.encode(), bomb.replace('[1, 1]', '[1, 2]').encode())
    assert t<4 and d.same is False

def test_large_json_is_bounded():
    doc = json.dumps([dict(id=i, x=i/7) for i in range(50_000)]).encode()
    d, t = took(diff_content, 'a.json', doc, doc.replace(b'"id": 40000,', b'"id": 3000000,'))
    assert t<9 and d.kind=='json' and (d.facts['added'], d.facts['removed'])==(1, 1)
    d, t = took(diff_content, 'a.json', doc*50, doc*50+b' ')
    assert len(doc)*50>90e6 and t<4 and d.kind=='text' and 'both files could not be read as JSON: line 1, column 1873883: trailing characters' in d.notes[0]

# --- arrays

def npy(a, **kw):
    f = io.BytesIO()
    np.lib.format.write_array(f, a, **kw)
    return f.getvalue()

def npz(**kw):
    f = io.BytesIO()
    np.savez_compressed(f, **kw)
    return f.getvalue()

dtypes = '?', 'i1', 'u2', '>i4', 'i8', 'u8', 'f2', 'f4', '>f8', 'c8', 'U3', 'S2', 'M8[s]', 'm8[ms]', 'V3', [('a', 'i4'), ('b', 'f4', 2)]

@settings(quick, max_examples=120)
@given(st.sampled_from(dtypes), st.lists(st.integers(0, 4), max_size=3), st.booleans(), st.booleans(), st.data())
def test_cells_that_differ_are_those_that_were_changed(dtype, shape, fortran, fortran2, data):
    dt = np.dtype(dtype)
    n = int(np.prod(shape, dtype=int))
    raw = np.frombuffer(data.draw(st.binary(min_size=n*dt.itemsize, max_size=n*dt.itemsize)), dt) if dt.itemsize*n else np.zeros(n, dt)
    if dt.kind=='U': raw = np.array([repr(o)[2:4] for o in raw.tobytes()[::max(1, dt.itemsize)][:n]], dt)
    if dt.kind=='?': raw = raw.view('u1')%2==1
    old = raw.reshape(shape)
    flip = data.draw(st.lists(st.integers(0, n-1), unique=True, max_size=3)) if n else []
    new = old.copy().reshape(-1)
    for i in flip: new[i:i+1] = other(new[i:i+1])
    new = new.reshape(shape)
    a, b = (npy(np.asfortranarray(x) if f and shape else x) for x,f in ((old, fortran), (new, fortran2)))
    d = diff_content('a.npy', a, b)
    if a==b: return
    assert d.kind=='array', d.notes
    assert d.facts.get('changed', 0)==len(flip) and d.same is (not flip)
    if flip: assert {c[0] for c in d.parts[0].first}=={', '.join(map(str, map(int, np.unravel_index(i, old.shape)))) if shape else '' for i in flip}

def other(x):
    "An array of one cell with another value"
    y = x.copy()
    if x.dtype.names: y['a'] = x['a']^1
    elif x.dtype.kind=='U': y[0] = 'zz' if x[0]!='zz' else 'q'
    elif x.dtype.kind=='S': y[0] = b'zz' if x[0]!=b'zz' else b'q'
    elif x.dtype.kind=='b': y[0] = not x[0]
    elif x.dtype.kind in 'iu': y[0] = x[0]^1
    elif x.dtype.kind in 'fc': y[0] = 1 if x[0]!=1 else 2
    elif x.dtype.kind in 'mM': y[0] = x.dtype.type(1, np.datetime_data(x.dtype)[0]) if x[0]!=x.dtype.type(1, np.datetime_data(x.dtype)[0]) else x.dtype.type(2, np.datetime_data(x.dtype)[0])
    else: y = np.frombuffer(bytes(b^1 for b in x.tobytes()), x.dtype)
    return y

def test_nan_equals_nan_of_any_kind():
    a = np.array([np.nan, 1, -0., np.inf])
    b = np.frombuffer(struct.pack('<QQ', 0x7ff8000000000001, 0x3ff0000000000000)+np.array([0., np.inf]).tobytes(), '<f8')
    assert a.tobytes()!=b.tobytes() and diff_content('a.npy', npy(a), npy(b)).same is True
    nat = np.array(['NaT', '2024-01-01'], 'M8[s]')
    assert not cells_differ(nat, nat.copy()).any() and not cells_differ(a.astype('c16'), a.astype('c16')).any()

def test_types_are_part_of_it_and_values_are_compared_exactly():
    d = diff_content('a.npy', npy(np.arange(3, dtype='i4')), npy(np.arange(3, dtype='i8')))
    assert (d.same, d.facts['changed'])==(False, 0)
    d = diff_content('a.npy', npy(np.array([2**53+1, 2**63-1, 5])), npy(np.array([2**53, 2**63, 5], 'f8')))
    assert d.facts['changed']==2
    d = diff_content('a.npy', npy(np.array([2**63-1], 'i8')), npy(np.array([2**64-1], 'u8')))
    assert d.facts['changed']==1 and diff_content('a.npy', npy(np.array(['a'])), npy(np.array([1]))).facts['changed']==1

def test_largest_difference():
    def most(a, b): return diff_content('a.npy', npy(np.array(a)), npy(np.array(b))).facts['largest_difference']
    assert most([1, 2, 3], [1, 5, 2])==3 and most([2**62], [-2**62])==2**63 and most([1., np.nan], [np.nan, 2.]) is None
    assert most([1., 0.], [np.inf, 2.])==np.inf and most([1+1j], [1+4j])==3. and most([True], [False]) is None

def test_rows_appended():
    a = np.arange(12).reshape(4, 3)
    for f in np.ascontiguousarray, np.asfortranarray:
        assert diff_content('a.npy', npy(f(a[:3])), npy(f(a))).facts['prefix']
        assert not diff_content('a.npy', npy(f(a[1:])), npy(f(a))).facts['prefix']
    assert not diff_content('a.npy', npy(a), npy(a.T.copy())).facts['compared']

def test_archives():
    d = diff_content('a.npz', npz(x=np.eye(2), y=np.eye(3)), npz(y=np.eye(3)*2, z=np.eye(1)))
    assert [(o.name, o.what) for o in d.parts]==[('x', 'removed'), ('z', 'added'), ('y', 'modified')]
    f = io.BytesIO()
    np.savez(f, x=np.eye(2))
    assert diff_content('a.npz', npz(x=np.eye(2)), f.getvalue()).same is True

class Boom:
    def __reduce__(self): return os.mkdir, ('/nowhere/pickled',)

def header(text, n=118): return b'\x93NUMPY\x01\0' + struct.pack('<H', n) + text.encode().ljust(n-1)+b'\n'

@pytest.mark.parametrize('bad', [npy(np.array([Boom()], object)), npz(a=np.array([Boom()], object)), b'\x93NUMPY', b'\x93NUMPY\x01\0\xff\xff{', b'\x93NUMPY\x09\0v\0', header("{'descr': '<f8', 'fortran_order': False, 'shape': (9,), }"),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"), header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1000000), }"), header("{'descr': '|O', 'fortran_order': False, 'shape': (), }"),
    header("{'descr': '<f8', 'shape': (1,), }"), header('['*100), header("{'descr': [('a', '<f8'), 'b'], 'fortran_order': 0, 'shape': 1}"), b'PK\x05\x06'+bytes(18), b'PK\x03\x04junk'], ids=lambda b: repr(b[:24]))
def test_bad_arrays(bad):
    d = diff_content('a.npz' if bad[:2]==b'PK' else 'a.npy', npy(np.eye(2)), bad)
    assert (d.kind, d.same)==('bytes', None) or d.kind=='array' and d.parts
    assert d.notes or d.kind=='array'

def test_pickles_stay_closed():
    for bad in npy(np.array([Boom()], object)), npz(a=np.array([Boom()], object)):
        d = diff_content('a.npz' if bad[:2]==b'PK' else 'a.npy', bad, npy(np.eye(2)) if bad[:2]!=b'PK' else npz(a=np.eye(2)))
        assert d.same is None and 'never opened' in d.notes[0] and not os.path.exists('/nowhere')

def test_archive_that_unpacks_to_too_much():
    f = io.BytesIO()
    with zipfile.ZipFile(f, 'w', zipfile.ZIP_DEFLATED) as z:
        with z.open('a.npy', 'w', force_zip64=True) as o:
            o.write(header("{'descr': '|u1', 'fortran_order': False, 'shape': (1500000000,), }"))
            for _ in range(12): o.write(bytes(1<<24))
    bomb = bytearray(f.getvalue())
    at = bomb.rindex(b'PK\x01\x02')
    bomb[at+24:at+28] = struct.pack('<I', 1_500_000_128)
    d, t = took(diff_content, 'a.npz', npz(a=np.eye(2)), bytes(bomb))
    assert t<2 and d.same is None and 'when unpacked' in d.notes[0]

def test_archive_of_too_many_arrays():
    f = io.BytesIO()
    with zipfile.ZipFile(f, 'w') as z:
        for i in range(5001): z.writestr(f'{i}.npy', b'')
    assert 'arrays are more than' in diff_content('a.npz', npz(a=np.eye(2)), f.getvalue()).notes[0]

def test_large_arrays_are_compared_in_blocks():
    import tracemalloc
    a = np.arange(13_000_000, dtype='f8')
    b = a.copy()
    b[12_345_678] += 1
    a, b = npy(a), npy(b)
    assert len(a)>100e6
    tracemalloc.start()
    d, t = took(diff_content, 'a.npy', a, b)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert t<3 and d.facts['changed']==1 and d.parts[0].first[0][0]=='12345678' and peak<40e6

# --- images

def taxi(mode='RGB', size=(24, 16)):
    y, x = np.mgrid[:size[1], :size[0]]
    a = np.stack([x*9%256, y*13%256, (x*y)%256, 255-(x*5+y*7)%120], -1).astype('u1')
    a[0, 0, 3] = 0
    im = Image.frombytes('RGBA', size, a.tobytes())
    if mode=='I;16': return Image.fromarray((a[..., 0].astype('u2')*257)+a[..., 1])
    if mode=='F': return Image.fromarray(a[..., 0].astype('f4')/7)
    if mode=='I': return Image.fromarray(a[..., 0].astype('i4')*99999)
    return im.convert(mode) if mode!='P' else im.convert('RGB').quantize(16)

def saved(im, form, **kw):
    f = io.BytesIO()
    im.save(f, form, **kw)
    return f.getvalue()

def png(im, **kw): return saved(im, 'PNG', **kw)

recoded = [(m, 'PNG', dict(compress_level=0)) for m in ('1', 'L', 'LA', 'RGB', 'RGBA', 'P', 'I;16')] + [(m, 'TIFF', dict(compression='tiff_lzw')) for m in ('1', 'L', 'RGB', 'RGBA', 'P', 'I;16', 'I', 'F', 'CMYK')] + \
    [('RGB', 'WEBP', dict(lossless=True, method=6, quality=100)), ('RGBA', 'WEBP', dict(lossless=True, exact=True, method=0))]

@pytest.mark.parametrize('mode,form,kw', recoded)
def test_lossless_recoding_is_the_same_and_one_changed_pixel_is_not(mode, form, kw):
    base = dict(lossless=True, exact=True) if form=='WEBP' else {}
    old, new = saved(taxi(mode), form, **base), saved(taxi(mode), form, **kw)
    if old==new: new = saved(taxi(mode), form, **kw, exif=Image.Exif())
    d = diff_content(f'a.{form.lower()}', old, new)
    assert d.kind=='image' and d.same is True, (d, d.notes)
    im = taxi(mode)
    was = im.getpixel((5, 6))
    im.putpixel((5, 6), tuple(255-c if i<3 else c for i,c in enumerate(was)) if isinstance(was, tuple) else 255-was if mode in '1L' else was+1)
    d = diff_content(f'a.{form.lower()}', old, saved(im, form, **kw))
    assert d.kind=='image' and d.same is False
    if mode!='P': assert d.facts['pixels_changed']==1 and d.facts['box']==(5, 6, 6, 7), d

def test_lossy_recoding_is_not_the_same():
    old = saved(taxi(), 'JPEG', quality=90)
    again = saved(Image.open(io.BytesIO(old)), 'JPEG', quality=80)
    d = diff_content('a.jpg', old, again)
    assert d.same is False and d.facts['largest']>0 and [p.title for p in d.parts]==['old', 'new', 'difference']
    assert diff_content('a.jpg', old, old+b'\0').same is True  # the same pixels before some rubbish

def raw_png(a, colour, level=6):
    "A PNG of 16 bits a channel, which Pillow does not write"
    rows = b''.join(b'\0'+row.astype('>u2').tobytes() for row in a)
    def chunk(t, d): return struct.pack('>I', len(d))+t+d+struct.pack('>I', zlib.crc32(t+d))
    return b'\x89PNG\r\n\x1a\n'+chunk(b'IHDR', struct.pack('>IIBBBBB', a.shape[1], a.shape[0], 16, colour, 0, 0, 0))+chunk(b'IDAT', zlib.compress(rows, level))+chunk(b'IEND', b'')

@pytest.mark.parametrize('channels,colour', [(1, 0), (3, 2), (4, 6), (2, 4)])
def test_sixteen_bits_a_channel_are_not_cut_to_eight(channels, colour):
    a = np.random.default_rng(0).integers(0, 65536, (9, 7, channels)).astype('u2')
    b = a.copy()
    b[4, 3, 0] ^= 1
    old, repacked, low, high = raw_png(a, colour), raw_png(a, colour, 1), raw_png(b, colour), raw_png(a^0x100, colour)
    assert diff_content('a.png', old, high).same is False
    assert diff_content('a.png', old, low).same is (None if channels==2 else False)
    d = diff_content('a.png', old, repacked)
    assert d.same is (None if channels==2 else True) and bool(d.notes)==(channels==2)

def tiff(a, order='<', bits=16, form=1):
    "An uncompressed TIFF of 3 channels"
    data = a.astype(f'{order}{"u" if form==1 else "f"}{bits//8}').tobytes()
    h, w, c = a.shape
    tags = [(256, 4, 1, w), (257, 4, 1, h), (258, 3, c, None), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, None), (277, 3, 1, c), (278, 4, 1, h), (279, 4, 1, len(data)), (339, 3, c, None)]
    at = 8+2+12*len(tags)+4
    out = (b'II*\0' if order=='<' else b'MM\0*')+struct.pack(f'{order}IH', 8, len(tags))
    for tag,typ,n,v in tags:
        if tag==258: v = at
        if tag==339: v = at+2*c
        if tag==273: v = at+4*c
        out += struct.pack(f'{order}HHI', tag, typ, n)+(struct.pack(f'{order}HH', v, 0) if typ==3 and n==1 else struct.pack(f'{order}I', v))
    return out+bytes(4)+struct.pack(f'{order}{c}H', *[bits]*c)+struct.pack(f'{order}{c}H', *[form]*c)+data

@pytest.mark.parametrize('order', '<>')
def test_sixteen_bits_in_a_tiff(order):
    a = np.random.default_rng(0).integers(0, 65536, (9, 7, 3)).astype('u2')
    b = a.copy()
    b[4, 3, 0] ^= 1
    assert diff_content('a.tif', tiff(a, order), tiff(b, order)).same is False
    assert diff_content('a.tif', tiff(a, order), tiff(a, order)+b'\0').same is True
    assert diff_content('a.tif', tiff(a, '<'), tiff(a, '>')).same is True

def test_orientation_palette_and_hidden_colours():
    im = taxi()
    exif = Image.Exif()
    exif[0x0112] = 6
    d = diff_content('a.png', png(im, exif=exif), png(im.transpose(Image.Transpose.ROTATE_270)))
    assert (d.same, d.facts['looks_same'])==(False, True) and 'other way round' in d.notes[-1]
    d = diff_content('a.png', png(im), png(im, exif=exif))
    assert (d.same, d.facts['looks_same'])==(False, False)
    p = taxi('P')
    d = diff_content('a.png', png(p), png(p.remap_palette(list(range(15, -1, -1)))))
    assert (d.same, d.facts['looks_same'])==(False, True)
    d = diff_content('a.png', png(p), png(p.convert('RGB')))
    assert (d.same, d.facts['looks_same'])==(False, True)
    a = taxi('RGBA')
    b = a.copy()
    b.putpixel((0, 0), (9, 9, 9, 0))
    d = diff_content('a.png', png(a), png(b))
    assert (d.same, d.facts['looks_same'])==(False, True)
    assert diff_content('a.png', png(im), png(im, icc_profile=b'x'*200)).same is True

def animation(form, n=3, colours=(1, 2, 3), **kw):
    ims = [Image.new('RGB', (20, 10), (c*40, 0, c)) for c in colours[:n]]
    return saved(ims[0], form, save_all=True, append_images=ims[1:], duration=kw.pop('duration', 80), **kw)

@pytest.mark.parametrize('form,kw', [('GIF', {}), ('WEBP', dict(lossless=True)), ('PNG', {}), ('TIFF', {})])
def test_animations(form, kw):
    def diff(b): return diff_content(f'a.{form.lower()}', animation(form, **kw), b)
    d = diff(animation(form, colours=(1, 2, 5), **kw))
    assert (d.same, d.facts['frames_changed'], d.facts['looks_same'])==(False, 1, False)
    assert diff(animation(form, 2, **kw)).same is False
    if form!='TIFF': assert diff(animation(form, duration=200, **kw)).same is False
    assert diff(animation(form, **kw)+b'\0').same is True

def test_animation_of_very_many_frames():
    gif = saved(Image.new('P', (1, 1)), 'GIF')
    at = gif.index(b'\x2c', 800) if b'\x2c' in gif[800:] else gif.rindex(b'\x2c')
    many = gif[:at]+gif[at:-1]*200_000
    d, t = took(diff_content, 'a.gif', many+b';', many+gif[at:])
    assert t<5 and d.kind=='image' and d.same is None and 'only the first 1,000 frames' in d.notes[0], (d, d.notes)

def test_sizes_and_thumbnails():
    d = diff_content('a.png', png(taxi(size=(900, 500))), png(taxi(size=(450, 250))))
    assert d.facts['pixels_changed'] is None and 'other size' in d.words
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (700, 900, 3)).astype('u1'))
    d = diff_content('a.png', png(noise), png(noise.transpose(0)))
    assert all(max(p.size)<=256 and len(p.png)<=14_000 and Image.open(io.BytesIO(p.png)).size==p.size for p in d.parts)
    for size in (1, 1), (5000, 1), (1, 3000): assert len(diff_content('a.png', png(Image.new('RGB', size)), png(Image.new('RGB', size, 'red'))).parts)==3

def test_floats_with_nan():
    a = np.array([[0, np.nan], [np.inf, 1]], 'f4')
    assert diff_content('a.tif', saved(Image.fromarray(a), 'TIFF'), saved(Image.fromarray(a), 'TIFF', compression='tiff_lzw')).same is True
    b = a.copy()
    b[0, 1] = 3
    d = diff_content('a.tif', saved(Image.fromarray(a), 'TIFF'), saved(Image.fromarray(b), 'TIFF'))
    assert d.facts['pixels_changed']==1 and d.facts['largest']>1e300 and d.parts

def test_bomb_and_truncated():
    bomb = raw_png(np.zeros((1, 1, 1)), 0).replace(struct.pack('>II', 1, 1), struct.pack('>II', 60_000, 60_000), 1)
    ihdr = bomb[12:29]
    bomb = bomb[:29]+struct.pack('>I', zlib.crc32(ihdr))+bomb[33:]
    wide = raw_png(np.zeros((1, 1, 1)), 0).replace(struct.pack('>II', 1, 1), struct.pack('>II', 9_000, 9_000), 1)
    wide = wide[:29]+struct.pack('>I', zlib.crc32(wide[12:29]))+wide[33:]
    for b in bomb, wide:
        d, t = took(diff_content, 'a.png', png(taxi()), b)
        assert (d.kind, d.same)==('bytes', None) and 'pixels' in d.notes[0] and t<1
    cut = png(taxi(size=(200, 200)))[:-300]
    d = diff_content('a.png', png(taxi(size=(200, 200))), cut)
    assert (d.kind, d.same)==('bytes', None) and 'could not be read as PNG' in d.notes[0]

def test_without_pillow_images_are_bytes_and_unknown(monkeypatch):
    monkeypatch.setitem(sys.modules, 'PIL', None)
    d = diff_content('a.png', png_bytes, png_bytes+b'\0')
    assert (d.kind, d.same)==('bytes', None) and 'pip install dvnb[images]' in d.notes[0]

png_bytes = png(taxi())

def test_memory_of_large_images_is_bounded():
    code = '''
import io, resource, sys
import numpy as np
from PIL import Image
from dvnb.content import diff_content
a = np.zeros((4000, 4000, 3), 'u1'); a[::7, ::5] = 90
def saved(): f = io.BytesIO(); Image.fromarray(a).save(f, 'PNG', compress_level=1); return f.getvalue()
old = saved(); a[3000, 3000] = 1; new = saved(); del a
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
d = diff_content('a.png', old, new)
assert d.facts['pixels_changed'] == 1, d
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss-before)/1024)'''
    out = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=os.getcwd(), env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)})
    assert out.returncode==0, out.stderr
    assert float(out.stdout)<330  # two decoded images of 64 MB each, and the copies that are shown

# --- notebooks

def cell(src, outputs=(), id=None, type='code', count=None, **kw):
    c = dict(cell_type=type, metadata={}, source=src, **kw)
    if id: c['id'] = id
    return c|(dict(outputs=list(outputs), execution_count=count) if type=='code' else {})

def notebook(*cells, minor=4, **meta):
    return json.dumps(dict(nbformat=4, nbformat_minor=minor, metadata=meta, cells=[o if isinstance(o, dict) else cell(o) for o in cells])).encode()

def out(text): return dict(output_type='stream', name='stdout', text=text)

def whats(*args): return [(c.what, c.old, c.new) for c in diff_content('a.ipynb', *args).parts]

def test_cells():
    assert whats(notebook('a', 'b', 'c'), notebook('a', 'x', 'b', 'c'))==[('added', None, 1)]
    assert whats(notebook('a', 'b', 'c'), notebook('a', 'c'))==[('removed', 1, None)]
    assert whats(notebook('a', 'b', 'c'), notebook('a', 'B', 'c'))==[('modified', 1, 1)]
    assert whats(notebook('a', 'b', 'c'), notebook('c', 'a', 'b'))==[('moved', 2, 0)]
    ids = [cell(s, id=s) for s in 'abc']
    assert whats(notebook(*ids, minor=5), notebook(ids[0], cell('totally other', id='b'), ids[2], minor=5))==[('modified', 1, 1)]
    d = diff_content('a.ipynb', notebook('a', 'b'), notebook('a', cell('b', type='markdown')))
    assert [(c.what, c.retyped) for c in d.parts] in ([('modified', 'code')], [('removed', ''), ('added', '')])

@pytest.mark.parametrize('new,only,same', [(notebook(cell('a', [out('2')])), 'outputs', False), (notebook(cell('a', [out('1')], count=3)), 'execution counts', False), (notebook(cell('a', [out('1')]), kernel='x'), 'metadata', False),
    (notebook(cell('a', [out('2')], count=3)), 'outputs and execution counts', False), (notebook(cell('a', [out('1')])).replace(b', ', b',\n  '), 'layout', True), (notebook(cell('b', [out('1')])), None, False),
    (notebook(cell(['a'], [out('1')])), 'ids or format', False)])
def test_what_alone_changed(new, only, same):
    d = diff_content('a.ipynb', notebook(cell('a', [out('1')])), new)
    assert (d.kind, d.facts['only'], d.same)==('notebook', only, same)

def test_outputs():
    im = lambda colour: dict(output_type='display_data', metadata={}, data={'image/png': __import__('base64').b64encode(png(Image.new('RGB', (30, 20), colour))).decode(), 'text/plain': 'x'})
    d = diff_content('a.ipynb', notebook(cell('a', [im('red')])), notebook(cell('a', [im('blue'), out('hi')])))
    assert d.parts[0].shows==('image/png', 'image/png + stdout') and [p.title for p in d.parts[0].pictures]==['old', 'new', 'difference']
    bad = dict(output_type='display_data', metadata={}, data={'image/png': '!!'})
    assert diff_content('a.ipynb', notebook(cell('a', [im('red')])), notebook(cell('a', [bad]))).kind in ('notebook', 'json')

@quick
@given(st.lists(st.sampled_from(['a', 'b', 'c\nd', 'e', 'f = 1\ng']), max_size=8), st.lists(st.sampled_from(['a', 'b', 'c\nd', 'h', 'f = 2\ng']), max_size=8))
def test_every_cell_is_accounted_for(a, b):
    d = diff_content('a.ipynb', notebook(*a), notebook(*b))
    if a==b: return
    gone, come = {c.old for c in d.parts if c.what=='removed'}, {c.new for c in d.parts if c.what=='added'}
    assert len(a)-len(gone)==len(b)-len(come)
    assert len({c.new for c in d.parts if c.new is not None})==sum(c.new is not None for c in d.parts)

def test_format_3_and_what_is_no_notebook():
    def old(src, n=3): return json.dumps(dict(nbformat=n, nbformat_minor=0, metadata=dict(name=''), worksheets=[dict(cells=[dict(cell_type='code', input=src, language='python', outputs=[dict(output_type='pyout', text=['1'], prompt_number=1)], prompt_number=1),
        dict(cell_type='heading', level=2, source='A')])])).encode()
    d = diff_content('a.ipynb', old('a'), old(['a\n', 'b']))
    assert d.kind=='notebook' and [(c.what, c.old) for c in d.parts]==[('modified', 0)]
    assert diff_content('a.ipynb', old('a'), notebook('a', cell('A', type='markdown'))).kind=='notebook'
    for bad in b'[]', b'{}', b'{"nbformat": 4}', b'{"nbformat": 4, "cells": 3}', b'{"nbformat": 4, "cells": [3]}', b'{"nbformat": 4, "cells": [{}]}', b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 4}]}', b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "", "outputs": 3}]}':
        d = diff_content('a.ipynb', notebook('a'), bad)
        assert d.kind=='json' and 'could not be read as notebook' in d.notes[0], d
    assert diff_content('a.ipynb', notebook('a'), b'{').kind=='text'

# --- bytes and pictures

@quick
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_bytes(a, b):
    d = diff_content('a.bin', b'\0'+a, b'\0'+b)
    assert d.kind=='bytes' and d.same is (a==b)
    if a!=b: assert 0<=d.facts['same_share']<=1 and d.facts['first_difference']==same_start(b'\0'+a, b'\0'+b)

def test_large_bytes():
    a = random.Random(0).randbytes(100_000_000)
    d, t = took(diff_content, 'a.bin', a, a[:60_000_000]+b'x'+a[60_000_001:])
    assert t<2 and d.facts['first_difference']==60_000_000

def test_pages_are_escaped_and_allow_only_their_own_pictures():
    evil = '<img src=x onerror=alert(1)>"\'&'
    diffs = [diff_content(evil+'.txt', b'a\n', evil.encode()), diff_content(evil+'.json', b'{"a": 1}', json.dumps({evil: evil}).encode()), diff_content(evil+'.ipynb', notebook('a'), notebook(cell(evil, [out(evil)], id=evil), **{evil: evil})),
        diff_content(evil+'.npz', npz(a=np.array(['b'])), npz(a=np.array([evil]))), diff_content(evil+'.png', png(taxi()), png(taxi('RGBA')))]
    for d in diffs:
        page = to_html(d)
        assert '<img src=x' not in page and 'onerror=alert(1)>' not in page and len(html(d))<=60_000
        assert all(o.startswith('"data:image/png;base64,') for o in page.split('src=')[1:] if o[:1]=='"')
    assert "img-src data:" in to_html(diffs[-1]) and html(diffs[-1]).count('<img')==3 or diffs[-1].facts['looks_same']

# --- what a note says of a file that cannot be read

def npz(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()

cells = json.dumps(dict(nbformat=4, nbformat_minor=5, metadata={}, cells=[dict(cell_type='code', id='a', source='x', outputs=[], metadata={}, execution_count=None)]))

@pytest.mark.parametrize('path,good,bad,said', [
    ('a.yaml', b'a: 1\n', b'a: 1\n\tb: 2\n', 'as YAML: line 2, column 1: found a tab character that violates indentation; compared as text'),
    ('a.yml', b'a: 1\n', b'b: 1\na: 1\na: 2\n', 'as YAML: line 3, column 1: a key occurs twice in one mapping; compared as text'),
    ('a.json', b'{"a": 1}', b'{"a": 1,\n "b": }', 'as JSON: line 2, column 7: Expecting value; compared as text'),
    ('a.npz', npz(a=np.arange(9)), npz(a=np.arange(9))[:-30], 'as npz: File is not a zip file: its directory should end at byte'),
    ('a.npy', b'\x93NUMPY', b'\x93NUM', 'as npy: '), ('a.txt', b'hello\n', b'hel\0\1\2\3', 'as text: byte 4 is 0x00, which no text has; compared as bytes'),
    ('a.ipynb', cells.encode(), cells.encode().replace(b'"code"', b'"code'), 'as notebook or JSON: line 1, column'),
    ('a.ipynb', cells.encode(), cells.encode().replace(b'"x"', b'7'), 'as notebook: cell 1: its source is neither text nor a list of lines; compared as JSON'),
    ('a.png', png(taxi()), png(taxi())[:len(png(taxi()))//2], 'as PNG: '), ('a.jpg', saved(taxi(), 'JPEG'), saved(taxi(), 'JPEG')[:-200], 'the file ends after byte')])
def test_a_note_names_the_side_the_format_the_place_and_what_was_done(path, good, bad, said):
    for old,new,side in ((good, bad, 'new'), (bad, good, 'old'), (bad, bad+b' ', 'both')):
        note = diff_content(path, old, new).notes[0]
        if path=='a.npy' or side=='both': assert 'could not be read as' in note and '; compared as' in note, note
        else: assert said in note and note.startswith(f'the {side} file could not be read as') and note.endswith(('; compared as bytes', '; compared as text', '; compared as JSON')), note

# --- what cannot be read says where

def damaged(data, at, n=1): return data[:at] + bytes(x^255 for x in data[at:at+n]) + data[at+n:]

def many_shades():
    im = Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), 'u1'))
    return {f: saved(im, f, **({'lossless': True} if f=='WEBP' else {})) for f in ('PNG', 'WEBP', 'JPEG', 'TIFF', 'GIF', 'BMP')}

@pytest.mark.parametrize('name,break_,said', [
    ('a.webp', lambda o: o[:len(o)//2], r'ends after byte [\d,]+, its head promises [\d,]+'), ('a.webp', lambda o: damaged(o, 60, 30), 'VP8L data from byte 21 on'),
    ('a.png', lambda o: damaged(o, 100), 'chunk IDAT from byte 34 on has a wrong checksum'), ('a.png', lambda o: o[:2000], 'chunk IDAT from byte 34 on is cut off: the file ends after byte 2,000'),
    ('a.jpeg', lambda o: o[:500], 'ends after byte 500'), ('a.jpeg', lambda o: o[:5], '5 bytes that begin with ff d8 ff e0 00'), ('a.tiff', lambda o: o[:500], 'ends after byte 500'),
    ('a.gif', lambda o: o[:-500], 'ends after byte'), ('a.bmp', lambda o: o[:500], 'ends after byte 500'), ('a.png', lambda o: b'', 'it is empty')])
def test_broken_images_say_where(name, break_, said):
    good = many_shades()[name[2:].upper()]
    for pair, side in ((good, break_(good)), 'new'), ((break_(good), good), 'old'):
        d = diff_content(name, *pair)
        assert (d.kind, d.same)==('bytes', None) and f'the {side} file could not be read as' in d.notes[0] and re.search(said, d.notes[0]), d.notes

good_npz = npz(a=np.arange(1000), b=np.eye(4))

@pytest.mark.parametrize('name,good,bad,said', [
    ('a.npy', npy(np.arange(3)), npy(np.array([None, 1], object)), 'its 2 cells of type object, from byte 129 on, hold Python objects'),
    ('a.npz', good_npz, npz(b=np.array([None, 1], object), a=np.eye(3)), 'array b, which begins at byte 1: its 2 cells of type object'),
    ('a.npz', good_npz, damaged(good_npz, good_npz.find(b'NUMPY', 300)+200), 'array b, which begins at byte 8,184: its bytes do not have the checksum'),
    ('a.npz', good_npz, good_npz[:-10], 'directory should end at byte'), ('a.npy', npy(np.arange(50)), npy(np.arange(50))[:-9], '400 bytes of cells are promised from byte 129 on, 391 are there'),
    ('a.npy', npy(np.arange(3)), b'', 'it is empty'), ('a.json', b'{}', b'', 'it is empty'), ('a.ipynb', notebook('a'), b'', 'it is empty'),
    ('a.ipynb', notebook('a'), json.dumps(dict(nbformat=4, cells=3)).encode(), 'its cells are no list'), ('a.ipynb', notebook('a'), json.dumps(dict(nbformat=4, cells=[dict(cell_type='code', outputs=3)])).encode(), 'cell 1: its outputs'),
    ('a.ipynb', notebook('a'), notebook('b')[:-5], 'notebook or JSON: line 1, column'), ('a.txt', b'a', b'abc\0', 'byte 4 is 0x00'),
    ('a.yaml', b'a: 1\n', b'a: !!python/tuple [1]\n', 'line 1, column 4: tag:yaml.org,2002:python/tuple asks for a Python object')])
def test_what_cannot_be_read_says_where(name, good, bad, said):
    d = diff_content(name, good, bad)
    assert 'the new file could not be read as' in d.notes[0] and re.search(said, d.notes[0]), d.notes

def test_yaml_tags_and_merge_keys():
    def d(a, b): return diff_content('a.yaml', a, b)
    assert [e.path for e in d(b'a: !Ref x\nb: !Sub {k: 1}\n', b'a: !Ref y\nb: !Sub {k: 2}\n').parts]==['$.a[!Ref]', '$.b[!Sub].k']
    assert d(b'a: !Ref x\n', b"a: {'!Ref': x}\n").same is False and d(b'a: !Ref x\n', b'a: !Get x\n').same is False
    merged = b'a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3\n'
    assert d(merged, merged.replace(b'k: 3', b'k: 4')).kind=='json' and d(merged, b'a: {k: 1, l: 2}\nb: {k: 3, l: 2}\n').same is True
    assert 'a key occurs twice' in d(merged, merged+b'  k: 5\n').notes[0]

def test_long_lines_show_where_they_differ():
    d = diff_content('a.txt', b'x'*60_000_000, b'x'*50_000_000+b'y'+b'x'*9_999_999)
    assert (d.facts['lines_added'], d.facts['lines_removed'])==(1, 1) and 'y' in d.parts[0].items[-1].text[:400] and len(repr(d))<9000

def test_turned_images_say_so():
    im = Image.new('RGB', (40, 20), 'red')
    exif = im.getexif()
    exif[0x112] = 6
    assert 'turned by its EXIF orientation: 1 -> 6' in diff_content('a.jpg', saved(im, 'JPEG'), saved(im, 'JPEG', exif=exif)).words

def test_documents_that_look_like_text_are_known_by_their_head():
    assert diff_content('a.pdf', b'%PDF-1.4 a', b'%PDF-1.4 b').kind=='bytes'

def test_cells_without_ids_pair_as_nbdime_has_it(monkeypatch):
    from dvnb import notebookdiff as nbd
    if find_spec('nbdime'): nbd._nbdime.cache_clear()
    else:
        def sources(o): return [c['source'] for c in o['cells']]
        def blocks(a, b):
            "What nbdime answers, of equal cells alone"
            ops = []
            for tag,i1,i2,j1,j2 in difflib.SequenceMatcher(None, sources(a), sources(b), False).get_opcodes():
                if tag!='equal' and j2>j1: ops.append(dict(op='addrange', key=i1, valuelist=b['cells'][j1:j2]))
                if tag!='equal' and i2>i1: ops.append(dict(op='removerange', key=i1, length=i2-i1))
            return [dict(op='patch', key='cells', diff=ops)] if ops else []
        monkeypatch.setattr(nbd, '_nbdime', lambda: blocks)
    def cells(text): return [nbd.NbCell('', 'code', f'x = {o}\nprint(x)\n', [], None, {}) for o in text]
    rng = random.Random(3)
    for _ in range(40):
        old = [chr(97+i) for i in range(rng.randrange(9))]
        new = [o for o in old if rng.random()<.8]
        for _ in range(rng.randrange(3)): new.insert(rng.randrange(len(new)+1), rng.choice('XYZ'))
        pairs = nbd.match_cells(cells(old), cells(new))
        assert len({i for i,_ in pairs})==len({j for _,j in pairs})==len(pairs) and all(0<=i<len(old) and 0<=j<len(new) for i,j in pairs)
        assert {(old.index(o), j) for j,o in enumerate(new) if o in old}<={*pairs}
    monkeypatch.setattr(nbd, '_nbdime', lambda: lambda *docs: 1/0)
    assert nbd.match_cells(cells('ab'), cells('b'))==[(1, 0)]
