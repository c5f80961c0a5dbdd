"""Requests that wait at the same time, with a signature that remembers what it was given."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cnnzoo.errors import CnnzooError
from cnnzoo.serving.batching import Batches, Parsed
from cnnzoo.serving.engine import Signature


class Doubled(Signature):
    """Doubles its numbers, slowly; 99 it refuses."""

    def __init__(self, seconds=0.0):
        super().__init__("serving_default", {}, self._double)
        self.seconds, self.batches, self.threads = seconds, [], set()

    def _double(self, arrays):
        self.batches.append(len(arrays["x"]))
        self.threads.add(threading.current_thread())
        time.sleep(self.seconds)
        if (arrays["x"] == 99).any():
            raise CnnzooError("x must not be 99")
        return {"y": 2 * arrays["x"]}


def respond(signature, requests, quick=False, workers=2):
    """Send all at the same time; return what each got."""

    async def together():
        batches = Batches(threads, workers)
        asked = [
            batches.respond(Parsed(signature, {"x": np.array(numbers)}, True), quick)
            for numbers in requests
        ]
        return await asyncio.gather(*asked, return_exceptions=True)

    with ThreadPoolExecutor(workers, "predict") as threads:
        found = asyncio.run(together())
    return [
        str(one) if isinstance(one, Exception) else json.loads(one)["predictions"] for one in found
    ]


def test_each_gets_its_own_answer():
    signature = Doubled(0.01)
    requests = [list(range(start, start + 1 + start % 4)) for start in range(40)]
    assert respond(signature, requests) == [[2 * one for one in row] for row in requests]
    assert sum(signature.batches) == sum(map(len, requests)) == 100
    assert len(signature.batches) == 2  # 64 examples at most.


def test_who_is_alone_is_answered_at_once():
    signature = Doubled()
    assert respond(signature, [[7]], quick=True) == [[14]]
    assert signature.threads == {threading.current_thread()}
    assert respond(signature, [[7]], quick=False) == [[14]]
    assert len(signature.threads) == 2
    many = Doubled()
    respond(many, [[1], [2]], quick=True)
    assert threading.current_thread() not in many.threads


def test_one_that_is_refused_spoils_no_other():
    found = respond(Doubled(), [[1], [99], [2, 3], [99, 4]])
    assert found == [[2], "x must not be 99", [4, 6], "x must not be 99"]


def test_a_large_request_goes_alone():
    signature = Doubled(0.01)
    found = respond(signature, [[1], list(range(98)), [2]], workers=1)
    assert found == [[2], [2 * one for one in range(98)], [4]]
    assert signature.batches == [1, 98, 1]


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_threads_are_taken_than_are_given(workers):
    signature = Doubled(0.02)
    requests = [[0] * 40 for _ in range(9)]
    assert respond(signature, requests, workers=workers) == requests
    assert len(signature.threads) == workers
    assert signature.batches == [40] * 9


def test_requests_that_come_later_are_answered_too():
    signature = Doubled(0.005)

    async def trickle():
        batches = Batches(threads, 1)

        async def ask(number):
            await asyncio.sleep(0.001 * number)
            return await batches.respond(Parsed(signature, {"x": np.array([number])}, False), False)

        return await asyncio.gather(*map(ask, range(50)))

    with ThreadPoolExecutor(1) as threads:
        found = asyncio.run(trickle())
    assert [json.loads(one)["outputs"] for one in found] == [[2 * one] for one in range(50)]
    assert len(signature.batches) < 40
