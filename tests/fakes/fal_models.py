"""The models of the fake fal, the check of their inputs, and the sizes they draw."""

from typing import Any

from fakes.message import Answer, reply
from fakes.service import listed, refuse

SIZES = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}


_NANO_RATIOS = {
    "1:1": (1024, 1024), "16:9": (1376, 768), "9:16": (768, 1376), "4:3": (1200, 896),
    "3:4": (896, 1200), "3:2": (1264, 848), "2:3": (848, 1264), "21:9": (1584, 672),
    "5:4": (1152, 928), "4:5": (928, 1152),
}  # fmt: skip


_COMMON: dict[str, Any] = {
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


MODELS: dict[str, dict[str, Any]] = {
    "fal-ai/flux/schnell": {**_COMMON, "num_inference_steps": (1, 12)},
    "fal-ai/flux/dev": _COMMON,
    "fal-ai/flux/dev/image-to-image": {**_COMMON, "image_url": "image", "strength": (0.01, 1)},
    "fal-ai/fast-sdxl": {**_COMMON, "negative_prompt": str},
    "google/nano-banana-2.1": {
        "prompt": str,
        "num_images": (1, 4),
        "aspect_ratio": tuple(_NANO_RATIOS),
        "output_format": ("jpeg", "png", "webp"),
        "resolution": ("1K", "2K", "4K"),
        "seed": (0, 2**32 - 1),
        "sync_mode": bool,
    },
    "google/nano-banana-2.1/edit": {
        "prompt": str,
        "image_urls": "images",
        "num_images": (1, 4),
        "aspect_ratio": tuple(_NANO_RATIOS),
        "output_format": ("jpeg", "png", "webp"),
        "resolution": ("1K", "2K", "4K"),
        "seed": (0, 2**32 - 1),
        "sync_mode": bool,
    },
}


def pixels_of(body: dict[str, Any]) -> tuple[int, int]:
    if "aspect_ratio" in body or "resolution" in body:
        width, height = _NANO_RATIOS[body.get("aspect_ratio", "1:1")]
        scale = {"2K": 2, "4K": 4}.get(body.get("resolution", "1K"), 1)
        return width * scale, height * scale
    size = body.get("image_size", "landscape_4_3")
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
    return isinstance(value, str) and value.startswith(("data:image/", "http://", "https://"))


def invalid_field(field: str, message: str, kind: str) -> Answer:
    error = {"loc": ["body", field], "msg": message, "type": kind, "ctx": {}}
    headers = {"X-Fal-Retryable": "false"}
    return reply({"detail": [error]}, status=422, headers=headers)
