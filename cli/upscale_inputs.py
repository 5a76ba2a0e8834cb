"""The pictures to enlarge: paths, directories, patterns, lists go in; each file once comes out."""

import glob
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from imagine.stages.errors import UsageError, quoted_path, unreadable
from imagine.stages.formats.kinds import HEAD, kind_of

# What a directory or a pattern is searched for; a file that is named itself may be called anything.
ENDINGS = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff"}
)
# Names on stdin; more of them are something else.
MAX_LIST = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Found:
    """A file to enlarge.

    Attributes:
        path: as the user named it, or its directory and its name.
        below: its directory within the one that was named, which --output keeps.
        fault: why it is no picture, of what a list on stdin names; "" where that is to be seen.
    """

    path: Path
    below: Path = Path()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """How directories are searched.

    Attributes:
        recursive: with the directories in them.
        output: a directory of results, in which nothing is looked for.
    """

    recursive: bool
    output: Path | None = None


def find_pictures(words: Iterable[str], search: Search) -> list[Found]:
    """The files that the words name, in their order, each once; those of a directory by name.

    Args:
        words: files, directories, patterns that the shell left alone; "-" is a list on stdin.

    Raises:
        UsageError: one is not there or cannot be read, or names no picture.
    """
    found: dict[str, Found] = {}
    for word in words:
        for item in _listed(search) if word == "-" else _named(word, search):
            found.setdefault(os.path.realpath(item.path), item)
    if not found:
        raise UsageError("There is no picture; name one, as in: imagine upscale photo.jpg.")
    return list(found.values())


def _listed(search: Search) -> Iterator[Found]:
    """What the list on stdin names; it names no patterns, which are names there.

    What is wrong with one of its lines is no reason to leave out the others.
    """
    for word in _list_on_stdin():
        try:
            found = list(_at(Path(word), search))
        except UsageError as error:
            found = [Found(Path(word), fault=str(error))]
        yield from found


def _list_on_stdin() -> list[str]:
    """Paths, one a line, or with a null character behind each as from `find -print0`.

    Raises:
        UsageError: there is no stdin, or no end of it, or it is no list.
    """
    if sys.stdin is None:
        raise UsageError("There is no stdin to read paths from; name the pictures.")
    data = sys.stdin.buffer.read(MAX_LIST + 1)
    if len(data) > MAX_LIST:
        raise UsageError(
            f"The list on stdin is larger than {MAX_LIST // 2**20} MB; `-` takes paths, one a "
            "line, and no picture."
        )
    if kind_of(data[:HEAD]) is not None:
        raise UsageError(
            "What came on stdin is a picture itself; `-` takes paths, one a line, so save it to a "
            "file and name that."
        )
    # As the words of the command line: bytes that are no UTF-8 come back as they were.
    if b"\0" in data:
        return [item.decode("utf-8", "surrogateescape") for item in data.split(b"\0") if item]
    lines = (line.removesuffix(b"\r") for line in data.split(b"\n"))
    return [line.decode("utf-8", "surrogateescape") for line in lines if line.strip()]


def _named(word: str, search: Search) -> Iterator[Found]:
    if not word:
        raise UsageError("One of the paths is empty; name a picture.")
    if glob.has_magic(word) and not os.path.lexists(word):
        yield from _matching(word, search)
        return
    yield from _at(Path(word), search)


def _matching(pattern: str, search: Search) -> Iterator[Found]:
    """Pictures that a pattern names; directories among them with --recursive alone.

    Raises:
        UsageError: there is none.
    """
    matches = sorted(map(Path, glob.glob(pattern, recursive=True)), key=_natural_path)  # noqa: PTH207  # any text is a pattern
    found: list[Found] = []
    for path in matches:
        if path.is_dir():
            found += _below(path, search) if search.recursive else ()
        elif is_picture_name(path):
            found.append(Found(path))
    if not found:
        told = "names no picture" if matches else "matches nothing"
        raise UsageError(f"The pattern {quoted_path(pattern)} {told}; check the path.")
    yield from found


def _at(path: Path, search: Search) -> Iterator[Found]:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise UsageError(unreadable(path, error)) from error
    if not stat.S_ISDIR(status.st_mode):
        yield Found(path)
        return
    found = list(_below(path, search))
    if not found:
        raise UsageError(_no_pictures(path, search))
    yield from found


def _no_pictures(directory: Path, search: Search) -> str:
    if not search.recursive and any(entry.is_dir() for entry in directory.iterdir()):
        return (
            f"The directory {quoted_path(directory)} holds no picture itself; add --recursive "
            "for the directories in it."
        )
    return f"The directory {quoted_path(directory)} holds no picture; name another."


def _below(directory: Path, search: Search) -> Iterator[Found]:
    """The pictures of a directory by name, hidden ones left out.

    Raises:
        UsageError: it, or a directory in it, cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise UsageError(unreadable(error.filename, error)) from error

    output = None if search.output is None else os.path.realpath(search.output)
    for place, directories, names in os.walk(directory, onerror=refuse):
        # os.walk goes into what is left of the list, in its order.
        directories[:] = sorted(
            (
                name
                for name in directories
                if search.recursive
                and not name.startswith(".")
                and os.path.realpath(Path(place, name)) != output
            ),
            key=_natural,
        )
        below = Path(place).relative_to(directory)
        for name in sorted(names, key=_natural):
            if not name.startswith(".") and is_picture_name(Path(name)):
                yield Found(Path(place, name), below)


def is_picture_name(path: Path) -> bool:
    """Whether a file is called as pictures are."""
    return path.suffix.lower() in ENDINGS


def _natural_path(path: Path) -> list[tuple[list[str | int], str]]:
    return [_natural(part) for part in path.parts]


def _natural(text: str) -> tuple[list[str | int], str]:
    """A key that puts fox-2 before fox-10.

    Every second part is a number, so that like is compared with like; the text itself decides
    between names that differ in case or in zeros alone.
    """
    parts = re.split(r"([0-9]+)", text.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], text
