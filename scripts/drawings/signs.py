"""Things with room for words, drawn: signs, boards, cards, shirts."""

from PIL import Image

from drawings.clay import Clay, Point
from drawings.palette import BLACK, BLUE, DARK_WOOD, GREY, RED, STEEL, WHITE, WOOD


def stop_sign() -> Image.Image:
    clay = Clay()
    clay.box(47, 50, 53, 99, STEEL, radius=1)
    octagon = [(37, 2), (63, 2), (81, 20), (81, 46), (63, 64), (37, 64), (19, 46), (19, 20)]
    clay.poly(octagon, WHITE, round_by=1)
    inner = [(50 + (x - 50) * 0.9, 33 + (y - 33) * 0.9) for x, y in octagon]
    clay.poly(inner, "E0263C", round_by=1)
    strokes: list[list[Point]] = [
        [(34, 26), (27.5, 26), (27.5, 32.5), (34, 32.5), (34, 40), (27, 40)],
        [(37.5, 26), (45.5, 26)], [(41.5, 26), (41.5, 40)],
        [(49, 26), (56, 26), (56, 40), (49, 40), (49, 26)],
        [(60, 40), (60, 26), (68, 26), (68, 33), (60, 33)],
    ]  # fmt: skip
    for stroke in strokes:
        clay.tube(stroke, "FFFFFF", width=2.6, flat=True)
    return clay.picture()


def sign_board() -> Image.Image:
    clay = Clay()
    for x in (22, 70):
        clay.box(x, 40, x + 8, 98, DARK_WOOD, radius=1.5)
    clay.box(3, 10, 97, 62, WOOD, radius=4, bevel=3)
    clay.box(8, 15, 92, 57, "FBF1DC", radius=3, bevel=1.5)
    return clay.picture()


def held_sign() -> Image.Image:
    clay = Clay()
    clay.box(46.5, 50, 53.5, 99, WOOD, radius=2)
    clay.box(4, 4, 96, 62, "F7F6FC", radius=4, bevel=3)
    return clay.picture()


def street_sign() -> Image.Image:
    clay = Clay()
    clay.box(47.5, 14, 52.5, 99, STEEL, radius=1)
    clay.oval(45, 9, 55, 17, GREY)
    clay.box(2, 18, 98, 46, "FFFFFF", radius=4)
    clay.box(4.5, 20.5, 95.5, 43.5, "1F8A4C", radius=3)
    return clay.picture()


def billboard() -> Image.Image:
    clay = Clay()
    for x in (26, 66):
        clay.box(x, 60, x + 8, 99, GREY, radius=1)
    clay.box(1, 8, 99, 66, BLACK, radius=3)
    clay.box(4, 11, 96, 63, "FDFDFF", radius=2, bevel=1)
    for x in (24, 48, 72):
        clay.box(x, 2, x + 4, 10, GREY, radius=1)
    return clay.picture()


def poster() -> Image.Image:
    clay = Clay()
    clay.box(14, 3, 86, 97, "FBF6E8", radius=1.5, bevel=2)
    for x in (18, 78):
        clay.oval(x, 6, x + 4, 10, RED, bevel=1)
    return clay.picture()


def banner() -> Image.Image:
    clay = Clay()
    for points in ([(2, 42), (18, 42), (18, 74), (2, 74), (9, 58)],
                   [(98, 42), (82, 42), (82, 74), (98, 74), (91, 58)]):  # fmt: skip
        clay.poly(points, "C42B45", round_by=1)
    clay.poly([(12, 68), (18, 68), (18, 74)], "7E1A30", round_by=0)
    clay.poly([(88, 68), (82, 68), (82, 74)], "7E1A30", round_by=0)
    clay.box(12, 32, 88, 68, RED, radius=2, bevel=3)
    return clay.picture()


def blackboard() -> Image.Image:
    clay = Clay()
    clay.box(2, 12, 98, 84, WOOD, radius=3)
    clay.box(7, 17, 93, 79, "2F5B4A", radius=1.5, bevel=1.5)
    clay.box(10, 82, 90, 88, DARK_WOOD, radius=1.5)
    clay.box(20, 80, 32, 83, "FFFFFF", radius=1, bevel=0.6)
    clay.box(62, 78, 76, 83, RED, radius=1, bevel=0.8)
    return clay.picture()


def whiteboard() -> Image.Image:
    clay = Clay()
    clay.box(2, 12, 98, 84, GREY, radius=3)
    clay.box(5, 15, 95, 81, "FBFBFF", radius=1.5, bevel=1)
    clay.box(12, 82, 88, 87, STEEL, radius=1.5)
    return clay.picture()


def note() -> Image.Image:
    clay = Clay()
    clay.poly([(8, 8), (92, 8), (92, 74), (74, 92), (8, 92)], "FFE36B", round_by=1, bevel=3)
    clay.poly([(92, 74), (74, 92), (75, 75)], "E8BE3A", round_by=0.5, bevel=1)
    return clay.picture()


def card() -> Image.Image:
    clay = Clay()
    clay.box(4, 18, 96, 82, "FDFBF4", radius=3, bevel=2)
    return clay.picture()


def paper() -> Image.Image:
    clay = Clay()
    clay.box(16, 3, 84, 97, "FCFBF6", radius=1, bevel=2)
    return clay.picture()


def easel() -> Image.Image:
    clay = Clay()
    clay.tube([(50, 4), (50, 90)], DARK_WOOD, width=4)
    clay.tube([(44, 8), (22, 97)], WOOD, width=5)
    clay.tube([(56, 8), (78, 97)], WOOD, width=5)
    clay.box(14, 14, 86, 66, "F8F7FD", radius=1.5, bevel=2)
    clay.box(16, 65, 84, 71, DARK_WOOD, radius=1.5)
    return clay.picture()


def screen() -> Image.Image:
    clay = Clay()
    for x in (26, 66):
        clay.box(x, 76, x + 8, 86, BLACK, radius=1)
    clay.box(2, 14, 98, 80, BLACK, radius=3)
    clay.box(5, 17, 95, 76, "4F9BEA", radius=2, bevel=2)
    clay.gloss(12, 20, 50, 40, strength=0.25)
    return clay.picture()


def license_plate() -> Image.Image:
    clay = Clay()
    clay.box(1, 28, 99, 72, "3F66B8", radius=5)
    clay.box(4, 31, 96, 69, "FAFAFF", radius=4, bevel=1.5)
    return clay.picture()


def shirt() -> Image.Image:
    clay = Clay()
    outline = [(32, 8), (42, 13), (58, 13), (68, 8), (98, 26), (88, 46), (76, 40), (76, 95),
               (24, 95), (24, 40), (12, 46), (2, 26)]  # fmt: skip
    clay.poly(outline, "F6F5FC", round_by=3, bevel=4)
    clay.arc(36, -6, 64, 20, "DCDAEA", start=20, end=160, width=3.5)
    return clay.picture()


def sweater() -> Image.Image:
    clay = Clay()
    for points in (
        [(26, 14), (38, 20), (24, 84), (6, 80)],
        [(74, 14), (62, 20), (76, 84), (94, 80)],
    ):
        clay.poly(points, "3473D6", round_by=4, bevel=3)
    clay.poly(
        [(30, 10), (70, 10), (78, 20), (76, 92), (24, 92), (22, 20)], BLUE, round_by=4, bevel=4
    )
    clay.box(24, 85, 76, 94, "2E66C4", radius=3)
    clay.arc(34, -4, 66, 20, "2E66C4", start=10, end=170, width=5)
    return clay.picture()


def book_cover() -> Image.Image:
    clay = Clay()
    clay.box(18, 6, 86, 96, "F2EFE4", radius=3)
    clay.box(14, 3, 84, 91, "B8334A", radius=3, bevel=3)
    clay.box(14, 3, 23, 91, "8E2338", radius=3)
    return clay.picture()


DRAWINGS = {
    "stop sign": stop_sign,
    "sign board": sign_board,
    "held sign": held_sign,
    "street sign": street_sign,
    "billboard": billboard,
    "poster": poster,
    "banner": banner,
    "blackboard": blackboard,
    "whiteboard": whiteboard,
    "note": note,
    "card": card,
    "paper": paper,
    "easel": easel,
    "screen": screen,
    "license plate": license_plate,
    "shirt": shirt,
    "sweater": sweater,
    "book cover": book_cover,
}
