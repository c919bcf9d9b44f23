"""What is in an artifact file: from a real server, from a folder, and kept in the cache."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import LARGEST_CONTENT, ArtifactContent, Batch, Experiment, Run, SourceSpec, Want
from quarterdeck.app.sources.mlflow import open_mlflow
from quarterdeck.app.sources.mlflow.artifacts import local_content
from quarterdeck.app.store.artifact_contents import KEPT
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader

SPEC = SourceSpec(key="5" * 16, kind="mlflow", name="mlflow", address="x")


async def read(address: str, run_id: str, *paths: str) -> list[ArtifactContent]:
    source = open_mlflow(SPEC, address)
    want = Want(kind="artifact", source=SPEC.key, run_ids=(run_id,), keys=paths)
    try:
        return [content async for batch in source.want(want) for content in batch.contents]
    finally:
        await source.close()


@pytest.fixture
def logged(mlflow_rest: Any, mlflow_folder: Path) -> tuple[str, Path]:
    """A run of the server, and the folder where its artifacts lie."""
    experiment = mlflow_rest.create_experiment(f"contents {os.urandom(4).hex()}")
    run_id = mlflow_rest.create_run(experiment)
    root = mlflow_folder / "artifacts" / experiment / run_id / "artifacts"
    (root / "a folder").mkdir(parents=True)
    (root / "a folder" / "näme & more.txt").write_bytes(b"one\ntwo \xff\x00\n")
    (root / "empty").write_bytes(b"")
    (root / "exact").write_bytes(b"e" * LARGEST_CONTENT)
    (root / "long").write_bytes(b"x" * (LARGEST_CONTENT + 123_456))
    return run_id, root


@pytest.mark.parametrize("in_place", [False, True], ids=["over REST", "in place"])
async def test_a_file_is_read_byte_for_byte_and_a_long_one_from_its_beginning(
    logged: tuple[str, Path], mlflow_server: str, mlflow_folder: Path, in_place: bool
) -> None:
    address = f"sqlite:///{mlflow_folder / 'mlflow.db'}" if in_place else mlflow_server
    text, empty, exact, long = await read(address, logged[0], "a folder/näme & more.txt", "empty", "exact", "long")
    assert (text.data, text.size, text.truncated, text.sentence) == (b"one\ntwo \xff\x00\n", 11, False, "")
    assert (empty.data, empty.size, empty.truncated, empty.sentence) == (b"", 0, False, "")
    assert (len(exact.data), exact.size, exact.truncated) == (LARGEST_CONTENT, LARGEST_CONTENT, False)
    assert (len(long.data), long.size, long.truncated) == (LARGEST_CONTENT, LARGEST_CONTENT + 123_456, True)


@pytest.mark.parametrize("in_place", [False, True], ids=["over REST", "in place"])
@pytest.mark.parametrize("path", ["not there", "a folder", "../../../mlflow.db", "/etc/passwd"])
async def test_what_cannot_be_read_is_a_sentence_and_nothing_else(
    logged: tuple[str, Path], mlflow_server: str, mlflow_folder: Path, in_place: bool, path: str
) -> None:
    address = f"sqlite:///{mlflow_folder / 'mlflow.db'}" if in_place else mlflow_server
    (content,) = await read(address, logged[0], path)
    assert (content.path, content.data) == (path, b"")
    assert content.sentence.endswith(".")


def test_a_pipe_in_the_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    run = Run(source="k", id="r", experiment_id="1", name="r", status="finished", artifact_uri=tmp_path.as_uri())
    assert "no file" in local_content(run, "pipe").sentence


async def test_a_run_that_is_not_there_is_said(mlflow_server: str) -> None:
    (content,) = await read(mlflow_server, "0" * 32, "x")
    assert "0" * 32 in content.sentence
    with pytest.raises(SourceError):
        await read("sqlite:////nowhere/mlflow.db", "0" * 32, "x")


def test_the_cache_keeps_what_was_read_last(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "x.s1.g1.db")
    cache.declare([SPEC])
    run = Run(source=SPEC.key, id="r", experiment_id="1", name="r", status="finished")
    cache.write(SPEC.key, Batch(experiments=(Experiment(source=SPEC.key, id="1", name="e"),), runs=(run,)), 1)

    def keep(path: str, **facts: Any) -> None:
        content = ArtifactContent(source=SPEC.key, run_id="r", path=path, **facts)
        cache.write(SPEC.key, Batch(contents=(content,)), 2)

    keep("first", data=b"\x00\xff", size=9, truncated=True)
    keep("first", data=b"again", size=5)
    reader = Reader(cache.path)
    (row,) = reader.rowids(["r"])
    assert reader.artifact(row, "first") == ArtifactContent(
        source=SPEC.key, run_id="r", path="first", data=b"again", size=5
    )
    counted = reader.content()
    for number in range(KEPT):
        keep(f"{number}", sentence="It is gone.")
    assert reader.artifact(row, "first") is None
    assert reader.artifact(row, "0") is not None
    assert reader.content()[0] > counted[0]
    reader.close()
    cache.close()
