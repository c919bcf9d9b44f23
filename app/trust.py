"""What a project's settings would reach or run, and whether somebody has agreed to it.

A quarterdeck.toml is somebody else's program. Its addresses, credentials, certificates, proxies, commands and
paths outside the repository, and the remote that the clone names, hold only after `quarterdeck trust` showed them
and recorded their digest; any change asks again. What the person's own settings or environment say needs no
trust. Without it everything local still works: the clone's history and stores inside the repository.

The record is state_dir/trust.json (0600): real path of the project -> digest. A section alone is agreed to under its
name before that path: `mlflow /home/ann/churn`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from .errors import StoreError, UntrustedError
from .git import split_credential
from .paths import make_private, state_dir
from .settings import NEVER, Connection, LocalCi, Settings
from .text import clip, shown

_JOB_PLACE = re.compile(r"\.jobs\[\d+\]$")

Effect = Literal["connect", "run", "read", "send"]

_ADDRESSES = ("base_url", "tracking_uri", "registry_uri")
_SENT = ("token_env", "token_file", "username_env", "password_env")
_LOCAL = ("paths", "plan", "state", "log")
_FORGES = {"https://api.github.com": "GITHUB_TOKEN", "https://gitlab.com": "GITLAB_TOKEN"}
"""Where the built-in credentials go (credentials.py)."""


class Reach(NamedTuple):
    """One value that reaches out of the repository, or runs something."""

    place: str
    """Where it stands: `mlflow.tracking_uri`, `ci[0].base_url`, `git.remote`; indices from 0."""
    effect: Effect
    """connect to a host, run a command, read a path outside, send a secret."""
    exact: str
    """The value as it counts for the digest. Holds no secret: addresses with a login are refused."""

    @property
    def section(self) -> str:
        """The part of the settings that does not run without trust: `mlflow`, `ci[0]`, `git`."""
        return self.place.partition(".")[0]

    @property
    def value(self) -> str:
        """The value as it may be shown."""
        return shown(self.exact)

    @property
    def told(self) -> str:
        """The same as a person reads it, with all that it says: a job as `test: make test (needs data)`."""
        return shown(_told_job(self.exact)) if _JOB_PLACE.search(self.place) else self.value

    @property
    def host(self) -> str:
        """The host that it connects to, shown; empty for what does not connect."""
        if self.effect != "connect":
            return ""
        return shown(_host(self.exact))


def reaches(settings: Settings) -> tuple[Reach, ...]:
    """Everything that the project's own file and clone would reach or run, in the order of the file."""
    found: list[Reach] = []
    for name, content in settings.sections().items():
        if name == "git":
            found += _git(settings)
        elif name == "ci" and is_found(settings):
            found += _found_ci(settings)
        elif isinstance(content, tuple):
            for index, item in enumerate(content):
                found += _section(settings, f"{name}[{index}]", item)
        elif name == "mlflow":
            found += _section(settings, name, content)
    return tuple(found)


def digest(settings: Settings) -> str:
    """32 hex digits over all that reaches out: the same until one of those values changes."""
    return _digest(reaches(settings))


def is_trusted(settings: Settings) -> bool:
    """Whether the project may do all that it asks for: it asks for nothing, or somebody agreed to just this."""
    return not unagreed(settings)


def unagreed(settings: Settings) -> tuple[Reach, ...]:
    """What of `reaches` nobody agreed to, in its order."""
    found = reaches(settings)
    if not found:
        return ()
    recorded, project = _recorded(), _project(settings)
    if recorded.get(project) == _digest(found):
        return ()
    agreed = {name for name, part in _by_section(found).items() if recorded.get(f"{name} {project}") == _digest(part)}
    return tuple(reach for reach in found if reach.section not in agreed)


def may_run(settings: Settings, section: str) -> bool:
    """Whether one source may run now: `mlflow`, `git` (its fetch; reading the clone is free), `ci[0]` ...

    True without trust when nothing in that section reaches out.
    """
    return all(reach.section != section for reach in unagreed(settings))


def check_trusted(settings: Settings, section: str) -> None:
    """Raise UntrustedError with the sentence when the section may not run."""
    if not may_run(settings, section):
        raise UntrustedError(sentence(settings))


def record_trust(settings: Settings, section: str | None = None) -> None:
    """Remember that somebody agreed to all that `reaches` lists now, or to one section of it. Raises StoreError."""
    file, project = trust_file(), _project(settings)
    agreed = reaches(settings) if section is None else _by_section(reaches(settings)).get(section, ())
    name = project if section is None else f"{section} {project}"
    with _locked(file):
        recorded = {**_recorded(), name: _digest(agreed)}
        _replace(file, msgspec.json.format(msgspec.json.encode(recorded), indent=1) + b"\n")


def sentence(settings: Settings) -> str:
    """One line that says what the project would do; empty when it is trusted or asks for nothing."""
    found = unagreed(settings)
    if not found:
        return ""
    hosts = list(dict.fromkeys(reach.host for reach in found if reach.host))
    runs = [reach for reach in found if reach.effect == "run"]
    secrets = [reach for reach in found if reach.effect == "send"]
    outside = [reach for reach in found if reach.effect == "read"]
    acts = [
        f"connect to {_some(hosts)}" if hosts else "",
        f"send {_some([reach.value for reach in secrets])}" if secrets else "",
        f"run {_some([reach.told for reach in runs])}" if runs else "",
        f"read {_some([reach.value for reach in outside])}" if outside else "",
    ]
    return f"Not trusted: it would {', '.join(filter(None, acts))}. See `quarterdeck trust`; until then local only."


def leads_out(settings: Settings, pattern: str) -> bool:
    """Whether a path or pattern of the settings leads out of the repository, links followed."""
    return bool(_outside(settings, pattern))


def is_found(settings: Settings) -> bool:
    """Whether there is no settings file at all: what the sections hold was found lying around."""
    return settings.file is None and not settings.address


def _found_ci(settings: Settings) -> Iterator[Reach]:
    """The forge that the clone's remote names. Whoever has its token in the environment has named it, too."""
    for index, section in enumerate(settings.ci):
        if not settings.environment.get(_FORGES.get(getattr(section, "base_url", ""), "")):
            yield from _section(settings, f"ci[{index}]", section)


def _git(settings: Settings) -> Iterator[Reach]:
    if settings.address:
        return  # listed in the person's or the machine's own projects.toml
    if outside := _outside(settings, settings.git.path):
        yield Reach("git.path", "read", outside)
    if settings.repository and settings.git.fetch != NEVER:
        yield Reach("git.remote", "connect", settings.repository)


def _section(settings: Settings, place: str, section: object) -> Iterator[Reach]:
    """What one source would reach or run."""
    for key in _ADDRESSES:
        yield from _address(settings, f"{place}.{key}", getattr(section, key, ""))
    if isinstance(section, Connection):
        yield from _connection(settings, place, section)
    if isinstance(section, LocalCi):
        for index, job in enumerate(section.jobs):
            yield Reach(f"{place}.jobs[{index}]", "run", _words(msgspec.to_builtins(job)))
    if command := getattr(section, "command", ()):
        every = getattr(section, "every", None)  # what runs by itself is another thing than what somebody runs
        yield Reach(f"{place}.command", "run", _words(command) + (f" every {every}" if every else ""))
    for key in _LOCAL:
        written = getattr(section, key, "")
        for path in [written] if isinstance(written, str) else written:
            if outside := _outside(settings, path):
                yield Reach(f"{place}.{key}", "read", outside)


def _address(settings: Settings, place: str, address: str) -> Iterator[Reach]:
    """An address; a store in a file inside the repository reaches nowhere."""
    if not address:
        return
    local = _local_path(address)
    if local is None:
        yield Reach(place, "connect", split_credential(address)[0])
    elif outside := _outside(settings, local):
        yield Reach(place, "read", outside)


def _connection(settings: Settings, place: str, section: Connection) -> Iterator[Reach]:
    for key in _SENT:
        if value := getattr(section, key):
            yield Reach(f"{place}.{key}", "send", f"${value}" if key.endswith("_env") else value)
    if section.token_command:
        yield Reach(f"{place}.token_command", "run", _words(section.token_command))
    if section.proxy:
        yield Reach(f"{place}.proxy", "connect", section.proxy)
    for key in ("ca_bundle", "client_cert"):
        if value := getattr(section, key):  # inside the repository too: it decides whom we believe to speak with
            yield Reach(f"{place}.{key}", "read", value)


def _local_path(address: str) -> str | None:
    """The path of a store that is a file or a folder, or None for a server."""
    if address.startswith("sqlite:///"):
        return address.removeprefix("sqlite:///").partition("?")[0]
    parts = urlsplit(address)
    if parts.scheme == "file" and parts.hostname in (None, "", "localhost"):
        return unquote(parts.path)
    return address if not parts.scheme and address != "databricks" else None


def _outside(settings: Settings, written: str) -> str:
    """The real path when it leads out of the repository, links followed; empty when it stays inside."""
    if not written:
        return ""
    fixed = _unmagic(written)
    if ".." in written[len(fixed) :].split("/"):
        return written  # where it leads depends on what the wildcard matches
    try:
        real = Path(os.path.realpath(settings.path(fixed)))
        home = Path(os.path.realpath(settings.checkout or settings.root))
    except ValueError:  # a NUL in it: no path at all
        return written
    return "" if real.is_relative_to(home) else str(real / written[len(fixed) :].lstrip("/"))


def _unmagic(written: str) -> str:
    """The part of a pattern before its first wildcard. What matches below is held inside by whoever expands it."""
    for position, character in enumerate(written):
        if character in "*?[":
            return written[: written.rfind("/", 0, position) + 1]
    return written


def _words(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _told_job(exact: str) -> str:
    job = msgspec.json.decode(exact, type=dict[str, str | list[str] | None])
    said = f"{job.pop('name')}: {job.pop('run')}"
    more = [f"{key} {', '.join(value) if isinstance(value, list) else value}" for key, value in job.items() if value]
    return f"{said} ({'; '.join(more)})" if more else said


def _some(values: list[str]) -> str:
    """The first two, and how many more."""
    named = " and ".join(clip(value, 50) for value in values[:2])
    return f"{named} and {len(values) - 2} more" if len(values) > 2 else named


def _host(address: str) -> str:
    if "://" not in address:
        return address.partition("/")[0] or address
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return parts.netloc.rpartition("@")[2] or address


def _by_section(found: Iterable[Reach]) -> dict[str, tuple[Reach, ...]]:
    parts: dict[str, tuple[Reach, ...]] = {}
    for reach in found:
        parts[reach.section] = (*parts.get(reach.section, ()), reach)
    return parts


def _digest(found: tuple[Reach, ...]) -> str:
    # `value` is injective, and holds no lone surrogate (a file name that is no UTF-8), which JSON refuses
    lines = msgspec.json.encode([(reach.place, reach.effect, reach.value) for reach in found])
    return hashlib.blake2b(lines, digest_size=16).hexdigest()


def _project(settings: Settings) -> str:
    """What the record is kept under."""
    if settings.address:
        return shown(f"{settings.repository} {settings.project_key}")
    return shown(os.path.realpath(settings.file or settings.root))


def trust_file() -> Path:
    """Where agreements are kept."""
    return state_dir() / "trust.json"


def _recorded() -> Mapping[str, str]:
    """What was agreed to. A file that cannot be read, or that others may write, agrees to nothing."""
    try:
        with trust_file().open("rb") as stream:
            found = os.fstat(stream.fileno())
            if found.st_uid != os.geteuid() or found.st_mode & 0o022:
                return {}
            return msgspec.json.decode(stream.read(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return {}


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """One writer at a time: two agreements given at once are both kept."""
    make_private(file.parent)
    try:
        with (file.parent / "trust.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise StoreError(f"Trust cannot be recorded in {file}: {error.strerror or error}.") from error


def _replace(file: Path, content: bytes) -> None:
    """The whole new file or the old one, whatever happens in between. mkstemp makes it 0600."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".trust-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
