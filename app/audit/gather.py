"""What belongs into a bundle: every object as Git has it, and what of it could not be had."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import msgspec
from msgspec.structs import replace

from ..exact import iso
from ..ledger import names
from ..ledger.objects import entry_text
from ..ledger.signing import personal_signers
from ..promotion.policy import policy_of
from ..promotion.situation import COMMIT_TAGS
from ..records import LedgerEntry, PolicyText
from .books import Book, Shelf
from .chain import UNDER_WAY
from .gitobjects import Step, is_id, step, tree_of
from .layout import (
    LARGEST_POLICY,
    OBSERVED,
    README,
    Made,
    Missing,
    Moved,
    Observed,
    Row,
    entry_file,
    folder_of,
    named_signers,
    written,
)
from .readme import readme
from .repositories import Repositories

_NOT_THERE = "neither our mirror nor the clone has it, or it is larger than 4 MB"


class Gathered:
    """The files of a bundle, all but its manifest."""

    def __init__(self, shelf: Shelf, books: Sequence[Book], repositories: Repositories, path: str) -> None:
        """`path`: of the settings in the repository."""
        self.files: dict[str, bytes] = {}
        self.rows: list[Row] = []
        self.missing: list[Missing] = []
        self._shelf = shelf
        self._books = books
        self._repositories = repositories
        self._told = shelf.promotions()
        self._path = self._told.policy.path if self._told.policy is not None else path
        self._entries = [entry for book in books for entry in book.entries]
        self._plan_tags = repositories.refs(names.PLANS)
        self._gather()

    def _gather(self) -> None:
        self._repositories.objects(self._ids())  # all at once: each question of its own costs 10 ms
        for book in self._books:
            self._take_entries(book)
        for plan in sorted({entry.plan for entry in self._entries if entry.plan}):
            self._take_plan(plan)
        self._take_waivers()
        for commit in sorted({entry.policy_commit for entry in self._entries if entry.policy_commit}):
            self._take_policy(commit)
        observed = self._observed()
        named = {entry.commit for entry in self._entries} | {made.commit for made in observed.versions.values()}
        for commit in sorted(name for name in named if name):
            self._take_commit(commit)
        self.files[OBSERVED] = written(observed)
        self.files[README] = readme()

    def _ids(self) -> Iterator[str]:
        """The objects that are known to be needed from the beginning."""
        yield from self._plan_tags.values()
        for entry in self._entries:
            yield from (entry.id, entry.policy_commit, entry.commit or "")
        yield from (one.id for one in self._told.approvals)
        yield from (one.id for one in self._told.waivers)

    def _miss(self, what: str, name: str, why: str = "") -> None:
        trouble = self._repositories.trouble
        self.missing.append(
            Missing(what=what, id=name, why=why or (f"{_NOT_THERE}: {trouble}" if trouble else _NOT_THERE))
        )

    # -- what the team wrote

    def _take_entries(self, book: Book) -> None:
        folder = folder_of(book.alias, (one.alias for one in self._books))
        objects = {} if book.is_local else self._repositories.objects(entry.id for entry in book.entries)
        for entry in book.entries:
            found, file = objects.get(entry.id), None
            if book.is_local:
                file = entry_file(folder, entry.number, entry.id, "json")
                self.files[file] = msgspec.json.encode(entry_text(entry), order="sorted")
            elif found is not None:
                file = entry_file(folder, entry.number, entry.id, found.kind)
                self.files[file] = found.raw
            else:
                self._miss("entry", entry.id)
            self.rows.append(Row(alias=book.alias, number=entry.number, id=entry.id, file=file))

    def _take_plan(self, plan: str) -> None:
        """Its text wherever it is kept: it is named by its hash. Who asked for leave, and who gave it."""
        text = next((one.text for one in self._told.plans if one.id == plan), None) or self._planned_here(plan)
        if text is not None and _sha256(text) == plan:
            self.files[f"plans/{plan}.json"] = text.encode()
        else:
            self._miss("plan", plan, "nobody stored it: that is done when others are asked to approve it")
        self._take_tags("plans", [self._plan_tags.get(names.plan_ref(plan), "")])
        approvals = [one.id for one in self._told.approvals if one.plan == plan]
        self._take_tags("approvals", approvals, "approval")

    def _planned_here(self, plan: str) -> str | None:
        """The text as the journal of this machine has it, of plans that were applied from here."""
        texts = (self._journal.get(entry.act) for entry in self._entries if entry.plan == plan)
        return next((text for text in texts if isinstance(text, str)), None)

    @cached_property
    def _journal(self) -> dict[str, object]:
        return {act.id: act.intent.get("text") for act in self._shelf.state.acts_since(0)}

    def _take_waivers(self) -> None:
        given = [one for one in self._told.waivers if self._is_ours(one.model, one.alias)]
        if not self._shelf.is_local:
            self._take_tags("waivers", [one.id for one in given], "waiver")
            return
        for one in given:
            self.files[f"waivers/{one.id}.json"] = msgspec.json.encode(replace(one, id="", source=""), order="sorted")

    def _is_ours(self, model: str, alias: str) -> bool:
        return any((book.model, book.alias) == (model, alias) for book in self._books)

    def _take_tags(self, folder: str, ids: Iterable[str], what: str = "") -> None:
        wanted = [name for name in ids if name]
        found = self._repositories.objects(wanted)
        for name in wanted:
            if name in found and found[name].kind == "tag":
                self.files[f"{folder}/{name}.tag"] = found[name].raw
            elif what:
                self._miss(what, name)

    # -- the rules of then

    def _take_policy(self, commit: str) -> None:
        """The settings and the files of signers that they name, with what ties them to the commit."""
        if not self._take_commit(commit, "policy"):
            return
        policy = self._blob(commit, self._path)
        text = None if policy is None else policy.decode("utf-8-sig", "surrogateescape")
        signers = named_signers(text)
        self.files[f"policies/{commit}/paths"] = "".join(f"{name}\n" for name in (self._path, *signers)).encode(
            "utf-8", "surrogateescape"
        )
        if policy is not None:
            self.files[f"policies/{commit}/policy.toml"] = policy
        for number, name in enumerate(signers, 1):
            if (content := self._blob(commit, name)) is not None:
                self.files[f"policies/{commit}/{number}.signers"] = content
        if not self._names_signers(commit, text) and (own := personal_signers()):
            self.files["policies/personal.signers"] = own.encode()

    def _names_signers(self, commit: str, text: str | None) -> bool:
        """Whether every policy of this text by which an entry was judged names a file of signers of its own."""
        policy = PolicyText(source="", branch="", commit=commit, text=text)
        rules = [policy_of(policy, book.model, book.alias).rules for book in self._books]
        return all(one is not None and one.approvals is not None and one.approvals.signers for one in rules)

    def _take_commit(self, commit: str, what: str = "commit") -> bytes | None:
        raw = self._repositories.get(commit, "commit")
        if raw is None:
            self._miss(what, commit)
        else:
            self.files[f"objects/{commit}.commit"] = raw
        return raw

    def _blob(self, commit: str, path: str) -> bytes | None:
        """A file as a commit has it; the trees on the way to it are taken along, also where it is not there."""
        raw = self._repositories.get(commit, "commit")
        name = None if raw is None else tree_of(raw)
        parts = path.encode("utf-8", "surrogateescape").split(b"/")
        for at, part in enumerate(parts):
            tree = None if name is None else self._repositories.get(name, "tree")
            if name is None or tree is None:
                self._miss("tree", name or commit)
                return None
            self.files[f"objects/{name}.tree"] = tree
            found = _step(tree, part, len(name) // 2)
            if found is None or found.is_folder == (at == len(parts) - 1):
                return None
            name = found.id
        content = None if name is None else self._repositories.get(name, "blob")
        if name is not None and (content is None or len(content) > LARGEST_POLICY):
            self._miss("file", name, "" if content is None else "it is larger than a megabyte")
            return None
        return content

    # -- what was seen

    def _observed(self) -> Observed:
        shows = {
            book.alias: book.seen.version
            for book in self._books
            if book.seen is not None and book.entries and book.seen.at >= book.entries[-1].at + UNDER_WAY
        }
        moves = tuple(
            Moved(
                alias=move.alias, version=move.version, previous=move.previous, reason=move.reason,
                at=iso(move.at) or "", not_before=iso(move.not_before),
            )
            for book in self._books
            for move, why in book.moves
            if why.verdict != "not so far"
        )  # fmt: skip
        versions = {
            entry.version: made
            for book in self._books
            for entry in book.entries
            if entry.kind != "cancel" and (made := self._made(book, entry)) is not None
        }
        return Observed(shows=shows, moves=moves, versions=versions)

    def _made(self, book: Book, entry: LedgerEntry) -> Made | None:
        reader = self._shelf.reader
        row = None if reader is None else reader.models.version(book.model, entry.version, book.registry)
        if reader is None or row is None:
            return None
        run = next(iter(reader.runs([row.run], ())), None) if row.run is not None else None
        named = [run.git_commit if run else None, *(row.version.tags.get(tag) for tag in COMMIT_TAGS)]
        commit = next((name for name in named if name), None)
        known = reader.commit(commit) if commit else None
        return Made(
            run_id=row.version.run_id, trained_by=None if run is None else run.user or "",
            registered_by=row.version.user, commit=known.sha if known else commit if is_id(commit or "") else None,
        )  # fmt: skip


def _step(tree: bytes, part: bytes, size: int) -> Step | None:
    try:
        return step(tree, part, size)
    except ValueError:
        return None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
