"""The report in a real browser: light, dark, on a phone, on paper."""

import pytest

pytest.importorskip("playwright.sync_api")


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


@pytest.mark.parametrize("name", ["run", "texts", "sounds", "capsules"])
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
