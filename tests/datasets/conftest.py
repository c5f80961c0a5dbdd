"""Small sets that are generated, and prepared by TFDS."""

import contextlib

import numpy as np
import pytest
import tensorflow_datasets as tfds

from cnnzoo.datasets import sources


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def prepare():
    """Prepare a set with splits of (input, label, other features), whose folder is returned."""

    def prepare(root, name, inputs, splits, *, version="1.0.0", key="image", **others):
        features = {key: inputs, "label": tfds.features.ClassLabel(num_classes=43), **others}
        tfds.dataset_builders.store_as_tfds_dataset(
            name=name.split("/")[0],
            config=name.split("/")[1] if "/" in name else None,
            version=version,
            features=tfds.features.FeaturesDict(features),
            split_datasets={
                split: [
                    (place, {key: one, "label": label, **more})
                    for place, (one, label, more) in enumerate(examples)
                ]
                for split, examples in splits.items()
            },
            data_dir=root,
        )
        return root.joinpath(*name.split("/"), version)

    return prepare


@pytest.fixture(scope="session")
def color():
    """Red, green and blue of the images with a label."""
    return lambda label: (200 - label, 10, 30 + label)


@pytest.fixture
def small_set(root, prepare, color):
    """The reader and the folder of 600 images of 4x4, each of the color of its label."""
    image = tfds.features.Image(shape=(4, 4, 3), encoding_format="png")
    examples = [(np.full((4, 4, 3), color(i % 43), np.uint8), i % 43, {}) for i in range(600)]
    return sources.TFDS("small", "1.0.0"), prepare(root, "small", image, {"train": examples})


@pytest.fixture
def small_files():
    """A context in which no file may grow beyond a size, as on a full disk."""
    resource = pytest.importorskip("resource")

    @contextlib.contextmanager
    def limited(size):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
