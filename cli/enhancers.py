"""From an enhancer's name and the settings to the enhancer itself."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, cast

from imagine.cli.settings import Settings
from imagine.stages.errors import ConfigError, UsageError
from imagine.stages.network.providers import PROVIDERS, Connection

if TYPE_CHECKING:
    from imagine.stages.enhance import Enhancer


def new_enhancer(
    named: str, settings: Settings, connect: Callable[[str, str], Connection], *, in_threads: bool
) -> "Enhancer":
    """The enhancer that was named.

    Args:
        named: NAME or NAME/MODEL.
        connect: makes the connection to a provider, for a model of it.
        in_threads: several threads will ask it.

    Raises:
        UsageError: an unknown name, or a model for an enhancer that has none.
        ConfigError: its key or address is missing, or its settings exclude each other.
    """
    from imagine.stages.enhance import ENHANCERS

    name, _, model = named.partition("/")
    provider = PROVIDERS.get(name)
    if provider is None or not provider.describes:
        ENHANCERS.check(name)
        if model:
            raise UsageError(f"The enhancer {name} has no models; leave out '/{model}'.")
        return ENHANCERS.create(name)
    model = model or text_model(settings, name)
    arguments: dict[str, Any] = {"connection": connect(name, model), "model": model}
    if name == "gemini":
        return _gemini(settings, arguments, in_threads=in_threads)
    return ENHANCERS.create(name, **arguments)


def text_model(settings: Settings, name: str) -> str:
    """The model that the enhancer called `name` asks by default; "" when there is none."""
    provider = PROVIDERS.get(name)
    if provider is None or not provider.describes:
        return ""
    return settings.text(f"{name}_text_model") or ""


def _gemini(settings: Settings, arguments: dict[str, Any], *, in_threads: bool) -> "Enhancer":
    from imagine.stages.enhance.gemini.enhancer import GeminiEnhancer

    transport = cast("Literal['auto', 'sdk', 'httpx']", settings.text("gemini_transport"))
    level = settings.text("gemini_thinking_level")
    if transport == "auto":
        # The SDK takes 0.6 s to load, and more of the processor for each answer.
        transport = "httpx" if in_threads or level is not None else "sdk"
    if level is not None and transport == "sdk":
        raise ConfigError(
            f"gemini_thinking_level is {level}, which google-generativeai cannot send; "
            "set gemini_transport to httpx or leave the level out."
        )
    return GeminiEnhancer(**arguments, transport=transport, thinking_level=level)
