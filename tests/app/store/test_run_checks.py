"""What data checks said in runs and of their data, read for a window of runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import Batch, CheckResult, Invocation, SourceSpec
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.run_checks import LAST, RunChecks, any_checks, checks_of_digests, checks_of_runs

GX = SourceSpec(key="d" * 16, kind="checks", name="gx", address="gx")
AT = 1_773_000_000_000
HOUR = 3_600_000


def said(number: int, *outcomes: str, **changes: Any) -> Invocation:
    """The invocation of this number: a check for each outcome."""
    results = [CheckResult(name=f"check_{at}", dataset="orders", outcome=one) for at, one in enumerate(outcomes)]  # type: ignore[arg-type]  # words of the records
    facts: dict[str, Any] = {"source": GX.key, "id": str(number), "tool": "dbt", "at": AT + number * HOUR}
    return Invocation(**(facts | changes), results=tuple(results))


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with closing(Cache(tmp_path / "cache.db")) as made:
        made.declare([GX])
        yield made


@pytest.fixture
def reader(cache: Cache) -> Iterator[Reader]:
    with closing(Reader(cache.path)) as made:
        yield made


def write(cache: Cache, *invocations: Invocation) -> None:
    cache.write(GX.key, Batch(invocations=invocations), AT)


def test_the_worst_outcome_stands_for_a_run_and_each_is_counted(cache: Cache, reader: Reader) -> None:
    write(cache, said(1, "pass", "warn", "warn", run_id="r1"), said(2, "pass", "skipped", run_id="r2"),
          said(3, "error", "fail", run_id="r3"), said(4, "skipped", run_id="r4"), said(5, "fail"))  # fmt: skip
    found = checks_of_runs(reader.connection, ["r1", "r2", "r3", "r4", "unknown", ""])
    assert {run: one.outcome for run, one in found.items()} == {
        "r1": "warn", "r2": "pass", "r3": "fail", "r4": "skipped",
    }  # fmt: skip
    assert found["r1"] == RunChecks(outcome="warn", outcomes={"pass": 1, "warn": 2})


def test_of_each_check_the_last_word_in_a_run_counts(cache: Cache, reader: Reader) -> None:
    write(cache, said(1, "fail", run_id="r1"), said(2, "pass", run_id="r1"))
    assert checks_of_runs(reader.connection, ["r1"]) == {"r1": RunChecks(outcome="pass", outcomes={"pass": 1})}


def test_data_is_known_by_its_content(cache: Cache, reader: Reader) -> None:
    write(cache, said(1, "fail", dataset_digest="77ab"), said(2, "pass", dataset_digest="51c2"))
    assert checks_of_digests(reader.connection, ["77ab", "51c2", "9c1e"]).keys() == {"77ab", "51c2"}
    assert checks_of_digests(reader.connection, ["77ab"])["77ab"].outcome == "fail"


def test_data_that_never_changes_costs_no_look_at_all_its_checks(cache: Cache, reader: Reader) -> None:
    once = said(0, "fail", "pass", suite="once", dataset_digest="77ab")
    write(cache, once, *(said(number, "pass", dataset_digest="77ab") for number in range(1, LAST + 2)))
    assert checks_of_digests(reader.connection, ["77ab"])["77ab"].outcomes == {"pass": 1}


def test_a_source_that_left_the_settings_says_nothing(cache: Cache, reader: Reader) -> None:
    assert not any_checks(reader.connection)
    write(cache, said(1, "fail", run_id="r1"))
    assert any_checks(reader.connection)
    cache.declare([])
    assert not any_checks(reader.connection)
    assert checks_of_runs(reader.connection, ["r1"]) == {}
