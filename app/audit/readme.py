"""README.txt of a bundle: how it is checked without quarterdeck."""

from __future__ import annotations

from pathlib import Path


def readme() -> bytes:
    """The same in every bundle."""
    return Path(__file__).with_name("readme.txt").read_bytes()
