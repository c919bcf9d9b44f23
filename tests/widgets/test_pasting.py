"""A paste never becomes keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual import events

from quarterdeck.widgets.pasting import PasteParser

BEGIN, END = "\x1b[200~", "\x1b[201~"


def fed(*reads: str) -> list[object]:
    parser = PasteParser()
    return [message for read in reads for message in parser.feed(read)]


def test_an_escape_sequence_in_a_paste_is_text() -> None:
    found = fed(f"{BEGIN}x\x1b[q\x1b[31m{END}", "j")
    assert [type(message) for message in found] == [events.Paste, events.Key]
    assert found[0].text == "x[q[31m"  # type: ignore[attr-defined]


@given(st.text(alphabet="\x1b[qjx2001~", max_size=30), st.integers(1, 50))
def test_nothing_in_a_paste_is_a_key_wherever_it_is_split(text: str, at: int) -> None:
    whole = BEGIN + text.replace(END, "") + END
    first, second = whole[: max(at, len(BEGIN))], whole[max(at, len(BEGIN)) :]
    found = fed(first, second) if second else fed(first)
    assert not [message for message in found if isinstance(message, events.Key)]


@given(st.text(alphabet="abcj/:", max_size=20))
def test_keys_are_keys(text: str) -> None:
    assert [message.character for message in fed(text) if isinstance(message, events.Key)] == list(text)
