"""The team's repository: a clone that is worked in, and the bare remote that everybody pushes to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .clock import Millis

PEOPLE: Final = ("ann", "bo", "chris", "dee", "eve")
_QUIET: Final = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}


class Repository:
    """Commits of several people, each at its time, pushed at once."""

    def __init__(self, folder: Path, remote: Path) -> None:
        self.folder = folder
        remote.mkdir(parents=True)
        folder.mkdir(parents=True)
        self._git(0, "ann", "-C", str(remote), "init", "--quiet", "--bare", "--initial-branch=main")
        self._git(0, "ann", "init", "--quiet", "--initial-branch=main")
        self._git(0, "ann", "remote", "add", "origin", os.path.relpath(remote, folder))
        self._git(0, "ann", "config", "user.name", "ann")
        self._git(0, "ann", "config", "user.email", "ann@example.com")
        (folder / ".git" / "info").mkdir(exist_ok=True)
        self.head = ""

    def read(self, path: str) -> str:
        """A file as it is now."""
        return (self.folder / path).read_text()

    def commit(
        self, at: Millis, who: str, subject: str, files: Mapping[str, str | None], *, branch: str = "main"
    ) -> str:
        """Write these files (None takes one away), commit and push; gives the SHA. A new branch begins at main."""
        if branch != "main":
            self._git(at, who, "checkout", "--quiet", "-B", branch)
        for path, text in files.items():
            place = self.folder / path
            if text is None:
                place.unlink()
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        self._git(at, who, "add", "--all", "--", *files)
        self._git(at, who, "commit", "--quiet", "--message", subject)
        return self._pushed(at, who, branch)

    def merge(self, at: Millis, who: str, branch: str) -> str:
        """Merge a branch into main; gives the SHA of the merge."""
        self._git(at, who, "merge", "--quiet", "--no-ff", "--message", f"Merge branch '{branch}'", branch)
        return self._pushed(at, who, "main")

    def replaced(self, path: str, old: str, new: str) -> dict[str, str | None]:
        """The file with one piece replaced, for `commit`. Raises ValueError where it is not there."""
        text = self.read(path)
        if old not in text:
            raise ValueError(f"{path} has no {old!r}")
        return {path: text.replace(old, new)}

    def _pushed(self, at: Millis, who: str, branch: str) -> str:
        self._git(at, who, "push", "--quiet", "--set-upstream", "origin", branch)
        sha = self._git(at, who, "rev-parse", "HEAD").strip()
        if branch == "main":
            if not self.head:
                self._git(at, who, "remote", "set-head", "origin", "main")
            self.head = sha
        else:
            self._git(at, who, "checkout", "--quiet", "main")
        return sha

    def _git(self, at: Millis, who: str, *words: str) -> str:
        person = {f"GIT_{role}_NAME": who for role in ("AUTHOR", "COMMITTER")}
        person |= {f"GIT_{role}_EMAIL": f"{who}@example.com" for role in ("AUTHOR", "COMMITTER")}
        dates = {f"GIT_{role}_DATE": f"{at // 1000} +0000" for role in ("AUTHOR", "COMMITTER")}
        plain = {key: text for key, text in os.environ.items() if not key.startswith("GIT_")}
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=plain | _QUIET | person | dates, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"git {' '.join(words)}: {done.stderr}")
        return done.stdout
