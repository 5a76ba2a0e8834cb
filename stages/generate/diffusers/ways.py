"""Ways of drawing beside text-to-image: pipeline and requests go in, another and its inputs out.

The pipelines that start from a picture, or draw in a mask, are made of the parts of the one that is
loaded; they take no memory of their own.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import LocalBackendError, UsageError, shown
from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.starting_pictures import kept_outside, mask_from, picture_from
from imagine.stages.image import ImageRequest

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Ways:
    """Classes of diffusers of the same parts; "" where there is none.

    Attributes:
        image: starts from a picture, as far as the strength lets it.
        mask: draws within a mask.
        edits: the text-to-image class itself takes pictures, and works by words, not by strength.
    """

    image: str = ""
    mask: str = ""
    edits: bool = False


# By text-to-image class. tests/extras compares it with what diffusers says of itself.
WAYS = {
    "StableDiffusionPipeline": Ways(
        "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline"
    ),
    "StableDiffusionXLPipeline": Ways(
        "StableDiffusionXLImg2ImgPipeline", "StableDiffusionXLInpaintPipeline"
    ),
    "StableDiffusion3Pipeline": Ways(
        "StableDiffusion3Img2ImgPipeline", "StableDiffusion3InpaintPipeline"
    ),
    "LatentConsistencyModelPipeline": Ways("LatentConsistencyModelImg2ImgPipeline"),
    "KolorsPipeline": Ways("KolorsImg2ImgPipeline"),
    "Kandinsky3Pipeline": Ways("Kandinsky3Img2ImgPipeline"),
    "FluxPipeline": Ways("FluxImg2ImgPipeline", "FluxInpaintPipeline"),
    "FluxKontextPipeline": Ways(edits=True),
    "Flux2Pipeline": Ways(edits=True),
    "Flux2KleinPipeline": Ways(edits=True),
    "ChromaPipeline": Ways("ChromaImg2ImgPipeline", "ChromaInpaintPipeline"),
    "QwenImagePipeline": Ways("QwenImageImg2ImgPipeline", "QwenImageInpaintPipeline"),
    "ZImagePipeline": Ways("ZImageImg2ImgPipeline", "ZImageInpaintPipeline"),
    "SanaSprintPipeline": Ways("SanaSprintImg2ImgPipeline"),
}
_NONE = Ways()
# Folders for masks name the class that draws within them.
_OTHERS = {other: name for name, ways in WAYS.items() for other in (ways.image, ways.mask) if other}
# How far a picture is left where nobody says: these pipelines' own 0.3 hardly changes it.
_STRENGTHS = {"StableDiffusionXLImg2ImgPipeline": 0.6, "KolorsImg2ImgPipeline": 0.6}
# Words in the names of classes that draw nothing without a picture.
_NEED_PICTURES = ("Fill", "Edit", "Control", "Redux", "Pix2Pix", "KontextInpaint")
# They take a list of pictures as one picture's references.
_LISTS = ("Flux2Pipeline", "Flux2KleinPipeline")


def ways_of(pipeline_class_name: str) -> tuple[bool, bool]:
    """Whether models of that class take a reference picture, and whether a mask; without torch."""
    ways = WAYS.get(text_to_image(pipeline_class_name), _NONE)
    return bool(ways.image) or ways.edits, bool(ways.mask)


def text_to_image(pipeline_class_name: str) -> str:
    """The class that draws from nothing with the parts of that one; the same where it does so."""
    return _OTHERS.get(pipeline_class_name, pipeline_class_name)


def reads_strength(pipeline_class_name: str) -> bool:
    """Whether models of that class start from a picture by --strength, so in two passes too."""
    return bool(WAYS.get(text_to_image(pipeline_class_name), _NONE).image)


def draws_from_words(pipeline_class_name: str) -> bool:
    """Whether models of that class draw without a picture that leads them."""
    return not any(word in pipeline_class_name for word in _NEED_PICTURES)


def pipeline_for(loaded: Loaded, request: ImageRequest) -> Any:
    """The pipeline that draws a request, made of the parts of the loaded one.

    Raises:
        UsageError: models of this class cannot start from a picture, or draw within a mask.
    """
    if not request.images:
        return loaded.pipeline
    if request.mask is not None:
        return _of_same_parts(loaded, _ways(loaded).mask, "--mask")
    if _ways(loaded).edits:
        return loaded.pipeline
    return image_pipeline(loaded, "--image")


def image_pipeline(loaded: Loaded, flag: str) -> Any:
    """The pipeline that starts from a picture; errors as `pipeline_for`, naming `flag`."""
    return _of_same_parts(loaded, _ways(loaded).image, flag)


def inputs_for(loaded: Loaded, requests: Sequence[ImageRequest]) -> dict[str, Any]:
    """What the pipeline of `pipeline_for` takes of requests with the same pictures, beside words.

    `image`, `mask_image`: one for each request, of its size. `strength`: the requests', else the
    pipeline's own. Empty for requests without pictures.

    Raises:
        UsageError: a picture cannot be decoded, or the class does not do that.
    """
    request = requests[0]
    if not request.images:
        return {}
    pipeline = pipeline_for(loaded, request)
    if pipeline is loaded.pipeline:
        pictures = [picture_from(image, request.size) for image in request.images]
        if type(pipeline).__name__ in _LISTS:
            return {"image": pictures}
        return {"image": [pictures[0]] * len(requests)}
    inputs: dict[str, Any] = {
        "image": [picture_from(request.images[0], request.size)] * len(requests),
        "strength": own_strength(pipeline) if request.strength is None else request.strength,
    }
    if request.mask is not None:
        inputs["mask_image"] = [mask_from(request.mask, request.size)] * len(requests)
    return inputs


def size_inputs(pipeline: Any, size: tuple[int, int]) -> dict[str, Any]:
    """What makes a pipeline draw in that size: nothing for those that go by their picture."""
    taken = inspect.signature(type(pipeline).__call__).parameters
    # FLUX.1 Kontext would draw, and read its pictures, at the sizes that it likes best.
    wanted = {
        "width": size[0],
        "height": size[1],
        "max_area": size[0] * size[1],
        "_auto_resize": False,
    }
    return {name: value for name, value in wanted.items() if name in taken}


def step_inputs(pipeline: Any, steps: int) -> dict[str, Any]:
    """What a pipeline must know of its steps beside their number."""
    taken = inspect.signature(type(pipeline).__call__).parameters
    # Sana Sprint would have its second step at a time that is right where there are two.
    if steps == 2 or "intermediate_timesteps" not in taken:
        return {}
    return {"intermediate_timesteps": None}


def steps_for(
    request: ImageRequest, steps: int, strength: float | None, *, flag: str = "--strength"
) -> int:
    """How many steps a pipeline is asked for: of those it takes the share that `strength` says.

    Args:
        request: where the user named steps, for the message.
        steps: that are asked for.
        strength: of the pass; None for one that starts from nothing.
        flag: which option says the strength, for the message.

    Raises:
        UsageError: the user's steps and strength leave none. The model's own are raised instead.
    """
    if strength is None or int(steps * strength) >= 1:
        return steps
    if strength <= 0:
        raise UsageError(f"A strength of 0 leaves the picture as it is; choose a {flag} above 0.")
    enough = ceil(1 / strength)
    # Of 1 / strength steps, rounding may leave a hair less than one.
    enough += int(enough * strength) < 1
    if request.num_inference_steps is not None:
        raise UsageError(
            f"At a strength of {strength:g}, {steps} step{'s leave' if steps > 1 else ' leaves'} "
            f"none to draw; choose --steps {enough} or more."
        )
    return enough


def own_strength(pipeline: Any) -> float:
    """What the pipeline takes where nobody says otherwise: its own, where that changes anything."""
    own = inspect.signature(type(pipeline).__call__).parameters["strength"].default
    return float(_STRENGTHS.get(type(pipeline).__name__, own))


def finished(drawn: "Sequence[Image]", requests: Sequence[ImageRequest]) -> "list[Image]":
    """Pictures as drawn; of those with a mask, all outside it as it was, to the pixel."""
    request = requests[0]
    if request.mask is None or not request.images:
        return list(drawn)
    size = drawn[0].size
    original, mask = picture_from(request.images[0], size), mask_from(request.mask, size)
    return [kept_outside(picture.convert("RGB"), original, mask) for picture in drawn]


def _ways(loaded: Loaded) -> Ways:
    return WAYS.get(text_to_image(type(loaded.pipeline).__name__), _NONE)


def _of_same_parts(loaded: Loaded, name: str, flag: str) -> Any:
    if not name:
        does = {"--mask": "draw within a mask", "--image": "start from a picture"}
        raise UsageError(
            f"The model '{shown(loaded.name)}' ({loaded.family.title}) cannot "
            f"{does.get(flag, 'draw over a picture')}; leave out {flag}, or choose another model."
        )
    pipeline = loaded.others.get(name)
    if pipeline is None:
        pipeline = loaded.others[name] = _made(loaded, name)
    plain = loaded.pipeline
    for part, value in plain.components.items():
        if getattr(pipeline, part, value) is not value:
            setattr(pipeline, part, value)
    # Parts that wait in main memory are fetched by hooks, which one pipeline passes to the other.
    for attribute in ("_all_hooks", "_offload_device", "_offload_gpu_id"):
        if hasattr(plain, attribute):
            setattr(pipeline, attribute, getattr(plain, attribute))
    return pipeline


def _made(loaded: Loaded, name: str) -> Any:
    import diffusers

    made = getattr(diffusers, name, None)
    if made is None:
        raise LocalBackendError(
            f"The diffusers installed here has no {name}; upgrade it: "
            "pip install --upgrade 'imagine-cli[diffusers]'."
        )
    taken = inspect.signature(made.__init__).parameters
    known = {**dict(loaded.pipeline.config), **loaded.pipeline.components}
    pipeline = made(**{part: value for part, value in known.items() if part in taken})
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
