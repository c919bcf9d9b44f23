"""What an artifact file says, as text or as a table. Pure functions; nothing foreign gets out raw."""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, Final

import msgspec

from ..app.records import LARGEST_CONTENT, Artifact, ArtifactContent
from ..app.text import cells, fit, one_line, pad, shown
from ..widgets.figures import count, size
from ..widgets.line import Piece

WIDEST: Final = 40
"""Cells of a column of a table at most."""

MEASURED: Final = 1_000
"""Rows that are looked at to give the columns their widths."""

_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG image"), (b"\xff\xd8\xff", "JPEG image"), (b"GIF8", "GIF image"),
    (b"BM", "BMP image"), (b"%PDF-", "PDF document"), (b"PAR1", "Parquet table"), (b"\x93NUMPY", "NumPy array"),
    (b"PK\x03\x04", "ZIP archive"), (b"\x1f\x8b", "gzip archive"), (b"\x89HDF", "HDF5 file"),
    (b"SQLite format 3\0", "SQLite database"), (b"\x80\x04", "Python pickle"), (b"\x80\x05", "Python pickle"),
    (b"\x80\x03", "Python pickle"), (b"\x80\x02", "Python pickle"), (b"\x7fELF", "program"),
)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """What a file is, and how it reads: lines of text, a table, or neither."""

    what: str
    """In words: `JSON`, `CSV table`, `PNG image 640 × 480`."""
    lines: Sequence[str] = ()
    """Of a text, as the file has them."""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    notes: tuple[str, ...] = ()
    """What has to be known of it: that it was cut, why there is nothing."""

    @property
    def is_table(self) -> bool:
        """Whether it has columns."""
        return bool(self.columns)

    @property
    def is_readable(self) -> bool:
        """Whether there is something to read here rather than elsewhere."""
        return bool(self.columns or self.lines)

    @cached_property
    def widths(self) -> list[tuple[int, bool]]:
        """Cells of each column, and whether its values are figures, which stand on the right."""
        sample = list(islice(self.rows, MEASURED))
        return [self._width(at, sample) for at in range(len(self.columns))]

    def _width(self, at: int, sample: Sequence[Sequence[str]]) -> tuple[int, bool]:
        values = [row[at] for row in sample if at < len(row)]
        wide = max((cells(_cell(value)) for value in [self.columns[at], *values]), default=1)
        return max(1, min(wide, WIDEST)), bool(values) and all(_is_figure(value) for value in values if value)

    def __len__(self) -> int:
        return len(self.rows) if self.is_table else len(self.lines)

    def titles(self) -> list[Piece]:
        """The line of titles of a table."""
        return [(self._aligned(self.columns), "dim")]

    def role(self, index: int) -> str:
        """Of a file no line is more than another."""
        return "text"

    def line(self, index: int) -> str:
        """One line, safe to show."""
        return self._aligned(self.rows[index]) if self.is_table else shown(self.lines[index].replace("\t", "    "))

    def _aligned(self, row: Sequence[str]) -> str:
        made = [
            pad(_cell(row[at]) if at < len(row) else "", width, right) for at, (width, right) in enumerate(self.widths)
        ]
        return "  ".join(made).rstrip()


def _cell(value: str) -> str:
    return one_line(value[: 5 * WIDEST + 5]) if value else ""


def _is_figure(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def sheet(content: ArtifactContent) -> Sheet:
    """What a file says. Told by its bytes first and by its name where these leave it open."""
    if content.sentence:
        return Sheet("nothing", notes=(content.sentence,))
    known = _kind(content.data)
    if known:
        return Sheet(known, notes=_cut(content))
    text = _decoded(content.data, content.truncated)
    if text is None:
        return Sheet("binary file", notes=_cut(content))
    if not text:
        return Sheet("empty file", notes=("it is empty",))
    return _read(text, content)


def _cut(content: ArtifactContent) -> tuple[str, ...]:
    if not content.truncated:
        return ()
    of = f" of {size(content.size)}" if content.size is not None else ""
    return (f"only its first {size(len(content.data))}{of} are here",)


def _kind(data: bytes) -> str:
    """What the first bytes say that it is; "" for text and for what is not known."""
    found = next((name for magic, name in _MAGIC if data.startswith(magic)), "")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        found = "WebP image"
    if found == "BMP image" and b"\0" not in data[:64]:
        return ""  # a text that begins with BM
    return f"{found}{_measures(data, found)}"


def _measures(data: bytes, kind: str) -> str:
    if kind == "PNG image" and len(data) >= 24:
        wide, high = struct.unpack(">II", data[16:24])
    elif kind == "GIF image" and len(data) >= 10:
        wide, high = struct.unpack("<HH", data[6:10])
    else:
        return ""
    return f" {wide} × {high}"


def _decoded(data: bytes, truncated: bool) -> str | None:
    """The text of it; None where it is none."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data[:8_192]:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if truncated and error.start >= len(data) - 4:
            return data[: error.start].decode("utf-8-sig")
    text = data.decode("utf-8", errors="replace")
    return text if text.count("\ufffd") * 20 < len(text) else None  # a stray byte of an old encoding


def _read(text: str, content: ArtifactContent) -> Sheet:
    ending = content.path.rpartition("/")[2].rpartition(".")[2].casefold()
    notes = _cut(content)
    if ending in ("csv", "tsv"):
        found = _separated(text, "\t" if ending == "tsv" else None, content.truncated)
    elif ending in ("jsonl", "ndjson"):
        found = _json_lines(text, content.truncated)
    elif ending == "json" or text[:1] in "{[":
        found = _from_json(text)
    else:
        found = None
    if found is None:
        found = Sheet("SVG image, as text" if ending == "svg" else "text", lines=text.splitlines())
    return Sheet(found.what, found.lines, found.columns, found.rows, notes)


def _separated(text: str, delimiter: str | None, truncated: bool) -> Sheet | None:
    if delimiter is None:
        first = text.partition("\n")[0]
        delimiter = max(",;\t|", key=first.count)  # at equal counts the comma: it stands first
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return None
    rows = [row for row in (rows[:-1] if truncated else rows) if row]
    if not rows:
        return None
    what = "TSV" if delimiter == "\t" else "CSV"
    columns = _unlike(rows[0], max(map(len, rows)))
    return Sheet(f"{what}, {count(len(rows) - 1)} rows", columns=columns, rows=rows[1:])


def _unlike(names: Sequence[str], width: int) -> list[str]:
    """Titles for so many columns: rows may be longer than their heading."""
    return [*names, *(f"column {at + 1}" for at in range(len(names), width))]


def _json_lines(text: str, truncated: bool) -> Sheet | None:
    lines = text.splitlines()
    lines = [line for line in (lines[:-1] if truncated else lines) if line.strip()]
    try:
        found = [_loads(line) for line in lines]
    except (ValueError, RecursionError):
        return None
    if not found or not all(isinstance(one, dict) for one in found):
        return None
    columns = list(dict.fromkeys(str(key) for one in found[:MEASURED] for key in one))
    rows = [[_written(one.get(key)) for key in columns] for one in found]
    return Sheet(f"JSON lines, {count(len(rows))} rows", columns=columns, rows=rows) if columns else None


def _from_json(text: str) -> Sheet | None:
    try:
        whole = _loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(whole, dict) and _is_table(whole):
        columns = [_written(name) for name in whole["columns"]]
        rows = [[_written(value) for value in row] for row in whole["data"]]
        width = max([len(columns), *map(len, rows)])
        return Sheet(f"table, {count(len(rows))} rows", columns=_unlike(columns, width), rows=rows)
    try:
        pretty = msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:
        pretty = text  # NaN and Infinity, which Python writes and JSON does not know
    return Sheet("JSON", lines=pretty.splitlines())


def _is_table(whole: dict[str, Any]) -> bool:
    """MLflow's `log_table`, and pandas' `orient="split"`: `{"columns": [...], "data": [[...]]}`."""
    columns, data = whole.get("columns"), whole.get("data")
    return bool(
        isinstance(columns, list) and columns and isinstance(data, list) and all(isinstance(r, list) for r in data)
    )


class _Number(str):
    """A number as it is written: 0.10 stays 0.10, and no digit of an id is lost."""

    __slots__ = ()


def _loads(text: str) -> Any:
    return json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=_Number)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else _nested(value)


def _nested(value: Any, depth: int = 0) -> str:
    """JSON inside a cell, its numbers as they were written. A cell is short: what lies deep in it is not told."""
    if isinstance(value, _Number):
        return str(value)
    if depth > 20:
        return "…"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(key)}: {_nested(one, depth + 1)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_nested(one, depth + 1) for one in value)}]"
    return json.dumps(value, ensure_ascii=False)


def outside(content: ArtifactContent | None, what: str) -> Iterable[list[Piece]]:
    """What is said of a file that is not read in a terminal."""
    known = f"{what}, {size(content.size)}" if content is not None and content.size is not None else what
    yield [(f" {fit(known, 60)}", "text")]
    yield []
    yield [(" It is not drawn here: ", "dim"), ("o", "accent"), (" shows where it is.", "dim")]


_HEAVY: Final = frozenset(
    "png jpg jpeg gif webp bmp tif tiff ico pdf mp3 wav mp4 avi mov pkl pickle joblib pt pth bin ckpt onnx pb h5 hdf5"
    " npy npz parquet feather arrow zip gz bz2 xz zst tar tgz whl so safetensors gguf tflite keras model ubj"
    " db sqlite".split()
)
"""Endings of files that cannot be read in a terminal, so that nothing is fetched because a cursor came to rest."""


def reads_by_itself(file: Artifact) -> bool:
    """Whether a file is fetched when the cursor rests on it: what is small, and by its name can be read."""
    ending = file.path.rpartition("/")[2].rpartition(".")[2].casefold()
    return ending not in _HEAVY and (file.size is None or file.size <= LARGEST_CONTENT)


def preview(file: Artifact, content: ArtifactContent | None, width: int, height: int) -> list[list[Piece]]:
    """The beginning of a file beside the outline: `height` lines of it, what does not fit cut."""
    name = file.path.rpartition("/")[2]
    if content is None:
        waits = reads_by_itself(file)
        what = f"{shown(name.rpartition('.')[2])} file" if "." in name else "file"
        said = [[(" asked for …", "dim")]] if waits else [*_not_drawn(what, file.size)]
        return [_name(file, "", width), [], *said]
    found = sheet(content)
    lines = [_name(file, found.what if found.is_readable else "", width), []]
    if not found.is_readable:
        said = [[(f" {shown(note)}", "text")] for note in found.notes]
        return [*lines, *(said if found.what in ("nothing", "empty file") else [*outside(content, found.what)])]
    if found.is_table:
        lines.append([(" ", "text"), *found.titles()])
    room = max(0, height - len(lines) - 1)
    lines += [[(f" {found.line(index)}", "text")] for index in range(min(len(found), room))]
    more = [*found.notes, *([f"{count(len(found) - room)} lines more: Enter"] if len(found) > room else [])]
    return [*lines, [(f" {'; '.join(more)}", "dim")]] if more else lines


def _name(file: Artifact, what: str, width: int) -> list[Piece]:
    said = "  ".join(word for word in (what, size(file.size)) if word)
    return [(f" {fit(shown(file.path), max(8, width - cells(said) - 4))}", "bright"), (f"  {said}", "dim")]


def _not_drawn(what: str, octets: int | None) -> Iterable[list[Piece]]:
    yield [(f" {what}{f', {size(octets)}' if octets is not None else ''}", "text")]
    yield []
    yield [(" It is not drawn here: ", "dim"), ("o", "accent"), (" shows where it is, ", "dim")]
    yield [(" ", "dim"), ("Enter", "accent"), (" looks whether it reads as text all the same.", "dim")]
