"""How a GitLab that refuses, limits or breaks off is told of."""

from __future__ import annotations

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.sources.gitlab import GitlabVendor
from quarterdeck.app.sources.gitlab.pace import Pace
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.trouble import AnswerError
from tests.servers.gitlab import LIMITED, TOKEN, Gitlab, message
from tests.servers.loopback import Loopback, Told

from .looking import SPEC, log, opened


@pytest.mark.parametrize(
    ("told", "state", "words"),
    [
        (LIMITED, "limited", "Retry later"),
        (message("401 Unauthorized", 401), "unauthorised", "401"),
        (Told({"error": "invalid_token", "error_description": "Token was revoked."}, 401), "unauthorised", "401"),
        (message("403 Forbidden", 403), "forbidden", "403"),
        (message({"ref": ["is invalid"]}, 400), "not_understood", "is invalid"),
        (message("500 Internal Server Error", 500), "unreachable", "500"),
        (Told(b"<html><title>Sign in</title>", 200, {"Content-Type": "text/html"}), "not_understood", "web page"),
    ],
)
async def test_each_refusal_is_one_of_the_known_states(
    gitlab: Gitlab, server: Loopback, told: Told, state: str, words: str
) -> None:
    gitlab.fail("/pipelines$", told)
    async with opened(server) as vendor:
        with pytest.raises(SourceError, match=words) as caught:
            await vendor.page(None)
    assert caught.value.state == state
    assert TOKEN not in str(caught.value)


async def test_a_limit_is_obeyed_without_asking_again(gitlab: Gitlab, server: Loopback) -> None:
    gitlab.fail("/pipelines$", LIMITED)
    async with opened(server) as vendor:
        for _ in range(2):
            with pytest.raises(SourceError, match="left alone"):
                await vendor.page(None)
    assert len(server.asked) == 1


def limit(remaining: int, reset: int, most: int = 2_000) -> dict[str, str]:
    return {"ratelimit-limit": str(most), "ratelimit-remaining": str(remaining), "ratelimit-reset": str(reset)}


@pytest.mark.parametrize(
    ("headers", "pauses"),
    [
        ({}, []),
        (limit(1_999, 60), []),
        (limit(500, 60), []),
        (limit(400, 60), [60 / 400, 60 / 399, 60 / 398]),
        (limit(400, -1), []),
        (limit(0, 60), [5.0, 5.0, 5.0]),
        (limit(3, 3_600), [5.0, 5.0, 5.0]),
        ({"ratelimit-limit": "many", "ratelimit-remaining": "-1", "ratelimit-reset": "soon"}, []),
    ],
)
async def test_what_is_left_of_a_limit_is_spread_over_the_time_until_it_begins_anew(
    headers: dict[str, str], pauses: list[float]
) -> None:
    now = 1_795_000_000
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    pace = Pace(lambda: now * 1000, pause)
    if headers.get("ratelimit-reset", "").lstrip("-").isdigit():
        headers = {**headers, "ratelimit-reset": str(now + int(headers["ratelimit-reset"]))}
    pace.told(headers)
    for _ in range(3):
        await pace.wait()
    assert waited == pytest.approx(pauses)


async def test_the_limit_is_read_from_each_answer(
    gitlab: Gitlab, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str | None] = []
    monkeypatch.setattr(Pace, "told", lambda self, headers: told.append(headers.get("ratelimit-remaining")))
    gitlab.limit = {"RateLimit-Remaining": "17"}
    async with opened(server) as vendor:
        await vendor.page(None)
    assert told == ["17"]


async def test_a_hiccup_is_tried_again(gitlab: Gitlab, server: Loopback) -> None:
    number = gitlab.push()
    gitlab.fail("/pipelines$", message("502 Bad Gateway", 502), times=2)
    async with opened(server) as vendor:
        assert [one.id for one in (await vendor.page(None)).pipelines] == [str(number)]


async def test_a_project_that_is_hidden_does_not_count_as_the_deletion_of_its_pipelines(
    gitlab: Gitlab, server: Loopback
) -> None:
    number = gitlab.push()
    async with opened(server) as vendor:
        gitlab.fail(".", message("404 Project Not Found", 404), times=2)
        with pytest.raises(SourceError, match="has no project “forecast/models/demand”") as caught:
            await vendor.one(str(number))
        with pytest.raises(SourceError, match="may not see it"):
            await log(vendor, number, 1)
    assert caught.value.state == "forbidden"
    assert not isinstance(caught.value, AnswerError)


async def test_a_project_that_wants_a_login_says_so(gitlab: Gitlab, server: Loopback) -> None:
    gitlab.token = None
    vendor = GitlabVendor(SPEC, Http(server.url), project="elsewhere")
    with pytest.raises(SourceError, match="give a token") as caught:
        await vendor.page(None)
    await vendor.close()
    assert caught.value.state == "unauthorised"
