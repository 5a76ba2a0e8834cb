"""From a prompt to a picture: describe, plan, draw, enlarge; saving is imagine.stages.save.

    picture = imagine("a red fox in snow", enhancer=OfflineEnhancer(), backend=SketchBackend())
    place = destination_of(Path("fox.png"), format=None)
    artifact = save_image(picture.image, picture.recipe, destination=place)

Nothing here reads the environment, prints or exits. The command line makes the same calls one by
one, since a person may look at the description and change it on the way.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, cast

from imagine.stages import VERSION
from imagine.stages.description import describe
from imagine.stages.differences import differences
from imagine.stages.enhance import Enhancer
from imagine.stages.enlargement import Enlargement
from imagine.stages.generate import Backend, TogetherBackend
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.plan import Plan, plan_pictures
from imagine.stages.recipe import (
    BackendRecord,
    GuardRecord,
    LoraRecord,
    Parameter,
    Recipe,
    ReferenceRecord,
    UpscaleRecord,
    UsageRecord,
)
from imagine.stages.upscale import Enlarged

if TYPE_CHECKING:
    from PIL.Image import Image

# What an upscaler said of a step, and the pixels that came of it.
Made = tuple[Enlarged, "Image"]
Work = Callable[[], Made]
# Does the work of a step; says too what it cost in dollars, None where nothing was paid.
Charge = Callable[[Enlargement, Work], tuple[Made, float | None]]


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
    steps = plan.backend.generate(request)
    (image,) = _images(plan.backend, steps, on_progress, count=1)
    return picture_of(plan, request, image, seconds=perf_counter() - start)


def draw_together(
    requests: Sequence[tuple[Plan, ImageRequest]],
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> list[Picture]:
    """Draw several requests in one go, each one of its plan's; a Picture for each, in their order.

    Args:
        requests: 1 to `together` of one TogetherBackend, alike in everything but prompts, spec and
            seed. The seconds of a picture are its share of those that all of them took.

    Raises:
        ImagineError: whatever the backend reports; none of the pictures was made.
    """
    backend = cast("TogetherBackend", requests[0][0].backend)
    start = perf_counter()
    steps = backend.generate_together([request for _, request in requests])
    images = _images(backend, steps, on_progress, count=len(requests))
    seconds = (perf_counter() - start) / len(requests)
    return [
        picture_of(plan, request, image, seconds=seconds)
        for (plan, request), image in zip(requests, images, strict=True)
    ]


def picture_of(
    plan: Plan, request: ImageRequest, image: GeneratedImage, *, seconds: float | None = None
) -> Picture:
    """An image that was drawn for one of the plan's requests, with its recipe.

    Args:
        seconds: that drawing took; None where an earlier run drew it.
    """
    image = _compared(plan, image)
    return Picture(image, _recipe(plan, request, image, seconds))


def _compared(plan: Plan, image: GeneratedImage) -> GeneratedImage:
    """The image; where something else drew it than the first time, with a note of that."""
    notes = differences(plan.recorded, dict(image.parameters), model=image.model)
    return replace(image, notes=(*image.notes, *notes)) if notes else image


def enlarged(
    picture: Picture,
    plan: Plan,
    request: ImageRequest,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    charge: Charge = lambda step, work: (work(), None),
) -> Picture:
    """A drawn picture after what the plan has in store for it; one without that as it is.

    Its colour profile stays; bytes that were received, and a signature in them, do not.

    Args:
        request: the picture was drawn for; its words go to upscalers that read them.
        charge: does the work of a step, and says what it cost.

    Raises:
        ImagineError: whatever the upscaler reports, or a received picture is damaged inside; the
            picture that went in is as it was.
    """
    if not plan.enlargements:
        return picture
    pixels = picture.image.pixels
    profile = pixels.info.get("icc_profile")
    records, notes = [], list(_given_up(picture.image))
    # Of the work alone: pictures of a batch wait for their turn.
    spent: list[float] = []
    for step in plan.enlargements:
        size = pixels.size
        work = partial(_enlarge, step, pixels, request, on_progress, spent)
        (result, pixels), dollars = charge(step, work)
        records.append(_record(step, size, result, dollars))
        # That it only shrinks was foreseen, and told with the plan.
        notes += result.notes if step.upscaler.name != "lanczos" else ()
    if profile is not None:
        pixels.info["icc_profile"] = profile
    recipe = picture.recipe
    changes = {
        "upscales": tuple(records),
        "original": False,
        "notes": (*recipe.notes, *notes),
        "timings": {**recipe.timings, "upscale": round(sum(spent), 4)},
    }
    image = replace(
        picture.image, drawn=pixels, received=None, notes=(*picture.image.notes, *notes)
    )
    return Picture(image, recipe.model_copy(update=changes))


def _enlarge(
    step: Enlargement,
    pixels: "Image",
    request: ImageRequest,
    on_progress: Callable[[Progress], None],
    spent: list[float],
) -> Made:
    """One step, computed to its end; `spent` takes its seconds."""
    from imagine.stages.upscale.enlarge import enlarge
    from imagine.stages.upscale.raster import image_of, raster_of

    start = perf_counter()
    reads = step.upscaler.capabilities
    result = enlarge(
        raster_of(pixels),
        step.upscaler,
        step.target(pixels.size),
        denoise=_denoise(step, pixels.size),
        sharpen=step.sharpen,
        prompt=request.prompt if reads.prompt else None,
        negative_prompt=request.negative_prompt if reads.prompt else None,
        seed=request.seed if reads.seed else None,
        on_progress=on_progress,
    )
    image = image_of(result.raster)
    spent.append(perf_counter() - start)
    return result, image


def _denoise(step: Enlargement, size: tuple[int, int]) -> int | None:
    """None for a picture that came larger than it was to be, which no upscaler works on."""
    target = step.target(size)
    return step.denoise if target.full_width > size[0] or target.full_height > size[1] else None


def _record(
    step: Enlargement, size: tuple[int, int], result: Enlarged, dollars: float | None
) -> UpscaleRecord:
    from imagine.stages.upscale.record import record_of

    return record_of(
        result,
        step.upscaler,
        size=size,
        target=step.target(size),
        denoise=_denoise(step, size),
        sharpen=step.sharpen,
        cost=dollars,
    )


def _given_up(image: GeneratedImage) -> Iterator[str]:
    if image.received is not None and image.received.signed:
        yield "The picture was brought to its size here and lost the signature (C2PA) it came with."


def _recipe(
    plan: Plan, request: ImageRequest, image: GeneratedImage, seconds: float | None
) -> Recipe:
    description, backend = plan.description, plan.backend
    timings = {"enhance": description.seconds, "generate": seconds}
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
            loras=tuple(
                LoraRecord(name=lora.recorded, weight=lora.weight) for lora in request.loras
            ),
        ),
        usage=UsageRecord(**asdict(image.usage)) if image.usage.calls else None,
        finish_reason=image.finish_reason,
        references=tuple(ReferenceRecord(sha256=picture.sha256) for picture in request.images),
        mask=None if request.mask is None else ReferenceRecord(sha256=request.mask.sha256),
        original=image.received is not None,
        notes=(*plan.notes, *image.notes),
        timings={name: round(value, 4) for name, value in timings.items() if value is not None},
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
        "scheduler": request.scheduler,
    }
    if (again := request.hires_fix) is not None:
        asked |= {"hires_scale": again.scale, "hires_strength": again.strength}
    given = {name: value for name, value in asked.items() if value is not None}
    return {**given, **dict(image.parameters)}


def _images(
    backend: Backend,
    steps: Iterator[Progress | GeneratedImage],
    on_progress: Callable[[Progress], None],
    *,
    count: int,
) -> list[GeneratedImage]:
    """The first `count` pictures among a backend's steps; it is not asked for anything after."""
    images: list[GeneratedImage] = []
    try:
        for step in steps:
            if not isinstance(step, GeneratedImage):
                on_progress(step)
                continue
            images.append(step)
            if len(images) == count:
                return images
    finally:
        # At once, so that an interruption cancels what a provider is still working on.
        if isinstance(steps, Generator):
            steps.close()
    raise RuntimeError(f"the backend {backend.name} ended with {len(images)} of {count} pictures")
