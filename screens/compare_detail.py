"""What there is to say of a comparison beyond its cells: what to know first, commits and files, texts that were cut.

Pure functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from ..app.comparison import CompareRow, Comparison, tree_state
from ..app.records import Change, Commit, CommitsBetween
from ..app.text import cells, clip, fit, pad, shown
from ..widgets.figures import age, count
from ..widgets.line import Piece
from ..widgets.status import glyph, mark_of
from .compare_rows import TITLES, CompareLines

Detail = list[list[Piece]]

COMMITS_SHOWN, PATHS_SHOWN = 200, 500


def sentence_lines(sentences: Sequence[str], width: int) -> Detail:
    """What to know before reading the figures, folded."""
    made: Detail = []
    for sentence in sentences:
        for at, part in enumerate(_wrapped(shown(sentence), width)):
            made.append([(" ▲ " if at == 0 else "   ", "warn"), (part, "text")])
    return made


def _wrapped(text: str, width: int) -> list[str]:
    """A shown text in lines of at most `width` cells, broken between words where there are any."""
    made = [""]
    for word in text.split(" "):
        longer = f"{made[-1]} {word}" if made[-1] else word
        if cells(longer) <= width or not made[-1]:
            made[-1] = fit(longer, width)
        else:
            made.append(fit(word, width))
    return made


def detail(lines: CompareLines, row: CompareRow, column: int, width: int, cell_width: int) -> Detail:
    """The lines below the table; none where the cells say it all."""
    if row.kind == "metric":
        return []
    if row.kind == "code":
        return _code(lines, column, width)
    if row.kind == "dataset" or any(cells(shown(cell.text or "")) >= cell_width - 1 for cell in row.cells):
        return _texts(lines, row, width) if row.kind != "attribute" else []
    return []


def _texts(lines: CompareLines, row: CompareRow, width: int) -> Detail:
    """The whole text of each run, folded where it is longer than a line."""
    made: Detail = [[(f" {TITLES[row.kind]}  ", "dim"), (clip(row.name, width - 12) or "no name", "bright")]]
    runs = lines.compared.runs
    names = min(24, max(cells(clip(run.name, 24)) for run in runs))
    for at, (run, cell) in enumerate(zip(runs, row.cells, strict=True)):
        hue = lines.hues[at]
        head: list[Piece] = [(f" {mark_of(hue)} ", f"hue{hue}"), (pad(clip(run.name, names), names) + "  ", "dim")]
        if not cell.text:
            empty = "(empty)" if cell.text == "" else f"{glyph('missing')} not logged"
            made.append([*head, (empty, "dim")])
            continue
        folded = _folded(shown(cell.text), max(10, width - names - 6))
        made.append([*head, (folded[0], "text")])
        made += [[(" " * (names + 5), "text"), (part, "text")] for part in folded[1:]]
    return made


def _folded(text: str, width: int) -> list[str]:
    """A shown text in lines of `width` cells, at most ten of them."""
    made: list[str] = []
    while text and len(made) < 10:
        at, used = 0, 0
        for at, sign in enumerate(text, 1):
            used += cells(sign)
            if used > width:
                at -= 1
                break
        made.append(text[:at])
        text = text[at:]
    return [*made[:-1], f"{made[-1]} … and {count(len(text))} more"] if text else made


def _code(lines: CompareLines, column: int, width: int) -> Detail:
    compared = lines.compared
    run, base = compared.runs[column], compared.runs[compared.baseline]
    if column == compared.baseline:
        said = f"{run.git_commit[:10]}   {tree_state(run)}" if run.git_commit else tree_state(run)
        return [_pair("baseline", clip(base.name, 40)), _pair("commit", shown(said)), *_hint(compared)]
    made: Detail = [[(" code  ", "dim"), (f"{clip(base.name, 30)} → {clip(run.name, 30)}", "bright")]]
    if run.git_commit is None or base.git_commit is None:
        who = run if run.git_commit is None else base
        return [*made, [(f" {glyph('missing')} no commit was logged for {clip(who.name, 40)}", "dim")]]
    between = compared.commits.get(run.git_commit)
    if run.git_commit == base.git_commit:
        return [*made, _pair("commit", f"same commit, {shown(run.git_commit[:10])}   {_trees(compared, column)}")]
    if between is None:
        said = "…" if lines.waiting else "the cache does not know both commits, or they are of two repositories"
        return [*made, _pair("commit", f"{shown(base.git_commit[:10])} → {shown(run.git_commit[:10])}   {said}")]
    made.append(_pair("commits", f"{_counted(between)}   {_trees(compared, column)}"))
    made += [_commit("+", commit, lines.now, width) for commit in islice(between.ahead, COMMITS_SHOWN)]
    made += [_commit("−", commit, lines.now, width) for commit in islice(between.behind, COMMITS_SHOWN)]
    return [*made, *_paths(between.changes, width)]


def _hint(compared: Comparison) -> Detail:
    others = [run.git_commit for run in compared.runs if run.git_commit != compared.runs[compared.baseline].git_commit]
    return [[(" the other runs' columns tell what lies between", "dim")]] if others else []


def _trees(compared: Comparison, column: int) -> str:
    """The state of the trees: said once where both are alike."""
    states = [tree_state(compared.runs[at]) for at in (compared.baseline, column)]
    return states[0] if states[0] == states[1] else f"baseline {states[0]}, this run {states[1]}"


def _counted(between: CommitsBetween) -> str:
    ahead, behind = len(between.ahead), len(between.behind)
    parts = [f"{count(ahead)} that the baseline has not"] if ahead else []
    parts += [f"{count(behind)} that only the baseline has"] if behind else []
    files = f"{count(len(between.changes))} {'file' if len(between.changes) == 1 else 'files'} touched"
    more = "" if between.complete else " (and more: the history in the cache ends before they join)"
    return f"{', '.join(parts)}{more}   {files}"


def _pair(name: str, value: str) -> list[Piece]:
    return [(f" {name:<9}", "dim"), (value, "text")]


def _commit(sign: str, commit: Commit, now: int, width: int) -> list[Piece]:
    said = f"{clip(commit.author, 16)}  {age(commit.committed_at, now)}"
    room = max(10, width - 17 - cells(said))
    role = "good" if sign == "+" else "warn"
    head = f"{shown(commit.sha[:8])}  "
    return [(f"  {sign} ", role), (head, "dim"), (pad(clip(commit.subject, room), room), "text"), (f"  {said}", "dim")]


def _paths(changes: Sequence[Change], width: int) -> Detail:
    made: Detail = []
    for change in changes[:PATHS_SHOWN]:
        old = f"{shown(change.old_path)} → " if change.old_path else ""
        made.append(
            [
                (f"  {shown(change.kind)[:1]} ", _LETTERS.get(change.kind[:1], "text")),
                (clip(old + change.path, width - 5), "text"),
            ]
        )
    if len(changes) > PATHS_SHOWN:
        made.append([(f"    and {count(len(changes) - PATHS_SHOWN)} more", "dim")])
    return made


_LETTERS = {"A": "good", "D": "bad", "M": "accent", "R": "accent"}
"""Roles of Git's letters, as every Git program colours them."""
