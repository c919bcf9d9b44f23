"""What is read conditionally, piece by piece, or from another server than was asked."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import stamina

from quarterdeck.app.errors import SourceError
from quarterdeck.app.sources.clients import Clients
from quarterdeck.app.sources.http import Connection, Credential, Http
from quarterdeck.app.sources.redirects import may_follow
from quarterdeck.app.sources.trouble import AnswerError, TooSlowError

SECRET = "s3cret-T0ken"


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


class Scripted:
    """A server on loopback that answers with what the test wrote down, and remembers what it was asked."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.requests: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def answering(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Scripted]:
    scripted = Scripted(*answers)
    server = await asyncio.start_server(scripted.serve, "127.0.0.1", 0, ssl=tls)
    scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield scripted


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def speaking_to(server: Scripted, *, login: bool = True) -> AsyncIterator[Http]:
    http = Http(server.url, credential=Credential.bearer(server.url, SECRET) if login else None)
    try:
        yield http
    finally:
        await http.close()


async def whole(http: Http, path: str, **options: bool) -> bytes:
    async with http.stream(path, **options) as pieces:  # type: ignore[arg-type]  # the tests name keywords only
        return b"".join([piece async for piece in pieces])


async def test_what_did_not_change_comes_as_304_without_a_body() -> None:
    async with answering(answer(200, b"[1]", 'ETag: W/"a"'), answer(304)) as server, speaking_to(server) as http:
        first = await http.get("runs")
        again = await http.get("runs", etag=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert "if-none-match" not in server.requests[0].lower()
    assert 'if-none-match: w/"a"' in server.requests[1].lower()


async def test_a_large_body_comes_in_pieces_of_bounded_size() -> None:
    body = bytes(1_000_000)
    async with (
        answering(answer(200, body, "X-Text-Size: 1000000")) as server,
        speaking_to(server) as http,
        http.stream("log") as pieces,
    ):
        sizes = [len(piece) async for piece in pieces]
    assert sum(sizes) == len(body)
    assert max(sizes) <= 256 * 1024
    assert pieces.headers["x-text-size"] == "1000000"


async def test_a_redirect_elsewhere_is_followed_once_and_says_nothing_of_us() -> None:
    async with answering(answer(200, b"line\n")) as store:
        sent = answer(302, b"", f"Location: {store.url}/blob?sig=1")
        async with answering(sent) as server, speaking_to(server) as http:
            assert await whole(http, "jobs/7/logs", elsewhere=True) == b"line\n"
    assert SECRET in server.requests[0]
    assert "authorization" not in store.requests[0].lower()
    assert SECRET not in store.requests[0]
    assert store.requests[0].startswith("GET /blob?sig=1 ")


async def test_a_redirect_elsewhere_is_not_followed_unasked() -> None:
    async with (
        answering(answer(200, b"line\n")) as store,
        answering(answer(302, b"", f"Location: {store.url}/")) as server,
        speaking_to(server) as http,
    ):
        with pytest.raises(SourceError, match="redirects to another server"):
            await whole(http, "jobs/7/logs")
        with pytest.raises(SourceError, match="redirects to another server"):
            await http.get("jobs/7/logs")
    assert store.requests == []


async def test_the_other_server_may_not_send_us_on() -> None:
    async with (
        answering(answer(302, b"", "Location: http://127.0.0.1:1/")) as store,
        answering(answer(302, b"", f"Location: {store.url}/")) as server,
        speaking_to(server) as http,
    ):
        with pytest.raises(AnswerError) as caught:
            await whole(http, "log", elsewhere=True)
    assert caught.value.status == 302


async def test_what_the_other_server_no_longer_has_is_told_with_its_status() -> None:
    async with (
        answering(answer(404, b"<Error>BlobNotFound</Error>")) as store,
        answering(answer(302, b"", f"Location: {store.url}/")) as server,
        speaking_to(server) as http,
    ):
        with pytest.raises(AnswerError) as caught:
            await whole(http, "log", elsewhere=True)
    assert caught.value.status == 404
    assert SECRET not in str(caught.value)


async def test_where_another_server_does_not_answer_it_is_that_one_which_is_named() -> None:
    cut = b"HTTP/1.1 200 X\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf"
    for raw in (b"", b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", cut):
        async with (
            answering(raw) as store,
            answering(answer(302, b"", f"Location: {store.url}/?sig=1")) as server,
            speaking_to(server) as http,
        ):
            with pytest.raises(SourceError) as caught:
                await whole(http, "log", elsewhere=True)
        assert str(caught.value).startswith(store.url.removeprefix("http://") + " ")


async def test_a_redirect_on_the_same_server_keeps_the_login() -> None:
    async with (
        answering(answer(301, b"", "Location: /repositories/9/log"), answer(200, b"x")) as server,
        speaking_to(server) as http,
    ):
        assert await whole(http, "repos/a/b/log", elsewhere=True) == b"x"
    assert SECRET in server.requests[1]


async def test_a_body_that_breaks_off_is_an_error_and_no_end() -> None:
    cut = b"HTTP/1.1 200 X\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf"
    async with answering(cut) as server, speaking_to(server) as http:
        with pytest.raises(SourceError, match="broke off"):
            await whole(http, "log")


async def test_an_act_that_answers_with_a_redirect_is_done_where_that_is_the_custom() -> None:
    stop = answer(302, b"", "Location: /job/a/7/")
    async with answering(stop) as server, speaking_to(server) as http:
        done = await http.post("job/a/7/stop", b"", redirect_is_done=True)
        with pytest.raises(SourceError, match="whether it was done is not known"):
            await http.post("job/a/7/stop", b"")
    assert done.status == 302
    assert len(server.requests) == 2


async def test_an_act_is_never_sent_twice_when_the_line_is_cut() -> None:
    async with answering(b"") as server, speaking_to(server) as http:
        with pytest.raises(SourceError, match="hung up"):
            await http.post("rerun")
    assert len(server.requests) == 1


NO_ADDRESS = ["http://[bad/x", "//[::1]x", "ftp://store.example/x", "http://127.0.0.1:99999/", "https://"]


@pytest.mark.parametrize("location", NO_ADDRESS)
async def test_a_redirect_to_what_is_no_address_is_told_and_not_blamed_on_the_settings(location: str) -> None:
    async with answering(answer(302, b"", f"Location: {location}")) as server, speaking_to(server) as http:
        for ask in (lambda: http.get("log"), lambda: whole(http, "log"), lambda: whole(http, "log", elsewhere=True)):
            with pytest.raises(SourceError, match="no http or https address") as caught:
                await ask()
            assert caught.value.state == "not_understood"
            assert str(caught.value).startswith(http.host)


@pytest.mark.parametrize("packing", ["gzip, gzip", "deflate,gzip", "br", "zstd", "identity, gzip"])
async def test_what_is_packed_twice_or_otherwise_than_asked_for_is_not_unpacked(packing: str) -> None:
    head = f"HTTP/1.1 200 X\r\nContent-Encoding: {packing}\r\nContent-Length: 99\r\nConnection: close\r\n\r\n".encode()
    async with (
        answering(head) as store,
        answering(head, head, answer(302, b"", f"Location: {store.url}/")) as server,
        speaking_to(server) as http,
    ):
        for ask in (lambda: http.get("log"), lambda: whole(http, "log")):
            with pytest.raises(SourceError, match=f"not asked for .{packing.split(',')[0]}") as caught:
                await ask()
            assert str(caught.value).startswith(http.host)
        with pytest.raises(SourceError, match="not asked for") as caught:
            await whole(http, "log", elsewhere=True)
    assert str(caught.value).startswith(store.url.removeprefix("http://"))


@pytest.mark.parametrize(("packing", "packed"), [("GZIP", gzip.compress), ("deflate", zlib.compress)])
async def test_what_is_packed_once_is_unpacked(packing: str, packed: Callable[[bytes], bytes]) -> None:
    sent = answer(200, packed(b"[1]"), f"Content-Encoding: {packing}")
    async with answering(sent) as server, speaking_to(server) as http:
        assert (await http.get("log")).body == b"[1]"
        assert await whole(http, "log") == b"[1]"
    assert all("\r\naccept-encoding: gzip, deflate\r\n" in asked.lower() for asked in server.requests)


async def test_the_head_of_a_log_has_an_end_too() -> None:
    async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nX-Long: ")
        try:
            while not reader.at_eof():
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(dripping, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    http = Http(url, connection=Connection(connect=0.1, read=0.1))
    async with server:
        with pytest.raises(TooSlowError):
            await asyncio.wait_for(whole(http, "log"), 10)  # without it a log that never comes holds up the tests
        await http.close()


async def test_the_mark_of_a_login_tells_logins_apart_and_holds_none() -> None:
    marks = []
    for token in (SECRET, "another"):
        http = Http("https://a.example", credential=Credential.bearer("https://a.example", token))
        marks.append(http.login_mark)
        await http.close()
    assert marks[0] != marks[1]
    assert SECRET not in marks[0]
    assert Http("https://a.example").login_mark == ""


@pytest.mark.parametrize(
    ("home", "target", "may"),
    [
        ("https://api.github.com:443", "https://store.example/blob", True),
        ("https://api.github.com:443", "http://store.example/blob", False),
        ("https://api.github.com:443", "https://api.github.com/blob", False),
        ("http://ci.acme:8080", "http://store.acme/blob", True),
        ("http://ci.acme:8080", "https://store.acme/blob", True),
    ],
)
def test_a_redirect_never_leaves_the_encrypted_connection(home: str, target: str, may: bool) -> None:
    assert may_follow(home, target) is may


async def test_another_server_does_not_get_our_certificate(tmp_path: Path) -> None:
    certificate = tmp_path / "ann.pem"  # it is not there: whoever reads it says so
    clients = Clients("https://ci.acme", Connection(client_cert=certificate), {"X-Ours": "yes"})
    with pytest.raises(SourceError, match=r"ann\.pem"):
        clients.own()
    assert "x-ours" not in clients.stranger("https://store.example/blob").headers
    await clients.close()
