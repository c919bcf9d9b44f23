"""What can be copied of events."""

from __future__ import annotations

import json
from typing import Any

from quarterdeck.app.event_copies import event_copies
from quarterdeck.app.records import Event, EventRef

AT = 1_773_000_000_000


def event(**changes: Any) -> Event:
    facts: dict[str, Any] = {
        "id": "e" * 16, "at": AT, "not_before": AT - 60_000, "kind": "alias moved", "title": "champion 13 → 14",
        "actor": "bo", "strength": "claimed", "source": "r" * 16,
        "refs": (EventRef(subject="alias/churn@champion", role="alias"),),
    }  # fmt: skip
    return Event(**(facts | changes))


def test_an_event_is_copied_as_a_line_for_the_account_of_an_incident() -> None:
    found = {copy.label: copy.text for copy in event_copies([event()], {"r" * 16: "models"})}
    assert list(found) == ["subject", "id", "command", "Markdown", "JSON"]
    assert found["Markdown"] == (
        "- 2026-03-08T19:59:00Z to 2026-03-08T20:00:00Z alias moved: `champion 13 → 14`, `bo` (claimed)"
        " `alias/churn@champion`\n"
    )
    assert json.loads(found["JSON"])["source"] == "models"


def test_one_that_speaks_of_nothing_has_no_subject_to_copy() -> None:
    found = {copy.label: copy.text for copy in event_copies([event(refs=(), actor=None, strength=None)])}
    assert "subject" not in found
    assert found["command"] == f"quarterdeck open event/{'e' * 16}"
    assert not event_copies([])
