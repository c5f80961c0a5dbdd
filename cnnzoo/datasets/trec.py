"""TREC: 5,952 questions by what kind of answer they ask for, six kinds."""

from __future__ import annotations

from cnnzoo.datasets import sources
from cnnzoo.datasets.dataset import Dataset

DATASET = Dataset(
    name="trec",
    class_names=("DESC", "ENTY", "ABBR", "HUM", "NUM", "LOC"),
    sizes={"train": 5_452, "test": 500},
    source="https://cogcomp.seas.upenn.edu/Data/QA/QC/",
    citation=(
        "Li and Roth 2002, Learning question classifiers; Hovy, Gerber, Hermjakob, Lin and "
        "Ravichandran 2001, Toward semantics-based answer pinpointing"
    ),
    license="none stated; the authors ask to be cited",
    read=sources.TFDS("trec", "1.0.0", inputs="text", labels="label-coarse"),
)
