"""Who is who: whether two are the same person, who is in a team, who made a version."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ..records import Actor, Commit
from .facts import Version
from .policy import TEAM
from .words import abbreviated

_COAUTHOR: Final = re.compile(
    r"^co-authored-by:\s*(?P<name>[^<\n]*)<(?P<email>[^>\n]*)>\s*$", re.IGNORECASE | re.MULTILINE
)

_MOST: Final = 50
"""Co-authors of a commit that are looked at."""


def same_person(one: Actor, other: Actor) -> bool:
    """Whether two may be the same person. In doubt they are: nobody shall approve what is their own.

    Equal e-mail addresses, or others that the key of a signature stands for; else a name, a login or the part of an
    address before the @ that both have. Letter case, accents' form and the signs between words do not count. Somebody
    of whom nothing is known may be anybody.
    """
    if not _addresses(one).isdisjoint(_addresses(other)):
        return True
    words, others = _names(one), _names(other)
    return not words or not others or not words.isdisjoint(others)


def _addresses(person: Actor) -> frozenset[str]:
    return frozenset(address.casefold() for address in (person.email, *person.also) if address)


def _names(person: Actor) -> frozenset[str]:
    """The words by which somebody may be known: `12+bo@users.example` is known as bo, too."""
    found: list[str] = []
    for written in (person.name, person.email, *person.also):
        local = written.partition("@")[0] if "@" in written else written
        found += [local, *(local.split("+") if "@" in written else ())]
    return frozenset(plain for word in found if (plain := _plain(word)))


def _plain(word: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKC", word).casefold() if sign.isalnum())


def is_named(person: Actor, who: Sequence[str], teams: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a list of teams and addresses names this very person. In doubt it does not."""
    return any(_is(person, member) for member in members(who, teams))


def members(who: Sequence[str], teams: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The addresses and logins that a list names, teams resolved; a team that does not exist has nobody."""
    for name in who:
        yield from teams.get(name.removeprefix(TEAM), ()) if name.startswith(TEAM) else (name,)


def _is(person: Actor, member: str) -> bool:
    """By address; by login only where that is what is known. Of a signature the address alone is proven."""
    if not member.strip():
        return False
    if person.email and person.email.casefold() == member.casefold():
        return True
    return person.strength != "signed" and "@" not in member and person.name.casefold() == member.casefold()


def authors(version: Version) -> tuple[tuple[Actor, ...], str]:
    """Who made a version: whoever ran its training and wrote its commit; else why that is not known.

    Where no run is named, whoever registered it.
    """
    known = version.known
    if known is None:
        return (), "it is not known"
    if known.run_id and version.run is None:
        return (), "its run is not known here"
    if version.commit and version.author is None:
        return (), f"its commit {abbreviated(version.commit)} is not in the history here"
    found = [*_trained(version), *(_wrote(version.author) if version.author else ())]
    return tuple(found), "" if found else "neither run nor commit says so"


def _trained(version: Version) -> Iterator[Actor]:
    user, role = (
        (version.run.user, "trained it") if version.run else (version.known and version.known.user, "registered it")
    )
    if user:
        yield Actor(name=user, email=user if "@" in user else "", role=role)


def _wrote(commit: Commit) -> Iterator[Actor]:
    yield Actor(name=commit.author, email=commit.email, role="wrote its commit")
    for found in list(_COAUTHOR.finditer(commit.body))[:_MOST]:
        yield Actor(name=found["name"].strip(), email=found["email"].strip(), role="wrote its commit")
