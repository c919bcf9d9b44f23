"""The list of infrastructure as it is read and arranged: stacks, and below each what changes or drifted."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

from ..app.query import And, Node, Words, leaves, matches_resource
from ..app.records import Commit, Millis, Resource, Stack
from ..app.store.reading import Reader
from .infra_words import is_still, status_weight, weight

MOST = 400
"""Resources that are listed below a stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A stack with what was read around it."""

    stack: Stack
    """With its resources."""
    counts: Mapping[str, int] = field(default_factory=dict)
    commit: Commit | None = None
    """The last one that changed its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfraLine:
    """A line of the table."""

    kind: Literal["stack", "resource", "fold", "error", "complaint", "gap"]
    held: Held
    resource: Resource | None = None
    text: str = ""
    number: int = 0
    """How many a fold stands for."""
    is_open: bool = False
    now: Millis = 0

    @property
    def stack(self) -> Stack:
        """The stack that it belongs to."""
        return self.held.stack

    @property
    def key(self) -> str:
        """What names it across changes."""
        name = f"{self.stack.source}/{self.stack.name}"
        if self.resource is not None:
            return f"{name}/{self.resource.address}"
        return name if self.kind == "stack" else f"{name} {self.kind} {self.text}"

    @property
    def is_remark(self) -> bool:
        """It is read, not chosen."""
        return self.kind in ("error", "complaint", "gap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the cache."""

    now: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """All stacks, the worst first."""

    stacks: tuple[Held, ...] = ()


def listed(reader: Reader, question: Question) -> Generator[Listed]:
    """All stacks with their resources, and the last commit of the code of each."""
    with reader.at_one_moment():
        stacks = sorted(reader.infra.stacks(resources=True), key=status_weight)
        yield Listed(stacks=tuple(_held(reader, stack, question.now) for stack in stacks))


def _held(reader: Reader, stack: Stack, now: Millis) -> Held:
    found = reader.infra.code_commits(stack.folder, 0, now + 1, 1)
    return Held(stack=stack, counts=stack.counts(), commit=next(iter(found), None))


def lines_of(
    stacks: Sequence[Held], toggled: AbstractSet[str], where: Node | None, now: Millis, *, unfolds: bool = False
) -> list[InfraLine]:
    """Every line. `toggled`: keys of stacks and folds that stand otherwise than they would; `unfolds`: show all.

    `where`: a filter of the vocabulary RESOURCES; of mere words those stay that a stack or a resource of it holds.
    """
    made: list[InfraLine] = []
    for held in stacks:
        found = _of_stack(held, toggled, where, now, unfolds=unfolds)
        if made and (len(found) > 1 or made[-1].kind != "stack") and found:
            made.append(InfraLine(kind="gap", held=held, now=now))
        made += found
    return made


def _passing(stack: Stack, where: Node | None) -> tuple[list[Resource], bool]:
    """Its resources that pass, and whether they were asked for, and not only the stack."""
    if where is None:
        return list(stack.resources), False
    words = [leaf.text.casefold() for leaf in leaves(where) if isinstance(leaf, Words)]
    if isinstance(where, Words) or (isinstance(where, And) and len(words) == len(where.parts)):
        said = " ".join((stack.name, stack.status, stack.environment, *stack.models, stack.folder)).casefold()
        own = [word for word in words if word not in said]
        return [one for one in stack.resources if _holds(one, own)], bool(own)
    return [one for one in stack.resources if matches_resource(where, one, stack)], True


def _of_stack(
    held: Held, toggled: AbstractSet[str], where: Node | None, now: Millis, *, unfolds: bool
) -> list[InfraLine]:
    stack = held.stack
    found, own = _passing(stack, where)
    resources = sorted(found, key=weight)
    if own and not resources:
        return []
    loud, still = [one for one in resources if not is_still(one)], [one for one in resources if is_still(one)]
    is_loud = bool(loud or stack.errors or stack.complaint)
    is_open = (_key(stack) in toggled) != (is_loud or unfolds or own)
    head = InfraLine(kind="stack", held=held, now=now, is_open=is_open)
    made = [head]
    if not head.is_open:
        return made
    made += [InfraLine(kind="error", held=held, text=text, now=now) for text in stack.errors[:5]]
    if stack.complaint:
        made.append(InfraLine(kind="complaint", held=held, text=stack.complaint, now=now))
    made += [InfraLine(kind="resource", held=held, resource=one, now=now) for one in loud[:MOST]]
    if len(loud) > MOST:
        made.append(InfraLine(kind="error", held=held, now=now, text=f"and {len(loud) - MOST} more: Enter lists them"))
    if still:
        fold = f"{_key(stack)} still"
        opened = (fold in toggled) != (unfolds or own)
        made.append(InfraLine(kind="fold", held=held, number=len(still), is_open=opened, now=now))
        made += [InfraLine(kind="resource", held=held, resource=one, now=now) for one in still[:MOST]] if opened else []
    return made


def _key(stack: Stack) -> str:
    return f"{stack.source}/{stack.name}"


def _holds(resource: Resource, words: Sequence[str]) -> bool:
    if not words:
        return True
    drift = "drift drifted" if resource.drift else ""
    parts = (resource.address, resource.type, resource.action, drift, *resource.changed, *resource.drifted)
    text = " ".join(parts).casefold()
    return all(word in text for word in words)


def fold_key(line: InfraLine) -> str:
    """What is toggled by opening or folding a line: its stack, or what stands still of it."""
    return f"{_key(line.stack)} still" if line.kind == "fold" else _key(line.stack)


class InfraRows:
    """The rows of the table."""

    def __init__(self, lines: Sequence[InfraLine]) -> None:
        self.lines = lines

    def count(self) -> int:
        """How many there are."""
        return len(self.lines)

    def rows(self, start: int, stop: int) -> Sequence[InfraLine | None]:
        """These lines."""
        return self.lines[start:stop]

    def key(self, index: int) -> str | None:
        """What names the line."""
        return self.lines[index].key if 0 <= index < len(self.lines) else None

    def depth(self, index: int) -> int:
        """The lines draw their own indent."""
        return 0

    def context(self, index: int) -> bool:
        """All of them match."""
        return False
