"""From what is tracked before and after a commit to the versions that it brought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from ...records import Commit, DataVersion
from .outputs import Output

Tracked: TypeAlias = Mapping[str, Output]
"""By name."""


def tracked(outputs: Iterable[Output]) -> Tracked:
    """By name; where several files track one, the last."""
    return {one.name: one for one in outputs}


def data_versions(commit: Commit, before: Sequence[Tracked], after: Tracked) -> Iterator[DataVersion]:
    """What the commit itself changed. `before` is what each of its parents tracked, none for the first commit.

    Of a merge, only what is like in none of its parents: all else was told by the commits of that side.
    """
    for name, one in after.items():
        if not any(name in parent and parent[name].digest == one.digest for parent in before):
            yield _version(commit, one)
    gone = set[str].intersection(*(set(parent) for parent in before)) - set(after) if before else set()
    for name in sorted(gone):
        last = before[0][name]
        yield DataVersion(
            source=commit.source, name=name, digest="", commit=commit.sha, at=commit.committed_at, stage=last.stage,
            defined_in=last.defined_in, kind=last.kind, is_gone=True,
        )  # fmt: skip


def _version(commit: Commit, one: Output) -> DataVersion:
    return DataVersion(
        source=commit.source, name=one.name, digest=one.digest, commit=commit.sha, at=commit.committed_at,
        size=one.size, files=one.files, stage=one.stage, command=one.command, deps=one.deps, params=dict(one.params),
        defined_in=one.defined_in, kind=one.kind,
    )  # fmt: skip
