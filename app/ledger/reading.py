"""From refs to records: all that one repository says of promotions, and its policy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, Final, Protocol, TypeVar

import msgspec

from ..git import GitError
from ..records import LedgerEntry, Millis, PlanApproval, PolicyText, Promotions, StoredPlan, Waiver
from . import names, signing
from .objects import LARGEST, NotOursError, Reading, Tag, unreadable

One = TypeVar("One", bound=StoredPlan | PlanApproval | Waiver)

LARGEST_POLICY: Final = 1_000_000
_AT_ONCE: Final = 500
_ABSURD: Final[Millis] = 2**53
"""No date of a commit that anybody meant."""
LARGEST_ALL: Final = 100_000_000
"""Bytes of all tags and plans of a repository: fifty thousand promotions."""
MOST_SIGNERS: Final = 20
"""Files of allowed signers that are read."""
_NO_SUCH_FILE: Final = (
    "does not exist in", "exists on disk, but not in", "bad file", "relative path syntax",
)  # fmt: skip
"""What Git says of a path that a commit has not, that is a folder there, or that begins with a dot for a folder."""
_WORD: Final = re.compile(r""""(?:\\.|[^"\\\n])*+"?|'[^'\n]*+'?|[A-Za-z0-9_-]+""")
_DEEPEST: Final = 32
"""Parts of a key: tomllib takes their number squared in memory."""


class Run(Protocol):
    """Git's whole answer in one repository. Raises GitError."""

    def __call__(self, *args: str, stdin: bytes | None = None) -> bytes:
        """Run `git *args`."""


def read_promotions(run: Run, source: str, refs: Mapping[str, str], policy: PolicyText | None) -> Promotions:
    """What the refs hold. `refs`: full name -> object. `policy` names the files of those who may have signed.

    What cannot be read as ours is left out, but for entries of the ledger: those keep their number. Raises GitError.
    """
    tags = {name: Tag(sha, raw) for name, sha, raw in _tags(run, refs)}
    files = {name: partial(signing.principals, signers=text) for name, text in signers_of(policy).items()}
    reading = Reading(source, files[""], files)
    return Promotions(
        policy=policy,
        entries=tuple(sorted(_entries(reading, refs, tags), key=_place)),
        plans=tuple(_plans(run, reading, tags)),
        approvals=tuple(_each(tags, names.APPROVALS, reading.approval)),
        waivers=tuple(_each(tags, names.WAIVERS, reading.waiver)),
    )


def read_entries(run: Run, source: str, refs: Mapping[str, str], signers: str) -> list[LedgerEntry]:
    """The entries that these refs hold, in the order of their numbers. Raises GitError.

    Where a tag and a ref hold the same number, the greater id is the later one for everybody.
    """
    tags = {name: Tag(sha, raw) for name, sha, raw in _tags(run, refs)}
    reading = Reading(source, partial(signing.principals, signers=signers))
    return sorted(_entries(reading, refs, tags), key=_place)


def _place(entry: LedgerEntry) -> tuple[str, str, int, str]:
    return entry.model, entry.alias, entry.number, entry.id


def _entries(reading: Reading, refs: Mapping[str, str], tags: Mapping[str, Tag]) -> Iterator[LedgerEntry]:
    for ref, sha in refs.items():
        where = names.read_entry_ref(ref)
        if where is None:
            continue
        if ref in tags:
            yield reading.entry(tags[ref], *where)
        elif not ref.startswith(names.TAGS):  # a light tag of that form is somebody's own
            yield unreadable(reading.source, sha, *where, "it is no annotated tag")


def _plans(run: Run, reading: Reading, tags: Mapping[str, Tag]) -> Iterator[StoredPlan]:
    wanted = {name: tag for name, tag in tags.items() if name.startswith(names.PLANS)}
    blobs = {
        sha: raw for sha, kind, raw in read_objects(run, [tag.target for tag in wanted.values()]) if kind == "blob"
    }
    for name, tag in wanted.items():
        try:
            plan = reading.plan(tag, blobs[tag.target])
        except (NotOursError, msgspec.MsgspecError, ValueError, KeyError):
            continue
        if names.plan_ref(plan.id) == name:
            yield plan


def _each(tags: Mapping[str, Tag], prefix: str, read: Callable[[Tag], One]) -> Iterator[One]:
    for name, tag in tags.items():
        if name.startswith(prefix):
            try:
                yield read(tag)
            except (NotOursError, msgspec.MsgspecError, ValueError):
                continue


def _tags(run: Run, refs: Mapping[str, str]) -> Iterator[tuple[str, str, bytes]]:
    found = {sha: raw for sha, kind, raw in read_objects(run, dict.fromkeys(refs.values())) if kind == "tag"}
    return ((name, sha, found[sha]) for name, sha in refs.items() if sha in found)


def read_objects(run: Run, shas: Iterable[str]) -> Iterator[tuple[str, str, bytes]]:
    """Name, type and content of each object that is there and not too large. Raises GitError."""
    wanted = [sha for sha in shas if sha]
    taken = 0
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        sizes = run("cat-file", "--batch-check", stdin="".join(f"{sha}\n" for sha in some).encode())
        small = {words[0]: int(words[2]) for words in map(str.split, sizes.decode().splitlines()) if _is_small(words)}
        if (taken := taken + sum(small.values())) > LARGEST_ALL:
            raise GitError(f"What is written down of promotions is larger than {LARGEST_ALL // 1_000_000} MB.")
        yield from _contents(run("cat-file", "--batch", stdin="".join(f"{sha}\n" for sha in small).encode()))


def _is_small(words: list[str]) -> bool:
    return len(words) == 3 and words[2].isdecimal() and int(words[2]) <= LARGEST


def _contents(raw: bytes) -> Iterator[tuple[str, str, bytes]]:
    at = 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        sha, kind, size = raw[at:end].decode().split()
        yield sha, kind, raw[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)


def read_policy(run: Run, source: str, branch: str, commit: str, path: str, *, is_local: bool = False) -> PolicyText:
    """The settings as a commit has them, with the allowed-signers files that they name. Raises GitError.

    The policy's commit is the last that changed any of these: a plan does not change with every commit.
    """
    text = read_file(run, commit, path)
    signers = {name: read_file(run, commit, name) or "" for name in signers_in(text)}
    changed, at = _last_change(run, commit, (path, *signers))
    return PolicyText(
        source=source, branch=branch, commit=changed, at=at, path=path, text=text, signers=signers, is_local=is_local
    )


def _last_change(run: Run, commit: str, paths: Iterable[str]) -> tuple[str, Millis | None]:
    """Of these files, in the history of a commit; that commit where the history does not tell. A date may be none."""
    form = "--format=%H %ct"
    try:
        said = run("log", "-1", form, commit, "--", *(f":(literal){path}" for path in paths)).split()
    except GitError as error:
        if error.reason != "partial":
            raise
        said = []
    said = said or run("log", "-1", form, "--no-walk", commit, "--").split()
    at = int(said[1]) * 1000 if len(said) > 1 else None
    return said[0].decode(), at if at is not None and abs(at) < _ABSURD else None


def read_file(run: Run, commit: str, path: str) -> str | None:
    """A file as a commit has it; None where it has none. What is no UTF-8 stays to be refused. Raises GitError."""
    try:
        raw = run("cat-file", "blob", f"{commit}:{path}")
    except GitError as error:
        if any(words in error.complaint for words in _NO_SUCH_FILE):
            return None
        raise  # it may be there: that must not look as if nothing were demanded
    return raw[:LARGEST_POLICY].decode("utf-8-sig", "surrogateescape")


def signers_in(text: str | None) -> Iterator[str]:
    """The paths that policies name, as they are written; a text that is no TOML names none."""
    if "w." * _DEEPEST in _WORD.sub("w", text or "").replace(" ", "").replace("\t", ""):
        return iter(())
    try:
        policies: Any = tomllib.loads(text or "").get("promotion", {})
        found = [policy.get("approvals", {}).get("signers", "") for policy in policies.values()]
    except (ValueError, AttributeError, RecursionError):  # ValueError: also an integer of 5,000 digits
        return iter(())
    paths = dict.fromkeys(name for name in found if isinstance(name, str) and _is_inside(name))
    return islice(paths, MOST_SIGNERS)


def _is_inside(path: str) -> bool:
    """Whether it can be a file of the repository at all."""
    return bool(path) and not path.startswith("/") and ".." not in path.split("/") and "\0" not in path


def signers_of(policy: PolicyText | None) -> Mapping[str, str]:
    """The files that policies name at their own commit, each by itself, and under "" the user's own file."""
    named = dict(policy.signers) if policy is not None else {}
    return named | {"": signing.personal_signers()}


def allowed_signers(policy: PolicyText | None) -> str:
    """Whose signatures count: the files that the policy names at its own commit, else the user's own file."""
    named = dict(policy.signers) if policy is not None else {}
    return "\n".join(named.values()) if named else signing.personal_signers()
