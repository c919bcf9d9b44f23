"""Registering: a model's name is typed, what will become of which runs is shown and asked, and then it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..app.errors import UsageError
from ..app.records import Run, SourceState
from ..app.store.model_events import called
from ..app.store.models import ModelRow
from ..app.text import cells, clip, pad, shown
from ..widgets.line import Piece
from ..widgets.status import worded
from .acting import NAMED, acts_of, confirm, runs_said
from .tagging import leave_prompt

if TYPE_CHECKING:
    from .deck import Deck
    from .run_acts import RunActs

MOST_AT_ONCE = 100
"""Runs that are registered at once: some six requests each."""


def ask_for_model(screen: RunActs) -> None:
    """Ask for the registered model that the chosen runs become versions of."""
    if acts_of(screen, "models") is None:
        return
    runs = screen.chosen_runs()
    if screen.deck.registering is None or registry_of(screen.deck) is None:
        screen.say("there is no model registry here to register in: the settings name no MLflow", "dim")
    elif not runs:
        screen.say("there is no run here to register", "dim")
    elif all(run.status == "deleted" for run in runs):
        screen.say("what is deleted in MLflow is not registered", "dim")
    elif len(runs) > MOST_AT_ONCE:
        screen.say(f"{len(runs)} runs are marked: {MOST_AT_ONCE} are registered at once at most", "warn")
    else:
        screen.to_register = runs
        screen.query_one("#keys").display = False
        models = [row.model.name for row in screen.deck.reader.models.models()]  # prompts are none
        screen.prompt.ask("register", "", "the name of a registered model", models, is_whole=True)
        of = clip(runs[0].name, 40) if len(runs) == 1 else runs_said(len(runs))
        screen.say(f"the model of {of} becomes a version of: a registered model's name, known or new", "dim")


def answer_model(screen: RunActs, text: str) -> None:
    """A name was typed: confirm it, or say what is wrong with it and leave the prompt open."""
    name, deck = text.strip(), screen.deck
    assert deck.registering is not None
    registering = deck.registering()
    try:
        registering.check_model(name)
        target = known_model(deck, name)
        if target is not None and target.model.kind != "model":
            raise UsageError(f"{clip(name, 40)} is a prompt, and no model")
    except UsageError as error:
        screen.say(f"▲ {error}", "warn")
        return
    leave_prompt(screen)
    chosen = screen.to_register
    there = {run.id: version for run in chosen if (version := version_of(deck, run, target)) is not None}
    runs = [run for run in chosen if run.status != "deleted" and run.id not in there]
    if not runs:
        done = f"is {clip(name, 40)} {called(there[chosen[0].id])} already" if there else "is deleted"
        screen.say(f"nothing to do: {clip(chosen[0].name, 40)} {done}", "dim")
        return
    lines = register_lines(deck, runs, len(chosen) - len(runs), name, target)
    confirm(screen, f"register {runs_said(len(runs))}", lines, partial(registering.register, runs, name))


def register_lines(deck: Deck, runs: Sequence[Run], left: int, name: str, target: ModelRow | None) -> list[list[Piece]]:
    """What will happen, and where: each run by name, and whether the registered model is a new one."""
    one, registry = len(runs) == 1, registry_of(deck)
    made = "make the model of 1 run a version of" if one else f"make the models of {len(runs)} runs versions of"
    where = f"in {shown(registry.name)} {shown(registry.address)}" if registry is not None else ""
    head: list[Piece] = [(f" {made} ", "text"), (clip(name, 60), "bright"), (f" {where}", "text")]
    lines = [head, [], *_named(runs), [], [(f" {_becomes(name, target)}", "text")]]
    if left:
        lines.append([(f" {runs_said(left)} left alone: a version of it already, or deleted", "dim")])
    stays = "a version that was made stays: there is no way back" if one else "versions that were made stay"
    return [*lines, [(f" {stays}; a run without a model, or with several, is refused", "dim")]]


def registry_of(deck: Deck) -> SourceState | None:
    """MLflow's registry, as the syncer knows it; None where there is none."""
    return next((state for state in deck.states if state.kind == "registry" and state.name == "models"), None)


def known_model(deck: Deck, name: str) -> ModelRow | None:
    """The registered model of that very name, as the cache has it."""
    registry = registry_of(deck)
    return deck.reader.models.model(name, registry.source) if registry is not None else None


def version_of(deck: Deck, run: Run, target: ModelRow | None) -> str | None:
    """The newest version of the registered model that was made of the run; None where there is none."""
    found = deck.reader.models.versions_of_run(run.id) if target is not None else []
    return next((row.version.version for row in found if target and row.model_rowid == target.rowid), None)


def _becomes(name: str, target: ModelRow | None) -> str:
    if target is None:
        return f"there is no {clip(name, 40)} yet, as far as is known: it is made for it"
    return f"its newest version is {called(target.newest)}" if target.newest else "it has no version yet"


def _named(runs: Sequence[Run]) -> list[list[Piece]]:
    """The runs by name, as many as a question has room for."""
    width = min(40, max(cells(shown(run.name)) for run in runs[:NAMED]))
    rows: list[list[Piece]] = []
    for run in runs[:NAMED]:
        word, role = worded(run.status)
        rows.append([(f"   {pad(shown(run.name), width)}  ", "text"), (word, role)])
    if len(runs) > NAMED:
        rows.append([(f"   and {len(runs) - NAMED} more", "dim")])
    return rows
