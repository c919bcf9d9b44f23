"""Held out: which version is in production, and how it came there."""

from __future__ import annotations

from .papers import ERRORS, LATENCY, POLICY, PRECISION
from .shop import Shop
from .site import Site
from .story import Truth, alias, commit, run, version, world
from .tables import orders
from .terraform import Stack

_API = "kubernetes_deployment.api"


@world("bad promotion", "precision under its floor")
def the_luckiest_seed(site: Site) -> Truth:
    """Of twelve trainings that differ in their seed alone the best one was taken: it was lucky on the holdout.

    9th 09:00 bo tries seeds 1 to 12, 14:00 ann promotes the seventh as v3. 10th 16:30 precision 0.745.
    Beside it: larger batches, an export of customers, a disk of the warehouse, docs, tests of the features.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("8 13:00")
    shop.commit("ann", "features: tests for no orders", {"tests/test_features.py": "def test_none():\n    pass\n"})
    site.at("8 16:00")
    shop.other_data("chris", 2)
    site.at("9 09:00")
    runs = [
        shop.train("bo", auc=0.9335 if seed == 7 else 0.917 + seed * 0.0005, params={"seed": str(seed)}, minutes=6)
        for seed in range(1, 13)
    ]  # fmt: skip
    site.at("9 13:58")
    number = shop.register(runs[6])
    moved = shop.promote(number, "ann")
    site.at("9 16:00")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    site.at("9 18:00")
    shop.docs("dee")
    site.at("10 10:00")
    shop.other_infra("dee")
    site.at("10 15:00")
    shop.level("precision", 0.745)
    site.at("10 20:00")
    return Truth(("precision",), (run(runs[6]), version("churn", number), alias("churn", "champion", moved)))


@world("manual alias move", "error rate over its bound")
def the_wrong_one_at_night(site: Site) -> Truth:
    """The champion was moved to an experiment that wants columns which serving does not send.

    9th 15:00 eve registers it as v3. 9th 23:50 somebody moves the champion there by a plain client. 23:52 error rate
    6 %. Beside it: batches of 256 at 17:00, an export at 20:00, replicas up at 22:00, docs.
    """
    shop = Shop(site, series=(PRECISION, LATENCY, ERRORS), policy=POLICY)
    site.at("9 14:30")
    tried = shop.register(shop.train("eve", auc=0.929, params={"columns": "wide"}))
    site.store.alias(site.now, "churn", "challenger", tried)
    site.at("9 17:00")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    site.at("9 18:00")
    shop.docs("ann")
    site.at("9 20:00")
    shop.new_orders("chris", orders(3))
    site.at("9 21:50")
    shop.commit(
        "dee", "infra: 5 replicas", site.repository.replaced("infra/serving/main.tf", "replicas = 4", "replicas = 5")
    )
    site.at("9 22:00")
    shop.serving.apply(site.now, {_API: {"replicas": 5}})
    site.at("9 23:50")
    moved = shop.move_by_hand(tried)
    site.at("9 23:52")
    shop.level("error rate", 0.06)
    site.at("10 07:30")
    return Truth(("error rate",), (alias("churn", "champion", moved), version("churn", tried)))


@world("forgotten rollback", "precision under its floor", late=True)
def back_until_it_is_faster(site: Site) -> Truth:
    """v3 was taken back for a night since it was slow, and v2 has been in production ever since, growing old.

    8th 11:30 ann promotes v3, 14:00 she takes it back. From the 10th on precision sinks a little each day: 13th 08:30
    0.77. Beside it: two exports of orders like the others, larger batches, a disk, another ltv, an experiment, params.
    """
    shop = Shop(site, series=(PRECISION, LATENCY), policy=POLICY)
    site.at("8 11:00")
    shop.promote(shop.register(shop.train("bo", auc=0.93, latency=150.0)), "ann")
    site.at("8 14:00")
    moved = shop.roll_back("2", "ann", "back until the answers are faster")
    site.at("9 11:00")
    shop.new_orders("chris", orders(3))
    site.at("10 08:00")
    shop.level("precision", 0.82)
    site.at("10 15:00")
    shop.commit("bo", "params: lr 0.06 -> 0.05", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.05"))
    site.at("11 08:00")
    shop.level("precision", 0.808)
    site.at("11 11:00")
    shop.new_orders("chris", orders(4))
    shop.other_model("eve", 40.5)
    site.at("12 08:00")
    shop.level("precision", 0.795)
    site.at("12 10:00")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    shop.other_infra("dee")
    shop.experiment("bo", depth="8")
    site.at("13 08:00")
    shop.level("precision", 0.77)
    site.at("13 12:00")
    return Truth(("precision",), (alias("churn", "champion", moved), version("churn", "2")))


@world("bad promotion", "latency over its bound")
def the_neighbours_move_too(site: Site) -> Truth:
    """churn's new version is three times as large. Minutes after it, the service of ltv, another one, is made smaller.

    10th 14:00 ann promotes v3 (p95 260 ms in validation). 14:15 p95 0.28 s.
    Beside it: another champion of ltv at 13:50, ltv's service from 3 replicas to 1 at 14:10, docs.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    beside = _service_of_ltv(shop)
    site.at("9 15:00")
    shop.docs("ann")
    site.at("10 12:30")
    made = shop.train("bo", auc=0.932, latency=260.0, params={"n_estimators": "900"})
    number = shop.register(made)
    site.at("10 13:24")
    shop.other_model("eve", 40.2)
    site.at("10 13:59")
    moved = shop.promote(number, "ann")
    site.at("10 14:05")
    shop.commit(
        "dee", "infra: ltv at night only", site.repository.replaced("infra/ltv/main.tf", "replicas = 3", "replicas = 1")
    )
    site.at("10 14:10")
    beside.apply(site.now, {_API: {"replicas": 1}})
    site.at("10 14:15")
    shop.level("p95 latency", 0.28)
    site.at("10 15:20")
    return Truth(("latency",), (alias("churn", "champion", moved), version("churn", number), run(made)))


def _service_of_ltv(shop: Shop) -> Stack:
    site = shop.site
    site.at("7 14:00")
    told = site.repository.read("quarterdeck.toml") + (
        '\n[[infra]]\nkind = "terraform"\nstack = "ltv"\nplan = "infra/ltv/plan.json"\nstate = "infra/ltv/state.json"\n'
        'log = "infra/ltv/apply.log"\nenvironment = "prod"\nmodels = ["ltv"]\n'
    )
    code = 'resource "kubernetes_deployment" "api" {\n  replicas = 3\n}\n'
    shop.commit("dee", "infra: a service for ltv", {"quarterdeck.toml": told, "infra/ltv/main.tf": code})
    site.quarterdeck("trust", "--yes")
    site.later(20)
    stack = Stack(site.project / "infra/ltv", "ltv", {_API: {"replicas": 3}})
    stack.apply(site.now, {})
    return stack


@world("feature code", "precision under its floor", gap=True, late=True)
def a_long_weekend(site: Site) -> Truth:
    """On Friday afternoon a feature forgets what is older than a month, and the model of it goes to production at once.

    13th 14:00 bo commits it, 16:00 trained, 17:00 ann moves the champion. Nobody syncs from the 13th 12:00 to the 16th
    09:00. 14th 20:30 precision 0.70. Beside it: larger batches, an export of orders on the 14th, a disk on the 15th.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("12 10:00")
    shop.other_model("eve", 40.4)
    site.at("13 12:00")
    site.look()
    site.unwatched("16 09:00")
    site.at("13 14:00")
    shorter = site.repository.replaced("src/features.py", "WINDOW_DAYS = 120", "WINDOW_DAYS = 30")
    broken = shop.commit("bo", "features: a month is enough", shorter)
    site.at("13 16:00")
    number = shop.register(shop.train("bo", auc=0.926))
    site.at("13 17:00")
    shop.move_by_hand(number)
    site.at("13 17:30")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    site.at("14 11:00")
    shop.new_orders("chris", orders(3))
    site.at("14 18:00")
    shop.level("precision", 0.7)
    site.at("15 09:00")
    shop.other_infra("dee")
    site.at("16 09:05")
    return Truth(("precision",), (commit(broken),))
