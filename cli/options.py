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


def number(text: str | float) -> float:
    """A decimal number, without nan and inf; typer also hands in the default."""
    if not isinstance(text, str):
        return text
    if not re.fullmatch(r"-?(?=\.?[0-9])[0-9]{0,9}(\.[0-9]{0,9})?", text):
        raise typer.BadParameter(f"'{shown(text)}' is no number")
    return float(text)


def dollars(text: str | float) -> float:
    """An amount: 0.5 or $0.50."""
    from imagine.stages.money.cost import parse_dollars

    return parse_dollars(text) if isinstance(text, str) else text


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
        help="Prompts: txt, csv, tsv, jsonl, json or yaml, also gzipped.",
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
        help="Who describes: auto, or NAME or NAME/MODEL of `imagine backends`.",
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
        help="Who draws: auto, or NAME or NAME/MODEL of `imagine backends`.",
        show_default=False,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        autocompletion=completion.local_model,
        help="The backend's model; of this machine, a name of `imagine models`, or a path.",
    ),
]
Images = Annotated[
    list[Path] | None,
    typer.Option(
        "--image",
        "-i",
        metavar="FILE",
        help="A picture to start from or refer to; repeatable.",
    ),
]
DescribedImages = Annotated[
    list[Path] | None,
    typer.Option(
        "--image",
        "-i",
        metavar="FILE",
        help="A picture, animation or clip to look at; repeatable.",
    ),
]
Strength = Annotated[
    float | None,
    typer.Option(
        "--strength",
        metavar="0-1",
        parser=number,
        help="How far to leave the --image: 0 keeps it, 1 ignores it.",
    ),
]
Mask = Annotated[
    Path | None,
    typer.Option(
        "--mask",
        metavar="FILE",
        help="What of the --image is drawn anew: white is, black stays.",
    ),
]
Loras = Annotated[
    list[str] | None,
    typer.Option(
        "--lora",
        metavar="NAME[:WEIGHT]",
        autocompletion=completion.lora,
        help="A LoRA of `imagine models`, a file, or what a server calls it; repeatable.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="NAME",
        autocompletion=completion.scheduler,
        help="Who leads the denoising steps, as euler or dpm++_2m_karras.",
    ),
]
Refine = Annotated[
    float | None,
    typer.Option(
        "--refine",
        metavar="X",
        parser=number,
        help="Draw, enlarge X times (1.1 to 4), and draw over it: finer detail.",
    ),
]
RefineStrength = Annotated[
    float | None,
    typer.Option(
        "--refine-strength",
        metavar="0-1",
        parser=number,
        help="How far --refine leaves the first drawing; default 0.35.",
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        metavar="N",
        parser=whole_number,
        help="Denoising steps, where the model has any.",
    ),
]
Guidance = Annotated[
    float | None,
    typer.Option(
        "--guidance", metavar="X", parser=number, help="How closely to follow the prompt."
    ),
]
Pick = Annotated[
    int,
    typer.Option(
        "--pick",
        metavar="K",
        parser=whole_number,
        help="Make K descriptions, up to 8, and choose one; without a terminal, all are taken.",
        show_default=False,
    ),
]
OnEnhanceError = Annotated[
    str | None,
    typer.Option(
        "--on-enhance-error",
        metavar="WHAT",
        autocompletion=completion.on_enhance_error,
        help="When describing fails: fail (default), original, offline.",
        show_default=False,
    ),
]
Cache = Annotated[
    bool | None,
    typer.Option(
        "--cache/--no-cache", help="Use descriptions paid for before.", show_default=False
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget", metavar="USD", parser=dollars, help="Spend at most this many dollars."
    ),
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Make many paid pictures without being asked.")
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
        help="File name from {slug} {seed} {n} {date} {time} {backend} {hash} {width} {height}, "
        "and {id} in a batch.",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        autocompletion=completion.picture_format,
        help="png, jpg, webp or avif; default png, and what a provider sends as it comes.",
    ),
]
Quality = Annotated[
    int | None,
    typer.Option("--quality", metavar="1-100", parser=whole_number, help="Of jpg, webp and avif."),
]
Upscale = Annotated[
    int | None,
    typer.Option(
        "--upscale",
        metavar="2|3|4|8",
        parser=whole_number,
        help="Enlarge each picture so many times; --size is what is drawn before.",
        show_default=False,
    ),
]
Upscaler = Annotated[
    str | None,
    typer.Option(
        "--upscaler",
        metavar="NAME",
        autocompletion=completion.upscaler,
        help="Who enlarges: auto, photo, art, lanczos, nearest, NAME or NAME/MODEL of "
        "`imagine backends`, a model file, or none.",
        show_default=False,
    ),
]
Denoise = Annotated[
    int | None,
    typer.Option(
        "--denoise",
        metavar="N",
        parser=whole_number,
        help="Noise to remove while enlarging, where the upscaler can: photo 0 to 3.",
    ),
]
Sharpen = Annotated[
    float | None,
    typer.Option(
        "--sharpen",
        metavar="0-2",
        parser=number,
        help="Sharpen what was enlarged; 0.5 is gentle.",
    ),
]
Scale = Annotated[
    int | None,
    typer.Option(
        "--scale",
        "-s",
        metavar="2|3|4|8",
        parser=whole_number,
        help="Times as wide and as high; default 2.",
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="WxH", help="Exactly this size, as 4096x4096; the middle of other shapes."
    ),
]
LongEdge = Annotated[
    int | None,
    typer.Option(
        "--long-edge",
        metavar="N",
        parser=whole_number,
        help="N pixels on the longer side; larger pictures are left out.",
    ),
]
UpscalerOfFiles = Annotated[
    str | None,
    typer.Option(
        "--upscaler",
        metavar="NAME",
        autocompletion=completion.upscaler,
        help="Who enlarges: auto, photo, art, lanczos, nearest, NAME or NAME/MODEL of "
        "`imagine backends`, or a model file.",
        show_default=False,
    ),
]
PromptOfPicture = Annotated[
    str | None,
    typer.Option(
        "--prompt",
        metavar="WORDS",
        help="What the pictures show, for upscalers that read it (default: their own prompts).",
    ),
]
OutputBeside = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR|FILE",
        help="Where to save (default: beside each picture); made when missing.",
    ),
]
FormatAsSource = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        autocompletion=completion.picture_format,
        help="png, jpg, webp or avif; default each picture's own, where that is one of them.",
    ),
]
Recursive = Annotated[
    bool, typer.Option("--recursive", "-r", help="The directories in a directory, too.")
]
ForceAnew = Annotated[
    bool, typer.Option("--force", help="Make everything anew, what is finished too.")
]
VerboseFiles = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        help="Say sizes and times, too; -vv: every request too.",
        show_default=False,
    ),
]
DryRunFiles = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be made; write nothing.")
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
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        help="Say what the guard found, how long it took; -vv: every request too.",
        show_default=False,
    ),
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
InputFormat = Annotated[
    str | None,
    typer.Option(
        "--input-format",
        metavar="KIND",
        autocompletion=completion.input_format,
        help="txt, csv, tsv, jsonl, json or yaml; default by the file's ending, on stdin txt.",
    ),
]
Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency",
        "-j",
        metavar="N",
        parser=whole_number,
        help="Requests at a time at most; the server's own limit is found by itself.",
    ),
]
KeepGoing = Annotated[
    bool,
    typer.Option(
        "--keep-going", "-k", help="Record rows that cannot be read as failed; draw the others."
    ),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Try what failed or was refused before, only that.")
]
Force = Annotated[bool, typer.Option("--force", help="Draw everything, what is finished too.")]
Limit = Annotated[
    int | None,
    typer.Option("--limit", metavar="N", parser=whole_number, help="Only the first N items."),
]
Sample = Annotated[
    int | None,
    typer.Option(
        "--sample",
        metavar="N",
        parser=whole_number,
        help="Do N items of the input, picked by chance, the same each time.",
    ),
]
Shuffle = Annotated[bool, typer.Option("--shuffle", help="In an order by chance.")]
OrderBy = Annotated[
    str | None,
    typer.Option(
        "--order",
        metavar="BY",
        autocompletion=completion.batch_order,
        help="input (default), reverse, id or prompt.",
    ),
]
SampleSeed = Annotated[
    int,
    typer.Option(
        "--sample-seed",
        metavar="N",
        parser=whole_number,
        help="Another chance for --sample and --shuffle.",
    ),
]
Shard = Annotated[
    int | None,
    typer.Option(
        "--shard",
        metavar="N",
        parser=whole_number,
        help="Put every N items in a directory of their own: 0000, 0001, ...",
    ),
]
SeriesFile = Annotated[
    Path | None,
    typer.Option(
        "--series",
        metavar="FILE",
        help="What all pictures share: style, setting, characters (.yaml, .json, .toml).",
    ),
]
SeriesReference = Annotated[
    bool,
    typer.Option(
        "--series-reference", help="Draw the first item first, and show its picture to the rest."
    ),
]
Expand = Annotated[
    str | None,
    typer.Option(
        "--expand",
        metavar="all|N",
        help="Make every {red|blue} __wildcard__ variant of a prompt, or N by chance.",
    ),
]
ExpandMax = Annotated[
    int,
    typer.Option(
        "--expand-max", metavar="N", parser=whole_number, help="Variants of one prompt at most."
    ),
]
ExpandSeed = Annotated[
    int,
    typer.Option(
        "--expand-seed", metavar="N", parser=whole_number, help="Other variants by chance."
    ),
]
Wildcards = Annotated[
    Path | None,
    typer.Option(
        "--wildcards",
        metavar="DIR",
        help="Lists behind __names__ (.txt, .yaml, .json); default ./wildcards.",
    ),
]
