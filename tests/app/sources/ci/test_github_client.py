"""What GitHub's client remembers of earlier answers."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.sources.github import client
from quarterdeck.app.sources.github.client import GithubClient
from quarterdeck.app.sources.http import Http


def speaking_through(answer: httpx.MockTransport) -> GithubClient:
    return GithubClient(Http("https://github.acme/api/v3", transport=answer), "acme/churn")


async def test_what_is_unchanged_is_given_though_others_took_its_place_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "_REMEMBERED", 2)
    asked_again, others_are_read = asyncio.Event(), asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if "if-none-match" not in request.headers:
            return httpx.Response(200, headers={"ETag": '"1"'}, json={"path": request.url.path.rpartition("/")[2]})
        asked_again.set()
        await others_are_read.wait()
        return httpx.Response(304)

    github = speaking_through(httpx.MockTransport(answer))
    await github.read("slow", dict[str, str])
    again = asyncio.create_task(github.read("slow", dict[str, str]))
    await asked_again.wait()
    for other in ("a", "b", "c"):
        await github.read(other, dict[str, str])
    others_are_read.set()
    assert (await again).content == {"path": "slow"}
    await github.http.close()


async def test_unchanged_says_nothing_of_what_was_never_read() -> None:
    github = speaking_through(httpx.MockTransport(lambda _: httpx.Response(304)))
    with pytest.raises(SourceError, match="broke off"):
        await github.read("runs", dict[str, str])
    await github.http.close()
