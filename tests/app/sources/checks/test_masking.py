from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quarterdeck.app.sources.checks.masking import (
    LONGEST,
    cut,
    figure,
    masked,
    masked_line,
    without_addresses,
)

ADDRESSES = ["jane.doe@example.org", "o'brien+tag@mail.example.co.uk", "ola@xn--4gbrim.example", "JANE%40example.org"]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "text",
    ["{} is no number", 'got "{}"', "value: {}", "Key (email)=({}) already exists", "rows[{}]", "a,{},b", "<{}>"],
)
def test_an_address_is_never_shown(text: str, address: str) -> None:
    assert address not in masked(text.format(address))
    assert "example" not in masked(text.format(address))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("could not convert string to float: 'Jane Doe'", "could not convert string to float: '…'"),
        ('invalid input syntax for type integer: "12a"', 'invalid input syntax for type integer: "…"'),
        ("Bad int64 value: Smith, John", "Bad int64 value: …"),
        ("Key (name)=(Jane) already exists.", "Key (name)=(…) already exists."),
        ("it doesn't fit the users' table", "it doesn't fit the users' table"),
        ("input was b'raw' and u\"text\"", "input was '…' and u\"…\""),
        ("'it's open", "'…'"),
        ('nothing "closes this', 'nothing "…"'),
        ("“Jane” and «Ola» and `Kari`", "“…” and «…» and `…`"),
        ("card 4111 1111 1111 1111 was refused", "card … was refused"),
        ("call +47 912 34 567 now", "call … now"),
        ("row 1234567 of 2000", "row … of 2000"),
        ("mean is 36.0869999", "mean is 36.086…"),
        ("newest row of 2026-11-18 09:24:31 is 26 h old", "newest row of 2026-11-18 09:24:31 is 26 h old"),
        ("key 3f2504e0-4f89-11d3-9a0c-0305e82c3301 is twice", "key … is twice"),
        ("InvalidMetricAccessorDomainKwargsKeyError: no", "InvalidMetricAccessorDomainKwargsKeyError: no"),
        ("cannot reach postgresql://ann:secret@db/shop", "cannot reach …"),
        ("Got 5 results,\n  configured to fail if != 0", "Got 5 results, configured to fail if != 0"),
        ("call (555) 867-5309 or +49 (0)30 123 or 555.867.5309", "call … or … or …"),
        ("card 4111.1111.1111.1111 of 192.168.10.20, born 03.02.1980", "card … of …, born …"),
        ("Python 3.11.9 and 12.5 % of 0.25", "Python 3.11.9 and 12.5 % of 0.25"),
        ("‘Jane’ and „Ola“ and ‹Kari›, the team’s", "‘…’ and „…“ and ‹…›, the team’s"),
        ("DETAIL: Failing row contains (1, Jane Doe, null).", "DETAIL: Failing row contains (…)"),
        ("could not convert string to float: Jane Doe", "could not convert string to float: …"),
        ("invalid input syntax for type integer: Jane", "invalid input syntax for type integer: …"),
        ("cannot log in with password=hunter2 as ann", "cannot log in with password=… as ann"),
        ("", ""),
    ],
)
def test_what_may_be_data_is_hidden_and_the_rest_can_be_read(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_the_name_of_a_column_stays_where_it_is_quoted() -> None:
    text = 'Error: The column "no_such_column" is not in "Jane".'
    assert masked(text, known=("no_such_column",)) == 'Error: The column "no_such_column" is not in "…".'


def test_of_an_exception_only_the_first_line_is_told() -> None:
    assert masked_line("\n\nValueError: no number\nrow 3: Jane Doe\n") == "ValueError: no number"
    assert masked_line("") == ""


@settings(deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_no_text_around_an_address_lets_it_through(before: str, after: str) -> None:
    assert "jane.doe@example.org" not in masked(f"{before} jane.doe@example.org {after}")


@settings(deadline=None)
@given(st.text(alphabet="a@.-%'+ \\u0040", max_size=300))
@example("a.b-" * 10_000 + "@" + "a." * 10_000)
def test_a_rule_of_any_length_keeps_no_address(text: str) -> None:
    assert "jane.doe@example.org" not in without_addresses(f"{text} jane.doe@example.org {text}")


@settings(deadline=None)
@given(st.text(alphabet="'\"`“«» ax1@.=-(\\\n", max_size=5_000))
@example("'a " * 20_000)
@example('"\\' * 20_000)
@example("1 " * 20_000)
@example("a@" * 20_000)
def test_any_text_gives_one_short_line(text: str) -> None:
    assert len(masked(text)) <= LONGEST
    assert "\n" not in masked(text)


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ('col("email") == "jane@example.org"', 'col("email") == "…"'),
        (r"^[\w.+-]+@[\w-]+\.[\w.]+$", r"^[\w.+-]+@[\w-]+\.[\w.]+$"),
        (r"^[a-z]+@example\.com$", r"^[a-z]+@example\.com$"),
        ("A, B, C", "A, B, C"),
        ("isin(['jane@example.org', 'q'])", "isin(['…', 'q'])"),
        ("in (o'brien@example.org,b%40example.org)", "in (…,…)"),
        ("@example.org", "@example.org"),
    ],
)
def test_a_rule_keeps_all_but_addresses(rule: str, kept: str) -> None:
    assert without_addresses(rule) == kept


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (200, "200"),
        (36.086999999999996, "36.087"),
        (4.0, "4"),
        (0.005, "0.005"),
        (-(10**20), "-1e+20"),
        (1e300, "1e+300"),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        ("jane@example.org", None),
        (None, None),
        ([1], None),
        (10**400, None),
    ],
)
def test_a_figure_is_a_finite_number_and_nothing_else(value: object, shown: str | None) -> None:
    assert figure(value) == shown


def test_a_long_text_ends_in_an_ellipsis() -> None:
    assert cut("abcdef", 4) == "abc…"
    assert cut("abcd", 4) == "abcd"
