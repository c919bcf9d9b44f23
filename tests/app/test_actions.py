"""The one gate: what is journaled, done, read back, refused, and found out after a crash."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app import trust
from quarterdeck.app.actions import ACT_SECONDS, perform, reconcile, set_tag
from quarterdeck.app.acts import Outcome
from quarterdeck.app.acts.tags import LONGEST_VALUE, TagOutcome, check_tag, tag_intent
from quarterdeck.app.errors import QuarterdeckError, RefusedError, SourceError, UntrustedError, UsageError
from quarterdeck.app.records import Subject
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources.registry import build
from quarterdeck.app.store import act_lock
from quarterdeck.app.store.state import State

ODD = ["", "x", "[bold]x[/]", "\x1b[31mred", "two\nlines", "名前 שלום", 'k="v", a\\b', "x" * LONGEST_VALUE]


def settled(folder: Path, tracking_uri: str) -> Settings:
    """Trusted settings of a project whose runs are there."""
    folder.mkdir(exist_ok=True)
    (folder / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{tracking_uri}"\n')
    settings = load(directory=folder)
    trust.record_trust(settings)
    return settings


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State(tmp_path / "state" / "s.db") as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path, mlflow_server: str) -> Settings:
    """A project on the real server."""
    return settled(tmp_path / "project", mlflow_server)


@pytest.fixture
def run_id(mlflow_rest: Any) -> str:
    """A run of an experiment of its own, with a twin of the same name beside it."""
    experiment = mlflow_rest.create_experiment(f"actions-{time.time_ns()}")
    mlflow_rest.create_run(experiment, "[bold]x[/]")
    found: str = mlflow_rest.create_run(experiment, "[bold]x[/]", tags={"before": "1"})
    mlflow_rest.create_run(experiment, "[bold]x[/]")
    return found


def subject(run_id: str) -> Subject:
    return Subject(kind="run", parts=(run_id,))


def ask(state: State, intent: dict[str, Any], *, asked_at: int = 0, begun_at: int | None = None) -> str:
    """What a process leaves that died after asking, or after beginning; gives the batch."""
    batch = state.ask_acts([("set_tag", f"run/{intent['run_id']}", intent)], asked_at)
    if begun_at is not None:
        state.begin_act(batch, intent | {"previous": None}, begun_at)
    return batch


def said(state: State, key: str) -> str:
    (sentence,) = [act.outcome["sentence"] for act in state.acts() if act.intent["key"] == key and act.outcome]
    return str(sentence)


def tags_of(rest: Any, run_id: str) -> dict[str, str]:
    data = rest.get("runs/get", run_id=run_id)["run"]["data"]
    return {tag["key"]: tag["value"] for tag in data.get("tags", [])}


def tagged_runs(rest: Any, run_id: str, key: str) -> list[str]:
    """The runs of the run's experiment that have the tag."""
    experiment = rest.get("runs/get", run_id=run_id)["run"]["info"]["experiment_id"]
    found = rest.post("runs/search", experiment_ids=[experiment], filter=f"tags.{key} != 'nothing is like this'")
    return [run["info"]["run_id"] for run in found.get("runs", [])]


# -- a real server


def test_a_tag_reaches_the_run_of_that_id_and_no_twin(
    settings: Settings, state: State, run_id: str, mlflow_rest: Any
) -> None:
    outcome = set_tag(settings, state, subject(run_id), "reviewed", "yes", read_only=False)
    assert (outcome.state, outcome.subject, outcome.previous) == ("done", f"run/{run_id}", None)
    assert tagged_runs(mlflow_rest, run_id, "reviewed") == [run_id]
    assert tags_of(mlflow_rest, run_id)["before"] == "1"


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value[:8]))
def test_a_value_arrives_as_it_is(value: str, settings: Settings, state: State, run_id: str, mlflow_rest: Any) -> None:
    outcome = set_tag(settings, state, subject(run_id), "a/b c.d-e:f", value, read_only=False)
    assert outcome.state == "done", outcome.sentence
    assert tags_of(mlflow_rest, run_id)["a/b c.d-e:f"] == value


def test_the_journal_holds_what_was_there_before(settings: Settings, state: State, run_id: str) -> None:
    set_tag(settings, state, subject(run_id), "before", "2", read_only=False)
    (act,) = state.acts()
    assert (act.act, act.subject, act.state) == ("set_tag", f"run/{run_id}", "done")
    assert (act.intent["previous"], act.intent["value"]) == ("1", "2")
    assert act.outcome is not None
    assert act.outcome["read_back"] == "2"


def test_read_only_refuses_before_anything_happens(
    settings: Settings, state: State, run_id: str, mlflow_rest: Any
) -> None:
    with pytest.raises(RefusedError, match="--read-only"):
        set_tag(settings, state, subject(run_id), "reviewed", "yes", read_only=True)
    assert state.acts() == []
    assert "reviewed" not in tags_of(mlflow_rest, run_id)


def test_settings_that_nobody_trusts_act_on_nothing(
    tmp_path: Path, state: State, run_id: str, mlflow_server: str
) -> None:
    settled(tmp_path / "project", mlflow_server)
    (tmp_path / "project" / "quarterdeck.toml").write_text('[mlflow]\ntracking_uri = "http://127.0.0.1:1"\n')
    with pytest.raises(UntrustedError, match=r"127\.0\.0\.1:1"):
        set_tag(load(directory=tmp_path / "project"), state, subject(run_id), "reviewed", "yes", read_only=False)
    assert state.acts() == []


def test_a_run_that_there_is_not_is_said(settings: Settings, state: State, run_id: str) -> None:
    with pytest.raises(QuarterdeckError, match="There is no run") as caught:
        set_tag(settings, state, subject(run_id[:8]), "reviewed", "yes", read_only=False)
    assert caught.value.exit_status == 1
    assert state.acts() == []


def test_a_deleted_run_is_refused(settings: Settings, state: State, run_id: str, mlflow_rest: Any) -> None:
    mlflow_rest.post("runs/delete", run_id=run_id)
    with pytest.raises(RefusedError, match="is deleted in MLflow"):
        set_tag(settings, state, subject(run_id), "reviewed", "yes", read_only=False)


def test_what_a_crash_cut_off_is_found_out(settings: Settings, state: State, run_id: str, mlflow_rest: Any) -> None:
    set_tag(settings, state, subject(run_id), "first", "1", read_only=False)
    intent, now = dict(state.acts()[0].intent), time.time_ns() // 1_000_000
    ask(state, intent, begun_at=0)  # happened
    ask(state, intent | {"key": "second"}, begun_at=1)  # did not
    ask(state, intent | {"key": "third"}, begun_at=now)  # may be under way yet
    ask(state, intent | {"key": "fourth"}, asked_at=2)  # nobody began it
    ask(state, intent | {"key": "fifth"}, asked_at=now)  # its process may be about to start
    assert [one.state for one in reconcile(settings, state)] == ["done", "failed", "failed"]
    told = [(act.intent["key"], act.state) for act in reversed(state.acts())][1:]
    assert told == [
        ("first", "done"), ("second", "failed"), ("third", "begun"), ("fourth", "failed"), ("fifth", "asked"),
    ]  # fmt: skip
    assert "second was cut off before it reached the server" in said(state, "second")
    assert "never begun" in said(state, "fourth")
    assert reconcile(settings, state) == []


def test_what_a_living_process_carries_out_is_left_alone(settings: Settings, state: State, run_id: str) -> None:
    batch = ask(state, tag_intent("s", run_id, "a", "1"), begun_at=0)
    with act_lock.held(state.path, batch) as ours:
        assert ours
        assert act_lock.is_held(state.path, batch)
        assert reconcile(settings, state) == []
        with pytest.raises(RefusedError, match="Another process"):
            perform(settings, state, batch, read_only=False)
    assert not act_lock.is_held(state.path, batch)
    assert not act_lock.lock_path(state.path, batch).exists()


# -- a batch


@pytest.fixture
def source(settings: Settings) -> str:
    """The key of the project's tracking server."""
    (found,) = [one.spec.key for one in build(settings) if one.spec.kind == "mlflow"]
    return found


def test_a_batch_is_carried_out_and_one_that_fails_does_not_stop_the_others(
    settings: Settings, state: State, source: str, mlflow_rest: Any
) -> None:
    experiment = mlflow_rest.create_experiment(f"batch-{time.time_ns()}")
    runs = [mlflow_rest.create_run(experiment, f"run {n}", tags={"stage": "silver"}) for n in range(4)]
    mlflow_rest.post("runs/delete", run_id=runs[1])
    mlflow_rest.post("runs/set-tag", run_id=runs[2], key="stage", value="bronze")
    intents = [tag_intent(source, run, "stage", "gold", name=f"run {n}") for n, run in enumerate([*runs, "absent"])]
    batch = state.ask_acts([("set_tag", f"run/{i['run_id']}", i | {"seen": "silver"}) for i in intents], 1)
    outcomes = perform(settings, state, batch, read_only=False)
    assert [one.state for one in outcomes] == ["done", "failed", "failed", "done", "failed"]
    assert [tags_of(mlflow_rest, run).get("stage") for run in runs] == ["gold", "silver", "bronze", "gold"]
    assert outcomes[1].sentence == "run 1 is deleted in MLflow. Nothing was changed."
    assert "stage is “bronze” now, not “silver”: somebody changed it" in outcomes[2].sentence
    assert outcomes[4].sentence == "run 4 is not there any more. Nothing was changed."
    assert [act.state for act in state.batch_of_acts(batch)] == [one.state for one in outcomes]
    assert perform(settings, state, batch, read_only=False) == []


def test_a_tag_is_taken_away(settings: Settings, state: State, source: str, run_id: str, mlflow_rest: Any) -> None:
    intent = tag_intent(source, run_id, "before", None) | {"seen": "1"}
    batch = state.ask_acts([("delete_tag", f"run/{run_id}", intent)], 1)
    (outcome,) = perform(settings, state, batch, read_only=False)
    assert isinstance(outcome, TagOutcome)
    assert (outcome.state, outcome.previous, outcome.value) == ("done", "1", None)
    assert "before" not in tags_of(mlflow_rest, run_id)


def test_read_only_fails_what_was_asked_for_before(
    settings: Settings, state: State, source: str, run_id: str, mlflow_rest: Any
) -> None:
    batch = state.ask_acts([("set_tag", f"run/{run_id}", tag_intent(source, run_id, "reviewed", "yes"))], 1)
    (outcome,) = perform(settings, state, batch, read_only=True)
    assert outcome.state == "failed"
    assert "--read-only" in outcome.sentence
    assert "reviewed" not in tags_of(mlflow_rest, run_id)


# -- a real store in a file


def test_a_tag_reaches_a_store_in_a_file(
    tmp_path: Path, state: State, run_id: str, mlflow_rest: Any, mlflow_folder: Path
) -> None:
    settings = settled(tmp_path / "project", f"sqlite:///{mlflow_folder / 'mlflow.db'}")
    outcome = set_tag(settings, state, subject(run_id), "reviewed", "[bold]yes[/]", read_only=False)
    assert outcome.state == "done", outcome.sentence
    assert tags_of(mlflow_rest, run_id)["reviewed"] == "[bold]yes[/]"
    assert tagged_runs(mlflow_rest, run_id, "reviewed") == [run_id]
    taken = tag_intent(outcome.source, run_id, "reviewed", None) | {"seen": "[bold]yes[/]"}
    (gone,) = perform(settings, state, state.ask_acts([("delete_tag", outcome.subject, taken)], 1), read_only=False)
    assert isinstance(gone, TagOutcome)
    assert (gone.state, gone.previous) == ("done", "[bold]yes[/]")
    assert "reviewed" not in tags_of(mlflow_rest, run_id)
    with pytest.raises(QuarterdeckError, match="There is no run absent"):
        set_tag(settings, state, subject("absent"), "reviewed", "yes", read_only=False)


# -- a server that misbehaves


class Server:
    """Answers as a tracking server with one run does; `on_set` is called when a tag is to be set."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.is_up = True
        self.on_set: Callable[[str, str], int] = self.keep
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not outer.is_up:
                    self.answer(503, {})
                    return
                tags = [{"key": key, "value": value} for key, value in outer.tags.items()]
                info = {"run_id": "r1", "experiment_id": "0", "status": "RUNNING", "lifecycle_stage": "active"}
                self.answer(200, {"run": {"info": info, "data": {"tags": tags}}})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = outer.on_set(body["key"], body["value"])
                if status:
                    self.answer(status, {} if status == 200 else {"error_code": "PERMISSION_DENIED", "message": "no"})
                else:
                    self.close_connection = True

            def answer(self, status: int, content: dict[str, Any]) -> None:
                text = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def keep(self, key: str, value: str) -> int:
        self.tags[key] = value
        return 200

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def act(tmp_path: Path, state: State, server: Server) -> Callable[[], Outcome]:
    """Set a tag on that server's run."""
    settings = settled(tmp_path / "project", server.url)
    return lambda: set_tag(settings, state, subject("r1"), "k", "v", read_only=False)


def test_a_tag_that_is_forbidden_and_that_somebody_else_sets_is_not_ours(
    act: Callable[[], Outcome], server: Server, state: State
) -> None:
    def forbid(key: str, value: str) -> int:
        server.keep(key, value)
        return 403

    server.on_set = forbid
    outcome = act()
    assert (outcome.state, state.acts()[0].state) == ("failed", "failed")
    assert "403" in outcome.sentence


def test_the_intent_is_on_the_disk_before_the_server_hears_of_it(
    act: Callable[[], Outcome], server: Server, state: State
) -> None:
    begun: list[Any] = []

    def look(key: str, value: str) -> int:
        with State(state.path) as other:
            begun.extend(other.open_acts())
        return server.keep(key, value)

    server.on_set = look
    assert act().state == "done"
    assert [(one.subject, one.intent["key"], one.outcome) for one in begun] == [("run/r1", "k", None)]


def test_an_answer_that_is_lost_is_read_back(act: Callable[[], Outcome], server: Server) -> None:
    def lose(key: str, value: str) -> int:
        server.keep(key, value)
        return 0

    server.on_set = lose
    assert act().state == "done"


def test_a_refusal_is_a_failure_with_the_server_s_reason(
    act: Callable[[], Outcome], server: Server, state: State
) -> None:
    server.on_set = lambda key, value: 403
    outcome = act()
    assert outcome.state == "failed"
    assert outcome.sentence
    assert state.acts()[0].state == "failed"


def test_a_server_that_keeps_something_else_is_noticed(act: Callable[[], Outcome], server: Server) -> None:
    server.on_set = lambda key, value: server.keep(key, value[:0])
    outcome = act()
    assert outcome.state == "failed"
    assert "reads otherwise" in outcome.sentence


def test_a_server_that_goes_away_leaves_the_act_open_until_it_is_back(
    act: Callable[[], Outcome], server: Server, state: State, tmp_path: Path
) -> None:
    def vanish(key: str, value: str) -> int:
        server.keep(key, value)
        server.is_up = False
        return 0

    server.on_set = vanish
    outcome = act()
    assert outcome.state == "unknown"
    assert "could not be read back" in outcome.sentence
    assert [one.id for one in state.open_acts()] == [outcome.entry]
    later = time.time_ns() // 1_000_000 + round(2_000 * ACT_SECONDS)
    settings = load(directory=tmp_path / "project")
    assert [one.state for one in reconcile(settings, state, later)] == ["unknown"]
    server.is_up = True
    assert [one.state for one in reconcile(settings, state, later)] == ["done"]
    assert state.open_acts() == []


def test_a_server_that_is_down_from_the_start_is_not_reached(
    act: Callable[[], Outcome], server: Server, state: State
) -> None:
    server.is_up = False
    with pytest.raises(SourceError):
        act()
    assert state.acts() == []


# -- what MLflow would not take


@pytest.mark.parametrize(
    ("written", "key", "value", "sentence"),
    [
        (Subject(kind="model", parts=("churn",)), "k", "v", "only run/ID"),
        (subject("r1"), "", "v", "has 0 characters"),
        (subject("r1"), "k" * 251, "v", "has 251 characters"),
        (subject("r1"), "../k", "v", "takes no tag key"),
        (subject("r1"), "a//b", "v", "takes no tag key"),
        (subject("r1"), "k\n", "v", "takes no tag key"),
        (subject("r1"), "k", "v" * 8_001, "has 8001 characters"),
        (subject("r1"), "k", "\udcff", "not valid UTF-8"),
    ],
)
def test_a_tag_that_mlflow_would_not_take_is_a_mistake(written: Subject, key: str, value: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        check_tag(written, key, value)


def test_keys_as_long_as_mlflow_takes_are_taken() -> None:
    check_tag(subject("r1"), "k" * 250, "v" * 8_000)
    check_tag(subject("r1"), "mlflow.note.content", "")
