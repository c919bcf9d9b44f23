"""Nothing in a bundle can be changed, taken away, added or put elsewhere unnoticed, and nothing leads out of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.audit import folder as folders
from quarterdeck.app.audit import layout
from quarterdeck.app.audit.layout import MANIFEST, OBSERVED, README, SUMS, digest, sums
from quarterdeck.app.audit.verify import Verified, verify
from quarterdeck.app.errors import UsageError
from tests.app.audit.team import Team, told

Files = Mapping[str, bytes]


_made: dict[str, bytes] = {}
"""One bundle for all tests: it takes seconds to make."""


@pytest.fixture
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """With promotions, a rollback, approvals and a waiver; all of it well."""
    if not _made:
        _made.update(read(make(request.getfixturevalue("team"))))
    return write(tmp_path / "own", _made)


def make(team: Team) -> Path:
    waiver = team.waive("metric:val_auc", "14")
    gates = {"policy": "pass", "direction": "pass", "version": "pass", "metric:val_auc": f"waived {waiver.id}"}
    team.promote("14", "12", planned={"gates": gates})
    team.sync()
    team.look(team.clock, champion="14")
    folder = team.bundle()
    assert told(verify(folder)) == []
    return folder


def read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(folder: Path, files: Files) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    for name, raw in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)
    return folder


def sealed(files: Files) -> dict[str, bytes]:
    """As a forger would leave it, who makes all sums anew."""
    found = {name: raw for name, raw in files.items() if name not in (MANIFEST, SUMS)}
    manifest = json.loads(files[MANIFEST])
    manifest["files"] = {name: {"sha256": digest(raw), "bytes": len(raw)} for name, raw in found.items()}
    found[MANIFEST] = (json.dumps(manifest, sort_keys=True, indent=1) + "\n").encode()
    return found | {SUMS: sums(found)}


def is_noticed(folder: Path, files: Files) -> bool:
    try:
        return not verify(write(folder, files)).is_well
    except UsageError:
        return True


@st.composite
def damaged(draw: st.DrawFn, raw: bytes) -> bytes:
    """The content of a file after an accident."""
    kind = draw(st.sampled_from(["flip", "cut", "add", "insert", "drop"]))
    at = draw(st.integers(0, max(len(raw) - 1, 0)))
    some = draw(st.binary(min_size=1, max_size=8))
    if kind == "flip" and raw:
        return raw[:at] + bytes((raw[at] ^ (1 << draw(st.integers(0, 7))),)) + raw[at + 1 :]
    if kind == "cut" and raw:
        return raw[:at]
    if kind == "drop" and raw:
        return raw[:at] + raw[at + draw(st.integers(1, 8)) :]
    return raw + some if kind == "add" else raw[:at] + some + raw[at:]


def test_an_accident_to_any_file_is_noticed(bundle: Path, tmp_path: Path) -> None:
    whole = read(bundle)

    @settings(max_examples=100, deadline=None)
    @given(st.data())
    def tried(data: st.DataObject) -> None:
        files = dict(whole)
        name = data.draw(st.sampled_from(sorted(files)))
        kind = data.draw(st.sampled_from(["damage", "damage", "damage", "delete", "rename", "swap", "copy"]))
        other = data.draw(st.sampled_from(sorted(files)))
        if kind == "damage":
            files[name] = data.draw(damaged(files[name]))
        elif kind == "delete":
            del files[name]
        elif kind == "rename":
            files[f"{name[:-1]}{'x' if name[-1] != 'x' else 'y'}"] = files.pop(name)
        elif kind == "swap":
            files[name], files[other] = files[other], files[name]
        else:
            files[other] = files[name]
        if files != whole:
            assert is_noticed(tmp_path / "tried", files)

    tried()


def test_a_forger_who_makes_all_sums_anew_cannot_change_what_the_team_wrote(bundle: Path, tmp_path: Path) -> None:
    whole = read(bundle)
    theirs = sorted(whole.keys() - {MANIFEST, SUMS, README, OBSERVED})

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def tried(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(theirs))
        files = whole | {name: data.draw(damaged(whole[name]))}
        if files != whole:
            assert is_noticed(tmp_path / "tried", sealed(files))

    tried()


@pytest.mark.parametrize("room", ["entries", "approvals", "waivers", "policies", "objects"])
def test_a_forger_cannot_take_away_what_proves_it(bundle: Path, tmp_path: Path, room: str) -> None:
    whole = read(bundle)
    for name in sorted(name for name in whole if name.startswith(f"{room}/")):
        files = {other: raw for other, raw in whole.items() if other != name}
        assert is_noticed(tmp_path / "tried", sealed(files)), name


def test_whatever_stands_in_the_manifest_it_ends_in_findings(bundle: Path, tmp_path: Path) -> None:
    whole = read(bundle)
    rest = st.none() | st.integers() | st.text(max_size=9) | st.lists(st.text(max_size=3), max_size=2)
    json_values = rest | st.dictionaries(st.text(max_size=4), rest, max_size=3)

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def tried(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from([MANIFEST, OBSERVED]))
        content = json.loads(whole[name])
        holder, key = content, data.draw(st.sampled_from(sorted(content)))
        while isinstance(holder[key], dict | list) and holder[key] and data.draw(st.booleans()):
            holder = holder[key]
            key = data.draw(st.sampled_from(sorted(holder))) if isinstance(holder, dict) else data.draw(
                st.integers(0, len(holder) - 1)
            )  # fmt: skip
        holder[key] = data.draw(json_values)
        is_noticed(tmp_path / "tried", whole | {name: json.dumps(content).encode()})

    tried()


# -- nothing leads out of it


def with_rows(files: Files, change: Callable[[dict[str, Any]], None]) -> dict[str, bytes]:
    """The manifest changed, and the sums made anew."""
    manifest = json.loads(files[MANIFEST])
    change(manifest)
    found = dict(files) | {MANIFEST: json.dumps(manifest).encode()}
    del found[SUMS]
    return found | {SUMS: sums(found)}


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "entries/../../outside", "README.txt", "entries"])
def test_a_path_in_the_manifest_is_not_followed(bundle: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").write_text("secret")

    def change(manifest: dict[str, Any]) -> None:
        manifest["entries"][0]["file"] = path
        manifest["files"][path] = {"sha256": digest(b"secret"), "bytes": 6}

    found = verify(write(tmp_path / "tried", with_rows(read(bundle), change)))
    assert ("wrong", "champion entry 1", "unreadable") in told(found)
    assert ("wrong", "champion entry 1", "manifest") in told(found)


@pytest.mark.parametrize("name", ["entries", "plans", "observed.json", "approvals/more"])
def test_a_link_is_not_followed(bundle: Path, tmp_path: Path, name: str) -> None:
    place, aside = bundle / name, tmp_path / "aside"
    if place.exists():
        place.rename(aside)
    place.symlink_to(aside)
    found = verify(bundle)
    assert ("wrong", name, "link") in told(found)


def test_what_is_no_file_is_not_opened(bundle: Path) -> None:
    os.mkfifo(bundle / "plans" / f"{'1' * 64}.json")
    assert ("wrong", f"plans/{'1' * 64}.json", "stranger") in told(verify(bundle))


def test_a_folder_in_a_folder_is_not_entered(bundle: Path) -> None:
    deep = bundle / "entries" / "champion" / "more" / "and" / "more"
    deep.mkdir(parents=True)
    assert ("wrong", "entries/champion/more", "stranger") in told(verify(bundle))


def test_a_file_too_large_is_not_read(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "LARGEST_FILE", 10_000)
    (bundle / OBSERVED).write_bytes(b" " * 10_001)
    assert ("wrong", OBSERVED, "large") in told(verify(bundle))
    (policy,) = bundle.glob("policies/*/policy.toml")
    policy.write_bytes(b"#" * 1_000_001)
    assert ("wrong", str(policy.relative_to(bundle)), "large") in told(verify(bundle))


def test_a_bundle_of_too_many_files_or_bytes_is_none(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_first = (bundle / README).stat().st_size + (bundle / SUMS).stat().st_size
    monkeypatch.setattr(folders, "LARGEST_BUNDLE", read_first)
    assert any(code == "large" for _, _, code in told(verify(bundle)))
    monkeypatch.setattr(folders, "MOST_FILES", 10)
    with pytest.raises(UsageError, match="more than 10 files"):
        verify(bundle)


def test_what_is_no_bundle_is_told(bundle: Path, tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", bundle / MANIFEST, tmp_path):
        with pytest.raises(UsageError, match="There is no bundle at"):
            verify(place)


def test_a_bundle_of_a_newer_release_is_left_to_it(bundle: Path, tmp_path: Path) -> None:
    files = with_rows(read(bundle), lambda manifest: manifest.update(v=2))
    with pytest.raises(UsageError, match="a newer quarterdeck made it"):
        verify(write(tmp_path / "tried", files))


def test_a_manifest_of_something_else_is_wrong(bundle: Path, tmp_path: Path) -> None:
    files = with_rows(read(bundle), lambda manifest: manifest.update(format="another"))
    found: Verified = verify(write(tmp_path / "tried", files))
    assert told(found) == [("wrong", MANIFEST, "manifest")]


@pytest.mark.parametrize("name", [MANIFEST, OBSERVED, "policies", "plans", "entries"])
def test_what_is_nested_without_end_ends_in_a_finding(bundle: Path, tmp_path: Path, name: str) -> None:
    files = read(bundle)
    for file in [one for one in files if one.startswith(name)]:
        opening = b"a = " + b"[" * 100_000 if file.endswith(".toml") else b'{"a":' * 100_000
        files[file] = files[file].replace(b"{", opening, 1) if file.endswith(".tag") else opening
    assert is_noticed(tmp_path / "tried", sealed(files) if name not in (MANIFEST,) else files)


def test_odd_names_of_files_are_told_safely(bundle: Path) -> None:
    (bundle / "plans" / "\x1b[31mred\udcff").write_text("")
    (found,) = [one for one in verify(bundle).findings if one.code == "stranger"]
    assert "\x1b" not in found.about


def test_entries_of_another_ledger_in_place_of_ones_own_are_wrong(bundle: Path, tmp_path: Path) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["model"] = "fraud"

    found = verify(write(tmp_path / "tried", with_rows(read(bundle), change)))
    assert ("wrong", "champion entry 1", "unreadable") in told(found)
