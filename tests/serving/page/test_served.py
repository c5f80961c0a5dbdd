"""The page as `cnnzoo serve` serves it, asking the exported LeNet-5 that comes with the package."""

import pytest
from browsing import answers, expect

import cnnzoo


@pytest.fixture
def site(started, tmp_path, proving_here):
    with proving_here():
        cnnzoo.export(cnnzoo.load("mnist_lenet5"), tmp_path / "models", ["savedmodel"])
    _, url = started(tmp_path / "models")
    return Site(f"{url}/")


class Site:
    def __init__(self, url):
        self.url = url


def test_a_drawn_seven_is_read_and_explained(open_page, draw, seven):
    page = open_page()
    draw(page, *seven)
    answers(page, "7")
    expect(page.locator("#inside canvas").first).to_be_visible(timeout=20_000)
    assert "mnist_lenet5" in page.inner_text("#model")
