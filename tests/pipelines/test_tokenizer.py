import json
import random
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnzoo.datasets import load_dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.models import char_cnn, create_model
from cnnzoo.pipelines.tokenizer import SIDES, Tokenizer

EMOJI = "😀".encode()


def texts(count=300, seed=0):
    """Every byte alone and between words, and what breaks tokenizers."""
    draw = random.Random(seed)
    pieces = [b"a", b"B", b"it's", b" ", b"\n", b"\0", b"\xc3\xa9", b"\x85", b"\xff", EMOJI, b"?"]
    mixed = [b"".join(draw.choices(pieces, k=draw.randrange(15))) for _ in range(count)]
    single = [bytes([byte]) for byte in range(256)]
    between = [b"a " + byte + b"b" for byte in single]
    broken = [b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf", b"\xf4\x90\x80\x80", EMOJI[1:] + b"a"]
    return [b"", b"   ", bytes(range(256)), *single, *between, *broken, *mixed]


def long_text():
    return (b"word \0\n" + bytes(range(256)) + EMOJI) * (2**20 // 267 + 1)


def expected(tokenizer, batch):
    """The rows that the plain Python code gives."""
    return np.array(tokenizer.tokenize(batch))


def test_words_are_ordered_by_count_and_then_by_bytes():
    tokenizer = Tokenizer.fit(["b a c", "b Z \xe9", b"\xff b a"])
    assert tokenizer.vocabulary == (b"b", b"a", b"Z", b"c", "é".encode(), b"\xff")
    assert tokenizer.vocabulary_size == 8
    assert tokenizer(["b z\tZ", "\udcff a"]).numpy().tolist() == [[2, 1, 4], [7, 3, 0]]


def test_limits_of_size_and_frequency():
    found = ["a a a b b c c d"]
    assert Tokenizer.fit(found, min_count=2).vocabulary == (b"a", b"b", b"c")
    assert Tokenizer.fit(found, max_tokens=4).vocabulary == (b"a", b"b")
    assert Tokenizer.fit(found, max_tokens=99, min_count=3).vocabulary == (b"a",)
    nothing = Tokenizer.fit(found, max_tokens=2)
    assert nothing.vocabulary_size == 2
    assert nothing(["a b", ""]).numpy().tolist() == [[1, 1], [0, 0]]
    assert Tokenizer([], level="character")(["a\0"]).numpy().tolist() == [[1, 1]]


def test_the_alphabet_of_zhang_2015():
    """Lower case, read backwards; the hyphen stands twice and the later place counts."""
    tokenizer = Tokenizer(
        char_cnn.ALPHABET, level="character", cleaning="lower", length=8, backwards=True
    )
    hyphen = 2 + 36 + 23  # After padding, unknown, letters and digits, and ",;.!?:'" to "+".
    assert tokenizer.vocabulary_size == 2 + 70
    # The last character comes first, and the first is the one that is cut off.
    assert tokenizer(["AB-\n", "xyZ 0123", "-abcdefgh"]).numpy().tolist() == [
        [71, hyphen, 3, 2, 0, 0, 0, 0],
        [2 + 29, 2 + 28, 2 + 27, 2 + 26, 1, 2 + 25, 2 + 24, 2 + 23],
        [9, 8, 7, 6, 5, 4, 3, 2],
    ]
    fitted = Tokenizer.fit(["ab", "abc"], level="character", alphabet="cab-", length=3)
    assert fitted.vocabulary == (b"c", b"a", b"b", b"-")
    assert fitted(["abx"]).numpy().tolist() == [[3, 4, 1]]


@pytest.mark.parametrize(
    ("padding", "truncation", "backwards", "short", "long"),
    [
        ("end", "end", False, [2, 3, 0, 0, 0], [2, 3, 4, 5, 6]),
        ("front", "end", False, [0, 0, 0, 2, 3], [2, 3, 4, 5, 6]),
        ("both", "front", False, [0, 2, 3, 0, 0], [5, 6, 7, 8, 9]),
        ("end", "both", False, [2, 3, 0, 0, 0], [3, 4, 5, 6, 7]),
        ("end", "end", True, [3, 2, 0, 0, 0], [9, 8, 7, 6, 5]),
        ("front", "front", True, [0, 0, 0, 3, 2], [6, 5, 4, 3, 2]),
    ],
)
def test_sides(padding, truncation, backwards, short, long):
    tokenizer = Tokenizer(
        "abcdefgh",
        level="character",
        length=5,
        padding=padding,
        truncation=truncation,
        backwards=backwards,
    )
    assert tokenizer(["ab", "abcdefgh", ""]).numpy().tolist() == [short, long, 5 * [0]]


def test_a_batch_without_length_is_as_long_as_its_longest_text():
    free, limited = Tokenizer("ab"), Tokenizer("ab", length=3, shortest=2)
    for tokenizer, text, length in (
        (free, "", 1),
        (free, "a b a b", 4),
        (limited, "", 2),
        (limited, "a b a", 3),
        (limited, "a b a b", 3),
    ):
        assert tokenizer(["", text]).shape == (2, length)
    assert free.compute_output_shape((None,)) == limited.compute_output_shape((None,))
    assert free(tf.constant([], tf.string)).shape == (0, 1)


@pytest.mark.parametrize("level", ["word", "character"])
@pytest.mark.parametrize("cleaning", ["none", "lower", "kim"])
@pytest.mark.parametrize("side", sorted(SIDES))
@pytest.mark.parametrize("backwards", [False, True])
def test_python_eager_and_graph_agree_on_any_bytes(level, cleaning, side, backwards):
    sides = {"padding": side, "truncation": side, "backwards": backwards}
    tokenizer = Tokenizer.fit(
        texts(100, seed=1), level=level, cleaning=cleaning, max_tokens=20, length=6, **sides
    )
    batch = [*texts(), long_text()]
    tokens = expected(tokenizer, batch)
    assert len(np.unique(tokens)) > 3
    assert np.array_equal(tokenizer(batch), tokens)
    assert tokenizer(batch).dtype == tf.int32
    mapped = tf.data.Dataset.from_tensors(tf.constant(batch)).map(tokenizer)
    assert np.array_equal(next(iter(mapped)), tokens)
    rows = tokenizer.ragged(batch)
    assert np.array_equal(tokenizer.pad(rows), tokens)
    assert rows.dtype == tf.int32


def test_real_messages_have_the_same_tokens_in_python_and_in_a_graph():
    messages = load_dataset("sms_spam").inputs
    for options in ({"cleaning": "kim"}, {"level": "character", "padding": "front"}):
        tokenizer = Tokenizer.fit(messages, length=60, **options)
        tokens = tokenizer.pad(tokenizer.ragged(messages))
        assert np.array_equal(tokens, expected(tokenizer, messages))


def test_characters_of_wrong_bytes_are_those_of_unicode():
    tokenizer = Tokenizer("\ufffdab", level="character")
    tokens = tokenizer([b"a\xffb", b"\xe2\x82b", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf"])
    # A cut-off character is replaced once, a surrogate and an overlong form byte by byte.
    assert tokens.numpy().tolist() == [[3, 2, 4], [2, 4, 0], [2, 2, 2], [2, 0, 0], [2, 2, 0]]


HOSTILE = [b"a\nb", b"\n", b"", b"\0", b"a\0", b"\xff", b"\xff\xfe", b"\xc3\xa9", EMOJI, b"a b"]


def test_any_vocabulary_survives_its_config():
    tokenizer = Tokenizer(HOSTILE, length=3, padding="both", backwards=True)
    config = json.loads(json.dumps(tokenizer.get_config()))
    again = Tokenizer.from_config(config)
    assert again.vocabulary == tokenizer.vocabulary == tuple(HOSTILE)
    assert again.get_config() == tokenizer.get_config()
    batch = [b"\0 a\0 \xff", b"\xff\xfe \xc3\xa9 " + EMOJI]
    assert again(batch).numpy().tolist() == [[7, 6, 5], [10, 9, 8]]


FRESH = """
import sys
import numpy as np
import tensorflow as tf

folder = sys.argv[1]
batch = tf.io.parse_tensor(tf.io.read_file(f"{folder}/texts"), tf.string)
for level in ("word", "character"):
    saved = tf.saved_model.load(f"{folder}/{level}")
    np.save(f"{folder}/saved_{level}", saved.signatures["serving_default"](batch)["output_0"])
assert "cnnzoo" not in sys.modules

import keras
import cnnzoo.pipelines.tokenizer
for level in ("word", "character"):
    model = keras.saving.load_model(f"{folder}/{level}.keras")
    np.save(f"{folder}/keras_{level}", model(batch))
"""


def test_saved_models_give_the_same_tokens_in_a_fresh_process(tmp_path):
    characters = [*map(chr, range(128)), "é", "😀", "\ufffd"]
    words = [*HOSTILE, *(bytes([byte]) for byte in range(256))]
    batch = [*texts(), long_text()]
    tf.io.write_file(f"{tmp_path}/texts", tf.io.serialize_tensor(tf.constant(batch)))
    tokens = {}
    for level, vocabulary in (("word", words), ("character", characters)):
        tokenizer = Tokenizer(vocabulary, level=level, length=9)
        strings = keras.Input((), dtype="string", name="texts")
        model = keras.Model(strings, tokenizer(strings))
        assert model.output.shape == (None, 9)
        assert model.output.dtype == "int32"
        model.save(tmp_path / f"{level}.keras")
        model.export(tmp_path / level, verbose=False)
        tokens[level] = expected(tokenizer, batch)
    subprocess.run([sys.executable, "-c", FRESH, tmp_path], check=True)
    for level, wanted in tokens.items():
        for kind in ("saved", "keras"):
            assert np.array_equal(np.load(tmp_path / f"{kind}_{level}.npy"), wanted)


def test_a_network_predicts_from_texts():
    tokenizer = Tokenizer.fit(["good film", "bad film"])
    network = create_model(
        "text_cnn_rand", input_shape=(None,), vocabulary_size=tokenizer.vocabulary_size
    )
    strings = keras.Input((), dtype="string")
    model = keras.Model(strings, network(tokenizer(strings)))
    answers = model(tf.constant(["good film", "film"])).numpy()
    assert np.allclose(answers, network(np.array([[4, 2], [2, 0]])), atol=1e-6)
    alone = model.predict(tf.constant(["film"]), verbose=0)[0]
    assert np.allclose(alone, answers[1], atol=1e-7)  # A batch of one may add in another order.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "words"}, "level 'words' is unknown; did you mean word"),
        ({"cleaning": "kimm"}, "cleaning 'kimm' is unknown; did you mean kim"),
        ({"padding": "frnt"}, "padding 'frnt' is unknown; did you mean front"),
        ({"truncation": None}, "truncation None is unknown; known: both, end, front"),
        ({"length": 0}, "length must be an integer of at least 1; got 0"),
        ({"length": 2.5}, "length must be an integer of at least 1; got 2.5"),
        ({"shortest": 0}, "shortest must be an integer of at least 1; got 0"),
        ({"length": 3, "shortest": 4}, "shortest must be at most length, 3; got 4"),
        ({"min_count": 0}, "min_count must be an integer of at least 1; got 0"),
        ({"max_tokens": 1}, "max_tokens must be an integer of at least 2; got 1"),
        ({"alphabet": "ab"}, "level must be \"character\" for an alphabet; got 'word'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(CnnzooError, match=message):
        Tokenizer.fit(["a b"], **arguments)


def test_wrong_vocabularies_and_texts_are_refused():
    for vocabulary in (["ab"], [""], [b"\xff"], [b"a\xff"]):
        with pytest.raises(CnnzooError, match="vocabulary must hold single characters; got"):
            Tokenizer(vocabulary, level="character")
    with pytest.raises(CnnzooError, match="each word of vocabulary must be a string; got 97"):
        Tokenizer(b"ab")
    tokenizer = Tokenizer(["a"])
    for wrong, message in (
        ("a", "texts must be a list of strings; got one str"),
        ([1], r"texts\[0\] must be a string; got 1"),
        (tf.constant([1]), r"texts must be strings of shape \[batch\]; got int32 \[1\]"),
        (tf.constant([["a"]]), r"got string \[1, 1\]"),
        (keras.Input((1,), dtype="string"), r"got string \[None, 1\]"),
    ):
        with pytest.raises(CnnzooError, match=message):
            tokenizer(wrong)
    with pytest.raises(CnnzooError, match="text must be a string; got None"):
        tokenizer.tokenize([None])
    for empty in (Tokenizer.fit, tokenizer.ragged):
        with pytest.raises(CnnzooError, match="texts must hold at least one text; got none"):
            empty([])
