"""Running pipelines again, cancelling, approving and starting as a person meets them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from quarterdeck.app.acting import Progress
from quarterdeck.app.acts.pipelines import ABLE
from quarterdeck.app.deeds import Stop, Undo
from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import Approval, Batch, Job, Pipeline, SourceSpec
from quarterdeck.app.store.state import Act
from quarterdeck.screens import acting, question
from quarterdeck.screens.question import Question

SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((120, 40), id="120x40")]
SIZE = (120, 40)
BATCH = "01BATCH"


class Acts:
    """Writes down what it is asked for. How far a batch is, a test says; tests/terminal has the real thing."""

    def __init__(self) -> None:
        self.refused = ""
        self.asked: list[tuple[str, list[str], Any]] = []
        self.undo_next: Undo | None = None
        self.now = progress()
        self.journal: list[Act] = []
        self.left = ""
        self._stamp = 0

    def refusal(self, of: str = "tags") -> str:
        return self.refused

    def able(self, kind: str) -> frozenset[str]:
        return ABLE.get(kind, frozenset())

    def _ask(self, act: str, pipelines: Sequence[Pipeline], meant: Any = None) -> str:
        self.asked.append((act, [one.number for one in pipelines], meant))
        return BATCH

    def rerun(self, pipelines: Sequence[Pipeline], *, failed_only: bool) -> str:
        return self._ask("rerun", pipelines, failed_only)

    def cancel(self, pipelines: Sequence[Pipeline]) -> str:
        return self._ask("cancel", pipelines)

    def approve(self, pipeline: Pipeline, approvals: Sequence[str]) -> str:
        return self._ask("approve", [pipeline], tuple(approvals))

    def play(self, pipeline: Pipeline, job: Job) -> str:
        return self._ask("play", [pipeline], job.name)

    def undo(self, undo: Undo) -> str:
        self.asked.append(("undo", [stop.name for stop in undo.stops], None))
        return BATCH

    def last(self, of: str | None = None) -> Undo | None:
        return self.undo_next

    def recent(self) -> list[Act]:
        return self.journal

    def under_way(self) -> list[str]:
        return []

    def untold(self) -> list[str]:
        return []

    def mark_told(self, batch: str) -> None:
        """Nobody asks."""

    def stamp(self, batch: str) -> tuple[int, bool]:
        self._stamp += 1
        return self._stamp, self.now.is_alive

    def progress(self, batch: str) -> Progress:
        return self.now

    def settle(self) -> str:
        return self.left


def progress(**changes: Any) -> Progress:
    facts: dict[str, Any] = {
        "batch": BATCH, "what": "re-run of failed jobs", "total": 1, "done": 0, "failed": 0, "is_alive": True,
        "late_in": 30.0, "why": (), "touched": (), "of": "pipelines", "name": "nightly-train #212",
    }  # fmt: skip
    return Progress(**(facts | changes))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "GRACE", 0.0)
    monkeypatch.setattr(acting, "LOOK", 0.01)


@pytest.fixture
def acts() -> Acts:
    return Acts()


@pytest.fixture
def app(ci: Any, acts: Acts) -> Quarterdeck:
    made: Quarterdeck = ci.app(acts=acts)
    return made


async def go(pilot: Any, wait_for: Any, downs: int) -> None:
    """To the list, so many rows down."""
    await pilot.press("5")
    await wait_for(pilot, "nightly-train #214")
    await pilot.press(*("j" * downs))


async def test_failed_jobs_run_again_after_f_and_a_y(app: Quarterdeck, acts: Acts, wait_for: Any) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press("R")
        await wait_for(pilot, "f  1 failed job: train", "a  all 4 jobs: data, test, train and 1 more", "Esc leaves")
        await pilot.press("f")
        lines = await wait_for(pilot, "re-run 1 failed job: train of nightly-train #212 on main", "type y")
        assert any("at github https://api.github.com" in line for line in lines)
        assert any(" ago, attempt 2" in line for line in lines)
        assert any("the way back is u: it cancels what runs" in line for line in lines)
        assert acts.asked == []
        await pilot.press("y")
        await wait_for(pilot, "nightly-train #212: re-run of failed jobs: 0 of 1 pipeline", gone=["type y"])
        assert acts.asked == [("rerun", ["212"], True)]
        acts.now = progress(done=1, said="nightly-train #212: attempt 3 is running at github.")
        await wait_for(pilot, "● nightly-train #212: attempt 3 is running at github.")


async def test_all_jobs_run_again_after_a(app: Quarterdeck, acts: Acts, wait_for: Any) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press("R", "a")
        await wait_for(pilot, "re-run all 4 jobs: data, test, train and 1 more of nightly-train #212")
        await pilot.press("y")
        await wait_for(pilot, "0 of 1 pipeline")
        assert acts.asked == [("rerun", ["212"], False)]


async def test_the_page_of_a_pipeline_has_the_same_keys(app: Quarterdeck, acts: Acts, wait_for: Any) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press("enter")
        await wait_for(pilot, "Train the model")
        await pilot.press("R", "f")
        await wait_for(pilot, "re-run 1 failed job: train of nightly-train #212")
        await pilot.press("y")
        await wait_for(pilot, "0 of 1 pipeline")
        assert acts.asked == [("rerun", ["212"], True)]


async def test_with_one_way_only_the_question_comes_at_once(app: Quarterdeck, acts: Acts, wait_for: Any) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 6)
        await pilot.press("R")  # it passed: nothing failed that could run again alone
        await wait_for(pilot, "re-run all 4 jobs: data, test, train and 1 more of nightly-train #208", "type y")


async def test_a_local_pipeline_runs_the_jobs_of_the_settings_as_they_are_now(
    app: Quarterdeck, ci: Any, state_of: Any, wait_for: Any
) -> None:
    spec = SourceSpec(key="c" * 16, kind="local", name="local", address="")
    ci.states(state_of(spec))
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press("R")
        said = "re-run nightly-train #212 on main whole, with the jobs of the settings as they are now"
        await wait_for(pilot, said, "type y", gone=["4 jobs"])


async def test_what_runs_is_cancelled_and_the_others_are_left_alone(
    app: Quarterdeck, acts: Acts, wait_for: Any
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 0)
        await pilot.press("space", "space", "space", "X")
        await wait_for(pilot, "cancel 2 pipelines", "at github", "1 pipeline left alone", "there is no way back")
        await pilot.press("y")
        await wait_for(pilot, "0 of 1 pipeline")
        assert acts.asked == [("cancel", ["214", "213"], None)]


async def test_a_deployment_is_approved(app: Quarterdeck, acts: Acts, wait_for: Any) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 1)
        await pilot.press("A")
        await wait_for(pilot, "let the deployment to production, which waits 1 h go on: release #213 on main")
        await pilot.press("y")
        await wait_for(pilot, "0 of 1 pipeline")
        assert acts.asked == [("approve", ["213"], ("7",))]


async def test_a_job_that_waits_for_a_hand_is_started(app: Quarterdeck, acts: Acts, wait_for: Any) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 9)
        await pilot.press("A")
        await wait_for(pilot, "start the job prod of train & ship #205", "at gitlab https://gitlab.acme")
        await pilot.press("y")
        await wait_for(pilot, "0 of 1 pipeline")
        assert acts.asked == [("play", ["205"], "prod")]


async def test_of_several_that_wait_one_is_chosen(
    app: Quarterdeck, acts: Acts, ci: Any, make_pipeline: Any, wait_for: Any
) -> None:
    waiting = (Approval(id="7", name="staging"), Approval(id="8", name="production"))
    ci.cache.write("c" * 16, Batch(pipelines=(make_pipeline(1, status="waiting", approvals=waiting),)), ci.now)
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 1)
        await pilot.press("A")
        await wait_for(pilot, "1  approve staging", "2  approve production")
        await pilot.press("2")
        await wait_for(pilot, "let the deployment to production go on")
        await pilot.press("y")
        await wait_for(pilot, "0 of 1 pipeline")
        assert acts.asked == [("approve", ["213"], ("8",))]


# -- a key that can do nothing says why


@pytest.mark.parametrize(
    ("downs", "key", "why"),
    [
        (0, "R", "nightly-train #214 is running still: X cancels it"),
        (2, "X", "nightly-train #212 is over (failed): there is nothing to cancel"),
        (2, "A", "nightly-train #212 waits for nobody's approval"),
    ],
)
async def test_a_key_that_can_do_nothing_says_why(
    app: Quarterdeck, acts: Acts, wait_for: Any, downs: int, key: str, why: str
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, downs)
        await pilot.press(key)
        await wait_for(pilot, why)
        assert acts.asked == []


async def test_who_may_not_approve_is_told_who_may(
    app: Quarterdeck, acts: Acts, ci: Any, make_pipeline: Any, wait_for: Any
) -> None:
    others = (Approval(id="7", name="production", reviewers=("ml-leads",), is_mine=False),)
    ci.cache.write("c" * 16, Batch(pipelines=(make_pipeline(1, status="waiting", approvals=others),)), ci.now)
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 1)
        await pilot.press("A")
        await wait_for(pilot, "your login may not approve production: ml-leads may")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"kind": "airflow"}, "github (airflow) cannot run all jobs again from here"),
        ({"state": "untrusted"}, "github is not trusted yet"),
    ],
)
async def test_a_source_that_cannot_or_must_not_says_so(
    app: Quarterdeck, ci: Any, state_of: Any, wait_for: Any, changes: Any, why: str
) -> None:
    spec = SourceSpec(key="c" * 16, kind="github", name="github", address="https://api.github.com")
    ci.states(state_of(spec, **changes))
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press("R")
        await wait_for(pilot, why)


@pytest.mark.parametrize("key", ["R", "X", "A", "u"])
async def test_read_only_refuses_before_it_asks(app: Quarterdeck, acts: Acts, wait_for: Any, key: str) -> None:
    acts.refused = "Refused: quarterdeck was started with --read-only, nothing was changed."
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press(key)
        await wait_for(pilot, "started with --read-only")
        assert acts.asked == []


async def test_read_only_names_no_key_that_it_refuses(ci: Any, acts: Acts, wait_for: Any) -> None:
    app = ci.app(acts=acts, read_only=True)
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 1)
        await wait_for(pilot, "? all", "l log", gone=["R re-run", "X cancel", "A approve  "])
        await pilot.press("question_mark", *"again")
        await wait_for(pilot, "(refused: read-only)")


async def test_the_key_for_what_waits_stands_where_something_waits(app: Quarterdeck, wait_for: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await go(pilot, wait_for, 0)
        await wait_for(pilot, "X cancel", gone=["A approve  "])
        await pilot.press("j")
        await wait_for(pilot, "A approve  ")
        await pilot.press("j")
        await wait_for(pilot, "R re-run", gone=["A approve  "])


@pytest.mark.parametrize("key", ["enter", "space", "R", "f", "a", "Y", "n", "X"])
async def test_no_other_key_answers(app: Quarterdeck, acts: Acts, key: str, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press("R", "f")
        await wait_for(pilot, "type y")
        await pilot.press(key)
        await settled(pilot)
        assert isinstance(app.screen, Question)
        assert acts.asked == []


async def test_escape_leaves_the_choice_and_the_question(app: Quarterdeck, acts: Acts, wait_for: Any) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press("R", "x", "escape")
        await wait_for(pilot, "? all", gone=["Esc leaves"])
        await pilot.press("R", "f", "escape")
        await wait_for(pilot, "nothing was changed", gone=["type y"])
        assert acts.asked == []


# -- what came of it


async def test_what_was_refused_is_told_with_its_reason(app: Quarterdeck, acts: Acts, wait_for: Any) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press("R", "f")
        await wait_for(pilot, "type y")
        why = "nightly-train #212 was run again meanwhile: it is at attempt 3 (running), not 2. Left as it is."
        acts.now = progress(failed=1, why=((why, 1),))
        await pilot.press("y")
        await wait_for(pilot, f"✖ re-run of failed jobs: {why[:60]}")


async def test_what_is_not_known_yet_is_told_so_with_its_reason(app: Quarterdeck, acts: Acts, wait_for: Any) -> None:
    acts.now, acts.left = progress(is_alive=False, late_in=0.0), "github took it, and does not show it yet."
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press("R", "f")
        await wait_for(pilot, "type y")
        await pilot.press("y")
        await wait_for(pilot, "▲ not known yet: github took it, and does not show it yet.")


async def test_my_rerun_is_taken_back_by_a_cancel(app: Quarterdeck, acts: Acts, ci: Any, wait_for: Any) -> None:
    stop = Stop(entry="e", source="c", pipeline="7", name="nightly-train #212", attempt=3)
    acts.undo_next = Undo(what="re-run of failed jobs", at=ci.now - 60_000, stops=(stop,))
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press("u")
        await wait_for(pilot, "take back re-run of failed jobs on 1 pipeline", "nightly-train #212  is cancelled")
        await pilot.press("y")
        await wait_for(pilot, "0 of 1 pipeline")
        assert acts.asked == [("undo", ["nightly-train #212"], None)]


async def test_what_has_no_way_back_says_so(app: Quarterdeck, acts: Acts, wait_for: Any) -> None:
    acts.undo_next = Undo(what="cancel", at=0, never="what was cancelled stays so: R runs it again")
    async with app.run_test(size=SIZE) as pilot:
        await go(pilot, wait_for, 2)
        await pilot.press("u")
        await wait_for(pilot, "your last act was the cancel: what was cancelled stays so")


async def test_the_journal_tells_acts_on_pipelines(app: Quarterdeck, acts: Acts, wait_for: Any) -> None:
    before = {"attempt": 2, "status": "failed", "jobs": None, "approvals": []}
    after = before | {"attempt": 3, "status": "running"}
    made = {"source": "c", "pipeline": "7", "name": "nightly-train #212", "previous": before}
    acts.journal = [
        Act(
            id=state, at=1_773_457_000_000, batch=state, begun_at=1, act="rerun_failed", subject="pipeline/7",
            intent=made, state=state, outcome={"sentence": "It cannot be said.", "read_back": now} if now else None,
        )
        for state, now in [("unknown", before), ("done", after), ("begun", None)]
    ]  # fmt: skip
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("colon", *"acts", "enter")
        await wait_for(
            pilot, "re-run of failed jobs   1 done", "failed (attempt 2) → running (attempt 3)", "1 unknown",
            "It cannot be said.", "failed (attempt 2) → re-run of failed jobs",
        )  # fmt: skip


async def test_the_journal_names_the_pipeline_that_runs_in_place_of_the_old_one(
    app: Quarterdeck, acts: Acts, wait_for: Any
) -> None:
    before = {"attempt": 1, "status": "failed", "jobs": None, "approvals": []}
    after = before | {"pipeline": "8", "name": "local #3", "status": "running"}
    made = {"source": "c", "pipeline": "7", "name": "local #2", "previous": before}
    act = Act(
        id="a", at=1_773_457_000_000, batch="a", begun_at=1, act="rerun", subject="pipeline/7", intent=made,
        state="done", outcome={"sentence": "", "read_back": after},
    )  # fmt: skip
    acts.journal = [act]
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("colon", *"acts", "enter")
        await wait_for(pilot, "local #2", "failed → local #3, running")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keys", [("R",), ("R", "f")], ids=["choice", "question"])
def test_picture_of_a_rerun(
    app: Quarterdeck, snap_compare: Any, settled: Any, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    async def before(pilot: Any) -> None:
        await settled(pilot)
        for key in ("5", "j", "j", *keys):
            await pilot.press(key)
            await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=before)
