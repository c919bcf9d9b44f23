"""A project's settings do nothing outside the repository before somebody agreed to just that."""

from __future__ import annotations

import json
import subprocess
import threading
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from quarterdeck.app.errors import UntrustedError
from quarterdeck.app.paths import config_dir, state_dir
from quarterdeck.app.settings import ProjectFile, Settings, load
from quarterdeck.app.settings.files import parse_settings
from quarterdeck.app.settings.whole import Environment
from quarterdeck.app.trust import (
    check_trusted,
    digest,
    is_trusted,
    may_run,
    reaches,
    record_trust,
    sentence,
    trust_file,
    unagreed,
)

REACHING = {
    "mlflow.tracking_uri": ('[mlflow]\ntracking_uri = "{}"\n', "http://127.0.0.1:5000", "https://evil.example"),
    "mlflow.registry_uri": ('[mlflow]\nregistry_uri = "{}"\n', "http://registry", "http://registry2"),
    "mlflow.token_env": ('[mlflow]\ntoken_env = "{}"\n', "A", "B"),
    "mlflow.token_command": ('[mlflow]\ntoken_command = ["sh", "-c", "{}"]\n', "true", "false"),
    "mlflow.token_file": ('[mlflow]\ntoken_file = "{}"\n', "a", "b"),
    "mlflow.proxy": ('[mlflow]\nproxy = "{}"\n', "http://proxy:1", "http://proxy:2"),
    "mlflow.ca_bundle": ('[mlflow]\nca_bundle = "{}"\n', "ca.pem", "other.pem"),
    "mlflow.client_cert": ('[mlflow]\nclient_cert = "{}"\n', "me.pem", "you.pem"),
    "mlflow.username_env": ('[mlflow]\nusername_env = "{}"\npassword_env = "P"\n', "A", "B"),
    "mlflow.password_env": ('[mlflow]\nusername_env = "U"\npassword_env = "{}"\n', "A", "B"),
    "ci[0].base_url": (
        '[[ci]]\nkind = "github"\nrepository = "a/b"\nbase_url = "{}"\n', "https://api.github.com", "https://ghe",
    ),
    "ci[0].jobs[0]": ('[[ci]]\nkind = "local"\njobs = [{{ name = "t", run = "{}" }}]\n', "make test", "make evil"),
    "checks[0].command": ('[[checks]]\nkind = "dbt"\npaths = ["a"]\ncommand = ["{}"]\n', "dbt", "curl"),
    "checks[0].paths": ('[[checks]]\nkind = "dbt"\npaths = ["{}"]\n', "/etc/*.json", "../x.json"),
    "registries[0].base_url": ('[[registries]]\nkind = "kubeflow"\nbase_url = "{}"\n', "http://k:8080", "http://l:8080"),
    "registries[0].token_env": (
        '[[registries]]\nkind = "kubeflow"\nbase_url = "http://k"\ntoken_env = "{}"\n', "A", "B",
    ),
    "monitors[0].base_url": ('[[monitors]]\nkind = "prometheus"\nbase_url = "{}"\n', "http://p:9090", "http://q:9090"),
    "infra[0].plan": ('[[infra]]\nkind = "terraform"\nstack = "s"\nplan = "{}"\n', "../p.json", "/p.json"),
    "infra[0].state": ('[[infra]]\nkind = "terraform"\nstack = "s"\nstate = "{}"\n', "~/s.json", "/s.json"),
    "git.path": ('[git]\npath = "{}"\n', "..", "/srv/git/other"),
}  # fmt: skip

HARMLESS = """
[project]
name = "{0}"
environment = "{0}"
[git]
branches = ["{0}"]
[mlflow]
tracking_uri = "sqlite:///data/{0}.db"
experiments = ["{0}"]
[metrics]
"{0}" = {{ greater_is_better = true }}
[[datasets]]
name = "{0}"
is = ["dbt:{0}"]
[[checks]]
kind = "dbt"
paths = ["target/{0}/**/*.json"]
dataset = "{0}"
[[infra]]
kind = "terraform"
stack = "{0}"
plan = "infra/{0}.json"
[teams]
"{0}" = ["ann@example.com"]
[promotion."{0}"]
to = "champion"
"""


def project(where: Path, text: str) -> Settings:
    where.mkdir(parents=True, exist_ok=True)
    (where / "quarterdeck.toml").write_text(text)
    return load(directory=where)


def places(settings: Settings) -> list[str]:
    return [reach.place for reach in reaches(settings)]


@pytest.mark.parametrize("place", REACHING)
def test_every_value_that_reaches_out_asks_and_asks_again_when_it_changes(place: str, tmp_path: Path) -> None:
    template, before, after = REACHING[place]
    settings = project(tmp_path / "p", template.format(before))
    assert place in places(settings)
    assert not is_trusted(settings)
    assert not may_run(settings, place.partition(".")[0])
    record_trust(settings)
    assert is_trusted(load(directory=tmp_path / "p"))
    changed = project(tmp_path / "p", template.format(after))
    assert digest(changed) != digest(settings)
    assert not is_trusted(changed)
    assert sentence(changed)


def _is_plain(word: str) -> bool:
    """It leads nowhere, and does not turn a pattern into one that the settings refuse."""
    return ".." not in word and "**" not in word


@given(word=st.text(st.sampled_from("ab 'é/.*[\u202e"), min_size=1, max_size=6).filter(_is_plain))
@examples(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_that_stay_inside_need_no_trust_and_never_change_the_digest(word: str, tmp_path: Path) -> None:
    text = HARMLESS.format(word.replace("[", "").strip() or "x")
    inside = Settings(
        **{name: getattr(parse_settings(text, ProjectFile, "f"), name) for name in ProjectFile.__struct_fields__},
        root=tmp_path, project_key="", environment=Environment({}),
    )  # fmt: skip
    assert reaches(inside) == ()
    assert is_trusted(inside)
    assert sentence(inside) == ""


def test_agreeing_to_one_project_is_not_agreeing_to_another(tmp_path: Path) -> None:
    text = '[mlflow]\ntracking_uri = "http://127.0.0.1:5000"\n'
    record_trust(project(tmp_path / "one", text))
    assert is_trusted(project(tmp_path / "one", text))
    assert not is_trusted(project(tmp_path / "two", text))


def test_an_agreement_holds_through_a_link_to_the_same_folder(tmp_path: Path) -> None:
    record_trust(project(tmp_path / "one", '[mlflow]\ntracking_uri = "http://127.0.0.1:5000"\n'))
    (tmp_path / "link").symlink_to(tmp_path / "one")
    assert is_trusted(load(directory=tmp_path / "link"))


def test_a_store_inside_is_local_until_a_link_leads_it_out(tmp_path: Path) -> None:
    settings = project(tmp_path / "p", '[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n')
    assert reaches(settings) == ()
    (tmp_path / "secret.db").touch()
    (tmp_path / "p" / "mlflow.db").symlink_to(tmp_path / "secret.db")
    (reach,) = reaches(settings)
    assert (reach.place, reach.effect, reach.value) == ("mlflow.tracking_uri", "read", str(tmp_path / "secret.db"))


@pytest.mark.parametrize(
    "uri", ["sqlite:////etc/x.db", "sqlite:///../x.db", "sqlite+pysqlite:///x.db", "file:///etc", "file://host/share",
            "../mlruns", "databricks", "postgresql://db/mlflow", "plugin:x"],
)  # fmt: skip
def test_any_other_store_reaches_out(tmp_path: Path, uri: str) -> None:
    assert places(project(tmp_path, f'[mlflow]\ntracking_uri = "{uri}"\n')) == ["mlflow.tracking_uri"]


@pytest.mark.parametrize("pattern", ["a/*/../../../x", "../*", "a/../../*.json", "/*", "~/*.json", "?/../../b"])
def test_a_pattern_cannot_climb_out_unseen(tmp_path: Path, pattern: str) -> None:
    assert places(project(tmp_path, f'[[checks]]\nkind = "dbt"\npaths = ["{pattern}"]\n')) == ["checks[0].paths"]


def test_a_command_that_the_syncer_runs_by_itself_is_another_thing_than_one_that_somebody_runs(tmp_path: Path) -> None:
    text = '[[checks]]\nkind = "dbt"\npaths = ["a"]\ncommand = ["dbt", "test"]\n'
    agreed = project(tmp_path / "p", text)
    record_trust(agreed)
    settings = project(tmp_path / "p", text + 'every = "1h"\n')
    assert not is_trusted(settings)
    (reach,) = reaches(settings)
    assert (reach.place, reach.value) == ("checks[0].command", '["dbt","test"] every 1h')


def clone(where: Path, remote: str) -> Path:
    subprocess.run(["git", "init", "-q", str(where)], check=True)
    subprocess.run(["git", "-C", str(where), "remote", "add", "origin", remote], check=True)
    return where


def test_the_remote_that_a_clone_names_is_asked_for_even_without_a_file(tmp_path: Path) -> None:
    settings = load(directory=clone(tmp_path / "c", "ssh://git@evil.example/x"))
    (reach,) = reaches(settings)
    assert (reach.place, reach.effect, reach.host) == ("git.remote", "connect", "evil.example")
    assert not may_run(settings, "git")
    assert may_run(settings, "mlflow")


def test_a_login_in_the_remote_is_not_shown(tmp_path: Path) -> None:
    settings = load(directory=clone(tmp_path / "c", "https://ann:5ecret@git.example/x"))
    assert "5ecret" not in f"{reaches(settings)} {sentence(settings)}"
    record_trust(settings)
    assert "5ecret" not in trust_file().read_text()


def test_a_clone_that_never_fetches_asks_for_no_remote(tmp_path: Path) -> None:
    clone(tmp_path / "c", "https://git.example/x")
    assert reaches(project(tmp_path / "c", '[git]\nfetch = "never"\n')) == ()


def test_what_the_person_and_the_environment_say_needs_no_trust(tmp_path: Path) -> None:
    config_dir().mkdir(parents=True)
    (config_dir() / "config.toml").write_text(
        '[mlflow]\ntracking_uri = "http://mine"\n[hosts."mine"]\ntoken_command = ["pass", "x"]\n'
    )
    assert is_trusted(load(directory=tmp_path))
    (config_dir() / "config.toml").unlink()
    assert is_trusted(load(directory=tmp_path, environment={"MLFLOW_TRACKING_URI": "http://env"}))


def test_a_listed_projects_own_repository_is_trusted_and_its_settings_are_not(tmp_path: Path) -> None:
    base = load(directory=tmp_path)
    from msgspec.structs import replace

    listed = replace(base, address="git@host:a", remote="git@host:a", repository="host/a")
    assert reaches(listed) == ()
    asking = replace(listed, mlflow=replace(listed.mlflow, tracking_uri="http://x"))
    assert places(asking) == ["mlflow.tracking_uri"]
    record_trust(asking)
    assert is_trusted(asking)
    assert not is_trusted(replace(asking, project_key="another file of it"))


def test_the_record_is_private_and_whole(tmp_path: Path) -> None:
    settings = project(tmp_path, '[mlflow]\ntracking_uri = "http://x"\n')
    record_trust(settings)
    assert trust_file().stat().st_mode & 0o777 == 0o600
    assert state_dir().stat().st_mode & 0o777 == 0o700
    assert json.loads(trust_file().read_text()) == {str(tmp_path / "quarterdeck.toml"): digest(settings)}


def test_a_record_that_others_may_write_or_that_is_damaged_agrees_to_nothing(tmp_path: Path) -> None:
    settings = project(tmp_path, '[mlflow]\ntracking_uri = "http://x"\n')
    record_trust(settings)
    trust_file().chmod(0o666)
    assert not is_trusted(settings)
    trust_file().chmod(0o600)
    assert is_trusted(settings)
    trust_file().write_text('{"half')
    assert not is_trusted(settings)


def test_agreements_given_at_once_are_all_kept(tmp_path: Path) -> None:
    asked = [project(tmp_path / str(n), '[mlflow]\ntracking_uri = "http://x"\n') for n in range(8)]
    threads = [threading.Thread(target=record_trust, args=(settings,)) for settings in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(is_trusted(settings) for settings in asked)


def test_one_line_says_what_it_would_do(tmp_path: Path) -> None:
    settings = project(
        tmp_path,
        '[mlflow]\ntracking_uri = "http://127.0.0.1:5000"\ntoken_env = "T"\n'
        '[[ci]]\nkind = "github"\nrepository = "a/b"\n[[checks]]\nkind = "dbt"\npaths = ["/x"]\n'
        'command = ["curl", "evil"]\n',
    )
    assert sentence(settings) == (
        'Not trusted: it would connect to 127.0.0.1:5000 and api.github.com, send $T, run ["curl","evil"], read /x.'
        " See `quarterdeck trust`; until then local only."
    )
    with pytest.raises(UntrustedError, match="Not trusted"):
        check_trusted(settings, "mlflow")
    record_trust(settings)
    assert sentence(settings) == ""
    check_trusted(settings, "mlflow")


def test_jobs_are_told_as_people_write_them(tmp_path: Path) -> None:
    train = '{ name = "train", run = "make train", needs = ["data", "lint"], junit = "out/*.xml", timeout = "5m" }'
    others = '{ name = "data", run = "make data" }, { name = "lint", run = "ruff check" }'
    settings = project(tmp_path, f'[[ci]]\nkind = "local"\njobs = [{others}, {train}]\n')
    assert [reach.told for reach in reaches(settings)] == [
        "data: make data", "lint: ruff check", "train: make train (junit out/*.xml; needs data, lint; timeout 5m)",
    ]  # fmt: skip
    assert "it would run data: make data and lint: ruff check and 1 more." in sentence(settings)


def test_hostile_values_are_shown_safely_in_one_short_line(tmp_path: Path) -> None:
    evil = "\\u001b]0;x\\u0007\\u202e"
    jobs = ", ".join(f'{{ name = "{n}", run = "{evil * 50}" }}' for n in range(50))
    settings = project(
        tmp_path,
        f'[mlflow]\ntracking_uri = "plugin://{evil.replace("]", "")}/{"x" * 9000}"\n'
        f'[[ci]]\nkind = "local"\njobs = [{jobs}]\n',
    )
    said = sentence(settings)
    assert len(said) < 500
    for text in (said, *(reach.value + reach.told + reach.host for reach in reaches(settings))):
        assert not any(unicodedata.category(character) in {"Cc", "Cf"} for character in text)


def test_one_section_is_agreed_to_alone_until_it_changes(tmp_path: Path) -> None:
    both = '[mlflow]\ntracking_uri = "http://a"\n[[ci]]\nkind = "github"\nrepository = "a/b"\nbase_url = "https://{}"\n'
    settings = project(tmp_path, both.format("b"))
    record_trust(settings, "mlflow")
    assert (may_run(settings, "mlflow"), may_run(settings, "ci[0]")) == (True, False)
    assert not is_trusted(settings)
    assert [reach.place for reach in unagreed(settings)] == ["ci[0].base_url"]
    assert "connect to b." in sentence(settings)
    record_trust(settings, "ci[0]")
    assert is_trusted(settings)
    changed = project(tmp_path, both.format("c"))
    assert (may_run(changed, "mlflow"), may_run(changed, "ci[0]")) == (True, False)
