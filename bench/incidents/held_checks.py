"""Held out: a check that would have held it back, and did not any more."""

from __future__ import annotations

from .papers import LATENCY, PRECISION, RULES
from .results import Rule
from .shop import Shop
from .site import Site
from .story import Truth, commit, data, world
from .tables import orders

_NULLS, _AMOUNT = RULES[2], RULES[4]


def _but(old: Rule, new: Rule) -> list[Rule]:
    return [new if rule == old else rule for rule in RULES]


@world("loosened check", "precision under its floor", late=True)
def only_a_warning(site: Site) -> Truth:
    """dbt's test of the customers only warns from now on; two nights later it does, and the model is trained anyway.

    8th 16:00 eve lowers its severity. 9th 10:00 chris tracks an export with 5 % of orders of nobody. 10th 10:00 trained
    and promoted. 11th 12:30 precision 0.72. Both have to be named.
    Beside it: another champion of ltv, a disk of the warehouse, docs, an experiment.
    """
    shop = Shop(site, tool="dbt", series=(PRECISION,))
    site.at("8 16:00")
    lowered = shop.set_rules("eve", "dbt: sleep at night", _but(_NULLS, _NULLS._replace(severity="warning")))
    site.at("9 10:00")
    exported = orders(3, nulls=0.05)
    tracked = shop.new_orders("chris", exported)
    site.at("9 15:00")
    shop.other_model("eve", 40.3)
    site.at("10 10:00")
    shop.promote(shop.register(shop.train("bo", auc=0.925)), "ann")
    site.at("10 15:00")
    shop.docs("ann")
    shop.other_infra("dee")
    site.at("11 09:00")
    shop.experiment("bo", lr="0.2")
    site.at("11 11:30")
    shop.level("precision", 0.72)
    site.at("11 18:00")
    weaker = (commit(lowered), shop.check("not_null", "customer_id"))
    return Truth(("precision",), (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")), weaker)


@world("loosened check", "precision under its floor", late=True)
def a_piano_for_all(site: Site) -> Truth:
    """The bound of the amount was raised a hundredfold, and so an export in cents came through.

    8th 15:00 bo raises it, since somebody bought a piano. 10th 11:00 chris tracks the export in cents, 15:00 trained
    and promoted. 11th 16:30 precision 0.70. Both have to be named.
    Beside it: larger batches, another champion of ltv, a new export of customers, docs.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("8 15:00")
    widened = shop.set_rules(
        "bo", "gx: somebody bought a piano", _but(_AMOUNT, Rule("between", "amount", most=200000.0))
    )
    site.at("9 11:00")
    shop.other_data("eve", 2)
    site.at("9 15:00")
    shop.commit("dee", "serving: batches of 256", site.repository.replaced("serving/app.py", "128", "256"))
    site.at("10 11:00")
    exported = orders(3, cents=True)
    tracked = shop.new_orders("chris", exported)
    site.at("10 15:00")
    shop.promote(shop.register(shop.train("bo", auc=0.925)), "ann")
    site.at("10 17:00")
    shop.other_model("eve", 40.6)
    shop.docs("ann")
    site.at("11 16:00")
    shop.level("precision", 0.7)
    site.at("11 20:00")
    weaker = (commit(widened), shop.check("between", "amount"))
    return Truth(("precision",), (commit(tracked), *data(exported.digest, "data/orders.csv", "orders")), weaker)
