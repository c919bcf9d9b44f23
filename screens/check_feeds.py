"""Who feeds on the data that a check is about: aliases, versions and runs that came of it. Read on a thread."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from ..app.records import Check, Identities, Millis, PolicyText, Subject, parse_subject
from ..app.store.reading import Reader
from ..app.text import clip, shown
from ..widgets.figures import count
from ..widgets.status import glyph
from .check_columns import Dataset
from .check_rows import Section

if TYPE_CHECKING:
    from ..app.lineage import By, Lineage, Node  # with what it brings, when it is wanted: on the thread

MOST_NAMED = 2
"""Aliases that a line names."""

BY: Mapping[By, str] = {"id": "", "digest": "digest", "declared": "declared", "name": "by name"}
"""By what somebody is known to feed on data, in words; an id says it without any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eater:
    """Something that came of the data."""

    node: Node
    by: By
    """The weakest link on the way there."""
    above: tuple[str, ...] = ()
    """Titles of what lies between, the nearest to the data first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeding:
    """All of them, each once."""

    aliases: tuple[Eater, ...] = ()
    versions: tuple[Eater, ...] = ()
    runs: tuple[Eater, ...] = ()
    running: int = 0
    more: Mapping[str, int] = field(default_factory=dict)
    """How many further ones are counted and not listed, by what they are."""

    @property
    def is_anybody(self) -> bool:
        """Whether anybody is known to feed on it."""
        return bool(self.aliases or self.versions or self.runs or self.running or self.more)


class Question(NamedTuple):
    """Of which datasets it is asked who feeds on them, each with the row id of one of its checks."""

    datasets: tuple[tuple[str, int], ...]
    identities: Identities
    now: Millis


def feeds_of(reader: Reader, question: Question) -> Generator[dict[str, Feeding]]:
    """Who feeds on each dataset, by its name, one after the other: a trace takes its time."""
    for name, rowid in question.datasets:
        rows = reader.checks.rows([rowid])
        yield {name: feeding_on(reader, rows[0].check, question) if rows else Feeding()}


def feeding_on(reader: Reader, check: Check, question: Question) -> Feeding:
    """Who feeds on what this check checks, as far as the cache knows."""
    found = _traced(reader, Subject(kind="check", parts=(check.id,)), question)
    if found.aliases or not check.dataset or not check.dataset_digest:
        return found
    # a check that was made in the run that used the data leads to that run, and no further
    of_data = _traced(reader, Subject(kind="dataset", parts=(check.dataset, check.dataset_digest)), question)
    return of_data if of_data.is_anybody else found


def _traced(reader: Reader, subject: Subject, question: Question) -> Feeding:
    from ..app.lineage import trace

    found = feeding(trace(reader, subject, question.identities, now=question.now))
    return replace(found, aliases=in_use_first(found.aliases, reader.policy_text()))


def in_use_first(aliases: Iterable[Eater], policy: PolicyText | None) -> tuple[Eater, ...]:
    """The aliases of what is in use before all others: those that policies move, else `champion`."""
    from .model_facts import CHAMPION, rules_of  # with all of promotions: the list is drawn without

    def is_in_use(one: Eater) -> bool:
        model, alias = parse_subject(one.node.subject).parts
        rules = rules_of(policy, model)
        return alias == (rules.to if rules is not None else CHAMPION)

    return tuple(sorted(aliases, key=lambda one: not is_in_use(one)))


def feeding(lineage: Lineage | None) -> Feeding:
    """The same from a lineage; nobody where there is none."""
    from ..app.lineage import SUREST

    if lineage is None:
        return Feeding()
    found: dict[str, dict[str, Eater]] = {"alias": {}, "version": {}, "run": {}}
    more: dict[str, int] = {}
    for eater in _eaters(lineage):
        node = eater.node
        if node.kind in found and node.is_known:
            held = found[node.kind].get(node.subject)
            if held is None or SUREST.index(eater.by) < SUREST.index(held.by):
                found[node.kind][node.subject] = eater
        if node.more and node.more_of:
            more[node.more_of] = more.get(node.more_of, 0) + node.more
    if lineage.more and lineage.more_of:
        more[lineage.more_of] = more.get(lineage.more_of, 0) + lineage.more
    return Feeding(
        aliases=tuple(found["alias"].values()), versions=tuple(found["version"].values()),
        runs=tuple(found["run"].values()), running=lineage.running, more=more,
    )  # fmt: skip


def _eaters(lineage: Lineage) -> Iterator[Eater]:
    for node in lineage.downstream:
        yield from _below(node, "id", ())


def _below(node: Node, so_far: By, above: tuple[str, ...]) -> Iterator[Eater]:
    from ..app.lineage import SUREST

    by = max(so_far, node.link.by, key=SUREST.index) if node.link is not None else so_far
    yield Eater(node=node, by=by, above=above)
    for child in node.children:
        yield from _below(child, by, (*above, node.title))


def feeds_said(feeding: Feeding) -> str:
    """`churn@champion v14 (declared), 2 running runs`; "" where nobody is known to."""
    said = []
    for one in feeding.aliases[:MOST_NAMED]:
        words = " ".join((one.node.title, *one.node.words[:1]))
        said.append(clip(words, 40) + (f" ({BY[one.by]})" if one.by in ("declared", "name") else ""))
    if more := len(feeding.aliases) - MOST_NAMED:
        said += [f"{count(more)} more alias{'es' * (more != 1)}"] if more > 0 else []
    if not feeding.aliases and feeding.versions:
        said.append(_several(len(feeding.versions), "version"))
    if feeding.running:
        said.append(_several(feeding.running, "running run"))
    if not said and (runs := len(feeding.runs) + feeding.more.get("runs", 0)):
        said.append(_several(runs, "run"))
    return ", ".join(said)


def _several(number: int, noun: str) -> str:
    return f"{count(number)} {noun}{'s' * (number != 1)}"


class Feeds:
    """Who feeds on each dataset of a list, in words; read as they come into sight, since a trace takes its time."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        """By the name of the dataset; "" where nobody is known to."""

    def waiting(self, sections: Iterable[Section]) -> tuple[tuple[str, int], ...]:
        """Those of which nobody has read it, each with one of its checks: it says of which data they are."""
        firsts = ((one.dataset.name, [*one.trouble, *one.well][:1]) for one in sections)
        return tuple((name, first[0]) for name, first in firsts if first and name not in self.known)

    def learn(self, found: Mapping[str, Feeding]) -> None:
        """Keep what was read."""
        self.known.update({name: feeds_said(one) for name, one in found.items()})

    def named(self, section: Section) -> Dataset:
        """What heads a section, with who feeds on it."""
        return replace(section.dataset, feeds=self.known.get(section.dataset.name, ""))

    def words(self, dataset: Dataset) -> str:
        """`feeds churn@champion v14`; "" while nobody has looked."""
        if dataset.feeds:
            return f"feeds {shown(dataset.feeds)}"
        return f"{glyph('missing')} nobody is known to feed on it" if dataset.name in self.known else ""
