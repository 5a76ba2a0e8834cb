"""`imagine refine`: a picture and a wish in, the picture drawn again with that changed out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imagine.cli import options
from imagine.cli.console import Console

if TYPE_CHECKING:
    from imagine.stages.refine import Change


def refine(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A picture or sidecar.")],
    instruction: Annotated[
        list[str],
        typer.Argument(metavar="CHANGE", help='What to change, as "make the crown tiny".'),
    ],
    *,
    enhancer: options.Enhancer = None,
    backend: options.Backend = None,
    model: options.Model = None,
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
    cache: options.Cache = None,
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
    """Change one thing of a picture and draw it again.

    A language model changes the description that the file carries, and nothing that you did not
    ask for; seed, size and options are the recorded ones. With --dry-run the model is asked all the
    same, since the change is what there is to see.
    """
    parameters = locals()
    from imagine.cli import order as choose
    from imagine.cli.describing import Answers, describing_for
    from imagine.cli.drawing import draw_plan, showing_for
    from imagine.cli.purse import open_purse
    from imagine.cli.recorded import planned_again
    from imagine.cli.services import Services
    from imagine.cli.settings import load_settings
    from imagine.stages.errors import ImagineError
    from imagine.stages.metadata import read_recipe
    from imagine.stages.refine import changes_between, plan_refinement
    from imagine.stages.refine import refine as change

    console = Console(quiet=quiet, verbose=verbose, json=json)
    settings = load_settings()
    recipe = read_recipe(file)
    with Services(settings, console) as services:
        # 1. Settle what is drawn: what is refused is refused before the model is asked.
        who, why = services.enhancer(enhancer)
        recorded, saving = planned_again(recipe, parameters, settings, services)
        describing = describing_for(
            settings,
            who,
            on_error="fail",
            seed=recipe.enhancer.seed if recipe.enhancer is not None else 0,
            styles=[],
            negative=[],
            aspect_ratio=None,
            images=[],
            pick=1,
            cache=cache,
        )
        purse = open_purse(settings, console, budget=budget, yes=yes)
        if not dry_run:
            purse.agree(recorded.backend, num, enlarging=purse.of_enlarging(recorded, num))
        reason = f" ({why})" if why else ""
        painter = choose.titled(recorded.backend)
        console.note(f"Enhancer {choose.titled(who)}{reason}, backend {painter}.")

        # 2. Have the description changed, and show how.
        wish = " ".join(instruction)
        try:
            paying = purse.describing(describing, recorded.backend, count=num)
            with console.progress(f"1/{4 if recorded.enlargements else 3} Changing"), paying:
                description = change(recipe, wish, enhancer=who, cache=describing.cache)
        except ImagineError as error:
            purse.described(Answers([], [error]), describing)
            raise
        purse.described(Answers([description], []), describing)
        for item in changes_between(recipe.spec, description.spec):
            console.note(_told(item))

        # 3. Draw it.
        new_ratio = description.spec.aspect_ratio != recipe.spec.aspect_ratio
        reshaped = new_ratio and size is None and aspect_ratio is None
        showing = showing_for(
            settings,
            dry_run=dry_run,
            show_prompt=show_prompt,
            preview=preview,
            open=open,
            quiet=quiet,
        )
        plan = plan_refinement(recorded, description, reshaped=reshaped, dry_run=dry_run)
        draw_plan(plan, saving, showing, console, purse, describing=describing)


def _told(item: "Change") -> str:
    """A change as one line: "crown: attributes: (nothing) → tiny"."""
    return f"{item.what}: {item.before or '(nothing)'} → {item.after or '(nothing)'}"
