"""The one module that starts Git: what a hostile repository can make it do, which is nothing, and what it says."""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.git import (
    Credential,
    GitError,
    GitProcess,
    canonical_url,
    decode,
    encode,
    git_version,
    head,
    is_bare,
    is_shallow,
    remote_names,
    remote_url,
    run_git,
    split_credential,
    stream_git,
    work_tree,
)

PERSON = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
          (("NAME", "Ann"), ("EMAIL", "ann@example.org"), ("DATE", "1700000000 +0000"))}  # fmt: skip


def git(where: Path, *args: str, check: bool = True, stdin: bytes | None = None) -> bytes:
    """The stock Git, with nothing switched off."""
    done = subprocess.run(
        ["git", "-C", str(where), *args], env=os.environ | PERSON, input=stdin, capture_output=True, timeout=30
    )
    if check and done.returncode:
        raise AssertionError(done.stderr.decode())
    return done.stdout


def settings(text: str) -> None:
    """The user's own settings of Git."""
    Path(os.environ["HOME"], ".gitconfig").write_text(text)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    where = tmp_path / "repository"
    git(tmp_path, "init", "-q", "-b", "main", str(where))
    (where / "data.txt").write_text("one\n")
    git(where, "add", ".")
    git(where, "commit", "-qm", "first")
    (where / "data.txt").write_text("two\n")
    git(where, "commit", "-qam", "second")
    return where


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    where = tmp_path / "own.git"
    run_git(tmp_path, "init", "-q", "--bare", str(where))
    return where


# -- names ---------------------------------------------------------------------------------------------------


@given(st.binary(max_size=60))
def test_any_bytes_survive_as_text_that_sqlite_can_hold(raw: bytes) -> None:
    text = decode(raw)
    assert encode(text) == raw
    text.encode()  # raises where there is a lone surrogate


@given(st.text(st.characters(codec="utf-8", exclude_characters="".join(map(chr, range(0xF780, 0xF800))))))
def test_utf8_is_kept_as_it_is(text: str) -> None:
    assert decode(text.encode()) == text


def test_a_genuine_private_character_is_not_taken_for_a_byte() -> None:
    assert decode("\uf7ff".encode()) != decode(b"\xff")
    assert encode(decode("\uf7ff".encode())) == "\uf7ff".encode()


# -- addresses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/churn",
        "https://github.com/acme/churn.git/",
        "https://ann:s3cret@GitHub.com:443/acme/churn.git",
        "git@github.com:acme/churn.git",
        "github.com:/acme/churn",
        "ssh://git@github.com:22/acme/churn",
        "git+ssh://git@github.com:2222/acme/churn.git",
        "https://github.com/acme/churn?private_token=s3cret#x",
    ],
)
def test_all_ways_to_write_one_remote_are_one(url: str) -> None:
    assert canonical_url(url) == "github.com/acme/churn"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("http://127.0.0.1:3000/a/b.git", "127.0.0.1:3000/a/b"),
        ("http://host:99999/a", "host/a"),
        ("[::1]:a/b.git", "[::1]/a/b"),
        ("ssh://[2001:db8::1]:22/a", "[2001:db8::1]/a"),
        ("/srv/git/churn.git", "/srv/git/churn"),
        ("file:///srv/git/churn/.git", "/srv/git/churn"),
        ("../churn", "../churn"),
        ("/", "/"),
    ],
)
def test_other_remotes_stay_apart(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


def test_a_login_is_taken_out_of_a_url() -> None:
    plain = "https://host/a.git"
    assert split_credential("https://ann:p%40ss@host/a.git") == (plain, Credential("ann", "p@ss"))
    assert split_credential("https://token@host/a.git") == (plain, Credential("token", ""))
    assert split_credential("ssh://git:pw@host/a.git") == ("ssh://git@host/a.git", None)
    assert split_credential("git@host:a.git") == ("git@host:a.git", None)
    assert "p@ss" not in repr(Credential("ann", "p@ss"))


# -- small questions -----------------------------------------------------------------------------------------


def test_the_working_tree_is_found_from_any_folder_of_it(repository: Path, mirror: Path, tmp_path: Path) -> None:
    (repository / "deep" / "er").mkdir(parents=True)
    assert work_tree(repository / "deep" / "er") == repository
    assert work_tree(mirror) is None
    assert work_tree(tmp_path) is None
    assert is_bare(mirror)
    assert not is_bare(repository)


def test_a_linked_worktree_is_a_tree_of_its_own(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    assert work_tree(tmp_path / "linked") == tmp_path / "linked"
    assert head(tmp_path / "linked").branch == "side"


def test_a_repository_cannot_name_somebody_elses_folder_as_its_tree(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    git(repository, "config", "core.worktree", str(tmp_path / "private"))
    assert work_tree(repository) is None


def test_head_may_be_a_branch_a_commit_or_not_born_yet(repository: Path, mirror: Path) -> None:
    sha = git(repository, "rev-parse", "HEAD").decode().strip()
    assert head(repository) == ("main", sha)
    git(repository, "checkout", "-q", "--detach")
    assert head(repository) == (None, sha)
    assert head(mirror).sha is None


def test_remotes_are_told_as_the_settings_have_them(repository: Path) -> None:
    assert remote_url(repository) is None
    git(repository, "remote", "add", "fork", "git@host:fork.git")
    git(repository, "remote", "add", "origin", "https://ann:pw@host/x")
    git(repository, "config", "--add", "remote.origin.url", "https://second/x")
    git(repository, "config", "url.ext::sh.insteadOf", "https://ann")
    assert remote_names(repository) == ["fork", "origin"]
    assert remote_url(repository) == "https://ann:pw@host/x"
    assert remote_url(repository, "fork") == "git@host:fork.git"


def test_a_shallow_clone_is_told_apart(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", repository.as_uri(), str(tmp_path / "shallow"))
    assert is_shallow(tmp_path / "shallow")
    assert not is_shallow(repository)


def test_the_version_is_a_number() -> None:
    assert git_version()[0].isdigit()


# -- errors --------------------------------------------------------------------------------------------------


def test_a_folder_that_is_no_repository_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="is not a Git repository") as caught:
        run_git(tmp_path, "log")
    assert (caught.value.reason, caught.value.state, caught.value.status) == ("not_a_repository", "misconfigured", 128)


def test_a_vanished_folder_is_said_to_be_gone(tmp_path: Path) -> None:
    with pytest.raises(GitError, match="is not there") as caught:
        run_git(tmp_path / "gone", "log")
    assert caught.value.reason == "vanished"


def as_nobody(act: Callable[[], object]) -> str:
    """What `act` raises when a user runs it who owns nothing; as root in a child process that became nobody."""
    if os.geteuid() != 0:
        with pytest.raises(GitError) as caught:
            act()
        return caught.value.reason
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            try:
                act()
            except GitError as error:
                os.write(write, error.reason.encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read, "rb") as answer:
        return answer.read().decode()


@pytest.mark.parametrize("part", [".", ".git"])
def test_a_folder_that_may_not_be_read_is_said_to_be_closed(repository: Path, part: str) -> None:
    for folder in repository.parents:
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    (repository / part).chmod(0)
    try:
        assert as_nobody(lambda: run_git(repository, "log")) == "unreadable"
    finally:
        (repository / part).chmod(0o755)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_repository_of_somebody_else_is_not_read(repository: Path) -> None:
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 65534, 65534)
    with pytest.raises(GitError, match=r"safe\.directory") as caught:
        run_git(repository, "log")
    assert (caught.value.reason, caught.value.state) == ("ownership", "forbidden")


def test_broken_settings_of_a_repository_are_said_to_be_broken(repository: Path) -> None:
    (repository / ".git" / "config").write_text("[core\n")
    with pytest.raises(GitError, match="bad config line 1") as caught:
        run_git(repository, "log")
    assert caught.value.state == "misconfigured"


def test_a_damaged_repository_is_said_to_be_damaged(repository: Path) -> None:
    sha = git(repository, "rev-parse", "HEAD^").decode().strip()
    (repository / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    with pytest.raises(GitError, match="is damaged") as caught:
        run_git(repository, "log")
    assert (caught.value.reason, caught.value.state) == ("damaged", "not_understood")


def test_a_repository_of_a_newer_git_asks_for_an_update(repository: Path) -> None:
    git(repository, "config", "core.repositoryFormatVersion", "1")
    git(repository, "config", "extensions.fromTheFuture", "true")
    with pytest.raises(GitError, match="update git"):
        run_git(repository, "log")


def test_a_machine_without_git_is_told_to_install_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(GitError, match="not installed"):
        run_git(repository, "log")


def test_a_host_without_an_address_is_named_without_its_login(mirror: Path) -> None:
    with pytest.raises(GitError) as caught:
        run_git(mirror, "fetch", "--", "https://ann:s3cret@quarterdeck.invalid/x.git", network=True, about="the remote")
    assert caught.value.reason == "host_not_found"
    assert "s3cret" not in str(caught.value) + caught.value.complaint


def test_nobody_listening_is_unreachable(mirror: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(GitError, match="does not answer") as caught:
        run_git(mirror, "fetch", "--", f"http://127.0.0.1:{port}/x.git", network=True)
    assert caught.value.state == "unreachable"


@pytest.fixture
def mute() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        yield listener


def fetching(mirror: Path, mute: socket.socket, timeout: float) -> GitProcess:
    url = f"http://127.0.0.1:{mute.getsockname()[1]}/x.git"
    return GitProcess(mirror, ("fetch", "--", url), timeout=timeout, renew=False, network=True)


def assert_hung_up(connection: socket.socket) -> None:
    """The process at the other end (git-remote-http, which Git started) is gone."""
    with connection:
        connection.settimeout(20)
        while connection.recv(4096):
            pass


def test_a_server_that_never_answers_is_left_and_nothing_goes_on_running(mirror: Path, mute: socket.socket) -> None:
    process = fetching(mirror, mute, 0.5)
    with pytest.raises(GitError, match=r"gave no answer for 0\.5 s") as caught, process:
        b"".join(process)
    assert caught.value.reason == "timeout"
    assert process.has_ended
    assert_hung_up(mute.accept()[0])


def test_a_running_git_is_stopped_from_another_thread(mirror: Path, mute: socket.socket) -> None:
    process = fetching(mirror, mute, 30)
    connections: list[socket.socket] = []

    def stop() -> None:
        connections.append(mute.accept()[0])
        process.close()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(GitError) as caught:
        b"".join(process)
    stopper.join()
    assert caught.value.reason == "stopped"
    assert_hung_up(connections[0])


# -- streams -------------------------------------------------------------------------------------------------


def test_a_long_answer_comes_in_small_pieces(repository: Path) -> None:
    sha = run_git(repository, "hash-object", "-w", "--stdin", stdin=bytes(3_000_000)).decode().strip()
    with stream_git(repository, "cat-file", "blob", sha) as pieces:
        sizes = [len(piece) for piece in pieces]
    assert sum(sizes) == 3_000_000
    assert max(sizes) <= 1 << 16


def test_a_stream_that_is_left_early_ends_its_git(repository: Path) -> None:
    sha = run_git(repository, "hash-object", "-w", "--stdin", stdin=bytes(9_000_000)).decode().strip()
    with stream_git(repository, "cat-file", "blob", sha) as pieces:
        next(iter(pieces))
    assert pieces.has_ended


def test_long_stdin_and_long_stdout_do_not_wait_for_each_other(repository: Path) -> None:
    asked = git(repository, "rev-parse", "HEAD") * 20_000
    assert run_git(repository, "cat-file", "--batch-check", stdin=asked).count(b"commit") == 20_000


# -- hostile repositories ------------------------------------------------------------------------------------


class Trap:
    """A hostile repository, and the canary file that appears when anything of it has run."""

    def __init__(self, repository: Path, folder: Path) -> None:
        self.repository = repository
        self.canary = folder / "canary"
        self.script = folder / "script"
        self.script.write_text(f"#!/bin/sh\necho ran >> {self.canary}\ncat 2>/dev/null\nexit 1\n")
        self.script.chmod(0o755)

    def config(self, key: str, value: str) -> None:
        git(self.repository, "config", "--add", key, value)

    def attributes(self, line: str) -> None:
        (self.repository / ".git" / "info").mkdir(exist_ok=True)
        (self.repository / ".git" / "info" / "attributes").write_text(f"{line}\n")

    def hook(self, name: str) -> None:
        hook = self.repository / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_bytes(self.script.read_bytes())
        hook.chmod(0o755)

    def touch(self) -> None:
        """Make Git look at the contents again."""
        data = self.repository / "data.txt"
        data.write_text("new\n")  # as long as before: Git must read it to see
        os.utime(data, (1, 1))


@pytest.fixture
def trap(repository: Path, tmp_path: Path) -> Trap:
    return Trap(repository, tmp_path)


def set_fsmonitor(trap: Trap) -> None:
    trap.config("core.fsmonitor", str(trap.script))


def set_hook(name: str) -> Callable[[Trap], None]:
    return lambda trap: trap.hook(name)


def set_hooks_path(trap: Trap) -> None:
    trap.hook("post-checkout")
    (trap.repository / ".git" / "hooks").rename(trap.repository / "elsewhere")
    trap.config("core.hooksPath", "elsewhere")


def set_external_diff(trap: Trap) -> None:
    trap.config("diff.external", str(trap.script))
    trap.touch()


def set_diff_driver(key: str) -> Callable[[Trap], None]:
    def lay(trap: Trap) -> None:
        trap.config(f"diff.evil=name.{key}", str(trap.script))
        trap.attributes("* diff=evil=name")
        trap.touch()

    return lay


def set_filter(key: str) -> Callable[[Trap], None]:
    def lay(trap: Trap) -> None:
        trap.config(f"filter.evil=name.{key}", str(trap.script))
        trap.config("filter.evil=name.required", "true")
        trap.attributes("* filter=evil=name")
        trap.touch()

    return lay


def set_merge_driver(trap: Trap) -> None:
    git(trap.repository, "branch", "side", "HEAD^")
    git(trap.repository, "checkout", "-q", "side")
    (trap.repository / "data.txt").write_text("other\n")
    git(trap.repository, "commit", "-qam", "side")
    trap.config("merge.evil.driver", str(trap.script))
    trap.attributes("* merge=evil")


def set_signature(trap: Trap) -> None:
    raw = git(trap.repository, "cat-file", "commit", "HEAD")
    signed = raw.replace(b"\n\n", b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END PGP SIGNATURE-----\n\n", 1)
    sha = git(trap.repository, "hash-object", "-t", "commit", "-w", "--stdin", stdin=signed).decode().strip()
    git(trap.repository, "update-ref", "refs/heads/main", sha)
    trap.config("gpg.program", str(trap.script))
    trap.config("log.showSignature", "true")


def set_signing(trap: Trap) -> None:
    trap.config("gpg.program", str(trap.script))
    trap.config("commit.gpgSign", "true")
    trap.touch()


def set_editor(trap: Trap) -> None:
    trap.config("core.editor", str(trap.script))
    trap.touch()


def set_submodule(trap: Trap) -> None:
    inner = trap.repository / "inner"
    git(trap.repository, "-c", "protocol.file.allow=always", "clone", "-q", str(trap.repository), str(inner))
    git(trap.repository, "-c", "advice.addEmbeddedRepo=false", "add", "inner")
    git(inner, "config", "core.fsmonitor", str(trap.script))


TRAPS = {
    "fsmonitor at status": (set_fsmonitor, ("status", "--porcelain")),
    "fsmonitor at diff": (set_fsmonitor, ("diff",)),
    "fsmonitor of a submodule": (set_submodule, ("status", "--porcelain")),
    "post-index-change hook": (set_hook("post-index-change"), ("status",)),
    "reference-transaction hook": (set_hook("reference-transaction"), ("update-ref", "refs/heads/x", "HEAD")),
    "pre-commit hook": (set_hook("pre-commit"), ("commit", "--allow-empty", "-m", "x")),
    "post-checkout hook": (set_hook("post-checkout"), ("worktree", "add", "../made", "HEAD")),
    "hooks elsewhere": (set_hooks_path, ("checkout", "--detach")),
    "external diff": (set_external_diff, ("diff",)),
    "diff driver": (set_diff_driver("command"), ("diff",)),
    "textconv at diff": (set_diff_driver("textconv"), ("diff",)),
    "textconv at log": (set_diff_driver("textconv"), ("log", "-p")),
    "textconv at show": (set_diff_driver("textconv"), ("show",)),
    "clean filter at status": (set_filter("clean"), ("status",)),
    "clean filter at add": (set_filter("clean"), ("add", "data.txt")),
    "filter process": (set_filter("process"), ("add", "data.txt")),
    "smudge filter": (set_filter("smudge"), ("checkout", "-f", "HEAD^")),
    "merge driver": (set_merge_driver, ("merge", "main")),
    "gpg at log": (set_signature, ("log",)),
    "gpg at commit": (set_signing, ("commit", "-a", "-m", "x")),
    "editor": (set_editor, ("commit", "-a")),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAPS)
def test_nothing_that_a_repository_names_is_run(trap: Trap, name: str, tmp_path: Path) -> None:
    lay, command = TRAPS[name]
    lay(trap)
    before = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(trap.repository), str(before)], check=True)

    with contextlib.suppress(GitError):
        run_git(trap.repository, *command, identity=PERSON)
    assert not trap.canary.exists()

    subprocess.run(["rm", "-rf", str(trap.repository), str(tmp_path / "made")], check=True)
    before.rename(trap.repository)
    git(trap.repository, "worktree", "prune")
    git(trap.repository, *command, check=False)
    assert trap.canary.exists(), "the stock Git does not fall into this trap: the test shows nothing"


def test_a_command_that_nobody_looked_at_is_refused(repository: Path) -> None:
    with pytest.raises(ValueError, match="COMMANDS"):
        run_git(repository, "archive", "HEAD")


def test_a_lazy_fetch_of_a_partial_clone_connects_nowhere(repository: Path, trap: Trap) -> None:
    blob = git(repository, "rev-parse", "HEAD:data.txt").decode().strip()
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        trap.config("remote.origin.url", f"http://127.0.0.1:{listener.getsockname()[1]}/x.git")
        trap.config("remote.origin.promisor", "true")
        trap.config("extensions.partialClone", "origin")
        trap.config("core.repositoryFormatVersion", "1")
        with pytest.raises(GitError):
            run_git(repository, "cat-file", "blob", blob)
        with pytest.raises(BlockingIOError):
            listener.accept()
        stock = subprocess.Popen(["git", "-C", str(repository), "cat-file", "blob", blob], stderr=subprocess.DEVNULL)
        listener.setblocking(True)
        listener.settimeout(20)
        listener.accept()[0].close()  # the stock Git does connect
        stock.kill()
        stock.wait()


@pytest.mark.parametrize("word", ["fetch", "ls-remote", "push"])
def test_without_leave_no_transport_opens(repository: Path, tmp_path: Path, word: str) -> None:
    with pytest.raises(GitError) as caught:
        run_git(repository, word, "--", str(repository), *(["main"] if word == "push" else []))
    assert caught.value.reason == "transport"


def test_an_address_that_is_a_program_is_refused_with_leave_too(mirror: Path, trap: Trap, tmp_path: Path) -> None:
    trap.script.write_text(f"#!/bin/sh\necho ran >> {trap.canary}\n")
    settings('[protocol "ext"]\n\tallow = always\n')
    with pytest.raises(GitError, match="runs programs") as caught:
        run_git(mirror, "fetch", "--", f"ext::{trap.script}", network=True)
    assert caught.value.reason == "transport"
    assert not trap.canary.exists()
    git(mirror, "fetch", f"ext::{trap.script}", check=False)
    assert trap.canary.exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("core.sshCommand", "{script}"),
        ("core.gitProxy", "{script}"),
        ("core.askPass", "{script}"),
        ("core.alternateRefsCommand", "{script}"),
        ("credential.helper", "!{script}"),
        ("credential.https://host.helper", "!{script}"),
        ("url.ext::{script}.insteadOf", "https://host/"),
        ("remote.origin.vcs", "ext"),
        ("remote.origin.uploadpack", "{script}"),
        ("http.proxy", "http://127.0.0.1:1"),
        ("http.sslVerify", "false"),
        ("include.path", "/nowhere"),
        ("fetch.bundleURI", "http://127.0.0.1:1"),
    ],
)
def test_a_repository_that_would_steer_a_connection_is_not_connected_from(trap: Trap, key: str, value: str) -> None:
    trap.config(key.format(script=trap.script), value.format(script=trap.script))
    with pytest.raises(GitError, match=r"sets .* itself, so no connection is made"):
        run_git(trap.repository / ".git", "fetch", "--", "git@host:x.git", network=True)
    assert not trap.canary.exists()


def test_the_users_own_ssh_command_is_used_without_questions(mirror: Path, trap: Trap) -> None:
    args = trap.script.with_name("args")
    trap.script.write_text(f'#!/bin/sh\necho "$@" >> {args}\nexit 255\n')
    settings(f"[core]\n\tsshCommand = {trap.script} -i key\n[ssh]\n\tvariant = ssh\n")
    with pytest.raises(GitError):
        run_git(mirror, "fetch", "--", "git@host:x.git", network=True)
    assert "-i key -oBatchMode=yes" in args.read_text()


def test_variables_of_the_environment_do_not_steer_git(
    trap: Trap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap.touch()
    for name, value in {
        "GIT_DIR": "/nonexistent", "GIT_WORK_TREE": "/", "GIT_INDEX_FILE": "/nonexistent",
        "GIT_EXTERNAL_DIFF": str(trap.script),
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": str(trap.script),
        "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor'='{trap.script}'", "GIT_TRACE": str(tmp_path / "trace"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert b"+new" in run_git(trap.repository, "diff")
    assert not trap.canary.exists()
    assert not (tmp_path / "trace").exists()


def test_a_repository_above_is_not_taken_for_the_mirror(repository: Path) -> None:
    inside = repository / "cache.git"
    inside.mkdir()
    with pytest.raises(GitError) as caught:
        run_git(inside, "for-each-ref", exact=True)
    assert caught.value.reason == "not_a_repository"


class Guarded(BaseHTTPRequestHandler):
    """A Git server that wants a login, and looks for it in the process list meanwhile."""

    logins: list[str]
    listed: list[bytes]

    def do_GET(self) -> None:
        login = self.headers.get("Authorization")
        if login is None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.end_headers()
            return
        self.logins.append(base64.b64decode(login.split()[1]).decode())
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                self.listed.append(process.read_bytes())
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def guarded() -> Iterator[ThreadingHTTPServer]:
    Guarded.logins, Guarded.listed = [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_login_reaches_its_server_and_not_the_process_list(guarded: ThreadingHTTPServer, mirror: Path) -> None:
    url, login = split_credential(f"http://ann:s3cret@127.0.0.1:{guarded.server_port}/x.git")
    with pytest.raises(GitError) as caught:
        run_git(mirror, "fetch", "--", url, network=True, credential=login)
    assert caught.value.reason == "not_found"
    assert Guarded.logins == ["ann:s3cret"]
    if sys.platform == "linux":
        assert any(b"remote-http" in line for line in Guarded.listed)
        assert not any(b"s3cret" in line for line in Guarded.listed)
    assert not any(b"s3cret" in path.read_bytes() for path in mirror.rglob("*") if path.is_file())


def test_a_server_that_wants_a_login_is_answered_without_a_prompt(
    guarded: ThreadingHTTPServer, mirror: Path, trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_ASKPASS", str(trap.script))
    monkeypatch.setenv("SSH_ASKPASS", str(trap.script))
    with pytest.raises(GitError) as caught:
        run_git(mirror, "fetch", "--", f"http://127.0.0.1:{guarded.server_port}/x.git", network=True)
    assert (caught.value.reason, caught.value.state) == ("unauthorised", "unauthorised")
    assert not trap.canary.exists()


def test_the_users_own_credential_helper_serves_a_network_call(guarded: ThreadingHTTPServer, mirror: Path) -> None:
    settings('[credential]\n\thelper = "!f() { echo username=bob; echo password=own; }; f"\n')
    with pytest.raises(GitError):
        run_git(mirror, "fetch", "--", f"http://127.0.0.1:{guarded.server_port}/x.git", network=True)
    assert Guarded.logins == ["bob:own"]
