"""A bare repository of one act's own, in which entries are made and from which they are pushed.

The user's clone and the mirror are not written: the one is theirs, the other belongs to the syncer's fetches. What they
have is borrowed, so that a desk costs some ten milliseconds.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ..git import canonical_url, decode, run_git, split_credential

_SECONDS: Final = 30.0


class Desk:
    """`url` is the remote; a login in it is used and never stored. Blocks. Every method raises GitError.

    `close` it, or use it as a context manager.
    """

    def __init__(self, url: str, mirror: Path | None) -> None:
        self._address, self._credential = split_credential(url)
        self._mirror = mirror if mirror is not None and (mirror / "HEAD").is_file() else None
        self._folder = tempfile.TemporaryDirectory(prefix="quarterdeck-")
        try:
            self._path = self._made(Path(self._folder.name))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Clear it away."""
        self._folder.cleanup()

    def _made(self, parent: Path) -> Path:
        kind = "sha1"
        if self._mirror is not None:
            kind = self._of_mirror("rev-parse", "--show-object-format").decode().strip() or kind
        run_git(parent, "init", "--quiet", "--bare", f"--object-format={kind}", "--", "desk.git")
        path = parent / "desk.git"
        if self._mirror is not None:
            noted = path / "objects" / "info" / "alternates"
            noted.parent.mkdir(exist_ok=True)
            noted.write_bytes(os.fsencode(self._mirror.resolve() / "objects") + b"\n")
        return path

    def _of_mirror(self, *args: str) -> bytes:
        assert self._mirror is not None
        return run_git(self._mirror, *args, exact=True)

    def run(self, *args: str, stdin: bytes | None = None) -> bytes:
        """Git's answer, without the network."""
        return run_git(self._path, *args, exact=True, stdin=stdin)

    def _remote(self, *args: str) -> bytes:
        about = canonical_url(self._address)
        return run_git(
            self._path, *args, timeout=_SECONDS, network=True, credential=self._credential, about=about
        )  # fmt: skip

    def fetch(self, *patterns: str) -> dict[str, str]:
        """The remote's refs of these patterns, brought here with what they name; those of before are forgotten."""
        specs = [f"+{pattern}:{pattern}" for pattern in patterns]
        # without a mirror there is no history to stand on, and a shallow fetch of nothing fails
        shallow = ["--depth=1"] if self._mirror is None else []
        if not shallow or self.ask(*patterns):
            self._remote("fetch", "--quiet", "--prune", "--no-tags", *shallow, "--", self._address, *specs)
        return self.refs(*patterns)

    def ask(self, *patterns: str) -> dict[str, str]:
        """The remote's refs of these patterns, full name -> object, without what they name."""
        lines = decode(self._remote("ls-remote", "--refs", "--", self._address, *patterns)).splitlines()
        pairs = (line.split("\t", 1) for line in lines)
        return {name: sha for sha, name in pairs if name.startswith(tuple(one.removesuffix("*") for one in patterns))}

    def refs(self, *patterns: str) -> dict[str, str]:
        """Full name -> object, of what was fetched."""
        prefixes = [pattern.removesuffix("*") for pattern in patterns]
        raw = decode(self.run("for-each-ref", "--format=%(refname)%00%(objectname)"))
        rows = (line.split("\0") for line in raw.split("\n") if line)
        return {name: sha for name, sha in rows if name.startswith(tuple(prefixes))}

    def default_branch(self) -> tuple[str, str]:
        """Name and commit of the remote's default branch, fetched; two empty texts where there is none."""
        answer = decode(self._remote("ls-remote", "--symref", "--", self._address, "HEAD"))
        found = re.search(r"^ref: refs/heads/([^\t\n]+)\tHEAD$", answer, re.MULTILINE)
        if found is None:
            return "", ""
        ref = f"refs/heads/{found[1]}"
        return found[1], self.fetch(ref).get(ref, "")

    def write(self, kind: str, content: bytes) -> str:
        """An object, kept here; gives its name."""
        return self.run("hash-object", "-t", kind, "-w", "--stdin", stdin=content).decode().strip()

    def push(self, sha: str, ref: str) -> None:
        """Put an object under a new ref. Fails where the remote has that ref, whatever it holds.

        The lease on “not there” says so to Git too: without it an annotated tag would be moved forward silently, where
        its commit descends from the one that the ref's tag names.
        """
        self._remote("push", "--quiet", f"--force-with-lease={ref}:", "--", self._address, f"{sha}:{ref}")

    def replace(self, sha: str, ref: str) -> None:
        """Put an object under a ref that only its owner writes, whether there is one already or not."""
        self._remote("push", "--quiet", "--force", "--", self._address, f"{sha}:{ref}")

    def advance(self, sha: str, ref: str) -> None:
        """Move a ref on to a commit that follows what the remote has there. Fails where it has something else by then.

        Only what the commit adds to that is sent: its ancestors are the remote's own.
        """
        self._remote("push", "--quiet", "--no-thin", "--", self._address, f"{sha}:{ref}")

    def has(self, sha: str) -> bool:
        """Whether the commit is here already, or can be borrowed."""
        return bool(self._present([sha]))

    def publishes_nothing(self, commit: str) -> bool:
        """Whether a branch of the remote has this commit right now, so that naming it publishes nobody's work."""
        if self._mirror is None or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", commit):
            return False
        heads = decode(self._remote("ls-remote", "--heads", "--", self._address))
        tips = self._present({line.split("\t")[0] for line in heads.splitlines()})
        if not tips or not self._present({commit}):
            return False
        left = self.run("rev-list", "--max-count=1", commit, "--not", *tips)
        return not left.strip()

    def _present(self, shas: Iterable[str]) -> list[str]:
        """Those that are commits here."""
        asked = "".join(f"{sha}\n" for sha in shas).encode()
        lines = decode(self.run("cat-file", "--batch-check", stdin=asked)).splitlines()
        return [line.split()[0] for line in lines if line.split()[1:2] == ["commit"]]
