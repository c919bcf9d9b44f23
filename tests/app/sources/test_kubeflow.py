"""Kubeflow's runs: the official golden files, payloads of our own making, and a server that remembers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Pipeline, SourceSpec
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.kubeflow import KubeflowVendor
from quarterdeck.app.sources.kubeflow.parse import KubeflowRun, millis, parse_run
from tests.servers.kubeflow import Kubeflow
from tests.servers.loopback import Asked, Loopback, Told, serving

PAYLOADS = Path(__file__).parents[2] / "payloads" / "kubeflow"
SPEC = SourceSpec(key="k", kind="kubeflow", name="kubeflow", address="http://kubeflow")


def parsed(raw: dict[str, Any]) -> Pipeline:
    return parse_run(msgspec.convert(raw, KubeflowRun), source="k", base_url="http://kubeflow")


def stored() -> dict[str, Any]:
    made: dict[str, Any] = json.loads((PAYLOADS / "run_with_tasks.json").read_text())
    return made


def vendor(server: Loopback, namespace: str = "") -> KubeflowVendor:
    return KubeflowVendor(SPEC, Http(server.url), namespace=namespace)


# -- the parser


def test_the_golden_run_has_passed(contracts: Path) -> None:
    found = parsed(json.loads((contracts / "recorded/kubeflow-pipelines/golden.run_completed.json").read_text()))
    assert (found.id, found.status, found.raw_status) == ("completed-run-123", "passed", "SUCCEEDED")
    assert (found.name, found.actor, found.event) == ("Production Pipeline Run", "sa1", "recurring")
    assert found.created_at == found.ended_at == 1704110400000
    assert found.jobs is None, "the golden file says nothing of its tasks"


def test_tasks_come_in_the_order_in_which_they_began_and_what_has_not_begun_last() -> None:
    found = parsed(stored())
    assert [(job.name, job.status, job.stage) for job in found.jobs or ()] == [
        ("root", "failed", ""), ("ingest", "passed", "root"), ("train", "failed", "root"),
        ("register", "queued", "root"),
    ]  # fmt: skip
    assert (found.jobs or ())[2].reason == "OOMKilled"
    assert (found.jobs or ())[3].started_at is None, "1970 is how Kubeflow says not yet"


def test_a_commit_among_the_parameters_is_the_run_s_commit() -> None:
    assert parsed(stored()).commit == "0123456789abcdef0123456789abcdef01234567"
    assert parsed({"run_id": "r", "runtime_config": {"parameters": {"commit": "main"}}}).commit is None


@pytest.mark.parametrize(
    ("state", "status"),
    [("PENDING", "queued"), ("RUNNING", "running"), ("SUCCEEDED", "passed"), ("SKIPPED", "skipped"),
     ("FAILED", "failed"), ("CANCELING", "running"), ("CANCELED", "cancelled"), ("PAUSED", "waiting"),
     ("RUNTIME_STATE_UNSPECIFIED", "unknown"), ("SOMETHING_NEW", "unknown"), (None, "unknown")],
)  # fmt: skip
def test_every_state_has_a_word_and_a_new_one_is_never_green(state: str | None, status: str) -> None:
    assert parsed({"run_id": "r", "state": state}).status == status


def test_nothing_but_the_id_is_needed() -> None:
    found = parsed({"run_id": "r", "run_details": {"task_details": None}, "error": None})
    assert (found.id, found.name, found.status, found.jobs) == ("r", "r", "unknown", None)


@pytest.mark.parametrize("text", [None, "", "soon", "1970-01-01T00:00:00Z"])
def test_what_is_no_time_yet_is_none(text: str | None) -> None:
    assert millis(text) is None


# -- the vendor


def runs(count: int) -> list[dict[str, Any]]:
    return [
        {
            "run_id": f"r-{n}",
            "display_name": f"run {n}",
            "state": "SUCCEEDED",
            "created_at": f"2026-11-{n:02}T00:00:00Z",
        }
        for n in range(1, count + 1)
    ]


async def ids(source: KubeflowVendor, mark: dict[str, Any]) -> tuple[list[str], Any]:
    pages = [page async for page in source.recent(mark)]
    assert all(page.mark is None for page in pages[:-1])
    return [run.id for page in pages for run in page.pipelines], pages[-1].mark


async def test_pages_lead_through_the_whole_history_newest_first() -> None:
    with serving(Kubeflow(runs(5)).answer) as server:
        source, found, token = vendor(server), [], None
        while True:
            page = await source.page(token)
            found += [run.id for run in page.pipelines]
            token = page.next
            if token is None:
                break
        await source.close()
    assert found == ["r-5", "r-4", "r-3", "r-2", "r-1"]
    assert page.total == 5


async def test_a_pass_reads_the_first_page_and_later_what_was_made_since() -> None:
    kubeflow = Kubeflow(runs(5))
    with serving(kubeflow.answer) as server:
        source = vendor(server)
        first, mark = await ids(source, {})
        kubeflow.runs = runs(9)
        later, again = await ids(source, mark)
        before = len(server.asked)
        await ids(source, again)
        await source.close()
        assert len(server.asked) - before == 1, "one request where nothing is new"
    assert first == ["r-5", "r-4"]
    assert set(later) >= {"r-9", "r-8", "r-7", "r-6"}


async def test_a_run_is_called_by_its_pipeline_and_its_schedule_whose_names_are_asked_once() -> None:
    names = {"pipelines/p-1": "train churn", "recurringruns/rr-1": "every night"}
    with serving(Kubeflow([stored()], names).answer) as server:
        source = vendor(server)
        found = await source.one("r-7")
        await source.one("r-7")
        await source.close()
        assert [asked.path.rpartition("/")[2] for asked in server.asked] == ["r-7", "p-1", "rr-1", "r-7"]
    assert found is not None
    assert (found.name, found.title, found.event) == ("train churn", "nightly 7", "recurring every night")


async def test_a_pipeline_that_was_deleted_leaves_its_runs_their_own_names() -> None:
    with serving(Kubeflow([stored()]).answer) as server:
        source = vendor(server)
        found = await source.one("r-7")
        await source.close()
    assert found is not None
    assert (found.name, found.event) == ("nightly 7", "recurring")


async def test_a_run_that_is_gone_is_none_and_one_without_tasks_has_none() -> None:
    with serving(Kubeflow(runs(1)).answer) as server:
        source = vendor(server)
        assert await source.one("nope") is None
        found = await source.one("r-1")
        await source.close()
    assert found is not None
    assert found.jobs == ()


async def test_the_namespace_is_asked_for() -> None:
    mine = [{**runs(1)[0], "namespace": "mine"}, {**runs(2)[1], "namespace": "theirs"}]
    with serving(Kubeflow(mine).answer) as server:
        source = vendor(server, "mine")
        page = await source.page(None)
        await source.close()
    assert [run.id for run in page.pipelines] == ["r-1"]


async def test_a_log_is_linked_to() -> None:
    source = KubeflowVendor(SPEC, Http("http://kubeflow"))
    (part,) = [part async for part in source.log("r-7", "r-7/t-3", 0)]
    assert part.is_last
    assert "http://kubeflow/#/runs/details/r-7" in part.sentence


@pytest.mark.parametrize(
    ("told", "state"),
    [(Told({"code": 16, "message": "no"}, 401), "unauthorised"), (Told({"code": 7, "message": "no"}, 403), "forbidden"),
     (Told(b"<html>", 200, {"Content-Type": "text/html"}), "not_understood"),
     (Told(b"<html>busy", 503, {"Content-Type": "text/html"}), "unreachable")],
)  # fmt: skip
async def test_what_goes_wrong_is_a_sentence(told: Told, state: str) -> None:
    def answer(asked: Asked) -> Told:
        return told

    with serving(answer) as server:
        source = vendor(server)
        with pytest.raises(SourceError) as caught:
            await source.page(None)
        await source.close()
    assert "127.0.0.1" in str(caught.value)
    assert caught.value.state == state


def test_every_path_and_parameter_is_in_the_official_document(contracts: Path) -> None:
    document = json.loads((contracts / "openapi/kubeflow-pipelines/kfp_v2beta1.swagger.json").read_text())
    listed = document["paths"]["/apis/v2beta1/runs"]["get"]["parameters"]
    assert {"page_size", "sort_by", "namespace", "page_token"} <= {one["name"] for one in listed}
    for path in ("runs/{run_id}", "pipelines/{pipeline_id}", "recurringruns/{recurring_run_id}"):
        assert "get" in document["paths"][f"/apis/v2beta1/{path}"]
