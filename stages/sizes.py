"""Which sizes a backend draws: FreeSizes or ListedSizes say yes, no, and which one fits a shape."""

from dataclasses import dataclass
from math import ceil
from typing import Protocol

from imagine.stages.errors import UsageError
from imagine.stages.image import DEFAULT_AREA, SIZE_STEP, size_for

# Model makers round: 1376x768 is called 16:9 (1.79 for 1.78).
RATIO_TOLERANCE = 0.03
# Less than that cannot be seen, and is not worth a network's work or a provider's price.
LEAST_GROWTH = 1.02
# A size that is larger by no more than that is drawn rather than a smaller one enlarged.
LITTLE_SHRINKING = 0.05
# The shapes that SDXL was trained on (Podell et al. 2023, appendix I), which Stability's SD3 and
# Replicate's FLUX.1 draw for these ratios too.
MEGAPIXEL = (
    (1024, 1024, "1:1"),
    (1344, 768, "16:9"),
    (768, 1344, "9:16"),
    (1216, 832, "3:2"),
    (832, 1216, "2:3"),
    (1152, 896, "4:3"),
    (896, 1152, "3:4"),
    (1088, 896, "5:4"),
    (896, 1088, "4:5"),
    (1536, 640, "21:9"),
    (640, 1536, "9:21"),
)


class Sizes(Protocol):
    """The sizes of one backend and model, in pixels."""

    def check(self, name: str, width: int, height: int) -> None:
        """Refuse a size that backend `name` cannot draw, with a UsageError that names one."""

    def for_ratio(self, name: str, ratio: tuple[int, int], *, exact: bool) -> tuple[int, int]:
        """The size nearest to `ratio` that the backend draws best, or of about a megapixel.

        Args:
            name: of the backend, for the message.
            ratio: width and height.
            exact: refuse (UsageError) instead of taking a shape that differs.
        """

    def near(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """The size to draw where `size`, in pixels, is wanted and not drawn.

        What is drawn is enlarged or shrunk until it covers that, and cropped. None where nothing
        stands for it: the backend draws every size alike within its limits, and this one is not
        too large but too small or too steep.
        """

    def told(self) -> str:
        """What `imagine backends` says of them."""


@dataclass(frozen=True, slots=True)
class FreeSizes:
    """Any size within limits.

    Attributes:
        min_side, max_side: pixels.
        min_pixels, max_pixels: width times height.
        step: both sides are multiples of it.
        steepest: the longer side over the shorter, at most.
        native: width times height at which its models draw best, which pictures of a ratio get;
            None for a backend that draws every size alike.
        upwards: larger ones than `native` are drawn as well, up to the limits.
    """

    min_side: int
    max_side: int
    max_pixels: int
    min_pixels: int = 0
    step: int = 1
    steepest: float = 8.0
    native: int | None = DEFAULT_AREA
    upwards: bool = False

    def check(self, name: str, width: int, height: int) -> None:
        if not all(self.min_side <= side <= self.max_side for side in (width, height)):
            raise UsageError(
                f"The size {width}x{height} is out of range: {name} draws sides from "
                f"{self.min_side} to {self.max_side} pixels; choose one of these."
            )
        if width * height > self.max_pixels:
            raise UsageError(
                f"The size {width}x{height} is {width * height / 1e6:.4g} megapixels; "
                f"{name} draws at most {self.max_pixels / 1e6:.4g}; choose a smaller one."
            )
        if width % self.step or height % self.step:
            near = "x".join(
                str(max(1, round(side / self.step)) * self.step) for side in (width, height)
            )
            raise UsageError(
                f"The size {width}x{height} is none of {name}'s, whose sides are multiples of "
                f"{self.step}; ask for {near}."
            )
        if max(width, height) > self.steepest * min(width, height):
            raise UsageError(
                f"The size {width}x{height} is steeper than {self.steepest:g}:1, the most that "
                f"{name} draws; choose a gentler one."
            )
        if width * height < self.min_pixels:
            wide, high = self._enlarged(width, height)
            raise UsageError(
                f"The size {width}x{height} is {width * height / 1e6:.4g} megapixels; "
                f"{name} draws at least {self.min_pixels / 1e6:.4g}: ask for {wide}x{high}."
            )

    def for_ratio(self, name: str, ratio: tuple[int, int], *, exact: bool) -> tuple[int, int]:
        if exact and max(ratio) > self.steepest * min(ratio):
            raise UsageError(
                f"{name} cannot draw the aspect ratio {ratio[0]}:{ratio[1]}: {self.steepest:g}:1 "
                "is the steepest; choose a gentler one."
            )
        area = self.native or DEFAULT_AREA
        width, height = (
            min(max(side, self.min_side), self.max_side) for side in size_for(ratio, area=area)
        )
        # Rounding to whole steps may have made it steeper than it was.
        shortest = SIZE_STEP * -int(-max(width, height) // (self.steepest * SIZE_STEP))
        return max(width, shortest), max(height, shortest)

    def near(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """A few pixels more where only the step is missed, else what its models draw best.

        What they draw best comes first where it is smaller, and the difference cannot be seen:
        a megapixel and a few pixels more may cost twice as much.
        """
        if self.native is None and not self._is_too_large(size):
            return None
        if not self._draws(rounded := self._to_steps(*size)):
            return self._best(size)
        best = self._best(size)
        growth = max(size[0] / best[0], size[1] / best[1])
        is_smaller = best[0] * best[1] < rounded[0] * rounded[1]
        return best if is_smaller and not self.upwards and growth < LEAST_GROWTH else rounded

    def _best(self, size: tuple[int, int]) -> tuple[int, int]:
        """What its models draw best, of the shape of `size`."""
        width, height = _gentler(size, self.steepest)
        area = self._area(width * height)
        factor = min((area / (width * height)) ** 0.5, self.max_side / max(width, height))
        factor = max(factor, self.min_side / min(width, height))
        return self._within(width * factor, height * factor)

    def _is_too_large(self, size: tuple[int, int]) -> bool:
        """Whether that alone keeps it from being drawn."""
        width, height = size
        too_large = max(size) > self.max_side or width * height > self.max_pixels
        return too_large and max(size) <= self.steepest * min(size)

    def _area(self, wanted: int) -> int:
        """The pixels to draw of those that are wanted."""
        if self.native is None:
            return self.max_pixels
        most = max(self.native, wanted) if self.upwards else self.native
        return min(max(most, self.min_pixels), self.max_pixels)

    def _draws(self, size: tuple[int, int]) -> bool:
        try:
            self.check("", *size)
        except UsageError:
            return False
        return True

    def _to_steps(self, width: float, height: float) -> tuple[int, int]:
        """In whole steps, not smaller than asked for."""
        return ceil(width / self.step) * self.step, ceil(height / self.step) * self.step

    def _within(self, width: float, height: float) -> tuple[int, int]:
        """The nearest size in whole steps that breaks no limit.

        Steps are small beside the limits, so that a few more or less always suffice.
        """
        step = self.step
        low, high = ceil(self.min_side / step) * step, self.max_side // step * step
        wide, tall = (min(max(round(side / step) * step, low), high) for side in (width, height))
        while max(wide, tall) > self.steepest * min(wide, tall):
            wide, tall = (wide + step, tall) if wide < tall else (wide, tall + step)
        while wide * tall < self.min_pixels:
            wide, tall = min(wide + step, high), min(tall + step, high)
        while wide * tall > self.max_pixels:
            wide, tall = (wide - step, tall) if wide > tall else (wide, tall - step)
        return wide, tall

    def told(self) -> str:
        least = f"{self.min_pixels / 1e6:.2g} to" if self.min_pixels else "at most"
        return (
            f"sides {self.min_side} to {self.max_side}, "
            f"{least} {self.max_pixels / 1e6:.2g} megapixels"
        )

    def _enlarged(self, width: int, height: int) -> tuple[int, int]:
        """The smallest size of this shape that has enough pixels, in whole steps."""
        factor = (self.min_pixels / (width * height)) ** 0.5
        wide, high = (ceil(side * factor / self.step) * self.step for side in (width, height))
        return wide, high


@dataclass(frozen=True, slots=True)
class ListedSizes:
    """A fixed list of sizes.

    Attributes:
        sizes: width and height in pixels, each with the shape its maker calls it: "16:9".
    """

    sizes: tuple[tuple[int, int, str], ...]

    def check(self, name: str, width: int, height: int) -> None:
        if any(listed[:2] == (width, height) for listed in self.sizes):
            return
        near = self._nearest((width, height), area=width * height)
        raise UsageError(
            f"{name} cannot draw {width}x{height}; its nearest size is {near[0]}x{near[1]}, "
            f"and its shapes are {self.shapes()} (--ar)."
        )

    def for_ratio(self, name: str, ratio: tuple[int, int], *, exact: bool) -> tuple[int, int]:
        near = self._nearest(ratio, area=DEFAULT_AREA)
        if exact and _apart(near, ratio) > RATIO_TOLERANCE:
            raise UsageError(
                f"{name} cannot draw the aspect ratio {ratio[0]}:{ratio[1]}; it draws "
                f"{self.shapes()}."
            )
        return near[:2]

    def near(self, size: tuple[int, int]) -> tuple[int, int] | None:
        """Of the nearest shape the largest size that need not shrink by more than a little.

        Where all of them would, its smallest: larger ones cost more, and nobody would see it.
        """
        width, height = size
        shape = self._nearest(size, area=width * height)[2]
        alike = [listed for listed in self.sizes if listed[2] == shape]
        alike.sort(key=lambda listed: listed[0] * listed[1])
        fitting = [
            listed
            for listed in alike
            if max(width / listed[0], height / listed[1]) >= 1 - LITTLE_SHRINKING
        ]
        return (fitting[-1] if fitting else alike[0])[:2]

    def shape_of(self, name: str, width: int, height: int) -> str:
        """What the maker calls the shape of a size: "16:9" for 1344x768.

        Raises:
            UsageError: backend `name` does not draw this size.
        """
        self.check(name, width, height)
        return next(shape for *size, shape in self.sizes if size == [width, height])

    def shapes(self) -> str:
        return ", ".join(dict.fromkeys(shape for _, _, shape in self.sizes))

    def told(self) -> str:
        longest = max(max(width, height) for width, height, _ in self.sizes)
        return f"shapes {self.shapes()}, sides up to {longest}"

    def _nearest(self, shape: tuple[int, int], *, area: int) -> tuple[int, int, str]:
        """The nearest shape, and of its sizes the one nearest to `area`."""

        def distance(listed: tuple[int, int, str]) -> tuple[float, float]:
            return round(_apart(listed, shape), 2), abs(listed[0] * listed[1] - area)

        return min(self.sizes, key=distance)


def listed(*shapes: str) -> ListedSizes:
    """The megapixel sizes of these ratios, in their order."""
    named = {shape: (width, height, shape) for width, height, shape in MEGAPIXEL}
    return ListedSizes(tuple(named[shape] for shape in shapes))


def _apart(listed: tuple[int, int, str], shape: tuple[int, int]) -> float:
    """How far a listed size is from a shape, 0 for the same; its maker's name for it counts too."""
    wide, high = listed[2].split(":")
    wanted = shape[0] / shape[1]
    ratios = (listed[0] / listed[1], float(wide) / float(high))
    return min(max(ratio / wanted, wanted / ratio) for ratio in ratios) - 1


def _gentler(size: tuple[int, int], steepest: float) -> tuple[int, int]:
    """A size that is no steeper than that, covering `size`."""
    width, height = size
    return max(width, ceil(height / steepest)), max(height, ceil(width / steepest))
