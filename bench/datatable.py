"""A peer: the table that comes with Textual, with 1,000 rows of what the Runs screen shows."""

from __future__ import annotations

from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import DataTable

COLUMNS = ("name", "status", "age", "val_auc", "val_loss", "commit", "user", "lr", "depth")


class Runs(App[None]):
    """A thousand runs in a DataTable."""

    def compose(self) -> ComposeResult:
        """One table, the cursor on rows."""
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        """All rows at once, as it wants them; cells are Text, so that nobody's markup is read."""
        table = self.query_one(DataTable)
        table.add_columns(*COLUMNS)
        for i in range(1000):
            words = f"run-{i:04}", "● finished", f"{i % 60} h", f"{i / 1000:.4f}", f"{1 - i / 1000:.3f}"
            table.add_row(*(Text(word) for word in (*words, f"{i * 2654435761 % 2**28:07x}", "ann", "0.01", "8")))


if __name__ == "__main__":
    Runs().run()
