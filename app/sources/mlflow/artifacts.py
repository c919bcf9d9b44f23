"""Listing a run's artifacts where they lie in a folder of this machine."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from ...errors import SourceError
from ...records import Artifact, ArtifactListing, Run
from ..http import without_login


def local_listing(run: Run, folder: str) -> ArtifactListing:
    """One folder below the run's artifact root, folders first. Symbolic links that lead out of it are left out.

    A folder that is not there lists nothing: MLflow makes it with the first artifact.
    Raises SourceError("forbidden") for artifacts elsewhere than on this machine, and for a way out of the root.
    """
    root = Path(os.path.realpath(_root(run)))
    if PurePosixPath(folder).is_absolute() or "\0" in folder:
        raise _outside(run, folder)
    place = Path(os.path.realpath(root / folder))
    if not place.is_relative_to(root):
        raise _outside(run, folder)
    try:
        found = [_artifact(entry, root) for entry in os.scandir(place)]
    except FileNotFoundError:
        found = []
    except OSError as error:
        why = (error.strerror or "it cannot be read").lower()
        raise SourceError(f"The artifacts of run {run.id} in {place} cannot be listed: {why}.", "forbidden") from error
    artifacts = sorted((one for one in found if one is not None), key=lambda one: (not one.is_dir, one.path))
    return ArtifactListing(source=run.source, run_id=run.id, folder=folder, artifacts=tuple(artifacts))


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
