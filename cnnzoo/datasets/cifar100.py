"""CIFAR-100: 60,000 photographs of a hundred kinds of things, 32x32, color."""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

_NAMES = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
    butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch
    crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house
    kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
    mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
    plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark
    shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table
    tank telephone television tiger tractor train trout tulip turtle wardrobe whale
    willow_tree wolf woman worm
"""

DATASET = Dataset(
    name="cifar100",
    class_names=tuple(_NAMES.split()),
    sizes={"train": 50_000, "test": 10_000},
    source="https://www.cs.toronto.edu/~kriz/cifar.html",
    citation="Krizhevsky 2009, Learning multiple layers of features from tiny images",
    license="none stated; the authors ask to be cited",
    read=sources.TFDS("cifar100", "3.0.2"),
    input_shape=(32, 32, 3),
    mean=(0.5071, 0.4865, 0.4409),
    std=(0.2673, 0.2564, 0.2762),
)
