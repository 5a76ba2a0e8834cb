"""A Scene in a room in; its wall, floor and furniture painted out."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.brush import (
    brightness,
    glow,
    mix,
    mottle,
    noise,
    shape,
    vertical,
)
from imagine.stages.generate.sketch.dressing import Dresser, cast_shadow
from imagine.stages.generate.sketch.furniture import (
    bedroom,
    board,
    desk,
    kitchen,
    shelves,
    shelving,
)
from imagine.stages.generate.sketch.light import Light
from imagine.stages.generate.sketch.place import Scene
from imagine.stages.generate.sketch.room import Room
from imagine.stages.generate.sketch.walls import (
    bricks,
    columns,
    curtains,
    frames,
    lamps,
    mirrors,
    pictures,
    tiles,
    window,
)

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw


def paint_room(
    canvas: Image, scene: Scene, light: Light, dresser: Dresser, random: Random, *, skirting: int
) -> None:
    """Wall, floor and what belongs to the room; wall and floor meet at `skirting` pixels."""
    wall, floor = scene.place.ground
    room = Room(scene, light, dresser, skirting, min(canvas.size) / 100, scene.color or wall, floor)
    _paint_wall(canvas, room, random)
    for part in scene.place.layers:
        PARTS[part](canvas, room, random)
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
    if room.scene.place.key not in ("bathroom", "gym", "kitchen", "office", "garage", "bricks"):
        _boards(canvas, room, top)
    board = max(1, round(room.unit * 1.5))
    edge = mix(room.wall, (255, 255, 255), 0.45 if brightness(room.wall) > 0.35 else 0.12)
    canvas.paste(room.light.lit(edge), (0, top - board, canvas.width, top))
    shadow = max(1, round(room.unit * 2.2))
    from PIL import Image

    dark = (
        Image.linear_gradient("L")
        .resize((canvas.width, shadow))
        .point([round((255 - value) * 0.3) for value in range(256)])
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

    canvas.paste(
        room.light.lit(mix(room.floor, (40, 20, 10), 0.55)), (0, 0), shape(canvas.size, paint)
    )


PARTS: dict[str, Callable[[Image, Room, Random], None]] = {
    "window": window, "frames": frames, "shelves": shelves, "kitchen": kitchen,
    "tiles": tiles, "bedroom": bedroom, "lamps": lamps, "desk": desk, "board": board,
    "mirrors": mirrors, "curtains": curtains, "pictures": pictures, "columns": columns,
    "shelving": shelving, "bricks": bricks,
}  # fmt: skip
