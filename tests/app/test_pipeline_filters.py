"""Filters of pipelines: the grammar of the runs, other fields, and messages that speak of pipelines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.errors import FilterError
from quarterdeck.app.query import (
    PIPELINES,
    Compare,
    Field,
    Has,
    Node,
    Not,
    Sort,
    Words,
    matches_pipeline,
    parse,
    parse_sort,
    write,
    write_sort,
)
from quarterdeck.app.query.tree import JOB_PARTS, PIPELINE_ATTRIBUTES
from quarterdeck.app.records import Job, Pipeline

NOW = 1_763_780_820_000
HOUR = 3_600_000
ONE = Pipeline(
    source="k",
    id="987654321",
    name="Nightly train",
    status="failed",
    raw_status="timed_out",
    number="214",
    title="Mend the leak in features",
    branch="fix/leak",
    commit="4f2c91a0" * 5,
    event="schedule",
    actor="ann",
    attempt=2,
    created_at=NOW - 2 * HOUR,
    started_at=NOW - 2 * HOUR,
    ended_at=NOW - HOUR,
    jobs=(
        Job(id="1", name="data", status="passed", stage="prepare"),
        Job(id="2", name="train", status="failed", stage="build", attempt=1),
        Job(id="3", name="train", status="cancelled", raw_status="canceled", stage="build", attempt=2),
        Job(id="4", name="evaluate", status="failed", attempt=2),
    ),
)


def read(text: str) -> Node:
    node = parse(text, now=NOW, vocabulary=PIPELINES)
    assert node is not None
    return node


def refusal(text: str) -> FilterError:
    with pytest.raises(FilterError) as caught:
        parse(text, now=NOW, vocabulary=PIPELINES)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "status:failed branch:leak",
        "status in ('failed', 'cancelled')",
        "source = github",
        "id = 987654321",
        "raw_status:timed",
        "number > 200 and number < 1000",
        "number:21",
        "title ~ '^Mend'",
        "commit like '4f2c%'",
        "sha:4F2C",
        "ref = 'fix/leak'",
        "workflow ilike 'nightly%'",
        "event = schedule or event = push",
        "actor:AN",
        "attempt >= 2",
        "created_at > -3h",
        "ended_at < now",
        "duration = 1h",
        "age < 3h",
        "has title",
        "url is null",
        "job:train",
        "job = evaluate",
        "job.name:data",
        "jobs.id = 3",
        "job.status:cancelled",
        "job_status = passed",
        "job.raw_status = canceled",
        "stage:build",
        "job.stage = prepare",
        "job.failed = evaluate",
        "failed_job:eval",
        "leak",
        "nightly",
        "4f2c91",
        "9876",
        "ANN",
        "'leak in'",
        "build.yml or leak",
        "job.yml or leak",
    ],
)
def test_what_passes(text: str) -> None:
    assert matches_pipeline(read(text), ONE, "github")


@pytest.mark.parametrize(
    "text",
    [
        "status:passed",
        "branch:main",
        "not source = github",
        "number > 500",
        "job:deploy",
        "job.failed:train",  # its last attempt was cancelled
        "job.status:running",
        "event",  # bare words look where people look for a pipeline
        "schedule",
        "github",
        "duration > 1h",
        "url = ''",
        "not has job",
    ],
)
def test_what_does_not_pass(text: str) -> None:
    assert not matches_pipeline(read(text), ONE, "github")


def test_what_is_absent_fails_every_comparison_and_not_inverts_that() -> None:
    bare = Pipeline(source="k", id="1", name="ci", status="unknown")
    for text in (
        "branch != main",
        "title:x",
        "number != 3",
        "commit != 4f",
        "duration < 1h",
        "job != x",
        "actor ~ '.*'",
    ):
        assert not matches_pipeline(read(text), bare), text
        assert matches_pipeline(read(f"not {text}"), bare), text


def test_words_of_the_vendors_are_the_same_fields() -> None:
    assert read("sha = a") == Compare(Field("pipeline", "commit"), "=", "a")
    assert read("conclusion = a") == Compare(Field("pipeline", "raw_status"), "=", "a")
    assert read("has job") == Has(Field("job", "name"))
    assert read("failed_job is null") == Not(Has(Field("job", "failed")))
    assert read("age < 1h") == Compare(Field("pipeline", "created_at"), ">", NOW - HOUR)
    assert read("metrics.auc") == Words("metrics.auc")


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("brnach = main", 0, "“brnach” is no field of a pipeline. Did you mean “branch”? There are id, name, source"),
        ("metrics.auc > 0.9", 0, "is no field of a pipeline."),
        ("ci git_comit = a", 3, "Did you mean “git_commit”"),
        ("status:faild", 7, "“faild” is no status of a pipeline: queued, waiting"),
        ("status = finished", 9, "is no status of a pipeline"),
        ("job.status = finished", 13, "is no status of a pipeline"),
        ("job.nam = x", 0, "A job has name, id, status, raw_status, stage, failed, not “nam”. Did you mean “name”?"),
        ("job.status", 10, "A comparison is missing here. Write one of"),
        ("attempt > many", 10, "“many” is no number"),
        ("has", 3, "The name of a field is missing here: status, branch"),
        ("a and", 5, "such as status:failed, or a word"),
    ],
)
def test_a_mistake_speaks_of_pipelines(text: str, column: int, said: str) -> None:
    wrong = refusal(text)
    assert (wrong.column, said in str(wrong)) == (column, True), str(wrong)


def test_a_sort_names_a_field_of_pipelines() -> None:
    assert parse_sort("duration:desc", vocabulary=PIPELINES) == Sort(Field("pipeline", "duration"), True)
    assert parse_sort("age", vocabulary=PIPELINES) == Sort(Field("pipeline", "created_at"), True)
    assert parse_sort("failed_job", vocabulary=PIPELINES) == Sort(Field("job", "failed"))
    with pytest.raises(FilterError, match="of a pipeline"):
        parse_sort("user_idd", vocabulary=PIPELINES)


@pytest.mark.parametrize("name", [*PIPELINE_ATTRIBUTES, *(f"job.{part}" for part in JOB_PARTS)])
def test_what_is_written_is_read_back(name: str) -> None:
    sort = parse_sort(f"{name}:desc", vocabulary=PIPELINES)
    assert parse_sort(write_sort(sort), vocabulary=PIPELINES) == sort
    node = read(f"has {name} and not {name} is null")
    assert read(write(node)) == node


@given(st.text(alphabet="status:failed branch=main job.name()'\"`~<>!,-3d\n\0", max_size=40))
def test_any_text_is_read_or_refused_with_a_column(text: str) -> None:
    wrong: FilterError | None = None
    try:
        node = parse(text, now=NOW, vocabulary=PIPELINES)
    except FilterError as error:
        wrong = error
    if wrong is None:
        assert parse(write(node), now=NOW, vocabulary=PIPELINES) == node
    else:
        assert 0 <= wrong.column <= len(text)
