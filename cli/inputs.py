"""Where the prompt comes from: words of the command line, or many of them from a file or stdin."""

import os
import sys
from pathlib import Path

from imagine.stages.errors import UsageError
from imagine.stages.spec import clean_prompt


def one_prompt(words: list[str] | None, file: Path | None) -> str | None:
    """The prompt of the command line, or None when there are many to be read elsewhere.

    Args:
        words: positional arguments; a prompt without quotes comes as several words, "-" is stdin.
        file: of prompts, where one was given.

    Raises:
        UsageError: no prompt, two sources of prompts, or a prompt that is none.
    """
    if words and file is not None:
        raise UsageError("A prompt and --file were both given; give one of them.")
    if words and words != ["-"]:
        return _prompt_of(words)
    if file is None and (sys.stdin is None or (sys.stdin.isatty() and not words)):
        raise UsageError('There is no prompt; say what to draw, as in: imagine "a red fox".')
    return None


def _prompt_of(words: list[str]) -> str:
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
