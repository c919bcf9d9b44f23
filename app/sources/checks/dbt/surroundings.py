"""Where and of what a command of dbt was run: target, commit, data interval, and whether nothing was left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ..documents import Raw, plain, small, table, text
from ..intervals import NONE, Interval, interval
from .shapes import Artifact

_TARGET: Final = re.compile(r"(?:^|\s)(?:--target|-t)[= ]\s*(\S{1,100})")
_ENVIRONMENTS: Final = ("environment", "env", "target", "dbt_target", "dbt_cloud_environment_name", "dbt_environment")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_RUN: Final = re.compile(r"[0-9a-f]{32}")
_DAYS: Final = (
    "data_interval_start", "run_date", "ds", "logical_date", "execution_date", "partition_date", "as_of", "as_of_date",
    "date", "day", "start_date",
)  # fmt: skip
_LEFT_OUT: Final = (
    "select", "models", "exclude", "selector", "selector_name", "resource_types", "exclude_resource_types",
    "resource_type", "exclude_resource_type",
)  # fmt: skip
BY_TESTING: Final = ("test", "build")


class Surroundings:
    """What the file says of the command that wrote it."""

    def __init__(self, artifact: Artifact) -> None:
        self._args: Mapping[str, Raw] = small(artifact.args, dict[str, Raw]) or {}
        self._env = {key.casefold(): str(value) for key, value in table(artifact.metadata.env).items()}

    @property
    def command(self) -> str:
        """test, build, run, compile, generate ...; "" where it is not told."""
        return self._text("which") or self._text("command") or self._text("rpc_method").rpartition(".")[2]

    @property
    def environment(self) -> str:
        """The target, where somebody named one; what the profile holds as its default is not told."""
        said = _TARGET.search(self._text("invocation_command"))
        named = next((self._env[key] for key in _ENVIRONMENTS if self._env.get(key)), "")
        return (self._text("target") or (said[1] if said else "") or named)[:100]

    @property
    def commit(self) -> str | None:
        """The commit, where DBT_ENV_CUSTOM_ENV_... or dbt Cloud says it."""
        return self._env_like(("sha", "commit"), _COMMIT)

    @property
    def run_id(self) -> str | None:
        """The MLflow run that dbt ran in, where the environment says it."""
        return self._env_like(("mlflow_run",), _RUN)

    @property
    def interval(self) -> Interval:
        """Of a microbatch, or of a variable that is commonly called so."""
        begins = interval(self._text("event_time_start"))
        if begins != NONE:
            return begins
        given = table(self._args["vars"]) if "vars" in self._args else {}
        return next((found for key in _DAYS if (found := interval(str(given.get(key, "")))) != NONE), NONE)

    @property
    def is_whole(self) -> bool:
        """It was asked for all tests: no selection of any kind was given."""
        return self.command in BY_TESTING and not any(plain(self._args[key]) for key in _LEFT_OUT if key in self._args)

    def _text(self, key: str) -> str:
        return text(self._args[key]) if key in self._args else ""

    def _env_like(self, words: Iterable[str], shape: re.Pattern[str]) -> str | None:
        found = (value for key, value in self._env.items() if any(word in key for word in words))
        return next((value for value in found if shape.fullmatch(value)), None)
