"""Long prompts for CLIP: a text goes in, pieces that each fit into its 75 tokens come out.

A piece ends at a comma where one is near its end, else between words, and within a word only where
that word alone is too long. Every piece is encoded by itself, so nothing is cut off.
"""

import re
from collections.abc import Callable

# Tokens before a piece's end among which a comma ends it.
NEAR = 20


def pieces(text: str, *, count: Callable[[str], int], room: int) -> list[str]:
    """The text in pieces; joined they are the text without blanks at its ends.

    Args:
        text: one piece, [""], where it is empty.
        count: the tokens of a text without its start and end marks; words count alike alone and
            beside others, as CLIP splits texts into words first.
        room: tokens of a piece.
    """
    made: list[str] = []
    piece: list[str] = []
    used = 0
    for word in _words(text.strip(), count, room):
        tokens = count(word)
        if used + tokens > room:
            rest = _after_comma(piece, count, room - tokens)
            made.append("".join(piece[: len(piece) - len(rest)]))
            piece, used = rest, sum(map(count, rest))
        piece.append(word)
        used += tokens
    return [*made, "".join(piece)]


def _words(text: str, count: Callable[[str], int], room: int) -> list[str]:
    """Words with the blanks that follow them; one that is too long in pieces."""
    words = re.findall(r"\S+\s*", text)
    return [part for word in words for part in _parts(word, count, room)]


def _parts(word: str, count: Callable[[str], int], room: int) -> list[str]:
    if count(word) <= room or len(word) < 2:
        return [word]
    half = len(word) // 2
    return [*_parts(word[:half], count, room), *_parts(word[half:], count, room)]


def _after_comma(piece: list[str], count: Callable[[str], int], room: int) -> list[str]:
    """Words after the last comma or full stop near the end that fit into `room`; else none."""
    tokens = 0
    for place in range(len(piece) - 1, 0, -1):
        if piece[place].rstrip().endswith((",", ".", ";", ":")):
            return piece[place + 1 :]
        tokens += count(piece[place])
        if tokens > min(room, NEAR):
            break
    return []
