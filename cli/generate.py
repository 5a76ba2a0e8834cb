"""`imagine generate`, the default command: prompts in, pictures and their paths out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagine.cli import options
from imagine.cli.console import Console, error_envelope, fail
from imagine.cli.drawing import Showing, draw_plan
from imagine.stages.errors import ImagineError

if TYPE_CHECKING:
    from imagine.cli.inputs import Item
    from imagine.cli.order import Saving
    from imagine.stages.description import Description
    from imagine.stages.enhance import Enhancer
    from imagine.stages.generate import Backend
    from imagine.stages.spec import PromptSpec
    from imagine.stages.styles import StylePreset


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for, the same for every prompt of one command line."""

    enhancer: "Enhancer"
    backend: "Backend"
    styles: "list[StylePreset]"
    negative: list[str]
    aspect_ratio: str | None
    default_aspect_ratio: str | None
    size: tuple[int, int] | None
    count: int
    seed: int | None
    enhance_seed: int
    edit: bool
    saving: "Saving"
    showing: Showing


def generate(
    prompt: options.Words = None,
    *,
    file: options.File = None,
    enhancer: options.Enhancer = None,
    no_enhance: options.NoEnhance = False,
    backend: options.Backend = None,
    style: options.Styles = None,
    negative: options.Negative = None,
    aspect_ratio: options.AspectRatio = None,
    size: options.Size = None,
    num: options.Num = 1,
    seed: options.Seed = None,
    enhance_seed: options.EnhanceSeed = 0,
    output: options.Output = None,
    name: options.NameTemplate = None,
    format: options.Format = None,
    quality: options.Quality = None,
    spec: options.SpecFile = None,
    edit: options.Edit = False,
    dry_run: options.DryRun = False,
    show_prompt: options.ShowPrompt = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
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
    from imagine.cli.settings import load_settings

    # 1. Settle what was asked for; anything unusable ends here, before a prompt is read.
    console = Console(quiet=quiet, verbose=verbose, json=json)
    settings = load_settings()
    who_describes, why_describes = choose.choose_enhancer(settings, enhancer, no_enhance)
    who_draws, why_draws = choose.choose_backend(settings, backend)
    exact, ratio = choose.choose_size(settings, size, aspect_ratio)
    order = Order(
        enhancer=who_describes,
        backend=who_draws,
        styles=choose.choose_styles(settings, style),
        negative=[*settings.items("negative"), *(negative or [])],
        aspect_ratio=ratio,
        default_aspect_ratio=settings.text("aspect_ratio"),
        size=exact,
        count=num,
        seed=seed,
        enhance_seed=choose.check_seed("--enhance-seed", enhance_seed),
        saving=choose.choose_saving(
            settings,
            output=output,
            name=name,
            format=format,
            quality=quality,
            metadata=metadata,
            sidecar=sidecar,
            overwrite=overwrite,
        ),
        edit=edit,
        showing=Showing(
            dry_run=dry_run,
            show_prompt=show_prompt,
            preview=settings.flag("preview", preview) and not quiet,
            open=open,
        ),
    )
    # 2. A given description is drawn as it is; prompts are described first.
    painter = f"backend {who_draws.name}" + (f" ({why_draws})" if why_draws else "")
    if spec is not None:
        choose.refuse_with_spec(prompt, file, enhancer, no_enhance)
        given = choose.read_spec(spec)
        console.note(f"Description from '{spec}', {painter}.")
        _draw_spec(given, order, console)
        return
    from imagine.cli.inputs import read_prompts

    items = read_prompts(prompt, file)
    reason = f" ({why_describes})" if why_describes else ""
    console.note(f"Enhancer {who_describes.name}{reason}, {painter}.")
    _draw_all(items, order, console)


def _draw_spec(spec: "PromptSpec", order: Order, console: Console) -> None:
    from imagine.stages.description import adopt

    description = adopt(
        spec,
        styles=order.styles,
        negative=order.negative,
        aspect_ratio=order.aspect_ratio,
    )
    draw_description(description, order, console)


def _draw_all(items: "Iterator[Item]", order: Order, console: Console) -> None:
    """Draw prompt after prompt; one that fails does not stop the next.

    Raises:
        ImagineError: of the only prompt.
        ItemsFailedError: some of several prompts failed; each was reported.
        UsageError: there was none.
    """
    from imagine.cli.inputs import each

    def draw(item: "Item") -> None:
        from imagine.stages.description import describe

        with console.progress("1/3 Describing"):
            description = describe(
                item.prompt,
                enhancer=order.enhancer,
                seed=order.enhance_seed,
                styles=order.styles,
                negative=order.negative,
                aspect_ratio=order.aspect_ratio,
            )
        draw_description(description, order, console, line=item.line)

    def report(error: ImagineError, item: "Item") -> None:
        fail(error, where=f"line {item.line}: ")
        if console.json:
            console.result_json({"line": item.line, "prompt": item.prompt, **error_envelope(error)})

    each(items, draw, report=report)


def draw_description(
    description: "Description", order: Order, console: Console, *, line: int | None = None
) -> None:
    """Plan, show, draw and save the pictures of one description."""
    from imagine.stages.plan import plan_pictures

    # 3. The user may look at the description and change it.
    if order.edit:
        description = _edited(description, console)

    # 4. Plan: every refusal that costs nothing happens here.
    plan = plan_pictures(
        description,
        backend=order.backend,
        seed=_seed(description, order),
        count=order.count,
        size=order.size,
        aspect_ratio=order.aspect_ratio or _default_ratio(description, order),
    )
    draw_plan(plan, order.saving, order.showing, console, line=line)


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
