"""People of a team: each with a clone, a home, settings and a state of their own, on one real bare remote."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from quarterdeck.app import trust
from quarterdeck.app.settings import load
from tests.app.promotion.worlds import git, make_remote


class Told(NamedTuple):
    """What a call said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Person:
    """Somebody at a machine of their own."""

    def __init__(self, name: str, folder: Path, remote: Path) -> None:
        self.name = name
        self.remote = remote
        self.home = folder / name
        self.clone = self.home / "churn"
        self.home.mkdir()
        git(self.home, "clone", "--quiet", str(remote), str(self.clone))
        kinds = ("config", "cache", "state", "data")
        self.env = {**os.environ, "HOME": str(self.home)} | {
            f"XDG_{kind.upper()}_HOME": str(self.home / kind) for kind in kinds
        }
        config = self.home / "config" / "quarterdeck"
        config.mkdir(parents=True)
        (config / "config.toml").write_text(f'[user]\nname = "{name}"\nemail = "{name}@example.com"\n')
        with pytest.MonkeyPatch.context() as here:
            for variable, value in self.env.items():
                here.setenv(variable, value)
            trust.record_trust(load(directory=self.clone))

    def __call__(self, *words: str, **more: Any) -> Told:
        """quarterdeck as a process of its own."""
        done = self.start(*words, **more)
        out, err = done.communicate(timeout=120)
        return Told(done.returncode, out.decode(), err.decode())

    def start(self, *words: str, before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "quarterdeck.app", *before, *words]
        return subprocess.Popen(
            command, cwd=self.clone, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip

    def notes(self) -> list[str]:
        """What is written anywhere, as this person sees it after a sync."""
        self("sync", "--source", "git", "--full")  # a sweep fetches at once
        return [f"{one['author']}: {one['text']}" for one in self("note", "--list", "--json").json]

    def go_offline(self) -> None:
        """The remote does not answer."""
        self.remote.rename(self.remote.with_suffix(".away"))

    def go_online(self) -> None:
        self.remote.with_suffix(".away").rename(self.remote)


SETTINGS = '[project]\nname = "churn"\n'


def team(folder: Path, *names: str, settings: str = SETTINGS) -> list[Person]:
    """A remote with one commit, and a clone for each of these people."""
    remote, _ = make_remote(folder, {"quarterdeck.toml": settings})
    return [Person(name, folder, remote) for name in names]
