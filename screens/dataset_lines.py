"""The rows of a dataset's page, drawn, and what is known of each beside them. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..app.comparison.data_facts import columns, figures, parsed
from ..app.comparison.datasets import DataChange
from ..app.records import DatasetVersion, Millis
from ..app.store.configuration import ConfigurationChange
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets.figures import age, count, difference, figure, moment, size
from ..widgets.line import Piece
from ..widgets.status import glyph
from .check_words import standing
from .dataset_facts import CheckOf, DatasetFacts
from .page_lines import DIGEST, check_lines, check_pieces, commit_pieces, draw_thing, telling, thing_lines
from .page_rows import Part, Row
from .run_details import Lines, Sight, commit_said, pairs

COLUMNS = 400
"""Columns that are named."""


def short_digest(digest: str) -> str:
    """The beginning of a digest, as it is said in a line."""
    return clip(digest, DIGEST)


# -- how it stands ------------------------------------------------------------------------------------------------


def dataset_head(facts: DatasetFacts, sight: Sight) -> tuple[list[Piece], list[Piece]]:
    """`77ab01   since 13 mar 16:48 (10 h)   12.4 MB   7 001 rows   by Bo in 4f2c91a`, and on the right who knows it."""
    version = facts.version
    tools = facts.row.tools if facts.row is not None else ()
    right: list[Piece] = [(f"{' · '.join(clip(tool, 18) for tool in tools)} ", "dim")] if tools else []
    if version is None:
        return [(f" {glyph('missing')} no version of it is known: only that it is checked", "dim")], right
    left: list[Piece] = [(f" {clip(version.digest, 34)}", "bright")]
    if version.at is not None:
        left += [
            ("   since ", "dim"),
            (f"{moment(version.at, sight.now, sight.zone)} ({age(version.at, sight.now)})", "text"),
        ]
    said = [size(version.size)] if version.size is not None else []
    said += [f"{count(version.rows)} rows"] if version.rows is not None else []
    said += [f"{count(version.files)} files"] if version.files is not None else []
    left += [(f"   {one}", "text") for one in said]
    used = sum(cells(text) for text, _ in [*left, *right])
    return left, right if used + 2 <= sight.width else []


def dataset_sentences(facts: DatasetFacts, now: Millis) -> list[Piece]:
    """What to know first: the worst of its checks, who is at risk, and whether a newer version is there."""
    standings = [standing(one.check, now) for one in facts.checks]
    made: list[Piece] = []
    bad, dumb = standings.count("fail"), standings.count("error")
    if bad:
        made.append((f"{glyph('fail')} {count(bad)} check{'s' * (bad != 1)} fail{'s' * (bad == 1)}", "bad"))
    if facts.at_risk:
        more = f" +{count(len(facts.at_risk) - 1)}" if len(facts.at_risk) > 1 else ""
        named = f"{clip(facts.at_risk[0], 30)}{more}"
        made.append((f"{glyph('warn')} {named} at risk", "warn") if bad else (f"feeds {named}", "text"))
    if dumb:  # which says nothing about the data
        made.append((f"{glyph('error')} {count(dumb)} could not run", "bad"))
    newest = next((one for one in facts.versions if not one.is_gone), None)
    if newest is not None and facts.version is not None and newest.digest != facts.version.digest:
        made.append((f"newest is {short_digest(newest.digest)}, {age(newest.at, now) or 'of an unknown age'}", "dim"))
    return made


# -- part by part -------------------------------------------------------------------------------------------------


def dataset_parts(facts: DatasetFacts, now: Millis) -> Iterator[Part]:
    """What there is to say of a version: what differs first, then what was said of it, and what came of it."""
    yield from _differs(facts, now)
    yield from _checks(facts, now)
    trained = [Row("version", f"{row.version.model} {row.version.version}", row) for row in facts.trained]
    yield Part(title="trained on it", rows=trained)
    yield _runs(facts)
    yield from _made(facts)
    written = [Row("data", f"written {one.name} {one.digest}", one) for one in facts.written]
    yield Part(title="written from it", rows=written)
    changes = [Row("configuration", change.commit.sha, change) for change in facts.configuration]
    yield Part(title="configuration changed since the one before", rows=changes)
    yield from _schema(facts)
    versions = [
        Row("dataset", f"{one.digest} {one.at}", one, note="this one" if one == facts.version else "")
        for one in facts.versions
    ]
    number = max(facts.total, len(versions))
    below = [Row("more", "versions", note=f"and {count(number - len(versions))} more: Enter lists more")] \
        if number > len(versions) else []  # fmt: skip
    yield Part(title="versions", rows=[*versions, *below], note=count(number) if number > 1 else "")


def _runs(facts: DatasetFacts) -> Part:
    """The runs on it, those that tell most first."""
    rows = [Row("run", run.id, run) for run in facts.runs]
    number, least = len(rows) + facts.more_runs, "at least " if facts.at_least else ""
    if facts.more_runs:
        rows.append(Row("more", "runs", note=f"and {least}{count(facts.more_runs)} more: Enter lists more"))
    none = f"{glyph('missing')} no run that is known here used it" if facts.version is not None else ""
    return Part(title="runs", rows=rows, note=f"{least}{count(number)}" if number > 1 else "", empty=none)


def _differs(facts: DatasetFacts, now: Millis) -> Iterator[Part]:
    before = facts.before
    if facts.version is None:
        return
    if before is None:
        yield Part(title="what differs", empty=f"{glyph('missing')} no version before this one is known here")
        return
    said = f"from {short_digest(before.digest)}, {age(before.at, now)}" if not before.is_gone else "it was gone before"
    rows = [Row("change", f"{change.kind} {change.name}", change) for change in facts.changes]
    yield Part(
        title="what differs", rows=rows, note=said,
        empty="nothing but the digest, in what both versions tell" if not before.is_gone else "",
    )  # fmt: skip


def _checks(facts: DatasetFacts, now: Millis) -> Iterator[Part]:
    """The loud ones, a few of the quiet ones, and how many more there are."""
    listed, left = telling(facts.checks, lambda one: one.check, now)
    more = f"and {count(left)} more, none worse: 4 lists them all" if left else ""
    rows = [Row("check", one.check.id, one, note=f"{one.check.name} {one.check.newest.outcome}") for one in listed]
    yield Part(
        title="checks", rows=rows, note=count(len(facts.checks)) if len(facts.checks) > 1 else "", more=more,
        empty=f"{glyph('missing')} no check speaks of it",
    )  # fmt: skip


def _made(facts: DatasetFacts) -> Iterator[Part]:
    """Which stage of DVC wrote it, of what and with what; and which commit brought it."""
    rows = []
    version = facts.version
    if version is not None and version.commit:
        rows.append(Row("commit", version.commit, facts.commit))
    tracked = version.tracked if version is not None else None
    if tracked is not None:
        rows += [Row("stage", tracked.stage, tracked.command or tracked.stage)] if tracked.stage else []
        rows += [Row("dep", dep.path, dep) for dep in tracked.deps]
        rows += [Row("param", name, text) for name, text in tracked.params.items()]
    if version is not None and version.origin and tracked is None:
        rows.append(Row("source", "source", origin_words(version.origin)))
    yield Part(title="made by", rows=rows, note=tracked.defined_in if tracked is not None else " ")


def _schema(facts: DatasetFacts) -> Iterator[Part]:
    version = facts.version
    if version is None:
        return
    found = list(columns(version.schema).items())
    rows = [Row("column", name, kind) for name, kind in found[:COLUMNS]]
    more = f"and {count(len(found) - COLUMNS)} more" if len(found) > COLUMNS else ""
    yield Part(title="columns", rows=rows, note=count(len(found)) if found else "", more=more)


def origin_words(origin: str) -> str:
    """Where data came from: MLflow keeps `{"uri": ...}`, and more for some kinds."""
    found = parsed(origin)
    named = [str(found[key]) for key in ("uri", "url", "path") if found.get(key)] if isinstance(found, dict) else []
    return "  ".join(named) or origin


# -- drawing ------------------------------------------------------------------------------------------------------


def draw(row: Row, width: int, now: Millis) -> list[Piece]:
    """A line in `width` cells."""
    thing = row.thing
    if isinstance(thing, DataChange):
        return change_pieces(thing, width)
    if isinstance(thing, CheckOf):
        return check_pieces(thing.check, width, now, thing.by)
    if isinstance(thing, DatasetVersion):
        return version_pieces(thing, width, now, row.note)
    if isinstance(thing, ConfigurationChange):
        return commit_pieces(thing.commit, width, now, configuration_words(thing))
    if row.kind == "commit" and thing is None:
        return [(shown(row.name[:7]), "text"), (fit("   not on a branch that is watched", width - 7), "dim")]
    if row.kind == "more":
        return [(fit(row.note, width), "dim")]
    return draw_thing(row, width, now)


def change_pieces(change: DataChange, width: int) -> list[Piece]:
    """`null rate of customer_id   0 % → 3.1 %   +3.1 %`."""
    name = change.kind if not change.name else change.name if change.kind == "figure" else \
        f"{change.kind} of {change.name}" if change.kind == "null rate" else f"{change.kind} {change.name}"  # fmt: skip
    room = min(34, max(14, width // 2 - 6))
    before, after = _written(change, change.before), _written(change, change.after)
    gap = _gap(change)
    left = max(8, width - room - 2 - (cells(gap) + 3 if gap else 0))
    return [
        (pad(clip(name, room), room), "text"),
        (f"  {fit(f'{before} → {after}', left)}", "warn" if change.kind in ("column", "null rate") else "text"),
        (f"   {gap}" if gap else "", "dim"),
    ]


def _written(change: DataChange, text: str | None) -> str:
    if text is None:
        return "–"  # not told, which is not nought
    if change.kind == "size":
        return size(int(text))
    if change.kind in ("rows", "files"):
        return count(int(text))
    if change.kind == "null rate":
        return percent(float(text))
    if change.kind == "figure":
        return figure(float(text))
    return short_digest(text) if change.kind == "dep" else one_line(text[:200])


def percent(share: float) -> str:
    """A share as people say it: `3.1 %`."""
    return f"{share * 100:.3g} %"


def _gap(change: DataChange) -> str:
    if change.difference is None:
        return ""
    lead = "+" if change.difference > 0 else "−"
    if change.kind == "size":
        return f"{lead}{size(int(abs(change.difference)))}"
    if change.kind in ("rows", "files"):
        return f"{lead}{count(int(abs(change.difference)))}"
    return f"{lead}{percent(abs(change.difference))}" if change.kind == "null rate" else difference(change.difference)


def version_pieces(version: DatasetVersion, width: int, now: Millis, note: str = "") -> list[Piece]:
    """`77ab01   10 h   12.4 MB   7 001 rows   14 runs   4f2c91a   dvc mlflow`."""
    if version.is_gone:
        return [(pad("gone", DIGEST), "dim"), (f"{age(version.at, now):>6}   tracked no more from here on", "dim")]
    parts = [
        f"{size(version.size):>8}",
        f"{count(version.rows) + ' rows' if version.rows is not None else '':>12}",
        f"{count(version.runs)} run{'s' if version.runs != 1 else ' '}".rjust(10),
        shown((version.commit or "")[:7]),
        " ".join(version.tools),
    ]
    lead = pad(short_digest(version.digest), DIGEST)
    about = f"{age(version.at, now):>6}  {'  '.join(parts)}"
    end = f"   {note}" if note else ""
    return [(lead, "text"), (fit(about, max(0, width - DIGEST - cells(end))), "dim"), (end, "accent")]


def configuration_words(change: ConfigurationChange) -> str:
    """Which values it changed, else which files."""
    if change.params:
        return ", ".join(one.words.removeprefix("param ") for one in change.params[:3])
    return ", ".join(one.path for one in change.changes[:3])


# -- beside it ----------------------------------------------------------------------------------------------------


def dataset_detail(row: Row, facts: DatasetFacts, sight: Sight) -> Lines:
    """What is known of a row."""
    thing = row.thing
    if isinstance(thing, DataChange):
        return _change_lines(thing, facts, sight)
    if isinstance(thing, CheckOf):
        return [*check_lines(thing.check, sight), [], [(f" speaks of it by {BY[thing.by]}", "dim")]]
    if isinstance(thing, DatasetVersion):
        return version_lines(thing, sight)
    if isinstance(thing, ConfigurationChange):
        said = [(one.name, one.words) for one in thing.params] + [(one.kind, one.path) for one in thing.changes]
        return commit_said(thing.commit.sha, thing.commit, said, sight)[:-2]
    if row.kind == "commit" and thing is None:
        return commit_said(row.name, None, [], sight)
    return thing_lines(row, sight)


BY: Final = {
    "digest": "its digest: this very content was checked",
    "declared": "[[datasets]] of the settings: another version may have been checked",
    "name": "its name alone: no gate passes by this",
}


def _change_lines(change: DataChange, facts: DatasetFacts, sight: Sight) -> Lines:
    before = facts.before
    at = f"{moment(before.at, sight.now, sight.zone)} ({age(before.at, sight.now)})" if before is not None else ""
    rows = [
        ("before", change.before if change.before is not None else "not there"),
        ("after", change.after if change.after is not None else "not there"),
        ("difference", _gap(change)),
        ("the one before", before.digest if before is not None else ""),
        ("since", at),
    ]
    title = f"{change.kind} {change.name}".strip()
    return [
        [(f" {clip(title, max(8, sight.width - 4))}", "bright")],
        [],
        *pairs([one for one in rows if one[1]], sight.width),
    ]


def _when(at: Millis | None, sight: Sight) -> str:
    return f"{moment(at, sight.now, sight.zone)} ({age(at, sight.now)})" if at is not None else ""


def version_lines(version: DatasetVersion, sight: Sight) -> Lines:
    """A version: its content, who knows it, since when, and its figures."""
    rows = [
        ("digest", version.digest or "tracked no more"),
        ("since", _when(version.at or None, sight)),
        ("commit", version.commit or ""),
        ("size", size(version.size)),
        ("rows", count(version.rows) if version.rows is not None else ""),
        ("files", count(version.files) if version.files is not None else ""),
        ("runs", count(version.runs)),
        ("first used", _when(version.first_used_at, sight)),
        ("last used", _when(version.last_used_at, sight)),
        ("known by", ", ".join(f"{part.tool} as {part.name} ({part.by})" for part in version.said_by)),
        ("source", origin_words(version.origin) if version.origin else ""),
    ]
    lines: Lines = [
        [(f" {clip(version.name, max(8, sight.width - 12))}", "bright"), ("  version", "dim")],
        [],
        *pairs([one for one in rows if one[1]], sight.width),
    ]
    told = list(figures(version.profile).items())
    if told:
        lines += [[], [(" profile", "bright")], *pairs([(name, figure(n)) for name, n in told[:60]], sight.width)]
    return lines
