"""What the tests of widgets and screens look at: the lines of a Textual app as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App

Picture = Callable[[App[Any]], list[str]]


@pytest.fixture
def picture() -> Picture:
    """The lines on the screen of an app; each must fill the screen's width exactly, whatever it shows."""

    def lines(app: App[Any]) -> list[str]:
        strips = app.screen._compositor.render_strips()
        texts = ["".join(segment.text for segment in strip) for strip in strips]
        assert {cell_len(text) for text in texts} == {app.size.width}, texts
        return [text.rstrip() for text in texts]

    return lines
