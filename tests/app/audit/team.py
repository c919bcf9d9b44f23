"""A team with a real Git remote and SSH keys, whose ledger is written by the ledger itself, and read by a real sync."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from quarterdeck.app.__main__ import main
from quarterdeck.app.audit.books import Shelf, open_shelf, read_books
from quarterdeck.app.audit.bundle import Written, write_bundle
from quarterdeck.app.audit.findings import Finding
from quarterdeck.app.audit.repositories import repositories_of
from quarterdeck.app.audit.verify import Verified, verify
from quarterdeck.app.ledger.signing import Signer
from quarterdeck.app.paths import mirror_dir
from quarterdeck.app.promotion.ledgers import LocalLedger
from quarterdeck.app.promotion.policy import canonical, policy_of
from quarterdeck.app.records import (
    Actor,
    Batch,
    Experiment,
    LedgerEntry,
    ModelVersion,
    PlanApproval,
    PolicyText,
    RegisteredModel,
    Run,
    SourceSpec,
    SourceState,
    Waiver,
)  # fmt: skip
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.files import cache_file
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State, state_file
from tests.app.promotion.worlds import commit, git, ledger, make_remote

NOW = 1_773_000_000_000
MINUTE, HOUR = 60_000, 3_600_000
REGISTRY = SourceSpec(key="00000000000000aa", kind="registry", name="models", address="https://mlflow.example")
RUNS = SourceSpec(key="00000000000000bb", kind="mlflow", name="mlflow", address="https://mlflow.example")

POLICY = """
[teams]
ml-leads = ["ann@example.com", "bo@example.com", "cy@example.com"]
[promotion."churn"]
to = "champion"
[[promotion."churn".metric]]
name = "val_auc"
greater_is_better = true
threshold = 0.80
[promotion."churn".approvals]
count = 1
from = ["team:ml-leads"]
signers = "keys/allowed_signers"
expires = "8h"
[promotion."churn".freeze]
deny = [{ days = ["sat"] }]
[promotion."churn".waivers]
gates = ["metric"]
from = ["team:ml-leads"]
max = "24h"
[promotion."churn".rollback]
require_reason = true
"""
OPEN = """
[promotion."churn"]
to = "champion"
direction = "any"
"""
"""A policy that demands nothing."""

PASSED: Mapping[str, str] = {"policy": "pass", "direction": "pass", "version": "pass", "metric:val_auc": "pass"}


class Team:
    """`has_remote`: else the ledger is a local one. `signs`: they have keys, and sign what they write."""

    def __init__(
        self, folder: Path, *, policy: str = POLICY, signs: bool = True, style: str = "refs", has_remote: bool = True,
        model: str = "churn", object_format: str = "sha1",
    ) -> None:  # fmt: skip
        self.folder, self.style, self.model = folder, style, model
        self.others = ""  # what stands in another file of signers
        os.environ["GIT_DEFAULT_HASH"] = object_format
        try:
            self.remote, self.clone = make_remote(folder, {"readme": "hello"})
        finally:
            del os.environ["GIT_DEFAULT_HASH"]
        self.keys = {name: make_key(folder, name) for name in ("ann", "bo", "cy")} if signs else {}
        self.commit = self.rule(policy)
        if not has_remote:
            git(self.clone, "remote", "remove", "origin")
        self.has_remote = has_remote
        self.clock = NOW
        self.act = ""
        self.entries: list[LedgerEntry] = []

    # -- what they do

    def rule(self, policy: str, signers: str | None = None) -> str:
        """Commit another policy."""
        self.policy = policy
        allowed = "".join(line for _, line in self.keys.values()) if signers is None else signers
        files = {"quarterdeck.toml": policy, "keys/allowed_signers": allowed, "keys/others": self.others}
        self.commit = commit(self.clone, "policy", files)
        if git(self.clone, "remote"):
            git(self.clone, "push", "--quiet", "origin", "main")
        return self.commit

    def book(self, who: str) -> Any:
        """The ledger as one of them writes it."""
        if not self.has_remote:
            return LocalLedger(self.state_file, lambda: None)
        signer = self.keys[who][0] if who in self.keys else None
        return ledger(self.remote, mirror_dir(self.settings.repository), style=self.style, signer=signer)

    def person(self, who: str) -> Actor:
        """As they call themselves."""
        return Actor(name=who, email=f"{who}@example.com", strength="signed" if self.keys else "claimed")

    def promote(
        self, version: str, previous: str | None, by: str = "ann", approved_by: str = "bo", **more: Any
    ) -> LedgerEntry:
        """As the policy demands, or otherwise where `more` says so: facts of the entry, `plan` of the plan."""
        text = self.plan(version, previous, by, **more.pop("planned", {}))
        self.clock += HOUR
        if approved_by:
            self.approve(text, approved_by, self.clock - more.pop("ago", MINUTE))
        facts = {"plan": _sha256(text), "gates": self.gates(text, approved_by)} | more
        if approved_by:
            facts = {"approvers": (replace(self.person(approved_by), role="approver"),)} | facts
        return self.write(version, previous, by, **facts)

    def roll_back(self, version: str, previous: str, by: str = "cy", **more: Any) -> LedgerEntry:
        """The way back, of which the plan is stored by whoever applies it."""
        text = self.plan(
            version, previous, by, kind="rollback", policy={"commit": "", "digest": ""}, gates={"version": "pass"}
        )
        self.clock += HOUR
        gates = {"version": "pass", "metric:val_auc": "missing", "ledger": "pass"}
        facts = {"plan": _sha256(text), "gates": gates, "kind": "rollback", "reason": "precision fell"} | more
        return self.write(version, previous, by, **facts)

    def plan(self, version: str, previous: str | None, by: str, **changes: Any) -> str:
        """The text of a plan, stored so that others see it."""
        gates = changes.pop("gates", PASSED)
        told = {
            "v": 1, "registry": REGISTRY.address, "model": self.model, "alias": "champion", "from": previous,
            "to": version, "kind": "promotion", "policy": {"commit": self.commit, "digest": self.digest},
            "gates": [
                {"id": name, "state": state.partition(" ")[0], "value": None, "evidence": []}
                | ({"waiver": state.partition(" ")[2]} if " " in state else {})
                for name, state in gates.items()
            ],
        }  # fmt: skip
        text = canonical(told | changes)
        if self.has_remote:
            self.keep(text, by)
        return text

    def keep(self, text: str, by: str = "ann") -> str:
        """Store a plan; gives its name."""
        name = _sha256(text)
        self.book(by).keep_plan(name, text, self.person(by), self.clock)
        return name

    @staticmethod
    def gates(text: str, approved_by: str) -> dict[str, str]:
        """States as the entry has them."""
        late = {"ledger": "pass", "freeze": "pass"} | ({"approval": "pass"} if approved_by else {})
        return {gate["id"]: gate["state"] for gate in json.loads(text)["gates"]} | late

    @property
    def digest(self) -> str:
        """Of the rules."""
        return policy_of(PolicyText(source="", branch="", commit="", text=self.policy), self.model, "champion").digest

    def approve(self, text: str, by: str, at: int) -> None:
        """Somebody agrees to a plan."""
        made = PlanApproval(source="", id="", plan=_sha256(text), by=self.person(by), at=at)
        self.book(by).approve(made)

    def waive(self, gate: str, version: str, /, by: str = "cy", **more: Any) -> Waiver:
        """Somebody lets a gate go unmet."""
        made = Waiver(
            source="", id="", model=self.model, alias="champion", version=version, gate=gate, by=self.person(by),
            why="known", at=self.clock, until=self.clock + 12 * HOUR,
        )  # fmt: skip
        found: Waiver = self.book(by).waive(replace(made, **more))
        return found

    def write(self, version: str, previous: str | None, by: str, **facts: Any) -> LedgerEntry:
        """An entry."""
        last = self.entries[-1] if self.entries else None
        made = LedgerEntry(
            source="", model=self.model, alias="champion", number=last.number + 1 if last else 1, id="",
            version=version, previous=previous, before=last.id if last else "", at=self.clock, by=self.person(by),
            policy_commit=self.commit, policy_digest=self.digest, reason="better", ticket="ML-1",
            act=self.act or f"act-{version}",
            registry=REGISTRY.address,
        )  # fmt: skip
        self.entries.append(self.book(by).append(replace(made, **facts)))
        return self.entries[-1]

    def journal(self, text: str) -> None:
        """The journal of this machine has an act with the text of its plan, and the next entry is that act's."""
        with State(self.state_file) as state:
            state.ask_acts([("promote", "alias/churn@champion", {"text": text})], self.clock)
            self.act = state.acts()[0].id

    # -- what quarterdeck knows of it

    @property
    def settings(self) -> Settings:
        """Of the clone."""
        return load(directory=self.clone)

    @property
    def cache_file(self) -> Path:
        """Where it lies."""
        return cache_file(None, self.settings.project_key)

    @property
    def state_file(self) -> Path:
        """Where it lies."""
        return state_file(self.settings.project_key)

    def sync(self) -> None:
        """Trust, and all that Git has now; then the registry as it says what the last entry says."""
        for words in (["trust", "--yes"], ["sync", "--full"]):
            assert main(["--project", str(self.clone), *words]) == 0
        sys.stdout.flush()
        last = self.entries[-1].version if self.entries else "1"
        self.register({"champion": last} if last else {})

    def register(
        self, aliases: Mapping[str, str], at: int | None = None, *, trained_by: str = "dee", with_runs: bool = True
    ) -> None:
        """What registry and tracking server say: each version was trained by somebody, at the commit of the policy."""
        at = self.clock + HOUR if at is None else at
        with closing(Reader(self.cache_file)) as reader:
            known = [
                SourceSpec(key=s.source, kind=s.kind, name=s.name, address=s.address) for s in reader.source_states()
            ]
        cache = Cache(self.cache_file)
        cache.declare([*(one for one in known if one.key not in (REGISTRY.key, RUNS.key)), REGISTRY, RUNS])
        numbers = sorted({entry.version for entry in self.entries if entry.version})
        runs = tuple(
            Run(source=RUNS.key, id=f"r{n}", experiment_id="1", name="fox", status="finished", user=trained_by)
            for n in numbers
            if with_runs
        )
        cache.write(RUNS.key, Batch(experiments=(Experiment(source=RUNS.key, id="1", name="e"),), runs=runs), at)
        model = RegisteredModel(source=REGISTRY.key, name=self.model, aliases=dict(aliases))
        versions = tuple(
            ModelVersion(source=REGISTRY.key, model=self.model, version=n, run_id=f"{'r' if with_runs else 'gone'}{n}")
            for n in numbers
        )
        cache.write(REGISTRY.key, Batch(models=(model,), models_complete=True, versions=versions), at)
        for spec in (REGISTRY, RUNS):
            cache.save_state(
                SourceState(
                    source=spec.key, kind=spec.kind, name=spec.name, address=spec.address, state="ok", last_ok_at=at
                )
            )
        cache.close()

    def look(self, at: int, source: str = REGISTRY.key, **aliases: str) -> None:
        """Somebody looked at the aliases."""
        with State(self.state_file) as state:
            state.observe_aliases(source, {self.model: aliases}, (), at)

    def bundle(self, name: str = "bundle", now: int = NOW) -> Path:
        """Written by a reader of the cache."""
        self.made = self.written(self.folder / name, now)
        return self.folder / name

    def written(self, folder: Path, now: int = NOW, alias: str | None = None) -> Written:
        """The same, and what is told of it."""
        settings = self.settings
        with closing(Reader(self.cache_file)) as reader, State(self.state_file) as state:
            shelf: Shelf = open_shelf(reader, state, settings.remote)
            books = read_books(shelf, self.model, alias)
            return write_bundle(
                folder, shelf, books, repositories_of(settings), now, repository=settings.repository,
                path=settings.file_in_repository,
            )  # fmt: skip

    def verified(self, name: str = "bundle") -> Verified:
        """After a sync, all of it."""
        self.sync()
        return verify(self.bundle(name))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def make_key(folder: Path, name: str) -> tuple[Signer, str]:
    """A key, and its line for the allowed signers."""
    key = folder / f"{name}.key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    return Signer(str(key)), f"{name}@example.com {Path(f'{key}.pub').read_text().strip()}\n"


def told(found: Verified | list[Finding], *levels: str) -> list[tuple[str, str, str]]:
    """Level, what it is about and code of what is said, of these levels or of wrong and unknown."""
    findings = found.findings if isinstance(found, Verified) else found
    wanted = levels or ("wrong", "unknown")
    return [(one.level, one.about, one.code) for one in findings if one.level in wanted]
