"""What is to be done with each picture: a file goes in; a job, or why there is none, comes out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.cli.upscale_earlier import Earlier
from imagine.cli.upscale_inputs import Found
from imagine.cli.upscale_names import Naming
from imagine.cli.upscale_sizes import Sizing
from imagine.stages.enlargement import titled
from imagine.stages.errors import UsageError

if TYPE_CHECKING:
    from imagine.stages.image import ImageFormat
    from imagine.stages.recipe import UpscaleRecord
    from imagine.stages.upscale import Upscaler
    from imagine.stages.upscale.enlarge import Target
    from imagine.stages.upscale.look import Look

# Makes the upscaler that suits a picture, and says why ("" where it was named).
Choose = Callable[["Look"], "tuple[Upscaler, str]"]


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
        is_placed: no other picture of the run has that name.
        format: that it is written as.
    """

    found: Found
    size: tuple[int, int]
    target: "Target"
    upscaler: "Upscaler"
    why: str
    place: Path
    is_placed: bool
    format: "ImageFormat"
    overwrite: bool

    @property
    def grows(self) -> bool:
        """Whether the upscaler has anything to do: what only shrinks is resampled."""
        width, height = self.size
        return self.target.full_width > width or self.target.full_height > height

    @property
    def maker(self) -> str:
        """What makes it, as messages name it."""
        if self.grows:
            return titled(self.upscaler)
        return "nearest" if self.upscaler.name == "nearest" else "lanczos"

    @property
    def is_paid(self) -> bool:
        """Whether making it costs money."""
        return self.grows and self.upscaler.capabilities.paid


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
    earlier: Earlier

    def plan(self, found: Found) -> Job | Finished | LargeEnough:
        """What is to be done with one picture; its pixels are not decoded.

        Raises:
            ImagineError: it cannot be read, enlarged so, or written as asked for.
        """
        from imagine.stages.upscale.enlarge import check
        from imagine.stages.upscale.look import look_at
        from imagine.stages.upscale.write import check_enlarged

        if found.fault:
            raise UsageError(found.fault)
        look = look_at(found.path)
        target = self.wish.sizing.target(look.size)
        if self.wish.sizing.is_reached(look.size, target):
            return LargeEnough(found, look.size)
        upscaler, why = self.choose(look)
        check(upscaler, look.size, target, denoise=self.wish.denoise, sharpen=self.wish.sharpen)
        format = self.naming.format_of(look.kind)
        check_enlarged(format, target.width, target.height)
        job = Job(
            found,
            look.size,
            target,
            upscaler,
            why,
            place=self.naming.target(found, look.kind, self.wish.sizing.label(target)),
            is_placed=False,
            format=format,
            overwrite=self.wish.overwrite,
        )
        return self._unless_finished(job, look)

    def _unless_finished(self, job: Job, look: "Look") -> Job | Finished:
        """The job, or its result from an earlier run; with --force, the job in that one's place."""
        result = self.earlier.recorded(job, look.sha256())
        path, record = (None, None) if result is None else (result.path, result.record)
        if path is None and not self.wish.metadata:
            # Results that say nothing of themselves are told apart by their names alone.
            job = replace(job, place=self.naming.claim(job.place), is_placed=True)
            path = self.earlier.unrecorded(job)
        if path is None:
            return job
        self.naming.take(path)
        if not self.wish.force:
            return Finished(job.found, job.size, job.target, job.upscaler, path, record)
        self.naming.directories[path.parent] = None
        return replace(job, place=path, is_placed=True, overwrite=True)

    def placed(self, job: Job) -> Job:
        """The job with a name of its own, once the results are known that are there."""
        if job.is_placed:
            return job
        return replace(job, place=self.naming.claim(job.place), is_placed=True)
