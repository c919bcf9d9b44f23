"""What every screen of checks shares: the log of what ran it, addresses, copies, and what it is spoken of as."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..app.check_copies import check_copies
from ..app.copies import Copy
from ..app.records import Check, Pipeline, Subject
from ..app.store.reading import Reader
from ..app.text import clip
from .frame import FrameScreen
from .links import LinkSheet, run_address


class CheckKeys(FrameScreen):
    """Keys for the check in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "log", "log", id="check.log", tooltip="Read the log of the pipeline that checked it"),
        Binding("w", "changes", "changes", id="changes", tooltip="What changed around this; w again draws its lineage"),
        Binding("o", "address", "link", id="check.link", show=False, tooltip="Show the address of what checked it"),
    ]

    # -- what a screen names ------------------------------------------------------------------------------------

    def check_here(self) -> Check | None:
        """The check under the cursor or on the page."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def chosen_checks(self) -> Sequence[Check]:
        """The marked checks, else the one here."""
        here = self.check_here()
        return [here] if here is not None else []

    def pipeline_id_here(self) -> str | None:
        """The id of the pipeline in which the check or the result here was made."""
        here = self.check_here()
        return here.pipeline_id if here is not None else None

    def run_id_here(self) -> str | None:
        """The MLflow run of the check or the result here."""
        here = self.check_here()
        return here.run_id if here is not None else None

    def subject_here(self) -> Subject | None:
        """What the lineage of this place is about."""
        here = self.check_here()
        return Subject(kind="check", parts=(here.id,)) if here is not None else None

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_log(self) -> None:
        """Open the log of the job that says most, of the pipeline in which it was checked."""
        from .log import LogScreen  # with what it brings, when it is wanted
        from .pipeline_keys import telling_job

        if self.check_here() is None:
            self.say("there is no check here to read the log of", "dim")
            return
        native = self.pipeline_id_here()
        pipeline = pipeline_of(self.deck.reader, native)
        job = telling_job(pipeline) if pipeline is not None else None
        if native is None:
            self.say("its results name no pipeline, so no log is known", "dim")
        elif pipeline is None:
            self.say(f"the cache has no pipeline {clip(native, 40)}: r asks the syncer", "dim")
        elif job is None:
            unread = pipeline.jobs is None
            self.say("its jobs were not read yet" if unread else "its pipeline has no job, so no log", "dim")
        else:
            self.app.push_screen(LogScreen(self.deck, pipeline, job))

    def action_address(self) -> None:
        """Show the page of the run or the pipeline in which it was checked."""
        run_id, reader = self.run_id_here(), self.deck.reader
        runs = reader.runs(reader.rowids([run_id])[:1]) if run_id else []
        address = run_address(runs[0], self.deck.states) if runs else None
        pipeline = pipeline_of(reader, self.pipeline_id_here())
        if address is not None:
            self.app.push_screen(LinkSheet("run", address, self.deck.palette))
        elif pipeline is not None and pipeline.url:
            self.app.push_screen(LinkSheet("pipeline", pipeline.url, self.deck.palette))
        elif self.check_here() is None:
            self.say("there is nothing here to show the address of", "dim")
        else:
            self.say("its results were read from a file: there is no address to open", "dim")

    def copies(self) -> Sequence[Copy]:
        """The chosen checks, in every form."""
        return check_copies(self.chosen_checks(), self.deck.now())


def pipeline_of(reader: Reader, native: str | None) -> Pipeline | None:
    """The pipeline with this id; None where there is none, or the cache does not have it."""
    rowid = reader.pipelines.find(native) if native else None
    rows = reader.pipelines.rows([rowid]) if rowid is not None else []
    return rows[0].pipeline if rows else None
