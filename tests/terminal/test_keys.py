"""The real program driven by keys, over a real repository and a real MLflow store."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.terminal import Terminal

SIZES = [(80, 24), (120, 40)]
Start = Callable[..., Terminal]


def name_here(program: Terminal) -> str:
    """What stands under the cursor."""
    line = next(line for line in program.lines if line.startswith(" ▸"))
    return line[4:].split("  ")[0].removeprefix("└ ")


def first_name(program: Terminal) -> str:
    return program.lines[4][4:].split("  ")[0]


def bottom(program: Terminal) -> str:
    return "\n".join(program.lines[-2:])


@pytest.fixture
def runs(churn: Path, terminal: Start) -> Start:
    """The terminal on the project, when its first screen stands."""

    def start(size: tuple[int, int] = (120, 40)) -> Terminal:
        program = terminal(size=size, cwd=churn)
        program.wait_for("experiment churn", " runs ", "? all", "mlflow ●")
        program.settle()
        return program

    return start


@pytest.mark.parametrize("size", SIZES)
def test_the_first_screen_shows_runs(runs: Start, size: tuple[int, int]) -> None:
    program = runs(size)
    assert "churn" in program.lines[0]
    assert len([line for line in program.lines if any(sign in line for sign in "●✖▶–")]) > size[1] - 10
    assert program.lines[3].split()[:4] == ["name", "status", "age", "↓"]
    assert all(len(line) <= size[0] for line in program.lines)


@pytest.mark.parametrize("size", SIZES)
def test_the_cursor_moves_by_lines_pages_and_to_both_ends(runs: Start, size: tuple[int, int]) -> None:
    program = runs(size)
    top = name_here(program)
    assert top == first_name(program)
    program.press("j", "down", "k")
    assert name_here(program) == program.lines[5][4:].split("  ")[0]
    program.press("pgdn")
    assert program.lines[4][4:].split("  ")[0] != top
    program.press("G")
    last = name_here(program)
    assert program.lines[-3].startswith(" ▸")
    program.press("j")
    assert name_here(program) == last
    program.press("g")
    assert name_here(program) == top == first_name(program)


def test_a_cursor_move_costs_some_hundred_bytes(runs: Start) -> None:
    program = runs()
    program.press("j")
    assert program.press("j") <= 400


@pytest.mark.parametrize("size", SIZES)
def test_a_filter_works_while_it_is_typed_and_escape_brings_back_what_was(runs: Start, size: tuple[int, int]) -> None:
    program = runs(size)
    top = first_name(program)
    program.press("/")
    program.type("status:failed")
    program.wait_until(lambda: " of " in program.lines[1] and "✖ failed" in program.lines[4], "failed runs only")
    program.settle()
    assert all("✖ failed" in line for line in program.lines[4:-2] if line)
    program.press("esc")
    program.wait_until(lambda: first_name(program) == top and "? all" in program.text, "the runs from before")
    assert " of " not in program.lines[1].removeprefix(" experiment churn (1 of 3)")


def test_a_filter_that_cannot_be_read_names_the_column(runs: Start) -> None:
    program = runs()
    program.press("/")
    program.type("metrics.val_auc >> 3")
    program.wait_for("▲ at 18:")
    program.press("enter")
    program.wait_for("▲ at 18:")
    program.press("esc")
    program.wait_for("? all")


def test_a_filter_is_kept_by_enter_and_taken_away_by_escape(runs: Start) -> None:
    program = runs()
    program.press("/")
    program.type("metrics.val_auc > 0.5 and status:finished")
    program.press("enter")
    program.wait_until(lambda: "metrics.val_auc > 0.5" in program.lines[1], "the filter on the line of the subject")
    program.settle()
    assert all("● finished" in line for line in program.lines[4:-2] if line)
    program.press("esc")
    program.wait_until(lambda: "metrics.val_auc" not in program.lines[1], "no filter")
    program.press("esc", "esc", "esc")
    assert program.process.poll() is None


def test_s_sorts_by_a_metric(runs: Start) -> None:
    program = runs()
    program.press("s")
    program.wait_for("sort by")
    program.type("val_auc")
    program.press("enter")
    program.wait_until(lambda: "val_auc ↓" in program.lines[3], "the arrow")
    program.settle()
    start = program.lines[3].index("val_auc ↓")
    values = [float(line[start - 3 : start + 9].split()[-1]) for line in program.lines[4:20]]
    assert values == sorted(values, reverse=True)
    program.press("S")
    program.wait_for("val_auc ↑")


def test_chosen_columns_are_there_again_after_a_restart(runs: Start) -> None:
    program = runs()
    assert "took" not in program.lines[3]
    program.press("c")
    program.wait_for("Space ticks")
    program.type("duration")
    program.press("space", "enter")
    program.wait_until(lambda: "took" in program.lines[3], "the column")
    program.press("q")
    assert program.wait_exit() == 0
    assert "took" in runs().lines[3]


@pytest.mark.parametrize("size", SIZES)
def test_t_sets_children_below_their_parents(runs: Start, size: tuple[int, int]) -> None:
    program = runs(size)
    program.press("/")
    program.type("fold")
    program.press("enter")
    program.wait_until(lambda: " 25 of " in program.lines[1], "the folds of five parents")
    assert "└" not in program.text
    program.press("t")
    program.wait_for("└ ")
    program.settle()
    assert ["└" in line for line in program.lines[4:11]] == [False, True, True, True, True, True, False]
    program.press("t")
    program.wait_gone("└")


@pytest.mark.parametrize("size", SIZES)
def test_e_changes_the_experiment(runs: Start, size: tuple[int, int]) -> None:
    program = runs(size)
    program.press("e")
    program.wait_for("churn-tune", "ltv", "all experiments", "296 runs")
    program.type("ltv")
    program.press("enter")
    program.wait_for("experiment ltv", "64 runs", "val_rmse")


def test_marks_are_counted_and_escape_takes_them_away(runs: Start) -> None:
    program = runs()
    program.press("space", "space")
    program.wait_for("2 marked")
    assert program.lines[4].startswith("  *")
    program.press("esc")
    program.wait_gone("2 marked")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("back", ["esc", "q", "backspace"])
def test_enter_opens_the_run_and_the_way_back_leads_to_its_row(runs: Start, size: tuple[int, int], back: str) -> None:
    program = runs(size)
    program.press("j", "j", "j")
    name = name_here(program)
    program.press("enter")
    program.wait_for(f"› {name}", "metrics", "params")
    program.press("G", "g")
    program.wait_for(f" {name}  ", "metrics")
    program.press(back)
    program.wait_for("experiment churn", "? all")
    program.settle()
    assert name_here(program) == name


@pytest.mark.parametrize("size", SIZES)
def test_q_at_the_root_ends_with_status_0_and_escape_never_does(runs: Start, size: tuple[int, int]) -> None:
    program = runs(size)
    program.press("esc", "esc", "backspace")
    assert program.process.poll() is None
    program.press("q")
    assert program.wait_exit() == 0


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
def test_the_keys_that_end_everything_end_with_status_0(runs: Start, key: str) -> None:
    program = runs()
    program.press(key)
    assert program.wait_exit() == 0


def test_a_command_goes_there_and_an_unknown_one_names_the_nearest(runs: Start) -> None:
    program = runs()
    program.press(":")
    program.type("sorces")
    program.press("enter")
    program.wait_for("there is no command :sorces; did you mean :sources?")
    program.press(":")
    program.type("sources")
    program.press("enter")
    program.wait_for("9 of 9 well", "git", "mlflow", "models", "production", "serving")
    program.press("q")
    program.wait_for("experiment churn")
    program.press(":")
    program.type("quit")
    program.send(b"\r")
    assert program.wait_exit() == 0


@pytest.mark.parametrize("size", SIZES)
def test_the_help_is_searched_and_does_what_is_chosen(runs: Start, size: tuple[int, int]) -> None:
    program = runs(size)
    program.press("?")
    program.wait_for("type to narrow", "Filter in the grammar, live")
    program.type("reverse")
    program.press("enter")
    program.wait_for("age ↑")


def test_the_window_can_change_its_size_and_back(runs: Start) -> None:
    program = runs()
    wide = program.lines[3]
    program.press("j", "j")
    name = name_here(program)
    program.resize(80, 24)
    program.wait_until(lambda: "? all" in program.lines[23] and name in program.text, "the small screen")
    program.settle()
    assert name_here(program) == name
    assert len(program.lines[3].split()) < len(wide.split())
    assert all(len(line) <= 80 for line in program.lines)
    program.resize(120, 40)
    program.wait_until(lambda: program.lines[3] == wide and "? all" in program.lines[39], "the large screen")
    assert name_here(program) == name


@pytest.mark.parametrize("size", [(200, 60), (40, 10)])
def test_other_windows_do_no_harm(terminal: Start, churn: Path, size: tuple[int, int]) -> None:
    program = terminal(size=size, cwd=churn)
    program.wait_for("▸")
    program.press("j", "G", "g", "?")
    program.wait_for("type to narrow")
    program.press("esc")
    program.wait_gone("type to narrow")
    program.press("enter")
    program.wait_for("started")
    program.press("G", "q")
    program.wait_for("name  ")
    program.press("q")
    assert program.wait_exit() == 0


def test_what_was_typed_before_enter_counts_when_both_arrive_at_once(runs: Start) -> None:
    program = runs()
    program.press("e")
    program.wait_for("type to narrow")
    program.send(b"ltv\r")
    program.wait_for("experiment ltv")


def test_text_pasted_outside_a_field_is_dropped(runs: Start) -> None:
    program = runs()
    before = program.lines
    program.paste("qqq\r:quit\r")
    program.settle()
    assert program.lines == before
    assert program.process.poll() is None


def test_text_pasted_into_a_field_is_one_line_of_it(runs: Start) -> None:
    program = runs()
    program.press("/")
    program.paste("status:failed\nq")
    program.wait_for("status:failed")
    assert program.process.poll() is None


def test_a_hangup_ends_the_program(runs: Start) -> None:
    program = runs()
    program.hangup()
    assert program.wait_exit() in (0, -signal.SIGHUP)


def test_without_colours_every_state_keeps_its_glyph_and_word(terminal: Start, churn: Path) -> None:
    program = terminal(cwd=churn, env={"NO_COLOR": "1"})
    program.wait_for("● finished", "? all")
    cells = [program.cell(at // 80, at % 80) for at in range(24 * 80)]
    assert {(cell.fg, cell.bg) for cell in cells} == {("default", "default")}


def test_a_terminal_without_unicode_gets_ascii_signs(terminal: Start, churn: Path) -> None:
    program = terminal(cwd=churn, env={"LANG": "C", "LC_ALL": "C"})
    program.wait_for("* finished", "X failed")
    assert "●" not in program.text


def test_one_run_can_be_opened_from_the_command_line(terminal: Start, churn: Path, command: Callable[..., str]) -> None:
    run = command(churn, "runs", "--limit", "1", "--json").split('"id"')[1].split('"')[1]
    program = terminal("open", f"run/{run}", cwd=churn)
    program.wait_for(run, "metrics", "params")
    program.press("esc")
    program.wait_for("experiment churn")


def test_q_on_what_the_command_line_opened_leads_back_to_the_shell(
    terminal: Start, churn: Path, command: Callable[..., str]
) -> None:
    run = command(churn, "runs", "--limit", "1", "--json").split('"id"')[1].split('"')[1]
    program = terminal("open", f"run/{run}", cwd=churn)
    program.wait_for(run, "metrics", "params")
    program.press("3")
    program.wait_for(" champion ")
    program.press("q")
    program.wait_for(run, "metrics", "params")
    program.press("q")
    assert program.wait_exit() == 0


def test_q_leads_back_from_tab_to_tab_before_it_ends(runs: Start) -> None:
    program = runs()
    program.press("3")
    program.wait_for(" champion ")
    program.press("7")
    program.wait_gone(" champion ")
    program.press("q")
    program.wait_for(" champion ")
    program.press("esc")
    program.wait_for("experiment churn")
    program.press("q")
    assert program.wait_exit() == 0


def test_what_is_typed_ahead_of_the_prompt_goes_into_it(runs: Start) -> None:
    program = runs((120, 40))
    program.send(b"/status:failed\r")
    program.wait_for("status:failed", "of 136")
    program.wait_gone("finished")
    program.send(b":sources\r")
    program.wait_for("well")


def test_a_paste_outside_a_field_is_dropped_whatever_it_holds(runs: Start) -> None:
    program = runs((80, 24))
    program.send(b"\x1b[200~qx\x1b[q\x1b[31m\x1b[201~")
    program.press("t")
    program.wait_for("children stand below their parents")
