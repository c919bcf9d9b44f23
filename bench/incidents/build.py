"""Plays stories and holds the program's answers against them."""

from __future__ import annotations

import importlib
import pkgutil
import time
from pathlib import Path

from .site import OFTEN, SELDOM, Site
from .story import WORLDS, World


def worlds() -> dict[str, World]:
    """All worlds there are: each module called worlds_... is a family of the first set, held_... of the second."""
    package = importlib.import_module(__package__ or "")
    for found in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        if found.startswith(("worlds_", "held_")):
            importlib.import_module(f"{__package__}.{found}")
    return WORLDS


def build(world: World, root: Path) -> float:
    """Play one story in a folder of its own below `root`; gives the seconds that it took."""
    begun = time.perf_counter()
    site = Site(root / world.name, OFTEN if world.has_gap else SELDOM)
    try:
        truth = world.tell(site)
        site.finish(truth)
    finally:
        site.close()
    return time.perf_counter() - begun
