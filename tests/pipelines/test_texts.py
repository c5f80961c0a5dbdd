import os
import random
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.texts import CLEANINGS, as_bytes, check_texts, clean, clean_tensor, read_lines

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


PUBLISHED = {
    "none": lambda text: text,
    "lower": lambda text: bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in text),
    "kim": published_kim,
    "kim_trec": lambda text: published_kim(text, keep_case=True),
    "kim_sst": published_kim_sst,
    "shapes": shapes,
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


def test_texts_turn_into_bytes():
    expected = ["é".encode(), b"\xff", b"", b"a\0"]
    for texts in (
        ["é", b"\xff", "", "a\0"],
        ("é", "\udcff", b"", b"a\0"),
        np.array(["é", b"\xff", "", "a\0"], object),
        tf.constant(["é", b"\xff", "", "a\0"]),
    ):
        assert check_texts(texts) == expected
    assert check_texts(np.array(["é", "a"])) == ["é".encode(), b"a"]
    assert type(as_bytes(np.str_("a"))) is bytes


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one", "texts must be a list of strings; got one str"),
        (b"one", "texts must be a list of strings; got one bytes"),
        (None, "got one NoneType"),
        (["a", 3], r"texts\[1\] must be a string; got 3"),
        (["a", ["b"]], r"texts\[1\] must be a string; got \['b'\]"),
        (np.zeros(2), r"texts\[0\] must be a string; got"),
        (np.array([["a"]], object), r"texts must be a list of strings; got shape \[1, 1\]"),
        (tf.constant("a"), "texts must be a list of strings; got one bytes"),
        (
            ["a\ud800b"],
            r"texts\[0\] must be Unicode text; got half of a surrogate pair.*character 1",
        ),
    ],
)
def test_what_is_no_text_is_refused(texts, message):
    with pytest.raises(CnnzooError, match=message):
        check_texts(texts)


def test_lines_end_only_in_newlines(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_bytes("one\r\n\x85two\u2028\f\n\nthree\rfour".encode())
    assert read_lines(path) == ["one", "\x85two\u2028\f", "", "three\rfour"]
    path.write_bytes(b"a\x85b\n\xe9\n")
    assert read_lines(path, "cp1252") == ["a…b", "é"]
    path.write_bytes(b"")
    assert read_lines(path) == []


def test_text_of_another_encoding_is_refused_with_file_line_and_bytes(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"fine\ncaf\xe9 noir\n")
    with pytest.raises(
        CnnzooError, match=r"latin\.txt, line 2, must be UTF-8 text; got 0xe9 after 3 bytes"
    ):
        read_lines(path)
    with pytest.raises(CnnzooError, match="encoding must be one that Python knows; got 'utf-88'"):
        read_lines(path, "utf-88")
    with pytest.raises(CnnzooError, match="must be a file; there is nothing"):
        read_lines(tmp_path / "none.txt")


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
