"""Runs side by side: what differs, what is best, how fair it is to compare them; and all that as text to take along."""

from .forms import csv_text, json_value, markdown
from .rows import (
    FEWEST,
    KINDS,
    MOST,
    Cell,
    CompareRow,
    Comparison,
    Kind,
    compare,
    difference,
    distance,
    kinds,
    tree_state,
)

__all__ = [
    "FEWEST",
    "KINDS",
    "MOST",
    "Cell",
    "CompareRow",
    "Comparison",
    "Kind",
    "compare",
    "csv_text",
    "difference",
    "distance",
    "json_value",
    "kinds",
    "markdown",
    "tree_state",
]
