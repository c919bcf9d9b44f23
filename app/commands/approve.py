"""`quarterdeck approve` and `quarterdeck waive`: what others say of a plan."""

from __future__ import annotations

import json
import string

import click

from .. import deciding
from ..actions import check_allowed
from ..errors import QuarterdeckError, UsageError
from ..promotion import Plan
from ..records import StoredPlan
from ..text import shown
from .boundary import say
from .carrying_out import Desk, at_desk, follow, now, outcome_json
from .options import Options
from .plan_lines import plan_lines
from .printing import print_object
from .promote import source_key

_json = click.option("--json", "as_json", is_flag=True, help="What came of it as a JSON object.")


@click.command("approve", short_help="Agree to exactly this plan.")
@click.argument("plan", metavar="PLAN")
@click.option("--note", default="", metavar="TEXT", help="Said beside it.")
@_json
@click.pass_obj
def approve_command(options: Options, plan: str, note: str, as_json: bool) -> int:
    """Agree to PLAN, by its id or its unambiguous beginning, as it stands now.

    \b
      quarterdeck approve 7f3a --note "looked at the confusion matrix"

    It holds for exactly this plan: whatever changes a gate, its evidence, the versions or the policy voids it. It is
    signed with your SSH key where Git has one for you. Exit status 4 where it would not count, and why.
    """
    with at_desk(options) as desk:
        if desk is None:
            return 3
        check_allowed(desk.settings, options.read_only, "mlflow")
        stored = _stored(desk, plan)
        current = _as_it_is(desk, stored)
        for line in plan_lines(current, now()):
            say(line)
        git = deciding.git_of(desk.reader)
        status, act = follow(desk, deciding.approve(desk.acting, _seen(current, stored), git=git, note=note))
        if as_json:
            print_object(outcome_json(act))
        return status


@click.command("waive", short_help="Let one gate of one version go unmet, where the policy allows it.")
@click.argument("model", metavar="MODEL@ALIAS")
@click.argument("gate")
@click.option("--version", "version", required=True, metavar="N", help="The version that it is for.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stands beside the plan and in the ledger.")
@click.option("--source", metavar="NAME", help="Which registry has the model, where several do.")
@_json
@click.pass_obj
def waive_command(
    options: Options, model: str, gate: str, version: str, reason: str, source: str | None, as_json: bool
) -> int:
    """Waive GATE for one version. It ends by itself, as the policy says.

    \b
      quarterdeck waive churn@champion 'data:orders.*' --version 14 --reason "the check itself is broken, see #812"
    """
    name, at, alias = model.rpartition("@")
    if not at:
        raise UsageError(f"Write the model and its alias: {shown(model)}@ALIAS.")
    with at_desk(options) as desk:
        if desk is None:
            return 3
        check_allowed(desk.settings, options.read_only, "mlflow")
        plan = desk.plan(name, alias, "promotion", version, source_key(desk, source))
        git = deciding.git_of(desk.reader)
        status, act = follow(desk, deciding.waive(desk.acting, plan, gate, reason, git=git))
        if as_json:
            print_object(outcome_json(act))
        return status


def _stored(desk: Desk, beginning: str) -> StoredPlan:
    """The plan that is meant. Raises UsageError, QuarterdeckError."""
    wanted = beginning.lower()
    if len(wanted) < 4 or not set(wanted) <= set(string.hexdigits):
        raise UsageError(f"“{shown(beginning)}” is no plan: its id is written in hex digits, 4 at least.")
    found = [one for one in desk.promotions.plans if one.id.startswith(wanted)]
    if not found:
        raise QuarterdeckError(f"Nobody asked for the approval of a plan {shown(beginning)}: `promote --ask` does.")
    if len(found) > 1:
        raise UsageError(f"{len(found)} plans begin with {shown(beginning)}: write more of it.")
    return found[0]


def _as_it_is(desk: Desk, stored: StoredPlan) -> Plan:
    try:
        told = json.loads(stored.text)
        model, alias, kind, version, address = (told[name] for name in ("model", "alias", "kind", "to", "registry"))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise QuarterdeckError(f"Plan {stored.id[:12]} cannot be read: no quarterdeck wrote it.") from None
    if kind not in ("promotion", "rollback"):
        raise QuarterdeckError(f"Plan {stored.id[:12]} is of a kind that this program does not know.")
    return desk.plan(str(model), str(alias), kind, str(version), _source_at(desk, address))


def _source_at(desk: Desk, address: object) -> str | None:
    """The registry that a plan speaks of, where several have a model of this name; None where it is none of ours."""
    states = desk.reader.source_states()
    return next((state.source for state in states if state.kind == "registry" and state.address == address), None)


def _seen(current: Plan, stored: StoredPlan) -> Plan:
    """What is agreed to is the plan that was asked about, whatever it has become since: then it is refused."""
    from msgspec.structs import replace

    return replace(current, id=stored.id, text=stored.text, short=stored.id[: len(current.short)])
