"""Versions of datasets that the data prove, in a notebook: snapshot, diff, restore

`import dvnb as dv` loads next to nothing; the words (`dv.snapshot`, `dv.diff`, ...) are fetched from `dvnb.commands` when first used."""

__version__ = '0.1.0'

def __getattr__(name):
    if name.startswith('_'): raise AttributeError(f'module dvnb has no attribute {name!r}')
    from importlib import import_module
    commands = import_module('dvnb.commands')
    try: value = globals()[name] = getattr(commands, name)
    except AttributeError: raise AttributeError(f'module dvnb has no attribute {name!r}') from None
    return value

def __dir__():
    from importlib import import_module
    return sorted({*globals(), *import_module('dvnb.commands').__all__})

def load_ipython_extension(ip):
    "`%load_ext dvnb`"
    from dvnb.commands import load_magic
    load_magic(ip)

def unload_ipython_extension(ip):
    from dvnb.commands import unload_magic
    unload_magic(ip)
