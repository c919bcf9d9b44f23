"""The plan as a whole: what it is called, what it says, what makes it another."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.promotion import Gate, differences, ordered, plan_json, plan_of, short_id
from quarterdeck.app.promotion.gate import LATE, WORST_FIRST
from quarterdeck.app.promotion.plan import plain, plan_text
from quarterdeck.app.records import SourceSpec
from quarterdeck.app.text import cells

from .evidence import ANN, BO, CY, DAY, GIT, HEAD, HOUR, MINUTE, MLFLOW, NEW, NOW, POLICY, World, policy


def test_a_plan_that_may_be_applied(world: World) -> None:
    world.ask(BO)
    world.approve(CY)
    plan = world.plan()
    assert [(gate.id, gate.state) for gate in plan.gates] == [
        (name, "pass")
        for name in (
            "policy", "candidate", "direction", "version", "metric:val_auc", "metric:p95_latency_ms", "ci:unit",
            "ci:integration", "approval", "freeze", "ledger",
        )
    ]  # fmt: skip
    assert (plan.applicable, plan.blocked, plan.needs_reason) == (True, "", False)
    assert plan.calls == (
        "push refs/quarterdeck/ledger/churn/champion/12 as bo (signed)",
        "mlflow set alias churn champion 13 → 14",
        "tags on v14: quarterdeck.evidence",
    )
    assert (plan.from_version, plan.to_version, plan.source, plan.registry) == (
        "13",
        "14",
        "r",
        "http://mlflow.example",
    )
    assert (plan.policy_commit, plan.requester.name, plan.number, plan.style) == (HEAD, "bo", 12, "refs")


def test_what_the_registry_says_just_now_counts_before_the_cache(world: World) -> None:
    world.run("12", 0.95)
    live = world.plan(aliases={"champion": "12", "challenger": "14"})
    assert (live.from_version, live.gate("metric:val_auc").state) == ("12", "fail")  # type: ignore[union-attr]  # it is there
    assert world.plan(aliases={}).to_version == ""


def test_a_situation_is_of_one_moment_and_leaves_the_reader_as_it_was(world: World) -> None:
    assert not world.reader.connection.in_transaction
    before = world.situation()
    assert not world.reader.connection.in_transaction
    world.reader.connection.execute("BEGIN")
    assert world.situation() == before  # a reader that stands in the past already stays there
    assert world.reader.connection.in_transaction
    world.reader.connection.execute("ROLLBACK")


# -- its text and its name


def test_the_id_is_the_hash_of_a_text_that_others_can_make_again(world: World) -> None:
    plan = world.plan()
    assert plan.id == hashlib.sha256(plan.text.encode()).hexdigest()
    told = json.loads(plan.text)
    assert json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == plan.text
    assert told.keys() == {"v", "registry", "model", "alias", "from", "to", "kind", "policy", "gates"}
    assert [gate["id"] for gate in told["gates"]] == [gate.id for gate in plan.gates if gate.id not in LATE]
    assert told["policy"] == {"commit": HEAD, "digest": plan.policy_digest}


def test_no_time_and_no_row_id_stands_in_the_text(world: World) -> None:
    numbers = {str(NOW - age)[:7] for age in (0, MINUTE, HOUR, DAY)}
    assert not any(number in world.plan().text for number in numbers)


def test_another_cache_of_the_same_world_gives_the_same_plan(world: World, tmp_path: Any) -> None:
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other" / "cache.db")
    assert other.plan(actor=ANN).id == world.plan(actor=CY).id
    other.close()


def test_time_alone_makes_no_other_plan_unless_it_changes_what_a_gate_says(world: World) -> None:
    situation = world.situation()
    before = plan_of(situation, NOW)

    @given(st.integers(0, 400 * DAY))
    def holds(later: int) -> None:
        after = plan_of(situation, NOW + later)
        states = [[gate.state for gate in plan.gates if gate.id not in LATE] for plan in (before, after)]
        assert (after.id == before.id) == (states[0] == states[1])

    holds()
    assert plan_of(situation, NOW + 20 * HOUR).id != before.id  # the checks are older than a day then


words = st.text(max_size=5)
gates = st.builds(
    Gate,
    id=words,
    state=st.sampled_from(WORST_FIRST),
    title=words,
    sentence=words,
    value=st.one_of(st.none(), words, st.floats()),
    against=st.one_of(st.none(), st.floats()),
    evidence=st.lists(words, max_size=3).map(tuple),
    at=st.one_of(st.none(), st.integers(0, NOW)),
)


def key(gate: Gate) -> tuple[str, ...]:
    """What others approve of a gate."""
    return (gate.id, gate.state, repr(plain(gate.value)), repr(plain(gate.against)), repr(gate.evidence))


def test_any_change_of_what_is_approved_makes_another_text_and_nothing_else_does(world: World) -> None:
    situation = world.situation()

    @given(st.lists(gates, max_size=4), st.integers(0, 3), gates)
    def holds(some: list[Gate], at: int, other: Gate) -> None:
        text = plan_text(situation, some)
        assert text == plan_text(situation, [gate.but(at=None, sentence="", title="", notes=("x",)) for gate in some])
        assert json.loads(text)["v"] == 1
        if at < len(some) and key(other) != key(some[at]) and not {other.id, some[at].id} & LATE:
            assert plan_text(situation, [*some[:at], other, *some[at + 1 :]]) != text

    holds()


def test_an_id_is_as_short_as_it_can_be_told_apart() -> None:
    name = "7f3a99" + "0" * 58
    assert short_id(name) == short_id(name, [name, "7f3b" + "0" * 60]) == "7f3a"
    assert short_id(name, ["7f3a9" + "1" * 59]) == "7f3a99"


# -- what stops it


def test_what_stops_a_plan_stands_first_and_what_passed_last(world: World) -> None:
    world.rule(policy(required_checks='ci = ["unit"]\ndata = ["orders.*"]'))
    world.run("14", 0.7, 111.0)
    world.waive("metric:val_auc")
    world.say(entries=())
    found = [(gate.id, gate.state) for gate in ordered(world.plan().gates)]
    assert found[:4] == [
        ("data:orders.*", "missing"), ("approval", "missing"), ("metric:val_auc", "waived"), ("ledger", "warn"),
    ]  # fmt: skip
    assert {state for _, state in found[4:]} == {"pass"}


@pytest.mark.parametrize(
    ("section", "blocked"),
    [
        ("count = 1", "needs 1 approval"),
        ("count = 3", "needs 3 approvals"),
    ],
)
def test_a_plan_says_how_many_approvals_it_needs(world: World, section: str, blocked: str) -> None:
    world.rule(policy(approvals=section))
    assert world.plan().blocked == blocked


def test_a_plan_says_which_gates_stop_it(world: World) -> None:
    world.run("14", 0.7, 111.0)
    world.pipeline(jobs={"unit": "running"})
    assert world.plan().blocked == "metric:val_auc, ci:integration (missing) and 2 more"
    world.rule(POLICY, is_local=True)
    world.pipeline()
    assert world.plan().blocked == "metric:val_auc, needs 1 approval"


def test_sentences_fit_a_line_of_eighty_columns(world: World) -> None:
    world.ask(BO)
    for now in (NOW, NOW + 2 * DAY):
        assert [gate.sentence for gate in world.plan(now).gates if cells(gate.sentence) > 62] == []


def test_a_ledger_of_tags_is_pushed_as_tags_and_a_local_one_is_written(world: World) -> None:
    world.rule(POLICY.replace('to = "champion"', 'to = "champion"\nledger = "tags"'))
    assert world.plan().calls[0] == "push refs/tags/churn#champion#12 as bo (signed)"
    world.rule(POLICY, is_local=True)
    assert (world.plan().style, world.plan().calls[0]) == (
        "local",
        "write entry 12 of churn@champion into the local ledger",
    )


def test_another_registry_is_called_by_its_name(world: World) -> None:
    world.cache.declare([GIT, MLFLOW, SourceSpec(key="r", kind="registry", name="hub", address="http://hub.example")])
    assert world.plan().calls[1] == "hub set alias churn champion 13 → 14"


def test_the_first_promotion_moves_from_nothing(world: World) -> None:
    world.model(challenger="14")
    plan = world.plan()
    assert (plan.from_version, plan.calls[1]) == (None, "mlflow set alias churn champion → 14")


def test_a_source_that_was_not_read_for_long_is_spoken_of(world: World) -> None:
    world.source(MLFLOW, last_ok_at=NOW - 5 * HOUR)
    world.source(GIT, last_ok_at=NOW, as_of=NOW - 20 * MINUTE)
    assert world.plan().notes == ("git was read 20 min ago", "mlflow was read 5 h ago")


# -- what changed


def test_the_same_plan_differs_in_nothing(world: World) -> None:
    assert differences(world.plan().text, world.plan(NOW + HOUR)) == ()


def test_what_changed_since_is_said(world: World) -> None:
    before = world.plan()
    world.model(champion="12", challenger="14")
    world.pipeline(2, jobs={"unit": "failed", "integration": "passed"})
    world.rule(policy(required_checks='ci = ["unit", "lint"]', approvals=""), commit=NEW)
    assert differences(before.text, world.plan()) == (
        "from v13 → v12",
        "the policy demands something else",
        "policy 20aa4d1 → 1414141",
        "gate policy: by other evidence",
        "gate metric:val_auc: pass → missing",
        "gate metric:val_auc is compared with: 0.938 → nothing",
        "gate metric:val_auc: by other evidence",
        "gate ci:unit: pass → fail",
        "gate ci:unit found: unit passed → unit failed",
        "gate ci:unit: by other evidence",
        "gate ci:integration is gone",
        "gate ci:lint is new",
    )


def test_another_registry_and_another_version_are_said(world: World) -> None:
    before = world.plan(version="14")
    world.source(SourceSpec(key="r", kind="registry", name="models", address="http://other.example"))
    after = differences(before.text, world.plan(version="12"))
    assert after[:2] == ("registry: http://mlflow.example → http://other.example", "to v14 → v12")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"v":1', '{"v":1,"gates":3}'])
def test_a_text_that_is_no_plan_is_said_to_be_none(world: World, text: str) -> None:
    assert differences(text, world.plan()) == ("the older plan cannot be read",)


# -- for scripts


def test_a_plan_as_json(world: World) -> None:
    world.run("14", float("nan"), 111.0, ended_at=NOW - 9 * HOUR)
    world.waive("metric:val_auc")
    world.ask(BO)
    world.approve(CY)
    plan = world.plan()
    told = json.loads(json.dumps(plan_json(plan, NOW), allow_nan=False))
    assert told.keys() >= {"plan", "model", "alias", "from", "to", "policy_commit", "gates", "approvals", "calls"}
    assert (told["plan"], told["from"], told["to"], told["applicable"]) == (plan.id, "13", "14", True)
    assert (told["policy_commit"], told["blocked"], told["requester"]["name"]) == (HEAD, None, "bo")
    by_id = {gate["id"]: gate for gate in told["gates"]}
    assert by_id["metric:val_auc"]["value"] == "NaN"
    assert by_id["metric:val_auc"]["state"] == "waived"
    assert by_id["metric:val_auc"]["waived"]["by"] == {"name": "cy", "email": "cy@example.com", "strength": "signed"}
    assert by_id["metric:p95_latency_ms"] == {
        "id": "metric:p95_latency_ms", "state": "pass", "title": "metric", "value": 111.0, "against": None,
        "bound": "≤ 120", "evidence": ["run/run14", "dataset/orders@77ab"], "at": "2025-11-18T18:09:00Z",
        "age": 32400.0, "waivable": True, "blocks": False, "sentence": "p95_latency_ms 111 ≤ 120", "notes": [],
        "waived": None,
    }  # fmt: skip
    (approval,) = told["approvals"]
    assert (approval["by"]["strength"], approval["counts"], approval["why"]) == ("signed", True, None)


def test_a_plan_of_nothing_as_json(world: World) -> None:
    told = plan_json(world.plan(alias="nowhere"), NOW)
    assert (told["from"], told["to"], told["applicable"]) == (None, None, False)
