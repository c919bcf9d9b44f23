"""From settings to sources: which there are, what each may do without trust, and who each one is."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from .. import trust
from ..errors import SettingsError, SourceError
from ..paths import mirror_dir
from ..records import SourceSpec
from ..settings import NEVER, Ci, Connection, LocalCi, Settings, Tracking, seconds
from ..settings.sections import MlflowMonitor
from . import Source, http
from .ci import Vendor
from .ci.engine import CiSource
from .git import GitSource
from .late import LateMlflow, LateSource
from .late_registry import LateRegistry
from .mlflow import MlflowSource, open_mlflow, server
from .mlflow.registry import ModelRegistry, open_registry
from .refused import RefusedSource
from .servers import connection_to, is_http, login_to, server_of, vendor_of

_USUAL_PORTS = {"http": 80, "https": 443}
_MlflowBuilder = Callable[[Settings, SourceSpec, Tracking, "Connection | None"], Source]
"""Builds what is at an address of MLflow's, with the keys of the section that counts."""


def build(settings: Settings) -> list[Source]:
    """The sources of the settings, in the order in which they are shown. Nothing is read or connected to yet.

    One that nobody trusts yet, or that is wrongly set up, is there too: its passes fail with the reason.
    """
    sources = [
        _git(settings),
        _mlflow(settings),
        _models(settings),
        *(_registry(settings, index) for index in range(len(settings.registries))),
        *(_ci(settings, index) for index in range(len(settings.ci))),
        *(checks_source(settings, index) for index in range(len(settings.checks))),
        *(_monitor(settings, index) for index in range(len(settings.monitors))),
        *(infra_source(settings, index) for index in range(len(settings.infra))),
    ]
    return [source for source in sources if source is not None]


def source_key(kind: str, address: str, scope: str = "") -> str:
    """Who a source is: 16 hex digits of its kind, its address written one way, and its part of what is there.

    `address` is a URL, without a login, or a path; `scope` a repository or namespace. The label of the settings
    and the way there (port written or not, a slash at the end, upper case in the host) make no difference.
    """
    words = "\0".join((kind, _canonical(address), scope)).encode("utf-8", "surrogateescape")
    return blake2b(words, digest_size=8).hexdigest()


def _canonical(address: str) -> str:
    if not address.startswith(("http://", "https://")):
        return address
    try:
        parts = urlsplit(address)
        port = parts.port or _USUAL_PORTS[parts.scheme]
    except ValueError:
        return address
    return f"{parts.scheme}://{parts.hostname}:{port}{parts.path.rstrip('/')}"


def _git(settings: Settings) -> Source | None:
    if not settings.has_repository:
        return None
    clone = None if settings.address else Path(os.path.normpath(settings.path(settings.git.path)))
    place = settings.repository or str(clone and clone.resolve())
    spec = SourceSpec(key=source_key("git", place), kind="git", name="git", address=place)
    may_fetch = trust.may_run(settings, "git")
    if not may_fetch and any(reach.place == "git.path" for reach in trust.reaches(settings)):
        return RefusedSource(spec, "untrusted", trust.sentence(settings))
    fetches = settings.git.fetch != NEVER and bool(settings.remote)
    return GitSource(
        spec,
        path=clone,
        # the address that was asked about, not what the clone's configuration says by the time of the fetch
        url=settings.remote or None,
        mirror=mirror_dir(settings.repository) if settings.repository else None,
        branches=settings.git.branches,
        policy=settings.file_in_repository,
        fetch_interval=seconds(settings.git.fetch) if fetches else 0.0,
        allow_network=fetches and may_fetch,
    )


def _mlflow(settings: Settings) -> Source | None:
    if settings.tracking is None:
        return None
    return _of_mlflow(settings, settings.tracking, "mlflow", "mlflow", _tracking_source)


def _models(settings: Settings) -> Source | None:
    """The model registry, which a tracking server is as well."""
    if settings.registry is None:
        return None
    return _of_mlflow(settings, settings.registry, "registry", "models", _registry_source)


def _of_mlflow(
    settings: Settings, place: Tracking, kind: str, name: str, build_it: _MlflowBuilder, scope: str = ""
) -> Source:
    spec = SourceSpec(
        key=source_key(kind, place.uri, scope), kind=kind, name=name, address=http.without_login(place.uri)
    )  # fmt: skip
    section: Connection | None = place.mlflow
    if section is settings.mlflow and not trust.may_run(settings, "mlflow"):
        if place.origin == "project":
            return RefusedSource(spec, "untrusted", trust.sentence(settings))
        section = None  # the address is the person's own; what the project's file adds to it is not
    try:
        return build_it(settings, spec, place, section)
    except SourceError as error:
        return RefusedSource(spec, error.state, str(error))
    except SettingsError as error:
        return RefusedSource(spec, "misconfigured", str(error))


def _tracking_source(
    settings: Settings, spec: SourceSpec, tracking: Tracking, section: Connection | None,
    experiments: tuple[str, ...] | None = None,
) -> MlflowSource:  # fmt: skip
    """The source of runs; `experiments` are other patterns than those of the settings."""
    if experiments is None:
        experiments = tracking.mlflow.experiments or settings.mlflow.experiments
    if not is_http(tracking.uri):
        # with the login that the person's environment may carry: a database's address holds its password
        return open_mlflow(spec, tracking.address, experiments=experiments, environment=settings.environment)

    def open_now() -> MlflowSource:
        return open_mlflow(
            spec, tracking.uri, experiments=experiments, environment=settings.environment,
            credential=login_to(settings, tracking.uri, section),
            connection=connection_to(settings, tracking.uri, section),
        )  # fmt: skip

    return LateMlflow(spec, open_now)


def _registry_source(
    settings: Settings, spec: SourceSpec, registry: Tracking, section: Connection | None
) -> ModelRegistry:
    if not is_http(registry.uri):
        return open_registry(spec, registry.address, environment=settings.environment)

    def open_now() -> ModelRegistry:
        return open_registry(
            spec, registry.uri, environment=settings.environment,
            credential=login_to(settings, registry.uri, section),
            connection=connection_to(settings, registry.uri, section),
            tracking=_logged_models(settings, registry),
        )  # fmt: skip

    return LateRegistry(spec, open_now)


def _logged_models(settings: Settings, registry: Tracking) -> http.Http | None:
    """The server that has the logged models, where that is another one than the registry."""
    tracking = settings.tracking
    if tracking is None or tracking.uri == registry.uri or not is_http(tracking.uri):
        return None
    section: Connection | None = tracking.mlflow
    if section is settings.mlflow and not trust.may_run(settings, "mlflow"):
        if tracking.origin == "project":
            return None
        section = None
    login, way = login_to(settings, tracking.uri, section), connection_to(settings, tracking.uri, section)
    return server(tracking.uri, settings.environment, login, way)


def _registry(settings: Settings, index: int) -> Source:
    """The source of one [[registries]]."""
    from .kubeflow_registry import open_kubeflow_registry  # for those who have such a section

    section = settings.registries[index]
    address = http.without_login(section.base_url)
    spec = SourceSpec(
        key=source_key("registry", section.base_url, section.kind), kind="registry", name=section.name, address=address
    )  # fmt: skip
    if not trust.may_run(settings, f"registries[{index}]"):
        return RefusedSource(spec, "untrusted", trust.sentence(settings))

    def open_now() -> Source:
        return open_kubeflow_registry(spec, server_of(settings, section))

    return LateSource(spec, open_now)


def local_key(settings: Settings, name: str) -> str:
    """Who the local pipeline of that label is."""
    return source_key("local", settings.project_key, name)


def _local(settings: Settings, section: LocalCi, index: int) -> Source:
    """What this machine ran itself. Reading the records needs no trust; running jobs does, and asks for itself."""
    from ..runner.local import Local  # 20 ms, for those who have such a section
    from .local import ABILITIES, LocalVendor

    name = section.name or section.kind
    spec = SourceSpec(key=local_key(settings, name), kind="local", name=name, address=str(settings.root))
    local = Local(f"ci[{index}]", section)
    return CiSource(spec, lambda: LocalVendor(spec, settings, local), abilities=ABILITIES)


def _ci(settings: Settings, index: int) -> Source | None:
    """The source of one [[ci]]. One that was only found, by the clone's remote, is none until it may be read."""
    section = settings.ci[index]
    if isinstance(section, LocalCi):
        return _local(settings, section, index)
    may_run = trust.may_run(settings, f"ci[{index}]")
    if not may_run and trust.is_found(settings):
        return None
    address = http.without_login(section.base_url)
    spec = SourceSpec(
        key=source_key(section.kind, section.base_url, _scope(section)), kind=section.kind,
        name=section.name or section.kind, address=address,
    )  # fmt: skip
    if not may_run:
        return RefusedSource(spec, "untrusted", trust.sentence(settings))
    opener, abilities = vendor_of(section)
    if opener is None:
        return None

    def open_now() -> Vendor:
        return opener(spec, section, server_of(settings, section))

    return CiSource(spec, open_now, abilities=abilities)


def checks_source(settings: Settings, index: int) -> Source:
    """The source of one [[checks]]: a ChecksSource where anything of it may be read."""
    from .checks.building import build_checks, scope_of  # for those who have such a section

    section = settings.checks[index]
    spec = SourceSpec(
        key=source_key("checks", settings.project_key, scope_of(settings, index)), kind="checks",
        name=section.name or section.kind, address=str(settings.root),
    )  # fmt: skip

    return build_checks(settings, index, spec)


def _monitor(settings: Settings, index: int) -> Source:
    """The source of one [[monitors]]."""
    section = settings.monitors[index]
    if isinstance(section, MlflowMonitor):
        return _mlflow_monitor(settings, section)
    from .prometheus import Explainer, LatePrometheus, PrometheusSource, open_prometheus  # for those who have one

    spec = SourceSpec(
        key=source_key(section.kind, section.base_url, _twin(settings, index)), kind=section.kind,
        name=section.name or section.kind, address=http.without_login(section.base_url),
    )  # fmt: skip
    if not trust.may_run(settings, f"monitors[{index}]"):
        return RefusedSource(spec, "untrusted", trust.sentence(settings))

    def open_now() -> PrometheusSource:
        return open_prometheus(spec, section, server_of(settings, section, Explainer(section.base_url)))

    return LatePrometheus(spec, open_now)


def _twin(settings: Settings, index: int) -> str:
    """What tells a server's second section from its first: its name."""
    addresses = [_canonical(getattr(section, "base_url", "")) for section in settings.monitors]
    return settings.monitors[index].name if addresses[index] in addresses[:index] else ""


def _mlflow_monitor(settings: Settings, section: MlflowMonitor) -> Source:
    """Production metrics that are logged where the runs are."""
    from .mlflow_monitors import open_monitor

    place = settings.tracking
    if place is None:
        spec = SourceSpec(key=source_key("monitors", "", section.name), kind="monitors", name=section.name, address="")
        return RefusedSource(spec, "misconfigured", "No tracking server is named: set [mlflow] tracking_uri.")

    def build_it(settings: Settings, spec: SourceSpec, tracking: Tracking, keys: Connection | None) -> Source:
        inner = _tracking_source(settings, spec, tracking, keys, section.experiments)
        return open_monitor(spec, inner, section)

    return _of_mlflow(settings, place, "monitors", section.name, build_it, section.name)


def infra_source(settings: Settings, index: int) -> Source:
    """The source of one [[infra]]: an InfraSource where anything of it may be read."""
    from .terraform.building import build_infra, scope_of  # for those who have such a section

    spec = SourceSpec(
        key=source_key("infra", settings.project_key, scope_of(settings, index)), kind="infra",
        name=settings.infra[index].stack, address=str(settings.root),
    )  # fmt: skip
    return build_infra(settings, index, spec)


def _scope(section: Ci) -> str:
    repository = getattr(section, "repository", "")
    return repository if isinstance(repository, str) else msgspec.json.encode(repository).decode()
