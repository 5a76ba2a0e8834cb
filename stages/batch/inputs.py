"""Inputs of a batch: a file or stream of prompts goes in; a stream of rows comes out.

Whatever the input holds, reading it raises nothing: what cannot be read is a BadRow. At no time is
more held than one row of at most MAX_ROW bytes and a block of the input.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Literal, cast, get_args

from imagine.stages.batch.fields import Head, Reader, head_in
from imagine.stages.batch.json_rows import json_values
from imagine.stages.batch.lines import (
    BrokenInputError,
    Found,
    json_line_values,
    read_lines,
    text_values,
)
from imagine.stages.batch.rows import BadRow, Row
from imagine.stages.batch.source import Source
from imagine.stages.batch.tables import table_values
from imagine.stages.batch.yaml_rows import yaml_values
from imagine.stages.errors import UsageError, shown, unknown_name, unreadable

Kind = Literal["txt", "jsonl", "csv", "tsv", "yaml", "json"]
KINDS: tuple[str, ...] = get_args(Kind)
_ENDINGS: dict[str, Kind] = {
    **{f".{kind}": cast(Kind, kind) for kind in KINDS},
    ".list": "txt",
    ".prompts": "txt",
    ".ndjson": "jsonl",
    ".yml": "yaml",
    ".tab": "tsv",
}


@dataclass(frozen=True, slots=True)
class Input:
    """What an input holds.

    Attributes:
        rows: one by one, as they come; to be read once.
        head: what stands before them and is about all of them.
    """

    rows: Iterator[Row | BadRow]
    head: Head = field(default_factory=Head)


def open_input(
    source: Path | IO[bytes],
    *,
    kind: str | None = None,
    warn: Callable[[str], None] = lambda text: None,
) -> Input:
    """Begin to read an input: its first row or head, for which a stream is waited for.

    Args:
        source: a file, gzip or not; or an open stream of bytes, which stays open.
        kind: one of KINDS; by default the ending of the file says it (with .gz behind it or not),
            and what has none of the known endings, such as a stream, is txt: a prompt a line, or
            a JSON object, or a line of A1111's "Prompts from file".
        warn: takes what the user should know of the columns, a sentence each.

    Raises:
        UsageError: the file cannot be opened, or there is no such kind.
    """
    if kind is not None and kind not in KINDS:
        raise unknown_name("kind of input", kind, list(KINDS))
    if isinstance(source, Path):
        values = _values_of_file(source, cast("Kind", kind or kind_of_name(source)))
    else:
        values = _values(source, cast("Kind", kind or "txt"))
    return _begun(values, Reader(warn))


def kind_of_name(path: Path) -> Kind:
    """What a file's name says it holds; txt when it says nothing."""
    name = path.name.lower().removesuffix(".gz")
    return _ENDINGS.get(Path(name).suffix, "txt")


def _values_of_file(path: Path, kind: Kind) -> Iterator[Found]:
    try:
        stream = path.open("rb")
    except (OSError, ValueError) as error:
        raise UsageError(unreadable(path, error)) from error

    def values() -> Iterator[Found]:
        with stream:
            yield from _values(stream, kind)

    return values()


def _values(stream: IO[bytes], kind: Kind) -> Iterator[Found]:
    """The values of an input; the last one says why there are no more, where that is so."""
    lines = read_lines(Source(stream))
    try:
        if kind in ("csv", "tsv"):
            yield from table_values(lines, kind)
        else:
            yield from _READERS[kind](lines)
    except BrokenInputError as error:
        yield error.line, UsageError(str(error)), ""


_READERS = {
    "txt": text_values,
    "jsonl": json_line_values,
    "json": json_values,
    "yaml": yaml_values,
}


def _begun(values: Iterator[Found], reader: Reader) -> Input:
    """Read what stands before the rows; where that is wrong, no row would be what was meant."""
    fields: dict[str, object] = {}
    for found in values:
        line, value, start = found
        more = head_in(value)
        if more is None:
            values = chain([found], values)
            break
        fields |= more
        try:
            reader.head(fields)
        except UsageError as error:
            return Input(iter([BadRow(line, error, shown(start))]))
    return Input((reader.row(*found) for found in values), reader.head(fields))
