"""A batch killed, interrupted, out of space, again and again: what is there at last, and paid."""

import random
import signal
import subprocess
import time
from pathlib import Path

from batch_results import Found, found_in
from batch_runs import Ran, batch_command, numbered_prompts, run
from batches.report import Report
from batches.server import Server, serving, traffic_in
from fakes.audit import Repeats, payments_in, read_log, repeats_in

ITEMS = 1000
# About 16 pictures a second, so that a thousand last for a hundred kills.
SERVER = ("--tiny", "--latency", "text=0.1,image=0.3-0.7", "--limit", "image=8")
# Seconds that a picture may take from the network to its file and the journal.
SLACK = 0.05


class Round:
    """One batch with its file, output, server and the moments when it was stopped."""

    def __init__(
        self, directory: Path, server: Server, items: int, out: Path | None = None
    ) -> None:
        self.directory = directory
        self.out = out or directory / "out"
        self.items = items
        self.server = server
        self.stopped: list[float] = []
        self.codes: list[int] = []
        file = directory / "prompts.txt"
        file.write_text("\n".join(numbered_prompts(items)) + "\n", encoding="utf-8")
        self.command = batch_command(file, self.out)

    def run(
        self,
        *,
        stop_after: float | None = None,
        stop_with: int = signal.SIGKILL,
        amid: bool = False,
    ) -> Ran:
        """The same command once more.

        Args:
            stop_after: seconds from its start or, when `amid`, from the first picture it finishes.
        """
        before = self.lines
        ran = run(
            self.command,
            cwd=self.directory,
            environment=self.server.environment(self.directory / "home"),
            stop_after=stop_after,
            stop_with=stop_with,
            stop_since=lambda: not amid or self.lines > before,
        )
        if ran.signalled is not None:
            self.stopped.append(ran.signalled)
        self.codes.append(ran.code)
        return ran

    @property
    def lines(self) -> int:
        """Items that are finished so far."""
        path = self.out / "results.jsonl"
        return path.read_bytes().count(b"\n") if path.exists() else 0


def kills(report: Report, directory: Path, rounds: int = 100, items: int = ITEMS) -> None:
    """kill -9 at random moments, each time the same command again."""
    report.title(f"kill: {items} items, {rounds} times kill -9 at random moments")
    _stops(report, directory, rounds, items, number=signal.SIGKILL)


def interruptions(report: Report, directory: Path, rounds: int = 20, items: int = 400) -> None:
    """Ctrl-C at random moments, each time the same command again."""
    report.title(f"sigint: {items} items, {rounds} times Ctrl-C at random moments")
    _stops(report, directory, rounds, items, number=signal.SIGINT)


def _stops(
    report: Report,
    directory: Path,
    rounds: int,
    items: int,
    *,
    number: int,
) -> None:
    chance = random.Random(4)
    begun = time.monotonic()
    with serving(directory / "log.jsonl", *SERVER) as server:
        batch = Round(directory, server, items)
        amid = 0
        while len(batch.stopped) < rounds and batch.lines < items:
            before = batch.lines
            # Three of four are sure to come while pictures do, and the others at the start.
            late = len(batch.stopped) % 4 > 0
            seconds = chance.uniform(0.0, 0.6 if late else 1.5)
            batch.run(stop_after=seconds, stop_with=number, amid=late)
            amid += before < batch.lines < items
        last = batch.run()
        again = batch.run()
    kills = batch.stopped if number == signal.SIGKILL else []
    report.line("stopped", times=len(batch.stopped), amid_pictures=amid)
    _tell(report, batch, last, kills, time.monotonic() - begun)
    report.line("once more", wall=again.wall, cpu=again.cpu, exit=again.code)


def _tell(report: Report, batch: Round, last: Ran, kills: list[float], seconds: float) -> None:
    log = batch.server.log
    found = found_in(batch.out, traffic_in(log).sent)
    repeats = repeats_in(payments_in(log), kills=kills)
    described = [entry["prompt"] for entry in read_log(log) if _is_description(entry)]
    report.line(
        "all runs",
        times=len(batch.codes),
        seconds=seconds,
        last_exit=last.code,
        codes=sorted(set(batch.codes)),
    )
    _tell_found(report, found, batch.items)
    report.line(
        "pictures paid again",
        in_flight_at_a_kill=repeats.in_flight,
        seconds_from_arrival_to_kill=[round(seconds, 3) for seconds in repeats.arrived],
        descriptions_again=len(described) - len(set(described)),
    )
    _goals(report, found, repeats, batch.items)
    if last.code:
        print(last.err[-2000:])


def _is_description(entry: dict[str, object]) -> bool:
    return entry["step"] == "text" and entry["outcome"] == "ok"


def _tell_found(report: Report, found: Found, items: int) -> None:
    report.line(
        "in the end",
        items=items,
        good=found.good,
        broken=len(found.broken),
        doubled=len(found.doubled),
        stray=len(found.stray),
        wrong=len(found.wrong),
        unfinished=len(found.left),
        lines=len(found.lines),
        statuses=dict(found.statuses),
    )


def _goals(report: Report, found: Found, repeats: Repeats, items: int) -> None:
    amiss = (*found.broken, *found.doubled, *found.stray, *found.wrong, *found.left)
    report.goal(f"{items} good files", found.good == items and found.statuses["done"] == items)
    report.goal(f"a line for each of {items} items", len(found.lines) == items)
    report.goal("none broken, doubled, stray, wrong or unfinished", not amiss)
    if amiss:
        print("         " + ", ".join(amiss[:12]))
    late = [f"{seconds:.3f} s" for seconds in repeats.unexcused(SLACK)]
    report.goal(f"nothing paid twice that arrived {SLACK} s before a kill: {late}", not late)


def full_disk(report: Report, directory: Path, items: int = 400) -> None:
    """The disk is full in the middle, twice; then it is enlarged. Mounts a tmpfs: needs root."""
    report.title(f"disk: {items} items on a disk that is full before the end")
    place = directory / "disk"
    place.mkdir()
    if not _mount(place, "size=8m"):
        report.line("not done", reason="a tmpfs cannot be mounted here")
        return
    begun = time.monotonic()
    try:
        with serving(directory / "log.jsonl", *SERVER) as server:
            batch = Round(directory, server, items, place / "out")
            for size in ("10m", "64m"):
                ran = batch.run()
                lines = ran.err.strip().splitlines()
                report.line("full", exit=ran.code, lines=batch.lines, said=lines[-1:])
                _mount(place, f"remount,size={size}")
            last = batch.run()
        _tell(report, batch, last, [], time.monotonic() - begun)
    finally:
        subprocess.run(["umount", str(place)], check=False)  # noqa: S607  as PATH has it


def _mount(place: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
