"""Tagging: KEY=VALUE is typed, what will happen is shown and asked, and then it is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..app.acting import MOST_AT_ONCE
from ..app.errors import UsageError
from ..app.records import Run
from ..app.text import cells, clip, pad, shown
from ..widgets.line import Piece
from .acting import NAMED, acts_of, confirm, runs_said, there

if TYPE_CHECKING:
    from .deck import Deck
    from .frame import FrameScreen
    from .run_acts import RunActs


def ask_for_tag(screen: RunActs) -> None:
    """Ask for KEY=VALUE to set on the chosen runs."""
    runs = screen.chosen_runs()
    if acts_of(screen) is None:
        return
    if not runs:
        screen.say("there is no run here to tag", "dim")
    elif len(runs) > MOST_AT_ONCE:
        screen.say(f"{len(runs)} runs are marked: {MOST_AT_ONCE} are tagged at once at most", "warn")
    else:
        screen.to_tag = runs
        screen.query_one("#keys").display = False
        on = clip(runs[0].name, 40) if len(runs) == 1 else f"{len(runs)} runs"
        screen.prompt.ask("tag", "", "KEY=VALUE", _known_keys(screen.deck, runs))
        screen.say(f"a tag for {on}: KEY=VALUE, then what will happen is shown and asked", "dim")


def _known_keys(deck: Deck, runs: Sequence[Run]) -> list[str]:
    """Tags of these experiments, to complete what is typed."""
    wanted = {(run.source, run.experiment_id) for run in runs}
    rows = deck.reader.experiments()
    here = [row.rowid for row in rows if (row.experiment.source, row.experiment.id) in wanted]
    keys = [known.name for known in deck.reader.keys(here) if known.kind == "tag"]
    return [f"{key}=" for key in sorted(keys, key=lambda key: key.startswith("mlflow."))]


def answer_tag(screen: RunActs, text: str) -> None:
    """KEY=VALUE was typed: confirm it, or say what is wrong with it and leave the prompt open."""
    acts = screen.deck.acts
    key, equals, value = (part.strip() for part in text.partition("="))
    try:
        if not equals:
            raise UsageError("write KEY=VALUE, as in stage=gold; Esc leaves")
        assert acts is not None
        acts.check_tag(key, value)
    except UsageError as error:
        screen.say(f"▲ {error}", "warn")
        return
    leave_prompt(screen)
    runs = [run for run in screen.to_tag if run.status != "deleted" and run.tags.get(key) != value]
    if not runs:
        screen.say(f"nothing to do: {key}={value} is there already, or the run is deleted", "dim")
        return
    lines = tag_lines(screen.deck, screen.to_tag, runs, key, value)
    title = f"tag {runs_said(len(runs))}"
    confirm(screen, title, lines, partial(acts.tag, runs, key, value))


def tag_lines(deck: Deck, chosen: Sequence[Run], runs: Sequence[Run], key: str, value: str) -> list[list[Piece]]:
    """What will happen, and where; `runs` are those of the chosen that will change."""
    head: list[Piece] = [(" set ", "text"), (f"{clip(key, 60)}={clip(value, 80)}", "bright")]
    head += [(f" on {runs_said(len(runs))} in {_places(deck, runs)}", "text")]
    lines = [head, [], *_present(runs, key)]
    if len(chosen) > len(runs):
        left = len(chosen) - len(runs)
        lines.append(
            [(f" {runs_said(left)} left alone: {'it has' if left == 1 else 'they have'} it already, or ", "dim")]
        )
        lines[-1] += [("is deleted" if left == 1 else "are deleted", "dim")]
    return [*lines, [], [(" the way back is u, as long as nobody else changes it", "dim")]]


def _places(deck: Deck, runs: Sequence[Run]) -> str:
    states = {state.source: state for state in deck.states}
    found = [states.get(source) for source in dict.fromkeys(run.source for run in runs)]
    return " and ".join(f"{shown(one.name)} {shown(one.address)}" if one else "a source unknown" for one in found)


def _present(runs: Sequence[Run], key: str) -> list[list[Piece]]:
    """Each run with what it has there now; where they are many, how many have what."""
    if len(runs) <= NAMED:
        width = min(40, max(cells(shown(run.name)) for run in runs))
        rows = [(pad(shown(run.name), width), there(key, run.tags.get(key), "now")) for run in runs]
    else:
        counted = Counter(run.tags.get(key) for run in runs).most_common()
        rows = [(f"{number:>5}", there(key, value, "now")) for value, number in counted[: NAMED - 1]]
        if len(counted) > NAMED - 1:
            rows.append((f"{sum(n for _, n in counted[NAMED - 1 :]):>5}", "other values now"))
    return [[(f"   {name}  ", "text"), (there, "dim")] for name, there in rows]


def leave_prompt(screen: FrameScreen) -> None:
    """Put the prompt away and give the keys back."""
    screen.prompt.close()
    screen.query_one("#keys").display = True
    screen.say("")
    screen.focus_body()
