"""A model in one .safetensors file: its place in; a Source, and later its pipeline, out.

Such files hold weights alone. How the networks are built, and the tokenizers' vocabularies, come
from a folder beside: the one that the user named, one called like the file, or for Stable Diffusion
1 and XL one of our own, in assets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path, shown
from imagine.stages.generate.diffusers.folder import describe, own_pipeline
from imagine.stages.generate.diffusers.pipeline_folder import (
    INDEX,
    parts_of,
    read_index,
    weights_in,
)
from imagine.stages.generate.diffusers.source import Source
from imagine.stages.generate.local.families import family_of, unknown_family
from imagine.stages.generate.local.shelf import Place
from imagine.stages.upscale.weights import Weights, open_weights

PICKLED = (".ckpt", ".pt", ".pth", ".bin")
# What programs that train put before the names of the denoiser's weights.
DENOISER = "model.diffusion_model."
ASSETS = Path(__file__).parent / "assets"
# The whole file as a part.
FILE = "file"


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a file's names of weights tell.

    Attributes:
        name: as a sentence calls it.
        marks: weights that all such files have, without "model.diffusion_model.".
        without: and weights that none of them has.
        bundled: which of our own folders describes it; "" for none.
        hub: id of a model whose folder does; "" where nobody knows.
    """

    name: str
    marks: tuple[str, ...]
    without: tuple[str, ...] = ()
    bundled: str = ""
    hub: str = ""


# The first that fits counts.
ARCHITECTURES = (
    Architecture(
        "Stable Diffusion XL",
        ("input_blocks.0.0.weight", "label_emb.0.0.weight", "conditioner.embedders.1."),
        bundled="sdxl",
        hub="stabilityai/stable-diffusion-xl-base-1.0",
    ),
    Architecture(
        "Stable Diffusion 2",
        ("input_blocks.0.0.weight", "cond_stage_model.model."),
        hub="stabilityai/stable-diffusion-2-1",
    ),
    Architecture(
        "Stable Diffusion 1",
        ("input_blocks.0.0.weight", "cond_stage_model.transformer."),
        bundled="sd15",
        hub="stable-diffusion-v1-5/stable-diffusion-v1-5",
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


def source_of_file(place: Place) -> Source:
    """Check a file, of which the header is read.

    Raises:
        LocalBackendError: it holds no model that can be drawn with, is not whole, or needs a
            folder that is not there.
    """
    weights = _opened(place.path)
    _refuse_others(place.path, weights)
    config = place.config or _beside(place.path)
    bundled = _bundled(place, weights) if config is None else ""
    if bundled:
        return _source(place, weights, ASSETS / bundled, bundled=True)
    assert config is not None  # noqa: S101  # or it was refused
    return _source(place, weights, config, bundled=False)


def load_single_file(source: Source, dtype: Any) -> Any:
    """The pipeline of such a source.

    Raises:
        as diffusers does where the file and the folder do not agree.
    """
    import diffusers

    from imagine.stages.generate.diffusers.loading import dtype_argument

    kind = getattr(diffusers, source.described.pipeline)
    config = str(source.config)
    arguments = {"local_files_only": True, dtype_argument(): dtype}
    tensors = next(iter(source.parts[FILE].values())).tensors
    if not _is_whole(tensors):
        part = "transformer" if "transformer" in source.described.index else "unet"
        network = getattr(diffusers, source.described.index[part][1])
        denoiser = network.from_single_file(
            str(source.path), config=config, subfolder=part, **arguments
        )
        rest = {"use_safetensors": True, "variant": source.variant, part: denoiser}
        return kind.from_pretrained(config, **arguments, **rest)
    words = _tokenizers(source)
    pipeline = kind.from_single_file(str(source.path), config=config, **words, **arguments)
    if "v_pred" in tensors:
        # So files say that the network predicts velocities, and that it was trained to pure noise.
        pipeline.scheduler = type(pipeline.scheduler).from_config(
            pipeline.scheduler.config,
            prediction_type="v_prediction",
            rescale_betas_zero_snr="ztsnr" in tensors,
            timestep_spacing="trailing",
        )
    return pipeline


def _opened(path: Path) -> Weights:
    if path.suffix.lower() in PICKLED:
        raise LocalBackendError(
            f"The model {quoted_path(path)} is a pickle, which can run programs; get its "
            ".safetensors file."
        )
    if path.suffix.lower() == ".gguf":
        raise LocalBackendError(
            f"The model {quoted_path(path)} is a GGUF file; draw with it with -b sdcpp."
        )
    try:
        return open_weights(path)
    except UsageError as error:
        raise LocalBackendError(str(error)) from error


def _refuse_others(path: Path, weights: Weights) -> None:
    """Say what a file is that holds no model, where that can be told."""
    names = list(weights.tensors)
    if any(
        ".lora_down." in name or ".lora_A." in name or ".lora_up." in name or ".hada_w1" in name
        for name in names
    ):
        raise LocalBackendError(
            f"The file {quoted_path(path)} holds a LoRA, which changes a model and is none; name "
            "it with --lora, and a model with --model."
        )
    if any("control_model." in name or "input_hint_block." in name for name in names):
        raise LocalBackendError(
            f"The file {quoted_path(path)} holds a ControlNet, which leads a model and is none; "
            "name the file of a model."
        )
    if any(name.startswith(("body.0.rdb1.", "model.1.sub.0.RDB1.")) for name in names):
        raise LocalBackendError(
            f"The file {quoted_path(path)} holds an upscaler; use it as --upscaler FILE."
        )
    if all(name.startswith(("encoder.", "decoder.", "quant_conv", "post_quant")) for name in names):
        raise LocalBackendError(
            f"The file {quoted_path(path)} holds an autoencoder only; name the file of a model."
        )


def _beside(path: Path) -> Path | None:
    """A folder that is called like the file and describes a pipeline."""
    folder = path.with_suffix("")
    return folder if (folder / INDEX).is_file() else None


def _bundled(place: Place, weights: Weights) -> str:
    """Which of our own folders describes the file.

    Raises:
        LocalBackendError: none does, with the command that gets one.
    """
    found = next((each for each in ARCHITECTURES if _fits(each, weights.tensors)), None)
    if found is None:
        raise LocalBackendError(
            f"The weights in {quoted_path(place.path)} are of no architecture that imagine knows; "
            "name the folder that describes its pipeline, as "
            "`imagine models add FILE --config FOLDER`."
        )
    if found.bundled and _is_whole(weights.tensors) and not _is_for_masks(weights.tensors):
        return found.bundled
    raise LocalBackendError(
        f"The file {quoted_path(place.path)} holds {found.name} without what describes its "
        f"pipeline; run `imagine models download {found.hub}`, and then "
        f"`imagine models add FILE --config {found.hub}`."
    )


def _fits(architecture: Architecture, tensors: Mapping[str, Any]) -> bool:
    def has(mark: str) -> bool:
        if mark.endswith("."):
            return any(name.startswith((mark, DENOISER + mark)) for name in tensors)
        return mark in tensors or DENOISER + mark in tensors

    return all(map(has, architecture.marks)) and not any(map(has, architecture.without))


def _is_whole(tensors: Mapping[str, Any]) -> bool:
    """Whether the autoencoder is in the file too; where it is, the text encoders are."""
    return any(name.startswith(("first_stage_model.", "vae.")) for name in tensors)


def _is_for_masks(tensors: Mapping[str, Any]) -> bool:
    """Whether the network reads a picture and its mask beside the latents."""
    first = tensors.get(f"{DENOISER}input_blocks.0.0.weight")
    return first is not None and first.shape[1] != 4


def _source(place: Place, weights: Weights, config: Path, *, bundled: bool) -> Source:
    index = read_index(config)
    pipeline = own_pipeline(config, index)
    described = describe(config, index, pipeline, name=place.name)
    parts: dict[str, Mapping[Path, Weights]] = {FILE: {place.path: weights}}
    variant = None
    if not _is_whole(weights.tensors):
        denoisers = ("unet", "transformer")
        others = [
            part
            for part in parts_of(config, index)
            if part not in denoisers and (config / part / "config.json").exists()
        ]
        opened = {part: weights_in(config / part) for part in others}
        variant = next((variant for variant, _ in opened.values() if variant), None)
        parts |= {part: found for part, (_, found) in opened.items()}
    elif not bundled:
        parts_of(config, index)
    family = family_of(described)
    note = (
        f"The pipeline {shown(pipeline)} is none that imagine knows; it is asked as its own "
        "defaults say."
    )
    return Source(
        name=place.name,
        path=place.path,
        described=described,
        family=family or unknown_family(described),
        parts=parts,
        variant=variant,
        config=config,
        index=(config / INDEX).read_bytes(),
        notes=() if family else (note,),
    )


def _tokenizers(source: Source) -> dict[str, Any]:
    """CLIP's, for folders that have none of their own: ours."""
    from imagine.stages.generate.diffusers.clip_words import clip_tokenizer

    assert source.config is not None  # noqa: S101  # of every single file
    pads = {"tokenizer": "<|endoftext|>", "tokenizer_2": "!"}
    return {
        name: clip_tokenizer(pad)
        for name, pad in pads.items()
        if name in source.described.index and not (source.config / name).exists()
    }
