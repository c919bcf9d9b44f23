"""Tag objects and the records that they hold: one line for people, then JSON, then the signature where there is one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from ..errors import QuarterdeckError
from ..exact import iso
from ..records import Actor, LedgerEntry, Millis, PlanApproval, StoredPlan, Strength, Waiver
from ..text import clip
from . import names, signing

LARGEST: Final = 200_000
"""Bytes of a tag object that are read: a policy of a hundred gates takes twenty thousand."""
Number = Annotated[int, msgspec.Meta(ge=1, lt=1_000_000_000)]
"""Of an entry, as the name of its ref may hold it."""
_UNSAFE: Final = re.compile(r"[\x00-\x1f<>\x7f\ud800-\udfff]")

Verify = Callable[[bytes, bytes], frozenset[str]]
"""Payload and signature to the principals that made it."""


class NotOursError(QuarterdeckError):
    """A tag that holds no record of ours."""


class Who(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person as the JSON names one."""

    name: str = ""
    email: str = ""
    strength: Strength = "claimed"
    """As whoever wrote it saw it, for people that it speaks of; never believed of who wrote it."""
    role: str = ""


class EntryText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The JSON of an entry."""

    v: int = 1
    kind: str = "promotion"
    model: str
    alias: str
    number: Number
    version: str
    previous: str | None = None
    before: str = ""
    cancels: Number | None = None
    at: str
    by: Who
    approvers: tuple[Who, ...] = ()
    policy_commit: str = ""
    policy_digest: str = ""
    plan: str = ""
    gates: Mapping[str, str] = {}
    reason: str = ""
    ticket: str = ""
    commit: str | None = None
    act: str = ""
    registry: str = ""


class PlanNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The JSON of a plan's tag: the plan itself, as text, is the blob that the tag points at."""

    plan: str
    by: Who
    at: str


class ApprovalText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The JSON of an approval."""

    plan: str
    by: Who
    at: str
    note: str = ""


class WaiverText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The JSON of a waiver."""

    model: str
    alias: str
    version: str
    gate: str
    by: Who
    why: str
    at: str
    until: str
    registry: str = ""


class Tag(NamedTuple):
    """A tag object as it was read."""

    id: str
    raw: bytes

    @property
    def target(self) -> str:
        """The object that it points at."""
        return self.raw[:200].split(b"\n", 1)[0].removeprefix(b"object ").decode("ascii", "replace")

    @property
    def name(self) -> str:
        """What it calls itself; "" where it does not say so."""
        line = next(iter(self.raw[:2_000].split(b"\n")[2:3]), b"")
        return line.removeprefix(b"tag ").decode("ascii", "replace") if line.startswith(b"tag ") else ""


def tag_object(target: str, kind: str, name: str, by: Actor, at: Millis, summary: str, text: msgspec.Struct) -> bytes:
    """The payload of a tag, ready to be signed. `kind` is the target's: commit or blob."""
    who = f"{_named(by.name or by.email, 'somebody')} <{_named(by.email, 'unknown')}>"
    body = msgspec.json.encode(msgspec.to_builtins(text), order="sorted").decode()
    head = f"object {target}\ntype {kind}\ntag {name}\ntagger {who} {at // 1000} +0000\n\n"
    return (head + clip(summary, 200) + "\n\n" + _ascii(body) + "\n").encode()


def _named(text: str, otherwise: str) -> str:
    return _UNSAFE.sub("", text).strip() or otherwise


def _ascii(body: str) -> str:
    """JSON whose strings are ASCII, so that no encoding in between can change what was signed."""
    if body.isascii():
        return body
    units = body.encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(chr(code) if code < 0x80 else f"\\u{code:04x}" for code in codes)


class Reading:
    """Reads tags of one repository. `verify` tells who made a signature; `files`: the same by each file of signers."""

    def __init__(self, source: str, verify: Verify, files: Mapping[str, Verify] | None = None) -> None:
        self.source = source
        self._files = files
        self._verify = {"": verify} if files is None else files

    def entry(self, tag: Tag, model: str, alias: str, number: int) -> LedgerEntry:
        """The entry in a tag that lies where this one belongs; one that cannot be read says so in `trouble`."""
        try:
            text, by = self._read(tag, EntryText)
            if (text.model, text.alias, text.number) != (model, alias, number):
                raise NotOursError(f"it speaks of {clip(text.model, 60)}@{clip(text.alias, 60)} {text.number}")
            return _entry(text, self.source, tag.id, by)
        except (NotOursError, msgspec.MsgspecError, ValueError) as error:
            return unreadable(self.source, tag.id, model, alias, number, str(error))

    def plan(self, tag: Tag, plan: bytes) -> StoredPlan:
        """A stored plan. Raises NotOursError, MsgspecError, ValueError, as those below do."""
        text, by = self._read(tag, PlanNote)
        _check_name(tag, names.plan_tag(text.plan))
        if hashlib.sha256(plan).hexdigest() != text.plan:
            raise NotOursError("its text is that of another plan")
        return StoredPlan(source=self.source, id=text.plan, text=plan.decode(), by=by, at=millis(text.at))

    def approval(self, tag: Tag) -> PlanApproval:
        """An approval."""
        text, by = self._read(tag, ApprovalText)
        _check_name(tag, names.tag_name(names.approval_ref(text.plan, text.by.email or text.by.name)))
        return PlanApproval(
            source=self.source, id=tag.id, plan=text.plan, by=by, at=millis(text.at), note=text.note
        )  # fmt: skip

    def waiver(self, tag: Tag) -> Waiver:
        """A waiver."""
        text, by = self._read(tag, WaiverText)
        who = text.by.email or text.by.name
        _check_name(tag, names.tag_name(names.waiver_ref(text.model, text.alias, text.version, text.gate, who)))
        return Waiver(
            source=self.source, id=tag.id, model=text.model, alias=text.alias, version=text.version, gate=text.gate,
            by=by, why=text.why, at=millis(text.at), until=millis(text.until), registry=text.registry,
        )  # fmt: skip

    def _read(self, tag: Tag, kind: type[Any]) -> tuple[Any, Actor]:
        payload, signature = signing.split(tag.raw)
        line = next((line for line in reversed(payload.split(b"\n")) if line.startswith(b"{")), None)
        if line is None or len(tag.raw) > LARGEST:
            raise NotOursError("it holds no JSON of ours")
        try:
            text = msgspec.json.decode(line, type=kind)
        except RecursionError:
            raise NotOursError("its JSON is too deep") from None
        return text, self._actor(text.by, payload, signature)

    def _actor(self, who: Who, payload: bytes, signature: bytes) -> Actor:
        """Signed only where the very person that the text names signed it."""
        said = Actor(name=who.name, email=who.email, role=who.role)
        if not signature or not who.email:
            return said
        proven = {file: verify(payload, signature) for file, verify in self._verify.items()}
        email = who.email.casefold()
        good = {file: all_of for file, some in proven.items() if email in (all_of := {one.casefold() for one in some})}
        if not good:
            return said
        also = tuple(sorted(set().union(*good.values()) - {email}))
        files = tuple(good) if self._files is not None else ()
        return msgspec.structs.replace(said, strength="signed", also=also, files=files)


def _check_name(tag: Tag, name: str) -> None:
    """What is signed as something else, such as a release whose notes hold our JSON, is nobody's word of ours."""
    if tag.name != name:
        raise NotOursError("it is a tag of another name")


def entry_text(entry: LedgerEntry) -> EntryText:
    """The JSON of an entry."""
    return EntryText(
        kind=entry.kind, model=entry.model, alias=entry.alias, number=entry.number, version=entry.version,
        previous=entry.previous, before=entry.before, cancels=entry.cancels, at=stamp(entry.at), by=who(entry.by),
        approvers=tuple(map(who, entry.approvers)), policy_commit=entry.policy_commit,
        policy_digest=entry.policy_digest, plan=entry.plan, gates=dict(entry.gates), reason=entry.reason,
        ticket=entry.ticket, commit=entry.commit, act=entry.act, registry=entry.registry,
    )  # fmt: skip


def _entry(text: EntryText, source: str, name: str, by: Actor) -> LedgerEntry:
    if text.kind not in ("promotion", "rollback", "cancel"):
        raise NotOursError(f"it is of a kind that this program does not know: {clip(text.kind, 40)}")
    return LedgerEntry(
        source=source, model=text.model, alias=text.alias, number=text.number, id=name,
        kind=text.kind,  # type: ignore[arg-type]  # one of the three, as was looked at above
        version=text.version, previous=text.previous, before=text.before, cancels=text.cancels, at=millis(text.at),
        by=by, approvers=tuple(map(actor, text.approvers)), policy_commit=text.policy_commit,
        policy_digest=text.policy_digest, plan=text.plan, gates=text.gates, reason=text.reason, ticket=text.ticket,
        commit=text.commit, act=text.act, registry=text.registry,
    )  # fmt: skip


def unreadable(source: str, name: str, model: str, alias: str, number: int, why: str) -> LedgerEntry:
    """An entry that takes its number and says nothing."""
    return LedgerEntry(
        source=source, model=model, alias=alias, number=number, id=name, version="", at=0, by=Actor(name=""),
        trouble=f"Entry {number} cannot be read: {clip(why, 200)}.",
    )  # fmt: skip


def who(actor: Actor) -> Who:
    """A person for the JSON."""
    return Who(name=actor.name, email=actor.email, strength=actor.strength, role=actor.role)


def actor(who: Who) -> Actor:
    """The same back."""
    return Actor(name=who.name, email=who.email, strength=who.strength, role=who.role)


def stamp(at: Millis) -> str:
    """A time as the JSON has it."""
    return iso(at) or ""


def millis(text: str) -> Millis:
    """An ISO time as UTC milliseconds. Raises ValueError."""
    when = datetime.fromisoformat(text)
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
