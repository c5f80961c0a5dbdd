"""The peer of `time_to_accuracy.py`: Keras's introductory convnet for MNIST, a process of its own.

Two convolutions (34,826 parameters), dropout, Adam, batches of 128, a tenth of the training data
held out; all settings as in the example, with the images taken from cnnzoo so that it runs offline.

Run: python benchmarks/keras_convnet.py EPOCHS SEED
"""

import json
import sys

import keras
import numpy as np
from keras import layers


def main(epochs, seed):
    """Train and print the test accuracy as JSON."""
    from cnnzoo import load_dataset

    keras.utils.set_random_seed(seed)
    (images, labels), (test_images, test_labels) = (
        load_dataset("mnist"),
        load_dataset("mnist", "test"),
    )
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        images.astype("float32") / 255,
        keras.utils.to_categorical(labels, 10),
        batch_size=128,
        epochs=epochs,
        validation_split=0.1,
        verbose=0,
    )
    scores = model.predict(test_images.astype("float32") / 255, verbose=0)
    accuracy = float(np.mean(scores.argmax(axis=1) == test_labels))
    print(json.dumps({"accuracy": accuracy, "params": model.count_params()}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
