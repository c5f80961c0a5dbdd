"""The same picture in every form that Python has for it gives the same answer, or one sentence."""

import io
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from cnnzoo.decoding import decode_image, ground_dark
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.arrays import as_array


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def seven(digits):
    return digits[0, ..., 0]


def forms(digit):
    """A digit, light on dark or dark on light, in all forms."""
    image = Image.fromarray(digit)
    return {
        "array": digit,
        "with a channel": digit[..., None],
        "a batch": digit[None, ..., None],
        "floats": digit / 255,
        "tensor": tf.constant(digit),
        "variable": tf.Variable(digit[None, ..., None]),
        "bfloat16": tf.cast(tf.constant(digit) / 255, tf.bfloat16),
        "Pillow": image,
        "Pillow's palette": image.convert("P"),
        "Pillow's adaptive palette": image.quantize(256),
        "Pillow's color": image.convert("RGB"),
        "with transparency": image.convert("RGBA"),
        "file": png(image),
        "file with a palette": png(image.quantize(256)),
    }


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("form", forms(np.zeros((28, 28), np.uint8)))
def test_a_digit_is_the_same_in_every_form(form, ground, seven, classifier):
    digit = seven if ground == "dark" else 255 - seven
    (expected,) = classifier.predict([seven])
    (found,) = classifier.predict([forms(digit)[form]])
    assert found["label"] == expected["label"]
    # Half the bits of bfloat16 are those of a pixel.
    tolerance = 0.05 if form == "bfloat16" else 1e-6
    assert found["scores"] == pytest.approx(expected["scores"], abs=tolerance)


def test_files_and_arrays_are_turned_round_alike():
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 6, 3)).astype(np.uint8)
    expected = [
        decode_image(png(Image.fromarray(one)), (8, 6, 3), light_on_dark=True) for one in images
    ]
    assert np.array_equal(ground_dark(images), expected)
    assert 5 < (ground_dark(images) != images).any(axis=(1, 2, 3)).sum() < 35


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (tf.sparse.from_dense([[1, 0]]), "^x must be a dense array; got a SparseTensor$"),
        (tf.ragged.constant([[1], [2, 3]]), "^x must be a dense array; got a RaggedTensor$"),
        ([[1], [2, 3]], "^x must be an array of numbers; got a list$"),
        ({"a": 1}, "^x must be an array of numbers; got a dict$"),
        (object(), "^x must be an array of numbers; got a object$"),
    ],
)
def test_what_is_no_array_is_refused(value, message):
    with pytest.raises(CnnzooError, match=message):
        as_array(value, "x")


class Tensor:
    """What PyTorch's tensors do."""

    def __init__(self, values, size):
        self.values, self.dtype, self.detached = values, self, False
        self.itemsize = size

    def detach(self):
        self.detached = True
        return self

    def cpu(self):
        return self

    def is_floating_point(self):
        return True

    def float(self):
        self.itemsize = 4
        return self

    def __array__(self, dtype=None, copy=None):
        if not self.detached or self.itemsize == 2:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad")
        return np.array(self.values, np.float32)


@pytest.mark.parametrize("size", [2, 4])
def test_tensors_of_pytorch_may_need_gradients_and_be_short(size):
    assert as_array(Tensor([1.5], size), "x").tolist() == [1.5]


@pytest.mark.parametrize("value", ["a" * 5_000, "a\0b"])
def test_strings_that_are_no_path_are_refused(value, classifier):
    with pytest.raises(
        CnnzooError, match="must be (the path of )?a file; (it is none|there is nothing)$"
    ):
        classifier.predict([value])


def test_nothing_of_this_needs_tensorflow():
    code = "import sys, cnnzoo.pipelines.input_types; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_texts_go_by_length_through_the_network(monkeypatch):
    import cnnzoo

    spam = cnnzoo.load("sms_spam_text_cnn")
    rng = np.random.default_rng(0)
    words = ["call", "me", "later", "win", "a", "prize"]
    texts = [" ".join(rng.choice(words, count)) for count in [*rng.integers(0, 12, 700), 30_000]]
    texts = [texts[place] for place in rng.permutation(len(texts))]
    alone = np.concatenate([spam.scores([text]) for text in texts])
    batches, run = [], spam._scores
    monkeypatch.setattr(spam, "_scores", lambda batch: batches.append(batch) or run(batch))
    assert spam.scores(texts) == pytest.approx(alone, abs=1e-5)
    assert sum(map(len, batches)) == len(texts)
    assert max(len(batch) * max(map(len, batch)) for batch in batches if len(batch) > 1) <= 2**17
    assert len(batches) < 6
    assert spam.scores([]).shape == (0, 2)
