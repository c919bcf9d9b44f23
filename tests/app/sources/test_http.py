"""The HTTP core against a server that misbehaves in every way that servers do."""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import logging
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from email.utils import format_datetime
from pathlib import Path

import httpx
import msgspec
import pytest
import stamina
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from quarterdeck.app.errors import SourceError
from quarterdeck.app.sources import http as core
from quarterdeck.app.sources.http import Connection, Credential, Http, origin, without_login
from quarterdeck.app.sources.trouble import AnswerError, TooLargeError, TooSlowError, retry_at

SECRET = "s3cret-T0ken"
NOW = 1_795_340_000_000

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


class FaultServer:
    """Answers each request with the next of `answers` (raw bytes; the last one again and again)."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(1)
            if first != b"\x16":  # how TLS begins: whoever speaks that gets an answer at once
                self.requests.append(first + await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        await handler(reader, writer)

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    await asyncio.gather(*talks)  # each ends when its client has hung up


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[FaultServer]:
    faults = FaultServer(*answers)
    async with listening(faults.serve) as url:
        faults.url = url
        yield faults


def answer(status: int = 200, body: bytes = b"{}", *headers: str, kind: str = "application/json") -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


async def trouble_with(url: str, **options: object) -> SourceError:
    http = Http(url, **options)  # type: ignore[arg-type]  # each test names its own options
    try:
        with pytest.raises(SourceError) as caught:
            (await http.get("things")).json(msgspec.json.Decoder())
    finally:
        await http.close()
    return caught.value


async def test_a_good_answer_is_decoded() -> None:
    async with answering(answer(200, b'{"a": [1, 2]}')) as server:
        http = Http(server.url + "/base/")
        got = (await http.get("things", {"q": "x y"})).json(msgspec.json.Decoder(dict[str, list[int]]))
        await http.close()
    assert got == {"a": [1, 2]}
    assert server.requests[0].startswith(b"GET /base/things?q=x+y HTTP/1.1") or server.requests[0].startswith(
        b"GET /base/things?q=x%20y HTTP/1.1"
    )


@pytest.mark.parametrize(
    ("raw", "state", "words"),
    [
        (answer(400, b"Client sent an HTTP request to an HTTPS server."), "misconfigured", "begins with https://"),
        (answer(401, b'{"message": "no"}'), "unauthorised", "wants a login (401)"),
        (answer(403, b'{"message": "no"}'), "forbidden", "forbids it (403)"),
        (answer(404, b"{}"), "misconfigured", "no such address (404)"),
        (answer(407, b""), "misconfigured", "proxy"),
        (answer(418, b"{}"), "not_understood", "did not accept the request (418"),
        (answer(429, b"{}", "Retry-After: 7"), "limited", "left alone for 7 s"),
        (answer(500, b'{"message": "disk full"}'), "unreachable", "It says: “disk full”."),
        (answer(502, b"<html><title>Bad gateway</title>"), "unreachable", "502 Bad Gateway"),
        (answer(503, b"", "Retry-After: 60"), "unreachable", "503 Service Unavailable"),
        (answer(200, b"<!doctype html><title>Sign in</title>", kind="text/html"), "not_understood", "(“Sign in”)"),
        (answer(200, b'{"runs": [{"in'), "not_understood", "broke off its answer after 14 bytes"),
        (answer(200, b""), "not_understood", "broke off its answer after 0 bytes"),
        (answer(200, b'{"a": tru'), "not_understood", "broke off"),
        (answer(200, b"{} {}"), "not_understood", "in a form that is not understood"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{\"half\"", "not_understood", "in the middle of its answer"),
        (b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"ha", "not_understood", "in the middle"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "not_understood", "does not speak HTTP"),
        (b"", "unreachable", "hung up without an answer: down, or it wants https://"),
    ],
)  # fmt: skip
async def test_every_fault_has_its_state_and_its_words(raw: bytes, state: str, words: str) -> None:
    async with answering(raw) as server:
        error = await trouble_with(server.url)
    assert error.state == state
    assert words in str(error)
    assert server.url.removeprefix("http://") in str(error)


@pytest.mark.parametrize(
    ("raw", "asked"), [(answer(503), 3), (b"", 3), (answer(500), 1), (answer(401), 1), (answer(429), 1)]
)
async def test_only_a_hiccup_is_tried_again(raw: bytes, asked: int) -> None:
    async with answering(raw) as server:
        await trouble_with(server.url)
    assert len(server.requests) == asked


async def test_a_read_that_goes_well_at_the_second_try_is_no_trouble() -> None:
    async with answering(answer(503), answer(200, b"[1]")) as server:
        http = Http(server.url)
        assert (await http.get("x")).body == b"[1]"
        await http.close()


async def test_a_write_is_never_sent_twice() -> None:
    async with answering(answer(503)) as server:
        http = Http(server.url)
        with pytest.raises(SourceError):
            await http.post("x", b"{}")
        await http.close()
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_so_is_a_change_by_another_method(method: str) -> None:
    async with answering(answer(503)) as server:
        http = Http(server.url)
        with pytest.raises(SourceError):
            await http.act(method, "x", b'{"a": 1}')
        await http.close()
    (sent,) = server.requests
    assert sent.startswith(f"{method} /x ".encode())


async def test_nobody_listening_is_said() -> None:
    async with listening(FaultServer(b"").serve) as url:
        pass
    error = await trouble_with(url)
    assert error.state == "unreachable"
    assert "Nothing listens at 127.0.0.1:" in str(error)


async def test_a_name_without_an_address_is_said() -> None:
    error = await trouble_with("http://no-such-host.invalid:5000")
    assert (error.state, "has no address" in str(error)) == ("unreachable", True)


async def test_a_server_that_takes_its_time_is_left() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with listening(silent) as url:
        error = await trouble_with(url, connection=Connection(read=0.05))
    assert isinstance(error, TooSlowError)
    assert "no whole answer within 0.05 s" in str(error)


async def test_a_server_that_drips_its_answer_is_left_too() -> None:
    async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n")
        try:
            while not reader.at_eof():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with listening(dripping) as url:
        error = await trouble_with(url, connection=Connection(connect=0.1, read=0.1))
    assert isinstance(error, TooSlowError)


async def test_an_answer_above_the_cap_is_not_read_to_its_end() -> None:
    async with answering(answer(200, b" " * 5_000_000)) as server:
        http = Http(server.url)
        with pytest.raises(TooLargeError, match="more than 1 MB"):
            await http.get("x", limit=2**20)
        await http.close()


# --- credentials and redirects ---------------------------------------------------------------------------------


def sent(server: FaultServer) -> list[bytes]:
    return [line for head in server.requests for line in head.split(b"\r\n") if SECRET.encode() in line]


async def test_a_credential_reaches_the_origin_it_is_bound_to() -> None:
    async with answering(answer()) as server:
        http = Http(server.url, credential=Credential.bearer(server.url, SECRET))
        await http.get("x")
        await http.close()
    assert sent(server) == [b"Authorization: Bearer " + SECRET.encode()]


async def test_a_credential_of_another_origin_stays_at_home() -> None:
    async with answering(answer()) as server:
        http = Http(server.url, credential=Credential.bearer("http://127.0.0.1:1", SECRET))
        assert not http.has_login
        await http.get("x")
        await http.close()
    assert sent(server) == []


async def test_a_login_in_the_address_is_used_and_never_shown() -> None:
    async with answering(answer(401, b'{"message": "bad pair ann:' + SECRET.encode() + b'"}')) as server:
        url = server.url.replace("http://", f"http://ann:{SECRET}@")
        http = Http(url)
        with pytest.raises(SourceError) as caught:
            await http.get("x")
        await http.close()
    packed = base64.b64encode(f"ann:{SECRET}".encode())
    assert b"Authorization: Basic " + packed in server.requests[0]
    assert SECRET not in str(caught.value)
    assert "•••" in str(caught.value)
    assert SECRET not in repr(http.__dict__)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_another_server_is_not_followed(status: int) -> None:
    async with answering(answer()) as thief, answering(answer(status, b"", f"Location: {thief.url}/x")) as server:
        error = await trouble_with(server.url, credential=Credential.bearer(server.url, SECRET))
    assert thief.requests == []
    assert error.state == "misconfigured"
    assert "another server" in str(error)


async def test_a_redirect_to_a_login_page_is_said() -> None:
    async with answering(answer(302, b"", "Location: https://sso.acme.example/oauth2/start?rd=x")) as server:
        error = await trouble_with(server.url)
    assert error.state == "unauthorised"
    assert "login page at sso.acme.example" in str(error)


async def test_a_redirect_from_http_to_https_is_explained_not_followed() -> None:
    async with answering(answer(301, b"", "Location: https://127.0.0.1/base/things")) as server:
        error = await trouble_with(server.url + "/base", credential=Credential.bearer(server.url, SECRET))
    assert error.state == "misconfigured"
    assert "write https://127.0.0.1/base in the settings" in str(error)


async def test_a_redirect_on_the_same_origin_is_followed_with_the_credential() -> None:
    async with answering(answer(307, b"", "Location: /elsewhere?a=1"), answer(200, b"[2]")) as server:
        http = Http(server.url, credential=Credential.bearer(server.url, SECRET))
        assert (await http.get("x", {"b": 2})).body == b"[2]"
        await http.close()
    assert server.requests[1].startswith(b"GET /elsewhere?a=1 HTTP/1.1")
    assert len(sent(server)) == 2


async def test_redirects_in_a_circle_end() -> None:
    async with answering(answer(302, b"", "Location: /things")) as server:
        error = await trouble_with(server.url)
    assert "in a circle" in str(error)
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "location", ["http://jenkins.internal:8080/job/train/7/", "https://127.0.0.1/job/train/7/", "/job/train/7/"]
)
async def test_a_redirect_that_says_it_was_done_says_so_wherever_it_points(location: str) -> None:
    async with answering(answer(302, b"", f"Location: {location}")) as server:
        http = Http(server.url, credential=Credential.bearer(server.url, SECRET))
        assert (await http.post("stop", redirect_is_done=True)).status == 302
        await http.close()
    assert len(server.requests) == 1


@pytest.mark.parametrize("is_done", [False, True])
async def test_a_redirect_to_a_login_page_was_not_done(is_done: bool) -> None:
    async with answering(answer(302, b"", "Location: https://sso.acme.example/oauth2/start")) as server:
        http = Http(server.url)
        with pytest.raises(SourceError, match="login page at sso") as caught:
            await http.post("stop", redirect_is_done=is_done)
        await http.close()
    assert caught.value.state == "unauthorised"


async def test_a_redirect_after_an_act_does_not_say_that_nothing_was_sent() -> None:
    async with answering(answer(302, b"", "Location: https://elsewhere.example/")) as server:
        http = Http(server.url)
        with pytest.raises(SourceError, match="whether it was done is not known") as caught:
            await http.post("rerun")
        await http.close()
    assert caught.value.state == "not_understood"


async def test_a_whole_url_of_another_server_is_refused() -> None:
    async with answering(answer()) as server:
        http = Http(server.url)
        with pytest.raises(SourceError, match="points to another server"):
            await http.get("http://127.0.0.1:1/next?page=2")
        await http.close()
    assert server.requests == []


async def test_no_secret_in_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with answering(answer(503)) as server:
        await trouble_with(server.url.replace("http://", f"http://ann:{SECRET}@"))
    assert caplog.records
    assert SECRET not in caplog.text
    assert base64.b64encode(f"ann:{SECRET}".encode()).decode() not in caplog.text


def test_a_credential_does_not_show_itself() -> None:
    held = Credential.basic("https://mlflow.acme", "ann", SECRET)
    assert SECRET not in repr(held)
    assert base64.b64encode(f"ann:{SECRET}".encode()).decode() not in repr(held)


@pytest.mark.parametrize("token", [f"{SECRET}\n second line", f"{SECRET}é", f"{SECRET}\0"])
def test_a_token_that_no_header_can_carry_is_refused_unseen(token: str) -> None:
    with pytest.raises(SourceError) as caught:
        Credential.bearer("https://mlflow.acme", token)
    assert caught.value.state == "misconfigured"
    assert SECRET not in str(caught.value)


def test_the_line_break_behind_a_token_is_not_part_of_it() -> None:
    assert Credential.bearer("https://mlflow.acme", f"{SECRET}\n").value == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://MLflow.acme/x", "https://mlflow.acme:443"),
        ("http://ann:pw@host:5000", "http://host:5000"),
        ("http://[::1]:5000/", "http://[::1]:5000"),
    ],
)
def test_an_origin_is_written_one_way(url: str, same: str) -> None:
    assert origin(url) == same


@pytest.mark.parametrize("url", ["", "mlflow.acme", "ftp://x", "http://", "http://x:notaport", "http://x:99999"])
def test_what_is_no_http_address_has_no_origin(url: str) -> None:
    with pytest.raises(SourceError) as caught:
        origin(url)
    assert caught.value.state == "misconfigured"


def test_what_is_shown_of_a_url_holds_no_login_and_no_query() -> None:
    assert without_login(f"https://ann:{SECRET}@h:1/p?token={SECRET}#x") == "https://h:1/p"


# --- rate limits ------------------------------------------------------------------------------------------------

SERVER_DATE = format_datetime(datetime.datetime.fromtimestamp(NOW / 1000 + 3600, datetime.UTC), usegmt=True)
IN_90_S = format_datetime(datetime.datetime.fromtimestamp(NOW / 1000 + 3690, datetime.UTC), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "30"}, 30_000),
        ({"retry-after": "30", "x-ratelimit-reset": "1"}, 30_000),
        ({"retry-after": IN_90_S, "date": SERVER_DATE}, 90_000),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW // 1000 + 45)}, 45_000),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "20"}, 20_000),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"x-ratelimit-remaining": "4000", "x-ratelimit-reset": str(NOW // 1000 + 3000)}, None),
        ({"retry-after": "99999999"}, 86_400_000),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        ({}, None),
    ],
)
def test_when_to_come_back_is_read_in_each_shape(headers: dict[str, str], wait: int | None) -> None:
    assert retry_at(headers, NOW) == (None if wait is None else NOW + wait)


@pytest.mark.parametrize(
    ("status", "headers", "body", "state"),
    [
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795340100"}, b"{}", "limited"),
        (403, {"retry-after": "60"}, b"{}", "limited"),
        (403, {"gh-limited-by": "search"}, b"{}", "limited"),
        (403, {}, b'{"message": "You have exceeded a secondary rate limit"}', "limited"),
        (429, {}, b"Retry later", "limited"),
        (403, {}, b'{"message": "Resource not accessible by integration"}', "forbidden"),
    ],
)
async def test_a_limit_is_told_from_a_refusal(status: int, headers: dict[str, str], body: bytes, state: str) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, content=body)

    error = await trouble_with("http://api", transport=httpx.MockTransport(respond), clock=lambda: NOW / 1000)
    assert error.state == state
    assert (error.retry_at is not None and error.retry_at > NOW) == (state == "limited")


async def test_while_a_limit_lasts_the_server_is_not_asked() -> None:
    asked: list[str] = []
    clock = [NOW / 1000]

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return (
            httpx.Response(429, headers={"retry-after": "30"}) if len(asked) == 1 else httpx.Response(200, content=b"1")
        )

    http = Http("http://api", transport=httpx.MockTransport(respond), clock=lambda: clock[0])
    for _ in range(3):
        with pytest.raises(SourceError) as caught:
            await http.get("x")
        assert (caught.value.state, caught.value.retry_at) == ("limited", NOW + 30_000)
    assert len(asked) == 1
    clock[0] += 31
    assert (await http.get("x")).body == b"1"
    await http.close()


async def test_the_servers_clock_is_learnt_from_its_date() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"date": SERVER_DATE})

    http = Http("http://api", transport=httpx.MockTransport(respond), clock=lambda: NOW / 1000)
    assert http.skew is None
    await http.get("x")
    await http.close()
    assert http.skew is not None
    assert abs(http.skew - 3_600_000) <= 500
    assert abs(http.server_now() - NOW - 3_600_000) <= 500


async def test_a_refusal_keeps_the_servers_own_code() -> None:
    body = b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run not\\nfound"}'
    transport = httpx.MockTransport(lambda request: httpx.Response(404, content=body))
    error = await trouble_with("http://api", transport=transport)
    assert isinstance(error, AnswerError)
    assert (error.status, error.code, error.reason) == (404, "RESOURCE_DOES_NOT_EXIST", "Run not found")


# --- TLS --------------------------------------------------------------------------------------------------------


class Authority:
    """A certificate for 127.0.0.1 that signs itself, made for one test run."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "quarterdeck tests")])
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.bundle = folder / "ca.pem"
        self.bundle.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        self.both = folder / "both.pem"
        self.both.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))

    def context(self, *, wants_client: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.both)
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.bundle)
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def test_an_unknown_authority_is_refused_and_named(authority: Authority) -> None:
    faults = FaultServer(answer())
    async with listening(faults.serve, authority.context()) as url:
        error = await trouble_with(url)
    assert error.state == "tls"
    assert "self-signed certificate" in str(error)
    assert "ca_bundle" in str(error)
    assert faults.requests == []


async def test_the_teams_own_authority_is_accepted_when_named(authority: Authority) -> None:
    async with listening(FaultServer(answer(200, b"[3]")).serve, authority.context()) as url:
        http = Http(url, connection=Connection(ca_bundle=authority.bundle))
        assert (await http.get("x")).body == b"[3]"
        await http.close()


async def test_a_client_certificate_opens_the_door(authority: Authority) -> None:
    async with listening(FaultServer(answer(200, b"[4]")).serve, authority.context(wants_client=True)) as url:
        known = Connection(ca_bundle=authority.bundle, client_cert=authority.both)
        http = Http(url, connection=known)
        assert (await http.get("x")).body == b"[4]"
        await http.close()
        assert (await trouble_with(url, connection=Connection(ca_bundle=authority.bundle))).state in (
            "tls",
            "unreachable",
        )


async def test_https_to_a_server_without_it_is_explained() -> None:
    async with answering(answer(400)) as server:
        error = await trouble_with(server.url.replace("http://", "https://"))
    assert error.state == "tls"
    assert "begins with http://" in str(error)


async def test_a_certificate_file_that_is_none_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "none.pem"
    empty.write_text("nothing")
    for given in (
        Connection(ca_bundle=empty),
        Connection(client_cert=empty),
        Connection(ca_bundle=tmp_path / "absent"),
    ):
        error = await trouble_with("https://127.0.0.1:1", connection=given)
        assert error.state == "misconfigured"
        assert str(tmp_path) in str(error)


# --- proxies ----------------------------------------------------------------------------------------------------


async def test_the_way_leads_through_the_proxy_that_is_given() -> None:
    async with answering(answer(200, b"[5]")) as proxy:
        http = Http("http://mlflow.acme.example:5000", connection=Connection(proxy=proxy.url))
        assert (await http.get("x")).body == b"[5]"
        await http.close()
    assert proxy.requests[0].startswith(b"GET http://mlflow.acme.example:5000/x HTTP/1.1")


def test_the_environments_proxy_counts_where_no_proxy_does_not() -> None:
    environment = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "localhost, .acme.example"}
    way = Connection(environment=environment)
    assert way.proxy_to("https://elsewhere.example/x") == "http://proxy:3128"
    assert way.proxy_to("https://mlflow.acme.example/x") is None
    assert way.proxy_to("http://elsewhere.example/x") is None
    assert Connection(proxy="", environment=environment).proxy_to("https://elsewhere.example") is None


@pytest.mark.parametrize("scheme", ["gopher", "socks5"])
async def test_a_proxy_that_cannot_be_used_is_refused_without_its_login(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # as where it is not installed
    error = await trouble_with("http://api", connection=Connection(proxy=f"{scheme}://ann:{SECRET}@proxy"))
    assert error.state == "misconfigured"
    assert SECRET not in str(error)


def test_nothing_heavy_is_imported_before_the_first_request() -> None:
    assert "httpx" not in vars(core)
    assert "stamina" not in vars(core)
