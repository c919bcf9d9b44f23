"""`quarterdeck status`, `events` and `open`: what the cache says."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app import terminal
from quarterdeck.app.commands.events import moment
from quarterdeck.app.commands.printing import ago, iso, number
from quarterdeck.app.commands.run_columns import significant
from quarterdeck.app.errors import UsageError
from quarterdeck.app.records import Event, EventRef, Run
from quarterdeck.app.settings import load
from quarterdeck.app.store.state import State, state_file
from quarterdeck.app.sync.locks import SyncerLock

Call = Callable[..., Any]
MakeRun = Callable[..., Run]
Fill = Callable[..., None]


def now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def state(project: Path) -> State:
    """The project's state.db."""
    return State(state_file(load(directory=project).project_key))


def test_a_source_that_is_well_is_ok(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(make_run(1), at=now())
    said = call("status", "--json", "--exit-code")
    (source,) = said.json
    assert said.status == 0
    assert (source["source"], source["kind"], source["state"], source["items"]) == ("mlflow", "mlflow", "ok", 1)
    wanted = {"source", "kind", "state", "last_ok_at", "last_error", "sentence", "next_try_at", "sweep_period", "items"}
    assert wanted <= source.keys()


def test_what_was_not_read_for_long_is_stale_and_never_ok(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(make_run(1), at=now() - 3_600_000)
    said = call("status", "--json")
    assert said.status == 0
    assert said.json[0]["state"] == "stale"
    assert call("status", "--exit-code").status == 1
    assert "stale      1 h" in call("status").out


def test_a_source_that_fails_says_what_to_do(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(make_run(1), state="unreachable", at=now())
    said = call("status", "--exit-code")
    assert said.status == 1
    assert "unreachable" in said.out
    assert "The server is down: start it." in said.out


def test_nothing_synced_is_not_well(call: Call, project: Path) -> None:
    (project / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n')
    said = call("status", "--exit-code", "--json")
    assert (said.status, said.json) == (1, [])
    assert "run `quarterdeck sync`" in said.err


def test_the_syncer_and_the_gaps_are_told(call: Call, fill: Fill, make_run: MakeRun, cache: Path, state: State) -> None:
    fill(make_run(1), at=now())
    start = now() - 7_200_000
    state.note_sync(start, longest=1)
    state.note_sync(start + 3_600_000, longest=1)
    assert "No syncer runs" in call("status").err
    assert f"No sync {iso(start)} to {iso(start + 3_600_000)}" in call("status").err
    lock = SyncerLock.acquire(cache)
    assert lock is not None
    lock.release()
    assert "No syncer runs" in call("status").err


def test_events_of_the_cache_and_of_our_own_are_one_list_newest_first(
    call: Call, fill: Fill, make_run: MakeRun, state: State
) -> None:
    at = 1_773_000_000_000
    fill(make_run(1, ended_at=at + 5_000, user="ann"), make_run(2, ended_at=at + 9_000, status="failed"))
    moved = Event(
        id="e1", at=at + 7_000, not_before=at + 6_000, seen_at=at + 8_000, kind="alias moved", title="\x1b[31mv1 to v2",
        actor="bo", strength="claimed", refs=(EventRef(subject="alias/churn@champion", role="alias"),),
    )  # fmt: skip
    state.record_events([moved])
    found = call("events", "--json").json
    assert [event["title"] for event in found] == ["run-2 failed", "\x1b[31mv1 to v2", "run-1 finished"]
    assert found[1] == {
        "id": "e1", "at": "2026-03-08T20:00:07Z", "not_before": "2026-03-08T20:00:06Z",
        "seen_at": "2026-03-08T20:00:08Z", "kind": "alias moved", "actor": "bo", "strength": "claimed",
        "title": "\x1b[31mv1 to v2", "source": None,
        "refs": [{"subject": "alias/churn@champion", "role": "alias"}],
    }  # fmt: skip
    assert found[0]["source"] == "mlflow"
    assert [event["title"] for event in call("events", "--limit", "1", "--json").json] == ["run-2 failed"]
    since = call("events", "--since", "2026-03-08T20:00:06Z", "--json").json
    assert [event["title"] for event in since] == ["run-2 failed", "\x1b[31mv1 to v2"]
    table = call("events").out
    assert "\\u{1b}[31mv1 to v2" in table
    assert "\x1b" not in table


def test_events_are_filtered_and_come_from_either_end(call: Call, fill: Fill, make_run: MakeRun, state: State) -> None:
    at = 1_773_000_000_000
    fill(*(make_run(number, ended_at=at + number * 1_000, user="ann" if number % 2 else "bo") for number in range(6)))
    state.record_events([Event(id="e1", at=at, kind="check recovered", title="not_null(id)")])

    def titles(*words: str) -> list[str]:
        return [event["title"] for event in call("events", "--json", *words).json]

    assert titles("--filter", "actor:ann", "--limit", "2") == ["run-5 finished", "run-3 finished"]
    assert titles("--filter", "kind:check or title ~ '-5'") == ["run-5 finished", "not_null(id)"]
    assert titles("--filter", "actor:ann", "--sort", "at", "--limit", "2") == ["run-1 finished", "run-3 finished"]
    assert titles("--filter", "kind:run", "--sort", "at:desc", "--until", "2026-03-08T20:00:02Z") == [
        "run-1 finished", "run-0 finished",
    ]  # fmt: skip
    assert titles("--filter", "subject = 'run/nobody'") == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--filter", "knd:commit"], "Did you mean “kind”?"),
        (["--sort", "title"], "ordered by at only"),
        (["--until", "yesterday"], "is no time"),
    ],
)
def test_what_events_cannot_be_asked_is_said(call: Call, words: list[str], sentence: str) -> None:
    result = call("events", *words)
    assert (result.status, sentence in result.err) == (2, True)


def test_a_time_is_an_age_a_date_or_a_date_and_time() -> None:
    oslo = timezone(timedelta(hours=1))
    assert moment("3h", 10**12, oslo) == moment("-3h", 10**12, oslo) == 10**12 - 3 * 3_600_000
    assert moment("1970-01-02", 0, oslo) == 23 * 3_600_000
    assert moment("1970-01-01T01:30", 0, oslo) == 30 * 60_000
    assert moment("1970-01-01T00:00:01Z", 0, oslo) == 1_000
    with pytest.raises(UsageError, match="“soon” is no time"):
        moment("soon", 0, oslo)


def test_times_are_utc_with_milliseconds_only_where_there_are_any() -> None:
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(1_773_000_000_001) == "2026-03-08T20:00:00.001Z"
    assert iso(-1) == "1969-12-31T23:59:59.999Z"
    assert iso(None) is None
    assert iso(10**18) is None  # no calendar has that year


def test_ages_are_words() -> None:
    hour = 3_600_000
    ages = [ago(at, 1000 * hour) for at in (None, 1001 * hour, 1000 * hour - 60_000, 997 * hour, 880 * hour)]
    assert ages == ["never", "now", "1 min", "3 h", "5 d"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5, "0.5"),
        (0.123456, "0.1235"),
        (12.0, "12"),
        (-0.0, "0"),
        (1e-7, "1e-07"),
        (123456.789, "123457"),
        (1e300, "1e+300"),
    ],
)
def test_a_number_in_a_table_has_four_digits(value: float, shown: str) -> None:
    assert significant(value) == shown


def test_numbers_that_json_lacks_are_words() -> None:
    assert [number(value) for value in (float("nan"), float("inf"), float("-inf"), 1.5, None)] == [
        "NaN", "Infinity", "-Infinity", 1.5, None,
    ]  # fmt: skip


def test_open_leads_to_the_run_and_refuses_what_is_not_there(
    call: Call, fill: Fill, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    opened: list[tuple[str, bool, list[str]]] = []

    def open_terminal(settings: Any, *, subject: Any, read_only: bool, again: Callable[[], list[str]], **_: Any) -> int:
        opened.append((str(subject), read_only, again()))
        return 0

    monkeypatch.setattr(terminal, "open_terminal", open_terminal)
    fill(make_run(1))
    subject = f"run/{1:032x}"
    assert call("open", subject, before=["--read-only"]).status == 0
    assert opened == [(subject, True, ["--project", str(project)])]
    said = call("open", "run/abc")
    assert said.status == 1
    assert said.err.startswith("There is no run/abc in the cache.")
    assert len(opened) == 1
