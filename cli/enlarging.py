"""Enlarging drawn pictures for a command: shown, paid for; what cannot be is saved as drawn."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from imagine.cli.console import Console

if TYPE_CHECKING:
    from imagine.cli.purse import Purse
    from imagine.stages.enlargement import Enlargement
    from imagine.stages.image import ImageRequest
    from imagine.stages.pipeline import Charge, Made, Picture, Work
    from imagine.stages.plan import Plan


def enlarged_by(purse: "Purse") -> "Charge":
    """What `imagine.stages.pipeline.enlarged` asks to do the work of a step."""

    def charge(step: "Enlargement", work: "Work") -> "tuple[Made, float | None]":
        with purse.enlarging(step.upscaler, step.result) as paid:
            result, pixels = work()
            return (result, pixels), paid(result)

    return charge


def enlarged_picture(
    picture: "Picture",
    plan: "Plan",
    request: "ImageRequest",
    console: Console,
    purse: "Purse",
    *,
    told: str = "",
) -> "Picture":
    """A drawn picture after what the plan has in store for it, with a bar meanwhile.

    Args:
        told: which of several it is, for the bar: " 2/4".

    Raises:
        ImagineError: it could not be done.
    """
    if not plan.enlargements:
        return picture
    from imagine.stages.pipeline import enlarged

    with console.progress(f"3/4 Upscaling{told}") as bar:
        return enlarged(picture, plan, request, on_progress=bar, charge=enlarged_by(purse))


def tell_of_upscalers(plan: "Plan", console: Console) -> None:
    """Say once who enlarges, and why."""
    from imagine.stages.enlargement import titled

    for step in plan.enlargements:
        reason = f" ({step.why})" if step.why else ""
        console.note_once(f"Upscaler {titled(step.upscaler)}{reason}.")


def check_networks(plan: "Plan") -> None:
    """Refuse paid pictures that could not be enlarged here, before the first is asked for.

    Raises:
        LocalBackendError: what runs networks is installed, and cannot be imported.
    """
    from imagine.cli.upscalers import NETWORKS

    if plan.backend.capabilities.paid and any(
        step.upscaler.name in NETWORKS for step in plan.enlargements
    ):
        from imagine.stages.upscale.ncnn_network import imported

        imported()


def finishing_command(plan: "Plan", path: Path) -> str:
    """The command line that does to a picture that was saved as drawn what was to be done."""
    (step, *_), (width, height) = plan.enlargements, plan.size
    # Of several steps, as a replayed picture may have, one does as well.
    size = step.size_option if len(plan.enlargements) == 1 else f"--to {width}x{height}"
    return f"imagine upscale {shlex.quote(str(path))} {size} {step.other_options}"
