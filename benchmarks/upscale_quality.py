"""How near enlarged photographs come to the truth: PSNR and sharpness of `photo` against Lanczos.

    python benchmarks/upscale_quality.py

Takes 20 regions of 256x256 of photographs that other packages carry as test data (scikit-image
and scikit-learn, found by their metadata; what is not installed is left out, and told), shrinks
each to the half, by bicubic and by area, and enlarges it again. PSNR is of RGB, without 8 pixels at
the border; sharpness is the sum of gradients over that of the truth, so that 1 is right, less is
blurred and more is overdone. `art` (4x, then shrunk by half) is there for information: it is
trained on drawings.
"""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagine.stages.upscale import UPSCALERS, Upscaler, UpscaleRequest
from imagine.stages.upscale.raster import image_of, raster_of

SIDE, BORDER = 256, 8
NAMES = ("lanczos", "photo", "art")
SHRINKING = {"bicubic": Image.Resampling.BICUBIC, "area": Image.Resampling.BOX}
# Package, file, and the left upper corners of the regions.
REGIONS: tuple[tuple[str, str, tuple[tuple[int, int], ...]], ...] = (
    ("scikit-image", "skimage/data/astronaut.png", ((96, 0), (256, 0), (0, 256), (256, 256))),
    ("scikit-image", "skimage/data/chelsea.png", ((0, 20), (180, 40))),
    ("scikit-image", "skimage/data/coffee.png", ((0, 0), (180, 100), (340, 140))),
    ("scikit-image", "skimage/data/rocket.jpg", ((180, 100), (380, 170))),
    ("scikit-image", "skimage/data/motorcycle_left.png", ((40, 60), (240, 180))),
    ("scikit-image", "skimage/data/hubble_deep_field.jpg", ((100, 100),)),
    ("scikit-learn", "sklearn/datasets/images/china.jpg", ((0, 100), (200, 120), (384, 171))),
    ("scikit-learn", "sklearn/datasets/images/flower.jpg", ((60, 60), (200, 100), (384, 171))),
)
Plane = NDArray[np.float64]


def main() -> None:
    pictures = dict(regions())
    upscalers = {name: UPSCALERS.create(name) for name in NAMES}
    head = "".join(f"{name:>9}" for name in NAMES) + "".join(f"{name:>9}" for name in NAMES)
    for shrinking, method in SHRINKING.items():
        print(f"\nshrunk by {shrinking:<20}{'PSNR, dB':>20}{'sharpness':>27}")
        print(f"{'':<30}{head}{'photo gains':>13}")
        rows = [report(name, truth, method, upscalers) for name, truth in pictures.items()]
        gains = [psnr["photo"] - psnr["lanczos"] for psnr, _ in rows]
        print(
            f"{f'mean of {len(rows)}':<30}"
            + "".join(f"{mean(psnr[name] for psnr, _ in rows):>9.2f}" for name in NAMES)
            + "".join(f"{mean(sharp[name] for _, sharp in rows):>9.2f}" for name in NAMES)
            + f"{mean(gains):>+13.2f}"
        )
        better = sum(gain > 0 for gain in gains)
        print(
            f"photo is nearer than lanczos in {better} of {len(rows)}, by {min(gains):+.2f} dB "
            f"to {max(gains):+.2f} dB"
        )


def regions() -> Iterator[tuple[str, Image.Image]]:
    """Name and pixels of each region that is there."""
    for package, file, corners in REGIONS:
        try:
            path = Path(str(distribution(package).locate_file(file)))
            picture = Image.open(path).convert("RGB")
        except (PackageNotFoundError, FileNotFoundError):
            print(f"{package}'s {file} is not installed: {len(corners)} regions less")
            continue
        for left, top in corners:
            name = f"{path.stem} {left},{top}"
            yield name, picture.crop((left, top, left + SIDE, top + SIDE))


def report(
    name: str, truth: Image.Image, method: Image.Resampling, upscalers: dict[str, Upscaler]
) -> tuple[dict[str, float], dict[str, float]]:
    """Print a row; PSNR and sharpness of each upscaler."""
    half = truth.resize((SIDE // 2, SIDE // 2), method)
    expected = planes(truth)
    psnr, sharp = {}, {}
    for key, upscaler in upscalers.items():
        result = upscaler.upscale(
            raster_of(half), UpscaleRequest(SIDE, SIDE), on_progress=lambda progress: None
        )
        given = planes(image_of(result.raster))
        psnr[key] = 10 * float(np.log10(255**2 / ((given - expected) ** 2).mean()))
        sharp[key] = gradients(given) / gradients(expected)
    print(
        f"{name:<30}"
        + "".join(f"{value:>9.2f}" for value in (*psnr.values(), *sharp.values()))
        + f"{psnr['photo'] - psnr['lanczos']:>+13.2f}"
    )
    return psnr, sharp


def planes(picture: Image.Image) -> Plane:
    """Without the border."""
    pixels = np.asarray(picture).astype(np.float64)
    return pixels[BORDER:-BORDER, BORDER:-BORDER]


def gradients(pixels: Plane) -> float:
    """Sum of the lengths of the gradients of lightness."""
    light = pixels @ (0.299, 0.587, 0.114)
    return float(np.hypot(np.diff(light, axis=0)[:, :-1], np.diff(light, axis=1)[:-1]).sum())


if __name__ == "__main__":
    main()
