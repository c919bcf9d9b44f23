"""`quarterdeck doctor` says of each webhook whether it can be reached, and tells the chat nothing."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from quarterdeck.app.paths import config_dir
from tests.app.sources.test_http import Authority

Call = Callable[..., Any]
SECRET = "T0123/B4567/do-not-show"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


class Chat:
    """Takes connections, and keeps what is said on them."""

    def __init__(self, context: ssl.SSLContext | None = None, proxied: bytes = b"") -> None:
        self.heard: list[bytes] = []
        self._context, self._proxied = context, proxied
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                taken, _ = self._socket.accept()
                if self._proxied:
                    self.heard.append(taken.recv(4096))
                    taken.sendall(self._proxied)
                with self._context.wrap_socket(taken, server_side=True) if self._context else taken as open_one:
                    self.heard.append(open_one.recv(4096))
            except ssl.SSLError:
                continue  # whoever came does not trust us
            except OSError:
                return

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def chat(authority: Authority) -> Iterator[Chat]:
    made = Chat(authority.context())
    yield made
    made.close()


@pytest.fixture
def webhooks(call: Call, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, str]]]:
    """What doctor finds of the webhooks of these variables; None: it is not set."""

    def found(more: str = "", **variables: str | None) -> list[dict[str, str]]:
        written = "".join(f'[[webhooks]]\nurl_env = "{name}"\n' for name in variables)
        config_dir().mkdir(parents=True, exist_ok=True)
        (config_dir() / "config.toml").write_text(written + more)
        for name, value in variables.items():
            monkeypatch.setenv(name, value) if value is not None else monkeypatch.delenv(name, raising=False)
        said = call("doctor", "--json")
        assert "do-not-show" not in said.out + said.err + call("doctor").out
        return [finding for finding in said.json if finding["check"] == "webhook"]

    return found


def trusted(authority: Authority) -> str:
    return f'[hosts."127.0.0.1"]\nca_bundle = "{authority.bundle}"\n'


def test_one_that_can_be_reached_is_said_so_and_is_told_nothing(
    webhooks: Any, chat: Chat, authority: Authority
) -> None:
    (found,) = webhooks(trusted(authority), CHAT_URL=f"https://{chat.host}/{SECRET}")
    assert (found["state"], found["mend"]) == ("ok", "")
    assert found["sentence"] == f"$CHAT_URL is set, and {chat.host} can be reached. Nothing was sent there."
    assert set(chat.heard) <= {b""}


def test_one_that_is_not_set_is_a_warning_that_says_where_a_syncer_finds_it(webhooks: Any) -> None:
    (found,) = webhooks(CHAT_URL=None)
    assert found["state"] == "warn"
    assert found["sentence"] == "$CHAT_URL is not set in the environment: nothing is told there."
    assert str(config_dir() / "environment") in found["mend"]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (f"http://hooks.example/{SECRET}", "$CHAT_URL holds an address without https: nothing is told there."),
        (SECRET, "$CHAT_URL holds no https address: nothing is told there."),
        (f"https://[::1/{SECRET}", "$CHAT_URL holds no address: nothing is told there."),
    ],
)
def test_one_that_holds_no_https_address_fails(webhooks: Any, value: str, sentence: str) -> None:
    (found,) = webhooks(CHAT_URL=value)
    assert (found["state"], found["sentence"]) == ("fail", sentence)


def test_one_whose_certificate_nobody_knows_fails_and_says_what_to_do(webhooks: Any, chat: Chat) -> None:
    (found,) = webhooks(CHAT_URL=f"https://{chat.host}/{SECRET}")
    assert found["state"] == "fail"
    assert "its certificate is not trusted" in found["sentence"]
    assert "ca_bundle" in found["mend"]


def test_one_whose_host_is_away_fails_beside_one_that_is_there(webhooks: Any, unused_tcp_port: int) -> None:
    plain = Chat()
    away, there = webhooks(
        AWAY_URL=f"https://ann:do-not-show@127.0.0.1:{unused_tcp_port}/{SECRET}",
        HERE_URL=f"http://{plain.host}/{SECRET}",
    )
    plain.close()
    assert away["state"] == "fail"
    assert f"$AWAY_URL: 127.0.0.1:{unused_tcp_port} cannot be reached: Connection refused." in away["sentence"]
    assert there["state"] == "ok"


def test_it_is_reached_through_the_proxy_that_is_meant_for_it(
    webhooks: Any, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Chat(authority.context(), b"HTTP/1.1 200 Connection established\r\n\r\n")
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.host}")
    (found,) = webhooks(trusted(authority), CHAT_URL=f"https://127.0.0.1:9/{SECRET}")
    proxy.close()
    assert found["state"] == "ok", found
    assert proxy.heard[0].startswith(b"CONNECT 127.0.0.1:9 ")
    assert not any(b"POST" in one or b"do-not-show" in one for one in proxy.heard)


def test_where_there_is_no_webhook_nothing_is_said_of_any(webhooks: Any) -> None:
    assert webhooks() == []
