"""What tests of pipelines write into the cache, and type, and look for."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from quarterdeck.app.records import Batch

MINUTE, HOUR = 60_000, 3_600_000
CI = "c" * 16
SIZE = (120, 40)


async def type_text(pilot: Pilot[Any], text: str) -> None:
    await pilot.press(*({" ": "space"}.get(sign, sign) for sign in text))


def write(world: Any, *pipelines: Any) -> None:
    world.cache.write(CI, Batch(pipelines=pipelines), world.now)


def row_of(lines: list[str], text: str) -> str:
    return next(line for line in lines if text in line)
