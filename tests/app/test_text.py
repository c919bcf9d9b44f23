"""Foreign text: shown safely, told apart, and as wide as the terminal draws it."""

from __future__ import annotations

import re
import unicodedata
from sys import maxunicode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from quarterdeck.app.text import MARKS, cells, clip, fit, one_line, pad, shown

UNPLEASANT = "\\u{}5c1b\x1b\x00\x7f\x9b\n\r\u200b\u200d\u202e\u2066\u2028\ufeff\ufe0f\U000e0041\ud800"
UNPLEASANT += "aé́中가ᄀ각א👍🏽☰\u3164\xa0\u3000"
texts = st.text(alphabet=st.one_of(st.sampled_from(UNPLEASANT), st.characters()), max_size=60)
widths = st.integers(min_value=0, max_value=30)


def exact_of(form: str) -> str:
    """What `shown` promises: its escapes can be read back."""
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), form)


@given(texts)
def test_a_shown_text_can_be_read_back_so_two_names_never_look_the_same(exact: str) -> None:
    assert exact_of(shown(exact)) == exact


@given(texts)
def test_a_shown_text_holds_nothing_that_moves_turns_or_hides(exact: str) -> None:
    for character in shown(exact):
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        assert not 0xFE00 <= ord(character) <= 0xFE0F


@given(texts)
def test_a_shown_text_is_as_wide_as_rich_draws_it(exact: str) -> None:
    assert cells(shown(exact)) == cell_len(shown(exact))


def test_every_single_character_is_as_wide_as_rich_draws_it() -> None:
    differing = [hex(code) for code in range(maxunicode + 1) if cells(form := shown(f"a{chr(code)}")) != cell_len(form)]
    assert differing == []


@given(texts, widths)
def test_a_fitted_text_is_never_too_wide_and_whole_where_it_fits(exact: str, width: int) -> None:
    form = shown(exact)
    fitted = fit(form, width)
    assert cells(fitted) <= width
    if cells(form) <= width:
        assert fitted == form
    elif width:
        assert fitted.endswith("…")
        assert form.startswith(fitted[:-1])
        assert cells(fitted) >= width - 1  # one cell may be lost to half a wide character


@given(texts, widths)
def test_fitting_a_text_that_nobody_made_safe_makes_it_safe(exact: str, width: int) -> None:
    fitted = fit(exact, width)
    assert fitted == fit(fitted, width)
    assert all(character.isprintable() or unicodedata.category(character) == "Zs" for character in fitted)


@given(texts, widths)
@settings(max_examples=200)
def test_clipping_is_showing_and_fitting_at_once(exact: str, width: int) -> None:
    assert clip(exact, width) == fit(shown(exact), width)


@given(texts, widths, st.booleans())
def test_a_padded_text_fills_its_cells_exactly(exact: str, width: int, right: bool) -> None:
    assert cells(pad(shown(exact), width, right)) == width


@pytest.mark.parametrize(
    ("exact", "form"),
    [
        ("plain-fox-187", "plain-fox-187"),
        ("[bold]x[/]", "[bold]x[/]"),
        ("\x1b[31mred\x07", "\\u{1b}[31mred\\u{7}"),
        ("main\u202egpj.exe", "main\\u{202e}gpj.exe"),
        ("a\u200bb", "a\\u{200b}b"),
        ("\ud800", "\\u{d800}"),
        ("\ufefforders", "\\u{feff}orders"),
        ("x\U000e0041", "x\\u{e0041}"),
        ("C:\\users", "C:\\users"),
        ("\\u{1b}", "\\u{5c}u{1b}"),
        ("学習 run é", "学習 run é"),
        ("שלום", "שלום"),
        ("\u0301accent", "\\u{301}accent"),
    ],
)
def test_names_are_shown_as_they_are_unless_they_would_do_something(exact: str, form: str) -> None:
    assert shown(exact) == form


def test_a_pile_of_accents_ends_where_an_alphabet_would() -> None:
    assert shown("e" + "\u0301" * (MARKS + 2)) == "e" + "\u0301" * MARKS + "\\u{301}" * 2


def test_a_wide_character_is_never_cut_in_half() -> None:
    assert fit("学習曲線", 8) == "学習曲線"
    assert fit("学習曲線", 7) == "学習曲…"
    assert fit("学習曲線", 6) == "学習…"


def test_lines_become_one_line_with_spaces_between() -> None:
    assert one_line("Mend the loader\n\n\tIt \x1b[2J read twice.\r\n") == "Mend the loader It \\u{1b}[2J read twice."


def test_of_a_megabyte_only_the_beginning_is_read() -> None:
    class Counted(str):
        """A text that tells how far it was read."""

        read = 0

        def __getitem__(self, index: object) -> str:
            part = super().__getitem__(index)  # type: ignore[index]
            type(self).read = max(type(self).read, len(part))
            return part

    hostile = Counted("\x1b\u0301学" * 350_000)
    assert cells(clip(hostile, 20)) <= 20
    assert cells(fit(hostile, 20)) <= 20
    assert 0 < Counted.read < 1_000
