"""SavedModels that could compute for ever."""

import keras
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from cnnzoo.errors import CnnzooError
from cnnzoo.guard import saved_model as guard
from cnnzoo.guard import trial


class Loop(tf.Module):
    """Computes something from images in a loop."""

    def __init__(self, turns):
        super().__init__()
        self.weights = tf.Variable(tf.ones([1, 10]))
        self.recurrent = [variable.value for variable in RECURRENT.variables]

        @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1], tf.uint8, name="images")])
        def answer(images):
            count = tf.cast(turns(images), tf.float32)
            rows = tf.ones([tf.shape(images)[0], 1]) * count
            return {"scores": tf.nn.softmax(rows @ self.weights)}

        self.answer = answer


def counted(most, step=1):
    """A loop to `most`, by `step`."""
    return tf.while_loop(lambda count: count < most, lambda count: [count + step], [0])[0]


def to_a_moving_end(images):
    end = tf.shape(images)[0]
    return tf.while_loop(lambda i, end: i < end, lambda i, end: [i + 1, end + 1], [0, end])[0]


KNOWN = {
    "over examples": lambda images: tf.reduce_sum(
        tf.map_fn(lambda one: tf.cast(one[0, 0, 0], tf.int32), images, fn_output_signature=tf.int32)
    ),
    "to a small number": lambda images: tf.while_loop(
        lambda i, most: i < most, lambda i, most: [i + 1, most], [0, 50]
    )[0],
    "recurrent layer": lambda images: tf.reduce_sum(RECURRENT(tf.cast(images[..., 0], tf.float32))),
}
# These end, but one cannot see it: they are tried.
TRIED = {
    "to a computed number": lambda images: counted(tf.size(images)),
    "to a side and not far": lambda images: counted(tf.shape(images)[0] + 10),
}
ENDLESS = {
    "in place": lambda images: counted(tf.shape(images)[0], step=0),
    "backwards": lambda images: counted(tf.shape(images)[0], step=-1) * 0,
    "to a large number": lambda images: counted(2**31 - 5),
    "to a moving end": to_a_moving_end,
    "for ever": lambda images: tf.while_loop(lambda i: True, lambda i: [i + 1], [0])[0],
    "or": lambda images: tf.while_loop(
        lambda i: tf.logical_or(i < tf.shape(images)[0], i > -1), lambda i: [i + 1], [0]
    )[0],
}
RECURRENT = keras.layers.GRU(3)
RECURRENT.build((None, 28, 28))


def saved(module, folder):
    tf.saved_model.save(module, folder, {"serving_default": module.answer})
    return folder


@pytest.fixture
def tried(monkeypatch):
    """The folders that are tried in a process of their own."""
    folders = []
    monkeypatch.setattr(guard, "require_ending", folders.append)
    return folders


@pytest.mark.parametrize("name", KNOWN)
def test_loops_that_end_for_sure_cost_nothing(name, tmp_path, tried):
    guard.check_saved_model(saved(Loop(KNOWN[name]), tmp_path / "1"))
    assert tried == []


@pytest.mark.parametrize("name", [*TRIED, *ENDLESS])
def test_all_others_are_tried(name, tmp_path, tried):
    folder = saved(Loop({**TRIED, **ENDLESS}[name]), tmp_path / "1")
    guard.check_saved_model(folder)
    assert tried == [folder]


def test_what_zoo_exports_is_not_tried(saved_model, tried):
    guard.check_saved_model(saved_model)
    assert tried == []


def test_one_that_ends_is_let_in(tmp_path):
    guard.check_saved_model(saved(Loop(TRIED["to a computed number"]), tmp_path / "1"))


def test_one_that_does_not_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 1)
    folder = saved(Loop(ENDLESS["to a moving end"]), tmp_path / "1")
    with pytest.raises(CnnzooError, match=f"{folder} must answer one example within 1 s"):
        guard.check_saved_model(folder)


def test_a_function_that_calls_itself_is_refused(tmp_path):
    folder = saved(Loop(KNOWN["to a small number"]), tmp_path / "1")
    path = folder / "saved_model.pb"
    content = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    body = next(
        one
        for one in content.meta_graphs[0].graph_def.library.function
        if "while_body" in one.signature.name
    )
    call = body.node_def.add(name="again", op="StatefulPartitionedCall")
    call.attr["f"].func.name = body.signature.name
    path.write_bytes(content.SerializeToString())
    with pytest.raises(CnnzooError, match="must hold functions that end; one calls itself"):
        guard.check_saved_model(folder)
