"""Airflow's API, by a server of our own that remembers; `test_airflow_real.py` asks a real one the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import LogPart, SourceSpec
from quarterdeck.app.sources.airflow import AirflowVendor
from quarterdeck.app.sources.http import Credential, Http
from tests.servers.airflow import NAME, PASSWORD, Airflow
from tests.servers.loopback import Loopback, serving

SPEC = SourceSpec(key="k", kind="airflow", name="airflow", address="http://airflow")
TRAIN = "train_fare/manual_1/train/-1/1"


@pytest.fixture
def airflow() -> Airflow:
    return Airflow()


@pytest.fixture
def server(airflow: Airflow) -> Iterator[Loopback]:
    with serving(airflow.answer) as running:
        yield running


def vendor(server: Loopback, *dags: str, password: str = PASSWORD) -> AirflowVendor:
    login = Credential.basic(server.url, NAME, password)
    return AirflowVendor(SPEC, Http(server.url, credential=login), dags=dags)


async def changed(source: AirflowVendor, mark: dict[str, Any]) -> tuple[list[str], Any]:
    pages = [page async for page in source.recent(mark)]
    return [run.id for page in pages for run in page.pipelines], pages[-1].mark


async def parts(source: AirflowVendor, start: int = 0) -> list[LogPart]:
    return [part async for part in source.log("train_fare/manual_1", TRAIN, start)]


# -- runs


async def test_a_pass_brings_what_changed_since_the_last_one(server: Loopback, airflow: Airflow) -> None:
    source = vendor(server)
    first, mark = await changed(source, {})
    assert first == ["train_fare/manual_1"]
    quiet, mark = await changed(source, mark)
    assert quiet == []
    airflow.change("manual_1", "2099-01-01T00:00:00Z", state="running")  # somebody cleared it
    again, _ = await changed(source, mark)
    await source.close()
    assert again == ["train_fare/manual_1"]


async def test_a_quiet_pass_is_one_request(server: Loopback) -> None:
    source = vendor(server)
    _, mark = await changed(source, {})
    before = len(server.asked)
    await changed(source, mark)
    await source.close()
    assert len(server.asked) == before + 1


async def test_pages_lead_through_the_whole_history(server: Loopback, airflow: Airflow) -> None:
    for n in range(250):
        airflow.add(f"scheduled_{n:03}", f"2026-10-01T00:{n // 60:02}:{n % 60:02}Z")
    source, found, token = vendor(server), [], None
    while True:
        page = await source.page(token)
        found += [run.id for run in page.pipelines]
        if (token := page.next) is None:
            break
    await source.close()
    assert len(found) == len(set(found)) == page.total == 251
    assert found[:2] == ["train_fare/manual_1", "train_fare/scheduled_249"]


async def test_one_named_dag_is_asked_for_and_patterns_are_taken_from_all(server: Loopback, airflow: Airflow) -> None:
    airflow.add("other", "2026-11-22T23:00:00Z", dag="report")
    for dags, asked in [(("train_fare",), "train_fare"), (("train_*",), "~"), (("train_fare", "x"), "~")]:
        source = vendor(server, *dags)
        page = await source.page(None)
        await source.close()
        assert [run.name for run in page.pipelines] == ["train_fare"]
        assert server.asked[-1].path == f"/api/v2/dags/{asked}/dagRuns"


async def test_a_run_has_its_tasks_in_order_with_every_try(server: Loopback) -> None:
    source = vendor(server)
    found = await source.one("train_fare/manual_1")
    assert await source.one("train_fare/nope") is None
    await source.close()
    assert found is not None
    assert [(job.name, job.attempt, job.status) for job in found.jobs or ()] == [
        ("ingest", 1, "passed"), ("check", 2, "passed"), ("check", 1, "failed"), ("train", 1, "failed"),
        ("register", 1, "skipped"),
    ]  # fmt: skip
    assert found.attempt == 2


# -- logins


async def test_a_name_and_password_are_changed_for_a_token_once(server: Loopback) -> None:
    source = vendor(server)
    await source.page(None)
    await source.page(None)
    await source.close()
    assert [asked.method for asked in server.asked] == ["POST", "GET", "GET"]
    assert all(PASSWORD not in str(asked.headers) for asked in server.asked[1:])


async def test_a_token_that_ran_out_is_asked_for_anew(server: Loopback, airflow: Airflow) -> None:
    source = vendor(server)
    await source.page(None)
    airflow.tokens.clear()
    assert len((await source.page(None)).pipelines) == 1
    await source.close()


async def test_a_wrong_password_is_a_sentence_without_it(server: Loopback) -> None:
    source = vendor(server, password="a-wrong-one")
    with pytest.raises(SourceError) as caught:
        await source.page(None)
    await source.close()
    assert caught.value.state == "unauthorised"
    assert "a-wrong-one" not in str(caught.value)


async def test_a_token_of_the_settings_that_ran_out_is_unauthorised_though_airflow_says_forbidden(
    server: Loopback,
) -> None:
    source = AirflowVendor(SPEC, Http(server.url, credential=Credential.bearer(server.url, "old-token")))
    with pytest.raises(SourceError, match="new one") as caught:
        await source.page(None)
    await source.close()
    assert caught.value.state == "unauthorised"


# -- logs


async def test_a_log_comes_in_pieces_and_ends(server: Loopback, airflow: Airflow) -> None:
    airflow.log = [["one"], ["two"]]
    source = vendor(server)
    found = await parts(source)
    await source.close()
    assert [(part.start, part.data, part.is_last) for part in found] == [(0, b"one\n", False), (4, b"two\n", True)]


async def test_what_is_known_of_a_log_is_left_out(server: Loopback, airflow: Airflow) -> None:
    airflow.log = [["one"], ["two", "three"]]
    source = vendor(server)
    found = await parts(source, start=6)
    await source.close()
    assert [(part.start, part.data) for part in found] == [(6, b"o\nthree\n")]


async def test_the_log_of_a_running_task_has_no_end_yet(server: Loopback, airflow: Airflow) -> None:
    airflow.log, airflow.log_goes_on = [["one"]], True
    source = vendor(server)
    found = await parts(source)
    await source.close()
    assert b"".join(part.data for part in found) == b"one\n"
    assert not any(part.is_last for part in found)


async def test_a_task_that_never_began_and_a_log_that_is_gone_are_sentences(server: Loopback) -> None:
    source = vendor(server)
    (never,) = [part async for part in source.log("train_fare/manual_1", "train_fare/manual_1/register/-1/0", 0)]
    (gone,) = [part async for part in source.log("train_fare/gone", "train_fare/gone/train/-1/1", 0)]
    await source.close()
    assert "never began" in never.sentence
    assert "deleted" in gone.sentence
    assert never.is_last
    assert gone.is_last


# -- the official document


async def test_every_request_is_valid_by_the_official_document(server: Loopback, contracts: Path) -> None:
    document = json.loads((contracts / "openapi/airflow/airflow-v2.openapi.json").read_text())
    source = vendor(server)
    _, mark = await changed(source, {})
    await changed(source, mark)
    await source.one("train_fare/manual_1")
    await parts(source)
    await source.close()
    for asked in server.asked:
        if asked.path != "/auth/token":  # the auth manager's own, in another document
            allowed = parameters(document, asked.path)
            assert set(asked.query) <= allowed, asked.path


def parameters(document: Any, path: str) -> set[str]:
    """The query parameters of the one path of the document that this one is."""
    words = path.split("/")
    (found,) = [
        known for known in document["paths"]
        if len(known.split("/")) == len(words)
        and all(theirs == ours or theirs[:1] == "{" for theirs, ours in zip(known.split("/"), words, strict=True))
        and not (words[-1] == "tries" and "{map_index}" in known)
    ]  # fmt: skip
    return {one["name"] for one in document["paths"][found]["get"].get("parameters", ()) if one["in"] == "query"}
