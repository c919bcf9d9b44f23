"""Where aliases were when: what is kept of each look, and what the ledger explains of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.records import Actor, AliasMove, LedgerEntry, Waiver
from quarterdeck.app.store.alias_history import Held
from quarterdeck.app.store.explanations import SLACK, explained, explanation
from quarterdeck.app.store.state import State

Looks = dict[str, dict[str, str]]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State(tmp_path / "state.db") as made:
        yield made


def told(moves: list[AliasMove]) -> list[tuple[Any, ...]]:
    return [(move.alias, move.previous, move.version, move.reason) for move in moves]


def look(state: State, at: int, gone: Any = (), **models: dict[str, str]) -> list[AliasMove]:
    return state.observe_aliases("k", models, gone, at)


# -- looks ----------------------------------------------------------------------------------------------------------


def test_what_is_there_at_the_first_look_was_first_seen_and_not_set(state: State) -> None:
    assert told(look(state, 10, churn={"champion": "13"})) == [("champion", None, "13", "first seen")]
    later = look(state, 20, churn={"champion": "13", "challenger": "14"}, other={"champion": "1"})
    assert told(later) == [("challenger", None, "14", "set"), ("champion", None, "1", "set")]
    assert [(move.at, move.not_before) for move in later] == [(20, 10)] * 2
    assert [move.not_before for move in state.alias_moves(alias="champion", model="churn")] == [None]


def test_a_move_lies_between_the_begin_of_the_look_before_and_the_end_of_this(state: State) -> None:
    state.observe_aliases("k", {"churn": {"champion": "13"}}, (), 100, 90)
    (move,) = state.observe_aliases("k", {"churn": {"champion": "14"}}, (), 200, 180)
    assert (move.previous, move.version, move.reason) == ("13", "14", "moved")
    assert (move.not_before, move.at) == (90, 200)


def test_an_alias_that_was_left_on_a_deleted_version_is_told_once(state: State) -> None:
    look(state, 10, a={"champion": "1"}, b={"champion": "1"})
    assert look(state, 20, gone=[("a", "1")], a={"champion": "1"}, b={"champion": "1"}) == []
    look(state, 30, gone=[("a", "1")], a={"champion": "1"}, b={"champion": "1"})
    assert [event.title for event in state.events(10)] == ["champion of a points at v1, which was deleted"]


def test_an_alias_that_went_with_its_version_is_told_from_one_that_was_taken_away(state: State) -> None:
    look(state, 10, a={"champion": "1", "old": "2"}, b={"champion": "7"})
    moves = look(state, 20, gone=[("a", "1"), ("a", "9")], a={})
    assert told(moves) == [
        ("champion", "1", None, "vanished"),
        ("old", "2", None, "removed"),
        ("champion", "7", None, "vanished"),  # the whole model is gone
    ]
    assert look(state, 30, a={}) == []


def test_a_version_may_be_said_to_be_gone_before_its_alias_is_missed(state: State) -> None:
    look(state, 10, a={"champion": "1"})
    assert state.observe_aliases("k", {}, [("a", "1")], 15, is_complete=False) == []
    assert told(look(state, 20, a={})) == [("champion", "1", None, "vanished")]


def test_a_version_that_is_there_after_all_was_not_gone(state: State) -> None:
    look(state, 10, a={"champion": "1"})
    look(state, 20, gone=[("a", "1")], a={"champion": "1"})
    assert told(look(state, 30, a={})) == [("champion", "1", None, "removed")]


def test_a_look_at_one_model_says_nothing_of_others(state: State) -> None:
    assert state.observe_aliases("k", {"a": {"x": "1"}}, (), 5, is_complete=False) == []
    look(state, 10, a={"champion": "1"}, b={"champion": "1"})
    moves = state.observe_aliases("k", {"a": {"champion": "2"}}, (), 20, is_complete=False)
    assert told(moves) == [("champion", "1", "2", "moved")]
    assert look(state, 30, a={"champion": "2"}, b={"champion": "1"}) == []


def test_each_source_has_a_history_of_its_own(state: State) -> None:
    look(state, 10, churn={"champion": "1"})
    (move,) = state.observe_aliases("other", {"churn": {"champion": "2"}}, (), 20)
    assert move.reason == "first seen"
    assert [one.source for one in state.alias_moves("churn", "champion")] == ["other", "k"]
    assert state.aliases_known_from() == {"k": 10, "other": 20}


def test_moves_are_read_by_name_and_time_newest_first(state: State) -> None:
    for at in range(5):
        look(state, at, a={"champion": str(at), "x": "1"}, b={"champion": str(at)})
    assert [move.at for move in state.alias_moves("a", "champion")] == [4, 3, 2, 1, 0]
    assert [move.at for move in state.alias_moves("a", "champion", since=1, until=4, limit=2)] == [3, 2]
    assert len(state.alias_moves("a")) == 6
    assert len(state.alias_moves()) == 11
    assert state.alias_moves("A") == []


def test_names_that_are_no_text_are_kept_spelled_out(state: State) -> None:
    look(state, 1, **{"a\ud800": {"c\udfff": "1"}})
    (move,) = look(state, 2, **{"a\ud800": {"c\udfff": "2"}})
    assert (move.model, move.alias) == ("a\\ud800", "c\\udfff")
    assert state.alias_moves("a\ud800", "c\udfff")[0] == move


def test_two_aliases_that_differ_by_case_only_are_told_once(state: State) -> None:
    look(state, 10, churn={"champion": "13"})
    for at, alias in ((20, "Champion"), (30, ""), (40, "Champion")):
        look(state, at, churn={"champion": "13"} | ({alias: "14"} if alias else {}))
    (event,) = state.events(10)
    assert (event.kind, event.at, event.not_before) == ("alias moved", 20, 10)
    assert event.title == "Champion and champion of churn differ by case only: v14, v13"
    assert [ref.subject for ref in event.refs] == ["alias/churn@Champion", "alias/churn@champion"]


NAMES = st.sampled_from(["champion", "Champion", "x"])
WORLDS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b"]), st.dictionaries(NAMES, st.sampled_from(["1", "2"])), max_size=2),
    min_size=1,
    max_size=6,
)


def history(state: State) -> list[tuple[Any, ...]]:
    return [
        (one.model, one.alias, one.previous, one.version, one.reason, one.at, one.not_before)
        for one in state.alias_moves()
    ]


@settings(max_examples=40, deadline=None)
@given(WORLDS, st.data())
def test_a_look_that_is_told_twice_or_after_a_crash_is_one_look(worlds: list[Looks], data: st.DataObject) -> None:
    gone = [data.draw(st.sets(st.tuples(st.sampled_from("ab"), st.sampled_from("12")), max_size=2)) for _ in worlds]
    with TemporaryDirectory() as folder:
        once, often = Path(folder, "once.db"), Path(folder, "often.db")
        with State(once) as state:
            for at, world in enumerate(worlds):
                state.observe_aliases("k", world, gone[at], 10 * at)
            expected, events = history(state), state.events(100)
        for at, world in enumerate(worlds):
            for _ in range(data.draw(st.integers(1, 3))):
                with State(often) as state:  # another process each time
                    state.observe_aliases("k", world, gone[at], 10 * at)
        with State(often) as state:
            assert history(state) == expected
            assert state.events(100) == events


@settings(max_examples=40, deadline=None)
@given(WORLDS)
def test_the_moves_lead_to_where_the_aliases_are_now(worlds: list[Looks]) -> None:
    with TemporaryDirectory() as folder, State(Path(folder, "state.db")) as state:
        for at, world in enumerate(worlds):
            state.observe_aliases("k", world, (), 10 * at)
        for at, world in enumerate(worlds):
            held = {(one.model, one.alias): one.version for one in state.aliases_at(10 * at) if one.version}
            assert held == {(model, alias): v for model, aliases in world.items() for alias, v in aliases.items()}
            assert {one.knowledge for one in state.aliases_at(10 * at)} <= {"certain"}


# -- at a time ------------------------------------------------------------------------------------------------------


def at(state: State, time: int) -> tuple[str | None, str, str | None]:
    held = state.alias_at("churn", "champion", time)
    assert held is not None
    return held.version, held.knowledge, held.other


def test_where_an_alias_was_is_certain_as_far_as_somebody_looked(state: State) -> None:
    for began, version in ((100, "13"), (200, "13"), (300, "14"), (400, None)):
        state.observe_aliases("k", {"churn": {"champion": version} if version else {}}, (), began + 10, began)
    assert at(state, 109) == (None, "not looked", None)
    assert at(state, 110) == ("13", "certain", None)
    assert at(state, 200) == ("13", "certain", None)
    assert at(state, 201) == ("13", "uncertain", "14")
    assert at(state, 309) == ("13", "uncertain", "14")
    assert at(state, 310) == ("14", "uncertain", None)  # it may have gone while that look was still under way
    assert at(state, 410) == (None, "uncertain", None)  # nobody has looked since that look began
    state.observe_aliases("k", {}, (), 510, 500)
    assert at(state, 410) == at(state, 500) == (None, "certain", None)
    assert at(state, 501) == (None, "uncertain", None)
    assert state.alias_at("churn", "Champion", 310) is None
    assert state.alias_at("churn", "champion", 310, source="other") is None
    known = state.alias_at("churn", "champion", 50)
    assert isinstance(known, Held)
    assert known.known_from == 110


# -- explained ------------------------------------------------------------------------------------------------------

ANN = Actor(name="ann", strength="signed")


def moved(version: str | None, at: int = 1_000_000, **rest: Any) -> AliasMove:
    facts: dict[str, Any] = {"previous": "13", "reason": "moved", "model": "churn", "alias": "champion"} | rest
    return AliasMove(id="m", source="k", version=version, at=at, **facts)


def entry(number: int, version: str, at: int = 1_000, **rest: Any) -> LedgerEntry:
    facts: dict[str, Any] = {"model": "churn", "alias": "champion", "id": f"e{number}", "by": ANN} | rest
    return LedgerEntry(source="g", number=number, version=version, at=at, **facts)


def test_the_last_entry_by_then_explains_a_move_to_just_what_it_assigns() -> None:
    entries = [entry(2, "14"), entry(1, "13"), entry(9, "14", alias="Champion"), entry(9, "14", model="x")]
    assert explained(moved("14"), entries) == entries[0]
    assert explained(moved("13"), entries) is None
    assert explained(moved(None), entries) is None
    assert explained(moved("14", reason="first seen", previous=None), entries) is None
    assert explained(moved("14"), []) is None


def test_an_entry_may_be_ahead_by_what_clocks_differ_and_no_more() -> None:
    move = moved("14")
    just, late = entry(2, "14", move.at + SLACK), entry(2, "14", move.at + SLACK + 1)
    assert explained(move, [entry(1, "13"), just]) == just
    assert explained(move, [entry(1, "13"), late]) is None
    assert explained(moved("13"), [entry(1, "13"), late]) is not None


def test_an_entry_that_cannot_be_read_explains_nothing_and_hides_what_was_before() -> None:
    assert explained(moved("14"), [entry(1, "14"), entry(2, "14", trouble="no JSON")]) is None


def test_what_no_entry_explains_is_told_apart_by_what_could_be_known() -> None:
    move = moved("15")

    def verdict(*entries: LedgerEntry, kept: bool = True, as_of: int | None = move.at) -> tuple[str, bool | None]:
        found = explanation(move, entries, is_kept=kept, as_of=as_of)
        return found.verdict, found.is_explained

    assert verdict(entry(1, "15")) == ("explained", True)
    assert verdict(entry(1, "14")) == ("unexplained", False)
    assert verdict(entry(1, "14"), as_of=move.at - 1) == ("not so far", False)
    assert verdict(entry(1, "14"), as_of=None) == ("not so far", False)
    assert verdict(kept=False) == ("no ledger", None)
    first = explanation(moved("15", reason="first seen"), (), is_kept=True, as_of=None)
    assert (first.verdict, first.is_explained) == ("first seen", None)


# -- the ledger of a project without a remote -----------------------------------------------------------------------


def test_a_local_ledger_takes_each_number_once(state: State, tmp_path: Path) -> None:
    first = entry(1, "13", model="a\ud800", gates={"ci:x": "pass"}, approvers=(ANN,))
    assert state.append_local_entry(first)
    with State(tmp_path / "state.db") as other:
        assert not other.append_local_entry(entry(1, "14", model="a\ud800"))
        assert other.append_local_entry(entry(2, "14", model="a\ud800"))
        assert other.append_local_entry(entry(1, "1", model="a\ud800", alias="Champion"))
    assert state.local_entries("a\ud800", "champion") == [first, entry(2, "14", model="a\ud800")]
    assert len(state.local_entries("a\ud800")) == len(state.local_entries()) == 3
    assert state.local_entries("b") == []


def test_local_waivers_are_kept(state: State) -> None:
    waiver = Waiver(
        source="",
        id="w",
        model="churn",
        alias="champion",
        version="14",
        gate="data:*",
        by=ANN,
        why="known",
        at=1,
        until=2,
    )
    assert state.add_local_waiver(waiver)
    assert not state.add_local_waiver(waiver)
    assert state.local_waivers("churn", "champion") == state.local_waivers() == [waiver]
    assert state.local_waivers("churn", "Champion") == []


def test_an_entry_that_was_followed_at_once_explains_what_was_seen_between() -> None:
    promoted, back = entry(6, "14", 1_000_000), entry(7, "13", 1_005_000)
    assert explained(moved("14", 1_002_000, not_before=900_000), [promoted, back]) == promoted
    assert explained(moved("13", 1_010_000, not_before=1_002_000), [promoted, back]) == back
    assert explained(moved("14", 1_100_000, not_before=1_010_000), [promoted, back]) is None  # moved by hand since
