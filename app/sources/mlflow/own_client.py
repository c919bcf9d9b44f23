"""MLflow's own client: how it is imported, opened, called in a thread, and what it says when it fails.

Imported only when it is needed (1 s, and it logs and counts usage unless told not to), always in a thread. As it comes
it tries a dead server for 247 s: the process's own environment is told better before the import.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

from ...errors import QuarterdeckError, RefusedError, SourceError
from ...records import Millis
from ..http import without_login
from ..trouble import AnswerError, quoted

T = TypeVar("T")

_BOUNDS: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ALLOW_FILE_STORE": "true",  # since 3.13 a folder is refused without it
}
_importing = threading.Lock()


def client_class(address: str, environment: Mapping[str, str]) -> Any:
    """MLflow's client, imported with a bounded patience. Blocking. Raises SourceError("misconfigured")."""
    with _importing:
        for name, value in {**_BOUNDS, **_own(environment)}.items():
            os.environ.setdefault(name, value)
        try:
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise SourceError(
                f"Reading {without_login(address)} needs the package mlflow-skinny, which cannot be imported:"
                f" {quoted(str(error))}.",
                "misconfigured",
            ) from error
    return MlflowClient


def _own(environment: Mapping[str, str]) -> dict[str, str]:
    """What MLflow and its plugins look up in the process's environment."""
    return {name: value for name, value in environment.items() if name.startswith(("MLFLOW_", "DATABRICKS_"))}


def called(address: str, work: Callable[[], T], secrets: Sequence[str] = (), doing: str = "read") -> T:
    """Call MLflow. Its errors, and those of whatever it calls, leave as SourceError; its own warnings stay unsaid."""
    for package in ("mlflow", "sqlalchemy"):
        warnings.filterwarnings("ignore", module=package)
    try:
        return work()
    except QuarterdeckError:
        raise
    except Exception as error:  # plugins and databases raise whatever they like
        raise _explained(address, error, secrets, doing) from error


def _explained(address: str, error: Exception, secrets: Sequence[str], doing: str) -> SourceError:
    shown = without_login(address)
    code = str(getattr(error, "error_code", ""))
    said = quoted(str(error), secrets)
    if code == "RESOURCE_DOES_NOT_EXIST":
        return AnswerError(f"{shown} has no such thing: {said}", "misconfigured", 404, code, said)
    if code == "RESOURCE_ALREADY_EXISTS":
        return AnswerError(f"{shown} has that already: {said}", "not_understood", 400, code, said)
    if code == "INVALID_PARAMETER_VALUE":
        return AnswerError(f"MLflow's client cannot {doing} {shown}: {said}", "not_understood", 400, code, said)
    state = {
        "PERMISSION_DENIED": "forbidden",
        "UNAUTHENTICATED": "unauthorised",
        "REQUEST_LIMIT_EXCEEDED": "limited",
    }.get(code, "unreachable")
    return SourceError(f"MLflow's client cannot {doing} {shown}: {said}", state)


def write_in_file(path: Path, revision: str, what: str, work: Callable[[Any], T]) -> T:
    """Change a SQLite store through MLflow's client; `what` names the change in the refusal. Blocking.

    Raises RefusedError when the store's schema `revision` is not the one of the installed MLflow, which would
    otherwise refuse with a stack trace, or migrate. Raises SourceError.
    """
    address = f"sqlite:///{path}"
    opened = client_class(address, {})
    from mlflow.store.db.utils import _get_latest_schema_revision

    own = _get_latest_schema_revision()
    if revision != own:
        raise RefusedError(
            f"{path} has MLflow's schema {revision or 'of before 1.0'}, the installed MLflow writes {own}: {what}"
            " with the MLflow that wrote the store, or through its server. Nothing was changed."
        )
    return called(address, lambda: work(opened(tracking_uri=address, registry_uri=address)), doing="write to")


class OwnClient:
    """An address through MLflow's client, one call at a time. Every call raises SourceError."""

    def __init__(self, address: str, source: str, environment: Mapping[str, str], directory: Path | None) -> None:
        folder = _folder(address, directory)
        self._folder = folder
        self._address = folder.absolute().as_uri() if folder else address
        self._source = source
        self._environment = environment
        self._secrets = _secrets(address, environment)
        self._client: Any = None
        self._turn = asyncio.Lock()

    def server_now(self) -> Millis:
        """Our own clock: the client does not say what the server's shows."""
        return int(time.time() * 1000)

    async def close(self) -> None:
        """The client holds nothing that needs closing."""

    async def _do(self, work: Callable[[Any], T], doing: str = "read") -> T:
        """Call the client in a thread, one call at a time."""
        async with self._turn:
            return await asyncio.to_thread(called, self._address, lambda: work(self._opened()), self._secrets, doing)

    def _opened(self) -> Any:
        if self._client is None:
            if self._folder is not None and not self._folder.is_dir():
                raise SourceError(
                    f"{self._folder} does not exist: MLflow's folder of runs is expected there.", "misconfigured"
                )
            made = client_class(self._address, self._environment)
            self._client = made(tracking_uri=self._address, registry_uri=self._address)
        return self._client


def _folder(address: str, directory: Path | None) -> Path | None:
    """The folder that an address names, or None when it names none."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme else (directory or Path.cwd()) / address


def _secrets(address: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    named = [value for name, value in environment.items() if name.endswith(("_TOKEN", "_PASSWORD", "_SECRET"))]
    return tuple(secret for secret in (*named, urlsplit(address).password or "") if len(secret) > 3)
