"""Settings files, read carefully: the file in a repository is somebody else's."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ..errors import SettingsError
from .checks import mistake
from .lines import Place, line_of
from .personal import convert_path

LARGEST = 256 * 1024
"""Bytes of a settings file. The parser takes 10 ms for them; what is larger is no settings file."""

DEEPEST = 32
_WORD = re.compile(r""""(?:\\.|[^"\\\n])*+"?|'[^'\n]*+'?|[A-Za-z0-9_-]+""")
_T = TypeVar("_T", bound=msgspec.Struct)


def read_settings(file: Path, kind: type[_T]) -> _T:
    """The file as a struct of `kind`. Raises SettingsError with file, line, what was found and what is allowed."""
    return parse_settings(read_text(file), kind, file)


def parse_settings(text: str, kind: type[_T], file: Path | str) -> _T:
    """A text as a struct of `kind`; `file` is its name in errors. Raises SettingsError."""
    check_depth(text, file)
    try:
        content: Any = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also an integer of 5,000 digits
        from . import mistakes  # 5 ms at the start, wanted by wrong files only

        raise mistakes.syntax_mistake(file, error) from error
    try:
        return msgspec.convert(content, kind, dec_hook=convert_path)
    except msgspec.ValidationError as error:
        from . import mistakes

        raise mistakes.shape_mistake(file, text, content, kind, error) from error


def check_depth(text: str, file: Path | str) -> None:
    """Raise SettingsError for keys of very many parts: tomllib takes their number squared in memory, 240 KB 50 GB."""
    words = _WORD.sub("w", text)  # linear, as the pieces cannot overlap and a string need not end
    if "w." * DEEPEST in words.replace(" ", "").replace("\t", ""):
        raise mistake(file, f"has a key of more than {DEEPEST} parts: that is no settings file.")


def read_text(file: Path) -> str:
    """The text of a regular file of bounded size: neither a pipe nor a device can hold us. Raises SettingsError."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise mistake(file, f"there is no such file.{_neighbour(file)}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name cannot be one of a file"
        raise mistake(file, f"cannot be read: {reason}.") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise mistake(file, "is not a file: settings are a text file in TOML.")
        return decoded(_read(descriptor), file)
    except OSError as error:
        raise mistake(file, f"cannot be read: {error.strerror}.") from error
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> bytes:
    """At most one byte more than is allowed: enough to see that it is too much."""
    with os.fdopen(descriptor, "rb", closefd=False) as stream:
        return stream.read(LARGEST + 1)


def decoded(raw: bytes, file: Path | str) -> str:
    """The bytes of a settings file as text. Raises SettingsError when they are too many or no UTF-8."""
    if len(raw) > LARGEST:
        raise mistake(file, f"is larger than {LARGEST // 1024} KiB: that is no settings file.")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise mistake(file, f"is not UTF-8: byte 0x{raw[error.start]:02x} cannot be read.", line) from error


def _neighbour(file: Path) -> str:
    """“ Did you mean NAME?” when a file of a similar name stands beside the missing one."""
    from .mistakes import nearest

    try:
        return nearest(file.name, sorted(entry.name for entry in file.parent.iterdir() if entry.suffix == ".toml"))
    except OSError:
        return ""


def mistake_at(file: Path | None, place: Place, sentence: str) -> SettingsError:
    """The error for a value that turned out wrong in use: its line is looked up in the file."""
    from .mistakes import named

    line = None
    if file is not None:
        try:
            line = line_of(read_text(file), place)
        except SettingsError:
            line = None  # changed since it was read: the place alone must do
    return mistake(file or "settings", f"{named(place)} {sentence}", line)
