"""Our own bare mirror of the remote: branches, tags, notes and refs/quarterdeck, fetched without touching the clone.

Objects that the clone has are borrowed from it (alternates), so a mirror of a gigabyte costs its refs. When the
clone drops borrowed ones the mirror is broken; it is only a cache, so it is thrown away and fetched anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ...git import Credential, GitError, canonical_url, run_git, split_credential
from .calls import Calls, Repository

_REFSPECS: Final = tuple(f"+refs/{name}/*:refs/{name}/*" for name in ("heads", "tags", "notes", "quarterdeck"))
_STALLED: Final = 90.0
"""Seconds without a word of progress after which a fetch is given up."""
_ASK_HEAD_EVERY: Final = 86_400.0
"""Seconds: which branch is the default hardly ever changes, and asking is a connection of its own."""
_MANY_PACKS: Final = 50
_MARK: Final = "quarterdeck"
"""A file that says: ours, and made to the end. Its modification time is when the default branch was asked for."""


class Mirror:
    """The mirror at `path` (a folder ending in .git, made with its parents, readable by its owner only)."""

    def __init__(self, calls: Calls, path: Path) -> None:
        self.repository = Repository(calls, path, exact=True)
        self.path = path
        self._calls = calls

    def exists(self) -> bool:
        """Whether something was ever fetched into it."""
        return (self.path / _MARK).is_file()

    def fetch(self, url: str, borrowed: Path | None) -> None:
        """Bring it up to date with the remote at `url` (a login in it is used and never stored). Raises GitError.

        `borrowed` is a folder of objects that need not be fetched. Reason "locked": another process is at it.
        """
        address, credential = split_credential(url)
        with self._locked() as lock:
            try:
                self._fetch(address, credential, borrowed, lock)
            except GitError as error:
                if error.reason == "damaged":
                    self._remove()
                elif error.reason == "locked":
                    self._unlock()  # nobody else is here: a Git that was killed left it behind
                else:
                    raise
                self._fetch(address, credential, borrowed, lock)
            self._tidy()

    def remove(self) -> None:
        """Throw it away. Raises GitError when another process is fetching into it."""
        with self._locked():
            self._remove()

    def _fetch(self, address: str, credential: Credential | None, borrowed: Path | None, lock: int) -> None:
        if not (self.path / "HEAD").is_file():
            self._init(address, credential, lock)
        self._borrow(borrowed)
        self._call(
            ("fetch", "--prune", "--no-tags", "--update-shallow", "--progress", "--", address, *_REFSPECS),
            address, credential, lock,
        )  # fmt: skip
        self._ask_head(address, credential, lock)

    def _init(self, address: str, credential: Credential | None, lock: int, kind: str = "sha1") -> None:
        run_git(self.path.parent, "init", "--quiet", "--bare", f"--object-format={kind}", "--", self.path.name)
        self.path.chmod(0o700)
        if kind == "sha1" and re.search(
            rb"^[0-9a-f]{64}\t", self._call(("ls-remote", "--", address, "HEAD"), address, credential, lock)
        ):
            self._remove()
            self._init(address, credential, lock, "sha256")

    def _borrow(self, objects: Path | None) -> None:
        """Note where further objects are. Those of other clones stay while their folders do."""
        noted = self.path / "objects" / "info" / "alternates"
        try:
            before = noted.read_bytes().splitlines()
        except FileNotFoundError:
            before = []
        lines = [line for line in before if Path(os.fsdecode(line)).is_dir()]
        if objects is not None and os.fsencode(objects) not in lines:
            lines.append(os.fsencode(objects))
        if lines != before:
            noted.parent.mkdir(exist_ok=True)
            noted.write_bytes(b"".join(line + b"\n" for line in lines))

    def _ask_head(self, address: str, credential: Credential | None, lock: int) -> None:
        mark = self.path / _MARK
        with contextlib.suppress(FileNotFoundError):
            if 0 <= time.time() - mark.stat().st_mtime < _ASK_HEAD_EVERY:
                return
        answer = self._call(("ls-remote", "--symref", "--", address, "HEAD"), address, credential, lock)
        found = re.search(rb"^ref: (refs/heads/[^\t\n]+)\tHEAD$", answer, re.MULTILINE)
        if found is not None:
            self.repository.run("symbolic-ref", "HEAD", os.fsdecode(found[1]))
        mark.touch(mode=0o600)

    def _call(self, words: tuple[str, ...], address: str, credential: Credential | None, lock: int) -> bytes:
        with self._calls.open(
            self.path, words, timeout=_STALLED, renew=True, network=True, credential=credential,
            about=canonical_url(address), keep_open=(lock,),
        ) as process:  # fmt: skip
            return b"".join(process)

    def _tidy(self) -> None:
        """Pack what many fetches left. Git's own housekeeping would go on in the background without our lock."""
        packs = len(list((self.path / "objects" / "pack").glob("*.pack")))
        loose = len(list((self.path / "objects" / "17").glob("*")))  # a 256th, as git gc --auto estimates
        if packs > _MANY_PACKS or loose > 27:
            self.repository.run("gc", "--quiet")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """The one who fetches. Git inherits the lock, so it holds until a Git that outlives us has ended."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise GitError("Another quarterdeck is fetching this repository right now.", "locked") from None
            yield lock
        finally:
            os.close(lock)

    def _unlock(self) -> None:
        for stale in self.path.rglob("*.lock"):
            stale.unlink(missing_ok=True)

    def _remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
