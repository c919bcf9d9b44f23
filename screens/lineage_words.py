"""Sentences of the lineage: what is drawn, and what to do where there is nothing. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from ..app.records import SourceState, Subject
from ..app.text import clip
from ..widgets.status import glyph
from .lineage_tree import Side


def side_words(side: Side) -> str:
    """Which half of the tree is drawn."""
    return {"both": "both ways", "upstream": "only what it came from", "downstream": "only what came of it"}[side]


def no_such_words(subject: Subject | None) -> list[str]:
    """A thing that the cache does not have, and what to do."""
    return [
        f"{glyph('missing')} the cache has no {clip(str(subject or 'such thing'), 60)}",
        "r asks the syncer for a pass, Esc goes back",
    ]


def no_start_words(states: Sequence[SourceState]) -> list[str]:
    """Nothing to start from, and what to do."""
    if not states:
        return [
            "there is nothing to start from: no source is known here",
            "`quarterdeck init` writes the settings that it finds",
        ]
    if any(state.last_ok_at is None for state in states):
        return ["reading the sources for the first time …"]
    return [
        "there is nothing to start from yet: neither an alias nor a run",
        "w on a run, a commit, a pipeline or a dataset draws the tree around it",
        ":lineage SUBJECT does so by name, as in :lineage commit/4f2c91a",
    ]
