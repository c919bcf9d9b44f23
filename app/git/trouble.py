"""What Git complains about, as sentences that say what to do.

Git is always started with LC_ALL=C, so its words are these in every release from 2.30 to 2.53. They are looked
for in order: the special ones stand above those that they contain.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from ..errors import QuarterdeckError
from .address import masked
from .names import decode

Reason: TypeAlias = Literal[
    "no_git", "not_a_repository", "vanished", "unreadable", "ownership", "damaged", "partial", "too_new",
    "configuration", "timeout", "host_not_found", "unreachable", "unauthorised", "forbidden", "host_key", "tls",
    "not_found", "transport", "locked", "disk", "stopped", "other",
]  # fmt: skip


class GitError(QuarterdeckError):
    """A Git call failed.

    `reason` is for code; `state` is the records.SOURCE_STATES word that fits it; `status` is Git's exit status,
    or None when it was never started or was ended; `complaint` is the end of what Git wrote to stderr, exact
    but for logins in URLs.
    """

    def __init__(self, sentence: str, reason: Reason = "other", status: int | None = None, complaint: str = "") -> None:
        super().__init__(sentence)
        self.reason: Reason = reason
        self.status = status
        self.complaint = complaint

    @property
    def state(self) -> str:
        """The state of a source that failed so."""
        return _STATES.get(self.reason, "unreachable")


_STATES: Final[dict[Reason, str]] = {
    "no_git": "misconfigured", "not_a_repository": "misconfigured", "vanished": "misconfigured",
    "configuration": "misconfigured", "not_found": "misconfigured", "transport": "misconfigured",
    "unreadable": "forbidden", "ownership": "forbidden", "forbidden": "forbidden",
    "unauthorised": "unauthorised", "host_key": "tls", "tls": "tls",
    "damaged": "not_understood", "too_new": "not_understood", "partial": "not_understood",
}  # fmt: skip


class _Complaint(NamedTuple):
    pattern: re.Pattern[str]
    reason: Reason
    sentence: str


def _known(pattern: str, reason: Reason, sentence: str) -> _Complaint:
    return _Complaint(re.compile(pattern, re.IGNORECASE), reason, sentence)


_KNOWN: Final = (
    _known("host key verification failed|remote host identification has changed|no .* host key is known",
           "host_key",
           "The host key of {about} is not known or has changed: connect once with ssh by hand and compare it."),
    _known("dubious ownership|unsafe repository", "ownership",
           "{about} belongs to another user, so Git does not read it. If you trust it: "
           "git config --global --add safe.directory {where}"),
    _known("permission denied \\(|authentication failed|could not read (username|password)|terminal prompts disabled|"
           "returned error: 401|invalid username or (password|token)|access denied for user", "unauthorised",
           "{about} refused the login: check your SSH agent, key or credential helper with git ls-remote by hand."),
    _known("returned error: 403|permission to .* denied|access denied|not allowed to|insufficient permission",
           "forbidden", "{about} knows you but does not let you read it: ask for access."),
    _known("could not resolve (host|proxy)|name or service not known|temporary failure in name resolution|"
           "unable to look up|nodename nor servname", "host_not_found",
           "The host of {about} was not found: check the network, the VPN and the address."),
    _known("certificate|ssl|gnutls|tls", "tls",
           "{about} could not prove who it is (TLS): {line}. "
           "If it has a CA of its own, set http.sslCAInfo in your own Git settings."),
    _known("repository not found|repository '.*' not found|returned error: 404|does not appear to be a git repository|"
           "access rights|service not enabled|no such repository", "not_found",
           "There is no repository at {about}, or your login may not see it."),
    _known("transport '.*' not allowed|remote helper|unable to find remote helper", "transport",
           "{about} uses a way of fetching that runs programs, so it is not used: "
           "give an https, ssh, git or file URL."),
    _known("lazy fetching disabled|promisor", "partial",
           "{about} is a partial clone, and an object that it left with its server is needed here."),
    _known("connection (refused|timed out|reset|closed)|failed to connect|couldn't connect|no route to host|"
           "network is unreachable|unexpected disconnect|hung up|early eof|operation (timed out|too slow)|"
           "unable to connect|returned error: 5", "unreachable",
           "{about} does not answer: {line}."),
    _known("unknown repository extension|expected git repo version|unknown object format|unknown ref storage",
           "too_new", "{about} was made by a newer Git than the one here: update git."),
    _known("bad config|bad numeric config|bad boolean config|invalid config|missing value for|unable to parse config",
           "configuration", "The Git settings of {about} cannot be read: {line}."),
    _known("unable to create '.*\\.lock'|cannot lock ref|could not lock", "locked",
           "{about} is locked by another Git: {line}."),
    _known("no space left|disk quota exceeded", "disk", "The disk is full, so {about} could not be fetched."),
    _known("permission denied", "unreadable", "{about} cannot be read: {line}."),
    _known("not a git repository|must be run in a work tree", "not_a_repository",
           "{about} is not a Git repository, nor is any folder above it: set [git] path, or run git init there."),
    _known("cannot change to|no such file or directory: '.*\\.git'", "vanished",
           "{about} is not there any more: set [git] path to where the repository is now."),
    _known("bad object|missing (blob|tree|commit|tag|object|necessary)|unable to read|corrupt|object file .* is empty|"
           "could not parse|unable to find|invalid object|pack .* (bad|not)|did not send all necessary objects|"
           "bad tree|could not read [0-9a-f]{40}|not a valid object|inflate", "damaged",
           "{about} is damaged: {line}. Run git fsck there."),
)  # fmt: skip


def failure(where: Path, command: str, status: int, stderr: bytes, about: str | None = None) -> GitError:
    """The error for a Git that ended with `status`, 1 to 255, or minus the signal that ended it."""
    complaint = masked(decode(stderr)).strip()
    subject = about or str(where)
    line = _last_line(complaint)
    for known in _KNOWN:
        if known.pattern.search(complaint):
            sentence = known.sentence.format(about=subject, where=where, line=line.rstrip("."))
            return GitError(sentence, known.reason, status, complaint)
    said = f": {line}" if line else f" (exit status {status})"
    return GitError(f"git {command} failed in {subject}{said}", "other", status, complaint)


def _last_line(complaint: str) -> str:
    """The line that says why: the first that Git marks as fatal, else the last."""
    lines = [line.strip() for line in complaint.replace("\r", "\n").split("\n") if line.strip()]
    for mark in ("fatal: ", "error: "):
        for line in lines:
            if line.startswith(mark):
                return line.removeprefix(mark)[:300]
    return lines[-1][:300] if lines else ""


def timed_out(where: Path, command: str, seconds: float, about: str | None = None) -> GitError:
    """The error for a Git that was ended because nothing came for too long."""
    subject = about or str(where)
    return GitError(
        f"git {command} gave no answer for {seconds:g} s in {subject} and was ended: "
        "the network, the server or the disk hangs.",
        "timeout",
    )


def missing_git() -> GitError:
    """The error for a machine without Git."""
    return GitError("git is not installed, or not on the PATH: install it.", "no_git")


def vanished(where: Path) -> GitError:
    """The error for a folder that is not there."""
    return GitError(f"{where} is not there: set [git] path to where the repository is.", "vanished")


def unreadable(where: Path) -> GitError:
    """The error for a folder that may not be entered."""
    return GitError(f"{where} may not be read by you: ask its owner, or run as a user who may.", "unreadable")
