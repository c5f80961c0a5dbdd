"""Metrics for Prometheus: requests, their time, and the versions that are loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from cnnzoo.serving.repository import Models

CONTENT_TYPE = CONTENT_TYPE_LATEST

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters in a separate registry."""

    def __init__(self, models: Callable[[], Models]) -> None:
        """Count; `models` gives what is served at the moment."""
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "cnnzoo_requests",
            "Predict requests; model, version and signature are empty where none was found.",
            ("model", "version", "signature", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "cnnzoo_request_seconds",
            "Time from a predict request's headers to its answer.",
            ("model", "version", "signature"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Loaded(models))

    def count(self, model: str, version: str, signature: str, status: int, seconds: float) -> None:
        """Count one predict request, whose names are those of something served, or empty."""
        self._requests.labels(model, version, signature, str(status)).inc()
        self._seconds.labels(model, version, signature).observe(seconds)

    def page(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self._registry)


class _Loaded:
    def __init__(self, models: Callable[[], Models]) -> None:
        self._models = models

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = GaugeMetricFamily(
            "cnnzoo_version_loaded", "1 for a version that is loaded.", labels=("model", "version")
        )
        for name, slots in self._models().items():
            for number, slot in slots.items():
                found.add_metric((name, str(number)), float(slot.engine is not None))
        yield found
