"""A credential goes to the host that it is bound to, is read when it is wanted, and is never seen."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from quarterdeck.app import credentials
from quarterdeck.app.credentials import Secret, credential, route
from quarterdeck.app.errors import SettingsError
from quarterdeck.app.paths import config_dir
from quarterdeck.app.settings import Connection, GithubCi, Settings, load

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GITHUB_TOKEN": "github-5ecret",
    "GITLAB_TOKEN": "gitlab-5ecret",
    "MLFLOW_TRACKING_URI": "https://mlflow.acme:8443/team",
    "MLFLOW_TRACKING_TOKEN": "mlflow-5ecret",
    "MINE": "my-5ecret",
}


def project(where: Path, mlflow: str = "", personal: str = "", environment: dict[str, str] = ENVIRONMENT) -> Settings:
    (where / "quarterdeck.toml").write_text(f"[mlflow]\n{mlflow}")
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "config.toml").write_text(personal)
    return load(directory=where, environment=environment)


def secret(settings: Settings, address: str, section: Connection | None = None) -> Secret | None:
    found = credential(settings, address, section)
    return None if found is None else found.read()


def reason(settings: Settings) -> str:
    """Why the project's own credential cannot be had."""
    with pytest.raises(SettingsError) as caught:
        secret(settings, "https://elsewhere", settings.mlflow)
    assert "5ecret" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("address", "token"),
    [
        ("https://github.com/acme/churn", "github-5ecret"),
        ("https://api.github.com", "github-5ecret"),
        ("https://gitlab.com/api/v4", "gitlab-5ecret"),
        ("https://mlflow.acme:8443/other", "mlflow-5ecret"),
        ("http://github.com", None),
        ("https://github.com:8443", None),
        ("https://github.com.evil.example", None),
        ("https://evil.example/github.com", None),
        ("https://github.com@evil.example", None),
        ("https://gitlab.acme", None),
        ("https://mlflow.acme", None),
        ("http://mlflow.acme:8443", None),
        ("https://mlflow.acme:8443@evil.example", None),
        ("https://", None),
    ],
)
def test_the_environments_tokens_go_to_their_own_hosts_alone(tmp_path: Path, address: str, token: str | None) -> None:
    found = secret(project(tmp_path), address)
    assert (None if found is None else found.token) == token


def test_a_login_in_the_environments_address_is_for_that_address(tmp_path: Path) -> None:
    settings = project(tmp_path, environment={"MLFLOW_TRACKING_URI": "http://ann:5ecret@m:5000"})
    assert secret(settings, "http://m:5000") == Secret("5ecret", "ann")
    assert secret(settings, "http://m:5001") is None


def test_a_user_name_and_password_come_before_a_token_as_mlflow_has_it(tmp_path: Path) -> None:
    named = {**ENVIRONMENT, "MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "p"}
    assert secret(project(tmp_path, environment=named), "https://mlflow.acme:8443") == Secret("p", "ann")


def test_a_host_in_personal_settings_is_bound_with_its_port_or_to_all(tmp_path: Path) -> None:
    settings = project(
        tmp_path,
        personal='[hosts."a.example"]\ntoken_env = "MINE"\n[hosts."b.example:5000"]\ntoken_env = "MINE"\n'
        '[hosts."[::1]"]\ntoken_env = "MINE"\n[hosts."github.com"]\ntoken_env = "MINE"\n',
    )
    mine = Secret("my-5ecret")
    assert secret(settings, "https://A.example") == secret(settings, "http://a.example:5000") == mine
    assert secret(settings, "http://b.example:5000") == mine
    assert secret(settings, "http://b.example:5001") is None
    assert secret(settings, "http://sub.a.example") is None
    assert secret(settings, "http://[::1]:5000") == mine
    assert secret(settings, "https://github.com") == mine  # what a person bound comes before what is built in


def test_the_sources_own_keys_come_after_the_persons_and_before_the_environments(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_text(
        '[[ci]]\nkind = "github"\nrepository = "a/b"\ntoken_env = "MINE"\n[mlflow]\n'
    )
    settings = load(directory=tmp_path, environment=ENVIRONMENT)
    (ci,) = settings.ci
    assert isinstance(ci, GithubCi)
    assert secret(settings, ci.base_url, ci) == Secret("my-5ecret")


def test_a_user_name_and_a_password_are_read_from_the_environment(tmp_path: Path) -> None:
    settings = project(tmp_path, 'username_env = "U"\npassword_env = "P"\n', environment={"U": "ann", "P": "5ecret"})
    assert secret(settings, "https://elsewhere", settings.mlflow) == Secret("5ecret", "ann")


def test_a_secret_shows_in_no_repr(tmp_path: Path) -> None:
    found = credential(project(tmp_path), "https://github.com")
    assert found is not None
    assert found.origin == "the token in $GITHUB_TOKEN"
    assert "5ecret" not in f"{found!r} {found} {found.read()!r} {found.read()}"


def test_an_unset_variable_is_named_with_its_line(tmp_path: Path) -> None:
    assert reason(project(tmp_path, 'timeout = "5s"\ntoken_env = "NOPE"\n')) == (
        f"{tmp_path}/quarterdeck.toml:3: [mlflow] “token_env” names $NOPE, which is not set."
    )


def script(where: Path, text: str) -> str:
    path = where / "token.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(stat.S_IRWXU)
    return f'token_command = ["{path}"]\n'


def test_a_command_gives_its_first_and_only_line(tmp_path: Path) -> None:
    settings = project(tmp_path, script(tmp_path, 'echo "$MINE"'))
    assert secret(settings, "https://elsewhere", settings.mlflow) == Secret("my-5ecret")


def test_a_command_runs_when_it_is_asked_and_not_before(tmp_path: Path) -> None:
    settings = project(tmp_path, script(tmp_path, f"touch {tmp_path}/ran; echo t"))
    found = credential(settings, "https://elsewhere", settings.mlflow)
    assert found is not None
    assert not (tmp_path / "ran").exists()
    found.read()
    assert (tmp_path / "ran").exists()


def test_a_command_has_no_terminal_to_ask_on(tmp_path: Path) -> None:
    settings = project(tmp_path, script(tmp_path, "cat; (: </dev/tty) 2>/dev/null && echo terminal || echo none"))
    assert secret(settings, "https://elsewhere", settings.mlflow) == Secret("none")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo 5ecret; exit 3", "failed: {command} ended with status 3."),
        ("echo 5ecret >&2", "gave nothing"),
        ("printf 'a-5ecret\\r\\nX-Evil: 1'", "gave more than one line"),
        ("printf '\\377'", "characters that no token has"),
        ("head -c 70000 /dev/zero | tr '\\0' 5", "that is no token"),
    ],
)
def test_a_command_that_gives_no_token_says_why_and_not_what(tmp_path: Path, body: str, said: str) -> None:
    said = said.format(command=f"{tmp_path}/token.sh"[:59]).partition("…")[0][:40]
    assert said in reason(project(tmp_path, script(tmp_path, body)))


def test_a_command_that_is_none_is_named(tmp_path: Path) -> None:
    assert "“token_command” cannot be run: nothere: No such file" in reason(
        project(tmp_path, 'token_command = ["nothere"]\n')
    )


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "COMMAND_SECONDS", 1.0)
    settings = project(tmp_path, script(tmp_path, f"sleep 600 & echo $! > {tmp_path}/child; wait"))
    assert "took too long" in reason(settings)
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 10  # the signal is on its way when the reason is given
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(child)


def test_a_token_file_is_read_when_it_is_private(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("file-5ecret\n")
    (tmp_path / "token").chmod(0o600)
    settings = project(tmp_path, 'token_file = "token"\n')
    assert secret(settings, "https://elsewhere", settings.mlflow) == Secret("file-5ecret")
    (tmp_path / "token").chmod(0o640)
    assert "which others may read: chmod 600 it." in reason(settings)


@pytest.mark.parametrize(("name", "said"), [("nothere", "cannot be read: No such file"), (".", "is not a file")])
def test_a_token_file_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, name: str, said: str) -> None:
    sentence = reason(project(tmp_path, f'token_file = "{name}"\n'))
    assert sentence.startswith(f"{tmp_path}/quarterdeck.toml:2: [mlflow] “token_file” names {tmp_path}")
    assert said in sentence


def test_a_persons_token_file_is_relative_to_their_own_settings(tmp_path: Path) -> None:
    settings = project(tmp_path, personal='[hosts."h"]\ntoken_file = "tokens/h"\n')
    with pytest.raises(SettingsError) as caught:
        credential(settings, "https://h")
    assert f"{config_dir()}/config.toml:2: [hosts.h] “token_file” names {config_dir()}/tokens/h" in str(caught.value)


def test_the_way_to_a_host_is_the_persons_before_the_projects(tmp_path: Path) -> None:
    (tmp_path / "team.pem").touch()
    (tmp_path / "mine.pem").touch()
    settings = project(
        tmp_path,
        'ca_bundle = "team.pem"\nproxy = "http://team:3128"\ntimeout = "9s"\n',
        f'[hosts."h:1"]\nca_bundle = "{tmp_path}/mine.pem"\ntimeout = "2s"\n',
    )
    found = route(settings, "https://h:1", settings.mlflow)
    assert (found.ca_bundle, found.proxy, found.timeout) == (tmp_path / "mine.pem", "http://team:3128", 2.0)
    assert route(settings, "https://h:2", settings.mlflow).ca_bundle == tmp_path / "team.pem"
    assert route(settings, "https://h:2") == (None, None, None, None)


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = project(tmp_path, 'ca_bundle = "nothere.pem"\n')
    with pytest.raises(SettingsError, match=r"quarterdeck\.toml:2: \[mlflow\] “ca_bundle” names .*nothere\.pem"):
        route(settings, "https://h", settings.mlflow)
