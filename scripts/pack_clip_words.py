"""Write prompts/lexicon/clip_words.txt: words of our own data that are one token to CLIP.

    python scripts/pack_clip_words.py

Needs instant-clip-tokenizer (MIT; it carries OpenAI's vocabulary, MIT). The words are those of the
lexicons, the style presets and the names of the art, with their usual endings; the estimate of
tokens in stages/language/tokens.py counts them as one and errs upwards on all others.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from instant_clip_tokenizer import Tokenizer

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "prompts" / "lexicon" / "clip_words.txt"
ENDINGS = ("", "s", "es", "d", "ed", "ing", "er", "ers", "est", "ly", "y", "al", "ness")


def main() -> None:
    tokenizer = Tokenizer()
    single = sorted(word for word in set(candidates()) if len(tokenizer.encode(word)) == 1)
    OUTPUT.write_text("\n".join(single) + "\n", encoding="utf-8")
    print(f"{len(single)} words, {OUTPUT.stat().st_size} bytes")


def candidates() -> Iterator[str]:
    """Every word of our data, and what it becomes with an ending."""
    for folder in ("prompts", "scripts", "stages"):
        for path in sorted((ROOT / folder).rglob("*.toml")):
            for word in set(re.findall(r"[a-z]{3,}", path.read_text(encoding="utf-8").lower())):
                stem = word.removesuffix("e")
                yield from (word + ending for ending in ENDINGS if len(word + ending) > 3)
                yield from (stem + ending for ending in ENDINGS if len(stem + ending) > 3)
                yield word.removesuffix("y") + "ies"


if __name__ == "__main__":
    main()
