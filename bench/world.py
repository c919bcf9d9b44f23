"""Projects to open quarterdeck on, each in folders of its own under bench/out, so that nobody's own are touched."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from quarterdeck.app.store.schema import TABLES
from quarterdeck.app.sync.locks import SyncerLock

from .million import build
from .peers import Program
from .terminal import QUARTERDECK, REPOSITORY, environment

OUT = REPOSITORY / "bench" / "out"
MILLION = 1_000_000
NAME = "quarterdeck"


def homes(folder: Path, opens: str = "runs") -> dict[str, str | None]:
    """An environment whose settings, caches, state and bytecode lie in `folder`, and which names no server.

    `opens`: the screen that the program opens with: what most of this measures begins at the runs.

    Bytecode is written though this shell may forbid it: an installed program has it, and to compile each module anew
    doubles the time to a first paint and to the first rows of a screen.
    """
    runtime = folder / "run"
    runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
    personal = folder / "config" / "quarterdeck" / "config.toml"
    personal.parent.mkdir(parents=True, exist_ok=True)
    if not personal.exists():
        personal.write_text(f'[display]\nopens = "{opens}"\n')
    places: dict[str, str | None] = {
        f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "CACHE", "STATE", "DATA")
    }
    bytecode = {"PYTHONDONTWRITEBYTECODE": None, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    return places | bytecode | {"XDG_RUNTIME_DIR": str(runtime), "MLFLOW_TRACKING_URI": None}


def project(folder: Path, tracking_uri: str) -> Path:
    """A Git repository with a settings file that names this tracking server."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", folder], check=True)
    text = f'[project]\nname = "bench"\n\n[mlflow]\ntracking_uri = "{tracking_uri}"\n'
    (folder / "quarterdeck.toml").write_text(text)
    return folder


def quarterdeck(*words: str | Path, env: dict[str, str | None]) -> None:
    """Run one command of quarterdeck to its end; what it narrates is shown when it fails."""
    made = subprocess.run([*QUARTERDECK, *words], env=environment(env), capture_output=True, text=True)
    if made.returncode:
        raise SystemExit(f"quarterdeck {' '.join(map(str, words))}: {made.stderr or made.stdout}")


def million() -> tuple[Program, SyncerLock]:
    """quarterdeck on a cache of a million runs, and the lock that keeps a syncer from touching that cache.

    Made once, in some minutes, and kept.
    """
    cache = OUT / "million.db"
    made_of = cache.with_suffix(".schema")
    if not cache.exists() or not made_of.exists() or made_of.read_text() != TABLES:
        print("making a cache of 1,000,000 runs (once)", flush=True)
        OUT.mkdir(parents=True, exist_ok=True)
        unfinished = cache.with_suffix(".unfinished")
        build(unfinished, MILLION)
        unfinished.rename(cache)
        made_of.write_text(TABLES)
    lock = SyncerLock.acquire(cache)
    if lock is None:
        raise SystemExit(f"somebody syncs {cache}: end that quarterdeck first")
    where = project(OUT / "project", "http://127.0.0.1:9")
    argv = (*QUARTERDECK, "--project", where, "--cache", cache)
    return Program(NAME, "1,000,000 runs", argv, "● finished", where, env=homes(OUT / "home")), lock


def demo() -> Program:
    """quarterdeck on the demo world, synced, with its syncer; the run that still trains stands still."""
    shutil.rmtree(OUT / "demo-home", ignore_errors=True)  # its cache may be of another schema
    env = homes(OUT / "demo-home")
    where = OUT / "demo"
    quarterdeck("demo", "--dir", where, "--build-only", env=env)
    settings = next(where.rglob("quarterdeck.toml"))
    quarterdeck("--project", settings.parent, "sync", env=env)
    argv = (*QUARTERDECK, "--project", settings.parent)
    return Program(NAME, "the demo", argv, "● finished", settings.parent, env=env)
