"""PNG of pixels: CPU milliseconds and bytes of ours against Pillow's, in one run.

    python benchmarks/png.py [--runs 5] [--sketches 12] [PICTURE ...]

Draws sketches of 1024x1024, adds the pictures named (cut to a square, scaled to 1024x1024), and
encodes each three ways, in turn. Every file of ours is decoded and compared. The goals are those
of the batch issue: at most 45 ms, and at most 1.2 times the bytes of Pillow's default.
"""

import argparse
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from PIL import Image, ImageOps

from imagine.stages.enhance import ENHANCERS
from imagine.stages.formats.png_encode import encode_png
from imagine.stages.generate.sketch.backend import SketchBackend
from imagine.stages.pipeline import imagine

GOAL_MS, GOAL_SIZE = 45, 1.2
SIDE = 1024
PROMPTS = (
    "two red apples",
    "a corgi on a velvet cushion",
    "a sunset over the ocean with palm trees",
    'a sign that says "Open" on a brick wall',
    "a city street at night in the rain",
    "a snowy mountain landscape, watercolor",
    "an oil painting of a vase of sunflowers",
    "a pencil sketch of an old man",
    "pixel art of a spaceship",
    "a blue circle on a white background",
    "a forest in autumn, fog",
    "three cats in a kitchen, film grain",
)


@dataclass(frozen=True)
class Cost:
    """Median CPU milliseconds, and bytes."""

    ms: float
    bytes: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sketches", type=int, default=len(PROMPTS))
    given = parser.parse_args()
    pixels = {prompt: sketch(prompt) for prompt in PROMPTS[: given.sketches]}
    pixels |= {path.name: photograph(path) for path in given.pictures}
    print(f"{'':<42}{'ours':>16}{'Pillow':>17}{'level 4':>17}{'of Pillow':>18}")
    rows = [report(name, picture, given.runs) for name, picture in pixels.items()]
    verdict("CPU ms", max(ours.ms for ours, _ in rows), GOAL_MS)
    verdict("times the bytes", max(ours.bytes / theirs.bytes for ours, theirs in rows), GOAL_SIZE)


def sketch(prompt: str) -> Image.Image:
    picture = imagine(prompt, enhancer=ENHANCERS.create("offline"), backend=SketchBackend(), seed=1)
    return ImageOps.fit(picture.image.pixels, (SIDE, SIDE))


def photograph(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        mode = "RGBA" if picture.has_transparency_data else "RGB"
        return ImageOps.fit(picture.convert(mode), (SIDE, SIDE), Image.Resampling.LANCZOS)


def report(name: str, pixels: Image.Image, runs: int) -> tuple[Cost, Cost]:
    """One line; what ours and Pillow's default cost."""
    decoded = Image.open(io.BytesIO(encode_png(pixels)))
    if decoded.mode != pixels.mode or decoded.tobytes() != pixels.tobytes():
        raise SystemExit(f"{name}: decoded, the picture is another one.")
    ours, default, quick = costs(
        [lambda: encode_png(pixels), lambda: by_pillow(pixels, 6), lambda: by_pillow(pixels, 4)],
        runs,
    )
    print(
        f"{name[:40]:<42}"
        + "".join(
            f"{cost.ms:6.1f} ms {cost.bytes / 1e6:5.2f} MB " for cost in (ours, default, quick)
        )
        + f"  time {ours.ms / default.ms:.2f} bytes {ours.bytes / default.bytes:.3f}"
    )
    return ours, default


def costs(encoders: list[Callable[[], bytes]], runs: int) -> list[Cost]:
    """Each encoder's, all of them in turn, so that a noisy moment strikes each."""
    times: list[list[float]] = [[] for _ in encoders]
    sizes = [0] * len(encoders)
    for _ in range(runs):
        for place, encoder in enumerate(encoders):
            start = time.process_time()
            sizes[place] = len(encoder())
            times[place].append((time.process_time() - start) * 1000)
    return [Cost(median(each), size) for each, size in zip(times, sizes, strict=True)]


def by_pillow(pixels: Image.Image, level: int) -> bytes:
    buffer = io.BytesIO()
    pixels.save(buffer, "PNG", compress_level=level)
    return buffer.getvalue()


def verdict(what: str, worst: float, goal: float) -> None:
    print(f"at most {worst:.3g} {what}, goal {goal}: {'met' if worst <= goal else 'MISSED'}")


if __name__ == "__main__":
    main()
