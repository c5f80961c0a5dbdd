"""Pushing a trained network, with its card, to where others load it from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from cnnzoo.errors import CnnzooError
from cnnzoo.export.artifact import ARTIFACT, CARD, save
from cnnzoo.export.card import markdown, portable
from cnnzoo.export.classifier import Classifier
from cnnzoo.export.hub import SUMS, Address, explained, library, sums_of
from cnnzoo.guard.archive import read_part


def push(classifier: Classifier, address: str) -> dict[str, Any]:
    """Push `classifier` as the next commit of a repository, created if it is missing.

    The commit holds `artifact.keras`, `SHA256SUMS`, `card.json` and the model card as `README.md`.
    Paths of this machine that the card states are cut to their last part.

    Args:
        classifier: What `cnnzoo.load` returned, unless it came from a SavedModel.
        address: hf://USER/NAME, or hf://USER/NAME@BRANCH; a new branch is created.

    Returns:
        `address`, of the commit, which `cnnzoo.load` takes; `url` of the commit; `bytes` and
        `sha256` of the artifact.

    Raises:
        CnnzooError: It is no address, there is no token, the site cannot be reached or refuses, the
            package huggingface_hub is missing, or the classifier came from a SavedModel.
    """
    place = Address.parse(address)
    hub = library()
    if hub.get_token() is None:
        raise CnnzooError("push needs a token that may write; run `hf auth login`, or set HF_TOKEN")
    if classifier.model is None:
        raise CnnzooError("model must be a run, an artifact or a shipped name; got a SavedModel")
    api = hub.HfApi()
    with explained(place):
        api.create_repo(place.repository, exist_ok=True)
        if place.revision is not None:
            api.create_branch(place.repository, branch=place.revision, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        artifact = _write(classifier, Path(folder), str(place))
        with explained(place):
            commit = api.create_commit(
                place.repository,
                [hub.CommitOperationAdd(one.name, one) for one in sorted(Path(folder).iterdir())],
                commit_message=f"Push {classifier.card['name']}",
                revision=place.revision,
            )
        return {
            "address": str(place._replace(revision=commit.oid)),
            "url": commit.commit_url,
            "bytes": artifact.stat().st_size,
            "sha256": sums_of(artifact).partition(" ")[0],
        }


def _write(classifier: Classifier, folder: Path, address: str) -> Path:
    """Write what is pushed into `folder`, and return the path of the artifact."""
    artifact, card = folder / ARTIFACT, portable(classifier.card)
    save(artifact, classifier.model, card, classifier.parts)
    (folder / SUMS).write_text(sums_of(artifact))
    (folder / CARD).write_bytes(read_part(artifact, CARD))
    (folder / "README.md").write_text(markdown(card, address), encoding="utf-8")
    return artifact
