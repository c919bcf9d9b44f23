"""What tests of registered models write into the cache, and type, and look for."""

from __future__ import annotations

from typing import Any

from textual.pilot import Pilot

from quarterdeck.app.records import Batch, RegisteredModel

MINUTE, HOUR = 60_000, 3_600_000
SIZE = (120, 40)
REGISTRY = "r" * 16


async def type_text(pilot: Pilot[Any], text: str) -> None:
    await pilot.press(*({" ": "space", ":": "colon"}.get(sign, sign) for sign in text))


def write(world: Any, **batch: Any) -> None:
    world.cache.write(REGISTRY, Batch(**batch), world.now)


def row_of(lines: list[str], text: str) -> str:
    return next(line for line in lines if text in line)


def churn(**aliases: str) -> RegisteredModel:
    return RegisteredModel(source=REGISTRY, name="churn", aliases=aliases)
