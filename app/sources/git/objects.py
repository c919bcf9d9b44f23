"""What refs point at, read straight from the objects: a missing or absurd one spoils no other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ...records import Millis
from .calls import Repository

_LARGEST: Final = 1 << 20
"""Bytes of a commit or tag that is looked into: beyond it is no message but an attack on memory."""
_NESTED: Final = 8
"""A tag may name a tag. So many are followed."""
_LATEST: Final = (1 << 53) // 1000
"""Seconds: a date beyond is held at it, so that its milliseconds are exact in JSON and fit in SQLite."""
_STAMP: Final = re.compile(rb"^(author|committer|tagger) .*?(-?\d+)(?: [+-]\d+)?$", re.MULTILINE)
_SHA: Final = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LINK: Final = re.compile(rb"^(tree|parent|object|type) (\S+)$", re.MULTILINE)


class GitObject(NamedTuple):
    """The head of a commit or tag. `at` is the committer's or tagger's time, `authored_at` the author's."""

    kind: str
    parents: tuple[str, ...]
    target: str | None
    """What a tag names."""
    at: Millis | None
    authored_at: Millis | None


class Target(NamedTuple):
    """The commit that a ref stands for in the end, and the time of the ref itself."""

    sha: str
    at: Millis | None


def millis(seconds: bytes) -> Millis:
    """Git's seconds since 1970, of any size and sign, as milliseconds that every store can hold."""
    try:
        return max(-_LATEST, min(int(seconds[:24]), _LATEST)) * 1000
    except ValueError:
        return 0


def parse_object(kind: str, raw: bytes) -> GitObject:
    """The head of a raw commit or tag."""
    head = raw.partition(b"\n\n")[0]
    links: dict[bytes, list[str]] = {}
    for name, value in _LINK.findall(head):
        links.setdefault(name, []).append(value.decode("ascii", "replace"))
    times = {name: millis(seconds) for name, seconds in _STAMP.findall(head)}
    target = links.get(b"object", [None])[0]
    at = times.get(b"committer", times.get(b"tagger"))
    return GitObject(kind, tuple(links.get(b"parent", ())), target, at, times.get(b"author"))


def read_objects(repository: Repository, shas: Iterable[str]) -> dict[str, GitObject]:
    """The commits and tags among `shas`; what is missing, of another kind or monstrous is left out. Raises GitError.

    Two calls: sizes first, because a ref may point at a file of gigabytes.
    """
    asked = list(dict.fromkeys(shas))
    if not asked:
        return {}
    checked = repository.run("cat-file", "--batch-check", stdin=_lines(asked))
    fit = [words[0].decode() for words in map(bytes.split, checked.splitlines()) if _is_fit(words)]
    if not fit:
        return {}
    answers = Answers(repository.pieces("cat-file", "--batch", stdin=_lines(fit)))
    found: dict[str, GitObject] = {}
    while (answer := answers.next()) is not None:
        if answer is not NOT_THERE:  # it went between the two calls
            found[answer.sha] = parse_object(answer.kind, answers.content(answer))
    return found


def read_targets(repository: Repository, shas: Iterable[str]) -> dict[str, Target]:
    """The commit behind each of `shas`, tags followed; those without one are left out. Raises GitError."""
    found: dict[str, Target] = {}
    rounds: list[tuple[str, str, Millis | None]] = [(sha, sha, None) for sha in dict.fromkeys(shas)]
    for _ in range(_NESTED):
        objects = read_objects(repository, (sha for sha, _, _ in rounds))
        following: list[tuple[str, str, Millis | None]] = []
        for sha, origin, at in rounds:
            item = objects.get(sha)
            if item is not None and item.kind == "commit":
                found[origin] = Target(sha, item.at if at is None else at)
            elif item is not None and item.target is not None:
                following.append((item.target, origin, item.at if at is None else at))
        rounds = following
        if not rounds:
            break
    return found


def _lines(shas: Iterable[str]) -> bytes:
    return "".join(f"{sha}\n" for sha in shas).encode()


def _is_fit(words: list[bytes]) -> bool:
    return len(words) == 3 and words[1] in (b"commit", b"tag") and int(words[2]) <= _LARGEST


class Answer(NamedTuple):
    """One object in the answer of `cat-file --batch`."""

    sha: str
    """"" of one that is not there."""
    kind: str = ""
    size: int = 0


NOT_THERE: Final = Answer("")


class Answers:
    """What `cat-file --batch` answers, a line of its stdin each: first `next`, then `content` or nothing more at all.

    Of what is too large nobody asks the content: only ending Git spares the gigabytes.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = bytearray()

    def next(self) -> Answer | None:
        """The head of the next object; None at the end."""
        line = self._line()
        if line is None:
            return None
        words = line.split()
        if len(words) != 3 or not words[2].isdigit() or _SHA.fullmatch(words[0]) is None:
            return NOT_THERE  # "<line> missing": it may hold anything but a line break
        return Answer(words[0].decode(), words[1].decode(), int(words[2]))

    def content(self, answer: Answer) -> bytes:
        """The bytes of the object whose head was given last; fewer where the answer broke off."""
        while len(self._held) < answer.size + 1 and self._more():
            pass
        found = bytes(self._held[: answer.size])
        del self._held[: answer.size + 1]
        return found

    def _more(self) -> bool:
        piece = next(self._pieces, None)
        if piece is not None:
            self._held += piece
        return piece is not None

    def _line(self) -> bytes | None:
        searched = 0
        while (end := self._held.find(b"\n", searched)) < 0:
            searched = len(self._held)
            if not self._more():
                return None
        found = bytes(self._held[:end])
        del self._held[: end + 1]
        return found
