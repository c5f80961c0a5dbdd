import numpy as np
import pytest
import tensorflow as tf

from cnnzoo.export.serving_files import write_warmup


def test_the_requests_are_those_of_tensorflow_serving(tmp_path):
    """Read by the messages of the package that TensorFlow Serving publishes."""
    logs = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    path = tmp_path / "requests"
    image, contents = np.full((1, 28, 28, 1), 7, np.uint8), [b"x" * 70_000]
    requests = {"serving_default": ("images", image), "serving_bytes": ("image_bytes", contents)}
    write_warmup(path, "mnist_lenet5", requests)
    read = [logs.PredictionLog.FromString(one.numpy()) for one in tf.data.TFRecordDataset(path)]
    assert [log.WhichOneof("log_type") for log in read] == ["predict_log"] * 2
    raw, encoded = (log.predict_log.request for log in read)
    assert raw.model_spec.name == encoded.model_spec.name == "mnist_lenet5"
    assert raw.model_spec.signature_name == "serving_default"
    assert encoded.model_spec.signature_name == "serving_bytes"
    assert list(raw.inputs) == ["images"]
    assert list(encoded.inputs) == ["image_bytes"]
    assert np.array_equal(tf.make_ndarray(raw.inputs["images"]), image)
    assert tf.make_ndarray(encoded.inputs["image_bytes"]).tolist() == contents
