"""Items go in, each is worked on by one of several threads; results come out in their order."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, Full, Queue, SimpleQueue
from threading import Event, Thread
from typing import TypeVar, cast

from imagine.stages.errors import StoppedError

Item = TypeVar("Item")
Result = TypeVar("Result")

# Seconds between two looks of the waiting thread: some systems let no signal through before.
LOOK = 0.1
# Results that may wait for a slow one before them, for each thread.
AHEAD = 2


def _never() -> bool:
    return False


def in_order(
    items: Iterable[Item],
    work: Callable[[Item], Result],
    *,
    threads: int,
    is_over: Callable[[], bool] = _never,
) -> Generator[tuple[Item, "Future[Result]"]]:
    """Each item with its result, which `Future.result` gives or raises, in the items' order.

    A result comes when it is there, however long the next item is waited for. Only as many items
    are taken ahead as keep the threads busy. The threads are daemons: whoever stops here waits for
    none of them, and nothing more is begun.

    Args:
        threads: from 1; one works in the calling thread itself, an item at a time. With more of
            them, `items` are taken in a thread of their own.
        is_over: as `arriving` takes it.
    """
    if threads == 1:
        for item in items:
            call: Future[Result] = Future()
            _fulfil(call, item, work)
            yield item, call
            if is_over():
                return
        return
    jobs: SimpleQueue[tuple[Future[Result], Item] | None] = SimpleQueue()
    left = Event()

    def unless_left(item: Item) -> Result:
        if left.is_set():
            raise StoppedError("Nobody waits for this any more; it was not begun.")
        return work(item)

    def begun() -> Iterator[tuple[Item, Future[Result]]]:
        started = 0
        try:
            for item in items:
                call: Future[Result] = Future()
                # Its place among the results comes first: what was begun is never lost sight of.
                yield item, call
                jobs.put((call, item))
                if started < threads:
                    started += 1
                    Thread(target=_work_off, args=(jobs, unless_left), daemon=True).start()
        finally:
            for _ in range(started):
                jobs.put(None)

    try:
        # One more is with whoever takes the results, and one with the thread that reads.
        for item, call in arriving(begun(), is_over=is_over, ahead=AHEAD * threads - 2):
            yield _ended(item, call)
    finally:
        left.set()


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


def arriving(
    items: Iterable[Item], *, is_over: Callable[[], bool], ahead: int = 1
) -> Iterator[Item]:
    """Items of a source that may keep silent for long, as they come.

    Args:
        is_over: asked before each item and while none comes; when it says so, no other one is
            taken, and those that lie ready still come. It may not change its mind.
        ahead: items that may lie ready, beside the one that the reading thread holds; from 1.
    """
    ready: Queue[tuple[str, Item | Exception | None]] = Queue(maxsize=ahead)
    left = Event()

    def offer(kind: str, value: Item | Exception | None) -> None:
        # Whoever leaves makes no room: Ctrl-C may have caught him with the lock of the queue.
        while not left.is_set():
            with suppress(Full):
                return ready.put((kind, value), timeout=LOOK)

    def read() -> None:
        try:
            for item in items:
                if left.is_set() or is_over():
                    break
                offer("item", item)
            offer("end", None)
        except Exception as error:  # noqa: BLE001  # raised again by whoever takes the items
            offer("error", error)

    Thread(target=read, daemon=True).start()
    try:
        while True:
            try:
                kind, value = ready.get(timeout=LOOK)
            except Empty:
                if is_over():
                    return
                continue
            if kind == "end":
                return
            if kind == "error":
                raise cast(Exception, value)
            yield cast(Item, value)
    finally:
        left.set()
