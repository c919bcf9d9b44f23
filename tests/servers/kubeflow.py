"""A Kubeflow Pipelines that remembers: runs by pages, one run, names of pipelines and recurring runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.servers.loopback import Asked, Told

API = "/apis/v2beta1/"
PAYLOADS = Path(__file__).parents[1] / "payloads" / "kubeflow"


class Kubeflow:
    """Answers as the API server does. `runs` are v2beta1Run objects, in any order."""

    def __init__(self, runs: list[dict[str, Any]], names: dict[str, str] | None = None, page: int = 2) -> None:
        self.runs = runs
        self.names = names or {}
        self.page = page
        """Runs of one page: the server cuts what it is asked for without a word."""
        self.down: Told | None = None

    def answer(self, asked: Asked) -> Told:
        if self.down is not None:
            return self.down
        rest = asked.path.removeprefix(API)
        if rest == "runs":
            return self._list(asked.query)
        if rest.startswith("runs/"):
            found = [run for run in self.runs if run["run_id"] == rest.removeprefix("runs/")]
            return Told(found[0]) if found else self._missing(rest)
        if rest in self.names:
            return Told({"display_name": self.names[rest]})
        return self._missing(rest)

    def _list(self, query: Any) -> Told:
        if set(query) - {"namespace", "experiment_id", "page_token", "page_size", "sort_by", "filter"}:
            return Told({"code": 3, "message": f"unknown parameter in {dict(query)}"}, 400)
        assert query["sort_by"] == "created_at desc"
        ordered = sorted(self.runs, key=lambda run: str(run.get("created_at")), reverse=True)
        ordered = [run for run in ordered if query.get("namespace", "") in ("", run.get("namespace", ""))]
        start = int(query.get("page_token", "0"))
        end = start + min(self.page, int(query["page_size"]))
        listed = [{k: v for k, v in run.items() if k != "run_details"} for run in ordered[start:end]]
        more = {"next_page_token": str(end)} if end < len(ordered) else {}
        return Told({"runs": listed, "total_size": len(ordered), **more})

    @staticmethod
    def _missing(what: str) -> Told:
        return Told({"code": 5, "message": f"{what} not found", "details": []}, 404)
