"""A browser, and a stand-in for the server: its page and its API, before the shipped LeNet-5."""

import base64
import contextlib
import functools
import io
import json
import threading
import wave
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

import cnnzoo
from cnnzoo.errors import CnnzooError
from cnnzoo.page import FOLDER

POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'"
)
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class Site(NamedTuple):
    """A running server, and the names of models that it serves."""

    url: str
    drawings: str
    older: str  # Of drawings, exported without explanations.
    photographs: str  # 100 classes.
    texts: str
    sounds: str  # One second at 8,000 Hz.


@pytest.fixture(scope="session")
def site():
    names = ("digits", "digits_older", "photographs", "reviews", "spoken")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(f"http://127.0.0.1:{server.server_port}/", *names)
    server.shutdown()
    server.server_close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        if self.path == "/v1/models":
            models = [
                {"name": name, "versions": ["2", "1"], "card": card}
                for name, card in cards().items()
            ]
            return self.answer(200, "application/json", json.dumps({"models": models}).encode())
        name = {"/": "index.html"}.get(self.path, self.path.removeprefix("/page/"))
        file = FOLDER / name
        if not file.is_file():
            return self.answer(404, "text/plain", b"")
        return self.answer(200, TYPES[name.rpartition(".")[2]], file.read_bytes())

    def do_POST(self):  # noqa: N802
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.path.removeprefix("/v1/models/").removesuffix(":predict")
        try:
            answer = {"predictions": [predict(name, body["signature_name"], body["instances"][0])]}
        except CnnzooError as error:
            answer = {"error": str(error)}
        self.answer(
            400 if "error" in answer else 200, "application/json", json.dumps(answer).encode()
        )

    def answer(self, status, kind, content):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", POLICY)
        with contextlib.suppress(ConnectionError):  # The page gave up waiting.
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@functools.cache
def lenet():
    return cnnzoo.load("mnist_lenet5")


@functools.cache
def cards():
    def card(task, dataset, names, accuracy, **facts):
        return {
            "task": f"{task} classification",
            "dataset": dataset,
            "class_names": list(names),
            "input": facts,
            "params": 123_456,
            "metrics": {"test": {"accuracy": accuracy, "examples": 1_000}},
        }

    names = [f"class {number}" for number in range(100)]
    return {
        "digits": lenet().card,
        "digits_older": {**lenet().card, "metrics": {}},
        "photographs": card(
            "image", "cifar100", names, 0.71, shape=[32, 32, 3], light_on_dark=False
        ),
        "reviews": card("text", "sst2", ["negative", "positive"], 0.85, shape=[]),
        "spoken": card(
            "sound", "spoken_digit", "0123456789", 0.95, shape=[8000, 1], sample_rate=8000
        ),
    }


def predict(name, signature, instance):
    if signature == "serving_explain" and name == "digits_older":
        raise CnnzooError("signature_name must be serving_bytes; got 'serving_explain'")
    if name == "reviews":
        return read_text(instance)
    content = base64.b64decode(instance["b64"])
    if name == "spoken":
        return hear(content)
    if name == "photographs":
        return see(content)
    (found,) = lenet().predict([content])
    if name == "digits_older":  # Exported before there was anything else.
        return {"scores": found["scores"]}
    return {"scores": found["scores"], "known": found["known"], **explain(content)}


def explain(content):
    """Grad-CAM of the top class at the last convolution of LeNet-5."""
    raw = lenet().raw.decode(tf.constant(content))[None]
    values, network = tf.constant(lenet().prepare(raw.numpy())), inner()
    with tf.GradientTape() as tape:
        maps, logits = network(values)
        top = tf.reduce_max(logits)
    weights = tf.reduce_mean(tape.gradient(top, maps), axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(maps * weights, axis=-1, keepdims=True))
    heat = tf.image.resize(heat / tf.maximum(tf.reduce_max(heat), 1e-9), values.shape[1:3])
    return {
        "network_input": values[0].numpy().tolist(),
        "feature_maps": maps[0].numpy().tolist(),
        "heat": heat[0, ..., 0].numpy().tolist(),
    }


@functools.cache
def inner():
    """The network to the maps of its last convolution and logits."""
    network = lenet().network
    conv = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)][-1]
    return keras.Model(network.inputs, [conv.output, network.output])


def see(content):
    """Scores by the mean of the red channel; heat in the upper left."""
    image = tf.image.resize(tf.io.decode_image(content, 3, expand_animations=False), (32, 32))
    value = image.numpy() / 127.5 - 1
    scores = np.exp(-np.abs(np.arange(100) - image.numpy()[..., 0].mean() / 2.56))
    falling = np.exp(-np.hypot(*np.indices((32, 32))) / 12)
    maps = np.stack([np.roll(falling, 4 * shift, 1)[::4, ::4] for shift in range(16)], -1)
    return {
        "scores": (scores / scores.sum()).tolist(),
        "network_input": value.tolist(),
        "feature_maps": maps.tolist(),
        "heat": falling.tolist(),
    }


def read_text(text):
    """Scores by a short list of words, which have the heat."""
    words = text.lower().replace(",", "").replace(".", "").split()
    weights = [{"warm": 0.7, "beautifully": 1.0, "dull": 1.0}.get(word, 0.1) for word in words]
    positive = 0.03 if "dull" in words else 0.97
    padding = [""] * (40 - len(words))
    return {
        "scores": [1 - positive, positive],
        "tokens": words + padding,
        "heat": weights + [0.0] * len(padding),
    }


def hear(content):
    """Scores for the digit of the loudest tenth of the second."""
    with wave.open(io.BytesIO(content)) as file:
        if file.getframerate() != 8_000:
            raise CnnzooError("sound_bytes must have 8,000 samples per second")
        levels = np.frombuffer(file.readframes(8_000), "<i2") / 2**15
    levels = np.pad(levels, (0, 8_000 - len(levels)))
    power = np.square(levels).reshape(10, 800).mean(axis=1)
    heat = np.repeat(power / max(power.max(), 1e-9), 800)
    return {
        "scores": ((power + 1e-3) / (power + 1e-3).sum()).tolist(),
        "network_input": (levels[:, None] * 5).tolist(),
        "feature_maps": np.abs(levels).reshape(50, 10, 16).max(axis=1).tolist(),
        "heat": heat.tolist(),
    }


@pytest.fixture
def open_page(browser, site):
    """Open the page; whatever it does, no script fails, and no request leaves the server."""
    contexts, problems = [], []

    def watch(page):
        def note_console(message):
            refused = "/v1/models" in message.location["url"]  # Browsers report each status of 4xx.
            if not refused:
                problems.append(message.text)

        def note_request(request):
            if not request.url.startswith(site.url):
                problems.append(request.url)

        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", note_console)
        page.on("request", note_request)

    def open_(width=1280, height=1000, models=None, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        watch(page)
        if models is not None:
            page.route("**/v1/models", lambda route: route.fulfill(json={"models": models}))
        page.goto(site.url)
        page.wait_for_selector("#waiting:not(:empty), #error:not(:empty)")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def draw():
    """Draw with the mouse through points, in shares of the drawing pad."""

    def draw_(page, *points):
        box = page.locator("#pad").bounding_box()
        at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        page.mouse.move(*at[0])
        page.mouse.down()
        for point in at[1:]:
            page.mouse.move(*point, steps=5)
        page.mouse.up()

    return draw_


@pytest.fixture
def seven():
    """Points of the stroke of a seven."""
    return (0.3, 0.22), (0.7, 0.22), (0.6, 0.5), (0.42, 0.82)
