"""What a terminal is sent for a notice, and that nothing in a run's name can be part of the escape sequence."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.bell import BELL, LONGEST, notification, ringing, way_of
from quarterdeck.app.text import cells

XTERM = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("environ", "way"),
    [
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "9"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "9"),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, "9"),
        ({"TERM": "xterm-256color", "WT_SESSION": "e7d0"}, "9"),
        ({"TERM": "xterm-kitty"}, "99"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux,1,0", "KITTY_WINDOW_ID": "3"}, "99"),
        ({"TERM": "rxvt-unicode-256color"}, "777"),
        ({"TERM": "foot"}, "777"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, "777"),
        ({"TERM": "xterm-256color"}, "9"),
    ],
)
def test_each_terminal_is_asked_in_its_own_way_and_in_one_only(environ: dict[str, str], way: str) -> None:
    assert way_of(environ) == way
    assert notification("done", environ).count("]9;") + notification("done", environ).count("]777;") <= 1


def test_the_three_ways_as_they_are_sent() -> None:
    assert notification("a; b", XTERM) == "\x1b]9;quarterdeck: a; b\x07"
    assert notification("a; b", {"TERM": "foot"}) == "\x1b]777;notify;quarterdeck;a, b\x07"
    assert notification("a; b", {"TERM": "xterm-kitty"}) == "\x1b]99;;quarterdeck: a; b\x1b\\"


def test_inside_tmux_it_is_wrapped_to_pass_through() -> None:
    sent = notification("done", {"TERM": "tmux-256color", "TMUX": "/tmp/tmux-0/default,1,0"})
    assert sent == "\x1bPtmux;\x1b\x1b]9;quarterdeck: done\x07\x1b\\"


@pytest.mark.parametrize("term", ["", "dumb", "linux"])
def test_a_terminal_without_notifications_is_not_asked(term: str) -> None:
    assert notification("done", {"TERM": term}) == ""
    assert ringing("done", ("bell", "terminal"), {"TERM": term}) == BELL


def test_what_is_not_wanted_is_not_sent() -> None:
    assert ringing("done", (), XTERM) == ""
    assert ringing("done", ("bell",), XTERM) == BELL
    assert ringing("done", ("terminal",), XTERM) == notification("done", XTERM)


FRAMES = {
    "9": (XTERM, r"\x1b\]9;quarterdeck: (.*)\x07"),
    "777": ({"TERM": "foot"}, r"\x1b\]777;notify;quarterdeck;([^;]*)\x07"),
    "99": ({"TERM": "xterm-kitty"}, r"\x1b\]99;;quarterdeck: (.*)\x1b\\"),
}


@pytest.mark.parametrize("way", sorted(FRAMES))
@given(text=st.text(max_size=300) | st.sampled_from(["\x1b]52;c;aGk=\x07", "\x9d9;x\x9c", "a\x07b\x1b\\c\n", "4;1;50"]))
def test_no_name_reaches_out_of_its_sequence(way: str, text: str) -> None:
    environ, frame = FRAMES[way]
    found = re.fullmatch(frame, notification(text, environ), re.DOTALL)
    assert found is not None
    assert not {unicodedata.category(sign) for sign in found[1]} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert cells(found[1]) <= LONGEST
