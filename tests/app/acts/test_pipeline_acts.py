"""Acts on pipelines through the gate: a server that remembers, cut lines, dying processes, and a world that moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.actions import LATE_SECONDS, act_on_pipeline, perform, reconcile
from quarterdeck.app.acts import FORGOTTEN
from quarterdeck.app.acts.pipelines import PipelineOutcome, Pipelines
from quarterdeck.app.acts.sight import intent, subject
from quarterdeck.app.errors import QuarterdeckError, RefusedError, SourceError, UntrustedError, UsageError
from quarterdeck.app.records import Approval, Job, Pipeline, SourceSpec
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources import registry
from quarterdeck.app.sources.refused import RefusedSource
from quarterdeck.app.store.state import Act, State, state_file
from tests.servers.acts import ALL, KEY, ActsSource, Server, act_in_a_process, remembering

LATER = round(2_000 * LATE_SECONDS)
"""Milliseconds after which what was cut off now may be looked for."""


def job(number: int, status: Any, **facts: Any) -> Job:
    return Job(id=f"j{number}", name=("data", "test", "train", "deploy")[number], status=status, **facts)


JOBS = (job(0, "passed"), job(1, "failed"), job(2, "failed"))


def pipeline(native: str = "7", **facts: Any) -> Pipeline:
    usual: dict[str, Any] = {
        "status": "failed", "number": "214", "branch": "main", "commit": "20aa4d1" * 5, "jobs": JOBS,
    }  # fmt: skip
    return Pipeline(source=KEY, id=native, name="nightly-train", **(usual | facts))


RUNNING = pipeline(status="running", jobs=(job(0, "passed"), job(1, "running")))
WAITING = pipeline(status="waiting", jobs=(job(0, "passed"),), approvals=(Approval(id="e1", name="production"),))
MANUAL = pipeline(status="waiting", jobs=(job(0, "passed"), job(3, "waiting", is_manual=True)))


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pipelines, "pauses", (0.0, 0.0, 0.0))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A project of no sources of its own."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text('[project]\nname = "churn"\n')
    return load(directory=folder)


@pytest.fixture
def state(settings: Settings) -> Iterator[State]:
    with State(state_file(settings.project_key)) as opened:
        yield opened


Serve = Callable[..., Server]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """A server with these pipelines, which the project has as its source."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(*pipelines: Pipeline, kind: str = "github", abilities: frozenset[str] = ALL, **how: Any) -> Server:
            server = stack.enter_context(remembering(*pipelines, **how))
            monkeypatch.setattr(registry, "build", lambda settings: [ActsSource(server.url, kind, abilities)])
            return server

        yield start


def ask(state: State, act: str, *pipelines: Pipeline, at: int | None = None, **meant: Any) -> str:
    """What a terminal leaves in the journal; gives the batch."""
    intents = [intent(one, saw=True, **meant) for one in pipelines]
    moment = time.time_ns() // 1_000_000 if at is None else at
    return state.ask_acts([(act, subject(act, one), one) for one in intents], moment)


def carried_out(settings: Settings, state: State, batch: str) -> PipelineOutcome:
    """What came of a batch of one."""
    (outcome,) = perform(settings, state, batch, read_only=False)
    assert isinstance(outcome, PipelineOutcome)
    return outcome


def rerun(settings: Settings, state: State) -> PipelineOutcome:
    """What `quarterdeck pipeline rerun 7` does."""
    outcome = act_on_pipeline(settings, state, "rerun", None, "7", lambda one: (None, ()), read_only=False)
    assert isinstance(outcome, PipelineOutcome)
    return outcome


def later(settings: Settings, state: State, seconds: float = 2 * LATE_SECONDS) -> list[tuple[str, str]]:
    """State and sentence of what is found out so much later."""
    return [(one.state, one.sentence) for one in reconcile(settings, state, now() + round(1000 * seconds))]


def now() -> int:
    return time.time_ns() // 1_000_000


def last(state: State) -> Act:
    return state.acts()[0]


# -- it is done, once, and read back


@pytest.mark.parametrize(
    ("act", "before", "meant", "done", "sentence"),
    [
        ("rerun", pipeline(), {}, "rerun 7", "nightly-train #214: attempt 2 is running at forge."),
        ("rerun_failed", pipeline(), {}, "rerun failed 7", "nightly-train #214: attempt 2 is running at forge."),
        ("cancel", RUNNING, {}, "cancel 7", "nightly-train #214 is cancelled at forge."),
        (
            "approve", WAITING, {"approvals": ["e1"]}, "approve e1 7",
            "nightly-train #214: production is approved, it is running at forge.",
        ),
        (
            "play", MANUAL, {"job": MANUAL.jobs and MANUAL.jobs[1]}, "play j3 7",
            "nightly-train #214: deploy is started, it is running at forge.",
        ),
    ],
)  # fmt: skip
def test_an_act_reaches_its_pipeline_and_is_read_back(
    settings: Settings, state: State, serve: Serve, act: str, before: Pipeline, meant: Any, done: str, sentence: str
) -> None:
    server = serve(before, pipeline("8"))
    outcome = carried_out(settings, state, ask(state, act, before, **meant))
    assert (outcome.state, outcome.sentence) == ("done", sentence)
    assert server.done == [done]
    assert last(state).state == "done"
    assert last(state).outcome is not None
    assert outcome.status == server.now["7"]["status"]


def test_a_rerun_that_is_another_pipeline_is_named(settings: Settings, state: State, serve: Serve) -> None:
    serve(pipeline(), new_ids=True, kind="jenkins")
    outcome = carried_out(settings, state, ask(state, "rerun", pipeline()))
    assert (outcome.state, outcome.pipeline, outcome.became) == ("done", "7", "7-1")


def test_what_the_vendor_shows_late_is_waited_for(settings: Settings, state: State, serve: Serve) -> None:
    server = serve(pipeline(), lag=3)
    assert carried_out(settings, state, ask(state, "rerun", pipeline())).state == "done"
    assert server.done == ["rerun 7"]


def test_what_the_vendor_does_not_show_in_time_stays_open_until_it_does(
    settings: Settings, state: State, serve: Serve
) -> None:
    server = serve(pipeline(), lag=5)
    outcome = carried_out(settings, state, ask(state, "rerun", pipeline()))
    assert outcome.state == "unknown"
    assert "forge took it, and does not show it yet" in outcome.sentence
    assert last(state).state == "begun"
    assert later(settings, state)[0][0] == "unknown"
    assert later(settings, state) == [("done", "nightly-train #214: attempt 2 is running at forge.")]
    assert server.done == ["rerun 7"]


def test_what_never_shows_is_settled_as_unknown(settings: Settings, state: State, serve: Serve) -> None:
    serve(pipeline(), lag=100)
    carried_out(settings, state, ask(state, "rerun", pipeline()))
    assert [how for how, _ in later(settings, state, 2 * FORGOTTEN)] == ["unknown"]
    assert last(state).state == "unknown"
    assert state.open_acts() == []


def test_the_intent_is_on_the_disk_with_what_was_seen_before_the_server_hears_of_it(
    settings: Settings, state: State, serve: Serve
) -> None:
    server, found = serve(pipeline()), list[Act]()

    def look(when: str, what: str, number: int) -> None:
        if (when, what) == ("before", "rerun 7"):
            with State(state.path) as other:
                found.extend(other.open_acts())

    server.hook = look
    carried_out(settings, state, ask(state, "rerun", pipeline()))
    (act,) = found
    seen = {"attempt": 1, "status": "failed", "jobs": {"j0": "passed", "j1": "failed", "j2": "failed"}, "approvals": []}
    assert (act.state, act.intent["seen"], act.intent["previous"]) == ("begun", seen, seen)


def test_the_server_is_told_the_journal_s_id_of_a_rerun(settings: Settings, state: State, serve: Serve) -> None:
    server = serve(pipeline(), new_ids=True)
    carried_out(settings, state, ask(state, "rerun", pipeline()))
    assert list(server.keys) == [last(state).id]


# -- the world moved


@pytest.mark.parametrize(
    ("act", "seen", "found", "meant", "sentence"),
    [
        ("rerun", pipeline(), pipeline(attempt=2), {}, "was run again meanwhile: it is at attempt 2"),
        ("rerun", pipeline(), pipeline(status="running"), {}, "is running now, not failed"),
        ("rerun_failed", pipeline(), pipeline(jobs=(*JOBS, job(3, "failed"))), {}, "somebody ran deploy again"),
        ("rerun_failed", pipeline(jobs=None), pipeline(jobs=JOBS[:1]), {}, "has no failed job"),
        ("rerun", RUNNING, RUNNING, {}, "is running still: cancel it first"),
        ("cancel", RUNNING, pipeline(status="passed"), {}, "is over already (passed)"),
        ("cancel", RUNNING, pipeline(status="running", attempt=2), {}, "was run again meanwhile"),
        ("approve", WAITING, pipeline(status="running"), {"approvals": ["e1"]}, "waits no more for production"),
        (
            "play", MANUAL, pipeline(jobs=(job(3, "running", is_manual=True),)), {"job": job(3, "waiting")},
            "waits no more for deploy: somebody started it",
        ),
        ("play", MANUAL, pipeline(jobs=()), {"job": job(3, "waiting")}, "has no job deploy"),
    ],
)  # fmt: skip
def test_what_is_not_as_it_was_seen_is_left_alone(
    settings: Settings, state: State, serve: Serve, act: str, seen: Pipeline, found: Pipeline, meant: Any, sentence: str
) -> None:
    server = serve(found)
    outcome = carried_out(settings, state, ask(state, act, seen, **meant))
    assert (outcome.state, outcome.is_refused) == ("failed", True)
    assert sentence in outcome.sentence
    assert server.done == []


@pytest.mark.parametrize("how", [{}, {"new_ids": True, "kind": "jenkins"}], ids=["same id", "new id"])
def test_a_second_rerun_of_the_same_sight_is_refused(settings: Settings, state: State, serve: Serve, how: Any) -> None:
    server = serve(pipeline(), **how)
    batches = [ask(state, "rerun_failed", pipeline(), at=now() - 1) for _ in range(2)]
    assert [carried_out(settings, state, batch).state for batch in batches] == ["done", "failed"]
    assert server.done == ["rerun failed 7"]


def test_while_it_is_not_known_what_came_of_one_no_other_is_begun(
    settings: Settings, state: State, serve: Serve
) -> None:
    server = serve(pipeline(), new_ids=True, kind="jenkins")
    batch = ask(state, "rerun", pipeline())
    state.begin_act(batch, {**last(state).intent, "previous": last(state).intent["seen"]}, now())
    outcome = carried_out(settings, state, ask(state, "rerun", pipeline()))
    assert (outcome.state, outcome.is_refused) == ("failed", True)
    assert "what came of the last rerun is not known yet" in outcome.sentence
    assert server.done == []


def test_a_pipeline_that_is_gone_is_said(settings: Settings, state: State, serve: Serve) -> None:
    serve(pipeline("8"))
    outcome = carried_out(settings, state, ask(state, "rerun", pipeline()))
    assert outcome.sentence == "nightly-train #214 is not there any more. Nothing was changed."


# -- what is refused before anything is tried


def test_read_only_refuses_whoever_asks(settings: Settings, state: State, serve: Serve) -> None:
    server = serve(pipeline())
    with pytest.raises(RefusedError, match="--read-only") as caught:
        act_on_pipeline(settings, state, "rerun", None, "7", lambda one: (None, ()), read_only=True)
    assert caught.value.exit_status == 4
    (outcome,) = perform(settings, state, ask(state, "rerun", pipeline()), read_only=True)
    assert (outcome.state, outcome.is_refused) == ("failed", True)
    assert server.asked == 0


def test_a_source_without_the_ability_says_so(settings: Settings, state: State, serve: Serve) -> None:
    server = serve(pipeline(), abilities=frozenset({"cancel"}))
    outcome = carried_out(settings, state, ask(state, "rerun_failed", pipeline()))
    assert outcome.sentence == "forge (github) cannot run its failed jobs again. Nothing was changed."
    assert outcome.is_refused
    assert server.asked == 0


def test_a_source_that_nobody_trusts_is_not_asked(
    settings: Settings, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = SourceSpec(key=KEY, kind="github", name="forge", address="http://forge")
    monkeypatch.setattr(registry, "build", lambda settings: [RefusedSource(spec, "untrusted", "Not trusted: forge.")])
    outcome = carried_out(settings, state, ask(state, "rerun", pipeline()))
    assert (outcome.sentence, outcome.is_refused) == ("Not trusted: forge.", True)
    with pytest.raises(UntrustedError, match="Not trusted") as caught:
        act_on_pipeline(settings, state, "rerun", None, "7", lambda one: (None, ()), read_only=False)
    assert caught.value.exit_status == 2


def test_on_the_command_line_the_world_as_it_is_is_refused_with_4(
    settings: Settings, state: State, serve: Serve
) -> None:
    serve(RUNNING)
    with pytest.raises(RefusedError, match="running still"):
        act_on_pipeline(settings, state, "rerun", None, "7", lambda one: (None, ()), read_only=False)
    with pytest.raises(QuarterdeckError, match="There is no pipeline 9 in forge"):
        act_on_pipeline(settings, state, "rerun", None, "9", lambda one: (None, ()), read_only=False)
    assert state.acts() == []


@pytest.mark.parametrize("act", ["play", "approve"])
def test_an_act_on_nothing_in_particular_is_not_understood(
    settings: Settings, state: State, serve: Serve, act: str
) -> None:
    serve(MANUAL)
    with pytest.raises(UsageError, match="The act names no"):
        act_on_pipeline(settings, state, act, None, "7", lambda one: (None, ()), read_only=False)
    assert state.acts() == []


# -- two people at once


@pytest.mark.parametrize("how", [{}, {"new_ids": True, "kind": "jenkins"}], ids=["same id", "new id"])
def test_what_somebody_did_here_since_it_was_looked_at_is_not_done_twice(
    settings: Settings, state: State, serve: Serve, how: Any
) -> None:
    server, others = serve(pipeline(), **how), list[str]()

    def colleague(when: str, what: str, number: int) -> None:
        if (when, number) == ("after", 0):
            with State(state.path) as other:
                others.append(rerun(settings, other).state)

    server.hook = colleague
    outcome = rerun(settings, state)
    assert (others, outcome.state, outcome.is_refused) == (["done"], "failed", True)
    assert "another rerun of it was done just now" in outcome.sentence
    assert server.done == ["rerun 7"]


def test_what_somebody_did_elsewhere_since_it_was_looked_at_is_not_done_twice(
    settings: Settings, state: State, serve: Serve
) -> None:
    server = serve(pipeline())

    def colleague(when: str, what: str, number: int) -> None:
        if (when, number) == ("after", 0):
            server.answer("POST", ["7", "rerun"], {})

    server.hook = colleague
    outcome = rerun(settings, state)
    assert (outcome.state, outcome.is_refused) == ("failed", True)
    assert "is running still" in outcome.sentence
    assert server.done == ["rerun 7"]


def test_a_server_that_goes_away_before_it_is_told_anything_is_a_failure(
    settings: Settings, state: State, serve: Serve
) -> None:
    server = serve(pipeline())
    server.hook = lambda when, what, number: 500 if number == 1 else None
    outcome = rerun(settings, state)
    assert (outcome.state, outcome.sentence[:11], state.open_acts()) == ("failed", "Not tried: ", [])
    assert server.done == []


# -- a line that is cut, a server that dies


@pytest.mark.parametrize("status", [0, 502, 504])
def test_an_answer_that_is_lost_is_found_out(settings: Settings, state: State, serve: Serve, status: int) -> None:
    server = serve(pipeline())
    server.hook = lambda when, what, number: status if (when, what) == ("after", "rerun 7") else None
    assert carried_out(settings, state, ask(state, "rerun", pipeline())).state == "done"
    assert server.done == ["rerun 7"]


def test_a_request_that_is_lost_is_not_sent_again_and_known_to_be_lost_later(
    settings: Settings, state: State, serve: Serve
) -> None:
    server = serve(pipeline())
    server.hook = lambda when, what, number: 0 if (when, what) == ("before", "rerun 7") else None
    outcome = carried_out(settings, state, ask(state, "rerun", pipeline()))
    assert outcome.state == "unknown"
    assert "What came of it is not known yet: nightly-train #214 is failed as before" in outcome.sentence
    ((how, sentence),) = later(settings, state)
    assert how == "failed"
    assert sentence == "It was cut off before it reached forge: nightly-train #214 is failed as before."
    assert server.done == []


def test_a_refusal_is_a_failure_with_the_server_s_reason(settings: Settings, state: State, serve: Serve) -> None:
    server = serve(pipeline())
    server.hook = lambda when, what, number: 403 if what == "rerun 7" else None
    outcome = carried_out(settings, state, ask(state, "rerun", pipeline()))
    assert (outcome.state, outcome.is_refused) == ("failed", False)
    assert "forbids it (403)" in outcome.sentence
    assert state.open_acts() == []


@pytest.mark.parametrize(
    ("act", "before", "meant"),
    [
        ("rerun", pipeline(), {}), ("cancel", RUNNING, {}), ("approve", WAITING, {"approvals": ["e1"]}),
        ("play", MANUAL, {"job": MANUAL.jobs and MANUAL.jobs[1]}),
    ],
    ids=["rerun", "cancel", "approve", "play"],
)  # fmt: skip
@pytest.mark.parametrize("dies", [False, True], ids=["", "and the server dies"])
def test_what_is_forbidden_and_somebody_else_does_is_not_ours(
    settings: Settings, state: State, serve: Serve, act: str, before: Pipeline, meant: Any, dies: bool
) -> None:
    server, refused = serve(before), list[str]()

    def colleague(when: str, what: str, number: int) -> int | None:
        if what.startswith("GET") or refused:
            return 0 if dies and refused else None
        refused.append(what)
        server.answer("POST", ["7", *what.split()[:1], "j3", "e1"], {"key": "of the colleague"})
        return 403

    server.hook = colleague
    outcome = carried_out(settings, state, ask(state, act, before, **meant))
    assert refused
    assert (outcome.state, last(state).state, outcome.is_refused) == ("failed", "failed", False)
    assert "forbids it (403)" in outcome.sentence
    assert ("Somebody else did it: nightly-train #214" in outcome.sentence) is not dies
    assert later(settings, state) == []


def test_what_is_forbidden_is_not_looked_for_among_the_new_pipelines(
    settings: Settings, state: State, serve: Serve
) -> None:
    server = serve(pipeline(), new_ids=True, kind="jenkins")
    entry = ask(state, "rerun", pipeline())
    server.hook = lambda when, what, number: (
        (server.answer("POST", ["7", "rerun"], {"key": entry}) and 403) if what == "rerun 7" else None
    )
    outcome = carried_out(settings, state, entry)
    assert (outcome.state, outcome.became) == ("failed", "7")


def test_a_cancel_may_be_asked_for_again_while_the_first_does_not_show(
    settings: Settings, state: State, serve: Serve
) -> None:
    server = serve(RUNNING, lag=9)
    ends = [carried_out(settings, state, ask(state, "cancel", RUNNING)).state for _ in range(2)]
    assert ends == ["unknown", "done"]
    assert server.done == ["cancel 7", "cancel 7"]


def test_a_server_that_dies_leaves_the_act_open_until_it_is_back(
    settings: Settings, state: State, serve: Serve
) -> None:
    server, dead = serve(pipeline()), list[bool]()

    def die(when: str, what: str, number: int) -> int | None:
        if (when, what) == ("after", "rerun 7"):
            dead.append(True)
        return 0 if dead else None

    server.hook = die
    outcome = carried_out(settings, state, ask(state, "rerun", pipeline()))
    assert outcome.state == "unknown"
    assert "could not be read back" in outcome.sentence
    assert [how for how, _ in later(settings, state)] == ["unknown"]
    dead.clear()
    server.hook = lambda when, what, number: None
    assert [how for how, _ in later(settings, state)] == ["done"]
    assert server.done == ["rerun 7"]


def test_a_server_that_is_down_from_the_start_fails_each_without_a_try(
    settings: Settings, state: State, serve: Serve
) -> None:
    server = serve(pipeline(), pipeline("8"))
    server.hook = lambda when, what, number: 500
    outcomes = perform(settings, state, ask(state, "rerun", pipeline(), pipeline("8")), read_only=False)
    assert [one.state for one in outcomes] == ["failed", "failed"]
    assert {one.sentence[:11] for one in outcomes} == {"Not tried: "}
    assert server.asked == 1
    with pytest.raises(SourceError):
        act_on_pipeline(settings, state, "rerun", None, "7", lambda one: (None, ()), read_only=False)


def test_a_pipeline_that_ended_by_itself_was_not_cancelled(settings: Settings, state: State, serve: Serve) -> None:
    server = serve(RUNNING)

    def end(when: str, what: str, number: int) -> int | None:
        if (when, what) != ("before", "cancel 7"):
            return None
        server.now["7"]["status"] = "passed"
        return 409

    server.hook = end
    outcome = carried_out(settings, state, ask(state, "cancel", RUNNING))
    assert outcome.state == "failed"
    assert "409" in outcome.sentence


def test_a_cancel_that_was_cut_off_while_it_runs_on_cannot_be_said(
    settings: Settings, state: State, serve: Serve
) -> None:
    server = serve(RUNNING)
    server.hook = lambda when, what, number: 0 if (when, what) == ("before", "cancel 7") else None
    assert carried_out(settings, state, ask(state, "cancel", RUNNING)).state == "unknown"
    ((how, sentence),) = later(settings, state)
    assert (how, "cannot be said: nightly-train #214 is running still" in sentence) == ("unknown", True)
    assert last(state).state == "unknown"


# -- the process that does it is killed, at every stage of it


@pytest.mark.parametrize(
    ("act", "before", "meant", "how"),
    [
        ("rerun", pipeline(), {}, {}),
        ("rerun", pipeline(), {}, {"new_ids": True}),
        ("cancel", RUNNING, {}, {}),
        ("approve", WAITING, {"approvals": ["e1"]}, {}),
        ("play", MANUAL, {"job": MANUAL.jobs and MANUAL.jobs[1]}, {}),
    ],
    ids=["rerun", "rerun as another", "cancel", "approve", "play"],
)  # fmt: skip
def test_killed_at_every_stage_the_journal_says_what_the_server_has(
    settings: Settings, state: State, serve: Serve, act: str, before: Pipeline, meant: Any, how: Any
) -> None:
    ends: list[tuple[str, int]] = []
    for stage, when in [(stage, when) for stage in range(3) for when in ("before", "after")]:
        server = serve(before, **how)
        batch = ask(state, act, before, **meant)
        process = act_in_a_process(settings.root, server.url, batch)

        def kill(
            then: str, what: str, number: int, stage: int = stage, when: str = when, process: Any = process
        ) -> int | None:
            if (number, then) != (stage, when):
                return None
            process.kill()
            process.wait()
            return 0

        server.hook = kill
        assert process.wait(60) == -9, process.stderr and process.stderr.read().decode()
        assert process.stderr is not None
        process.stderr.close()
        server.hook = lambda when, what, number: None
        assert perform(settings, state, batch, read_only=False) == [] or last(state).state != "begun"
        later(settings, state)
        assert state.open_acts() == []
        ends.append((last(state).state, len(server.done)))
    happened = [(state, times) for state, times in ends if times]
    assert max(times for _, times in ends) == 1  # never twice
    assert {how for how, times in ends if times == 1} == {"done"}
    assert len(happened) >= 3
    lost = {how for how, times in ends if times == 0}
    assert lost <= ({"failed"} if act != "cancel" else {"failed", "unknown"})


def test_a_rerun_that_jenkins_may_have_begun_and_does_not_show_is_unknown(
    settings: Settings, state: State, serve: Serve
) -> None:
    server = serve(pipeline(), new_ids=True, kind="jenkins")
    server.hook = lambda when, what, number: 0 if (when, what) == ("before", "rerun 7") else None
    carried_out(settings, state, ask(state, "rerun", pipeline()))
    ((how, sentence),) = later(settings, state)
    assert how == "unknown"
    assert "whether it reached forge cannot be said" in sentence
