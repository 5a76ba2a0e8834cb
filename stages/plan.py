"""From a Description, or the Recipe of a picture, to a Plan: what will be sent to a backend."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from imagine.stages.description import Description, adopt
from imagine.stages.enlarged_again import recorded_enlargements
from imagine.stages.enlargement import (
    Enlargement,
    Enlarging,
    drawn_size,
    enlargement_notes,
    enlargements_for,
)
from imagine.stages.errors import UsageError, shown
from imagine.stages.generate import Backend, CheckingBackend
from imagine.stages.guard import check_prompt
from imagine.stages.image import ImageRequest, ReferenceImage, parse_aspect_ratio
from imagine.stages.language.tokens import estimate_tokens
from imagine.stages.recipe import Recipe
from imagine.stages.render import Rendered, render
from imagine.stages.spec import PromptSpec
from imagine.stages.styles import StylePreset

MAX_SEED = 2**32 - 1
MAX_PICTURES = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be sent to the backend: nothing has been drawn or spent yet.

    Attributes:
        requests: one for each picture, seeds counting up; of the size that is drawn.
        notes: those of the description, and what rendering has to say.
        enlargements: what becomes of each picture when it is drawn, one after the other.
    """

    description: Description
    backend: Backend
    rendered: Rendered
    requests: tuple[ImageRequest, ...]
    notes: tuple[str, ...]
    enlargements: tuple[Enlargement, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Pixels of the pictures that are saved."""
        return self.enlargements[-1].result if self.enlargements else self.requests[0].size


def plan_pictures(
    description: Description,
    *,
    backend: Backend,
    seed: int,
    count: int = 1,
    size: tuple[int, int] | None = None,
    aspect_ratio: str | None = None,
    num_inference_steps: int | None = None,
    guidance_scale: float | None = None,
    images: Sequence[ReferenceImage] = (),
    strength: float | None = None,
    seed_was_asked_for: bool = False,
    enlarging: Enlarging | None = None,
) -> Plan:
    """Render the prompt and lay down every request, before anything is drawn or paid.

    Args:
        seed: of the first picture; the next ones count up, wrapping at 2**32.
        count: pictures, 1 to 100.
        size: pixels, before any factor of `enlarging`; else the nearest usual size to the aspect
            ratio, about a megapixel.
        aspect_ratio: W:H for `size`, refused when the backend has no such shape; default is the
            nearest to the description's, else to that of the first reference picture, else 1:1.
        num_inference_steps: denoising steps, 1 to 1,000.
        guidance_scale: how closely to follow the prompt, 0 to 100.
        images: reference pictures.
        strength: how far to leave the first of them, 0 to 1.
        seed_was_asked_for: the user chose `seed`, and is told where no backend reads it.
        enlarging: who enlarges, and how far; None for nobody, so that a size that the backend does
            not draw is refused.

    Raises:
        UsageError: the backend cannot honour the request.
    """
    spec = description.spec
    width, height = _size(
        spec, backend, size=size, aspect_ratio=aspect_ratio, images=images, enlarging=enlarging
    )
    enlargements = enlargements_for(
        enlarging, spec=spec, backend=backend, drawn=(width, height), size=size
    )
    rendered, notes = _rendered(description, backend)
    notes += enlargement_notes(backend, (width, height), size, enlargements)
    notes += _shape_note(spec, backend, width, height, asked=size or aspect_ratio)
    negative = rendered.negative_prompt if backend.capabilities.negative_prompt else None
    first = ImageRequest(
        prompt=rendered.prompt,
        negative_prompt=negative,
        spec=spec,
        width=width,
        height=height,
        seed=seed,
        num_inference_steps=num_inference_steps,
        guidance_scale=guidance_scale,
        images=tuple(images),
        strength=strength,
    )
    _check_request(first, backend)
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


def _gentle(width: int, height: int) -> tuple[int, int]:
    """A picture's shape, no steeper than 8:1."""
    return max(width, -(-height // 8)), max(height, -(-width // 8))


def _shape_note(
    spec: PromptSpec, backend: Backend, width: int, height: int, *, asked: object
) -> list[str]:
    """Where the backend has no shape like the description's, the nearest is taken and said."""
    if asked or spec.aspect_ratio is None:
        return []
    wide, high = parse_aspect_ratio(spec.aspect_ratio)
    if abs(width * high / (height * wide) - 1) < 0.1:
        return []
    return [
        f"{backend.name} has no {spec.aspect_ratio}: drawn at {width}x{height}, its nearest shape."
    ]


def check_options(
    backend: Backend,
    *,
    count: int = 1,
    size: tuple[int, int] | None = None,
    aspect_ratio: str | None = None,
    num_inference_steps: int | None = None,
    guidance_scale: float | None = None,
    images: int = 0,
    strength: float | None = None,
    enlarging: Enlarging | None = None,
) -> None:
    """Refuse what the backend would ignore, and numbers out of range, before anything is sent.

    Args:
        images: number of reference pictures; the others as in `plan_pictures`.

    Raises:
        UsageError: naming the option.
    """
    _check_count(count)
    can, name = backend.capabilities, backend.name
    given = {
        "--steps": (num_inference_steps, can.num_inference_steps),
        "--guidance": (guidance_scale, can.guidance_scale),
        "--strength": (strength, can.strength),
    }
    model = f" with {backend.model}" if backend.model else ""
    for option, (value, honoured) in given.items():
        if value is not None and not honoured:
            raise UsageError(f"{name}{model} does not read {option}; leave it out.")
    if images > can.max_images:
        most = f"at most {can.max_images} --image" if can.max_images else "no --image"
        raise UsageError(
            f"{name}{model} takes {most}; choose another --backend (see `imagine backends`)."
        )
    if strength is not None and not images:
        raise UsageError("--strength says how far to leave a reference picture; give --image too.")
    _check_range("--steps", num_inference_steps, 1, 1000)
    _check_range("--guidance", guidance_scale, 0, 100)
    _check_range("--strength", strength, 0, 1)
    if size is not None:
        drawn_size(backend, size, enlarging)
    elif aspect_ratio is not None:
        can.sizes.for_ratio(name, parse_aspect_ratio(aspect_ratio), exact=True)


def _check_request(request: ImageRequest, backend: Backend) -> None:
    check_options(
        backend,
        size=(request.width, request.height),
        num_inference_steps=request.num_inference_steps,
        guidance_scale=request.guidance_scale,
        images=len(request.images),
        strength=request.strength,
    )
    if hasattr(backend, "check"):
        cast(CheckingBackend, backend).check(request)


def _check_range(option: str, value: float | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise UsageError(
            f"{option} {shown(value)} is not between {low} and {high}; choose one that is."
        )


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
    num_inference_steps: int | None = None,
    guidance_scale: float | None = None,
    images: Sequence[ReferenceImage] = (),
    strength: float | None = None,
    enlarging: Enlarging | None = None,
) -> Plan:
    """The request that a recipe records, changed only where an argument says so.

    Without arguments its `to_json` gives the bytes of the first time, whatever this version would
    render today. A style, an exclusion or another model family renders the prompt anew. What
    enlarged the picture does so again, unless a factor, size or shape is given now.

    Args:
        enlarging: who enlarges where that is asked for now; None for nobody, also not again.

    Raises:
        SpecError: the recipe lacks what the request needs.
        UsageError: the backend cannot honour the request.
    """
    recorded = _with_options(
        recipe,
        backend,
        num_inference_steps=num_inference_steps,
        guidance_scale=guidance_scale,
        images=tuple(images),
        strength=strength,
    )
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
    description = replace(
        description,
        styles=(*recipe.style_presets, *description.styles),
        refined=recipe.refined,
        notes=(*description.notes, *_missing(recipe, recorded, backend, seed_asked=seed_asked)),
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
    )
    asked = enlarging is not None and enlarging.factor is not None
    if not recipe.upscales or asked or (resized and plan.enlargements):
        return plan
    if enlarging is None or resized:
        return replace(plan, notes=(*plan.notes, _not_enlarged(recipe, enlarging)))
    again = recorded_enlargements(recipe, plan.requests[0].size, enlarging, backend=backend)
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
            num_inference_steps=recorded.num_inference_steps,
            guidance_scale=recorded.guidance_scale,
            images=recorded.images,
            strength=recorded.strength,
            enlarging=enlarging,
        )
    spec = description.spec
    width, height = _size(spec, backend, size=size, aspect_ratio=aspect_ratio, enlarging=enlarging)
    enlargements = enlargements_for(
        enlarging, spec=spec, backend=backend, drawn=(width, height), size=size
    )
    notes = list(description.notes)
    notes += enlargement_notes(backend, (width, height), size, enlargements)
    first = replace(recorded, spec=spec, width=width, height=height, seed=seed)
    _check_request(first, backend)
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
    return missing


def _with_options(
    recipe: Recipe,
    backend: Backend,
    *,
    num_inference_steps: int | None,
    guidance_scale: float | None,
    images: tuple[ReferenceImage, ...],
    strength: float | None,
) -> ImageRequest:
    """The recorded request with the options that were given now.

    Another backend than the recorded one gets none of the recorded steps, guidance and strength.

    Raises:
        UsageError: the picture was drawn from reference pictures that are not given again.
    """
    recorded = recipe.to_request()
    if backend.name != recipe.backend.name:
        recorded = replace(recorded, num_inference_steps=None, guidance_scale=None, strength=None)
    drawn_from = [reference.sha256 for reference in recipe.references]
    if drawn_from and not images and backend.capabilities.max_images:
        told = ", ".join(digest[:12] for digest in drawn_from)
        raise UsageError(
            f"The picture was drawn from reference pictures (sha256 {told}); give them again with "
            "--image."
        )
    return replace(
        recorded,
        num_inference_steps=(
            recorded.num_inference_steps if num_inference_steps is None else num_inference_steps
        ),
        guidance_scale=recorded.guidance_scale if guidance_scale is None else guidance_scale,
        images=images,
        strength=recorded.strength if strength is None else strength,
    )


def _rendered(description: Description, backend: Backend) -> tuple[Rendered, list[str]]:
    """The prompt in the backend's profile; the user's words alone where the rest contradicts them.

    What a person wrote or edited is that person's decision and is left as it is.
    """
    profile = backend.capabilities.profile
    rendered = render(description.spec, profile, intent=description.intent)
    if profile == "json":
        return rendered, []
    notes = []
    findings = check_prompt(rendered.prompt, description.intent)
    if findings and not description.by_hand:
        rendered = replace(rendered, prompt=description.intent.core)
        notes.append(f"The prompt was sent as written: {findings[0].detail}.")
    if profile == "clip75" and rendered.tokens > 75:
        notes.append(
            f"The prompt has about {rendered.tokens} tokens, and a CLIP model reads the first 75."
        )
    return rendered, notes
