"""A Land in; its ground with grass, sand, furrows or water painted into it out."""

from __future__ import annotations

from math import sin
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    RGB,
    brightness,
    mix,
    mottle,
    noise,
    polygon,
    shape,
    soften,
    vertical,
)
from imagine.stages.generate.sketch.land import Land, ridge

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw


def rows(canvas: Image, land: Land, random: Random) -> None:
    """Furrows that run to one point on the horizon."""
    _converging(canvas, land, color=mix(land.scene.place.ground[1], (255, 226, 120), 0.4), count=15)


def _converging(canvas: Image, land: Land, *, color: RGB, count: int) -> None:
    center, bottom = canvas.width / 2, canvas.height
    reach = canvas.width * 1.8

    def paint(draw: ImageDraw, k: float) -> None:
        for index in range(-count, count):
            left = center + reach * index / count
            right = left + reach / count * 0.45
            draw.polygon([(center * k, land.horizon * k), (left * k, bottom * k),
                          (right * k, bottom * k)], fill=90)  # fmt: skip

    mask = shape(canvas.size, paint)
    mask.paste(0, (0, 0, canvas.width, land.horizon))
    canvas.paste(land.light.lit(color), (0, 0), mask)


def sea(canvas: Image, land: Land, random: Random) -> None:
    """A strip of sea under the horizon; the beach covers its lower part."""
    if land.scene.place.kind == "water":
        return
    strip = round(land.unit * 13)
    top = land.horizon - strip
    far, near = land.light.lit((92, 176, 214), 0.3), land.light.lit((38, 136, 190), 0.02)
    canvas.paste(vertical((canvas.width, strip + round(3 * land.unit)), (far, near)), (0, top))
    _ripples(canvas, land, random, top=top, bottom=land.horizon, count=16)


def _ripples(
    canvas: Image, land: Land, random: Random, *, top: float, bottom: float, count: int
) -> None:
    span = max(1.0, bottom - top)

    def paint(draw: ImageDraw, k: float) -> None:
        for _ in range(count):
            share = random.random() ** 1.4
            y = top + span * share
            length = land.unit * (3 + 13 * share) * random.uniform(0.5, 1.3)
            x = random.uniform(-0.05, 1) * canvas.width
            thick = max(1.0, land.unit * (0.14 + 0.4 * share))
            draw.rounded_rectangle(
                [x * k, y * k, (x + length) * k, (y + thick) * k], radius=thick * k / 2,
                fill=round(70 + 70 * random.random()),
            )  # fmt: skip

    canvas.paste(mix(land.light.sky[-1], (255, 255, 255), 0.4), (0, 0),
                 soften(shape(canvas.size, paint), land.unit * 0.12))  # fmt: skip


def paint_ground(canvas: Image, land: Land, random: Random) -> None:
    place, top = land.scene.place, land.horizon
    if top >= canvas.height:
        return
    far, near = place.ground
    size = (canvas.width, canvas.height - top)
    ground = vertical(size, (land.light.lit(far, 0.14), land.light.lit(mix(far, near, 0.7)),
                             land.light.lit(near)))  # fmt: skip
    if place.kind == "water":
        ground = vertical(size, (land.light.lit(far, 0.35), land.light.lit(near, 0.05),
                                 land.light.lit(mix(near, (6, 50, 90), 0.35))))  # fmt: skip
    cell = land.unit * 1.6
    ground = mottle(ground, noise(size, random, cell=cell, stretch=5), 0.1)
    ground = mottle(ground, noise(size, random, cell=cell * 5, stretch=4), 0.16)
    if place.kind != "land" or place.key not in ("meadow", "castle", "village", "road", "farm"):
        canvas.paste(ground, (0, top))
    else:
        # A meadow's near edge rises and falls; a ruled line would look like a floor.
        points = ridge(
            random, canvas.width, base=top + land.unit * 2.4, height=land.unit * 4, waves=0.8
        )
        mask = polygon(canvas.size, points).crop((0, 0, canvas.width, canvas.height))
        sheet = canvas.copy()
        sheet.paste(ground, (0, top))
        sheet.paste(land.light.lit(far, 0.14), (0, 0, canvas.width, top))
        canvas.paste(sheet, (0, 0), mask)
    if place.kind == "water":
        _ripples(canvas, land, random, top=top, bottom=canvas.height, count=60)
        _glitter(canvas, land)
    elif brightness(near) > 0.3 and place.key in ("meadow", "farm", "castle", "village", "forest"):
        _tufts(canvas, land, random)
    for name in place.dressing:
        _dress(canvas, land, random, name)


def _glitter(canvas: Image, land: Land) -> None:
    """The light of the low sun or the moon on the water."""
    if land.scene.hour == "day" or land.scene.weather != "clear":
        return
    x = canvas.width * (0.5 + (0.62 if land.scene.hour == "night" else 0.3) * land.light.side)
    warm: RGB = (255, 246, 220) if land.scene.hour == "night" else (255, 214, 150)
    deep = canvas.height - land.horizon

    def paint(draw: ImageDraw, k: float) -> None:
        steps = 26
        for index in range(steps):
            y = land.horizon + deep * (index / steps) ** 1.3
            half = land.unit * (2 + 9 * abs(sin(index * 2.4)) * (0.4 + index / steps))
            thick = land.unit * (0.2 + 0.7 * index / steps)
            draw.rounded_rectangle([(x - half) * k, y * k, (x + half) * k, (y + thick) * k],
                                   radius=thick * k / 2, fill=150)  # fmt: skip

    canvas.paste(warm, (0, 0), soften(shape(canvas.size, paint), land.unit * 0.25))


def _tufts(canvas: Image, land: Land, random: Random) -> None:
    deep = canvas.height - land.horizon

    def paint(draw: ImageDraw, k: float) -> None:
        for _ in range(round(46 * max(1.0, canvas.width / canvas.height))):
            share = random.random()
            y = land.horizon + deep * (0.12 + 0.88 * share)
            x = random.uniform(0, canvas.width)
            tall = land.unit * (0.7 + 2.0 * share)
            for lean in (-0.5, 0, 0.5):
                draw.polygon([((x - tall * 0.12) * k, y * k), ((x + tall * 0.12) * k, y * k),
                              ((x + lean * tall) * k, (y - tall) * k)], fill=120)  # fmt: skip

    tone = mix(land.scene.place.ground[1], (20, 70, 30), 0.25)
    canvas.paste(land.light.lit(tone), (0, 0), shape(canvas.size, paint))


def _dress(canvas: Image, land: Land, random: Random, name: str) -> None:
    """A few of one cut-out at the sides of the picture, where no subject stands."""
    tall = {"deciduous tree": 36, "evergreen tree": 32, "palm tree": 46, "cactus": 22}.get(name, 6)
    big = tall > 20
    for side in (0, 1):
        if not big and random.random() < 0.25:
            continue
        share = random.uniform(-0.01, 0.1) if side == 0 else random.uniform(0.9, 1.01)
        deep = canvas.height - land.horizon
        y = land.horizon + deep * (random.uniform(0.08, 0.2) if big else random.uniform(0.3, 0.9))
        height = land.unit * tall * random.uniform(0.85, 1.15)
        land.dresser.place(canvas, name, foot=(share * canvas.width, y), height=height,
                           depth=0.12 if big else 0.04)  # fmt: skip
