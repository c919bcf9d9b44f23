"""A GitHub that remembers: workflow runs with jobs of all attempts, ETags, limits, acts, and a store of logs.

Its answers have every field that the published specification requires (tests/app/sources/test_github_contract.py
holds them against it). `faults` are answered instead of what was asked for; `cut` hangs up after an act was done.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.servers.github_artifacts import Artifacts
from tests.servers.github_checks import Checks

TOKEN = "ghp_0123456789abcdefSECRET"
EPOCH = 1_780_000_000
"""Seconds: when the first run was created."""
API = "/api/v3"


@dataclass(frozen=True)
class Asked:
    """One request. Header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Told:
    """One answer. A body that is not bytes is sent as JSON. Status 0: hang up without a word."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None
    """Hang up after so many bytes of the body."""


Fault = Callable[[Asked], "Told | None"]


class Server:
    """Answers on loopback, a thread for each connection."""

    def __init__(self, answer: Callable[[Asked], Told]) -> None:
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._busy = 0
        self._lock = threading.Lock()
        self._answer = answer
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _told(self, one: Asked) -> Told:
        with self._lock:
            self.asked.append(one)
            self._busy += 1
            self.most_at_once = max(self.most_at_once, self._busy)
        try:
            return self._answer(one)
        finally:
            with self._lock:
                self._busy -= 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                told = server._told(Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body))
                if told.status == 0:
                    self.close_connection = True
                    return
                sent = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
                self.send_response(told.status)
                for name, value in {"Content-Type": "application/json; charset=utf-8", **told.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent[: told.sent])
                self.close_connection = self.close_connection or told.sent is not None

            do_GET = do_POST = _serve

            def log_message(self, format: str, *args: object) -> None:
                """Nothing onto the test's output."""

        return Handler


class Github:
    """One repository. Change `runs`, `jobs`, `logs` and `pending` as the world would; `asked` is what was asked."""

    def __init__(self, repository: str = "acme/churn", *, token: str = TOKEN) -> None:
        self.repository = repository
        self.token = token
        self.old_names: set[str] = set()
        self.runs: dict[int, dict[str, Any]] = {}
        self.jobs: dict[int, list[dict[str, Any]]] = {}
        self.logs: dict[int, bytes] = {}
        self.pending: dict[int, list[dict[str, Any]]] = {}
        self.deployments: list[dict[str, Any]] = []
        self.statuses: dict[int, list[dict[str, Any]]] = {}
        self.artifacts = Artifacts()
        self.checks = Checks()
        self.faults: list[Fault] = []
        self.store_faults: list[Fault] = []
        self.done: list[str] = []
        """What was done here, in its order: `rerun 7`, `cancel 7` ..."""
        self.cut = False
        """Hang up after each act, before it is answered."""
        self.unchanged = 0
        self.clock = EPOCH
        self._server = Server(self.answer)
        self._store = Server(self._stored)

    @property
    def base_url(self) -> str:
        return self._server.url + API

    @property
    def asked(self) -> list[Asked]:
        return self._server.asked

    @property
    def asked_of_store(self) -> list[Asked]:
        return self._store.asked

    @property
    def most_at_once(self) -> int:
        return self._server.most_at_once

    @contextmanager
    def serving(self) -> Iterator[Github]:
        self._server.start()
        self._store.start()
        try:
            yield self
        finally:
            self._server.stop()
            self._store.stop()

    def add(
        self, conclusion: str | None = "success", *, jobs: int = 2, status: str = "completed", **fields: Any
    ) -> int:
        """One more run, a minute after the last; gives its id."""
        number = len(self.runs) + 1
        self.clock += 60
        run_id = 7000 + number
        made = iso(self.clock)
        self.runs[run_id] = {
            **_run(self, run_id, number), "status": status, "conclusion": conclusion, "created_at": made,
            "run_started_at": made, "updated_at": iso(self.clock + 45), **fields,
        }  # fmt: skip
        self.jobs[run_id] = [_job(self, self.runs[run_id], index) for index in range(jobs)]
        return run_id

    def change(self, run_id: int, **fields: Any) -> None:
        """The world moves: the run changes, and says when."""
        self.clock += 60
        self.runs[run_id] = {**self.runs[run_id], "updated_at": iso(self.clock), **fields}

    def settle(self, run_id: int, conclusion: str) -> None:
        """The present attempt ends, its jobs with it."""
        attempt = self.runs[run_id]["run_attempt"]
        self.change(run_id, status="completed", conclusion=conclusion)
        self.jobs[run_id] = [
            {**job, "status": "completed", "conclusion": conclusion, "completed_at": iso(self.clock)}
            if job["run_attempt"] == attempt
            else job
            for job in self.jobs[run_id]
        ]

    def remove(self, run_id: int) -> None:
        """As if somebody deleted it."""
        del self.runs[run_id], self.jobs[run_id]

    def wait_for(self, run_id: int, *environments: str) -> None:
        """The run waits for the approval of deployments."""
        self.change(run_id, status="waiting", conclusion=None)
        self.pending[run_id] = [_pending(self, 500 + index, name) for index, name in enumerate(environments)]

    def deploy(self, run_id: int, environment: str, *states: str) -> int:
        """The run deploys: a status for each state, the last one is the newest."""
        self.clock += 1
        number = 900 + len(self.deployments)
        self.deployments.insert(0, _deployment(self, number, self.runs[run_id]["head_sha"], environment))
        self.statuses[number] = [_status(self, number, run_id, state) for state in reversed(states)]
        return number

    def upload(self, run_id: int, name: str, data: bytes, **fields: Any) -> int:
        """The run uploads an artifact in its present attempt; gives the artifact's id."""
        self.clock += 1
        return self.artifacts.add(self.runs[run_id], iso(self.clock), name, data, **fields)

    def check(self, run_id: int, name: str, conclusion: str | None, app: str = "codecov", **fields: Any) -> None:
        """An app says something of the run's commit."""
        self.clock += 1
        self.checks.check(self.runs[run_id]["head_sha"], iso(self.clock), name, conclusion, app, **fields)

    def say(self, run_id: int, context: str, state: str, **fields: Any) -> None:
        """Somebody sets a status of the run's commit."""
        self.clock += 1
        self.checks.say(self.runs[run_id]["head_sha"], iso(self.clock), context, state, **fields)

    def answer(self, asked: Asked) -> Told:
        for fault in list(self.faults):
            if (told := fault(asked)) is not None:
                return told
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return Told({"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}, 401)
        rest = self._below(asked)
        if isinstance(rest, Told):
            return rest
        if asked.method == "POST":
            return self._act(rest, asked)
        return self._conditional(asked, self._read(rest, asked))

    def _below(self, asked: Asked) -> str | Told:
        """The path below the repository, which goes by its name or its number; old names redirect."""
        path = asked.path.removeprefix(API)
        for name in self.old_names:
            if path.startswith(f"/repos/{name}/"):
                rest = path.removeprefix(f"/repos/{name}/")
                query = f"?{urlencode(asked.query)}" if asked.query else ""
                status = 301 if asked.method == "GET" else 307
                return Told({"message": "Moved"}, status, {"Location": f"{self.base_url}/repositories/9/{rest}{query}"})
        for prefix in (f"/repos/{self.repository}/", "/repositories/9/"):
            if path.startswith(prefix):
                return path.removeprefix(prefix)
        return _missing()

    def _read(self, rest: str, asked: Asked) -> Told:
        match rest.split("/"):
            case ["actions", "runs"]:
                chosen = [run for run in self.runs.values() if asked.query.get("status") in (None, run["status"])]
                ordered = sorted(chosen, key=lambda run: int(run["id"]), reverse=True)
                return self._page(asked, rest, "workflow_runs", ordered)
            case ["actions", "runs", run_id] if int(run_id) in self.runs:
                return Told(self.runs[int(run_id)])
            case ["actions", "runs", run_id, "jobs"] if int(run_id) in self.runs:
                return self._page(asked, rest, "jobs", self.jobs[int(run_id)])
            case ["actions", "runs", run_id, "pending_deployments"] if int(run_id) in self.runs:
                return Told(self.pending.get(int(run_id), []))
            case ["deployments"]:
                return Told(self.deployments[: int(asked.query.get("per_page", 30))])
            case ["deployments", number, "statuses"] if int(number) in self.statuses:
                return Told(self.statuses[int(number)])
            case ["actions", "jobs", job_id]:
                found = [job for jobs in self.jobs.values() for job in jobs if job["id"] == int(job_id)]
                return Told(found[0]) if found else _missing()
            case ["actions", "jobs", job_id, "logs"] if int(job_id) in self.logs:
                return Told(b"", 302, {"Location": f"{self._store.url}/blobs/{job_id}?sig=signed"})
        return self._read_commit(rest, asked)

    def _read_commit(self, rest: str, asked: Asked) -> Told:
        match rest.split("/"):
            case ["commits", sha, "check-runs"]:
                return self._page(asked, rest, "check_runs", self.checks.runs.get(sha, []))
            case ["commits", sha, "status"]:
                told = self._page(asked, rest, "statuses", self.checks.statuses.get(sha, []))
                return Told(self.checks.combined(sha, told.body, _repository(self)), told.status, told.headers)
        return self._read_artifacts(rest, asked)

    def _read_artifacts(self, rest: str, asked: Asked) -> Told:
        match rest.split("/"):
            case ["actions", "runs", run_id, "artifacts"] if int(run_id) in self.runs:
                return self._page(asked, rest, "artifacts", self.artifacts.of_run.get(int(run_id), []))
            case ["actions", "artifacts", number, "zip"] if (found := self.artifacts.one(int(number))) is not None:
                if found["expired"]:
                    return Told({"message": "Artifact has expired", "status": "410"}, 410)
                return Told(b"", 302, {"Location": f"{self._store.url}/artifacts/{number}?sig=signed"})
        return _missing()

    def _page(self, asked: Asked, rest: str, name: str, rows: list[dict[str, Any]]) -> Told:
        size, page = int(asked.query.get("per_page", 30)), int(asked.query.get("page", 1))
        headers = {}
        if page * size < len(rows):
            query = urlencode({**asked.query, "page": page + 1})
            last = urlencode({**asked.query, "page": -(-len(rows) // size)})
            there = f"{self.base_url}/repositories/9/{rest}"
            headers["Link"] = f'<{there}?{query}>; rel="next", <{there}?{last}>; rel="last"'
        return Told({"total_count": len(rows), name: rows[(page - 1) * size : page * size]}, 200, headers)

    def _conditional(self, asked: Asked, told: Told) -> Told:
        """An ETag belongs to a login. A 304 has no body."""
        if told.status != 200:
            return told
        raw = json.dumps([told.body, asked.headers["authorization"]]).encode()
        etag = f'W/"{hashlib.blake2b(raw, digest_size=8).hexdigest()}"'
        if asked.headers.get("if-none-match") == etag:
            self.unchanged += 1
            return Told(b"", 304, {"ETag": etag})
        return Told(told.body, told.status, {**told.headers, "ETag": etag})

    def _act(self, rest: str, asked: Asked) -> Told:
        match rest.split("/"):
            case ["actions", "runs", text, verb] if text.isdigit() and int(text) in self.runs:
                told = self._done(int(text), verb, json.loads(asked.body or b"{}"))
                return Told(status=0) if self.cut and told.status < 300 else told
        return _missing()

    def _done(self, run_id: int, verb: str, body: Mapping[str, Any]) -> Told:
        run = self.runs[run_id]
        is_over = run["status"] == "completed"
        if verb in ("rerun", "rerun-failed-jobs"):
            if not is_over:
                return Told({"message": "This workflow is already running"}, 403)
            self._again(run_id, failed_only=verb != "rerun")
            status = 201
        elif verb in ("cancel", "force-cancel"):
            if is_over:
                return Told({"message": "Cannot cancel a workflow run that is completed."}, 409)
            self.settle(run_id, "cancelled")
            status = 202
        elif verb == "pending_deployments" and {"environment_ids", "state", "comment"} <= set(body):
            left = [
                one for one in self.pending.get(run_id, []) if one["environment"]["id"] not in body["environment_ids"]
            ]
            if len(left) == len(self.pending.get(run_id, [])):
                return Told({"message": "Validation Failed"}, 422)
            self.pending[run_id] = left
            if not left:
                self.change(run_id, status="in_progress", conclusion=None)
            status = 200
        else:
            return _missing()
        self.done.append(f"{verb} {run_id}")
        return Told({}, status)

    def _again(self, run_id: int, *, failed_only: bool) -> None:
        run = self.runs[run_id]
        attempt = run["run_attempt"] + 1
        self.change(run_id, status="queued", conclusion=None, run_attempt=attempt)
        self.runs[run_id]["run_started_at"] = iso(self.clock)
        last = [job for job in self.jobs[run_id] if job["run_attempt"] == attempt - 1]
        for index, job in enumerate(last):
            fresh = {**_job(self, self.runs[run_id], index), "name": job["name"]}
            if failed_only and job["conclusion"] == "success":
                fresh |= {key: job[key] for key in ("status", "conclusion", "started_at", "completed_at", "steps")}
            self.jobs[run_id].append(fresh)

    def _stored(self, asked: Asked) -> Told:
        for fault in list(self.store_faults):
            if (told := fault(asked)) is not None:
                return told
        number = int(asked.path.rpartition("/")[2])
        blobs = self.artifacts.blobs if asked.path.startswith("/artifacts/") else self.logs
        if blobs.get(number, b"") == b"":
            return Told(b"<Error><Code>BlobNotFound</Code></Error>", 404, {"Content-Type": "application/xml"})
        kind = "application/zip" if blobs is self.artifacts.blobs else "text/plain; charset=utf-8"
        return Told(blobs[number], 200, {"Content-Type": kind})


def iso(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def once(path_end: str, told: Told, times: int = 1) -> Fault:
    """A fault that strikes `times` times, where the path ends so."""
    left = [times]

    def fault(asked: Asked) -> Told | None:
        if not asked.path.endswith(path_end) or left[0] == 0:
            return None
        left[0] -= 1
        return told

    return fault


UNICORN = Told(
    b"<!DOCTYPE html><html><head><title>Unicorn! &middot; GitHub</title></head><body></body></html>",
    503,
    {"Content-Type": "text/html; charset=utf-8"},
)


def _missing() -> Told:
    return Told({"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}, 404)


def _user(login: str) -> dict[str, Any]:
    urls = (
        "avatar_url events_url followers_url following_url gists_url html_url organizations_url received_events_url "
        "repos_url starred_url subscriptions_url url"
    )
    links = {name: f"https://github.example/{login}/{name}" for name in urls.split()}
    return {"login": login, "id": 1, "node_id": "U_1", "gravatar_id": "", "type": "User", "site_admin": False, **links}


def _repository(github: Github) -> dict[str, Any]:
    urls = (
        "archive assignees blobs branches collaborators comments commits compare contents contributors deployments "
        "downloads events forks git_commits git_refs git_tags hooks html issue_comment issue_events issues keys labels "
        "languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags "
        "teams trees"
    )
    owner, _, name = github.repository.partition("/")
    links = {f"{word}_url": f"https://github.example/{github.repository}/{word}" for word in urls.split()}
    return {
        "id": 9, "node_id": "R_9", "name": name, "full_name": github.repository, "private": True, "fork": False,
        "owner": _user(owner), "description": None, "url": f"https://github.example/{github.repository}", **links,
    }  # fmt: skip


def _run(github: Github, run_id: int, number: int) -> dict[str, Any]:
    here = f"{github.base_url}/repos/{github.repository}/actions/runs/{run_id}"
    words = ("jobs", "logs", "cancel", "rerun", "artifacts")
    sha = hashlib.sha1(str(number).encode()).hexdigest()
    return {
        "id": run_id, "node_id": f"WFR_{run_id}", "name": "train", "path": ".github/workflows/train.yml",
        "display_title": f"Tune the model, take {number}", "run_number": number, "run_attempt": 1, "event": "push",
        "workflow_id": 31, "check_suite_id": run_id, "head_branch": "main", "head_sha": sha, "url": here,
        "html_url": f"https://github.example/{github.repository}/actions/runs/{run_id}", "pull_requests": [],
        "actor": _user("ann"), "triggering_actor": _user("ben"), "workflow_url": f"{here}/workflow",
        "check_suite_url": f"{here}/suite", **{f"{word}_url": f"{here}/{word}" for word in words},
        "head_commit": {
            "id": sha, "tree_id": sha, "message": f"Tune the model, take {number}\n\nLonger.",
            "timestamp": iso(EPOCH), "author": {"name": "Ann", "email": "ann@example.org"},
            "committer": {"name": "Ann", "email": "ann@example.org"},
        },
        "repository": _repository(github), "head_repository": _repository(github),
    }  # fmt: skip


def _job(github: Github, run: Mapping[str, Any], index: int) -> dict[str, Any]:
    """A job of the run's present attempt, in the run's own state."""
    attempt = run["run_attempt"]
    job_id = run["id"] * 1000 + attempt * 100 + index
    status, conclusion = run["status"], run["conclusion"]
    began = int(github.clock)
    is_over = status == "completed"
    here = f"{github.base_url}/repos/{github.repository}/actions/jobs/{job_id}"
    step = {"status": status, "conclusion": conclusion, "started_at": iso(began + 5)}
    return {
        "id": job_id, "node_id": f"CR_{job_id}", "run_id": run["id"], "run_url": run["url"], "run_attempt": attempt,
        "name": f"job-{index}", "workflow_name": run["name"], "head_branch": run["head_branch"],
        "head_sha": run["head_sha"], "url": here, "html_url": here, "check_run_url": here, "labels": ["ubuntu-24.04"],
        "runner_id": 1, "runner_name": "hosted", "runner_group_id": 1, "runner_group_name": "Default",
        "status": status, "conclusion": conclusion, "created_at": iso(began), "started_at": iso(began + 5),
        "completed_at": iso(began + 40) if is_over else None,
        "steps": [
            {"name": "Set up job", "number": 1, "completed_at": iso(began + 6), **step},
            {"name": "Run make test", "number": 2, "completed_at": iso(began + 40) if is_over else None, **step},
        ] if status != "queued" else [],
    }  # fmt: skip


def _pending(github: Github, environment: int, name: str) -> dict[str, Any]:
    here = f"{github.base_url}/environments/{environment}"
    return {
        "environment": {"id": environment, "node_id": f"EN_{environment}", "name": name, "url": here, "html_url": here},
        "wait_timer": 0, "wait_timer_started_at": None, "current_user_can_approve": True,
        "reviewers": [{"type": "User", "reviewer": _user("ann")}],
    }  # fmt: skip


def _deployment(github: Github, number: int, sha: str, environment: str) -> dict[str, Any]:
    here = f"{github.base_url}/repos/{github.repository}/deployments/{number}"
    return {
        "id": number, "node_id": f"DE_{number}", "url": here, "sha": sha, "ref": "main", "task": "deploy",
        "payload": {}, "environment": environment, "description": None, "creator": _user("ann"),
        "created_at": iso(github.clock), "updated_at": iso(github.clock), "statuses_url": f"{here}/statuses",
        "repository_url": here,
    }  # fmt: skip


def _status(github: Github, number: int, run_id: int, state: str) -> dict[str, Any]:
    here = f"{github.base_url}/repos/{github.repository}/deployments/{number}"
    log = f"https://github.example/{github.repository}/actions/runs/{run_id}/job/{run_id}000"
    return {
        "id": 1, "node_id": "DES_1", "url": here, "state": state, "creator": _user("ann"), "description": "",
        "environment": "", "target_url": log, "log_url": log, "environment_url": "https://churn.example",
        "created_at": iso(github.clock), "updated_at": iso(github.clock), "deployment_url": here,
        "repository_url": here,
    }  # fmt: skip
