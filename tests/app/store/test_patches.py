"""Patches in the cache: what somebody looked at, as long as there is room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from quarterdeck.app.records import Batch, Patch, SourceSpec
from quarterdeck.app.store import patches
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader

SHA = "4f2c91a" + "0" * 33


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with closing(Cache(tmp_path / "cache.db")) as made:
        made.declare([SourceSpec(key=key, kind="git", name=key, address=key) for key in ("g", "h")])
        yield made


@pytest.fixture
def reader(cache: Cache) -> Iterator[Reader]:
    with closing(Reader(cache.path)) as made:
        yield made


def patch(path: str, data: bytes = b"@@ -1 +1 @@\n-a\n+b\n", source: str = "g") -> Patch:
    return Patch(source=source, commit=SHA, path=path, data=data, truncated=True, sentence="")


def test_what_was_written_is_read_as_it_was(cache: Cache, reader: Reader) -> None:
    before = reader.content()
    cache.write("g", Batch(patches=(patch("a.toml"),)), 1)
    assert reader.patch("g", SHA, "a.toml") == patch("a.toml")
    assert reader.patch("h", SHA, "a.toml") is None
    assert reader.content() == before._replace(logs=before.logs + 1)


def test_what_is_read_anew_takes_the_place_of_what_was_there(cache: Cache, reader: Reader) -> None:
    cache.write("g", Batch(patches=(patch("a.toml"),)), 1)
    cache.write("g", Batch(patches=(patch("a.toml", b"other"),)), 2)
    found = reader.patch("g", SHA, "a.toml")
    assert found is not None
    assert found.data == b"other"


def test_the_ones_that_were_looked_at_last_are_kept(
    cache: Cache, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patches, "KEPT", 3)
    for number in (1, 2, 3):
        cache.write("g", Batch(patches=(patch(f"{number}"),)), number)
    cache.write("g", Batch(patches=(patch("1"),)), 4)
    cache.write("g", Batch(patches=(patch("4"),)), 5)
    assert [name for name in "1234" if reader.patch("g", SHA, name) is not None] == ["1", "3", "4"]
