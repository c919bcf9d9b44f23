"""How terminals and commands speak to the syncer: JSON lines over a Unix socket in the runtime folder.

The lock file beside the cache says where the socket is, so whoever knows the cache finds its syncer, whatever
XDG_RUNTIME_DIR either of them was started with. The folder is 0700 and the syncer asks the kernel who calls:
nobody else's process is listened to. The client side blocks, for milliseconds, and imports next to nothing.
"""

from __future__ import annotations

import os
import re
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from .errors import QuarterdeckError, StoreError, UsageError
from .paths import make_private, runtime_dir
from .records import Millis, SourceState, Want

LONGEST_LINE: Final = 256 * 1024
"""Bytes of one line. A want of 5,000 runs takes 180 KB; whoever sends more is cut off."""

SILENCE: Final = 30.0
"""Seconds without a word after which the other side is given up. The syncer says something every 5."""

_LONGEST_PATH: Final = 103
"""Bytes of a socket's path: sun_path holds 108 on Linux and 104 on macOS, with a zero at the end."""

_CONNECT_SECONDS: Final = 0.5


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """What the lock file says about the syncer that holds it. Only true while the lock is held."""

    pid: int
    host: str
    version: str
    schema: int
    started_at: Millis
    socket: str = ""
    """Where it listens; "" for a single pass, which does not listen."""
    log: str = ""


class AskWant(msgspec.Struct, frozen=True, tag="want"):
    """Fetch this, somebody looks at it. Not answered: the cache shows it when it is there."""

    want: Want


class AskPass(msgspec.Struct, frozen=True, tag="pass"):
    """Run a pass (or a whole sweep) over these sources now, all where none is named."""

    sources: tuple[str, ...] = ()
    full: bool = False


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """How the sources are doing while a pass runs; also said every 5 seconds so that the asker keeps waiting."""

    states: tuple[SourceState, ...]


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The pass ended; not every source need have done well."""

    states: tuple[SourceState, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """It cannot be done, and why."""

    sentence: str


Request = AskWant | AskPass
Answer = Progress | Finished | Refused

_requests: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request)
_answers: Final[msgspec.json.Decoder[Answer]] = msgspec.json.Decoder(Answer)


def lock_file(cache: Path) -> Path:
    """The lock file of a cache: one for all generations of it. `cache` as `store.files.cache_file` gives it."""
    stem = re.sub(r"\.g\d+(\.db|)$", "", cache.name)
    return Path(os.path.realpath(cache.parent)) / f"{stem}.lock"


def read_holder(cache: Path) -> Holder | None:
    """Who holds the lock or held it last; None where nobody did yet or it is being written right now."""
    try:
        return msgspec.json.decode(lock_file(cache).read_bytes(), type=Holder)
    except (OSError, msgspec.MsgspecError):
        return None


def socket_path(cache: Path) -> Path:
    """Where the syncer of this cache is to listen. Makes the folder, 0700. Raises StoreError."""
    name = blake2b(os.fsencode(lock_file(cache)), digest_size=8).hexdigest() + ".sock"
    try:
        path = runtime_dir() / name
    except StoreError:
        path = _spare_folder() / name
    if len(os.fsencode(path)) > _LONGEST_PATH:
        path = _spare_folder() / name
    make_private(path.parent)
    return path


def _spare_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"quarterdeck-{os.geteuid()}"


def ask(cache: Path, want: Want) -> bool:
    """Ask for what somebody looks at, and do not wait. False when nobody listens.

    Blocks well under a millisecond; half a second at worst, when the syncer is stopped or overrun.
    """
    try:
        with closing(_connect(cache)) as line:
            line.sendall(_encoded(AskWant(want)))
    except OSError:
        return False
    return True


def request_pass(
    cache: Path,
    *,
    sources: Iterable[str] = (),
    full: bool = False,
    on_progress: Callable[[tuple[SourceState, ...]], None] = lambda states: None,
) -> tuple[SourceState, ...] | None:
    """Have the running syncer run a pass, wait for its end, and give the states of the sources that it ran.

    `sources` are names of the settings, none for all; `full` asks for a whole sweep. None when nobody listens.
    Raises UsageError for a name that the syncer does not know, QuarterdeckError when it ends in the middle.
    """
    try:
        line = _connect(cache)
    except OSError:
        return None
    with closing(line):
        line.settimeout(SILENCE)
        try:
            line.sendall(_encoded(AskPass(tuple(sources), full)))
            return _outcome(_answers_on(line), on_progress)
        except OSError as error:
            raise QuarterdeckError("The syncer stopped answering in the middle of the pass. Ask again.") from error


def wait_until_listening(cache: Path, seconds: float) -> bool:
    """Give a syncer that has just been started time to listen; whether it does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            _connect(cache).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


def _connect(cache: Path) -> socket.socket:
    holder = read_holder(cache)
    if holder is None or not holder.socket:
        raise FileNotFoundError(f"no syncer listens for {cache}")
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(_CONNECT_SECONDS)
    try:
        line.connect(holder.socket)
    except OSError:
        line.close()
        raise
    return line


def _encoded(message: Request | Answer) -> bytes:
    return msgspec.json.encode(message) + b"\n"


def _answers_on(line: socket.socket) -> Iterator[Answer]:
    """The answers as they come; ends when the other side closes."""
    with line.makefile("rb") as lines:
        for text in lines:
            try:
                yield _answers.decode(text)
            except msgspec.MsgspecError as error:
                raise QuarterdeckError(
                    "The syncer speaks another version's language. End it (`quarterdeck status` names its process)"
                    " and ask again."
                ) from error


def _outcome(
    answers: Iterator[Answer], on_progress: Callable[[tuple[SourceState, ...]], None]
) -> tuple[SourceState, ...]:
    for answer in answers:
        match answer:
            case Progress(states=states):
                on_progress(states)
            case Finished(states=states):
                return states
            case Refused(sentence=sentence):
                raise UsageError(sentence)
    raise QuarterdeckError("The syncer ended in the middle of the pass. Nothing is lost: ask again.")


def decode_request(line: bytes) -> Request:
    """A line as the syncer got it. Raises msgspec.MsgspecError."""
    return _requests.decode(line)


def encode_answer(answer: Answer) -> bytes:
    """An answer as a line."""
    return _encoded(answer)
