"""The thread in which native libraries draw: steps come out as they happen, and it can be left."""

from collections.abc import Callable, Iterator
from threading import Event, Thread, current_thread
from time import sleep

import pytest
from patience import LONG, PATIENT, is_in, until

from imagine.stages.errors import StoppedError
from imagine.stages.generate.local.worker import Tell, Worker
from imagine.stages.image import Progress


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker("draws")
    yield made
    made.close()


def counting(steps: int, done: list[int]) -> Callable[[Tell], str]:
    def work(tell: Tell) -> str:
        for step in range(1, steps + 1):
            done.append(step)
            tell(Progress(step, steps, "step"))
        return "a picture"

    return work


def test_steps_come_in_order_and_then_the_result(worker: Worker) -> None:
    running = worker.run(counting(3, []))
    assert [next(running).step for _ in range(3)] == [1, 2, 3]
    with pytest.raises(StopIteration) as ended:
        next(running)
    assert ended.value.value == "a picture"


def test_the_work_is_always_done_in_one_thread(worker: Worker) -> None:
    names = [worker.call(lambda: current_thread().name) for _ in range(3)]
    assert len(set(names)) == 1
    assert names[0].startswith("draws")


def test_what_the_work_raises_comes_out(worker: Worker) -> None:
    def fails(tell: Tell) -> None:
        tell(Progress(1, 2, "step"))
        raise ValueError("no picture")

    running = worker.run(fails)
    assert next(running).step == 1
    with pytest.raises(ValueError, match="no picture"):
        next(running)


def test_a_run_that_is_left_ends_at_its_next_step_before_the_next_begins(worker: Worker) -> None:
    told: list[BaseException] = []
    may_go_on = Event()

    def work(tell: Tell) -> None:
        tell(Progress(1, 9, "step"))
        may_go_on.wait(PATIENT)
        try:
            tell(Progress(2, 9, "step"))
        except StoppedError as error:
            told.append(error)
            raise

    running = worker.run(work)
    next(running)

    def go_on() -> None:
        until(lambda: is_in("_wait"))
        may_go_on.set()

    Thread(target=go_on).start()
    running.close()
    assert [str(error) for error in told] == [
        "The picture was given up on the way; nothing was saved."
    ]
    assert list(worker.run(counting(2, []))) == [Progress(1, 2, "step"), Progress(2, 2, "step")]


def test_a_run_that_is_left_does_not_reach_its_end(worker: Worker) -> None:
    done: list[int] = []

    def work(tell: Tell) -> None:
        # Longer than anybody is patient.
        for step in range(1, 10_001):
            done.append(step)
            tell(Progress(step, 10_000, "step"))
            sleep(0.01)

    running = worker.run(work)
    next(running)
    running.close()
    assert len(done) < 10_000


def test_an_interrupted_run_waits_for_nothing_and_the_next_one_does(worker: Worker) -> None:
    free, told = Event(), []

    def long(tell: Tell) -> None:
        tell(Progress(0, 1, "loading"))
        free.wait(LONG)
        tell(Progress(1, 1, "drawing"))
        told.append("drawn")

    steps = worker.run(long)
    next(steps)
    with pytest.raises(KeyboardInterrupt):
        steps.throw(KeyboardInterrupt())
    assert not free.is_set()
    free.set()
    assert worker.call(lambda: told) == []
