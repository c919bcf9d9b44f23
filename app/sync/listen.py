"""The syncer's end of the channel. Whoever hangs, talks nonsense or does not stop talking harms only himself."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import msgspec

from ..channel import (
    LONGEST_LINE,
    SILENCE,
    Answer,
    AskPass,
    AskWant,
    Finished,
    Progress,
    Refused,
    decode_request,
    encode_answer,
    socket_path,
)
from ..errors import QuarterdeckError
from ..records import SourceState, Want

_MOST: Final = 64
"""Connections at a time; ten terminals need ten for a moment each."""

_BEAT: Final = 0.25
_STILL_HERE: Final = 5.0
"""Seconds between two words of progress while something changes, and while nothing does."""


class Listener(Protocol):
    """Who answers."""

    def take(self, want: Want) -> None:
        """Somebody looks at this."""

    async def run_pass(self, names: tuple[str, ...], full: bool) -> tuple[SourceState, ...]:
        """Run a pass now. Raises QuarterdeckError."""

    def states(self) -> tuple[SourceState, ...]:
        """How the sources are doing."""


class Channel:
    """A listening socket, and the connections to it."""

    def __init__(self, cache: Path, listener: Listener) -> None:
        self.path: Path | None = None
        """Where it listens; None while it does not."""
        self._cache = cache
        self._listener = listener
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._inode = 0

    async def start(self) -> None:
        """Listen, in place of a socket that a dead syncer left. Raises OSError, StoreError."""
        path = socket_path(self._cache)
        self._server = await asyncio.start_unix_server(self._accept, path, limit=LONGEST_LINE)
        path.chmod(0o600)
        self.path, self._inode = path, path.stat().st_ino

    def is_there(self) -> bool:
        """Whether the socket still can be found: a logout may empty the runtime folder."""
        try:
            return self.path is not None and self.path.stat().st_ino == self._inode
        except OSError:
            return False

    async def stop(self) -> None:
        """Stop listening; who still waits for an answer sees the line close."""
        if self._server is None:
            return
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()
        if self.path is not None and self.is_there():
            self.path.unlink(missing_ok=True)
        self.path, self._server = None, None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if len(self._open) <= _MOST and _is_us(writer):
                await self._converse(reader, writer)
        except (OSError, ValueError, TimeoutError, msgspec.MsgspecError, asyncio.CancelledError):
            pass  # gone, too long, silent, nonsense, or we end: all are answered by closing the line
        finally:
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            self._open.discard(task)  # not before: who stops waits until the line is closed

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            async with asyncio.timeout(SILENCE):
                line = await reader.readline()
            if not line.endswith(b"\n"):
                return
            match decode_request(line):
                case AskWant(want=want):
                    self._listener.take(want)
                case AskPass(sources=names, full=full):
                    await self._serve_pass(writer, names, full)

    async def _serve_pass(self, writer: asyncio.StreamWriter, names: tuple[str, ...], full: bool) -> None:
        running = asyncio.ensure_future(self._listener.run_pass(names, full))
        try:
            await _tell_until_done(running, self._listener.states, lambda answer: _send(writer, answer))
            await _send(writer, Finished(await running))
        except QuarterdeckError as error:
            await _send(writer, Refused(str(error)))
        finally:
            running.cancel()


async def _tell_until_done(
    running: asyncio.Future[tuple[SourceState, ...]],
    states: Callable[[], tuple[SourceState, ...]],
    tell: Callable[[Answer], Awaitable[None]],
) -> None:
    """Say how it goes whenever it changed, and now and then when it did not."""
    told: tuple[SourceState, ...] = ()
    silent = 0.0
    while not (await asyncio.wait([running], timeout=_BEAT))[0]:
        silent += _BEAT
        if states() != told or silent >= _STILL_HERE:
            told, silent = states(), 0.0
            await tell(Progress(told))


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    writer.write(encode_answer(answer))
    async with asyncio.timeout(_STILL_HERE):  # who does not read is left
        await writer.drain()


def _is_us(writer: asyncio.StreamWriter) -> bool:
    """Whether the same user is at the other end. Where the kernel does not say, the 0700 folder has decided."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    line: socket.socket = writer.get_extra_info("socket")
    found = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", found)[1] == os.geteuid())
