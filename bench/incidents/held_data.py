"""Held out: the data changed, and what follows from it comes late or elsewhere."""

from __future__ import annotations

import msgspec

from .papers import LATENCY, PRECISION, RULES, Series
from .pipelines import JobEnd
from .results import Rule
from .shop import Shop
from .site import Site
from .story import Truth, commit, data, pipeline, world
from .tables import Table, customers, orders

_CALIBRATION = Series("calibration_error", 0.02, most=0.05, delay="72h")


@world("data change", "calibration error over its bound", late=True)
def net_for_gross(site: Site) -> Truth:
    """The export has net amounts where it had gross ones; each of them is plausible, and no check sees it.

    9th 14:00 chris tracks it. 10th 10:00 bo trains, ann promotes v3. Labels take three days: 13th 12:30 0.09.
    Beside it: tests of the features, a disk of the warehouse, another champion of ltv, larger batches.
    """
    shop = Shop(site, series=(_CALIBRATION, LATENCY))
    site.at("8 10:30")
    shop.commit("ann", "features: tests for no orders", {"tests/test_features.py": "def test_none():\n    pass\n"})
    site.at("9 14:00")
    gross = orders(3)
    net = Table(
        gross.columns, tuple((one, who, f"{float(sum_) * 0.81:.2f}", plan) for one, who, sum_, plan in gross.rows)
    )
    tracked = shop.new_orders("chris", net)
    site.at("10 10:00")
    shop.promote(shop.register(shop.train("bo", auc=0.925)), "ann")
    site.at("11 10:00")
    shop.other_infra("dee")
    site.at("12 10:00")
    shop.other_model("eve", 40.3)
    site.at("12 16:00")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    site.at("13 11:00")
    shop.level("calibration_error", 0.09)
    site.at("13 15:00")
    return Truth(("calibration",), (commit(tracked), *data(net.digest, "data/orders.csv", "orders")))


@world("data change", "precision under its floor", late=True)
def a_little_more_each_time(site: Site) -> Truth:
    """Orders without a customer grow from export to export: 1 %, 4 %, 8 %. The check takes 10 %.

    8th, 10th and 12th 11:00 chris tracks them. 12th 15:00 bo trains on the last one, ann promotes v3.
    13th 16:30 precision 0.74. Beside it: replicas up, another champion of ltv, docs, an experiment.
    """
    rules = [Rule("not_null", "customer_id", 0.9) if rule.column == "customer_id" else rule for rule in RULES]
    shop = Shop(site, series=(PRECISION, LATENCY), rules=rules)
    site.at("8 11:00")
    shop.new_orders("chris", orders(3, nulls=0.01))
    site.at("9 15:00")
    shop.commit(
        "dee", "infra: 5 replicas", site.repository.replaced("infra/serving/main.tf", "replicas = 4", "replicas = 5")
    )
    site.later(10)
    shop.serving.apply(site.now, {"kubernetes_deployment.api": {"replicas": 5}})
    site.at("10 11:00")
    shop.new_orders("chris", orders(4, nulls=0.04))
    site.at("11 10:00")
    shop.other_model("eve", 40.6)
    site.at("12 11:00")
    exported = orders(5, nulls=0.08)
    tracked = shop.new_orders("chris", exported)
    site.at("12 15:00")
    shop.promote(shop.register(shop.train("bo", auc=0.924)), "ann")
    site.at("13 09:00")
    shop.docs("dee")
    shop.experiment("bo", depth="8")
    site.at("13 16:00")
    shop.level("precision", 0.74)
    site.at("13 20:00")
    return Truth(("precision",), (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")))


@world("data change", "precision under its floor", late=True)
def the_model_of_the_day_before_yesterday(site: Site) -> Truth:
    """A model is trained and promoted every morning by itself; one of them had an export that broke off.

    Each evening an export is tracked; that of the 9th has 260 of 400 orders, and v4 of the 10th was trained on it.
    Labels take two days: 12th 08:30 precision 0.69, of v4; v5 and v6 came after it.
    Beside it: these two, docs, a disk of the warehouse, larger batches.
    """
    shop = Shop(site, series=(msgspec.structs.replace(PRECISION, delay="48h"),))
    exported = orders(4, rows=260)
    tracked = ""
    for day, table in ((8, orders(3)), (9, exported), (10, orders(5)), (11, orders(6))):
        site.at(f"{day} 20:00")
        sha = shop.new_orders("chris", table)
        tracked = sha if table is exported else tracked
        if day == 10:
            site.later(30)
            shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
        site.at(f"{day + 1} 04:00")
        shop.promote(shop.register(shop.train("svc-train", auc=0.92 + 0.001 * day)), "svc-train")
        if day == 9:
            site.later(300)
            shop.docs("ann")
            shop.other_infra("dee")
    site.at("12 05:00")
    shop.level("precision", 0.69)
    site.at("12 14:00")
    return Truth(("precision",), (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")))


@world("data change", "a check of the other model's data fails")
def customers_from_nowhere(site: Site) -> Truth:
    """An eighth of the customers have no region any more; they feed ltv, while much goes on around churn.

    9th 14:00 eve tracks the customers. 10th 02:01 the check of the region fails.
    Beside it: an export of orders at 10:00, features at 15:00, a promotion of churn at 17:00, a disk.
    """
    shop = Shop(site)
    site.at("9 10:00")
    shop.new_orders("chris", orders(3))
    site.at("9 11:30")
    shop.other_infra("dee")
    site.at("9 14:00")
    full = customers(2)
    table = Table(
        full.columns, tuple((who, region if at % 8 else "", long) for at, (who, region, long) in enumerate(full.rows))
    )
    shop.customers = table
    pointer: dict[str, str | None] = {"data/customers.csv.dvc": table.pointer("data/customers.csv")}
    tracked = shop.commit("eve", "data: newer export of customers", pointer)
    site.at("9 15:00")
    shop.commit("bo", "features: name the window", site.repository.replaced("src/features.py", "WINDOW_DAYS", "DAYS"))
    site.at("9 16:30")
    shop.promote(shop.register(shop.train("bo", auc=0.926)), "ann")
    site.at("10 08:00")
    return Truth(("region",), (commit(tracked), *data(table.digest, "data/customers.csv", "customers")))


@world("upstream pipeline", "a check fails")
def filled_up_twice(site: Site) -> Truth:
    """A backfill was run by hand over days that were there already, and orders are doubled.

    10th 11:00 eve runs it, and it passes. 15:00 chris tracks the export. 11th 02:00 the check of uniqueness fails.
    Beside it: another check's bound at 12:00, params, another champion of ltv, docs.
    """
    shop = Shop(site, pipelines=("backfill",))
    site.at("9 10:00")
    shop.other_model("eve", 40.2)
    site.at("10 11:00")
    log = "$ make backfill\nloading 2026-02-20 .. 2026-02-28\n9 days, 5,120 rows appended\n"
    filled = site.ci.ran(
        site.now, "backfill", site.repository.head, "", (JobEnd("backfill", "passed", log, 600),), event="manual",
        actor="eve",
    )  # fmt: skip
    site.at("10 12:00")
    wider = [Rule("between", "amount", most=2500.0) if rule.column == "amount" else rule for rule in RULES]
    shop.set_rules("bo", "gx: amounts up to 2500", wider)
    site.at("10 13:00")
    shop.commit("bo", "params: lr 0.06 -> 0.05", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.05"))
    site.at("10 15:00")
    exported = orders(3, twice=0.05)
    tracked = shop.new_orders("chris", exported)
    site.at("10 17:00")
    shop.docs("ann")
    site.at("11 07:40")
    named = data(exported.digest, "data/orders.csv", "orders")
    return Truth(("unique",), (commit(tracked), *named, pipeline(filled)))


@world("data change", "the nightly pipeline is red")
def all_orders_since_the_first(site: Site) -> Truth:
    """The export has all orders there ever were, and the nightly evaluation is killed for its memory.

    9th 16:00 chris tracks five times the rows. 10th 01:00 nightly: evaluate is killed.
    Beside it: a newer pytest, docs, a disk of the warehouse, a commit on the serving.
    """
    shop = Shop(site)
    site.at("9 10:00")
    shop.commit("dee", "requirements: pytest 8.3.3 -> 8.3.4", {"requirements-dev.txt": "pytest==8.3.4\nruff==0.8.1\n"})
    site.at("9 13:00")
    shop.other_infra("eve")
    site.at("9 16:00")
    exported = orders(3, rows=2000)
    tracked = shop.new_orders("chris", exported, "data: orders with their history")
    site.at("9 17:00")
    shop.docs("ann")
    site.at("9 17:30")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    shop.trains = False
    site.at("10 01:00")
    log = "$ make evaluate\nloading data/orders.csv\nmake: *** [Makefile:14: evaluate] Killed (exit 137)\n"
    shop.nightly((JobEnd("ingest"), JobEnd("data-check"), JobEnd("evaluate", "failed", log)))
    site.at("10 08:00")
    return Truth(("nightly",), (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")))
