"""What a server of the web UI's protocol says of a picture: its answer in, a Drawn out."""

import io
import re
from contextlib import suppress
from dataclasses import dataclass
from json import dumps
from typing import Any

from imagine.stages.errors import UnusableAnswerError
from imagine.stages.generate.hosted import Parameters
from imagine.stages.image import DECODING_ERRORS, ImageRequest
from imagine.stages.network.json_values import count, items, parsed_json, table, text

# Of Processed.js, what an ImageRequest calls otherwise.
_EFFECTIVE = (
    ("num_inference_steps", "steps", "steps"),
    ("guidance_scale", "cfg_scale", "guidance"),
    ("strength", "denoising_strength", "strength"),
)
# What servers call a choice of their own, which not all take under that name.
_UNNAMED = ("", "none", "default", "automatic")
_DISTILLED = re.compile(r"Distilled CFG Scale: (\d+(?:\.\d+)?)")
_TOLD = re.compile(r"(Steps|CFG scale|Seed|Sampler): ([^,]*)")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture of an answer.

    Attributes:
        image: its base64, or whatever stands in its place.
        info: the server's report of it; empty where it makes none.
    """

    image: object
    info: dict[str, Any]

    @property
    def model(self) -> str:
        """The server's name of what drew it; "" where it says none."""
        return text(self.info.get("sd_model_name"))

    @property
    def is_suspect(self) -> bool:
        """Whether the server says something of NSFW about it."""
        said = [self.info.get("extra_generation_params"), self.info.get("comments")]
        return "nsfw" in dumps(said).lower()


def drawn_in(answer: dict[str, Any]) -> Drawn | None:
    """The picture in an answer; None when there is none."""
    info = _info(answer.get("info"))
    images = items(answer.get("images"))
    # Where several are drawn, a sheet of all may come first.
    images = images[count(info.get("index_of_first_image")) :] or images
    return Drawn(images[0], info) if images else None


def _info(value: object) -> dict[str, Any]:
    """The report of a picture, which is JSON within JSON."""
    try:
        return table(parsed_json(text(value).encode("utf-8", errors="replace")))
    except (ValueError, RecursionError):
        return {}


def told_in(data: bytes) -> dict[str, Any]:
    """What a picture's own text tells of how it was drawn, as a report would; empty for nothing.

    Servers of stable-diffusion.cpp before 2026 report nothing else.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as picture:
            words = text(picture.info.get("parameters"))
    except DECODING_ERRORS:
        return {}
    # The prompt, which stands before, may say the like.
    line = words[words.rfind("\nSteps: ") + 1 :]
    if not line.startswith("Steps: "):
        return {}
    named = dict(_TOLD.findall(line))
    numbers = (("steps", "Steps", int), ("cfg_scale", "CFG scale", float), ("seed", "Seed", int))
    found: dict[str, Any] = {}
    for key, name, kind in numbers:
        with suppress(KeyError, ValueError):
            found[key] = kind(named[name])
    return found | {"sampler_name": named.get("Sampler", "")}


def parameters_of(info: dict[str, Any], request: ImageRequest) -> Parameters:
    """What the request did not say, as a report tells it."""
    found: list[tuple[str, Any]] = []
    for name, key, _ in _EFFECTIVE:
        # Without a picture a strength means nothing, and is told all the same.
        if name == "strength" and not request.images:
            continue
        value = _number(info, key)
        if value is not None and getattr(request, name) is None:
            found.append((name, value))
    sampler = text(info.get("sampler_name"))
    if request.scheduler is None and sampler.lower() not in _UNNAMED:
        schedule = text(table(info.get("extra_generation_params")).get("Schedule type"))
        shown = "" if schedule.lower() in _UNNAMED else f" {schedule}"
        found.append(("scheduler", f"{sampler}{shown}"))
    if weights := text(info.get("sd_model_hash")):
        found.append(("weights", weights))
    return tuple(found)


def _number(info: dict[str, Any], key: str) -> float | None:
    """A number of a report; guidance as Forge tells it of models that were distilled with it."""
    value = info.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    told = text(next(iter(items(info.get("infotexts"))), "")).rpartition("\n")[2]
    if key == "cfg_scale" and value == 1 and (found := _DISTILLED.search(told)):
        return float(found[1])
    return value


def notes_of(info: dict[str, Any], request: ImageRequest, *, title: str) -> list[str]:
    """Where what was drawn is not what was asked for: some servers cut numbers down.

    Args:
        title: of the server.
    """
    notes = []
    for name, key, words in _EFFECTIVE[:2]:
        asked, made = getattr(request, name), _number(info, key)
        if asked is not None and made is not None and abs(made - asked) > 1e-3:
            notes.append(f"{title} drew with {made:g} {words} instead of {asked:g}.")
    seed = info.get("seed")
    if isinstance(seed, int) and not isinstance(seed, bool) and seed != request.seed:
        notes.append(f"{title} drew from the seed {seed} instead of {request.seed}.")
    return notes


def is_black(data: bytes) -> bool:
    """Whether nothing is to be seen in a picture.

    Raises:
        UnusableAnswerError: it cannot be decoded.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.convert("L").getextrema() == (0, 0)
    except DECODING_ERRORS as error:
        raise UnusableAnswerError(
            "The picture is damaged; nothing was saved, try again."
        ) from error
