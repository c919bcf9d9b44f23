"""Production aliases that are gone, that nobody's entry of the ledger explains, or that a waiver let through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ..records import AliasMove, LedgerEntry, Millis, Signal
from ..store.events import event_id
from ..store.explanations import Explanation
from ..store.happened import Explainer
from ..store.model_events import called
from ..store.reading import Reader
from ..store.state import State
from ..store.watch_rows import HeldVersion
from .outlook import Outlook
from .production import Production, alias_word, endangered, model_group, refs_to, titled
from .severity import severity
from .signs import Found, Group, Sign, earliest, ref, written

WAIVED_FOR: Final = 7 * 86_400_000
"""Milliseconds after a promotion for which it is told that a gate of it was waived."""


class AliasFacts(NamedTuple):
    """What is known of production's aliases."""

    moves: Sequence[AliasMove] = ()
    """The newest of each alias of each source."""
    left_behind: Mapping[tuple[str, str], Millis] = {}
    """Model and alias -> when it was seen to point at a version that was deleted."""
    entries: Mapping[tuple[str, str], LedgerEntry] = {}
    """Model and alias -> the newest entry that put there what it shows."""


def look_at_aliases(reader: Reader, state: State, outlook: Outlook, production: Production, now: Millis) -> Found:
    """What both files say of them."""
    facts = AliasFacts(
        moves=_moves(reader, state, outlook), left_behind=_left_behind(state, production),
        entries=_entries(reader, state, production),
    )  # fmt: skip
    return alias_signs(facts, production, Explainer.of(reader, state), now)


def in_force_since(
    reader: Reader, state: State, outlook: Outlook, production: Production
) -> dict[tuple[str, str], Millis]:  # fmt: skip
    """Model and version -> when an alias of production came to show it: by the ledger, and by who saw it move.

    A version of which nobody knows that, or not for all of its aliases, is left out: it may have been there for long.
    """
    moves = {(one.source, one.model, one.alias): one for one in _moves(reader, state, outlook)}
    entries = _entries(reader, state, production)
    found: dict[tuple[str, str], list[Millis]] = {}
    for one in production.held:
        move, entry = moves.get((one.source, one.model, one.alias)), entries.get((one.model, one.alias))
        is_seen = move is not None and move.version == one.version and move.reason != "first seen"
        known = [*([move.at] if move is not None and is_seen else []), *([entry.at] if entry is not None else [])]
        found.setdefault((one.model, one.version), []).append(max(known, default=0))
    return {version: min(times) for version, times in found.items() if min(times)}


def _moves(reader: Reader, state: State, outlook: Outlook) -> list[AliasMove]:
    """The newest of each alias of production, as far as its source is still looked at."""
    visible = {one.source for one in reader.source_states()}
    moves = _newest(move for alias in outlook.aliases for move in state.alias_moves(alias=alias))
    return [move for move in moves if move.source in visible]


def _newest(moves: Iterable[AliasMove]) -> list[AliasMove]:
    """`moves` newest first of each alias."""
    found: dict[tuple[str, str, str], AliasMove] = {}
    for move in moves:
        found.setdefault((move.source, move.model, move.alias), move)
    return [found[key] for key in sorted(found)]


def _left_behind(state: State, production: Production) -> dict[tuple[str, str], Millis]:
    lost = {
        event_id(one.source, "alias left behind", f"{one.model}\0{one.alias}\0{one.version}"): (one.model, one.alias)
        for one in production.held
        if not one.is_known
    }
    return {lost[name]: at for name, at in state.recorded(lost).items()} if lost else {}


def _entries(reader: Reader, state: State, production: Production) -> dict[tuple[str, str], LedgerEntry]:
    found: dict[tuple[str, str], LedgerEntry] = {}
    for one in production.held:
        entries = (*reader.ledger(one.model, one.alias), *state.local_entries(one.model, one.alias))
        fitting = [entry for entry in entries if entry.version == one.version and not entry.trouble]
        if fitting:
            found[one.model, one.alias] = max(fitting, key=lambda entry: entry.number)
    return found


def alias_signs(
    facts: AliasFacts, production: Production, explains: Callable[[AliasMove], Explanation], now: Millis
) -> Found:
    """The signals of these aliases."""
    signs = [*_vanished(facts, production), *_unexplained(facts, production, explains)]
    waived = list(_waived(facts, production))
    shown = [sign for at, sign in waived if at <= now < at + WAIVED_FOR]
    due = earliest((at + WAIVED_FOR for at, _ in waived), now)
    models = len({one.model for one in production.held})
    return Found(signs=(*signs, *shown), due=due, watched=(("models", models),))


# -- gone ---------------------------------------------------------------------------------------------------------


def _vanished(facts: AliasFacts, production: Production) -> Iterable[Sign]:
    for move in facts.moves:
        if move.version is None and production.of(move.model) is None:
            was = called(move.previous or "")
            why = f"{was} was deleted" if move.reason == "vanished" else f"it was taken from {was}"
            yield _gone(move.model, move.alias, move.previous or "", move, f"{move.model}@{move.alias} is gone: {why}")
    for one in production.held:
        at = facts.left_behind.get((one.model, one.alias))
        if at is not None:
            yield _sign(
                one, kind="alias vanished", severity=severity("alias vanished"), state="deleted", since=at,
                title=f"{alias_word(one)} points at {called(one.version)}, which was deleted",
                reason="the registry has no such version any more",
            )  # fmt: skip


def _gone(model: str, alias: str, version: str, move: AliasMove, title: str) -> Sign:
    signal = Signal(
        kind="alias vanished", subject=written("alias", model, alias), severity=severity("alias vanished"),
        since=move.at, not_before=move.not_before, title=title, reason="no alias of it is in production any more",
        model=model, version=version, alias=alias, state=move.reason,
        refs=(ref("alias", model, alias), *((ref("model", model, version),) if version else ())),
    )  # fmt: skip
    return Sign(signal, ("alias", f"{model}@{alias}"), source=move.source)


# -- moved by nobody ----------------------------------------------------------------------------------------------


def _unexplained(
    facts: AliasFacts, production: Production, explains: Callable[[AliasMove], Explanation]
) -> Iterable[Sign]:
    held = {(one.source, one.model, one.alias): one for one in production.held}
    for move in facts.moves:
        one = held.get((move.source, move.model, move.alias))
        if one is not None and one.version == move.version and explains(move).verdict == "unexplained":
            before = "" if move.previous is None else f"{called(move.previous)} → "
            yield _sign(
                one, kind="alias unexplained", severity=severity("alias unexplained"), state="unexplained",
                since=move.at, not_before=move.not_before,
                title=f"{alias_word(one)} {before}{called(one.version)}, which no entry of the ledger explains",
                reason="somebody moved it with another client, or wrote nothing down",
            )  # fmt: skip


# -- let through --------------------------------------------------------------------------------------------------


def _waived(facts: AliasFacts, production: Production) -> Iterable[tuple[Millis, Sign]]:
    """With when each was promoted."""
    for one in production.held:
        entry = facts.entries.get((one.model, one.alias))
        gates = [] if entry is None else [name for name, state in sorted(entry.gates.items()) if state == "waived"]
        if entry is not None and gates:
            yield entry.at, _sign(
                one, kind="promoted with waiver", severity=severity("promoted with waiver"), state="waived",
                since=entry.at, title=f"{titled(one)} was promoted though {', '.join(gates)} was waived",
                reason=f"entry {entry.number} by {entry.by.name}{f': {entry.reason}' if entry.reason else ''}",
            )  # fmt: skip


def _sign(one: HeldVersion, **facts: Any) -> Sign:
    signal = Signal(
        subject=written("alias", one.model, one.alias), refs=refs_to([one]), **endangered((one,)), **facts
    )  # fmt: skip
    group: Group = ("alias", alias_word(one))
    return Sign(signal, group, joins=(model_group(one),), source=one.source)
