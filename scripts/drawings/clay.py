"""A canvas for soft, glossy shapes: coordinates of 0 to 100 and colours in, a cut-out out.

Every shape is lit from the upper left: a vertical gradient, a light and a dark inner edge, and a
faint shadow on what lies beneath it.
"""

from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIZE = 256
SUPERSAMPLE = 3
UNIT = SIZE * SUPERSAMPLE / 100
SHADE = (46, 30, 92)

Point = tuple[float, float]


class Clay:
    """Shapes are laid on top of one another in the order of the calls."""

    def __init__(self) -> None:
        side = SIZE * SUPERSAMPLE
        self._canvas = Image.new("RGBA", (side, side))

    def picture(self, *, detail: int = 1) -> Image.Image:
        """The drawing as RGBA; `detail` 2 gives twice the size, for what is looked at closely."""
        return self._canvas.resize((SIZE * detail, SIZE * detail), Image.Resampling.LANCZOS)

    def box(
        self, left: float, top: float, right: float, bottom: float, color: str, *,
        radius: float = 3, bevel: float = 2.5, flat: bool = False,
    ) -> None:  # fmt: skip
        mask, draw = self._mask()
        area = [v * UNIT for v in (left, top, right, bottom)]
        draw.rounded_rectangle(area, radius=radius * UNIT, fill=255)
        self._lay(mask, color, bevel=bevel, flat=flat)

    def oval(
        self, left: float, top: float, right: float, bottom: float, color: str, *,
        bevel: float = 5, flat: bool = False,
    ) -> None:  # fmt: skip
        mask, draw = self._mask()
        draw.ellipse([v * UNIT for v in (left, top, right, bottom)], fill=255)
        self._lay(mask, color, bevel=bevel, flat=flat)

    def ring(
        self, left: float, top: float, right: float, bottom: float, color: str, *, width: float
    ) -> None:
        mask, draw = self._mask()
        area = [v * UNIT for v in (left, top, right, bottom)]
        draw.ellipse(area, outline=255, width=round(width * UNIT))
        self._lay(mask, color, bevel=width / 3, flat=False)

    def arc(
        self, left: float, top: float, right: float, bottom: float, color: str, *,
        start: float, end: float, width: float,
    ) -> None:  # fmt: skip
        """Part of a ring; degrees clockwise from three o'clock."""
        mask, draw = self._mask()
        area = [v * UNIT for v in (left, top, right, bottom)]
        draw.arc(area, start, end, fill=255, width=round(width * UNIT))
        self._lay(mask, color, bevel=width / 3, flat=False)

    def poly(
        self, points: Sequence[Point], color: str, *,
        round_by: float = 1.5, bevel: float = 2.5, flat: bool = False,
    ) -> None:  # fmt: skip
        mask, draw = self._mask()
        draw.polygon([(x * UNIT, y * UNIT) for x, y in points], fill=255)
        if round_by:
            # Blur and cut: corners become arcs of about that radius.
            soft = mask.filter(ImageFilter.GaussianBlur(round_by * UNIT * 0.7))
            mask = soft.point(lambda level: max(0, min(255, (level - 118) * 12)))
        self._lay(mask, color, bevel=bevel, flat=flat)

    def tube(
        self, points: Sequence[Point], color: str, *, width: float, flat: bool = False
    ) -> None:
        """A line with round ends and joints."""
        mask, draw = self._mask()
        scaled = [(x * UNIT, y * UNIT) for x, y in points]
        radius = width * UNIT / 2
        draw.line(scaled, fill=255, width=round(radius * 2), joint="curve")
        for x, y in scaled:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        self._lay(mask, color, bevel=width / 4, flat=flat)

    def gloss(
        self, left: float, top: float, right: float, bottom: float, *, strength: float = 0.5
    ) -> None:
        """A soft white spot on what is there."""
        mask, draw = self._mask()
        draw.ellipse([v * UNIT for v in (left, top, right, bottom)], fill=round(255 * strength))
        soft = mask.filter(ImageFilter.GaussianBlur(1.2 * UNIT))
        mask = ImageChops.multiply(soft, self._canvas.getchannel("A"))
        self._paint((255, 255, 255), mask)

    def glass(self, factor: float) -> None:
        """Make everything so far translucent: alpha times `factor`."""
        alpha = self._canvas.getchannel("A").point(lambda level: round(level * factor))
        self._canvas.putalpha(alpha)

    def _mask(self) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        mask = Image.new("L", self._canvas.size)
        return mask, ImageDraw.Draw(mask)

    def _lay(self, mask: Image.Image, color: str, *, bevel: float, flat: bool) -> None:
        rgb = (int(color[0:2], 16), int(color[2:4], 16), int(color[4:6], 16))
        box = mask.getbbox()
        if box is None:
            raise ValueError(f"A shape of colour {color} lies outside the canvas; move it.")
        # Only the surroundings of the shape are worked on: blurring the whole canvas is slow.
        margin = round(6 * UNIT)
        near = (max(0, box[0] - margin), max(0, box[1] - margin), box[2] + margin, box[3] + margin)
        whole, self._canvas = self._canvas, self._canvas.crop(near)
        mask = mask.crop(near)
        if flat:
            self._over(Image.new("RGB", mask.size, rgb), mask)
        else:
            self._shade(mask, rgb, bevel, rows=(box[1] - near[1], box[3] - near[1]))
        whole.paste(self._canvas, near[:2])
        self._canvas = whole

    def _shade(
        self, mask: Image.Image, rgb: tuple[int, int, int], bevel: float, *, rows: tuple[int, int]
    ) -> None:
        self._drop_shadow(mask)
        plate = Image.new("RGB", mask.size, rgb)
        ramp = Image.linear_gradient("L").resize((mask.width, rows[1] - rows[0]))
        down = Image.new("L", mask.size)
        down.paste(ramp, (0, rows[0]))
        plate.paste((255, 255, 255), (0, 0), down.point(lambda level: max(0, 110 - level) // 3))
        plate.paste(SHADE, (0, 0), down.point(lambda level: max(0, level - 110) // 3))
        self._edge(plate, mask, bevel, (255, 255, 255), 0.55)
        self._edge(plate, mask, -bevel, SHADE, 0.5)
        self._over(plate, mask)

    def _edge(
        self, plate: Image.Image, mask: Image.Image, by: float, rgb: tuple[int, int, int],
        strength: float,
    ) -> None:  # fmt: skip
        """A soft band of `rgb` along the inner edge that faces up-left (by > 0) or down-right."""
        shift = round(by * UNIT * 0.6)
        moved = ImageChops.offset(mask, shift, shift)
        band = ImageChops.subtract(mask, moved).filter(ImageFilter.GaussianBlur(abs(by) * UNIT / 2))
        plate.paste(rgb, (0, 0), band.point(lambda level: round(level * strength)))

    def _drop_shadow(self, mask: Image.Image) -> None:
        spread = ImageChops.offset(mask, 0, round(1.2 * UNIT))
        spread = spread.filter(ImageFilter.GaussianBlur(1.3 * UNIT)).point(lambda v: v // 4)
        self._paint(SHADE, ImageChops.multiply(spread, self._canvas.getchannel("A")))

    def _paint(self, rgb: tuple[int, int, int], mask: Image.Image) -> None:
        """Tint what is there, alpha kept."""
        alpha = self._canvas.getchannel("A")
        self._canvas.paste(rgb, (0, 0), mask)
        self._canvas.putalpha(alpha)

    def _over(self, plate: Image.Image, mask: Image.Image) -> None:
        layer = plate.convert("RGBA")
        layer.putalpha(mask)
        self._canvas.alpha_composite(layer)
