"""Street things, buildings, sports gear, bodies and tools, drawn."""

from math import cos, pi, sin

from PIL import Image

from drawings.clay import Clay
from drawings.furniture import (
    BLACK, BLUE, DARK_WOOD, GREEN, GREY, PURPLE, RED, STEEL, WHITE, WOOD, YELLOW,
)  # fmt: skip


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
        clay.tube([(50 + (x - 50) * 0.75, 10), (x, 50), (50 + (x - 50) * 0.75, 91)], DARK_WOOD, width=1.2)
    for y, half in ((22, 30), (74, 30)):
        clay.box(50 - half, y, 50 + half, y + 7, GREY, radius=2)
    clay.oval(29, 3, 71, 12, "D39A5C", bevel=2)
    return clay.picture()


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


def pole() -> Image.Image:
    clay = Clay()
    clay.tube([(50, 4), (50, 96)], WOOD, width=5)
    return clay.picture()


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


def pumpkin() -> Image.Image:
    clay = Clay()
    clay.tube([(50, 28), (53, 12), (60, 8)], "4F8A3A", width=8)
    clay.oval(3, 28, 42, 94, "E8771F", bevel=6)
    clay.oval(58, 28, 97, 94, "E8771F", bevel=6)
    clay.oval(16, 24, 58, 97, "F28A2A", bevel=6)
    clay.oval(42, 24, 84, 97, "F28A2A", bevel=6)
    clay.oval(32, 22, 68, 98, "FA9A38", bevel=6)
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


DRAWINGS = {
    "fire hydrant": fire_hydrant, "parking meter": parking_meter, "phone booth": phone_booth,
    "traffic cone": traffic_cone, "fence": fence, "lighthouse": lighthouse, "windmill": windmill,
    "barn": barn, "cottage": cottage, "skyscraper": skyscraper, "tower": tower,
    "clock tower": clock_tower, "pyramid": pyramid, "bridge": bridge, "balloon ride": balloon_ride,
    "box": box, "treasure chest": treasure_chest, "barrel": barrel, "cube": cube,
    "sphere": sphere, "cylinder": cylinder, "cone": cone, "monolith": monolith,
    "obelisk": obelisk, "pole": pole, "surfboard": surfboard, "snowboard": snowboard,
    "baseball bat": baseball_bat, "baseball glove": baseball_glove, "hoop": hoop,
    "hair dryer": hair_dryer, "remote": remote, "sword": sword, "shovel": shovel,
    "bow tie": bow_tie, "necktie": necktie, "robot": robot, "pumpkin": pumpkin, "piano": piano, "harp": harp,
    "cart": cart, "submarine": submarine, "starfish": starfish,
    "bird cage": bird_cage, "fish tank": fish_tank, "hay": hay, "wreath": wreath, "lime": lime,
    "radish": radish,
}  # fmt: skip
