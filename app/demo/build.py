"""Builds a demo world beside its place and moves it there when it is whole: a killed build leaves no half world."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from ..errors import QuarterdeckError
from ..records import Millis
from .infrastructure import write_infrastructure
from .repository import build_repository
from .results import write_results
from .world import FOLDER, new_world, read_world, write_world

SEED = 7
Report = Callable[[str], None]


class DemoError(QuarterdeckError):
    """The demo world could not be built."""


def is_built(directory: Path) -> bool:
    """Whether a whole demo world is there, of whatever age."""
    try:
        read_world(directory)
    except (OSError, msgspec.MsgspecError):
        return False
    return (directory / ".git" / "HEAD").is_file() and (directory / "mlflow.db").is_file()


def build(directory: Path, report: Report, *, now: Millis | None = None) -> None:
    """Make the demo world in `directory`, unless one is there; `report` gets a sentence now and then.

    Takes 10 to 20 s. `now` (default: this moment) is when the world's history ends. Raises DemoError, GitError.
    """
    home = directory.expanduser().resolve()
    if is_built(home):
        return
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        make_room(home, report)
        with _site(home, report) as (site, lock):
            if not is_built(home):  # somebody else may have finished while we waited
                _build_in(site, home, report, lock, now or int(time.time() * 1000))
                site.rename(home)
    except OSError as error:
        raise DemoError(f"The demo cannot be built in {home}: {error.strerror or error}.") from error


def make_room(home: Path, report: Report) -> None:
    """Refuse a folder of somebody else's; set a damaged demo aside."""
    if not home.exists() or (home.is_dir() and not any(home.iterdir())):
        return
    if not (home / FOLDER).is_dir():
        raise DemoError(f"{home} is not empty and holds no demo: name another folder with --dir.")
    aside = next(
        place for number in range(1, 1000) if not (place := home.with_name(f"{home.name}.broken-{number}")).exists()
    )
    home.rename(aside)
    report(f"The demo in {home} was not whole: it is set aside as {aside.name}.")


@contextlib.contextmanager
def _site(home: Path, report: Report) -> Iterator[tuple[Path, int]]:
    """An empty folder beside the world's place, ours alone, and the lock on it. What a killed build left is removed."""
    site = home.with_name(f".{home.name}.building")
    lock = _take(site, report)
    try:
        _empty(site)
        yield site, lock
    finally:
        # gone when it became the world; otherwise nothing of a failed build stays
        shutil.rmtree(site, ignore_errors=True)
        os.close(lock)


def _take(site: Path, report: Report) -> int:
    """Create and lock the folder. Waits for another build to end."""
    while True:
        site.mkdir(exist_ok=True)
        lock = os.open(site, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("Another build is going on: waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if site.stat().st_ino == os.fstat(lock).st_ino:
                return lock
        os.close(lock)  # the folder was moved to its place by the build that we waited for


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _build_in(site: Path, home: Path, report: Report, lock: int, now: Millis) -> None:
    world = new_world(now, SEED)
    report(f"Writing the repository: {len(world.moments)} commits")
    world = build_repository(site, world)
    world.exports.store(site)
    report("Holding the exports against the rules of each night")
    write_results(site, world)
    write_infrastructure(site, world)
    write_world(site, world)
    report("Logging the runs with MLflow")
    _log_runs(site, home, report, lock)


def _log_runs(site: Path, home: Path, report: Report, lock: int) -> None:
    """Run runs.py in its own process; it holds the lock too, so that an orphan keeps the next build waiting."""
    command = [sys.executable, "-m", f"{__package__}.runs", str(site), str(home)]
    trouble = site / FOLDER / "build.log"
    with trouble.open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=site, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=errors, text=True, pass_fds=[lock],
        )  # fmt: skip
        with process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    report(line.strip())
            except BaseException:
                process.kill()
                raise
    if process.returncode != 0:
        last = trouble.read_text(errors="replace").strip().rpartition("\n")[2]
        raise DemoError(f"The demo's runs could not be logged: {last or f'exit status {process.returncode}'}.")


def clean_environment() -> Mapping[str, str]:
    """The environment without what would lead MLflow elsewhere, and without its telemetry."""
    kept = {key: text for key, text in os.environ.items() if not key.lstrip("_").startswith("MLFLOW_")}
    if "PYTHONPATH" in kept:  # relative places would be lost in another working folder
        kept["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, kept["PYTHONPATH"].split(os.pathsep)))
    return kept | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
