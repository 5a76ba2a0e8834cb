"""Prompts for servers of the web UI's protocol: words in, words that their parsers leave alone out.

The web UIs read brackets as weights, [a:b:0.5] as a change on the way, <lora:x:1> as a file to
load, and BREAK and AND as joints; a prompt in whole sentences means none of that. A backslash takes
the meaning from what follows it, and one before any other character is dropped, so that it can part
a word that would be read (Forge and AUTOMATIC1111: prompt_parser.py, parsing.py,
extra_networks.py). The server of stable-diffusion.cpp reads otherwise: see sdcpp.words.
"""

import re
from json import dumps

from imagine.stages.generate.sdcpp.words import plain_words, without_tags
from imagine.stages.image import Lora

_BRACES = str.maketrans("{}", "()")
_NOTE = "The prompt's “{ }” were sent as “( )”: some servers choose among what stands in them."
_TAGS_NOTE = (
    "The prompt was sent without the tags in it, which are commands to stable-diffusion.cpp."
)
_READ = re.compile(r"[\\()\[\]]|<(?=\w+:)|\bBREAK\b|\bAND\b")
# A number after a colon weighs all that stands before it: "in 16:9".
_FINAL_WEIGHT = re.compile(r":\s*[-+]?(?:\d+\.?|\d*\.\d+)\s*$")


def for_webui(prompt: str) -> tuple[str, list[str]]:
    """The prompt for AUTOMATIC1111, Forge and SD.Next, and what the user should know of it.

    It is one line: SD.Next begins another chunk with each.
    """
    words = " ".join(prompt.translate(_BRACES).split())
    escaped = _READ.sub(_escaped, words)
    if _FINAL_WEIGHT.search(escaped):
        escaped += ","
    return escaped, [_NOTE] if "{" in prompt or "}" in prompt else []


def _escaped(found: re.Match[str]) -> str:
    word = found[0]
    if len(word) > 1 or word == "<":
        return f"{word[0]}\\{word[1:]}"
    return f"\\{word}"


def for_sdcpp(prompt: str) -> tuple[str, list[str]]:
    """The prompt for servers built on stable-diffusion.cpp, and what the user should know of it."""
    line = " ".join(prompt.split())
    left_out = without_tags(line) != line
    return plain_words(line), [_TAGS_NOTE] if left_out else []


def sdcpp_tag(settings: dict[str, object]) -> str:
    """What has stable-diffusion.cpp's server draw with `settings`, to stand behind a prompt."""
    return f"<sd_cpp_extra_args>{dumps(settings)}</sd_cpp_extra_args>"


def lora_tags(loras: tuple[Lora, ...]) -> str:
    """What has a web UI load LoRAs, to stand behind a prompt.

    Args:
        loras: by the names that the server has for them.
    """
    return "".join(f" <lora:{lora.name}:{lora.weight:g}>" for lora in loras)
