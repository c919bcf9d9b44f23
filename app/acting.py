"""The terminal's side of acts: ask for one, start the process that does it, follow it, take it back.

The intents are on the disk before the process is started, and the process has a session of its own: a terminal that is
closed, or whose line drops, stops nothing half-way. What came of an act is read from the journal.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .deeds import Of, Step, Undo, back_from, is_change, is_note, is_of, of_what, said, thing, touched, what
from .errors import QuarterdeckError, StoreError, UsageError
from .paths import make_private, state_dir
from .records import Job, Millis, Pipeline, Run, Subject
from .store import act_lock
from .store.state import Act, State

if TYPE_CHECKING:
    from .settings import Settings

MOST_AT_ONCE: Final = 1_000
"""Runs of one batch: some three requests each."""

MOST_PIPELINES: Final = 50
"""Pipelines of one batch: some ten requests each, and seconds until it shows."""

LOOK_BACK: Final = 2_000
"""Entries of the journal among which the last act is looked for."""

SHOWN: Final = 500
"""Entries of the journal that `:acts` shows."""

TOLD: Final = "acts"
"""Under this name state.db keeps of which batch the outcome was last told."""

_SECTIONS: Final[Mapping[Of, str]] = {"tags": "mlflow", "models": "mlflow"}
"""The section of the settings that has to be trusted."""

_started: list[subprocess.Popen[bytes]] = []
"""Processes that this one started: held so that they are reaped when they end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a batch is."""

    batch: str
    what: str
    """What is done to each: `stage=gold`, or `stage taken away`."""
    total: int
    done: int
    failed: int
    is_alive: bool
    """A process carries it out right now."""
    late_in: float
    """Where none does: seconds until what is left open may be looked for on the server."""
    why: tuple[tuple[str, int], ...]
    """Sentences of those that failed and how many failed so, the most frequent first."""
    touched: tuple[tuple[str, str], ...]
    """Source and id of the runs, or pipelines, that were changed."""
    of: Of = "tags"
    said: str = ""
    """Of a single act on a pipeline that is done: its sentence."""
    name: str = ""
    """Of a single act: what it is done to."""
    thing: str = ""
    """A word for what it is done to, where `of` does not say it: `run`, `version`, `model`."""
    point: str = ""
    """Of a single promotion: where it is (see promotion/apply.py) ..."""
    detail: str = ""
    """... and with what: the number of the entry, the version."""

    @property
    def is_over(self) -> bool:
        """Each has an outcome."""
        return self.done + self.failed == self.total


class Acting:
    """Acts of one project. What asks, and `settle`, blocks and may run on any thread, the rest on that of `state`.

    `again` gives the options that lead another process to the same project; None: no process may be started. `cache`
    is the cache's file; None: the usual one.
    """

    def __init__(
        self, settings: Settings, state: State, again: Callable[[], Sequence[str]] | None, *, read_only: bool,
        cache: Path | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._state = state
        self._again = again
        self._read_only = read_only
        self._cache = cache

    def refusal(self, of: Of = "tags") -> str:
        """Why nothing can be changed from here; "" when it can.

        Whether a CI source is trusted is asked when it is done: its state says it as well.
        """
        from .actions import check_allowed  # with what it brings, after the first paint

        if self._again is None:
            return "this terminal starts no other process, and acts are done by one"
        try:
            check_allowed(self._settings, self._read_only, _SECTIONS.get(of))
        except QuarterdeckError as error:
            return str(error)
        return ""

    def check_tag(self, key: str, value: str) -> None:
        """Raise UsageError when MLflow would not take this tag as it is."""
        from .acts.tags import check_tag

        check_tag(Subject(kind="run", parts=("any",)), key, value)

    def tag(self, runs: Sequence[Run], key: str, value: str) -> str:
        """Have these runs tagged; gives the batch. What a run has there now, by its record, must still be there then.

        Raises UsageError, StoreError; that no process could be started is an outcome in the journal.
        """
        from .acts.tags import tag_intent

        if len(runs) > MOST_AT_ONCE:
            raise UsageError(f"{len(runs)} runs are more than are tagged at once ({MOST_AT_ONCE}).")
        intents = [tag_intent(run.source, run.id, key, value, name=run.name or run.id) for run in runs]
        seen = [{"seen": run.tags.get(key)} for run in runs]
        both = zip(runs, intents, seen, strict=True)
        return self.ask([("set_tag", _run(run.id), one | saw) for run, one, saw in both])

    def rerun(self, pipelines: Sequence[Pipeline], *, failed_only: bool) -> str:
        """Have pipelines run again, all their jobs or the failed ones; gives the batch.

        What they are by their records, they must still be then: nobody's re-run is done a second time.
        Raises UsageError, StoreError.
        """
        return self._ask_pipelines("rerun_failed" if failed_only else "rerun", pipelines)

    def cancel(self, pipelines: Sequence[Pipeline]) -> str:
        """Have pipelines stopped; gives the batch. Raises UsageError, StoreError."""
        return self._ask_pipelines("cancel", pipelines)

    def approve(self, pipeline: Pipeline, approvals: Sequence[str]) -> str:
        """Let the deployments to these environments, as ids of its approvals, go on. Raises StoreError."""
        return self._ask_pipelines("approve", [pipeline], approvals=approvals)

    def play(self, pipeline: Pipeline, job: Job) -> str:
        """Start a job of the pipeline that waits for a hand. Raises StoreError."""
        return self._ask_pipelines("play", [pipeline], job=job)

    def able(self, kind: str) -> frozenset[str]:
        """What the pipelines of this kind of source can be made to do: rerun, rerun_failed, cancel, approve, play."""
        from .acts.pipelines import ABLE

        return ABLE.get(kind, frozenset())

    def _ask_pipelines(self, act: str, pipelines: Sequence[Pipeline], **meant: Any) -> str:
        from .acts.sight import intent, subject

        if len(pipelines) > MOST_PIPELINES:
            raise UsageError(f"{len(pipelines)} pipelines are more than are acted on at once ({MOST_PIPELINES}).")
        intents = [intent(pipeline, saw=True, **meant) for pipeline in pipelines]
        return self.ask([(act, subject(act, one), one) for one in intents])

    def undo(self, undo: Undo) -> str:
        """Have an act taken back; gives the batch. Raises StoreError."""
        from .acts.sight import subject

        asked = [_back(step) for step in undo.steps]
        for stop in undo.stops:
            intent = {"source": stop.source, "pipeline": stop.pipeline, "name": stop.name, "undoes": stop.entry}
            asked.append(("cancel", subject("cancel", intent), intent | {"seen": {"attempt": stop.attempt}}))
        return self.ask(asked)

    def ask(self, acts: Sequence[tuple[str, str, Mapping[str, Any]]]) -> str:
        """Have these done, as (act, subject, intent); gives the batch. Raises StoreError."""
        with State(self._state.path) as state:
            batch = state.ask_acts(acts, _now())
            try:
                self._start(batch)
            except OSError as error:
                why = f"No process could be started: {error.strerror}. Nothing was changed."
                for act in state.batch_of_acts(batch):
                    state.finish_act(act.id, "failed", {"sentence": why})
        return batch

    def _start(self, batch: str) -> None:
        from .sync.life import command

        assert self._again is not None
        _started[:] = [process for process in _started if process.poll() is None]
        log = state_dir() / f"{self._settings.project_key}.act.log"
        make_private(log.parent)
        output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            _started.append(
                subprocess.Popen(
                    [*command(self._again()), "act", batch],
                    stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", start_new_session=True,
                )
            )  # fmt: skip
        finally:
            os.close(output)

    def last(self, of: Of | None = None) -> Undo | None:
        """My last act on such things that is done and not taken back; None when there is none."""
        acts = [act for act in self._state.acts(LOOK_BACK) if of is None or is_of(act, of)]
        undone = {act.intent.get("undoes") for act in acts if act.state == "done"}
        left = [act for act in acts if act.state == "done" and not act.intent.get("undoes") and act.id not in undone]
        changed = [act for act in left if is_change(act)]
        mine = [act for act in changed if act.batch == changed[0].batch]
        return back_from(mine) if mine else None

    def recent(self) -> list[Act]:
        """The journal, newest first."""
        return self._state.acts(SHOWN)

    def entries(self, batch: str) -> list[Act]:
        """What was asked for at once, as the journal has it now."""
        return self._state.batch_of_acts(batch)

    def under_way(self) -> list[str]:
        """Batches without an outcome, oldest first, but for those that share notes: nobody waits for them."""
        return list(dict.fromkeys(act.batch for act in self._state.open_acts() if not is_note(act)))

    def untold(self) -> list[str]:
        """Batches that were carried out while no terminal was there to tell, oldest first."""
        acts = self._state.acts_since(self._state.seen_at(TOLD) or 0)
        return list(dict.fromkeys(act.batch for act in acts if act.intent.get("name")))

    def mark_told(self, batch: str) -> None:
        """The outcome of this batch, and of those before it, was told."""
        at = max((act.at for act in self._state.batch_of_acts(batch)), default=0)
        if at > (self._state.seen_at(TOLD) or 0):
            self._state.mark_seen(TOLD, at)

    def stamp(self, batch: str) -> tuple[int, bool]:
        """Something that changes when there is news of a batch. Microseconds."""
        return self._state.data_version(), act_lock.is_held(self._state.path, batch)

    def progress(self, batch: str) -> Progress:
        """How far a batch is, as the journal has it."""
        from .actions import LATE_SECONDS

        is_alive = act_lock.is_held(self._state.path, batch)  # first: what it writes last is in the journal then
        acts = self._state.batch_of_acts(batch)
        settled = [act for act in acts if act.state not in ("asked", "begun")]
        since = max((act.begun_at or act.at for act in acts if act not in settled), default=0)
        failed = [act for act in settled if act.state != "done"]
        return Progress(
            batch=batch,
            what=what(acts[0]) if acts else "",
            total=len(acts),
            done=len(settled) - len(failed),
            failed=len(failed),
            is_alive=is_alive,
            late_in=max(0.0, LATE_SECONDS - (_now() - since) / 1000),
            why=tuple(Counter(str((act.outcome or {}).get("sentence", "")) for act in failed).most_common()),
            touched=tuple((act.intent["source"], touched(act)) for act in settled if act.state == "done"),
            of=of_what(acts[0]) if acts else "tags",
            thing=thing(acts[0]) if acts else "",
            name=str(acts[0].intent.get("name", "")) if len(acts) == 1 else "",
            point=str(acts[0].intent.get("point", "")) if len(acts) == 1 else "",
            detail=str(acts[0].intent.get("detail", "")) if len(acts) == 1 else "",
            said=said(acts),
        )

    def settle(self) -> str:
        """Ask the servers what came of acts that were cut off; gives why it is not known yet, "" when it is.

        The journal has the outcomes then. Blocks, over the network.
        """
        from .actions import reconcile

        try:
            with State(self._state.path) as state:
                found = reconcile(self._settings, state, cache=self._cache, read_only=self._read_only)
        except StoreError:
            raise
        except QuarterdeckError as error:  # what a source is refused for
            return str(error)
        return next((one.sentence for one in found if one.state == "unknown"), "")


def _back(step: Step) -> tuple[str, str, Mapping[str, Any]]:
    """Act, subject and intent that take one change back."""
    from .acts.model_notes import back_from as back_from_note
    from .acts.tags import tag_intent

    if step.intent is not None:
        return back_from_note(step.intent, step.entry, now=step.now, back=step.back)
    intent = tag_intent(step.source, step.run_id, step.key, step.back, name=step.name, undoes=step.entry)
    return "set_tag" if step.back is not None else "delete_tag", _run(step.run_id), intent | {"seen": step.now}


def _run(run_id: str) -> str:
    return str(Subject(kind="run", parts=(run_id,)))


def _now() -> Millis:
    return time.time_ns() // 1_000_000
