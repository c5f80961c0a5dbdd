"""One check of classes for all sources: the same data end in the same error."""

import json

import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.dataset import find


def in_folder(folder, train, test):
    for split, labels in (("train", train), ("test", test)):
        for name in {*train, *test}:
            path = folder / split / f"{name}.txt"
            path.parent.mkdir(exist_ok=True)
            texts = [f"{split} {i}" for i, label in enumerate(labels) if label == name]
            path.write_text("\n".join(texts))
    return find(str(folder), ())


def in_table(folder, train, test):
    rows = [
        {"text": f"{split} {i}", "label": label, "split": split}
        for split, labels in (("train", train), ("test", test))
        for i, label in enumerate(labels)
    ]
    path = folder / "data.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return find(str(path), ())


def texts(labels):
    return np.array([f"{i}" for i in range(len(labels))])


def in_archive(folder, train, test):
    path = folder / "data.npz"
    np.savez(path, x_train=texts(train), y_train=train, x_test=texts(test), y_test=test)
    return find(str(path), ())


def in_tf_data(folder, train, test):
    sets = [tf.data.Dataset.from_tensor_slices((texts(one), one)) for one in (train, test)]
    return cnnzoo.from_tf_data(*sets, name="data")


def in_memory(folder, train, test):
    splits = ["train"] * len(train) + ["test"] * len(test)
    return cnnzoo.from_examples(list(texts(splits)), [*train, *test], splits=splits, name="data")


@pytest.mark.parametrize("source", [in_folder, in_table, in_archive, in_tf_data, in_memory])
@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([0, 1, 0, 1], [0, 1, 2], "must hold texts of '2' for train; got none"),
        ([0, 1, 2], [0, 1], "must hold texts of '2' for test; got none"),
        ([0, 1, 1_000_000], [0, 1], "must hold texts of '1000000' for test; got none"),
        ([1, 1], [1], "must hold examples of two classes or more; got '1' alone"),
    ],
)
def test_the_same_classes_end_in_the_same_error(source, train, test, message, tmp_path):
    with pytest.raises(CnnzooError) as caught:
        source(tmp_path, train, test)
    assert str(caught.value).endswith(message)


@pytest.mark.parametrize(
    ("labels", "class_names", "message"),
    [
        ([0, 1, 2], ["a", "b"], "must be from 0 to 1, a place in class_names; got 2"),
        ([0, 1, 1], ["a", "a"], "class_names of data must be distinct; got 'a' twice"),
        ([0, 0, 1, 1], ["a", "b", "c"], "data must hold texts of 'c' for train; got none"),
        ([0, 1, -1], ["a", "b"], "must be at least 0; got -1"),
        (["a", "b", "x"], ["a", "b"], "must be one of class_names; got 'x'"),
    ],
)
def test_class_names_are_those_of_the_labels(labels, class_names, message):
    for values in (texts(labels), list(texts(labels))):
        with pytest.raises(CnnzooError) as caught:
            cnnzoo.from_examples(values, labels, class_names=class_names, name="data")
        assert message in str(caught.value)
    pairs = tf.data.Dataset.from_tensor_slices((texts(labels), labels))
    with pytest.raises(CnnzooError) as caught:
        cnnzoo.from_tf_data(pairs, pairs, name="data", class_names=class_names)
    assert message in str(caught.value)
