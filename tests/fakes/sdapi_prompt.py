"""How a server of the web UI's protocol reads a prompt: text in, its parts with their weights out.

As their documentation tells and their parsers do: AUTOMATIC1111's wiki, "Features"; in Forge
modules/prompt_parser.py, extra_networks.py and backend/text_processing/parsing.py; in
stable-diffusion.cpp src/core/util.cpp and examples/server/routes_sdapi.cpp.
"""

import re
from dataclasses import dataclass

_NETWORK = re.compile(r"<(\w+):([^>]+)>")
_SETTINGS = re.compile(r"<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>")
_FINAL_WEIGHT = re.compile(r"\s*:\s*([-+]?(?:\d+\.?|\d*\.\d+))\s*$")
_INNER_WEIGHT = re.compile(r":\s*([+-]?[.\d]+)\s*\)")
_INNER_WEIGHT_OF_SDCPP = re.compile(r":([+-]?[.\d]+)\)")


@dataclass(frozen=True)
class Reading:
    """What a server understood.

    Attributes:
        parts: text and weight, in turn; chunks are parted by ("BREAK", -1).
        networks: kind and arguments of every file that is to be loaded.
        joints: weights of what AND joins, one where there is none.
        settings: the JSON of the tag that stable-diffusion.cpp obeys; "" for none.
    """

    parts: tuple[tuple[str, float], ...]
    networks: tuple[tuple[str, str], ...] = ()
    joints: tuple[float, ...] = (1.0,)
    settings: str = ""

    @property
    def plain(self) -> str | None:
        """The text, when it has one weight throughout and nothing was made of it."""
        joined = len(self.joints) == 1 and self.joints == (1.0,)
        weights = {weight for _, weight in self.parts}
        if not joined or self.networks or weights - {1.0}:
            return None
        return "".join(text for text, _ in self.parts)


def read_by_webui(prompt: str) -> Reading:
    """As AUTOMATIC1111 and Forge read it."""
    networks = tuple((found[1], found[2]) for found in _NETWORK.finditer(prompt))
    parts: list[tuple[str, float]] = []
    joints = []
    for joined in re.split(r"\bAND\b", _NETWORK.sub("", prompt)):
        found = _FINAL_WEIGHT.search(joined)
        joints.append(float(found[1]) if found else 1.0)
        parts += _weighed(joined[: found.start()] if found else joined)
    return Reading(tuple(parts), networks, tuple(joints))


def read_by_sdcpp(prompt: str) -> Reading:
    """As the server of stable-diffusion.cpp reads it, which loads nothing that a prompt names."""
    found = _SETTINGS.search(prompt)
    text = _SETTINGS.sub("", prompt)
    return Reading(tuple(_weighed(text, sdcpp=True)), settings=found[1] if found else "")


def _weighed(text: str, *, sdcpp: bool = False) -> list[tuple[str, float]]:
    """Text between brackets, with the weights that they give it."""
    parts: list[list[str | float]] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}
    inner = _INNER_WEIGHT_OF_SDCPP if sdcpp else _INNER_WEIGHT
    place = 0
    while place < len(text):
        char = text[place]
        weight = inner.match(text, place)
        width = 1
        if char == "\\":
            width = 2 if text[place + 1 : place + 2] in tuple("()[]\\") else 1
            taken = text[place : place + width]
            # Of all that a backslash stands before, stable-diffusion.cpp knows one.
            parts.append([taken if sdcpp and taken != "\\(" else taken[1:], 1.0])
        elif char in opened:
            opened[char].append(len(parts))
        elif weight is not None and (opened["("] or sdcpp):
            width = weight.end() - place
            if opened["("]:
                _weigh(parts, opened["("].pop(), float(weight[1]))
        elif char == ")" and opened["("]:
            _weigh(parts, opened["("].pop(), 1.1)
        elif char == "]" and opened["["]:
            _weigh(parts, opened["["].pop(), 1 / 1.1)
        else:
            width = len(re.match(r"[^\\()\[\]:]+|.", text[place:], re.DOTALL)[0])  # type: ignore[index]
            parts += _chunks(text[place : place + width])
        place += width
    for start in opened["("]:
        _weigh(parts, start, 1.1)
    for start in opened["["]:
        _weigh(parts, start, 1 / 1.1)
    return [(str(words), float(factor)) for words, factor in parts]


def _chunks(words: str) -> list[list[str | float]]:
    first, *others = re.split(r"\s*\bBREAK\b\s*", words)
    found: list[list[str | float]] = [[first, 1.0]]
    for other in others:
        found += [["BREAK", -1.0], [other, 1.0]]
    return found


def _weigh(parts: list[list[str | float]], start: int, factor: float) -> None:
    for part in parts[start:]:
        part[1] = float(part[1]) * factor
