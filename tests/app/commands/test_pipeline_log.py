"""`quarterdeck pipeline log`: what a job wrote, safe to look at, and byte for byte where it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import Batch, Job, LogPart, Pipeline, SourceSpec, SourceState
from quarterdeck.app.store.cache import Cache

Call = Callable[..., Any]

NOW = 1_773_000_000_000
GITHUB = SourceSpec(key="00000000000000aa", kind="github", name="gh", address="https://api.github.example")
LOG = (
    b"2026-03-14T00:59:00.1234567Z ##[group]Run make\n"
    b"2026-03-14T00:59:01.1234567Z \x1b[31mred\x1b[0m \x1b]0;title\x07and \x1b[2Jplain\n"
    b"2026-03-14T00:59:02.1234567Z  10%\r 55%\r100%\n"
    b"2026-03-14T00:59:02.1234567Z ##[error]Process completed with exit code 1."
)


def jobs(*named: str) -> tuple[Job, ...]:
    made = [name.split(":") for name in named]
    return tuple(Job(id=id_, name=f"job {id_}", status=status, started_at=NOW) for id_, status in made)  # type: ignore[arg-type]  # words of the vocabulary


@pytest.fixture
def write(cache: Path) -> Callable[..., None]:
    """Write two pipelines and one log into the cache, as the syncer does."""

    def written(**part: Any) -> None:
        writer = Cache(cache)
        writer.declare([GITHUB])
        facts: dict[str, Any] = {"source": GITHUB.key, "name": "ci", "status": "failed", "created_at": NOW}
        pipelines = (
            Pipeline(id="9001", jobs=jobs("7101:passed", "7102:failed", "7201:skipped"), **facts),
            Pipeline(id="9002", jobs=jobs("8101:passed", "8102:passed"), **facts),
        )
        log: dict[str, Any] = {"source": GITHUB.key, "pipeline": "9001", "job": "7102", "start": 0, "data": LOG}
        parts = (LogPart(**(log | {"is_last": True} | part)),)
        writer.write(GITHUB.key, Batch(pipelines=pipelines, log_parts=parts), NOW)
        writer.save_state(SourceState(source=GITHUB.key, kind="github", name="gh", state="ok", last_ok_at=NOW))
        writer.close()

    return written


def test_a_log_is_text_without_times_and_escapes(call: Call, write: Callable[..., None]) -> None:
    write()
    said = call("pipeline", "log", "7102")
    assert (said.status, said.err) == (0, "")
    assert said.out == "Run make\nred and plain\n100%\nProcess completed with exit code 1.\n"


def test_colours_are_kept_where_they_are_wanted(
    call: Call, write: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert call("pipeline", "log", "7102").out.splitlines()[1] == "\x1b[31mred\x1b[0m and plain"


def test_raw_is_byte_for_byte(process: Call, write: Callable[..., None]) -> None:
    write()
    assert process("pipeline", "log", "7102", "--raw").out.encode() == LOG


def test_times_stand_before_the_lines_where_they_are_asked_for(call: Call, write: Callable[..., None]) -> None:
    write()
    assert call("pipeline", "log", "7102", "--timestamps").out.splitlines()[0] == "2026-03-14T00:59:00.123Z Run make"


def test_a_log_without_times_says_so_where_they_are_asked_for(call: Call, write: Callable[..., None]) -> None:
    write(data=b"one\ntwo\n")
    said = call("pipeline", "log", "7102", "--timestamps")
    assert (said.status, said.out) == (0, "one\ntwo\n")
    assert "This log has no times." in said.err
    assert call("pipeline", "log", "7102").err == ""


@pytest.mark.parametrize("named", ["214", "#214", "pipeline/214", "pipeline/%23214"])
def test_a_number_is_enough_where_only_one_pipeline_has_it(
    call: Call, write: Callable[..., None], cache: Path, named: str
) -> None:
    write()
    writer = Cache(cache)
    facts: dict[str, Any] = {"source": GITHUB.key, "name": "ci", "status": "failed", "number": "214"}
    pipelines = tuple(Pipeline(id=native, jobs=jobs("7102:failed"), **facts) for native in ("9001", "9005"))
    writer.write(GITHUB.key, Batch(pipelines=pipelines[:1]), NOW)
    assert call("pipeline", "log", named).out.startswith("Run make\n")
    writer.write(GITHUB.key, Batch(pipelines=pipelines[1:]), NOW)
    said = call("pipeline", "log", named)
    assert "2 pipelines have the number" in said.err
    assert "9001" in said.err
    writer.close()


@pytest.mark.parametrize("named", ["job/7102", "7102", "9001", "pipeline/9001", "pipeline/9%3001"])
def test_a_job_is_named_by_its_id_or_by_the_pipeline_in_which_it_failed(
    call: Call, write: Callable[..., None], named: str
) -> None:
    write()
    assert call("pipeline", "log", named).out.startswith("Run make\n")


def test_an_ambiguous_beginning_is_refused_with_what_begins_so(call: Call, write: Callable[..., None]) -> None:
    write()
    said = call("pipeline", "log", "710")
    assert (said.status, said.out) == (2, "")
    assert "2 jobs begin with 710: 7101, 7102." in said.err
    assert "2 pipelines begin with 90: 9001, 9002." in call("pipeline", "log", "90").err


def test_a_pipeline_in_which_nothing_failed_asks_which_job(call: Call, write: Callable[..., None]) -> None:
    write()
    said = call("pipeline", "log", "9002")
    assert said.status == 2
    assert "8101 (job 8101), 8102 (job 8102)" in said.err


def test_an_unknown_job_says_what_helps(call: Call, write: Callable[..., None]) -> None:
    write()
    said = call("pipeline", "log", "nope")
    assert (said.status, said.out) == (1, "")
    assert "There is no job nope in the cache" in said.err


def test_a_log_that_cannot_be_had_says_why(call: Call, write: Callable[..., None]) -> None:
    write(data=b"", sentence="GitHub has deleted this log.", is_last=True)
    said = call("pipeline", "log", "7102")
    assert (said.status, said.out) == (3, "")
    assert "GitHub has deleted this log." in said.err


def test_what_is_missing_of_a_log_is_told(call: Call, write: Callable[..., None]) -> None:
    write(start=5_000_000, dropped=5_000_000)
    said = call("pipeline", "log", "7102")
    assert said.out.startswith("Run make\n")
    assert "5.0 MB of it are not here" in said.err
