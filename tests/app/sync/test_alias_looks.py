"""What the writer keeps in state.db of the aliases that pass by, whatever happens to the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.errors import StoreError
from quarterdeck.app.records import Batch, RegisteredModel, SourceSpec
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State
from quarterdeck.app.sync.writer import Writer

REGISTRY = SourceSpec(key="k", kind="registry", name="models", address="http://127.0.0.1:5000")


async def opened(folder: Path) -> Writer:
    writer = await Writer.open(folder / "cache.db", folder / "state" / "state.db")
    await writer.declare([REGISTRY])
    return writer


def whole(version: str | None, *, gone: tuple[tuple[str, str], ...] = (), cursor: int = 0) -> Batch:
    aliases = {} if version is None else {"champion": version}
    churn = RegisteredModel(source="k", name="churn", aliases=aliases)
    return Batch(models=(churn,), models_complete=True, versions_gone=gone, cursor={"at": cursor})


def history(folder: Path) -> list[tuple[Any, ...]]:
    with State(folder / "state" / "state.db") as state:
        return [(move.previous, move.version, move.reason) for move in reversed(state.alias_moves())]


async def test_each_pass_of_a_registry_is_a_look_at_its_aliases(tmp_path: Path) -> None:
    writer = await opened(tmp_path)
    for version in ("13", "13", "14"):
        await writer.write("k", whole(version), writer.generation, began=5)
    await writer.write("k", Batch(versions_gone=(("churn", "14"),)), writer.generation)
    await writer.write("k", whole(None), writer.generation)
    await writer.close()
    assert history(tmp_path) == [(None, "13", "first seen"), ("13", "14", "moved"), ("14", None, "vanished")]
    with State(tmp_path / "state" / "state.db") as state:
        assert state.alias_moves()[1].not_before == 5


async def test_a_cache_that_could_not_be_written_costs_no_move_and_makes_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = await opened(tmp_path)
    await writer.write("k", whole("13", cursor=1), writer.generation)
    vanished = whole(None, gone=(("churn", "13"),), cursor=2)

    def full(*_: object) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(Cache, "write", full)
        with pytest.raises(StoreError):
            await writer.write("k", vanished, writer.generation)
    await writer.close()
    writer = await opened(tmp_path)  # the source begins again where its cursor stands
    assert await writer.cursor("k") == {"at": 1}
    await writer.write("k", vanished, writer.generation)
    await writer.close()
    assert history(tmp_path) == [(None, "13", "first seen"), ("13", None, "vanished")]


async def test_a_cache_that_is_begun_anew_makes_no_move(tmp_path: Path) -> None:
    for version in ("13", "14"):
        writer = await opened(tmp_path)
        await writer.write("k", whole(version), writer.generation)
        await writer.close()
        for file in tmp_path.glob("cache.db*"):
            file.unlink()
    assert history(tmp_path) == [(None, "13", "first seen"), ("13", "14", "moved")]


async def test_without_a_state_the_cache_is_written_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.db").write_text("no database, " * 500)
    writer = await opened(tmp_path)
    await writer.write("k", whole("13"), writer.generation)
    await writer.close()
    reader = Reader(tmp_path / "cache.db")
    assert [row.model.aliases for row in reader.models.models()] == [{"champion": "13"}]
    reader.close()
