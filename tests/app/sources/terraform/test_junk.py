"""Files that are wrong in every way: refused in a sentence, at a price that a small machine can pay."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.sources.checks.reading import UnreadableError
from quarterdeck.app.sources.terraform.entries import LARGEST
from quarterdeck.app.sources.terraform.part import Part

from ..checks.readers import JUNK, MEGABYTE, mutations, reordered, written
from .stacks import PAYLOADS, entry, part_of

PLAN = msgspec.json.decode((PAYLOADS / "terraform-1.15.5.6-mixed.plan.json").read_bytes())
STATE = msgspec.json.decode((PAYLOADS / "terraform-1.15.5.7-saved.state.json").read_bytes())


def answered(data: bytes) -> Part | None:
    """The part, or None where it is refused in a sentence; checked to be storable."""
    refusal = ""
    try:
        part = part_of(data)
    except UnreadableError as error:
        refusal = str(error)
    if refusal:
        assert refusal.startswith("infra/plan.json cannot be read: ")
        assert refusal.endswith(".")
        assert len(refusal) < 500
        return None
    msgspec.json.encode(part)
    assert all("\0" not in one.address for one in part.resources)
    return part


def cheaply(data: bytes, most: int = 200) -> Part | None:
    """The same, for no more than so many MB beside the file."""
    tracemalloc.start()
    try:
        part = answered(data)
        assert tracemalloc.get_traced_memory()[1] < most * MEGABYTE
    finally:
        tracemalloc.stop()
    return part


@settings(max_examples=150, deadline=None)
@given(mutations(PLAN) | mutations(STATE))
def test_a_plan_with_anything_in_any_place_is_read_or_refused(value: object) -> None:
    answered(written(value))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_anything_at_all_is_refused(data: bytes) -> None:
    part = answered(data)
    assert part is None or not part.resources


def test_the_order_of_keys_makes_no_difference() -> None:
    assert part_of(written(reordered(PLAN))) == part_of(written(PLAN))


@pytest.mark.parametrize(("name", "made"), JUNK, ids=[name for name, _ in JUNK])
def test_junk_of_ten_megabytes_is_refused_cheaply(name: str, made: Callable[[int], bytes]) -> None:
    part = cheaply(made(10 * MEGABYTE))
    assert part is None or not part.resources


PLANNED, MODULES = b'{"format_version":"1.2","resource_changes":[', b'{"format_version":"1.0","values":{"root_module":'
DEEP = b'{"change":{"before":' + b'{"a":' * 900_000 + b"1" + b"}" * 900_000 + b"}}"
BOMBS: list[tuple[str, Callable[[], bytes]]] = [
    ("open lists", lambda: PLANNED + b"[" * 5_000_000),
    ("deep values", lambda: PLANNED + DEEP + b"]}"),
    ("empty entries", lambda: PLANNED + b"{}," * 3_500_000 + b"{}]}"),
    ("entries that are none", lambda: PLANNED + b"0," * 5_000_000 + b"0]}"),
    ("many modules", lambda: MODULES + b'{"child_modules":[' + b"{}," * 5_000_000 + b"{}]}}}"),
    ("modules in modules", lambda: MODULES + b'{"child_modules":[' * 100_000),
    ("a line without an end", lambda: b'{"@level":"info","type":"version"' + b" " * 20_000_000),
    ("lines of nothing", lambda: b'{"@level":"info","type":"log"}\n' * 100_000),
    ("half a text", lambda: b'{"format_version":"1.2","variables":{"a":{"value":"' + b"x" * 10_000_000),
]


@pytest.mark.parametrize(("name", "made"), BOMBS, ids=[name for name, _ in BOMBS])
def test_bombs_are_refused_cheaply(name: str, made: Callable[[], bytes]) -> None:
    assert cheaply(made(), 400) is None


def large(megabytes: int) -> bytes:
    """A plan whose values take so much room."""
    value = {"content": "x" * 50_000, "rules": [{"port": number, "cidr": "10.0.0.0/8"} for number in range(500)]}
    one: dict[str, Any] = entry("aws_thing.it", "update", before=value, after={**value, "content": "y"})
    encoded = msgspec.json.encode(one)
    count = megabytes * MEGABYTE // len(encoded)
    entries = b",".join(encoded.replace(b"aws_thing.it", b"aws_thing.it%d" % number) for number in range(count))
    return b'{"format_version":"1.2","resource_changes":[' + entries + b"]}"


def test_a_plan_of_a_hundred_megabytes_is_read_and_costs_little_more_than_the_file() -> None:
    data = large(100)
    part = cheaply(data, 150)
    assert part is not None
    assert len(part.resources) > 1_000
    assert {one.changed for one in part.resources} == {("content",)}


def test_a_larger_file_is_refused() -> None:
    with pytest.raises(UnreadableError, match="at most 128 MB are read"):
        part_of(bytes(LARGEST + 1))


def test_more_resources_than_any_stack_has_are_refused() -> None:
    entries = b",".join(b'{"address":"a.b%d"}' % number for number in range(100_001))
    with pytest.raises(UnreadableError, match="more than 100,000 resources"):
        part_of(b'{"format_version":"1.2","resource_changes":[' + entries + b"]}")


def test_values_with_nul_and_halves_of_characters_keep_nothing_from_being_read() -> None:
    change = r'{"actions":["update"],"before":{"x":"\ud800"},"after":{"x":"\u0000"}}'
    odd = r'{"address":"a.b\u0000\ud800","type":"a","change":' + change + "}"
    (one,) = part_of(PLANNED + odd.encode() + b"]}").resources
    assert one.address == "a.b��"
    assert one.changed == ("x",)
    msgspec.json.encode(one)


@pytest.mark.parametrize("name", ["6-mixed.plan.json", "7-saved.state.json"])
def test_a_half_written_file_is_refused_wherever_it_was_cut(name: str) -> None:
    data = (PAYLOADS / f"terraform-1.15.5.{name}").read_bytes().rstrip()
    for end in range(1, len(data), 61):
        assert answered(data[:end]) is None
