"""A folder with a pipeline that draws: its place in; a Source, or why it cannot be used, out."""

import json
from pathlib import Path
from typing import Any

from imagine.stages.errors import LocalBackendError, quoted_path, shown, unreadable
from imagine.stages.generate.diffusers.pipeline_folder import (
    INDEX,
    parts_of,
    read_index,
    weights_in,
)
from imagine.stages.generate.diffusers.source import Source, cell_of
from imagine.stages.generate.local.families import Described, family_of, unknown_family
from imagine.stages.generate.local.shelf import Place

# Parts without weights of their own, by words in the names of their classes.
_WEIGHTLESS = ("Tokenizer", "Scheduler", "Processor", "Extractor")
_DENOISERS = ("unet", "transformer", "prior_prior")
_UPSCALERS = ("StableDiffusionUpscalePipeline", "StableDiffusionLatentUpscalePipeline")


def source_in(place: Place) -> Source:
    """Check a folder, of which nothing is loaded.

    Raises:
        LocalBackendError: it is of no use here, incomplete, or has pickled weights.
    """
    folder = place.path
    _refuse_others(folder)
    index = read_index(folder)
    pipeline = own_pipeline(folder, index)
    kinds = parts_of(folder, index)
    weighed = [
        name for name, kind in kinds.items() if not any(word in kind for word in _WEIGHTLESS)
    ]
    _refuse_converted(folder, weighed)
    opened = {name: weights_in(folder / name) for name in weighed}
    described = describe(folder, index, pipeline, name=place.name)
    family = family_of(described)
    note = (
        f"The pipeline {shown(pipeline)} is none that imagine knows; it is asked as its own "
        "defaults say."
    )
    return Source(
        name=place.name,
        path=folder,
        described=described,
        family=family or unknown_family(described),
        parts={name: files for name, (_, files) in opened.items()},
        variant=next((variant for variant, _ in opened.values() if variant), None),
        index=(folder / INDEX).read_bytes(),
        notes=() if family else (note,),
    )


def describe(folder: Path, index: dict[str, Any], pipeline: str, *, name: str) -> Described:
    """What the descriptions of a folder's parts say of the model."""
    denoiser = next((part for part in _DENOISERS if part in index), "")
    return Described(
        pipeline=pipeline,
        name=name,
        index=index,
        scheduler=_json(folder / "scheduler" / "scheduler_config.json"),
        denoiser=_json(folder / denoiser / "config.json"),
        cell=cell_of(_json(folder / "vae" / "config.json")),
    )


def _json(path: Path) -> dict[str, Any]:
    """A part's description; {} where there is none.

    Raises:
        LocalBackendError: it cannot be read.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise LocalBackendError(
            f"The file {quoted_path(path)} cannot be read as JSON; download it again."
        ) from error
    return value if isinstance(value, dict) else {}


def own_pipeline(folder: Path, index: dict[str, Any]) -> str:
    """The class of a pipeline, when it is one of diffusers' that draws.

    Raises:
        LocalBackendError: it is a program of the folder's, or an upscaler.
    """
    pipeline = index.get("_class_name")
    if not isinstance(pipeline, str):
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} names '{shown(pipeline)}' as its pipeline, a "
            "program of its own, which is never run; use one of diffusers' own."
        )
    if pipeline in _UPSCALERS:
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} holds an upscaler; use it as "
            "--upscaler diffusers/FOLDER."
        )
    return pipeline


def _refuse_others(folder: Path) -> None:
    """Say what a folder is that is no pipeline, where that can be told."""
    if (folder / INDEX).exists():
        return
    if (folder.parent / INDEX).exists():
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} is one part of a pipeline; name the folder around "
            "it."
        )
    try:
        inside = sorted(path.parent for path in folder.glob(f"*/{INDEX}"))
        kind = str(_json(folder / "config.json").get("_class_name", ""))
        adapters = list(folder.glob("*lora*.safetensors")) or (
            (folder / "adapter_config.json").exists()
        )
    except OSError as error:
        raise LocalBackendError(unreadable(folder, error)) from error
    if len(inside) == 1:
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} has no {INDEX}, and '{shown(inside[0].name)}' in "
            "it does; name that one."
        )
    if adapters:
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} holds a LoRA, which changes a model and is none; "
            "name its .safetensors file with --lora, and a model with --model."
        )
    if "ControlNet" in kind:
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} holds a ControlNet, which leads a model and is "
            "none; name the folder of a model."
        )
    if kind.startswith("Autoencoder"):
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} holds an autoencoder only; name the folder of a "
            "model, and this one as IMAGINE_TINY_VAE where it is a tiny one."
        )


def _refuse_converted(folder: Path, weighed: list[str]) -> None:
    for part in weighed:
        if (folder / part / "openvino_model.xml").exists():
            raise LocalBackendError(
                f"The folder {quoted_path(folder)} was converted for OpenVINO; use it with "
                "-b openvino."
            )
