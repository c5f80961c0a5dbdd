"""The peers of `time_to_accuracy.py`: networks as tutorials have them, each run a process.

Data comes from cnnzoo, so that all read the same and offline; everything else is the peer's.
It prints the test accuracy as JSON; with --curve that after each epoch, which shows how many a peer
needs.

Run: python benchmarks/plain_networks.py NAME DATASET EPOCHS SEED [--curve]
"""

import argparse
import json
import os

import numpy as np


def main():
    """Train and print the number of parameters and the test accuracy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("dataset")
    parser.add_argument("epochs", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--curve", action="store_true")
    arguments = parser.parse_args()
    training, test = splits(arguments.dataset, arguments.seed)
    train = PEERS[arguments.name]
    params, found = train(training, test, arguments.epochs, arguments.seed, arguments.curve)
    answer = {"accuracy": found[-1], "params": params, "epochs": arguments.epochs}
    print(json.dumps({**answer, **({"curve": found} if arguments.curve else {})}))


def splits(name, seed):
    """Return inputs and labels for training and test; MR has folds, and its seed names the one."""
    from cnnzoo.datasets import DATASETS
    from cnnzoo.pipelines.splits import SPLITS, Split, select

    dataset = DATASETS[name]
    if name != "mr":
        return dataset.examples("train"), dataset.examples("test")
    how = Split(0.1, folds=10, fold=seed)
    training, held_out, test = (select(dataset, split, how) for split in SPLITS)
    return [np.concatenate(pair) for pair in zip(training, held_out, strict=True)], test


def keras_convnet(training, test, epochs, seed, curve):
    """Keras's introductory convnet for MNIST, with its settings; 34,826 parameters."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
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
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    # The tenth that the example holds out is not used here.
    images, labels = unit(training)
    kept = round(0.9 * len(labels))
    return fitted(model, (images[:kept], labels[:kept]), unit(test), epochs, curve, batch_size=128)


def tensorflow_tutorial(training, test, epochs, seed, curve):
    """TensorFlow's tutorial network for CIFAR-10, with its settings; 122,570 parameters.

    For images of 28x28 it is the convnet of Chollet's Deep Learning with Python; 93,322 parameters.
    """
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input(training[0].shape[1:]),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return fitted(model, unit(training), unit(test), epochs, curve)


def keras_text_cnn(training, test, epochs, seed, curve):
    """A text CNN as Keras's examples have them: an embedding, a convolution, the maximum."""
    import keras
    import tensorflow as tf
    from keras import layers

    keras.utils.set_random_seed(seed)
    words = layers.TextVectorization(max_tokens=20_000, output_sequence_length=60)
    words.adapt(tf.constant(training[0]))
    model = keras.Sequential(
        [
            keras.Input((60,), dtype="int64"),
            layers.Embedding(20_000, 128),
            layers.Dropout(0.5),
            layers.Conv1D(128, 5, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    tokens = [(words(tf.constant(texts)).numpy(), labels) for texts, labels in (training, test)]
    return fitted(model, *tokens, epochs, curve)


def fitted(model, training, test, epochs, curve, **how):
    """Train a Keras model; return its parameters and the test accuracies."""
    watched = {"validation_data": test} if curve else {}
    history = model.fit(*training, epochs=epochs, verbose=0, **watched, **how).history
    found = (
        history["val_accuracy"] if curve else [accuracy(model.predict(test[0], verbose=0), test)]
    )
    return model.count_params(), found


def unit(split):
    """Return images from 0 to 1, and labels."""
    images, labels = split
    return images.astype("float32") / 255, labels


def accuracy(scores, split):
    """Return the fraction of `scores` whose greatest is that of the label."""
    return float(np.mean(scores.argmax(axis=1) == split[1]))


def torch_loop(training, test, epochs, seed, curve):
    """basic_cnn_small in a plain PyTorch loop: a DataLoader that crops and flips, Adam as it is."""
    import torch
    from torch import nn
    from training import Images, plain

    torch.manual_seed(seed)
    images, labels = training
    convolutions, channels = [], images.shape[-1]
    for maps in (16, 32, 64):
        convolutions += [(channels, maps, 3, 1), (maps, maps, 3, 1), "pool"]
        channels = maps
    head = [nn.Flatten(), nn.Dropout(0.25), nn.Linear(channels * (images.shape[1] // 8) ** 2, 10)]
    network = nn.Sequential(*plain(convolutions, norm=True, bias=False), *head)
    network = network.to(memory_format=torch.channels_last)
    batches = torch.utils.data.DataLoader(
        Images(images, labels),
        batch_size=128,
        shuffle=True,
        num_workers=len(os.sched_getaffinity(0)),
        persistent_workers=True,
    )
    watched = torch.from_numpy(test[0]).permute(0, 3, 1, 2).float().div(127.5).sub(1.0)
    optimizer, criterion = torch.optim.Adam(network.parameters()), nn.CrossEntropyLoss()
    found = []
    for epoch in range(epochs):
        network.train()
        for inputs, classes in batches:
            optimizer.zero_grad()
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            criterion(network(inputs), classes).backward()
            optimizer.step()
        if curve or epoch + 1 == epochs:
            network.eval()
            with torch.no_grad():
                scores = torch.cat([network(some) for some in watched.split(500)])
            found.append(accuracy(scores.numpy(), test))
    return sum(one.numel() for one in network.parameters()), found


PEERS = {
    "keras_convnet": keras_convnet,
    "tensorflow_tutorial": tensorflow_tutorial,
    "keras_text_cnn": keras_text_cnn,
    "torch_loop": torch_loop,
}

if __name__ == "__main__":
    main()
