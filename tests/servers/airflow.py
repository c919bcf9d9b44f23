"""An Airflow that remembers: DAG runs, tasks with their tries, logs that go on, and logins that run out."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.servers.loopback import Asked, Told

PAYLOADS = Path(__file__).parents[1] / "payloads" / "airflow"
NAME, PASSWORD = "ann", "let-ann-in"


def payload(name: str) -> Any:
    """What a real server said."""
    return json.loads((PAYLOADS / f"{name}.json").read_text())


class Airflow:
    """Answers as the API server does, with one DAG `train_fare` whose tasks are those of the recorded run."""

    def __init__(self) -> None:
        (recorded,) = payload("dag_runs")["dag_runs"]
        self.runs: dict[str, dict[str, Any]] = {}
        self._recorded = recorded
        self.changed: dict[str, str] = {}
        self.tokens: set[str] = set()
        self.log: list[list[Any]] = [payload("log_of_a_failed_try")["content"]]
        """The pieces of every log; the last one ends it unless `log_goes_on`."""
        self.log_goes_on = False
        self.add("manual_1", "2026-11-22T22:48:12Z")

    def add(self, run_id: str, at: str, *, dag: str = "train_fare", state: str = "failed") -> None:
        """A run that began at `at`."""
        self.runs[run_id] = {**self._recorded, "dag_run_id": run_id, "dag_id": dag, "run_after": at, "state": state}
        self.changed[run_id] = at

    def change(self, run_id: str, at: str, **fields: Any) -> None:
        """Somebody cleared it, or it ended."""
        self.runs[run_id] |= fields
        self.changed[run_id] = at

    def answer(self, asked: Asked) -> Told:
        if asked.path == "/auth/token":
            return self._login(json.loads(asked.body))
        if asked.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return Told({"detail": "Invalid JWT token"}, 403)
        return self._read(asked.path.removeprefix("/api/v2/").split("/"), asked)

    def _login(self, given: dict[str, str]) -> Told:
        if (given["username"], given["password"]) != (NAME, PASSWORD):
            return Told({"detail": "Invalid credentials"}, 401)
        token = f"day-{len(self.tokens) + 1}"
        self.tokens = {token}
        return Told({"access_token": token}, 201)

    def _read(self, words: list[str], asked: Asked) -> Told:
        match words:
            case ["dags", dag, "dagRuns"]:
                return self._list(dag, asked)
            case ["dags", _, "tasks"]:
                return Told(payload("tasks"))
            case ["dags", _, "dagRuns", run] if run in self.runs:
                return Told(self.runs[run])
            case ["dags", _, "dagRuns", run, "taskInstances"] if run in self.runs:
                return self._tasks(asked)
            case ["dags", _, "dagRuns", run, "taskInstances", "check", "tries"] if run in self.runs:
                return Told(payload("tries_of_a_retried_task"))
            case ["dags", _, "dagRuns", run, "taskInstances", _, "logs", _] if run in self.runs:
                return self._log(asked)
        return Told({"detail": f"`{asked.path}` was not found"}, 404)

    def _list(self, dag: str, asked: Asked) -> Told:
        found = [run for run in self.runs.values() if dag in ("~", run["dag_id"])]
        if since := asked.query.get("updated_at_gte"):
            found = [run for run in found if _at(self.changed[run["dag_run_id"]]) >= _at(since)]
        assert asked.query["order_by"] == "-run_after"
        found.sort(key=lambda run: str(run["run_after"]), reverse=True)
        start, size = int(asked.query["offset"]), int(asked.query["limit"])
        return Told({"dag_runs": found[start : start + size], "total_entries": len(found)})

    @staticmethod
    def _tasks(asked: Asked) -> Told:
        told = payload("task_instances")
        start, size = int(asked.query["offset"]), min(3, int(asked.query["limit"]))  # fewer than we ask for
        return Told({**told, "task_instances": told["task_instances"][start : start + size]})

    def _log(self, asked: Asked) -> Told:
        at = int(asked.query.get("token", "0"))
        more = at + 1 < len(self.log) or self.log_goes_on
        content = self.log[at] if at < len(self.log) else []
        return Told({"content": content, "continuation_token": str(min(at + 1, len(self.log))) if more else None})


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
