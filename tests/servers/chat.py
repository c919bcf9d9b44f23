"""A chat on loopback that takes webhooks, or does not."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Chat:
    """Keeps what it was sent; `answers` are (status, headers) in turn, 200 once they are used up, 0 says nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.taken: list[str] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((self.path, body))
                status, headers = outer.answers.pop(0) if outer.answers else (200, {})
                if status == 0:
                    outer.ended.wait(20)
                    self.close_connection = True
                    return
                if status == 200:
                    outer.taken.append(body["text"])
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                # as a careless server does: it quotes the address that it was asked at
                told = b"ok" if status == 200 else f"no such hook: {self.path}".encode()
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *arguments: Any) -> None:
                pass

        return Handler

    def close(self) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
