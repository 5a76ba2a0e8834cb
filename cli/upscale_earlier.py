"""Results of earlier runs: a picture and a wish in, the file that was made of them out."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from imagine.cli.settings import cache_directory
from imagine.cli.upscale_names import Naming, results_at
from imagine.stages.errors import SpecError, UsageError

if TYPE_CHECKING:
    from imagine.cli.upscale_plan import Job, Wish
    from imagine.stages.image import ImageFormat
    from imagine.stages.recipe import Parameter, UpscaleRecord
    from imagine.stages.upscale import Upscaler

# Where a record keeps the model that was asked for, when another name served the request; the
# user's words; the quality of the file; and which weights a model had.
ASKED_MODEL = "asked_model"
PROMPT = "prompt"
QUALITY = "quality"
WEIGHTS = "weights"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file that says how it was made."""

    path: Path
    record: "UpscaleRecord"


@dataclass(frozen=True, slots=True)
class Earlier:
    """Finds what earlier runs made; each file is looked at once, however many ask for its name.

    Attributes:
        by_source: for each name of results, the files under it and its numbers, by the sha256 of
            what they were made of.
    """

    wish: "Wish"
    naming: Naming
    by_source: dict[Path, dict[str, list[Recorded]]] = field(default_factory=dict)

    def recorded(self, job: "Job", sha256: str) -> Recorded | None:
        """The result that says that it was made of a picture by this wish.

        Pictures that are alike get a result each, as long as there are as many.
        """
        found = self.by_source.get(job.place)
        if found is None:
            found = self.by_source[job.place] = _by_source(job.place)
        same = [item for item in found.get(sha256, ()) if self._is_wanted(item, job)]
        free = [item for item in same if not self.naming.is_taken(item.path)]
        if free or self.wish.force:
            return free[0] if free else None
        return same[0] if same else None

    def made_meanwhile(self, job: "Job", sha256: str) -> Recorded | None:
        """As `recorded`, of what another run has made since the picture was looked at."""
        for item in _by_source(job.place).get(sha256, ()):
            mine = item.path == job.place or not self.naming.is_taken(item.path)
            if mine and self._is_wanted(item, job):
                return item
        return None

    def unrecorded(self, job: "Job") -> Path | None:
        """The file without metadata that passes for a result: of its size, and no older."""
        if self.naming.is_file and self.wish.overwrite:
            # Whoever replaces the file that he named means that one, whatever it is.
            return None
        named = iter([job.place] if job.place.is_file() else [])
        for path in named if self.naming.is_file else results_at(job.place):
            mine = path == job.place or not self.naming.is_taken(path)
            if mine and last_upscale(path) is None and _is_as_wanted(path, job):
                return path
        return None

    def rescued(self, job: "Job", sha256: str) -> Recorded | None:
        """The result that was paid for and found no place, where it is kept instead."""
        place = rescue_of(job)
        found = self.by_source.get(place)
        if found is None:
            found = self.by_source[place] = _by_source(place)
        kept = replace(job, format="png")
        for item in found.get(sha256, ()):
            if is_made_by(item.record, kept, self.wish) and not self.naming.is_taken(item.path):
                return item
        return None

    def _is_wanted(self, item: Recorded, job: "Job") -> bool:
        # Whoever replaces the file that he named means none that has its number.
        if self.naming.is_file and self.wish.overwrite and item.path != job.place:
            return False
        return is_made_by(item.record, job, self.wish)


def is_made_by(record: "UpscaleRecord", job: "Job", wish: "Wish") -> bool:
    """Whether a result was made by the same request, of whatever picture."""
    target, parameters = job.target, record.parameters
    return (
        (record.width, record.height) == (target.width, target.height)
        and (record.full_width, record.full_height) == (target.full_width, target.full_height)
        and record.denoise == job.denoise(wish)
        and record.sharpen == wish.sharpen
        and parameters.get(PROMPT) == wish.prompt
        and parameters.get(QUALITY) == quality_of(job.format, wish)
        and (_is_made_with(record, job.upscaler) if job.grows else _is_resampled(record, job))
    )


def _is_made_with(record: "UpscaleRecord", upscaler: "Upscaler") -> bool:
    served = (record.model, record.parameters.get(ASKED_MODEL))
    return (
        record.upscaler == upscaler.name
        and asked_model(upscaler) in ("", *served)
        # A file of the same name may be another model; to read it takes longest, so it is last.
        and record.parameters.get(WEIGHTS) == _weights_of(upscaler)
    )


def _weights_of(upscaler: "Upscaler") -> str | None:
    from imagine.stages.upscale import WeighedUpscaler

    return upscaler.weights() if isinstance(upscaler, WeighedUpscaler) else None


def _is_resampled(record: "UpscaleRecord", job: "Job") -> bool:
    """Whether a picture that was large enough was made so: the record names what did that."""
    if job.size == (job.target.full_width, job.target.full_height):
        return True
    return (record.upscaler == "nearest") == (job.upscaler.name == "nearest")


def asked_for(job: "Job", wish: "Wish", *, served: str) -> "dict[str, Parameter]":
    """What a record keeps of a request beside the rest, so that the next run knows it again.

    Args:
        served: the model that served it.
    """
    asked: dict[str, Parameter] = {}
    if job.grows and asked_model(job.upscaler) not in ("", served):
        asked[ASKED_MODEL] = asked_model(job.upscaler)
    if wish.prompt is not None:
        asked[PROMPT] = wish.prompt
    if (quality := quality_of(job.format, wish)) is not None:
        asked[QUALITY] = quality
    return asked


def rescue_of(job: "Job") -> Path:
    """Where a result is kept that was paid for and finds no place: a PNG, if its name is free."""
    return cache_directory() / "rescued" / job.name.with_suffix(".png").name


def quality_of(format: "ImageFormat", wish: "Wish") -> int | None:
    """What a file of a format is written with; None for PNG, which has no quality."""
    from imagine.stages.formats.encode import DEFAULT_QUALITY

    return None if format == "png" else wish.quality or DEFAULT_QUALITY[format]


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


def _by_source(place: Path) -> dict[str, list[Recorded]]:
    found: dict[str, list[Recorded]] = {}
    for item in _recorded_at(place):
        found.setdefault(item.record.source_sha256 or "", []).append(item)
    return found


def _recorded_at(place: Path) -> Iterator[Recorded]:
    for path in results_at(place):
        record = last_upscale(path)
        if record is not None:
            yield Recorded(path, record)


def _is_as_wanted(path: Path, job: "Job") -> bool:
    from imagine.stages.upscale.look import look_at

    try:
        size = look_at(path).size
    except UsageError:
        return False
    same = size == (job.target.width, job.target.height)
    return same and path.stat().st_mtime_ns >= job.found.path.stat().st_mtime_ns
