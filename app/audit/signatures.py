"""Who signed a tag, by which allowed signers. Asks ssh-keygen, each question once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal, NamedTuple

from ..ledger import signing
from ..ledger.objects import Tag, Verify

_TAGGER: Final = re.compile(rb"^tagger [^\n]* (\d{1,12}) [+-]\d{4}$", re.MULTILINE)
_AT_ONCE: Final = 4


class Signature(NamedTuple):
    """How a signature stands. none: there is none; strange: made by a key that the signers do not name; broken: it is
    not of this text."""

    state: Literal["none", "holds", "strange", "broken"]
    names: frozenset[str] = frozenset()
    """Whose it is."""


class Signatures:
    """Remembers. Raises SigningError where ssh-keygen does not answer."""

    def __init__(self) -> None:
        self._known: dict[bytes, dict[str, Signature]] = defaultdict(dict)

    def look(self, raw: bytes, signers: str) -> Signature:
        """Of a tag."""
        known = self._known[raw]
        if signers not in known:
            known[signers] = _look(raw, signers)
        return known[signers]

    def is_broken(self, raw: bytes) -> bool:
        """Whether it is not of this text, whoever may sign."""
        known = next(iter(self._known[raw].values()), None)
        return (known or self.look(raw, "")).state == "broken"

    def look_ahead(self, tags: Iterable[tuple[bytes, str]]) -> None:
        """Look at many, some at once: each costs two or three processes, of some 5 ms."""
        wanted = [(raw, signers) for raw, signers in dict.fromkeys(tags) if signers not in self._known[raw]]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for (raw, signers), found in zip(wanted, threads.map(lambda one: _look(*one), wanted), strict=True):
                self._known[raw][signers] = found

    def verifier(self, tag: Tag, signers: str) -> Verify:
        """Tells who signed this tag."""
        return lambda payload, signature: self.look(tag.raw, signers).names


def _look(raw: bytes, signers: str) -> Signature:
    payload, signature = signing.split(raw)
    if not signature:
        return Signature("none")
    tagger = _TAGGER.search(payload.split(b"\n\n", 1)[0])
    names = signing.principals(payload, signature, signers, int(tagger[1]) if tagger else None)
    if names:
        return Signature("holds", names)
    return Signature("strange" if signing.belongs(payload, signature) else "broken")
