"""Ordered work: results come in the order of their items, however long each takes."""

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from threading import Barrier, Event, get_ident

import pytest
from patience import LONG, PATIENT, Limit

from imagine.stages.batch.ordered import AHEAD, LOOK, arriving, in_order
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
        # Where too much is taken it is noticed meanwhile.
        held.wait(0.2)
        return number

    first = next(in_order(items(), work, threads=3))
    assert first[1].result() == 0
    assert taken <= 3 * AHEAD


def test_one_thread_is_the_calling_one() -> None:
    (ended,) = in_order([0], lambda _: get_ident(), threads=1)
    assert ended[1].result() == get_ident()


@pytest.mark.parametrize("threads", [1, 3])
def test_a_result_comes_while_the_next_item_is_still_waited_for(threads: int) -> None:
    told = Event()

    def items() -> Iterator[int]:
        yield 0
        assert told.wait(PATIENT), "the first result waits for the second item"
        yield 1

    def work(number: int) -> int:
        time.sleep(0.05)
        return number

    calls = in_order(items(), work, threads=threads)
    assert next(calls)[1].result() == 0
    told.set()
    assert [call.result() for _, call in calls] == [1]


@pytest.mark.parametrize("threads", [1, 3])
def test_what_the_items_raise_comes_behind_those_before_it(threads: int) -> None:
    def items() -> Iterator[int]:
        yield 0
        raise UsageError("no more")

    calls = in_order(items(), lambda number: number, threads=threads)
    assert next(calls)[1].result() == 0
    with pytest.raises(UsageError, match=r"^no more$"):
        next(calls)


@pytest.mark.parametrize("threads", [1, 3])
def test_when_it_is_over_what_was_begun_still_comes_and_silence_is_not_waited_for(
    threads: int,
) -> None:
    over, never = Event(), Event()

    def items() -> Iterator[int]:
        yield from range(threads)
        never.wait(LONG)
        yield threads

    def work(number: int) -> int:
        if number == threads - 1:
            over.set()
        return number

    with Limit():
        calls = in_order(items(), work, threads=threads, is_over=over.is_set)
        ended = [call.result() for _, call in calls]
    assert ended == list(range(threads))
    never.set()


def test_nothing_is_begun_any_more_when_the_taker_leaves() -> None:
    begun: list[int] = []
    together, held = Barrier(3), Event()

    def work(number: int) -> None:
        begun.append(number)
        if number:
            together.wait(PATIENT)
            held.wait(PATIENT)

    with closing(in_order(count(), work, threads=2)) as calls:
        next(calls)
        together.wait(PATIENT)
    held.set()
    time.sleep(2 * LOOK)
    assert sorted(begun) == [0, 1, 2]


def test_items_that_keep_coming_end_when_it_is_over() -> None:
    taken = []
    for number in arriving(count(), is_over=lambda: len(taken) >= 3):
        taken.append(number)
    assert taken == list(range(len(taken)))
    assert 3 <= len(taken) <= 5
