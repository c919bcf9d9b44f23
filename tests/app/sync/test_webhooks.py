"""Webhooks against a chat on loopback that misbehaves: said once, whatever happens, and the address to nobody."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import Attention, Note
from quarterdeck.app.settings import load
from quarterdeck.app.store.state import State
from quarterdeck.app.sync import webhooks
from quarterdeck.app.sync.log import LOGGER
from quarterdeck.app.sync.webhooks import Teller, teller
from tests.app.sync.conftest import wait_for
from tests.servers.chat import Chat

SECRET = "T0P/S3CR3T/" + "k" * 24
AT = 1_772_853_120_000


@pytest.fixture
def chat() -> Iterator[Chat]:
    made = Chat()
    yield made
    made.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state.db"
    State(path).close()
    return path


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    """What is written into the log."""
    monkeypatch.setattr(LOGGER, "propagate", True)
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(webhooks, "PATIENCE", 1.0)
    monkeypatch.setattr(webhooks, "RESTS", 0.0)


@pytest.fixture
def make(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Teller]]:
    """A syncer's teller, as from a start of it."""
    made: list[Teller] = []

    def start(url: str) -> Teller:
        found = tell_to(tmp_path, state, url, monkeypatch)
        assert found is not None
        made.append(found)
        return found

    yield start
    for one in made:
        one.close()


def tell_to(folder: Path, state: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Teller | None:
    config = Path(os.environ["XDG_CONFIG_HOME"]) / "quarterdeck"
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.toml").write_text('[[webhooks]]\nurl_env = "CHAT_URL"\n')
    monkeypatch.setenv("CHAT_URL", url)
    project = folder / "churn"
    project.mkdir(exist_ok=True)
    return teller(load(directory=project), state)


def attention(number: int = 1, **more: Any) -> Attention:
    fields: dict[str, Any] = {
        "id": f"{number:016x}", "subject": "series/p", "severity": "high", "since": AT, "title": f"thing {number}",
        "state": "high: threshold",
    } | more  # fmt: skip
    return Attention(**fields)


def test_it_is_said_once_to_the_address_of_the_environment(chat: Chat, make: Callable[..., Teller]) -> None:
    tell = make(f"{chat.url}/services/{SECRET}?x=1")
    for _ in range(3):
        tell([(attention(), None)])
    tell([(attention(), None), (attention(2), None)])
    wait_for(lambda: any("thing 2" in text for text in chat.taken))
    assert {path for path, _ in chat.asked} == {f"/services/{SECRET}?x=1"}
    assert sum(text.count("thing 1") for text in chat.taken) == 1


def test_a_syncer_that_starts_again_says_it_not_again(chat: Chat, make: Callable[..., Teller]) -> None:
    first = make(f"{chat.url}/{SECRET}")
    first([(attention(), None)])
    wait_for(lambda: chat.taken)
    first.close()
    second = make(f"{chat.url}/{SECRET}")
    second([(attention(), None)])
    second([(attention(2), None)])
    wait_for(lambda: len(chat.taken) == 2)
    assert [text.count("thing 1") for text in chat.taken] == [1, 0]


@pytest.mark.parametrize(
    "now",
    [
        attention(since=AT + 1),
        attention(severity="critical"),
        attention(acked_before=Note(id="a", at=1, kind="ack", subject="x"), state="high: threshold, drift"),
    ],
    ids=["began anew", "graver", "came back"],
)
def test_it_is_said_again_when_it_is_another_matter(chat: Chat, make: Callable[..., Teller], now: Attention) -> None:
    tell = make(f"{chat.url}/{SECRET}")
    tell([(attention(), None)])
    wait_for(lambda: chat.taken)
    for _ in range(2):
        tell([(now, None)])
        wait_for(lambda: len(chat.taken) == 2)
    tell([(attention(9), None)])
    wait_for(lambda: any("thing 9" in text for text in chat.taken))
    assert len(chat.taken) == 3


def test_what_comes_and_goes_is_said_once_in_a_while_and_at_once_when_it_is_graver(
    chat: Chat, make: Callable[..., Teller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "RESTS", 900.0)
    tell = make(f"{chat.url}/{SECRET}")
    tell([(attention(), None)])
    wait_for(lambda: chat.taken)
    for minute in range(5):
        tell([(attention(since=AT + 60_000 * minute), None)])
    tell([(attention(2), None)])
    wait_for(lambda: any("thing 2" in text for text in chat.taken))
    assert sum(text.count("thing 1") for text in chat.taken) == 1
    tell([(attention(since=AT + 300_000, severity="critical"), None)])
    wait_for(lambda: any("critical: thing 1" in text for text in chat.taken))
    monkeypatch.setattr(webhooks, "RESTS", 0.0)
    tell([(attention(since=AT + 360_000), None)])
    wait_for(lambda: sum(text.count("thing 1") for text in chat.taken) == 3)


def test_what_gets_better_is_not_news(chat: Chat, make: Callable[..., Teller]) -> None:
    tell = make(f"{chat.url}/{SECRET}")
    tell([(attention(severity="critical"), None)])
    wait_for(lambda: chat.taken)
    tell([(attention(severity="medium"), None)])
    tell([(attention(2), None)])
    wait_for(lambda: any("thing 2" in text for text in chat.taken))
    assert sum("thing 1" in text for text in chat.taken) == 1


def test_what_somebody_has_is_not_said(chat: Chat, make: Callable[..., Teller]) -> None:
    tell = make(f"{chat.url}/{SECRET}")
    tell([(attention(1, ack=Note(id="a", at=1, kind="ack", subject="x")), None)])
    tell([(attention(2), None)])
    wait_for(lambda: chat.taken)
    assert "thing 1" not in chat.taken[0]


@pytest.mark.parametrize(
    "answers",
    [
        [(429, {"Retry-After": "1"})], [(500, {})], [(502, {}), (503, {"Retry-After": "0"})], [(0, {})],
        [(429, {}), (500, {}), (0, {})][1:],
    ],
    ids=["limited", "failed", "gateway", "silent", "failed and silent"],
)  # fmt: skip
def test_a_chat_that_is_in_trouble_hears_it_later(
    chat: Chat, make: Callable[..., Teller], answers: list[tuple[int, dict[str, str]]],
    told: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    chat.answers = list(answers)
    make(f"{chat.url}/services/{SECRET}")([(attention(), None)])
    wait_for(lambda: chat.taken)
    assert len(chat.asked) == len(answers) + 1
    assert SECRET not in told.text
    assert "CHAT_URL" in told.text


def test_what_the_chat_asks_for_is_waited_for(chat: Chat, make: Callable[..., Teller]) -> None:
    chat.answers = [(429, {"Retry-After": "3600"})]
    tell = make(f"{chat.url}/{SECRET}")
    tell([(attention(), None)])
    wait_for(lambda: chat.asked)
    tell.close()
    assert len(chat.asked) == 1
    make(f"{chat.url}/{SECRET}")([(attention(), None)])  # what was not said by then is said by the next
    wait_for(lambda: chat.taken)


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_chat_that_will_not_have_it_is_asked_once_and_the_next_start_tries_again(
    chat: Chat, make: Callable[..., Teller], status: int, told: pytest.LogCaptureFixture
) -> None:
    chat.answers = [(status, {})]
    tell = make(f"{chat.url}/{SECRET}")
    tell([(attention(), None)])
    wait_for(lambda: "does not take it" in told.text)
    tell([(attention(), None)])
    tell([(attention(2), None)])
    wait_for(lambda: chat.taken)
    assert "thing 1" not in chat.taken[0]
    assert SECRET not in told.text
    make(f"{chat.url}/{SECRET}")([(attention(), None)])
    wait_for(lambda: any("thing 1" in text for text in chat.taken))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_not_followed(
    chat: Chat, make: Callable[..., Teller], status: int, told: pytest.LogCaptureFixture
) -> None:
    other = Chat()
    with closing(other):
        chat.answers = [(status, {"Location": f"{other.url.replace('127.0.0.1', 'localhost')}/{SECRET}"})]
        tell = make(f"{chat.url}/{SECRET}")
        tell([(attention(), None)])
        wait_for(lambda: "webhook $CHAT_URL" in told.text)
        tell.close()
        assert other.asked == []
    assert SECRET not in told.text


def test_a_chat_that_is_away_holds_up_nobody(make: Callable[..., Teller], told: pytest.LogCaptureFixture) -> None:
    tell = make(f"http://127.0.0.1:9/{SECRET}")
    tell([(attention(), None)])
    wait_for(lambda: "Nothing listens" in told.text)
    tell.close()
    assert SECRET not in told.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://chat.example/hook",
        "ftp://chat.example/x",
        "chat.example/x",
        "https://",
        "http://127.0.0.1:x/",
        "http://[::1",
    ],
)
def test_an_address_that_is_none_or_not_safe_is_said_by_the_name_of_its_variable(
    tmp_path: Path, state: Path, url: str, monkeypatch: pytest.MonkeyPatch, told: pytest.LogCaptureFixture
) -> None:
    assert tell_to(tmp_path, state, url, monkeypatch) is None
    assert "webhook $CHAT_URL" in told.text
    assert not url or url not in told.text


def test_nothing_says_the_address(chat: Chat, make: Callable[..., Teller], state: Path) -> None:
    tell = make(f"{chat.url}/{SECRET}")
    tell([(attention(), None)])
    wait_for(lambda: chat.taken)
    tell.close()
    assert SECRET not in repr(vars(tell)) + repr(tell._lines[0]._hook)
    assert SECRET.encode() not in state.read_bytes()


def _say(folder: Path, state: Path, url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        tell = tell_to(folder, state, url, patch)
        assert tell is not None
        tell([(attention(number), None) for number in range(5)])
        wait_for(lambda: len(tell._lines[0]._said) == 5)
        tell.close()


def test_of_several_syncers_one_says_it(chat: Chat, tmp_path: Path, state: Path) -> None:
    context = multiprocessing.get_context("fork")
    syncers = [context.Process(target=_say, args=(tmp_path, state, f"{chat.url}/{SECRET}")) for _ in range(4)]
    for one in syncers:
        one.start()
    for one in syncers:
        one.join(60)
        assert one.exitcode == 0
    assert len(chat.taken) == 1
