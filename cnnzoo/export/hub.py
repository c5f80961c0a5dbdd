"""Trained networks at an address `hf://USER/NAME[@REVISION]`, through huggingface_hub.

An artifact there stands beside the list of its SHA-256, by which every download is checked. Both
are kept in huggingface_hub's cache, and read from it without a connection.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cnnzoo.errors import CnnzooError
from cnnzoo.extras import install
from cnnzoo.files import read
from cnnzoo.guard.sums import digest

PREFIX = "hf://"
SUMS = "SHA256SUMS"

_SECONDS = 5  # To wait for the first answer.
_LONGEST = 2**10  # Bytes of SHA256SUMS.


class Address(NamedTuple):
    """Where a network is: a repository and, unless it is the latest, one of its revisions."""

    repository: str  # USER/NAME
    revision: str | None  # A branch, a tag or a commit.

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return what `text` says.

        Raises:
            CnnzooError: It is no address.
        """
        name = r"\w(?:[\w.-]{0,94}\w)?"
        found = re.fullmatch(rf"{PREFIX}({name}/{name})(?:@(\w[\w./-]*))?", text, re.ASCII)
        if found is None or ".." in text or "--" in found[1]:
            raise CnnzooError(f"address must be {PREFIX}USER/NAME[@REVISION]; got {text!r}")
        return cls(found[1], found[2])

    def __str__(self) -> str:
        return PREFIX + self.repository + (f"@{self.revision}" if self.revision else "")


def download(text: str, file: str) -> Path:
    """Return the path of `file` at the address `text`, downloaded unless it is in the cache.

    Raises:
        CnnzooError: It is no address, nothing is there, the site cannot be reached or refuses, the
            package huggingface_hub is missing, or the file's SHA-256 is not the listed one.
    """
    address = Address.parse(text)
    hub = library()
    with explained(address):
        local = not _is_reached(hub, address)
        sums = _fetched(hub, address, SUMS, local)
        # The files of one commit, whatever is pushed in the meantime.
        path = _fetched(hub, address._replace(revision=sums.parent.name), file, local)
    if read(sums, limit=_LONGEST).decode(errors="replace") != sums_of(path):
        raise CnnzooError(
            f"{path.resolve()} is damaged: its SHA-256 is not that of {sums}; delete both to "
            "download them again"
        )
    return path


def sums_of(path: Path) -> str:
    """Return the list of the SHA-256 of one file, as `sha256sum --check` reads it."""
    return f"{digest(path)}  {path.name}\n"


def library() -> Any:
    """Return the package huggingface_hub.

    Raises:
        CnnzooError: It is not installed.
    """
    if importlib.util.find_spec("huggingface_hub") is None:
        raise CnnzooError(f"{PREFIX} needs more packages; run: {install('hub')}")
    return importlib.import_module("huggingface_hub")


@contextlib.contextmanager
def explained(address: Address) -> Iterator[None]:
    """Say in one sentence what huggingface_hub failed at.

    Raises:
        CnnzooError: It did.
    """
    from huggingface_hub import errors

    try:
        yield
    except errors.RevisionNotFoundError as error:
        raise CnnzooError(
            f"revision must be a branch, tag or commit of {PREFIX}{address.repository}; got "
            f"{address.revision!r}"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise CnnzooError(
            f"{PREFIX}{address.repository} must exist, and be public or open to your token; the "
            "site finds none"
        ) from error
    except errors.RemoteEntryNotFoundError as error:
        raise CnnzooError(
            f"{address} must hold what `cnnzoo push` writes; it lacks {_file(error)}"
        ) from error
    except errors.HfHubHTTPError as error:
        raise CnnzooError(
            f"{address} was refused by the site with status {error.response.status_code}; 401 and "
            "403 mean that the token lacks the right"
        ) from error
    except (errors.HTTPError, errors.LocalEntryNotFoundError, ConnectionError) as error:
        raise CnnzooError(f"{address} cannot be reached; try again with a connection") from error
    except (RuntimeError, ValueError) as error:  # Such as of an upload that broke off.
        raise CnnzooError(f"{address} failed: {' '.join(str(error).split())}") from error


def _is_reached(hub: Any, address: Address) -> bool:
    """Return whether the site answers; a download itself would try for half a minute."""
    from huggingface_hub import errors

    url = hub.hf_hub_url(address.repository, SUMS, revision=address.revision)
    try:
        hub.get_hf_file_metadata(url, timeout=_SECONDS)
    except errors.HfHubHTTPError as error:
        if error.response.status_code < 500:
            raise
        return False
    except (errors.HTTPError, ConnectionError):
        return False
    return True


def _fetched(hub: Any, address: Address, file: str, local: bool) -> Path:
    return Path(
        hub.hf_hub_download(
            address.repository, file, revision=address.revision, local_files_only=local
        )
    )


def _file(error: Any) -> str:
    return str(error.response.url).rpartition("/")[2]
