"""The jobs of a pipeline in one line."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.records import Job
from quarterdeck.app.text import cells
from quarterdeck.widgets.strip import latest, strip

NOW = 1_773_457_620_000
SECOND, MINUTE = 1_000, 60_000


def job(name: str, status: Any = "passed", took: int | None = 12 * SECOND, **changes: Any) -> Job:
    """A job that began ten minutes ago; without a duration it has not ended."""
    begun = NOW - 10 * MINUTE
    ended = None if took is None else begun + took
    return Job(id=f"{name}-{changes.get('attempt', 1)}", name=name, status=status, started_at=begun, ended_at=ended,
               **changes)  # fmt: skip


def text(jobs: list[Job], width: int = 200) -> str:
    return "".join(piece for piece, _ in strip(jobs, width, NOW))


JOBS = [job("data"), job("test", took=65 * SECOND), job("train", "failed", 3_200), job("deploy", "skipped", None)]


def test_jobs_stand_in_their_order_with_what_they_took() -> None:
    assert text(JOBS) == "● data 12 s  ● test 1 m 05 s  ✖ train 3.2 s  – deploy"


def test_a_failed_job_is_told_by_its_glyph_and_its_name() -> None:
    pieces = strip(JOBS, 200, NOW)
    assert ("✖ ", "bad") in pieces
    assert ("train", "bad") in pieces


def test_what_runs_is_told_in_buckets_so_that_a_second_changes_nothing() -> None:
    running = [job("train", "running", None)]
    assert text(running) == "▶ train 10 m"
    assert strip(running, 80, NOW + 30 * SECOND) == strip(running, 80, NOW)


def test_stages_stand_before_their_jobs() -> None:
    jobs = [job("compile", stage="build"), job("unit", stage="test"), job("lint", "failed", 3_000, stage="test"),
            job("prod", "waiting", None, stage="deploy", is_manual=True)]  # fmt: skip
    assert text(jobs) == "build ● compile 12 s › test ● unit 12 s  ✖ lint 3.0 s › deploy ‖ prod"


def test_a_stage_that_is_the_job_itself_is_not_said_twice() -> None:
    assert text([job("Build", stage="Build"), job("Test", stage="Test")]) == "● Build 12 s  ● Test 12 s"


def test_of_each_job_the_last_attempt_is_shown() -> None:
    jobs = [job("test", "failed"), job("deploy"), job("test", attempt=2)]
    assert [one.id for one in latest(jobs)] == ["test-2", "deploy-1"]
    assert text(jobs) == "● test 12 s  ● deploy 12 s"


def test_two_jobs_of_one_name_in_one_attempt_are_both_there() -> None:
    assert text([job("test"), job("test", "failed")]) == "● test 12 s  ✖ test 12 s"


def test_the_durations_of_what_is_well_go_first() -> None:
    assert text(JOBS, 48) == "● data  ● test  ✖ train 3.2 s  – deploy"
    assert text(JOBS, 38) == "● data  ● test  ✖ train  – deploy"


def test_neighbours_that_are_well_become_one() -> None:
    jobs = [*(job(f"shard-{number}") for number in range(40)), job("train", "failed"), job("a"), job("b")]
    assert text(jobs, 60) == "● 40 passed  ✖ train  ● 2 passed"


def test_what_has_no_room_at_all_is_counted_worst_first() -> None:
    jobs = [job(f"{word}-{number}", word) for number in range(30) for word in ("passed", "failed")]
    made = text(jobs, 60)
    assert made.startswith("✖ failed-0  ✖ failed-1")
    assert made.endswith("more")
    assert "and 27 more" in made


@pytest.mark.parametrize("width", range(24, 200, 7))
def test_it_never_takes_more_than_its_width(width: int) -> None:
    names = ["データ取り込み", "x" * 200, "a\x1b[31mb", "test"]
    jobs = [job(name, status) for name in names for status in ("passed", "failed", "waiting", "unknown")]
    assert sum(cells(piece) for piece, _ in strip(jobs, width, NOW)) <= max(width, 44)


def test_an_unknown_word_is_never_green() -> None:
    assert strip([job("x", "unknown")], 80, NOW)[0] == ("◌ ", "dim")


def test_no_jobs_are_no_text() -> None:
    assert strip([], 80, NOW) == []
