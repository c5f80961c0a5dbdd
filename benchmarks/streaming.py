"""Training on more photographs than fit into memory: peak memory, and seconds to the first step.

Run: python benchmarks/streaming.py [--images 100000] [--steps 50] [--folder DIR]

JPEG files of 512x384 in ten folders are the photographs of `reading.py`, each many times, with a
number behind its end that makes it another file. They are written before the clock starts, which
then counts from the start of Python's imports, in a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from reading import photographs

DISTINCT, CLASSES = 1_500, 10

TRAIN = """
import time
started = time.monotonic()
import resource, sys
import keras
import cnnzoo
from cnnzoo.config.recipe import Recipe

class Done(Exception):
    pass

class Steps(keras.callbacks.Callback):
    done = 0
    def on_train_batch_end(self, batch, logs=None):
        self.done += 1
        if self.done == 1:
            print(f"first step after {time.monotonic() - started:.1f} s")
        if self.done == int(sys.argv[3]):
            raise Done

recipe = Recipe(
    model="resnet18", dataset=sys.argv[1], input_shape=(224, 224, 3), epochs=1, batch_size=16,
    learning_rate=0.01, augmentation="resized_crop_flip_color", resizing="crop", validation=1_000,
)
try:
    cnnzoo.train(recipe, out=sys.argv[2], callbacks=[Steps()])
except Done:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak resident memory {peak:.2f} GB")
"""


def main() -> None:
    """Write the files, train and print both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary, "photographs")
        photographs(Path(temporary, "distinct"), DISTINCT)
        contents = [path.read_bytes() for path in Path(temporary, "distinct").rglob("*.jpg")]
        for number in range(arguments.images):
            path = folder / f"class{number % CLASSES}" / f"{number}.jpg"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(contents[number % DISTINCT] + number.to_bytes(8, "big"))
        command = [sys.executable, "-c", TRAIN, str(folder), f"{temporary}/run"]
        subprocess.run([*command, str(arguments.steps)], check=True)


if __name__ == "__main__":
    main()
