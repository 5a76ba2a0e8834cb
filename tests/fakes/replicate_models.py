"""The models of the fake Replicate: what is told of them, and the check of their inputs."""

from dataclasses import dataclass
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


_SD3: dict[str, Any] = {
    "prompt": str,
    "negative_prompt": str,
    "aspect_ratio": tuple(RATIOS),
    "cfg": (1, 10),
    "image": str,
    "prompt_strength": (0, 1),
    "seed": (0, 2**32 - 1),
    "output_format": _FORMATS,
    "output_quality": (0, 100),
}
_PRO: dict[str, Any] = {
    "prompt": str,
    "image_prompt": str,
    "aspect_ratio": ("custom", *RATIOS),
    "width": (256, 1440),
    "height": (256, 1440),
    "safety_tolerance": (1, 6),
    "seed": (0, 2**32 - 1),
    "prompt_upsampling": bool,
    "output_format": _FORMATS,
    "output_quality": (0, 100),
}
_SDXL: dict[str, Any] = {
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


@dataclass(frozen=True)
class Model:
    """One model.

    Attributes:
        inputs: the rule for each input.
        version: id of its latest version.
        official: run by its name; a community's model is run by its version alone.
        single: its output is one address instead of a list.
    """

    name: str
    inputs: dict[str, Any]
    version: str
    official: bool = True
    single: bool = False

    def to_dict(self) -> dict[str, Any]:
        """What the models API tells of it."""
        owner, _, name = self.name.partition("/")
        return {
            "url": f"https://replicate.com/{self.name}",
            "owner": owner,
            "name": name,
            "description": f"Draws with {name}.",
            "visibility": "public",
            "is_official": self.official,
            "github_url": None,
            "paper_url": None,
            "license_url": None,
            "run_count": 1234567,
            "cover_image_url": None,
            "default_example": None,
            "latest_version": self.version_to_dict(),
        }

    def version_to_dict(self) -> dict[str, Any]:
        """What the versions API tells of its only version."""
        address = {"type": "string", "format": "uri"}
        output = address if self.single else {"type": "array", "items": address}
        choices = {name: rule for name, rule in self.inputs.items() if _is_choice(rule)}
        schemas: dict[str, Any] = {
            "Input": {
                "type": "object",
                "title": "Input",
                "required": ["prompt"],
                "properties": {
                    name: {"x-order": number, **_schema_of(name, rule)}
                    for number, (name, rule) in enumerate(self.inputs.items())
                },
            },
            "Output": {"title": "Output", **output},
            **{
                name: {"type": "string", "title": name, "enum": list(rule)}
                for name, rule in choices.items()
            },
        }
        return {
            "id": self.version,
            "created_at": "2026-01-15T12:00:00.000000Z",
            "cog_version": "0.14.1",
            "openapi_schema": {"openapi": "3.0.2", "components": {"schemas": schemas}},
        }


_FRACTIONS = ("guidance", "guidance_scale", "cfg", "prompt_strength")


def _schema_of(name: str, rule: Any) -> dict[str, Any]:
    """An input in the model's schema; choices stand apart, as Cog writes them."""
    if _is_choice(rule):
        return {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}
    if isinstance(rule, type):
        kind = {str: "string", bool: "boolean"}[rule]
        return {"type": kind, "title": name, **({"format": "uri"} if "image" in name else {})}
    low, high = rule
    kind = "number" if name in _FRACTIONS else "integer"
    return {"type": kind, "title": name, "minimum": low, "maximum": high}


def _is_choice(rule: Any) -> bool:
    return isinstance(rule, tuple) and isinstance(rule[0], str)


_LISTED = (
    Model(
        "black-forest-labs/flux-schnell",
        {**_FLUX, "num_inference_steps": (1, 4)},
        "c846a69991daf4c0e5d016514849d14ee5b2e6846ce6b9d6f21369e564cfe51e",
    ),
    Model(
        "black-forest-labs/flux-dev",
        {
            **_FLUX,
            "num_inference_steps": (1, 50),
            "guidance": (0, 10),
            "image": str,
            "prompt_strength": (0, 1),
        },
        "6e4a938f85952bdabcc15aa329178c4d681c52bf25a0342403287dc26944661d",
    ),
    Model(
        "black-forest-labs/flux-1.1-pro",
        _PRO,
        "80a09d66baa990429c2f5ae8a4306bf778a1b3775afd01cc2cc8bdbe9033769c",
        single=True,
    ),
    Model(
        "stability-ai/stable-diffusion-3.5-large",
        _SD3,
        "2fdf9488b53c1e0fd3aef7b477def1c00d1856a38466733711f9c769942598f5",
        single=True,
    ),
    Model(
        "stability-ai/sdxl",
        _SDXL,
        "7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc",
        official=False,
    ),
)
MODELS = {model.name: model for model in _LISTED}
VERSIONS = {model.version: model for model in _LISTED}


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
