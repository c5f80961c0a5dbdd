import io

import numpy as np
import pytest
from PIL import Image

from cnnzoo.datasets import DATASETS
from cnnzoo.errors import CnnzooError
from cnnzoo.export import verification_data
from cnnzoo.export.litert import after_tokenizer, tokenizer_of
from cnnzoo.export.scoring import from_model
from cnnzoo.export.verification_data import data_of
from cnnzoo.pipelines.splits import Split, select


def gather(classifier, limit):
    return verification_data.collect_vectors(classifier, data_of(classifier, None), limit)


def training_examples(classifier):
    return verification_data.training_examples(classifier, data_of(classifier, None), "micro")


def without_data(classifier):
    return from_model(classifier.model, {**classifier.card, "dataset": "gone/data.csv"})


def test_vectors_are_the_test_set_with_the_scores_of_keras(classifier, small):
    vectors = gather(classifier, 30)
    images, labels = DATASETS[small["dataset"]].examples("test")
    assert vectors.examples == "test"
    assert np.array_equal(vectors.inputs, images[:30])
    assert np.array_equal(vectors.labels, labels[:30])
    found = classifier.model(images[:30])
    expected = np.column_stack([found["scores"], found["known"]])
    assert np.allclose(vectors.outputs, expected, rtol=0, atol=1e-5)
    assert len(gather(classifier, 10_000).inputs) == 500


def test_images_are_encoded_in_several_kinds_and_sizes(classifier, digits):
    vectors = gather(classifier, 6)
    pictures = [Image.open(io.BytesIO(content)) for content in vectors.encoded]
    kinds = [(picture.format, picture.mode, picture.size) for picture in pictures]
    large = (84, 57)
    one = [("PNG", "L", (28, 28)), ("PNG", "L", large), ("PNG", "LA", large), ("JPEG", "L", large)]
    one += [("PNG", "RGB", large), ("PNG", "RGBA", large), ("JPEG", "RGB", large)]
    assert kinds == one * 5
    assert np.allclose(vectors.encoded_outputs[::7], vectors.outputs[:5], atol=1e-6)
    assert np.array_equal(np.asarray(pictures[0]), digits[0, ..., 0])


def test_sounds_are_encoded_in_several_lengths(of_sounds):
    vectors = gather(of_sounds, 120)
    sizes = [len(content) for content in vectors.encoded]
    assert sizes == [44 + 2 * samples for samples in (512, 256, 1_024)] * 5
    assert np.allclose(vectors.encoded_outputs[::3], vectors.outputs[:5], atol=1e-6)
    assert np.array_equal(vectors.encoded_outputs[::3], vectors.encoded_outputs[2::3])


def test_calibration_takes_examples_of_training_from_all_over_it(classifier, small):
    examples = training_examples(classifier)
    how = Split(classifier.card["recipe"]["validation"])
    images = select(DATASETS[small["dataset"]], "train", how).inputs
    assert len(images) == 1_500
    assert np.array_equal(examples[[0, -1]], images[[0, -1]])
    assert len(np.unique(examples, axis=0)) == 200


def test_images_are_made_up_where_the_data_are_not_here(classifier):
    missing = without_data(classifier)
    vectors = gather(missing, 10_000)
    assert vectors.examples == "generated"
    assert vectors.labels is None
    assert vectors.inputs.shape == (200, 28, 28, 1)
    assert vectors.inputs.dtype == np.uint8
    assert (vectors.inputs.min(), vectors.inputs.max()) == (0, 255)
    message = "dataset must be on this machine for format micro, .* got gone/data.csv"
    with pytest.raises(CnnzooError, match=message):
        training_examples(missing)


def test_a_data_set_that_needs_a_download_is_not_here(classifier):
    elsewhere = from_model(classifier.model, {**classifier.card, "dataset": "fashion_mnist"})
    assert gather(elsewhere, 5).examples == "generated"


def test_texts_are_made_up_of_the_vocabulary(of_texts):
    vectors = gather(without_data(of_texts), 200)
    tokenizer = tokenizer_of(of_texts.model)
    tokens = tokenizer(list(vectors.inputs)).numpy()
    assert len(tokens) == 200
    assert tokens.shape[1] > 80
    assert (tokens != 0).sum(axis=1).min() <= 1
    assert len(np.unique(tokens)) > 0.9 * tokenizer.vocabulary_size
    expected = np.asarray(after_tokenizer(of_texts.model)(tokens))
    assert np.allclose(vectors.outputs, expected, atol=1e-6)
    assert len(vectors.encoded) == 0


def test_sounds_are_made_up(of_sounds):
    inputs = gather(without_data(of_sounds), 200).inputs
    assert inputs.shape == (200, 512, 1)
    assert inputs.dtype == np.int16
    assert inputs.min() < -32_000
    assert inputs.max() > 32_000
