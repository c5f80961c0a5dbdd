"""Run a SavedModel in a fresh process with TensorFlow alone, as a server would.

Run: python reload.py SAVED_MODEL IMAGES.npy SCORES.npy
"""

import sys


def main(saved_model: str, images: str, scores: str) -> None:
    """Write the scores of `images`, uint8 `[images, height, width, channels]`, to `scores`."""
    import numpy as np
    import tensorflow as tf

    model = tf.saved_model.load(saved_model)
    answer = model.signatures["serving_default"](images=tf.constant(np.load(images)))
    np.save(scores, answer["scores"].numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
