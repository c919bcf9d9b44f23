"""`quarterdeck verify`: check a bundle of the ledger, without a server."""

from __future__ import annotations

from pathlib import Path

import click

from ..audit.verify import Verified, verify
from ..errors import UsageError
from .boundary import say
from .ledger_json import verified_json
from .options import Options
from .printing import print_object, print_text

LARGEST_SIGNERS = 1_000_000
"""Bytes of a file of allowed signers."""


@click.command("verify", short_help="Check a bundle that `ledger --bundle` wrote, without a server.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--signers", type=click.Path(path_type=Path), metavar="FILE",
    help="Allowed signers, as ssh-keygen and Git read them, in place of those in the bundle.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="What was found as a JSON object; strings exact.")
@click.pass_obj
def verify_command(options: Options, folder: Path, signers: Path | None, as_json: bool) -> int:
    """Check that nothing in DIR was changed and that every entry was made as the policy of then demands.

    \b
      quarterdeck verify churn-2026
      quarterdeck verify churn-2026 --signers our-keys --json | jq -r '.findings[].sentence'

    Needs no server, no settings and no repository. One line a finding, the worst first; exit status 1 when something is
    wrong. Signers from the bundle are only as good as the bundle: give your own, and compare the fingerprint.
    """
    found = verify(folder, None if signers is None else _read(signers))
    if as_json:
        print_object(verified_json(found, folder))
        return 0 if found.is_well else 1
    for one in found.findings:
        print_text(f"{one.level:<8} {one.about}: {one.sentence}")
    say(_summary(found))
    return 0 if found.is_well else 1


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST_SIGNERS + 1)
    except OSError as error:
        raise UsageError(f"--signers: {file} cannot be read: {error.strerror or error}.") from error
    if len(raw) > LARGEST_SIGNERS:
        raise UsageError(f"--signers: {file} is larger than a megabyte: that is no file of keys.")
    return raw.decode("utf-8-sig", "surrogateescape")


def _summary(found: Verified) -> str:
    wrong, unknown = (sum(one.level == level for one in found.findings) for level in ("wrong", "unknown"))
    entries = f"{found.entries} {'entry' if found.entries == 1 else 'entries'}, {found.signed} signed"
    verdict = f"{wrong} {'thing is' if wrong == 1 else 'things are'} wrong" if wrong else "Nothing is wrong"
    more = f", {unknown} cannot be told from here" if unknown else ""
    return f"{verdict}{more}: {entries}. Fingerprint {found.fingerprint}."
