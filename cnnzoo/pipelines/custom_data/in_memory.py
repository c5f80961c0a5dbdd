"""Your examples in Python, lists, arrays and tables, as a data set like those of the catalog."""

from __future__ import annotations

import itertools
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cnnzoo.datasets import Dataset
from cnnzoo.errors import CnnzooError
from cnnzoo.pipelines.custom_data.arrays import raw_images
from cnnzoo.pipelines.custom_data.dataset import IN_MEMORY, assemble
from cnnzoo.pipelines.custom_data.examples import (
    MAX_EXAMPLES,
    SPLITS,
    Found,
    class_names_of,
    classes_of,
    listed,
    text_of,
)
from cnnzoo.pipelines.custom_data.rows import Row, places_of
from cnnzoo.pipelines.custom_data.tables import default_columns, found_of
from cnnzoo.quiet import log_once


def from_examples(
    inputs: Any,
    labels: Any = None,
    *,
    splits: Sequence[str] | None = None,
    name: str = IN_MEMORY,
    class_names: Sequence[str] = (),
    columns: Sequence[str] = (),
    shape: tuple[int, ...] = (),
) -> Dataset:
    """Return the data set of examples in memory, for `cnnzoo.train`.

        cnnzoo.from_examples(["good film", "bad film", ...], ["pos", "neg", ...])
        cnnzoo.from_examples(frame)  # pandas, with columns text and label.

    Args:
        inputs: Texts, or images of one size, numbers `[examples, height, width, channels]`, or a
            table with a column of labels: a pandas data frame, a data set or a finite stream of
            Hugging Face, or a mapping from columns to lists; or a mapping from "train",
            "validation" and "test" to tables. A stream is read once, into memory.
        labels: Strings, whole numbers, booleans or one-hot rows, one per input; None of a table.
        splits: "train", "validation" or "test" of each input; by default a fifth of each class is
            the test split.
        name: One that no data set of the catalog has.
        class_names: In the order of whole numbers; by default what the labels are.
        columns: Names of the columns of inputs and of labels of a table, if not `text` (or `image`)
            and `label`.
        shape: Height, width and channels to which the images of a table are brought, which are
            paths, files as bytes, images of Pillow, or uint8 arrays.

    Raises:
        CnnzooError: They are of another type, do not fit each other, or cannot be trained.
    """
    if labels is not None:
        found, shape = _found(inputs, labels, splits, class_names)
        return assemble(name, found, shape, "memory", class_names)
    needed = tuple(columns) or default_columns(bool(shape))
    tables = _tables(inputs, needed)
    class_names = list(class_names) or _names_of_feature(next(iter(tables.values())), needed[1])
    rows = [row for split, table in tables.items() for row in _rows(table, split, needed)]
    folder = Path() if shape else None
    found = found_of(rows, needed, f"{name}, row", folder, class_names)
    return assemble(name, found, shape, "memory", class_names)


def _found(
    inputs: Any, labels: Any, splits: Sequence[str] | None, class_names: Sequence[str]
) -> tuple[Found, tuple[int, ...]]:
    """Return the examples of two columns, and the shape of one input."""
    labels = labels if isinstance(labels, np.ndarray) else list(labels)
    values, shape = _inputs(inputs)
    named = ["train"] * len(values) if splits is None else [_split(one) for one in splits]
    for column, what in ((labels, "labels"), (named, "splits")):
        if len(column) != len(values):
            raise CnnzooError(f"{what} must be {len(values):,}, one per input; got {len(column):,}")
    names = class_names_of(labels, "labels[{}]".format, class_names)
    return Found(values, names, named, classes_of(labels, names), set(named)), shape


def _inputs(inputs: Any) -> tuple[Any, tuple[int, ...]]:
    values = inputs if isinstance(inputs, np.ndarray) else list(inputs)
    if len(values) and isinstance(values[0], (str, bytes)):
        return [text_of(text, f"inputs[{place}]") for place, text in enumerate(values)], ()
    try:
        images = raw_images({"inputs": np.asarray(values)})["inputs"]
    except ValueError as error:
        raise CnnzooError(
            f"inputs must be texts, or images of one size; got {type(inputs).__name__}: {error}"
        ) from error
    return images, images.shape[1:]


def _split(word: object) -> str:
    split = SPLITS.get(str(word).strip().casefold())
    if split is None:
        raise CnnzooError(f"splits must be train, validation or test; got {word!r}")
    return split


def _tables(inputs: Any, needed: Sequence[str]) -> dict[str, Any]:
    """Return the tables in `inputs` by split; "": its column `split`, if any, says it."""
    if not _is_table(inputs):
        raise CnnzooError(
            "data must be a data set, a name, a path, or a table with columns "
            f"{needed[0]!r} and {needed[1]!r} (cnnzoo.from_examples(inputs, labels) takes lists); "
            f"got {reprlib.repr(inputs)}"
        )
    if not isinstance(inputs, Mapping) or not all(map(_is_table, inputs.values())):
        return {"": inputs}
    others = [word for word in inputs if str(word).lower() not in SPLITS]
    if others:
        log_once(f"data: {len(others):,} left out, no splits that train: {listed(others)}")
    found = {_split(word): table for word, table in inputs.items() if word not in others}
    if not found:
        raise CnnzooError(f"data must hold a table for train; got {listed(inputs) or 'none'}")
    return found


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or any(map(partial(hasattr, value), _COLUMNS))


_COLUMNS = ("column_names", "columns")  # Of Hugging Face and Arrow; of pandas and Polars.


def _names_of_feature(table: Any, column: str) -> Sequence[str]:
    """Return the class names that a data set of Hugging Face has for its labels."""
    features = getattr(table, "features", None)
    feature = features.get(column) if isinstance(features, Mapping) else None
    return list(getattr(feature, "names", None) or ())


def _rows(table: Any, split: str, needed: Sequence[str]) -> Iterator[Row]:
    names = next((getattr(table, one) for one in _COLUMNS if hasattr(table, one)), None)
    table = _encoded(table, needed[0])
    if not hasattr(table, "__len__"):
        table = _read(table)
        names = None
    names = list(table if names is None else names)
    places = places_of(list(map(str, names)), needed, "data")
    columns = [None if place is None else _values(table[names[place]]) for place in places]
    inputs, labels = columns[0] or [], columns[1] or []
    if len(inputs) != len(labels):
        raise CnnzooError(f"labels must be {len(inputs):,}, one per input; got {len(labels):,}")
    splits = [split] * len(inputs) if split else columns[2] if len(columns) > 2 else None
    for place, fields in enumerate(
        zip(inputs, labels, splits or [None] * len(inputs), strict=True)
    ):
        yield Row(place, *fields)


def _encoded(table: Any, column: str) -> Any:
    """Return `table`, where it is one of Hugging Face's, with images as the files that it holds."""
    features = getattr(table, "features", None)
    feature: Any = features.get(column) if isinstance(features, Mapping) else None
    if not getattr(feature, "decode", False):
        return table
    return table.cast_column(column, type(feature)(decode=False))


def _read(stream: Any) -> dict[str, list[Any]]:
    """Return the columns of a stream of rows.

    Raises:
        CnnzooError: It does not end, it has no rows, or they are no mappings of the same columns.
    """
    try:
        rows = list(itertools.islice(stream, MAX_EXAMPLES + 1))
    except Exception as error:  # Of any kind: it may come over a network.
        raise CnnzooError(f"data must be a stream that can be read: {error}") from error
    if len(rows) > MAX_EXAMPLES:
        raise CnnzooError(f"data must be finite; got a stream of more than {MAX_EXAMPLES:,} rows")
    if not rows:
        raise CnnzooError("data must hold examples; got a stream without rows")
    try:
        return {name: [row[name] for row in rows] for name in rows[0]}
    except (TypeError, KeyError, IndexError) as error:
        raise CnnzooError("data must have the same columns in each row of a stream") from error


def _values(column: Any) -> list[Any]:
    return column.to_pylist() if hasattr(column, "to_pylist") else list(column)
