"""Notes as lines: what is read, what is passed over, and that nothing of anybody's is lost by a union."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.notebook import LARGEST_LINE, in_order, is_place, name_of, places, read, union, written
from quarterdeck.app.records import Note
from quarterdeck.app.records.ids import ulid

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
NOTES = st.builds(
    lambda at, kind, subject, text, author: Note(
        id=ulid(at), at=at, kind=kind, subject=subject, text=text, author=author, email="a@example.com"
    ),
    st.integers(0, 2**47),
    st.sampled_from(["note", "ack", "unack", "handover"]),
    TEXTS.filter(bool),
    TEXTS,
    TEXTS,
)


@given(st.lists(NOTES, max_size=8))
def test_what_is_written_is_read_again(notes: list[Note]) -> None:
    assert read(b"\n".join(map(written, notes))) == in_order(notes)


@given(st.lists(NOTES, max_size=6), st.lists(NOTES, max_size=6))
def test_two_notebooks_have_all_of_both_whoever_comes_first(ours: list[Note], theirs: list[Note]) -> None:
    one, other = union(union(b"", ours), theirs), union(union(b"", theirs), ours)
    assert read(one) == read(other) == in_order([*ours, *theirs])
    assert union(one, [*ours, *theirs]) == one


def test_what_is_no_note_is_passed_over_and_kept() -> None:
    note = Note(id=ulid(1), at=1, subject="run/4f2c", text="seen")
    foreign = b"reviewed by hand, no line break at the end"
    both = union(foreign, [note])
    assert both.startswith(foreign + b"\n")
    assert read(both) == (note,)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"null", b"[1]", b"{", b'{"id":"a"}', b'{"id":"a","at":1,"subject":""}', b"\xff\xfe",
        b'{"id":"a","at":1,"subject":"run/1","text":"\\ud800"}', b'{"id":"a","at":1e400,"subject":"run/1"}',
        b'{"id":"a","at":99999999999999999999,"subject":"run/1"}', b'{"id":"a","at":-1,"subject":"run/1"}',
        b'{"id":"a","at":1,"subject":"run/1","kind":"order"}', b'{"id":"","at":1,"subject":"run/1"}',
        b'{"id":"' + b"a" * 100 + b'","at":1,"subject":"run/1"}',
        b'{"id":"a","at":1,"subject":"run/1","deep":' + b"[" * 15_000,
        b'{"id":"a","at":1,"subject":"run/1","text":"' + b"x" * LARGEST_LINE + b'"}',
    ],
)  # fmt: skip
def test_a_bad_line_hides_no_other(line: bytes) -> None:
    good = Note(id=ulid(1), at=1, subject="run/4f2c")
    assert read(b"\n".join((line, written(good), line))) == (good,)


def test_nobody_can_write_that_a_note_is_here_only() -> None:
    note = Note(id=ulid(1), at=1, subject="run/4f2c", is_here_only=True)
    assert b"here" not in written(note)
    (found,) = read(json.dumps({"id": "x", "at": 1, "subject": "run/1", "is_here_only": True}).encode())
    assert not found.is_here_only


def test_the_first_of_two_lines_of_one_id_counts() -> None:
    first, second = (Note(id="X", at=at, subject="run/1", text=str(at)) for at in (1, 2))
    assert read(written(first) + b"\n" + written(second)) == (first,)


def test_notes_lie_where_git_keeps_those_on_the_blob_of_the_subjects_text() -> None:
    name = name_of("run/4f2c")
    assert len(name) == 40
    assert places(name)[:2] == [f"{name[:2]}/{name[2:]}", name]
    assert all(is_place(place.encode()) for place in [*places(name), *places(name_of("run/4f2c", 64))])
    assert not any(map(is_place, (b"README", name[:38].encode(), b"zz/" + name[2:].encode(), b"a/" + b"b" * 39)))
