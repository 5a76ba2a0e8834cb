"""`imagine generate`, the default command: a prompt in, pictures and their paths out.

Lines on stdin or in a file are a batch: imagine.cli.batch.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from imagine.cli import options
from imagine.cli.console import Console
from imagine.cli.drawing import draw_plan, showing_for
from imagine.cli.planning import (
    Order,
    Wanted,
    adopted,
    check_drawable,
    edited,
    order_for,
    planned,
    rehearse,
)

if TYPE_CHECKING:
    from imagine.cli.purse import Purse
    from imagine.stages.description import Description


def generate(
    prompt: options.Words = None,
    *,
    file: options.File = None,
    enhancer: options.Enhancer = None,
    no_enhance: options.NoEnhance = False,
    backend: options.Backend = None,
    model: options.Model = None,
    style: options.Styles = None,
    negative: options.Negative = None,
    aspect_ratio: options.AspectRatio = None,
    size: options.Size = None,
    num: options.Num = 1,
    seed: options.Seed = None,
    enhance_seed: options.EnhanceSeed = 0,
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
    spec: options.SpecFile = None,
    edit: options.Edit = False,
    pick: options.Pick = 1,
    on_enhance_error: options.OnEnhanceError = None,
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
    """Draw a picture from a prompt; the default command.

    Paths of the pictures go to stdout, everything else to stderr. Several prompts, one a line,
    come from stdin or --file: that is `imagine batch`, whose help has more options for them.
    """
    parameters = locals()
    from imagine.cli import order as choose
    from imagine.cli.inputs import one_prompt
    from imagine.cli.purse import open_purse
    from imagine.cli.services import Services
    from imagine.cli.settings import load_settings

    console = Console(quiet=quiet, verbose=verbose, json=json)
    settings = load_settings()
    wanted = Wanted.among(parameters)
    if edit:
        from imagine.cli.editor import editor_command

        editor_command()
    if spec is not None:
        choose.refuse_with_spec(prompt, file, enhancer, no_enhance, pick)
    words = one_prompt(prompt, file) if spec is None else None
    if words is None and spec is None:
        from imagine.cli.batch import Batching, refuse_for_many
        from imagine.cli.batch_run import run_batch

        refuse_for_many(edit=edit, open=open, overwrite=overwrite, preview=bool(preview))
        batching = Batching(file=file, show_prompt=show_prompt, dry_run=dry_run, yes=yes)
        run_batch(wanted, batching, settings, console, budget=budget)
        return
    showing = showing_for(
        settings,
        dry_run=dry_run,
        show_prompt=show_prompt,
        preview=preview,
        open=open,
        quiet=quiet,
    )
    with Services(settings, console, dry_run=dry_run) as services:
        # 1. Settle what was asked for; anything unusable ends here.
        if spec is not None:
            wanted = replace(wanted, enhancer="none", no_enhance=False)
        order = order_for(wanted, settings, services, dry_run=dry_run)
        check_drawable(order)
        purse = open_purse(settings, console, budget=budget, yes=yes)
        # 2. A given description is drawn as it is; a prompt is described first.
        if spec is not None:
            given = choose.read_spec(spec)
            console.note(f"Description from '{spec}', {order.painter()}.")
        else:
            console.note(order.introduction())
        if not dry_run:
            purse.agree_to(order)
        if spec is not None:
            descriptions = [adopted(given, order)]
        else:
            descriptions = _described(str(words), order, console, purse)
        for description in descriptions:
            # 3. The user may look at the description and change it.
            wished = edited(description, console) if edit else description
            # 4. Plan: every refusal that costs nothing happens here. Then draw and save.
            draw_plan(
                planned(wished, order),
                order.saving,
                showing,
                console,
                purse,
                describing=order.describing,
            )


def _described(prompt: str, order: Order, console: Console, purse: "Purse") -> "list[Description]":
    """The description, or those that --pick asks for.

    Raises:
        ImagineError: the prompt is unusable, nobody agrees to its price, or describing failed.
    """
    from imagine.cli.describing import picked

    describing = order.describing
    rehearse(prompt, order)
    paying = purse.describing(describing, order.backend, count=order.count)
    with console.progress(f"1/{order.stages} Describing"), paying:
        answers = describing.describe(prompt)
        purse.described(answers, describing)
    chosen = picked(answers, console)
    if describing.dry_run and describing.asks and chosen[0].enhancer is None:
        # Without their descriptions the alternatives are all alike.
        return chosen[:1]
    return chosen
