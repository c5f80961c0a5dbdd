import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnzoo.errors import CnnzooError
from cnnzoo.training.distributed import distribution
from cnnzoo.training.distributed.cluster import cluster, meet

SCRIPT = Path(__file__).with_name("worker.py")
SECONDS = 300  # After which nothing is waited for.


@pytest.fixture(scope="module")
def worker():
    """The module of the script, to train in this process."""
    spec = importlib.util.spec_from_file_location("worker", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def start(tmp_path):
    """Start the script with options; it writes the file of that name."""
    begun = []

    def run(name, **options):
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), json.dumps(options), str(tmp_path / name)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(distribution.__file__).parents[3],
            env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        )
        begun.append(process)
        return process

    yield run
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture
def pair(start, tmp_path):
    """Train with two workers on this machine; return what each has saved."""

    def run(**options):
        addresses = ",".join(free_addresses())
        names = ["chief.npz", "other.npz"]
        begun = [
            start(name, workers=addresses, worker=place, **options)
            for place, name in enumerate(names)
        ]
        for process in begun:
            _, errors = process.communicate(timeout=SECONDS)
            assert process.returncode == 0, errors
        return [dict(np.load(tmp_path / name)) for name in names]

    return run


def free_addresses(count=2):
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in servers]


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def close(one, other):
    """Whether all but the four figures of the metrics, which are means, are nearly equal."""
    keys = list(one)[:-4]
    return one.keys() == other.keys() and all(
        np.allclose(one[key], other[key], rtol=1e-4, atol=1e-5) for key in keys
    )


@pytest.mark.slow
def test_two_workers_end_where_one_process_does(worker, pair, tmp_path):
    (tmp_path / "letter").write_text("of the chief")
    chief, other = pair(clip=0.05)
    alone, history = worker.train(distribution.get_distribution(worker.BATCH), clip=0.05)
    assert close(chief, alone)
    assert same(chief, other)
    told = [json.loads((tmp_path / f"{name}.json").read_text()) for name in ("chief", "other")]
    assert told[0] == told[1]
    assert told[0].pop("shared") == [True, "chief", "letter"]
    for name, figures in told[0].items():
        np.testing.assert_allclose(figures, history[name], rtol=1e-4)


def test_two_replicas_on_one_machine_end_where_one_does(worker, start, tmp_path):
    process = start("mirrored.npz", devices=2, clip=0.05)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    alone, history = worker.train(distribution.get_distribution(worker.BATCH), clip=0.05)
    assert close(dict(np.load(tmp_path / "mirrored.npz")), alone)
    for name, figures in json.loads((tmp_path / "mirrored.json").read_text()).items():
        np.testing.assert_allclose(figures, history[name], rtol=1e-4)


@pytest.mark.slow
def test_batch_normalization_takes_the_rows_of_all_workers(worker, pair):
    chief, other = pair(layers=["norm"], rate=0.03)
    alone, _ = worker.train(distribution.get_distribution(worker.BATCH), layers=["norm"], rate=0.03)
    assert same(chief, other)
    moving_mean = "a4"  # After kernel, bias, gamma and beta.
    assert np.abs(alone[moving_mean]).max() > 0.01
    assert close(chief, alone)


@pytest.mark.slow
def test_batch_normalization_takes_the_rows_of_all_replicas(worker, start, tmp_path):
    process = start("mirrored.npz", devices=2, layers=["norm"], rate=0.03)
    _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, errors
    alone, _ = worker.train(distribution.get_distribution(worker.BATCH), layers=["norm"], rate=0.03)
    assert close(dict(np.load(tmp_path / "mirrored.npz")), alone)


@pytest.mark.slow
def test_a_run_of_two_workers_repeats_and_goes_on_bit_for_bit(pair, tmp_path):
    layers = ["norm", "dropout"]
    first, other = pair(layers=layers, epochs=2)
    assert same(first, other)
    half, _ = pair(layers=layers, epochs=1)
    np.savez(tmp_path / "half.npz", **half)
    resumed, _ = pair(layers=layers, epochs=1, start=str(tmp_path / "half.npz"), start_step=10)
    assert same(resumed, first)  # So the first half repeated, too.
    assert not same(half, first)


@pytest.mark.slow
@pytest.mark.parametrize(("victim", "how"), [(0, signal.SIGKILL), (1, signal.SIGTERM)])
def test_a_worker_that_is_gone_ends_the_others_with_a_sentence(victim, how, start):
    addresses = free_addresses()
    begun = [
        start(f"{place}.npz", workers=",".join(addresses), worker=place, pause=0.05, epochs=500)
        for place in range(2)
    ]
    for process in begun:
        guard = threading.Timer(SECONDS, process.kill)
        guard.start()
        for line in process.stdout:
            if line == "step 5\n":
                break
        guard.cancel()
    begun[victim].send_signal(how)
    _, errors = begun[1 - victim].communicate(timeout=SECONDS)
    begun[victim].communicate(timeout=SECONDS)
    assert begun[victim].returncode == -how
    assert begun[1 - victim].returncode == 1
    assert errors.splitlines()[-1] == (
        f"cnnzoo: workers must stay until all are done; worker {victim} at {addresses[victim]} "
        "is gone; start all again with --resume"
    )


def test_a_worker_that_does_not_answer_is_told():
    addresses = free_addresses()
    begun = time.monotonic()
    message = f"worker 1 at {addresses[1]} must answer within 0.5 seconds; it does not"
    with pytest.raises(CnnzooError, match=f"^{message}$"):
        distribution.get_distribution(24, workers=",".join(addresses), worker=0, seconds=0.5)
    assert time.monotonic() - begun < 20


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        message = f"worker 0 at {address} must be able to listen there; Address already in use"
        with pytest.raises(CnnzooError, match=f"^{message}$"):
            meet(cluster(f"{address},127.0.0.1:1", 0), 1)


def test_a_start_that_hangs_ends_in_time(start):
    addresses = free_addresses(1)
    with socket.create_server(("127.0.0.1", 0)) as server:  # Answers, but is no worker.
        addresses.append(f"127.0.0.1:{server.getsockname()[1]}")
        process = start("0.npz", workers=",".join(addresses), worker=0, seconds=2)
        _, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == (
        "all workers answer; this ends within 2 seconds if one leaves before the start"
    )


TASK = {"type": "worker", "index": 0}
TWO = ["a:1", "b:2"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{cluster", "TF_CONFIG must be JSON; got '{cluster'"),
        ([], "TF_CONFIG must be an object that has an object cluster; got '[]'"),
        (
            {"task": TASK},
            "TF_CONFIG must be an object that has an object cluster; "
            """got '{"task": {"type": "worker", "index": 0}}'""",
        ),
        (
            {"cluster": {"worker": TWO}},
            "TF_CONFIG must be an object that has an object task; "
            """got '{"cluster": {"worker": ["a:1", "b:2"]}}'""",
        ),
        (
            {"cluster": {"ps": TWO}, "task": TASK},
            "TF_CONFIG.cluster must hold lists of worker and perhaps chief, alone; "
            "got {'ps': ['a:1', 'b:2']}",
        ),
        (
            {"cluster": {"worker": "a:1"}, "task": TASK},
            "TF_CONFIG.cluster must hold lists of worker and perhaps chief, alone; "
            "got {'worker': 'a:1'}",
        ),
        (
            {"cluster": {"worker": []}, "task": TASK},
            "TF_CONFIG.cluster must name at least one address; got none",
        ),
        (
            {"cluster": {"worker": ["a:1", "b"]}, "task": TASK},
            "TF_CONFIG.cluster must be addresses host:port, with a port from 1 to 65535; got 'b'",
        ),
        (
            {"cluster": {"worker": ["a:1", 7]}, "task": TASK},
            "TF_CONFIG.cluster must be addresses host:port, with a port from 1 to 65535; got 7",
        ),
        (
            {"cluster": {"worker": ["a:1", "b:65536"]}, "task": TASK},
            "TF_CONFIG.cluster must be addresses host:port, with a port from 1 to 65535; "
            "got 'b:65536'",
        ),
        (
            {"cluster": {"chief": ["a:1"], "worker": ["a:1"]}, "task": TASK},
            "TF_CONFIG.cluster must name each address once; got a:1 more than once",
        ),
        (
            {"cluster": {"worker": TWO}, "task": {"type": "chief", "index": 0}},
            "TF_CONFIG.task.type must be worker; got 'chief'",
        ),
        (
            {"cluster": {"worker": TWO}, "task": {"type": "worker", "index": 2}},
            "TF_CONFIG.task.index must be from 0 to 1; got 2",
        ),
        (
            {"cluster": {"worker": TWO}, "task": {"type": "worker"}},
            "TF_CONFIG.task.index must be from 0 to 1; got None",
        ),
    ],
)
def test_a_malformed_tf_config_is_told(config, message, monkeypatch):
    text = config if isinstance(config, str) else json.dumps(config)
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(CnnzooError) as raised:
        distribution.get_distribution(24)
    assert str(raised.value) == message


def test_tf_config_gives_addresses_and_place(monkeypatch):
    jobs = {"worker": ["b:2", "c:3"], "chief": ["a:1"]}
    for task, place in ((("chief", 0), 0), (("worker", 1), 2)):
        config = {"cluster": jobs, "task": {"type": task[0], "index": task[1]}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        assert cluster(None, None) == (("a:1", "b:2", "c:3"), place)
    assert cluster("d:4,[::1]:5", 1) == (("d:4", "[::1]:5"), 1)  # Before TF_CONFIG.
    alone = {"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(alone))
    assert cluster(None, None) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"devices": 0}, "devices must be at least 1; got 0"),
        ({"devices": 5}, "batch_size must be a multiple of the 5 replicas; got 24"),
        (
            {"devices": 2},
            "devices must be asked for before TensorFlow has started, which it has "
            "with 1 CPU device; got 2",
        ),
        (
            {"workers": "a:1,b:2,a:1", "worker": 0},
            "workers must name each address once; got a:1 more than once",
        ),
        ({"workers": "a:1,b:2"}, "worker must be this one's place, from 0 to 1; got None"),
        (
            {"workers": "a:1,b:2", "worker": 2},
            "worker must be this one's place, from 0 to 1; got 2",
        ),
        ({"worker": 1}, "worker must come with workers; got 1 alone"),
        (
            {"workers": "a:1,b:2", "worker": 1, "devices": 2},
            "devices must be 1 for workers without GPUs; got 2",
        ),
        ({"seconds": 0}, "seconds must be above 0; got 0"),
    ],
)
def test_wrong_arguments_are_told(arguments, message, monkeypatch):
    tf.constant(0)  # TensorFlow has started.
    monkeypatch.setattr(tf.config, "list_physical_devices", devices(gpus=0))
    with pytest.raises(CnnzooError) as raised:
        distribution.get_distribution(24, **arguments)
    assert str(raised.value) == message


def test_more_devices_than_gpus_are_told(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", devices(gpus=2))
    with pytest.raises(CnnzooError) as raised:
        distribution.get_distribution(24, devices=3)
    assert str(raised.value) == "devices must be at most 2, the GPUs here; got 3"


def devices(gpus):
    real = tf.config.list_physical_devices
    return lambda kind: [f"GPU:{place}" for place in range(gpus)] if kind == "GPU" else real(kind)


def test_one_device_leaves_all_as_it_is(tmp_path):
    where = distribution.get_distribution(24)
    batches, optimizer = tf.data.Dataset.range(3), keras.optimizers.SGD()
    draw = keras.random.SeedGenerator.next
    assert where.batches(batches) is batches
    assert where.summed(optimizer) is optimizer
    assert type(optimizer) is keras.optimizers.SGD
    with where.network(), where.scope(), where.training():
        assert not tf.distribute.has_strategy()
        assert keras.random.SeedGenerator.next is draw
    assert where.run_on_chief(lambda: {"a": 1}) == {"a": 1}
    assert where.folder(tmp_path) is tmp_path
    assert (where.is_chief, where.replicas) == (True, 1)


DRAW = """
import keras
from cnnzoo.training.distributed import distribution
where = distribution.get_distribution(2, devices=2)
with where.network():
    layer = keras.layers.Dropout(0.5, seed=5)
generator = layer.seed_generator
def draws():
    values = where.strategy.run(lambda: keras.random.uniform((), seed=generator))
    return [float(one) for one in where.strategy.experimental_local_results(values)]
stock = draws()
where.synchronize(layer)
apart = draws()
states = [one.numpy().tolist() for one in where.strategy.experimental_local_results(
    generator.state.value)]
print(stock[0] == stock[1], apart[0] == apart[1], states)
"""


def run(script):
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        cwd=Path(distribution.__file__).parents[3],
    )


def test_replicas_draw_other_numbers_from_one_state():
    done = run(DRAW)
    assert done.stdout == "True False [[5, 2], [5, 2]]\n", done.stderr


LATE = """
import tensorflow as tf
from cnnzoo.training.distributed import distribution
tf.constant(0)
try:
    distribution.get_distribution(24, workers="{}", worker=0, seconds=20)
except distribution.CnnzooError as error:
    print(error)
"""


def test_workers_that_are_asked_for_too_late_are_told():
    with socket.create_server(("127.0.0.1", 0)) as server:
        addresses = [*free_addresses(1), f"127.0.0.1:{server.getsockname()[1]}"]
        done = run(LATE.format(",".join(addresses)))
    told = "workers must be asked for before TensorFlow has started; it has\n"
    assert done.stdout == told, done.stderr
