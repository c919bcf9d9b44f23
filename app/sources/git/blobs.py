"""Contents of files at commits, from one Git that is asked for group after group: to start one takes 5 ms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final, NamedTuple

from ...git import LONGEST_QUESTION, GitError
from .calls import Repository
from .objects import NOT_THERE, Answer, Answers


class Blob(NamedTuple):
    """`sha` is "" where there is none; `raw` is None there, and of what is too large."""

    sha: str = ""
    raw: bytes | None = None


NOTHING: Final = Blob()


class Blobs:
    """Reads blobs of at most `largest` bytes by names such as `<sha>:<path>`; to be closed."""

    def __init__(self, repository: Repository, largest: int) -> None:
        self._repository = repository
        self._largest = largest
        self._stack = ExitStack()
        self._answers: Answers | None = None

    def read(self, names: Sequence[bytes]) -> Iterator[Blob]:
        """A blob a name, in their order. A name holds no line break. Raises GitError.

        To be read to its end before more is asked; one that is left early is closed with the rest.
        """
        left = list(names)
        while left:
            question = _question(left)
            answers = self._asked(question)
            left = left[len(question) :]
            for number in range(len(question)):
                answer, blob = self._taken(answers)
                yield blob
                if answer.size > self._largest:
                    self.close()  # its content is not read: what was asked behind it is asked anew
                    left = [*question[number + 1 :], *left]
                    break

    def _taken(self, answers: Answers) -> tuple[Answer, Blob]:
        try:
            answer = answers.next() or NOT_THERE
            return answer, self._blob(answers, answer)
        except GitError:
            self.close()  # one that has ended answers nothing, which would say that nothing is there
            raise

    def _blob(self, answers: Answers, answer: Answer) -> Blob:
        if answer is NOT_THERE or answer.size > self._largest:
            return Blob(answer.sha) if answer.kind == "blob" else NOTHING
        raw = answers.content(answer)
        return Blob(answer.sha, raw) if answer.kind == "blob" else NOTHING

    def _asked(self, question: Sequence[bytes]) -> Answers:
        if self._answers is None:
            self._process = self._stack.enter_context(self._repository.asked("cat-file", "--batch"))
            self._answers = Answers(iter(self._process))
        self._process.ask(b"".join(name + b"\n" for name in question))
        return self._answers

    def close(self) -> None:
        """End Git; the next read starts another."""
        self._stack.close()
        self._answers = None


def _question(names: Sequence[bytes]) -> Sequence[bytes]:
    """The first names, as many as fit into one question; at least one."""
    size = 0
    for number, name in enumerate(names):
        size += len(name) + 1
        if size > LONGEST_QUESTION and number:
            return names[:number]
    return names
