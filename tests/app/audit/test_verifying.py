"""What a bundle proves, and what is told of a ledger that was not kept as its policy demands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from quarterdeck.app.audit.verify import verify
from tests.app.audit.team import HOUR, MINUTE, OPEN, PASSED, POLICY, REGISTRY, Team, told
from tests.app.promotion.worlds import git


def sentence(team: Team, about: str = "champion entry 1") -> str:
    """The only thing that is wrong."""
    (found,) = [one for one in team.verified().findings if one.level == "wrong"]
    assert found.about == about
    return found.sentence


@pytest.fixture
def empty(tmp_path: Path) -> Team:
    return Team(tmp_path)


def test_a_ledger_that_was_kept_as_the_policy_demands_is_well(team: Team) -> None:
    found = team.verified()
    assert told(found) == []
    assert (found.model, found.aliases, found.entries, found.signed) == ("churn", ("champion",), 3, 3)
    assert found.fingerprint == team.made.fingerprint
    (note,) = found.findings
    assert note.sentence.endswith("which are only as good as the bundle.")


def test_it_needs_nothing_but_the_folder(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.sync()
    folder = team.bundle()
    elsewhere = team.folder.parent / f"{team.folder.name}-elsewhere"
    folder.rename(elsewhere)
    for path in (team.remote, team.clone):
        path.rename(path.with_suffix(".gone"))
    monkeypatch.setenv("HOME", "/nonexistent")
    assert told(verify(elsewhere)) == []


# -- approvals


def test_a_promotion_that_nobody_approved_is_wrong(empty: Team) -> None:
    empty.promote("12", None, approved_by="")
    assert sentence(empty) == "it was not approved as the policy demands: 0 of 1."


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"by": "bo", "approved_by": "bo"}, "bo (signed) does not count: own work (requester)"),
        ({"ago": 9 * HOUR}, "bo (signed) does not count: expired: 9 h old"),
        ({"ago": -10 * MINUTE}, "bo (signed) does not count: dated in the future"),
    ],
)
def test_an_approval_that_did_not_count_then_does_not_count(empty: Team, given: dict[str, Any], why: str) -> None:
    empty.promote("12", None, **given)
    assert why in sentence(empty)


def test_an_approval_that_ended_while_the_promotion_went_on_counted_when_it_was_judged(empty: Team) -> None:
    empty.promote("12", None, ago=8 * HOUR + MINUTE)
    assert told(empty.verified()) == []


def test_who_the_policy_of_then_does_not_name_could_not_approve(tmp_path: Path) -> None:
    made = Team(tmp_path, policy=POLICY.replace(', "cy@example.com"', ""))
    made.promote("12", None, approved_by="cy")
    assert "cy (signed) does not count: not in team ml-leads" in sentence(made)
    made.rule(POLICY)
    made.promote("13", "12", approved_by="cy")
    assert ("wrong", "champion entry 2", "approval") not in told(verify(again(made)))


def again(team: Team) -> Path:
    """Another bundle, after another sync."""
    team.sync()
    return team.bundle(f"bundle-{len(list(team.folder.iterdir()))}")


def test_an_approval_that_is_not_signed_does_not_count(tmp_path: Path) -> None:
    made = Team(tmp_path, signs=False)
    made.promote("12", None)
    assert "bo (claimed) does not count: only claimed" in sentence(made)


def test_an_approval_that_somebody_else_signed_is_only_claimed(empty: Team) -> None:
    empty.keys["bo"], own = empty.keys["ann"], empty.keys["bo"]
    text = empty.plan("12", None, "ann")
    empty.approve(text, "bo", empty.clock)
    empty.keys["bo"] = own
    empty.promote("12", None, approved_by="", approvers=(empty.person("bo"),))
    assert "bo (claimed) does not count: only claimed" in sentence(empty)


def test_whoever_trained_the_version_could_not_approve_it(empty: Team) -> None:
    empty.promote("12", None)
    empty.sync()
    empty.register({"champion": "12"}, trained_by="bo")
    found = verify(empty.bundle())
    assert "own work (trained it)" in next(one.sentence for one in found.findings if one.level == "wrong")


def test_where_nobody_knows_who_made_a_version_a_self_review_cannot_be_told(empty: Team) -> None:
    empty.promote("12", None)
    empty.sync()
    empty.register({"champion": "12"}, with_runs=False)
    assert told(verify(empty.bundle())) == [("unknown", "champion entry 1", "approval")]


def test_an_approver_that_an_entry_names_has_approved(empty: Team) -> None:
    empty.promote("12", None, approvers=(empty.person("bo"), empty.person("cy")))
    assert sentence(empty) == "it names cy as an approver, and no approval of theirs is here."


# -- the plan


@pytest.mark.parametrize(
    ("planned", "said"),
    [
        ({"to": "99"}, "to: the plan says v99, the entry v12."),
        ({"from": "7"}, "from: the plan says v7, the entry nothing."),
        ({"model": "other"}, "model: the plan says other, the entry churn."),
        ({"alias": "shadow"}, "alias: the plan says shadow, the entry champion."),
        ({"kind": "rollback"}, "kind: the plan says rollback, the entry promotion."),
        ({"registry": "http://else"}, "registry: the plan says http://else, the entry https://mlflow.example."),
        ({"policy": {"commit": "1" * 40, "digest": "2" * 64}}, "policy: the plan says 111111111111, the entry"),
    ],
)
def test_an_entry_that_did_not_do_what_its_plan_says_is_wrong(empty: Team, planned: dict[str, Any], said: str) -> None:
    empty.promote("12", None, planned=planned)
    wrong = [one.sentence for one in empty.verified().findings if one.level == "wrong"]
    assert any(one.startswith(said) for one in wrong), wrong


def test_a_plan_that_nobody_kept_is_wrong_where_others_had_to_approve_it(empty: Team) -> None:
    empty.promote("12", None, plan="3" * 64)
    wrong = [one.sentence for one in empty.verified().findings if one.code == "plan"]
    assert wrong == [
        "its plan 333333333333 is not here: nobody stored it: that is done when others are asked to approve it."
    ]


def test_a_plan_that_nobody_kept_cannot_be_told_where_nobody_had_to_approve_it(tmp_path: Path) -> None:
    made = Team(tmp_path, policy=OPEN)
    made.promote("12", None, approved_by="", plan="3" * 64, gates={"policy": "pass", "version": "pass"})
    assert ("unknown", "champion entry 1", "plan") in told(made.verified())
    assert verify(tmp_path / "bundle").is_well


def test_a_plan_that_is_written_in_another_way_than_plans_are_is_none(empty: Team) -> None:
    text = empty.plan("12", None, "ann").replace('"v":1', '"v":1,"v":1')
    name = empty.keep(text)
    empty.promote("12", None, plan=name)
    assert "its plan cannot be read." in [one.sentence for one in empty.verified().findings]


# -- gates


@pytest.mark.parametrize("state", ["fail", "missing", "stale", "inconclusive", "green"])
def test_a_gate_that_stopped_it_is_wrong(empty: Team, state: str) -> None:
    empty.promote("12", None, planned={"gates": {**PASSED, "metric:val_auc": state}})
    assert sentence(empty) == f"its gates stopped it: metric:val_auc ({state})."


def test_a_gate_that_stood_otherwise_in_the_plan_is_wrong(empty: Team) -> None:
    planned = {"gates": {**PASSED, "metric:val_auc": "fail"}}
    gates = {**PASSED, "approval": "pass", "freeze": "pass", "ledger": "pass"}
    empty.promote("12", None, planned=planned, gates=gates)
    assert sentence(empty) == "gates stood otherwise in the plan than it says: metric:val_auc."


def test_a_gate_that_the_policy_demands_and_nobody_looked_at_is_wrong(empty: Team) -> None:
    gates = {name: state for name, state in PASSED.items() if name not in ("metric:val_auc", "direction")}
    empty.promote("12", None, planned={"gates": gates})
    assert sentence(empty) == "the policy demands gates that it does not name: direction, metric:val_auc."


def test_a_gate_of_a_rollback_stops_nothing_but_for_its_version(empty: Team) -> None:
    empty.promote("12", None)
    empty.roll_back("11", "12")
    empty.roll_back("10", "11", gates={"version": "fail"})
    wrong = [(one.about, one.code) for one in empty.verified().findings if one.level == "wrong"]
    assert set(wrong) == {("champion entry 3", "gate"), ("champion entry 3", "plan")}


def test_a_gate_that_was_waived_as_the_policy_lets_is_well(empty: Team) -> None:
    waiver = empty.waive("metric:val_auc", "12")
    empty.promote("12", None, planned={"gates": {**PASSED, "metric:val_auc": f"waived {waiver.id}"}})
    assert told(empty.verified()) == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"until": 0}, "it ended"),
        ({"why": " "}, "no reason is given"),
        ({"until": 10**13}, "longer than 24h"),
        ({"by": "di"}, "only claimed"),
        ({"version": "99"}, "the policy lets nobody waive it, or it is of another gate"),
        ({"gate": "metric:other"}, "the policy lets nobody waive it, or it is of another gate"),
    ],
)
def test_a_waiver_that_did_not_hold_is_wrong(empty: Team, given: dict[str, Any], why: str) -> None:
    waiver = empty.waive("metric:val_auc", "12", **given)
    empty.promote("12", None, planned={"gates": {**PASSED, "metric:val_auc": f"waived {waiver.id}"}})
    said = sentence(empty)
    assert said.startswith("metric:val_auc was not waived as the policy lets: ")
    assert why in said


def test_a_waiver_that_is_not_there_is_wrong(empty: Team) -> None:
    empty.promote("12", None, planned={"gates": {**PASSED, "metric:val_auc": f"waived {'4' * 40}"}})
    assert sentence(empty) == "the waiver of metric:val_auc that its plan names is not here."


def test_what_nobody_can_waive_was_not_waived(empty: Team) -> None:
    waiver = empty.waive("direction", "12")
    empty.promote("12", None, planned={"gates": {**PASSED, "direction": f"waived {waiver.id}"}})
    assert sentence(empty).startswith("direction was not waived as the policy lets")
    empty.promote("13", "12", gates={**PASSED, "approval": "waived"})
    wrong = [one.sentence for one in verify(again(empty)).findings if one.entry == 2]
    assert "nobody can waive that: approval." in wrong


# -- the moment


def test_a_promotion_in_a_freeze_is_wrong_and_a_rollback_is_not(tmp_path: Path) -> None:
    made = Team(tmp_path, policy=POLICY.replace('"sat"', '"sun"'))  # it is a Sunday
    made.promote("12", None)
    made.roll_back("11", "12")
    assert sentence(made).startswith("it was promoted in a freeze: frozen on sun (UTC)")


def test_a_rollback_without_the_reason_that_the_policy_wants_is_wrong(empty: Team) -> None:
    empty.promote("12", None)
    empty.roll_back("11", "12", reason=" ")
    assert sentence(empty, "champion entry 2") == "the policy wants a reason for a rollback, and it gives none."


# -- the rules


def test_rules_that_are_not_those_of_the_commit_are_wrong(empty: Team) -> None:
    empty.promote("12", None, policy_commit="5" * 40)
    found = empty.verified()
    said = next(one.sentence for one in found.findings if one.code == "policy")
    assert said.startswith("the policy of commit 5555555 is not here: neither our mirror nor the clone has it")


def test_an_entry_without_a_policy_is_wrong(empty: Team) -> None:
    empty.promote("12", None, policy_commit="", policy_digest="")
    assert ("wrong", "champion entry 1", "policy") in told(empty.verified())


def test_rules_of_another_sum_may_be_those_of_another_release(empty: Team) -> None:
    planned = {"policy": {"commit": empty.commit, "digest": "6" * 64}}
    empty.promote("12", None, policy_digest="6" * 64, planned=planned)
    (found,) = [one for one in empty.verified().findings if one.level != "note"]
    assert (found.level, found.code) == ("unknown", "policy")


def test_an_entry_that_says_nothing_was_demanded_where_something_was_is_wrong(empty: Team) -> None:
    planned = {"policy": {"commit": empty.commit, "digest": ""}}
    empty.promote("12", None, policy_digest="", planned=planned)
    assert sentence(empty) == "it names no rules, and the policy of that commit has some for it."


def test_where_no_policy_covers_the_alias_that_is_told(tmp_path: Path) -> None:
    made = Team(tmp_path, policy="[project]\nname = 'churn'\n")
    made.promote("12", None, approved_by="", planned={"gates": {"policy": "warn", "version": "pass"}})
    found = made.verified()
    assert told(found) == [("unknown", "champion entry 1", "signature")]
    assert told(found, "note")[0] == ("note", "champion entry 1", "policy")


# -- who signed


def test_an_entry_that_somebody_else_signed_is_wrong(empty: Team) -> None:
    empty.promote("12", None)
    empty.keys["ann"], empty.keys["cy"] = empty.keys["cy"], empty.keys["ann"]
    empty.promote("13", "12")
    found = [one for one in empty.verified().findings if one.code == "signature"]
    assert [(one.level, one.entry, one.sentence) for one in found] == [
        ("wrong", 2, "it says ann, and cy@example.com signed it.")
    ]


def test_an_entry_that_no_allowed_signer_signed_is_wrong(empty: Team) -> None:
    empty.promote("12", None, by="ann")
    empty.sync()
    folder = empty.bundle()
    found = verify(folder, empty.keys["bo"][1])
    assert [one.sentence for one in found.findings if one.code == "signature"] == [
        "it says ann, and no allowed signer has signed it."
    ]
    assert (found.signers, found.signed) == ("given", 0)
    assert not any(one.code == "signers" for one in found.findings)
    assert told(verify(folder, "".join(line for _, line in empty.keys.values()))) == []


def test_without_allowed_signers_nobody_can_tell_who_signed(tmp_path: Path) -> None:
    made = Team(tmp_path, policy=OPEN)
    made.promote("12", None, approved_by="", planned={"gates": {"policy": "pass", "version": "pass"}})
    found = made.verified()
    assert [one.sentence for one in found.findings if one.level == "unknown"] == [
        "it is signed, and there are no allowed signers to tell whether it was ann."
    ]


# -- the chain, and what was seen


def test_an_entry_that_was_taken_from_the_ledger_is_missed(team: Team) -> None:
    git(team.remote, "update-ref", "-d", "refs/quarterdeck/ledger/churn/champion/2")
    assert sentence(team, "champion") == "entry 2 is missing."


def test_an_entry_that_was_put_in_anothers_place_is_found(team: Team) -> None:
    git(team.remote, "update-ref", "-d", "refs/quarterdeck/ledger/churn/champion/2")
    last = team.entries
    team.entries = last[:1]
    team.promote("14", "12")
    team.entries = last
    found = {(one.about, one.code) for one in team.verified().findings if one.level == "wrong"}
    assert {("champion entry 3", "before"), ("champion entry 3", "outside")} <= found


def test_an_entry_that_takes_another_back_is_well(team: Team) -> None:
    last = team.entries[-1]
    team.clock += HOUR
    cancel = replace(
        last, kind="cancel", version=last.previous or "", previous=last.version, cancels=last.number,
        reason="the registry refused", gates={}, approvers=(), ticket="",
    )  # fmt: skip
    team.write(cancel.version, cancel.previous, "cy", kind="cancel", cancels=last.number, plan=last.plan, gates={})
    assert told(team.verified()) == []


def test_a_move_that_was_seen_and_no_entry_explains_is_wrong(team: Team) -> None:
    team.sync()
    team.look(team.clock, champion="12")
    team.look(team.clock + 2 * HOUR, champion="9")
    team.register({"champion": "9"}, team.clock + 2 * HOUR)
    (found,) = [one for one in verify(team.bundle()).findings if one.level == "wrong"]
    assert found.sentence.startswith("it was moved v12 → v9 between ")
    assert found.sentence.endswith("and no entry explains it.")


def test_an_alias_that_shows_something_else_is_wrong_where_no_move_was_seen(team: Team) -> None:
    team.sync()
    team.register({"champion": "9"})
    (found,) = [one for one in verify(team.bundle()).findings if one.level == "wrong"]
    assert found.sentence == "it shows v9, and the last entry, 3, says v12."


def test_moves_that_the_entries_explain_are_well(team: Team) -> None:
    team.sync()
    first, second, third = (entry.at for entry in team.entries)
    for at, shown in ((first + MINUTE, "12"), (second + MINUTE, "13"), (third + MINUTE, "12")):
        team.look(at, champion=shown)
    assert told(verify(team.bundle())) == []


def test_another_registry_with_a_model_of_that_name_is_not_mixed_up(team: Team) -> None:
    team.sync()
    team.look(team.clock, champion="12")
    team.look(team.clock, source="00000000000000ff", champion="1")
    team.look(team.clock + HOUR, source="00000000000000ff", champion="2")
    assert told(verify(team.bundle())) == []
    assert REGISTRY.address in next((team.folder / "bundle" / "plans").glob("*.json")).read_text()


def test_a_signature_counts_by_the_file_of_its_own_policy(tmp_path: Path) -> None:
    """Another model's policy may trust somebody whom this one does not."""
    made = Team(tmp_path)
    other = '[promotion."other"]\nto = "champion"\n[promotion."other".approvals]\nsigners = "keys/others"\n'
    made.others = made.keys["bo"][1]
    made.rule(POLICY + other, signers="".join(line for who, (_, line) in made.keys.items() if who != "bo"))
    made.promote("12", None)
    assert "bo (signed) does not count: keys/allowed_signers does not name their key" in sentence(made)


def test_who_signs_with_one_key_under_two_addresses_is_one_person(tmp_path: Path) -> None:
    made = Team(tmp_path)
    signer, line = made.keys["ann"]
    made.keys["ann"] = made.keys["bo"] = (signer, line.replace("ann@example.com", "ann@example.com,bo@example.com"))
    made.rule(POLICY)
    made.promote("12", None)
    assert "does not count: own work" in sentence(made)
