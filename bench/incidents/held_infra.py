"""Held out: what everything runs on."""

from __future__ import annotations

from .papers import ERRORS, LATENCY, PRECISION
from .shop import Shop
from .site import Site
from .story import Truth, commit, resource, world
from .tables import orders

_API = "kubernetes_deployment.api"
_STORE = "kubernetes_deployment.feature_store"
_TOKEN = "kubernetes_secret.shop_api"  # a resource's address, no secret


@world("infrastructure apply", "latency over its bound")
def a_smaller_feature_store(site: Site) -> Truth:
    """The serving asks the feature store for each answer, and that has a quarter of its processors left.

    10th 14:00 dee edits it in the warehouse's stack, applied 14:20. 14:25 p95 0.33 s.
    Beside it: labels on the serving's own deployment applied at 13:50, a promotion on the 9th, an export, docs.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    path, code = "infra/warehouse/main.tf", 'resource "kubernetes_deployment" "feature_store" {\n  cpu = 4\n}\n'
    site.at("7 14:00")
    shop.commit("dee", "infra: the feature store", {path: f"{site.repository.read(path)}\n{code}"})
    site.later(20)
    shop.warehouse.apply(site.now, {_STORE: {"cpu": 4}})
    site.at("9 10:00")
    shop.promote(shop.register(shop.train("bo", auc=0.925)), "ann")
    site.at("10 13:00")
    shop.new_orders("chris", orders(3))
    site.at("10 13:40")
    labelled = site.repository.replaced("infra/serving/main.tf", '"2Gi"\n', '"2Gi"\n  labels   = { team = "churn" }\n')
    shop.commit("eve", "infra: whose it is", labelled)
    site.at("10 13:50")
    shop.serving.apply(site.now, {_API: {"labels": {"team": "churn"}}})
    site.at("10 14:00")
    edited = shop.commit("dee", "infra: the size it needs", site.repository.replaced(path, "cpu = 4", "cpu = 1"))
    site.at("10 14:15")
    shop.docs("ann")
    site.at("10 14:20")
    shop.warehouse.apply(site.now, {_STORE: {"cpu": 1}})
    site.at("10 14:25")
    shop.level("p95 latency", 0.33)
    site.at("10 15:30")
    return Truth(("latency",), (commit(edited), *resource("warehouse", _STORE)))


@world("secret rotation", "error rate over its bound")
def a_new_token(site: Site) -> Truth:
    """The token of the shop's API was rotated, and the pods go on with the old one.

    10th 09:00 eve commits it, applied 09:20. 09:25 error rate 5 %.
    Beside it: a promotion the day before, a comment in the serving at 08:50, a disk of the warehouse at 08:10, docs.
    """
    shop = Shop(site, series=(PRECISION, LATENCY, ERRORS))
    path, code = "infra/serving/main.tf", 'resource "kubernetes_secret" "shop_api" {\n  generation = 1\n}\n'
    site.at("7 14:00")
    shop.commit("eve", "infra: the token of the shop", {path: f"{site.repository.read(path)}\n{code}"})
    site.later(20)
    shop.serving.apply(site.now, {_TOKEN: {"generation": 1}})
    site.at("9 14:30")
    shop.promote(shop.register(shop.train("bo", auc=0.926)), "ann")
    site.at("9 17:00")
    shop.docs("ann")
    site.at("10 07:50")
    shop.other_infra("dee")
    site.at("10 08:50")
    comment = site.repository.replaced("serving/app.py", "BATCH = 128", "BATCH = 128  # see the README")
    shop.commit("dee", "serving: why so many", comment)
    site.at("10 09:00")
    edited = shop.commit("eve", "infra: rotate", site.repository.replaced(path, "generation = 1", "generation = 2"))
    site.at("10 09:20")
    shop.serving.apply(site.now, {_TOKEN: {"generation": 2}})
    site.at("10 09:25")
    shop.level("error rate", 0.05)
    site.at("10 10:30")
    return Truth(("error rate",), (commit(edited), *resource("serving", _TOKEN)))


@world("infrastructure drift", "error rate over its bound", gap=True)
def by_hand_after_midnight(site: Site) -> Truth:
    """Whoever was called at night set the serving's memory by hand, to less than it needs.

    Every night at 03:15 a plan is made: on the 9th all is in step, on the 10th the memory has drifted. 10th 00:40 error
    rate 2.5 %. Nobody syncs from the 9th 12:00 to the 10th 09:00.
    Beside it: a commit on the serving, an export of orders, a disk of the warehouse, docs.
    """
    shop = Shop(site, series=(PRECISION, LATENCY, ERRORS))
    site.at("9 03:15")
    shop.serving.plan(site.now)
    site.at("9 12:00")
    site.look()
    site.unwatched("10 09:00")
    site.at("9 14:00")
    shop.other_infra("eve")
    site.at("9 16:00")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    site.at("9 18:00")
    shop.new_orders("chris", orders(3))
    site.at("9 20:00")
    shop.docs("ann")
    site.at("10 00:40")
    shop.level("error rate", 0.025)
    site.at("10 03:15")
    shop.serving.plan(site.now, {_API: {"memory": "768Mi"}})
    site.at("10 09:10")
    return Truth(("error rate",), resource("serving", _API))
