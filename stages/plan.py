"""From a Description, or the Recipe of a picture, to a Plan: what will be sent to a backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from imagine.stages.description import Description, adopt
from imagine.stages.drawing import LEAVE_OUT, DrawingOptions, check_drawing
from imagine.stages.enlarged_again import recorded_enlargements
from imagine.stages.enlargement import (
    Enlargement,
    Enlarging,
    check_pixels,
    drawn_size,
    enlargement_notes,
    enlargements_for,
)
from imagine.stages.errors import MissingPackageError, UsageError, shown
from imagine.stages.generate import Backend, CheckingBackend, weights_of
from imagine.stages.guard import check_prompt
from imagine.stages.image import HIRES_STEP, ImageRequest, ReferenceImage, parse_aspect_ratio
from imagine.stages.language.tokens import estimate_tokens
from imagine.stages.recipe import Parameter, Recipe
from imagine.stages.render import CLIP_TOKENS, Rendered, render
from imagine.stages.spec import PromptSpec
from imagine.stages.styles import StylePreset

MAX_SEED = 2**32 - 1
MAX_PICTURES = 100
NO_OPTIONS = DrawingOptions()
# Of another shape by less, nobody sees it.
SHAPE_TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be sent to the backend: nothing has been drawn or spent yet.

    Attributes:
        requests: one for each picture, seeds counting up; of the size that is drawn.
        notes: those of the description, and what rendering has to say.
        enlargements: what becomes of each picture when it is drawn, one after the other.
        recorded: parameters of the picture that is drawn again by the same model; else none.
        missing: what of a picture that is drawn again cannot be had; among the notes.
    """

    description: Description
    backend: Backend
    rendered: Rendered
    requests: tuple[ImageRequest, ...]
    notes: tuple[str, ...]
    enlargements: tuple[Enlargement, ...] = ()
    recorded: Mapping[str, Parameter] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Pixels of the pictures that are saved."""
        return self.enlargements[-1].result if self.enlargements else self.requests[0].result_size


def plan_pictures(
    description: Description,
    *,
    backend: Backend,
    seed: int,
    count: int = 1,
    size: tuple[int, int] | None = None,
    aspect_ratio: str | None = None,
    options: DrawingOptions = NO_OPTIONS,
    seed_was_asked_for: bool = False,
    enlarging: Enlarging | None = None,
    dry_run: bool = False,
) -> Plan:
    """Render the prompt and lay down every request, before anything is drawn or paid.

    Args:
        seed: of the first picture; the next ones count up, wrapping at 2**32.
        count: pictures, 1 to 100.
        size: pixels, before any factor of `enlarging`; else the nearest usual size to the aspect
            ratio, about a megapixel.
        aspect_ratio: W:H for `size`, refused when the backend has no such shape; default is the
            nearest to the description's, else to that of the first reference picture, else 1:1.
        options: how it is drawn beside.
        seed_was_asked_for: the user chose `seed`, and is told where no backend reads it.
        enlarging: who enlarges, and how far; None for nobody, so that a size that the backend does
            not draw is refused.
        dry_run: nothing will be drawn, so that what is missing here for that is only noted.

    Raises:
        UsageError: the backend cannot honour the request.
        LocalBackendError: it cannot run here.
    """
    spec = description.spec
    width, height = _size(
        spec,
        backend,
        size=size,
        aspect_ratio=aspect_ratio,
        images=options.images,
        enlarging=enlarging,
    )
    rendered, notes = _rendered(description, backend)
    negative = rendered.negative_prompt if backend.capabilities.negative_prompt else None
    first = ImageRequest(
        prompt=rendered.prompt,
        negative_prompt=negative,
        spec=spec,
        width=width,
        height=height,
        seed=seed,
        **options.values(),
    )
    notes += _check_request(first, backend, dry_run=dry_run)
    enlargements, told = _enlarged(first, spec, backend, size=size, enlarging=enlarging)
    notes += told
    if size is None:
        asked = aspect_ratio or spec.aspect_ratio
        notes += _shape_note(asked, options.images, backend, (width, height))
    if not backend.capabilities.seed and (count > 1 or seed_was_asked_for):
        notes.append(_no_seed(backend))
    requests = _with_seeds(first, count)
    return Plan(
        description, backend, rendered, requests, (*description.notes, *notes), enlargements
    )


def _no_seed(backend: Backend) -> str:
    return f"{backend.name} reads no seed: every picture is a new one."


def _check_count(count: int) -> None:
    if not 1 <= count <= MAX_PICTURES:
        raise UsageError(
            f"{shown(count)} pictures cannot be made at once; ask for 1 to {MAX_PICTURES}."
        )


def _size(
    spec: PromptSpec,
    backend: Backend,
    *,
    size: tuple[int, int] | None,
    aspect_ratio: str | None,
    images: Sequence[ReferenceImage] = (),
    enlarging: Enlarging | None = None,
) -> tuple[int, int]:
    """What is drawn."""
    sizes = backend.capabilities.sizes
    if size is None:
        stated = aspect_ratio or spec.aspect_ratio
        ratio = parse_aspect_ratio(stated or "1:1")
        if stated is None and images:
            ratio = _gentle(images[0].width, images[0].height)
        size = sizes.for_ratio(backend.name, ratio, exact=aspect_ratio is not None)
        sizes.check(backend.name, *size)
        return size
    return drawn_size(backend, size, enlarging)


def _enlarged(
    request: ImageRequest,
    spec: PromptSpec,
    backend: Backend,
    *,
    size: tuple[int, int] | None,
    enlarging: Enlarging | None,
) -> tuple[tuple[Enlargement, ...], list[str]]:
    """What becomes of a request's picture after it is drawn, and what there is to say of that.

    Args:
        size: pixels that the user asked for; a second pass goes beyond them, as it is asked to.
    """
    drawn, wanted, again = request.result_size, size, request.hires_fix
    if again is not None:
        check_pixels(drawn)
        if size is not None:
            wide, high = (round(side * again.scale) for side in size)
            wanted = drawn if size == request.size else (wide, high)
    enlargements = enlargements_for(enlarging, spec=spec, backend=backend, drawn=drawn, size=wanted)
    return enlargements, enlargement_notes(backend, drawn, wanted, enlargements)


def _gentle(width: int, height: int) -> tuple[int, int]:
    """A picture's shape, no steeper than 8:1."""
    return max(width, -(-height // 8)), max(height, -(-width // 8))


def _shape_note(
    asked: str | None,
    images: Sequence[ReferenceImage],
    backend: Backend,
    size: tuple[int, int],
) -> list[str]:
    """Where the backend has no shape as asked for, the nearest is taken and said.

    Args:
        asked: the aspect ratio; None for the shape of the first reference picture.
    """
    if asked is not None:
        (wide, high), what = parse_aspect_ratio(asked), asked
    elif images:
        wide, high = images[0].width, images[0].height
        what = f"shape like that of --image ({wide}x{high})"
    else:
        return []
    width, height = size
    if abs(width * high / (height * wide) - 1) < SHAPE_TOLERANCE:
        return []
    return [f"{backend.name} has no {what}: drawn at {width}x{height}, its nearest shape."]


def check_options(
    backend: Backend,
    options: DrawingOptions,
    *,
    count: int = 1,
    size: tuple[int, int] | None = None,
    aspect_ratio: str | None = None,
    enlarging: Enlarging | None = None,
    advice: str = LEAVE_OUT,
) -> None:
    """Refuse what the backend would ignore, and numbers out of range, before anything is sent.

    Args as in `plan_pictures` and `check_drawing`.

    Raises:
        UsageError: naming the option.
    """
    _check_count(count)
    check_drawing(backend, options, advice=advice)
    if size is not None:
        drawn_size(backend, size, enlarging)
    elif aspect_ratio is not None:
        ratio = parse_aspect_ratio(aspect_ratio)
        backend.capabilities.sizes.for_ratio(backend.name, ratio, exact=True)


def _check_request(request: ImageRequest, backend: Backend, *, dry_run: bool) -> list[str]:
    """What there is to say of a request that is not refused."""
    check_options(backend, DrawingOptions.of(request), size=request.size)
    notes = _second_pass_note(request)
    try:
        if hasattr(backend, "check"):
            cast(CheckingBackend, backend).check(request)
    except MissingPackageError as error:
        if not dry_run:
            raise
        notes.append(str(error))
    return notes


def _second_pass_note(request: ImageRequest) -> list[str]:
    """Where a second pass is too small a step to enlarge anything, it is said."""
    again = request.hires_fix
    if again is None or request.result_size != request.size:
        return []
    return [
        f"--refine {again.scale:g} leaves {request.width}x{request.height} as large as it is, "
        f"since sizes go in steps of {HIRES_STEP}: the picture is only drawn over."
    ]


def _with_seeds(first: ImageRequest, count: int) -> tuple[ImageRequest, ...]:
    """`count` requests that differ in their seeds alone.

    Raises:
        UsageError: the seed or the count is out of range.
    """
    if not 0 <= first.seed <= MAX_SEED:
        raise UsageError(
            f"The seed {shown(first.seed)} is not between 0 and {MAX_SEED}; choose one that is."
        )
    _check_count(count)
    return tuple(
        replace(first, seed=(first.seed + index) % (MAX_SEED + 1)) for index in range(count)
    )


def plan_replay(
    recipe: Recipe,
    *,
    backend: Backend,
    seed: int | None = None,
    count: int = 1,
    size: tuple[int, int] | None = None,
    aspect_ratio: str | None = None,
    styles: Sequence[StylePreset] = (),
    negative: Sequence[str] = (),
    options: DrawingOptions = NO_OPTIONS,
    enlarging: Enlarging | None = None,
    dry_run: bool = False,
) -> Plan:
    """The request that a recipe records, changed only where an argument says so.

    Without arguments its `to_json` gives the bytes of the first time, whatever this version would
    render today. A style, an exclusion or another model family renders the prompt anew. What
    enlarged the picture does so again, unless a factor, size or shape is given now.

    Args:
        enlarging: who enlarges where that is asked for now; None for nobody, also not again.
        dry_run: as in `plan_pictures`.

    Raises:
        SpecError: the recipe lacks what the request needs.
        UsageError: the backend cannot honour the request.
        LocalBackendError: it cannot run here.
    """
    recorded = _with_options(recipe, backend, options)
    seed_asked = seed is not None
    seed = recorded.seed if seed is None else seed
    resized = size is not None or aspect_ratio is not None
    if not resized:
        size = (recorded.width, recorded.height)
    description = adopt(
        recipe.spec,
        enhancer=recipe.enhancer,
        styles=styles,
        negative=negative,
        aspect_ratio=aspect_ratio,
    )
    missing = tuple(_missing(recipe, recorded, backend, seed_asked=seed_asked))
    description = replace(
        description,
        styles=(*recipe.style_presets, *description.styles),
        refined=recipe.refined,
        notes=(*description.notes, *missing),
    )
    plan = _replanned(
        recipe,
        recorded,
        description,
        backend=backend,
        anew=bool(styles or negative) or backend.capabilities.profile != recipe.profile,
        seed=seed,
        count=count,
        size=size,
        aspect_ratio=aspect_ratio,
        enlarging=enlarging,
        dry_run=dry_run,
    )
    plan = replace(plan, missing=missing)
    if _is_same_painter(recipe, backend):
        plan = replace(plan, recorded=recipe.backend.parameters)
    asked = enlarging is not None and enlarging.factor is not None
    if not recipe.upscales or asked or (resized and plan.enlargements):
        return plan
    if enlarging is None or resized:
        told = _not_enlarged(recipe, enlarging)
        return replace(plan, notes=(*plan.notes, told), missing=(*missing, told))
    again = recorded_enlargements(recipe, plan.requests[0].result_size, enlarging, backend=backend)
    return replace(plan, enlargements=again, notes=description.notes)


def _not_enlarged(recipe: Recipe, enlarging: Enlarging | None) -> str:
    """What is said where a recorded enlargement is left out."""
    last = recipe.upscales[-1]
    told = f"The picture was enlarged to {last.width}x{last.height}, and is not this time"
    if enlarging is None:
        return f"{told}, as --upscaler is none."
    return f"{told}, as another size or shape is asked for; add --upscale to enlarge it."


def _replanned(
    recipe: Recipe,
    recorded: ImageRequest,
    description: Description,
    *,
    backend: Backend,
    anew: bool,
    seed: int,
    count: int,
    size: tuple[int, int] | None,
    aspect_ratio: str | None,
    enlarging: Enlarging | None,
    dry_run: bool,
) -> Plan:
    """The recorded request with the options of this time.

    Args:
        anew: render the prompt as today.
    """
    if anew:
        return plan_pictures(
            description,
            backend=backend,
            seed=seed,
            count=count,
            size=size,
            aspect_ratio=aspect_ratio,
            options=DrawingOptions.of(recorded),
            enlarging=enlarging,
            dry_run=dry_run,
        )
    spec = description.spec
    width, height = _size(spec, backend, size=size, aspect_ratio=aspect_ratio, enlarging=enlarging)
    first = replace(recorded, spec=spec, width=width, height=height, seed=seed)
    notes = [*description.notes, *_check_request(first, backend, dry_run=dry_run)]
    enlargements, told = _enlarged(first, spec, backend, size=size, enlarging=enlarging)
    notes += told
    rendered = Rendered(
        prompt=recorded.prompt,
        negative_prompt=recorded.negative_prompt,
        tokens=estimate_tokens(recorded.prompt),
        dropped=recipe.dropped,
    )
    requests = _with_seeds(first, count)
    return Plan(description, backend, rendered, requests, tuple(notes), enlargements)


def _missing(
    recipe: Recipe, request: ImageRequest, backend: Backend, *, seed_asked: bool
) -> list[str]:
    """What of the recorded picture cannot be had again."""
    missing = []
    if seed_asked and not backend.capabilities.seed:
        missing.append(_no_seed(backend))
    if recipe.references and not request.images:
        missing.append(
            f"{backend.name} takes no reference pictures: drawn without those of the original."
        )
    if left_out := _left_out(recipe.to_request(), request):
        others = "" if _is_same_painter(recipe, backend) else ", which are another model's"
        missing.append(f"Drawn without these of the original{others}: {', '.join(left_out)}.")
    return missing


def _left_out(recorded: ImageRequest, request: ImageRequest) -> list[str]:
    """What a picture was drawn with and is not now, nor with another one in its place."""
    left_out = []
    if not request.loras:
        left_out += [f"LoRA {lora.told()}" for lora in recorded.loras]
    if recorded.hires_fix is not None and request.hires_fix is None:
        left_out.append("its second pass")
    for title, name in (
        ("scheduler", "scheduler"),
        ("steps", "num_inference_steps"),
        ("guidance", "guidance_scale"),
    ):
        value = getattr(recorded, name)
        if value is not None and getattr(request, name) is None:
            left_out.append(f"{title} {shown(value)}")
    return left_out


def _with_options(recipe: Recipe, backend: Backend, options: DrawingOptions) -> ImageRequest:
    """The recorded request with the options that were given now.

    Another backend or model than the recorded one gets none of the recorded options, which are
    that one's, but for the second pass, which makes the size; nor does any that does not read them.

    Raises:
        UsageError: the picture was drawn from reference pictures that are not given again.
    """
    request = recipe.to_request()
    recorded = DrawingOptions.of(request).read_by(backend)
    if not _is_same_painter(recipe, backend):
        recorded = DrawingOptions(hires_fix=recorded.hires_fix)
    # Neither goes with the other: a picture that is drawn from another one has one pass.
    if options.images:
        recorded = replace(recorded, hires_fix=None)
    else:
        recorded = replace(recorded, strength=None)
    can = backend.capabilities
    if recipe.references and not options.images and can.max_images:
        told = ", ".join(reference.sha256[:12] for reference in recipe.references)
        raise UsageError(
            f"The picture was drawn from reference pictures (sha256 {told}); give them again with "
            "--image."
        )
    if recipe.mask is not None and options.mask is None and options.images and can.mask:
        raise UsageError(
            f"The picture was drawn within a mask (sha256 {recipe.mask.sha256[:12]}); give it "
            "again with --mask."
        )
    return replace(request, **options.over(recorded).values())


def _is_same_painter(recipe: Recipe, backend: Backend) -> bool:
    """Whether it is the backend and model that drew a picture, under whatever name by now."""
    recorded = recipe.backend.parameters.get("model") or ""
    weights = recipe.backend.parameters.get("weights")
    is_same_model = recorded in ("", backend.model) or weights == weights_of(backend) != ""
    return backend.name == recipe.backend.name and is_same_model


def _rendered(description: Description, backend: Backend) -> tuple[Rendered, list[str]]:
    """The prompt in the backend's profile; the user's words alone where the rest contradicts them.

    What a person wrote or edited is that person's decision and is left as it is.
    """
    profile, tokens = backend.capabilities.profile, backend.capabilities.prompt_tokens
    rendered = render(description.spec, profile, intent=description.intent, clip_tokens=tokens)
    if profile == "json":
        return rendered, []
    notes = []
    findings = check_prompt(rendered.prompt, description.intent)
    if findings and not description.by_hand:
        rendered = replace(rendered, prompt=description.intent.core)
        notes.append(f"The prompt was sent as written: {findings[0].detail}.")
    if profile == "clip75" and rendered.tokens > tokens == CLIP_TOKENS:
        notes.append(
            f"The prompt has about {rendered.tokens} tokens, and a CLIP model reads the first 75."
        )
    return rendered, notes
