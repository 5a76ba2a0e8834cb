"""Where prompts come from: words of the command line, a file or stdin; out comes a stream."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from imagine.stages.errors import BudgetError, ImagineError, ItemsFailedError, UsageError
from imagine.stages.spec import clean_prompt

# No prompt is longer than 4,000 characters; a longer line is a wrong file, not to be held whole.
MAX_LINE = 1_000_000
# Keys of a JSON line that a reader of the line would expect to be obeyed.
OPTIONS = (
    "negative",
    "style",
    "seed",
    "size",
    "aspect_ratio",
    "num",
    "enhancer",
    "backend",
    "model",
    "steps",
    "guidance",
    "image",
    "strength",
    "output",
    "name",
    "format",
    "quality",
    "spec",
)


@dataclass(frozen=True, slots=True)
class Item:
    """One prompt, or why its line cannot be read.

    Attributes:
        line: its number in the file or on stdin; None for a prompt of the command line.
    """

    prompt: str = ""
    line: int | None = None
    error: ImagineError | None = None


def read_prompts(words: list[str] | None, file: Path | None) -> Iterator[Item]:
    """The prompts of one command line, as they come.

    Args:
        words: positional arguments; a prompt without quotes comes as several words, "-" is stdin.
        file: lines of text, or of JSON objects with a "prompt"; empty ones and # comments are left
            out.

    Raises:
        UsageError: no prompt, two sources of prompts, or an unreadable file.
    """
    if words and file is not None:
        raise UsageError("A prompt and --file were both given; give one of them.")
    if words and words != ["-"]:
        return iter([Item(_one_prompt(words))])
    if file is not None and str(file) != "-":
        try:
            return _lines(file.open("rb"))
        except OSError as error:
            raise UsageError(
                f"'{file}' cannot be read: {error.strerror}; check the path."
            ) from error
    if sys.stdin is None or (sys.stdin.isatty() and not words and file is None):
        raise UsageError('There is no prompt; say what to draw, as in: imagine "a red fox".')
    return _lines(sys.stdin.buffer, close=False)


def _one_prompt(words: list[str]) -> str:
    if len(words) > 1 and any(" " in word.strip() for word in words):
        raise UsageError(
            f"There are {len(words)} prompts; give one in quotes, or one a line on stdin."
        )
    if len(words) == 1 and "." in words[0] and os.path.exists(words[0]):  # noqa: PTH110  # takes any text
        raise UsageError(
            f"'{words[0]}' is a file: give a picture to `imagine show`, `imagine refine` or "
            "--image, a list of prompts to --file, a description to --spec; or put a space before "
            "the name to mean the words."
        )
    return clean_prompt(" ".join(words))


def _lines(stream: IO[bytes], *, close: bool = True) -> Iterator[Item]:
    with stream if close else nullcontext(stream) as lines:
        number = 0
        while raw := lines.readline(MAX_LINE):
            number += 1
            if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
                while (rest := lines.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                    pass
                error = UsageError(f"The line has over {MAX_LINE:,} bytes, which is no prompt.")
                yield Item(line=number, error=error)
                continue
            item = _item(raw, number)
            if item is not None:
                yield item


def _item(raw: bytes, number: int) -> Item | None:
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        if text.startswith("{"):
            return Item(_json_prompt(text), number)
    except UnicodeDecodeError:
        return Item(line=number, error=UsageError("The line is not UTF-8; convert the file."))
    except UsageError as error:
        return Item(line=number, error=error)
    return Item(text, number) if text and not text.startswith("#") else None


def _json_prompt(text: str) -> str:
    """The prompt of a JSON line; a line that only looks like JSON is a prompt in braces."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return text
    prompt = row.get("prompt")
    if not isinstance(prompt, str):
        raise UsageError('The JSON object has no text under "prompt"; add it.')
    for name in OPTIONS:
        if name in row:
            raise UsageError(
                f"The JSON object sets '{name}', but only its prompt is read; "
                f"give --{name.replace('_', '-')} and leave it out."
            )
    return prompt


def each(
    items: Iterator[Item],
    act: Callable[[Item], None],
    *,
    report: Callable[[ImagineError, Item], None],
) -> None:
    """Act on item after item; one that fails is reported and does not stop the next.

    Raises:
        ImagineError: of the only prompt of the command line.
        ItemsFailedError: some of several lines failed.
        UsageError: there was no prompt.
        BudgetError: nothing more may be spent.
    """
    done = failed = 0
    for item in items:
        try:
            if item.error is not None:
                raise item.error
            act(item)
        except ImagineError as error:
            # What may not be spent for one line may not be spent for the next.
            if item.line is None or isinstance(error, BudgetError):
                raise
            report(error, item)
            failed += 1
        done += 1
    if not done:
        raise UsageError("The input holds no prompt; write one on a line.")
    if failed == done:
        raise ItemsFailedError("The only prompt failed." if done == 1 else "All prompts failed.")
    if failed:
        raise ItemsFailedError(f"{failed} of {done} prompts failed; the others are done.")
