"""`imagine config`: every setting, its value and where it came from."""

from typing import Annotated

import typer

from imagine.cli import options
from imagine.cli.console import Console


def config(
    path: Annotated[
        bool, typer.Option("--path", help="Print the configuration directory.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Show every setting, its value and where it came from.

    Set one with the variable IMAGINE_NAME, in .env, in imagine.toml of the working directory, or
    in config.toml of your configuration directory; an option wins over all of them.
    """
    from imagine.cli.settings import SETTINGS, config_directory, load_settings

    console = Console(json=json)
    if path:
        console.result(str(config_directory()))
        return
    settings = load_settings()
    if json:
        for name in SETTINGS:
            value, origin = settings.values[name], settings.origins[name]
            console.result_json({"name": name, "value": value, "origin": origin})
        return
    shown = {name: "" if value is None else str(value) for name, value in settings.values.items()}
    width = max(map(len, SETTINGS)) + 2
    value_width = max(map(len, shown.values())) + 2
    origin_width = max(map(len, settings.origins.values())) + 2
    for name, setting in SETTINGS.items():
        origin = settings.origins[name]
        console.result(
            f"{name:<{width}}{shown[name]:<{value_width}}{origin:<{origin_width}}{setting.help}"
        )
