"""`imagine enhance`: prompts in, structured descriptions out; nothing is drawn."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from imagine.cli import completion, options
from imagine.cli.console import Console
from imagine.stages.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imagine.cli.describing import Answers, Describing
    from imagine.cli.purse import Purse
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
        printing = Printing(console, format, profile, ratio)
        if words is not None:
            with console.progress("Describing"):
                answers = answers_of(words, describing, purse)
            printing.answers(answers, None)
            return
        from imagine.cli.enhance_many import describe_all

        threads = 1 if most is None else describing_threads(who, most)
        describe_all(
            file,
            describing,
            settings=settings,
            services=services,
            purse=purse,
            printing=printing,
            threads=threads,
        )


def answers_of(prompt: str, describing: "Describing", purse: "Purse") -> "Answers":
    """What comes of describing one prompt, counted and written down.

    Raises:
        UsageError: the prompt or an option is unusable; nobody was paid.
        BudgetError: it could cost more than is left.
    """
    if describing.asks:
        describing.rehearse(prompt)
    with purse.describing(describing):
        answers = describing.describe(prompt)
        purse.described(answers, describing)
    return answers


@dataclass(frozen=True, slots=True)
class Printing:
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
