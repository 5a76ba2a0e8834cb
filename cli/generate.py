"""`imagine generate`, the default command: prompts in, pictures and their paths out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagine.cli import options
from imagine.cli.console import Console, fail_line
from imagine.cli.drawing import Showing, draw_plan, showing_for
from imagine.stages.errors import ImagineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imagine.cli.describing import Describing
    from imagine.cli.inputs import Item
    from imagine.cli.order import Saving
    from imagine.cli.purse import Purse
    from imagine.stages.description import Description
    from imagine.stages.generate import Backend
    from imagine.stages.image import ReferenceImage
    from imagine.stages.plan import Plan
    from imagine.stages.spec import PromptSpec


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for, the same for every prompt of one command line."""

    describing: "Describing"
    backend: "Backend"
    default_aspect_ratio: str | None
    size: tuple[int, int] | None
    count: int
    seed: int | None
    num_inference_steps: int | None
    guidance_scale: float | None
    images: "Sequence[ReferenceImage]"
    strength: float | None
    edit: bool
    saving: "Saving"
    showing: Showing
    purse: "Purse"


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
    come from stdin or --file.
    """
    from imagine.cli import order as choose
    from imagine.cli.describing import describing_for
    from imagine.cli.purse import open_purse
    from imagine.cli.services import Services
    from imagine.cli.settings import load_settings
    from imagine.stages.plan import check_options

    # 1. Settle what was asked for; anything unusable ends here, before a prompt is read.
    console = Console(quiet=quiet, verbose=verbose, json=json)
    settings = load_settings()
    if edit:
        from imagine.cli.editor import editor_command

        editor_command()
    if spec is not None:
        choose.refuse_with_spec(prompt, file, enhancer, no_enhance, pick)
        enhancer = "none"
    with Services(settings, console, dry_run=dry_run) as services:
        who_describes, why_describes = services.enhancer(enhancer, no_enhance=no_enhance)
        who_draws, why_draws = services.backend(backend, model)
        exact, ratio = choose.choose_size(settings, size, aspect_ratio)
        references = choose.references(image)
        order = Order(
            describing=describing_for(
                settings,
                who_describes,
                on_error=on_enhance_error,
                seed=choose.check_seed("--enhance-seed", enhance_seed),
                styles=choose.choose_styles(settings, style),
                negative=[*settings.items("negative"), *(negative or [])],
                aspect_ratio=ratio,
                images=references,
                pick=pick,
                cache=cache,
                dry_run=dry_run,
            ),
            backend=who_draws,
            default_aspect_ratio=settings.text("aspect_ratio"),
            size=exact,
            count=num,
            seed=seed,
            num_inference_steps=steps,
            guidance_scale=guidance,
            images=references,
            strength=strength,
            saving=choose.choose_saving(
                settings,
                output=output,
                name=name,
                format=format,
                quality=quality,
                metadata=metadata,
                sidecar=sidecar,
                overwrite=overwrite,
                hosted=who_draws.capabilities.paid,
            ),
            edit=edit,
            showing=showing_for(
                settings,
                dry_run=dry_run,
                show_prompt=show_prompt,
                preview=preview,
                open=open,
                quiet=quiet,
            ),
            purse=open_purse(settings, console, budget=budget, yes=yes),
        )
        check_options(
            who_draws,
            count=num,
            size=exact,
            aspect_ratio=ratio,
            num_inference_steps=steps,
            guidance_scale=guidance,
            images=len(references),
            strength=strength,
        )
        # 2. A given description is drawn as it is; prompts are described first.
        painter = f"backend {choose.titled(who_draws)}" + (f" ({why_draws})" if why_draws else "")
        if spec is not None:
            given = choose.read_spec(spec)
            if not dry_run:
                order.purse.agree(who_draws, num)
            console.note(f"Description from '{spec}', {painter}.")
            _draw_spec(given, order, console)
            return
        from imagine.cli.inputs import read_prompts

        items = read_prompts(prompt, file)
        reason = f" ({why_describes})" if why_describes and why_describes != why_draws else ""
        console.note(f"Enhancer {choose.titled(who_describes)}{reason}, {painter}.")
        _draw_all(items, order, console)


def _draw_spec(spec: "PromptSpec", order: Order, console: Console) -> None:
    from imagine.stages.description import adopt

    description = adopt(
        spec,
        styles=order.describing.styles,
        negative=order.describing.negative,
        aspect_ratio=order.describing.aspect_ratio,
    )
    draw_description(description, order, console)


def _draw_all(items: "Iterator[Item]", order: Order, console: Console) -> None:
    """Draw prompt after prompt; one that fails does not stop the next.

    Raises:
        ImagineError: of the only prompt.
        BudgetError: nothing more may be spent.
        ItemsFailedError: some of several prompts failed; each was reported.
        UsageError: there was none.
    """
    from imagine.cli.describing import picked
    from imagine.cli.inputs import each

    def draw(item: "Item") -> None:
        _rehearse(item.prompt, order)
        paying = order.purse.describing(order.describing, order.backend, count=order.count)
        with console.progress("1/3 Describing"), paying:
            answers = order.describing.describe(item.prompt)
        order.purse.described(answers, order.describing)
        chosen = picked(answers, console)
        if order.showing.dry_run and order.describing.asks and chosen[0].enhancer is None:
            # Without their descriptions the alternatives are all alike.
            chosen = chosen[:1]
        for description in chosen:
            draw_description(description, order, console, line=item.line)

    def report(error: ImagineError, item: "Item") -> None:
        fail_line(error, line=item.line, prompt=item.prompt, json=console.json)

    if not order.showing.dry_run:
        items = order.purse.agreed(
            items, order.backend, count=order.count, describing=order.describing
        )
    each(items, draw, report=report)


def _rehearse(prompt: str, order: Order) -> None:
    """Plan the prompt as it stands, so that what is refused is refused before anybody is paid.

    Raises:
        UsageError: the prompt, or an option together with it, is unusable.
    """
    from imagine.cli.order import check_pictures

    if order.describing.asks and not order.showing.dry_run:
        plan = _planned(order.describing.rehearse(prompt), order)
        check_pictures(plan.requests, order.saving)


def draw_description(
    description: "Description", order: Order, console: Console, *, line: int | None = None
) -> None:
    """Plan, show, draw and save the pictures of one description."""
    # 3. The user may look at the description and change it.
    if order.edit:
        description = _edited(description, console)

    # 4. Plan: every refusal that costs nothing happens here.
    plan = _planned(description, order)
    draw_plan(
        plan,
        order.saving,
        order.showing,
        console,
        order.purse,
        describing=order.describing,
        line=line,
    )


def _planned(description: "Description", order: Order) -> "Plan":
    from imagine.stages.plan import plan_pictures

    return plan_pictures(
        description,
        backend=order.backend,
        seed=_seed(description, order),
        seed_was_asked_for=order.seed is not None or description.intent.flags.seed is not None,
        count=order.count,
        size=order.size,
        aspect_ratio=order.describing.aspect_ratio or _default_ratio(description, order),
        num_inference_steps=order.num_inference_steps,
        guidance_scale=order.guidance_scale,
        images=order.images,
        strength=order.strength,
    )


def _edited(description: "Description", console: Console) -> "Description":
    from dataclasses import replace

    from imagine.cli.editor import edit_spec
    from imagine.stages.description import adopt

    spec = edit_spec(description.spec, console)
    if spec == description.spec:
        return description
    edited = adopt(spec, enhancer=description.enhancer)
    return replace(edited, styles=description.styles, seconds=description.seconds)


def _seed(description: "Description", order: Order) -> int:
    from imagine.cli.order import new_seed

    if order.seed is not None:
        return order.seed
    wanted = description.intent.flags.seed
    return new_seed() if wanted is None else wanted


def _default_ratio(description: "Description", order: Order) -> str | None:
    """A ratio that is no field of the spec (`--ar 7:5` in the prompt), or the setting."""
    flag = description.intent.flags.aspect_ratio
    if flag is not None and not description.by_hand:
        return flag
    return None if description.spec.aspect_ratio else order.default_aspect_ratio
