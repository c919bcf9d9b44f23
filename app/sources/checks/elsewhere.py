"""The parts of a [[checks]] that are elsewhere: artifacts of runs and of pipelines, with the login of each place."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ... import trust
from ...errors import SourceError
from ...records import SourceSpec
from ...settings import Connection, GithubCi, GitlabCi, JenkinsCi, Settings, Tracking
from ...settings.sections import Checks
from ..mlflow import server
from ..mlflow.tables import path_of
from ..servers import connection_to, is_http, login_to, server_of, vendor_of
from .ci_artifacts import CiArtifacts, Opened
from .files import Reader
from .filling import Filling
from .mlflow_artifacts import MlflowArtifacts
from .runs import RestRuns, Runs, TableRuns
from .source import Part

BESIDE: Final = {"dbt": "manifest.json"}
"""The file that explains those beside it."""


def parts_of(
    settings: Settings, section: Checks, spec: SourceSpec, reader: Reader, filling: Filling
) -> dict[str, Part]:
    """Those that may be read, by their names in the cursor. Nothing is connected to yet."""
    parts: dict[str, Part] = {}
    beside = BESIDE.get(section.kind, "")
    if section.mlflow_artifact and (open_runs := _runs_of(settings, spec)) is not None:
        parts["mlflow"] = MlflowArtifacts(
            open_runs, section.mlflow_artifact, reader, filling, source=spec.key, beside=beside
        )  # fmt: skip
    if section.ci_artifact:
        for ci in keepers(settings):
            name = ci.name or ci.kind
            parts[f"ci {name}"] = CiArtifacts(
                    opener_of(settings, ci, spec), section.ci_artifact, filling.reading(reader), name=name,
                    source=spec.key, beside=beside,
                )  # fmt: skip
    return parts


def keepers(settings: Settings) -> list[GithubCi | GitlabCi | JenkinsCi]:
    """The [[ci]] that keep artifacts and may be asked."""
    return [
        ci
        for index, ci in enumerate(settings.ci)
        if isinstance(ci, GithubCi | GitlabCi | JenkinsCi) and trust.may_run(settings, f"ci[{index}]")
    ]


def home_of(settings: Settings, place: Tracking) -> Path | None:
    """Where the artifacts of a store have to lie: one in the repository is the project's word, and nobody agreed to
    what it may name elsewhere."""
    if place.origin != "project" or trust.leads_out(settings, str(path_of(place.address))):
        return None
    return Path(os.path.realpath(settings.checkout or settings.root))


def opener_of(settings: Settings, ci: GithubCi | GitlabCi | JenkinsCi, spec: SourceSpec) -> Callable[[], Opened]:
    """What opens a CI system, over connections of its own."""

    def open_now() -> Opened:
        opener, _ = vendor_of(ci)
        assert opener is not None  # one of the kinds that keep files
        http = server_of(settings, ci)
        return Opened(opener(spec, ci, http), http)

    return open_now


def _runs_of(settings: Settings, spec: SourceSpec) -> Callable[[], Runs] | None:
    """What opens the runs of the tracking server or store; None where there is none that may be read."""
    tracking = settings.tracking
    if tracking is None:
        return None
    place: Tracking = tracking
    section: Connection | None = place.mlflow
    if section is settings.mlflow and not trust.may_run(settings, "mlflow"):
        if place.origin == "project":
            return None
        section = None
    patterns = place.mlflow.experiments or settings.mlflow.experiments

    def open_now() -> Runs:
        if is_http(place.uri):
            login, way = login_to(settings, place.uri, section), connection_to(settings, place.uri, section)
            return RestRuns(server(place.uri, settings.environment, login, way), spec.key, patterns)
        if place.uri.startswith("sqlite:"):
            return TableRuns(path_of(place.address), spec.key, patterns, home_of(settings, place))
        raise SourceError(
            "Artifacts of runs are read over http(s) and beside a sqlite:/// store: this tracking_uri is neither.",
            "misconfigured",
        )

    return open_now
