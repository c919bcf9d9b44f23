"""How Git is started: hardened arguments, a clean environment, its own session, a time limit.

What a repository's configuration could run or reach, and what switches it off here:

| matter | by |
| --- | --- |
| fsmonitor, hooks, pager, editor, gpg, upload-pack's hook, external diff | `-c`, which wins over the repository's own |
| external diff, textconv, signatures at log and diff | options that each command gets from COMMANDS |
| filter and diff drivers, which bear names of the repository's choosing | listed first, then emptied one by one |
| ssh command, askpass, prompts, credential helpers | environment; helpers of the user's own serve network calls |
| any transport, lazy fetches of a partial clone among them | GIT_ALLOW_PROTOCOL, GIT_NO_LAZY_FETCH |
| rewriting of URLs, proxies, helpers | a network call is refused where the repository itself sets such a thing |
| locks, index refresh, FETCH_HEAD, maintenance | GIT_OPTIONAL_LOCKS=0 and `-c` |

Git's own ownership check (safe.directory) stays on. System and personal settings are the user's own and hold.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import selectors
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from .address import Credential
from .trouble import GitError, failure, missing_git, timed_out, unreadable, vanished

_HARDENED: Final = (
    "core.fsmonitor=false", "core.hooksPath=/dev/null", "core.pager=cat", "core.editor=false",
    "sequence.editor=false", "core.askPass=", "core.attributesFile=/dev/null", "core.useReplaceRefs=false",
    "diff.external=", "diff.relative=false", "diff.orderFile=/dev/null", "log.showSignature=false",
    "log.showRoot=true", "gpg.program=false", "gpg.openpgp.program=false", "gpg.x509.program=false",
    "gpg.ssh.program=false", "gpg.ssh.defaultKeyCommand=", "commit.gpgSign=false", "tag.gpgSign=false",
    "push.gpgSign=false", "protocol.ext.allow=never", "uploadpack.packObjectsHook=", "submodule.recurse=false",
    "fetch.recurseSubmodules=false", "status.submoduleSummary=false", "gc.auto=0", "maintenance.auto=false",
    "safe.bareRepository=all", "color.ui=false", "column.ui=never", "i18n.logOutputEncoding=UTF-8",
)  # fmt: skip

_DIFF: Final = ("--no-ext-diff", "--no-textconv")
_WORK_TREE_DIFF: Final = (*_DIFF, "--ignore-submodules=all")  # else Git is started inside each submodule

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    # objects and refs only
    "log": (*_DIFF, "--no-show-signature"), "show": (*_DIFF, "--no-show-signature"), "diff-tree": _DIFF,
    "rev-list": (), "rev-parse": (), "for-each-ref": (), "show-ref": (), "symbolic-ref": (), "cat-file": (),
    "ls-tree": (), "merge-base": (), "config": (), "version": (), "count-objects": (), "check-ref-format": (),
    "update-ref": (), "hash-object": (), "mktree": (), "mktag": (), "commit-tree": (), "fast-import": (),
    "notes": (), "tag": (), "branch": (), "remote": (), "repack": (), "pack-refs": (), "gc": (),
    "init": ("--template=",),
    # the work tree
    "status": ("--ignore-submodules=all",), "diff": _WORK_TREE_DIFF, "diff-files": _WORK_TREE_DIFF,
    "diff-index": _WORK_TREE_DIFF, "ls-files": (), "add": (), "rm": (), "mv": (), "read-tree": (),
    "update-index": (), "commit": ("--no-verify", "--no-gpg-sign"), "merge": ("--no-verify", "--no-gpg-sign"),
    "checkout": ("--no-recurse-submodules",), "switch": ("--no-recurse-submodules",), "worktree": (),
    # the network
    "ls-remote": (), "fetch": ("--no-recurse-submodules", "--no-auto-maintenance", "--no-write-fetch-head"),
    "push": ("--no-recurse-submodules", "--no-verify"),
}  # fmt: skip
"""The commands that the product uses, each with the options that keep it from running anything. One that is not
here (archive runs tar.*.command, clone reads templates) is refused until somebody has looked at it."""

_WORK_TREE: Final = frozenset({
    "status", "diff", "diff-files", "diff-index", "add", "rm", "mv", "read-tree", "update-index", "commit", "merge",
    "checkout", "switch", "worktree",
})  # fmt: skip
"""Those that may send a file through a filter driver."""
_DRIVERS: Final = r"^(filter\..*\.(clean|smudge|process|required)|(diff|merge)\..*\.(command|textconv|driver))$"

_KEPT: Final = frozenset({
    "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL", "GIT_CEILING_DIRECTORIES", "GIT_EXEC_PATH",
    "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_CERT", "GIT_SSL_KEY", "GIT_SSL_NO_VERIFY",
})  # fmt: skip
"""What of the user's GIT_* variables reaches Git: where their settings and certificates are."""
_IDENTITY: Final = frozenset(
    f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL", "DATE")
)
_PLAIN_KEY: Final = re.compile(
    r"core\.(repositoryformatversion|filemode|bare|logallrefupdates|symlinks|ignorecase|precomposeunicode)"
    r"|extensions\.(objectformat|refstorage|compatobjectformat)|user\.(name|email)|quarterdeck\..*|gc\..*"
    r"|remote\..*\.(url|fetch)|branch\..*\.(remote|merge)",
    re.DOTALL,
)
"""What a repository may set itself and still be a place for network calls."""

_SSH_OPTIONS: Final = "-oBatchMode=yes -oConnectTimeout=10 -oServerAliveInterval=15 -oServerAliveCountMax=2"
_GIVE_CREDENTIAL: Final = (
    '!f() { test "$1" = get && '
    'printf "username=%s\\npassword=%s\\n" "$QUARTERDECK_GIT_USERNAME" "$QUARTERDECK_GIT_PASSWORD"; }; f'
)
_TRANSPORTS: Final = "file:git:http:https:ssh"
_PIECE: Final = 1 << 16
_PIPE: Final = 1 << 20  # bytes that Git may run ahead of a reader
LONGEST_QUESTION: Final = 1 << 14
"""Bytes that a pipe takes in any system without anybody reading."""
_TICK: Final = 0.5  # seconds after which a Git whose child holds its pipes open is noticed to have ended


def run_git(
    where: Path,
    *args: str,
    timeout: float = 30.0,
    network: bool = False,
    exact: bool = False,
    stdin: bytes | None = None,
    identity: Mapping[str, str] | None = None,
    credential: Credential | None = None,
    about: str | None = None,
    keep_open: Sequence[int] = (),
) -> bytes:
    """Git's stdout, after at most `timeout` seconds in all. Blocks. Raises GitError.

    `where` is any folder of the repository; with `exact` it is the repository (bare, or a .git) and nothing
    above it is looked at. `network` lets Git connect, with the user's own SSH and credential helpers; it implies
    `exact` and is refused where the repository's own configuration could steer the connection. `identity` may
    hold GIT_AUTHOR_* and GIT_COMMITTER_* variables. `credential` goes by the environment, never by the process
    list. `about` names in errors what `where` does not: a URL without login. `keep_open` file descriptors
    stay open in Git until it ends (a lock that outlives us). The caller puts `--` or `--end-of-options` before
    words that it did not write.
    """
    process = GitProcess(
        where, args, timeout=timeout, renew=False, network=network, exact=exact, stdin=stdin,
        identity=identity, credential=credential, about=about, keep_open=keep_open,
    )  # fmt: skip
    with process:
        return b"".join(process)


def stream_git(
    where: Path, *args: str, timeout: float = 30.0, exact: bool = False, stdin: bytes | None = None
) -> GitProcess:
    """Git's stdout in pieces of at most 64 KiB as it comes: `with stream_git(...) as pieces: for piece in pieces`.

    Memory is one piece. `timeout` is how long a single piece may take. Raises GitError at the start, and after
    the last piece when Git failed.
    """
    return GitProcess(where, args, timeout=timeout, renew=True, exact=exact, stdin=stdin)


class GitProcess:
    """One running Git: iterate over it for its stdout; `close` (from any thread) ends it and its children."""

    def __init__(
        self,
        where: Path,
        args: Sequence[str],
        *,
        timeout: float,
        renew: bool,
        network: bool = False,
        exact: bool = False,
        stdin: bytes | None = None,
        asks: bool = False,
        identity: Mapping[str, str] | None = None,
        credential: Credential | None = None,
        about: str | None = None,
        keep_open: Sequence[int] = (),
    ) -> None:
        self._where, self._about, self._command = where, about, args[0]
        self._timeout, self._renew = timeout, renew
        self._deadline = time.monotonic() + timeout
        self._closed = False
        self._stderr = b""
        check_folder(where)
        environment = _environment(network, credential, identity)
        if network:
            environment["GIT_SSH_COMMAND"] = f"{_ssh_command(where)} {_SSH_OPTIONS}"
        if args[0] in _WORK_TREE:
            environment |= _empty_drivers(where, exact)
        self._process = _start(
            _command_line(where, args, network or exact, network, credential), environment, stdin, keep_open, asks
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, words: bytes) -> None:
        """Write to a Git that was started with `asks`: at most LONGEST_QUESTION bytes, and nothing before the answer to
        what was asked last is read, so that neither waits for the other. One that has ended answers nothing."""
        stdin = self._process.stdin
        assert stdin is not None
        assert len(words) <= LONGEST_QUESTION
        with contextlib.suppress(OSError, ValueError):  # it ended or was stopped: the next read says why
            stdin.write(words)

    @property
    def has_ended(self) -> bool:
        """Whether Git is done; what it printed can still be read. It never ends before a long output is read."""
        return self._process.poll() is not None

    def __iter__(self) -> Iterator[bytes]:
        process = self._process
        assert process.stdout is not None
        assert process.stderr is not None
        if self._renew:
            _widen(process.stdout)
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            ready.register(process.stderr, selectors.EVENT_READ)
            while ready.get_map() and (found := self._wait(ready)):
                for key, _ in found:
                    piece = self._read(key.fd)
                    if not piece:
                        ready.unregister(key.fileobj)
                    elif key.fileobj is process.stderr:
                        self._stderr = (self._stderr + piece)[-8192:]
                    else:
                        yield piece
        self._finish()

    def _read(self, pipe: int) -> bytes:
        try:
            return os.read(pipe, _PIECE)
        except OSError:
            if self._closed:  # by another thread, since we were told that there is something to read
                raise self._given_up() from None
            raise

    def _wait(self, ready: selectors.BaseSelector) -> list[tuple[selectors.SelectorKey, int]]:
        """What can be read now; nothing when Git has ended and only a child of its still holds a pipe."""
        if self._renew:
            self._deadline = time.monotonic() + self._timeout
        while True:
            left = self._deadline - time.monotonic()
            ended = self.has_ended
            if self._closed or (left <= 0 and not ended):
                raise self._given_up()
            found = ready.select(0 if ended else min(left, _TICK))
            if found or ended:
                return found

    def _finish(self) -> None:
        try:
            status = self._process.wait(max(self._deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            raise self._given_up() from None
        if self._closed:
            raise self._given_up()
        if status != 0:
            raise failure(self._where, self._command, status, self._stderr, self._about)

    def _given_up(self) -> GitError:
        if self._closed:
            return GitError(f"git {self._command} was stopped in {self._about or self._where}.", "stopped")
        self.close()
        return timed_out(self._where, self._command, self._timeout, self._about)

    def close(self) -> None:
        """End Git and every process that it started; nothing happens when it has ended. Any thread may call it."""
        self._closed = True
        process = self._process
        if process.poll() is None:
            _end_group(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            # one that another thread is reading stays: it is at its end now, and is closed with the object
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()


def check_folder(where: Path) -> None:
    """Raise GitError when `where` is not a folder, or what Git needs of it may not be read."""
    for place in (where, where / ".git"):
        try:
            is_folder = stat.S_ISDIR(place.stat().st_mode)
        except PermissionError:
            raise unreadable(place) from None
        except OSError:
            is_folder = False
        if place is where and not is_folder:
            raise vanished(where)
        if place.exists() and not os.access(place, os.R_OK | (os.X_OK if is_folder else 0)):
            raise unreadable(place)


def _command_line(
    where: Path, args: Sequence[str], exact: bool, network: bool, credential: Credential | None
) -> list[str]:
    command, *rest = args
    if command not in COMMANDS:
        raise ValueError(f"git {command} is not in git.call.COMMANDS: look first at what it can be made to run")
    place = str(where.absolute())
    settings = list(_HARDENED)
    if credential is not None:
        settings += ["credential.helper=", f"credential.helper={_GIVE_CREDENTIAL}"]
    elif not network:
        settings += ["credential.helper="]
    start = ["git", "--no-pager", *([f"--git-dir={place}"] if exact else ["-C", place])]
    return [*start, *(word for line in settings for word in ("-c", line)), command, *COMMANDS[command], *rest]


def _environment(
    network: bool, credential: Credential | None = None, identity: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Ours, without GIT_* variables that steer Git, and with those that keep it quiet."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k in _KEPT}
    ours |= {
        "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ASKPASS": "", "SSH_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never", "GCM_INTERACTIVE": "never",
        "GIT_EDITOR": "false", "GIT_SEQUENCE_EDITOR": "false", "GIT_PAGER": "cat", "GIT_SSH_COMMAND": "false",
        "GIT_ALLOW_PROTOCOL": _TRANSPORTS if network else "none", "GIT_NO_LAZY_FETCH": "1",
    }  # fmt: skip
    if credential is not None:
        ours["QUARTERDECK_GIT_USERNAME"], ours["QUARTERDECK_GIT_PASSWORD"] = credential
    for name, value in (identity or {}).items():
        if name not in _IDENTITY:
            raise ValueError(f"{name} does not name an author or a committer")
        ours[name] = value
    return ours


def _start(
    command: list[str], environment: Mapping[str, str], stdin: bytes | None, keep_open: Sequence[int], asks: bool
) -> subprocess.Popen[bytes]:
    with contextlib.ExitStack() as stack:
        given: IO[bytes] | int = subprocess.PIPE if asks else subprocess.DEVNULL
        if stdin is not None:  # a file, not a pipe: Git may answer before it has read all, and both would wait
            given = stack.enter_context(tempfile.TemporaryFile())
            given.write(stdin)
            given.seek(0)
        try:
            return subprocess.Popen(
                command, cwd="/", env=dict(environment), stdin=given, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True, pass_fds=tuple(keep_open), bufsize=0,
            )  # fmt: skip
        except FileNotFoundError:
            raise missing_git() from None


def _widen(pipe: IO[bytes]) -> None:
    """Let Git work on while we parse; where the system does not let us, 64 KiB it is."""
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """TERM first, so that Git removes its locks and half packs; KILL after 2 s."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(2)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _empty_drivers(where: Path, exact: bool) -> dict[str, str]:
    """Variables that empty every filter, diff and merge driver that the repository's settings name.

    Not by `-c`: a driver's name may hold an equals sign, which that cuts in two.
    """
    try:
        raw = run_git(where, "config", "--includes", "-z", "--name-only", "--get-regexp", _DRIVERS, exact=exact)
    except GitError as error:
        if error.status != 1:  # 1: there is none
            raise
        return {}
    found = {"GIT_CONFIG_COUNT": str(raw.count(b"\0"))}
    for number, key in enumerate(raw.split(b"\0")[:-1]):
        found[f"GIT_CONFIG_KEY_{number}"] = os.fsdecode(key)
        found[f"GIT_CONFIG_VALUE_{number}"] = "false" if key.endswith(b".required") else ""
    return found


def _ssh_command(where: Path) -> str:
    """The user's own way to start ssh. Raises GitError when the repository itself would steer a connection."""
    command = os.environ.get("GIT_SSH_COMMAND", "")
    fields = iter(run_git(where, "config", "--list", "--show-scope", "-z", exact=True).split(b"\0"))
    for scope, entry in zip(fields, fields, strict=False):
        key, _, value = entry.partition(b"\n")
        name = os.fsdecode(key)
        if scope in (b"local", b"worktree") and not _PLAIN_KEY.fullmatch(name):
            raise GitError(f"{where} sets {name} itself, so no connection is made from it.", "configuration")
        if name == "core.sshcommand" and not os.environ.get("GIT_SSH_COMMAND"):
            command = os.fsdecode(value)
    return command or "ssh"
