"""What models on Replicate read: a name, or the schema that Replicate publishes, goes in; a Family
comes out.

Sources: the models' API pages on replicate.com (inputs and ranges as of 2025 and 2026), and for
the inputs of FLUX.1 their published predictors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from imagine.stages.errors import ProviderError, UsageError, shown
from imagine.stages.generate.family import Family
from imagine.stages.generate.parameters import PARAMETERS, Option, without
from imagine.stages.image import ImageRequest
from imagine.stages.network.json_values import items, text
from imagine.stages.sizes import MEGAPIXEL, RATIO_TOLERANCE, FreeSizes, ListedSizes, listed

_FLUX_SIZES = ListedSizes(MEGAPIXEL)
_FLUX = PARAMETERS["replicate/flux"]
# Their quick mode draws something else each time, whatever the seed.
_FLUX_FIXED = {"input.num_outputs": 1, "input.output_format": "png", "input.go_fast": False}
KNOWN: dict[str, Family] = {
    "black-forest-labs/flux-schnell": Family(
        without(_FLUX, "guidance_scale", "images", "strength"),
        _FLUX_SIZES,
        limits={"num_inference_steps": (1, 4)},
        fixed=_FLUX_FIXED,
    ),
    "black-forest-labs/flux-dev": Family(
        _FLUX,
        _FLUX_SIZES,
        limits={"num_inference_steps": (1, 50), "guidance_scale": (0, 10), "strength": (0, 1)},
        fixed=_FLUX_FIXED,
        max_images=1,
    ),
    "black-forest-labs/flux-1.1-pro": Family(
        without(_FLUX, "num_inference_steps", "guidance_scale", "images", "strength"),
        _FLUX_SIZES,
        # Its own rewriting of the prompt: the words that go out are to be the ones that count.
        fixed={"input.prompt_upsampling": False, "input.output_format": "png"},
    ),
    "stability-ai/sdxl": Family(
        PARAMETERS["replicate/sdxl"],
        FreeSizes(min_side=256, max_side=1536, max_pixels=1536 * 1536, step=8),
        limits={"num_inference_steps": (1, 500), "guidance_scale": (1, 50), "strength": (0, 1)},
        fixed={"input.num_outputs": 1},
        profile="clip75",
        max_images=1,
    ),
    "stability-ai/stable-diffusion-3.5-large": Family(
        PARAMETERS["replicate/sd3"],
        listed("1:1", "16:9", "9:16", "3:2", "2:3", "5:4", "4:5", "21:9", "9:21"),
        limits={"guidance_scale": (1, 10), "strength": (0, 1)},
        fixed={"input.output_format": "png"},
        max_images=1,
    ),
}
# Known models that are not Replicate's own: they run by version only.
COMMUNITY = frozenset({"stability-ai/sdxl"})
# Until its schema has been read, every option may be one of the model's; what it lacks is refused
# when the schema is there, before anything is paid. Exclusions stand in the prompt.
UNKNOWN = Family(
    without(PARAMETERS["replicate/sdxl"], "negative_prompt"), _FLUX_SIZES, max_images=10
)

# What authors of models call our options, the usual name first.
_NAMES: tuple[tuple[Option, tuple[str, ...]], ...] = (
    ("num_inference_steps", ("num_inference_steps", "steps", "num_steps")),
    ("guidance_scale", ("guidance_scale", "guidance", "cfg_scale", "cfg")),
    ("seed", ("seed",)),
    ("images", ("image", "input_image", "init_image", "image_input", "input_images", "images")),
    ("strength", ("prompt_strength", "strength", "denoising_strength")),
)
# Inputs that are set where a model has them and allows the value.
_FIXED: tuple[tuple[str, Any], ...] = (
    ("num_outputs", 1),
    ("number_of_images", 1),
    ("output_format", "png"),
    ("go_fast", False),
    ("prompt_upsampling", False),
)


@dataclass(frozen=True, slots=True)
class Schema:
    """The inputs of one model, as Replicate publishes them.

    Attributes:
        family: what it reads of ours.
        inputs: every input's own schema, by name, references resolved.
        required: inputs that must be given.
        version: the newest version of the model, "" where it is not told.
        official: whether it is run by its name, without a version.
    """

    family: Family
    inputs: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    version: str
    official: bool

    def check(self, request: ImageRequest, *, who: str) -> None:
        """Refuse a request that the model would answer with something else.

        Raises:
            UsageError: naming the option.
        """
        row = self.family.row
        given = {
            "--steps": ("num_inference_steps", request.num_inference_steps is not None),
            "--guidance": ("guidance_scale", request.guidance_scale is not None),
            "--strength": ("strength", request.strength is not None),
            "--image": ("images", bool(request.images)),
        }
        for flag, (option, there) in given.items():
            if there and option not in row:
                raise UsageError(f"{shown(who)} does not read {flag}; leave it out.")
        if len(request.images) > self.family.max_images:
            raise UsageError(
                f"{len(request.images)} reference pictures are too many: {shown(who)} takes one."
            )
        places = {*row.values(), *self.family.fixed}
        filled = {place.removeprefix("input.") for place in places} | set(self.size(request))
        if not request.images and "images" in row:
            filled.discard(row["images"].removeprefix("input."))
        for name in self.required:
            if name not in filled:
                needs = "a picture (--image)" if "image" in name else f"'{shown(name)}'"
                raise UsageError(
                    f"{shown(who)} needs {needs}, which was not given; choose another --model "
                    "if you have none."
                )

    def size(self, request: ImageRequest) -> dict[str, Any]:
        """The inputs that say which size is wanted: pixels, or the nearest ratio.

        Raises:
            UsageError: no ratio of the model's is near.
        """
        ratios = [text(ratio) for ratio in items(self.inputs.get("aspect_ratio", {}).get("enum"))]
        if {"width", "height"} <= set(self.inputs) and (not ratios or "custom" in ratios):
            custom = {"aspect_ratio": "custom"} if ratios else {}
            return {**custom, "width": request.width, "height": request.height}
        shapes = [ratio for ratio in ratios if _shape(ratio)]
        if not shapes:
            return {}
        wanted = request.width / request.height
        near = min(shapes, key=lambda ratio: abs(_shape(ratio) / wanted - 1))
        # The sizes that were chosen from are rounded, as those of the model are.
        if abs(_shape(near) / wanted - 1) > 2 * RATIO_TOLERANCE:
            raise UsageError(
                f"{request.width}x{request.height} is none of the model's shapes, which are "
                f"{shown(', '.join(shapes), limit=200)}; choose one of these (--ar)."
            )
        return {"aspect_ratio": near}


def family_of(model: str) -> Family | None:
    """What a model that is known here reads, by its name without version."""
    return KNOWN.get(model)


def read_schema(answer: Mapping[str, Any], *, model: str) -> Schema:
    """The Schema in what Replicate tells of a model, or of one version of it.

    Raises:
        UsageError: the model draws no picture from a prompt.
        ProviderError: no schema is there.
    """
    newest = answer.get("latest_version")
    version = newest if isinstance(newest, dict) else answer
    inputs, required = _inputs(version.get("openapi_schema"))
    if not inputs:
        raise ProviderError(
            f"Replicate tells no inputs of {shown(model)}; choose another model, or name a "
            "version of it (owner/name:version)."
        )
    if "prompt" not in inputs:
        raise UsageError(
            f"{shown(model)} draws no picture from a prompt: its inputs are "
            f"{shown(', '.join(inputs), limit=200)}; choose another --model."
        )
    return Schema(
        family=_family(inputs),
        inputs=inputs,
        required=tuple(name for name in required if name != "prompt"),
        version=version_id if isinstance(version_id := version.get("id"), str) else "",
        official=answer.get("is_official") is True,
    )


def _family(inputs: Mapping[str, Mapping[str, Any]]) -> Family:
    row: dict[Option, str] = {"prompt": "input.prompt"}
    limits: dict[Option, tuple[float, float]] = {}
    for option, names in _NAMES:
        name = next((name for name in names if name in inputs), None)
        if name is None:
            continue
        row[option] = f"input.{name}"
        low, high = inputs[name].get("minimum"), inputs[name].get("maximum")
        if isinstance(low, int | float) and isinstance(high, int | float):
            limits[option] = low, high
    if "images" not in row:
        row.pop("strength", None)
    fixed = {
        f"input.{name}": value
        for name, value in _FIXED
        if name in inputs and value in (items(inputs[name].get("enum")) or [value])
    }
    several = "images" in row and _is_list(inputs[row["images"].removeprefix("input.")])
    return replace(UNKNOWN, row=row, limits=limits, fixed=fixed, max_images=10 if several else 1)


def _inputs(schema: Any) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Every input's schema by name, and the names of those that are required."""
    match schema:
        case {"components": {"schemas": dict() as schemas}}:
            given = schemas.get("Input")
        case _:
            return {}, []
    match given:
        case {"properties": dict() as inputs, **more}:
            required = more.get("required")
            resolved = {name: _resolved(own, schemas) for name, own in inputs.items()}
            return resolved, list(required) if isinstance(required, list) else []
    return {}, []


def _resolved(given: Any, others: Mapping[str, Any]) -> dict[str, Any]:
    """One input's schema; a choice stands elsewhere: {"allOf": [{"$ref": ".../aspect_ratio"}]}."""
    own = given if isinstance(given, dict) else {}
    parts = own.get("allOf")
    for part in [own, *(parts if isinstance(parts, list) else [])]:
        name = str(part.get("$ref", "") if isinstance(part, dict) else "").rpartition("/")[2]
        if isinstance(other := others.get(name), dict):
            own = {**other, **own}
    return own


def _is_list(given: Mapping[str, Any]) -> bool:
    return given.get("type") == "array"


def _shape(ratio: str) -> float:
    """Width by height of "16:9"; 0 for what is no ratio, as "match_input_image"."""
    wide, _, high = ratio.partition(":")
    return int(wide) / int(high) if wide.isdigit() and high.isdigit() and int(high) else 0.0
