"""Whole reports, in one file: each worker of pytest-xdist that needs them writes them again."""

import re
import shutil
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

import cnnzoo
from cnnzoo import cli
from cnnzoo.errors import CnnzooError
from cnnzoo.report import write

KINDS = ("run", "texts", "sounds", "capsules")
VOID = {"meta", "link", "br", "path", "use", "image", "rect"}


class Reader(HTMLParser):
    """Notes elements, and that each end tag closes the last open one."""

    def __init__(self, html):
        super().__init__()
        self.found, self._open = [], []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag


@pytest.fixture(params=KINDS)
def report(request, reports):
    return reports[request.param]


def test_it_is_well_formed_and_every_picture_has_words(report):
    found = Reader(report.html).found
    shown = [attributes for tag, attributes in found if tag in ("svg", "img")]
    assert shown
    assert all(one["role"] == "img" and len(one["aria-label"]) > 20 for one in shown)
    levels = [int(tag[1]) for tag, _ in found if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    tags = [tag for tag, _ in found]
    assert {"header", "nav", "main", "footer", "figcaption"} <= set(tags)


def test_it_loads_nothing(report):
    found = Reader(report.html).found
    addresses = [
        value
        for _, attributes in found
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href", "srcset", "action", "poster", "data")
    ]
    assert all(one.startswith(("#", "data:")) for one in addresses)
    assert "script" not in {tag for tag, _ in found}
    assert not re.search(r"@import|url\((?!#)", report.html)


def test_markup_in_names_and_texts_is_text(report):
    assert "<script" not in report.html
    assert "<b>" not in re.sub(r"<b>[^<]*</b><br>", "", report.html)


def test_its_pictures_are_files_too(report):
    names = [path.rpartition("/")[2] for path in report.answer["pictures"]]
    files = sorted(path.name for path in report.folder.iterdir())
    assert files == sorted([*names, "report.html"])
    assert len(names) == len(set(names))
    for name in names:
        assert (report.folder / name).read_bytes().startswith(b"\x89PNG")
    assert len(report.html) < 5e6


def test_the_entries_of_the_contents_lead_to_the_sections(report):
    found = Reader(report.html).found
    sections = [attributes["id"] for tag, attributes in found if tag == "section"]
    headings = [attributes.get("id") for tag, attributes in found if tag == "h2"]
    named = [one["aria-labelledby"] for tag, one in found if tag == "section"]
    assert named == headings[1:]  # The first is that of the contents.
    links = [attributes["href"] for tag, attributes in found if tag == "a"]
    assert links[1:] == [f"#{name}" for name in sections]  # The first skips the contents.
    assert {"structure", "results", "layers", "card"} <= set(sections)


def test_a_run_is_told_with_its_accuracy_and_its_course(reports, finished_run):
    answer, html = reports["run"].answer, reports["run"].html
    assert answer["accuracy"] == finished_run.accuracy
    assert answer["examples"] == 500
    assert f"{finished_run.accuracy:.2%}" in html
    low, high = interval(finished_run.accuracy, 500)
    assert f"{low:.2%} to {high:.2%}" in html
    names = {path.rpartition("/")[2] for path in answer["pictures"]}
    assert {"curves.png", "confusion.png", "per_class.png", "calibration.png"} <= names
    assert {"structure.png", "receptive_fields.png", "mistakes.png", "weights.png"} <= names


def interval(accuracy, examples, z=1.96):
    """Wilson's, as the roots of (accuracy - p)^2 = z^2 p (1 - p) / examples."""
    a, b, c = 1 + z**2 / examples, -2 * accuracy - z**2 / examples, accuracy**2
    return sorted(np.roots([a, b, c]).real)


def test_without_its_data_a_report_says_so(finished_run, tmp_path, monkeypatch):
    monkeypatch.setattr("cnnzoo.report.subject.dataset_of", _gone)
    answer = write(finished_run.path, out=tmp_path / "report")
    assert answer["accuracy"] is None
    html = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert "The test examples cannot be read: dataset 'small_mnist' is gone." in unescape(html)
    assert 'id="structure"' in html
    assert 'id="mistakes"' not in html


def _gone(card, *_, **__):
    raise CnnzooError(f"dataset {card['dataset']!r} is gone")


@pytest.fixture
def unfinished(finished_run, tmp_path):
    shutil.copytree(finished_run.path, tmp_path / "begun")
    (tmp_path / "begun" / "metrics.json").unlink()
    return tmp_path / "begun"


def told(capsys, *arguments):
    assert cli.main(["inspect", *map(str, arguments)]) == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    (line,) = streams.err.splitlines()
    return line


def test_mistakes_get_one_sentence(
    finished_run, unfinished, of_texts, saved_model, tmp_path, capsys
):
    (tmp_path / "file").write_text("text")
    (tmp_path / "out").mkdir()
    out = ("--out", tmp_path / "out")
    run = finished_run.path
    assert "did you mean mnist_lenet5" in told(capsys, "mnist_lenet", *out)
    assert "none.png must be a file; there is nothing" in told(capsys, run, "none.png", *out)
    assert "a text must be a file" in told(capsys, run, "a text", *out)
    assert f"{tmp_path}/file must be" in told(capsys, run, tmp_path / "file", *out)
    assert "out must be a folder; " in told(capsys, run, "--out", tmp_path / "file")
    assert "must hold a finished run; resume it first" in told(capsys, unfinished, *out)
    assert "holds no Keras layers" in told(capsys, saved_model, *out)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_command_prints_one_json_document(reports, of_texts):
    answer = reports["texts"].answer
    assert set(answer) == {"report", "pictures", "accuracy", "examples"}
    assert answer["report"] == "inspect/texts/report.html"
    expected = cnnzoo.evaluate(cnnzoo.load(of_texts))
    assert answer["accuracy"] == expected["accuracy"]
    assert answer["examples"] == 24


def test_nothing_is_left_out(report):
    assert "left out" not in report.html


def test_each_kind_has_pictures_of_its_own(reports):
    names = {
        kind: {path.rpartition("/")[2].removesuffix(".png") for path in found.answer["pictures"]}
        for kind, found in reports.items()
    }
    assert {"own_heat", "test_heat", "filters", "maximized", "maps_conv2"} <= names["run"]
    assert {"own_words", "test_words", "ngrams_width3_conv"} <= names["texts"]
    assert {"test_heat", "spectra", "maximized"} <= names["sounds"]
    assert {"test_heat", "capsule_reconstructions", "maps_conv1"} <= names["capsules"]


@pytest.fixture
def open_report(browser, reports):
    """Open a report; nothing is printed on the console, and nothing but the file is read."""
    contexts, problems = [], []

    def open_(name, width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: requested(request.url))
        page.goto((reports[name].folder / "report.html").as_uri())
        return page

    def requested(url):
        if not url.startswith(("file:", "data:")):
            problems.append(url)

    yield open_
    for context in contexts:
        context.close()
    assert problems == []


COLORS = """() => {
    const of = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
    return [of("section", "backgroundColor"), of("section", "color"), of("svg text", "fill")];
}"""


@pytest.mark.parametrize("name", KINDS)
def test_it_fits_a_phone(open_report, name):
    page = open_report(name, width=360)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.title() == f"{name.replace('run', 'mnist_lenet5')} – cnnzoo report"


def test_letters_of_pictures_have_the_pages_color_in_light_and_dark(open_report):
    seen = {}
    for scheme in ("light", "dark"):
        page = open_report("run", color_scheme=scheme)
        ground, ink, letters = page.evaluate(COLORS)
        assert ink == letters
        seen[scheme] = ground, ink
    assert seen["light"][0] == "rgb(255, 255, 255)"
    assert seen["light"] != seen["dark"]


def test_on_paper_it_is_dark_on_light_and_has_no_contents(open_report):
    page = open_report("run", color_scheme="dark")
    page.emulate_media(media="print")
    ground, ink, letters = page.evaluate(COLORS)
    assert (ground, ink, letters) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)", "rgb(0, 0, 0)")
    assert not page.is_visible("nav")


def test_the_keyboard_reaches_the_contents_and_skips_them(open_report):
    page = open_report("run")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize(("kind", "pictures"), [("run", 2), ("texts", 2), ("sounds", 1)])
def test_each_picture_of_heat_has_its_sentence(reports, kind, pictures):
    html = unescape(reports[kind].html)
    assert len(re.findall(r"<p>Test with random weights: [^<]+[.]</p>", html)) == pictures
    assert html.count("<summary>Rank correlation of the heat of") == 1
