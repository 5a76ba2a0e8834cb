"""Enlargement: what is wanted beyond what is drawn goes in, what becomes of a picture comes out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import TYPE_CHECKING

from imagine.stages.errors import UsageError, shown

if TYPE_CHECKING:
    from imagine.stages.generate import Backend
    from imagine.stages.recipe import Recipe, UpscaleRecord
    from imagine.stages.spec import Style
    from imagine.stages.upscale import Upscaler
    from imagine.stages.upscale.enlarge import Target

FACTORS = (2, 3, 4, 8)
# Pillow, which writes them and which many programs read pictures with, warns of more: they could
# be meant to fill the memory.
MOST_PIXELS = 89_000_000
# Whoever asks for less has mistyped.
LEAST_SIDE = 16


@dataclass(frozen=True, slots=True)
class Enlarging:
    """What is wanted of all pictures of a command.

    Attributes:
        find: names the upscaler for a picture of some style, drawn by a backend, and says why.
        factor: times as wide and as high as drawn; None, where nothing was said, and 1 for only
            what a `size` makes necessary.
        denoise: as `UpscaleRequest` has it.
        sharpen: 0 to 2.
        again: makes the upscaler of a recorded enlargement anew; None where another was named.
    """

    find: "Callable[[Style | None, str], tuple[Upscaler, str]]"
    factor: int | None = None
    denoise: int | None = None
    sharpen: float | None = None
    again: "Callable[[UpscaleRecord], Upscaler] | None" = None


@dataclass(frozen=True, slots=True)
class Enlargement:
    """What becomes of a picture after it was drawn; one of `factor` and `size` is set.

    Attributes:
        upscaler: who does it.
        why: why it was chosen, "" for one that was named.
        drawn: pixels of the picture before.
        factor: times as wide and as high.
        size: exact pixels, the middle of the picture where the shapes differ.
        denoise, sharpen: as `imagine.stages.upscale.enlarge.enlarge` takes them.
    """

    upscaler: "Upscaler"
    why: str
    drawn: tuple[int, int]
    factor: int | None = None
    size: tuple[int, int] | None = None
    denoise: int | None = None
    sharpen: float = 0.0

    def target(self, drawn: tuple[int, int] | None = None) -> "Target":
        """The size of the result.

        Args:
            drawn: what came, where that is not the size that was asked for.
        """
        from imagine.stages.upscale.enlarge import covering, scaled

        source = drawn or self.drawn
        return covering(source, self.size) if self.size else scaled(source, self.factor or 1)

    @property
    def result(self) -> tuple[int, int]:
        """Pixels of the result."""
        if self.size is not None:
            return self.size
        return self.drawn[0] * (self.factor or 1), self.drawn[1] * (self.factor or 1)

    def told(self) -> str:
        """Like "enlarged 2x by photo to 2048x2048"."""
        target = self.target()
        width, height = self.result
        factor = max(target.full_width / self.drawn[0], target.full_height / self.drawn[1])
        by = f" by {titled(self.upscaler)}"
        way = f"enlarged {factor:.3g}x{by}" if factor > 1 else "shrunk" if factor < 1 else ""
        cropped = (target.full_width, target.full_height) != (width, height)
        steps = [step for step in (way, "cropped" if cropped else "") if step]
        return f"{' and '.join(steps)} to {width}x{height}"

    @property
    def size_option(self) -> str:
        """The option of `imagine upscale` that gives this size."""
        return f"--to {self.size[0]}x{self.size[1]}" if self.size else f"--scale {self.factor}"

    @property
    def other_options(self) -> str:
        """Its options that say how."""
        denoise = "" if self.denoise is None else f" --denoise {self.denoise}"
        sharpen = f" --sharpen {self.sharpen:g}" if self.sharpen else ""
        return f"--upscaler {quote(titled(self.upscaler))}{denoise}{sharpen}"


def titled(upscaler: "Upscaler") -> str:
    """An upscaler as --upscaler names it: "stability/fast"."""
    return f"{upscaler.name}/{upscaler.model}" if upscaler.model else upscaler.name


def drawn_size(
    backend: "Backend", size: tuple[int, int], enlarging: Enlarging | None
) -> tuple[int, int]:
    """What is drawn of a picture that is to be of `size`: that, or one that is brought to it.

    Raises:
        UsageError: the backend does not draw it, and nobody may enlarge.
    """
    sizes = backend.capabilities.sizes
    try:
        sizes.check(backend.name, *size)
    except UsageError as error:
        near = None if min(size) < LEAST_SIDE else sizes.near(size)
        if near is None:
            raise
        if enlarging is None:
            raise UsageError(
                f"{str(error).removesuffix('.')}; or have what it draws enlarged, without "
                "--upscaler none."
            ) from error
        check_pixels(size)
        return near
    return size


def is_needed(
    enlarging: Enlarging | None, backend: "Backend", size: tuple[int, int] | None
) -> bool:
    """Whether pictures are enlarged, or shrunk, after they were drawn.

    Args:
        size: that was asked for, which is drawn or can be made; None for one that is drawn.
    """
    if enlarging is None:
        return False
    grows = enlarging.factor not in (None, 1)
    return grows or (size is not None and drawn_size(backend, size, enlarging) != size)


def check_pixels(size: tuple[int, int]) -> None:
    """Refuse a result that would be too large.

    Raises:
        UsageError: naming what makes larger ones.
    """
    if size[0] * size[1] > MOST_PIXELS:
        raise UsageError(
            f"The size {size[0]}x{size[1]} is {size[0] * size[1] / 1e6:.4g} megapixels, and at "
            f"most {MOST_PIXELS / 1e6:g} are made at once; draw a smaller picture and enlarge the "
            "file with `imagine upscale`, which needs no memory for the result."
        )


def enlargements_for(
    enlarging: Enlarging | None,
    *,
    style: "Style | None",
    backend: "Backend",
    drawn: tuple[int, int],
    size: tuple[int, int] | None,
) -> tuple[Enlargement, ...]:
    """What becomes of pictures of one plan.

    Args:
        drawn: pixels that the backend is asked for.
        size: pixels that the user asked for, before any factor; None for what is drawn.

    Raises:
        UsageError: the upscaler cannot do it, or the result would be too large.
    """
    wanted = size or drawn
    factor = (enlarging.factor if enlarging is not None else None) or 1
    if enlarging is None or (wanted == drawn and factor == 1):
        return ()
    result = wanted[0] * factor, wanted[1] * factor
    shrinks = result[0] <= drawn[0] and result[1] <= drawn[1]
    if shrinks:
        from imagine.stages.upscale import UPSCALERS

        upscaler, why = UPSCALERS.create("lanczos"), ""
    else:
        upscaler, why = enlarging.find(style, backend.name)
    enlargement = Enlargement(
        upscaler=upscaler,
        why=why,
        drawn=drawn,
        factor=factor if wanted == drawn else None,
        size=None if wanted == drawn else result,
        denoise=enlarging.denoise,
        sharpen=enlarging.sharpen or 0.0,
    )
    return (checked(enlargement),)


def checked(enlargement: Enlargement) -> Enlargement:
    """The enlargement itself, which its upscaler can do.

    Raises:
        UsageError: it cannot.
    """
    from imagine.stages.upscale.enlarge import check

    check_pixels(enlargement.result)
    check(
        enlargement.upscaler,
        enlargement.drawn,
        enlargement.target(),
        denoise=enlargement.denoise,
        sharpen=enlargement.sharpen,
    )
    return enlargement


def enlargement_note(
    backend: "Backend", size: tuple[int, int], enlargements: Sequence[Enlargement]
) -> str:
    """What is said where another size is drawn than was asked for."""
    drawn = enlargements[0].drawn
    return (
        f"{backend.name} does not draw {size[0]}x{size[1]}: drawn at {drawn[0]}x{drawn[1]}, "
        f"{enlargements[0].told()}."
    )


def recorded_enlargements(
    recipe: "Recipe", drawn: tuple[int, int], enlarging: Enlarging, *, backend: "Backend"
) -> tuple[Enlargement, ...]:
    """What enlarged a picture, to be done once more, one after the other.

    Where the picture is drawn in another size this time, what it came to in the end is made at
    once.

    Args:
        drawn: pixels that the backend is asked for.
        enlarging: what is wanted otherwise, this time.

    Raises:
        UsageError: an upscaler is not there any more, or cannot do it.
    """
    same_size = drawn == recipe.to_request().size
    made: list[Enlargement] = []
    for record in recipe.upscales if same_size else recipe.upscales[-1:]:
        found = enlarging.again(record) if enlarging.again is not None else None
        upscaler, why = (found, "") if found else enlarging.find(recipe.spec.style, backend.name)
        factor = _factor_of(record) if same_size else None
        enlargement = Enlargement(
            upscaler=upscaler,
            why=why,
            drawn=made[-1].result if made else drawn,
            factor=factor,
            size=None if factor else (record.width, record.height),
            denoise=record.denoise if enlarging.denoise is None else enlarging.denoise,
            sharpen=record.sharpen if enlarging.sharpen is None else enlarging.sharpen,
        )
        made.append(checked(enlargement))
    return tuple(made)


def enlarged_alike(
    enlargements: Sequence[Enlargement], drawn: tuple[int, int]
) -> tuple[Enlargement, ...]:
    """The same for pictures that are drawn in another size; of another shape by as many pixels.

    Args:
        drawn: pixels that the backend is asked for.

    Raises:
        UsageError: an upscaler cannot do it.
    """
    made: list[Enlargement] = []
    for step in enlargements:
        source = made[-1].result if made else drawn
        size = step.size
        if size is not None and source != step.drawn:
            scale = (size[0] * size[1] / (source[0] * source[1])) ** 0.5
            size = round(source[0] * scale), round(source[1] * scale)
        made.append(checked(replace(step, drawn=source, size=size)))
    return tuple(made)


def _factor_of(record: "UpscaleRecord") -> int | None:
    """By how much a picture was enlarged, where that is a whole number and nothing was cropped."""
    factor = record.width // record.from_width
    exact = (record.from_width * factor, record.from_height * factor)
    return factor if factor > 1 and exact == (record.width, record.height) else None


def check_factor(factor: int | None) -> int | None:
    """The factor of --upscale itself.

    Raises:
        UsageError: it is none of those that there are, nor 1, which asks for nothing.
    """
    if factor not in (None, 1, *FACTORS):
        raise UsageError(f"--upscale {shown(factor)} is none of 2, 3, 4, 8; choose one of them.")
    return factor
