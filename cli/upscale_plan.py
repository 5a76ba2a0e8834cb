"""What is to be done with each picture: a file goes in; a job, or why there is none, comes out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.cli.upscale_earlier import Earlier
from imagine.cli.upscale_inputs import Found
from imagine.cli.upscale_names import Naming, is_in_use
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
        name: what the result would be called, were the name its alone.
        place: the result's name, where it is free or `overwrite` is set.
        is_placed: no other picture of the run has that name.
        format: that it is written as.
        passed: the name that it has not, as something else was there under it.
    """

    found: Found
    size: tuple[int, int]
    target: "Target"
    upscaler: "Upscaler"
    why: str
    name: Path
    place: Path
    is_placed: bool
    format: "ImageFormat"
    overwrite: bool
    passed: Path | None = None

    @property
    def grows(self) -> bool:
        """Whether the upscaler has anything to do: what only shrinks is resampled."""
        return grows(self.size, self.target)

    @property
    def maker(self) -> str:
        """What makes it, as messages name it."""
        return titled(self.upscaler) if self.grows else self.runs

    @property
    def is_paid(self) -> bool:
        """Whether making it costs money."""
        return self.grows and self.upscaler.capabilities.paid

    @property
    def runs(self) -> str:
        """The upscaler that makes it, without its model, as a record names it."""
        return runner(self.upscaler, self.size, self.target)

    def denoise(self, wish: Wish) -> int | None:
        """How much noise is removed: none where the upscaler, which would, has nothing to do."""
        return wish.denoise if self.grows else None


def grows(size: tuple[int, int], target: "Target") -> bool:
    """Whether a picture of a size is enlarged to come to a target."""
    return target.full_width > size[0] or target.full_height > size[1]


def runner(upscaler: "Upscaler", size: tuple[int, int], target: "Target") -> str:
    """What makes a result, as its record names it: a picture that does not grow is resampled."""
    if upscaler.name == "nearest" or grows(size, target):
        return upscaler.name
    return "lanczos"


@dataclass(frozen=True, slots=True)
class Finished:
    """A picture whose result is there from an earlier run.

    Attributes:
        record: what the result says of itself; None without metadata.
        is_rescued: it was paid for, and lies where what finds no place is kept.
    """

    found: Found
    size: tuple[int, int]
    target: "Target"
    upscaler: "Upscaler"
    path: Path
    record: "UpscaleRecord | None"
    is_rescued: bool = False

    @property
    def made_by(self) -> tuple[str, str]:
        """The upscaler that made it and its model, as far as its name and size tell."""
        if self.record is not None:
            return self.record.upscaler, self.record.model
        runs = runner(self.upscaler, self.size, self.target)
        return runs, self.upscaler.model if grows(self.size, self.target) else runs


@dataclass(frozen=True, slots=True)
class LargeEnough:
    """A picture that need not grow."""

    found: Found
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Planner:
    """Settles what becomes of pictures, one after the other.

    Attributes:
        several: there is more than one, and not every option means each of them.
    """

    wish: Wish
    naming: Naming
    choose: Choose
    earlier: Earlier
    several: bool

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
        idle = self.several and not grows(look.size, target)
        denoise = None if idle else self.wish.denoise
        check(upscaler, look.size, target, denoise=denoise, sharpen=self.wish.sharpen)
        format = self.naming.format_of(look.kind)
        check_enlarged(format, target.width, target.height)
        name = self.naming.target(found, look.kind, self.wish.sizing.label(target))
        job = Job(
            found,
            look.size,
            target,
            upscaler,
            why,
            name=name,
            place=name,
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
            return self._unless_rescued(job, look)
        self.naming.take(path)
        if not self.wish.force:
            return Finished(job.found, job.size, job.target, job.upscaler, path, record)
        self.naming.directories[path.parent] = None
        return replace(job, place=path, is_placed=True, overwrite=True)

    def _unless_rescued(self, job: Job, look: "Look") -> Job | Finished:
        """The job, or what was paid for and found no place: it is not paid for twice."""
        if not job.is_paid or self.wish.force:
            return job
        kept = self.earlier.rescued(job, look.sha256())
        if kept is None:
            return job
        self.naming.take(kept.path)
        return Finished(
            job.found, job.size, job.target, job.upscaler, kept.path, kept.record, is_rescued=True
        )

    def placed(self, job: Job) -> Job:
        """The job with a name of its own, once the results are known that are there.

        A name under which something else lies is passed over here, not when the result is there:
        the next run looks for it under the numbers of its own name.
        """
        place = first = job.place if job.is_placed else self.naming.claim(job.place)
        while not job.overwrite and is_in_use(place):
            place = self.naming.claim(job.place)
        passed = None if place == first else first
        return replace(job, place=place, is_placed=True, passed=passed)
