"""What is told of a running batch: item by item to stdout, stderr and results.jsonl."""

import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.cli.console import Console, fail_line
from imagine.cli.purse import IN_LEDGER
from imagine.stages.errors import ImagineError, LocalBackendError, shown

if TYPE_CHECKING:
    from imagine.cli.events import Events
    from imagine.stages.batch.listing import Item
    from imagine.stages.batch.results import Results
    from imagine.stages.batch.rows import BadRow
    from imagine.stages.plan import Plan

# Failures that the summary groups; more are only counted.
MOST_FAILURES = 10_000


class Report:
    """Tells how each item ends. Any thread may call it.

    Attributes:
        noted: items that have notes.
        failures: line and message of what failed, the first ones.
        stop: called when stdout takes nothing any more.
        cut_off: why.
    """

    def __init__(
        self,
        console: Console,
        events: "Events",
        results: "Results",
        directory: Path,
        *,
        origin: str = "",
        show_prompt: bool = False,
    ) -> None:
        self.console = console
        self.events = events
        self.results = results
        self.directory = directory
        self.origin = origin
        self.show_prompt = show_prompt
        self.noted = 0
        self.failures: list[tuple[int, str]] = []
        self.stop: Callable[[], None] = lambda: None
        self.cut_off: OSError | None = None
        self._started: dict[str, float] = {}
        self._notes: dict[str, list[str]] = {}
        self._pictures: dict[str, dict[int, dict[str, Any]]] = {}
        self._asked: dict[str, float | None] = {}
        self._watched: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def watch(self, key: str) -> threading.Event:
        """An event that is set when the item ends."""
        return self._watched.setdefault(key, threading.Event())

    def begin(self, item: "Item") -> None:
        with self._lock:
            self._started[item.key] = time.monotonic()
            self._notes[item.key] = []
            self._pictures[item.key] = {
                number: {name: value for name, value in record.items() if name != IN_LEDGER}
                for number, record in item.saved.items()
            }
            self._asked[item.key] = 0.0

    def describe(self, item: "Item", plan: "Plan") -> None:
        """An item is described, and this is what will be sent."""
        from imagine.cli.text import guard_text, prompt_text, spec_text

        place = _place(item)
        if self.show_prompt:
            self.console.note(f"{place}\n{spec_text(plan.description.spec)}\n{prompt_text(plan)}")
        with self._lock:
            self._notes.setdefault(item.key, []).extend(plan.notes)
        if plan.description.guard.findings:
            self.console.detail(place + guard_text(plan.description))
        for note in plan.notes:
            self.console.detail(place + note)

    def described(self, item: "Item", dollars: float | None) -> None:
        """What describing an item cost in this run."""
        with self._lock:
            self._asked[item.key] = dollars

    def describing_errors(self, item: "Item", errors: Sequence[ImagineError]) -> None:
        """Some of several descriptions are missing."""
        for error in errors:
            self.console.warn(f"{_place(item)}One of the descriptions is missing: {error}")

    def picture(self, item: "Item", number: int, path: Path, record: Mapping[str, Any]) -> None:
        """A picture is saved."""
        placed = {"path": Path(os.path.relpath(path, self.directory)).as_posix(), **record}
        with self._lock:
            self._pictures.setdefault(item.key, {})[number] = placed
        try:
            if self.console.json:
                self.events.picture(item.key, item.row.line, str(path), record)
            else:
                self.console.result(str(path))
        except OSError as error:
            self._cut_off(error)
        for note in record["notes"]:
            self.console.detail(_place(item) + note)

    def record(self, item: "Item", status: str, errors: Sequence[ImagineError]) -> dict[str, Any]:
        """One line of results.jsonl, whose pictures are those that are saved."""
        row = item.row
        with self._lock:
            started = self._started.pop(item.key, None)
            notes = self._notes.pop(item.key, [])
            by_number = self._pictures.pop(item.key, {})
            asked = self._asked.pop(item.key, 0.0)
        pictures = [by_number[number] for number in sorted(by_number)]
        seconds = 0.0 if started is None else time.monotonic() - started
        costs = [picture["cost"] for picture in pictures if picture.get("cost")]
        record: dict[str, Any] = {
            "id": item.key,
            "line": row.line,
            "prompt": row.prompt if row.prompt is not None else _source(row.spec),
            "status": status,
            "paths": [picture["path"] for picture in pictures],
            "reason": reason_of(errors),
            "cost": _sum_of(costs, asked, _enlarging(pictures)),
            "timings": _timings(pictures) | {"total": round(seconds, 3)},
            "tries": item.tries + 1,
            "images": list(pictures),
            "notes": list(dict.fromkeys(notes)),
        }
        if row.template is not None:
            record["template"] = row.template
        if row.extra:
            record["extra"] = dict(row.extra)
        return record

    def conclude(
        self, item: "Item", record: dict[str, Any], errors: Sequence[ImagineError]
    ) -> None:
        """An item has ended and is in the journal."""
        with self._lock:
            self.noted += bool(record["notes"] or any(image["notes"] for image in record["images"]))
        self.results.append(record)
        self._tell(record, item.row.line, errors)
        if item.key in self._watched:
            self._watched[item.key].set()

    def bad(self, row: "BadRow", record: dict[str, Any]) -> None:
        """A row that cannot be read is recorded as failed."""
        self.results.append(record)
        self._tell(record, row.line, [row.error])

    def _tell(self, record: Mapping[str, Any], line: int, errors: Sequence[ImagineError]) -> None:
        for error in errors[:1]:
            with self._lock:
                if len(self.failures) < MOST_FAILURES:
                    self.failures.append((line, str(error)))
            fail_line(
                error, line=line, prompt=str(record["prompt"]), json=False, origin=self.origin
            )
        if self.console.json:
            try:
                self.events.item(record)
            except OSError as error:
                self._cut_off(error)

    def end(self, **values: Any) -> None:
        """The batch is over; `values` are those of `Events.end`."""
        try:
            self.events.end(**values)
        except OSError as error:
            self._cut_off(error)

    def _cut_off(self, error: OSError) -> None:
        self.cut_off = self.cut_off or error
        self.stop()


# The folders of an absolute path in quotes.
_FOLDERS = re.compile(r"(?<=')(?:/|[A-Za-z]:\\)[^']*[/\\](?=[^'/\\]+')")


def reason_of(errors: Sequence[ImagineError]) -> dict[str, Any] | None:
    """Why an item failed, as the results tell it."""
    if not errors:
        return None
    error = errors[0]
    message = " ".join(str(error).split())
    if isinstance(error, LocalBackendError):
        # Where models lie on this machine is nobody's business who gets the results.
        message = _FOLDERS.sub("", message)
    return {
        "type": type(error).__name__,
        "message": message,
        "exit_code": error.exit_code,
    }


def bad_record(row: "BadRow", key: str) -> dict[str, Any]:
    """The line of results.jsonl for a row that cannot be read.

    Args:
        key: what the journal calls it.
    """
    return {
        # No id begins with a space; here it is for people.
        "id": key.strip(),
        "line": row.line,
        "prompt": shown(row.text, limit=200),
        "status": "failed",
        "paths": [],
        "reason": reason_of([row.error]),
        "cost": None,
        "timings": {},
        "tries": 1,
        "images": [],
        "notes": [],
    }


def _place(item: "Item") -> str:
    return f"line {item.row.line}: "


def _source(spec: Mapping[str, Any] | None) -> str:
    return str((spec or {}).get("source_prompt", ""))


def _enlarging(pictures: Sequence[Mapping[str, Any]]) -> float:
    """Dollars that enlarging pictures cost, as far as that is known."""
    steps = [step for picture in pictures for step in picture.get("upscales", ())]
    return sum(step.get("cost") or 0.0 for step in steps)


def _sum_of(
    costs: Sequence[Mapping[str, Any]], asked: float | None, enlarging: float
) -> float | None:
    """Dollars of all pictures and their descriptions; None where a price is not known.

    Args:
        asked: what describing cost in this run, which the first picture bears if it is there.
        enlarging: what was paid after they were drawn.
    """
    drawn = [cost.get("generate") for cost in costs]
    borne = [cost.get("enhance") for cost in costs]
    known = [part for part in (*drawn, *borne, asked) if part is not None]
    if len(known) < 2 * len(costs) + 1:
        return None
    paid: float = sum(part for part in borne if part is not None)
    spent: float = sum(part for part in drawn if part is not None)
    return round(spent + enlarging + max(paid, asked or 0.0), 6)


def _timings(pictures: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Seconds by stage: the description once, its pictures together."""
    total: dict[str, float] = {}
    for picture in pictures:
        for stage, seconds in picture.get("timings", {}).items():
            if stage == "enhance":
                total[stage] = max(total.get(stage, 0.0), seconds)
            else:
                total[stage] = round(total.get(stage, 0.0) + seconds, 4)
    return total
