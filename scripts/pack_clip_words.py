"""Write prompts/lexicon/clip_words.txt: English words that are one token in CLIP's vocabulary.

    python scripts/pack_clip_words.py /usr/share/dict/american-english

Needs instant-clip-tokenizer (MIT; it carries OpenAI's vocabulary, MIT) and a word list, such as
Debian's wamerican. The estimate of tokens in stages/render.py counts these words as one and errs
upwards on all others.
"""

import re
import sys
from pathlib import Path

from instant_clip_tokenizer import Tokenizer

OUTPUT = Path(__file__).resolve().parents[1] / "prompts" / "lexicon" / "clip_words.txt"


def main() -> None:
    tokenizer = Tokenizer()
    words = set(Path(sys.argv[1]).read_text(encoding="utf-8").split())
    single = [
        word
        for word in sorted(words)
        if re.fullmatch(r"[a-z]{4,}", word) and len(tokenizer.encode(word)) == 1
    ]
    OUTPUT.write_text("\n".join(single) + "\n", encoding="utf-8")
    print(f"{len(single)} words, {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
