"""What every screen of models shares: compare, addresses, copies, and what is asked of the syncer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import quote

from textual.binding import Binding, BindingType

from ..app.comparison import FEWEST, MOST
from ..app.copies import Copy
from ..app.model_copies import MOST_IN_FULL, Around, model_copies, version_copies
from ..app.records import ModelVersion, RegisteredModel, Run, SourceState, Subject, Want
from ..app.store.models import ModelRow, VersionRow
from ..app.store.reading import Reader
from .acting import ask_for_undo
from .frame import FrameScreen
from .links import LinkSheet
from .model_words import registries, version_name
from .subjects import subject_of
from .version_rows import commit_of

MLFLOWS = "models"
"""What MLflow's registry is called; others have no pages that are known here."""

KEYS_AT_ONCE = 100
"""Versions that are asked for at once."""


class ModelKeys(FrameScreen):
    """Keys for the model or the version in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "equals_sign",
            "compare",
            "compare",
            id="model.compare",
            key_display="=",
            tooltip="Compare the runs of the marked versions, or of this one with the champion's, by what differs",
        ),
        Binding(
            "p",
            "promote",
            "promote",
            id="model.promote",
            tooltip="Open the plan by which an alias is moved to the version here, or to the challenger",
        ),
        Binding(
            "B",
            "roll_back",
            "roll back",
            id="model.roll_back",
            tooltip="Open the way back of the alias that is held here",
        ),
        Binding(
            "u",
            "undo_model",
            "undo my last act",
            id="model.undo",
            show=False,
            tooltip="Take back what I did last to a model; asks first",
        ),
        Binding("o", "address", "link", id="model.link", show=False, tooltip="Show the address of what is here"),
    ]

    # -- what a screen names ------------------------------------------------------------------------------------

    def model_here(self) -> ModelRow | None:
        """The model under the cursor or on the page."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def version_here(self) -> VersionRow | None:
        """The version under the cursor or on the page; None where there is none."""
        return None

    def chosen_versions(self) -> Sequence[VersionRow]:
        """The marked versions, else the one here."""
        here = self.version_here()
        return [here] if here is not None else []

    def subject_here(self) -> Subject | None:
        """The version under the cursor or on the page, else the model."""
        return subject_of(self.version_here()) or subject_of(self.model_here())

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_promote(self) -> None:
        """Open the plan for the version here, else for whoever holds the alias that the policy names."""
        from .promotion_places import promote  # with what it brings, when it is wanted

        promote(self, self.model_here(), self._number_here())

    def action_roll_back(self) -> None:
        """Open the way back of the alias that this version holds, else of the model's."""
        from .promotion_places import roll_back

        roll_back(self, self.model_here(), self._number_here())

    def _number_here(self) -> str | None:
        here = self.version_here()
        return here.version.version if here is not None else None

    def action_undo_model(self) -> None:
        """Ask whether to take back what I did last to a model; the way back of a promotion is a plan."""
        ask_for_undo(self, "models")

    def action_address(self) -> None:
        """Show the page of the version or the model in MLflow's own interface."""
        model, version = self.model_here(), self.version_here()
        if model is None:
            self.say("there is nothing here to show the address of", "dim")
            return
        address = model_address(model.model, version.version if version is not None else None, self.deck.states)
        if address is None:
            self.say("its registry is no server with pages: there is no address to open", "dim")
        else:
            self.app.push_screen(LinkSheet("version" if version is not None else "model", address, self.deck.palette))

    def action_sync_now(self) -> None:
        """Ask for a pass now, and for what is in sight in any case."""
        if (model := self.model_here()) is not None:
            self.want_model(model.model, [row.version.version for row in self.chosen_versions()])
        super().action_sync_now()

    def want_model(self, model: RegisteredModel, versions: Sequence[str] = ()) -> None:
        """Ask for a model with all its aliases as they are now, and for these versions of it."""
        self.deck.ask(Want(kind="model", source=model.source, model=model.name, keys=tuple(versions[:KEYS_AT_ONCE])))

    def want_unknown(self, model: str, versions: Sequence[str] = ()) -> None:
        """Ask every registry for a model that the cache does not have."""
        for state in registries(self.deck.states):
            self.deck.ask(Want(kind="model", source=state.source, model=model, keys=tuple(versions)))

    def copies(self) -> Sequence[Copy]:
        """The chosen versions in every form, else the model."""
        rows, model = self.chosen_versions(), self.model_here()
        if rows:
            return version_copies(rows, self._around(rows[0].version.source, rows))
        if model is None:
            return ()
        reads = self.deck.reader.models
        ids = reads.version_ids(model.rowid) if model.versions <= MOST_IN_FULL else []
        versions = reads.versions(ids)
        return model_copies(model, versions, self._around(model.model.source, versions))

    def _around(self, source: str, rows: Sequence[VersionRow]) -> Around:
        states = self.deck.states
        runs = self.deck.reader.runs_by_rowid([row.run for row in rows if row.run is not None], ())
        return Around(
            registry=next((state.address for state in states if state.source == source), ""),
            is_mlflow=all(state.name == MLFLOWS for state in registries(states) if state.source == source),
            tracking=next((state.address for state in states if state.kind == "mlflow"), ""),
            commits={row.rowid: commit_of(row, runs.get(row.run or 0)) for row in rows},
        )

    # -- comparing ----------------------------------------------------------------------------------------------

    def to_compare(self) -> Sequence[VersionRow] | str:
        """The versions whose runs are compared, the baseline first; or what to do, where there are none."""
        raise NotImplementedError

    async def action_compare(self) -> None:
        """Compare runs of versions by what differs, or say why that cannot be."""
        from .compare import CompareScreen  # with what it brings, when it is wanted

        rows = self.to_compare()
        runs = rows if isinstance(rows, str) else runs_of(self.deck.reader, rows)
        if isinstance(runs, str):
            self.say(runs, "dim")
        else:
            with self.app.batch_update():
                await self.app.push_screen(CompareScreen(self.deck, runs))


def runs_of(reader: Reader, rows: Sequence[VersionRow]) -> list[Run] | str:
    """The runs that made these versions, each once, in this order; or what to do, where they cannot be compared."""
    without = [row.version for row in rows if row.run is None]
    if without:
        return _no_run(without[0])
    ids = list(dict.fromkeys(row.run for row in rows if row.run is not None))
    if len(ids) < FEWEST:
        said = "mark another version with Space, then = compares their runs"
        return "these versions come from one run: there is nothing to compare" if len(rows) > 1 else said
    if len(ids) > MOST:
        return f"at most {MOST} can be compared: take some marks away with Space"
    return reader.runs(ids)


def _no_run(version: ModelVersion) -> str:
    why = "r asks the syncer for a pass" if version.run_id else "it names none"
    return f"the cache has no run of {version_name(version.version)}: {why}"


def model_address(
    model: RegisteredModel, version: ModelVersion | None, states: Sequence[SourceState]
) -> str | None:  # fmt: skip
    """The page of a model or of a version in MLflow's own interface; None where its registry has none."""
    state = next((state for state in registries(states) if state.source == model.source), None)
    if state is None or state.name != MLFLOWS or not state.address.startswith(("http://", "https://")):
        return None
    page = f"{state.address.rstrip('/')}/#/models/{quote(model.name, safe='')}"
    return page if version is None else f"{page}/versions/{quote(version.version, safe='')}"
