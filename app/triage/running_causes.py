"""Changes of what things run on, and of what runs before them: infrastructure, pipelines upstream, load."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..records import Event, Evidence, Millis, Stack, parse_subject
from ..store.pipelines import PipelineRow
from .candidates import Candidate, Link, few, stem, written
from .case import Case
from .window import SKEW, Symptom, Why, lasting

_LOOKED_AT: Final = 2_000
"""Pipelines that failed in the window among which those that broke are looked for."""
_LOAD: Final = re.compile(
    r"satur|cpu|memory|\bmem\b|\boom\b|queue|backlog|\brps\b|\bqps\b|request(?:s)? per|request rate|traffic|throughput"
    r"|load|disk|gpu|connections|throttl|restart|evict|replica|node|pod|capacity|quota",
    re.IGNORECASE,
)
"""What a line or an alert is called that is nearer to a cause than latency is."""
_BRINGS: Final = frozenset({
    "ingest", "ingestion", "etl", "elt", "extract", "load", "export", "import", "sync", "dbt", "warehouse", "airbyte",
    "fivetran", "materialize", "features", "feature", "prepare", "refresh",
})  # fmt: skip
"""What a pipeline, or a job of it that failed, is called that brings data."""
_SERVING: Final = re.compile(r"serv|prod|infer|predict|api|endpoint|online|gateway", re.IGNORECASE)


def running_causes(case: Case) -> Iterator[Candidate]:
    """All of them."""
    yield from _infrastructure(case)
    yield from _pipelines(case)
    yield from _load(case)


# -- infrastructure -------------------------------------------------------------------------------------------------


def _infrastructure(case: Case) -> Iterator[Candidate]:
    stacks = {stack.name: stack for stack in case.reader.infra.stacks()}
    told: set[str] = set()
    for event in case.infra_events:
        found = next((parse_subject(ref.subject) for ref in event.refs if ref.role in ("resource", "stack")), None)
        if found is not None:
            told.add(found.parts[0])
            yield _event(case, event, found.parts[0], stacks.get(found.parts[0]))
    for stack in stacks.values():
        if stack.name not in told and stack.status == "drifted" and case.subject.kind != "resource":
            yield from _drifted(case, stack)
        at = stack.applied_at
        if stack.name not in told and at is not None and case.symptom.reach <= at <= case.symptom.until + SKEW:
            yield _applied(case, stack, at)


def _event(case: Case, event: Event, name: str, stack: Stack | None) -> Candidate:
    is_drift = event.kind == "infrastructure drifted"
    resources = [ref.subject for ref in event.refs if ref.role == "resource"]
    own = Evidence(at=event.at, text=event.title, subject=f"event/{event.id}")
    parts = [Evidence(text=parse_subject(one).parts[-1], subject=one) for one in resources[:5]]
    told = few(parse_subject(one).parts[-1] for one in resources) if resources else event.title
    return Candidate(
        subject=resources[0] if len(resources) == 1 else written("resource", name),
        cause="drift" if is_drift else "infrastructure", kind="infrastructure", title=event.title, at=event.at,
        not_before=event.not_before, actor=event.actor or "", event=event.id, link=_link(case, name, stack),
        names=frozenset({name, *resources}), evidence=(own, *parts),
        rules=(Why(factor=1.05 if resources else 1.0, text=told, evidence=(own, *parts)),
               *_elsewhere(case, stack, own)),
    )  # fmt: skip


def _applied(case: Case, stack: Stack, at: Millis) -> Candidate:
    own = Evidence(at=at, text=f"{stack.name} was applied", subject=written("resource", stack.name))
    code = (
        [Evidence(text="the commit that was applied", subject=written("commit", stack.commit))] if stack.commit else []
    )
    return Candidate(
        subject=own.subject, cause="infrastructure", kind="infrastructure", title=f"{stack.name} applied", at=at,
        link=_link(case, stack.name, stack), names=frozenset({stack.name}), evidence=(own, *code),
        rules=(Why(factor=1.0, text=f"{stack.tool} applied {stack.name}", evidence=(own, *code)),
               *_elsewhere(case, stack, own)),
    )  # fmt: skip


def _drifted(case: Case, stack: Stack) -> Iterator[Candidate]:
    """What a plan found changed outside of the code, and nobody saw when."""
    at = stack.planned_at or stack.read_at
    if at is None or (at if stack.applied_at is None else stack.applied_at) > case.symptom.until + SKEW:
        return
    whole = case.reader.infra.stack(stack.name) or stack
    addresses = [one.address for one in whole.resources if one.drift]
    own = Evidence(at=at, text=f"{stack.name} drifted", subject=written("resource", stack.name))
    parts = [Evidence(text=one, subject=written("resource", stack.name, one)) for one in addresses[:5]]
    told = f"{few(addresses)} changed outside of the code" if addresses else "it changed outside of the code"
    yield Candidate(
        subject=written("resource", stack.name, *addresses) if len(addresses) == 1 else own.subject, cause="drift",
        kind="infrastructure", title=f"{stack.name} drifted", at=at, not_before=stack.applied_at,
        link=_link(case, stack.name, stack), names=frozenset({stack.name}), evidence=(own, *parts),
        rules=(Why(factor=1.05 if addresses else 1.0, text=told, evidence=(own, *parts)),
               *_elsewhere(case, stack, own)),
    )  # fmt: skip


def _link(case: Case, name: str, stack: Stack | None) -> Link:
    """By what the model, or whatever it is about, stands on the stack."""
    model = case.symptom.model
    if case.subject.kind == "resource":
        return "id" if case.subject.parts[0] == name else "none"
    named = case.outlook.stacks.get(name, ()) or (stack.models if stack is not None else ())
    if model and named:
        return "declared" if model in named else "none"
    if model and model.casefold() in name.casefold():
        return "name"
    return "name" if case.symptom.family == "operational" and _SERVING.search(name) else "none"


def _elsewhere(case: Case, stack: Stack | None, own: Evidence) -> Iterator[Why]:
    here = case.outlook.environment
    if stack is None:
        return
    if here and stack.environment and stack.environment != here:
        yield Why(factor=0.15, text=f"but {stack.name} is {stack.environment}, not {here}", evidence=(own,))
    named = case.outlook.stacks.get(stack.name, ()) or stack.models
    if case.symptom.model and named and case.symptom.model not in named:
        yield Why(factor=0.3, text=f"but {stack.name} serves {few(named)}", evidence=(own,))


# -- pipelines ------------------------------------------------------------------------------------------------------


def _pipelines(case: Case) -> Iterator[Candidate]:
    """Pipelines that broke before: what they should have brought did not come."""
    symptom = case.symptom
    own = case.subject.parts[0] if case.subject.kind in ("pipeline", "job") else ""
    broken = case.reads.broke(symptom.reach, symptom.until + SKEW, _LOOKED_AT)
    rows = {row.rowid: row for row in case.reader.pipelines.rows([one.rowid for one in broken][:100])}
    watched = {ref.name for ref in case.reader.refs() if ref.kind == "branch" and ref.watched}
    producers = {name for called in case.all_called() for name in case.reads.pipelines_of_checks(called)}
    for one in broken[:100]:
        row = rows[one.rowid]
        if row.pipeline.id == own or (own and row.pipeline.name == _name_of(case)):
            continue
        if watched and row.pipeline.branch and row.pipeline.branch not in watched:
            continue
        yield _broke(case, row, producers)


def _name_of(case: Case) -> str:
    """Of the pipeline that it is about."""
    if case.subject.kind == "job":
        found = case.reader.pipelines.job(case.subject.parts[0])
        rowid = None if found is None else found[0]
    else:
        rowid = case.reader.pipelines.find(case.subject.parts[0])
    row = next(iter(case.reader.pipelines.rows([rowid])), None) if rowid is not None else None
    return row.pipeline.name if row is not None else ""


def _broke(case: Case, row: PipelineRow, producers: set[str]) -> Candidate:
    one = row.pipeline
    at = one.ended_at or one.started_at or one.created_at or 0
    jobs = [job for job in one.jobs or () if job.status == "failed" and not job.may_fail]
    where = f" on {one.branch}" if one.branch else ""
    own = Evidence(at=at, text=f"{one.name} failed{where}", subject=written("pipeline", one.id))
    logs = [Evidence(at=job.ended_at, text=f"{job.name} failed", subject=written("job", job.id)) for job in jobs[:3]]
    code = [Evidence(text="on this commit", subject=written("commit", one.commit))] if one.commit else []
    evidence = (own, *logs, *code)
    link, why = _of_pipeline(case, row, producers)
    told = f"{few(job.name for job in jobs)} failed" if jobs else "it had passed before"
    passed = case.reads.recovered_after(row.rowid)
    return Candidate(
        subject=own.subject, cause="pipeline broke", kind="pipeline", title=f"{one.name} broke{where}", at=at,
        actor=one.actor, link=link, names=frozenset({one.name}), evidence=evidence,
        lasts=passed is None or passed > case.symptom.until,
        rules=(Why(factor=1.0, text=told, evidence=evidence), *_since(case.symptom, passed, at, own),
               *([Why(factor=1.05, text=why, evidence=(own,))] if why else [])),
    )  # fmt: skip


def _of_pipeline(case: Case, row: PipelineRow, producers: set[str]) -> tuple[Link, str]:
    """By what it is known that a pipeline makes what lies upstream."""
    one = row.pipeline
    if one.name in producers:
        return "id", "it checks the data on the path"
    words = set(re.split(r"[^0-9a-z]+", " ".join([one.name, *(job.name for job in one.jobs or ())]).casefold()))
    stems = {stem(name): name for name in case.all_called()} | {case.symptom.model.casefold(): case.symptom.model}
    named = [name for word, name in stems.items() if len(word) > 2 and word in words]
    if named:
        return "name", f"it is named after {named[0]}"
    return ("name", "it is named after what brings data") if words & _BRINGS else ("none", "")


def _since(symptom: Symptom, passed: Millis | None, ended: Millis, own: Evidence) -> Iterator[Why]:
    if passed is None or passed > symptom.until:
        yield Why(factor=1.1, text="it had not passed again when it became bad", evidence=(own,))
    else:
        yield Why(factor=0.5, text=f"but it passed again after {lasting(passed - ended)}", evidence=(own,))


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
