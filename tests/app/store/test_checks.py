"""Checks as the syncer writes them and everybody reads them: real files, in any order, in parts, and killed between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.query import CHECKS, matches_check, parse, parse_sort
from quarterdeck.app.records import (
    Batch,
    Check,
    CheckResult,
    DataIdentity,
    Event,
    Identities,
    Invocation,
    Limit,
    SourceSpec,
    check_id,
)
from quarterdeck.app.store import check_memory
from quarterdeck.app.store.cache import Cache, Written
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State

GX = SourceSpec(key="g", kind="checks", name="gx", address="gx/")
DBT = SourceSpec(key="d", kind="checks", name="dbt", address="target/")
DAY = 86_400_000
FIRST = 1_763_596_800_000
NOW = FIRST + 30 * DAY
HOUR = 3_600_000


def at(day: float) -> int:
    return FIRST + round(day * DAY)


def result(name: str = "not_null(id)", outcome: str = "pass", **facts: Any) -> CheckResult:
    facts.setdefault("dataset", "orders")
    facts.setdefault("definition", f"{name} mostly=0.99")
    return CheckResult(name=name, outcome=outcome, **facts)  # type: ignore[arg-type]  # the tests name real ones only


def loose(mostly: float, **facts: Any) -> CheckResult:
    limit = Limit(name="mostly", value=mostly, strict="higher")
    return result(definition=f"not_null(id) mostly={mostly}", limits=(limit,), **facts)


def invocation(day: float, *results: CheckResult, **facts: Any) -> Invocation:
    facts = {"source": "g", "id": f"inv-{day}", "tool": "great_expectations", "suite": "orders", "commit": None} | facts
    return Invocation(at=at(day), results=results, **facts)


class Deck:
    """A cache, the state beside it, and a reader."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = State(folder / "state.db")
        self.open()

    def open(self, name: str = "cache.db") -> None:
        self.path = self.folder / name
        self.cache = Cache(self.path)
        self.cache.declare([GX, DBT])
        self.cache.remembered = self.state.remembered_results
        self.reader = Reader(self.path)
        self.reads = self.reader.checks

    def write(self, *invocations: Invocation, source: str = "g") -> Written:
        written = self.cache.write(source, Batch(invocations=invocations), NOW)
        self.tell()
        return written

    def tell(self) -> None:
        while news := self.cache.news():
            self.state.keep_news(news)
            self.cache.forget_news(news)

    def checks(self, text: str = "", sort: str = "", now: int = NOW, **facts: Any) -> list[Check]:
        where = parse(text, now=now, vocabulary=CHECKS)
        order = parse_sort(sort, vocabulary=CHECKS) if sort else None
        return [row.check for row in self.reads.rows(self.reads.ids(where, order, now=now, **facts))]

    def check(self, name: str = "not_null(id)") -> Check:
        return next(check for check in self.checks() if check.name == name)

    def told(self) -> list[tuple[str, float]]:
        """Kind and day of each event, oldest first."""
        return [(event.kind, (event.at - FIRST) / DAY) for event in reversed(self.events())]

    def events(self) -> list[Event]:
        return self.state.events(1000)

    def close(self) -> None:
        self.reader.close()
        self.cache.close()
        self.state.close()


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    with closing(Deck(tmp_path)) as deck:
        yield deck


# -- one check ------------------------------------------------------------------------------------------------------


def test_what_a_check_said_last_comes_back_as_it_was_said(deck: Deck) -> None:
    said = result(
        outcome="fail", column="id", severity="critical", observed="3.1 % null", expected="at most 1 %", failed_rows=31,
        total_rows=1000, message="31 of 1000", ordinal=1, limits=(Limit(name="mostly", value=0.99, strict="higher"),),
    )  # fmt: skip
    whole = invocation(
        1, said, environment="prod", interval="2025-11-20", interval_at=at(0), origin="gx/1.json", commit="4f2c",
        run_id="r1", pipeline_id="p1", dataset_digest="77ab",
    )  # fmt: skip
    deck.write(whole)
    check = deck.check()
    assert check.newest == said
    assert check.id == check_id("g", whole, said)
    assert check.newest_id == f"{check.id}.inv-1"
    assert (check.source, check.source_name, check.suite, check.environment) == ("g", "gx", "orders", "prod")
    assert (check.interval, check.interval_at, check.checked_at) == ("2025-11-20", at(0), at(1))
    assert (check.commit, check.run_id, check.pipeline_id, check.dataset_digest) == ("4f2c", "r1", "p1", "77ab")
    assert (check.origin, check.results) == ("gx/1.json", 1)
    assert (check.first_failed_at, check.first_failed_not_before, check.first_failed_commit) == (at(1), None, "4f2c")
    past = deck.reads.result(check.id, "inv-1")
    assert past is not None
    assert past.result == said
    assert deck.reads.find(check.id) is not None


def test_the_same_invocation_twice_changes_nothing(deck: Deck) -> None:
    both = (invocation(1, result()), invocation(2, result(outcome="fail"), is_whole=True))
    deck.write(*both)
    before, content, events = deck.checks(), deck.reader.content(), deck.events()
    assert deck.write(*both) == Written()
    assert deck.write(*reversed(both)) == Written()
    assert (deck.checks(), deck.reader.content(), deck.events()) == (before, content, events)


def test_a_failure_has_its_first_result_its_commit_and_the_last_that_passed(deck: Deck) -> None:
    for day, outcome in enumerate(("pass", "pass", "fail", "error", "fail")):
        deck.write(invocation(day, result(outcome=outcome), commit=f"c{day}"))
    check = deck.check()
    assert (check.first_failed_at, check.first_failed_not_before, check.first_failed_commit) == (at(2), at(1), "c2")
    assert (check.last_passed_at, check.last_passed_commit) == (at(1), "c1")
    assert (check.results, check.flips, check.usual) == (5, 1, DAY)


def test_a_check_that_passes_again_has_no_failure(deck: Deck) -> None:
    deck.write(invocation(0, result(outcome="fail")), invocation(1, result()))
    check = deck.check()
    assert check.first_failed_at is None
    assert check.last_passed_at == at(1)


def test_a_looser_rule_is_told_with_the_rule_before_and_the_commit(deck: Deck) -> None:
    deck.write(invocation(0, loose(0.99), commit="a"), invocation(1, loose(0.9), commit="b"))
    check = deck.check()
    assert (check.rule_change, check.rule_changed_at, check.rule_changed_not_before) == ("loosened", at(1), at(0))
    assert (check.rule_changed_commit, check.rule_before) == ("b", "not_null(id) mostly=0.99")
    [event] = deck.events()
    assert event.kind == "check's rule loosened"
    assert event.title == "not_null(id) of orders: rule loosened, mostly 0.99 → 0.9"
    assert [(ref.subject, ref.role) for ref in event.refs] == [
        (f"check/{check.id}", "subject"), (f"result/{check.id}.inv-1", "result"), ("commit/b", "code"),
    ]  # fmt: skip


def test_a_check_that_a_whole_run_is_without_was_removed_and_counts_as_no_failure(deck: Deck) -> None:
    deck.write(invocation(0, result(outcome="fail"), result("unique(id)"), is_whole=True))
    deck.write(invocation(1, result("unique(id)"), is_whole=True, commit="b"))
    check = deck.check()
    assert (check.removed_at, check.rule_change, check.rule_changed_commit) == (at(1), "removed", "b")
    summary = deck.reads.summary(None, NOW)
    assert (summary.total, summary.removed, summary.outcomes) == (1, 1, {"pass": 1})
    assert [check.name for check in deck.checks()] == ["unique(id)", "not_null(id)"]
    assert ("check's rule removed", 1) in deck.told()


@pytest.mark.parametrize(
    "other",
    [
        {"is_whole": False},
        {"suite": "another"},
        {"environment": "dev"},
        {"tool": "soda"},
    ],
)
def test_only_a_whole_run_of_the_same_suite_in_the_same_environment_removes(deck: Deck, other: dict[str, Any]) -> None:
    deck.write(invocation(0, result(), is_whole=True))
    deck.write(invocation(1, result("unique(id)"), **({"is_whole": True} | other)))
    assert deck.check().removed_at is None


def test_a_whole_run_that_speaks_of_another_dataset_removes_nothing(deck: Deck) -> None:
    deck.write(invocation(0, result(), is_whole=True), invocation(1, result(dataset="customers"), is_whole=True))
    assert [check.removed_at for check in deck.checks()] == [None, None]


def test_a_whole_run_without_any_result_removes_nothing_and_is_complained_of(deck: Deck) -> None:
    deck.write(invocation(0, result(), is_whole=True))
    deck.write(invocation(1, is_whole=True, complaint="It holds no results.", origin="gx/1.json"))
    assert deck.check().removed_at is None
    [complaint] = deck.reads.complaints()
    assert (complaint.sentence, complaint.suite, complaint.at) == ("It holds no results.", "orders", at(1))
    deck.write(invocation(2, result()))
    assert deck.reads.complaints() == []


def test_a_check_that_came_back_has_returned(deck: Deck) -> None:
    other = result("unique(id)")
    deck.write(
        invocation(0, result(), other, is_whole=True), invocation(1, other, is_whole=True),
        invocation(2, result(), other, is_whole=True),
    )  # fmt: skip
    check = deck.check()
    assert (check.removed_at, check.rule_change, check.rule_changed_at) == (None, "returned", at(2))
    assert [kind for kind, _ in deck.told()] == ["check's rule removed", "check's rule returned"]


def test_two_checks_alike_but_for_their_place_are_two(deck: Deck) -> None:
    deck.write(invocation(0, result(), result(outcome="fail", ordinal=1)))
    assert [(check.newest.outcome, check.newest.ordinal) for check in deck.checks()] == [("fail", 1), ("pass", 0)]


def test_an_invocation_whose_time_was_read_wrongly_takes_its_results_along(deck: Deck) -> None:
    deck.write(invocation(0, result()), invocation(5, result(outcome="fail"), id="moved"), invocation(6, result()))
    deck.write(invocation(7, result(outcome="fail"), id="moved", commit="c"))
    check = deck.check()
    assert (check.first_failed_at, check.first_failed_commit, check.results) == (at(7), "c", 3)
    assert deck.told() == [("check began to fail", 7)]


def test_a_whole_invocation_whose_time_was_read_wrongly_takes_along_what_it_removed(deck: Deck) -> None:
    other = result("unique(id)")
    deck.write(invocation(0, result(), other, is_whole=True), invocation(2, other, id="moved", is_whole=True))
    assert deck.told() == [("check's rule removed", 2)]
    deck.write(invocation(4, other, id="moved", is_whole=True))
    assert deck.check().removed_at == at(4)
    assert deck.told() == [("check's rule removed", 4)]
    deck.write(invocation(3, result(), other, is_whole=True))
    deck.write(invocation(2, other, id="moved", is_whole=True))
    assert deck.check().removed_at is None
    assert deck.told() == [("check's rule removed", 2), ("check's rule returned", 3)]


def test_of_one_invocation_that_two_files_date_differently_the_later_word_counts(deck: Deck) -> None:
    one = invocation(9, result(outcome="fail"), result("unique(id)"), id="twice")
    deck.write(invocation(0, result()), one, invocation(2, result(outcome="fail"), id="twice"), invocation(3, result()))
    check = deck.check()
    assert (check.checked_at, check.last_passed_at, check.results) == (at(3), at(3), 3)
    assert deck.check("unique(id)").checked_at == at(2)
    assert deck.told() == [("check began to fail", 2), ("check recovered", 3)]


def test_text_that_is_no_unicode_is_written_out(deck: Deck) -> None:
    deck.write(invocation(0, result("n\ud800", message="m\udfff", observed="\0")))
    assert deck.checks()[0].name == "n\\ud800"
    assert deck.checks()[0].newest.message == "m\\udfff"


# -- silence --------------------------------------------------------------------------------------------------------


def test_a_check_that_does_not_speak_when_it_should_is_silent_and_that_is_told_once(deck: Deck) -> None:
    deck.write(*(invocation(day, result()) for day in range(4)))
    due = at(3) + 2 * DAY + HOUR
    deck.cache.note_silence("g", due)
    deck.tell()
    assert deck.told() == []
    assert deck.check().silent_since(due) is None
    for later in (due + 1, due + DAY):
        deck.cache.note_silence("g", later)
        deck.tell()
    [event] = deck.events()
    assert (event.kind, event.at, event.not_before, event.seen_at) == ("check fell silent", due, at(3), due + 1)
    assert event.title == "not_null(id) of orders fell silent; it usually speaks every 24 h"
    assert deck.check().silent_since(due + 1) == due


def test_silence_is_noted_of_the_source_that_was_read_and_of_no_other(deck: Deck) -> None:
    deck.write(*(invocation(day, result()) for day in range(4)))
    deck.cache.note_silence("d", NOW)
    assert deck.cache.news() is None


def test_what_was_said_in_time_and_came_late_takes_the_silence_back(deck: Deck) -> None:
    deck.write(*(invocation(day, result()) for day in range(4)))
    deck.cache.note_silence("g", NOW)
    deck.tell()
    deck.write(invocation(4.5, result()))
    assert deck.events() == []
    deck.cache.note_silence("g", NOW)
    deck.tell()
    assert [kind for kind, _ in deck.told()] == ["check fell silent"]


def test_a_check_that_was_removed_is_not_silent(deck: Deck) -> None:
    deck.write(*(invocation(day, result(), result("b"), is_whole=True) for day in range(4)))
    deck.write(invocation(4, result("b"), is_whole=True))
    deck.cache.note_silence("g", at(9))
    deck.tell()
    told = [event.title for event in deck.events() if event.kind == "check fell silent"]
    assert told == ["b of orders fell silent; it usually speaks every 24 h"]
    assert deck.check().silent_since(at(9)) is None


# -- parts, kills and rebuilds --------------------------------------------------------------------------------------


def whole_in_parts() -> tuple[Invocation, Invocation]:
    """A whole invocation of two results, in the two parts in which it is written."""
    return invocation(1, result("a")), invocation(1, result("b"), is_whole=True)


def test_a_part_of_a_whole_invocation_removes_nothing_until_the_last_is_in(deck: Deck) -> None:
    deck.write(invocation(0, result("a"), result("b"), result("gone"), is_whole=True))
    first, last = whole_in_parts()
    deck.write(first)
    assert [check.name for check in deck.checks() if check.removed_at] == []
    deck.write(last)
    assert [check.name for check in deck.checks() if check.removed_at] == ["gone"]


def test_parts_that_come_again_after_a_kill_change_nothing(deck: Deck) -> None:
    deck.write(invocation(0, result("a"), result("b"), result("gone"), is_whole=True))
    first, last = whole_in_parts()
    deck.write(first)  # killed here: the cursor stands, and all comes again
    deck.write(first)
    deck.write(last)
    before, events = deck.checks(), deck.events()
    deck.write(first)
    deck.write(last)
    assert deck.checks() == before
    assert deck.events() == events
    assert [check.name for check in before if check.removed_at] == ["gone"]


def test_news_that_state_db_was_not_told_waits_in_the_cache(deck: Deck) -> None:
    deck.cache.write("g", Batch(invocations=(invocation(0, result()), invocation(1, result(outcome="fail")))), NOW)
    deck.cache.close()  # killed before state.db was told
    assert deck.events() == []
    deck.open()
    deck.tell()
    assert deck.told() == [("check began to fail", 1)]


def test_news_that_state_db_was_told_twice_are_told_once(deck: Deck) -> None:
    deck.cache.write("g", Batch(invocations=(invocation(0, result()), invocation(1, result(outcome="fail")))), NOW)
    news = deck.cache.news()
    assert news is not None
    deck.state.keep_news(news)  # killed before the cache forgot them
    deck.tell()
    assert deck.told() == [("check began to fail", 1)]


def test_since_when_a_check_fails_survives_a_cache_that_is_built_anew(deck: Deck) -> None:
    days = [loose(0.99), loose(0.9), loose(0.9, outcome="fail"), *[loose(0.9, outcome="fail")] * 3]
    all_of = [invocation(day, one, commit=f"c{day}") for day, one in enumerate(days)]
    deck.write(*all_of)
    before, events = deck.check(), deck.events()
    deck.reader.close()
    deck.cache.close()
    deck.open("anew.db")
    deck.write(all_of[-1])  # dbt keeps the last result only
    after = deck.check()
    for name in (
        "first_failed_at", "first_failed_not_before", "first_failed_commit", "last_passed_at", "last_passed_commit",
        "rule_change", "rule_changed_at", "rule_changed_not_before", "rule_changed_commit", "rule_before", "newest",
    ):  # fmt: skip
        assert getattr(after, name) == getattr(before, name), name
    assert after.first_failed_at == at(2)
    assert after.usual is None
    assert deck.events() == events


def test_of_a_check_that_flaps_without_end_the_newest_results_are_kept(
    deck: Deck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_memory, "KEPT", 4)
    for day in range(10):
        deck.write(invocation(day, result(outcome="fail" if day % 2 else "pass"), result("unique(id)", outcome="fail")))
    id_ = deck.check().id
    assert {one.at for one in deck.state.remembered_results("g", [id_])} == {at(day) for day in (6, 7, 8, 9)}
    assert len(deck.state.remembered_results("g", [deck.check("unique(id)").id])) == 1
    deck.reader.close()
    deck.cache.close()
    deck.open("another.db")
    deck.write(invocation(10, result(outcome="fail")))
    assert (deck.check().first_failed_at, deck.check().last_passed_at) == (at(9), at(8))


def test_a_result_that_is_read_again_takes_the_place_of_the_one_that_was_kept(deck: Deck) -> None:
    all_of = [invocation(day, result(outcome="fail" if day > 2 else "pass")) for day in range(6)]
    deck.write(*all_of)
    before = deck.check()
    deck.reader.close()
    deck.cache.close()
    deck.open("anew.db")
    deck.write(all_of[-1])
    deck.write(*all_of)
    assert deck.check() == before


# -- in any order ---------------------------------------------------------------------------------------------------

_OUTCOMES = ("pass", "warn", "fail", "error", "skipped")
said = st.builds(
    lambda name, outcome, mostly: loose(mostly, outcome=outcome) if name == "a" else result(name, outcome),
    st.sampled_from(("a", "b", "c")),
    st.sampled_from(_OUTCOMES),
    st.sampled_from((0.9, 0.95, 0.99)),
)
runs = st.lists(
    st.tuples(st.integers(0, 8), st.lists(said, max_size=3, unique_by=lambda one: one.name), st.booleans()),
    min_size=1,
    max_size=8,
    unique_by=lambda run: run[0],
)


def made(run: tuple[int, list[CheckResult], bool]) -> Invocation:
    day, results, is_whole = run
    return invocation(day, *results, is_whole=is_whole, commit=f"c{day}")


@settings(max_examples=60, deadline=None)
@given(runs, st.randoms(use_true_random=False))
def test_results_in_any_order_and_in_any_parts_say_the_same(
    some: list[tuple[int, list[CheckResult], bool]], dice: Any
) -> None:
    in_order = [made(run) for run in sorted(some, key=lambda run: run[0])]
    with (
        TemporaryDirectory() as one,
        TemporaryDirectory() as other,
        closing(Deck(Path(one))) as straight,
        closing(Deck(Path(other))) as shuffled,
    ):
        for each in in_order:
            straight.write(each)
        parts = []
        for each in dice.sample(in_order, len(in_order)):
            cut = dice.randint(0, len(each.results))
            if cut:
                parts.append(msgspec.structs.replace(each, results=each.results[:cut], is_whole=False))
            parts.append(msgspec.structs.replace(each, results=each.results[cut:]))
        while parts:
            some_at_once = [parts.pop(0) for _ in range(min(len(parts), dice.randint(1, 4)))]
            shuffled.write(*some_at_once)
            if dice.random() < 0.3:
                shuffled.write(*some_at_once)
        assert sorted(shuffled.checks(), key=_name) == sorted(straight.checks(), key=_name)
        assert shuffled.events() == straight.events()


many_runs = st.lists(
    st.tuples(st.integers(0, 40), st.lists(said, max_size=3, unique_by=lambda one: one.name), st.booleans()),
    min_size=4, max_size=24, unique_by=lambda run: run[0],
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(many_runs, st.randoms(use_true_random=False))
def test_blocks_that_come_newest_first_between_older_results_say_the_same_as_in_order(
    some: list[tuple[int, list[CheckResult], bool]], dice: Any
) -> None:
    in_order = [made(run) for run in sorted(some, key=lambda run: run[0])]
    with (
        TemporaryDirectory() as one,
        TemporaryDirectory() as other,
        closing(Deck(Path(one))) as straight,
        closing(Deck(Path(other))) as blocks,
    ):
        for each in in_order:
            straight.write(each)
        first = dice.sample(in_order, dice.randint(1, 3))
        blocks.write(*first)
        left = in_order[::-1]  # those that came first are read once more, in their place
        while left:
            size = dice.randint(1, 5)
            blocks.write(*left[:size])
            left = left[size:]
        assert sorted(blocks.checks(), key=_name) == sorted(straight.checks(), key=_name)
        assert blocks.events() == straight.events()


@settings(max_examples=40, deadline=None)
@given(many_runs, st.randoms(use_true_random=False))
def test_a_cache_that_is_built_anew_newest_first_says_what_the_one_before_did(
    some: list[tuple[int, list[CheckResult], bool]], dice: Any
) -> None:
    in_order = [made((day, results, False)) for day, results, _ in sorted(some, key=lambda run: run[0])]
    with TemporaryDirectory() as folder, closing(Deck(Path(folder))) as deck:
        deck.write(*in_order)
        before, events = sorted(deck.checks(), key=_name), deck.events()
        deck.reader.close()
        deck.cache.close()
        deck.open("anew.db")
        left = in_order[::-1]
        while left:
            size = dice.randint(1, 5)
            deck.write(*left[:size])
            left = left[size:]
        assert sorted(deck.checks(), key=_name) == before
        assert deck.events() == events


def _name(check: Check) -> str:
    return check.name


def test_several_older_results_at_once_leave_one_beginning_of_the_failure(deck: Deck) -> None:
    for days in ((9,), (8, 7), (6, 5)):
        deck.write(*(invocation(day, result(outcome="fail")) for day in days))
    assert deck.told() == [("check began to fail", 5)]
    deck.write(invocation(4, result()), invocation(3, result(outcome="fail")))
    assert deck.told() == [("check began to fail", 3), ("check recovered", 4), ("check began to fail", 5)]
    assert [event.not_before for event in deck.events()] == [at(4), at(3), None]


# -- lists ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def fleet(deck: Deck) -> Deck:
    """Datasets in trouble and not, of two tools, one of them with a silent check."""
    nightly = [result("freshness", dataset="payments")]
    for day in range(4):
        deck.write(invocation(day, *nightly, suite="nightly"))
    deck.write(
        invocation(
            29.9, result("a", "pass"), result("b", "fail"), result("c", "warn", dataset="customers"),
            result("d", "pass", dataset="events"),
        )
    )  # fmt: skip
    deck.write(
        Invocation(
            source="d", id="dbt", tool="dbt", at=at(29.9), environment="dev", commit="4f2c91a0",
            results=(
                result("unique(id)", "error", dataset="shop.orders", column="id"),
                result("t", "skipped", dataset="events", failed_rows=1, total_rows=4),
            ),
        ),
        source="d",
    )  # fmt: skip
    return deck


def test_datasets_in_trouble_come_first_and_in_them_the_worst(fleet: Deck) -> None:
    assert [(check.dataset, check.name) for check in fleet.checks()] == [
        ("orders", "b"), ("orders", "a"), ("shop.orders", "unique(id)"), ("customers", "c"), ("payments", "freshness"),
        ("events", "t"), ("events", "d"),
    ]  # fmt: skip


def test_a_declared_dataset_is_one_under_all_its_names(fleet: Deck) -> None:
    orders = DataIdentity(name="orders", same=(("dbt", "shop.orders"), ("gx", "orders")))
    declared = Identities([orders])
    [first, *_] = fleet.reads.groups(None, NOW, declared)
    assert (first.dataset, first.total, first.rank) == ("orders", 3, 0)
    assert first.names == (("dbt", "shop.orders"), ("great_expectations", "orders"))
    assert first.tools == {"great_expectations": 2, "dbt": 1}
    assert first.outcomes == {"fail": 1, "error": 1, "pass": 1}
    names = [check.name for check in fleet.checks("dataset = orders", identities=declared)]
    assert names == ["b", "unique(id)", "a"]
    assert [check.name for check in fleet.checks("dataset = 'shop.orders'", identities=declared)] == ["unique(id)"]
    assert [row.check.name for row in fleet.reads.of_datasets([("dbt", "shop.orders"), ("", "orders")])] == [
        "b", "unique(id)", "a",
    ]  # fmt: skip


def test_the_summary_calls_no_silent_check_green(fleet: Deck) -> None:
    summary = fleet.reads.summary(None, NOW)
    assert (summary.total, summary.datasets, summary.silent, summary.overdue_passes) == (7, 5, 1, 1)
    assert summary.outcomes == {"pass": 3, "fail": 1, "warn": 1, "error": 1, "skipped": 1}


def test_checks_are_found_by_id_commit_run_and_pipeline(fleet: Deck) -> None:
    check = next(check for check in fleet.checks() if check.name == "unique(id)")
    assert fleet.reads.beginning(check.id[:6]) == [fleet.reads.find(check.id)]
    assert fleet.reads.beginning("") == []
    assert {row.check.name for row in fleet.reads.of_commit("4f2c")} == {"unique(id)", "t"}
    fleet.write(invocation(40, result("a", "fail"), run_id="r", pipeline_id="p"), invocation(41, result("a")))
    [row] = fleet.reads.of_run("r")
    assert row.check.newest.outcome == "pass"
    assert row.then is not None
    assert row.then.result.outcome == "fail"
    assert [row.check.name for row in fleet.reads.of_pipeline("p")] == ["a"]


def test_of_what_spoke_of_a_commit_the_worst_are_read_and_all_are_counted(deck: Deck) -> None:
    many = [result(f"c{n}", "fail" if n == 7 else "warn" if n == 3 else "pass") for n in range(9)]
    deck.write(invocation(0, result("c7"), commit="4f2c"), invocation(1, *many, commit="4f2c", dataset_digest="77ab"))
    said = deck.reads.said("commit", "4f2c")
    assert sorted(said.values()) == ["fail", *["pass"] * 7, "warn"]
    assert [row.check.name for row in deck.reads.of_commit("4f2c", limit=2)] == ["c7", "c3"]
    [passed] = deck.reads.spoke("digest", "77ab", among=[rowid for rowid, one in said.items() if one == "warn"])
    assert passed.then is not None
    assert (passed.check.name, passed.then.at) == ("c3", at(1))
    assert deck.reads.said("commit", "") == deck.reads.said("digest", "") == {}


def test_checks_of_a_source_that_left_the_settings_are_not_shown(fleet: Deck) -> None:
    check = next(check for check in fleet.checks() if check.name == "unique(id)")
    fleet.cache.declare([GX])
    assert fleet.reads.find(check.id) is None
    assert "unique(id)" not in [one.name for one in fleet.checks()]
    assert fleet.reads.summary(None, NOW).total == 5
    assert fleet.reads.result(check.id, "dbt") is None
    assert fleet.reads.of_commit("4f2c") == []


def test_the_strip_of_a_check_tells_where_its_rule_was_changed(deck: Deck) -> None:
    deck.write(*(invocation(day, loose(0.99 if day < 2 else 0.9), interval_at=at(day - 1)) for day in range(4)))
    [rowid] = deck.reads.ids(now=NOW)
    marks = deck.reads.outcomes([rowid], at(2), at(9))[rowid]
    assert [(mark.at, mark.interval_at, mark.outcome, mark.rule_change) for mark in marks] == [
        (at(2), at(1), "pass", "loosened"), (at(3), at(2), "pass", None),
    ]  # fmt: skip


def test_a_history_is_read_newest_first_in_windows(deck: Deck) -> None:
    deck.write(*(invocation(day, result()) for day in range(5)))
    [rowid] = deck.reads.ids(now=NOW)
    assert [past.at for past in deck.reads.history(rowid, 2)] == [at(4), at(3)]
    assert [past.at for past in deck.reads.history(rowid, 9, before=at(3))] == [at(2), at(1), at(0)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("outcome:fail,error", {"b", "unique(id)"}),
        ("status:warn", {"c"}),
        ("silent", {"freshness"}),
        ("not silent:yes and dataset:pay", set()),
        ("removed", set()),
        ("share >= 0.25", {"t"}),
        ("failed_rows = 1 and environment:dev", {"t"}),
        ("commit ~ '^4f2c' column:id", {"unique(id)"}),
        ("tool:dbt", {"unique(id)", "t"}),
        ("fresh", {"freshness"}),
        ("age > 20d", {"freshness"}),
        ("has first_failed_at", {"b", "unique(id)"}),
        ("not has rule and suite:nightly", {"freshness"}),
    ],
)
def test_a_filter_finds_what_it_says_and_means_the_same_without_sql(fleet: Deck, text: str, names: set[str]) -> None:
    assert {check.name for check in fleet.checks(text)} == names
    node = parse(text, now=NOW, vocabulary=CHECKS)
    assert node is not None
    assert {check.name for check in fleet.checks() if matches_check(node, check, NOW)} == names
    assert fleet.reads.count(node, now=NOW) == len(names)


def test_what_has_no_such_value_comes_last(fleet: Deck) -> None:
    assert fleet.checks(sort="share")[0].name == "t"
    assert fleet.checks(sort="share:desc")[0].name == "t"
    assert [check.newest.outcome for check in fleet.checks(sort="outcome")][:2] == ["fail", "error"]
