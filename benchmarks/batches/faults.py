"""A server that fails in every way now and then: what is recorded as what, and what is saved."""

from collections import Counter
from pathlib import Path

from batch_results import found_in
from batches.kill import Round
from batches.report import Report
from batches.server import serving, traffic_in
from fakes.audit import read_log

ITEMS = 1000
SHARES = "429-bare:0.05,500:0.05,reset:0.02,cut:0.01,image/blocked:0.01"
# The answer was under way when the connection broke: it may be billed, and is not asked for again.
LOST = ("reset", "cut")


def faults(report: Report, directory: Path, items: int = ITEMS) -> None:
    """5 % 429, 5 % 500, 2 % reset, 1 % cut off, 1 % refused; then the same command again, twice."""
    report.title(f"faults: {items} items, {SHARES}")
    limits = ("--tiny", "--latency", "text=0.05,image=0.1", "--limit", "image=32")
    with serving(directory / "log.jsonl", *limits, "--faults", SHARES, "--seed", "7") as server:
        batch = Round(directory, server, items)
        for number in (1, 2, 3):
            ran = batch.run()
            traffic = traffic_in(server.log)
            found = found_in(batch.out, traffic.sent)
            reasons = Counter(line["reason"]["type"] for line in found.lines if line["reason"])
            report.line(
                f"run {number}",
                wall=ran.wall,
                cpu=ran.cpu,
                exit=ran.code,
                good=found.good,
                statuses=dict(found.statuses),
                reasons=dict(reasons),
                broken=len(found.broken),
            )
            report.line("", at_the_server=traffic.outcomes)
            if number == 1:
                _goals(report, server.log, found.good, found.statuses, items)
                report.goal("exit status 8", ran.code == 8)
    amiss = (*found.broken, *found.doubled, *found.stray, *found.wrong, *found.left)
    report.goal("none broken, doubled, stray, wrong or unfinished", not amiss)


def _goals(report: Report, log: Path, good: int, statuses: Counter[str], items: int) -> None:
    """Every item ended as the last answer to it says."""
    last: dict[str, str] = {}
    for entry in sorted(read_log(log), key=lambda entry: entry["time"]):
        if entry["step"] == "image":
            last[entry["prompt"]] = entry["outcome"]
    ended = Counter(last.values())
    lost = sum(ended[name] for name in LOST)
    report.goal(
        f"{ended['blocked']} refused at the server, {statuses['refused']} recorded as refused",
        statuses["refused"] == ended["blocked"],
    )
    report.goal(
        f"{lost} lost on the way and perhaps billed, {statuses['failed']} recorded as failed",
        statuses["failed"] == lost,
    )
    report.goal(
        f"{ended['ok']} received, {good} saved, {items} items",
        good == ended["ok"] == items - lost - statuses["refused"],
    )
