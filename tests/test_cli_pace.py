"""The pace of a batch: rates and times left by an injected clock, and how they are written."""

import pytest

from imagine.cli.pace import Pace, duration_text, rate_text, rough_duration_text


def paced(pace: Pace, ends: dict[int, int], *, until: int, in_flight: int = 1) -> None:
    """Let items end: so many (the value) have ended from that second (the key) on."""
    ended = 0
    for tenth in range(until * 10 + 1):
        ended = ends.get(tenth // 10, ended)
        pace.see(tenth / 10, ended=ended, pictures=ended, in_flight=in_flight)


def test_nothing_is_known_before_the_first_item_ended() -> None:
    pace = Pace(0.0)
    paced(pace, {}, until=20)
    assert pace.pictures_a_minute is None
    assert pace.seconds_left(100) is None


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    pace = Pace(0.0)
    slow = {second: second for second in range(1, 101)}
    fast = {100 + second: 100 + 4 * second for second in range(1, 101)}
    paced(pace, slow | fast, until=200)
    assert pace.pictures_a_minute == pytest.approx(240, rel=0.05)
    assert pace.seconds_left(400) == pytest.approx(100, rel=0.05)


def test_a_slow_batch_is_measured_over_as_long_as_it_takes() -> None:
    pace = Pace(0.0)
    paced(pace, {90 * item: item for item in range(1, 11)}, until=900)
    assert pace.pictures_a_minute == pytest.approx(60 / 90, rel=0.05)
    assert pace.seconds_left(10) == pytest.approx(900, rel=0.05)


@pytest.mark.parametrize("second", [300, 310, 320, 329])
def test_pictures_that_come_in_waves_have_one_rate(second: int) -> None:
    pace = Pace(0.0)
    paced(pace, {30 * wave: 64 * wave for wave in range(1, 11)}, until=second, in_flight=64)
    assert pace.pictures_a_minute == pytest.approx(128, rel=0.35)


def test_a_stall_lowers_the_rate() -> None:
    pace = Pace(0.0)
    paced(pace, {second: second for second in range(1, 61)}, until=120)
    rate = pace.pictures_a_minute
    assert rate is not None
    assert rate < 30


def test_failures_count_as_progress_and_not_as_pictures() -> None:
    pace = Pace(0.0)
    for second in range(1, 21):
        pace.see(float(second), ended=second, pictures=0, in_flight=1)
    assert pace.pictures_a_minute is None
    assert pace.seconds_left(30) == pytest.approx(30)


def test_what_is_through_has_no_time_left() -> None:
    pace = Pace(0.0)
    paced(pace, {1: 10}, until=5)
    assert pace.seconds_left(0) is None


def test_memory_stays_small_in_a_long_batch() -> None:
    pace = Pace(0.0)
    for tenth in range(200_000):
        pace.see(tenth / 10, ended=tenth, pictures=tenth, in_flight=16)
    assert len(pace._moments) < 100


@pytest.mark.parametrize(
    ("a_minute", "text"),
    [
        (1234.5, "1,234 a minute"),
        (48.2, "48 a minute"),
        (9.96, "10 a minute"),
        (4.54, "4.5 a minute"),
        (3.0, "3 a minute"),
        (0.96, "1 a minute"),
        (0.5, "30 an hour"),
        (0.001, "less than 1 an hour"),
    ],
)
def test_rates_are_written_for_people(a_minute: float, text: str) -> None:
    assert rate_text(a_minute) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-0.01, "0.0 s"),
        (0.44, "0.4 s"),
        (9.949, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (252, "4 min 12 s"),
        (3599.7, "1 h"),
        (7500, "2 h 5 min"),
        (86_399, "1 day"),
        (90_000, "1 day 1 h"),
        (263_000, "3 days 1 h"),
    ],
)
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.1, "5 s"),
        (41, "45 s"),
        (90, "90 s"),
        (91, "2 min"),
        (240, "4 min"),
        (5_400, "90 min"),
        (7_700, "2 h 10 min"),
        (86_300, "1 day"),
        (200_000, "2 days 8 h"),
    ],
)
def test_times_left_are_written_roughly(seconds: float, text: str) -> None:
    assert rough_duration_text(seconds) == text
