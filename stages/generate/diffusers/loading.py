"""Loading a model: its Source and Placement go in, a Loaded pipeline comes out; no network."""

import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from imagine.stages.errors import LocalBackendError, quoted_path, shown
from imagine.stages.generate.diffusers.device import Placement
from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.diffusers.single_file import load_single_file
from imagine.stages.generate.diffusers.source import Source
from imagine.stages.generate.local.families import ModelFamily
from imagine.stages.generate.local.options import LocalOptions
from imagine.stages.upscale.torch_device import torch_and_device, torch_reason

# What the libraries raise when files are not as they should be, each something else.
LOADING_ERRORS = (
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    AttributeError,
    ImportError,
    AssertionError,
)
MODULES = ("diffusers", "transformers", "safetensors", "accelerate")


def torch_for_drawing() -> Any:
    """torch, after everything that drawing needs has been imported.

    Raises:
        LocalBackendError: something is missing.
    """
    with _quiet():
        torch, _ = torch_and_device("The backend 'diffusers'", "diffusers", *MODULES)
        import diffusers
        import transformers

    # Both would draw progress bars, and tell of what concerns programmers, on stderr.
    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.disable_progress_bar()
        library.set_verbosity_error()
    return torch


@contextmanager
def _quiet() -> Iterator[None]:
    """Within it the libraries warn nobody: of packages that they could use, and of each other."""
    import logging

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def load(
    source: Source,
    place: Placement,
    options: LocalOptions,
    torch: Any,
    *,
    tiny_vae: Path | None = None,
    tell: Callable[[str], None],
) -> Loaded:
    """The pipeline, ready to draw.

    Args:
        tiny_vae: folder of a small decoder, which takes the place of the model's own.
        tell: takes a sentence that the user should read.

    Raises:
        LocalBackendError: it cannot be loaded, or does not fit.
    """
    dtype = getattr(torch, place.dtype)
    try:
        with _quiet():
            pipeline = _pipeline(source, dtype)
            if tiny_vae is not None:
                _take_tiny_vae(pipeline, tiny_vae, dtype)
            _place(pipeline, place, torch)
    except LOADING_ERRORS as error:
        if is_out_of_memory(error, torch):
            raise out_of_memory(source.name) from error
        raise LocalBackendError(
            f"The model {quoted_path(source.path)} cannot be loaded: {torch_reason(error)}; "
            "download it again, or install 'imagine-cli[diffusers]' anew if it is new."
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    if options.compile:
        _denoiser(pipeline).compile()
    if place.offload != "none":
        waiting = "its parts" if place.offload == "model" else "its layers"
        tell(f"The model does not fit on the graphics card as a whole: {waiting} take turns.")
    return Loaded(
        pipeline=pipeline,
        family=_completed(source.family, pipeline),
        name=source.name,
        path=source.path,
        device=place.device,
        dtype=place.dtype,
        offloaded=place.offload != "none",
        notes=source.notes,
    )


def is_out_of_memory(error: BaseException, torch: Any) -> bool:
    """Whether memory was short, of the card or of the machine."""
    text = str(error)
    return (
        isinstance(error, MemoryError | torch.cuda.OutOfMemoryError)
        or "not enough memory" in text
        or "can't allocate memory" in text
        or "MPS backend out of memory" in text
    )


def out_of_memory(name: str) -> LocalBackendError:
    return LocalBackendError(
        f"Memory ran out with '{shown(name)}'; ask for a smaller --size, set "
        "IMAGINE_OFFLOAD=sequential or IMAGINE_DTYPE=bfloat16, or use a smaller model."
    )


def _pipeline(source: Source, dtype: Any) -> Any:
    import diffusers

    if source.path.is_file():
        return load_single_file(source, dtype)
    arguments = {
        "local_files_only": True,
        "use_safetensors": True,
        "variant": source.variant,
        dtype_argument(): dtype,
    }
    kind: Any = getattr(diffusers, source.described.pipeline, None)
    if not hasattr(kind, "from_pretrained"):
        raise AttributeError(f"this diffusers has no {source.described.pipeline}")
    try:
        return diffusers.AutoPipelineForText2Image.from_pretrained(str(source.path), **arguments)
    except ValueError as error:
        # Of pipelines that draw from text, it does not know all.
        if "AutoPipeline" not in str(error):
            raise
    return kind.from_pretrained(str(source.path), **arguments)


def dtype_argument() -> str:
    """What from_pretrained calls the type of the weights: older releases call it "torch_dtype"."""
    from diffusers.pipelines import pipeline_utils

    return "dtype" if hasattr(pipeline_utils, "_resolve_dtype") else "torch_dtype"


def _take_tiny_vae(pipeline: Any, folder: Path, dtype: Any) -> None:
    from diffusers import AutoencoderTiny

    tiny = AutoencoderTiny.from_pretrained(
        str(folder), local_files_only=True, use_safetensors=True, **{dtype_argument(): dtype}
    )
    have, need = tiny.config.latent_channels, pipeline.vae.config.latent_channels
    if have != need:
        raise ValueError(f"the tiny VAE reads latents of {have} channels, the model has {need}")
    pipeline.vae = tiny


def _place(pipeline: Any, place: Placement, torch: Any) -> None:
    if place.offload == "model":
        pipeline.enable_model_cpu_offload(device=place.device)
    elif place.offload == "sequential":
        pipeline.enable_sequential_cpu_offload(device=place.device)
    else:
        pipeline.to(place.device)
    if place.kind == "cuda" and getattr(pipeline, "unet", None) is not None:
        # Convolutions on a card are faster so; on a processor nothing is gained.
        pipeline.unet.to(memory_format=torch.channels_last)
        pipeline.vae.to(memory_format=torch.channels_last)


def _denoiser(pipeline: Any) -> Any:
    return getattr(pipeline, "unet", None) or pipeline.transformer


def _completed(family: ModelFamily, pipeline: Any) -> ModelFamily:
    """The family of a pipeline that is in no table, with what its own call takes by default."""
    if family.num_inference_steps:
        return family
    parameters = inspect.signature(pipeline.__call__).parameters
    values = {name: parameter.default for name, parameter in parameters.items()}
    steps, guidance = values.get("num_inference_steps"), values.get("guidance_scale")
    return replace(
        family,
        num_inference_steps=steps if isinstance(steps, int) else 30,
        guidance_scale=float(guidance) if isinstance(guidance, int | float) else 0.0,
    )
