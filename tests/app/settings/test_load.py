"""Settings are found, put together from three places, and keep one key for one project."""

from __future__ import annotations

import re
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from quarterdeck.app.errors import SettingsError
from quarterdeck.app.paths import config_dir, mirror_dir
from quarterdeck.app.settings import GithubCi, LocalCi, Personal, ProjectFile, ProjectList, Settings, load, projects
from quarterdeck.app.settings.files import parse_settings

INTERFACE = """
[project]
name = "churn"
environment = "prod"

[git]
path = "."
branches = ["main", "release/*"]
fetch = "2m"

[mlflow]
tracking_uri = "http://127.0.0.1:5000"
registry_uri = ""
experiments = ["churn*"]

[metrics]
val_auc = { greater_is_better = true }

[[ci]]
kind = "github"
name = "ci"
repository = "acme/churn"
base_url = "https://api.github.com"
token_env = "GITHUB_TOKEN"
ca_bundle = ""

[[ci]]
kind = "local"
jobs = [
  { name = "data", run = "python pipeline/ingest.py" },
  { name = "test", run = "make test", needs = ["data"], junit = "report.xml", timeout = "10m" },
]

[[datasets]]
name = "orders"
is = ["dbt:shop.orders", "gx:orders_asset", "mlflow:orders", "dvc:data/orders.csv"]

[[checks]]
kind = "great_expectations"
paths = ["gx/uncommitted/validations/**/*.json"]
command = []
dataset = ""
environment = "prod"

[[monitors]]
kind = "prometheus"
base_url = "http://127.0.0.1:9090"
[[monitors.series]]
name = "p95 latency"
query = "histogram_quantile(0.95, sum by (le, model) (rate(predict_seconds_bucket[5m])))"
model = "churn"
kind = "operational"
max = 0.2

[[infra]]
kind = "terraform"
stack = "serving"
plan = "infra/plan.json"
state = "infra/state.json"

[teams]
ml-leads = ["ann@example.com", "bo@example.com"]

[promotion."churn"]
from = "challenger"
to = "champion"
direction = "forward"
ledger = "refs"
[[promotion."churn".metric]]
name = "val_auc"
greater_is_better = true
threshold = 0.80
min_absolute_change = 0.002
same_dataset = true
max_age = "14d"
[promotion."churn".required_checks]
ci = ["unit", "integration"]
data = ["orders.*"]
max_age = "24h"
[promotion."churn".approvals]
count = 1
from = ["team:ml-leads"]
accept = ["signed", "forge"]
prevent_self_review = true
expires = "8h"
[promotion."churn".freeze]
deny = [{ days = ["fri", "sat", "sun"], tz = "UTC" }]
[promotion."churn".waivers]
gates = ["data"]
from = ["team:ml-leads"]
max = "24h"
[promotion."churn".rollback]
require_reason = true

[sync]
every = "30s"
"""


def git(where: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(where), *words], check=True, capture_output=True)


def repository(where: Path, remote: str | None = None) -> Path:
    where.mkdir(parents=True)
    git(where, "init", "-q", "-b", "main")
    git(where, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "begin")
    if remote:
        git(where, "remote", "add", "origin", remote)
    return where


def personal(text: str) -> Path:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "config.toml").write_text(text)
    return config_dir() / "config.toml"


def listed(name: str, url: str, settings: str = "quarterdeck.toml") -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    (config_dir() / "projects.toml").write_text(
        f'[[projects]]\nname = "{name}"\nurl = "{url}"\nsettings = "{settings}"\n'
    )


@pytest.fixture
def churn(tmp_path: Path) -> Settings:
    (tmp_path / "quarterdeck.toml").write_text(INTERFACE)
    return load(directory=tmp_path)


def test_the_whole_shape_is_understood(churn: Settings) -> None:
    github, local = churn.ci
    assert isinstance(github, GithubCi)
    assert isinstance(local, LocalCi)
    assert (github.kind, github.token_env, local.jobs[1].needs) == ("github", "GITHUB_TOKEN", ("data",))
    assert churn.datasets[0].same[0] == "dbt:shop.orders"
    assert churn.promotion["churn"].candidate == "challenger"
    assert churn.promotion["churn"].freeze.deny[0].days == ("fri", "sat", "sun")
    assert churn.promotion["churn"].waivers.accept == ("signed", "forge")
    assert churn.metrics["val_auc"].greater_is_better
    assert churn.monitors[0].series[0].max == 0.2
    assert churn.tracking is not None
    assert (churn.tracking.uri, churn.tracking.origin) == ("http://127.0.0.1:5000", "project")


KINDS: dict[str, type[ProjectFile] | type[Personal] | type[ProjectList]] = {
    "quarterdeck.toml": ProjectFile,
    "config.toml": Personal,
    "projects.toml": ProjectList,
}


@pytest.mark.parametrize("file", KINDS)
def test_every_example_of_the_documentation_is_right(file: str) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "settings.md").read_text()
    chapter = guide.partition(f"\n## {file}\n")[2].partition("\n## ")[0]
    examples = re.findall(r"```toml\n(.*?)```", chapter, re.DOTALL)
    assert examples
    for text in examples:
        parse_settings(text, KINDS[file], "docs/settings.md")


def test_the_nearest_file_up_to_the_top_of_the_work_tree_counts(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_text('[project]\nname = "outside"\n')
    top = repository(tmp_path / "clone")
    (top / "a" / "b").mkdir(parents=True)
    assert load(directory=top / "a" / "b").file is None  # nothing above the work tree is looked at
    (top / "quarterdeck.toml").write_text('[project]\nname = "top"\n')
    assert load(directory=top / "a" / "b").name == "top"
    (top / "a" / "quarterdeck.toml").write_text('[project]\nname = "inner"\n')
    inner = load(directory=top / "a" / "b")
    assert (inner.name, inner.root, inner.checkout) == ("inner", top / "a", top)


def test_the_current_folder_is_where_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "quarterdeck.toml").write_text('[project]\nname = "here"\n')
    monkeypatch.chdir(tmp_path)
    assert load().name == "here"
    assert load(config=Path("quarterdeck.toml")).root == tmp_path


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere is not a folder"):
        load(directory=tmp_path / "nowhere")


def test_the_persons_own_settings_come_beside_the_projects(tmp_path: Path) -> None:
    file = personal(
        '[display]\nzone = "Europe/Oslo"\ntheme = "light"\nkeys = { quit = "ctrl+q" }\n[user]\nname = "ann"\n'
        '[cache]\npath = "shared/cache.db"\n[hosts."mlflow.acme"]\ntoken_command = ["pass", "mlflow"]\n'
        '[[webhooks]]\nurl_env = "HOOK"\n'
    )
    settings = load(directory=tmp_path)
    assert settings.personal.display.keys == {"quit": "ctrl+q"}
    assert settings.personal.cache.path == file.parent / "shared/cache.db"
    assert settings.personal.hosts["mlflow.acme"].token_command == ("pass", "mlflow")
    assert datetime(2024, 7, 1, tzinfo=settings.zone).tzname() == "CEST"


@pytest.mark.parametrize(
    ("written", "notify"),
    [("", ("bell", "terminal")), ("[display]\nnotify = []\n", ()), ('[display]\nnotify = ["bell"]\n', ("bell",))],
)
def test_watched_runs_ring_and_notify_unless_the_person_says_otherwise(
    tmp_path: Path, written: str, notify: tuple[str, ...]
) -> None:
    personal(written)
    assert load(directory=tmp_path).personal.display.notify == notify


def test_the_machines_zone_is_taken_when_nobody_names_one(tmp_path: Path) -> None:
    assert datetime.now(load(directory=tmp_path).zone).utcoffset() == datetime.now().astimezone().utcoffset()


def test_the_registry_is_the_tracking_server_unless_one_is_named(tmp_path: Path) -> None:
    def registry(**environment: str) -> tuple[str, str] | None:
        found = load(directory=tmp_path, environment=environment).registry
        return None if found is None else (found.uri, found.origin)

    tracking, models = "https://env.acme", "https://ann:5ecret@models.acme"
    assert registry() is None
    assert registry(MLFLOW_TRACKING_URI=tracking) == (tracking, "environment")
    assert registry(MLFLOW_TRACKING_URI=tracking, MLFLOW_REGISTRY_URI=models) == ("https://models.acme", "environment")
    assert registry(MLFLOW_REGISTRY_URI=models) == ("https://models.acme", "environment")
    personal('[mlflow]\ntracking_uri = "http://mine:5000"\nregistry_uri = "http://mine:5001"\n')
    assert registry(MLFLOW_REGISTRY_URI=models) == ("http://mine:5001", "personal")
    (tmp_path / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "sqlite:///mlflow.db"\n')
    assert registry(MLFLOW_REGISTRY_URI=models) == (f"sqlite:///{tmp_path}/mlflow.db", "project")
    (tmp_path / "quarterdeck.toml").write_text('[mlflow]\nregistry_uri = "http://models"\n')
    assert registry() == ("http://models", "project")
    assert load(directory=tmp_path, environment={}).has_source


@pytest.mark.parametrize("section", ["[[ci]]", "[[registries]]"])
def test_no_source_may_be_called_as_the_registry_is(tmp_path: Path, section: str) -> None:
    kind = 'kind = "kubeflow"\nbase_url = "http://kubeflow"\nname = "models"\n'
    (tmp_path / "quarterdeck.toml").write_text(f"{section}\n{kind}")
    with pytest.raises(SettingsError, match="two sources are called “models”"):
        load(directory=tmp_path)


def test_kubeflows_pipelines_and_models_may_be_read_side_by_side(tmp_path: Path) -> None:
    both = 'kind = "kubeflow"\nbase_url = "http://kubeflow"\n'
    (tmp_path / "quarterdeck.toml").write_text(f"[[ci]]\n{both}[[registries]]\n{both}")
    settings = load(directory=tmp_path)
    assert settings.registries[0].name == "kubeflow-models"
    assert settings.has_source


def test_the_tracking_server_is_the_files_then_the_persons_then_the_environments(tmp_path: Path) -> None:
    named = {"MLFLOW_TRACKING_URI": "https://ann:5ecret@env.acme"}
    tracking = load(directory=tmp_path, environment=named).tracking
    assert tracking is not None
    assert (tracking.uri, tracking.origin) == ("https://env.acme", "environment")
    assert tracking.address == "https://ann:5ecret@env.acme"
    personal('[mlflow]\ntracking_uri = "http://mine:5000"\n')
    tracking = load(directory=tmp_path, environment=named).tracking
    assert tracking is not None
    assert (tracking.uri, tracking.origin) == ("http://mine:5000", "personal")
    (tmp_path / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "sqlite:///data/mlflow.db"\n')
    tracking = load(directory=tmp_path, environment=named).tracking
    assert tracking is not None
    assert (tracking.uri, tracking.origin) == (f"sqlite:///{tmp_path}/data/mlflow.db", "project")


@pytest.mark.parametrize(
    ("written", "absolute"),
    [
        ("sqlite:////srv/m.db?mode=ro", "sqlite:////srv/m.db?mode=ro"),
        ("mlruns", "file://{root}/mlruns"),
        ("databricks", "databricks"),
        ("file:///srv/mlruns", "file:///srv/mlruns"),
        ("https://mlflow.acme/team/", "https://mlflow.acme/team/"),
    ],
)
def test_a_store_is_relative_to_the_file_that_names_it(tmp_path: Path, written: str, absolute: str) -> None:
    (tmp_path / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{written}"\n')
    tracking = load(directory=tmp_path).tracking
    assert tracking is not None
    assert tracking.uri == absolute.format(root=tmp_path)


def test_no_secret_of_the_environment_is_in_a_repr(tmp_path: Path) -> None:
    clone = repository(tmp_path / "clone", "https://token5ecret@github.com/acme/churn")
    settings = load(directory=clone, environment={"T": "5ecret", "MLFLOW_TRACKING_URI": "http://a:5ecret@b"})
    assert settings.remote == "https://token5ecret@github.com/acme/churn"
    assert "5ecret" not in f"{settings!r} {settings.environment!r} {settings.tracking!r} {settings.found}"


def test_all_clones_and_work_trees_of_a_repository_have_one_key(tmp_path: Path) -> None:
    one = repository(tmp_path / "one", "git@github.com:acme/churn.git")
    two = repository(tmp_path / "two", "https://github.com/acme/churn")
    other = repository(tmp_path / "other", "https://github.com/acme/other")
    git(one, "worktree", "add", "-q", str(tmp_path / "tree"))
    key = load(directory=one).project_key
    assert re.fullmatch("[0-9a-f]{16}", key)
    assert load(directory=two).project_key == key
    assert load(directory=tmp_path / "tree").project_key == key
    assert load(directory=other).project_key != key
    (two / "quarterdeck.toml").write_text("")
    assert load(directory=two).project_key == key  # writing the file down keeps the cache
    (two / "ml").mkdir()
    (two / "ml" / "quarterdeck.toml").write_text("")
    assert load(directory=two / "ml").project_key != key  # another project of the same repository


def test_without_a_remote_the_clone_itself_is_the_key_for_its_work_trees(tmp_path: Path) -> None:
    one, two = repository(tmp_path / "one"), repository(tmp_path / "two")
    git(one, "worktree", "add", "-q", str(tmp_path / "tree"))
    (tmp_path / "link").symlink_to(one)
    key = load(directory=one).project_key
    assert load(directory=tmp_path / "tree").project_key == key
    assert load(directory=tmp_path / "link").project_key == key
    assert load(directory=two).project_key != key


def test_where_there_is_no_origin_the_first_remote_is_the_one(tmp_path: Path) -> None:
    clone = repository(tmp_path / "clone")
    git(clone, "remote", "add", "elsewhere", "https://evil.example/x")
    assert load(directory=clone).repository == "evil.example/x"
    (clone / "quarterdeck.toml").write_text('[git]\nremote = "upstream"\n')
    assert load(directory=clone).remote == ""


def test_a_project_without_a_checkout_is_read_from_its_mirrors_default_branch(tmp_path: Path) -> None:
    origin = repository(tmp_path / "origin")
    (origin / "ml").mkdir()
    (origin / "ml" / "quarterdeck.toml").write_text('[sync]\nevery = "7m"\n')
    git(origin, "add", ".")
    git(origin, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "settings")
    listed("churn", str(origin), "ml/quarterdeck.toml")

    before = load(project="churn")
    assert (before.name, before.remote, before.file) == ("churn", str(origin), None)
    assert before.found == ("churn:ml/quarterdeck.toml is not read yet: the first sync fetches it.",)

    mirror = mirror_dir(before.repository)
    mirror.parent.mkdir(parents=True)
    git(tmp_path, "clone", "-q", "--bare", str(origin), str(mirror))
    after = load(project="churn")
    assert (after.name, after.sync.every, after.found) == ("churn", "7m", ())
    assert after.project_key == before.project_key


def test_a_broken_file_in_a_mirror_is_said_and_does_not_stop_the_next_fetch(tmp_path: Path) -> None:
    origin = repository(tmp_path / "origin")
    (origin / "quarterdeck.toml").write_text("[sync]\nevry = 1\n")
    git(origin, "add", ".")
    git(origin, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "settings")
    listed("churn", str(origin))
    mirror = mirror_dir(load(project="churn").repository)
    mirror.parent.mkdir(parents=True)
    git(tmp_path, "clone", "-q", "--bare", str(origin), str(mirror))
    assert "churn:quarterdeck.toml:2: [sync] has no key “evry”. Did you mean “every”?" in load(project="churn").found[0]
    listed("churn", str(origin), "nowhere.toml")
    assert "is not on the default branch" in load(project="churn").found[0]


def test_an_unknown_project_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no project is called “churn”"):
        load(project="churn")
    listed("churn", "git@github.com:acme/churn.git")
    assert [remote.name for remote in projects()] == ["churn"]
    with pytest.raises(SettingsError, match=r"projects\.toml: no project is called “chrun”.* Did you mean “churn”\?"):
        load(project="chrun")
