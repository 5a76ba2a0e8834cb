"""Enlargement: what is wanted beyond what is drawn goes in, what becomes of a picture comes out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import TYPE_CHECKING

from imagine.stages.errors import UsageError, shown
from imagine.stages.sizes import LEAST_GROWTH

if TYPE_CHECKING:
    from imagine.stages.generate import Backend
    from imagine.stages.recipe import UpscaleRecord
    from imagine.stages.spec import PromptSpec
    from imagine.stages.upscale import Upscaler
    from imagine.stages.upscale.auto import Known
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
        find: names the upscaler for a picture of which that much is known, and says why.
        factor: times as wide and as high as drawn; None, where nothing was said, and 1 for only
            what a `size` makes necessary.
        denoise: as `UpscaleRequest` has it.
        sharpen: 0 to 2.
        again: makes the upscaler of a recorded enlargement anew; None where another was named.
        named: the upscaler as the user named it, a path perhaps; "" where `find` chooses one.
    """

    find: "Callable[[Known], tuple[Upscaler, str]]"
    factor: int | None = None
    denoise: int | None = None
    sharpen: float | None = None
    again: "Callable[[UpscaleRecord], Upscaler] | None" = None
    named: str = ""


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
        named: how the command line names the upscaler; "" for its name and model.
        note: what the user asked for in vain, a sentence; "" for nothing.
    """

    upscaler: "Upscaler"
    why: str
    drawn: tuple[int, int]
    factor: int | None = None
    size: tuple[int, int] | None = None
    denoise: int | None = None
    sharpen: float = 0.0
    named: str = ""
    note: str = ""

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
        factor = _growth(self.drawn, target)
        way = "shrunk" if factor < 1 else ""
        if factor >= LEAST_GROWTH:
            way = f"enlarged {factor:.3g}x by {titled(self.upscaler)}"
        cropped = target.whole != (width, height)
        steps = [step for step in (way, "cropped" if cropped else "") if step]
        return f"{' and '.join(steps) or 'brought'} to {width}x{height}"

    @property
    def size_option(self) -> str:
        """The option of `imagine upscale` that gives this size."""
        return f"--to {self.size[0]}x{self.size[1]}" if self.size else f"--scale {self.factor}"

    @property
    def other_options(self) -> str:
        """Its options that say how."""
        denoise = "" if self.denoise is None else f" --denoise {self.denoise}"
        sharpen = f" --sharpen {self.sharpen:g}" if self.sharpen else ""
        return f"--upscaler {quote(self.named or titled(self.upscaler))}{denoise}{sharpen}"


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
    factor = enlarging.factor or 1
    if size is None:
        return factor != 1
    return _times(size, factor) != drawn_size(backend, size, enlarging)


def check_pixels(size: tuple[int, int]) -> None:
    """Refuse a result that would be too large.

    Raises:
        UsageError: naming what makes larger ones.
    """
    if size[0] * size[1] > MOST_PIXELS:
        megapixels = f"{size[0] * size[1] / 1e6:,.1f}".removesuffix(".0")
        raise UsageError(
            f"The size {size[0]}x{size[1]} is {megapixels} megapixels, and at "
            f"most {MOST_PIXELS / 1e6:g} are made at once; draw a smaller picture and enlarge the "
            "file with `imagine upscale`, which needs no memory for the result."
        )


def enlargements_for(
    enlarging: Enlarging | None,
    *,
    spec: "PromptSpec",
    backend: "Backend",
    drawn: tuple[int, int],
    size: tuple[int, int] | None,
) -> tuple[Enlargement, ...]:
    """What becomes of pictures of one plan; nothing, where they are drawn as wanted.

    Args:
        spec: their description.
        drawn: pixels that the backend is asked for.
        size: pixels that the user asked for, before any factor; None for what is drawn.

    Raises:
        UsageError: the upscaler cannot do it, or the result would be too large.
        LocalBackendError: nothing can be enlarged here.
    """
    wanted = size or drawn
    factor = (enlarging.factor if enlarging is not None else None) or 1
    result = _times(wanted, factor)
    if enlarging is None or result == drawn:
        return ()
    from imagine.stages.upscale.enlarge import covering

    known = replace(known_of(spec, backend), growth=_growth(drawn, covering(drawn, result)))
    upscaler, why = enlarging.find(known)
    enlargement = Enlargement(
        upscaler=upscaler,
        why=why,
        drawn=drawn,
        factor=factor if wanted == drawn else None,
        size=None if wanted == drawn else result,
        denoise=enlarging.denoise,
        sharpen=enlarging.sharpen or 0.0,
        named=enlarging.named,
    )
    check_pixels(result)
    return (checked(without_idle(enlargement)),)


def known_of(spec: "PromptSpec", backend: "Backend") -> "Known":
    """What is known of a picture that is still to be drawn."""
    from imagine.stages.upscale.auto import Known

    return Known(style=spec.style, words=spec.source_prompt, drawn_by=backend.name)


def _times(size: tuple[int, int], factor: int) -> tuple[int, int]:
    return size[0] * factor, size[1] * factor


def _growth(drawn: tuple[int, int], target: "Target") -> float:
    """How many times as large the whole picture becomes."""
    return max(target.full_width / drawn[0], target.full_height / drawn[1])


def grows(drawn: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether a drawn picture needs an upscaler to come to a size."""
    from imagine.stages.upscale.enlarge import covering

    return _growth(drawn, covering(drawn, size)) >= LEAST_GROWTH


def without_idle(enlargement: Enlargement) -> Enlargement:
    """The enlargement without its upscaler where that has nothing to do; nearest may stay."""
    growth = _growth(enlargement.drawn, enlargement.target())
    if growth >= LEAST_GROWTH:
        return enlargement
    from imagine.stages.upscale import UPSCALERS

    told = "is only shrunk" if growth < 1 else "hardly grows" if growth > 1 else "is only cropped"
    upscaler, named = enlargement.upscaler, enlargement.named
    stays = upscaler.name in ("nearest", "lanczos")
    # One that was chosen for a picture is not missed.
    idle = [f"the upscaler {titled(upscaler)}"] if not (stays or enlargement.why) else []
    idle += ["--denoise"] if enlargement.denoise is not None else []
    does = "does" if len(idle) == 1 else "do"
    return replace(
        enlargement,
        upscaler=upscaler if stays else UPSCALERS.create("lanczos"),
        why=enlargement.why if stays else f"the picture {told}",
        denoise=None,
        named=named if stays else "",
        note=f"The picture {told}, so {' and '.join(idle)} {does} nothing." if idle else "",
    )


def checked(enlargement: Enlargement) -> Enlargement:
    """The enlargement itself, which its upscaler can do.

    Raises:
        UsageError: it cannot.
        LocalBackendError: nothing can be enlarged here.
    """
    from imagine.stages.upscale.auto import check_numpy
    from imagine.stages.upscale.enlarge import check

    check_numpy()
    check_pixels(enlargement.result)
    check(
        enlargement.upscaler,
        enlargement.drawn,
        enlargement.target(),
        denoise=enlargement.denoise,
        sharpen=enlargement.sharpen,
    )
    return enlargement


def enlargement_notes(
    backend: "Backend",
    drawn: tuple[int, int],
    size: tuple[int, int] | None,
    enlargements: Sequence[Enlargement],
) -> list[str]:
    """What is said where another size is drawn than was asked for, or an option does nothing.

    Args:
        drawn: pixels that the backend is asked for.
        size: pixels that the user asked for, before any factor; None for what is drawn.
    """
    notes = [step.note for step in enlargements if step.note]
    if size in (None, drawn):
        return notes
    told = ", ".join(step.told() for step in enlargements) or "which is what is wanted in the end"
    missed = f"{backend.name} does not draw {size[0]}x{size[1]}"
    return [f"{missed}: drawn at {drawn[0]}x{drawn[1]}, {told}.", *notes]


def check_factor(factor: int | None) -> int | None:
    """The factor of --upscale itself.

    Raises:
        UsageError: it is none of those that there are, nor 1, which asks for nothing.
    """
    if factor not in (None, 1, *FACTORS):
        raise UsageError(f"--upscale {shown(factor)} is none of 2, 3, 4, 8; choose one of them.")
    return factor
