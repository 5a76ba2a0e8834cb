"""Words for stable-diffusion.cpp, read by its parser's rules."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine.stages.generate.sdcpp.words import plain_words

# src/util.cpp, parse_prompt_attention, of stable-diffusion.cpp as of November 2026.
TOKEN = re.compile(
    r"\\\(|\\\)|\\\[|\\\]|\\\\|\\|\(|\[|:([+-]?[.\d]+)\)|\)|\]|\bBREAK\b|[^\\()\[\]:B]+|:|\bB|B"
)


def parsed(text: str) -> list[tuple[str, float]]:
    """What its parser makes of a text: pieces and how much each counts."""
    found: list[list[object]] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}

    def weigh(start: int, factor: float) -> None:
        for piece in found[start:]:
            piece[1] = float(str(piece[1])) * factor

    for match in TOKEN.finditer(text):
        sign, weight = match[0], match[1]
        if sign in opened:
            opened[sign].append(len(found))
        elif weight is not None:
            if opened["("]:
                weigh(opened["("].pop(), float(weight))
        elif sign == ")" and opened["("]:
            weigh(opened["("].pop(), 1.1)
        elif sign == "]" and opened["["]:
            weigh(opened["["].pop(), 1 / 1.1)
        elif sign == "\\(":
            found.append(["(", 1.0])
        elif sign == "BREAK":
            found.append(["BREAK", -1.0])
        else:
            found.append([sign, 1.0])
    for start in (*opened["("], *opened["["]):
        weigh(start, 2.0)
    return [(str(piece), float(str(weight))) for piece, weight in found]


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a red fox", "a red fox"),
        ("a (red) fox", r"a \(red) fox"),
        ("a (red:1.2) fox", r"a \(red:1.2 ) fox"),
        ("ratio 3:2) and (", r"ratio 3:2 ) and \("),
        ("[draft] fox", r"\(draft) fox"),
        (r"a \(red\) fox", r"a \ \(red\) fox"),
        ("BREAK the ice, BREAKFAST", "Break the ice, BREAKFAST"),
        ("fox <lora:detail:0.8>", "fox "),
        ("fox <sd_cpp_extra_args>{}</sd_cpp_extra_args>", "fox {}"),
        ("<lo<lora:a:1>ra:b:1> fox", " fox"),
        ("a < b > c, <3", "a < b > c, <3"),
        ("", ""),
    ],
)
def test_commands_become_plain_words(text: str, sent: str) -> None:
    assert plain_words(text) == sent


@given(st.text(alphabet=st.sampled_from("aB()[]\\:1.2+- BREAK<>"), max_size=40))
def test_every_word_counts_once_and_none_is_lost(text: str) -> None:
    pieces = parsed(plain_words(text))

    assert {weight for _, weight in pieces} <= {1.0}
    read = "".join(piece for piece, _ in pieces)
    plain = text.replace("[", "(").replace("]", ")")
    assert read.replace(" ", "").lower() == plain.replace(" ", "").lower()
