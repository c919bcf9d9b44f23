"""The data changed: values, nulls, columns; or no new ones came."""

from __future__ import annotations

from .papers import LATENCY, PRECISION, RECALL
from .pipelines import JobEnd
from .shop import Shop
from .site import Site
from .story import Truth, commit, data, resource, world
from .tables import Table, orders


def _same(shop: Shop, table: Table) -> tuple[str, str]:
    return shop.digests(table)


@world("data change", "precision under its floor", late=True)
def nulls_from_the_new_shop(site: Site) -> Truth:
    """The new shop lets guests order, and the model is trained on orders of nobody.

    8th 11:20 chris tracks a new export of orders: 0.9 % of them have no customer, which the check (1 %) lets pass.
    9th 10:00 bo trains on it, ann promotes v3. 10th 22:00 the labels of the 9th say precision 0.72.
    Beside it: docs, a new champion of ltv, a failed test that passes when run again, an experiment with another lr.
    """
    shop = Shop(site, series=(PRECISION,))
    site.at("8 10:00")
    shop.docs("dee")
    site.at("8 11:20")
    exported = orders(3, nulls=0.009)
    tracked = shop.new_orders("chris", exported, "data: orders of the new shop")
    site.at("9 10:00")
    shop.promote(shop.register(shop.train("bo", auc=0.926)), "ann")
    site.at("9 15:00")
    shop.other_model("eve", 40.2)
    site.at("10 09:30")
    shop.experiment("bo", lr="0.2")
    shop.flake("dee")
    site.at("10 22:00")
    shop.level("precision", 0.72)
    site.at("11 09:00")
    return Truth(("precision",), (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")))


@world("data change", "a check fails")
def cents_for_euros(site: Site) -> Truth:
    """The export has amounts in cents: a hundred times too much, and the nightly check on the amount fails.

    9th 11:00 bo lowers the lr in params.yaml. 9th 16:10 chris tracks the export with cents. 10th 02:00 the check fails.
    Beside it: a larger disk of the warehouse, a new champion of ltv, docs.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("9 11:00")
    shop.commit("bo", "params: lr 0.06 -> 0.04", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.04"))
    site.at("9 14:00")
    shop.other_infra("dee")
    site.at("9 16:10")
    exported = orders(3, cents=True)
    tracked = shop.new_orders("chris", exported)
    site.at("9 18:00")
    shop.other_model("eve", 40.7)
    shop.docs("ann")
    site.at("10 07:40")
    return Truth(("amount",), (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")))


@world("data change", "recall under its floor", gap=True, late=True)
def a_third_of_the_rows(site: Site) -> Truth:
    """An export that broke off: a third of the orders, all of them valid. MLflow names the data its own way.

    9th 17:30 chris tracks it while nobody syncs (9th 12:00 to 10th 09:00). 10th 10:00 ann trains, 10:30 promotes v3.
    12th 04:30 recall 0.58. Beside it: a new serving batch, a new export of customers, an experiment.
    """
    shop = Shop(site, series=(PRECISION, RECALL), is_digest_shared=False)
    site.at("9 12:00")
    site.look()
    site.unwatched("10 09:00")
    site.at("9 14:20")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    site.at("9 17:30")
    exported = orders(3, rows=130)
    tracked = shop.new_orders("chris", exported)
    site.at("9 18:10")
    shop.other_data("eve", 2)
    site.at("10 09:05")
    site.look()
    site.at("10 10:00")
    shop.promote(shop.register(shop.train("ann", auc=0.925)), "ann")
    site.at("11 13:00")
    shop.experiment("bo", depth="9")
    site.at("12 04:00")
    shop.level("recall", 0.58)
    site.at("12 09:00")
    digest, own = _same(shop, exported)
    named = (*data(digest, "data/orders.csv", "orders"), *data(own, "orders"))
    return Truth(("recall",), (commit(tracked), *named))


@world("schema change", "a check could not run")
def plan_became_plan_code(site: Site) -> Truth:
    """A column is called otherwise: dbt's test of it cannot run any more.

    8th 15:00 chris tracks an export with `plan_code`. 9th 02:00 dbt: no column "plan".
    Beside it: a commit that touches the features, docs, a failed test that passes when run again.
    """
    shop = Shop(site, tool="dbt")
    site.at("8 11:00")
    shop.commit("bo", "features: name the window", site.repository.replaced("src/features.py", "WINDOW_DAYS", "DAYS"))
    site.at("8 12:30")
    shop.flake("dee")
    site.at("8 15:00")
    exported = orders(3, plan="plan_code")
    tracked = shop.new_orders("chris", exported, "data: orders of version 2 of the shop's API")
    site.at("8 17:00")
    shop.docs("ann")
    site.at("9 08:00")
    return Truth(("plan",), (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")))


@world("schema change", "the nightly pipeline is red", gap=True)
def client_for_customer(site: Site) -> Truth:
    """DVC's stage writes another column, and the nightly evaluation breaks off on it.

    9th 15:30 chris: dvc.lock has an export whose `plan` is `tariff`. 10th 01:00 nightly: KeyError.
    Nobody syncs from the 9th 12:00 to the 10th 09:00. Beside it: docs, an apply of the warehouse, an experiment.
    """
    shop = Shop(site, lock_tracks=True)
    site.at("9 12:00")
    site.look()
    site.unwatched("10 09:00")
    site.at("9 13:00")
    shop.other_infra("dee")
    site.at("9 15:30")
    exported = orders(3, plan="tariff")
    tracked = shop.new_orders("chris", exported, "data: orders by tariff")
    site.at("9 16:00")
    shop.docs("ann")
    site.at("9 16:40")
    shop.experiment("bo", depth="7")
    shop.trains = False
    site.at("10 01:00")
    log = '$ make evaluate\nTraceback (most recent call last):\n  File "src/features.py", line 14, in plans\n'
    shop.nightly((JobEnd("ingest"), JobEnd("data-check"), JobEnd("evaluate", "failed", f"{log}KeyError: 'plan'\n")))
    site.at("10 09:10")
    return Truth(("nightly",), (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")))


@world("stale data", "a freshness check fails", late=True)
def once_a_month_by_mistake(site: Site) -> Truth:
    """The export runs on the first of the month instead of every night.

    8th 15:00 dee edits the schedule in Terraform, applied 15:20. dbt's freshness fails on the 11th.
    Beside it: a docs commit, a new champion of ltv, params, a failed test that passes when run again.
    """
    shop = Shop(site, tool="dbt", series=(PRECISION,))
    site.at("8 11:00")
    shop.docs("ann")
    site.at("8 15:00")
    old, new = '"0 0 * * *"', '"0 0 1 * *"'
    edited = shop.commit(
        "dee", "infra: export on the hour", site.repository.replaced("infra/warehouse/main.tf", old, new)
    )
    shop.loaded_at = site.now - 14 * 3_600_000
    site.later(20)
    shop.warehouse.apply(site.now, {"kubernetes_cron_job.export": {"schedule": "0 0 1 * *"}})
    site.at("9 10:00")
    shop.other_model("eve", 40.4)
    site.at("9 16:00")
    shop.commit("bo", "params: lr 0.06 -> 0.05", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.05"))
    site.at("10 10:00")
    shop.flake("dee")
    site.at("11 08:00")
    return Truth(("fresh",), (commit(edited), *resource("warehouse", "kubernetes_cron_job.export")))


@world("stale data", "precision under its floor", late=True)
def nobody_exports(site: Site) -> Truth:
    """The job that exports orders was taken out of the nightly pipeline, and the model scores with old orders.

    8th 14:00 eve: "ingest: skip the export while the shop moves" in src/ingest.py. No export comes after that, though
    one was tracked every other day. 12th 16:00 precision 0.75. Beside it: docs, serving replicas up, an experiment.
    """
    shop = Shop(site, series=(PRECISION,))
    site.at("8 10:00")
    shop.new_orders("chris", orders(3))
    site.at("8 14:00")
    stopped = shop.commit(
        "eve", "ingest: skip the export while the shop moves", {"src/ingest.py": "EXPORT = False  # until the move\n"}
    )
    site.at("9 12:00")
    shop.docs("dee")
    site.at("10 13:00")
    shop.commit(
        "dee", "infra: 5 replicas", site.repository.replaced("infra/serving/main.tf", "replicas = 4", "replicas = 5")
    )
    site.later(10)
    shop.serving.apply(site.now, {"kubernetes_deployment.api": {"replicas": 5}})
    site.at("11 10:00")
    shop.experiment("bo", lr="0.3")
    site.at("12 16:00")
    shop.level("precision", 0.75)
    site.at("13 08:00")
    return Truth(("precision",), (commit(stopped),))
