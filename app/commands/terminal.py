"""`quarterdeck` alone: the terminal. Imports neither click nor what a list needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .options import Options
from .place import settings_of

if TYPE_CHECKING:
    from ..records import Subject
    from ..settings import Settings


def again(options: Options) -> list[str]:
    """The options that lead another process, in another folder, to the same project."""
    from ..sync import same_project  # 10 ms, after the first paint

    return same_project(project=options.project, name=options.name, config=options.config, cache=options.cache)


def open_here(options: Options, subject: Subject | None = None, settings: Settings | None = None) -> int:
    """Open the terminal on the project that the options lead to; gives its exit status."""
    settings = settings or settings_of(options)
    from ..terminal import open_terminal  # textual: 0.3 s, after mistakes in the settings have been said

    return open_terminal(
        settings, cache=options.cache, read_only=options.read_only, subject=subject, again=lambda: again(options)
    )
