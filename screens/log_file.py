"""Saving a log as a file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from ..app.logs.writing import written
from ..app.records import Job, Pipeline
from ..app.store.logs import LogReads
from ..app.text import clip, shown
from ..widgets.figures import size

if TYPE_CHECKING:
    from .log import LogScreen


def default_name(pipeline: Pipeline, job: Job) -> str:
    """`nightly-train-214-train.log`: a name that every file system takes."""
    words = [pipeline.name, pipeline.number, job.name]
    return "-".join(re.sub(r"[^\w.-]+", "-", word).strip("-.")[:60] for word in words if word) + ".log"


def free_path(name: str) -> str:
    """The path of a file in the working directory that is not there yet: `~/churn/a.log`, then `~/churn/a-2.log`."""
    try:
        folder = Path.cwd()
    except OSError:  # it was taken away: a name is all that can be proposed
        return name
    stem = name.removesuffix(".log")
    names = (name if number == 1 else f"{stem}-{number}.log" for number in count(1))
    return short(next(path for path in (folder / one for one in names) if not os.path.lexists(path)))


def short(path: Path) -> str:
    """A path as a shell takes it, with `~` for the home."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  it does not raise where nobody knows the home
    return f"~/{path.relative_to(home)}" if home != Path("/") and path.is_relative_to(home) else str(path)


def _end(text: str, width: int) -> str:
    """The end of a path that is too long: the name of the file is there."""
    text = shown(text)
    return text if len(text) <= width else f"…{text[1 - width :]}"


def blocks(reads: LogReads, rowid: int) -> Iterator[bytes]:
    """A log piece by piece, also where a part of it is missing."""
    for number in range(reads.blocks(rowid)):
        block = reads.block(rowid, number)
        if block is not None:
            yield block.data


def save_log(screen: LogScreen, rowid: int, name: str) -> None:
    """On a thread: write the log as text into a file that must not be there yet, and say on the screen how it went."""
    path = Path(name).expanduser()
    reader = screen.deck.open_reader()
    try:
        # for its owner alone: a log may name what others should not read
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123  a mode of its own
            for text in written(blocks(reader.logs, rowid), timed=True):
                file.write(text)
            octets = file.tell()
    except FileExistsError:
        screen.app.call_from_thread(
            screen.say, f"{clip(str(path), 80)} is there already: S asks for another name", "warn"
        )
        return
    except OSError as error:
        screen.app.call_from_thread(screen.say, f"▲ not saved: {error.strerror}: {clip(str(path), 80)}", "warn")
        return
    finally:
        reader.close()
    screen.app.call_from_thread(
        screen.say, f"saved {size(octets)} in {_end(short(path.absolute()), screen.size.width - 22)}", "good"
    )
