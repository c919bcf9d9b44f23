"""Tagging, taking back and copying as a person meets them: what is asked, what answers, what is said afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from textual import events

from quarterdeck.app.acting import Progress
from quarterdeck.app.acts.tags import check_tag
from quarterdeck.app.deeds import Step, Undo
from quarterdeck.app.errors import StoreError
from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import Run, Subject
from quarterdeck.app.store.state import Act
from quarterdeck.screens import acting, question
from quarterdeck.screens.copying import CopyMenu
from quarterdeck.screens.question import Question
from quarterdeck.widgets.pasting import PasteParser, came_alone

SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((120, 40), id="120x40")]
BATCH = "01BATCH"


class Acts:
    """Writes down what it is asked for. How far a batch is, a test says; tests/terminal has the real thing."""

    def __init__(self) -> None:
        self.refused = ""
        self.tagged: list[tuple[list[str], str, str]] = []
        self.undone: list[Undo] = []
        self.undo_next: Undo | None = None
        self.now: Progress = progress(total=1)
        self.told: list[str] = []
        self.open: list[str] = []
        self.journal: list[Act] = []
        self.left = ""
        self.settled = 0
        self.error: Exception | None = None
        self._stamp = 0

    def refusal(self, of: str = "tags") -> str:
        return self.refused

    def check_tag(self, key: str, value: str) -> None:
        check_tag(Subject(kind="run", parts=("x",)), key, value)

    def tag(self, runs: Sequence[Run], key: str, value: str) -> str:
        if self.error:
            raise self.error
        self.tagged.append(([run.name for run in runs], key, value))
        return BATCH

    def undo(self, undo: Undo) -> str:
        self.undone.append(undo)
        return BATCH

    def last(self, of: str | None = None) -> Undo | None:
        return self.undo_next

    def recent(self) -> list[Act]:
        return self.journal

    def under_way(self) -> list[str]:
        return self.open

    def untold(self) -> list[str]:
        return []

    def mark_told(self, batch: str) -> None:
        self.told.append(batch)

    def stamp(self, batch: str) -> tuple[int, bool]:
        self._stamp += 1
        return self._stamp, self.now.is_alive

    def progress(self, batch: str) -> Progress:
        return self.now

    def settle(self) -> str:
        self.settled += 1
        return self.left


def progress(**changes: Any) -> Progress:
    facts: dict[str, Any] = {
        "batch": BATCH, "what": "stage=gold", "total": 3, "done": 0, "failed": 0, "is_alive": True, "late_in": 30.0,
        "why": (), "touched": (),
    }  # fmt: skip
    return Progress(**(facts | changes))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "GRACE", 0.0)
    monkeypatch.setattr(question, "GRACE_UNBIDDEN", 0.0)
    monkeypatch.setattr(question, "PATIENCE", 3_600.0)
    monkeypatch.setattr(question, "LOOK", 0.05)
    monkeypatch.setattr(acting, "LOOK", 0.01)


@pytest.fixture
def acts() -> Acts:
    return Acts()


@pytest.fixture
def app(world: Any, acts: Acts) -> Quarterdeck:
    made: Quarterdeck = world.fill().app(acts=acts)
    return made


Pilot = Any
TypeTag = Callable[..., Any]


async def type_tag(pilot: Pilot, text: str, *before: str) -> None:
    names = {" ": "space", "=": "equals_sign"}
    await pilot.press(*before, "T", *(names.get(sign, sign) for sign in text), "enter")


async def test_one_run_is_tagged_after_a_y(app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await type_tag(pilot, "stage=gold")
        lines = await wait_for(pilot, "tag 1 run", "set stage=gold on 1 run in mlflow http://mlflow.acme:5000")
        assert any("brave-cod-214" in line and "no stage now" in line for line in lines)
        assert acts.tagged == []
        await pilot.press("y")
        await wait_for(pilot, "stage=gold: 0 of 1 run", gone=["type y"])
        assert acts.tagged == [(["brave-cod-214"], "stage", "gold")]


async def test_a_run_is_tagged_on_its_own_page(app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("j", "enter")
        await wait_for(pilot, "calm-ox-213", "params")
        await type_tag(pilot, "stage=gold")
        await wait_for(pilot, "set stage=gold on 1 run")
        await pilot.press("y")
        await wait_for(pilot, "stage=gold: 0 of 1 run", "params", gone=["type y"])
        assert acts.tagged == [(["calm-ox-213"], "stage", "gold")]
        await pilot.press("T", "x", "escape")
        await wait_for(pilot, "? all", gone=["KEY=VALUE"])


async def test_all_marked_runs_are_tagged_and_those_that_have_it_left_alone(
    app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any, world: Any, make_run: Any
) -> None:
    tags = [{}, {"stage": "silver"}, {"stage": "gold"}, {}]
    world.write(*(make_run(index, tags=own, status="finished") for index, own in enumerate(tags)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await type_tag(pilot, "stage = gold", "space", "space", "space")
        lines = await wait_for(pilot, "set stage=gold on 2 runs", "1 run left alone: it has it already")
        assert any("stage=silver now" in line for line in lines)
        await pilot.press("y")
        await wait_for(pilot, "stage=gold: 0 of", gone=["type y"])
        ((names, key, value),) = acts.tagged
        assert (len(names), key, value) == (2, "stage", "gold")


@pytest.mark.parametrize("key", ["enter", "space", "T", "Y", "n", "j"])
async def test_no_other_key_answers(app: Quarterdeck, acts: Acts, key: str, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await type_tag(pilot, "stage=gold")
        await settled(pilot)
        await pilot.press(key)
        await settled(pilot)
        assert isinstance(app.screen, Question)
        assert acts.tagged == []


async def test_escape_changes_nothing_and_says_so(app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await type_tag(pilot, "stage=gold")
        await wait_for(pilot, "type y")
        await pilot.press("escape")
        await wait_for(pilot, "nothing was changed", gone=["type y"])
        assert acts.tagged == []


def test_keys_that_come_in_one_read_are_told_from_one_that_comes_alone() -> None:
    parser = PasteParser()
    crowd = [message for message in parser.feed("Ty") if isinstance(message, events.Key)]
    (alone,) = (message for message in parser.feed("y") if isinstance(message, events.Key))
    assert [came_alone(key) for key in crowd] == [False, False]
    assert came_alone(alone)
    after_paste = [m for m in parser.feed("\x1b[200~x\x1b[201~y") if isinstance(m, events.Key)]
    assert [came_alone(key) for key in after_paste] == [False]


async def test_a_y_in_a_crowd_does_not_answer(app: Quarterdeck, acts: Acts, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await type_tag(pilot, "stage=gold")
        await settled(pilot)
        for message in PasteParser().feed("yy"):
            app.screen.post_message(message)
        await settled(pilot)
        assert isinstance(app.screen, Question)
        assert acts.tagged == []


async def test_a_y_that_comes_before_anybody_can_have_read_does_not_answer(
    app: Quarterdeck, acts: Acts, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(question, "GRACE", 3_600.0)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await type_tag(pilot, "stage=gold")
        await pilot.press("y")
        await settled(pilot)
        assert isinstance(app.screen, Question)
        assert acts.tagged == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [("stage", "write KEY=VALUE"), ("=gold", "0 characters"), ("../x=gold", "takes no tag key"), ("", "KEY=VALUE")],
)
async def test_what_is_no_tag_is_said_and_can_be_mended(
    app: Quarterdeck, acts: Acts, typed: str, said: str, wait_for: Any, settled: Any
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await type_tag(pilot, typed)
        await wait_for(pilot, said)
        await pilot.press("escape")
        await wait_for(pilot, "? all", gone=[said])
        assert acts.tagged == []


async def test_known_tags_complete_what_is_typed(app: Quarterdeck, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("T", "t", "e", "tab", "x", "enter")
        await wait_for(pilot, "set team=x on 1 run", "team=growth now")


async def test_read_only_refuses_before_it_asks(app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any) -> None:
    acts.refused = "Refused: quarterdeck was started with --read-only, nothing was changed."
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("T")
        await wait_for(pilot, "started with --read-only")
        assert not app.screen.query_one("#prompt").display


async def test_undo_is_refused_read_only_too(app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any) -> None:
    acts.refused = "Refused: read-only"
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("u")
        await wait_for(pilot, "Refused: read-only")
        assert acts.undone == []


# -- how far it is, and what came of it


async def test_the_line_follows_and_then_says_what_came_of_it(
    app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        acts.now = progress()
        await type_tag(pilot, "stage=gold")
        await wait_for(pilot, "type y")
        await pilot.press("y")
        await wait_for(pilot, "▶ stage=gold: 0 of 3 runs")
        acts.now = progress(done=1, failed=1)
        await wait_for(pilot, "stage=gold: 2 of 3 runs")
        await pilot.press("j", "enter")  # another screen says it as well
        await wait_for(pilot, "stage=gold: 2 of 3 runs", "params")
        acts.now = progress(done=2, failed=1, why=(("calm-ox: is deleted in MLflow.", 1),))
        await wait_for(pilot, "✖ stage=gold: 2 done, 1 run not (:acts): calm-ox: is deleted in MLflow.")
        assert acts.told == [BATCH]
        assert app.deck.following is not None
        assert app.deck.following._look_timer is None  # nothing is looked at when nothing is under way


async def test_what_was_cut_off_is_asked_after_and_told(
    app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any
) -> None:
    acts.open, acts.left = [BATCH], "the server does not answer."
    acts.now = progress(done=1, is_alive=False, late_in=0.0)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "asking what came of the rest: the server does not answer.")
        assert acts.settled == 1
        acts.now = progress(done=3)
        await wait_for(pilot, "● stage=gold: done on 3 runs")


async def test_an_act_that_cannot_be_written_down_is_not_begun(
    app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any
) -> None:
    acts.error = StoreError("The disk that holds the state file is full.")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await type_tag(pilot, "stage=gold")
        await wait_for(pilot, "type y")
        await pilot.press("y")
        await wait_for(pilot, "nothing was changed: The disk that holds the state file is full.")


async def test_nothing_is_looked_at_before_anything_was_asked(app: Quarterdeck, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert app.deck.following is not None
        assert app.deck.following._look_timer is None


# -- the journal


def an_act(name: str, state: str, batch: str = "b", **changes: Any) -> Act:
    intent = {"source": "m", "run_id": "r", "key": "stage", "value": "gold", "name": name, "previous": "silver"}
    outcome = {"sentence": f"{name}: stage is “bronze” now, not “silver”: somebody changed it. Left as it is."}
    return Act(
        id=name, at=1_773_457_000_000, batch=batch, begun_at=None, act="set_tag", subject="run/r",
        intent=intent | changes, outcome=outcome if state == "failed" else None, state=state,
    )  # fmt: skip


@pytest.fixture
def journal(acts: Acts) -> list[Act]:
    """Two batches, newest first, with a hostile name among them."""
    acts.journal = [
        an_act("calm-ox-198", "done", "c", value=None, undoes="x"),
        an_act("eager-elk-190", "failed"),
        an_act("x\x1b[31m\n" + "y" * 400, "begun"),
        an_act("brave-cod-214", "done"),
    ]
    return acts.journal


async def test_the_journal_tells_every_act_and_why_it_failed(
    app: Quarterdeck, journal: list[Act], wait_for: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("colon", *"acts", "enter")
        heads = ("stage=gold   1 begun, 1 done, 1 failed", "stage taken away again")
        lines = await wait_for(pilot, *heads, "Left as it is.")
        assert any("● brave-cod-214" in line and "stage: silver → gold" in line for line in lines)
        assert not [line for line in lines if "\x1b" in line]
        await pilot.press("y", "enter")
        await wait_for(pilot, "as text (OSC 52)")
        assert "✖ eager-elk-190" in app.clipboard


async def test_the_open_journal_follows_what_is_under_way(
    app: Quarterdeck, acts: Acts, journal: list[Act], wait_for: Any, settled: Any
) -> None:
    acts.now = progress()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("colon", *"acts", "enter")
        await wait_for(pilot, "1 begun")
        assert app.deck.following is not None
        app.deck.following.follow(BATCH)
        await wait_for(pilot, "0 of 3 runs")
        acts.journal = [an_act("brave-cod-214", "done")]
        acts.now = progress(done=3)
        await wait_for(pilot, "1 done", gone=["1 begun"])


async def test_an_empty_journal_says_what_would_be_in_it(app: Quarterdeck, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("colon", *"acts", "enter")
        await wait_for(pilot, "nothing was changed from here yet")


# -- undo


def an_undo(now: int) -> Undo:
    steps = [
        Step(entry=f"e{n}", source="m", run_id=f"{n}", name=name, key="stage", now="gold", back=back)
        for n, (name, back) in enumerate([("calm-ox-198", "silver"), ("brave-cod-214", None)])
    ]
    return Undo(what="stage=gold", at=now - 4 * 60_000, steps=tuple(steps))


async def test_my_last_act_is_named_before_it_is_taken_back(
    app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any, world: Any
) -> None:
    acts.undo_next = an_undo(world.now)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("u")
        lines = await wait_for(pilot, "take back stage=gold on 2 runs, your act of 2 m ago")
        assert any("calm-ox-198" in line and "stage=silver again" in line for line in lines)
        assert any("brave-cod-214" in line and "no stage again" in line for line in lines)
        await pilot.press("u", "enter")
        assert acts.undone == []
        await pilot.press("y")
        await wait_for(pilot, "0 of 1 run")
        assert acts.undone == [acts.undo_next]


async def test_undo_waits_for_an_act_under_way_and_no_early_y_means_anything(
    app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any, world: Any
) -> None:
    acts.now, acts.open, acts.undo_next = progress(), [BATCH], an_undo(world.now)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("u", "y")
        await wait_for(pilot, "the tag is still being set: you are asked", gone=["type y"])
        await pilot.press("y", "enter", "u")
        assert (len(app.screen_stack), acts.undone) == (3, [])  # no menu of copies either
        acts.open = []
        await wait_for(pilot, "take back stage=gold on 2 runs", "type y to do it")
        assert acts.undone == []
        await pilot.press("y")
        await wait_for(pilot, "0 of 3 runs", gone=["type y"])
        assert acts.undone == [acts.undo_next]


async def test_a_question_that_came_by_itself_is_read_before_it_is_answered(
    app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(question, "GRACE_UNBIDDEN", 3_600.0)
    acts.now, acts.open, acts.undo_next = progress(), [BATCH], an_undo(world.now)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("u")
        acts.open = []
        await wait_for(pilot, "type y to do it")
        await pilot.press("y", "y", "y")
        await settled(pilot)
        assert isinstance(app.screen, Question)
        assert acts.undone == []


@pytest.mark.parametrize(
    ("left", "said"), [([BATCH], "the tag is still being set; u again in a moment"), ([], "nothing of yours to take")]
)
async def test_undo_that_is_waited_for_in_vain_says_so(
    app: Quarterdeck, acts: Acts, left: list[str], said: str, wait_for: Any, settled: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    acts.now, acts.open = progress(), [BATCH]
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("u")
        await wait_for(pilot, "you are asked")
        monkeypatch.setattr(question, "PATIENCE", 0.0 if left else 3_600.0)
        acts.open = left
        await wait_for(pilot, said, gone=["you are asked"])


async def test_a_y_typed_before_the_question_was_there_does_not_answer_when_its_turn_comes(
    app: Quarterdeck, acts: Acts, settled: Any
) -> None:
    early = events.Key("y", "y")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await type_tag(pilot, "stage=gold")
        await settled(pilot)
        app.screen.post_message(early)
        await settled(pilot)
        assert isinstance(app.screen, Question)
        assert acts.tagged == []


async def test_with_nothing_to_take_back_it_says_so(app: Quarterdeck, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("u")
        await wait_for(pilot, "nothing of yours to take back here: u in :acts takes back what else you did")


# -- copying


async def test_a_form_is_copied_and_how_is_said(
    app: Quarterdeck, wait_for: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("y")
        await wait_for(pilot, "Markdown", "runs:/00000000000000000000000000000000/")
        await pilot.press("j", "enter")
        await wait_for(pilot, "copied 39 B as URI (OSC 52)", gone=["Markdown"])
        assert app.clipboard == f"runs:/{0:032x}/"


async def test_the_whole_text_is_shown_and_can_be_paged(app: Quarterdeck, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("y", *"jjjjj")
        await wait_for(pilot, '"subject": "run/', "lines below")
        await pilot.press("space", "space", "space", "space", "space")
        await wait_for(pilot, '"context": "training"', gone=["lines below"])
        await pilot.press("escape")
        await wait_for(pilot, "? all")


async def test_what_is_too_large_is_said_and_not_cut(
    app: Quarterdeck, world: Any, make_run: Any, wait_for: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    world.write(make_run(0, params={f"p{n}": "x" * 400 for n in range(300)}))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("y", *"jjjjj", "enter")
        await wait_for(pilot, "not copied:", "are more than terminals take by OSC 52 (75 kB).")
        assert app.clipboard == ""


async def test_hostile_names_reach_the_clipboard_as_text(
    app: Quarterdeck, world: Any, make_run: Any, wait_for: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    world.write(make_run(0, name="x\x1b]52;c;aGk=\x07\u202e", params={"a\x1b": "`|\n"}))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        for label, downs in (("Python", 3), ("Markdown", 4), ("JSON", 5)):
            await pilot.press("y", *("j" * downs), "enter")
            await wait_for(pilot, f"as {label} (")
            assert not set(app.clipboard) & set("\x1b\x07\u202e")


async def test_a_source_is_copied_by_its_address(
    app: Quarterdeck, wait_for: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("colon", *"sources", "enter")
        await wait_for(pilot, "2 of 2 well")
        await pilot.press("G", "y", "enter")
        await wait_for(pilot, "as address (OSC 52)")
        assert app.clipboard == "http://mlflow.acme:5000"


async def test_where_there_is_nothing_it_says_so(world: Any, wait_for: Any, settled: Any) -> None:
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("y")
        await wait_for(pilot, "there is nothing here to copy")
        assert not isinstance(app.screen, CopyMenu)


# -- pictures


@pytest.fixture
def shot(snap_compare: Any, settled: Any) -> Callable[..., bool]:
    """Press keys, each when the one before is answered, and compare the picture with the one that is kept."""

    def take(app: Quarterdeck, size: tuple[int, int], *keys: str) -> bool:
        async def before(pilot: Any) -> None:
            await settled(pilot)
            for key in keys:
                await pilot.press(key)
                await settled(pilot)

        return bool(snap_compare(app, terminal_size=size, run_before=before))

    return take


STAGE_GOLD = ("T", *"stage", "equals_sign", *"gold", "enter")


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_question(
    app: Quarterdeck, world: Any, make_run: Any, shot: Callable[..., bool], size: tuple[int, int]
) -> None:
    world.write(make_run(1, tags={"stage": "silver"}), make_run(2, tags={"stage": "gold"}))
    assert shot(app, size, "space", "space", "space", *STAGE_GOLD)


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_an_undo(
    app: Quarterdeck, acts: Acts, world: Any, shot: Callable[..., bool], size: tuple[int, int]
) -> None:
    acts.undo_next = an_undo(world.now)
    assert shot(app, size, "u")


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_copy_menu(app: Quarterdeck, shot: Callable[..., bool], size: tuple[int, int]) -> None:
    assert shot(app, size, "y", "j", "j", "j", "j")


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_a_failure(app: Quarterdeck, acts: Acts, shot: Callable[..., bool], size: tuple[int, int]) -> None:
    why = "plain-fox-187: stage is “bronze” now, not “silver”: somebody changed it. Left as it is."
    acts.now = progress(done=2, failed=1, why=((why, 1),))
    assert shot(app, size, *STAGE_GOLD, "y")


@pytest.mark.parametrize("size", SIZES)
def test_picture_of_the_journal(
    app: Quarterdeck, journal: list[Act], shot: Callable[..., bool], size: tuple[int, int]
) -> None:
    assert shot(app, size, "colon", *"acts", "enter")
