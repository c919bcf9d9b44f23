"""What stands where no run is: what is so, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from ..app.records import SourceState
from ..app.text import clip, shown
from ..widgets.line import Piece
from .deck import Deck

_LINE: Piece = ("\n", "text")


def empty_words(deck: Deck, filter_text: str) -> list[Piece]:
    """What is so when there is no run, and what to do next."""
    if filter_text:
        return [
            (f"no run is like {shown(filter_text)}", "text"), _LINE, _LINE,
            ("Esc takes the filter away   / changes it", "dim"),
        ]  # fmt: skip
    state = deck.state_of("mlflow")
    if state is None:
        return _no_server(deck.found)
    if state.last_ok_at is None and state.state in ("never", "ok"):
        return [("reading the runs for the first time …", "text")]
    if state.last_ok_at is None:
        return _refused(state)
    return [
        ("no runs in this experiment yet", "text"), _LINE, _LINE,
        (f"log one to {clip(state.address, 60)} and it appears here", "dim"), _LINE,
        ("e another experiment   r look again", "dim"),
    ]  # fmt: skip


def _no_server(found: Sequence[str]) -> list[Piece]:
    """What was looked for, and how to name one."""
    lines = [piece for line in found for piece in ((clip(line, 100), "dim"), _LINE)]
    return [
        ("no MLflow server or store is known here", "text"), _LINE, _LINE, *lines,
        ("set MLFLOW_TRACKING_URI, or write quarterdeck.toml with `quarterdeck init`", "dim"), _LINE,
        ("`quarterdeck demo` shows what it looks like with data", "dim"),
    ]  # fmt: skip


def _refused(state: SourceState) -> list[Piece]:
    """Why it could not be read. A sentence is of use only when it can be read to its end, on 80 columns too."""
    why = [piece for line in wrap(clip(state.sentence, 400), 72) for piece in ((line, "dim"), _LINE)]
    return [
        (f"{shown(state.name)} could not be read yet", "text"), _LINE, _LINE, *why, _LINE, (_what_now(state), "dim"),
    ]  # fmt: skip


def _what_now(state: SourceState) -> str:
    if state.state == "untrusted":
        return "`quarterdeck trust` shows what it would reach, and asks"
    return "r tries again   :sources says more"
