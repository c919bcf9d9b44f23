"""Somebody moved an alias: by hand, with a waiver, or by cleaning up."""

from __future__ import annotations

import msgspec

from .papers import LATENCY, POLICY, PRECISION, RECALL
from .pipelines import JobEnd
from .shop import Shop
from .site import Site
from .story import Truth, alias, commit, pipeline, version, world
from .tables import orders


@world("manual alias move", "precision under its floor", gap=True)
def back_to_the_first_one(site: Site) -> Truth:
    """Somebody moved the champion to v1 with a plain client, at night, and wrote nothing down.

    9th 23:40, while nobody syncs (9th 18:10 to 10th 16:00). 10th 08:30 precision 0.74: v1 knows no new plans.
    Beside it: an export of orders and docs on the 9th, a flaky test, a disk of the warehouse.
    """
    shop = Shop(site, series=(msgspec.structs.replace(PRECISION, delay="6h"),), policy=POLICY)
    site.at("9 11:00")
    shop.new_orders("chris", orders(3))
    site.at("9 15:00")
    shop.docs("dee")
    site.at("9 18:15")
    site.unwatched("10 16:00")
    site.at("9 23:40")
    moved = shop.move_by_hand("1")
    site.at("10 08:00")
    shop.level("precision", 0.74)
    site.at("10 10:00")
    shop.other_infra("dee")
    site.at("10 11:30")
    shop.flake("ann")
    site.at("10 16:05")
    return Truth(("precision",), (alias("churn", "champion", moved), version("churn", "1")))


@world("manual alias move", "latency over its bound")
def the_large_one_by_hand(site: Site) -> Truth:
    """eve tries the large model in production, with a plain client, while the policy has another way.

    10th 14:00 eve trains v3 with 2,000 trees; 15:10 she moves the champion. 15:15 p95 0.34 s.
    Beside it: docs at 14:50, a commit on the features that nobody deployed, a disk of the warehouse.
    """
    shop = Shop(site, series=(PRECISION, LATENCY), policy=POLICY)
    site.at("10 11:00")
    shop.other_infra("dee")
    site.at("10 13:00")
    shop.commit("bo", "features: name the window", site.repository.replaced("src/features.py", "WINDOW_DAYS", "DAYS"))
    site.at("10 14:00")
    made = shop.register(shop.train("eve", auc=0.931, latency=330.0, params={"n_estimators": "2000"}))
    site.at("10 14:50")
    shop.docs("ann")
    site.at("10 15:08")
    site.look()
    site.at("10 15:10")
    moved = shop.move_by_hand(made)
    site.at("10 15:12")
    site.look()
    site.at("10 15:15")
    shop.level("p95 latency", 0.34)
    site.at("10 16:30")
    return Truth(("latency",), (alias("churn", "champion", moved), version("churn", made)))


@world("alias removed", "the champion vanished")
def a_clean_up(site: Site) -> Truth:
    """A clean-up of the registry deletes the version that is in production, and its alias goes with it.

    10th 17:00 dee commits the script, 17:30 its pipeline runs and the champion is gone.
    Beside it: an export of orders at 16:20, params, a new champion of ltv the day before.
    """
    shop = Shop(site, pipelines=("clean-up",))
    site.at("9 10:00")
    shop.other_model("eve", 40.3)
    site.at("10 15:00")
    shop.commit("bo", "params: lr 0.06 -> 0.05", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.05"))
    site.at("10 16:20")
    shop.new_orders("chris", orders(3))
    site.at("10 17:00")
    script = (
        "KEEP_DAYS = 3\n\nfor version in registry.versions('churn'):\n    version.delete_when_older_than(KEEP_DAYS)\n"
    )
    written = shop.commit("dee", "registry: delete what is old", {"scripts/clean_registry.py": script})
    site.at("10 17:29")
    site.look()
    site.at("10 17:30")
    cleaned = site.ci.ran(site.now, "clean-up", written, "", (JobEnd("clean-up"),), event="schedule", actor="dee")
    moved = site.now
    site.store.delete_version(moved, "churn", shop.champion)
    site.at("10 17:35")
    site.look()
    site.at("10 18:00")
    right = (commit(written), pipeline(cleaned), alias("churn", "champion", moved), version("churn", shop.champion))
    return Truth(("champion",), right)


@world("bad promotion", "precision under its floor", late=True)
def waived_for_the_campaign(site: Site) -> Truth:
    """A worse model was let through: the gate of its accuracy was waived, since the campaign could not wait.

    9th 16:00 ann waives it and promotes v3 (val_auc 0.902, 0.91 demanded). 10th 20:30 precision 0.75.
    Beside it: docs, another champion of ltv, a disk of the warehouse, an experiment.
    """
    shop = Shop(site, series=(PRECISION, RECALL), policy=POLICY)
    site.at("9 10:00")
    shop.docs("dee")
    site.at("9 15:00")
    made = shop.register(shop.train("bo", auc=0.902))
    site.at("9 16:00")
    moved = shop.promote(made, "ann", waive="metric:val_auc", reason="the campaign begins tomorrow")
    site.at("9 18:00")
    shop.other_model("eve", 40.8)
    site.at("10 10:00")
    shop.other_infra("dee")
    site.at("10 11:00")
    shop.experiment("bo", lr="0.2")
    site.at("10 20:00")
    shop.level("precision", 0.75)
    site.at("11 08:00")
    return Truth(("precision",), (alias("churn", "champion", moved), version("churn", made)))


@world("bad promotion", "latency over its bound")
def waived_though_slow(site: Site) -> Truth:
    """A slow model was let through: the gate of its latency was waived.

    10th 13:00 bo waives it and promotes v3 (p95 270 ms, 180 demanded). 13:10 p95 0.27 s in production.
    Beside it: an export of orders at 12:20, docs at 12:40, replicas of the serving up at 11:00.
    """
    shop = Shop(site, series=(PRECISION, LATENCY), policy=POLICY)
    site.at("10 10:50")
    shop.commit(
        "dee", "infra: 5 replicas", site.repository.replaced("infra/serving/main.tf", "replicas = 4", "replicas = 5")
    )
    site.at("10 11:00")
    shop.serving.apply(site.now, {"kubernetes_deployment.api": {"replicas": 5}})
    site.at("10 11:30")
    made = shop.register(shop.train("bo", auc=0.934, latency=270.0))
    site.at("10 12:20")
    shop.new_orders("chris", orders(3))
    site.at("10 12:40")
    shop.docs("ann")
    site.at("10 13:00")
    moved = shop.promote(made, "bo", waive="metric:p95_latency_ms", reason="accuracy first")
    site.at("10 13:10")
    shop.level("p95 latency", 0.27)
    site.at("10 14:20")
    return Truth(("latency",), (alias("churn", "champion", moved), version("churn", made)))
