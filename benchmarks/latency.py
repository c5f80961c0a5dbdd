"""Time to a prediction: one example, and 64 at once, through each way to run the same network.

Every side gives softmax scores for the same raw examples (uint8 images; for the text network the
tokens of sentences of 20 words, and whole sentences where the side takes texts) and runs in turn in
one process, the server and its client in two. The table shows the median time. The ratio is to the
fastest of the runtimes that are not cnnzoo's: Keras, TensorFlow, ONNX Runtime, LiteRT, OpenVINO and
PyTorch. "Server" is a whole HTTP request over a kept connection, JSON on both sides.

Run: python benchmarks/latency.py [NETWORK ...] [--seconds 1.5]
Needs: pip install '.[serve,onnx]' openvino torch
"""

import cnnzoo  # isort: skip  Before Keras: it switches on what makes TensorFlow fast.

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
from training import twin

from cnnzoo.training.provenance import hardware, versions

NETWORKS = {
    "lenet5": "mnist_lenet5",
    "resnet20": "cifar10_resnet20",
    "text_cnn": "sms_spam_text_cnn",
}
BATCHES = (1, 64)
OURS = ("cnnzoo, scores", "cnnzoo, predict", "cnnzoo, server")

# Without the second hint it computes with bfloat16 where the processor can.
OPENVINO = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}


def main():
    """Measure and print a table a network."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), metavar="NETWORK")
    parser.add_argument("--seconds", type=float, default=1.5, help="of one measurement")
    arguments = parser.parse_args()
    peers = "ai-edge-litert", "onnxruntime", "openvino", "torch"
    print(f"{hardware()}; {versions(*peers)}; load before it {os.getloadavg()[0]:.1f}\n")
    for name in arguments.networks:
        with tempfile.TemporaryDirectory() as folder:
            table(name, measured(name, Path(folder), arguments.seconds))


def table(name, times):
    """Print the rows of one network: microseconds, and the ratio to the fastest peer."""
    print(f"| {name} | one, us | to the fastest peer | {BATCHES[1]} at once, us | to it |")
    print("|---|---|---|---|---|")
    best = [min(v[place] for side, v in times.items() if side not in OURS) for place in (0, 1)]
    for side, (one, many) in times.items():
        ratios = one / best[0], many / best[1]
        print(f"| {side} | {one:,.0f} | {ratios[0]:.2f} | {many:,.0f} | {ratios[1]:.2f} |")
    print(flush=True)


def measured(name, folder, seconds):
    """Return side -> median microseconds for one example, and for 64."""
    classifier = cnnzoo.load(trained(name, folder))
    rows = cnnzoo.export(classifier, folder / "models", ["savedmodel", "litert", "onnx"])
    paths = {row["format"]: row["path"] for row in rows}
    raw = examples(classifier)
    found = {}
    with served(folder / "models") as address:
        for side, function, inputs in sides(name, classifier, paths, raw, address):
            found[side] = [median(function, inputs[:batch], seconds) for batch in BATCHES]
    return found


def trained(name, folder):
    """Return a run of a short epoch: how long a prediction takes does not depend on the weights."""
    recipe, fields = NETWORKS[name], {"epochs": 1}
    if name == "lenet5":
        return recipe
    if name == "resnet20":
        import tensorflow as tf

        rng = np.random.default_rng(0)
        images = rng.integers(0, 256, (640, 32, 32, 3), np.uint8)
        noise = tf.data.Dataset.from_tensor_slices((images, np.arange(640) % 10))
        fields |= {"data": cnnzoo.from_tf_data(noise, noise, name="noise"), "validation": 128}
    return cnnzoo.train(recipe, out=folder / "run", **fields).path


def examples(classifier):
    """Return 64 raw examples: noise, or sentences of 20 words that the network knows."""
    rng = np.random.default_rng(1)
    if classifier.raw.name == "images":
        return rng.integers(0, 256, (BATCHES[1], *classifier.input_shape), np.uint8)
    words = [word.decode() for word in classifier.model.get_layer("tokens").vocabulary[:5_000]]
    return [" ".join(rng.choice(words, 20)) for _ in range(BATCHES[1])]


def sides(name, classifier, paths, raw, address):
    """Yield name, function and 64 inputs of each way to ask."""
    import keras
    import onnxruntime
    import openvino
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    texts = classifier.raw.name == "texts"
    numbers, network = raw, classifier.model
    if texts:
        tokenizer = classifier.model.get_layer("tokens")
        numbers = tokenizer(raw).numpy()
        network = keras.Model(tokenizer.output, classifier.model.output)
    yield "Keras, model(x)", lambda x: np.asarray(network(x)), numbers
    yield "Keras, model.predict", lambda x: network.predict(x, verbose=0), numbers
    loaded = tf.saved_model.load(paths["savedmodel"])
    signature, key = loaded.signatures["serving_default"], classifier.raw.name
    yield "SavedModel", lambda x: signature(**{key: tf.constant(x)})["scores"].numpy(), raw
    session = onnxruntime.InferenceSession(paths["onnx"], providers=["CPUExecutionProvider"])
    name_of_input = session.get_inputs()[0].name
    yield "ONNX Runtime", lambda x: session.run(["scores"], {name_of_input: x}), numbers
    threads = len(os.sched_getaffinity(0))
    interpreter = Interpreter(paths["litert"], num_threads=threads)
    interpreter.allocate_tensors()
    into, out = (
        one[0]["index"]
        for one in (interpreter.get_input_details(), interpreter.get_output_details())
    )

    def by_litert(values):
        if tuple(interpreter.get_input_details()[0]["shape"]) != values.shape:
            interpreter.resize_tensor_input(into, values.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(into, values)
        interpreter.invoke()
        return interpreter.get_tensor(out)

    yield "LiteRT", by_litert, numbers
    compiled = openvino.compile_model(paths["onnx"], "CPU", OPENVINO)
    request = compiled.create_infer_request()
    yield "OpenVINO", lambda x: request.infer([x]), numbers
    yield "PyTorch, eager", *by_torch(name, numbers)
    yield "cnnzoo, scores", classifier.scores, raw
    yield "cnnzoo, predict", classifier.predict, raw if texts else list(raw)
    yield "cnnzoo, server", *by_server(address, classifier, raw)


def by_torch(name, numbers):
    """Return the twin's function, from standardized values or tokens, and its inputs."""
    import torch

    network = twin("text_cnn_rand" if name == "text_cnn" else name).eval()
    network = network.to(memory_format=torch.channels_last)
    inputs = torch.from_numpy(numbers)
    if inputs.ndim == 4:
        inputs = inputs.permute(0, 3, 1, 2)

    @torch.inference_mode()
    def ask(values):
        values = values.float().div(127.5).sub(1) if values.ndim == 4 else values.long()
        return network(values).softmax(1).numpy()

    return ask, inputs


def by_server(address, classifier, raw):
    """Return the function of a request on a kept connection, and its instances."""
    import http.client

    connection = http.client.HTTPConnection(*address)
    path = f"/v1/models/{classifier.card['name']}:predict"
    instances = raw if isinstance(raw, list) else raw.tolist()

    def ask(values):
        connection.request("POST", path, json.dumps({"instances": values}))
        return json.loads(connection.getresponse().read())["predictions"]

    return ask, instances


@contextlib.contextmanager
def served(folder):
    """Start `cnnzoo serve` and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "cnnzoo", "serve", str(folder), "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, **quiet)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models")
                break
            time.sleep(0.1)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait()


def median(function, inputs, seconds):
    """Return the median microseconds of `function(inputs)`."""
    for _ in range(3):
        function(inputs)
    times, begun = [], time.perf_counter()
    while time.perf_counter() - begun < seconds or len(times) < 5:
        before = time.perf_counter()
        function(inputs)
        times.append(time.perf_counter() - before)
    return 1e6 * statistics.median(times)


if __name__ == "__main__":
    main()
