"""Sentences of the datasets: what is so where there is none, and what to do next. Pure functions."""

from __future__ import annotations

from ..app.text import cells, clip
from ..widgets.line import Piece
from .deck import Deck

LINE_FEED: Piece = ("\n", "text")


def empty_words(deck: Deck, filter_text: str) -> list[Piece]:
    """What stands in a list without a row."""
    if filter_text:
        return [
            (f"no dataset is like {clip(filter_text, 80)}", "text"), LINE_FEED, LINE_FEED,
            ("Esc takes the filter away   / changes it", "dim"),
        ]  # fmt: skip
    if any(state.last_ok_at is None for state in deck.states):
        return [("reading the sources for the first time …", "text")]
    written = (
        "[[datasets]]",
        'name = "orders"',
        'is = ["mlflow:orders", "dvc:data/orders.csv", "gx:orders_asset"]',
    )
    wide = max(cells(line) for line in written)
    lines = [piece for line in written for piece in ((line.ljust(wide), "accent"), LINE_FEED)]
    return [
        ("no dataset is known here", "text"), LINE_FEED, LINE_FEED,
        ("runs that log their inputs, files that DVC tracks, and data checks bring some", "dim"),
        LINE_FEED, LINE_FEED, ("quarterdeck.toml says which names of several tools are one dataset:", "dim"),
        LINE_FEED, LINE_FEED, *lines,
    ]  # fmt: skip
