"""Networks over texts and over sounds, from raw examples to a served answer."""

import dataclasses
import wave

import numpy as np
import pytest

import cnnzoo
from cnnzoo.config.recipe import Recipe, Tokens
from cnnzoo.datasets import DATASETS, Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.models.char_cnn import ALPHABET

TONES = (300, 1_200)  # Hz, one a class.


def _words(split):
    """Texts of eight words; the class is which of two words stands among them."""
    random = np.random.RandomState(len(split))
    labels = np.arange(400) % 2
    words = random.choice(["one", "two", "three", "four"], (400, 8)).tolist()
    for text, label in zip(words, labels, strict=True):
        text[random.randint(8)] = ("good", "bad")[label]
    texts = [" ".join(text[: random.randint(8, 9)]) for text in words]
    return Examples(np.array(texts, object), labels)


def _tones(split):
    random = np.random.RandomState(len(split))
    labels = np.arange(200) % 2
    phases = random.uniform(0, 6, (200, 1))
    times = np.arange(1_024) / 8_000 * 2 * np.pi
    waves = np.sin(times * np.array(TONES)[labels][:, None] + phases)
    return Examples((waves * 9_000).astype(np.int16)[..., None], labels)


@pytest.fixture(scope="module")
def own_sets():
    facts = {"source": "", "citation": "", "license": ""}
    words = Dataset("words", ("good", "bad"), {"train": 400, "test": 400}, read=_words, **facts)
    tones = Dataset("tones", ("low", "high"), {"train": 200, "test": 200}, read=_tones, **facts)
    tones = dataclasses.replace(tones, input_shape=(1_024, 1), sample_rate=8_000)
    for dataset in (words, tones):
        if dataset.name not in DATASETS:
            DATASETS.add(dataset.name, dataset)


TEXTS = Recipe(
    model="text_cnn_rand",
    dataset="words",
    tokens=Tokens(window=2),
    epochs=3,
    batch_size=20,
    learning_rate=0.002,
    validation=100,
)
SOUNDS = Recipe(
    model="m3", dataset="tones", epochs=10, batch_size=8, learning_rate=0.002, validation=40
)


@pytest.fixture(scope="module")
def text_run(own_sets, tmp_path_factory):
    return cnnzoo.train(TEXTS, out=tmp_path_factory.mktemp("texts") / "run")


def test_a_text_network_learns_and_answers_alike_from_a_savedmodel(
    text_run, tmp_path, proving_here
):
    assert text_run.accuracy > 0.95
    classifier = cnnzoo.load(text_run.path)
    texts = ["one GOOD two", b"bad", "", "unheard words", "one\0bad\ttwo\n", "bad " * 3_000]
    answers = classifier.predict(texts)
    assert [classifier.class_names[one["class_id"]] for one in answers[:2]] == ["good", "bad"]
    assert answers[3]["label"] == "unknown"
    assert [answer["input"] for answer in answers[:2]] == ["one GOOD two", "bad"]
    with proving_here():
        (export,) = cnnzoo.export(classifier, tmp_path, ["savedmodel"])
    assert export["max_difference"] <= 1e-5
    served = cnnzoo.load(export["path"]).predict(texts)
    for one, other in zip(answers, served, strict=True):
        assert one["scores"] == pytest.approx(other["scores"], abs=1e-5)
    alone = [classifier.predict(text)[0]["scores"] for text in texts]
    for one, answer in zip(alone, answers, strict=True):
        assert one == pytest.approx(answer["scores"], abs=1e-5)


def test_the_vocabulary_is_that_of_the_training_part_alone(text_run):
    card = cnnzoo.load(text_run.path).card
    # Padding, unknown, four numbers and two words that tell the class.
    assert card["vocabulary_size"] == 2 + 4 + 2
    assert card["task"] == "text classification"
    assert card["input"] == {"shape": []}


def test_a_text_run_is_scored_on_every_example(text_run):
    assert text_run.metrics["examples"] == 400
    classifier = cnnzoo.load(text_run.path)
    measured = cnnzoo.evaluate(classifier, "validation")
    assert measured["examples"] == 100
    assert measured["accuracy"] == pytest.approx(text_run.metrics["validation"]["accuracy"])
    assert measured["loss"] == pytest.approx(text_run.metrics["validation"]["loss"], rel=1e-4)


@pytest.mark.parametrize("wrong", [3, None, ["a", "b"], np.zeros((2, 2)), "\ud800"])
def test_what_is_no_text_is_refused(text_run, wrong):
    with pytest.raises(CnnzooError, match=r"inputs\[0\] must be"):
        cnnzoo.load(text_run.path).predict([wrong])


def test_a_sound_network_learns_and_answers_from_wav_files(own_sets, tmp_path, proving_here):
    run = cnnzoo.train(SOUNDS, out=tmp_path / "run")
    assert run.accuracy > 0.95
    classifier = cnnzoo.load(run.path)
    sound = _tones("test").inputs[1]
    path = tmp_path / "high.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(sound.tobytes())
    np.save(tmp_path / "high.npy", sound)
    forms = [path, path.read_bytes(), sound, str(tmp_path / "high.npy")]
    answers = classifier.predict(forms)
    with proving_here():
        (export,) = cnnzoo.export(classifier, tmp_path / "exports", ["savedmodel"])
    answers += cnnzoo.load(export["path"]).predict(forms)
    assert [answer["label"] for answer in answers] == ["high"] * 8
    for answer in answers:
        assert answer["scores"] == pytest.approx(answers[0]["scores"], abs=1e-5)
    with pytest.raises(CnnzooError, match=r"inputs\[0\] is damaged: it cannot be decoded"):
        classifier.predict(path.read_bytes()[:40])


@pytest.mark.parametrize(
    ("recipe", "changes", "message"),
    [
        (TEXTS, {"tokens": None}, "tokens must say how texts turn into tokens; got none"),
        (TEXTS, {"augmentation": "flip"}, "augmentation must be none for texts; got 'flip'"),
        (TEXTS, {"model": "lenet5"}, "dataset must hold what the network takes; words does not"),
        (TEXTS, {"model": "char_cnn_small"}, "tokens.alphabet must be that of char_cnn_small"),
        (TEXTS, {"tokens": Tokens(level="letter")}, "level 'letter' is unknown"),
        (
            TEXTS,
            {"model": "vdcnn9", "tokens": Tokens(level="character", vectors="x.bin")},
            "tokens.vectors must be none for vdcnn9; got 'x.bin'",
        ),
        (SOUNDS, {"tokens": Tokens()}, "tokens must be none for sounds"),
        (SOUNDS, {"normalization": "centered"}, "must be standardized or unit for sounds"),
        (SOUNDS, {"model_options": {"depth": 3}}, "option of m3 'depth' is unknown"),
    ],
)
def test_parts_of_a_recipe_that_do_not_fit_each_other(recipe, changes, message, own_sets, tmp_path):
    with pytest.raises(CnnzooError, match=message):
        cnnzoo.train(recipe.replace(**changes), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_pretrained_vectors_start_the_network_and_are_reported(own_sets, tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("good 1 1 1\nbad -1 -1 -1\none 0 0 1\n")
    tokens = Tokens(vectors=str(path))
    recipe = TEXTS.replace(model="text_cnn_static", tokens=tokens, epochs=1)
    classifier = cnnzoo.load(cnnzoo.train(recipe, out=tmp_path / "run").path)
    assert classifier.card["vocabulary_coverage"] == 0.5
    (tokenizer,) = [one for one in classifier.model.layers if one.name == "tokens"]
    network = classifier.model.get_layer("text_cnn_static")
    (matrix,) = network.get_layer("embedding_static").get_weights()
    assert matrix[tokenizer.tokenize(["bad"])[0][0]].tolist() == [-1, -1, -1]


@pytest.mark.slow
def test_characters_of_a_network_with_an_alphabet(own_sets, tmp_path):
    tokens = Tokens(level="character", alphabet=ALPHABET, length=1_014, shortest=None)
    recipe = TEXTS.replace(model="char_cnn_small", tokens=tokens, epochs=1, batch_size=50)
    run = cnnzoo.train(recipe, out=tmp_path / "run")
    assert cnnzoo.load(run.path).model.get_layer("tokens").length == 1_014
    assert run.metrics["examples"] == 400
