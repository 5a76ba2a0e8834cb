"""From an upscaler's name, or the path of a model, and the settings to the upscaler itself."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.cli.local import PATH_STARTS
from imagine.cli.settings import Settings, config_directory
from imagine.stages.errors import LocalBackendError, UsageError, shown
from imagine.stages.network.providers import PROVIDERS, Connection
from imagine.stages.paths import is_there

if TYPE_CHECKING:
    from imagine.stages.upscale import Upscaler

# Upscalers that take models of the user's own, and whether they look for them in his directory.
OWN_MODELS = {"model": True, "detail": True, "diffusers": False}
# Those whose networks are run by ncnn alone.
NETWORKS = frozenset({"photo", "art", "detail"})
# What an upscaler's name that is a path ends in.
MODEL_ENDINGS = (".safetensors", ".onnx", ".param", ".pth", ".pt", ".ckpt")


def new_upscaler(
    named: str, settings: Settings, connect: Callable[[str, str], Connection]
) -> "Upscaler":
    """The upscaler that was named.

    Args:
        named: NAME, NAME/MODEL, or the path of a model file.
        connect: makes the connection to a provider, for a model of it.

    Raises:
        UsageError: an unknown name, or a model for an upscaler that has none.
        ConfigError: its key or address is missing.
        LocalBackendError: it cannot run here.
    """
    from imagine.stages.upscale import UPSCALERS
    from imagine.stages.upscale.auto import can_run_networks, check_numpy
    from imagine.stages.upscale.names import check_no_network

    check_numpy()
    name, slash, model = named.partition("/")
    if is_model_file(named):
        name, model = "model", named
    elif slash and not model:
        raise UsageError(f"The upscaler '{shown(named)}' names no model after its '/'; add one.")
    provider = PROVIDERS.get(name)
    arguments: dict[str, Any] = {}
    if provider is not None and provider.upscales:
        model = model or settings.text(f"{name}_upscale_model") or ""
        arguments = {"connection": connect(name, model), "model": model}
    elif name in OWN_MODELS:
        arguments = {"model": model}
        if OWN_MODELS[name]:
            arguments["directory"] = config_directory() / "upscalers"
    else:
        check_no_network(name)
        UPSCALERS.check(name)
        if model:
            raise UsageError(f"The upscaler {name} has no models; leave out '/{shown(model)}'.")
    if name in NETWORKS and not can_run_networks():
        raise LocalBackendError(
            f"The upscaler {name} needs ncnn, which is not installed; run `pip install ncnn`, "
            "or choose --upscaler lanczos."
        )
    return UPSCALERS.create(name, **arguments)


def is_model_file(named: str) -> bool:
    """Whether what an upscaler is called is the path of a model's file, and no registered name."""
    from imagine.stages.upscale import UPSCALERS

    if named.startswith(PATH_STARTS):
        return True
    if named.partition("/")[0] in UPSCALERS.built_in:
        return False
    path = Path(named)
    there = is_there(path) and ("/" in named or path.is_file())
    return named.lower().endswith(MODEL_ENDINGS) or there
