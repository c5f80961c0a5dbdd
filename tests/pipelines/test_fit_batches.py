"""The public batches, in `model.fit` and in a training loop written by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import cnnzoo
from cnnzoo.errors import CnnzooError


def linear(classes):
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(classes)])


def test_images_train_with_fit(capsys):
    batches = cnnzoo.train_batches("mnist", batch_size=100, augmentation="shift2", validation=0.9)
    assert batches.steps_per_epoch == 60
    assert batches.class_names == [str(digit) for digit in range(10)]
    model = keras.Sequential([*batches.preprocessing, linear(10)])
    model.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    model.fit(batches, steps_per_epoch=batches.steps_per_epoch, epochs=2, verbose=0)
    held_out = cnnzoo.eval_batches("mnist", split="test[:10%]")
    assert sum(len(labels) for _, labels in held_out) == 1_000
    assert model.evaluate(held_out, verbose=0)[1] > 0.7


def test_a_training_loop_by_hand():
    batches = cnnzoo.train_batches("mnist", batch_size=100, seed=1)
    prepare = keras.Sequential(batches.preprocessing)
    weights, bias = tf.Variable(tf.zeros([784, 10])), tf.Variable(tf.zeros([10]))
    for images, labels in batches.take(100):
        with tf.GradientTape() as tape:
            logits = tf.reshape(prepare(images), [-1, 784]) @ weights + bias
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        for variable, gradient in zip(
            (weights, bias), tape.gradient(loss, (weights, bias)), strict=True
        ):
            variable.assign_sub(0.001 * gradient)
    assert tf.reduce_mean(loss) < 1


def test_texts_come_as_tokens_of_one_tokenizer():
    batches = cnnzoo.train_batches("sms_spam", batch_size=32)
    tokens, labels = next(iter(batches))
    assert tokens.dtype == tf.int32
    assert labels.shape == (32,)
    assert batches.preprocessing == []
    held_out = cnnzoo.eval_batches("sms_spam", tokenizer=batches.tokenizer, batch_size=64)
    assert held_out.steps_per_epoch == len(list(held_out))
    with pytest.raises(CnnzooError, match="tokenizer must be that of the training batches"):
        cnnzoo.eval_batches("sms_spam")


def test_a_folder_and_a_layer_of_keras(tmp_path):
    for place in range(20):
        path = tmp_path / "ab"[place % 2] / f"{place}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (20, 30), (place * 9, 0, 0)).save(path)
    with pytest.raises(CnnzooError, match="input_shape must be given for images at a path"):
        cnnzoo.train_batches(tmp_path)
    flip = keras.layers.RandomFlip("horizontal")
    batches = cnnzoo.train_batches(
        tmp_path, batch_size=4, augmentation=flip, input_shape=(8, 8, 3), validation=0.2
    )
    images, _ = next(iter(batches))
    assert images.shape == (4, 8, 8, 3)
    parts = {
        split: sum(
            len(labels)
            for _, labels in cnnzoo.eval_batches(
                tmp_path, split=split, input_shape=(8, 8, 3), validation=0.2
            )
        )
        for split in ("train", "validation", "test")
    }
    assert sum(parts.values()) == 20
    assert batches.steps_per_epoch == parts["train"] // 4


@pytest.mark.parametrize(
    ("split", "places"),
    [
        ("train[:10%]", slice(0, 6_000)),
        ("test[-5:]", slice(-5, None)),
        ("test[90%:95%]", slice(9_000, 9_500)),
    ],
)
def test_a_split_can_be_sliced(split, places):
    whole = cnnzoo.load_dataset("mnist", split.partition("[")[0])
    part = cnnzoo.load_dataset("mnist", split)
    assert np.array_equal(part.inputs, whole.inputs[places])
    assert np.array_equal(part.labels, whole.labels[places])
