"""`imagine styles`: the presets that --style takes, as a list or one in full."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from imagine.cli import completion, options
from imagine.cli.console import Console

if TYPE_CHECKING:
    from imagine.stages.styles import StylePreset


def styles(
    name: Annotated[
        str | None,
        typer.Argument(metavar="STYLE", help="Show it in full.", autocompletion=completion.style),
    ] = None,
    json: options.Json = False,
) -> None:
    """List the style presets, or show one.

    Your own go into styles/NAME.toml of the configuration directory (`imagine config --path`).
    """
    from imagine.cli.order import named_styles
    from imagine.cli.settings import config_directory
    from imagine.stages.styles import load_styles

    console = Console(json=json)
    if name is not None:
        preset = named_styles([name])[0]
        if json:
            console.result_json(_values(preset))
        else:
            filled = {key: value for key, value in _values(preset).items() if value}
            width = max(map(len, filled)) + 2
            console.result(
                "\n".join(f"{key:<{width}}{_plain(value)}" for key, value in filled.items())
            )
        return
    presets = sorted(
        load_styles(config_directory() / "styles").values(), key=lambda p: (p.family, p.name)
    )
    width = max(len(preset.name) for preset in presets) + 2
    family = None
    for preset in presets:
        if json:
            console.result_json(_values(preset))
            continue
        if preset.family != family:
            console.result(("" if family is None else "\n") + preset.family)
            family = preset.family
        console.result(f"  {preset.name:<{width}}{preset.description}")


def _values(preset: "StylePreset") -> dict[str, Any]:
    return preset.model_dump(mode="json")


def _plain(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
