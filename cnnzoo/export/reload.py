"""Run a SavedModel in a fresh process with TensorFlow alone, as a server would.

Run: python reload.py SAVED_MODEL INPUTS SCORES.npy
"""

import sys


def main(saved_model: str, inputs: str, scores: str) -> None:
    """Write the scores of the raw input in `inputs`, a serialized tensor, to `scores`."""
    import numpy as np
    import tensorflow as tf

    default = tf.saved_model.load(saved_model).signatures["serving_default"]
    ((name, spec),) = default.structured_input_signature[1].items()
    answer = default(**{name: tf.io.parse_tensor(tf.io.read_file(inputs), spec.dtype)})
    np.save(scores, answer["scores"].numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
