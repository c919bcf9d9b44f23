"""Saving a log as a file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..app.logs.writing import written
from ..app.records import Job, Pipeline
from ..app.store.logs import LogReads
from ..app.text import clip
from ..widgets.figures import size

if TYPE_CHECKING:
    from .log import LogScreen


def default_name(pipeline: Pipeline, job: Job) -> str:
    """`nightly-train-214-train.log`: a name that every file system takes."""
    words = [pipeline.name, pipeline.number, job.name]
    return "-".join(re.sub(r"[^\w.-]+", "-", word).strip("-.")[:60] for word in words if word) + ".log"


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
    screen.app.call_from_thread(screen.say, f"saved {size(octets)} in {clip(str(path.resolve()), 100)}", "good")
