"""From the first promotion to the auditor's desk: everything by the commands, with a real server and a real remote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.app.commands.promoting import APPROVALS, Team


def test_what_a_team_did_by_the_commands_proves_itself(tmp_path: Path, mlflow_rest: Any) -> None:
    team = Team(tmp_path, mlflow_rest, "audited", APPROVALS)
    ann, bo = team.people
    asked = ann.call("promote", "audited@champion", "--version", "2", "--ask", "--json")
    assert asked.status == 0, asked.err
    assert bo.call("sync").status == 0
    said = bo.call("approve", asked.json["plan"])
    assert said.status == 0, said.err
    said = ann.call("promote", "audited@champion", "--version", "2", "--yes", "--reason", "better")
    assert said.status == 0, said.err
    said = bo.call("rollback", "audited@champion", "--to", "1", "--yes", "--reason", "precision fell")
    assert said.status == 0, said.err
    assert team.champion == "1"

    told = {}
    for person in (ann, bo):
        assert person.call("sync", "--full").status == 0
        listed = person.call("ledger", "audited@champion", "--exit-code", "--json")
        assert listed.status == 0, listed.err
        (book,) = listed.json
        who = [(one["kind"], one["by"]["strength"]) for one in book["entries"]]
        assert who == [("rollback", "signed"), ("promotion", "signed")]
        assert person.call("ledger", "audited", "--bundle", "bundle").status == 0
        found = person.call("verify", "bundle", "--json")
        assert found.status == 0, found.out
        assert (found.json["entries"], found.json["signed"]) == (2, 2)
        told[person.name] = [(one["code"], one["entry"]) for one in found.json["findings"] if one["level"] != "note"]
    # each plan that was applied is kept beside its entry, so both know all of it
    assert told == {"ann": [], "bo": []}
