"""A lineage of the small world, as the one of SCREENS is sketched: a champion and all that it came from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from quarterdeck.app.lineage.tree import UNKNOWN, Lineage, Link, Node

NOW = int(datetime(2026, 3, 14, 3, 7, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000
RUN, COMMIT, DATA = "run/9f", "commit/4f2c91a", "dataset/orders@77ab"
CHAMPION = "alias/churn@champion"


def link(kind: str, by: str = "id", known: bool = True) -> Link:
    return Link(from_="", to="", kind=kind, by=by, known=known)  # type: ignore[arg-type]  # one of the words


def node(kind: str, title: str, *words: str, subject: str | None = None, **facts: Any) -> Node:
    named = f"{kind}/{title}" if subject is None else subject
    return Node(kind=kind, title=title, words=words, subject=named, **facts)


def check(name: str, state: str = "pass", **facts: Any) -> Node:
    return node("check", name, "gx", state=state, link=link("checked"), **facts)


def champion(**changes: Any) -> Lineage:
    """churn@champion: its run, of a commit with one pipeline, on data of which a check fails."""
    commit = node(
        "commit", "4f2c91a", "“relax null check”", "bo", subject=COMMIT, link=link("ran"),
        asides=(node("pipeline", "ci", "3 jobs", state="passed", link=link("ran")),),
        children=(node("tree", "tree state unknown", subject=UNKNOWN, link=link("ran", known=False)),),
    )  # fmt: skip
    checks = (
        check("not_null(customer_id)", "fail", since=NOW - 10 * HOUR - 19 * 60_000),
        check("unique(order_id)"), check("freshness"),
    )  # fmt: skip
    data = node(
        "data", "orders@77ab", "training", subject=DATA, link=link("used", "digest"), asides=checks,
        children=(node("stage", "prepare", "← raw/orders.csv 36973f5", subject="", link=link("wrote")),),
    )  # fmt: skip
    params = node("params", "12", "2 differ from v13", subject="")
    run = node(
        "run", "brave-cod-214", "bo", subject=RUN, state="finished", at=NOW - 9 * HOUR,
        link=link("registered"), children=(commit, data, params),
    )  # fmt: skip
    serving = node("serving", "churn", "p95 111 ms", subject=UNKNOWN, link=link("served", known=False))
    facts: dict[str, Any] = {
        "subject": CHAMPION,
        "root": node("alias", "churn@champion", "v14", subject=CHAMPION),
        "upstream": (run,), "downstream": (serving,), "failing": ("check/not_null(customer_id)",),
    }  # fmt: skip
    return Lineage(**(facts | changes))


def data_with_many_runs() -> Lineage:
    """orders@77ab: 100 000 runs, of which 12 are listed, and the champion that is at risk."""
    runs = tuple(
        node("run", f"run-{number}", "ann", subject=f"run/{number:032x}", at=NOW - number * HOUR,
             link=link("used", "name" if number == 3 else "digest"), state="running" if number == 0 else "finished",
             children=(node("version", "churn v14", link=link("registered"), subject="model/churn/14", children=(
                 node("alias", "churn@champion", link=link("shown"), subject=CHAMPION),)),) if number == 1 else ())
        for number in range(12)
    )  # fmt: skip
    checks = (check("not_null(customer_id)", "fail", since=NOW - 10 * HOUR), *(check(f"check {n}") for n in range(9)))
    return Lineage(
        subject=DATA, root=node("data", "orders@77ab", subject=DATA, asides=checks, asides_more=36),
        failing=("check/not_null(customer_id)",), downstream=runs, more=99_988, more_of="runs",
        at_risk=(CHAMPION,), running=1,
    )  # fmt: skip
