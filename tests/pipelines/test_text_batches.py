import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.text_batches import eval_text_batches, train_text_batches
from cnnzoo.pipelines.tokenizer import Tokenizer

COUNT, SIZE = 103, 10  # Texts, and texts a batch: ten batches, and three texts over.

# Text i begins with a word of its own, token i + 2, and is of some length up to 30.
TEXTS = [" ".join([f"w{i:03}"] + ["w000"] * (i * 37 % 30)) for i in range(COUNT)]
LABELS = np.arange(COUNT) % 7


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer([f"w{i:03}" for i in range(COUNT)])


@pytest.fixture(scope="module")
def tokens(tokenizer):
    return tokenizer.ragged(TEXTS)


def taken(batches, count):
    return [(tokens.numpy(), labels.numpy()) for tokens, labels in batches.take(count)]


def examples(batches):
    return [int(first) - 2 for tokens, _ in batches for first in tokens[:, 0]]


def same(some, others):
    return len(some) == len(others) and all(
        np.array_equal(left, right)
        for one, other in zip(some, others, strict=True)
        for left, right in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("window", [1, 4, 100])
def test_an_epoch_has_each_text_at_most_once_with_its_tokens_and_label(tokenizer, tokens, window):
    batches = train_text_batches(
        tokens, LABELS, tokenizer=tokenizer, batch_size=SIZE, seed=0, window=window
    )
    first, second = (taken(batches.skip(begin), 10) for begin in (0, 10))
    for epoch in (first, second):
        assert len(set(examples(epoch))) == 100
        for padded, labels in epoch:
            assert np.array_equal(labels, (padded[:, 0] - 2) % 7)
            batch = [tokenizer.tokenize([TEXTS[first - 2]])[0] for first in padded[:, 0]]
            longest = max(map(len, batch))
            assert padded.tolist() == [row + [0] * (longest - len(row)) for row in batch]
    assert examples(first) != examples(second)
    assert examples(first) != sorted(examples(first))


@pytest.mark.parametrize("window", [1, 4])
def test_classes_of_texts_are_balanced_too(tokenizer, tokens, window):
    labels = (np.arange(COUNT) < 10).astype(int)
    balanced = partial(
        train_text_batches,
        *(tokens, labels),
        tokenizer=tokenizer,
        batch_size=SIZE,
        seed=0,
        window=window,
        balanced=True,
    )
    batches = taken(balanced(), 20)
    for epoch in (batches[:10], batches[10:]):
        drawn = np.concatenate([labels for _, labels in epoch])
        assert 48 <= drawn.sum() <= 52  # 52 of the 103 drawn, of which three are dropped.
        rare = np.bincount([one for one in examples(epoch) if one < 10])
        assert rare.min() >= 3
        assert rare.max() <= 6
    assert same(taken(balanced(start_step=13), 7), batches[13:])


@pytest.mark.parametrize("window", [1, 4])
def test_any_batch_of_any_epoch_can_be_recomputed_alone(tokenizer, tokens, window):
    def batches(start_step=0, seed=3):
        return train_text_batches(
            tokens,
            LABELS,
            tokenizer=tokenizer,
            batch_size=SIZE,
            seed=seed,
            window=window,
            start_step=start_step,
        )

    whole = taken(batches(), 30)
    for step in (0, 7, 10, 19, 23):
        assert same(taken(batches(step), 7), whole[step : step + 7])
    assert not same(taken(batches(seed=4), 10), whole[:10])


def test_texts_of_like_length_come_together_and_batches_in_random_order(tokenizer, tokens):
    def lengths(window):
        batches = train_text_batches(
            tokens, LABELS, tokenizer=tokenizer, batch_size=SIZE, seed=0, window=window
        )
        return [padded.shape[1] for padded, _ in taken(batches, 10)]

    filled = sum(len(text.split()) for text in TEXTS) * 100 / COUNT
    assert sum(lengths(1)) * SIZE > 1.6 * filled
    assert sum(lengths(100)) * SIZE < 1.2 * filled
    assert lengths(100) != sorted(lengths(100))


def test_an_evaluation_has_every_text_once_and_in_order(tokenizer, tokens):
    batches = eval_text_batches(tokens, LABELS, tokenizer=tokenizer, batch_size=SIZE)
    found = taken(batches, 100)
    assert [len(labels) for _, labels in found] == [10] * 10 + [3]
    assert examples(found) == list(range(COUNT))
    assert np.array_equal(np.concatenate([labels for _, labels in found]), LABELS)
    assert found[0][0].tolist() == tokenizer(TEXTS[:SIZE]).numpy().tolist()


def test_a_fixed_length_and_its_padding_are_those_of_the_tokenizer():
    tokenizer = Tokenizer.fit(TEXTS, length=12, padding="both", truncation="front")
    tokens = tokenizer.ragged(TEXTS)
    train = train_text_batches(tokens, LABELS, tokenizer=tokenizer, batch_size=SIZE, seed=0)
    assert train.element_spec[0].shape == (SIZE, 12)
    assert taken(train, 1)[0][0].shape == (SIZE, 12)
    found = eval_text_batches(tokens, LABELS, tokenizer=tokenizer, batch_size=COUNT)
    assert np.array_equal(taken(found, 1)[0][0], tokenizer(TEXTS))


def test_tensorflows_tuner_is_off(tokenizer, tokens):
    train = train_text_batches(tokens, LABELS, tokenizer=tokenizer, batch_size=SIZE, seed=0)
    found = eval_text_batches(tokens, LABELS, tokenizer=tokenizer, batch_size=SIZE)
    assert train.options().autotune.enabled is False
    assert found.options().autotune.enabled is False


def test_two_processes_give_the_same_batches(tokenizer, tokens):
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from test_text_batches import *
tokenizer = Tokenizer([f"w{i:03}" for i in range(COUNT)])
batches = train_text_batches(
    tokenizer.ragged(TEXTS), LABELS, tokenizer=tokenizer, batch_size=SIZE, seed=5, window=4
)
print(examples(taken(batches, 13)))
"""
    here = __file__.rpartition("/")[0]
    done = subprocess.run(
        [sys.executable, "-c", code, here], check=True, capture_output=True, text=True
    )
    batches = train_text_batches(
        tokens, LABELS, tokenizer=tokenizer, batch_size=SIZE, seed=5, window=4
    )
    assert done.stdout.strip() == str(examples(taken(batches, 13)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 104}, "batch_size must be from 1 to the 103 training examples; got 104"),
        ({"batch_size": 0}, "batch_size must be from 1 to the 103 training examples; got 0"),
        ({"window": 0}, "window must be an integer of at least 1; got 0"),
        ({"labels": LABELS[:5]}, "labels must be 103, one per text; got 5"),
    ],
)
def test_wrong_arguments_are_refused(tokenizer, tokens, arguments, message):
    arguments = {"labels": LABELS, "batch_size": SIZE, "seed": 0, **arguments}
    with pytest.raises(CnnzooError, match=message):
        train_text_batches(tokens, tokenizer=tokenizer, **arguments)
    if "labels must" in message:
        with pytest.raises(CnnzooError, match=message):
            eval_text_batches(tokens, LABELS[:5], tokenizer=tokenizer, batch_size=SIZE)
