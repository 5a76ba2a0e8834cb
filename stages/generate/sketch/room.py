"""A room's parts in; walls, floor, windows, shelves and furniture painted out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    RGB,
    brightness,
    fade,
    glow,
    mix,
    mottle,
    noise,
    polygon,
    shape,
    soften,
    vertical,
)
from imagine.stages.generate.sketch.dressing import Dresser, cast_shadow
from imagine.stages.generate.sketch.place import Scene
from imagine.stages.generate.sketch.sky import Light, paint_sky

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Box = tuple[float, float, float, float]
_SPINES: tuple[RGB, ...] = (
    (150, 58, 52), (46, 84, 118), (64, 110, 84), (196, 150, 76), (104, 70, 110), (206, 196, 176),
    (60, 62, 84), (178, 96, 66),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Room:
    """What every painter of a part needs.

    Attributes:
        scene, light, dresser: as read from the description.
        skirting: where wall and floor meet, pixels from the top.
        unit: a hundredth of the shorter side, in pixels.
        wall, floor: their colours, unlit.
    """

    scene: Scene
    light: Light
    dresser: Dresser
    skirting: int
    unit: float
    wall: RGB
    floor: RGB


def paint_room(
    canvas: Image, scene: Scene, light: Light, dresser: Dresser, random: Random, *, skirting: int
) -> None:
    """Wall, floor and what belongs to the room; wall and floor meet at `skirting` pixels."""
    wall, floor = scene.place.ground
    room = Room(
        scene, light, dresser, skirting, min(canvas.size) / 100, scene.color or wall, floor
    )
    _paint_wall(canvas, room, random)
    for part in scene.place.layers:
        _PARTS[part](canvas, room, random)
    _paint_floor(canvas, room, random)
    for index, name in enumerate(scene.place.dressing):
        x = canvas.width * (0.06 if (index + (light.side > 0)) % 2 else 0.94)
        foot = (x, skirting + 5 * room.unit)
        if dresser.allows(name):
            cast_shadow(canvas, foot=foot, width=12 * room.unit, strength=light.shadow)
        dresser.place(canvas, name, foot=foot, height=30 * room.unit, depth=0.06)


def _paint_wall(canvas: Image, room: Room, random: Random) -> None:
    top, low = mix(room.wall, (0, 0, 0), 0.1), mix(room.wall, (255, 255, 255), 0.1)
    size = (canvas.width, room.skirting)
    wall = vertical(size, (room.light.lit(top), room.light.lit(low)))
    canvas.paste(mottle(wall, noise(size, random, cell=room.unit * 9), 0.06), (0, 0))
    side = canvas.width * (0.5 + 0.5 * room.light.side)
    glow(canvas, (side, room.skirting * 0.3), max(canvas.size) * 0.7,
         mix(room.light.lit(low), (255, 250, 235), 0.6), 0.5)  # fmt: skip


def _paint_floor(canvas: Image, room: Room, random: Random) -> None:
    top = room.skirting
    size = (canvas.width, max(1, canvas.height - top))
    far, near = mix(room.floor, (255, 255, 255), 0.14), mix(room.floor, (0, 0, 0), 0.1)
    floor = vertical(size, (room.light.lit(far), room.light.lit(near)))
    floor = mottle(floor, noise(size, random, cell=room.unit * 0.8, stretch=18), 0.14)
    canvas.paste(floor, (0, top))
    if room.scene.place.key not in ("bathroom", "gym", "kitchen", "office", "garage"):
        _boards(canvas, room, top)
    board = max(1, round(room.unit * 1.5))
    edge = mix(room.wall, (255, 255, 255), 0.45 if brightness(room.wall) > 0.35 else 0.12)
    canvas.paste(room.light.lit(edge), (0, top - board, canvas.width, top))
    shadow = max(1, round(room.unit * 2.2))
    from PIL import Image

    dark = Image.linear_gradient("L").resize((canvas.width, shadow)).point(
        [round((255 - value) * 0.3) for value in range(256)]
    )
    canvas.paste((30, 20, 20), (0, top), dark)


def _boards(canvas: Image, room: Room, top: int) -> None:
    """Joints between floor boards, running to one point behind the wall."""
    center, deep = canvas.width / 2, canvas.height - top
    vanishing = top - deep * 1.6

    def paint(draw: ImageDraw, k: float) -> None:
        reach = canvas.width * 1.6
        for index in range(-11, 12):
            x = center + reach * index / 22
            share = (top - vanishing) / (canvas.height - vanishing)
            start = center + (x - center) * share
            draw.line([(start * k, top * k), (x * k, canvas.height * k)], fill=90,
                      width=max(1, round(room.unit * 0.3 * k)))  # fmt: skip

    canvas.paste(room.light.lit(mix(room.floor, (40, 20, 10), 0.55)), (0, 0), shape(canvas.size, paint))


def _window(canvas: Image, room: Room, random: Random) -> None:
    """A window with the sky of the hour behind it, its frame and its light on the wall."""
    if {"window", "windows"} & room.dresser.words:
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
    bodies = not {"sun", "moon"} & room.dresser.words
    paint_sky(outside, room.scene, room.light, random, horizon=size[1], bodies=bodies)
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


def _frames(canvas: Image, room: Room, random: Random) -> None:
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


def _shelves(canvas: Image, room: Room, random: Random) -> None:
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
                draw.rectangle([x, y - tall, x + wide - 1, y], fill=tone)
                draw.rectangle([x, y - tall, x + wide * 0.25, y], fill=mix(tone, (255, 255, 255), 0.15))
                draw.rectangle([x, y - tall * 0.8, x + wide - 1, y - tall * 0.74],
                               fill=mix(tone, (250, 220, 150), 0.5))  # fmt: skip
            x += wide
        draw.rectangle([0, y, canvas.width, y + room.unit * 1.5], fill=wood)
        y -= high
    post = canvas.width / max(2, round(canvas.width / (42 * room.unit)))
    x = post * random.uniform(0, 1)
    while x < canvas.width:
        draw.rectangle([x, 0, x + room.unit * 2, room.skirting], fill=wood)
        x += post
    glow(canvas, (canvas.width / 2, room.skirting * 0.4), max(canvas.size) * 0.6, (255, 214, 150), 0.3)
    blurred = soften(canvas.crop((0, 0, canvas.width, room.skirting)), room.unit * 0.25)
    canvas.paste(blurred, (0, 0))


def _kitchen(canvas: Image, room: Room, random: Random) -> None:
    """Wall cupboards, tiles, a worktop and lower cupboards."""
    from PIL import ImageDraw

    unit, draw = room.unit, ImageDraw.Draw(canvas)
    _tiled(canvas, room, (0, 0, canvas.width, room.skirting), 7 * unit)
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
                draw.ellipse([knob - unit * 0.7, bottom - 5 * unit, knob + unit * 0.7,
                              bottom - 3.6 * unit], fill=mix(edge, (255, 255, 255), 0.5))  # fmt: skip
            x += wide

    cupboards(-4 * unit, room.skirting * 0.3, 0.34)
    cupboards(low + 3 * unit, room.skirting, 2.0)
    draw.rectangle([0, low, canvas.width, low + 3 * unit], fill=room.light.lit((214, 206, 198)))
    draw.rectangle([0, low + 3 * unit, canvas.width, low + 3.8 * unit],
                   fill=mix(edge, (0, 0, 0), 0.2))  # fmt: skip


def _tiles(canvas: Image, room: Room, random: Random) -> None:
    _tiled(canvas, room, (0, round(room.skirting * 0.25), canvas.width, room.skirting), 8 * room.unit)


def _tiled(canvas: Image, room: Room, box: tuple[int, int, int, int], step: float) -> None:
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


def _bedroom(canvas: Image, room: Room, random: Random) -> None:
    """A bedside corner: the head of a bed and a pillow, away from the window."""
    if {"bed", "beds", "pillow"} & room.dresser.words:
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


def _lamps(canvas: Image, room: Room, random: Random) -> None:
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


def _desk(canvas: Image, room: Room, random: Random) -> None:
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
        draw.rectangle([left, y, left + 5 * unit, y + 6.4 * unit],
                       fill=room.light.lit(random.choice(((255, 252, 240), (255, 232, 150),
                                                          (200, 226, 244), (248, 206, 206)))))  # fmt: skip


def _board(canvas: Image, room: Room, random: Random) -> None:
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


def _mirrors(canvas: Image, room: Room, random: Random) -> None:
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
        slant = [(left + (right - left) * 0.2, low), (left + (right - left) * 0.55, top),
                 (left + (right - left) * 0.75, top), (left + (right - left) * 0.4, low)]  # fmt: skip
        canvas.paste((255, 255, 255), (0, 0), fade(polygon(canvas.size, slant), 0.22))
    draw.rectangle([0, low - 22 * unit, canvas.width, low - 20.6 * unit],
                   fill=room.light.lit((196, 158, 116)))  # fmt: skip


def _curtains(canvas: Image, room: Room, random: Random) -> None:
    """Curtains on both sides and above, a dark stage and a spotlight."""
    from PIL import Image

    dark = vertical((canvas.width, room.skirting), ((30, 12, 26), (64, 24, 40)))
    canvas.paste(dark, (0, 0))
    glow(canvas, (canvas.width / 2, room.skirting * 0.75), 0.55 * max(canvas.size), (255, 226, 180), 0.55)
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


def _pictures(canvas: Image, room: Room, random: Random) -> None:
    count = max(1, round(canvas.width / (36 * room.unit)))
    for index in range(count):
        x = canvas.width * (index + 0.5) / count
        wide, high = room.unit * random.uniform(18, 25), room.unit * random.uniform(18, 26)
        y = room.skirting * 0.16
        _frame(canvas, room, random, (x - wide / 2, y, x + wide / 2, y + high), room.unit * 1.6)
        glow(canvas, (x, y), 20 * room.unit, (255, 240, 206), 0.4)


def _columns(canvas: Image, room: Room, random: Random) -> None:
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


def _shelving(canvas: Image, room: Room, random: Random) -> None:
    """Shelves with boxes."""
    from PIL import ImageDraw

    unit, draw = room.unit, ImageDraw.Draw(canvas)
    y = room.skirting - 4 * unit
    while y > 0:
        x = random.uniform(-4, 4) * unit
        while x < canvas.width:
            wide, high = unit * random.uniform(7, 13), unit * random.uniform(6, 12)
            tone = random.choice(((206, 166, 116), (180, 140, 98), (150, 164, 176), (196, 120, 100)))
            if random.random() < 0.75:
                draw.rectangle([x, y - high, x + wide, y], fill=room.light.lit(tone, 0.25))
                draw.rectangle([x + wide * 0.44, y - high, x + wide * 0.56, y],
                               fill=room.light.lit(mix(tone, (255, 240, 210), 0.4), 0.25))  # fmt: skip
            x += wide + unit * random.uniform(1, 5)
        draw.rectangle([0, y, canvas.width, y + 1.6 * unit], fill=room.light.lit((110, 96, 88), 0.15))
        y -= 18 * unit
    canvas.paste(soften(canvas.crop((0, 0, canvas.width, room.skirting)), unit * 0.4), (0, 0))


_PARTS: dict[str, Callable[[Image, Room, Random], None]] = {
    "window": _window, "frames": _frames, "shelves": _shelves, "kitchen": _kitchen,
    "tiles": _tiles, "bedroom": _bedroom, "lamps": _lamps, "desk": _desk, "board": _board,
    "mirrors": _mirrors, "curtains": _curtains, "pictures": _pictures, "columns": _columns,
    "shelving": _shelving,
}  # fmt: skip
