"""Directories of wildcard files in, the values behind a wildcard's name out.

A .txt file holds a value a line, "#" begins a comment; a .yaml, .yml or .json file holds lists of
values under names. Files are read when a template names them, and nothing else of the machine is:
names are looked up among the files found, never put together to paths.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from imagine.stages.document import Syntax, decode
from imagine.stages.errors import (
    SpecError,
    UsageError,
    did_you_mean,
    quoted_path,
    shown,
    unreadable,
)
from imagine.stages.files import check_regular

MAX_FILES = 20_000
MAX_FILE_BYTES = 16 * 2**20
MAX_VALUES = 100_000
_SYNTAXES: Mapping[str, Syntax] = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}
_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a wildcard, which may be a template itself."""

    text: str
    weight: float = 1.0


class Wildcards:
    """The wildcards of some directories, those in earlier ones first; absent ones hold none.

    A file `animals/dogs.txt` is `animals/dogs`; a name that is found nowhere is searched for in
    all folders, and may hold `*`.
    """

    def __init__(self, directories: Sequence[Path] = ()) -> None:
        self._directories = tuple(directories)
        self._names: dict[str, Path] | None = None
        self._faults: list[UsageError] = []
        self._read: dict[Path, Mapping[str, tuple[Value, ...]]] = {}

    def values(self, name: str) -> tuple[Value, ...]:
        """Every value of a wildcard, each once, in the order of its file.

        Raises:
            UsageError: there is no such wildcard, or its file cannot be read.
        """
        found = {value.text: value for key in self._matching(name) for value in self._of(key)}
        if not found:
            raise self._missing(name)
        if len(found) > MAX_VALUES:
            raise UsageError(
                f"The wildcard __{shown(name)}__ has {len(found):,} values, and {MAX_VALUES:,} is "
                "the most; shorten it."
            )
        return tuple(found.values())

    def _matching(self, name: str) -> list[str]:
        wanted = name.strip().replace("\\", "/").strip("/")
        index = self._index()
        if wanted in index:
            return [wanted]
        if _GLOB & set(wanted) and (hits := [key for key in index if fnmatchcase(key, wanted)]):
            return hits
        return [key for key in index if fnmatchcase(key, f"*/{wanted}")]

    def _missing(self, name: str) -> UsageError:
        missing = f"There is no wildcard __{shown(name)}__"
        if not self._directories:
            return UsageError(f"{missing}; name the directory it is in with --wildcards DIR.")
        places = ", ".join(quoted_path(directory) for directory in self._directories)
        if self._faults:
            return UsageError(f"{missing} that can be read in {places}: {self._faults[0]}")
        near = did_you_mean(name, list(self._index()))
        return UsageError(f"{missing} in {places}{near or '; correct the name.'}")

    def _index(self) -> dict[str, Path]:
        """The file behind every name; those of structured files are known once they are read."""
        if self._names is None:
            self._names = {}
            for directory in self._directories:
                for path in _files(directory):
                    for name in self._names_in(path, directory):
                        self._names.setdefault(name, path)
        return self._names

    def _names_in(self, path: Path, directory: Path) -> Iterator[str]:
        folder = path.relative_to(directory).parent
        if path.suffix.lower() == ".txt":
            yield (folder / path.stem).as_posix()
            return
        try:
            self._read[path] = _values_in(path, folder.as_posix())
        except UsageError as error:
            # Told when a wildcard is missing: it may be no file of wildcards at all.
            self._faults.append(error)
            return
        yield from self._read[path]

    def _of(self, name: str) -> tuple[Value, ...]:
        path = self._index()[name]
        if path not in self._read:
            self._read[path] = {name: tuple(_lines(_text_of(path)))}
        return self._read[path][name]


def _files(directory: Path) -> list[Path]:
    """Every wildcard file below a directory, in order; no folder twice, hidden ones not at all.

    Raises:
        UsageError: it holds too many files.
    """
    found: list[Path] = []
    seen = set()
    for folder, folders, names in os.walk(directory, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        suffixes = {".txt", *_SYNTAXES}
        found += (
            Path(folder, name) for name in sorted(names) if Path(name).suffix.lower() in suffixes
        )
        if len(found) > MAX_FILES:
            raise UsageError(
                f"{quoted_path(directory)} holds more than {MAX_FILES:,} files; name a directory "
                "of wildcards alone."
            )
    return found


def _text_of(path: Path) -> str:
    try:
        check_regular(path)
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            size = MAX_FILE_BYTES // 2**20
            raise UsageError(
                f"The wildcard file {quoted_path(path)} is larger than {size} MB; shorten it."
            )
        return data.decode("utf-8-sig")
    except SpecError as error:
        raise UsageError(f"The wildcard file {error}") from error
    except OSError as error:
        raise UsageError(f"The wildcard file {unreadable(path, error)}") from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"The wildcard file {quoted_path(path)} is not UTF-8 text; save it as UTF-8."
        ) from error


def _lines(text: str) -> Iterator[Value]:
    for line in text.splitlines():
        if (value := line.strip()) and not value.startswith("#"):
            yield Value(value)


def _values_in(path: Path, folder: str) -> dict[str, tuple[Value, ...]]:
    """The lists of a structured file by name; one that is nothing but a list has the file's.

    Raises:
        UsageError: the file cannot be read, or holds something else than names and lists.
    """
    origin = f"The wildcard file {quoted_path(path)}"
    try:
        document = decode(_text_of(path), _SYNTAXES[path.suffix.lower()], origin=origin)
    except SpecError as error:
        raise UsageError(str(error)) from error
    prefix = "" if folder == "." else f"{folder}/"
    if isinstance(document, list):
        document = {path.stem: document}
    if not isinstance(document, dict):
        raise UsageError(f"{origin} holds no lists; write names with lists of values.")
    return {
        f"{prefix}{name}": tuple(
            _value(item, name, origin) for item in items if item not in (None, "")
        )
        for name, items in _lists(document, origin)
    }


def _lists(document: Mapping[str, Any], origin: str) -> Iterator[tuple[str, list[Any]]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from ((f"{name}/{inner}", items) for inner, items in _lists(value, origin))
        elif isinstance(value, list):
            yield name, value
        elif isinstance(value, str):
            yield name, [value]
        elif value is not None:
            raise UsageError(f"{origin}: {shown(name)} is no list of values; correct it.")


def _value(item: Any, name: str, origin: str) -> Value:
    """A value as it is written: "red", "2::red", or a table of its text and weight."""
    if isinstance(item, dict):
        text, weight = item.get("text") or item.get("content"), item.get("weight", 1)
    else:
        written = None if isinstance(item, list) else str(item)
        before, mark, after = (written or "").partition("::")
        weighted = mark and before.strip()[:1].isdigit()
        weight, text = (before, after) if weighted else (1, written)
    try:
        number = float(weight)
    except (TypeError, ValueError):
        number = -1.0
    if not isinstance(text, str) or not text.strip() or not 0 <= number < float("inf"):
        raise UsageError(
            f"{origin}: {shown(name)} holds '{shown(item)}', which is no value and no weight of "
            "one; correct it."
        )
    return Value(text.strip(), number)
