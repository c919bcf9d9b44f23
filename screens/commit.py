"""One commit: what it changed, which data and configuration it brought, what ran on it and what was made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..app.copies import Copy
from ..app.records import Change, Commit, Millis, Run, Subject
from ..app.store.reading import Reader
from ..app.text import cells, clip, fit, one_line
from ..widgets.figures import age, count, moment
from ..widgets.line import Piece
from ..widgets.status import glyph
from .commit_facts import CommitFacts, commit_facts
from .deck import Deck
from .page import PageScreen
from .page_lines import draw_thing, telling, thing_lines
from .page_rows import Part, Row, outline
from .patch import PatchScreen, want_patch
from .patch_lines import patch_pieces
from .run_details import Lines, Sight, code_facts, commit_said, wrap
from .subjects import named

PATHS = 400
"""Paths that are named."""

FRAME = 8
"""Lines of the terminal that the detail has not."""

MESSAGE = 60
"""Lines of its message that are shown."""


class CommitScreen(PageScreen[CommitFacts]):
    """The page of the commit with this sha, or the only one that begins so."""

    TAB = "lineage"

    def __init__(self, deck: Deck, sha: str, run: Run | None = None) -> None:
        """`run`: from which one came here: what it says of its code is said first."""
        super().__init__(deck)
        self.sha, self.run_before = sha, run
        self._asked: set[str] = set()

    def reading(self) -> Callable[[Reader], CommitFacts | None]:
        """What reads the facts."""
        sha = self.sha
        return lambda reader: commit_facts(reader, sha)

    def named(self) -> tuple[str, str]:
        """The commit, by the beginning of its sha."""
        return "commit", (self.facts.sha if self.facts is not None else self.sha)[:10]

    def rows(self, facts: CommitFacts, width: int) -> list[Row]:
        """Every line."""
        parts = commit_parts(facts, width, self.deck.now())
        run = self.run_before
        first = [] if run is None else [
            Part(title=f"as {clip(run.name or 'the run', 30)} ran it", note=" ",
                 rows=[Row("code", name, text) for name, text in code_facts(run)])
        ]  # fmt: skip
        return outline([*first, *parts], self.needle)

    def draw_row(self, row: Row, facts: CommitFacts, width: int) -> list[Piece]:
        """A line; of its message as it is."""
        if row.kind == "message":
            return [(clip(row.note, max(8, width - 1)), "text")]
        return draw_thing(row, width, self.deck.now())

    def head(self, facts: CommitFacts) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """Its message's first line, who and when."""
        return commit_head(facts, self.sight(self.room.width))

    def details(self, row: Row, facts: CommitFacts, sight: Sight) -> Lines:
        """What is known of a row."""
        if row.kind == "message":
            return commit_said(facts.sha, facts.commit, [], sight)
        if facts.commit is not None and isinstance(row.thing, Change):
            return self._patched(facts.commit, row.thing, thing_lines(row, sight), sight)
        return thing_lines(row, sight)

    def _patched(self, commit: Commit, change: Change, known: Lines, sight: Sight) -> Lines:
        """With what changed in the file, which is asked for when the cursor rests on it."""
        patch = self.deck.reader.patch(commit.source, commit.sha, change.path)
        if patch is not None:
            return [*known, [], *patch_pieces(patch, sight.width, max(3, self.room.height - len(known) - FRAME))]
        if change.path not in self._asked:
            self._asked.add(change.path)
            self.deck.ask(want_patch(commit, change))
        return [*known, [], [(" asked for …", "dim")]]

    def action_open(self) -> None:
        """Of a file what changed in it; of anything else as every page does."""
        row, commit = self.outline.entry(), self.facts.commit if self.facts is not None else None
        if row is not None and commit is not None and isinstance(row.thing, Change):
            self.app.push_screen(PatchScreen(self.deck, commit, row.thing))
        else:
            super().action_open()

    def time_passed(self) -> None:
        """Write the ages anew, and ask again for what nobody has answered: the syncer may have started just now."""
        self._asked.clear()
        super().time_passed()

    def action_sync_now(self) -> None:
        """Ask for a pass now, and again for what never came."""
        self._asked.clear()
        super().action_sync_now()

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own, else the commit."""
        return super().subject_here() or named("commit", self.facts.sha if self.facts is not None else self.sha)

    def leads_to(self, subject: Subject) -> bool:
        """A commit leads to others, not to itself."""
        return subject.kind != "commit" or (self.facts is not None and subject.parts[0] != self.facts.sha)

    def copies(self) -> Sequence[Copy]:
        """What is under the cursor first, then the commit."""
        if self.facts is None:
            return []
        sha, commit = self.facts.sha, self.facts.commit
        own = [
            Copy("sha", sha),
            Copy("subject", str(named("commit", sha))),
            Copy("git", f"git show {sha}"),
            Copy("command", f"quarterdeck lineage {named('commit', sha)}"),
        ]
        message = [Copy("message", f"{commit.subject}\n\n{commit.body}".strip())] if commit is not None else []
        return [*super().copies(), *own, *message]


def commit_head(facts: CommitFacts, sight: Sight) -> tuple[list[Piece], list[Piece]]:
    """`relax null check   bo  9 h`, and on the right the time."""
    commit = facts.commit
    if commit is None:
        return [(f" {glyph('unknown')} not on a branch that is watched", "dim")], []
    when = f"{moment(commit.committed_at, sight.now, sight.zone)} ({age(commit.committed_at, sight.now)}) "
    about = f"   {clip(commit.author, 24)}"
    room = max(8, sight.width - cells(when) - cells(about) - 3)
    return [(f" {fit(one_line(commit.subject), room)}", "bright"), (about, "dim")], [(when, "dim")]


def _message(commit: Commit | None, width: int) -> list[str]:
    """What the head does not say of it: the body, and before it a first line that is too long for the head."""
    if commit is None:
        return []
    is_long = cells(one_line(commit.subject)) > width // 2
    text = f"{commit.subject}\n\n{commit.body}" if is_long else commit.body
    return [part for line in text.strip().splitlines() for part in wrap(one_line(line), width - 6) or [""]]


def commit_parts(facts: CommitFacts, width: int, now: Millis) -> Iterator[Part]:
    """What there is to say of a commit, part by part: what it brought first, then what came of it."""
    commit = facts.commit
    brought = [Row("data", f"{one.name}@{one.digest}", one, note=facts.before.get(one.name, "")) for one in facts.data]
    yield Part(title="data", rows=brought, note="its own versions" if brought else "")
    values = [Row("param", change.name, f"{change.before or 'none'} → {change.after or 'none'}")
              for change in facts.params]  # fmt: skip
    changed = [*values, *(Row("path", change.path, change) for change in facts.configuration[:PATHS])]
    yield Part(title="configuration", rows=changed)
    others = [Row("path", change.path, change) for change in facts.others[:PATHS]]
    more = f"and {count(len(facts.others) - PATHS)} more" if len(facts.others) > PATHS else ""
    none = "it touched no file" if commit is not None and not commit.changes else ""
    yield Part(title="files", rows=others, more=more, empty=none)
    if said := _message(commit, width):
        rows = [Row("remark", f"message {at}", note=line) for at, line in enumerate(said[1:MESSAGE])]
        yield Part(title="message", rows=[Row("message", "message", note=said[0]), *rows], note=" ")
    listed, left = telling(facts.checks, lambda one: one, now)
    left += facts.more_checks
    more = f"and {count(left)} more, none worse: 4 lists them all" if left else ""
    number = len(facts.checks) + facts.more_checks
    yield Part(title="checks", rows=[Row("check", one.id, one) for one in listed], more=more,
               note=count(number) if number > 1 else "")  # fmt: skip
    ran = [Row("pipeline", f"{one.source} {one.id}", one) for one in facts.pipelines]
    yield Part(title="ci", rows=ran, empty=f"{glyph('missing')} no pipeline ran on it, as far as is known here")
    runs = [Row("run", one.id, one) for one in facts.runs]
    more = f"and more: /git_commit:{facts.sha[:10]} lists them among the runs" if facts.more_runs else ""
    yield Part(title="runs", rows=runs, more=more, empty=f"{glyph('missing')} no run names it")
