"""Notices of watched runs in words."""

from __future__ import annotations

import math
from typing import Any

import pytest

from quarterdeck.app.text import cells
from quarterdeck.app.watching import Notice
from quarterdeck.screens.notices import notice_line, sentence, signed

MINUTE = 60_000


def a_notice(kind: Any, **changes: Any) -> Notice:
    facts: dict[str, Any] = {"kind": kind, "run_id": "4f2c", "name": "brave-cod", "at": 1, "status": "running"}
    return Notice(**(facts | changes))


def ended(status: str = "finished", **changes: Any) -> Notice:
    return a_notice("ended", status=status, **changes)


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        (ended(), "● brave-cod finished"),
        (
            ended(lasted=17 * MINUTE, metrics=("auc",), value=0.94123, step=9),
            "● brave-cod finished after 17 m 00 s, auc 0.9412",
        ),
        (
            ended(metrics=("auc",), value=0.94, lead=-0.01),
            "● brave-cod finished, auc 0.9400 (−0.01000 to the baseline)",
        ),
        (ended("failed"), "✖ brave-cod failed"),
        (ended("killed"), "– brave-cod was killed"),
        (a_notice("odd", metrics=("loss",), value=math.nan, step=1200), "! brave-cod turned NaN at step 1 200: loss"),
        (
            a_notice("odd", metrics=("a", "b", "c", "d"), value=-math.inf, step=3),
            "! brave-cod turned -inf at step 3: a, b and 2 more",
        ),
        (
            a_notice("stalled", lasted=4 * MINUTE, usual=10_000),
            "▲ brave-cod is running and has logged nothing for 4 m 00 s, usually every 10 s",
        ),
        (a_notice("resumed", lasted=4 * MINUTE), "▶ brave-cod logs again after 4 m 00 s"),
        (
            a_notice("beats", metrics=("auc",), value=0.95, step=40, lead=0.01, better=True),
            "● brave-cod beats the baseline by 0.01000: auc 0.9500 at step 40",
        ),
        (ended(name=""), "● 4f2c finished"),
        (ended(name="two\nlines \x1b[31m"), "● two\\u{a}lines \\u{1b}[31m finished"),
    ],
)
def test_a_notice_is_one_sentence_with_a_sign(notice: Notice, said: str) -> None:
    assert signed(notice)[0] == said
    assert signed(notice)[0].endswith(sentence(notice))


def test_the_worst_of_several_is_said_and_the_others_are_counted() -> None:
    line = notice_line([ended("failed", at=1), ended(at=3), a_notice("stalled", at=2, lasted=MINUTE, usual=1)], 80)
    assert line == [(" ✖ brave-cod failed", "bad"), ("  +2 more, :notices ", "dim")]


def test_of_equals_the_newest_is_said() -> None:
    line = notice_line([ended(at=1, name="old"), ended(at=2, name="new")], 80)
    assert line[0] == (" ● new finished", "good")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_long_sentence_leaves_room_for_the_number_of_others(width: int) -> None:
    long = a_notice("odd", name="x" * 400, metrics=("y" * 300, "z" * 300), value=math.nan, step=3)
    line = notice_line([long, ended()], width)
    assert sum(cells(text) for text, _ in line) <= width
    assert line[1][0] == "  +1 more, :notices "


def test_nothing_unread_is_nothing_said() -> None:
    assert notice_line([], 80) == []
