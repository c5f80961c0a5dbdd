"""Pictures that stay in their files: a killed run, and several devices, end as one run does."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import cnnzoo

TRAIN = """
import os, signal, sys
import keras
import cnnzoo
from cnnzoo.config.recipe import Recipe

class Kill(keras.callbacks.Callback):
    steps = 0
    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)

recipe = Recipe(
    model="resnet8", dataset=sys.argv[1], input_shape=(16, 16, 3), resizing="crop",
    augmentation="resized_crop_flip_color", epochs=3, batch_size=8,
    learning_rate=0.01, optimizer="momentum", validation=6,
)
cnnzoo.train(
    recipe, out=sys.argv[2], resume=sys.argv[4] == "resume", callbacks=[Kill()],
    checkpoint_seconds=0.0, devices=int(sys.argv[5]), workers=sys.argv[6] or None,
    worker=int(sys.argv[7]) if sys.argv[6] else None,
)
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for place in range(60):
        path = folder / "ab"[place % 2] / f"{place}.jpg"
        path.parent.mkdir(exist_ok=True)
        pixels = random.integers(0, 256, (30, 40, 3), np.uint8) // (1 + place % 2)
        Image.fromarray(pixels).save(path)
    return folder


def started(photos, out, kill_at=-1, how="start", devices=1, workers="", worker=0):
    arguments = [str(one) for one in (photos, out, kill_at, how, devices, workers, worker)]
    command = [sys.executable, "-c", TRAIN, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def trained(photos, out, kill_at=-1, **how):
    done = started(photos, out, kill_at, **how)
    _, errors = done.communicate()
    if kill_at > 0:
        assert done.returncode == -signal.SIGKILL, errors
        return []
    assert done.returncode == 0, errors
    return cnnzoo.load(out).network.get_weights()


@pytest.mark.slow
def test_a_killed_run_two_devices_and_two_workers_end_with_the_weights_of_one(
    photos, tmp_path, free_ports
):
    whole = trained(photos, tmp_path / "whole")
    trained(photos, tmp_path / "killed", kill_at=8)  # In the middle of the second epoch.
    resumed = trained(photos, tmp_path / "killed", how="resume")
    assert all(np.array_equal(one, other) for one, other in zip(whole, resumed, strict=True))
    apart = trained(photos, tmp_path / "devices", devices=2)
    for one, other in zip(whole, apart, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)
    workers = ",".join(f"127.0.0.1:{port}" for port in free_ports(2))
    both = [
        started(photos, tmp_path / "workers", workers=workers, worker=place) for place in (0, 1)
    ]
    for one in both:
        _, errors = one.communicate(timeout=300)
        assert one.returncode == 0, errors
    shared = cnnzoo.load(tmp_path / "workers").network.get_weights()
    for one, other in zip(whole, shared, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)
