"""A table of measurements, printed as Markdown so that the README can hold it as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from quarterdeck.app.text import cells


class Row(NamedTuple):
    """One measured thing: what, what it may cost, and what it cost each program by name."""

    what: str
    budget: str
    figures: Mapping[str, str]


def print_table(title: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Print the rows under these programs. A program without a figure gets a dash."""
    head = ["", "budget", *columns]
    body = [[row.what, row.budget, *(row.figures.get(name, "–") for name in columns)] for row in rows]
    widths = [max(cells(line[column]) for line in (head, *body)) for column in range(len(head))]
    print(f"\n{title}\n")
    print(_line(head, widths))
    print(_line(["-" * width for width in widths], widths))
    for line in body:
        print(_line(line, widths))


def _line(words: Sequence[str], widths: Sequence[int]) -> str:
    padded = [word + " " * (width - cells(word)) for word, width in zip(words, widths, strict=True)]
    return f"| {' | '.join(padded)} |"


def figure(value: float, unit: str) -> str:
    """Three significant digits at most, and the unit."""
    if value >= 1000:
        return f"{value:,.0f} {unit}".replace(",", " ")
    return f"{value:.3g} {unit}"
