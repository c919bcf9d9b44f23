"""Sentences on pipelines: since when one is broken, what it waits for, and what stands where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from ..app.records import SourceState
from ..app.store.pipeline_groups import By
from ..app.text import cells, clip, fit, one_line, shown
from ..widgets.figures import age, count
from ..widgets.freshness import condition
from ..widgets.line import Piece
from ..widgets.status import glyph
from ..widgets.strip import agreeing, strip
from .deck import Deck
from .pipeline_columns import Group, short, times_usual
from .pipeline_facts import Broken, PipelineFacts
from .pipeline_lines import ago, who_may
from .pipeline_outline import tests_said
from .pipeline_rows import Listed

CI_KINDS = ("github", "gitlab", "jenkins", "local", "airflow", "kubeflow")
"""Kinds of sources that have pipelines."""


def jobs_line(facts: PipelineFacts | None, group: Group | None, width: int, now: int) -> list[Piece]:
    """The jobs of a pipeline in one line; of a group what it says."""
    if facts is None:
        return [(f" {group.says}", "text")] if group is not None else []
    if facts.pipeline.jobs is None:
        return [(" its jobs were asked for …", "dim")]
    return [(" ", "text"), *strip(agreeing(facts.pipeline), width - 2, now)]


def story(facts: PipelineFacts, width: int, now: int) -> list[Piece]:
    """One line on a pipeline: what it waits for, since when it is broken, what its tests say; "" where all is well."""
    one = facts.pipeline
    if one.approvals:
        return _fitted(_waits(facts, now), width)
    made: list[Piece] = []
    if tests := tests_said(one):
        made.append((f"   {tests}", "text"))
    if (times := times_usual(one, facts.usual, now)) is not None:
        made.append((f"   {glyph('stale')} {times:.1f} times its usual duration", "warn"))
    if facts.broken is not None:
        made = [*broke_pieces(facts.broken, one.id, now), *made]
    elif one.title:
        made.append((f"   {one_line(one.title[:200])}", "dim"))
    return _fitted([(made[0][0].lstrip(), made[0][1]), *made[1:]] if made else [], width)


def _fitted(pieces: Sequence[Piece], width: int) -> list[Piece]:
    """As much as fits, a cell in front."""
    made: list[Piece] = [(" ", "text")]
    left = width - 2
    for text, role in pieces:
        if left <= 0:
            break
        made.append((fit(text, left), role))
        left -= cells(text)
    return made if len(made) > 1 else []


def _waits(facts: PipelineFacts, now: int) -> list[Piece]:
    first = facts.pipeline.approvals[0]
    others = len(facts.pipeline.approvals) - 1
    more = f" and {count(others)} more" if others else ""
    since = f" since {age(first.since, now)}" if first.since is not None else ""
    who = who_may(first)
    return [
        (f"{glyph('waiting')} waits for approval of {clip(first.name, 24)}{more}{since}", "warn"),
        (f"   {who}" if who else "", "dim"),
        ("   A approves", "dim"),
    ]


def broke_pieces(broken: Broken, shown_id: str, now: int) -> list[Piece]:
    """`broke 3 h ago at 4f2c91a bo "relax null check", green before: #212, 3 commits between`."""
    first, commit = broken.first, broken.commit
    here = "broke here" if first.id == shown_id else f"broke {ago(first.created_at, now)}"
    made: list[Piece] = [(f"{glyph('failed')} {here}", "bad")]
    if commit is not None:
        made.append((f" at {short(commit.sha)} {clip(commit.author, 14)} “{clip(commit.subject, 40)}”", "text"))
    elif first.commit:
        made.append((f" at {short(first.commit)}", "text"))
    green = broken.green
    if green is None:
        return [*made, (", never green before", "dim")]
    before = f"#{clip(green.number, 12)}" if green.number else clip(green.id, 12)
    if broken.is_same_commit:
        return [*made, (f", the same commit was green in {before} {ago(green.created_at, now)}", "dim")]
    made.append((f", green before: {before} {ago(green.created_at, now)}", "dim"))
    between = len(broken.commits.ahead) if broken.commits else 0
    return [*made, (f", {count(between)} commits between", "dim")] if between > 1 else made


# -- a list of them -----------------------------------------------------------------------------------------------


def waiting_pieces(number: int) -> list[Piece]:
    """How many wait for a person; nothing where none does."""
    if not number:
        return []
    return [(f" {glyph('waiting')} {count(number)} {'waits' if number == 1 else 'wait'} for approval  ", "warn")]


def counted(answer: Listed | None, by: By | None, *, is_filtered: bool) -> list[Piece]:
    """How many there are, or of how many; in groups how many groups."""
    if answer is None:
        return []
    if by is not None:
        groups = sum(not isinstance(entry, int) for entry in answer.entries)
        ending = "" if groups == 1 else "es" if by == "branch" else "s"
        return [(f"   {count(groups)} {by}{ending}", "text")]
    of = f"{count(answer.matches)} of " if is_filtered else ""
    return [(f"   {of}{count(answer.total)}", "text")]


# -- where there is none ------------------------------------------------------------------------------------------

_LINE: Piece = ("\n", "text")


def ci_states(states: Sequence[SourceState]) -> list[SourceState]:
    """The sources that have pipelines."""
    return [state for state in states if state.kind in CI_KINDS]


def empty_words(deck: Deck, filter_text: str) -> list[Piece]:
    """What is so when there is no pipeline, and what to do next."""
    states = ci_states(deck.states)
    if not states:
        return _nothing_set()
    if filter_text:
        return [
            (f"no pipeline is like {clip(filter_text, 80)}", "text"), _LINE, _LINE,
            ("Esc takes the filter away   / changes it", "dim"),
        ]  # fmt: skip
    refused = [
        state for state in states if state.last_ok_at is None and condition(state, deck.now()) not in ("ok", "never")
    ]
    if refused and len(refused) == len(states):
        return _refused(refused[0])
    if any(state.last_ok_at is None for state in states):
        return [("reading the pipelines for the first time …", "text")]
    names = ", ".join(clip(state.name, 20) for state in states[:4])
    what = "`quarterdeck pipeline run` runs the jobs of the settings" if [s.kind for s in states] == ["local"] \
        else f"when {names} runs one it appears here"  # fmt: skip
    return [("no pipeline has run yet", "text"), _LINE, _LINE, (what, "dim"), _LINE, ("r looks again", "dim")]


def _refused(state: SourceState) -> list[Piece]:
    why = [piece for line in wrap(clip(state.sentence, 400), 72) for piece in ((line, "dim"), _LINE)]
    now = "`quarterdeck trust` shows what it would reach, and asks" if state.state == "untrusted" \
        else "r tries again   :sources says more   `quarterdeck doctor` tries each"  # fmt: skip
    return [(f"{shown(state.name)} could not be read yet", "text"), _LINE, _LINE, *why, _LINE, (now, "dim")]


def _nothing_set() -> list[Piece]:
    """The smallest settings that there are."""
    written = (
        "[[ci]]",
        'kind = "github"              # or gitlab, jenkins, airflow, kubeflow',
        'repository = "acme/churn"    # gitlab: project; jenkins: path of the job',
        "",
        "[[ci]]                       # without a CI server:",
        'kind = "local"               # `quarterdeck pipeline run`',
        'jobs = [{ name = "test", run = "make test" }]',
    )
    width = max(len(line) for line in written)
    lines = [piece for line in written for piece in ((line.ljust(width), "accent"), _LINE)]
    return [
        ("no CI is known here: write one into quarterdeck.toml", "text"), _LINE, _LINE,
        *lines, _LINE, ("`quarterdeck init` writes what it finds", "dim"),
    ]  # fmt: skip
