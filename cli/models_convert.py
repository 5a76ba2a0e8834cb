"""`imagine models convert`: a diffusers folder goes in; a folder for -b openvino comes out."""

from typing import Annotated

import typer

from imagine.cli import completion, options
from imagine.cli.console import Console


def convert(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A model that diffusers draws with: name, folder, or id.",
            autocompletion=completion.local_model,
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="FOLDER", help="The new folder.")],
    tiny_vae: Annotated[
        str | None,
        typer.Option(
            "--tiny-vae", metavar="MODEL", help="A small decoder (TAESD) to put beside its own."
        ),
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Convert a model for OpenVINO, which draws fastest on a CPU.

    Takes minutes, and the extras diffusers and openvino; drawing takes openvino alone.
    """
    from imagine.cli.local import shelf_of
    from imagine.cli.models_rows import drawing_with
    from imagine.cli.settings import load_settings
    from imagine.stages.generate.local.hub_files import in_words
    from imagine.stages.generate.openvino.convert import convert as convert_folder
    from imagine.stages.generate.openvino.convert import needs
    from imagine.stages.image import Progress
    from imagine.stages.paths import spelt

    console = Console(json=json, quiet=quiet)
    settings = load_settings()
    shelf = shelf_of(settings)
    decoder = tiny_vae or settings.text("tiny_vae")
    source = shelf.model(model).path
    folder = spelt(target)
    taken = needs(source)
    memory, disk = in_words(taken.memory), in_words(taken.disk)
    with console.progress("converting") as bar:

        def tell(step: Progress) -> None:
            # The first step comes after everything that may be refused.
            console.note_once(f"Converting takes {memory} of memory and {disk} of disk.")
            bar(step)

        notes = convert_folder(
            source,
            folder,
            tiny_vae=shelf.model(decoder).path if decoder else None,
            on_progress=tell,
        )
    for note in notes:
        console.note(note)
    if json:
        console.result_json({"model": model, "path": str(folder), "notes": list(notes)})
        return
    console.result(str(folder))
    console.note(drawing_with(target, ["openvino"]))
