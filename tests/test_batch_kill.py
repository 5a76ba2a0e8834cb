"""A batch that is killed or interrupted at random moments, and run again: nothing is lost, and
nothing is paid twice that had arrived. The long versions are in benchmarks/batch.py."""

import random
import signal
from collections.abc import Callable
from math import inf
from pathlib import Path

import pytest
from batch_results import found_in
from batch_runs import Ran, batch_command, environment_of, numbered_prompts, run
from fakes import Fake, serve
from fakes.audit import Repeats, payments_in, repeats_in

ITEMS = 60
# Pictures that a kill may find received and not yet saved, however slow the machine is at saving:
# as many as were asked for at a time, and as many before them. The benchmark counts within 50 ms.
UNSAVED = 8


def batch_of(fake: Fake, directory: Path) -> Callable[..., Ran]:
    """The same command again and again."""
    file = directory / "prompts.txt"
    file.write_text("\n".join(numbered_prompts(ITEMS)) + "\n", encoding="utf-8")
    command = batch_command(file, directory / "out")
    environment = environment_of(fake, directory / "home")
    return lambda **stop: run(command, cwd=directory, environment=environment, **stop)


def check_all_is_there(out: Path, fake: Fake) -> None:
    found = found_in(out, {entry.prompt for entry in fake.log.of("image")})
    assert (found.broken, found.doubled, found.stray, found.left, found.wrong) == ((),) * 5
    assert found.good == len(found.lines) == ITEMS
    assert found.statuses == {"done": ITEMS}


@pytest.mark.parametrize(
    ("number", "rounds"), [(signal.SIGKILL, 6), (signal.SIGINT, 3)], ids=["kill", "interrupt"]
)
def test_a_batch_that_is_stopped_at_random_goes_on_where_it_was(
    number: int, rounds: int, tmp_path: Path
) -> None:
    chance = random.Random(number)
    log = tmp_path / "log.jsonl"
    latency = {"text": 0.02, "image": (0.1, 0.3)}
    with serve("gemini", tiny=True, latency=latency, concurrency=4, log=log) as fake:
        again = batch_of(fake, tmp_path)
        stops = []
        for _ in range(rounds):
            ran = again(stop_after=chance.uniform(0.4, 1.4), stop_with=number)
            stops += [ran.signalled] if ran.signalled is not None else []
        last = again()
        assert (last.code, last.err) == (0, "")
        assert stops
        check_all_is_there(tmp_path / "out", fake)
    kills = stops if number == signal.SIGKILL else []
    repeats = repeats_in(payments_in(log), kills=kills)
    assert inf not in repeats.arrived
    assert len(repeats.arrived) <= UNSAVED * len(kills)
    if number == signal.SIGINT:
        assert repeats == Repeats()


def test_a_finished_batch_asks_nobody_again(tmp_path: Path) -> None:
    with serve("gemini", tiny=True) as fake:
        again = batch_of(fake, tmp_path)
        first = again()
        asked = len(fake.entries)
        second = again()
        assert (first.code, second.code, second.err) == (0, 0, "")
        assert len(fake.entries) == asked == 2 * ITEMS
        check_all_is_there(tmp_path / "out", fake)
