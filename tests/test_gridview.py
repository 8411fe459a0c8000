"The picture of a table's difference: what it shows is true, whatever the table holds"
import datetime as dt, re
from decimal import Decimal
import pandas as pd, pytest
from fastcore.xml import to_xml
from dvnb.changes import diff_trees
from dvnb.gridview import MOST_WIDE, cells_view, grid_view, rows_view, value, values
from dvnb.html import html
from dvnb.render import most_changed
from dvnb.tablediff import diff_tables
from dvnb.tree import folder_tree
from test_widgets import is_harmless

def rows_of(page): return re.findall('<tr>(.*?)</tr>', page.partition('<tbody>')[2].partition('</tbody>')[0], re.S)

@pytest.mark.parametrize('n', [1, 5, 30, 100])
@pytest.mark.parametrize('wide', [3, MOST_WIDE+4])
def test_a_row_that_is_shown_is_shown_whole(n, wide):
    old = pd.DataFrame({'id': range(30)} | {f'c{j}': [0.]*30 for j in range(wide)})
    new = old.copy()
    for j in range(wide): new[f'c{j}'] += j+1
    page = to_xml(cells_view(diff_tables(old, new), n), indent=False)
    if wide>MOST_WIDE:
        assert len(rows_of(page))==min(n, 30*wide) and f'{30*wide} changed cells' in page
    else:
        assert [o.count('<ins>') for o in rows_of(page)]==[wide]*min(n, 30)
        assert ('the first' in page)==(n<30)

def test_rows_of_one_key_stay_apart():
    old = pd.DataFrame(dict(id=[1, 1, 2], x=[1, 2, 3]))
    t = diff_tables(old, old.assign(x=[5, 6, 3]), key='id', pair='occurrence')
    page = to_xml(cells_view(t, 10), indent=False)
    assert [re.findall('<(?:del|ins)>(.)<', o) for o in rows_of(page)]==[['1', '5'], ['2', '6']]

def test_numbers_are_set_right_and_heads_keep_their_signs():
    old = pd.DataFrame({'name': [*'abc'], '>5 years': [1, 2, 3], '>': [*'xyz']})
    page = to_xml(cells_view(diff_tables(old, old.assign(**{'>5 years': [1, 2, 4], '>': [*'xyw']})), 10), indent=False)
    heads = re.findall('<th scope="col"(.*?)>(.*?)</th>', page)
    assert heads==[('', 'name'), (' class="dv-n"', '&gt;5 years'), ('', '&gt;')]

def test_any_value_has_a_picture():
    odd = [None, float('nan'), pd.NaT, pd.NA, '', ' ', 'a ', 0.1, 1e300, float('inf'), True, 7, Decimal('1.50'), b'\xff', [1, None], {'a': [1]},
        pd.Timestamp('2024-02-29'), dt.date(2024, 2, 29), dt.timedelta(1), pd.array([1])[:1], pd.Series([[1, 2]]).to_numpy()]
    shown = [value(o) for o in odd]
    assert shown[:9]==['—', '—', '—', '—', "''", "' '", "'a '", '0.1', '1e+300'] and all(isinstance(o, str) and o for o in shown)
    a,b = values('x'*500+'dog'+'y'*500, 'x'*500+'cat'+'y'*500)
    assert 'dog' in a and 'cat' in b and max(len(a), len(b))<=130
    a,b = values('x'*500, 'x'*501)
    assert a!=b

def test_a_table_of_lists_and_texts_is_drawn():
    old = pd.DataFrame(dict(id=range(4), tags=[['a'], [], None, ['b', 'c']], at=pd.to_datetime(['2024-01-01', None, None, None]), big=pd.array([1, None, 3, 4], 'Int64')))
    new = old[:3].copy()
    new.at[0, 'tags'] = ['z']
    new.loc[2, 'big'] = pd.NA
    t = diff_tables(old, new, key='id')
    page = html(t)
    assert "['a']" in page.replace('&#x27;', "'").replace('&#39;', "'") and 'row removed' in page
    assert rows_view(t, 'added', 5) is None

def test_hostile_cells_stay_text():
    bad = ['</td><script>alert(1)</script>', '\u202egpj.exe', '<img src=x>', 'a\x00b', '&lt;']
    old = pd.DataFrame({'<b>id': range(5), '"onload="x': bad, '</th>': ['same']*5})
    new = old.assign(**{'"onload="x': [o+'!' for o in bad]}).rename(columns={'</th>': '<i>'})
    t = diff_tables(old, pd.concat([new, new.assign(**{'<b>id': range(5, 10)})], ignore_index=True))
    page = is_harmless(html(t))
    assert '</td><script>alert(1)</script>!' in page.text and r'\u202egpj.exe' in page.text
    assert '+ 1 column added: <i>' in page.text and '− 1 column removed: </th>' in page.text

def test_the_counts_are_in_words():
    old = pd.DataFrame(dict(id=range(3), x=[1, 2, 3]))
    page = to_xml(grid_view(diff_tables(old, old.assign(x=[1, 2, 4])), 'a.csv'), indent=False)
    assert '~1 row changed' in page and '3 rows' in page
    assert 'all rows equal' in to_xml(grid_view(diff_tables(old, old.assign(y=1))), indent=False)

def test_the_table_that_changed_most_comes_first(tmp_path):
    def write(side, name, fares):
        p = tmp_path/side/f'{name}.csv'
        p.parent.mkdir(exist_ok=True)
        pd.DataFrame(dict(id=range(len(fares)), fare=fares)).to_csv(p, index=False)
    edits = dict(apr=1, feb=9, jan=3, jun=3, mar=0, may=2, oct=1, sep=1)
    for name, k in edits.items():
        write('old', name, [1.5]*20)
        write('new', name, [2.5]*k+[1.5]*(20-k))
    d = diff_trees(folder_tree(tmp_path/'old'), folder_tree(tmp_path/'new'))
    assert most_changed(d) == [f'{o}.csv' for o in ('feb', 'jan', 'jun', 'may', 'apr', 'oct', 'sep')]
    page = d._repr_html_()
    tree, previews = page[:page.index('class="dv-g')], page[page.index('class="dv-g'):]
    def names(html): return list(dict.fromkeys(re.findall('([a-z]{3}).csv', html)))
    assert names(tree.partition('<ul class="dv-t">')[2]) == sorted(set(edits)-{'mar'}), 'the tree is by path'
    assert names(previews) == ['feb', 'jan', 'jun', 'may', 'apr', 'oct'] and '1 file more' in previews
