"""`imagine enhance`: prompts in, structured descriptions out; nothing is drawn."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from imagine.cli import completion, options
from imagine.cli.console import Console, fail_line
from imagine.stages.errors import (
    BudgetError,
    ConfigError,
    ImagineError,
    ItemsFailedError,
    UsageError,
    unknown_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imagine.cli.describing import Answers, Describing
    from imagine.cli.purse import Purse
    from imagine.cli.settings import Settings
    from imagine.stages.batch.rows import BadRow, Row
    from imagine.stages.description import Description

FORMATS = ["yaml", "json", "toml", "text", "prompt"]
PROFILES = ["natural", "clip75", "json"]


def enhance(
    prompt: options.Words = None,
    *,
    file: options.File = None,
    enhancer: options.Enhancer = None,
    style: options.Styles = None,
    negative: options.Negative = None,
    aspect_ratio: options.AspectRatio = None,
    enhance_seed: options.EnhanceSeed = 0,
    image: options.DescribedImages = None,
    pick: options.Pick = 1,
    on_enhance_error: options.OnEnhanceError = None,
    cache: options.Cache = None,
    budget: options.Budget = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            autocompletion=completion.spec_format,
            help="yaml (default), json, toml: the description. text: to read. "
            "prompt: just the final prompt, one line each.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        str,
        typer.Option(
            "--profile",
            metavar="PROFILE",
            autocompletion=completion.profile,
            help="Model family of --format prompt: natural, clip75, json.",
        ),
    ] = "natural",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = 0,
) -> None:
    """Turn a prompt into its structured description, and draw nothing.

    One prompt gives a description that `imagine generate --spec` draws. Several, one a line from
    stdin or --file, give JSON Lines of {prompt, spec, rendered, guard, notes}, as does --json.
    """
    from imagine.cli import order as choose
    from imagine.cli.batch_pools import MOST, describing_threads
    from imagine.cli.describing import describing_for
    from imagine.cli.inputs import one_prompt
    from imagine.cli.purse import open_purse
    from imagine.cli.services import Services
    from imagine.cli.settings import load_settings

    console = Console(quiet=quiet, verbose=verbose, json=json)
    settings = load_settings()
    _check_names(format, profile, json)
    if format == "toml" and (prompt in (None, [], ["-"]) or pick != 1):
        raise UsageError("--format toml holds one description; use json or yaml for several.")
    words = one_prompt(prompt, file)
    most = None if words is not None else settings.whole("concurrency") or MOST
    with Services(settings, console, many=most) as services:
        who, why = services.enhancer(enhancer)
        _, ratio = choose.given_size(None, aspect_ratio)
        describing = describing_for(
            settings,
            who,
            on_error=on_enhance_error,
            seed=choose.check_seed("--enhance-seed", enhance_seed),
            styles=choose.choose_styles(settings, style),
            negative=[*settings.items("negative"), *(negative or [])],
            aspect_ratio=ratio,
            images=choose.seen_references(image, who),
            pick=pick,
            cache=cache,
        )
        purse = open_purse(settings, console, budget=budget, yes=True)
        console.note(f"Enhancer {choose.titled(who)}" + (f" ({why})." if why else "."))
        printing = _Printing(console, format, profile, ratio)
        if words is not None:
            with console.progress("Describing"):
                answers = _answers(words, describing, purse)
            printing.answers(answers, None)
            return
        threads = 1 if most is None else describing_threads(who, most)
        _describe_all(file, describing, settings, purse, printing, threads=threads)


def _answers(prompt: str, describing: "Describing", purse: "Purse") -> "Answers":
    if describing.asks:
        describing.rehearse(prompt)
    with purse.describing(describing):
        answers = describing.describe(prompt)
        purse.described(answers, describing)
    return answers


def _describe_all(
    file: Path | None,
    describing: "Describing",
    settings: "Settings",
    purse: "Purse",
    printing: "_Printing",
    *,
    threads: int,
) -> None:
    """Describe line after line, several at a time; print them in their order.

    Raises:
        BudgetError, ConfigError: the next line would fare no better.
        ItemsFailedError: some failed; each was reported.
        UsageError: there was none, or they cannot be read.
    """
    from imagine.cli.batch_listing import Source
    from imagine.stages.batch.ordered import in_order
    from imagine.stages.batch.rows import BadRow

    console = printing.console
    # In threads, these would be made twice.
    _ = purse.budget, purse.ledger, purse.prices

    def work(row: "Row | BadRow") -> "Answers":
        if isinstance(row, BadRow):
            raise row.error
        if row.spec is not None:
            raise UsageError("The row is described already; leave it out.")
        return _answers(str(row.prompt), _of_row(describing, row, settings), purse)

    done = failed = 0
    rows = Source(file=file).open(console.warn).rows
    for row, call in in_order(rows, work, threads=threads):
        done += 1
        try:
            carried = {} if isinstance(row, BadRow) else _carried(row)
            printing.answers(call.result(), row.line, carried)
        except (BudgetError, ConfigError):
            raise
        except ImagineError as error:
            failed += 1
            text = row.text if isinstance(row, BadRow) else str(row.prompt)
            fail_line(error, line=row.line, prompt=text, json=printing.as_lines)
    if not done:
        raise UsageError("The input holds no prompt; write one on a line.")
    if failed == done:
        raise ItemsFailedError("The only prompt failed." if done == 1 else "All prompts failed.")
    if failed:
        raise ItemsFailedError(f"{failed} of {done} prompts failed; the others are done.")


# Options of a row that decide its description; the others go on to whoever draws it.
_APPLIED = ("style", "negative", "aspect_ratio", "enhance_seed")


def _of_row(describing: "Describing", row: "Row", settings: "Settings") -> "Describing":
    """How to describe a row that has options of its own.

    Raises:
        UsageError: one is wrong.
    """
    from imagine.cli import order as choose

    own: dict[str, Any] = {name: row.options[name] for name in _APPLIED if name in row.options}
    changes: dict[str, Any] = {}
    if "style" in own:
        changes["styles"] = choose.choose_styles(settings, own["style"])
    if "negative" in own:
        changes["negative"] = [*settings.items("negative"), *own["negative"]]
    if "aspect_ratio" in own:
        changes["aspect_ratio"] = choose.given_size(None, own["aspect_ratio"])[1]
    if "enhance_seed" in own:
        changes["seed"] = choose.check_seed("enhance_seed", own["enhance_seed"])
    return replace(describing, **changes) if changes else describing


def _carried(row: "Row") -> dict[str, Any]:
    """What of a row its description does not hold, so that `imagine batch` reads it again."""
    identity = {} if row.id is None else {"id": row.id}
    options = {name: value for name, value in row.options.items() if name not in _APPLIED}
    return {**identity, **options, **row.extra}


@dataclass(frozen=True, slots=True)
class _Printing:
    """How descriptions are printed.

    Attributes:
        format: None for YAML, and for several the JSON objects with everything.
        ratio: of the options.
    """

    console: Console
    format: str | None
    profile: str
    ratio: str | None

    @property
    def as_lines(self) -> bool:
        """Whether each line of several gets its JSON object."""
        return self.console.json or self.format is None

    def answers(
        self, answers: "Answers", line: int | None, carried: "Mapping[str, Any] | None" = None
    ) -> None:
        """Print one description, or the alternatives.

        Args:
            line: of several; None for the prompt of the command line.
            carried: goes into the JSON object beside the description.

        Raises:
            ImagineError: there is none.
        """
        from imagine.cli.describing import picked
        from imagine.stages.description import unkept_ratio

        chosen = picked(answers, self.console)
        as_json = self.console.json or (line is not None and self.format is None)
        place = line if len(chosen) == 1 else line or 1
        for description in chosen:
            if (note := unkept_ratio(description, self.ratio)) is not None:
                self.console.warn(note)
            format = None if as_json else self.format or "yaml"
            _print(
                description,
                self.console,
                format,
                profile=self.profile,
                line=place,
                carried=carried or {},
            )


def _check_names(format: str | None, profile: str, json: bool) -> None:
    if json and format not in (None, "json"):
        raise UsageError(f"--json and --format {format} exclude each other; give one.")
    for kind, name, known in (("format", format, FORMATS), ("profile", profile, PROFILES)):
        if name is not None and name not in known:
            raise unknown_name(kind, name, known)
    if profile != "natural" and format != "prompt":
        raise UsageError(f"--profile {profile} goes with --format prompt; add that.")


def _print(
    description: "Description",
    console: Console,
    format: str | None,
    *,
    profile: str,
    line: int | None,
    carried: "Mapping[str, Any]",
) -> None:
    """One description in the format; None is the JSON object with everything."""
    from imagine.cli.console import is_terminal
    from imagine.cli.text import description_values, guard_text, spec_text
    from imagine.stages.render import Profile, render
    from imagine.stages.spec import SpecFormat, format_spec

    place = "" if line is None else f"line {line}: "
    if description.guard.findings:
        console.detail(place + guard_text(description))
    for note in description.notes:
        console.warn(place + note)
    if format is None:
        numbered = {} if line is None else {"line": line}
        console.result_json({**numbered, **carried, **description_values(description)})
    elif format == "text":
        console.result(spec_text(description.spec) + ("\n" if line is not None else ""))
    elif format == "prompt":
        final = render(description.spec, cast(Profile, profile), intent=description.intent).prompt
        # One line each, so that the next program can count on it.
        console.result(" ".join(final.split("\n")))
    else:
        text = format_spec(description.spec, format=cast(SpecFormat, format))
        console.result(_separated(text, format, line))
        if line is None and is_terminal():
            console.note("Save it to a file and draw it: imagine generate --spec FILE")


def _separated(text: str, format: str, line: int | None) -> str:
    """Documents of one stream: YAML's separator between them, a line of its own for JSON."""
    if line is None:
        return text.rstrip("\n")
    if format == "json":
        import json

        return json.dumps(json.loads(text), ensure_ascii=False)
    return "---\n" + text.rstrip("\n")
