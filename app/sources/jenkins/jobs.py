"""Which jobs there are below a path: a job alone, a multibranch project's branches, all of a folder, or all."""

from __future__ import annotations

from typing import Final

from ...errors import SourceError
from ...records import Millis, Record
from .client import ItemPayload, JenkinsClient
from .places import Place

_MOST_FOLDERS: Final = 200
"""Folders below the fifth level that are opened, with a request each, whenever it is looked for new builds."""


class Head(Record, frozen=True, kw_only=True):
    """A job that has builds, by the newest of them."""

    place: Place
    number: int
    at: Millis
    """When the newest build began."""


async def heads(client: JenkinsClient, path: str) -> list[Head]:
    """All jobs that have builds, at or below a path. Raises SourceError when there is nothing at that path."""
    top = await client.item(path)
    if top is None:
        where = f"job or folder {path}" if path else "list of jobs"
        raise SourceError(
            f"{client.http.host} has no {where}, or does not show it to this login: check repository in the settings.",
            "misconfigured",
        )
    if not path or top.is_folder:
        return await _of_folder(client, path, top)
    return [_head(await place_of(client, path), top)] if top.last_build else []


async def place_of(client: JenkinsClient, path: str) -> Place:
    """The job at a path. It says itself not whether it is a branch: what it stands in does."""
    parent = path.rpartition("/")[0]
    return Place(path=path, is_branch=bool(parent) and await client.is_multibranch(parent))


async def _of_folder(client: JenkinsClient, path: str, top: ItemPayload) -> list[Head]:
    found: list[Head] = []
    unread: list[str] = []
    _look(path, top, found, unread)
    for _ in range(_MOST_FOLDERS):
        if not unread:
            break
        folder = unread.pop()
        if (item := await client.item(folder)) is not None:
            _look(folder, item, found, unread)
    return found


def _look(path: str, folder: ItemPayload, found: list[Head], unread: list[str]) -> None:
    """Put the jobs of a folder to `found`, and folders that the answer did not reach into to `unread`."""
    for item in folder.jobs or ():
        inner = f"{path}/{item.name}".lstrip("/")
        if item.jobs is not None:
            _look(inner, item, found, unread)
        elif item.is_folder:
            unread.append(inner)
        elif item.last_build is not None:
            found.append(_head(Place(path=inner, is_branch=folder.is_multibranch), item))


def _head(place: Place, item: ItemPayload) -> Head:
    assert item.last_build is not None
    return Head(place=place, number=item.last_build.number, at=item.last_build.timestamp)
