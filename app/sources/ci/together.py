"""Many requests at once, no more than a server likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from itertools import islice
from typing import Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_AT_ONCE: Final = 20
"""Answers that are handed over together: a transaction each."""


async def together(
    ask: Callable[[K], Awaitable[V]], keys: Sequence[K], width: int
) -> AsyncGenerator[list[tuple[K, V]], None]:
    """Ask for all `keys`, in their order, `width` at a time; the answers as they come, some twenty together.

    The first failure ends it, after what had come before was handed over. Close it when it is left early.
    """
    waiting = iter(keys)
    running: dict[asyncio.Task[V], K] = {}
    done: list[tuple[K, V]] = []

    def begin() -> None:
        for key in islice(waiting, width - len(running)):
            running[asyncio.ensure_future(ask(key))] = key

    try:
        begin()
        while running:
            finished, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            failed: BaseException | None = None
            for task in finished:
                key = running.pop(task)
                if error := task.exception():
                    failed = failed or error
                else:
                    done.append((key, task.result()))
            if failed is None:
                begin()
            if done and (len(done) >= _AT_ONCE or not running or failed is not None):
                ready, done = done, []
                yield ready
            if failed is not None:
                raise failed
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
