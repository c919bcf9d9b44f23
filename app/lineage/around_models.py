"""The lineage of a registered model, a version of it or an alias."""

from __future__ import annotations

from typing import Final

from ..store.model_events import called
from ..store.models import ModelRow, VersionRow
from .downstream import below_version, version_below
from .found import Around
from .moves import moved
from .nodes import alias_node, model_node, version_node
from .serving import serving_below
from .trail import Trail, below, written
from .tree import Node
from .upstream import above_version

_GONE: Final = "not in the registry"


def around_model(trail: Trail, parts: tuple[str, ...], depth: int) -> Around | None:
    """A model with its versions, or one of them with what it was made of."""
    row = trail.reader.models.model(parts[0])
    if row is None:
        return None
    return _model(trail, row, depth) if len(parts) == 1 else _version(trail, row, parts[1], depth)


def _model(trail: Trail, row: ModelRow, depth: int) -> Around:
    root = model_node(row)
    trail.begin(root.subject)
    some = trail.reads.versions_of_model(row.rowid, trail.limit)
    rows = trail.reader.models.versions(some.rowids)
    nodes = tuple(version_below(trail, one, root.subject, "holds", depth) for one in rows)
    return Around(root, (), {"children": nodes} | below(some, len(nodes), "versions"))


def _version(trail: Trail, model: ModelRow, version: str, depth: int) -> Around | None:
    row = trail.version(model.model.name, version, model.model.source)
    if row is None:
        return None
    root = version_node(row)
    trail.begin(root.subject)
    above = above_version(trail, row, depth, _before(trail, row, None))
    held = Node(
        subject=written("model", model.model.name), kind="model", title=model.model.name,
        link=trail.join(written("model", model.model.name), root.subject, "holds", "id"),
    )  # fmt: skip
    return Around(root, (held, *above), below_version(trail, row, depth))


def _before(trail: Trail, row: VersionRow, previous: str | None) -> VersionRow | None:
    """The version that params are compared with: what the alias showed before, else the one before it by number."""
    if previous is not None:
        return trail.version(row.version.model, previous, row.version.source)
    rowid = trail.reads.version_before(row.model_rowid, row.rowid)
    return None if rowid is None else next(iter(trail.reader.models.versions([rowid])), None)


def around_alias(trail: Trail, parts: tuple[str, ...], depth: int) -> Around | None:
    """An alias: how it came to where it is, its version and all that one was made of."""
    name, alias = parts
    row = trail.reader.models.model(name)
    shows = row.model.aliases.get(alias) if row is not None else None
    if row is None or shows is None:
        return None
    told = moved(trail, row, alias, shows)
    root = alias_node(name, alias, shows)
    trail.begin(root.subject)
    above = (told.told, _shown(trail, row, shows, root.subject, told.previous, depth))
    return Around(root, above, {"children": (serving_below(trail, root.subject, name, shows),)})


def _shown(trail: Trail, model: ModelRow, version: str, alias: str, previous: str | None, depth: int) -> Node:
    subject = written("model", model.model.name, version)
    link = trail.join(subject, alias, "shown", "id")
    row = trail.version(model.model.name, version, model.model.source)
    if row is None:
        title = f"{model.model.name} {called(version)}"
        return Node(subject=subject, kind="version", title=title, words=(_GONE,), state="unknown", link=link)
    trail.enter(subject)
    return version_node(row, link, children=above_version(trail, row, depth - 1, _before(trail, row, previous)))
