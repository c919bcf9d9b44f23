"""What stands where no run is: what is so, and what to do next."""

from __future__ import annotations

from textwrap import wrap

from ..app.records import SourceState
from ..app.text import clip, shown
from ..widgets.line import Piece
from .deck import Deck


def empty_words(deck: Deck, filter_text: str) -> list[Piece]:
    """What is so when there is no run, and what to do next."""
    newline: Piece = ("\n", "text")
    if filter_text:
        return [
            (f"no run is like {shown(filter_text)}", "text"), newline, newline,
            ("Esc takes the filter away   / changes it", "dim"),
        ]  # fmt: skip
    state = deck.state_of("mlflow")
    if state is None:
        found = [(clip(line, 100), "dim") for line in deck.found]
        lines = [piece for line in found for piece in (line, newline)]
        return [
            ("no MLflow server or store is known here", "text"), newline, newline, *lines,
            ("set MLFLOW_TRACKING_URI, or write quarterdeck.toml with `quarterdeck init`", "dim"), newline,
            ("`quarterdeck demo` shows what it looks like with data", "dim"),
        ]  # fmt: skip
    if state.last_ok_at is None and state.state in ("never", "ok"):
        return [("reading the runs for the first time …", "text")]
    if state.last_ok_at is None:
        # a sentence is of use only when it can be read to its end, on 80 columns too
        why = [piece for line in wrap(clip(state.sentence, 400), 72) for piece in ((line, "dim"), newline)]
        return [
            (f"{shown(state.name)} could not be read yet", "text"), newline, newline, *why, newline,
            (_what_now(state), "dim"),
        ]  # fmt: skip
    return [
        ("no runs in this experiment yet", "text"), newline, newline,
        (f"log one to {clip(state.address, 60)} and it appears here", "dim"), newline,
        ("e another experiment   r look again", "dim"),
    ]  # fmt: skip


def _what_now(state: SourceState) -> str:
    if state.state == "untrusted":
        return "`quarterdeck trust` shows what it would reach, and asks"
    return "r tries again   :sources says more"
