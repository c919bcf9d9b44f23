"""`quarterdeck ledger` and `quarterdeck verify`: the record for people, for scripts and for auditors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.__main__ import main
from quarterdeck.app.audit.layout import MANIFEST
from quarterdeck.app.records import (
    Actor,
    Batch,
    LedgerEntry,
    PolicyText,
    Promotions,
    RegisteredModel,
    SourceSpec,
    SourceState,
)
from quarterdeck.app.settings import load
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.state import State, state_file
from tests.app.audit.team import OPEN, Team
from tests.app.promotion.worlds import close_all

Call = Callable[..., Any]
Told = Callable[..., None]

NOW, HOUR = 1_773_000_000_000, 3_600_000
REGISTRY = SourceSpec(key="00000000000000aa", kind="registry", name="models", address="https://mlflow.example")
GIT = SourceSpec(key="00000000000000cc", kind="git", name="git", address="https://git.example")
POLICY = PolicyText(source=GIT.key, branch="origin/main", commit="1", text='[promotion.churn]\nto = "champion"\n')
ANN = Actor(name="ann", email="ann@example.com", strength="signed")
BO = Actor(name="bo", email="bo@example.com", strength="signed", role="approver")


def entry(number: int, version: str, previous: str | None, **rest: Any) -> LedgerEntry:
    facts: dict[str, Any] = {
        "source": GIT.key, "model": "churn", "alias": "champion", "number": number, "id": f"{number:040x}",
        "version": version, "previous": previous, "before": f"{number - 1:040x}" if number > 1 else "",
        "at": NOW + number * HOUR, "by": ANN, "approvers": (BO,), "plan": "7f3a" * 16, "policy_commit": "20aa4d1" * 5,
        "reason": "better on\nsmall stores", "ticket": "ML-12", "gates": {"version": "pass"},
    }  # fmt: skip
    return LedgerEntry(**(facts | rest))


WHOLE = (entry(1, "12", None), entry(2, "13", "12"), entry(3, "12", "13", kind="rollback", approvers=()))


@pytest.fixture
def told(cache: Path) -> Told:
    """What Git and the registry say, as the syncer writes it."""

    def written(*entries: LedgerEntry, shows: str | None = "12", policy: PolicyText | None = POLICY) -> None:
        writer = Cache(cache)
        writer.declare([REGISTRY, GIT])
        writer.write(GIT.key, Batch(promotions=Promotions(policy=policy, entries=entries)), NOW)
        aliases = {"champion": shows} if shows else {}
        models = (
            RegisteredModel(source=REGISTRY.key, name="churn", aliases=aliases),
            RegisteredModel(source=REGISTRY.key, name="a@b"),
        )
        writer.write(REGISTRY.key, Batch(models=models, models_complete=True), NOW)
        for spec in (REGISTRY, GIT):
            writer.save_state(
                SourceState(
                    source=spec.key, kind=spec.kind, name=spec.name, address=spec.address, state="ok",
                    last_ok_at=NOW + 100 * HOUR,
                )
            )  # fmt: skip
        writer.close()

    return written


@pytest.fixture
def state(project: Path) -> Iterator[State]:
    with State(state_file(load(directory=project).project_key)) as made:
        yield made


def test_entries_come_newest_first_with_who_when_why_and_by_whose_leave(call: Call, told: Told) -> None:
    told(*WHOLE)
    said = call("ledger", "churn@champion")
    assert said.status == 0
    head, newest, second, _ = said.out.splitlines()
    assert head.split() == "entry alias kind version by at approved by plan policy reason ticket".split()
    assert newest.split()[:5] == ["3", "champion", "rollback", "v12", "←"]
    assert "v13 ← v12" in second
    row = "  ann (signed)  2026-03-08T22:00:00Z  bo (signed)  7f3a7f3a  20aa4d1  better on small stores  ML-12"
    assert row in second
    assert said.err == "champion: 3 entries. It shows v12. Nothing is wrong.\n"


def test_a_limit_counts_entries_and_the_chain_is_judged_whole(call: Call, told: Told) -> None:
    told(WHOLE[0], WHOLE[2])
    said = call("ledger", "churn", "--limit", "1")
    assert len(said.out.splitlines()) == 2
    assert "  wrong: champion: entry 2 is missing.\n" in said.err
    assert call("ledger", "churn", "--limit", "0").out == ""


def test_with_exit_code_what_is_wrong_ends_with_1(call: Call, told: Told) -> None:
    told(*WHOLE)
    assert call("ledger", "churn", "--exit-code").status == 0
    told(*WHOLE, shows="9")
    said = call("ledger", "churn", "--exit-code")
    assert said.status == 1
    assert "1 thing is wrong:" in said.err
    assert "it shows v9, and the last entry, 3, says v12." in said.err
    assert call("ledger", "churn").status == 0


def test_a_move_that_no_entry_explains_is_told(call: Call, told: Told, state: State) -> None:
    told(*WHOLE)
    for at, version in ((NOW + 3 * HOUR, "12"), (NOW + 9 * HOUR, "9"), (NOW + 10 * HOUR, "12")):
        state.observe_aliases(REGISTRY.key, {"churn": {"champion": version}}, (), at)
    said = call("ledger", "churn@champion", "--exit-code")
    assert said.status == 1
    assert "it was moved v12 → v9 between 2026-03-08T23:00:00Z and 2026-03-09T05:00:00Z" in said.err


def test_an_alias_that_moved_without_any_ledger_is_told_where_a_policy_governs_it(
    call: Call, told: Told, state: State
) -> None:
    told()
    for at, version in ((NOW, "12"), (NOW + HOUR, "13")):
        state.observe_aliases(REGISTRY.key, {"churn": {"champion": version, "other": version}}, (), at)
    said = call("ledger", "churn", "--exit-code")
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(
        "No entry of the ledger is of churn.\nchampion: 0 entries. It shows v12. 1 thing is wrong:"
    )
    assert call("ledger", "churn@other", "--exit-code").status == 0


def test_json_has_every_field_and_exact_strings(call: Call, told: Told) -> None:
    odd = "\x1b[31m \u202e"
    lost = LedgerEntry(
        source=GIT.key, model="churn", alias="champion", number=4, id="4" * 40, version="", at=0, by=Actor(name=""),
        trouble="Entry 4 cannot be read: it is no annotated tag.",
    )  # fmt: skip
    told(*WHOLE[:2], entry(3, "12", "13", reason=odd), lost)
    (book,) = call("ledger", "churn", "--json").json
    assert (book["model"], book["alias"], book["subject"]) == ("churn", "champion", "alias/churn@champion")
    assert (book["ledger"], book["shows"], book["well"]) == ("git", "12", False)
    assert [(one["level"], one["code"], one["entry"]) for one in book["findings"]] == [("wrong", "unreadable", 4)]
    unreadable, newest, *_ = book["entries"]
    assert (unreadable["number"], unreadable["at"], unreadable["by"]) == (4, None, None)
    assert (newest["reason"], newest["by"]["strength"], newest["approvers"][0]["name"]) == (odd, "signed", "bo")
    assert (newest["before"], newest["gates"], newest["at"]) == (
        f"{2:040x}", {"version": "pass"}, "2026-03-08T23:00:00Z"
    )  # fmt: skip


def test_the_table_is_safe_whatever_stands_in_the_ledger(call: Call, told: Told) -> None:
    odd = "\x1b[31mred\n\u202e\0\ud800"
    told(entry(1, odd, odd, by=Actor(name=odd), reason=odd, ticket=odd, plan=odd, policy_commit=odd))
    said = call("ledger", "churn")
    assert len(said.out.splitlines()) == 2
    assert not set(said.out + said.err) & {"\x1b", "\0", "\u202e"}


def test_a_model_with_an_at_in_its_name_is_itself(call: Call, told: Told) -> None:
    told(entry(1, "1", None, model="a@b"))
    assert [one["model"] for one in call("ledger", "a@b", "--json").json] == ["a@b"]
    assert [one["alias"] for one in call("ledger", "a@b@champion", "--json").json] == ["champion"]


def test_a_ledger_that_nobody_keeps_is_empty_and_says_so(call: Call, told: Told) -> None:
    told()
    said = call("ledger", "fraud")
    assert (said.status, said.out, said.err) == (0, "", "No entry of the ledger is of fraud.\n")
    assert call("ledger", "fraud", "--json").json == []


# -- bundles


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    (tmp_path / "team").mkdir()
    made = Team(tmp_path / "team")
    made.promote("12", None)
    made.promote("13", "12")
    made.sync()
    yield made
    close_all()


@pytest.fixture
def of_team(team: Team, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def called(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        status = main(["--project", str(team.clone), *words])
        said = capfd.readouterr()
        return status, said.out, said.err

    return called


def test_a_bundle_is_written_checked_and_found_wrong_once_it_is_changed(
    of_team: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    folder = tmp_path / "churn-2026"
    status, out, err = of_team("ledger", "churn@champion", "--bundle", str(folder))
    assert status == 0
    fingerprint, path = out.split()
    assert path == f"{folder}/SHA256SUMS"
    assert "2 entries with what belongs to them are in" in err
    status, out, err = of_team("verify", str(folder))
    assert (status, out.splitlines()) == (
        0,
        ["note     signers: signatures were checked with the allowed signers in the bundle, which are only as good as"
         " the bundle."],
    )  # fmt: skip
    assert err == f"Nothing is wrong: 2 entries, 2 signed. Fingerprint {fingerprint}.\n"
    file = next((folder / "entries" / "champion").iterdir())
    file.write_bytes(file.read_bytes().replace(b"ML-1", b"ML-2"))
    status, out, err = of_team("verify", str(folder))
    assert status == 1
    assert out.startswith("wrong    ")
    assert "are wrong" in err
    assert of_team("ledger", "churn", "--bundle", str(folder))[0] == 2


def test_json_of_bundles(of_team: Callable[..., tuple[int, str, str]], team: Team, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    made = json.loads(of_team("ledger", "churn", "--bundle", str(folder), "--json")[1])
    assert (made["model"], made["aliases"], made["entries"], made["missing"]) == ("churn", ["champion"], 2, [])
    own = tmp_path / "own"
    own.write_text("".join(line for _, line in team.keys.values()))
    status, out, _ = of_team("verify", str(folder), "--signers", str(own), "--json")
    found = json.loads(out)
    assert (status, found["well"], found["signers"], found["signed"], found["findings"]) == (0, True, "given", 2, [])
    assert found["fingerprint"] == made["fingerprint"]
    (folder / MANIFEST).write_text("{")
    status, out, _ = of_team("verify", str(folder), "--json")
    assert (status, json.loads(out)["well"]) == (1, False)


def test_verify_needs_no_project(tmp_path: Path, team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = team.bundle("away")
    monkeypatch.chdir(tmp_path)
    assert main(["verify", str(folder)]) == 0
    assert main(["verify", str(tmp_path / "nowhere")]) == 2
    assert main(["verify", str(folder), "--signers", str(tmp_path / "nowhere")]) == 2


def test_the_ledger_of_a_project_without_a_remote_is_listed_and_taken_along(tmp_path: Path, call: Call) -> None:
    made = Team(tmp_path, policy=OPEN, has_remote=False)
    made.promote("12", None, approved_by="")
    made.sync()
    said = call(*["ledger", "churn"], before=["--project", str(made.clone)])
    assert "in the local ledger. It shows v12. Nothing is wrong." in said.err
    status = main(["--project", str(made.clone), "ledger", "churn", "--bundle", str(tmp_path / "bundle")])
    assert status == 0
    assert main(["verify", str(tmp_path / "bundle")]) == 0
