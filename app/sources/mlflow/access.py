"""How MLflow's own environment variables say to reach a tracking server.

Read from a mapping that is passed in, never from the process: the caller decides whose environment counts. A
login (user name, password, token, client certificate) and switched-off TLS checks hold for the one origin that
MLFLOW_TRACKING_URI names in the same mapping, and for no other address that a project's settings may name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ...errors import SourceError
from ..http import Connection, Credential, origin


def is_bound(environment: Mapping[str, str], address: str) -> bool:
    """Whether the environment's login is meant for this address."""
    try:
        return origin(environment.get("MLFLOW_TRACKING_URI", "")) == origin(address)
    except SourceError:
        return False


def credential(environment: Mapping[str, str], address: str) -> Credential | None:
    """The environment's login for this address: user name and password before token, as MLflow has it."""
    if not is_bound(environment, address):
        return None
    username = environment.get("MLFLOW_TRACKING_USERNAME")
    password = environment.get("MLFLOW_TRACKING_PASSWORD")
    if username and password is not None:
        return Credential.basic(address, username, password)
    token = environment.get("MLFLOW_TRACKING_TOKEN")
    return Credential.bearer(address, token) if token else None


def connection(environment: Mapping[str, str], address: str, given: Connection) -> Connection:
    """The settings' way to the server, completed by the environment's."""
    authority = environment.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or environment.get("REQUESTS_CA_BUNDLE")
    if authority and given.ca_bundle is None:
        given = replace(given, ca_bundle=Path(authority))
    if not is_bound(environment, address):
        return given
    certificate = environment.get("MLFLOW_TRACKING_CLIENT_CERT_PATH")
    if certificate and given.client_cert is None:
        given = replace(given, client_cert=Path(certificate))
    insecure = environment.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("1", "true")
    return replace(given, verify=False) if insecure else given


def headers(environment: Mapping[str, str], address: str) -> dict[str, str]:
    """The workspace (MLflow 3.10 and later) that the environment chooses, as a header."""
    workspace = environment.get("MLFLOW_WORKSPACE")
    return {"X-MLFLOW-WORKSPACE": workspace} if workspace and is_bound(environment, address) else {}
