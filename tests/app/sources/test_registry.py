"""From settings to sources, with real repositories, stores and servers."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from quarterdeck.app import trust
from quarterdeck.app.errors import SourceError
from quarterdeck.app.paths import mirror_dir
from quarterdeck.app.records import Batch, SourceSpec
from quarterdeck.app.settings import load
from quarterdeck.app.sources import Source
from quarterdeck.app.sources.ci.engine import CiSource
from quarterdeck.app.sources.late import LateMlflow, LateSource
from quarterdeck.app.sources.late_registry import LateRegistry
from quarterdeck.app.sources.mlflow import MlflowSource
from quarterdeck.app.sources.mlflow.registry import ModelRegistry
from quarterdeck.app.sources.refused import RefusedSource
from quarterdeck.app.sources.registry import build, source_key
from quarterdeck.app.sync.changes import Watched
from tests.servers.loopback import Asked, Told, serving


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def write(project: Path, text: str) -> None:
    (project / "quarterdeck.toml").write_text(text)


def make_repository(folder: Path, remote: str | None = None) -> None:
    git = ["git", "-C", str(folder), "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "First"], check=True)
    if remote:
        subprocess.run([*git, "remote", "add", "origin", remote], check=True)


def sources(project: Path, **environment: str) -> dict[str, Source]:
    return {source.spec.name: source for source in build(load(directory=project, environment=environment))}


async def drain(source: Source) -> list[Batch]:
    try:
        return [batch async for batch in source.poll({})]
    finally:
        await source.close()


async def trouble(source: Source) -> SourceError:
    with pytest.raises(SourceError) as raised:
        await drain(source)
    return raised.value


class Server(http.server.BaseHTTPRequestHandler):
    """An experiment without runs, for whoever says the right word."""

    right: ClassVar[str] = ""
    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer()

    def answer(self) -> None:
        said = self.headers.get("Authorization", "")
        self.heard.append(said)
        experiment = {"experiment_id": "1", "name": "churn", "lifecycle_stage": "active"}
        body = json.dumps({"experiments": [experiment], "runs": []}).encode()
        self.send_response(200 if said == self.right else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *words: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Server.heard.clear()
    Server.right = ""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


def test_a_folder_with_nothing_in_it_has_no_sources(project: Path) -> None:
    assert sources(project) == {}


async def test_a_repository_is_read_without_trust_and_fetched_with_it(project: Path, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], check=True)
    make_repository(project, remote=str(remote))
    subprocess.run(["git", "-C", str(project), "push", "-q", "origin", "main"], check=True)
    write(project, '[project]\nname = "x"\n')
    (git,) = sources(project).values()
    assert sum(len(batch.commits) for batch in await drain(git)) == 1
    settings = load(directory=project)
    assert not mirror_dir(settings.repository).exists()
    trust.record_trust(settings)
    (git,) = sources(project).values()
    assert sum(len(batch.commits) for batch in await drain(git)) == 1
    assert mirror_dir(settings.repository).is_dir()


async def test_a_repository_outside_is_not_read_without_trust(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    make_repository(other)
    write(project, '[git]\npath = "../other"\n')
    assert (await trouble(sources(project)["git"])).state == "untrusted"
    trust.record_trust(load(directory=project))
    assert await drain(sources(project)["git"])


async def test_a_server_that_the_project_names_is_not_reached_before_trust(project: Path, server: str) -> None:
    write(project, f'[mlflow]\ntracking_uri = "{server}"\n')
    error = await trouble(sources(project)["mlflow"])
    assert error.state == "untrusted"
    assert "quarterdeck trust" in str(error)
    assert Server.heard == []
    trust.record_trust(load(directory=project))
    await drain(sources(project)["mlflow"])
    assert Server.heard


async def test_a_server_that_the_person_names_needs_no_trust(project: Path, server: str) -> None:
    await drain(sources(project, MLFLOW_TRACKING_URI=server)["mlflow"])
    assert Server.heard


async def test_what_an_untrusted_project_adds_to_the_persons_own_server_is_left_out(project: Path, server: str) -> None:
    write(project, '[mlflow]\ntoken_env = "OTHER_SECRET"\n')
    await drain(sources(project, MLFLOW_TRACKING_URI=server, OTHER_SECRET="hunter2")["mlflow"])
    assert set(Server.heard) == {""}


async def test_a_token_is_read_at_the_first_use_and_again_when_it_ran_out(project: Path, server: str) -> None:
    token = project / "token"
    token.write_text("one")
    write(project, f'[mlflow]\ntracking_uri = "{server}"\ntoken_command = ["cat", "token"]\n')
    trust.record_trust(load(directory=project))
    source = sources(project)["mlflow"]
    Server.right = "Bearer one"
    assert [batch async for batch in source.poll({})]
    Server.right = "Bearer two"
    token.write_text("two")
    with pytest.raises(SourceError) as raised:
        [batch async for batch in source.poll({})]
    assert raised.value.state == "unauthorised"
    assert [batch async for batch in source.poll({})]
    await source.close()


async def test_a_token_that_cannot_be_read_is_a_misconfigured_source(project: Path, server: str) -> None:
    write(project, f'[mlflow]\ntracking_uri = "{server}"\ntoken_env = "NOT_SET"\n')
    trust.record_trust(load(directory=project))
    error = await trouble(sources(project)["mlflow"])
    assert error.state == "misconfigured"
    assert "NOT_SET" in str(error)
    assert Server.heard == []


async def test_a_tracking_server_is_read_as_a_registry_too(project: Path, server: str) -> None:
    write(project, f'[mlflow]\ntracking_uri = "{server}"\n')
    assert list(sources(project)) == ["mlflow", "models"]
    models = sources(project)["models"]
    assert (models.spec.kind, models.spec.address) == ("registry", server)
    assert models.spec.key == source_key("registry", server)
    assert (await trouble(models)).state == "untrusted"
    assert Server.heard == []
    trust.record_trust(load(directory=project))
    models = sources(project)["models"]
    assert isinstance(models, LateRegistry)
    assert (await drain(models))[0].models_complete


async def test_a_registry_of_its_own_is_read_with_its_own_address(project: Path, server: str) -> None:
    write(project, f'[mlflow]\nregistry_uri = "{server}"\n')
    found = sources(project, MLFLOW_TRACKING_URI="sqlite:///mlflow.db")
    assert found["mlflow"].spec.address.startswith("sqlite:///")
    assert (await trouble(found["models"])).state == "untrusted"
    assert (await trouble(found["mlflow"])).state == "misconfigured", "the file is not there, and is the person's own"
    trust.record_trust(load(directory=project))
    await drain(sources(project, MLFLOW_TRACKING_URI="sqlite:///mlflow.db")["models"])
    assert Server.heard


async def test_logged_models_are_looked_for_where_the_runs_are(project: Path, server: str) -> None:
    """The registry answers with a version of a logged model, the tracking server with nothing: both were asked."""
    heard: list[str] = []

    def registry(asked: Asked) -> Told:
        heard.append(asked.path.rpartition("mlflow/")[2])
        version = {"name": "x", "version": "1", "source": "models:/m-1"}
        return Told({"model_versions": [version]} if asked.path.endswith("model-versions/search") else {})

    with serving(registry) as other:
        environment = {"MLFLOW_TRACKING_URI": server, "MLFLOW_REGISTRY_URI": other.url}
        batches = await drain(sources(project, **environment)["models"])
    assert [version.model_id for batch in batches for version in batch.versions] == ["m-1"]
    assert "logged-models/search" not in heard
    assert Server.heard, "the tracking server"


def test_kubeflows_registry_is_asked_about_first(project: Path) -> None:
    write(project, '[[registries]]\nkind = "kubeflow"\nbase_url = "http://kubeflow:8080"\n')
    assert isinstance(sources(project)["kubeflow-models"], RefusedSource)
    trust.record_trust(load(directory=project))
    found = sources(project)["kubeflow-models"]
    assert isinstance(found, LateSource)
    assert (found.spec.kind, found.spec.address) == ("registry", "http://kubeflow:8080")


async def test_kubeflows_registry_is_read_with_its_login(project: Path) -> None:
    heard: list[str | None] = []

    def answer(asked: Asked) -> Told:
        heard.append(asked.headers.get("Authorization"))
        return Told({"items": [], "nextPageToken": "", "pageSize": 1, "size": 0})

    with serving(answer) as kubeflow:
        write(project, f'[[registries]]\nkind = "kubeflow"\nbase_url = "{kubeflow.url}"\ntoken_env = "KF"\n')
        trust.record_trust(load(directory=project))
        await drain(sources(project, KF="tok")["kubeflow-models"])
    assert set(heard) == {"Bearer tok"}


async def test_a_registry_behind_a_late_login_does_what_a_registry_does(project: Path) -> None:
    spec = SourceSpec(key="k", kind="registry", name="models", address="http://h")
    late = LateRegistry(spec, lambda: cast("ModelRegistry", Recorder()))
    await late.set_alias("churn", "champion", "2")
    await late.set_version_tag("churn", "2", "a", "b")
    await late.delete_version_tag("churn", "2", "a")
    await late.set_model_tag("churn", "a", "b")
    await late.delete_model_tag("churn", "a")
    await late.create_model("churn")
    await late.update_description("churn", None, "text")
    await late.create_version("churn", "s3://x", tags={"a": "b"})
    await late.copy_version("churn", "2", "other")
    await late.get_aliases("churn")
    await late.get_model("churn")
    await late.get_version("churn", "2")
    recorder = cast("Recorder", late._late.current)
    await late.close()
    assert [name for name, _ in recorder.calls] == [
        "set_alias", "set_version_tag", "delete_version_tag", "set_model_tag", "delete_model_tag", "create_model",
        "update_description", "create_version", "copy_version", "get_aliases", "get_model", "get_version", "close",
    ]  # fmt: skip
    assert recorder.calls[0][1] == ("churn", "champion", "2")
    assert recorder.calls[7][1] == ("churn", "s3://x", None, None, {"a": "b"}, "")


class Recorder:
    """A registry that notes what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        async def told(*words: Any) -> None:
            self.calls.append((name, words))

        return told


async def test_a_store_that_is_not_there_is_a_misconfigured_source(project: Path) -> None:
    write(project, '[mlflow]\ntracking_uri = "sqlite:///missing.db"\n')
    assert (await trouble(sources(project)["mlflow"])).state == "misconfigured"
    assert not (project / "missing.db").exists()


def test_no_login_is_in_what_is_stored_of_a_source(project: Path) -> None:
    spec = sources(project, MLFLOW_TRACKING_URI="https://ann:hunter2@mlflow.acme/x?token=1")["mlflow"].spec
    assert spec.address == "https://mlflow.acme/x"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://mlflow.acme", "https://MLflow.acme:443/"),
        ("http://h/ml/", "http://h:80/ml"),
        ("http://[::1]:5000", "http://[::1]:5000/"),
    ],
)
def test_one_server_has_one_key_however_it_is_written(one: str, other: str) -> None:
    assert source_key("mlflow", one) == source_key("mlflow", other)
    assert len(source_key("mlflow", one)) == 16


def test_kind_address_and_scope_tell_sources_apart() -> None:
    keys = {
        source_key("github", "https://h", "a/b"),
        source_key("gitlab", "https://h", "a/b"),
        source_key("github", "https://h", "a/c"),
        source_key("github", "http://h", "a/b"),
        source_key("github", "https://h:8443", "a/b"),
        source_key("github", "https://h/sub", "a/b"),
    }
    assert len(keys) == 6


def test_two_clones_of_one_repository_are_one_source(tmp_path: Path) -> None:
    keys = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        make_repository(tmp_path / name, remote="git@github.com:acme/churn.git")
        keys.add(sources(tmp_path / name)["git"].spec.key)
    assert len(keys) == 1


def test_trust_and_settings_that_change_are_noticed(project: Path) -> None:
    write(project, '[mlflow]\ntracking_uri = "http://h"\n')
    settings = load(directory=project)
    watched = Watched(settings)
    assert not watched.changed()
    trust.record_trust(settings)
    assert watched.changed()
    assert not watched.changed()
    write(project, '[mlflow]\ntracking_uri = "http://other"\n')
    assert watched.changed()
    before = watched
    write(project, '[mlflow]\ntracking_uri = "http://third"\n')
    assert Watched(settings, before).changed()


class Fragile:
    """A source whose login is no longer taken from the second pass on, and that must not be read when closed."""

    def __init__(self) -> None:
        self.passes = 0
        self.closed = False

    async def poll(self, cursor: Mapping[str, Any]) -> AsyncIterator[Batch]:
        self.passes += 1
        if self.passes > 1:
            raise SourceError("The token ran out.", state="unauthorised")
        for at in range(3):
            assert not self.closed
            yield Batch(cursor={"at": at})

    async def close(self) -> None:
        self.closed = True


async def test_a_login_that_ran_out_breaks_off_nobody_else(project: Path) -> None:
    opened: list[Fragile] = []

    def open_now() -> MlflowSource:
        opened.append(Fragile())
        return cast("MlflowSource", opened[-1])

    late = LateMlflow(SourceSpec(key="k", kind="mlflow", name="mlflow", address="http://h"), open_now)
    under_way = late.poll({})
    assert await anext(under_way)
    with pytest.raises(SourceError):
        [batch async for batch in late.poll({})]
    assert len([batch async for batch in under_way]) == 2
    assert opened[0].closed
    assert len([batch async for batch in late.poll({})]) == 3
    await late.close()
    assert [source.closed for source in opened] == [True, True]


def test_a_clone_of_github_is_read_when_the_environment_has_githubs_token(project: Path) -> None:
    make_repository(project, "https://github.com/acme/churn.git")
    assert "github" not in sources(project)
    found = sources(project, GITHUB_TOKEN="t")["github"]
    assert isinstance(found, CiSource)
    assert found.spec.key == source_key("github", "https://api.github.com", "acme/churn")
    assert "rerun_failed" in found.abilities
    settings = load(directory=project, environment={"GITHUB_TOKEN": "t"})
    assert [reach.section for reach in trust.reaches(settings)] == ["git"]


def test_a_file_that_names_github_is_asked_about_first(project: Path) -> None:
    write(project, '[[ci]]\nkind = "github"\nrepository = "acme/churn"\n')
    assert isinstance(sources(project, GITHUB_TOKEN="t")["github"], RefusedSource)
    trust.record_trust(load(directory=project, environment={}))
    assert isinstance(sources(project, GITHUB_TOKEN="t")["github"], CiSource)


async def test_a_login_that_cannot_be_read_is_said_by_the_pass(project: Path) -> None:
    write(project, '[[ci]]\nkind = "github"\nrepository = "acme/churn"\ntoken_env = "NO_SUCH"\n')
    trust.record_trust(load(directory=project, environment={}))
    found = await trouble(sources(project)["github"])
    assert found.state == "misconfigured"
    assert "$NO_SUCH" in str(found)
