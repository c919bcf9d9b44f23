"""Names to fields, and the nearest right name for a wrong one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Final, TypeAlias

from ..records.subject import article
from .tree import Field, Kind, Part
from .vocabulary import Vocabulary

Name: TypeAlias = tuple[tuple[str, bool], ...]
"""A name as it was written, in parts, each with whether it was quoted: metrics.`a b`.max is three."""
Keys: TypeAlias = Mapping[str, Collection[str]]
"""The names of the metrics, params and tags that there are, by kind."""

_PARTS: Final[Mapping[str, Part]] = {".last": "last", ".min": "min", ".max": "max"}
_KNOWN: Final[tuple[Kind, ...]] = ("metric", "param", "tag")


def find_field(name: Name, keys: Keys, vocabulary: Vocabulary) -> Field | None:
    """The field of that name, or None. Of what has several meanings the own field of the run or pipeline wins."""
    prefix, rest = _split(name)
    kind = vocabulary.prefixes.get(prefix.lower())
    if kind is None:
        return _bare(name, keys, vocabulary)
    key, part = _key(rest, aggregate=kind == "metric")
    if not key:
        return None
    if kind == "attribute":
        return _plain(key, vocabulary)
    if kind in vocabulary.parts:
        return Field(kind, key.lower()) if key.lower() in vocabulary.parts[kind] else None
    return Field(kind, key, part)


def is_prefixed(word: str, vocabulary: Vocabulary) -> bool:
    """metrics.auc, job.status, and not job.yml: nobody looks for the first as a text."""
    prefix, dot, part = word.lower().partition(".")
    kind = vocabulary.prefixes.get(prefix)
    return bool(dot) and kind is not None and part in vocabulary.parts.get(kind, (part,))


def why_not(name: Name, keys: Keys, vocabulary: Vocabulary) -> str:
    """The sentence for a name that `find_field` does not know."""
    prefix, rest = _split(name)
    kind = vocabulary.prefixes.get(prefix.lower())
    written = "".join(text for text, _quoted in (rest if kind else name))
    own = _listed(vocabulary.own)
    if kind is not None and kind in vocabulary.parts:
        parts = vocabulary.parts[kind]
        return f"A {kind} has {_listed(parts)}, not “{written}”.{_nearest(written, parts)}"
    if kind == "attribute":
        near = _nearest(written, [*vocabulary.own, *vocabulary.aliases])
        return f"A {vocabulary.noun} has {own}, not “{written}”.{near}"
    if kind is not None:
        return f"Which of the {kind}s? Write {kind}s.NAME; put a name with other characters in `backticks`."
    candidates = [
        *vocabulary.fields,
        *vocabulary.aliases,
        *vocabulary.prefixes,
        *(key for kind in _KNOWN for key in keys.get(kind, ())),
    ]
    near = _nearest(prefix if rest else written, candidates)
    of = "" if vocabulary.noun == "run" else f" of {article(vocabulary.noun)}"
    return (
        f"“{written}” is no field{of}.{near} There are {own}, {vocabulary.others}. "
        "To search for the text, put it in quotes."
    )


def _split(name: Name) -> tuple[str, Name]:
    """metrics.auc -> metrics, auc. Without a dot the prefix is empty."""
    text, quoted = name[0]
    if quoted:
        if len(name) > 1 and name[1][0].startswith(".") and not name[1][1]:
            return text, _without_empty(((name[1][0][1:], False), *name[2:]))
        return "", ()
    prefix, dot, rest = text.partition(".")
    return (prefix, _without_empty(((rest, False), *name[1:]))) if dot else ("", ())


def _without_empty(name: Name) -> Name:
    return tuple(part for part in name if part[0])


def _key(name: Name, *, aggregate: bool) -> tuple[str, Part]:
    """The key and the aggregate behind it; an empty key where the name is none."""
    if len(name) == 2 and aggregate and name[0][1] and not name[1][1] and name[1][0] in _PARTS:
        return name[0][0], _PARTS[name[1][0]]
    if len(name) != 1:
        return "", "last"
    text, quoted = name[0]
    if aggregate and not quoted:
        for ending, part in _PARTS.items():
            if text.endswith(ending) and text != ending:
                return text.removesuffix(ending), part
    return text, "last"


def _plain(name: str, vocabulary: Vocabulary) -> Field | None:
    """The field that is written so without a prefix; an alias may stand for one with a prefix."""
    known = vocabulary.aliases.get(name.lower(), name.lower())
    if known in vocabulary.fields:
        return vocabulary.fields[known]
    prefix, dot, part = known.partition(".")
    return Field(vocabulary.prefixes[prefix], part) if dot and known != name.lower() else None


def _bare(name: Name, keys: Keys, vocabulary: Vocabulary) -> Field | None:
    if len(name) == 1:
        found = _plain(name[0][0], vocabulary)
        if found is not None:
            return found
        for kind in _KNOWN:
            if name[0][0] in keys.get(kind, ()):
                return Field(kind, name[0][0])
    key, part = _key(name, aggregate=True)
    return Field("metric", key, part) if part != "last" and key in keys.get("metric", ()) else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _nearest(word: str, allowed: Iterable[str]) -> str:
    near = get_close_matches(word.lower(), [*allowed], n=1)
    return f" Did you mean “{near[0]}”?" if near else ""
