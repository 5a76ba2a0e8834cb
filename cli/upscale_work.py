"""Enlarging: jobs go in; each picture is read, enlarged and saved, its result told at once."""

import errno
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, TypedDict

from imagine.cli.upscale_plan import ASKED_MODEL, PROMPT, Job, Wish, asked_model
from imagine.stages.errors import (
    BudgetError,
    ConfigError,
    ImagineError,
    LocalBackendError,
    SaveError,
    StoppedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from imagine.cli.console import Console
    from imagine.cli.purse import Purse
    from imagine.cli.upscale_report import Report
    from imagine.stages.image import Progress
    from imagine.stages.recipe import Recipe, UpscaleRecord
    from imagine.stages.save import Artifact
    from imagine.stages.upscale import Enlarged, Upscaler
    from imagine.stages.upscale.enlarge import Target
    from imagine.stages.upscale.source import Source

# Pictures that a provider is asked for at a time.
AT_ONCE = 8
# What every place on the disk lacks, and not one picture's.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


class Words(TypedDict, total=False):
    """Arguments of `enlarge` for upscalers that read them."""

    prompt: str | None
    negative_prompt: str | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """A picture that is enlarged and saved.

    Attributes:
        model: that served the request.
        cost: US dollars; None where nothing was paid, or nobody knows.
        notes: what the user should know, a sentence each.
    """

    job: Job
    artifact: "Artifact"
    model: str
    seconds: float
    cost: float | None
    notes: tuple[str, ...]


def stops_all(error: ImagineError) -> bool:
    """Whether the next picture would fare no better: no key, no money, no runtime, a full disk."""
    if isinstance(error, SaveError):
        cause = error.__cause__
        return isinstance(cause, OSError) and cause.errno in _FULL
    return isinstance(error, (BudgetError, ConfigError, LocalBackendError))


def enlarge_all(
    jobs: Sequence[Job], wish: Wish, *, console: "Console", purse: "Purse", report: "Report"
) -> None:
    """Enlarge one picture after the other, or several at a time where a provider does it.

    What goes wrong is told; after what stops all nothing more is begun, and what a provider works
    on by then is finished.
    """
    try:
        for job, call in _calls(jobs, wish, console=console, purse=purse):
            try:
                report.made(call.result())
            except StoppedError:
                continue
            except ImagineError as error:
                report.failure(job.found.path, error)
                if stops_all(error):
                    report.stopped = report.stopped or error
    except (KeyboardInterrupt, SystemExit):
        purse.abandon()
        raise


def _calls(
    jobs: Sequence[Job], wish: Wish, *, console: "Console", purse: "Purse"
) -> "Iterator[tuple[Job, Future[Made]]]":
    """The jobs as they end, with a bar of the tiles where one is worked on at a time."""
    from imagine.stages.batch.ordered import as_they_end

    at_once = max((job.upscaler.capabilities.concurrency for job in jobs), default=1)
    threads = min(len(jobs), at_once, AT_ONCE)
    stopped: list[ImagineError] = []
    bars: list[Callable[[Progress], None]] = []

    def work(job: Job) -> Made:
        if stopped:
            raise StoppedError("Nothing more is begun.")

        def on_progress(step: "Progress") -> None:
            if threads == 1:
                bars[-1](replace(step, label=f"{step.label}, {job.found.path.name}"))

        try:
            return made(job, wish, purse, on_progress)
        except ImagineError as error:
            if stops_all(error):
                stopped.append(error)
            raise

    calls = as_they_end(jobs, work, threads=threads)
    for number in range(1, len(jobs) + 1):
        told = f" {number}/{len(jobs)}" if len(jobs) > 1 else ""
        with console.progress(f"Upscaling{told}") as bar:
            bars.append(bar)
            found = next(calls)
        yield found


def made(job: Job, wish: Wish, purse: "Purse", on_progress: "Callable[[Progress], None]") -> Made:
    """One picture, read, enlarged and saved.

    Raises:
        ImagineError: one of these failed; nothing is left of it.
    """
    from imagine.stages.upscale.enlarge import enlarge
    from imagine.stages.upscale.source import open_source

    start = perf_counter()
    source = open_source(job.found.path)
    target = _target(job, wish, source)
    with purse.enlarging(job.upscaler, (target.width, target.height)) as paid:
        enlarged = enlarge(
            source.raster,
            job.upscaler,
            target,
            denoise=wish.denoise,
            sharpen=wish.sharpen,
            **_read(job.upscaler, wish, source.recipe),
            on_progress=on_progress,
        )
        cost = paid(enlarged)
    record = _record(job, wish, source, enlarged, cost)
    artifact = _saved(job, wish, source, enlarged, record)
    return Made(
        job,
        artifact,
        model=enlarged.model,
        seconds=perf_counter() - start,
        cost=cost,
        notes=(*source.notes, *enlarged.notes, *artifact.notes),
    )


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
    job: Job, wish: Wish, source: "Source", enlarged: "Enlarged", record: "UpscaleRecord"
) -> "Artifact":
    """The result in its place; what was paid for and has none there is kept elsewhere.

    Raises:
        SaveError: it cannot be written in its place.
        ImagineError: it cannot be computed.
    """
    from imagine.cli.settings import cache_directory
    from imagine.stages.upscale.write import save_enlarged

    save = partial(
        save_enlarged,
        enlarged.raster,
        source,
        record,
        format=job.format,
        quality=None if job.format == "png" else wish.quality,
        metadata=wish.metadata,
        sidecar=wish.sidecar,
    )
    try:
        return save(target=job.place, overwrite=job.overwrite)
    except SaveError as error:
        if not job.upscaler.capabilities.paid:
            raise
        try:
            rescue = save(target=cache_directory() / "rescued" / job.place.name, overwrite=False)
        except SaveError:
            told = "It could not be kept anywhere else."
        else:
            told = f"The result is kept: '{rescue.path}'."
        # The reason decides whether the next picture is begun.
        raise SaveError(f"{error} {told}") from error.__cause__


def _target(job: Job, wish: Wish, source: "Source") -> "Target":
    """The size that is wanted of a file that may have been replaced since it was looked at."""
    return job.target if source.size == job.size else wish.sizing.target(source.size)


def _record(
    job: Job, wish: Wish, source: "Source", enlarged: "Enlarged", cost: float | None
) -> "UpscaleRecord":
    """What the result says of how it was made, so that the next run knows it again."""
    from imagine.stages.recipe import Parameter, UpscaleRecord

    target = _target(job, wish, source)
    width, height = source.size
    asked = asked_model(job.upscaler)
    parameters: dict[str, Parameter] = dict(enlarged.parameters)
    if asked not in ("", enlarged.model):
        parameters[ASKED_MODEL] = asked
    if wish.prompt is not None:
        parameters[PROMPT] = wish.prompt
    return UpscaleRecord(
        upscaler=job.upscaler.name,
        model=enlarged.model,
        trained=job.upscaler.capabilities.trained,
        from_width=width,
        from_height=height,
        width=target.width,
        height=target.height,
        full_width=target.full_width,
        full_height=target.full_height,
        denoise=wish.denoise,
        sharpen=wish.sharpen,
        parameters=parameters,
        source_sha256=source.sha256,
        cost=cost,
    )
