"""The engine of a batch: order, overlap, bounds, errors, interruption; with work made for it."""

import gc
import os
import signal
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, takewhile
from threading import (
    Barrier,
    Event,
    Lock,
    Thread,
    Timer,
    current_thread,
    enumerate,
    getprofile,
    setprofile,
)
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import LONG, PATIENT, Limit, until

from imagine.stages.batch import run as module
from imagine.stages.batch.flow import SPARE
from imagine.stages.batch.run import Counts, Engine, Pools
from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    ProviderError,
    RefusedError,
    SaveError,
    StoppedError,
    UsageError,
)

ONE_EACH = Pools(describing=1, drawing=1, finishing=1)


def one_task(item: Any) -> Sequence[Any]:
    return [item]


def nothing(*values: Any) -> None:
    pass


@dataclass
class Acts:
    """Work that does as it is told: a function for each stage, and a list of what was called."""

    describe_: Callable[[Any], Sequence[Any]] = one_task
    draw_: Callable[[Any], Any] = lambda task: task
    finish_: Callable[[Any], None] = nothing
    conclude_: Callable[[Any], None] = nothing
    cheap: bool = True
    kind: Callable[[Any], Hashable] = nothing
    calls: list[tuple[str, Any]] = field(default_factory=list)
    concluded: list[tuple[Any, list[str]]] = field(default_factory=list)
    lock: Any = field(default_factory=Lock)

    halting: ClassVar[tuple[type[ImagineError], ...]] = (ConfigError,)

    def note(self, stage: str, what: Any) -> None:
        with self.lock:
            self.calls.append((stage, what))

    def of(self, stage: str) -> list[Any]:
        with self.lock:
            return [what for name, what in self.calls if name == stage]

    def describe(self, item: Any) -> Sequence[Any]:
        self.note("describe", item)
        return self.describe_(item)

    def alike(self, task: Any) -> Hashable:
        return self.kind(task)

    def draw(self, tasks: Sequence[Any]) -> Sequence[Any]:
        self.note("draw", list(tasks))
        return [self.draw_(task) for task in tasks]

    def is_cheap(self, drawn: Any) -> bool:
        return self.cheap

    def finish(self, task: Any, drawn: Any) -> None:
        self.note("finish", task)
        self.finish_(task)

    def conclude(self, item: Any, errors: Sequence[ImagineError]) -> None:
        self.conclude_(item)
        with self.lock:
            self.concluded.append((item, [str(error) for error in errors]))


def failing(error: BaseException, *, at: Any = None) -> Callable[[Any], Any]:
    """A stage that raises; only for the thing `at`, when that is given."""

    def act(thing: Any) -> Any:
        if at is None or thing == at:
            raise error
        return [thing]

    return act


def stays(value: Callable[[], object], expected: object) -> None:
    """It comes to be `expected`, and is still so a moment later."""
    until(lambda: value() == expected)
    time.sleep(0.15)
    assert value() == expected


def all_threads_ended() -> bool:
    return not [thread for thread in enumerate() if thread.name.startswith("imagine-")]


def in_background(
    engine: "Engine[Any, Any, Any]", items: Iterator[Any]
) -> tuple[Thread, list[Any]]:
    """Run it in another thread; what it returns or raises comes in the list."""
    came: list[Any] = []

    def work() -> None:
        try:
            came.append(engine.run(items))
        except BaseException as error:  # noqa: BLE001  # looked at by the test
            came.append(error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread, came


# --- The usual course


@pytest.mark.parametrize("cheap", [True, False])
def test_every_item_goes_through_all_stages_in_the_order_of_the_input(cheap: bool) -> None:
    work = Acts(cheap=cheap)
    counts = Engine(work, ONE_EACH).run(iter(range(50)))
    assert counts == Counts(done=50, pictures=50)
    assert work.of("describe") == list(range(50))
    assert work.of("draw") == [[item] for item in range(50)]
    assert work.of("finish") == list(range(50))
    assert work.concluded == [(item, []) for item in range(50)]


def test_no_items_are_no_work() -> None:
    assert Engine(Acts(), ONE_EACH).run(iter([])) == Counts()


def test_an_item_ends_with_the_last_of_its_pictures() -> None:
    work = Acts(describe_=lambda item: [f"{item}{number}" for number in range(3)])
    counts = Engine(work, Pools(describing=2, drawing=4, finishing=2)).run(iter("ab"))
    assert counts == Counts(done=2, pictures=6)
    assert sorted(work.concluded) == [("a", []), ("b", [])]
    assert sorted(work.of("finish")) == ["a0", "a1", "a2", "b0", "b1", "b2"]


def test_an_item_without_pictures_left_to_draw_is_done() -> None:
    work = Acts(describe_=lambda item: [])
    assert Engine(work, ONE_EACH).run(iter("a")) == Counts(done=1)
    assert work.concluded == [("a", [])]


def test_the_stages_overlap() -> None:
    """Nobody goes on until all of 4 threads that describe, 8 that draw and 4 that finish work."""
    together = Barrier(4 + 8 + 4)

    def meet(thing: int) -> Any:
        # The first of them finish before others are described: some stay behind for those.
        if thing in meeting[current_thread().name.split("-")[1]]:
            together.wait(PATIENT)
        return [thing]

    meeting = {"finish": range(4), "draw": range(4, 12), "describe": range(12, 16)}
    work = Acts(describe_=meet, draw_=meet, finish_=meet, cheap=False)
    counts = Engine(work, Pools(describing=4, drawing=8, finishing=4)).run(iter(range(48)))
    assert counts == Counts(done=48, pictures=48)


def test_a_single_drawing_thread_goes_on_while_others_finish() -> None:
    drawn_while_finishing = []
    release = Event()
    work = Acts(cheap=False)

    def finish(task: int) -> None:
        if task == 0:
            assert release.wait(PATIENT)

    def draw(task: int) -> int:
        if task == 1:
            drawn_while_finishing.append(work.of("finish"))
            release.set()
        return task

    work.finish_, work.draw_ = finish, draw
    assert Engine(work, ONE_EACH).run(iter(range(2))).done == 2


@pytest.mark.parametrize(("cheap", "thread"), [(True, "imagine-draw"), (False, "imagine-finish")])
def test_what_is_cheap_is_finished_by_the_thread_that_drew(cheap: bool, thread: str) -> None:
    names: list[str] = []
    work = Acts(cheap=cheap, finish_=lambda task: names.append(current_thread().name))
    Engine(work, Pools(describing=1, drawing=2, finishing=2)).run(iter(range(20)))
    assert {name.rpartition("-")[0] for name in names} == {thread}


# --- Threads and bounds


def test_no_stage_has_more_threads_than_it_may_and_none_stays() -> None:
    allowed = {"describe": 3, "draw": 5, "finish": 2}
    busy_now: Counter[str] = Counter()
    at_once: Counter[str] = Counter()
    lock = Lock()
    full = {stage: Event() for stage in allowed}

    def busy(stage: str) -> Callable[[Any], Any]:
        def act(thing: Any) -> Any:
            with lock:
                busy_now[stage] += 1
                at_once[stage] = max(at_once[stage], busy_now[stage])
                if at_once[stage] == allowed[stage]:
                    full[stage].set()
            # Until all of its threads are busy nobody goes on, however slow the machine is; after
            # that each stays a moment, so that one thread too many would be seen.
            full[stage].wait(PATIENT)
            time.sleep(0.005)
            with lock:
                busy_now[stage] -= 1
            return [thing]

        return act

    work = Acts(describe_=busy("describe"), draw_=busy("draw"), finish_=busy("finish"), cheap=False)
    Engine(work, Pools(describing=3, drawing=5, finishing=2)).run(iter(range(60)))
    assert at_once == allowed
    until(all_threads_ended)


def test_threads_are_started_only_when_they_are_needed() -> None:
    names: set[str] = set()
    work = Acts(draw_=lambda task: names.add(current_thread().name))

    def slowly() -> Iterator[int]:
        for item in range(5):
            until(lambda item=item: len(work.concluded) == item)
            # Who has just concluded it may still be on the way back.
            until(lambda: all(crew._free == crew._hired for crew in engine._flow._crews))
            yield item

    engine = Engine(work, Pools(describing=64, drawing=64, finishing=64))
    engine.run(slowly())
    # Whoever is at work has one thread waiting behind it.
    assert names <= {"imagine-draw-1", "imagine-draw-2"}


@pytest.mark.parametrize(
    ("pools", "ahead"),
    [
        (Pools(describing=3, drawing=2, finishing=1), 3 + SPARE),
        (Pools(describing=2, drawing=8, finishing=1), 8 + SPARE),
        (Pools(describing=1, drawing=1, finishing=1, together=4), 4 + SPARE),
    ],
)
def test_items_are_described_ahead_only_as_far_as_drawing_needs_it(
    pools: Pools, ahead: int, unhurried: None
) -> None:
    release = Event()
    pulled = []
    work = Acts(draw_=lambda task: release.wait(PATIENT))

    def items() -> Iterator[int]:
        for item in range(1000):
            pulled.append(item)
            yield item

    _, came = in_background(Engine(work, pools), items())
    drawing = pools.drawing * pools.together
    until(lambda: sum(map(len, work.of("draw"))) == drawing)
    stays(lambda: len(work.of("describe")), drawing + ahead)
    assert len(pulled) <= drawing + ahead + 1 + pools.describing + 16
    release.set()
    until(lambda: came)
    assert came == [Counts(done=1000, pictures=1000)]


def test_drawing_waits_for_finishing_that_is_slow() -> None:
    release = Event()
    work = Acts(cheap=False, finish_=lambda task: release.wait(PATIENT))
    _, came = in_background(
        Engine(work, Pools(describing=2, drawing=3, finishing=2)), iter(range(100))
    )
    # Two are being finished, two wait for it, and each thread that draws holds one more.
    stays(lambda: len(work.of("draw")), 2 + 2 + 3)
    release.set()
    until(lambda: came)
    assert came == [Counts(done=100, pictures=100)]


def test_memory_does_not_grow_with_the_number_of_items() -> None:
    def peak(number: int) -> int:
        tracemalloc.start()
        items = ("x" * 2000 + str(item) for item in range(number))
        engine = Engine(Silent(), Pools(describing=4, drawing=8, finishing=2))
        assert engine.run(items).done == number
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    # How much waits between the stages depends on who is faster: up to 40 items.
    assert peak(10_000) < 1.3 * peak(1_000) + 200_000


class Silent(Acts):
    """Work that remembers nothing."""

    def note(self, stage: str, what: Any) -> None:
        pass

    def conclude(self, item: Any, errors: Sequence[ImagineError]) -> None:
        pass


def test_waiting_costs_next_to_nothing() -> None:
    release = Event()
    work = Acts(describe_=lambda item: release.wait(PATIENT) and [item])
    _, came = in_background(
        Engine(work, Pools(describing=64, drawing=64, finishing=8)), iter(range(200))
    )
    stays(lambda: len(work.of("describe")), 64)
    before = time.process_time(), time.monotonic()
    time.sleep(0.5)
    spent = time.process_time() - before[0]
    # A tenth of the time; a thread that looked without a pause would take all of it.
    assert spent < (time.monotonic() - before[1]) / 10
    release.set()
    until(lambda: came)


def test_the_engine_itself_does_little_for_an_item() -> None:
    def calls(number: int) -> int:
        """Of functions, in all threads."""
        called = [0]

        def profile(frame: object, event: str, argument: object) -> None:
            called[0] += event in ("call", "c_call")

        before = getprofile(), sys.getprofile()
        setprofile(profile)
        sys.setprofile(profile)
        try:
            Engine(Silent(), Pools(describing=8, drawing=16, finishing=2)).run(iter(range(number)))
        finally:
            setprofile(before[0])
            sys.setprofile(before[1])
        return called[0]

    # It was 100 in November 2026.
    assert calls(1000) < 200 * 1000


# --- Several pictures at once


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, those that are drawn together wait for each other."""
    monkeypatch.setattr("imagine.stages.batch.flow.LINGER", LONG)


@pytest.mark.usefixtures("unhurried")
def test_alike_tasks_that_wait_are_drawn_together() -> None:
    release = Event()
    work = Acts(kind=lambda task: task[0])
    work.draw_ = lambda task: release.wait(PATIENT) if task == "z0" else task
    items = ["z0", "a1", "b1", "a2", "a3", "b2", "a4", "a5"]
    pools = Pools(describing=1, drawing=1, finishing=1, together=4)
    _, came = in_background(Engine(work, pools), iter(items))
    until(lambda: len(work.of("describe")) == 8 and work.of("draw"))
    release.set()
    until(lambda: came)
    assert came == [Counts(done=8, pictures=8)]
    assert work.of("draw") == [["z0"], ["a1", "a2", "a3", "a4"], ["b1", "b2"], ["a5"]]


@pytest.mark.usefixtures("unhurried")
def test_drawing_together_waits_a_moment_for_what_is_being_described() -> None:
    work = Acts(describe_=lambda item: time.sleep(0.01) or [item])
    pools = Pools(describing=1, drawing=1, finishing=1, together=3)
    assert Engine(work, pools).run(iter(range(6))).done == 6
    assert work.of("draw") == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.usefixtures("unhurried")
def test_drawing_together_does_not_wait_for_an_input_that_pauses() -> None:
    work = Acts()
    pools = Pools(describing=1, drawing=1, finishing=1, together=3)

    def live() -> Iterator[int]:
        yield 0
        until(lambda: work.concluded)
        yield 1

    assert Engine(work, pools).run(live()).done == 2
    assert work.of("draw") == [[0], [1]]


def test_each_task_of_a_group_has_its_own_end() -> None:
    work = Acts(describe_=lambda item: ["a", "b", "c"])
    work.draw_ = lambda task: RefusedError("The painter refused.") if task == "b" else task
    pools = Pools(describing=1, drawing=1, finishing=1, together=3)
    assert Engine(work, pools).run(iter([1])) == Counts(failed=1, pictures=2)
    assert work.concluded == [(1, ["The painter refused."])]


def test_a_missing_result_fails_the_whole_group() -> None:
    work = Acts(describe_=lambda item: ["a", "b"])
    work.draw = lambda tasks: tasks[:1]  # type: ignore[method-assign]
    pools = Pools(describing=1, drawing=1, finishing=1, together=2)
    Engine(work, pools).run(iter([1]))
    fault = (
        "This is a fault of imagine itself (RuntimeError: 1 results of 2 tasks); run it with -v "
        "and report what it says."
    )
    assert work.concluded == [(1, [fault, fault])]


# --- Errors


@pytest.mark.parametrize("stage", ["describe_", "draw_", "finish_"])
def test_an_error_ends_its_item_and_no_other(stage: str) -> None:
    work = Acts()
    setattr(work, stage, failing(RefusedError("The fox was refused."), at=1))
    counts = Engine(work, ONE_EACH).run(iter(range(3)))
    assert (counts.done, counts.failed) == (2, 1)
    assert sorted(work.concluded) == [(0, []), (1, ["The fox was refused."]), (2, [])]


@pytest.mark.parametrize("stage", ["describe_", "draw_", "finish_", "is_cheap", "alike"])
def test_a_fault_of_the_program_ends_its_item_and_no_other(stage: str) -> None:
    fault = KeyError("fox\nand hound")
    work = Acts()
    setattr(work, stage, failing(fault, at=1))
    ends: list[Sequence[ImagineError]] = []
    work.conclude = lambda item, errors: ends.append(errors)  # type: ignore[method-assign]
    pools = Pools(describing=1, drawing=1, finishing=1, together=2 if stage == "alike" else 1)
    counts = Engine(work, pools).run(iter(range(3)))
    assert (counts.done, counts.failed) == (2, 1)
    (error,) = next(errors for errors in ends if errors)
    assert str(error) == (
        "This is a fault of imagine itself (KeyError: 'fox\\nand hound'); run it with -v and "
        "report what it says."
    )
    assert error.__cause__ is fault
    assert fault.__traceback__ is not None


@pytest.mark.parametrize("stage", ["describe_", "draw_", "finish_"])
def test_who_was_stopped_while_waiting_has_not_ended(stage: str) -> None:
    work = Acts()
    setattr(work, stage, failing(StoppedError("Stopped."), at=1))
    counts = Engine(work, ONE_EACH).run(iter(range(3)))
    assert (counts.done, counts.failed) == (2, 0)
    assert sorted(work.concluded) == [(0, []), (2, [])]


@pytest.mark.parametrize("stage", ["describe_", "draw_", "finish_"])
def test_a_halting_error_ends_the_batch_after_what_is_in_flight(stage: str) -> None:
    """Item 0 is being drawn when item 1 halts the batch."""
    stopped = Event()
    halting = failing(ConfigError("The key was rejected."), at=1)
    waiting = Event()

    def act(thing: int) -> Any:
        if thing == 0:
            waiting.set()
            assert stopped.wait(PATIENT)
            return [thing]
        assert waiting.wait(PATIENT)
        return halting(thing)

    work = Acts()
    setattr(work, stage, act)
    told: list[Counts] = []

    def on_stop(counts: Counts) -> None:
        told.append(counts)
        stopped.set()

    engine = Engine(work, Pools(describing=2, drawing=2, finishing=1), on_stop=on_stop)
    with pytest.raises(ConfigError, match=r"^The key was rejected\.$"):
        engine.run(iter(range(1000)))
    ended = dict(work.concluded)
    assert 1 not in ended
    # Described after the stop, item 0 is not drawn any more.
    assert (0 in ended) == (stage != "describe_")
    assert len(work.of("describe")) < 50
    assert len(told) == 1


def test_the_first_halting_error_wins() -> None:
    both = Event()

    def draw(task: int) -> None:
        if task == 1:
            raise ConfigError("first")
        assert both.wait(PATIENT)
        raise ConfigError("second")

    work = Acts(draw_=draw)
    engine = Engine(
        work,
        Pools(describing=1, drawing=2, finishing=1),
        on_stop=lambda counts: both.set(),
    )
    with pytest.raises(ConfigError, match=r"^first$"):
        engine.run(iter(range(10)))
    assert work.concluded == []


def test_an_end_that_cannot_be_written_down_ends_the_batch() -> None:
    work = Acts(conclude_=failing(SaveError("The journal cannot be written."), at=2))
    with pytest.raises(SaveError, match=r"^The journal cannot be written\.$"):
        Engine(work, ONE_EACH).run(iter(range(1000)))
    assert [item for item, _ in work.concluded][:2] == [0, 1]
    assert len(work.of("describe")) < 50


outcomes = st.sampled_from(["fine", "fails", "faulty", "stopped"])
stories = st.lists(
    st.tuples(outcomes, st.lists(st.tuples(outcomes, outcomes), max_size=4)), max_size=25
)


@settings(max_examples=60, deadline=None)
@given(
    stories,
    st.builds(
        Pools,
        describing=st.integers(1, 4),
        drawing=st.integers(1, 4),
        finishing=st.integers(1, 3),
        together=st.integers(1, 3),
    ),
    st.booleans(),
)
def test_every_item_is_concluded_once_whatever_fails(
    stories: list[tuple[str, list[tuple[str, str]]]], pools: Pools, cheap: bool
) -> None:
    def come(outcome: str, what: str) -> None:
        if outcome == "fails":
            raise RefusedError(what)
        if outcome == "faulty":
            raise ValueError(what)
        if outcome == "stopped":
            raise StoppedError(what)

    def describe(item: int) -> Sequence[tuple[int, int]]:
        come(stories[item][0], f"{item}")
        return [(item, number) for number in range(len(stories[item][1]))]

    def draw(task: tuple[int, int]) -> Any:
        try:
            come(stories[task[0]][1][task[1]][0], f"{task}")
        except ImagineError as error:
            return error
        except ValueError as error:
            return ImagineError(f"fault {error}")
        return task

    work = Acts(describe, draw, cheap=cheap)
    work.finish_ = lambda task: come(stories[task[0]][1][task[1]][1], f"{task}")
    counts = Engine(work, pools).run(iter(range(len(stories))))

    expected = {}
    for item, (described, tasks) in list(zip(range(len(stories)), stories, strict=True)):
        ends = (
            [described]
            if described != "fine"
            else [drawn if drawn != "fine" else finished for drawn, finished in tasks]
        )
        if "stopped" not in ends:
            expected[item] = sum(end != "fine" for end in ends)
    assert {item: len(errors) for item, errors in work.concluded} == expected
    assert len(work.concluded) == len(expected)
    assert counts.done == sum(failed == 0 for failed in expected.values())
    assert counts.failed == len(expected) - counts.done
    assert (counts.describing, counts.waiting, counts.drawing, counts.finishing) == (0, 0, 0, 0)


# --- A service that is dead


def test_too_many_failures_in_a_row_end_the_batch() -> None:
    work = Acts(draw_=failing(ProviderError("Google Gemini cannot be reached; try later.")))
    with pytest.raises(ProviderError) as caught:
        Engine(work, ONE_EACH, max_failures=10).run(iter(range(1000)))
    assert str(caught.value) == (
        "10 pictures in a row failed, the last with: Google Gemini cannot be reached; try later; "
        "nothing more was begun, so run the same command again to go on."
    )
    assert [item for item, _ in work.concluded] == list(range(10))


def test_descriptions_that_fail_in_a_row_end_the_batch() -> None:
    work = Acts(describe_=failing(ProviderError("Nobody answers.")))
    with pytest.raises(ProviderError, match=r"^3 descriptions in a row failed"):
        Engine(work, ONE_EACH, max_failures=3).run(iter(range(1000)))


@pytest.mark.parametrize("answer", ["a picture", RefusedError("No.")])
def test_who_answers_now_and_then_is_not_dead(answer: object) -> None:
    work = Acts()
    work.draw_ = lambda task: answer if task % 10 == 9 else ProviderError("Nobody answers.")
    counts = Engine(work, ONE_EACH, max_failures=10).run(iter(range(100)))
    assert counts.done + counts.failed == 100


def test_what_no_service_was_asked_for_says_nothing_about_it() -> None:
    work = Acts()
    work.draw_ = lambda task: (UsageError if task % 2 else ProviderError)("It failed.")
    with pytest.raises(ProviderError, match=r"^10 pictures in a row failed"):
        Engine(work, ONE_EACH, max_failures=10).run(iter(range(100)))
    assert len(work.concluded) == 19


def test_all_that_was_in_flight_may_fail_at_once() -> None:
    """A server starts anew, and 16 requests are lost in one moment."""
    together = Event()
    work = Acts()

    def draw(task: int) -> Any:
        if task < 16:
            if len(work.of("draw")) == 16:
                together.set()
            assert together.wait(PATIENT)
            return ProviderError("The connection was lost.")
        return task

    work.draw_ = draw
    counts = Engine(work, Pools(16, 16, 1), max_failures=3).run(iter(range(100)))
    assert (counts.done, counts.failed) == (84, 16)


# --- The items


def test_the_counts_are_told_while_the_next_item_is_waited_for() -> None:
    told: list[Counts] = []
    work = Acts()

    def live() -> Iterator[int]:
        yield 0
        until(lambda: told and told[-1].done == 1)
        yield 1

    engine = Engine(work, ONE_EACH, tick=told.append, interval=0.01)
    counts = engine.run(live())
    assert counts == Counts(done=2, pictures=2)
    assert told[-1] == counts


def test_an_error_of_the_input_is_raised_when_what_came_before_is_finished() -> None:
    def items() -> Iterator[int]:
        yield 0
        until(lambda: work.of("draw"))
        release.set()
        raise UsageError("Line 2 cannot be read.")

    release = Event()
    work = Acts(draw_=lambda task: release.wait(PATIENT))
    with pytest.raises(UsageError, match=r"^Line 2 cannot be read\.$"):
        Engine(work, ONE_EACH).run(items())
    assert work.concluded == [(0, [])]


def test_an_error_of_the_display_is_not_swallowed() -> None:
    def tick(counts: Counts) -> None:
        raise OSError("the terminal is gone")

    work = Acts(draw_=lambda task: time.sleep(0.01))
    with pytest.raises(OSError, match="the terminal is gone"):
        Engine(work, ONE_EACH, tick=tick).run(iter(range(1000)))


def test_a_live_input_can_see_that_it_is_not_needed_any_more() -> None:
    def live() -> Iterator[int]:
        yield 0
        until(lambda: engine.stopping)

    engine = Engine(Acts(draw_=failing(ConfigError("No key."))), ONE_EACH)
    with pytest.raises(ConfigError, match=r"^No key\.$"):
        engine.run(live())


# --- Stopping


def test_stop_finishes_what_is_in_flight_and_begins_nothing_new() -> None:
    release = Event()
    work = Acts(draw_=lambda task: release.wait(PATIENT))
    told: list[Counts] = []
    engine = Engine(work, Pools(2, 3, 1), on_stop=told.append)
    _, came = in_background(engine, iter(range(1000)))
    until(lambda: len(work.of("draw")) == 3)
    described = 3 + 3 + SPARE
    stays(lambda: len(work.of("describe")), described)
    engine.stop()
    until(lambda: told)
    release.set()
    until(lambda: came)
    assert came == [Counts(done=3, pictures=3)]
    assert len(work.of("describe")) == described
    assert sorted(item for item, _ in work.concluded) == [0, 1, 2]
    assert told[0].drawing == 3


def test_what_was_drawn_is_finished_after_a_stop() -> None:
    release = Event()
    work = Acts(cheap=False, finish_=lambda task: release.wait(PATIENT))
    engine = Engine(work, Pools(2, 2, 1))
    _, came = in_background(engine, iter(range(1000)))
    # One is being finished, one waits for it, and each thread that draws holds one more.
    drawn = 1 + 1 + 2
    stays(lambda: len(work.of("draw")), drawn)
    engine.stop()
    release.set()
    until(lambda: came)
    assert came == [Counts(done=drawn, pictures=drawn)]


def interrupt() -> None:
    """As Ctrl-C does: a signal for the main thread, where the tests run."""
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_once_finishes_what_is_in_flight() -> None:
    stopped = Event()
    work = Acts()

    def draw(task: int) -> int:
        if task == 1:
            interrupt()
        assert stopped.wait(PATIENT)
        return task

    work.draw_ = draw
    engine = Engine(work, Pools(2, 2, 1), on_stop=lambda counts: stopped.set())
    with pytest.raises(KeyboardInterrupt):
        engine.run(iter(range(1000)))
    assert sorted(work.concluded) == [(0, []), (1, [])]


def test_ctrl_c_interrupts_waiting_for_the_next_item() -> None:
    work = Acts()

    def live() -> Iterator[int]:
        yield 0
        until(lambda: work.concluded)
        interrupt()
        time.sleep(LONG)
        yield 1

    with Limit(), pytest.raises(KeyboardInterrupt):
        Engine(work, ONE_EACH).run(live())
    assert work.concluded == [(0, [])]


def test_ctrl_c_twice_waits_for_nothing() -> None:
    never = Event()
    work = Acts()

    def draw(task: int) -> int:
        interrupt()
        never.wait(LONG)
        return task

    work.draw_ = draw
    with Limit(), pytest.raises(KeyboardInterrupt):
        Engine(work, ONE_EACH, on_stop=lambda counts: interrupt()).run(iter(range(1000)))
    assert work.concluded == []
    never.set()


def test_after_a_termination_work_in_flight_has_a_limited_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.3)
    never = Event()

    def terminate(number: int, frame: object) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, terminate)
    work = Acts()

    def draw(task: int) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        never.wait(LONG)
        return task

    work.draw_ = draw
    start = time.monotonic()
    try:
        with Limit(), pytest.raises(SystemExit, match="143"):
            Engine(work, ONE_EACH, tick=lambda counts: None).run(iter(range(1000)))
    finally:
        signal.signal(signal.SIGTERM, before)
        never.set()
    assert time.monotonic() - start >= 0.3


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Python swallows what a signal raises while the garbage collector runs a callback."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_ctrl_c_at_any_instant_neither_hangs_nor_loses_an_end() -> None:
    for number in range(40):
        work = Acts(cheap=number % 2 == 0)
        start = time.monotonic()

        def items(start: float = start, seconds: float = number * 0.0007) -> Iterator[int]:
            Timer(seconds, interrupt).start()
            yield from takewhile(lambda item: time.monotonic() - start < PATIENT, count())

        with pytest.raises(KeyboardInterrupt):
            Engine(work, Pools(2, 4, 2)).run(items())
        ended = [item for item, _ in work.concluded]
        assert len(ended) == len(set(ended))
        assert sorted(ended) == sorted(work.of("finish"))
    until(all_threads_ended)
