"""`imagine upscale`: pictures in; larger ones, and their paths, out."""

import logging
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from imagine.cli import options
from imagine.cli.console import Console
from imagine.stages.enlargement import titled
from imagine.stages.errors import ImagineError, ItemsFailedError, UsageError

# Looking at so many pictures takes a moment that is worth a bar.
MANY = 100

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagine.cli.services import Services
    from imagine.cli.settings import Settings
    from imagine.cli.upscale_inputs import Found
    from imagine.cli.upscale_names import Naming
    from imagine.cli.upscale_plan import Choose, Finished, Job, LargeEnough, Planner, Wish
    from imagine.cli.upscale_report import Report
    from imagine.stages.image import Progress
    from imagine.stages.upscale import Upscaler
    from imagine.stages.upscale.look import Look


def upscale(
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="IMAGES",
            help="Pictures, directories of them, or patterns; - reads paths from stdin.",
            show_default=False,
        ),
    ] = None,
    *,
    scale: options.Scale = None,
    to: options.To = None,
    long_edge: options.LongEdge = None,
    upscaler: options.UpscalerOfFiles = None,
    denoise: options.Denoise = None,
    sharpen: options.Sharpen = None,
    prompt: options.PromptOfPicture = None,
    output: options.OutputBeside = None,
    format: options.FormatAsSource = None,
    quality: options.Quality = None,
    recursive: options.Recursive = False,
    overwrite: options.Overwrite = False,
    force: options.ForceAnew = False,
    dry_run: options.DryRunFiles = False,
    budget: options.Budget = None,
    yes: options.Yes = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.VerboseFiles = 0,
    metadata: options.Metadata = None,
    sidecar: options.Sidecar = None,
) -> None:
    """Enlarge pictures; again, it goes on where it stopped.

    Each result lies beside its picture as NAME-2x, or in --output; its path goes to stdout. What a
    result was made from is in it, so a finished one is not made again. Without metadata, a file of
    that name and size that is not older than its picture counts as finished.
    """
    from imagine.cli.purse import open_purse
    from imagine.cli.services import Services
    from imagine.cli.settings import load_settings
    from imagine.cli.upscale_earlier import Earlier
    from imagine.cli.upscale_inputs import Search, find_pictures
    from imagine.cli.upscale_money import agree, alone, tell_plan
    from imagine.cli.upscale_names import check_output, naming_of, remove_leftovers
    from imagine.cli.upscale_plan import Planner, Wish
    from imagine.cli.upscale_report import Report
    from imagine.cli.upscale_results import without_results
    from imagine.cli.upscale_sizes import sizing_of
    from imagine.cli.upscale_work import AT_ONCE, Workshop, enlarge_all
    from imagine.stages.spec import clean_prompt

    # Pillow tells the log of odd files, which goes to stderr where nobody else takes it.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    console = Console(quiet=quiet, verbose=verbose, json=json)
    settings = load_settings()
    # 1. Settle what was asked for; anything unusable ends here.
    sizing = sizing_of(scale, to, long_edge)
    naming = naming_of(output, format)
    wish = Wish(
        sizing,
        denoise=denoise,
        sharpen=_chosen_sharpen(sharpen),
        prompt=None if prompt is None else clean_prompt(prompt),
        quality=_chosen_quality(settings, quality, naming),
        metadata=settings.flag("metadata", metadata),
        sidecar=settings.flag("sidecar", sidecar),
        overwrite=overwrite,
        force=force,
    )
    pictures = find_pictures(_named(images), Search(recursive, naming.directory))
    report = Report(console, sizing, len(pictures), dry_run=dry_run)
    todo, results = without_results(pictures)
    report.results_left_out(results)
    check_output(naming, len(todo), sidecar=wish.sidecar)
    naming.keep(todo)
    many = min(len(todo), settings.whole("concurrency") or AT_ONCE)
    with Services(settings, console, dry_run=dry_run, many=many if many > 1 else None) as services:
        # 2. Look at each picture, decode none: every refusal that costs nothing happens here.
        earlier = Earlier(wish, naming)
        choose = _chooser(upscaler, services, wish)
        planner = Planner(wish, naming, choose, earlier, several=len(todo) > 1)
        jobs = _plan_all(todo, planner, report)
        purse = open_purse(settings, console, budget=budget, yes=yes)
        # 3. Enlarge and save, and say where; a dry run only tells.
        if dry_run:
            tell_plan(jobs, purse, report)
        else:
            agree(jobs, purse)
            if quality is not None and any(job.format == "png" for job in jobs):
                console.note("PNG is lossless: --quality is for the other formats alone.")
            workshop = Workshop(wish, purse, earlier)
            with alone(jobs, naming):
                remove_leftovers(naming.directories)
                enlarge_all(jobs, workshop, console=console, report=report)
            rescued = [path for path in workshop.homeless.values() if path is not None]
            report.conclude(left=len(jobs) - len(workshop.saved), rescued=rescued)
    _end(report, len(todo), dry_run=dry_run)


def _named(images: list[str] | None) -> list[str]:
    """The words of the command line; paths on a stdin that is no terminal do without the "-"."""
    if images:
        return images
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("There is no picture; name one, as in: imagine upscale photo.jpg.")
    return ["-"]


def _chosen_sharpen(amount: float | None) -> float:
    from imagine.stages.upscale.sharpen import check_sharpen

    check_sharpen(amount or 0.0)
    return amount or 0.0


def _chosen_quality(settings: "Settings", option: int | None, naming: "Naming") -> int | None:
    """The quality of formats that have one.

    Raises:
        UsageError: out of range, or all results are PNG, which has none.
    """
    if option is not None and not 1 <= option <= 100:
        raise UsageError(f"The quality {option} is not between 1 and 100; choose one that is.")
    if option is not None and naming.format == "png":
        raise UsageError(
            "PNG is lossless and has no quality; leave --quality out, or choose --format jpg, "
            "webp or avif."
        )
    return settings.whole("quality", option)


def _chooser(option: str | None, services: "Services", wish: "Wish") -> "Choose":
    """What makes the upscaler of a picture.

    Raises:
        UsageError: the one that is named is unknown, or reads no prompt.
        ImagineError: it cannot be used.
    """

    if option is None and services.settings.text("upscaler") == "none":
        # The setting is about pictures that are drawn; whoever asks for this one means it.
        option = "auto"

    def choose(look: "Look | None") -> "tuple[Upscaler, str]":
        return services.upscaler(option, None if look is None else look.known)

    # A damaged model of the user's is told of once: its capabilities are in its file.
    named = choose(None)[0]
    reads = named.capabilities.prompt
    if wish.prompt is not None and not reads:
        raise UsageError(
            f"The upscaler {titled(named)} reads no prompt; leave out --prompt, or choose another "
            "--upscaler."
        )
    return choose


def _plan_all(todo: "Sequence[Found]", planner: "Planner", report: "Report") -> "list[Job]":
    """The pictures that are left to be enlarged; the others are told of.

    Raises:
        ImagineError: no picture would fare better.
    """
    from imagine.cli.upscale_names import check_directories
    from imagine.cli.upscale_plan import Finished, Job

    jobs: list[Job] = []
    for found, plan in _looked_at(todo, planner, report.console):
        if isinstance(plan, Job):
            report.upscaler(plan)
            # Names are given when all results are known that are there.
            jobs.append(planner.placed(plan))
        elif isinstance(plan, Finished):
            report.finished_before(plan)
        elif isinstance(plan, ImagineError):
            report.failure(found.path, plan)
        else:
            report.large_enough(plan)
    check_directories(planner.naming, sidecar=planner.wish.sidecar)
    return jobs


def _looked_at(
    todo: "Sequence[Found]", planner: "Planner", console: Console
) -> "list[tuple[Found, Job | Finished | LargeEnough | ImagineError]]":
    """What is to be done with each picture, or why it cannot be.

    Raises:
        ImagineError: no picture would fare better.
    """
    from imagine.cli.upscale_work import stops_all
    from imagine.stages.image import Progress

    planned: list[tuple[Found, Job | Finished | LargeEnough | ImagineError]] = []
    with console.progress("Looking") if len(todo) >= MANY else nullcontext(_unseen) as bar:
        for number, found in enumerate(todo, start=1):
            try:
                planned.append((found, planner.plan(found)))
            except ImagineError as error:
                if stops_all(error):
                    raise
                # Its frames hold the file.
                error.__traceback__ = None
                planned.append((found, error))
            bar(Progress(number, len(todo), found.path.name))
    return planned


def _unseen(_: "Progress") -> None:
    """A bar that is not worth its place."""


def _end(report: "Report", pictures: int, *, dry_run: bool) -> None:
    """Fail where a picture did, with its own code where it is the only one or stopped the others.

    Raises:
        typer.Exit: with that code, as it was told already.
        ItemsFailedError: some failed.
    """
    if report.stopped is not None or (report.failures and pictures == 1):
        raise typer.Exit(report.stopped or report.exit_code)
    if not report.failures:
        return
    if dry_run:
        raise ItemsFailedError(f"{report.failures} of {pictures} pictures cannot be enlarged.")
    if report.failures == pictures:
        raise ItemsFailedError("All pictures failed.")
    raise ItemsFailedError(f"{report.failures} of {pictures} pictures failed; the others are done.")
