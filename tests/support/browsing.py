"""Waiting for the answer of a page in a browser."""

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

TIMEOUT = 60_000  # Milliseconds.


def answers(page, label):
    """Wait until the page answers `label`: a drawing is read while it grows."""
    expect(page.locator("#label:visible")).to_have_text(label, timeout=TIMEOUT)
