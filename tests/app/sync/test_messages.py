"""What a chat is sent: foreign words may call nobody, link nowhere and look like nothing but words."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.records import Attention, Changes, Note, Suspect, WayBack
from quarterdeck.app.sync.messages import MOST, Place, message, tame

AT = 1_772_853_120_000  # 7 March 2026, 03:12 UTC
PLACE = Place("churn", "prod")


def attention(number: int = 1, **more: Any) -> Attention:
    fields: dict[str, Any] = {
        "id": f"{number:016x}", "subject": "series/p", "severity": "critical", "since": AT,
        "title": "churn@champion v14  precision 0.71, floor 0.78", "state": "critical: threshold",
    } | more  # fmt: skip
    return Attention(**fields)


def test_a_message_says_what_where_since_when_by_what_and_how_to_look() -> None:
    changes = Changes(
        subject="series/p", since=0, until=AT,
        suspects=(Suspect(
            subject="model/churn/14", strength="strong", score=0.9, kind="promotion", title="churn v14 promoted", at=AT
        ),),
        way_back=WayBack(model="churn", alias="champion", version="13", figures=("precision 0.82",)),
    )  # fmt: skip
    made = message([(attention(reason="label delay 2 d", owner="ann"), changes)], PLACE)
    assert made["text"].splitlines() == [
        "churn (prod): 1 thing needs attention",
        "🔴 critical: churn@champion v14  precision 0.71, floor 0.78 · since 7 Mar 03:12 UTC, ann's",
        "label delay 2 d",
        "• strong: churn v14 promoted (7 Mar 03:12 UTC)",
        "way back: churn＠champion to v13 (precision 0.82)",
        "`quarterdeck open attention/0000000000000001`",
    ]
    assert [block["type"] for block in made["blocks"]] == ["section", "section"]
    assert all(block["text"]["verbatim"] for block in made["blocks"])
    assert made["unfurl_links"] is made["unfurl_media"] is made["link_names"] is False


def test_times_are_in_the_zone_of_who_set_it_up() -> None:
    made = message([(attention(), None)], PLACE._replace(zone=ZoneInfo("Europe/Berlin")))
    assert "since 7 Mar 04:12 CET" in made["text"]


def test_what_came_back_says_so() -> None:
    ack = Note(id="x", at=1, kind="ack", subject="attention/1")
    assert "came back, since" in message([(attention(acked_before=ack), None)], PLACE)["text"]


def test_many_are_one_message_and_the_rest_is_counted() -> None:
    made = message([(attention(number), None) for number in range(43)], PLACE)
    assert made["text"].startswith("churn (prod): 43 things need attention")
    assert made["text"].endswith(f"and {43 - MOST} more: quarterdeck")
    assert len(made["blocks"]) == MOST + 2


def test_foreign_words_call_nobody_and_link_nowhere() -> None:
    evil = "<!channel> <@U1> @channel @here &lt; ![x](http://evil.example/p.png) [a]: https://evil.example\n*x* \x1b[0m"
    text = json.dumps(message([(attention(title=evil, reason=evil, owner=evil), None)], PLACE), ensure_ascii=False)
    for word in ("<!", "<@", " @", "://", "](", "![", "\\n\\n", "\x1b", "]:"):
        assert word not in text.replace("＠", ""), word
    assert "&lt;!channel&gt;" in text
    assert "&amp;lt;" in text


@given(st.text(), st.integers(1, 300))
def test_whatever_the_words_are_they_stay_words(exact: str, most: int) -> None:
    made = tame(exact, most)
    assert not any(sign in made for sign in "<>\n\r\x1b\u202e")
    assert "://" not in made
    assert "](" not in made
    assert not any(made[at - 1 : at].isspace() or at == 0 for at, sign in enumerate(made) if sign == "@")


def test_a_time_of_somebodys_own_making_is_no_reason_to_be_silent() -> None:
    assert "since some time" in message([(attention(since=2**62), None)], PLACE)["text"]
