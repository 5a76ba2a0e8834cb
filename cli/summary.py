"""The end of a batch in words: numbers and failures go in, lines for people come out."""

import re
from collections.abc import Iterable
from typing import Literal

from imagine.cli.pace import duration_text
from imagine.stages.errors import quoted_path

Stop = Literal["interrupted", "budget", "error"]
STOPS: dict[Stop, str] = {
    "interrupted": "Interrupted",
    "budget": "Stopped by the budget",
    "error": "Stopped",
}
GROUPS = 5
LINES = 5
# What differs between two messages of the same reason: quoted values, and numbers other than the
# status codes of HTTP.
NUMBER = r"(?<!\d)(?![45]\d\d(?![.,]?\d))\d+(?:[.,]\d+)*"
PARTICULAR = re.compile(rf"'[^']*'|\"[^\"]*\"|{NUMBER}")


def summary_text(
    *,
    done: int,
    failed: int,
    seconds: float,
    total: int | None = None,
    skipped: int = 0,
    spent: float | None = None,
    results: object = None,
    stopped: Stop | None = None,
) -> str:
    """What came of a batch, in one sentence.

    Args:
        done, failed: items of this run that ended.
        seconds: how long it took.
        total: items of this run; None where nobody knows, because the input was not read to its
            end.
        skipped: items that were finished before; they are no part of `total`.
        spent: dollars; None or 0 where nothing costs anything.
        results: path of the results.
        stopped: why it ended early.
    """
    if total is None and stopped is None:
        total = done + failed
    if total == 0:
        first = _nothing_text(skipped)
    else:
        took = duration_text(seconds)
        counted = f"{done:,} done" if total is None else f"{done:,} of {total:,} done"
        left = 0 if total is None else total - done - failed
        parts = (
            f"{STOPS[stopped]} after {took}: {counted}" if stopped else f"{counted} in {took}",
            f"{failed:,} failed" if failed else "",
            f"{left:,} left" if left > 0 else "",
            _before_text(skipped) if skipped else "",
        )
        first = ", ".join(filter(None, parts))
    clauses = (
        first,
        f"{_dollars(spent)} spent" if spent else "",
        f"results in {quoted_path(results)}" if results else "",
        "the same command goes on" if stopped and total != 0 else "",
    )
    return "; ".join(filter(None, clauses)) + "."


def failure_lines(failures: Iterable[tuple[int, str]], *, failed: int) -> list[str]:
    """Why items failed: those of the same reason together, most first, five reasons at most.

    Args:
        failures: input line and message of each, the first some hundreds of them.
        failed: how many there were in all.

    Returns:
        lines such as "3 × lines 17, 40, 90: <the message of line 17>".
    """
    groups: dict[str, list[tuple[int, str]]] = {}
    for line, message in sorted(failures):
        groups.setdefault(PARTICULAR.sub("…", message), []).append((line, message))
    ranked = sorted(groups.values(), key=lambda group: (-len(group), group[0]))[:GROUPS]
    told = [_group_text(group) for group in ranked]
    rest = failed - sum(map(len, ranked))
    if rest > 0:
        told.append(f"{rest:,} more failed, the results say why.")
    return told


def _group_text(group: list[tuple[int, str]]) -> str:
    message = " ".join(group[0][1].split())
    if len(group) == 1:
        return f"line {group[0][0]}: {message}"
    lines = ", ".join(str(line) for line, _ in group[:LINES]) + (", …" if group[LINES:] else "")
    return f"{len(group):,} × lines {lines}: {message}"


def _nothing_text(skipped: int) -> str:
    if skipped == 0:
        return "There was nothing to do"
    return f"There was nothing left to do, {_before_text(skipped)}"


def _before_text(skipped: int) -> str:
    return f"{skipped:,} {'was' if skipped == 1 else 'were'} finished before"


def _dollars(amount: float) -> str:
    from imagine.stages.money.prices import dollars

    return dollars(amount)
