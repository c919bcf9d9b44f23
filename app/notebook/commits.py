"""A commit that adds notes to a notebook, and the look whether they are there. Plumbing: no work tree, no merge.

`run` is Git in a bare repository of ours that has what the tip names (see promotion/desk.py); it raises GitError.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from ..errors import RefusedError
from ..records import Millis, Note
from .lines import read, union
from .tree import LARGEST_TEXT, REF, name_of, places

_FULL: Final = LARGEST_TEXT + 1
"""The size of a place where nothing of ours goes."""
_UNSAFE: Final = re.compile(r"[\x00-\x1f<>\x7f\ud800-\udfff]")


class Run(Protocol):
    """Git's answer. Raises GitError."""

    def __call__(self, *args: str, stdin: bytes | None = None) -> bytes:
        """Run it."""


class _Held(NamedTuple):
    """What lies at a path."""

    path: str
    name: str = ""
    """Of the blob; "" where nothing is."""
    size: int = 0


def add(run: Run, tip: str, notes: Sequence[Note], who: tuple[str, str], at: Millis) -> str:
    """A commit on `tip` ("": there is no notebook yet) that holds these notes as well; `tip` where it has them all.

    `who` is name and email. Nothing that lies there goes or is changed, whoever wrote it. What somebody filled takes no
    more: the notes on that subject are left out. Raises GitError, and RefusedError where nothing else is to be added.
    """
    changed: dict[str, bytes] = {}
    full: list[str] = []
    for subject, own in _by_subject(notes).items():
        held = _held(run, tip, subject)
        if not _missing(run, held, own):
            continue
        place = _fit(held)
        if place is None:
            full.append(subject)
        else:
            changed[place.path] = union(_content(run, place.name), own)
    if full and not changed:
        raise RefusedError(f"So much is noted on {full[0]} in the team's repository that nothing can be added.")
    return _commit(run, tip, changed, who, at) if changed else tip


def missing(run: Run, tip: str, notes: Sequence[Note]) -> list[Note]:
    """Those of the notes that the notebook at `tip` does not have, in two calls of Git however many they are.

    Raises GitError.
    """
    if not tip or not notes:
        return list(notes)
    paths = [path for subject in _by_subject(notes) for path in places(name_of(subject, len(tip)))]
    asked = "".join(f"{tip}:{path}\n" for path in paths).encode()
    answers = map(bytes.split, run("cat-file", "--batch-check", stdin=asked).splitlines())
    held = [_read_held(path, words) for path, words in zip(paths, answers, strict=True)]
    names = [one.name for one in held if one.name and one.size <= LARGEST_TEXT]
    there = {note.id for text in _contents(run, names) for note in read(text)}
    return [note for note in notes if note.id not in there]


def _contents(run: Run, names: Sequence[str]) -> Iterator[bytes]:
    """What lies in these blobs, in their order: `NAME blob SIZE`, a line's end, the bytes, a line's end."""
    text = run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode()) if names else b""
    at = 0
    for _ in names:
        start = text.index(b"\n", at) + 1
        at = start + int(text[at:start].split()[2])
        yield text[start:at]
        at += 1


def _by_subject(notes: Iterable[Note]) -> dict[str, list[Note]]:
    found: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        found[note.subject].append(note)
    return found


def _held(run: Run, tip: str, subject: str) -> list[_Held]:
    """What lies at the places of a subject, and at that of the folder of the first one."""
    paths = places(name_of(subject, len(tip) or _digits(run)))
    if not tip:
        return [_Held(path) for path in paths]
    folder = paths[0].partition("/")[0]
    asked = "".join(f"{tip}:{path}\n" for path in (*paths, folder)).encode()
    *answers, of_folder = map(bytes.split, run("cat-file", "--batch-check", stdin=asked).splitlines())
    found = [_read_held(path, words) for path, words in zip(paths, answers, strict=True)]
    is_taken = len(of_folder) == 3 and of_folder[1] != b"tree"
    return [one._replace(size=_FULL) if is_taken and one.path.startswith(f"{folder}/") else one for one in found]


def _read_held(path: str, words: Sequence[bytes]) -> _Held:
    if len(words) == 3 and words[1] == b"blob":
        return _Held(path, words[0].decode(), int(words[2]))
    return _Held(path, "", 0 if words[-1:] == [b"missing"] else _FULL)  # a folder: nothing goes there


def _digits(run: Run) -> int:
    return 64 if run("rev-parse", "--show-object-format").strip() == b"sha256" else 40


def _missing(run: Run, held: Sequence[_Held], notes: Sequence[Note]) -> list[Note]:
    texts = [_content(run, one.name) for one in held if one.name and one.size <= LARGEST_TEXT]
    there = {note.id for text in texts for note in read(text)}
    return [note for note in notes if note.id not in there]


def _fit(held: Sequence[_Held]) -> _Held | None:
    """Where there is something already, else the first place; what is too large to be read is left as it is."""
    room = [one for one in held if one.size <= LARGEST_TEXT // 2]
    return next((one for one in room if one.name), next(iter(room), None))


def _content(run: Run, name: str) -> bytes:
    return run("cat-file", "blob", name) if name else b""


def _commit(run: Run, tip: str, changed: Mapping[str, bytes], who: tuple[str, str], at: Millis) -> str:
    """By fast-import: it reads of the tree only the folders that change, however many notes there are."""
    name, email = (_UNSAFE.sub("", text).strip() for text in who)
    lines = [
        b"commit " + REF.encode(), b"committer %s <%s> %d +0000" % (
            (name or "somebody").encode(), (email or "unknown").encode(), at // 1000,
        ), _data(b"Notes from quarterdeck\n"),
    ]  # fmt: skip
    lines += [b"from " + tip.encode()] if tip else []
    lines += [b"M 100644 inline %s\n%s" % (path.encode(), _data(text)) for path, text in changed.items()]
    # forced: what the ref of this repository was before is nobody's, only what the remote has counts
    run("fast-import", "--quiet", "--force", "--date-format=raw", "--done", stdin=b"\n".join([*lines, b"done", b""]))
    return run("rev-parse", "--verify", f"{REF}^{{commit}}").strip().decode()


def _data(text: bytes) -> bytes:
    return b"data %d\n%s" % (len(text), text)
