"""The ledger of an alias as scripts get it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..audit.books import Book
from ..audit.chain import in_order
from ..audit.findings import finding_json, is_well
from ..exact import iso
from ..records import Actor, LedgerEntry, Subject
from ..text import shown

if TYPE_CHECKING:
    from ..audit.bundle import Written
    from ..audit.verify import Verified


def book_json(book: Book, limit: int | None = None) -> dict[str, Any]:
    """One alias: what it shows, whether the entries hold together, and the entries, newest first."""
    return {
        "model": book.model,
        "alias": book.alias,
        "subject": str(Subject(kind="alias", parts=(book.model, book.alias))),
        "shown": shown(f"{book.model}@{book.alias}"),
        "ledger": "local" if book.is_local else "git",
        "shows": None if book.seen is None else book.seen.version,
        "looked_at": None if book.seen is None else iso(book.seen.at),
        "well": is_well(book.findings),
        "findings": [finding_json(one) for one in book.findings],
        "entries": [_entry_json(entry) for entry in in_order(book.entries)[::-1][:limit]],
    }


def _entry_json(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "id": entry.id,
        "kind": entry.kind,
        "version": entry.version or None,
        "previous": entry.previous,
        "before": entry.before or None,
        "cancels": entry.cancels,
        "at": None if entry.trouble else iso(entry.at),
        "by": None if entry.trouble else _person_json(entry.by),
        "approvers": [_person_json(one) for one in entry.approvers],
        "plan": entry.plan or None,
        "policy_commit": entry.policy_commit or None,
        "policy_digest": entry.policy_digest or None,
        "gates": dict(entry.gates),
        "reason": entry.reason or None,
        "ticket": entry.ticket or None,
        "commit": entry.commit,
        "registry": entry.registry or None,
        "trouble": entry.trouble or None,
    }


def _person_json(person: Actor) -> dict[str, Any]:
    return {"name": person.name, "email": person.email or None, "strength": person.strength}


def written_json(made: Written, folder: Path) -> dict[str, Any]:
    """A bundle that was written."""
    manifest = made.manifest
    return {
        "dir": str(folder), "model": manifest.model, "aliases": list(manifest.aliases), "ledger": manifest.ledger,
        "entries": len(manifest.entries), "files": len(manifest.files) + 2, "fingerprint": made.fingerprint,
        "missing": [{"what": one.what, "id": one.id, "why": one.why} for one in manifest.missing],
    }  # fmt: skip


def verified_json(found: Verified, folder: Path) -> dict[str, Any]:
    """What came of checking one."""
    return {
        "dir": str(folder), "well": found.is_well, "model": found.model or None, "aliases": list(found.aliases),
        "entries": found.entries, "signed": found.signed, "signers": found.signers, "fingerprint": found.fingerprint,
        "findings": [finding_json(one) for one in found.findings],
    }  # fmt: skip
