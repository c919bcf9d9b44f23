"""Lines of logs: what a terminal would be left with, colours by name, and nothing else that it would obey."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.logs import COLOURS, parse_line, plain
from quarterdeck.app.logs.writing import written
from quarterdeck.app.text import cells, fit

AT = 1_773_449_940_123  # 2026-03-14 00:59:00.123 UTC


@pytest.mark.parametrize(
    "before",
    [
        b"2026-03-14T00:59:00.1234567Z ", b"\xef\xbb\xbf2026-03-14T00:59:00.1234567Z ",
        b"2026-03-14T00:59:00.123456Z 00O ", b"2026-03-14T00:59:00.123456Z 01E+",
        b"[2026-03-14T00:59:00.123Z] ", b"2026-03-14T01:59:00,123+01:00 ", b"2026-03-14T01:59:00.123+0100 ",
    ],
    ids=["github", "after a byte order mark", "gitlab", "gitlab, going on", "jenkins", "iso, an offset", "without :"],
)  # fmt: skip
def test_a_time_before_a_line_is_split_off(before: bytes) -> None:
    line = parse_line(before + b"epoch 1")
    assert (line.text, line.at) == ("epoch 1", AT)


@pytest.mark.parametrize(
    "text",
    ["2026-03-14 00:59:00,123 INFO of the program itself", "2026-99-14T00:59:00.123Z no such month", "2026", "[x] y"],
)
def test_what_is_no_time_of_the_ci_stays_in_the_line(text: str) -> None:
    line = parse_line(text.encode())
    assert (line.text, line.at) == (text, None)


def test_a_time_alone_is_an_empty_line() -> None:
    line = parse_line(b"2026-03-14T00:59:00.1234567Z ")
    assert (line.text, line.at) == ("", AT)


@pytest.mark.parametrize(
    ("code", "colour"),
    [
        (b"31", "red"), (b"1;31", "red"), (b"32;1", "green"), (b"0;33", "yellow"), (b"94", "blue"), (b"1", "bright"),
        (b"90", "grey"), (b"38;5;196", "red"), (b"38;5;46", "green"), (b"38;5;244", "grey"),
        (b"38;2;20;30;220", "blue"),
        (b"48;5;196", ""), (b"41", ""), (b"38;2;255;255;255", ""), (b"4;3;7", ""), (b"38:5:196", "red"), (b"38;5", ""),
    ],
)  # fmt: skip
def test_colours_come_by_name(code: bytes, colour: str) -> None:
    assert parse_line(b"\x1b[" + code + b"mx\x1b[0my").pieces == (("x", colour), ("y", ""))


def test_of_a_progress_bar_the_last_state_is_left() -> None:
    assert parse_line(b" 10%|#   |\r 50%|##  |\r100%|####|\r").text == "100%|####|"
    assert parse_line(b" 10%\r 99%\r\x1b[K").text == " 99%"
    assert parse_line(b"plain\r").text == "plain"
    assert parse_line(b"\r\r").text == ""


def test_markers_of_gitlab_are_no_text() -> None:
    end, start = b"section_end:1506004957:get_sources\r\x1b[0K", b"section_start:1506004958:x[collapsed=true]\r\x1b[0K"
    assert parse_line(end + start + b"$ make").text == "$ make"


@pytest.mark.parametrize(
    ("raw", "text", "marker", "colour"),
    [
        (b"##[group]Run make", "Run make", "group", ""),
        (b"##[error]Process completed with exit code 1.", "Process completed with exit code 1.", "error", "red"),
        (b"##[warning]Node 20 is old", "Node 20 is old", "warning", "yellow"),
        (b"[command]/usr/bin/git version", "/usr/bin/git version", "command", "blue"),
        (b"\x1b[36m##[error]no\x1b[0m", "no", "error", "cyan"),
        (b"say ##[error] aloud", "say ##[error] aloud", "", ""),
    ],
)
def test_markers_of_github_say_what_a_line_is(raw: bytes, text: str, marker: str, colour: str) -> None:
    line = parse_line(raw)
    assert (line.text, line.marker, line.pieces[0][1]) == (text, marker, colour)


def test_other_escapes_and_controls_are_dropped_and_what_else_is_odd_is_shown() -> None:
    raw = b"a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c\x1b[2J\x1b[10;10Hd\x1b(Be\x07\x08f\x1b=g\x9b2J\xe2\x80\xaeh"
    assert parse_line(raw).text == "abcdefg\\x9b2J\\u{202e}h"


def test_tabs_go_to_the_next_eighth_cell() -> None:
    assert parse_line(b"a\tb\x1b[31m\tc").text == "a       b       c"


def test_a_line_is_cut_to_the_cells_that_are_asked_for() -> None:
    line = parse_line(b"0123456789", left=3, width=4)
    assert (line.text, line.is_cut) == ("3456", True)
    assert not parse_line(b"0123", width=4).is_cut
    assert parse_line("日本語の".encode(), left=1, width=4).text == " 本"
    assert parse_line(b"abc", size=10_000).is_cut


@given(st.binary(max_size=300), st.integers(0, 50), st.integers(0, 50))
def test_whatever_comes_is_safe_to_show_and_fits(raw: bytes, left: int, width: int) -> None:
    line = parse_line(raw.replace(b"\n", b""), left=left, width=width)
    assert cells(line.text) <= width
    assert all(colour in ("", *COLOURS) for _, colour in line.pieces)
    assert fit(line.text, 10_000) == line.text  # nothing in it is left to be escaped


@given(st.lists(st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"")), max_size=8))
def test_taking_escapes_off_moves_no_line(lines: list[bytes]) -> None:
    assert plain(b"\n".join(lines)).count(b"\n") == max(0, len(lines) - 1)


def test_what_is_written_is_the_same_however_it_was_cut() -> None:
    text = b"2026-03-14T00:59:00.1234567Z \x1b[31mred\x1b[0m\n 1%\r 2%\nplain\nlast"
    whole = "".join(written([text]))
    assert whole == "red\n 2%\nplain\nlast"
    for size in (1, 3, 10):
        assert "".join(written(text[at : at + size] for at in range(0, len(text), size))) == whole
    assert "".join(written([text], coloured=True)).startswith("\x1b[31mred\x1b[0m\n")
    assert "".join(written([text], timed=True)).startswith("2026-03-14T00:59:00.123Z red\n")


def test_a_line_without_end_is_written_in_pieces() -> None:
    pieces = list(written([b"x" * 600_000] * 5))
    assert "".join(pieces) == "x" * 3_000_000
    assert len(pieces) > 1
