"""A status is a glyph, a word and a colour, never a colour alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.records import RUN_STATUSES, SOURCE_STATES, SourceState
from quarterdeck.app.text import cells
from quarterdeck.widgets.figures import HOUR, MINUTE
from quarterdeck.widgets.freshness import condition, freshness, trouble
from quarterdeck.widgets.line import Piece
from quarterdeck.widgets.palette import ROLES
from quarterdeck.widgets.status import SIGNS, glyph, sign, use_ascii, worded

NOW = 1_760_000_000_000
ALL = [*RUN_STATUSES, *SOURCE_STATES]


@pytest.fixture
def ascii_only() -> Iterator[None]:
    use_ascii(True)
    yield
    use_ascii(False)


def state(state: str = "ok", **changes: object) -> SourceState:
    facts = {"source": "k", "kind": "mlflow", "name": "mlflow", "state": state, "last_ok_at": NOW} | changes
    return SourceState(**facts)  # type: ignore[arg-type]  # keywords of a test


def said(pieces: list[Piece]) -> str:
    return "".join(text for text, _ in pieces)


@pytest.mark.parametrize("status", ALL)
def test_every_status_has_a_glyph_a_word_and_a_role(status: str) -> None:
    text, role = worded(status)
    mark, _, word = text.partition(" ")
    assert status in SIGNS
    assert mark == SIGNS[status].glyph
    assert len(mark) == 1
    assert word == status.replace("_", " ")
    assert role in ROLES


@pytest.mark.usefixtures("ascii_only")
@pytest.mark.parametrize("status", ALL)
def test_every_status_can_be_drawn_in_ascii(status: str) -> None:
    assert worded(status)[0].isascii()
    assert len(glyph(status)) == 1


def test_only_what_ended_well_is_green() -> None:
    assert {status for status in ALL if sign(status).role == "good"} == {"finished", "ok"}


def test_a_status_that_nobody_knows_keeps_its_word_and_is_not_green() -> None:
    assert worded("quantum_tunnelled") == ("◌ quantum tunnelled", "dim")


def test_colours_of_different_meaning_never_share_a_glyph() -> None:
    roles: dict[str, set[str]] = {}
    for made in SIGNS.values():
        roles.setdefault(made.glyph, set()).add(made.role)
    assert all(len(found) == 1 for found in roles.values()), roles


@pytest.mark.usefixtures("ascii_only")
def test_good_failed_and_running_differ_in_ascii_too() -> None:
    assert len({glyph(status) for status in ("finished", "failed", "running", "killed", "scheduled")}) == 5


# -- freshness


def test_a_source_that_answered_just_now_says_so_shortly() -> None:
    assert said(freshness(state(), NOW)) == "mlflow ● now"


def test_an_old_answer_is_said_to_be_stale_whatever_the_state() -> None:
    old = state(last_ok_at=NOW - 20 * MINUTE)
    assert condition(old, NOW) == "stale"
    assert said(freshness(old, NOW)) == "mlflow ▲ stale 20 m"


def test_an_answer_of_five_minutes_is_fresh_and_one_of_a_millisecond_more_is_not() -> None:
    assert condition(state(last_ok_at=NOW - 5 * MINUTE), NOW) == "ok"
    assert condition(state(last_ok_at=NOW - 5 * MINUTE - 1), NOW) == "stale"
    assert condition(state(last_ok_at=None), NOW) == "stale"


def test_trouble_keeps_its_own_word_and_the_age_of_the_last_good_answer() -> None:
    down = state("unreachable", last_ok_at=NOW - 2 * HOUR)
    assert said(freshness(down, NOW)) == "mlflow ✖ unreachable 2 h"


def test_a_first_sync_tells_how_far_it_is() -> None:
    first = state("never", last_ok_at=None, done=3_200, total=5_000)
    assert said(freshness(first, NOW)) == "mlflow ▶ 3 200 of 5 000"
    assert said(freshness(state("never", last_ok_at=None, done=3_200), NOW)) == "mlflow ▶ 3 200"


def test_no_trouble_is_no_line() -> None:
    assert trouble([state(), state("never", last_ok_at=None)], NOW) == []


def test_the_worst_source_speaks_and_the_others_are_counted() -> None:
    states = [
        state(last_ok_at=NOW - HOUR, name="a-git"),
        state("unreachable", name="mlflow", sentence="No answer.", next_try_at=NOW),
        state("limited", name="b-github"),
    ]
    line = said(trouble(states, NOW))
    assert "mlflow unreachable: No answer." in line
    assert "(and 2 more: :sources)" in line
    assert "Next try" in line


NO_FILE = (
    "mlflow.db does not exist: MLflow's SQLite file is expected at /srv/ml/churn/mlflow.db, by the tracking address. "
    "Put it back, or correct the address: reading never creates it."
)


def test_sources_in_trouble_for_one_cause_are_named_together() -> None:
    names = ("mlflow", "models", "production", "evidently")
    states = [
        state("misconfigured", name="a-git", sentence="Another cause."),
        *(state("misconfigured", name=name, sentence=NO_FILE) for name in names),
    ]
    assert said(trouble(states, NOW)) == (
        f" ! mlflow, models, production, evidently misconfigured: {NO_FILE}  (and 1 more: :sources) "
    )
    assert said(trouble(states[1:], NOW, width=80)) == (
        " ! mlflow.db does not exist: mlflow, models, production, evidently "
    )
    assert said(trouble(states[1:], NOW, width=53)) == " ! mlflow.db does not exist: mlflow and 3 more "
    assert said(trouble(states, NOW, width=53)) == " ! mlflow.db does n…: mlflow and 3 more  +1 :sources "


def test_a_stale_source_without_a_sentence_says_when_it_last_answered() -> None:
    assert "last answered 1 h" in said(trouble([state(last_ok_at=NOW - HOUR)], NOW))


def test_foreign_text_of_a_source_is_made_safe() -> None:
    hostile = state("unreachable", name="x\x1b[31m", sentence="a\nb\u202e")
    for pieces in (freshness(hostile, NOW), trouble([hostile], NOW)):
        assert said(pieces).isprintable()


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        (
            "https://mlflow.acme.example:5000 wants a login (401). Set MLFLOW_TRACKING_TOKEN. It says: “Unauthorized”.",
            "Set MLFLOW_TRACKING_TOKEN.",
        ),
        (
            "Not trusted: it would connect to gitlab.acme.example, run a. See `quarterdeck trust`; until then local.",
            "See `quarterdeck trust`; until then local.",
        ),
        (
            "https://mlflow.acme.example:5000/a/long/path knows no such address (404): check the path in the settings.",
            "check the path in the settings.",
        ),
    ],
)
@pytest.mark.parametrize("others", [0, 2])
def test_on_a_narrow_line_what_to_do_survives(sentence: str, kept: str, others: int) -> None:
    states = [state("unreachable", sentence=sentence, name="a"), *[state("limited") for _ in range(others)]]
    ((line, _),) = trouble(states, NOW, width=80)
    assert cells(line) <= 80
    assert line.startswith(" ✖ a unreachable: ")
    assert kept in line
    assert "…" in line or sentence.startswith(line[18:40])
    assert (":sources" in line) == bool(others)
    ((whole, _),) = trouble(states, NOW, width=200)
    assert sentence in whole


@given(st.text(max_size=120), st.integers(0, 130))
def test_a_line_of_trouble_is_never_wider_than_it_may_be(sentence: str, room: int) -> None:
    ((line, _),) = trouble([state("unreachable", sentence=sentence)], NOW, width=room)
    assert cells(line) <= room
    states = [state("unreachable", sentence=sentence, name=name) for name in ("mlflow", "models", "production")]
    ((line, _),) = trouble(states, NOW, width=room)
    assert cells(line) <= room
