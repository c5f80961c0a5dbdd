import keras
import numpy as np
import pytest

import cnnzoo
from cnnzoo.datasets import DATASETS, Dataset, Examples, load_dataset
from cnnzoo.export import assembly
from cnnzoo.export.scoring import from_model
from cnnzoo.pipelines.tokenizer import Tokenizer

FACTS = {"source": "", "citation": "", "license": ""}


def tones(split):
    """Sines of 300 and 1,200 Hz, one a class, at 8 kHz; int16 `[120, 512, 1]`."""
    draw = np.random.RandomState(len(split))
    labels = np.arange(120) % 2
    times = np.arange(512) / 8_000 * 2 * np.pi
    waves = np.sin(times * np.array([300, 1_200])[labels][:, None] + draw.uniform(0, 6, (120, 1)))
    return Examples((waves * 9_000).astype(np.int16)[..., None], labels)


@pytest.fixture(scope="session")
def of_texts(classifier):
    """An untrained network over the words of text messages."""
    messages = load_dataset("sms_spam")
    tokenizer = Tokenizer.fit(messages.inputs, cleaning="kim", min_count=5, name="tokens")
    keras.utils.set_random_seed(0)
    size = tokenizer.vocabulary_size
    network = cnnzoo.create_model("text_cnn_rand", input_shape=(None,), vocabulary_size=size)
    model = assembly.assemble([tokenizer], network, {"shape": []})
    facts = {"name": "texts", "dataset": "sms_spam", "class_names": ["ham", "spam"]}
    recipe = {**classifier.card["recipe"], "validation": 450}
    return from_model(model, {**classifier.card, **facts, "input": {"shape": []}, "recipe": recipe})


@pytest.fixture(scope="session")
def of_sounds(classifier):
    """A network over sounds, trained for seconds."""
    shape, rate = (512, 1), 8_000
    facts = {"shape": list(shape), "sample_rate": rate}
    if "export_tones" not in DATASETS:
        sizes = {"train": 120, "test": 120}
        names = ("low", "high")
        found = Dataset(
            "export_tones", names, sizes, read=tones, input_shape=shape, sample_rate=rate, **FACTS
        )
        DATASETS.add("export_tones", found)
    keras.utils.set_random_seed(0)
    network = cnnzoo.create_model("m3", input_shape=shape, num_classes=2)
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    inputs, labels = tones("train")
    network.fit(inputs / 2**15, labels, epochs=8, batch_size=8, verbose=0)
    model = assembly.assemble([keras.layers.Rescaling(1 / 2**15)], network, facts)
    card = {"name": "sounds", "dataset": "export_tones", "class_names": ["low", "high"]}
    recipe = {**classifier.card["recipe"], "validation": 20}
    return from_model(model, {**classifier.card, **card, "input": facts, "recipe": recipe})
