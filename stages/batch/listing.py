"""What a run is made of: items, duplicates, and how many rows become what."""

from dataclasses import dataclass, field
from typing import Any, Literal

from imagine.stages.batch.rows import Row

Again = Literal["changed", "failed", "all"]
Order = Literal["input", "reverse", "id", "prompt", "shuffle"]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A row whose id an earlier one has.

    Attributes:
        line: of the later row.
        first_line: of the earlier one.
    """

    id: str
    line: int
    first_line: int


@dataclass(frozen=True, slots=True)
class Listing:
    """How many rows were listed, by what becomes of them.

    Attributes:
        total: all of them.
        done: finished before, and left as they are.
        refused: refused before, and not asked for again.
        unread: could not be read.
        left: new ones that a run for failures only leaves out.
        new, failed, changed, again: to be done: new ones, what failed before, what was done with
            other content or options, and what is done anew because everything is wanted so.
    """

    done: int = 0
    refused: int = 0
    unread: int = 0
    left: int = 0
    new: int = 0
    failed: int = 0
    changed: int = 0
    again: int = 0

    @property
    def todo(self) -> int:
        return self.new + self.failed + self.changed + self.again

    @property
    def total(self) -> int:
        return self.todo + self.done + self.refused + self.unread + self.left


@dataclass(frozen=True, slots=True)
class Item:
    """A row that is to be done.

    Attributes:
        key: its id, or 16 hexadecimal digits of its content, with "-2" and so on for equals.
        position: in the input, from 1.
        tries: how often it ended before, in any way.
        saved: records of its pictures that are saved already and still there, by their number;
            each has its `path` relative to the directory.
    """

    key: str
    row: Row
    position: int
    tries: int
    saved: dict[int, dict[str, Any]] = field(default_factory=dict)
