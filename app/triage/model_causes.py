"""Changes of what is in production: aliases that moved, versions, what a run was given."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from ..records import Evidence, Run
from ..store.model_events import called, entry_event, move_event
from ..store.state import Act
from .candidates import Candidate, Carrier, few, written
from .case import Case
from .code_causes import runs_around
from .upstream import Made, Moved
from .window import DAY, SKEW, Why, lasting

_NOISE: Final = re.compile(
    r"(?:^|[_.:/-])(?:seed|random_state|date|time|timestamp|now|run|run_id|run_name|id|uuid|path|dir|output|version|name|host"
    r"|user|tag|commit|sha|port|log|verbose|n_jobs|num_workers|workers|device|gpus?)(?:$|[_.:/-])",
    re.IGNORECASE,
)
"""Params that differ from run to run and mean nothing."""
ODD: Final = 1.25
"""What speaks for a move of an alias itself, whatever it carried."""
_SOON: Final = 3 * DAY
_CLEARLY: Final = 0.02
"""The share by which a figure is worse for people to mind."""
_GREATER: Final = re.compile(r"auc|acc|precision|recall|f1|r2|ap$|ndcg|score|lift|gain", re.IGNORECASE)
_SMALLER: Final = re.compile(r"loss|rmse|mae|mse|mape|error|latency|_ms$|brier|perplexity", re.IGNORECASE)
_BEFORE: Final = 4
"""Versions before, whose params tell whether one was always the same."""


def model_causes(case: Case) -> Iterator[Candidate]:
    """All of them for the model that is in trouble; of a run what it was given."""
    if case.subject.kind == "run":
        yield from _run_params(case)
    if case.symptom.model:
        yield from _moves(case)
        yield from _version(case)
        yield from _params(case)


# -- aliases ------------------------------------------------------------------------------------------------------


def _moves(case: Case) -> Iterator[Candidate]:
    for one in case.moves:
        began = one.at if one.not_before is None else one.not_before
        if began > case.symptom.until + SKEW or (one.at < case.provenance_since and one is not case.moved):
            continue
        event = ""
        if one.entry is not None:
            event = entry_event(one.entry).id
        elif one.move is not None and one.why is not None:
            event = move_event(one.move, one.why).id
        yield _moved(case, one, event)


def _moved(case: Case, one: Moved, event: str) -> Candidate:
    subject = written("alias", one.model, one.alias)
    before = f"{called(one.previous)} → " if one.previous else ""
    title = f"{before}{called(one.version)}" if one.version else f"{called(one.previous)} → gone"
    own = Evidence(at=one.at, text=f"{one.model}@{one.alias}: {title}", subject=f"event/{event}" if event else subject)
    versions = [
        Evidence(text=f"{one.model} {called(version)}", subject=written("model", one.model, version))
        for version in dict.fromkeys((one.version, one.previous))
        if version
    ]
    is_told = one.entry is not None
    return Candidate(
        subject=subject, cause=_cause(one), kind="promotion" if is_told and _cause(one) != "rollback" else (
            "rollback" if is_told else "alias"
        ),
        title=title, at=one.at, not_before=one.not_before, actor=one.entry.by.name if one.entry else "", event=event,
        link="id", names=frozenset({one.version} - {""}), rules=tuple(_told(case, one, own)),
        evidence=(own, *versions),
    )  # fmt: skip


def _cause(one: Moved) -> str:
    if one.entry is None:
        return "alias"
    return {"promotion": "promotion", "rollback": "rollback", "cancel": "rollback"}[one.entry.kind]


def _told(case: Case, one: Moved, own: Evidence) -> Iterator[Why]:
    """What is known of how it was decided, and what of it is unusual."""
    if one.entry is not None:
        yield from _gates(one, own)
    elif not one.version:
        yield Why(factor=1.1, text="the alias is gone, and nothing answers to it any more", evidence=(own,))
    elif one.is_kept:
        yield Why(factor=1.1, text="no entry of the ledger explains it: no gate was asked", evidence=(own,))
    else:
        yield Why(factor=0.85, text="nobody wrote down who moved it, or by which gates", evidence=(own,))
    if one is case.moved and one.version:
        yield from _unusual(case, one, own)
        yield from _worse(case, own)


def _gates(one: Moved, own: Evidence) -> Iterator[Why]:
    entry = one.entry
    if entry is None:
        return
    states = Counter(entry.gates.values())
    unmet = sum(states[word] for word in ("waived", "fail", "missing", "stale", "inconclusive"))
    told = ", ".join(f"{count} {_word(state)}" for state, count in _ordered(states))
    gates = "gate" if states["pass"] == 1 else "gates"
    text = told.replace(" passed", f" {gates} passed", 1) if told else "it was promoted without any gate"
    yield Why(factor=ODD if unmet else 1.0, text=text, evidence=(own,))
    if entry.reason:
        yield Why(factor=1.0, text=f"reason given: {entry.reason}", evidence=(own,))


def _unusual(case: Case, one: Moved, own: Evidence) -> Iterator[Why]:
    """An alias that nobody wrote down goes to the newest version soon after that was registered, as a rule."""
    if one.entry is not None or case.bad is None:
        return
    row = case.bad.row
    if case.is_return:
        yield Why(factor=ODD, text=f"it went back to {called(one.version)}, which is older", evidence=(own,))
        return
    born = row.version.created_at or one.at
    newer = case.newer(row, one.at)
    if newer:
        told = f"{called(newer)} was registered already, and it was moved to {called(one.version)}"
        yield Why(factor=ODD, text=told, evidence=(own,))
    elif one.at - born > _SOON:
        told = f"{called(one.version)} had been there for {lasting(one.at - born)}"
        yield Why(factor=ODD, text=told, evidence=(own,))


def _worse(case: Case, own: Evidence) -> Iterator[Why]:
    """The version before had measured better, by figures of which the name says what is better."""
    old, new = (one.run if one is not None else None for one in (case.good, case.bad))
    if old is None or new is None:
        return
    worse = []
    for key in sorted(old.metrics.keys() & new.metrics.keys()):
        before, after = old.metrics[key].value, new.metrics[key].value
        way = 1 if _GREATER.search(key) else -1 if _SMALLER.search(key) else 0
        if way * (before - after) > _CLEARLY * abs(before):
            worse.append(f"{key} {before:.4g} → {after:.4g}")
    if worse:
        runs = tuple(Evidence(text=run.name or run.id, subject=written("run", run.id)) for run in (new, old))
        yield Why(factor=ODD, text=f"it had measured worse than the one before: {few(worse)}", evidence=(own, *runs))


def _ordered(states: Mapping[str, int]) -> list[tuple[str, int]]:
    order = ("pass", "warn", "waived", "fail", "missing", "stale", "inconclusive")
    return sorted(states.items(), key=lambda item: (order.index(item[0]) if item[0] in order else 9, item[0]))


def _word(state: str) -> str:
    return {"pass": "passed", "warn": "warned", "fail": "failed"}.get(state, state)


def _version(case: Case) -> Iterator[Candidate]:
    """Where nobody saw an alias move: the newest version that was registered before."""
    if case.moved is not None or case.arrived is None or case.carrier is None or case.bad is None or case.good is None:
        return
    row = case.bad.row.version
    own = Evidence(
        at=row.created_at, text=f"{row.model} {called(row.version)} registered",
        subject=written("model", row.model, row.version),
    )  # fmt: skip
    told = f"{called(row.version)} is the newest, and no alias says which is in production"
    if case.alias:
        told = f"{called(row.version)} was registered then; nobody saw when {case.alias} came to show it"
    yield Candidate(
        subject=case.carrier.subject, cause="version", kind="alias" if case.alias else "version", actor=row.user or "",
        title=f"{called(case.good.version)} → {called(row.version)}", at=case.arrived[1], link="id",
        names=frozenset({row.version}), rules=(Why(factor=1.0, text=told, evidence=(own,)),), evidence=(own,),
    )  # fmt: skip


# -- params -------------------------------------------------------------------------------------------------------


def _params(case: Case) -> Iterator[Candidate]:
    """What the run of the bad version was given otherwise than that of the good one."""
    if not case.carries or case.good is None or case.bad is None:
        return
    if case.good.run is not None and case.bad.run is not None:
        steady = _steady(case, case.bad.run)
        yield from _differing(case.good.run, case.bad.run, steady, case.carrier)


def _run_params(case: Case) -> Iterator[Candidate]:
    """What a run was given otherwise than the last of its experiment that finished."""
    new, old = runs_around(case)
    if new is not None and old is not None:
        yield from _differing(old, new, frozenset(), None)


def _differing(old: Run, new: Run, steady: frozenset[str], carrier: Carrier | None) -> Iterator[Candidate]:
    if not old.params or not new.params:
        return
    differ = {key for key in {*old.params, *new.params} if not _alike(old.params.get(key), new.params.get(key))}
    told = sorted(key for key in differ if not _NOISE.search(key))
    if not told:
        return
    order = sorted(told, key=lambda key: (key not in steady, -_size(old.params.get(key), new.params.get(key)), key))
    yield _given(old, new, order, steady & set(told), carrier)


def _given(old: Run, new: Run, keys: list[str], steady: frozenset[str], carrier: Carrier | None) -> Candidate:
    words = [f"{key} {old.params.get(key, 'none')} → {new.params.get(key, 'none')}" for key in keys]
    at = new.started_at if new.started_at is not None else new.ended_at or 0
    own = Evidence(at=at, text=f"{new.name or new.id}: {few(words, 4)}", subject=written("run", new.id))
    other = Evidence(at=old.started_at, text=f"{old.name or old.id} had the others", subject=written("run", old.id))
    size = max(_size(old.params.get(key), new.params.get(key)) for key in keys)
    rules = [Why(factor=1.1 if size >= 1 else 0.75 if size < 0.1 else 1.0, text=few(words), evidence=(own, other))]
    if steady:
        told = f"{few(sorted(steady))} had been the same in the versions before"
        rules.append(Why(factor=1.1, text=told, evidence=(own, other)))
    elif len(keys) > 3:
        told = f"but {len(keys)} params differ, as they do from version to version"
        rules.append(Why(factor=0.8, text=told, evidence=(own, other)))
    return Candidate(
        subject=own.subject, cause="params", kind="params", title=few(words), at=at, actor=new.user or "",
        link="digest", carrier=carrier, names=frozenset(keys), rules=tuple(rules), evidence=(own, other),
    )  # fmt: skip


def _alike(one: str | None, other: str | None) -> bool:
    if one == other:
        return True
    try:
        return one is not None and other is not None and float(one) == float(other)
    except ValueError:
        return False


def _size(one: str | None, other: str | None) -> float:
    """How much of a change it is: 1 for twice or half as much, and for what is no number."""
    try:
        low, high = sorted((abs(float(one or "")), abs(float(other or ""))))
    except ValueError:
        return 1.0
    return high / low - 1 if low else 1.0


def _steady(case: Case, new: Run) -> frozenset[str]:
    """Those that the versions before all had alike, where two of them at least tell."""
    rows = case.reader.models.version_ids(case.good.row.model_rowid) if case.good is not None else []
    found = rows.index(case.good.row.rowid) if case.good is not None and case.good.row.rowid in rows else 0
    versions = case.reader.models.versions(rows[found : found + _BEFORE])
    runs = case.reader.runs([row.run for row in versions if row.run is not None])
    if len(runs) < 2:
        return frozenset()
    return frozenset(
        key
        for key in runs[0].params
        if len({run.params.get(key) for run in runs}) == 1 and not _alike(runs[0].params.get(key), new.params.get(key))
    )


_LEDGERED: Final = frozenset({"promote", "rollback", "ask_approval", "approve_plan", "waive"})
"""Acts of which the ledger tells."""


# -- what was done by hand ----------------------------------------------------------------------------------------


def act_causes(case: Case) -> Iterator[Candidate]:
    """What somebody here did to the registry, as the journal has it."""
    if not case.symptom.model:
        return
    for act in case.state.acts_since(case.symptom.reach):
        told = act.act in _LEDGERED or act.state != "done"
        if act.at <= case.symptom.until + SKEW and not told and _concerns(act, case.symptom.model):
            own = Evidence(at=act.at, text=f"{act.act} {act.subject}", subject=act.subject)
            yield Candidate(
                subject=act.subject, cause="registry act", kind="act", title=act.act, at=act.at, link="id",
                rules=(Why(factor=0.6, text="it was done from here, as the journal says", evidence=(own,)),),
                evidence=(own,),
            )  # fmt: skip


def _concerns(act: Act, model: str) -> bool:
    return act.subject.startswith((f"{written('model', model)}/", written("alias", model, "")))


def version_words(made: Made | None) -> str:
    """`v13`."""
    return "" if made is None else called(made.version)
