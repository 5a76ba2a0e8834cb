"""A Room in; windows, pictures, tiles, lamps and curtains painted on its wall out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    fade,
    glow,
    mix,
    polygon,
    vertical,
)
from imagine.stages.generate.sketch.room import Box, Room
from imagine.stages.generate.sketch.sky import paint_sky

if TYPE_CHECKING:
    from PIL.Image import Image


def window(canvas: Image, room: Room, random: Random) -> None:
    """A window with the sky of the hour behind it, its frame and its light on the wall."""
    if room.dresser.mentions("window"):
        return
    wide, high = 30 * room.unit, min(38 * room.unit, room.skirting * 0.62)
    x = canvas.width * (0.24 if room.light.side < 0 else 0.76)
    top = room.skirting * 0.12
    box = (round(x - wide / 2), round(top), round(x + wide / 2), round(top + high))
    _pane(canvas, room, random, box)


def _pane(canvas: Image, room: Room, random: Random, box: tuple[int, int, int, int]) -> None:
    from PIL import Image, ImageDraw

    size = (max(2, box[2] - box[0]), max(2, box[3] - box[1]))
    outside = Image.new("RGB", size)
    paint_sky(outside, room.scene, room.light, random, horizon=size[1], without=room.dresser.named)
    frame = max(1, round(room.unit * 1.6))
    white = room.light.lit((250, 248, 244))
    draw = ImageDraw.Draw(canvas)
    shadow = mix(room.light.lit(room.wall), (0, 0, 0), 0.25)
    draw.rectangle([box[0] - frame, box[1], box[2] + frame * 2, box[3] + frame * 2], fill=shadow)
    draw.rectangle([box[0] - frame, box[1] - frame, box[2] + frame, box[3] + frame], fill=white)
    canvas.paste(outside, box[:2])
    middle, third = (box[0] + box[2]) // 2, box[1] + size[1] * 2 // 5
    draw.rectangle([middle - frame // 2, box[1], middle + frame // 2, box[3]], fill=white)
    draw.rectangle([box[0], third - frame // 2, box[2], third + frame // 2], fill=white)
    sill = max(1, round(room.unit * 2))
    draw.rectangle([box[0] - 2 * frame, box[3] + frame, box[2] + 2 * frame, box[3] + frame + sill],
                   fill=mix(white, (200, 190, 180), 0.3))  # fmt: skip
    if room.scene.hour != "night":
        center = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        glow(canvas, center, size[1] * 1.5, (255, 246, 222), 0.32)


def frames(canvas: Image, room: Room, random: Random) -> None:
    """A few framed pictures on the side away from the window."""
    side = 0.8 if room.light.side < 0 else 0.2
    for index in range(2):
        wide, high = room.unit * random.uniform(9, 13), room.unit * random.uniform(11, 15)
        x = canvas.width * side + (index - 0.5) * room.unit * 17
        y = room.skirting * random.uniform(0.24, 0.32)
        _frame(canvas, room, random, (x - wide / 2, y, x + wide / 2, y + high), room.unit * 0.9)


def _frame(canvas: Image, room: Room, random: Random, box: Box, border: float) -> None:
    """A small abstract landscape in a frame."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(canvas)
    dark = mix(room.light.lit(room.wall), (0, 0, 0), 0.25)
    draw.rectangle([box[0] + border, box[1] + border, box[2] + border * 1.6, box[3] + border * 1.8],
                   fill=dark)  # fmt: skip
    draw.rectangle(box, fill=room.light.lit((150, 108, 64)))
    inner = (box[0] + border, box[1] + border, box[2] - border, box[3] - border)
    size = (max(1, round(inner[2] - inner[0])), max(1, round(inner[3] - inner[1])))
    upper = random.choice(((216, 226, 232), (244, 214, 180), (190, 214, 220)))
    lower = random.choice(((110, 148, 120), (196, 128, 88), (96, 124, 160)))
    canvas.paste(vertical(size, tuple(map(room.light.lit, (upper, upper, lower, lower)))),
                 (round(inner[0]), round(inner[1])))  # fmt: skip


def tiles(canvas: Image, room: Room, random: Random) -> None:
    tiled(
        canvas, room, (0, round(room.skirting * 0.25), canvas.width, room.skirting), 8 * room.unit
    )


def tiled(canvas: Image, room: Room, box: tuple[int, int, int, int], step: float) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(canvas)
    joint = mix(room.light.lit(room.wall), (255, 255, 255), 0.5)
    thick = max(1, round(room.unit * 0.35))
    y = float(box[1])
    while y < box[3]:
        draw.line([(box[0], y), (box[2], y)], fill=joint, width=thick)
        y += step
    x = float(box[0])
    while x < box[2]:
        draw.line([(x, box[1]), (x, box[3])], fill=joint, width=thick)
        x += step


def bricks(canvas: Image, room: Room, random: Random) -> None:
    """Courses of bricks, each a little off in tone."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(canvas)
    wide, high = 9 * room.unit, 4 * room.unit
    joint = max(1, round(0.5 * room.unit))
    mortar = mix(room.wall, (226, 216, 206), 0.45)
    draw.rectangle([0, 0, canvas.width, room.skirting], fill=room.light.lit(mortar))
    y, course = room.skirting - high, 0
    while y > -high:
        x = -wide * (0.5 if course % 2 else 1.0)
        while x < canvas.width:
            shade = mix(
                room.wall, random.choice(((60, 20, 14), (230, 160, 120))), 0.28 * random.random()
            )
            draw.rectangle([x, y, x + wide - joint, y + high - joint], fill=room.light.lit(shade))
            x += wide
        y -= high
        course += 1


def mirrors(canvas: Image, room: Room, random: Random) -> None:
    from PIL import ImageDraw

    unit, draw = room.unit, ImageDraw.Draw(canvas)
    top, low = room.skirting * 0.1, room.skirting - 5 * unit
    count = max(2, round(canvas.width / (34 * unit)))
    for index in range(count):
        left = canvas.width * index / count + unit
        right = canvas.width * (index + 1) / count - unit
        size = (max(1, round(right - left)), max(1, round(low - top)))
        glass = vertical(size, (room.light.lit((206, 220, 230)), room.light.lit((168, 184, 198))))
        canvas.paste(glass, (round(left), round(top)))
        slant = [
            (left + (right - left) * share, y)
            for share, y in ((0.2, low), (0.55, top), (0.75, top), (0.4, low))
        ]
        canvas.paste((255, 255, 255), (0, 0), fade(polygon(canvas.size, slant), 0.22))
    draw.rectangle([0, low - 22 * unit, canvas.width, low - 20.6 * unit],
                   fill=room.light.lit((196, 158, 116)))  # fmt: skip


def curtains(canvas: Image, room: Room, random: Random) -> None:
    """Curtains on both sides and above, a dark stage and a spotlight."""
    from PIL import Image

    dark = vertical((canvas.width, room.skirting), ((30, 12, 26), (64, 24, 40)))
    canvas.paste(dark, (0, 0))
    glow(
        canvas,
        (canvas.width / 2, room.skirting * 0.75),
        0.55 * max(canvas.size),
        (255, 226, 180),
        0.55,
    )
    red = room.scene.color or (176, 32, 44)
    folds = Image.new("RGB", (16, 1))
    folds.putdata([mix(red, (30, 0, 10), 0.55 if i % 2 else 0.0) for i in range(16)])
    for side in (0, 1):
        wide = max(2, round(canvas.width * 0.17))
        cloth = folds.resize((wide, room.skirting), Image.Resampling.BICUBIC)
        canvas.paste(cloth, (0 if side == 0 else canvas.width - wide, 0))
    high = max(2, round(room.skirting * 0.13))
    canvas.paste(folds.resize((canvas.width, high), Image.Resampling.BICUBIC), (0, 0))
    canvas.paste((214, 170, 80), (0, high, canvas.width, high + max(1, round(room.unit))))


def pictures(canvas: Image, room: Room, random: Random) -> None:
    count = max(1, round(canvas.width / (36 * room.unit)))
    for index in range(count):
        x = canvas.width * (index + 0.5) / count
        wide, high = room.unit * random.uniform(18, 25), room.unit * random.uniform(18, 26)
        y = room.skirting * 0.16
        _frame(canvas, room, random, (x - wide / 2, y, x + wide / 2, y + high), room.unit * 1.6)
        glow(canvas, (x, y), 20 * room.unit, (255, 240, 206), 0.4)


def columns(canvas: Image, room: Room, random: Random) -> None:
    from PIL import Image

    wide = max(3, round(8 * room.unit))
    shades = Image.new("RGB", (5, 1))
    tone = room.wall
    shades.putdata([
        room.light.lit(mix(tone, (0, 0, 0), 0.12)), room.light.lit(mix(tone, (255, 255, 255), 0.5)),
        room.light.lit(mix(tone, (255, 255, 255), 0.3)), room.light.lit(tone),
        room.light.lit(mix(tone, (0, 0, 0), 0.28)),
    ])  # fmt: skip
    column = shades.resize((wide, room.skirting), Image.Resampling.BICUBIC)
    for x in (round(canvas.width * 0.03), round(canvas.width * 0.97 - wide)):
        canvas.paste(column, (x, 0))


def lamps(canvas: Image, room: Room, random: Random) -> None:
    """Hanging lamps with their glow, and a dark lower wall."""
    from PIL import ImageDraw

    unit, draw = room.unit, ImageDraw.Draw(canvas)
    dado = room.skirting - 20 * unit
    draw.rectangle([0, dado, canvas.width, room.skirting],
                   fill=room.light.lit(mix(room.wall, (60, 34, 24), 0.55)))  # fmt: skip
    draw.rectangle([0, dado - unit, canvas.width, dado],
                   fill=room.light.lit(mix(room.wall, (60, 34, 24), 0.35)))  # fmt: skip
    count = max(2, round(canvas.width / (34 * unit)))
    for index in range(count):
        x = canvas.width * (index + 0.5) / count
        y = room.skirting * random.uniform(0.14, 0.2)
        draw.line([(x, 0), (x, y)], fill=(50, 40, 40), width=max(1, round(unit * 0.4)))
        draw.pieslice([x - 5 * unit, y - 1 * unit, x + 5 * unit, y + 9 * unit], 180, 360,
                      fill=room.light.lit((60, 66, 70)))  # fmt: skip
        draw.ellipse([x - 1.8 * unit, y + 2.4 * unit, x + 1.8 * unit, y + 6 * unit],
                     fill=(255, 240, 200))  # fmt: skip
        glow(canvas, (x, y + 5 * unit), 24 * unit, (255, 220, 150), 0.6)
