from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

Found = TypeVar("Found")


def wait_for(condition: Callable[[], Found], seconds: float = 30.0) -> Found:
    """The condition's first true answer; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {condition}"
        time.sleep(0.005)
    return found


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], object]:
    return wait_for


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    return folder / "abc.s1.g1.db"
