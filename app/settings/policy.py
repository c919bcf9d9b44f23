"""[promotion."MODEL"]: the policy by which a model is promoted."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import msgspec

from .checks import (
    WrongError,
    check_duration,
    check_given,
    check_zone,
    echo,
)
from .table import Section

Accepted: TypeAlias = Literal["signed", "forge", "claimed"]
"""How well it must be known who somebody is."""
ACCEPTED: tuple[Accepted, ...] = ("signed", "forge")


class Gate(Section, frozen=True, kw_only=True):
    """[[promotion.M.metric]]: a bound that the candidate's metric must keep."""

    name: str
    greater_is_better: bool
    threshold: float | None = None
    min_absolute_change: float | None = None
    min_relative_change: float | None = None
    same_dataset: bool = False
    max_age: str | None = None

    def __post_init__(self) -> None:
        check_given("name", self.name)
        check_duration("max_age", self.max_age)
        for key in ("threshold", "min_absolute_change", "min_relative_change"):
            if (bound := getattr(self, key)) is not None and not math.isfinite(bound):
                raise WrongError(key, "must be a finite number")


class RequiredChecks(Section, frozen=True, kw_only=True):
    """[promotion.M.required_checks]: pipelines or jobs, and data checks, on the candidate's own commit."""

    ci: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    max_age: str | None = None

    def __post_init__(self) -> None:
        check_duration("max_age", self.max_age)


class Approvals(Section, frozen=True, kw_only=True):
    """[promotion.M.approvals]: who must agree."""

    count: int = 1
    who: tuple[str, ...] = msgspec.field(name="from", default=())
    accept: tuple[Accepted, ...] = ACCEPTED
    prevent_self_review: bool = True
    expires: str | None = None
    signers: str = ""
    """Path in the repository of an allowed-signers file, read at the policy's own commit."""

    def __post_init__(self) -> None:
        check_duration("expires", self.expires)
        if self.signers.startswith(("/", "~")) or ".." in self.signers.split("/") or "\0" in self.signers:
            raise WrongError(
                "signers", f"({echo(self.signers)}) is no file of the repository: write its path from the top"
            )
        if self.count < 0:
            raise WrongError("count", f"({self.count}) is less than nobody")


class Denied(Section, frozen=True, kw_only=True):
    """One window of a freeze."""

    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...]
    tz: str = "UTC"

    def __post_init__(self) -> None:
        check_zone("tz", self.tz)


class Freeze(Section, frozen=True, kw_only=True):
    """[promotion.M.freeze]: when nothing is promoted."""

    deny: tuple[Denied, ...] = ()


class Waivers(Section, frozen=True, kw_only=True):
    """[promotion.M.waivers]: which gates may be waived, by whom, how long. Default: none."""

    gates: tuple[str, ...] = ()
    who: tuple[str, ...] = msgspec.field(name="from", default=())
    accept: tuple[Accepted, ...] = ACCEPTED
    max: str | None = None

    def __post_init__(self) -> None:
        check_duration("max", self.max)


class Rollback(Section, frozen=True, kw_only=True):
    """[promotion.M.rollback]."""

    require_reason: bool = False


class Promotion(Section, frozen=True, kw_only=True):
    """[promotion."M"]: the policy of a registered model, or of all that a pattern names."""

    candidate: str = msgspec.field(name="from", default="")
    """Alias that the candidate must hold."""
    to: str
    direction: Literal["forward", "any"] = "forward"
    ledger: Literal["refs", "tags"] = "refs"
    metric: tuple[Gate, ...] = ()
    required_checks: RequiredChecks = RequiredChecks()
    approvals: Approvals | None = None
    freeze: Freeze = Freeze()
    waivers: Waivers = Waivers()
    rollback: Rollback = Rollback()

    def __post_init__(self) -> None:
        check_given("to", self.to)
