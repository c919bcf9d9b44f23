"""What can be copied of stacks and resources: name, command, Markdown, JSON. Never a value: none is kept."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .comparison.forms import code
from .copies import Copy
from .exact import iso
from .records import Resource, Stack, Subject


def stack_copies(stack: Stack, counts: Mapping[str, int] | None = None) -> list[Copy]:
    """The forms of a stack."""
    return [
        Copy("name", stack.name),
        Copy("subject", _subject(stack.name)),
        Copy("command", f"quarterdeck open {shlex.quote(_subject(stack.name))}"),
        Copy("Markdown", _stack_markdown(stack, counts)),
        Copy("JSON", _json(stack_json(stack, counts))),
    ]


def resource_copies(resource: Resource, stack: Stack | None = None) -> list[Copy]:
    """The forms of a resource."""
    subject = _subject(resource.stack, resource.address)
    tool = "tofu" if stack is not None and stack.tool == "opentofu" else "terraform"
    return [
        Copy("address", resource.address),
        Copy("subject", subject),
        Copy("command", f"quarterdeck open {shlex.quote(subject)}"),
        Copy(f"{tool} command", f"{tool} state show {shlex.quote(resource.address)}"),
        Copy("Markdown", _resource_markdown(resource)),
        Copy("JSON", _json(resource_json(resource, stack))),
    ]


def stack_json(stack: Stack, counts: Mapping[str, int] | None = None) -> dict[str, Any]:
    """A stack as a script gets it, without its resources."""
    return {
        "stack": stack.name,
        "subject": _subject(stack.name),
        "tool": stack.tool,
        "version": stack.version,
        "environment": stack.environment,
        "models": list(stack.models),
        "folder": stack.folder,
        "status": stack.status,
        "counts": dict(stack.counts() if counts is None else counts),
        "planned_at": iso(stack.planned_at),
        "applied_at": iso(stack.applied_at),
        "read_at": iso(stack.read_at),
        "commit": stack.commit,
        "pipeline_id": stack.pipeline_id,
        "errors": list(stack.errors),
        "complaint": stack.complaint,
        "origin": stack.origin,
        "source": stack.source,
    }


def resource_json(resource: Resource, stack: Stack | None = None) -> dict[str, Any]:
    """A resource as a script gets it."""
    return {
        "stack": resource.stack,
        "address": resource.address,
        "subject": _subject(resource.stack, resource.address),
        "type": resource.type,
        "name": resource.name,
        "module": resource.module,
        "mode": resource.mode,
        "provider": resource.provider,
        "action": resource.action,
        "reason": resource.reason,
        "drift": resource.drift,
        "changed": list(resource.changed),
        "drifted": list(resource.drifted),
        "forces": list(resource.forces),
        "is_sensitive": resource.is_sensitive,
        "moved_from": resource.moved_from,
        "commit": stack.commit if stack is not None else None,
    }


def _stack_markdown(stack: Stack, counts: Mapping[str, int] | None) -> str:
    held = stack.counts() if counts is None else counts
    facts = {
        "tool": f"{stack.tool} {stack.version}".strip(),
        "environment": stack.environment,
        "planned": iso(stack.planned_at),
        "applied": iso(stack.applied_at),
        "plan": ", ".join(f"{number} {word}" for word, number in held.items() if number),
        "models": ", ".join(stack.models),
        "folder": stack.folder,
        "commit": stack.commit,
        "errors": "; ".join(stack.errors),
        "complaint": stack.complaint,
    }
    return _table("stack", stack.name, stack.status, facts)


def _resource_markdown(resource: Resource) -> str:
    facts = {
        "stack": resource.stack,
        "type": resource.type,
        "drift": resource.drift,
        "changed": ", ".join(resource.changed),
        "changed outside the code": ", ".join(resource.drifted),
        "forces the replacement": ", ".join(resource.forces),
        "reason": resource.reason,
        "moved from": resource.moved_from,
    }
    return _table("resource", resource.address, resource.action, facts)


def _table(kind: str, name: str, stands: str, facts: Mapping[str, str | None]) -> str:
    lines = [f"### {kind} {code(name)}: {stands}", "", _row(("", kind)), _row(("---", "---"))]
    lines += [_row((fact, code(value))) for fact, value in facts.items() if value]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _subject(*parts: str) -> str:
    return str(Subject(kind="resource", parts=parts))


def _json(made: dict[str, Any] | Sequence[dict[str, Any]]) -> str:
    return json.dumps(made, allow_nan=False, indent=2) + "\n"
