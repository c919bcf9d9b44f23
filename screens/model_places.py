"""Where a model, a version or an alias that is spoken of is shown."""

from __future__ import annotations

from ..app.errors import UsageError
from ..app.records import Subject
from .deck import Deck
from .frame import FrameScreen
from .model import ModelScreen
from .version import VersionScreen


def screens_at(deck: Deck, subject: Subject) -> list[FrameScreen]:
    """The screens for `model/NAME`, `model/NAME/VERSION` or `alias/NAME@ALIAS`, the uppermost last: a version's page
    lies on the list of its model. Raises UsageError."""
    name, *rest = subject.parts
    row = deck.reader.models.model(name)
    if row is None:
        raise UsageError(f"{subject}: the cache has no model of this name; `quarterdeck models` lists them")
    version = rest[0] if rest else None
    if subject.kind == "alias":
        version = row.model.aliases.get(rest[0])
        if version is None:
            raise UsageError(f"{subject}: this model has no such alias")
    source = row.model.source
    screens: list[FrameScreen] = [ModelScreen(deck, name, source, version)]
    return [*screens, VersionScreen(deck, name, version, source)] if version is not None else screens
