"""A team of two with a bare Git remote, a tracking server and SSH keys: each with a home, a clone and a cache."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.app.promotion.worlds import Server, commit, git

POLICY = """
[mlflow]
tracking_uri = "{server}"
[teams]
ml-leads = ["ann@example.com", "bo@example.com", "cy@example.com"]
[promotion."*"]
to = "champion"
[[promotion."*".metric]]
name = "val_auc"
greater_is_better = true
threshold = 0.80
min_absolute_change = 0.002
{more}
"""
APPROVALS = """
[promotion."*".approvals]
count = 1
from = ["team:ml-leads"]
signers = "signers"
expires = "8h"
[promotion."*".waivers]
gates = ["metric"]
from = ["team:ml-leads"]
max = "24h"
"""


class Said(NamedTuple):
    """What a call said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout, read."""
        assert self.out, self.err
        return json.loads(self.out)


class Person:
    """Somebody at a machine of their own."""

    def __init__(self, folder: Path, remote: Path, name: str, *, signs: bool = True) -> None:
        self.name, self.home, self.clone = name, folder / name, folder / name / "churn"
        self.home.mkdir()
        key = self.home / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
        self.signer = f"{name}@example.com {key.with_suffix('.pub').read_text().strip()}\n"
        signing = f"[gpg]\n\tformat = ssh\n[user]\n\tsigningKey = {key}\n" if signs else ""
        identity = f"[user]\n\tname = {name}\n\temail = {name}@example.com\n"
        (self.home / ".gitconfig").write_text(identity + signing)
        git(self.home, "clone", "--quiet", str(remote), str(self.clone))

    @property
    def environment(self) -> dict[str, str]:
        """Theirs alone."""
        xdg = {f"XDG_{kind}_HOME": str(self.home / kind.lower()) for kind in ("CONFIG", "CACHE", "STATE", "DATA")}
        run = self.home / "run"
        run.mkdir(mode=0o700, exist_ok=True)
        return {**os.environ, **xdg, "XDG_RUNTIME_DIR": str(run), "HOME": str(self.home)}

    def call(self, *words: str) -> Said:
        """`quarterdeck WORDS` in their clone."""
        ended = subprocess.run(
            [sys.executable, "-m", "quarterdeck.app", *words],
            cwd=self.clone, env=self.environment, capture_output=True, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Said(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """The same, and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "quarterdeck.app", *words],
            cwd=self.clone, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _state(self) -> sqlite3.Connection:
        (found,) = (self.home / "state" / "quarterdeck").glob("*.db")
        return sqlite3.connect(found, timeout=10, isolation_level=None)

    def journal(self) -> list[tuple[str, dict[str, Any]]]:
        """State and intent of what was asked for, newest first."""
        with closing(self._state()) as state:
            rows = state.execute("SELECT state, intent FROM journal ORDER BY rowid DESC").fetchall()
        return [(row[0], json.loads(row[1])) for row in rows]

    def kill_the_act_at(self, point: str, seconds: float = 60) -> None:
        """Wait until the act is there, or past it, and end its process and its Git as a crash would."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.journal()
            if found and (found[0][1].get("point") == point or found[0][0] not in ("asked", "begun")):
                break
            assert time.monotonic() < deadline, found
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (process / "cmdline").read_bytes().split(b"\0")
                home = f"HOME={self.home}".encode()
                if b"act" in words and home in (process / "environ").read_bytes().split(b"\0"):
                    os.killpg(int(process.name), signal.SIGKILL)

    def settle(self, *, read_only: bool) -> str:
        """What a terminal of theirs does about acts that were cut off; gives what it says of them."""
        code = (
            "import os, sys; from pathlib import Path; from quarterdeck.app import settings;"
            "from quarterdeck.app.acting import Acting; from quarterdeck.app.store.state import State, state_file;"
            "found = settings.load(directory=Path.cwd()); state = State(state_file(found.project_key));"
            f"print(Acting(found, state, None, read_only={read_only}).settle(), end='')"
        )
        ended = subprocess.run(
            [sys.executable, "-c", code], cwd=self.clone, env=self.environment, capture_output=True, timeout=120
        )
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout.decode()

    def let_time_pass(self, seconds: int) -> None:
        """As if all acts had been asked for that much earlier."""
        with closing(self._state()) as state:
            state.execute("UPDATE journal SET at = at - ?, begun_at = begun_at - ?", (seconds * 1000, seconds * 1000))


class Team:
    """All of it. `model` has three versions: 1 is champion (0.90), 2 is better (0.94), 3 is worse (0.70)."""

    def __init__(self, folder: Path, rest: Any, model: str, more: str = "", names: str = "ann bo") -> None:
        self.server, self.model, self.rest = Server(rest), model, rest
        self.remote = folder / "remote.git"
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        self.people = [Person(folder, self.remote, name) for name in names.split()]
        git(self.people[0].clone, "checkout", "--quiet", "-B", "main")
        self.commit = self.settings(more)
        for person in self.people[1:]:
            git(person.clone, "fetch", "--quiet")
            git(person.clone, "checkout", "--quiet", "-B", "main", "origin/main")
        self.register(model)
        for person in self.people:
            assert person.call("trust", "--yes").status == 0
            assert person.call("sync").status == 0

    def settings(self, more: str) -> str:
        """The policy, committed and pushed by the first of the team."""
        files = {"quarterdeck.toml": POLICY.format(server=self.rest.url, more=more)}
        files["signers"] = "".join(person.signer for person in self.people)
        made = commit(self.people[0].clone, "policy", files)
        git(self.people[0].clone, "push", "--quiet", "origin", "main")
        return made

    def register(self, model: str) -> None:
        """Three versions of a model, of which the first is champion."""
        self.rest.post("registered-models/create", name=model)
        experiment = self.rest.create_experiment(f"of {model} {time.time_ns()}")
        for value in (0.90, 0.94, 0.70):
            tags = {"mlflow.source.git.commit": self.commit, "mlflow.user": "dee"}
            run = self.rest.create_run(experiment, "trained", tags=tags, metrics=[("val_auc", value, 0)])
            self.rest.post("model-versions/create", name=model, source="s3://models/x", run_id=run)
        self.server.move(model, "champion", "1")

    @property
    def champion(self) -> str:
        """As MLflow's own client says."""
        from mlflow.tracking import MlflowClient  # 2 s

        client = MlflowClient(self.rest.url, self.rest.url)
        return str(client.get_model_version_by_alias(self.model, "champion").version)
