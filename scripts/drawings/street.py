"""Things of the street and of travel, drawn."""

from PIL import Image

from drawings.clay import Clay
from drawings.palette import BLACK, DARK_WOOD, GREY, RED, WHITE, WOOD, YELLOW


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


def trash_bin() -> Image.Image:
    clay = Clay()
    clay.poly([(20, 24), (80, 24), (73, 96), (27, 96)], "4F9A5B", round_by=2, bevel=4)
    for x in (35, 50, 65):
        clay.tube([(x, 36), (50 + (x - 50) * 0.8, 88)], "3F824B", width=3)
    clay.box(14, 15, 86, 26, "5FB06C", radius=4)
    clay.box(40, 8, 60, 17, "3F824B", radius=3)
    return clay.picture()


def fire_hydrant() -> Image.Image:
    clay = Clay()
    for x in (17, 67):
        clay.box(x, 44, x + 16, 62, "C22840", radius=3)
    clay.box(30, 24, 70, 92, RED, radius=3, bevel=5)
    clay.oval(30, 8, 70, 44, RED)
    clay.box(26, 26, 74, 34, "C22840", radius=2)
    clay.box(45, 3, 55, 12, "C22840", radius=2)
    clay.oval(37, 41, 63, 67, "C22840")
    clay.oval(43, 47, 57, 61, YELLOW, bevel=2)
    clay.box(24, 86, 76, 97, "C22840", radius=2)
    return clay.picture()


def parking_meter() -> Image.Image:
    clay = Clay()
    clay.box(36, 92, 64, 99, BLACK, radius=2)
    clay.box(46, 54, 54, 95, GREY, radius=1)
    clay.box(28, 4, 72, 60, "6F7FA8", radius=18, bevel=5)
    clay.oval(34, 10, 66, 36, "DCEBFA", bevel=2)
    clay.box(36, 24, 64, 27, RED, radius=0.5, flat=True)
    clay.box(46, 40, 54, 44, BLACK, radius=1, flat=True)
    clay.box(38, 47, 62, 54, BLACK, radius=2)
    return clay.picture()


def phone_booth() -> Image.Image:
    clay = Clay()
    clay.box(24, 8, 76, 98, "D3243C", radius=2, bevel=3)
    clay.box(28, 2, 72, 10, "B81C33", radius=3)
    clay.box(30, 11, 70, 18, "FBF1DC", radius=1, bevel=1)
    for row in range(5):
        for column in range(3):
            x, y = 31 + column * 13.2, 23 + row * 13
            clay.box(x, y, x + 11, y + 11, "9CC8EA", radius=1, bevel=1)
    clay.box(22, 92, 78, 98, "A3182D", radius=1)
    return clay.picture()


def traffic_cone() -> Image.Image:
    clay = Clay()
    clay.box(10, 84, 90, 95, "E0641C", radius=3)
    clay.poly([(44, 6), (56, 6), (76, 86), (24, 86)], "FF7F2A", round_by=2, bevel=4)
    clay.poly([(38.8, 30), (61.2, 30), (65.2, 46), (34.8, 46)], WHITE, round_by=0.5)
    clay.poly([(31.2, 60), (68.8, 60), (72, 73), (28, 73)], WHITE, round_by=0.5)
    return clay.picture()


def fence() -> Image.Image:
    clay = Clay()
    for y in (42, 70):
        clay.box(1, y, 99, y + 7, "D9D6E6", radius=1)
    for at in range(6):
        x = 4 + at * 16.2
        clay.poly([(x, 28), (x + 5.5, 18), (x + 11, 28), (x + 11, 92), (x, 92)], WHITE, round_by=1)
    return clay.picture()


def balloon_ride() -> Image.Image:
    clay = Clay()
    clay.tube([(38, 62), (43, 84)], DARK_WOOD, width=1.4)
    clay.tube([(62, 62), (57, 84)], DARK_WOOD, width=1.4)
    clay.poly([(40, 60), (60, 60), (57, 70), (43, 70)], "C22840", round_by=1)
    clay.oval(16, 2, 84, 68, RED, bevel=8)
    clay.oval(28, 2, 72, 67, YELLOW, bevel=3)
    clay.oval(39, 2, 61, 67, "F4F3FA", bevel=3)
    clay.gloss(24, 12, 40, 34, strength=0.5)
    clay.box(40, 82, 60, 97, WOOD, radius=3)
    return clay.picture()


def cart() -> Image.Image:
    """A wooden cart with two visible wheels."""
    clay = Clay()
    clay.tube([(80, 52), (99, 40)], DARK_WOOD, width=4)
    clay.poly([(6, 34), (86, 34), (80, 66), (12, 66)], WOOD, round_by=1.5, bevel=3)
    for y in (42, 53):
        clay.box(8, y, 84, y + 1.4, DARK_WOOD, radius=0.5, flat=True)
    for x in (10, 52):
        clay.ring(x, 54, x + 34, 88, DARK_WOOD, width=4)
        clay.oval(x + 13, 67, x + 21, 75, GREY, bevel=1.5)
        clay.tube([(x + 17, 57), (x + 17, 85)], DARK_WOOD, width=1.8)
        clay.tube([(x + 3, 71), (x + 31, 71)], DARK_WOOD, width=1.8)
    return clay.picture()


def submarine() -> Image.Image:
    clay = Clay()
    clay.tube([(50, 30), (50, 12), (62, 12)], GREY, width=4)
    clay.box(38, 24, 64, 50, "F0AE2C", radius=6)
    clay.poly([(84, 40), (98, 32), (98, 80), (84, 72)], "E09A1C", round_by=2)
    clay.oval(2, 36, 92, 80, "FFC53D", bevel=8)
    for x in (20, 40, 60):
        clay.oval(x, 49, x + 14, 63, GREY, bevel=2)
        clay.oval(x + 2.5, 51.5, x + 11.5, 60.5, "7CC8F2", bevel=2)
    return clay.picture()


DRAWINGS = {
    "lamp post": lamp_post,
    "trash bin": trash_bin,
    "fire hydrant": fire_hydrant,
    "parking meter": parking_meter,
    "phone booth": phone_booth,
    "traffic cone": traffic_cone,
    "fence": fence,
    "balloon ride": balloon_ride,
    "cart": cart,
    "submarine": submarine,
}
