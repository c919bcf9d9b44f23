"""The sources, the lists to choose from, and what stands where there is nothing."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from quarterdeck.app.errors import UsageError
from quarterdeck.app.main import Quarterdeck
from quarterdeck.screens.frame import FrameScreen
from quarterdeck.screens.picker import Item, Picker
from quarterdeck.screens.words import COMMANDS, Command, parse_command
from quarterdeck.widgets.palette import Palette
from quarterdeck.widgets.prompt import Words

MINUTE, HOUR = 60_000, 3_600_000
SIZES = [(80, 24), (120, 40), (200, 60)]
HOSTILE = [
    "[bold]x[/]", "esc \x1b[31mred\x1b[0m\x1b]0;t\x07", "x" * 4_000, "日本語の実験の名前" * 20, "שלום עולם",
    "مرحبا " * 30, "bidi \u202egnp.exe", "two\nlines\tand a tab", "e" + "\u0301" * 40,
    "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈", "",
]  # fmt: skip


async def type_text(pilot: Pilot[Any], text: str) -> None:
    await pilot.press(*({" ": "space"}.get(sign, sign) for sign in text))


@pytest.mark.parametrize("size", [(60, 20), *SIZES])
async def test_hostile_names_leave_the_columns_where_they_are(
    world: Any, settled: Any, picture: Any, make_run: Any, size: Any
) -> None:
    from rich.cells import cell_len

    app = world.fill([make_run(index, name=text, status="finished") for index, text in enumerate(HOSTILE)]).app()
    async with app.run_test(size=size) as pilot:
        lines = await settled(pilot)
        picture(app)
        places = {cell_len(line[: line.index("● finished")]) for line in lines[4:-2] if "● finished" in line}
        assert len(places) == 1


# -- sources


async def test_the_sources_say_how_they_are_and_what_to_do(
    world: Any, wait_for: Any, state_of: Any, git: Any, mlflow: Any
) -> None:
    world.fill()
    world.states(
        state_of(
            mlflow, "unauthorised", last_ok_at=world.now - HOUR, sentence="The server asks for a token: set it.",
            next_try_at=world.now + MINUTE,
        )
    )  # fmt: skip
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("colon")
        await type_text(pilot, "sources")
        await pilot.press("enter")
        await wait_for(pilot, "1 of 2 well", "✖ unauthorised", "03:08", "http://mlflow.acme:5000", "/home/ann/churn")
        await pilot.press("j")
        await wait_for(pilot, "The server asks for a token")
        await pilot.press("k")
        await wait_for(pilot, "nothing is wrong with it")
        world.states(state_of(mlflow))
        await wait_for(pilot, "2 of 2 well")
        await pilot.press("escape")
        await wait_for(pilot, "60 runs")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_enter_on_a_source_says_what_is_wrong_with_it_to_the_last_word(
    world: Any, wait_for: Any, settled: Any, state_of: Any, mlflow: Any, size: Any
) -> None:
    sentence = (
        "mlflow.db does not exist: MLflow's SQLite file is expected at /srv/machine-learning/teams/churn/mlflow.db, "
        "by the tracking address. Put it back, or correct the address: reading never creates it."
    )
    world.fill()
    world.states(state_of(mlflow, "misconfigured", last_ok_at=world.now - HOUR, sentence=sentence))
    app = world.app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("colon")
        await type_text(pilot, "sources")
        await pilot.press("enter", "j", "enter")
        await wait_for(pilot, "! misconfigured", "answered", "02:07 (1 h)")
        assert sentence in " ".join(" ".join((await settled(pilot))[3:-2]).split())
        await pilot.press("escape")
        await wait_for(pilot, "of 2 well")


# -- where there is nothing


CONDITIONS = [
    ("unreachable", "Nothing listens at mlflow.acme:5000: the server is down, or the port is wrong."),
    ("unauthorised", "mlflow.acme wants a token: set MLFLOW_TRACKING_TOKEN."),
    ("forbidden", "mlflow.acme knows you and refuses: ask for the right to read."),
    ("limited", "mlflow.acme asks to wait."),
    ("tls", "The certificate of mlflow.acme is not trusted: name its CA in the settings."),
    ("not_understood", "mlflow.acme answered with HTML: is it MLflow?"),
    ("misconfigured", "tracking_uri has no host."),
    ("untrusted", "quarterdeck.toml would connect to mlflow.acme: `quarterdeck trust` shows and allows it."),
]


@pytest.mark.parametrize(("condition", "sentence"), CONDITIONS)
async def test_runs_stay_on_the_screen_while_their_source_is_in_trouble(
    world: Any, wait_for: Any, state_of: Any, mlflow: Any, condition: str, sentence: str
) -> None:
    app = world.fill().app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_for(pilot, "60 runs", "mlflow ● now")
        world.states(state_of(mlflow, condition, last_ok_at=world.now - HOUR, sentence=sentence))
        word = condition.replace("_", " ")
        lines = await wait_for(pilot, f"mlflow {word}: {sentence[:60]}", "60 runs", "brave-cod-214")
        assert f"{word} 1 h" in lines[1]
        await pilot.press("j", "enter")
        await wait_for(pilot, "› calm-ox-213")
        await pilot.press("q")
        world.states(state_of(mlflow))
        await wait_for(pilot, "mlflow ● now", gone=[sentence[:30]])


@pytest.mark.parametrize(("condition", "sentence"), CONDITIONS)
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_source_that_never_answered_says_why_to_the_end_of_the_sentence(
    world: Any, wait_for: Any, state_of: Any, mlflow: Any, condition: str, sentence: str, size: Any
) -> None:
    world.cache.declare([mlflow])
    world.states(state_of(mlflow, condition, last_ok_at=None, sentence=sentence))
    app = world.app()
    async with app.run_test(size=size) as pilot:
        lines = await wait_for(
            pilot,
            "mlflow could not be read yet",
            "quarterdeck trust" if condition == "untrusted" else ":sources says more",
        )
        assert sentence in " ".join(" ".join(lines[4:-2]).split())


async def test_no_source_at_all_says_what_was_found_and_what_to_do(world: Any, wait_for: Any) -> None:
    app = world.app(found=("a Git repository without a remote",))
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "no MLflow server or store is known here", "a Git repository without", "quarterdeck init")
        await pilot.press("enter")
        await wait_for(pilot, "nothing here to open")
        await pilot.press("e")
        await wait_for(pilot, "all experiments", "0 runs")


async def test_a_source_that_is_found_later_takes_the_place_of_these_words(
    world: Any, wait_for: Any, state_of: Any, mlflow: Any
) -> None:
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "no MLflow server or store is known here")
        world.cache.declare([mlflow])
        world.states(state_of(mlflow, "never", last_ok_at=None))
        await wait_for(pilot, "reading the runs for the first time")


async def test_an_experiment_without_runs_says_where_to_log_one(
    world: Any, wait_for: Any, state_of: Any, mlflow: Any
) -> None:
    world.cache.declare([mlflow])
    world.write()
    world.states(state_of(mlflow))
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, "no runs in this experiment yet", "http://mlflow.acme:5000")


# -- lists to choose from


class Choosing(App[None]):
    """Asks once and keeps the answer."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options
        self.answer: Any = "none yet"

    def on_mount(self) -> None:
        items = [Item(name, detail, name) for name, detail in FRUITS]
        self.push_screen(Picker("fruits", items, Palette(), **self.options), self._take)

    def _take(self, answer: Any) -> None:
        self.answer = answer


FRUITS = [("apple", "red"), ("banana", "yellow"), ("cherry", "red"), ("x" * 300, "long"), ("\x1b[31mfig", "odd")]


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], ["apple"]),
        (["down", "enter"], ["banana"]),
        (["down", "ctrl+n", "up", "enter"], ["banana"]),
        (["pagedown", "enter"], ["\x1b[31mfig"]),
        (["r", "e", "d", "down", "enter"], ["cherry"]),
        (["r", "e", "d", "space", "c", "h", "enter"], ["cherry"]),
        (["q", "q", "enter"], "none yet"),
        (["q", "q", "backspace", "backspace", "enter"], ["apple"]),
        (["escape"], None),
    ],
)
async def test_one_is_chosen(keys: list[str], answer: Any) -> None:
    app = Choosing()
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        assert app.answer == answer


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], ["cherry"]),
        (["space", "down", "space", "enter"], ["cherry", "apple", "banana"]),
        (["down", "down", "space", "enter"], []),
        (["b", "a", "n", "space", "enter"], ["cherry", "banana"]),
        (["space", "space", "enter"], ["cherry"]),
    ],
)
async def test_several_are_ticked_in_their_order(keys: list[str], answer: list[str]) -> None:
    app = Choosing(several=True, ticked=["cherry"])
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        assert app.answer == answer


@pytest.mark.parametrize("size", [(30, 8), (60, 20), (120, 40)])
async def test_a_list_keeps_within_the_screen(picture: Any, size: Any) -> None:
    app = Choosing(several=True, here="banana")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        lines = picture(app)
        assert any("▸" in line and "banana" in line for line in lines)
        await pilot.press("z")
        await pilot.pause()
        assert any("nothing is called so" in line for line in picture(app))


# -- words after a colon


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("runs", ("runs", "")),
        (":view save  mine ", ("view", "save  mine")),
        ("exp churn", ("experiment", "churn")),
        ("q", ("quit", "")),
    ],
)
def test_a_command_is_a_word_and_an_argument_and_may_be_short(text: str, command: tuple[str, str]) -> None:
    assert parse_command(text) == Command(*command)


async def test_what_completes_a_command_is_what_enter_takes() -> None:
    words = Words(COMMANDS, is_sure=True)
    completed = [await words.get_suggestion(typed) for typed in ("sour", "prom", "pro", "wat")]
    assert completed == ["sources", None, None, "watch"]  # as far as watched is the same
    assert parse_command("sour") == Command("sources")
    with pytest.raises(UsageError, match=":prom may be :promote or :prompts; write more of it"):
        parse_command("prom")


@pytest.mark.parametrize("width", [40, 80])
async def test_commands_that_have_no_room_are_said_to_be_left_out(world: Any, width: int) -> None:
    app = world.fill().app()
    async with app.run_test(size=(width, 24)) as pilot:
        await pilot.press("colon")
        screen = app.screen
        assert isinstance(screen, FrameScreen)
        assert str(screen.prompt.placeholder).endswith("…")
        assert len(str(screen.prompt.placeholder)) < width - 2


def test_a_subject_is_a_command_that_opens_it() -> None:
    found = parse_command("run/4f2c")
    assert found.subject is not None
    assert found.subject.parts == ("4f2c",)


def test_every_command_is_carried_out_by_the_app() -> None:
    from quarterdeck.screens.words import COMMANDS

    assert {word for word in COMMANDS if not hasattr(Quarterdeck, f"_do_{word}")} == set()


async def test_of_sources_no_name_is_cut_where_there_is_room_and_addresses_keep_their_end(
    world: Any, wait_for: Any, settled: Any, state_of: Any, git: Any, mlflow: Any
) -> None:
    world.fill()
    far = "sqlite:////srv/machine-learning/teams/growth/churn/experiments/mlflow.db"
    world.states(state_of(mlflow, name="nightly-training", address=far))
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon")
        await type_text(pilot, "sources")
        await pilot.press("enter")
        await wait_for(pilot, "of 2 well")
        row = next(line for line in await settled(pilot) if "nightly" in line)
        assert "nightly-training  ● ok " in row
        assert row.endswith("experiments/mlflow.db")
        assert "sqlite:////" in row
        assert "…" in row
