"""Our colours as a theme of Textual's, for what its own widgets draw."""

from __future__ import annotations

from textual.theme import Theme

from .palette import THEMES


def theme(name: str) -> Theme:
    """The theme `quarterdeck-NAME`."""
    shades = THEMES[name]
    ansi = shades.background == "default"
    return Theme(
        name=f"quarterdeck-{name}",
        primary="ansi_blue" if ansi else shades.accent,
        foreground="ansi_default" if ansi else shades.text,
        background="ansi_default" if ansi else shades.background,
        surface="ansi_default" if ansi else shades.background,
        panel="ansi_default" if ansi else shades.background,
        success="ansi_green" if ansi else shades.good,
        warning="ansi_yellow" if ansi else shades.warn,
        error="ansi_red" if ansi else shades.bad,
        dark=shades.dark,
    )
