"""Filters of registered models: the grammar of the runs, other fields, and messages that speak of models."""

from __future__ import annotations

import pytest

from quarterdeck.app.errors import FilterError
from quarterdeck.app.query import (
    MODELS,
    VERSIONS,
    Field,
    Sort,
    matches_model,
    matches_version,
    parse,
    parse_sort,
    version_values,
    write,
)
from quarterdeck.app.records import ModelVersion, RegisteredModel

NOW = 1_763_780_820_000
DAY = 86_400_000
CHURN = RegisteredModel(
    source="k", name="churn", description="Who leaves, and why", created_at=NOW - 30 * DAY, updated_at=NOW - DAY,
    tags={"team": "risk", "tier": "1", "a b": ""}, aliases={"champion": "13", "Challenger": "14"},
)  # fmt: skip
BOTH = (
    ModelVersion(source="k", model="churn", version="13", status="ready", user="ann", run_id="r13", stage="Production"),
    ModelVersion(source="k", model="churn", version="14", status="failed", user="bo"),
)


def passes(text: str) -> bool:
    node = parse(text, now=NOW, vocabulary=MODELS)
    assert node is not None
    return matches_model(node, CHURN, BOTH, "models")


@pytest.mark.parametrize(
    "text",
    [
        "churn", "leaves", "CHALLENGER", "name = churn", "source:models", "alias:champion", "alias = Challenger",
        "not alias = challenger", "aliases:challenger", "tags.team:risk", "tags.tier >= 1", "tags.tier = 1.0",
        "has tags.`a b`", "tags.nope is null", "version:13", "version > 13", "version = 14.0", "status:failed",
        "status in (ready, pending)", "user:ann user:bo", "run_id = r13", "run:r13", "stage:Production",
        "age > 7d", "age < 60d", "updated_at > -2d",
        "description ~ 'why$'", "has description", "version != 13",
    ],
)  # fmt: skip
def test_what_is_true_of_a_model(text: str) -> None:
    assert passes(text)
    node = parse(text, now=NOW, vocabulary=MODELS)
    assert parse(write(node), now=NOW, vocabulary=MODELS) == node


@pytest.mark.parametrize(
    "text", ["alias = Champion", "version:15", "status:pending", "tags.team:x", "age < 7d", "nothing", "user:cy"]
)
def test_what_is_not(text: str) -> None:
    assert not passes(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alais:x", "“alais” is no field of a model. Did you mean “alias”? There are name, source"),
        ("status:redy", "“redy” is no status of a model: ready, pending, failed, unknown. Did you mean “ready”?"),
        ("tags. = 1", "Which of the tags? Write tags.NAME"),
        ("metrics.auc > 1", "“metrics.auc” is no field of a model."),
        ("alias > ", "A value is missing here."),
    ],
)
def test_a_mistake_is_told_in_the_words_of_models(text: str, said: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text, now=NOW, vocabulary=MODELS)
    assert said in str(caught.value)


def test_sorting_by_age_is_by_when_it_was_made() -> None:
    assert parse_sort("age", vocabulary=MODELS) == Sort(Field("model", "created_at"), True)
    assert parse_sort("version:desc", vocabulary=MODELS) == Sort(Field("version", "version"), True)
    assert parse_sort("tags.team", vocabulary=MODELS) == Sort(Field("tag", "team"))


# -- the versions of one model

THIRTEENTH = ModelVersion(
    source="k", model="churn", version="13", status="ready", user="ann", run_id="r13", stage="Production",
    description="wider trees", created_at=NOW - DAY, tags={"validated": "yes"},
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "version > 9", "version:13", "13", "trees", "ann", "champion", "alias:champion", "status:ready", "user = ann",
        "run_id:r13", "stage:Production", "tags.validated:yes", "age > 2h", "name:churn", "not has updated_at",
    ],
)  # fmt: skip
def test_the_same_words_are_about_the_version_itself_where_versions_are_filtered(text: str) -> None:
    node = parse(text, now=NOW, vocabulary=VERSIONS)
    assert node is not None
    assert matches_version(node, THIRTEENTH, ("champion",))


@pytest.mark.parametrize("text", ["version > 13", "status:failed", "alias:challenger", "tags.nope:x", "nobody"])
def test_what_is_not_true_of_a_version(text: str) -> None:
    node = parse(text, now=NOW, vocabulary=VERSIONS)
    assert node is not None
    assert not matches_version(node, THIRTEENTH, ("champion",))


def test_a_mistake_in_a_filter_of_versions_speaks_of_versions() -> None:
    with pytest.raises(FilterError, match="“alais” is no field of a version"):
        parse("alais:x", now=NOW, vocabulary=VERSIONS)


def test_what_a_version_has_under_a_field() -> None:
    assert version_values(Field("model", "alias"), THIRTEENTH, ("a", "b")) == ["a", "b"]
    assert version_values(Field("version", "version"), THIRTEENTH) == ["13"]
    assert version_values(Field("model", "updated_at"), THIRTEENTH) == []
    assert version_values(Field("tag", "validated"), THIRTEENTH) == ["yes"]
