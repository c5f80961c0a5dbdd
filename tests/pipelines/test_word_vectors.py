import gzip
import struct

import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.tokenizer import Tokenizer
from cnnzoo.pipelines.word_vectors import read_word_vectors

DIMENSION = 5
WORDS = [b"film", b"good", b"\xff\x85", b"\xc3\xa9", b"bad", b"unwanted"]
VECTORS = np.random.default_rng(0).normal(0, 0.1, (len(WORDS), DIMENSION)).astype(np.float32)
VOCABULARY = [b"good", b"absent", b"film", b"\xff\x85", b"\xc3\xa9", b"missing"]


def text_lines(words=WORDS, vectors=VECTORS, after=b"\n"):
    numbers = [b" ".join(b"%.9g" % number for number in vector) for vector in vectors]
    return [word + b" " + row + after for word, row in zip(words, numbers, strict=True)]


def binary(after=b"\n"):
    rows = [
        word + b" " + struct.pack("<5f", *vector) + after
        for word, vector in zip(WORDS, VECTORS, strict=True)
    ]
    return HEADER + b"".join(rows)


HEADER = b"%d %d\n" % VECTORS.shape
GLOVE = b"".join(text_lines())

FORMATS = {
    "glove.txt": GLOVE,
    "spaces_at_the_ends.txt": b"".join(text_lines(after=b" \r\n")),
    "word2vec.txt": HEADER + GLOVE,
    "word2vec.bin": binary(),
    "without_line_ends.bin": binary(after=b""),
    "compressed.bin.gz": gzip.compress(binary()),
    "compressed.txt.gz": gzip.compress(HEADER + GLOVE),
}


def written(tmp_path, content, name="vectors.txt"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_vectors_of_the_vocabulary(tmp_path, name):
    path = written(tmp_path, FORMATS[name], name)
    found = read_word_vectors(path, VOCABULARY, seed=0, dimension=DIMENSION)
    assert found.matrix.shape == (2 + 6, DIMENSION)
    assert found.matrix.dtype == np.float32
    assert (found.matrix[0] == 0).all()
    for token, word in enumerate(VOCABULARY, start=2):
        if word in WORDS:
            assert np.array_equal(found.matrix[token], VECTORS[WORDS.index(word)])
    assert found.vocabulary_coverage == 4 / 6
    assert found.token_coverage is None


def test_the_kind_can_be_said(tmp_path):
    path = written(tmp_path, binary(), "vectors.model")
    found = read_word_vectors(str(path), VOCABULARY, seed=0, kind="word2vec_binary")
    assert np.array_equal(found.matrix[2], VECTORS[1])


def test_coverage_counts_words_and_training_tokens(tmp_path):
    tokenizer = Tokenizer.fit(["good good good absent", "absent film ?"], max_tokens=5)
    assert tokenizer.vocabulary == (b"good", b"absent", b"?")
    tokens = tokenizer(["good good good absent", "absent film ?"])
    assert tokens.numpy().tolist() == [[2, 2, 2, 3], [3, 1, 4, 0]]
    path = written(tmp_path, GLOVE)
    found = read_word_vectors(path, tokenizer.vocabulary, seed=0, tokens=tokens)
    assert found.vocabulary_coverage == pytest.approx(1 / 3)
    assert found.token_coverage == pytest.approx(3 / 7)  # Unknown counts, padding does not.
    nothing = read_word_vectors(path, [], seed=0, tokens=[0])
    assert (nothing.vocabulary_coverage, nothing.token_coverage) == (0, 0)


def test_absent_words_are_uniform_with_the_variance_of_the_known_and_from_the_seed(tmp_path):
    known = np.random.default_rng(1).normal(0.2, 0.3, (500, 40))
    words = [b"known%d" % place for place in range(500)]
    path = written(tmp_path, b"".join(text_lines(words, known)))
    vocabulary = [*words, *(b"absent%d" % place for place in range(500))]
    matrix = read_word_vectors(path, vocabulary, seed=0).matrix
    drawn = matrix[2 + 500 :]
    assert drawn.var() == pytest.approx(matrix[2:502].var(), rel=0.03)
    limit = np.sqrt(3) * known.std()
    assert 0.99 * limit < np.abs(drawn).max() <= limit
    assert np.histogram(drawn, 10, (-limit, limit))[0] == pytest.approx(2000, rel=0.15)
    assert matrix[1].any()
    assert np.array_equal(matrix, read_word_vectors(path, vocabulary, seed=0).matrix)
    other = read_word_vectors(path, vocabulary, seed=1).matrix
    assert np.array_equal(other[2:502], matrix[2:502])
    assert not np.isclose(other[502:], matrix[502:]).all(axis=1).any()


def test_without_any_known_word_the_limit_is_that_of_kim(tmp_path):
    matrix = read_word_vectors(written(tmp_path, GLOVE), [b"x"] * 2000, seed=0).matrix
    assert 0.249 < np.abs(matrix).max() <= 0.25


def test_the_first_vector_of_a_word_counts_and_words_may_have_spaces(tmp_path):
    lines = [b"good 1 2 3\n", b". . 4 5 6\n", b"good 7 8 9\n", b"a\0b 1 1 1\n", b". 0 0 0\n"]
    path = written(tmp_path, b"".join(lines))
    vocabulary = [b"good", b".", b". .", b"a\0b"]
    matrix = read_word_vectors(path, vocabulary, seed=0, dimension=3).matrix
    assert matrix[2:].tolist() == [[1, 2, 3], [0, 0, 0], [4, 5, 6], [1, 1, 1]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "a.txt, line 1: dimension must be from 1 to 16384; got 0"),
        ("a.txt", GLOVE[:-3], "a.txt, line 6 must be at most 1048576 bytes and a line end; .* cut"),
        ("a.txt", b"good 1 2\nbad 1\n", "line 2 must hold a word and 2 numbers; got 1 numbers"),
        ("a.txt", b"x 1 2\ngood 1 2 3\n", "line 2 must hold a word and 2 numbers; got 3 numbers"),
        ("a.txt", b"x 1 2\n\ngood 1 2\n", "line 2 must hold a word and 2 numbers; got 0 numbers"),
        ("a.txt", b"x 1 2\ngood 1 z\n", "line 2 must hold numbers after the word; got b'z'"),
        ("a.txt", b"x 1 2\ngood 1  2\n", "line 2 must hold a word and 2 numbers; got 3 numbers"),
        ("a.txt", b"x 1 2\ngood nan 2\n", "line 2 must hold numbers; got NaN or infinity"),
        ("a.txt", b"x 1 2\ngood 1e99 2\n", "line 2 must hold numbers; got NaN or infinity"),
        ("a.txt", b"7 5\n" + GLOVE, "a.txt must hold 7 vectors, by line 1; got 6, .* cut off"),
        ("a.txt", b"5 5\n" + GLOVE, "a.txt must hold 5 vectors, by line 1; got 6"),
        ("a.txt", b"6 4\n" + GLOVE, "line 2 must hold a word and 4 numbers; got 5 numbers"),
        ("a.txt", b"1 99999\n", "line 1: dimension must be from 1 to 16384; got 99999"),
        ("a.bin", b"film", "line 1 must be the number of words and their dimension; got b'film'"),
        (
            "a.bin",
            b"7 5\n" + binary()[4:],
            f"a.bin, byte {len(binary())} must belong to a word; got the end",
        ),
        ("a.bin", b"5 5\n" + binary()[4:], "a.bin must end after the 5 vectors of line 1"),
        ("a.bin", binary()[:27], "a.bin, byte 27 must belong to vector 1 of 6; the file ends"),
        ("a.bin", b"6 1\n" + b"\xff" * 70_000, "byte 65541 must belong to a word; got no space"),
        ("a.bin", b"1 1\ngood \0\0\xc0\x7f", "a.bin, byte 9 must hold numbers; got NaN"),
        ("a.bin.gz", gzip.compress(binary())[:-30], "a.bin.gz cannot be read: "),
        ("a.txt.gz", GLOVE, "a.txt.gz cannot be read: Not a gzipped file"),
    ],
)
def test_damaged_files_are_refused_with_line_or_byte(tmp_path, name, content, message):
    with pytest.raises(CnnzooError, match=message):
        read_word_vectors(written(tmp_path, content, name), VOCABULARY, seed=0)


def test_a_file_cut_off_anywhere_is_refused(tmp_path):
    for name in ("glove.txt", "word2vec.txt", "word2vec.bin", "without_line_ends.bin"):
        content = FORMATS[name]
        # Nobody can see that a file without a header ends after another line.
        ends = {place + 1 for place, byte in enumerate(content) if byte == ord("\n")}
        whole = {len(content), len(content) - 1} if name == "word2vec.bin" else {len(content)}
        fine = whole | (ends if name == "glove.txt" else set())
        for size in set(range(len(content))) - fine:
            with pytest.raises(CnnzooError, match=name):
                read_word_vectors(written(tmp_path, content[:size], name), VOCABULARY, seed=0)


def test_wrong_arguments_are_refused(tmp_path):
    path = written(tmp_path, GLOVE)
    with pytest.raises(CnnzooError, match="line 1: dimension must be 300; got 5"):
        read_word_vectors(path, VOCABULARY, seed=0, dimension=300)
    with pytest.raises(CnnzooError, match="kind 'glov' is unknown; did you mean glove"):
        read_word_vectors(path, VOCABULARY, seed=0, kind="glov")
    with pytest.raises(CnnzooError, match="line 1 must be the number of words"):
        read_word_vectors(path, VOCABULARY, seed=0, kind="word2vec_text")
    with pytest.raises(CnnzooError, match="must be a file of word vectors; got no such file"):
        read_word_vectors(tmp_path, VOCABULARY, seed=0)
    with pytest.raises(CnnzooError, match="must be a string; got 3"):
        read_word_vectors(path, [3], seed=0)
