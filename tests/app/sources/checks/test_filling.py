"""What the settings and the place of a file say of its results."""

from __future__ import annotations

from quarterdeck.app.records import CheckResult, Identities, Invocation
from quarterdeck.app.settings.sections import Checks
from quarterdeck.app.sources.checks.filling import Filling


def filled(*results: CheckResult, dataset: str = "", **rest: str) -> Invocation:
    made = Invocation(source="", id="1", tool="great_expectations", at=1, results=results, **rest)  # type: ignore[arg-type]  # texts
    section = Checks(kind="great_expectations", paths=("checks/*.json",), dataset=dataset)
    (one,) = Filling("d", section, Identities()).filled([made])
    return one


def test_no_address_of_a_person_stays_in_a_name() -> None:
    result = CheckResult(
        name="not_null(jane@example.org)", dataset="of jane@example.org", column="jane@example.org", outcome="pass"
    )
    one = filled(result, suite="nightly of jane@example.org", environment="jane@example.org")
    assert "jane" not in repr(one)
    assert (one.results[0].name, one.suite) == ("not_null(…)", "nightly of …")


def test_two_columns_that_are_called_as_people_are_stay_two_checks() -> None:
    one = filled(
        CheckResult(name="not_null(jane@example.org)", outcome="fail"),
        CheckResult(name="not_null(bo@example.org)", outcome="pass"),
    )
    assert [(result.ordinal, result.outcome) for result in one.results] == [(0, "fail"), (1, "pass")]


def test_the_dataset_of_the_settings_is_that_of_results_which_name_none() -> None:
    named, other = CheckResult(name="unique", outcome="pass"), CheckResult(name="unique", dataset="b", outcome="pass")
    assert [result.dataset for result in filled(named, other, dataset="a").results] == ["a", "b"]
