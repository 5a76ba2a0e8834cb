"""`imagine enhance`: prompts in, structured descriptions out; nothing is drawn."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from imagine.cli import completion, options
from imagine.cli.console import Console, fail_line
from imagine.stages.errors import ImagineError, UsageError, unknown_name

if TYPE_CHECKING:
    from imagine.cli.inputs import Item
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
    from imagine.cli.describing import describing_for, picked
    from imagine.cli.inputs import each, read_prompts
    from imagine.cli.purse import open_purse
    from imagine.cli.services import Services
    from imagine.cli.settings import load_settings
    from imagine.stages.description import unkept_ratio

    console = Console(quiet=quiet, verbose=verbose, json=json)
    settings = load_settings()
    _check_names(format, profile, json)
    if format == "toml" and (prompt in (None, [], ["-"]) or pick != 1):
        raise UsageError("--format toml holds one description; use json or yaml for several.")
    with Services(settings, console) as services:
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

        def describe_and_print(item: "Item") -> None:
            if describing.asks:
                describing.rehearse(item.prompt)
            with console.progress("Describing"), purse.describing(describing):
                answers = describing.describe(item.prompt)
            purse.described(answers, describing)
            chosen = picked(answers, console)
            as_json = json or (item.line is not None and format is None)
            place = item.line if len(chosen) == 1 else item.line or 1
            for description in chosen:
                if (note := unkept_ratio(description, ratio)) is not None:
                    console.warn(note)
                _print(description, console, None if as_json else format or "yaml", profile, place)

        def report(error: ImagineError, item: "Item") -> None:
            fail_line(error, line=item.line, prompt=item.prompt, json=json or format is None)

        each(read_prompts(prompt, file), describe_and_print, report=report)


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
    profile: str,
    line: int | None,
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
        console.result_json(numbered | description_values(description))
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
