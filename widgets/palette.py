"""Colours by what they mean, in one place.

Every colour is one of xterm's 256: they look the same in each terminal, and their escape sequences are half as
long as 24-bit ones, which is what a slow line feels. `ansi` uses the terminal's own sixteen and its background, `plain`
no colour at all.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.color import Color
from rich.style import Style

from .status import mark_of as mark_of  # hue and mark of a curve go together

Role = str
"""What a piece of text is: one of ROLES."""

HUES: Final = tuple(f"hue{number}" for number in range(8))
"""Roles of curves: told apart with every common form of colour blindness, and by their marks as well."""

FAINT: Final = tuple(f"faint{number}" for number in range(8))
"""The same hues near the background: the range of a curve's points behind its line."""

ROLES: Final = ("text", "dim", "bright", "title", "good", "warn", "bad", "run", "accent", "rule", "mark", *HUES)


_LESS: Final = frozenset({"dim", "title", "rule", *FAINT})
"""Roles that stand back."""


class Shades(NamedTuple):
    """The colours of a theme: numbers of xterm's palette, or names of the terminal's own."""

    background: str
    text: str
    dim: str
    bright: str
    good: str
    warn: str
    bad: str
    run: str
    accent: str
    rule: str
    cursor: str
    """Background of the name under the cursor."""
    hues: tuple[str, ...]
    """Eight of them ..."""
    faint: tuple[str, ...]
    """... and each nearer to the background."""
    dark: bool = True


def _x(number: int) -> str:
    """xterm's colour as #rrggbb (the cube of 16 to 231, the greys of 232 to 255)."""
    if number >= 232:
        level = 8 + 10 * (number - 232)
        return f"#{level:02x}{level:02x}{level:02x}"
    steps = (0, 95, 135, 175, 215, 255)
    red, green, blue = (steps[(number - 16) // 36], steps[(number - 16) // 6 % 6], steps[(number - 16) % 6])
    return f"#{red:02x}{green:02x}{blue:02x}"


def _xs(*numbers: int) -> tuple[str, ...]:
    return tuple(_x(number) for number in numbers)


# Far from each other for everybody and also without red or green cones (a test measures it): blue, orange, teal,
# pink, cream, violet, ice, rust.
_ON_DARK: Final = (_xs(75, 214, 36, 175, 229, 135, 159, 202), _xs(25, 94, 23, 96, 101, 54, 66, 88))
_ON_LIGHT: Final = (_xs(26, 130, 29, 126, 19, 88, 53, 239), _xs(111, 180, 115, 182, 146, 181, 139, 250))

THEMES: Final[dict[str, Shades]] = {
    "dark": Shades(
        background=_x(234), text=_x(252), dim=_x(245), bright=_x(231), good=_x(108), warn=_x(179), bad=_x(203),
        run=_x(74), accent=_x(110), rule=_x(238), cursor=_x(238), hues=_ON_DARK[0], faint=_ON_DARK[1],
    ),
    "light": Shades(
        background=_x(231), text=_x(237), dim=_x(243), bright=_x(16), good=_x(28), warn=_x(130), bad=_x(160),
        run=_x(25), accent=_x(24), rule=_x(251), cursor=_x(253), hues=_ON_LIGHT[0],
        faint=_ON_LIGHT[1], dark=False,
    ),
    # blue for good and orange for bad: told apart with every common form of colour blindness (Okabe and Ito, 2008)
    "colour-blind": Shades(
        background=_x(234), text=_x(252), dim=_x(245), bright=_x(231), good=_x(75), warn=_x(222), bad=_x(208),
        run=_x(183), accent=_x(110), rule=_x(238), cursor=_x(238), hues=_ON_DARK[0], faint=_ON_DARK[1],
    ),
    "ansi": Shades(
        background="default", text="default", dim="bright_black", bright="default", good="green", warn="yellow",
        bad="red", run="cyan", accent="blue", rule="bright_black", cursor="default",
        hues=("blue", "yellow", "cyan", "magenta", "green", "bright_blue", "bright_cyan", "red"),
        faint=("bright_black",) * 8,
    ),
    # for NO_COLOR (no-color.org): what is less is faint, what is more is bold, the cursor is reversed
    "plain": Shades(
        background="default", text="default", dim="default", bright="default", good="default", warn="default",
        bad="default", run="default", accent="default", rule="default", cursor="default", hues=("default",) * 8,
        faint=("default",) * 8,
    ),
}  # fmt: skip


class Palette:
    """Rich styles by role for one theme, ready to be put into segments."""

    def __init__(self, name: str = "dark") -> None:
        self.name = name
        self.shades = THEMES[name]
        self.styles: dict[Role, Style] = {role: self._style(role) for role in (*ROLES, *FAINT)}
        self.cursor_styles = {role: self._cursor(style) for role, style in self.styles.items()}
        self.cursor_styles["dim"] = self.cursor_styles["text"]  # dim on the cursor's background cannot be read

    def _style(self, role: Role) -> Style:
        shades = self.shades
        own = {"title": shades.dim, "mark": shades.accent, **dict(zip(HUES, shades.hues, strict=True))}
        own |= zip(FAINT, shades.faint, strict=True)
        colour = own.get(role) or getattr(shades, role)
        less = self.name == "plain" and role in _LESS
        return Style(
            color=Color.parse(colour), bgcolor=Color.parse(shades.background), bold=role == "bright" or None,
            dim=less or None,
        )  # fmt: skip

    def _cursor(self, style: Style) -> Style:
        if self.shades.cursor == "default":
            return style + Style(reverse=True)
        return style + Style(bgcolor=Color.parse(self.shades.cursor), bold=True)

    def style(self, role: Role) -> Style:
        """The style of a role; an unknown role is plain text."""
        return self.styles.get(role) or self.styles["text"]
