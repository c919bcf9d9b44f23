"""Changes of what runs before things and beneath them: pipelines upstream, load, and what things run on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from msgspec.structs import replace

from ..records import Evidence, Millis
from ..store.cause_reads import Ran
from ..store.pipelines import PipelineRow
from .candidates import Candidate, Link, few, written
from .case import Case
from .infra_causes import infra_causes
from .needs import bringing, is_broken, needs_of, shared, words_of
from .window import HOUR, SKEW, WEEK, Symptom, Why, lasting

_LOOKED_AT: Final = 2_000
"""Pipelines that failed in the window among which those that broke are looked for."""
_STEADY: Final = 4
"""Gaps between runs by which a rhythm is told."""
NEEDED: Final = 1.25
"""What speaks for a pipeline that brings what is needed."""
_LOAD: Final = re.compile(
    r"satur|cpu|memory|\bmem\b|\boom\b|queue|backlog|\brps\b|\bqps\b|request(?:s)? per|request rate|traffic|throughput"
    r"|load|disk|gpu|connections|throttl|restart|evict|replica|node|pod|capacity|quota",
    re.IGNORECASE,
)
"""What a line or an alert is called that is nearer to a cause than latency is."""


def running_causes(case: Case) -> Iterator[Candidate]:
    """All of them."""
    yield from infra_causes(case)
    yield from _pipelines(case)
    yield from _no_more(case)
    yield from _load(case)


# -- pipelines ------------------------------------------------------------------------------------------------------


def _pipelines(case: Case) -> Iterator[Candidate]:
    """Pipelines that broke before: what they should have brought did not come."""
    symptom = case.symptom
    own = case.subject.parts[0] if case.subject.kind in ("pipeline", "job") else ""
    broken = case.reads.broke(symptom.reach, symptom.until + SKEW, _LOOKED_AT)
    rows = {row.rowid: row for row in case.reader.pipelines.rows([one.rowid for one in broken][:100])}
    watched = {ref.name for ref in case.reader.refs() if ref.kind == "branch" and ref.watched}
    producers = {name for called in case.all_called() for name in case.reads.pipelines_of_checks(called)}
    needs = needs_of(case) if broken else {}
    for one in broken[:100]:
        row = rows[one.rowid]
        if row.pipeline.id == own or (own and row.pipeline.name == _name_of(case)):
            continue
        if watched and row.pipeline.branch and row.pipeline.branch not in watched:
            continue
        yield _broke(case, row, producers, needs)


def _name_of(case: Case) -> str:
    """Of the pipeline that it is about."""
    if case.subject.kind == "job":
        found = case.reader.pipelines.job(case.subject.parts[0])
        rowid = None if found is None else found[0]
    else:
        rowid = case.reader.pipelines.find(case.subject.parts[0])
    row = next(iter(case.reader.pipelines.rows([rowid])), None) if rowid is not None else None
    return row.pipeline.name if row is not None else ""


def _broke(case: Case, row: PipelineRow, producers: set[str], needs: Mapping[str, str]) -> Candidate:
    one = row.pipeline
    at = one.ended_at or one.started_at or one.created_at or 0
    jobs = [job for job in one.jobs or () if is_broken(job)]
    where = f" on {one.branch}" if one.branch else ""
    own = Evidence(at=at, text=f"{one.name} failed{where}", subject=written("pipeline", one.id))
    logs = [Evidence(at=job.ended_at, text=f"{job.name} failed", subject=written("job", job.id)) for job in jobs[:3]]
    code = [Evidence(text="on this commit", subject=written("commit", one.commit))] if one.commit else []
    evidence = (own, *logs, *code)
    link, why = _of_pipeline(case, row, producers, needs)
    told = f"{few(job.name for job in jobs)} failed" if jobs else "it had passed before"
    passed = case.reads.recovered_after(row.rowid)
    return Candidate(
        subject=own.subject, cause="pipeline broke", kind="pipeline", title=f"{one.name} broke{where}", at=at,
        actor=one.actor, link=link, names=frozenset({one.name}), evidence=evidence,
        lasts=passed is None or passed > case.symptom.until,
        rules=(Why(factor=1.0, text=told, evidence=evidence), *_since(case.symptom, passed, at, own),
               *([replace(why, evidence=(own,))] if why is not None else [])),
    )  # fmt: skip


def _of_pipeline(
    case: Case, row: PipelineRow, producers: set[str], needs: Mapping[str, str]
) -> tuple[Link, Why | None]:  # fmt: skip
    """By what it is known that a pipeline makes what lies upstream: the checks that it runs, else what it is called."""
    one = row.pipeline
    broken = [job for job in one.jobs or () if is_broken(job)]
    names = [one.name, *(job.name for job in broken), *(job.name for job in one.jobs or ())]
    found = shared(needs, names)
    if one.name in producers:
        return "id", Why(factor=NEEDED if found else 1.05, text="it checks the data on the path")
    if found is not None:
        return "name", Why(factor=NEEDED, text=f"{found[0]} is named after {found[1]}, which it should bring")
    model = case.symptom.model
    if model and words_of(model) <= words_of(*names):
        return "name", Why(factor=1.05, text=f"it is named after {model}")
    if bringing(names):
        return "name", Why(factor=1.05, text="it is named after what brings data")
    return "none", None


def _since(symptom: Symptom, passed: Millis | None, ended: Millis, own: Evidence) -> Iterator[Why]:
    if passed is None or passed > symptom.until:
        yield Why(factor=1.1, text="it had not passed again when it became bad", evidence=(own,))
    else:
        yield Why(factor=0.5, text=f"but it passed again after {lasting(passed - ended)}", evidence=(own,))


def _no_more(case: Case) -> Iterator[Candidate]:
    for last, usual, why in stopped(case):
        yield _stopped(last, usual, why)


def stopped(case: Case) -> Iterator[tuple[Ran, Millis, Why]]:
    """Pipelines that bring what is needed, ran by the clock, and do so no more: the last run of each, how far apart
    they were, and what says that it brings it."""
    symptom, needs = case.symptom, needs_of(case)
    if not symptom.is_wrong:
        return
    runs: dict[tuple[str, str, str], list[Ran]] = {}
    for one in case.reads.ran(symptom.reach - WEEK, symptom.until, _LOOKED_AT):
        runs.setdefault((one.source, one.name, one.branch), []).append(one)
    read = {one.source: one.last_ok_at or 0 for one in case.reader.source_states()}
    for (source, name, _), found in sorted(runs.items()):
        usual = _rhythm([one.at for one in found])
        why = None if usual is None else _brings(case, found[0], usual, shared(needs, [name]))
        if usual is None or why is None or read.get(source, 0) < symptom.until:
            continue
        if symptom.reach <= found[0].at + usual and found[0].at + 2 * usual + HOUR < symptom.until:
            yield found[0], usual, why


def _brings(case: Case, last: Ran, usual: Millis, named: tuple[str, str] | None) -> Why | None:
    """What says that a pipeline brings what is missing: a name, or that the last of it came with its last run."""
    own = (Evidence(at=last.at, text=f"the last run of {last.name}", subject=written("pipeline", last.native)),)
    if named is not None:
        text = f"{named[0]} is named after {named[1]}, which it should bring"
        return Why(factor=NEEDED, text=text, evidence=own)
    if bringing([last.name]):
        return Why(factor=1.05, text=f"{last.name} is named after what brings data", evidence=own)
    came = case.symptom.came_at
    if came is None or abs(last.at - came) > min(usual // 8, 3 * HOUR):
        return None
    return Why(factor=1.05, text=f"what came last came with the last run of {last.name}", evidence=own)


def _rhythm(times: Sequence[Millis]) -> Millis | None:
    """How far apart runs are, where that is nearly the same each time. `times`: newest first."""
    gaps = [one - earlier for one, earlier in pairwise(times)]
    if len(gaps) < _STEADY:
        return None
    usual = round(median(gaps))
    return usual if usual > 0 and max(gaps) <= 2 * usual else None


def _stopped(last: Ran, usual: Millis, why: Why) -> Candidate:
    own = Evidence(at=last.at, text=f"the last run of {last.name}", subject=written("pipeline", last.native))
    told = f"it used to run every {lasting(usual)}"
    return Candidate(
        subject=own.subject, cause="pipeline broke", kind="pipeline", title=f"{last.name} runs no more",
        at=last.at + usual, not_before=last.at, link="name", names=frozenset({last.name}), lasts=True,
        rules=(Why(factor=1.0, text=told, evidence=(own,)), why), evidence=(own,),
    )  # fmt: skip


# -- load -----------------------------------------------------------------------------------------------------------


def _load(case: Case) -> Iterator[Candidate]:
    """Lines and alerts that speak of saturation: nearer to a cause than what users feel, and no change themselves."""
    if case.symptom.family not in ("operational", "any"):
        return
    low, high = case.symptom.reach, case.symptom.until + SKEW
    for series in case.reader.monitors.series():
        since = series.bad_since
        if since is None or series.key == case.subject.parts[0] or not low <= since <= high:
            continue
        if series.model not in ("", case.symptom.model) or not _LOAD.search(series.name):
            continue
        own = Evidence(at=since, text=f"{series.name} over its threshold", subject=written("series", series.key))
        yield Candidate(
            subject=own.subject, cause="load", kind="series", title=f"{series.name} crossed its threshold", at=since,
            not_before=series.last_good_at, link="name" if series.model else "none", evidence=(own,),
            rules=(Why(factor=1.0, text="it says how much there is to do, or on how little", evidence=(own,)),),
        )  # fmt: skip
    for alert in case.reader.monitors.alerts():
        is_own = case.subject.kind == "alert" and case.subject.parts[0] == alert.fingerprint
        if is_own or not low <= alert.since <= high or not _LOAD.search(f"{alert.name} {alert.summary}"):
            continue
        if alert.model not in ("", case.symptom.model):
            continue
        own = Evidence(at=alert.since, text=alert.summary or alert.name, subject=written("alert", alert.fingerprint))
        yield Candidate(
            subject=own.subject, cause="load", kind="alert", title=alert.name, at=alert.since, evidence=(own,),
            link="name" if alert.model else "none",
            rules=(Why(factor=1.0, text=alert.summary or "it fires", evidence=(own,)),),
        )  # fmt: skip
