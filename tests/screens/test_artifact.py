"""What an artifact says: text, tables, JSON, and what is none of these; and the screen that it is read on."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.app.records import Artifact, ArtifactContent, ArtifactListing, Batch
from quarterdeck.screens.artifact import ArtifactScreen
from quarterdeck.screens.artifact_page import preview, reads_by_itself, sheet

RUN_0 = f"{0:032x}"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02"


def content(path: str, data: bytes, **changes: Any) -> ArtifactContent:
    facts: dict[str, Any] = {"source": "m" * 16, "run_id": RUN_0, "path": path, "data": data, "size": len(data)}
    return ArtifactContent(**(facts | changes))


def lines(path: str, data: bytes, **changes: Any) -> list[str]:
    found = sheet(content(path, data, **changes))
    titles = ["".join(text for text, _ in found.titles())] if found.is_table else []
    return [*titles, *(found.line(index) for index in range(len(found)))]


# -- bytes to lines


def test_a_text_is_its_lines_made_safe() -> None:
    assert lines("a.md", b"# t\n\x1b[31mred\tend\n") == ["# t", "\\u{1b}[31mred    end"]


def test_csv_is_an_aligned_table_with_figures_on_the_right() -> None:
    found = lines("a.csv", b"name,n\nwide name,1\nb,20.5\n")
    assert found == ["name          n", "wide name     1", "b          20.5"]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.csv", b"x;y\n1;2\n"),
        ("a.tsv", b"x\ty\n1\t2\n"),
        ("a.csv", b"x|y\n1|2\n"),
        ("a.csv", b"\xef\xbb\xbfx,y\r\n1,2\r\n"),
    ],
)
def test_separators_are_found(path: str, data: bytes) -> None:
    assert lines(path, data) == ["x  y", "1  2"]


def test_rows_longer_and_shorter_than_their_heading_stay_in_line() -> None:
    assert lines("a.csv", b"x,y\n1\n1,2,3\n") == ["x  y  column 3", "1", "1  2         3"]


def test_quoted_fields_hold_separators_and_line_breaks() -> None:
    assert lines("a.csv", b'x,y\n"a,b","c\nd"\n') == ["x    y", "a,b  c d"]


def test_a_table_that_mlflow_logged_is_a_table() -> None:
    data = b'{"columns": ["q", "n"], "data": [["who?", 0.10], ["a\\u001bb", null], ["deep", {"k": 1}]]}'
    assert lines("eval.json", data) == ["q         n", "who?      0.10", "a\\u{1b}b", 'deep      {"k": 1}']


def test_json_lines_are_a_table_of_all_their_keys() -> None:
    assert lines("a.jsonl", b'{"a": 1}\n{"b": true, "a": 22}\n') == [" a  b", " 1", "22  true"]


def test_json_is_set_out_and_its_numbers_are_as_they_were() -> None:
    assert lines("a.json", b'{"id":12345678901234567890,"x":[0.10]}') == [
        "{", '  "id": 12345678901234567890,', '  "x": [', "    0.10", "  ]", "}",
    ]  # fmt: skip


def test_json_as_python_writes_it_is_text_still() -> None:
    assert lines("a.json", b'{"loss": NaN}') == ['{"loss": NaN}']


@pytest.mark.parametrize("data", [b"{not json", b"[" * 100_000, b'{"a": 1'])
def test_what_is_no_json_is_text(data: bytes) -> None:
    found = sheet(content("a.json", data))
    assert (found.what, list(found.lines)) == ("text", [data.decode()])


@pytest.mark.parametrize(
    ("path", "data", "what"),
    [
        ("roc.png", PNG, "PNG image 640 × 480"),
        ("a", b"GIF89a\x10\0\x20\0", "GIF image 16 × 32"),
        ("a.jpg", b"\xff\xd8\xff\xe0", "JPEG image"),
        ("m.pkl", b"\x80\x04\x95", "Python pickle"),
        ("t.parquet", b"PAR1\x15", "Parquet table"),
        ("x", bytes(range(256)), "binary file"),
        ("x", b"", "empty file"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_named(path: str, data: bytes, what: str) -> None:
    found = sheet(content(path, data))
    assert (found.what, found.is_readable) == (what, False)


def test_a_file_that_was_cut_says_so_and_loses_its_last_row_only() -> None:
    found = sheet(content("a.csv", b"x,y\n1,2\n3", truncated=True, size=5_000_000))
    assert len(found) == 1
    assert found.notes == ("only its first 9 B of 5.0 MB are here",)


def test_a_letter_that_was_cut_in_the_middle_is_left_out() -> None:
    assert lines("a.txt", "für".encode()[:2], truncated=True) == ["f"]


def test_a_stray_byte_does_not_hide_a_text() -> None:
    assert lines("a.txt", b"caf\xe9 and a lot of plain words") == ["caf\ufffd and a lot of plain words"]


def test_utf_16_is_read() -> None:
    assert lines("a.txt", "grün".encode("utf-16")) == ["grün"]


@pytest.mark.parametrize(
    ("path", "size", "answer"),
    [
        ("a.md", 10, True),
        ("a", None, True),
        ("a.md", 2_000_000, False),
        ("roc.PNG", 10, False),
        ("model.pkl", 10, False),
    ],
)
def test_only_what_can_be_read_is_fetched_because_a_cursor_rests_on_it(
    path: str, size: int | None, answer: bool
) -> None:
    assert reads_by_itself(Artifact(path=path, is_dir=False, size=size)) is answer


def test_a_preview_keeps_to_its_height() -> None:
    file = Artifact(path="a.txt", is_dir=False, size=1)
    made = preview(file, content("a.txt", b"line\n" * 500), 40, 20)
    assert len(made) == 20
    assert made[-1] == [(" 483 lines more: Enter", "dim")]


# -- the screen


def fill(world: Any, path: str, data: bytes, **changes: Any) -> None:
    world.fill()
    listing = ArtifactListing(
        source="m" * 16, run_id=RUN_0, folder="", artifacts=(Artifact(path=path, is_dir=False, size=len(data)),)
    )
    world.write(batch=Batch(listings=(listing,), contents=(content(path, data, **changes),)))


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_a_text_is_read_with_the_keys_of_less(
    world: Any, wait_for: Any, settled: Any, picture: Any, size: Any
) -> None:
    fill(world, "train.log", b"".join(b"line %d\n" % index for index in range(1, 1_001)))
    app = world.app()
    async with app.run_test(size=size) as pilot:
        await app.push_screen(ArtifactScreen(app.deck, RUN_0, "train.log"))
        height = size[1] - 5
        await wait_for(pilot, "› train.log", "text   8.9 kB", f"1 to {height} of 1 000", " line 1")
        picture(app)
        seen = []
        for key in ("space", "b", "j", "k", "d", "u", "G", "g"):
            await pilot.press(key)
            await settled(pilot)
            seen.append(app.screen.view.at[0])
        page, half = height - 1, height // 2
        assert seen == [1 + page, 1, 2, 1, 1 + half, 1, 1_001 - height, 1]


async def test_a_search_goes_on_back_and_nowhere(world: Any, wait_for: Any, settled: Any) -> None:
    fill(world, "train.log", b"".join(b"epoch %d%s\n" % (n, b" NaN" if n % 300 == 7 else b"") for n in range(1_000)))
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(ArtifactScreen(app.deck, RUN_0, "train.log"))
        await settled(pilot)
        await pilot.press("slash", *"nan", "enter")
        await wait_for(pilot, "8 to ", "epoch 7 NaN")
        await pilot.press("n")
        await wait_for(pilot, "308 to ", "epoch 307 NaN")
        await pilot.press("n", "N")
        await wait_for(pilot, "308 to ")
        await pilot.press("slash", *"zeppelin", "enter")
        await wait_for(pilot, "is nowhere in it")


async def test_long_lines_are_wrapped_or_cut(world: Any, wait_for: Any, settled: Any) -> None:
    fill(world, "a.txt", b"begin " + b"x" * 200 + b" end\nsecond\n")
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(ArtifactScreen(app.deck, RUN_0, "a.txt"))
        await wait_for(pilot, "begin", "end", "second")
        await pilot.press("w")
        await wait_for(pilot, "begin", "second", gone=[" end"])
        await pilot.press(*["right"] * 12)
        await wait_for(pilot, " end", gone=["begin"])
        await pilot.press("w")
        await wait_for(pilot, "begin", "end")


async def test_the_titles_of_a_table_stay_on_top(world: Any, wait_for: Any, settled: Any) -> None:
    fill(world, "a.csv", b"name,score\n" + b"".join(b"row%d,0.%d\n" % (n, n) for n in range(500)))
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(ArtifactScreen(app.deck, RUN_0, "a.csv"))
        await wait_for(pilot, "CSV, 500 rows", "name", "score")
        await pilot.press("G")
        lines_seen = await wait_for(pilot, "row499")
        assert lines_seen[3].split() == ["name", "score"]


async def test_an_image_says_what_it_is_and_where(world: Any, wait_for: Any) -> None:
    fill(world, "plots/roc curve.png", PNG)
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await app.push_screen(ArtifactScreen(app.deck, RUN_0, "plots/roc curve.png"))
        await wait_for(pilot, "PNG image 640 × 480", "o shows where it is")
        await pilot.press("o")
        await wait_for(pilot, f"http://mlflow.acme:5000/#/experiments/1/runs/{RUN_0}/artifacts/plots/roc%20curve.png")


async def test_what_was_asked_for_arrives_and_a_reason_is_said(world: Any, wait_for: Any) -> None:
    world.fill()
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(ArtifactScreen(app.deck, RUN_0, "gone.txt"))
        await wait_for(pilot, "asked for …")
        assert [want.keys for want in world.wants] == [("gone.txt",)]
        world.write(batch=Batch(contents=(content("gone.txt", b"", sentence="The server no longer has it."),)))
        await wait_for(pilot, "The server no longer has it.", gone=["asked for …"])


async def test_a_store_without_a_server_has_a_place_and_no_page(world: Any, wait_for: Any, make_run: Any) -> None:
    fill(world, "a.txt", b"x")
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        app.deck.states = []
        await app.push_screen(ArtifactScreen(app.deck, RUN_0, "a.txt"))
        await pilot.press("o")
        await wait_for(pilot, "s3://runs/0/a.txt")
