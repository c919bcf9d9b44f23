"""The team's own CI: records of runs and their logs, in the folder and the format of the embedded runner."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from quarterdeck.app.records import PipelineStatus
from quarterdeck.app.records.ids import ulid
from quarterdeck.app.runner.kept import Kept, LocalJob, LocalRun

from .clock import SECOND, Millis


class JobEnd(NamedTuple):
    """How a job ended, and what it wrote."""

    name: str
    status: PipelineStatus = "passed"
    log: str = ""
    seconds: int = 70


class Pipelines:
    """What `quarterdeck pipeline run` keeps of a project."""

    def __init__(self, project_key: str, state: Path) -> None:
        self._kept = Kept(project_key)
        self._kept.folder = state / "quarterdeck" / "pipelines" / project_key

    def ran(
        self, at: Millis, name: str, commit: str, title: str, jobs: Sequence[JobEnd], *, branch: str = "main",
        event: str = "push", actor: str = "", rerun_of: str = "",
    ) -> str:  # fmt: skip
        """A pipeline that began at `at`; its jobs ran one after the other. Gives its id."""
        run_id = ulid(at)
        began = at + 4 * SECOND
        ended: list[LocalJob] = []
        for place, job in enumerate(jobs, 1):
            is_skipped = job.status == "skipped"
            ended.append(
                LocalJob(
                    name=job.name, run=f"make {job.name}", status=job.status,
                    exit_status=None if is_skipped else int(job.status == "failed"),
                    started_at=None if is_skipped else began, log=f"{place:02}-{job.name}.log",
                    ended_at=None if is_skipped else began + job.seconds * SECOND,
                )
            )  # fmt: skip
            began += 0 if is_skipped else job.seconds * SECOND
        status: PipelineStatus = "failed" if any(job.status == "failed" for job in jobs) else "passed"

        def record(number: int) -> LocalRun:
            return LocalRun(
                id=run_id, name=name, number=number, commit=commit, branch=branch, title=title, event=event,
                actor=actor, status=status, rerun_of=rerun_of, created_at=at,
                started_at=at + 4 * SECOND, ended_at=began, updated_at=began, jobs=tuple(ended),
            )  # fmt: skip

        hold = self._kept.begin(run_id, record)
        assert hold is not None, run_id
        with closing(hold):
            for job, kept in zip(jobs, ended, strict=True):
                text = job.log or ("" if job.status == "skipped" else f"$ make {job.name}\nok\n")
                (hold.folder / kept.log).write_text(text)
        return run_id
