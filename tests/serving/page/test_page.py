"""The page answers what is drawn, opened, dropped, pasted or typed, in a real browser."""

import base64
import io
import re
import wave

import matplotlib
import numpy as np
import pytest
from browsing import TIMEOUT, answers, expect
from PIL import Image

from cnnzoo.datasets import mnist

FIRST_IMAGES = [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]  # Labels of MNIST's test images.


def complains(page, sentence):
    """Wait until the page shows the error `sentence`, and no answer."""
    expect(page.get_by_role("alert")).to_have_text(sentence, timeout=TIMEOUT)
    assert not page.is_visible("#result")
    assert not page.is_visible("#inside")


def file(name, content, kind="image/png"):
    return {"name": name, "mimeType": kind, "buffer": content}


def encoded(pixels, kind="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(np.squeeze(pixels)).save(buffer, kind, **options)
    return buffer.getvalue()


def wav(samples, rate):
    """The file of int16 samples `[samples, channels]`."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setparams((samples.shape[1], 2, rate, 0, "NONE", ""))
        writer.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


def pixels(page, canvas):
    """The pixels of a canvas, `[height, width, 4]`."""
    height, width, values = page.eval_on_selector(
        canvas,
        """canvas => [canvas.height, canvas.width, [...canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height).data]]""",
    )
    return np.array(values).reshape(height, width, 4)


def sent(page, act):
    """The bytes that the page sends when `act` is called."""
    with page.expect_request("**:predict") as request:
        act()
    return base64.b64decode(request.value.post_data_json["instances"][0]["b64"])


def transfer(page, name, content, kind):
    """A DataTransfer, as drop and paste have it, in the page."""
    return page.evaluate_handle(
        """([name, bytes, type]) => {
            const data = new DataTransfer();
            data.items.add(new File([Uint8Array.from(bytes)], name, {type}));
            return data;
        }""",
        [name, list(content), kind],
    )


def test_a_drawn_seven_is_read(open_page, draw, seven):
    page = open_page()
    draw(page, *seven)
    answers(page, "7")
    expect(page.locator("#sentence")).to_have_text(re.compile("Its score is .*"))
    rows = page.locator("#scores tr")
    assert [row.split()[0] for row in rows.all_inner_texts()] == list("0123456789")
    assert page.locator("#scores .first th").all_inner_texts() == ["7"]
    spoken = page.locator("#answer").get_by_role("status")
    expect(spoken).to_have_text(
        re.compile(r"The prediction is 7\. Its score is .*"), timeout=TIMEOUT
    )


def test_a_drawing_that_is_no_digit_is_unknown(open_page, draw):
    page = open_page()
    draw(page, (0.2, 0.9), (0.2, 0.5), (0.5, 0.15), (0.8, 0.5), (0.8, 0.9), (0.2, 0.9))
    draw(page, (0.2, 0.5), (0.8, 0.5))
    draw(page, (0.42, 0.9), (0.42, 0.65), (0.58, 0.65), (0.58, 0.9))
    answers(page, "unknown")
    closest = re.compile("Unlike what the model was trained on; closest.*")
    expect(page.locator("#sentence")).to_have_text(closest)
    expect(page.locator("#scores .first")).to_have_count(0)


def test_the_answer_follows_the_drawing(open_page, draw, seven):
    page = open_page()
    draw(page, *seven[1:])
    answers(page, "1")
    draw(page, *seven[:2])
    answers(page, "7")
    page.click("#undo")
    answers(page, "1")
    page.keyboard.press("Control+z")
    expect(page.locator("#result")).to_be_hidden()
    assert page.inner_text("#waiting") == "Draw something, and the prediction appears here."


def test_a_finger_draws_and_does_not_scroll(open_page, seven):
    page = open_page(width=360, height=500, has_touch=True)
    page.locator("#pad").scroll_into_view_if_needed()
    box, before = page.locator("#pad").bounding_box(), page.evaluate("scrollY")
    finger = page.context.new_cdp_session(page)
    for step, share in enumerate(np.linspace(0, 3, 30)):
        corner = min(int(share), 2)
        (x, y), (next_x, next_y) = seven[corner], seven[corner + 1]
        x, y = x + (share - corner) * (next_x - x), y + (share - corner) * (next_y - y)
        point = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        kind = "touchMove" if step else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    answers(page, "7")
    assert page.evaluate("scrollY") == before


def test_clear_takes_an_answer_back_that_is_under_way(open_page, draw, seven):
    page = open_page()
    page.route("**:predict", lambda route: None)  # Never answered.
    with page.expect_request("**:predict"):
        draw(page, *seven)
    with page.expect_event("requestfailed"):
        page.click("#clear")
    page.unroute("**:predict")
    draw(page, (0.5, 0.2), (0.47, 0.8))
    answers(page, "1")


def test_one_question_is_asked_at_a_time_and_the_last_one_counts(open_page, draw):
    page = open_page()
    held = []
    page.route("**:predict", lambda route: held.append(route))
    with page.expect_request("**:predict"):
        draw(page, (0.5, 0.2), (0.47, 0.8))
    draw(page, (0.1, 0.2), (0.3, 0.2))
    draw(page, (0.3, 0.2), (0.5, 0.2))
    page.wait_for_timeout(300)
    assert len(held) == 1
    held[0].continue_()
    with page.expect_request("**:predict"):
        pass
    page.wait_for_timeout(300)
    assert len(held) == 2
    held[1].continue_()
    answers(page, "7")


def test_each_example_is_read_as_what_it_shows(open_page):
    page = open_page()
    for digit in "0123456789":
        page.get_by_role("button", name=f"Draw a {digit}").click()
        answers(page, digit)


def test_opened_dropped_and_pasted_images_are_read(open_page):
    page = open_page()
    images = mnist.read("test").inputs
    opened = sent(page, lambda: page.set_input_files("#file", file("0.png", encoded(images[0]))))
    assert opened == encoded(images[0])
    answers(page, "7")
    assert page.get_attribute("#preview", "aria-label") == "Your image: 0.png"
    for place, event in [(1, "drop"), (2, "paste")]:
        data = transfer(page, "an.png", encoded(images[place]), "image/png")
        page.evaluate(
            """([data, kind]) => document.body.dispatchEvent(kind === "drop"
                ? new DragEvent(kind, {dataTransfer: data, bubbles: true})
                : new ClipboardEvent(kind, {clipboardData: data, bubbles: true}))""",
            [data, event],
        )
        answers(page, str(FIRST_IMAGES[place]))
        assert page.is_visible("#preview")
    page.click("#clear")
    assert not page.is_visible("#preview")


def test_other_formats_become_png(open_page):
    page = open_page()
    image = mnist.read("test").inputs[0]
    webp = file("seven.webp", encoded(image, "WEBP", lossless=True), "image/webp")
    content = sent(page, lambda: page.set_input_files("#file", webp))
    with Image.open(io.BytesIO(content)) as received:
        assert received.format == "PNG"
        assert (np.asarray(received.convert("L")) == image[..., 0]).all()
    answers(page, "7")


def test_pictures_show_what_the_network_got(open_page):
    page = open_page()
    image = mnist.read("test").inputs[0]
    page.set_input_files("#file", file("seven.png", encoded(image)))
    answers(page, "7")
    shown = pixels(page, "#gets canvas")
    assert shown.shape == (28, 28, 4)
    assert np.abs(shown[..., :3] - image).max() <= 1
    low, high = (0 - 33.31842) / 78.56749, (255 - 33.31842) / 78.56749  # MNIST's mean and std.
    values = f"values from {low:.1f} to {high:.1f}".replace("-", "−")
    assert page.inner_text("#gets figcaption") == f"28 × 28 pixels, {values}."
    assert page.locator("#maps canvas").count() == 16
    assert page.inner_text("#looked figcaption").startswith("Most weight lies ")


def test_colors_are_those_of_viridis(open_page):
    page = open_page()
    legend = pixels(page, ".legend canvas")[0, :, :3]
    expected = matplotlib.colormaps["viridis"](np.linspace(0, 1, len(legend)))[:, :3] * 255
    assert np.abs(legend - expected).max() < 5


def test_heat_is_told_in_words(open_page, site):
    page = open_page()
    page.select_option("#model", site.photographs)
    page.set_input_files("#file", file("photo.png", encoded(np.zeros((40, 60, 3), np.uint8))))
    answers(page, "class 0")
    assert page.inner_text("#looked figcaption") == "Most weight lies at the top left."
    blank = {"scores": [1.0] + [0.0] * 99, "network_input": [[[0.5]]], "heat": [[0.0]]}
    page.route("**:predict", lambda route: route.fulfill(json={"predictions": [blank]}))
    page.set_input_files("#file", file("photo.png", encoded(np.zeros((9, 9, 3), np.uint8))))
    expect(page.locator("#looked figcaption")).to_have_text("No part of it has weight.")
    assert not page.is_visible("#maps")


def test_of_many_classes_the_best_are_shown(open_page, site):
    page = open_page()
    page.select_option("#model", site.photographs)
    red = np.zeros((40, 60, 3), np.uint8)
    red[..., 0] = 128
    page.set_input_files("#file", file("red.png", encoded(red)))
    answers(page, "class 50")
    names = page.locator("#scores th").all_inner_texts()
    assert names[0] == "class 50"
    assert sorted(names) == [f"class {number}" for number in range(48, 53)]
    assert page.inner_text("#more") == "The top 5 of 100 classes."
    assert page.inner_text("#sentence").startswith("Not sure: its score is ")


def test_texts_are_typed_and_their_words_shaded(open_page, site):
    page = open_page()
    page.select_option("#model", site.texts)
    page.fill("#text", "So dull, so long.")
    page.press("#text", "Control+Enter")
    answers(page, "negative")
    assert page.locator(".words span").all_inner_texts() == ["so", "dull", "so", "long"]
    weights = page.locator(".words span").evaluate_all(
        "marks => marks.map(mark => getComputedStyle(mark).getPropertyValue('--weight'))"
    )
    assert weights == ["0.1", "1", "0.1", "0.1"]
    assert page.inner_text("#looked figcaption").startswith("Most weight: “dull”, ")
    page.get_by_role("button", name="A warm, funny and beautifully acted film").click()
    answers(page, "positive")
    page.fill("#text", " ")
    page.get_by_role("button", name="Classify").click()
    complains(page, "Type some text first.")


def test_sounds_at_the_right_rate_are_sent_as_they_are(open_page, site):
    page = open_page()
    page.select_option("#model", site.sounds)
    levels = np.random.default_rng(0).integers(-(2**15), 2**15, (8_000, 1))
    levels[:2] = [[-(2**15)], [2**15 - 1]]
    given = file("noise.wav", wav(levels, 8_000), "audio/wav")
    assert sent(page, lambda: page.set_input_files("#file", given)) == given["buffer"]
    page.wait_for_selector("#result", state="visible")
    assert page.inner_text("#hint") == "noise.wav"
    assert page.inner_text("#gets figcaption").startswith("8,000 samples, 1.00 seconds")


def test_other_sounds_are_resampled_mixed_and_cut(open_page, site):
    page = open_page()
    page.select_option("#model", site.sounds)
    time = np.arange(2 * 44_100) / 44_100
    tone = np.where((time > 0.52) & (time < 0.58), 0.5, 0.01) * np.sin(2 * np.pi * 440 * time)
    stereo = np.stack([tone, np.zeros_like(tone)], axis=1) * 2**15
    given = file("tone.wav", wav(stereo, 44_100), "audio/wav")
    content = sent(page, lambda: page.set_input_files("#file", given))
    with wave.open(io.BytesIO(content)) as received:
        assert received.getparams()[:4] == (1, 2, 8_000, 8_000)
        levels = np.frombuffer(received.readframes(8_000), "<i2") / 2**15
    expected = 0.25 * np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000)
    middle = slice(4_240, 4_560)
    assert np.abs(levels[middle] - expected[middle]).max() < 0.01
    answers(page, "5")


def test_a_model_without_explanations_shows_its_scores(open_page, site, draw, seven):
    page = open_page()
    draw(page, *seven)
    answers(page, "7")
    assert page.is_visible("#inside")
    page.select_option("#model", site.older)
    answers(page, "7")  # The drawing is kept, and asked again.
    assert not page.is_visible("#inside")
    assert "not measured" in page.inner_text("#facts")


def test_the_facts_are_those_of_the_card(open_page, site):
    page = open_page()
    facts = dict(pair.split("\n") for pair in page.locator("#facts div").all_inner_texts())
    assert facts == {
        "Task": "Image classification",
        "Data set": "mnist",
        "Classes": "0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
        "Test accuracy": "99.47% on 10,000 examples",
        "Parameters": "61,706",
        "Version": "2",
    }
    page.select_option("#model", site.photographs)
    assert "71.00% on 1,000 examples" in page.inner_text("#facts")


def test_another_kind_of_model_starts_afresh(open_page, site, draw, seven):
    page = open_page()
    draw(page, *seven)
    answers(page, "7")
    page.select_option("#model", site.texts)
    assert (
        page.inner_text("#waiting")
        == "Type a text and press Classify; the prediction appears here."
    )
    assert not page.is_visible("#pad")
    page.select_option("#model", site.drawings)
    assert not page.is_visible("#result")
    assert page.inner_text("#hint") == "Draw here"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "notes.txt",
            b"no image",
            "notes.txt must be an image, such as PNG or JPEG; it cannot be read as one.",
        ),
        (
            "cut.png",
            encoded(np.zeros((9, 9), np.uint8))[:40],
            "cut.png must be an image, such as PNG or JPEG; it cannot be read as one.",
        ),
        (
            "wide.png",
            encoded(np.zeros((2**11, 2**13 + 1), np.uint8)),
            "wide.png must have at most 16,777,216 pixels; it has 8193 × 2048.",
        ),
    ],
    ids=["text", "truncated", "pixels"],
)
def test_a_wrong_file_is_refused_with_a_sentence(open_page, draw, seven, name, content, sentence):
    page = open_page()
    asked = []
    page.on("request", lambda request: asked.append(request.method))
    page.set_input_files("#file", file(name, content))
    complains(page, sentence)
    assert "POST" not in asked
    draw(page, *seven)
    answers(page, "7")
    assert page.inner_text("#error") == ""


def test_a_file_of_too_many_bytes_is_refused_with_a_sentence(open_page):
    page = open_page()
    page.evaluate(
        """size => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(size)], "big.png"));
            file.files = data.files;
            file.dispatchEvent(new Event("change"));
        }""",
        9 * 2**20,
    )
    complains(page, "big.png must have at most 8 MiB; it has 9.0 MiB.")


def test_a_file_for_the_wrong_network_is_refused_with_a_sentence(open_page, site):
    page = open_page()
    page.select_option("#model", site.sounds)
    page.set_input_files("#file", file("photo.png", encoded(np.zeros((9, 9), np.uint8))))
    complains(page, "photo.png must be an audio file, such as WAV; it cannot be read as one.")
    page.select_option("#model", site.texts)
    data = transfer(page, "photo.png", b"", "image/png")
    page.dispatch_event("#text", "drop", {"dataTransfer": data})
    complains(page, "This model takes text; type some.")


@pytest.mark.parametrize(
    ("response", "sentence"),
    [
        (
            {"status": 413, "json": {"error": "The body must have at most 10 bytes; got 11."}},
            "The body must have at most 10 bytes; got 11.",
        ),
        ({"status": 502, "body": "<html>"}, "The server responded with HTTP status 502."),
        ({"status": 200, "body": "<html>"}, "The server responded with HTTP status 200."),
        (None, "The server cannot be reached; is it still running?"),
    ],
    ids=["refused", "proxy", "other", "unreachable"],
)
def test_a_refusal_of_the_server_is_shown(open_page, draw, seven, response, sentence):
    page = open_page()
    page.route("**:predict", lambda route: route.fulfill(**response) if response else route.abort())
    draw(page, *seven)
    complains(page, sentence)
    page.unroute("**:predict")
    draw(page, (0.5, 0.45), (0.65, 0.45))
    answers(page, "7")


def test_a_server_without_models_says_so(open_page):
    page = open_page(models=[])
    complains(page, "No model is served yet; export one, then reload.")


def test_names_are_shown_as_they_are(open_page, site):
    hostile = "<img src=x onerror=alert(1)>"
    card = {
        "task": "text classification",
        "dataset": hostile,
        "class_names": [hostile, "other"],
        "input": {"shape": []},
    }
    page = open_page(models=[{"name": "a/b?c", "versions": ["1"], "card": card}])
    prediction = {"scores": [0.9, 0.1], "tokens": [hostile, ""], "heat": [1, 0]}
    page.route(
        "**/a%2Fb%3Fc:predict", lambda route: route.fulfill(json={"predictions": [prediction]})
    )
    page.fill("#text", "any")
    page.press("#text", "Control+Enter")
    answers(page, hostile)
    assert page.locator(".words span").all_inner_texts() == [hostile]
    assert page.locator("img[src=x]").count() == 0
    assert hostile in page.inner_text("#facts")
