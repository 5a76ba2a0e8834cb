"""Furniture and household things, drawn."""

from PIL import Image

from drawings.clay import Clay

WOOD, DARK_WOOD, STEEL, WHITE = "B9793F", "8A5530", "C9CBDA", "F1F0F8"
BLUE, RED, PURPLE, YELLOW = "3E86E8", "EF3A55", "8B55D9", "FFC53D"
BLACK, GREEN, GREY = "3C384C", "4CB35A", "8F8DA3"


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
    for x in (12, 80):
        clay.box(x, 86, x + 8, 95, DARK_WOOD, radius=1)
    clay.box(7, 20, 93, 90, WOOD)
    for y in (30, 50, 70):
        for x in (12, 51.5):
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


def table_lamp() -> Image.Image:
    clay = Clay()
    clay.oval(30, 84, 70, 97, "C48A3A")
    clay.box(46, 46, 54, 91, "E0A94A", radius=2)
    clay.oval(38, 66, 62, 88, "E0A94A")
    clay.poly([(34, 8), (66, 8), (84, 52), (16, 52)], "FFE7A8", round_by=3, bevel=4)
    clay.gloss(32, 18, 52, 48, strength=0.6)
    return clay.picture()


def floor_lamp() -> Image.Image:
    clay = Clay()
    clay.oval(34, 90, 66, 98, BLACK)
    clay.box(48, 28, 52, 95, BLACK, radius=1)
    clay.poly([(40, 3), (60, 3), (72, 32), (28, 32)], "FFE7A8", round_by=2, bevel=3)
    return clay.picture()


def lamp_post() -> Image.Image:
    clay = Clay()
    clay.box(40, 88, 60, 97, BLACK, radius=2)
    clay.box(43, 80, 57, 90, BLACK, radius=2)
    clay.box(47.5, 26, 52.5, 84, BLACK, radius=1)
    clay.poly([(38, 10), (62, 10), (57, 28), (43, 28)], "FFE08A", round_by=1)
    clay.gloss(44, 12, 54, 24, strength=0.8)
    clay.box(36, 26, 64, 30, BLACK, radius=1.5)
    clay.poly([(34, 11), (66, 11), (56, 3), (44, 3)], BLACK, round_by=1)
    clay.oval(47, 0, 53, 5, BLACK, bevel=1)
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


def microwave() -> Image.Image:
    clay = Clay()
    for x in (12, 80):
        clay.box(x, 78, x + 8, 84, BLACK, radius=1)
    clay.box(3, 20, 97, 80, STEEL, radius=5, bevel=3)
    clay.box(9, 27, 70, 73, BLACK, radius=4)
    clay.box(15, 33, 64, 67, "5F9BD8", radius=3)
    clay.gloss(18, 35, 40, 52, strength=0.45)
    clay.box(65.5, 32, 68.5, 68, WHITE, radius=1, bevel=1)
    clay.box(75, 27, 92, 38, "2E4B3C", radius=1.5)
    for row in range(3):
        for column in range(2):
            x, y = 75 + column * 9, 43 + row * 10
            clay.box(x, y, x + 7, y + 7, WHITE, radius=1.5, bevel=1)
    return clay.picture()


def toaster() -> Image.Image:
    clay = Clay()
    for x in (28, 53):
        clay.box(x, 12, x + 20, 50, "D99A55", radius=6)
        clay.box(x + 2.5, 14.5, x + 17.5, 50, "F5D9A0", radius=5, bevel=1)
    for x in (16, 76):
        clay.box(x, 84, x + 8, 92, BLACK, radius=1.5)
    clay.box(8, 36, 92, 88, "D8DAE8", radius=13, bevel=5)
    clay.box(22, 34, 78, 40, BLACK, radius=3)
    clay.box(90, 50, 97, 58, BLACK, radius=2)
    clay.oval(70, 66, 82, 78, RED, bevel=2)
    clay.gloss(16, 44, 46, 58, strength=0.6)
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


def cushion() -> Image.Image:
    clay = Clay()
    sides = [(6, 26), (28, 32), (72, 32), (94, 26), (90, 50), (94, 76), (72, 72), (28, 72), (6, 76),
             (10, 50)]  # fmt: skip
    clay.poly(sides, "A33AC4", round_by=5, bevel=7)
    for x, y in ((7, 27), (93, 27), (7, 75), (93, 75)):
        clay.oval(x - 4, y - 4, x + 4, y + 4, YELLOW, bevel=1.5)
    clay.oval(47, 48, 53, 54, "7E2A9B", bevel=1.5)
    clay.gloss(20, 36, 46, 48, strength=0.45)
    return clay.picture()


def pillow() -> Image.Image:
    clay = Clay()
    sides = [(4, 34), (30, 30), (70, 30), (96, 34), (93, 50), (96, 70), (70, 72), (30, 72), (4, 70),
             (7, 50)]  # fmt: skip
    clay.poly(sides, "E9EAF6", round_by=6, bevel=7)
    clay.gloss(16, 36, 60, 48, strength=0.7)
    return clay.picture()


def blanket() -> Image.Image:
    clay = Clay()
    for row, color in enumerate(("4C8FE8", "6BA6F2", "3F7FD6", "6BA6F2")):
        y = 72 - row * 13
        clay.box(8, y, 92, y + 16, color, radius=7, bevel=4)
    clay.gloss(18, 36, 60, 44, strength=0.5)
    return clay.picture()


def towel() -> Image.Image:
    clay = Clay()
    clay.box(22, 8, 78, 94, "F4F3FA", radius=4, bevel=4)
    for y in (70, 80):
        clay.box(22, y, 78, y + 5, "5FA8E8", radius=0.5, bevel=0.8)
    clay.tube([(12, 10), (88, 10)], GREY, width=5)
    return clay.picture()


def rug() -> Image.Image:
    clay = Clay()
    clay.poly([(16, 34), (84, 34), (99, 68), (1, 68)], "B8324A", round_by=1)
    clay.poly([(22, 39), (78, 39), (89, 63), (11, 63)], "F2C25B", round_by=1, bevel=1)
    clay.poly([(25, 42), (75, 42), (84, 60), (16, 60)], "C9445B", round_by=1, bevel=1)
    clay.poly([(50, 44), (64, 51), (50, 58), (36, 51)], "F2C25B", round_by=1, bevel=1)
    return clay.picture()


def curtain() -> Image.Image:
    clay = Clay()
    for side in (0, 1):
        for fold in range(4):
            x = 6 + fold * 8.5 if side == 0 else 94 - fold * 8.5 - 11
            clay.box(x, 10, x + 11, 95 - fold * 3, "D93A55", radius=4, bevel=3)
    clay.tube([(2, 9), (98, 9)], "D9A53A", width=5)
    return clay.picture()


def vase() -> Image.Image:
    clay = Clay()
    outline = [(38, 8), (62, 8), (59, 26), (76, 46), (74, 70), (60, 95), (40, 95), (26, 70),
               (24, 46), (41, 26)]  # fmt: skip
    clay.poly(outline, "3E9BE0", round_by=4, bevel=6)
    clay.oval(36, 4, 64, 13, "6DBBF2", bevel=2)
    clay.oval(40, 6, 60, 11, "1F5F9B", bevel=1)
    clay.box(25.5, 52, 74.5, 60, "F6F7FF", radius=1, bevel=1)
    clay.gloss(32, 36, 44, 66, strength=0.55)
    return clay.picture()


def bottle() -> Image.Image:
    clay = Clay()
    outline = [(43, 8), (57, 8), (57, 30), (68, 44), (68, 96), (32, 96), (32, 44), (43, 30)]
    clay.poly(outline, "3FA85B", round_by=3, bevel=5)
    clay.box(42, 3, 58, 12, "D9A53A", radius=1.5)
    clay.box(32, 56, 68, 82, "FBF4DF", radius=1, bevel=1)
    clay.gloss(37, 36, 43, 88, strength=0.6)
    return clay.picture()


def water_bottle() -> Image.Image:
    clay = Clay()
    clay.box(31, 20, 69, 97, "9AD4F7", radius=9, bevel=5)
    clay.box(41, 8, 59, 24, "9AD4F7", radius=3)
    clay.box(40, 3, 60, 13, BLUE, radius=2)
    clay.box(31, 46, 69, 68, BLUE, radius=1, bevel=1)
    clay.gloss(36, 26, 43, 90, strength=0.7)
    return clay.picture()


def mug() -> Image.Image:
    clay = Clay()
    clay.ring(62, 32, 96, 72, "E5484D", width=8)
    clay.box(12, 16, 74, 90, RED, radius=10, bevel=5)
    clay.oval(12, 10, 74, 26, "FF7A8C", bevel=2)
    clay.oval(17, 13, 69, 24, "6B3A2A", bevel=2)
    clay.gloss(18, 34, 28, 74, strength=0.5)
    return clay.picture()


def drinking_glass() -> Image.Image:
    clay = Clay()
    clay.poly([(26, 6), (74, 6), (67, 96), (33, 96)], "CFE6F7", round_by=2, bevel=4)
    clay.poly([(28.5, 34), (71.5, 34), (66, 92), (34, 92)], "7CC0F0", round_by=2, bevel=3)
    clay.oval(26, 3, 74, 11, "E6F3FC", bevel=1.5)
    clay.gloss(33, 14, 40, 86, strength=0.8)
    clay.glass(0.9)
    return clay.picture()


def pitcher() -> Image.Image:
    clay = Clay()
    clay.ring(62, 28, 94, 72, "D9DDF0", width=6)
    outline = [(26, 10), (72, 8), (68, 24), (78, 56), (70, 95), (30, 95), (22, 56), (32, 24)]
    clay.poly(outline, "EDEFFA", round_by=4, bevel=6)
    clay.poly([(18, 8), (74, 6), (72, 15), (28, 17)], "DDE1F2", round_by=2)
    clay.gloss(30, 36, 40, 84, strength=0.8)
    return clay.picture()


def kettle() -> Image.Image:
    clay = Clay()
    clay.arc(22, 8, 78, 70, BLACK, start=180, end=360, width=6)
    clay.poly([(70, 56), (96, 38), (99, 44), (76, 78)], "D33E50", round_by=2)
    clay.poly([(20, 48), (80, 48), (88, 92), (12, 92)], RED, round_by=8, bevel=7)
    clay.oval(30, 40, 70, 54, "F8607A", bevel=2)
    clay.oval(45, 34, 55, 43, BLACK, bevel=2)
    clay.gloss(24, 56, 38, 80, strength=0.55)
    return clay.picture()


def fork() -> Image.Image:
    clay = Clay()
    for x in (37, 45.7, 54.3, 63):
        clay.tube([(x, 8), (x, 32)], STEEL, width=4.2)
    clay.poly([(35, 28), (65, 28), (64, 42), (54, 52), (46, 52), (36, 42)], STEEL, round_by=2)
    clay.tube([(50, 50), (50, 94)], STEEL, width=7)
    return clay.picture()


def trash_bin() -> Image.Image:
    clay = Clay()
    clay.poly([(20, 24), (80, 24), (73, 96), (27, 96)], "4F9A5B", round_by=2, bevel=4)
    for x in (35, 50, 65):
        clay.tube([(x, 36), (50 + (x - 50) * 0.8, 88)], "3F824B", width=3)
    clay.box(14, 15, 86, 26, "5FB06C", radius=4)
    clay.box(40, 8, 60, 17, "3F824B", radius=3)
    return clay.picture()


DRAWINGS = {
    "table": table, "round table": round_table, "desk": desk, "bench": bench, "couch": couch,
    "armchair": armchair, "stool": stool, "throne": throne, "bookshelf": bookshelf,
    "dresser": dresser, "wardrobe": wardrobe, "table lamp": table_lamp, "floor lamp": floor_lamp,
    "lamp post": lamp_post, "refrigerator": refrigerator, "oven": oven, "microwave": microwave,
    "toaster": toaster, "sink": sink, "washing machine": washing_machine, "fireplace": fireplace,
    "cushion": cushion, "pillow": pillow, "blanket": blanket, "towel": towel, "rug": rug,
    "curtain": curtain, "vase": vase, "bottle": bottle, "water bottle": water_bottle, "mug": mug,
    "drinking glass": drinking_glass, "pitcher": pitcher, "kettle": kettle, "fork": fork,
    "trash bin": trash_bin,
}  # fmt: skip
