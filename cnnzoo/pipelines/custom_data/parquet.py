"""Parquet files: columns of texts or of images, and of labels whose classes may have names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cnnzoo.errors import CnnzooError
from cnnzoo.extras import install
from cnnzoo.pipelines.custom_data import examples
from cnnzoo.pipelines.custom_data.examples import class_names_of
from cnnzoo.pipelines.custom_data.rows import Row, places_of


def opened(path: Path) -> Any:
    """Return pyarrow's reader of a file.

    Raises:
        CnnzooError: pyarrow is not installed, or the file is damaged.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise CnnzooError(
            f"pyarrow must be installed for {path}; run: {install('parquet')}"
        ) from error
    try:
        return ParquetFile(path)
    except (ArrowException, OSError) as error:
        raise CnnzooError(f"{path} must be a Parquet file; it is none, or damaged") from error


def rows(path: Path, needed: Sequence[str], _encoding: str | None = None) -> Iterator[Row]:
    """Yield the rows of a file, with the names of their classes where the file states some."""
    reader = opened(path)
    from pyarrow import ArrowException

    try:
        with reader as file:
            names = file.schema_arrow.names
            places = places_of(names, needed, str(path))
            chosen = [names[place] for place in places if place is not None]
            classes = _classes(file.schema_arrow.metadata, chosen[1]) if chosen[1:] else []
            count = read = 0

            def where(_: int) -> str:
                return f"{path}, row {count}, {chosen[1]!r}"

            for batch in file.iter_batches(1_024, columns=chosen):
                read += batch.nbytes
                if read > examples.MAX_TEXT_BYTES:
                    raise CnnzooError(
                        f"{path} must hold at most {examples.MAX_TEXT_BYTES:,} bytes in its columns"
                    )
                for fields in zip(
                    *(batch.column(name).to_pylist() for name in chosen), strict=True
                ):
                    count += 1
                    row = Row(count, *fields)
                    if classes:
                        (name,) = class_names_of([row.label], where, classes)
                        row = row._replace(label=name)
                    yield row
    except (ArrowException, OSError) as error:
        raise CnnzooError(f"{path} must be a Parquet file; it is none, or damaged") from error


def _classes(metadata: Mapping[bytes, bytes] | None, column: str) -> list[str]:
    """Return the names of the classes that the numbers in a column stand for, if they are stated.

    Hugging Face's `datasets` state them in the file's metadata.
    """
    try:
        stated = json.loads((metadata or {})[b"huggingface"])
        names = stated["info"]["features"][column]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return []
    named = isinstance(names, list) and all(isinstance(one, str) for one in names)
    return names if named and len({one.strip() for one in names}) == len(names) else []
