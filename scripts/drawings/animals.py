"""Animals that the emoji art lacks: a corgi that sits, and those that lie curled up asleep."""

from PIL import Image

from drawings.clay import Clay

TAN, RUST, CREAM, DARK = "F0A04B", "DB8433", "FFF6E8", "3B2A33"


def corgi() -> Image.Image:
    clay = Clay()
    _corgi_body(clay)
    _corgi_head(clay)
    return clay.picture(detail=2)


def _corgi_body(clay: Clay) -> None:
    clay.poly([(74, 82), (80, 70), (88, 66), (92, 74), (88, 86), (78, 92)], RUST, round_by=3,
              bevel=3)  # fmt: skip
    clay.poly([(84, 72), (88, 64), (93, 72), (90, 78)], CREAM, round_by=2, bevel=2)
    for left in (14, 60):
        clay.oval(left, 64, left + 26, 97, TAN, bevel=5)
    clay.poly([(32, 42), (68, 42), (77, 66), (76, 84), (68, 95), (32, 95), (24, 84), (23, 66)],
              TAN, round_by=7, bevel=6)  # fmt: skip
    # The bib ends in tufts.
    clay.poly([(28, 48), (72, 48), (70, 57), (66, 64), (63, 72), (58, 71), (55, 79), (50, 76),
               (45, 79), (42, 71), (37, 72), (34, 64), (30, 57)], CREAM, round_by=1.2,
              bevel=2.5)  # fmt: skip
    for left in (33, 53):
        clay.box(left, 68, left + 14, 96, TAN, radius=7, bevel=3)
    for left in (17, 66):
        clay.oval(left, 88, left + 17, 98, CREAM, bevel=3)
    for left in (32, 52):
        clay.poly([(left, 98), (left + 1, 86), (left + 4, 83), (left + 8, 85), (left + 12, 83),
                   (left + 15, 86), (left + 16, 98)], CREAM, round_by=2, bevel=3)  # fmt: skip
        for toe in (5.5, 10.5):
            clay.tube([(left + toe, 94.5), (left + toe, 97)], "D9C3AE", width=0.9, flat=True)


def _corgi_head(clay: Clay) -> None:
    ear = [(19, 30), (14, 8), (16, 2), (21, 2), (34, 12), (41, 20)]
    inner = [(22, 24), (18, 10), (19, 7), (22, 8), (32, 17)]
    for shape, color, depth in ((ear, RUST, 3.0), (inner, "F7B7A8", 1.5)):
        for points in (shape, [(100 - x, y) for x, y in shape]):
            clay.poly(points, color, round_by=2.4, bevel=depth)
    half = [(50, 13), (36, 14), (25, 20), (19, 30), (13, 37), (17, 39), (12, 44), (18, 46),
            (17, 51), (25, 52), (34, 56), (50, 58)]  # fmt: skip
    clay.poly([*half, *[(100 - x, y) for x, y in reversed(half)]], TAN, round_by=1.8, bevel=5)
    cheek = [(50, 40), (37, 38), (27, 36), (21, 39), (15, 38), (18, 41), (13, 44.5), (19, 46.5),
             (18.5, 50.5), (26, 51.5), (34, 55.5), (50, 57.5)]  # fmt: skip
    clay.poly([*cheek, *[(100 - x, y) for x, y in reversed(cheek)]], CREAM, round_by=1.4, bevel=2.5)
    clay.poly([(48, 14), (52, 14), (54, 26), (60, 40), (40, 40), (46, 26)], CREAM, round_by=1.5,
              bevel=1)  # fmt: skip
    clay.poly([(44, 47), (56, 47), (56, 55), (53, 60), (47, 60), (44, 55)], "F2647E", round_by=2.2,
              bevel=2)  # fmt: skip
    clay.tube([(50, 50), (50, 57)], "D3486A", width=0.9, flat=True)
    clay.oval(35, 34, 65, 51, CREAM, bevel=3)
    clay.arc(38, 39, 50.5, 49, DARK, start=25, end=150, width=1.6)
    clay.arc(49.5, 39, 62, 49, DARK, start=30, end=155, width=1.6)
    clay.oval(43.5, 33, 56.5, 42, DARK, bevel=2)
    clay.gloss(46, 34, 52, 37, strength=0.75)
    for left in (29, 62):
        clay.oval(left, 24, left + 9, 35, DARK, bevel=2)
        clay.oval(left + 1.6, 25.6, left + 4.8, 29, "FFFFFF", flat=True)
        clay.oval(left + 5.2, 31, left + 7, 32.8, "B98D6B", flat=True)
    for left in (29, 63):
        clay.oval(left, 19, left + 8, 22, "FFD08F", bevel=1)
    for left in (22, 66):
        clay.gloss(left, 40, left + 12, 47, strength=0.25)


def _curled(coat: str, shade: str, pale: str, *, ears: str, tip: str | None = None) -> Image.Image:
    """An animal asleep, its head on its paws and its tail around it.

    Args:
        coat, shade, pale: colours of the body, of its darker parts, and of muzzle and paws.
        ears: "pointed" or "floppy".
        tip: colour of the tail's end, if it differs.
    """
    clay = Clay()
    clay.poly([(16, 90), (14, 68), (26, 48), (50, 40), (74, 44), (90, 60), (92, 80), (84, 92)],
              coat, round_by=7, bevel=7)  # fmt: skip
    clay.oval(58, 56, 92, 92, coat, bevel=5)
    clay.tube([(90, 78), (84, 88), (70, 92), (54, 92)], shade, width=11)
    if tip is not None:
        clay.tube([(60, 92), (53, 92)], tip, width=11)
    if ears == "pointed":
        for shape, color in (([(14, 56), (15, 38), (30, 49)], shade),
                             ([(38, 47), (52, 37), (54, 56)], shade),
                             ([(18, 53), (18, 44), (26, 50)], "F4B3AC"),
                             ([(43, 49), (50, 43), (51, 53)], "F4B3AC")):  # fmt: skip
            clay.poly(shape, color, round_by=1.4, bevel=2)
    clay.oval(9, 47, 60, 90, coat, bevel=5)
    if ears == "floppy":
        for shape in ([(10, 54), (20, 47), (23, 51), (16, 74), (6, 76), (3, 66)],
                      [(46, 49), (56, 50), (66, 66), (64, 76), (55, 74), (48, 60)]):  # fmt: skip
            clay.poly(shape, shade, round_by=3, bevel=3)
    for left in (10, 38):
        clay.oval(left, 85, left + 20, 96, pale, bevel=3)
    clay.oval(23, 68, 46, 88, pale, bevel=3)
    for left in (18, 40):
        clay.arc(left, 60, left + 11, 69, DARK, start=15, end=165, width=1.6)
    clay.oval(30.5, 69, 38.5, 75, DARK, bevel=1.5)
    clay.arc(29, 73, 35, 80, DARK, start=20, end=150, width=1.2)
    clay.arc(34, 73, 40, 80, DARK, start=30, end=160, width=1.2)
    return clay.picture(detail=2)


def sleeping_cat() -> Image.Image:
    return _curled("F5B971", "DF9646", CREAM, ears="pointed")


def sleeping_dog() -> Image.Image:
    return _curled("EBC08D", "8A6151", "FBE3C4", ears="floppy")


def sleeping_fox() -> Image.Image:
    return _curled("F57C2E", "DB5F1C", CREAM, ears="pointed", tip=CREAM)


DRAWINGS = {
    "corgi": corgi,
    "sleeping cat": sleeping_cat,
    "sleeping dog": sleeping_dog,
    "sleeping fox": sleeping_fox,
}
