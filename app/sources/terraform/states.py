"""`show -json` of a state: which resources there are, module by module. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ...records import Resource
from ..checks.documents import ABSENT, Raw
from ..checks.reading import ResultFile, UnreadableError
from .entries import Entry, listed, resource_of
from .part import MOST_RESOURCES, Part, address_of, version_of


class Module(msgspec.Struct):
    """A module of the code, with the modules in it."""

    address: str = ""
    resources: Raw = ABSENT
    child_modules: list[Module] = []


class Values(msgspec.Struct):
    """All that is there; outputs are not looked at."""

    root_module: Module = msgspec.field(default_factory=Module)


class State(msgspec.Struct):
    """The fields of a state that are looked at."""

    terraform_version: str = ""
    values: Values | None = None
    """Nothing at all where there is nothing yet."""


def read_state(file: ResultFile, state: State, stack: str) -> Part:
    """A state. It holds no time. Raises UnreadableError."""
    found: dict[str, Resource] = {}
    for module in _modules((state.values or Values()).root_module):
        for entry in listed(file, module.resources, Entry):
            one = resource_of(entry, stack, module=address_of(module.address))
            found[one.address] = one
        if len(found) > MOST_RESOURCES:
            raise UnreadableError(file.path, f"it holds more than {MOST_RESOURCES:,} resources")
    return Part(form="state", version=version_of(state.terraform_version), resources=tuple(found.values()))


def _modules(root: Module) -> Iterator[Module]:
    waiting = [root]
    while waiting:
        module = waiting.pop()
        yield module
        waiting += reversed(module.child_modules)
