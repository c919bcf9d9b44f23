"""Where a job runs, and with which environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from .. import trust
from ..settings import Settings
from ..settings.whole import absolute_uri

TRACKING: Final = "MLFLOW_TRACKING_URI"
_GITS_OWN: Final = frozenset({
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR",
})  # fmt: skip
"""What binds Git to one repository (`git rev-parse --local-env-vars`): set where a hook of the clone started us."""

_MAKES_OWN: Final = frozenset({"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKE_TERMOUT", "MAKE_TERMERR"})
"""What Make hands to the Makes below it (`make demo` started us): a job's Make would count as one of them."""


def environment(settings: Settings, run_id: str, commit: str) -> dict[str, str]:
    """The user's own, with what a job may want to know. Its secrets are the user's, as in their shell."""
    of_the_job = {"CI": "true", "QUARTERDECK_PIPELINE": run_id, "QUARTERDECK_COMMIT": commit}
    return clean_environment(settings) | of_the_job


def clean_environment(settings: Settings) -> dict[str, str]:
    """The user's own without what binds Git and Make to somebody else's work, for whatever the settings run."""
    found = {name: value for name, value in settings.environment.items() if name not in _GITS_OWN | _MAKES_OWN}
    found["QUARTERDECK_PYTHON"] = sys.executable
    if not settings.address:
        found["QUARTERDECK_PROJECT"] = str(settings.root)
    found.setdefault("PYTHONUNBUFFERED", "1")  # else Python keeps what it prints until the job ends
    if address := _tracking(settings):
        found[TRACKING] = address
    return found


def _tracking(settings: Settings) -> str:
    """Where the job's MLflow logs to: what the environment says wins, and a relative path means the same file."""
    if named := settings.environment.get(TRACKING, "").strip():
        return absolute_uri(named, Path.cwd())
    tracking = settings.tracking
    if tracking is None or (tracking.origin == "project" and not trust.may_run(settings, "mlflow")):
        return ""
    return tracking.uri


def folder_in(settings: Settings, tree: Path) -> Path:
    """The folder of the settings as it is in a work tree: jobs run where their settings are."""
    if settings.checkout is None or settings.git.path != ".":
        return tree
    inside = os.path.relpath(os.path.realpath(settings.root), os.path.realpath(settings.checkout))
    return tree if inside.startswith("..") else tree / inside
