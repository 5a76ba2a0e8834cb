"""Text and an area in; the text set in a bundled font to fit that area out.

The faces are M PLUS Rounded 1c (sans), Alegreya (serif) and Playpen Sans (hand), each with the
Latin, Greek and Cyrillic scripts, under the SIL Open Font License.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from imagine.stages.generate.sketch.brush import RGB, brightness, mix, soften

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

Face = Literal["sans", "serif", "hand"]
_FACES: tuple[tuple[Face, str], ...] = (
    ("hand", r"hand|script|cursive|brush|chalk|marker|graffiti|comic|playful|crayon|casual|child"),
    (
        "serif",
        r"\bserif|roman|classic|elegant|book|antique|vintage|\bold\b|gothic|newspaper|typewriter",
    ),
)
_UNKNOWN = "\U0010ffff"
_CARD: RGB = (255, 251, 240)
_INK: RGB = (52, 44, 48)


def face_for(typeface: str | None) -> Face:
    """The bundled face nearest to a typeface in words; sans for none."""
    wanted = re.sub(r"sans[ -]serif", "sans", (typeface or "").lower())
    return next((face for face, pattern in _FACES if re.search(pattern, wanted)), "sans")


@lru_cache(maxsize=64)
def font(face: Face, size: int) -> FreeTypeFont:
    """A face at `size` pixels."""
    from PIL import ImageFont

    # Basic layout: complex layout is missing from some builds, and would change the pixels.
    return ImageFont.truetype(
        BytesIO(_font_file(face)), max(1, size), layout_engine=ImageFont.Layout.BASIC
    )


@lru_cache(maxsize=3)
def _font_file(face: Face) -> bytes:
    return (files("imagine.stages.generate.sketch") / "assets" / f"font-{face}.ttf").read_bytes()


def can_set(text: str, *, face: Face = "sans") -> bool:
    """Whether the face has every character of the text, so that no empty box is drawn."""
    sample = font(face, 24)
    box = sample.getmask(_UNKNOWN)
    missing = bytes(box), box.size
    for char in sorted(set(text) - {" ", "\n", "\t"}):
        mask = sample.getmask(char)
        if (bytes(mask), mask.size) == missing or mask.size[0] == 0:
            return False
    return True


def fit(
    text: str, *, face: Face, width: float, height: float, largest: float
) -> tuple[FreeTypeFont, list[str]]:
    """The greatest size, at most `largest` pixels, and the lines at which the text fits a box."""
    low, high = 1, max(1, round(min(largest, height)))
    best = 1
    while low <= high:
        size = (low + high) // 2
        lines = wrap(text, font(face, size), width)
        if lines and _tall(lines, font(face, size)) <= height:
            best, low = size, size + 1
        else:
            high = size - 1
    chosen = font(face, best)
    return chosen, wrap(text, chosen, width) or [text]


def _tall(lines: list[str], chosen: FreeTypeFont) -> float:
    """Pixels down: a step a line, and twice what an accent or a tail adds beyond its own step."""
    step = chosen.size * 1.18
    over = max(-chosen.getbbox(lines[0], anchor="mm")[1], chosen.getbbox(lines[-1], anchor="mm")[3])
    return len(lines) * step + 2 * max(0.0, over - step / 2)


def wrap(text: str, chosen: FreeTypeFont, width: float) -> list[str]:
    """The text in lines of at most `width` pixels, broken at spaces; empty if a word is wider."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            if _wide(word, chosen) > width:
                return []
            longer = f"{line} {word}" if line else word
            if _wide(longer, chosen) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def _wide(text: str, chosen: FreeTypeFont) -> float:
    """Pixels across: the advance or, where letters lean out of theirs, twice the longer half."""
    length = chosen.getlength(text)
    left, _, right, _ = chosen.getbbox(text)
    return max(length, 2 * right - length, length - 2 * left)


def write(
    canvas: Image,
    text: str,
    *,
    box: tuple[float, float, float, float],
    face: Face,
    color: RGB,
    largest: float | None = None,
    outline: RGB | None = None,
) -> None:
    """Set the text in the middle of the box (left, top, right, bottom), never beyond it."""
    from PIL import ImageDraw

    width, height = box[2] - box[0], box[3] - box[1]
    if width < 2 or height < 2:
        return
    chosen, lines = fit(text, face=face, width=width, height=height, largest=largest or height)
    draw = ImageDraw.Draw(canvas)
    step = chosen.size * 1.18
    y = box[1] + (height - step * len(lines)) / 2 + step / 2
    edge = max(1, round(chosen.size * 0.09)) if outline else 0
    for line in lines:
        x = box[0] + width / 2
        draw.text((x, y), line, font=chosen, fill=color, anchor="mm", stroke_width=edge,
                  stroke_fill=outline)  # fmt: skip
        y += step


def paint_card(
    canvas: Image,
    text: str,
    *,
    box: tuple[float, float, float, float],
    face: Face,
    tint: RGB = _CARD,
) -> None:
    """A paper card with the text, no larger than the text needs, in the middle of the box."""
    from PIL import Image, ImageDraw

    width, height = box[2] - box[0], box[3] - box[1]
    pad = 0.16 * min(height, width)
    largest = height * 0.62
    chosen, lines = fit(
        text, face=face, width=max(2, width - 2.4 * pad), height=max(2, height - 2 * pad),
        largest=largest,
    )  # fmt: skip
    wide = min(width, max(chosen.getlength(line) for line in lines) + 2.4 * pad)
    tall = min(height, len(lines) * chosen.size * 1.18 + 1.5 * pad)
    left, top = (box[0] + box[2] - wide) / 2, (box[1] + box[3] - tall) / 2
    card = (round(left), round(top), round(left + wide), round(top + tall))
    radius = 0.24 * min(wide, tall)
    margin = max(2, round(tall * 0.2))
    size = (card[2] - card[0] + 2 * margin, card[3] - card[1] + 2 * margin)
    shadow = Image.new("L", size)
    ImageDraw.Draw(shadow).rounded_rectangle(
        [margin, margin, size[0] - margin, size[1] - margin], radius=radius, fill=120
    )
    canvas.paste(
        (30, 20, 30), (card[0] - margin, card[1] - margin + round(tall * 0.05)),
        soften(shadow, margin * 0.4),
    )  # fmt: skip
    scale = 2
    mask = Image.new("L", ((card[2] - card[0]) * scale, (card[3] - card[1]) * scale))
    ImageDraw.Draw(mask).rounded_rectangle(
        [0, 0, mask.width - 1, mask.height - 1], radius=radius * scale, fill=255
    )
    canvas.paste(tint, card[:2], mask.reduce(scale))
    ink = _INK if brightness(tint) > 0.45 else (255, 252, 244)
    write(canvas, text, box=(left + pad, top, left + wide - pad, top + tall), face=face, color=ink,
          largest=chosen.size)  # fmt: skip


def paint_neon(
    canvas: Image,
    text: str,
    *,
    box: tuple[float, float, float, float],
    face: Face,
    tube: RGB,
) -> None:
    """The text as glowing tubes on a dark panel that fills the box; the glow reaches beyond it."""
    from PIL import Image, ImageChops, ImageDraw

    left, top, right, bottom = (round(value) for value in box)
    width, height = right - left, bottom - top
    if width < 8 or height < 8:
        return
    ImageDraw.Draw(canvas).rounded_rectangle(
        [left, top, right, bottom], radius=0.08 * min(width, height), fill=(20, 14, 32)
    )
    reach = round(0.5 * min(width, height))
    area = (left - reach, top - reach, right + reach, bottom + reach)
    black = Image.new("RGB", (width + 2 * reach, height + 2 * reach))
    inset = 0.1 * min(width, height)
    inner = (reach + inset, reach + inset, reach + width - inset, reach + height - inset)
    letters = black.copy()
    write(letters, text, box=inner, face=face, color=tube)
    core = black.copy()
    write(core, text, box=inner, face=face, color=mix(tube, (255, 255, 255), 0.8))
    near = soften(letters, 0.05 * height).point([min(255, round(v * 1.3)) for v in range(256)] * 3)
    far = soften(letters, 0.25 * height).point([min(255, round(v * 1.5)) for v in range(256)] * 3)
    light = ImageChops.screen(ImageChops.screen(far, near), core)
    # The glow ends softly: its own blur leaves the outermost pixels black.
    canvas.paste(ImageChops.screen(canvas.crop(area), light), area[:2])


def paint_placeholder(size: tuple[int, int], label: str, *, tint: RGB) -> Image:
    """RGBA of a soft rounded block that bears the name of what could not be drawn."""
    from PIL import Image, ImageDraw

    width, height = max(4, size[0]), max(4, size[1])
    scale = 2 if width * height < 1_000_000 else 1
    mask = Image.new("L", (width * scale, height * scale))
    radius = 0.3 * min(width, height)
    ImageDraw.Draw(mask).rounded_rectangle(
        [0, 0, mask.width - 1, mask.height - 1], radius=radius * scale, fill=255
    )
    mask = mask.reduce(scale) if scale > 1 else mask
    from imagine.stages.generate.sketch.brush import glow, vertical

    body = vertical((width, height), (mix(tint, (255, 255, 255), 0.35), tint,
                                      mix(tint, (30, 20, 60), 0.18)))  # fmt: skip
    glow(body, (width * 0.32, height * 0.2), 0.7 * max(width, height), (255, 255, 255), 0.45)
    if can_set(label):
        label_placeholder(body, label, box=(0, 0, width, height), tint=tint)
    body.putalpha(mask)
    return body


def label_placeholder(
    canvas: Image, label: str, *, box: tuple[float, float, float, float], tint: RGB
) -> None:
    """The name on a placeholder of that tint; `box` is its outline in pixels."""
    ink = (
        mix(tint, (20, 14, 30), 0.78) if brightness(tint) > 0.4 else mix(tint, (255, 255, 255), 0.9)
    )
    left, top, right, bottom = box
    inset = 0.12 * min(right - left, bottom - top)
    write(canvas, label, box=(left + inset, top + inset, right - inset, bottom - inset),
          face="sans", color=ink, largest=(bottom - top) * 0.3)  # fmt: skip
