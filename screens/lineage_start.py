"""Where to start from: who holds which alias, what was looked at before, the newest runs."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from ..app.errors import UsageError
from ..app.lineage import trace
from ..app.lineage.tree import Lineage, Node
from ..app.records import Identities, Subject, parse_subject
from ..app.store.reading import Reader
from ..widgets.figures import count
from ..widgets.status import sign
from .lineage_tree import Row
from .model_words import version_name

ALIASES = 40
"""Aliases that are listed; those of the models that were touched last."""

MODELS = 60
"""Models whose aliases are looked for."""

RUNS = 5
"""Runs that are listed."""

RECENT = 8
"""Things that were looked at before."""

TOLD_AT_ONCE = 8
"""Aliases that are traced before what is known of them is shown: up to a tenth of a second each."""

KEPT: Final = "lineage"
"""Under which name it is kept what was looked at."""

FIRST: Final = "champion"
"""The alias that comes before the others of its model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What can be started from."""

    aliases: Sequence[Node] = ()
    more: int = 0
    """Aliases that are not listed."""
    runs: Sequence[Node] = ()
    told: int = 0
    """Of so many aliases it is known what stands upstream."""


def starts(reader: Reader, identities: Identities, now: int) -> Generator[Start]:
    """What there is at once; then, some at a time, with what is wrong upstream of each alias."""
    found = list(_aliases(reader))
    nodes, more = found[:ALIASES], max(0, len(found) - ALIASES)
    runs = [_run(one) for one in reader.runs(reader.newest_runs(None, RUNS), names=())]
    yield Start(aliases=nodes, more=more, runs=runs)
    for place, node in enumerate(nodes):
        lineage = trace(reader, parse_subject(node.subject), identities, now=now)
        nodes[place] = replace(node, asides=tuple(_troubles(lineage))) if lineage is not None else node
        if (place + 1) % TOLD_AT_ONCE == 0 or place == len(nodes) - 1:
            yield Start(aliases=tuple(nodes), more=more, runs=runs, told=place + 1)


def _aliases(reader: Reader) -> Iterator[Node]:
    for row in reader.models.rows(reader.models.ids(None, kind="model")[:MODELS]):
        model = row.model
        for alias, version in sorted(model.aliases.items(), key=lambda one: (one[0] != FIRST, one[0])):
            subject = str(Subject(kind="alias", parts=(model.name, alias)))
            yield Node(subject=subject, kind="alias", title=f"{model.name}@{alias}", words=(version_name(version),))


def _run(run: Any) -> Node:
    return Node(
        subject=str(Subject(kind="run", parts=(run.id,))), kind="run", title=run.name or run.id[:8],
        words=(run.user,) if run.user else (), state=run.status, at=run.started_at,
    )  # fmt: skip


def _troubles(lineage: Lineage) -> Iterator[Node]:
    """What is bad upstream of a thing, each once."""
    seen: set[str] = set()
    for node in (one for above in (lineage.root, *lineage.upstream) for one in above.walk()):
        if node.kind in ("check", "result", "pipeline") and sign(node.state).role == "bad" and node.subject not in seen:
            seen.add(node.subject)
            yield node


# -- what was looked at -------------------------------------------------------------------------------------------


def recent(kept: Mapping[str, Any] | None) -> list[Node]:
    """What was looked at before, the last first."""
    made: list[Node] = []
    entries = (kept or {}).get("recent")
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and all(isinstance(entry.get(part), str) for part in ("subject", "kind", "title")):
            try:
                parse_subject(entry["subject"])
            except UsageError:
                continue  # written by another version of the program
            made.append(Node(subject=entry["subject"], kind=entry["kind"], title=entry["title"]))
    return made[:RECENT]


def with_recent(kept: Mapping[str, Any] | None, node: Node) -> dict[str, Any]:
    """The same with this one first."""
    nodes = [node, *(one for one in recent(kept) if one.subject != node.subject)][:RECENT]
    return {"recent": [{"subject": one.subject, "kind": one.kind, "title": one.title} for one in nodes]}


# -- as rows ------------------------------------------------------------------------------------------------------


def start_rows(start: Start, before: Sequence[Node], needle: str = "", *, is_tall: bool = False) -> list[Row]:
    """Every line of the list. `needle`: only things that hold each of its words."""
    words = needle.casefold().split()
    made: list[Row] = []
    for title, nodes, more in _parts(start, before):
        found = [node for node in nodes if all(word in f"{node.kind} {node.title}".casefold() for word in words)]
        if found and made and is_tall:
            made.append(Row("gap", (title, "gap")))
        if found:
            made.append(Row("heading", (title,), note=title))
            made += [Row("node", (title, node.subject), node, hidden=node.asides) for node in found]
        if found and more and not words:
            made.append(Row("remark", (title, "more"), note=f"and {count(more)} more: 3 lists the models"))
    return made or [Row("remark", ("none",), note=f"nothing here holds “{needle}”")] if words else made


def _parts(start: Start, before: Sequence[Node]) -> Iterable[tuple[str, Sequence[Node], int]]:
    yield "aliases", start.aliases, start.more
    yield "looked at before", before, 0
    yield "newest runs", start.runs, 0
