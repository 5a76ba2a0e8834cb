"""From what is wanted to what is sent: options in, an Order out; with a description, a Plan."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.cli.console import Console
from imagine.cli.local import LOCAL, shelf_of
from imagine.cli.settings import Settings
from imagine.stages.errors import MissingPackageError, UsageError

if TYPE_CHECKING:
    from imagine.cli.describing import Describing
    from imagine.cli.order import Saving
    from imagine.cli.services import Services
    from imagine.stages.description import Description
    from imagine.stages.drawing import DrawingOptions
    from imagine.stages.enlargement import Enlarging
    from imagine.stages.generate import Backend
    from imagine.stages.plan import Plan
    from imagine.stages.series import Series
    from imagine.stages.spec import PromptSpec
    from imagine.stages.upscale import Upscaler


# Nobody chose the sketch who asks for what only models read.
OTHER_MODEL = "name a model with --model (see `imagine models list`), or leave it out"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Options as given for one prompt or for all of a batch; None and empty ones are not given.

    Each is called and typed as the parameter of `imagine generate`.
    """

    enhancer: str | None = None
    no_enhance: bool = False
    backend: str | None = None
    model: str | None = None
    style: Sequence[str] | None = None
    negative: Sequence[str] | None = None
    aspect_ratio: str | None = None
    size: str | None = None
    num: int = 1
    seed: int | None = None
    enhance_seed: int = 0
    steps: int | None = None
    guidance: float | None = None
    image: Sequence[Path] | None = None
    strength: float | None = None
    mask: Path | None = None
    lora: Sequence[str] | None = None
    scheduler: str | None = None
    refine: float | None = None
    refine_strength: float | None = None
    upscale: int | None = None
    upscaler: str | None = None
    denoise: int | None = None
    sharpen: float | None = None
    output: str | None = None
    name: str | None = None
    format: str | None = None
    quality: int | None = None
    pick: int = 1
    on_enhance_error: str | None = None
    cache: bool | None = None
    metadata: bool | None = None
    sidecar: bool | None = None
    overwrite: bool = False

    @classmethod
    def among(cls, parameters: Mapping[str, Any]) -> "Wanted":
        """Those of a command's parameters, by their names, that are about pictures."""
        return cls(**{field.name: parameters[field.name] for field in fields(cls)})

    def values(self) -> dict[str, Any]:
        """By their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted, settled: who does it, and how.

    Attributes:
        enlarging: what is done to drawn pictures; None where nobody may enlarge any.
        upscaler: who surely will; None where that depends on the picture, or nobody does.
        why_describes, why_draws: why they were chosen; "" for who was named.
    """

    describing: "Describing"
    backend: "Backend"
    default_aspect_ratio: str | None
    size: tuple[int, int] | None
    count: int
    seed: int | None
    options: "DrawingOptions"
    saving: "Saving"
    enlarging: "Enlarging | None" = None
    upscaler: "Upscaler | None" = None
    why_describes: str = ""
    why_draws: str = ""

    @property
    def stages(self) -> int:
        """In how many a picture is made: described, drawn, perhaps enlarged, saved."""
        from imagine.stages.enlargement import is_needed

        return 4 if is_needed(self.enlarging, self.backend, self.size) else 3

    def introduction(self, *, own_painters: bool = False) -> str:
        """Who describes and who draws, a sentence for people.

        Args:
            own_painters: every row of a batch says itself who draws it.
        """
        from imagine.cli.order import titled

        reason = self.why_describes if self.why_describes != self.why_draws else ""
        describes = titled(self.describing.enhancer) + (f" ({reason})" if reason else "")
        draws = "each row drawn by its own backend or model" if own_painters else self.painter()
        return f"Enhancer {describes}, {draws}."

    def painter(self) -> str:
        """Who draws: "backend sketch (embedded: ...)"."""
        from imagine.cli.order import titled

        return f"backend {titled(self.backend)}" + (
            f" ({self.why_draws})" if self.why_draws else ""
        )


def order_for(
    wanted: Wanted,
    settings: Settings,
    services: "Services",
    *,
    dry_run: bool = False,
    series: "Series | None" = None,
    batch: bool = False,
    rows_may_choose: bool = False,
    series_reference: bool = False,
) -> Order:
    """Settle what was asked for; what is unusable by itself ends here, before a prompt is read.

    Args:
        series: what all pictures of a batch share.
        batch: whether this is about the items of one.
        rows_may_choose: each may name who draws it. Then a backend that nobody named and that
            would be refused is one that refuses whoever asks it to draw.
        series_reference: it is to be shown a picture of the batch beside those of the options.

    Raises:
        UsageError: an option is wrong, or the backend would ignore it.
        ConfigError: a key or an address is missing, or a file of the user's is wrong.
        LocalBackendError: a model or LoRA is not on this machine.
        SaveError: nothing can be written where the pictures are to go.
    """
    from imagine.cli import order as choose
    from imagine.cli.describing import describing_for

    if wanted.seed is not None:
        choose.check_seed("--seed", wanted.seed)
    enhancer, why_describes = services.enhancer(wanted.enhancer, no_enhance=wanted.no_enhance)
    backend, why_draws = services.backend(wanted.backend, wanted.model)
    exact, ratio = choose.choose_size(settings, wanted.size, wanted.aspect_ratio)
    enlarging = choose.enlarging_for(
        services,
        # Who is not to be asked is not asked because a setting says so.
        factor=(
            wanted.upscale
            if wanted.upscaler == "none"
            else settings.whole("upscale", wanted.upscale)
        ),
        upscaler=wanted.upscaler,
        denoise=wanted.denoise,
        sharpen=wanted.sharpen,
    )
    options = choose.drawing_options(wanted.values())
    order = Order(
        describing=describing_for(
            settings,
            enhancer,
            on_error=wanted.on_enhance_error,
            seed=choose.check_seed("--enhance-seed", wanted.enhance_seed),
            styles=[
                *choose.named_styles(list(series.presets) if series is not None else []),
                *choose.choose_styles(settings, list(wanted.style or [])),
            ],
            negative=[*settings.items("negative"), *(wanted.negative or [])],
            aspect_ratio=ratio,
            images=options.images,
            pick=wanted.pick,
            cache=wanted.cache,
            dry_run=dry_run,
            series=series,
        ),
        backend=backend,
        default_aspect_ratio=settings.text("aspect_ratio"),
        size=exact,
        count=wanted.num,
        seed=wanted.seed,
        options=options,
        saving=choose.choose_saving(
            settings,
            output=wanted.output,
            name=wanted.name,
            format=wanted.format,
            quality=wanted.quality,
            metadata=wanted.metadata,
            sidecar=wanted.sidecar,
            overwrite=wanted.overwrite,
            hosted=backend.capabilities.paid,
            batch=batch,
        ),
        enlarging=enlarging,
        why_describes=why_describes,
        why_draws=why_draws,
    )
    try:
        _check_options(order, ratio, series_reference=series_reference)
    except UsageError as error:
        if not (rows_may_choose and why_draws):
            raise
        order = _with_stand_in(order, error)
        _check_options(order, ratio, series_reference=series_reference)
    if backend.name in LOCAL:
        if options.strength == 0:
            raise UsageError("--strength 0 leaves the picture as it is; choose more, up to 1.")
        shelf = shelf_of(settings)
        for lora in options.loras:
            shelf.lora(lora.name)
    if order.stages == 4:
        return replace(order, upscaler=choose.fixed_upscaler(services, wanted.upscaler))
    if not batch:
        choose.refuse_without_enlarging(
            upscaler=wanted.upscaler, denoise=wanted.denoise, sharpen=wanted.sharpen
        )
    return order


def _check_options(order: Order, aspect_ratio: str | None, *, series_reference: bool) -> None:
    """Refuse what the backend would ignore, whatever the prompt.

    Raises:
        UsageError: naming the option.
    """
    from imagine.stages.drawing import LEAVE_OUT
    from imagine.stages.plan import check_options

    given, taken = len(order.options.images), order.backend.capabilities.max_images
    if series_reference and taken <= given:
        raise UsageError(
            f"{order.backend.name} takes no {'more ' if given else ''}reference pictures, "
            "so --series-reference is of no use; choose another --backend (see `imagine "
            "backends`)."
        )
    check_options(
        order.backend,
        order.options,
        count=order.count,
        size=order.size,
        aspect_ratio=aspect_ratio,
        enlarging=order.enlarging,
        advice=OTHER_MODEL if order.backend.name == "sketch" and order.why_draws else LEAVE_OUT,
    )


def _with_stand_in(order: Order, refusal: UsageError) -> Order:
    """The order with one in its backend's place who reads all options, and draws for nobody."""
    from imagine.cli.unnamed import ANYTHING, UnnamedModel

    backend = order.backend
    can = replace(ANYTHING, sizes=backend.capabilities.sizes)
    # With its trace it would keep open whatever its callers read.
    problem = UsageError(str(refusal))
    return replace(order, backend=UnnamedModel(backend.name, problem, capabilities=can))


def check_drawable(order: Order) -> None:
    """Refuse what a local backend would, whatever the prompt; what is to install is told later.

    Raises:
        UsageError: the model does not read what is asked of it.
        LocalBackendError: a LoRA is none, or cannot be used.
    """
    from imagine.stages.generate import CheckingBackend
    from imagine.stages.image import ImageRequest
    from imagine.stages.spec import Medium, PromptSpec, Style, Subject

    backend = order.backend
    if backend.name not in LOCAL or not isinstance(backend, CheckingBackend):
        return
    width, height = backend.capabilities.sizes.for_ratio(backend.name, (1, 1), exact=False)
    request = ImageRequest(
        prompt="",
        negative_prompt=None,
        spec=PromptSpec(
            source_prompt="a picture",
            subjects=(Subject(id="picture", name="picture"),),
            style=Style(medium=Medium.OTHER),
        ),
        width=width,
        height=height,
        seed=0,
        **order.options.values(),
    )
    with suppress(MissingPackageError):
        backend.check(request)


def planned(description: "Description", order: Order, *, seed: int | None = None) -> "Plan":
    """What will be sent for a description.

    Args:
        seed: of the first picture, wins over all others; None for that of the order, else of the
            prompt's own flags, else a new one.

    Raises:
        UsageError: the backend cannot honour the request.
        LocalBackendError: the pictures, which are paid for, could not be enlarged here.
    """
    from imagine.cli.enlarging import check_networks
    from imagine.stages.plan import plan_pictures

    asked = order.seed if order.seed is not None else description.intent.flags.seed
    plan = plan_pictures(
        description,
        backend=order.backend,
        seed=_seed(asked if seed is None else seed),
        seed_was_asked_for=asked is not None,
        count=order.count,
        size=order.size,
        aspect_ratio=order.describing.aspect_ratio or _default_ratio(description, order),
        options=order.options,
        dry_run=order.describing.dry_run,
        enlarging=order.enlarging,
    )
    if not order.describing.dry_run:
        check_networks(plan)
    return plan


def adopted(spec: "PromptSpec", order: Order) -> "Description":
    """A description that a person or an earlier command wrote, with the order's own wishes."""
    from imagine.stages.description import adopt

    describing = order.describing
    return adopt(
        spec,
        styles=describing.styles,
        negative=describing.negative,
        aspect_ratio=describing.aspect_ratio,
        series=describing.series,
    )


def rehearse(prompt: str, order: Order) -> None:
    """Plan the prompt as it stands, so that what is refused is refused before anybody is paid.

    Raises:
        UsageError: the prompt, or an option together with it, is unusable.
    """
    from imagine.cli.order import check_pictures

    if order.describing.asks and not order.describing.dry_run:
        plan = planned(order.describing.rehearse(prompt), order)
        check_pictures(plan, order.saving)


def edited(description: "Description", console: Console) -> "Description":
    """The description as a person leaves it in an editor."""
    from imagine.cli.editor import edit_spec
    from imagine.stages.description import adopt

    spec = edit_spec(description.spec, console)
    if spec == description.spec:
        return description
    changed = adopt(spec, enhancer=description.enhancer)
    return replace(changed, styles=description.styles, seconds=description.seconds)


def _seed(asked: int | None) -> int:
    from imagine.cli.order import new_seed

    return new_seed() if asked is None else asked


def _default_ratio(description: "Description", order: Order) -> str | None:
    """A ratio that is no field of the spec (`--ar 7:5` in the prompt), or the setting."""
    flag = description.intent.flags.aspect_ratio
    if flag is not None and not description.by_hand:
        return flag
    return None if description.spec.aspect_ratio else order.default_aspect_ratio
