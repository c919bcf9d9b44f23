"""From the runs that somebody chose to the screen that compares them, and from the cache to what it needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from shlex import quote
from typing import NamedTuple

from ..app.comparison import FEWEST, MOST, Comparison, csv_text, json_value, markdown
from ..app.copies import Copy
from ..app.errors import UsageError
from ..app.records import CommitsBetween, Run
from ..app.store.reading import Reader
from ..app.text import clip
from .baseline import baseline_run, experiment_of
from .deck import Deck


class Held(NamedTuple):
    """Runs as the cache has them now, with their row ids, and the names around them."""

    runs: list[Run]
    rowids: list[int]
    experiments: Mapping[tuple[str, str], str]
    sources: Mapping[str, str]

    @property
    def is_running(self) -> bool:
        """Whether one of them still runs."""
        return any(run.status == "running" for run in self.runs)

    def arranged(self, places: Sequence[int]) -> Held:
        """The runs of these places, in this order."""
        return self._replace(
            runs=[self.runs[place] for place in places], rowids=[self.rowids[place] for place in places]
        )


def read_again(reader: Reader, wanted: Sequence[tuple[str, str]]) -> Held:
    """The runs of these sources and native ids, in this order; those that are gone are left out."""
    by_rowid = reader.runs_by_rowid(reader.rowids([native for _, native in wanted]))
    found = {(run.source, run.id): (rowid, run) for rowid, run in by_rowid.items()}
    there = [found[one] for one in wanted if one in found]
    return held([run for _, run in there], [rowid for rowid, _ in there], reader)


def held(runs: Sequence[Run], rowids: Sequence[int], reader: Reader) -> Held:
    """The runs with the names around them."""
    rows = reader.experiments()
    return Held(
        runs=list(runs),
        rowids=list(rowids),
        experiments={(row.experiment.source, row.experiment.id): row.experiment.name for row in rows},
        sources={row.experiment.source: row.source_name for row in rows},
    )


def just_read(reader: Reader, runs: Sequence[Run]) -> Held:
    """Runs that were read a moment ago: only their row ids are looked up, in a tenth of the time."""
    light = reader.runs_by_rowid(reader.rowids([run.id for run in runs]), names=())
    rowids = {(run.source, run.id): rowid for rowid, run in light.items()}
    there = [run for run in runs if (run.source, run.id) in rowids]
    return held(there, [rowids[run.source, run.id] for run in there], reader)


def commits_from(reader: Reader, runs: Sequence[Run], baseline: int) -> dict[str, CommitsBetween | None]:
    """What lies between the baseline's commit and each other one, by commit."""
    base = runs[baseline].git_commit
    heads: Iterable[str] = dict.fromkeys(run.git_commit for run in runs if run.git_commit and run.git_commit != base)
    return {head: reader.commits_between(base, head) for head in heads} if base else {}


def to_compare(deck: Deck, chosen: Sequence[Run]) -> list[Run] | str:
    """The runs in the order in which they are compared, the baseline first; or what to do, where they cannot be.

    One run alone is compared with the baseline of its experiment. Without a baseline the oldest stands first.
    """
    baseline = baseline_run(deck.reader, deck.tables, experiment_of(deck.reader, chosen[0])) if chosen else None
    runs = list(chosen)
    if baseline is not None and len(runs) == 1:
        if _is(baseline, runs[0]):
            return "this run is the baseline: mark others with Space, then = compares them"
        return [baseline, runs[0]]
    if len(runs) < FEWEST:
        return f"mark {FEWEST} to {MOST} runs with Space, then = compares them; or make one the baseline with b"
    if len(runs) > MOST:
        return f"{len(runs)} runs are marked: {MOST} can be told apart at once"
    runs.sort(key=lambda run: (run.started_at is None, run.started_at or 0, run.id))
    return sorted(runs, key=lambda run: baseline is None or not _is(baseline, run))


def named_runs(reader: Reader, words: Sequence[str]) -> list[Run]:
    """The runs of these ids, beginnings of ids or names, in this order, the baseline first. Raises UsageError."""
    rowids = list(dict.fromkeys(_named(reader, word) for word in words))
    if not FEWEST <= len(rowids) <= MOST:
        raise UsageError(f"name {FEWEST} to {MOST} runs: `:compare ID ID`; or mark them with Space and press =")
    return reader.runs(rowids)


def _named(reader: Reader, word: str) -> int:
    for rowids in (reader.rowids([word]), reader.rowids_beginning(word), reader.rowids_named(word)):
        if len(rowids) == 1:
            return rowids[0]
        if rowids:
            raise UsageError(f"{clip(word, 40)} fits more than one run: say more of the id")
    raise UsageError(f"there is no run {clip(word, 40)}")


def _is(one: Run, other: Run) -> bool:
    return (one.source, one.id) == (other.source, other.id)


def copies_of(compared: Comparison, *, everything: bool) -> list[Copy]:
    """A comparison in three forms, and the command that prints it."""
    words = " ".join(quote(run.id) for run in compared.runs) + (" --all" if everything else "")
    as_json = json.dumps(json_value(compared, everything=everything), allow_nan=False, indent=2)
    return [
        Copy("Markdown", markdown(compared, everything=everything)),
        Copy("CSV", csv_text(compared, everything=everything)),
        Copy("JSON", as_json),
        Copy("command", f"quarterdeck compare {words}"),
    ]
