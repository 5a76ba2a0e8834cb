"""Drawing a plan: its pictures are drawn and saved, their paths printed, the rest told."""

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from imagine.cli.console import Console
from imagine.cli.finishing import Finishing, picture_values
from imagine.cli.painting import Painting
from imagine.stages.errors import ImagineError, UnusableAnswerError

if TYPE_CHECKING:
    from imagine.cli.describing import Describing
    from imagine.cli.order import Saving
    from imagine.cli.purse import Purse
    from imagine.cli.settings import Settings
    from imagine.stages.money.estimate import Estimate
    from imagine.stages.pipeline import Picture
    from imagine.stages.plan import Plan
    from imagine.stages.save import Artifact


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
    from imagine.cli.enlarging import check_networks
    from imagine.cli.order import check_pictures

    check_pictures(plan, saving)
    if not showing.dry_run:
        check_networks(plan)
    purse.check(plan)
    _show_plan(plan, showing, console)
    if showing.dry_run:
        _report_plan(plan, console, purse.estimate(plan, describing), line)
        return
    finishing = Finishing(plan, saving, console, purse)
    results: dict[int, dict[str, Any]] = {}
    drawn: dict[int, Picture] = {}
    failed: list[ImagineError] = []
    try:
        # 5. Draw; a failure leaves nothing behind and ends this prompt.
        painting = Painting(plan, console, purse, describing, previews=showing.preview)
        for index, call in painting.pictures(drawn=drawn, failed=failed):
            try:
                # 6. Enlarge, where that was asked for; save, and say where.
                picture = drawn[index] = finishing.enlarge(call.result(), index)
                artifact = finishing.save(picture, index)
            except ImagineError as error:
                # What was asked for at the same time is paid for, and comes all the same.
                failed.append(error)
                if drawn.pop(index, None) is not None and error.finished:
                    # Saved as it was drawn.
                    results[index] = error.finished[0]
                continue
            del drawn[index]
            results[index] = picture_values(picture, artifact, plan.requests[index - 1].seed)
            _announce(picture, artifact, showing, console)
    except BaseException:
        # Ctrl-C, or a fault of an upscaler: what cost money or minutes is never lost.
        purse.abandon()
        if _is_dear(plan):
            for index, picture in sorted(drawn.items()):
                finishing.rescue(picture, index)
        raise
    in_order = [results[index] for index in sorted(results)]
    if failed:
        # With --json nobody has been told yet of those that are finished.
        failed[0].finished = tuple(in_order)
        raise failed[0]
    if console.json:
        console.result_json(_envelope(plan, in_order, line))


def _is_dear(plan: "Plan") -> bool:
    """Whether a picture costs money, drawn or enlarged, or takes a model its time."""
    enlarging = any(step.upscaler.capabilities.paid for step in plan.enlargements)
    can = plan.backend.capabilities
    return can.paid or can.trained or enlarging


def _show_plan(plan: "Plan", showing: Showing, console: Console) -> None:
    from imagine.cli.console import is_terminal
    from imagine.cli.enlarging import tell_of_upscalers
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
    tell_of_upscalers(plan, console)


def _report_plan(
    plan: "Plan", console: Console, estimate: "Estimate | None", line: int | None
) -> None:
    from imagine.cli.order import titled
    from imagine.cli.text import drawing_text, estimate_values, plan_values

    request = plan.requests[0]
    again = ""
    if request.hires_fix is not None:
        again = ", drawn over at {}x{},".format(*request.result_size)
    if console.json:
        place = {} if line is None else {"line": line}
        told = {**plan_values(plan), "estimate": estimate_values(estimate)}
        console.result_json({"ok": True, **place, "dry_run": True, **told})
        return
    seeds = ", ".join(str(request.seed) for request in plan.requests)
    price = f": {estimate.told(most=True)}" if estimate is not None else ""
    seed = f", seed {seeds}" if plan.backend.capabilities.seed else ""
    steps = "".join(f", {step.told()}" for step in plan.enlargements)
    console.note(
        f"Would draw {len(plan.requests)} of {request.width}x{request.height}{again} "
        f"with {titled(plan.backend)}{seed}{drawing_text(plan)}{steps}{price}. Nothing was drawn."
    )
    if not is_undescribed(plan):
        console.result(request.prompt)


def is_undescribed(plan: "Plan") -> bool:
    """Whether a dry run left the description out, so that nobody knows what would be sent."""
    return plan.description.enhancer is None and not plan.description.by_hand


def _announce(picture: "Picture", artifact: "Artifact", showing: Showing, console: Console) -> None:
    """Notes and preview on stderr; the path on stdout."""
    from imagine.cli import preview
    from imagine.cli.text import cost_text, enlarging_cost_text

    for note in picture.image.notes:
        console.warn(note)
    for note in artifact.notes:
        console.note_once(note)
    timings = ", ".join(f"{stage} {time:.2f} s" for stage, time in picture.recipe.timings.items())
    cost = picture.recipe.cost
    if cost is not None:
        console.detail(f"Cost: {cost_text(cost)}.")
    if paid := [record.cost for record in picture.recipe.upscales if record.cost is not None]:
        console.detail(f"Cost of enlarging: {enlarging_cost_text(paid)}.")
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
