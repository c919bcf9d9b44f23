"""What a promotion says, line by line: plans made from a real cache, as they are drawn."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from quarterdeck.app.acting import Progress
from quarterdeck.app.deciding import Decision
from quarterdeck.app.deeds import change
from quarterdeck.app.records import Actor
from quarterdeck.app.store.state import Act
from quarterdeck.app.text import cells
from quarterdeck.screens.acting import how_far, outcome_pieces, what_and_whose
from quarterdeck.screens.promotion_asks import say_of, waive_lines, why_no_waiver
from quarterdeck.screens.promotion_copies import plan_copies
from quarterdeck.screens.promotion_gate import gate_lines
from quarterdeck.screens.promotion_lines import Ink, draw, title_pieces, way_back_line, will_lines
from quarterdeck.screens.promotion_rows import rows_of
from quarterdeck.screens.promotion_versions import version_lines
from quarterdeck.screens.promotion_words import (
    blocked_pieces,
    changed_words,
    is_typed,
    next_step,
    outcome_lines,
    prompt_pieces,
    record_words,
    step_pieces,
    told_gates,
    word_of,
)
from quarterdeck.screens.run_details import Sight
from tests.app.promotion.evidence import ANN, BO, CI, CY, HOUR, MINUTE, NEW, NOW, POLICY, REGISTRY, World, policy

WIDTHS = (60, 80, 120, 200)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "cache.db")
    yield made
    made.close()


def decision(world: World, **asked: Any) -> Decision:
    situation = world.situation(**asked)
    return Decision(situation=situation, plan=world.plan(**asked), git="g")


def text(pieces: Any) -> str:
    return "".join(piece for piece, _ in pieces).rstrip()


def sight(width: int = 80) -> Sight:
    return Sight(width, NOW, UTC, {"val_auc": True})


def gates(made: Decision, width: int = 80, unfolded: Any = ()) -> list[str]:
    """The gates as they stand on a screen so wide."""
    rows = rows_of(made.plan, unfolded, lambda gate: gate_lines(gate, made, sight(width)))
    hint = say_of(made, NOW).hint
    ink = Ink(rows, NOW, {"approval": hint} if hint else {})
    return [text(draw(row, width - (4 if row.is_row else 2), ink)) for row in rows]


def spoiled(world: World) -> None:
    """Some of everything: what fails, what nobody knows, what is too old, what is waived."""
    checks = 'ci = ["unit", "integration", "e2e *"]\ndata = ["orders.*"]\nmax_age = "6h"'
    world.rule(
        policy(waivers='gates = ["metric", "data"]\nfrom = ["team:ml-leads"]\nmax = "24h"', required_checks=checks)
    )
    world.run("14", 0.9391, 131.0, user="bo", commit=NEW, ended_at=NOW - 9 * HOUR)
    world.pipeline(2, status="failed", jobs={"unit": "passed", "integration": "failed"})
    world.waive("data:orders.*", CY)


# -- what it is, and both versions


def test_the_title_names_model_alias_plan_and_policy(world: World) -> None:
    made = decision(world)
    told = text(title_pieces(made.plan, made.situation, 80))
    assert told == f" promote churn → champion   plan {made.plan.short}   policy 20aa4d1 on origin/main"
    back = decision(world, kind="rollback")
    assert text(title_pieces(back.plan, back.situation, 80)).startswith(" roll back churn@champion   plan ")


@pytest.mark.parametrize(("rule", "said"), [
    ("[project]\nname = 'x'\n", "no policy at 20aa4d1 on origin/main"),
    ("[promotion\n", "policy 20aa4d1 on origin/main"),
])  # fmt: skip
def test_the_title_says_what_is_wrong_with_the_policy(world: World, rule: str, said: str) -> None:
    world.rule(rule)
    made = decision(world)
    assert text(title_pieces(made.plan, made.situation, 80)).endswith(said)


def test_both_versions_stand_below_each_other_with_what_decides(world: World) -> None:
    made = decision(world)
    now, then = (text(line) for line in version_lines(made.plan, made.situation, 80, NOW, {}))
    assert now == " now   v13  ann  12 d   val_auc 0.938   p95_latency_ms 104   orders@77ab"
    assert then == " next  v14  bo   9 h    val_auc 0.941   p95_latency_ms 111   orders@77ab"


def test_where_there_is_room_runs_commits_and_the_entry_of_the_ledger_are_named(world: World) -> None:
    made = decision(world)
    now, then = (text(line) for line in version_lines(made.plan, made.situation, 200, NOW, {}))
    assert now.endswith("fox-13   commit 1313131   since 12 d by ann (entry 11)")
    assert then.endswith("fox-14   commit 1414141")


def test_where_there_is_none_the_first_metric_and_the_data_stay(world: World) -> None:
    made = decision(world)
    assert [text(line) for line in version_lines(made.plan, made.situation, 60, NOW, {})] == [
        " now   v13  ann  12 d   val_auc 0.938   orders@77ab",
        " next  v14  bo   9 h    val_auc 0.941   orders@77ab",
    ]


def test_what_is_not_there_is_said(world: World) -> None:
    made = decision(world, alias="gold")
    assert [text(line) for line in version_lines(made.plan, made.situation, 80, NOW, {})] == [
        " now   no version is gold yet",
        " next  nothing says which version",
    ]


def test_without_a_policy_the_metrics_with_a_direction_are_shown(world: World) -> None:
    world.rule("[project]\nname = 'x'\n")
    made = decision(world, version="14")
    now, then = (
        text(line) for line in version_lines(made.plan, made.situation, 80, NOW, {"val_auc": True, "f1": True})
    )
    assert "val_auc 0.938" in now
    assert "f1" not in then


# -- gates


def test_what_stops_it_comes_first_and_what_passed_is_one_line(world: World) -> None:
    spoiled(world)
    assert gates(decision(world)) == [
        "✖ metric      val_auc 0.9391 ≥ 0.8, +0.0011 on v13, needs +0.002, sa…    9 h",
        "✖ metric      p95_latency_ms 131 > 120                                   9 h",
        "✖ ci          integration failed                                         8 h",
        "◌ ci          e2e *: nothing of this name ran on 1414141",
        "◌ approval    0 of 1, from team ml-leads, not you (requester)         A asks",
        "◌ ci          unit passed, 8 h old, allowed 6h                           8 h",
        "– data        waived by cy (signed): known",
        "● 6 passed    no freeze now · v14 is challenger · forward from v13 · v14 is…",
        "",
        "    data        without it: missing, orders.*: no [[checks]] are in the setti…",
    ]


def test_the_line_of_those_that_passed_unfolds(world: World) -> None:
    folded = gates(decision(world))
    unfolded = gates(decision(world), unfolded=("passed",))
    assert len(folded) == 2
    assert folded[-1].startswith("● 10 passed   val_auc 0.941 ≥ 0.8, +0.003 on v13, same data")
    assert len(unfolded) == 12
    assert "● metric      val_auc 0.941 ≥ 0.8, +0.003 on v13, same data" in "\n".join(unfolded)


def test_a_gate_that_is_unfolded_says_all_that_is_known(world: World) -> None:
    spoiled(world)
    told = "\n".join(gates(decision(world), unfolded=("metric:val_auc", "data:orders.*", "approval")))
    assert "says        val_auc 0.9391 ≥ 0.8, +0.0011 on v13, needs +0.002, same data" in told
    assert "fail        what is demanded is not met" in told
    assert "demanded    ≥ 0.8, +0.002 on champion, same data, at most 14d old" in told
    assert "found       0.9391, and 0.938 of v13" in told
    assert "from        18 nov 18:09 (9 h)" in told
    assert "waiver      :waive metric:val_auc lets it go unmet" in told
    assert "evidence    run fox-14 of v14" in told
    assert "waived      by cy (signed) until 04:09: known" in told


def test_who_asked_and_who_agreed_stands_at_the_approval(world: World) -> None:
    world.ask(CY)
    world.approve(ANN)
    world.approve(BO, at=NOW - 2 * MINUTE)
    told = "\n".join(gates(decision(world), unfolded=("passed", "approval")))
    assert "asked       by cy (signed) now" in told
    assert "ann (signed) 1 m, counts" in told
    assert "bo (signed) 2 m, does not count: own work" in told


def test_the_state_of_a_gate_is_a_word_where_there_is_room(world: World) -> None:
    spoiled(world)
    wide = gates(decision(world), 120)
    assert wide[3].startswith("◌ ci          missing      e2e *: nothing of this name ran on 1414141")
    assert wide[5].startswith("◌ ci          stale        unit passed, 8 h old, allowed 6h")
    assert "≤ 120" in gates(decision(world), 160)[1]


def test_what_a_rollback_meets_only_warns(world: World) -> None:
    lines = gates(decision(world, kind="rollback"))
    assert lines[0].startswith("▲ metric      val_auc: its run is not known here")
    assert not any(line.startswith(("✖", "◌")) for line in lines)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_screen(world: World, width: int) -> None:
    spoiled(world)
    world.rule(POLICY.replace("p95_latency_ms", "a metric with a very long name " * 3))
    made = decision(world)
    rows = rows_of(made.plan, ("passed", "metric:val_auc"), lambda gate: gate_lines(gate, made, sight(width - 2)))
    for row in rows:
        room = width - (4 if row.is_row else 2)
        assert cells(text(draw(row, room, Ink(rows, NOW, {"approval": "A asks"})))) <= room
    for line in (*version_lines(made.plan, made.situation, width, NOW, {}), *will_lines(made.plan, width)):
        assert cells(text(line)) <= width
    assert cells(text(blocked_pieces(made.plan, made.situation, say_of(made, NOW), width))) <= width


# -- what would be done


def test_what_would_be_done_is_said_exactly_and_in_order(world: World) -> None:
    made = decision(world)
    assert [text(line) for line in will_lines(made.plan, 80)] == [
        " will do   push refs/quarterdeck/ledger/churn/champion/12 as bo (signed)",
        "           mlflow set alias churn champion 13 → 14",
        "           tags on v14: quarterdeck.evidence",
    ]
    assert len(will_lines(made.plan, 80, compact=True)) == 1
    assert text(way_back_line(made.plan, 80)) == " way back  B, any time: v13"


def test_the_way_back_of_a_rollback_and_of_a_first_promotion(world: World) -> None:
    back = decision(world, kind="rollback").plan
    assert text(way_back_line(back, 80)) == " way back  promote v13 again, by its gates"
    first = decision(world, alias="gold", version="14").plan
    assert text(way_back_line(first, 80)) == " way back  none: no version is gold now"


def test_nothing_would_be_done_where_it_is_done_already(world: World) -> None:
    world.model(champion="14", challenger="14")
    made = decision(world)
    assert text(will_lines(made.plan, 80)[0]) == " will do   nothing: v14 is champion already"
    assert next_step(made.plan, made.situation, say_of(made, NOW)) == "it is there already: nothing is left to do"


# -- what is typed


@pytest.mark.parametrize("name", ["churn", "churn-v2_final", "team/churn", "a b"])
def test_a_name_that_can_be_typed_confirms(world: World, name: str) -> None:
    plan = replace(decision(world).plan, model=name)
    assert text(prompt_pieces(plan)) == f" type {name} to promote:"
    assert is_typed(word_of(plan), name)
    assert is_typed(word_of(plan), f" {name} ")
    assert not is_typed(word_of(plan), name.upper())
    assert not is_typed(word_of(plan), name[:-1])
    assert not is_typed(word_of(plan), "")


@pytest.mark.parametrize(
    "name", ["\x1b[31mchurn", " churn", "churn ", "chu  rn", "chu\u202ern", "チャーン", "x" * 41, ""]
)
def test_for_a_name_that_cannot_be_typed_the_version_stands_and_it_says_so(world: World, name: str) -> None:
    plan = replace(decision(world).plan, model=name)
    assert text(prompt_pieces(plan)) == " type the version 14 to promote (its name cannot be typed):"
    assert is_typed(word_of(plan), "14")
    assert not is_typed(word_of(plan), name)


def test_where_the_version_cannot_be_typed_either_the_plan_stands(world: World) -> None:
    plan = replace(decision(world).plan, model="\x07", to_version="\x07")
    assert word_of(plan).text == plan.short
    assert "type the plan" in text(prompt_pieces(plan))


# -- what stops it, and what then


@pytest.mark.parametrize(("change", "step"), [
    (lambda world: None, "A asks for it"),
    (lambda world: world.pipeline(2, status="failed", jobs={"unit": "failed"}), "Enter opens it, R runs it again"),
    (lambda world: world.model(champion="13"), "3 lists its versions, p on one promotes it"),
    (lambda world: world.rule("[promotion\n"), "mend quarterdeck.toml on origin/main"),
    (lambda world: world.source(REGISTRY, "unreachable", "It did not answer."), "r asks again   :sources says more"),
    (lambda world: world.rule(POLICY, is_local=True), "others need a Git remote to agree in"),
])  # fmt: skip
def test_what_is_blocked_says_what_to_do(world: World, change: Any, step: str) -> None:
    change(world)
    made = decision(world)
    assert next_step(made.plan, made.situation, say_of(made, NOW)) == step


def test_the_blocked_line_gives_way_where_it_is_narrow(world: World) -> None:
    made = decision(world)
    assert text(blocked_pieces(made.plan, made.situation, say_of(made, NOW), 80)) == (
        " blocked: needs 1 approval   A asks for it"
    )
    assert text(blocked_pieces(made.plan, made.situation, say_of(made, NOW), 40)) == " blocked: needs 1 approval"


def test_a_changed_plan_says_what_is_different() -> None:
    assert changed_words(("gate ci:unit: pass → fail",), True) == (
        "the plan changed: gate ci:unit: pass → fail. Type it again"
    )
    assert changed_words(("a", "b", "c", "d"), False) == "the plan changed: a; b and 2 more"


# -- what others are asked


def test_who_asks_first_asks_who_did_ask_waits_and_another_approves(world: World) -> None:
    assert say_of(decision(world, actor=CY), NOW).does == "ask"
    world.ask(CY)
    mine = say_of(decision(world, actor=CY), NOW)
    assert (mine.does, mine.hint) == ("", "asked now")
    assert "you asked for it just now: others approve it with `quarterdeck approve " in mine.says
    assert say_of(decision(world, actor=ANN), NOW).does == "approve"


def test_who_made_it_is_told_that_their_approval_would_not_count(world: World) -> None:
    world.ask(CY)
    told = say_of(decision(world, actor=BO), NOW)
    assert told.does == ""
    assert told.says.startswith("cy asks for approvals, and yours would not count: own work")


def test_who_is_not_named_or_is_only_claimed_is_told_so(world: World) -> None:
    world.ask(CY)
    stranger = Actor(name="dee", email="dee@example.com", strength="signed")
    assert "not in team ml-leads" in say_of(decision(world, actor=stranger), NOW).says
    claimed = replace(ANN, strength="claimed")
    assert "only claimed" in say_of(decision(world, actor=claimed), NOW).says


def test_who_approved_already_and_what_is_approved_is_said(world: World) -> None:
    world.rule(policy(approvals='count = 2\nfrom = ["team:ml-leads"]'))
    world.ask(CY)
    world.approve(ANN)
    assert say_of(decision(world, actor=ANN), NOW).says == "you approved it already"
    world.rule(policy(approvals="count = 0"))
    assert say_of(decision(world), NOW).says == "the policy wants no approval: nobody has to be asked"
    assert "a rollback waits for nobody" in say_of(decision(world, kind="rollback"), NOW).says


def test_why_a_gate_cannot_be_waived(world: World) -> None:
    spoiled(world)
    made = decision(world)
    why = {name: why_no_waiver(made, made.plan.gate(name), name) for name in ("metric:val_auc", "ci:integration", "x")}
    assert why["metric:val_auc"] == ""
    assert why["ci:integration"] == "the policy lets nobody waive ci:integration"
    assert why["x"].startswith("the plan has no gate x: metric:val_auc")
    assert "stops nothing" in why_no_waiver(made, made.plan.gate("version"), "version")
    gate = made.plan.gate("metric:val_auc")
    assert gate is not None
    told = "\n".join(text(line) for line in waive_lines(made, gate, "measured on a bad day"))
    assert " waive metric:val_auc of v14 for churn@champion, 24h long" in told
    assert "reason  measured on a bad day" in told


# -- what becomes of it


def act(state: str = "begun", outcome: Any = None, **intent: Any) -> Act:
    told = {"model": "churn", "alias": "champion", "from": "13", "version": "14", "source": "r", "reason": ""} | intent
    return Act(
        id="01", at=NOW, batch="01", begun_at=NOW, act="promote", subject="alias/churn@champion", intent=told,
        outcome=outcome, state=state,
    )  # fmt: skip


@pytest.mark.parametrize(("point", "said"), [
    ("ledger", " ledger ▶   alias ○   read back ○   evidence ○"),
    ("push", " ledger ▶   alias ○   read back ○   evidence ○"),
    ("pushed", " ledger ● 12 pushed   alias ▶ v14   read back ○   evidence ○"),
    ("alias", " ledger ● 12 pushed   alias ▶ v14   read back ○   evidence ○"),
    ("set", " ledger ● 12 pushed   alias ● v14   read back ▶   evidence ○"),
    ("read back", " ledger ● 12 pushed   alias ● v14   read back ▶   evidence ○"),
    ("evidence", " ledger ● 12 pushed   alias ● v14   read back ●   evidence ▶"),
    ("end", " ledger ● 12 pushed   alias ● v14   read back ●   evidence ●"),
])  # fmt: skip
def test_a_step_is_told_as_it_is_done(point: str, said: str) -> None:
    number: dict[str, Any] = {"number": 12} if point not in ("ledger", "push") else {}
    assert text(step_pieces(act(point=point, detail="12", **number))) == said


def test_before_the_first_step_it_is_said_what_is_read() -> None:
    assert text(step_pieces(act("asked"))) == " ▶ reading the evidence anew …"
    assert text(step_pieces(act("begun"))) == " ▶ making the plan anew …"
    assert text(step_pieces(act("asked"), is_alive=False)) == " ▲ it was asked for, and nobody carries it out"


def test_the_step_at_which_it_ended_is_marked() -> None:
    failed = act("failed", {"sentence": "No."}, point="push", detail="12")
    assert text(step_pieces(failed)) == " ledger ✖   alias –   read back –   evidence –"
    assert step_pieces(act("failed", {"sentence": "No."})) == []


def test_the_record_says_entry_who_when_and_why() -> None:
    done = act("done", {"sentence": "churn@champion: v13 → v14 (entry 12).", "read_back": {"number": 12}},
               reason="better on small stores", ticket="ML-7")  # fmt: skip
    assert record_words(done, None, "bo (signed)", sight()) == (
        "entry 12   v13 → v14   bo (signed)   03:09   ML-7   better on small stores"
    )
    assert [text(line) for line in outcome_lines(done, None, "bo (signed)", sight(), 8)] == [
        " done      churn@champion: v13 → v14 (entry 12).",
        " record    entry 12   v13 → v14   bo (signed)   03:09   ML-7   better on small…",
        " way back  B or u, any time: v13",
    ]


def test_what_was_refused_or_lost_is_told_in_full() -> None:
    sentence = "ann promoted v15 4 s ago (entry 12), before v14. " * 4
    lost = act("failed", {"sentence": sentence, "is_refused": True}, point="push")
    lines = [text(line) for line in outcome_lines(lost, None, "bo", sight(), 10)]
    assert lines[0].startswith(" refused   ann promoted v15 4 s ago")
    assert " ".join(line[11:].strip() for line in lines[:-1]) == sentence.strip()
    assert lines[-1] == " way back  none is needed: r makes the plan anew"


def test_the_journal_tells_what_moved_and_of_an_approval_what_was_agreed_to() -> None:
    assert change(act("done")) == ("v13", "v14")
    agreed = replace(act("done", short="7f3a"), act="approve_plan")
    assert change(agreed) == ("", "approval of plan 7f3a")


def test_what_is_under_way_is_told_by_its_step_and_what_came_of_it_in_its_own_words() -> None:
    far = Progress(
        batch="01", what="v13 → v14", total=1, done=0, failed=0, is_alive=True, late_in=0, why=(), touched=(),
        of="models", name="churn@champion", point="push", detail="12",
    )  # fmt: skip
    assert f"{what_and_whose(far)}: {how_far(far)}" == "churn@champion: v13 → v14: writing entry 12 of the ledger"
    lost = dataclasses.replace(far, failed=1, why=(("churn@champion is blocked: freeze. Nothing was changed.", 1),))
    assert text(outcome_pieces(lost)) == " ✖ churn@champion is blocked: freeze. Nothing was changed."
    away = dataclasses.replace(far, failed=1, why=(("Not tried: mlflow did not answer.", 1),))
    assert text(outcome_pieces(away)) == " ✖ churn@champion: v13 → v14: Not tried: mlflow did not answer."


def test_a_plan_confirmed_elsewhere_is_shown_from_its_text(world: World) -> None:
    plan = decision(world).plan
    told = told_gates({}, json.loads(plan.text))
    assert [gate.id for gate in told] == [
        gate.id for gate in plan.gates if gate.id not in ("approval", "freeze", "ledger")
    ]
    metric = next(gate for gate in told if gate.id == "metric:val_auc")
    assert (metric.state, metric.sentence) == ("pass", "val_auc 0.941")


# -- copies


def test_a_plan_is_copied_as_id_command_markdown_and_json(world: World) -> None:
    spoiled(world)
    plan = decision(world).plan
    copies = {copy.label: copy.text for copy in plan_copies(plan, NOW)}
    assert copies["plan id"] == plan.id
    assert copies["command"] == "quarterdeck promote churn@champion --version 14"
    assert "| `metric:p95_latency_ms` | fail | `p95_latency_ms 131 > 120` | `≤ 120` | 9 h |" in copies["Markdown"]
    assert json.loads(copies["JSON"])["plan"] == plan.id
    back = decision(world, kind="rollback").plan
    assert plan_copies(back, NOW)[1].text == "quarterdeck rollback churn@champion --to 12"


def test_a_name_that_a_shell_would_obey_is_quoted(world: World) -> None:
    plan = replace(decision(world).plan, model="a $(rm -rf ~)")
    assert plan_copies(plan, NOW)[1].text == "quarterdeck promote 'a $(rm -rf ~)@champion' --version 14"


def test_evidence_of_ci_is_called_by_its_name(world: World) -> None:
    world.source(CI)
    told = "\n".join(gates(decision(world), unfolded=("passed", "ci:unit")))
    assert "evidence    job unit of ci" in told


def test_evidence_of_data_is_called_by_the_check_and_its_dataset(world: World) -> None:
    declared = '[[datasets]]\nname = "orders"\nis = ["mlflow:orders", "gx:orders_asset"]'
    demanded = policy(required_checks='data = ["orders.*"]')
    world.rule(f"{declared}\n{demanded}")
    world.checked({"unique(id)": "warn"})
    told = "\n".join(gates(decision(world), unfolded=("data:orders.*",)))
    assert "orders.*: 1 warn" in told
    assert "unique(id) of orders, gx: warn" in told
