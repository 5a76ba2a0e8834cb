"""Gates with real threads: who goes when, who is told, and batches over the fake service."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from fakes import serve
from hosted import draw, request_of

from imagine.stages.enhance.gemini.call import ModelCall
from imagine.stages.enhance.gemini.rest import Carrier as RestCarrier
from imagine.stages.enhance.gemini.sdk import Carrier as SdkCarrier
from imagine.stages.errors import StoppedError
from imagine.stages.generate.gemini import GeminiBackend
from imagine.stages.network.gate import Gate
from imagine.stages.network.providers import Secret, connect

STOPPED = "The run was stopped before this was asked for; run it again to go on."


def until(condition: Callable[[], bool]) -> None:
    """Wait for what other threads do."""
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as executor:
        yield executor


def test_no_more_go_through_than_may(pool: ThreadPoolExecutor) -> None:
    gate, inside, most = Gate(most=3), [0], [0]
    lock = threading.Lock()

    def one(_: int) -> None:
        with gate.turn():
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.002)
            with lock:
                inside[0] -= 1

    list(pool.map(one, range(60)))
    assert most == [3]
    assert (gate.in_flight, gate.waiting, gate.limit) == (0, 0, 3)


def test_they_go_through_in_the_order_in_which_they_came(pool: ThreadPoolExecutor) -> None:
    gate, order = Gate(most=1), []

    def one(number: int) -> None:
        with gate.turn():
            order.append(number)

    with gate.turn():
        for number in range(30):
            pool.submit(one, number)
            until(lambda number=number: gate.waiting == number + 1)
        assert (gate.in_flight, order) == (1, [])
    until(lambda: gate.in_flight == gate.waiting == 0)
    assert order == list(range(30))


def test_more_and_more_go_as_long_as_nobody_objects(pool: ThreadPoolExecutor) -> None:
    gate, done = Gate(most=64), threading.Event()

    def one(_: int) -> None:
        with gate.turn():
            done.wait(5)

    began = time.monotonic()
    finished = pool.map(one, range(64))
    until(lambda: gate.in_flight == 64)
    assert 0.09 < time.monotonic() - began < 2
    done.set()
    list(finished)


def test_a_closed_gate_stops_who_waits_and_who_comes(pool: ThreadPoolExecutor) -> None:
    gate = Gate(most=1)

    def one() -> None:
        with gate.turn():
            pytest.fail("nobody may go")

    with gate.turn():
        waiting = [pool.submit(one) for _ in range(5)]
        until(lambda: gate.waiting == 5)
        began = time.monotonic()
        gate.close()
        for future in waiting:
            with pytest.raises(StoppedError) as caught:
                future.result(5)
            assert str(caught.value) == STOPPED
        assert time.monotonic() - began < 1
    with pytest.raises(StoppedError):
        one()
    assert (gate.in_flight, gate.waiting) == (0, 0)


def test_a_closed_gate_ends_a_wait_before_another_attempt(pool: ThreadPoolExecutor) -> None:
    gate = Gate(most=1)
    asleep = pool.submit(gate.sleep, 60.0)
    time.sleep(0.01)
    gate.close()
    with pytest.raises(StoppedError):
        asleep.result(5)


def test_a_wait_is_as_long_as_it_should_be() -> None:
    began = time.monotonic()
    Gate(most=1).sleep(0.02)
    assert 0.02 <= time.monotonic() - began < 1


def test_an_interruption_leaves_no_trace() -> None:
    gate = Gate(most=1)

    def interrupt(said: str) -> None:
        raise KeyboardInterrupt

    with gate.turn() as turn:
        gate.rejected(turn, delay=1.2, per_minute=False)
    # It hears the news while it waits.
    with pytest.raises(KeyboardInterrupt), gate.turn(interrupt):
        pytest.fail("the interruption comes first")
    assert (gate.in_flight, gate.waiting) == (0, 0)


def test_a_rejection_lets_everybody_rest(pool: ThreadPoolExecutor) -> None:
    gate = Gate(most=8)
    with gate.turn() as turn:
        gate.rejected(turn, delay=0.3, per_minute=False)
    rejected = time.monotonic()

    def one(_: int) -> float:
        with gate.turn():
            return time.monotonic() - rejected

    assert 0.2 < gate.resting <= 0.33
    assert all(0.29 < seconds < 2 for seconds in pool.map(one, range(8)))
    assert gate.resting == 0.0


def test_news_is_told_once(pool: ThreadPoolExecutor) -> None:
    gate, told = Gate(most=8), []
    with ExitStack() as stack:
        turns = [stack.enter_context(gate.turn()) for _ in range(8)]
        for turn in turns[2:]:
            gate.rejected(turn, delay=1.2, per_minute=False)

    def one(_: int) -> None:
        with gate.turn(told.append):
            time.sleep(0.1)

    list(pool.map(one, range(32)))
    assert told == ["takes 2 requests at a time"]


class Batch:
    """Pictures of a fake that is too busy, drawn by many threads at once."""

    def __init__(self, pool: ThreadPoolExecutor, *, items: int, **options: object) -> None:
        self.told: list[str] = []
        minute = options.get("minute", 60.0)
        self.gate = Gate(most=64, minute=minute)  # type: ignore[arg-type]
        with serve("gemini", **options) as fake:  # type: ignore[arg-type]
            connection = connect(
                "gemini",
                base_url=fake.url,
                key=Secret(fake.key or ""),
                tell=self.told.append,
                gate=self.gate,
                patience=0.0,
                attempts=1,
            )
            backend = GeminiBackend(connection=connection, model="gemini-nano-banana-2.1")
            began = time.monotonic()
            requests = [request_of(f"fox number {number}") for number in range(items)]
            pictures = list(pool.map(lambda request: draw(backend, request), requests))
            self.took = time.monotonic() - began
            backend.close()
            assert fake.crashes == []
            assert (len(pictures), fake.paid) == (items, items)
            self.rejected = sum(entry.outcome == "limited" for entry in fake.entries)


@pytest.mark.parametrize("limit", [4, 8, 16])
def test_a_busy_service_gets_as_many_as_it_takes(pool: ThreadPoolExecutor, limit: int) -> None:
    batch = Batch(pool, items=4 * limit, concurrency=limit, latency=0.3)
    # Exactly that many where nothing disturbs; a slow machine may be about to try more. The clock
    # of test_pace.py is exact.
    assert batch.gate.limit <= 2 * limit
    assert 0 < batch.rejected < 64
    assert batch.told[0].startswith("Google Gemini takes ")
    assert len(batch.told) <= 4
    # Much, for a machine that others use too.
    assert batch.took < 1.0 + 4 * 0.3 * 2


def test_a_service_that_counts_minutes_gets_no_more_than_it_allows(
    pool: ThreadPoolExecutor,
) -> None:
    batch = Batch(pool, items=60, per_minute=20, minute=2.0, latency=0.05)
    assert 4 <= batch.took < 12
    assert batch.rejected <= 64
    assert batch.told[0].startswith("Google Gemini allows 20 requests a minute")


def call(model: str = "gemini-3.5-flash-lite") -> ModelCall:
    schema = {"type": "OBJECT", "properties": {"mood": {"type": "STRING"}}, "required": ["mood"]}
    return ModelCall(model, "Answer in JSON.", "<prompt>a fox</prompt>", (), schema, 7, None)


@pytest.mark.parametrize("carrier", [RestCarrier, SdkCarrier])
def test_descriptions_take_turns_whatever_carries_them(
    pool: ThreadPoolExecutor, carrier: type[RestCarrier] | type[SdkCarrier]
) -> None:
    gate, told = Gate(most=64), []
    with serve("gemini", concurrency=2, latency=0.2) as fake:
        connection = connect(
            "gemini",
            base_url=fake.url,
            key=Secret(fake.key or ""),
            tell=told.append,
            gate=gate,
            patience=0.0,
            attempts=1,
        )
        sender = carrier(connection, lambda reply, problem: None)
        replies = list(pool.map(lambda _: sender.send(call()), range(8)))
        sender.close()
    assert all("mood" in reply.text for reply in replies)
    # With one attempt and no patience, a rejection would have ended the call that met it.
    assert gate.in_flight == 0
    assert all(said.startswith("Google Gemini takes ") for said in told)
