"""What a single value must look like, beyond its type. Each check raises `WrongError`, which names the key."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ..errors import SettingsError
from ..text import clip

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|m|h|d|w)", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)\s*([kKmMgG][bB])", re.ASCII)
_SIZES = {"kb": 10**3, "mb": 10**6, "gb": 10**9}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NEVER = "never"


class WrongError(ValueError):
    """A value that cannot stand: `key` is where in its table, the message completes “KEY ...”."""

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key = key


def mistake(file: Path | str, sentence: str, line: int | None = None) -> SettingsError:
    """The error for a sentence about a file, and a line of it where one is known."""
    at = f":{line}" if line else ""
    return SettingsError(f"{clip(str(file), 300)}{at}: {sentence}")


def echo(value: str) -> str:
    """A value as an error repeats it: safe to show, and cut."""
    return f"“{clip(value, 60)}”"


def seconds(duration: str) -> float:
    """Seconds of a duration: `"30s"`, `"2m"`, `"8h"`, `"14d"`, `"1w"`, `"250ms"`. Raises ValueError."""
    found = _DURATION.fullmatch(duration.strip())
    if found is None:
        raise ValueError("is no duration: write a number and s, m, h, d or w, as in “30s” or “14d”")
    return float(found[1]) * _UNITS[found[2]]


def octets(size: str) -> int:
    """Bytes of a size: `"200MB"`, `"1.5 GB"`, `"800kB"`. Raises ValueError."""
    found = _SIZE.fullmatch(size.strip())
    if found is None:
        raise ValueError("is no size: write a number and kB, MB or GB, as in “200MB”")
    return round(float(found[1]) * _SIZES[found[2].lower()])


def check_size(key: str, value: str, least: int) -> None:
    """A size of at least so many bytes."""
    try:
        size = octets(value)
    except ValueError as error:
        raise WrongError(key, f"({echo(value)}) {error}") from error
    if size < least:
        raise WrongError(key, f"({echo(value)}) is too small: {least / 1e6:g}MB at least")


def check_duration(key: str, value: str | None, least: float = 0.0, most: float | None = None) -> None:
    """A duration within bounds (seconds); None stands for “not given”."""
    if value is None:
        return
    try:
        length = seconds(value)
    except ValueError as error:
        raise WrongError(key, f"({echo(value)}) {error}") from error
    if length < least:
        raise WrongError(key, f"({echo(value)}) is too short: {least:g} seconds at least")
    if most is not None and length > most:
        raise WrongError(key, f"({echo(value)}) is too long: {most:g} seconds at most")


def check_variable(key: str, value: str) -> None:
    """The name of an environment variable. What stands there instead may be the secret itself: never echoed."""
    if value and not _VARIABLE.fullmatch(value):
        raise WrongError(key, "must be the name of an environment variable, never the secret itself")


def check_url(key: str, value: str, schemes: tuple[str, ...] = ("http", "https")) -> None:
    """An address with a scheme that is allowed and a host, and without a password in it."""
    if not value:
        return
    parts = split_url(key, value)
    if parts.scheme not in schemes or not parts.hostname:
        raise WrongError(
            key, f"({echo(value)}) is no address: it begins with {' or '.join(s + '://' for s in schemes)}"
        )


def split_url(key: str, value: str) -> SplitResult:
    """The parts of an address. A name or password in it is refused and never echoed."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise WrongError(key, "is no address that can be read") from error
    if parts.username is not None or parts.password is not None:
        raise WrongError(
            key, "carries a name or a password: leave it out and bind one to the host in personal settings"
        )
    return parts


def check_words(key: str, values: Iterable[str]) -> None:
    """None of the texts is empty."""
    if not all(value.strip() for value in values):
        raise WrongError(key, "holds an empty text")


def check_given(key: str, value: str) -> None:
    """A text that must not be empty."""
    if not value.strip():
        raise WrongError(key, "must not be empty")


def check_pattern(key: str, value: str) -> None:
    """A pattern of files below a folder, as pathlib's `glob` reads them; empty stands for “not given”."""
    if not value:
        return
    parts = [part for part in value.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or value.startswith(("/", "~")) or "\0" in value:
        raise WrongError(key, f"({echo(value)}) names no files inside the work tree: write one as in “reports/*.xml”")
    if any("**" in part and part != "**" for part in parts):
        raise WrongError(key, f"({echo(value)}) has more beside “**”: write “**/*.xml” for a folder and all below it")


def check_glob(key: str, value: str) -> None:
    """A pattern of files, wherever they are: what `**` stands beside, and what no system can hold."""
    if "\0" in value:
        raise WrongError(key, "holds a NUL character, which no file has in its name")
    if any("**" in part and part != "**" for part in value.split("/")):
        raise WrongError(key, f"({echo(value)}) has more beside “**”: write “**/*.json” for a folder and all below it")
    if value.endswith("**"):
        raise WrongError(key, f"({echo(value)}) names folders: write which files in them, as in “**/*.json”")


def check_artifact(key: str, value: str) -> None:
    """A pattern of artifacts, which have no place but their own; empty stands for “not given”."""
    if not value:
        return
    parts = [part for part in value.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or value.startswith(("/", "~")):
        raise WrongError(key, f"({echo(value)}) names no artifacts: write one as in “checks/*.json”")
    check_glob(key, value)


def check_command(key: str, value: str) -> None:
    """A command line that a system can take."""
    check_given(key, value)
    if "\0" in value:
        raise WrongError(key, "holds a NUL character, which no command can")


def check_zone(key: str, name: str) -> None:
    """A time zone that this machine knows, as in “Europe/Oslo”."""
    from zoneinfo import ZoneInfo  # 3 ms, wanted by the few files that name a zone

    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise WrongError(key, f"({echo(name)}) is no time zone: write one as in “Europe/Oslo” or “UTC”") from error
