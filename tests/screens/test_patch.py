"""What a commit changed in a file: asked for when somebody looks, beside the page of the commit or on its own."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.copies import Copy
from quarterdeck.app.records import Batch, Change, Commit, Patch, Want
from quarterdeck.screens.patch_lines import patch_pieces, patch_text

SHA = "9" * 40
HUNK = b"@@ -1,4 +1,4 @@ [orders]\n name = 'orders'\n-share = 0.0\n+share = 0.05\n \tseverity = 'error'\n+\x1b[31mred\n"


@pytest.fixture
def loosened(registry: Any) -> Any:
    """A world with a commit that changed a rule, renamed a file, and says something long."""
    commit = Commit(
        source="g" * 16, sha=SHA, parents=("8" * 40,), author="Bo", email="bo@acme", authored_at=registry.now,
        committed_at=registry.now, subject="Guest checkouts come without a customer",
        body="One such order in twenty is no reason to stop the pipeline.",
        changes=(
            Change(kind="M", path="checks/rules.toml"), Change(kind="R", path="new.py", old_path="old.py"),
            Change(kind="A", path="evil\x1b[31m.py"),
        ),
    )  # fmt: skip
    registry.cache.write("g" * 16, Batch(commits=(commit,)), registry.now)
    return registry


def answer(world: Any, path: str = "checks/rules.toml", **facts: Any) -> None:
    patch = Patch(source="g" * 16, commit=SHA, path=path, **({"data": HUNK} | facts))
    world.cache.write("g" * 16, Batch(patches=(patch,)), world.now)


async def opened(pilot: Any, settled: Any, *keys: str) -> list[str]:
    await settled(pilot)
    for sign in f":commit/{SHA}":
        await pilot.press(sign)
    for key in ("enter", *keys):
        await pilot.press(key)
        lines = await settled(pilot)
    return list(lines)


def asked(world: Any) -> list[Want]:
    return [want for want in world.wants if want.kind == "patch"]


async def test_enter_on_a_file_shows_what_changed_in_it(loosened: Any, settled: Any, wait_for: Any) -> None:
    async with loosened.app().run_test(size=(80, 24)) as pilot:
        lines = await opened(pilot, settled)
        assert any("One such order in twenty is no reason to stop the pipeline." in line for line in lines)
        lines = await opened(pilot, settled, "slash", *"rules", "enter", "enter")
        assert any("asked for …" in line for line in lines)
        assert any(f"git show {SHA} -- 'checks/rules.toml'" in line for line in lines)
        assert asked(loosened) == [Want(kind="patch", source="g" * 16, keys=(SHA, "checks/rules.toml"))]
        answer(loosened)
        lines = await wait_for(pilot, "+share = 0.05", "-share = 0.0", "+2 −1")
        assert not any("asked for" in line for line in lines)
        assert any("\\x1b" in line or "\\u{1b}" in line for line in lines)
        copies = pilot.app.screen.copies()
        assert copies[0] == Copy("git", f"git show {SHA} -- 'checks/rules.toml'")
        assert copies[-1] == Copy("diff", HUNK.decode())
        await pilot.press("escape")
        await wait_for(pilot, "commit 9999999999", "configuration")


async def test_what_was_looked_at_once_is_there_at_once(loosened: Any, settled: Any) -> None:
    answer(loosened, "new.py", data=b"", sentence="It was renamed, and nothing in it changed.")
    async with loosened.app().run_test(size=(80, 24)) as pilot:
        lines = await opened(pilot, settled, "slash", *"new", "enter", "enter")
        assert any("It was renamed, and nothing in it changed." in line for line in lines)
        assert asked(loosened) == []
        await pilot.press("r")
        await settled(pilot)
        assert asked(loosened) == [Want(kind="patch", source="g" * 16, keys=(SHA, "new.py", "old.py"))]


async def test_a_name_with_an_escape_sequence_is_only_text(loosened: Any, settled: Any) -> None:
    async with loosened.app().run_test(size=(80, 24)) as pilot:
        lines = await opened(pilot, settled, "slash", *"evil", "enter", "enter")
        assert not any("\x1b" in line for line in lines)
        assert any("evil\\u{1b}[31m.py'" in line for line in lines)


async def test_where_there_is_room_it_stands_beside_the_file(loosened: Any, settled: Any, wait_for: Any) -> None:
    async with loosened.app().run_test(size=(200, 60)) as pilot:
        await opened(pilot, settled, "slash", *"rules", "enter")
        await wait_for(pilot, "asked for …")
        assert {want.keys for want in asked(loosened)} == {(SHA, "checks/rules.toml")}
        answer(loosened)
        await wait_for(pilot, "+share = 0.05", "severity = 'error'")


async def test_a_text_in_it_can_be_looked_for(loosened: Any, settled: Any, wait_for: Any) -> None:
    answer(loosened, data=HUNK + b" filler\n" * 400 + b"+the needle\n")
    async with loosened.app().run_test(size=(80, 24)) as pilot:
        await opened(pilot, settled, "slash", *"rules", "enter", "enter")
        for key in ("slash", *"needle", "enter"):
            await pilot.press(key)
        await wait_for(pilot, "+the needle")


def test_a_sign_says_what_the_colour_says() -> None:
    text = patch_text(Patch(source="g", commit=SHA, path="a", data=HUNK))
    assert [(text.line(at)[:1], text.role(at)) for at in range(4)] == [
        ("@", "accent"), (" ", "text"), ("-", "bad"), ("+", "good")
    ]  # fmt: skip


def test_what_is_no_text_is_written_out_once() -> None:
    lines = patch_pieces(Patch(source="g", commit=SHA, path="a", data=HUNK), 60, 9)
    assert "".join(text for text, _ in lines[-1]) == " +\\u{1b}[31mred"


def test_of_a_long_one_the_pane_says_how_much_is_left() -> None:
    lines = patch_pieces(Patch(source="g", commit=SHA, path="a", data=HUNK), 60, 2)
    assert "".join(text for text, _ in lines[-1]) == " 4 more lines: Enter"
