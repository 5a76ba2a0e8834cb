"""The models of the fake fal, the check of their inputs, and the sizes they draw."""

import base64
import binascii
from typing import Any

from fakes.gemini_models import PIXELS, PIXELS_25
from fakes.message import Answer, reply
from fakes.pictures import size_of, type_of
from fakes.service import listed, refuse

SIZES = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}


_FLUX: dict[str, Any] = {
    "prompt": str,
    "image_size": "size",
    "num_inference_steps": (1, 50),
    "seed": (0, 2**32 - 1),
    "num_images": (1, 4),
    "output_format": ("jpeg", "png"),
    "enable_safety_checker": bool,
    "sync_mode": bool,
    "guidance_scale": (1, 20),
    "acceleration": ("none", "regular", "high"),
}
_SCHNELL = {**_FLUX, "num_inference_steps": (1, 12)}
# Draws in the size of its picture.
_FROM_IMAGE = {
    **{name: rule for name, rule in _FLUX.items() if name != "image_size"},
    "num_inference_steps": (10, 50),
    "image_url": "image",
    "strength": (0.01, 1),
}
_PRO = {
    **{name: _FLUX[name] for name in ("prompt", "image_size", "seed", "num_images", "sync_mode")},
    "output_format": ("jpeg", "png"),
    "safety_tolerance": ("1", "2", "3", "4", "5", "6"),
    "enhance_prompt": bool,
}
_SDXL = {
    **{name: _FLUX[name] for name in ("prompt", "image_size", "seed", "sync_mode")},
    "negative_prompt": str,
    "num_inference_steps": (1, 50),
    "guidance_scale": (0, 20),
    "num_images": (1, 8),
    "format": ("jpeg", "png"),
    "expand_prompt": bool,
    "enable_safety_checker": bool,
}
_NANO: dict[str, Any] = {
    "prompt": str,
    "num_images": (1, 4),
    "aspect_ratio": tuple(PIXELS_25),
    "output_format": ("jpeg", "png", "webp"),
    "sync_mode": bool,
}
_NANO_2 = {**_NANO, "resolution": ("1K", "2K", "4K"), "seed": (0, 2**32 - 1)}


MODELS: dict[str, dict[str, Any]] = {
    "fal-ai/flux/schnell": _SCHNELL,
    "fal-ai/flux/dev": _FLUX,
    "fal-ai/flux/dev/image-to-image": _FROM_IMAGE,
    "fal-ai/flux-1/schnell": _SCHNELL,
    "fal-ai/flux-1/dev": _FLUX,
    "fal-ai/flux-1/dev/image-to-image": _FROM_IMAGE,
    "fal-ai/flux-pro/v1.1": _PRO,
    "fal-ai/fast-sdxl": _SDXL,
    "fal-ai/nano-banana": _NANO,
    "fal-ai/nano-banana/edit": {**_NANO, "image_urls": "images"},
    "google/nano-banana-2.1": _NANO_2,
    "google/nano-banana-2.1/edit": {**_NANO_2, "image_urls": "images"},
}


def is_nano_banana(model: str) -> bool:
    """Whether a model takes a ratio instead of a size, and tells no seed."""
    return "image_size" not in MODELS[model] and "aspect_ratio" in MODELS[model]


def pixels_of(body: dict[str, Any], model: str) -> tuple[int, int]:
    """Width and height that the model draws for an input that was checked."""
    if is_nano_banana(model):
        table = PIXELS if model.startswith("google/") else PIXELS_25
        width, height = table[body.get("aspect_ratio", "1:1")]
        scale = {"2K": 2, "4K": 4}.get(body.get("resolution", "1K"), 1)
        return width * scale, height * scale
    if "image_size" not in MODELS[model]:
        # A picture that stands at an address is not fetched.
        return size_of(_bytes_in(body["image_url"])) or SIZES["landscape_4_3"]
    size = body.get("image_size", "square_hd" if model == "fal-ai/fast-sdxl" else "landscape_4_3")
    return SIZES[size] if isinstance(size, str) else (size["width"], size["height"])


def check_input(body: dict[str, Any], inputs: dict[str, Any]) -> None:
    needed = ["prompt", *(name for name in ("image_url", "image_urls") if name in inputs)]
    for name in needed:
        if name not in body:
            raise refuse(invalid_field(name, "field required", "missing"))
    for name, value in body.items():
        if name not in inputs:
            raise refuse(invalid_field(name, "extra fields not permitted", "extra_forbidden"))
        why = _misfit(value, inputs[name])
        if why is not None:
            raise refuse(invalid_field(name, why, "value_error"))


def _misfit(value: Any, rule: Any) -> str | None:  # noqa: PLR0911  a case for each kind of rule
    """Why a value does not fit the rule, or None."""
    if isinstance(rule, type):
        return None if isinstance(value, rule) else f"Input should be a valid {rule.__name__}"
    if rule == "size":
        return _size_misfit(value)
    if rule == "image":
        return None if _is_picture(value) else "Failed to download the file"
    if rule == "images":
        fits = isinstance(value, list) and value and all(map(_is_picture, value))
        return None if fits else "Failed to download the file"
    if isinstance(rule[0], str):
        return None if value in rule else f"Input should be {listed(rule)}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "Input should be a valid number"
    return None if rule[0] <= value <= rule[1] else f"Input should be from {rule[0]} to {rule[1]}"


def _size_misfit(value: Any) -> str | None:
    if isinstance(value, str):
        return None if value in SIZES else f"Input should be {listed(SIZES)}"
    if not isinstance(value, dict) or set(value) != {"width", "height"}:
        return "Input should be a valid ImageSize"
    sides = list(value.values())
    if any(isinstance(s, bool) or not isinstance(s, int) or not 0 < s <= 14142 for s in sides):
        return "Input should be greater than 0 and less than or equal to 14142"
    return None


def _is_picture(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return value.startswith(("http://", "https://")) or bool(type_of(_bytes_in(value)))


def _bytes_in(url: str) -> bytes:
    """What a data: URL holds; nothing of any other."""
    try:
        return base64.b64decode(url.partition(";base64,")[2], validate=True)
    except binascii.Error:
        return b""


def invalid_field(field: str, message: str, kind: str) -> Answer:
    error = {"loc": ["body", field], "msg": message, "type": kind, "ctx": {}}
    headers = {"X-Fal-Retryable": "false"}
    return reply({"detail": [error]}, status=422, headers=headers)
