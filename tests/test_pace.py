"""Paces against servers on a simulated clock: what they find, how fast, and what it costs."""

import math
from itertools import pairwise

import pytest
from simulated import Run, Server

from imagine.stages.network import pace as pace_module
from imagine.stages.network.pace import Pace


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace_module.random, "uniform", lambda low, high: 0.0)


@pytest.mark.parametrize("way", [0.001, 0.03, 0.15])
@pytest.mark.parametrize("limit", [1, 4, 8, 16, 32])
def test_the_limit_is_found_and_kept_to(limit: int, way: float) -> None:
    server = Server(at_once=limit, way=way)
    run = Run(server, items=96)
    assert run.done == len(server.accepted) == 96
    assert run.pace.limit == limit
    assert run.news == [f"takes {limit} request{'s' if limit > 1 else ''} at a time"]
    at_once = [time for time in server.rejected if time < 1.0]
    assert len(at_once) <= 64 + limit
    # Later there is one for each time that more are tried.
    assert len(server.rejected) - len(at_once) <= 4
    assert run.took <= math.ceil(96 / limit) * (server.latency + 2 * way) + 0.2


def test_a_server_that_takes_all_is_given_all_at_once() -> None:
    run = Run(Server(way=0.001), items=96)
    assert (run.pace.limit, run.server.most_working, run.news) == (64, 64, [])
    assert run.took < 4.2


def test_few_requests_raise_no_limit() -> None:
    run = Run(Server(), items=40, hands=10)
    assert (run.pace.limit, run.server.most_working) == (16, 10)


def test_a_cap_is_kept_to() -> None:
    run = Run(Server(), items=40, most=3)
    assert (run.pace.limit, run.server.most_working) == (3, 3)


@pytest.mark.parametrize("delay", [None, 0.0, 0.3, 3.0])
def test_the_delay_of_a_server_costs_no_more_than_itself(delay: float | None) -> None:
    run = Run(Server(at_once=16, delay=delay), items=96)
    assert run.pace.limit == 16
    assert run.took < 12.3 + max(0.0, (delay or 0) - 2)


def test_before_the_delay_is_over_places_that_become_free_are_used_and_no_others() -> None:
    server = Server(at_once=4, latency=0.5, delay=3.0)
    run = Run(server, items=40, hands=16)
    assert len([time for time in server.accepted if time < 3.0]) == 4 * 6
    assert len(server.rejected) <= 14
    assert run.took < 5.5


def test_a_server_that_counts_something_else_gets_its_whole_delay() -> None:
    pace = Pace(64)
    turns = [pace.begin(0.0) for _ in range(4)]
    pace.rejected(turns[0], 0.1, delay=3.0, per_minute=False)
    pace.end(turns[0], 0.1)
    pace.end(turns[1], 0.5)
    assert pace.wait(0.5) == 0.0
    in_place = pace.begin(0.5)
    pace.rejected(in_place, 0.6, delay=3.0, per_minute=False)
    pace.end(in_place, 0.6)
    pace.end(turns[2], 0.7)
    assert pace.wait(0.7) == pytest.approx(2.9, abs=0.05)


def test_a_limit_that_falls_is_followed() -> None:
    server = Server(at_once=32)
    run = Run(server, items=500, events={10.0: lambda: setattr(server, "at_once", 8)})
    assert run.pace.limit == 8
    bound = 10 + (500 - 160) / 8 * server.latency
    assert run.took < 1.05 * bound


def test_a_limit_that_rises_is_found_after_a_while() -> None:
    server = Server(at_once=8)
    run = Run(server, items=2000, events={30.0: lambda: setattr(server, "at_once", 32)})
    assert run.pace.limit == 32
    assert run.took < 2 * 2000 / 32 * server.latency
    later = [time for time in server.rejected if time > 1.0]
    assert len(later) <= 4


def test_trying_more_becomes_rare_when_it_fails() -> None:
    server = Server(at_once=8)
    Run(server, items=2400)
    later = [time for time in server.rejected if time > 1.0]
    gaps = [after - before for before, after in pairwise(later)]
    assert len(later) == 4
    assert all(after > 1.9 * before for before, after in pairwise(gaps))


@pytest.mark.parametrize("minutes", [3, 5, 10])
def test_sixty_a_minute_are_used_and_hardly_any_wasted(minutes: int) -> None:
    server = Server(per_minute=60)
    run = Run(server, items=60 * minutes)
    assert run.done == 60 * minutes
    # The first minute's worth goes at once, the last one's too.
    assert run.took - server.latency < 60 * (minutes - 1) / 0.98
    assert len(server.rejected) / (len(server.rejected) + 60 * minutes) < 0.03
    assert run.news[0] == "allows 60 requests a minute: waiting 59 s"
    assert len(run.news) <= minutes


def test_minutes_by_the_clock_are_kept_to_as_well() -> None:
    server = Server(per_minute=60, fixed=True)
    Run(server, items=300, begin=1030.0)
    assert len(server.rejected) <= 8
    assert len(server.accepted) == 300


def test_an_allowance_that_somebody_else_had_used_is_found_in_time() -> None:
    server = Server(per_minute=60)
    server.accepted = [950.0 + number for number in range(50)]
    run = Run(server, items=900, begin=1000.0)
    assert run.took < 1400
    assert len(server.rejected) < 0.03 * 900
    late = [time for time in server.accepted if time > 2000.0]
    assert len(late) / (max(late) - min(late)) > 0.9


def test_an_allowance_and_a_limit_are_both_kept_to() -> None:
    server = Server(per_minute=120, at_once=8)
    run = Run(server, items=360)
    # 8 at a time take 2 s each: 240 a minute, so that the minute decides.
    assert (run.done, server.most_working) == (360, 8)
    assert run.took < 152
    assert len(server.rejected) < 20


def test_words_about_a_minute_mean_nothing_with_a_delay_that_no_minute_explains() -> None:
    """A proxy says so of too many at once; a minute's limit would stop everything for a minute."""
    pace = Pace(64)
    turns = [pace.begin(0.0) for _ in range(16)]
    for turn in turns[4:]:
        pace.rejected(turn, 0.1, delay=1.0, per_minute=True)
        pace.end(turn, 0.1)
    assert (pace.limit, pace.news(1.1)) == (4, "takes 4 requests at a time")
    for turn in turns[:4]:
        pace.end(turn, 1.0)
    assert pace.wait(1.1) == 0.0


# Sixteen went out at 0.0 s, and the first is rejected at 0.1 s.
REJECTIONS = [
    # delay, words about a minute, limit at once, seconds of rest, what is told
    (59.9, False, 16, 60.5, "allows 15 requests a minute: waiting 60 s"),
    (59.9, True, 16, 60.5, "allows 15 requests a minute: waiting 60 s"),
    # A minute by the clock.
    (34.0, True, 16, 60.5, "allows 15 requests a minute: waiting 60 s"),
    (None, True, 15, 0.25, "takes 15 requests at a time"),
    (34.0, False, 15, 34.0, "takes 15 requests at a time: waiting 34 s"),
    (1.0, True, 15, 1.0, "takes 15 requests at a time"),
    (1.0, False, 15, 1.0, "takes 15 requests at a time"),
    (None, False, 15, 0.25, "takes 15 requests at a time"),
]


@pytest.mark.parametrize(("delay", "per_minute", "limit", "rest", "told"), REJECTIONS)
def test_words_and_delay_tell_what_there_was_too_much_of(
    delay: float | None, per_minute: bool, limit: int, rest: float, told: str
) -> None:
    pace = Pace(64)
    turns = [pace.begin(0.0) for _ in range(16)]
    pace.rejected(turns[0], 0.1, delay=delay, per_minute=per_minute)
    pace.end(turns[0], 0.1)
    assert (pace.limit, pace.rest(0.1)) == (limit, pytest.approx(rest))
    assert pace.news(0.3) is None
    assert pace.news(0.5) == told
    assert pace.news(0.6) is None


def test_of_a_minute_that_somebody_else_used_up_nothing_is_learnt() -> None:
    pace = Pace(64)
    turn = pace.begin(0.0)
    pace.rejected(turn, 0.1, delay=34.0, per_minute=True)
    pace.end(turn, 0.1)
    assert pace.news(1.1) == "is busy: waiting 33 s"
    assert pace.wait(34.2) == 0.0
    for _ in range(16):
        assert pace.wait(34.2) == 0.0
        pace.begin(34.2)


def test_a_server_that_takes_nothing_is_asked_less_and_less_often() -> None:
    pace, now, asked = Pace(64), 0.0, []
    while now < 200:
        turn = pace.begin(now)
        asked.append(round(now))
        pace.rejected(turn, now + 0.1, delay=None, per_minute=False)
        pace.end(turn, now + 0.1)
        now += 0.1 + pace.wait(now + 0.1)
    assert asked[:9] == [0, 0, 1, 2, 4, 8, 16, 32, 63]
    assert pace.rejected_for(now) == pytest.approx(now - 0.1)


def test_a_server_that_takes_something_again_is_no_longer_called_busy() -> None:
    pace = Pace(64)
    turn, other = pace.begin(0.0), pace.begin(0.0)
    pace.rejected(turn, 0.1, delay=None, per_minute=False)
    pace.end(turn, 0.1)
    pace.end(other, 2.0)
    assert pace.rejected_for(2.0) == 0.0


def test_a_server_that_was_not_ready_is_used_in_full_when_it_is() -> None:
    """It rejected all of them, so that there were not too many."""
    server = Server(at_once=0)
    run = Run(server, items=64, events={5.0: lambda: setattr(server, "at_once", 64)})
    assert run.pace.limit >= 32
    assert run.took < 5 + 2 + server.latency + 1


def reject_one_of(pace: Pace, count: int, now: float) -> None:
    """Send requests together, of which the service takes all but one."""
    turns = [pace.begin(now) for _ in range(count)]
    pace.rejected(turns[0], now + 0.1, delay=0.5, per_minute=False)
    for turn in turns:
        pace.end(turn, now + 0.2)


def test_the_first_rejection_of_few_requests_is_an_accident_and_the_next_halves_the_limit() -> None:
    pace, limits = Pace(16), []
    for now in range(3):
        reject_one_of(pace, 3, now)
        limits.append(pace.limit)
    assert limits == [16, 8, 4]


def test_one_rejection_after_many_requests_is_an_accident_and_two_are_not() -> None:
    pace = Pace(4)
    for now in range(5):
        pace.end(pace.begin(now), now + 0.5)
    reject_one_of(pace, 4, 10.0)
    assert pace.limit == 4
    reject_one_of(pace, 4, 11.0)
    assert pace.limit == 3


def test_a_limit_that_hardly_changes_is_no_news() -> None:
    pace, told, limits = Pace(16), [], []
    for now in range(0, 60, 3):
        reject_one_of(pace, pace.limit, now)
        limits.append(pace.limit)
        told.append(pace.news(now + 1.5))
    said = [int(words.split()[1]) for words in told if words]
    assert said[0] == limits[0] == 15
    assert set(said) < set(limits)
    assert all(after < 0.81 * before for before, after in pairwise(said))


def test_what_ended_meanwhile_was_what_the_server_was_busy_with() -> None:
    """Answers of rejected requests that come late take away no more than those that came early."""
    pace = Pace(16)
    turns = [pace.begin(0.0) for _ in range(16)]
    pace.rejected(turns[15], 0.1, delay=1.0, per_minute=False)
    pace.end(turns[15], 0.1)
    for turn in turns[:8]:
        pace.end(turn, 0.2)
    for turn in turns[8:15]:
        pace.rejected(turn, 0.3, delay=1.0, per_minute=False)
        pace.end(turn, 0.3)
    assert pace.limit == 8
