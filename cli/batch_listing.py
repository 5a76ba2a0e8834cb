"""From an input to a journal that knows every item of it, or to the list of what cannot be read."""

import io
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from imagine.cli.batch_orders import LIGHT, OWN_MODELS, PICTURING
from imagine.stages.batch.rows import BadRow, Row
from imagine.stages.errors import LocalBackendError, UsageError, quoted_path

if TYPE_CHECKING:
    from imagine.stages.batch.inputs import Input
    from imagine.stages.batch.journal import Journal
    from imagine.stages.batch.templates import Expansion

# Rows that go into the journal together.
BLOCK = 1000
# Options that decide what a row costs.
PRICING = frozenset({"num", "pick", "backend", "model", "enhancer", "upscale", "upscaler"})
# Options whose values alone do not tell what they stand for.
NAMING = PICTURING | OWN_MODELS
# Options that decide whether anything is enlarged.
ENLARGING = frozenset({"upscale", "size", "backend", "model"})
# Bad rows that are told one by one before all is stopped.
MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows come from.

    Attributes:
        words: prompts of the command line; they are rows 1, 2, and so on.
        file: of prompts; None or "-" for stdin.
        kind: txt, csv, tsv, jsonl, yaml or json; None to find out.
        expansion: what becomes of templates; None leaves them as they are.
    """

    words: tuple[str, ...] = ()
    file: Path | None = None
    kind: str | None = None
    expansion: "Expansion | None" = None

    @property
    def title(self) -> str:
        """As messages name it."""
        if self.words:
            return "the command line"
        return "stdin" if self.is_stdin else quoted_path(self.file)

    @property
    def origin(self) -> str:
        """As what is said of one of its lines begins; "" where there is only one input."""
        return quoted_path(self.file) if not (self.words or self.is_stdin) else ""

    @property
    def is_stdin(self) -> bool:
        return not self.words and (self.file is None or str(self.file) == "-")

    @property
    def is_live(self) -> bool:
        """Whether somebody may still be writing it."""
        if not self.is_stdin or sys.stdin is None:
            return False
        try:
            return not stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)
        except (OSError, ValueError):
            # A stand-in that is no file.
            return False

    @property
    def directory(self) -> Path:
        """What the files that rows name are relative to."""
        return Path() if self.file is None or self.is_stdin else self.file.parent

    def open(self, warn: Callable[[str], None]) -> "Input":
        """Its rows as a stream.

        Raises:
            UsageError: it cannot be read at all.
        """
        from imagine.stages.batch.inputs import Input, open_input

        if self.words:
            return Input(Row(line, prompt) for line, prompt in enumerate(self.words, start=1))
        if self.is_stdin:
            if sys.stdin is None:
                raise UsageError("There is no stdin to read prompts from; name a file.")
            return open_input(_raw_stdin(), kind=self.kind, warn=warn)
        return open_input(Path(str(self.file)), kind=self.kind, warn=warn)


def _raw_stdin() -> IO[bytes]:
    """stdin for a thread of its own.

    Python aborts when it ends while a thread that it does not wait for reads its buffer.
    """
    try:
        return cast("IO[bytes]", io.FileIO(sys.stdin.fileno(), closefd=False))
    except (OSError, ValueError):
        # A stand-in that is no file.
        return sys.stdin.buffer


@dataclass(slots=True)
class Listed:
    """What an input holds.

    Attributes:
        rows: that can be read, and are in the journal.
        bad: that cannot be read; the first ones.
        unreadable: how many there are of those.
        common_models: whether some name no model, and are drawn by the one of all.
        plain: whether some say nothing of how they are drawn.
        own_backends, own_enhancers: whether some name one for themselves.
        own_prices: whether some set what decides their price.
        own_sizes: whether some set what decides whether they are enlarged.
    """

    rows: int = 0
    bad: list[BadRow] = field(default_factory=list)
    unreadable: int = 0
    own_backends: bool = False
    common_models: bool = False
    plain: bool = False
    own_enhancers: bool = False
    own_prices: bool = False
    own_sizes: bool = False


def whole_rows(
    rows: Iterable[Row | BadRow],
    *,
    defaults: Mapping[str, Any],
    expansion: "Expansion | None",
    check: Callable[[Row], object],
    files: Callable[[Row], str],
) -> Iterator[Row | BadRow]:
    """Rows with the defaults of their file, expanded, their options found usable.

    Args:
        check: raises UsageError for options that cannot be honoured.
        files: digests the pictures and style files that a row names.
    """
    filled = (_filled(row, defaults) for row in rows) if defaults else rows
    if expansion is not None:
        from imagine.stages.batch.templates import expand_all

        filled = expand_all(filled, expansion)
    for row in filled:
        if isinstance(row, BadRow) or not row.options:
            yield row
            continue
        try:
            check(row)
            yield row if NAMING.isdisjoint(row.options) else replace(row, files=files(row))
        except (UsageError, LocalBackendError) as error:
            # A model that all rows share was looked at before: it is the row's own.
            yield BadRow(row.line, error, row.prompt or "")


def _filled(row: Row | BadRow, defaults: Mapping[str, Any]) -> Row | BadRow:
    if isinstance(row, BadRow):
        return row
    from imagine.stages.batch.columns import with_defaults

    return replace(row, options=with_defaults(row.options, defaults))


def list_rows(
    rows: Iterable[Row | BadRow],
    journal: "Journal",
    *,
    on_bad: Callable[[BadRow], None] | None = None,
    block: int = BLOCK,
) -> Listed:
    """Enter every row into the journal.

    Args:
        on_bad: takes rows that cannot be read, at once; None to collect them.
        block: rows that are entered together.
    """
    listed = Listed()
    waiting: list[Row] = []

    def bad(row: BadRow) -> None:
        if on_bad is not None and waiting:
            # It has its place behind those that came before it.
            enter()
        listed.unreadable += 1
        if len(listed.bad) < MOST_TOLD:
            listed.bad.append(row)
        if on_bad is not None:
            on_bad(row)

    def enter() -> None:
        entered = list(waiting)
        waiting.clear()
        texts = {row.line: row.prompt or "" for row in entered}
        for twin in journal.enter(entered):
            bad(
                BadRow(
                    twin.line,
                    UsageError(
                        f"The id '{twin.id}' is that of line {twin.first_line}, too; "
                        "give each row its own."
                    ),
                    texts.get(twin.line, ""),
                )
            )

    for row in rows:
        if isinstance(row, BadRow):
            bad(row)
            continue
        listed.rows += 1
        listed.common_models |= row.options.keys().isdisjoint(("backend", "model"))
        listed.plain |= row.options.keys() <= LIGHT
        if row.options:
            listed.own_backends |= "backend" in row.options
            listed.own_enhancers |= "enhancer" in row.options
            listed.own_prices |= not PRICING.isdisjoint(row.options)
            listed.own_sizes |= not ENLARGING.isdisjoint(row.options)
        waiting.append(row)
        if len(waiting) >= block:
            enter()
    if waiting:
        enter()
    return listed
