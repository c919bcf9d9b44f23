"""Logs of GitLab CI, also of jobs that still run."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from quarterdeck.app.sources.gitlab import GitlabVendor
from quarterdeck.app.sources.gitlab import traces as traces_module
from quarterdeck.app.sources.http import Credential, Http
from tests.servers.gitlab import PATH, TOKEN, Gitlab, message
from tests.servers.loopback import Loopback

from .looking import SPEC, log, opened, paths


async def test_a_log_is_whole_and_ends_with_its_job(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("failed")
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = (Path(__file__).parents[3] / "payloads" / "gitlab" / "trace.log").read_bytes()
    async with opened(server) as vendor:
        parts = await log(vendor, number, job)
    assert b"".join(part.data for part in parts) == gitlab.traces[job]
    assert [(part.source, part.pipeline, part.job) for part in parts] == [(SPEC.key, str(number), str(job))] * 2
    assert [part.start for part in parts] == [0, len(gitlab.traces[job])]
    assert [part.is_last for part in parts] == [False, True]


async def test_a_long_log_comes_in_parts_of_bounded_size(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = b"".join(b"%08d\n" % n for n in range(300_000))
    async with opened(server) as vendor:
        parts = await log(vendor, number, job)
    assert b"".join(part.data for part in parts) == gitlab.traces[job]
    assert max(len(part.data) for part in parts) < 1_000_000
    assert all(after.start == part.start + len(part.data) for part, after in pairwise(parts))


async def test_a_log_that_grows_brings_what_is_new(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("running")
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = b"epoch 1\n"
    async with opened(server) as vendor:
        first = await log(vendor, number, job)
        assert [part.data for part in first] == [b"epoch 1\n", b""]
        assert not first[-1].is_last
        gitlab.traces[job] += b"epoch 2\n"
        more = await log(vendor, number, job, 8)
        assert [(part.start, part.data, part.is_last) for part in more] == [(8, b"epoch 2\n", False), (16, b"", False)]
        gitlab.set(number, "success", train="success")
        (end,) = await log(vendor, number, job, 16)
    assert (end.start, end.data, end.is_last, end.sentence) == (16, b"", True, "")


async def test_a_log_that_is_shorter_than_what_is_known_begins_anew(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = b"short\n"
    async with opened(server) as vendor:
        parts = await log(vendor, number, job, 1_000)
    assert [(part.start, part.data) for part in parts] == [(0, b"short\n"), (6, b"")]


async def test_a_large_log_of_a_running_job_is_not_read_again_at_once(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("running")
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = bytes(8_000_000)
    clock = [1_795_000_000.0]
    vendor = GitlabVendor(
        SPEC, Http(server.url, credential=Credential.bearer(server.url, TOKEN), clock=lambda: clock[0]), project=PATH
    )
    await log(vendor, number, job)
    (same,) = await log(vendor, number, job, 8_000_000)
    assert (same.start, same.data, same.is_last) == (8_000_000, b"", False)
    assert sum(path.endswith("/trace") for path in paths(server)) == 1
    clock[0] += 20
    await log(vendor, number, job, 8_000_000)
    assert sum(path.endswith("/trace") for path in paths(server)) == 2
    await vendor.close()


async def test_a_log_longer_than_the_cap_is_cut_and_says_so(
    gitlab: Gitlab, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces_module, "LARGEST", 500_000)
    number = gitlab.push()
    job = gitlab.jobs[number][0]["id"]
    gitlab.traces[job] = bytes(900_000)
    async with opened(server) as vendor:
        parts = await log(vendor, number, job)
    assert sum(len(part.data) for part in parts) == 500_000
    assert parts[-1].is_last
    assert "longer than" in parts[-1].sentence


@pytest.mark.parametrize(
    ("status", "erased", "words", "is_last"),
    [
        ("success", None, "no log of this job", True),
        ("failed", "2026-03-05T10:00:00.000Z", "erased in GitLab at 2026-03-05", True),
        ("running", None, "nothing yet", False),
        ("pending", None, "has not begun", False),
        ("manual", None, "has not begun", False),
    ],
)
async def test_a_log_that_is_not_there_is_a_sentence(
    gitlab: Gitlab, server: Loopback, status: str, erased: str | None, words: str, is_last: bool
) -> None:
    number = gitlab.push(status)
    gitlab.jobs[number][0]["erased_at"] = erased
    async with opened(server) as vendor:
        (part,) = await log(vendor, number, gitlab.jobs[number][0]["id"])
    assert words in part.sentence
    assert (part.data, part.is_last) == (b"", is_last)


async def test_a_log_that_this_login_may_not_read_says_so(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    gitlab.fail("/trace$", message("403 Forbidden", 403))
    async with opened(server) as vendor:
        (part,) = await log(vendor, number, gitlab.jobs[number][0]["id"])
    assert "does not show this log to this login" in part.sentence


async def test_a_log_that_expired_keeps_what_was_read(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    async with opened(server) as vendor:
        (part,) = await log(vendor, number, gitlab.jobs[number][0]["id"], 4_096)
    assert (part.start, part.is_last) == (4_096, True)
    assert part.sentence
