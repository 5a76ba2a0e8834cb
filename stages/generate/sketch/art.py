"""The bundled cut-outs: a noun in, the picture that shows it out, with where it wears and holds.

The art lies in assets/art.pack (WebP pictures end to end) and assets/art.json (what each is called
and where its parts are); scripts/pack_art.py writes both.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from PIL.Image import Image

Kind = Literal[
    "animal", "person", "face", "plant", "food", "vehicle", "building", "furniture", "object",
    "clothing", "sky", "water", "symbol", "surface",
]  # fmt: skip
Habitat = Literal["ground", "sky", "water", "hand", "wall", "head", "any"]
Facing = Literal["left", "right", "front"]


@dataclass(frozen=True, slots=True)
class Cutout:
    """One picture and what the layout must know of it.

    Fractions are of the trimmed picture: x of its width, y of its height, from the top left.

    Attributes:
        key: its name in the pack: "dog".
        label: how to call it in a message.
        kind: what sort of thing it is.
        scale: typical real height (or largest extent) in metres.
        habitat: where it naturally is; "hand" and "head" are for things held and worn.
        aspect: width / height of the trimmed picture.
        facing: which way it looks.
        head: x and y of the top of the head, and the head's width.
        hand: x and y of where a held thing goes.
        seat: x and y of where a rider sits, or of the middle of the upper surface.
        panel: left, top, right, bottom of the area free for lettering.
    """

    key: str
    label: str
    kind: Kind
    scale: float
    habitat: Habitat
    aspect: float
    facing: Facing
    head: tuple[float, float, float] | None
    hand: tuple[float, float] | None
    seat: tuple[float, float] | None
    panel: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True)
class Match:
    """What was found for a name.

    Attributes:
        cutout: the picture.
        exact: False when it stands in for a near relative (a dog for "corgi").
    """

    cutout: Cutout
    exact: bool


def find(name: str, *, attributes: Sequence[str] = ()) -> Match | None:
    """The cut-out that honestly shows `name`, or None.

    Singular and plural, British and American names, synonyms and kinds ("corgi") are known;
    of a compound the last noun decides ("wooden chair"), unless the pair means something else
    ("baseball bat"). An attribute picks a variant where there is one ("old" man).
    """
    words = [word for word in _words(name) if word not in _index()["articles"]]
    while "of" in words[1:-1] and not knows(" ".join(words)):
        at = words.index("of", 1)
        group = any(single in _index()["groups"] for single in _singulars(words[at - 1]))
        words = words[at + 1 :] if group else words[:at]
    extra = [" ".join(found) for attribute in attributes if (found := _words(attribute))]
    if not any(knows(single) for single in _singulars(" ".join(words))):
        cut = _match(_without_tail(words), extra)
        if cut is not None:
            return cut
    return _match(words, extra)


def picture(cutout: Cutout, *, width: int, height: int) -> "Image":
    """The cut-out as RGBA, trimmed and scaled to fit a box, its aspect kept.

    Args:
        cutout: what `find` returned.
        width, height: the box in pixels, each at least 1.
    """
    from PIL import Image, ImageFilter

    trimmed = _trimmed(cutout.key)
    factor = min(width / trimmed.width, height / trimmed.height)
    size = (max(1, round(trimmed.width * factor)), max(1, round(trimmed.height * factor)))
    # Colour under transparent pixels must not bleed into the edge, hence premultiplied alpha.
    scaled = trimmed.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")
    if factor <= 1.5:
        return scaled
    # The art is 256 pixels high: what is enlarged more than a little needs its outline back. The
    # inside gets less of it, or the traces of compression would show.
    outline = scaled.getchannel("A").filter(ImageFilter.UnsharpMask(factor * 0.8, percent=110))
    sharpened = scaled.filter(ImageFilter.UnsharpMask(factor * 0.6, percent=35))
    sharpened.putalpha(outline)
    return sharpened


def resolution(cutout: Cutout) -> int:
    """The longer side of the cut-out as it is in the pack, in pixels."""
    return max(_trimmed(cutout.key).size)


def knows(name: str) -> bool:
    """Whether the tables speak of exactly this name.

    "red fox" is known, so the fox's own colour is what is meant; "purple fox" is not.
    """
    return any(name in _index()[table] for table in ("names", "like", "none"))


def cutout(key: str) -> Cutout:
    """The cut-out of that key.

    Raises:
        KeyError: the pack has none.
    """
    row = _index()["art"][key]
    fractions = ("head", "hand", "seat", "panel")
    return Cutout(
        key=key,
        label=row["label"],
        kind=row["kind"],
        scale=row["scale"],
        habitat=row["habitat"],
        aspect=row["aspect"],
        facing=row.get("facing", "front"),
        **{part: tuple(row[part]) if part in row else None for part in fractions},
    )


def keys() -> list[str]:
    """Every key of the pack, in order."""
    return list(_index()["art"])


@cache
def _index() -> dict[str, Any]:
    import json

    text = files(__package__).joinpath("assets", "art.json").read_text(encoding="utf-8")
    return cast(dict[str, Any], json.loads(text))


# A decoded picture takes a quarter of a megabyte: a long batch must not keep them all.
@lru_cache(maxsize=64)
def _trimmed(key: str) -> "Image":
    from io import BytesIO

    from PIL import Image

    offset, length = _index()["art"][key]["bytes"]
    with files(__package__).joinpath("assets", "art.pack").open("rb") as pack:
        pack.seek(offset)
        data = pack.read(length)
    with Image.open(BytesIO(data)) as art:
        return art.convert("RGBA").crop(_index()["art"][key]["box"])


def _match(words: list[str], attributes: list[str]) -> Match | None:
    """The longest tail of `words` that the pack knows, variants by attribute first."""
    for start in range(len(words)):
        tail = " ".join(words[start:])
        for name in [*(f"{attribute} {tail}" for attribute in attributes), tail]:
            for single in _singulars(name):
                if single in _index()["none"] or (start and single in _index()["alone"]):
                    return None
                for table in ("names", "like"):
                    if (key := _index()[table].get(single)) is not None:
                        traits = [*attributes, *words[:start]]
                        return Match(cutout(_variant(key, traits)), exact=table == "names")
    return None


def _variant(key: str, traits: list[str]) -> str:
    """Of what a synonym found, the variant that a trait asks for: a "sitting" kitten."""
    names: dict[str, str] = _index()["names"]
    return next((names[name] for trait in traits if (name := f"{trait} {key}") in names), key)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("’", "'"))


def _without_tail(words: list[str]) -> list[str]:
    """Up to the first "with", "in", "reading": what follows tells about the thing."""
    for at, word in enumerate(words[1:], start=1):
        doing = word.endswith("ing") and len(word) > 5 and not knows(word)
        if doing or word in _index()["tails"]:
            return words[:at]
    return []


def _singulars(name: str) -> list[str]:
    """`name` itself, then what its last word may be the plural of."""
    head, _, last = name.rpartition(" ")
    lead = f"{head} " if head else ""
    forms = [name]
    if last in _index()["plurals"]:
        forms.append(lead + _index()["plurals"][last])
    for ending, singular in (("ies", "y"), ("ves", "f"), ("ves", "fe"), ("es", ""), ("s", "")):
        if last.endswith(ending) and len(last) > len(ending) + 1 and not last.endswith("ss"):
            forms.append(lead + last.removesuffix(ending) + singular)
    return forms
