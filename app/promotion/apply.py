"""Moving an alias so that the ledger and the registry end up saying the same, whoever else is at it.

MLflow moves an alias blindly: it takes no expected value. So the ledger decides: an entry is pushed under the next
number, which one person only can take, and the alias is set after it. Whoever has set the alias looks at the ledger
once more, and where somebody has gone on meanwhile sets what the highest entry says. The last one who sets the alias
has therefore seen the highest entry after setting, and the alias ends as that entry says. A plain client can still move
it at any moment; that shows as a move that no entry explains.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from ..errors import RefusedError, SourceError
from ..exact import span
from ..records import LedgerEntry, Millis, Record
from ..text import clip
from .ledger_gate import WRONG_CLOCK
from .ledgers import Ledger, TakenError
from .words import called, named

Answer = TypeVar("Answer")

LIMIT_SECONDS: Final = 120.0
"""For so long an entry whose alias does not show it yet is somebody's promotion under way."""

FINISH_SECONDS: Final = 600.0
"""A promotion that was cut off is finished within this; later it is taken back: nobody expects it any more."""

ROUNDS: Final = 20
"""Times that an alias is set while others go on with the ledger ..."""
TRIES: Final = 3
"""... and times that it is set for one entry: a plain client may move it, or a server may not obey."""

EVIDENCE: Final = "quarterdeck.evidence"
_EVERYTHING: Final = 4_000

Point = Literal["ledger", "push", "pushed", "alias", "set", "read back", "evidence", "end"]
"""Where a promotion is: what it begins to do, or has just done."""

Say = Callable[[Point, str], Awaitable[None]]
Clock = Callable[[], Millis]


class Registry(Protocol):
    """What a registry must be able to do. Raises SourceError."""

    async def get_aliases(self, model: str) -> dict[str, str]:
        """All aliases of a model, as they are now."""

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        """Move the alias."""

    async def set_version_tag(self, model: str, version: str, key: str, value: str) -> None:
        """Set a tag of a version."""


class Applied(Record, frozen=True, kw_only=True):
    """What came of it."""

    state: Literal["done", "failed", "unknown"]
    sentence: str
    entry: LedgerEntry | None = None
    is_refused: bool = False
    """Policy or somebody else was in the way: nothing is as was asked."""


async def apply(draft: LedgerEntry, ledger: Ledger, registry: Registry, clock: Clock, say: Say) -> Applied:
    """Write the entry and move the alias. The draft's number and predecessor are found here.

    Raises RefusedError where the world is not as the draft says, and before anything was written; SourceError when a
    server was lost: then what came of it has to be looked for (`resume`).
    """
    await say("ledger", "")
    entries = await _in_thread(ledger.entries, draft.model, draft.alias)
    shown = (await registry.get_aliases(draft.model)).get(draft.alias)
    if in_the_way(draft, entries, shown, clock()):
        entries = await _in_thread(ledger.entries, draft.model, draft.alias)  # whoever moved it may be in by now
        raise RefusedError(in_the_way(draft, entries, shown, clock()) or "It was moved and moved back just now.")
    last = entries[-1] if entries else None
    entry = replace(draft, number=last.number + 1 if last else 1, before=last.id if last else "", at=clock())
    await say("push", str(entry.number))
    try:
        entry = await _in_thread(ledger.append, entry)
    except TakenError as error:
        raise RefusedError(f"{_lost(draft, error.entry, clock())} Nothing was changed.") from error
    await say("pushed", str(entry.number))
    return await _carry_out(entry, ledger, registry, clock, say)


def in_the_way(draft: LedgerEntry, entries: Sequence[LedgerEntry], shown: str | None, now: Millis) -> str:
    """Why no entry may follow now; "" when it may."""
    last = entries[-1] if entries else None
    where = f"{clip(draft.model, 60)}@{clip(draft.alias, 60)}"
    if last is not None and is_under_way(last, shown, now):
        doing = "rolls it back to" if last.kind == "rollback" else "promotes"
        return f"{_who(last)} {doing} {called(last.version)} since {span(now - last.at)}: wait for that."
    if shown != draft.previous:
        return f"{where} shows {called(shown)} now, not {called(draft.previous)}: {_mover(last, shown, now)}."
    return ""


def is_under_way(last: LedgerEntry, shown: str | None, now: Millis) -> bool:
    """Whether whoever wrote the highest entry may be about to set the alias, which still shows what it did before."""
    is_young = now - LIMIT_SECONDS * 1000 < last.at <= now + WRONG_CLOCK  # by a clock that may be ahead of ours
    return is_young and not _shows(shown, last) and shown == last.previous


def _mover(last: LedgerEntry | None, shown: str | None, now: Millis) -> str:
    if last is None or not _shows(shown, last):
        return "it was moved outside quarterdeck, and no entry of the ledger says by whom"
    verb = {"promotion": "promoted it", "rollback": "rolled it back", "cancel": "took that back"}[last.kind]
    return f"{named(last.by)} {verb} {span(now - last.at)} ago (entry {last.number})"


async def _carry_out(entry: LedgerEntry, ledger: Ledger, registry: Registry, clock: Clock, say: Say) -> Applied:
    """From the entry to the alias, and until the highest entry and the alias agree."""
    sets: list[str] = []
    while True:
        entries = await _in_thread(ledger.entries, entry.model, entry.alias)
        if entry.id not in (one.id for one in entries):
            raise SourceError(f"{_what(entry)}: entry {entry.number} was written, and the ledger does not show it.")
        highest = entries[-1]
        if highest.id != entry.id and (not sets or not highest.version):
            return _superseded(entry, entries, clock())
        if sets and sets[-1] == highest.id:
            await say("read back", "")
            if _shows((await registry.get_aliases(entry.model)).get(entry.alias), highest):
                break
        if sets.count(highest.id) == TRIES or len(sets) == ROUNDS:
            raise SourceError(f"{_what(entry)}: it was set and does not stay as the ledger says.")
        await say("alias", highest.version)
        if (trouble := await _set(highest, registry)) and not sets:
            return await _taken_back(entry, ledger, clock(), trouble)
        sets.append(highest.id)
        await say("set", highest.version)
    if highest.id != entry.id:
        return _superseded(entry, entries, clock())
    return await _done(entry, registry, say)


async def _set(entry: LedgerEntry, registry: Registry) -> str:
    """Why the registry refused; "" when it did not, or when nobody can tell yet."""
    try:
        await registry.set_alias(entry.model, entry.alias, entry.version)
    except RefusedError as error:
        return str(error)
    except SourceError as error:
        status = getattr(error, "status", 0)
        if 400 <= status < 500 and status not in (408, 429):
            return str(error)
        if error.state in ("misconfigured", "untrusted", "tls"):
            return str(error)  # nothing left us
    return ""


async def _taken_back(entry: LedgerEntry, ledger: Ledger, now: Millis, trouble: str) -> Applied:
    """The registry did not do it: the ledger says so too."""
    try:
        cancel = await _cancel(entry, ledger, now, "the registry refused")
    except TakenError as error:
        return _overtaken(entry, error.entry, now)
    told = f"Entry {cancel.number} takes entry {entry.number} back; {called(entry.previous)} stays."
    return Applied(state="failed", sentence=f"{trouble} {told}", entry=cancel)


async def _cancel(entry: LedgerEntry, ledger: Ledger, now: Millis, reason: str) -> LedgerEntry:
    made = replace(
        entry, number=entry.number + 1, before=entry.id, id="", kind="cancel", version=entry.previous or "",
        previous=entry.version, cancels=entry.number, at=now, reason=reason, gates={}, approvers=(), ticket="",
    )  # fmt: skip
    return await _in_thread(ledger.append, made)


async def _done(entry: LedgerEntry, registry: Registry, say: Say) -> Applied:
    await say("evidence", "")
    trouble = ""
    try:
        await registry.set_version_tag(entry.model, entry.version, EVIDENCE, evidence(entry))
    except (SourceError, RefusedError) as error:
        trouble = f" The tag {EVIDENCE} could not be written: {error}"
    await say("end", "")
    return Applied(state="done", sentence=f"{_what(entry)} (entry {entry.number}).{trouble}", entry=entry)


def evidence(entry: LedgerEntry) -> str:
    """What the version itself says of it: MLflow's registry takes 100,000 characters, older servers 5,000."""
    told = {
        "alias": entry.alias, "entry": entry.number, "id": entry.id, "kind": entry.kind, "plan": entry.plan,
        "policy": entry.policy_commit, "by": entry.by.name, "previous": entry.previous, "gates": dict(entry.gates),
    }  # fmt: skip
    text = msgspec.json.encode(told).decode()
    return text if len(text) <= _EVERYTHING else msgspec.json.encode(told | {"gates": {}}).decode()


async def resume(
    act: str, model: str, alias: str, ledger: Ledger, registry: Registry, clock: Clock, say: Say
) -> Applied:
    """What became of an act that was cut off; it is finished, or taken back, so that nothing is left half-way.

    Raises SourceError when the ledger or the registry is not reached: then it is as it was, and is asked again.
    """
    entries = await _in_thread(ledger.entries, model, alias)
    ours = next((one for one in entries if one.act == act and one.kind != "cancel"), None)
    if ours is None:
        return Applied(state="failed", sentence="It was cut off before the ledger had it. Nothing was changed.")
    if back := next((one for one in entries if one.cancels == ours.number), None):
        sentence = f"Entry {ours.number} was taken back by entry {back.number}; {called(back.version)} stays."
        return Applied(state="failed", sentence=sentence, entry=back)
    highest, now = entries[-1], clock()
    shown = (await registry.get_aliases(model)).get(alias)
    if highest.id != ours.id:
        return await _resume_behind(ours, entries, shown, ledger, registry, clock, say)
    if _shows(shown, ours):
        return await _done(ours, registry, say)
    if shown != ours.previous:
        told = f"{_what(ours)} was entry {ours.number}, and somebody moved it to {called(shown)} outside quarterdeck."
        return Applied(state="unknown", sentence=told, entry=ours)
    if 0 <= now - ours.at < FINISH_SECONDS * 1000:
        return await _carry_out(ours, ledger, registry, clock, say)
    try:
        cancel = await _cancel(ours, ledger, now, "it was cut off")
    except TakenError as error:
        return _overtaken(ours, error.entry, now)
    told = f"It was cut off after entry {ours.number}, too long ago to go on: entry {cancel.number} takes it back."
    return Applied(state="failed", sentence=f"{told} {called(shown)} stays.", entry=cancel)


async def _resume_behind(
    ours: LedgerEntry, entries: Sequence[LedgerEntry], shown: str | None, ledger: Ledger, registry: Registry,
    clock: Clock, say: Say,
) -> Applied:  # fmt: skip
    """Somebody went on after us. Where the alias shows ours after all, our hand was the slower: it is put right."""
    highest = entries[-1]
    if shown == ours.version and highest.version and not _shows(shown, highest):
        await _carry_out(highest, ledger, registry, clock, say)
    return _superseded(ours, entries, clock())


def _superseded(ours: LedgerEntry, entries: Sequence[LedgerEntry], now: Millis) -> Applied:
    place = next(at for at, one in enumerate(entries) if one.id == ours.id)
    after, highest = entries[place + 1], entries[-1]
    if after.previous == ours.version and after.kind != "cancel":  # they saw ours: it had been done
        sentence = f"{_what(ours)} (entry {ours.number}), and {_mover(highest, highest.version, now)} since."
        return Applied(state="done", sentence=sentence, entry=ours)
    return _overtaken(ours, highest, now)


def _overtaken(ours: LedgerEntry, theirs: LedgerEntry, now: Millis) -> Applied:
    return Applied(state="failed", sentence=_lost(ours, theirs, now), entry=theirs, is_refused=True)


def _lost(ours: LedgerEntry, theirs: LedgerEntry, now: Millis) -> str:
    doing = "rolled it back to" if theirs.kind == "rollback" else "promoted"
    return (
        f"{_who(theirs)} {doing} {called(theirs.version)} {span(now - theirs.at)} ago"
        f" (entry {theirs.number}), before {called(ours.version)}."
    )


def _who(entry: LedgerEntry) -> str:
    """At the beginning of a sentence."""
    return named(entry.by) if entry.by.name or entry.by.email else "Somebody"


def _shows(shown: str | None, entry: LedgerEntry) -> bool:
    return (shown or "") == entry.version


def _what(entry: LedgerEntry) -> str:
    return f"{clip(entry.model, 60)}@{clip(entry.alias, 60)}: {called(entry.previous)} → {called(entry.version)}"


async def _in_thread(call: Callable[..., Answer], *args: object) -> Answer:
    """Wait for the thread even when nobody waits for us any more: what it sends must not arrive behind our back."""
    thread = asyncio.get_running_loop().run_in_executor(None, lambda: call(*args))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        await asyncio.wait([thread])
        raise
