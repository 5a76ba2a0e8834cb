"""Furniture and big household machines, drawn."""

from PIL import Image

from drawings.clay import Clay
from drawings.palette import (
    BLACK,
    BLUE,
    DARK_WOOD,
    GREEN,
    GREY,
    PURPLE,
    RED,
    STEEL,
    WHITE,
    WOOD,
    YELLOW,
)


def table() -> Image.Image:
    clay = Clay()
    for x in (12, 79):
        clay.poly([(x, 48), (x + 9, 48), (x + 7.5, 94), (x + 1.5, 94)], DARK_WOOD)
    for x in (22, 71):
        clay.poly([(x, 46), (x + 7, 46), (x + 6, 80), (x + 1, 80)], "774626")
    clay.box(8, 42, 92, 52, DARK_WOOD, radius=1)
    clay.poly([(16, 32), (84, 32), (98, 42), (2, 42)], "CF9153", round_by=1)
    clay.box(2, 41, 98, 47, WOOD, radius=2)
    return clay.picture()


def round_table() -> Image.Image:
    clay = Clay()
    clay.oval(28, 84, 72, 97, DARK_WOOD)
    clay.box(45, 45, 55, 91, WOOD, radius=2)
    clay.oval(2, 33, 98, 57, DARK_WOOD)
    clay.oval(2, 30, 98, 53, "CF9153")
    return clay.picture()


def desk() -> Image.Image:
    clay = Clay()
    clay.box(8, 40, 15, 92, DARK_WOOD, radius=1)
    clay.box(60, 38, 93, 92, WOOD)
    for y in (44, 60, 76):
        clay.box(64, y, 89, y + 13, "C98B50", radius=1.5)
        clay.oval(74, y + 5, 79, y + 9, YELLOW, bevel=1)
    clay.poly([(10, 28), (90, 28), (97, 36), (3, 36)], "CF9153", round_by=1)
    clay.box(3, 35, 97, 42, WOOD, radius=2)
    return clay.picture()


def bench() -> Image.Image:
    clay = Clay()
    for x in (13, 80):
        clay.poly([(x, 30), (x + 6, 30), (x + 6, 90), (x, 90)], BLACK)
        clay.poly([(x - 5, 84), (x + 13, 84), (x + 13, 90), (x - 5, 90)], BLACK)
    for y in (22, 34, 46):
        clay.box(4, y, 96, y + 9, WOOD, radius=2.5)
    clay.poly([(6, 60), (94, 60), (98, 68), (2, 68)], "CF9153", round_by=1)
    clay.box(2, 67, 98, 73, DARK_WOOD, radius=2)
    return clay.picture()


def couch() -> Image.Image:
    clay = Clay()
    for x in (14, 80):
        clay.box(x, 82, x + 6, 92, DARK_WOOD, radius=1.5)
    clay.box(10, 26, 90, 72, "3473D6", radius=9)
    clay.box(15, 31, 49, 64, BLUE, radius=6)
    clay.box(51, 31, 85, 64, BLUE, radius=6)
    clay.box(12, 70, 88, 86, "2E66C4", radius=4)
    clay.box(13, 58, 50, 74, "5598F2", radius=5)
    clay.box(50, 58, 87, 74, "5598F2", radius=5)
    clay.box(2, 46, 18, 86, BLUE, radius=8)
    clay.box(82, 46, 98, 86, BLUE, radius=8)
    return clay.picture()


def armchair() -> Image.Image:
    clay = Clay()
    for x in (24, 70):
        clay.box(x, 84, x + 6, 95, DARK_WOOD, radius=1.5)
    clay.box(19, 14, 81, 72, "C23A4E", radius=14)
    clay.box(26, 21, 74, 62, RED, radius=10)
    clay.box(20, 72, 80, 88, "B53348", radius=4)
    clay.box(24, 58, 76, 76, "F8607A", radius=6)
    clay.box(10, 44, 27, 88, RED, radius=8)
    clay.box(73, 44, 90, 88, RED, radius=8)
    return clay.picture()


def stool() -> Image.Image:
    clay = Clay()
    for a, b in ((36, 28), (64, 72)):
        clay.tube([(a, 34), (b, 92)], DARK_WOOD, width=5)
    clay.tube([(33, 66), (67, 66)], DARK_WOOD, width=4)
    clay.oval(22, 28, 78, 44, DARK_WOOD)
    clay.oval(22, 24, 78, 40, WOOD)
    return clay.picture()


def throne() -> Image.Image:
    clay = Clay()
    clay.poly([(22, 26), (50, 10), (78, 26), (78, 80), (22, 80)], YELLOW, round_by=2)
    for x in (22, 50, 78):
        clay.oval(x - 5, 4 if x == 50 else 17, x + 5, 14 if x == 50 else 27, "FFD873")
    clay.poly([(30, 32), (50, 21), (70, 32), (70, 66), (30, 66)], RED, round_by=2)
    clay.box(26, 62, 74, 74, "F8607A", radius=5)
    clay.box(18, 72, 82, 84, YELLOW, radius=3)
    for x in (12, 76):
        clay.box(x, 48, x + 12, 95, "F0AE2C", radius=4)
    return clay.picture()


def bookshelf() -> Image.Image:
    clay = Clay()
    clay.box(14, 3, 86, 97, DARK_WOOD)
    books = [RED, BLUE, YELLOW, GREEN, PURPLE, "F28A3C", "3BB7B0"]
    for row, top in enumerate((8, 37, 66)):
        clay.box(19, top, 81, top + 26, "5E3A24", radius=1, flat=True)
        x = 21.0
        for at in range(8):
            width, high = 5.5 + (at * 5 + row * 3) % 4, 18 + (at * 7 + row * 5) % 7
            if x + width > 79:
                break
            book = books[(at + row * 3) % 7]
            clay.box(x, top + 26 - high, x + width, top + 26, book, radius=0.8, bevel=1.2)
            x += width + 0.5
        clay.box(16, top + 25, 84, top + 29, WOOD, radius=1)
    return clay.picture()


def dresser() -> Image.Image:
    clay = Clay()
    for left in (12, 80):
        clay.box(left, 86, left + 8, 95, DARK_WOOD, radius=1)
    clay.box(7, 20, 93, 90, WOOD)
    for y in (30, 50, 70):
        for x in (12.0, 51.5):
            clay.box(x, y, x + 36.5, y + 16, "CF9153", radius=2)
            clay.oval(x + 15.5, y + 5, x + 21.5, y + 11, YELLOW, bevel=1.2)
    clay.box(4, 16, 96, 24, DARK_WOOD, radius=2)
    return clay.picture()


def wardrobe() -> Image.Image:
    clay = Clay()
    for x in (20, 72):
        clay.box(x, 90, x + 8, 97, DARK_WOOD, radius=1)
    clay.box(16, 4, 84, 93, WOOD)
    for x in (20, 51):
        clay.box(x, 11, x + 29, 88, "CF9153", radius=2)
        clay.box(x + 5, 17, x + 24, 46, "BF8247", radius=1.5)
        clay.box(x + 5, 52, x + 24, 82, "BF8247", radius=1.5)
    for x in (45, 52):
        clay.oval(x, 46, x + 4, 54, YELLOW, bevel=1)
    clay.box(13, 2, 87, 9, DARK_WOOD, radius=2)
    return clay.picture()


def floor_lamp() -> Image.Image:
    clay = Clay()
    clay.oval(34, 90, 66, 98, BLACK)
    clay.box(48, 28, 52, 95, BLACK, radius=1)
    clay.poly([(40, 3), (60, 3), (72, 32), (28, 32)], "FFE7A8", round_by=2, bevel=3)
    return clay.picture()


def refrigerator() -> Image.Image:
    clay = Clay()
    for x in (27, 66):
        clay.box(x, 92, x + 7, 98, BLACK, radius=1)
    clay.box(22, 3, 78, 95, "D6E4F4", radius=6, bevel=4)
    clay.box(24, 5, 76, 34, "E4EEF9", radius=5)
    clay.box(24, 37, 76, 93, "E4EEF9", radius=5)
    clay.box(29, 14, 33, 28, GREY, radius=2, bevel=1)
    clay.box(29, 43, 33, 66, GREY, radius=2, bevel=1)
    return clay.picture()


def oven() -> Image.Image:
    clay = Clay()
    clay.box(12, 10, 88, 95, STEEL, radius=4, bevel=3)
    for x in (18, 54):
        clay.oval(x, 5, x + 28, 15, BLACK)
    clay.box(12, 12, 88, 30, WHITE, radius=3)
    for x in (19, 33, 59, 73):
        clay.oval(x, 17, x + 8, 25, BLACK, bevel=1.5)
    clay.box(19, 40, 81, 82, BLACK, radius=4)
    clay.box(25, 48, 75, 76, "FFA53D", radius=3)
    clay.gloss(28, 50, 48, 64, strength=0.4)
    clay.box(22, 34, 78, 39, GREY, radius=2, bevel=1)
    return clay.picture()


def sink() -> Image.Image:
    clay = Clay()
    clay.poly([(41, 60), (59, 60), (56, 96), (44, 96)], "DDDCEA")
    clay.poly([(6, 46), (94, 46), (82, 76), (18, 76)], WHITE, round_by=6, bevel=5)
    clay.oval(2, 36, 98, 58, "E6E5F1")
    clay.oval(11, 40, 89, 55, "B9CBE4", bevel=3)
    clay.oval(46, 47, 54, 51, GREY, bevel=1)
    clay.arc(41, 10, 65, 38, GREY, start=180, end=360, width=5)
    clay.box(41, 23, 46, 44, GREY, radius=1)
    clay.box(60, 23, 65, 32, GREY, radius=1)
    for x in (26, 66):
        clay.box(x, 34, x + 8, 42, STEEL, radius=2)
    return clay.picture()


def washing_machine() -> Image.Image:
    clay = Clay()
    clay.box(14, 5, 86, 95, WHITE, radius=5, bevel=4)
    clay.box(14, 8, 86, 26, "DAD9EA", radius=3)
    clay.oval(68, 11, 80, 23, GREY, bevel=2)
    clay.box(20, 13, 42, 21, "5F9BD8", radius=1.5)
    clay.oval(24, 34, 76, 86, STEEL)
    clay.oval(31, 41, 69, 79, "4F8FDB")
    clay.gloss(36, 45, 54, 58, strength=0.6)
    return clay.picture()


def fireplace() -> Image.Image:
    clay = Clay()
    clay.box(10, 18, 90, 94, "B5543C")
    for row in range(8):
        for at in range(6):
            x = 10 + at * 14.5 - (7 if row % 2 else 0)
            clay.box(
                max(11, x), 20 + row * 9.2, min(89, x + 13), 28 + row * 9.2, "CC6A4C",
                radius=1, bevel=1,
            )  # fmt: skip
    clay.box(26, 40, 74, 92, "2F2430", radius=6, flat=True)
    for x in (34, 46):
        clay.tube([(x, 86), (x + 20, 82)], DARK_WOOD, width=7)
    flame = [(50, 46), (60, 60), (66, 74), (58, 84), (42, 84), (34, 73), (42, 62), (44, 70)]
    clay.poly(flame, "FF7A2F", round_by=3)
    clay.poly([(50, 60), (58, 74), (54, 83), (45, 83), (42, 75)], "FFD24A", round_by=2)
    clay.box(5, 12, 95, 21, DARK_WOOD, radius=2)
    clay.box(5, 90, 95, 97, "8A8294", radius=2)
    return clay.picture()


def piano() -> Image.Image:
    clay = Clay()
    for x in (12, 80):
        clay.box(x, 60, x + 8, 97, "201D2A", radius=1)
    clay.box(8, 10, 92, 62, "2F2B3C", radius=3, bevel=4)
    clay.box(16, 18, 84, 44, "3D384E", radius=2)
    clay.box(4, 58, 96, 76, "2F2B3C", radius=2, bevel=3)
    clay.box(8, 60, 92, 70, "FFFFFF", radius=0.5, bevel=1)
    for at in range(1, 14):
        clay.box(8 + at * 6 - 0.3, 60, 8 + at * 6 + 0.3, 70, GREY, radius=0, flat=True)
        if at % 7 not in (3, 0):
            clay.box(8 + at * 6 - 1.6, 60, 8 + at * 6 + 1.6, 66, "1A1722", radius=0.5, flat=True)
    return clay.picture()


DRAWINGS = {
    "table": table,
    "round table": round_table,
    "desk": desk,
    "bench": bench,
    "couch": couch,
    "armchair": armchair,
    "stool": stool,
    "throne": throne,
    "bookshelf": bookshelf,
    "dresser": dresser,
    "wardrobe": wardrobe,
    "floor lamp": floor_lamp,
    "refrigerator": refrigerator,
    "oven": oven,
    "sink": sink,
    "washing machine": washing_machine,
    "fireplace": fireplace,
    "piano": piano,
}
