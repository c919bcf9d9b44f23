"""Infrastructure as code: stacks, their resources, and what a plan would do. Never a value of any attribute."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .record import Millis, Record

ResourceAction: TypeAlias = Literal["no-op", "create", "read", "update", "delete", "replace", "forget", "unknown"]
"""What a plan would do; unknown: a word of the tool's that we do not know."""
RESOURCE_ACTIONS: tuple[str, ...] = ("no-op", "create", "read", "update", "delete", "replace", "forget", "unknown")

Drift: TypeAlias = Literal["", "update", "delete", "move", "unknown"]
"""What was done outside the code: changed or taken away."""

StackStatus: TypeAlias = Literal["in step", "planned", "drifted", "failed", "applied", "unknown"]
"""in step: the plan would change nothing; failed: plan or apply ended in errors. The worst that is so."""


class Resource(Record, frozen=True, kw_only=True):
    """One resource of a stack, as plan and state say it."""

    stack: str
    address: str
    """As the tool writes it: module.net.aws_lb.api["eu"]."""
    type: str
    name: str
    module: str = ""
    mode: Literal["managed", "data"] = "managed"
    provider: str = ""
    action: ResourceAction = "no-op"
    reason: str = ""
    """The tool's word on why: replace_because_cannot_update ..."""
    drift: Drift = ""
    changed: tuple[str, ...] = ()
    """Names of the attributes, of the top level only, that the plan changes ..."""
    drifted: tuple[str, ...] = ()
    """... and that were changed outside the code."""
    forces: tuple[str, ...] = ()
    """Those that make it a replacement."""
    is_sensitive: bool = False
    """The tool says that some of what changes is secret."""
    moved_from: str = ""


class Stack(Record, frozen=True, kw_only=True):
    """One stack, by the last plan, state and log that were found. All times are the tool's where it says them."""

    source: str
    name: str
    tool: Literal["terraform", "opentofu"] = "terraform"
    version: str = ""
    """Of the tool."""
    environment: str = ""
    models: tuple[str, ...] = ()
    """Registered models that stand on it, as the settings say."""
    folder: str = ""
    """Of its code, in the repository; "" is the top."""
    status: StackStatus = "unknown"
    planned_at: Millis | None = None
    applied_at: Millis | None = None
    read_at: Millis | None = None
    digest: str = ""
    """Of the files that were read, as a whole: another one is news."""
    state_digest: str = ""
    """Of which resources there are, without what they hold."""
    resources: tuple[Resource, ...] = ()
    applied: tuple[str, ...] = ()
    """Addresses that the last apply changed, took away or made; at most a hundred."""
    errors: tuple[str, ...] = ()
    """What plan or apply ended with, masked."""
    complaint: str = ""
    """What is wrong with the files as such, in a sentence."""
    origin: str = ""
    """Where it was read: paths, or an artifact."""
    commit: str | None = None
    """The commit that was planned or applied, where the place that it was read from says so."""
    pipeline_id: str | None = None

    def counts(self) -> dict[str, int]:
        """How many resources each action concerns, and `drift`; a replacement is one of its own."""
        found = dict.fromkeys((*RESOURCE_ACTIONS, "drift"), 0)
        for resource in self.resources:
            found[resource.action] += 1
            found["drift"] += bool(resource.drift)
        return found
