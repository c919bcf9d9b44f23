"""Words for checks: how one stands, what it observed against what it expected, what became of its rule. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final

from ..app.records import Check, CheckResult, Millis, SourceState
from ..app.text import cells, clip, one_line, shown
from ..widgets.figures import age, count, moment
from ..widgets.freshness import condition
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .deck import Deck

TOOLS: Final[Mapping[str, str]] = {
    "great_expectations": "gx", "dbt": "dbt", "soda": "soda", "evidently": "evid.", "pointblank": "pb",
    "pandera": "pandera", "junit": "junit",
}  # fmt: skip
"""The tools, as short as people say them."""

STANDINGS: Final = ("fail", "error", "warn", "silent", "pass", "skipped", "removed")
"""How a check can stand, the worst first: what it said last, unless it was removed or should have said more since."""

FLAPS: Final = 4
"""Turns between good and bad in the last 20 results from which on a check is said to flap."""

AT_MOST: Final = "at most "

UNIT: Final = 2
"""Letters that a unit has at the most: `26 h` keeps its own."""

SEVERITY: Final = "severity"
"""The limit that ranks the tool's own word."""

LINE_FEED: Final[Piece] = ("\n", "text")


def tool(name: str) -> str:
    """`great_expectations` -> `gx`; one that nobody knows by its own name."""
    return TOOLS.get(name) or clip(name, 7)


def standing(check: Check, now: Millis) -> str:
    """One of STANDINGS. What fails stays failed while it is silent; what passed and is silent is not green."""
    if check.removed_at is not None:
        return "removed"
    outcome = check.newest.outcome
    if outcome in ("pass", "skipped") and check.silent_since(now) is not None:
        return "silent"
    return outcome


def flaps(check: Check) -> bool:
    """Whether it turns so often between good and bad that a single result says little."""
    return check.flips >= FLAPS


def day(then: Millis | None, now: Millis, zone: tzinfo = UTC) -> str:
    """A date without its time: `18 nov`, `today`; with the year where it is another one."""
    if then is None:
        return ""
    try:
        at, today = datetime.fromtimestamp(then / 1000, zone), datetime.fromtimestamp(now / 1000, zone)
    except (OverflowError, ValueError, OSError):
        return "?"
    if at.date() == today.date():
        return "today"
    word = f"{at.day} {at:%b}".lower()
    return word if at.year == today.year else f"{word} {at.year}"


def ago(then: Millis, now: Millis) -> str:
    """`3 h ago`, `now`."""
    words = age(then, now)
    return words if words in ("now", "ahead") else f"{words} ago"


# -- what it said -------------------------------------------------------------------------------------------------


def against(result: CheckResult, was: str | None = None) -> str:
    """Observed against expected: `3.1 % null, allowed 1 %, was 0 %`; "" where the tool told neither."""
    said = []
    observed = one_line((result.observed or "")[:300])
    is_bare = not observed or observed == str(result.failed_rows)  # a count alone says little beside a share
    if result.failed_rows and is_bare:
        said.append(rows_said(result).replace(" fail", " rows fail"))
        said += [share] if (share := share_said(result)) else []
    elif observed:
        said.append(observed)
    if result.expected:
        expected = one_line(result.expected[:300])
        most = expected.removeprefix(AT_MOST)
        most = _as_share(most) if is_bare and result.failed_rows else most
        said.append(f"allowed {most}" if expected.startswith(AT_MOST) else f"expected {expected}")
    if was and was != result.observed:
        said.append(f"was {_in_short(one_line(was[:200]), observed)}")
    return ", ".join(said)


def _as_share(most: str) -> str:
    """`0.01` beside failed rows is `1 %`: there is no part of a row."""
    try:
        value = float(most)
    except ValueError:
        return most
    return f"{100 * value:.3g} %" if 0 < value < 1 else most


def _in_short(text: str, like: str) -> str:
    """`0 % null` beside `3.1 % null` is `0 %`: the words at their ends are the same and need not be said twice."""
    words, others = text.split(" "), like.split(" ")
    while len(words) > 1 and words[-1] == others[-1] and words[-1].isalpha() and len(words[-1]) > UNIT:
        words, others = words[:-1], others[:-1] if len(others) > 1 else [""]
    return " ".join(words)


def rows_said(result: CheckResult) -> str:
    """`31 of 1 000 fail`; "" where nobody counted."""
    if result.failed_rows is None:
        return ""
    of = f" of {count(result.total_rows)}" if result.total_rows is not None else ""
    return f"{count(result.failed_rows)}{of} fail"


def share_said(result: CheckResult) -> str:
    """`3.1 %` of the rows fail; "" where nobody counted."""
    share = result.failing_share
    return f"{100 * share:.3g} %" if share is not None else ""


_MEANS: Final[Mapping[str, str]] = {
    "not_null": "{} is never empty", "null": "{} is always empty", "unique": "no {} occurs twice",
    "accepted_values": "{} is one of the accepted values", "rejected_values": "{} is none of the rejected values",
    "between": "{} lies between its limits", "at_least": "{} is no less than its limit",
    "at_most": "{} is no more than its limit", "greater_than": "{} is more than its limit",
    "less_than": "{} is less than its limit", "equal_to": "{} is what it should be",
    "not_equal_to": "{} is not what it must not be", "match_regex": "{} is written as the pattern says",
    "of_type": "{} is of its type", "exists": "there is a column {}",
    "relationships": "each {} is found where it refers to", "row_count": "there are as many rows as expected",
    "column_count": "there are as many columns as expected", "columns_match": "the columns are the expected ones",
    "freshness": "the newest data is young enough",
}  # fmt: skip
"""What the common names of checks assert, {} for the column."""


def in_words(check: Check) -> str:
    """`customer_id is never empty`; "" where the name is no common one: then it has to speak for itself."""
    kind, _, columns = check.name.partition("(")
    means = _MEANS.get(kind)
    if means is None:
        return ""
    return means.format(shown(columns.removesuffix(")")) or shown(check.column) or "the column")


def said(check: Check, now: Millis, zone: tzinfo = UTC, was: str | None = None) -> str:
    """What a row says of a check, the most pressing first."""
    newest = check.newest
    stands = standing(check, now)
    if stands == "removed":
        return f"no longer in its suite since {day(check.removed_at, now, zone)}"
    if stands == "silent":
        return f"{silence(check, now)}, last {glyph(newest.outcome)} {day(check.checked_at, now, zone)}"
    if stands == "error":
        text = f"could not run: {one_line(newest.message[:300])}" if newest.message else "could not run"
    elif stands == "skipped":
        text = f"skipped: {one_line(newest.message[:300])}" if newest.message else "skipped"
    else:
        text = against(newest, was) or (one_line(newest.message[:300]) if stands != "pass" else "")
    turns = f"flaps: {check.flips} turns in its last 20" if flaps(check) else ""
    first = (turns, text) if stands == "pass" else (text, turns)  # what it says now, unless that is likely to turn
    return ", ".join(part for part in (*first, silence(check, now)) if part)


def silence(check: Check, now: Millis) -> str:
    """`silent 4 d`: since when it should have spoken, as the Watch counts; "" while it need not."""
    due = check.silent_since(now)
    return f"silent {age(due, now)}" if due is not None else ""


def limit_said(value: float) -> str:
    """A number of a rule as somebody wrote it."""
    return f"{value:.10g}"


def moved(before: CheckResult, now: CheckResult) -> str:
    """`mostly 0.999 → 0.97, severity critical → warning`; "" where no number of the rule and no word differ."""
    were = {limit.name: limit.value for limit in before.limits}
    made = [
        f"{clip(limit.name, 24)} {limit_said(were[limit.name])} → {limit_said(limit.value)}"
        for limit in now.limits
        if limit.name != SEVERITY and limit.name in were and were[limit.name] != limit.value
    ]
    if before.severity != now.severity:
        made.append(f"{SEVERITY} {clip(before.severity or 'none', 16)} → {clip(now.severity or 'none', 16)}")
    return ", ".join(made)


def rule_said(check: Check, now: Millis, zone: tzinfo = UTC, author: str = "") -> str:
    """`rule loosened 18 nov, 4f2c91a bo`; "" where no other rule was ever seen."""
    if check.rule_change is None:
        return ""
    by = " ".join(part for part in (shown((check.rule_changed_commit or "")[:7]), clip(author, 14)) if part)
    return f"rule {check.rule_change} {day(check.rule_changed_at, now, zone)}" + (f", {by}" if by else "")


def since_said(check: Check, now: Millis, zone: tzinfo = UTC) -> str:
    """`fails since 20 nov 02:10 (1 d), passed last 19 nov 02:10`; "" where it does not fail."""
    if check.first_failed_at is None:
        return ""
    verb = "could not run" if check.newest.outcome == "error" else "fails"
    text = f"{verb} since {moment(check.first_failed_at, now, zone)} ({age(check.first_failed_at, now)})"
    if check.last_passed_at is None:
        return f"{text}, never passed as far as the cache goes back"
    return f"{text}, passed last {moment(check.last_passed_at, now, zone)}"


# -- all of them ---------------------------------------------------------------------------------------------------


def standing_pieces(counts: Mapping[str, int], silent: int, *, in_short: bool) -> list[Piece]:
    """`✖ 2  ▲ 1  ! 1 could not run  · 38 silent`; where all is well `● 212 pass`. Zero results is never green."""
    words = {"fail": "", "warn": "", "error": " could not run"}
    made: list[Piece] = []
    for stands, word in words.items():
        if number := counts.get(stands, 0):
            made.append((f"   {glyph(stands)} {count(number)}{'' if in_short else word}", sign(stands).role))
    if silent:
        made.append((f"   {glyph('silent')} {count(silent)} silent", "dim"))
    if not made and (passed := counts.get("pass", 0)):
        made.append((f"   {glyph('pass')} {count(passed)} pass", "good"))
    return made


# -- where there is none ------------------------------------------------------------------------------------------


def check_states(states: Sequence[SourceState]) -> list[SourceState]:
    """The sources of checks."""
    return [state for state in states if state.kind == "checks"]


def empty_words(deck: Deck, filter_text: str) -> list[Piece]:
    """What stands in a list without a row: what is so, and what to do next."""
    if filter_text:
        return [(f"no check is like {clip(filter_text, 80)}", "text"), LINE_FEED, LINE_FEED,
                ("Esc takes the filter away   / changes it", "dim")]  # fmt: skip
    states = check_states(deck.states)
    if not states:
        return _how_to_begin()
    troubled = [state for state in states if condition(state, deck.now()) not in ("ok", "never", "stale")]
    if troubled:
        worst = troubled[0]
        return [(f"{glyph(worst.state)} {shown(worst.name)}: {clip(worst.sentence or worst.state, 300)}", "warn"),
                LINE_FEED, LINE_FEED, (":sources tells more   r asks again", "dim")]  # fmt: skip
    if all(state.last_ok_at is None for state in states):
        return [("the results of checks are being read …", "text")]
    names = ", ".join(clip(state.name, 20) for state in states[:4])
    return [(f"{glyph('missing')} {names}: no result was found, so nothing is known to be well", "text"), LINE_FEED,
            LINE_FEED, ("`quarterdeck check run` runs what makes them   r looks again", "dim")]  # fmt: skip


def _how_to_begin() -> list[Piece]:
    written = (
        "[[checks]]",
        'kind = "great_expectations"',
        'paths = ["gx/uncommitted/validations/**/*.json"]',
        'environment = "prod"',
    )
    wide = max(cells(line) for line in written)
    lines = [piece for line in written for piece in ((line.ljust(wide), "accent"), LINE_FEED)]
    return [
        ("no data checks: say in quarterdeck.toml where their results are", "text"), LINE_FEED, LINE_FEED, *lines,
        LINE_FEED, ("or dbt, soda, evidently, pointblank, pandera, junit", "dim"), LINE_FEED,
        ("`quarterdeck init` writes what it finds", "dim"),
    ]  # fmt: skip
