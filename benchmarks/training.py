"""Training throughput compared with PyTorch and plain Keras: the same networks, batch by batch.

Sides: cnnzoo as `cnnzoo train` runs it (`train_batches` into `fit`, with `training.fused_kernels`);
Keras: the same without `training.fused_kernels`; PyTorch: channels last, a DataLoader with as many
workers as cores that crops, flips and normalizes one image at a time; PyTorch, step alone: batches
lie ready in memory, made before the clock starts, while cnnzoo still makes its own. Data is
generated: uint8 images, and texts of 5 to 56 words by Zipf's law, padded to the longest of their
batch. Each side is a process; they take turns, so that a machine's mood hits all. The table shows
the median turn, and the median ratio of the turns in a round.

Where other programs run too, PyTorch's threads, which wait for each other after every operation,
lose far more than TensorFlow's. Look at the load that is printed first: on a machine that is not
idle, compare on one core (--cores 1).

Run: python benchmarks/training.py [NETWORK ...] [--rounds 5] [--seconds 3] [--cores 1]
"""

import cnnzoo  # isort: skip  Before Keras: it switches on what makes TensorFlow fast.

import argparse
import contextlib
import itertools
import math
import multiprocessing
import os
import statistics
import time
from typing import NamedTuple

import numpy as np

from cnnzoo.training.provenance import hardware, versions

IMAGES, TEXTS, LONGEST = 10_000, 5_000, 56
WARM = 6  # Steps before the clock starts: what waited in buffers.


class Setting(NamedTuple):
    """One row of the table."""

    shape: tuple[int | None, ...]
    batch: int
    optimizer: str
    rate: float
    l2: float = 0.0
    classes: int = 10


SETTINGS = {  # Batch and optimizer as in the recipes.
    "lenet5": Setting((28, 28, 1), 256, "adam", 1e-3),
    "basic_cnn": Setting((32, 32, 3), 128, "adam", 1e-3),
    "resnet20": Setting((32, 32, 3), 128, "momentum", 0.01, l2=1e-4),
    "vgg11_bn_small": Setting((32, 32, 3), 128, "momentum", 0.01, l2=5e-4),
    "text_cnn_rand": Setting((None,), 50, "adam", 1e-3, classes=2),
}
SIDES = ("cnnzoo", "Keras", "PyTorch", "PyTorch, step alone")


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(SETTINGS), metavar="NETWORK")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of one turn")
    parser.add_argument("--cores", type=int, default=len(cores()), help="to run on")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, cores()[-arguments.cores :])  # Processes and threads inherit it.
    turns = f"{arguments.rounds} rounds of {arguments.seconds:g} s"
    load = f"load before it {os.getloadavg()[0]:.1f}"
    print(f"{hardware()}; {versions('torch')}; {turns} on {arguments.cores} of them; {load}\n")
    columns = ["network", "batch", "parameters", *(f"{side}, examples/s" for side in SIDES)]
    columns += [f"cnnzoo to {side}" for side in SIDES[1:]]
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    found = []
    for name in arguments.networks:
        params, rounds = measured(name, SIDES, arguments.rounds, arguments.seconds)
        cells = [f"{statistics.median(turns):,.0f}" for turns in zip(*rounds, strict=True)]
        ratios = [
            statistics.median(turns[0] / turns[place] for turns in rounds)
            for place in range(1, len(SIDES))
        ]
        cells += [f"{ratio:.2f}" for ratio in ratios]
        print(f"| {name} | {SETTINGS[name].batch} | {params:,} | {' | '.join(cells)} |", flush=True)
        found.append(ratios)
    means = [statistics.geometric_mean(column) for column in zip(*found, strict=True)]
    cells = ["geometric mean", *[""] * (len(SIDES) + 2), *(f"{mean:.2f}" for mean in means)]
    print(f"| {' | '.join(cells)} |")


def cores():
    """Return the cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def measured(name, sides, rounds, seconds):
    """Return the number of parameters, and the examples per second of each side, round by round."""
    spawn = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for side in sides:
        here, there = spawn.Pipe()
        process = spawn.Process(target=train, args=(name, side, there))
        process.start()
        there.close()  # So that the end of the process ends the waiting too.
        pipes.append(here)
        processes.append(process)
        here.recv()  # It is ready: no two sides start at the same time.
    found = []
    for _ in range(rounds + 1):
        turns = []
        for pipe in pipes:
            pipe.send(seconds)
            turns.append(pipe.recv())
        found.append(turns)
    params = set()
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(None)
        params.add(pipe.recv())
        process.join()
    if len(params) > 1:
        raise SystemExit(f"{name} must have as many parameters on every side; got {params}")
    return params.pop(), found[1:]


class Turns:
    """What one side does when: it trains in its turns, and waits between them."""

    def __init__(self, pipe, batch):
        self.pipe, self.batch = pipe, batch
        self.seconds, self.done = 0.0, None

    def go_on(self):
        """Count a step, and return whether to do another one; a turn ends after its time."""
        if self.done is None:
            self.pipe.send("ready")
            return self._wait()
        self.done += 1
        if self.done == 0:
            self.begun = time.perf_counter()
        elif self.done > 0 and (passed := time.perf_counter() - self.begun) >= self.seconds:
            self.pipe.send(self.done * self.batch / passed)
            return self._wait()
        return True

    def _wait(self):
        self.seconds, self.done = self.pipe.recv(), -WARM
        return self.seconds is not None


def train(name, side, pipe):
    """Train `name` by turns, then send its number of parameters; a process of its own."""
    sides = {"cnnzoo": by_keras, "Keras": by_keras}
    turns = Turns(pipe, SETTINGS[name].batch)
    pipe.send(sides.get(side, by_torch)(name, side, turns))


def generated(setting):
    """Return images uint8 `[IMAGES, *shape]` or lists of tokens, and labels."""
    draw = np.random.default_rng(0)
    if len(setting.shape) == 3:
        inputs = draw.integers(0, 256, (IMAGES, *setting.shape), np.uint8)
        return inputs, draw.integers(0, setting.classes, IMAGES)
    lengths = draw.integers(5, LONGEST + 1, TEXTS)
    inputs = [2 + np.minimum(draw.zipf(1.2, length), 18_764) for length in lengths]
    return inputs, draw.integers(0, setting.classes, TEXTS)


def by_keras(name, side, turns):
    """Train as the product does, or without what makes it fast; return the parameters."""
    import keras

    from cnnzoo.training.fused_kernels import fused
    from cnnzoo.training.losses import loss

    setting = SETTINGS[name]
    keras.utils.set_random_seed(0)
    network = cnnzoo.create_model(name, input_shape=setting.shape, num_classes=setting.classes)
    batches, layers = ours(setting)
    model = network
    if layers:
        model = keras.Sequential([keras.Input(setting.shape), *layers, network])
    accuracy = keras.metrics.SparseCategoricalAccuracy("accuracy")
    model.compile(
        optimizer(setting, network),
        loss("cross_entropy", 0.0, False),
        metrics=[accuracy],
        jit_compile=False,
    )

    class Callback(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            float(logs["loss"])  # As the product's callbacks do.
            self.model.stop_training = not turns.go_on()

    with fused(model) if side == "cnnzoo" else contextlib.nullcontext():
        model.fit(batches, epochs=1, steps_per_epoch=10**9, verbose=0, callbacks=[Callback()])
    return sum(math.prod(one.shape) for one in network.trainable_variables)


def ours(setting):
    """Return this pipeline's batches, and the layers between them and the network."""
    import keras
    import tensorflow as tf

    from cnnzoo.datasets import Examples
    from cnnzoo.pipelines.augmentation import policy
    from cnnzoo.pipelines.batches import train_batches
    from cnnzoo.pipelines.text_batches import train_text_batches
    from cnnzoo.pipelines.tokenizer import Tokenizer

    inputs, labels = generated(setting)
    how = {"batch_size": setting.batch, "seed": 0}
    if len(setting.shape) == 3:
        crops = policy("pad_crop_flip")
        batches = train_batches(Examples(inputs, labels), augmentation=crops, **how)
        return batches, [keras.layers.Rescaling(1 / 127.5, -1.0)]
    tokens = tf.ragged.constant([list(row) for row in inputs], dtype=tf.int32)
    tokenizer = Tokenizer(["word"], length=LONGEST, shortest=1)
    return train_text_batches(tokens, labels, tokenizer=tokenizer, **how), []


def optimizer(setting, network):
    """Return the optimizer of a recipe with these settings."""
    from cnnzoo.config.recipe import Recipe
    from cnnzoo.training.optimizers import optimizer

    recipe = Recipe(
        model="lenet5",
        dataset="mnist",
        epochs=1,
        batch_size=setting.batch,
        learning_rate=setting.rate,
        optimizer=setting.optimizer,
        l2=setting.l2,
        decay_all=True,  # As PyTorch does.
    )
    return optimizer(recipe, network.trainable_variables, 1)


def by_torch(name, side, turns):
    """Train the twin in PyTorch; return its parameters."""
    import torch

    setting = SETTINGS[name]
    torch.manual_seed(0)
    network = twin(name).to(memory_format=torch.channels_last)
    criterion = torch.nn.CrossEntropyLoss()
    if setting.optimizer == "adam":
        made = torch.optim.Adam(network.parameters(), lr=setting.rate)
    else:
        made = torch.optim.SGD(
            network.parameters(), lr=setting.rate, momentum=0.9, weight_decay=setting.l2
        )
    batches = endless(loader(setting))
    if side == "PyTorch, step alone":
        batches = itertools.cycle(list(itertools.islice(batches, 50)))
    network.train()
    for inputs, labels in batches:
        if inputs.ndim == 4:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        made.zero_grad()
        found = criterion(network(inputs), labels)
        found.backward()
        made.step()
        if hasattr(network, "limit"):
            network.limit()
        found.item()
        if not turns.go_on():
            break
    return sum(one.numel() for one in network.parameters())


def endless(batches):
    """Yield epoch after epoch."""
    while True:
        yield from batches


def loader(setting):
    """Return PyTorch's DataLoader over the generated data."""
    import torch

    inputs, labels = generated(setting)
    dataset = Images(inputs, labels) if len(setting.shape) == 3 else Texts(inputs, labels)
    return torch.utils.data.DataLoader(
        dataset,
        batch_size=setting.batch,
        shuffle=True,
        drop_last=True,
        num_workers=len(cores()),
        persistent_workers=True,
        collate_fn=getattr(dataset, "collate", None),
        multiprocessing_context="fork",
    )


class Images:
    """Images as torchvision's transforms change them: padded and cropped, flipped, normalized."""

    def __init__(self, images, labels):
        import torch

        self.images = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
        self.labels = torch.from_numpy(labels)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        import torch

        image = self.images[index]
        _, height, width = image.shape
        image = torch.nn.functional.pad(image, [4, 4, 4, 4])
        top, left = torch.randint(0, 9, (2,)).tolist()
        image = image[:, top : top + height, left : left + width]
        if torch.rand(1) < 0.5:
            image = image.flip(-1)
        return image.to(torch.float32).div(127.5).sub_(1.0), self.labels[index]


class Texts:
    """Tokens, padded to the longest text of a batch."""

    def __init__(self, texts, labels):
        import torch

        self.texts = [torch.from_numpy(text) for text in texts]
        self.labels = torch.from_numpy(labels)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.texts[index], self.labels[index]

    def collate(self, batch):
        """Return tokens `[batch, longest]` and labels."""
        import torch

        texts, labels = zip(*batch, strict=True)
        return torch.nn.utils.rnn.pad_sequence(texts, batch_first=True), torch.stack(labels)


def twin(name):
    """Return the network `name` in PyTorch."""
    from torch import nn

    if name == "resnet20":
        return residual()
    if name == "text_cnn_rand":
        return text_cnn()
    if name == "lenet5":
        convolutions = [(1, 6, 5, 2), "pool", (6, 16, 5, 0), "pool"]
        head = [nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)]
        return nn.Sequential(*plain(convolutions), nn.Flatten(), *head)
    if name == "basic_cnn":
        convolutions = [(3, 16, 3, 1), "pool", (16, 32, 3, 1), "pool", (32, 64, 3, 1), "pool"]
        dropped = [nn.Dropout(0.25), nn.Linear(1024, 500), nn.ReLU(), nn.Dropout(0.25)]
        return nn.Sequential(*plain(convolutions), nn.Flatten(), *dropped, nn.Linear(500, 10))
    widths, convolutions, before = "64 p 128 p 256 256 p 512 512 p 512 512 p", [], 3
    for word in widths.split():
        if word == "p":
            convolutions.append("pool")
        else:
            convolutions.append((before, int(word), 3, 1))
            before = int(word)
    head = [nn.Flatten(), nn.Dropout(0.5), nn.Linear(512, 10)]
    return nn.Sequential(*plain(convolutions, norm=True), *head)


def plain(convolutions, norm=False, bias=True):
    """Return convolutions (maps in, maps out, side, padding), each with a ReLU, and poolings."""
    from torch import nn

    layers = []
    for one in convolutions:
        if one == "pool":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(*one[:3], padding=one[3], bias=bias))
        if norm:
            layers.append(nn.BatchNorm2d(one[1]))
        layers.append(nn.ReLU(inplace=True))
    return layers


def residual():
    """Return ResNet-20 with option A."""
    from torch import nn
    from torch.nn import functional

    class Unit(nn.Module):
        def __init__(self, before, maps, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(before, maps, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(maps)
            self.conv2 = nn.Conv2d(maps, maps, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(maps)
            self.stride, self.added = stride, maps - before

        def forward(self, inputs):
            maps = functional.relu(self.bn1(self.conv1(inputs)), inplace=True)
            maps = self.bn2(self.conv2(maps))
            if self.stride > 1:
                inputs = inputs[:, :, :: self.stride, :: self.stride]
                inputs = functional.pad(inputs, [0, 0, 0, 0, 0, self.added])
            return functional.relu(maps + inputs, inplace=True)

    layers = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    for before, maps, stride in [(16, 16, 1), (16, 32, 2), (32, 64, 2)]:
        layers += [Unit(before, maps, stride), Unit(maps, maps, 1), Unit(maps, maps, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def text_cnn():
    """Return Kim's network; unlike ours it also sees windows of padding only."""
    import torch
    from torch import nn

    class TextCNN(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(18_767, 300, padding_idx=0)
            self.widths = nn.ModuleList(
                nn.Conv1d(300, 100, width, padding=width - 1) for width in (3, 4, 5)
            )
            self.dropout, self.logits = nn.Dropout(0.5), nn.Linear(300, 2)

        def forward(self, tokens):
            words = self.words(tokens).transpose(1, 2)
            found = [torch.relu(width(words)).amax(2) for width in self.widths]
            return self.logits(self.dropout(torch.cat(found, 1)))

        @torch.no_grad()
        def limit(self):
            """Shorten the weights of each class to a length of 3."""
            self.logits.weight.renorm_(2, 0, 3.0)

    return TextCNN()


if __name__ == "__main__":
    main()
