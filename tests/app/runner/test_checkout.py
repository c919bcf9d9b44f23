"""Clean work trees come from clones of every kind, and from the mirror where there is none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from quarterdeck.app.__main__ import main
from quarterdeck.app.paths import config_dir
from quarterdeck.app.runner import choose, find_local, run
from quarterdeck.app.settings import load
from quarterdeck.app.trust import record_trust

from .conftest import Git, Settle, log_of

SHOW = {"name": "show", "run": "cat state; git describe --tags --always; git status --porcelain"}


@pytest.fixture
def origin(tmp_path: Path, git: Git, settle: Settle) -> Path:
    """A repository with two commits, a tag on the first and a branch beside main."""
    clone = tmp_path / "clone"
    (clone / "state").write_text("one\n")
    settle(SHOW)
    git("tag", "v1")
    (clone / "state").write_text("two\n")
    settle(SHOW)
    git("branch", "-M", "main")
    git("branch", "side", "v1")
    return clone


def ran(folder: Path, word: str | None = None) -> str:
    """What the job wrote, run from a clone."""
    settings = load(directory=folder, environment={**os.environ})
    record_trust(settings)
    done = run(settings, find_local(settings), choose(settings, word))
    assert done.status == "passed"
    return log_of(settings.project_key, done, "show").decode()


def cloned(origin: Path, folder: Path, *words: str) -> Path:
    subprocess.run(["git", "clone", "--quiet", *words, origin.as_uri(), str(folder)], check=True)
    return folder


def test_a_shallow_clone_gives_what_it_has(origin: Path, tmp_path: Path) -> None:
    shallow = cloned(origin, tmp_path / "shallow", "--depth=1")
    first, second = ran(shallow).splitlines()
    assert first == "two"
    assert (
        second
        == subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=origin, capture_output=True, text=True, check=True
        ).stdout.strip()
    )


def test_a_linked_work_tree_is_a_clone_like_any_other(origin: Path, tmp_path: Path, git: Git) -> None:
    git("worktree", "add", "--quiet", str(tmp_path / "linked"), "side")
    assert ran(tmp_path / "linked") == "one\nv1\n"


def test_a_remote_branch_can_be_run_without_checking_it_out(origin: Path, tmp_path: Path) -> None:
    clone = cloned(origin, tmp_path / "second")
    assert ran(clone, "origin/side") == "one\nv1\n"
    settings = load(directory=clone)
    assert choose(settings, "origin/side").branch == "side"


def test_a_repository_with_long_object_names_works(tmp_path: Path) -> None:
    folder = tmp_path / "long"
    subprocess.run(["git", "init", "--quiet", "--object-format=sha256", str(folder)], check=True)
    (folder / "state").write_text("long\n")
    (folder / "quarterdeck.toml").write_text('[[ci]]\nkind = "local"\njobs = [{ name = "show", run = "cat state" }]\n')
    who = ("-c", "user.name=Ann", "-c", "user.email=a@b")
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    subprocess.run(["git", *who, "commit", "--quiet", "-m", "Long"], cwd=folder, check=True)
    assert ran(folder) == "long\n"


def test_a_project_without_a_checkout_is_run_from_its_mirror(origin: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config_dir().mkdir(parents=True)
    (config_dir() / "projects.toml").write_text(f'[[projects]]\nname = "churn"\nurl = "{origin.as_uri()}"\n')
    assert main(["-p", "churn", "pipeline", "run"]) == 2
    assert "There are no jobs to run here" in capfd.readouterr().err  # its settings were not fetched yet
    assert main(["-p", "churn", "sync"]) == 0
    assert main(["-p", "churn", "trust", "--yes"]) == 0
    assert main(["-p", "churn", "pipeline", "run", "--commit", "side"]) == 0
    assert "on side" in capfd.readouterr().err
    settings = load(project="churn")
    done = run(settings, find_local(settings), choose(settings, None))
    assert (done.branch, log_of(settings.project_key, done, "show")[:4]) == ("main", b"two\n")
