"""`--filter` and `--sort` as every list reads them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import tzinfo

from ..errors import FilterError
from ..query import RUNS, Node, Sort, Vocabulary, parse, parse_sort
from ..text import cells, shown

Keys = Mapping[str, Sequence[str]]
"""The names that there are, by kind: what a bare word in a filter may mean."""


def filter_of(text: str, zone: tzinfo, keys: Keys | None = None, vocabulary: Vocabulary = RUNS) -> Node | None:
    """The filter as a tree. Raises FilterError with the place marked below it."""
    try:
        return parse(text, zone=zone, now=time.time_ns() // 1_000_000, keys=keys, vocabulary=vocabulary)
    except FilterError as error:
        mark = " " * cells(shown(text[: error.column])) + "^"
        raise FilterError(f"{error}\n  {shown(text)}\n  {mark}", error.column) from error


def sort_of(text: str, keys: Keys | None = None, vocabulary: Vocabulary = RUNS) -> Sort:
    """What to order by. Raises FilterError that names the option."""
    try:
        return parse_sort(text, keys, vocabulary)
    except FilterError as error:
        raise FilterError(f"--sort: {error}", error.column) from error
