"""What changed before something broke: from a symptom to suspects, the likeliest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from ..errors import UsageError
from ..records import Attention, Changes, Event, Millis, Subject, Suspect, WayBack
from ..store.happened import happened
from ..store.model_events import called
from ..store.reading import Reader
from ..store.state import State
from ..text import clip
from .bar_causes import bar_causes
from .candidates import Candidate
from .case import Case
from .check_causes import check_causes
from .code_causes import code_causes
from .data_causes import data_causes
from .infra_causes import since_applied
from .model_causes import act_causes, model_causes
from .outlook import Outlook
from .ranking import ranked
from .running_causes import running_causes
from .sight import kept_sight
from .symptom import symptom_of_attention, symptom_of_subject
from .way_back import way_back
from .window import DAY, SKEW, Symptom, ago, lasting

OTHERS: Final = 1_000
"""Events of a window that are counted at most."""
_GAPS: Final = 20
_WELL: Final = ("ok", "limited")


def explain(
    reader: Reader, state: State, what: Attention | Subject, outlook: Outlook, *, now: Millis,
    since: Millis | None = None, until: Millis | None = None, limit: int = 10,
) -> Changes:  # fmt: skip
    """What changed around a thing before it broke; where nothing is wrong with it, around its last change.

    `since`, `until`: another window than that of its last good and its first bad moment. The same cache gives the same
    answer, whatever was written first. Raises UsageError for an attention or event that nobody knows.
    """
    with reader.at_one_moment():
        symptom = since_applied(state, _symptom(reader, state, what, outlook, now))
        symptom = _windowed(symptom, since, until)
        case = Case(reader, state, outlook, symptom, now)
        found = ranked(case, candidates(case))
        suspects = tuple(suspect for suspect, _ in found[:limit])
        gaps = tuple(_gaps(state, symptom))
        return Changes(
            subject=what.subject if isinstance(what, Attention) else str(what), since=symptom.since,
            until=symptom.until, suspects=suspects, others=_others(case, [one for one, _ in found]), gaps=gaps,
            way_back=_way_back(case), sentence="" if suspects else _sentence(case, gaps),
        )  # fmt: skip


def candidates(case: Case) -> list[Candidate]:
    """All that changed and may matter, before it is weighed."""
    found = [*data_causes(case), *check_causes(case)]
    taken = frozenset(sha for one in found for sha in one.commits)
    given = [*model_causes(case), *act_causes(case), *bar_causes(case)]
    commits = list(code_causes(case, taken, frozenset(script for one in found for script in one.scripts)))
    return [*found, *_merged(given, commits, is_run=case.subject.kind == "run"), *running_causes(case)]


def _merged(given: Sequence[Candidate], commits: Sequence[Candidate], *, is_run: bool) -> Iterator[Candidate]:
    """Params that differ, and the commits of params that were carried along, are one change: by the commit where there
    is one alone, else by the run. `is_run`: of a run that failed it is the last such commit that it ran on, for no run
    is its own cause."""
    params = next((one for one in given if one.cause == "params"), None)
    code = [one for one in commits if one.cause == "params" and (one.carrier is not None or _ran_on(one, is_run))]
    code, beside = (_last(code), code) if is_run else (code, code)
    if params is None or not code:
        yield from (*given, *commits)
        return
    yield from (one for one in (*given, *commits) if one is not params and one not in beside)
    commits_of = frozenset(sha for one in beside for sha in one.commits)
    if len(code) > 1:
        evidence = (*params.evidence, *(item for one in code for item in one.evidence))
        yield replace(params, evidence=evidence, commits=commits_of)
        return
    commit = code[0]
    yield replace(
        params, subject=commit.subject, at=commit.at, actor=commit.actor, event=commit.event, commits=commits_of,
        title=f"{params.title} in {commit.title.partition(' ')[0]}",
        rules=(*params.rules, *commit.rules[1:]), evidence=(*commit.evidence, *params.evidence),
    )  # fmt: skip


def _ran_on(commit: Candidate, is_run: bool) -> bool:
    return is_run and commit.link == "digest"


def _last(code: Sequence[Candidate]) -> list[Candidate]:
    return sorted(code, key=lambda one: (one.at, one.subject))[-1:]


# -- the window -----------------------------------------------------------------------------------------------------


def _symptom(
    reader: Reader, state: State, what: Attention | Subject, outlook: Outlook, now: Millis
) -> Symptom:  # fmt: skip
    if isinstance(what, Attention):
        return symptom_of_attention(reader, what, outlook)
    if what.kind == "attention":
        kept = kept_sight(state)
        found = next((one for one in (kept[1].attentions if kept else ()) if one.id == what.parts[0]), None)
        if found is None:
            raise UsageError(f"There is no {what} among what was seen last; `quarterdeck triage` lists what there is.")
        return symptom_of_attention(reader, found, outlook)
    if what.kind == "event":
        event = next((one for one in happened(reader, state, OTHERS) if one.id == what.parts[0]), None)
        if event is None:
            raise UsageError(f"There is no {what} among the last {OTHERS} events.")
        return Symptom(subject=str(what), family="any", since=event.at - DAY, until=event.at, is_wrong=False)
    return symptom_of_subject(reader, state, what, outlook, now)


def _windowed(symptom: Symptom, since: Millis | None, until: Millis | None) -> Symptom:
    if since is None and until is None:
        return symptom
    end = symptom.until if until is None else until
    start = symptom.since if since is None else since
    return replace(symptom, since=min(start, end), until=end, good_at=symptom.good_at if since is None else start)


# -- beside the suspects --------------------------------------------------------------------------------------------


def _others(case: Case, suspects: Iterable[Suspect]) -> tuple[tuple[str, int], ...]:
    """What else happened in the window, by kind: the most frequent first."""
    told: set[str] = {case.symptom.subject}
    for suspect in suspects:
        told |= {suspect.subject, f"event/{suspect.event}"} | {item.subject for item in suspect.evidence}
    found = happened(case.reader, case.state, OTHERS, since=case.symptom.since, until=case.symptom.until + 1)
    counts = Counter(event.kind for event in found if not _is_told(event, told))
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _is_told(event: Event, told: set[str]) -> bool:
    return f"event/{event.id}" in told or (bool(event.refs) and event.refs[0].subject in told)


def _gaps(state: State, symptom: Symptom) -> Iterator[tuple[Millis, Millis]]:
    """Stretches in the window in which nobody looked, oldest first."""
    for gap in reversed(state.gaps(since=symptom.since, limit=_GAPS)):
        if gap.since < symptom.until:
            yield gap.since, gap.until


def _way_back(case: Case) -> WayBack | None:
    """For what concerns a model in production."""
    if not case.alias:
        return None
    back = way_back(
        case.reader, case.state, case.outlook, case.symptom.model, case.alias, now=case.now, moves=case.moves
    )
    if back is None or not back.version or not (why := _why_not(case, back)):
        return back
    return WayBack(model=back.model, alias=back.alias, version="", sentence=why)


def _why_not(case: Case, back: WayBack) -> str:
    """Why going back would mend nothing, or nobody can tell yet whether it would; "" where it may."""
    symptom, last = case.symptom, case.moves[-1] if case.moves else None
    shown = last.version if last is not None else ""
    is_of_line = symptom.subject.startswith("series/") and symptom.version != ""
    if is_of_line and (back.version == symptom.version or shown not in ("", symptom.version)):
        return f"it is {called(symptom.version)} that is bad, and another version is in force now"
    if last is None or last.entry is None or last.entry.kind != "rollback" or not _is_unproven(case, last.at):
        return ""
    went = f"{back.alias} went back to {called(shown)} {ago(case.now - last.at)}"
    return f"{went}, and nothing that is known speaks of the time since"


def _is_unproven(case: Case, went_at: Millis) -> bool:
    """Whether what is wrong says nothing of the version that it went back to: its figures speak of the time before,
    or it began then. After a day, with the label delay, something should have."""
    symptom = case.symptom
    if case.now - went_at >= DAY + symptom.delay:
        return False
    line = case.reader.monitors.one(symptom.series) if symptom.series else None
    told = symptom.until if line is None or line.at is None else line.at - symptom.delay
    return told <= went_at + SKEW


def _sentence(case: Case, gaps: Sequence[tuple[Millis, Millis]]) -> str:
    """Where nothing was found: what was looked at, and what could not be."""
    span = lasting(case.symptom.until - case.symptom.reach)
    told = f"Nothing that could explain it is known of the {span} before: commits, data, checks, aliases, pipelines and"
    told += " infrastructure were looked at."
    if gaps:
        told += f" Nobody looked for {lasting(sum(until - since for since, until in gaps))} of that."
    silent = [one.name for one in case.reader.source_states() if one.state not in _WELL]
    if silent:
        told += f" {', '.join(clip(name, 24) for name in silent[:3])} could not be read as of now."
    return told
