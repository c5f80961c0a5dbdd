"""The page in one file, in a real browser, without a server."""

import base64
import io
import re

import keras
import numpy as np
import pytest
from browsing import TIMEOUT, answers, expect
from PIL import Image

import cnnzoo
from cnnzoo.datasets import DATASETS, mnist
from cnnzoo.decoding import decode_image
from cnnzoo.errors import CnnzooError
from cnnzoo.export import html_file
from cnnzoo.export.folding import folded
from cnnzoo.export.verification_data import collect_vectors, data_of, generated
from cnnzoo.page import FOLDER

DRAWN = [(0.3, 0.22), (0.7, 0.22), (0.6, 0.5), (0.42, 0.82)]  # A seven, in shares of the pad.

slow = pytest.mark.slow


def page_of(name, examples=3):
    """The page of a shipped network, which checks generated examples, or these of the test set."""
    shipped = cnnzoo.load(name)
    checked = generated(shipped, examples)
    if examples > 3:
        found = collect_vectors(shipped, data_of(shipped, None), examples)
        checked = found.inputs, found.outputs
    return html_file.convert(folded(shipped.model), shipped.card, *checked)


@pytest.fixture(scope="module")
def digits_page():
    return page_of("mnist_lenet5")


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page from a file, offline; no script fails, and nothing is requested."""
    problems = []
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 1000})

    def open_(content):
        path = tmp_path / "model.html"
        path.write_bytes(content)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text))
        page.on("request", lambda request: problems.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("#waiting:not(:empty), #error:not(:empty)", timeout=5 * TIMEOUT)
        assert problems.pop(0) == path.as_uri()
        return page

    yield open_
    context.close()
    assert problems == []


def difference(page, examples):
    """By how much scores differ at most in this browser, as the page says."""
    found = re.search(rf"on {examples} examples: scores differ by at most (\S+)\.", origin(page))
    return float(found[1])


def origin(page):
    return page.inner_text("#origin")


def png(pixels, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(np.squeeze(pixels)).save(buffer, kind)
    return buffer.getvalue()


def test_a_browser_gives_the_artifacts_scores_for_a_thousand_test_images(opened):
    page = opened(page_of("mnist_lenet5", 1_000))
    assert difference(page, 1_000) <= 1e-4


@slow
@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "examples"), [("cifar10_resnet20_fast", 200), ("cifar10_airbench93", 20)]
)
def test_and_for_photographs(opened, name, examples, monkeypatch):
    monkeypatch.setattr(html_file, "MAX_BYTES", 2**25)
    page = opened(page_of(name, examples))
    assert difference(page, examples) <= 1e-4


@slow
def test_and_for_a_thousand_messages(opened):
    page = opened(page_of("sms_spam_text_cnn", 1_000))
    assert difference(page, 1_000) <= 1e-4


def test_a_drawing_is_read_offline_without_any_request(opened, digits_page):
    page = opened(digits_page)
    box = page.locator("#pad").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in DRAWN]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()
    answers(page, "7")
    expect(page.locator("#scores .first th")).to_have_text(["7"])
    page.click("#clear")
    shirt = np.zeros((28, 28), np.uint8)
    shirt[4:24, 8:20] = shirt[6:12, 2:26] = 200
    page.set_input_files("#file", {"name": "a.png", "mimeType": "", "buffer": png(shirt)})
    answers(page, "unknown")


def test_the_sum_of_a_window_is_the_number_of_the_map(opened, digits_page):
    image = mnist.read("test").inputs[0]
    page = opened(digits_page)
    page.set_input_files("#file", {"name": "a.png", "mimeType": "", "buffer": png(image)})
    answers(page, "7")
    shipped, card = cnnzoo.load("mnist_lenet5"), page.locator("#inside")
    network, values = shipped.network, shipped.prepare(image[None])
    for chosen, name, unit in [(0, "conv1", 2), (1, "conv2", 5)]:
        card.locator("#layer").select_option(index=chosen)
        card.get_by_role("button", name=f"Unit {unit + 1}", exact=True).click()
        page.locator("#place").fill("47")
        *terms, total, activated = map(
            float, re.findall(r"-?\d+\.\d+", page.inner_text("#sum").replace("−", "-"))
        )
        layer = network.get_layer(name)
        maps = np.asarray(keras.Model(network.inputs[0], layer.output)(values))[0]
        width = maps.shape[1]
        assert activated == pytest.approx(maps[47 // width, 47 % width, unit], abs=0.0051)
        assert sum(terms) == pytest.approx(total, abs=0.02)
        assert terms[-1] == pytest.approx(np.asarray(layer.bias)[unit], abs=0.0051)
    page.get_by_role("button", name="Slide").click()
    expect(page.locator("#place")).not_to_have_value("47")
    page.get_by_role("button", name="Stop").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(browser, digits_page, tmp_path, scheme):
    (tmp_path / "model.html").write_bytes(digits_page)
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page = context.new_page()
    page.goto((tmp_path / "model.html").as_uri())
    page.get_by_role("button", name="Draw a 3").click()
    answers(page, "3")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for box in page.locator("#inside button, #inside select").all():
        assert box.bounding_box()["height"] >= 44
    context.close()


@slow
def test_a_sentence_is_read_and_its_words_add_up(opened):
    shipped = cnnzoo.load("sms_spam_text_cnn")
    page = opened(page_of("sms_spam_text_cnn"))
    sentence = "Congratulations! You won a free prize 😀"
    page.fill("#text", sentence)
    page.press("#text", "Control+Enter")
    (expected,) = shipped.predict([sentence])
    answers(page, expected["label"])
    shown = page.locator("#kernel tr td").all_inner_texts()
    shares = [float(share.replace("−", "-")) for share in shown]
    terms = re.match(r"(\S+) \(these words\)", page.inner_text("#sum").replace("−", "-"))
    assert sum(shares) == pytest.approx(float(terms[1]), abs=0.03)
    assert "congratulations" in page.inner_text("#gets .words")


@slow
def test_a_sound_is_heard(opened, of_sounds):
    checked = generated(of_sounds, 3)
    page = opened(html_file.convert(folded(of_sounds.model), of_sounds.card, *checked))
    assert difference(page, 3) <= 1e-4
    _, content = of_sounds.raw.encode(DATASETS["export_tones"].examples("test").inputs[0][:400])
    page.set_input_files("#file", {"name": "a.wav", "mimeType": "", "buffer": content})
    answers(page, of_sounds.predict([content])[0]["label"])
    assert page.locator("#inside").is_visible()


# The image in the page's own pixels, [height * width * channels] numbers.
READ = """async ([source, content, facts]) => {
    const { rawImage } = await import(`data:text/javascript;base64,${source}`);
    const bytes = Uint8Array.from(atob(content), character => character.charCodeAt(0));
    return [...await rawImage(new Blob([bytes]), facts)];
}"""


@pytest.mark.parametrize("size", [(28, 28), (60, 41), (13, 90), (20, 20)])
@pytest.mark.parametrize(
    "facts",
    [
        {"shape": [28, 28, 1], "light_on_dark": True},
        {"shape": [28, 28, 1], "light_on_dark": False},
        {"shape": [32, 24, 3], "light_on_dark": False},
        {"shape": [32, 24, 3], "light_on_dark": False, "resizing": "crop"},
    ],
    ids=["drawing", "gray", "color", "cropped"],
)
def test_a_picture_becomes_the_same_pixels_as_in_python(browser, size, facts):
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (*size, 3), np.uint8)
    pixels[:3] = pixels[:, :3] = 250
    page = browser.new_page()
    source, content = (FOLDER / "alone" / "image.js").read_bytes(), png(pixels)
    texts = [base64.b64encode(one).decode() for one in (source, content)]
    found = page.evaluate(READ, [*texts, facts])
    page.close()
    how = {name: value for name, value in facts.items() if name != "shape"}
    expected = decode_image(content, tuple(facts["shape"]), **how)
    assert np.array_equal(np.array(found), expected.ravel())


def test_a_browser_that_computes_otherwise_gives_no_predictions(opened, digits_page):
    page = opened(digits_page.replace(b"Math.min(Math.max(x, 0), most)", b"x"))
    assert re.match(r"This browser does not compute the model's scores", page.inner_text("#error"))
    assert not page.is_visible("#files")  # There is nothing to draw on.


@pytest.mark.parametrize(
    ("name", "most"),
    [("mnist_lenet5", 400_000), pytest.param("cifar10_resnet20_fast", 1_200_000, marks=slow)],
)
def test_pages_are_small(name, most):
    assert len(page_of(name)) <= most


def test_a_page_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(html_file, "MAX_BYTES", 200_000)
    with pytest.raises(CnnzooError, match=r"^format html must have at most 200,000 bytes, as a ph"):
        page_of("mnist_lenet5")


def test_a_layer_that_the_list_lacks_is_named():
    raw = keras.Input((8, 8, 1), dtype="uint8")
    inner = keras.Input((8, 8, 1))
    values = keras.layers.LayerNormalization(name="norm")(inner)
    network = keras.Model(inner, keras.layers.Dense(2)(keras.layers.Flatten()(values)))
    model = keras.Model(raw, keras.layers.Softmax()(network(keras.layers.Rescaling(1.0)(raw))))
    with pytest.raises(CnnzooError) as told:
        html_file.network(model)
    assert str(told.value) == (
        "format html cannot hold the network: it has no equivalent of the layer norm "
        "(LayerNormalization)"
    )
