"""Machines and bags of a household, and a knight in armour, drawn."""

from math import cos, pi, sin

from PIL import Image

from drawings.clay import Clay, Point
from drawings.palette import BLACK, BLUE, DARK_WOOD, GREY, RED, STEEL, WHITE, WOOD, YELLOW


def knight() -> Image.Image:
    clay = Clay()
    clay.poly([(86, 30), (90, 16), (94, 30), (94, 66), (86, 66)], "DDE2EE", round_by=0.6, bevel=1.5)
    clay.box(80, 65, 100, 69, YELLOW, radius=2)
    clay.box(88, 69, 92, 78, DARK_WOOD, radius=1)
    for x in (34, 52):
        clay.box(x, 76, x + 14, 94, "B4BACB", radius=3)
        clay.box(x - 2, 89, x + 15, 98, GREY, radius=3)
    clay.tube([(70, 52), (82, 60), (89, 70)], "B4BACB", width=9)
    clay.box(30, 44, 70, 82, "C6CCDB", radius=9, bevel=5)
    clay.box(30, 70, 70, 76, DARK_WOOD, radius=1.5)
    clay.poly([(6, 46), (38, 46), (37, 70), (22, 84), (7, 70)], BLUE, round_by=2, bevel=4)
    clay.poly([(18, 46), (26, 46), (26, 80), (22, 83), (18, 80)], WHITE, round_by=0.5, bevel=1)
    clay.poly([(50, 10), (54, 0), (74, 4), (78, 18), (66, 12), (54, 14)], RED, round_by=3, bevel=3)
    clay.box(29, 9, 71, 48, "CDD3E1", radius=15, bevel=6)
    clay.box(33, 25, 67, 31, BLACK, radius=2, bevel=1)
    clay.box(48.5, 20, 51.5, 46, "9AA2B8", radius=1, bevel=1)
    for x in (38, 43, 56, 61):
        clay.box(x, 36, x + 2, 42, BLACK, radius=0.8, flat=True)
    return clay.picture()


def garbage_bag() -> Image.Image:
    clay = Clay()
    clay.poly([(42, 20), (30, 4), (46, 10), (56, 2), (58, 10), (72, 6), (58, 20)], BLACK,
              round_by=2, bevel=2)  # fmt: skip
    clay.poly([(40, 22), (60, 22), (84, 46), (94, 80), (84, 96), (16, 96), (6, 80), (16, 46)],
              "353141", round_by=7, bevel=6)  # fmt: skip
    clay.box(38, 17, 62, 24, YELLOW, radius=3)
    for x in (28, 50, 70):
        clay.tube([(50 + (x - 50) * 0.3, 28), (x, 56)], "4A4658", width=2.5)
    clay.gloss(22, 50, 36, 78, strength=0.25)
    return clay.picture()


def ceiling_fan() -> Image.Image:
    clay = Clay()
    clay.box(47, 4, 53, 40, GREY, radius=1)
    clay.oval(38, 0, 62, 9, GREY)
    for tip in ((2, 40), (98, 40), (24, 58), (76, 58)):
        x, y = tip
        clay.poly([(50, 42), (x, y - 5), (x, y + 5), (50, 50)], WOOD, round_by=2, bevel=2)
    clay.oval(38, 36, 62, 56, DARK_WOOD)
    clay.oval(40, 48, 60, 68, "FFE9AE", bevel=4)
    return clay.picture()


def coffee_machine() -> Image.Image:
    clay = Clay()
    clay.box(14, 86, 86, 96, BLACK, radius=3)
    clay.box(14, 8, 44, 90, STEEL, radius=5, bevel=4)
    clay.box(14, 8, 86, 40, "D3465A", radius=6, bevel=4)
    clay.oval(20, 16, 34, 30, WHITE, bevel=2)
    for x in (42, 52):
        clay.oval(x, 20, x + 7, 27, YELLOW, bevel=1.5)
    clay.box(54, 38, 78, 46, BLACK, radius=2)
    clay.tube([(78, 42), (92, 44)], DARK_WOOD, width=5)
    clay.box(64, 46, 68, 58, "6B3A2A", radius=1, flat=True)
    clay.ring(74, 62, 88, 78, WHITE, width=3)
    clay.box(54, 58, 79, 86, WHITE, radius=4, bevel=3)
    return clay.picture()


def drill() -> Image.Image:
    clay = Clay()
    clay.tube([(2, 30), (24, 30)], GREY, width=3)
    clay.poly([(20, 22), (36, 18), (36, 42), (20, 38)], BLACK, round_by=1.5)
    clay.poly([(56, 40), (80, 40), (88, 78), (64, 78)], "D99A12", round_by=3, bevel=4)
    clay.box(34, 12, 94, 48, YELLOW, radius=8, bevel=5)
    clay.box(56, 76, 96, 94, BLACK, radius=4)
    clay.box(52, 46, 60, 58, RED, radius=2)
    return clay.picture()


def tank() -> Image.Image:
    clay = Clay()
    clay.tube([(36, 38), (3, 34)], "5F7040", width=6)
    clay.box(32, 26, 74, 48, "738850", radius=8, bevel=4)
    clay.oval(46, 20, 62, 30, "5F7040")
    clay.poly([(10, 46), (92, 46), (98, 64), (4, 64)], "738850", round_by=2, bevel=3)
    clay.box(4, 60, 96, 86, "474638", radius=13, bevel=3)
    for at in range(5):
        clay.oval(9 + at * 16.6, 65, 25 + at * 16.6, 81, GREY, bevel=2)
        clay.oval(14 + at * 16.6, 70, 20 + at * 16.6, 76, BLACK, bevel=1)
    return clay.picture()


def opera_house() -> Image.Image:
    clay = Clay()
    clay.box(2, 78, 98, 92, "C9A48A", radius=1.5)
    for left, top, width in ((56, 36, 40), (32, 20, 46), (6, 42, 36)):
        right = left + width
        shell: list[Point] = [(left, 80)]
        shell += [
            (left + width * (1 - cos(t)) * 0.9, 80 - (80 - top) * sin(t))
            for t in (pi * k / 16 for k in range(1, 9))
        ]
        clay.poly([*shell, (right, 80)], "F7F6FC", round_by=1, bevel=5)
    return clay.picture()


def gramophone() -> Image.Image:
    clay = Clay()
    clay.tube([(60, 66), (72, 52), (58, 44)], "C98F2C", width=5)
    clay.poly([(58, 48), (52, 40), (8, 34), (18, 4), (58, 36)], YELLOW, round_by=3, bevel=5)
    clay.oval(4, 2, 28, 38, "E0A83A", bevel=4)
    clay.box(20, 70, 88, 94, DARK_WOOD, radius=2, bevel=3)
    clay.oval(24, 63, 80, 75, BLACK, bevel=2)
    clay.oval(46, 66, 58, 72, RED, bevel=1)
    clay.box(14, 90, 94, 97, WOOD, radius=2)
    return clay.picture()


DRAWINGS = {
    "knight": knight,
    "garbage bag": garbage_bag,
    "ceiling fan": ceiling_fan,
    "coffee machine": coffee_machine,
    "drill": drill,
    "tank": tank,
    "opera house": opera_house,
    "gramophone": gramophone,
}
