"""Tables: the lines of a CSV or TSV file go in, a value for each row comes out.

The first row is the header. A cell may hold line ends, in double quotes.
"""

import csv
from collections.abc import Iterator
from typing import Literal

from imagine.stages.batch.columns import PROMPT, SPEC, STAND_INS, canonical, normal
from imagine.stages.batch.lines import MAX_ROW, Found, Line, beginning, not_utf8, too_long
from imagine.stages.errors import UsageError
from imagine.stages.spec import unstorable_shown
from imagine.stages.validation import value_shown


class _TooLongError(Exception):
    pass


def table_values(lines: Iterator[Line], kind: Literal["csv", "tsv"]) -> Iterator[Found]:
    """The rows of a table as fields by name; blank rows are left out, missing cells at its end too.

    A CSV file whose header has semicolons (or tabs) and no comma is parted by those.
    """
    # The lines of a row are counted here; the module's own limit would end in the middle of a cell.
    csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_ROW))
    rows = _Rows(lines, kind)
    header: list[str] | None = None
    for line, cells, start in rows:
        if isinstance(cells, list) and not any(map(str.strip, cells)):
            continue
        if header is None:
            names = cells if isinstance(cells, UsageError) else _checked_header(cells)
            if isinstance(names, UsageError):
                # Without names no row can be read.
                yield line, names, start
                return
            header = names
        elif isinstance(cells, UsageError):
            yield line, cells, start
        elif any(cells[len(header) :]):
            yield line, _too_many(cells, header, rows.delimiter), start
        else:
            yield line, dict(zip(header, cells, strict=False)), start


def _checked_header(cells: list[str]) -> list[str] | UsageError:
    names = [cell.strip() for cell in cells]
    seen: dict[str, str] = {}
    for number, name in enumerate(names, start=1):
        if not name:
            return UsageError(f"Column {number} of the header has no name; name it or take it out.")
        known = canonical(name) or normal(name)
        if known in seen:
            if seen[known] == name:
                return UsageError(
                    f"The header has the column {value_shown(name)} twice; rename one of them."
                )
            return UsageError(
                f"The columns {value_shown(seen[known])} and {value_shown(name)} of the header "
                "set the same; leave out one of them."
            )
        seen[known] = name
    stand_ins = [name for name in STAND_INS if name in seen]
    if PROMPT not in seen and SPEC not in seen and len(stand_ins) != 1:
        return UsageError(
            f"The header has no column 'prompt', but {_listed(names)}; the first line names the "
            "columns, call one of them prompt."
        )
    return names


def _listed(names: list[str]) -> str:
    shown = ", ".join(value_shown(name) for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _too_many(cells: list[str], header: list[str], delimiter: str) -> UsageError:
    signs = {",": "commas", ";": "semicolons", "\t": "tabs"}[delimiter]
    return UsageError(
        f"The row has {len(cells)} cells and the header {len(header)}; quote cells that hold "
        f"{signs}."
    )


class _Rows:
    """Each row of a table: its line, its cells or what is wrong, its first words."""

    def __init__(self, lines: Iterator[Line], kind: Literal["csv", "tsv"]) -> None:
        self.delimiter = "\t" if kind == "tsv" else ","
        self._feed = _Feed(lines)
        self._kind = kind

    def __iter__(self) -> Iterator[tuple[int, list[str] | UsageError, str]]:
        feed = self._feed
        if self._kind == "csv":
            self.delimiter = _delimiter_of(feed.peek())
        # Quotes after a space are meant as quotes; a TSV cell may well begin with a space.
        reader = csv.reader(
            feed, delimiter=self.delimiter, strict=True, skipinitialspace=self._kind == "csv"
        )
        while True:
            feed.begin()
            try:
                cells: list[str] | UsageError = next(reader)
            except StopIteration:
                return
            except _TooLongError:
                cells = too_long()
            except csv.Error:
                cells = self._literal() or feed.unmatched()
            if feed.fault is not None and not isinstance(cells, UsageError):
                cells = feed.fault
            yield feed.first, cells, feed.start

    def _literal(self) -> list[str] | None:
        """The cells of a TSV line whose quotes are none: many programs write them as they are."""
        if self._kind == "tsv" and self._feed.first == self._feed.last:
            return self._feed.text.rstrip("\r\n").split("\t")
        return None


def _delimiter_of(header: str) -> str:
    for sign in (",", ";", "\t"):
        if sign in header:
            return sign
    return ","


class _Feed:
    """Gives a csv.reader its lines, and knows which of them are of the row it is reading.

    Attributes:
        first, last: lines of the row.
        text: the last of them.
        start: the first words of the row.
        fault: what is wrong with its bytes.
    """

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._held: Line | None = None
        self.text = ""
        self.begin()

    def begin(self) -> None:
        """A new row."""
        self.first = self.last = 0
        self.start = ""
        self.fault: UsageError | None = None
        self._size = self._quotes = 0

    def peek(self) -> str:
        """The next line, which stays the next."""
        self._held = next(self._lines, None)
        return "" if self._held is None else self._held[1][:MAX_ROW].decode("utf-8", "replace")

    def unmatched(self) -> UsageError:
        where = f" (lines {self.first} to {self.last})" if self.last > self.first else ""
        return UsageError(
            f"The quotes of the row do not match{where}; close them, and double those inside "
            "a cell."
        )

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        number, raw = self._next()
        if not self._size:
            self.first = number
            self.start = beginning(raw)
        self.last = number
        self._size += len(raw)
        if self._size > MAX_ROW:
            self._skip(number)
            raise _TooLongError
        if b"\0" in raw:
            self.fault = UsageError(f"The row contains {unstorable_shown(chr(0))}; remove it.")
        try:
            self.text = raw.decode()
        except UnicodeDecodeError:
            self.fault = not_utf8()
            self.text = raw.decode("utf-8", "replace")
        return self.text

    def _next(self) -> Line:
        line, self._held = self._held or next(self._lines), None
        self._quotes += line[1].count(b'"')
        return line

    def _skip(self, number: int) -> None:
        """Leave out the rest of the row: of the line, and of the cell that is open at its end."""
        for line in self._lines:
            if line[0] != number and self._quotes % 2 == 0:
                self._held = line
                return
            number = line[0]
            self._quotes += line[1].count(b'"')
