"""START HERE. Arguments go in, an exit code comes out: `imagine PROMPT` and its commands.

The top level of this file imports nothing but the standard library's smallest parts, so that
`imagine --version` costs no more than starting Python.
"""

import atexit
import sys

TYPE_CHECKING = False  # what typing calls so; importing it would cost a third of --version
if TYPE_CHECKING:
    from imagine.stages.errors import UsageError

# name -> one line of help; cli/<name>.py holds the command. In the order of `imagine --help`.
COMMANDS = {
    "generate": "Draw a picture from a prompt; the default command.",
    "batch": "Draw a file of prompts; again, it goes on where it stopped.",
    "enhance": "Turn a prompt into its structured description, and draw nothing.",
    "show": "Show what a picture was made from.",
    "replay": "Draw a picture again from the file alone; options win.",
    "refine": "Change one thing of a picture and draw it again.",
    "upscale": "Enlarge pictures; again, it goes on where it stopped.",
    "cost": "Show what was spent, or the known prices.",
    "cache": "Show or clear the descriptions that were paid for.",
    "styles": "List the style presets, or show one.",
    "backends": "List what can describe, draw and enlarge.",
    "models": "List, add, download, convert or remove models of this machine.",
    "config": "Show every setting, its value and where it came from.",
    "doctor": "Check that everything works here.",
}
# Those with commands of their own.
GROUPS = {"models": ("list", "show", "add", "remove", "download", "convert")}
# Exit codes after Ctrl-C, SIGTERM and SIGHUP.
STOPPED_BY_SIGNAL = (130, 143, 129)
GROUP_OPTIONS = ("--help", "-h", "--version", "-V", "--install-completion", "--show-completion")


def main() -> None:
    """Run the command line; the process ends with its exit code."""
    codes: list[int] = []
    # Before all others that will be registered, so that it is called when they have been.
    atexit.register(_leave_torch_standing, codes)
    try:
        arguments = _arguments()
        if arguments in (["--version"], ["-V"]) and sys.stdout is not None:
            _print_version(True)
            return
        code = run(arguments)
    except KeyboardInterrupt:
        code = 130
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    if code in STOPPED_BY_SIGNAL:
        from imagine.cli.signals import end_now

        end_now(code)
    codes.append(code)
    sys.exit(code)


def _leave_torch_standing(codes: list[int]) -> None:
    """At exit, when all else is done: Python would take a second and more to take torch apart."""
    if codes and "torch" in sys.modules:
        from imagine.cli.signals import end_now

        end_now(codes[0])


def _arguments() -> list[str]:
    """The words of the command line: UTF-8, whatever the locale says."""
    if sys.platform == "win32" or sys.getfilesystemencoding() == "utf-8":
        return sys.argv[1:]
    import os

    return [os.fsencode(word).decode("utf-8", "surrogateescape") for word in sys.argv[1:]]


def _print_version(wanted: bool) -> None:
    if wanted:
        from imagine.stages import VERSION

        print(f"imagine {VERSION}")


def run(arguments: list[str]) -> int:
    """Run one command line.

    Returns:
        the exit code, see imagine.stages.errors; 130 after Ctrl-C, 141 when the reader of stdout
        went away, 1 for a fault of the program itself.
    """
    from imagine.cli.signals import Interruption, watch_signals

    interruption = Interruption()
    try:
        with watch_signals(interruption):
            _prepare_streams()
            code = _run(arguments)
            sys.stdout.flush()
            _flush_stderr()
            return code
    except KeyboardInterrupt as error:
        return interruption.report(json="--json" in arguments, told=str(error))
    except BrokenPipeError:
        # The reader of stdout is gone, as with `| head -1`.
        _discard_stdout()
        return 141
    except Exception as error:  # noqa: BLE001  # the last resort: one line instead of a traceback
        if interruption.happened:
            # Some libraries turn Ctrl-C into an error of their own.
            return interruption.report(json="--json" in arguments)
        return _report_fault(error, arguments)


def _flush_stderr() -> None:
    """What a full stderr cannot take is lost here, before Python ends with 120 because of it."""
    import os

    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _prepare_streams() -> None:
    """UTF-8 in and out, whatever the locale says; a closed stdout swallows what is written."""
    import os

    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # Paths may hold bytes that are not UTF-8; stdout gives them back as they came.
            errors = "surrogateescape" if stream is sys.stdout else "backslashreplace"
            reconfigure(encoding="utf-8", errors=errors)


def _report_fault(error: Exception, arguments: list[str]) -> int:
    """A full device behind stdout, or a fault of ours; with -v, where it happened."""
    from imagine.cli.console import fail
    from imagine.stages.errors import ImagineError, unwritable

    if isinstance(error, OSError) and error.filename is None:
        _discard_stdout()
        return fail(ImagineError(unwritable("The output", error)))
    if {"-v", "--verbose"} & set(arguments):
        import traceback

        traceback.print_exc()
    told = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    fault = f"This is a fault of imagine itself ({told}); run it with -v and report what it says."
    return fail(ImagineError(fault), json="--json" in arguments)


def _discard_stdout() -> None:
    """Python flushes stdout once more at its end, and would fail once more."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: list[str]) -> int:
    if not arguments and sys.stdin is not None and sys.stdin.isatty():
        arguments = ["--help"]

    import os

    from typer.exceptions import Exit, TyperException

    from imagine.cli.console import fail
    from imagine.stages.errors import ImagineError, ItemsFailedError

    # pydantic would look for plugins in every installed distribution, a twentieth of a second.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if "_IMAGINE_COMPLETE" in os.environ:
        from imagine.cli.completion import name_default_command

        name_default_command(COMMANDS)
        _command(None)(args=arguments, prog_name="imagine")
        return 0
    try:
        name, completed = with_command(arguments)
        command = _command(name)
        try:
            # Not command.main(): it has its own ideas about Ctrl-C and broken pipes.
            with command.make_context("imagine", completed) as context:
                command.invoke(context)
        except TyperException as error:
            raise _usage_error(error.format_message(), name, arguments) from error
        except Exit as request:
            return request.exit_code
    except ItemsFailedError as error:
        # With --json every failed line had an object of its own.
        return fail(error)
    except ImagineError as error:
        return fail(error, json="--json" in arguments)
    return 0


def _usage_error(message: str, name: str | None, arguments: list[str]) -> "UsageError":
    """A mistake in options or arguments, as one line with what to do."""
    from imagine.stages.errors import UsageError

    told = " ".join(message.split()).rstrip(".")
    command = f"imagine {name}" if name else "imagine"
    within = name is not None and arguments[1:2] and arguments[1] in GROUPS.get(name, ())
    if within:
        command += f" {arguments[1]}"
    hint = f"see `{command} --help`"
    refused = told.removeprefix("No such option: ").partition(" ")[0]
    if name == "generate" and refused in BATCH_OPTIONS:
        hint = "see `imagine batch --help`, whose option it is"
    elif (other := OTHERS_OPTIONS.get(name or "", {}).get(refused.partition("=")[0])) is not None:
        hint = f"here it is {other}, {hint}"
    words_only = not any(word.startswith("-") or _names_file(word) for word in arguments)
    # typer's own, of a command of a group: who mistypes one draws nothing.
    said, mistyped, near = told.partition(". Did you mean ")
    if name == arguments[0] != "generate" and words_only and not within and not mistyped:
        prompt = " ".join(arguments)
        quoted = f'"{prompt}"' if " " in prompt else prompt
        hint += f", or `imagine generate {quoted}` to draw that"
    if mistyped:
        return UsageError(f"{said}; did you mean {near} ({hint}).")
    return UsageError(f"{told}; {hint}.")


# What one command calls otherwise than another: command, its neighbour's option, its own.
_DRAWING = {"--to": "--size", "--scale": "--upscale", "--long-edge": "--size or --upscale"}
OTHERS_OPTIONS = {
    "generate": _DRAWING,
    "batch": _DRAWING,
    "refine": _DRAWING,
    "upscale": {"--size": "--to", "--upscale": "--scale"},
}


def _names_file(word: str) -> bool:
    import os

    # Unlike Path.exists, it takes any text for a name: too long ones, too.
    return os.path.exists(word)  # noqa: PTH110


def with_command(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Put the default command in where none is named.

    Returns:
        the command's name (None for the group's own options), and the arguments with it.

    Raises:
        UsageError: a single word looks like a mistyped command.
    """
    first = arguments[0] if arguments else ""
    if first in COMMANDS:
        return first, arguments
    if first in GROUP_OPTIONS or first.startswith("--show-completion="):
        return None, arguments
    if first.isalpha():
        _refuse_mistyped_command(first, arguments[1:])
    if _is_batch(arguments):
        return "batch", ["batch", "--words", *arguments]
    return "generate", ["generate", *arguments]


# Options of `imagine batch` alone: whoever gives one means a batch.
BATCH_OPTIONS = (
    *("--input-format", "--concurrency", "-j", "--keep-going", "-k", "--retry-failed", "--force"),
    *("--limit", "--sample", "--shuffle", "--order", "--sample-seed", "--shard", "--series"),
    *("--series-reference", "--expand", "--expand-max", "--expand-seed", "--wildcards"),
)


def _is_batch(arguments: list[str]) -> bool:
    import re

    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    # A short option may have its value attached: -j4.
    return any(
        word.partition("=")[0] in BATCH_OPTIONS or re.fullmatch("-[jk][0-9]*", word)
        for word in words
    )


# Words that other programs have as commands.
USUAL = {
    "help": "imagine --help",
    "version": "imagine --version",
    "list": "imagine backends",
    "keys": "imagine config",
    "login": "imagine config",
}


def _refuse_mistyped_command(word: str, rest: list[str]) -> None:
    """Ask instead of drawing, where a command seems to be meant: alone, on a file, or quoted."""
    from difflib import get_close_matches

    from imagine.stages.errors import UsageError

    group = next(iter(get_close_matches(word.lower(), GROUPS, n=1, cutoff=0.7)), None)
    within = group is not None and rest and rest[0] in GROUPS[group]
    if rest and not within and not any(" " in other or _names_file(other) for other in rest):
        return
    meant = f"imagine {group} {rest[0]}" if within else USUAL.get(word.lower())
    if meant is None:
        # A word before a file is a command more surely than a word alone.
        cutoff = 0.7 if rest else 0.8
        near = get_close_matches(word.lower(), COMMANDS, n=1, cutoff=cutoff)
        meant = f"imagine {near[0]}" if near else None
    if meant is not None:
        quoted = f'"{" ".join([word, *rest])}"' if rest else word
        raise UsageError(
            f"'{word}' is nearly a command: run `{meant}`, "
            f"or `imagine generate {quoted}` to draw it."
        )


def _command(name: str | None):  # type: ignore[no-untyped-def]  # typer names its command class privately
    """The command line as typer runs it; only the command that is asked for is imported."""
    import os
    from importlib import import_module
    from typing import Annotated

    import typer

    app = typer.Typer(
        name="imagine",
        help="From a short prompt to a picture, by way of a structured description.",
        epilog='`imagine "PROMPT"` is short for `imagine generate "PROMPT"`; '
        "all its options: `imagine generate --help`.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        no_args_is_help=False,
    )
    completing = "_IMAGINE_COMPLETE" in os.environ

    @app.callback()
    def group(
        version: Annotated[bool, typer.Option("--version", "-V", help="Show the version.")] = False,
    ) -> None:
        # Reached with further arguments only; alone it is answered before typer is imported.
        _print_version(version)

    def not_loaded() -> None:
        raise AssertionError("only listed in the help")

    for command, summary in COMMANDS.items():
        if command == name or completing:
            found = getattr(import_module(f"imagine.cli.{command}"), command)
            if isinstance(found, typer.Typer):
                # One with commands of its own.
                app.add_typer(found, name=command)
            else:
                app.command(command)(found)
        else:
            app.command(command, help=summary)(not_loaded)
    return typer.main.get_command(app)


if __name__ == "__main__":
    main()
