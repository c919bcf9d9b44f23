"""A CI server that remembers what was done to it, and the plainest source that there can be for it.

It does what it is told however often it is told: whoever asks twice has two re-runs. `hook` is called around each
request, so that a test can cut the line, kill whoever asked, or change the world at just that moment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import msgspec

from quarterdeck.app.records import Batch, Pipeline, SourceSpec, Want
from quarterdeck.app.sources import registry
from quarterdeck.app.sources.http import Http
from quarterdeck.app.sources.trouble import AnswerError

KEY = "acts0000acts0000"
ALL = frozenset({"rerun", "rerun_failed", "cancel", "approve", "play"})
When = Literal["before", "after"]
Hook = Callable[[When, str, int], int | None]
"""Told when (before or after the server did it), what (`GET 7`, `rerun 7`), and how many requests there were before;
gives a status to answer with instead, 0 to cut the line, None to go on."""


class Server:
    """Pipelines by id, as JSON of `Pipeline`, and everything that was done to them in `done`."""

    def __init__(self, *pipelines: Pipeline, new_ids: bool = False, lag: int = 0) -> None:
        """`new_ids`: a re-run is another pipeline, as Jenkins has it. `lag`: so many reads show what was before."""
        self.now: dict[str, Any] = {one.id: json.loads(msgspec.json.encode(one)) for one in pipelines}
        self.done: list[str] = []
        self.keys: dict[str, str] = {}
        self.asked = 0
        self.hook: Hook = lambda when, what, number: None
        self.lag = lag
        self._new_ids = new_ids
        self._old: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                words = parts.path.strip("/").split("/")
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                what = f"GET {words[0]}" if self.command == "GET" else f"{words[1]} {words[0]}"
                number, outer.asked = outer.asked, outer.asked + 1
                status = outer.hook("before", what, number)
                content: Any = {}
                if status is None:
                    known = outer.now.get(words[0])
                    status, content = (404, {}) if known is None else (200, outer.answer(self.command, words, query))
                    told = outer.hook("after", what, number)
                    status = status if told is None else told
                if status == 0:
                    self.close_connection = True
                    return
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _serve

            def log_message(self, format: str, *args: object) -> None:
                """Nothing onto the test's output."""

        return Handler

    def answer(self, method: str, words: list[str], query: Mapping[str, str]) -> Any:
        """Do what is asked for and give the answer."""
        known = self.now[words[0]]
        if method == "GET" and words[1:] == ["reruns"]:
            return {"became": self.keys.get(query["key"])}
        if method == "GET":
            return self._old.pop() if self._old else json.loads(json.dumps(known))  # as it was when it was asked for
        before = json.loads(json.dumps(known))
        self.done.append(" ".join([*words[1:], words[0]]))
        found: Any = getattr(self, words[1])(known, words[2:], query)
        self._old = [before] * self.lag
        return found

    def rerun(self, known: dict[str, Any], words: list[str], query: Mapping[str, str]) -> Any:
        """All the jobs, or the failed ones, once more."""
        if self._new_ids:
            new = {**known, "id": f"{known['id']}-{len(self.now)}", "status": "running", "jobs": []}
            self.now[new["id"]] = new
            self.keys[query["key"]] = new["id"]
            return {"became": new["id"]}
        known["attempt"] += 1
        known["status"] = "running"
        last = [job for job in known["jobs"] if words != ["failed"] or job["status"] == "failed"]
        known["jobs"] += [
            {**job, "id": f"{job['id']}.{known['attempt']}", "status": "running", "attempt": known["attempt"]}
            for job in last
        ]
        return {"became": known["id"]}

    def cancel(self, known: dict[str, Any], words: list[str], query: Mapping[str, str]) -> Any:
        """Stop it."""
        known["status"] = "cancelled"
        return {}

    def approve(self, known: dict[str, Any], words: list[str], query: Mapping[str, str]) -> Any:
        """Let deployments go on."""
        known["approvals"] = [one for one in known["approvals"] if one["id"] not in words]
        known["status"] = "waiting" if known["approvals"] else "running"
        return {}

    def play(self, known: dict[str, Any], words: list[str], query: Mapping[str, str]) -> Any:
        """Start a job."""
        for job in known["jobs"]:
            job["status"] = "running" if job["id"] in words else job["status"]
        known["status"] = "running"
        return {}

    def start(self) -> None:
        """Listen, on a thread."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Let go of the port."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def remembering(*pipelines: Pipeline, **how: Any) -> Iterator[Server]:
    """A server for the length of a `with`."""
    server = Server(*pipelines, **how)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class ActsSource:
    """Its pipelines, as the gate wants them."""

    def __init__(self, url: str, kind: str = "github", abilities: frozenset[str] = ALL) -> None:
        self.spec = SourceSpec(key=KEY, kind=kind, name="forge", address=url)
        self.abilities = abilities
        self._http = Http(url)

    async def poll(self, cursor: Any) -> AsyncIterator[Batch]:
        """Nothing: nobody syncs it."""
        yield Batch()

    async def sweep(self, cursor: Any) -> AsyncIterator[Batch]:
        """Nothing."""
        yield Batch()

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        """Nothing."""
        yield Batch()

    async def one(self, pipeline_id: str) -> Pipeline | None:
        """As it is now."""
        try:
            answer = await self._http.get(pipeline_id)
        except AnswerError as error:
            if error.status == 404:
                return None
            raise
        return msgspec.json.decode(answer.body, type=Pipeline)

    async def rerun(self, pipeline_id: str, *, failed_only: bool, key: str) -> str:
        """Once more."""
        answer = await self._http.post(f"{pipeline_id}/rerun{'/failed' if failed_only else ''}?key={key}")
        return str(json.loads(answer.body)["became"])

    async def rerun_of(self, pipeline_id: str, *, key: str, since: int) -> str | None:
        """What the server keeps under the key."""
        found: str | None = json.loads((await self._http.get(f"{pipeline_id}/reruns", {"key": key})).body)["became"]
        return found

    async def cancel(self, pipeline_id: str) -> None:
        """Stop it."""
        await self._http.post(f"{pipeline_id}/cancel")

    async def approve(self, pipeline_id: str, approvals: tuple[str, ...], comment: str) -> None:
        """Let deployments go on."""
        await self._http.post("/".join([pipeline_id, "approve", *approvals]))

    async def play(self, pipeline_id: str, job_id: str) -> None:
        """Start a job."""
        await self._http.post(f"{pipeline_id}/play/{job_id}")

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()


def act_in_a_process(folder: Path, url: str, batch: str, kind: str = "github") -> subprocess.Popen[bytes]:
    """`quarterdeck act BATCH` on the project in a folder, in a process that knows this source."""
    root = Path(__file__).parents[2]
    words = [sys.executable, __file__, url, kind, "--project", str(folder), "act", batch]
    return subprocess.Popen(words, env={**os.environ, "PYTHONPATH": str(root)}, stderr=subprocess.PIPE)


if __name__ == "__main__":
    address, its_kind, *line = sys.argv[1:]
    registry.build = lambda settings: [ActsSource(address, its_kind)]
    from quarterdeck.app.commands.line import run_line

    sys.exit(run_line(line))
