"""Kubeflow Pipelines' API: runs newest first, one run with its tasks, names of pipelines and recurring runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote

import msgspec

from ...records import LogPart, Pipeline, SourceSpec
from ..ci import Mark, Page
from ..http import Http
from ..trouble import AnswerError
from .parse import KubeflowRun, Named, Runs, parse_run

PAGE: Final = 100
"""A larger page than 200 is cut without a word (backend/src/apiserver/list/list.go)."""
_API: Final = "apis/v2beta1"
_GONE: Final = (403, 404)
"""A pipeline of another namespace, or one that was deleted: its runs stay, and are called by their own names."""

_runs = msgspec.json.Decoder(Runs)
_run = msgspec.json.Decoder(KubeflowRun)
_named = msgspec.json.Decoder(Named)


class KubeflowVendor:
    """The runs of one namespace; "" for a Kubeflow that has a single user."""

    width = 4

    def __init__(self, spec: SourceSpec, http: Http, *, namespace: str = "") -> None:
        self._spec = spec
        self._http = http
        self._namespace = namespace
        self._names: dict[str, str] = {}

    async def recent(self, mark: Mark) -> AsyncIterator[Page]:
        """Runs that were made since the mark: nothing tells which of the others changed, so open ones are asked for."""
        since = mark.get("created_at")
        newest, token = since, None
        while True:
            page = await self.page(token)
            made = [run.created_at for run in page.pipelines if run.created_at is not None]
            newest = max([*made, *([newest] if newest is not None else [])], default=None)
            token = page.next
            if since is None or token is None or min(made, default=0) < since:
                break
            yield msgspec.structs.replace(page, next=token)
        yield msgspec.structs.replace(page, mark={"created_at": newest})

    async def page(self, token: str | None) -> Page:
        """One page of all runs, newest first."""
        params: dict[str, Any] = {"page_size": PAGE, "sort_by": "created_at desc"}
        params |= {"namespace": self._namespace} if self._namespace else {}
        params |= {"page_token": token} if token else {}
        answer = (await self._http.get(f"{_API}/runs", params)).json(_runs)
        runs = [await self._pipeline(raw) for raw in answer.runs or ()]
        return Page(pipelines=tuple(runs), next=answer.next_page_token or None, total=answer.total_size)

    async def _pipeline(self, raw: KubeflowRun) -> Pipeline:
        of = raw.pipeline_version_reference
        return parse_run(
            raw,
            source=self._spec.key,
            base_url=self._http.base_url,
            pipeline=await self._name("pipelines", of.pipeline_id if of else None),
            recurring=await self._name("recurringruns", raw.recurring_run_id),
        )

    async def _name(self, kind: str, native: str | None) -> str:
        """What people call a pipeline or a recurring run, asked once; "" where it is not to be had."""
        if not native:
            return ""
        path = f"{_API}/{kind}/{quote(native, safe='')}"
        if path not in self._names:
            try:
                found = (await self._http.get(path)).json(_named)
                self._names[path] = found.display_name or found.name or ""
            except AnswerError as error:
                if error.status not in _GONE:
                    raise
                self._names[path] = ""
        return self._names[path]

    async def detail(self, pipeline: Pipeline) -> Pipeline:
        """The same with its tasks, which the list leaves out."""
        return await self.one(pipeline.id) or pipeline

    async def one(self, pipeline_id: str) -> Pipeline | None:
        """One run with its tasks; None when it was deleted."""
        try:
            answer = await self._http.get(f"{_API}/runs/{quote(pipeline_id, safe='')}")
        except AnswerError as error:
            if error.status == 404:
                return None
            raise
        found = await self._pipeline(answer.json(_run))
        return found if found.jobs is not None else msgspec.structs.replace(found, jobs=())

    async def log(self, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        """A sentence: the API has no logs (only the interface reads them, from pods that are soon gone)."""
        url = f"{self._http.base_url}/#/runs/details/{quote(pipeline_id, safe='')}"
        yield LogPart(
            source=self._spec.key, pipeline=pipeline_id, job=job_id, start=0, is_last=True,
            sentence=f"Kubeflow's API gives no logs: they are at {url}",
        )  # fmt: skip

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()
