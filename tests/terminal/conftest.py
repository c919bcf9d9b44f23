"""What the tests on a pseudo-terminal share: `terminal` starts the real program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from bench.terminal import QUARTERDECK, Terminal


class StartTerminal(Protocol):
    """Starts `quarterdeck ARGUMENTS` on a pseudo-terminal; all are ended with the test."""

    def __call__(
        self,
        *arguments: str | Path,
        size: tuple[int, int] = (120, 40),
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Terminal: ...


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[StartTerminal]:
    """Start the real program, as often as wanted, in an empty folder unless `cwd` says where."""
    with ExitStack() as stack:

        def start(
            *arguments: str | Path,
            size: tuple[int, int] = (120, 40),
            cwd: Path | None = None,
            env: Mapping[str, str | None] | None = None,
        ) -> Terminal:
            return stack.enter_context(Terminal(*QUARTERDECK, *arguments, size=size, cwd=cwd or tmp_path, env=env))

        yield start
