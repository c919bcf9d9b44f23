"""Who listens while a run goes on."""

from __future__ import annotations

from .kept import LocalJob, LocalRun


class Listener:
    """Told of everything as it happens, on the runner's own thread. Does nothing: whoever listens says to what."""

    def cut_off(self, run: LocalRun) -> None:
        """An earlier run turned out to have been killed."""

    def queued(self, run: LocalRun, behind: LocalRun | None) -> None:
        """It waits; `behind` runs its jobs now, where that is known."""

    def began(self, run: LocalRun) -> None:
        """The work tree is there, the jobs begin."""

    def job_began(self, job: LocalJob) -> None:
        """A job was started."""

    def output(self, data: bytes) -> None:
        """What the running job wrote."""

    def tick(self) -> None:
        """Some tenths of a second passed while a job runs."""

    def job_ended(self, job: LocalJob) -> None:
        """A job is over, or is not begun at all."""

    def ended(self, run: LocalRun) -> None:
        """It is over."""
