"""`quarterdeck promote` and `quarterdeck rollback`: the plan, and having it done."""

from __future__ import annotations

import sys

import click

from .. import deciding
from ..actions import check_allowed
from ..errors import RefusedError, UsageError
from ..promotion import Kind, Plan, alias_of, plan_json
from ..store.state import Act
from ..text import shown
from .boundary import say
from .carrying_out import REFUSED, Desk, at_desk, follow, now, outcome_json
from .options import Options
from .plan_lines import plan_lines
from .printing import print_object

_reason = click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the ledger.")
_ticket = click.option("--ticket", default="", metavar="T", help="What it belongs to; it stands in the ledger.")
_plan = click.option("--plan", "only_plan", is_flag=True, help="Show the plan and do nothing.")
_yes = click.option("--yes", is_flag=True, help="Do it without asking.")
_source = click.option("--source", metavar="NAME", help="Which registry has the model, where several do.")
_json = click.option("--json", "as_json", is_flag=True, help="The plan, or what came of it, as a JSON object.")


@click.command("promote", short_help="Move an alias to another version, by the policy's gates.")
@click.argument("model", metavar="MODEL[@ALIAS]")
@click.option("--version", "version", metavar="N", help="The version; without one the holder of the policy's `from`.")
@_plan
@_yes
@click.option("--ask", is_flag=True, help="Let others see the plan, so that they can approve it.")
@_reason
@_ticket
@_source
@_json
@click.pass_obj
def promote_command(
    options: Options, model: str, version: str | None, only_plan: bool, yes: bool, ask: bool, reason: str,
    ticket: str, source: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Plan the promotion of MODEL and do it: write the ledger, move the alias, read it back.

    \b
      quarterdeck promote churn@champion --plan            what would be done, and what stands in the way
      quarterdeck promote churn@champion --ask             let others see the plan: quarterdeck approve PLAN
      quarterdeck promote churn --version 14 --yes --reason "better on small stores"

    Exit status 4 when the policy refuses, with the gates as JSON on stdout, or when somebody else was faster.
    """
    wish = _Wish(model, "promotion", version, source, reason, ticket)
    return _run(options, wish, only_plan, yes, ask, as_json)


@click.command("rollback", short_help="Move an alias back to the last good version.")
@click.argument("model", metavar="MODEL[@ALIAS]")
@click.option("--to", "version", metavar="N", help="The version; without one the last good one of the ledger.")
@_plan
@_yes
@_reason
@_ticket
@_source
@_json
@click.pass_obj
def rollback_command(
    options: Options, model: str, version: str | None, only_plan: bool, yes: bool, reason: str, ticket: str,
    source: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Move the alias of MODEL back. Gates are shown as they are now and stop nothing, nor does a freeze.

    \b
      quarterdeck rollback churn@champion --reason "precision fell"
      quarterdeck rollback churn@champion --to 12 --yes --reason "v13 has the same fault"
    """
    return _run(options, _Wish(model, "rollback", version, source, reason, ticket), only_plan, yes, False, as_json)


class _Wish:
    """What was asked for."""

    def __init__(
        self, written: str, kind: Kind, version: str | None, source: str | None, reason: str, ticket: str
    ) -> None:
        self.model, _, self.alias = written.rpartition("@") if "@" in written else (written, "", "")
        self.kind: Kind = kind
        self.version = version
        self.source = source
        self.reason = reason
        self.ticket = ticket


def _run(options: Options, wish: _Wish, only_plan: bool, yes: bool, ask: bool, as_json: bool) -> int:
    with at_desk(options) as desk:
        if desk is None:
            return 3
        plan = _planned(desk, wish)
        if only_plan:
            _print(plan, as_json)
            return 0
        check_allowed(desk.settings, options.read_only, "mlflow")
        git = deciding.git_of(desk.reader)
        if ask:
            return _end(follow(desk, deciding.ask_approval(desk.acting, plan, git=git)), as_json)
        if not plan.applicable:
            print_object(plan_json(plan, now()))
            say(f"Refused: {plan.blocked}. Nothing was changed.")
            return REFUSED
        _confirm(plan, wish, yes)
        batch = deciding.apply(desk.acting, plan, git=git, reason=wish.reason, ticket=wish.ticket)
        return _end(follow(desk, batch), as_json)


def _end(came: tuple[int, Act], as_json: bool) -> int:
    status, act = came
    if as_json:
        print_object(outcome_json(act))
    return status


def _planned(desk: Desk, wish: _Wish) -> Plan:
    alias = wish.alias or alias_of(desk.promotions.policy, wish.model)
    if not alias:
        name = shown(wish.model)
        raise UsageError(f"No policy says which alias of {name} is meant: write {name}@ALIAS.")
    source = source_key(desk, wish.source)
    if desk.reader.models.model(wish.model, source) is None:
        raise UsageError(f"No registry has a model {shown(wish.model)}. `quarterdeck models` lists them.")
    plan = desk.plan(wish.model, alias, wish.kind, wish.version, source)
    if not plan.to_version:
        what = "--to N" if wish.kind == "rollback" else "--version N"
        raise UsageError(f"Nothing says which version is meant: give {what}.")
    return plan


def source_key(desk: Desk, name: str | None) -> str | None:
    """The key of a source by its label. Raises UsageError."""
    if name is None:
        return None
    states = desk.reader.source_states()
    found = next((state.source for state in states if state.name == name), None)
    if found is None:
        raise UsageError(f"No source is called {shown(name)}: there are {', '.join(state.name for state in states)}.")
    return found


def _print(plan: Plan, as_json: bool) -> None:
    if as_json:
        print_object(plan_json(plan, now()))
        return
    for line in plan_lines(plan, now()):
        print(line)


def _confirm(plan: Plan, wish: _Wish, yes: bool) -> None:
    """The model's name, typed. Raises UsageError, RefusedError."""
    if plan.needs_reason and not wish.reason.strip():
        raise UsageError("The policy wants a reason: give --reason TEXT.")
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("There is nobody to ask here: give --yes, or --plan to look only.")
    for line in plan_lines(plan, now()):
        say(line)
    typed = click.prompt(f"Type {shown(plan.model)} to go on", default="", show_default=False, err=True)
    if typed.strip() != plan.model:
        raise RefusedError("Refused: that is not its name. Nothing was changed.")
