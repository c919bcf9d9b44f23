"""Pipelines by branch and by commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.query import PIPELINES, parse
from quarterdeck.app.records import Batch, Pipeline, SourceSpec
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.pipeline_groups import PipelineGroup, pipeline_groups
from quarterdeck.app.store.reading import Reader

NOW = 1_773_000_000_000
CI = SourceSpec(key="c" * 16, kind="github", name="ci", address="")
OTHER = SourceSpec(key="d" * 16, kind="gitlab", name="other", address="")


def ran(nth: int, **changes: Any) -> Pipeline:
    """The nth pipeline: a greater number is newer."""
    facts: dict[str, Any] = {"source": CI.key, "id": str(nth), "name": "train", "status": "passed", "branch": "main",
                             "commit": f"{nth:040x}", "created_at": NOW + nth}  # fmt: skip
    return Pipeline(**(facts | changes))


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """An empty cache of two sources."""
    with closing(Cache(tmp_path / "key.s1.g0.db")) as cache:
        cache.declare([CI, OTHER])
        yield cache


def groups(cache: Cache, path: Path, by: Any, text: str = "") -> list[PipelineGroup]:
    with closing(Reader(path / "key.s1.g0.db")) as reader:
        where = parse(text, now=NOW, vocabulary=PIPELINES) if text else None
        return pipeline_groups(reader.connection, where, by)


def test_of_each_name_on_a_branch_the_newest_counts(cache: Cache, tmp_path: Path) -> None:
    cache.write(CI.key, Batch(pipelines=(
        ran(1, status="failed"), ran(2), ran(3, name="lint"), ran(4, branch="fix", status="failed"),
    )), NOW)  # fmt: skip
    found = groups(cache, tmp_path, "branch")
    assert [(one.name, one.status) for one in found] == [("fix", "failed"), ("main", "passed")]
    assert [(name, status) for name, status, _ in found[1].members] == [("lint", "passed"), ("train", "passed")]


def test_namesakes_of_two_sources_are_two(cache: Cache, tmp_path: Path) -> None:
    cache.write(CI.key, Batch(pipelines=(ran(1),)), NOW)
    cache.write(OTHER.key, Batch(pipelines=(ran(2, source=OTHER.key, status="failed"),)), NOW)
    (main,) = groups(cache, tmp_path, "branch")
    assert len(main.members) == 2
    assert main.status == "failed"


def test_a_commit_is_the_group_of_what_ran_on_it(cache: Cache, tmp_path: Path) -> None:
    sha = "a" * 40
    cache.write(CI.key, Batch(pipelines=(
        ran(1, commit=sha, title="Wider net"), ran(2, commit=sha, name="lint", title="Wider net"), ran(3, commit=None),
    )), NOW)  # fmt: skip
    found = groups(cache, tmp_path, "commit")
    assert [(one.name, len(one.members), one.title) for one in found] == [("", 1, ""), (sha, 2, "Wider net")]
    assert found[1].at == NOW + 2


def test_the_filter_goes_before_the_groups(cache: Cache, tmp_path: Path) -> None:
    cache.write(CI.key, Batch(pipelines=(ran(1, status="failed"), ran(2), ran(3, branch="fix"))), NOW)
    found = groups(cache, tmp_path, "branch", "status:failed")
    assert [(one.name, one.status) for one in found] == [("main", "failed")]


def test_a_source_that_left_the_settings_is_in_no_group(cache: Cache, tmp_path: Path) -> None:
    cache.write(CI.key, Batch(pipelines=(ran(1),)), NOW)
    cache.declare([OTHER])
    assert groups(cache, tmp_path, "branch") == []


def test_a_group_of_nothing_that_is_known_is_not_green() -> None:
    assert PipelineGroup(by="branch", name="main", at=NOW).status == "unknown"
