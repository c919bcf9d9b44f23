"""What commits changed of the data that DVC tracks: read from the blobs of dvc.lock and .dvc files, in the same pass.

One `git cat-file --batch` gives each file as the commit has it and as each of its parents has it. What is in the
repository may be anything: a file that cannot be read is passed over, in that commit only.
"""

from __future__ import annotations

import logging
import posixpath
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Final, NamedTuple

from ...git import encode
from ...records import Commit, DataVersion
from ...text import clip
from ..dvc import (
    LARGEST,
    Definition,
    DvcError,
    Output,
    Stages,
    data_versions,
    read_definition,
    read_lock,
    read_tracked,
)
from ..dvc.changes import Tracked, tracked
from .blobs import NOTHING, Blob, Blobs
from .calls import Repository

LOGGER: Final = logging.getLogger("quarterdeck.sync.git")
LOGGER.addHandler(logging.NullHandler())  # where no syncer keeps a log, nothing is printed
LOCK: Final = "dvc.lock"
DEFINITION: Final = "dvc.yaml"
_ENDS: Final = (LOCK, ".dvc")

_PARENTS: Final = 8
"""Of a merge that are looked at: one with more is no merge of data."""
_FURTHER: Final = 10
"""Commits, by first parents, that are looked at where a file was broken in the parent."""
_HELD: Final = 100_000
"""Outputs of files that are remembered, some 50 MB: the file of a parent is the one of the next commit."""

_DEFINITIONS: Final = 8
"""Files dvc.yaml that are remembered: a repository has few, and few states of them follow each other."""


class _File(NamedTuple):
    """A file at a commit: what has to be asked for to read it."""

    commit: str
    path: str

    @property
    def words(self) -> tuple[bytes, ...]:
        """Names of the blob, and of the dvc.yaml beside a lock."""
        own = f"{self.commit}:".encode() + encode(self.path)
        if not _is_lock(self.path):
            return (own,)
        return (own[: -len(LOCK)] + DEFINITION.encode(), own)


def is_tracking(path: str) -> bool:
    """Whether a path is a file that says what data is tracked. One whose name breaks lines cannot be asked for."""
    is_file = path.endswith(".dvc") and posixpath.basename(path) != ".dvc"
    return (is_file or _is_lock(path)) and "\n" not in path


def _is_lock(path: str) -> bool:
    return path == LOCK or path.endswith(f"/{LOCK}")


class DataReader:
    """Reads what commits changed; one for a walk, newest commit first."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._blobs = Blobs(repository, LARGEST)
        self._outputs: OrderedDict[tuple[str, str, str], tuple[Output, ...] | DvcError] = OrderedDict()
        """By blob, path and the blob of dvc.yaml."""
        self._held = 0
        self._definitions: OrderedDict[tuple[str, str], tuple[Definition, Stages]] = OrderedDict()
        """By the path of the lock and the blob of dvc.yaml."""
        self._seen: set[str] = set()
        """Paths that were met in this walk: what is wrong with the newest state of a file is worth a word."""

    def versions(self, commits: Iterable[Commit]) -> Iterator[DataVersion]:
        """The versions that the commits brought. Raises GitError."""
        wanted = [(commit, paths) for commit in commits if (paths := _touched(commit))]
        files = (file for commit, paths in wanted for path in paths for file in _files(commit, path))
        blobs = self._blobs.read([word for file in files for word in file.words])
        for commit, paths in wanted:
            yield from self._of(commit, paths, blobs)

    def _of(self, commit: Commit, paths: Mapping[str, bool], blobs: Iterator[Blob]) -> Iterator[DataVersion]:
        after: dict[str, Output] = {}
        before: list[dict[str, Output]] = [{} for _ in commit.parents[:_PARENTS]]
        for path, is_there in paths.items():
            here, *parents = (self._read(file, blobs) for file in _files(commit, path))
            if is_there and here is None:
                here = DvcError("is missing among the objects")
            if isinstance(here, DvcError):
                self._complain(commit, path, here)
                continue
            self._seen.add(path)
            after |= tracked(here or ())
            for parent, state in zip(before, parents, strict=True):
                parent |= self._further(commit, path) if isinstance(state, DvcError) else tracked(state or ())
        yield from data_versions(commit, before, after)

    def _read(self, file: _File, blobs: Iterator[Blob]) -> tuple[Output, ...] | DvcError | None:
        """What the file says; None where it is not there."""
        beside = next(blobs, NOTHING) if _is_lock(file.path) else NOTHING
        return self._parsed(file.path, next(blobs, NOTHING), beside)

    def _parsed(self, path: str, blob: Blob, definition: Blob) -> tuple[Output, ...] | DvcError | None:
        if not blob.sha:
            return None
        key = (blob.sha, path, definition.sha)
        found = self._outputs.pop(key, None)
        if found is None:
            found = self._outputs_of(path, blob, definition)
            self._held += 1 + (0 if isinstance(found, DvcError) else len(found))
        self._outputs[key] = found
        while self._held > _HELD and len(self._outputs) > 1:
            _, old = self._outputs.popitem(last=False)
            self._held -= 1 + (0 if isinstance(old, DvcError) else len(old))
        return found

    def _outputs_of(self, path: str, blob: Blob, beside: Blob) -> tuple[Output, ...] | DvcError:
        try:
            if blob.raw is None:
                return DvcError("is too large, or no file")
            return (
                read_lock(blob.raw, path, *self._defined(path, beside))
                if _is_lock(path)
                else read_tracked(blob.raw, path)
            )
        except DvcError as error:
            return error

    def _defined(self, path: str, beside: Blob) -> tuple[Definition, Stages]:
        """What the dvc.yaml beside a lock says, and what its stages said so far."""
        key = (path, beside.sha)
        found = self._definitions.pop(key, None)
        if found is None:
            found = (_definition(posixpath.dirname(path), beside), Stages())
        self._definitions[key] = found
        if len(self._definitions) > _DEFINITIONS:
            self._definitions.popitem(last=False)
        return found

    def _further(self, commit: Commit, path: str) -> Tracked:
        """The last state before a commit that can be read, where the one of its parent cannot."""
        files = [_File(f"{commit.sha}~{number}", path) for number in range(2, _FURTHER)]
        with closing(Blobs(self._repository, LARGEST)) as further:  # the other one is in the middle of its answers
            blobs = further.read([word for file in files for word in file.words])
            states = [self._read(file, blobs) for file in files]
        return next((tracked(state or ()) for state in states if not isinstance(state, DvcError)), {})

    def close(self) -> None:
        """End the Git that was asked."""
        self._blobs.close()

    def _complain(self, commit: Commit, path: str, error: DvcError) -> None:
        """Once a walk, of the newest state of a file: an older one is nobody's business any more."""
        if path not in self._seen:
            self._seen.add(path)
            LOGGER.warning("%s at %s %s: its data is not known.", clip(path, 200), commit.sha[:7], error)


def _touched(commit: Commit) -> dict[str, bool]:
    """Paths of the files of DVC that the commit itself changed, before and after; whether it has them."""
    found: dict[str, bool] = {}
    for change in commit.changes:  # every path of the history passes here
        if change.path.endswith(_ENDS) and is_tracking(change.path):
            found[change.path] = change.kind != "D"
        if change.old_path is not None and change.old_path.endswith(_ENDS) and is_tracking(change.old_path):
            found.setdefault(change.old_path, change.kind == "C")
    return found


def _files(commit: Commit, path: str) -> tuple[_File, ...]:
    """The file at the commit, then at each of its parents."""
    return tuple(_File(sha, path) for sha in (commit.sha, *commit.parents[:_PARENTS]))


def _definition(folder: str, blob: Blob) -> Definition:
    """What dvc.yaml says; nothing where it cannot be read: digests stand in the lock."""
    try:
        return Definition(folder) if blob.raw is None else read_definition(blob.raw, folder)
    except DvcError:
        return Definition(folder)
