"""Where things are in Jenkins: the paths of jobs, and the ids that we make of them."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, unquote

from ...records import Record

QUEUED: Final = "q"
"""Begins the number of what is still in the queue: team/train#q57."""


class Place(Record, frozen=True, kw_only=True):
    """A job. `path` has the names as Jenkins has them: a multibranch project's are percent-encoded branches."""

    path: str
    is_branch: bool = False
    """It builds one branch of the multibranch project that it stands in."""

    @property
    def name(self) -> str:
        """What builds of the same pipeline share: the job's path; for a branch that of its multibranch project."""
        return self.path.rpartition("/")[0] if self.is_branch else self.path

    @property
    def branch(self) -> str:
        """The branch that the job's name stands for, or ""."""
        return unquote(self.path.rpartition("/")[2]) if self.is_branch else ""

    @property
    def url(self) -> str:
        """The path of its address, below the server's: `job/team/job/train`."""
        return address(self.path)

    def build_id(self, number: int | str) -> str:
        """The id of one of its builds."""
        return f"{self.path}#{number}"


def address(path: str) -> str:
    """The address of a job, a folder or (for "") the whole server. The % of a branch's name is encoded once more."""
    return "/".join(f"job/{quote(part, safe='')}" for part in path.split("/") if part)


def cleaned(written: str) -> str:
    """A path as people write it: also with slashes around it, or copied from an address (`job/team/job/train`)."""
    parts = [part for part in written.split("/") if part.strip()]
    if len(parts) > 1 and len(parts) % 2 == 0 and set(parts[::2]) == {"job"}:
        return "/".join(unquote(part) for part in parts[1::2])
    return "/".join(parts)


def taken_apart(build_id: str) -> tuple[str, str] | None:
    """Path and number ("214", or "q57" in the queue) of a build's or a stage's id; None where it is none of ours."""
    path, sign, rest = build_id.rpartition("#")
    number = rest.partition("/")[0]
    return (path, number) if sign and path and number.removeprefix(QUEUED).isdecimal() else None
