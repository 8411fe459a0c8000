"Hand settings.ini to setuptools: pyproject.toml declares these fields dynamic, so they are written down once"
from configparser import ConfigParser
from pathlib import Path
from setuptools import setup, find_packages

here = Path(__file__).parent
parser = ConfigParser(delimiters=['='], interpolation=None)
parser.read(here/'settings.ini', encoding='utf-8')
cfg = parser['DEFAULT']

def lines(key): return [o.strip() for o in cfg[key].splitlines() if o.strip()]

setup(
    name = cfg['lib_name'],
    version = cfg['version'],
    description = cfg['description'],
    long_description = (here/'README.md').read_text(encoding='utf-8'),
    long_description_content_type = 'text/markdown',
    author = cfg['author'],
    license_expression = cfg['license'],
    keywords = cfg['keywords'].split(),
    classifiers = ['Framework :: IPython', 'Framework :: Jupyter', 'Intended Audience :: Science/Research',
        'Programming Language :: Python :: 3', 'Programming Language :: Python :: 3 :: Only'],
    python_requires = f">={cfg['min_python']}",
    install_requires = lines('requirements'),
    extras_require = {'excel': lines('excel_requirements'), 'images': lines('images_requirements'), 'tfds': lines('tfds_requirements'), 'dev': lines('dev_requirements')},
    packages = find_packages(include=['dvnb', 'dvnb.*']),
    package_data = {'dvnb': ['py.typed', 'static/*']},
    entry_points = {'console_scripts': lines('console_scripts'), 'nbdev': ['dvnb = dvnb._modidx:d']},
    zip_safe = False,
)
