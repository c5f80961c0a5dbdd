"""The readers of an exported tokenizer, in Python and JavaScript, against the layer itself."""

import importlib.util
import itertools
import json
import random
import shutil
import subprocess

import pytest

from cnnzoo.cleaning import CLEANINGS
from cnnzoo.datasets import load_dataset
from cnnzoo.export.serving_files import write_tokenizer
from cnnzoo.models.char_cnn import ALPHABET
from cnnzoo.pipelines.tokenizer import SIDES, Tokenizer

NODE = shutil.which("node")

# What breaks tokenizers: white space of all kinds, NUL, marks that combine, characters outside the
# first plane, joined emoji, a byte order mark, quotes and brackets that cleaning takes apart.
PIECES = [
    *(
        "a",
        "B",
        "it's",
        "don't",
        "we'll",
        "I've",
        "(no)",
        "what?!",
        "x,y",
        "`q'",
        "\\1",
        "$1",
        "$&",
    ),
    *(" ", "  ", "\t", "\n", "\r\n", "\v", "\f", "\0", "\x1c", "\x85", "\xa0", "\u2028", "\u3000"),
    *(
        "é",
        "e\u0301",
        "ß",
        "İ",
        "ı",
        "K",
        "Σς",
        "中文",
        "한글",
        "עברית",
        "\u200d",
        "\ufeff",
        "\ufffd",
    ),
    *("😀", "👩‍👩‍👧", "🇩🇪", "𝒳", "\U0010ffff", "\ud7ff", "\ue000"),
]
WRONG = [
    *(bytes([byte]) for byte in range(128, 256)),
    *(
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98",
        b"\xc0\xaf",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"\xed\xa0\xbd",
    ),
    *(b"\xef\xbb\xbf", b"\xf0\x9f\x98\x80\xf0", b"\xfe\xff"),
]


def mixed(count, seed):
    """Bytes from the pieces above, every third of them with what is not UTF-8."""
    draw = random.Random(seed)
    encoded = [piece.encode() for piece in PIECES]
    texts = [b"", b" ", bytes(range(256)), *(bytes([byte]) for byte in range(256)), *encoded]
    for place in range(count):
        pieces = encoded + WRONG if place % 3 == 0 else encoded
        texts.append(b"".join(draw.choices(pieces, k=draw.randrange(25))))
    return texts


TEXTS = mixed(1_500, seed=0)
STRINGS = [text.decode() for text in TEXTS if text.decode("utf-8", "ignore").encode() == text]
LONG = b"".join(mixed(30_000, seed=2))  # About a megabyte.

TOKENIZERS = {
    f"{level}-{cleaning}": Tokenizer.fit(
        mixed(200, seed=1), level=level, cleaning=cleaning, length=9
    )
    for level, cleaning in itertools.product(("word", "character"), CLEANINGS)
}
TOKENIZERS |= {
    f"{padding}-{truncation}-{backwards}": Tokenizer.fit(
        mixed(200, seed=1),
        length=7,
        shortest=3,
        padding=padding,
        truncation=truncation,
        backwards=backwards,
    )
    for padding, truncation, backwards in itertools.product(SIDES, SIDES, (False, True))
}
TOKENIZERS |= {
    "any-length": Tokenizer.fit(mixed(200, seed=1)),
    "zhang": Tokenizer(ALPHABET, level="character", cleaning="lower", length=50, backwards=True),
    "not-utf8": Tokenizer([b"\xff", b"\xff\xfe", b"a\xc3", "é", "😀", b"\0", b"", b"a b", b"a"]),
    "twice": Tokenizer("aba", level="character"),
    "empty": Tokenizer([]),
}


def in_python(folder, texts):
    """What the reader in `folder` gives, loaded from the file itself."""
    spec = importlib.util.spec_from_file_location("shipped", folder / "tokenizer.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Tokenizer(folder / "tokenizer.json")(texts)


IN_NODE = """
const fs = require("fs");
const { Tokenizer } = require("./tokenizer.js");
const tokenizer = new Tokenizer(JSON.parse(fs.readFileSync("tokenizer.json", "utf8")));
const given = JSON.parse(fs.readFileSync("given.json", "utf8"));
const texts = given.map((text) => (typeof text === "string" ? text : Uint8Array.from(text)));
const { tokens, shape } = tokenizer.batch(texts);
fs.writeFileSync("found.json", JSON.stringify({ tokens: Array.from(tokens), shape }));
"""


def in_javascript(folder, texts):
    """What the reader in `folder` gives in Node.js, for strings and for bytes."""
    given = [text if isinstance(text, str) else list(text) for text in texts]
    (folder / "given.json").write_text(json.dumps(given))
    subprocess.run([NODE, "-e", IN_NODE], cwd=folder, check=True)
    found = json.loads((folder / "found.json").read_text())
    rows, length = found["shape"]
    return [found["tokens"][row * length : (row + 1) * length] for row in range(rows)]


def check(tokenizer, texts, folder):
    """Compare both readers with the layer."""
    write_tokenizer(tokenizer, folder)
    wanted = tokenizer(texts).numpy().tolist()
    assert in_python(folder, texts) == wanted
    if NODE is not None:
        assert in_javascript(folder, texts) == wanted


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS)
def test_the_tokens_are_those_of_the_layer(tokenizer, tmp_path):
    check(tokenizer, TEXTS + STRINGS, tmp_path)


@pytest.mark.parametrize("name", ["word-kim", "character-none", "any-length"])
def test_a_very_long_text(name, tmp_path):
    check(TOKENIZERS[name], [LONG], tmp_path)


def test_half_a_surrogate_pair(tmp_path):
    """Python's strings for bytes that are not UTF-8 are these bytes; JavaScript has no such."""
    tokenizer = Tokenizer("a\ufffd", level="character", length=3)
    write_tokenizer(tokenizer, tmp_path)
    assert in_python(tmp_path, ["a\udcffa"]) == tokenizer(["a\udcffa"]).numpy().tolist()
    with pytest.raises(UnicodeEncodeError):
        in_python(tmp_path, ["\ud83d"])
    if NODE is not None:
        assert in_javascript(tmp_path, ["a\ud83da", "\ude00"]) == [[2, 3, 2], [3, 0, 0]]


@pytest.mark.parametrize("level", ["word", "character"])
def test_real_messages(level, tmp_path):
    messages = [*load_dataset("sms_spam").inputs, *load_dataset("sms_spam", split="test").inputs]
    assert len(messages) == 5_574
    options = {"cleaning": "kim"} if level == "word" else {"padding": "front"}
    tokenizer = Tokenizer.fit(messages, level=level, length=60, **options)
    check(tokenizer, messages, tmp_path)
