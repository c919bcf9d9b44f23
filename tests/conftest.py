"""What all tests share: nobody's own settings, folders or credentials reach a test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def _a_home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test gets empty XDG folders and an environment without tokens or MLflow's variables."""
    home = tmp_path_factory.mktemp("home")
    for name in ("CONFIG", "CACHE", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "GITHUB_", "GITLAB_", "GIT_AUTHOR", "GIT_COMMITTER", "QUARTERDECK_CACHE")):
            monkeypatch.delenv(name)


@pytest.fixture
def contracts() -> Path:
    """The folder of official specs and recorded answers; the test skips where it is absent."""
    folder = SHARED / "contracts"
    if not folder.is_dir():
        pytest.skip("needs ../shared/contracts beside the checkout")
    return folder
