"""What is to be done with each picture: a file goes in; a job, or why there is none, comes out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from imagine.cli.upscale_inputs import Found
from imagine.cli.upscale_names import Naming, results_at
from imagine.cli.upscale_sizes import Sizing
from imagine.stages.errors import SpecError

if TYPE_CHECKING:
    from imagine.stages.image import ImageFormat
    from imagine.stages.recipe import Recipe, UpscaleRecord
    from imagine.stages.upscale import Upscaler
    from imagine.stages.upscale.enlarge import Target
    from imagine.stages.upscale.look import Look

# Where a record keeps the model that was asked for, when another name served the request; and the
# user's words.
ASKED_MODEL = "asked_model"
PROMPT = "prompt"
# Makes the upscaler that suits a picture, and says why ("" where it was named).
Choose = Callable[["Recipe | None"], "tuple[Upscaler, str]"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for every picture.

    Attributes:
        prompt: what the pictures show; None for what each says of itself.
        quality: for formats that have one; None for their default.
        overwrite: a file that has the result's name is replaced.
        force: what an earlier run made is made anew, in its place.
    """

    sizing: Sizing
    denoise: int | None
    sharpen: float
    prompt: str | None
    quality: int | None
    metadata: bool
    sidecar: bool
    overwrite: bool
    force: bool


@dataclass(frozen=True, slots=True)
class Job:
    """A picture that is to be enlarged.

    Attributes:
        size: of the picture, upright.
        place: the result's name, where it is free or `overwrite` is set.
        format: that it is written as.
    """

    found: Found
    size: tuple[int, int]
    target: "Target"
    upscaler: "Upscaler"
    why: str
    place: Path
    format: "ImageFormat"
    overwrite: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """A picture whose result is there from an earlier run.

    Attributes:
        record: what the result says of itself; None without metadata.
    """

    found: Found
    size: tuple[int, int]
    target: "Target"
    upscaler: "Upscaler"
    path: Path
    record: "UpscaleRecord | None"


@dataclass(frozen=True, slots=True)
class LargeEnough:
    """A picture that need not grow."""

    found: Found
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Planner:
    """Settles what becomes of pictures, one after the other."""

    wish: Wish
    naming: Naming
    choose: Choose

    def plan(self, found: Found) -> Job | Finished | LargeEnough:
        """What is to be done with one picture; its pixels are not decoded.

        Raises:
            ImagineError: it cannot be read, enlarged so, or written as asked for.
        """
        from imagine.stages.upscale.enlarge import check
        from imagine.stages.upscale.look import look_at
        from imagine.stages.upscale.write import check_enlarged

        look = look_at(found.path)
        target = self.wish.sizing.target(look.size)
        if self.wish.sizing.is_reached(look.size, target):
            return LargeEnough(found, look.size)
        upscaler, why = self.choose(look.recipe)
        check(upscaler, look.size, target, denoise=self.wish.denoise, sharpen=self.wish.sharpen)
        format = self.naming.format_of(look.kind)
        check_enlarged(format, target.width, target.height)
        place = self.naming.claim(found, look.kind, self.wish.sizing.label(target))
        earlier = self._result_of(look, found.path, place, upscaler, target)
        if earlier is not None and not self.wish.force:
            path, record = earlier
            return Finished(found, look.size, target, upscaler, path, record)
        return Job(
            found,
            look.size,
            target,
            upscaler,
            why,
            place=place if earlier is None else earlier[0],
            format=format,
            overwrite=self.wish.overwrite or earlier is not None,
        )

    def _result_of(
        self, look: "Look", source: Path, place: Path, upscaler: "Upscaler", target: "Target"
    ) -> "tuple[Path, UpscaleRecord | None] | None":
        """The file that an earlier run made of this picture and this wish."""
        for path in results_at(place):
            record = last_upscale(path)
            if record is None:
                if not self.wish.metadata and is_as_wanted(path, source, target):
                    return path, None
            elif self._is_of(record, upscaler, target) and record.source_sha256 == look.sha256():
                return path, record
        return None

    def _is_of(self, record: "UpscaleRecord", upscaler: "Upscaler", target: "Target") -> bool:
        """Whether a result was made by the same request, of whatever picture."""
        return (
            record.upscaler == upscaler.name
            and asked_model(upscaler) in ("", record.model, record.parameters.get(ASKED_MODEL))
            and (record.width, record.height) == (target.width, target.height)
            and (record.full_width, record.full_height) == (target.full_width, target.full_height)
            and record.denoise == self.wish.denoise
            and record.sharpen == self.wish.sharpen
            and record.parameters.get(PROMPT) == self.wish.prompt
        )


def asked_model(upscaler: "Upscaler") -> str:
    """The model that is asked for, as a record may keep it: without the directory of a file."""
    return PurePath(upscaler.model).name


def last_upscale(path: Path) -> "UpscaleRecord | None":
    """What a picture says of its last enlargement; None where it says nothing readable."""
    from imagine.stages.upscale.record import read_upscales

    try:
        upscales = read_upscales(path)
    except SpecError:
        return None
    return upscales[-1] if upscales else None


def is_as_wanted(path: Path, source: Path, target: "Target") -> bool:
    """Whether a file without metadata counts as the result: of its size, and no older."""
    from imagine.stages.errors import UsageError
    from imagine.stages.upscale.look import look_at

    try:
        size = look_at(path).size
    except UsageError:
        return False
    same = size == (target.width, target.height)
    return same and path.stat().st_mtime_ns >= source.stat().st_mtime_ns
