"""Registering as a person meets it: which name is asked for, what is shown before, what answers, what is said after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from quarterdeck.app.acting import Progress
from quarterdeck.app.acts.registrations import check_model_name
from quarterdeck.app.deeds import Step, Undo
from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.records import Batch, ModelVersion, RegisteredModel, Run, SourceSpec
from quarterdeck.app.store.state import Act
from quarterdeck.screens import acting, question
from quarterdeck.screens.acting import undo_lines
from quarterdeck.screens.question import Question

BATCH = "01BATCH"
REGISTRY = SourceSpec(key="r" * 16, kind="registry", name="models", address="http://mlflow.acme:5000")


class Acts:
    """Writes down what it is asked for. How far a batch is, a test says; tests/app/test_registering.py has the real
    thing."""

    def __init__(self) -> None:
        self.refused = ""
        self.registered: list[tuple[list[str], str]] = []
        self.now = progress()
        self.undo_next: Undo | None = None

    # what tags and pipelines want is not asked for here

    def refusal(self, of: str = "tags") -> str:
        return self.refused

    def last(self, of: str | None = None) -> Undo | None:
        return self.undo_next

    def under_way(self) -> list[str]:
        return []

    def untold(self) -> list[str]:
        return []

    def mark_told(self, batch: str) -> None:
        """Nothing."""

    def recent(self) -> list[Act]:
        return []

    def stamp(self, batch: str) -> tuple[int, bool]:
        return id(self.now), self.now.is_alive

    def progress(self, batch: str) -> Progress:
        return self.now

    # what is registered

    def check_model(self, name: str) -> None:
        check_model_name(name)

    def register(self, runs: Sequence[Run], model: str) -> str:
        self.registered.append(([run.name for run in runs], model))
        return BATCH


def progress(**changes: Any) -> Progress:
    facts: dict[str, Any] = {
        "batch": BATCH, "what": "registration as churn", "total": 1, "done": 0, "failed": 0, "is_alive": True,
        "late_in": 30.0, "why": (), "touched": (), "of": "models", "thing": "run", "name": "brave-cod-214",
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
def app(world: Any, acts: Acts, mlflow: SourceSpec, git: SourceSpec, state_of: Any) -> Quarterdeck:
    """The small world with two registered models, of which `churn eu` has a version of the second run, and a prompt."""
    world.fill()
    world.cache.declare([git, mlflow, REGISTRY])
    named = [RegisteredModel(source=REGISTRY.key, name=name) for name in ("churn", "churn eu")]
    prompt = RegisteredModel(source=REGISTRY.key, name="summarise", kind="prompt")
    version = ModelVersion(source=REGISTRY.key, model="churn eu", version="4", run_id=f"{1:032x}", created_at=world.now)
    world.cache.write(
        REGISTRY.key, Batch(models=(*named, prompt), models_complete=True, versions=(version,)), world.now
    )
    world.states(state_of(REGISTRY))
    made: Quarterdeck = world.app(acts=acts, registering=lambda: acts)
    return made


async def type_name(pilot: Any, text: str, *before: str) -> None:
    names = {" ": "space", "/": "slash", ":": "colon"}
    await pilot.press(*before, "V", *(names.get(sign, sign) for sign in text), "enter")


async def test_a_run_is_registered_after_a_y(app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("V")
        await wait_for(pilot, "the model of brave-cod-214 becomes a version of")
        await pilot.press(*"churn", "enter")
        lines = await wait_for(
            pilot, "register 1 run", "make the model of 1 run a version of churn in models http://mlfl"
        )
        assert any("brave-cod-214" in line and "running" in line for line in lines)
        assert any("it has no version yet" in line for line in lines)
        assert any("stays: there is no way back" in line for line in lines)
        assert acts.registered == []
        await pilot.press("y")
        await wait_for(pilot, "brave-cod-214: registration as churn: 0 of 1 run", gone=["type y"])
        assert acts.registered == [(["brave-cod-214"], "churn")]


async def test_what_came_of_it_is_said(app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await type_name(pilot, "churn")
        await wait_for(pilot, "type y")
        acts.now = progress(done=1, is_alive=False, said="brave-cod-214 is churn v1 now.")
        await pilot.press("y")
        await wait_for(pilot, "brave-cod-214 is churn v1 now.")
        why = "brave-cod-214 has 2 models, name the one that is meant: --logged-model m-1, --logged-model m-2."
        acts.now = progress(failed=1, is_alive=False, why=((why, 1),))
        await type_name(pilot, "churn")
        await wait_for(pilot, "type y")
        await pilot.press("y")
        await wait_for(pilot, "has 2 models, name the one that is meant")
        acts.now = progress(total=3, done=2, failed=1, is_alive=False, name="", why=(("x logged no model.", 1),))
        await type_name(pilot, "churn")
        await wait_for(pilot, "type y")
        await pilot.press("y")
        await wait_for(pilot, "registration as churn: 2 done, 1 run not (:acts): x logged no model.")


async def test_a_run_is_registered_on_its_own_page(app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("j", "enter")
        await wait_for(pilot, "calm-ox-213", "params")
        await type_name(pilot, "uplift")
        await wait_for(pilot, "there is no uplift yet, as far as is known: it is made for it")
        await pilot.press("y")
        await wait_for(pilot, "0 of 1 run", gone=["type y"])
        assert acts.registered == [(["calm-ox-213"], "uplift")]
        await pilot.press("V", "x", "escape")
        await wait_for(pilot, "? all", gone=["the name of a registered model"])


async def test_marked_runs_are_registered_and_those_that_are_versions_left_alone(
    app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await type_name(pilot, "churn eu", "space", "space", "space")
        lines = await wait_for(pilot, "make the models of 2 runs versions of churn eu", "1 run left alone")
        assert not any("calm-ox-213" in line and "finished" in line for line in lines[-12:])
        assert any("its newest version is v4" in line for line in lines)
        await pilot.press("y")
        await wait_for(pilot, "registration as churn", gone=["type y"])
        ((names, name),) = acts.registered
        assert (len(names), name) == (2, "churn eu")


async def test_a_run_that_is_a_version_already_is_said_to_be_one(
    app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await type_name(pilot, "churn eu", "j")
        await wait_for(pilot, "nothing to do: calm-ox-213 is churn eu v4 already")
        assert acts.registered == []


async def test_known_models_complete_what_is_typed_and_prompts_do_not(
    app: Quarterdeck, wait_for: Any, settled: Any
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("V", *"churn", "space", "tab", "enter")
        await wait_for(pilot, "a version of churn eu in models")
        await pilot.press("escape")
        await pilot.press("V", *"summ", "tab", "enter")
        await wait_for(pilot, "there is no summ yet")


@pytest.mark.parametrize("key", ["enter", "space", "V", "Y", "n", "j"])
async def test_no_other_key_answers(app: Quarterdeck, acts: Acts, key: str, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await type_name(pilot, "churn")
        await settled(pilot)
        await pilot.press(key)
        await settled(pilot)
        assert isinstance(app.screen, Question)
        assert acts.registered == []


async def test_escape_registers_nothing_and_says_so(app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await type_name(pilot, "churn")
        await wait_for(pilot, "type y")
        await pilot.press("escape")
        await wait_for(pilot, "nothing was changed", gone=["type y"])
        assert acts.registered == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "needs a name"), ("a/b", "no “/” and no “:”"), ("a:b", "no “/” and no “:”"), ("summarise", "is a prompt")],
)
async def test_a_name_that_is_none_is_said_and_can_be_mended(
    app: Quarterdeck, acts: Acts, typed: str, said: str, wait_for: Any, settled: Any
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await type_name(pilot, typed)
        await wait_for(pilot, said)
        await pilot.press("escape")
        await wait_for(pilot, "? all", gone=[said])
        assert acts.registered == []


async def test_what_cannot_be_registered_is_said_before_anything_is_asked(
    app: Quarterdeck, acts: Acts, world: Any, make_run: Any, wait_for: Any, settled: Any
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        acts.refused = "Refused: quarterdeck was started with --read-only, nothing was changed."
        await pilot.press("V")
        await wait_for(pilot, "--read-only")
        acts.refused = ""
        world.write(make_run(0, status="deleted"))
        await wait_for(pilot, "deleted")
        await pilot.press("V")
        await wait_for(pilot, "what is deleted in MLflow is not registered")
        app.deck.registering = None
        await pilot.press("V")
        await wait_for(pilot, "there is no model registry here to register in")


async def test_there_is_no_way_back_and_u_says_so(app: Quarterdeck, acts: Acts, wait_for: Any, settled: Any) -> None:
    acts.undo_next = Undo(what="registration as churn", at=0, never="a version that was made stays")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("u")
        await wait_for(pilot, "your last act was the registration as churn: a version that was made stays")


def asked_back(what: str, step: Step) -> list[str]:
    """The lines of the question whether to take it back."""
    lines = undo_lines(Undo(what=what, at=0, steps=(step,)), 0)
    return ["".join(text for text, _ in line) for line in lines]


def test_what_was_written_onto_a_version_or_a_model_is_taken_back_in_so_many_words() -> None:
    note = {"source": "r", "model": "churn", "version": "14", "key": "stage", "value": "gold"}
    step = Step(entry="e", source="r", name="churn v14", key="stage", now="gold", back=None, intent=note)
    lines = asked_back("stage=gold", step)
    assert lines[0] == " take back stage=gold on 1 version, your act of just now"
    assert lines[2] == "   churn v14  no stage again"
    text = {"source": "r", "model": "churn", "version": None, "text": "Who stays."}
    step = Step(
        entry="e", source="r", name="churn", key="description", now="Who stays.", back="Who leaves.", intent=text
    )
    lines = asked_back("description", step)
    assert lines[0] == " take back description on 1 model, your act of just now"
    assert lines[2] == "   churn  description=Who leaves. again"
