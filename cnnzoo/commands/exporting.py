"""Deploying a trained model: export, push, serve."""

from __future__ import annotations

import argparse
import sys

from cnnzoo.commands import Answer
from cnnzoo.commands.arguments import DEFAULT, WITH_CARD, Add, local_path, png_path, positive
from cnnzoo.commands.tables import table
from cnnzoo.errors import CnnzooError
from cnnzoo.extras import install
from cnnzoo.progress import saying
from cnnzoo.quiet import silent_stderr, start_tensorflow
from cnnzoo.serving.limits import Limits

_SERVE = ("ai_edge_litert", "fastapi", "orjson", "prometheus_client", "uvicorn")


def declare_export(add: Add) -> None:
    """Declare `export`."""
    one = add(
        "export",
        export_trained,
        "export the next version of a trained model, each file verified against the model",
    )
    one.add_argument("name", help=WITH_CARD)
    one.add_argument(
        "--out", default="saved_models", metavar="DIR", help=f"folder of all exports {DEFAULT}"
    )
    one.add_argument(
        "--name", dest="as_name", metavar="NAME", help="of the export (default: the card's)"
    )
    one.add_argument("--to", help=argparse.SUPPRESS)  # The name of version 0.1; goes with 0.3.
    one.add_argument(
        "--format",
        default="savedmodel,litert",
        help="formats in addition to the SavedModel, separated by commas: litert, litert_float16, "
        f"litert_int8, onnx, micro, html (a page to try it, one file) {DEFAULT}",
    )


def declare_benchmark(add: Add) -> None:
    """Declare `benchmark`."""
    one = add(
        "benchmark",
        benchmark_trained,
        "measure each format of a trained model here: bytes, accuracy, latency and memory",
    )
    one.add_argument("name", help=WITH_CARD)
    one.add_argument(
        "--data", metavar="PATH", help="your labeled data to score instead, as for evaluate"
    )
    one.add_argument("--out", type=png_path, metavar="FILE", help="PNG to draw the figures in")


def declare_push(add: Add) -> None:
    """Declare `push`."""
    one = add(
        "push",
        push_trained,
        "push a trained model and its card to a site of models, for others to load",
    )
    one.add_argument("name", help=WITH_CARD)
    one.add_argument(
        "address", help="hf://USER/NAME[@BRANCH]; repository and branch are created where missing"
    )


def declare_serve(add: Add) -> None:
    """Declare `serve`."""
    one = add("serve", serve_models, "serve predictions over HTTP, as TensorFlow Serving does")
    one.add_argument(
        "folder", type=local_path, help="folder of exported models, such as saved_models"
    )
    one.add_argument("--host", default="127.0.0.1", help=f"address to listen on {DEFAULT}")
    one.add_argument("--port", type=int, default=8501, help=f"port, or 0 for a free one {DEFAULT}")
    for name, value, what in (
        ("instances", Limits.instances, "examples per request"),
        ("body", Limits.body, "bytes per request"),
        ("waiting", Limits.waiting, "requests that may wait"),
    ):
        one.add_argument(
            f"--max-{name}", type=positive, default=value, metavar="N", help=f"{what} {DEFAULT}"
        )


def export_trained(arguments: argparse.Namespace) -> Answer:
    """The published version, format by format."""
    start_tensorflow()
    from cnnzoo.export.artifact import load
    from cnnzoo.export.formats import export

    if arguments.to is not None:
        print("cnnzoo: --to is now --out; the old name goes", file=sys.stderr)
        arguments.out = arguments.to
    classifier = load(arguments.name)
    # Converters write much that nobody can act on.
    with saying("exporting, and comparing the files with the model"), silent_stderr():
        results = export(
            classifier, arguments.out, arguments.format.split(","), name=arguments.as_name
        )
    headings = ("format", "bytes", "largest\ndifference", "same\nlabels", "accuracy", "latency")
    rows = [
        (
            one["format"],
            f"{one['bytes']:,}",
            f"{one['max_difference']:.1e}",
            f"{one['label_agreement']:.2%}",
            "" if one["accuracy"] is None else f"{one['accuracy']:.2%}",
            "" if one["latency_us"] is None else f"{one['latency_us']:,.0f} us",
            f"{one['compared']:,} {one['examples']}",
        )
        for one in results
    ]
    compared = (*headings, "compared\nexamples")
    return results, [*table(compared, rows), f"published in {results[0]['path']}"]


def benchmark_trained(arguments: argparse.Namespace) -> Answer:
    """What each format costs on this machine."""
    start_tensorflow()
    from cnnzoo.export.artifact import load
    from cnnzoo.export.benchmarking import benchmark, draw_benchmark
    from cnnzoo.files import write_whole
    from cnnzoo.plot_style import png

    classifier = load(arguments.name)
    rows = benchmark(classifier, arguments.data)
    headings = ("format", "KB", "accuracy", "1: ms", "99%", "64: ms", "99%", "MB")
    cells = [
        (
            row["format"],
            _figure(row["bytes"], 1e3, ",.0f"),
            _figure(row["accuracy"], 0.01, ".2f"),
            *(
                _figure(row[f"latency{part}_us"], 1e3, ",.2f")
                for part in ("", "_99", "_64", "_64_99")
            ),
            _figure(row["peak_bytes"], 1e6, ",.0f"),
        )
        for row in rows
    ]
    notes = [f"{row['format']}: {row['note']}" for row in rows if row["note"]]
    if arguments.out is not None:
        write_whole(arguments.out, png(draw_benchmark(classifier.card["name"], rows)))
        notes.append(f"drawn in {arguments.out}")
    return rows, [*table(headings, cells), *notes]


def _figure(value: float | None, unit: float, form: str) -> str:
    return "" if value is None else format(value / unit, form)


def push_trained(arguments: argparse.Namespace) -> Answer:
    """What was pushed, and where it is."""
    start_tensorflow()
    from cnnzoo.export.artifact import load
    from cnnzoo.export.pushing import push

    result = push(load(arguments.name), arguments.address)
    return result, [
        f"pushed to  {result['url']}",
        f"address    {result['address']}",
        f"SHA-256    {result['sha256']}, {result['bytes']:,} bytes",
    ]


def serve_models(arguments: argparse.Namespace) -> Answer:
    """The number of requests of a server, once it is stopped."""
    import importlib.util

    if any(importlib.util.find_spec(name) is None for name in _SERVE):
        raise CnnzooError(f"serving needs more packages; run: {install('serve')}")
    from cnnzoo.serving.server import serve

    limits = Limits(
        instances=arguments.max_instances,
        body=arguments.max_body,
        waiting=arguments.max_waiting,
    )
    number = serve(arguments.folder, arguments.host, arguments.port, limits)
    return {"requests": number}, [f"stopped after {number:,} requests"]
