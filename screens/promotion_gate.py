"""All that is known of one gate, as lines: below its row, or beside the gates. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..app.deciding import Decision
from ..app.promotion import Gate, Situation
from ..app.promotion.words import about, called, figure, sworn
from ..app.text import clip, pad, shown
from ..widgets.figures import age, moment
from ..widgets.line import Piece
from .check_words import tool
from .pipeline_columns import called as called_pipeline
from .promotion_lines import gate_sign
from .run_details import Lines, Sight, wrap

STATES: Final = {
    "pass": "what is demanded is met",
    "warn": "it is to be known, and stops nothing",
    "fail": "what is demanded is not met",
    "missing": "it cannot be known now, and so it does not pass",
    "stale": "what was found is too old to count",
    "inconclusive": "what was found does not tell",
    "waived": "somebody lets it go unmet",
}
"""What the state of a gate means."""

_NAMES: Final = 12


def gate_lines(gate: Gate, decision: Decision, sight: Sight) -> Lines:
    """What its row has no room for."""
    lines: Lines = []
    for name, text in _facts(gate, decision, sight):
        lead = pad(name, _NAMES)
        for piece in wrap(text, max(12, sight.width - _NAMES - 5)) or ["–"]:
            lines.append([(f"  {lead}", "dim"), (piece, "text")])
            lead = " " * _NAMES
    return lines


def gate_page(gate: Gate, decision: Decision, sight: Sight) -> Lines:
    """The same with a title."""
    mark, role = gate_sign(gate)
    title: list[Piece] = [(f" {mark} {clip(gate.id, max(12, sight.width - 24))}", role), (f"  {gate.state}", "dim")]
    return [title, [], *gate_lines(gate, decision, sight)]


def _facts(gate: Gate, decision: Decision, sight: Sight) -> Iterator[tuple[str, str]]:
    yield "says", gate.sentence
    stops = "" if gate.blocks or gate.state == "pass" else "; it stops nothing"
    yield gate.state, f"{STATES[gate.state]}{'' if gate.binds else stops}"
    if gate.bound:
        yield "demanded", gate.bound
    if isinstance(gate.value, float):
        before = called(decision.plan.from_version)
        against = f", and {figure(gate.against)} of {before}" if gate.against is not None else ""
        yield "found", f"{figure(gate.value)}{against}"
    if gate.at is not None:
        yield "from", f"{moment(gate.at, sight.now, sight.zone)} ({age(gate.at, sight.now)})"
    if gate.id == "approval":
        yield from _approvals(decision, sight)
    if gate.waived is not None:
        until = moment(gate.waived.until, sight.now, sight.zone)
        yield "waived", f"by {sworn(gate.waived.by)} until {until}: {shown(gate.waived.why)}"
    elif gate.waivable and gate.blocks:
        yield "waiver", f":waive {shown(gate.id)} lets it go unmet, where the policy names you"
    names = names_of(decision.situation)
    for at, subject in enumerate(gate.evidence):
        yield "" if at else "evidence", names.get(subject) or shown(subject)
    for note in gate.notes:
        yield "note", note


def names_of(situation: Situation) -> dict[str, str]:
    """What people call the evidence, by its written subjects."""
    named: dict[str, str] = {}
    for version in (situation.champion, situation.candidate):
        if version is not None and version.run is not None:
            run = clip(version.run.name or version.run.id, 40)
            named[about("run", version.run.id)] = f"run {run} of {called(version.name)}"
        if version is not None and version.commit:
            said = f"  {clip(version.author.subject, 50)}" if version.author is not None else ""
            named[about("commit", version.commit)] = f"commit {shown(version.commit[:7])}{said}"
    for pipeline in situation.pipelines:
        name = called_pipeline(pipeline, 40)
        named[about("pipeline", pipeline.id)] = f"pipeline {name}"
        named |= {about("job", job.id): f"job {clip(job.name, 40)} of {name}" for job in pipeline.jobs or () if job.id}
    for one in situation.data:
        where = clip(one.dataset or one.check.dataset or one.check.suite, 24)
        named[one.subject] = f"{clip(one.check.name, 40)} of {where}, {tool(one.check.tool)}: {one.outcome}"
    return named


def _approvals(decision: Decision, sight: Sight) -> Iterator[tuple[str, str]]:
    """Who asked, and who agreed."""
    plan = decision.plan
    for stored in decision.situation.plans:
        if stored.id == plan.id:
            yield "asked", f"by {sworn(stored.by)} {age(stored.at, sight.now)}"
    for one in plan.approvals:
        counts = "counts" if one.counts else f"does not count: {one.why}"
        note = f" “{shown(one.approval.note)}”" if one.approval.note else ""
        yield "approval", f"{sworn(one.approval.by)} {age(one.approval.at, sight.now)}{note}, {counts}"
