"""Tags and descriptions of models and versions through the gate, on a real MLflow server."""

from __future__ import annotations

import time
from typing import Any

import pytest

from quarterdeck.app.actions import LATE_SECONDS, perform, reconcile, wants
from quarterdeck.app.acts.model_notes import NoteOutcome, note_act, note_intent, note_subject, text_intent
from quarterdeck.app.errors import QuarterdeckError, RefusedError, UsageError
from quarterdeck.app.records import Subject, Want
from quarterdeck.app.registering import describe_now, tag_now
from quarterdeck.app.sources.registry import build
from quarterdeck.app.store.state import State

ODD = ["", "[bold]x[/]", "\x1b[31mred", "two\nlines", "模型 שלום", 'k="v", a\\b', "x" * 5_000]


@pytest.fixture
def state(model_state: State) -> State:
    return model_state


@pytest.fixture
def subject(models: Any) -> Subject:
    """A version of a registered model."""
    models.registry.model(models.model, description="Who leaves.")
    models.registry.version(models.model, tags=[{"key": "stage", "value": "silver"}], description="The first.")
    return Subject(kind="model", parts=(models.model, "1"))


def of_model(subject: Subject) -> Subject:
    return Subject(kind="model", parts=subject.parts[:1])


def tag(models: Any, state: State, subject: Subject, key: str, value: str | None, **more: Any) -> NoteOutcome:
    """What `quarterdeck tag` does."""
    outcome = tag_now(models.settings, state, subject, key, value, **({"read_only": False} | more))
    assert isinstance(outcome, NoteOutcome)
    return outcome


def describe(models: Any, state: State, subject: Subject, text: str, **more: Any) -> NoteOutcome:
    """What `quarterdeck describe` does."""
    outcome = describe_now(models.settings, state, subject, text, **({"read_only": False} | more))
    assert isinstance(outcome, NoteOutcome)
    return outcome


def source_of(models: Any) -> str:
    (found,) = [source.spec.key for source in build(models.settings) if source.spec.kind == "registry"]
    return found


def model_now(models: Any) -> tuple[dict[str, str], str]:
    """Tags and description of the registered model."""
    found = models.registry.ask("GET", "registered-models/get", name=models.model)["registered_model"]
    return models.tags(found), found.get("description", "")


def test_a_tag_of_a_version_and_of_a_model_is_set_read_back_and_taken_away(
    models: Any, state: State, subject: Subject
) -> None:
    done = tag(models, state, subject, "stage", "gold")
    assert (done.state, done.version, done.value, done.previous) == ("done", "1", "gold", "silver")
    assert done.sentence == f"{models.model} v1: stage is set."
    assert tag(models, state, of_model(subject), "team", "risk").sentence == f"{models.model}: team is set."
    (version,) = models.versions()
    assert (models.tags(version), model_now(models)[0]) == ({"stage": "gold"}, {"team": "risk"})
    for where, key, before in ((subject, "stage", "gold"), (of_model(subject), "team", "risk")):
        gone = tag(models, state, where, key, None)
        assert (gone.state, gone.previous, gone.value) == ("done", before, None)
        assert gone.sentence.endswith(f": {key} is taken away.")
        assert tag(models, state, where, key, None).state == "done", "gone is gone"
    (version,) = models.versions()
    assert (models.tags(version), model_now(models)[0]) == ({}, {})
    assert [(act.act, act.state) for act in state.acts()[-2:]] == [
        ("set_model_tag", "done"), ("set_version_tag", "done"),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value[:8]))
def test_a_value_and_a_text_arrive_as_they_are(value: str, models: Any, state: State, subject: Subject) -> None:
    assert tag(models, state, subject, "a/b c.d-e:f", value).state == "done"
    assert tag(models, state, of_model(subject), "a/b c.d-e:f", value).state == "done"
    assert describe(models, state, subject, value).state == "done"
    assert describe(models, state, of_model(subject), value).state == "done"
    (version,) = models.versions()
    assert models.tags(version)["a/b c.d-e:f"] == value
    assert version.get("description", "") == value
    assert model_now(models) == ({"a/b c.d-e:f": value}, value)


def test_a_description_is_written_and_what_was_there_kept(models: Any, state: State, subject: Subject) -> None:
    done = describe(models, state, subject, "The best.")
    assert (done.state, done.key, done.value, done.previous) == ("done", None, "The best.", "The first.")
    assert done.sentence == f"{models.model} v1 is described."
    describe(models, state, of_model(subject), "")
    assert model_now(models)[1] == ""
    assert (state.acts()[0].intent["previous"], state.acts()[0].subject) == (
        "Who leaves.", f"model/{models.model.replace(' ', '%20')}",
    )  # fmt: skip


def test_what_somebody_else_changed_since_is_left_alone(models: Any, state: State, subject: Subject) -> None:
    source, (model, version) = source_of(models), subject.parts
    intents = [
        note_intent(source, model, version, "stage", "gold") | {"seen": "bronze"},
        note_intent(source, model, version, "absent", None) | {"seen": "x"},
        note_intent(source, model, "9", "stage", "gold") | {"seen": None},
    ]
    written = [(note_act(one["version"], one["value"]), note_subject(one), one) for one in intents]
    text = text_intent(source, model, None, "New.") | {"seen": "Other."}
    batch = state.ask_acts([*written, ("describe", note_subject(text), text)], 1)
    outcomes = perform(models.settings, state, batch, read_only=False)
    assert [(one.state, one.is_refused) for one in outcomes] == [("failed", True)] * 4
    assert "stage is “silver” now, not “bronze”: somebody changed it. Left as it is." in outcomes[0].sentence
    assert "absent is absent now, not “x”" in outcomes[1].sentence
    assert outcomes[2].sentence == f"{model} v9 is not there any more. Nothing was changed."
    assert "the description is “Who leaves.” now, not “Other.”" in outcomes[3].sentence
    (found,) = models.versions()
    assert models.tags(found) == {"stage": "silver"}


def test_what_is_refused_changes_nothing(models: Any, state: State, subject: Subject) -> None:
    with pytest.raises(RefusedError, match="--read-only"):
        tag(models, state, subject, "stage", "gold", read_only=True)
    with pytest.raises(UsageError, match="no registered model"):
        tag(models, state, Subject(kind="run", parts=("x",)), "stage", "gold")
    with pytest.raises(QuarterdeckError, match="There is no version 9 of"):
        tag(models, state, Subject(kind="model", parts=(models.model, "9")), "stage", "gold")
    with pytest.raises(QuarterdeckError, match="There is no registered model “nobody's” in models"):
        describe(models, state, Subject(kind="model", parts=("nobody's",)), "x")
    with pytest.raises(UsageError, match="takes no tag key"):
        tag(models, state, subject, "../x", "y")
    with pytest.raises(UsageError, match="has 5001 characters"):
        tag(models, state, of_model(subject), "x", "y" * 5_001)
    with pytest.raises(UsageError, match="has 100001 characters"):
        tag(models, state, subject, "x", "y" * 100_001)
    with pytest.raises(UsageError, match="description has 5001"):
        describe(models, state, subject, "y" * 5_001)
    with pytest.raises(UsageError, match="description is not valid UTF-8"):
        describe(models, state, subject, "\udcff")
    assert state.acts() == []


def test_a_lost_answer_is_read_back_and_a_cut_one_found_out_later(models: Any, state: State, subject: Subject) -> None:
    setting = "POST model-versions/set-tag"
    models.door.hook = lambda when, what, number: 0 if (when, what) == ("after", setting) else None
    assert tag(models, state, subject, "stage", "gold").state == "done"
    models.door.hook = lambda when, what, number: 403 if (when, what) == ("after", setting) else None
    denied = tag(models, state, subject, "stage", "platinum")
    assert (denied.state, "403" in denied.sentence) == ("failed", True)
    models.door.hook = lambda when, what, number: None
    intent = note_intent(source_of(models), models.model, "1", "stage", "iron")
    state.begin_act(state.ask_acts([("set_version_tag", str(subject), intent)], 0), intent | {"previous": None}, 0)
    (late,) = reconcile(models.settings, state, time.time_ns() // 1_000_000 + round(2_000 * LATE_SECONDS))
    assert (late.state, "was cut off before it reached the server" in late.sentence) == ("failed", True)


def test_a_screen_shows_at_once_what_was_written(models: Any, state: State, subject: Subject) -> None:
    made = [tag(models, state, subject, "a", "1"), describe(models, state, of_model(subject), "x")]
    assert wants(made) == [Want(kind="model", source=source_of(models), model=models.model, keys=("1",))]
