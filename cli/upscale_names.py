"""Names of results: a picture and its new size in, where the result goes or already is out."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from imagine.cli.upscale_inputs import Found
from imagine.stages.errors import UsageError, quoted_path, unknown_name

if TYPE_CHECKING:
    from imagine.stages.formats.kinds import PictureKind
    from imagine.stages.image import ImageFormat
    from imagine.stages.save import Destination

# So many free names in a row end the search for a result: some may have been given back since.
_FREE_NAMES = 8


@dataclass(frozen=True, slots=True)
class Naming:
    """Where the results of one run go, no two under one name.

    Attributes:
        destination: a directory or a file; None for beside each picture.
        format: of all of them; None for each picture's own where that is written here, else PNG.
        claimed: names that pictures of this run have, and their results.
        names: those that are left to pictures of one name.
        directories: where they are.
    """

    destination: "Destination | None"
    format: "ImageFormat | None"
    claimed: set[str] = field(default_factory=set)
    names: dict[str, Iterator[Path]] = field(default_factory=dict)
    directories: dict[Path, None] = field(default_factory=dict)

    @property
    def directory(self) -> Path | None:
        """Of all results, or None where each lies beside its picture."""
        return None if self.destination is None else self.destination.directory

    def format_of(self, kind: "PictureKind") -> "ImageFormat":
        """What the result of a picture of this kind is written as."""
        if self.format is not None:
            return self.format
        return kind if kind in ("png", "jpg", "webp", "avif") else "png"

    def keep(self, pictures: Iterable[Found]) -> None:
        """Have no result replace one of these, whatever it would be called."""
        self.claimed.update(_key(found.path) for found in pictures)

    def target(self, found: Found, kind: "PictureKind", label: str) -> Path:
        """What the result would be called, were the name its alone.

        Raises:
            UsageError: it is the picture's own name.
        """
        target = self._target(found.path, found.below, kind, label)
        if os.path.realpath(target) == os.path.realpath(found.path):
            raise UsageError(
                f"The result would replace its own source {quoted_path(found.path)}; give it "
                "another name."
            )
        return target

    @property
    def is_file(self) -> bool:
        """Whether the user named the very file of the result."""
        return self.destination is not None and self.destination.file_name is not None

    def take(self, path: Path) -> None:
        """Keep a result that is there from all pictures that have none yet."""
        self.claimed.add(_key(path))

    def is_taken(self, path: Path) -> bool:
        """Whether a picture of this run has the name, or is its result."""
        return _key(path) in self.claimed

    def claim(self, target: Path) -> Path:
        """The target or its first number that is no other's; it may be taken by something else."""
        from imagine.stages.publish import numbered

        # Thousands of pictures may have one name, and each number is tried once.
        names = self.names.setdefault(str(target), numbered(target))
        free = next(path for path in names if _key(path) not in self.claimed)
        self.claimed.add(_key(free))
        self.directories[free.parent] = None
        return free

    def _target(self, path: Path, below: Path, kind: "PictureKind", label: str) -> Path:
        if self.destination is not None and self.destination.file_name is not None:
            return self.destination.directory / self.destination.file_name
        directory = path.parent if self.destination is None else self.destination.directory / below
        return directory / _name(path, label, self.format_of(kind))


def _name(path: Path, label: str, format: "ImageFormat") -> str:
    """ "corgi-4x.png", the stem cut where that would be too long."""
    from imagine.stages.names import MAX_NAME_BYTES, ROOM_FOR_ENDING, cut_bytes
    from imagine.stages.save import FORMATS

    ending = path.suffix if FORMATS.get(path.suffix.lower()) == format else f".{format}"
    room = MAX_NAME_BYTES - ROOM_FOR_ENDING - len(label) - 1
    return f"{cut_bytes(path.stem, room)}-{label}{ending}"


def _key(path: Path) -> str:
    # File systems that ignore case are common.
    return os.path.realpath(path).casefold()


def naming_of(output: str | None, format: str | None) -> Naming:
    """Where results go, from the options.

    Raises:
        UsageError: they contradict each other or are malformed.
        SaveError: the place cannot be looked up.
    """
    from imagine.cli.order import FORMATS
    from imagine.stages.save import destination_of

    if format is not None and format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    wanted = cast("ImageFormat | None", format)
    if output is None:
        return Naming(None, wanted)
    if output == "-":
        raise UsageError("Pictures do not go to stdout; write ./- for a directory of that name.")
    destination = destination_of(output, format=wanted)
    return Naming(destination, destination.format)


def check_output(naming: Naming, pictures: int, *, sidecar: bool) -> None:
    """Refuse a place that cannot be written, or a file for several pictures.

    Raises:
        UsageError: one file is to hold several pictures.
        SaveError: nothing can be written there.
    """
    from imagine.stages.save import check_destination

    if naming.destination is None:
        return
    name = naming.destination.file_name
    if name is not None and pictures > 1:
        raise UsageError(
            f"{pictures} pictures cannot all become {quoted_path(name)}; name a directory."
        )
    check_destination(naming.destination, sidecar=sidecar)


def check_directories(naming: Naming, *, sidecar: bool) -> None:
    """Refuse a directory in which a result cannot be written, before anything is made or paid.

    Raises:
        SaveError: naming the first.
    """
    from imagine.stages.save import Destination, check_destination

    for directory in naming.directories:
        check_destination(Destination(directory, None, None), sidecar=sidecar)


def is_in_use(path: Path) -> bool:
    """Whether something has the name already, or a sidecar lies there that would describe it."""
    from imagine.stages.metadata import sidecar_of

    return os.path.lexists(path) or os.path.lexists(sidecar_of(path))


def results_at(target: Path) -> Iterator[Path]:
    """The files that a run may have written when it was to write `target`: it and its numbers."""
    from imagine.stages.publish import numbered

    free = 0
    for name in numbered(target):
        if name.is_file():
            free = 0
            yield name
            continue
        free += 1
        if free == _FREE_NAMES:
            return


def remove_leftovers(directories: Iterable[Path]) -> None:
    """Remove what killed runs left unfinished, where no batch may still want it."""
    from imagine.stages.batch.database import FILE_NAME
    from imagine.stages.publish import is_abandoned, temporary_files

    for directory in directories:
        # Of a batch, such a file may be a picture that was paid for; it looks for it itself.
        if (directory / FILE_NAME).exists():
            continue
        for path in temporary_files(directory):
            if is_abandoned(path):
                with suppress(OSError):
                    path.unlink()
