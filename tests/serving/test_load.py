"""Many requests, and versions that change under them.

Run: pytest -m slow tests/serving/test_load.py
"""

import base64
import contextlib
import json
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import tensorflow as tf

from cnnzoo.guard.sums import SUMS, write_sums

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc"),
]

CLIENTS = 8


def resident(process):
    """Return the pages of memory that `process` holds."""
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])


def asking(pool, ask, number):
    """Let each thread of `pool` call `ask` with a client of its own, `number` times in all."""

    def run():
        with httpx.Client(timeout=60) as client:
            for place in range(number // CLIENTS):
                ask(client, place)

    return [pool.submit(run) for _ in range(CLIENTS)]


@pytest.fixture
def pool():
    with ThreadPoolExecutor(CLIENTS) as pool:
        yield pool


def test_10_000_requests_at_8_clients(exports, images, texts, digits, started, pool):
    """No error, and memory grows by less than 5% after the first thousand."""
    process, url = started(exports)
    encoded = base64.b64encode(tf.io.encode_png(digits[0]).numpy()).decode()
    bodies = [
        (images, {"instances": digits[:1].tolist()}),
        (images, {"instances": digits.tolist()}),
        (images, {"signature_name": "serving_bytes", "instances": [{"b64": encoded}]}),
        (texts, {"instances": ["a good film"]}),
        (images, {"instances": [[0]]}),
    ]
    requests = [(f"{url}/v1/models/{name}:predict", json.dumps(body)) for name, body in bodies]

    def ask(client, place):
        which = place % len(requests)
        path, body = requests[which]
        answer = client.post(path, content=body)
        assert answer.status_code == (400 if which == 4 else 200), answer.text

    for asked in asking(pool, ask, 1_000):
        asked.result()
    before = resident(process)
    begin = time.perf_counter()
    for asked in asking(pool, ask, 9_000):
        asked.result()
    rate = 9_000 / (time.perf_counter() - begin)
    growth = resident(process) / before - 1
    print(f"{rate:,.0f} requests/s, memory grew by {growth:.2%}")
    assert growth < 0.05
    counted = sum(
        float(line.split()[-1])
        for line in httpx.get(f"{url}/metrics").text.splitlines()
        if line.startswith("cnnzoo_requests_total")
    )
    assert counted == 10_000


def publish(source, base, number):
    """Publish a copy of `source` whose classes are called after its number, by one rename.

    Of every other one the check sums are missing: the server reads it by TensorFlow then.
    """
    hidden = base / f".new-{number}"
    shutil.copytree(source, hidden)
    card = hidden / "assets.extra" / "card.json"
    facts = json.loads(card.read_text())
    facts["class_names"] = [f"{number} {name}" for name in facts["class_names"]]
    card.write_text(json.dumps(facts))
    (hidden / SUMS).unlink()
    if number % 2 == 0:
        write_sums(hidden)
    hidden.rename(base / str(number))


def test_20_swaps_under_load(exports, images, digits, started, tmp_path, pool):
    """No request fails, and each answer comes from one complete version."""
    base = tmp_path / "served" / images
    publish(exports / images / "1", base, 1)
    process, url = started(base.parent)
    path = f"{url}/v1/models/{images}"
    body = json.dumps({"instances": digits.tolist()})
    swapped = threading.Event()
    seen = []

    def ask(client, _):
        while not swapped.is_set():
            answer = client.post(f"{path}:predict", content=body)
            assert answer.status_code == 200, answer.text
            rows = answer.json()["predictions"]
            names = [name for row in rows for name in (row["label"], *row["top_labels"])]
            numbers = {name.split()[0] for name in names}
            assert len(numbers) == 1, numbers
            seen.extend(numbers)
            time.sleep(0.02)  # The server has work, and what loads a version a part of the cores.

    futures = asking(pool, ask, CLIENTS)
    memory = []
    try:
        for number in range(2, 22):
            publish(exports / images / "1", base, number)
            wait_for(path, {str(number): "AVAILABLE", str(number - 1): "AVAILABLE"})
            shutil.rmtree(base / str(number - 1))
            wait_for(path, {str(number): "AVAILABLE"})
            memory.append(resident(process))
    finally:
        swapped.set()
    for asked in futures:
        asked.result()
    print(f"{len(seen):,} answers; pages of memory: {memory}")
    assert set(seen) == {str(number) for number in range(1, 22)}
    assert seen[-1] == "21"
    assert memory[-1] / memory[4] - 1 < 0.10  # What was unloaded is given back.


def wait_for(path, wanted):
    for _ in range(600):
        with contextlib.suppress(httpx.TimeoutException):
            states = httpx.get(path, timeout=60).json()["model_version_status"]
            if {one["version"]: one["state"] for one in states} == wanted:
                return
        time.sleep(0.1)
    raise AssertionError(states)
