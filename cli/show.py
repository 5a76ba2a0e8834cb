"""`imagine show`: a picture in, what it was made from out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imagine.cli import completion, options
from imagine.cli.console import Console

if TYPE_CHECKING:
    from imagine.stages.recipe import Recipe, UpscaleRecord

# What parameters of a recipe are called on the command line.
OPTIONS = {
    "num_inference_steps": "steps",
    "guidance_scale": "guidance",
    "hires_scale": "refine",
    "hires_strength": "refine-strength",
}
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

    Reads the recipe that imagine embeds; of other programs' pictures, the A1111 parameters, and
    what imagine enlarged them with.
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
        parameters, upscales = _parameters(file), _upscales(file)
        if not parameters and not upscales:
            raise
        _show_foreign(parameters, upscales, file, only, console)
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


def _upscales(file: Path) -> "tuple[UpscaleRecord, ...]":
    """How imagine enlarged a picture of another program; empty when that cannot be read."""
    from imagine.stages.errors import SpecError
    from imagine.stages.upscale.record import read_upscales

    try:
        return read_upscales(file)
    except SpecError:
        return ()


def _show_foreign(
    parameters: dict[str, str],
    upscales: "tuple[UpscaleRecord, ...]",
    file: Path,
    only: str,
    console: Console,
) -> None:
    from imagine.cli.console import visible
    from imagine.stages.errors import UsageError

    if only in ("source", "spec"):
        raise UsageError(f"'{file}' was not made by imagine and has no {only}; try --only prompt.")
    if console.json:
        told = [record.model_dump(mode="json") for record in upscales]
        console.result_json({"parameters": parameters} | ({"upscales": told} if told else {}))
        return
    if only == "prompt":
        console.result(visible(parameters.get("prompt", "")))
        return
    rows = [f"{key}: {text}" for key, text in parameters.items()]
    if only == "all":
        rows += [f"enlarged: {upscale_text(record)}" for record in upscales]
    console.result("\n".join(map(visible, rows)))


def upscale_text(record: "UpscaleRecord") -> str:
    """ "512x512 to 2048x2048 by photo (upconv_7_photo), denoise 1, sharpen 0.5, tile 256"."""
    from imagine.stages.money.prices import dollars

    parts = [f"{record.from_width}x{record.from_height} to {record.width}x{record.height}"]
    model = "" if record.model in ("", record.upscaler) else f" ({record.model})"
    parts[0] += f" by {record.upscaler}{model}"
    full = record.full_width, record.full_height
    if full != (record.width, record.height):
        parts.append(f"cropped from {full[0]}x{full[1]}")
    if record.denoise is not None:
        parts.append(f"denoise {record.denoise}")
    if record.sharpen:
        parts.append(f"sharpen {record.sharpen:g}")
    parts += [f"{name} {value}" for name, value in record.parameters.items()]
    if record.cost is not None:
        parts.append(dollars(record.cost))
    return ", ".join(parts)


def _parameters_text(recipe: "Recipe") -> str:
    """ "width 512, height 512, seed 7, steps 20, scheduler ddim": called as options call them."""
    from imagine.cli.text import scheduler_text

    told = {**recipe.backend.parameters}
    if told.get("model") == recipe.backend.model:
        del told["model"]
    if isinstance(scheduler := told.get("scheduler"), str):
        told["scheduler"] = scheduler_text(scheduler)
    return ", ".join(f"{OPTIONS.get(key, key)} {value}" for key, value in told.items())


def _everything(recipe: "Recipe") -> str:
    from imagine.cli.console import visible
    from imagine.cli.text import LABEL_WIDTH, cost_text, spec_text

    request = recipe.to_request()
    size = "{}x{}, drawn at {}x{} first".format(*request.result_size, *request.size)
    who = recipe.enhancer
    told_by = "" if who is None else f"{who.name} ({who.model}), seed {who.seed}"
    reasked = () if who is None else who.reasked
    findings = recipe.guard.findings if recipe.guard else ()
    rows = [
        ("final", recipe.prompt),
        ("negative", recipe.negative_prompt or ""),
        ("enhancer", told_by),
        ("backend", f"{recipe.backend.name} ({recipe.backend.model}), {_parameters_text(recipe)}"),
        ("size", size if request.hires_fix else ""),
        ("made", f"{recipe.created} by {recipe.program}"),
        *(("enlarged", upscale_text(record)) for record in recipe.upscales),
        *(("lora", f"{item.name}, weight {item.weight:g}") for item in recipe.backend.loras),
        *(("reference", f"sha256 {item.sha256}") for item in recipe.references),
        ("mask", "" if recipe.mask is None else f"sha256 {recipe.mask.sha256}"),
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
