"""Print the tables: `python -m bench`, or `python -m bench screen beside` for some of them.

Each table is a module that can be run by itself. One that fails, or that is not there, is told at the end and
stops no other.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence

from .terminal import REPOSITORY, environment

TABLES = {
    "screen": "the screen, over 1,000,000 cached runs, beside other programs",
    "chart": "charts: ten curves of 10,000 points, and a new point of a live one",
    "beside": "keys while a first sync runs",
    "million": "sorting and filtering 1,000,000 cached runs",
    "compare": "opening a comparison of 8 runs from the cache",
    "models": "a registered model with 5,000 versions, and a plan for one of them",
    "events": "1,000,000 events: filtered, walked through, looked up",
    "lineage": "lineage from either end, over 100,000 runs on one dataset",
    "checks": "200,000 results of 2,000 checks: written, read, walked through",
    "incidents": "incidents of real parts: whether the true cause is named, and how far away it is",
    "watch": "all signals over 100,000 runs, 20,000 pipelines, 200,000 results and 1,000,000 events",
    "log": "a job log of 100 MB: opening it at its failure, searching it, following one",
    "mlflow_rates": "first sync of a tracking server, beside reading the same pages and throwing them away",
    "first_sync": "first sync of an sqlite:/// store",
    "git_walk": "first sync and second pass of a large repository",
}
"""The modules in the order in which they run, and what each measures."""


def machine() -> str:
    """What the figures were measured on, in one line."""
    model = "an unknown processor"
    with open("/proc/cpuinfo") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    if names:
        model = names[0]
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{os.cpu_count()} cores, {model}, {versions}, {time.strftime('%Y-%m-%d')}"


def measure(name: str) -> str | None:
    """Run one module; a sentence when it failed."""
    if importlib.util.find_spec(f"bench.{name}") is None:
        return f"{name}: not there yet ({TABLES[name]})"
    begun = time.perf_counter()
    print(f"\n## {TABLES[name]}", flush=True)
    quiet = environment({"MLFLOW_LOGGING_LEVEL": "WARNING"})
    status = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=REPOSITORY, env=quiet).returncode
    print(f"\n({time.perf_counter() - begun:.0f} s)", flush=True)
    return f"{name}: failed with exit status {status}" if status else None


def main(words: Sequence[str]) -> int:
    """Measure these, or all; 1 when one of them failed."""
    unknown = [word for word in words if word not in TABLES]
    if unknown:
        print(f"bench: there is no {unknown[0]!r}. There are: {', '.join(TABLES)}.", file=sys.stderr)
        return 2
    print(machine(), flush=True)
    failures = [failure for name in words or TABLES if (failure := measure(name))]
    for failure in failures:
        print(f"bench: {failure}", file=sys.stderr)
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
