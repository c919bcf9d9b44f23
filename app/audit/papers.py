"""What a bundle holds, read as records: entries with their signatures, plans, approvals, waivers, the rules of then."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple, TypeVar

import msgspec

from ..ledger.objects import NotOursError, Reading, Tag, unreadable
from ..records import LedgerEntry, PlanApproval, PolicyText, StoredPlan, Waiver
from .layout import Manifest, Observed, Row
from .signatures import Signature, Signatures

One = TypeVar("One", bound=StoredPlan | PlanApproval)

_ENTRY: Final = re.compile(r"entries/[^/]+/(?P<number>[0-9]+)-(?P<id>[0-9a-f]+)\.(?P<kind>[a-z]+)")
_FILE: Final = re.compile(r"(?P<room>[a-z]+)/(?P<id>[0-9a-f]+)\.(?P<kind>[a-z]+)")
_PLAN: Final = re.compile(rb'"plan":"([0-9a-f]{64})"')
_UNSIGNED: Final = Reading("", lambda payload, signature: frozenset())
"""Reads what is said, whoever says it."""
_NOT_OURS: Final = (NotOursError, msgspec.MsgspecError, ValueError, RecursionError)


class EntryFile(NamedTuple):
    """What the name of a file in `entries/` says."""

    number: int
    id: str
    kind: str


def entry_file_of(path: str) -> EntryFile | None:
    """Which entry a file is by its name; None for a file of another room."""
    found = _ENTRY.fullmatch(path)
    return EntryFile(int(found["number"]), found["id"], found["kind"]) if found else None


class Papers:
    """The files of a bundle. `given`: allowed signers that count in place of those in the bundle."""

    def __init__(self, files: Mapping[str, bytes], manifest: Manifest, observed: Observed, given: str | None) -> None:
        self.files = files
        self.manifest = manifest
        self.observed = observed
        self.is_local = manifest.ledger == "local"
        self.has_given_signers = given is not None
        self._given = given
        self._signatures = Signatures()

    # -- who may have signed

    def signers(self, commit: str) -> Mapping[str, str]:
        """The allowed signers for what was written under the policy of a commit, by the files that it names.

        Under "" those of whoever made the bundle, for policies that name none; or those that were given, for all.
        """
        if self._given is not None:
            return {"": self._given}
        policy = self.policy(commit)
        named = {} if policy is None else dict(policy.signers)
        return named | {"": _text(self.files.get("policies/personal.signers", b""))}

    def _reading(self, tag: Tag, commit: str) -> Reading:
        """Reads a tag, and knows who signed it."""
        by_file = {file: self._signatures.verifier(tag, text) for file, text in self.signers(commit).items()}
        return Reading("", by_file[""], None if self.has_given_signers else by_file)

    def policy(self, commit: str) -> PolicyText | None:
        """The rules of a commit, and the signers that they name; None where the bundle has nothing of it."""
        paths = self.files.get(f"policies/{commit}/paths")
        if paths is None:
            return None
        path, *signers = self.paths(commit)
        text = self.files.get(f"policies/{commit}/policy.toml")
        return PolicyText(
            source="", branch="bundle", commit=commit, path=path, text=None if text is None else _text(text),
            signers={
                name: _text(self.files.get(f"policies/{commit}/{number}.signers", b""))
                for number, name in enumerate(signers, 1)
            },
            is_local=self.is_local,
        )  # fmt: skip

    def paths(self, commit: str) -> list[str]:
        """Where the settings and the signers are in the repository; the settings first."""
        raw = self.files.get(f"policies/{commit}/paths", b"")
        return raw.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n")

    # -- what was written

    @cached_property
    def entries(self) -> Mapping[str, tuple[LedgerEntry, ...]]:
        """By alias, in the order of their numbers."""
        self._look_ahead()
        found: dict[str, list[LedgerEntry]] = {alias: [] for alias in self.manifest.aliases}
        for row in self.manifest.entries:
            found.setdefault(row.alias, []).append(self._entry(row))
        return {alias: tuple(sorted(some, key=lambda one: (one.number, one.id))) for alias, some in found.items()}

    def _look_ahead(self) -> None:
        """At the signatures of all entries, and of what belongs to their plans."""
        if not self.is_local:
            self._signatures.look_ahead(self._signed())

    def _signed(self) -> Iterator[tuple[bytes, str]]:
        """Tags, and the signers that count for them."""
        for row in self.manifest.entries:
            if (tag := self._tag(row)) is not None:
                entry = self._bare(tag, row)
                papers = [tag, *(one for tags in self._by_plan.values() for one in tags.get(entry.plan, ()))]
                for signers in self.signers(entry.policy_commit).values():
                    yield from ((one.raw, signers) for one in papers)

    def _tag(self, row: Row) -> Tag | None:
        raw = self.files.get(row.file or "")
        file = entry_file_of(row.file or "")
        return Tag(row.id, raw) if raw is not None and file is not None and file.kind in ("tag", "json") else None

    def _bare(self, tag: Tag, row: Row) -> LedgerEntry:
        """The entry, whoever signed it."""
        try:
            return _UNSIGNED.entry(tag, self.manifest.model, row.alias, row.number)
        except RecursionError:
            return unreadable("", row.id, self.manifest.model, row.alias, row.number, "its JSON is too deep")

    def _entry(self, row: Row) -> LedgerEntry:
        tag = self._tag(row)
        if tag is None:
            why = "it is not in the bundle" if row.file is None or row.file not in self.files else "it is no tag"
            return unreadable("", row.id, self.manifest.model, row.alias, row.number, why)
        bare = self._bare(tag, row)
        if bare.trouble or self.is_local:
            return bare
        reading = self._reading(tag, bare.policy_commit)
        return reading.entry(tag, self.manifest.model, row.alias, row.number)

    def signature(self, entry: LedgerEntry) -> Signature:
        """Of an entry of a ledger in Git."""
        raw = self.files.get(self._files_of_entries.get(entry.id, ""))
        if raw is None:
            return Signature("none")
        looks = [self._signatures.look(raw, signers) for signers in self.signers(entry.policy_commit).values()]
        names = frozenset(name for look in looks for name in look.names)
        return Signature("holds", names) if names else looks[0]

    @cached_property
    def _files_of_entries(self) -> Mapping[str, str]:
        return {row.id: row.file for row in self.manifest.entries if row.file is not None}

    def plan_text(self, plan: str) -> str | None:
        """The text of a plan; None where the bundle has none."""
        raw = self.files.get(f"plans/{plan}.json")
        try:
            return None if raw is None else raw.decode()
        except UnicodeDecodeError:
            return None

    def asked(self, entry: LedgerEntry) -> StoredPlan | None:
        """Who asked others to approve the plan of an entry; None where nobody did."""
        text = self.plan_text(entry.plan)
        if text is None:
            return None
        found = self._of_plan("plans", entry, lambda reading, tag: reading.plan(tag, text.encode()))
        return next((plan for plan in found if plan.id == entry.plan), None)

    def approvals(self, entry: LedgerEntry) -> tuple[PlanApproval, ...]:
        """Of the plan of an entry."""
        found = self._of_plan("approvals", entry, Reading.approval)
        return tuple(approval for approval in found if approval.plan == entry.plan)

    def _of_plan(self, room: str, entry: LedgerEntry, read: Callable[[Reading, Tag], One]) -> Iterator[One]:
        """What is said of the plan of an entry; what is no word of ours is left out."""
        for tag in self._by_plan[room].get(entry.plan, ()):
            try:
                yield read(self._reading(tag, entry.policy_commit), tag)
            except _NOT_OURS:
                continue

    @cached_property
    def _by_plan(self) -> Mapping[str, Mapping[str, Sequence[Tag]]]:
        """Tags by room, and by the plans that they may speak of."""
        found: dict[str, dict[str, list[Tag]]] = {"plans": {}, "approvals": {}}
        for room, by_plan in found.items():
            for tag in self._tags(room):
                for plan in set(_PLAN.findall(tag.raw)):
                    by_plan.setdefault(plan.decode(), []).append(tag)
        return found

    def waiver(self, name: str, entry: LedgerEntry) -> Waiver | None:
        """By its id; None where the bundle has none that can be read."""
        local, raw = self.files.get(f"waivers/{name}.json"), self.files.get(f"waivers/{name}.tag")
        try:
            if self.is_local and local is not None:
                return msgspec.structs.replace(msgspec.json.decode(local, type=Waiver), id=name)
            if raw is not None:
                tag = Tag(name, raw)
                return self._reading(tag, entry.policy_commit).waiver(tag)
        except _NOT_OURS:
            pass
        return None

    def broken(self) -> Iterator[str]:
        """Files of plans, approvals and waivers whose signature is not of their text."""
        for room in ("plans", "approvals", "waivers"):
            for tag in self._tags(room):
                if self._signatures.is_broken(tag.raw):
                    yield f"{room}/{tag.id}.tag"

    def _tags(self, room: str) -> Iterator[Tag]:
        for path, raw in sorted(self.files.items()):
            found = _FILE.fullmatch(path)
            if found and (found["room"], found["kind"]) == (room, "tag"):
                yield Tag(found["id"], raw)


def _text(raw: bytes) -> str:
    """As the repository's files are read."""
    return raw.decode("utf-8-sig", "surrogateescape")
