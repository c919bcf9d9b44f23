"""What a line of the list of events says, and where the stretches without a sync stand among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from quarterdeck.app.records import Event, EventRef, Gap
from quarterdeck.screens.event_columns import across, columns
from quarterdeck.screens.event_rows import EventLine, EventRows, starts_in
from quarterdeck.screens.event_subjects import opened_by, subjects_of
from quarterdeck.screens.event_words import STANDS, actor_said, kind_piece, stands_of, when_said
from quarterdeck.widgets.status import SIGNS

NOW = 1_773_457_620_000
MINUTE, HOUR = 60_000, 3_600_000
DAY = 24 * HOUR


def event(at: int = NOW - HOUR, **changes: Any) -> Event:
    facts: dict[str, Any] = {"id": f"{at:x}", "at": at, "kind": "commit", "title": "relax null check"}
    return Event(**(facts | changes))


# -- when, what, who ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("not_before", "at", "said"),
    [
        (None, NOW - HOUR, "02:07"),
        (NOW - 2 * HOUR, NOW - HOUR, "01:07–02:07"),
        (NOW - HOUR - 20_000, NOW - HOUR, "02:06–02:07"),
        (NOW - HOUR - 5, NOW - HOUR + 5, "02:06–02:07"),
        (NOW - HOUR, NOW - HOUR + 5, "02:07"),
        (NOW - 6 * HOUR, NOW - 5 * HOUR, "13 mar 21:07–22:07"),
        (NOW - 5 * HOUR, NOW - HOUR, "13 mar 22:07–02:07"),
        (NOW - 9 * DAY, NOW - 5 * HOUR, "≤13 mar 22:07"),
        (NOW, NOW - HOUR, "02:07"),
    ],
)
def test_what_is_known_to_lie_between_is_told_as_a_range(not_before: int | None, at: int, said: str) -> None:
    assert when_said(event(at, not_before=not_before), NOW) == said


def test_in_a_narrow_column_a_range_says_until_when() -> None:
    assert when_said(event(NOW - 5 * HOUR, not_before=NOW - 6 * HOUR), NOW, width=13) == "≤13 mar 22:07"


@pytest.mark.parametrize(
    ("kind", "title", "stands"),
    [
        ("run finished", "brave-cod-214 failed", "failed"),
        ("pipeline finished", "lint #209 passed on failed-branch", "passed"),
        ("alias moved", "champion of churn: v13 → v14; no entry of the ledger explains it", "warn"),
        ("alias moved", "champion of churn: v13 → v14", "read"),
        ("check began to fail", "", "fail"),
        ("something of a later version", "", "missing"),
    ],
)
def test_a_kind_has_the_sign_of_what_it_says(kind: str, title: str, stands: str) -> None:
    assert stands_of(event(kind=kind, title=title)) == stands
    assert kind_piece(event(kind=kind, title=title), 29)[0].endswith(kind[:20] if len(kind) > 27 else kind) or "…"


def test_every_kind_has_a_status_that_has_a_sign() -> None:
    assert set(STANDS.values()) <= set(SIGNS)


def test_a_claimed_name_is_shown_as_claimed() -> None:
    assert actor_said(event(actor="bo", strength="claimed")) == "bo claimed"
    assert actor_said(event(actor="bo", strength="signed")) == "bo signed"
    assert actor_said(event()) == ""


def test_enter_opens_the_first_thing_that_has_a_screen() -> None:
    refs = tuple(EventRef(subject=one, role="x") for one in ("source/abc", "no/such", "run/4f2c", "run/4f2c"))
    assert [str(one) for one in subjects_of(event(refs=refs))] == ["source/abc", "run/4f2c"]
    assert str(opened_by(event(refs=refs))) == "run/4f2c"
    assert opened_by(event()) is None


@pytest.mark.parametrize("subject", ["project/churn", "attention/978b984d85af8a76"])
def test_of_what_people_wrote_on_the_project_or_on_what_is_over_the_event_itself_says_most(subject: str) -> None:
    assert opened_by(event(refs=(EventRef(subject=subject, role="subject"),))) is None


@pytest.mark.parametrize("room", [80, 120, 200])
def test_foreign_text_is_one_safe_line_in_every_cell(room: int) -> None:
    evil = event(title="two\nlines\x1b[2J", actor="b\x07o", strength="claimed", kind="a\x1bb",
                 refs=(EventRef(subject="run/a\x1b", role="run"),))  # fmt: skip
    for column in columns(room=room):
        text, _ = column.cell(EventLine(event=evil, now=NOW))
        assert text.isprintable(), column.key


# -- rows -----------------------------------------------------------------------------------------------------------


def rows(
    number: int, gaps: tuple[Gap, ...] = (), known: Mapping[int, Event] | None = None
) -> tuple[EventRows, list[Any]]:
    """So many events, one an hour, of which the first ten are at hand; and which windows were asked for."""
    every = {at: event(NOW - at * HOUR, id=f"e{at}") for at in range(number)}
    asked: list[tuple[int, int]] = []

    def window(start: int, stop: int) -> Mapping[int, Event]:
        asked.append((start, stop))
        return {at: every[at] for at in range(start, stop)}

    first = {at: every[at] for at in range(min(10, number))} if known is None else known
    return EventRows(first, number, gaps, starts_in(every, gaps), window, NOW), asked


def test_a_window_is_read_once_with_the_page_beyond_it() -> None:
    found, asked = rows(1_000)
    assert [line.key for line in found.rows(0, 10) if line is not None] == [f"e{at}" for at in range(10)]
    assert asked == []
    assert found.rows(500, 502)[0] is not None
    assert asked == [(440, 562)]
    found.rows(540, 550)
    assert len(asked) == 1


def test_what_does_not_come_in_time_is_waited_for() -> None:
    found = EventRows({}, 100, (), {}, lambda start, stop: {}, NOW)
    assert found.rows(0, 2) == [None, None]
    assert found.is_waiting


def test_a_stretch_without_a_sync_stands_between_what_came_after_it_and_what_is_older() -> None:
    gap = Gap(since=NOW - 4 * HOUR - MINUTE, until=NOW - 2 * HOUR - MINUTE)
    found, _ = rows(8, (gap,))
    keys = [line.key for line in found.rows(0, found.count()) if line is not None]
    assert keys == ["e0", "e1", "e2", f"gap {gap.since}", "e3", "e4", "e5", "e6", "e7"]
    assert found.count() == 9
    assert [found.index_of(place) for place in (0, 2, 3, 7)] == [0, 2, 4, 8]
    (line,) = found.rows(3, 4)
    assert line is not None
    assert across(line, 70) == [("▲ no sync 13 mar 23:06–01:06: times in it are ranges", "warn")]


def test_two_stretches_that_follow_each_other_both_have_a_row() -> None:
    gaps = (Gap(since=NOW - 9 * HOUR, until=NOW - 30 * MINUTE), Gap(since=NOW - 30 * HOUR, until=NOW - 20 * MINUTE))
    found, _ = rows(3, gaps)
    assert [line.gap is not None for line in found.rows(0, 5) if line is not None] == [False, True, True, False, False]
    assert [found.index_of(place) for place in range(3)] == [0, 3, 4]


def test_of_the_first_events_older_stretches_are_left_out() -> None:
    first = {0: event(NOW), 1: event(NOW - HOUR)}
    assert starts_in(first, (Gap(since=0, until=NOW - 2 * HOUR),)) == {}
    assert starts_in({}, (Gap(since=0, until=NOW),)) == {}
