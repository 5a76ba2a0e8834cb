"""`imagine models`: the models on this machine: listed, added, looked at, removed, downloaded."""

from dataclasses import asdict
from typing import Annotated

import typer

from imagine.cli import completion, options
from imagine.cli.console import Console
from imagine.cli.models_convert import convert
from imagine.cli.models_download import download

models = typer.Typer()

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="As listed.", autocompletion=completion.local_model)
]


@models.callback(invoke_without_command=True)
def _listed(context: typer.Context) -> None:
    """List, add, download, convert or remove models of this machine.

    The backends diffusers, openvino and sdcpp draw with them, by `-m NAME`. They are yours: folders
    of a diffusers pipeline, or converted for OpenVINO, and .safetensors or .gguf files. Pickled
    weights are never read.
    """
    if context.invoked_subcommand is None:
        list_models()


@models.command("list")
def list_models(json: options.Json = False) -> None:
    """List the models and LoRAs that are named or downloaded."""
    from imagine.cli.models_rows import listed, print_rows

    console = Console(json=json)
    rows = listed()
    if json:
        for row in rows:
            console.result_json(asdict(row))
        return
    if not rows:
        console.note(
            "No model has a name yet: `imagine models add PATH` gives one of yours a name, "
            "`imagine models download ORG/NAME` fetches one."
        )
    print_rows(rows, console)


@models.command()
def show(name: Name, json: options.Json = False) -> None:
    """Show one: who draws with it, its defaults, where it lies."""
    from imagine.cli.models_rows import row_of

    console = Console(json=json)
    row = row_of(name)
    if json:
        console.result_json(asdict(row))
        return
    told = {
        "kind": row.kind,
        "family": row.family,
        "steps": str(row.num_inference_steps or ""),
        "guidance": "" if row.guidance_scale is None else f"{row.guidance_scale:g}",
        "side": f"{row.side} pixels" if row.side else "",
        "size": row.size,
        "path": row.path,
        "problem": row.problem,
    }
    for key, value in told.items():
        if value:
            console.result(f"{key:<10}{value}")


@models.command()
def add(
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="Folder or file of a model, folder of a tiny VAE, or file of a LoRA.",
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Else the last part of its path.")
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(
            "--config",
            metavar="FOLDER",
            help="For a single file: folder, or id on the hub, that describes its pipeline.",
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Give a model, LoRA or tiny VAE of yours a name.

    Its files stay where they are. What it is, is told from them; one that is broken is refused. The
    names stand in models.toml of your configuration directory (`imagine config --path`), for you to
    edit.
    """
    from imagine.cli.models_adding import added
    from imagine.cli.models_rows import print_rows

    console = Console(json=json)
    row = added(path, name=name, config=config)
    if json:
        console.result_json(asdict(row))
        return
    print_rows([row], console)
    console.note(row.use)


@models.command()
def remove(
    name: Name,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete its files in Hugging Face's cache, too.")
    ] = False,
    lora: Annotated[
        bool | None,
        typer.Option("--lora/--model", help="Which of a LoRA and a model with one name."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without being asked.")] = False,
    json: options.Json = False,
) -> None:
    """Forget the name of a model or LoRA; its files stay.

    With --delete they go too: those of models in Hugging Face's cache, by their id or by the name
    of one.
    """
    from imagine.cli.models_removal import removed
    from imagine.stages.generate.local.catalog import Table
    from imagine.stages.generate.local.hub_files import in_words

    console = Console(json=json)
    table: Table | None = None if lora is None else "loras" if lora else "models"
    told = removed(name, table=table, delete=delete, yes=yes, console=console)
    if json:
        console.result_json(told)
        return
    freed = (
        f", {in_words(told['bytes'])} deleted"
        if told["deleted"]
        else "; its files are where they were"
    )
    console.result(f"Removed {name}{freed}.")


models.command()(download)
models.command()(convert)
