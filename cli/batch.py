"""`imagine batch`: a file of prompts in, a directory of pictures and results.jsonl out."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imagine.cli import options
from imagine.cli.console import Console
from imagine.cli.planning import Wanted
from imagine.stages.errors import UsageError

if TYPE_CHECKING:
    from imagine.cli.batch_listing import Source
    from imagine.stages.batch.templates import Expansion

ORDERS = ("input", "reverse", "id", "prompt")
# Combinations of one template that are made without a word.
EXPAND_MAX = 1000


@dataclass(frozen=True, slots=True)
class Batching:
    """What is asked of a batch beside what is asked of each of its pictures."""

    words: tuple[str, ...] = ()
    file: Path | None = None
    input_format: str | None = None
    concurrency: int | None = None
    keep_going: bool = False
    retry_failed: bool = False
    force: bool = False
    limit: int | None = None
    sample: int | None = None
    shuffle: bool = False
    order: str | None = None
    sample_seed: int = 0
    shard: int | None = None
    series: Path | None = None
    series_reference: bool = False
    expand: str | None = None
    expand_max: int = EXPAND_MAX
    expand_seed: int = 0
    wildcards: Path | None = None
    show_prompt: bool = False
    dry_run: bool = False
    yes: bool = False

    @classmethod
    def among(cls, parameters: Mapping[str, Any]) -> "Batching":
        """Those of a command's parameters, by their names, that are about the batch."""
        return cls(**{field.name: parameters[field.name] for field in fields(cls)})

    @property
    def source(self) -> "Source":
        from imagine.cli.batch_listing import Source

        return Source(self.words, self.file, self.input_format, self._expansion())

    def _expansion(self) -> "Expansion | None":
        """What becomes of templates.

        Raises:
            UsageError: --expand is neither "all" nor a number.
        """
        if self.expand is None:
            return None
        from imagine.cli.settings import config_directory
        from imagine.stages.batch.templates import Expansion
        from imagine.stages.batch.wildcards import Wildcards

        own = [] if self.wildcards is None else [self.wildcards]
        wildcards = Wildcards([*own, Path("wildcards"), config_directory() / "wildcards"])
        if self.expand == "all":
            return Expansion(wildcards=wildcards, per_line=self.expand_max)
        count = options.whole_number(self.expand) if self.expand.isdigit() else 0
        if not 1 <= count <= self.expand_max:
            raise UsageError(
                f"--expand {self.expand} is neither 'all' nor a number from 1 to "
                f"{self.expand_max:,}; give one of them."
            )
        return Expansion(
            count=count, seed=self.expand_seed, wildcards=wildcards, per_line=self.expand_max
        )


def batch(
    source: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="As --file; - is stdin."),
    ] = None,
    *,
    file: options.File = None,
    input_format: options.InputFormat = None,
    concurrency: options.Concurrency = None,
    keep_going: options.KeepGoing = False,
    retry_failed: options.RetryFailed = False,
    force: options.Force = False,
    limit: options.Limit = None,
    sample: options.Sample = None,
    shuffle: options.Shuffle = False,
    order: options.OrderBy = None,
    sample_seed: options.SampleSeed = 0,
    shard: options.Shard = None,
    series: options.SeriesFile = None,
    series_reference: options.SeriesReference = False,
    expand: options.Expand = None,
    expand_max: options.ExpandMax = EXPAND_MAX,
    expand_seed: options.ExpandSeed = 0,
    wildcards: options.Wildcards = None,
    enhancer: options.Enhancer = None,
    no_enhance: options.NoEnhance = False,
    backend: options.Backend = None,
    model: options.Model = None,
    style: options.Styles = None,
    negative: options.Negative = None,
    aspect_ratio: options.AspectRatio = None,
    size: options.Size = None,
    num: options.Num = 1,
    seed: options.Seed = None,
    enhance_seed: options.EnhanceSeed = 0,
    steps: options.Steps = None,
    guidance: options.Guidance = None,
    image: options.Images = None,
    strength: options.Strength = None,
    mask: options.Mask = None,
    lora: options.Loras = None,
    scheduler: options.Scheduler = None,
    refine: options.Refine = None,
    refine_strength: options.RefineStrength = None,
    upscale: options.Upscale = None,
    upscaler: options.Upscaler = None,
    denoise: options.Denoise = None,
    sharpen: options.Sharpen = None,
    output: options.Output = None,
    name: options.NameTemplate = None,
    format: options.Format = None,
    quality: options.Quality = None,
    pick: options.Pick = 1,
    on_enhance_error: options.OnEnhanceError = None,
    cache: options.Cache = None,
    dry_run: options.DryRun = False,
    show_prompt: options.ShowPrompt = False,
    budget: options.Budget = None,
    yes: options.Yes = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
    metadata: options.Metadata = None,
    sidecar: options.Sidecar = None,
    words: Annotated[bool, typer.Option("--words", hidden=True)] = False,
) -> None:
    """Draw a file of prompts; again, it goes on where it stopped.

    What is finished is in results.jsonl, a line for each item, and is not drawn again. Each row of
    csv, jsonl and yaml may set any option for itself, by its name.
    """
    parameters = locals()
    from imagine.cli.batch_run import run_batch
    from imagine.cli.settings import load_settings

    console = Console(quiet=quiet, verbose=verbose, json=json)
    settings = load_settings()
    prompts, path = _where_from(source, file, words=words)
    wanted = Wanted.among(parameters | {"overwrite": False})
    batching = Batching.among(parameters | {"words": prompts, "file": path})
    run_batch(wanted, batching, settings, console, budget=budget)


def _where_from(
    source: list[str] | None, file: Path | None, *, words: bool
) -> tuple[tuple[str, ...], Path | None]:
    """The prompts of the command line, and the file of prompts.

    Args:
        words: what stands on the command line is a prompt, as without the word "batch".

    Raises:
        UsageError: both, or several files.
    """
    from imagine.cli.inputs import one_prompt

    if words:
        prompt = one_prompt(source, file)
        return ((), file) if prompt is None else ((prompt,), None)
    if not source:
        if file is None and sys.stdin is not None and sys.stdin.isatty():
            raise UsageError("There is no file; name one, as in: imagine batch prompts.txt.")
        one_prompt(None, file)
        return (), file
    if file is not None:
        raise UsageError(f"'{source[0]}' and --file '{file}' were both given; give one of them.")
    if " " in source[0] and not Path(source[0]).exists():
        raise UsageError(f"There is no file '{source[0]}'; to draw these words, leave `batch` out.")
    if len(source) > 1:
        raise UsageError(
            f"There are {len(source)} files; give one, or join them: cat a.txt b.txt | imagine."
        )
    return (), Path(source[0])


def refuse_for_many(*, edit: bool, open: bool, overwrite: bool, preview: bool) -> None:
    """Refuse what makes sense for one prompt only.

    Raises:
        UsageError: naming the option.
    """
    given = {"--edit": edit, "--open": open, "--overwrite": overwrite, "--preview": preview}
    for option, is_given in given.items():
        if is_given:
            raise UsageError(f"{option} is for one prompt, not for a batch; leave it out.")
