"""Names of cut-outs in; trees, plants and furniture that set a scene, in its light, out.

Dressing is never one of the user's subjects: a name that the description mentions or excludes
is not drawn, so that counts stay true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from imagine.stages.generate.sketch.art import find, picture
from imagine.stages.generate.sketch.brush import fade, soften
from imagine.stages.generate.sketch.cast import Actor
from imagine.stages.generate.sketch.light import Light, Strength

if TYPE_CHECKING:
    from PIL.Image import Image

# What an exclusion may call the things that dress the places.
_KINDS = {
    "tulip": {"flower", "plant"}, "blossom": {"flower", "plant"}, "herb": {"plant"},
    "mushroom": {"plant", "fungus"}, "cactus": {"plant"}, "potted plant": {"flower"},
    "deciduous tree": {"plant"}, "evergreen tree": {"plant", "pine", "fir"},
    "palm tree": {"plant", "palm"}, "castle": {"building", "tower"}, "spiral shell": {"animal"},
    "fallen leaf": {"leaves"}, "coral": {"plant", "animal"}, "seaweed": {"plant"},
    "sheaf of rice": {"plant", "wheat"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dresser:
    """Places cut-outs into the background.

    Attributes:
        light: the light of the picture.
        drawn: keys of the subjects' cut-outs; they appear in the background far away at most.
        banned: words for what is excluded or counted; nothing of that kind may appear.
        named: those, and the words for all other subjects.
    """

    light: Light
    drawn: frozenset[str]
    banned: frozenset[str]
    named: frozenset[str]

    def allows(self, name: str, *, far: bool = False) -> bool:
        """Whether a thing of that name may be put into the background, or only `far` in it."""
        if (set(name.split()) | _KINDS.get(name, set())) & self.banned:
            return False
        match = find(name)
        return far or match is None or match.cutout.key not in self.drawn

    def mentions(self, *words: str) -> bool:
        """Whether the description draws or excludes a thing of that name itself."""
        return not self.named.isdisjoint(words)

    def place(
        self,
        canvas: Image,
        name: str,
        *,
        foot: tuple[float, float],
        height: float,
        depth: float = 0.0,
        far: bool = False,
    ) -> None:
        """Stand a cut-out of `height` pixels with the middle of its base at `foot`.

        `depth` (0 to 1) is the share of haze over it. Does nothing where there is no such cut-out
        or it must not appear.
        """
        match = find(name)
        if match is None or not self.allows(name, far=far) or height < 2:
            return
        wide = max(1, round(height * max(1.0, match.cutout.aspect)))
        image = picture(match.cutout, width=wide, height=max(1, round(height)))
        image = shaded(image, self.light.scenery, haze=self.light.haze, depth=depth)
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
            self.place(canvas, random.choice(names), foot=foot, height=tall, depth=depth, far=True)
            x += gap * random.uniform(0.7, 1.3)


def dresser_for(actors: Sequence[Actor], exclude: Sequence[str], light: Light) -> Dresser:
    """A dresser that keeps off what is drawn, counted or excluded."""
    excluded = [word for term in exclude for word in term.lower().split()]
    counted = [actor.label.lower().split()[-1] for actor in actors if actor.counted]
    others = [actor.label.lower().split()[-1] for actor in actors]
    banned = frozenset(
        form for word in (*excluded, *counted) for form in (word, word.removesuffix("s"))
    )
    return Dresser(
        light,
        drawn=frozenset(actor.cutout.key for actor in actors if actor.cutout is not None),
        banned=banned,
        named=banned | frozenset(others),
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
