"""`quarterdeck check run`: the project's own command runs, and what it wrote is told and can be listed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.settings import load
from quarterdeck.app.sources.registry import checks_source
from quarterdeck.app.store.files import cache_file

from .conftest import Call

SCRIPT = """
import json, sys, time
from pathlib import Path

def result(kind, column, success, **more):
    return {"success": success, "result": {"element_count": 100, "unexpected_count": 0 if success else 3},
            "exception_info": {"raised_exception": False, "exception_message": None, "exception_traceback": None},
            "expectation_config": {"expectation_type": kind, "kwargs": {"column": column}, "meta": {}}, **more}

def validation(*results):
    return {"success": all(one["success"] for one in results), "results": list(results), "evaluation_parameters": {},
            "statistics": {"evaluated_expectations": len(results)},
            "meta": {"great_expectations_version": "0.18.19", "expectation_suite_name": "orders",
                     "run_id": {"run_name": "nightly", "run_time": "2026-03-07T03:00:00+00:00"},
                     "active_batch_definition": {"data_asset_name": "orders"}}}
"""
GOOD = 'validation(result("expect_column_values_to_not_be_null", "id", True))'
BAD = (
    'validation(result("expect_column_values_to_not_be_null", "id", True),'
    ' result("expect_column_values_to_be_unique", "id", False))'
)


def make(project: Path, body: str, **keys: Any) -> None:
    """A project with one command, of Great Expectations' results, and trust in it."""
    (project / "check.py").write_text(SCRIPT + body)
    given = {"kind": "great_expectations", "name": "orders", "command": [sys.executable, "check.py"], **keys}
    lines = [f"{key} = {json.dumps(value)}" for key, value in given.items()]
    (project / "quarterdeck.toml").write_text("[[checks]]\n" + "\n".join(lines) + "\n")


@pytest.fixture
def trusted(project: Path, call: Call) -> Any:
    def made(body: str, **keys: Any) -> None:
        make(project, body, **keys)
        assert call("trust", "--yes").status == 0

    return made


def writes(what: str) -> str:
    return f'Path("out").mkdir(exist_ok=True); Path("out/v.json").write_text(json.dumps({what}))\n'


def test_what_is_printed_is_counted_and_the_bad_ones_get_a_line_each(trusted: Any, call: Call) -> None:
    trusted(f"print(json.dumps({BAD})); sys.exit(1)")
    said = call("check", "run")
    first, second = said.out.splitlines()
    assert (said.status, first) == (1, "orders: 1 pass, 1 fail")
    assert second.startswith("✖ fail  orders  unique(id)")
    assert "✖ orders failed" in said.err
    assert "1 of 2 checks failed or could not run." in said.err


def test_files_that_it_writes_are_read_and_those_from_before_are_not(project: Path, trusted: Any, call: Call) -> None:
    trusted(writes(GOOD), paths=["out/*.json"])
    (project / "out").mkdir()
    (project / "out/old.json").write_text('{"cut')
    said = call("check", "run", "orders")
    assert (said.status, said.out) == (0, "orders: 1 pass\n")
    assert "● orders passed" in said.err


def test_it_is_in_the_cache_when_it_is_told(project: Path, trusted: Any, call: Call) -> None:
    trusted(f"print(json.dumps({BAD}))")
    ran = call("check", "run", "--json")
    (found,) = ran.json
    assert (ran.status, found["outcomes"]["fail"], found["exit_status"]) == (1, 1, 0)
    assert found["results"][0]["name"] == "unique(id)"
    listed = call("checks", "--json")
    assert {one["id"] for one in listed.json} == {one["id"] for one in found["results"]}
    assert call("status", "--json").json[0]["state"] == "ok"


def test_a_command_that_fails_and_leaves_nothing_could_not_run(trusted: Any, call: Call) -> None:
    trusted('print("one", file=sys.stderr); print("no such table: a@b.example", file=sys.stderr); sys.exit(3)')
    said = call("check", "run")
    assert (said.status, said.out) == (1, "orders: no results\n")
    assert "exit status 3 and wrote no results. It said: no such table: …" in said.err
    assert "a@b.example" not in call("status").out
    assert "exit status 3" in call("status").out


def test_a_command_that_leaves_nothing_is_not_well_though_it_says_so(trusted: Any, call: Call) -> None:
    trusted("pass", paths=["out/*.json"])
    said = call("check", "run")
    assert (said.status, said.out) == (1, "orders: no results\n")
    assert "exit status 0 and wrote no results" in said.err


def test_one_that_fails_though_all_that_it_wrote_passed_is_not_well(trusted: Any, call: Call) -> None:
    trusted(f"print(json.dumps({GOOD})); sys.exit(2)")
    said = call("check", "run")
    assert (said.status, said.out) == (1, "orders: 1 pass\n")
    assert "though nothing failed in the results that it wrote" in said.err


def test_what_cannot_be_read_could_not_run(trusted: Any, call: Call) -> None:
    trusted('print("{")')
    said = call("check", "run")
    assert (said.status, said.out) == (1, "orders: no results\n")
    assert "cannot be read" in said.err


def test_a_command_that_fails_in_the_midst_of_its_words_could_not_run(trusted: Any, call: Call) -> None:
    trusted('print("{ Traceback"); print("no such database", file=sys.stderr); sys.exit(4)')
    said = call("check", "run")
    assert "exit status 4 and wrote no results. It said: no such database" in said.err
    assert "exit status 4" in call("status", "--json").json[0]["sentence"]


def test_one_that_leaves_its_results_elsewhere_is_told_by_its_exit_status(
    project: Path, trusted: Any, call: Call
) -> None:
    trusted("pass", mlflow_artifact="checks/*.json")
    assert "tracking_uri" in call("check", "run").err
    add = '[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n'
    (project / "quarterdeck.toml").write_text((project / "quarterdeck.toml").read_text() + add)
    said = call("check", "run")
    assert (said.status, said.out) == (0, "orders: what it left in runs or pipelines is read when those have ended\n")
    (project / "check.py").write_text("raise SystemExit(5)")
    assert call("check", "run").status == 1


def test_results_of_nothing_are_not_green(trusted: Any, call: Call) -> None:
    trusted("print(json.dumps(validation()))")
    assert call("check", "run").status == 1


def test_a_program_that_is_not_there_is_named(trusted: Any, call: Call) -> None:
    trusted("", command=["no-such-tool", "test"])
    said = call("check", "run")
    assert (said.status, "There is no program no-such-tool on the PATH." in said.err) == (1, True)


def test_nothing_runs_untrusted_or_where_nothing_may_be_changed(project: Path, call: Call) -> None:
    make(project, 'Path("ran").touch()')
    assert call("check", "run").status == 2
    assert call("trust", "--yes").status == 0
    said = call("check", "run", before=["--read-only"])
    assert (said.status, said.err.startswith("Refused")) == (4, True)
    assert not (project / "ran").exists()


def test_a_name_that_there_is_not_and_one_without_a_command_are_refused(project: Path, call: Call) -> None:
    make(project, "")
    text = (project / "quarterdeck.toml").read_text()
    (project / "quarterdeck.toml").write_text(text + '[[checks]]\nkind = "dbt"\npaths = ["target/*.json"]\n')
    wrong = call("check", "run", "oders")
    assert (wrong.status, wrong.err) == (2, "No [[checks]] is called “oders”: there is orders, dbt.\n")
    assert call("check", "run", "dbt").status == 2
    (project / "quarterdeck.toml").write_text('[project]\nname = "x"\n')
    assert "has a command to run" in call("check", "run").err
    assert "Did you mean “run”?" in call("check", "rum").err


def test_it_runs_where_the_settings_are_with_the_users_own_environment_and_without_gits(
    project: Path, trusted: Any, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    monkeypatch.setenv("MAKEFLAGS", "-j")
    monkeypatch.setenv("SHOP", "open")
    trusted(
        "import os\nseen = [os.getcwd(), sys.stdin.read(), os.isatty(1), dict(os.environ)]\n"
        "Path('seen').write_text(json.dumps(seen))"
    )
    call("check", "run")
    where, stdin, is_terminal, environment = json.loads((project / "seen").read_text())
    assert (Path(where), stdin, is_terminal, environment["SHOP"]) == (project, "", False, "open")
    assert not {"GIT_DIR", "MAKEFLAGS"} & environment.keys()


def test_what_takes_too_long_is_ended_with_all_that_it_started(
    project: Path, trusted: Any, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.checks.command.LIMIT", 0.5)
    trusted("import subprocess\nchild = subprocess.Popen(['sleep', '1000'])\n"
            "Path('child').write_text(str(child.pid))\ntime.sleep(1000)")  # fmt: skip
    said = call("check", "run")
    assert (said.status, "took longer than" in said.err) == (1, True)
    state = Path(f"/proc/{(project / 'child').read_text()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


def test_what_prints_without_end_is_ended(trusted: Any, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.app.sources.checks.command.LARGEST", 1 << 20)
    trusted("while True: sys.stdout.write('x' * 65536)")
    said = call("check", "run")
    assert (said.status, "printed more than 1 MB and was ended" in said.err) == (1, True)


def test_only_the_last_outputs_are_kept(project: Path, trusted: Any, call: Call) -> None:
    trusted(f"print(json.dumps({GOOD}))")
    for _ in range(7):
        assert call("check", "run").status == 0
    source = checks_source(load(directory=project), 0)
    assert len(source.command.outputs()) == 5  # type: ignore[attr-defined]  # of ChecksSource
    assert oct(source.command.folder.stat().st_mode)[-3:] == "700"  # type: ignore[attr-defined]  # as above


def test_ctrl_c_ends_the_command_and_says_nothing_of_its_state(project: Path, trusted: Any) -> None:
    trusted("Path('up').touch(); time.sleep(1000)")
    process = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck.app", "check", "run"], cwd=project, stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (project / "up").exists() and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, b"cancelled" in said) == (130, True)


def test_two_runs_at_once_follow_one_another(project: Path, trusted: Any, call: Call) -> None:
    trusted(
        "mark = Path('busy')\nassert not mark.exists()\nmark.touch()\nPath('up').touch()\n"
        "time.sleep(0.4)\nmark.unlink()\n" + f"print(json.dumps({GOOD}))"
    )
    first = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck.app", "check", "run"], cwd=project, stderr=subprocess.DEVNULL,
        stdout=subprocess.PIPE, env={**os.environ},
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (project / "up").exists() and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert call("check", "run").status == 0
    out, _ = first.communicate(timeout=60)
    assert (first.returncode, out) == (0, b"orders: 1 pass\n")


def test_the_syncer_runs_it_when_it_is_due_and_not_before(project: Path, trusted: Any, call: Call) -> None:
    trusted(f"Path('runs').open('a').write('x')\nprint(json.dumps({BAD})); sys.exit(1)", every="1h")
    for _ in range(3):
        assert call("sync").status == 0
    assert (project / "runs").read_text() == "x"
    assert len(call("checks", "--json").json) == 2
    source = checks_source(load(directory=project), 0)
    last = source.command.folder / "last.json"  # type: ignore[attr-defined]  # of ChecksSource
    told = json.loads(last.read_text())
    last.write_text(json.dumps({**told, "started_at": told["started_at"] - 3_600_001}))
    call("sync")
    assert (project / "runs").read_text() == "xx"


def test_without_every_a_sync_runs_nothing_and_says_how_to(project: Path, trusted: Any, call: Call) -> None:
    trusted("Path('ran').touch()")
    said = call("sync")
    assert (said.status, "`quarterdeck check run orders` runs it" in said.err) == (0, True)
    assert not (project / "ran").exists()


def test_an_examination_runs_nothing_though_it_is_due(project: Path, trusted: Any, call: Call) -> None:
    trusted("Path('ran').touch()", every="1h")
    call("doctor")
    assert not (project / "ran").exists()


def test_what_failed_in_the_syncer_is_said_until_it_ran_well(project: Path, trusted: Any, call: Call) -> None:
    trusted("sys.exit(not Path('fine').exists() and 3)\n", every="1h")
    call("sync")
    assert call("status", "--json").json[0]["state"] == "unreachable"
    call("sync")
    assert "exit status 3" in call("status", "--json").json[0]["sentence"]
    (project / "check.py").write_text(SCRIPT + f"print(json.dumps({GOOD}))")
    assert call("check", "run").status == 0
    assert call("status", "--json").json[0]["state"] == "ok"


def test_no_value_of_what_it_said_is_in_the_cache(project: Path, trusted: Any, call: Call) -> None:
    trusted("print('bad row: ann@secret.example 4711471147', file=sys.stderr); sys.exit(2)")
    call("check", "run")
    cache = cache_file(None, load(directory=project).project_key)
    held = b"".join(path.read_bytes() for path in cache.parent.rglob("*") if path.is_file())
    assert b"secret.example" not in held
