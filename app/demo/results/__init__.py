"""What the demo's checks said, night by night: files as Great Expectations and dbt leave them in the work tree.

The rules are those of the commit that main had that night and the figures are counted in the export that it tracked,
so a loosened rule and a changed export show where, and when, they happened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...records import Millis
from ..team import DAY, HOUR, MINUTE
from ..world import World
from . import dbt, great_expectations

NIGHTS = 42
PAYMENTS_SILENT = 4
"""Nights for which nobody has validated the payments any more."""


def write_results(root: Path, world: World) -> None:
    """Write the results of all nights below `root`. Raises OSError."""
    for night in nights(world):
        _validate(root, world, night)
        for path, content in dbt.build(world, night + MINUTE * 25):
            _write(root / path, content)


def nights(world: World) -> Iterator[Millis]:
    """When the nightly validation began, oldest first; none before the team had rules."""
    midnight = world.made // DAY * DAY
    for days in range(NIGHTS, -1, -1):
        at = midnight - days * DAY + HOUR + 5 * MINUTE
        if at < world.made - HOUR and "checks" in world.states[world.at(at)][1].brought:
            yield at


def _validate(root: Path, world: World, night: Millis) -> None:
    state = world.states[world.at(night)][1]
    silent = night > world.made - PAYMENTS_SILENT * DAY
    for dataset in great_expectations.suites(state):
        if not (dataset == "payments" and silent):
            path, content = great_expectations.validation(world, state, dataset, night)
            _write(root / path, content)


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")
