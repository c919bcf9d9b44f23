"""The demo's builder: a whole world or none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from quarterdeck.app.demo import DemoError, build, is_built
from quarterdeck.app.demo.build import clean_environment, make_room
from quarterdeck.app.demo.world import FOLDER

from .conftest import Built


def test_a_killed_build_leaves_no_world_and_the_next_one_starts_anew(built: Built) -> None:
    assert not built.built_after_kill
    assert built.left_by_kill
    assert is_built(built.root)
    assert [path.name for path in built.root.parent.iterdir()] == [built.root.name]


def test_progress_is_told_in_sentences(built: Built) -> None:
    assert sum("runs logged" in sentence for sentence in built.sentences) >= 3
    assert all(sentence and "\n" not in sentence for sentence in built.sentences)


def test_a_world_that_is_there_is_kept(world: Path) -> None:
    before = (world / "mlflow.db").stat().st_mtime_ns
    build(world, lambda sentence: pytest.fail(sentence))
    assert (world / "mlflow.db").stat().st_mtime_ns == before


def test_somebody_elses_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DemoError, match="is not empty and holds no demo"):
        build(tmp_path, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_damaged_world_is_set_aside(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    (home / FOLDER).mkdir(parents=True)
    (home / "notes.txt").write_text("mine")
    said: list[str] = []
    make_room(home, said.append)
    assert not home.exists()
    assert (tmp_path / "demo.broken-1" / "notes.txt").read_text() == "mine"
    assert "set aside as demo.broken-1" in said[0]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match=r"cannot be built in .*File exists"):
        build(tmp_path / "file" / "demo", lambda _: None)


def test_what_would_lead_mlflow_elsewhere_does_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://example.com")
    monkeypatch.setenv("_MLFLOW_SERVER_ARTIFACT_ROOT", "/elsewhere")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["here", "/there"]))
    environment = clean_environment()
    assert [key for key in environment if "MLFLOW_" in key and not key.startswith("QUARTERDECK")] == [
        "MLFLOW_DISABLE_TELEMETRY"
    ]
    assert environment["PYTHONPATH"] == f"{Path.cwd() / 'here'}{os.pathsep}/there"


def test_asking_for_the_demo_loads_no_mlflow() -> None:
    code = "import sys, quarterdeck.app.demo; print(sorted({'mlflow', 'sqlalchemy', 'textual'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
