"""Buildings, drawn."""

from math import cos, pi, sin

from PIL import Image

from drawings.clay import Clay
from drawings.palette import BLACK, DARK_WOOD, GREY, RED, WHITE, YELLOW


def lighthouse() -> Image.Image:
    clay = Clay()
    clay.poly([(14, 97), (22, 84), (78, 84), (86, 97)], "857F93", round_by=2)
    bands = 5
    for at in range(bands):
        top, bottom = 30 + at * 11.4, 30 + (at + 1) * 11.4
        a, b = 12 + at * 1.9, 12 + (at + 1) * 1.9
        color = WHITE if at % 2 else RED
        clay.poly(
            [(50 - a, top), (50 + a, top), (50 + b, bottom), (50 - b, bottom)], color,
            round_by=0, bevel=2,
        )  # fmt: skip
    clay.box(33, 27, 67, 32, BLACK, radius=1)
    clay.box(40, 14, 60, 28, "FFE58F", radius=1)
    clay.gloss(43, 15, 57, 26, strength=0.9)
    clay.poly([(36, 15), (64, 15), (50, 3)], "C22840", round_by=1)
    clay.box(45, 72, 55, 87, DARK_WOOD, radius=4)
    return clay.picture()


def windmill() -> Image.Image:
    clay = Clay()
    clay.poly([(36, 42), (64, 42), (74, 97), (26, 97)], "F4E6CB", round_by=1, bevel=4)
    clay.poly([(33, 43), (67, 43), (58, 26), (42, 26)], "A8442F", round_by=2)
    clay.box(44, 78, 56, 97, DARK_WOOD, radius=4)
    clay.oval(45, 52, 55, 62, "6FB4E8", bevel=2)
    for turn in range(4):
        angle = pi / 4 + turn * pi / 2
        x, y, nx, ny = cos(angle), sin(angle), -sin(angle), cos(angle)
        blade = [(50 + x * r + nx * w, 36 + y * r + ny * w)
                 for r, w in ((8, 0), (8, 9), (44, 9), (44, 0))]  # fmt: skip
        clay.poly(blade, "FBF6E8", round_by=0.6, bevel=1.5)
        clay.tube([(50, 36), (50 + x * 45, 36 + y * 45)], DARK_WOOD, width=2.6)
    clay.oval(45, 31, 55, 41, DARK_WOOD, bevel=2)
    return clay.picture()


def barn() -> Image.Image:
    clay = Clay()
    clay.poly([(10, 46), (22, 22), (50, 8), (78, 22), (90, 46), (90, 96), (10, 96)], "D43A40",
              round_by=1, bevel=4)  # fmt: skip
    clay.tube([(6, 50), (20, 21), (50, 6), (80, 21), (94, 50)], "F4F1F8", width=6)
    clay.box(30, 54, 70, 96, WHITE, radius=1)
    clay.box(33, 57, 49, 96, "B52A33", radius=1)
    clay.box(51, 57, 67, 96, "B52A33", radius=1)
    for x in (33, 51):
        clay.tube([(x + 1, 58), (x + 15, 94)], WHITE, width=2)
        clay.tube([(x + 15, 58), (x + 1, 94)], WHITE, width=2)
    clay.box(41, 27, 59, 43, WHITE, radius=1)
    clay.box(43, 29, 57, 41, "5A3440", radius=1)
    return clay.picture()


def cottage() -> Image.Image:
    clay = Clay()
    clay.box(66, 10, 76, 40, "9A6A58", radius=1)
    clay.box(12, 46, 88, 95, "FBEBD0", radius=2, bevel=3)
    clay.poly([(50, 12), (100, 54), (0, 54)], "A9713F", round_by=4, bevel=5)
    clay.box(42, 62, 58, 95, "7A4A2E", radius=7)
    for x in (19, 65):
        clay.box(x, 62, x + 16, 78, WHITE, radius=1)
        clay.box(x + 2, 64, x + 14, 76, "79BDF0", radius=1)
        clay.box(x - 1, 78, x + 17, 84, "5BA85C", radius=2)
    clay.oval(55, 78, 57, 80, YELLOW, bevel=0.5)
    return clay.picture()


def skyscraper() -> Image.Image:
    clay = Clay()
    clay.box(48.5, 0, 51.5, 14, GREY, radius=1)
    clay.box(38, 10, 62, 30, "7EA6D9", radius=1)
    clay.box(31, 22, 69, 98, "8FB6E6", radius=1, bevel=4)
    for row in range(9):
        for column in range(4):
            x, y = 35 + column * 8, 28 + row * 7.6
            lit = (row * 3 + column * 5) % 4 == 0
            clay.box(x, y, x + 5.5, y + 5, "FFE28A" if lit else "3F6FB0", radius=0.6, bevel=0.8)
    return clay.picture()


def tower() -> Image.Image:
    clay = Clay()
    clay.box(30, 26, 70, 97, "A9A3B5", radius=1, bevel=4)
    for x in (24, 39, 54, 69):
        clay.box(x, 10, x + 8, 22, "A9A3B5", radius=1)
    clay.box(24, 18, 77, 30, "B9B4C6", radius=1)
    for row in range(5):
        for column in range(3):
            x = 33 + column * 12 + (5 if row % 2 else 0)
            clay.box(x, 36 + row * 12, x + 9, 41 + row * 12, "BDB8C9", radius=1, bevel=0.8)
    clay.box(43, 76, 57, 97, "5E3A24", radius=6)
    clay.box(46, 46, 54, 60, BLACK, radius=4)
    return clay.picture()


def clock_tower() -> Image.Image:
    clay = Clay()
    clay.box(33, 30, 67, 98, "D9B98A", radius=1, bevel=4)
    for x in (39, 47.5, 56):
        clay.box(x, 62, x + 5, 92, "B58F5C", radius=2, bevel=1)
    clay.box(29, 26, 71, 58, "E8CDA2", radius=1, bevel=2)
    clay.poly([(29, 26), (71, 26), (50, 1)], "4F6A78", round_by=1)
    clay.oval(36, 29, 64, 57, WHITE, bevel=2)
    clay.tube([(50, 43), (50, 33)], BLACK, width=2, flat=True)
    clay.tube([(50, 43), (57, 47)], BLACK, width=2, flat=True)
    return clay.picture()


def pyramid() -> Image.Image:
    clay = Clay()
    clay.poly([(50, 12), (2, 88), (62, 88)], "F2CF7C", round_by=1)
    clay.poly([(50, 12), (62, 88), (98, 82)], "C99A48", round_by=1)
    return clay.picture()


def bridge() -> Image.Image:
    clay = Clay()
    for x in (4, 44, 84):
        clay.box(x, 40, x + 12, 84, "A39DB0", radius=1)
    for x in (12, 52):
        clay.arc(x, 50, x + 36, 100, "B5AFC2", start=180, end=360, width=7)
    clay.box(0, 40, 100, 55, "B5AFC2", radius=1, bevel=3)
    clay.box(0, 34, 100, 41, "C9C4D4", radius=2)
    return clay.picture()


def monolith() -> Image.Image:
    clay = Clay()
    clay.box(34, 2, 66, 98, "2B2836", radius=1, bevel=3)
    clay.gloss(38, 6, 48, 60, strength=0.22)
    return clay.picture()


def obelisk() -> Image.Image:
    clay = Clay()
    clay.box(32, 88, 68, 98, "B9B4C6", radius=1)
    clay.poly([(43, 16), (50, 4), (57, 16), (62, 90), (38, 90)], "CFCADA", round_by=1, bevel=4)
    return clay.picture()


DRAWINGS = {
    "lighthouse": lighthouse,
    "windmill": windmill,
    "barn": barn,
    "cottage": cottage,
    "skyscraper": skyscraper,
    "tower": tower,
    "clock tower": clock_tower,
    "pyramid": pyramid,
    "bridge": bridge,
    "monolith": monolith,
    "obelisk": obelisk,
}
