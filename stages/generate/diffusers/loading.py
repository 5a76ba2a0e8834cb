"""Loading a model: its Source and Placement go in, a Loaded pipeline comes out; no network."""

import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from imagine.stages.errors import LocalBackendError, MissingPackageError, quoted_path, shown
from imagine.stages.generate.diffusers.device import Placement
from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.diffusers.single_file import load_single_file
from imagine.stages.generate.diffusers.source import Source
from imagine.stages.generate.diffusers.tiny_vae import TinyVae
from imagine.stages.generate.diffusers.ways import text_to_image
from imagine.stages.generate.local.families import ModelFamily
from imagine.stages.generate.local.options import LocalOptions
from imagine.stages.torch_device import torch_and_device, torch_reason

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
    MemoryError,
)
MODULES = ("diffusers", "transformers", "safetensors", "accelerate")


class OutOfMemoryError(LocalBackendError):
    """Memory ran out while drawing; what was taken for it is free again."""


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
    tiny_vae: TinyVae | None = None,
    tell: Callable[[str], None],
) -> Loaded:
    """The pipeline, ready to draw.

    Args:
        tiny_vae: a small decoder, which takes the place of the model's own.
        tell: takes a sentence that the user should read.

    Raises:
        LocalBackendError: it cannot be loaded, or does not fit.
    """
    dtype = getattr(torch, place.dtype)
    try:
        with _quiet():
            pipeline = _pipeline(source, dtype)
            _refuse_missing(pipeline, source, torch)
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
    elif options.offload in ("model", "sequential"):
        tell(
            f"The setting IMAGINE_OFFLOAD={options.offload} is of no use without a graphics card "
            "of CUDA, and was passed over."
        )
    return Loaded(
        pipeline=pipeline,
        family=_completed(source.family, pipeline),
        name=source.name,
        path=source.path,
        device=place.device,
        dtype=place.dtype,
        offloaded=place.offload != "none",
        sequential=place.offload == "sequential",
        vae="" if tiny_vae is None else tiny_vae.recorded(),
        notes=source.notes,
    )


def package_of_model(module: str, model: str) -> MissingPackageError:
    """A package is missing that this model needs, and others do not; by what is imported of it."""
    name = module.removeprefix("google.")
    return MissingPackageError(
        f"The model '{shown(model)}' needs the Python package '{name}', which is not installed; "
        f"pip install {name}."
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
    # Not AutoPipelineForText2Image, which imports every pipeline that there is.
    name = text_to_image(source.described.pipeline)
    _refuse_stand_ins(source, name)
    kind: Any = getattr(diffusers, name, None)
    if not hasattr(kind, "from_pretrained"):
        raise AttributeError(f"this diffusers has no {name}")
    return kind.from_pretrained(str(source.path), **arguments)


def _refuse_stand_ins(source: Source, pipeline: str) -> None:
    """Where a class needs a package that is missing, both libraries have another of its name.

    Some of these fail in words that tell nobody what to do.
    """
    import diffusers
    import transformers

    libraries: dict[str, Any] = {"diffusers": diffusers, "transformers": transformers}
    values = source.described.index.values()
    entries = [value for value in values if isinstance(value, list) and len(value) == 2]
    for library, kind in [("diffusers", pipeline), *entries]:
        found: Any = getattr(libraries.get(library), str(kind), None)
        if type(found).__name__ == "DummyObject":
            missing = [name for name in found._backends if find_spec(name) is None]
            raise package_of_model(missing[0] if missing else str(kind), source.name)


def _refuse_missing(pipeline: Any, source: Source, torch: Any) -> None:
    """What was not in the files stays without numbers."""
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            missing = [name for name, values in part.named_parameters() if values.is_meta]
            if missing:
                raise LocalBackendError(
                    f"The model {quoted_path(source.path)} lacks the weights '{missing[0]}'; "
                    "download it again."
                )


def dtype_argument() -> str:
    """What from_pretrained calls the type of the weights: older releases call it "torch_dtype"."""
    from diffusers.pipelines import pipeline_utils

    return "dtype" if hasattr(pipeline_utils, "_resolve_dtype") else "torch_dtype"


def _take_tiny_vae(pipeline: Any, tiny_vae: TinyVae, dtype: Any) -> None:
    from diffusers import AutoencoderTiny

    have, own = tiny_vae.channels, getattr(pipeline, "vae", None)
    need = getattr(own, "config", {}).get("latent_channels")
    # FLUX.2's pipelines read from their decoder how its latents were normed, which no other has.
    if hasattr(own, "bn"):
        need = None
    if have != need:
        raise LocalBackendError(
            f"The tiny VAE {quoted_path(tiny_vae.path)} reads latents of {have} channels, and "
            f"those of the model have {need or 'another form'}; unset IMAGINE_TINY_VAE, or name "
            "one for this model."
        )
    try:
        pipeline.vae = AutoencoderTiny.from_pretrained(
            str(tiny_vae.path),
            local_files_only=True,
            use_safetensors=True,
            **{dtype_argument(): dtype},
        )
    except LOADING_ERRORS as error:
        raise LocalBackendError(
            f"The tiny VAE {quoted_path(tiny_vae.path)} cannot be loaded: {torch_reason(error)}; "
            "download it again, or unset IMAGINE_TINY_VAE."
        ) from error


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
        guidance_scale=float(guidance) if isinstance(guidance, int | float) else -1.0,
    )
