"""A version as an outline: headings, rows to choose from, remarks. Pure functions; version_lines draws them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from ..app.comparison import CompareRow, distance
from ..app.records import Commit, LedgerEntry, LoggedModel, Metric, Pipeline, Run, Subject
from ..app.text import clip, shown
from ..widgets.figures import age, count, moment
from ..widgets.status import glyph
from .alias_history import Stretch
from .run_details import Sight
from .run_facts import is_system
from .run_outline import OWN_TAGS
from .subjects import subject_of
from .version_data import DataRow, data_rows
from .version_facts import VersionFacts
from .version_words import named, no_evidence


class OtherVersion(NamedTuple):
    """Another version that the page leads to."""

    model: str
    version: str


Kind: TypeAlias = Literal[
    "gap", "heading", "remark", "metric", "param", "data", "commit", "fact", "run", "version", "logged", "pipeline",
    "entry", "stretch", "tag",
]  # fmt: skip
Thing: TypeAlias = (
    CompareRow | DataRow | Metric | Commit | Run | LoggedModel | Pipeline | LedgerEntry | Stretch | OtherVersion | str
    | None
)  # fmt: skip

COMMITS = 60
"""Commits between that are named."""

ENTRIES = 60
"""Entries of the ledger, and moves of aliases, that are named."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the outline: its kind, its name within the kind, and the record behind it."""

    kind: Kind
    name: str = ""
    thing: Thing = None
    note: str = ""

    @property
    def id(self) -> tuple[str, str]:
        """What names it while the version changes."""
        return (self.kind, self.name)

    @property
    def is_row(self) -> bool:
        """Whether the cursor can stand on it."""
        return self.kind not in ("gap", "heading", "remark")

    @property
    def is_heading(self) -> bool:
        """Whether a part begins here."""
        return self.kind == "heading"


Part: TypeAlias = tuple[str, Sequence[Row], str, str]
"""Title, rows, what stands beside the title, what stands below it where there is no row."""


def outline(facts: VersionFacts, sight: Sight, *, needle: str = "") -> list[Row]:
    """Every line. `needle`: only rows that hold each of its words."""
    words = needle.casefold().split()
    made = _lines(_parts(facts, sight), words)
    if words and not made:
        made = [Row("gap"), Row("remark", "none", note=f"nothing here holds “{shown(needle)}”")]
    return made[1:] if made and made[0].kind == "gap" else made


def differences(facts: VersionFacts) -> list[Row]:
    """How it differs from the version in use, without the commits that lie between."""
    parts = _measures(facts) if facts.compared is not None else _alone(facts)
    return _lines((part for part in parts if part[0] != "code"), ())


def _lines(parts: Iterable[Part], words: Sequence[str]) -> list[Row]:
    made: list[Row] = []
    for title, rows, note, empty in parts:
        found = [row for row in rows if _matches(row, words)] if words else list(rows)
        if not found and (words or not (empty or note)):
            continue
        remark = [Row("remark", title, note=empty)] if empty and not found else []
        made += [Row("gap", title), Row("heading", title, note=note), *found, *remark]
    return made


def _parts(facts: VersionFacts, sight: Sight) -> Iterator[Part]:
    if facts.compared is None:
        yield from _alone(facts)
    else:
        yield from _measures(facts)
        yield _code(facts)
    yield "version", _about(facts, sight), "", ""
    yield "source run", _run(facts), "", f"{glyph('missing')} {_no_run(facts)}"
    yield "logged model", _logged(facts), "", ""
    sha = facts.own.commit
    pipelines = [Row("pipeline", f"{one.source} {one.id}", one) for one in facts.pipelines]
    yield "ci", pipelines, "", f"{glyph('missing')} nothing that is known ran on its commit" if sha else ""
    yield "ledger", _entries(facts), "", ""
    stretches = [
        Row("stretch", f"{alias} {one.since} {at}", one, alias)
        for at, (alias, one) in enumerate(facts.stretches[:ENTRIES])
    ]
    yield "aliases over time", stretches, "", ""
    tags = [Row("tag", name, text) for name, text in sorted(facts.row.version.tags.items()) if name not in OWN_TAGS]
    yield "tags", tags, "", ""


# -- against the champion -----------------------------------------------------------------------------------------


def _measures(facts: VersionFacts) -> Iterator[Part]:
    assert facts.compared is not None
    rows, (_, other) = facts.compared.rows, named(facts)
    against = f"against {other}, {facts.against}"
    metrics = [row for row in rows if row.kind == "metric" and not is_system(row.name)]
    first = facts.model.deciding.name if facts.model.deciding is not None else ""
    metrics.sort(key=lambda row: (row.name != first, row.better is None, row.name))
    yield "metrics", [Row("metric", row.name, row) for row in metrics], against, "none was measured of either"
    params = [row for row in rows if row.kind == "param"]
    differing = [row for row in params if row.differs]
    note = f"{count(len(differing))} of {count(len(params))} differ" if params else ""
    yield "params", [Row("param", row.name, row) for row in differing], note, ""
    data = [Row("data", f"{row.context}\0{row.name}", row) for row in data_rows(facts.compared)]
    yield "data", data, "", f"{glyph('unknown')} neither names its data"


def _code(facts: VersionFacts) -> Part:
    sha, other = facts.own.commit, facts.other.commit if facts.other is not None else None
    rows = [Row("commit", sha, facts.commit)] if sha else []
    if sha is None or other is None:
        who = named(facts)[0 if sha is None else 1]
        return "code", rows, f"{glyph('unknown')} {who} names no commit", ""
    if sha == other:
        return "code", rows, "the same commit", ""
    if facts.between is None:
        unknown = f"{glyph('unknown')} what lies between is not known: one of the commits is on no watched branch"
        return "code", rows, unknown if facts.is_walked else "looking what lies between …", ""
    ahead, behind = facts.between.ahead[:COMMITS], facts.between.behind[:COMMITS]
    between = [Row("commit", one.sha, one, "+") for one in ahead] + [Row("commit", one.sha, one, "−") for one in behind]
    return "code", between or rows, f"{distance(facts.between)} commits, {_files(facts)}", ""


def _files(facts: VersionFacts) -> str:
    number = len(facts.between.changes) if facts.between is not None else 0
    return f"{count(number)} {'file' if number == 1 else 'files'} touched"


def _alone(facts: VersionFacts) -> Iterator[Part]:
    """Where there is nothing to measure it against."""
    run = facts.own.measured
    why = no_evidence(facts.other) if facts.other is not None else "no other version to measure it against"
    names = sorted(run.metrics, key=lambda name: (name not in facts.better, name)) if run is not None else []
    metrics = [Row("metric", name, run.metrics[name]) for name in names if run is not None and not is_system(name)]
    yield "metrics", metrics, why if metrics else "", no_evidence(facts.own) or "none was measured"
    sha = facts.own.commit
    code = [Row("commit", sha, facts.commit)] if sha else []
    yield "code", code, "", f"{glyph('missing')} it names no commit" if run is not None else ""


# -- what it is ---------------------------------------------------------------------------------------------------


def _about(facts: VersionFacts, sight: Sight) -> list[Row]:
    version = facts.row.version
    told = [
        ("description", version.description),
        ("their word", version.raw_status if version.raw_status.casefold() not in ("", version.status) else ""),
        ("stage", f"{version.stage} (MLflow's deprecated stages: read, never written)" if version.stage else ""),
        ("changed", _when(version.updated_at, sight) if version.updated_at != version.created_at else ""),
        ("from", version.origin),
        ("registry", facts.model.row.source_name),
    ]
    rows = [Row("fact", name, text) for name, text in told if text]
    if version.copied_from is not None:
        rows.insert(0, Row("version", "copied from", OtherVersion(*version.copied_from)))
    if facts.other is not None:
        own = facts.other.row.version
        rows.append(Row("version", facts.against, OtherVersion(own.model, own.version)))
    return rows


def _when(at: int | None, sight: Sight) -> str:
    return f"{moment(at, sight.now, sight.zone)} ({age(at, sight.now)})" if at is not None else ""


def _run(facts: VersionFacts) -> list[Row]:
    run = facts.own.run
    return [Row("run", run.id, run)] if run is not None else []


def _no_run(facts: VersionFacts) -> str:
    run_id = facts.row.version.run_id
    return f"{clip(run_id, 36)} is not in the cache: r asks the syncer" if run_id else "it names no run"


def _logged(facts: VersionFacts) -> list[Row]:
    logged, version = facts.row.logged, facts.row.version
    if logged is not None:
        return [Row("logged", logged.id, logged)]
    return [Row("fact", version.model_id, "asked for …")] if version.model_id else []


def _entries(facts: VersionFacts) -> list[Row]:
    return [Row("entry", f"{one.alias} {one.number} {one.id}", one) for one in facts.entries[:ENTRIES]]


def _matches(row: Row, words: Sequence[str]) -> bool:
    thing = row.thing
    more = thing if isinstance(thing, str) else ""
    if isinstance(thing, CompareRow):
        more = " ".join(cell.text or "" for cell in thing.cells)
    elif isinstance(thing, Commit):
        more = f"{thing.subject} {thing.author}"
    elif isinstance(thing, Run | Pipeline):
        more = f"{thing.name} {thing.status}"
    elif isinstance(thing, LedgerEntry):
        more = f"{thing.by.name} {thing.reason} {thing.ticket} {thing.kind}"
    text = f"{row.name} {row.note} {more}".casefold()
    return row.is_row and all(word in text for word in words)


# -- how these are spoken of --------------------------------------------------------------------------------------


@subject_of.register
def _data_row(thing: DataRow) -> Subject | None:
    is_one = thing.mine is not None and ", " not in thing.mine
    return Subject(kind="dataset", parts=(thing.name, thing.mine)) if is_one and thing.mine and thing.name else None


@subject_of.register
def _other_version(thing: OtherVersion) -> Subject:
    return Subject(kind="model", parts=(thing.model, thing.version))
