"""MLflow's REST API as it is spoken by tracking servers 2.22 to 3.x (paths and limits read in their sources)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import msgspec

from ...errors import SourceError
from ...records import LARGEST_CONTENT, ArtifactContent, ArtifactListing, Experiment, Millis, Run, Series
from ..http import Cut, Http, without_login
from ..trouble import AnswerError, TooLargeError
from . import parse
from .pages import Page

_API: Final = "api/2.0/mlflow/"
_EXPERIMENTS_A_PAGE: Final = 5_000
_POINTS_A_PAGE: Final = 25_000
"""What MLflow's own client asks for."""
_RUNS_AT_ONCE: Final = 100
_POINTS_AT_ONCE: Final = 50_000
"""Of all runs of one request: some 5 MB."""
_MOST_SAMPLED: Final = 2_500
_MOST_FILES: Final = 20_000
_ALL_STEPS: Final = {"start_step": -(2**63), "end_step": 2**63 - 1}
"""Without a range, servers up to 3.1x begin at step 0 and leave negative steps out."""

LOGIN_HINT: Final = (
    "Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, together with"
    " MLFLOW_TRACKING_URI for this very address: a login goes only where it is bound to."
)
TLS_HINT: Final = "If your own authority signed it, name its file as ca_bundle, or in MLFLOW_TRACKING_SERVER_CERT_PATH."


class Explainer:
    """What MLflow servers, and what stands before them, mean by their refusals."""

    def __init__(self, address: str) -> None:
        self._host = urlsplit(without_login(address)).netloc

    def __call__(self, status: int, headers: Mapping[str, str], body: bytes) -> tuple[str, str] | None:
        """State and sentence, or None for the usual ones."""
        if status == HTTPStatus.FORBIDDEN:
            return self._forbidden(headers, body)
        if status == HTTPStatus.NOT_FOUND and b"error_code" not in body:
            return (
                "misconfigured",
                f"{self._host} has no MLflow API at this address (404): the tracking URI ends before /api, and"
                " includes a --static-prefix if the server has one.",
            )
        return None

    def _forbidden(self, headers: Mapping[str, str], body: bytes) -> tuple[str, str] | None:
        if "airtunes" in headers.get("server", "").lower():
            return (
                "misconfigured",
                f"{self._host} is not MLflow but macOS's AirPlay receiver, which sits on port 5000: start MLflow on"
                " another port, or switch AirPlay Receiver off.",
            )
        if b"Invalid Host header" in body:
            name = self._host.rpartition(":")[0] or self._host
            return (
                "forbidden",
                f"{self._host} refuses this name for itself (Invalid Host header): start it with"
                f" `mlflow server --allowed-hosts {name}`, or reach it as localhost through a tunnel.",
            )
        return None


class RestApi:
    """A tracking server over HTTP. Every method raises SourceError."""

    def __init__(self, http: Http, source: str) -> None:
        self._http = http
        self._source = source
        self._can_sample = True

    def server_now(self) -> Millis:
        """The server's clock as far as it is known."""
        return self._http.server_now()

    async def experiments(self) -> list[Experiment]:
        """All experiments, deleted ones too. One request for each 5,000."""
        found: list[Experiment] = []
        token = ""
        while True:
            ask = {"max_results": _EXPERIMENTS_A_PAGE, "view_type": "ALL"}
            body = msgspec.json.encode(ask | ({"page_token": token} if token else {}))
            answer = await self._http.post(_API + "experiments/search", body, is_read=True)
            page = answer.json(parse.experiments_page)
            found.extend(parse.parse_experiment(one, self._source) for one in page.experiments)
            token = page.next_page_token
            if not token:
                return found

    async def search(self, experiments: Sequence[str], where: str, order: str, size: int, token: str = "") -> Page:
        """One page of runs, deleted ones too."""
        ask = {
            "experiment_ids": experiments,
            "run_view_type": "ALL",
            "max_results": size,
            "order_by": [order],
        }
        if where:
            ask["filter"] = where
        if token:
            ask["page_token"] = token
        began = time.monotonic()
        answer = await self._http.post(_API + "runs/search", msgspec.json.encode(ask), is_read=True)
        took = time.monotonic() - began
        page = answer.json(parse.runs_page)
        return Page(page.runs, page.next_page_token, self._parse, took=took, size=len(answer.body))

    def _parse(self, payloads: Sequence[parse.RunPayload]) -> tuple[Run, ...]:
        source = self._source
        return tuple([parse.parse_run(payload, source) for payload in payloads])

    async def run(self, run_id: str) -> Run:
        """One run. Raises AnswerError with status 404 when there is none."""
        answer = await self._http.get(_API + "runs/get", {"run_id": run_id})
        return parse.parse_run(answer.json(parse.one_run).run, self._source)

    async def history(self, run_id: str, key: str) -> Series:
        """Every point of a metric, in pages of 25,000."""
        values: list[parse.PointValue] = []
        ask = {"run_id": run_id, "metric_key": key, "max_results": _POINTS_A_PAGE}
        token = ""
        while True:
            params = ask | ({"page_token": token} if token else {})
            page = (await self._http.get(_API + "metrics/get-history", params)).json(parse.metrics_page)
            values += page.metrics
            token = page.next_page_token
            if not token:
                return parse.parse_series(run_id, key, values)

    async def sampled(self, run_ids: Sequence[str], key: str, points: int) -> list[Series] | None:
        """One metric of many runs, thinned out by the server; None when it cannot (before 2.10)."""
        return await self._interval(run_ids, key, min(max(points, 2), _MOST_SAMPLED), _ALL_STEPS)

    async def since(self, run_ids: Sequence[str], key: str, step: int) -> list[Series] | None:
        """The points from a step on; complete where that is certain. None where the server cannot (before 2.10)."""
        return await self._interval(run_ids, key, _MOST_SAMPLED, _ALL_STEPS | {"start_step": step})

    async def _interval(
        self, run_ids: Sequence[str], key: str, asked: int, steps: Mapping[str, int]
    ) -> list[Series] | None:
        if not self._can_sample:
            return None
        found: list[Series] = []
        at_once = min(_RUNS_AT_ONCE, _POINTS_AT_ONCE // asked)
        for start in range(0, len(run_ids), at_once):
            some = run_ids[start : start + at_once]
            params = {"run_ids": list(some), "metric_key": key, "max_results": asked, **steps}
            try:
                answer = await self._http.get(_API + "metrics/get-history-bulk-interval", params)
            except AnswerError as error:
                if error.status == HTTPStatus.NOT_FOUND and not error.code:
                    self._can_sample = False
                    return None
                raise
            page = answer.json(parse.metrics_page)
            found += parse.parse_sampled(page.metrics, some, key, asked)
        return found

    async def listing(self, run_id: str, folder: str) -> ArtifactListing:
        """One folder of a run's artifacts. MLflow 3 keeps models elsewhere: an empty root may be the truth."""
        files: list[parse.FilePayload] = []
        ask = {"run_id": run_id} | ({"path": folder} if folder else {})
        token = ""
        while len(files) < _MOST_FILES:
            params = ask | ({"page_token": token} if token else {})
            page = (await self._http.get(_API + "artifacts/list", params)).json(parse.files_page)
            files += page.files
            token = page.next_page_token
            if not token or not page.files:
                break
        return parse.parse_listing(files, self._source, run_id, folder)

    async def content(self, run_id: str, path: str) -> ArtifactContent:
        """The beginning of one artifact file, through the tracking server (`/get-artifact`, as its UI reads it).

        A refusal is a sentence in the record: somebody waits for an answer.
        """
        made = ArtifactContent(source=self._source, run_id=run_id, path=path)
        try:
            answer = await self._http.get(
                "get-artifact", {"run_id": run_id, "path": path}, limit=Cut(LARGEST_CONTENT + 1)
            )
        except AnswerError as error:
            return msgspec.structs.replace(made, sentence=str(error))
        body, said = answer.body, answer.headers.get("content-length", "")
        whole = int(said) if said.isdecimal() and "content-encoding" not in answer.headers else None
        truncated = len(body) > LARGEST_CONTENT
        size = whole if truncated else len(body)
        return msgspec.structs.replace(made, data=body[:LARGEST_CONTENT], size=size, truncated=truncated)

    async def file(self, run_id: str, path: str, limit: int) -> bytes:
        """A whole artifact file. Raises TooLargeError above `limit` bytes, AnswerError for what is refused."""
        data = bytearray()
        async with self._http.stream("get-artifact", {"run_id": run_id, "path": path}) as pieces:
            async for piece in pieces:
                data += piece
                if len(data) > limit:
                    raise TooLargeError(
                        f"{path[-120:]} has more than {limit >> 20} MB: it is not read.", "not_understood"
                    )
        return bytes(data)

    async def set_tag(self, run_id: str, key: str, value: str) -> None:
        """Write a tag. Never repeated by itself: whoever acts reads back."""
        body = msgspec.json.encode({"run_id": run_id, "key": key, "value": value})
        await self._http.post(_API + "runs/set-tag", body)

    async def delete_tag(self, run_id: str, key: str) -> None:
        """Take a tag away. Never repeated by itself. Raises AnswerError with status 404 when there is none."""
        await self._http.post(_API + "runs/delete-tag", msgspec.json.encode({"run_id": run_id, "key": key}))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()


def is_missing(error: SourceError) -> bool:
    """Whether the server says that there is no such run."""
    return isinstance(error, AnswerError) and (
        error.status == HTTPStatus.NOT_FOUND or error.code == "RESOURCE_DOES_NOT_EXIST"
    )
