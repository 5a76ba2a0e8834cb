"""From a prompt to a picture: describe, plan, draw; saving is imagine.stages.save.

    description = describe("a red fox in snow", enhancer=ENHANCERS.create("offline"))
    plan = plan_pictures(description, backend=BACKENDS.create("sketch"), seed=7)
    picture = draw(plan, plan.requests[0])
    place = destination_of(Path("pictures"), format="png")
    artifact = save_image(picture.image.pixels, picture.recipe, destination=place)

Nothing here reads the environment, prints or exits; `imagine PROMPT` is these calls.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from math import gcd
from time import perf_counter
from typing import get_args

from imagine.stages import VERSION
from imagine.stages.enhance import Enhancer
from imagine.stages.errors import UsageError
from imagine.stages.generate import Backend, check_size
from imagine.stages.guard import GuardReport, check_prompt, compare, repair
from imagine.stages.image import (
    GeneratedImage,
    ImageRequest,
    Progress,
    parse_aspect_ratio,
    size_for,
)
from imagine.stages.intent import Intent, parse_intent
from imagine.stages.recipe import BackendRecord, EnhancerRecord, GuardRecord, Recipe
from imagine.stages.render import Rendered, estimate_tokens, render
from imagine.stages.spec import AspectRatio, PromptSpec, clean_prompt
from imagine.stages.styles import StylePreset, apply_style

MAX_SEED = 2**32 - 1
MAX_PICTURES = 100


@dataclass(frozen=True, slots=True)
class Description:
    """A prompt and the structured description made from it.

    Attributes:
        intent: what the user's words demand.
        spec: the description, repaired by the guard.
        guard: what the guard found and did.
        enhancer: who filled the spec; None for a spec that was given.
        by_hand: a person wrote or edited the spec, so that it is sent as it stands.
        styles: names of the presets that were applied.
        notes: what the user should know, a sentence each.
        seconds: the time it took.
    """

    intent: Intent
    spec: PromptSpec
    guard: GuardReport
    enhancer: EnhancerRecord | None
    by_hand: bool = False
    styles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


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


@dataclass(frozen=True, slots=True)
class Picture:
    image: GeneratedImage
    recipe: Recipe


def describe(
    prompt: str,
    *,
    enhancer: Enhancer,
    seed: int = 0,
    styles: Sequence[StylePreset] = (),
    negative: Sequence[str] = (),
    aspect_ratio: str | None = None,
) -> Description:
    """Fill a description from a prompt and hold it against the user's words.

    Args:
        prompt: 1 to 4,000 characters, Midjourney-style suffix flags allowed.
        enhancer: fills what the prompt leaves open.
        seed: picks among equally good descriptions, 0 to 2**32 - 1.
        styles: presets, later ones win.
        negative: what must not be in the picture, added to the prompt's own exclusions.
        aspect_ratio: W:H, wins over what the prompt states.

    Raises:
        UsageError: the prompt or an option is unusable.
    """
    start = perf_counter()
    intent = parse_intent(clean_prompt(prompt))
    enhancement = enhancer.enhance(intent, seed=seed)
    spec, notes = _with_options(
        enhancement.spec,
        intent,
        styles=styles,
        negative=[*intent.flags.exclude, *negative],
        aspect_ratio=aspect_ratio or intent.flags.aspect_ratio,
    )
    spec, report = repair(spec, intent)
    ignored = [f"'{flag}' means nothing here and was ignored." for flag in intent.flags.ignored]
    return Description(
        intent=intent,
        spec=spec,
        guard=report,
        enhancer=EnhancerRecord(name=enhancer.name, model=enhancement.model, seed=seed),
        styles=tuple(style.name for style in styles),
        notes=(*ignored, *notes),
        seconds=perf_counter() - start,
    )


def adopt(
    spec: PromptSpec,
    *,
    enhancer: EnhancerRecord | None = None,
    styles: Sequence[StylePreset] = (),
    negative: Sequence[str] = (),
    aspect_ratio: str | None = None,
) -> Description:
    """Take a description that a person wrote or edited, as it is.

    Where it differs from its own source prompt, the notes say so; the person's edit wins.
    """
    intent = parse_intent(spec.source_prompt)
    styled, notes = _with_options(
        spec, intent, styles=styles, negative=negative, aspect_ratio=aspect_ratio
    )
    findings = compare(styled, intent)
    differs = [f"The description differs from its prompt: {found.detail}." for found in findings]
    return Description(
        intent=intent,
        spec=styled,
        guard=GuardReport(findings=findings, clean=not findings),
        enhancer=enhancer,
        by_hand=True,
        styles=tuple(style.name for style in styles),
        notes=(*notes, *differs),
    )


def _with_options(
    spec: PromptSpec,
    intent: Intent,
    *,
    styles: Sequence[StylePreset],
    negative: Sequence[str],
    aspect_ratio: str | None,
) -> tuple[PromptSpec, list[str]]:
    """The spec with what the user asked for beside the prompt."""
    notes = []
    for preset in styles:
        spec, note = apply_style(spec, preset, intent)
        if note is not None:
            notes.append(note)
    if negative:
        spec = spec.replace(exclude=_exclusions(spec, negative))
    if aspect_ratio is not None:
        spec = spec.replace(aspect_ratio=_known_ratio(aspect_ratio))
    return spec, notes


def _known_ratio(text: str) -> str | None:
    """The ratio as the spec writes it, or None when it is none of the spec's."""
    width, height = parse_aspect_ratio(text)
    divisor = gcd(width, height)
    ratio = f"{width // divisor}:{height // divisor}"
    return ratio if ratio in get_args(AspectRatio) else None


def _exclusions(spec: PromptSpec, negative: Sequence[str]) -> list[str]:
    """The spec's exclusions and the user's, each term once.

    Raises:
        UsageError: a term is longer, or the terms are more, than a description holds.
    """
    terms = [term.strip() for text in negative for term in re.split(r"[,;\n]", text)]
    wanted = list(dict.fromkeys([*spec.exclude, *filter(None, terms)]))
    for term in wanted:
        if len(term) > 40:
            raise UsageError(
                f"'{term[:40]}…' has {len(term)} characters, and a thing to avoid may have 40; "
                "separate several by commas."
            )
    if len(wanted) > 12:
        raise UsageError(f"{len(wanted)} things to avoid are too many; name at most 12.")
    return wanted


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
            f"The seed {first.seed} is not between 0 and {MAX_SEED}; choose one that is."
        )
    if not 1 <= count <= MAX_PICTURES:
        raise UsageError(f"{count} pictures cannot be made at once; ask for 1 to {MAX_PICTURES}.")
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
    rendered = render(description.spec, profile)
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


def draw(
    plan: Plan,
    request: ImageRequest,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Picture:
    """Draw one of the plan's requests.

    Raises:
        ImagineError: whatever the backend reports; no picture was made.
    """
    start = perf_counter()
    image = _last(plan.backend, request, on_progress)
    seconds = perf_counter() - start
    description = plan.description
    recipe = Recipe(
        program=f"imagine {VERSION}",
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        source_prompt=description.spec.source_prompt,
        spec=request.spec,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        profile=plan.backend.capabilities.profile,
        dropped=plan.rendered.dropped,
        enhancer=description.enhancer,
        style_presets=description.styles,
        guard=GuardRecord.model_validate(asdict(description.guard)),
        backend=BackendRecord(
            name=plan.backend.name,
            model=image.model,
            trained=plan.backend.capabilities.trained,
            parameters={"width": request.width, "height": request.height, "seed": request.seed},
        ),
        notes=(*plan.notes, *image.notes),
        timings={"enhance": round(description.seconds, 4), "generate": round(seconds, 4)},
    )
    return Picture(image, recipe)


def _last(
    backend: Backend, request: ImageRequest, on_progress: Callable[[Progress], None]
) -> GeneratedImage:
    for step in backend.generate(request):
        if isinstance(step, GeneratedImage):
            return step
        on_progress(step)
    raise RuntimeError(f"the backend {backend.name} ended without a picture")
