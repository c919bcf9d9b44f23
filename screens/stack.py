"""One stack: its plan as a diff without values, what was changed outside the code first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..app.copies import Copy
from ..app.infra_copies import resource_copies, stack_copies
from ..app.records import Commit, Pipeline, Resource, SourceState, Subject
from ..app.store.reading import Reader
from ..app.text import clip, fit, one_line
from ..widgets.figures import count
from ..widgets.freshness import freshness
from ..widgets.line import Piece
from ..widgets.status import glyph
from .changes import Changed
from .check_keys import pipeline_of
from .deck import Deck
from .infra_lines import (
    about_resource,
    about_stack,
    resource_pieces,
    resource_rows,
    stack_facts,
    stack_head,
    still_stack,
)
from .infra_rows import Held
from .infra_words import NO_VALUES, counts_in_words, is_newer, is_still, weight
from .links import LinkSheet
from .page import PageScreen
from .page_lines import draw_thing, thing_lines
from .page_rows import Part, Row, outline
from .run_details import Lines, Sight, wrap
from .subjects import named

COMMITS = 10
"""Commits of its code that are listed."""

MOST = 2_000
"""Resources that are listed of one part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFacts:
    """A stack with what is known around it."""

    held: Held
    commits: tuple[Commit, ...] = ()
    """That changed its code, newest first."""
    commit: Commit | None = None
    """The one that was planned or applied."""
    pipeline: Pipeline | None = None
    source: SourceState | None = None


def stack_facts_of(reader: Reader, name: str, now: int) -> StackFacts | None:
    """The facts; None for a stack that the cache does not have."""
    with reader.at_one_moment():
        stack = reader.infra.stack(name)
        if stack is None:
            return None
        commits = tuple(reader.infra.code_commits(stack.folder, 0, now + 1, COMMITS))
        return StackFacts(
            held=Held(stack=stack, counts=stack.counts(), commit=next(iter(commits), None)), commits=commits,
            commit=reader.commit(stack.commit) if stack.commit else None,
            pipeline=pipeline_of(reader, stack.pipeline_id),
            source=next((state for state in reader.source_states() if state.source == stack.source), None),
        )  # fmt: skip


class StackScreen(PageScreen[StackFacts]):
    """The page of the stack of this name."""

    TAB = "infra"
    LEADING_KEYS = ("page.open", "changes", "stack.all", "page.filter")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "all", "unchanged", id="stack.all", tooltip="Show what the plan does not change, or fold it"),
        Binding("o", "address", "link", id="stack.link", show=False, tooltip="Show the address of what planned it"),
    ]

    def __init__(self, deck: Deck, stack: str) -> None:
        super().__init__(deck)
        self.stack = stack
        self._shows_all = False

    def reading(self) -> Callable[[Reader], StackFacts | None]:
        """What reads the facts."""
        return partial(_read, name=self.stack, now=self.deck.now())

    def named(self) -> tuple[str, str]:
        """The stack."""
        return "stack", self.stack

    def is_about(self, changed: Changed) -> bool:
        """New plans, and commits of its code."""
        return any((changed.infra, changed.commits, changed.pipelines))

    def rows(self, facts: StackFacts, width: int) -> list[Row]:
        """Every line."""
        shows_all = self._shows_all or bool(self.needle)
        return outline(stack_parts(facts, self.sight(width), shows_all=shows_all), self.needle)

    def draw_row(self, row: Row, facts: StackFacts, width: int) -> list[Piece]:
        """A line."""
        return draw_stack_row(row, width, self.sight(width))

    def head(self, facts: StackFacts) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How it stands, what its plan would do, and how old that is."""
        return stack_head(facts.held, self.sight(self.room.width))

    def details(self, row: Row, facts: StackFacts, sight: Sight) -> Lines:
        """What is known of a row."""
        if isinstance(row.thing, Resource):
            return about_resource(row.thing, sight)
        if row.kind == "error":
            return [[(" ended with", "bright")], [], *_wrapped(str(row.thing), sight, "text")]
        if row.kind in ("fact", "fold"):
            return about_stack(facts.held, sight)[:-2]
        return thing_lines(row, sight)

    def action_open(self) -> None:
        """Open what is under the cursor; what stands still is listed."""
        row = self.outline.entry()
        if row is not None and row.kind == "fold":
            self.action_all()
        else:
            super().action_open()

    def action_all(self) -> None:
        """Show what the plan does not change, or fold it."""
        self._shows_all = not self._shows_all
        self.draw()

    def action_address(self) -> None:
        """Show the page of the pipeline that planned it."""
        pipeline = self.facts.pipeline if self.facts is not None else None
        if pipeline is not None and pipeline.url:
            self.app.push_screen(LinkSheet("pipeline", pipeline.url, self.deck.palette))
        else:
            self.say("its plan was read from a file: there is no address to open", "dim")

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own, else the stack."""
        return super().subject_here() or named("resource", self.stack)

    def leads_to(self, subject: Subject) -> bool:
        """A stack leads to its resources, not to itself."""
        return subject != named("resource", self.stack)

    def copies(self) -> Sequence[Copy]:
        """The resource under the cursor first, then the stack in its forms."""
        facts, row = self.facts, self.outline.entry()
        if facts is None:
            return ()
        if row is not None and isinstance(row.thing, Resource):
            return resource_copies(row.thing, facts.held.stack)
        return stack_copies(facts.held.stack, facts.held.counts)

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What it is called, and how fresh its source is."""
        left, right = super().subject()
        source = self.facts.source if self.facts is not None else None
        return left, [*right, ("  ", "text"), *freshness(source, self.deck.now()), (" ", "text")] if source else right


def _read(reader: Reader, name: str, now: int) -> StackFacts | None:
    return stack_facts_of(reader, name, now)


def _wrapped(text: str, sight: Sight, role: str) -> Lines:
    return [[(f" {line}", role)] for line in wrap(one_line(text[:4_000]), max(16, sight.width - 2))]


# -- part by part -------------------------------------------------------------------------------------------------


def stack_parts(facts: StackFacts, sight: Sight, *, shows_all: bool) -> Iterator[Part]:
    """What ended badly, what was changed outside the code, the plan as a diff, and what stands still."""
    stack = facts.held.stack
    errors = [Row("error", f"error {at}", text) for at, text in enumerate(stack.errors)]
    yield Part(title="ended with errors", rows=errors)
    complaints = [Row("error", "complaint", stack.complaint)] if stack.complaint else []
    yield Part(title="what is wrong with its files", rows=complaints, note=" ")
    yield from _diff(facts)
    yield from _still(facts, shows_all=shows_all)
    newer = f"{glyph('stale')} newer than the plan" if is_newer(facts.held.commit, stack) else ""
    commits = [Row("commit", one.sha, one) for one in facts.commits]
    yield Part(title="commits of its code", rows=commits, note=newer,
               empty="no commit that is known here touched its code")  # fmt: skip
    planned = [Row("commit", f"planned {stack.commit}", facts.commit)] if facts.commit is not None else []
    planned += [Row("pipeline", facts.pipeline.id, facts.pipeline)] if facts.pipeline is not None else []
    yield Part(title="planned by", rows=planned, note=" ")
    models = [Row("model", name, named("model", name)) for name in stack.models]
    yield Part(title="serves", rows=models)
    said = [Row("fact", name, text) for name, text in stack_facts(facts.held, sight) if name not in ("serves", "plan")]
    yield Part(title="what it is", rows=said, note=" ")


def _diff(facts: StackFacts) -> Iterator[Part]:
    """The plan, what was changed outside the code before it."""
    stack, resources = facts.held.stack, sorted(facts.held.stack.resources, key=weight)
    drifted = [one for one in resources if one.drift]
    rows = [row for one in drifted[:MOST] for row in resource_rows(one, outside=True)]
    yield Part(title="changed outside the code", rows=rows, note=f"{count(len(drifted))}   {NO_VALUES}")
    changed = [one for one in resources if one.action != "no-op" or one.moved_from or one.reason]
    rows = [row for one in changed[:MOST] for row in resource_rows(one, outside=False)]
    never = stack.planned_at is None and not stack.resources
    yield Part(
        title="the plan", rows=rows, note=f"{counts_in_words(facts.held.counts)}   {NO_VALUES}" if rows else " ",
        empty="no plan was found" if never else "it did not come to its end" if stack.status == "failed"
        else "it would change outputs or addresses only" if stack.status == "planned"
        else "it would change nothing",
        more=f"and {count(len(changed) - MOST)} more: / narrows them" if len(changed) > MOST else "",
    )  # fmt: skip


def _still(facts: StackFacts, *, shows_all: bool) -> Iterator[Part]:
    still = still_stack(facts.held.stack)
    if not shows_all:
        rows = [Row("fold", "unchanged", note=f"{count(len(still))}: Enter lists them")] if still else []
    else:
        rows = [Row("resource", one.address, one) for one in still[:MOST]]
    yield Part(title="unchanged", rows=rows, note=count(len(still)) if shows_all else " ")


def draw_stack_row(row: Row, width: int, sight: Sight) -> list[Piece]:
    """A line in `width` cells."""
    thing = row.thing
    if isinstance(thing, Resource):
        if row.kind == "resource" and is_still(thing):
            return [(clip(thing.address, width), "dim")]
        return resource_pieces(row, thing, width)
    if row.kind == "error":
        return [(f"{glyph('failed')} {fit(one_line(str(thing)[:1_000]), width - 2)}", "bad")]
    if row.kind == "fold":
        return [(f"▸ {fit(row.note, width - 2)}", "dim")]
    if row.kind == "model":
        return [(clip(row.name, width), "text")]
    return draw_thing(row, width, sight.now)
