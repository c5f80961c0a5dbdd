"""What one request may ask for, and how many may wait."""

from __future__ import annotations

import dataclasses
import os


@dataclasses.dataclass(frozen=True)
class Limits:
    """Bounds on time and memory that clients can take."""

    instances: int = 128  # In one request.
    body: int = 2**25  # Bytes of a request's body.
    held: int = 2**28  # Bytes of all bodies that are there at a time.
    header: int = 2**16  # Bytes of a request's line and headers.
    text: int = 2**18  # Bytes of the longest text times the number of texts: they are padded.
    pixels: int = 2**25  # Of all encoded images of a request, by their headers.
    seconds: float = 10.0  # For a request to arrive.
    waiting: int = 64  # Requests that are being answered or wait for a thread.
    connections: int = 1000
    threads: int = os.cpu_count() or 1
