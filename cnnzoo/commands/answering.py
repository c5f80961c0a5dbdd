"""Commands on a trained model: evaluate, predict."""

from __future__ import annotations

import argparse
from typing import Any

from cnnzoo.commands import Answer
from cnnzoo.quiet import start_tensorflow


def evaluate_trained(arguments: argparse.Namespace) -> Answer:
    """The score of a trained model."""
    start_tensorflow()
    from cnnzoo.evaluation.metrics import evaluate
    from cnnzoo.export.artifact import load

    result = evaluate(load(arguments.name), arguments.split, arguments.data)
    line = "{split} accuracy {accuracy:.2%}, loss {loss:.4f}, of {examples:,}".format(**result)
    if result["split"] == "all" and arguments.split is None:
        line += f", all examples of {arguments.data}, which has no test split"
    return result, [line]


def predict(arguments: argparse.Namespace) -> Answer:
    """Predictions for raw inputs."""
    start_tensorflow()
    from cnnzoo.export.artifact import load

    answers = load(arguments.name).predict(arguments.inputs)
    return answers, [answer_line(answer) for answer in answers]


def answer_line(answer: dict[str, Any]) -> str:
    """Return the input, its label and the label's score."""
    return f"{answer['input']}: {answer['label']} ({answer['scores'][answer['class_id']]:.2%})"
