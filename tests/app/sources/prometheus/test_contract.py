"""What is asked and what our own servers answer, held against Prometheus' published OpenAPI document."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from quarterdeck.app.records import SourceSpec
from quarterdeck.app.settings.sections import PrometheusMonitor, Series
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.prometheus import open_prometheus
from tests.servers.loopback import Asked, Told, serving
from tests.servers.monitored import Production
from tests.servers.openapi import Specification
from tests.servers.prometheus_answers import Answers, error

SPEC = SourceSpec(key="k", kind="prometheus", name="prometheus", address="http://prometheus:9090")
PAYLOADS = Path(__file__).resolve().parents[3] / "payloads" / "prometheus"


@pytest.fixture
def specification(contracts: Path) -> Specification:
    return Specification(contracts / "openapi" / "prometheus" / "prometheus-http-api.openapi31.json")


async def test_requests_and_answers_are_as_the_document_says(specification: Specification) -> None:
    answers = Answers()
    answers.lines = {"p95": [({"model": "churn"}, lambda at: 0.1)], "up": [({}, lambda at: "NaN")]}
    answers.refused["bad"] = error(400, "bad_data", "1:1: parse error")
    answers.warnings = ["half of it"]
    answers.alerts = [{
        "labels": {"alertname": "A"}, "annotations": {}, "state": "firing", "activeAt": "2026-01-02T13:30:00.000Z",
        "value": "1e+00",
    }]  # fmt: skip
    told: list[tuple[Asked, Told]] = []

    def answer(asked: Asked) -> Told:
        told.append((asked, answers.answer(asked)))
        return told[-1][1]

    section = PrometheusMonitor(
        base_url="http://x", series=tuple(Series(name=query, query=query) for query in ("p95", "up", "bad"))
    )
    with serving(answer) as server:
        source = open_prometheus(SPEC, section, Http(server.url))
        kept = await Production().take(source.poll({}))
        await source.close()
    assert kept.trouble is not None
    assert len(told) == 8
    problems = []
    for asked, answered in told:
        path = asked.path.removeprefix("/api/v1")
        problems += specification.problems_of_request(asked.method, path, asked.query)
        status = answered.status if answered.status == 200 else "default"
        problems += specification.problems_of_answer(asked.method, path, status, answered.body)  # type: ignore[arg-type]  # the document has one answer for all errors
    assert problems == []


@pytest.mark.parametrize("payload", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_what_a_real_server_answered_is_as_the_document_says(specification: Specification, payload: Path) -> None:
    recorded = json.loads(payload.read_text())
    request = urlsplit(recorded["request"])
    if recorded["headers"]["content-type"] != "application/json":
        pytest.skip("no answer of the API's")
    path = request.path.removeprefix("/api/v1")
    assert specification.problems_of_request("GET", path, dict(parse_qsl(request.query))) == []
    status = 200 if recorded["status"] == 200 else "default"
    assert specification.problems_of_answer("GET", path, status, json.loads(recorded["text"])) == []  # type: ignore[arg-type]  # the document has one answer for all errors


async def test_a_long_query_is_posted_as_a_form_that_the_document_knows(specification: Specification) -> None:
    query = "up + " * 400 + "1"
    posted: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        posted.append(request)
        told = answers.answer(Asked(request.method, request.url.path, dict(request.url.params), {}, request.content))
        return httpx.Response(told.status, json=told.body)

    answers = Answers()
    section = PrometheusMonitor(base_url="http://x", series=(Series(name="long", query=query),))
    source = open_prometheus(SPEC, section, Http("http://x", transport=httpx.MockTransport(answer)))
    await Production().take(source.poll({}))
    (form, *_) = [request for request in posted if request.method == "POST"]
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form.url.query == b""
    assert dict(parse_qsl(form.content.decode()))["query"] == query
