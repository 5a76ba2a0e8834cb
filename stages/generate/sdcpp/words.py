"""Words for stable-diffusion.cpp: a prompt goes in; the text that it reads as just that comes out.

Its parser (src/util.cpp, parse_prompt_attention) knows "(word:1.2)", "[word]" and BREAK. A
backslash protects an opening round bracket and is taken away; before any other character it stays,
and would be read by the model. Loose closing brackets are plain text.
"""

import re

# The bindings, and servers, take these for commands wherever they stand.
_TAGS = re.compile(r"<\s*/?\s*(?:sd_cpp_extra_args|lora\s*:[^<>]*|lora)\s*>", re.IGNORECASE)
# ":1.2)" is dropped as the weight of a group even where no group was opened.
_WEIGHT = re.compile(r"(:[+-]?[.\d]+)(?=\))")
_BREAK = re.compile(r"\bBREAK\b")
# A backslash of the user's own would swallow ours.
_BRACKET = re.compile(r"(\\*)\(")


def plain_words(text: str) -> str:
    """The text so that each word counts the same, and none is a command.

    Square brackets become round ones, since an opening one can be written in no way; tags that load
    other files or change settings are left out. The spaces that are added mean nothing to a model.
    """
    text = without_tags(text).replace("[", "(").replace("]", ")")
    text = _WEIGHT.sub(r"\1 ", _BREAK.sub("Break", text))
    return _BRACKET.sub(lambda match: f"{match[1]} \\(" if match[1] else "\\(", text)


def without_tags(text: str) -> str:
    """The text without tags; removing one can join the halves of another, so until none is left."""
    while _TAGS.search(text):
        text = _TAGS.sub("", text)
    return text
