"""Which versions are looked at because an alias was found elsewhere than at the pass before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from ....errors import SourceError
from ....records import Millis, ModelVersion, RegisteredModel

_MOST: Final = 30
"""Versions that one pass looks at: a request each."""

Named = tuple[str, str]
"""Registered model and version."""
VersionOf = Callable[[str, str], Awaitable[ModelVersion | None]]
"""The version of a registered model, as it is there now; None when there is none."""


class Shown(msgspec.Struct):
    """What the aliases of a registered model showed, and when it was changed last."""

    aliases: dict[str, str] = {}
    updated_at: Millis | None = None


_NOTHING: Final = Shown()


class Found(NamedTuple):
    """What came of looking for versions."""

    versions: list[ModelVersion]
    gone: list[Named]


async def named(version_of: VersionOf, names: Iterable[Named], *, forgiving: bool = False) -> Found:
    """Versions by their names, a request each. `forgiving`: one that we may not see is neither there nor gone."""
    found = Found([], [])
    for model, version in names:
        try:
            one = await version_of(model, version)
        except SourceError as error:
            if forgiving and error.state == "forbidden":
                continue
            raise
        if one is None:
            found.gone.append((model, version))
        else:
            found.versions.append(one)
    return found


def moved(before: Mapping[str, Shown], models: Sequence[RegisteredModel]) -> list[Named]:
    """First what aliases showed that are gone: was it they alone, or their version? Then what others show now.

    `before` is what was seen last. Where the model itself was changed since, a version may have been deleted: servers
    before 3 leave its aliases where they were. A registered model that is gone needs no look.
    """
    lost: list[Named] = []
    shown: list[Named] = []
    for model in models:
        last = before.get(model.name, _NOTHING)
        lost += [(model.name, version) for alias, version in last.aliases.items() if alias not in model.aliases]
        is_same = last.updated_at == model.updated_at
        shown += [
            (model.name, version)
            for alias, version in model.aliases.items()
            if not (is_same and last.aliases.get(alias) == version)
        ]
    return list(dict.fromkeys((*lost, *shown)))[:_MOST]


def seen(models: Sequence[RegisteredModel]) -> dict[str, Shown]:
    """What the aliases of these models show, to be compared with later."""
    return {model.name: Shown(dict(model.aliases), model.updated_at) for model in models if model.aliases}
