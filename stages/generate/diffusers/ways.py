"""Ways of drawing beside text-to-image: pipeline and requests go in, another and its inputs out.

The pipelines that start from a picture, or draw in a mask, are made of the parts of the one that is
loaded; they take no memory of their own.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import LocalBackendError, UsageError, shown
from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.local.sizes import at_size
from imagine.stages.generate.starting_pictures import (
    kept_outside,
    mask_from,
    picture_from,
    whole_picture,
)
from imagine.stages.image import DEFAULT_AREA, ImageRequest

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Ways:
    """Classes of diffusers of the same parts; "" where there is none.

    Attributes:
        image: starts from a picture, as far as the strength lets it.
        mask: draws within a mask.
        edits: how many pictures the class itself takes, beside words and without a strength.
        longest: of those, the longer side in shorter ones.
    """

    image: str = ""
    mask: str = ""
    edits: int = 0
    # The processor of Qwen-Image refuses 200, which rounded sides are beyond before.
    longest: int = 100


# By text-to-image class, or that of models that only change pictures. tests/extras compares it with
# what diffusers says of itself; how many pictures, the makers do.
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
    "FluxKontextPipeline": Ways(mask="FluxKontextInpaintPipeline", edits=1),
    "FluxFillPipeline": Ways(mask="FluxFillPipeline"),
    "Flux2Pipeline": Ways(edits=6, longest=8),
    "Flux2KleinPipeline": Ways(mask="Flux2KleinInpaintPipeline", edits=4, longest=8),
    "Flux2KleinKVPipeline": Ways(edits=4, longest=8),
    "ChromaPipeline": Ways("ChromaImg2ImgPipeline", "ChromaInpaintPipeline"),
    "QwenImagePipeline": Ways("QwenImageImg2ImgPipeline", "QwenImageInpaintPipeline"),
    "QwenImageEditPipeline": Ways(mask="QwenImageEditInpaintPipeline", edits=1),
    "QwenImageEditPlusPipeline": Ways(edits=3),
    "ZImagePipeline": Ways("ZImageImg2ImgPipeline", "ZImageInpaintPipeline"),
    "SanaSprintPipeline": Ways("SanaSprintImg2ImgPipeline"),
}
_NONE = Ways()
# Folders for masks name the class that draws within them.
_OTHERS = {other: name for name, ways in WAYS.items() for other in (ways.image, ways.mask) if other}
# How far a picture is left where nobody says, so that a dry run can tell it: as diffusers has it,
# but for 0.6 where its own 0.3 hardly changes anything.
STRENGTHS = {
    "StableDiffusionImg2ImgPipeline": 0.8,
    "StableDiffusionInpaintPipeline": 1.0,
    "StableDiffusionXLImg2ImgPipeline": 0.6,
    "StableDiffusionXLInpaintPipeline": 0.9999,
    "StableDiffusion3Img2ImgPipeline": 0.6,
    "StableDiffusion3InpaintPipeline": 0.6,
    "LatentConsistencyModelImg2ImgPipeline": 0.8,
    "KolorsImg2ImgPipeline": 0.6,
    "Kandinsky3Img2ImgPipeline": 0.3,
    "FluxImg2ImgPipeline": 0.6,
    "FluxInpaintPipeline": 0.6,
    "FluxKontextInpaintPipeline": 1.0,
    "FluxFillPipeline": 1.0,
    "Flux2KleinInpaintPipeline": 0.8,
    "ChromaImg2ImgPipeline": 0.9,
    "ChromaInpaintPipeline": 0.6,
    "QwenImageImg2ImgPipeline": 0.6,
    "QwenImageInpaintPipeline": 0.6,
    "QwenImageEditInpaintPipeline": 0.6,
    "ZImageImg2ImgPipeline": 0.6,
    "ZImageInpaintPipeline": 1.0,
    "SanaSprintImg2ImgPipeline": 0.6,
}
# Words in the names of classes that draw nothing without a picture.
_NEED_PICTURES = ("Fill", "Edit", "Control", "Redux", "Pix2Pix")
# They take one prompt at a time; or several, whose pictures they read in another size.
_ONE_BY_ONE = ("QwenImageEditPipeline", "QwenImageEditPlusPipeline")


def ways_of(pipeline_class_name: str) -> tuple[bool, bool]:
    """Whether models of that class take a reference picture, and whether a mask; without torch."""
    ways = _known(pipeline_class_name)
    return bool(ways.image or ways.edits or ways.mask), bool(ways.mask)


def most_pictures(pipeline_class_name: str) -> int:
    """How many reference pictures models of that class take."""
    return _known(pipeline_class_name).edits or int(ways_of(pipeline_class_name)[0])


def longest_picture(pipeline_class_name: str) -> int:
    """How many times as long as wide pictures may be that models of that class read whole.

    0 for those that read none so, but in the shape that they draw.
    """
    ways = _known(pipeline_class_name)
    return ways.longest if ways.edits else 0


def text_to_image(pipeline_class_name: str) -> str:
    """The class that draws from nothing with the parts of that one; the same where it does so."""
    return _OTHERS.get(pipeline_class_name, pipeline_class_name)


def reads_strength(pipeline_class_name: str, *, masked: bool) -> bool:
    """Whether models of that class leave a picture, or what is in its mask, by --strength.

    Those that do so with whole pictures draw in two passes too.
    """
    ways = _known(pipeline_class_name)
    return bool(ways.mask if masked else ways.image)


def is_usable(pipeline_class_name: str) -> bool:
    """Whether models of that class draw without a picture that leads them, or it is known how."""
    return draws_from_words(pipeline_class_name) or text_to_image(pipeline_class_name) in WAYS


def needs_mask(pipeline_class_name: str) -> bool:
    """Whether models of that class draw within masks and nowhere else."""
    return _known(pipeline_class_name).mask == pipeline_class_name


def draws_several(pipeline_class_name: str) -> bool:
    """Whether models of that class take several prompts in one go."""
    return pipeline_class_name not in _ONE_BY_ONE


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
    ways = _known(type(loaded.pipeline).__name__)
    if request.mask is not None:
        return _of_same_parts(loaded, ways.mask, "--mask")
    if ways.edits:
        return loaded.pipeline
    return image_pipeline(loaded, "--image")


def image_pipeline(loaded: Loaded, flag: str) -> Any:
    """The pipeline that starts from a picture; errors as `pipeline_for`, naming `flag`."""
    return _of_same_parts(loaded, _known(type(loaded.pipeline).__name__).image, flag)


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
    if request.mask is None and pipeline is loaded.pipeline:
        pixels = max(DEFAULT_AREA, request.size[0] * request.size[1])
        pictures = [whole_picture(image, pixels) for image in request.images]
        several = _known(type(pipeline).__name__).edits > 1
        return {"image": pictures if several else _for_each(loaded, pictures[0], requests)}
    picture = picture_from(request.images[0], request.size)
    inputs: dict[str, Any] = {
        "image": _for_each(loaded, picture, requests),
        "strength": strength_for(type(loaded.pipeline).__name__, request),
    }
    if request.mask is not None:
        mask = mask_from(request.mask, request.size)
        inputs["mask_image"] = _for_each(loaded, mask, requests)
    return inputs


def _for_each(
    loaded: Loaded, picture: "Image", requests: Sequence[ImageRequest]
) -> "Image | list[Image]":
    """A picture as the pipeline takes it: for each prompt, or alone where it takes one prompt."""
    several = draws_several(type(loaded.pipeline).__name__)
    return [picture] * len(requests) if several else picture


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


def strength_for(pipeline_class_name: str, request: ImageRequest) -> float | None:
    """How far models of that class leave the picture that a request starts from; without torch.

    None where there is no picture, or where it leads by words alone.
    """
    ways = _known(pipeline_class_name)
    if not request.images or (ways.edits and request.mask is None):
        return None
    drawn_by = ways.image if request.mask is None else ways.mask
    return STRENGTHS.get(drawn_by) if request.strength is None else request.strength


def finished(drawn: "Sequence[Image]", requests: Sequence[ImageRequest]) -> "list[Image]":
    """Pictures as drawn; of those with a mask, all outside it as it was, to the pixel."""
    request = requests[0]
    if request.mask is None or not request.images:
        return list(drawn)
    size = request.size
    original, mask = picture_from(request.images[0], size), mask_from(request.mask, size)
    # Some pipelines for masks draw at a size of their own.
    return [kept_outside(at_size(each.convert("RGB"), size), original, mask) for each in drawn]


def _known(pipeline_class_name: str) -> Ways:
    return WAYS.get(text_to_image(pipeline_class_name), _NONE)


def _of_same_parts(loaded: Loaded, name: str, flag: str) -> Any:
    if not name:
        does = {"--mask": "draw within a mask", "--image": "start from a picture"}
        raise UsageError(
            f"The model '{shown(loaded.name)}' ({loaded.family.title}) cannot "
            f"{does.get(flag, 'draw over a picture')}; leave out {flag}, or choose another model."
        )
    plain = loaded.pipeline
    if name == type(plain).__name__:
        return plain
    pipeline = loaded.others.get(name)
    if pipeline is None:
        pipeline = loaded.others[name] = _made(loaded, name)
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
    # It asks for a setting that only transformers of FLUX have.
    if name == "ChromaInpaintPipeline" and "guidance_embeds" not in pipeline.transformer.config:
        pipeline.transformer.register_to_config(guidance_embeds=False)
    return pipeline
