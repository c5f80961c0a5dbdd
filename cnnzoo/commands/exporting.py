"""Deploying a trained model: export, push, serve."""

from __future__ import annotations

import argparse
import sys

from cnnzoo.commands import Answer
from cnnzoo.commands.tables import table
from cnnzoo.errors import CnnzooError
from cnnzoo.extras import install
from cnnzoo.progress import saying
from cnnzoo.quiet import silent_stderr, start_tensorflow

_SERVE = ("ai_edge_litert", "fastapi", "orjson", "prometheus_client", "uvicorn")


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
    from cnnzoo.serving.limits import Limits
    from cnnzoo.serving.server import serve

    limits = Limits(
        instances=arguments.max_instances,
        body=arguments.max_body,
        waiting=arguments.max_waiting,
    )
    number = serve(arguments.folder, arguments.host, arguments.port, limits)
    return {"requests": number}, [f"stopped after {number:,} requests"]
