"""The fields of dbt's artifacts that are read, of all versions. Compiled code and rows of unit tests never are."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from ..documents import ABSENT, Raw, document
from ..invocations import check_count
from ..reading import ResultFile, UnreadableError

_SCHEMA: Final = re.compile(r"/dbt/([a-z_-]+)/v(\d+)[.\d]*\.json$")
_NEWEST: Final = {"run-results": 6, "sources": 3, "freshness": 1}


class Metadata(msgspec.Struct, frozen=True):
    """Of a file: who wrote it when, and what of the environment it was told to keep."""

    dbt_schema_version: str = ""
    dbt_version: Raw = ABSENT
    generated_at: Raw = ABSENT
    env: Raw = ABSENT
    project_name: Raw = ABSENT


class Result(msgspec.Struct, frozen=True):
    """What one node did: of run_results.json, and of sources.json."""

    unique_id: str
    status: str
    message: Raw = ABSENT
    failures: Raw = ABSENT
    timing: Raw = ABSENT
    error: Raw = ABSENT
    criteria: Raw = ABSENT
    snapshotted_at: Raw = ABSENT
    max_loaded_at_time_ago_in_s: Raw = ABSENT


class Artifact(msgspec.Struct, frozen=True):
    """run_results.json or sources.json."""

    metadata: Metadata = Metadata()
    results: list[Result] | None = None
    args: Raw = ABSENT

    @property
    def is_freshness(self) -> bool:
        """It says how old sources are, and not what tests found."""
        return "/run-results/" not in self.metadata.dbt_schema_version


def artifact(file: ResultFile) -> tuple[Artifact, list[Result]]:
    """The file and its results. Raises UnreadableError, with the version where it is one that nobody here knows."""
    found = document(file, Artifact)
    _check_version(file.path, found.metadata.dbt_schema_version)
    if found.results is None:
        raise UnreadableError(file.path, "it is dbt's and has no list of results")
    check_count(file, len(found.results))
    return found, found.results


def _check_version(path: str, version: str) -> None:
    schema = _SCHEMA.search(version[-200:])
    if schema is None:
        raise UnreadableError(path, "it is no result file of dbt: metadata.dbt_schema_version names no version")
    kind, number = schema[1], int(schema[2][:6])
    if kind not in _NEWEST:
        raise UnreadableError(path, f"it is dbt's {kind[:40]}, and results are in run_results.json and sources.json")
    if number > _NEWEST[kind]:
        raise UnreadableError(path, f"it is {kind} v{number} of dbt, and v{_NEWEST[kind]} is the newest known here")
