"""Ordered work: results come in the order of their items, however long each takes."""

import time
from collections.abc import Iterator
from threading import Event, get_ident

import pytest

from imagine.stages.batch.ordered import AHEAD, in_order
from imagine.stages.errors import UsageError


@pytest.mark.parametrize("threads", [1, 4])
def test_results_come_in_the_order_of_their_items(threads: int) -> None:
    def work(number: int) -> int:
        time.sleep(0.002 * (7 * number % 5))
        return number * number

    ended = [(item, call.result()) for item, call in in_order(range(40), work, threads=threads)]
    assert ended == [(number, number * number) for number in range(40)]


def test_an_error_is_that_of_its_item_alone() -> None:
    def work(number: int) -> int:
        if number == 1:
            raise UsageError("no 1")
        return number

    calls = [call for _, call in in_order(range(3), work, threads=3)]
    assert (calls[0].result(), calls[2].result()) == (0, 2)
    with pytest.raises(UsageError, match=r"^no 1$"):
        calls[1].result()


def test_no_more_is_taken_ahead_than_keeps_the_threads_busy() -> None:
    taken = 0
    held = Event()

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            if taken > 3 * AHEAD:
                held.set()
            yield number

    def work(number: int) -> int:
        held.wait(0.2)
        return number

    first = next(in_order(items(), work, threads=3))
    assert first[1].result() == 0
    assert taken <= 3 * AHEAD


def test_one_thread_is_the_calling_one() -> None:
    (ended,) = in_order([0], lambda _: get_ident(), threads=1)
    assert ended[1].result() == get_ident()
