"""Making: one job goes in; its picture is read, enlarged and saved, or kept where that fails."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, TypedDict

from imagine.cli.upscale_earlier import QUALITY, asked_for, rescue_of
from imagine.cli.upscale_plan import Finished, Job, Wish
from imagine.stages.errors import ImagineError, UsageError, quoted_path

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from imagine.cli.purse import Purse
    from imagine.cli.upscale_work import Workshop
    from imagine.stages.image import Progress
    from imagine.stages.recipe import Recipe, UpscaleRecord
    from imagine.stages.save import Artifact
    from imagine.stages.upscale import Enlarged, Upscaler
    from imagine.stages.upscale.enlarge import Target
    from imagine.stages.upscale.source import Source


class Words(TypedDict, total=False):
    """Arguments of `enlarge` for upscalers that read them."""

    prompt: str | None
    negative_prompt: str | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """A picture that is enlarged and saved.

    Attributes:
        upscaler: that made it, as its record names it.
        model: that served the request.
        cost: US dollars; None where nothing was paid, or nobody knows.
        notes: what the user should know, a sentence each.
    """

    job: Job
    artifact: "Artifact"
    upscaler: str
    model: str
    seconds: float
    cost: float | None
    notes: tuple[str, ...]


def made(
    job: Job, wish: Wish, workshop: "Workshop", on_progress: "Callable[[Progress], None]"
) -> Made | Finished:
    """One picture, read, enlarged and saved; or its result, if another run made it meanwhile.

    Raises:
        ImagineError: one of these failed; nothing is left of it but what was paid for.
    """
    from imagine.stages.upscale.source import open_source

    start = perf_counter()
    try:
        source = open_source(job.found.path)
        job = _as_it_is_now(job, wish, source)
        meanwhile = None if wish.force else workshop.earlier.made_meanwhile(job, source.sha256)
        if meanwhile is not None:
            return Finished(
                job.found, job.size, job.target, job.upscaler, meanwhile.path, meanwhile.record
            )
        enlarged, record, artifact = _enlarged(job, wish, workshop, source, on_progress)
    except MemoryError as error:
        raise _too_large(job) from error
    # Another run may have been faster, where none is kept out as nothing is paid.
    renamed = artifact.path != job.place
    other = workshop.earlier.made_meanwhile(job, source.sha256) if renamed else None
    made_twice = other is not None and other.path == job.place
    notes = (
        *source.notes,
        *enlarged.notes,
        *_idle_denoise(job, wish),
        *artifact.notes,
        *_other_name(job, artifact, made_twice=made_twice, is_file=workshop.earlier.naming.is_file),
    )
    return Made(
        job,
        artifact,
        upscaler=record.upscaler,
        model=enlarged.model,
        seconds=perf_counter() - start,
        cost=record.cost,
        notes=notes,
    )


def _as_it_is_now(job: Job, wish: Wish, source: "Source") -> Job:
    """The job for a file that may have been replaced since it was looked at."""
    if source.size == job.size:
        return job
    return replace(job, size=source.size, target=wish.sizing.target(source.size))


def _enlarged(
    job: Job,
    wish: Wish,
    workshop: "Workshop",
    source: "Source",
    on_progress: "Callable[[Progress], None]",
) -> "tuple[Enlarged, UpscaleRecord, Artifact]":
    """What came of a picture, what is remembered of that, and its file."""
    from imagine.stages.upscale.enlarge import enlarge
    from imagine.stages.upscale.record import record_of
    from imagine.stages.upscale.write import save_enlarged

    target = job.target
    with _paying(job, workshop.purse, target) as paid:
        with workshop.asking(job) if job.is_paid else nullcontext():
            enlarged = enlarge(
                source.raster,
                job.upscaler,
                target,
                denoise=job.denoise(wish),
                sharpen=wish.sharpen,
                **_read(job.upscaler, wish, source.recipe),
                on_progress=on_progress,
            )
        with workshop.saving(job) if job.is_paid else nullcontext():
            cost = paid(enlarged)
            record = record_of(
                enlarged,
                job.upscaler,
                size=source.size,
                target=target,
                denoise=job.denoise(wish),
                sharpen=wish.sharpen,
                parameters=asked_for(job, wish, served=enlarged.model),
                source_sha256=source.sha256,
                cost=cost,
            )
            save = partial(save_enlarged, enlarged.raster, source, metadata=wish.metadata)
            return enlarged, record, _saved(save, record, job, wish, workshop)


def _paying(
    job: Job, purse: "Purse", target: "Target"
) -> "AbstractContextManager[Callable[[Enlarged], float | None]]":
    if not job.is_paid:
        return nullcontext(lambda enlarged: None)
    return purse.enlarging(job.upscaler, (target.width, target.height))


def _read(upscaler: "Upscaler", wish: Wish, recipe: "Recipe | None") -> "Words":
    """What an upscaler reads beside the picture: the user's words, or what it was drawn from."""
    words: Words = {}
    can = upscaler.capabilities
    if can.prompt and recipe is not None:
        words = {"prompt": recipe.prompt, "negative_prompt": recipe.negative_prompt}
    if wish.prompt is not None:
        words = {"prompt": wish.prompt}
    if can.seed and recipe is not None:
        words["seed"] = recipe.to_request().seed
    return words


def _saved(
    save: "Callable[..., Artifact]",
    record: "UpscaleRecord",
    job: Job,
    wish: Wish,
    workshop: "Workshop",
) -> "Artifact":
    """The result in its place; what was paid for and has none there is kept elsewhere.

    Args:
        save: writes it with its record, as `save_enlarged`.

    Raises:
        SaveError: it cannot be written in its place.
        ImagineError: it cannot be computed, or encoded in its format.
    """
    try:
        return save(
            record,
            target=job.place,
            format=job.format,
            quality=None if job.format == "png" else wish.quality,
            sidecar=wish.sidecar,
            overwrite=job.overwrite,
        )
    except (ImagineError, MemoryError, KeyboardInterrupt, SystemExit) as error:
        if not job.is_paid:
            raise
        path = _rescued(save, record, job)
        workshop.homeless[job.found.path] = path
        kept = "It could not be kept anywhere else."
        if path is not None:
            kept = f"The result is kept: '{path}'."
        if isinstance(error, ImagineError):
            # The same error, with its cause: that decides whether the next picture is begun.
            error.args = (f"{error} {kept}",)
            raise
        if isinstance(error, MemoryError):
            raise ImagineError(f"{_too_large(job)} {kept}") from error
        # The interruption itself says nothing of that.
        workshop.purse.console.warn(kept)
        raise


def _rescued(save: "Callable[..., Artifact]", record: "UpscaleRecord", job: Job) -> "Path | None":
    """Keep a result that was paid for as PNG, which needs no encoder and next to no memory.

    Returns:
        The file; None where it cannot be written either.
    """
    # A PNG has no quality, whatever was asked for.
    parameters = {key: value for key, value in record.parameters.items() if key != QUALITY}
    record = record.model_copy(update={"parameters": parameters})
    try:
        return save(record, target=rescue_of(job), format="png").path
    except (ImagineError, MemoryError):
        return None


def _too_large(job: Job) -> UsageError:
    size = f"{job.target.width}x{job.target.height}"
    other = "" if job.format == "png" else "--format png or "
    return UsageError(
        f"{quoted_path(job.found.path)} at {size} does not fit into memory; choose {other}a "
        "smaller size."
    )


def _idle_denoise(job: Job, wish: Wish) -> Iterator[str]:
    if job.denoise(wish) != wish.denoise:
        yield "The picture does not grow, so --denoise does nothing."


def _other_name(
    job: Job, artifact: "Artifact", *, made_twice: bool, is_file: bool
) -> Iterator[str]:
    """That the result is not called what was to be expected.

    Args:
        is_file: the user named the file: only then --overwrite always means that one, and not
            what is found under its numbers.
    """
    wanted = job.place if made_twice or job.passed is None else job.passed
    if artifact.path != wanted:
        told = "was made by another run meanwhile" if made_twice else "was made otherwise"
        replaces = " (--overwrite replaces it)" if is_file and not made_twice else ""
        yield (
            f"{quoted_path(wanted)} exists and {told}; saved as "
            f"{quoted_path(artifact.path)}{replaces}."
        )
