"""Which `[[ci]] kind = "local"` is meant, which of its jobs, and in which order they run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import UsageError
from ..settings import Job, LocalCi, Settings
from ..text import clip

EXAMPLE = """Write them down in quarterdeck.toml, for example:

[[ci]]
kind = "local"
jobs = [{ name = "test", run = "make test" }]"""


class Local(NamedTuple):
    """One `[[ci]] kind = "local"` of the settings."""

    section: str
    """`ci[0]`, as trust calls it."""
    ci: LocalCi

    @property
    def name(self) -> str:
        """What its pipelines are called."""
        return self.ci.name or self.ci.kind


def all_local(settings: Settings) -> list[Local]:
    """Those that there are, in the order of the file."""
    return [Local(f"ci[{place}]", ci) for place, ci in enumerate(settings.ci) if isinstance(ci, LocalCi)]


def find_local(settings: Settings, name: str | None = None) -> Local:
    """The one of that name; without a name the only one. Raises UsageError."""
    found = all_local(settings)
    if not found:
        raise UsageError(f"There are no jobs to run here. {EXAMPLE}")
    if name is None and len(found) == 1:
        return found[0]
    named = ", ".join(clip(one.name, 60) for one in found)
    for one in found:
        if one.name == name:
            return one
    if name is None:
        raise UsageError(f"There are several local pipelines: {named}. Say which with --name.")
    raise UsageError(f"No local pipeline is called “{clip(name, 60)}”: there is {named}.")


def in_order(jobs: Sequence[Job], only: Sequence[str] = ()) -> list[Job]:
    """The jobs in an order in which each comes after those that it needs, else as they are written.

    With `only` those jobs and what they need. Raises UsageError for a name that is no job, and where there is no job.
    """
    known = {job.name: job for job in jobs}
    for name in only:
        if name not in known:
            raise UsageError(f"No job is called “{clip(name, 60)}”: there is {', '.join(clip(n, 60) for n in known)}.")
    if not jobs:
        raise UsageError(f"There are no jobs to run here. {EXAMPLE}")
    ordered: dict[str, Job] = {}
    for job in jobs:
        if not only or job.name in only:
            _add(job, known, ordered)
    return list(ordered.values())


def _add(job: Job, known: dict[str, Job], ordered: dict[str, Job]) -> None:
    """Put a job behind all that it needs. The settings refuse jobs that need one another."""
    for needed in job.needs:
        if needed not in ordered:
            _add(known[needed], known, ordered)
    ordered[job.name] = job
