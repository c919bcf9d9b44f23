"""The programs to measure beside, each over data of its own kind. One that is not to be had is left out by name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from .terminal import REPOSITORY

PEERS = REPOSITORY / ".venvs" / "peers" / "bin"
QUIET_WANDB = {"WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true", "WANDB_MODE": "offline"}
"""Nothing leaves the machine."""

OFFLINE_RUNS = """
import math, random, sys, wandb
random.seed(4)
for number in range(12):
    run = wandb.init(project="bench", dir=sys.argv[1], config={"lr": 0.01 * number, "depth": number})
    for step in range(50):
        run.log({name: math.exp(-step / 20) + random.random() / 10 for name in ("loss", "val_loss", "auc", "val_auc")})
    run.finish()
"""


class Program(NamedTuple):
    """A program to measure: how it is started, and how it is known that its rows are there."""

    name: str
    data: str
    """What it shows."""
    argv: tuple[str | Path, ...]
    shown: str
    """A text that is on the screen with the first real rows."""
    cwd: Path
    env: Mapping[str, str | None] = {}
    down: str = "down"
    page: str | None = "pgdn"
    """The key that turns a page of the list, where there is one."""


class Missing(NamedTuple):
    """A program that is not to be had here, and why."""

    name: str
    why: str


def leet(folder: Path) -> Program | Missing:
    """W&B LEET (Go) over twelve offline runs; W&B's own logs are its data."""
    name = "W&B LEET"
    if not (PEERS / "wandb").exists():
        return Missing(name, "the package wandb is not installed in .venvs/peers")
    runs = folder / "leet" / "wandb"
    if not runs.exists():
        runs.parent.mkdir(parents=True)
        words = [str(PEERS / "python"), "-c", OFFLINE_RUNS, str(runs.parent)]
        made = subprocess.run(words, env=os.environ | QUIET_WANDB, capture_output=True, text=True)
        if made.returncode:
            shutil.rmtree(runs.parent)
            return Missing(name, f"its runs could not be made: {made.stderr.strip().splitlines()[-1]}")
    # Page keys of LEET turn its metrics, not its list.
    argv = (PEERS / "wandb", "leet", runs)
    return Program(name, "12 runs", argv, "[12 items]", runs.parent, env=QUIET_WANDB, page=None)


def datatable(folder: Path) -> Program:
    """Textual's own DataTable."""
    argv = (sys.executable, "-m", "bench.datatable")
    return Program("Textual DataTable", "1,000 rows", argv, "run-0001", REPOSITORY)


def tig(folder: Path) -> Program | Missing:
    """tig (C) over the history of this repository."""
    if shutil.which("tig") is None:
        return Missing("tig", "it is not installed (package tig of the distribution)")
    return Program("tig", "this repository", ("tig",), "[main]", REPOSITORY)


ALL: tuple[Callable[[Path], Program | Missing], ...] = (leet, datatable, tig)
