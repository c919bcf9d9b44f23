"""A GitLab that remembers: pages, changes by time, retry, cancel, play and approve, logs that grow and are removed.

It links to a host that is not the one that was asked, as GitLab does behind a proxy: whoever follows that leaves.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import unquote, urlencode

from tests.servers.loopback import Asked, Told

PATH = "forecast/models/demand"
NUMBER = 77
TOKEN = "glpat-S3cret0000token1"
OUTSIDE = "http://gitlab.shop.invalid"
PUSHED = datetime(2026, 3, 1, tzinfo=UTC)
RETRIED = ("failed", "canceled")
GOING = ("created", "pending", "running", "manual", "scheduled", "waiting_for_resource", "preparing")

Json = dict[str, Any]


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def message(text: str | Json, status: int, **headers: str) -> Told:
    return Told({"message": text}, status, headers)


LIMITED = Told(b"Retry later\n", 429, {"Content-Type": "text/plain", "Retry-After": "37", "RateLimit-Limit": "400"})


class Gitlab:
    """One project. What a test does to it changes what it answers, and the times of what it changes."""

    def __init__(self) -> None:
        self.pipelines: dict[int, Json] = {}
        self.jobs: dict[int, list[Json]] = {}
        self.bridges: dict[int, list[Json]] = {}
        self.reports: dict[int, tuple[Json, Json]] = {}
        self.deployments: list[Json] = []
        self.traces: dict[int, bytes] = {}
        self.archives: dict[int, bytes] = {}
        """By the job's id: what it kept, as a zip."""
        self.acts: list[str] = []
        self.faults: list[tuple[str, Told]] = []
        """A pattern of the path, and what to answer instead, once each."""
        self.paging: tuple[str, ...] = ("x-next-page", "link")
        """The headers that tell of the next page; a proxy may take them away."""
        self.keeps_deployments = True
        self.limit: Mapping[str, str] = {}
        """The headers that tell of a limit."""
        self.token: str | None = TOKEN
        self.cut: Callable[[Asked], bool] = lambda asked: False
        """Whether the line is cut after an act was done, before the answer."""
        self._ids = count(50_001)
        self._iids = count(1)
        self._now = datetime.now(UTC)

    # -- what a test does

    def now(self) -> str:
        """The time of the next change: no two happen at once."""
        self._now = max(datetime.now(UTC), self._now + timedelta(milliseconds=1))
        return stamp(self._now)

    def push(self, status: str = "success", *, jobs: Mapping[str, str] | None = None, **more: Any) -> int:
        """A pipeline with jobs (name to status); gives its id. Each begins an hour after the one before."""
        iid = next(self._iids)
        number, made = 9_000 + iid, PUSHED + timedelta(hours=iid)
        url = f"https://gitlab.shop.example/{PATH}/-/pipelines/{number}"
        has_ended = status not in GOING
        self.pipelines[number] = {
            "id": number, "iid": iid, "project_id": NUMBER, "sha": f"{number:040x}", "ref": "main", "status": status,
            "source": "push", "created_at": stamp(made), "updated_at": stamp(made + timedelta(minutes=20)),
            "web_url": url, "name": None, "user": {"id": 3, "username": "mira"}, "before_sha": "0" * 40, "tag": False,
            "yaml_errors": None, "started_at": stamp(made + timedelta(seconds=3)), "committed_at": None,
            "finished_at": stamp(made + timedelta(minutes=20)) if has_ended else None, "duration": 1197,
            "queued_duration": 3, "coverage": None, "detailed_status": {"group": status}, **more,
        }  # fmt: skip
        self.jobs[number] = [self._job(number, name, state) for name, state in (jobs or {"train": status}).items()]
        return number

    def _job(self, pipeline: int, name: str, status: str) -> Json:
        number = next(self._ids)
        pipe = self.pipelines[pipeline]
        began = pipe["created_at"] if status not in ("created", "pending", "manual", "skipped") else None
        return {
            "id": number, "status": status, "stage": name.split()[0], "name": name, "ref": pipe["ref"], "tag": False,
            "allow_failure": False, "created_at": pipe["created_at"], "started_at": began, "coverage": None,
            "finished_at": pipe["updated_at"] if status in ("success", "failed", "canceled") else None,
            "erased_at": None, "duration": None, "queued_duration": 1.5 if began else None,
            "user": pipe["user"], "commit": {"id": pipe["sha"], "title": f"Change {pipe['iid']}"},
            "pipeline": {"id": pipeline, "iid": pipe["iid"], "status": pipe["status"]},
            "web_url": f"https://gitlab.shop.example/{PATH}/-/jobs/{number}", "artifacts": [], "runner": None,
        }  # fmt: skip

    def set(self, pipeline: int, status: str, **jobs: str) -> None:
        """The pipeline goes on: its status, and those of its jobs."""
        self.pipelines[pipeline] |= {"status": status, "updated_at": self.now()}
        if status not in GOING:
            self.pipelines[pipeline]["finished_at"] = self.now()
        for job in self.jobs[pipeline]:
            job["status"] = jobs.get(job["name"], job["status"])
            if job["status"] not in ("created", "pending", "manual") and job["started_at"] is None:
                job["started_at"] = self.now()

    def remove(self, pipeline: int) -> None:
        """Somebody deletes it."""
        del self.pipelines[pipeline]

    def bridge(self, pipeline: int, name: str, status: str = "success") -> None:
        """A job that starts another pipeline."""
        below = {
            "id": 70_001,
            "status": status,
            "web_url": "https://gitlab.shop.example/forecast/registry/-/pipelines/70001",
        }
        self.bridges.setdefault(pipeline, []).append(
            {**self._job(pipeline, name, status), "downstream_pipeline": below}
        )

    def test(self, pipeline: int, **cases: str) -> None:
        """Its first job leaves a JUnit report: names to success, failed, error or skipped."""
        self.jobs[pipeline][0]["artifacts"] = [{"file_type": "junit", "size": 9, "filename": "junit.xml.gz"}]
        states = list(cases.values())
        counts = {key: states.count(key) for key in ("success", "failed", "skipped", "error")}
        told = [{"name": name, "status": state, "classname": "t", "execution_time": 0.5, "system_output": f"{name}!"}
                for name, state in cases.items()]  # fmt: skip
        self.reports[pipeline] = (
            {"total": {"time": 1, "count": len(cases), **counts, "suite_error": None}, "test_suites": []},
            {"total_count": len(cases), "test_suites": [{"name": "train", "test_cases": told}]},
        )

    def keep(self, pipeline: int, archive: bytes, job: int = 0) -> int:
        """One of its jobs keeps files; gives the job's id."""
        kept = self.jobs[pipeline][job]
        kept["artifacts"] = [
            {"file_type": "archive", "size": len(archive), "filename": "artifacts.zip", "file_format": "zip"},
            {"file_type": "metadata", "size": 156, "filename": "metadata.gz", "file_format": "gzip"},
        ]
        self.archives[kept["id"]] = archive
        return int(kept["id"])

    def deploy(self, pipeline: int, environment: str, status: str = "success") -> int:
        """Its last job deploys; gives the deployment's id."""
        number, now = 40 + len(self.deployments), self.now()
        self.deployments.append({
            "id": number, "iid": number, "ref": "main", "sha": self.pipelines[pipeline]["sha"], "created_at": now,
            "updated_at": now, "environment": {"id": 8, "name": environment, "external_url": None},
            "deployable": self.jobs[pipeline][-1], "status": status,
        })  # fmt: skip
        return number

    def fail(self, path: str, told: Told, times: int = 1) -> None:
        """Answer with this instead, at the next requests whose path matches."""
        self.faults += [(path, told)] * times

    # -- what it answers

    def answer(self, asked: Asked) -> Told:
        if self.token is not None and asked.headers.get("Authorization") != f"Bearer {self.token}":
            return message("401 Unauthorized", 401)
        for index, (pattern, told) in enumerate(self.faults):
            if re.search(pattern, asked.path):
                del self.faults[index]
                return told
        found = re.fullmatch(r"/api/v4/projects/([^/]+)(?:/(.*))?", asked.path)
        if found is None or unquote(found.group(1)) not in (PATH, str(NUMBER)):
            return message("404 Project Not Found", 404)
        words = (found.group(2) or "").split("/")
        if asked.method != "POST":
            return self._told(asked, words)
        told = self._done(asked, words)
        if self.cut(asked):
            raise ConnectionAbortedError("cut by the test")
        return told

    def _told(self, asked: Asked, words: list[str]) -> Told:
        match words:
            case ["pipelines"]:
                return self._listed(asked, [self._basic(one) for one in self.pipelines.values()])
            case ["deployments"] if not self.keeps_deployments:
                return message("403 Forbidden", 403)
            case ["deployments"]:
                if "updated_after" in asked.query and asked.query.get("order_by") != "updated_at":
                    return message("400 Bad request - `updated_at` filter and `updated_at` sorting must be paired", 400)
                return self._listed(asked, self.deployments)
            case ["pipelines", number, *rest] if number.isdigit() and int(number) in self.pipelines:
                return self._of_pipeline(asked, int(number), rest)
            case ["jobs", number, *rest]:
                return self._of_job(int(number), rest)
        return message("404 Not found", 404)

    def _basic(self, one: Json) -> Json:
        names = "id iid project_id sha ref status source created_at updated_at web_url name".split()
        return {name: one[name] for name in names}

    def _of_pipeline(self, asked: Asked, number: int, rest: list[str]) -> Told:
        match rest:
            case []:
                return Told(self.pipelines[number])
            case ["jobs"]:
                jobs = sorted(self.jobs[number], key=lambda job: -int(job["id"]))
                latest = {job["name"]: job for job in reversed(jobs)}
                return self._paged(asked, jobs if asked.query.get("include_retried") else list(latest.values()))
            case ["bridges"]:
                return self._paged(asked, self.bridges.get(number, []))
            case ["test_report_summary"]:
                return Told(self.reports.get(number, ({"total": {"count": 0}, "test_suites": []}, {}))[0])
            case ["test_report"]:
                return Told(self.reports[number][1])
        return message("404 Not found", 404)

    def _of_job(self, number: int, rest: list[str]) -> Told:
        job = self._find(number)
        if job is None:
            return message("404 Not found", 404)
        if rest == ["trace"]:
            return Told(self.traces.get(number, b""), headers={"Content-Type": "text/plain"})
        if rest[:1] == ["artifacts"] and number in self.archives:
            return self._kept(self.archives[number], unquote("/".join(rest[1:])))
        return Told(job) if not rest else message("404 Not found", 404)

    def _kept(self, archive: bytes, path: str) -> Told:
        """All that a job kept, or one file of it."""
        if not path:
            return Told(archive, headers={"Content-Type": "application/zip"})
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if path not in opened.namelist():
                return message("404 Not found", 404)
            return Told(opened.read(path), headers={"Content-Type": "application/octet-stream"})

    def _find(self, number: int) -> Json | None:
        return next((job for jobs in self.jobs.values() for job in jobs if job["id"] == number), None)

    def _listed(self, asked: Asked, rows: list[Json]) -> Told:
        query = asked.query
        order, is_down = query.get("order_by", "id"), query.get("sort", "desc") == "desc"
        if after := query.get("updated_after"):
            rows = [row for row in rows if row["updated_at"] and row["updated_at"] > after]
        rows = sorted(rows, key=lambda row: row["id"], reverse=is_down)
        # PostgreSQL has null above everything
        rows = sorted(rows, key=lambda row: (row[order] is None, row[order] or 0), reverse=is_down)
        return self._paged(asked, rows)

    def _paged(self, asked: Asked, rows: list[Json]) -> Told:
        page, size = int(asked.query.get("page", 1)), min(int(asked.query.get("per_page", 20)), 100)
        following = str(page + 1) if page * size < len(rows) else ""
        links = [(1, "first")] + ([(page + 1, "next")] if following else [])
        query = {key: value for key, value in asked.query.items() if key != "page"}
        link = ", ".join(f'<{OUTSIDE}{asked.path}?{urlencode({**query, "page": n})}>; rel="{rel}"' for n, rel in links)
        headers = {"X-Page": str(page), "X-Per-Page": str(size), **self.limit}
        if "x-next-page" in self.paging:
            headers["X-Next-Page"] = following
        if "link" in self.paging:
            headers["Link"] = link
        return Told(rows[(page - 1) * size : page * size], headers=headers)

    # -- what it does

    def _done(self, asked: Asked, words: list[str]) -> Told:
        self.acts.append("/".join(words))
        match words:
            case ["pipelines", number, "retry"] if int(number) in self.pipelines:
                return self._retried(int(number))
            case ["pipelines", number, "cancel"] if int(number) in self.pipelines:
                return self._cancelled(int(number))
            case ["jobs", number, "play"]:
                return self._played(int(number))
            case ["deployments", number, "approval"]:
                return self._approved(int(number), json.loads(asked.body))
        return message("404 Not found", 404)

    def _retried(self, number: int) -> Told:
        latest = {job["name"]: job for job in self.jobs[number]}
        again = [name for name, job in latest.items() if job["status"] in RETRIED]
        self.jobs[number] += [self._job(number, name, "pending") for name in again]
        if again:
            self.pipelines[number] |= {"status": "running", "finished_at": None, "updated_at": self.now()}
        return Told(self.pipelines[number], 201)

    def _cancelled(self, number: int) -> Told:
        if self.pipelines[number]["status"] in GOING:
            self.set(number, "canceled", **{job["name"]: "canceled" for job in self.jobs[number]
                                            if job["status"] in GOING})  # fmt: skip
        return Told(self.pipelines[number], 201)

    def _played(self, number: int) -> Told:
        job = self._find(number)
        if job is None:
            return message("404 Not found", 404)
        if job["status"] != "manual":
            return message("400 Bad request - Unplayable Job", 400)
        job["status"] = "pending"
        self.set(job["pipeline"]["id"], "running")
        return Told(job)

    def _approved(self, number: int, body: Json) -> Told:
        one = next((each for each in self.deployments if each["id"] == number), None)
        if one is None or one["status"] != "blocked" or body.get("status") != "approved":
            return message("400 Bad request - This deployment is not waiting for approvals.", 400)
        one |= {"status": "running", "updated_at": self.now()}
        return Told({"status": "approved", "comment": body.get("comment")}, 201)
