"""The hand-over on the screen: Markdown as people read it."""

from __future__ import annotations

from quarterdeck.app.text import markdown
from quarterdeck.screens.handover import markdown_lines


def read(text: str, width: int = 80) -> list[str]:
    return ["".join(piece for piece, _ in line) for line in markdown_lines(text, width)]


def test_points_below_points_keep_their_place_and_so_do_the_lines_that_they_take() -> None:
    text = "- **critical** churn@champion\n  - precision is below its floor since the night of Tuesday\n"
    assert read(text, 40) == [
        " - critical churn@champion",
        "   - precision is below its floor",
        "     since the night of Tuesday",
    ]  # fmt: skip


def test_marks_that_keep_words_words_are_for_those_who_render_it() -> None:
    assert read(f"- {markdown('not_null(customer_id) & *')}") == [" - not_null(customer_id) & *"]


def test_a_heading_is_bright() -> None:
    assert markdown_lines("## Open (2)\n", 80) == [[(" ## Open (2)", "bright")]]


def test_what_a_terminal_would_obey_is_spelled_out_once() -> None:
    assert read(f"- {markdown(chr(27) + '[2J')}") == [" - \\u{1b}[2J"]
    assert "\x1b" not in "".join(read("- \x1b[2J"))
