"""Three stacks: one that drifted and would replace its load balancer, one whose plan failed, one in step."""

from __future__ import annotations

from typing import Any

from quarterdeck.app.records import Batch, Change, Commit, Resource, SourceSpec, SourceState, Stack

MINUTE, HOUR = 60_000, 3_600_000
DAY = 24 * HOUR
TERRAFORM = SourceSpec(key="t" * 16, kind="infra", name="serving", address="/home/ann/churn")
SHA = "7e0c1d2" + "0" * 33


def make_resource(address: str, action: str = "no-op", stack: str = "serving", **changes: Any) -> Resource:
    """A resource of a stack."""
    kind, _, name = address.removeprefix("module.net.").partition(".")
    module = "module.net" if address.startswith("module.net.") else ""
    facts: dict[str, Any] = {
        "stack": stack, "address": address, "type": kind, "name": name.partition("[")[0], "module": module,
        "provider": "registry.terraform.io/hashicorp/aws", "action": action,
    }  # fmt: skip
    return Resource(**(facts | changes))


def make_stack(name: str, now: int, *resources: Resource, **changes: Any) -> Stack:
    """A stack that was planned three hours ago."""
    facts: dict[str, Any] = {
        "source": TERRAFORM.key, "name": name, "version": "1.9.5", "environment": "prod", "models": ("churn",),
        "folder": f"infra/{name}", "planned_at": now - 3 * HOUR, "applied_at": now - 2 * DAY, "read_at": now - MINUTE,
        "digest": name, "state_digest": name, "resources": resources, "origin": f"infra/{name}/plan.json",
    }  # fmt: skip
    return Stack(**(facts | changes))


def stacks(now: int) -> tuple[Stack, ...]:
    """All of them."""
    serving = (
        make_resource('aws_lb.api["eu"]', "replace", changed=("subnets", "tags"), forces=("subnets",),
                      reason="replace_because_cannot_update"),
        make_resource("aws_ecs_service.churn", "update", changed=("desired_count", "task_definition"),
                      drift="update", drifted=("desired_count",)),
        make_resource("aws_security_group.api", drift="update", drifted=("ingress",)),
        make_resource("module.net.aws_subnet.private[2]", "create"),
        make_resource("aws_cloudwatch_log_group.old", "delete", reason="delete_because_no_resource_config"),
        make_resource("aws_secretsmanager_secret.key", "update", changed=("secret_string",), is_sensitive=True),
        make_resource("aws_s3_bucket.models", moved_from="aws_s3_bucket.artifacts"),
        *(make_resource(f"aws_iam_role.worker[{number}]") for number in range(41)),
    )  # fmt: skip
    return (
        make_stack("serving", now, *serving, status="drifted", commit=SHA),
        make_stack("training", now, *(make_resource(f"google_storage_bucket.runs[{n}]", stack="training")
                                      for n in range(6)), status="failed", tool="opentofu", version="1.8.2",
                   models=(), planned_at=now - 26 * HOUR,
                   errors=("Error creating Bucket: googleapi: Error 403: quota of project exceeded",)),
        make_stack("monitoring", now, *(make_resource(f"grafana_dashboard.d[{n}]", stack="monitoring")
                                        for n in range(12)), status="in step", models=()),
    )  # fmt: skip


def commits(now: int, git: str) -> tuple[Commit, ...]:
    """What changed the code of the stack of serving: the newer one after its plan."""
    facts: dict[str, Any] = {"source": git, "parents": (), "email": "bo@acme"}
    return (
        Commit(sha=SHA, author="Bo", subject="Move the API to private subnets", authored_at=now - 5 * HOUR,
               committed_at=now - 5 * HOUR, changes=(Change(kind="M", path="infra/serving/lb.tf"),), **facts),
        Commit(sha="8f1d2e3" + "1" * 33, author="Ann", subject="Two more workers", authored_at=now - HOUR,
               committed_at=now - HOUR, changes=(Change(kind="M", path="infra/serving/ecs.tf"),), **facts),
    )  # fmt: skip


def fill(world: Any, specs: tuple[SourceSpec, ...] = ()) -> Any:
    """Write it into a world, beside the sources that it has already."""
    world.cache.declare([*specs, TERRAFORM])
    world.cache.write(TERRAFORM.key, Batch(stacks=stacks(world.now), stacks_complete=True), world.now)
    world.cache.write("g" * 16, Batch(commits=commits(world.now, "g" * 16)), world.now)
    world.states(
        SourceState(source=TERRAFORM.key, kind="infra", name="serving", address=TERRAFORM.address, state="ok",
                    last_ok_at=world.now - 20_000, items=3)
    )  # fmt: skip
    return world
