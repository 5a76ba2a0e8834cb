"""A template's text goes in, the command tree of the dynamicprompts library comes out.

The library's parser reads the syntax. What it would silently drop or stumble over in a prompt
(`#`, a lone `$` or `%`, `//`, tabs) is shielded from it, and what would drive it too deep is
refused first.
"""

import re
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import UsageError, shown

if TYPE_CHECKING:
    from dynamicprompts.commands import Command

MAX_LENGTH = 10_000
MAX_NESTING = 15
MAX_COMMANDS = 2000

_OPENS = re.compile(r"\$\{|%\{|\{|__")
_PIECES = re.compile(r"\\[{}|$%_#\\]|\$\$|\$\{|%\{|\{|\}|\||__|[#$%]|//|/(?=\*)")
_LOOKS_LIKE_ONE = re.compile(
    r"\{[^{}]*\||\{\s*\d*-?\d*\$\$|\$\{\s*[A-Za-z_-]|%\{|(?<!\w)__[\w~@!*][^\n{}]{0,80}?__(?!\w)"
)
# Shielded characters are moved to a plane of private use, so that places stay what they were.
_PLANE = 0xF0000
_SHIELDED = re.compile(f"[{chr(_PLANE)}-{chr(_PLANE + 0x7F)}]")


def has_template(prompt: str) -> bool:
    """Whether a prompt looks as if it was meant as a template: "{red|blue} fox", "__color__"."""
    return _LOOKS_LIKE_ONE.search(prompt) is not None


def is_plain(text: str) -> bool:
    """Whether `text` stands for itself alone."""
    return not _OPENS.search(text) and "\\" not in text


def parse(text: str) -> "Command":
    """The command tree of a template.

    A backslash takes the meaning from the character behind it: `\\{`.

    Raises:
        UsageError: it is none; says at which character.
    """
    from pyparsing import ParseException

    if len(text) > MAX_LENGTH:
        raise UsageError(
            f"The template has {len(text):,} characters, the limit is {MAX_LENGTH:,}; move choices "
            "into wildcard files."
        )
    shielded = _shielded(text)
    try:
        tree = _parser().parse_string(shielded, parse_all=True)
    except ParseException as error:
        place = min(error.loc, len(text) - 1)
        raise _fault(text, place, "this cannot be read") from error
    command: Command = tree[0]
    return command


def plain(text: str) -> str:
    """Text of the command tree as it was written, shields and backslashes taken off."""
    return _SHIELDED.sub(lambda found: chr(ord(found[0]) - _PLANE).strip("\0"), text)


def _shielded(text: str) -> str:
    """The text with whatever is no syntax moved out of the parser's sight.

    Raises:
        UsageError: brackets or wildcards are open at the end, or nested too deeply.
    """
    open_at: list[int] = []
    wildcard: int | None = None
    commands = 0
    out: list[str] = []
    done = 0
    for match in _PIECES.finditer(text):
        piece, place = match[0], match.start()
        out.append(text[done:place])
        done = match.end()
        if piece[0] == "\\":
            out.append(_moved("\0") + _moved(piece[1]))
        elif piece in ("#", "$", "%", "/", "//") or (piece == "$$" and not open_at):
            out.append("".join(map(_moved, piece)))
        elif piece == "}" and not open_at:
            out.append(_moved(piece))
        else:
            commands += 1
            if piece == "}":
                open_at.pop()
            elif piece == "__":
                wildcard = place if wildcard is None else None
            elif piece not in ("$$", "|"):
                open_at.append(place)
            out.append(piece)
        if len(open_at) > MAX_NESTING:
            raise _fault(text, place, f"templates are nested more than {MAX_NESTING} deep")
        if commands > MAX_COMMANDS:
            raise _fault(text, place, f"over {MAX_COMMANDS:,} choices stand before this")
    if open_at:
        raise _fault(text, open_at[-1], "this is never closed")
    if wildcard is not None:
        raise _fault(text, wildcard, "this wildcard is never closed")
    return "".join(out) + text[done:]


def _moved(char: str) -> str:
    return chr(_PLANE + ord(char))


def _fault(text: str, place: int, what: str) -> UsageError:
    near = shown(text[place : place + 30], limit=30)
    return UsageError(
        f"The template cannot be expanded, character {place + 1} ('{near}'): {what}; correct it, "
        "or write a backslash before what is meant literally."
    )


@cache
def _parser() -> Any:
    """The library's own parser, which keeps it for its inner calls too; tabs stay tabs."""
    from dynamicprompts.parser.config import default_parser_config
    from dynamicprompts.parser.parse import get_cached_parser

    with warnings.catch_warnings():
        # The library calls pyparsing by names that this has given up.
        warnings.simplefilter("ignore", DeprecationWarning)
        return get_cached_parser(default_parser_config).parse_with_tabs()
