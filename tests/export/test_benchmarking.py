"""The formats of a network side by side."""

import io

import numpy as np
import pytest
from PIL import Image

from cnnzoo import plot_style
from cnnzoo.errors import CnnzooError
from cnnzoo.export import benchmarking, formats
from cnnzoo.export.benchmarking import benchmark, draw_benchmark

FORMATS = ("savedmodel", "litert", "litert_int8", "micro", "html")
TIMED = ["keras", "savedmodel", "openvino", "litert", "litert_int8"]
FIGURES = ["latency_us", "latency_99_us", "latency_64_us", "latency_64_99_us", "peak_bytes"]


@pytest.fixture(scope="module")
def rows(classifier, proving_here):
    with pytest.MonkeyPatch.context() as patch, proving_here():
        patch.setattr(benchmarking, "_CALLS", 3)
        patch.setattr(benchmarking, "FORMATS", {name: formats.FORMATS[name] for name in FORMATS})
        return {row["format"]: row for row in benchmark(classifier)}


@pytest.mark.slow
def test_every_format_is_there_with_its_figures_or_the_reason(rows, finished_run):
    assert set(rows) == {*FORMATS, "keras", "openvino"}
    for name, row in rows.items():
        if name in TIMED and not row["note"]:
            assert row["latency_us"] <= row["latency_99_us"]
            assert row["latency_us"] < row["latency_64_us"] <= row["latency_64_99_us"]
            assert row["peak_bytes"] > 10e6
        else:
            assert row["note"]
            assert [row[one] for one in FIGURES] == [None] * 5
    assert rows["micro"]["note"] == "timed on a microcontroller only"
    accuracy = finished_run.accuracy  # Of the same 500 images.
    for name in ("keras", "savedmodel", "litert"):
        assert rows[name]["accuracy"] == accuracy
        assert rows[name]["examples"] == 500
    assert rows["litert_int8"]["accuracy"] == pytest.approx(accuracy, abs=0.005)
    assert rows["litert_int8"]["bytes"] < rows["litert"]["bytes"] / 2


@pytest.mark.slow
def test_what_was_timed_is_drawn(rows):
    picture = np.asarray(
        Image.open(io.BytesIO(plot_style.png(draw_benchmark("a", [*rows.values()]))))
    )
    assert picture.std() > 5


def test_what_cannot_be_written_is_said(classifier, tmp_path, monkeypatch):
    def export(classifier, to, chosen, data):
        raise CnnzooError(f"format {chosen[0]} cannot hold the network")

    monkeypatch.setattr(benchmarking, "export", export)
    found = [*benchmarking._files(classifier, tmp_path, None)]
    assert [one.format for one in found] == ["keras", *formats.FORMATS]
    assert found[1].reason == "format savedmodel cannot hold the network"
    assert found[1].path is None


def test_a_saved_model_has_no_other_formats(classifier):
    class Loaded:
        model = None

    with pytest.raises(CnnzooError, match="model must be a run, an artifact or a shipped name"):
        benchmark(Loaded())
