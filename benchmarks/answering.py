"""What an answer costs without TensorFlow: cold, from the command line, and from the server.

Run: python benchmarks/answering.py

Of `cnnzoo predict`, of a script of NumPy, Pillow and LiteRT alone, and of `cnnzoo serve` with three
networks: seconds of CPU and peak memory, the best of several. Then the CPU of the server per
request, of one image and of 64, as JSON.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

NETWORKS = ("mnist_lenet5", "cifar10_resnet8", "sms_spam_text_cnn")
BARE = """
import sys
import numpy as np
from PIL import Image
from ai_edge_litert.interpreter import Interpreter

network = Interpreter(sys.argv[1])
network.allocate_tensors()
image = np.asarray(Image.open(sys.argv[2]).convert("L"), np.uint8)[None, ..., None]
network.set_tensor(network.get_input_details()[0]["index"], image)
network.invoke()
print(network.get_tensor(network.get_output_details()[0]["index"]).argmax())
"""
TIMES = 5


def cost(*command: str) -> tuple[float, float]:
    """Return seconds of CPU and peak memory in MB of a command, the best of several."""
    best = []
    for _ in range(TIMES):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            sys.exit(f"{' '.join(command)} failed")
        best.append((usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3))
    return min(seconds for seconds, _ in best), min(memory for _, memory in best)


def cpu(process: int) -> float:
    """Return the seconds of CPU that a running process has taken."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def serve(folder: Path) -> None:
    """Start a server of `folder` on a free port, and print what it costs."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "cnnzoo", "serve", str(folder), "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        line = next(line for line in server.stderr if " at http://" in line)
        seconds = time.perf_counter() - began
        status = Path(f"/proc/{server.pid}/status").read_text()
        memory = int(status.partition("VmRSS:")[2].split()[0]) / 1e3
        print(f"serve three networks: {seconds:.2f} s to the first request, {memory:.0f} MB")
        client = http.client.HTTPConnection(line.strip().rpartition("/")[2])
        for images, times in ((1, 1_000), (64, 200)):
            pixels = np.random.default_rng(0).integers(0, 256, (images, 28, 28, 1))
            body = json.dumps({"instances": pixels.tolist()})
            before = cpu(server.pid)
            for _ in range(times):
                client.request("POST", "/v1/models/mnist_lenet5:predict", body)
                client.getresponse().read()
            each = (cpu(server.pid) - before) / times
            print(f"a request of {images:2} images as JSON: {each * 1e3:.2f} ms of CPU")
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Print the costs."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        picture = folder / "digit.png"
        pixels = np.zeros((28, 28), np.uint8)
        pixels[4:24, 13:15] = 255
        Image.fromarray(pixels).save(picture)
        for name in NETWORKS:
            export = [
                sys.executable,
                "-m",
                "cnnzoo",
                "export",
                name,
                "--out",
                str(folder / "models"),
            ]
            subprocess.run(export, check=True, capture_output=True)
        network = folder / "models/mnist_lenet5/1/assets.extra/model.tflite"
        cnnzoo = (sys.executable, "-m", "cnnzoo", "predict")
        rows = {
            "cnnzoo predict mnist_lenet5": cost(*cnnzoo, "mnist_lenet5", str(picture)),
            "cnnzoo predict sms_spam_text_cnn": cost(*cnnzoo, "sms_spam_text_cnn", "a prize"),
            "LiteRT alone": cost(sys.executable, "-c", BARE, str(network), str(picture)),
        }
        print(f"{'':34}{'CPU, s':>8}{'peak, MB':>10}")
        for name, (seconds, memory) in rows.items():
            print(f"{name:34}{seconds:>8.2f}{memory:>10.0f}")
        serve(folder / "models")


if __name__ == "__main__":
    main()
