"""tf.data sets as people have them."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data import tf_data

IMAGES = np.random.default_rng(0).integers(0, 256, (10, 6, 6, 3), np.uint8)
TEXTS = np.array([f"film {i}" for i in range(10)])
LABELS = np.arange(10) % 2
FLOATS = IMAGES.astype(np.float32)
slices = tf.data.Dataset.from_tensor_slices


@pytest.mark.parametrize(
    "pairs",
    [
        slices((IMAGES, LABELS)).batch(3),
        slices((IMAGES, np.eye(2)[LABELS])),
        slices((IMAGES, np.eye(2, dtype=np.int32)[LABELS])).batch(4),
        slices((IMAGES, LABELS[:, None])),
        slices((IMAGES, LABELS == 1)).batch(4, drop_remainder=False),
        slices((IMAGES, LABELS.astype(np.float32))),
        slices({"image": IMAGES, "label": LABELS, "id": LABELS}),
        slices(({"image": IMAGES, "label": LABELS},)),
        slices(((IMAGES,), {"y": LABELS})),
        slices((FLOATS, LABELS)).batch(4),
        slices((FLOATS / 255, LABELS)),
        slices((FLOATS + 0.3 * (FLOATS < 255), LABELS)),
        slices((IMAGES.astype(np.int64), LABELS)),
        slices((IMAGES, LABELS)).filter(lambda image, label: True).batch(3),
    ],
)
def test_images_come_in_any_usual_form(pairs):
    dataset = cnnzoo.from_tf_data(pairs, pairs, name="mine", validation=pairs)
    assert dataset.sizes == {"train": 10, "validation": 10, "test": 10}
    assert dataset.class_names == ("0", "1")
    for split in dataset.sizes:
        np.testing.assert_array_equal(dataset.examples(split).inputs, IMAGES)
        assert dataset.examples(split).labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    "pairs",
    [
        slices((TEXTS, np.eye(2)[LABELS])),
        slices((TEXTS, np.eye(2)[LABELS])).batch(3),
        slices({"text": TEXTS, "label": LABELS}).batch(3),
        slices({"sentence": TEXTS, "idx": LABELS, "label": LABELS}),
        slices((TEXTS, np.array(["no", "yes"])[LABELS])),
    ],
)
def test_texts_come_in_any_usual_form(pairs):
    dataset = cnnzoo.from_tf_data(pairs, name="mine")
    assert dataset.sizes == {"train": 6, "test": 4}  # By their digests.
    texts = [*dataset.examples("train").inputs, *dataset.examples("test").inputs]
    assert sorted(texts) == sorted(TEXTS)


def test_gray_images_may_lack_an_axis():
    for pairs in (slices((IMAGES[..., 0], LABELS)), slices((IMAGES[..., 0], LABELS)).batch(4)):
        found = cnnzoo.from_tf_data(pairs, pairs, name="mine")
        np.testing.assert_array_equal(found.examples("test").inputs, IMAGES[..., :1])


def endless():
    return tf.data.Dataset.from_generator(
        lambda: (("a", i % 2) for i in itertools.count()), (tf.string, tf.int64), ((), ())
    )


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (slices((IMAGES, LABELS)).repeat(), "train must be finite; got a tf.data set without end"),
        (endless(), "train must be finite; got more than .* drop its repeat"),
        (slices((IMAGES,)), "train must be a tf.data set of pairs"),
        (slices((IMAGES, LABELS, LABELS)), "train must be a tf.data set of pairs"),
        (slices({"a": IMAGES, "b": IMAGES, "label": LABELS}), "train must be a tf.data set of pa"),
        (slices(({"a": IMAGES, "b": IMAGES}, LABELS)), "must hold one tensor per input .* nested"),
        (
            slices((tf.ragged.constant([["a"], ["b", "c"]]), [0, 1])),
            "train must hold dense tensors.* to_tensor",
        ),
        (slices((tf.sparse.eye(10), LABELS)), "train must hold dense tensors.*sparse"),
        (slices((FLOATS - 128, LABELS)), "train must lie in 0 to 255, or in 0 to 1"),
        (slices((TEXTS, LABELS / 2)), "train, label 1, must be .* got 0.5: .* regression"),
        (slices((TEXTS, np.ones((10, 2)))), "train, label 0, must be one class.* multi-label"),
    ],
)
def test_what_cannot_be_trained_is_refused(pairs, message, monkeypatch):
    monkeypatch.setattr(tf_data, "MAX_EXAMPLES", 1_000)
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.from_tf_data(pairs, name="mine")
