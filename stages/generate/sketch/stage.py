"""Placements in; the actors painted onto the background, with their shadows and lettering, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.art import picture
from imagine.stages.generate.sketch.brush import RGB, soften
from imagine.stages.generate.sketch.cast import Actor
from imagine.stages.generate.sketch.color import recolor, rgb_of
from imagine.stages.generate.sketch.dressing import cast_shadow, shaded
from imagine.stages.generate.sketch.layout import Placement
from imagine.stages.generate.sketch.lettering import paint_placeholder
from imagine.stages.generate.sketch.sky import Light

if TYPE_CHECKING:
    from PIL.Image import Image

# Art is 256 pixels high: recolouring it larger than this costs time and shows nothing.
_RECOLORED = 512
_TINTS: tuple[RGB, ...] = (
    (150, 176, 222), (236, 176, 140), (160, 204, 170), (222, 160, 190), (236, 208, 130),
    (176, 166, 222),
)  # fmt: skip


@dataclass(slots=True)
class Wardrobe:
    """Pictures of actors by size, so that a hundred equal things are made once."""

    light: Light
    _made: dict[tuple[str, int, int, bool], Image]

    @classmethod
    def under(cls, light: Light) -> Wardrobe:
        return cls(light, {})

    def dress(self, actor: Actor, width: int, height: int, *, mirrored: bool) -> Image:
        """The actor as RGBA of about that size, in its colours and under the light."""
        key = (actor.id, width, height, mirrored)
        if key not in self._made:
            self._made[key] = self._make(actor, width, height, mirrored=mirrored)
        return self._made[key]

    def _make(self, actor: Actor, width: int, height: int, *, mirrored: bool) -> Image:
        from PIL import Image, ImageOps

        if actor.cutout is None:
            return shaded(
                paint_placeholder((width, height), actor.label, tint=tint_of(actor)), self.light.actor
            )
        bound = min(1.0, _RECOLORED / max(width, height)) if actor.colors else 1.0
        size = (max(1, round(width * bound)), max(1, round(height * bound)))
        image = picture(actor.cutout, width=size[0], height=size[1])
        for color in actor.colors[:1]:
            image = recolor(image, color)
        if bound < 1.0:
            image = image.resize((width, height), Image.Resampling.LANCZOS)
        if mirrored:
            image = ImageOps.mirror(image)
        return shaded(_crisp(image, height), self.light.actor)


def _crisp(image: Image, height: int) -> Image:
    """Enlarged art gets its edge back: the soft rim of its alpha is narrowed."""
    factor = height / 224
    if factor <= 1.6:
        return image
    gain = min(6.0, factor)
    curve = [min(255, max(0, round((value - 118) * gain + 128))) for value in range(256)]
    alpha = image.getchannel("A").point(curve)
    image = image.copy()
    image.putalpha(alpha)
    return image


def tint_of(actor: Actor) -> RGB:
    """The colour of a placeholder: the one asked for, else one that its name always gets."""
    if actor.colors and (color := rgb_of(actor.colors[0])) is not None:
        return color
    return _TINTS[sum(map(ord, actor.label.lower())) % len(_TINTS)]


def dominant(actor: Actor) -> RGB:
    """The mean colour of an actor's art, in the colour it is to be drawn in."""
    if actor.colors and (color := rgb_of(actor.colors[0])) is not None:
        return color
    if actor.cutout is None:
        return tint_of(actor)
    pixel = picture(actor.cutout, width=32, height=32).convert("RGBa").resize((1, 1)).getpixel((0, 0))
    if not isinstance(pixel, tuple) or not pixel[3]:
        return 200, 200, 200
    red, green, blue = (min(255, round(value * 255 / pixel[3])) for value in pixel[:3])
    return red, green, blue


def paint_actor(
    canvas: Image, placement: Placement, wardrobe: Wardrobe, *, floats: bool = False
) -> None:
    """Draw one placement and, where it stands, its shadow; `floats` sinks its foot into water."""
    width, height = max(1, round(placement.width)), max(1, round(placement.height))
    image = wardrobe.dress(placement.actor, width, height, mirrored=placement.mirrored)
    # Art fills its box in one direction at least; its foot stands on the box's base.
    left = round(placement.left + (placement.width - image.width) / 2)
    top = round(placement.top + placement.height - image.height)
    if placement.grounded and floats:
        _paint_afloat(canvas, image, left, top)
        return
    if placement.grounded:
        foot = (left + image.width / 2, top + image.height * 0.985)
        cast_shadow(canvas, foot=foot, width=image.width * 0.86,
                    strength=wardrobe.light.shadow, side=wardrobe.light.side)  # fmt: skip
    canvas.paste(image, (left, top), image)


def _paint_afloat(canvas: Image, image: Image, left: int, top: int) -> None:
    """In water: the lowest part fades out, and a dim mirror image lies below."""
    from PIL import Image as Pillow
    from PIL import ImageOps

    draft = max(1, round(image.height * 0.1))
    line = image.height - draft
    mirror = ImageOps.flip(image.crop((0, line - round(image.height * 0.3), image.width, line)))
    veil = Pillow.linear_gradient("L").resize(mirror.size).point(
        [round((255 - value) * 0.34) for value in range(256)]
    )
    from PIL import ImageChops

    mirror = soften(mirror, image.height * 0.012)
    canvas.paste(mirror, (left, top + line), ImageChops.multiply(mirror.getchannel("A"), veil))
    hull = image.copy()
    fading = Pillow.new("L", image.size, 255)
    slope = Pillow.linear_gradient("L").resize((image.width, draft)).point(
        [255 - value for value in range(256)]
    )
    fading.paste(slope, (0, line))
    hull.putalpha(ImageChops.multiply(image.getchannel("A"), fading))
    canvas.paste(hull, (left, top), hull)


def panel_box(placement: Placement) -> tuple[float, float, float, float] | None:
    """The area free for lettering on a placement, in pixels; None where its art has none."""
    cutout = placement.actor.cutout
    if cutout is None or cutout.panel is None:
        return None
    left, top, right, bottom = cutout.panel
    if placement.mirrored:
        left, right = 1 - right, 1 - left
    width = min(placement.width, placement.height * cutout.aspect)
    height = width / cutout.aspect
    x = placement.left + (placement.width - width) / 2
    y = placement.top + placement.height - height
    return x + left * width, y + top * height, x + right * width, y + bottom * height


