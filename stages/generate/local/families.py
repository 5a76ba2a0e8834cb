"""Families of models: the class of a pipeline goes in; how it is asked, at what size, comes out.

They are data: families.toml, beside this file.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from imagine.stages.render import Profile
from imagine.stages.sizes import FreeSizes

# Smaller ones than that are no pictures to any model, but to those that were made for such sizes.
MIN_SIDE = 64
# Where a name says its steps; the first that is found counts, for Hyper-SD15 has 8 of them.
_STEPS = (
    re.compile(r"(?<!\d)(\d{1,2})[-_ ]?steps?(?![a-z])", re.I),
    re.compile(r"hyper-?sd[-_ ]?(\d)(?!\d)", re.I),
)


@dataclass(frozen=True, slots=True)
class ModelFamily:
    """What models of one architecture have in common.

    Attributes:
        name: "sdxl".
        title: as people call it: "Stable Diffusion XL".
        profile: how its prompt is rendered.
        num_inference_steps, guidance_scale: what it draws well with where nobody says otherwise.
        max_guidance: guidance beyond it spoils the picture, or is not read at all (0); None where
            there is no such limit.
        negative_prompt: whether it reads one.
        side: pixels of the square that it draws best.
        multiple: sides are multiples of it.
        max_side: pixels; longer ones repeat the subject, or take all memory.
        max_pixels: of the whole picture; 0 for the square of the longest side.
        dtype: of its weights on a graphics card: "bfloat16" or "float16".
        guidance_argument: what the pipeline calls the guidance.
        guided_above: the denoiser runs a second time, without the prompt or with the negative one,
            for guidance above it; None for models that never do.
        empty_negative: what stands for no negative prompt where it is guided.
        loras: whether diffusers reads LoRAs for it.
        scheduler: who leads it where nothing else says, by its name in schedulers.toml; "" for
            whoever its architecture is published with.
        arguments: of the pipeline's call, the same for every picture.
    """

    name: str
    title: str
    profile: Profile
    num_inference_steps: int
    guidance_scale: float
    negative_prompt: bool
    side: int
    multiple: int = 16
    max_side: int = 2048
    max_pixels: int = 0
    dtype: str = "bfloat16"
    max_guidance: float | None = None
    guidance_argument: str = "guidance_scale"
    guided_above: float | None = 1.0
    empty_negative: str | None = None
    loras: bool = True
    scheduler: str = ""
    arguments: Mapping[str, bool | int | float | str] = field(default_factory=dict)

    def guided(self, guidance_scale: float) -> bool:
        """Whether the denoiser runs twice a step."""
        return self.guided_above is not None and guidance_scale > self.guided_above

    @property
    def sizes(self) -> FreeSizes:
        """Which sizes its models draw."""
        return FreeSizes(
            min_side=-(-min(MIN_SIDE, self.side // 4) // self.multiple) * self.multiple,
            max_side=self.max_side,
            max_pixels=self.max_pixels or self.max_side**2,
            step=self.multiple,
            native=self.side**2,
        )


@dataclass(frozen=True, slots=True)
class Described:
    """What a model's files say of it.

    Attributes:
        pipeline: the class in its model_index.json.
        name: that its makers gave it, as far as its files keep that (see `name_of_files`).
        index: model_index.json.
        scheduler: the scheduler's configuration, with "_class_name".
        denoiser: config.json of its UNet or transformer.
        cell: pixels of a side of a latent cell; 0 where nobody says.
        upcast: its autoencoder decodes in float32, whatever its weights are in.
    """

    pipeline: str
    name: str = ""
    index: Mapping[str, Any] = field(default_factory=dict)
    scheduler: Mapping[str, Any] = field(default_factory=dict)
    denoiser: Mapping[str, Any] = field(default_factory=dict)
    cell: int = 0
    upcast: bool = False


def name_of_files(path: Path) -> str:
    """What a model's folder or file is called, with its id where it lies in the hub's cache.

    The name in `imagine models` is the user's, and says nothing of the model.
    """
    of_hub = (each.name.removeprefix("models--") for each in path.parents if _is_of_hub(each))
    return "/".join([*next(of_hub, "").split("--"), path.name]).lstrip("/")


def _is_of_hub(folder: Path) -> bool:
    return folder.name.startswith("models--")


def family_of(described: Described) -> ModelFamily | None:
    """The family of a model, as this model of it is asked; None where the pipeline is unknown."""
    found = [
        name
        for name, table in _tables().items()
        if described.pipeline in table["pipelines"] and _agrees(described.denoiser, table)
    ]
    if not found:
        return None
    # The one that says more of it counts.
    name = max(found, key=lambda name: "when" in _tables()[name])
    table = _tables()[name]
    variants: list[dict[str, Any]] = table.get("variants", [])
    variant = next((own for own in variants if _is(own, described)), {})
    family = _family(name, table | variant)
    if steps := _steps_in(described.name) if variant.get("words") else None:
        family = replace(family, num_inference_steps=steps)
    fixed = "side" in variant or table.get("fixed_side", False)
    return _at_its_size(family, described, fixed=fixed)


def unknown_family(described: Described) -> ModelFamily:
    """What is taken for granted of a pipeline that is in no table; its own defaults count.

    `num_inference_steps` is 0, and the guidance negative: the pipeline's own are to be filled in.
    """
    family = ModelFamily(
        name="other",
        title=described.pipeline,
        profile="natural",
        num_inference_steps=0,
        guidance_scale=-1.0,
        negative_prompt=False,
        side=1024,
        loras=False,
    )
    return _at_its_size(family, described, fixed=False)


@cache
def _tables() -> dict[str, dict[str, Any]]:
    source = files("imagine.stages.generate.local").joinpath("families.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def _family(name: str, table: Mapping[str, Any]) -> ModelFamily:
    known = {each.name for each in fields(ModelFamily)}
    values = {key: value for key, value in table.items() if key in known}
    # TOML has no word for nothing.
    if values.get("guided_above") is False:
        values["guided_above"] = None
    return ModelFamily(name=name, **values)


def _agrees(description: Mapping[str, Any], table: Mapping[str, Any], key: str = "when") -> bool:
    """Whether a description has all values that the table asks for; lists are empty by default."""
    return all(
        description.get(name, [] if value == [] else None) == value
        for name, value in table.get(key, {}).items()
    )


def _is(variant: Mapping[str, Any], described: Described) -> bool:
    """Whether the model is this variant; see families.toml."""
    scheduler = described.scheduler
    return (
        described.pipeline in variant.get("pipelines", ())
        or scheduler.get("_class_name") in variant.get("schedulers", ())
        or ("led" in variant and _agrees(scheduler, variant, "led"))
        or (variant.get("trailing", False) and _is_trailing(scheduler))
        or ("when" in variant and _agrees(described.denoiser, variant))
        or ("index" in variant and _agrees(described.index, variant, "index"))
        or any(re.search(word, described.name, re.I) for word in variant.get("words", ()))
    )


def _is_trailing(scheduler: Mapping[str, Any]) -> bool:
    """How adversarially distilled models are led: from pure noise on, in a few steps of Euler's.

    Models that were trained to zero terminal SNR are led so too, with many steps.
    """
    return (
        str(scheduler.get("_class_name", "")).startswith("Euler")
        and scheduler.get("timestep_spacing") == "trailing"
        and scheduler.get("prediction_type", "epsilon") == "epsilon"
        and not scheduler.get("rescale_betas_zero_snr")
    )


def _steps_in(name: str) -> int | None:
    """4 of "SDXL-Lightning_4step" and 8 of "Hyper-SD-8"; None where it says no number."""
    found = next((found for said in _STEPS if (found := said.search(name))), None)
    return int(found[1]) if found else None


def _at_its_size(family: ModelFamily, described: Described, *, fixed: bool) -> ModelFamily:
    """The family at the size that the denoiser was made for, where its configuration says so."""
    cells = described.denoiser.get("sample_size")
    if fixed or type(cells) is not int or not described.cell:
        return family
    side = max(cells * described.cell // family.multiple * family.multiple, family.multiple)
    return replace(family, side=side, max_side=max(family.max_side, side))
