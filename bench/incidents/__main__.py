"""Build worlds and print how well their causes are named: `python -m bench.incidents`, or with names of worlds.

There are two sets of them, with figures for each: of the first one whoever made the ranking knew how it came out, and
the second was written down by somebody who did not know the ranking.
"""

from __future__ import annotations

import statistics
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path

from quarterdeck.app.text import cells

from .. import world as bench_world
from ..table import Row, print_table
from .build import build, worlds
from .keys import NoWayError, keys_to_evidence
from .measure import Judged, judge
from .site import OUT
from .story import World

SETS = ("first", "second")
WALKED = (
    "nulls-from-the-new-shop", "cents-for-euros", "client-for-customer", "loosened-and-then-nulls", "numpy-two",
    "two-hundred-milliseconds", "a-lower-threshold", "back-to-the-first-one", "waived-though-slow", "half-a-gigabyte",
    "scaled-by-hand", "half-of-the-labels",
)  # fmt: skip
"""Worlds in which somebody walks to the evidence: one of each kind of symptom, and of most kinds of cause."""


def main(words: Sequence[str]) -> int:
    """Build the worlds, ask the program, print what came of it."""
    all_worlds = worlds()
    asked = _arguments(list(all_worlds)).parse_args(words)
    names = asked.worlds or [name for name, one in all_worlds.items() if asked.set in (one.set, "both")]
    if not asked.built:
        for name in names:
            print(f"{name}: built in {build(all_worlds[name], asked.root):.0f} s", file=sys.stderr, flush=True)
    if asked.build_only:
        return 0
    judged = [judge(all_worlds[name], asked.root) for name in names]
    pressed = {one.world.name: _pressed(one, asked.root) for one in judged if one.world.name in WALKED}
    for which in SETS:
        _tables(which, [one for one in judged if one.world.set == which], pressed)
    _failures(judged)
    return 0


def _arguments(names: Sequence[str]) -> ArgumentParser:
    parser = ArgumentParser(prog="python -m bench.incidents", description=__doc__)
    parser.add_argument("worlds", nargs="*", metavar="WORLD", choices=[[], *names], help="some of them; default all")
    parser.add_argument("--set", choices=(*SETS, "both"), default="both", help="which set of them; default both")
    parser.add_argument("--root", type=Path, default=OUT, help="where the worlds are built")
    parser.add_argument("--built", action="store_true", help="take those that were built before")
    parser.add_argument("--build-only", action="store_true", help="ask nothing")
    return parser


def _pressed(one: Judged, root: Path) -> int | None:
    try:
        return keys_to_evidence(one, root)
    except NoWayError as error:
        print(f"{one.world.name}: {error}", file=sys.stderr, flush=True)
        return None


def _tables(which: str, judged: Sequence[Judged], pressed: Mapping[str, int | None]) -> None:
    if not judged:
        return
    own = {one.world.name: pressed[one.world.name] for one in judged if one.world.name in pressed}
    print(f"\nThe {which} set (g: nobody synced around the cause, d: days between cause and symptom)\n")
    _each(judged, own)
    _totals(which, judged, own)


def _each(judged: Sequence[Judged], pressed: Mapping[str, int | None]) -> None:
    head = ["world", "cause", "symptom", "rank", "keys"]
    rows = [
        [one.world.name, _marked(one.world), one.world.symptom, _ranks(one), _keys(one, pressed)] for one in judged
    ]  # fmt: skip
    widths = [max(cells(line[column]) for line in (head, *rows)) for column in range(len(head))]
    for line in (head, ["-" * width for width in widths], *rows):
        padded = [word + " " * (width - cells(word)) for word, width in zip(line, widths, strict=True)]
        print(f"| {' | '.join(padded)} |")


def _marked(world: World) -> str:
    marks = "g" * world.has_gap + "d" * world.is_late
    return f"{world.family} ({marks})" if marks else world.family


def _keys(one: Judged, pressed: Mapping[str, int | None]) -> str:
    return str(pressed[one.world.name] or "not reached") if one.world.name in pressed else "–"


def _ranks(one: Judged) -> str:
    if not one.attention:
        return "no attention"
    said = str(one.rank or "missing")
    return f"{said} and {one.second or 'missing'}" if one.needs_both else said


def _totals(which: str, judged: Sequence[Judged], pressed: Mapping[str, int | None]) -> None:
    first, three = sum(one.is_first for one in judged), sum(one.is_among_three for one in judged)
    kinds = len({one.world.family for one in judged})
    rows = [
        Row("a true cause is first", "0.80", {bench_world.NAME: _share(first, len(judged))}),
        Row("true causes are among three", "0.95", {bench_world.NAME: _share(three, len(judged))}),
        *_keys_rows([count for count in pressed.values() if count], len(pressed)),
        Row("`triage`, median", "", {bench_world.NAME: f"{statistics.median(one.seconds for one in judged):.2f} s"}),
    ]
    print_table(f"{len(judged)} incidents of {kinds} kinds of cause, {which} set", [bench_world.NAME], rows)


def _keys_rows(counts: Sequence[int], walked: int) -> list[Row]:
    if not counts:
        return []
    said = f"{statistics.median(counts):g} (most {max(counts)}; {len(counts)} of {walked} worlds walked through)"
    return [Row("keys from opening to the evidence, median", "3", {bench_world.NAME: said})]


def _share(number: int, of: int) -> str:
    return f"{number / of:.2f} ({number} of {of})"


def _failures(judged: Sequence[Judged]) -> None:
    for one in judged:
        if one.is_first and one.is_among_three:
            continue
        print(f"\n{one.world.name}: {one.attention or 'nothing is said of the symptom'}")
        for place, suspect in enumerate(one.suspects[:5], 1):
            print(f"  {place}  {suspect}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
