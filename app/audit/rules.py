"""Whether the rules in a bundle are those of the commit that an entry names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..promotion.policy import Policy
from ..promotion.words import abbreviated
from ..records import LedgerEntry
from ..text import clip
from .chain import of_entry
from .findings import Finding
from .gitobjects import object_id, step, tree_of
from .layout import named_signers
from .papers import Papers


def of_rules(entry: LedgerEntry, policy: Policy, papers: Papers) -> Iterator[Finding]:
    """What is wrong with the rules of an entry. `policy`: what was found of them."""
    if not entry.policy_commit:
        if entry.kind == "promotion":
            yield of_entry(entry, "wrong", "policy", "it names no policy.")
        return
    if policy.text is None:
        why = next((one.why for one in papers.manifest.missing if one.id == entry.policy_commit), "nobody says why")
        said = f"the policy of commit {abbreviated(entry.policy_commit)} is not here: {clip(why, 200)}."
        yield of_entry(entry, "wrong", "policy", said)
        return
    for said in proofs(papers, entry.policy_commit):
        yield of_entry(entry, "wrong", "policy", said)
    if policy.trouble:
        yield of_entry(entry, "wrong", "policy", f"its policy cannot be read: {clip(policy.trouble, 200)}")
    elif policy.rules is None and entry.policy_digest:
        yield of_entry(
            entry, "wrong", "policy", "it names rules, and the policy of that commit has none for this alias."
        )
    elif policy.rules is not None and not entry.policy_digest:
        yield of_entry(entry, "wrong", "policy", "it names no rules, and the policy of that commit has some for it.")
    elif policy.digest != entry.policy_digest:
        said = "the rules have another sum here than it says: another release of quarterdeck may count them otherwise."
        yield of_entry(entry, "unknown", "policy", said)
    elif policy.rules is None and entry.kind == "promotion":
        yield of_entry(entry, "note", "policy", "no policy covered it: nothing was demanded.")


def proofs(papers: Papers, commit: str) -> Iterator[str]:
    """What does not tie the files of a policy to its commit."""
    policy = papers.policy(commit)
    if policy is not None and list(policy.signers) != named_signers(policy.text):
        yield f"the files of signers here are not those that the policy of {abbreviated(commit)} names."
    for number, path in enumerate(papers.paths(commit)):
        file = f"policies/{commit}/{f'{number}.signers' if number else 'policy.toml'}"
        content = papers.files.get(file)
        called = clip(path, 60)
        try:
            there = _blob(papers.files, commit, path)
        except LookupError:
            yield f"nothing here ties {called} to commit {abbreviated(commit)}."
            continue
        except ValueError:
            yield f"a tree of commit {abbreviated(commit)} cannot be read."
            continue
        mine = None if content is None else object_id("blob", content, commit)
        if there != mine:
            yield f"{called} is not as commit {abbreviated(commit)} has it."


def _blob(files: Mapping[str, bytes], commit: str, path: str) -> str | None:
    """The object under a path of a commit; None where it has none. Raises LookupError where trees are missing."""
    name = tree_of(files[f"objects/{commit}.commit"])
    if name is None:
        raise ValueError("it is no commit")
    parts = path.encode("utf-8", "surrogateescape").split(b"/")
    for at, part in enumerate(parts):
        found = step(files[f"objects/{name}.tree"], part, len(name) // 2)
        if found is None or found.is_folder == (at == len(parts) - 1):
            return None
        name = found.id
    return name
