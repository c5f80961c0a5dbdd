"""Signatures of a SavedModel as its file states them."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format

SIGNATURES = "signatures.json"  # In the folder of what comes beside a SavedModel.


def stated(saved: Any) -> dict[str, Any]:
    """Return the signatures of a `SavedModel` message, in the JSON of Protocol Buffers."""
    return {
        name: json_format.MessageToDict(
            signature,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        )
        for name, signature in sorted(saved.meta_graphs[0].signature_def.items())
    }
