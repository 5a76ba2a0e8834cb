"""Steps: how many are wanted and how far a picture is left go in, how many are asked for out."""

from math import ceil

from imagine.stages.errors import UsageError
from imagine.stages.image import ImageRequest


def steps_for(
    request: ImageRequest, steps: int, strength: float | None, *, flag: str = "--strength"
) -> int:
    """How many steps a pipeline is asked for: of those it takes the share that `strength` says.

    Args:
        request: where the user named steps, for the message.
        steps: that are asked for.
        strength: of the pass; None for one that starts from nothing.
        flag: which option says the strength, for the message.

    Raises:
        UsageError: the user's steps and strength leave none. The model's own are raised instead.
    """
    if strength is None or int(steps * strength) >= 1:
        return steps
    if strength <= 0:
        raise UsageError(f"A strength of 0 leaves the picture as it is; choose a {flag} above 0.")
    enough = ceil(1 / strength)
    # Of 1 / strength steps, rounding may leave a hair less than one.
    enough += int(enough * strength) < 1
    if request.num_inference_steps is not None:
        raise UsageError(
            f"At a strength of {strength:g}, {steps} step{'s leave' if steps > 1 else ' leaves'} "
            f"none to draw; choose --steps {enough} or more."
        )
    return enough
