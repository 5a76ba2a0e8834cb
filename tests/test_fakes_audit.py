"""The audit of a log file: which payments were repeated, and which of those are excused."""

import json
import math
from pathlib import Path

import pytest
from fakes.audit import Payment, Repeats, payments_in, read_log, repeats_in

KILL = 100.0


def paid(prompt: str, asked: float, written: float) -> Payment:
    return Payment(prompt, asked, written, 1)


@pytest.mark.parametrize(
    ("first", "repeats"),
    [
        (paid("a fox", 99.0, 0.0), Repeats(in_flight=1)),
        (paid("a fox", 99.0, 101.0), Repeats(in_flight=1)),
        (paid("a fox", 99.0, 99.75), Repeats(arrived=(0.25,))),
        (paid("a fox", 100.5, 101.0), Repeats(arrived=(math.inf,))),
        (paid("a fox", 100.5, 0.0), Repeats(arrived=(math.inf,))),
    ],
)
def test_a_repeated_payment_is_told_by_the_kill_that_caused_it(
    first: Payment, repeats: Repeats
) -> None:
    again = paid("a fox", 105.0, 106.0)
    assert repeats_in([first, again, paid("a cat", 98.0, 0.0)], kills=[50.0, KILL]) == repeats


def test_two_pictures_of_one_request_count_twice() -> None:
    repeats = repeats_in([Payment("a fox", 1.0, 2.0, 2)], kills=[])
    assert repeats == Repeats(arrived=(math.inf,))


def test_only_what_there_was_time_to_save_is_unexcused() -> None:
    assert Repeats(arrived=(0.01, 0.2, math.inf)).unexcused(0.05) == (0.2, math.inf)


def test_a_log_goes_on_after_a_line_that_a_killed_server_left_unfinished(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    line = {"prompt": "a fox", "time": 1.0, "written": 2.0, "paid": 1}
    path.write_text(f'{json.dumps(line)}\n{json.dumps(line | {"paid": 0})}\n{{"prompt": "a c')
    assert len(read_log(path)) == 2
    assert payments_in(path) == [Payment("a fox", 1.0, 2.0, 1)]
    assert read_log(tmp_path / "missing.jsonl") == []
