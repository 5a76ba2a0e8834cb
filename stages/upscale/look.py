"""A first look at a picture: a path goes in; its kind, size and recipe come out, undecoded."""

from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from imagine.stages.errors import UsageError, unreadable
from imagine.stages.formats.kinds import PictureKind
from imagine.stages.recipe import Recipe
from imagine.stages.upscale.source import opened, recipe_of


@dataclass(frozen=True, slots=True)
class Look:
    """What can be known of a picture without decoding it.

    Attributes:
        kind: of the file, by its content.
        size: width and height in pixels, as it is to be seen.
        recipe: what made it; None where there is none that can be read.
    """

    path: Path
    kind: PictureKind
    size: tuple[int, int]
    recipe: Recipe | None

    def sha256(self) -> str:
        """Of the file as it is now, in hexadecimal.

        Raises:
            UsageError: it cannot be read any more.
        """
        try:
            with self.path.open("rb") as file:
                return file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise UsageError(unreadable(self.path, error)) from error


def look_at(path: Path) -> Look:
    """Look at a picture.

    Raises:
        UsageError: as imagine.stages.upscale.source.open_source, but for damage to its pixels.
    """
    with opened(path) as source:
        return Look(path, source.kind, source.size, recipe_of(path, source.kind)[0])
