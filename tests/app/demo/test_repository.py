"""The demo's Git repository, read with plain Git, and the code in it, really run."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

from quarterdeck.app.demo.build import clean_environment
from quarterdeck.app.demo.history import STEPS, guests_since
from quarterdeck.app.demo.team import DAY
from quarterdeck.app.demo.tree import render, templates
from quarterdeck.app.demo.world import read_world

from .conftest import Built


def git(where: Path, *args: str) -> str:
    done = subprocess.run(["git", "-C", str(where), *args], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def ask(home: Path, query: str) -> list[tuple[object, ...]]:
    store = sqlite3.connect(f"file:{home / 'mlflow.db'}?mode=ro", uri=True)
    try:
        return store.execute(query).fetchall()
    finally:
        store.close()


def run_python(where: Path, *args: str, **environment: str) -> str:
    """Run a module of the project as its team does: with Python alone, and no MLflow."""
    command = [sys.executable, "-S", "-m", *args]
    done = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_history_is_whole_and_the_work_tree_clean(world: Path) -> None:
    assert git(world, "fsck", "--strict", "--no-dangling") == ""
    assert git(world, "status", "--porcelain") == ""
    assert int(git(world, "rev-list", "--all", "--count")) == len(STEPS)


def test_four_people_worked_on_it_for_seven_weeks_until_now(built: Built) -> None:
    log = git(built.root, "log", "--all", "--format=%at %an").splitlines()
    times = sorted(int(line.split()[0]) for line in log)
    assert {line.split(maxsplit=1)[1].split()[0] for line in log} == {"Ann", "Bo", "Chris", "Dee"}
    assert 45 * 86_400 < times[-1] - times[0] < 50 * 86_400
    assert built.began - 4 * 86_400 < times[-1] < built.began


def test_a_child_is_never_older_than_its_parent(world: Path) -> None:
    times = dict(line.split() for line in git(world, "log", "--all", "--format=%H %ct").splitlines())
    for line in git(world, "log", "--all", "--format=%H %P").splitlines():
        child, *parents = line.split()
        assert all(int(times[parent]) <= int(times[child]) for parent in parents)


def test_there_are_branches_merges_and_releases(world: Path) -> None:
    branches = git(world, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split()
    assert {"main", "release/1.x"} < set(branches)
    assert sum(branch.startswith("feature/") for branch in branches) == 2
    assert git(world, "symbolic-ref", "--short", "HEAD") == "main"
    assert int(git(world, "rev-list", "--merges", "--count", "main")) >= 4
    tags = git(world, "for-each-ref", "--format=%(refname:lstrip=2) %(objecttype)", "refs/tags").splitlines()
    assert tags == [f"{name} tag" for name in ("v1.0.0", "v1.0.1", "v1.0.2", "v1.1.0", "v1.2.0")]
    assert "v1.0.2" in git(world, "tag", "--merged", "release/1.x").split()
    assert "v1.0.2" not in git(world, "tag", "--merged", "main").split()


def test_every_step_changes_something_and_leaves_python_that_compiles(world: Path) -> None:
    for step, state in read_world(world).states:
        for path, text in templates().items():
            source = render(text, state)
            assert "@@" not in source, (step.subject, path)
            assert "#@" not in source, (step.subject, path)
            if path.endswith(".py"):
                compile(source, path, "exec")
    empty = git(world, "log", "--all", "--no-merges", "--format=#%s", "--shortstat").replace("\n\n", "\n").splitlines()
    assert not [a for a, b in zip(empty, [*empty[1:], "#"], strict=True) if a.startswith("#") and b.startswith("#")]


def test_every_block_of_the_templates_belongs_to_a_step() -> None:
    markers = re.findall(r"^#@ (.*)$", "\n".join(templates().values()), re.MULTILINE)
    named = {name for marker in markers for name in re.findall(r"(?:since|until) (\S+)", marker)}
    assert named == {name for step in STEPS for name in step.brings} - {"start"}


def test_the_settings_in_it_are_ordinary_toml(world: Path) -> None:
    settings = tomllib.loads((world / "quarterdeck.toml").read_text())
    assert settings["mlflow"] == {"tracking_uri": "sqlite:///mlflow.db", "experiments": ["churn*", "ltv"]}
    assert settings["metrics"]["val_auc"] == {"greater_is_better": True}


def test_the_pointers_name_data_that_is_there(world: Path) -> None:
    pointers = sorted((world / "data").glob("*.dvc"))
    assert [path.name for path in pointers] == ["customers.csv.dvc", "orders.csv.dvc", "payments.csv.dvc"]
    for path in pointers:
        text = path.read_text()
        digest, size = re.findall(r"(?:md5|size): (\w+)", text)[:2]
        data = path.with_suffix("").read_bytes()
        assert hashlib.md5(data).hexdigest() == digest
        assert len(data) == int(size)
        assert digest in (world / "dvc.lock").read_text()


def test_the_null_check_was_loosened_before_the_data_moved(world: Path) -> None:
    loosened = git(world, "log", "--format=%H", "-S", "share = 0.05", "--", "checks/rules.toml").split()
    moved = git(world, "log", "--format=%H", "-1", "--", "data/orders.csv.dvc")
    assert len(loosened) == 1
    assert git(world, "show", "-s", "--format=%an", loosened[0]) == "Bo Lindqvist"
    assert git(world, "merge-base", loosened[0], moved) == loosened[0]
    made = read_world(world)
    before = made.exports.profile("orders", guests_since() - 1)
    after = made.exports.profile("orders", guests_since())
    none, nulls, rows = before["null_count"], after["null_count"], after["num_rows"]
    assert isinstance(none, dict)
    assert set(none.values()) == {0}
    assert isinstance(nulls, dict)
    assert isinstance(rows, int)
    assert 0.02 < nulls["customer_id"] / rows < 0.05


def test_its_pipeline_really_runs_in_a_clean_checkout(world: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    git(world, "clone", "--quiet", "--no-hardlinks", str(world), str(checkout))
    store = str(world / ".dvc" / "cache" / "files" / "md5")
    assert "OK" in run_python(checkout, "unittest")
    assert "orders.csv" in run_python(checkout, "pipeline.ingest", CHURN_STORE=store)
    assert "not_null-customer_id" in run_python(checkout, "checks.run")
    assert "val_auc" in run_python(checkout, "pipeline.train")
    assert re.search(r"auc\s+0\.[89]", run_python(checkout, "pipeline.evaluate"))


def test_its_training_logs_to_mlflow_where_that_is_installed(world: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    git(world, "clone", "--quiet", "--no-hardlinks", str(world), str(checkout))
    store = str(world / ".dvc" / "cache" / "files" / "md5")
    run_python(checkout, "pipeline.ingest", CHURN_STORE=store)
    command = [sys.executable, "-m", "pipeline.train", "nightly"]
    done = subprocess.run(command, cwd=checkout, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    query = "SELECT DISTINCT name, digest FROM datasets"
    assert ask(checkout, "SELECT status FROM runs") == [("FINISHED",)]
    assert ask(checkout, "SELECT count(*) > 20 FROM metrics WHERE key = 'val_auc'") == [(1,)]
    # the team's own runs of the same commit used the same data
    assert set(ask(checkout, query)) <= set(ask(world, query))
    assert len(ask(checkout, query)) == 4


def test_without_the_storage_its_sample_is_used(world: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    git(world, "clone", "--quiet", "--no-hardlinks", str(world), str(checkout))
    assert run_python(checkout, "pipeline.ingest").count("sample") == 3


def test_no_run_began_before_the_commit_that_it_used(world: Path) -> None:
    times = {
        sha: int(at) for sha, at in (x.split() for x in git(world, "log", "--all", "--format=%H %ct").splitlines())
    }
    query = "SELECT value, start_time FROM tags JOIN runs USING (run_uuid) WHERE key = 'mlflow.source.git.commit'"
    used = [(str(sha), int(str(start))) for sha, start in ask(world, query)]
    assert len(used) > 290
    assert all(0 <= start - times[sha] * 1000 < 8 * DAY for sha, start in used)
