"""Which names of several tools are one dataset, as [[datasets]] declares it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .errors import SettingsError
from .records import DataIdentity, Identities
from .settings import Settings
from .settings.dataset_names import contradiction
from .settings.files import decoded, parse_settings
from .settings.sections import Datasets, ProjectFile


def identities(settings: Settings) -> Identities:
    """What the settings in use declare: for screens, lists and everything but gates."""
    return _declared(settings.datasets)


def identities_of_text(text: str | None) -> Identities:
    """What a text of quarterdeck.toml declares: for gates, that of the policy on the remote's default branch.

    Nothing is declared by a text that is None or that cannot be read: then no gate takes two names for one dataset.
    """
    if text is None:
        return Identities()
    try:
        written = decoded(text.encode("utf-8", "surrogatepass"), "quarterdeck.toml")
        sections = parse_settings(written, ProjectFile, "quarterdeck.toml").datasets
    except SettingsError:
        return Identities()
    return Identities() if contradiction(sections) else _declared(sections)


def alike(names: Iterable[tuple[str, str]], declared: Identities) -> list[DataIdentity]:
    """What may be worth declaring: names, each by its tool, that end alike (`data/orders.csv`, `shop.orders`).

    Only of those that nobody declared, and only where each tool has one such name; ten at most.
    """
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for tool, name in sorted(set(names)):
        if declared.name_of(tool, name) is None:
            found[_ending(tool, name)][tool].append(name)
    return [
        DataIdentity(name=ending, same=tuple((tool, own[0]) for tool, own in tools.items()))
        for ending, tools in sorted(found.items())
        if len(tools) > 1 and all(len(own) == 1 for own in tools.values())
    ][:10]


def _ending(tool: str, name: str) -> str:
    """`orders` of a path or of a table in its schema."""
    last = name.rpartition("/")[2]
    return (last.partition(".")[0] if tool == "dvc" else last.rpartition(".")[2]).casefold()


def _declared(sections: Iterable[Datasets]) -> Identities:
    return Identities(DataIdentity(name=section.name, same=_names(section)) for section in sections)


def _names(section: Datasets) -> tuple[tuple[str, str], ...]:
    """Tool and name of each: only the first colon ends the tool, a name may hold more of them."""
    split = (written.partition(":") for written in section.same)
    return tuple((tool, name) for tool, _, name in split)
