from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.incidents.build import worlds
from bench.incidents.measure import known_subjects
from bench.incidents.site import kept
from bench.terminal import REPOSITORY, environment

QUICK = ("client-for-customer", "half-a-gigabyte")
"""Built by every `make test` ..."""
SLOW = (
    "nulls-from-the-new-shop", "scaled-by-hand", "back-to-the-first-one", "waived-for-the-campaign", "nobody-exports",
    "the-exporter-is-gone",
)  # fmt: skip
"""... by `make test-tools`, and the others by the bench itself, which says where it does not know what is true."""
EACH = [*QUICK, *(pytest.param(name, marks=pytest.mark.tools) for name in SLOW)]


def test_there_are_incidents_of_many_kinds_of_cause_some_late_and_some_unwatched() -> None:
    there = worlds().values()
    kinds = Counter(world.family for world in there)
    assert len(there) >= 24
    assert len(kinds) >= 12
    assert sum(world.has_gap for world in there) >= 6
    assert sum(world.is_late for world in there) >= 6


def test_every_story_says_who_did_what_and_what_happened_beside_it() -> None:
    for world in worlds().values():
        assert "eside it" in (world.tell.__doc__ or ""), world.name


@pytest.mark.parametrize("name", EACH)
def test_what_is_true_of_a_world_is_something_that_the_program_knows_of(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.incidents", "--build-only", "--root", str(tmp_path), name]
    built = subprocess.run(command, cwd=REPOSITORY, env=environment(), capture_output=True, text=True, timeout=300)
    assert built.returncode == 0, built.stderr
    truth, known = kept(tmp_path / name).truth, known_subjects(tmp_path / name)
    for causes in (truth.causes, truth.second):
        assert not causes or known & {cause.subject for cause in causes}, (causes, sorted(known))
