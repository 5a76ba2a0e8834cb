"""CLIP's tokenizer: the token that fills up goes in, transformers' own tokenizer comes out.

The vocabulary is that of Radford et al. 2021, as OpenAI published it (assets/clip, MIT): a file of
pairs that are merged, in their order. Its numbers follow from it.
"""

import gzip
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

WORDS = 49408
START, END = "<|startoftext|>", "<|endoftext|>"
# Those that print; the other bytes stand for characters from 256 on.
_PRINTED = (*range(33, 127), *range(161, 173), *range(174, 256))


def clip_tokenizer(pad: str) -> Any:
    """The tokenizer, which fills up with the word `pad`."""
    from transformers import CLIPTokenizer

    vocabulary, merges = words()
    # Releases of transformers agree on files, and on nothing else.
    with TemporaryDirectory(prefix="imagine-clip-") as name:
        folder = Path(name)
        (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
        lines = ["#version: 0.2", *merges]
        (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": pad}
        options = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, **special}
        (folder / "tokenizer_config.json").write_text(json.dumps(options), encoding="utf-8")
        return CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)


@cache
def words() -> tuple[dict[str, int], tuple[str, ...]]:
    """Word to number, and the pairs that are merged, first things first."""
    packed = files("imagine.stages.generate.diffusers") / "assets/clip/bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.decompress(packed.read_bytes()).decode("utf-8").split("\n")
    letters = _letters()
    merges = tuple(lines[1 : WORDS - 2 * len(letters) - 1])
    merged = ["".join(pair.split()) for pair in merges]
    ordered = [*letters, *(f"{letter}</w>" for letter in letters), *merged, START, END]
    return {word: number for number, word in enumerate(ordered)}, merges


def _letters() -> list[str]:
    """A character for every byte: printing bytes first, each as itself."""
    others = [byte for byte in range(256) if byte not in _PRINTED]
    return [*map(chr, _PRINTED), *(chr(256 + place) for place in range(len(others)))]
