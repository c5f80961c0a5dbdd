"""How far something long is, on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_SHORT = 2  # Seconds within which nothing is shown.
_LINE_SECONDS = 60  # Between two lines where there is no terminal.
_REFRESH = 0.1  # Seconds.

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
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, highlight=False, force_jupyter=False)
    columns = (
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{{task.fields[rate]:,.0f}} {what}/s"),
    )
    bar = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
    task = bar.add_task(doing, total=None, rate=0.0)
    started = shown = printed = time.monotonic()
    try:
        for made, item in enumerate(items, start=1):
            yield item
            now = time.monotonic()
            if now - shown < (_REFRESH if bar.live.is_started else _SHORT):
                continue
            rate, shown = made / (now - started), now
            if console.is_terminal:
                if not bar.live.is_started:
                    bar.update(task, total=count())
                    bar.start()
                bar.update(task, completed=done + made, rate=rate)
            elif now - printed >= _LINE_SECONDS:
                printed = now
                console.print(
                    f"{doing}: {done + made:,} {what}, {rate:,.0f} per second", soft_wrap=True
                )
    finally:
        if bar.live.is_started:  # Else stopping prints an empty line.
            bar.stop()
