"""A repository with two commits, a clone of it, and what is watched while it is read."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .repositories import commit, git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    where = tmp_path / "repository"
    git(tmp_path, "init", "-q", "-b", "main", str(where))
    commit(where, "first")
    commit(where, "second")
    return where


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The Git commands that were started since."""
    started: list[str] = []
    begin = subprocess.Popen.__init__

    def note(self: subprocess.Popen[bytes], args: list[str], **options: Any) -> None:
        started.append(next(word for word in args[2:] if "=" not in word and word[0] not in "-/"))
        begin(self, args, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", note)
    return started


@pytest.fixture
def mute() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        yield listener


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """A clone of `repository`, which is its remote."""
    where = tmp_path / "clone"
    git(tmp_path, "clone", "-q", repository.as_uri(), str(where))
    return where
