"""The user's editor on a description: a spec goes in, the edited spec comes out."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.cli.console import Console
from imagine.cli.signals import ignoring_interrupts
from imagine.stages.errors import ConfigError, SpecError, UsageError

if TYPE_CHECKING:
    from imagine.stages.spec import PromptSpec

STDERR = 2  # the descriptor
HEADER = """\
# The description of the picture. Save and close the editor to draw it; empty the file to give up.
# Fields: subjects, relations, setting, style, composition, lighting, camera, mood, palette, text,
# exclude, aspect_ratio. What stands in source_prompt is sent word for word.
"""


def edit_spec(spec: "PromptSpec", console: Console) -> "PromptSpec":
    """Let the user edit the spec as YAML in $VISUAL or $EDITOR.

    Raises:
        ConfigError: there is no editor, or it cannot be started.
        UsageError: the user gave up.
        SpecError: the result is no description and nobody is there to correct it; the message
            names the file that keeps the edit.
    """
    from imagine.stages.spec import format_spec

    handle, name = tempfile.mkstemp(prefix="imagine-", suffix=".yaml")
    path = Path(name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(HEADER + format_spec(spec, format="yaml"))
    keep = False
    try:
        while True:
            _run_editor(path)
            try:
                return _read(path)
            except SpecError as error:
                keep = True
                if not sys.stdin.isatty() or not _again(console, error):
                    raise SpecError(f"{error} Your edit is kept in '{path}'.") from error
                keep = False
    finally:
        if not keep:
            path.unlink(missing_ok=True)


def _read(path: Path) -> "PromptSpec":
    """The edited description.

    Raises:
        UsageError: there is nothing left of it.
        SpecError: it is no description.
    """
    from imagine.stages.spec import parse_spec

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError("The edited description is not UTF-8 text; save it as UTF-8.") from error
    except OSError as error:
        raise UsageError("The edited description is gone; nothing was drawn.") from error
    if not [line for line in text.splitlines() if line.strip() and line[0] != "#"]:
        raise UsageError("The description was emptied; nothing was drawn.")
    return parse_spec(text, format="yaml", origin="the edited description")


def _again(console: Console, error: Exception) -> bool:
    console.warn(str(error))
    # Not typer.confirm: it writes to stdout, where only results belong.
    sys.stderr.write("Open the editor again? [Y/n] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    return bool(answer) and answer.strip().lower() in ("", "y", "yes")


def editor_command() -> str:
    """What --edit runs.

    Raises:
        ConfigError: no editor is set.
    """
    command = (os.environ.get("VISUAL") or os.environ.get("EDITOR") or "").strip()
    if not command:
        raise ConfigError("No editor is set; set EDITOR, as in: export EDITOR=nano.")
    return command


def _run_editor(path: Path) -> None:
    command = editor_command()
    # Results go to our stdout; where that is no terminal, the editor shows itself on stderr.
    shown_on = None if sys.stdout.isatty() else STDERR
    try:
        with ignoring_interrupts():
            done = subprocess.run([*shlex.split(command), str(path)], stdout=shown_on, check=False)  # noqa: S603  # the user's own editor
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"The editor '{command}' cannot be started: {told}; set EDITOR to another."
        ) from error
    if done.returncode:
        raise ConfigError(
            f"The editor '{command}' ended with {done.returncode}; nothing was drawn, try again."
        )
