"""What comes before the model broke: pipelines, labels, or whoever measures."""

from __future__ import annotations

from .papers import LATENCY, PRECISION, RECALL
from .pipelines import JobEnd
from .shop import Shop
from .site import Site
from .story import Truth, commit, pipeline, resource, run, world


def _ingest_fails(log: str) -> tuple[JobEnd, ...]:
    return (
        JobEnd("ingest", "failed", f"$ make ingest\n{log}\n"),
        JobEnd("data-check", "skipped"),
        JobEnd("evaluate", "skipped"),
    )


@world("upstream pipeline", "a freshness check fails", late=True)
def the_password_of_the_shop(site: Site) -> Truth:
    """The shop changed a password, and the nightly ingest has failed since.

    9th 01:00 the first red night. dbt's freshness fails on the 11th at 02:00.
    Beside it: docs, params, another champion of ltv, a disk of the warehouse, a flaky test.
    """
    shop = Shop(site, tool="dbt", series=(PRECISION,))
    site.at("8 11:00")
    shop.docs("ann")
    site.at("8 15:00")
    shop.commit("bo", "params: lr 0.06 -> 0.05", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.05"))
    shop.trains = False
    shop.loaded_at = site.now - 14 * 3_600_000
    jobs = _ingest_fails("paramiko.ssh_exception.AuthenticationException: Authentication failed.")
    site.at("9 01:00")
    first = shop.nightly(jobs)
    site.at("9 11:00")
    shop.other_infra("dee")
    site.at("10 01:00")
    shop.nightly(jobs)
    site.at("10 10:00")
    shop.other_model("eve", 40.5)
    shop.flake("dee")
    site.at("11 01:00")
    shop.nightly(jobs)
    site.at("11 07:30")
    return Truth(("fresh",), (pipeline(first),))


@world("upstream pipeline", "precision under its floor", gap=True, late=True)
def the_new_bucket(site: Site) -> Truth:
    """The ingest reads from a bucket that does not exist yet: its pipeline fails, and the features grow old.

    9th 16:00 chris commits it. From the 10th 01:00 on nightly is red. No sync from the 9th 18:15 to the 10th 18:00.
    12th 20:30 precision 0.74. Beside it: docs, an experiment, a disk of the warehouse, a new champion of ltv.
    """
    shop = Shop(site, tells_version=False, series=(PRECISION,))
    site.at("9 11:00")
    shop.docs("ann")
    site.at("9 16:00")
    broken = shop.commit("chris", "ingest: read from the new bucket", {"src/ingest.py": 'BUCKET = "shop-exports-v2"\n'})
    site.at("9 18:15")
    site.unwatched("10 18:00")
    shop.trains = False
    jobs = _ingest_fails("botocore.errorfactory.NoSuchBucket: The specified bucket does not exist")
    site.at("10 01:00")
    first = shop.nightly(jobs)
    site.at("10 11:00")
    shop.experiment("bo", lr="0.2")
    for night in ("11 01:00", "12 01:00"):
        site.at(night)
        shop.nightly(jobs)
    site.at("12 10:00")
    shop.other_infra("dee")
    site.at("12 14:00")
    shop.other_model("eve", 40.2)
    site.at("12 20:00")
    shop.level("precision", 0.74)
    site.at("13 00:40")
    return Truth(("precision",), (commit(broken), pipeline(first)))


@world("labels", "recall under its floor")
def half_of_the_labels(site: Site) -> Truth:
    """The model is as good as ever: the pipeline that brings the labels broke off, and half of them are missing.

    10th 05:00 labels is red for the first time (a disk is full). 10th 08:30 recall 0.41.
    Beside it: an export of customers the day before, docs, a promotion of ltv, an experiment.
    """
    shop = Shop(site, tells_version=False, series=(RECALL,), pipelines=("labels",))
    for day in (7, 8, 9):
        if day > 7:
            site.at(f"{day} 05:00")
        site.ci.ran(
            site.now, "labels", site.repository.head, "", (JobEnd("labels"),), event="schedule", actor="nightly"
        )
    site.at("9 11:00")
    shop.other_data("chris", 2)
    site.at("9 14:00")
    shop.other_model("eve", 40.5)
    shop.docs("ann")
    site.at("9 16:00")
    shop.experiment("bo", depth="8")
    site.at("10 05:00")
    log = "$ make labels\nOSError: [Errno 28] No space left on device: 'labels/part-07.parquet'\n"
    ends = (JobEnd("labels", "failed", log),)
    red = site.ci.ran(site.now, "labels", site.repository.head, "", ends, event="schedule", actor="nightly")
    site.at("10 08:00")
    shop.level("recall", 0.41)
    site.at("10 13:00")
    return Truth(("recall",), (pipeline(red),))


@world("monitor artefact", "a series fell silent")
def nobody_evaluates(site: Site) -> Truth:
    """The evaluation was taken out of the nightly jobs, so nothing is said of the precision any more.

    9th 15:00 dee: "ci: faster nights" removes it. After the 9th 16:30 no evaluation comes.
    Beside it: an experiment, params, an apply of the warehouse, a new champion of ltv.
    """
    shop = Shop(site, series=(PRECISION,))
    site.at("9 11:00")
    shop.other_infra("eve")
    site.at("9 13:00")
    shop.experiment("bo", lr="0.2")
    site.at("9 15:00")
    removed = shop.commit("dee", "ci: faster nights", {"ci/evaluation.yml": "schedule: never\n"})
    site.at("9 17:00")
    shop.evaluates = False
    site.at("10 10:00")
    shop.other_model("eve", 40.7)
    site.at("10 14:00")
    shop.commit("bo", "params: lr 0.06 -> 0.05", site.repository.replaced("params.yaml", "lr: 0.06", "lr: 0.05"))
    site.at("11 18:00")
    return Truth(("precision",), (commit(removed),))


@world("monitor artefact", "a series fell silent", gap=True)
def the_exporter_is_gone(site: Site) -> Truth:
    """Prometheus has nothing to read any more: the service of the metrics was taken away with the old load balancer.

    9th 16:00 dee, applied 16:30, while nobody syncs (9th 12:00 to 10th 09:00). After 16:31 there is no latency.
    Beside it: docs, an experiment, a new export of customers, another champion of ltv.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("9 10:00")
    shop.other_model("eve", 40.5)
    site.at("9 12:00")
    site.look()
    site.unwatched("10 09:00")
    site.at("9 13:30")
    shop.other_data("chris", 2)
    site.at("9 15:00")
    shop.experiment("bo", depth="8")
    site.at("9 16:00")
    old = 'resource "kubernetes_service" "api" {}\n'
    removed = shop.commit("dee", "infra: the old balancer", site.repository.replaced("infra/serving/main.tf", old, ""))
    site.at("9 16:30")
    shop.serving.apply(site.now, {"kubernetes_service.api": None})
    site.at("9 16:31")
    site.score.line(_latency(shop), site.now, None, model="churn")
    site.at("9 17:10")
    shop.docs("ann")
    site.at("10 09:10")
    return Truth(("latency",), (commit(removed), *resource("serving", "kubernetes_service.api")))


def _latency(shop: Shop) -> str:
    from .papers import query

    return query(LATENCY, shop.model)


@world("infrastructure apply", "a run is stuck")
def no_graphics_card(site: Site) -> Truth:
    """A training waits for a graphics card that is there no more.

    10th 09:00 dee: the pool of cards to none, applied 09:20. 10:00 bo's training begins, and hangs after 5 steps.
    Beside it: docs, an export of customers, another champion of ltv.
    """
    shop = Shop(site, series=(PRECISION, LATENCY))
    site.at("9 15:00")
    shop.other_model("eve", 40.4)
    site.at("10 08:30")
    shop.docs("ann")
    site.at("10 09:00")
    pool = 'resource "kubernetes_node_pool" "gpu" {\n  nodes = 0\n}\n'
    text = site.repository.read("infra/warehouse/main.tf")
    edited = shop.commit("dee", "infra: nobody uses the cards", {"infra/warehouse/main.tf": f"{text}\n{pool}"})
    site.at("10 09:20")
    shop.warehouse.apply(site.now, {"kubernetes_node_pool.gpu": {"nodes": 0}})
    site.at("10 10:00")
    hung = site.store.run(
        site.now, "churn-train", "patient-heron", "bo", status="RUNNING", commit=site.repository.head,
        params=shop.params(),
    )  # fmt: skip
    for step in range(1, 6):
        site.store.log(site.now + step * 120_000, hung, "train_loss", 0.9 / step, step)
    site.at("10 14:00")
    shop.other_data("chris", 2)
    site.at("11 20:00")
    return Truth(("patient-heron",), (commit(edited), *resource("warehouse", "kubernetes_node_pool.gpu")))


@world("code commit", "a run failed")
def one_import_too_many(site: Site) -> Truth:
    """The nightly training of the champion's experiment fails since a commit on the training.

    10th 16:00 bo commits it; CI does not run the training and is green. 11th 00:10 svc-train's run fails.
    Beside it: docs, a disk of the warehouse, another champion of ltv.
    """
    shop = Shop(site, series=(PRECISION,))
    for day in (8, 9, 10):
        site.at(f"{day} 00:10")
        shop.train("svc-train", auc=0.92, minutes=15)
    site.at("10 11:00")
    shop.other_infra("dee")
    site.at("10 14:00")
    shop.other_model("eve", 40.3)
    site.at("10 15:30")
    shop.docs("ann")
    site.at("10 16:00")
    text = site.repository.read("src/train.py")
    broken = shop.commit("bo", "train: on the graphics card", {"src/train.py": f"{text}import torch\n"})
    site.at("11 00:10")
    failed = site.store.run(
        site.now, "churn-train", "broken-newt", "svc-train", minutes=1, status="FAILED", commit=site.repository.head,
        params=shop.params(),
    )  # fmt: skip
    site.at("11 07:00")
    assert run(failed)
    return Truth(("broken-newt",), (commit(broken),))
