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
    from imagine.cli.drawing import draw_plan, showing_for
    from imagine.cli.order import titled
    from imagine.cli.purse import open_purse
    from imagine.cli.recorded import planned_again
    from imagine.cli.services import Services
    from imagine.cli.settings import load_settings
    from imagine.stages.metadata import read_recipe

    console = Console(quiet=quiet, verbose=verbose, json=json)
    settings = load_settings()
    recipe = read_recipe(file)
    with Services(settings, console, dry_run=dry_run) as services:
        plan, saving = planned_again(recipe, parameters, settings, services)
        console.note(f"Replaying '{file}', backend {titled(plan.backend)}.")
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
