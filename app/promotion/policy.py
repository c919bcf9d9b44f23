"""Which policy a model is promoted by: that of the remote's default branch, never that of the working tree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from ..errors import SettingsError
from ..records import PolicyText, Record
from ..settings import ProjectFile, Promotion
from ..settings.files import decoded, parse_settings
from ..text import clip
from .gate import Gate
from .words import NAME, abbreviated, about

TEAM: Final = "team:"


class Policy(Record, frozen=True, kw_only=True):
    """What the committed settings demand of one alias of one model."""

    text: PolicyText | None = None
    """Where it was read; None: nobody has read the repository yet."""
    name: str = ""
    """The model or pattern of its table; "" where none covers the alias."""
    rules: Promotion | None = None
    teams: Mapping[str, tuple[str, ...]] = {}
    environment: str = ""
    """[project] environment of the text: whose checks count."""
    digest: str = ""
    """SHA-256 of the rules and of the teams that they name; "" without rules."""
    trouble: str = ""
    """Why the text cannot be read, for a person."""
    differs: bool = False
    """The working tree has other rules for this alias. They are not used."""

    @property
    def commit(self) -> str:
        """The commit that it was read at; "" where none was."""
        return self.text.commit if self.text else ""


def canonical(what: Any) -> str:
    """JSON that is the same for the same content: keys sorted, no spaces, UTF-8."""
    return json.dumps(what, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def policy_of(
    text: PolicyText | None, model: str, alias: str, working: Mapping[str, Promotion] | None = None
) -> Policy:
    """The policy for an alias. `working`: the policies of the working tree, to say whether they differ."""
    if text is None or text.text is None:
        return Policy(text=text)
    try:
        place = f"{text.branch}:{text.path}"
        content = parse_settings(decoded(text.text.encode("utf-8", "surrogatepass"), place), ProjectFile, place)
    except SettingsError as error:
        return Policy(text=text, trouble=str(error))
    found = covering(content.promotion, model, alias)
    differs = working is not None and covering(working, model, alias) != found
    if found is None:
        return Policy(text=text, differs=differs, trouble=_alike(content.promotion, model, alias))
    name, rules = found
    return Policy(
        text=text, name=name, rules=rules, teams=content.teams, digest=_digest(rules, content.teams), differs=differs,
        environment=content.project.environment,
    )  # fmt: skip


def _alike(promotions: Mapping[str, Promotion], model: str, alias: str) -> str:
    """That a policy speaks of an alias that differs by case only: some databases take both for one (MySQL's)."""
    aliases = (rules.to for _, rules in _naming(promotions, model))
    meant = next((to for to in aliases if to.casefold() == alias.casefold()), None)
    return f"the policy speaks of {clip(meant, NAME)}, not of {clip(alias, NAME)}: write it so" if meant else ""


def covering(promotions: Mapping[str, Promotion], model: str, alias: str) -> tuple[str, Promotion] | None:
    """The table that covers an alias, and its name: the model's own, else the first pattern of the file."""
    return next((one for one in _naming(promotions, model) if one[1].to == alias), None)


def alias_of(text: PolicyText | None, model: str) -> str | None:
    """The alias that the policy of a model moves, for those who do not say which; None without such a policy."""
    return next(iter(aliases_of(text, model)), None)


def aliases_of(text: PolicyText | None, model: str) -> tuple[str, ...]:
    """All aliases of a model that a policy covers, the model's own first; none where the text cannot be read."""
    if text is None or text.text is None:
        return ()
    try:
        content = parse_settings(text.text, ProjectFile, text.path)
    except SettingsError:
        return ()
    return tuple(dict.fromkeys(rules.to for _, rules in _naming(content.promotion, model)))


def _naming(promotions: Mapping[str, Promotion], model: str) -> Iterator[tuple[str, Promotion]]:
    if model in promotions:
        yield model, promotions[model]
    yield from (one for one in promotions.items() if one[0] != model and fnmatchcase(model, one[0]))


def _digest(rules: Promotion, teams: Mapping[str, tuple[str, ...]]) -> str:
    named = {who.removeprefix(TEAM) for who in (*_approvers(rules), *rules.waivers.who) if who.startswith(TEAM)}
    told = {
        "promotion": msgspec.to_builtins(rules),
        "teams": {team: list(members) for team, members in teams.items() if team in named},
    }
    return hashlib.sha256(canonical(told).encode("utf-8", "surrogatepass")).hexdigest()


def _approvers(rules: Promotion) -> tuple[str, ...]:
    return rules.approvals.who if rules.approvals else ()


def policy_gate(policy: Policy, model: str, alias: str, trouble: str) -> Gate:
    """Whether it is known what is demanded. `trouble`: why the repository cannot be read now, "" where it can."""
    text = policy.text
    notes = ("the working tree has another policy: it is not used",) if policy.differs else ()
    if text is None:
        said = trouble or "the repository was not read yet: what is demanded is not known"
        return Gate(id="policy", state="missing", title="policy", sentence=said)
    gate = Gate(
        id="policy", state="pass", title="policy", value=policy.name or None, evidence=(about("commit", text.commit),),
        at=text.at, notes=notes, sentence=f"{abbreviated(text.commit)} on {clip(text.branch, NAME)}",
    )  # fmt: skip
    if trouble:
        return gate.but(state="missing", sentence=trouble)
    if policy.trouble:
        return gate.but(state="fail", sentence=policy.trouble)
    if policy.rules is None:
        said = f"no policy covers {clip(model, NAME)}@{clip(alias, NAME)}: nothing is demanded"
        return gate.but(state="warn", sentence=said)
    if text.is_local:
        return gate.but(state="warn", sentence=f"{gate.sentence}, local only: nobody else has agreed to it")
    return gate
