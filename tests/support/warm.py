"""Programs that find TensorFlow imported and a cut MNIST, and verify exports where they run.

They are forks of a process that did nothing but import.

Run: python warm.py DESCRIPTOR          the server, on a listening Unix socket
     python warm.py ADDRESS WORD ...    as `python WORD ...`, for `-m MODULE` and for a file
"""

import contextlib
import dataclasses
import json
import os
import pickle
import runpy
import signal
import socket
import subprocess
import sys
import tempfile


@contextlib.contextmanager
def server(folder):
    """Yield the address of a server, a socket in `folder`."""
    address = os.path.join(folder, "warm")
    with socket.create_server(address, family=socket.AF_UNIX) as listener:
        descriptor = listener.fileno()
        command = [sys.executable, __file__, str(descriptor)]
        with subprocess.Popen(command, pass_fds=[descriptor]) as running:
            yield address
            running.kill()


def serve(descriptor):
    """Fork for each connection; return in the fork, with what it is to run."""
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for a fork.
    listener = socket.socket(fileno=descriptor)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return program(connection)
        connection.close()


def program(connection):
    """Return, in one more fork, what to run; this process sends the client its exit code."""
    content, files, *_ = socket.recv_fds(connection, 2**20, 3)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    connection.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    return json.loads(content)


def run(words, folder, environment):
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    by_module = words[0] == "-m"
    sys.argv = words[by_module:]
    search = [folder if by_module else os.path.dirname(words[0])]
    search += filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:1] = search  # Instead of this file's folder.
    cut_mnist(train=11_000, test=2_000)
    verify_here()
    start = runpy.run_module if by_module else runpy.run_path
    options = {"alter_sys": True} if by_module else {}
    start(sys.argv[0], run_name="__main__", **options)


def cut_mnist(**sizes):
    """Leave only the first images; an epoch of a sample is to show that it runs."""
    from cnnzoo.datasets import DATASETS, Examples, mnist

    def read(split):
        images, labels = mnist.read(split)
        return Examples(images[: sizes[split]], labels[: sizes[split]])

    DATASETS._entries["mnist"] = dataclasses.replace(mnist.DATASET, sizes=sizes, read=read)


def verify_here():
    """Verify exports in the process that writes them: a fresh one would import TensorFlow first."""
    from cnnzoo.export import fresh_process, verification_worker

    fresh_process.run_fresh = run_here
    verification_worker._SECONDS = 0


def run_here(worker, job):
    """Do what `fresh_process.run_fresh` does, in this process."""
    with tempfile.TemporaryDirectory() as place:
        file = os.path.join(place, "job")
        with open(file, "wb") as content:
            pickle.dump(job, content)
        worker.main(file)
        with open(file, "rb") as content:
            return pickle.load(content), ""


def ask(address, words):
    """Run the program with this process's files, folder and environment; return its exit code."""
    wanted = {"words": words, "folder": os.getcwd(), "environment": dict(os.environ)}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [json.dumps(wanted).encode()], [0, 1, 2])
        return int(connection.recv(100))


if __name__ == "__main__":
    if len(sys.argv) == 2:
        run(**serve(int(sys.argv[1])))
    else:
        sys.exit(ask(sys.argv[1], sys.argv[2:]))
