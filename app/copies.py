"""What can be copied of a thing: its id, an address, a command, Python, Markdown, JSON. Pure: records in, text out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from .comparison.forms import code
from .exact import iso, number
from .records import Extreme, Metric, Run, Subject
from .text import shown

MOST_IN_FULL: Final = 100
"""Runs that are copied with all that they hold; of more there are the ids, and what is made of them."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One way to copy what is looked at: the form's name, and the text.

    The text may have several lines, parted by `\\n`. Foreign text in it is in the form that its syntax asks for:
    escaped in Markdown, quoted in Python and JSON; an id by itself is exact. Whatever is left that a terminal would
    obey is taken out on its way to the clipboard.
    """

    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedRun:
    """A run, and what is known of it beside the record."""

    run: Run
    source: str
    """The label of its source ..."""
    address: str = ""
    """... and where that is, without credentials: what MLflow takes as a tracking URI."""
    experiment: str | None = None
    """The name of its experiment."""
    extremes: Mapping[str, Extreme] = field(default_factory=dict)
    """Smallest and largest value by metric."""


def run_copies(runs: Sequence[CopiedRun]) -> list[Copy]:
    """The forms of one run, or of several at once; none where there is no run."""
    if not runs:
        return []
    several = "s" if len(runs) > 1 else ""
    made = [
        Copy(f"id{several}", _lines(one.run.id for one in runs)),
        Copy(f"URI{several}", _lines(f"runs:/{one.run.id}/" for one in runs)),
        Copy(f"command{several}", _lines(_command(one.run) for one in runs)),
        Copy("Python", _python(runs)),
    ]
    if len(runs) <= MOST_IN_FULL:
        made += [Copy("Markdown", "\n".join(_markdown(one) for one in runs)), Copy("JSON", _json(runs))]
    return made


def file_copies(run: CopiedRun, path: str) -> list[Copy]:
    """The forms of one artifact file of a run; `path` as MLflow has it, below the run's artifacts."""
    uri = f"runs:/{run.run.id}/{path}"
    load = f"path = mlflow.artifacts.download_artifacts(artifact_uri={_quoted(uri)})"
    python = _lines(["import mlflow", "", *_tracking(run.address), load]) + "\n"
    return [Copy("URI of the file", uri), Copy("Python for the file", python)]


def run_json(run: Run, extremes: Mapping[str, Extreme], *, source: str, experiment: str | None) -> dict[str, Any]:
    """A run as `quarterdeck runs --json` gives it; docs/commands.md explains the fields."""
    return {
        "id": run.id,
        "subject": str(Subject(kind="run", parts=(run.id,))),
        "name": run.name,
        "shown": shown(run.name),
        "source": source,
        "experiment": experiment,
        "experiment_id": run.experiment_id,
        "status": run.status,
        "started_at": iso(run.started_at),
        "ended_at": iso(run.ended_at),
        "user": run.user,
        "git_commit": run.git_commit,
        "parent_id": run.parent_id,
        "artifact_uri": run.artifact_uri,
        "params": dict(run.params),
        "metrics": {key: _metric_json(metric, extremes.get(key)) for key, metric in run.metrics.items()},
        "tags": dict(run.tags),
        "datasets": [{"name": one.name, "digest": one.digest, "context": one.context} for one in run.datasets],
    }


def _metric_json(metric: Metric, extreme: Extreme | None) -> dict[str, Any]:
    return {
        "last": number(metric.value),
        "step": metric.step,
        "min": number(extreme.min) if extreme else None,
        "max": number(extreme.max) if extreme else None,
        "min_step": extreme.min_step if extreme else None,
        "max_step": extreme.max_step if extreme else None,
        "history": extreme.history if extreme else "unread",
    }


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)


def _command(run: Run) -> str:
    # a subject is percent-encoded: nothing in it is special to a shell, whatever a server calls an id
    return f"quarterdeck open {shlex.quote(str(Subject(kind='run', parts=(run.id,))))}"


# -- Python -----------------------------------------------------------------------------------------------------


def _python(runs: Sequence[CopiedRun]) -> str:
    lines = ["import mlflow", ""]
    if len(runs) == 1:
        lines += [*_tracking(runs[0].address), f"run = mlflow.MlflowClient().get_run({_quoted(runs[0].run.id)})"]
        return _lines(lines) + "\n"
    lines.append("runs = []")
    for address, some in groupby(sorted(runs, key=_address), key=_address):
        lines += [*_tracking(address), "client = mlflow.MlflowClient()", "for run_id in ["]
        lines += [f"    {_quoted(one.run.id)}," for one in some]
        lines += ["]:", "    runs.append(client.get_run(run_id))"]
    return _lines(lines) + "\n"


def _address(one: CopiedRun) -> str:
    return one.address


def _tracking(address: str) -> list[str]:
    return [f"mlflow.set_tracking_uri({_quoted(address)})"] if address else []


def _quoted(text: str) -> str:
    """The text as Python writes it; ASCII, so that two names that look alike do not become one."""
    return ascii(text)


# -- Markdown ---------------------------------------------------------------------------------------------------


def _markdown(one: CopiedRun) -> str:
    run = one.run
    facts = {
        "experiment": one.experiment or run.experiment_id, "status": run.status, "started": iso(run.started_at),
        "ended": iso(run.ended_at), "user": run.user, "commit": run.git_commit,
        "data": _lines(f"{data.name}@{data.digest}" for data in run.datasets).replace("\n", ", ") or None,
    }  # fmt: skip
    lines = [f"### run {code(run.name or run.id[:8])}", "", *_table(("", "run"), [("id", code(run.id))])]
    lines += [_row((name, code(value))) for name, value in facts.items() if value is not None]
    lines += _titled("params", ("param", "value"), _pairs(run.params))
    lines += _titled("metrics", ("metric", "last", "step", "min", "max"), _metrics(one))
    lines += _titled("tags", ("tag", "value"), _pairs({k: v for k, v in run.tags.items() if k[:7] != "mlflow."}))
    return _lines(lines) + "\n"


def _titled(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    found = list(rows)
    return ["", f"**{title}**", "", *_table(heads, found)] if found else []


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(heads), _row(["---"] * len(heads)), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _pairs(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((code(key), code(value)) for key, value in sorted(values.items()))


def _metrics(one: CopiedRun) -> Iterator[tuple[str, ...]]:
    for key, metric in sorted(one.run.metrics.items()):
        extreme = one.extremes.get(key)
        low, high = (extreme.min, extreme.max) if extreme else (None, None)
        yield code(key), _figure(metric.value), str(metric.step), _figure(low), _figure(high)


def _figure(value: float | None) -> str:
    """Exact: a copy is for work with it. NaN and infinities in words, nothing for what is not known."""
    return "" if value is None else str(number(value))


# -- JSON -------------------------------------------------------------------------------------------------------


def _json(runs: Sequence[CopiedRun]) -> str:
    """An object for one run, an array for several, in ASCII."""
    made = [run_json(one.run, one.extremes, source=one.source, experiment=one.experiment) for one in runs]
    return json.dumps(made if len(made) > 1 else made[0], allow_nan=False, indent=2) + "\n"
