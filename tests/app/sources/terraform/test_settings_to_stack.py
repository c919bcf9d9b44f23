"""From [[infra]] in the settings to stacks in the cache, and what each may do without trust."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from quarterdeck.app import trust
from quarterdeck.app.paths import cache_dir
from quarterdeck.app.settings import load
from quarterdeck.app.sources.refused import RefusedSource
from quarterdeck.app.sources.registry import build, infra_source
from quarterdeck.app.sources.terraform.source import InfraSource
from tests.servers.github import TOKEN, Github
from tests.servers.github_artifacts import zipped

from .stacks import a_plan, entry
from .worlds import ONE, World, payload

FILES = ONE + 'plan = "infra/plan.json"\nstate = "infra/state.json"\nlog = "infra/apply.jsonl"\n'
DRIFTED = {"no-op": 6, "create": 1, "update": 1, "drift": 2}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "repo")


def test_files_of_the_work_tree_become_a_stack_with_what_the_settings_say_of_it(world: World) -> None:
    world.settle(FILES + 'models = ["churn"]\nenvironment = "prod"\n')
    world.write("infra/plan.json", payload("4-drift.plan.json"))
    world.write("infra/state.json", payload("2-apply.state.json"))
    world.write("infra/apply.jsonl", payload("2-apply.jsonl"))
    state = world.sync()
    assert (state.kind, state.state, state.sentence, state.items) == ("infra", "ok", "", 1)
    assert world.stands() == ("drifted", DRIFTED)
    found = world.stack()
    assert found is not None
    assert (found.models, found.environment, found.folder, found.complaint) == (("churn",), "prod", "infra", "")
    assert (found.version, found.origin) == ("1.15.5", "infra/plan.json, infra/apply.jsonl, infra/state.json")
    assert found.planned_at is not None
    assert found.applied_at is not None
    assert found.planned_at > found.applied_at


def test_what_happens_next_is_seen_when_a_file_is_written(world: World) -> None:
    world.settle(FILES)
    world.write("infra/plan.json", payload("1-create.plan.json"))
    world.sync()
    assert world.stands() == ("planned", {"create": 8})
    world.write("infra/apply.jsonl", payload("2-apply.jsonl"))
    world.sync()
    assert world.stands() == ("applied", {"no-op": 8})
    world.write("infra/plan.json", payload("3-same.plan.json"))
    world.sync()
    assert world.stands() == ("in step", {"no-op": 8})
    world.write("infra/plan.json", payload("4-drift.plan.json"))
    world.sync()
    assert world.stands() == ("drifted", DRIFTED)


def test_a_log_stands_where_a_plan_was_named(world: World) -> None:
    world.settle(ONE + 'plan = "infra/plan.jsonl"\n')
    world.write("infra/plan.jsonl", payload("4-drift.plan.jsonl"))
    assert world.sync().state == "ok"
    assert world.stands() == ("drifted", {"create": 1, "update": 1, "drift": 2})


def test_of_several_files_that_a_pattern_names_the_last_one_counts(world: World) -> None:
    world.settle(ONE + 'plan = "plans/*.json"\npath = "code"\n')
    world.write("plans/a.json", payload("4-drift.plan.json"), age=7_200)
    world.write("plans/b.json", payload("1-create.plan.json"), age=3_600)
    world.sync()
    assert world.stands() == ("planned", {"create": 8})
    found = world.stack()
    assert found is not None
    assert found.folder == "code"


def test_a_pass_with_nothing_new_reads_nothing(world: World) -> None:
    world.settle(FILES)
    path = world.write("infra/plan.json", payload("1-create.plan.json"))
    world.sync()
    facts = path.stat()
    path.write_bytes(bytes(facts.st_size))  # what it holds cannot be read, and nobody looks
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert world.sync().state == "ok"
    assert world.stands() == ("planned", {"create": 8})
    assert world.sync(full=True).state == "not_understood"


def test_a_file_that_is_half_written_is_waited_for(world: World) -> None:
    world.settle(FILES)
    whole = payload("1-create.plan.json")
    world.write("infra/plan.json", whole[: len(whole) // 2], age=0)
    state = world.sync()
    assert (state.state, state.sentence) == ("ok", "")
    assert world.stack() is None
    world.write("infra/plan.json", whole, age=0)
    assert world.sync().state == "ok"
    assert world.stands() == ("planned", {"create": 8})


def test_a_file_that_stays_cut_is_said_and_the_plan_before_it_is_kept(world: World) -> None:
    world.settle(FILES)
    whole = payload("1-create.plan.json")
    world.write("infra/plan.json", whole)
    world.sync()
    world.write("infra/plan.json", whole[:-100], age=0)
    assert world.sync().state == "ok"
    state = world.sync()
    assert state.state == "not_understood"
    assert state.sentence == "infra/plan.json cannot be read: it is cut: its end is missing."
    found = world.stack()
    assert found is not None
    assert (found.complaint, found.status) == (state.sentence, "planned")
    world.write("infra/plan.json", whole)
    assert world.sync().state == "ok"


def test_an_apply_that_goes_on_is_waited_for_and_one_that_was_killed_has_failed(world: World) -> None:
    world.settle(FILES)
    world.write("infra/plan.json", payload("1-create.plan.json"))
    log = payload("2-apply.jsonl")
    begun = log[: log.index(b'"type":"apply_complete"')]
    world.write("infra/apply.jsonl", begun, age=0)
    world.sync()
    world.sync()
    assert world.stands()[0] == "planned"
    world.write("infra/apply.jsonl", begun, age=600)
    world.sync()
    found = world.stack()
    assert found is not None
    assert (found.status, found.errors) == ("failed", ("The apply did not come to its end: its log stops.",))


def test_another_major_version_is_refused_by_name(world: World) -> None:
    world.settle(FILES)
    world.write("infra/plan.json", '{"format_version": "2.0", "resource_changes": []}')
    state = world.sync()
    assert state.state == "not_understood"
    assert "format_version is 2.0" in state.sentence


def test_where_no_file_is_nothing_is_known_and_one_that_is_gone_is_kept_in_mind(world: World) -> None:
    world.settle(FILES)
    state = world.sync()
    assert (state.state, state.sentence) == ("never", "No file matches infra/plan.json.")
    assert world.stack() is None
    path = world.write("infra/plan.json", payload("1-create.plan.json"))
    world.sync()
    path.unlink()
    state = world.sync()
    assert (state.state, state.sentence) == ("stale", "infra/plan.json is gone: what it said before is kept.")
    assert world.stands() == ("planned", {"create": 8})
    world.sync(full=True)
    assert world.stack() is None


def test_a_plan_that_is_older_than_the_state_is_said(world: World) -> None:
    world.settle(FILES)
    world.write("infra/plan.json", payload("1-create.plan.json"), age=7_200)
    world.write("infra/state.json", payload("2-apply.state.json"), age=3_600)
    world.sync()
    found = world.stack()
    assert found is not None
    assert found.complaint == "The plan is older than the state: it may have been applied already."


def test_files_that_lead_out_of_the_repository_need_trust(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere.json"
    outside.write_bytes(payload("1-create.plan.json"))
    (world.folder / "link.json").symlink_to(outside)
    text = ONE + f'plan = "{outside}"\n[[infra]]\nkind = "terraform"\nstack = "linked"\nplan = "link.json"\n'
    settings = world.settle(text)
    assert [type(infra_source(settings, index)) for index in (0, 1)] == [RefusedSource, RefusedSource]
    assert world.sync().state == "untrusted"
    trust.record_trust(settings)
    assert [type(infra_source(settings, index)) for index in (0, 1)] == [InfraSource, InfraSource]
    assert world.sync().state == world.sync("linked").state == "ok"
    assert world.stands() == ("planned", {"create": 8})


def test_files_inside_the_repository_are_read_while_the_command_is_not_run(world: World) -> None:
    world.settle(FILES + 'command = ["sh", "-c", "touch ran"]\nevery = "1m"\n')
    world.write("infra/plan.json", payload("1-create.plan.json"))
    assert world.sync().state == "ok"
    assert not (world.folder / "ran").exists()
    trust.record_trust(world.settings)
    world.sync()
    assert (world.folder / "ran").exists()


def test_what_a_command_prints_is_the_plan_and_is_kept_in_its_reduced_form_alone(world: World) -> None:
    world.write("made.json", payload("4-drift.plan.json"))
    world.settle(ONE + 'command = ["cat", "made.json"]\nevery = "1m"\npath = "infra"\n', trusted=True)
    state = world.sync()
    assert (state.state, state.sentence) == ("ok", "")
    assert world.stands() == ("drifted", DRIFTED)
    kept = [path for path in (cache_dir() / "infra").rglob("*") if path.is_file()]
    assert {path.name for path in kept} == {"lock", "last.json", "printed.json"}
    assert not any(b"planted" in path.read_bytes() for path in kept)


@pytest.mark.parametrize(
    ("command", "state", "sentence"),
    [
        ("cat made.json; exit 2", "ok", ""),
        ("cat made.json; exit 1", "unreachable", "ended with exit status 1, though nothing failed"),
        ("echo no; exit 1", "unreachable", "ended with exit status 1 and wrote no results"),
        ("exit 0", "unreachable", "ended with exit status 0 and wrote no results"),
        ("echo '{'; exit 0", "unreachable", "wrote no results"),
    ],
)
def test_how_a_command_ended_is_told(world: World, command: str, state: str, sentence: str) -> None:
    world.write("made.json", payload("1-create.plan.json"))
    world.settle(ONE + f'command = ["sh", "-c", "{command}"]\nevery = "1m"\n', trusted=True)
    told = world.sync()
    assert told.state == state
    assert sentence in told.sentence


def test_what_a_pipeline_kept_becomes_a_stack_with_its_commit(world: World) -> None:
    with Github().serving() as github:
        first, second = github.add(), github.add()
        github.upload(first, "state", zipped({"state.json": payload("2-apply.state.json")}))
        github.upload(second, "plan", zipped({"plan.json": payload("4-drift.plan.json"), "other.json": b"{}"}))
        world.environment = {"SECRET": TOKEN}
        world.settle(
            f'[[ci]]\nkind = "github"\nrepository = "acme/churn"\nbase_url = "{github.base_url}"\n'
            f'token_env = "SECRET"\n{ONE}ci_artifact = "*/*.json"\npath = "infra"\n',
            trusted=True,
        )
        state = world.sync()
        assert state.state == "not_understood"
        assert "other.json cannot be read: it is neither a plan nor a state" in state.sentence
        for _ in range(3):
            world.sync()
        assert world.stands() == ("drifted", DRIFTED)
        found = world.stack()
        assert found is not None
        assert (found.commit, found.pipeline_id) == (github.runs[second]["head_sha"], str(second))
        assert found.origin == f"github {second}: plan/plan.json, github {first}: state/state.json"


def test_a_stack_is_the_same_in_every_clone_and_another_under_another_name(tmp_path: Path) -> None:
    keys = []
    for number, name in enumerate(("serving", "serving", "renamed")):
        world = World(tmp_path / f"clone{number}")
        subprocess.run(["git", "-C", str(world.folder), "remote", "add", "origin", "ssh://git@h/x.git"], check=True)
        keys.append(infra_source(world.settle(FILES.replace("serving", name)), 0).spec.key)
    assert keys[0] == keys[1] != keys[2]


def test_a_stack_that_the_settings_name_no_more_is_not_shown(world: World) -> None:
    world.settle(FILES)
    world.write("infra/plan.json", payload("1-create.plan.json"))
    world.sync()
    settings = world.settle(FILES.replace("serving", "other"))
    assert [source.spec.name for source in build(settings) if source.spec.kind == "infra"] == ["other"]
    world.sync("other")
    assert world.stack() is None
    assert world.stands("other") == ("planned", {"create": 8})


def test_without_settings_a_plan_beside_code_is_found_and_read(world: World) -> None:
    world.write("infra/main.tf", "")
    world.write("infra/plan.json", payload("1-create.plan.json"))
    assert [one.stack for one in load(directory=world.folder).infra] == ["infra"]
    assert world.sync("infra").state == "ok"
    assert world.stands("infra") == ("planned", {"create": 8})


def test_a_change_of_the_settings_alone_is_written_too(world: World) -> None:
    world.settle(FILES)
    world.write("infra/plan.json", a_plan(entry("a.b", "create")))
    world.sync()
    world.settle(FILES + 'models = ["churn"]\n')
    world.sync()
    found = world.stack()
    assert found is not None
    assert found.models == ("churn",)
