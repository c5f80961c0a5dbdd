"""Sets that TFDS has to prepare first."""

import re
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from cnnzoo.datasets import sources
from cnnzoo.errors import CnnzooError
from cnnzoo.extras import install


class Unprepared(tfds.core.GeneratorBasedBuilder):
    """Noise, or what `content` says, which TFDS has to prepare first."""

    VERSION = tfds.core.Version("1.0.0")
    pkg_dir_path = Path(__file__).parent  # TFDS would look for a package called tests.
    content = None

    def _info(self):
        feature = tfds.features.Image(shape=(64, 64, 3))
        if self.content:
            feature = tfds.features.Audio(file_format="wav")
        label = tfds.features.ClassLabel(num_classes=2)
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"image": feature, "label": label})
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        rng = np.random.default_rng(0)
        for place in range(20):
            noise = rng.integers(0, 256, (64, 64, 3), np.uint8)
            yield place, {"image": self.content or noise, "label": 0}


def test_a_set_is_prepared_at_first_use(root):
    assert sources.TFDS("unprepared", "1.0.0")("train").inputs.shape == (20, 64, 64, 3)


def test_a_full_disk_while_tfds_prepares_is_reported(root, small_files):
    message = rf"^unprepared is not in {root} and cannot be prepared there \(.*File too large.*\); "
    with small_files(100_000), pytest.raises(CnnzooError, match=message) as caught:
        sources.TFDS("unprepared", "1.0.0")("train")
    assert "\n" not in str(caught.value)
    assert not list(root.rglob("*.tfrecord*"))


def test_a_root_that_is_no_folder_is_reported(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("")
    monkeypatch.setenv("TFDS_DATA_DIR", str(file))
    message = (
        rf"^unprepared is not in {file} and cannot be prepared there \(.*Not a directory.*\); run"
    )
    with pytest.raises(CnnzooError, match=message):
        sources.TFDS("unprepared", "1.0.0")("train")


def test_a_host_without_an_address_is_looked_for_once(root, monkeypatch):
    def download(self, manager):
        return {"train": manager.download("https://nowhere.invalid/a.tar.gz")}

    monkeypatch.setattr(Unprepared, "_split_generators", download)
    begun = time.monotonic()
    message = (
        rf"^unprepared is not in {root} and cannot be prepared there \(.*'nowhere.invalid'.*\); run"
    )
    with pytest.raises(CnnzooError, match=message):
        sources.TFDS("unprepared", "1.0.0")("train")
    assert time.monotonic() - begun < 30  # TFDS alone tries for more than three minutes.


def test_a_missing_decoder_of_sounds_is_reported(root, monkeypatch):
    wav = root / "sound.wav"
    wav.write_bytes(tf.audio.encode_wav(np.zeros((8, 1), np.float32), 8_000).numpy())
    monkeypatch.setattr(Unprepared, "content", str(wav))
    monkeypatch.setitem(sys.modules, "pydub", None)
    message = (
        rf"^unprepared is not in {root} and cannot be prepared there \(import of pydub halted; "
        r"None in sys.modules\); install what TFDS needs, for sounds with "
        rf"`{re.escape(install('audio'))}`$"
    )
    assert "pydub" in message
    with pytest.raises(CnnzooError, match=message):
        sources.TFDS("unprepared", "1.0.0")("train")
