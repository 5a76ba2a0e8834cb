"""A folder with a pipeline that draws: its place in; a Source, or why it cannot be used, out."""

from pathlib import Path
from typing import Any

from imagine.stages.errors import LocalBackendError, quoted_path, shown, unreadable
from imagine.stages.generate.diffusers.parts import (
    check_class,
    check_parts,
    has_weights,
    packages_for,
    read_json,
)
from imagine.stages.generate.diffusers.pipeline_folder import (
    PICKLES,
    descriptions_of,
    parts_of,
    read_index,
    weights_in,
)
from imagine.stages.generate.diffusers.source import Source, cell_of
from imagine.stages.generate.diffusers.ways import is_usable
from imagine.stages.generate.local import INDEX
from imagine.stages.generate.local.families import (
    Described,
    ModelFamily,
    family_of,
    name_of_files,
    unknown_family,
)
from imagine.stages.generate.local.shelf import Place

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
    _refuse_converted(folder)
    check_class(folder, pipeline)
    kinds = parts_of(folder, index)
    opened = {name: weights_in(folder / name) for name, kind in kinds.items() if has_weights(kind)}
    check_parts(folder, pipeline, index, kinds)
    described = describe(folder, index, pipeline, name=name_of_files(folder))
    family, notes = asked_as(described)
    return Source(
        name=place.name,
        path=folder,
        described=described,
        family=family,
        parts={name: files for name, (_, files) in opened.items()},
        variant=next((variant for variant, _ in opened.values() if variant), None),
        index=descriptions_of(folder),
        notes=notes,
        packages=packages_for(folder, kinds),
    )


def asked_as(described: Described) -> tuple[ModelFamily, tuple[str, ...]]:
    """A model's family, and what the user should know of it where that is in no table."""
    family = family_of(described)
    if family is not None:
        return family, ()
    note = (
        f"The pipeline {shown(described.pipeline)} is none that imagine knows; it is asked as its "
        "own defaults say."
    )
    return unknown_family(described), (note,)


def describe(folder: Path, index: dict[str, Any], pipeline: str, *, name: str) -> Described:
    """What the descriptions of a folder's parts say of the model."""
    denoiser = next((part for part in _DENOISERS if part in index), "")
    vae = read_json(folder / "vae" / "config.json")
    return Described(
        pipeline=pipeline,
        name=name,
        index=index,
        scheduler=read_json(folder / "scheduler" / "scheduler_config.json"),
        denoiser=read_json(folder / denoiser / "config.json"),
        cell=cell_of(vae),
        # Other pipelines do not ask it.
        upcast=("XL" in pipeline or "Kolors" in pipeline) and bool(vae.get("force_upcast", True)),
    )


def own_pipeline(folder: Path, index: dict[str, Any]) -> str:
    """The class of a pipeline, when it is one of diffusers' that draws.

    Raises:
        LocalBackendError: it is a program of the folder's, an upscaler, or draws nothing without a
            picture that leads it.
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
    if not is_usable(pipeline) or index.get("requires_aesthetics_score") is True:
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} holds a model of {shown(pipeline)} that changes "
            "pictures and draws none from words alone; choose another model."
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
        kind = str(read_json(folder / "config.json").get("_class_name", ""))
        adapters = list(folder.glob("*lora*.safetensors")) or (
            (folder / "adapter_config.json").exists()
        )
        files = list(folder.glob("*.safetensors"))
        pickled = any(file for pattern in PICKLES for file in folder.glob(pattern))
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
    if not files and pickled:
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} has a model as a pickle only, which can run "
            "programs; get its .safetensors file."
        )
    if len(files) == 1 and not kind:
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} has no {INDEX}, and '{shown(files[0].name)}' in "
            "it is a file of weights; name that one."
        )
    if kind.startswith("Autoencoder"):
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} holds an autoencoder only; name the folder of a "
            "model, and this one as IMAGINE_TINY_VAE where it is a tiny one."
        )


def _refuse_converted(folder: Path) -> None:
    if any(folder.glob("*/openvino_model.xml")):
        raise LocalBackendError(
            f"The folder {quoted_path(folder)} was converted for OpenVINO; use it with -b openvino."
        )
