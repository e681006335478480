"""Many questions at once: who asks while others are being answered waits for the next batch."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class _Asked(Generic[Q, A]):
    """One question, and how it went; `until_answered` is held until then."""

    __slots__ = ("answer", "error", "question", "until_answered")

    def __init__(self, question: Q) -> None:
        """Begin unanswered."""
        self.question = question
        self.answer: A
        self.error: BaseException | None = None
        self.until_answered = threading.Lock()
        self.until_answered.acquire()


class Batches(Generic[Q, A]):
    """Asks the database for many what it would be asked for each.

    answer : gets at most `most` questions, and returns as many answers in their order.
    """

    def __init__(self, answer: Callable[[Sequence[Q]], Sequence[A]], most: int) -> None:
        """Begin with none waiting."""
        self._answer, self._most = answer, most
        self._waiting: list[_Asked[Q, A]] = []
        self._turn = threading.Lock()
        self._is_running = False

    @property
    def waiting(self) -> int:
        """Return how many wait for the next batch."""
        return len(self._waiting)

    def ask(self, question: Q) -> A:
        """Wait for the answer; raises whatever answering its batch raised."""
        asked: _Asked[Q, A] = _Asked(question)
        with self._turn:
            self._waiting.append(asked)
            is_first, self._is_running = not self._is_running, True
        if is_first:
            threading.Thread(target=self._run, name="batches", daemon=True).start()
        asked.until_answered.acquire()
        if asked.error is not None:
            raise asked.error
        return asked.answer

    def _run(self) -> None:
        while True:
            with self._turn:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                if not batch:
                    self._is_running = False
                    return
            try:
                answers = self._answer([it.question for it in batch])
                for asked, answer in zip(batch, answers, strict=True):
                    asked.answer = answer
            except BaseException as error:  # noqa: BLE001 - those who asked are to have it
                for asked in batch:
                    asked.error = error
            for asked in batch:
                asked.until_answered.release()
