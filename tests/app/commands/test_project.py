"""`quarterdeck trust`, `init`, `demo`, `sync` and `doctor` on real repositories and stores."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app import demo, terminal, trust
from quarterdeck.app.channel import wait_until_listening
from quarterdeck.app.paths import config_dir
from quarterdeck.app.settings import load

Call = Callable[..., Any]

GIT = ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main"]
REACHING = '[mlflow]\ntracking_uri = "https://mlflow.example"\ntoken_command = ["gh", "auth", "token"]\n'


def git(where: Path, *words: str) -> None:
    subprocess.run([*GIT, *words], cwd=where, check=True, capture_output=True)


@pytest.fixture
def repository(project: Path) -> Path:
    """The project as a Git repository with two commits and no remote."""
    git(project, "init")
    git(project, "add", ".")
    git(project, "commit", "-m", "Begin")
    git(project, "commit", "--allow-empty", "-m", "Go on")
    return project


@pytest.fixture
def dead_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


# -- trust


def test_settings_that_reach_nowhere_need_no_trust(call: Call) -> None:
    said = call("trust", "--json")
    assert (said.status, said.json) == (0, {"trusted": True, "reaches": []})


def test_trust_shows_what_it_would_reach_and_records_nothing_unasked(call: Call, project: Path) -> None:
    (project / "quarterdeck.toml").write_text(REACHING)
    said = call("trust")
    assert said.status == 2
    assert "https://mlflow.example" in said.out
    assert '["gh","auth","token"]' in said.out
    assert "say --yes" in said.err
    assert call("trust", "--json").json["trusted"] is False


def test_trust_is_recorded_until_something_changes(call: Call, project: Path) -> None:
    (project / "quarterdeck.toml").write_text(REACHING)
    assert call("trust", "--yes").status == 0
    assert call("trust", "--json").json["trusted"] is True
    (project / "quarterdeck.toml").write_text(REACHING.replace('"gh"', '"evil"'))
    assert call("trust", "--json").json["trusted"] is False
    assert "Not trusted" in call("status").err


# -- init


@pytest.fixture
def bare_project(project: Path) -> Path:
    (project / "quarterdeck.toml").unlink()
    return project


def test_init_writes_what_it_found_and_the_file_loads(call: Call, bare_project: Path) -> None:
    (bare_project / "mlflow.db").write_bytes(b"")
    said = call("init", "--json")
    assert said.status == 0
    assert "mlflow.db is an MLflow store" in said.err
    file = bare_project / "quarterdeck.toml"
    assert said.json["file"] == str(file)
    assert said.json["content"] == file.read_text()
    assert load(directory=bare_project).mlflow.tracking_uri == "sqlite:///mlflow.db"


def test_init_proposes_in_comments_what_brings_production_into_sight_and_it_loads_without_the_marks(
    call: Call, bare_project: Path
) -> None:
    call("init")
    file = bare_project / "quarterdeck.toml"
    written, _, steps = file.read_text().partition("\n# Next steps.")
    assert all(line.startswith("#") for line in steps.splitlines()[1:] if line)
    lines = [line.removeprefix("# ") for line in steps.splitlines()[2:] if " = " in line or "[" in line]
    file.write_text(
        "\n".join([written, *(line for line in lines if line[0] == "[" or line.split(" = ")[0].isidentifier())])
    )
    settings = load(directory=bare_project)
    assert [one.kind for one in (*settings.ci, *settings.checks, *settings.monitors, *settings.infra)] == [
        "github", "great_expectations", "prometheus", "terraform",
    ]  # fmt: skip
    assert settings.mlflow.tracking_uri
    assert settings.promotion["my-model"].to == "champion"


def test_init_proposes_nothing_that_is_there(call: Call, bare_project: Path) -> None:
    (bare_project / "mlflow.db").write_bytes(b"")
    (bare_project / "gx").mkdir()
    content = call("init", "--json").json["content"]
    assert "# [mlflow]" not in content
    assert "# [[checks]]" not in content
    assert "# [[monitors]]" in content


def test_init_does_not_write_over_a_file(call: Call, project: Path) -> None:
    before = (project / "quarterdeck.toml").read_text()
    said = call("init")
    assert said.status == 4
    assert "is there already" in said.err
    assert (project / "quarterdeck.toml").read_text() == before


def test_init_force_keeps_the_old_file_even_a_broken_one(call: Call, project: Path) -> None:
    (project / "quarterdeck.toml").write_text("[nonsense")
    assert call("init").status == 2
    assert call("init", "--force").status == 0
    assert (project / "quarterdeck.toml.old").read_text() == "[nonsense"
    assert load(directory=project).name == "churn"


def test_init_does_not_write_through_a_link(call: Call, bare_project: Path, tmp_path: Path) -> None:
    (bare_project / "quarterdeck.toml").symlink_to(tmp_path / "elsewhere")
    assert call("init", "--force").status == 0
    assert not (tmp_path / "elsewhere").exists()
    assert not (bare_project / "quarterdeck.toml").is_symlink()


def test_what_init_found_is_not_trusted_by_being_written_down(call: Call, bare_project: Path) -> None:
    git(bare_project, "init")
    git(bare_project, "remote", "add", "origin", "https://gitlab.evil.example/a/b.git")
    said = call("init")
    assert said.status == 0
    assert "Not trusted" in said.err


def test_init_keeps_trusting_the_server_that_the_environment_names_and_that_alone(
    call: Call, bare_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example")
    git(bare_project, "init")
    git(bare_project, "remote", "add", "origin", "https://gitlab.evil.example/a/b.git")
    said = call("init")
    assert "Trusted by you: the tracking server" in said.err
    (warning,) = [line for line in said.err.splitlines() if "Not trusted" in line]
    assert "gitlab.evil.example" in warning
    assert "mlflow.example" not in warning
    written = load(directory=bare_project)
    assert (trust.may_run(written, "mlflow"), trust.may_run(written, "git")) == (True, False)
    file = bare_project / "quarterdeck.toml"
    file.write_text(file.read_text().replace("http://mlflow.example", "http://mlflow.evil.example"))
    assert not trust.may_run(load(directory=bare_project), "mlflow")


def test_init_leaves_out_the_server_of_the_person_s_own_settings(call: Call, bare_project: Path) -> None:
    config_dir().mkdir(parents=True)
    (config_dir() / "config.toml").write_text(REACHING)
    said = call("init")
    assert "Left out: the tracking server of your own config.toml" in said.err
    tracking = load(directory=bare_project).tracking
    assert tracking is not None
    assert tracking.origin == "personal"


def test_init_says_when_the_folder_cannot_be_written(call: Call, bare_project: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    bare_project.chmod(0o500)
    said = call("init")
    bare_project.chmod(0o700)
    assert said.status == 1
    assert "cannot be written" in said.err


@pytest.mark.parametrize("with_file", [False, True])
def test_where_nothing_is_to_be_read_every_command_says_what_helps(
    call: Call, bare_project: Path, with_file: bool
) -> None:
    helps = "Work in a Git repository, set MLFLOW_TRACKING_URI"
    if with_file:
        assert helps in call("init").err
    for command, status in (("sync", 2), ("status", 0), ("runs", 0), ("doctor", 1)):
        said = call(command)
        assert said.status == status
        assert helps in said.err + said.out
        assert "quarterdeck init" not in said.err + said.out
        assert "`quarterdeck sync`" not in said.err + said.out


# -- sync


def test_a_sync_reads_the_sources_into_the_cache(call: Call, repository: Path) -> None:
    said = call("sync", "--json")
    assert said.status == 0
    (state,) = said.json
    assert (state["source"], state["state"], state["items"]) == ("git", "ok", 2)
    assert "git: ok, 2 items." in said.err
    assert {event["title"] for event in call("events", "--json").json} == {"Begin", "Go on"}


def test_a_source_that_cannot_be_read_is_said_and_ends_with_3(call: Call, repository: Path, dead_port: int) -> None:
    (repository / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "http://127.0.0.1:{dead_port}"\n')
    call("trust", "--yes")
    said = call("sync", "--json")
    assert said.status == 3
    states = {state["source"]: state["state"] for state in said.json}
    assert states == {"git": "ok", "mlflow": "unreachable", "models": "unreachable"}
    lines = [line.partition(":")[0] for line in said.err.splitlines()]
    assert sorted(lines) == ["git", "mlflow", "models"]  # a line each, no more
    assert call("sync", "--source", "git").status == 0


def test_an_untrusted_source_is_not_reached(call: Call, repository: Path) -> None:
    (repository / "quarterdeck.toml").write_text(REACHING)
    said = call("sync", "--json")
    assert said.status == 3
    states = {state["source"]: state["state"] for state in said.json}
    assert states == {"git": "ok", "mlflow": "untrusted", "models": "untrusted"}


def test_a_source_that_there_is_not_is_a_mistake(call: Call, repository: Path) -> None:
    said = call("sync", "--source", "gti")
    assert said.status == 2
    assert "gti" in said.err


@pytest.fixture
def syncer(repository: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`quarterdeck sync --watch` on the repository, once it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck.app", "sync", "--watch"], cwd=repository, stderr=subprocess.PIPE
    )
    try:
        assert wait_until_listening(_cache(repository), 30)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr is not None
        process.stderr.close()


def _cache(repository: Path) -> Path:
    from quarterdeck.app.store.files import cache_file

    return cache_file(None, load(directory=repository).project_key)


def test_a_running_syncer_is_asked_and_waited_for(
    call: Call, repository: Path, syncer: subprocess.Popen[bytes]
) -> None:
    git(repository, "commit", "--allow-empty", "-m", "Third")
    said = call("sync", "--json")
    assert said.status == 0
    assert said.json[0]["items"] == 3
    assert f"The syncer runs: process {syncer.pid}" in call("status").err
    assert "A syncer runs already" in call("sync", "--watch").err


def test_install_prints_what_is_left_to_do(call: Call, monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # no systemctl
    said = call("sync", "--install")
    assert said.status == 0
    assert said.out.startswith("* * * * * ")
    assert str(project) in said.out


# -- doctor


def findings(said: Any) -> dict[str, dict[str, str]]:
    return {finding["check"]: finding for finding in said.json}


def test_doctor_finds_nothing_wrong_with_a_good_project(call: Call, repository: Path) -> None:
    call("sync")
    said = call("doctor", "--json")
    assert said.status == 0
    assert [finding for finding in said.json if finding["state"] != "ok"] == []
    assert {"program", "settings", "trust", "cache", "state", "syncer", "git", "terminal"} <= findings(said).keys()
    assert "All is well." in call("doctor").err


def test_doctor_does_not_say_that_all_is_well_under_a_warning(call: Call, repository: Path) -> None:
    said = call("doctor")  # nothing is synced yet
    assert said.status == 0
    assert "warn  cache" in said.out
    assert said.err == "Nothing fails; 1 warning is above.\n"


def test_doctor_says_which_source_fails_and_how_to_mend_it(call: Call, repository: Path, dead_port: int) -> None:
    (repository / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "http://127.0.0.1:{dead_port}"\n')
    found = findings(call("doctor", "--json"))
    assert (found["trust"]["state"], found["mlflow"]["state"]) == ("warn", "fail")
    assert "quarterdeck trust" in found["mlflow"]["mend"]
    call("trust", "--yes")
    said = call("doctor", "--json")
    assert said.status == 1
    found = findings(said)
    assert (found["git"]["state"], found["mlflow"]["state"]) == ("ok", "fail")
    assert f"127.0.0.1:{dead_port}" in found["mlflow"]["sentence"]
    assert found["mlflow"]["mend"]


def test_doctor_says_of_a_file_that_is_no_result_what_to_do_with_it(call: Call, repository: Path) -> None:
    (repository / "quarterdeck.toml").write_text('[[checks]]\nkind = "junit"\npaths = ["*.xml"]\n')
    (repository / "cut.xml").write_text("<testsuites")
    call("sync")
    call("sync")  # the first time it might be a file that is being written
    found = findings(call("doctor", "--json"))["junit"]
    assert found["sentence"].startswith("cut.xml cannot be read")
    assert found["mend"].startswith("Write the file anew or take it away")


def test_doctor_looks_on_when_the_settings_are_broken(call: Call, project: Path) -> None:
    (project / "quarterdeck.toml").write_text("[nonsense")
    said = call("doctor", "--json")
    assert said.status == 2
    assert findings(said)["settings"]["state"] == "fail"
    assert findings(said)["program"]["state"] == "ok"


def test_doctor_notices_damage_in_the_cache_and_in_the_state(call: Call, repository: Path) -> None:
    call("sync")
    cache, state = _cache(repository), Path(findings(call("doctor", "--json"))["state"]["sentence"].rstrip("."))
    content = bytearray(cache.read_bytes())
    content[4_096:12_288] = b"\xff" * 8_192
    cache.write_bytes(content)
    state.write_bytes(b"no database " * 1_000)
    said = call("doctor", "--json")
    assert said.status == 1
    found = findings(said)
    assert (found["cache"]["state"], found["state"]["state"]) == ("fail", "fail")
    assert "never rebuilt" in found["state"]["sentence"]


def test_doctor_tells_what_a_crash_cut_off(call: Call, repository: Path) -> None:
    from quarterdeck.app.store.state import State, state_file

    with State(state_file(load(directory=repository).project_key)) as state:
        state.ask_acts([("set_tag", "run/1", {})], 0)
    found = findings(call("doctor", "--json"))["state"]
    assert found["state"] == "warn"
    assert "set_tag run/1" in found["sentence"]


def test_doctor_without_any_source_says_how_to_get_one(call: Call, project: Path) -> None:
    said = call("doctor", "--json")
    assert said.status == 1
    assert "MLFLOW_TRACKING_URI" in findings(said)["sources"]["mend"]


def test_doctor_tells_a_server_s_clock(call: Call, repository: Path, mlflow_server: str) -> None:
    (repository / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{mlflow_server}"\n')
    call("trust", "--yes")
    found = findings(call("doctor", "--json"))
    assert found["mlflow"]["state"] == "ok"
    assert found["mlflow clock"]["sentence"] == "Agrees with ours."


# -- demo


@pytest.fixture
def small_demo(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A world that is built in no time; gives what was done to it, in order. (tests/app/demo builds the real one.)"""
    done: list[str] = []

    def build(directory: Path, report: Callable[[str], None]) -> None:
        directory.mkdir(parents=True)
        (directory / "quarterdeck.toml").write_text(REACHING)
        done.append("built")
        report("Writing the repository")

    def start_trainer(directory: Path) -> None:
        done.append("trainer")

    def open_terminal(settings: Any, **_: Any) -> int:
        done.append(f"opened {settings.root}")
        return 0

    monkeypatch.setattr(demo, "is_built", lambda directory: directory.exists())
    monkeypatch.setattr(demo, "build", build)
    monkeypatch.setattr(demo, "run_past", lambda settings, report: done.append("its past was run"))
    monkeypatch.setattr(demo, "write_ledger", lambda settings, report: done.append("its ledger"))
    monkeypatch.setattr(demo, "start_pipeline", lambda settings: done.append("pipeline"))
    monkeypatch.setattr(demo, "start_trainer", start_trainer)
    monkeypatch.setattr(terminal, "open_terminal", open_terminal)
    return done


def test_the_demo_is_built_once_trusted_and_opened(call: Call, small_demo: list[str], tmp_path: Path) -> None:
    where = tmp_path / "world"
    said = call("demo", "--dir", str(where), "--build-only")
    assert said.status == 0
    assert f"The demo world is in {where}." in said.err
    assert small_demo == ["built", "its past was run", "its ledger"]
    assert call("demo", "--dir", str(where)).status == 0
    assert small_demo == [
        "built",
        "its past was run",
        "its ledger",
        "trainer",
        "pipeline",
        f"opened {where}",
    ]
    assert call("trust", "--json", before=["--project", str(where)]).json["trusted"] is True


def test_a_new_demo_is_opened_with_its_pipeline_running(call: Call, small_demo: list[str], tmp_path: Path) -> None:
    where = tmp_path / "world"
    assert call("demo", "--dir", str(where)).status == 0
    assert small_demo == [
        "built",
        "its past was run",
        "its ledger",
        "trainer",
        "pipeline",
        f"opened {where}",
    ]


def test_the_demo_s_own_place_is_among_the_user_s_data(call: Call, small_demo: list[str]) -> None:
    call("demo", "--build-only")
    assert (Path(os.environ["XDG_DATA_HOME"]) / "quarterdeck" / "demo" / "quarterdeck.toml").exists()


def test_a_demo_that_was_changed_since_is_not_trusted_again(call: Call, small_demo: list[str], tmp_path: Path) -> None:
    where = tmp_path / "world"
    call("demo", "--dir", str(where), "--build-only")
    (where / "quarterdeck.toml").write_text(REACHING.replace('"gh"', '"evil"'))
    call("demo", "--dir", str(where), "--build-only")
    assert call("trust", "--json", before=["--project", str(where)]).json["trusted"] is False
