"""README.md from nbs/index.ipynb, without Quarto, so that everyone makes the same file.

    python tools/readme.py          # write README.md
    python tools/readme.py --check  # exit 1 if README.md is not what the notebook gives
"""
import json, re, sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
head = '<!-- Made from nbs/index.ipynb by tools/readme.py: edit the notebook, not this file -->'
_link = re.compile(r'(!?\[[^\]]*\])\((?!\w+:|#|/)([^)\s]+)\)')
_directive = re.compile(r'^#\|[ \t]*(\w+):?[ \t]*(.*?)[ \t]*(?:\n|\Z)', re.M)
_hidden = {'hide', 'export', 'exporti', 'default_exp'}

def indented(s): return '\n'.join('    ' + o if o else '' for o in s.rstrip().splitlines())

def output(o):
    "Markdown for one output: a data frame keeps its table, anything else shows the text that a terminal would"
    if o['output_type'] == 'stream': return '' if o['name'] == 'stderr' else indented(''.join(o['text']))
    data = {k: ''.join(v) for k, v in (o.get('data') or {}).items() if k.startswith('text/')}
    if 'text/markdown' in data: return data['text/markdown'].strip()
    if 'class="dataframe"' in (page := data.get('text/html', '')):
        return re.sub(r'\n\s*\n', '\n', re.sub(r'<style.*?</style>', '', page, flags=re.S)).strip()
    return indented(data.get('text/plain', ''))

def parts(cell):
    "The blocks of Markdown that one cell gives"
    src = ''.join(cell['source'])
    marks = dict(_directive.findall(src))
    if _hidden & set(marks) or marks.get('include') == 'false': return
    src = _directive.sub('', src).strip()
    if cell['cell_type'] == 'markdown': yield _link.sub(r'\1(nbs/\2)', src)
    if cell['cell_type'] != 'code': return
    if src and marks.get('echo') != 'false': yield f'```python\n{src}\n```'
    if marks.get('output') != 'false': yield from map(output, cell['outputs'])

def render():
    "The text of README.md; links between notebooks become links between files of the repository"
    nb = json.loads((root/'nbs'/'index.ipynb').read_text(encoding='utf-8'))
    return '\n\n'.join([head, *(o for c in nb['cells'] for o in parts(c) if o)]) + '\n'

def main():
    new, fn = render(), root/'README.md'
    if '--check' not in sys.argv: return fn.write_text(new, encoding='utf-8') and None
    ok = fn.exists() and fn.read_text(encoding='utf-8') == new
    print('README.md: unchanged' if ok else 'README.md: stale; make it again with `python tools/readme.py`')
    sys.exit(not ok)

if __name__ == '__main__': main()
