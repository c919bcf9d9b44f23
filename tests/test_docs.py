"""What docs/ tells a user to write is what quarterdeck reads."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from quarterdeck.app.commands.line import COMMANDS
from quarterdeck.app.promotion.gate import WORST_FIRST
from quarterdeck.app.query import ATTENTIONS, CHECKS, DATASETS, MODELS, PIPELINES, RESOURCES, RUNS, SERIES, parse
from quarterdeck.app.query.tree import (
    ATTENTION_ATTRIBUTES,
    ATTRIBUTES,
    CHECK_ATTRIBUTES,
    DATA_ATTRIBUTES,
    DATASET_PARTS,
    JOB_PARTS,
    MODEL_ATTRIBUTES,
    PIPELINE_ATTRIBUTES,
    RESOURCE_ATTRIBUTES,
    SERIES_ATTRIBUTES,
    VERSION_PARTS,
)
from quarterdeck.app.records import SERIES_STATES, SOURCE_STATES
from quarterdeck.app.settings import Approvals, Freeze, Gate, Promotion, RequiredChecks, Rollback, Waivers, load
from quarterdeck.app.settings.sections import Checks, Infra, MlflowMonitor, PrometheusMonitor, Series
from quarterdeck.app.settings.table import Connection
from quarterdeck.app.settings.whole import Settings

DOCS = Path(__file__).resolve().parents[1] / "docs"
NOW = 1_760_000_000_000


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The files of docs/settings.md, loaded as a user would have them."""
    shared, promotion, personal, projects = blocks("settings.md", "toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    own = tmp_path / "config" / "quarterdeck"
    own.mkdir(parents=True)
    (own / "config.toml").write_text(personal)
    (own / "projects.toml").write_text(projects)
    (tmp_path / "quarterdeck.toml").write_text(f"{shared}\n{promotion}")
    return load(directory=tmp_path)


def test_the_settings_that_are_shown_are_read(example: Settings) -> None:
    assert (example.name, example.git.branches) == ("churn", ("main", "release/*"))
    assert (example.personal.user.name, str(example.zone)) == ("ann", "Europe/Berlin")


def test_every_key_of_checks_is_shown_in_an_example_that_is_read(tmp_path: Path) -> None:
    (text,) = blocks("checks.md", "toml")
    (tmp_path / "quarterdeck.toml").write_text(text)
    settings = load(directory=tmp_path)
    assert [section.kind for section in settings.checks] == ["dbt", "great_expectations", "junit", "soda"]
    keys = {field.encode_name for field in msgspec.structs.fields(Checks)}
    assert keys - set(re.findall(r"^(\w+) = ", text, re.MULTILINE)) == set()


def test_every_key_of_infra_is_shown_in_an_example_that_is_read(tmp_path: Path) -> None:
    (text,) = blocks("infrastructure.md", "toml")
    (tmp_path / "quarterdeck.toml").write_text(text)
    settings = load(directory=tmp_path)
    assert [section.stack for section in settings.infra] == ["serving", "network", "features"]
    keys = {field.encode_name for field in msgspec.structs.fields(Infra)}
    assert keys - set(re.findall(r"^(\w+) = ", text, re.MULTILINE)) == set()


def test_every_key_of_monitors_is_shown_in_an_example_that_is_read(tmp_path: Path) -> None:
    (text,) = blocks("monitoring.md", "toml")
    (tmp_path / "quarterdeck.toml").write_text(text)
    settings = load(directory=tmp_path)
    assert [section.kind for section in settings.monitors] == ["prometheus", "mlflow"]
    ways = {field.encode_name for field in msgspec.structs.fields(Connection)}
    kinds = (PrometheusMonitor, MlflowMonitor, Series)
    keys = {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)} - {"series"} - ways
    assert keys - set(re.findall(r"^(\w+) = ", text, re.MULTILINE)) == set()


def test_every_state_of_a_line_of_production_is_described() -> None:
    told = (DOCS / "monitoring.md").read_text()
    assert [state for state in SERIES_STATES if not re.search(rf"^\| `{state}` \|", told, re.MULTILINE)] == []


def test_every_key_of_a_policy_is_shown_in_its_example(example: Settings) -> None:
    (text,) = (block for block in blocks("settings.md", "toml") if "[promotion." in block)
    shown = set(re.findall(r"^(\w+) = ", text, re.MULTILINE)) | set(re.findall(r'"\.(\w+)\]', text))
    kinds = (Promotion, Gate, RequiredChecks, Approvals, Freeze, Waivers, Rollback)
    keys = {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)}
    assert keys - shown == set()
    assert example.promotion["churn"].rollback.require_reason


def test_every_state_of_a_gate_is_described() -> None:
    told = (DOCS / "settings.md").read_text()
    assert [state for state in WORST_FIRST if not re.search(rf"^\|.*\b{state}\b", told, re.MULTILINE)] == []


def test_the_filters_that_are_shown_are_read() -> None:
    vocabularies = [RUNS, PIPELINES, MODELS, CHECKS, DATASETS, RESOURCES, SERIES, ATTENTIONS]
    shown = [block.splitlines() for block in blocks("filters.md", "text")]
    for vocabulary, lines in zip(vocabularies, shown, strict=True):
        assert len(lines) == 3
        assert [parse(line, now=NOW, vocabulary=vocabulary) for line in lines].count(None) == 0


@pytest.mark.parametrize(
    "field",
    [
        *ATTRIBUTES,
        "age",
        "run_id",
        "metrics.KEY",
        "metrics.KEY.min",
        "params.KEY",
        "tags.KEY",
        "dataset",
        *(f"dataset.{part}" for part in DATASET_PARTS),
    ],
)
def test_a_field_that_is_shown_can_be_asked_for(field: str) -> None:
    assert field in (DOCS / "filters.md").read_text()
    assert parse(f"has {field}", now=NOW) is not None


@pytest.mark.parametrize("field", [*PIPELINE_ATTRIBUTES, "age", "job", "stage", *(f"job.{part}" for part in JOB_PARTS)])
def test_a_field_of_pipelines_that_is_shown_can_be_asked_for(field: str) -> None:
    assert f"`{field}`" in (DOCS / "filters.md").read_text().partition("## Pipelines")[2]
    assert parse(f"has {field}", now=NOW, vocabulary=PIPELINES) is not None


@pytest.mark.parametrize("field", [*MODEL_ATTRIBUTES, *VERSION_PARTS, "age", "tags.NAME"])
def test_a_field_of_models_that_is_shown_can_be_asked_for(field: str) -> None:
    assert f"`{field}`" in (DOCS / "filters.md").read_text().partition("## Models")[2]
    assert parse(f"has {field}", now=NOW, vocabulary=MODELS) is not None


@pytest.mark.parametrize("field", [*SERIES_ATTRIBUTES, "age"])
def test_a_field_of_production_that_is_shown_can_be_asked_for(field: str) -> None:
    assert f"`{field}`" in (DOCS / "filters.md").read_text().partition("## Production")[2]
    assert parse(f"has {field}", now=NOW, vocabulary=SERIES) is not None


@pytest.mark.parametrize("field", [*CHECK_ATTRIBUTES, "age"])
def test_a_field_of_checks_that_is_shown_can_be_asked_for(field: str) -> None:
    assert f"`{field}`" in (DOCS / "filters.md").read_text().partition("## Checks")[2]
    assert parse(f"has {field}", now=NOW, vocabulary=CHECKS) is not None


@pytest.mark.parametrize("field", [*DATA_ATTRIBUTES, "age"])
def test_a_field_of_datasets_that_is_shown_can_be_asked_for(field: str) -> None:
    assert f"`{field}`" in (DOCS / "filters.md").read_text().partition("## Datasets")[2]
    assert parse(f"has {field}", now=NOW, vocabulary=DATASETS) is not None


@pytest.mark.parametrize("field", [*RESOURCE_ATTRIBUTES, "age"])
def test_a_field_of_resources_that_is_shown_can_be_asked_for(field: str) -> None:
    assert f"`{field}`" in (DOCS / "filters.md").read_text().partition("## Resources")[2]
    assert parse(f"has {field}", now=NOW, vocabulary=RESOURCES) is not None


@pytest.mark.parametrize("field", [*ATTENTION_ATTRIBUTES, "age"])
def test_a_field_of_what_needs_attention_that_is_shown_can_be_asked_for(field: str) -> None:
    assert f"`{field}`" in (DOCS / "filters.md").read_text().partition("## What needs attention")[2]
    assert parse(f"has {field}", now=NOW, vocabulary=ATTENTIONS) is not None


def test_every_command_is_described() -> None:
    told = (DOCS / "commands.md").read_text()
    assert [name for name in COMMANDS if f"`{name}" not in told] == []


def test_every_state_of_a_source_is_described() -> None:
    told = (DOCS / "commands.md").read_text()
    assert [state for state in SOURCE_STATES if state not in told] == []
