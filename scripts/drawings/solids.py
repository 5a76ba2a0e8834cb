"""Plain solids and boxes, drawn."""

from PIL import Image

from drawings.clay import Clay
from drawings.palette import BLACK, BLUE, DARK_WOOD, GREY, RED, WOOD, YELLOW


def cube() -> Image.Image:
    clay = Clay()
    clay.poly([(50, 4), (94, 26), (50, 49), (6, 26)], "7FB3FF", round_by=1)
    clay.poly([(6, 26), (50, 49), (50, 97), (6, 73)], BLUE, round_by=1)
    clay.poly([(94, 26), (50, 49), (50, 97), (94, 73)], "2B62C0", round_by=1)
    return clay.picture()


def sphere() -> Image.Image:
    clay = Clay()
    clay.oval(4, 4, 96, 96, RED, bevel=14)
    clay.gloss(22, 14, 52, 36, strength=0.75)
    return clay.picture()


def cylinder() -> Image.Image:
    clay = Clay()
    clay.oval(16, 76, 84, 97, "2E8B6F")
    clay.box(16, 14, 84, 87, "3DB38D", radius=0.5, bevel=9)
    clay.oval(16, 3, 84, 25, "7BE0BF", bevel=2)
    return clay.picture()


def cone() -> Image.Image:
    clay = Clay()
    clay.poly([(50, 4), (88, 86), (70, 95), (30, 95), (12, 86)], "F28A3C", round_by=4, bevel=9)
    return clay.picture()


def box() -> Image.Image:
    clay = Clay()
    clay.poly([(6, 32), (94, 32), (94, 94), (6, 94)], "D2A063", round_by=1.5, bevel=4)
    clay.poly([(20, 14), (80, 14), (94, 33), (6, 33)], "E3BC86", round_by=1, bevel=2)
    clay.poly([(45, 14), (55, 14), (58, 33), (58, 48), (42, 48), (42, 33)], "F0D9AE", round_by=0.5)
    return clay.picture()


def treasure_chest() -> Image.Image:
    clay = Clay()
    clay.box(8, 14, 92, 60, "9A5F30", radius=16, bevel=4)
    clay.box(8, 46, 92, 92, "8A5028", radius=3, bevel=4)
    for x in (8, 46, 84):
        clay.box(x, 16, x + 8, 92, YELLOW, radius=2, bevel=1.5)
    clay.box(5, 43, 95, 52, YELLOW, radius=2, bevel=1.5)
    clay.box(41, 44, 59, 64, "FFD873", radius=3)
    clay.oval(47, 49, 53, 56, BLACK, bevel=1)
    return clay.picture()


def barrel() -> Image.Image:
    clay = Clay()
    clay.poly([(28, 6), (72, 6), (84, 50), (72, 95), (28, 95), (16, 50)], WOOD, round_by=3, bevel=6)
    for x in (34, 50, 66):
        clay.tube(
            [(50 + (x - 50) * 0.75, 10), (x, 50), (50 + (x - 50) * 0.75, 91)], DARK_WOOD, width=1.2
        )
    for y, half in ((22, 30), (74, 30)):
        clay.box(50 - half, y, 50 + half, y + 7, GREY, radius=2)
    clay.oval(29, 3, 71, 12, "D39A5C", bevel=2)
    return clay.picture()


DRAWINGS = {
    "cube": cube,
    "sphere": sphere,
    "cylinder": cylinder,
    "cone": cone,
    "box": box,
    "treasure chest": treasure_chest,
    "barrel": barrel,
}
