"""A finished picture and a style in; the picture as if made in that medium out.

Every treatment works at a bounded size and is the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import fade, grain, noise, soften
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
    ("photo", r"photo|cinematic|film still|dslr|35 ?mm|bokeh|polaroid|portrait lens|macro|hyperreal|"
              r"realistic|product shot"),
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
        found = rf"(?:{pattern})(?: (?:art|style|painting|drawing|sketch|illustration))" if strict else pattern
        if re.search(found, words):
            return name
    return None


def is_monochrome(text: str) -> bool:
    """Whether the words ask for a picture without colour."""
    return re.search(r"black[ -]and[ -]white|monochrom|gr[ae]yscale|\bb&w\b", text.lower()) is not None


def treat(image: Image, name: str, random: Random) -> Image:
    """The RGB picture in the named treatment, same size."""
    from PIL import Image as Pillow

    treatment = _TREATMENTS[name]
    pixels = image.width * image.height
    if name in ("render", "mono", "sepia") or pixels <= _LARGEST:
        return treatment(image, random)
    factor = (_LARGEST / pixels) ** 0.5
    small = image.resize(
        (max(1, round(image.width * factor)), max(1, round(image.height * factor))),
        Pillow.Resampling.BOX,
    )
    sampling = Pillow.Resampling.NEAREST if name == "pixel" else Pillow.Resampling.BICUBIC
    return treatment(small, random).resize(image.size, sampling)


def _unit(image: Image) -> float:
    return min(image.size) / 100


def _render(image: Image, random: Random) -> Image:
    return image


def _edges(image: Image, width: float) -> Image:
    """Dark lines on white where colours change: a difference of two blurs."""
    from PIL import ImageChops, ImageOps

    bands = image.split()
    lines = None
    for band in bands:
        inner = soften(band, max(0.4, width * 0.5))
        outer = soften(band, max(0.8, width * 1.1))
        line = ImageChops.difference(inner, outer)
        lines = line if lines is None else ImageChops.lighter(lines, line)
    if lines is None:
        return image.convert("L")
    return ImageOps.invert(lines.point([min(255, max(0, (v - 4) * 14)) for v in range(256)]))


def _paper(image: Image, random: Random, strength: float) -> Image:
    """Paper fibre as a grey sheet around 128."""
    from PIL import Image as Pillow

    fine = soften(grain(image.size, random), max(0.6, _unit(image) * 0.08))
    coarse = noise(image.size, random, cell=max(2.0, _unit(image) * 0.6))
    sheet = Pillow.blend(fine, coarse, 0.35)
    return sheet.point([round(128 + (value - 128) * strength) for value in range(256)])


def _watercolor(image: Image, random: Random) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance

    unit = _unit(image)
    bled = _bleed(image, random, unit * 0.9)
    washes = _smear(bled, max(3, round(unit * 0.9)))
    washes = soften(washes, unit * 0.2)
    pigment = noise(image.size, random, cell=unit * 7)
    pigment = Pillow.blend(pigment, noise(image.size, random, cell=unit * 2), 0.4)
    washes = Pillow.blend(washes, Pillow.new("RGB", image.size, (255, 253, 247)), 0.3)
    washes = ImageEnhance.Color(washes).enhance(1.25)
    tone = pigment.point([round(128 + (value - 128) * 0.38) for value in range(256)])
    washes = ImageChops.soft_light(washes, tone.convert("RGB"))
    # Pigment gathers where a wash dries: thin darker rims of the colour itself.
    rims = _edges(washes, unit * 0.5).point([160 + value * 95 // 255 for value in range(256)])
    washes = ImageChops.multiply(washes, rims.convert("RGB"))
    washes = ImageChops.overlay(washes, _paper(image, random, 0.35).convert("RGB"))
    return _deckle(washes, random)


def _bleed(image: Image, random: Random, reach: float) -> Image:
    """Outlines made irregular: the picture is mixed with shifted copies of itself by noise."""
    from PIL import Image as Pillow
    from PIL import ImageChops

    result = image
    for dx, dy in ((1, 0.4), (-0.5, 1), (-0.8, -0.7)):
        shifted = ImageChops.offset(image, round(dx * reach), round(dy * reach))
        blobs = noise(image.size, random, cell=max(3.0, reach * 2.4))
        mask = blobs.point([min(255, max(0, (value - 140) * 6)) for value in range(256)])
        result = Pillow.composite(shifted, result, mask)
    return result


def _smear(image: Image, size: int) -> Image:
    """Flat patches with kept edges: a median filter run at reduced size."""
    from PIL import Image as Pillow
    from PIL import ImageFilter

    factor = max(1, size // 3)
    small = image.reduce(factor) if min(image.size) > 8 * factor else image
    small = small.filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.MedianFilter(3))
    return small.resize(image.size, Pillow.Resampling.BICUBIC) if small.size != image.size else small


def _deckle(image: Image, random: Random) -> Image:
    """White paper with an uneven edge round the picture."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    unit = _unit(image)
    mask = Pillow.new("L", image.size)
    border = unit * 3.2
    ImageDraw.Draw(mask).rectangle(
        [border, border, image.width - border, image.height - border], fill=255
    )
    mask = soften(mask, unit * 1.6)
    rough = noise(image.size, random, cell=unit * 2.2)
    blend = Pillow.blend(mask, rough, 0.3).point(
        [min(255, max(0, round((value - 96) * 5))) for value in range(256)]
    )
    paper = Pillow.new("RGB", image.size, (252, 249, 241))
    return Pillow.composite(image, paper, blend)


def _oil(image: Image, random: Random) -> Image:
    """Strokes: the picture is shifted along its own brightness noise, then given relief."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance, ImageFilter

    unit = _unit(image)
    painted = _bleed(image, random, unit * 1.1)
    painted = _smear(painted, max(3, round(unit * 0.8)))
    painted = ImageEnhance.Color(painted).enhance(1.28)
    strokes = [
        noise(image.size, random, cell=unit * 0.5, stretch=6),
        noise((image.height, image.width), random, cell=unit * 0.5, stretch=6).transpose(
            Pillow.Transpose.ROTATE_90
        ),
    ]
    patches = noise(image.size, random, cell=unit * 9).point(
        [min(255, max(0, (value - 118) * 12)) for value in range(256)]
    )
    bristle = Pillow.composite(strokes[0], strokes[1], patches)
    bristle = Pillow.blend(bristle, painted.convert("L"), 0.25)
    relief = bristle.filter(ImageFilter.Kernel((3, 3), (-2, -1, 0, -1, 0, 1, 0, 1, 2), 1, 128))
    relief = soften(relief, max(0.3, unit * 0.06))
    relief = relief.point([min(255, max(0, round(128 + (v - 128) * 0.3))) for v in range(256)])
    return ImageChops.overlay(painted, relief.convert("RGB"))


def _pencil(image: Image, random: Random) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageOps

    unit = _unit(image)
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    lines = _edges(image, max(0.7, unit * 0.24))
    shade = soften(grey, unit * 0.4)
    paper = Pillow.new("L", image.size, 250)
    sheet = paper
    # Each tone darker than its threshold gets one more layer of parallel strokes.
    for index, (threshold, angle) in enumerate(((176, 45), (126, 45), (78, -45))):
        hatch = _hatching(image.size, unit * (0.95 - 0.12 * index), angle, random)
        dark = shade.point([max(0, min(255, (threshold - value) * 5)) for value in range(256)])
        ink = ImageChops.multiply(dark, ImageOps.invert(hatch))
        sheet = ImageChops.subtract(sheet, fade(ink, 0.5))
    tone = shade.point([205 + value * 50 // 255 for value in range(256)])
    sheet = ImageChops.multiply(ImageChops.multiply(sheet, tone), lines)
    texture = _paper(image, random, 0.5)
    sheet = ImageChops.overlay(sheet, texture)
    return ImageOps.colorize(sheet, (46, 44, 52), (253, 251, 245))


def _hatching(size: tuple[int, int], pitch: float, angle: int, random: Random) -> Image:
    """White with dark parallel strokes at 45 degrees, a little uneven."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    sheet = Pillow.new("L", size, 255)
    draw = ImageDraw.Draw(sheet)
    pitch = max(2.0, pitch * 1.5)
    width = max(1, round(pitch * 0.4))
    reach = size[0] + size[1]
    start = -float(size[1])
    while start < reach:
        jitter = random.uniform(-0.25, 0.25) * pitch
        if angle > 0:
            ends = [(start + jitter, size[1]), (start + size[1], 0)]
        else:
            ends = [(start + jitter, 0), (start + size[1], size[1])]
        draw.line(ends, fill=random.randint(0, 70), width=width)
        start += pitch
    wobble = noise(size, random, cell=max(3.0, pitch * 5))
    return Pillow.composite(
        soften(sheet, 0.4), Pillow.new("L", size, 255),
        wobble.point([min(255, 90 + value) for value in range(256)]),
    )  # fmt: skip


def _ink(image: Image, random: Random) -> Image:
    from PIL import ImageChops, ImageFilter, ImageOps

    unit = _unit(image)
    lines = _edges(soften(image, unit * 0.2), max(0.8, unit * 0.34))
    lines = lines.point([0 if value < 150 else 255 for value in range(256)])
    lines = soften(lines.filter(ImageFilter.MedianFilter(3)), 0.6)
    grey = ImageOps.autocontrast(soften(image.convert("L"), unit * 0.3), cutoff=1)
    hatch = _hatching(image.size, unit * 0.9, 45, random)
    dark = grey.point([255 if value < 62 else 0 for value in range(256)])
    ink = ImageChops.multiply(soften(dark, 0.8), ImageOps.invert(hatch))
    sheet = ImageChops.subtract(lines, ink)
    return ImageOps.colorize(sheet, (24, 22, 34), (252, 249, 240))


def _pixel(image: Image, random: Random) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageEnhance

    cell = max(1, round(min(image.size) / 80))
    columns, rows = max(1, image.width // cell), max(1, image.height // cell)
    small = image.resize((columns, rows), Pillow.Resampling.BOX)
    small = ImageEnhance.Contrast(ImageEnhance.Color(small).enhance(1.2)).enhance(1.1)
    limited = small.quantize(28, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
    return limited.convert("RGB").resize(image.size, Pillow.Resampling.NEAREST)


def _neon(image: Image, random: Random) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance, ImageOps

    unit = _unit(image)
    vivid = ImageEnhance.Color(image).enhance(2.6)
    bright = ImageChops.add(vivid, Pillow.new("RGB", image.size, (70, 50, 90)))
    tubes = ImageOps.invert(_edges(soften(image, unit * 0.25), max(0.9, unit * 0.36)))
    black = Pillow.new("RGB", image.size, (0, 0, 0))
    base = ImageChops.add(
        image.point([round(value * 0.2) for value in range(256)] * 3),
        Pillow.new("RGB", image.size, (12, 6, 30)),
    )
    lit = Pillow.composite(bright, black, tubes)
    wide = soften(lit, unit * 2.4).point([min(255, round(value * 2.2)) for value in range(256)] * 3)
    close = soften(lit, unit * 0.7).point([min(255, round(value * 1.5)) for value in range(256)] * 3)
    return ImageChops.screen(ImageChops.screen(base, wide), ImageChops.screen(close, lit))


def _mono(image: Image, random: Random) -> Image:
    from PIL import ImageEnhance, ImageOps

    grey = ImageOps.autocontrast(image.convert("L"), cutoff=0.5)
    return _vignette(ImageEnhance.Contrast(grey).enhance(1.12).convert("RGB"), 0.25)


def _sepia(image: Image, random: Random) -> Image:
    from PIL import ImageOps

    grey = ImageOps.autocontrast(image.convert("L"), cutoff=0.5)
    toned = ImageOps.colorize(grey, (44, 26, 14), (252, 240, 212), mid=(164, 124, 82))
    return _vignette(toned, 0.45)


def _vignette(image: Image, strength: float) -> Image:
    """The corners darkened."""
    from PIL import Image as Pillow

    mask = Pillow.radial_gradient("L").resize(image.size, Pillow.Resampling.BILINEAR)
    mask = mask.point([round(max(0, value - 110) * strength * 1.5) for value in range(256)])
    result = image.copy()
    result.paste((10, 6, 12), (0, 0), mask)
    return result


def _photo(image: Image, random: Random) -> Image:
    """The depth blur is laid on the background earlier; here tone, light bloom and grain."""
    from PIL import ImageChops, ImageEnhance

    unit = _unit(image)
    toned = ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(0.94)).enhance(1.08)
    bloom = soften(toned, unit * 2.5).point([round(max(0, value - 150) * 0.5) for value in range(256)] * 3)
    toned = ImageChops.screen(toned, bloom)
    film = grain(image.size, random).point([round(128 + (v - 128) * 0.09) for v in range(256)])
    return _vignette(ImageChops.overlay(toned, film.convert("RGB")), 0.3)


def _flat(image: Image, random: Random) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageEnhance

    plain = _smear(ImageEnhance.Color(image).enhance(1.2), max(3, round(_unit(image) * 0.5)))
    colors = plain.quantize(22, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
    return soften(colors.convert("RGB"), 0.5)


def _comic(image: Image, random: Random) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance

    unit = _unit(image)
    plain = _flat(ImageEnhance.Color(image).enhance(1.25), random)
    dots = _halftone(image, max(3.0, unit * 1.25))
    toned = ImageChops.multiply(plain, dots.convert("RGB"))
    lines = _edges(soften(image, unit * 0.2), max(0.8, unit * 0.34))
    lines = soften(lines.point([0 if value < 140 else 255 for value in range(256)]), 0.7)
    black = Pillow.new("RGB", image.size, (20, 16, 28))
    return Pillow.composite(toned, black, lines)


def _halftone(image: Image, pitch: float) -> Image:
    """Dots on a grid that grow with the darkness below them, on light grey."""
    from PIL import Image as Pillow
    from PIL import ImageChops

    tile = Pillow.radial_gradient("L").resize((max(3, round(pitch)),) * 2, Pillow.Resampling.BICUBIC)
    screen = Pillow.new("L", image.size)
    for row, top in enumerate(range(0, image.height, tile.height)):
        shift = -(tile.width // 2) if row % 2 else 0
        for left in range(shift, image.width, tile.width):
            screen.paste(tile, (left, top))
    grey = soften(image.convert("L"), pitch * 0.6)
    mixed = ImageChops.add(grey, screen, scale=1.0, offset=-96)
    return mixed.point([208 if value < 96 else 255 for value in range(256)])


def _stained(image: Image, random: Random) -> Image:
    """Glass pieces from a shaken grid, leaded edges, strong colour."""
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageEnhance

    vivid = ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(1.7)).enhance(1.12)
    pitch = max(4.0, min(image.size) / 30)
    columns, rows = round(image.width / pitch) + 1, round(image.height / pitch) + 1
    corners = [
        [((x + random.uniform(-0.36, 0.36)) * pitch, (y + random.uniform(-0.36, 0.36)) * pitch)
         for x in range(-1, columns + 2)] for y in range(-1, rows + 2)
    ]  # fmt: skip
    small = vivid.resize((columns + 2, rows + 2), Pillow.Resampling.BOX)
    fine = small.load()
    glass = Pillow.new("RGB", image.size, (20, 18, 24))
    draw = ImageDraw.Draw(glass)
    lead = max(1, round(pitch * 0.09))
    for y in range(rows + 2):
        for x in range(columns + 2):
            a, b = corners[y][x], corners[y][x + 1]
            c, d = corners[y + 1][x + 1], corners[y + 1][x]
            middle = ((a[0] + c[0]) / 2, (a[1] + c[1]) / 2)
            spot = (min(image.width - 1, max(0, round(middle[0]))),
                    min(image.height - 1, max(0, round(middle[1]))))  # fmt: skip
            color = vivid.getpixel(spot) if fine is not None else (0, 0, 0)
            halves = ([a, b, c], [a, c, d]) if (x + y) % 2 else ([a, b, d], [b, c, d])
            for half in halves:
                draw.polygon(half, fill=color)
    mix_in = Pillow.blend(glass, vivid, 0.45)
    lines = ImageDraw.Draw(mix_in)
    for y in range(rows + 2):
        for x in range(columns + 2):
            lines.line([corners[y][x], corners[y][x + 1]], fill=(22, 20, 26), width=lead)
            lines.line([corners[y][x], corners[y + 1][x]], fill=(22, 20, 26), width=lead)
    return Pillow.composite(mix_in, Pillow.new("RGB", image.size, (22, 20, 26)),
                            _edges(image, _unit(image) * 0.4))  # fmt: skip


def _papercut(image: Image, random: Random) -> Image:
    """Flat sheets with a lit upper and a shaded lower edge, on fibrous paper."""
    from PIL import ImageChops, ImageFilter

    flat = _flat(image, random)
    relief = soften(flat.convert("L"), _unit(image) * 0.25).filter(
        ImageFilter.Kernel((3, 3), (-2, -1, 0, -1, 0, 1, 0, 1, 2), 1, 128)
    )
    relief = relief.point([min(255, max(0, 128 - (value - 128) * 3)) for value in range(256)])
    sheet = ImageChops.overlay(flat, soften(relief, 0.8).convert("RGB"))
    return ImageChops.overlay(sheet, _paper(image, random, 0.5).convert("RGB"))


def _clay(image: Image, random: Random) -> Image:
    """Softened forms with dents of fingers and a matt light from above."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageEnhance, ImageFilter

    unit = _unit(image)
    soft = _smear(ImageEnhance.Color(image).enhance(0.92), max(3, round(unit * 1.1)))
    height = Pillow.blend(soft.convert("L"), noise(image.size, random, cell=unit * 2.4), 0.3)
    relief = soften(height, unit * 0.25).filter(
        ImageFilter.Kernel((3, 3), (-2, -1, 0, -1, 0, 1, 0, 1, 2), 1, 128)
    )
    relief = relief.point([min(255, max(0, 128 + (value - 128) * 4)) for value in range(256)])
    return ImageChops.overlay(soft, soften(relief, unit * 0.2).convert("RGB"))


_TREATMENTS: dict[str, Callable[[Image, Random], Image]] = {
    "render": _render, "flat": _flat, "watercolor": _watercolor, "oil": _oil, "pencil": _pencil,
    "ink": _ink, "pixel": _pixel, "neon": _neon, "mono": _mono, "sepia": _sepia, "photo": _photo,
    "comic": _comic, "stained": _stained, "paper": _papercut, "clay": _clay,
}  # fmt: skip
TREATMENTS = tuple(_TREATMENTS)
