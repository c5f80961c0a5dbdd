"""Pages of shipped networks (`--format html`) in Chromium: size, scores, and time per prediction.

The page checks itself on test examples, so many as are asked for, instead of its own few.

Run: python benchmarks/html_page.py [--examples N] [NAME ...]
"""

import argparse
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

import cnnzoo
from cnnzoo.export import html_file
from cnnzoo.export.folding import folded
from cnnzoo.export.verification_data import collect_vectors, data_of, generated

NAMES = ("mnist_lenet5", "cifar10_resnet20_fast", "sms_spam_text_cnn")
DURATIONS = "performance.getEntriesByName('prediction').map(entry => entry.duration)"


def pages(name, examples):
    """The bytes of the page of a shipped network, and the page that checks test examples."""
    shipped = cnnzoo.load(name)
    model = folded(shipped.model)
    found = collect_vectors(shipped, data_of(shipped, None), examples)
    own = html_file.convert(model, shipped.card, *generated(shipped, 3))
    return len(own), html_file.convert(model, shipped.card, found.inputs, found.outputs)


def main():
    """Print a row per network."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--examples", type=int, default=1_000)
    arguments = parser.parse_args()
    html_file.MAX_BYTES = 2**26  # With the examples.
    print("network                    bytes  largest difference  median ms  99th percentile ms")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name in arguments.names:
            size, content = pages(name, arguments.examples)
            path = Path(folder) / f"{name}.html"
            path.write_bytes(content)
            page = browser.new_page()
            page.goto(path.as_uri())
            page.wait_for_selector("#origin:not(:empty), #error:not(:empty)", timeout=600_000)
            difference = re.search(r"at most (\S+)\.$", page.inner_text("#origin"))[1]
            # A page may keep fewer entries than there were predictions.
            median, slow = np.percentile(page.evaluate(DURATIONS), [50, 99])
            print(f"{name:25} {size:9,}  {difference:>18}  {median:9.1f}  {slow:18.1f}")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
