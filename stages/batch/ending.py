"""How tasks and items of a batch end: results and errors go in, conclusions come out."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from imagine.stages.batch.streak import Streak
from imagine.stages.errors import ImagineError, LocalBackendError, ProviderError, StoppedError

if TYPE_CHECKING:
    from imagine.stages.batch.run import Work

Item = TypeVar("Item")
Task = TypeVar("Task")


@dataclass(slots=True)
class Entry(Generic[Item]):
    """An item on its way.

    Attributes:
        left: its tasks that have not ended; one that was dropped never ends.
        errors: of its tasks, by their numbers.
    """

    item: Item
    left: int = 0
    errors: dict[int, ImagineError] = field(default_factory=dict)


@dataclass(slots=True)
class Job(Generic[Item, Task]):
    """A task on its way.

    Attributes:
        number: within its item, from 0.
        kind: jobs of the same kind may be drawn together.
    """

    entry: Entry[Item]
    number: int
    task: Task
    kind: Hashable


@dataclass(slots=True)
class Counts:
    """Where the items and pictures of a running batch are; whoever is told gets a copy.

    Attributes:
        done, failed: items that ended.
        describing: items being described.
        waiting: pictures described and not yet being drawn.
        drawing: pictures being drawn.
        finishing: pictures being finished.
        pictures: that are finished.
    """

    done: int = 0
    failed: int = 0
    describing: int = 0
    waiting: int = 0
    drawing: int = 0
    finishing: int = 0
    pictures: int = 0


class Endings(Generic[Item]):
    """Sees that every item is concluded once, and halts the batch where that is of no use."""

    def __init__(
        self,
        work: "Work[Item, Any, Any]",
        tally: Counts,
        lock: Lock,
        *,
        halt: Callable[[BaseException], None],
    ) -> None:
        """
        Args:
            lock: that of `tally`; nobody calls with it taken.
            halt: takes the reason; called without the lock.
        """
        self._work = work
        self._tally = tally
        self._lock = lock
        self._halt = halt

    def end(self, job: Job[Item, Any], error: ImagineError | None) -> None:
        """A task ended; with the last one of its item, so does the item."""
        if error is not None and self._is_dropped(error):
            return
        entry = job.entry
        with self._lock:
            if error is not None:
                entry.errors[job.number] = error
            entry.left -= 1
            is_last = entry.left == 0
        if is_last:
            self.conclude(entry)

    def fail(self, entry: Entry[Item], error: ImagineError) -> None:
        """An item ended before it had tasks."""
        if not self._is_dropped(error):
            entry.errors[0] = error
            self.conclude(entry)

    def _is_dropped(self, error: ImagineError) -> bool:
        """Whether the item stays as if never begun."""
        if isinstance(error, self._work.halting) and not error.of_row:
            self._halt(error)
            return True
        return isinstance(error, StoppedError)

    def conclude(self, entry: Entry[Item]) -> None:
        """An item ended; its errors go in the order of its tasks."""
        errors = [entry.errors[number] for number in sorted(entry.errors)]
        try:
            self._work.conclude(entry.item, errors)
        except BaseException as error:  # noqa: BLE001  # raised again by run()
            # An end that cannot be written down would be paid for once more.
            self._halt(error)
            return
        with self._lock:
            if errors:
                self._tally.failed += 1
            else:
                self._tally.done += 1

    def weigh(self, streak: Streak, ticket: int, error: ImagineError | None) -> None:
        """Halt the batch after too many failures of a service in a row."""
        if streak.end(ticket, error):
            told = str(error).rstrip(".")
            kind = LocalBackendError if isinstance(error, LocalBackendError) else ProviderError
            reason = kind(
                f"{streak.length} {streak.name} in a row failed, the last with: {told}; nothing "
                "more was begun, so run the same command again to go on."
            )
            reason.__cause__ = error
            self._halt(reason)


def told_error(error: BaseException) -> ImagineError:
    """An error as it can be recorded for an item; a fault of the program has it as its cause."""
    if isinstance(error, ImagineError):
        return error
    text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    fault = ImagineError(
        f"This is a fault of imagine itself ({text}); run it with -v and report what it says."
    )
    fault.__cause__ = error
    return fault
