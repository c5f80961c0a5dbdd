"""Opens files that may be hostile and tells what happened: opening.py CASES CANARY.

CASES is JSON, name -> [how, path]; so is the answer.
"""

import json
import os
import re
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import cnnzoo

HOW = {
    "load": cnnzoo.load,
    "weights": lambda path: cnnzoo.create_model("lenet5", weights=path),
}
OUTSIDE = ("os.exec", "os.fork", "os.posix_spawn", "os.system", "socket.connect", "subprocess")
events = []


def watch(event, arguments):
    if event.startswith(OUTSIDE) or event.startswith("pickle"):
        events.append(f"{event} {arguments}")
    if event == "open" and (writes(*arguments[1:]) or "canary" in str(arguments[0])):
        events.append(f"{event} {arguments}")


def writes(mode, flags):
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def begin_peak():
    Path("/proc/self/clear_refs").write_text("5")


def peak():
    """Return the most memory that was in use since `begin_peak`, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def main(cases):
    cnnzoo.load("mnist_lenet5").predict(np.zeros((28, 28), np.uint8))  # All is imported.
    cnnzoo.create_model("lenet5")
    sys.addaudithook(watch)
    results = {}
    for name, (how, path) in cases.items():
        begin_peak()
        before = peak()
        events.clear()
        begun = time.process_time()
        try:
            HOW[how](path)
            error, message = "none", ""
        except Exception as raised:
            error, message = type(raised).__name__, str(raised)
        seconds = time.process_time() - begun
        happened = list(events)
        results[name] = {
            "error": error,
            "message": message,
            "seconds": seconds,
            "megabytes": peak() - before,
            "events": happened,
        }
    print(json.dumps(results))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
