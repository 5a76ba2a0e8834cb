"""Placements in; the actors painted onto the background, with their shadows and lettering, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.art import picture, resolution
from imagine.stages.generate.sketch.brush import RGB, soften
from imagine.stages.generate.sketch.cast import Actor
from imagine.stages.generate.sketch.color import recolor, recolor_two, rgb_of
from imagine.stages.generate.sketch.dressing import cast_shadow, shaded
from imagine.stages.generate.sketch.layout import Placement
from imagine.stages.generate.sketch.lettering import paint_placeholder
from imagine.stages.generate.sketch.light import Light

if TYPE_CHECKING:
    from PIL.Image import Image

# Most art is 256 pixels high: it is coloured at this size and enlarged afterwards.
_ART_SIZE = 320
_TINTS: tuple[RGB, ...] = (
    (150, 176, 222), (236, 176, 140), (160, 204, 170), (222, 160, 190), (236, 208, 130),
    (176, 166, 222),
)  # fmt: skip


@dataclass(slots=True)
class Wardrobe:
    """Pictures of actors by size, so that a hundred equal things are made once."""

    light: Light
    _made: dict[tuple[Actor, int, int, bool], Image]

    @classmethod
    def under(cls, light: Light) -> Wardrobe:
        return cls(light, {})

    def dress(self, actor: Actor, width: int, height: int, *, mirrored: bool) -> Image:
        """The actor as RGBA of about that size, in its colours and under the light."""
        key = (actor, width, height, mirrored)
        if key not in self._made:
            self._made[key] = self._make(actor, width, height, mirrored=mirrored)
        return self._made[key]

    def _make(self, actor: Actor, width: int, height: int, *, mirrored: bool) -> Image:
        from PIL import ImageOps

        if actor.cutout is None:
            return shaded(
                paint_placeholder((width, height), actor.label, tint=tint_of(actor)),
                self.light.actor,
            )
        bound = min(1.0, max(_ART_SIZE, resolution(actor.cutout)) / max(width, height))
        size = (max(1, round(width * bound)), max(1, round(height * bound)))
        image = picture(actor.cutout, width=size[0], height=size[1])
        skin = actor.cutout.kind in ("person", "face")
        if len(actor.colors) > 1:
            image = recolor_two(image, *actor.colors[:2], spare_skin=skin)
        elif actor.colors:
            image = recolor(image, actor.colors[0], spare_skin=skin)
        if mirrored:
            image = ImageOps.mirror(image)
        image = shaded(image, self.light.actor)
        return _enlarged(image, 1 / bound) if bound < 1.0 else image


def _enlarged(image: Image, factor: float) -> Image:
    """Art at several times its size, the soft rim of its alpha narrowed to an edge again."""
    from PIL import Image as Pillow

    size = (round(image.width * factor), round(image.height * factor))
    # Premultiplied, so that no colour of transparent pixels bleeds into the rim.
    large = image.convert("RGBa").resize(size, Pillow.Resampling.BICUBIC).convert("RGBA")
    gain = min(5.0, 0.8 * factor + 0.4)
    curve = [min(255, max(0, round((value - 150) * gain + 128))) for value in range(256)]
    large.putalpha(large.getchannel("A").point(curve))
    return large


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
    pixel = (
        picture(actor.cutout, width=32, height=32).convert("RGBa").resize((1, 1)).getpixel((0, 0))
    )
    if not isinstance(pixel, tuple) or not pixel[3]:
        return 200, 200, 200
    red, green, blue = (min(255, round(value * 255 / pixel[3])) for value in pixel[:3])
    return red, green, blue


def paint_actor(
    canvas: Image,
    placement: Placement,
    wardrobe: Wardrobe,
    *,
    floats: bool = False,
    contours: Image | None = None,
) -> None:
    """Draw one placement and, where it stands, its shadow.

    Args:
        canvas: RGB, drawn on.
        floats: it lies in water, its foot below the surface.
        contours: a mask of the canvas's size that gets its outline.
    """
    width, height = max(1, round(placement.width)), max(1, round(placement.height))
    image = wardrobe.dress(placement.actor, width, height, mirrored=placement.mirrored)
    # Art fills its box in one direction at least; its foot stands on the box's base.
    left = round(placement.left + (placement.width - image.width) / 2)
    top = round(placement.top + placement.height - image.height)
    if contours is not None:
        _trace(contours, image, left, top)
    if placement.grounded and floats:
        _paint_afloat(canvas, image, left, top)
        return
    if placement.grounded:
        foot = (left + image.width / 2, top + image.height * 0.985)
        cast_shadow(canvas, foot=foot, width=image.width * 0.86,
                    strength=wardrobe.light.shadow, side=wardrobe.light.side)  # fmt: skip
    if placement.rests:
        foot = (left + image.width / 2, top + image.height * 0.985)
        cast_shadow(canvas, foot=foot, width=image.width * 0.98,
                    strength=min(1.0, 1.5 * wardrobe.light.shadow))  # fmt: skip
    canvas.paste(image, (left, top), image)


def _trace(contours: Image, image: Image, left: int, top: int) -> None:
    """Add the outline of an RGBA picture, and wipe out what lies behind it."""
    from PIL import ImageChops, ImageOps

    width = max(1.0, min(contours.size) * 0.0034)
    pad = round(3 * width) + 1
    alpha = ImageOps.expand(image.getchannel("A"), border=pad)
    grown = soften(alpha, width).point([min(255, value * 9) for value in range(256)])
    spot = (left - pad, top - pad)
    contours.paste(0, spot, alpha)
    contours.paste(255, spot, ImageChops.subtract(grown, alpha))


def _paint_afloat(canvas: Image, image: Image, left: int, top: int) -> None:
    """In water: the lowest part fades out, and a dim mirror image lies below."""
    from PIL import Image as Pillow
    from PIL import ImageChops, ImageOps

    draft = max(1, round(image.height * 0.1))
    line = image.height - draft
    depth = round(image.height * 0.3)
    if line - depth < 1 or depth < 1:
        canvas.paste(image, (left, top), image)
        return
    mirror = ImageOps.flip(image.crop((0, line - depth, image.width, line)))
    veil = (
        Pillow.linear_gradient("L")
        .resize(mirror.size)
        .point([round((255 - value) * 0.34) for value in range(256)])
    )
    mirror = soften(mirror, image.height * 0.012)
    canvas.paste(mirror, (left, top + line), ImageChops.multiply(mirror.getchannel("A"), veil))
    hull = image.copy()
    fading = Pillow.new("L", image.size, 255)
    slope = (
        Pillow.linear_gradient("L")
        .resize((image.width, draft))
        .point([255 - value for value in range(256)])
    )
    fading.paste(slope, (0, line))
    hull.putalpha(ImageChops.multiply(image.getchannel("A"), fading))
    canvas.paste(hull, (left, top), hull)


# Where lettering goes on a thing whose art has no panel of its own.
_PANEL = (0.2, 0.4, 0.8, 0.78)


def panel_box(placement: Placement) -> tuple[float, float, float, float]:
    """The area for lettering on a placement, in pixels."""
    cutout = placement.actor.cutout
    if cutout is None:
        return (placement.left, placement.top, placement.left + placement.width,
                placement.top + placement.height)  # fmt: skip
    left, top, right, bottom = cutout.panel or _PANEL
    if placement.mirrored:
        left, right = 1 - right, 1 - left
    width = min(placement.width, placement.height * cutout.aspect)
    height = width / cutout.aspect
    x = placement.left + (placement.width - width) / 2
    y = placement.top + placement.height - height
    return x + left * width, y + top * height, x + right * width, y + bottom * height
