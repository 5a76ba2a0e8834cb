"""A fake Gemini in a process of its own, so that its processor time is not the client's."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_runs import environment_for
from fakes.audit import read_log

SERVE = Path(__file__).resolve().parents[2] / "tests" / "fakes" / "serve.py"


@dataclass(frozen=True)
class Server:
    """A running fake; `log` is the file of its requests."""

    url: str
    key: str
    log: Path

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        return environment_for(home, url=self.url, key=self.key, **more)


@contextmanager
def serving(log: Path, *options: str) -> Iterator[Server]:
    """A fake Gemini with options of tests/fakes/serve.py; its log is complete at the end."""
    command = [sys.executable, str(SERVE), "gemini", "--log", str(log), *options]
    environment = {"PATH": os.environ.get("PATH", "")}
    with (
        log.with_suffix(".err").open("w") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101  # it was asked for
        told = [process.stdout.readline().strip() for _ in range(2)]
        found = re.fullmatch(r"export \w+=(\S+)export \w+=(\S+)", "".join(told))
        if found is None:
            raise SystemExit(f"the fake did not start: {told}")
        try:
            yield Server(found[1], found[2], log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


@dataclass(frozen=True)
class Traffic:
    """What a log tells of one run.

    Attributes:
        pictures: requests for pictures that were answered well.
        limited: requests for pictures that were answered 429.
        outcomes: every outcome of requests for pictures, counted.
        sent: the prompts that were sent to be drawn.
        first, last: seconds since 1970 when the first picture was asked for, the last one sent.
        busiest: most pictures that were drawn at a time.
        busy: seconds of drawing, of all pictures together.
    """

    pictures: int
    limited: int
    outcomes: dict[str, int]
    sent: tuple[str, ...]
    first: float
    last: float
    busiest: int
    busy: float


def traffic_in(log: Path) -> Traffic:
    images = [entry for entry in read_log(log) if entry["step"] == "image"]
    good = [entry for entry in images if entry["outcome"] == "ok"]
    outcomes: dict[str, int] = {}
    for entry in images:
        outcomes[entry["outcome"]] = outcomes.get(entry["outcome"], 0) + 1
    return Traffic(
        pictures=len(good),
        limited=sum(entry["status"] == 429 for entry in images),
        outcomes=outcomes,
        sent=tuple({entry["prompt"] for entry in images}),
        first=min((entry["time"] for entry in good), default=0.0),
        last=max((entry["written"] for entry in good), default=0.0),
        busiest=_busiest(good),
        busy=sum(entry["finished"] - entry["time"] for entry in good),
    )


def _busiest(entries: list[dict[str, Any]]) -> int:
    steps = [(entry["time"], 1) for entry in entries] + [(e["finished"], -1) for e in entries]
    now = most = 0
    for _, change in sorted(steps):
        now += change
        most = max(most, now)
    return most
