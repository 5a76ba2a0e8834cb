"""Guidance: a request's goes in; what a family of models does not read is refused."""

from imagine.stages.errors import UsageError, shown
from imagine.stages.generate.local.families import ModelFamily
from imagine.stages.image import ImageRequest


def check_guidance(model: str, family: ModelFamily, request: ImageRequest) -> None:
    """Refuse more guidance than models of a family were distilled for.

    Args:
        model: its name, for the message.

    Raises:
        UsageError: the request's is more than the family reads.
    """
    most, guidance = family.max_guidance, request.guidance_scale
    if most is not None and guidance is not None and guidance > most:
        reads = f"0 to {most:g}" if most else "0 alone"
        raise UsageError(
            f"--guidance {guidance:g} is out of range: {shown(model)} ({family.title}) reads "
            f"{reads}; leave it out."
        )
