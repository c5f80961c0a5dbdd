"""Clients that are slow, rude or many, over plain sockets."""

import contextlib
import json
import socket
import threading
import time

import pytest

from cnnzoo.serving.engine import Signature

BODY = json.dumps({"instances": [[[[0]] * 28] * 28]}).encode()


@pytest.fixture
def limited(copy, serving):
    """A client of a server with little patience."""
    limits = {"seconds": 0.5, "body": 20_000, "held": 60_000, "header": 5_000}
    with serving(copy, **limits, waiting=2, threads=1) as client:
        yield client


def connect(client):
    return socket.create_connection((client.base_url.host, client.base_url.port), timeout=20)


def header(images, *lines):
    return "\r\n".join([f"POST /v1/models/{images}:predict HTTP/1.1", "Host: x", *lines, "", ""])


def ask(client, content):
    """Send `content` over a connection of its own; return status and error."""
    with connect(client) as connection:
        connection.sendall(content.encode() if isinstance(content, str) else content)
        return answer(connection)


def answer(connection):
    received = b""
    while not received.endswith(b"}"):
        part = connection.recv(65_536)
        if not part:
            break
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body).get("error")


def alive(client, images):
    return client.post(f"/v1/models/{images}:predict", content=BODY).status_code == 200


def test_a_request_that_does_not_arrive_in_time(limited, images):
    slow = (408, "the request must arrive within 0.5 seconds")
    begin = time.monotonic()
    assert ask(limited, header(images, "Content-Length: 10") + "{") == slow
    assert ask(limited, header(images, "Content-Length: 10")) == slow
    assert ask(limited, header(images)[:-2]) == slow
    assert 1.5 <= time.monotonic() - begin < 15
    assert alive(limited, images)


def test_a_request_that_comes_drop_by_drop(limited, images):
    with connect(limited) as connection:
        connection.sendall(header(images, "Content-Length: 1000").encode())
        with contextlib.suppress(OSError):
            for _ in range(20):
                connection.sendall(b" ")
                time.sleep(0.1)
        assert answer(connection)[0] == 408
    assert alive(limited, images)


def test_a_connection_without_a_request_is_closed(limited):
    with connect(limited) as connection:
        assert connection.recv(1) == b""


def test_a_body_that_is_too_large(limited, images):
    large = (413, "the body must have at most 20,000 bytes")
    assert ask(limited, header(images, "Content-Length: 20001")) == large
    assert ask(limited, header(images, "Content-Length: 99999999", "Expect: 100-continue")) == large
    chunks = b"".join(b"%x\r\n%s\r\n" % (1_000, b" " * 1_000) for _ in range(21))
    assert ask(limited, header(images, "Transfer-Encoding: chunked").encode() + chunks) == large
    status = limited.post(f"/v1/models/{images}:predict", content=b" " * 20_001).status_code
    assert status == 413
    assert limited.post(f"/v1/models/{images}:predict", content=BODY + b" " * 10_000).is_success


def test_headers_that_are_too_large(limited, images):
    refused = (431, "the header must have at most 5,000 bytes")
    assert ask(limited, header(images, "X: " + "x" * 6_000)[:-2]) == refused
    assert alive(limited, images)


def test_what_is_no_http(limited):
    assert ask(limited, "hello\r\n\r\n") == (400, "the request must be HTTP/1.1")


def test_bodies_that_are_too_many_together(limited, images):
    with contextlib.ExitStack() as open_connections:
        for _ in range(4):
            connection = open_connections.enter_context(connect(limited))
            connection.sendall((header(images, "Content-Length: 19999") + " " * 19_000).encode())
        time.sleep(0.2)
        answered = limited.post(f"/v1/models/{images}:predict", content=BODY)
        assert answered.status_code == 503
        assert answered.headers["retry-after"] == "1"
        assert answered.json() == {"error": "too many large requests at this moment; try again"}
    time.sleep(0.1)
    assert alive(limited, images)


def test_clients_that_leave_in_mid_request(limited, images):
    for content in (header(images, "Content-Length: 9999") + "{", header(images)[:-2], "P"):
        for _ in range(5):
            with connect(limited) as connection:
                connection.sendall(content.encode())
    full = header(images, f"Content-Length: {len(BODY)}").encode() + BODY
    for _ in range(5):
        with connect(limited) as connection:
            connection.sendall(full)
    assert alive(limited, images)


def test_too_many_requests_at_a_time(limited, images, monkeypatch):
    """One is answered and one waits for the thread; the third is sent away."""
    begun, released = threading.Event(), threading.Event()

    def wait(self, arrays):
        begun.set()
        assert released.wait(20)
        return self._function(arrays)

    monkeypatch.setattr(Signature, "__call__", wait)
    path = f"/v1/models/{images}:predict"
    large = BODY.ljust(2**14 + 1)  # For a thread, not for the loop.
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(limited.post(path, content=large).status_code))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    assert begun.wait(20)
    time.sleep(0.2)
    refused = limited.post(path, content=large)
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.json() == {"error": "too many requests at this moment; try again"}
    assert limited.get("/healthz").status_code == 200
    released.set()
    for thread in threads:
        thread.join()
    assert found == [200, 200]


@pytest.mark.parametrize(("error", "status"), [(MemoryError, 503), (ZeroDivisionError, 500)])
def test_a_failure_of_the_server_is_reported_and_it_keeps_running(
    limited, images, monkeypatch, caplog, error, status
):
    def fail(*_):
        raise error

    monkeypatch.setattr(Signature, "__call__", fail)
    answered = limited.post(f"/v1/models/{images}:predict", content=BODY)
    assert answered.status_code == status
    assert list(answered.json()) == ["error"]
    assert ("ZeroDivisionError" in caplog.text) == (status == 500)
    monkeypatch.undo()
    assert alive(limited, images)


def test_two_requests_in_one_packet_are_answered_in_order(limited, images):
    one = header(images, f"Content-Length: {len(BODY)}").encode() + BODY
    with connect(limited) as connection:
        connection.sendall(one + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while b'"ok"}' not in received:
            received += connection.recv(65_536)
    assert received.index(b"predictions") < received.index(b'"ok"')


UPGRADE = (
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABkAARAAAAA",
)


def received(connection, count):
    found = b""
    while found.count(b"HTTP/1.1 ") < count or not found.endswith(b"}"):
        part = connection.recv(65_536)
        if not part:
            break
        found += part
    return [int(one[:3]) for one in found.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("packets", [1, 2])
def test_a_request_that_would_change_to_http_2_is_answered(limited, images, packets):
    """As Java's client does it; the next request on the connection is read, too."""
    head = header(images, f"Content-Length: {len(BODY)}", *UPGRADE).encode()
    with connect(limited) as connection:
        for content in [head + BODY] if packets == 1 else [head, BODY]:
            connection.sendall(content)
            time.sleep(0.1)
        assert received(connection, 1) == [200]
        connection.sendall(head + BODY + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert received(connection, 2) == [200, 200]
    last = head.replace(b"Upgrade, H", b"close, Upgrade, H")
    with connect(limited) as connection:
        connection.sendall(last + BODY)
        assert received(connection, 9) == [200]  # And the connection is closed.


def test_requests_in_a_row_are_no_header_of_the_next(limited, images):
    one = header(images, f"Content-Length: {len(BODY)}").encode() + BODY
    with connect(limited) as connection:
        connection.sendall(20 * one + one[:60])
        time.sleep(0.2)
        connection.sendall(one[60:])
        assert received(connection, 21) == 21 * [200]
    with connect(limited) as connection:  # One that never comes whole is refused all the same.
        connection.sendall(one + one[:60])
        assert received(connection, 2) == [200, 408]


def test_a_client_that_does_not_read_its_answers_is_let_go(limited):
    size = len(limited.get("/page/page.js").content)
    assert size > 5_000
    with connect(limited) as connection:
        connection.sendall(4_000 * b"GET /page/page.js HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(4)
        read = 0
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(2**20):
                read += len(part)
        assert read < 3_900 * size
