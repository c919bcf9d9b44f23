"""Any file of a stack: a plan, a state, or a log, by what it holds and not by what it is called. Pure."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec.structs import replace

from ..checks.documents import ABSENT, Raw, decoded, plain_bytes
from ..checks.reading import ResultFile, UnreadableError
from .entries import LARGEST, MOST_OBJECTS
from .logs import read_log
from .part import Part, check_major
from .plans import Plan, read_plan
from .states import State, read_state

_LOG: Final = re.compile(rb'^[^{\n]{0,200}\{"@(?:level|message|module|timestamp)"\s*:', re.M)
"""Its first line, with what a CI writes before it."""
_HEAD: Final = 256 * 1024
_SHOWN: Final = re.compile(rb'^\{"format_version"', re.M)
"""The document, below what a wrapper of the tool said first."""


class _Document(msgspec.Struct):
    format_version: str = ""
    planned_values: Raw = ABSENT
    resource_changes: Raw = ABSENT
    configuration: Raw = ABSENT
    output_changes: Raw = ABSENT
    values: Raw = ABSENT
    serial: Raw = ABSENT
    lineage: Raw = ABSENT

    @property
    def is_plan(self) -> bool:
        return any(map(len, (self.planned_values, self.resource_changes, self.configuration, self.output_changes)))


def read(file: ResultFile, stack: str) -> Part:
    """What a file says of the stack of that name. Raises UnreadableError and nothing else."""
    data = plain_bytes(file, largest=LARGEST)
    if _LOG.search(data, 0, _HEAD):
        return _filed(read_log(file, data, stack), file)
    return _filed(_shown(file, _trimmed(data), stack), file)


def _shown(file: ResultFile, data: bytes, stack: str) -> Part:
    document = decoded(file, data, _Document, most=MOST_OBJECTS)
    if not document.format_version:
        raise UnreadableError(file.path, _what_else(document))
    check_major(file.path, "format_version", document.format_version)
    if document.is_plan:
        return read_plan(file, decoded(file, data, Plan, most=MOST_OBJECTS), stack)
    return read_state(file, decoded(file, data, State, most=MOST_OBJECTS), stack)


def _what_else(document: _Document) -> str:
    if len(document.serial) and len(document.lineage):
        return "it is the state itself: `show -json` gives what can be read, without being bound to a version"
    return "it is neither a plan nor a state of `show -json`: it has no format_version"


def _trimmed(data: bytes) -> bytes:
    """Without lines that a wrapper printed around the document."""
    found = _SHOWN.search(data)
    if found is None:
        return data
    end = data.find(b"\n", found.start())  # it is one line
    return data[found.start() : end if end >= 0 else len(data)]


def _filed(part: Part, file: ResultFile) -> Part:
    return replace(part, written_at=file.modified_at or 0, origin=file.path)
