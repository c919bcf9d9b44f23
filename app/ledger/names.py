"""How models, aliases and people are written into the names of refs, and read from them."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

Style: TypeAlias = Literal["refs", "tags"]
"""refs: under refs/quarterdeck/ledger, which starts no CI; tags: `model#alias#N`, as GTO writes them."""

OURS: Final = "refs/quarterdeck/"
PLANS: Final = OURS + "plans/"
APPROVALS: Final = OURS + "approvals/"
WAIVERS: Final = OURS + "waivers/"
LEDGER: Final = OURS + "ledger/"
TAGS: Final = "refs/tags/"

_PLAIN: Final = re.compile(rb"[A-Za-z0-9_-]")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


class EntryName(NamedTuple):
    """Which entry a ref holds."""

    model: str
    alias: str
    number: int


def quoted(name: str) -> str:
    """A name as one part of a ref: every byte but letters, digits, `_` and `-` is written `%2E`.

    So `a..b`, `x~1`, `a[b]`, `my model` and what ends in `.lock` are as good as any other name, and no two share one.
    """
    raw = name.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if _PLAIN.fullmatch(bytes((byte,))) else f"%{byte:02X}" for byte in raw)


def unquoted(part: str) -> str:
    """The name that `quoted` wrote. Raises ValueError for what it never writes."""
    name = unquote_to_bytes(part).decode("utf-8", "surrogatepass")
    if quoted(name) != part:
        raise ValueError(f"{part!r} is not written by quoted()")
    return name


def entry_ref(model: str, alias: str, number: int, style: Style) -> str:
    """Where an entry of the ledger belongs. All kinds of entries share the name: so a number is given once."""
    if style == "tags":
        return f"{TAGS}{quoted(model)}#{quoted(alias)}#{number}"
    return f"{LEDGER}{quoted(model)}/{quoted(alias)}/{number}"


def entry_pattern(model: str, alias: str, style: Style) -> str:
    """The refs of all entries of an alias, as refspecs write them."""
    return entry_ref(model, alias, 0, style).removesuffix("0") + "*"


def read_entry_ref(ref: str) -> EntryName | None:
    """Which entry a ref holds; None for one that holds none."""
    if ref.startswith(LEDGER):
        parts = ref.removeprefix(LEDGER).split("/")
    elif ref.startswith(TAGS):
        parts = ref.removeprefix(TAGS).split("#")
    else:
        return None
    if len(parts) != 3 or not _NUMBER.fullmatch(parts[2]):
        return None
    try:
        return EntryName(unquoted(parts[0]), unquoted(parts[1]), int(parts[2]))
    except ValueError:
        return None


def plan_ref(plan: str) -> str:
    """Where a plan belongs."""
    return PLANS + plan


def plan_tag(plan: str) -> str:
    """What the tag of a plan calls itself."""
    return f"plan-{plan[:12]}"


def tag_name(ref: str) -> str:
    """What the tag of an approval or a waiver calls itself: signed with the rest, it says what was signed."""
    return quoted(ref.removeprefix(OURS).replace("/", "-")[:200])


def approval_ref(plan: str, email: str) -> str:
    """Where somebody's approval of a plan belongs."""
    return f"{APPROVALS}{plan}/{quoted(email)}"


def waiver_ref(model: str, alias: str, version: str, gate: str, email: str) -> str:
    """Where somebody's waiver of a gate belongs."""
    return WAIVERS + "/".join(map(quoted, (model, alias, version, gate, email)))
