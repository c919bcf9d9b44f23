"""What production was made of: the version in force when it became bad, the one before it, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ..lineage import SUREST, By, Node, trace
from ..records import AliasMove, Identities, LedgerEntry, Millis, Record, Run, Subject, parse_subject
from ..store.explainer import Explainer
from ..store.explanations import Explanation
from ..store.models import VersionRow
from ..store.reading import Reader
from ..store.state import State
from .window import SKEW

COMMIT_TAGS: Final = ("mlflow.source.git.commit", "git_commit")
"""Tags of a version that name its commit, where it has no run."""
_LISTED: Final = 20
_COPIES: Final = 4
"""Copies of copies that are gone back through to the run."""


class Moved(Record, frozen=True, kw_only=True):
    """An alias that came to show another version."""

    model: str
    alias: str
    version: str
    """"" where it vanished."""
    previous: str
    at: Millis
    not_before: Millis | None = None
    entry: LedgerEntry | None = None
    """What the ledger says of it."""
    move: AliasMove | None = None
    """What was seen of it ..."""
    why: Explanation | None = None
    """... and what explains that."""
    is_kept: bool = False
    """Somebody keeps a ledger of this alias: a move without an entry is unexplained."""


class Part(Record, frozen=True, kw_only=True):
    """A version of data that something was made of."""

    name: str
    """The declared name, else the tool's own."""
    tool: str
    called: str
    """As the tool calls it."""
    digest: str
    by: By
    """The weakest link on the way."""
    of: str = ""
    """The name of the data that was made of it; "" for what a run used itself."""
    script: tuple[str, ...] = ()
    """Files that the stage which made it read, code among them."""

    @property
    def subject(self) -> str:
        """As it is written."""
        return str(Subject(kind="dataset", parts=(self.called, self.digest)))


class Made(Record, frozen=True, kw_only=True):
    """A version, and what it was made of."""

    row: VersionRow
    run: Run | None = None
    commit: str | None = None
    at: Millis
    """When its run began, else when it was registered."""
    parts: tuple[Part, ...] = ()

    @property
    def version(self) -> str:
        """As the registry writes it."""
        return self.row.version.version

    @property
    def names(self) -> dict[str, list[Part]]:
        """Its data by name."""
        found: dict[str, list[Part]] = {}
        for part in self.parts:
            found.setdefault(part.name, []).append(part)
        return found


def moves_of(
    reader: Reader, state: State, model: str, alias: str, explains: Explainer | None = None
) -> list[Moved]:  # fmt: skip
    """All moves of an alias that are known, oldest first: by the ledger, and what was seen without it.

    `explains`, where somebody has one already: reading the policy takes 5 ms.
    """
    row = reader.models.model(model)
    source = None if row is None else row.model.source
    entries = [one for one in (*reader.ledger(model, alias), *state.local_entries(model, alias)) if not one.trouble]
    seen = [move for move in state.alias_moves(model, alias) if source in (None, move.source)]
    explains = Explainer.of(reader, state) if explains is None and seen else explains
    found = {entry.id: _of_entry(entry) for entry in entries}
    for move in seen:
        if move.reason == "first seen" or explains is None:
            continue
        why = explains(move)
        if why.entry is not None and why.entry.id in found:
            found[why.entry.id] = _of_entry(why.entry, move, why)
        else:
            is_kept = why.verdict in ("unexplained", "not so far")
            found[move.id] = Moved(
                model=model, alias=alias, version=move.version or "", previous=move.previous or "", at=move.at,
                not_before=move.not_before, move=move, why=why, is_kept=is_kept,
            )  # fmt: skip
    return sorted(found.values(), key=lambda one: (one.at, one.version))


def _of_entry(entry: LedgerEntry, move: AliasMove | None = None, why: Explanation | None = None) -> Moved:
    return Moved(
        model=entry.model, alias=entry.alias, version=entry.version, previous=entry.previous or "", at=entry.at,
        entry=entry, move=move, why=why, is_kept=True,
    )  # fmt: skip


def in_force(moves: Sequence[Moved], at: Millis) -> Moved | None:
    """The move after which the alias was as it was at a time."""
    return next((move for move in reversed(moves) if (move.not_before or move.at) <= at + SKEW), None)


# -- what a version was made of -----------------------------------------------------------------------------------


def made(reader: Reader, identities: Identities, model: str, version: str, now: Millis) -> Made | None:
    """A version with its run, commit and data; None where the cache has no such version. Some 10 ms."""
    row = reader.models.version(model, version)
    if row is None:
        return None
    run, origin = _run(reader, row)
    tagged = next((origin.version.tags[tag] for tag in COMMIT_TAGS if origin.version.tags.get(tag)), None)
    written = (run.git_commit if run else None) or tagged
    commit = reader.commit(written) if written else None
    began = run.started_at if run is not None and run.started_at is not None else row.version.created_at
    return Made(
        row=row, run=run, commit=commit.sha if commit else written, at=began or 0,
        parts=tuple(_parts(reader, identities, model, version, now)),
    )  # fmt: skip


def _run(reader: Reader, row: VersionRow) -> tuple[Run | None, VersionRow]:
    """The run, and the version that is no copy."""
    for _ in range(_COPIES):
        rowid, native = row.run, row.version.run_id or (row.logged.run_id if row.logged else None)
        if rowid is None and native is not None:
            rowid = next(iter(reader.rowids([native])), None)
        if rowid is not None:
            return next(iter(reader.runs([rowid])), None), row
        if row.version.copied_from is None:
            break
        original = reader.models.version(*row.version.copied_from, row.version.source)
        if original is None:
            break
        row = original
    return None, row


def _parts(reader: Reader, identities: Identities, model: str, version: str, now: Millis) -> Iterator[Part]:
    subject = Subject(kind="model", parts=(model, version))
    found = trace(reader, subject, identities, now=now, limit=_LISTED)
    seen: set[tuple[str, str]] = set()
    for top in () if found is None else found.upstream:
        for part in data_below(top, identities, "id", "", ""):
            if (part.called, part.digest) not in seen:
                seen.add((part.called, part.digest))
                yield part


def data_below(node: Node, identities: Identities, by: By, name: str, of: str) -> Iterator[Part]:
    """The versions of data at and beyond a node of a lineage, the nearest first."""
    if node.link is not None and not node.link.known:
        return
    by = weaker(by, node.link.by) if node.link is not None else by
    if node.kind == "data" and node.is_known:
        part = _part(node, identities, by, name, of)
        yield part
        name, of = part.name, part.of
    for child in node.children:
        is_same = child.link is not None and child.link.kind == "same"
        is_read = child.link is not None and child.link.kind == "read"
        yield from data_below(child, identities, by, name if is_same else "", name if is_read else of)


def _part(node: Node, identities: Identities, by: By, name: str, of: str) -> Part:
    called, digest = parse_subject(node.subject).parts
    tool = "dvc" if node.words and node.words[0].partition(" ")[0] == "dvc" else "mlflow"
    known = identities.name_of(tool, called) or name or called
    return Part(name=known, tool=tool, called=called, digest=digest, by=by, of="" if of == known else of)


def weaker(one: By, other: By) -> By:
    """The less sure of two links."""
    return max(one, other, key=SUREST.index)


# -- which names -----------------------------------------------------------------------------------------------------


def called_everywhere(identities: Identities, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Of each dataset what all tools call it, its own name first."""
    return {name: tuple(dict.fromkeys((name, *(called for _, called in identities.names_of(name))))) for name in names}
