"""Versions of datasets that the data prove, in a notebook: snapshot, diff, restore

`import dvnb as dv` loads next to nothing. The words (`dv.snapshot`, `dv.diff`, ...) are fetched from `dvnb.commands` when first used, the classes and errors that a program names from the pages that define them."""

__version__ = '0.1.0'

TYPE_CHECKING = False
if TYPE_CHECKING: from .commands import *

_elsewhere = dict(DvnbError='chunk', StoreError='objects', Ref='ref', Version='ref', RefError='ref', VersionNotFound='ref', ConfigNotFound='ref', Snapshot='catalog', VersionTaken='catalog',
    Level='verdict', Policy='policies', PolicyError='policies', ScanError='scan', TableError='table', RestoreError='disk', PointerError='pointer', SliceError='slices', Config='builders',
    BuilderError='builders', BuildFailed='building', CitationError='citation', GitError='gitpointer', AdoptError='adopt', CopyError='transfer', in_use='inuse', builder='sharing', UsageError='shell')

def _words():
    from .commands import COMMANDS
    return COMMANDS

def _find(name):
    from importlib import import_module
    if name in _elsewhere: return getattr(import_module(f'dvnb.{_elsewhere[name]}'), name)
    if name=='Repo': return import_module('dvnb.inuse').repo_class()
    if name[:1]!='_' and name in _words(): return _words()[name]
    raise AttributeError(f'module dvnb has no attribute {name!r}')

def __getattr__(name):
    value = globals()[name] = _find(name)
    return value

def __dir__(): return sorted({*globals(), *_elsewhere, 'Repo', *_words()})

def load_ipython_extension(ip):
    "`%load_ext dvnb`"
    from .magic import load_magic
    load_magic(ip)

def unload_ipython_extension(ip):
    "`%unload_ext dvnb`"
    from .magic import unload_magic
    unload_magic(ip)
