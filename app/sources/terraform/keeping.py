"""Parts as a cursor keeps them, and what a command printed as it is kept on disk: in their reduced form alone."""

from __future__ import annotations

import contextlib
import zlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64Error
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from ...records import Record
from ..checks.command import Ran
from ..checks.files import ChangedError, content, stumbled
from ..checks.reading import ResultFile, UnreadableError
from .entries import LARGEST
from .part import Part
from .reading import read

_LARGEST: Final = 256 * 1024 * 1024
"""Bytes of a part that was unpacked: what we packed ourselves is smaller."""

_part = msgspec.msgpack.Decoder(Part).decode  # made here, where no other thread makes it too


class Printed(Record, frozen=True, kw_only=True):
    """What a command printed, reduced."""

    part: Part | None = None
    sentence: str = ""
    """Why it could not be read."""
    ran_at: int = 0


def packed(part: Part) -> str:
    """A part as text of a few bytes for each resource."""
    return b64encode(zlib.compress(msgspec.msgpack.encode(part), 1)).decode()


def unpacked(text: str) -> Part | None:
    """The part again; None for what is none any more, and is read anew."""
    try:
        data = zlib.decompressobj().decompress(b64decode(text), _LARGEST)
        return _part(data)
    except (NotBase64Error, ValueError, zlib.error, msgspec.MsgspecError):
        return None


def part_of(file: ResultFile, stack: str) -> Part:
    """What a file says, with the digest of all of it. Raises UnreadableError and nothing else."""
    try:
        part = read(file, stack)
    except UnreadableError:
        raise
    except Exception as error:  # the boundary: one file that is stumbled over stops no other
        raise UnreadableError(file.path, stumbled(file.path, error)) from error
    return replace(part, digest=blake2b(file.data, digest_size=8).hexdigest())


class Printer:
    """Takes over what a command printed. The output itself is gone when this returns."""

    def __init__(self, folder: Path, stack: str, words: str) -> None:
        self._file, self._stack, self._words = folder / "printed.json", stack, words

    def take(self, output: Path, ran: Ran) -> None:
        """Read it, and keep what may be kept."""
        try:
            data = content(str(output), self._words, largest=LARGEST)
            file = ResultFile(path=f"`{self._words}`", data=data, modified_at=ran.started_at)
            printed = Printed(part=part_of(file, self._stack), ran_at=ran.started_at)
        except (UnreadableError, ChangedError) as error:
            printed = Printed(sentence=str(error), ran_at=ran.started_at)
        draft = self._file.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(printed))
        draft.replace(self._file)

    def last(self) -> Printed | None:
        """What was kept the last time; None for nothing."""
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode(self._file.read_bytes(), type=Printed)
        return None
