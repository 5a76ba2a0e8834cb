"""A model in one .safetensors file: its place in; a Source, and later its pipeline, out.

Such files hold weights alone. How the networks are built, and the tokenizers' vocabularies, come
from a folder beside: the one that the user named, one called like the file, or for Stable Diffusion
1 and XL one of our own, in assets.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from imagine.stages.errors import LocalBackendError, UsageError, quoted_path
from imagine.stages.generate.diffusers.architectures import DENOISER, architecture_of
from imagine.stages.generate.diffusers.device import FILE
from imagine.stages.generate.diffusers.folder import asked_as, describe, own_pipeline
from imagine.stages.generate.diffusers.parts import check_class
from imagine.stages.generate.diffusers.pipeline_folder import (
    descriptions_of,
    parts_of,
    read_index,
    weights_in,
)
from imagine.stages.generate.diffusers.source import Source
from imagine.stages.generate.diffusers.ways import text_to_image
from imagine.stages.generate.local import INDEX
from imagine.stages.generate.local.families import name_of_files
from imagine.stages.generate.local.schedulers import scheduler_named
from imagine.stages.generate.local.shelf import Place
from imagine.stages.weights import Weights, open_weights

PICKLED = (".ckpt", ".pt", ".pth", ".bin")
ASSETS = Path(__file__).parent / "assets"


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

    kind = getattr(diffusers, text_to_image(source.described.pipeline))
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
        pipeline = kind.from_pretrained(config, **arguments, **rest)
    else:
        words = _tokenizers(source)
        pipeline = kind.from_single_file(str(source.path), config=config, **words, **arguments)
    pipeline.scheduler = _led(pipeline.scheduler, source, tensors)
    return pipeline


def _led(own: Any, source: Source, tensors: Mapping[str, Any]) -> Any:
    """The scheduler of a file, as far as the file says more of it than the folder does."""
    import diffusers

    kind, options = type(own), {}
    plain, _ = asked_as(replace(source.described, name=""))
    if source.family.scheduler not in ("", plain.scheduler):
        # By its name it was distilled, and the folder is of models that were not.
        named = scheduler_named(source.family.scheduler)
        kind, options = getattr(diffusers, str(named.diffusers)), dict(named.options)
    if "v_pred" in tensors:
        # So files say that the network predicts velocities, and that it was trained to pure noise.
        options |= {
            "prediction_type": "v_prediction",
            "rescale_betas_zero_snr": "ztsnr" in tensors,
            "timestep_spacing": "trailing",
        }
    return kind.from_config(own.config, **options) if options or kind is not type(own) else own


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
    found = architecture_of(weights.tensors)
    if found is None:
        raise LocalBackendError(
            f"The weights in {quoted_path(place.path)} are of no architecture that imagine knows; "
            "name the folder that describes its pipeline, as "
            "`imagine models add FILE --config FOLDER`."
        )
    if found.bundled and _is_whole(weights.tensors) and not _is_for_masks(weights.tensors):
        return found.bundled
    hub = (_is_for_masks(weights.tensors) and found.masks) or found.hub
    raise LocalBackendError(
        f"The file {quoted_path(place.path)} holds {found.name} without what describes its "
        f"pipeline; run `imagine models download {hub}`, and then "
        f"`imagine models add FILE --config {hub}`{found.others}."
    )


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
    check_class(config, pipeline)
    described = describe(config, index, pipeline, name=name_of_files(place.path))
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
    family, notes = asked_as(described)
    return Source(
        name=place.name,
        path=place.path,
        described=described,
        family=family,
        parts=parts,
        variant=variant,
        config=config,
        index=descriptions_of(config),
        notes=notes,
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
