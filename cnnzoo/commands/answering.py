"""Commands on a trained model: evaluate, predict."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from cnnzoo.commands import Answer
from cnnzoo.commands.arguments import TRAINED, Add, add_cluster, cluster, local_path
from cnnzoo.commands.tables import facts, printable, table
from cnnzoo.errors import CnnzooError
from cnnzoo.quiet import log, start_tensorflow

Stream = Callable[[Iterator[Any]], Iterator[dict[str, Any]]]  # From inputs to answers.


def declare_evaluate(add: Add) -> None:
    """Declare `evaluate`."""
    one = add("evaluate", evaluate_trained, "score a trained model")
    one.add_argument("name", help=TRAINED)
    one.add_argument(
        "--split",
        help="test, validation, train or all (default: test, or all of other data than those of "
        "training that have no test split)",
    )
    one.add_argument(
        "--data",
        metavar="PATH",
        help="your labeled data to score instead, as for train; classes are matched by name",
    )
    one.add_argument(
        "--encoding", metavar="NAME", help="of your texts, such as cp1252, if they are not UTF-8"
    )
    one.add_argument(
        "--corrupted",
        nargs="?",
        const=True,
        default=False,
        metavar="NAME,...",
        help="score images corrupted too, at five strengths: by noise, blur, fog and others, or by "
        "these alone",
    )
    one.add_argument(
        *("--out",),
        type=local_path,
        metavar="FILE",
        help="PNG to write with --corrupted: each corruption of an image, and the accuracy",
    )


def declare_predict(add: Add) -> None:
    """Declare `predict`."""
    one = add("predict", predict, "predict the class of raw inputs")
    one.add_argument("name", help=TRAINED)
    one.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="PNG, JPEG, WAV or .npy file, or the text itself for a text model; a folder, for all "
        "files below it; or a .csv, .tsv, .jsonl or .parquet table with a column text or image, or "
        "the column in brackets: 'reviews.csv[review]'",
    )
    one.add_argument(
        "--out",
        type=local_path,
        metavar="FILE",
        help=".csv, .jsonl or .parquet file to write, one row per input, in constant memory; the "
        "same command continues a .csv or .jsonl file after an interruption",
    )
    one.add_argument(
        "--top", type=int, metavar="N", help="best classes to give of each input (default: 1)"
    )
    unknown = one.add_mutually_exclusive_group()
    unknown.add_argument(
        "--threshold",
        type=float,
        metavar="X",
        help="call an input unknown if its familiarity, from 0 to 1, is below X (default: the "
        "card's, which refuses 1%% of validation data)",
    )
    unknown.add_argument("--no-unknown", action="store_true", help="always give a class")
    add_cluster(one, "part")


def evaluate_trained(arguments: argparse.Namespace) -> Answer:
    """The score of a trained model."""
    out, corrupted = arguments.out, arguments.corrupted
    if out is not None and not (corrupted and out.suffix.lower() == ".png"):
        raise CnnzooError(f"out must end in .png, and stand with --corrupted; got {str(out)!r}")
    start_tensorflow()
    from cnnzoo.evaluation.metrics import evaluate
    from cnnzoo.export.artifact import load

    classifier = load(arguments.name)
    result = evaluate(classifier, arguments.split, arguments.data, arguments.encoding, corrupted)
    line = "{split} accuracy {accuracy:.2%}, loss {loss:.4f}, of {examples:,}".format(**result)
    if result["split"] == "all" and arguments.split is None:
        line += f", all examples of {arguments.data}, which has no test split"
    lines = [line, *_figures(result)]
    if corrupted:
        lines += _corrupted(result["corrupted"])
    if out is not None:
        _draw_corrupted(classifier, result, arguments)
        lines.append(f"picture  {out}")
    return result, lines


def _draw_corrupted(classifier: Any, result: dict[str, Any], arguments: argparse.Namespace) -> None:
    """Write a picture of the corruptions of the first image that was scored."""
    from cnnzoo.evaluation.metrics import scored_examples
    from cnnzoo.evaluation.robustness_plot import draw_corrupted
    from cnnzoo.files import write_whole
    from cnnzoo.plot_style import png

    _, examples = scored_examples(classifier, result["split"], arguments.data, arguments.encoding)
    figure = draw_corrupted(examples.inputs[0], result["corrupted"]["corruptions"])
    write_whole(arguments.out, png(figure))


def _corrupted(found: dict[str, Any]) -> list[str]:
    """Return the accuracy on corrupted images as lines, one per corruption."""
    headings = ("corrupted", "mean", *map(str, range(1, 1 + len(found["strengths"]))))
    rows = [
        (row["name"], *(f"{one:.2%}" for one in (row["accuracy"], *row["strengths"])))
        for row in [*found["corruptions"], {**found, "name": "mean"}]
    ]
    return table(headings, rows)


_MOST_CLASSES = 20  # In a table; of more, those of the lowest F1.


def _figures(result: dict[str, Any]) -> list[str]:
    """Return what `evaluate` returns beside accuracy and loss, as lines."""
    low, high = result["accuracy_interval"]
    named = {
        "top-5 accuracy": "top5_accuracy",
        "macro F1": "macro_f1",
        "weighted F1": "weighted_f1",
        "ROC AUC": "roc_auc",
        "average precision": "average_precision",
        "calibration error": "ece",
    }
    pairs = [("95% interval", f"{low:.2%} to {high:.2%}")]
    pairs += [(name, f"{result[key]:.2%}") for name, key in named.items() if key in result]
    rows = result["classes"]
    if len(rows) > _MOST_CLASSES:
        rows = sorted(rows, key=lambda row: row["f1"])[:_MOST_CLASSES]
    measured = [(row["precision"], row["recall"], row["f1"]) for row in rows]
    cells = [
        (row["label"], *(f"{one:.2%}" for one in figures), f"{row['support']:,}")
        for row, figures in zip(rows, measured, strict=True)
    ]
    return [
        *facts([*pairs, ("Brier score", f"{result['brier']:.4f}")]),
        *table(("class", "precision", "recall", "F1", "examples"), cells),
    ]


def predict(arguments: argparse.Namespace) -> Answer:
    """Predictions for raw inputs."""
    if arguments.top is not None and arguments.top < 1:
        raise CnnzooError(f"top must be at least 1; got {arguments.top}")
    from cnnzoo.export.artifact import load
    from cnnzoo.pipelines.custom_data.inputs import Inputs

    classifier = load(arguments.name)
    encoding = classifier.card.get("recipe", {}).get("encoding")  # As that of training.
    inputs = Inputs(arguments.inputs, classifier.raw.name, encoding)
    top = min(arguments.top or 1, len(classifier.class_names))
    threshold = 0.0 if arguments.no_unknown else arguments.threshold
    on = cluster(arguments)
    stream = partial(classifier.predict_stream, threshold=threshold)
    if on["on"] is not None:
        from cnnzoo.export.streaming import predictions_on

        stream = partial(predictions_on, classifier, arguments.name, threshold=threshold, **on)
    if arguments.out is not None:
        return _write(classifier, inputs, arguments.out, top, stream)
    if inputs.are_single and on["on"] is None:
        answers = classifier.predict(inputs.arguments, threshold)
    else:
        tally = _Tally(inputs)
        answers = list(tally.counted(_answers(inputs, iter(inputs), 0, stream)))
        tally.report()
    return answers, [answer_line(answer, classifier.class_names, top) for answer in answers]


def answer_line(answer: dict[str, Any], class_names: Sequence[str], top: int = 1) -> str:
    """Return the input, and the `top` labels with their scores, or why it cannot be read."""
    if "error" in answer:
        return printable(f"{answer['input']}: {answer['error']}")
    scores = answer["scores"]
    ranked = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
    found = [f"{class_names[place]} ({scores[place]:.2%})" for place in ranked[:top]]
    if answer["label"] != class_names[ranked[0]]:
        found[0] = f"{answer['label']} (known {answer['known']:.2%}), closest is {found[0]}"
    return printable(f"{answer['input']}: {', '.join(found)}")


def _write(classifier: Any, inputs: Any, out: Path, top: int, stream: Stream) -> Answer:
    """Write the predictions to a file, behind those that an interruption has left there."""
    from cnnzoo.commands.answer_files import answer_file, row_of
    from cnnzoo.export.streaming import names_of

    file = answer_file(out, top)
    left, before, part = file.continued(inputs, partial(names_of, classifier))
    tally = _Tally(inputs, before)
    answers = tally.counted(islice(_answers(inputs, left, before, stream), part, None))
    try:
        file.write(row_of(answer, classifier.class_names, top) for answer in answers)
    except KeyboardInterrupt:
        advice = f"the same command {file.after_interruption}"
        raise CnnzooError(f"interrupted after {tally.total:,}; {advice}") from None
    tally.report()
    counts = {"inputs": tally.total, "unreadable": tally.unreadable, "continued": before}
    return {"out": str(out), **counts}, [f"{tally.total:,} predictions in {out}"]


def _answers(
    inputs: Any, left: Iterator[Any], done: int, stream: Stream
) -> Iterator[dict[str, Any]]:
    from cnnzoo.progress import tracked

    return tracked(stream(left), inputs.count, "predict", inputs.kind, done)


@dataclass
class _Tally:
    """Counts answers as they are read."""

    inputs: Any
    before: int = 0  # Answers of an earlier call.
    unreadable: int = 0
    error: str = ""  # The first one.

    def __post_init__(self) -> None:
        self.total = self.before

    def counted(self, answers: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield `answers`."""
        for answer in answers:
            self.total += 1
            if "error" in answer:
                self.unreadable += 1
                self.error = self.error or answer["error"]
            yield answer

    def report(self) -> None:
        """Print what was left out.

        Raises:
            CnnzooError: Nothing was predicted.
        """
        kind = self.inputs.kind
        if not self.total:
            places = ", ".join(self.inputs.arguments)
            raise CnnzooError(f"inputs must hold {kind}; found none in {places}")
        if self.unreadable == self.total:
            got = f"none of {self.total:,} is, such as: {self.error}"
            raise CnnzooError(f"inputs must be readable {kind}; {got}")
        if self.inputs.left_out:
            log(f"{self.inputs.left_out:,} files that hold no {kind} were left out")
        if self.unreadable:
            log(f"{self.unreadable:,} of {self.total:,} inputs cannot be read: {self.error}")
