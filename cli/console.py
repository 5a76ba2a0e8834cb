"""All printing: results to stdout, the rest to stderr; colour and bars in a terminal only."""

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from imagine.cli.streams import STREAMS
from imagine.stages.errors import ImagineError, UsageError

# Zero-width joiners belong to emoji and to several scripts.
ALLOWED = "\n\t\u200c\u200d"
# A batch of any length may say something new with every item.
MOST_REMEMBERED = 1000

if TYPE_CHECKING:
    from imagine.stages.image import Progress


def visible(text: str) -> str:
    """`text` with control characters spelt out, so that no file or server drives the terminal."""
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    harmless = char in ALLOWED or unicodedata.category(char) not in ("Cc", "Cf", "Cs")
    return char if harmless else f"\\u{ord(char):04x}"


def is_terminal() -> bool:
    """Whether stderr is a terminal that understands escape sequences."""
    return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class Console:
    """Prints for one command; any thread may call it, and lines stay whole and in order.

    Args:
        quiet: no notes, no progress: errors only.
        verbose: how often -v was given.
        json: results are JSON; nothing else reaches stdout.
    """

    def __init__(self, *, quiet: bool = False, verbose: int = 0, json: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.json = json
        self._said: dict[str, None] = {}
        self._remembering = Lock()

    def result(self, text: str) -> None:
        """A result for the next program: one line on stdout, at once.

        A terminal gets control characters spelt out; a pipe gets every byte as it is.
        """
        STREAMS.write_out((visible(text) if sys.stdout.isatty() else text) + "\n")

    def result_json(self, value: Mapping[str, Any]) -> None:
        """One JSON object on one line, in UTF-8; lone surrogates (odd paths) as escapes."""
        text = json.dumps(value, ensure_ascii=False)
        try:
            text.encode()
        except UnicodeEncodeError:
            text = json.dumps(value)
        self.result(text)

    def note(self, text: str) -> None:
        """What the user should know."""
        if not self.quiet:
            _write(text, style="dim")

    def note_once(self, text: str) -> None:
        """As `note`, however often it would be said in one run."""
        with self._remembering:
            if text in self._said:
                return
            self._said[text] = None
            if len(self._said) > MOST_REMEMBERED:
                del self._said[next(iter(self._said))]
        self.note(text)

    def warn(self, text: str) -> None:
        if not self.quiet:
            _write(text, style="yellow")

    def detail(self, text: str) -> None:
        """Said with -v only."""
        if self.verbose and not self.quiet:
            _write(text, style="dim")

    def show(self, text: str) -> None:
        """What a question is about: shown with --quiet too."""
        _write(text, style="dim")

    def can_ask(self) -> bool:
        """Whether a person sits at both ends, and stdout is not meant for a program."""
        return is_terminal() and sys.stdin is not None and sys.stdin.isatty() and not self.json

    def ask(self, question: str) -> str:
        """One line that the user types, without outer white space.

        Raises:
            UsageError: the input ended.
        """
        sys.stderr.write(visible(question))
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            sys.stderr.write("\n")
            raise UsageError("The question was not answered; nothing was done.")
        return line.strip()

    @contextmanager
    def progress(
        self, stage: str, *, time_left: bool = False, previews: bool = False
    ) -> Iterator[Callable[["Progress"], None]]:
        """A bar while one stage runs; yields what to call with each step.

        Before the first step the bar only pulses: not every stage knows how long it is.

        Args:
            time_left: also say how much of it is done, and how long the rest will take.
            previews: show the picture above it as far as it has come, where a step has one.
        """
        if self.quiet or not is_terminal():
            yield lambda step: None
            return
        from imagine.cli.bars import bar

        with bar(visible(stage), time_left=time_left, previews=previews) as tell:
            yield tell


def _write(text: str, *, style: str) -> None:
    """One line on stderr; rich is loaded in a terminal only.

    A closed or full stderr stops no picture from being drawn.
    """
    line = visible(text)
    STREAMS.write_err(styled(line, style) if is_terminal() else line + "\n")


def styled(line: str, style: str) -> str:
    """The line with its end, and with the escape sequences of a style that stderr understands."""
    from rich.console import Console as RichConsole
    from rich.text import Text

    rich = RichConsole(stderr=True, highlight=False)
    if rich.legacy_windows:
        # Old consoles know no escape sequences.
        return line + "\n"
    with rich.capture() as captured:
        rich.print(Text(line, style=style), soft_wrap=True)
    return captured.get()


def fail(error: ImagineError, *, json: bool = False, where: str = "") -> int:
    """Report an error: one line on stderr, and with `json` an envelope on stdout.

    Returns:
        its exit code.
    """
    _write(f"Error: {where}{' '.join(str(error).split())}", style="bold red")
    if json:
        Console().result_json(error_envelope(error))
    return error.exit_code


def fail_line(
    error: ImagineError, *, line: int | None, prompt: str, json: bool, origin: str = ""
) -> None:
    """Report the error of one line of several; with `json` an envelope that names the line.

    Args:
        origin: the file of the line; "" for stdin.
    """
    fail(error, where=f"{origin} line {line}: ".lstrip())
    if json:
        Console().result_json({"line": line, "prompt": prompt, **error_envelope(error)})


def error_envelope(error: ImagineError) -> dict[str, Any]:
    """`{"ok": false, "error": {type, message, exit_code}}`, the same for every command.

    Under `images` stand those pictures of the prompt that were finished before.
    """
    told = {
        "type": type(error).__name__,
        "message": str(error),
        "exit_code": error.exit_code,
    }
    finished = {"images": list(error.finished)} if error.finished else {}
    return {"ok": False, "error": told, **finished}
