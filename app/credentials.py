"""Which credential and which certificates go to a host, and to no other.

For an address, the first of these that there is:

1. `[hosts."name"]` in the person's config.toml, bound there to the host (with `:port` to that port alone);
2. the keys of the project's own section (`token_env` ...), which count only after `quarterdeck trust`: the caller
   asks `trust.may_run` before it asks here;
3. MLFLOW_TRACKING_USERNAME and _PASSWORD, _TOKEN or the login in MLFLOW_TRACKING_URI, for that URI's origin alone;
4. GITHUB_TOKEN for https://github.com and its API, GITLAB_TOKEN for https://gitlab.com. Nothing else is built in.

A `Credential` knows where the secret is; the secret itself is read when it is wanted and is in no repr, no
message and no file of ours.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from .errors import SettingsError
from .git import split_credential
from .paths import config_dir
from .settings import Connection, Settings, seconds
from .settings.files import mistake_at
from .settings.lines import Place
from .text import clip

COMMAND_SECONDS = 10.0
LARGEST_SECRET = 64 * 1024
_PORTS = {"http": 80, "https": 443}
_BUILT_IN = {
    "github.com": "GITHUB_TOKEN",
    "api.github.com": "GITHUB_TOKEN",
    "gitlab.com": "GITLAB_TOKEN",
}


class Secret(NamedTuple):
    """A token, or with a username a password."""

    token: str
    username: str | None = None

    def __repr__(self) -> str:
        return "Secret(…)"


class Credential(NamedTuple):
    """Where the secret for a host is. `read` may take 10 s (a command) and raises SettingsError."""

    host: str
    origin: str
    """In words, as in “the token in $GITHUB_TOKEN”; holds no secret."""
    read: Callable[[], Secret]

    def __repr__(self) -> str:
        return f"Credential({self.host!r}, {self.origin!r})"


class Route(NamedTuple):
    """How a host is reached beside the credential. None: the usual way. Seconds for the whole answer."""

    ca_bundle: Path | None = None
    client_cert: Path | None = None
    proxy: str | None = None
    timeout: float | None = None


class _Keys(NamedTuple):
    """Keys of a settings file, and where they stand: for errors, and for what their paths are relative to."""

    keys: Connection
    file: Path | None
    place: Place
    base: Path

    def wrong(self, key: str, sentence: str) -> SettingsError:
        return mistake_at(self.file, (*self.place, key), sentence)

    def path(self, written: str) -> Path:
        return self.base / os.path.expanduser(written)  # noqa: PTH111  # Path.expanduser raises for “~nobody”


def credential(settings: Settings, address: str, section: Connection | None = None) -> Credential | None:
    """The credential for the server at `address` (a URL), or None. `section` holds the source's own keys.

    Raises SettingsError for a token file that is missing or that others may read.
    """
    parts = urlsplit(address)
    for keys in _layers(settings, parts, section):
        if given := _given(settings, keys, parts.hostname or ""):
            return given
    return _of_mlflow(settings, address) or _built_in(settings, parts)


def route(settings: Settings, address: str, section: Connection | None = None) -> Route:
    """Certificates, proxy and time limit for an address: what the person set for the host, then the section's.

    Raises SettingsError for a certificate that is not there.
    """
    found = Route()
    for layer in _layers(settings, urlsplit(address), section):
        keys = layer.keys
        found = Route(
            ca_bundle=found.ca_bundle or _file(layer, "ca_bundle", keys.ca_bundle),
            client_cert=found.client_cert or _file(layer, "client_cert", keys.client_cert),
            proxy=found.proxy or keys.proxy or None,
            timeout=found.timeout or (seconds(keys.timeout) if keys.timeout else None),
        )
    return found


def _layers(settings: Settings, parts: SplitResult, section: Connection | None) -> list[_Keys]:
    """The keys that count for an address, first things first."""
    own = config_dir() / "config.toml"
    hosts = settings.personal.hosts
    names = [name for name in _names(parts) if name in hosts]
    layers = [_Keys(hosts[name], own, ("hosts", name), own.parent) for name in names[:1]]
    if section is settings.personal.mlflow:
        layers.append(_Keys(section, own, ("mlflow",), own.parent))
    elif section is not None:
        layers.append(_Keys(section, settings.file, _place(settings, section), settings.root))
    return layers


def _names(parts: SplitResult) -> tuple[str, str]:
    """What a host may be called in personal settings: with its port, then without."""
    host = parts.hostname or ""
    written = f"[{host}]" if ":" in host else host
    return f"{written}:{parts.port or _PORTS.get(parts.scheme, 0)}", written


def _place(settings: Settings, section: Connection) -> Place:
    for name, content in settings.sections().items():
        if content is section:
            return (name,)
        if isinstance(content, tuple):
            for index, item in enumerate(content):
                if item is section:
                    return (name, index)
    return ()


def _given(settings: Settings, layer: _Keys, host: str) -> Credential | None:
    """The credential that a table's keys name."""
    keys, variable = layer.keys, _variables(settings, layer)
    if keys.token_env:
        return Credential(host, f"the token in ${keys.token_env}", lambda: Secret(variable("token_env")))
    if keys.token_command:
        program = clip(keys.token_command[0], 60)
        return Credential(host, f"the token that {program} prints", lambda: _run(settings, layer))
    if keys.token_file:
        path = layer.path(keys.token_file)
        _check_private(layer, path)
        return Credential(host, f"the token in {clip(str(path), 200)}", lambda: _read(layer, path))
    if keys.username_env:
        return Credential(
            host,
            f"the login in ${keys.username_env} and ${keys.password_env}",
            lambda: Secret(variable("password_env"), variable("username_env")),
        )
    return None


def _variables(settings: Settings, layer: _Keys) -> Callable[[str], str]:
    def value(key: str) -> str:
        name = getattr(layer.keys, key)
        found = settings.environment.get(name, "")
        if not found:
            raise layer.wrong(key, f"names ${name}, which is not set.")
        return _clean(layer, key, found)

    return value


def _run(settings: Settings, layer: _Keys) -> Secret:
    """What the command prints. It has no terminal, so it cannot ask; its words on stderr are not repeated."""
    command = layer.keys.token_command
    program = clip(command[0], 60)
    try:
        with subprocess.Popen(
            command, cwd=layer.base, env=dict(settings.environment), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            printed = _output(process, layer, program)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its words cannot be those of a command"
        raise layer.wrong("token_command", f"cannot be run: {program}: {reason}.") from error
    if process.returncode:
        raise layer.wrong("token_command", f"failed: {program} ended with status {process.returncode}.")
    return Secret(_clean(layer, "token_command", _text(layer, "token_command", printed)))


def _output(process: subprocess.Popen[bytes], layer: _Keys, program: str) -> bytes:
    try:
        return process.communicate(timeout=COMMAND_SECONDS)[0]
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)  # its whole session; not waited for yet, so the id is still its own
        raise layer.wrong("token_command", f"took too long: {program} has {COMMAND_SECONDS:g} seconds.") from error


def _check_private(layer: _Keys, path: Path) -> None:
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise _unreadable(layer, "token_file", path, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise layer.wrong("token_file", f"names {clip(str(path), 200)}, which is not a file.")
    if found.st_mode & 0o077:
        raise layer.wrong("token_file", f"names {clip(str(path), 200)}, which others may read: chmod 600 it.")
    if found.st_uid not in (os.geteuid(), 0) or not os.access(path, os.R_OK):
        raise layer.wrong("token_file", f"names {clip(str(path), 200)}, which you may not read.")


def _read(layer: _Keys, path: Path) -> Secret:
    _check_private(layer, path)
    try:
        with path.open("rb") as stream:
            return Secret(_clean(layer, "token_file", _text(layer, "token_file", stream.read(LARGEST_SECRET + 1))))
    except OSError as error:
        raise _unreadable(layer, "token_file", path, error) from error


def _file(layer: _Keys, key: str, written: str) -> Path | None:
    if not written:
        return None
    path = layer.path(written)
    try:
        with path.open("rb"):
            return path
    except (OSError, ValueError) as error:
        raise _unreadable(layer, key, path, error) from error


def _unreadable(layer: _Keys, key: str, path: Path, error: Exception) -> SettingsError:
    reason = getattr(error, "strerror", None) or "no file can have that name"
    return layer.wrong(key, f"names {clip(str(path), 200)}, which cannot be read: {reason}.")


def _text(layer: _Keys, key: str, raw: bytes) -> str:
    if len(raw) > LARGEST_SECRET:
        raise layer.wrong(key, f"gave more than {LARGEST_SECRET // 1024} KiB: that is no token.")
    return raw.decode("utf-8", "replace").strip()


def _clean(layer: _Keys, key: str, secret: str) -> str:
    """A secret that a header can carry: a line break in one would write a header of its own."""
    if not secret:
        raise layer.wrong(key, "gave nothing: an empty text is no token.")
    if not secret.isprintable() or "\ufffd" in secret:
        raise layer.wrong(key, "gave more than one line, or characters that no token has.")
    return secret


def _of_mlflow(settings: Settings, address: str) -> Credential | None:
    """What the environment says for the server that it names, and for no other origin."""
    variables = settings.environment
    named = variables.get("MLFLOW_TRACKING_URI", "").strip()
    bare, login = split_credential(named)
    origin = _origin(address)
    if origin is None or origin != _origin(bare):
        return None
    user, password = variables.get("MLFLOW_TRACKING_USERNAME"), variables.get("MLFLOW_TRACKING_PASSWORD")
    host = origin[1]
    if login is not None:
        return Credential(host, "the login in $MLFLOW_TRACKING_URI", lambda: Secret(login.password, login.username))
    if user and password is not None:
        return Credential(host, "the login in $MLFLOW_TRACKING_USERNAME", lambda: Secret(password, user))
    if token := variables.get("MLFLOW_TRACKING_TOKEN"):
        return Credential(host, "the token in $MLFLOW_TRACKING_TOKEN", lambda: Secret(token))
    return None


def _origin(address: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(address)
        if parts.scheme not in _PORTS or not parts.hostname:
            return None
        return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
    except ValueError:
        return None


def _built_in(settings: Settings, parts: SplitResult) -> Credential | None:
    """The forges' own tokens: over TLS at the usual port only."""
    host = parts.hostname or ""
    name = _BUILT_IN.get(host, "")
    token = settings.environment.get(name, "")
    if not token or parts.scheme != "https" or parts.port not in (None, 443):
        return None
    return Credential(host, f"the token in ${name}", lambda: Secret(token))
