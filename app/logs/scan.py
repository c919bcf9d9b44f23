"""Where a log's sections begin and end and where something went wrong, found while it is written: 100 MB take seconds.

A `Scanner` is fed a log's bytes as they come and gives marks. It looks at the beginning of lines only, so a line of
10 MB costs no more than another, and it can be put away between two pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec

from ..records import Millis, Record
from . import stamps

MarkKind = Literal["step", "open", "close", "last", "error", "final", "head", "part", "traceback"]
HEAD: Final = 4_096
"""Bytes of a line that are looked at."""
MOST_ERRORS: Final = 200
"""Errors of one section that are marked, ..."""
MOST_FINALS: Final = 200
"""... lines of one log that only say that it failed; what is above counts as an error, ..."""
MOST: Final = 20_000
"""... and all others of one log. Nothing is looked for that would not be marked, but for as many totals of nothing."""
_NAME: Final = 200
_LONGEST_TRACEBACK: Final = 2_000

# Groups by what they tell. Words count where a line begins or after a colon or bracket that programs write before
# them, since "0 errors" and "error_rate" are no errors.
_BEGIN: Final = (
    r"^(?:\xef\xbb\xbf)?(?:\[?\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)\]? ?(?:\d\d[OE]\+? ?)?)?(?:\x1b\[[\d;]*[mK])*"
)
_EDGE: Final = r"(?:\b|\x1b\[[\d;]*m)"
"""Where a word begins: behind a colour, too, whose last character is a letter."""
_WORDS: Final = "|".join(
    (
        rf"[^\n]{{0,120}}{_EDGE}(?:ERROR|FATAL|CRITICAL|PANIC)\b[^\w\n]",
        rf"[^\n]{{0,200}}{_EDGE}(?:[Ee]rror|fatal|panic|FAILED)(?:\[\w+\])?: ",
        rf"[^\n]{{0,60}}{_EDGE}[A-Z]\w*(?:Error|Exception): ",
        rf"[^\n]{{0,200}}{_EDGE}FAILED\b",
        r"[ \t]{0,40}[\[(]?(?:FAIL|FAILED|ERROR)\b",
        r"npm (?:ERR!|error) ",
        r"[^\n]{0,80}: command not found",
        r"[^\n]{0,80}(?:Segmentation fault|Out of memory|OOMKilled|CUDA out of memory|core dumped)",
        r"make(?:\[\d+\])?: \*\*\*",
        r"--- FAIL: ",
    )
)
_FINAL: Final = "|".join(
    (
        r"##\[error\](?:Process completed with exit code|The operation was canceled|The job running on)",
        r"(?:\x1b\[[\d;]*[mK])*ERROR: Job failed",
        r"Finished: (?:FAILURE|ABORTED|UNSTABLE)",
        r"ERROR: script returned exit code",
        r"Build step '[^\n]{1,80}' marked build as failure",
        r"quarterdeck: It (?:took longer than|was ended by|was cancelled|could not be started)",  # our own runner
    )
)
_ANYWHERE: Final = {
    "gitlab": r"section_(?:start|end):\d+:[\w.-]+",
    "failed": r"\x1b\[[\d;]*mERROR: Job failed",
}
"""What stands anywhere in a line: GitLab writes the end of one section and what follows it in one."""
_KINDS: Final = {
    "final": _FINAL,
    "said": r"##\[error\]",
    "github": r"##\[(?:group|endgroup)\][^\n]{0,200}|Post job cleanup\.|Cleaning up orphan processes",
    "jenkins": r"\[Pipeline\] (?:\{ \([^\n]{1,200}\)|// stage)",
    "traceback": r"[^\n]{0,80}Traceback \(most recent call last\)",
    "head": r"={3,} [^\n=]{1,100} ={3,}",
    "part": r"_{3,} [^\n]{1,150} _{3,}",
    "told": r"E  ",
    "word": _WORDS,
}
"""What begins a line, the first that fits."""
_ERRORS: Final = frozenset({"said", "told", "word"})
_FINALS: Final = frozenset({"final", "failed"})
_SECTIONS: Final = frozenset({*_ANYWHERE, *_KINDS}) - _ERRORS - _FINALS

_NONE: Final = re.compile(
    rb"(?<![\d.])0[ \t]+(?:FAIL|FAILED|ERROR)\b"
    rb"|\b(?:FAIL|FAILED|ERROR)\b[ \t]*[:=][ \t]*0(?=[ \t\r]*(?:$|[,;|)\]/]|[#A-Za-z]+[ \t]*[:=]))"
)
"""Totals of nothing, `FAIL: 0` and `0 FAILED`: RE2 cannot leave them out, so what it found is looked at again."""


class Mark(Record, frozen=True, array_like=True):
    """Something at a line.

    `step` begins a step and ends the one before. `open` begins a section of that name; `close` ends it before this
    line, `last` with it (without a name: the one that was begun last). `traceback` begins one, which its `last` ends.
    `head` is a title of pytest and `part` one of its tests. `error` is where something went wrong, `final` only says
    that it did.
    """

    line: int
    kind: MarkKind
    name: str = ""
    at: Millis | None = None


class _Kept(msgspec.Struct, array_like=True):
    """What a scanner knows between two pieces."""

    line: int = 0
    held: bytes = b""
    """The beginning of a line that is not complete."""
    traceback: int = -1
    """The line where a traceback began that still goes on."""
    told: int = -2
    """The last line of pytest's own that began with E."""
    error: int = -2
    """The last line that was marked."""
    in_echo: bool = False
    """In a group in which GitHub repeats the command."""
    errors: int = 0
    marks: int = 0
    finals: int = 0
    nones: int = 0
    """Lines with a total of nothing and no error."""


@lru_cache(maxsize=8)
def _places(finals: bool, sections: bool, errors: bool) -> Any:
    """Finds the lines that tell something, at half a gigabyte a second: it has no groups, so RE2 needs one pass."""
    import re2  # 15 ms that only a log needs

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # bytes
    kinds = {*(_FINALS if finals else ()), *(_SECTIONS if sections else ()), *(_ERRORS if errors else ())}
    begin = "|".join(pattern for kind, pattern in _KINDS.items() if kind in kinds)
    anywhere = [pattern for kind, pattern in _ANYWHERE.items() if kind in kinds]
    return re2.compile(f"(?m){'|'.join([*anywhere, f'{_BEGIN}(?:{begin})'])}".encode("latin-1"), options)


@lru_cache(maxsize=1)
def _sorter() -> re.Pattern[bytes]:
    """Tells what it is that was found; the patterns are bounded, so that this takes microseconds."""
    anywhere, kinds = (
        "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in patterns.items()) for patterns in (_ANYWHERE, _KINDS)
    )
    return re.compile(f"(?m){anywhere}|{_BEGIN}(?:{kinds})".encode("latin-1"))


class Scanner:
    """Reads a log from its beginning, or on from where another left it."""

    def __init__(self, kept: bytes = b"") -> None:
        self._kept = msgspec.msgpack.decode(kept, type=_Kept) if kept else _Kept()

    def kept(self) -> bytes:
        """What it takes to go on later."""
        return msgspec.msgpack.encode(self._kept)

    def feed(self, data: bytes, *, is_last: bool = False) -> list[Mark]:
        """The next bytes of the log; gives the marks of the lines that are complete. `is_last`: so is the last one."""
        kept, end = self._kept, data.rfind(b"\n")
        if end < 0 and not is_last:
            kept.held = (kept.held + data[:HEAD])[:HEAD]
            return []
        whole = kept.held + data[: end + 1]
        rest = data[end + 1 :]
        if is_last and rest:
            whole, rest = whole + rest, b""
        kept.held = rest[:HEAD]
        found = list(self._marks(whole))
        kept.line += whole.count(b"\n")
        return found

    def skip(self, lines: int) -> None:
        """So many lines of another's are written in between."""
        self._kept.line += lines
        self._kept.held = b""

    def _marks(self, text: bytes) -> Iterator[Mark]:
        kept = self._kept
        line, at = kept.line, 0
        if kept.traceback >= 0:
            at, line = self._traceback_goes_on(text, 0, line)
            if kept.traceback >= 0:
                return
            yield from self._end_of_traceback(line)
        while (found := self._next(text, at)) is not None:
            line, at = line + text.count(b"\n", at, found.start()), found.start()
            told = _sorter().match(text, at)
            if told is not None and told.lastgroup == "word":
                told = _without_none(text, at, told)
                self._count_none(told)
            at = found.end()
            if told is None or told.lastgroup is None:
                continue
            yield from self._told(told.lastgroup, told.group(told.lastgroup), line, text, told.start())
            if kept.traceback >= 0:
                at, line = self._traceback_goes_on(text, *_next_line(text, at, line))
                if kept.traceback >= 0:
                    return
                yield from self._end_of_traceback(line)

    def _next(self, text: bytes, at: int) -> Any:
        """The next place from `at` on that would still be marked; None when there is none."""
        kept = self._kept
        finals, others = kept.finals < MOST_FINALS, kept.marks < MOST
        if not (finals or others):
            return None
        return _places(finals, others, others and kept.errors < MOST_ERRORS).search(text, at)

    def _count_none(self, told: re.Match[bytes] | None) -> None:
        """Totals of nothing are looked at twice (6 µs each): of too many, each counts as an error does."""
        if told is None:
            self._kept.nones += 1
            self._kept.errors += self._kept.nones > MOST

    def _told(self, kind: str, words: bytes, line: int, text: bytes, start: int) -> Iterator[Mark]:
        name = words[:_NAME].decode("utf-8", "replace").strip()
        if kind == "gitlab":
            yield from self._gitlab(name, line)
        elif kind == "github":
            yield from self._github(name, line, lambda: _time(text, start))
        elif kind == "jenkins":
            kind_of: MarkKind = "last" if "//" in name else "open"
            title = "" if kind_of == "last" else name[name.index("(") + 1 : -1]
            yield from self._section(kind_of, line, title, _time(text, start))
        elif kind in ("head", "part"):
            yield from self._section("head" if kind == "head" else "part", line, name.strip("=_ "))
        elif kind in ("final", "failed"):
            yield from self._final(line)
        elif kind == "traceback":
            self._kept.traceback = line
            yield from self._section("traceback", line)
        elif kind == "said" or not self._kept.in_echo:
            yield from self._error(kind, line)

    def _final(self, line: int) -> Iterator[Mark]:
        self._kept.finals += 1
        if self._kept.finals <= MOST_FINALS:
            yield Mark(line, "final")
        else:
            yield from self._error("final", line)

    def _error(self, kind: str, line: int) -> Iterator[Mark]:
        kept = self._kept
        goes_on = kind == "told" and kept.told == line - 1
        kept.told = line if kind == "told" else kept.told
        if goes_on or kept.error == line:
            return
        kept.error = line
        kept.errors += 1
        if kept.errors <= MOST_ERRORS and kept.marks < MOST:
            kept.marks += 1
            yield Mark(line, "error")

    def _section(self, kind: MarkKind, line: int, name: str = "", at: Millis | None = None) -> Iterator[Mark]:
        kept = self._kept
        kept.errors = 0
        kept.marks += 1
        if kept.marks <= MOST:
            yield Mark(line, kind, name, at)

    def _gitlab(self, words: str, line: int) -> Iterator[Mark]:
        what, seconds, name = words.split(":", 2)
        at = int(seconds) * 1000 if len(seconds) < 12 else None
        yield from self._section("open" if what == "section_start" else "close", line, name, at)

    def _github(self, words: str, line: int, time: Any) -> Iterator[Mark]:
        kept = self._kept
        what, _, name = words.rpartition("##[")[2].partition("]")
        if not words.startswith("##["):
            yield from self._section("step", line, words.rstrip("."), time())
        elif what == "group" and name.startswith("Run "):
            kept.in_echo = True
            yield from self._section("step", line, name, time())
        else:
            kept.in_echo = kept.in_echo and what == "group"
            yield from self._section("open" if what == "group" else "last", line, name, time())

    def _traceback_goes_on(self, text: bytes, at: int, line: int) -> tuple[int, int]:
        """Where the lines of a traceback end: the place and number of the first that is not indented."""
        kept = self._kept
        while at < len(text):
            end = text.find(b"\n", at)
            body = _without_stamp(text[at : end if end >= 0 else None])
            if body[:1] not in (b" ", b"\t", b"\r", b"|") or line - kept.traceback > _LONGEST_TRACEBACK:
                kept.traceback = -1
                return at, line
            if end < 0:
                break
            at, line = end + 1, line + 1
        return len(text), line

    def _end_of_traceback(self, line: int) -> Iterator[Mark]:
        if not self._kept.in_echo:
            yield from self._error("traceback", line)
        yield from self._section("last", line, "Traceback")


def _next_line(text: bytes, at: int, line: int) -> tuple[int, int]:
    end = text.find(b"\n", at)
    return (len(text), line) if end < 0 else (end + 1, line + 1)


def _without_none(text: bytes, at: int, told: re.Match[bytes]) -> re.Match[bytes] | None:
    """What a line tells without its totals of nothing."""
    end = text.find(b"\n", at, at + HEAD)
    line = text[at : end if end >= 0 else at + HEAD]
    rest = _NONE.sub(b"", line)
    return told if rest == line else _sorter().match(rest)


def _without_stamp(line: bytes) -> bytes:
    found = stamps.STAMP.match(line)
    return line[found.end() :] if found else line


def _time(text: bytes, at: int) -> Millis | None:
    start = text.rfind(b"\n", 0, at) + 1
    found = stamps.STAMP.match(text, start)
    return stamps.moment(found.group()) if found else None
