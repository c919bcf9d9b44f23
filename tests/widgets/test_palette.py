"""Colours can be read, by everybody."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pytest
from rich.color import Color
from rich.style import Style

from quarterdeck.widgets.palette import FAINT, HUES, ROLES, THEMES, Palette

OWN = [name for name, shades in THEMES.items() if shades.background != "default"]
"""Themes with colours of their own; those of `ansi` are the terminal's."""


def rgb(colour: Color | None) -> tuple[int, int, int]:
    assert colour is not None
    return tuple(colour.get_truecolor())  # type: ignore[return-value]  # a triplet


def luminance(colour: tuple[int, int, int]) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(style: Style) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    high, low = sorted((luminance(rgb(style.color)), luminance(rgb(style.bgcolor))), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", OWN)
@pytest.mark.parametrize("role", [role for role in ROLES if role != "rule"])
def test_every_role_stands_out_from_its_background(theme: str, role: str) -> None:
    least = 3.5 if role in ("dim", "title") else 4.5
    assert contrast(Palette(theme).styles[role]) >= least


@pytest.mark.parametrize("theme", OWN)
@pytest.mark.parametrize("role", ["text", "dim", "bright"])
def test_a_name_under_the_cursor_can_still_be_read(theme: str, role: str) -> None:
    assert contrast(Palette(theme).cursor_styles[role]) >= 4.5


@pytest.mark.parametrize("theme", OWN)
def test_all_colours_are_of_the_256_that_every_terminal_has(theme: str) -> None:
    levels, greys = {0, 95, 135, 175, 215, 255}, {8 + 10 * step for step in range(24)}
    for style in Palette(theme).styles.values():
        red, green, blue = rgb(style.color)
        assert {red, green, blue} <= levels or (red == green == blue and red in greys)


def dichromat(colour: tuple[int, int, int], kind: str) -> tuple[float, ...]:
    """What is left of a colour without red or green cones (Viénot, Brettel and Mollon, 1999), linear light."""
    red, green, blue = (c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour)
    if kind == "protanopia":
        seen = (0.11238 * red + 0.88762 * green, 0.11238 * red + 0.88762 * green)
        return (*seen, 0.00401 * red - 0.00401 * green + blue)
    seen = (0.29275 * red + 0.70725 * green, 0.29275 * red + 0.70725 * green)
    return (*seen, -0.02234 * red + 0.02234 * green + blue)


@pytest.mark.parametrize("kind", ["protanopia", "deuteranopia"])
def test_the_colour_blind_theme_keeps_good_warning_and_bad_apart(kind: str) -> None:
    styles = Palette("colour-blind").styles
    seen = {role: dichromat(rgb(styles[role].color), kind) for role in ("good", "warn", "bad")}
    for one, other in itertools.combinations(seen, 2):
        apart = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert apart > 0.4, (one, other, apart)


def test_the_dark_theme_is_why_there_is_a_colour_blind_one() -> None:
    styles = {name: Palette(name).styles for name in ("dark", "colour-blind")}
    apart = {}
    for name, found in styles.items():
        good, bad = (dichromat(rgb(found[role].color), "deuteranopia") for role in ("good", "bad"))
        apart[name] = sum((a - b) ** 2 for a, b in zip(good, bad, strict=True))
    assert apart["colour-blind"] > 2 * apart["dark"]


def oklab(linear: Sequence[float]) -> tuple[float, ...]:
    """Ottosson's OKLab, in which equal distances look equally far apart; from linear light."""
    red, green, blue = (max(0.0, c) for c in linear)
    cones = (
        0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue,
        0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue,
        0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue,
    )
    long, middle, short = (c ** (1 / 3) for c in cones)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


@pytest.mark.parametrize("theme", OWN)
@pytest.mark.parametrize("kind", ["protanopia", "deuteranopia"])
def test_eight_curves_are_told_apart_by_everybody(theme: str, kind: str) -> None:
    styles = Palette(theme).styles
    seen = {role: oklab(dichromat(rgb(styles[role].color), kind)) for role in HUES}
    for one, other in itertools.combinations(HUES, 2):
        assert math.dist(seen[one], seen[other]) > 0.05, (one, other)


@pytest.mark.parametrize("theme", OWN)
def test_the_range_behind_a_curve_is_nearer_to_the_background_than_its_line(theme: str) -> None:
    styles = Palette(theme).styles
    for line, behind in zip(HUES, FAINT, strict=True):
        assert 1.3 < contrast(styles[behind]) < contrast(styles[line])


def test_the_ansi_theme_leaves_the_background_to_the_terminal() -> None:
    for style in Palette("ansi").styles.values():
        assert style.bgcolor is not None
        assert style.bgcolor.is_default
    assert Palette("ansi").cursor_styles["text"].reverse


def test_an_unknown_role_is_plain_text() -> None:
    palette = Palette()
    assert palette.style("nonsense") == palette.styles["text"]
