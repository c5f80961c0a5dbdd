"""The files by which a network over texts is asked outside TensorFlow: its tokenizer, and readers.

LiteRT and ONNX take tokens, since neither holds the strings that a tokenizer works on.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from cnnzoo.export import readers
from cnnzoo.pipelines.cleaning import CLEANINGS
from cnnzoo.pipelines.tokenizer import Tokenizer

TOKENIZER = "tokenizer.json"
READERS = ("tokenizer.py", "tokenizer.js")  # Plain Python and plain JavaScript.


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write what turns texts into the tokens of `tokenizer` into `folder`."""
    config = tokenizer.get_config()
    sides = ("length", "shortest", "padding", "truncation", "backwards")
    facts = {
        "format": 1,
        "level": config["level"],
        "cleaning": CLEANINGS[config["cleaning"]]._asdict(),
        **{name: config[name] for name in sides},
        "vocabulary": config["vocabulary"],  # Bytes that are not UTF-8 as lone surrogates.
    }
    (folder / TOKENIZER).write_text(json.dumps(facts, indent=1))
    for reader in READERS:
        shutil.copy(Path(readers.__file__).parent / reader, folder / reader)
