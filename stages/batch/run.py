"""The engine of a batch: items in as a stream; each is described, drawn, finished, all overlapping.

It knows nothing of prompts or pictures: what is done in each stage is the Work's.

    counts = Engine(work, Pools(describing=4, drawing=16, finishing=2)).run(iter(items))
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from threading import Thread
from time import monotonic
from typing import Generic, Protocol, TypeVar

from imagine.stages.batch.bell import Bell
from imagine.stages.batch.ending import Counts
from imagine.stages.batch.flow import LOOK, Flow
from imagine.stages.errors import ImagineError

__all__ = ["Counts", "Engine", "Pools", "Work"]

Item_contra = TypeVar("Item_contra", contravariant=True)
Item = TypeVar("Item")
Task = TypeVar("Task")
Drawn = TypeVar("Drawn")

# Seconds that work in flight may take after SIGTERM or SIGHUP: who sends these may kill later.
GRACE = 10.0


@dataclass(frozen=True, slots=True)
class Pools:
    """How many threads each stage may have at most, from 1.

    Attributes:
        describing: threads that describe.
        drawing: threads that draw.
        finishing: threads that finish what `Work.is_cheap` says no to.
        together: tasks that one drawing thread takes at once, for backends that draw several
            pictures in one go.
    """

    describing: int
    drawing: int
    finishing: int
    together: int = 1


class Work(Protocol[Item_contra, Task, Drawn]):
    """What a batch does with its items. Every method may be called from several threads at once.

    An ImagineError ends the task or item that it is raised for, one of `halting` the whole batch.
    """

    halting: tuple[type[ImagineError], ...]
    """After such an error no other item would fare better; its item stays as if never begun.

    One that is `of_row` ends its own item alone, unless too many of them come in a row.
    """

    def describe(self, item: Item_contra) -> Sequence[Task]:
        """The pictures that are still to be drawn of an item; none when all of them are there."""
        ...

    def alike(self, task: Task) -> Hashable:
        """Tasks of equal values may be drawn together; asked where `Pools.together` is over 1."""
        ...

    def draw(self, tasks: Sequence[Task]) -> Sequence[Drawn | ImagineError]:
        """One result for each task."""
        ...

    def is_cheap(self, drawn: Drawn) -> bool:
        """Whether finishing takes so little that the thread that drew may do it itself."""
        ...

    def finish(self, task: Task, drawn: Drawn) -> None: ...

    def conclude(self, item: Item_contra, errors: Sequence[ImagineError]) -> None:
        """All tasks of an item ended, or describing it failed; without errors it is done."""
        ...


def _ignore(counts: Counts) -> None:
    """For who does not watch."""


class Engine(Generic[Item, Task, Drawn]):
    """Runs one batch, once.

    Its threads are daemons and are there when they are needed: `Pools` of them at most, beside
    one for `tick`. What waits between the stages is bounded, so that memory does not grow with the
    number of items: items are described ahead as far as drawing needs it, and pictures that are
    costly to finish wait for it two deep.
    """

    def __init__(
        self,
        work: Work[Item, Task, Drawn],
        pools: Pools,
        *,
        tick: Callable[[Counts], None] = _ignore,
        interval: float = 0.1,
        on_stop: Callable[[Counts], None] = _ignore,
        max_failures: int = 10,
    ) -> None:
        """
        Args:
            tick: takes the counts every `interval` seconds, and once more at the end. It is called
                in a thread of its own, never twice at a time, so that it goes on while the items
                are waited for, and so that no Ctrl-C interrupts it.
            on_stop: called once, in the same thread, when nothing new is begun any more, whatever
                the reason; the place to close the gates at which requests wait.
            max_failures: ProviderErrors and LocalBackendErrors of one stage in a row, in what
                began after the first of them, that stop the batch.
        """
        self._flow = Flow(work, pools, max_failures=max_failures)
        self._tick = tick
        self._interval = interval
        self._on_stop = on_stop
        self._bell = Bell()
        self._is_over = False

    @property
    def stopping(self) -> bool:
        """Whether nothing new is begun any more.

        An iterator of items that waits for somebody's typing looks here from time to time and
        ends: `run` cannot return while it waits for an item.
        """
        return self._flow.stopping

    def stop(self) -> None:
        """Begin nothing new; `run` returns when what is in flight is finished.

        It may be called from any thread or signal handler.
        """
        self._flow.stop()
        self._bell.ring()

    def run(self, items: Iterator[Item]) -> Counts:
        """Take all items through all stages, in the order in which they come.

        An exception of a signal that is raised in this thread (KeyboardInterrupt, SystemExit) stops
        it: what is in flight is finished, after a SystemExit for GRACE seconds at most, and the
        exception is raised at the end. A second one is raised at once and leaves the threads alone.

        Args:
            items: asked for the next one in this thread, when there is room for it.

        Raises:
            ImagineError: one of `Work.halting`; or a ProviderError after too many in a row.
            Exception: what `items`, `tick`, `on_stop` or `Work.conclude` raised.
        """
        watching = Thread(target=self._watch, name="imagine-watch", daemon=True)
        try:
            watching.start()
            self._flow.start()
            deadline = inf
            try:
                self._feed(items)
                self._flow.drain(deadline=deadline)
            except (KeyboardInterrupt, SystemExit) as error:
                self.halt(error)
                if isinstance(error, SystemExit):
                    deadline = monotonic() + GRACE
                self._flow.drain(deadline=deadline)
            self._end(watching, deadline=deadline)
        finally:
            self._is_over = True
            self._flow.close()
        if self._flow.reason is not None:
            raise self._flow.reason
        return self._counts()

    def _feed(self, items: Iterator[Item]) -> None:
        while self._flow.has_room():
            try:
                item = next(items)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001  # raised again at the end of run()
                self.halt(error)
                break
            self._flow.put(item)
        self._flow.end_input()

    def halt(self, reason: BaseException) -> None:
        """As `stop`, and `run` raises `reason` at the end, if it is the first one."""
        self._flow.halt(reason)
        self._bell.ring()

    def _end(self, watching: Thread, *, deadline: float) -> None:
        """Have the counts told a last time."""
        self._is_over = True
        self._bell.ring()
        # In short steps, since a lock that is waited for may not be interrupted by Ctrl-C.
        while watching.is_alive() and monotonic() < deadline:
            watching.join(LOOK)

    def _watch(self) -> None:
        try:
            told = False
            is_last = False
            while not is_last:
                is_last = self._is_over
                if self._flow.stopping and not told:
                    told = True
                    self._on_stop(self._counts())
                self._tick(self._counts())
                if not is_last:
                    self._bell.wait(self._interval)
        except BaseException as error:  # noqa: BLE001  # raised again at the end of run()
            self.halt(error)

    def _counts(self) -> Counts:
        return replace(self._flow.tally)
