"""Shell completion: the words typed so far go in, what the shell may offer comes out."""

import os
from collections.abc import Iterable


def name_default_command(commands: Iterable[str]) -> None:
    """Let the words after `imagine` complete as those of `generate`, where none is named.

    The shells hand the line over in COMP_WORDS and COMP_CWORD (bash) or _TYPER_COMPLETE_ARGS (the
    others); typer fails where they are missing or malformed, so they are made whole here.
    """
    number = os.environ.get("COMP_CWORD", "")
    position = int(number) if number.isascii() and number.isdigit() else 1
    for variable in ("COMP_WORDS", "_TYPER_COMPLETE_ARGS"):
        program, *words = os.environ.get(variable, "").split(maxsplit=1) or ["imagine"]
        first = words[0].split()[0] if words else ""
        if first and not any(command.startswith(first) for command in commands):
            words = [f"generate {words[0]}"]
            position += variable == "COMP_WORDS"
        os.environ[variable] = " ".join([program, *words])
    os.environ["COMP_CWORD"] = str(position)


def style(incomplete: str) -> list[str]:
    """Names of presets, shipped and the user's, from their files' names alone."""
    from importlib.resources import files
    from pathlib import Path

    from imagine.cli.settings import config_directory

    shipped = (entry.name for entry in (files("imagine.prompts") / "styles").iterdir())
    own = (path.name for path in Path(config_directory(), "styles").glob("*.toml"))
    names = {name.removesuffix(".toml") for name in (*shipped, *own) if name.endswith(".toml")}
    return sorted(name for name in names if name.startswith(incomplete))


def backend(incomplete: str) -> list[str]:
    from imagine.stages.generate import BACKENDS

    return _starting(incomplete, BACKENDS.names())


def local_model(incomplete: str) -> list[str]:
    """Names of models on this machine; none where the settings or the catalog are broken."""
    from imagine.cli.local import shelf_of
    from imagine.cli.settings import load_settings
    from imagine.stages.errors import ImagineError

    try:
        return _starting(incomplete, [place.name for place in shelf_of(load_settings()).models()])
    except ImagineError:
        return []


def lora(incomplete: str) -> list[str]:
    """Names of LoRAs in the catalog; none where it is broken."""
    from imagine.cli.local import shelf_of
    from imagine.cli.settings import load_settings
    from imagine.stages.errors import ImagineError
    from imagine.stages.generate.local.catalog import load_catalog

    try:
        return _starting(incomplete, load_catalog(shelf_of(load_settings()).catalog).loras)
    except ImagineError:
        return []


def scheduler(incomplete: str) -> list[str]:
    from imagine.stages.generate.local.schedulers import schedulers

    return _starting(incomplete, [known.name for known in schedulers()])


def enhancer(incomplete: str) -> list[str]:
    from imagine.stages.enhance import ENHANCERS

    return _starting(incomplete, ENHANCERS.names())


def upscaler(incomplete: str) -> list[str]:
    from imagine.stages.upscale import UPSCALERS

    return _starting(incomplete, ["auto", *UPSCALERS.names()])


def on_enhance_error(incomplete: str) -> list[str]:
    return _starting(incomplete, ["fail", "original", "offline"])


def picture_format(incomplete: str) -> list[str]:
    from imagine.cli.order import FORMATS

    return _starting(incomplete, FORMATS)


def spec_format(incomplete: str) -> list[str]:
    from imagine.cli.enhance import FORMATS

    return _starting(incomplete, FORMATS)


def profile(incomplete: str) -> list[str]:
    from imagine.cli.enhance import PROFILES

    return _starting(incomplete, PROFILES)


def part(incomplete: str) -> list[str]:
    from imagine.cli.show import PARTS

    return _starting(incomplete, PARTS)


def _starting(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def input_format(incomplete: str) -> list[str]:
    return _starting(incomplete, ["txt", "csv", "tsv", "jsonl", "json", "yaml"])


def batch_order(incomplete: str) -> list[str]:
    from imagine.cli.batch import ORDERS

    return _starting(incomplete, ORDERS)
