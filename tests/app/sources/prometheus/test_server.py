"""From the settings to a server on loopback that behaves, or does not: logins, redirects, slowness, cuts."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from quarterdeck.app import trust
from quarterdeck.app.errors import SourceError
from quarterdeck.app.settings import load
from quarterdeck.app.sources import Source, TellsTime
from quarterdeck.app.sources.prometheus import LatePrometheus
from quarterdeck.app.sources.refused import RefusedSource
from quarterdeck.app.sources.registry import build
from tests.servers.loopback import Asked, Loopback, Told, serving
from tests.servers.monitored import Production
from tests.servers.prometheus_answers import Answers

TOKEN = "tok-0123456789"
NOBODY: Mapping[str, str] = {}


@pytest.fixture
def answers() -> Answers:
    return Answers(lines={"p95": [({"model": "churn"}, lambda at: 0.1)]})


@pytest.fixture
def told() -> list[Told]:
    """What the server says next instead of an answer."""
    return []


@pytest.fixture
def server(answers: Answers, told: list[Told]) -> Iterator[Loopback]:
    with serving(lambda asked: told.pop(0) if told else answers.answer(asked)) as listening:
        yield listening


def source_of(
    folder: Path, url: str, more: str = "", environment: Mapping[str, str] = NOBODY, *, trusted: bool = True
) -> Source:
    (folder / "quarterdeck.toml").write_text(
        f'[[monitors]]\nkind = "prometheus"\nbase_url = "{url}"\n{more}\n'
        '[[monitors.series]]\nname = "p95"\nquery = "p95"\nmodel_label = "model"\n'
    )
    settings = load(directory=folder, environment=environment)
    if trusted:
        trust.record_trust(settings)
    return next(source for source in build(settings) if source.spec.kind == "prometheus")


async def polled(source: Source) -> Production:
    try:
        return await Production().take(source.poll({}))
    finally:
        await source.close()


async def trouble(source: Source) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await polled(source)
    return caught.value


async def test_nobody_is_asked_before_somebody_trusts_the_settings(tmp_path: Path, server: Loopback) -> None:
    source = source_of(tmp_path, server.url, trusted=False)
    assert isinstance(source, RefusedSource)
    found = await trouble(source)
    assert found.state == "untrusted"
    assert "connect to 127.0.0.1" in str(found)
    assert server.asked == []


async def test_series_and_the_servers_clock_are_read(tmp_path: Path, server: Loopback) -> None:
    source = source_of(tmp_path, server.url + "/")
    assert isinstance(source, LatePrometheus)
    assert isinstance(source, TellsTime)
    assert source.server_now() is None
    kept = await Production().take(source.poll({}))
    assert kept.line("p95").model == "churn"
    assert kept.alerts == ()
    assert source.server_now() is not None
    await source.close()


async def test_a_server_below_a_prefix_is_read(tmp_path: Path, server: Loopback) -> None:
    kept = await polled(source_of(tmp_path, f"{server.url}/prometheus/"))
    assert kept.line("p95").model == "churn"
    assert {asked.path for asked in server.asked} == {"/prometheus/api/v1/alerts", "/prometheus/api/v1/query_range"}


@pytest.mark.parametrize(
    ("keys", "environment", "header"),
    [
        ('token_env = "PROM_TOKEN"', {"PROM_TOKEN": TOKEN}, f"Bearer {TOKEN}"),
        ('username_env = "PROM_USER"\npassword_env = "PROM_PASSWORD"', {"PROM_USER": "ann", "PROM_PASSWORD": TOKEN},
         "Basic " + base64.b64encode(f"ann:{TOKEN}".encode()).decode()),
    ],
)  # fmt: skip
async def test_the_login_of_the_settings_is_sent_and_kept_nowhere(
    tmp_path: Path, server: Loopback, keys: str, environment: dict[str, str], header: str
) -> None:
    kept = await polled(source_of(tmp_path, server.url, keys, environment))
    assert {asked.headers.get("Authorization") for asked in server.asked} == {header}
    assert TOKEN not in repr(kept.batches)
    assert TOKEN not in repr(kept.cursor)


async def test_a_wrong_login_says_so_without_the_login(tmp_path: Path, server: Loopback, told: list[Told]) -> None:
    told.append(Told(f"Unauthorized {TOKEN}".encode(), 401))
    found = await trouble(source_of(tmp_path, server.url, 'token_env = "PROM_TOKEN"', {"PROM_TOKEN": TOKEN}))
    assert found.state == "unauthorised"
    assert "does not accept the login" in str(found)
    assert TOKEN not in str(found)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_takes_the_login_to_another_server(
    tmp_path: Path, server: Loopback, told: list[Told], status: int
) -> None:
    heard: list[Asked] = []

    def listen(asked: Asked) -> Told:
        heard.append(asked)
        return Told({"status": "success", "data": {"alerts": []}})

    with serving(listen) as other:
        told.append(Told(b"", status, {"Location": f"{other.url}/api/v1/alerts"}))
        found = await trouble(source_of(tmp_path, server.url, 'token_env = "PROM_TOKEN"', {"PROM_TOKEN": TOKEN}))
    assert found.state in ("misconfigured", "not_understood")
    assert heard == []
    assert TOKEN not in str(found)


async def test_a_login_page_is_recognised(tmp_path: Path, server: Loopback, told: list[Told]) -> None:
    told.append(Told(b"", 302, {"Location": "https://sso.acme.example/login"}))
    assert (await trouble(source_of(tmp_path, server.url))).state == "unauthorised"
    told.append(Told(b"<html><title>Sign in</title></html>", 200, {"Content-Type": "text/html"}))
    found = await trouble(source_of(tmp_path, server.url))
    assert found.state == "not_understood"
    assert "“Sign in”" in str(found)


async def test_a_slow_query_is_one_trouble_and_a_slow_server_another(tmp_path: Path, answers: Answers) -> None:
    release = threading.Event()
    slow: list[str] = ["query_range"]

    def answer(asked: Asked) -> Told:
        if asked.path.endswith(slow[0]):
            release.wait(20)
        return answers.answer(asked)

    with serving(answer) as server:
        kept = await polled(source_of(tmp_path, server.url, 'timeout = "0.3s"'))
        assert "“p95”: 127.0.0.1" in str(kept.trouble)
        assert "gave no whole answer within 0.3 s." in str(kept.trouble)
        assert kept.alerts == ()
        slow[0] = "alerts"
        found = await trouble(source_of(tmp_path, server.url, 'timeout = "0.3s"'))
        assert found.state == "unreachable"
        release.set()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"status":"success","data":{"alerts":[{"labels":', "broke off its answer"),
        (b'{"status":"success"}', "not understood"),
        (b"[]", "not understood"),
        (b"", "broke off its answer after 0 bytes"),
    ],
)
async def test_what_is_no_answer_is_said(
    tmp_path: Path, server: Loopback, told: list[Told], body: bytes, said: str
) -> None:
    told.append(Told(body))
    found = await trouble(source_of(tmp_path, server.url))
    assert found.state == "not_understood"
    assert said in str(found)


async def test_hiccups_are_asked_again(tmp_path: Path, server: Loopback, told: list[Told]) -> None:
    told += [Told(b"", 502), Told(b"", 503)]
    kept = await polled(source_of(tmp_path, server.url))
    assert kept.line("p95").model == "churn"


async def test_nobody_listens(tmp_path: Path) -> None:
    with serving(lambda asked: Told()) as gone:
        url = gone.url
    found = await trouble(source_of(tmp_path, url))
    assert found.state == "unreachable"
    assert "Nothing listens" in str(found)


def test_two_sections_of_one_server_are_two_sources(tmp_path: Path) -> None:
    section = '[[monitors]]\nkind = "prometheus"\nname = "{}"\nbase_url = "http://127.0.0.1:9090{}"\n'
    (tmp_path / "quarterdeck.toml").write_text(section.format("a", "") + section.format("b", "/"))
    settings = load(directory=tmp_path, environment={})
    found = [source.spec for source in build(settings) if source.spec.kind == "prometheus"]
    assert [spec.name for spec in found] == ["a", "b"]
    assert len({spec.key for spec in found}) == 2
