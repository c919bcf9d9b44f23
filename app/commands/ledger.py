"""`quarterdeck ledger`: who moved an alias when, why and by whose leave; and the same as a folder for an auditor."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..audit.books import Book, Shelf, open_shelf, read_books
from ..audit.chain import in_order
from ..audit.findings import is_well
from ..audit.layout import README, SUMS
from ..promotion.words import abbreviated, called, sworn
from ..records import LedgerEntry
from ..text import one_line, shown
from .boundary import say
from .ledger_json import book_json, written_json
from .options import Options
from .place import settings_of, state_of, synced
from .printing import Head, iso, print_json, print_object, print_table, print_text

if TYPE_CHECKING:
    from ..settings import Settings

HEADS = (
    Head("entry", right=True), Head("alias"), Head("kind"), Head("version"), Head("by"), Head("at", whole=True),
    Head("approved by"), Head("plan", whole=True), Head("policy", whole=True), Head("reason"), Head("ticket"),
)  # fmt: skip
SHORT = 8
"""Digits of a plan's id."""


@click.command("ledger", short_help="Who moved an alias when, why and by whose leave.")
@click.argument("model", metavar="MODEL[@ALIAS]")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many entries of each alias.")
@click.option("--exit-code", is_flag=True, help="End with 1 when something is wrong.")
@click.option(
    "--bundle", type=click.Path(path_type=Path), metavar="DIR",
    help="Write all of it into a new folder, which is checked without a server.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="A JSON array, an object for each alias; strings exact.")
@click.pass_obj
def ledger_command(
    options: Options, model: str, limit: int | None, exit_code: bool, bundle: Path | None, as_json: bool
) -> int:
    """List the entries of the ledger of MODEL, newest first, and say whether they hold together.

    \b
      quarterdeck ledger churn@champion
      quarterdeck ledger churn --exit-code || page-somebody
      quarterdeck ledger churn --bundle churn-2026 && quarterdeck verify churn-2026

    Entries are numbered without a gap, and each names the one before it. What is wrong with that, and moves of the
    alias that no entry explains, are told on stderr. Reads the cache only.
    """
    settings = settings_of(options)
    with synced(options, settings) as reader, state_of(settings) as state:
        shelf = open_shelf(reader, state, settings.remote)
        name, alias = _named(shelf, model)
        books = read_books(shelf, name, alias)
        if bundle is None:
            _print(books, name, limit, as_json)
        else:
            _bundle(settings, shelf, books, bundle, as_json)
    well = all(is_well(book.findings) for book in books)
    return 1 if exit_code and not well else 0


def _named(shelf: Shelf, written: str) -> tuple[str, str | None]:
    """Model and alias, None for all of them. A model may have an @ in its name: one that there is comes first."""
    before, _, alias = written.rpartition("@")
    if not before or not alias:
        return written, None
    known = shelf.reader is not None and shelf.reader.models.model(written) is not None
    if known or any(entry.model == written for entry in shelf.promotions().entries):
        return written, None
    return before, alias


def _print(books: Sequence[Book], model: str, limit: int | None, as_json: bool) -> None:
    if as_json:
        print_json(book_json(book, limit) for book in books)
        return
    print_table(HEADS, [_row(entry) for book in books for entry in _newest(book, limit)])
    if not any(book.entries for book in books):
        say(f"No entry of the ledger is of {shown(model)}.")
    for book in books:
        _tell(book)


def _newest(book: Book, limit: int | None) -> list[LedgerEntry]:
    return in_order(book.entries)[::-1][:limit]


def _row(entry: LedgerEntry) -> list[str]:
    if entry.trouble:
        return [str(entry.number), entry.alias, "unreadable", *[""] * 6, entry.trouble, ""]
    return [
        str(entry.number), entry.alias, entry.kind, f"{called(entry.version)} ← {called(entry.previous)}",
        sworn(entry.by), iso(entry.at) or "", ", ".join(map(sworn, entry.approvers)), entry.plan[:SHORT],
        abbreviated(entry.policy_commit), one_line(entry.reason), entry.ticket,
    ]  # fmt: skip


def _tell(book: Book) -> None:
    """What the alias shows, and whether the record holds."""
    count = len(book.entries)
    entries = f"{count} {'entry' if count == 1 else 'entries'}{', in the local ledger' if book.is_local else ''}"
    seen = "" if book.seen is None else f"it shows {called(book.seen.version)}. "
    wrong = sum(one.level == "wrong" for one in book.findings)
    holds = "Nothing is wrong." if not wrong else f"{wrong} {'thing is' if wrong == 1 else 'things are'} wrong:"
    if count or book.findings:
        say(f"{shown(book.alias)}: {entries}. {seen[:1].upper()}{seen[1:]}{holds}")
    for one in book.findings:
        say(f"  {one.level}: {one.about}: {one.sentence}")


def _bundle(settings: Settings, shelf: Shelf, books: Sequence[Book], folder: Path, as_json: bool) -> None:
    from ..audit.bundle import write_bundle
    from ..audit.repositories import repositories_of

    made = write_bundle(
        folder, shelf, books, repositories_of(settings), time.time_ns() // 1_000_000,
        repository=settings.repository, path=settings.file_in_repository,
    )  # fmt: skip
    if as_json:
        print_object(written_json(made, folder))
    else:
        print_text(f"{made.fingerprint}  {folder / SUMS}")
    count = len(made.manifest.entries)
    say(f"{count} {'entry' if count == 1 else 'entries'} with what belongs to them are in {folder}.")
    for one in made.manifest.missing:
        say(f"  missing: {one.what} {one.id[:12]}: {one.why}.")
    for book in books:
        _tell(book)
    say(f"Anybody can check it: quarterdeck verify {folder}, or as {README} in it says.")
