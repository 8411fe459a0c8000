"What notebooks show, without a browser: pictures hold no markup but their own, panels do what their traits say."
import os, re
from dataclasses import fields
from html.parser import HTMLParser
from pathlib import Path
import pandas as pd, pytest
from hypothesis import given, settings, strategies as st
import dvnb as dv, dvnb.livepanel as L, dvnb.widgets as W
from dvnb.checkup import CheckReport
from dvnb.filesdiff import FileChange, FilesDiff
from dvnb.ref import ConfigNotFound, RefError, VersionNotFound
from dvnb.render import html, to_html, txt
from dvnb.repo import Log, Repo

hostile = [b'<script>alert(1)<', b'"><img src=x onerror=alert(2)>', b"' onmouseover='alert(3)", b'gpj.\xe2\x80\xaeexe', b'new\nline',
    b'\xff\xfe not text', b'&lt;b&gt;', b'a\x1b[31mred', b'zero\xe2\x80\x8bwidth']

class Tags(HTMLParser):
    "The tags, attributes and text of a page"
    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.attrs, self.text, self.open = set(), set(), '', []
        self.feed(page)
        self.close()
    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attrs |= {k for k, _ in attrs}
        if tag != 'meta': self.open.append(tag)
    def handle_endtag(self, tag): assert self.open.pop() == tag
    def handle_data(self, data):
        if not self.open or self.open[-1] != 'style': self.text += data

own_tags = set('b caption code del details div em ins li p polyline rect small span style summary svg table tbody td th thead title tr ul'.split())
own_attrs = {'class', 'open', 'scope', 'title', *'aria-label fill height opacity points role stroke width x y'.split()}  # the latter of histograms

def is_harmless(page):
    t = Tags(page)
    assert t.tags <= own_tags, t.tags - own_tags
    assert t.attrs <= own_attrs, t.attrs - own_attrs
    assert t.text.isprintable() and t.open == []
    assert len(page.encode()) <= 60_000
    return t

@pytest.fixture
def taxi(tmp_path, monkeypatch):
    "A folder of three versions, and the repo that holds them"
    monkeypatch.setenv('DVNB_CACHE', str(tmp_path/'cache'))
    monkeypatch.chdir(tmp_path)
    folder, repo = tmp_path/'data'/'taxi', Repo.init(tmp_path/'.dvnb')
    folder.mkdir(parents=True)
    for month, fare in ('jan', 9.5), ('feb', 7.0), ('jan', 9.9):
        (folder/f'{month}.csv').write_text(f'id,fare\n1,{fare}\n')
        repo.snapshot(folder, message=f'rides of {month}')
    repo.tag('taxi:1.0.0', 'paper')
    return folder, repo

# Pictures

def test_hostile_names_stay_text(taxi):
    folder, repo = taxi
    for o in hostile:
        if not o.endswith(b'<'): Path(os.fsdecode(os.fsencode(folder)+b'/'+o)).write_text('x')
    os.mkdir(os.fsencode(folder)+b'/'+hostile[0])
    Path(os.fsdecode(os.fsencode(folder)+b'/'+hostile[0]+b'/script>')).write_text('y')
    v = repo.snapshot(folder, message='</style><script>alert(4)</script>\u202e')
    v.notes.append('<b>note</b>')
    repo.yank('taxi:1.1.0', '<i>wrong</i>')
    d = repo.diff('taxi:1.0.0', v)
    plan = repo.restore('taxi:1.0.0', folder, dry_run=True)
    report = repo.check()
    report.problems.append('<u>lost</u>')
    for o in v, repo.log(), d, d.files, repo.status(), plan, report: is_harmless(html(o))
    assert r'gpj.\u202eexe' in is_harmless(html(d)).text
    assert {'html', 'head', 'body', 'meta', 'title'} >= Tags(to_html(d)).tags - own_tags
    for o in W.VersionPicker(repo, 'taxi'), W.DiffPanel(repo, 'taxi:1.0.0', v):
        is_harmless(o.picture())
        for _, label in [(v, t) for w in o.children for c in getattr(w, 'children', [w]) for t, v in getattr(c, 'options', ())]:
            str(label).encode()

@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40).filter(lambda b: b'\0' not in b), min_size=1, max_size=8), st.sampled_from('added removed modified touched'.split()))
def test_any_name_stays_text(names, what):
    paths = [os.fsdecode(o) for o in names]
    is_harmless(html(FilesDiff([FileChange(what, p, p, 1, 2, 'f') for p in paths])))

@given(st.text(st.characters(), max_size=300))
def test_text_is_printable_and_short(s):
    t = txt(s)
    assert t.isprintable() and len(t) <= 201
    t.encode()

shapes = dict(wide=lambda i: f'{i}', deep=lambda i: 'd/'*(i % 900)+f'{i}', bushy=lambda i: '/'.join(f'{i:06}'[k:k+1] for k in range(6)), long='{:0240d}'.format)

@pytest.mark.parametrize('shape', shapes)
@pytest.mark.parametrize('budget', [60_000, 8_000])
def test_pictures_keep_their_size_and_say_what_they_leave_out(shape, budget):
    n = 5_000
    d = FilesDiff([FileChange('added', p, p, None, 10, 'f') for p in map(shapes[shape], range(n))])
    page = html(d, budget)
    assert len(page.encode()) <= budget and '+5,000 added' in page
    assert re.search(r'first [\d,]+ of [\d,]+', page) or budget == 8_000

def test_long_lists_of_versions_and_problems_are_cut(taxi):
    log = Log([*taxi[1].log()]*500)
    page = html(log)
    assert len(page.encode()) <= 60_000 and 'of 1,500)' in page
    report = CheckReport()
    report.problems = ['x'*300]*3000
    page = html(report)
    assert len(page.encode()) <= 60_000 and 'of 3,000' in page

def test_a_folder_that_cannot_be_compared_says_why(taxi):
    folder, repo = taxi
    repo.forget('taxi:2.0.0')
    assert 'taxi:2.0.0 was forgotten' in is_harmless(html(repo.status())).text
    assert refs(W.VersionPicker(repo, 'taxi')) == ['taxi:1.1.0', 'taxi:1.0.0']
    assert W.DiffPanel(repo).new == 'taxi:1.1.0'

def test_empty_values_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv('DVNB_CACHE', str(tmp_path/'cache'))
    repo = Repo.init(tmp_path/'.dvnb')
    assert 'dv.snapshot(...)' in html(repo.log()) and 'dv.snapshot(...)' in html(repo.status())
    with pytest.raises(VersionNotFound, match='makes the first'): W.DiffPanel(repo)
    with pytest.raises(VersionNotFound): W.VersionPicker(repo, 'taxi')

# Panels

def refs(picker): return [v for _, v in picker.list.options]

def test_picker_filters(taxi):
    p = W.VersionPicker(taxi[1], 'taxi')
    assert refs(p) == ['taxi:2.0.0', 'taxi:1.1.0', 'taxi:1.0.0']
    p.search = 'JAN rides'
    assert refs(p) == ['taxi:2.0.0', 'taxi:1.0.0']
    p.tag = 'paper'
    assert refs(p) == ['taxi:1.0.0'] and p.value == 'taxi:2.0.0' and p.list.value is None
    p.search, p.tag, p.level = '', '', 'MINOR'
    assert refs(p) == ['taxi:1.1.0']
    p.level = ''
    assert p.list.value == p.value == 'taxi:2.0.0'

def test_picker_tells_what_was_picked(taxi):
    p, told = W.VersionPicker(taxi[1], 'taxi@paper'), []
    assert p.value == 'taxi:1.0.0' and p.version.message == 'rides of jan'
    p.observe(lambda c: told.append(c.new), 'value')
    p.list.value = 'taxi:1.1.0'
    p.value = 'taxi:2'
    assert told == ['taxi:1.1.0', 'taxi:2.0.0'] and p.list.value == 'taxi:2.0.0' and 'taxi:2.0.0' in p.card.value
    with pytest.raises(VersionNotFound): p.value = 'taxi:9.0.0'
    assert p.value == 'taxi:2.0.0'

def test_picker_is_about_one_dataset(taxi):
    folder, repo = taxi
    repo.snapshot(folder, 'other')
    p = W.VersionPicker(repo, 'taxi')
    with pytest.raises(RefError, match='no version of taxi'): p.value = 'other:1.0.0'

def test_picker_marks_the_working_folder(taxi):
    folder, repo = taxi
    def marked(): return {v: t[0] for t, v in W.VersionPicker(repo, 'taxi').list.options if t[0] in '●○'}
    assert marked() == {'taxi:2.0.0': '●'}
    (folder/'jan.csv').write_text('id,fare\n')
    assert marked() == {'taxi:2.0.0': '○'}

def test_panel_steps_through_history(taxi):
    folder, repo = taxi
    p = W.DiffPanel(repo)
    assert (p.old, p.new) == ('taxi:1.1.0', 'taxi:2.0.0') and p.diff.files.modified == ['jan.csv']
    p.step(-1)
    assert (p.old, p.new) == ('taxi:1.0.0', 'taxi:1.1.0') and p.diff.files.added == ['feb.csv'] and p.earlier.disabled
    p.step(-1)
    assert p.new == 'taxi:1.1.0'
    p.step(2)
    assert (p.old, p.new) == ('taxi:2.0.0', str(folder)) and p.diff.clean and p.later.disabled

def test_panel_compares_once_a_choice(taxi, monkeypatch):
    repo, calls = taxi[1], []
    p, diff = W.DiffPanel(repo), repo.diff
    monkeypatch.setattr(repo, 'diff', lambda *a: calls.append(a) or diff(*a), raising=False)
    p.swap()
    assert (p.old, p.new) == ('taxi:2.0.0', 'taxi:1.1.0')
    p.olds.value = 'taxi:1.0.0'
    p.new = 'taxi:1.1.0'
    assert len(calls) == 2 and (p.olds.value, p.news.value) == (p.old, p.new) == ('taxi:1.0.0', 'taxi:1.1.0')

def test_panel_takes_what_diff_takes(taxi):
    folder, repo = taxi
    df = pd.DataFrame({'id': [1], 'fare': [9.5]})
    p = W.DiffPanel(repo, 'taxi:1.0.0', folder/'jan.csv')
    assert p.error == '' and p.diff.files.modified == ['jan.csv']
    repo.snapshot(df, 'rides')
    df2 = df.assign(fare=8.0)
    p = W.DiffPanel(repo, 'rides:1.0.0', df2)
    assert p.diff.files.modified == ['data.parquet']
    p.new = df2
    p.old = df
    assert {p.old, p.new} < {*p.sides} and p.error == ''
    with pytest.raises(VersionNotFound, match='no dataset nonsense'): p.new = 'nonsense'

def test_panel_says_in_a_line_what_fails(taxi):
    folder, repo = taxi
    p = W.DiffPanel(repo, 'taxi:2.0.0', str(folder))
    for f in folder.iterdir(): f.unlink()
    folder.rmdir()
    p.compare('taxi:1.0.0', p.new)
    assert p.diff is None and 'is not there' in p.error and is_harmless(p.picture())
    p.compare('taxi:1.0.0', 'taxi:2.0.0')
    assert p.error == '' and p.diff.files

def test_buttons_never_raise(taxi, monkeypatch):
    p = W.DiffPanel(taxi[1])
    def broken(*a): raise OSError('the disk is gone')
    monkeypatch.setattr(p.repo.catalog, 'versions', broken, raising=False)
    again = next(b for w in p.children for b in getattr(w, 'children', ()) if getattr(b, 'description', '').endswith('Again'))
    again.click()
    assert p.error == 'the disk is gone' and 'OSError' in p.picture()

def test_panel_sees_new_versions_and_other_datasets(taxi):
    folder, repo = taxi
    p = W.DiffPanel(repo)
    assert p.which.layout.display == 'none'
    (folder/'mar.csv').write_text('id,fare\n')
    repo.snapshot(folder)
    repo.snapshot(pd.DataFrame({'a': [1]}), 'frames')
    p.refresh()
    assert 'taxi:2.1.0' in p.sides and p.which.layout.display is None
    p.which.value = 'frames'
    assert p.old == p.new == 'frames:1.0.0' and p.diff.clean and 'taxi:2.1.0' not in p.sides

def hidden(*controls): return [o.layout.display == 'none' for o in controls]

def test_panel_of_frames_or_files_shows_no_list_of_datasets(taxi):
    folder, repo = taxi
    repo.snapshot(pd.DataFrame({'a': [1]}), 'frames')
    for sides in ((pd.DataFrame({'a': [1]}), pd.DataFrame({'a': [2]})), (folder/'jan.csv', folder/'feb.csv')):
        p = W.DiffPanel(repo, *sides)
        assert hidden(p.which, p.earlier, p.later) == [True]*3 and len(p.olds.options) == len(p.news.options) == 2
        p.swap()
        assert p.error == '' and p.olds.value == p.old and len(p.diff.files.modified or p.diff.files.renamed)
    p = W.DiffPanel(repo, 'taxi:1.0.0', folder)
    assert hidden(p.which, p.earlier, p.later) == [False]*3

def test_picker_shows_no_filter_that_has_one_choice(taxi):
    folder, repo = taxi
    p = W.VersionPicker(repo, 'taxi')
    assert hidden(*(p.controls[k] for k in ('search', 'level', 'tag'))) == [False, False, not p.tags or not any(p.tags.values())]
    repo.snapshot(pd.DataFrame({'a': [1]}), 'frames')
    p = W.VersionPicker(repo, 'frames')
    assert hidden(*p.controls.values()) == [True]*3
    repo.tag('frames:1.0.0', 'paper')
    repo.snapshot(pd.DataFrame({'a': [2]}), 'frames')
    assert hidden(*W.VersionPicker(repo, 'frames').controls.values()) == [False, True, False]

def test_a_policy_shows_what_was_decided_and_what_could_be():
    nothing, some = dv.Policy(), dv.Policy(append='minor', key='<b>id')
    assert repr(nothing) == 'Policy(): nothing was decided: the rules hold as they are' and 'Nothing was decided' in nothing._repr_html_()
    for p in nothing, some: assert all(f.name in p._repr_html_() for f in fields(p)) and is_harmless(p._repr_html_())
    assert '&#x27;minor&#x27;' in some._repr_html_() or "'minor'</code>" in some._repr_html_()
    assert '<b>id' not in some._repr_html_() and repr(some) == "Policy(append='minor', key=('<b>id',))"
    assert some == dv.Policy(append='minor', key='<b>id') and hash(some)

# How a panel is displayed

@pytest.fixture
def shown(monkeypatch):
    "What is displayed: the outputs, and the updates of those that have a handle"
    outputs = []
    class Handle:
        def update(self, data, raw): outputs.append(data)
    monkeypatch.setattr(L, 'display', lambda data, raw, display_id=False: outputs.append(data) or (Handle() if display_id else None))
    return outputs

view = 'application/vnd.jupyter.widget-view+json'

def test_panel_is_displayed_live_and_still(taxi, shown):
    p = W.DiffPanel(taxi[1])
    p._ipython_display_()
    live, still = shown
    assert view in live and 'text/html' not in live and view not in still
    assert 'jan.csv' in still['text/html'] and still['text/plain'] == live['text/plain'] == "DiffPanel('taxi:1.1.0', 'taxi:2.0.0')"
    p.step(-1)
    assert 'feb.csv' in shown[-1]['text/html'] and len(shown) == 3

def test_panel_is_one_output_where_outputs_are_apart(taxi, shown, monkeypatch):
    monkeypatch.setattr(L, '_is_framed', lambda: True)
    W.VersionPicker(taxi[1], 'taxi')._ipython_display_()
    assert len(shown) == 1 and {view, 'text/html', 'text/plain'} <= shown[0].keys()

# Datasets that come in configs

@pytest.fixture
def digits(tmp_path, monkeypatch):
    "A repo with two configs of a dataset, both of more than one version, and a folder of the smaller"
    monkeypatch.setenv('DVNB_CACHE', str(tmp_path/'cache'))
    monkeypatch.chdir(tmp_path)
    folder, repo = tmp_path/'few', Repo.init(tmp_path/'.dvnb')
    folder.mkdir()
    for n in 3, 4:
        (folder/'digits.csv').write_text('label\n' + ''.join(f'{i*n}\n' for i in range(n)))
        repo.snapshot(folder, 'digits/small', message=f'{n} digits')
        repo.snapshot(pd.DataFrame({'label': range(10*n)}), 'digits/full')
    repo.tag('digits/small:1.0.0', 'paper')
    return folder, repo

def test_a_picker_of_a_config_keeps_to_it(digits):
    folder, repo = digits
    p = W.VersionPicker(repo, 'digits/small')
    assert p.value == 'digits/small:2.0.0' and [v.ref for v in p.versions] == ['digits/small:2.0.0', 'digits/small:1.0.0']
    p.list.value = 'digits/small:1.0.0'
    assert p.version.ref == 'digits/small:1.0.0' and p.version.tags == ['paper']
    p.value = 'digits/small@paper'
    assert p.value == 'digits/small:1.0.0'
    with pytest.raises(RefError, match='no version of digits/small'): p.value = 'digits/full:1.0.0'
    assert p.value == 'digits/small:1.0.0' and '3 digits' in p.card.value
    assert [line[0] for line in p.lines] == ['●', '\xa0']

def test_a_picker_of_a_name_takes_its_default_config_or_says_which_there_are(digits):
    folder, repo = digits
    with pytest.raises(ConfigNotFound, match='digits/full or digits/small'): W.VersionPicker(repo, 'digits')
    repo.default_config('digits', 'small')
    p = W.VersionPicker(repo, 'digits')
    assert (p.dataset, p.value) == ('digits/small', 'digits/small:2.0.0')
    assert W.VersionPicker(repo, 'digits:1.0.0').value == 'digits/small:1.0.0'

def test_a_picker_of_a_name_with_one_config(digits):
    folder, repo = digits
    repo.snapshot(pd.DataFrame({'a': [1]}), 'letters/latin')
    assert W.VersionPicker(repo, 'letters').value == 'letters/latin:1.0.0'

def test_a_diff_panel_of_configs(digits):
    folder, repo = digits
    p = W.DiffPanel(repo, 'digits/small')
    assert (p.old, p.new, p.dataset, p.error) == ('digits/small:1.0.0', 'digits/small:2.0.0', 'digits/small', '')
    assert str(folder) in p.sides and not [k for k in p.sides if 'full' in k]
    p.which.value = 'digits/full'
    assert (p.old, p.new, p.error) == ('digits/full:1.0.0', 'digits/full:2.0.0', '')
    p.step(-1)
    assert p.error == '' and p.dataset == 'digits/full'
    p.compare('digits/small:2.0.0', 'digits/full:2.0.0')
    assert p.error == '' and p.diff.files.added == ['data.parquet'] and p.diff.files.removed == ['digits.csv']
    repo.default_config('digits', 'full')
    assert W.DiffPanel(repo, 'digits').dataset == 'digits/full'
    assert W.DiffPanel(repo).error == ''
