"""The settings as the product uses them: the project's, the person's and the environment's together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from ..git import split_credential
from .personal import Personal
from .policy import Promotion
from .sections import Checks, Ci, Datasets, Git, Infra, Metric, Mlflow, Monitor, Project, ProjectFile, Registry, Sync

Origin = Literal["project", "personal", "environment"]


class Environment(Mapping[str, str]):
    """The environment variables in use. Values may be secrets: none of them is ever in a repr."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = dict(variables)

    def __getitem__(self, name: str) -> str:
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __repr__(self) -> str:
        return f"Environment({len(self)} variables)"


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """Where MLflow's runs, or its registered models, are, after all settings and the environment were asked."""

    uri: str
    """To show and to keep: without name and password; `sqlite:///` and plain paths are absolute."""
    address: str
    """To connect to: as `uri`, with the login that the environment's may carry. Never shown."""
    origin: Origin
    """Who named it. What the project's file named needs trust when it reaches out."""
    mlflow: Mlflow
    """How to reach it: the keys of the file that named it."""

    def __repr__(self) -> str:
        return f"Tracking({self.uri!r}, {self.origin!r})"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is set, checked. Sections are as in the file; `tracking`, `path`, `zone` give what they mean."""

    project: Project = Project()
    git: Git = Git()
    mlflow: Mlflow = Mlflow()
    metrics: Mapping[str, Metric] = {}
    ci: tuple[Ci, ...] = ()
    registries: tuple[Registry, ...] = ()
    datasets: tuple[Datasets, ...] = ()
    checks: tuple[Checks, ...] = ()
    monitors: tuple[Monitor, ...] = ()
    infra: tuple[Infra, ...] = ()
    teams: Mapping[str, tuple[str, ...]] = {}
    promotion: Mapping[str, Promotion] = {}
    sync: Sync = Sync()
    personal: Personal = Personal()

    root: Path
    """Folder of the settings file, else the top of the work tree, else the folder that was asked for. Absolute.
    For a project without a checkout: its mirror, which the first sync makes."""
    file: Path | None = None
    """The settings file, None when there is none, or none on disk."""
    checkout: Path | None = None
    """Top of the Git work tree around `root`; None without one."""
    repository: str = ""
    """Canonical URL of the repository's remote; empty without one. What trust is asked for."""
    remote: str = ""
    """The same remote as Git is to fetch it, login included: never shown. Empty: there is nothing to fetch."""
    file_in_repository: str = "quarterdeck.toml"
    """Path of the settings in the repository: there the default branch has the policies that count."""
    address: str = ""
    """`remote` of a project without a checkout, which the person or the machine listed; else empty."""
    project_key: str
    """16 hex digits: one project, whatever clone or work tree of it."""
    found: tuple[str, ...] = ()
    """Without a settings file: what was found instead, in sentences."""
    environment: Environment

    def __repr__(self) -> str:
        return f"Settings(root={str(self.root)!r}, file={str(self.file)!r}, project_key={self.project_key!r})"

    @property
    def name(self) -> str:
        """What the header calls the project."""
        return self.project.name or self.root.name

    @property
    def zone(self) -> tzinfo:
        """The zone that times are shown in: `[display] zone`, else the machine's."""
        from zoneinfo import ZoneInfo  # 3 ms, for those who named one

        if self.personal.display.zone:
            return ZoneInfo(self.personal.display.zone)
        return _machine_zone()

    @property
    def tracking(self) -> Tracking | None:
        """The tracking server or store: the project's file, else the person's, else the environment's, else None."""
        if self.mlflow.tracking_uri:
            return self._tracking(self.mlflow.tracking_uri, "project", self.mlflow)
        if self.personal.mlflow.tracking_uri:
            return self._tracking(self.personal.mlflow.tracking_uri, "personal", self.personal.mlflow)
        if named := self.environment.get("MLFLOW_TRACKING_URI", "").strip():
            return self._tracking(named, "environment", self.mlflow)
        return None

    @property
    def registry(self) -> Tracking | None:
        """The model registry: named by the first of the project's file, the person's and the environment that names one
        or a tracking server, which then is the registry as well; else None."""
        if named := self.mlflow.registry_uri or self.mlflow.tracking_uri:
            return self._tracking(named, "project", self.mlflow)
        if named := self.personal.mlflow.registry_uri or self.personal.mlflow.tracking_uri:
            return self._tracking(named, "personal", self.personal.mlflow)
        named = self.environment.get("MLFLOW_REGISTRY_URI", "").strip()
        if named := named or self.environment.get("MLFLOW_TRACKING_URI", "").strip():
            return self._tracking(named, "environment", self.mlflow)
        return None

    @property
    def own_registry(self) -> str:
        """The registry that the environment names beside its tracking server; "" where that is the registry as well."""
        registry, tracking = self.registry, self.tracking
        if registry is None or registry.origin != "environment":
            return ""
        return "" if tracking is not None and tracking.uri == registry.uri else registry.uri

    @property
    def has_repository(self) -> bool:
        """Whether there is a Git repository to read: around the settings, named in them, or listed."""
        return self.checkout is not None or bool(self.address) or self.git.path != "."

    @property
    def has_source(self) -> bool:
        """Whether there is anything to read at all."""
        named = self.tracking is not None or self.registry is not None
        return (
            self.has_repository
            or named
            or bool(self.ci or self.registries or self.checks or self.monitors or self.infra)
        )

    def _tracking(self, uri: str, origin: Origin, mlflow: Mlflow) -> Tracking:
        base = self.root if origin == "project" else Path.cwd()
        address = absolute_uri(uri, base)
        return Tracking(uri=split_credential(address)[0], address=address, origin=origin, mlflow=mlflow)

    def path(self, written: str) -> Path:
        """A path of the project's file, absolute: relative to the file's folder; `~` is the user's home."""
        return self.root / os.path.expanduser(written)  # noqa: PTH111  # Path.expanduser raises for “~nobody”

    def sections(self) -> dict[str, object]:
        """What quarterdeck.toml holds or would hold: section -> struct, mapping or tuple of structs."""
        return {name: getattr(self, name) for name in ProjectFile.__struct_fields__}


def absolute_uri(uri: str, base: Path) -> str:
    """A tracking URI whose relative path, if it has one, is relative to `base`. Servers stay as they are."""
    if uri.startswith("sqlite:///"):
        path, mark, options = uri.removeprefix("sqlite:///").partition("?")
        return f"sqlite:///{base / path}{mark}{options}" if path != ":memory:" else uri
    if uri == "databricks" or urlsplit(uri).scheme:
        return uri
    return (base / uri).as_uri()


def _machine_zone() -> tzinfo:
    """The machine's zone by name, so that summer time is right at every date; UTC offset where it has no name."""
    from zoneinfo import ZoneInfo

    try:
        target = Path("/etc/localtime").resolve().as_posix()
        return ZoneInfo(target.split("/zoneinfo/", 1)[1])
    except (OSError, ValueError, LookupError):
        return UTC
