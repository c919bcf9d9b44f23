"""A real bare Git remote and a real MLflow server, seen by several people at once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from quarterdeck.app.promotion.ledgers import GitLedger
from quarterdeck.app.records import Actor, LedgerEntry


def git(where: Path, *args: str, environment: Mapping[str, str] | None = None) -> str:
    """Git as a person would run it."""
    settings = {
        "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.com", "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@example.com", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
    }  # fmt: skip
    done = subprocess.run(
        ["git", *args], cwd=where, env={**os.environ, **settings, **(environment or {})}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make_remote(folder: Path, files: Mapping[str, str]) -> tuple[Path, Path]:
    """A bare remote with one commit on main, and a clone of it."""
    remote, clone = folder / "remote.git", folder / "clone"
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    git(folder, "clone", "--quiet", str(remote), str(clone))
    git(clone, "checkout", "--quiet", "-B", "main")
    commit(clone, "begin", files)
    git(clone, "push", "--quiet", "origin", "main")
    return remote, clone


def commit(clone: Path, subject: str, files: Mapping[str, str]) -> str:
    """Write files and commit them; gives the commit."""
    for name, text in files.items():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text(text)
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--allow-empty", "-m", subject)
    return git(clone, "rev-parse", "HEAD")


def mirror_of(remote: Path, folder: Path) -> Path:
    """What quarterdeck's own mirror has after a fetch."""
    mirror = folder / "mirror.git"
    git(folder, "clone", "--quiet", "--mirror", str(remote), str(mirror))
    return mirror


class Server:
    """The registry of a tracking server, asked with MLflow's own calls."""

    def __init__(self, rest: Any) -> None:
        self._rest = rest

    def make(self, model: str, versions: int) -> None:
        """A registered model with so many versions."""
        self._rest.post("registered-models/create", name=model)
        for _ in range(versions):
            self._rest.post("model-versions/create", name=model, source="s3://models/nowhere")

    def aliases(self, model: str) -> dict[str, str]:
        """All aliases as they are now."""
        found = self._rest.get("registered-models/get", name=model)["registered_model"].get("aliases", [])
        return {one["alias"]: one["version"] for one in found}

    def move(self, model: str, alias: str, version: str) -> None:
        """Move an alias, as any client can."""
        self._rest.post("registered-models/alias", name=model, alias=alias, version=version)

    def tags(self, model: str, version: str) -> dict[str, str]:
        """Tags of a version."""
        found = self._rest.get("model-versions/get", name=model, version=version)["model_version"].get("tags", [])
        return {one["key"]: one["value"] for one in found}

    async def get_aliases(self, model: str) -> dict[str, str]:
        return await asyncio.to_thread(self.aliases, model)

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        await asyncio.to_thread(self.move, model, alias, version)

    async def set_version_tag(self, model: str, version: str, key: str, value: str) -> None:
        await asyncio.to_thread(
            lambda: self._rest.post("model-versions/set-tag", name=model, version=version, key=key, value=value)
        )


def now() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


async def silent(point: str, detail: str) -> None:
    """Nobody listens."""


def draft(model: str, version: str, previous: str | None, who: str = "ann", **more: Any) -> LedgerEntry:
    """What somebody wants: the number is found later."""
    made = LedgerEntry(
        source="", model=model, alias="champion", number=0, id="", version=version, previous=previous, at=0,
        by=Actor(name=who, email=f"{who}@example.com"), act=more.pop("act", f"{who}-{version}"),
    )  # fmt: skip
    return replace(made, **more)


def ledger(remote: Path, mirror: Path | None = None, **more: Any) -> GitLedger:
    """The ledger in the remote, as one person sees it. Cleared away at the end of the test."""
    made = GitLedger("git", str(remote), mirror, **more)
    _opened.append(made)
    return made


_opened: list[GitLedger] = []


def close_all() -> None:
    """Clear away all ledgers that were opened."""
    while _opened:
        _opened.pop().close()


Clock = Callable[[], int]
