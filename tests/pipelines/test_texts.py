import numpy as np
import pytest
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.texts import as_bytes, check_texts, read_lines


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


def test_lines_end_in_newlines_and_carriage_returns_and_nowhere_else(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_bytes("one\r\n\x85two\u2028\f\n\nthree\rfour\r".encode())
    assert read_lines(path) == ["one", "\x85two\u2028\f", "", "three", "four"]
    path.write_bytes(b"a\x85b\n\xe9\n")
    assert read_lines(path, "cp1252") == ["a…b", "é"]
    path.write_bytes(b"")
    assert read_lines(path) == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_names_the_encoding_whatever_is_said(tmp_path, encoding):
    path = tmp_path / "marked.txt"
    path.write_text("schön\n中文\r\n", encoding=encoding, newline="")
    assert read_lines(path) == read_lines(path, "cp1252") == ["schön", "中文"]


def test_text_of_another_encoding_is_refused_with_file_line_and_bytes(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"fine\ncaf\xe9 noir\n")
    with pytest.raises(
        CnnzooError,
        match=r"latin\.txt, line 2, must be UTF-8 text; got 0xe9 after 3 bytes; .* --encoding cp12",
    ):
        read_lines(path)
    path.write_bytes(b"fine\r\r\nab\x81")
    with pytest.raises(CnnzooError, match="line 3, must be CP1252 text; got 0x81 after 2 bytes$"):
        read_lines(path, "cp1252")
    path.write_bytes("fine\nab".encode("utf-16") + b"\x00\xd8")
    with pytest.raises(CnnzooError, match="line 2, must be UTF-16-LE text; got 0x00 0xd8 after 4"):
        read_lines(path)
    with pytest.raises(CnnzooError, match="encoding must be one that Python knows; got 'utf-88'"):
        read_lines(path, "utf-88")
    with pytest.raises(CnnzooError, match="encoding must be one that Python knows; got 'base64'"):
        read_lines(path, "base64")
    with pytest.raises(CnnzooError, match="must be a file; there is nothing"):
        read_lines(tmp_path / "none.txt")
