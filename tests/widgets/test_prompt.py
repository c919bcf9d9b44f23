"""The line that asks."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Input

from quarterdeck.widgets.prompt import Prompt, Words


class Asking(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, ...]] = []

    def compose(self) -> ComposeResult:
        yield Input(id="elsewhere")
        yield Prompt(id="prompt")

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        self.told.append(("typed", event.purpose, event.value))

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        self.told.append(("answered", event.purpose, event.value))

    def on_prompt_left(self, event: Prompt.Left) -> None:
        self.told.append(("left", event.purpose))


async def test_what_is_typed_and_answered_is_told_with_its_purpose() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        app.prompt.ask("filter", "", "a hint")
        await pilot.press("h", "i", "enter")
        assert app.told == [("typed", "filter", "h"), ("typed", "filter", "hi"), ("answered", "filter", "hi")]


async def test_putting_a_text_in_place_is_not_typing() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        app.prompt.ask("filter", "was here", "a hint")
        await pilot.press("!")
        assert app.told == [("typed", "filter", "was here!")]  # the cursor stands at the end


async def test_escape_and_going_elsewhere_are_leaving() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        app.prompt.ask("command", "", "a hint")
        await pilot.press("escape")
        assert app.told == [("left", "command")]
        app.query_one("#elsewhere").focus()
        await pilot.pause()
        assert app.told == [("left", "command")] * 2


async def test_a_prompt_that_was_put_away_says_nothing_more() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        app.prompt.ask("command", "", "a hint")
        await pilot.pause()
        app.prompt.close()
        app.query_one("#elsewhere").focus()
        await pilot.pause()
        assert app.told == []
        assert not app.prompt.display


async def test_up_brings_back_the_last_answer_to_the_same_question() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        for purpose, word in (("filter", "a"), ("command", "b")):
            app.prompt.ask(purpose, "", "a hint")
            await pilot.press(word, "enter")
        app.prompt.ask("filter", "", "a hint")
        await pilot.press("up")
        assert app.prompt.value == "a"


async def test_tab_completes_the_last_word() -> None:
    app = Asking()
    async with app.run_test() as pilot:
        app.prompt.ask("filter", "", "a hint", ["metrics.val_auc", "status"])
        await pilot.press(*"not (metr")
        await pilot.pause()
        await pilot.press("tab")
        assert app.prompt.value == "not (metrics.val_auc"


async def test_nothing_blinks_because_a_blink_is_bytes() -> None:
    app = Asking()
    async with app.run_test():
        assert app.prompt.cursor_blink is False


async def test_words_complete_the_last_word_only() -> None:
    words = Words(["alpha", "alpine", "beta"])
    assert await words.get_suggestion("beta al") == "beta alpha"
    assert await words.get_suggestion("(be") == "(beta"
    assert await words.get_suggestion("alpha") is None
    assert await words.get_suggestion("alpha ") is None
    assert await words.get_suggestion("gamma") is None
