"""A server that allows 60 pictures a minute: the rate that is reached, and what 429s waste."""

import math
from collections.abc import Callable
from pathlib import Path

from batch_runs import batch_command, numbered_prompts
from batches.report import Report
from batches.speed import measure

A_MINUTE = 60
LATENCY = 0.5


def minute(items: int, seconds: float) -> Callable[[Report, Path], None]:
    """A scenario of `items` pictures where a minute takes `seconds`."""

    def scenario(report: Report, directory: Path) -> None:
        # The first pictures of every minute may come at once.
        bound = (math.ceil(items / A_MINUTE) - 1) * seconds + LATENCY
        report.title(
            f"quota: {items} pictures, {A_MINUTE} in {seconds:.0f} s, 429 with RetryInfo; "
            f"not below {bound:.1f} s"
        )
        file = directory / "prompts.txt"
        file.write_text("\n".join(numbered_prompts(items)) + "\n", encoding="utf-8")
        command = batch_command(file, directory / "imagine" / "out")
        limits = ("--per-minute", f"image={A_MINUTE}", "--minute", str(seconds), "--tiny")
        latency = ("--latency", f"text=0.2,image={LATENCY}")
        found = measure(directory, "imagine", command, {}, *limits, *latency)
        ran, traffic = found.ran, found.traffic
        waste = traffic.limited / max(1, sum(traffic.outcomes.values()))
        rate = traffic.pictures / (ran.wall / seconds)
        report.line(
            "imagine",
            wall=ran.wall,
            bound=bound,
            reached=bound / ran.wall,
            a_minute=rate,
            cpu=ran.cpu,
            exit=ran.code,
            pictures=found.pictures,
            of_429=traffic.limited,
            waste=waste,
            lost=items - found.pictures,
            paid_twice=traffic.pictures - found.pictures,
        )
        report.goal(f"lost {items - found.pictures}, none allowed", found.pictures == items)
        report.goal(f"{rate:.1f} pictures a minute, at least 57", rate >= 0.95 * A_MINUTE)
        report.goal(f"429s {waste:.2%} of the requests, below 3 %", waste < 0.03)

    return scenario
