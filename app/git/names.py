"""Names and messages as Git keeps them, bytes of any encoding, as text that SQLite can keep.

UTF-8 stays what it is. A byte that is not part of valid UTF-8 becomes one character of the private range
U+F780 to U+F7FF (0x80 is U+F780, 0xFF is U+F7FF); a genuine character of that range is written as its three
bytes in the same way. So the text holds no lone surrogate, no two names ever become equal, and `encode` gives
the exact bytes back.
"""

from __future__ import annotations

import re
from typing import Final

_FIRST: Final = 0xF700
_OURS: Final = re.compile("[\uf780-\uf7ff]")
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")


def decode(raw: bytes) -> str:
    """The text of `raw`: injective, without lone surrogates."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "surrogateescape")
    else:
        if _OURS.search(text) is None:
            return text
    text = _OURS.sub(lambda found: "".join(chr(_FIRST + byte) for byte in found[0].encode()), text)
    return _NOT_UTF8.sub(lambda found: chr(_FIRST + ord(found[0]) - 0xDC00), text)


def encode(text: str) -> bytes:
    """The bytes that `decode` made `text` of."""
    return _OURS.sub(lambda found: chr(0xDC00 + ord(found[0]) - _FIRST), text).encode("utf-8", "surrogateescape")
