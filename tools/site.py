"""The site, built into _docs without Quarto from what `nbdev-docs` uses: _quarto.yml and nbdev's processed notebooks.

    python tools/site.py           # build, then check every link, image and anchor; exit 1 on a problem
    python tools/site.py --links   # only check the _docs that is there, whichever tool built it
"""
import os, re, shutil, sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

root = Path(__file__).resolve().parent.parent

def stage():
    "Notebooks as nbdev prepares them for Quarto, in _proc; `nbdev-proc-nbs` would first download Quarto"
    from nbdev.serve import proc_nbs
    proc = proc_nbs('', force=True, n_workers=2)
    for fn in proc.rglob('*.ipynb'):
        old = fn.read_text(encoding='utf-8')
        new = re.sub(r'\[source\]\(/blob/[^)]*\)\{[^}]*\}', '', old)  # to a code host: pyproject.toml names none
        new = re.sub(r'\[(`_\w+`)\]\([^)]*#_\w+\)', r'\1', new)  # to a private name: it has no entry to link to
        if new != old: fn.write_text(new, encoding='utf-8')
    return proc

def build(proc, out):
    "Build `proc` into `out` with smalldocs, under the names that nbdev gives: chunk.html for 00_chunk.ipynb"
    from smalldocs.config import load
    from smalldocs.site import Site
    class NbSite(Site):
        def read(self, src):
            page = super().read(src)
            if name := page.front.get('output-file'): page.out = src.with_name(name)
            return page
        def find_page(self, target):
            return super().find_page(target) or next((p for p in self.pages.values() if p.out == target), None)
    site = NbSite(load(proc), quiet=True)
    site.out = out
    shutil.rmtree(out, ignore_errors=True)
    site.build()
    return [o for o in site.warnings if 'output-file is not read' not in o]

def relative_links(out):
    "Make the links that nbdev wrote from the root of the site relative, so that the site works in any folder"
    for page in out.rglob('*.html'):
        up = os.path.relpath(out, page.parent)
        old = page.read_text(encoding='utf-8')
        new = re.sub(r'(href=")/(?!/)', lambda m: f'{m[1]}{up}/', old)
        if new != old: page.write_text(new, encoding='utf-8')

class Page(HTMLParser):
    "The anchors that a page has and the places that it refers to"
    def __init__(self, text):
        super().__init__()
        self.ids, self.refs = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for k, v in attrs:
            if v is None: continue
            if k == 'id' or (tag == 'a' and k == 'name'): self.ids.add(v)
            if k in ('href', 'src'): self.refs.append(v)

def check_links(out):
    "The number of pages in `out`, and a line for each local link, image or anchor that leads nowhere"
    pages = {p: Page(p.read_text(encoding='utf-8')) for p in sorted(out.resolve().rglob('*.html'))}
    bad = []
    for p, page in pages.items():
        for ref in page.refs:
            url, anchor = urldefrag(ref)
            if urlsplit(ref).scheme or ref.startswith('//'): continue
            dest = (p.parent/unquote(urlsplit(url).path)).resolve() if url else p
            if dest.is_dir(): dest = dest/'index.html'
            name = p.relative_to(out.resolve())
            if not dest.exists(): bad.append(f'{name}: no file for {ref}')
            elif anchor and dest in pages and unquote(anchor) not in pages[dest].ids:
                bad.append(f'{name}: no anchor for {ref}')
    return len(pages), bad

def main():
    os.chdir(root)
    sys.path.insert(0, str(root))  # staging imports dvnb: from this checkout, whatever is installed
    out, bad = root/'_docs', []
    if '--links' not in sys.argv:
        bad = build(stage(), out)
        relative_links(out)
    n, links = check_links(out)
    bad += links
    print(*bad, f'_docs: {n} pages, {len(bad)} problems', sep='\n')
    sys.exit(bool(bad))

if __name__ == '__main__': main()
