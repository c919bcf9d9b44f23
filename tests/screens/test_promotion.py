"""The page of a plan as a person meets it: reading it, confirming it by name, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from textual import events

from quarterdeck.app.errors import StoreError
from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import Want
from quarterdeck.screens import acting, promotion, promotion_deed, question
from quarterdeck.screens.detail import DetailScreen
from quarterdeck.screens.log import LogScreen
from quarterdeck.screens.promotion import PromotionScreen
from quarterdeck.screens.run import RunScreen
from quarterdeck.widgets import field
from tests.app.promotion.evidence import ANN, BO, CY, HOUR, MINUTE, NEW, NOW, POLICY, policy
from tests.screens.promoting import Stage, page

SIZE = (80, 23)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a person's fingers or eyes does not wait here."""
    monkeypatch.setattr(question, "GRACE", 0.0)
    monkeypatch.setattr(field, "APART", 0.0)
    monkeypatch.setattr(acting, "LOOK", 0.01)
    monkeypatch.setattr(promotion_deed, "LOOK", 0.01)
    monkeypatch.setattr(promotion, "CHANGES_AT_MOST_EVERY", 0.01)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path, stack)


def approved(stage: Stage) -> Stage:
    """Everything passes: cy asked, and ann agreed."""
    stage.world.ask(CY)
    stage.world.approve(ANN)
    return stage


async def look(app: Quarterdeck, pilot: Any, wait_for: Any, *texts: str, **wanted: Any) -> PromotionScreen:
    """Open the page, and wait until the plan is there."""
    made = page(app, **wanted)
    app.push_screen(made)
    await wait_for(pilot, *(texts or ("will do",)))
    return made


def signs(text: str) -> list[str]:
    """The keys that type this."""
    return [{" ": "space", ":": "colon", "-": "minus", "@": "at"}.get(sign, sign) for sign in text]


async def command(pilot: Any, text: str) -> None:
    await pilot.press("colon", *signs(text), "enter")


def row(lines: list[str], begin: str) -> str:
    return next(line for line in lines if line.startswith(begin))


# -- reading it


async def test_the_whole_decision_stands_on_a_small_terminal(stage: Stage, settled: Any, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for)
        lines = await settled(pilot)
        assert lines[1].startswith(" promote churn → champion   plan ")
        assert lines[1].endswith("policy 20aa4d1 on origin/main")
        assert lines[2].startswith(" now   v13")
        assert lines[3].startswith(" next  v14")
        assert lines[5] == " ▸ ◌ approval    0 of 1, from team ml-leads, not you (requester)         A asks"
        assert lines[6].startswith("   ● 10 passed   val_auc 0.941 ≥ 0.8")
        assert row(lines, " will do") == " will do   push refs/quarterdeck/ledger/churn/champion/12 as bo (signed)"
        assert row(lines, " way back") == " way back  B, any time: v13"
        assert row(lines, " reason").count("_") > 40
        assert lines[-2] == " blocked: needs 1 approval   A asks for it"
        assert lines[-1].startswith(" Enter evidence  A ask  → more")


async def test_a_long_list_of_gates_scrolls_and_the_decision_stays(stage: Stage, settled: Any, wait_for: Any) -> None:
    names = ", ".join(f'"check-{number}"' for number in range(30))
    stage.world.rule(policy(required_checks=f"ci = [{names}]"))
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for)
        await pilot.press("G")
        lines = await settled(pilot)
        assert "passed" in "\n".join(lines[5:15])
        assert lines[2].startswith(" now   v13")
        assert row(lines, " way back")
        assert lines[-2].startswith(" blocked: ")


async def test_right_unfolds_and_left_folds(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for)
        await pilot.press("right")
        await wait_for(pilot, "missing     it cannot be known now, and so it does not pass", "demanded    1 approval")
        await pilot.press("left", "down", "enter")
        await wait_for(pilot, "● metric      val_auc 0.941 ≥ 0.8", gone=["demanded"])
        await pilot.press("enter")
        await wait_for(pilot, "● 10 passed", gone=["● metric      val_auc"])


async def test_enter_opens_the_run_that_a_metric_comes_from(stage: Stage, wait_for: Any) -> None:
    stage.world.run("14", 0.70, 111.0, user="bo", commit=NEW, ended_at=NOW - 9 * HOUR)
    stage.world.rule(POLICY.replace("min_absolute_change = 0.002\n", "").replace("same_dataset = true\n", ""))
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "✖ metric      val_auc 0.7 < 0.8")
        await pilot.press("enter")
        await wait_for(pilot, "fox-14", gone=["will do"])
        assert isinstance(app.screen, RunScreen)
        await pilot.press("escape")
        await wait_for(pilot, "will do")


async def test_of_several_things_it_is_asked_which_and_a_job_opens_at_its_log(stage: Stage, wait_for: Any) -> None:
    stage.world.pipeline(2, status="failed", jobs={"unit": "passed", "integration": "failed"})
    stage.world.run("14", 0.9391, 111.0, user="bo", commit=NEW, ended_at=NOW - 9 * HOUR)
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "✖ ci          integration failed")
        await pilot.press("enter")
        await wait_for(
            pilot, "evidence of metric:val_auc", "1  run fox-14 of v14", "2  run fox-13 of v13", "Esc leaves"
        )
        await pilot.press("escape", "down", "enter")
        await wait_for(pilot, "integration", gone=["will do"])
        assert isinstance(app.screen, LogScreen)


async def test_the_policy_opens_the_commit_that_it_was_read_at(stage: Stage, wait_for: Any) -> None:
    stage.world.rule("[promotion\n")
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "✖ policy")
        await pilot.press("enter")
        await wait_for(pilot, "commit 20aa4d1")
        assert isinstance(app.screen, DetailScreen)


async def test_where_there_is_room_the_gate_under_the_cursor_is_shown_whole(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await look(app, pilot, wait_for, " ◌ approval  missing", "demanded")
        await pilot.press("down")
        await wait_for(pilot, "metric:val_auc         val_auc 0.941", gone=[" ◌ approval  missing"])


@pytest.mark.parametrize(("change", "texts"), [
    (lambda w: w.rule("[project]\nname = 'x'\n"), ["no policy at 20aa4d1", "▲ policy      no policy covers"]),
    (lambda w: w.say(policy=None), ["policy not read yet", "◌ policy      the repository was not read yet",
                                    "r reads the repository"]),
    (lambda w: w.model(champion="14", challenger="14"), ["nothing: v14 is champion already",
                                                         "it is there already: nothing is left to do"]),
    (lambda w: w.model(champion="13"), ["next  nothing says which version", "3 lists its versions, p on one"]),
])  # fmt: skip
async def test_every_state_says_what_to_do(stage: Stage, wait_for: Any, change: Any, texts: list[str]) -> None:
    change(stage.world)
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, *texts)


async def test_a_plan_is_made_anew_when_the_cache_changes_and_the_cursor_stays(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "10 passed")
        await pilot.press("down")
        stage.world.pipeline(2, status="failed", jobs={"unit": "passed", "integration": "failed"})
        await wait_for(
            pilot, "✖ ci          integration failed", "▸ ● 9 passed", "the plan changed: gate ci:integration"
        )
        assert made.outline.entry() is not None


async def test_time_alone_makes_evidence_stale(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "10 passed")
        stage.now = NOW + 20 * HOUR
        made.time_passed()
        await wait_for(pilot, "◌ ci          unit passed, 28 h old, allowed 24h")


async def test_r_asks_the_syncer_for_the_ledger_and_both_versions(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for)
        await pilot.press("r")
        await wait_for(pilot, "asked the syncer")
        assert Want(kind="ledger", source="g") in stage.wants
        assert Want(kind="model", source="r", model="churn", keys=("13", "14")) in stage.wants
        assert stage.passes == ["pass"]


async def test_the_plan_is_copied(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=(100, 40)) as pilot:
        await look(app, pilot, wait_for)
        await pilot.press("y")
        await wait_for(pilot, "plan id", "quarterdeck promote churn@champion --version 14", "Markdown", "JSON")


# -- what others are asked


async def test_a_asks_for_approvals_after_a_y(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for)
        await pilot.press("A")
        await wait_for(pilot, "ask for approval of plan ", "as bo (signed)   it needs 1 approval", "type y to do it")
        assert stage.state.acts() == []
        await pilot.press("y")
        await wait_for(pilot, "request to approve plan")
        asked = stage.asked()
        assert (asked.act, asked.intent["model"], asked.intent["git"]) == ("ask_approval", "churn", "g")
        stage.world.ask(BO)
        await wait_for(pilot, "asked now", "blocked: needs 1 approval   asked now")
        await pilot.press("A")
        await wait_for(pilot, "you asked for it just now: others approve it with `quarterdeck approve")


async def test_a_approves_what_another_asked_for(stage: Stage, wait_for: Any) -> None:
    stage.world.ask(CY)
    stage.me = ANN
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "A approves")
        await pilot.press("A")
        await wait_for(pilot, "approve plan ", "it holds for exactly this plan", "type y to do it")
        await pilot.press("y")
        await wait_for(pilot, "approval of plan")
        assert stage.asked().act == "approve_plan"


async def test_a_gate_is_waived_with_a_reason(stage: Stage, wait_for: Any) -> None:
    stage.world.run("14", 0.9391, 111.0, user="bo", commit=NEW, ended_at=NOW - 9 * HOUR)
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "✖ metric", ":waive GATE")
        await pilot.press("colon", *signs("waive metric:val"), "tab", "enter")
        await wait_for(pilot, "why metric:val_auc may go unmet")
        await pilot.press("enter")
        await wait_for(pilot, "a waiver needs its reason")
        await pilot.press(*"drift", "enter")
        await wait_for(pilot, "waive metric:val_auc of v14 for churn@champion, 24h long", "reason  drift", "type y")
        await pilot.press("y")
        await wait_for(pilot, "waiver of metric:val_auc")
        asked = stage.asked()
        assert (asked.act, asked.intent["gate"], asked.intent["note"]) == ("waive", "metric:val_auc", "drift")


@pytest.mark.parametrize(("name", "why"), [
    ("version", "version stops nothing"), ("gold", "the plan has no gate gold"),
    ("ci:integration", "the policy lets nobody waive ci:integration"),
])  # fmt: skip
async def test_what_cannot_be_waived_is_not_asked_about(stage: Stage, wait_for: Any, name: str, why: str) -> None:
    stage.world.pipeline(2, status="failed", jobs={"unit": "passed", "integration": "failed"})
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "✖ ci")
        await command(pilot, f"waive {name}")
        await wait_for(pilot, why)
        assert stage.state.acts() == []


# -- confirming


async def confirm(pilot: Any, name: str = "churn") -> None:
    await pilot.press("p", *name, "enter")


async def test_the_name_and_enter_have_it_done_as_it_was_seen(stage: Stage, wait_for: Any) -> None:
    app = approved(stage).app()
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "type churn to promote:")
        await pilot.press("tab", *"better", "enter", *"ML-7", "enter", *"churn")
        assert stage.state.acts() == []
        await pilot.press("enter")
        await wait_for(pilot, "▶ reading the evidence anew …")
        assert made.decision is not None
        asked, plan = stage.asked(), made.decision.plan
        assert (asked.act, asked.subject, asked.intent["plan"]) == ("promote", "alias/churn@champion", plan.id)
        assert (asked.intent["text"], asked.intent["reason"], asked.intent["ticket"]) == (plan.text, "better", "ML-7")


@pytest.mark.parametrize("typed", ["", "Churn", "chur", "churn2", "y"])
async def test_another_name_does_nothing(stage: Stage, wait_for: Any, typed: str) -> None:
    app = approved(stage).app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "type churn to promote:")
        await confirm(pilot, typed)
        await wait_for(pilot, "that is not churn: nothing was done")
        assert stage.state.acts() == []


async def test_in_a_field_every_key_is_a_letter_and_escape_leaves_it(stage: Stage, wait_for: Any) -> None:
    app = approved(stage).app()
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "type churn to promote:")
        await pilot.press("tab", *"qA", "colon", "B", "question_mark", "y")
        assert made.field("reason").value == "qA:B?y"
        await pilot.press("down", "escape")
        assert app.screen is made
        await wait_for(pilot, "reason    qA:B?y")
        await pilot.press("escape")
        assert app.screen is not made


async def test_pasted_text_outside_a_field_goes_nowhere(stage: Stage, wait_for: Any) -> None:
    app = approved(stage).app()
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "type churn to promote:")
        app.post_message(events.Paste("pchurn\n"))
        await pilot.pause()
        assert made.field("typed").value == ""
        assert stage.state.acts() == []


async def test_a_blocked_plan_takes_no_confirmation(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "blocked: needs 1 approval")
        await pilot.press("p")
        await wait_for(pilot, "it is blocked: needs 1 approval")
        await pilot.press("tab", "tab", "tab")
        assert made.focused is made.field("reason")
        await pilot.press("escape", "enter")
        assert stage.state.acts() == []


async def test_tab_leads_from_the_name_to_the_reason_where_letters_are_letters(stage: Stage, wait_for: Any) -> None:
    app = approved(stage).app()
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "type churn to promote:")
        await pilot.press("p", "tab", *"qA")
        assert made.focused is made.field("reason")
        assert made.field("reason").value == "qA"
        await pilot.press("shift+tab")
        assert made.focused is made.field("typed")


async def test_read_only_says_so_and_takes_nothing(stage: Stage, wait_for: Any) -> None:
    app = approved(stage).app(read_only=True)
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "read-only, nothing is promoted from here")
        await pilot.press("p", "tab")
        assert made.focused is made.outline
        await pilot.press("A")
        await wait_for(pilot, "▲ Refused: quarterdeck was started with --read-only")
        assert stage.state.acts() == []


async def test_what_was_typed_is_cleared_when_the_plan_changes(stage: Stage, wait_for: Any) -> None:
    stage.world.rule(policy(approvals="count = 0"))
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "type churn to promote:")
        await pilot.press("p", *"chur")
        stage.world.run("14", 0.951, 111.0, user="bo", commit=NEW, ended_at=NOW - 9 * HOUR)
        await wait_for(pilot, "the plan changed: gate metric:val_auc found: 0.941 → 0.951. Type it again")
        assert made.field("typed").value == ""
        await pilot.press(*"n", "enter")
        await wait_for(pilot, "that is not churn")
        assert stage.state.acts() == []


async def test_a_plan_that_becomes_blocked_takes_the_field_away(stage: Stage, wait_for: Any) -> None:
    stage.world.rule(policy(approvals="count = 0"))
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "type churn to promote:")
        await pilot.press("p", *"churn")
        stage.world.pipeline(2, status="failed", jobs={"unit": "failed", "integration": "passed"})
        await wait_for(pilot, "blocked: ci:unit")
        assert made.focused is made.outline
        assert made.field("typed").value == ""


async def test_a_rollback_that_wants_a_reason_waits_for_one(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "type churn to roll back:", "the policy wants one", kind="rollback")
        await confirm(pilot)
        await wait_for(pilot, "the policy wants a reason")
        assert made.focused is made.field("reason")
        await pilot.press(*"drift", "tab", "tab", "enter")
        await wait_for(pilot, "reading the evidence anew")
        assert (stage.asked().act, stage.asked().intent["version"]) == ("rollback", "12")


async def test_a_name_that_a_terminal_would_obey_is_spelled_out(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, model="ch\x1b[31murn")
        await wait_for(pilot, "promote ch\\u{1b}[31murn → champion", "blocked")


# -- what becomes of it


async def test_each_step_is_told_then_the_record_and_the_way_back(stage: Stage, settled: Any, wait_for: Any) -> None:
    app = approved(stage).app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "type churn to promote:")
        await confirm(pilot)
        await wait_for(pilot, "▶ reading the evidence anew …")
        with stage.carrying_out() as reached:
            reached("ledger")
            await wait_for(pilot, "ledger ▶   alias ○   read back ○   evidence ○")
            reached("pushed", "12")
            await wait_for(pilot, "ledger ● 12 pushed   alias ▶ v14   read back ○   evidence ○")
            reached("read back")
            await wait_for(pilot, "alias ● v14   read back ▶   evidence ○")
            stage.ended("done", "churn@champion: v13 → v14 (entry 12).", number=12)
        await wait_for(pilot, "evidence ●")
        lines = await settled(pilot)
        assert row(lines, " done") == " done      churn@champion: v13 → v14 (entry 12)."
        assert row(lines, " record") == " record    entry 12   v13 → v14   bo (signed)   03:09"
        assert row(lines, " way back") == " way back  B or u, any time: v13"
        stage.world.entry(12, "14", "13", at=NOW + MINUTE, by=BO)
        stage.world.model(champion="14", challenger="14")
        await wait_for(pilot, "03:10")
        assert lines[2] == (await settled(pilot))[2]  # what was decided stays as it was seen
        await pilot.press("r")
        await wait_for(pilot, "v14 is champion already")


async def test_what_was_refused_is_told_in_full_and_r_plans_anew(stage: Stage, settled: Any, wait_for: Any) -> None:
    sentence = "churn@champion shows v15 now, not v13: ann promoted it 4 s ago (entry 12). Nothing was changed."
    app = approved(stage).app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "type churn to promote:")
        await confirm(pilot)
        await wait_for(pilot, "▶ reading the evidence anew …")
        with stage.carrying_out() as reached:
            reached("ledger")
            stage.ended("failed", sentence, is_refused=True)
        await wait_for(pilot, "refused   churn@champion shows v15 now", "ledger ✖   alias –", "r makes the plan anew")
        told = " ".join(line[11:].strip() for line in await settled(pilot))
        assert sentence in told
        await pilot.press("r")
        await wait_for(pilot, "type churn to promote:", gone=["refused"])


async def test_who_comes_back_while_it_runs_sees_how_far_it_is(stage: Stage, wait_for: Any) -> None:
    app = approved(stage).app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "type churn to promote:")
        await confirm(pilot)
        await wait_for(pilot, "▶ reading the evidence anew …")
    with stage.carrying_out() as reached:
        reached("pushed", "12")
        stage.world.entry(12, "14", "13", at=NOW, by=BO)
        again = stage.app()
        async with again.run_test(size=SIZE) as pilot:
            await look(again, pilot, wait_for, "ledger ● 12 pushed   alias ▶ v14", "8 passed")
            stage.world.model(champion="14", challenger="14")
            stage.ended("done", "churn@champion: v13 → v14 (entry 12).", number=12)
            await wait_for(pilot, " done      churn@champion: v13 → v14 (entry 12).", "now   v13", "next  v14")


async def test_that_it_cannot_be_asked_for_is_told(stage: Stage, wait_for: Any, monkeypatch: Any) -> None:
    app = approved(stage).app()
    async with app.run_test(size=SIZE) as pilot:
        made = await look(app, pilot, wait_for, "type churn to promote:")

        def full(*args: Any) -> str:
            raise StoreError("The disk is full.")

        monkeypatch.setattr(made.deciding, "apply", full)
        await confirm(pilot)
        await wait_for(pilot, "▲ nothing was changed: The disk is full.", "type churn to promote:")


# -- ways to it


async def test_commands_lead_to_plans(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await wait_for(pilot, "runs")
        await command(pilot, "promote churn")
        await wait_for(pilot, "promote churn → champion", "will do")
        await command(pilot, "rollback churn@champion")
        await wait_for(pilot, "roll back churn@champion", "type churn to roll back:")
        await command(pilot, "rollback churn 14")
        await wait_for(pilot, "roll back churn@champion", "mlflow set alias churn champion 13 → 14")
        await command(pilot, "promote churn@champion 12")
        await wait_for(pilot, "promote churn → champion", "next  v12")
        await command(pilot, "promote nothere")
        await wait_for(pilot, "the cache has no model nothere")


async def test_p_and_b_lead_from_a_model_and_from_its_versions(stage: Stage, settled: Any, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "churn", "p promote")
        await settled(pilot)
        await pilot.press("p")
        await wait_for(pilot, "promote churn → champion", "next  v14")
        await pilot.press("escape", "B")
        await wait_for(pilot, "roll back churn@champion", "next  v12")
        await pilot.press("escape", "enter")
        await wait_for(pilot, "v14", "v13", "v12", gone=["roll back churn@champion"])
        await settled(pilot)
        await pilot.press("G", "p")  # version 12: policy and alias are the same
        backwards = "v12 is not after v13: only a rollback goes back"
        await wait_for(pilot, "promote churn → champion", "next  v12", backwards)
        await pilot.press("escape", "B")
        await wait_for(pilot, "v12 holds no alias: there is nothing to roll back")
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("p")
        await wait_for(pilot, "promote churn → champion", "next  v12")


async def test_without_a_policy_it_is_asked_which_alias(stage: Stage, settled: Any, wait_for: Any) -> None:
    stage.world.rule("[project]\nname = 'x'\n")
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await wait_for(pilot, "churn")
        await pilot.press("enter")
        await wait_for(pilot, "v12")
        await settled(pilot)
        await pilot.press("G", "p")
        await wait_for(pilot, "promote churn v12: which alias", "v13 now   no policy covers it", "v14 now")
        await pilot.press("enter")
        await wait_for(pilot, "next  v12", "no policy at 20aa4d1", "type churn to promote:")


async def test_b_leads_to_the_way_back(stage: Stage, wait_for: Any) -> None:
    app = stage.app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for)
        await pilot.press("B")
        await wait_for(pilot, "roll back churn@champion", "mlflow set alias churn champion 13 → 12")
        await pilot.press("B")
        await wait_for(pilot, "this is the way back")
        await pilot.press("escape")
        await wait_for(pilot, "promote churn → champion")


async def test_undo_of_a_promotion_is_the_plan_of_its_way_back(stage: Stage, wait_for: Any) -> None:
    app = approved(stage).app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "type churn to promote:")
        await confirm(pilot)
        await wait_for(pilot, "▶ reading the evidence anew …")
        with stage.carrying_out():
            stage.ended("done", "churn@champion: v13 → v14 (entry 12).", number=12)
        await wait_for(pilot, " done")
        stage.world.model(champion="14", challenger="14")
        stage.world.entry(12, "14", "13")
        await pilot.press("u")
        await wait_for(pilot, "roll back churn@champion", "mlflow set alias churn champion 14 → 13")


async def test_the_journal_tells_promotions_with_their_entries(stage: Stage, wait_for: Any) -> None:
    app = approved(stage).app()
    async with app.run_test(size=SIZE) as pilot:
        await look(app, pilot, wait_for, "type churn to promote:")
        await confirm(pilot)
        await wait_for(pilot, "▶ reading the evidence anew …")
        with stage.carrying_out():
            stage.ended("done", "churn@champion: v13 → v14 (entry 12).", number=12)
        await wait_for(pilot, " done")
        await command(pilot, "acts")
        await wait_for(pilot, "promotion", "1 done", "churn@champion", "v13 → v14", "entry 12")
