"""The models of the fake Replicate, and the check of their inputs."""

from typing import Any

from fakes.message import Answer, reply
from fakes.service import listed, refuse

RATIOS = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "21:9": (1536, 640),
    "3:2": (1216, 832),
    "2:3": (832, 1216),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "3:4": (896, 1152),
    "4:3": (1152, 896),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
}


_FORMATS = ("webp", "jpg", "png")


# Inputs of each model: a range, a tuple of choices, or a type.
_FLUX: dict[str, Any] = {
    "prompt": str,
    "aspect_ratio": tuple(RATIOS),
    "num_outputs": (1, 4),
    "seed": (0, 2**32 - 1),
    "output_format": _FORMATS,
    "output_quality": (0, 100),
    "disable_safety_checker": bool,
    "go_fast": bool,
    "megapixels": ("1", "0.25"),
}


MODELS: dict[str, dict[str, Any]] = {
    "black-forest-labs/flux-schnell": {**_FLUX, "num_inference_steps": (1, 4)},
    "black-forest-labs/flux-dev": {
        **_FLUX,
        "num_inference_steps": (1, 50),
        "guidance": (0, 10),
        "image": str,
        "prompt_strength": (0, 1),
    },
    "stability-ai/stable-diffusion-3.5-large": {
        "prompt": str,
        "aspect_ratio": tuple(RATIOS),
        "cfg": (1, 10),
        "image": str,
        "prompt_strength": (0, 1),
        "seed": (0, 2**32 - 1),
        "output_format": _FORMATS,
        "output_quality": (0, 100),
    },
}


# A community model, run by its version; it takes pixels and a negative prompt.
VERSION = "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"


SDXL: dict[str, Any] = {
    "prompt": str,
    "negative_prompt": str,
    "image": str,
    "width": (256, 2048),
    "height": (256, 2048),
    "num_outputs": (1, 4),
    "num_inference_steps": (1, 500),
    "guidance_scale": (1, 50),
    "prompt_strength": (0, 1),
    "seed": (0, 2**32 - 1),
    "scheduler": ("DDIM", "K_EULER", "K_EULER_ANCESTRAL"),
    "refine": str,
    "apply_watermark": bool,
}


def check_input(given: Any, inputs: dict[str, Any]) -> None:
    faults = []
    if not isinstance(given, dict):
        faults.append("- input: is required")
        given = {}
    elif "prompt" not in given:
        faults.append("- input: prompt is required")
    for name, value in given.items():
        if name not in inputs:
            faults.append(f"- input: Additional property {name} is not allowed")
        elif (why := _misfit(value, inputs[name])) is not None:
            faults.append(f"- input.{name}: {why}")
        elif name in ("width", "height") and value % 8:
            faults.append(f"- input.{name}: Must be a multiple of 8")
    if faults:
        raise refuse(problem(422, "Input validation failed", "\n".join(faults) + "\n"))


def _misfit(value: Any, rule: Any) -> str | None:
    """Why a value does not fit the rule, or None."""
    if isinstance(rule, type):
        return None if isinstance(value, rule) else f"Invalid type. Expected: {rule.__name__}"
    if isinstance(rule[0], str):
        return None if value in rule else f"must be one of the following: {listed(rule)}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "Invalid type. Expected: number"
    if not rule[0] <= value <= rule[1]:
        return f"Must be between {rule[0]} and {rule[1]}"
    return None


def problem(status: int, title: str, detail: str, **more: Any) -> Answer:
    body = {"detail": detail, "status": status, **({"title": title} if title else {})}
    return reply(body, status=status, type="application/problem+json", **more)
