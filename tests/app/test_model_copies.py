"""What can be copied of registered models and their versions."""

from __future__ import annotations

import json
from typing import Any

from quarterdeck.app.model_copies import Around, model_copies, models_copies, version_copies
from quarterdeck.app.records import ModelVersion, RegisteredModel
from quarterdeck.app.store.models import ModelRow, VersionRow

SHA = "4f2c91a" + "0" * 33
PLACES = Around(registry="http://mlflow.acme", tracking="http://mlflow.acme", commits={14: SHA})


def version(number: int = 14, **changes: Any) -> VersionRow:
    facts: dict[str, Any] = {"source": "r", "model": "a b/|churn", "version": str(number), "run_id": f"r{number}"}
    aliases = changes.pop("aliases", ())
    return VersionRow(rowid=number, model_rowid=1, version=ModelVersion(**(facts | changes)), aliases=aliases)


def model(*versions: VersionRow, **changes: Any) -> ModelRow:
    facts: dict[str, Any] = {"source": "r", "name": "a b/|churn", "aliases": {"champion": "14", "it's": "13"}}
    newest = versions[0].version.version if versions else None
    return ModelRow(rowid=1, model=RegisteredModel(**(facts | changes)), source_name="models", versions=len(versions),
                    newest=newest)  # fmt: skip


def of_version(*rows: VersionRow, around: Around = PLACES) -> dict[str, str]:
    return {copy.label: copy.text for copy in version_copies(rows, around)}


def test_one_version_in_each_form() -> None:
    made = of_version(version(aliases=("champion",), description="wider\ntrees", tags={"a": "b"}))
    assert made["version"] == "14"
    assert made["URI"] == "models:/a b/|churn/14"
    assert made["URI by alias"] == "models:/a b/|churn@champion"
    assert made["id of the run"] == "r14"
    assert made["command"] == "quarterdeck open model/a%20b%2F%7Cchurn/14"
    assert "mlflow.set_tracking_uri('http://mlflow.acme')" in made["Python"]
    assert "set_registry_uri" not in made["Python"]  # one server is both
    assert "load_model('models:/a b/|churn/14')" in made["Python"]
    assert "| champion | `churn` |" not in made["Markdown"]
    assert "<code>" in made["Markdown"].splitlines()[0]  # a pipe in a name would end a cell
    found = json.loads(made["JSON"])
    assert (found["version"], found["git_commit"], found["aliases"]) == ("14", SHA, ["champion"])


def test_several_versions_are_a_line_or_an_item_each() -> None:
    made = of_version(version(14), version(13, run_id=None))
    assert made["versions"].split("\n") == ["14", "13"]
    assert made["URIs"].count("\n") == 1
    assert made["id of the run"] == "r14"
    assert "URI by alias" not in made
    assert [one["version"] for one in json.loads(made["JSON"])] == ["14", "13"]
    assert of_version() == {}


def test_a_registry_of_its_own_is_named_beside_the_tracking_server() -> None:
    python = of_version(version(), around=Around(registry="http://registry", tracking="http://tracking"))["Python"]
    assert "set_tracking_uri('http://tracking')" in python
    assert "set_registry_uri('http://registry')" in python


def test_a_model_is_named_by_its_aliases_and_has_its_versions_where_they_are_given() -> None:
    versions = (version(14, aliases=("champion",)), version(13))
    made = {copy.label: copy.text for copy in model_copies(model(*versions), versions, PLACES)}
    assert made["name"] == "a b/|churn"
    assert made["URI of champion"] == "models:/a b/|churn@champion"
    assert made["URI of it's"] == "models:/a b/|churn@it's"
    assert made["command"] == "quarterdeck open model/a%20b%2F%7Cchurn"
    assert "load_model('models:/a b/|churn@champion')" in made["Python"]
    assert "| `14` | `champion` | ready |" in made["Markdown"]
    assert [one["version"] for one in json.loads(made["JSON"])["versions"]] == ["14", "13"]


def test_a_registry_that_is_not_mlflows_has_neither_its_uris_nor_its_python() -> None:
    row = version(14, aliases=("champion",))
    elsewhere = Around(registry="http://kubeflow", is_mlflow=False)
    assert set(of_version(row, around=elsewhere)) == {"version", "id of the run", "command", "Markdown", "JSON"}
    made = {copy.label for copy in model_copies(model(row), [row], elsewhere)}
    assert made == {"name", "command", "Markdown", "JSON"}


def test_several_models_are_a_line_each() -> None:
    made = {copy.label: copy.text for copy in models_copies([model(), model(name="uplift")])}
    assert made["names"].split("\n") == ["a b/|churn", "uplift"]
    assert made["commands"].split("\n")[1] == "quarterdeck open model/uplift"
    assert made["Markdown"].count("### model") == 2


def test_a_model_with_too_many_versions_is_no_json_that_lacks_some() -> None:
    versions = (version(14), version(13))
    made = {copy.label for copy in model_copies(model(*versions, aliases={}), (), Around())}
    assert made == {"name", "command", "Python", "Markdown"}
