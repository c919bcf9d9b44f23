"""Whether a bundle is as it was made: its sums, its manifest, and the name that each content gives to its object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..errors import UsageError
from ..promotion.words import NAME
from ..text import clip
from .findings import Finding
from .gitobjects import object_id
from .layout import FORMAT, MANIFEST, OBSERVED, SUMS, VERSION, Manifest, Observed, digest, read, sums
from .papers import entry_file_of


def of_file(code: str, path: str, sentence: str) -> Finding:
    """What is wrong with a file."""
    return Finding(level="wrong", code=code, about=clip(path, 200), sentence=sentence)


def read_manifest(files: Mapping[str, bytes]) -> tuple[Manifest | None, str]:
    """The manifest; else why it cannot be read. Raises UsageError for one of another program, or of a later release."""
    raw = files.get(MANIFEST)
    if raw is None:
        return None, "it is missing."
    try:
        manifest = read(raw, Manifest)
    except (ValueError, RecursionError) as error:
        return None, f"it cannot be read: {clip(str(error), 200)}."
    if manifest.format == FORMAT and manifest.v > VERSION:
        raise UsageError(f"This bundle is of version {manifest.v}: a newer quarterdeck made it, and can check it.")
    if manifest.format != FORMAT:
        return None, "it is not one of a bundle."
    return manifest, ""


def read_observed(files: Mapping[str, bytes]) -> Observed | None:
    """None where it cannot be read."""
    try:
        observed: Observed = read(files.get(OBSERVED, b""), Observed)
    except (ValueError, RecursionError):
        return None
    return observed


def of_sums(files: Mapping[str, bytes]) -> Iterator[Finding]:
    """SHA256SUMS is exactly what it would be if it were made now."""
    there = files.get(SUMS)
    if there is None:
        yield of_file("hash", SUMS, "it is missing.")
    elif there != sums({name: raw for name, raw in files.items() if name != SUMS}):
        yield of_file("hash", SUMS, "it does not hold for what is here.")


def of_manifest(files: Mapping[str, bytes], manifest: Manifest) -> Iterator[Finding]:
    """Every file is there, as it was, and no other."""
    mine = {name: raw for name, raw in files.items() if name not in (MANIFEST, SUMS)}
    for name in sorted(manifest.files.keys() - mine.keys()):
        yield of_file("hash", name, "it is missing.")
    for name in sorted(mine.keys() - manifest.files.keys()):
        yield of_file("stranger", name, "the manifest does not know it.")
    for name in sorted(mine.keys() & manifest.files.keys()):
        sum_ = manifest.files[name]
        if (digest(mine[name]), len(mine[name])) != (sum_.sha256, sum_.bytes):
            yield of_file("hash", name, "it was changed: its SHA-256 is not that of the manifest.")
    if read_observed(files) is None:
        yield of_file("observed", OBSERVED, "it cannot be read.")
    yield from _of_rows(files, manifest)


def _of_rows(files: Mapping[str, bytes], manifest: Manifest) -> Iterator[Finding]:
    """Every file of an entry is the one that the manifest takes it for."""
    named = set()
    for row in manifest.entries:
        about = f"{clip(row.alias, NAME)} entry {row.number}"
        if row.alias not in manifest.aliases:
            yield of_file("manifest", about, "the manifest does not name its alias.")
        if row.file is None:
            continue
        named.add(row.file)
        file = entry_file_of(row.file)
        if file is None or (file.number, file.id) != (row.number, row.id):
            yield of_file("manifest", about, f"the manifest takes another file for it: {clip(row.file, 120)}.")
    for name in sorted(files):
        if entry_file_of(name) is not None and name not in named:
            yield of_file("stranger", name, "no entry of the manifest is in it.")


def of_names(files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Every object bears the name that its content gives it."""
    for path, raw in sorted(files.items()):
        room, _, rest = path.rpartition("/")
        stem, _, kind = rest.partition(".")
        name = stem.rpartition("-")[2]
        if room.startswith("policies") or not room:
            continue
        mine = digest(raw) if kind == "json" else object_id(kind, raw, name)
        if mine != name:
            yield of_file("id", path, f"its content is called {mine[:12]}: it was changed.")
