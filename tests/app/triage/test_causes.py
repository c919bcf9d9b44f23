"""What a commit is by its files, and the table of what causes what."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from quarterdeck.app.triage.causes import CODE, FITS, WORDS, cause_of_path, is_code, sorted_paths

DOCS = Path(__file__).resolve().parents[3] / "docs" / "triage.md"
FAMILIES = ("business", "operational", "pipeline", "check", "silence", "alias", "run", "infrastructure")

PATHS = {
    "pipeline/features.py": "model code", "src/churn/train.py": "model code", "src/model/net.py": "model code",
    "serving/app.py": "serving code", "api/predict.py": "serving code", "src/inference/handler.go": "serving code",
    "src/evaluate.py": "evaluation", "evaluation/holdout.csv.dvc": "evaluation",
    "pipeline/ingest.py": "data code", "models/staging/stg_orders.sql": "data code", "dvc.lock": "data code",
    "data/orders.csv.dvc": "data code", "requirements.txt": "dependency", "requirements-dev.txt": "tests",
    "requirements/test.in": "tests", "dev-requirements.txt": "tests", "requirements-serving.txt": "dependency",
    "uv.lock": "dependency", "pyproject.toml": "dependency", "Dockerfile": "dependency",
    "envs/environment.yml": "dependency", "conf/params.yaml": "params", "pipeline/params.py": "params",
    "conf/serving.yaml": "config", "config/features.yaml": "config", "settings.ini": "config",
    "checks/rules.toml": "check code",
    "gx/expectations/orders.json": "check code", "models/staging/schema.yml": "check code",
    "infra/main.tf": "infrastructure code", "k8s/deployment.yaml": "infrastructure code",
    ".github/workflows/ci.yml": "ci", "Jenkinsfile": "ci", "quarterdeck.toml": "ci", "tests/test_features.py": "tests",
    "README.md": "docs", "docs/runbook.md": "docs", ".gitignore": "docs", "src/churn/text.py": "code",
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_file_is_told_by_its_name_and_folder(path: str) -> None:
    assert cause_of_path(path) == PATHS[path]


def test_the_files_of_a_commit_are_sorted_by_what_they_are() -> None:
    assert sorted_paths(["README.md", "pipeline/train.py", "pipeline/features.py"]) == {
        "docs": ["README.md"], "model code": ["pipeline/features.py", "pipeline/train.py"],
    }  # fmt: skip


def test_scripts_are_told_from_data() -> None:
    assert is_code("pipeline/ingest.py")
    assert not is_code("data/orders.csv")


def test_every_change_has_a_figure_for_every_trouble() -> None:
    causes = {cause for _, cause in FITS}
    assert causes >= CODE
    assert all((family, cause) in FITS for family in WORDS for cause in causes)
    assert all(0 <= figure <= 1 for figure in FITS.values())


def test_documents_cause_nothing_that_matters() -> None:
    assert all(FITS[family, "docs"] <= 0.02 for family in WORDS)


def test_the_page_has_the_same_table() -> None:
    found = re.search(r"<!-- table -->\n(.*?)<!-- /table -->", DOCS.read_text(), re.DOTALL)
    assert found is not None
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()[2:]]
    told = {(family, row[0]): float(cell) for row in rows for family, cell in zip(FAMILIES, row[1:], strict=True)}
    assert told == {key: figure for key, figure in FITS.items() if key[0] in FAMILIES}
