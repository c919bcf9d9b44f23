"""A team's world for the Watch: production lines, alerts, stacks and people beside what tests of lineage have."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.app.records import (
    Alert,
    Attention,
    DataIdentity,
    Identities,
    MonitorSeries,
    Note,
    Pipeline,
    Ref,
    Resource,
    Run,
    Samples,
    Signal,
    SourceSpec,
    Stack,
    alert_fingerprint,
    series_key,
)
from quarterdeck.app.store.state import State
from quarterdeck.app.triage import Outlook, Sight, look
from tests.app.lineage.worlds import Traced
from tests.app.promotion.evidence import CHECKS, CI, DAY, GIT, HOUR, MINUTE, MLFLOW, NOW, REGISTRY

MONITORS = SourceSpec(key="p", kind="prometheus", name="prometheus", address="http://prom.example")
INFRA = SourceSpec(key="t", kind="terraform", name="terraform", address="infra/")
ALL = (GIT, MLFLOW, REGISTRY, CI, CHECKS, MONITORS, INFRA)

ORDERS = DataIdentity(name="orders", same=(("mlflow", "orders"), ("gx", "orders_asset"), ("dvc", "data/orders.csv")))
OUTLOOK = Outlook(identities=Identities([ORDERS]), environment="prod", stacks={"serving": ("churn",)})


class Watched(Traced):
    """churn@champion is v13, trained on orders; everything is well and was read a minute ago."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.outlook = OUTLOOK
        self.now = NOW
        self.ids = count(1)
        self.cache.declare(ALL)
        for spec in (CHECKS, MONITORS, INFRA):
            self.source(spec)
        self.state = State(path.with_suffix(".state"))
        self.state.note_sync(NOW - MINUTE, HOUR)
        self.refs("main")

    def close(self) -> None:
        self.state.close()
        super().close()

    # -- what is seen

    def look(self, before: Sight | None = None, **rest: Any) -> Sight:
        given: dict[str, Any] = {"now": self.now, "before": before} | rest
        return look(self.reader, self.state, given.pop("outlook", self.outlook), **given)

    def attentions(self, **rest: Any) -> list[Attention]:
        return list(self.look(**rest).attentions)

    def signals(self, *kinds: str, **rest: Any) -> list[Signal]:
        """All signals of these kinds, of any attention."""
        found = [signal for one in self.look(**rest).attentions for signal in one.signals]
        return [signal for signal in found if not kinds or signal.kind in kinds]

    def signal(self, kind: str, **rest: Any) -> Signal:
        (one,) = self.signals(kind, **rest)
        return one

    # -- what sources say

    def refs(self, *watched: str, others: Sequence[str] = ()) -> None:
        made = [Ref(source="g", name=name, kind="branch", sha="14" * 20, watched=True) for name in watched]
        made += [Ref(source="g", name=name, kind="branch", sha="14" * 20) for name in others]
        self.write("g", refs=tuple(made))

    def line(self, name: str, points: Mapping[int, float] | None = None, **rest: Any) -> str:
        """A line of production with these points, by time; gives its key."""
        labels = {"model": rest.get("model", "churn"), "version": rest.get("version", "")}
        totals = rest.pop("totals", None)
        facts: dict[str, Any] = {
            "source": "p", "key": series_key("p", name, labels), "name": name, "model": "churn", "labels": labels,
            "looked_at": self.now,
        }  # fmt: skip
        made = MonitorSeries(**(facts | rest))
        samples = Samples(
            source="p", key=made.key, times=array("q", points or ()), values=array("d", (points or {}).values()),
            totals=None if totals is None else array("d", totals),
        )  # fmt: skip
        self.write("p", series=(made,), samples=(samples,) if points else ())
        return made.key

    def precision(self, *values: float, every: int = HOUR, until: int | None = None, **rest: Any) -> str:
        """The newest values of the precision of churn, whose floor is 0.78, the last at `until`, else now."""
        last = self.now if until is None else until
        points = {last - (len(values) - 1 - place) * every: value for place, value in enumerate(values)}
        return self.line("precision", points, **({"min": 0.78, "step": every, "kind": "business"} | rest))

    def alert(self, name: str = "HighLatency", **rest: Any) -> str:
        labels = {"alertname": name, "model": "churn"} | rest.pop("labels", {})
        facts: dict[str, Any] = {
            "source": "p", "fingerprint": alert_fingerprint("p", labels), "name": name, "labels": labels,
            "model": "churn", "since": self.now - HOUR, "severity": "critical",
        }  # fmt: skip
        made = Alert(**(facts | rest))
        self.write("p", alerts=(made,))
        return made.fingerprint

    def ran(self, native: str, status: str, **rest: Any) -> None:
        """A pipeline `train` on main."""
        at = rest.pop("at", self.now - HOUR)
        facts: dict[str, Any] = {
            "source": "c", "id": native, "number": native, "name": "train", "status": status, "branch": "main",
            "commit": "14" * 20, "created_at": at, "ended_at": at + MINUTE if status in ("passed", "failed") else None,
        }  # fmt: skip
        self.write("c", pipelines=(Pipeline(**(facts | rest)),))

    def stack(self, status: str = "in step", **rest: Any) -> None:
        facts: dict[str, Any] = {
            "source": "t", "name": "serving", "status": status, "planned_at": self.now - HOUR, "digest": status,
        }  # fmt: skip
        self.write("t", stacks=(Stack(**(facts | rest)),))

    def drifted(self, *addresses: str, **rest: Any) -> None:
        name = rest.get("name", "serving")
        resources = tuple(
            Resource(stack=name, address=address, type="aws_lb", name="api", drift="update") for address in addresses
        )
        self.stack("drifted", resources=resources, **rest)

    def trains(self, native: str, status: str = "finished", **rest: Any) -> None:
        """A run of the experiment that production came from."""
        facts: dict[str, Any] = {
            "source": "m", "id": native, "experiment_id": "1", "name": native, "status": status,
            "started_at": self.now - 2 * HOUR, "user": "bo",
        }  # fmt: skip
        self.write("m", runs=(Run(**(facts | rest)),))

    def aliases(self, **aliases: str) -> None:
        """What the registry shows now, and what of that is another than at the look before."""
        self.model(**aliases)
        self.state.observe_aliases("r", {"churn": aliases}, (), self.now)

    # -- what people write

    def acknowledge(self, one: Attention, kind: str = "ack", **rest: Any) -> Note:
        number = next(self.ids)
        facts: dict[str, Any] = {
            "id": f"{number:026}", "at": self.now, "kind": kind, "subject": f"attention/{one.id}", "author": "ann",
            "about": one.title, "state": one.state,
        }  # fmt: skip
        note = Note(**(facts | rest))
        self.state.write_note(note)
        return note

    def later(self, milliseconds: int) -> None:
        """Time passes, and every source is read again."""
        self.now += milliseconds
        for state in self.reader.source_states():
            if state.state == "ok":
                self.cache.save_state(msgspec.structs.replace(state, last_ok_at=self.now))
        self.state.note_sync(self.now, 10 * DAY)
