"""A place's layers in; ground, hills, mountains, water, streets and trees painted in depth out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sin
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
from imagine.stages.generate.sketch.dressing import Dresser
from imagine.stages.generate.sketch.place import Scene
from imagine.stages.generate.sketch.sky import Light

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Land:
    """What every layer painter needs.

    Attributes:
        scene, light, dresser: as read from the description.
        horizon: pixels from the top.
        unit: a hundredth of the shorter side, in pixels.
    """

    scene: Scene
    light: Light
    dresser: Dresser
    horizon: int
    unit: float


def paint_layers(canvas: Image, land: Land, random: Random) -> None:
    """Everything between sky and ground, farthest first; then the ground itself."""
    before = [name for name in land.scene.place.layers if name not in _ON_GROUND]
    after = [name for name in land.scene.place.layers if name in _ON_GROUND]
    for name in before:
        _LAYERS[name](canvas, land, random)
    _paint_ground(canvas, land, random)
    for name in after:
        _LAYERS[name](canvas, land, random)


def ridge(
    random: Random, width: float, *, base: float, height: float, waves: float, rough: float = 0.0
) -> list[Point]:
    """The outline of hills from left to right, closed far below; `waves` across the width."""
    phases = [(random.uniform(0, 2 * pi), random.uniform(0.7, 1.4)) for _ in range(3)]
    steps = 160
    points = []
    for index in range(steps + 1):
        x = index / steps
        rise = sum(
            sin(2 * pi * waves * share * (2**octave) * x + phase) / (1.9**octave)
            for octave, (phase, share) in enumerate(phases)
        )
        jag = rough * random.uniform(-1, 1)
        points.append((x * width, base - height * (0.5 + 0.28 * rise + jag)))
    floor = base + 40 * height
    return [(0.0, floor), *points, (float(width), floor)]


def _fill(canvas: Image, mask: Image, top: RGB, bottom: RGB, *, start: float, end: float) -> None:
    """Fill the mask with a gradient that runs from `start` to `end` pixels from the top."""
    first, last = max(0, round(start)), min(canvas.height, max(round(start) + 2, round(end)))
    first = min(first, canvas.height - 1)
    band = vertical((canvas.width, max(1, last - first)), (top, bottom))
    canvas.paste(band, (0, first), mask.crop((0, first, canvas.width, first + band.height)))
    if last < canvas.height:
        below = mask.crop((0, last, canvas.width, canvas.height))
        canvas.paste(bottom, (0, last), below)


def _ridge_layer(
    canvas: Image,
    land: Land,
    random: Random,
    *,
    color: RGB,
    height: float,
    depth: float,
    waves: float,
    lift: float = 0.0,
) -> None:
    base = land.horizon - lift * land.unit
    points = ridge(random, canvas.width, base=base, height=height * land.unit, waves=waves)
    top = land.light.lit(color, depth)
    bottom = land.light.lit(mix(color, (255, 255, 255), 0.12), min(1.0, depth + 0.28))
    _fill(canvas, polygon(canvas.size, points), top, bottom, start=base - height * land.unit,
          end=land.horizon + land.unit)  # fmt: skip


def _hills(canvas: Image, land: Land, random: Random) -> None:
    waves = max(0.6, canvas.width / canvas.height)
    near = land.scene.place.ground[0]
    cool = mix(near, (70, 130, 120), 0.35)
    _ridge_layer(canvas, land, random, color=cool, height=26, depth=0.5, waves=waves * 0.9)
    _ridge_layer(
        canvas, land, random, color=mix(near, cool, 0.5), height=15, depth=0.22, waves=waves * 0.7
    )


def _mountains(canvas: Image, land: Land, random: Random) -> None:
    waves = max(0.8, 1.3 * canvas.width / canvas.height)
    for height, depth in ((42, 0.62), (30, 0.42)):
        _ridge_layer(
            canvas, land, random, color=(104, 124, 168), height=height, depth=depth, waves=waves
        )


def _peaks(canvas: Image, land: Land, random: Random) -> None:
    """Pointed mountains with snow on them, two rows deep."""
    unit, base = land.unit, land.horizon + land.unit
    count = max(2, round(2.6 * canvas.width / canvas.height))
    for row, (tall, depth) in enumerate(((52, 0.55), (36, 0.3))):
        for index in range(count + row):
            x = canvas.width * (index + random.uniform(0.1, 0.9)) / (count + row)
            height = unit * tall * random.uniform(0.75, 1.1)
            half = height * random.uniform(0.75, 1.0)
            top = base - height
            jag = [random.uniform(-0.05, 0.05) for _ in range(6)]
            left = [(x - half * t, top + height * t + height * jag[i]) for i, t in
                    ((2, 0.68), (1, 0.36), (0, 0.16))]  # fmt: skip
            right = [(x + half * t, top + height * t + height * jag[i]) for i, t in
                     ((3, 0.2), (4, 0.42), (5, 0.7))]  # fmt: skip
            outline = [(x - half, base), *left, (x, top), *right, (x + half, base)]
            rock = (118, 126, 158) if row == 0 else (104, 112, 138)
            _fill(canvas, polygon(canvas.size, outline), land.light.lit(rock, depth),
                  land.light.lit(rock, min(1, depth + 0.3)), start=top, end=base)  # fmt: skip
            lean = -1 if land.light.side < 0 else 1
            dark = [(x, top), *(right if lean < 0 else reversed(left)),
                    (x - lean * half, base), (x + lean * half * 0.06, base),
                    (x + lean * half * 0.1, top + height * 0.5)]  # fmt: skip
            canvas.paste(
                land.light.lit(mix(rock, (30, 36, 80), 0.3), depth), (0, 0),
                fade(polygon(canvas.size, dark), 0.4),
            )  # fmt: skip
            cap = [left[2], (x, top), right[0], (x + half * 0.1, top + height * 0.17),
                   (x + half * 0.02, top + height * 0.24), (x - half * 0.08, top + height * 0.16)]  # fmt: skip
            canvas.paste(
                land.light.lit((250, 252, 255), depth * 0.5), (0, 0), polygon(canvas.size, cap)
            )


def _drifts(canvas: Image, land: Land, random: Random) -> None:
    for height, depth in ((20, 0.4), (12, 0.2)):
        _ridge_layer(canvas, land, random, color=(226, 236, 248), height=height, depth=depth,
                     waves=1.1)  # fmt: skip


def _dunes(canvas: Image, land: Land, random: Random) -> None:
    for height, depth, tone in ((30, 0.45, (232, 182, 112)), (18, 0.18, (240, 194, 122))):
        base = land.horizon + land.unit
        points = ridge(
            random, canvas.width, base=base, height=height * land.unit,
            waves=0.7 * max(1.0, canvas.width / canvas.height),
        )  # fmt: skip
        mask = polygon(canvas.size, points)
        _fill(canvas, mask, land.light.lit(mix(tone, (255, 244, 214), 0.3), depth),
              land.light.lit(mix(tone, (150, 84, 50), 0.2), depth),
              start=base - height * land.unit, end=base)  # fmt: skip


def _evergreens(canvas: Image, land: Land, random: Random) -> None:
    _tree_rows(canvas, land, random, ("evergreen tree",), ((13, 5, 0.55), (18, 9, 0.32)))


def _trees(canvas: Image, land: Land, random: Random) -> None:
    _tree_rows(
        canvas, land, random, ("deciduous tree", "evergreen tree"), ((14, 8, 0.5), (20, 13, 0.25))
    )


def _forest(canvas: Image, land: Land, random: Random) -> None:
    rows = ((34, 9, 0.66), (44, 15, 0.42), (58, 26, 0.18))
    _tree_rows(canvas, land, random, ("evergreen tree", "deciduous tree"), rows)


def _palms(canvas: Image, land: Land, random: Random) -> None:
    _tree_rows(canvas, land, random, ("palm tree", "deciduous tree"), ((40, 20, 0.45), (56, 30, 0.15)))


def _autumn(canvas: Image, land: Land, random: Random) -> None:
    """Round trees in the colours of autumn, with their trunks."""
    for tall, gap, depth in ((26, 10, 0.5), (38, 20, 0.2)):
        x = random.uniform(-gap, 0) * land.unit
        while x < canvas.width + gap * land.unit:
            height = land.unit * tall * random.uniform(0.8, 1.2)
            leaf = random.choice(((214, 120, 44), (226, 158, 52), (190, 76, 44), (168, 112, 50)))
            _round_tree(canvas, land, (x, land.horizon + land.unit), height, leaf, depth)
            x += gap * land.unit * random.uniform(0.7, 1.3)


def _round_tree(
    canvas: Image, land: Land, foot: Point, height: float, leaf: RGB, depth: float
) -> None:
    width = height * 0.7
    size = (max(4, round(width)), max(4, round(height)))
    trunk = shape(
        size,
        lambda draw, k: draw.rectangle(
            [width * 0.45 * k, height * 0.5 * k, width * 0.55 * k, height * k], fill=255
        ),
    )
    crown = shape(
        size, lambda draw, k: draw.ellipse([0, 0, width * k - 1, height * 0.74 * k], fill=255)
    )
    spot = (round(foot[0] - width / 2), round(foot[1] - height))
    canvas.paste(land.light.lit((110, 78, 58), depth), spot, trunk)
    fill = vertical(size, (land.light.lit(mix(leaf, (255, 236, 150), 0.3), depth),
                           land.light.lit(mix(leaf, (90, 40, 30), 0.25), depth)))  # fmt: skip
    canvas.paste(fill, spot, crown)


def _tree_rows(
    canvas: Image,
    land: Land,
    random: Random,
    names: tuple[str, ...],
    rows: tuple[tuple[float, float, float], ...],
) -> None:
    allowed = tuple(name for name in names if land.dresser.allows(name))
    if "tree" in land.dresser.words or "trees" in land.dresser.words or not allowed:
        return
    for index, (tall, gap, depth) in enumerate(rows):
        land.dresser.row(
            canvas, allowed, random, base=land.horizon + land.unit * (1 + 2 * index),
            height=tall * land.unit, gap=gap * land.unit, depth=depth,
        )  # fmt: skip


def _sea(canvas: Image, land: Land, random: Random) -> None:
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


def _skyline(canvas: Image, land: Land, random: Random) -> None:
    tall = 62 if land.scene.place.key == "skyline" else 46
    _buildings(canvas, land, random, tall=tall, width=(6, 12), depth=0.62)


def _blocks(canvas: Image, land: Land, random: Random) -> None:
    tall = 42 if land.scene.place.key == "skyline" else 40
    _buildings(canvas, land, random, tall=tall, width=(12, 20), depth=0.24)


_WALLS: tuple[RGB, ...] = (
    (150, 160, 188), (186, 150, 136), (168, 172, 178), (140, 150, 166), (196, 176, 150),
    (158, 138, 154),
)  # fmt: skip


def _buildings(
    canvas: Image, land: Land, random: Random, *, tall: float, width: tuple[float, float], depth: float
) -> None:
    night = land.scene.hour in ("night", "sunset")
    neon = land.scene.glow == "neon"
    x = -random.uniform(0, 8) * land.unit
    lamps: list[tuple[list[float], RGB]] = []
    from PIL import ImageDraw

    while x < canvas.width:
        wide = land.unit * random.uniform(*width)
        high = land.unit * tall * random.uniform(0.5, 1.0)
        top = land.horizon - high
        wall = random.choice(_WALLS)
        box = (round(x), round(top), round(x + wide), land.horizon + 2)
        fill = vertical(
            (max(1, box[2] - box[0]), max(1, box[3] - box[1])),
            (land.light.lit(wall, depth), land.light.lit(wall, min(1.0, depth + 0.25))),
        )
        canvas.paste(fill, box[:2])
        draw = ImageDraw.Draw(canvas)
        if depth < 0.4:
            edge = round(wide * 0.16)
            side = box[2] - edge if land.light.side < 0 else box[0]
            dark = land.light.lit(mix(wall, (30, 30, 60), 0.3), depth)
            draw.rectangle([side, box[1], side + edge, box[3]], fill=dark)
        step = land.unit * (2.6 if depth > 0.4 else 4.2)
        pane = step * 0.5
        y = top + step * 0.7
        while y < land.horizon - step:
            column = x + step * 0.5
            while column + pane < x + wide - step * 0.3:
                lit = random.random() < (0.55 if night else 0.22)
                bright: RGB = (255, 224, 150) if night else (236, 244, 250)
                if neon and lit:
                    bright = random.choice(((255, 90, 200), (90, 230, 255), (255, 214, 120)))
                dim = land.light.lit(mix(wall, (40, 50, 80), 0.45), depth)
                draw.rectangle(
                    [column, y, column + pane, y + pane * 1.25],
                    fill=mix(bright, land.light.haze, depth * 0.55) if lit else dim,
                )
                column += step
            y += step * 1.25
        if neon and depth < 0.4:
            tall_sign = high * random.uniform(0.25, 0.5)
            lamps.append((
                [x + wide * 0.1, top + high * 0.25, x + wide * 0.24, top + high * 0.25 + tall_sign],
                random.choice(((255, 60, 180), (60, 220, 255), (160, 90, 255), (255, 200, 60))),
            ))  # fmt: skip
        x += wide * random.uniform(0.95, 1.25)
    for area, color in lamps:
        center = ((area[0] + area[2]) / 2, (area[1] + area[3]) / 2)
        glow(canvas, center, (area[3] - area[1]) * 0.9, color, 0.75)
        ImageDraw.Draw(canvas).rounded_rectangle(
            area, radius=land.unit * 0.5, fill=mix(color, (255, 255, 255), 0.35)
        )


def _houses(canvas: Image, land: Land, random: Random) -> None:
    """A row of small gabled houses under the hills."""
    x = random.uniform(0, 10) * land.unit
    while x < canvas.width:
        wide, high = land.unit * random.uniform(11, 16), land.unit * random.uniform(8, 12)
        base, depth = land.horizon + land.unit * 1.5, 0.2
        wall = random.choice(((244, 232, 210), (226, 196, 170), (206, 220, 228), (240, 214, 190)))
        roof = random.choice(((190, 84, 66), (150, 92, 76), (104, 112, 140)))
        body = [(x, base), (x, base - high), (x + wide, base - high), (x + wide, base)]
        gable = [(x - wide * 0.08, base - high), (x + wide * 0.5, base - high * 1.7),
                 (x + wide * 1.08, base - high)]  # fmt: skip
        canvas.paste(land.light.lit(wall, depth), (0, 0), polygon(canvas.size, body))
        canvas.paste(land.light.lit(roof, depth), (0, 0), polygon(canvas.size, gable))
        pane: RGB = (255, 226, 150) if land.scene.hour in ("night", "sunset") else (150, 190, 214)
        for share in (0.2, 0.62):
            left, top = x + wide * share, base - high * 0.75
            square = [(left, top), (left + wide * 0.18, top), (left + wide * 0.18, top + high * 0.3),
                      (left, top + high * 0.3)]  # fmt: skip
            canvas.paste(mix(pane, land.light.haze, depth), (0, 0), polygon(canvas.size, square))
        x += wide * random.uniform(1.5, 2.6)


def _towers(canvas: Image, land: Land, random: Random) -> None:
    """A far castle on the hills: towers with pointed roofs."""
    if not land.dresser.allows("castle"):
        return
    x0 = canvas.width * (0.5 - 0.32 * (1 if land.light.side > 0 else -1))
    land.dresser.place(
        canvas, "castle", foot=(x0, land.horizon + land.unit * 2), height=land.unit * 34, depth=0.34
    )


def _rows(canvas: Image, land: Land, random: Random) -> None:
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


def _road(canvas: Image, land: Land, random: Random) -> None:
    """A road from the foreground to the horizon, with its broken middle line."""
    far, near = canvas.width * 0.5, canvas.width * 0.5
    deep = canvas.height - land.horizon
    half_far, half_near = land.unit * 1.2, max(canvas.width * 0.42, land.unit * 40)
    body = [(far - half_far, land.horizon), (far + half_far, land.horizon),
            (near + half_near, canvas.height), (near - half_near, canvas.height)]  # fmt: skip
    _fill(canvas, polygon(canvas.size, body), land.light.lit((150, 150, 156), 0.2),
          land.light.lit((98, 98, 106)), start=land.horizon, end=canvas.height)  # fmt: skip

    def paint(draw: ImageDraw, k: float) -> None:
        for index in range(9):
            first, last = (index / 9) ** 2, ((index + 0.5) / 9) ** 2
            for a, b in ((first, last),):
                ya, yb = land.horizon + deep * a, land.horizon + deep * b
                wa, wb = (half_far + (half_near - half_far) * t for t in (a, b))
                draw.polygon([((near - wa * 0.025) * k, ya * k), ((near + wa * 0.025) * k, ya * k),
                              ((near + wb * 0.025) * k, yb * k),
                              ((near - wb * 0.025) * k, yb * k)], fill=220)  # fmt: skip

    canvas.paste(land.light.lit((250, 240, 200)), (0, 0), shape(canvas.size, paint))


def _kerb(canvas: Image, land: Land, random: Random) -> None:
    """The pavement at the foot of the houses and a crossing line on the asphalt."""
    deep = canvas.height - land.horizon
    high = max(2, round(deep * 0.16))
    canvas.paste(
        vertical((canvas.width, high), (land.light.lit((196, 192, 190)), land.light.lit((172, 168, 168)))),
        (0, land.horizon),
    )
    canvas.paste(land.light.lit((128, 124, 126)), (0, land.horizon + high, canvas.width,
                 land.horizon + high + max(1, round(deep * 0.02))))  # fmt: skip
    if land.scene.glow == "neon" or land.scene.weather in ("rain", "storm"):
        _wet(canvas, land, top=land.horizon + high, random=random)


def _wet(canvas: Image, land: Land, *, top: int, random: Random) -> None:
    """The upper picture mirrored faintly in wet ground."""
    from PIL import Image, ImageOps

    height = min(top, canvas.height - top)
    if height < 4:
        return
    mirror = ImageOps.flip(canvas.crop((0, top - height, canvas.width, top)))
    mirror = soften(mirror, land.unit * 0.9)
    mask = Image.linear_gradient("L").resize((canvas.width, height)).point(
        [round((255 - value) * 0.5) for value in range(256)]
    )
    canvas.paste(mirror, (0, top), mask)


def _stands(canvas: Image, land: Land, random: Random) -> None:
    """Rows of spectators as dots, and floodlights."""
    top = land.horizon - round(land.unit * 26)
    canvas.paste(
        vertical((canvas.width, land.horizon - top), (land.light.lit((96, 104, 130), 0.3),
                 land.light.lit((66, 74, 100), 0.1))), (0, top),
    )  # fmt: skip
    tones: tuple[RGB, ...] = ((226, 90, 80), (90, 140, 220), (244, 214, 110), (240, 240, 244))
    from PIL import ImageDraw

    draw = ImageDraw.Draw(canvas)
    step = max(2.0, land.unit * 1.9)
    y = top + step
    while y < land.horizon - step * 1.5:
        x = random.uniform(0, step)
        while x < canvas.width:
            color = land.light.lit(random.choice(tones), 0.35)
            r = step * 0.3
            draw.ellipse([x - r, y - r, x + r, y + r], fill=color)
            x += step * random.uniform(0.85, 1.3)
        y += step
    canvas.paste(land.light.lit((238, 240, 244), 0.1), (0, land.horizon - round(land.unit * 2),
                 canvas.width, land.horizon))  # fmt: skip


def _volcano(canvas: Image, land: Land, random: Random) -> None:
    x, base = canvas.width * 0.5, land.horizon + land.unit
    half, high = land.unit * 52, land.unit * 46
    top = base - high
    glow(canvas, (x, top), land.unit * 46, (255, 120, 50), 0.8)
    cone = [(x - half, base), (x - land.unit * 8, top), (x + land.unit * 8, top), (x + half, base)]
    _fill(canvas, polygon(canvas.size, cone), land.light.lit((92, 66, 70), 0.05),
          land.light.lit((120, 90, 92), 0.3), start=top, end=base)  # fmt: skip
    for lean in (-1, 0.2, 1):
        run = [(x + lean * land.unit * 5 - land.unit, top),
               (x + lean * land.unit * 5 + land.unit, top),
               (x + lean * land.unit * random.uniform(13, 20), top + high * 0.7)]  # fmt: skip
        canvas.paste((255, 140, 46), (0, 0), soften(polygon(canvas.size, run), land.unit * 0.2))
    glow(canvas, (x, top), land.unit * 12, (255, 214, 110), 0.9)


def _cave(canvas: Image, land: Land, random: Random) -> None:
    """Rock all round, with an opening full of light."""
    canvas.paste(vertical(canvas.size, ((52, 44, 52), (84, 72, 76))), (0, 0))
    center = (canvas.width * 0.5, land.horizon * 0.72)
    glow(canvas, center, land.unit * 68, (255, 226, 170), 0.9)

    def paint(draw: ImageDraw, k: float) -> None:
        x = 0.0
        while x < canvas.width:
            wide = land.unit * random.uniform(6, 13)
            near = 1 - abs(x - center[0]) / canvas.width * 1.6
            long = land.unit * random.uniform(8, 26) * (1.3 - near * 0.6)
            draw.polygon([(x * k, 0), ((x + wide) * k, 0), ((x + wide * 0.5) * k, long * k)], fill=255)
            x += wide * 0.8

    canvas.paste((44, 37, 45), (0, 0), shape(canvas.size, paint))


def _craters(canvas: Image, land: Land, random: Random) -> None:
    deep = canvas.height - land.horizon

    def paint(draw: ImageDraw, k: float) -> None:
        for _ in range(14):
            share = random.random()
            y = land.horizon + deep * (0.06 + 0.9 * share)
            wide = land.unit * (2 + 13 * share) * random.uniform(0.5, 1.2)
            x = random.uniform(0, canvas.width)
            draw.ellipse([(x - wide) * k, (y - wide * 0.26) * k, (x + wide) * k,
                          (y + wide * 0.26) * k], fill=110)  # fmt: skip
            draw.ellipse([(x - wide * 0.92) * k, (y - wide * 0.16) * k, (x + wide * 0.94) * k,
                          (y + wide * 0.26) * k], fill=45)  # fmt: skip

    canvas.paste(mix(land.light.lit(land.scene.place.ground[1]), (20, 16, 30), 0.7), (0, 0),
                 shape(canvas.size, paint))  # fmt: skip


def _reef(canvas: Image, land: Land, random: Random) -> None:
    """Coral and weed on the sea floor."""
    for name, tall in (("coral", 15), ("seaweed", 18), ("spiral shell", 6)):
        for _ in range(2):
            x = random.choice((random.uniform(0.02, 0.25), random.uniform(0.75, 0.98)))
            land.dresser.place(
                canvas, name, foot=(x * canvas.width, canvas.height - random.uniform(0, 5) * land.unit),
                height=land.unit * tall * random.uniform(0.8, 1.2), depth=0.25,
            )  # fmt: skip


def _paint_ground(canvas: Image, land: Land, random: Random) -> None:
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
        points = ridge(random, canvas.width, base=top + land.unit * 2.4, height=land.unit * 4, waves=0.8)
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


_Painter = Callable[["Image", Land, Random], None]
_ON_GROUND = frozenset({"road", "rows", "kerb", "craters", "reef", "houses", "towers"})
_LAYERS: dict[str, _Painter] = {
    "hills": _hills, "mountains": _mountains, "peaks": _peaks, "drifts": _drifts, "dunes": _dunes,
    "evergreens": _evergreens, "trees": _trees, "forest": _forest, "palms": _palms,
    "autumn": _autumn, "sea": _sea, "skyline": _skyline, "blocks": _blocks, "houses": _houses,
    "towers": _towers, "rows": _rows, "road": _road, "kerb": _kerb, "stands": _stands,
    "volcano": _volcano, "cave": _cave, "craters": _craters, "reef": _reef,
}  # fmt: skip
