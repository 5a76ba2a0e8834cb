"""Counting tokens: text in, an upper estimate of its CLIP tokens out."""

import math
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files

TokenCounter = Callable[[str], int]


def estimate_tokens(text: str) -> int:
    """An upper estimate of the number of CLIP tokens in `text`, without start and end marks.

    A backend that has its tokenizer passes that instead. Measured against OpenAI's vocabulary by
    benchmarks/token_estimate.py.
    """
    parts = re.findall(r"[^\W\d_]+|\d|[^\w\s]|_", text.lower())
    return sum(_word_tokens(part) for part in parts)


def _word_tokens(word: str) -> int:
    if not word.isascii():
        # Byte-pair encoding never makes more tokens than there are bytes.
        return len(word.encode())
    # Rare words come apart into pieces of about three letters.
    return 1 if len(word) <= 3 or word in _clip_words() else math.ceil(len(word) / 3)


@cache
def _clip_words() -> frozenset[str]:
    """English words that are one token, see scripts/pack_clip_words.py."""
    source = files("imagine.prompts") / "lexicon" / "clip_words.txt"
    return frozenset(source.read_text(encoding="utf-8").split())
