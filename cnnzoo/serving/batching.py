"""Small requests of several clients at the same time, answered as one batch.

No request waits for others to come: what is there when a thread is free goes together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from cnnzoo.serving import answers
from cnnzoo.serving.engine import Signature

_ROWS = 64  # Of a batch; larger ones are no faster per example.


class Parsed(NamedTuple):
    """A request whose body has been read."""

    signature: Signature
    inputs: dict[str, np.ndarray]
    by_row: bool

    @property
    def rows(self) -> int:
        """How many examples there are."""
        return len(next(iter(self.inputs.values())))

    def respond(self) -> bytes:
        """Return the body of the response."""
        return answers.body(self.signature(self.inputs), self.by_row)


class _Waiting(NamedTuple):
    request: Parsed
    quick: bool
    answer: asyncio.Future[bytes]


class Batches:
    """Requests that wait, by signature; for the thread of one event loop."""

    def __init__(self, threads: ThreadPoolExecutor, workers: int) -> None:
        """Take at most so many of the threads at a time."""
        self._threads, self._workers = threads, workers
        self._running = 0
        self._waiting: dict[Signature, list[_Waiting]] = {}

    async def respond(self, request: Parsed, quick: bool) -> bytes:
        """Return the body of the response.

        Args:
            request: One whose signature answers each row as if it were alone.
            quick: Whether the answer takes no longer than a change of thread.

        Raises:
            CnnzooError: The model refuses the examples.
            MemoryError: There is too little memory for them.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()
        waiting = self._waiting.setdefault(request.signature, [])
        waiting.append(_Waiting(request, quick, answer))
        if len(waiting) == 1:  # Others that have arrived by now are read before that.
            loop.call_soon(self._start, request.signature)
        return await answer

    def _start(self, signature: Signature) -> None:
        """Answer what waits for a signature as far as threads are free."""
        waiting = self._waiting.get(signature, [])
        if len(waiting) == 1 and waiting[0].quick and not self._running:
            batch = self._take(signature)
            _finish(batch, _outcomes([one.request for one in batch]))
        while self._waiting.get(signature) and self._running < self._workers:
            self._run(self._take(signature))

    def _take(self, signature: Signature) -> list[_Waiting]:
        """Return the first requests that go together, which wait no longer."""
        waiting = self._waiting[signature]
        ends = [*accumulate(one.request.rows for one in waiting)]
        count = max(sum(end <= _ROWS for end in ends), 1)
        taken, left = waiting[:count], waiting[count:]
        if left:
            self._waiting[signature] = left
        else:
            del self._waiting[signature]
        return taken

    def _run(self, batch: list[_Waiting]) -> None:
        """Answer a batch in a thread, and then what has come to wait."""
        self._running += 1
        requests = [one.request for one in batch]
        found = asyncio.get_running_loop().run_in_executor(self._threads, _outcomes, requests)

        def finished(done: asyncio.Future[list[bytes | BaseException]]) -> None:
            self._running -= 1
            _finish(batch, done.result())
            for signature in [*self._waiting]:
                self._start(signature)

        found.add_done_callback(finished)


def _finish(batch: Sequence[_Waiting], outcomes: Sequence[bytes | BaseException]) -> None:
    for one, outcome in zip(batch, outcomes, strict=True):
        if one.answer.done():  # Nobody waits for it any more.
            continue
        if isinstance(outcome, bytes):
            one.answer.set_result(outcome)
        else:
            one.answer.set_exception(outcome)


def _outcomes(requests: Sequence[Parsed]) -> list[bytes | BaseException]:
    """Return the response to each of `requests` of one signature, or what was wrong with it."""
    if len(requests) > 1:
        try:
            return [*_together(requests)]
        except Exception:  # One of them may be to blame: each for itself.
            pass
    return [_outcome(one.respond) for one in requests]


def _together(requests: Sequence[Parsed]) -> list[bytes]:
    names = requests[0].inputs
    outputs = requests[0].signature(
        {name: np.concatenate([one.inputs[name] for one in requests]) for name in names}
    )
    places = pairwise([0, *accumulate(one.rows for one in requests)])
    return [
        answers.body({name: values[begin:end] for name, values in outputs.items()}, one.by_row)
        for one, (begin, end) in zip(requests, places, strict=True)
    ]


def _outcome(respond: Callable[[], bytes]) -> bytes | BaseException:
    try:
        return respond()
    except Exception as error:  # It is raised where the answer is waited for.
        return error
