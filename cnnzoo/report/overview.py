"""The first and the last parts of a report: what the network is and costs, and its card."""

from __future__ import annotations

import shlex

from cnnzoo.export.card import how_good, interval
from cnnzoo.inspection.plots import architecture
from cnnzoo.inspection.table import sides
from cnnzoo.report import structure
from cnnzoo.report.page import Code, Facts, Picture, Piece, Points, Section, Table, Title
from cnnzoo.report.subject import Subject

_NAMED = 10  # Classes.

_FILES = {"images": "picture.png", "sounds": "sound.wav", "texts": "a text"}
_POSITIONS = {"images": "pixels", "sounds": "samples", "texts": "words"}


def lead(subject: Subject) -> str:
    """Return in a sentence or two what the model does."""
    card, names = subject.card, subject.card["class_names"]
    classes = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    task = f"classifies {subject.kind} into {len(names)} classes: {classes}"
    found = f"A {card['model']} that {task}. It was trained on {card['dataset']}."
    return found if subject.examples else f"{found} {subject.lacking}"


def metadata(subject: Subject) -> Facts:
    """Return the most important figures."""
    card, rows = subject.card, subject.rows
    found = []
    test = card["metrics"].get("test") or subject.score
    if test:
        low, high = interval(test["accuracy"], test["examples"])
        note = f"95% interval {low:.2%} to {high:.2%}, {test['examples']:,} {subject.kind}"
        found.append(("test accuracy", f"{test['accuracy']:.2%}", note))
    seeds = card["metrics"].get("seeds")
    if seeds:
        note = f"± {seeds['accuracy_std']:.2%} standard deviation"
        found.append((f"mean of {seeds['n']} runs", f"{seeds['accuracy_mean']:.2%}", note))
    found.append(("parameters", f"{card['params']:,}", f"{_bytes(4 * card['params'])} as float32"))
    if rows:
        note = _counted_for(subject) or "for one example"
        unknown = sum(bool(row.remark) for row in rows)
        note += f", without {unknown} layers of unknown cost" if unknown else ""
        found.append(("multiply-adds", f"{sum(row.macs for row in rows):,}", note))
        memory = sum(row.activation_bytes for row in rows)
        found.append(("activations", _bytes(memory), "all layers' outputs for one example"))
    return Facts(found)


def _bytes(count: int) -> str:
    return f"{count / 1e6:,.3g} MB" if count >= 1e6 else f"{count / 1e3:,.3g} kB"


def _counted_for(subject: Subject) -> str:
    definite = None not in subject.network.inputs[0].shape[1:]
    return "" if definite else f"for a text of {architecture.LENGTH} tokens"


def structure_section(subject: Subject) -> Section:
    """Return the drawing of the network, what its units see, and a table of all layers."""
    if not subject.rows:
        return Section("structure", "Structure and cost", ["The cost of its layers is not known."])
    parts = architecture.parts_of(subject.rows)
    names = ", ".join(f"{part.name} ({structure.described(part)})" for part in parts)
    counted = subject.kind[:-1] + _counted_for(subject).removeprefix("for a text")
    pieces: list[Piece] = [
        f"From top to bottom, the path of an example through {len(subject.rows)} layers, the last "
        "of which gives one logit per class.",
        Picture(
            "structure",
            architecture.draw_parts(parts),
            f"The network from input to output in {len(parts)} parts: {names}.",
            "The width of a box is the size of the output on a logarithmic scale; the other "
            "columns are linear. The receptive field is what one unit sees of the input, in "
            f"{_POSITIONS[subject.kind]} per side. All counts are for one {counted}.",
        ),
    ]
    if subject.kind == "images" and subject.examples:
        fields = structure.fields_drawing(subject.examples.inputs[0], parts)
        if fields is not None:
            alt = "Frames around the middle of a test image, one per part: its receptive field."
            caption = (
                "What the unit in the middle of a feature map can see of a test image, in pixels. "
                "A frame that is larger than the image sees padding too."
            )
            pieces.append(Picture("receptive_fields", fields, alt, caption))
    return Section("structure", "Structure and cost", [*pieces, _layers(subject)])


def _layers(subject: Subject) -> Table:
    rows = [
        (
            row.name,
            row.kind,
            sides(row.output_shape),
            f"{row.params:,}",
            f"{row.macs:,}",
            "all" if row.receptive_field is None else sides(row.receptive_field),
            "–" if row.stride is None else sides(row.stride),
        )
        for row in subject.rows
    ]
    header = ("layer", "kind", "output", "parameters", "multiply-adds", "field", "stride")
    return Table(header, rows, f"All {len(rows)} layers", folded=True)


def card_section(subject: Subject) -> Section:
    """Return the model card: data, recipe, versions, license, limits, and how to call it."""
    card = subject.card
    about = [
        ("task", f"{card['task']}, {len(card['class_names'])} classes"),
        ("classes", ", ".join(card["class_names"])),
        ("network", card["model"]),
        ("data", card["dataset"]),
        ("source of the data", card["data_source"]),
        ("license of the data", card["data_license"] or "not stated"),
        ("seed", str(card["recipe"]["seed"])),
        *_of_run(subject),
        ("made with", ", ".join(f"{one} {number}" for one, number in card["versions"].items())),
    ]
    fields = [(name, _plain(value)) for name, value in card["recipe"].items()]
    pieces: list[Piece] = [
        Table(("property", "value"), about, "What it was made from"),
        Title("Accuracy"),
        Points(how_good(card["metrics"])),
        Title("Limits"),
        Points(card["limits"]),
        Title("How to use it"),
        Code(_usage(subject)),
        Table(("field", "value"), fields, f"The recipe, {card['name']}, field by field", True),
    ]
    return Section("card", "Model card", pieces)


def _of_run(subject: Subject) -> list[tuple[str, str]]:
    metrics = subject.metrics
    if not metrics:
        return []
    time = f"{metrics['epochs']} epochs in {metrics['seconds'] / 60:.1f} minutes"
    found = [("training", f"{time} on {metrics['hardware']}")]
    return [*found, ("commit", metrics["commit"])] if metrics.get("commit") else found


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items()) or "–"
    return "–" if value is None else str(value)


def _usage(subject: Subject) -> str:
    file, name = _FILES[subject.kind], shlex.quote(subject.name)
    return (
        f"cnnzoo predict {name} {shlex.quote(file)}\ncnnzoo evaluate {name}\ncnnzoo export {name}\n"
        f"\nimport cnnzoo\ncnnzoo.load({subject.name!r}).predict([{file!r}])"
    )
