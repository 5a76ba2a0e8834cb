"""`imagine replay`: a picture in, the same picture out again; options win over its recipe."""

from pathlib import Path
from typing import Annotated

import typer

from imagine.cli import options
from imagine.cli.console import Console


def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A picture or sidecar.")],
    *,
    backend: options.Backend = None,
    model: options.Model = None,
    style: options.Styles = None,
    negative: options.Negative = None,
    aspect_ratio: options.AspectRatio = None,
    size: options.Size = None,
    num: options.Num = 1,
    seed: options.ReplaySeed = None,
    steps: options.Steps = None,
    guidance: options.Guidance = None,
    image: options.Images = None,
    strength: options.Strength = None,
    mask: options.Mask = None,
    lora: options.Loras = None,
    scheduler: options.Scheduler = None,
    refine: options.Refine = None,
    refine_strength: options.RefineStrength = None,
    upscale: options.Upscale = None,
    upscaler: options.Upscaler = None,
    denoise: options.Denoise = None,
    sharpen: options.Sharpen = None,
    output: options.Output = None,
    name: options.NameTemplate = None,
    format: options.Format = None,
    quality: options.Quality = None,
    dry_run: options.DryRun = False,
    show_prompt: options.ShowPrompt = False,
    budget: options.Budget = None,
    yes: options.Yes = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
    preview: options.Preview = None,
    open: options.Open = False,
    metadata: options.Metadata = None,
    sidecar: options.Sidecar = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Draw a picture again from the file alone; options win.

    Nothing is described anew: the request is the recorded one, byte for byte, but for what an
    option changes.
    """
    parameters = locals()
    from imagine.cli import order as choose
    from imagine.cli.drawing import draw_plan, showing_for
    from imagine.cli.purse import open_purse
    from imagine.cli.services import Services
    from imagine.cli.settings import load_settings
    from imagine.stages.metadata import read_recipe
    from imagine.stages.plan import plan_replay

    console = Console(quiet=quiet, verbose=verbose, json=json)
    settings = load_settings()
    recipe = read_recipe(file)
    exact, ratio = choose.given_size(size, aspect_ratio)
    with Services(settings, console, dry_run=dry_run) as services:
        plan = plan_replay(
            recipe,
            backend=services.recorded_backend(recipe, backend, model),
            seed=seed,
            count=num,
            size=exact,
            aspect_ratio=ratio,
            styles=choose.named_styles(style or []),
            negative=negative or [],
            options=choose.drawing_options(parameters, recorded=recipe.to_request().hires_fix),
            enlarging=choose.enlarging_for(
                services,
                factor=upscale,
                upscaler=upscaler,
                denoise=denoise,
                sharpen=sharpen,
                again=True,
            ),
            dry_run=dry_run,
        )
        if not plan.enlargements:
            choose.refuse_without_enlarging(upscaler=upscaler, denoise=denoise, sharpen=sharpen)
        saving = choose.choose_saving(
            settings,
            output=output,
            name=name,
            format=format,
            quality=quality,
            metadata=metadata,
            sidecar=sidecar,
            overwrite=overwrite,
            hosted=plan.backend.capabilities.paid,
        )
        console.note(f"Replaying '{file}', backend {choose.titled(plan.backend)}.")
        showing = showing_for(
            settings,
            dry_run=dry_run,
            show_prompt=show_prompt,
            preview=preview,
            open=open,
            quiet=quiet,
        )
        purse = open_purse(settings, console, budget=budget, yes=yes)
        if not dry_run:
            purse.agree(plan.backend, num, enlarging=purse.of_enlarging(plan, num))
        draw_plan(plan, saving, showing, console, purse)
