import pytest

from imagine.stages.network.waits import seconds_of, seconds_shown

DURATIONS = [
    (2.5, 2.5),
    ("2.5", 2.5),
    ("2.5s", 2.5),
    ("1m30s", 90),
    ("6m0s", 360),
    ("15ms", 0.015),
    ({"seconds": "2", "nanos": 500_000_000}, 2.5),
    ({"nanos": 500_000_000}, 0.5),
    (0, 0),
    (-1, None),
    ("-1s", None),
    (float("nan"), None),
    (float("inf"), None),
    (True, None),
    ("", None),
    ("tomorrow", None),
    (None, None),
    ([], None),
]


@pytest.mark.parametrize(("value", "seconds"), DURATIONS)
def test_durations_are_read_as_servers_write_them(value: object, seconds: float | None) -> None:
    assert seconds_of(value) == seconds


SHOWN = [
    (0.0, "0.1 s"),
    (0.44, "0.4 s"),
    (2.0, "2 s"),
    (12.4, "12 s"),
    (119.0, "119 s"),
    (180.0, "3 min"),
    (7 * 3600.0, "7 h"),
]


@pytest.mark.parametrize(("seconds", "shown"), SHOWN)
def test_waits_are_shown_in_a_unit_that_fits(seconds: float, shown: str) -> None:
    assert seconds_shown(seconds) == shown
