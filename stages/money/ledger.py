"""The ledger: a line for every paid call goes in, totals by day, month, model or provider come out.

A line says when, who was asked, what it cost and how it ended; never a prompt, a key or a path.
"""

import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any, Literal, get_args

from imagine.stages.errors import ConfigError, shown, unreadable
from imagine.stages.money.usage import NOTHING, Usage
from imagine.stages.recipe import UsageRecord

Kind = Literal["enhance", "image", "upscale"]
Outcome = Literal["saved", "failed", "lost", "refused"]
Grouping = Literal["day", "month", "model", "provider"]
FILE_NAME = "ledger.jsonl"
_COUNTS = tuple(asdict(NOTHING))
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """One paid call.

    Attributes:
        time: UTC, as 2026-11-22T01:02:03Z.
        kind: a description, a picture, or the enlargement of one.
        provider: the name of the enhancer, backend or upscaler.
        model: what served the request, as the provider names it.
        dollars: None where no price is known.
        outcome: "saved" when the user got what was paid for; "lost" when the answer never came and
            may be billed; "refused" by a safety filter; "failed" in any other way.
        usage: what the provider counted.
    """

    time: str
    kind: Kind
    provider: str
    model: str
    dollars: float | None
    outcome: Outcome
    usage: Usage = NOTHING


class Ledger:
    """Appends to `ledger.jsonl` in `directory`; several processes may, at the same time."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME

    def record(
        self,
        kind: Kind,
        *,
        provider: str,
        model: str,
        dollars: float | None,
        outcome: Outcome,
        usage: Usage | UsageRecord | None = None,
        now: datetime | None = None,
    ) -> str | None:
        """Append one call.

        Args:
            now: the time, with its zone; default is the clock's.

        Returns:
            None, or a sentence that says why the ledger could not be written: a picture that was
            paid for is worth more than the line about it.
        """
        moment = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        counts = {name: getattr(usage or NOTHING, name) for name in _COUNTS}
        line = json.dumps(
            {
                "time": moment,
                "kind": kind,
                "provider": provider,
                "model": model,
                "dollars": None if dollars is None else round(dollars, 6),
                "outcome": outcome,
                "usage": {name: count for name, count in counts.items() if count},
            }
        )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _append(self.path, line)
        except OSError as error:
            reason = error.strerror or shown(error)
            return f"The ledger could not be written ({reason}), so `imagine cost` lacks this call."
        return None


def _append(path: Path, line: str) -> None:
    """One write in append mode, which no other process's write can come between."""

    def private(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    with open(path, "ab+", buffering=0, opener=private) as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            # What a crash or a full disk cut off must not swallow the next line.
            line = line if file.read(1) == b"\n" else "\n" + line
        file.write(line.encode() + b"\n")


def read_ledger(directory: Path) -> tuple[list[Entry], int]:
    """Every entry in the order of writing, and how many lines were damaged and left out.

    Raises:
        ConfigError: the ledger is there and cannot be read.
    """
    path = directory / FILE_NAME
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise ConfigError(f"The ledger {unreadable(path, error)}") from error
    entries = [_entry(line) for line in lines if line.strip()]
    whole = [entry for entry in entries if entry is not None]
    return whole, len(entries) - len(whole)


def _entry(line: bytes) -> Entry | None:
    """None for a damaged line; fields that a newer version writes are passed over."""
    try:
        values = json.loads(line)
        usage = Usage(**{name: _count(values["usage"].get(name, 0)) for name in _COUNTS})
        entry = Entry(
            time=_time(values["time"]),
            kind=_one_of(Kind, values["kind"]),
            provider=_text(values["provider"]),
            model=_text(values["model"]),
            dollars=_dollars(values["dollars"]),
            outcome=_one_of(Outcome, values["outcome"]),
            usage=usage,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return entry


def _time(value: Any) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError
    datetime.fromisoformat(value)
    return str(value)


def _one_of(choices: Any, value: Any) -> Any:
    if value not in get_args(choices):
        raise ValueError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError
    return value


def _dollars(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not (isfinite(value) and value >= 0):
        raise ValueError
    return float(value)


@dataclass(frozen=True, slots=True)
class Total:
    """What a group of entries comes to.

    Attributes:
        key: "2026-11-22", "2026-11", "gemini" or "gemini/gemini-nano-banana-2.1".
        pictures: that were saved.
        calls: that were paid for, descriptions and failures included.
        dollars: of the calls whose price is known.
        unpriced: calls whose price is not.
    """

    key: str
    pictures: int
    calls: int
    dollars: float
    unpriced: int


_KEYS: dict[Grouping, Callable[[Entry], str]] = {
    "day": lambda entry: entry.time[:10],
    "month": lambda entry: entry.time[:7],
    "model": lambda entry: f"{entry.provider}/{entry.model}",
    "provider": lambda entry: entry.provider,
}


def totals(entries: Iterable[Entry], by: Grouping) -> list[Total]:
    """One Total for each group, in the order of their keys."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_KEYS[by](entry), []).append(entry)
    return [total(group, key=key) for key, group in sorted(groups.items())]


def total(entries: list[Entry], *, key: str = "total") -> Total:
    """What all of `entries` come to."""
    known = [entry.dollars for entry in entries if entry.dollars is not None]
    saved = [entry for entry in entries if entry.kind == "image" and entry.outcome == "saved"]
    return Total(
        key=key,
        pictures=len(saved),
        calls=len(entries),
        dollars=round(sum(known), 6),
        unpriced=len(entries) - len(known),
    )
