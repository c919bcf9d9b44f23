"""One resource of a stack: what the plan does to it, what was changed outside the code, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ..app.copies import Copy
from ..app.infra_copies import resource_copies
from ..app.records import Resource, Subject
from ..app.store.reading import Reader
from ..app.text import clip, fit, shown
from ..widgets.line import Piece
from .changes import Changed
from .deck import Deck
from .infra_lines import about_resource, diff, resource_facts, stack_head
from .infra_words import action_piece, is_still
from .page import PageScreen
from .page_lines import draw_thing, thing_lines
from .page_rows import Part, Row, outline
from .run_details import Lines, Sight
from .stack import StackFacts, stack_facts_of
from .subjects import named


class ResourceScreen(PageScreen[tuple[Resource, StackFacts]]):
    """The page of one resource of a stack."""

    TAB = "infra"

    def __init__(self, deck: Deck, stack: str, address: str) -> None:
        super().__init__(deck)
        self.stack, self.address = stack, address

    def reading(self) -> Callable[[Reader], tuple[Resource, StackFacts] | None]:
        """What reads the facts."""
        return partial(_read_resource, stack=self.stack, address=self.address, now=self.deck.now())

    def named(self) -> tuple[str, str]:
        """The stack and the address."""
        return f"{shown(self.stack)} ›", self.address

    def is_about(self, changed: Changed) -> bool:
        """New plans, and commits of the code."""
        return any((changed.infra, changed.commits))

    def rows(self, facts: tuple[Resource, StackFacts], width: int) -> list[Row]:
        """Every line."""
        return outline(resource_parts(*facts), self.needle)

    def draw_row(self, row: Row, facts: tuple[Resource, StackFacts], width: int) -> list[Piece]:
        """A line."""
        if row.kind == "attribute":
            return [(fit(row.name, width), row.note)]
        return draw_thing(row, width, self.deck.now())

    def head(self, facts: tuple[Resource, StackFacts]) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What the plan does to it, and how old the plan is."""
        word, role = action_piece(facts[0])
        _, right = stack_head(facts[1].held, self.sight(self.room.width))
        return [(f" {word}", role), (f"   {clip(facts[0].type, 40)}", "text")], right

    def details(self, row: Row, facts: tuple[Resource, StackFacts], sight: Sight) -> Lines:
        """What is known of a row."""
        if row.kind in ("attribute", "fact"):
            return about_resource(facts[0], sight)
        return thing_lines(row, sight)

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own, else the resource."""
        return super().subject_here() or named("resource", self.stack, self.address)

    def leads_to(self, subject: Subject) -> bool:
        """A resource leads to its stack, not to itself."""
        return subject != named("resource", self.stack, self.address)

    def copies(self) -> Sequence[Copy]:
        """The resource in its forms."""
        return resource_copies(self.facts[0], self.facts[1].held.stack) if self.facts is not None else ()


def _read_resource(reader: Reader, stack: str, address: str, now: int) -> tuple[Resource, StackFacts] | None:
    facts = stack_facts_of(reader, stack, now)
    resource = reader.infra.resource(stack, address)
    return (resource, facts) if facts is not None and resource is not None else None


def resource_parts(resource: Resource, facts: StackFacts) -> Iterator[Part]:
    """The diff of a resource, what it is, and where it stands."""
    for title, rows in diff(resource):
        yield Part(title=title, rows=[Row("attribute", text, note=role) for text, role in rows], note=" ")
    if is_still(resource):
        yield Part(title="the plan", empty="it would not change this")
    yield Part(title="what it is", rows=[Row("fact", name, text) for name, text in resource_facts(resource)], note=" ")
    stack = facts.held.stack
    yield Part(title="stack", rows=[Row("stack", stack.name, stack)], note=" ")
    yield Part(title="commits of its code", rows=[Row("commit", one.sha, one) for one in facts.commits[:5]])
