"""A team in which something goes wrong: a model in production, what it was made of, and what watches it."""

from __future__ import annotations

from array import array
from hashlib import sha1
from pathlib import Path
from typing import Any

from quarterdeck.app.records import (
    Actor,
    Alert,
    Batch,
    Change,
    Changes,
    CheckResult,
    Commit,
    DataIdentity,
    Dataset,
    DataVersion,
    Experiment,
    Identities,
    Invocation,
    LedgerEntry,
    ModelVersion,
    MonitorSeries,
    Outcome,
    Pipeline,
    Promotions,
    Ref,
    RegisteredModel,
    Run,
    Samples,
    SeriesKind,
    SourceSpec,
    SourceState,
    Stack,
    Subject,
    Suspect,
    parse_subject,
    series_key,
)  # fmt: skip
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State
from quarterdeck.app.triage.explain import explain
from quarterdeck.app.triage.outlook import Outlook

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
NOW = 1_790_000_000_000
"""3 o'clock in the morning, as far as anybody is concerned."""

SOURCES = {
    key: SourceSpec(key=key, kind=kind, name=name, address=f"https://{name}.example")
    for key, kind, name in (
        ("g", "git", "git"), ("m", "mlflow", "mlflow"), ("r", "registry", "models"), ("d", "checks", "gx"),
        ("c", "github", "ci"), ("p", "prometheus", "prometheus"), ("t", "terraform", "serving"),
    )
}  # fmt: skip
ORDERS = DataIdentity(name="orders", same=(("mlflow", "orders"), ("dvc", "data/orders.csv"), ("gx", "orders_asset")))
PRECISION = series_key("p", "precision", {})
LATENCY = series_key("p", "p95 latency", {})


def sha(name: str) -> str:
    """A commit's, told by a word."""
    return sha1(name.encode()).hexdigest()


class Team:
    """Writes what sources say, in any order, and asks what changed. Times are hours before NOW."""

    def __init__(
        self, folder: Path, name: str = "one", *, cache: Path | None = None, state: Path | None = None
    ) -> None:
        path = folder / f"{name}.db" if cache is None else cache
        self.cache = Cache(path)
        self.cache.declare(SOURCES.values())
        self.reader = Reader(path)
        self.state = State(folder / f"{name}-state.db" if state is None else state)
        self.outlook = Outlook(identities=Identities([ORDERS]), environment="prod")
        for spec in SOURCES.values():
            made = SourceState(
                source=spec.key, kind=spec.kind, name=spec.name, address=spec.address, state="ok", last_ok_at=NOW
            )  # fmt: skip
            self.cache.save_state(made)
        self.write("m", experiments=(Experiment(source="m", id="1", name="churn-train"),))
        self.entries: list[LedgerEntry] = []

    def close(self) -> None:
        self.reader.close()
        self.state.close()
        self.cache.close()

    def write(self, source: str, **said: Any) -> None:
        self.cache.write(source, Batch(**said), NOW)
        while (news := self.cache.news()) is not None:  # as the syncer does
            self.state.keep_news(news)
            self.cache.forget_news(news)

    # -- code

    def commit(
        self, name: str, hours: float, *paths: str, parent: str = "", subject: str = "", by: str = "bo"
    ) -> str:  # fmt: skip
        at = when(hours)
        made = Commit(
            source="g", sha=sha(name), parents=(sha(parent),) if parent else (), author=by, email=f"{by}@example.com",
            authored_at=at, committed_at=at, subject=subject or f"Change {name}",
            changes=tuple(Change(kind="M", path=path) for path in paths),
        )  # fmt: skip
        self.write("g", commits=(made,))
        return made.sha

    def watched(self, *branches: str) -> None:
        refs = tuple(Ref(source="g", name=one, kind="branch", sha=sha("head"), watched=True) for one in branches)
        self.write("g", refs=refs)

    # -- training and production

    def run(self, name: str, hours: float, **rest: Any) -> str:
        facts: dict[str, Any] = {
            "source": "m", "id": name, "experiment_id": "1", "name": name, "status": "finished",
            "started_at": when(hours), "ended_at": when(hours) + 10 * MINUTE, "user": "bo",
        }  # fmt: skip
        self.write("m", runs=(Run(**(facts | rest)),))
        return name

    def version(self, number: str, hours: float, run: str | None, model: str = "churn") -> None:
        made = ModelVersion(
            source="r", model=model, version=number, run_id=run, created_at=when(hours), user="bo"
        )  # fmt: skip
        self.write("r", versions=(made,))

    def shows(self, **aliases: str) -> None:
        self.write("r", models=(RegisteredModel(source="r", name="churn", aliases=aliases),))

    def seen(self, hours: float, began: float, **aliases: str) -> None:
        """A look at the registry."""
        self.state.observe_aliases("r", {"churn": aliases}, (), when(hours), when(began))

    def promoted(self, number: int, version: str, previous: str | None, hours: float, **rest: Any) -> None:
        facts: dict[str, Any] = {
            "source": "g", "model": "churn", "alias": "champion", "number": number, "id": f"entry{number}",
            "version": version, "previous": previous, "at": when(hours), "by": Actor(name="bo"),
            "gates": {"metric": "pass", "ci": "pass"},
        }  # fmt: skip
        entry = LedgerEntry(**(facts | rest))
        self.entries.append(entry)
        self.write("g", promotions=Promotions(entries=tuple(self.entries)))

    # -- data

    def tracked(self, digest: str, commit: str, hours: float, name: str = "data/orders.csv", **rest: Any) -> None:
        made = DataVersion(source="g", name=name, digest=digest, commit=sha(commit), at=when(hours), **rest)
        self.write("g", data_versions=(made,))

    def checked(
        self, hours: float, outcome: Outcome = "pass", rule: str = "", failed: int = 0,
        name: str = "not_null(customer_id)",
        column: str = "customer_id", dataset: str = "orders_asset", environment: str = "prod", **rest: Any,
    ) -> str:  # fmt: skip
        facts: dict[str, Any] = {
            "name": name, "dataset": dataset, "column": column, "outcome": outcome, "definition": rule,
            "failed_rows": failed, "total_rows": 1000, "observed": f"{failed / 10:.3g} % null",
        }  # fmt: skip
        result = CheckResult(**(facts | rest.pop("result", {})))
        made = Invocation(
            source="d", id=f"{name}-{hours}", tool="great_expectations", suite="orders", environment=environment,
            at=when(hours), results=(result,), **rest,
        )  # fmt: skip
        self.write("d", invocations=(made,))
        return made.id

    # -- what runs and what watches

    def pipeline(
        self, ident: str, name: str, status: str, hours: float, commit: str | None = None, **rest: Any
    ) -> None:
        at = when(hours)
        facts: dict[str, Any] = {
            "source": "c", "id": ident, "name": name, "status": status, "branch": "main", "created_at": at - MINUTE,
            "commit": None if commit is None else sha(commit), "started_at": at - MINUTE, "ended_at": at, "jobs": (),
        }  # fmt: skip
        self.write("c", pipelines=(Pipeline(**(facts | rest)),))

    def line(
        self, name: str, step: float, until: float, *values: float, kind: SeriesKind = "business", **rest: Any
    ) -> str:  # fmt: skip
        """A line of production: values each `step` hours, the last of them `until` hours ago."""
        key = series_key("p", name, {})
        series = MonitorSeries(
            source="p", key=key, name=name, kind=kind, model=rest.pop("model", "churn"), step=int(step * HOUR), **rest
        )
        count = len(values)
        times = array("q", [when(until + step * (count - 1 - place)) for place in range(count)])
        points = Samples(source="p", key=key, times=times, values=array("d", values))
        self.write("p", series=(series,), samples=(points,))
        return key

    def alert(self, fingerprint: str, name: str, hours: float, **rest: Any) -> None:
        self.write("p", alerts=(Alert(source="p", fingerprint=fingerprint, name=name, since=when(hours), **rest),))

    def stack(self, name: str, hours: float, **rest: Any) -> None:
        self.write("t", stacks=(Stack(source="t", name=name, applied_at=when(hours), read_at=NOW, **rest),))

    # -- the question

    def changes(self, subject: str, **rest: Any) -> Changes:
        return explain(self.reader, self.state, parse_subject(subject), self.outlook, now=NOW, **rest)

    def suspects(self, subject: str) -> list[Suspect]:
        return list(self.changes(subject).suspects)


def when(hours: float) -> int:
    return NOW - round(hours * HOUR)


def told(suspects: list[Suspect]) -> list[str]:
    return [f"{one.strength} {one.kind} {one.title}" for one in suspects]


def about(kind: str, *parts: str) -> str:
    return str(Subject(kind=kind, parts=parts))


def trained(digest: str, profile: str | None = None) -> tuple[Dataset, ...]:
    return (Dataset(name="orders", digest=digest, context="training", profile=profile),)


FALLING = (0.82, 0.83, 0.82, 0.83, 0.82, 0.83, 0.82, 0.83, 0.82, 0.82, 0.83, 0.82, 0.71)
"""Precision, which must not be below 0.78."""
SLOWER = (0.11, 0.11, 0.12, 0.11, 0.12, 0.11, 0.11, 0.12, 0.11, 0.12, 0.11, 0.11, 0.35)


def usual_team(team: Team, *, good: dict[str, Any] | None = None, bad: dict[str, Any] | None = None) -> None:
    """v13 was champion for 12 days; v14 was trained and promoted a day ago, and five hours ago precision fell."""
    team.commit("base", 400, "README.md")
    team.commit("old", 300, "pipeline/train.py", parent="base")
    team.run("run13", 298, git_commit=sha("old"), **({"datasets": trained("77ab")} | (good or {})))
    team.version("13", 297, "run13")
    team.run("run14", 30, **({"git_commit": sha("old"), "datasets": trained("77ab")} | (bad or {})))
    team.version("14", 29, "run14")
    team.shows(champion="14")
    team.promoted(1, "13", "12", 296)
    team.promoted(2, "14", "13", 28)
    team.line("precision", 2, 5, *FALLING, min=0.78)
    team.line("p95 latency", 2, 5, *SLOWER[:-1], 0.11, kind="operational", max=0.2)
