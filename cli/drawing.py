"""Drawing a plan: its pictures are drawn and saved, their paths printed, the rest told."""

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from imagine.cli.console import Console
from imagine.stages.errors import ImagineError, SaveError, UnusableAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from imagine.cli.describing import Describing
    from imagine.cli.order import Saving
    from imagine.cli.purse import Purse
    from imagine.cli.settings import Settings
    from imagine.stages.image import Progress
    from imagine.stages.money.estimate import Estimate
    from imagine.stages.pipeline import Picture
    from imagine.stages.plan import Plan
    from imagine.stages.publish import Coming
    from imagine.stages.save import Artifact


# Pictures of one prompt that a provider is asked for at a time.
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Showing:
    """What the user wants to see, and whether anything is drawn at all."""

    dry_run: bool
    show_prompt: bool
    preview: bool
    open: bool


def showing_for(
    settings: "Settings",
    *,
    dry_run: bool,
    show_prompt: bool,
    preview: bool | None,
    open: bool,
    quiet: bool,
) -> Showing:
    """What to show, from options and settings."""
    wanted = settings.flag("preview", preview) and not quiet
    return Showing(dry_run=dry_run, show_prompt=show_prompt, preview=wanted, open=open)


def draw_plan(
    plan: "Plan",
    saving: "Saving",
    showing: Showing,
    console: Console,
    purse: "Purse",
    *,
    describing: "Describing | None" = None,
    line: int | None = None,
) -> None:
    """Show the plan; unless it is a dry run, draw and save its pictures one by one.

    Args:
        describing: what made the description, whose cost goes into the first picture's recipe.
        line: of the file of prompts.
    """
    from imagine.cli.order import check_pictures

    check_pictures(plan.requests, saving)
    purse.check(plan)
    _show_plan(plan, showing, console)
    if showing.dry_run:
        _report_plan(plan, console, purse.estimate(plan, describing), line)
        return
    results: dict[int, dict[str, Any]] = {}
    failure: ImagineError | None = None
    try:
        # 5. Draw; a failure leaves nothing behind and ends this prompt.
        for index, call in _pictures(plan, console, purse, describing):
            try:
                picture = call.result()
                # 6. Save, and say where.
                with console.progress("3/3 Saving"), purse.saving(picture, plan):
                    artifact = saved(picture, saving, index)
            except ImagineError as error:
                # What was asked for at the same time is paid for, and comes all the same.
                failure = failure or error
                continue
            results[index] = _result(picture, artifact, plan.requests[index - 1].seed)
            _announce(picture, artifact, showing, console)
    except (KeyboardInterrupt, SystemExit):
        purse.abandon()
        raise
    in_order = [results[index] for index in sorted(results)]
    if failure is not None:
        # With --json nobody has been told yet of those that are finished.
        failure.finished = tuple(in_order)
        raise failure
    if console.json:
        console.result_json(_envelope(plan, in_order, line))


def _pictures(
    plan: "Plan", console: Console, purse: "Purse", describing: "Describing | None"
) -> "Iterator[tuple[int, Future[Picture]]]":
    """The pictures with their numbers as they come, several at a time where a provider draws.

    After a failure no other one is begun.
    """
    from imagine.stages.batch.ordered import as_they_end
    from imagine.stages.pipeline import draw

    count, backend = len(plan.requests), plan.backend
    # A job that waits in a provider's line is cancelled by the thread that follows it.
    hosted = backend.capabilities.concurrency > 1 and not getattr(backend, "queued", False)
    threads = min(count, backend.capabilities.concurrency, AT_ONCE) if hosted else 1
    failed: list[ImagineError] = []
    bars: list[Callable[[Progress], None]] = []

    def on_progress(step: "Progress") -> None:
        if threads == 1:
            bars[-1](step)

    def work(index: int) -> "Picture":
        if failed:
            raise failed[0]
        try:
            with purse.drawing(plan):
                picture = draw(plan, plan.requests[index - 1], on_progress=on_progress)
                return purse.charged(picture, plan, describing if index == 1 else None)
        except ImagineError as error:
            failed.append(error)
            raise

    calls = as_they_end(range(1, count + 1), work, threads=threads)
    for number in range(1, count + 1):
        told = f" {number}/{count}" if count > 1 else ""
        with console.progress(f"2/3 Drawing{told}") as bar:
            bars.append(bar)
            found = next(calls)
        yield found


def _show_plan(plan: "Plan", showing: Showing, console: Console) -> None:
    from imagine.cli.console import is_terminal
    from imagine.cli.text import guard_text, prompt_text, spec_text

    if showing.show_prompt or (showing.dry_run and not console.json):
        console.note(spec_text(plan.description.spec))
        if not is_undescribed(plan):
            console.note(prompt_text(plan))
    elif is_terminal() and plan.description.spec.assumptions:
        console.note(f"Added: {'; '.join(plan.description.spec.assumptions)}.")
    console.detail(guard_text(plan.description))
    for note in plan.notes:
        console.warn(note)


def _report_plan(
    plan: "Plan", console: Console, estimate: "Estimate | None", line: int | None
) -> None:
    from imagine.cli.order import titled
    from imagine.cli.text import estimate_values, plan_values

    request = plan.requests[0]
    if console.json:
        place = {} if line is None else {"line": line}
        told = {**plan_values(plan), "estimate": estimate_values(estimate)}
        console.result_json({"ok": True, **place, "dry_run": True, **told})
        return
    seeds = ", ".join(str(request.seed) for request in plan.requests)
    price = f": {estimate.told(most=True)}" if estimate is not None else ""
    seed = f", seed {seeds}" if plan.backend.capabilities.seed else ""
    console.note(
        f"Would draw {len(plan.requests)} of {request.width}x{request.height} "
        f"with {titled(plan.backend)}{seed}{price}. Nothing was drawn."
    )
    if not is_undescribed(plan):
        console.result(request.prompt)


def is_undescribed(plan: "Plan") -> bool:
    """Whether a dry run left the description out, so that nobody knows what would be sent."""
    return plan.description.enhancer is None and not plan.description.by_hand


def saved(
    picture: "Picture",
    saving: "Saving",
    index: int,
    *,
    item: str | None = None,
    on_encoded: "Callable[[Coming], None]" = lambda coming: None,
) -> "Artifact":
    """The picture under its name.

    Args:
        index: among the pictures of one prompt, from 1.
        item, on_encoded: as `save_image` takes them.

    Raises:
        SaveError: it cannot be written there.
        UsageError: the format's encoder refused it.
        UnusableAnswerError: it cannot be decoded to be encoded anew.
            After all of them one that was paid for is kept elsewhere.
    """
    from imagine.stages.save import save_image

    try:
        return save_image(
            picture.image,
            picture.recipe,
            destination=saving.destination,
            name_template=saving.name_template,
            quality=saving.quality if picture.image.received is None else saving.received_quality,
            metadata=saving.metadata,
            sidecar=saving.sidecar,
            overwrite=saving.overwrite,
            index=index,
            item=item,
            on_encoded=on_encoded,
        )
    except (SaveError, UsageError, UnusableAnswerError) as error:
        if picture.image.received is None:
            raise
        raise type(error)(f"{error} {_kept_elsewhere(picture)}") from error


def _kept_elsewhere(picture: "Picture") -> str:
    """Where a picture went that a provider drew, and that its own place could not take."""
    from imagine.cli.settings import cache_directory
    from imagine.stages.save import Destination, save_image

    rescue = Destination(directory=cache_directory() / "rescued", file_name=None, format=None)
    try:
        artifact = save_image(picture.image, picture.recipe, destination=rescue)
    except SaveError:
        return "It could not be kept anywhere else."
    return f"The picture itself is kept: '{artifact.path}'."


def _announce(picture: "Picture", artifact: "Artifact", showing: Showing, console: Console) -> None:
    """Notes and preview on stderr; the path on stdout."""
    from imagine.cli import preview
    from imagine.cli.text import cost_text

    for note in picture.image.notes:
        console.warn(note)
    for note in artifact.notes:
        console.note_once(note)
    timings = ", ".join(f"{stage} {time:.2f} s" for stage, time in picture.recipe.timings.items())
    cost = picture.recipe.cost
    if cost is not None:
        console.detail(f"Cost: {cost_text(cost)}.")
    console.detail(f"{artifact.width}x{artifact.height}, {artifact.bytes} bytes, {timings}.")
    if showing.preview and preview.can_show():
        # A saved picture that this machine cannot decode is still the picture.
        with suppress(UnusableAnswerError):
            preview.show(picture.image.pixels)
    if not console.json:
        console.result(str(artifact.path))
    if showing.open:
        import typer

        typer.launch(str(artifact.path))


def _result(picture: "Picture", artifact: "Artifact", seed: int) -> dict[str, Any]:
    values = {**asdict(artifact), "path": str(artifact.path), "seed": seed}
    values["sidecar_path"] = None if artifact.sidecar_path is None else str(artifact.sidecar_path)
    values["notes"] = [*picture.image.notes, *artifact.notes]
    values["model"] = picture.image.model
    cost = picture.recipe.cost
    values["cost"] = None if cost is None else cost.model_dump(mode="json")
    return values


def _envelope(plan: "Plan", results: list[dict[str, Any]], line: int | None) -> dict[str, Any]:
    request = plan.requests[0]
    enhancer = plan.description.enhancer
    return {
        "ok": True,
        **({} if line is None else {"line": line}),
        "source_prompt": request.spec.source_prompt,
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "spec": request.spec.to_dict(),
        "enhancer": None if enhancer is None else enhancer.model_dump(),
        "backend": plan.backend.name,
        "guard": asdict(plan.description.guard),
        "notes": list(plan.notes),
        "images": results,
    }
