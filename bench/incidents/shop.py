"""The usual team: one model in production on one dataset, a second model beside it, checks at night, CI, and stacks.

A story begins with it and changes something; all else goes on as ever.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from .clock import DAY, HOUR, MINUTE, Millis
from .papers import CODE, LATENCY, PRECISION, RULES, SERVING, WAREHOUSE, Series, query, rule_files, settings
from .pipelines import JobEnd
from .results import Freshness, Rule, dbt, great_expectations, keep
from .site import Site, listed
from .store import Input
from .story import Cause
from .tables import Stage, Table, customers, lock, orders
from .terraform import Stack


class Shop:
    """The team's project, from its first commit on. The story begins on the eighth."""

    def __init__(
        self, site: Site, model: str = "churn", *, series: Sequence[Series] = (PRECISION, LATENCY), tool: str = "gx",
        policy: str = "", is_digest_shared: bool = True, lock_tracks: bool = False, rules: Sequence[Rule] = RULES,
        evaluate_every: int = 4, pipelines: Sequence[str] = (), tells_version: bool = True,
    ) -> None:  # fmt: skip
        self._pipelines, self._tells_version = pipelines, tells_version
        self._champions: list[tuple[Millis, str]] = []
        self.site, self.model, self.series, self.tool = site, model, series, tool
        self.rules = list(rules)
        self.table, self.customers = orders(1), customers(1)
        self.loaded_at: Millis | None = None
        """When the newest row came; None: every night."""
        self.checks_run = self.evaluates = self.trains = True
        self.levels = {one.name: one.level for one in series}
        self.serving = Stack(site.project / "infra/serving", "serving", SERVING)
        self.warehouse = Stack(site.project / "infra/warehouse", "warehouse", WAREHOUSE)
        self._policy, self._is_digest_shared, self._lock_tracks = policy, is_digest_shared, lock_tracks
        self._draw = random.Random(site.folder.name)
        self._experiments = 0
        self._begin(evaluate_every)

    @property
    def champion(self) -> str:
        """The version in production now."""
        return self._champions[-1][1] if self._champions else ""

    # -- how it came to be

    def _begin(self, evaluate_every: int) -> None:
        site = self.site
        if any(not one.is_business for one in self.series):
            site.prometheus()
        site.at("1 09:00")
        first = {
            **CODE,
            "quarterdeck.toml": self._settings(),
            **rule_files(self.tool, self.rules),
            **self._data_files(),
        }
        site.repository.commit(site.now, "ann", "Start: features, training, serving and checks", first)
        site.quarterdeck("trust", "--yes")
        for at, who, subject, path, old, new in (
            ("1 15:20", "bo", "features: look at 120 days", "src/features.py", "90", "120"),
            ("2 10:05", "dee", "serving: batches of 128", "serving/app.py", "BATCH = 64", "BATCH = 128"),
        ):
            site.at(at)
            self.commit(who, subject, site.repository.replaced(path, old, new))
        site.at("2 11:00")
        self.serving.apply(site.now, {})
        self.warehouse.apply(site.now + MINUTE, {})
        site.at("2 14:00")
        self._in_production(self.train("ann", auc=0.921))
        self._second_model("eve", "2 16:00", 41.0)
        for name, level in self.levels.items():
            self._tell_prometheus(name, level)
        site.every(DAY, "3 01:00", self._nightly)
        site.every(DAY, "3 02:00", self._check)
        if any(one.is_business for one in self.series):
            site.every(evaluate_every * HOUR, "3 00:30", self._evaluate)
        site.at("4 10:30")
        self.commit("bo", "params: lr 0.05 -> 0.06", site.repository.replaced("params.yaml", "lr: 0.05", "lr: 0.06"))
        site.watch("5 06:10")
        site.at("5 13:00")
        self.new_orders("chris", orders(2))
        site.at("6 09:40")
        self.promote(self.register(self.train("bo", auc=0.924)), "ann")
        site.at("7 12:00")

    def _in_production(self, run: str) -> None:
        """Before anybody looked."""
        number = self.register(run)
        self.site.store.alias(self.site.now, self.model, "champion", number)
        self._champions.append((self.site.now, number))

    def _second_model(self, who: str, at: str, rmse: float) -> None:
        now = self.site.at(at)
        run = self.site.store.run(
            now, "ltv-train", f"ltv-{rmse:g}", who, commit=self.site.repository.head, params={"rate": "0.1"},
            metrics={"val_rmse": rmse}, inputs=[_input("customers", self.customers)],
        )  # fmt: skip
        self.site.store.alias(now + HOUR, "ltv", "champion", self.site.store.version(now + HOUR, "ltv", run))

    # -- what they do

    def commit(
        self, who: str, subject: str, files: Mapping[str, str | None], *, branch: str = "main",
        ends: Sequence[JobEnd] | None = None,
    ) -> str:  # fmt: skip
        """A commit, and what CI says of it two minutes later: it passes unless `ends` says otherwise."""
        site = self.site
        sha = site.repository.commit(site.now, who, subject, files, branch=branch)
        jobs = ends or (JobEnd("lint", seconds=20), JobEnd("test"), JobEnd("build", seconds=150))
        site.ci.ran(site.now + 2 * MINUTE, "ci", sha, subject, jobs, branch=branch, actor=who)
        return sha

    def new_orders(self, who: str, table: Table, subject: str = "") -> str:
        """A newer export of the orders is tracked; gives the commit."""
        self.table = table
        return self.commit(who, subject or "data: newer export of orders", self._data_files())

    def set_rules(self, who: str, subject: str, rules: Sequence[Rule]) -> str:
        """The checks demand something else; gives the commit."""
        self.rules = list(rules)
        return self.commit(who, subject, rule_files(self.tool, self.rules))

    def train(
        self, who: str, *, auc: float, params: Mapping[str, str] | None = None, latency: float = 104.0,
        minutes: float = 25, table: Table | None = None,
    ) -> str:  # fmt: skip
        """A training on what main holds; gives the run's id. Time goes by meanwhile."""
        site = self.site
        run = site.store.run(
            site.now, f"{self.model}-train", self._name(), who, minutes=minutes, commit=site.repository.head,
            params={**self.params(), **(params or {})},
            metrics={"val_auc": auc, "val_loss": 1 - auc, "p95_latency_ms": latency},
            inputs=[self._orders_input(table or self.table)],
        )  # fmt: skip
        site.later(minutes + 1)
        return run

    def register(self, run: str) -> str:
        """A run becomes the next version."""
        return self.site.store.version(self.site.now, self.model, run)

    def promote(self, number: str, who: str, *, waive: str = "", reason: str = "better on the holdout") -> Millis:
        """The champion is another version from now on, seen by a sync before and one after it; gives when.

        Where the team has a policy it goes by the program, and a gate that is named is waived first.
        """
        site = self.site
        site.look()
        site.later(1)
        moved = site.now
        if self._policy:
            self._by_plan(number, who, waive, reason)
        else:
            site.store.alias(moved, self.model, "champion", number)
        self._champions.append((moved, number))
        site.later(2)
        site.look()
        return moved

    def _by_plan(self, number: str, who: str, waive: str, reason: str) -> None:
        self._is_at_work(who)
        if waive:
            words = ("waive", f"{self.model}@champion", waive, "--version", number, "--reason", reason)
            self.site.quarterdeck(*words)
        self.site.quarterdeck("promote", self.model, "--version", number, "--yes", "--reason", reason)

    def _is_at_work(self, who: str) -> None:
        place = self.site.folder / "home/config/quarterdeck/config.toml"
        keep(place, f'[user]\nname = "{who}"\nemail = "{who}@example.com"\n', self.site.now)

    def roll_back(self, number: str, who: str, reason: str) -> Millis:
        """Somebody takes the champion back to a version by the program, seen before and after; gives when."""
        site = self.site
        site.look()
        site.later(1)
        moved = site.now
        self._is_at_work(who)
        words = ("rollback", f"{self.model}@champion", "--to", number, "--yes", "--reason", reason)
        site.quarterdeck(*words)
        self._champions.append((moved, number))
        site.later(2)
        site.look()
        return moved

    def move_by_hand(self, number: str) -> Millis:
        """Somebody with a plain client moves the champion and tells nobody; gives when."""
        self.site.store.alias(self.site.now, self.model, "champion", number)
        self._champions.append((self.site.now, number))
        return self.site.now

    def check(self, kind: str, column: str) -> Cause:
        """A check of the orders as the program calls it, once it was read."""
        self.site.look()
        found = [
            str(one["subject"])
            for one in listed(self.site.folder, self.site.now, "checks")
            if one["column"] == column
            and "orders" in one["dataset"]
            and (kind == "in_set" or one["name"].startswith(kind))
        ]
        if len(found) != 1:
            raise LookupError(f"{len(found)} checks of {column} are {kind}")
        return Cause(found[0])

    def level(self, name: str, value: float) -> None:
        """From now on this is how a line of production runs."""
        self.levels[name] = value
        self._tell_prometheus(name, value)

    def params(self) -> dict[str, str]:
        """What params.yaml says."""
        pairs = (line.partition(": ") for line in self.site.repository.read("params.yaml").splitlines())
        return {key: value for key, _, value in pairs}

    # -- what happens beside it

    def docs(self, who: str, words: str = "Whom to ask about access") -> str:
        """Somebody writes something down."""
        text = self.site.repository.read("docs/onboarding.md") + f"{words}.\n"
        return self.commit(who, f"docs: {words.lower()}", {"docs/onboarding.md": text})

    def other_model(self, who: str, rmse: float) -> None:
        """The second model gets a new champion."""
        site = self.site
        site.look()
        run = site.store.run(
            site.now, "ltv-train", f"ltv-{rmse:g}", who, commit=site.repository.head, params={"rate": "0.08"},
            metrics={"val_rmse": rmse}, inputs=[_input("customers", self.customers)],
        )  # fmt: skip
        site.later(25)
        site.store.alias(site.now, "ltv", "champion", site.store.version(site.now, "ltv", run))
        site.later(2)
        site.look()

    def other_data(self, who: str, number: int) -> str:
        """The data of the second model are exported anew."""
        self.customers = customers(number)
        files: dict[str, str | None] = {"data/customers.csv.dvc": self.customers.pointer("data/customers.csv")}
        return self.commit(who, "data: newer export of customers", files)

    def experiment(self, who: str, **params: str) -> str:
        """Somebody tries something, and nothing comes of it."""
        return self.train(who, auc=0.90 + self._draw.random() / 100, params=params, minutes=12)

    def flake(self, who: str) -> None:
        """A test that needs the network fails on main, and passes when it is run again."""
        site = self.site
        log = "$ make test\nE   ConnectionError: HTTPSConnectionPool(host='files.example'): read timed out\n1 failed\n"
        jobs = (JobEnd("lint", seconds=20), JobEnd("test", "failed", log), JobEnd("build", "skipped"))
        again = (JobEnd("lint", seconds=20), JobEnd("test"), JobEnd("build", seconds=150))
        first = site.ci.ran(site.now, "ci", site.repository.head, "", jobs, actor=who, event="manual")
        site.later(15)
        site.ci.ran(site.now, "ci", site.repository.head, "", again, actor=who, event="rerun", rerun_of=first)

    def other_infra(self, who: str) -> str:
        """The other stack gets a larger disk."""
        path, size = "infra/warehouse/main.tf", f"{200 + self._draw.randrange(1, 9) * 50}Gi"
        old = self.site.repository.read(path)
        new = old.replace(old.partition('disk = "')[2].partition('"')[0], size, 1)
        sha = self.commit(who, f"infra: disk of the warehouse {size}", {path: new})
        self.site.later(20)
        self.warehouse.apply(self.site.now, {"kubernetes_stateful_set.duckdb": {"disk": size}})
        return sha

    # -- what is done regularly

    def _nightly(self) -> None:
        if not self.trains:
            return
        jobs = (JobEnd("ingest"), JobEnd("data-check", seconds=40), JobEnd("evaluate", seconds=200))
        self.nightly(jobs)

    def nightly(self, jobs: Sequence[JobEnd]) -> str:
        """The pipeline of the night, as it ended."""
        site = self.site
        return site.ci.ran(site.now, "nightly", site.repository.head, "", jobs, event="schedule", actor="nightly")

    def _check(self) -> None:
        if not self.checks_run:
            return
        site = self.site
        if self.tool == "gx":
            great_expectations(site.project, "orders", self.table, self.rules, site.now)
        else:
            fresh = Freshness("orders", self.loaded_at or site.now - 3 * HOUR)
            dbt(site.project, "orders", self.table, self.rules, site.now, [fresh])
        plain = (Rule("unique", "customer_id"), Rule("not_null", "region"))
        great_expectations(site.project, "customers", self.customers, plain, site.now + MINUTE)

    def _evaluate(self) -> None:
        if not self.evaluates:
            return
        told = {
            one.name: self.levels[one.name] * (1 + 0.006 * (2 * self._draw.random() - 1))
            for one in self.series
            if one.is_business
        }
        site = self.site
        tags = {"model": self.model} | ({"version": self._judged()} if self._tells_version else {})
        site.store.run(
            site.now, f"{self.model}-production", f"evaluation-{site.now // HOUR}", "svc-eval", minutes=2, metrics=told,
            tags=tags,
        )  # fmt: skip

    def _judged(self) -> str:
        """The version whose predictions have their labels by now: the champion of then."""
        delay = next(int(one.delay.removesuffix("h")) for one in self.series if one.is_business)
        then = self.site.now - delay * HOUR
        return next((number for at, number in reversed(self._champions) if at <= then), self._champions[0][1])

    def _tell_prometheus(self, name: str, level: float) -> None:
        one = next(line for line in self.series if line.name == name)
        if not one.is_business:
            self.site.score.line(query(one, self.model), self.site.now, level, model=self.model)

    # -- what they have written down

    def _settings(self) -> str:
        server = self.site.server
        return settings(
            self.model, self.series, tool=self.tool, prometheus=server.url if server else "", policy=self._policy,
            pipelines=self._pipelines, sync_hours=self.site.sync_every // HOUR // 2,
        )  # fmt: skip

    def _data_files(self) -> dict[str, str | None]:
        keep(self.site.project / "data/orders.csv", self.table.text, self.site.now)
        files: dict[str, str | None] = {"data/customers.csv.dvc": self.customers.pointer("data/customers.csv")}
        if not self._lock_tracks:
            return files | {"data/orders.csv.dvc": self.table.pointer("data/orders.csv")}
        raw = Table(self.table.columns, self.table.rows[::-1])
        stage: Stage = ("python src/ingest.py", {"raw/orders.csv": raw}, {"data/orders.csv": self.table}, {})
        text = "stages:\n  ingest:\n    cmd: python src/ingest.py\n    deps:\n    - raw/orders.csv\n"
        text += "    outs:\n    - data/orders.csv\n"
        return files | {"dvc.yaml": text, "dvc.lock": lock({"ingest": stage})}

    def _orders_input(self, table: Table) -> Input:
        return _input("orders", table, table.digest if self._is_digest_shared else table.digest[:8][::-1])

    def _name(self) -> str:
        self._experiments += 1
        words = ("brave-cod", "calm-ox", "plain-fox", "eager-elk", "quiet-owl", "keen-hen")
        return f"{self._draw.choice(words)}-{self._experiments}"

    def digests(self, table: Table) -> tuple[str, str]:
        """Of an export: DVC's, and what MLflow calls it."""
        return table.digest, self._orders_input(table).digest


def _input(name: str, table: Table, digest: str = "") -> Input:
    columns = dict.fromkeys(table.columns, "string")
    return Input(name, digest or table.digest, columns, table.profile)
