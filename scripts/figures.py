"""Whole people: the art's busts and heads in, standing figures out.

The art has most people from the chest up only, which looks cut off in a scene. `with_legs` puts a
bust on legs; `with_head` gives a standing body another head.
"""

from drawings.clay import Clay
from PIL import Image, ImageDraw, ImageFilter, ImageOps

SUPERSAMPLE = 4
# Where, in the trimmed standing body of the art (man, woman), the neck ends.
NECK = 0.235


def with_legs(bust: Image.Image, *, center: int, legs: str, shoes: str) -> Image.Image:
    """`bust` (RGBA, trimmed) on a lengthened chest, legs and shoes of those colours ("2E5FA8").

    A third of the height is added: the child-like proportions suit the art's large heads.

    Args:
        center: x of the middle of the body; what the person holds does not count.
    """
    width, height = bust.size
    chest = _chest(bust, center, round(height * 0.17))
    lower = _legs(round(chest.width * 0.66), round(height * 0.3), legs, shoes)
    figure = Image.new("RGBA", (width, height + chest.height + round(height * 0.24)))
    figure.alpha_composite(lower, (center - lower.width // 2, figure.height - lower.height))
    figure.alpha_composite(chest, (center - chest.width // 2, height - 2))
    figure.alpha_composite(bust, (0, 0))
    return figure


def _chest(bust: Image.Image, center: int, depth: int) -> Image.Image:
    """The lowest rows of the bust drawn out downwards, with round corners and a darker hem."""
    row = bust.height - 4
    left, _ = _solid_span(bust, row)
    half = bust.crop((left, row, center, row + 2)).resize((center - left, depth))
    other = bust.crop((center, row, 2 * center - left, row + 2)).resize(half.size)
    if not _is_symmetric(bust, center, left, row):
        # The other side holds something: the free side is mirrored.
        other = ImageOps.mirror(half)
    strip = Image.new("RGBA", (2 * half.width, depth))
    strip.paste(half, (0, 0))
    strip.paste(other, (half.width, 0))
    shape = Image.new("L", (strip.width * SUPERSAMPLE, depth * SUPERSAMPLE))
    ImageDraw.Draw(shape).rounded_rectangle(
        (0, -shape.height, shape.width - 1, shape.height - 1), radius=shape.height * 0.7, fill=255
    )
    shade = Image.linear_gradient("L").resize(strip.size).point(lambda level: level * 80 // 255)
    strip.paste((50, 30, 90), (0, 0), shade)
    strip.putalpha(shape.resize(strip.size, Image.Resampling.LANCZOS))
    return strip


def _is_symmetric(bust: Image.Image, center: int, left: int, row: int) -> bool:
    """Whether the row ends as far right of the centre as it starts left of it."""
    return abs(_solid_span(bust, row)[1] - (2 * center - left)) <= 8


def _solid_span(picture: Image.Image, row: int) -> tuple[int, int]:
    line = picture.getchannel("A").crop((0, row, picture.width, row + 1))
    box = line.point(lambda value: 255 if value > 127 else 0).getbbox()
    if box is None:
        raise ValueError(f"Row {row} of the bust is empty; trim the picture.")
    return box[0], box[2]


def _legs(width: int, height: int, color: str, shoes: str) -> Image.Image:
    """Two legs with shoes, shaded like tubes."""
    w, h = width * SUPERSAMPLE, height * SUPERSAMPLE
    picture = Image.new("RGBA", (w, h))
    for side in (0, 1):
        left = (0.04 + side * 0.49) * w
        leg, shoe = Image.new("L", (w, h)), Image.new("L", (w, h))
        ImageDraw.Draw(leg).rectangle((left, 0, left + 0.43 * w, h * 0.9), fill=255)
        toe = left + (-0.04 if side == 0 else 0.0) * w
        ImageDraw.Draw(shoe).rounded_rectangle(
            (toe, h * 0.8, toe + 0.47 * w, h - 1), radius=0.1 * w, fill=255,
            corners=(True, True, False, False),
        )  # fmt: skip
        picture.paste(_tube(leg, color), (0, 0), leg)
        picture.paste(_tube(shoe, shoes), (0, 0), shoe)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _tube(shape: Image.Image, color: str) -> Image.Image:
    """A plate of `color`, lighter inside the shape and darker along its edges."""
    plate = Image.new("RGB", shape.size, f"#{color}")
    inside = shape.filter(ImageFilter.GaussianBlur(shape.width / 14))
    plate.paste((40, 25, 80), (0, 0), inside.point(lambda level: max(0, 235 - level) // 2))
    plate.paste((255, 255, 255), (0, 0), inside.point(lambda level: max(0, level - 190) // 3))
    return plate


def with_head(body: Image.Image, head: Image.Image, *, size: float, stature: float) -> Image.Image:
    """The standing `body` (RGBA, trimmed) with `head` instead of its own.

    Args:
        size: width of the head in body widths; 0.8 is grown up, 1.1 a child.
        stature: height of the trunk and legs in those of a grown-up.
    """
    width, trunk_height = round(body.width * 1.45), round(body.height * 1.45 * stature)
    trunk = _scaled(
        body.crop((0, round(body.height * NECK), body.width, body.height)),
        (width, round(trunk_height * (1 - NECK))),
    )
    head_width = round(width * size)
    head = _scaled(head, (head_width, round(head.height * head_width / head.width)))
    overlap = round(head.height * 0.06)
    across = max(width, head_width)
    figure = Image.new("RGBA", (across, head.height + trunk.height - overlap))
    figure.alpha_composite(trunk, ((across - width) // 2, head.height - overlap))
    figure.alpha_composite(head, ((across - head_width) // 2, 0))
    return figure


def _scaled(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    # Premultiplied: colour under transparent pixels must not bleed into the edge.
    return picture.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")


def seated(
    head: Image.Image, *, coat: str, belly: str, tail: str | None, tip: str | None
) -> Image.Image:
    """An animal that sits and looks at us, of which the art has the `head` only (RGBA, trimmed).

    Args:
        coat, belly: colours of the body and of its front.
        tail, tip: colours of a bushy tail and of its end; None for animals without.
    """
    clay = Clay()
    if tail is not None:
        clay.poly([(66, 84), (82, 70), (88, 48), (97, 62), (96, 84), (84, 95), (66, 95)], tail,
                  round_by=6, bevel=5)  # fmt: skip
    if tip is not None:
        clay.poly([(83, 62), (88, 46), (97, 61), (95, 70)], tip, round_by=3, bevel=3)
    for side in (20, 56):
        clay.oval(side, 66, side + 24, 97, coat, bevel=5)
    clay.poly([(36, 40), (64, 40), (76, 76), (70, 96), (30, 96), (24, 76)], coat, round_by=8,
              bevel=7)  # fmt: skip
    clay.oval(38, 48, 62, 84, belly, bevel=4)
    for x in (33, 53):
        clay.box(x, 64, x + 14, 97, coat, radius=7, bevel=3)
        clay.oval(x - 2, 88, x + 15, 98, coat, bevel=3)
    body = clay.picture()
    head = _scaled(head, (150, round(head.height * 150 / head.width)))
    figure = Image.new("RGBA", (256, 256 + head.height - 138))
    figure.alpha_composite(body, (0, figure.height - 256))
    figure.alpha_composite(head, (128 - 75, 0))
    return figure


def on_plinth(figure: Image.Image) -> Image.Image:
    """`figure` (RGBA, trimmed) on a block of stone."""
    clay = Clay()
    clay.box(22, 70, 78, 96, "BDBAC8", radius=1, bevel=3)
    clay.box(16, 64, 84, 72, "CFCCDA", radius=2)
    clay.box(14, 92, 86, 99, "B0ADBD", radius=1)
    plinth = clay.picture()
    above = round(0.66 * plinth.height)
    whole = Image.new("RGBA", (plinth.width, figure.height + plinth.height - above))
    whole.alpha_composite(plinth, (0, whole.height - plinth.height))
    whole.alpha_composite(figure, ((whole.width - figure.width) // 2, 0))
    return whole
