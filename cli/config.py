"""`imagine config`: every setting, its value and where it came from."""

from typing import TYPE_CHECKING, Annotated

import typer

from imagine.cli import options
from imagine.cli.console import Console

if TYPE_CHECKING:
    from imagine.cli.settings import Settings

# What stands for a key, whatever it is.
KEY = "(set, not shown)"


def config(
    path: Annotated[
        bool, typer.Option("--path", help="Print the configuration directory.")
    ] = False,
    all_settings: Annotated[
        bool, typer.Option("--all", "-a", help="Providers that nothing is set for, too.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Show every setting, its value and where it came from.

    Of the providers only those with a key or a setting of yours, unless --all is given; keys are
    never shown. Set one with the variable IMAGINE_NAME, in .env, in imagine.toml of the working
    directory, or in config.toml of your configuration directory; an option wins over all of them.
    """
    from imagine.cli.settings import SETTINGS, config_directory, load_settings
    from imagine.stages.network.providers import Secret

    console = Console(json=json)
    if path:
        console.result(str(config_directory()))
        return
    settings = load_settings()
    if json:
        for name in SETTINGS:
            value, origin = settings.values[name], settings.origins[name]
            told = KEY if isinstance(value, Secret) else value
            console.result_json({"name": name, "value": told, "origin": origin})
        return
    names = [name for name in SETTINGS if all_settings or _matters(name, settings)]
    shown = {name: _shown(settings.values[name]) for name in names}
    width = max(map(len, names)) + 2
    value_width = max(map(len, shown.values())) + 2
    origin_width = max(len(settings.origins[name]) for name in names) + 2
    for name in names:
        origin = settings.origins[name]
        console.result(
            f"{name:<{width}}{shown[name]:<{value_width}}{origin:<{origin_width}}"
            f"{SETTINGS[name].help}"
        )


def _shown(value: object) -> str:
    from imagine.stages.network.providers import Secret

    if isinstance(value, Secret):
        return KEY
    return "" if value is None else str(value)


def _matters(name: str, settings: "Settings") -> bool:
    """Whether a setting is no provider's, or somebody set it, or the provider has a key."""
    from imagine.cli.connections import CLOSED
    from imagine.cli.settings import GENERAL
    from imagine.stages.network.providers import PROVIDERS

    provider = next((known for known in PROVIDERS if name.startswith(f"{known}_")), None)
    if provider is None or settings.origins[name] != "default" or name in GENERAL:
        return True
    return settings.secret(f"{provider}_api_key") is not None and provider not in CLOSED
