"""Whether the entries of a ledger hold together, and agree with what was seen of the alias."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from quarterdeck.app.audit.chain import Seen, chain_of, in_order, moves_of, shown_of
from quarterdeck.app.audit.findings import Finding, is_well, worst_first
from quarterdeck.app.records import Actor, AliasMove, LedgerEntry
from quarterdeck.app.store.explanations import explanation

NOW, HOUR = 1_773_000_000_000, 3_600_000
ANN = Actor(name="ann", email="ann@example.com", strength="signed")


def entry(number: int, version: str, previous: str | None, **rest: Any) -> LedgerEntry:
    facts: dict[str, Any] = {
        "source": "g", "model": "churn", "alias": "champion", "number": number, "id": f"{number:040x}",
        "version": version, "previous": previous, "before": f"{number - 1:040x}" if number > 1 else "",
        "at": NOW + number * HOUR, "by": ANN,
    }  # fmt: skip
    return LedgerEntry(**(facts | rest))


def cancel(number: int, of: LedgerEntry, **rest: Any) -> LedgerEntry:
    told = {"kind": "cancel", "cancels": of.number} | rest
    return replace(entry(number, of.previous or "", of.version), **told)


WHOLE = [entry(1, "12", None), entry(2, "13", "12"), entry(3, "14", "13"), entry(4, "13", "14", kind="rollback")]


def said(entries: list[LedgerEntry]) -> list[tuple[str, str, str, str]]:
    return [(one.level, one.code, one.about, one.sentence) for one in worst_first(chain_of(in_order(entries)))]


def test_a_whole_chain_has_nothing_to_say() -> None:
    assert said(WHOLE) == []
    assert said([]) == []


def test_an_entry_that_is_missing_leaves_a_gap() -> None:
    assert said([WHOLE[0], *WHOLE[2:]]) == [("wrong", "gap", "champion", "entry 2 is missing.")]
    assert said([WHOLE[0], WHOLE[3]]) == [("wrong", "gap", "champion", "entries 2 to 3 are missing.")]
    assert said(WHOLE[2:]) == [("wrong", "gap", "champion", "entries 1 to 2 are missing.")]
    assert said([WHOLE[0], entry(999_999_999, "1", "12")])[0][3] == "entries 2 to 999999998 are missing."


def test_an_entry_of_another_chain_is_told_by_the_one_before_it() -> None:
    other = entry(3, "14", "13", before="f" * 40)
    told = f"it names {'f' * 12} as the one before it, and entry 2 is {'0' * 12}."
    assert said([*WHOLE[:2], other]) == [("wrong", "before", "champion entry 3", told)]
    nobody = entry(3, "14", "13", before="")
    assert said([*WHOLE[:2], nobody])[0][3].startswith("it names none as the one before it")


def test_the_first_entry_names_none_before_it() -> None:
    (told,) = said([entry(1, "12", None, before="a" * 40)])
    assert told == ("wrong", "before", "champion entry 1", f"it is the first and names one before it: {'a' * 12}.")


def test_a_number_that_is_given_twice_is_wrong_and_the_next_may_follow_either() -> None:
    twin = entry(2, "9", "12", id="b" * 40)
    follows = entry(3, "14", "9", before="b" * 40)
    told = said([WHOLE[0], WHOLE[1], twin, follows])
    assert told[0][:3] == ("wrong", "double", "champion entry 2")
    assert "given 2 times: 000000000000, bbbbbbbbbbbb" in told[0][3]
    assert not any(code == "before" for _, code, _, _ in told)


def test_an_entry_that_cannot_be_read_keeps_its_number_and_is_told() -> None:
    lost = entry(2, "", None, before="", at=0, trouble="Entry 2 cannot be read: it is no annotated tag.")
    told = said([WHOLE[0], lost, entry(3, "14", "13")])
    assert told == [("wrong", "unreadable", "champion entry 2", "Entry 2 cannot be read: it is no annotated tag.")]


def test_an_entry_that_found_what_no_entry_left_there_tells_of_a_move_outside() -> None:
    (told,) = said([*WHOLE[:2], entry(3, "14", "9")])
    assert told[:3] == ("wrong", "outside", "champion entry 3")
    assert told[3] == "it found v9, and entry 2 says v13: the alias was moved outside in between."


def test_an_entry_that_was_never_carried_out_is_good_to_know() -> None:
    (told,) = said([*WHOLE[:2], entry(3, "14", "12")])
    assert told[:3] == ("note", "not done", "champion entry 2")
    assert "entry 3 found v12 still" in told[3]


def test_a_first_entry_that_was_not_carried_out_found_no_alias() -> None:
    (told,) = said([WHOLE[0], entry(2, "13", None)])
    assert (told[0], told[1]) == ("note", "not done")


def test_an_entry_that_takes_another_back_says_what_was_before() -> None:
    assert said([*WHOLE[:2], cancel(3, WHOLE[1]), entry(4, "14", "12")]) == []
    (told,) = said([*WHOLE[:2], cancel(3, WHOLE[1], version="9")])
    assert (told[1], told[3]) == ("cancel", "it takes back entry 2, v12 → v13, and says v13 → v9.")
    (told,) = said([*WHOLE[:2], cancel(3, WHOLE[1], cancels=7)])
    assert told[3] == "it takes back entry 7, which is not there before it."


def test_the_first_entry_can_be_taken_back_to_nothing() -> None:
    assert said([WHOLE[0], cancel(2, WHOLE[0]), entry(3, "14", None)]) == []


def test_a_clock_that_was_wrong_is_told() -> None:
    (told,) = said([WHOLE[0], entry(2, "13", "12", at=NOW)])
    assert told == ("unknown", "time", "champion entry 2", "it is dated 1 h 00 m before entry 1: a clock is wrong.")


@given(st.data())
def test_whatever_is_taken_out_of_a_chain_or_put_elsewhere_is_noticed(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 12))
    entries = [entry(n, str(n), str(n - 1) if n > 1 else None) for n in range(1, count + 1)]
    at = data.draw(st.integers(0, count - 2))  # the last one can only be missed by who knows it
    cut = [*entries[:at], *entries[at + 1 :]]
    assert not is_well(chain_of(cut))
    renumbered = [
        *entries[:at],
        *(entry(n + 1, one.version, one.previous, id=one.id, before=one.before) for n, one in enumerate(cut[at:], at)),
    ]
    assert not is_well(chain_of(renumbered))


# -- what was seen


def move(at: int, version: str | None, previous: str | None, **rest: Any) -> AliasMove:
    facts: dict[str, Any] = {
        "id": str(at), "source": "r", "model": "churn", "alias": "champion", "version": version, "previous": previous,
        "reason": "moved", "at": at, "not_before": at - HOUR,
    }  # fmt: skip
    return AliasMove(**(facts | rest))


def moved(*moves: AliasMove, as_of: int = NOW + 100 * HOUR, entries: list[LedgerEntry] = WHOLE) -> list[Finding]:
    told = [(one, explanation(one, entries, is_kept=True, as_of=as_of).verdict) for one in moves]
    return list(moves_of("champion", told, entries))


def test_a_move_that_an_entry_explains_is_as_it_should_be() -> None:
    assert moved(move(NOW + 2 * HOUR, "13", "12"), move(NOW, "12", None, reason="first seen")) == []


def test_a_move_that_no_entry_explains_is_wrong() -> None:
    (told,) = moved(move(NOW + 3 * HOUR // 2, "9", "12"))
    assert (told.level, told.about) == ("wrong", "champion")
    assert told.sentence == (
        "it was moved v12 → v9 between 2026-03-08T20:30:00Z and 2026-03-08T21:30:00Z, and no entry explains it."
    )
    (gone,) = moved(move(NOW + 3 * HOUR // 2, None, "12", reason="removed", not_before=None))
    assert gone.sentence == "it was taken from v12 by 2026-03-08T21:30:00Z, and no entry explains it."


def test_what_moved_before_there_was_a_ledger_needs_no_entry() -> None:
    (told,) = moved(move(NOW, "12", "11"))
    assert told.level == "note"
    assert told.sentence.endswith("no entry explains it: that was before the first one.")


def test_what_moved_since_the_ledger_was_read_is_not_known() -> None:
    (told,) = moved(move(NOW + 9 * HOUR, "9", "13"), as_of=NOW + 8 * HOUR)
    assert told.level == "unknown"
    assert told.sentence.endswith("no entry explains it so far: the ledger was not read since.")


@pytest.mark.parametrize(
    ("seen", "level"),
    [
        (None, None),
        (Seen(version="13", at=NOW), None),
        (Seen(version="9", at=NOW + 5 * HOUR), "wrong"),
        (Seen(version=None, at=NOW + 5 * HOUR), "wrong"),
        (Seen(version="9", at=NOW + 4 * HOUR + 60_000), "unknown"),
    ],
)
def test_the_alias_shows_what_the_last_entry_says(seen: Seen | None, level: str | None) -> None:
    told = list(shown_of("champion", WHOLE, seen))
    assert [one.level for one in told] == ([] if level is None else [level])
    assert list(shown_of("champion", [], seen)) == []


def test_the_worst_is_told_first_and_nothing_twice() -> None:
    made = [Finding(level=level, code="x", about="y", sentence="z") for level in ("note", "unknown", "wrong", "note")]
    assert [one.level for one in worst_first(made)] == ["wrong", "unknown", "note"]
    assert is_well([made[0], made[1]])
    assert not is_well(made)
