"""Checking a bundle offline: nothing in it is believed that is not proven by what stands beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..errors import UsageError
from ..ledger.objects import millis
from ..promotion.policy import policy_of
from ..promotion.words import NAME, named
from ..records import AliasMove, LedgerEntry, Record
from ..store.explanations import explanation
from ..text import clip
from .chain import Seen, chain_of, moves_of, of_entry, shown_of
from .findings import Finding, is_well, worst_first
from .folder import Folder
from .intact import of_file, of_manifest, of_names, of_sums, read_manifest, read_observed
from .layout import MANIFEST, OBSERVED, SUMS, Manifest, Moved, Observed, digest
from .papers import Papers
from .people import demanded, needs_approval, of_approvals, of_moment, of_waivers, situation_of
from .plans import of_gates, of_plan, read_plan
from .rules import of_rules

_LATER: Final = 2**62
_NOTHING: Final = Observed(shows={}, moves=(), versions={})


class Verified(Record, frozen=True, kw_only=True):
    """What came of it."""

    model: str
    aliases: tuple[str, ...]
    entries: int
    signed: int
    """Entries whose signature holds and is of who they name."""
    signers: str
    """bundle, or given: whose allowed signers counted."""
    fingerprint: str
    """SHA-256 of SHA256SUMS."""
    findings: tuple[Finding, ...]
    """The worst first."""

    @property
    def is_well(self) -> bool:
        """Nothing is wrong."""
        return is_well(self.findings)


def verify(path: Path, signers: str | None = None) -> Verified:
    """Check the bundle in a folder. `signers`: allowed signers that count in place of those in it.

    Raises UsageError where there is no bundle, SigningError where ssh-keygen does not answer.
    """
    folder = Folder(path)
    files = folder.files
    if MANIFEST not in files and SUMS not in files:
        raise UsageError(f"There is no bundle at {clip(str(path), 300)}: it has no {MANIFEST}.")
    manifest, trouble = read_manifest(files)
    found = [*folder.findings, *of_sums(files)]
    if manifest is None:
        found.append(of_file("manifest", MANIFEST, trouble))
        return _verified(None, None, found, signers, files)
    papers = Papers(files, manifest, read_observed(files) or _NOTHING, signers)
    found += [*of_manifest(files, manifest), *of_names(files), *_of_papers(papers)]
    return _verified(manifest, papers, found, signers, files)


def _verified(
    manifest: Manifest | None, papers: Papers | None, found: list[Finding], signers: str | None,
    files: Mapping[str, bytes],
) -> Verified:  # fmt: skip
    entries = [entry for some in papers.entries.values() for entry in some] if papers else []
    return Verified(
        model=manifest.model if manifest else "", aliases=manifest.aliases if manifest else (), entries=len(entries),
        signed=sum(entry.by.strength == "signed" for entry in entries),
        signers="bundle" if signers is None else "given", fingerprint=digest(files.get(SUMS, b"")),
        findings=tuple(worst_first(found)),
    )  # fmt: skip


# -- what is in it


def _of_papers(papers: Papers) -> Iterator[Finding]:
    for alias, entries in papers.entries.items():
        yield from chain_of(entries)
        yield from _of_observed(alias, entries, papers)
        for entry in entries:
            if not entry.trouble:
                yield from _of_entry(entry, papers)
    for file in papers.broken():
        yield of_file("signature", file, "its signature was not made of this text.")
    if papers.is_local:
        said = "the ledger is a local one: nobody else could see it, and nothing in it is signed."
        yield Finding(level="note", code="local", about="ledger", sentence=said)
    yield from _of_signers(papers)


def _of_signers(papers: Papers) -> Iterator[Finding]:
    if papers.is_local or papers.has_given_signers:
        return
    said = "signatures were checked with the allowed signers in the bundle, which are only as good as the bundle."
    yield Finding(level="note", code="signers", about="signers", sentence=said)


def _of_entry(entry: LedgerEntry, papers: Papers) -> Iterator[Finding]:
    if not papers.is_local:
        yield from _of_signature(entry, papers)
    if entry.kind == "cancel":
        return  # it carries what it takes back; the chain is all that there is to check
    policy = policy_of(papers.policy(entry.policy_commit), entry.model, entry.alias)
    situation = situation_of(entry, policy, papers)
    yield from of_rules(entry, policy, papers)
    why = next((one.why for one in papers.manifest.missing if one.id == entry.plan), "nobody says why")
    plan = papers.plan_text(entry.plan)
    yield from of_plan(entry, plan, is_needed=needs_approval(situation), why=clip(why, 200))
    yield from of_gates(entry, demanded(situation, entry.at))
    yield from of_approvals(entry, situation)
    yield from of_moment(entry, situation)
    if plan is not None and (told := read_plan(plan)) is not None:
        yield from of_waivers(entry, situation, told, papers)
    elif "waived" in entry.gates.values():
        yield of_entry(
            entry, "wrong", "waiver", "gates of it were waived, and without its plan nobody can tell by whom."
        )


def _of_signature(entry: LedgerEntry, papers: Papers) -> Iterator[Finding]:
    """Who wrote it."""
    found, who = papers.signature(entry), named(entry.by)
    if found.state == "none":
        yield of_entry(entry, "unknown", "signature", f"it is not signed: nothing proves that it was {who}.")
    elif found.state == "broken":
        yield of_entry(entry, "wrong", "signature", "its signature was not made of this text.")
    elif found.state == "strange" and not any(map(str.strip, papers.signers(entry.policy_commit).values())):
        said = f"it is signed, and there are no allowed signers to tell whether it was {who}."
        yield of_entry(entry, "unknown", "signature", said)
    elif found.state == "strange":
        yield of_entry(entry, "wrong", "signature", f"it says {who}, and no allowed signer has signed it.")
    elif entry.by.strength != "signed":
        others = clip(", ".join(sorted(found.names)), 60)
        yield of_entry(entry, "wrong", "signature", f"it says {who}, and {others} signed it.")


def _of_observed(alias: str, entries: Sequence[LedgerEntry], papers: Papers) -> Iterator[Finding]:
    """Whether what was seen of the alias agrees with the entries."""
    try:
        moves = [_move(one, papers) for one in papers.observed.moves if one.alias == alias]
    except (ValueError, OverflowError):
        yield of_file("observed", OBSERVED, f"a move of {clip(alias, NAME)} has no time.")
        moves = []
    told = [(move, explanation(move, entries, is_kept=True, as_of=_LATER).verdict) for move in moves]
    unexplained = list(moves_of(alias, told, entries))
    yield from unexplained
    if alias in papers.observed.shows and not any(one.level == "wrong" for one in unexplained):
        yield from shown_of(alias, entries, Seen(version=papers.observed.shows[alias], at=_LATER))


def _move(moved: Moved, papers: Papers) -> AliasMove:
    return AliasMove(
        id="", source="", model=papers.manifest.model, alias=moved.alias, version=moved.version,
        previous=moved.previous, at=millis(moved.at), not_before=millis(moved.not_before) if moved.not_before else None,
        reason="first seen" if moved.reason == "first seen" else "moved",
    )  # fmt: skip
