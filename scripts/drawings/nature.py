"""Plants, animals and their keeping, drawn."""

from math import cos, pi, sin

from PIL import Image

from drawings.clay import Clay
from drawings.palette import BLACK, GREEN, RED, YELLOW


def pumpkin() -> Image.Image:
    clay = Clay()
    clay.tube([(50, 28), (53, 12), (60, 8)], "4F8A3A", width=8)
    clay.oval(3, 28, 42, 94, "E8771F", bevel=6)
    clay.oval(58, 28, 97, 94, "E8771F", bevel=6)
    clay.oval(16, 24, 58, 97, "F28A2A", bevel=6)
    clay.oval(42, 24, 84, 97, "F28A2A", bevel=6)
    clay.oval(32, 22, 68, 98, "FA9A38", bevel=6)
    return clay.picture()


def lime() -> Image.Image:
    clay = Clay()
    clay.poly([(4, 52), (12, 44), (12, 60)], "6FBF3A", round_by=1)
    clay.poly([(96, 52), (88, 44), (88, 60)], "6FBF3A", round_by=1)
    clay.oval(8, 20, 92, 84, "7CCB3C", bevel=9)
    clay.gloss(24, 28, 50, 42, strength=0.5)
    return clay.picture()


def radish() -> Image.Image:
    clay = Clay()
    for x, y in ((30, 6), (50, 2), (70, 6)):
        clay.poly([(50, 40), (x - 10, y + 10), (x, y), (x + 10, y + 10)], "57B54A", round_by=3)
    clay.tube([(50, 78), (52, 98)], "F3C0D2", width=3)
    clay.oval(24, 32, 76, 86, "E0356F", bevel=7)
    clay.gloss(32, 40, 48, 54, strength=0.55)
    return clay.picture()


def starfish() -> Image.Image:
    clay = Clay()
    points = []
    for at in range(10):
        r, angle = (46 if at % 2 == 0 else 20), -pi / 2 + at * pi / 5
        points.append((50 + r * cos(angle), 52 + r * sin(angle)))
    clay.poly(points, "F58A5B", round_by=5, bevel=6)
    for at in range(5):
        for r in (12, 22, 31):
            angle = -pi / 2 + at * 2 * pi / 5
            x, y = 50 + r * cos(angle), 52 + r * sin(angle)
            clay.oval(x - 1.8, y - 1.8, x + 1.8, y + 1.8, "FFD0B0", bevel=0.6)
    return clay.picture()


def bird_cage() -> Image.Image:
    clay = Clay()
    clay.ring(45, 0, 55, 12, YELLOW, width=2.5)
    clay.arc(20, 10, 80, 80, YELLOW, start=180, end=360, width=3)
    for x in (21.5, 33, 44.5, 55.5, 67, 78.5):
        clay.tube([(x, 44 - (8 if 30 < x < 70 else 0)), (x, 88)], YELLOW, width=2)
    for x in (34, 42, 50, 58, 66):
        clay.tube([(50, 11), (x, 40)], YELLOW, width=1.6)
    clay.box(18, 44, 82, 48, YELLOW, radius=1)
    clay.box(14, 86, 86, 95, "E0A83A", radius=3)
    return clay.picture()


def fish_tank() -> Image.Image:
    clay = Clay()
    clay.box(4, 14, 96, 90, "BFE3F7", radius=3, bevel=3)
    clay.box(7, 26, 93, 87, "5FB4EE", radius=2, bevel=2)
    clay.box(7, 78, 93, 87, "E8CF96", radius=2, bevel=1)
    clay.tube([(20, 80), (17, 66), (22, 54)], GREEN, width=4)
    clay.tube([(78, 80), (82, 62), (76, 48)], GREEN, width=4)
    clay.poly([(60, 48), (72, 40), (72, 56)], "FF8A3D", round_by=1)
    clay.oval(38, 40, 64, 56, "FF8A3D")
    clay.oval(42, 45, 45, 48, BLACK, bevel=0.3)
    clay.gloss(10, 28, 22, 70, strength=0.4)
    return clay.picture()


def hay() -> Image.Image:
    clay = Clay()
    clay.box(6, 30, 94, 88, "E2B84A", radius=8, bevel=5)
    for at in range(16):
        x, y = 10 + (at * 23) % 78, 36 + (at * 17) % 46
        clay.tube([(x, y), (x + 8, y + (at % 3) - 1)], "C79A30", width=1.2)
    for x in (30, 66):
        clay.box(x, 30, x + 4, 88, "B5513C", radius=1, bevel=1)
    return clay.picture()


def wreath() -> Image.Image:
    clay = Clay()
    for at in range(22):
        angle = at * 2 * pi / 22
        x, y = 50 + 36 * cos(angle), 50 + 36 * sin(angle)
        clay.oval(x - 11, y - 11, x + 11, y + 11, "3F9A55" if at % 2 else "57B56C", bevel=3)
    for at in range(8):
        angle = 0.2 + at * 2 * pi / 8
        x, y = 50 + 36 * cos(angle), 50 + 36 * sin(angle)
        clay.oval(x - 3, y - 3, x + 3, y + 3, RED, bevel=1.5)
    return clay.picture()


def waterfall() -> Image.Image:
    clay = Clay()
    clay.poly([(6, 12), (34, 8), (36, 90), (4, 90), (2, 50)], "7C7A8C", round_by=4, bevel=5)
    clay.poly([(66, 8), (94, 12), (98, 50), (96, 90), (64, 90)], "706E82", round_by=4, bevel=5)
    for x, y in ((8, 30), (6, 58), (76, 34), (72, 62)):
        clay.box(x, y, x + 18, y + 16, "8B899B", radius=5)
    for left in (2, 62):
        clay.poly([(left, 14), (left + 6, 5), (left + 18, 2), (left + 30, 5), (left + 36, 14),
                   (left + 26, 18), (left + 10, 18)], "5DB25A", round_by=3, bevel=3)  # fmt: skip
    clay.poly([(31, 10), (69, 10), (73, 88), (27, 88)], "58B2EE", round_by=3, bevel=4)
    for x, top, bottom in ((37, 14, 60), (44, 24, 84), (51, 13, 50), (57, 30, 84), (63, 14, 66)):
        clay.tube([(x, top), (x + (x - 50) * 0.06, bottom)], "C4E8FF", width=2.2)
    clay.oval(1, 82, 99, 99, "3E97DD", bevel=4)
    for x, y, r in ((24, 80, 9), (38, 83, 10), (54, 83, 10), (70, 80, 9), (46, 78, 8), (60, 78, 8)):
        clay.oval(x - r, y - r * 0.7, x + r, y + r * 0.8, "EFF9FF", bevel=3)
    return clay.picture()


DRAWINGS = {
    "waterfall": waterfall,
    "pumpkin": pumpkin,
    "lime": lime,
    "radish": radish,
    "starfish": starfish,
    "bird cage": bird_cage,
    "fish tank": fish_tank,
    "hay": hay,
    "wreath": wreath,
}
