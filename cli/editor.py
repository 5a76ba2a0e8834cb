"""The user's editor on a description: a spec goes in, the edited spec comes out."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.cli.console import Console
from imagine.stages.errors import ConfigError, SpecError, UsageError

if TYPE_CHECKING:
    from imagine.stages.spec import PromptSpec

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
    from imagine.stages.spec import format_spec, parse_spec

    handle, name = tempfile.mkstemp(prefix="imagine-", suffix=".yaml")
    path = Path(name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(HEADER + format_spec(spec, format="yaml"))
    while True:
        try:
            _run_editor(path)
            text = path.read_text(encoding="utf-8")
            if not [line for line in text.splitlines() if line.strip() and line[0] != "#"]:
                path.unlink()
                raise UsageError("The description was emptied; nothing was drawn.")
            edited = parse_spec(text, format="yaml", origin="the edited description")
        except (SpecError, UnicodeDecodeError) as error:
            if not sys.stdin.isatty() or not _again(console, error):
                raise SpecError(f"{error} Your edit is kept in '{path}'.") from error
        except ConfigError:
            path.unlink()
            raise
        else:
            path.unlink()
            return edited


def _again(console: Console, error: Exception) -> bool:
    console.warn(str(error))
    # Not typer.confirm: it writes to stdout, where only results belong.
    sys.stderr.write("Open the editor again? [Y/n] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    return bool(answer) and answer.strip().lower() in ("", "y", "yes")


def _run_editor(path: Path) -> None:
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not command:
        raise ConfigError("No editor is set; set EDITOR, as in: export EDITOR=nano.")
    try:
        code = subprocess.run([*shlex.split(command), str(path)], check=False).returncode  # noqa: S603  # the user's own editor
    except (OSError, ValueError) as error:
        raise ConfigError(f"The editor '{command}' cannot be started: {error}.") from error
    if code:
        raise ConfigError(f"The editor '{command}' ended with {code}; nothing was drawn.")
