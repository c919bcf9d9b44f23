"""A project in a clone with plans and states in it, and its cache."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from pathlib import Path

from quarterdeck.app import trust
from quarterdeck.app.records import SourceState, Stack
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.store.files import cache_file
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.sync.once import sync_once

from .stacks import PAYLOADS

ONE = '[[infra]]\nkind = "terraform"\nstack = "serving"\n'


def payload(name: str) -> bytes:
    return (PAYLOADS / f"terraform-1.15.5.{name}").read_bytes()


class World:
    """A project and its cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}
        folder.mkdir()
        subprocess.run(["git", "init", "--quiet", str(folder)], check=True)

    def write(self, name: str, data: bytes | str, age: float = 3_600.0) -> Path:
        """A file that was written so many seconds ago."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        then = time.time() - age
        os.utime(path, (then, then))
        return path

    def settle(self, text: str, *, trusted: bool = False) -> Settings:
        self.write("quarterdeck.toml", text)
        settings = self.settings
        if trusted:
            trust.record_trust(settings)
        return settings

    @property
    def settings(self) -> Settings:
        return load(directory=self.folder, environment={**os.environ, **self.environment})

    @property
    def cache(self) -> Path:
        return cache_file(None, self.settings.project_key)

    def sync(self, name: str = "serving", *, full: bool = False) -> SourceState:
        """One pass over that source."""
        (state,) = asyncio.run(sync_once(self.settings, self.cache, names=(name,), full=full))
        return state

    def stack(self, name: str = "serving") -> Stack | None:
        reader = Reader(self.cache)
        try:
            return reader.infra.stack(name)
        finally:
            reader.close()

    def stands(self, name: str = "serving") -> tuple[str, dict[str, int]]:
        """Its status, and counts that are not 0."""
        found = self.stack(name)
        assert found is not None
        return found.status, {word: count for word, count in found.counts().items() if count}
