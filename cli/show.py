"""`imagine show`: a picture in, what it was made from out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imagine.cli import completion, options
from imagine.cli.console import Console

if TYPE_CHECKING:
    from imagine.stages.recipe import Recipe

PARTS = ["all", "source", "prompt", "spec", "parameters"]


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A picture, or a sidecar.")],
    only: Annotated[
        str,
        typer.Option(
            "--only",
            metavar="PART",
            autocompletion=completion.part,
            help="source: the words that were typed. prompt: what the backend got. "
            "spec: the description as YAML. parameters: the A1111 text. all: everything.",
        ),
    ] = "all",
    json: options.Json = False,
) -> None:
    """Show what a picture was made from.

    Reads the recipe that imagine embeds; of other programs' pictures, the A1111 parameters.
    """
    from imagine.stages.errors import NoRecipeError, UsageError, unknown_name
    from imagine.stages.formats.embed import a1111_text
    from imagine.stages.metadata import read_recipe
    from imagine.stages.spec import format_spec

    console = Console(json=json)
    if only not in PARTS:
        raise unknown_name("part", only, PARTS)
    if json and only != "all":
        raise UsageError(f"--json is the whole recipe; leave --only {only} out.")
    try:
        recipe = read_recipe(file)
    except NoRecipeError:
        # A recipe that is there but broken is no absent one: that error is for the user.
        parameters = _parameters(file)
        if not parameters:
            raise
        _show_parameters(parameters, file, only, console)
        return
    texts = {
        "source": lambda: recipe.source_prompt,
        "prompt": lambda: recipe.prompt,
        "spec": lambda: format_spec(recipe.spec, format="yaml").rstrip("\n"),
        "parameters": lambda: a1111_text(recipe),
        "all": lambda: _everything(recipe),
    }
    console.result(recipe.to_json() if json else texts[only]())


def _parameters(file: Path) -> dict[str, str]:
    """What a picture of another program says of itself; empty when that cannot be read."""
    from imagine.stages.errors import SpecError
    from imagine.stages.metadata import read_parameters

    try:
        return read_parameters(file)
    except SpecError:
        return {}


def _show_parameters(parameters: dict[str, str], file: Path, only: str, console: Console) -> None:
    from imagine.cli.console import visible
    from imagine.stages.errors import UsageError

    if only in ("source", "spec"):
        raise UsageError(f"'{file}' was not made by imagine and has no {only}; try --only prompt.")
    if console.json:
        console.result_json({"parameters": parameters})
    elif only == "prompt":
        console.result(visible(parameters.get("prompt", "")))
    else:
        console.result("\n".join(visible(f"{key}: {text}") for key, text in parameters.items()))


def _everything(recipe: "Recipe") -> str:
    from imagine.cli.console import visible
    from imagine.cli.text import LABEL_WIDTH, cost_text, spec_text

    parameters = ", ".join(f"{key} {value}" for key, value in recipe.backend.parameters.items())
    who = recipe.enhancer
    told_by = "" if who is None else f"{who.name} ({who.model}), seed {who.seed}"
    reasked = () if who is None else who.reasked
    findings = recipe.guard.findings if recipe.guard else ()
    rows = [
        ("final", recipe.prompt),
        ("negative", recipe.negative_prompt or ""),
        ("enhancer", told_by),
        ("backend", f"{recipe.backend.name} ({recipe.backend.model}), {parameters}"),
        ("made", f"{recipe.created} by {recipe.program}"),
        *(("reference", f"sha256 {item.sha256}") for item in recipe.references),
        *(
            ("refined", f"{item.instruction} (before: {item.source_prompt})")
            for item in recipe.refined
        ),
        ("cost", "" if recipe.cost is None else cost_text(recipe.cost)),
        *(("asked again", problem) for problem in reasked),
        *(("guard", f"{item.detail}; {item.action}") for item in findings),
        *(("note", note) for note in recipe.notes),
    ]
    told = "\n".join(f"{label:<{LABEL_WIDTH}}{value}" for label, value in rows if value)
    return visible(f"{spec_text(recipe.spec)}\n{told}")
