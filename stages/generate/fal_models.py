"""What models on fal read: a model's name goes in, a Family comes out.

fal drops inputs that a model does not know without a word, so only what a model's page documents
is ever sent. Sources: the models' API pages on fal.ai (inputs and ranges as of 2025 and 2026).
"""

from dataclasses import replace

from imagine.stages.generate.family import Family
from imagine.stages.generate.parameters import PARAMETERS, without
from imagine.stages.sizes import MEGAPIXEL, FreeSizes, ListedSizes

_SIZES = FreeSizes(min_side=256, max_side=2048, max_pixels=2048 * 2048, step=16)
_FLUX = PARAMETERS["fal/flux"]
_ONE_PNG = {"num_images": 1, "output_format": "png"}

FLUX_DEV = Family(
    _FLUX,
    _SIZES,
    limits={"num_inference_steps": (1, 50), "guidance_scale": (1, 20), "strength": (0.01, 1)},
    image_limits={"num_inference_steps": (10, 50)},
    fixed=_ONE_PNG,
    max_images=1,
)
# Distilled: it has an input for guidance, which its one pass cannot follow.
_FLUX_SCHNELL = Family(
    without(_FLUX, "guidance_scale", "images", "strength"),
    _SIZES,
    limits={"num_inference_steps": (1, 12)},
    fixed=_ONE_PNG,
)
_FLUX_PRO = Family(
    without(_FLUX, "num_inference_steps", "guidance_scale", "images", "strength"),
    _SIZES,
    fixed=_ONE_PNG,
)
_DIFFUSION = Family(
    PARAMETERS["fal/diffusion"],
    _SIZES,
    limits={"num_inference_steps": (1, 50), "guidance_scale": (0, 20)},
    fixed=_ONE_PNG,
)
_SDXL = replace(_DIFFUSION, fixed={"num_images": 1, "format": "png"}, profile="clip75")
_QWEN = replace(_DIFFUSION, limits={"num_inference_steps": (2, 250), "guidance_scale": (0, 20)})
# Google's models draw their own pixels for a ratio (the 1K table of the `gemini` backend).
_NANO_BANANA = Family(
    PARAMETERS["fal/edit"],
    ListedSizes(
        (
            (1024, 1024, "1:1"),
            (1376, 768, "16:9"),
            (768, 1376, "9:16"),
            (1264, 848, "3:2"),
            (848, 1264, "2:3"),
            (1200, 896, "4:3"),
            (896, 1200, "3:4"),
            (1152, 928, "5:4"),
            (928, 1152, "4:5"),
            (1584, 672, "21:9"),
        )
    ),
    fixed=_ONE_PNG,
    max_images=14,
)
# A size as pixels and as a ratio: each model takes the one it knows.
OTHER = Family(PARAMETERS["fal/other"], ListedSizes(MEGAPIXEL))

KNOWN: dict[str, Family] = {
    "fal-ai/flux/schnell": _FLUX_SCHNELL,
    "fal-ai/flux-1/schnell": _FLUX_SCHNELL,
    "fal-ai/flux/dev": FLUX_DEV,
    "fal-ai/flux-1/dev": FLUX_DEV,
    "fal-ai/flux-pro/v1.1": _FLUX_PRO,
    "fal-ai/fast-sdxl": _SDXL,
    "fal-ai/stable-diffusion-v35-large": _DIFFUSION,
    "fal-ai/stable-diffusion-v35-medium": _DIFFUSION,
    "fal-ai/qwen-image": _QWEN,
    "fal-ai/nano-banana": _NANO_BANANA,
    "google/nano-banana-2.1": _NANO_BANANA,
}


def family_of(model: str) -> Family:
    """What the model called `model` reads; prompt and shape alone when it is not known here."""
    return KNOWN.get(model, OTHER)
