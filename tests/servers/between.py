"""A door in front of a real server: all passes, until a test cuts the line, kills who asked, or interferes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import httpx

When = Literal["before", "after"]
Hook = Callable[[When, str, int], int | None]
"""Told when (before or after the server did it), what (`POST model-versions/create`), and how many requests there were
before; gives a status to answer with instead, 0 to cut the line, None to go on."""

_API = "/api/2.0/mlflow/"


class Between:
    """Passes requests on. `passed` are those that the server did, in order."""

    def __init__(self, url: str) -> None:
        self.passed: list[str] = []
        self.asked = 0
        self.hook: Hook = lambda when, what, number: None
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                what = f"{self.command} {self.path.removeprefix(_API).partition('?')[0]}"
                number, outer.asked = outer.asked, outer.asked + 1
                status, answer = outer.hook("before", what, number), b'{"error_code": "INTERNAL_ERROR"}'
                if status is None:
                    given = outer._client.request(
                        self.command, self.path, content=body, headers={"Content-Type": "application/json"}
                    )
                    outer.passed.append(what)
                    told = outer.hook("after", what, number)
                    status, answer = (given.status_code, given.content) if told is None else (told, answer)
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PATCH = do_DELETE = _serve

            def log_message(self, format: str, *args: object) -> None:
                """Nothing onto the test's output."""

        return Handler

    def start(self) -> None:
        """Listen, on a thread."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Let go of the port."""
        self._server.shutdown()
        self._server.server_close()
        self._client.close()


@contextmanager
def in_front_of(url: str) -> Iterator[Between]:
    """A door for the length of a `with`."""
    made = Between(url)
    made.start()
    try:
        yield made
    finally:
        made.stop()
