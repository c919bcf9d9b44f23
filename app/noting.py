"""Notes, acknowledgements and hand-overs: written down here at once, offline and in read-only mode too, then shared.

Sharing is an act as any other (`acts/notes.py`): a terminal's is done by a process of its own, a command's at once.
What could not be shared stays “only here”, and goes along with the next one, when a terminal starts, and once a minute.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from . import trust
from .deeds import NOTE_TAG, SHARES, was_refused
from .errors import QuarterdeckError, StoreError, UsageError
from .notebook import LARGEST_LINE, written
from .records import Attention, Millis, Note, NoteKind, Subject, parse_subject
from .records.ids import ulid
from .store.state import Act, State

if TYPE_CHECKING:
    from .acting import Acting
    from .acts import Outcome
    from .handover import Shift
    from .settings import Settings
    from .sources import Source
    from .store.reading import Reader

LONGEST: Final = 4_000
"""Characters of a note. A hand-over may have as many as a line takes."""
LOCAL: Final = "There is no Git remote: it is local only."
READ_ONLY: Final = "Read-only: it stays here only, and is shared when quarterdeck runs without --read-only."

EVERY: Final = 60_000
LONGEST_PAUSE: Final = 3_600_000
"""Milliseconds between two tries to share what is here only: twice as long after each that failed, until the remote
was fetched from again."""
LATE: Final = 120_000
"""Milliseconds after which a sharing without an outcome is taken for cut off."""
_LOOK_BACK: Final = 100
"""Entries of the journal among which tries to share are looked for."""
MOST_TAGS: Final = 20
"""Notes of one sharing that are written onto runs and versions as well."""

Asked = tuple[str, str, Mapping[str, Any]]
"""Act, subject and intent."""


class Noted(NamedTuple):
    """What was written, and what becomes of it."""

    note: Note
    batch: str = ""
    """The acts that share it; "" where none was asked for ..."""
    sentence: str = ""
    """... and why not."""


class Noting:
    """What a terminal writes. Each blocks for some ten milliseconds, may run on any thread, and raises UsageError and
    StoreError. `state` is state.db, opened for each call.
    """

    def __init__(self, settings: Settings, acting: Acting | None, state: Path, *, read_only: bool = False) -> None:
        self._settings = settings
        self._acting = acting
        self._state = state
        self._read_only = read_only

    def note(self, subject: Subject | str, text: str) -> Noted:
        """Write something on a subject."""
        return self._kept(make(self._settings, "note", str(subject), text))

    def acknowledge(self, attention: Attention, text: str = "") -> Noted:
        """Say that it is ours: it is quiet until it stands otherwise."""
        return self._kept(acknowledgement(self._settings, attention, text))

    def unacknowledge(self, attention: Attention, text: str = "") -> Noted:
        """Say that nobody has it any more."""
        return self._kept(acknowledgement(self._settings, attention, text, kind="unack"))

    def shift(self, reader: Reader | None, now: Millis, since: Millis | None = None) -> Shift:
        """What would be handed over, since the last hand-over where nothing else is said. Some 100 ms."""
        from .handover import the_shift

        with State(self._state) as state:
            return the_shift(self._settings, reader, state, now=now, since=since)

    def markdown(self, shift: Shift) -> str:
        """The shift as it is shown, copied and kept."""
        return shift.markdown(self._settings)

    def handover(self, text: str) -> Noted:
        """Keep what was handed over, as the Markdown that was shown."""
        return self._kept(handed_over(self._settings, text))

    def _kept(self, note: Note) -> Noted:
        with State(self._state) as state:
            state.write_note(note)
        batch, sentence = self.share(note)
        return Noted(note, batch, sentence)

    def share(self, note: Note | None = None) -> tuple[str, str]:
        """Have what is here only shared, `note` among it; gives the batch, or "" and why not."""
        if self._acting is None:
            return "", "this terminal starts no other process, and what is written is shared by one"
        with State(self._state) as state:
            asked, sentence = to_share(self._settings, state, note, read_only=self._read_only)
        return (self._acting.ask(asked), sentence) if asked else ("", sentence)

    def share_again(self, fetched_at: Millis | None = None, *, begins: bool = False) -> str:
        """Have shared what could not be before, when it is time for that; gives the batch, "" where nothing is asked.

        To be called when a terminal `begins`, and once a minute. `fetched_at`: when the remote was fetched from last.
        """
        if self._read_only or self._acting is None:
            return ""
        with State(self._state) as state:
            if not state.unshared_notes():
                return ""
            tries = [act for act in state.acts(_LOOK_BACK) if act.act == SHARES]
        now = _now()
        if is_cut_off(tries, now):
            self._acting.settle()
        is_time = is_due(tries, now, fetched_at) or (begins and not is_open(tries))
        return self.share()[0] if is_time else ""


# -- what is written ----------------------------------------------------------------------------------------------


def make(
    settings: Settings, kind: NoteKind, subject: str, text: str, *, about: str = "", state: str = "", at: Millis = 0
) -> Note:
    """A note of ours. Raises UsageError for what cannot be one."""
    from .promotion.identity import you  # asks Git: 10 ms

    parse_subject(subject)
    text = text.strip()
    if kind == "note" and not text:
        raise UsageError("A note says something: its text is empty.")
    if len(text) > LONGEST and kind != "handover":
        raise UsageError(f"The text has {len(text)} characters: {LONGEST} at most are taken.")
    who, at = you(settings), at or _now()
    note = Note(
        id=ulid(at), at=at, kind=kind, subject=subject, text=text, author=_sound(who.name), email=_sound(who.email),
        about=_sound(about), state=_sound(state),
    )  # fmt: skip
    _check_line(note)
    return note


def acknowledgement(settings: Settings, attention: Attention, text: str = "", *, kind: NoteKind = "ack") -> Note:
    """Of an attention as it stands. Raises UsageError."""
    subject = str(Subject(kind="attention", parts=(attention.id,)))
    return make(settings, kind, subject, text, about=attention.title[:300], state=attention.state[:500])


def handed_over(settings: Settings, text: str) -> Note:
    """A hand-over, which is of the project. What is longer than a line takes is cut. Raises UsageError."""
    subject = str(Subject(kind="project", parts=(settings.name,)))
    text = _sound(text)
    most = LARGEST_LINE - 1_000
    while len(written(Note(id="", at=0, subject="", text=text))) > most:
        text = text[: len(text) * 9 // 10].rpartition("\n")[0] or text[: len(text) // 2]
        text = f"{text.removesuffix(_CUT)}{_CUT}"
    return make(settings, "handover", subject, text)


_CUT: Final = "\n\n(cut: the rest was too long to be kept)"


def _check_line(note: Note) -> None:
    try:
        size = len(written(note))
    except UnicodeEncodeError as error:
        raise UsageError("The text is not valid UTF-8: it could not be shared.") from error
    if size > LARGEST_LINE:
        raise UsageError(f"The note takes {size} bytes: {LARGEST_LINE} at most are read by others.")


def _sound(text: str) -> str:
    """Without halves of characters, which no JSON takes."""
    return text.encode("utf-8", "replace").decode()


# -- what is shared -----------------------------------------------------------------------------------------------


def to_share(
    settings: Settings, state: State, note: Note | None = None, *, read_only: bool = False
) -> tuple[list[Asked], str]:
    """The acts that share what is here only, `note` among it; and why not, where it stays here."""
    waiting = state.unshared_notes()
    if read_only:
        return [], READ_ONLY if waiting else ""
    if not waiting:
        return [], ""
    from .sources.registry import build  # 0.2 s of what speaks HTTP

    sources = build(settings)
    asked, sentence = _in_git(settings, sources, waiting)
    noted = waiting if asked else [note] if note is not None else []  # without a remote nothing is ever shared
    return [*asked, *_as_tags(sources, noted[-MOST_TAGS:])], sentence


def _in_git(settings: Settings, sources: Sequence[Source], waiting: Sequence[Note]) -> tuple[list[Asked], str]:
    from .acts.notes import sharing_intent

    key = next((source.spec.key for source in sources if source.spec.kind == "git"), "")
    if not key or not settings.remote:
        return [], LOCAL
    if not trust.may_run(settings, "git"):
        return [], f"It stays here only. {trust.sentence(settings)}"
    return [(SHARES, waiting[-1].subject, sharing_intent(key))], ""


def _as_tags(sources: Sequence[Source], notes: Sequence[Note]) -> list[Asked]:
    """Runs and versions have them as tags too, where MLflow can be written: also who works without this program sees
    them there."""
    found = (_as_tag(sources, note) for note in notes if note.kind in ("note", "ack"))
    return [one for one in found if one is not None]


def _as_tag(sources: Sequence[Source], note: Note) -> Asked | None:
    from .acts.model_notes import LONGEST_TAG, note_intent
    from .acts.registry_desk import Registry
    from .acts.tags import LONGEST_VALUE, TagsRuns, tag_intent

    subject, key, line = parse_subject(note.subject), f"{NOTE_TAG}{note.id}", written(note).decode()
    if subject.kind == "run" and len(line) <= LONGEST_VALUE:
        tracking = next((one.spec.key for one in sources if isinstance(one, TagsRuns)), "")
        return ("set_tag", note.subject, tag_intent(tracking, subject.parts[0], key, line)) if tracking else None
    if subject.kind == "model" and len(subject.parts) == 2 and len(line) <= LONGEST_TAG:
        registry = next((one.spec.key for one in sources if isinstance(one, Registry)), "")
        intent = note_intent(registry, *subject.parts, key, line)
        return ("set_version_tag", note.subject, intent) if registry else None
    return None


def share_now(
    settings: Settings, state: State, cache: Path, note: Note | None = None, *, read_only: bool = False
) -> tuple[list[Outcome], str]:
    """Share what is here only, and read it back; gives what came of it, or nothing and why not. Blocks.

    What fails stays here and is an outcome. Raises StoreError.
    """
    asked, sentence = to_share(settings, state, note, read_only=read_only)
    if not asked:
        return [], sentence
    from .actions import perform, reconcile

    try:
        reconcile(settings, state, cache=cache)
    except StoreError:
        raise
    except QuarterdeckError:
        pass  # what was cut off earlier cannot be asked about now: that is no reason to keep this back
    return perform(settings, state, state.ask_acts(asked, _now()), read_only=False, cache=cache), sentence


def is_due(tries: Sequence[Act], now: Millis, fetched_at: Millis | None) -> bool:
    """Whether to try again to share, by what came of the tries before, the newest first."""
    if is_open(tries):
        return False
    failed = list(takewhile(lambda act: act.state != "done", tries))
    if not failed:
        return True
    last, waited = failed[0], now - failed[0].at
    is_back = fetched_at is not None and fetched_at > last.at and not was_refused(last)
    return waited >= (EVERY if is_back else min(EVERY * 2 ** (len(failed) - 1), LONGEST_PAUSE))


def is_open(tries: Sequence[Act]) -> bool:
    """Whether one is under way, or was cut off."""
    return any(act.state in ("asked", "begun") for act in tries)


def is_cut_off(tries: Sequence[Act], now: Millis) -> bool:
    """Whether one has no outcome, and had time enough for it."""
    return any(act.state in ("asked", "begun") and now - (act.begun_at or act.at) > LATE for act in tries)


def _now() -> Millis:
    return time.time_ns() // 1_000_000
