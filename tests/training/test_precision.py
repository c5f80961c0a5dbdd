import keras
import numpy as np
import pytest

import cnnzoo


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_a_run_in_half_precision_learns_alike_and_saves_float32(
    precision, small, finished_run, tmp_path
):
    run = cnnzoo.train("mnist_lenet5", out=tmp_path / "run", **{**small, "precision": precision})
    # 500 test images: five standard errors of the difference are about 0.1.
    assert run.accuracy == pytest.approx(finished_run.accuracy, abs=0.1)
    model = keras.saving.load_model(run.artifact)
    network = model.get_layer("lenet5")
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}
    assert {str(weight.dtype) for weight in network.weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    scores = cnnzoo.load(run.path).scores(np.zeros((1, 28, 28, 1), np.uint8))
    assert scores.sum() == pytest.approx(1, abs=1e-5)
