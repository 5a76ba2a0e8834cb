"""Drawing: a loaded pipeline and requests go in; their pictures come out, step by step."""

import inspect
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import (
    LocalBackendError,
    RefusedError,
    UsageError,
    quoted_path,
    shown,
)
from imagine.stages.generate.diffusers.chunks import prompt_inputs
from imagine.stages.generate.diffusers.hires import second_pass
from imagine.stages.generate.diffusers.invariance import each_alone
from imagine.stages.generate.diffusers.lengths import prompt_notes
from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.diffusers.loading import (
    LOADING_ERRORS,
    OutOfMemoryError,
    is_out_of_memory,
)
from imagine.stages.generate.diffusers.loras import applied
from imagine.stages.generate.diffusers.previews import preview_of
from imagine.stages.generate.diffusers.schedule import scheduled
from imagine.stages.generate.diffusers.ways import (
    finished,
    inputs_for,
    pipeline_for,
    size_inputs,
    step_inputs,
)
from imagine.stages.generate.local.sizes import at_size
from imagine.stages.generate.local.steps import steps_for
from imagine.stages.generate.local.worker import Tell
from imagine.stages.image import GeneratedImage, ImageRequest, Lora, Progress
from imagine.stages.torch_device import torch_reason

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class _Pass:
    """One run of a pipeline.

    Attributes:
        pipeline: that draws.
        inputs: beside words: pictures, strength, size.
        size: width and height in pixels of what comes.
        steps: that it is asked for.
        guidance: how closely it follows the words; negative where that is left to the pipeline.
        done: steps of the passes before it.
        passes: how many the picture takes, this one with them.
    """

    pipeline: Any
    inputs: dict[str, Any]
    size: tuple[int, int]
    steps: int
    guidance: float
    done: int = 0
    passes: int = 1


def draw(
    loaded: Loaded,
    requests: Sequence[ImageRequest],
    *,
    loras: Sequence[tuple[Lora, Path]],
    weights: str,
    torch: Any,
    tell: Tell,
) -> list[GeneratedImage]:
    """Pictures of requests that are alike in all but words and seeds, drawn in one go.

    Args:
        loras: those of the requests, with their files.
        weights: fingerprint of the model, for the recipes.
        tell: takes every step; what it raises ends the drawing, and the pipeline stays usable.

    Raises:
        OutOfMemoryError: memory was short.
        LocalBackendError: the pipeline failed.
        RefusedError: its safety checker took offence.
        UsageError: it cannot do what is asked.
    """
    request = requests[0]
    with translated(loaded, torch), ExitStack() as stack:
        notes = stack.enter_context(applied(loaded, loras))
        first = _first_pass(loaded, requests)
        scheduler = stack.enter_context(scheduled(loaded, first.pipeline, request.scheduler))
        if not loaded.offloaded and loaded.device == "cpu":
            stack.enter_context(each_alone(loaded.pipeline, len(requests), torch))
        pictures = _run(loaded, requests, first, torch, tell)
        if request.hires_fix is not None:
            second = second_pass(loaded, pictures, requests)
            stack.enter_context(scheduled(loaded, second.pipeline, request.scheduler))
            # The user's --steps are for a whole picture. Where so many leave none of the share that
            # is drawn again, it is asked for more, and nobody is refused as with --strength.
            free = replace(request, num_inference_steps=None)
            again = _Pass(
                pipeline=second.pipeline,
                inputs=second.inputs,
                size=second.size,
                steps=steps_for(free, first.steps, second.strength, flag="--refine-strength"),
                guidance=first.guidance,
                done=first.steps,
                passes=2,
            )
            pictures = [
                at_size(picture, request.result_size)
                for picture in _run(loaded, requests, again, torch, tell)
            ]
        pictures = finished(pictures, requests)
    guided = loaded.family.guided(first.guidance)
    if request.negative_prompt and loaded.family.negative_prompt and not guided:
        # Negative is no number of the user's: the pipeline takes none.
        led = f"At a guidance of {first.guidance:g}" if first.guidance >= 0 else "Without guidance"
        notes = [*notes, f"{led} the negative prompt was not read."]
    parameters = {
        "num_inference_steps": first.steps,
        **({"guidance_scale": first.guidance} if first.guidance >= 0 else {}),
        "scheduler": scheduler,
        **({"strength": first.inputs["strength"]} if "strength" in first.inputs else {}),
        "dtype": loaded.dtype,
        "device": loaded.device.partition(":")[0],
        "weights": weights,
        **({"vae": loaded.vae} if loaded.vae else {}),
        # Tiles leave traces in a picture, so a recipe says that there were some.
        **({"vae_tiling": True} if _is_tiled(loaded) else {}),
    }
    return [
        GeneratedImage(
            model=loaded.name,
            drawn=picture.convert("RGB"),
            parameters=tuple(parameters.items()),
            notes=(*notes, *prompt_notes(loaded, request.prompt)),
        )
        for picture, request in zip(pictures, requests, strict=True)
    ]


@contextmanager
def translated(loaded: Loaded, torch: Any) -> Iterator[None]:
    """Within it, what the libraries raise becomes an error of ours.

    Raises:
        OutOfMemoryError: memory was short.
        LocalBackendError: the model failed otherwise.
    """
    try:
        yield
    except LOADING_ERRORS as error:
        if is_out_of_memory(error, torch):
            raise OutOfMemoryError(shown(error)) from error
        raise LocalBackendError(
            f"The model {quoted_path(loaded.path)} failed while it drew: {torch_reason(error)}; "
            "try other options, or another model."
        ) from error


def _first_pass(loaded: Loaded, requests: Sequence[ImageRequest]) -> _Pass:
    request, family = requests[0], loaded.family
    pipeline = pipeline_for(loaded, request)
    inputs = inputs_for(loaded, requests) | size_inputs(pipeline, request.size)
    steps = request.num_inference_steps or family.num_inference_steps
    return _Pass(
        pipeline=pipeline,
        inputs=inputs,
        size=request.size,
        steps=steps_for(request, steps, inputs.get("strength")),
        guidance=_guidance(loaded, pipeline, request),
        passes=1 if request.hires_fix is None else 2,
    )


def _guidance(loaded: Loaded, pipeline: Any, request: ImageRequest) -> float:
    """What the request says, else the family; negative where the pipeline reads none.

    Raises:
        UsageError: the request says some, and none is read.
    """
    asked, family = request.guidance_scale, loaded.family
    if family.guidance_argument in inspect.signature(type(pipeline).__call__).parameters:
        return family.guidance_scale if asked is None else asked
    if asked is not None:
        raise UsageError(
            f"The model '{shown(loaded.name)}' ({family.title}) reads no --guidance; leave it out."
        )
    return -1.0


def _run(
    loaded: Loaded, requests: Sequence[ImageRequest], each: _Pass, torch: Any, tell: Tell
) -> "list[Image]":
    """One pass through its pipeline."""
    arguments = _arguments(loaded, requests, each, torch) | _callback(loaded, each, tell)
    _decode_one_by_one(loaded.pipeline)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = each.pipeline(**arguments)
    if not hasattr(result, "images"):
        raise LocalBackendError(
            f"The model '{shown(loaded.name)}' draws no single pictures; choose another model."
        )
    if any(getattr(result, "nsfw_content_detected", None) or ()):
        raise RefusedError(
            f"The safety checker of the model '{shown(loaded.name)}' refused the picture; use "
            "other words, or another --seed."
        )
    tell(Progress(each.done + each.steps, each.passes * each.steps, "decoded"))
    return list(result.images)


def _arguments(
    loaded: Loaded, requests: Sequence[ImageRequest], each: _Pass, torch: Any
) -> dict[str, Any]:
    """What the pipeline is called with: as anybody would call it for these requests."""
    family = loaded.family
    taken = inspect.signature(type(each.pipeline).__call__).parameters
    avoided = [request.negative_prompt or family.empty_negative for request in requests]
    words = prompt_inputs(
        loaded,
        [request.prompt for request in requests],
        avoided if family.negative_prompt else [None] * len(requests),
        guided=family.guided(each.guidance),
    )
    fixed = {name: value for name, value in family.arguments.items() if name in taken}
    # On the processor, so that a seed means the same on every device.
    generators = [torch.Generator("cpu").manual_seed(request.seed) for request in requests]
    guidance = {family.guidance_argument: each.guidance} if each.guidance >= 0 else {}
    return {
        **fixed,
        **words,
        **each.inputs,
        **step_inputs(each.pipeline, each.steps),
        **guidance,
        "num_inference_steps": each.steps,
        "generator": generators if len(requests) > 1 else generators[0],
        "output_type": "pil",
    }


def _callback(loaded: Loaded, each: _Pass, tell: Tell) -> dict[str, Any]:
    """What makes the pipeline tell of its steps, in the way that its class knows."""
    taken = inspect.signature(type(each.pipeline).__call__).parameters

    def step_done(pipeline: Any, step: int, latents: Any) -> None:
        # Schedulers of second order take two turns for most steps.
        turns = getattr(pipeline, "num_timesteps", 0) or each.steps
        total = each.done + turns * (each.passes if not each.done else 1)
        preview = preview_of(loaded, pipeline, latents, each.size)
        tell(Progress(min(each.done + step + 1, total), total, "step", preview))

    def on_step_end(pipeline: Any, step: int, _time: Any, given: dict[str, Any]) -> dict[str, Any]:
        step_done(pipeline, step, given.get("latents"))
        return given

    def on_step(step: int, _time: Any, latents: Any) -> None:
        step_done(each.pipeline, step, latents)

    if "callback_on_step_end" in taken:
        return {"callback_on_step_end": on_step_end}
    return {"callback": on_step} if "callback" in taken else {}


def _decode_one_by_one(pipeline: Any) -> None:
    """Decoding one picture fills every core, its memory counts, and so it is the same alone."""
    vae: Any = getattr(pipeline, "vae", None)
    if hasattr(vae, "enable_slicing"):
        vae.enable_slicing()


def _is_tiled(loaded: Loaded) -> bool:
    return bool(getattr(getattr(loaded.pipeline, "vae", None), "use_tiling", False))
