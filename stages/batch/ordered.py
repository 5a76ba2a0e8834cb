"""Items go in, each is worked on by one of several threads; results come out in their order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from queue import Empty, Queue, SimpleQueue
from threading import Thread
from typing import TypeVar, cast

Item = TypeVar("Item")
Result = TypeVar("Result")

# Seconds between two looks of the waiting thread: some systems let no signal through before.
LOOK = 0.1
# Results that may wait for a slow one before them, for each thread.
AHEAD = 2


def in_order(
    items: Iterable[Item], work: Callable[[Item], Result], *, threads: int
) -> Iterator[tuple[Item, "Future[Result]"]]:
    """Each item with its result, which `Future.result` gives or raises, in the items' order.

    Only as many items are taken ahead as keep the threads busy. The threads are daemons: whoever
    stops here waits for none of them.

    Args:
        threads: from 1; one works in the calling thread itself, an item at a time.
    """
    if threads == 1:
        for item in items:
            call: Future[Result] = Future()
            _fulfil(call, item, work)
            yield item, call
        return
    jobs: SimpleQueue[tuple[Future[Result], Item] | None] = SimpleQueue()
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    started = 0
    try:
        for item in items:
            call = Future()
            waiting.append((item, call))
            jobs.put((call, item))
            if started < threads:
                started += 1
                Thread(target=_work_off, args=(jobs, work), daemon=True).start()
            while waiting and (waiting[0][1].done() or len(waiting) >= AHEAD * threads):
                yield _ended(*waiting.popleft())
        while waiting:
            yield _ended(*waiting.popleft())
    finally:
        for _ in range(started):
            jobs.put(None)


def as_they_end(
    items: Sequence[Item], work: Callable[[Item], Result], *, threads: int
) -> Iterator[tuple[Item, "Future[Result]"]]:
    """As `in_order`, but each result when it is there, whatever the order of the items."""
    if threads == 1:
        yield from in_order(items, work, threads=1)
        return
    ended: SimpleQueue[tuple[Item, Future[Result]]] = SimpleQueue()
    jobs: SimpleQueue[tuple[Future[Result], Item] | None] = SimpleQueue()
    for item in items:
        call: Future[Result] = Future()
        call.add_done_callback(lambda call, item=item: ended.put((item, call)))  # type: ignore[misc]
        jobs.put((call, item))
    for _ in range(threads):
        jobs.put(None)
        Thread(target=_work_off, args=(jobs, work), daemon=True).start()
    left = len(items)
    while left:
        try:
            yield ended.get(timeout=LOOK)
        except Empty:
            continue
        left -= 1


def _work_off(
    jobs: "SimpleQueue[tuple[Future[Result], Item] | None]", work: Callable[[Item], Result]
) -> None:
    while (job := jobs.get()) is not None:
        _fulfil(*job, work)


def _fulfil(call: "Future[Result]", item: Item, work: Callable[[Item], Result]) -> None:
    try:
        call.set_result(work(item))
    except Exception as error:  # noqa: BLE001  # raised again by result()
        call.set_exception(error)


def _ended(item: Item, call: "Future[Result]") -> tuple[Item, "Future[Result]"]:
    while not call.done():
        try:
            call.exception(timeout=LOOK)
        except TimeoutError:
            continue
    return item, call


def arriving(items: Iterable[Item], *, is_over: Callable[[], bool]) -> Iterator[Item]:
    """Items of a source that may keep silent for long, as they come.

    Args:
        is_over: asked while nothing comes; when it says so, there are no more.
    """
    jobs: Queue[tuple[str, Item | BaseException | None]] = Queue(maxsize=1)

    def read() -> None:
        try:
            for item in items:
                jobs.put(("item", item))
            jobs.put(("end", None))
        except Exception as error:  # noqa: BLE001  # raised again by whoever takes the items
            jobs.put(("error", error))

    Thread(target=read, daemon=True).start()
    while not is_over():
        try:
            kind, value = jobs.get(timeout=LOOK)
        except Empty:
            continue
        if kind == "end":
            return
        if kind == "error":
            raise cast(Exception, value)
        yield cast(Item, value)
