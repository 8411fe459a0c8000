"""The outputs stored in the notebooks: what their lessons show, made again from their sources.

    python tools/nb.py run [NOTEBOOK ...]    # execute, clean, and write the outputs back
    python tools/nb.py check [NOTEBOOK ...]  # execute; exit 1 where a lesson fails or a stored output would change
    python tools/nb.py test [NOTEBOOK ...]   # execute; exit 1 where a lesson fails
"""
import argparse, difflib, os, sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root))
from tools.stable import ENV, execute, notebooks

# Not pandas: it draws by chance while it is imported, which `seed` of tools/stable.py makes a part of what is stored
begin = ['execnb.shell', 'fastcore.nbio', 'nbdev.clean', 'nbdev.test', 'ipywidgets', 'pyarrow', 'duckdb']

def diff(old, new, name, n=80):
    "The first `n` lines of what would change"
    res = difflib.unified_diff(old.splitlines(True), new.splitlines(True), name, f'{name} (executed)', n=2)
    return ''.join(list(res)[:n])

def settle(cmd, fn, new, err):
    "Do with an executed notebook what `cmd` asks; True if all is well"
    fn, name = Path(fn), os.path.relpath(fn, root)
    if err:
        print(f'{name}: FAILED\n{err}')
        return False
    if cmd == 'test':
        print(f'{name}: ok')
        return True
    old = fn.read_text(encoding='utf-8')
    if new == old: print(f'{name}: unchanged')
    elif cmd == 'run':
        fn.write_text(new, encoding='utf-8')
        print(f'{name}: written')
    else: print(f'{name}: stale; make it again with `python tools/nb.py run {name}`\n{diff(old, new, name)}')
    return new == old or cmd == 'run'

def start():
    """Start the process that has loaded what most notebooks load; each notebook runs in a copy of it

    The environment that notebooks need is that process's alone.
    """
    was = dict(os.environ)
    os.environ.update(ENV)
    for o in 'IN_TEST', 'DVNB_REPO': os.environ.pop(o, None)
    ctx = get_context('forkserver')
    ctx.set_forkserver_preload(begin)
    try: alone(os.getpid)
    finally:
        os.environ.clear()
        os.environ.update(was)

def alone(f, *args):
    "`f(*args)` in a process of its own; an error if that dies"
    with ProcessPoolExecutor(1, mp_context=get_context('forkserver')) as ex: return ex.submit(f, *args).result()

def run(cmd, fns):
    "Execute `fns`, each in a process of its own, and settle each as soon as its turn comes; the number that went wrong"
    start()
    fns = [str(Path(o).resolve()) for o in fns] or [str(o) for o in notebooks()]
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as ex:
        return sum([not settle(cmd, *o) for o in ex.map(partial(alone, execute), fns)])

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('cmd', choices=['run', 'check', 'test'])
    p.add_argument('nb', nargs='*')
    args = p.parse_args()
    sys.exit(bool(run(args.cmd, args.nb)))

if __name__ == '__main__': main()
