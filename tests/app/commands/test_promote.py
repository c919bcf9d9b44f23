"""Promoting from the command line: a real server, a real remote, people with keys of their own."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.app.commands.promoting import APPROVALS, Team
from tests.app.promotion.worlds import commit, git

_names = (f"promoted {number}" for number in itertools.count())

Make = Callable[..., Team]


@pytest.fixture
def team(tmp_path: Path, mlflow_rest: Any) -> Make:
    def made(more: str = "", **rest: Any) -> Team:
        return Team(tmp_path, mlflow_rest, next(_names), more, **rest)

    return made


def test_a_plan_is_shown_and_nothing_is_done(team: Make) -> None:
    world = team()
    said = world.people[0].call("promote", f"{world.model}@champion", "--version", "2", "--plan", "--json")
    assert said.status == 0, said.err
    plan = said.json
    assert (plan["from"], plan["to"], plan["applicable"]) == ("1", "2", True)
    assert plan["policy_commit"] == world.commit
    states = {gate["id"]: gate["state"] for gate in plan["gates"]}
    assert states["metric:val_auc"] == "pass"
    assert len(plan["plan"]) == 64
    assert world.champion == "1"


def test_what_passes_its_gates_is_promoted_and_leaves_its_record(team: Make) -> None:
    world = team()
    ann, bo = world.people
    said = ann.call("promote", f"{world.model}@champion", "--version", "2", "--yes", "--reason", "better", "--json")
    assert said.status == 0, said.err
    assert (said.json["state"], said.json["ledger_entry"]) == ("done", 1)
    assert said.err.endswith(f"{world.model}@champion: v1 → v2 (entry 1).\n")
    assert world.champion == "2"
    ref = f"refs/quarterdeck/ledger/{world.model.replace(' ', '%20')}/champion/1"
    text = git(world.remote, "cat-file", "-p", ref)
    assert '"reason":"better"' in text
    assert "BEGIN SSH SIGNATURE" in text
    assert git(world.remote, "for-each-ref", f"refs/quarterdeck/plans/{said.json['plan']}")
    assert bo.call("sync").status == 0
    (moved,) = [one for one in bo.call("models", "--json").json if one["name"] == world.model]
    assert moved["aliases"] == {"champion": "2"}


def test_what_a_gate_stops_is_refused_with_the_gates_as_json(team: Make) -> None:
    world = team()
    said = world.people[0].call("promote", f"{world.model}@champion", "--version", "3", "--yes")
    assert said.status == 4
    states = {gate["id"]: gate["state"] for gate in said.json["gates"]}
    assert states["metric:val_auc"] == "fail"
    assert "Refused: metric:val_auc" in said.err
    assert world.champion == "1"
    assert git(world.remote, "for-each-ref", "refs/quarterdeck") == ""


def test_a_policy_that_is_edited_in_the_working_tree_changes_nothing(team: Make) -> None:
    world = team()
    settings = world.people[0].clone / "quarterdeck.toml"
    settings.write_text(settings.read_text().replace("threshold = 0.80", "threshold = 0.10").replace("0.002", "-1.0"))
    assert world.people[0].call("trust", "--yes").status == 0
    said = world.people[0].call("promote", f"{world.model}@champion", "--version", "3", "--yes")
    assert said.status == 4
    assert any("working tree" in note for note in said.json["notes"])
    assert world.champion == "1"


def test_read_only_promotes_nothing(team: Make) -> None:
    world = team()
    said = world.people[0].call("--read-only", "promote", f"{world.model}@champion", "--version", "2", "--yes")
    assert (said.status, world.champion) == (4, "1")


def test_a_signed_approval_of_another_lets_it_go_on(team: Make) -> None:
    world = team(APPROVALS)
    ann, bo = world.people
    wish = ("promote", f"{world.model}@champion", "--version", "2")
    assert ann.call(*wish, "--yes").status == 4
    asked = ann.call(*wish, "--ask", "--json")
    assert asked.status == 0, asked.err
    plan = asked.json["plan"]
    own = ann.call("approve", plan[:8])
    assert own.status == 4, own.err
    assert "would not count: own work" in own.err
    given = bo.call("approve", plan[:8], "--note", "looked at it")
    assert given.status == 0, given.err
    assert "approved by bo (signed)" in given.err
    done = ann.call(*wish, "--yes", "--json")
    assert done.status == 0, done.err + done.out
    assert world.champion == "2"
    ref = f"refs/quarterdeck/ledger/{world.model.replace(' ', '%20')}/champion/1"
    assert '"approvers":[{"email":"bo@example.com","name":"bo","strength":"signed"}]' in git(
        world.remote, "cat-file", "-p", ref
    )


def test_an_approval_that_is_only_claimed_does_not_count_where_only_signed_ones_do(team: Make) -> None:
    world = team(APPROVALS)
    ann, bo = world.people
    wish = ("promote", f"{world.model}@champion", "--version", "2")
    plan = ann.call(*wish, "--ask", "--json").json["plan"]
    (bo.home / ".gitconfig").write_text("[user]\n\tname = bo\n\temail = bo@example.com\n")
    assert "only claimed" in bo.call("approve", plan[:8]).err
    assert ann.call(*wish, "--yes").status == 4


def test_a_change_of_the_policy_voids_what_was_approved(team: Make) -> None:
    world = team(APPROVALS)
    ann, bo = world.people
    wish = ("promote", f"{world.model}@champion", "--version", "2")
    plan = ann.call(*wish, "--ask", "--json").json["plan"]
    assert bo.call("approve", plan[:8]).status == 0
    world.settings(APPROVALS.replace('expires = "8h"', 'expires = "9h"'))
    said = ann.call(*wish, "--yes")
    assert (said.status, world.champion) == (4, "1")
    assert said.json["plan"] != plan


def test_only_a_gate_that_the_policy_lists_is_waived(team: Make) -> None:
    world = team(APPROVALS.replace('[promotion."*".approvals]\ncount = 1', '[promotion."*".approvals]\ncount = 0'))
    ann = world.people[0]
    words = ("--version", "3", "--reason", "the test data was wrong")
    assert ann.call("waive", f"{world.model}@champion", "version", *words).status == 4
    given = ann.call("waive", f"{world.model}@champion", "metric:val_auc", *words)
    assert given.status == 0, given.err
    done = ann.call("promote", f"{world.model}@champion", "--version", "3", "--yes")
    assert (done.status, world.champion) == (0, "3"), done.err


def test_a_freeze_stops_a_promotion_and_no_rollback(team: Make) -> None:
    world = team()
    ann = world.people[0]
    assert ann.call("promote", f"{world.model}@champion", "--version", "2", "--yes").status == 0
    days = '["mon", "tue", "wed", "thu", "fri", "sat", "sun"]'
    freeze = f'[promotion."*".freeze]\ndeny = [{{ days = {days} }}]\n'
    world.settings(freeze + '[promotion."*".rollback]\nrequire_reason = true')
    stopped = ann.call("promote", f"{world.model}@champion", "--version", "1", "--yes")
    assert stopped.status == 4
    assert {gate["id"]: gate["state"] for gate in stopped.json["gates"]}["freeze"] == "fail"
    assert ann.call("rollback", f"{world.model}@champion", "--yes").status == 2  # it wants a reason
    back = ann.call("rollback", f"{world.model}@champion", "--yes", "--reason", "precision fell", "--json")
    assert back.status == 0, back.err
    assert (back.json["version"], world.champion) == ("1", "1")


def test_who_is_slower_is_told_who_was_faster(team: Make) -> None:
    world = team()
    ann, bo = world.people
    assert bo.call("promote", f"{world.model}@champion", "--version", "2", "--yes").status == 0
    said = ann.call("promote", f"{world.model}@champion", "--version", "2", "--yes")
    assert said.status == 4
    assert world.champion == "2"


def test_an_alias_that_a_plain_client_moved_is_unexplained_after_one_sync(team: Make) -> None:
    world = team()
    ann = world.people[0]
    assert ann.call("promote", f"{world.model}@champion", "--version", "2", "--yes").status == 0
    world.server.move(world.model, "champion", "3")
    assert ann.call("sync").status == 0
    (found,) = [one for one in ann.call("models", "--json").json if one["name"] == world.model]
    assert found["alias_history"][0]["explained"] is False
    assert any("no entry" in event["title"] for event in ann.call("events", "--json").json)
    plan = ann.call("promote", f"{world.model}@champion", "--version", "2", "--plan", "--json").json
    assert {gate["id"]: gate["state"] for gate in plan["gates"]}["ledger"] == "warn"


def test_promoting_publishes_no_unpushed_commit(team: Make) -> None:
    world = team()
    ann = world.people[0]
    unpushed = commit(ann.clone, "not yet", {"secret": "mine"})
    assert ann.call("promote", f"{world.model}@champion", "--version", "2", "--yes").status == 0
    with pytest.raises(AssertionError):
        git(world.remote, "cat-file", "-e", unpushed)


@pytest.mark.parametrize("point", ["push", "alias", "read back"])
def test_a_promotion_whose_process_is_killed_is_settled_by_the_next_command(team: Make, point: str) -> None:
    world = team()
    ann = world.people[0]
    command = ["promote", f"{world.model}@champion", "--version", "2", "--yes"]
    with ann.start(*command) as asking:
        ann.kill_the_act_at(point)
        asking.kill()
    ann.let_time_pass(seconds=121)  # until then what was pushed may yet come
    said = ann.call("promote", f"{world.model}@champion", "--version", "2", "--plan", "--json")
    assert said.status == 0, said.err
    entries = git(world.remote, "for-each-ref", "--format=%(refname)", "refs/quarterdeck/ledger").split()
    assert (world.champion, len(entries)) in {("1", 0), ("2", 1)}, said.err
    assert {gate["id"]: gate["state"] for gate in said.json["gates"]}["ledger"] in ("warn", "pass")
    assert ann.journal()[0][0] == ("done" if world.champion == "2" else "failed")
    if world.champion == "2":
        assert ann.call("rollback", f"{world.model}@champion", "--yes").status == 0
        assert world.champion == "1"


def test_an_entry_of_which_the_remote_did_not_say_whether_it_took_it_may_yet_come(team: Make) -> None:
    world = team()
    ann = world.people[0]
    hook = world.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    words = ("promote", f"{world.model}@champion", "--version", "2", "--yes")
    said = ann.call(*words)
    assert (said.status, ann.journal()[0][0]) == (3, "begun"), said.err
    hook.unlink()
    ann.let_time_pass(60)
    said = ann.call(*words)
    assert said.status == 4
    assert "it may yet come" in said.err
    ann.let_time_pass(120)
    said = ann.call(*words)
    assert said.status == 0, said.err
    assert [state for state, _ in ann.journal()] == ["done", "failed", "failed"]
    assert world.champion == "2"


def test_what_was_cut_off_is_settled_by_nobody_who_only_reads(team: Make) -> None:
    world = team()
    ann = world.people[0]
    hook = world.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    assert ann.call("promote", f"{world.model}@champion", "--version", "2", "--yes").status == 3
    ann.let_time_pass(180)
    assert "--read-only finishes it" in ann.settle(read_only=True)
    assert ann.journal()[0][0] == "begun"
    assert ann.settle(read_only=False) == ""
    assert ann.journal()[0][0] == "failed"


def test_who_cannot_sign_is_told_why_and_nothing_is_changed(team: Make) -> None:
    world = team()
    ann = world.people[0]
    (ann.home / "key").unlink()
    said = ann.call("promote", f"{world.model}@champion", "--version", "2", "--yes")
    assert said.status == 1
    assert "It could not be signed with" in said.err
    assert (world.champion, ann.journal()[0][0]) == ("1", "failed")
    assert git(world.remote, "for-each-ref", "refs/quarterdeck") == ""


def test_an_approval_expires(team: Make) -> None:
    world = team(APPROVALS.replace('expires = "8h"', 'expires = "1s"'))
    ann, bo = world.people
    wish = ("promote", f"{world.model}@champion", "--version", "2")
    plan = ann.call(*wish, "--ask", "--json").json["plan"]
    assert bo.call("approve", plan[:8]).status == 0
    said = ann.call(*wish, "--yes")
    assert (said.status, world.champion) == (4, "1")
    assert any("expired" in one["why"] for one in said.json["approvals"])


def test_models_of_any_name_are_promoted_like_any_other(team: Make) -> None:
    world = team()
    ann = world.people[0]
    names = [
        f"{name}{world.people[0].clone.stat().st_ino}" for name in ("my model", "a..b", "x~1", "a[b]", "模型", "-x")
    ]
    for name in names:
        world.register(name)
    for name in names:
        said = ann.call("promote", "--version", "2", "--yes", "--json", "--", f"{name}@champion")
        assert said.status == 0, said.err
        assert world.server.aliases(name)["champion"] == "2"
    assert len(git(world.remote, "for-each-ref", "refs/quarterdeck/ledger").splitlines()) == len(names)


def test_a_champion_whose_version_was_deleted_is_told(team: Make) -> None:
    world = team()
    ann = world.people[0]
    assert ann.call("promote", f"{world.model}@champion", "--version", "2", "--yes").status == 0
    assert ann.call("sync").status == 0  # somebody has seen it on v2
    world.rest.delete_version(world.model, "2")
    assert ann.call("sync").status == 0
    titles = [event["title"] for event in ann.call("events", "--json").json]
    assert f"champion of {world.model} is gone: v2 was deleted" in titles[0] + titles[1]
    back = ann.call("rollback", f"{world.model}@champion", "--to", "1", "--yes")
    assert (back.status, world.champion) == (0, "1"), back.err


def test_a_remote_that_does_not_answer_is_missing_and_never_a_pass(team: Make) -> None:
    world = team()
    ann = world.people[0]
    world.remote.rename(world.remote.with_name("away.git"))
    said = ann.call("promote", f"{world.model}@champion", "--version", "2", "--yes")
    assert said.status == 4
    states = {gate["id"]: gate["state"] for gate in said.json["gates"]}
    assert (states["policy"], states["ledger"], world.champion) == ("missing", "missing", "1")
