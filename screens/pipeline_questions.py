"""What an act on pipelines will do, and where, in the words of the question; and why one cannot be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..app.acts.sight import failed_jobs
from ..app.records import Approval, Job, Pipeline
from ..app.text import cells, clip, pad, shown
from ..widgets.figures import age
from ..widgets.line import Piece
from ..widgets.strip import latest
from .acting import NAMED, Acts, runs_said
from .pipeline_columns import called, short

if TYPE_CHECKING:
    from .deck import Deck

Lines = list[list[Piece]]

_VERBS = {
    "rerun": "run all jobs again", "rerun_failed": "run failed jobs alone again", "cancel": "cancel pipelines",
    "approve": "approve deployments", "play": "start jobs by hand",
}  # fmt: skip


def why_not(deck: Deck, acts: Acts, act: str, one: Pipeline) -> str:
    """Why this cannot be done to a pipeline as it is; "" when it can. The server is asked again when it is done."""
    state = next((state for state in deck.states if state.source == one.source), None)
    if state is None:
        return "its source is in the settings no more"
    if state.state == "untrusted":
        return f"{shown(state.name)} is not trusted yet: see `quarterdeck trust`"
    if why := _unfit(act, one):
        return why
    if act not in acts.able(state.kind):
        return f"{shown(state.name)} ({state.kind}) cannot {_VERBS[act]} from here"
    return ""


def _unfit(act: str, one: Pipeline) -> str:
    name = called(one, 40)
    if act == "cancel":
        return f"{name} is over ({one.status}): there is nothing to cancel" if one.is_settled else ""
    if act == "approve":
        return _unapproved(one)
    if act == "play":
        return "" if waiting_jobs(one) else f"no job of {name} waits to be started by hand"
    if one.status in ("queued", "running"):
        return f"{name} is {one.status} still: X cancels it"
    if act == "rerun_failed" and one.jobs is not None and not failed_jobs(one):
        return f"no job of {name} failed"
    return ""


def _unapproved(one: Pipeline) -> str:
    if not one.approvals:
        return f"{called(one, 40)} waits for nobody's approval"
    others = [approval for approval in one.approvals if approval.is_mine is False]
    if len(others) < len(one.approvals):
        return ""
    first = others[0]
    who = f": {', '.join(shown(name) for name in first.reviewers[:3])} may" if first.reviewers else ""
    return f"your login may not approve {clip(first.name, 40)}{who}"


def waiting_jobs(one: Pipeline) -> list[Job]:
    """Jobs that wait to be started by hand."""
    return [job for job in latest(one.jobs or ()) if job.is_manual and job.status == "waiting"]


def rerun_title(pipelines: Sequence[Pipeline]) -> str:
    """One by its name, several by their number."""
    return called(pipelines[0], 50) if len(pipelines) == 1 else runs_said(len(pipelines), "pipeline")


def job_count(pipelines: Sequence[Pipeline], *, failed_only: bool) -> str:
    """`2 failed jobs: test, train`, as far as the jobs are known."""
    known = [one for one in pipelines if one.jobs is not None]
    jobs = [job for one in known for job in (failed_jobs(one) if failed_only else latest(one.jobs or ()))]
    what = "failed job" if failed_only else "job"
    if len(known) < len(pipelines) or not jobs:
        return f"its {what}s" if failed_only else "all its jobs"
    number = f"1 {what}" if len(jobs) == 1 else f"{'' if failed_only else 'all '}{len(jobs)} {what}s"
    names = list(dict.fromkeys(clip(job.name, 24) for job in jobs))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{number}: {', '.join(names[:3])}{more}"


# -- the lines of the questions ---------------------------------------------------------------------------------


def rerun_lines(deck: Deck, chosen: Sequence[Pipeline], fit: Sequence[Pipeline], *, failed_only: bool) -> Lines:
    """Which jobs run again, of what, where."""
    head: list[Piece] = [(" re-run ", "text")]
    if _are_local(deck, fit):
        head += [*_which(fit), (" whole, with the jobs of the settings as they are now", "text")]
    else:
        head += [(job_count(fit, failed_only=failed_only), "bright"), (" of ", "text"), *_which(fit)]
    back = " the way back is u: it cancels what runs, and what was done by then stays"
    return _asked(deck, head, [*_each(deck, fit), *_left_alone(chosen, fit)], fit, back)


def cancel_lines(deck: Deck, chosen: Sequence[Pipeline], fit: Sequence[Pipeline]) -> Lines:
    """What is stopped, where."""
    head: list[Piece] = [(" cancel ", "text"), *_which(fit)]
    back = " there is no way back; what was cancelled can be run again with R"
    return _asked(deck, head, [*_each(deck, fit), *_left_alone(chosen, fit)], fit, back)


def approve_lines(deck: Deck, one: Pipeline, approval: Approval) -> Lines:
    """Which deployment goes on, of which commit, where."""
    since = f", which waits {age(approval.since, deck.now())}" if approval.since is not None else ""
    head: list[Piece] = [(" let the deployment to ", "text"), (clip(approval.name, 60), "bright")]
    head += [(f"{since} go on: ", "text"), *_which([one])]
    back = " there is no way back: an approval that was given cannot be taken back"
    return _asked(deck, head, _each(deck, [one]), [one], back)


def play_lines(deck: Deck, one: Pipeline, job: Job) -> Lines:
    """Which job starts, of what, where."""
    head: list[Piece] = [
        (" start the job ", "text"),
        (clip(job.name, 60), "bright"),
        (" of ", "text"),
        *_which([one]),
    ]
    back = " the way back is u, which cancels the whole pipeline while it runs"
    return _asked(deck, head, _each(deck, [one]), [one], back)


def _are_local(deck: Deck, pipelines: Sequence[Pipeline]) -> bool:
    """Whether all run here: the settings say which jobs that are, whatever ran the last time."""
    kinds = {state.source: state.kind for state in deck.states}
    return all(kinds.get(one.source) == "local" for one in pipelines)


def _which(pipelines: Sequence[Pipeline]) -> list[Piece]:
    """`nightly-train #214 on main`."""
    made: list[Piece] = [(rerun_title(pipelines), "bright")]
    if len(pipelines) == 1 and pipelines[0].branch:
        made += [(" on ", "text"), (clip(pipelines[0].branch, 40), "bright")]
    return made


def _asked(deck: Deck, head: list[Piece], each: Lines, pipelines: Sequence[Pipeline], back: str) -> Lines:
    """What will happen, on a line of its own where, each pipeline, and the way back."""
    return [head, [(f" at {_places(deck, pipelines)}", "text")], [], *each, [], [(back, "dim")]]


def _places(deck: Deck, pipelines: Sequence[Pipeline]) -> str:
    states = {state.source: state for state in deck.states}
    found = [states.get(source) for source in dict.fromkeys(one.source for one in pipelines)]
    return " and ".join(
        f"{shown(one.name)} {shown(one.address)}".rstrip() if one else "a source unknown" for one in found
    )


def _each(deck: Deck, pipelines: Sequence[Pipeline]) -> Lines:
    """Each with its commit and how it stands."""
    named = pipelines[:NAMED]
    width = min(40, max(cells(called(one, 40)) for one in named))
    made: Lines = [[(f"   {pad(called(one, 40), width)}  ", "text"), *_standing(deck, one)] for one in named]
    if len(pipelines) > NAMED:
        made.append([(f"   and {len(pipelines) - NAMED} more", "dim")])
    return made


def _standing(deck: Deck, one: Pipeline) -> list[Piece]:
    commit = f"{short(one.commit)}  " if one.commit else ""
    attempt = f", attempt {one.attempt}" if one.attempt > 1 else ""
    title = f"  {clip(one.title, 60)}" if one.title else ""
    return [(f"{commit}{one.status} {_since(one, deck.now())}{attempt}{title}", "dim")]


def _since(one: Pipeline, now: int) -> str:
    """`1 h ago` for what is over, `now, began 1 h ago` for what is not."""
    if one.is_settled:
        return _ago(one.ended_at or one.updated_at or one.created_at, now) or "by now"
    began = one.started_at if one.status == "running" else None
    word = "began" if began is not None else "asked for"
    ago = _ago(began if began is not None else one.created_at, now)
    return f"now, {word} {ago}" if ago else "now"


def _ago(then: int | None, now: int) -> str:
    said = age(then, now)
    return "just now" if said in ("now", "ahead") else f"{said} ago" if said else ""


def _left_alone(chosen: Sequence[Pipeline], fit: Sequence[Pipeline]) -> Lines:
    left = len(chosen) - len(fit)
    if not left:
        return []
    return [[(f" {runs_said(left, 'pipeline')} left alone: not in a state for this", "dim")]]
