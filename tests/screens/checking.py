"""A small world of data checks for the tests of their screens: three datasets, several tools, eleven days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from quarterdeck.app.records import Batch, CheckResult, Invocation, Limit, SourceSpec, SourceState

NOW = int(datetime(2026, 3, 14, 3, 7, tzinfo=UTC).timestamp() * 1000)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
GX = SourceSpec(key="d" * 16, kind="checks", name="gx", address="gx/uncommitted/validations")
DBT = SourceSpec(key="e" * 16, kind="checks", name="dbt", address="target")
MIDNIGHT = NOW - 3 * HOUR - 7 * MINUTE
SHAS = [f"{index:x}f2c91a{index:033x}" for index in range(1, 9)]
DAYS = 11


def result(name: str, outcome: str = "pass", **changes: Any) -> CheckResult:
    """What a check said; the column is what stands in the brackets of its name."""
    column = name.partition("(")[2].rstrip(")")
    facts: dict[str, Any] = {
        "name": name, "dataset": "orders", "column": column, "outcome": outcome, "definition": f"{name} as ever",
    }  # fmt: skip
    return CheckResult(**(facts | changes))


def nulls(days_ago: int) -> CheckResult:
    """not_null(customer_id): well until the rule was loosened four days ago, warns once, fails since two days."""
    share = {3: 0.008, 2: 0.0, 1: 0.021, 0: 0.031}.get(days_ago, 0.0)
    mostly = 0.99 if days_ago <= 3 else 0.999
    outcome = {3: "warn", 1: "fail", 0: "fail"}.get(days_ago, "pass")
    return result(
        "not_null(customer_id)", outcome, definition=f"not_null customer_id mostly={mostly}",
        limits=(Limit(name="mostly", value=mostly, strict="higher"),), observed=f"{100 * share:.3g} % null",
        expected=f"at most {100 - 100 * mostly:.3g} %", failed_rows=int(share * 41_000), total_rows=41_000,
    )  # fmt: skip


def of_orders(days_ago: int) -> list[CheckResult]:
    """The suite of orders: one check is not in it any more since five days, and speaks no word since."""
    made = [nulls(days_ago)]
    made += [result(f"between({column})", observed="0 to 812", expected="between 0 and 1000") for column in "abcdefgh"]
    plan = "error" if days_ago < 2 else "pass"
    made.append(result("accepted_values(plan)", plan, message='column "plan" is not there' if plan == "error" else ""))
    flapping = "fail" if days_ago % 2 else "pass"
    made.append(result("row_count", flapping, observed=f"{40 - days_ago} 112", expected="between 40000 and 42000"))
    return made


def gx(days_ago: int, results: Sequence[CheckResult], **changes: Any) -> Invocation:
    """A run of Great Expectations over the data of a day, checked two hours after its end."""
    begins = MIDNIGHT - (days_ago + 1) * DAY
    day = datetime.fromtimestamp(begins / 1000, UTC)
    facts: dict[str, Any] = {
        "source": GX.key, "id": f"gx-{days_ago}", "tool": "great_expectations", "suite": "orders_suite",
        "environment": "prod", "at": begins + DAY + 2 * HOUR, "interval": f"{day:%Y-%m-%d}", "interval_at": begins,
        "origin": f"gx/uncommitted/validations/{day:%Y%m%d}.json", "commit": SHAS[0 if days_ago < 4 else 3],
        "is_whole": True, "results": tuple(results), "dataset_digest": "77ab01" if days_ago % 2 == 0 else "51c2ee",
        "run_id": f"{days_ago:032x}",
    }  # fmt: skip
    return Invocation(**(facts | changes))


def dbt(days_ago: int) -> Invocation:
    """A build of dbt: tests of three models, and how old the newest order is."""
    results = [result("freshness", "fail" if days_ago == 0 else "pass", dataset="orders", expected="at most 24 h",
                      observed="26 h" if days_ago == 0 else "6 h")]  # fmt: skip
    for dataset, number in (("customers", 9), ("payments", 12), ("events_of_the_web_shop", 4)):
        results += [result(f"unique(id_{at})", dataset=dataset) for at in range(number)]
    at = MIDNIGHT - days_ago * DAY + HOUR
    return Invocation(
        source=DBT.key, id=f"dbt-{days_ago}", tool="dbt", suite="shop", environment="prod", at=at,
        commit=SHAS[days_ago // 3], pipeline_id=str(9_100_000 - 24 * days_ago), origin="target/run_results.json",
        results=tuple(results),
    )  # fmt: skip


def silent(days_ago: int) -> Invocation:
    """A suite of one check that nobody runs since four days."""
    return gx(days_ago, [result("unique(order_id)", observed="0 duplicates")], id=f"unique-{days_ago}",
              suite="orders_unique")  # fmt: skip


def some_checks() -> list[tuple[SourceSpec, Batch]]:
    """Both sources, day by day, the oldest first."""
    made: list[tuple[SourceSpec, Batch]] = []
    for days_ago in range(DAYS - 1, -1, -1):
        found = [gx(days_ago, of_orders(days_ago))]
        found += [silent(days_ago)] if days_ago >= 4 else []
        made.append((GX, Batch(invocations=tuple(found))))
        made.append((DBT, Batch(invocations=(dbt(days_ago),))))
    return made


def states(*, now: int = NOW) -> list[SourceState]:
    """Both sources are well."""
    return [
        SourceState(source=spec.key, kind=spec.kind, name=spec.name, address=spec.address, state="ok",
                    last_ok_at=now - 20_000, items=DAYS)
        for spec in (GX, DBT)
    ]  # fmt: skip


def fill(world: Any) -> Any:
    """Write all of it into a world of the tests."""
    for spec, batch in some_checks():
        world.cache.write(spec.key, batch, world.now)
    world.states(*states())
    return world
