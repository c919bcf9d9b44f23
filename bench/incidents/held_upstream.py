"""Held out: pipelines that were red, paused or late, and whoever measures."""

from __future__ import annotations

import msgspec

from .clock import HOUR
from .papers import LATENCY, PRECISION, RECALL
from .pipelines import JobEnd
from .shop import Shop
from .site import Site
from .story import Truth, commit, data, pipeline, resource, world
from .tables import customers, orders

_NIGHTS = "ci/nightly.yml"


@world("upstream pipeline", "recall under its floor", late=True)
def red_and_nobody_minded(site: Site) -> Truth:
    """The ingest broke off in one night and passed in the next; the export of between has a third of the orders.

    9th 01:00 red. 9th 09:30 chris tracks what there is, 14:00 trained and promoted. Labels take two days: 11th 16:30
    recall 0.57. Beside it: a failed test that passes when run again, another ltv, a disk, an experiment.
    """
    shop = Shop(site, series=(msgspec.structs.replace(RECALL, delay="48h"), LATENCY))
    site.at("8 15:00")
    shop.flake("dee")
    shop.trains = False
    site.at("9 01:00")
    log = "$ make ingest\npart 1 of 6: ok\npart 2 of 6: ok\nTimeoutError: shop-db did not answer within 900 s\n"
    red = shop.nightly(
        (JobEnd("ingest", "failed", log), JobEnd("data-check", "skipped"), JobEnd("evaluate", "skipped"))
    )
    site.at("9 01:30")
    shop.trains = True
    site.at("9 09:30")
    exported = orders(3, rows=140)
    tracked = shop.new_orders("chris", exported)
    site.at("9 14:00")
    shop.promote(shop.register(shop.train("bo", auc=0.926)), "ann")
    site.at("10 10:00")
    shop.other_model("eve", 40.1)
    shop.other_infra("dee")
    site.at("11 10:00")
    shop.experiment("bo", lr="0.2")
    site.at("11 15:30")
    shop.level("recall", 0.57)
    site.at("11 20:00")
    named = data(exported.digest, "data/orders.csv", "orders")
    return Truth(("recall",), (pipeline(red), commit(tracked), *named))


@world("stale data", "a freshness check fails", late=True)
def paused_for_the_move(site: Site) -> Truth:
    """The nights were paused while the shop moved, and nobody let them go on.

    8th 16:00 dee pauses them in ci/nightly.yml. dbt's freshness warns from the 9th on and fails on the 11th.
    Beside it: replicas up, another champion of ltv, params, a new export of customers.
    """
    shop = Shop(site, tool="dbt", series=(PRECISION,))
    site.at("7 14:00")
    shop.commit("dee", "ci: the nights in a file", {_NIGHTS: "schedule: '0 1 * * *'\nenabled: true\n"})
    site.at("8 16:00")
    paused = shop.commit("dee", "ci: not while the shop moves", site.repository.replaced(_NIGHTS, "true", "false"))
    shop.trains = False
    shop.loaded_at = site.now - 15 * HOUR
    site.at("9 10:00")
    shop.commit(
        "eve", "infra: 5 replicas", site.repository.replaced("infra/serving/main.tf", "replicas = 4", "replicas = 5")
    )
    site.later(20)
    shop.serving.apply(site.now, {"kubernetes_deployment.api": {"replicas": 5}})
    site.at("9 15:00")
    shop.other_model("eve", 40.6)
    site.at("10 09:00")
    shop.commit("bo", "params: lr 0.06 -> 0.05", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.05"))
    site.at("10 14:00")
    shop.other_data("chris", 2)
    site.at("11 08:00")
    return Truth(("fresh",), (commit(paused),))


@world("monitor artefact", "precision under its floor")
def another_holdout(site: Site) -> Truth:
    """The model is as it was: it is judged by other orders, of customers it has never seen.

    10th 11:00 chris replaces the evaluation set. 10th 12:30 precision 0.74. v3, in production since the 8th, had been
    judged well for a day. Beside it: that promotion, an export of orders at 09:00, an experiment, another ltv.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    path = "evaluation/holdout.csv"
    site.at("7 14:00")
    shop.commit("chris", "evaluation: the holdout in DVC", {f"{path}.dvc": customers(21).pointer(path)})
    site.at("8 15:00")
    shop.promote(shop.register(shop.train("bo", auc=0.926)), "ann")
    site.at("9 13:00")
    shop.other_model("eve", 40.3)
    site.at("10 09:00")
    shop.new_orders("chris", orders(3))
    shop.experiment("bo", depth="8")
    site.at("10 11:00")
    fresh = customers(22)
    replaced = shop.commit("chris", "evaluation: holdout of march", {f"{path}.dvc": fresh.pointer(path)})
    shop.level("precision", 0.74)
    site.at("10 17:00")
    return Truth(("precision",), (commit(replaced), *data(fresh.digest, path, "holdout")))


@world("monitor artefact", "a series fell silent")
def by_another_name(site: Site) -> Truth:
    """The evaluation runs as ever, but calls its figure otherwise.

    9th 14:00 bo renames it in src/evaluate.py. From the 9th 16:30 on there is precision_at_100, and no precision.
    Beside it: a promotion two days before, a disk of the warehouse, another champion of ltv, docs.
    """
    shop = Shop(site, series=(PRECISION,))
    site.at("7 14:00")
    text = 'def told(right, named):\n    return {"precision": right / named}\n'
    shop.commit("bo", "evaluation: in a file of its own", {"src/evaluate.py": text})
    site.at("7 15:00")
    shop.promote(shop.register(shop.train("bo", auc=0.926)), "ann")
    site.at("9 14:00")
    changed = site.repository.replaced("src/evaluate.py", '"precision"', '"precision_at_100"')
    renamed = shop.commit("bo", "evaluation: say what it is", changed)
    shop.evaluates = False

    def evaluate() -> None:
        site.store.run(
            site.now, "churn-production", f"evaluation-{site.now // HOUR}", "svc-eval", minutes=2,
            metrics={"precision_at_100": 0.83}, tags={"model": "churn", "version": "3"},
        )  # fmt: skip

    site.every(4 * HOUR, "9 16:30", evaluate)
    site.at("9 17:00")
    shop.other_infra("dee")
    site.at("10 10:00")
    shop.other_model("eve", 40.7)
    shop.docs("ann")
    site.at("11 18:00")
    return Truth(("precision",), (commit(renamed),))


@world("monitor artefact", "precision under its floor")
def a_higher_bar(site: Site) -> Truth:
    """Nothing got worse: the floor was raised above what the model ever reached.

    10th 10:00 ann raises it from 0.78 to 0.85 in quarterdeck.toml.
    Beside it: a promotion on the 8th, an export of orders, tests of the features, another champion of ltv.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("8 10:00")
    shop.promote(shop.register(shop.train("bo", auc=0.926)), "ann")
    site.at("9 11:00")
    shop.new_orders("chris", orders(3))
    site.at("9 15:00")
    shop.commit("bo", "features: tests for no orders", {"tests/test_features.py": "def test_none():\n    pass\n"})
    site.at("9 17:00")
    shop.other_model("eve", 40.4)
    site.at("10 10:00")
    raised = site.repository.replaced("quarterdeck.toml", "min = 0.78", "min = 0.85")
    bar = shop.commit("ann", "monitors: what we promised the shop", raised)
    site.quarterdeck("trust", "--yes")
    site.at("10 16:00")
    return Truth(("precision",), (commit(bar),))


@world("stale data", "precision under its floor", late=True)
def six_hours_too_late(site: Site) -> Truth:
    """The export begins at six instead of midnight, so the ingest of one o'clock reads that of the day before.

    8th 14:00 dee edits the hour, applied 14:30. Labels take two days: 11th 04:30 precision 0.765. v3, promoted on the
    8th at 10:30, was judged well until then. Beside it: that, larger batches, params nobody trained with, another ltv.
    """
    shop = Shop(site, series=(msgspec.structs.replace(PRECISION, delay="48h"),))
    site.at("8 10:00")
    shop.promote(shop.register(shop.train("bo", auc=0.925)), "ann")
    site.at("8 14:00")
    old, new = '"0 0 * * *"', '"0 6 * * *"'
    edited = shop.commit(
        "dee", "infra: after the backups", site.repository.replaced("infra/warehouse/main.tf", old, new)
    )
    site.at("8 14:30")
    shop.warehouse.apply(site.now, {"kubernetes_cron_job.export": {"schedule": "0 6 * * *"}})
    site.at("9 10:00")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    site.at("9 15:00")
    shop.commit("bo", "params: lr 0.06 -> 0.05", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.05"))
    site.at("10 10:00")
    shop.other_model("eve", 40.5)
    site.at("11 02:00")
    shop.level("precision", 0.765)
    site.at("11 12:00")
    return Truth(("precision",), (commit(edited), *resource("warehouse", "kubernetes_cron_job.export")))
