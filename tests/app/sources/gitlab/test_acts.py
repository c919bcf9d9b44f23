"""Acts on GitLab CI: what is asked of the server, and what it says."""

from __future__ import annotations

import json

import pytest

from quarterdeck.app.errors import SourceError
from tests.servers.gitlab import LIMITED, Gitlab, message
from tests.servers.loopback import Loopback, Told

from .looking import found_by, opened


async def test_failed_jobs_run_again_in_the_same_pipeline(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("failed", jobs={"ingest": "success", "train": "failed"})
    async with opened(server) as vendor:
        assert await vendor.rerun(str(number), failed_only=True, key="k") == str(number)
        assert await vendor.rerun_of(str(number), key="k", since=0) is None
        assert (await found_by(vendor, number)).status == "running"
    assert gitlab.acts == [f"pipelines/{number}/retry"]


async def test_all_jobs_are_not_run_again_because_that_is_another_pipeline(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    async with opened(server) as vendor:
        with pytest.raises(SourceError, match="another pipeline"):
            await vendor.rerun(str(number), failed_only=False, key="k")
    assert server.asked == []


async def test_a_running_pipeline_is_cancelled(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("running", jobs={"train": "running", "deploy": "created"})
    async with opened(server) as vendor:
        await vendor.cancel(str(number))
        found = await found_by(vendor, number)
    assert [found.status, *(job.status for job in found.jobs or ())] == ["cancelled"] * 3


async def test_a_manual_job_is_played(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("manual", jobs={"train": "success", "deploy": "manual"})
    async with opened(server) as vendor:
        before = await found_by(vendor, number)
        job = next(job for job in before.jobs or () if job.is_manual)
        await vendor.play(before.id, job.id)
        after = await found_by(vendor, number)
        with pytest.raises(SourceError, match="Unplayable Job"):
            await vendor.play(before.id, job.id)
    assert (before.status, after.status) == ("waiting", "running")


async def test_a_blocked_deployment_is_approved(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("manual")
    blocked = gitlab.deploy(number, "production", "blocked")
    async with opened(server) as vendor:
        (waiting,) = (await found_by(vendor, number)).approvals
        assert (waiting.id, waiting.name) == (str(blocked), "production")
        await vendor.approve(str(number), (waiting.id,), "champion by 2 points")
        assert (await found_by(vendor, number)).approvals == ()
    (asked,) = [one for one in server.asked if one.method == "POST"]
    assert json.loads(asked.body) == {"status": "approved", "comment": "champion by 2 points"}


@pytest.mark.parametrize(
    ("told", "state", "words"),
    [
        (message("403 Forbidden  - Job is not retryable", 403), "forbidden", "Job is not retryable”.$"),
        (message("403 Forbidden", 403), "forbidden", "needs the scope “api”"),
        (Told({"error": "insufficient_scope", "scope": "api"}, 403), "forbidden", "insufficient_scope"),
        (message({"base": ["must be retryable"]}, 400), "not_understood", "must be retryable"),
        (message("404 Not found", 404), "misconfigured", "404"),
        (message("401 Unauthorized", 401), "unauthorised", "401"),
        (LIMITED, "limited", "left alone for 37 s"),
    ],
)
async def test_a_refused_act_says_why(gitlab: Gitlab, server: Loopback, told: Told, state: str, words: str) -> None:
    number = gitlab.push("failed")
    gitlab.fail("/retry$", told)
    async with opened(server) as vendor:
        with pytest.raises(SourceError, match=words) as caught:
            await vendor.rerun(str(number), failed_only=True, key="k")
    assert caught.value.state == state
    assert "read here" not in str(caught.value)


async def test_an_act_is_sent_once_however_it_fails(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push("failed")
    gitlab.fail("/retry$", message("502 Bad Gateway", 502), times=3)
    async with opened(server) as vendor:
        with pytest.raises(SourceError):
            await vendor.rerun(str(number), failed_only=True, key="k")
    assert len(server.asked) == 1


async def test_an_id_that_is_no_number_is_sent_nowhere(server: Loopback) -> None:
    async with opened(server) as vendor:
        for act in (vendor.cancel("../1"), vendor.play("1", "2/retry"), vendor.approve("1", ("x",), "")):
            with pytest.raises(SourceError, match="no id of GitLab's"):
                await act
    assert server.asked == []
