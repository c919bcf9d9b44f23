"""`quarterdeck note` and `ack`: say something on a thing, or that one has it; written down at once, then shared."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import click

from ..acts.notes import SharingOutcome
from ..channel import ask
from ..errors import QuarterdeckError, UsageError
from ..noting import acknowledgement, make, share_now
from ..records import Attention, Note, Subject, parse_subject
from ..settings import Settings
from ..store.notes import all_notes
from ..store.reading import Reader
from ..store.state import State
from ..text import clip, shown
from ..triage import kept_sight, look, outlook
from .boundary import say
from .naming import meant
from .open import CAN_BE_NAMED, whole
from .options import Options
from .place import cache_of, settings_of, state_of, synced
from .printing import Head, iso, print_json, print_object, print_table

HEADS = (Head("at"), Head("kind"), Head("who"), Head("subject"), Head("text"), Head("where"))

_as_json = click.option(
    "--json", "as_json", is_flag=True, help="What was written as a JSON object; of a list an array."
)


@click.command("note", short_help="Write something on a thing, for the team.")
@click.argument("subject", required=False)
@click.argument("text", required=False)
@click.option("--list", "listing", is_flag=True, help="List what was written, on SUBJECT or on everything.")
@click.option("--push", is_flag=True, help="Share what is here only, and write nothing.")
@_as_json
@click.pass_obj
def note_command(
    options: Options, subject: str | None, text: str | None, listing: bool, push: bool, as_json: bool
) -> int:
    """Write TEXT on SUBJECT, and share it with the team through the notes of its Git remote.

    \b
      quarterdeck note run/4f2c91ab7d "trained without the stores of the north"
      quarterdeck note model/churn/14 "precision falls since Tuesday, see the data"
      quarterdeck note --list run/4f2c91ab7d
      quarterdeck note --push

    It is written down here first: without a network, and with --read-only, it stays here only and is shared with the
    next chance. On runs and versions it is a tag in MLflow too, where that can be written.
    """
    if listing and push:
        raise UsageError("--list and --push do not go together.")
    if push:
        if subject is not None:
            raise UsageError("--push shares what is here only, and writes nothing: leave SUBJECT and TEXT away.")
        return _push(options, as_json)
    if listing:
        if text is not None:
            raise UsageError("--list writes nothing: leave TEXT away.")
        return _list(options, subject, as_json)
    if subject is None or text is None:
        raise UsageError("Say on what, and what: quarterdeck note SUBJECT TEXT.")
    settings = settings_of(options)
    with state_of(settings) as state:
        note = make(settings, "note", str(_known(options, settings, state, subject)), text)
        return _keep(options, settings, state, note, as_json)


@click.command("ack", short_help="Say that you have what needs attention.")
@click.argument("subject")
@click.argument("text", default="")
@click.option("--undo", is_flag=True, help="Say that nobody has it any more.")
@_as_json
@click.pass_obj
def ack_command(options: Options, subject: str, text: str, undo: bool, as_json: bool) -> int:
    """Say that you have what needs attention on SUBJECT. It is quiet until it stands otherwise, for everybody.

    \b
      quarterdeck ack attention/3f9ac0d27b1e5a44 "looking at the data of Tuesday"
      quarterdeck ack 3f9a                       the same, as long as nothing else begins so
      quarterdeck ack alias/churn@champion       what needs attention there
      quarterdeck ack 3f9a --undo                nobody has it any more

    `quarterdeck triage` lists what needs attention. It is shared as notes are; with --read-only it stays here only.
    """
    settings = settings_of(options)
    with state_of(settings) as state:
        found = attention_of(options, settings, state, subject)
        note = acknowledgement(settings, found, text, kind="unack" if undo else "ack")
        return _keep(options, settings, state, note, as_json)


def keep(options: Options, settings: Settings, state: State, note: Note) -> tuple[bool, str]:
    """Write it down and share it; gives whether others have it now, and why not where not. Raises StoreError."""
    state.write_note(note)
    outcomes, sentence = share_now(
        settings, state, cache_of(options, settings), note, read_only=options.read_only
    )  # fmt: skip
    _refresh(options, settings, outcomes)
    shared = next((one for one in outcomes if isinstance(one, SharingOutcome)), None)
    for other in outcomes:
        if other is not shared and other.state != "done":
            say(f"As a tag: {other.sentence}")
    is_shared = all(one.id != note.id for one in state.unshared_notes())
    return is_shared, "" if is_shared else sentence or (shared.sentence if shared is not None else "")


def _keep(options: Options, settings: Settings, state: State, note: Note, as_json: bool) -> int:
    is_shared, sentence = keep(options, settings, state, note)
    if as_json:
        print_object(note_json(note, is_shared=is_shared) | {"sentence": sentence or None})
    said = {"ack": f"You have {clip(note.about, 80)}", "unack": f"Nobody has {clip(note.about, 80)} any more"}
    told = said.get(note.kind, f"Noted on {shown(note.subject)}")
    say(f"{told}: shared with the team." if is_shared else f"{told}, only here. {sentence}")
    return 0


def _push(options: Options, as_json: bool) -> int:
    settings = settings_of(options)
    with state_of(settings) as state:
        waiting = state.unshared_notes()
        outcomes, sentence = share_now(settings, state, cache_of(options, settings), read_only=options.read_only)
        left = state.unshared_notes()
    _refresh(options, settings, outcomes)
    shared = next((one for one in outcomes if isinstance(one, SharingOutcome)), None)
    sentence = sentence or (shared.sentence if shared is not None else "Nothing is here only.")
    if as_json:
        print_object({"shared": len(waiting) - len(left), "left": len(left), "sentence": sentence})
    say(sentence)
    if not left:
        return 0
    if shared is None:
        return 4 if options.read_only else 1
    return 4 if shared.is_refused else 3


def _refresh(options: Options, settings: Settings, outcomes: Sequence[Any]) -> None:
    """Ask a syncer that runs to read what was shared; where none does, what is here is known all the same."""
    from ..actions import wants

    for want in wants(outcomes):
        ask(cache_of(options, settings), want)


# -- what is meant ------------------------------------------------------------------------------------------------


def _known(options: Options, settings: Settings, state: State, written: str) -> Subject:
    """The thing by its whole id; one that the cache does not know yet is taken at its word, and that is said."""
    if not cache_of(options, settings).exists():
        return meant(written, _attentions(None, state), None, settings)
    with synced(options, settings) as reader:
        thing = meant(written, _attentions(reader, state), reader, settings)
        if thing.kind not in CAN_BE_NAMED:
            return thing
        found = None if reader is None else whole(reader, thing, settings)
        if found is None and reader is not None:
            say(f"There is no {shown(str(thing))} in the cache yet: written on it all the same.")
    return found or thing


def _attentions(reader: Reader | None, state: State) -> list[str]:
    """Ids of what needs attention, as a syncer saw it last, and of what did when somebody wrote on it."""
    kept = kept_sight(state)
    seen = [] if kept is None else [one.id for one in kept[1].attentions]
    noted = [note.subject.partition("/") for note in all_notes(reader, state)]
    return [*seen, *(rest for kind, _, rest in noted if kind == "attention")]


def attention_of(options: Options, settings: Settings, state: State, written: str) -> Attention:
    """What needs attention, by its id, the beginning of that, or what it is on. Raises QuarterdeckError, UsageError."""
    kind, _, rest = written.partition("/")
    beginning = rest if kind == "attention" else written
    for attentions in _sights(options, settings, state):
        by_id = [one for one in attentions if beginning and one.id.startswith(beginning)]
        found = by_id or [one for one in attentions if _is_on(one, written)]
        if len(found) > 1 and not by_id:
            found = [one for one in found if one.subject == written] or found
        if len(found) == 1:
            return found[0]
        if found:
            some = ", ".join(f"attention/{one.id} ({clip(one.title, 40)})" for one in found[:5])
            raise UsageError(f"Several things need attention there: {some}. Name one of them.")
    raise QuarterdeckError(f"Nothing needs attention as {shown(written)}: `quarterdeck triage` lists what does.")


def _sights(options: Options, settings: Settings, state: State) -> Iterator[Sequence[Attention]]:
    """What the syncer saw last, then what is seen now."""
    kept = kept_sight(state)
    if kept is not None:
        yield kept[1].attentions
    with synced(options, settings) as reader:
        if reader is not None:
            yield look(reader, state, outlook(settings), now=time.time_ns() // 1_000_000).attentions


def _is_on(one: Attention, written: str) -> bool:
    try:
        asked = str(parse_subject(written))
    except UsageError:
        return False
    return asked in (one.subject, *(signal.subject for signal in one.signals))


# -- what was written ---------------------------------------------------------------------------------------------


def note_json(note: Note, *, is_shared: bool) -> dict[str, Any]:
    """A note as scripts get it; strings are exact."""
    return {
        "id": note.id, "at": iso(note.at), "kind": note.kind, "subject": note.subject, "text": note.text,
        "author": note.author, "email": note.email, "about": note.about or None, "shared": is_shared,
    }  # fmt: skip


def _list(options: Options, written: str | None, as_json: bool) -> int:
    settings = settings_of(options)
    with state_of(settings) as state, synced(options, settings) as reader:
        thing = None if written is None else meant(written, _attentions(reader, state), reader, settings)
        if thing is not None and reader is not None and thing.kind in CAN_BE_NAMED:
            thing = whole(reader, thing, settings) or thing
        notes = [note for note in _all(reader, state) if thing is None or note.subject == str(thing)]
    if as_json:
        print_json(note_json(note, is_shared=not note.is_here_only) for note in notes)
    else:
        print_table(HEADS, (_row(note) for note in notes))
    return 0


def _all(reader: Reader | None, state: State) -> list[Note]:
    unshared = {note.id for note in state.unshared_notes()}
    # what was shared a moment ago is shared, whether it was fetched back or not
    return [_marked(note, note.id in unshared) for note in all_notes(reader, state)]


def _marked(note: Note, is_here_only: bool) -> Note:
    from msgspec.structs import replace

    return replace(note, is_here_only=is_here_only)


def _row(note: Note) -> list[str]:
    text = " ".join(note.text.split()) if note.kind != "handover" else "(see `quarterdeck note --list --json`)"
    where = "only here" if note.is_here_only else "shared"
    return [iso(note.at) or "", note.kind, note.author, note.subject, text or note.about, where]
