"""WAV files to raw sounds and back, without TensorFlow, which decodes them alike."""

from __future__ import annotations

import io
import struct
import wave

import numpy as np

from cnnzoo.errors import CnnzooError

FULL_SCALE = 2**15  # Of int16.

_PCM, _BITS = 1, 16  # The one encoding that TensorFlow decodes.


def check_wav(content: bytes, sample_rate: int, name: str) -> bytes:
    """Return `content` if its header is that of a WAV file that can be decoded.

    Raises:
        CnnzooError: It is none, or of another encoding or rate; `name` stands in the message.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise CnnzooError(f"{name} must be a WAV file; got something else")
    place = content.find(b"fmt ")
    if place < 0 or len(content) < place + 24:
        raise CnnzooError(f"{name} is damaged: its header cannot be read")
    encoding, _, rate, _, _, bits = struct.unpack("<HHIIHH", content[place + 8 : place + 24])
    if encoding != _PCM or bits != _BITS:
        raise CnnzooError(f"{name} must be 16-bit PCM; got encoding {encoding} of {bits} bits")
    if rate != sample_rate:
        raise CnnzooError(f"{name} must have {sample_rate:,} samples per second; got {rate:,}")
    return content


def load_wav(content: bytes, shape: tuple[int, ...], sample_rate: int, name: str) -> np.ndarray:
    """Return the sound int16 of `shape`, samples and 1, in a WAV file.

    Channels are averaged. A longer sound is cut at the end, a shorter one filled up with zeros.

    Raises:
        CnnzooError: It is none, damaged, or of another encoding or rate; `name` is in the message.
    """
    check_wav(content, sample_rate, name)
    try:
        with wave.open(io.BytesIO(content)) as file:
            size, channels = file.getnframes(), file.getnchannels()
            frames = file.readframes(size)
        found = np.frombuffer(frames, "<i2").reshape(size, channels)[: shape[0]]
    except (wave.Error, EOFError, ValueError) as error:
        raise CnnzooError(f"{name} is damaged: it cannot be decoded") from error
    mono = (found.astype(np.float32) / FULL_SCALE).mean(axis=1, keepdims=True)
    padded = np.zeros(shape, np.int16)
    padded[: len(found)] = np.rint(mono * FULL_SCALE)
    return padded


def encode_wav(sound: np.ndarray, sample_rate: int) -> bytes:
    """Return the WAV file of `sound`, int16 `[samples, 1]`."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(_BITS // 8)
        file.setframerate(sample_rate)
        file.writeframes(sound.astype("<i2").tobytes())
    return buffer.getvalue()
