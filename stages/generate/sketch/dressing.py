"""Names of cut-outs in; trees, plants and furniture that set a scene, in its light, out.

Dressing is never one of the user's subjects: a name that the description mentions or excludes
is not drawn, so that counts stay true.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.art import find, picture
from imagine.stages.generate.sketch.brush import fade, soften
from imagine.stages.generate.sketch.sky import Light, Strength
from imagine.stages.spec import PromptSpec

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Dresser:
    """Places cut-outs into the background.

    Attributes:
        light: the light of the picture.
        taken: keys of cut-outs that must not appear.
        words: lower-case words that must not name a cut-out.
    """

    light: Light
    taken: frozenset[str]
    words: frozenset[str]

    def allows(self, name: str) -> bool:
        """Whether a thing of that name may be put into the background."""
        if set(name.split()) & self.words:
            return False
        match = find(name)
        return match is None or match.cutout.key not in self.taken

    def place(
        self,
        canvas: Image,
        name: str,
        *,
        foot: tuple[float, float],
        height: float,
        depth: float = 0.0,
        blur: float = 0.0,
    ) -> None:
        """Stand a cut-out of `height` pixels with the middle of its base at `foot`.

        `depth` (0 to 1) is the share of haze over it; `blur` is in pixels. Does nothing where
        there is no such cut-out or it must not appear.
        """
        match = find(name)
        if match is None or not self.allows(name) or height < 2:
            return
        wide = max(1, round(height * max(1.0, match.cutout.aspect)))
        image = picture(match.cutout, width=wide, height=max(1, round(height)))
        image = shaded(image, self.light.scenery, haze=self.light.haze, depth=depth)
        if blur >= 0.3:
            image = soften(image, blur)
        canvas.paste(
            image, (round(foot[0] - image.width / 2), round(foot[1] - image.height)), image
        )

    def row(
        self,
        canvas: Image,
        names: tuple[str, ...],
        random: Random,
        *,
        base: float,
        height: float,
        gap: float,
        depth: float,
    ) -> None:
        """A row of them across the canvas, `gap` pixels apart, their feet near `base`."""
        x = random.uniform(-gap, 0)
        while x < canvas.width + gap:
            tall = height * random.uniform(0.78, 1.2)
            foot = (x, base + random.uniform(-0.03, 0.05) * height)
            self.place(canvas, random.choice(names), foot=foot, height=tall, depth=depth)
            x += gap * random.uniform(0.7, 1.3)


def dresser_for(spec: PromptSpec, light: Light) -> Dresser:
    """A dresser that keeps off whatever the description names or excludes."""
    named = [subject.name.lower() for subject in spec.subjects]
    matches = [find(name) for name in named]
    excluded = {word for term in spec.exclude for word in term.lower().split()}
    return Dresser(
        light,
        frozenset(match.cutout.key for match in matches if match is not None),
        frozenset(
            word
            for term in (*excluded, *(name.split()[-1] for name in named if name))
            for word in (term, term.removesuffix("s"))
        ),
    )


def shaded(
    image: Image,
    strength: Strength,
    *,
    haze: tuple[int, int, int] = (255, 255, 255),
    depth: float = 0.0,
) -> Image:
    """An RGBA cut-out under a light of that strength, `depth` of its colour lost in haze."""
    from PIL import Image as Pillow

    if strength == (1.0, 1.0, 1.0) and depth <= 0:
        return image
    bands = image.split()
    tinted = [
        band.point([round(value * factor * (1 - depth) + tone * depth) for value in range(256)])
        for band, factor, tone in zip(bands[:3], strength, haze, strict=True)
    ]
    return Pillow.merge("RGBA", (*tinted, bands[3]))


def cast_shadow(
    canvas: Image, *, foot: tuple[float, float], width: float, strength: float, side: float = 0.0
) -> None:
    """A soft contact shadow on the RGB canvas, `width` pixels wide, under the point `foot`."""
    from PIL import Image, ImageDraw

    thick = max(2.0, width * 0.16)
    pad = thick
    size = (max(4, round(width + 2 * pad)), max(4, round(thick + 2 * pad)))
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    draw.ellipse([pad, pad, size[0] - pad, size[1] - pad], fill=round(255 * strength * 0.8))
    mask = soften(mask, thick * 0.34)
    core = Image.new("L", size)
    ImageDraw.Draw(core).ellipse(
        [
            pad + width * 0.12,
            pad + thick * 0.22,
            size[0] - pad - width * 0.12,
            size[1] - pad * 1.22,
        ],
        fill=round(255 * strength),
    )
    mask = Image.blend(mask, soften(core, thick * 0.16), 0.5)
    spot = (
        round(foot[0] - size[0] / 2 - side * width * 0.1),
        round(foot[1] - size[1] / 2),
    )
    canvas.paste((24, 18, 30), spot, fade(mask, 1.0))
