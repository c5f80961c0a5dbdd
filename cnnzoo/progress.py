"""How far something long is, on standard error."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

_SHORT = 2  # Seconds within which nothing is shown.
_LINE_SECONDS = 60  # Between two lines where there is no terminal.
_REFRESH = 0.1  # Seconds.

_shown: list[str] = []  # What the last line of the terminal says; it has room for one thing.

Item = TypeVar("Item")


def tracked(
    items: Iterable[Item], count: Callable[[], int], doing: str, what: str, done: int = 0
) -> Iterator[Item]:
    """Yield `items`, with a bar on a terminal, or lines elsewhere, if they take over two seconds.

    Args:
        items: Are made as they are read.
        count: Returns how many there are in all, about; called if they take long.
        doing: What is done, such as "reading".
        what: It is done to, such as "images".
        done: How many of these were there before.
    """
    shown: _Bar | _Lines | None = None
    started = last = time.monotonic()
    try:
        for made, item in enumerate(items, start=1):
            yield item
            now = time.monotonic()
            if now - last < (_SHORT if shown is None else _REFRESH):
                continue
            if shown is None:
                if console().is_terminal and not _shown:
                    shown = _Bar(doing, what, count())
                else:
                    shown = _Lines(doing, what, started)
            shown.show(done + made, made / (now - started))
            last = now
    finally:
        if shown is not None:
            shown.stop()


@contextlib.contextmanager
def saying(what: str) -> Iterator[None]:
    """Show on a terminal what is done until it is done."""
    if _shown or not sys.stderr.isatty():
        yield
        return
    occupy(what)
    try:
        with console().status(what):
            yield
    finally:
        free()


def occupy(what: str) -> None:
    """Take the last line of the terminal: until `free`, nothing else is shown there."""
    _shown.append(what)


def free() -> None:
    """Give the last line of the terminal back."""
    _shown.clear()


def console() -> Any:
    """Return standard error as Rich writes to it."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, force_jupyter=False)


class _Bar:
    def __init__(self, doing: str, what: str, total: int) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn(doing),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(f"{{task.fields[rate]:,.0f}} {what}/s"),
        )
        occupy(doing)
        self._bar = Progress(*columns, TimeRemainingColumn(), console=console(), transient=True)
        self._task = self._bar.add_task(doing, total=total, rate=0.0)
        self._bar.start()

    def show(self, made: int, rate: float) -> None:
        self._bar.update(self._task, completed=made, rate=rate)

    def stop(self) -> None:
        self._bar.stop()
        free()


class _Lines:
    def __init__(self, doing: str, what: str, started: float) -> None:
        self._doing, self._what, self._printed = doing, what, started

    def show(self, made: int, rate: float) -> None:
        now = time.monotonic()
        if now - self._printed >= _LINE_SECONDS:
            self._printed = now
            text = f"{self._doing}: {made:,} {self._what}, {rate:,.0f} per second"
            print(text, file=sys.stderr, flush=True)

    def stop(self) -> None:
        pass
