"""Where promotions are opened from, and where the evidence of a gate is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from ..app.errors import UsageError
from ..app.promotion import Gate, Kind
from ..app.promotion.policy import aliases_of
from ..app.promotion.words import called
from ..app.records import Subject, parse_subject
from ..app.store.models import ModelRow
from ..app.text import clip, shown
from .choice import Way
from .detail import DetailScreen
from .picker import Item, Picker
from .pipeline_columns import called as called_pipeline
from .run_details import Sight, commit_said

if TYPE_CHECKING:
    from .deck import Deck
    from .frame import FrameScreen

# -- to a plan --------------------------------------------------------------------------------------------------


def open_promotion(
    screen: FrameScreen, model: str, alias: str, *, version: str | None = None, kind: Kind = "promotion",
    source: str | None = None,
) -> None:  # fmt: skip
    """Open the plan by which an alias is moved. `version`: without one the holder of the alias that the policy names,
    and of a rollback the last good one. `source`: key of the registry, where several have this model."""
    from .promotion import PromotionScreen  # with what it brings, when it is wanted

    from ..app.deciding import Wanted  # isort: skip

    wanted = Wanted(model=model, alias=alias, kind=kind, version=version, source=source)
    screen.app.push_screen(PromotionScreen(screen.deck, wanted))


def promote(screen: FrameScreen, row: ModelRow | None, version: str | None = None) -> None:
    """Open the plan for a model, or for one of its versions; where it is not plain which alias is meant, ask."""
    if not _is_there(row, screen):
        return
    model = row.model
    named = aliases_of(screen.deck.reader.policy_text(), model.name)
    others = [alias for alias in model.aliases if alias not in named and model.aliases[alias] != version]
    known = named if len(named) == 1 else [*named, *others]
    go = partial(open_promotion, screen, model.name, version=version, source=model.source)
    if not known:
        screen.say(f"no alias of {clip(model.name, 40)} is known: `:promote MODEL@ALIAS` sets a new one", "warn")
        return
    if len(known) == 1:
        go(known[0])
        return
    _choose(screen, f"promote {clip(model.name, 40)}{_of(version)}: which alias", row, known, named, go)


def roll_back(
    screen: FrameScreen, row: ModelRow | None, version: str | None = None, *, to: str | None = None
) -> None:  # fmt: skip
    """Open the way back of a model's alias, or of the one that this version holds; where there are several, ask which.

    `to`: the version to go back to; None: the last good one.
    """
    if not _is_there(row, screen):
        return
    model = row.model
    held = [alias for alias, of in model.aliases.items() if version in (None, of)]
    named = [alias for alias in aliases_of(screen.deck.reader.policy_text(), model.name) if alias in held]
    go = partial(open_promotion, screen, model.name, version=to, kind="rollback", source=model.source)
    if not held:
        what = f"{called(version)} holds no alias" if version else f"{clip(model.name, 40)} has no alias"
        screen.say(f"{what}: there is nothing to roll back", "dim")
    elif len(held) == 1 or len(named) == 1:
        go((named or held)[0])
    else:
        _choose(screen, f"roll back {clip(model.name, 40)}: which alias", row, held, named, go)


def _is_there(row: ModelRow | None, screen: FrameScreen) -> TypeGuard[ModelRow]:
    if row is None:
        screen.say("there is no model here whose alias could be moved", "dim")
    elif row.model.kind == "prompt":
        screen.say("a prompt has no gates here: MLflow's own page moves its aliases", "dim")
    return row is not None and row.model.kind != "prompt"


def _of(version: str | None) -> str:
    return f" {called(version)}" if version else ""


def _choose(
    screen: FrameScreen, title: str, row: ModelRow, aliases: Sequence[str], named: Sequence[str], go: Any
) -> None:  # fmt: skip
    items = [Item(alias, _standing(row, alias, alias in named), alias) for alias in aliases]
    picker: Picker[str] = Picker(title, items, screen.deck.palette)
    screen.app.push_screen(picker, lambda found: go(found[0]) if found else None)


def _standing(row: ModelRow, alias: str, is_named: bool) -> str:
    now = row.model.aliases.get(alias)
    policy = "by its policy" if is_named else "no policy covers it"
    return f"{f'{called(now)} now' if now else 'no version now'}   {policy}"


def named(written: str, deck: Deck, kind: Kind) -> tuple[ModelRow, str | None, str | None]:
    """`MODEL`, `MODEL@ALIAS` or either with a version behind it, as it is typed -> the model, alias and version.

    Raises UsageError.
    """
    written = written.strip()
    if not written:
        raise UsageError(f"say of which model: `:{'rollback' if kind == 'rollback' else 'promote'} MODEL@ALIAS`")
    find = deck.reader.models.model
    if (row := find(written)) is not None:  # a name may have spaces and an @: it is taken whole first
        return row, None, None
    words, _, last = written.rpartition(" ")
    if words and (row := find(words.strip())) is not None:
        return row, None, last
    name, _, rest = written.rpartition("@")
    if name and (row := find(name)) is not None:
        alias, _, version = rest.strip().partition(" ")
        return row, alias or None, version.strip() or None
    raise UsageError(f"the cache has no model {clip(written.rpartition('@')[0] or written, 60)}; :models lists them")


# -- to the evidence --------------------------------------------------------------------------------------------


def evidence_ways(screen: FrameScreen, gate: Gate, names: Mapping[str, str]) -> list[Way]:
    """What a gate was judged by, as far as there is a screen for it: at most nine. `names`: what people call them."""
    found = [way._replace(says=names.get(of, way.says)) for of in gate.evidence for way in _way(screen, of)]
    return [way._replace(key=str(number)) for number, way in enumerate(found[:9], 1)]


def _way(screen: FrameScreen, written: str) -> Iterator[Way]:
    try:
        subject = parse_subject(written)
    except UsageError:
        return
    if subject.kind == "commit":
        yield Way("", _commit_words(screen.deck, subject.parts[0]), partial(_open_commit, screen, subject.parts[0]))
    elif subject.kind in ("run", "pipeline", "job", "model", "check", "result"):
        yield Way("", _words(screen.deck, subject), partial(cast("Any", screen.app).open_subject, subject))


def _words(deck: Deck, subject: Subject) -> str:
    """What a thing is called, as far as the cache knows it."""
    native = subject.parts[0]
    if subject.kind == "run":
        runs = deck.reader.runs(deck.reader.rowids([native]), names=())
        return f"run {clip(runs[0].name or native, 40)}" if runs else f"run {clip(native, 40)}"
    if subject.kind == "pipeline":
        found = deck.reader.pipelines.find(native)
        rows = deck.reader.pipelines.rows([found]) if found is not None else []
        return f"pipeline {called_pipeline(rows[0].pipeline, 50)}" if rows else f"pipeline {clip(native, 40)}"
    if subject.kind == "job":
        job = deck.reader.pipelines.job(native)
        return f"log of job {clip(job[1].name, 40)}" if job is not None else f"job {clip(native, 40)}"
    if subject.kind in ("check", "result"):
        return f"{subject.kind} {clip(native, 40)}"
    return f"version {clip(native, 40)}{_of(subject.parts[1] if len(subject.parts) > 1 else None)}"


def _commit_words(deck: Deck, sha: str) -> str:
    commit = deck.reader.commit(sha)
    return f"commit {shown(sha[:7])}" + (f"  {clip(commit.subject, 50)}" if commit is not None else "")


def _open_commit(screen: FrameScreen, sha: str) -> None:
    """A commit's message, author and files."""
    deck = screen.deck
    commit = deck.reader.commit(sha)
    screen.app.push_screen(
        DetailScreen(
            deck, f"commit {shown(sha[:7])}",
            lambda width: commit_said(sha, commit, (), Sight(width, deck.now(), deck.zone, deck.better)),
        )
    )  # fmt: skip
