"""Every option of the command line, defined once."""

from pathlib import Path
from typing import Annotated

import typer


def whole_number(text: str) -> int:
    """The number; typer names the option when this refuses."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no whole number") from None


def complete_style(incomplete: str) -> list[str]:
    """Names of the shipped presets, read from their files' names alone."""
    from importlib.resources import files

    names = (entry.name for entry in (files("imagine.prompts") / "styles").iterdir())
    return sorted(
        name.removesuffix(".toml")
        for name in names
        if name.endswith(".toml") and name.startswith(incomplete)
    )


def complete_backend(incomplete: str) -> list[str]:
    from imagine.stages.generate import BACKENDS

    return [name for name in BACKENDS.names() if name.startswith(incomplete)]


def complete_enhancer(incomplete: str) -> list[str]:
    from imagine.stages.enhance import ENHANCERS

    return [name for name in ENHANCERS.names() if name.startswith(incomplete)]


def complete_format(incomplete: str) -> list[str]:
    from imagine.cli.order import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


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
        autocompletion=complete_enhancer,
        help="Who fills the description.",
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
        autocompletion=complete_backend,
        help="Who draws.",
        show_default=False,
    ),
]
Styles = Annotated[
    list[str] | None,
    typer.Option(
        "--style",
        "-s",
        metavar="NAME",
        autocompletion=complete_style,
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
        "--seed", metavar="N", parser=whole_number, help="Of the picture; random when not given."
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
    typer.Option("--output", "-o", metavar="DIR|FILE", help="Where to save; made when missing."),
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
        "--format", metavar="FORMAT", autocompletion=complete_format, help="png, jpg, webp or avif."
    ),
]
Quality = Annotated[
    int | None,
    typer.Option("--quality", metavar="1-100", parser=whole_number, help="Of jpg, webp and avif."),
]
SpecFile = Annotated[
    Path | None,
    typer.Option("--spec", metavar="FILE", help="Draw this description (.json, .yaml, .toml)."),
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
