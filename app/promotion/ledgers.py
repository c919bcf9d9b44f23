"""Where entries, plans, approvals and waivers are kept: in the Git remote that the team shares, or here alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec.structs import replace

from ..errors import RefusedError, SourceError
from ..git import GitError
from ..ledger import names
from ..ledger.objects import (
    ApprovalText,
    PlanNote,
    WaiverText,
    entry_text,
    stamp,
    tag_object,
    who,
)  # fmt: skip
from ..ledger.reading import read_entries, read_policy, read_promotions
from ..ledger.signing import Signer, sign
from ..records import Actor, LedgerEntry, Millis, PlanApproval, PolicyText, Promotions, Waiver
from ..store.state import State
from .desk import Desk


class TakenError(RefusedError):
    """Somebody has that number: `entry` is theirs."""

    def __init__(self, entry: LedgerEntry) -> None:
        super().__init__(f"Entry {entry.number} was taken by {entry.by.name or 'somebody'} first.")
        self.entry = entry


class Ledger(Protocol):
    """A ledger. Methods block, and raise SourceError when it is not reached."""

    is_local: bool

    def entries(self, model: str, alias: str) -> list[LedgerEntry]:
        """All entries of an alias as they are now, by number."""

    def append(self, entry: LedgerEntry) -> LedgerEntry:
        """Write the entry under its number, once; gives it with its id.

        Raises TakenError when that number is another's; SourceError also when it is not known whether it was written.
        """

    def promotions(self) -> Promotions:
        """Policy, plans, approvals and waivers as they are now; entries need not be among them."""

    def keep_plan(self, plan: str, text: str, by: Actor, at: Millis) -> None:
        """Let others see a plan, so that they can approve it. One that is there already is no harm."""

    def approve(self, approval: PlanApproval) -> PlanApproval:
        """Write an approval."""

    def waive(self, waiver: Waiver) -> Waiver:
        """Write a waiver."""

    def close(self) -> None:
        """Let go of what it took up."""


class GitLedger:
    """The ledger in a Git remote. `signer` signs what is written; without one it is claimed."""

    is_local = False

    def __init__(
        self, source: str, url: str, mirror: Path | None, *,
        path: str = "quarterdeck.toml", style: names.Style = "refs", signer: Signer | None = None, signers: str = "",
    ) -> None:  # fmt: skip
        self._source = source
        self._url = url
        self._mirror = mirror
        self._path = path
        self.style = style
        self._signer = signer
        self._signers = signers
        self._desk: Desk | None = None
        self._read: dict[tuple[str, str], tuple[Mapping[str, str], list[LedgerEntry]]] = {}

    @contextmanager
    def _at_desk(self) -> Iterator[Desk]:
        with _said():
            if self._desk is None:
                self._desk = Desk(self._url, self._mirror)
            yield self._desk

    def close(self) -> None:
        """Clear the desk away."""
        if self._desk is not None:
            self._desk.close()
            self._desk = None

    def entries(self, model: str, alias: str) -> list[LedgerEntry]:
        """One connection, two where there is news."""
        with self._at_desk() as desk:
            return self._entries(desk, model, alias)

    def _entries(self, desk: Desk, model: str, alias: str) -> list[LedgerEntry]:
        """Of both styles: a team that changes from one to the other goes on counting."""
        patterns = [names.entry_pattern(model, alias, style) for style in ("refs", "tags")]
        there = desk.ask(*patterns)
        known = self._read.get((model, alias))
        if known is not None and known[0] == there:
            return list(known[1])
        found = read_entries(desk.run, self._source, desk.fetch(*patterns) if there else {}, self._signers)
        self._read[model, alias] = there, found
        return list(found)

    def append(self, entry: LedgerEntry) -> LedgerEntry:
        """Three connections; one more to see who was faster, or whether a lost answer was a yes."""
        ref = names.entry_ref(entry.model, entry.alias, entry.number, self.style)
        with self._at_desk() as desk:
            commit = entry.commit if entry.commit and desk.publishes_nothing(entry.commit) else None
            entry = replace(entry, source=self._source, commit=commit)
            sha = self._tag(desk, entry, ref)
            try:
                desk.push(sha, ref)
            except GitError:
                there = [one for one in self._entries(desk, entry.model, entry.alias) if one.number == entry.number]
                if not there:
                    raise
                if sha not in (one.id for one in there):
                    raise TakenError(there[-1]) from None
            return replace(entry, id=sha)

    def _tag(self, desk: Desk, entry: LedgerEntry, ref: str) -> str:
        text = entry_text(entry)
        target, kind = entry.commit, "commit"
        if target is None:
            target, kind = desk.write("blob", msgspec.json.encode(text, order="sorted")), "blob"
        name = ref.removeprefix(names.TAGS) if ref.startswith(names.TAGS) else f"{entry.alias}-{entry.number}"
        shown = f"{entry.model} {entry.alias} {entry.number}: v{entry.version}, {entry.kind} by {entry.by.name}"
        payload = tag_object(target, kind, names.quoted(name), entry.by, entry.at, shown, text)
        return self._signed(desk, payload)

    def _signed(self, desk: Desk, payload: bytes) -> str:
        return desk.write("tag", payload + (sign(payload, self._signer) if self._signer else b""))

    def promotions(self) -> Promotions:
        """Three connections."""
        with self._at_desk() as desk:
            branch, commit = desk.default_branch()
            policy = self._policy(desk, branch, commit) if commit else None
            refs = desk.fetch(*(f"{place}*" for place in (names.PLANS, names.APPROVALS, names.WAIVERS)))
            return read_promotions(desk.run, self._source, refs, policy)

    def _policy(self, desk: Desk, branch: str, commit: str) -> PolicyText:
        return read_policy(desk.run, self._source, f"origin/{branch}", commit, self._path)

    def keep_plan(self, plan: str, text: str, by: Actor, at: Millis) -> None:
        """A plan is named by its content: the first who stores it is its requester."""
        ref = names.plan_ref(plan)
        with self._at_desk() as desk:
            if desk.fetch(ref.removesuffix(plan) + "*").get(ref):
                return
            note = PlanNote(plan=plan, by=who(by), at=stamp(at))
            target = desk.write("blob", text.encode())
            payload = tag_object(target, "blob", names.plan_tag(plan), by, at, f"plan {plan[:12]} of {by.name}", note)
            desk.push(self._signed(desk, payload), ref)

    def approve(self, approval: PlanApproval) -> PlanApproval:
        """Points at the plan itself, where the remote has it."""
        by = approval.by
        text = ApprovalText(plan=approval.plan, by=who(by), at=stamp(approval.at), note=approval.note)
        summary = f"{by.name} approves plan {approval.plan[:12]}"
        ref = names.approval_ref(approval.plan, by.email or by.name)
        return replace(approval, source=self._source, id=self._put(ref, by, approval.at, summary, text))

    def waive(self, waiver: Waiver) -> Waiver:
        """Points at its own text."""
        by = waiver.by
        text = WaiverText(
            model=waiver.model, alias=waiver.alias, version=waiver.version, gate=waiver.gate, by=who(by),
            why=waiver.why, at=stamp(waiver.at), until=stamp(waiver.until), registry=waiver.registry,
        )  # fmt: skip
        ref = names.waiver_ref(waiver.model, waiver.alias, waiver.version, waiver.gate, by.email or by.name)
        summary = f"{by.name} waives {waiver.gate} of {waiver.model} v{waiver.version}"
        return replace(waiver, source=self._source, id=self._put(ref, by, waiver.at, summary, text))

    def _put(self, ref: str, by: Actor, at: Millis, summary: str, text: msgspec.Struct) -> str:
        with self._at_desk() as desk:
            target = desk.write("blob", msgspec.json.encode(text, order="sorted"))
            sha = self._signed(desk, tag_object(target, "blob", names.tag_name(ref), by, at, summary, text))
            desk.replace(sha, ref)
            return sha


class LocalLedger:
    """The ledger of a project without a remote: in state.db, seen by nobody else. `policy` is the clone's own."""

    is_local = True

    def __init__(self, state: Path, policy: Callable[[], PolicyText | None]) -> None:
        self._state = state
        self._read_policy = policy

    def entries(self, model: str, alias: str) -> list[LedgerEntry]:
        """By number."""
        with State(self._state) as state:
            return list(state.local_entries(model, alias))

    def append(self, entry: LedgerEntry) -> LedgerEntry:
        """In one transaction."""
        digest = hashlib.sha256(msgspec.json.encode(entry_text(entry), order="sorted")).hexdigest()
        made = replace(entry, source="", id=digest)
        with State(self._state) as state:
            if not state.append_local_entry(made):
                raise TakenError(state.local_entries(entry.model, entry.alias)[entry.number - 1])
        return made

    def promotions(self) -> Promotions:
        """Nobody else can have approved anything."""
        with State(self._state) as state:
            return Promotions(
                policy=self._read_policy(), entries=tuple(state.local_entries()), waivers=tuple(state.local_waivers())
            )

    def keep_plan(self, plan: str, text: str, by: Actor, at: Millis) -> None:
        """There is nobody to show it to. Raises RefusedError."""
        raise RefusedError("There is no Git remote, so nobody else can be asked: another person's approval is not had.")

    def approve(self, approval: PlanApproval) -> PlanApproval:
        """As above. Raises RefusedError."""
        raise RefusedError("There is no Git remote, so an approval would be seen by nobody.")

    def waive(self, waiver: Waiver) -> Waiver:
        """Kept here."""
        digest = hashlib.sha256(msgspec.json.encode(waiver, order="sorted")).hexdigest()
        made = replace(waiver, source="", id=digest)
        with State(self._state) as state:
            state.add_local_waiver(made)
        return made

    def close(self) -> None:
        """Nothing is kept open."""


@contextmanager
def _said() -> Iterator[None]:
    """Git's trouble as that of a source."""
    try:
        yield
    except GitError as error:
        line = next((line for line in error.complaint.splitlines() if "remote rejected" in line), error.complaint)
        if "remote rejected" in error.complaint or "hook declined" in error.complaint:
            raise SourceError(f"The remote does not take the ledger's refs: {line.strip()}", "forbidden") from error
        raise SourceError(str(error), state=error.state) from error
