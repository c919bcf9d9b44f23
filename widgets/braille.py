"""A canvas of dots: two by four to a cell, as Unicode's braille patterns have them.

Dots are drawn in vertical runs, since a curve over columns of dots is nothing else. A layer is laid over the
ones below it whole: where it has dots, its own are seen, so that no cell mixes two curves under one colour.
All of it is done on bytes at once; ten layers of 110x30 cells take less than a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .status import is_ascii_only

# bits of a braille pattern by column and row of the dot
_BITS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_MASKS: Final = tuple(
    tuple(tuple(sum(bits[top : bottom + 1]) for bottom in range(4)) for top in range(4)) for bits in _BITS
)
_FILL: Final = tuple(bytes(byte | sum(bits) for byte in range(256)) for bits in _BITS)
_ANY: Final = bytes([0] + [255] * 255)


def _plain(byte: int) -> str:
    """The nearest plain character to a pattern of dots."""
    left, right = ([row for row in range(4) if byte & bits[row]] for bits in _BITS)
    rows = sorted({*left, *right})
    if not rows:
        return " "
    if left and right and rows[-1] - rows[0] >= 2 and max(len(left), len(right)) < 4:
        if sum(left) / len(left) > sum(right) / len(right) + 0.9:
            return "/"
        if sum(right) / len(right) > sum(left) / len(left) + 0.9:
            return "\\"
    if rows[-1] - rows[0] >= 2:
        return "|"
    middle = sum(rows) / len(rows)
    return "'" if middle < 1 else "." if middle > 2 else "-"


GLYPHS: Final = tuple(" " if not byte else chr(0x2800 + byte) for byte in range(256))
PLAIN: Final = tuple(_plain(byte) for byte in range(256))


class Layer:
    """Dots of one colour on `width` x `height` cells. Dots are counted from the top left."""

    __slots__ = ("bits", "height", "width")

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.bits = bytearray(width * height)  # column by column: a vertical run is a slice

    def run(self, column: int, top: int, bottom: int) -> None:
        """Set the dots of a column from top to bottom, both included; those outside the canvas are left out."""
        top, bottom = max(top, 0), min(bottom, 4 * self.height - 1)
        if top > bottom or not 0 <= column < 2 * self.width:
            return
        right, base, bits = column & 1, (column >> 1) * self.height, self.bits
        masks = _MASKS[right]
        first, last = base + (top >> 2), base + (bottom >> 2)
        if first == last:
            bits[first] |= masks[top & 3][bottom & 3]
            return
        bits[first] |= masks[top & 3][3]
        bits[last] |= masks[0][bottom & 3]
        if last - first > 1:
            bits[first + 1 : last] = bits[first + 1 : last].translate(_FILL[right])

    def sow(self, dots: Iterable[int]) -> None:
        """Set any number of dots, each given as `column * 4 * height + row` and within the canvas."""
        height, tall = self.height, 4 * self.height
        seen = bytearray(2 * self.width * tall)
        for dot in dots:
            seen[dot] = 1
        for place in range(self.width):
            cells = int.from_bytes(self.bits[place * height : (place + 1) * height], "little")
            for right, bits in enumerate(_BITS):
                begin = (2 * place + right) * tall
                for row, bit in enumerate(bits):
                    # a byte a cell, 0 or 1: times the bit it is the bit, and no byte runs over
                    cells |= bit * int.from_bytes(seen[begin + row : begin + tall : 4], "little")
            self.bits[place * height : (place + 1) * height] = cells.to_bytes(height, "little")

    def dots(self) -> set[tuple[int, int]]:
        """Column and row of all dots that are set."""
        return {
            (2 * (place // self.height) + right, 4 * (place % self.height) + row)
            for place, byte in enumerate(self.bits)
            for right in (0, 1)
            for row in range(4)
            if byte & _BITS[right][row]
        }


class Canvas:
    """Layers over one another, and whose dots each cell shows."""

    __slots__ = ("bits", "height", "owners", "width")

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.bits = bytes(width * height)
        self.owners = bytes(width * height)

    def lay(self, layer: Layer, owner: int) -> None:
        """Lay a layer on top, known as `owner` (1 to 255): it hides what is below it, cell by cell."""
        size = self.width * self.height
        over = int.from_bytes(layer.bits.translate(_ANY), "little")
        whose = int.from_bytes(bytes([owner]) * size, "little")
        bits, owners = (int.from_bytes(held, "little") for held in (self.bits, self.owners))
        self.bits = (bits & ~over | int.from_bytes(layer.bits, "little")).to_bytes(size, "little")
        self.owners = (owners & ~over | whose & over).to_bytes(size, "little")

    def row(self, row: int) -> tuple[list[str], bytes]:
        """The characters of a row, a blank where there is no dot, and the owner of each; 0 is nobody."""
        glyphs = PLAIN if is_ascii_only() else GLYPHS
        return [glyphs[byte] for byte in self.bits[row :: self.height]], self.owners[row :: self.height]
