"""Things to play with, to wear and to work with, drawn."""

from PIL import Image

from drawings.clay import Clay
from drawings.palette import BLACK, DARK_WOOD, GREEN, GREY, PURPLE, RED, STEEL, WOOD, YELLOW


def surfboard() -> Image.Image:
    clay = Clay()
    clay.poly([(50, 1), (62, 14), (67, 45), (63, 82), (50, 99), (37, 82), (33, 45), (38, 14)],
              "FFB938", round_by=4, bevel=4)  # fmt: skip
    clay.box(48.5, 4, 51.5, 96, "FFF6DE", radius=1, bevel=0.8)
    clay.box(34, 60, 66, 66, RED, radius=0.5, bevel=0.8)
    clay.box(34, 69, 66, 73, "FFF6DE", radius=0.5, bevel=0.8)
    return clay.picture()


def snowboard() -> Image.Image:
    clay = Clay()
    clay.box(35, 1, 65, 99, PURPLE, radius=15, bevel=4)
    clay.box(36, 8, 64, 20, "45C9C9", radius=4, bevel=1)
    clay.box(36, 80, 64, 92, "45C9C9", radius=4, bevel=1)
    for y in (32, 58):
        clay.box(30, y, 70, y + 10, BLACK, radius=4)
    return clay.picture()


def baseball_bat() -> Image.Image:
    clay = Clay()
    clay.poly([(84, 4), (96, 15), (34, 78), (22, 82), (19, 80), (23, 68)], "D9A25E", round_by=3,
              bevel=4)  # fmt: skip
    clay.tube([(24, 77), (10, 91)], BLACK, width=6.5)
    clay.oval(4, 87, 14, 97, "B9793F", bevel=2)
    return clay.picture()


def baseball_glove() -> Image.Image:
    clay = Clay()
    for x, top in ((30, 14), (44, 6), (58, 8), (71, 16)):
        clay.box(x, top, x + 15, 62, "A8622E", radius=7, bevel=3)
    clay.poly([(6, 40), (18, 32), (36, 58), (30, 76)], "B87038", round_by=5, bevel=3)
    clay.poly([(28, 46), (86, 46), (88, 74), (74, 94), (40, 94), (24, 72)], "B87038", round_by=7,
              bevel=6)  # fmt: skip
    clay.oval(38, 50, 76, 82, "8F4F22", bevel=3)
    clay.poly([(20, 30), (34, 24), (36, 50), (28, 52)], "8A4A20", round_by=2, bevel=1)
    return clay.picture()


def hoop() -> Image.Image:
    clay = Clay()
    clay.box(46.5, 50, 53.5, 99, GREY, radius=1)
    clay.box(12, 4, 88, 56, "F7F6FC", radius=4, bevel=3)
    clay.box(34, 24, 66, 46, RED, radius=1)
    clay.box(37, 27, 63, 43, "F7F6FC", radius=1, bevel=0.5)
    for a, b in ((34, 42), (44, 50), (56, 46), (66, 58)):
        clay.tube([(a, 52), (b, 74)], "FFFFFF", width=1.6)
        clay.tube([(100 - a, 52), (100 - b, 74)], "FFFFFF", width=1.6)
    clay.oval(31, 47, 69, 55, "F2672E", bevel=1.5)
    return clay.picture()


def sword() -> Image.Image:
    clay = Clay()
    clay.poly([(45, 12), (50, 2), (55, 12), (55, 70), (45, 70)], "D6DCEB", round_by=0.8, bevel=2)
    clay.box(49.3, 10, 50.7, 68, "AEB6CC", radius=0.5, flat=True)
    clay.box(30, 68, 70, 75, YELLOW, radius=3)
    clay.box(46, 74, 54, 91, "7A4A2E", radius=1.5)
    clay.oval(44, 88, 56, 99, YELLOW)
    return clay.picture()


def shovel() -> Image.Image:
    clay = Clay()
    clay.tube([(50, 8), (50, 66)], WOOD, width=5)
    clay.tube([(40, 6), (60, 6)], DARK_WOOD, width=6)
    clay.poly([(32, 58), (68, 58), (66, 84), (50, 98), (34, 84)], STEEL, round_by=3, bevel=4)
    return clay.picture()


def pole() -> Image.Image:
    clay = Clay()
    clay.tube([(50, 4), (50, 96)], WOOD, width=5)
    return clay.picture()


def bow_tie() -> Image.Image:
    clay = Clay()
    clay.poly([(4, 28), (46, 44), (46, 56), (4, 72)], RED, round_by=4, bevel=4)
    clay.poly([(96, 28), (54, 44), (54, 56), (96, 72)], RED, round_by=4, bevel=4)
    clay.box(42, 40, 58, 60, "C22840", radius=4)
    return clay.picture()


def necktie() -> Image.Image:
    clay = Clay()
    clay.poly([(44, 16), (56, 16), (66, 80), (50, 98), (34, 80)], "C22840", round_by=1.5, bevel=4)
    clay.poly([(38, 2), (62, 2), (56, 18), (44, 18)], RED, round_by=2, bevel=3)
    return clay.picture()


def harp() -> Image.Image:
    clay = Clay()
    for at in range(8):
        x = 34 + at * 6
        clay.tube([(x, 24 + abs(at - 3) * 1.5), (x, 88 - at * 6)], "F8F2DC", width=1)
    clay.tube([(26, 14), (26, 92)], "E0A83A", width=7)
    clay.tube([(26, 14), (40, 22), (58, 20), (74, 12), (84, 22)], "E0A83A", width=7)
    clay.tube([(28, 92), (84, 24)], "C98F2C", width=8)
    clay.oval(20, 6, 33, 19, YELLOW)
    clay.box(18, 89, 46, 97, "A8742A", radius=2)
    return clay.picture()


def robot() -> Image.Image:
    clay = Clay()
    for x in (33, 55):
        clay.box(x, 76, x + 12, 94, GREY, radius=2)
        clay.box(x - 3, 89, x + 15, 98, "5B7FD1", radius=3)
    for points in ([(29, 54), (17, 60), (15, 74)], [(71, 54), (83, 60), (85, 74)]):
        clay.tube(points, GREY, width=6)
    for x in (10, 80):
        clay.oval(x, 70, x + 10, 81, "5B7FD1")
    clay.box(44, 42, 56, 52, GREY, radius=1)
    clay.box(28, 47, 72, 82, "DCE3F2", radius=7, bevel=5)
    clay.box(37, 55, 63, 71, "5B7FD1", radius=3, bevel=2)
    for x, color in ((41, RED), (48, YELLOW), (55, GREEN)):
        clay.oval(x, 60, x + 5, 65, color, bevel=1)
    clay.tube([(50, 10), (50, 4)], GREY, width=2.5)
    clay.oval(46, 0, 54, 8, RED, bevel=2)
    for x in (16, 78):
        clay.box(x, 21, x + 6, 35, RED, radius=2)
    clay.box(21, 9, 79, 46, "DCE3F2", radius=10, bevel=6)
    clay.box(28, 16, 72, 39, "332F4A", radius=8, bevel=3)
    for x in (36, 55):
        clay.oval(x, 21, x + 9, 31, "5FC8FF", bevel=2)
    clay.arc(42, 24, 58, 37, "5FC8FF", start=30, end=150, width=2)
    return clay.picture()


DRAWINGS = {
    "surfboard": surfboard,
    "snowboard": snowboard,
    "baseball bat": baseball_bat,
    "baseball glove": baseball_glove,
    "hoop": hoop,
    "sword": sword,
    "shovel": shovel,
    "pole": pole,
    "bow tie": bow_tie,
    "necktie": necktie,
    "harp": harp,
    "robot": robot,
}
