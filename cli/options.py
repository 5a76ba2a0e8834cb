"""Every option of the command line, defined once."""

import re
from pathlib import Path
from typing import Annotated

import typer

from imagine.cli import completion
from imagine.stages.errors import shown


def whole_number(text: str | int) -> int:
    """The number; typer names the option when this refuses, and also hands in the default."""
    if isinstance(text, int):
        return text
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise typer.BadParameter(f"'{shown(text)}' is no whole number")
    return int(text)


Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="PROMPT", help="What to draw, in quotes; - reads lines from stdin."),
]
File = Annotated[
    Path | None,
    typer.Option(
        "--file",
        "-f",
        metavar="FILE",
        help="A file of prompts: one a line, or JSON Lines.",
        show_default=False,
    ),
]
Enhancer = Annotated[
    str | None,
    typer.Option(
        "--enhancer",
        "-e",
        metavar="NAME",
        autocompletion=completion.enhancer,
        help="Who fills the description: auto, or one of `imagine backends`.",
        show_default=False,
    ),
]
NoEnhance = Annotated[bool, typer.Option("--no-enhance", help="Send the prompt as it is.")]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend",
        "-b",
        metavar="NAME",
        autocompletion=completion.backend,
        help="Who draws: auto, or one of `imagine backends`.",
        show_default=False,
    ),
]
Styles = Annotated[
    list[str] | None,
    typer.Option(
        "--style",
        "-s",
        metavar="NAME",
        autocompletion=completion.style,
        help="A style preset; repeatable, see `imagine styles`.",
    ),
]
Negative = Annotated[
    list[str] | None,
    typer.Option(
        "--negative", "-N", metavar="WORDS", help="What to avoid, separated by commas; repeatable."
    ),
]
AspectRatio = Annotated[
    str | None,
    typer.Option("--aspect-ratio", "--ar", metavar="W:H", help="Shape of the picture, as 16:9."),
]
Size = Annotated[
    str | None, typer.Option("--size", metavar="WxH", help="Exact size in pixels, as 1024x768.")
]
Num = Annotated[
    int,
    typer.Option(
        "--num", "-n", metavar="N", parser=whole_number, help="Pictures to make, seeds counting up."
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        parser=whole_number,
        help="Of the picture; random when not given, and recorded.",
    ),
]
ReplaySeed = Annotated[
    int | None,
    typer.Option(
        "--seed", metavar="N", parser=whole_number, help="Another seed than the recorded one."
    ),
]
EnhanceSeed = Annotated[
    int,
    typer.Option(
        "--enhance-seed",
        metavar="N",
        parser=whole_number,
        help="Of the description, apart from --seed.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR|FILE",
        help="Where to save (default: here); made when missing.",
    ),
]
NameTemplate = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="TEMPLATE",
        help="File name from {slug} {seed} {n} {date} {time} {backend} {hash} {width} {height}.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        autocompletion=completion.picture_format,
        help="png (default), jpg, webp or avif.",
    ),
]
Quality = Annotated[
    int | None,
    typer.Option("--quality", metavar="1-100", parser=whole_number, help="Of jpg, webp and avif."),
]
SpecFile = Annotated[
    Path | None,
    typer.Option(
        "--spec", metavar="FILE", help="Draw this description (.json, .yaml, .toml; - is stdin)."
    ),
]
Edit = Annotated[
    bool, typer.Option("--edit", help="Open the description in $EDITOR before drawing.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; draw nothing.")]
ShowPrompt = Annotated[
    bool, typer.Option("--show-prompt", help="Print the description and the final prompt too.")
]
Json = Annotated[bool, typer.Option("--json", help="Results as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Errors only on stderr.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say what the guard found and how long it took.")
]
Preview = Annotated[
    bool | None,
    typer.Option(
        "--preview/--no-preview", help="Show the picture in the terminal.", show_default=False
    ),
]
Open = Annotated[bool, typer.Option("--open", help="Open the picture in the system's viewer.")]
Metadata = Annotated[
    bool | None,
    typer.Option(
        "--metadata/--no-metadata", help="Embed what made the picture.", show_default=False
    ),
]
Sidecar = Annotated[
    bool | None,
    typer.Option(
        "--sidecar/--no-sidecar",
        help="Write it to a .json beside the picture too.",
        show_default=False,
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file of the same name.")]
