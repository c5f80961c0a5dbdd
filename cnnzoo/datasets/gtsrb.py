"""GTSRB: 39,209 photographs of German traffic signs, color, brought to 32x32.

They are the benchmark's training images, as the Visual Domain Decathlon splits and shrinks them.
The Decathlon hides the labels of its test split: what is named test here is its validation split.
GTSRB films each sign 30 times, and frames of one sign may stand in both splits. Classes are the
Decathlon's, by number; nothing published says that the numbers are GTSRB's own.
"""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

_SHAPE = (32, 32, 3)

DATASET = Dataset(
    name="gtsrb",
    class_names=tuple(map(str, range(43))),
    sizes={"train": 31_367, "test": 7_842},
    source="https://www.robots.ox.ac.uk/~vgg/decathlon/",
    citation=(
        "Stallkamp, Schlipsing, Salmen and Igel 2012, Man vs. computer: benchmarking machine "
        "learning algorithms for traffic sign recognition; Rebuffi, Bilen and Vedaldi 2017, "
        "Learning multiple visual domains with residual adapters, https://arxiv.org/abs/1705.08045"
    ),
    license="none stated; the authors ask to be cited",
    read=sources.TFDS(
        "visual_domain_decathlon/gtsrb", "1.2.0", splits={"test": "validation"}, shape=_SHAPE
    ),
    input_shape=_SHAPE,
)
