"""One version of a dataset: what differs from the one before, what was checked of it, what was trained on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ..app.copies import Copy
from ..app.records import DatasetVersion, Subject
from ..app.store.configuration import ConfigurationChange
from ..app.store.reading import Reader
from ..app.text import cells
from ..widgets.line import Piece
from .changes import Changed
from .dataset_facts import NAMED, CheckOf, DatasetFacts, dataset_facts
from .dataset_lines import dataset_detail, dataset_head, dataset_parts, dataset_sentences, draw
from .deck import Deck
from .page import PageScreen
from .page_rows import Row, outline
from .run_details import Lines, Sight
from .subjects import named, subject_of

GROWS = 5
"""How many times as many versions and runs are listed when more are asked for ..."""

MOST = 3_750
"""... and at most."""


class DatasetScreen(PageScreen[DatasetFacts]):
    """The page of the version of this digest, or of the only one that begins so; of the newest for ""."""

    TAB = "lineage"

    def __init__(self, deck: Deck, name: str, digest: str = "") -> None:
        super().__init__(deck)
        self.dataset, self.digest = name, digest
        self._limit = NAMED

    def reading(self) -> Callable[[Reader], DatasetFacts | None]:
        """What reads the facts."""
        return partial(
            dataset_facts,
            name=self.dataset,
            digest=self.digest,
            identities=self.deck.identities,
            now=self.deck.now(),
            limit=self._limit,
        )

    def named(self) -> tuple[str, str]:
        """The dataset and the beginning of its digest."""
        digest = self.facts.digest if self.facts is not None else self.digest
        name = self.facts.name if self.facts is not None else self.dataset
        return "data", f"{name}@{digest[:12]}" if digest else name

    def is_about(self, changed: Changed) -> bool:
        """All but logs may say something new of it."""
        return any((changed.data, changed.checks, changed.runs, changed.models, changed.commits))

    def rows(self, facts: DatasetFacts, width: int) -> list[Row]:
        """Every line."""
        return outline(dataset_parts(facts, self.deck.now()), self.needle)

    def draw_row(self, row: Row, facts: DatasetFacts, width: int) -> list[Piece]:
        """A line."""
        return draw(row, width, self.deck.now())

    def head(self, facts: DatasetFacts) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """Its digest, since when, how large."""
        return dataset_head(facts, self.sight(self.room.width))

    def details(self, row: Row, facts: DatasetFacts, sight: Sight) -> Lines:
        """What is known of a row."""
        return dataset_detail(row, facts, sight)

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own, else this version."""
        facts = self.facts
        own = named("dataset", facts.name, facts.digest) if facts is not None and facts.digest else None
        return super().subject_here() or own

    def leads_to(self, subject: Subject) -> bool:
        """A version leads to the others, not to itself."""
        facts = self.facts
        return facts is None or subject.kind != "dataset" or subject.parts != (facts.name, facts.digest)

    def action_open(self) -> None:
        """Open what is under the cursor; of the versions or runs that are not listed, list more."""
        row = self.outline.entry()
        if row is not None and row.kind == "more":
            self._list_more()
        else:
            super().action_open()

    def _list_more(self) -> None:
        if self._limit >= MOST:
            self.say("no more are listed here: `quarterdeck lineage --json --limit N` prints them", "dim")
            return
        self._limit = min(MOST, self._limit * GROWS)
        self.read()

    def copies(self) -> Sequence[Copy]:
        """What is under the cursor first, then the version."""
        facts = self.facts
        if facts is None or not facts.digest:
            return super().copies()
        own = str(named("dataset", facts.name, facts.digest))
        return [
            *super().copies(),
            Copy("digest", facts.digest),
            Copy("subject", own),
            Copy("command", f"quarterdeck lineage {own}"),
        ]

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What it is called and what to know first, and how much stands below."""
        left, right = super().subject()
        said = dataset_sentences(self.facts, self.deck.now()) if self.facts is not None else []
        room = self.room.width - sum(cells(text) for text, _ in [*left, *right]) - 1
        for text, role in said:
            room -= cells(text) + 3
            if room >= 0:
                left = [*left, (f"   {text}", role)]
        return left, right


@subject_of.register
def _version(thing: DatasetVersion) -> Subject | None:
    return named("dataset", thing.name, thing.digest) if thing.digest else None


@subject_of.register
def _check(thing: CheckOf) -> Subject | None:
    return subject_of(thing.check)


@subject_of.register
def _configuration(thing: ConfigurationChange) -> Subject | None:
    return subject_of(thing.commit)
