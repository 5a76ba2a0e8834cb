"""Items on their way through a batch: what waits between the stages, and what each thread does."""

from collections import deque
from collections.abc import Sequence
from queue import SimpleQueue
from threading import Condition, Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from imagine.stages.batch.bell import Bell
from imagine.stages.batch.crew import Crew
from imagine.stages.batch.ending import Counts, Endings, Entry, Job, told_error
from imagine.stages.batch.streak import Streak
from imagine.stages.batch.waiting import Waiting
from imagine.stages.errors import ImagineError

if TYPE_CHECKING:
    from imagine.stages.batch.run import Pools, Work

Item = TypeVar("Item")
Task = TypeVar("Task")
Drawn = TypeVar("Drawn")

# Pictures described ahead, beyond those that would keep every thread busy.
SPARE = 4
# Seconds that a thread which draws several pictures at once waits for more of them at most: a
# fraction of what drawing takes.
LINGER = 0.1
# Seconds between two looks of the feeding thread: some systems let no signal through before.
LOOK = 0.1


class Flow(Generic[Item, Task, Drawn]):
    """The stages of one batch and what waits between them.

    Attributes:
        tally: where everything is now.
        stopping: nothing new is begun any more.
        reason: why, where it is an error; the first one.
    """

    def __init__(
        self, work: "Work[Item, Task, Drawn]", pools: "Pools", *, max_failures: int
    ) -> None:
        self.tally = Counts()
        self.stopping = False
        self.reason: BaseException | None = None
        self._work = work
        self._together = pools.together
        self._ahead = max(pools.drawing * pools.together, pools.describing) + SPARE
        self._shelf = max(pools.finishing, pools.together)
        self._most_put = pools.describing + 16

        self._bell = Bell()
        self._listening = False
        self._inbox: SimpleQueue[Entry[Item] | None] = SimpleQueue()
        self._put = self._taken = 0
        self._input_ended = False

        # One lock for all that follows and the tally.
        self._lock = Lock()
        self._closed = False
        self._waiting: Waiting[Item, Task] = Waiting(together=pools.together)
        self._finishable: deque[tuple[Job[Item, Task], Drawn]] = deque()
        self._room_ahead = Condition(self._lock)
        self._described = Condition(self._lock)
        self._room_on_shelf = Condition(self._lock)
        self._drawn = Condition(self._lock)

        self._endings = Endings(work, self.tally, self._lock, halt=self.halt)
        self._descriptions = Streak("descriptions", max_failures)
        self._pictures = Streak("pictures", max_failures)
        self._crews: tuple[Crew[Any], ...] = (
            Crew("describe", pools.describing, take=self._next_entry, work=self._describe),
            Crew("draw", pools.drawing, take=self._next_jobs, work=self._draw),
            Crew("finish", pools.finishing, take=self._next_drawn, work=self._finish_handed),
        )

    # For the thread that feeds it, often the main thread, where Ctrl-C raises an exception at any
    # point. Hence nothing but the bell, a queue and a plain lock, none of which is left half taken.

    def start(self) -> None:
        """Begin to take items.

        Raises:
            RuntimeError: the system gives no threads.
        """
        for crew in self._crews:
            crew.start()

    def has_room(self) -> bool:
        """Wait until an item may be put; False when none is taken any more."""
        while not self.stopping:
            if self._inbox.qsize() < self._most_put:
                return True
            self._listening = True
            if self._inbox.qsize() >= self._most_put:
                self._bell.wait(LOOK)
        return False

    def put(self, item: Item) -> None:
        """One more item; it waits for its turn."""
        self._put += 1
        self._inbox.put(Entry(item))

    def end_input(self) -> None:
        """No item will be put any more."""
        self._input_ended = True

    def drain(self, *, deadline: float) -> bool:
        """Wait until nothing is under way; False when `monotonic()` came to `deadline` before."""
        while True:
            self._listening = True
            with self._lock:
                if self.stopping:
                    self._waiting.clear()
                    self.tally.waiting = 0
                if self._is_over():
                    return True
            seconds = min(LOOK, deadline - monotonic())
            if seconds <= 0:
                return False
            self._bell.wait(seconds)

    def close(self) -> None:
        """End the threads; one that is at something goes on until that is finished."""
        self.stopping = True
        with self._lock:
            self._closed = True
            self._room_ahead.notify_all()
            self._described.notify_all()
            self._room_on_shelf.notify_all()
            self._drawn.notify_all()
        self._inbox.put(None)

    # For every thread.

    def stop(self) -> None:
        """Begin nothing new. It takes no lock, so that a signal handler may call it."""
        self.stopping = True
        self._bell.ring()

    def halt(self, reason: BaseException) -> None:
        """Stop because of an error."""
        with self._lock:
            if self.reason is None:
                self.reason = reason
        self.stop()

    def _is_over(self) -> bool:
        now = self.tally
        if now.describing or now.drawing or now.finishing:
            return False
        ended = self._input_ended and self._put == self._taken and not now.waiting
        return self.stopping or ended

    def _end_a_step(self) -> None:
        """Wake the feeding thread when this was the last step of all."""
        if self._listening and self._is_over():
            self._tell()

    def _tell(self) -> None:
        self._listening = False
        self._bell.ring()

    # Describing.

    def _next_entry(self) -> Entry[Item] | None:
        while True:
            entry = self._inbox.get()
            if entry is None:
                self._inbox.put(None)
                return None
            if self._listening and 2 * self._inbox.qsize() <= self._most_put:
                self._tell()
            with self._lock:
                while self._is_far_ahead() and not self.stopping:
                    self._room_ahead.wait()
                self._taken += 1
                if not self.stopping:
                    self.tally.describing += 1
                    return entry

    def _is_far_ahead(self) -> bool:
        return self.tally.waiting + self.tally.describing >= self._ahead

    def _describe(self, entry: Entry[Item]) -> None:
        jobs = self._jobs_of(entry)
        with self._lock:
            self.tally.describing -= 1
            if not self.stopping:
                self._waiting.extend(jobs)
                self.tally.waiting += len(jobs)
            self._described.notify()
            if not self._is_far_ahead():
                self._room_ahead.notify()
            self._end_a_step()

    def _jobs_of(self, entry: Entry[Item]) -> list[Job[Item, Task]]:
        ticket = self._descriptions.begin()
        try:
            tasks = self._work.describe(entry.item)
            jobs = [
                Job(entry, number, task, self._work.alike(task) if self._together > 1 else None)
                for number, task in enumerate(tasks)
            ]
        except BaseException as error:  # noqa: BLE001  # it ends this item and no other
            told = told_error(error)
            self._endings.weigh(self._descriptions, ticket, told)
            self._endings.fail(entry, told)
            return []
        self._endings.weigh(self._descriptions, ticket, None)
        entry.left = len(jobs)
        if not jobs:
            self._endings.conclude(entry)
        return jobs

    # Drawing.

    def _next_jobs(self) -> list[Job[Item, Task]] | None:
        with self._lock:
            while True:
                while not self._waiting or self.stopping:
                    if self._closed:
                        return None
                    self._described.wait()
                self._linger()
                if not self.stopping:
                    break
            jobs = self._waiting.take()
            self.tally.waiting -= len(jobs)
            self.tally.drawing += len(jobs)
            if not self._is_far_ahead():
                self._room_ahead.notify()
            return jobs

    def _linger(self) -> None:
        """Wait a moment for as many jobs as can be drawn together, where more are to come."""
        until = monotonic() + LINGER
        while not self.stopping and not self._waiting.is_full():
            coming = self.tally.describing or (
                self._put != self._taken and not self._is_far_ahead()
            )
            seconds = until - monotonic()
            if not coming or seconds <= 0:
                return
            self._described.wait(seconds)

    def _draw(self, jobs: list[Job[Item, Task]]) -> None:
        results = deque(self._results(jobs))
        for job in jobs:
            # Popped, so that a picture that was finished does not stay in memory.
            self._pass_on(job, results.popleft())

    def _results(self, jobs: list[Job[Item, Task]]) -> Sequence[Drawn | ImagineError]:
        ticket = self._pictures.begin()
        results: Sequence[Drawn | ImagineError]
        try:
            results = self._work.draw([job.task for job in jobs])
            if len(results) != len(jobs):
                raise RuntimeError(f"{len(results)} results of {len(jobs)} tasks")
        except BaseException as error:  # noqa: BLE001  # it ends these tasks and no others
            results = [told_error(error)] * len(jobs)
        errors = [result for result in results if isinstance(result, ImagineError)]
        all_failed = len(errors) == len(jobs)
        self._endings.weigh(self._pictures, ticket, errors[-1] if all_failed else None)
        return results

    def _pass_on(self, job: Job[Item, Task], result: Drawn | ImagineError) -> None:
        """End what failed; finish what is cheap, and hand the rest to those who finish."""
        if isinstance(result, ImagineError):
            self._endings.end(job, result)
            with self._lock:
                self.tally.drawing -= 1
                self._end_a_step()
            return
        with self._lock:
            self.tally.drawing -= 1
            self.tally.finishing += 1
        try:
            is_cheap = self._work.is_cheap(result)
        except BaseException as error:  # noqa: BLE001  # it ends this task and no other
            self._finished(job, told_error(error))
            return
        if is_cheap:
            self._finish(job, result)
        else:
            self._hand_over(job, result)

    # Finishing. What was drawn may have been paid for, so it is finished even when stopping.

    def _hand_over(self, job: Job[Item, Task], drawn: Drawn) -> None:
        with self._lock:
            while len(self._finishable) >= self._shelf and not self._closed:
                self._room_on_shelf.wait()
            self._finishable.append((job, drawn))
            self._drawn.notify()

    def _next_drawn(self) -> tuple[Job[Item, Task], Drawn] | None:
        with self._lock:
            while not self._finishable:
                if self._closed:
                    return None
                self._drawn.wait()
            self._room_on_shelf.notify()
            return self._finishable.popleft()

    def _finish_handed(self, handed: tuple[Job[Item, Task], Drawn]) -> None:
        self._finish(*handed)

    def _finish(self, job: Job[Item, Task], drawn: Drawn) -> None:
        try:
            self._work.finish(job.task, drawn)
        except BaseException as error:  # noqa: BLE001  # it ends this task and no other
            self._finished(job, told_error(error))
        else:
            self._finished(job, None)

    def _finished(self, job: Job[Item, Task], error: ImagineError | None) -> None:
        self._endings.end(job, error)
        with self._lock:
            self.tally.finishing -= 1
            if error is None:
                self.tally.pictures += 1
            self._end_a_step()
