"""Gates with real threads: who goes when, who is told, and batches over the fake service."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import pytest
from fakes import Fake, serve
from hosted import draw, request_of
from patience import LONG, PATIENT, Limit, until

from imagine.stages.enhance.gemini.call import ModelCall
from imagine.stages.enhance.gemini.rest import Carrier as RestCarrier
from imagine.stages.enhance.gemini.sdk import Carrier as SdkCarrier
from imagine.stages.errors import StoppedError
from imagine.stages.generate.gemini import GeminiBackend
from imagine.stages.image import GeneratedImage
from imagine.stages.network.gate import STEP, Gate
from imagine.stages.network.providers import Connection, Secret, connect

STOPPED = "The run was stopped before this was asked for; run it again to go on."


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as executor:
        yield executor


def test_no_more_go_through_than_may(pool: ThreadPoolExecutor) -> None:
    gate, inside, most = Gate(most=3), [0], [0]
    lock, full = threading.Lock(), threading.Event()

    def one(_: int) -> None:
        with gate.turn():
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                if most[0] == 3:
                    full.set()
            full.wait(PATIENT)
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
    now, done = [0.0], threading.Event()
    gate = Gate(most=64, clock=lambda: now[0])

    def one(_: int) -> None:
        with gate.turn():
            done.wait(PATIENT)

    def one_more_moment(number: int) -> bool:
        now[0] += 0.001
        return gate.in_flight == number

    finished = pool.map(one, range(64))
    until(lambda: one_more_moment(32))
    assert now[0] > 0.04
    until(lambda: one_more_moment(64))
    assert now[0] > 0.09
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
        gate.close()
        for future in waiting:
            with pytest.raises(StoppedError) as caught:
                future.result(PATIENT)
            assert str(caught.value) == STOPPED
    with pytest.raises(StoppedError):
        one()
    assert (gate.in_flight, gate.waiting) == (0, 0)


def test_a_closed_gate_ends_a_wait_before_another_attempt(pool: ThreadPoolExecutor) -> None:
    gate = Gate(most=1)
    asleep = pool.submit(gate.sleep, LONG)
    time.sleep(0.01)
    gate.close()
    with pytest.raises(StoppedError):
        asleep.result(PATIENT)


def test_a_wait_is_as_long_as_it_should_be() -> None:
    began = time.monotonic()
    with Limit():
        Gate(most=1).sleep(0.02)
    assert time.monotonic() - began >= 0.02


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
    now = [0.0]
    gate = Gate(most=8, clock=lambda: now[0])
    with gate.turn() as turn:
        gate.rejected(turn, delay=0.3, per_minute=False)

    def one(_: int) -> float:
        with gate.turn():
            return now[0]

    assert 0.3 <= gate.resting <= 0.33
    through = pool.map(one, range(8))
    until(lambda: gate.waiting == 8)
    now[0] = 0.29
    # By then each of them has looked up.
    time.sleep(2 * STEP)
    assert gate.waiting == 8
    now[0] = 0.34
    assert list(through) == [0.34] * 8
    assert gate.resting == 0.0


def test_news_is_told_once(pool: ThreadPoolExecutor) -> None:
    now, told = [0.0], []
    gate = Gate(most=8, clock=lambda: now[0])
    with ExitStack() as stack:
        turns = [stack.enter_context(gate.turn()) for _ in range(8)]
        for turn in turns[2:]:
            gate.rejected(turn, delay=1.2, per_minute=False)

    def one(_: int) -> None:
        with gate.turn(told.append):
            time.sleep(0.01)

    now[0] = 1.5
    list(pool.map(one, range(32)))
    assert told == ["takes 2 requests at a time"]


def impatient_way(fake: Fake, gate: Gate, told: list[str]) -> Connection:
    """A way through the gate to a fake that is asked once; only the gate waits."""
    return connect(
        "gemini",
        base_url=fake.url,
        key=Secret(fake.key or ""),
        tell=told.append,
        gate=gate,
        patience=0.0,
        attempts=1,
    )


@contextmanager
def drawing(
    pool: ThreadPoolExecutor, fake: Fake, gate: Gate, told: list[str], *, items: int
) -> Iterator[list["Future[GeneratedImage]"]]:
    """Pictures of a fake that is too busy, drawn by many threads at once, each paid once."""
    connection = impatient_way(fake, gate, told)
    with closing(GeminiBackend(connection=connection, model="gemini-nano-banana-2.1")) as backend:
        requests = [request_of(f"fox number {number}") for number in range(items)]
        calls = [pool.submit(draw, backend, request) for request in requests]
        yield calls
        for call in calls:
            call.result()
    assert fake.paid == items


def rejections(fake: Fake) -> int:
    return sum(entry.outcome == "limited" for entry in fake.entries)


@pytest.mark.parametrize("limit", [4, 8, 16])
def test_a_busy_service_gets_as_many_as_it_takes(pool: ThreadPoolExecutor, limit: int) -> None:
    """How long that takes is told by test_pace.py, whose clock is exact."""
    gate = Gate(most=64)
    told: list[str] = []
    with (
        serve("gemini", concurrency=limit, latency=LONG) as fake,
        drawing(pool, fake, gate, told, items=4 * limit) as calls,
    ):
        # What was taken is being drawn, the rest was rejected or waits.
        until(lambda: told)
        until(lambda: gate.in_flight == limit)
        # A slow machine has let so much time go by that more may be tried again.
        assert limit <= gate.limit <= 2 * limit
        assert told[0] == f"Google Gemini takes {limit} requests at a time."
        while not all(call.done() for call in calls):
            fake.forward(LONG)
            time.sleep(0.01)
        assert 0 < rejections(fake) < 64
        assert gate.limit <= 2 * limit
        assert len(told) <= 4


def test_a_service_that_counts_minutes_gets_no_more_than_it_allows(
    pool: ThreadPoolExecutor,
) -> None:
    told: list[str] = []
    with serve("gemini", per_minute=20) as fake:
        clock = fake.service.clock
        clock.hold()
        gate, began = Gate(most=64, clock=clock.now), clock.now()
        with drawing(pool, fake, gate, told, items=60) as calls:
            while not all(call.done() for call in calls):
                until(lambda: gate.in_flight == 0)
                fake.forward(0.5)
                time.sleep(0.005)
        assert clock.now() - began >= 2 * 60
        assert rejections(fake) <= 64
    assert told[0].startswith("Google Gemini allows 20 requests a minute")


def call(model: str = "gemini-3.5-flash-lite") -> ModelCall:
    schema = {"type": "OBJECT", "properties": {"mood": {"type": "STRING"}}, "required": ["mood"]}
    return ModelCall(model, "Answer in JSON.", "<prompt>a fox</prompt>", (), schema, 7, None)


@pytest.mark.parametrize("carrier", [RestCarrier, SdkCarrier])
def test_descriptions_take_turns_whatever_carries_them(
    pool: ThreadPoolExecutor, carrier: type[RestCarrier] | type[SdkCarrier]
) -> None:
    gate, told = Gate(most=64), []
    with serve("gemini", concurrency=2, latency=0.2) as fake:
        connection = impatient_way(fake, gate, told)
        sender = carrier(connection, lambda reply, problem: None)
        replies = list(pool.map(lambda _: sender.send(call()), range(8)))
        sender.close()
    assert all("mood" in reply.text for reply in replies)
    # With one attempt and no patience, a rejection would have ended the call that met it.
    assert gate.in_flight == 0
    assert all(said.startswith("Google Gemini takes ") for said in told)
