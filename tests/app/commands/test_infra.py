"""`quarterdeck infra`: stacks, what a plan would do to their resources, and having plans made."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from quarterdeck.app import trust
from quarterdeck.app.settings import load

from .conftest import Call

PAYLOADS = Path(__file__).parents[2] / "payloads" / "terraform"
SETTINGS = """
[project]
name = "churn"

[[infra]]
kind = "terraform"
stack = "serving"
plan = "infra/plan.json"
log = "infra/apply.jsonl"
models = ["churn"]
"""


def payload(name: str) -> bytes:
    return (PAYLOADS / f"terraform-1.15.5.{name}").read_bytes()


@pytest.fixture
def stack(project: Path, call: Call) -> Path:
    """A project with a stack that drifted, synced; gives its folder."""
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)
    (project / "quarterdeck.toml").write_text(SETTINGS)
    (project / "infra").mkdir()
    (project / "infra/main.tf").write_text("# code\n")
    (project / "infra/plan.json").write_bytes(payload("6-mixed.plan.json"))
    author = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
    subprocess.run(["git", "-C", str(project), "add", "."], check=True)
    subprocess.run(["git", "-C", str(project), *author, "commit", "--quiet", "-m", "Serve"], check=True)
    assert call("sync").status == 0
    return project


def head(project: Path) -> str:
    said = subprocess.run(["git", "-C", str(project), "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return said.stdout.strip()


def test_stacks_come_first_and_then_what_a_plan_would_do_with_the_worst_first(stack: Path, call: Call) -> None:
    said = call("infra")
    lines = [line.split() for line in said.out.splitlines() if line]
    assert lines[0][:7] == ["stack", "status", "create", "update", "replace", "delete", "drift"]
    assert lines[1][:9] == ["serving", "≠", "drifted", "1", "1", "1", "1", "2", "9"]
    assert [line[0] for line in lines[3:8]] == ["-", "-/+", ".", "~", "+"]
    assert lines[4][:5] == ["-/+", "replace", "serving", "notes_file.moving", "path!;"]
    assert "was notes_file.before" in said.out
    assert said.err == ""


def test_json_gives_every_resource_with_the_commit_that_changed_the_code(stack: Path, call: Call) -> None:
    found = {one["address"]: one for one in call("infra", "--json").json}
    assert len(found) == 9
    assert {one["commit"] for one in found.values()} == {head(stack)}
    moving, eu = found["notes_file.moving"], found['notes_file.each["eu"]']
    assert (moving["stack"], moving["type"], moving["action"], moving["provider"], moving["forces"]) == (
        "serving", "notes_file", "replace", "registry.terraform.io/acme/notes", ["path"],
    )  # fmt: skip
    assert (eu["action"], eu["drift"], eu["drifted"], eu["planned_commit"]) == ("update", "update", ["content"], None)


def test_stacks_are_given_without_their_resources(stack: Path, call: Call) -> None:
    (one,) = call("infra", "--stacks", "--json").json
    assert (one["stack"], one["status"], one["counts"]["drift"], one["code_commit"]) == (
        "serving",
        "drifted",
        2,
        head(stack),
    )
    assert "resources" not in one


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("has drift", ['notes_file.each["eu"]', 'notes_file.each["us"]']),
        ("action:delete,replace", ["notes_file.gone", "notes_file.moving"]),
        ("forces:path", ["notes_file.moving"]),
        ("changed:content and model:churn", ['notes_file.each["eu"]']),
        ("deep and action:no-op", ["module.inner.notes_file.deep[0]", "module.inner.notes_file.deep[1]"]),
        ("moved_from:before", ["notes_file.after"]),
        ("sensitive and status:drifted", ['notes_file.each["us"]', "notes_file.gone", "notes_file.kept"]),
        ("stack:other", []),
    ],
)
def test_resources_are_found_by_what_is_said_of_them(stack: Path, call: Call, text: str, found: list[str]) -> None:
    said = call("infra", "--filter", text, "--sort", "address", "--json")
    assert sorted(one["address"] for one in said.json) == found
    assert ("No resource is like that." in said.err) is (not found)


def test_a_filter_finds_by_the_commit_that_the_list_shows(stack: Path, call: Call) -> None:
    said = call("infra", "--filter", f"commit:{head(stack)[:7]}", "--columns", "address,commit", "--limit", "1")
    assert said.out.split() == ["address", "commit", "notes_file.gone", head(stack)]


def test_columns_and_order_are_those_that_were_asked_for(stack: Path, call: Call) -> None:
    said = call("infra", "--sort", "address:desc", "--columns", "address,sensitive,planned_at", "--limit", "2")
    assert [line.split() for line in said.out.splitlines()] == [
        ["address", "sensitive", "planned_at"],
        ["notes_file.moving", "2026-11-29T19:42:01Z"],
        ["notes_file.kept", "yes", "2026-11-29T19:42:01Z"],
    ]
    wrong = call("infra", "--columns", "colour")
    assert wrong.status == 2
    assert "colour" in wrong.err


def test_the_exit_status_tells_of_drift_and_failure_when_asked(stack: Path, call: Call) -> None:
    assert (call("infra").status, call("infra", "--exit-code").status) == (0, 1)
    (stack / "infra/plan.json").write_bytes(payload("3-same.plan.json"))
    call("sync")
    assert call("infra", "--exit-code").status == 0
    (stack / "infra/apply.jsonl").write_bytes(payload("8-failed.apply.jsonl"))
    call("sync")
    said = call("infra", "--exit-code")
    assert said.status == 1
    assert "serving: notes_file.bad: The folder is not there" in said.err


def test_where_nothing_is_known_it_says_why(stack: Path, call: Call) -> None:
    (stack / "quarterdeck.toml").write_text('[[infra]]\nkind = "terraform"\nstack = "other"\nplan = "none.json"\n')
    call("sync")
    said = call("infra", "--json")
    assert (said.status, said.out) == (0, "[]\n")
    assert "other: No file matches none.json." in said.err
    assert call("infra", "--exit-code").status == 1
    (stack / "quarterdeck.toml").write_text('[project]\nname = "churn"\n')
    call("sync")
    assert "No stack is in the settings: [[infra]] names one." in call("infra").err


RUNS = (
    '\n[[infra]]\nkind = "opentofu"\nstack = "features"\ncommand = ["sh", "-c", "echo planning >&2; cat made.json"]\n'
)


def test_a_stack_without_a_command_or_a_name_is_not_run(stack: Path, call: Call) -> None:
    for words, sentence in (
        (("run", "other"), "No [[infra]] is called “other”: there is serving"),
        (("run", "serving"), "“serving” has no command"),
        (("run",), "No [[infra]] has a command to run."),
        (("rnu",), "There is `infra` and `infra run`, and no “rnu”"),
    ):
        said = call("infra", *words)
        assert said.status == 2
        assert sentence in said.err


def test_a_command_runs_once_somebody_agreed_and_tells_how_the_stack_stands(stack: Path, call: Call) -> None:
    (stack / "quarterdeck.toml").write_text(SETTINGS + RUNS)
    (stack / "made.json").write_bytes(payload("4-drift.plan.json"))
    refused = call("infra", "run", "features")
    assert refused.status == 2
    assert "Not trusted" in refused.err
    trust.record_trust(load(directory=stack))
    assert call("infra", "run", before=["--read-only"]).status == 4
    said = call("infra", "run")
    assert (said.status, said.out) == (0, "features: drifted: 1 create, 1 update, 2 drift\n")
    (one,) = call("infra", "run", "features", "--json").json
    assert (one["stack"], one["exit_status"], one["sentence"], one["outcome"]["tool"]) == (
        "features",
        0,
        "",
        "opentofu",
    )


def test_a_command_that_fails_is_told_and_ends_with_one(stack: Path, call: Call) -> None:
    (stack / "quarterdeck.toml").write_text(SETTINGS + RUNS.replace("cat made.json", "exit 3"))
    trust.record_trust(load(directory=stack))
    said = call("infra", "run")
    assert (said.status, said.out) == (1, "features: nothing is known of it\n")
    assert "ended with exit status 3 and wrote no results. It said: planning" in said.err
