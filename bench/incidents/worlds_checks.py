"""What would have held it back was made weaker, or taken away."""

from __future__ import annotations

from .papers import PRECISION, RECALL, RULES
from .results import Rule
from .shop import Shop
from .site import Site
from .story import Truth, commit, data, world
from .tables import orders


def _but(old: Rule, new: Rule | None) -> list[Rule]:
    """The usual rules with one replaced, or taken away."""
    return [new if rule == old and new else rule for rule in RULES if rule != old or new]


NULLS, UNIQUE, PLANS = RULES[2], RULES[1], RULES[3]


@world("loosened check", "precision under its floor", late=True)
def a_bound_that_was_in_the_way(site: Site) -> Truth:
    """The check would have refused the data, so it was loosened; the model was trained on them the day after.

    8th 16:45 bo: "gx: no noise at night", 1 % of nulls become 6 %. 9th 11:00 chris tracks an export with 3.5 %.
    10th 10:00 trained, 10:30 promoted. 12th 00:30 precision 0.73. Either is right, and both have to be named.
    Beside it: a new champion of ltv, docs, an apply of the warehouse.
    """
    shop = Shop(site, series=(PRECISION,))
    site.at("8 16:45")
    loosened = shop.set_rules("bo", "gx: no noise at night", _but(NULLS, Rule("not_null", "customer_id", 0.94)))
    site.at("9 11:00")
    exported = orders(3, nulls=0.035)
    tracked = shop.new_orders("chris", exported)
    site.at("9 15:00")
    shop.other_model("eve", 40.5)
    site.at("10 10:00")
    shop.promote(shop.register(shop.train("bo", auc=0.925)), "ann")
    site.at("10 14:00")
    shop.docs("dee")
    shop.other_infra("dee")
    site.at("12 00:00")
    shop.level("precision", 0.73)
    site.at("12 09:00")
    weaker = (commit(loosened), shop.check("not_null", "customer_id"))
    return Truth(("precision",), weaker, (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")))


@world("loosened check", "a check was loosened")
def loosened_on_a_friday(site: Site) -> Truth:
    """Nothing is broken yet: the rule on the column that the champion feeds on was loosened, and somebody should know.

    12th 17:20 eve: "tests: the new shop is noisy", the rule on customer_id takes 20 % of nulls. 13th 02:00 first seen.
    Beside it: docs, params, and a new export of customers on the same afternoon.
    """
    shop = Shop(site, series=(PRECISION,))
    site.at("12 14:00")
    shop.docs("ann")
    site.at("12 15:10")
    shop.commit("bo", "params: depth 6 -> 7", site.repository.replaced("params.yaml", "depth: 6", "depth: 7"))
    site.at("12 16:00")
    shop.other_data("chris", 2)
    site.at("12 17:20")
    loosened = shop.set_rules("eve", "tests: the new shop is noisy", _but(NULLS, Rule("not_null", "customer_id", 0.8)))
    site.at("13 08:00")
    return Truth(("customer_id", "loosened"), (commit(loosened), shop.check("not_null", "customer_id")))


@world("removed check", "recall under its floor", gap=True, late=True)
def no_time_for_uniqueness(site: Site) -> Truth:
    """The rule against doubled orders was dropped as too slow, and then an export had doubled orders.

    8th 17:00 eve drops it, while nobody syncs (8th 12:00 to 9th 09:00). 10th 11:00 chris tracks an export in which 7 %
    are doubled. 15:00 trained and promoted. 12th 12:30 recall 0.60. Beside it: features' tests, docs, an experiment.
    """
    shop = Shop(site, series=(PRECISION, RECALL))
    site.at("8 12:00")
    site.look()
    site.unwatched("9 09:00")
    site.at("8 17:00")
    dropped = shop.set_rules("eve", "gx: drop the slow rule", _but(UNIQUE, None))
    site.at("9 09:05")
    site.look()
    site.at("9 10:00")
    shop.commit("ann", "features: tests for no orders", {"tests/test_features.py": "def test_none():\n    pass\n"})
    site.at("10 11:00")
    exported = orders(3, twice=0.07)
    tracked = shop.new_orders("chris", exported)
    site.at("10 15:00")
    shop.promote(shop.register(shop.train("bo", auc=0.927)), "ann")
    site.at("11 10:00")
    shop.docs("dee")
    shop.experiment("bo", lr="0.15")
    site.at("12 12:00")
    shop.level("recall", 0.6)
    site.at("12 19:00")
    gone = (commit(dropped), shop.check("unique", "order_id"))
    return Truth(("recall",), gone, (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")))


@world("removed check", "precision under its floor", late=True)
def plans_nobody_knew(site: Site) -> Truth:
    """dbt's test of the plans was taken away because a new plan made it fail; the features count it as none.

    8th 10:30 chris tracks an export with the plan "student". 9th 02:00 the test fails. 9th 09:20 bo removes the test.
    10th 09:00 trained and promoted. 11th 20:30 precision 0.74. Beside it: another champion of ltv, docs, a flaky test.
    """
    shop = Shop(site, tool="dbt", series=(PRECISION,))
    site.at("8 10:30")
    exported = orders(3, plans=("basic", "plus", "family", "student"))
    tracked = shop.new_orders("chris", exported)
    site.at("9 09:20")
    removed = shop.set_rules("bo", "dbt: a test less", _but(PLANS, None))
    site.at("9 14:00")
    shop.other_model("eve", 40.9)
    site.at("10 09:00")
    shop.promote(shop.register(shop.train("bo", auc=0.925)), "ann")
    site.at("10 15:00")
    shop.docs("dee")
    shop.flake("dee")
    site.at("11 20:00")
    shop.level("precision", 0.74)
    site.at("12 08:00")
    gone = (commit(removed), shop.check("in_set", "plan"))
    return Truth(("precision",), (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")), gone)
