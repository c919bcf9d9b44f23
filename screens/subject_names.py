"""What people call a thing that is spoken of: the name on its page, where its subject has an id. Reads the cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..app.lineage.nodes import SHORT, pipeline_node
from ..app.records import Subject
from ..app.store.event_lookup import event_by_id
from ..app.store.model_events import called
from ..app.store.reading import Reader
from ..app.store.state import State
from .serving_words import titled

KINDS: Final[Mapping[str, str]] = {"alias": "", "dataset": "data", "series": "line", "result": "check", "project": ""}
"""What a kind is called before its name, where that is another word than in a subject; "" where the name says it."""
_DIGEST: Final = 12
"""Signs of a digest that tell it from others."""

Read = Callable[[Reader, tuple[str, ...]], str]


def name_of(reader: Reader, state: State, subject: Subject) -> str:
    """`brave-cod-214`, `churn@champion`, `p95 latency ms`; the id itself where nothing here knows the thing."""
    read = _READ.get(subject.kind)
    if read is not None:
        return read(reader, subject.parts) or " ".join(subject.parts)
    event = event_by_id(reader, state, subject.parts[0]) if subject.kind == "event" else None
    return event.title if event is not None else " ".join(subject.parts)


def kind_word(subject: Subject) -> str:
    """What stands before its name: `run`, `data`; `stack` or `resource` by what is meant."""
    if subject.kind == "resource":
        return "stack" if len(subject.parts) == 1 else "resource"
    return KINDS.get(subject.kind, subject.kind)


def _run(reader: Reader, parts: tuple[str, ...]) -> str:
    return next((run.name for run in reader.runs(reader.rowids(parts[:1]), names=())), "")


def _model(reader: Reader, parts: tuple[str, ...]) -> str:
    return " ".join([parts[0], *map(called, parts[1:])])


def _pipeline(reader: Reader, parts: tuple[str, ...]) -> str:
    rowid = reader.pipelines.find(parts[0])
    rows = reader.pipelines.rows([rowid]) if rowid is not None else []
    return pipeline_node(rows[0].pipeline).title if rows else ""


def _job(reader: Reader, parts: tuple[str, ...]) -> str:
    found = reader.pipelines.job(parts[0])
    rows = reader.pipelines.rows([found[0]]) if found is not None else []
    return f"{pipeline_node(rows[0].pipeline).title} › {found[1].name}" if found is not None and rows else ""


def _check(reader: Reader, parts: tuple[str, ...]) -> str:
    """Of a result it is the check's too: its id is theirs, a dot, and the invocation's."""
    reads = reader.checks
    rowid = reads.find(parts[0].partition(".")[0])
    check = next((row.check for row in reads.rows([] if rowid is None else [rowid])), None)
    return "" if check is None else f"{check.dataset} › {check.name}" if check.dataset else check.name


def _experiment(reader: Reader, parts: tuple[str, ...]) -> str:
    return next((row.experiment.name for row in reader.experiments() if row.experiment.id == parts[0]), "")


def _series(reader: Reader, parts: tuple[str, ...]) -> str:
    one = reader.monitors.one(parts[0])
    if one is None:
        return ""
    version = f" {called(one.version)}" if one.version else ""
    return f"{one.model}{version} › {titled(one)}" if one.model else titled(one)


def _alert(reader: Reader, parts: tuple[str, ...]) -> str:
    alert = reader.monitors.alert(parts[0])
    return alert.name if alert is not None else ""


def _source(reader: Reader, parts: tuple[str, ...]) -> str:
    return next((one.name for one in reader.source_states() if one.source == parts[0]), "")


_READ: Final[Mapping[str, Read]] = {
    "run": _run, "model": _model, "pipeline": _pipeline, "job": _job, "check": _check, "result": _check,
    "experiment": _experiment, "series": _series, "alert": _alert, "source": _source,
    "alias": lambda reader, parts: "@".join(parts),
    "commit": lambda reader, parts: parts[0][:SHORT],
    "dataset": lambda reader, parts: f"{parts[0]}@{parts[1][:_DIGEST]}",
    "resource": lambda reader, parts: " › ".join(parts),
}  # fmt: skip
