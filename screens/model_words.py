"""Words for versions and for who holds an alias, and what stands where there is no model. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from ..app.records import Actor, ModelKind, SourceState
from ..app.store.model_events import called
from ..app.text import cells, clip, pad, shown
from ..widgets.figures import age
from ..widgets.freshness import condition
from ..widgets.line import Piece
from ..widgets.status import glyph
from .alias_history import Lane
from .deck import Deck

REGISTRIES: Final = ("registry",)
"""Kinds of sources that have registered models."""

LONGEST_VERSION, LONGEST_PERSON = 12, 14
"""Cells of a version and of a name in a table."""

UNEXPLAINED: Final = "? unexplained"
"""In the place of a name: somebody keeps a ledger, and it does not say who moved the alias."""

LINE_FEED: Final[Piece] = ("\n", "text")


def version_name(version: str, width: int = LONGEST_VERSION) -> str:
    """A version as people call it: `v14`."""
    return clip(called(version), width)


def person(actor: Actor) -> str:
    """Somebody, and how well that is known: `bo signed`."""
    return f"{clip(actor.name or actor.email or 'somebody', LONGEST_PERSON)} {actor.strength}"


def held_since(lane: Lane, now: int) -> str:
    """For how long an alias is where it is: `9 h`, `≥12 d` where it was there before anybody looked; "" for unknown."""
    stretch = lane.now
    if stretch is None:
        return ""
    return ("≥" if stretch.is_older else "") + age(stretch.since, now)


def held_by(lane: Lane) -> Piece:
    """Who put an alias where it is; "" where nobody writes that down."""
    stretch = lane.now
    if stretch is None:
        return "", "dim"
    if stretch.is_unexplained:
        so_far = stretch.verdict == "not so far"
        return (f"{UNEXPLAINED} so far", "dim") if so_far else (UNEXPLAINED, "warn")
    return (person(stretch.by), "dim") if stretch.by is not None else ("", "dim")


def held_text(lane: Lane, now: int, version: int = 4) -> Piece:
    """`v14    9 h  bo signed`, the version in so many cells."""
    name = version_name(lane.held or "")
    who, role = held_by(lane)
    text = f"{pad(name, version)} {held_since(lane, now):>5}  {who}".rstrip()
    return text, "warn" if role == "warn" else "text"


# -- where there is none ------------------------------------------------------------------------------------------


def registries(states: Sequence[SourceState]) -> list[SourceState]:
    """The sources that have registered models."""
    return [state for state in states if state.kind in REGISTRIES]


def empty_words(deck: Deck, filter_text: str, kind: ModelKind = "model") -> list[Piece]:
    """What is so when there is no model, and what to do next."""
    states = registries(deck.states)
    if not states:
        return _nothing_set()
    if filter_text:
        return [
            (f"no {kind} is like {clip(filter_text, 80)}", "text"), LINE_FEED, LINE_FEED,
            ("Esc takes the filter away   / changes it", "dim"),
        ]  # fmt: skip
    unread = [state for state in states if state.last_ok_at is None]
    refused = [state for state in unread if condition(state, deck.now()) not in ("ok", "never")]
    if refused and len(refused) == len(states):
        return refused_words(refused[0])
    if unread:
        return [("reading the registered models for the first time …", "text")]
    if kind == "prompt":
        return [("no prompt is registered", "text"), LINE_FEED, LINE_FEED, ("3 shows the models", "dim")]
    return _none_registered(states)


def _none_registered(states: Sequence[SourceState]) -> list[Piece]:
    names = ", ".join(clip(state.name, 20) for state in states[:4])
    return [
        ("no model is registered yet", "text"), LINE_FEED, LINE_FEED,
        (f"what a training registers with {names} appears here", "dim"), LINE_FEED, ("r looks again", "dim"),
    ]  # fmt: skip


def refused_words(state: SourceState) -> list[Piece]:
    """A source that was never read, and why."""
    why = [piece for line in wrap(clip(state.sentence, 400), 72) for piece in ((line, "dim"), LINE_FEED)]
    now = "`quarterdeck trust` shows what it would reach, and asks" if state.state == "untrusted" \
        else "r tries again   :sources says more   `quarterdeck doctor` tries each"  # fmt: skip
    return [(f"{shown(state.name)} could not be read yet", "text"), LINE_FEED, LINE_FEED, *why, LINE_FEED, (now, "dim")]


def _nothing_set() -> list[Piece]:
    written = (
        "[mlflow]",
        'tracking_uri = "http://127.0.0.1:5000"   # or sqlite:///mlflow.db',
        'registry_uri = ""                        # where models are, when elsewhere',
    )
    width = max(len(line) for line in written)
    lines = [piece for line in written for piece in ((line.ljust(width), "accent"), LINE_FEED)]
    return [
        ("no model registry is known here: write where it is into quarterdeck.toml", "text"), LINE_FEED, LINE_FEED,
        *lines, LINE_FEED, ("`quarterdeck init` writes what it finds", "dim"),
    ]  # fmt: skip


def gone_words(what: str) -> list[Piece]:
    """A model or version that the cache does not have, and what to do."""
    return [(f" {glyph('missing')} the cache has no {clip(what, 60)}", "text"), ("   r asks the syncer for it", "dim")]


def widest(texts: Sequence[str], least: int, most: int) -> int:
    """Cells of the longest of some texts, within bounds."""
    return max(least, min(most, max((cells(text) for text in texts), default=0)))
