"""A GitLab that remembers. Each request of each test is held against the published API."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import stamina

from tests.servers.gitlab import Gitlab
from tests.servers.loopback import Loopback, serving

from .published import PUBLISHED, Published


@pytest.fixture(autouse=True)
def _retries_do_not_wait() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
def gitlab() -> Gitlab:
    return Gitlab()


@pytest.fixture
def server(gitlab: Gitlab) -> Iterator[Loopback]:
    with serving(gitlab.answer) as listening:
        yield listening
    if PUBLISHED.is_file():
        published = Published(json.loads(PUBLISHED.read_text()))
        for asked in listening.asked:
            published.check(asked)
