"""MLflow, read in whichever way its address allows.

| address | read by |
| --- | --- |
| http(s)://... | its REST API (rest.py, passes.py) |
| sqlite:///... | MLflow's own tables, read-only (tables.py, store.py) |
| anything else (databricks, plugins, a folder) | MLflow's own client (client.py, passes.py) |

All three yield the same records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ...records import Run, SourceSpec
from .. import Source
from ..http import Connection, Credential, Http, login_in

if TYPE_CHECKING:
    import httpx

__all__ = ["MlflowSource", "open_mlflow", "server"]


class MlflowSource(Source, Protocol):
    """A tracking server or store, with the one write that quarterdeck makes on a run."""

    async def get_run(self, run_id: str) -> Run:
        """One run as it is there now. Raises SourceError."""

    async def set_run_tag(self, run_id: str, key: str, value: str) -> None:
        """Write a tag on a run. Raises SourceError, or RefusedError where this store is not written by us."""

    async def delete_run_tag(self, run_id: str, key: str) -> None:
        """Take a tag of a run away. Raises SourceError, or RefusedError where this store is not written by us."""


def open_mlflow(
    spec: SourceSpec,
    address: str,
    *,
    experiments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    credential: Credential | None = None,
    connection: Connection | None = None,
    directory: Path | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> MlflowSource:
    """The source for a tracking URI. Nothing is read, connected or imported yet.

    `address` as in the settings; a login in it is used and never shown. `experiments` are name patterns, none
    means all. `environment` is where MLflow's variables are looked up (access.py says which count for this
    address). `credential` and `connection` come from the settings and win over it. `directory` is what a
    relative sqlite path or folder is relative to. `transport` is for tests.
    Raises SourceError("misconfigured") for an address that is none.
    """
    environment = environment or {}
    if address.startswith(("http://", "https://")):
        return _over_http(spec, address, experiments, environment, credential, connection, transport)
    if address.startswith("sqlite:"):
        from .tables import TablesSource, path_of

        return TablesSource(spec, path_of(address, directory), experiments)
    from .client import ClientApi
    from .passes import TrackingSource

    return TrackingSource(spec, ClientApi(address, spec.key, environment, directory), experiments)


def _over_http(
    spec: SourceSpec,
    address: str,
    experiments: Sequence[str],
    environment: Mapping[str, str],
    credential: Credential | None,
    connection: Connection | None,
    transport: httpx.AsyncBaseTransport | None,
) -> MlflowSource:
    from .passes import TrackingSource
    from .rest import RestApi

    http = server(address, environment, credential, connection, transport)
    return TrackingSource(spec, RestApi(http, spec.key), experiments)


def server(
    address: str,
    environment: Mapping[str, str],
    credential: Credential | None,
    connection: Connection | None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Http:
    """An MLflow server over http(s), with what MLflow's variables say of it. Nothing is connected yet."""
    from . import access
    from .rest import LOGIN_HINT, TLS_HINT, Explainer

    given = connection or Connection(environment=environment)
    return Http(
        address,
        credential=credential or login_in(address) or access.credential(environment, address),
        connection=access.connection(environment, address, given),
        headers=access.headers(environment, address),
        login_hint=LOGIN_HINT,
        tls_hint=TLS_HINT,
        explain=Explainer(address),
        transport=transport,
    )
