import hashlib
import os
import random
import re
import unicodedata
from pathlib import Path

import pytest
import tensorflow as tf

from cnnzoo.cleaning import CLEANINGS, clean, effects, suited
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.texts import as_bytes, read_lines
from cnnzoo.pipelines.tf_cleaning import clean_tensor

TEXTS = Path(os.environ.get("TFDS_DATA_DIR", os.devnull)).parent / "text"


def published_kim(text, keep_case=False):
    """The author's substitutions one after the other, on bytes, as his Python 2 does them."""
    text = re.sub(rb"[^A-Za-z0-9(),!?\'\`]", b" ", text)
    for short in (b"'s", b"'ve", b"n't", b"'re", b"'d", b"'ll"):
        text = text.replace(short, b" " + short)
    for mark in (b",", b"!"):
        text = text.replace(mark, b" " + mark + b" ")
    for mark in (b"(", b")", b"?"):
        text = text.replace(mark, b" \\" + mark + b" ")
    text = re.sub(rb"\s{2,}", b" ", text).strip()
    return text if keep_case else text.lower()


def published_kim_sst(text):
    text = re.sub(rb"[^A-Za-z0-9(),!?\'\`]", b" ", text)
    return re.sub(rb"\s{2,}", b" ", text).strip().lower()


def shapes(text):
    """Signs as words, digits as zeros, the pound sign as a word, byte by byte."""
    text = text.replace(b"\xc2\xa3", b" gbp ").lower()
    found = []
    for byte in text:
        one = bytes([byte])
        if one.isdigit():
            found.append(b"0")
        elif one.isalpha():
            found.append(one)
        else:
            found.append(b" " + one + b" " if 33 <= byte <= 126 else b" ")
    return b" ".join(b"".join(found).split())


def letters(text):
    """Small letters, digits and marks, emoji as words, character by character of UTF-8."""
    found = []
    for one in text.decode("utf-8", "replace"):
        category = unicodedata.ucd_3_2_0.category(one)
        if one == "😀":
            found.append(f" {one} ")
        elif category[0] in "PZS" or category in ("Cc", "Cf"):
            found.append(" ")
        else:
            found.append(one.casefold() if len(one.casefold()) == 1 else one.lower()[0])
    return " ".join("".join(found).split()).encode()


PUBLISHED = {
    "none": lambda text: text,
    "lower": lambda text: bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in text),
    "kim": published_kim,
    "kim_trec": lambda text: published_kim(text, keep_case=True),
    "kim_sst": published_kim_sst,
    "shapes": shapes,
    "unicode": letters,
}


def random_texts(count, seed=0):
    pieces = [bytes([byte]) for byte in range(256)]
    words = (
        b"Isn't|it's|I've|we're|he'd|she'll|n't's|''s|(a)|what?!|a,b|`|\xc3\x89|\xf0\x9f\x98\x80"
    )
    pieces += 40 * [
        *words.split(b"|"),
        b" ",
        b"  ",
        b"\n",
        b"\0",
        b"\xed\xa0\x80",
        b"\xff",
        b"\xc2\xa3",
    ]
    draw = random.Random(seed)
    return [b"".join(draw.choices(pieces, k=draw.randrange(12))) for _ in range(count)]


def test_the_rules_have_the_published_results_on_known_sentences():
    sentence = b"It's (really) GOOD, isn't it? We've 50% \xe9clat - they'll say!"
    assert clean(sentence, "kim") == (
        rb"it 's \( really \) good , is n't it \? we 've 50 clat they 'll say !"
    )
    assert clean(sentence, "kim_trec").startswith(rb"It 's \( really \) GOOD ,")
    assert clean(sentence, "kim_sst") == b"it's (really) good, isn't it? we've 50 clat they'll say!"
    assert clean("Win \xa3150, call 0870 NOW!".encode(), "shapes") == (
        b"win gbp 000 , call 0000 now !"
    )
    assert clean(b"\xc3\x89T\xc3\x89 A", "lower") == b"\xc3\x89t\xc3\x89 a"  # ASCII alone.


@pytest.mark.parametrize("cleaning", sorted(CLEANINGS))
def test_python_and_graph_clean_any_bytes_as_published(cleaning):
    texts = [*random_texts(4000), b"", bytes(range(256)), bytes(range(256)) * 4096]
    expected = [PUBLISHED[cleaning](text) for text in texts]
    assert [clean(text, cleaning) for text in texts] == expected
    graph = tf.function(lambda texts: clean_tensor(texts, cleaning))
    assert graph(tf.constant(texts)).numpy().tolist() == expected


def test_an_unknown_rule_is_refused_with_near_matches():
    for rule in (clean, clean_tensor):
        with pytest.raises(CnnzooError, match="cleaning 'kimm' is unknown; did you mean kim"):
            rule(b"", "kimm")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Это БЫЛ «хороший» фильм!", "это был хороший фильм"),
        ("这部电影很好看,真的。OK", "这 部 电 影 很 好 看 真 的 ok"),
        ("東京タワーだ", "東 京 タ ワ ー だ"),
        ("ดีครับ", "ด ี ค ร ั บ"),
        ("नमस्ते दुनिया।", "नमस्ते दुनिया"),
        ("مرحبا، يا عالم؟", "مرحبا يا عالم"),
        ("한국어 텍스트", "한국어 텍스트"),
        ("Straße ÉTÉ ΛΟΓΟΣ İstanbul", "straße été λογοσ istanbul"),
        ("I ❤️ it😀😀", "i ❤ it 😀 😀"),
        ("a\x85b\u3000ｃ \u200b1", "a b ｃ 1"),
    ],
)
def test_the_rule_for_every_script_keeps_letters_and_digits(text, expected):
    assert clean(text.encode(), "unicode").decode() == expected
    assert clean_tensor(tf.constant(text), "unicode").numpy().decode() == expected


def test_the_rule_for_every_script_agrees_on_every_character():
    places = [place for place in range(0x110000) if not 0xD800 <= place < 0xE000]
    texts = [
        "".join(map(chr, places[begin : begin + 999])).encode() for begin in range(0, 2**20, 999)
    ]
    cleaned = [clean(text, "unicode") for text in texts]
    assert clean_tensor(tf.constant(texts), "unicode").numpy().tolist() == cleaned


def test_the_rule_for_every_script_is_that_of_the_first_version_in_every_version_of_python():
    rule = CLEANINGS["unicode"]
    digest = hashlib.sha256("\n".join([*rule.characters, rule.apart]).encode()).hexdigest()
    assert digest == "fd1ee13a1148a65c2d7d03356d3a53aeda3befe29a0ef263a1cc3ad3aae3a024"


@pytest.mark.parametrize(
    ("texts", "rules"),
    [
        (
            ["good film", "it's 50%?"] * 50 + ["naïve"],
            {"none", "lower", "kim", "shapes", "unicode"},
        ),
        (["好电影", "坏电影"], {"unicode"}),
        (["สวัสดี", "good"], {"unicode"}),
        (["хороший фильм", "плохой"], {"none", "lower", "unicode"}),
        (["für die Größe", "schön böse"], {"none", "lower", "unicode"}),
        (["good film"] * 200 + ["好"], {"none", "lower", "kim", "shapes", "unicode"}),
        (["good film 😀", "£5!"], {"none", "lower", "kim", "shapes", "unicode"}),
        (["", "123"], {"none", "lower", "kim", "shapes", "unicode"}),
    ],
)
def test_a_rule_suits_texts_whose_letters_it_keeps(texts, rules):
    found = {name for name in ("none", "lower", "kim", "shapes", "unicode") if suited(texts, name)}
    assert found == rules


def test_emptied_and_merged_texts_are_counted():
    texts = ["good!", "good?", "bad", "...", "好", "bad"]
    assert effects(texts, [0, 1, 0, 1, 0, 1], "unicode") == (1, 2)
    assert effects(texts, [0, 1, 0, 1, 0, 1], "kim") == (2, 0)
    assert effects(texts, [0, 0, 0, 1, 1, 0], "unicode") == (1, 0)
    assert effects(texts, [0, 1, 0, 1, 0, 1], "lower", alphabet="god") == (2, 2)


@pytest.mark.data
def test_kims_rules_give_the_vocabulary_and_length_of_mr():
    """Table 1 of the paper: 18,765 words, one of them padding, and at most 56 in a sentence."""
    if not TEXTS.is_dir():
        pytest.skip(f"no texts in {TEXTS}")
    files = [TEXTS / "mr" / f"rt-polarity.{side}" for side in ("pos", "neg")]
    lines = [line for file in files for line in read_lines(file, "cp1252")]
    assert len(lines) == 2 * 5331
    words = [clean(as_bytes(line), "kim").split() for line in lines]
    assert max(map(len, words)) == 56
    assert len({word for line in words for word in line}) == 18_765 - 1
