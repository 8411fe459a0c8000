"A version is cited such that a reader can check it, in BibTeX that every title and name survives; what was read is known, and no more"
import codecs, json, re, subprocess, sys, threading
from types import SimpleNamespace
from unicodedata import category, normalize
import latexcodec  # of pybtex: it gives `codecs` its 'ulatex'
import pandas as pd
from hypothesis import given, settings, strategies as st
from pybtex.database import parse_string
from hard import *
from dvnb import inputs
from dvnb.citation import CitationError, author, clean, entry, place, tex, used
from dvnb.html import html
from dvnb.ref import VersionNotFound
import dvnb.render

quick = settings(max_examples=80, deadline=None, derandomize=True, database=None)

@pytest.fixture(autouse=True)
def fresh(monkeypatch): monkeypatch.setattr(inputs, '_uses', {})

@pytest.fixture
def iris(repo, tmp_path):
    fill(tmp_path/'iris', {'iris.csv': 'sepal,petal\n5.1,0.2\n', 'img/a.txt': 'a'})
    repo.snapshot(tmp_path/'iris')
    return tmp_path/'iris'

# BibTeX

commands = dict(textbraceleft='{', textbraceright='}', textbackslash='\\', textasciitilde='~', textasciicircum='^', textless='<', textgreater='>', textbar='|')
piece = re.compile(r'\{\\(text\w+)\}|\\([%&#_$])|\{\\(?:[a-zA-Z]+(?:\{\w\})?|[^a-zA-Z]\w)\}|([\\{}])')

def printed(field):
    "What LaTeX prints for a field"
    def one(m):
        if m[1]: return commands[m[1]]
        if m[2]: return m[2]
        assert not m[3], f'a bare {m[3]} in {field}'
        return re.sub('[{}]', '', codecs.decode(m[0], 'ulatex'))
    return normalize('NFC', piece.sub(one, field))

def unbraced(s):
    "`s` without the braces around it, if they belong together"
    if s[:1] != '{' or s[-1:] != '}' or piece.fullmatch(s): return s
    depths = [s[:i].count('{')-s[:i].count('}') for i in range(1, len(s))]
    return s[1:-1] if all(depths) else s

def parsed(bib):
    "The only entry of `bib`, as another program reads it"
    (key, e), = parse_string(bib, 'bibtex').entries.items()
    return key, e

def balanced(s):
    "As BibTeX counts: a backslash escapes no brace"
    depth = 0
    for c in s:
        depth += (c == '{')-(c == '}')
        assert depth >= 0
    return depth == 0

def is_text(s): return not any(category(c) in ('Cc', 'Cs') or c in '\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069' for c in ' '.join(s.split()))

words = ['and', 'And', 'others', 'von', '{', '}', '{}', '}{', '\\', '%', '&', '_', '#', '$', '~', '^', '"', ',', '@misc{', '\\input{x}', '$$', 'é', 'ß', 'Å', 'ế',
    'Dvořák', 'Ελλάς', '中文', '\u0301', '’', '<', '>', '|', '=', '--', '🌷', 'Jr.', '\\\\', '``', 'ﬁ', '\u00a0']
texts = (st.lists(st.sampled_from(words) | st.text(max_size=8), max_size=8).map(' '.join) | st.text(max_size=30)).filter(is_text)

@quick
@given(texts)
def test_any_title_survives(title):
    title = clean(dict(title=title))['title']
    bib = entry('k', dict(title=f'{{{tex(title)}}}', year='2021'))
    key, e = parsed(bib)
    assert balanced(bib) and bib.count('\n') == 3
    assert printed(unbraced(e.fields['title'])) == normalize('NFC', title)
    assert e.fields['year'] == '2021'

@quick
@given(st.lists(texts, min_size=1, max_size=5))
def test_any_names_survive_and_stay_as_many(names):
    names = clean(dict(authors=names))['authors']
    if not names: return
    bib = entry('k', dict(author=' and '.join(map(author, names)), month='dec', year='2021'))
    persons = parsed(bib)[1].persons['author']
    assert balanced(bib) and len(persons) == len(names)
    for p, name in zip(persons, names):
        first, last = [*p.first_names, *p.middle_names], [*p.prelast_names, *p.last_names]
        whole = name[1:-1].strip() if len(name) > 2 and name[0]+name[-1] == '{}' else name
        if not first: assert printed(unbraced(' '.join(last))) == whole
        else: assert re.sub(' *, *', ', ', name) in (printed(' '.join(first+last)), printed(f"{' '.join(last)}, {' '.join(first)}"))

@pytest.mark.parametrize('name, first, last', [('R. A. Fisher', ['R.', 'A.'], ['Fisher']), ('Fisher, R. A.', ['R.', 'A.'], ['Fisher']), ('Ludwig van Beethoven', ['Ludwig'], ['van', 'Beethoven']),
    ("O’Neil, Cathy", ['Cathy'], ["O’Neil"]), ('Barnes and Noble', [], ['Barnes and Noble']), ('Ministry, Dept. 2, Oslo', [], ['Ministry, Dept. 2, Oslo']), ('AT&T', [], ['AT&T']),
    ('others', [], ['others']), ('{World Health Organization}', [], ['World Health Organization']), ('Gómez,', [], ['Gómez,'])])
def test_people_are_taken_apart_and_institutions_are_not(name, first, last):
    p, = parsed(entry('k', dict(author=author(name))))[1].persons['author']
    assert [*p.first_names, *p.middle_names] == first
    assert [printed(unbraced(o)) for o in (*p.prelast_names, *p.last_names)] == last

def test_a_whole_entry_of_the_worst_facts(repo, iris):
    nasty = '50% of {a} & "b" \\ #1_$x ~ ^ <i> {'
    repo.about('iris', title=nasty, authors=[nasty, 'Müller and Söhne', 'Erdős, Pál'], license=nasty, source=nasty,
        doi='https://doi.org/10.1002/(SICI)1097-0258(19980815/30)17:15/16<1661::AID-SIM968>3.0.CO;2-2')
    c = repo.cite('iris:*')
    key, e = parsed(c.bibtex)
    assert (key, e.type, e.fields['version']) == ('iris:1.0.0', 'misc', '1.0.0')
    assert printed(unbraced(e.fields['title'])) == nasty and len(e.persons['author']) == 3
    assert e.fields['doi'] == '10.1002/(SICI)1097-0258(19980815/30)17:15/16<1661::AID-SIM968>3.0.CO;2-2'
    note = printed(e.fields['note'])
    for o in f'digest {c.digest} (dver digest FOLDER computes it from the files)', f'made {c.date} (UTC)', f'license {nasty}', f'source {nasty}', 'iris:*.*.*, which meant iris:1.0.0': assert o in note
    assert nasty in str(c) and '<i>' not in html(c) and '&lt;i&gt;' in html(c)

def test_the_key_is_what_every_bibtex_takes(repo, iris):
    repo.snapshot(iris, 'digits/Größe+x')
    key, _ = parsed(repo.cite('digits/Größe+x').bibtex)
    assert key == 'digits/Gru00f6u00dfe+x:1.0.0' and key.isascii()
    assert printed(parsed(repo.cite('digits/Größe+x').bibtex)[1].fields['key']) == 'digits/Größe+x:1.0.0'

def test_an_address_with_braces_does_not_end_the_field(repo, iris):
    repo.about('iris', source='https://example.org/{x}\\y?a=%20&b#c')
    assert parsed(repo.cite('iris').bibtex)[1].fields['url'] == 'https://example.org/%7Bx%7D%5Cy?a=%20&b#c'

# What is known

def test_facts_are_kept_corrected_and_taken_back(repo, iris):
    repo.about('iris', title=' Iris \n plants ', authors='R. A. Fisher', doi='doi: 10.24432/C56C76', license='CC BY 4.0')
    a = again(repo).about('iris')
    assert (a.title, a.authors, a.doi, a.license, a.source) == ('Iris plants', ['R. A. Fisher'], '10.24432/C56C76', 'CC BY 4.0', '')
    a = repo.about('iris', authors=['R. A. Fisher', ' ', 'E. Anderson'], license='')
    assert (a.title, a.authors, a.license) == ('Iris plants', ['R. A. Fisher', 'E. Anderson'], '')
    assert repo.about('iris', authors=[]).authors == []
    assert len(repo.log()) == 1

def test_what_is_said_of_a_name_is_true_of_its_configs(repo, iris):
    for o in 'digits/small', 'digits/full': repo.snapshot(iris, o)
    repo.about('digits', title='Digits', license='CC0')
    assert repo.about('digits/full', title='All digits').title == 'All digits'
    assert (repo.about('digits/full').license, repo.about('digits/small').title, repo.about('digits').title) == ('CC0', 'Digits', 'Digits')
    assert 'Digits (digits/small:1.0.0)' in str(repo.cite('digits/small'))
    refuses(lambda: repo.about('digits/big', title='x'), 'digits has no config big; there are full, small', error=VersionNotFound)
    refuses(lambda: repo.about('dgits', title='x'), 'did you mean', error=VersionNotFound)

@pytest.mark.parametrize('facts', [dict(doi='C56C76'), dict(doi='10.1/x'), dict(doi='10.1000/{x}'), dict(title='a\0b'), dict(title='\udc80'), dict(authors=['a', 3]), dict(title=3), dict(license='\u202ex')])
def test_what_cannot_be_kept_is_refused(repo, iris, facts):
    refuses(lambda: repo.about('iris', **facts), error=CitationError)
    assert 'nothing known' in repr(repo.about('iris'))

def test_facts_can_be_said_of_a_dataset_that_is_withdrawn(repo, iris):
    repo.yank('iris', 'no consent')
    assert repo.about('iris', title='Iris').title == 'Iris'
    assert 'withdrawn no consent' in re.sub(' +', ' ', str(repo.cite('iris:1.0.0')))

def test_what_was_withdrawn_or_forgotten_after_it_was_read_is_cited_as_such(repo, iris):
    repo.read('iris')
    fill(iris, {'more.csv': 'sepal\n1\n'})
    repo.snapshot(iris)
    repo.yank('iris:1.0.0', 'no consent')
    c, = repo.cite()
    assert (c.ref, c.withdrawn) == ('iris:1.0.0', 'no consent')
    repo.forget('iris:1.0.0')
    c, = repo.cite()
    assert c.place == f'dvnb repo {repo.store.id}, which has forgotten it' and c.withdrawn == 'no consent'

# A citation

def test_what_was_asked_and_what_was_got(repo, iris):
    fill(iris, {'more.csv': 'sepal\n1\n'})
    repo.snapshot(iris)
    repo.tag('iris:1.1.0', 'paper')
    def asked(ref): return repo.cite(ref).asked
    assert asked('iris:1') == ['iris:1.*.*, which meant iris:1.1.0 (highest of 2 that match 1.*.*)']
    assert asked('iris@paper') == ['iris@paper, which meant iris:1.1.0 (tag paper)']
    assert asked('Iris') == ['iris, which meant iris:1.1.0 (highest of 2)']
    assert asked('iris:1.1.0') == asked(repo.log()[0]) == []
    assert asked(repo.load('iris:1')) == asked('iris:1') == repo.load('iris:1').cite().asked

@pytest.mark.parametrize('url, want', [('s3://team/data', 's3://team/data'), ('s3://key:secret@team/data?token=x#y', 's3://team/data'), ('az://a@b@team/d', 'az://team/d')])
def test_a_place_holds_no_credentials(url, want):
    assert place(SimpleNamespace(folder=None, url=url, store=SimpleNamespace(id='a1'))) == want

def test_no_path_of_this_machine_is_published(repo, iris):
    c = repo.cite('iris')
    for o in str(c), c.bibtex, html(c), str(repo.used()): assert str(iris.parent) not in o
    assert repo.store.id in str(c) and place(SimpleNamespace(folder=None, url='file:///srv/data', store=repo.store)) == f'dvnb repo {repo.store.id}'

DVER = [sys.executable, '-c', 'import sys; from dvnb.shell import main; sys.exit(main())']

def dver(cwd, *args):
    r = subprocess.run([*DVER, *map(str, args)], capture_output=True, text=True, timeout=180, cwd=cwd, env={**os.environ, 'PYTHONPATH': str(root)})
    assert r.returncode == 0, r.stderr
    return r.stdout.strip()

@pytest.mark.parametrize('where', ['with the repo', 'with nothing'])
def test_the_command_in_a_citation_gives_its_digest(repo, iris, tmp_path, where):
    (tmp_path/'one.csv').write_text('id\n1\n')
    refs = ['iris', str(repo.snapshot(pd.DataFrame({'a': [1, 2]}), 'frame')), str(repo.snapshot(tmp_path/'one.csv'))]
    for i, ref in enumerate(refs):
        c = repo.cite(ref)
        assert '`dver digest FOLDER`' in str(c)
        repo.restore(ref, tmp_path/'away'/f'{i} out')
        if where == 'with the repo': (tmp_path/'away'/'.dvnb').write_text(repo.url)
        assert dver(tmp_path/'away', 'digest', f'./{i} out') == c.digest

def test_a_version_that_keeps_what_others_leave_out_says_where_its_digest_can_be_had(repo, tmp_path):
    v = repo.snapshot(fill(tmp_path/'fa', {'export.pkl': 'x', 'b.txt': 'x'}), ignore='!/export.pkl')
    assert v.n_files == 2 and repo.cite(v).check.endswith('where this repo is in use')
    repo.restore(v, tmp_path/'away/out')
    assert dver(tmp_path/'away', 'digest', './out') != v.digest
    (tmp_path/'away/.dvnb').write_text(repo.url)
    assert dver(tmp_path/'away', 'digest', './out') == v.digest

def test_two_repos_with_one_name_get_two_keys(repo, iris, tmp_path):
    other = Repo.init(tmp_path/'other')
    fill(tmp_path/'b', {'iris.csv': 'sepal\n9\n'})
    other.snapshot(tmp_path/'b', 'iris')
    third = Repo.init(tmp_path/'third')
    third.snapshot(iris, 'iris')
    for r in repo, other, third: r.read('iris')
    assert len(used()) == 3
    cites = repo.cite()
    assert len(cites) == 2 and {*parse_string(cites.bibtex, 'bibtex').entries} == {f'iris:1.0.0-{c.digest[:8]}' for c in cites}

def test_nothing_to_cite(repo, iris):
    refuses(repo.cite, 'no version was read', error=CitationError)
    refuses(lambda: repo.cite('iris:7'), 'there are 1.0.0', error=VersionNotFound)

def test_cards_show_all_and_run_nothing(repo, iris):
    repo.about('iris', title='<script>alert(1)</script>', source='javascript:alert(1)', authors=['<b>'])
    repo.read('iris')
    for x in repo.about('iris'), repo.cite('iris'), repo.cite(), repo.used():
        assert '<script' not in html(x) and 'href="javascript' not in html(x) and '<b><b>' not in html(x)
        assert x.to_html() and repr(x)
    block = re.search('<pre>(.*?)</pre>', html(repo.cite('iris')), re.S)[1]
    assert block.replace('&lt;', '<').replace('&gt;', '>').replace('&amp;', '&').replace('&quot;', '"').replace('&#x27;', "'").replace('&#39;', "'") == repo.cite('iris').bibtex

def test_a_thousand_citations_fit_in_a_notebook(repo, iris):
    v = repo.load('iris')
    for i in range(1000):
        w = dvnb.repo.Snapshot({**v.record, 'version': f'1.0.{i}'}, repo=repo)
        inputs.note_use(w, 'read')
    assert len(html(repo.cite())) < 70_000 and len(html(repo.used())) < 70_000
    assert len(parse_string(repo.cite().bibtex, 'bibtex').entries) == 1000

# What was read

readers = {'read': lambda r, t: r.read('iris'), 'path': lambda r, t: r.path('iris'), 'path of a part': lambda r, t: r.load('iris')/'img', 'fspath': lambda r, t: os.listdir(r.load('iris')),
    'restore': lambda r, t: r.restore('iris', t/'out'), 'restore some': lambda r, t: r.restore('iris', t/'out', files='img/'), 'method': lambda r, t: r.load('iris').read()}

@pytest.mark.parametrize('how', readers)
def test_what_gives_data_is_noted(repo, iris, tmp_path, how):
    readers[how](repo, tmp_path)
    u, = used()
    assert (u.ref, u.digest, u.repo, [*u.asked]) == ('iris:1.0.0', repo.load('iris').digest, repo.store.id, ['iris'])
    assert u.by == [dict(method='read', fspath='path').get(how, how.split()[0])]

lookers = {'load': lambda r, t, i: r.load('iris'), 'diff': lambda r, t, i: repr(r.diff('iris', i)), 'status': lambda r, t, i: r.status(), 'snapshot': lambda r, t, i: r.snapshot(i),
    'dry run': lambda r, t, i: r.restore('iris', t/'out', dry_run=True), 'log': lambda r, t, i: repr(r.log()), 'cite': lambda r, t, i: r.cite('iris'), 'check': lambda r, t, i: r.check(read_data=True),
    'failed read': lambda r, t, i: refuses(lambda: r.read('iris', 'no.csv')), 'failed restore': lambda r, t, i: refuses(lambda: r.restore('iris', r.folder))}

@pytest.mark.parametrize('how', lookers)
def test_what_only_looks_is_not(repo, iris, tmp_path, how):
    lookers[how](repo, tmp_path, iris)
    assert used() == [] and repr(used()) == 'no version was read in this process yet'

def test_a_version_says_what_was_read_before_it(repo, iris, tmp_path):
    other = Repo.init(tmp_path/'other')
    before = other.snapshot(iris, 'pets')
    repo.read('iris:1.*.*'), repo.path('iris@'+repo.load('iris').digest[:8]), other.path('pets')
    v = repo.snapshot(pd.DataFrame({'a': [1]}), 'preds')
    want = [dict(ref='iris:1.0.0', digest=repo.load('iris').digest, repo=repo.store.id, asked=['iris:1.*.*', 'iris@'+before.digest[:8]]),
        dict(ref='pets:1.0.0', digest=before.digest, repo=other.store.id, asked=['pets'])]
    assert v.inputs == again(repo).load('preds').inputs == want
    assert 'after reading iris:1.0.0, pets:1.0.0' in v.summary() and 'pets:1.0.0' in html(v)
    assert str(tmp_path) not in json.dumps(v.inputs)

def test_a_version_is_not_its_own_input(repo, iris, tmp_path):
    repo.restore('iris', tmp_path/'out')
    same = repo.snapshot(tmp_path/'out', bump='minor')
    assert (same.ref, same.inputs) == ('iris:1.1.0', [])
    fill(tmp_path/'out', {'more.csv': 'a\n1\n'})
    assert [o['ref'] for o in repo.snapshot(tmp_path/'out').inputs] == ['iris:1.0.0']
    assert [o['ref'] for o in repo.snapshot(iris, 'copy').inputs] == ['iris:1.0.0']

def test_a_new_process_claims_nothing(repo, iris, tmp_path):
    repo.read('iris')
    (tmp_path/'.dvnb').write_text(repo.url)
    fill(tmp_path/'late', {'a.txt': 'a'})
    dver(tmp_path, 'snapshot', './late')
    assert again(repo).load('late').inputs == []

def test_many_threads_read_at_once(repo, iris):
    v = repo.load('iris')
    versions = [dvnb.repo.Snapshot({**v.record, 'version': f'1.0.{i}'}, repo=repo) for i in range(50)]
    start, errors = threading.Barrier(8), []
    def work(k):
        start.wait()
        try:
            for w in versions*20:
                inputs.note_use(w, f'by{k}')
                inputs.inputs_of('x', 'y', 'z')
        except Exception as e: errors.append(e)
    ts = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for t in ts: t.start()
    for t in ts: t.join()
    assert not errors and len(used()) == 50 and all(len(u.by) == 8 for u in used())

def test_used_as_a_table(repo, iris):
    repo.read('iris:1')
    df = used().to_pandas()
    assert df.ref.tolist() == ['iris:1.0.0'] and df.asked.tolist() == ['iris:1.*.*'] and df['first'].dt.tz is not None
    assert repo.used() == used()

def test_the_authors_of_the_data_are_cited_once_beside_every_version(repo, iris):
    repo.catalog.revise('iris', 'about', lambda old: old | dict(citation='@article{fisher1936,\n  author = {Fisher, R. A.},\n\ttitle = {Taxonomic\x1b[31m problems},\n}\n'))
    c = repo.cite('iris')
    assert 'original  fisher1936' in str(c) and '\x1b' not in c.bibtex and [*parse_string(c.bibtex, 'bibtex').entries] == ['iris:1.0.0', 'fisher1936']
    assert 'fisher1936' in html(c) and 'fisher1936' in repr(repo.about('iris')) and '`' not in html(c) and '<code>dver digest FOLDER</code>' in html(c)
    repo.snapshot(fill(iris, {'more.csv': 'a\n1\n'}), 'iris')
    for v in repo.log('iris'): repo.path(v)
    assert len(parse_string(repo.cite().bibtex, 'bibtex').entries) == len(repo.cite())+1

def test_a_citation_in_words_is_a_note(repo, iris):
    repo.catalog.revise('iris', 'about', lambda old: old | dict(citation='Please cite Fisher (1936)'))
    (key, e), = parse_string(repo.cite('iris').bibtex, 'bibtex').entries.items()
    assert 'Please cite Fisher (1936)' in e.fields['note']
