"""Drawing a plan: its pictures are drawn and saved, their paths printed, the rest told."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from imagine.cli.console import Console

if TYPE_CHECKING:
    from imagine.cli.order import Saving
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


def draw_plan(
    plan: "Plan",
    saving: "Saving",
    showing: Showing,
    console: Console,
    *,
    line: int | None = None,
) -> None:
    """Show the plan; unless it is a dry run, draw and save its pictures one by one."""
    from imagine.cli.order import check_pictures

    check_pictures(plan.requests, saving)
    _show_plan(plan, showing, console)
    if showing.dry_run:
        _report_plan(plan, console, line)
        return
    results = []
    for index, request in enumerate(plan.requests, start=1):
        # 5. Draw; a failure leaves nothing behind and ends this prompt.
        picture = _drawn(plan, index, console)
        # 6. Save, and say where.
        with console.progress("3/3 Saving"):
            artifact = _saved(picture, saving, index)
        results.append(_result(picture, artifact, request.seed))
        _announce(picture, artifact, showing, console)
    if console.json:
        console.result_json(_envelope(plan, results, line))


def _show_plan(plan: "Plan", showing: Showing, console: Console) -> None:
    from imagine.cli.console import is_terminal
    from imagine.cli.text import guard_text, prompt_text, spec_text

    if showing.show_prompt or (showing.dry_run and not console.json):
        console.note(spec_text(plan.description.spec))
        console.note(prompt_text(plan.rendered))
    elif is_terminal() and plan.description.spec.assumptions:
        console.note(f"Added: {'; '.join(plan.description.spec.assumptions)}.")
    console.detail(guard_text(plan.description))
    for note in plan.notes:
        console.warn(note)


def _report_plan(plan: "Plan", console: Console, line: int | None) -> None:
    from imagine.cli.text import plan_values

    request = plan.requests[0]
    if console.json:
        place = {} if line is None else {"line": line}
        console.result_json({"ok": True, **place, "dry_run": True, **plan_values(plan)})
        return
    seeds = ", ".join(str(request.seed) for request in plan.requests)
    console.note(
        f"Would draw {len(plan.requests)} of {request.width}x{request.height} "
        f"with {plan.backend.name}, seed {seeds}. Nothing was drawn."
    )
    console.result(request.prompt)


def _drawn(plan: "Plan", index: int, console: Console) -> "Picture":
    from imagine.stages.pipeline import draw

    request = plan.requests[index - 1]
    number = f" {index}/{len(plan.requests)}" if len(plan.requests) > 1 else ""
    with console.progress(f"2/3 Drawing{number}") as on_progress:
        return draw(plan, request, on_progress=on_progress)


def _saved(picture: "Picture", saving: "Saving", index: int) -> "Artifact":
    from imagine.stages.save import save_image

    return save_image(
        picture.image.pixels,
        picture.recipe,
        destination=saving.destination,
        name_template=saving.name_template,
        quality=saving.quality,
        metadata=saving.metadata,
        sidecar=saving.sidecar,
        overwrite=saving.overwrite,
        index=index,
    )


def _announce(picture: "Picture", artifact: "Artifact", showing: Showing, console: Console) -> None:
    """Notes and preview on stderr; the path on stdout."""
    from imagine.cli import preview

    for note in (*picture.image.notes, *artifact.notes):
        console.warn(note)
    timings = ", ".join(f"{stage} {time:.2f} s" for stage, time in picture.recipe.timings.items())
    console.detail(f"{artifact.width}x{artifact.height}, {artifact.bytes} bytes, {timings}.")
    if showing.preview and preview.can_show():
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
