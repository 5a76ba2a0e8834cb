"""From a backend's name, a model and the settings to the backend itself."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagine.cli.local import LOCAL, companions_of, kind_of, options_of, shelf_of
from imagine.cli.settings import Settings
from imagine.stages.errors import LocalBackendError, UsageError, quoted_path, shown
from imagine.stages.generate import BACKENDS
from imagine.stages.network.providers import PROVIDERS, Connection, is_own_host
from imagine.stages.paths import is_there, spelt

if TYPE_CHECKING:
    from imagine.stages.generate import Backend
    from imagine.stages.recipe import BackendRecord


def new_backend(
    name: str,
    option: str | None,
    model: str,
    settings: Settings,
    connect: Callable[[str, str], Connection],
    *,
    tell: Callable[[str], None],
    again: "BackendRecord | None" = None,
) -> "Backend":
    """The backend called `name`.

    Args:
        option: of --model.
        model: behind the name: "MODEL" of NAME/MODEL; "" where nothing is. Not both.
        connect: makes the connection to a provider, for a model of it.
        tell: takes a sentence that the user should read.
        again: what drew the picture that is drawn again; None for a new one.

    Raises:
        UsageError: an unknown name, or a model for a backend that has none.
        ConfigError: its key or address is missing.
        LocalBackendError: a model is not on this machine, or cannot be drawn with.
    """
    if name in LOCAL:
        named = local_model(settings, name, option or model)
        try:
            return _local(name, named, settings, tell, again)
        except LocalBackendError as error:
            # Nobody typed its name, and it may have been set long ago.
            if option or model or not named:
                raise
            setting = f"IMAGINE_{name.upper()}_MODEL"
            raise LocalBackendError(f"The setting {setting} is of no use: {error}") from error
    provider = PROVIDERS.get(name)
    if provider is None or not provider.draws:
        _check_name(name, f"{name}/{model}" if model else name, settings)
        if chosen := option or model:
            where = f"--model {chosen}" if option else f"'/{chosen}'"
            raise UsageError(f"The backend {name} has no models; leave out {where}.")
        return BACKENDS.create(name)
    model = option or model or _image_model(name, settings)
    if Path(model).is_absolute() and is_there(Path(model)):
        raise UsageError(
            f"The backend {name} draws with models of its own, and {quoted_path(model)} lies "
            "on this machine; choose --backend diffusers, openvino or sdcpp."
        )
    arguments: dict[str, Any] = {"connection": connect(name, model), "model": model}
    if name == "openai":
        arguments["dialect"] = settings.text("openai_dialect")
    if name == "comfyui":
        workflow = settings.text("comfyui_workflow")
        arguments["workflow"] = None if workflow is None else spelt(workflow)
    return BACKENDS.create(name, **arguments)


def local_model(settings: Settings, name: str, model: str) -> str:
    """The model that a local backend draws with: `model`, else that of its setting; or ""."""
    return model or settings.text(f"{name}_model") or ""


def _local(
    name: str,
    model: str,
    settings: Settings,
    tell: Callable[[str], None],
    again: "BackendRecord | None",
) -> "Backend":
    same = again is not None and (
        # What suited one model may not suit another.
        (name, model) in {(again.name, again.model), (again.name, again.parameters.get("model"))}
    )
    arguments: dict[str, Any] = {}
    if name == "sdcpp":
        arguments["companions"] = companions_of(settings)
    return BACKENDS.create(
        name,
        model=model,
        shelf=shelf_of(settings, again),
        options=options_of(settings, again if same else None),
        tell=tell,
        **arguments,
    )


def _check_name(name: str, named: str, settings: Settings) -> None:
    """Refuse what is no backend, and say so where it is a model of this machine.

    Raises:
        UsageError: there is none of that name.
    """
    try:
        BACKENDS.check(name)
    except UsageError as error:
        shelf = shelf_of(settings)
        with suppress(LocalBackendError):
            kind_of(shelf.model(named), shelf)
            raise UsageError(
                f"'{shown(named)}' is a model, no backend; write --model {shown(named)}."
            ) from error
        raise


def _image_model(name: str, settings: Settings) -> str:
    """What a provider is asked for by default.

    Another server than OpenAI's own draws with the model that it has, unless the user names one.
    """
    at_home = is_own_host(PROVIDERS[name], str(settings.text(f"{name}_base_url")))
    own_server = not at_home and settings.text("openai_dialect") != "openai"
    if name == "openai" and own_server and settings.origins["openai_image_model"] == "default":
        return ""
    return settings.text(f"{name}_image_model") or ""
