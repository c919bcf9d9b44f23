"""A hostile clone runs nothing, connects nowhere and is not written to."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.sources.git import GitSource

from .repositories import SPEC, Read, collect, commit, git, mirrored, read_mirrored, snapshot


@pytest.fixture
def hostile(clone: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Makes the clone hostile in every way at once; all its programs touch `canary`, all its hosts are `address`."""

    def make(address: str) -> Path:
        script = tmp_path / "script"
        script.write_text(f"#!/bin/sh\necho $0 >> {tmp_path / 'canary'}\n")
        script.chmod(0o755)
        hooks = clone / ".git" / "hooks"
        for name in (
            "post-index-change",
            "reference-transaction",
            "post-checkout",
            "pre-auto-gc",
            "fsmonitor-watchman",
        ):
            hooks.mkdir(exist_ok=True)
            shutil.copy(script, hooks / name)
        for key, value in {
            "core.fsmonitor": str(script), "diff.external": str(script), "diff.x.textconv": str(script),
            "diff.x.command": str(script), "filter.x.clean": str(script), "filter.x.process": str(script),
            "gpg.program": str(script), "log.showSignature": "true", "core.sshCommand": str(script),
            "core.pager": str(script), "pager.log": "true", "core.askPass": str(script), "core.gitProxy": str(script),
            "credential.helper": f"!{script}", "core.alternateRefsCommand": str(script), "protocol.allow": "always",
            "protocol.ext.allow": "always", "uploadpack.packObjectsHook": str(script), "alias.log": f"!{script}",
            "remote.origin.promisor": "true", "remote.origin.partialCloneFilter": "blob:none",
            "remote.origin.uploadpack": str(script), "http.proxy": address, "trace2.normalTarget": "1",
            f"url.ext::{script}.insteadOf": "file://", "core.attributesFile": str(tmp_path / "attributes"),
        }.items():  # fmt: skip
            git(clone, "config", key, value)
        (tmp_path / "attributes").write_text("* diff=x filter=x\n")
        (clone / ".git" / "info").mkdir(exist_ok=True)
        (clone / ".git" / "info" / "attributes").write_text("* diff=x filter=x\n")
        (clone / ".git" / "objects" / "info" / "alternates").write_text(f"{tmp_path / 'nowhere'}\n")
        return clone

    return make


def test_a_hostile_clone_runs_nothing_connects_nowhere_and_is_not_written_to(
    hostile: Callable[[str], Path], tmp_path: Path, mute: socket.socket
) -> None:
    mute.setblocking(False)
    address = f"http://127.0.0.1:{mute.getsockname()[1]}/x.git"
    where = hostile(address)
    git(where, "config", "remote.origin.url", address)
    blob = git(where, "rev-parse", "HEAD:data")
    packed = next((where / ".git" / "objects").glob("pack/*.pack"), None)
    assert packed is not None or (where / ".git" / "objects" / blob[:2] / blob[2:]).exists()
    before = snapshot(tmp_path)
    found = Read()
    source = GitSource(SPEC, path=where, mirror=tmp_path / "own" / "m.git")
    found.again(source)
    found.again(source)
    asyncio.run(collect(source.sweep(found.cursor), []))
    assert found.subjects() == ["second", "first"]
    assert snapshot(tmp_path) == before
    with pytest.raises(BlockingIOError):
        mute.accept()
    # how the stock Git ends is its own affair: one of the traps may break it off
    subprocess.run(["git", "-C", str(where), "status"], capture_output=True, timeout=30)
    assert snapshot(tmp_path) != before, "the stock Git is not harmed either: the test shows nothing"


def test_a_hostile_clone_that_is_fetched_runs_nothing_either(
    hostile: Callable[[str], Path], repository: Path, tmp_path: Path
) -> None:
    where = hostile("http://127.0.0.1:1")
    git(where, "config", "--unset", "remote.origin.promisor")
    git(where, "config", "--unset", "remote.origin.partialCloneFilter")
    commit(repository, "third")
    (tmp_path / "canary").unlink(missing_ok=True)
    before = snapshot(where)
    found = read_mirrored(mirrored(where))
    assert found.subjects() == ["third", "second", "first"]
    assert not (tmp_path / "canary").exists()
    assert snapshot(where) == before
    subprocess.run(["git", "-C", str(where), "fetch"], capture_output=True, timeout=30)
    assert (tmp_path / "canary").exists(), "the stock Git is not harmed either: the test shows nothing"


@pytest.mark.parametrize("url", ["ext::{script}", "ext::sh -c {script}", "--upload-pack={script}", "fd::3", "-x:y"])
def test_a_remote_that_is_a_program_is_not_fetched(repository: Path, clone: Path, tmp_path: Path, url: str) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\necho ran >> {tmp_path / 'canary'}\n")
    script.chmod(0o755)
    git(clone, "config", "remote.origin.url", url.format(script=script))
    found = Read()
    with pytest.raises(SourceError):
        found.again(mirrored(clone))
    assert found.subjects() == ["second", "first"]
    assert not (tmp_path / "canary").exists()
