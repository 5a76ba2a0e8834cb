"""From a prompt to a picture: describe, plan, draw; saving is imagine.stages.save.

    picture = imagine("a red fox in snow", enhancer=OfflineEnhancer(), backend=SketchBackend())
    place = destination_of(Path("fox.png"), format=None)
    artifact = save_image(picture.image, picture.recipe, destination=place)

Nothing here reads the environment, prints or exits. The command line makes the same calls one by
one, since a person may look at the description and change it on the way.
"""

from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import perf_counter

from imagine.stages import VERSION
from imagine.stages.description import describe
from imagine.stages.enhance import Enhancer
from imagine.stages.generate import Backend
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.plan import Plan, plan_pictures
from imagine.stages.recipe import (
    BackendRecord,
    GuardRecord,
    Parameter,
    Recipe,
    ReferenceRecord,
    UsageRecord,
)


@dataclass(frozen=True, slots=True)
class Picture:
    image: GeneratedImage
    recipe: Recipe


def imagine(prompt: str, *, enhancer: Enhancer, backend: Backend, seed: int = 0) -> Picture:
    """One picture of a prompt; `seed` (0 to 2**32 - 1) is that of the picture.

    Raises:
        ImagineError: the prompt is unusable, or the backend could not draw it.
    """
    description = describe(prompt, enhancer=enhancer)
    plan = plan_pictures(description, backend=backend, seed=seed)
    return draw(plan, plan.requests[0])


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
    return Picture(image, _recipe(plan, request, image, seconds))


def _recipe(plan: Plan, request: ImageRequest, image: GeneratedImage, seconds: float) -> Recipe:
    description, backend = plan.description, plan.backend
    return Recipe(
        program=f"imagine {VERSION}",
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        source_prompt=description.spec.source_prompt,
        spec=request.spec,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        profile=backend.capabilities.profile,
        dropped=plan.rendered.dropped,
        enhancer=description.enhancer,
        style_presets=description.styles,
        refined=description.refined,
        guard=GuardRecord.model_validate(asdict(description.guard)),
        backend=BackendRecord(
            name=backend.name,
            model=image.model,
            trained=backend.capabilities.trained,
            parameters=_parameters(backend, request, image),
        ),
        usage=UsageRecord(**asdict(image.usage)) if image.usage.calls else None,
        finish_reason=image.finish_reason,
        references=tuple(ReferenceRecord(sha256=picture.sha256) for picture in request.images),
        original=image.received is not None,
        notes=(*plan.notes, *image.notes),
        timings={"enhance": round(description.seconds, 4), "generate": round(seconds, 4)},
    )


def _parameters(
    backend: Backend, request: ImageRequest, image: GeneratedImage
) -> dict[str, Parameter]:
    """Every effective parameter: what was asked for, and what the backend sent beside it."""
    asked: dict[str, Parameter] = {
        "width": request.width,
        "height": request.height,
        "seed": request.seed,
        "model": backend.model or None,
        "num_inference_steps": request.num_inference_steps,
        "guidance_scale": request.guidance_scale,
        "strength": request.strength,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    return {**given, **dict(image.parameters)}


def _last(
    backend: Backend, request: ImageRequest, on_progress: Callable[[Progress], None]
) -> GeneratedImage:
    steps = backend.generate(request)
    try:
        for step in steps:
            if isinstance(step, GeneratedImage):
                return step
            on_progress(step)
    finally:
        # At once, so that an interruption cancels what a provider is still working on.
        if isinstance(steps, Generator):
            steps.close()
    raise RuntimeError(f"the backend {backend.name} ended without a picture")
