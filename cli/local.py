"""Models on this machine: settings in; the shelf that finds them, and how they are run, out."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from imagine.cli.settings import Settings, cache_directory, config_directory
from imagine.stages.errors import LocalBackendError, shown
from imagine.stages.paths import is_there, spelt

if TYPE_CHECKING:
    from imagine.stages.generate.local.catalog import Kind
    from imagine.stages.generate.local.options import LocalOptions, Offload
    from imagine.stages.generate.local.shelf import Place, Shelf
    from imagine.stages.generate.sdcpp.companions import SdcppOptions
    from imagine.stages.recipe import BackendRecord

# Backends that draw here, with models that the user has.
LOCAL = ("diffusers", "openvino", "sdcpp")
# What each of them imports to draw, one of several.
ENGINES = {
    "diffusers": ("diffusers",),
    "openvino": ("openvino_genai",),
    "sdcpp": ("cyllama", "stable_diffusion_cpp"),
}
# What begins so is a path, whatever its end.
PATH_STARTS = ("/", "./", "../", "~", ".\\", "..\\")
MODEL_ENDINGS = (".safetensors", ".gguf")


def shelf_of(settings: Settings, again: "BackendRecord | None" = None) -> "Shelf":
    """Where the user's models are known.

    Args:
        again: what drew the picture that is drawn again.
    """
    from imagine.stages.generate.local.shelf import Shelf

    names: list[str] = []
    if again is not None:
        asked = str(again.parameters.get("model"))
        names = [again.model, asked, *(lora.name for lora in again.loras)]
    return Shelf(
        catalog=config_directory() / "models.toml",
        seen=cache_directory() / "models.json",
        hub=hub_directory(settings),
        recorded=frozenset(names),
    )


def hub_directory(settings: Settings) -> Path:
    """The directory of Hugging Face's cache, which other programs share."""
    if named := settings.text("hub_cache"):
        return spelt(named)
    if home := os.environ.get("HF_HOME"):
        return spelt(home) / "hub"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "huggingface" / "hub"


def options_of(settings: Settings, again: "BackendRecord | None" = None) -> "LocalOptions":
    """How models are run here.

    Args:
        again: what drew the picture that the same model draws again.
    """
    from imagine.stages.generate.local.options import LocalOptions, Recorded

    then = {} if again is None else again.parameters
    told = {name: str(then[name]) for name in ("device", "dtype", "vae") if then.get(name)}
    if told.get("dtype") not in ("bfloat16", "float16", "float32"):
        told["dtype"] = ""
    return LocalOptions(
        device=settings.text("device") or "auto",
        dtype=settings.text("dtype") or "auto",
        offload=cast("Offload", settings.text("offload") or "auto"),
        compile=settings.flag("compile"),
        batch_size=settings.whole("batch_size") or 0,
        tiny_vae=settings.text("tiny_vae") or "",
        recorded=Recorded(**told),
    )


def companions_of(settings: Settings) -> "SdcppOptions":
    """Files of a model's other parts, for stable-diffusion.cpp."""
    from imagine.stages.generate.sdcpp.companions import SdcppOptions

    return SdcppOptions(
        vae=settings.text("sdcpp_vae") or "",
        clip_l=settings.text("sdcpp_clip_l") or "",
        clip_g=settings.text("sdcpp_clip_g") or "",
        t5xxl=settings.text("sdcpp_t5xxl") or "",
        llm=settings.text("sdcpp_llm") or "",
    )


def kind_of(place: "Place", shelf: "Shelf") -> "Kind":
    """The backend that draws with a model: of several one that can be used here.

    Raises:
        LocalBackendError: it is no model.
        ConfigError: the catalog cannot be read.
    """
    from imagine.stages.generate.local.catalog import load_catalog
    from imagine.stages.generate.local.stock import kinds_of, stock_of

    entry = load_catalog(shelf.catalog).models.get(place.name)
    if entry is not None and entry.kind and entry.path == place.path:
        return entry.kind
    kinds = kinds_of(place.path)
    if not kinds:
        name = shown(place.name)
        raise LocalBackendError(
            stock_of(place).problem
            or f"'{name}' is a tiny VAE, which decodes for a model and draws nothing; set "
            f"IMAGINE_TINY_VAE={name}, and name a model with --model."
        )
    return next((kind for kind in kinds if any(map(find_spec, ENGINES[kind]))), kinds[0])


def is_path(model: str) -> bool:
    """Whether what a model is called can only be the path of a folder or file."""
    if model.startswith(PATH_STARTS) or model.lower().endswith(MODEL_ENDINGS):
        return True
    return Path(model).is_absolute() or ("/" in model and is_there(Path(model)))
