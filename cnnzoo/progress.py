"""Progress of what takes long, on standard error."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from cnnzoo.quiet import log

_QUIET_SECONDS = 2  # What is done by then needs no progress bar.

T = TypeVar("T")


def tracked(items: Iterable[T], total: int, doing: str) -> Iterator[T]:
    """Yield `items`, with a progress bar as soon as that takes over two seconds.

    Where there is no terminal, one line takes its place.

    Args:
        items: Any.
        total: Their number.
        doing: What is done, such as "reading images".
    """
    started, bar = time.monotonic(), None
    try:
        for count, item in enumerate(items):
            if bar is None and time.monotonic() - started > _QUIET_SECONDS:
                bar, task = _started(total, doing)
            if bar is not None:
                bar.update(task, completed=count)
            yield item
    finally:
        if bar is not None:
            bar.stop()


def _started(total: int, doing: str) -> tuple:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, highlight=False, force_jupyter=False)
    if not console.is_terminal:
        log(f"{doing}: {total:,}")
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    bar.start()
    return bar, bar.add_task(doing, total=total)
