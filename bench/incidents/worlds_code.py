"""Somebody changed code, what the code stands on, or a parameter."""

from __future__ import annotations

from .papers import ERRORS, LATENCY, PRECISION, RECALL
from .pipelines import JobEnd
from .shop import Shop
from .site import Site
from .story import Truth, commit, run, version, world
from .tables import orders


def _red(log: str) -> tuple[JobEnd, ...]:
    return (JobEnd("lint", seconds=20), JobEnd("test", "failed", f"$ make test\n{log}\n"), JobEnd("build", "skipped"))


@world("feature code", "precision under its floor", late=True)
def returns_count_as_orders(site: Site) -> Truth:
    """A feature counts returned orders as orders; validation does not notice, since it has the same error.

    8th 14:00 bo commits it. 9th 09:00 trained, promoted. 11th 00:30 precision 0.70.
    Beside it: docs, an export of customers, a failed test that passes when run again, an experiment.
    """
    shop = Shop(site, series=(PRECISION, RECALL))
    site.at("8 11:00")
    shop.other_data("chris", 2)
    site.at("8 14:00")
    spent = '    return orders.groupby("customer_id").amount.sum()'
    broken = shop.commit(
        "bo", "features: one pass over the orders",
        site.repository.replaced("src/features.py", spent, spent.replace("sum()", "abs().sum()")),
    )  # fmt: skip
    site.at("8 17:00")
    shop.docs("dee")
    site.at("9 09:00")
    shop.promote(shop.register(shop.train("bo", auc=0.929)), "ann")
    site.at("9 15:00")
    shop.flake("dee")
    site.at("10 10:00")
    shop.experiment("eve", lr="0.1")
    site.at("11 00:00")
    shop.level("precision", 0.7)
    site.at("11 08:00")
    return Truth(("precision",), (commit(broken),))


@world("code commit", "error rate over its bound")
def two_hundred_milliseconds(site: Site) -> Truth:
    """The serving gives up after 200 ms, and a tenth of the answers take longer.

    10th 13:05 dee commits it, built by 13:12. 13:20 the error rate is 4 %.
    Beside it: a disk of the warehouse at 11:00, a promotion the day before, docs at 12:50, an experiment.
    """
    shop = Shop(site, series=(PRECISION, LATENCY, ERRORS))
    site.at("9 10:00")
    shop.promote(shop.register(shop.train("bo", auc=0.925)), "ann")
    site.at("10 11:00")
    shop.other_infra("dee")
    site.at("10 12:00")
    shop.experiment("bo", depth="8")
    site.at("10 12:50")
    shop.docs("ann")
    site.at("10 13:05")
    changed = site.repository.replaced("serving/app.py", "TIMEOUT_SECONDS = 2", "TIMEOUT_SECONDS = 0.2")
    broken = shop.commit("dee", "serving: do not keep them waiting", changed)
    site.at("10 13:20")
    shop.level("error rate", 0.04)
    site.at("10 14:30")
    return Truth(("error rate",), (commit(broken),))


@world("code commit", "the pipeline of main is red")
def a_name_that_was_taken(site: Site) -> Truth:
    """A commit breaks the tests of main, and others commit on top of it.

    10th 16:00 bo renames a function. ann's docs at 15:40 were green; eve's params at 16:30 are red as well.
    Beside it: a flaky test in the morning that passed when run again, a disk of the warehouse.
    """
    shop = Shop(site)
    site.at("10 10:30")
    shop.flake("dee")
    site.at("10 14:00")
    shop.other_infra("dee")
    site.at("10 15:40")
    shop.docs("ann")
    site.at("10 16:00")
    log = "E   ImportError: cannot import name 'recency' from 'features'\n=== 1 failed, 41 passed ==="
    renamed = site.repository.replaced("src/features.py", "def recency", "def last_order")
    broken = shop.commit("bo", "features: call it what it is", renamed, ends=_red(log))
    site.at("10 16:30")
    shop.commit(
        "eve", "params: depth 6 -> 5", site.repository.replaced("params.yaml", "depth: 6", "depth: 5"), ends=_red(log)
    )  # fmt: skip
    site.at("10 18:00")
    return Truth(("ci",), (commit(broken),))


@world("dependency bump", "the pipeline of main is red", gap=True)
def numpy_two(site: Site) -> Truth:
    """A newer numpy has no `float_` any more.

    9th 14:10 dee raises it, and main is red since. Nobody syncs from the 9th 12:00 to the 10th 09:00. At 13:55 bo's
    params were green; at 17:00 ann's docs are red as well. Beside it: a new champion of ltv.
    """
    shop = Shop(site)
    site.at("9 12:00")
    site.look()
    site.unwatched("10 09:00")
    site.at("9 13:55")
    shop.commit("bo", "params: lr 0.06 -> 0.07", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.07"))
    site.at("9 14:10")
    log = "E   AttributeError: `np.float_` was removed in the NumPy 2.0 release.\n=== 12 failed, 30 passed ==="
    raised = site.repository.replaced("requirements.txt", "numpy==1.26.4", "numpy==2.0.1")
    broken = shop.commit("dee", "requirements: numpy 1.26.4 -> 2.0.1", raised, ends=_red(log))
    site.at("9 16:00")
    shop.other_model("eve", 40.6)
    site.at("9 17:00")
    text = site.repository.read("docs/onboarding.md")
    shop.commit("ann", "docs: where the keys are", {"docs/onboarding.md": f"{text}Keys.\n"}, ends=_red(log))
    site.at("10 09:10")
    return Truth(("ci",), (commit(broken),))


@world("dependency bump", "latency over its bound")
def pandas_three(site: Site) -> Truth:
    """A newer pandas copies what the serving reads, and an answer takes three times as long.

    10th 10:20 dee raises it, built by 10:27. 10:35 p95 0.31 s.
    Beside it: a new export of orders at 9:30, a disk of the warehouse at 9:50, an experiment, docs the day before.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("9 16:00")
    shop.docs("ann")
    site.at("10 08:30")
    shop.experiment("bo", n_estimators="300")
    site.at("10 09:30")
    shop.new_orders("chris", orders(3))
    site.at("10 09:50")
    shop.other_infra("eve")
    site.at("10 10:20")
    raised = site.repository.replaced("requirements.txt", "pandas==2.2.3", "pandas==3.0.0")
    broken = shop.commit("dee", "requirements: pandas 2.2.3 -> 3.0.0", raised)
    site.at("10 10:35")
    shop.level("p95 latency", 0.31)
    site.at("10 11:40")
    return Truth(("latency",), (commit(broken),))


@world("parameter change", "precision under its floor", late=True)
def a_lower_threshold(site: Site) -> Truth:
    """The threshold above which somebody counts as leaving was halved.

    8th 15:30 bo in params.yaml, 0.42 to 0.21. 9th 11:00 trained, promoted. 10th 16:30 precision 0.66.
    Beside it: another champion of ltv, a disk of the warehouse, docs, tests of the features.
    """
    shop = Shop(site, tells_version=False, series=(PRECISION, RECALL))
    site.at("8 13:00")
    shop.commit("ann", "features: tests for no orders", {"tests/test_features.py": "def test_none():\n    pass\n"})
    site.at("8 15:30")
    changed = shop.commit(
        "bo", "params: more recall", site.repository.replaced("params.yaml", "threshold: 0.42", "threshold: 0.21")
    )
    site.at("9 09:00")
    shop.docs("dee")
    site.at("9 11:00")
    made = shop.train("bo", auc=0.925)
    shop.promote(shop.register(made), "ann")
    site.at("9 14:00")
    shop.other_model("eve", 40.1)
    site.at("10 10:00")
    shop.other_infra("dee")
    site.at("10 16:00")
    shop.level("precision", 0.66)
    site.at("11 08:00")
    return Truth(("precision",), (commit(changed), run(made)))


@world("parameter change", "recall under its floor", late=True)
def trained_by_hand(site: Site) -> Truth:
    """The version in production was trained with parameters that nobody committed.

    9th 13:00 eve trains by hand with 12 trees and lr 0.9, val_auc looks well. 14:00 ann promotes it as v3.
    10th 20:30 recall 0.55. Beside it: docs, an export of customers, a commit on the serving, a flaky test.
    """
    shop = Shop(site, series=(PRECISION, RECALL))
    site.at("8 16:00")
    shop.other_data("chris", 2)
    site.at("9 10:00")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    site.at("9 13:00")
    made = shop.train("eve", auc=0.928, params={"n_estimators": "12", "lr": "0.9"})
    number = shop.register(made)
    shop.promote(number, "ann")
    site.at("9 17:00")
    shop.docs("ann")
    site.at("10 11:00")
    shop.flake("dee")
    site.at("10 20:00")
    shop.level("recall", 0.55)
    site.at("11 08:00")
    return Truth(("recall",), (run(made), version("churn", number)))
