"""Small things of a home, drawn: lamps, linen, kitchen ware."""

from math import copysign, cos, radians, sin

from PIL import Image

from drawings.clay import Clay
from drawings.palette import BLACK, BLUE, GOLD, GREY, RED, STEEL, WHITE


def table_lamp() -> Image.Image:
    clay = Clay()
    clay.oval(30, 84, 70, 97, "C48A3A")
    clay.box(46, 46, 54, 91, "E0A94A", radius=2)
    clay.oval(38, 66, 62, 88, "E0A94A")
    clay.poly([(34, 8), (66, 8), (84, 52), (16, 52)], "FFE7A8", round_by=3, bevel=4)
    clay.gloss(32, 18, 52, 48, strength=0.6)
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


def cushion() -> Image.Image:
    """Plump velvet seen a little from above, a gold cord along the seam, tassels at the corners."""
    clay = Clay()
    for x, side in ((5, -1), (95, 1)):
        clay.poly([(x - 2.5, 69), (x + 2.5, 69), (x + 4 + side, 86), (x - 4 + side, 86)], GOLD,
                  round_by=1, bevel=1.5)  # fmt: skip
        for strand in (-2, 0, 2):
            clay.tube([(x + strand * 0.6, 74), (x + strand + side, 84)], "C98B1D", width=0.7,
                      flat=True)  # fmt: skip
    clay.poly(_plump(64, up=18, down=24), "8E0F2C", round_by=3, bevel=6)
    clay.poly(_plump(64, up=21, down=14), "C4183F", round_by=2, bevel=6)
    seam = [(x, y) for x, y in _plump(64, up=0.001, down=14) if y > 64.1]
    clay.tube(seam, GOLD, width=2.2)
    clay.gloss(16, 48, 42, 56, strength=0.4)
    clay.gloss(60, 46, 80, 52, strength=0.22)
    for x in (5, 95):
        clay.oval(x - 4, 61, x + 4, 69, GOLD, bevel=1.5)
    return clay.picture(detail=2)


def _plump(middle: float, *, up: float, down: float) -> list[tuple[float, float]]:
    """A rounded outline from (4, middle) to (96, middle), so far above and below that line."""
    turns = [radians(step * 3) for step in range(120)]
    return [
        (50 - 46 * copysign(abs(cos(t)) ** 0.8, cos(t)),
         middle - (up if sin(t) > 0 else down) * copysign(abs(sin(t)) ** 0.8, sin(t)))
        for t in turns
    ]  # fmt: skip


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


def hair_dryer() -> Image.Image:
    clay = Clay()
    clay.poly([(34, 48), (54, 48), (48, 94), (34, 94)], "C22D86", round_by=4, bevel=4)
    clay.poly([(54, 18), (92, 24), (92, 46), (54, 54)], "DA3F9B", round_by=2, bevel=4)
    clay.oval(14, 10, 62, 58, "F056B0", bevel=7)
    clay.oval(22, 20, 46, 46, "C22D86", bevel=2)
    clay.box(90, 22, 98, 48, BLACK, radius=2)
    return clay.picture()


def remote() -> Image.Image:
    clay = Clay()
    clay.box(32, 2, 68, 98, BLACK, radius=7, bevel=4)
    clay.oval(38, 8, 47, 17, RED, bevel=2)
    clay.oval(39, 24, 61, 46, "6A6680")
    clay.oval(46, 31, 54, 39, STEEL, bevel=1.5)
    for row in range(4):
        for column in range(3):
            x, y = 37 + column * 9.5, 53 + row * 10
            clay.box(x, y, x + 7, y + 6.5, WHITE, radius=2, bevel=1)
    return clay.picture()


DRAWINGS = {
    "table lamp": table_lamp,
    "microwave": microwave,
    "toaster": toaster,
    "cushion": cushion,
    "pillow": pillow,
    "blanket": blanket,
    "towel": towel,
    "rug": rug,
    "curtain": curtain,
    "vase": vase,
    "bottle": bottle,
    "water bottle": water_bottle,
    "mug": mug,
    "drinking glass": drinking_glass,
    "pitcher": pitcher,
    "kettle": kettle,
    "fork": fork,
    "hair dryer": hair_dryer,
    "remote": remote,
}
