"""What belongs to one person and no project: config.toml and projects.toml, as they are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from .checks import WrongError, check_given, check_size, check_variable, check_zone, echo
from .sections import Mlflow
from .table import Connection, Section


class Display(Section, frozen=True, kw_only=True):
    """[display]: how the terminal looks to you."""

    zone: str = ""
    """Empty: the machine's."""
    theme: Literal["dark", "light", "colour-blind", "ansi"] = "dark"
    keys: Mapping[str, str] = {}
    """Binding id -> key or keys with commas. A map given here replaces a binding's keys."""
    opens: Literal[
        "watch", "runs", "models", "checks", "pipelines", "lineage", "serving", "infra", "events", "datasets"
    ] = "watch"  # fmt: skip
    """The screen that quarterdeck opens with."""
    notify: tuple[Literal["bell", "terminal"], ...] = ("bell", "terminal")
    """How notices of watched runs are told beside the screen; empty: on the screen alone."""

    def __post_init__(self) -> None:
        if self.zone:
            check_zone("zone", self.zone)


class User(Section, frozen=True, kw_only=True):
    """[user]: who you say that you are; claimed, not proven."""

    name: str = ""
    email: str = ""


class Cache(Section, frozen=True, kw_only=True):
    """[cache]: a cache file of your own choice, which a service account may own, and how much may be in it."""

    path: Path | None = None
    """Absolute after loading; written relative to the file, or with ~."""
    logs: str = "200MB"
    """What the logs of jobs may take, compressed; those that were read longest ago make room."""

    def __post_init__(self) -> None:
        check_size("logs", self.logs, 1_000_000)


class Webhook(Section, frozen=True, kw_only=True):
    """[[webhooks]]: sent only by `sync --watch --notify`."""

    url_env: str
    format: Literal["slack"] = "slack"

    def __post_init__(self) -> None:
        check_given("url_env", self.url_env)
        check_variable("url_env", self.url_env)


class Personal(Section, frozen=True, kw_only=True):
    """config.toml as a whole. What stands here is your own and needs no trust."""

    display: Display = Display()
    user: User = User()
    hosts: Mapping[str, Connection] = {}
    """Host, or host:port, as in an address -> how to reach it. Without a port: any port of the host."""
    mlflow: Mlflow = Mlflow()
    """Holds where a project's file names no tracking server of its own."""
    cache: Cache = Cache()
    webhooks: tuple[Webhook, ...] = ()

    def __post_init__(self) -> None:
        for host in self.hosts:
            if "/" in host or "@" in host or not host.strip():
                raise WrongError(
                    "hosts", f"holds {echo(host)}: write the host alone, or host:port, without scheme and path"
                )


class Remote(Section, frozen=True, kw_only=True):
    """[[projects]] in projects.toml: a project without a checkout."""

    name: str
    url: str
    """Of the Git repository."""
    settings: str = "quarterdeck.toml"
    """Path of the settings in it."""

    def __post_init__(self) -> None:
        check_given("name", self.name)
        check_given("url", self.url)
        if self.url.startswith("-"):
            raise WrongError("url", f"({echo(self.url)}) is no address of a Git repository")
        parts = self.settings.split("/")
        if not self.settings or self.settings.startswith("/") or ".." in parts:
            raise WrongError("settings", f"({echo(self.settings)}) is the path of the settings inside the repository")


class ProjectList(Section, frozen=True, kw_only=True):
    """projects.toml as a whole."""

    projects: tuple[Remote, ...] = ()


def convert_path(kind: type, value: object) -> object:
    """The one type that TOML does not know: a path, written as a text."""
    if kind is Path and isinstance(value, str) and value and "\0" not in value:
        return Path(value)
    raise ValueError("must be a path, as a text")
