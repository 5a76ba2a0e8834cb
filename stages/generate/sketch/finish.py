"""A finished picture and a style in; the picture as if made in that medium out.

Every treatment works at a bounded size and is the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brushwork import clay, oil, papercut, watercolor
from imagine.stages.generate.sketch.linework import comic, ink, neon, pencil, stained
from imagine.stages.generate.sketch.tone import flat, mono, photo, pixel, render, sepia
from imagine.stages.spec import Medium, Style

if TYPE_CHECKING:
    from PIL.Image import Image


# Treatments with large windows run on at most this many pixels and are then enlarged.
_LARGEST = 4_200_000


# First match wins; read from preset and detail together, so "ink" must come after "pixel".
_WORDS: tuple[tuple[str, str], ...] = (
    ("pixel", r"pixel|8-?bit|16-?bit|sprite|retro game|voxel|minecraft"),
    ("stained", r"stained[ -]glass|mosaic"),
    ("watercolor", r"water-?colou?r|aquarelle|gouache|wash"),
    ("pencil", r"pencil|graphite|charcoal|sketch|crayon|chalk"),
    ("comic", r"comic|pop art|manga|anime|graphic novel|cartoon|halftone|lichtenstein|ghibli|cel"),
    ("ink", r"\bink|line art|line drawing|engraving|woodcut|etching|linocut|pen and|doodle|"
            r"colou?ring (?:book|page)|blueprint"),
    ("neon", r"neon|synthwave|vaporwave|cyberpunk|blacklight|tron"),
    ("sepia", r"sepia|daguerreotype|old photo|antique photo|tintype"),
    ("mono", r"black[ -]and[ -]white|monochrom|gr[ae]yscale|film noir|\bb&w\b|noir"),
    ("oil", r"oil|impasto|impression|acrylic|van gogh|monet|painterly|brush|baroque|renaissance|"
            r"fresco|canvas|cubis|expressionis|surreal|rembrandt|picasso|hokusai"),
    ("paper", r"paper|papercut|cut-?out|origami|collage|layered"),
    ("clay", r"clay|plasticine|claymation|felt|plush|knit"),
    ("flat", r"flat|vector|minimal|screen ?print|risograph|poster|logo|icon|sticker|clip ?art|"
             r"art deco|bauhaus|children|picture book|storybook"),
    ("photo", r"photo|cinematic|film still|dslr|35 ?mm|bokeh|polaroid|portrait lens|macro|"
              r"hyperreal|realistic|product shot"),
    ("render", r"3d|render|octane|blender|isometric|pixar|unreal|cgi|low[ -]poly"),
)  # fmt: skip


_MEDIA = {
    Medium.PHOTOGRAPH: "photo", Medium.PAINTING: "oil", Medium.DRAWING: "pencil",
    Medium.PIXEL_ART: "pixel", Medium.SCULPTURE: "clay", Medium.GRAPHIC_DESIGN: "flat",
    Medium.ILLUSTRATION: "render", Medium.RENDER_3D: "render", Medium.OTHER: "render",
}  # fmt: skip


# What a style's words may choose under a medium that they would contradict otherwise.
_PHOTOGRAPHIC = frozenset({"photo", "sepia", "mono", "neon"})


def finish_name(style: Style, *, prompt: str = "") -> str:
    """The treatment for a style: by its preset and detail, else by its medium.

    A prompt's own words count where they name a treatment of a drawn medium outright.
    """
    words = " ".join(filter(None, (style.preset, style.detail))).lower()
    named = _named(words)
    if style.medium is Medium.PHOTOGRAPH:
        return named if named in _PHOTOGRAPHIC else _MEDIA[style.medium]
    if style.medium is Medium.PIXEL_ART:
        return "pixel"
    return named or _named(prompt.lower(), strict=True) or _MEDIA[style.medium]


def _named(words: str, *, strict: bool = False) -> str | None:
    """The first treatment that the words name; `strict` wants it said as a medium."""
    for name, pattern in _WORDS:
        found = (
            rf"(?:{pattern})(?: (?:art|style|painting|drawing|sketch|illustration))"
            if strict
            else pattern
        )
        if re.search(found, words):
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
    "ink": ink, "pixel": pixel, "neon": neon, "mono": mono, "sepia": sepia, "photo": photo,
    "comic": comic, "stained": stained, "paper": papercut, "clay": clay,
}  # fmt: skip


TREATMENTS = tuple(_TREATMENTS)


# These draw lines, and draw them better when the outlines of the subjects are given.
LINED = frozenset({"ink", "comic", "neon", "stained", "pencil"})
