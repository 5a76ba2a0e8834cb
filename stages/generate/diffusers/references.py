"""Reference pictures: a request goes in; what a model does not read of them is refused.

Nothing is loaded, so that a dry run refuses what drawing would.
"""

from imagine.stages.errors import UsageError, shown
from imagine.stages.generate.diffusers.source import Source
from imagine.stages.generate.diffusers.ways import (
    draws_from_words,
    longest_picture,
    needs_mask,
    reads_strength,
    strength_for,
)
from imagine.stages.generate.local.steps import steps_for
from imagine.stages.generate.starting_pictures import check_mask
from imagine.stages.image import ImageRequest

# Channels that a network for masks reads: of latents, of the picture around the mask, and the mask.
INPAINTING = 9


def check_pictures(model: str, source: Source, request: ImageRequest) -> None:
    """Refuse pictures, a mask or a strength that a model does not read, or their absence.

    Args:
        model: its name, for messages.
        source: its files.
        request: whose size need not be settled yet.

    Raises:
        UsageError: naming the option.
    """
    _check_company(model, source, request)
    _check_strength(model, source, request)
    if request.mask is None:
        _check_shapes(model, longest_picture(source.described.pipeline), request)
    else:
        check_mask(request.mask)


def _check_company(model: str, source: Source, request: ImageRequest) -> None:
    pipeline = source.described.pipeline
    inpainting = source.described.denoiser.get("in_channels") == INPAINTING
    if (inpainting or needs_mask(pipeline)) and not request.mask:
        raise UsageError(
            f"The model '{shown(model)}' draws within a mask only; give --image and --mask, or "
            "choose another model."
        )
    if not draws_from_words(pipeline) and not request.images:
        raise UsageError(
            f"The model '{shown(model)}' changes pictures and draws none from words alone; give "
            "one with --image, or choose another model."
        )
    if request.mask is not None and len(request.images) > 1:
        raise UsageError(
            f"The model '{shown(model)}' draws within a mask of one picture; leave out --mask, or "
            "all but one --image."
        )


def _check_strength(model: str, source: Source, request: ImageRequest) -> None:
    pipeline, masked = source.described.pipeline, request.mask is not None
    if request.strength is not None and not reads_strength(pipeline, masked=masked):
        alone = not masked and reads_strength(pipeline, masked=True)
        reads = "reads --strength with --mask alone" if alone else "reads no --strength"
        raise UsageError(
            f"The model '{shown(model)}' {reads}; leave it out, or choose another model."
        )
    steps = request.num_inference_steps or source.family.num_inference_steps
    steps_for(request, steps, strength_for(pipeline, request))


def _check_shapes(model: str, longest: int, request: ImageRequest) -> None:
    for image in request.images:
        short, long = sorted((image.width, image.height))
        if longest and long > longest * short:
            raise UsageError(
                f"The picture of --image is {image.width}x{image.height}, and the model "
                f"'{shown(model)}' reads none that is more than {longest} times as long as it is "
                "wide; crop it."
            )
