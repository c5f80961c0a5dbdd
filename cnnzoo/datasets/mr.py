"""MR: 10,662 sentences of film reviews, half of them positive, half negative.

The authors define no test split, and Kim (https://arxiv.org/abs/1408.5882) measures by 10-fold
cross-validation over all sentences. Here the test split is that of `sources.in_test_split`.
"""

from __future__ import annotations

import http.client
import io
import tarfile
import urllib.request
import zlib
from pathlib import Path

import numpy as np

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset, Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.files import read, write_whole

ARCHIVE = "https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz"
MAX_BYTES = 2**24  # Of the archive and of each file, which have less than a megabyte.
TIMEOUT = 60  # Seconds without an answer.

SHA256 = {  # By file, in the order of the classes.
    "rt-polarity.neg": "4af43bf489620b498a0852c5a8c6a535155dec7985fdfea782b8f7756b957ccc",
    "rt-polarity.pos": "d79ef14009bbf87cd6be21f91c3ea1a3cbcb73b34dfb4231aef7bbcd7677abc4",
}


class Files:
    """Reads a split from the authors' files in TFDS's folder, where they are put if need be."""

    @property
    def is_here(self) -> bool:
        """Whether the files are on this machine."""
        return all((_folder() / name).is_file() for name in SHA256)

    def __call__(self, split: str) -> Examples:
        """Return texts (str `[examples]`) and labels of `split`, in the order of the source.

        Raises:
            CnnzooError: The files are damaged, or are not here and cannot be downloaded.
        """
        if not self.is_here:
            _download()
        texts, labels = [], []
        for label, (name, sha256) in enumerate(SHA256.items()):
            path = _folder() / name
            content = read(path, limit=MAX_BYTES)
            sources.verify(content, sha256, path)
            # Only a newline ends a line: byte 0x85 is an ellipsis here, and in Latin-1 a line end.
            sentences = content.decode("cp1252").removesuffix("\n").split("\n")
            chosen = [one for one in sentences if sources.in_test_split(one) == (split == "test")]
            texts += chosen
            labels += [label] * len(chosen)
        return Examples(np.array(texts, object), np.array(labels, np.int64))


def _folder() -> Path:
    return sources.tfds_root() / "mr"


def _download() -> None:
    """Put both files, whole and verified, where they are looked for.

    Raises:
        CnnzooError: They cannot be downloaded or written; the message says what to do.
    """
    try:
        with urllib.request.urlopen(ARCHIVE, timeout=TIMEOUT) as response:
            archive = response.read(MAX_BYTES)
        for name, content in _unpacked(archive).items():
            write_whole(_folder() / name, content)
    except (
        *(OSError, EOFError, KeyError, zlib.error, tarfile.TarError),
        *(http.client.HTTPException, CnnzooError),
    ) as error:
        reason = str(error) or type(error).__name__
        raise CnnzooError(
            f"mr is not in {_folder()} and cannot be downloaded ({reason}); run this once with "
            f"internet access, or put {' and '.join(SHA256)} there, from {ARCHIVE}"
        ) from error


def _unpacked(archive: bytes) -> dict[str, bytes]:
    contents = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as unpacked:
        for name, sha256 in SHA256.items():
            member = unpacked.extractfile(f"rt-polaritydata/{name}")
            contents[name] = member.read(MAX_BYTES) if member else b""
            sources.verify(contents[name], sha256, Path(name))
    return contents


DATASET = Dataset(
    name="mr",
    class_names=("negative", "positive"),
    sizes={"train": 8_450, "test": 2_212},
    source="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
    citation=(
        "Pang and Lee 2005, Seeing stars: exploiting class relationships for sentiment "
        "categorization with respect to rating scales"
    ),
    license="none stated; the authors ask to be cited",
    read=Files(),
)
