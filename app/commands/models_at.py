"""`quarterdeck models --at`: who held which alias at a time, as far as anybody had looked."""

from __future__ import annotations

from typing import Final, NamedTuple

from ..query import Node
from ..records import Millis, ModelKind
from ..store.alias_history import Held
from ..store.explanations import Explanation
from ..store.happened import Explainer
from ..store.model_events import called
from ..store.reading import Reader
from ..store.state import State
from .boundary import say
from .model_json import held_json
from .printing import Head, iso, print_json, print_table

HEADS: Final = (
    Head("model", whole=True), Head("alias", whole=True), Head("version", right=True), Head("since"), Head("by"),
    Head("what is not known"),
)  # fmt: skip


class Chosen(NamedTuple):
    """What was asked for."""

    at: Millis
    kind: ModelKind
    where: Node | None
    limit: int | None


def print_held(reader: Reader, state: State, chosen: Chosen, *, as_json: bool) -> None:
    """Every alias that there was then, or may have been, by model."""
    explains = Explainer.of(reader, state)
    names = {one.source: one.name for one in reader.source_states()}
    found = [
        (held, None if held.move is None else explains(held.move))
        for held in _held(reader, state, chosen)
        if held.source in names
    ][: chosen.limit]
    if as_json:
        print_json(held_json(held, names[held.source], why) for held, why in found)
        return
    print_table(HEADS, (_row(held, why) for held, why in found))
    if not found:
        say(f"No alias is known at {iso(chosen.at)}.{_known_from(state)}")


def _held(reader: Reader, state: State, chosen: Chosen) -> list[Held]:
    """Models that are gone by now are among them, unless a filter chooses: of them nothing else is known."""
    others: ModelKind = "model" if chosen.kind == "prompt" else "prompt"
    hidden = {(row.model.source, row.model.name) for row in reader.models.models(others)}
    kept = {(row.model.source, row.model.name) for row in reader.models.rows(_ids(reader, chosen))}
    is_any = chosen.where is None and chosen.kind == "model"
    return [
        held
        for held in state.aliases_at(chosen.at)
        if (held.version is not None or held.knowledge != "certain")
        and ((held.source, held.model) in kept or (is_any and (held.source, held.model) not in hidden))
    ]


def _ids(reader: Reader, chosen: Chosen) -> list[int]:
    return reader.models.ids(chosen.where, kind=chosen.kind)


def _known_from(state: State) -> str:
    known = state.aliases_known_from().values()
    return f" Nobody had looked before {iso(min(known))}." if known else " Nobody has looked yet."


def _row(held: Held, why: Explanation | None) -> list[str]:
    move = held.move
    by = why.entry.by.name if why is not None and why.entry is not None else ""
    return [
        held.model, held.alias, "" if held.version is None else called(held.version),
        "" if move is None else iso(move.at) or "", by, _unknown(held, why),
    ]  # fmt: skip


def _unknown(held: Held, why: Explanation | None) -> str:
    """What is not known of it, in words."""
    if held.knowledge == "not looked":
        return f"not known before {iso(held.known_from)}"
    said = []
    if held.move is not None and held.move.reason == "first seen":
        said.append("since when: first seen then")
    if why is not None and why.is_explained is False:
        said.append("by whom: no entry of the ledger explains it")
    if held.other is not None:
        said.append(f"whether it was {called(held.other)} by then")
    elif held.knowledge == "uncertain":
        said.append("whether it had moved: nobody looked since")
    return "; ".join(said)
