"""Colours: a colour word in, RGB out; with a cut-out as well, the recoloured cut-out out."""

import colorsys
import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

RGB = tuple[int, int, int]

# What people picture at the word, a little softer than screen primaries, so that it suits the art.
_NAMED: dict[str, RGB] = {
    name: (int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16))
    for code, names in {
        "E02F36": "red", "B3202C": "crimson", "D32A1E": "scarlet vermilion", "9B111E": "ruby",
        "7A1626": "maroon burgundy wine", "8A3033": "oxblood", "E2725B": "terracotta",
        "B7410E": "rust", "FF7F6A": "coral", "FA8072": "salmon", "F28A1E": "orange",
        "FF9F40": "tangerine apricot", "FFCBA4": "peach", "FFBF1F": "amber", "F9D423": "yellow",
        "FFF07A": "lemon", "D9A514": "mustard ochre", "E5B73B": "gold golden", "FFFDD0": "cream",
        "F4EFE1": "ivory", "F7E7CE": "champagne", "FFFFF0": "offwhite", "F5DEB3": "wheat",
        "D8C3A5": "beige", "D2B48C": "tan sand", "C19A6B": "camel fawn", "C3B091": "khaki",
        "8A5A33": "brown", "5B3A21": "chocolate", "6F4E37": "coffee mocha", "7B4B2A": "chestnut",
        "A9713F": "wooden wood", "6B2F1A": "mahogany", "B87333": "copper", "A97142": "bronze",
        "B5A642": "brass", "C68E5A": "caramel", "704214": "sepia", "483C32": "taupe umber",
        "3DA64B": "green", "7CCB3C": "lime chartreuse", "6B8E23": "olive", "2E6B3E": "forest",
        "50C878": "emerald", "00A86B": "jade", "A8E6CF": "mint", "9DB88A": "sage",
        "8A9A5B": "moss", "2E8B6F": "seagreen", "1FA3A3": "teal", "26C6C6": "cyan aqua",
        "40E0D0": "turquoise", "7FFFD4": "aquamarine", "2F6FDE": "blue", "1F2F66": "navy",
        "4169E1": "royal", "1546A8": "cobalt sapphire", "0F4C81": "ultramarine",
        "87CEEB": "sky skyblue", "007FFF": "azure", "3F3FA8": "indigo", "A9C9F5": "babyblue",
        "CCCCFF": "periwinkle", "8A3FD1": "purple", "7F3FBF": "violet", "C8A2C8": "lilac",
        "B497E7": "lavender", "E0B0FF": "mauve", "5B2A54": "plum eggplant aubergine",
        "9966CC": "amethyst", "DA4FD0": "magenta fuchsia", "F58CB4": "pink",
        "E8A0B0": "rose", "B76E79": "rosegold", "FF4FA0": "hotpink", "222326": "black",
        "333333": "charcoal", "1B1B1F": "jet ebony", "5A6470": "slate", "8C8F94": "gray grey",
        "B2B5B8": "ash", "C3C7CC": "silver silvery metallic chrome steel", "F6F7F9": "white",
        "F0EAD6": "eggshell", "F0F0F5": "pearl", "FFFAFA": "snow",
        "FFE0BD": "blonde blond",
    }.items()
    for name in names.split()
}  # fmt: skip
_FAMILY = {"reddish", "orangish", "orangey", "yellowish", "greenish", "bluish", "purplish",
           "pinkish", "brownish", "grayish", "greyish", "whitish", "blackish"}  # fmt: skip
_STEMS = {"reddish": "red", "orangish": "orange", "orangey": "orange", "bluish": "blue",
          "purplish": "purple", "whitish": "white"}  # fmt: skip
# Factors on saturation and on value, then how far to white.
_SHADES: dict[str, tuple[float, float, float]] = {
    "light": (0.9, 1.1, 0.45), "pale": (0.7, 1.1, 0.5), "pastel": (0.7, 1.1, 0.5),
    "baby": (0.8, 1.1, 0.45), "soft": (0.8, 1.05, 0.25), "faded": (0.6, 1.0, 0.25),
    "dusty": (0.6, 0.95, 0.1), "muted": (0.6, 0.9, 0.1), "dull": (0.6, 0.85, 0.0),
    "dark": (1.0, 0.55, 0.0), "deep": (1.1, 0.68, 0.0), "rich": (1.15, 0.85, 0.0),
    "midnight": (0.9, 0.35, 0.0), "bright": (1.2, 1.15, 0.0), "vivid": (1.3, 1.15, 0.0),
    "vibrant": (1.3, 1.15, 0.0), "neon": (1.4, 1.25, 0.0), "electric": (1.4, 1.2, 0.0),
    "hot": (1.3, 1.1, 0.0), "medium": (1.0, 1.0, 0.0), "solid": (1.0, 1.0, 0.0),
}  # fmt: skip

# Art whose main hue covers less than this share, and which is pale besides, has no hue worth
# turning; a second material is worth a colour of its own from the second share on.
_COLORFUL_SHARE = 0.18
_SECOND_SHARE = 0.07
# Hues within this distance of the dominant one (of 256) belong to the same material: the art
# shades red towards magenta and yellow towards orange.
_HUE_REACH = 34
# The art's window panes, screens and water; and the tint of its shadows on white.
_GLASS = range(134, 161)
_LILAC = range(172, 205)


def rgb_of(name: str) -> RGB | None:
    """The colour that `name` means, 0 to 255 each, or None when it is no colour.

    Knows words ("teal"), shades ("light blue", "dark green"), families ("reddish", "sky blue"),
    mixtures ("blue-green"), compounds ("rust-colored") and "#RRGGBB".
    """
    text = name.strip().lower()
    if re.fullmatch(r"#[0-9a-f]{6}", text):
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
    words = re.findall(r"[a-z]+", re.sub(r"[\s-]*(?:colou?red|colou?r|toned?|tinted)$", "", text))
    if not words or len(words) > 4:
        return None
    if (joined := "".join(words)) in _NAMED:
        return _NAMED[joined]
    *front, last = words
    base = _word(last)
    if base is None:
        return None
    for word in reversed(front):
        if word in _SHADES:
            base = _shade(base, word)
        elif (other := _word(word)) is not None:
            # "sky blue" is the blue of the sky; "blue-green" lies between the two.
            base = other if word not in _BASIC else _mix(base, other, 0.5)
        elif word not in ("and", "very", "metallic", "shiny", "glossy", "matte"):
            return None
    return base


_BASIC = frozenset(
    ["red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white",
     "gray", "grey"]
)  # fmt: skip


def _word(word: str) -> RGB | None:
    if word in _FAMILY:
        word = _STEMS.get(word, word.removesuffix("ish"))
    return _NAMED.get(word)


def _shade(rgb: RGB, word: str) -> RGB:
    saturation_by, value_by, whiten = _SHADES[word]
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in rgb))
    changed = colorsys.hsv_to_rgb(hue, min(1, saturation * saturation_by), min(1, value * value_by))
    red, green, blue = (round(part * 255) for part in changed)
    return _mix((red, green, blue), (255, 255, 255), whiten)


def _mix(a: RGB, b: RGB, share: float) -> RGB:
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def recolor(picture: "Image", color: str, *, spare_skin: bool = False) -> "Image":
    """`picture` with its main material in `color`, shading, other materials and alpha kept.

    The main material is the dominant hue and its neighbours; art without much colour is dyed as a
    whole, down to its near-black lines and eyes.

    Args:
        picture: RGBA.
        color: what `rgb_of` understands; a name that is no colour leaves the picture as it is.
        spare_skin: leave the yellow skin of the art's people alone.
    """
    target = rgb_of(color)
    if target is None:
        return picture.copy()
    hues = _main_hues(picture, spare_skin=spare_skin)
    if not hues:
        return _dye(picture, target, _plain_mask(picture))
    return _dye(picture, target, _hue_mask(picture, hues[0], spare_skin=spare_skin))


def recolor_two(picture: "Image", first: str, second: str, *, spare_skin: bool = False) -> "Image":
    """`picture` in two colours: its two main materials, or the upper and the lower half.

    Args: as for `recolor`.
    """
    one, two = rgb_of(first), rgb_of(second)
    if one is None or two is None:
        return recolor(picture, second if one is None else first, spare_skin=spare_skin)
    hues = _main_hues(picture, spare_skin=spare_skin)
    if len(hues) > 1:
        dyed = _dye(picture, one, _hue_mask(picture, hues[0], spare_skin=spare_skin))
        # The mask of the second material is taken from the picture before the first was dyed.
        return _dye(dyed, two, _hue_mask(picture, hues[1], spare_skin=spare_skin))
    from PIL import Image

    upper = recolor(picture, first, spare_skin=spare_skin)
    lower = recolor(picture, second, spare_skin=spare_skin)
    # A short ramp around the middle: a hard line would look like a fault of the art.
    ramp = Image.linear_gradient("L").point([_ramp(y, 116, 140) for y in range(256)])
    return Image.composite(lower, upper, ramp.resize(picture.size))


def _main_hues(picture: "Image", *, spare_skin: bool) -> list[int]:
    """Hues (0 to 255) of the one or two materials that cover most, widest first."""
    from PIL import ImageChops

    small = picture.reduce(max(1, max(picture.size) // 128))
    hue, saturation, value = small.convert("RGB").convert("HSV").split()
    solid = small.getchannel("A").point(lambda alpha: 255 if alpha > 128 else 0)
    # Tyres, visors and deep shadows have a hue, but are nobody's idea of the thing's colour.
    lit = ImageChops.multiply(solid, value.point(lambda level: 255 if level > 105 else 0))
    mask = ImageChops.multiply(lit, saturation.point(lambda level: 255 if level > 70 else 0))
    if spare_skin:
        mask = ImageChops.multiply(mask, ImageChops.invert(_skin(hue, saturation)))
    area = max(1, solid.histogram()[255])
    pale = (lit.histogram()[255] - mask.histogram()[255]) / area
    counts = hue.histogram(mask)
    found: list[tuple[int, float]] = []
    while len(found) < 2:
        windows = [sum(counts[(at + near) % 256] for near in range(-12, 13)) for at in range(256)]
        best = max(range(256), key=lambda at: windows[at])
        share = windows[best] / area
        if share < _SECOND_SHARE:
            break
        found.append((best, share))
        for near in range(-_HUE_REACH, _HUE_REACH + 1):
            counts[(best + near) % 256] = 0
    return _without_glass(found, pale)


def _without_glass(found: list[tuple[int, float]], pale: float) -> list[int]:
    """The hues of `found` (hue, share of the area) that are the thing's own colour.

    Thin things such as a bicycle's frame count when little else is light; a window, a screen or
    the sea does not when another material is nearly as large, or when most of the thing is pale.
    """
    if not found:
        return []
    leader, share = found[0]
    if share < _COLORFUL_SHARE and pale > 3 * share:
        return []
    if leader in _GLASS:
        if len(found) > 1 and found[1][1] > share / 2 and found[1][0] not in _LILAC:
            return [found[1][0], leader]
        if share < 0.36 and pale > share:
            return []
    return [hue for hue, _ in found]


def _hue_mask(picture: "Image", center: int, *, spare_skin: bool) -> "Image":
    """White where the hue is that of `center` and there is colour, grey towards the limits."""
    from PIL import ImageChops

    hue, saturation, value = picture.convert("RGB").convert("HSV").split()
    # Red lies at both ends of the hue circle: distances go round it.
    distances = [min((at - center) % 256, (center - at) % 256) for at in range(256)]
    near = hue.point([255 - _ramp(far, _HUE_REACH - 6, _HUE_REACH + 8) for far in distances])
    strong = saturation.point([_ramp(level, 12, 56) for level in range(256)])
    lit = value.point([_ramp(level, 20, 60) for level in range(256)])
    mask = ImageChops.multiply(ImageChops.multiply(near, strong), lit)
    if spare_skin:
        mask = ImageChops.multiply(mask, ImageChops.invert(_skin(hue, saturation)))
    return mask


def _skin(hue: "Image", saturation: "Image") -> "Image":
    """White on the saturated yellow to orange that the art gives every person."""
    from PIL import ImageChops

    yellow = hue.point([255 if 14 <= at <= 38 else 0 for at in range(256)])
    return ImageChops.multiply(yellow, saturation.point([_ramp(at, 100, 140) for at in range(256)]))


def _plain_mask(picture: "Image") -> "Image":
    """White on everything but strong colour and near-black."""
    from PIL import ImageChops

    _, saturation, value = picture.convert("RGB").convert("HSV").split()
    pale = saturation.point([255 - _ramp(level, 120, 190) for level in range(256)])
    return ImageChops.multiply(pale, value.point([_ramp(level, 25, 70) for level in range(256)]))


def _dye(picture: "Image", target: RGB, mask: "Image") -> "Image":
    """Where `mask` is white, replace the colour by shades of `target` that follow the lightness."""
    from PIL import Image, ImageChops

    light = picture.convert("RGB").convert("L")
    weighed = ImageChops.multiply(mask, picture.getchannel("A")).point(lambda v: v if v > 96 else 0)
    middle = _median(light.histogram(weighed.point(lambda v: 255 if v else 0)))
    if middle is None:
        return picture.copy()
    dyed = [light.point(table) for table in _shading(target, middle)]
    alpha = picture.getchannel("A")
    changed = Image.composite(Image.merge("RGB", dyed), picture.convert("RGB"), mask)
    return Image.merge("RGBA", (*changed.split(), alpha))


def _median(counts: list[int]) -> int | None:
    half, seen = sum(counts) / 2, 0
    for level, count in enumerate(counts):
        seen += count
        if count and seen >= half:
            return min(max(level, 24), 231)
    return None


def _shading(target: RGB, middle: int) -> list[list[int]]:
    """Per channel, 256 levels: `target` at `middle`, darker below it, towards white above."""
    brightness = (target[0] * 299 + target[1] * 587 + target[2] * 114) / 255000
    # White needs shallow shadows to read as white, black needs bright gloss to keep its form.
    depth = 1.1 - 0.75 * brightness**2
    gloss = 0.85 - 0.35 * (1 - brightness) ** 3
    shadow = _mix(target, (40, 30, 90), 0.16)
    points: list[tuple[int, RGB]] = [
        (0, _scale(shadow, 0.5 * brightness + 0.05)),
        (middle // 2, _scale(shadow, 0.5**depth)),
        (middle, target),
        (255, _mix(target, (255, 255, 255), gloss)),
    ]
    return [_curve([(at, rgb[channel]) for at, rgb in points]) for channel in range(3)]


def _scale(rgb: RGB, factor: float) -> RGB:
    return _mix((0, 0, 0), rgb, factor)


def _curve(points: list[tuple[int, int]]) -> list[int]:
    levels = [points[-1][1]] * 256
    for (x0, y0), (x1, y1) in pairwise(points):
        for x in range(x0, x1):
            levels[x] = round(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
    return levels


def _ramp(value: float, low: float, high: float) -> int:
    """0 up to `low`, 255 from `high`, a straight line between."""
    return round(255 * min(1.0, max(0.0, (value - low) / (high - low))))
