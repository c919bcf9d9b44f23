"""What everything runs on was changed: by an apply, or by hand."""

from __future__ import annotations

from .papers import ERRORS, LATENCY, PRECISION
from .shop import Shop
from .site import Site
from .story import Truth, commit, resource, world
from .tables import orders

_API, _SCALER, _EXPORT = (
    "kubernetes_deployment.api",
    "kubernetes_horizontal_pod_autoscaler.api",
    "kubernetes_cron_job.export",
)


@world("infrastructure apply", "latency over its bound")
def one_replica(site: Site) -> Truth:
    """The serving has one replica instead of four.

    10th 14:00 dee edits it ("infra: costs"), applied 14:30. 14:35 p95 0.45 s.
    Beside it: a promotion of v3 the day before, docs at 14:10, features at 13:30, another champion of ltv.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("9 10:00")
    shop.promote(shop.register(shop.train("bo", auc=0.925)), "ann")
    site.at("10 11:00")
    shop.other_model("eve", 40.4)
    site.at("10 13:30")
    shop.commit("bo", "features: name the window", site.repository.replaced("src/features.py", "WINDOW_DAYS", "DAYS"))
    site.at("10 14:00")
    edited = shop.commit(
        "dee", "infra: costs", site.repository.replaced("infra/serving/main.tf", "replicas = 4", "replicas = 1")
    )
    site.at("10 14:10")
    shop.docs("ann")
    site.at("10 14:30")
    shop.serving.apply(site.now, {_API: {"replicas": 1}})
    site.at("10 14:35")
    shop.level("p95 latency", 0.45)
    site.at("10 15:40")
    return Truth(("latency",), (commit(edited), *resource("serving", _API)))


@world("infrastructure apply", "error rate over its bound", gap=True)
def half_a_gigabyte(site: Site) -> Truth:
    """The memory limit of the serving was lowered, and its pods are killed under load.

    9th 17:00 dee: memory 2Gi to 512Mi, applied at 22:00. 10th 06:30 (traffic) error rate 3 %, and an alert fires.
    Nobody syncs from the 9th 12:00 to the 10th 08:00. Beside it: an export of orders, docs, a disk of the warehouse.
    """
    shop = Shop(site, series=(PRECISION, LATENCY, ERRORS))
    site.at("9 12:00")
    site.look()
    site.unwatched("10 08:00")
    site.at("9 14:00")
    shop.new_orders("chris", orders(3))
    site.at("9 15:00")
    shop.other_infra("eve")
    site.at("9 17:00")
    edited = shop.commit(
        "dee", "infra: what it really needs", site.repository.replaced("infra/serving/main.tf", '"2Gi"', '"512Mi"')
    )
    site.at("9 18:30")
    shop.docs("ann")
    site.at("9 22:00")
    shop.serving.apply(site.now, {_API: {"memory": "512Mi"}})
    site.at("10 06:30")
    shop.level("error rate", 0.03)
    site.score.fire("PodOomKilled", site.now, "api was killed for its memory 6 times", model="churn")
    site.at("10 08:10")
    return Truth(("error rate",), (commit(edited), *resource("serving", _API)))


@world("infrastructure apply", "an apply failed")
def more_than_the_quota(site: Site) -> Truth:
    """An apply ended half-way: the quota has no room for what was asked.

    10th 15:00 dee: 40 replicas for the sale, applied 15:20 and refused. Beside it: docs, a promotion of ltv,
    an experiment, and a disk of the warehouse in the morning that went well.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("10 09:00")
    shop.other_infra("eve")
    site.at("10 11:00")
    shop.other_model("eve", 40.3)
    site.at("10 14:00")
    shop.experiment("bo", depth="8")
    site.at("10 14:40")
    shop.docs("ann")
    site.at("10 15:00")
    edited = shop.commit(
        "dee",
        "infra: ready for the sale",
        site.repository.replaced("infra/serving/main.tf", "replicas = 4", "replicas = 40"),
    )
    site.at("10 15:20")
    shop.serving.apply(site.now, {_API: {"replicas": 40}}, error="exceeded quota: pods")
    site.at("10 15:40")
    return Truth(("serving",), (commit(edited),))


@world("infrastructure drift", "latency over its bound")
def scaled_by_hand(site: Site) -> Truth:
    """Somebody set the autoscaler to two pods at most by hand, and the evening needs eight.

    Every night at 03:15 a plan is made: on the 10th all is in step, on the 11th the autoscaler has drifted.
    10th 19:00 p95 0.38 s. Beside it: a commit on the serving the day before, docs, an export of orders, an experiment.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("9 10:00")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    site.at("10 03:15")
    shop.serving.plan(site.now)
    site.at("10 11:00")
    shop.new_orders("chris", orders(3))
    site.at("10 14:00")
    shop.docs("ann")
    shop.experiment("bo", lr="0.1")
    site.at("10 19:00")
    shop.level("p95 latency", 0.38)
    site.at("11 03:15")
    shop.serving.plan(site.now, {_SCALER: {"max": 2}})
    site.at("11 08:00")
    return Truth(("latency",), resource("serving", _SCALER))


@world("infrastructure drift", "a freshness check fails", late=True)
def suspended_for_a_moment(site: Site) -> Truth:
    """The job that exports was suspended by hand and forgotten.

    8th 13:00 it is suspended; the plan of the 9th 03:15 shows the drift. dbt's freshness fails on the 11th.
    Beside it: replicas of the serving up, docs, another champion of ltv, params.
    """
    shop = Shop(site, tool="dbt", series=(PRECISION,))
    site.at("8 13:00")
    shop.loaded_at = site.now - 12 * 3_600_000
    site.at("9 03:15")
    shop.warehouse.plan(site.now, {_EXPORT: {"suspend": True}})
    site.at("9 10:00")
    shop.commit(
        "dee", "infra: 5 replicas", site.repository.replaced("infra/serving/main.tf", "replicas = 4", "replicas = 5")
    )
    site.later(20)
    shop.serving.apply(site.now, {_API: {"replicas": 5}})
    site.at("9 15:00")
    shop.other_model("eve", 40.6)
    site.at("10 10:00")
    shop.docs("ann")
    shop.commit("bo", "params: lr 0.06 -> 0.05", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.05"))
    site.at("11 08:00")
    return Truth(("fresh",), resource("warehouse", _EXPORT))
