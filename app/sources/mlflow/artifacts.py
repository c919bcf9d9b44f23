"""A run's artifacts where they lie in a folder of this machine: what there is, and what is in a file."""

from __future__ import annotations

import errno
import os
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from ...errors import SourceError
from ...records import LARGEST_CONTENT, Artifact, ArtifactContent, ArtifactListing, Run
from ..http import without_login
from ..trouble import TooLargeError


def local_listing(run: Run, folder: str) -> ArtifactListing:
    """One folder below the run's artifact root, folders first. Symbolic links that lead out of it are left out.

    A folder that is not there lists nothing: MLflow makes it with the first artifact.
    Raises SourceError("forbidden") for artifacts elsewhere than on this machine, and for a way out of the root.
    """
    root, place = _place(run, folder)
    try:
        found = [_artifact(entry, root) for entry in os.scandir(place)]
    except FileNotFoundError:
        found = []
    except OSError as error:
        why = (error.strerror or "it cannot be read").lower()
        raise SourceError(f"The artifacts of run {run.id} in {place} cannot be listed: {why}.", "forbidden") from error
    artifacts = sorted((one for one in found if one is not None), key=lambda one: (not one.is_dir, one.path))
    return ArtifactListing(source=run.source, run_id=run.id, folder=folder, artifacts=tuple(artifacts))


def local_content(run: Run, path: str) -> ArtifactContent:
    """The beginning of one file. What cannot be read is a sentence: somebody waits for an answer. Blocks."""
    made = ArtifactContent(source=run.source, run_id=run.id, path=path)
    try:
        return msgspec.structs.replace(made, **_beginning(_place(run, path)[1]))
    except SourceError as error:
        return msgspec.structs.replace(made, sentence=str(error))
    except OSError as error:
        why = (error.strerror or "it cannot be read").lower()
        return msgspec.structs.replace(made, sentence=f"The file cannot be read: {why}.")


def check_within(run: Run, folder: Path) -> None:
    """Raise SourceError("forbidden") where a run's artifacts do not lie in a real folder: whoever wrote the store may
    have named any folder of this machine."""
    root = Path(os.path.realpath(_root(run)))
    if not root.is_relative_to(folder):
        raise SourceError(
            f"The artifacts of run {run.id} lie in {root}, which is not in the repository that its store is in.",
            "forbidden",
        )


def local_file(run: Run, path: str, limit: int) -> bytes:
    """A whole file. Blocks. Raises TooLargeError above `limit` bytes, SourceError("forbidden"), OSError."""
    place = _place(run, path)[1]
    if not place.is_file():  # a pipe or a device would never end
        raise FileNotFoundError(errno.ENOENT, "it is no file, or not there any more")
    with place.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLargeError(f"{path[-120:]} has more than {limit >> 20} MB: it is not read.", "not_understood")
    return data


def _beginning(place: Path) -> dict[str, Any]:
    if not place.is_file():  # a pipe or a device would never end
        return {"sentence": "This is no file, or it is not there any more."}
    with place.open("rb") as file:
        data = file.read(LARGEST_CONTENT)
    size = place.stat().st_size
    return {"data": data, "size": size, "truncated": size > len(data)}


def _place(run: Run, path: str) -> tuple[Path, Path]:
    """The artifact root, and a path below it. Raises SourceError("forbidden") for a way out."""
    root = Path(os.path.realpath(_root(run)))
    if PurePosixPath(path).is_absolute() or "\0" in path:
        raise _outside(run, path)
    place = Path(os.path.realpath(root / path))
    if not place.is_relative_to(root):
        raise _outside(run, path)
    return root, place


def _root(run: Run) -> str:
    uri = run.artifact_uri or ""
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return unquote(parts.path)
    if uri.startswith("/"):
        return uri
    where = without_login(uri) or "no place that MLflow names"
    raise SourceError(
        f"The artifacts of run {run.id} lie in {where}, which is not a folder of this machine: they can be listed"
        " through the tracking server only.",
        "forbidden",
    )


def _outside(run: Run, folder: str) -> SourceError:
    return SourceError(f"“{folder}” is not inside the artifacts of run {run.id}.", "forbidden")


def _artifact(entry: os.DirEntry[str], root: Path) -> Artifact | None:
    real = Path(os.path.realpath(entry.path))
    if not real.is_relative_to(root):
        return None
    is_dir = real.is_dir()
    try:
        size = None if is_dir else real.stat().st_size
    except OSError:
        return None  # it went away, or is a link to nothing
    return Artifact(path=Path(entry.path).relative_to(root).as_posix(), is_dir=is_dir, size=size)
