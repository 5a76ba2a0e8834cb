"""A finished picture and a style in; the picture as if made in that medium out.

Every treatment works at a bounded size and is the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brushwork import clay, oil, papercut, watercolor
from imagine.stages.generate.sketch.linework import blueprint, comic, crayon, ink, neon, pencil
from imagine.stages.generate.sketch.mosaic import facets, stained
from imagine.stages.generate.sketch.prints import anime, bauhaus, mark, woodblock
from imagine.stages.generate.sketch.tone import (
    flat,
    macro,
    mono,
    noir,
    photo,
    pixel,
    render,
    sepia,
)
from imagine.stages.spec import Medium, Style

if TYPE_CHECKING:
    from PIL.Image import Image

# Treatments with large windows run on at most this many pixels and are then enlarged.
_LARGEST = 4_200_000
# First match wins. The preset's name is asked before the detail: it is the shorter summary.
_WORDS: tuple[tuple[str, str], ...] = (
    ("pixel", r"pixel|8-?bit|16-?bit|sprite|retro game|voxel|minecraft"),
    ("facets", r"low[ -]poly|polygonal|faceted"),
    ("stained", r"stained[ -]glass|mosaic"),
    ("blueprint", r"blueprint|cyanotype|technical drawing"),
    ("watercolor", r"water-?colou?r|aquarelle|gouache|wash|botanical|hand-tinted|"
                   r"storybook|picture book|children"),
    ("crayon", r"colou?red[ -]pencil|crayon|chalk\b|pastels?\b"),
    ("pencil", r"pencil|graphite|charcoal|sketch"),
    ("anime", r"anime|ghibli|cel[ -]shad"),
    ("comic", r"comic|pop[ -]art|manga|graphic novel|cartoon|halftone|lichtenstein"),
    ("woodblock", r"ukiyo|woodblock"),
    ("bauhaus", r"bauhaus|de stijl|constructivis"),
    ("mark", r"logo"),
    ("flat", r"risograph|screen-? ?print"),
    ("ink", r"ink\b|pen-and|line art|line drawing|engraving|woodcut|etching|linocut|pen and|"
            r"doodle|colou?ring (?:book|page)"),
    ("neon", r"neon|synthwave|vaporwave|cyberpunk|blacklight|tron\b"),
    ("sepia", r"sepia|daguerreotype|old photo|antique photo|tintype"),
    ("noir", r"film[ -]noir|noir\b"),
    ("mono", r"black[ -]and[ -]white|monochrom|gr[ae]yscale|b&w\b"),
    ("oil", r"oil\b|oil-paint|impasto|impression|acrylic|van gogh|monet|painterly|brush|baroque|"
            r"renaissance|fresco|canvas|cubis|expressionis|abstract expr|surreal|rembrandt|picasso|"
            r"hokusai|embroider|tapestry"),
    ("paper", r"paper|cut-?out|origami|collage|layered"),
    ("clay", r"clay|plasticine|felt\b|plush|knit"),
    ("flat", r"flat|vector|minimal|poster|icon\b|sticker|clip ?art|art[ -]deco|"
             r"vintage-travel|travel-poster"),
    ("macro", r"macro\b"),
    ("photo", r"photo|cinematic|film still|dslr|35 ?mm|bokeh|polaroid|portrait lens|"
              r"hyperreal|realistic|product shot"),
    ("render", r"3d|render|octane|blender|isometric|pixar|unreal|cgi"),
)  # fmt: skip
_PICTURE_BOOK = re.compile(r"\bstorybook|\bpicture[ -]book")
_OUTRIGHT = r"\w* (?:art|style|painting|drawing|sketch|illustration)\b"
_MEDIA = {
    Medium.PHOTOGRAPH: "photo", Medium.PAINTING: "oil", Medium.DRAWING: "pencil",
    Medium.PIXEL_ART: "pixel", Medium.SCULPTURE: "clay", Medium.GRAPHIC_DESIGN: "flat",
    Medium.ILLUSTRATION: "render", Medium.RENDER_3D: "render", Medium.OTHER: "render",
}  # fmt: skip
# What the words may choose for a photograph; the rest would contradict it.
_PHOTOGRAPHIC = frozenset({"photo", "sepia", "mono", "neon", "noir", "macro"})


def finish_name(style: Style, *, prompt: str = "") -> str:
    """The treatment for a style: by its preset, its detail, the prompt, or its medium.

    A prompt's words count where they name a treatment outright: "pixel art", "oil painting".
    """
    if style.medium is Medium.PIXEL_ART:
        return "pixel"
    allowed = _PHOTOGRAPHIC if style.medium is Medium.PHOTOGRAPH else frozenset(TREATMENTS)
    detail = style.detail
    if detail and not _PICTURE_BOOK.search(prompt.lower()):
        # The default look is a picture book's already: watercolour is for those who ask for one.
        detail = _PICTURE_BOOK.sub("", detail)
    return (
        _named(style.preset, allowed)
        or _named(detail, allowed)
        or _named(prompt, allowed, followed=_OUTRIGHT)
        or _MEDIA[style.medium]
    )


def _named(words: str | None, allowed: frozenset[str], *, followed: str = "") -> str | None:
    """The first of the allowed treatments that the words name, `followed` by that pattern."""
    for name, pattern in _WORDS:
        if name in allowed and re.search(rf"\b(?:{pattern}){followed}", (words or "").lower()):
            return name
    return None


def is_monochrome(text: str) -> bool:
    """Whether the words ask for a picture without colour."""
    return (
        re.search(r"black[ -]and[ -]white|monochrom|gr[ae]yscale|\bb&w\b", text.lower()) is not None
    )


def treat(image: Image, name: str, random: Random, *, contours: Image | None = None) -> Image:
    """The RGB picture in the named treatment, same size.

    Args:
        image: RGB.
        name: one of TREATMENTS.
        contours: a mask of the subjects' outlines, for the treatments in LINED.
    """
    from PIL import Image as Pillow

    lines = contours or Pillow.new("L", image.size)
    pixels = image.width * image.height
    if name in ("render", "mono", "sepia") or pixels <= _LARGEST:
        return _TREATMENTS[name](image, lines, random)
    factor = (_LARGEST / pixels) ** 0.5
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    small = image.resize(size, Pillow.Resampling.BOX)
    lines = lines.resize(size, Pillow.Resampling.BOX)
    sampling = Pillow.Resampling.NEAREST if name == "pixel" else Pillow.Resampling.BICUBIC
    return _TREATMENTS[name](small, lines, random).resize(image.size, sampling)


_TREATMENTS: dict[str, Callable[[Image, Image, Random], Image]] = {
    "render": render, "flat": flat, "watercolor": watercolor, "oil": oil, "pencil": pencil,
    "crayon": crayon, "ink": ink, "blueprint": blueprint, "pixel": pixel, "neon": neon,
    "mono": mono, "sepia": sepia, "photo": photo, "comic": comic, "stained": stained,
    "facets": facets, "paper": papercut, "clay": clay,
    "noir": noir, "macro": macro, "anime": anime, "woodblock": woodblock, "bauhaus": bauhaus,
    "mark": mark,
}  # fmt: skip
TREATMENTS = tuple(_TREATMENTS)
# These draw lines, and draw them better when the outlines of the subjects are given.
LINED = frozenset({"crayon", "ink", "blueprint", "comic", "neon", "stained", "pencil",
                   "anime", "woodblock", "mark"})  # fmt: skip
# Of these sketch has no more than a look that is near.
_FAR = re.compile(
    r"\b(?:origami|isometric|voxel|embroider\w*|tapestry|double[ -]exposure|long[ -]exposure|vhs|"
    r"art[ -]deco|risograph|abstract[ -]expressionis[mt]|cubis[mt]|fresco|knit\w*|linocut|toon-3d|"
    r"polaroid|mosaic)\b"
)
_LOOKS = {
    "render": "a plain 3D scene", "photo": "a plain photograph", "flat": "flat colours",
    "oil": "brushed paint", "paper": "cut paper", "pixel": "pixel art", "clay": "clay",
    "ink": "an ink drawing", "stained": "stained glass", "watercolor": "watercolour",
    "neon": "neon tubes",
}  # fmt: skip


def finish_notes(
    style: Style, name: str, *, prompt: str = "", place: bool = False
) -> tuple[str, ...]:
    """A sentence where the treatment of that name is but near to what was asked for.

    Args:
        style: what was asked for.
        name: the treatment that it got.
        prompt: the user's words, which may name a style too.
        place: the prompt says where the picture plays.
    """
    if name == "mark" and place:
        return ("A logo stands on a plain field: the surroundings are left out.",)
    words = f"{style.preset or ''} {prompt} {'' if style.preset else style.detail or ''}".lower()
    found = _FAR.search(words)
    return (f"sketch draws '{found[0]}' as {_LOOKS[name]}.",) if found and name in _LOOKS else ()
