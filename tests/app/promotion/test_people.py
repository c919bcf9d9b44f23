"""Who is the same person, and whom a list names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.promotion import is_named, same_person
from quarterdeck.app.records import Actor


def person(name: str = "", email: str = "", **rest: str) -> Actor:
    return Actor(name=name, email=email, **rest)  # type: ignore[arg-type]  # a strength


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person("Bo Larsen", "bo@example.com"), person("B. Larsen", "BO@Example.com")),
        (person("bo"), person("Bo Larsen", "bo@example.com")),
        (person("bo"), person("Bo")),
        (person("bo@example.com"), person("", "bo@elsewhere.example")),
        (person("Bo Larsen"), person("x", "bo.larsen@example.com")),
        (person("bo_larsen"), person("Bo Larsen", "b@example.com")),
        (person("12345+bo", "12345+bo@users.noreply.example"), person("bo")),
        (person("José"), person("Jose\u0301")),
        (person("", ""), person("anybody", "any@example.com")),
        (person("…"), person("anybody")),
    ],
)
def test_in_doubt_two_are_the_same_person(one: Actor, other: Actor) -> None:
    assert same_person(one, other)
    assert same_person(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person("bo", "bo@example.com"), person("ann", "ann@example.com")),
        (person("bo"), person("bob")),
        (person("Bo Larsen", "bo@example.com"), person("Ann Larsen", "ann@example.com")),
    ],
)
def test_people_of_whom_nothing_is_alike_are_two(one: Actor, other: Actor) -> None:
    assert not same_person(one, other)


people = st.builds(person, st.text(max_size=8), st.one_of(st.just(""), st.emails()))


@given(people, people)
def test_being_the_same_person_goes_both_ways(one: Actor, other: Actor) -> None:
    assert same_person(one, one)
    assert same_person(one, other) == same_person(other, one)


TEAMS = {"leads": ("ann@example.com", "bo"), "empty": (), "blank": ("", " ")}


@pytest.mark.parametrize(
    ("who", "of", "is_it"),
    [
        (("team:leads",), person("x", "Ann@Example.com"), True),
        (("ann@example.com",), person("x", "ann@example.com"), True),
        (("team:leads",), person("ann"), False),
        (("team:leads",), person("bo", strength="forge"), True),
        (("team:leads",), person("bo", "eve@example.com", strength="signed"), False),
        (("team:nobody",), person("nobody", "nobody@example.com"), False),
        (("leads",), person("x", "ann@example.com"), False),
        (("team:empty", "team:blank"), person("", ""), False),
        ((), person("ann", "ann@example.com"), False),
    ],
)
def test_a_list_names_people_by_address_or_by_a_login_that_is_proven(
    who: tuple[str, ...], of: Actor, is_it: bool
) -> None:
    assert is_named(of, who, TEAMS) == is_it
