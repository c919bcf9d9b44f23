"""`quarterdeck runs`: a table that is safe to look at, JSON that is exact."""

from __future__ import annotations

import fcntl
import json
import math
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import (
    Batch,
    Dataset,
    Experiment,
    Metric,
    Point,
    Run,
    Series,
    SourceSpec,
)  # fmt: skip
from quarterdeck.app.settings import load
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.state import State, state_file, view_name
from quarterdeck.app.text import cells

Call = Callable[..., Any]
MakeRun = Callable[..., Run]
Fill = Callable[..., None]

ODD = [
    "[bold]x[/]",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "long " + "n" * 3_995,
    "שלום-עולם",
    "a\u202egnp.exe",
    "名前の長い",
    "two\nlines\tand \\u{1b}",
    "nul\0 and \x9b C1",
]


def names(said: Any) -> list[str]:
    return [run["name"] for run in said.json]


def test_an_empty_cache_says_what_to_do_and_is_an_empty_list(call: Call, project: Path) -> None:
    (project / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n')
    said = call("runs", "--json")
    assert (said.status, said.json) == (0, [])
    assert said.err == "Nothing synced yet: run `quarterdeck sync`.\n"
    assert call("runs").out == ""


@pytest.mark.parametrize("name", ODD)
def test_json_is_exact_and_ascii_whatever_a_run_is_called(name: str, call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(make_run(1, name=name, params={name: name}, tags={"t": name}))
    said = call("runs", "--json")
    (run,) = said.json
    assert (run["name"], run["params"], run["tags"]) == (name, {name: name}, {"t": name})
    assert said.out.isascii()
    assert not set(said.out) & {chr(code) for code in (*range(32), 127) if code != 10}
    assert "\n" not in run["shown"]


def test_the_table_is_safe_and_whole_whatever_runs_are_called(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(*(make_run(number, name=name) for number, name in enumerate(ODD)))
    lines = call("runs", "--columns", "status,name", "--sort", "started_at").out.splitlines()
    assert len(lines) == 1 + len(ODD)
    assert not set("".join(lines)) & {"\x1b", "\x07", "\0", "\x9b", "\u202e", "\t"}
    assert lines[1:4] == [
        "finished  [bold]x[/]",
        "finished  \\u{1b}[31mred\\u{1b}[0m\\u{1b}]0;title\\u{7}",
        f"finished  {ODD[2]}",
    ]
    assert lines[7] == "finished  two\\u{a}lines\\u{9}and \\u{5c}u{1b}"


def on_a_terminal(project: Path, columns: int, *words: str) -> list[str]:
    """The lines that quarterdeck writes on a pseudo-terminal of that width."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    process = subprocess.Popen([sys.executable, "-m", "quarterdeck.app", *words], cwd=project, stdout=inner, env=env)
    os.close(inner)
    written = b""
    try:
        while piece := os.read(outer, 65536):
            written += piece
    except OSError:  # Linux says EIO where the other side is closed
        pass
    os.close(outer)
    assert process.wait(60) == 0
    return written.decode().splitlines()


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_on_a_terminal_no_row_is_wider_than_the_screen(
    columns: int, project: Path, fill: Fill, make_run: MakeRun
) -> None:
    fill(*(make_run(number, name=name, user=name) for number, name in enumerate(ODD)))
    lines = on_a_terminal(project, columns, "runs")
    assert len(lines) == 1 + len(ODD)
    assert max(cells(line) for line in lines) <= columns
    assert "…" in "".join(lines)


def test_every_field_of_the_interface_is_there(call: Call, fill: Fill, make_run: MakeRun, cache: Path) -> None:
    metrics = {
        "auc": Metric(value=0.1 + 0.2, step=7), "nan": Metric(value=math.nan), "inf": Metric(value=math.inf),
        "low": Metric(value=-math.inf), "big": Metric(value=1e300, step=-3),
    }  # fmt: skip
    fill(
        make_run(
            1, name="calm-ox", started_at=1_773_000_000_250, ended_at=1_773_000_060_000, user="ann", git_commit="4f2c",
            parent_id="00ff", artifact_uri="s3://b/x", params={"lr": "1e-3"}, tags={"team": "risk"}, metrics=metrics,
            datasets=(Dataset(name="orders", digest="77ab", context="training"),),
        )
    )  # fmt: skip
    writer = Cache(cache)
    points = (Point(step=0, at=1, value=0.2), Point(step=7, at=2, value=0.1 + 0.2))
    history = Series.of(f"{1:032x}", "auc", points)
    writer.write("0123456789abcdef", Batch(histories=(history,)), 1)
    writer.close()
    (run,) = call("runs", "--json").json
    unread = {"min": None, "max": None, "min_step": None, "max_step": None, "history": "unread"}
    assert run == {
        "id": f"{1:032x}",
        "subject": f"run/{1:032x}",
        "name": "calm-ox",
        "shown": "calm-ox",
        "source": "mlflow",
        "experiment": "exp-1",
        "experiment_id": "1",
        "status": "finished",
        "started_at": "2026-03-08T20:00:00.250Z",
        "ended_at": "2026-03-08T20:01:00Z",
        "user": "ann",
        "git_commit": "4f2c",
        "parent_id": "00ff",
        "artifact_uri": "s3://b/x",
        "params": {"lr": "1e-3"},
        "tags": {"team": "risk"},
        "metrics": {
            "auc": {
                "last": 0.30000000000000004,
                "step": 7,
                "min": 0.2,
                "max": 0.30000000000000004,
                "min_step": 0,
                "max_step": 7,
                "history": "complete",
            },
            "nan": {"last": "NaN", "step": 0, **unread},
            "inf": {"last": "Infinity", "step": 0, **unread},
            "low": {"last": "-Infinity", "step": 0, **unread},
            "big": {"last": 1e300, "step": -3, **unread},
        },
        "datasets": [{"name": "orders", "digest": "77ab", "context": "training"}],
    }


def test_what_a_run_has_not_is_null(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(make_run(1, started_at=None, status="running"))
    (run,) = call("runs", "--json").json
    absent = {"started_at", "ended_at", "user", "git_commit", "parent_id", "artifact_uri"}
    assert {key for key, value in run.items() if value is None} == absent


def test_filter_sort_and_limit_choose_and_order(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(*(make_run(n, metrics={"auc": Metric(value=n / 10)}, params={"kind": "ab"[n % 2]}) for n in range(6)))
    said = call(
        "runs", "--filter", 'params.kind = "a" and auc > 0', "--sort", "metrics.auc:desc", "--limit", "1", "--json"
    )
    assert names(said) == ["run-4"]
    assert names(call("runs", "--json")) == [f"run-{n}" for n in (5, 4, 3, 2, 1, 0)]  # newest first
    assert call("runs", "--limit", "0", "--json").json == []


def test_a_wrong_filter_is_marked_where_it_is_wrong(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(make_run(1))
    said = call("runs", "--filter", "名 and metrics.auc > > 3")
    assert said.status == 2
    message, text, mark = said.err.splitlines()
    assert text == "  名 and metrics.auc > > 3"
    assert cells(mark) - 1 == cells("  名 and metrics.auc > ")
    assert message.endswith(".")


def test_columns_are_the_words_of_the_filter(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(
        make_run(
            1, user="ann", git_commit="4f2c", params={"lr": "1e-3"}, tags={"a b": "x"}, ended_at=1_773_000_091_000,
            metrics={
                "auc": Metric(value=0.123456), "n": Metric(value=12.0), "tiny": Metric(value=2e-5),
                "no": Metric(value=math.nan),
            },
            datasets=(Dataset(name="orders", digest="77ab"), Dataset(name="users", digest="51c2")),
        )
    )  # fmt: skip
    columns = "name,user,commit,params.lr,tags.`a b`,auc,metrics.n,metrics.tiny,no,duration,dataset,experiment,source"
    head, row = call("runs", "--columns", columns).out.splitlines()
    assert head.split() == ["name", "user", "commit", "params.lr", "tags.`a", "b`", *columns.split(",")[5:]]
    assert row.split() == [
        "run-1", "ann", "4f2c", "1e-3", "x", "0.1235", "12", "2e-05", "NaN", "1", "min", "30", "s",
        "orders@77ab,", "users@51c2", "exp-1", "mlflow",
    ]  # fmt: skip


def test_a_column_that_there_is_not_names_the_nearest(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(make_run(1))
    said = call("runs", "--columns", "id,stauts")
    assert said.status == 2
    assert "Did you mean “status”?" in said.err
    assert call("runs", "--sort", "stauts").status == 2


def test_a_key_that_no_run_has_is_said_and_the_rest_is_listed(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(*(make_run(n, metrics={"val_auc": Metric(value=-n)}) for n in range(2)))
    said = call("runs", "--sort", "metrics.val_acu:desc", "--json")
    assert (said.status, names(said)) == (0, ["run-1", "run-0"])
    asked = "No run has a metric “val_acu” to sort by: newest first instead. Did you mean “val_auc”?\n"
    assert said.err == asked
    said = call("runs", "--columns", "name,params.lr,val_auc", "--sort", "val_auc")
    assert said.status == 0
    assert said.err == "No run has a param “lr” to show: its column is empty.\n"


def test_columns_say_that_json_has_them_all(call: Call, fill: Fill, make_run: MakeRun) -> None:
    fill(make_run(1, user="ann"))
    said = call("runs", "--json", "--columns", "name")
    assert said.json[0]["user"] == "ann"
    assert "--columns has no effect" in said.err


def test_an_experiment_is_named_by_name_id_or_pattern(call: Call, fill: Fill, make_run: MakeRun) -> None:
    source = "0123456789abcdef"
    fill(
        make_run(1, experiment_id="7"), make_run(2, experiment_id="8"), make_run(3, experiment_id="9"),
        experiments=[
            Experiment(source=source, id="7", name="churn-train"), Experiment(source=source, id="8", name="churn-eval"),
            Experiment(source=source, id="9", name="7"),
        ],
    )  # fmt: skip
    assert names(call("runs", "--experiment", "churn-train", "--json")) == ["run-1"]
    assert names(call("runs", "--experiment", "7", "--json")) == ["run-3"]  # a name before an id
    assert names(call("runs", "--experiment", "8", "--json")) == ["run-2"]
    assert names(call("runs", "--experiment", "churn-*", "--json")) == ["run-2", "run-1"]
    said = call("runs", "--experiment", "churn-trian", "--json")
    assert (said.status, said.out) == (1, "")
    assert "Did you mean “churn-train”?" in said.err


def test_a_view_gives_what_the_options_leave_open(call: Call, fill: Fill, make_run: MakeRun, project: Path) -> None:
    fill(*(make_run(n, metrics={"auc": Metric(value=-n)}) for n in range(4)))
    looks = {
        "filter": "metrics.auc < 0",
        "sort": "metrics.auc:desc",
        "columns": ["name"],
        "experiment": None,
        "tree": True,
    }
    with State(state_file(load(directory=project).project_key)) as state:
        state.save_table(view_name("runs", "worst"), looks)
    assert call("runs", "--view", "worst").out == "name\nrun-1\nrun-2\nrun-3\n"
    assert (
        call("runs", "--view", "worst", "--sort", "name:desc", "--columns", "name").out == "name\nrun-3\nrun-2\nrun-1\n"
    )
    said = call("runs", "--view", "wrost")
    assert said.status == 1
    assert "There is no view “wrost”. There are worst." in said.err


def test_runs_of_a_source_that_left_the_settings_are_not_listed(
    call: Call, fill: Fill, make_run: MakeRun, cache: Path
) -> None:
    fill(make_run(1))
    writer = Cache(cache)
    other = SourceSpec(key="fedcba9876543210", kind="mlflow", name="other", address="")
    writer.declare([other])
    writer.write(other.key, Batch(experiments=(Experiment(source=other.key, id="1", name="x"),)), 1)
    writer.close()
    assert call("runs", "--json").json == []


def test_a_damaged_cache_is_a_sentence(call: Call, fill: Fill, make_run: MakeRun, cache: Path) -> None:
    fill(*(make_run(n) for n in range(2_000)))
    content = bytearray(cache.read_bytes())
    content[8_192:] = b"\xff" * (len(content) - 8_192)
    cache.write_bytes(content)
    said = call("runs")
    assert said.status == 1
    assert "`quarterdeck sync` builds a new one" in said.err


MEASURE = r"""
import re, sys
from pathlib import Path
from quarterdeck.app.__main__ import main
status = main(["--project", sys.argv[1], "runs", "--json"])
print(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""


def test_many_runs_are_written_a_window_at_a_time(project: Path, fill: Fill, make_run: MakeRun) -> None:
    def peak() -> tuple[int, int]:
        said = subprocess.run([sys.executable, "-c", MEASURE, str(project)], capture_output=True, check=True)
        return len(json.loads(said.stdout)), int(said.stderr)

    fill(make_run(0))
    _, small = peak()
    fill(*(make_run(n, params={f"p{k}": f"{k}" * 200 for k in range(30)}) for n in range(5_000)))
    count, large = peak()
    assert count == 5_000
    assert large - small < 20_000  # kB; the runs are 30 MB of text
