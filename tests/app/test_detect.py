"""Without a settings file: what is there is found and said, and can be written down."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from quarterdeck.app.detect import _names, written_down
from quarterdeck.app.settings import Settings, load


def look(where: Path, *names: str, environment: dict[str, str] | None = None) -> Settings:
    for name in names:
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).touch()
    return load(directory=where, environment=environment or {})


def round_trip(settings: Settings) -> Settings:
    (settings.root / "quarterdeck.toml").write_text(written_down(settings))
    return load(directory=settings.root, environment={})


def remote(where: Path, url: str) -> None:
    subprocess.run(["git", "init", "-q", str(where)], check=True)
    subprocess.run(["git", "-C", str(where), "remote", "add", "origin", url], check=True)


def test_an_empty_folder_says_nothing_and_writes_its_name_down(tmp_path: Path) -> None:
    settings = look(tmp_path)
    assert settings.found == ()
    assert written_down(settings) == f'[project]\nname = "{tmp_path.name}"\n'


def test_everything_that_is_there_is_found(tmp_path: Path) -> None:
    remote(tmp_path, "git@github.com:acme/churn.git")
    settings = look(
        tmp_path, "mlflow.db", "dvc.yaml", "gx/gx.yml", "target/run_results.json",
        "infra/serving/main.tf", "infra/serving/plan.json", "main.tf",
    )  # fmt: skip
    assert settings.found == (
        f"{tmp_path} is a Git repository.",
        "the remote is github.com: GitHub Actions; it is read when GITHUB_TOKEN is set.",
        "mlflow.db is an MLflow store.",
        "gx/ belongs to Great Expectations.",
        "target/run_results.json holds the last results of dbt.",
        "dvc.yaml declares DVC's pipeline.",
        "this folder holds Terraform; write `terraform show -json` to a file and name it under [[infra]].",
        "infra/serving/ holds Terraform.",
    )
    assert [ci.kind for ci in settings.ci] == ["github"]
    assert [checks.kind for checks in settings.checks] == ["great_expectations", "dbt"]
    assert [(infra.stack, infra.plan) for infra in settings.infra] == [("infra/serving", "infra/serving/plan.json")]
    assert settings.tracking is not None
    assert settings.tracking.uri == f"sqlite:///{tmp_path}/mlflow.db"


def test_the_folders_of_other_versions_and_tools_are_found_where_they_cannot_be_anything_else(tmp_path: Path) -> None:
    remote(tmp_path, "git@git.acme:churn.git")
    project = "workspace/0190c4f2-6d5c-7e3b-8f1a-2b3c4d5e6f70"
    settings = look(tmp_path, "great_expectations/great_expectations.yml", f"{project}/snapshots/one.json")
    assert [(checks.kind, checks.paths) for checks in settings.checks] == [
        ("great_expectations", ("great_expectations/uncommitted/validations/**/*.json",)),
        ("evidently", ("workspace/*/snapshots/*.json",)),
    ]


def test_a_folder_that_is_only_called_so_is_not_taken_for_one(tmp_path: Path) -> None:
    remote(tmp_path, "git@git.acme:churn.git")
    assert look(tmp_path, "workspace/mine/snapshots/one.json", "great_expectations/notes.txt").checks == ()


@pytest.mark.parametrize(
    ("url", "said", "base_url"),
    [
        ("https://gitlab.acme/team/sub/churn.git", "GitLab CI.", "https://gitlab.acme"),
        ("ssh://git@gitlab.com/team/churn", "GitLab CI; it is read when GITLAB_TOKEN is set.", "https://gitlab.com"),
        ("https://git.acme/churn", "its CI is not known.", None),
        ("https://github.com.evil/a/b", "its CI is not known.", None),
        ("/srv/git/churn.git", None, None),
    ],
)
def test_the_remotes_host_tells_the_ci(tmp_path: Path, url: str, said: str | None, base_url: str | None) -> None:
    remote(tmp_path, url)
    settings = look(tmp_path)
    assert [getattr(ci, "base_url", None) for ci in settings.ci] == ([base_url] if base_url else [])
    assert (said or "Git repository.") in settings.found[-1]


def test_what_the_environment_names_holds_and_is_written_down_without_its_password(tmp_path: Path) -> None:
    settings = look(tmp_path, "mlflow.db", environment={"MLFLOW_TRACKING_URI": "https://ann:5ecret@mlflow.acme"})
    assert settings.found == ("MLFLOW_TRACKING_URI names https://mlflow.acme.",)
    assert "5ecret" not in written_down(settings)
    written = round_trip(settings).tracking
    assert written is not None
    assert (written.uri, written.origin) == ("https://mlflow.acme", "project")


def test_a_registry_of_its_own_that_the_environment_names_is_written_down_beside_the_server(tmp_path: Path) -> None:
    environment = {
        "MLFLOW_TRACKING_URI": "https://mlflow.acme",
        "MLFLOW_REGISTRY_URI": "https://ann:5ecret@models.acme",
    }
    same = look(tmp_path, environment=environment | {"MLFLOW_REGISTRY_URI": "https://mlflow.acme"})
    assert "registry_uri" not in written_down(same)
    settings = look(tmp_path, environment=environment)
    assert settings.found[-1] == "MLFLOW_REGISTRY_URI names https://models.acme."
    written = round_trip(settings)
    assert written.registry is not None
    assert (written.registry.uri, written.registry.origin) == ("https://models.acme", "project")
    assert "5ecret" not in written_down(settings)


def test_what_was_written_down_loads_as_what_was_found(tmp_path: Path) -> None:
    remote(tmp_path, "git@gitlab.com:acme/churn.git")
    found = look(tmp_path, "mlflow.db", "gx/gx.yml", "a b/é/main.tf", "a b/é/state.json")
    written = round_trip(found)
    before, after = found.sections(), written.sections()
    assert before.pop("project") != after.pop("project")  # the name is made explicit
    before.pop("mlflow")
    after.pop("mlflow")
    assert before == after
    assert written.tracking is not None
    assert written.tracking.uri == f"sqlite:///{tmp_path}/mlflow.db"


@given(name=st.text(min_size=1, max_size=12))
@examples(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_survives_being_written_down(name: str, tmp_path: Path) -> None:
    from msgspec.structs import replace

    settings = load(directory=tmp_path, environment={})
    named = replace(settings, project=replace(settings.project, name=name, environment=name), teams={name: (name,)})
    (tmp_path / "quarterdeck.toml").write_text(written_down(named))
    loaded = load(directory=tmp_path, environment={})
    (tmp_path / "quarterdeck.toml").unlink()
    assert (loaded.project, loaded.teams) == (named.project, named.teams)


def test_a_folder_of_very_many_names_is_not_read_whole_and_hides_no_other(tmp_path: Path) -> None:
    names = [f"data/{number}.tf" for number in range(600)]
    settings = look(tmp_path, *names, "zz/b.tf")
    assert [sentence.partition(" ")[0] for sentence in settings.found] == ["data/", "zz/"]
    assert sum(path.parent.name == "data" for path in _names(tmp_path)) == 500


def test_a_link_is_not_followed_while_searching(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "main.tf").touch()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "infra").symlink_to(tmp_path / "elsewhere")
    assert look(tmp_path / "project").found == ()


def test_with_the_forges_token_in_the_environment_its_pipelines_are_read(tmp_path: Path) -> None:
    remote(tmp_path, "git@github.com:acme/churn.git")
    settings = look(tmp_path, environment={"GITHUB_TOKEN": "t"})
    assert settings.found[-1] == "the remote is github.com: GitHub Actions."
    assert "[[ci]]" in written_down(settings)
    assert [ci.kind for ci in round_trip(settings).ci] == ["github"]


def test_stacks_of_both_tools_are_found_with_their_plans_states_and_logs(tmp_path: Path) -> None:
    names = (
        "a/main.tf.json",
        "a/tfplan.json",
        "a/state.json",
        "a/apply.jsonl",
        "b/main.tofu",
        "b/plan.jsonl",
        "c/x.tofu",
    )
    settings = look(tmp_path, *names)
    found = [(one.kind, one.stack, one.plan, one.state, one.log) for one in settings.infra]
    assert found == [
        ("terraform", "a", "a/tfplan.json", "a/state.json", "a/apply.jsonl"),
        ("opentofu", "b", "b/plan.jsonl", "", ""),
    ]
    assert "c/ holds OpenTofu; write `tofu show -json` to a file and name it under [[infra]]." in settings.found
