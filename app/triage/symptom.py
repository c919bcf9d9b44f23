"""What is wrong, and between which moments it became so: of an attention, or of any thing that can be spoken of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from ..records import Attention, Check, Evidence, Job, Millis, MonitorSeries, Pipeline, Stack, Subject, parse_subject
from ..store.cause_reads import CauseReads
from ..store.reading import Reader
from ..store.state import State
from .causes import Family
from .failing_words import words_of_pipeline
from .outlook import Outlook
from .upstream import moves_of
from .window import DAY, HOUR, WEEK, Symptom, left_band

_FAMILIES: Final[Mapping[str, Family]] = {
    "threshold": "operational", "burn": "operational", "alert": "operational", "series stale": "silence",
    "alias vanished": "alias", "alias unexplained": "alias", "promoted with waiver": "alias",
    "pipeline failed": "pipeline", "pipeline waits": "any", "check failing": "check", "check could not run": "check",
    "check silent": "silence", "check loosened": "any", "run failed": "run", "run stuck": "run",
    "drift": "infrastructure", "apply failed": "infrastructure", "source trouble": "silence", "data stale": "silence",
    "no sync": "silence",
}  # fmt: skip
"""Signal kinds as symptoms; of lines and alerts what they speak of decides (`_series`, `_alert`)."""
_QUALITY: Final = re.compile(
    r"precision|recall|accura|\bauc\b|\bf1\b|calibrat|drift|quality|conversion|revenue|churn rate|rmse|\bmae\b|lift"
    r"|score",
    re.IGNORECASE,
)
"""What an alert is called that speaks of what a model is good for."""
FRESH: Final = re.compile(
    r"fresh|recen|stale|\bage\b|_age_|\barriv|\brows?\b|row_?count|\blag\b|latest|max_timestamp", re.IGNORECASE
)
"""What a line of when data came, or how much, is called."""
_UNITS: Final[Mapping[str, Millis]] = {
    "ms": 1, "s": 1_000, "sec": 1_000, "seconds": 1_000, "m": 60_000, "min": 60_000, "minutes": 60_000, "h": HOUR,
    "hours": HOUR, "d": DAY, "days": DAY,
}  # fmt: skip
_AGED: Final = re.compile(rf"\s*(\d+(?:\.\d+)?) ?({'|'.join(sorted(_UNITS, key=len, reverse=True))})\b")
"""What such a check says that it observed: 73 h."""
_LOOK_BACK: Final[Mapping[str, Millis]] = {"business": 21 * DAY, "operational": 2 * DAY}
_POINTS: Final = 1_000


def symptom_of_attention(reader: Reader, what: Attention, outlook: Outlook) -> Symptom:
    """By its leading signal; by its own times where it has none."""
    lead = what.signals[0] if what.signals else None
    subject = parse_subject(lead.subject if lead is not None else what.subject)
    since = lead.since if lead is not None else what.since
    good = lead.not_before if lead is not None else what.not_before
    kind = lead.kind if lead is not None else ""
    base = Symptom(
        subject=str(subject), family=_FAMILIES.get(kind, "any"), since=_start(good, since), until=since, good_at=good
    )  # fmt: skip
    if lead is not None:
        base = replace(base, model=lead.model, version=lead.version, alias=lead.alias)
    return with_facts(reader, base, outlook)


def _start(good: Millis | None, bad: Millis) -> Millis:
    """From when on it may have been caused: since it was last good, else some time before."""
    return bad - DAY if good is None else min(good, bad)


def with_facts(reader: Reader, symptom: Symptom, outlook: Outlook) -> Symptom:
    """The same with what the cache says of the thing itself: kinds of lines, models of alerts, words of jobs."""
    subject = parse_subject(symptom.subject)
    if subject.kind == "series":
        series = reader.monitors.one(subject.parts[0])
        if series is None:
            return symptom
        model = symptom.model or series.model or _named_model(reader, outlook, series.labels.values())
        return _of_series(reader, replace(symptom, model=model), series)
    if subject.kind == "alert":
        alert = reader.monitors.alert(subject.parts[0])
        if alert is None:
            return symptom
        speaks = _QUALITY.search(f"{alert.name} {alert.summary}") is not None
        model = symptom.model or alert.model or _named_model(reader, outlook, (alert.name, *alert.labels.values()))
        return replace(symptom, family="business" if speaks else "operational", model=model)
    if subject.kind in ("model", "alias") and not symptom.model:
        symptom = replace(symptom, model=subject.parts[0])
    if subject.kind == "alias":
        return replace(symptom, alias=subject.parts[1])
    if subject.kind == "resource":
        return _of_stack(replace(symptom, stack=subject.parts[0]), reader.infra.stack(subject.parts[0]))
    if subject.kind in ("check", "result") and symptom.family == "check":
        return _of_check(reader, symptom, subject)
    if subject.kind in ("pipeline", "job"):
        words, where = words_of_pipeline(reader, subject)
        return _of_stack(replace(symptom, words=words, said_by=where), _stack_that_failed(reader, symptom, subject))
    return symptom


def _of_check(reader: Reader, symptom: Symptom, subject: Subject) -> Symptom:
    """A check that says how old the newest of the data is: it is of what does not come, since that came."""
    rowid = reader.checks.find(subject.parts[0].partition(".")[0])
    row = next(iter(reader.checks.rows([rowid])), None) if rowid is not None else None
    if row is None or not FRESH.search(row.check.name):
        return symptom
    told = _AGED.match(row.check.newest.observed or "")
    if told is None:
        return symptom
    came = row.check.checked_at - round(float(told[1]) * _UNITS[told[2]])
    since = min(symptom.since, max(came, symptom.until - WEEK))
    return replace(symptom, family="silence", since=since, good_at=since, came_at=came)


def _of_stack(symptom: Symptom, stack: Stack | None) -> Symptom:
    """With what its plan or apply ended with."""
    if stack is None:
        return symptom
    said = [Evidence(at=stack.planned_at, text=one, subject=symptom.subject) for one in stack.errors[:2]]
    family: Family = "infrastructure" if symptom.is_wrong else symptom.family
    words = "\n".join((symptom.words, *stack.errors)).strip()
    return replace(symptom, family=family, stack=stack.name, words=words, said_by=(*symptom.said_by, *said))


def _stack_that_failed(reader: Reader, symptom: Symptom, subject: Subject) -> Stack | None:
    """Of a pipeline that failed because the plan or the apply did that it ran: the stack of that."""
    found = reader.pipelines.job(subject.parts[0]) if subject.kind == "job" else None
    rowid = (
        reader.pipelines.find(subject.parts[0]) if subject.kind == "pipeline" else None if found is None else found[0]
    )
    if not symptom.is_wrong or rowid is None:
        return None
    ids = {row.pipeline.id for row in reader.pipelines.rows([rowid])}
    return next((one for one in reader.infra.stacks() if one.status == "failed" and one.pipeline_id in ids), None)


def _named_model(reader: Reader, outlook: Outlook, words: Iterable[str]) -> str:
    """The registered model that one of these words is, else the only one that is in production; "" where none is."""
    rows = reader.models.models()
    names = {row.model.name for row in rows}
    named = next((word for word in words if word in names), "")
    here = [row.model.name for row in rows if any(alias in row.model.aliases for alias in outlook.aliases)]
    return named or (here[0] if len(here) == 1 else "")


def _of_series(reader: Reader, symptom: Symptom, series: MonitorSeries) -> Symptom:
    """With its label delay, and from when it left its usual band where it slid."""
    family: Family = symptom.family
    if family == "operational":
        family = _family_of(series)
    delay = series.label_delay or 0
    found = replace(
        symptom, family=family, model=symptom.model or series.model, version=symptom.version or series.version,
        delay=delay, since=symptom.since - delay, series=series.key, step=series.step,
    )  # fmt: skip
    if family == "silence":
        return replace(found, delay=0, since=symptom.since - _age(series))
    left = _left(reader, series, symptom.until, family)
    if left is None:
        return found
    return replace(found, since=left[0] - delay, good_at=left[0], until=left[1], crossed_at=symptom.until)


def _family_of(series: MonitorSeries) -> Family:
    if _QUALITY.search(series.name):
        return "business"
    return "silence" if FRESH.search(series.name) else series.kind


def _age(series: MonitorSeries) -> Millis:
    """Of a line of how old something is: how old it is when it breaks the threshold. So long before, it came last."""
    unit = _UNITS.get(series.unit.strip().casefold(), 0)
    is_age = FRESH.search(series.name) is not None and series.max is not None
    return min(round((series.max or 0.0) * unit), WEEK) if is_age else 0


def _left(reader: Reader, series: MonitorSeries, crossed: Millis, family: Family) -> tuple[Millis, Millis] | None:
    points = reader.monitors.thinned(
        series.key, crossed - _LOOK_BACK.get(family, WEEK), crossed + 1, _POINTS
    )  # fmt: skip
    low = series.min is not None or series.objective is not None
    bound = series.objective if series.objective is not None else series.min if low else series.max
    found = left_band(points.times, points.shares(), crossed, bound, low_is_bad=low)
    return None if found is None else (found.good_at, found.bad_at)


# -- of things ----------------------------------------------------------------------------------------------------


def symptom_of_subject(reader: Reader, state: State, what: Subject, outlook: Outlook, now: Millis) -> Symptom:
    """What is wrong with a thing, else the window of its last change, else the last seven days."""
    of = _OF.get(what.kind)
    found = of(reader, state, what, now) if of is not None else None
    if found is None:
        found = _calm(what, now - WEEK, now)
    return with_facts(reader, found, outlook)


def _calm(what: Subject, since: Millis, until: Millis, **rest: Any) -> Symptom:
    return Symptom(subject=str(what), family="any", since=since, until=until, is_wrong=False, **rest)


def _bad(what: Subject, family: Family, good: Millis | None, bad: Millis, **rest: Any) -> Symptom:
    return Symptom(subject=str(what), family=family, since=_start(good, bad), until=bad, good_at=good, **rest)


def _series(reader: Reader, state: State, what: Subject, now: Millis) -> Symptom | None:
    series = reader.monitors.one(what.parts[0])
    if series is None:
        return None
    if series.bad_since is not None:
        return _bad(what, "operational", series.last_good_at, series.bad_since)
    stretches = reader.monitors.stretches(series.key, now - WEEK, now)
    if stretches:
        began = stretches[-1][0]
        return _bad(what, "operational", None, began)
    return _calm(what, now - WEEK, now, model=series.model, version=series.version)


def _alert(reader: Reader, state: State, what: Subject, now: Millis) -> Symptom | None:
    alert = reader.monitors.alert(what.parts[0])
    return None if alert is None else _bad(what, "operational", None, alert.since, model=alert.model)


def _check(reader: Reader, state: State, what: Subject, now: Millis) -> Symptom | None:
    rowid = reader.checks.find(what.parts[0].partition(".")[0])
    row = next(iter(reader.checks.rows([rowid])), None) if rowid is not None else None
    if row is None:
        return None
    one: Check = row.check
    if one.first_failed_at is not None:
        return _bad(what, "check", one.first_failed_not_before or one.last_passed_at, one.first_failed_at)
    if (silent := one.silent_since(now)) is not None:
        return _bad(what, "silence", one.checked_at, silent)
    if one.rule_changed_at is not None and one.rule_changed_at > now - 4 * WEEK:
        return _calm(what, one.rule_changed_not_before or one.rule_changed_at - DAY, one.rule_changed_at)
    return None


def _pipeline(reader: Reader, state: State, what: Subject, now: Millis) -> Symptom | None:
    rowid = reader.pipelines.find(what.parts[0]) if what.kind == "pipeline" else None
    if what.kind == "job":
        found = reader.pipelines.job(what.parts[0])
        rowid = None if found is None else found[0]
    broken = None if rowid is None else reader.pipelines.broke(rowid)
    if rowid is None or broken is None:
        return None if rowid is None else _calm_pipeline(reader, what, rowid)
    ids = [broken.first_bad, *([broken.last_green] if broken.last_green is not None else [])]
    rows = {row.rowid: row.pipeline for row in reader.pipelines.rows(ids)}
    bad, green = rows[broken.first_bad], rows.get(broken.last_green or 0)
    return _bad(what, "pipeline", None if green is None else _began(green), _ended(bad))


def _calm_pipeline(reader: Reader, what: Subject, rowid: int) -> Symptom | None:
    row = next(iter(reader.pipelines.rows([rowid])), None)
    green = reader.pipelines.last_green(rowid)
    before = next(iter(reader.pipelines.rows([green])), None) if green is not None else None
    if row is None:
        return None
    until = _ended(row.pipeline)
    return _calm(what, _began(before.pipeline) if before is not None else until - DAY, until)


def _began(one: Pipeline | Job) -> Millis:
    created = one.created_at if isinstance(one, Pipeline) else one.queued_at
    return next((at for at in (one.started_at, created, one.ended_at) if at is not None), 0)


def _ended(one: Pipeline | Job) -> Millis:
    return one.ended_at if one.ended_at is not None else _began(one)


def _run(reader: Reader, state: State, what: Subject, now: Millis) -> Symptom | None:
    run = next(iter(reader.runs(reader.rowids([what.parts[0]])[:1])), None)
    if run is None:
        return None
    until = run.ended_at or run.started_at or now
    began = run.started_at or until
    if run.status == "failed":
        return _bad(what, "run", None, until)
    return _calm(what, began - DAY, until)


def _production(reader: Reader, state: State, what: Subject, now: Millis) -> Symptom | None:
    """A model, version or alias: a line of it that is bad, the alias that moved last, else what was registered."""
    name, version = what.parts[0], what.parts[1] if what.kind == "model" and len(what.parts) > 1 else ""
    lines = [one for one in reader.monitors.series() if one.model == name and one.bad_since is not None]
    lines = [one for one in lines if version in ("", one.version) or not one.version]
    worst = min(lines, key=lambda one: (one.kind != "business", one.bad_since, one.key), default=None)
    if worst is not None and worst.bad_since is not None:
        family: Family = "business" if worst.kind == "business" else "operational"
        found = _bad(what, family, worst.last_good_at, worst.bad_since, model=name)
        return replace(_of_series(reader, found, worst), subject=str(what))
    alias = what.parts[1] if what.kind == "alias" else ""
    row = reader.models.model(name)
    if row is None and not alias:
        return None
    aliases = [alias] if alias else sorted(row.model.aliases) if row is not None else []
    moves = [one for word in aliases for one in moves_of(reader, state, name, word) if version in ("", one.version)]
    last = max(moves, key=lambda one: (one.at, one.alias), default=None)
    if last is None:
        known = reader.models.version(name, version) if version else None
        at = known.version.created_at if known is not None else None
        return _calm(what, now - WEEK, now, model=name) if at is None else _calm(what, at - DAY, at, model=name)
    low = last.not_before if last.not_before is not None else last.at - HOUR
    return _calm(what, low, last.at, model=name, alias=last.alias, version=last.version)


def _dataset(reader: Reader, state: State, what: Subject, now: Millis) -> Symptom | None:
    name, digest = what.parts
    came = CauseReads(reader.connection).data_times([name], now + 1, 200)
    at = next((one.at for one in came if one.digest == digest), None)
    return None if at is None else _calm(what, at - DAY, at)


def _commit(reader: Reader, state: State, what: Subject, now: Millis) -> Symptom | None:
    commit = reader.commit(what.parts[0])
    return None if commit is None else _calm(what, commit.committed_at - DAY, commit.committed_at + HOUR)


def _resource(reader: Reader, state: State, what: Subject, now: Millis) -> Symptom | None:
    stack = reader.infra.stack(what.parts[0])
    if stack is None:
        return None
    at = stack.planned_at or stack.applied_at or stack.read_at
    if stack.status in ("drifted", "failed") and at is not None:
        good = stack.applied_at if stack.applied_at is not None and stack.applied_at < at else None
        return _bad(what, "infrastructure", good, at)
    return None if stack.applied_at is None else _calm(what, stack.applied_at - DAY, stack.applied_at)


def _source(reader: Reader, state: State, what: Subject, now: Millis) -> Symptom | None:
    found = next((one for one in reader.source_states() if what.parts[0] in (one.source, one.name)), None)
    if found is None or found.state in ("ok", "limited") or found.last_ok_at is None:
        return None
    return _bad(what, "silence", found.last_ok_at, found.last_ok_at + HOUR)


_OF: Final[Mapping[str, Callable[[Reader, State, Subject, Millis], Symptom | None]]] = {
    "series": _series, "alert": _alert, "check": _check, "result": _check, "pipeline": _pipeline, "job": _pipeline,
    "run": _run, "model": _production, "alias": _production, "dataset": _dataset, "commit": _commit,
    "resource": _resource, "source": _source,
}  # fmt: skip


def is_known(reader: Reader, state: State, what: Subject) -> bool:
    """Whether the cache, or what only we have seen, has such a thing; kinds that are always known are."""
    name = what.parts[0]
    if what.kind in ("model", "alias"):
        alias = what.parts[1] if what.kind == "alias" else None
        version = what.parts[1] if what.kind == "model" and len(what.parts) > 1 else None
        row = reader.models.model(name)
        if version is not None:
            return reader.models.version(name, version) is not None
        return (row is not None and (alias is None or alias in row.model.aliases)) or bool(
            state.alias_moves(name, alias, limit=1)
        )
    known = _KNOWN.get(what.kind)
    return known is None or known(reader, what.parts)


_KNOWN: Final[Mapping[str, Callable[[Reader, tuple[str, ...]], bool]]] = {
    "run": lambda reader, parts: bool(reader.rowids([parts[0]])),
    "pipeline": lambda reader, parts: reader.pipelines.find(parts[0]) is not None,
    "job": lambda reader, parts: reader.pipelines.job(parts[0]) is not None,
    "check": lambda reader, parts: reader.checks.find(parts[0]) is not None,
    "result": lambda reader, parts: reader.checks.find(parts[0].partition(".")[0]) is not None,
    "commit": lambda reader, parts: reader.commit(parts[0]) is not None,
    "series": lambda reader, parts: reader.monitors.one(parts[0]) is not None,
    "alert": lambda reader, parts: reader.monitors.alert(parts[0]) is not None,
    "resource": lambda reader, parts: reader.infra.stack(parts[0]) is not None,
    "experiment": lambda reader, parts: any(row.experiment.id == parts[0] for row in reader.experiments()),
    "source": lambda reader, parts: any(parts[0] in (one.source, one.name) for one in reader.source_states()),
}
