"""SavedModels that could compute for ever."""

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from cnnzoo.errors import CnnzooError
from cnnzoo.guard import saved_model, trial


class Loop(tf.Module):
    """Counts to the number of pixels, or never ends."""

    def __init__(self, ends):
        super().__init__()
        self.weights = tf.Variable(tf.ones([1, 10]))

        @tf.function(input_signature=[tf.TensorSpec([None, 28, 28, 1], tf.uint8, name="images")])
        def answer(images):
            most = tf.size(images)
            count = tf.while_loop(
                lambda count: count < most, lambda count: count + tf.cast(ends, tf.int32), [0]
            )[0]
            rows = tf.ones([tf.shape(images)[0], 1]) * tf.cast(count, tf.float32)
            return {"scores": tf.nn.softmax(rows @ self.weights)}

        self.answer = answer


def saved(module, folder):
    tf.saved_model.save(module, folder, {"serving_default": module.answer})
    return folder


def test_a_loop_that_ends_is_let_in(tmp_path):
    saved_model.check_saved_model(saved(Loop(True), tmp_path / "1"))


def test_a_loop_that_does_not_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 1)
    folder = saved(Loop(False), tmp_path / "1")
    with pytest.raises(CnnzooError, match=f"{folder} must answer one example within 1 s"):
        saved_model.check_saved_model(folder)


def test_a_function_that_calls_itself_is_refused(tmp_path):
    folder = saved(Loop(True), tmp_path / "1")
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
        saved_model.check_saved_model(folder)
