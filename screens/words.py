"""What is typed after a colon: to go to, or to do. Text in, a command out; the app carries it out."""

from __future__ import annotations

from difflib import get_close_matches
from typing import NamedTuple

from ..app.errors import UsageError
from ..app.records import SUBJECT_PARTS, Subject, parse_subject


class Command(NamedTuple):
    """A command and its argument."""

    word: str
    argument: str = ""
    subject: Subject | None = None


COMMANDS: dict[str, str] = {
    "watch": "what needs attention, worst first, with what changed before it",
    "runs": "the runs",
    "models": "the registered models; with a filter: models alias:champion",
    "prompts": "the prompts of the registries, which are no models",
    "checks": "what tools said of the data; with a filter: checks outcome:fail dataset:orders",
    "pipelines": "what the CI did; with a filter: pipelines status:failed branch:main",
    "lineage": "SUBJECT: what it came from and what came of it; alone: as it was left",
    "serving": "what watches production: a line a model version, alerts; with a filter: serving model:churn state:bad",
    "infra": "stacks, what their plans would do, what was changed outside the code; with a filter: infra action:delete",
    "events": "everything that happened, newest first; with a filter: events kind:alert model:churn",
    "datasets": "the data, under all its names; with a filter: datasets outcome:fail tool:dvc",
    "promote": "MODEL[@ALIAS] [VERSION]: the plan by which the alias is moved, with its gates",
    "rollback": "MODEL[@ALIAS] [VERSION]: the way back, to the last good version",
    "waive": "GATE: let a gate of the plan go unmet, where the policy allows it; asks for the reason",
    "acts": "what I changed in the outside world, and what came of it",
    "sources": "where everything comes from, and how it is doing",
    "experiment": "NAME: change to this experiment",
    "sort": "KEY[:desc]: sort by a column",
    "view": "NAME shows a saved view; save NAME keeps the present one",
    "filter": "TEXT: filter by it",
    "watched": "the runs that are watched; take a tick away to watch one no more",
    "notices": "what was told of them",
    "fold": "KEY ...: fold the runs into groups: fold params.lr params.depth",
    "scatter": "PARAM METRIC: a point a run: scatter params.lr metrics.val_auc",
    "compare": "ID ID ...: two to eight runs side by side, measured against the first",
    "project": "NAME: change to a project of projects.toml",
    "theme": "NAME: dark, light, colour-blind, ansi or plain",
    "refresh": "ask the syncer for a pass now",
    "help": "all keys",
    "quit": "end",
}
"""Words and what they do. A subject (`run/ID`) is a command as well: it opens the thing."""


def parse_command(text: str) -> Command:
    """`view save mine` -> Command. Raises UsageError with the nearest word."""
    text = text.strip().removeprefix(":")
    word, _, argument = text.partition(" ")
    if word.partition("/")[0] in SUBJECT_PARTS and "/" in word:
        return Command("open", text, parse_subject(text))
    if word in COMMANDS:
        return Command(word, argument.strip())
    begun = [known for known in COMMANDS if word and known.startswith(word)]
    if len(begun) == 1:
        return Command(begun[0], argument.strip())
    if begun:
        *others, last = (f":{known}" for known in sorted(begun))
        raise UsageError(f":{word} may be {', '.join(others)} or {last}; write more of it")
    close = get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean :{close[0]}?" if close else "there are " + ", ".join(f":{known}" for known in COMMANDS)
    raise UsageError(f"there is no command :{word}; {hint}")
