"""A Room in; shelves, cupboards, boards and a bed painted along its wall out."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    RGB,
    glow,
    mix,
    mottle,
    noise,
    soften,
    vertical,
)
from imagine.stages.generate.sketch.room import Room
from imagine.stages.generate.sketch.walls import tiled

if TYPE_CHECKING:
    from PIL.Image import Image

_SPINES: tuple[RGB, ...] = (
    (150, 58, 52), (46, 84, 118), (64, 110, 84), (196, 150, 76), (104, 70, 110), (206, 196, 176),
    (60, 62, 84), (178, 96, 66),
)  # fmt: skip


def shelves(canvas: Image, room: Room, random: Random) -> None:
    """Book shelves from wall to wall."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(canvas)
    high = 15 * room.unit
    wood = room.light.lit(mix(room.wall, (40, 20, 10), 0.3))
    back = room.light.lit(mix(room.wall, (20, 10, 5), 0.6))
    draw.rectangle([0, 0, canvas.width, room.skirting], fill=back)
    y = room.skirting - room.unit * 1.5
    while y > -high:
        x = -random.uniform(0, 3) * room.unit
        while x < canvas.width:
            wide = room.unit * random.uniform(1.3, 2.8)
            tall = high * random.uniform(0.6, 0.86)
            tone = room.light.lit(mix(random.choice(_SPINES), room.wall, 0.25), 0.06)
            if random.random() < 0.93:
                draw.rectangle([x, y - tall, max(x, x + wide - 1), y], fill=tone)
                draw.rectangle(
                    [x, y - tall, x + wide * 0.25, y], fill=mix(tone, (255, 255, 255), 0.15)
                )
                draw.rectangle([x, y - tall * 0.8, max(x, x + wide - 1), y - tall * 0.74],
                               fill=mix(tone, (250, 220, 150), 0.5))  # fmt: skip
            x += wide
        draw.rectangle([0, y, canvas.width, y + room.unit * 1.5], fill=wood)
        y -= high
    post = canvas.width / max(2, round(canvas.width / (42 * room.unit)))
    x = post * random.uniform(0, 1)
    while x < canvas.width:
        draw.rectangle([x, 0, x + room.unit * 2, room.skirting], fill=wood)
        x += post
    glow(
        canvas,
        (canvas.width / 2, room.skirting * 0.4),
        max(canvas.size) * 0.6,
        (255, 214, 150),
        0.3,
    )
    blurred = soften(canvas.crop((0, 0, canvas.width, room.skirting)), room.unit * 0.25)
    canvas.paste(blurred, (0, 0))


def kitchen(canvas: Image, room: Room, random: Random) -> None:
    """Wall cupboards, tiles, a worktop and lower cupboards."""
    from PIL import ImageDraw

    unit, draw = room.unit, ImageDraw.Draw(canvas)
    tiled(canvas, room, (0, 0, canvas.width, room.skirting), 7 * unit)
    door = room.light.lit(random.choice(((150, 184, 176), (226, 206, 170), (164, 186, 206))))
    edge = mix(door, (40, 40, 50), 0.22)
    low = room.skirting - 22 * unit

    def cupboards(top: float, bottom: float, skip: float) -> None:
        x = -random.uniform(0, 10) * unit
        while x < canvas.width:
            wide = 17 * unit
            if not (skip < (x + wide / 2) / canvas.width < skip + 0.3):
                draw.rectangle([x, top, x + wide, bottom], fill=edge)
                draw.rounded_rectangle([x + unit, top + unit, x + wide - unit, bottom - unit],
                                       radius=unit, fill=door)  # fmt: skip
                knob = x + wide * (0.82 if random.random() < 0.5 else 0.18)
                oval = [
                    knob - unit * 0.7,
                    bottom - 5 * unit,
                    knob + unit * 0.7,
                    bottom - 3.6 * unit,
                ]
                draw.ellipse(oval, fill=mix(edge, (255, 255, 255), 0.5))
            x += wide

    cupboards(-4 * unit, room.skirting * 0.3, 0.34)
    cupboards(low + 3 * unit, room.skirting, 2.0)
    draw.rectangle([0, low, canvas.width, low + 3 * unit], fill=room.light.lit((214, 206, 198)))
    draw.rectangle([0, low + 3 * unit, canvas.width, low + 3.8 * unit],
                   fill=mix(edge, (0, 0, 0), 0.2))  # fmt: skip


def bedroom(canvas: Image, room: Room, random: Random) -> None:
    """A bedside corner: the head of a bed and a pillow, away from the window."""
    if room.dresser.mentions("bed", "pillow"):
        return
    from PIL import ImageDraw

    unit, draw = room.unit, ImageDraw.Draw(canvas)
    left = canvas.width * 0.56 if room.light.side < 0 else -canvas.width * 0.04
    right = left + canvas.width * 0.48
    draw.rounded_rectangle([left, room.skirting - 30 * unit, right, room.skirting + unit],
                           radius=5 * unit, fill=room.light.lit((150, 104, 74), 0.05))  # fmt: skip
    for share in (0.08, 0.52):
        x = left + (right - left) * share
        draw.rounded_rectangle(
            [x, room.skirting - 19 * unit, x + (right - left) * 0.4, room.skirting - 4 * unit],
            radius=5 * unit, fill=room.light.lit((246, 242, 236), 0.04),
        )  # fmt: skip
    draw.rounded_rectangle([left, room.skirting - 9 * unit, right, room.skirting + 2 * unit],
                           radius=4 * unit, fill=room.light.lit((128, 150, 190), 0.08))  # fmt: skip


def desk(canvas: Image, room: Room, random: Random) -> None:
    """A notice board with papers, on the side away from the window."""
    from PIL import ImageDraw

    unit, draw = room.unit, ImageDraw.Draw(canvas)
    x = canvas.width * (0.74 if room.light.side < 0 else 0.26)
    top = room.skirting * 0.16
    draw.rectangle([x - 19 * unit, top, x + 19 * unit, top + 24 * unit],
                   fill=room.light.lit((236, 240, 244)))  # fmt: skip
    draw.rectangle([x - 18 * unit, top + unit, x + 18 * unit, top + 23 * unit],
                   fill=room.light.lit((204, 168, 126)))  # fmt: skip
    for index in range(5):
        left = x - 15 * unit + index * 6.4 * unit
        y = top + unit * random.uniform(3, 10)
        sheet = random.choice(((255, 252, 240), (255, 232, 150), (200, 226, 244), (248, 206, 206)))
        draw.rectangle([left, y, left + 5 * unit, y + 6.4 * unit], fill=room.light.lit(sheet))


def board(canvas: Image, room: Room, random: Random) -> None:
    from PIL import ImageDraw

    unit, draw = room.unit, ImageDraw.Draw(canvas)
    top, low = room.skirting * 0.14, room.skirting * 0.14 + 34 * unit
    left, right = canvas.width * 0.14, canvas.width * 0.86
    draw.rectangle([left, top, right, low], fill=room.light.lit((150, 106, 66)))
    inner = (round(left + 1.5 * unit), round(top + 1.5 * unit), round(right - 1.5 * unit),
             round(low - 1.5 * unit))  # fmt: skip
    size = (max(1, inner[2] - inner[0]), max(1, inner[3] - inner[1]))
    slate = vertical(size, (room.light.lit((48, 84, 72)), room.light.lit((58, 96, 82))))
    canvas.paste(mottle(slate, noise(size, random, cell=4 * unit, stretch=3), 0.2), inner[:2])


def shelving(canvas: Image, room: Room, random: Random) -> None:
    """Shelves with boxes."""
    from PIL import ImageDraw

    unit, draw = room.unit, ImageDraw.Draw(canvas)
    y = room.skirting - 4 * unit
    while y > 0:
        x = random.uniform(-4, 4) * unit
        while x < canvas.width:
            wide, high = unit * random.uniform(7, 13), unit * random.uniform(6, 12)
            tone = random.choice(
                ((206, 166, 116), (180, 140, 98), (150, 164, 176), (196, 120, 100))
            )
            if random.random() < 0.75:
                draw.rectangle([x, y - high, x + wide, y], fill=room.light.lit(tone, 0.25))
                tape = room.light.lit(mix(tone, (255, 240, 210), 0.4), 0.25)
                draw.rectangle([x + wide * 0.44, y - high, x + wide * 0.56, y], fill=tape)
            x += wide + unit * random.uniform(1, 5)
        draw.rectangle(
            [0, y, canvas.width, y + 1.6 * unit], fill=room.light.lit((110, 96, 88), 0.15)
        )
        y -= 18 * unit
    canvas.paste(soften(canvas.crop((0, 0, canvas.width, room.skirting)), unit * 0.4), (0, 0))
