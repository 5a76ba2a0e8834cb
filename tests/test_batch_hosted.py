"""Whole batches against a server that is slow, busy and faulty: what is recorded, saved, and paid.

The long versions are in benchmarks/batch.py.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from batch_results import Found, found_in
from batch_runs import Ran, batch_command, environment_of, numbered_prompts, run
from fakes import Fake, serve
from patience import LONG, PATIENT

ITEMS = 80


def batch(fake: Fake, directory: Path, *options: str, items: int = ITEMS) -> tuple[Ran, Found]:
    """Run a batch to its end, and look at what it left."""
    file = directory / "prompts.txt"
    file.write_text("\n".join(numbered_prompts(items)) + "\n", encoding="utf-8")
    ran = run(
        batch_command(file, directory / "out", *options),
        cwd=directory,
        environment=environment_of(fake, directory / "home"),
        patience=60,
    )
    found = found_in(directory / "out", {entry.prompt for entry in fake.log.of("image")})
    assert (found.broken, found.doubled, found.stray, found.left, found.wrong) == ((),) * 5
    return ran, found


@contextmanager
def drawing_once(fake: Fake, enough: Callable[[], object]) -> Iterator[None]:
    """The fake draws nothing until it has been asked for enough, and from then on in a moment."""
    over = Event()

    def draw() -> None:
        end = time.monotonic() + PATIENT
        while not enough() and time.monotonic() < end and not over.is_set():
            time.sleep(0.01)
        # There is time to ask for too much.
        over.wait(0.5)
        while not over.wait(0.01):
            fake.forward(LONG)

    drawing = Thread(target=draw)
    drawing.start()
    try:
        yield
    finally:
        over.set()
        drawing.join()


def busiest(fake: Fake) -> int:
    """Most pictures that were drawn at a time."""
    drawn = [entry for entry in fake.log.of("image") if entry.paid]
    steps = [(entry.time, 1) for entry in drawn] + [(entry.finished, -1) for entry in drawn]
    now = most = 0
    for _, change in sorted(steps):
        now += change
        most = max(most, now)
    return most


def test_a_server_that_allows_few_at_a_time_loses_nothing(tmp_path: Path) -> None:
    with serve("gemini", tiny=True, latency={"image": LONG}, concurrency={"image": 3}) as fake:

        def limited() -> int:
            return sum(entry.outcome == "limited" for entry in fake.log.of("image"))

        with drawing_once(fake, limited):
            ran, found = batch(fake, tmp_path, items=40)
    assert (ran.code, ran.err) == (0, "")
    assert found.statuses == {"done": 40}
    assert fake.paid == 40
    assert 0 < limited() < 40


def test_a_server_that_allows_many_is_used_in_full(tmp_path: Path) -> None:
    with (
        serve("gemini", tiny=True, latency={"image": LONG}, concurrency=16) as fake,
        drawing_once(fake, lambda: len(fake.log.of("image")) >= 16),
    ):
        ran, found = batch(fake, tmp_path, items=48)
    assert (ran.code, found.good) == (0, 48)
    assert busiest(fake) == 16


def test_no_more_are_asked_for_at_a_time_than_the_user_says(tmp_path: Path) -> None:
    with (
        serve("gemini", tiny=True, latency={"image": LONG}) as fake,
        drawing_once(fake, lambda: len(fake.log.of("image")) >= 2),
    ):
        ran, found = batch(fake, tmp_path, "--concurrency", "2", items=20)
    assert (ran.code, found.good) == (0, 20)
    assert busiest(fake) == 2


def test_every_item_ends_as_the_last_answer_to_it_says(tmp_path: Path) -> None:
    shares: dict[str, Any] = {
        "429-bare": 0.05,
        "500": 0.05,
        "reset": 0.04,
        "cut": 0.04,
        "image/blocked": 0.05,
    }
    with serve("gemini", tiny=True, faults=shares, seed=5, latency=0.02) as fake:
        ran, found = batch(fake, tmp_path)
        last = {entry.prompt: entry.outcome for entry in fake.log.of("image")}
        ended = Counter(last.values())
        lost = ended["reset"] + ended["cut"]
        assert ran.code == 8
        assert ended["blocked"]
        assert lost
        assert found.statuses == {"done": ended["ok"], "refused": ended["blocked"], "failed": lost}
        assert found.good == ended["ok"]
        reasons = Counter(line["reason"]["type"] for line in found.lines if line["reason"])
        assert reasons == {"RefusedError": ended["blocked"], "LostAnswerError": lost}
        # Each was asked for once: what is lost may be billed.
        assert fake.paid == ended["ok"] + lost
        _, now = batch(fake, tmp_path)
    assert now.good > found.good
    assert len(now.lines) == ITEMS
