"""Whose signature it is, by the allowed signers of then."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.app.audit.signatures import Signature, Signatures
from quarterdeck.app.ledger.signing import Signer, principals, sign, split
from tests.app.audit.team import make_key

MARCH = 1_773_000_000
"""2026-03-08, in seconds."""
TAG = f"object {'1' * 40}\ntype commit\ntag x\ntagger Ann <ann@example.com> {MARCH} +0000\n\nhello\n".encode()


@pytest.fixture
def ann(tmp_path: Path) -> tuple[Signer, str]:
    return make_key(tmp_path, "ann")


def test_a_signature_holds_where_an_allowed_signer_made_it(ann: tuple[Signer, str], tmp_path: Path) -> None:
    signer, line = ann
    raw = TAG + sign(TAG, signer)
    assert Signatures().look(raw, line) == Signature("holds", frozenset({"ann@example.com"}))
    assert Signatures().look(raw, make_key(tmp_path, "bo")[1]).state == "strange"
    assert Signatures().look(raw, "").state == "strange"
    assert Signatures().look(TAG, line).state == "none"


def test_a_signature_of_another_text_is_broken_whoever_is_allowed(ann: tuple[Signer, str]) -> None:
    signer, line = ann
    raw = TAG.replace(b"hello", b"hullo") + sign(TAG, signer)
    assert Signatures().look(raw, line).state == "broken"
    assert Signatures().look(raw, "").state == "broken"


def test_a_key_that_ended_since_counts_as_it_did_then(ann: tuple[Signer, str]) -> None:
    signer, line = ann
    name, key = line.split(" ", 1)
    raw = TAG + sign(TAG, signer)
    assert Signatures().look(raw, f'{name} valid-before="20260401" {key}').state == "holds"
    assert Signatures().look(raw, f'{name} valid-before="20260201" {key}').state == "strange"
    assert Signatures().look(raw, f'{name} valid-after="20260401" {key}').state == "strange"
    assert principals(*split(raw), f'{name} valid-before="20200101" {key}') == frozenset()


def test_a_file_of_signers_that_is_no_text_allows_those_that_can_be_read(ann: tuple[Signer, str]) -> None:
    signer, line = ann
    raw = TAG + sign(TAG, signer)
    assert Signatures().look(raw, f"# caf\udce9\n{line}").state == "holds"


def test_many_are_looked_at_once_and_remembered(ann: tuple[Signer, str]) -> None:
    signer, line = ann
    raws = [TAG.replace(b"hello", str(number).encode()) for number in range(5)]
    signed = [raw + sign(raw, signer) for raw in raws]
    signatures = Signatures()
    signatures.look_ahead((raw, line) for raw in (*signed, *signed))
    assert [signatures.look(raw, line).state for raw in signed] == ["holds"] * 5
