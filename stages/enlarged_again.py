"""What enlarged a picture goes in; what does so once more, or for another size, comes out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from imagine.stages.enlargement import Enlargement, Enlarging, checked, known_of, without_idle

if TYPE_CHECKING:
    from imagine.stages.generate import Backend
    from imagine.stages.recipe import Recipe, UpscaleRecord


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
    same_size = drawn == recipe.to_request().result_size
    made: list[Enlargement] = []
    for record in recipe.upscales if same_size else recipe.upscales[-1:]:
        found = enlarging.again(record) if enlarging.again is not None else None
        known = known_of(recipe.spec, backend)
        upscaler, why = (found, "") if found else enlarging.find(known)
        factor = _factor_of(record) if same_size else None
        enlargement = Enlargement(
            upscaler=upscaler,
            why=why,
            drawn=made[-1].result if made else drawn,
            factor=factor,
            size=None if factor else (record.width, record.height),
            denoise=record.denoise if enlarging.denoise is None else enlarging.denoise,
            sharpen=record.sharpen if enlarging.sharpen is None else enlarging.sharpen,
            named="" if found else enlarging.named,
        )
        made.append(checked(without_idle(enlargement)))
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
