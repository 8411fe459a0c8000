"""Make versions with TensorFlow Datasets: `python make_tfds.py FORMAT DATA_DIR`.

The archives beside this file hold what it made with 4.9.10, but for the config `large`."""
import io, sys
from pathlib import Path
import numpy as np, PIL.Image
import tensorflow_datasets as tfds
from etils import epath

fmt, data_dir = sys.argv[1:]
names = ['setosa', 'versicolor', 'virginica']
here = epath.Path(__file__).parent
feature, Config = tfds.features, tfds.core.BuilderConfig

def png(i):
    out = io.BytesIO()
    PIL.Image.fromarray(np.full((4, 5, 3), i*9, 'u1')).save(out, 'png')
    out.seek(0)
    return out

class TinyFlowers(tfds.core.GeneratorBasedBuilder):
    pkg_dir_path = here
    VERSION = tfds.core.Version('2.0.0')
    RELEASE_NOTES = {'1.0.0': 'first', '1.1.0': 'a third class is named', '2.0.0': 'one petal measured anew'}
    BUILDER_CONFIGS = [Config(name='small', description='Six rows'), Config(name='large', description='twelve')]
    def _info(self):
        known = names[:2] if self.version == '1.0.0' else names
        return self.dataset_info_from_configs(description='Flowers measured', homepage='https://example.org/flowers',
            citation='@misc{flowers}', license='CC0', supervised_keys=('petal', 'label'), features=feature.FeaturesDict({
                'petal': np.float32, 'id': np.int64, 'ok': np.bool_, 'name': feature.Text(), 'label': feature.ClassLabel(names=known),
                'img': feature.Image(shape=(None, None, 3), encoding_format='png'), 'bytes': np.uint8, 'u': np.uint64, 'd': np.float64,
                'box': feature.Tensor(shape=(3,), dtype=np.float32), 'seq': feature.Sequence(np.int64)}))
    def _split_generators(self, dl): return {'train': self._generate_examples(6 if self.builder_config.name == 'small' else 12), 'test': self._generate_examples(3)}
    def _generate_examples(self, n):
        anew = .1 if self.version == '2.0.0' else 0
        for i in range(n):
            yield i, dict(petal=1.5*i+anew*(i == 2), id=-i, ok=i%2 == 0, name=f'flöwer {i}', label=i%2, img=png(i), bytes=i,
                u=5+i, d=i/3, box=np.arange(3, dtype='f4')+i, seq=list(range(i)))

class Plain(tfds.core.GeneratorBasedBuilder):
    pkg_dir_path = here
    VERSION = tfds.core.Version('1.0.0')
    def _info(self):
        labels = feature.ClassLabel(names=['no', 'yes'])
        return self.dataset_info_from_configs(description='Plain', features=feature.FeaturesDict({'x': np.int32, 'name': feature.Text(), 'label': labels}))
    def _split_generators(self, dl): return {'train': self._generate_examples()}
    def _generate_examples(self):
        for i in range(5): yield i, dict(x=i, name=f'n{i}', label=i%2)

def make(cls, version, **kw):
    cls.VERSION = tfds.core.Version(version)
    cls(data_dir=data_dir, file_format=fmt, **kw).download_and_prepare()

for version in '1.0.0', '1.1.0', '2.0.0':
    for config in 'small', 'large': make(TinyFlowers, version, config=config)
make(Plain, '1.0.0')
