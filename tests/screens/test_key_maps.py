"""A person's map of keys is taken whole, or refused with both names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from quarterdeck.app.errors import SettingsError, UsageError
from quarterdeck.app.paths import config_dir
from quarterdeck.app.settings import load
from quarterdeck.app.terminal import _keymap, with_keys
from quarterdeck.screens.keys import keymap


@pytest.mark.parametrize(
    ("mapped", "other"),
    [
        ({"sort": "c"}, "columns"),  # of one class
        ({"tree": "s"}, "sort"),  # of a class and its base
        ({"filter": ":"}, "go"),  # written as a character
        ({"sort": "j"}, "table.down"),  # of a screen and its table
        ({"page.down": "r"}, "refresh"),
        ({"mark": "ctrl+c"}, "quit"),  # of a screen and the app
        ({"sort": "f5", "columns": "f2, f5"}, "columns"),  # of two that are both mapped
        ({"sort": "g"}, "table.first"),
    ],
)
def test_a_key_that_is_taken_is_refused_with_both_names(mapped: dict[str, str], other: str) -> None:
    with pytest.raises(UsageError) as refused:
        keymap(mapped, with_keys())
    first = next(iter(mapped))
    assert f"maps “{first}”" in str(refused.value)
    assert f"the key of “{other}”" in str(refused.value)


@pytest.mark.parametrize(
    ("mapped", "taken"),
    [
        ({}, {}),
        ({"sort": "o", "columns": "f2"}, {"sort": "o", "columns": "f2"}),
        ({"sort": "c", "columns": "s"}, {"sort": "c", "columns": "s"}),  # they change places
        ({"filter": "."}, {"filter": "full_stop"}),  # as Textual calls it
        ({"table.down": "down, n"}, {"table.down": "down,n"}),
        ({"clear": "escape"}, {"clear": "escape"}),  # as we made it
        ({"prompt.complete": "right"}, {"prompt.complete": "right"}),
        ({"run.link": "s"}, {"run.link": "s"}),  # a page is never in sight with a list
    ],
)
def test_a_key_that_is_free_is_taken(mapped: dict[str, str], taken: dict[str, str]) -> None:
    assert keymap(mapped, with_keys()) == taken


def test_what_is_no_binding_and_what_is_no_key_are_refused() -> None:
    with pytest.raises(UsageError, match=r"maps “srot”, which is nothing; did you mean sort\?"):
        keymap({"srot": "o"}, with_keys())
    with pytest.raises(UsageError, match="maps “sort” to no key"):
        keymap({"sort": "o,,"}, with_keys())


def test_the_refusal_names_the_file() -> None:
    config_dir().mkdir(parents=True)
    (config_dir() / "config.toml").write_text('[display]\nkeys = { sort = "c" }\n')
    with pytest.raises(SettingsError, match=r"config\.toml: \[display\] keys maps “sort” to “c”"):
        _keymap(load(environment={}))


async def test_a_character_as_it_is_written_is_heard(world: Any, settled: Callable[..., Any]) -> None:
    app = world.fill().app()
    app.set_keymap(keymap({"filter": "."}, with_keys()))
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        await pilot.press("full_stop")
        await settled(pilot)
        assert app.screen.prompt.purpose == "filter"
