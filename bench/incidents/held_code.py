"""Held out: code, configuration, and what the code stands on."""

from __future__ import annotations

from .papers import ERRORS, LATENCY, POLICY, PRECISION
from .pipelines import JobEnd
from .shop import Shop
from .site import Site
from .story import Truth, commit, world
from .tables import orders

_GREEN = (JobEnd("lint", seconds=20), JobEnd("test"), JobEnd("build", seconds=150))
_LOCK = """version = 1

[[package]]
name = "scikit-learn"
version = "1.5.2"

[[package]]
name = "starlette"
version = "0.41.3"

[[package]]
name = "urllib3"
version = "2.2.3"
"""


@world("feature code", "precision under its floor", late=True)
def known_only_afterwards(site: Site) -> Truth:
    """A feature knows what is to be foretold: letters of cancellation. Validation is splendid, production is not.

    8th 14:00 bo commits it. 9th 10:00 trained (val_auc 0.987), promoted. 10th 12:30 precision 0.61.
    Beside it: an export of orders that is like the others, a newer pytest, another champion of ltv, a disk.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("8 11:00")
    shop.commit("dee", "requirements: pytest 8.3.3 -> 8.3.4", {"requirements-dev.txt": "pytest==8.3.4\n"})
    site.at("8 14:00")
    text = site.repository.read("src/features.py")
    text += '\n\ndef letters(mail):\n    return mail[mail.kind == "cancel"].groupby("customer_id").size()\n'
    broken = shop.commit("bo", "features: letters of the customers", {"src/features.py": text})
    site.at("8 16:00")
    shop.new_orders("chris", orders(3))
    site.at("9 10:00")
    shop.promote(shop.register(shop.train("bo", auc=0.987)), "ann")
    site.at("9 15:00")
    shop.other_model("eve", 40.4)
    site.at("10 09:00")
    shop.other_infra("dee")
    site.at("10 11:00")
    shop.level("precision", 0.61)
    site.at("10 18:00")
    return Truth(("precision",), (commit(broken),))


@world("dependency bump", "error rate over its bound")
def the_weekly_relock(site: Site) -> Truth:
    """A machine writes the lock file anew: requirements.txt stays as it is, but the web framework is another.

    10th 09:30 renovate's commit, built by 09:37. 09:50 the error rate is 3.5 %.
    Beside it: an export of orders at 08:40, serving's README at 09:35, a promotion on the 8th, an experiment.
    """
    shop = Shop(site, series=(PRECISION, LATENCY, ERRORS))
    site.at("7 14:00")
    shop.commit("dee", "build: lock what we stand on", {"uv.lock": _LOCK})
    site.at("8 10:00")
    shop.promote(shop.register(shop.train("bo", auc=0.925)), "ann")
    site.at("9 16:00")
    shop.experiment("bo", depth="8")
    site.at("10 08:40")
    shop.new_orders("chris", orders(3))
    site.at("10 09:30")
    newer = _LOCK.replace("0.41.3", "0.46.1").replace("2.2.3", "2.5.0")
    broken = shop.commit("renovate", "chore(deps): lock file maintenance", {"uv.lock": newer})
    site.at("10 09:35")
    shop.commit("ann", "serving: whom to call", {"serving/README.md": "Call dee.\n"})
    site.at("10 09:50")
    shop.level("error rate", 0.035)
    site.at("10 11:00")
    return Truth(("error rate",), (commit(broken),))


@world("configuration", "precision under its floor")
def nothing_for_unknown(site: Site) -> Truth:
    """Who never bought counted as the mean, and counts as today from now on: a default in a file that serving reads.

    10th 11:00 eve commits it. 11th 12:30 precision 0.70. v3, promoted with a waiver (190 ms) on the 9th at 16:00, was
    judged well for a day. Beside it: that, another champion of ltv, a disk of the warehouse, docs.
    """
    shop = Shop(site, series=(PRECISION, LATENCY), policy=POLICY)
    path = "config/features.yaml"
    site.at("7 14:00")
    shop.commit("bo", "features: defaults in one place", {path: "recency_default: 120\nspent_default: 0\n"})
    site.at("9 15:30")
    made = shop.register(shop.train("bo", auc=0.927, latency=190.0))
    shop.promote(made, "ann", waive="metric:p95_latency_ms", reason="ten milliseconds")
    site.at("9 18:00")
    shop.other_model("eve", 40.5)
    site.at("10 11:00")
    changed = site.repository.replaced(path, "recency_default: 120", "recency_default: 0")
    broken = shop.commit("eve", "config: no made up recency", changed)
    site.at("10 14:00")
    shop.other_infra("dee")
    site.at("10 16:00")
    shop.docs("ann")
    site.at("11 11:10")
    shop.level("precision", 0.7)
    site.at("11 18:00")
    return Truth(("precision",), (commit(broken),))


@world("code commit", "the pipeline of main is red")
def two_green_branches(site: Site) -> Truth:
    """Two branches pass, each by itself: one renames what the other one calls. The second merge turns main red.

    10th 13:00 bo's rename is merged and passes. 14:00 eve's weekly report is merged: it imports the old name.
    15:00 ann's docs are red as well. Beside it: a flaky test in the morning, params at 13:40, a disk at 13:30.
    """
    shop = Shop(site)
    site.at("10 09:00")
    shop.flake("dee")
    site.at("10 10:00")
    renamed = site.repository.replaced("src/features.py", "def spent", "def turnover")
    train = site.repository.replaced("src/train.py", "spent", "turnover")
    shop.commit("bo", "features: turnover", {**renamed, **train}, branch="turnover")
    site.at("10 10:30")
    text = "from features import spent\n\n\ndef report(orders):\n    print(spent(orders).sum())\n"
    weekly = shop.commit("eve", "report: what was spent in a week", {"src/report.py": text}, branch="weekly")
    site.at("10 13:00")
    _merged(shop, "bo", "turnover", _GREEN)
    site.at("10 13:30")
    shop.other_infra("dee")
    site.at("10 13:51")
    shop.commit("bo", "params: lr 0.06 -> 0.07", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.07"))
    site.at("10 14:05")
    log = "$ make test\nE   ImportError: cannot import name 'spent' from 'features' (src/features.py)\n1 failed\n"
    red = (JobEnd("lint", seconds=20), JobEnd("test", "failed", log), JobEnd("build", "skipped"))
    merge = _merged(shop, "eve", "weekly", red)
    site.at("10 15:00")
    notes = site.repository.read("docs/onboarding.md")
    shop.commit("ann", "docs: where the keys are", {"docs/onboarding.md": f"{notes}Keys.\n"}, ends=red)
    site.at("10 16:30")
    return Truth(("ci",), (commit(merge), commit(weekly)))


def _merged(shop: Shop, who: str, branch: str, ends: tuple[JobEnd, ...]) -> str:
    site = shop.site
    sha = site.repository.merge(site.now, who, branch)
    site.ci.ran(site.now + 120_000, "ci", sha, f"Merge branch '{branch}'", ends, actor=who)
    return sha


@world("parameter change", "a run failed")
def forty_levels_deep(site: Site) -> Truth:
    """Trees of forty levels need more memory than the machine has: the training of the night fails.

    10th 16:00 eve in params.yaml. 11th 00:10 the run fails after eight minutes; those of the nights before were well.
    Beside it: an export of orders at 11:00, a newer pytest, docs at 17:00, replicas of the serving up at 18:00.
    """
    shop = Shop(site)
    for night in ("9 00:10", "10 00:10"):
        site.at(night)
        shop.train("svc-train", auc=0.923)
    site.at("10 11:00")
    shop.new_orders("chris", orders(3))
    site.at("10 14:00")
    shop.commit("dee", "requirements: pytest 8.3.3 -> 8.3.4", {"requirements-dev.txt": "pytest==8.3.4\n"})
    site.at("10 16:00")
    deep = shop.commit("eve", "params: let them grow", site.repository.replaced("params.yaml", "depth: 6", "depth: 40"))
    site.at("10 17:00")
    shop.docs("ann")
    site.at("10 18:00")
    shop.commit(
        "dee", "infra: 5 replicas", site.repository.replaced("infra/serving/main.tf", "replicas = 4", "replicas = 5")
    )
    site.later(10)
    shop.serving.apply(site.now, {"kubernetes_deployment.api": {"replicas": 5}})
    site.at("11 00:10")
    site.store.run(
        site.now, "churn-train", "tired-mole", "svc-train", minutes=8, status="FAILED", commit=site.repository.head,
        params=shop.params(),
    )  # fmt: skip
    site.at("11 07:00")
    return Truth(("tired-mole",), (commit(deep),))


@world("code commit", "latency over its bound")
def every_answer_to_the_disk(site: Site) -> Truth:
    """Each answer is written to the disk before it is sent. In the same minutes the serving got more replicas.

    10th 14:02 bo commits it, built by 14:09. 14:00 dee: 4 replicas to 6, applied 14:05, which makes nothing slower.
    14:20 p95 0.29 s. Beside it: the replicas, params at 13:50, another champion of ltv, docs.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("10 11:00")
    shop.other_model("eve", 40.4)
    site.at("10 12:30")
    shop.docs("ann")
    site.at("10 13:50")
    shop.commit("eve", "params: lr 0.06 -> 0.05", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.05"))
    site.at("10 14:00")
    shop.commit(
        "dee", "infra: 6 replicas", site.repository.replaced("infra/serving/main.tf", "replicas = 4", "replicas = 6")
    )
    site.at("10 14:02")
    text = site.repository.read("serving/app.py") + "\n\ndef keep(answer):\n    with open(LOG, 'a') as log:\n"
    text += "        log.write(f'{answer}\\n')\n        os.fsync(log.fileno())\n"
    broken = shop.commit("bo", "serving: keep what we answered", {"serving/app.py": text})
    site.at("10 14:05")
    shop.serving.apply(site.now, {"kubernetes_deployment.api": {"replicas": 6}})
    site.at("10 14:20")
    shop.level("p95 latency", 0.29)
    site.at("10 15:30")
    return Truth(("latency",), (commit(broken),))
