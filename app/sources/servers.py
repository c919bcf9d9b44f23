"""The way to a server that the settings name: with the login, the certificates and the proxy that are meant for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import credentials
from ..records import SourceSpec
from ..settings import AirflowCi, Ci, Connection, GithubCi, GitlabCi, JenkinsCi, KubeflowCi, Registry, Settings
from ..settings.sections import CiSource as CiServer
from ..settings.sections import PrometheusMonitor
from . import http
from .ci import Vendor

_LOGIN_HINTS = {
    "github": "Set GITHUB_TOKEN, or name a token under [hosts] in your config.toml.",
    "gitlab": "Set GITLAB_TOKEN, or name a token under [hosts] in your config.toml.",
    "jenkins": "Name user and API token in the settings, as username_env and password_env.",
    "prometheus": "Name a token in the settings (token_env), or user and password (username_env and password_env).",
}

Opener = Callable[[SourceSpec, Any, http.Http], Vendor]
"""Takes the section of its own kind."""


def server_of(
    settings: Settings, section: CiServer | Registry | PrometheusMonitor, explain: http.Explain | None = None
) -> http.Http:
    """The server of a section, with the login and the certificates that are meant for it. Raises SettingsError."""
    return http.Http(
        section.base_url,
        credential=login_to(settings, section.base_url, section),
        connection=connection_to(settings, section.base_url, section),
        login_hint=_LOGIN_HINTS.get(section.kind, "Give a token in the settings."),
        explain=explain,
    )


def is_http(uri: str) -> bool:
    """Whether an address is that of a server over http or https."""
    return uri.startswith(("http://", "https://"))


def vendor_of(section: Ci) -> tuple[Opener | None, frozenset[str]]:
    """What opens a section's vendor, and what may be done to its pipelines. Imported for those that are set up."""
    match section:
        case GithubCi():
            from . import github

            return github.open_vendor, github.GithubVendor.abilities
        case GitlabCi():
            from . import gitlab

            return gitlab.open_vendor, gitlab.GitlabVendor.abilities
        case JenkinsCi():
            from . import jenkins

            return jenkins.open_vendor, jenkins.JenkinsVendor.abilities
        case AirflowCi():
            from . import airflow

            return airflow.open_vendor, frozenset()
        case KubeflowCi():
            from . import kubeflow

            return kubeflow.open_vendor, frozenset()
    return None, frozenset()


def login_to(settings: Settings, address: str, section: Connection | None) -> http.Credential | None:
    """The credential for the server, read now: a command may take ten seconds. Raises SettingsError."""
    found = credentials.credential(settings, address, section)
    if found is None:
        return None
    secret = found.read()
    if secret.username is not None:
        return http.Credential.basic(address, secret.username, secret.token)
    return http.Credential.bearer(address, secret.token)


def connection_to(settings: Settings, address: str, section: Connection | None) -> http.Connection:
    """Certificates, proxy and patience for the server."""
    route = credentials.route(settings, address, section)
    usual = http.Connection()
    return http.Connection(
        ca_bundle=route.ca_bundle,
        client_cert=route.client_cert,
        proxy=route.proxy,
        read=route.timeout or usual.read,
        connect=min(route.timeout or usual.connect, usual.connect),
        environment=settings.environment,
    )
