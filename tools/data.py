"""Real data with true successive versions, fetched by version pin and kept in a cache.

    python tools/data.py iris 0.19.2 DEST   # iris.csv, as scikit-learn 0.19.2 packs it
    python tools/data.py vega 2.8.1 DEST    # the data folder of the npm package vega-datasets 2.8.1

iris: scikit-learn 0.20 corrected three cells of two rows. vega: some 70 files in 35-43 MB, in releases that change
nothing, mend, add columns, rename files, change formats; npm gives every file of a release the same time, and some keep
their size too. Files keep the times that their package gives them. The cache is ~/.cache/dvnb-data, or $DVNB_DATA.
"""
import argparse, hashlib, os, shutil, subprocess, sys, tarfile, tempfile, zipfile
from calendar import timegm
from pathlib import Path

# The packed files that lessons and tests were written for, by SHA-256; any other version is taken as it comes
pins = {
    ('iris', '0.19.2'): '42ad71502237c9fe300ecf157f5a394df717789a2dde541dd7034b539c70bdcc',
    ('iris', '0.20.4'): '994e807f09c8517ad703e5685599ef195cc90e693e203894a66000dc89e1382f',
    ('vega', '1.31.1'): '4880fb755559bb0d709aa836ab2f1887ccd273abf880d6fdfb1a1cf14fbbe8df',
    ('vega', '2.1.0'): '8db11dd84d2f683e0d518ad8fc2c2c646c47c09f54a5ff2bdf2436522addc796',
    ('vega', '2.8.1'): 'd4e056e97c1e780fff6a51ee14960e55c51c848700ca9e4838c6f94b60401b4e',
    ('vega', '2.11.0'): 'd888f3d9f0a9799a2f6066e5dbe5ed40eb86f75b4568b493d9bdd55e9652050a',
    ('vega', '3.0.1'): '221ffe2bdf0f74cfcb4d49da37d6b7ecc645572fd3bfdfd4fcc5a0e1bb9d1129',
    ('vega', '3.2.1'): '6f72fda460a9863fae5fcb32f85bcd49e1761fdea6dc6cf9f4962472881cc5a3',
}

class DataError(Exception): "A data set that could not be fetched"

def run(*cmd, cwd):
    "Run `cmd`, silently unless it fails"
    try: r = subprocess.run(cmd, cwd=cwd, capture_output=True, text=True)
    except FileNotFoundError: raise DataError(f'{cmd[0]} is not installed: install it, then try again') from None
    if r.returncode: raise DataError(f"{' '.join(cmd)} failed:\n{(r.stderr or r.stdout).strip()}")

def only(folder, pattern):
    "The one file below `folder` that matches `pattern`"
    found = sorted(Path(folder).glob(pattern))
    if len(found) != 1: raise DataError(f'one {pattern} was expected, not {len(found)}')
    return found[0]

def fetch_iris(version, tmp):
    "The wheel of scikit-learn `version`, for the one platform that all old versions have"
    run(sys.executable, '-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps',
        '--only-binary=:all:', '--implementation=cp', '--python-version=3.6', '--abi=cp36m',
        '--platform=manylinux1_x86_64', '--dest=.', f'scikit-learn=={version}', cwd=tmp)
    return only(tmp, '*.whl')

def unpack_iris(packed, dest):
    "Take iris.csv out of the wheel `packed`, with its time read as UTC"
    with zipfile.ZipFile(packed) as z:
        info = z.getinfo('sklearn/datasets/data/iris.csv')
        (dest/'iris.csv').write_bytes(z.read(info))
    mtime = timegm((*info.date_time, 0, 0, 0))
    os.utime(dest/'iris.csv', (mtime, mtime))

def fetch_vega(version, tmp):
    "The tarball of vega-datasets `version`"
    run('npm', 'pack', '--loglevel=error', f'vega-datasets@{version}', cwd=tmp)
    return only(tmp, '*.tgz')

def unpack_vega(packed, dest):
    "Take the data folder out of the tarball `packed`"
    with tarfile.open(packed) as t:
        for m in t.getmembers():
            name = m.name.removeprefix('package/data/')
            if not m.isfile() or name == m.name or '..' in Path(name).parts: continue
            new = dest/name
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(t.extractfile(m).read())
            new.chmod(m.mode & 0o777)
            os.utime(new, (m.mtime, m.mtime))

kinds = {'iris': (fetch_iris, unpack_iris), 'vega': (fetch_vega, unpack_vega)}

def folder(kind, version):
    """The folder that holds `version` of the data set `kind`, fetched if the cache lacks it

    It is made aside and renamed into place when it is whole, so a fetch that was cut short leaves nothing behind to
    trust, and of two that run at once one wins.
    """
    cache = Path(os.environ.get('DVNB_DATA') or Path.home()/'.cache'/'dvnb-data').expanduser().resolve()
    dest = cache/kind/version
    if dest.is_dir(): return dest
    dest.parent.mkdir(parents=True, exist_ok=True)
    fetch, unpack = kinds[kind]
    with tempfile.TemporaryDirectory(dir=cache, prefix='.fetch-') as tmp:
        packed, new = fetch(version, tmp), Path(tmp)/'new'
        sha = hashlib.sha256(packed.read_bytes()).hexdigest()
        if sha != pins.get((kind, version), sha): raise DataError(f'{packed.name} is not what it was: {sha}')
        new.mkdir()
        unpack(packed, new)
        try: new.rename(dest)
        except OSError:
            if not dest.is_dir(): raise
    return dest

def iris(version):
    "The path of iris.csv as scikit-learn `version` packs it, such as 0.19.2 or 0.20.4"
    return folder('iris', version)/'iris.csv'

def vega(version):
    "The data folder of vega-datasets `version`, such as 2.8.1 or 2.11.0"
    return folder('vega', version)

def copy(kind, version, dest):
    "Copy a data set into the folder `dest`, which must be new or empty, times and all"
    dest = Path(dest)
    if dest.exists() and any(dest.iterdir()): raise DataError(f'{dest} is not empty: choose a new folder')
    return Path(shutil.copytree(folder(kind, version), dest, dirs_exist_ok=True))

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('kind', choices=list(kinds))
    p.add_argument('version')
    p.add_argument('dest', nargs='?', help='a new or empty folder; without it, the folder in the cache is named')
    args = p.parse_args()
    try: print(copy(args.kind, args.version, args.dest) if args.dest else folder(args.kind, args.version))
    except DataError as e: sys.exit(str(e))

if __name__ == '__main__': main()
