"""From a Description, or the Recipe of a picture, to a Plan: what will be sent to a backend."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from imagine.stages.description import Description, adopt
from imagine.stages.errors import UsageError, shown
from imagine.stages.generate import Backend, check_size
from imagine.stages.guard import check_prompt
from imagine.stages.image import ImageRequest, parse_aspect_ratio, size_for
from imagine.stages.language.tokens import estimate_tokens
from imagine.stages.recipe import Recipe
from imagine.stages.render import Rendered, render
from imagine.stages.styles import StylePreset

MAX_SEED = 2**32 - 1
MAX_PICTURES = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be sent to the backend: nothing has been drawn or spent yet.

    Attributes:
        requests: one for each picture, seeds counting up.
        notes: those of the description, and what rendering has to say.
    """

    description: Description
    backend: Backend
    rendered: Rendered
    requests: tuple[ImageRequest, ...]
    notes: tuple[str, ...]


def plan_pictures(
    description: Description,
    *,
    backend: Backend,
    seed: int,
    count: int = 1,
    size: tuple[int, int] | None = None,
    aspect_ratio: str | None = None,
) -> Plan:
    """Render the prompt and lay down every request, before anything is drawn or paid.

    Args:
        seed: of the first picture; the next ones count up, wrapping at 2**32.
        count: pictures, 1 to 100.
        size: pixels; else the nearest usual size to the aspect ratio, about a megapixel.
        aspect_ratio: W:H for `size`; default is the description's, else 1:1.

    Raises:
        UsageError: the backend cannot honour the request.
    """
    spec = description.spec
    ratio = parse_aspect_ratio(aspect_ratio or spec.aspect_ratio or "1:1")
    width, height = size or size_for(ratio)
    check_size(backend, width, height)
    rendered, notes = _rendered(description, backend)
    negative = rendered.negative_prompt if backend.capabilities.negative_prompt else None
    first = ImageRequest(
        prompt=rendered.prompt,
        negative_prompt=negative,
        spec=spec,
        width=width,
        height=height,
        seed=seed,
    )
    requests = _with_seeds(first, count)
    return Plan(description, backend, rendered, requests, (*description.notes, *notes))


def _with_seeds(first: ImageRequest, count: int) -> tuple[ImageRequest, ...]:
    """`count` requests that differ in their seeds alone.

    Raises:
        UsageError: the seed or the count is out of range.
    """
    if not 0 <= first.seed <= MAX_SEED:
        raise UsageError(
            f"The seed {shown(first.seed)} is not between 0 and {MAX_SEED}; choose one that is."
        )
    if not 1 <= count <= MAX_PICTURES:
        raise UsageError(
            f"{shown(count)} pictures cannot be made at once; ask for 1 to {MAX_PICTURES}."
        )
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
) -> Plan:
    """The request that a recipe records, changed only where an argument says so.

    Without arguments its `to_json` gives the bytes of the first time, whatever this version would
    render today. A style, an exclusion or another model family renders the prompt anew.

    Raises:
        SpecError: the recipe lacks what the request needs.
        UsageError: the backend cannot honour the request.
    """
    recorded = recipe.to_request()
    seed = recorded.seed if seed is None else seed
    if size is None and aspect_ratio is None:
        size = (recorded.width, recorded.height)
    description = adopt(
        recipe.spec,
        enhancer=recipe.enhancer,
        styles=styles,
        negative=negative,
        aspect_ratio=aspect_ratio,
    )
    description = replace(description, styles=(*recipe.style_presets, *description.styles))
    if styles or negative or backend.capabilities.profile != recipe.profile:
        return plan_pictures(
            description,
            backend=backend,
            seed=seed,
            count=count,
            size=size,
            aspect_ratio=aspect_ratio,
        )
    width, height = size or size_for(parse_aspect_ratio(aspect_ratio or "1:1"))
    check_size(backend, width, height)
    first = replace(recorded, spec=description.spec, width=width, height=height, seed=seed)
    rendered = Rendered(
        prompt=recorded.prompt,
        negative_prompt=recorded.negative_prompt,
        tokens=estimate_tokens(recorded.prompt),
        dropped=recipe.dropped,
    )
    return Plan(description, backend, rendered, _with_seeds(first, count), description.notes)


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
