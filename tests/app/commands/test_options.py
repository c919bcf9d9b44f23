"""The quick reading of the plain options says what click says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.commands import line, terminal
from quarterdeck.app.commands.options import Options, read_plain

WORDS = ["--project", "-p", "--config", "--cache", "--read-only", "churn", "/tmp/x", "", "-x", "--", "--project=d"]


def as_click_reads(words: list[str]) -> Options | int:
    """The options with which click would open the terminal, or the status with which it ends."""
    opened: list[Options] = []

    def open_here(options: Options) -> int:
        opened.append(options)
        return 0

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(terminal, "open_here", open_here)
        status = line.run_line(words)
    return opened[0] if opened else status


@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_what_is_read_by_hand_is_what_click_reads(words: list[str]) -> None:
    plain = read_plain(words)
    if plain is not None:
        assert plain == as_click_reads(words)


def test_nothing_at_all_opens_the_terminal_here() -> None:
    assert read_plain([]) == Options() == as_click_reads([])


def test_every_option_is_read() -> None:
    words = ["--read-only", "--project", "d", "-p", "churn", "--config", "c.toml", "--cache", "c.db"]
    expected = Options(project=Path("d"), name="churn", config=Path("c.toml"), cache=Path("c.db"), read_only=True)
    assert read_plain(words) == expected == as_click_reads(words)


@pytest.mark.parametrize("words", [["status"], ["--help"], ["--project"], ["--project=d"], ["-pchurn"], ["--version"]])
def test_what_is_not_plain_is_left_to_click(words: list[str]) -> None:
    assert read_plain(words) is None


def test_an_equals_sign_is_click_s_to_read() -> None:
    assert as_click_reads(["--project=d", "-pchurn"]) == Options(project=Path("d"), name="churn")
