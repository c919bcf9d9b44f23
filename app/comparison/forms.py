"""A comparison as Markdown, CSV and JSON. Foreign text in them is data, whatever it looks like."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from ..exact import iso, number, span
from ..records import Commit, CommitsBetween, Run, Subject
from ..text import shown
from .rows import Cell, CompareRow, Comparison, difference, distance, sentences, tree_state

_TITLES: Final = {
    "attribute": "run", "param": "params", "dataset": "data", "code": "code", "tag": "tags", "metric": "metrics",
}  # fmt: skip
_SPECIAL: Final = frozenset("|`\\")

# -- Markdown ---------------------------------------------------------------------------------------------------


def markdown(compared: Comparison, *, everything: bool = False) -> str:
    """A GitHub-flavoured table of what differs (or of `everything`), the best in bold, differences in brackets.

    Foreign text stands in code spans, where nothing is markup, a link or a mention; `shown` keeps it on one line.
    """
    runs, baseline = compared.runs, compared.baseline
    heads = [code(run.name or run.id[:8]) + (" (baseline)" if at == baseline else "") for at, run in enumerate(runs)]
    lines = [f"Comparison of {len(runs)} runs, by what differs:", ""]
    lines += [f"- {sentence}" for sentence in sentences(runs, code)] + [""] * bool(compared.sentences)
    lines += [_line(["", *heads]), _line(["---"] * (len(runs) + 1))]
    lines.append(_line(["run id", *(code(run.id) for run in runs)]))
    for kind, rows in groupby(compared.rows if everything else compared.differing(), key=lambda row: row.kind):
        lines.append(_line([f"**{_TITLES[kind]}**", *[""] * len(runs)]))
        lines += [_line([_name(row), *_cells(compared, row)]) for row in rows]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _name(row: CompareRow) -> str:
    if row.kind in ("attribute", "code"):
        return row.name
    if row.kind == "dataset" and not row.name:
        return "no context"
    arrow = "" if row.better is None else " ↑" if row.better else " ↓"
    return code(row.name) + arrow


def _cells(compared: Comparison, row: CompareRow) -> Iterator[str]:
    for at, cell in enumerate(row.cells):
        text = _cell(row, cell)
        if at in row.best:
            text = f"**{text}**"
        yield text + _beside(compared, row, at)


def _cell(row: CompareRow, cell: Cell) -> str:
    if row.kind == "metric":
        return "" if cell.number is None else _figure(cell.number)
    if cell.text is None:
        return ""
    if row.name == "took" and row.kind == "attribute":
        return said_span(cell)
    return code(cell.text[:10] if row.kind == "code" else cell.text)


def said_span(cell: Cell) -> str:
    """How long a run took, in the words of the screen; the cell's own text is exact, to tell runs apart."""
    return "" if cell.number is None else span(int(cell.number))


def _beside(compared: Comparison, row: CompareRow, at: int) -> str:
    """What stands in brackets: the difference of a metric, the commits between."""
    if row.kind == "metric":
        less = difference(row, at, compared.baseline)
        return "" if less is None else f" ({less:+.3g})".replace("-", "−", 1)
    between = compared.commits.get(row.cells[at].text or "") if row.kind == "code" else None
    return f" ({distance(between)})" if between and at != compared.baseline else ""


def _figure(value: float) -> str:
    """Six digits: more than a screen shows, and no noise of binary fractions."""
    said = number(value)
    return said if isinstance(said, str) else f"{value:.6g}"


def code(exact: str) -> str:
    """Any text as a code span that is also safe in a cell of a table; "(empty)" where there is nothing.

    A pipe ends a cell even in backticks, and how a backslash before it counts is read differently by different
    programs: such texts are written as HTML with entities.
    """
    text = shown(exact)
    if not text.strip():
        return f"({len(text)} spaces)" if text else "(empty)"
    if not _SPECIAL & set(text) and text == text.strip():
        return f"`{text}`"
    return f"<code>{''.join(c if c.isalnum() or c == ' ' else f'&#{ord(c)};' for c in text)}</code>"


# -- CSV --------------------------------------------------------------------------------------------------------


def csv_text(compared: Comparison, *, everything: bool = False) -> str:
    """A line for each row: kind, name, whether it differs, the direction, then a column for each run.

    Quoted as RFC 4180 says, lines end in a line feed. Names stand in the first line, ids in the second. Figures are
    exact. Text is as `shown`: on one line, without control characters. What a spreadsheet would run as a formula gets
    an apostrophe in front, numbers do not.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["kind", "name", "differs", "better", *(_tame(run.name) for run in compared.runs)])
    writer.writerow(["run", "id", "yes", "", *(_tame(run.id) for run in compared.runs)])
    for row in compared.rows if everything else compared.differing():
        better = "" if row.better is None else "greater" if row.better else "smaller"
        cells = ("" if cell.text is None else _tame(cell.text) for cell in row.cells)
        writer.writerow([row.kind, _tame(row.name), "yes" if row.differs else "no", better, *cells])
    return out.getvalue()


def _tame(exact: str) -> str:
    text = shown(exact)
    if text[:1] not in ("=", "+", "-", "@") or _is_number(text):
        return text
    return f"'{text}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# -- JSON -------------------------------------------------------------------------------------------------------


def json_value(compared: Comparison, *, everything: bool = False) -> dict[str, Any]:
    """The comparison as JSON takes it; docs/commands.md explains the fields. Strings and figures are exact."""
    rows = compared.rows if everything else compared.differing()
    return {
        "baseline": compared.runs[compared.baseline].id,
        "runs": [_run(run) for run in compared.runs],
        "sentences": list(compared.sentences),
        "rows": [_row(compared, row) for row in rows],
        "code": [_code(compared, run) for run in compared.runs],
    }


def _run(run: Run) -> dict[str, Any]:
    subject = str(Subject(kind="run", parts=(run.id,)))
    return {"id": run.id, "subject": subject, "name": run.name, "shown": shown(run.name)}


def _row(compared: Comparison, row: CompareRow) -> dict[str, Any]:
    made: dict[str, Any] = {
        "kind": row.kind,
        "name": row.name,
        "shown": shown(row.name),
        "differs": row.differs,
        "values": [_value(row, cell) for cell in row.cells],
    }
    if row.kind == "metric":
        less = [difference(row, at, compared.baseline) for at in range(len(row.cells))]
        made |= {"differences": [number(one) for one in less], "greater_is_better": row.better}
        made["best"] = [compared.runs[at].id for at in sorted(row.best)]
    return made


def _value(row: CompareRow, cell: Cell) -> Any:
    if row.kind == "metric":
        return number(cell.number)
    if row.kind == "attribute" and row.name == "took":
        return None if cell.number is None else cell.number / 1000
    return cell.text


def _code(compared: Comparison, run: Run) -> dict[str, Any]:
    between = compared.commits.get(run.git_commit) if run.git_commit else None
    return {"run": run.id, "commit": run.git_commit, "tree": tree_state(run), "between": _between(between)}


def _between(between: CommitsBetween | None) -> dict[str, Any] | None:
    if between is None:
        return None
    return {
        "base": between.base,
        "head": between.head,
        "complete": between.complete,
        "ahead": [_commit(commit) for commit in between.ahead],
        "behind": [_commit(commit) for commit in between.behind],
        "changes": [{"kind": one.kind, "path": one.path, "old_path": one.old_path} for one in between.changes],
    }


def _commit(commit: Commit) -> dict[str, Any]:
    return {"sha": commit.sha, "author": commit.author, "at": iso(commit.committed_at), "subject": commit.subject}
