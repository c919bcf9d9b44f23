"""Two causes at once: any of them first, and both among the first three."""

from __future__ import annotations

from .papers import LATENCY, PRECISION, RULES
from .results import Rule
from .shop import Shop
from .site import Site
from .story import Truth, commit, data, resource, world
from .tables import orders


@world("two causes", "precision under its floor", late=True)
def loosened_and_then_nulls(site: Site) -> Truth:
    """A check was loosened on one day, and on the next the data were what it would have refused; a gap lies between.

    8th 16:00 eve loosens the rule on customer_id in passing. 9th 10:00 chris: 4 % of the orders have no customer.
    9th 14:00 trained, promoted. 10th 20:30 precision 0.71. Beside it: docs, a disk of the warehouse, another ltv.
    """
    shop = Shop(site, tells_version=False, series=(PRECISION, LATENCY))
    site.at("8 16:00")
    weaker = [Rule("not_null", "customer_id", 0.9) if rule == RULES[2] else rule for rule in RULES]
    loosened = shop.set_rules("eve", "gx: format", weaker)
    site.at("9 10:00")
    exported = orders(3, nulls=0.04)
    tracked = shop.new_orders("chris", exported)
    site.at("9 14:00")
    shop.promote(shop.register(shop.train("bo", auc=0.927)), "ann")
    site.at("9 17:00")
    shop.docs("dee")
    shop.other_infra("dee")
    site.at("10 10:00")
    shop.other_model("eve", 40.4)
    site.at("10 20:00")
    shop.level("precision", 0.71)
    site.at("11 08:00")
    check = shop.check("not_null", "customer_id")
    nulls = (commit(tracked), *data(exported.digest, "data/orders.csv", "orders"))
    return Truth(("precision",), nulls, (commit(loosened), check))


@world("two causes", "latency over its bound")
def fewer_and_larger(site: Site) -> Truth:
    """Fewer replicas and larger batches within one hour: each alone would have been borne.

    10th 13:00 bo: batches of 512. 13:30 dee: 4 replicas to 3, applied 13:40. 13:50 p95 0.26 s.
    Beside it: docs at 13:10, an export of orders at 12:00, another champion of ltv.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("10 10:00")
    shop.other_model("eve", 40.4)
    site.at("10 12:00")
    shop.new_orders("chris", orders(3))
    site.at("10 13:00")
    larger = shop.commit("bo", "serving: batches of 512", site.repository.replaced("serving/app.py", "128", "512"))
    site.at("10 13:10")
    shop.docs("ann")
    site.at("10 13:30")
    fewer = shop.commit(
        "dee", "infra: 3 replicas do", site.repository.replaced("infra/serving/main.tf", "replicas = 4", "replicas = 3")
    )
    site.at("10 13:40")
    shop.serving.apply(site.now, {"kubernetes_deployment.api": {"replicas": 3}})
    site.at("10 13:50")
    shop.level("p95 latency", 0.26)
    site.at("10 14:50")
    return Truth(("latency",), (commit(larger),), (commit(fewer), *resource("serving", "kubernetes_deployment.api")))
