"""A real syncer process over scripted sources: `python -m tests.app.sync.syncer CACHE PROJECT WORLD [LINGER]`.

The world's folder holds one world for each name in its file `sources`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources import Source
from quarterdeck.app.sync.watch import sync_watch
from tests.app.sync.scripted import Scripted, World


def sources_of(worlds: Path) -> list[Source]:
    names = (worlds / "sources").read_text().split()
    return [Scripted(name, World(worlds / name)) for name in names]


def main(cache: Path, project: Path, worlds: Path, linger: float | None = None) -> bool:
    def build(settings: Settings) -> list[Source]:
        with (worlds / "built").open("a") as file:
            file.write(f"{settings.project.name}\n")
        return sources_of(worlds)

    return asyncio.run(sync_watch(lambda: load(directory=project), cache, build=build, linger=linger))


if __name__ == "__main__":
    cache, project, worlds, *rest = sys.argv[1:]
    sys.exit(0 if main(Path(cache), Path(project), Path(worlds), *map(float, rest)) else 9)
